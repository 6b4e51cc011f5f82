//! What lingers does not become the scene where anybody can tell.

use super::tests::{Picture, SIZE};
use super::*;
use crate::config::SceneSettings;
use crate::geometry::BoxPx;
use crate::video::plan::{Detection, Target};

const COAT: [f32; 3] = [25.0, 128.0, 128.0];

/// Samples of a clip in which `lingerer` stands in all frames; detected in most, in none, or not there.
fn clip(room: &Picture, light: f32, lingerer: Option<BoxPx>, detected: usize) -> Vec<Sample> {
    (0..9)
        .map(|i| {
            let mut picture = room.clone();
            let mut seen = Vec::new();
            if let Some(area) = lingerer.filter(|_| i < 6 || detected == 0) {
                picture.paint(&area, COAT);
                if i < detected {
                    seen.push(Detection { target: Target::Person, area, score: 0.5, weak: false });
                }
            }
            let passer = BoxPx::new(50.0 * i as f32, 200.0, 50.0 * i as f32 + 20.0, 260.0);
            picture.paint(&passer, [180.0, 110.0, 140.0]);
            Sample::of(&picture.lit(light, 0.0, 1.0, i as u64).frame(), &seen).expect("an undamaged frame")
        })
        .collect()
}

/// Mean difference of luma between a still and the room within an area.
fn apart(still: &Still, room: &Picture, area: &BoxPx) -> f32 {
    let small = |picture: &SmallPicture| picture.planes[0].clone();
    let (a, b) =
        (small(&SmallPicture::of(&still.frame(), 512)), small(&SmallPicture::of(&room.frame(), 512)));
    let (mut sum, mut n) = (0.0, 0.0);
    for y in area.y0 as usize..area.y1 as usize {
        for x in area.x0 as usize..area.x1 as usize {
            sum += (a[y * 512 + x] - b[y * 512 + x]).abs();
            n += 1.0;
        }
    }
    sum / n
}

const PLACE: BoxPx = BoxPx::new(300.0, 60.0, 330.0, 130.0);

#[test]
fn the_median_leaves_out_what_detections_cover() {
    let room = Picture::room(SIZE, 21);
    let still = |samples: &[Sample]| {
        let segment = Segment::of(samples).expect("samples");
        learn(&[segment], &SceneSettings::default()).expect("a clip").stills.remove(0)
    };
    let learnt = still(&clip(&room, 1.0, Some(PLACE), 6));
    assert!(apart(&learnt, &room, &PLACE) < 2.0);
    assert!(apart(&learnt, &room, &BoxPx::new(0.0, 0.0, 512.0, 288.0)) < 2.0);
    // Undetected, he is in most of the samples.
    assert!(apart(&still(&clip(&room, 1.0, Some(PLACE), 0)), &room, &PLACE) > 20.0);
    assert!(Segment::of(&[]).is_none());
}

#[test]
fn who_stands_in_one_clip_only_is_not_the_scene() {
    let room = Picture::room(SIZE, 22);
    let segment = |light, who, detected| Segment::of(&clip(&room, light, who, detected)).expect("samples");
    let segments = [
        segment(1.0, Some(PLACE), 0),
        segment(0.8, None, 0),
        segment(1.0, None, 0),
        segment(0.9, Some(BoxPx::new(100.0, 60.0, 130.0, 130.0)), 0),
        segment(0.7, None, 0),
        segment(0.9, None, 0),
    ];
    let settings = SceneSettings::default();
    let learnt = learn(&segments, &settings).expect("clips of one size");
    // All are one room in different light: one still explains them.
    assert_eq!(learnt.stills.len(), 1);
    let light = [1.0, 0.8, 1.0, 0.9, 0.7, 0.9][learnt.stills[0].segment];
    let expected = room.clone().lit(light, 0.0, 0.0, 0);
    assert!(apart(&learnt.stills[0], &expected, &PLACE) < 3.0);
    assert!(apart(&learnt.stills[0], &expected, &BoxPx::new(100.0, 60.0, 130.0, 130.0)) < 3.0);
    assert!(learnt.spread.values.iter().all(|v| *v < 1.0));
    // And he is found by it.
    let scene =
        Scene::new(vec![learnt.stills[0].reference("a".into(), true, None)], &[], &[], settings.clone());
    let mut witness = Witness::new(SIZE, settings);
    witness.push(0, scene.compare(&SmallPicture::of(&room.with(&PLACE, COAT).frame(), 256)));
    let seen = witness.look(0).expect("a compared frame");
    assert!(seen.share_in(&PLACE) > 0.6 && seen.boxes.len() == 1, "{:?}", seen.boxes);
}

#[test]
fn a_still_for_each_light() {
    let day = Picture::room(SIZE, 23);
    let night = day.clone().with(&BoxPx::new(40.0, 40.0, 240.0, 200.0), [190.0, 118.0, 140.0]);
    let segments: Vec<Segment> = [&day, &night, &day, &night, &day, &night]
        .iter()
        .map(|room| Segment::of(&clip(room, 1.0, None, 0)).expect("samples"))
        .collect();
    let learnt = learn(&segments, &SceneSettings::default()).expect("clips of one size");
    let kinds: Vec<bool> = learnt.stills.iter().map(|still| still.segment.is_multiple_of(2)).collect();
    assert!(kinds == [true, false] || kinds == [false, true], "{kinds:?}");
}

#[test]
fn clips_of_two_sizes_are_refused() {
    let small = crate::geometry::FrameSize { width: 256, height: 144 };
    let segment = |size| {
        let frame = Picture::room(size, 1).frame();
        Segment::of(&[Sample::of(&frame, &[]).expect("undamaged")]).expect("a sample")
    };
    let settings = SceneSettings::default();
    assert!(matches!(learn(&[segment(SIZE), segment(small)], &settings), Err(LearnError::Sizes { .. })));
    assert!(matches!(learn(&[], &settings), Err(LearnError::NoSegments)));
    // A single clip is learned as it is.
    let learnt = learn(&[segment(SIZE)], &settings).expect("one clip");
    assert_eq!(learnt.stills.len(), 1);
    assert!(learnt.spread.values.iter().all(|v| *v == 0.0), "nothing stirs in one picture");
}
