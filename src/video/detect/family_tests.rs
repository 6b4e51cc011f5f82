//! Every family on outputs that encode known boxes: `tests/data/tensors/`, written by `models/tensors.py`.

use super::*;
use crate::video::detect::Classes;
use proptest::prelude::*;
use serde::Deserialize;

const FAMILIES: [Family; 5] =
    [Family::Nanodet, Family::Centerface, Family::Yolox, Family::Rtmdet, Family::Yunet];

#[derive(Deserialize)]
struct Fixture {
    family: Family,
    input: [u32; 2],
    threshold: f32,
    classes: Classes,
    outputs: Vec<Output>,
    boxes: Vec<(String, f32, f32, f32, f32, f32)>,
}

#[derive(Deserialize)]
struct Output {
    shape: Vec<i64>,
    fill: f32,
    set: Vec<(usize, f32)>,
}

/// One family's outputs, whole.
#[derive(Clone)]
struct Case {
    family: Family,
    input: FrameSize,
    wanted: Wanted,
    shapes: Vec<Vec<i64>>,
    data: Vec<Vec<f32>>,
    expect: Vec<Candidate>,
}

fn case(family: Family) -> Case {
    let path = format!("{}/tests/data/tensors/{}.json", env!("CARGO_MANIFEST_DIR"), family.word());
    let text = std::fs::read_to_string(&path).expect("models/tensors.py has written it");
    let fixture: Fixture = serde_json::from_str(&text).expect("its own form");
    assert_eq!(fixture.family, family);
    let task = if fixture.classes == Classes::Coco { Target::Person } else { Target::Face };
    let data = fixture.outputs.iter().map(|output| {
        let mut data = vec![output.fill; output.shape.iter().product::<i64>() as usize];
        output.set.iter().for_each(|(at, value)| data[*at] = *value);
        data
    });
    let data = data.collect();
    let target = |word: &str| match word {
        "person" => Target::Person,
        "face" => Target::Face,
        "vehicle" => Target::Vehicle,
        "screen" => Target::Screen,
        other => panic!("{other}?"),
    };
    Case {
        family,
        input: FrameSize { width: fixture.input[0], height: fixture.input[1] },
        wanted: Wanted::new(fixture.classes, task, |_| true, fixture.threshold),
        shapes: fixture.outputs.into_iter().map(|output| output.shape).collect(),
        data,
        expect: fixture
            .boxes
            .iter()
            .map(|(word, x0, y0, x1, y1, score)| Candidate {
                target: target(word),
                area: InputBox { x0: *x0, y0: *y0, x1: *x1, y1: *y1 },
                score: *score,
            })
            .collect(),
    }
}

impl Case {
    fn decode(&self) -> Result<Vec<Candidate>, DecodeFault> {
        let tensors: Vec<Tensor<'_>> =
            self.shapes.iter().zip(&self.data).map(|(shape, data)| Tensor { shape, data }).collect();
        decode(self.family, &tensors, self.input, &self.wanted)
    }

    /// Where the scores stand that decide about a wanted class: output and position.
    fn scores(&self) -> Vec<(usize, usize)> {
        let columns: Vec<usize> = match self.family {
            Family::Nanodet => self.wanted.classes.iter().map(|c| c.0).collect(),
            Family::Yolox => [4].into_iter().chain(self.wanted.classes.iter().map(|c| 5 + c.0)).collect(),
            Family::Rtmdet => vec![4],
            Family::Centerface | Family::Yunet => vec![0],
        };
        let holds_scores = |shape: &[i64]| match self.family {
            Family::Nanodet => shape[2] == 80,
            Family::Yolox => true,
            Family::Rtmdet => shape.len() == 3,
            Family::Yunet => shape[2] == 1,
            Family::Centerface => shape[1] == 1,
        };
        let mut at = Vec::new();
        for (output, shape) in self.shapes.iter().enumerate().filter(|(_, shape)| holds_scores(shape)) {
            let row = if self.family == Family::Centerface { 1 } else { shape[2] as usize };
            for start in (0..self.data[output].len()).step_by(row) {
                at.extend(columns.iter().map(|column| (output, start + column)));
            }
        }
        at
    }
}

fn check(found: &[Candidate], expect: &[Candidate], what: &str) {
    assert_eq!(found.len(), expect.len(), "{what}: {found:?}");
    for want in expect {
        let near = |a: f32, b: f32| (a - b).abs() < 0.01;
        let same = |got: &&Candidate| {
            got.target == want.target
                && near(got.score, want.score)
                && near(got.area.x0, want.area.x0)
                && near(got.area.y0, want.area.y0)
                && near(got.area.x1, want.area.x1)
                && near(got.area.y1, want.area.y1)
        };
        assert_eq!(found.iter().filter(same).count(), 1, "{what}: {want:?} in {found:?}");
    }
}

#[test]
fn known_boxes_are_found_in_every_family() {
    for family in FAMILIES {
        let case = case(family);
        assert!(case.expect.len() > 1);
        let found = case.decode().expect("it can be read");
        check(&found, &case.expect, family.word());
        assert!(found.iter().all(|c| c.is_sane(case.input)));
    }
}

#[test]
fn the_order_of_outputs_does_not_matter_where_shapes_tell_them_apart() {
    for family in FAMILIES.into_iter().filter(|f| *f != Family::Centerface) {
        let mut case = case(family);
        case.shapes.reverse();
        case.data.reverse();
        check(&case.decode().expect("it can be read"), &case.expect, family.word());
    }
}

#[test]
fn only_what_is_wanted_is_read() {
    for family in [Family::Nanodet, Family::Yolox, Family::Rtmdet] {
        let mut case = case(family);
        case.wanted.classes.retain(|(_, target)| *target == Target::Person);
        let persons: Vec<Candidate> =
            case.expect.iter().copied().filter(|c| c.target == Target::Person).collect();
        assert!(!persons.is_empty() && persons.len() < case.expect.len());
        check(&case.decode().expect("it can be read"), &persons, family.word());
    }
}

#[test]
fn a_score_that_is_not_a_number_is_an_error_wherever_it_stands() {
    for family in FAMILIES {
        let case = case(family);
        let scores = case.scores();
        assert!(scores.len() >= case.expect.len());
        // Every one of a small output, some of a large one, the last one in any case.
        let step = scores.len().div_ceil(150);
        for (output, at) in scores.iter().rev().step_by(step) {
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let mut case = case.clone();
                case.data[*output][*at] = bad;
                assert_eq!(case.decode(), Err(DecodeFault::NotFinite), "{family:?} {output} {at}");
            }
        }
    }
}

#[test]
fn a_box_that_is_not_a_number_is_an_error() {
    for family in FAMILIES {
        let case = case(family);
        let mut refused = 0;
        for output in 0..case.data.len() {
            let used = (0..case.data[output].len()).filter(|at| case.data[output][*at] != 0.0);
            for at in used {
                let mut case = case.clone();
                case.data[output][at] = f32::NAN;
                match case.decode() {
                    // A row below the threshold, or a class that nobody asked for.
                    Ok(found) => check(&found, &case.expect, family.word()),
                    Err(DecodeFault::NotFinite) => refused += 1,
                    Err(other) => panic!("{family:?}: {other:?}"),
                }
            }
        }
        assert!(refused >= 4 * case.expect.len(), "{family:?}: {refused}");
    }
}

#[test]
fn another_shape_is_an_error_not_an_empty_answer() {
    for family in FAMILIES {
        for output in 0..case(family).shapes.len() {
            let mut case = case(family);
            // Landmarks are not used, by anybody.
            if case.shapes[output].contains(&10) {
                continue;
            }
            let last = case.shapes[output].len() - 1;
            case.shapes[output][last] += 1;
            let lost = case.decode();
            assert!(matches!(lost, Err(DecodeFault::Shape { .. })), "{family:?} {output}: {lost:?}");
        }
        // RTMDet's boxes are in pixels; all others depend on the input's size.
        if family != Family::Rtmdet {
            let other = Case { input: FrameSize { width: 64, height: 64 }, ..case(family) };
            assert!(matches!(other.decode(), Err(DecodeFault::Shape { .. })), "{family:?}");
        }
        let none = Case { shapes: Vec::new(), data: Vec::new(), ..case(family) };
        assert!(matches!(none.decode(), Err(DecodeFault::Shape { .. })), "{family:?}");
    }
}

#[test]
fn a_list_that_is_full_to_the_last_row_is_an_error() {
    let list = |rows: usize, counting: usize| {
        let data =
            (0..rows).flat_map(|i| [1.0, 1.0, 9.0, 9.0, if i < counting { 0.3 } else { 0.1 }]).collect();
        let case = Case {
            shapes: vec![vec![1, rows as i64, 5]],
            data: vec![data],
            wanted: Wanted::single(Target::Person, 0.2),
            ..case(Family::Rtmdet)
        };
        case.decode().map(|found| found.len())
    };
    assert_eq!(list(0, 0), Ok(0));
    assert_eq!(list(3, 3), Ok(3), "an export that gives as many rows as it has boxes");
    assert_eq!(list(100, 99), Ok(99));
    assert_eq!(list(100, 100), Err(DecodeFault::Full { rows: 100 }));
    assert_eq!(list(300, 300), Err(DecodeFault::Full { rows: 300 }));
}

#[test]
fn a_class_that_cannot_be_is_an_error() {
    for label in [80.0, -1.0] {
        let mut case = case(Family::Rtmdet);
        case.data[1][0] = label;
        assert_eq!(case.decode(), Err(DecodeFault::Class { class: label, classes: 80 }));
    }
    // What the labels say of the rows below the threshold does not matter.
    let mut case = case(Family::Rtmdet);
    *case.data[1].last_mut().expect("rows") = -1.0;
    check(&case.decode().expect("it can be read"), &case.expect, "rtmdet");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_numbers_end_in_boxes_or_an_error(
        which in 0usize..5, seed in prop::collection::vec(-1e30f32..1e30, 1..200),
    ) {
        let mut case = case(FAMILIES[which]);
        let mut values = seed.iter().copied().cycle();
        for tensor in &mut case.data {
            tensor.fill_with(|| values.next().expect("it is endless"));
        }
        match case.decode() {
            Ok(found) => for c in found {
                prop_assert!(c.score >= case.wanted.threshold);
                let InputBox { x0, y0, x1, y1 } = c.area;
                prop_assert!([x0, y0, x1, y1].iter().all(|v| v.is_finite()));
            },
            Err(fault) => {
                let told = matches!(fault, DecodeFault::NotFinite | DecodeFault::Class { .. });
                prop_assert!(told, "{fault:?}");
            }
        }
    }

    #[test]
    fn moderate_numbers_never_fail(which in 0usize..5, seed in prop::collection::vec(0.0f32..1.0, 1..200)) {
        let mut case = case(FAMILIES[which]);
        let mut values = seed.iter().copied().cycle();
        for tensor in &mut case.data {
            tensor.fill_with(|| values.next().expect("it is endless"));
        }
        let found = case.decode();
        prop_assert!(found.is_ok(), "{found:?}");
    }
}
