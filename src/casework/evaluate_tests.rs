//! The definitions of `scripts/score.py`, by hand and by a slower way.

use super::*;
use crate::geometry::UnitPoint;
use proptest::prelude::*;
use std::path::Path;

const SIZE: FrameSize = FrameSize { width: 100, height: 100 };

fn truth(rows: &str) -> Truth {
    Truth::parse(Path::new("gt.txt"), rows).expect("sound rows")
}

fn hidden(rects: &[[u32; 4]]) -> PixelSet {
    let mut set = PixelSet::none(SIZE);
    rects.iter().for_each(|&[x0, y0, x1, y1]| set.insert(PxRect { x0, y0, x1, y1 }));
    set
}

fn figures(rows: &str, frames: &[PixelSet]) -> Figures {
    let truth = truth(rows);
    let mut scorer = Scorer::new(&truth, None);
    for frame in frames {
        scorer.frame(frame);
    }
    scorer.finish()
}

#[test]
fn edges_round_as_python_does() {
    let person = Person { identity: 1, left: 0.5, top: 1.5, width: 2.0, height: -9.0 };
    let whole = part(&person, [0.0, 0.0, 1.0, 1.0]);
    assert_eq!([whole.x0, whole.y0, whole.x1, whole.y1], [0, 2, 2, 0]);
}

/// Somebody of 20 by 50 pixels at 40,20: the head is 44..56 by 20..30, the body 43..57 by 20..70.
const UPRIGHT: &str = "1,1,40,20,20,50,1,1,1\n";

#[test]
fn a_head_is_exposed_below_ninety_per_cent_and_a_body_below_eighty() {
    let verdict = |rects: &[[u32; 4]]| {
        let person = truth(UPRIGHT).of(1)[0];
        Verdict::of(&hidden(rects), &person).expect("large enough")
    };
    let head = verdict(&[[44, 20, 56, 29]]);
    assert_eq!((head.head_hidden, head.head_exposed(), head.body_exposed()), (0.9, false, true));
    let chin = verdict(&[[44, 20, 56, 28], [0, 28, 55, 29], [0, 30, 100, 100]]);
    assert_eq!((chin.head_hidden, chin.head_exposed()), (107.0 / 120.0, true));
    let body = verdict(&[[43, 30, 57, 70]]);
    assert_eq!((body.head_hidden, body.body_hidden, body.body_exposed()), (0.0, 0.8, false));
    assert!(verdict(&[[43, 31, 57, 70]]).body_exposed());
}

#[test]
fn somebody_lying_has_a_head_at_either_end() {
    let lying = "1,1,10,40,60,20,1,1,1\n";
    let exposed = |rects: &[[u32; 4]]| figures(lying, &[hidden(rects)]).heads;
    assert_eq!(exposed(&[[10, 40, 70, 60]]), 0);
    assert_eq!(exposed(&[[22, 40, 70, 60]]), 1, "the left end shows");
    assert_eq!(exposed(&[[10, 40, 58, 60]]), 1, "the right end shows");
    // At 1.2 times as wide as tall it is still somebody upright.
    assert_eq!(figures("1,1,10,40,24,20,1,1,1\n", &[hidden(&[[0, 40, 100, 44]])]).heads, 0);
}

#[test]
fn who_is_too_small_or_outside_is_left_out() {
    for row in ["1,1,5,5,3,3,1,1,1\n", "1,1,-30,5,20,60,1,1,1\n", "1,1,200,5,20,60,1,1,1\n"] {
        assert_eq!(figures(row, &[hidden(&[])]).person_frames, 0, "{row}");
    }
    // A head above the picture's edge cannot be seen, the body can.
    let above = figures("1,1,40,-30,20,100,1,1,1\n", &[hidden(&[])]);
    assert_eq!((above.person_frames, above.heads, above.bodies), (1, 0, 1));
}

#[test]
fn runs_are_of_consecutive_frames() {
    let rows: String = [1, 2, 3, 5, 6, 7].map(|n| format!("{n},1,40,20,20,50,1,1,1\n")).concat();
    let rows = rows + "7,2,0,0,20,50,1,1,1\n";
    let (bare, covered) = (hidden(&[]), PixelSet::all(SIZE));
    let frames = [&bare, &bare, &bare, &bare, &bare, &covered, &bare].map(Clone::clone);
    let found = figures(&rows, &frames);
    assert_eq!((found.person_frames, found.heads, found.longest_run), (7, 6, 3));
    assert_eq!((found.identities, found.identities_exposed), (2, 2));
    assert_eq!(found.by_identity[0].exposed, [[1, 3], [5, 5], [7, 7]]);
    assert_eq!((found.by_identity[0].longest_run, found.by_identity[1].longest_run), (3, 1));
}

#[test]
fn frames_that_the_clip_lacks_count_as_exposed() {
    let rows: String = [1, 3, 9].map(|n| format!("{n},1,40,20,20,50,1,1,1\n")).concat();
    let found = figures(&rows, &[PixelSet::all(SIZE), PixelSet::all(SIZE)]);
    assert_eq!((found.frames, found.frames_missing, found.heads, found.bodies), (2, 2, 2, 2));
    assert_eq!((found.longest_run, found.mean_coverage), (7, 1.0 / 3.0));
}

#[test]
fn what_is_hidden_beside_people_and_zones_is_too_much() {
    // Grown by a quarter the box is 35..65 by 8..82 (7.5 and 82.5 go to the even ones).
    let found = figures(UPRIGHT, &[hidden(&[[35, 8, 65, 82]]), PixelSet::none(SIZE)]);
    assert_eq!(found.overmask, 0.0);
    let found = figures(UPRIGHT, &[hidden(&[[34, 7, 65, 82]]), PixelSet::none(SIZE)]);
    assert_eq!(found.overmask, (31.0 + 74.0) / 10_000.0 / 2.0);
}

proptest! {
    /// The centre of each pixel, asked one by one as `scripts/score.py` does.
    #[test]
    fn zones_are_the_pixels_whose_centre_lies_in_them(
        corners in proptest::collection::vec((0.0..=1.0f64, 0.0..=1.0f64), 3..7),
        width in 1u32..40, height in 1u32..40,
    ) {
        let points = corners.iter().map(|&(x, y)| UnitPoint { x, y }).collect();
        let Ok(polygon) = UnitPolygon::new(points) else { return Ok(()) };
        let mut pixels = PixelSet::none(FrameSize { width, height });
        insert_centres(&mut pixels, &polygon);
        for (row, column) in (0..height).flat_map(|row| (0..width).map(move |column| (row, column))) {
            let (x, y) = (f64::from(column) + 0.5, f64::from(row) + 0.5);
            let (w, h) = (f64::from(width), f64::from(height));
            let mut inside = false;
            for (i, a) in corners.iter().enumerate() {
                let b = corners[(i + 1) % corners.len()];
                let ((ax, ay), (bx, by)) = ((a.0 * w, a.1 * h), (b.0 * w, b.1 * h));
                inside ^= (ay > y) != (by > y) && x < ax + (bx - ax) * (y - ay) / (by - ay);
            }
            let here = PxRect { x0: column, y0: row, x1: column + 1, y1: row + 1 };
            prop_assert_eq!(pixels.count_in(here) == 1, inside, "{},{}", column, row);
        }
    }
}
