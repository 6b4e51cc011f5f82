//! Tracks of made-up walks.

use super::*;
use crate::geometry::BoxPx;
use proptest::prelude::*;

const SIZE: FrameSize = FrameSize { width: 1400, height: 400 };
const FRAME_NS: u64 = 40_000_000;

fn seen(x: f32, score: f32) -> Detection {
    Detection {
        target: Target::Person,
        area: BoxPx::new(x, 100.0, x + 40.0, 200.0),
        score,
        weak: score < 0.2,
    }
}

fn holds(outer: &BoxPx, inner: &BoxPx) -> bool {
    outer.x0 <= inner.x0 && outer.y0 <= inner.y0 && outer.x1 >= inner.x1 && outer.y1 >= inner.y1
}

/// Pushes one list of detections a frame.
fn tracked(frames: &[Vec<Detection>]) -> Tracker {
    let mut tracker = Tracker::new(TrackSettings::default());
    for (i, found) in frames.iter().enumerate() {
        tracker.push(i as u64 * FRAME_NS, SIZE, found, &|_| false);
    }
    tracker
}

fn hidden(tracker: &Tracker, frame: usize, area: &BoxPx) -> bool {
    tracker.at(frame as u64 * FRAME_NS).iter().any(|b| holds(&b.area, area))
}

#[test]
fn a_walk_with_gaps_is_one_track_that_hides_all_of_it() {
    let walk = |i: usize| seen(10.0 + 4.0 * i as f32, 0.6);
    // Lost for ten frames in the middle, and found late.
    let frames: Vec<_> =
        (0..80).map(|i| if (10..40).contains(&i) || i >= 50 { vec![walk(i)] } else { vec![] }).collect();
    let tracker = tracked(&frames);
    for i in 0..80 {
        assert!(hidden(&tracker, i, &walk(i).area), "frame {i}: {:?}", tracker.at(i as u64 * FRAME_NS));
    }
    let tracks = tracker.into_tracks();
    assert_eq!(tracks.len(), 1);
    assert_eq!(tracks[0].sightings().len(), 60);
}

#[test]
fn a_lost_track_keeps_its_mask_for_the_stated_time() {
    let frames: Vec<_> = (0..60).map(|i| if i < 20 { vec![seen(50.0, 0.6)] } else { vec![] }).collect();
    let tracker = tracked(&frames);
    let hold_frames = (TrackSettings::default().hold_s / 0.04) as usize;
    assert!(hidden(&tracker, 19 + hold_frames, &seen(50.0, 0.6).area));
    assert!(!hidden(&tracker, 19 + hold_frames + 5, &seen(50.0, 0.6).area));
}

#[test]
fn a_single_flicker_is_hidden_but_not_for_long() {
    let frames: Vec<_> = (0..60).map(|i| if i == 30 { vec![seen(50.0, 0.25)] } else { vec![] }).collect();
    let tracker = tracked(&frames);
    assert!(hidden(&tracker, 30, &seen(50.0, 0.2).area));
    assert!(tracker.at(20 * FRAME_NS).is_empty() && tracker.at(40 * FRAME_NS).is_empty());
}

#[test]
fn weak_detections_continue_tracks_and_begin_none() {
    let frames: Vec<_> =
        (0..60).map(|i| vec![seen(50.0 + i as f32, if i < 10 { 0.6 } else { 0.12 })]).collect();
    let tracker = tracked(&frames);
    assert!(hidden(&tracker, 59, &seen(109.0, 0.1).area));
    let alone = tracked(&vec![vec![seen(50.0, 0.12)]; 30]);
    assert!(alone.into_tracks().is_empty());
}

#[test]
fn two_people_who_cross_stay_hidden() {
    let (one, two) = (|i: usize| seen(4.0 * i as f32, 0.6), |i: usize| seen(320.0 - 4.0 * i as f32, 0.6));
    let frames: Vec<_> = (0..80).map(|i| vec![one(i), two(i)]).collect();
    let tracker = tracked(&frames);
    for i in 0..80 {
        assert!(hidden(&tracker, i, &one(i).area) && hidden(&tracker, i, &two(i).area), "frame {i}");
    }
}

#[test]
fn what_is_over_is_forgotten() {
    let mut tracker = Tracker::new(TrackSettings::default());
    for i in 0..2000u64 {
        // Somebody new every second, elsewhere.
        let x = (i / 25 % 7) as f32 * 200.0;
        tracker.push(i * FRAME_NS, SIZE, &[seen(x, 0.6)], &|_| false);
        tracker.forget_before((i * FRAME_NS).saturating_sub(1_000_000_000));
    }
    assert!(tracker.live.len() + tracker.ended.len() < 12, "{} {}", tracker.live.len(), tracker.ended.len());
}

proptest! {
    #[test]
    fn no_detection_is_ever_dropped(
        frames in prop::collection::vec(
            prop::collection::vec((0.0f32..600.0, 0.0f32..300.0, 8.0f32..200.0, 8.0f32..200.0, 0.2f32..1.0, any::<bool>()), 0..5),
            1..40,
        ),
    ) {
        let frames: Vec<Vec<Detection>> = frames.into_iter().map(|found| {
            found.into_iter().map(|(x, y, w, h, score, face)| Detection {
                target: if face { Target::Face } else { Target::Person },
                area: BoxPx::new(x, y, x + w, y + h),
                score,
                weak: false,
            }).collect()
        }).collect();
        let tracker = tracked(&frames);
        for (i, found) in frames.iter().enumerate() {
            let boxes = tracker.at(i as u64 * FRAME_NS);
            for d in found {
                prop_assert!(boxes.iter().any(|b| b.target == d.target && holds(&b.area, &d.area)), "frame {i}: {d:?}");
            }
        }
        let sightings: usize = frames.iter().map(Vec::len).sum();
        prop_assert_eq!(tracker.into_tracks().iter().map(|t| t.sightings().len()).sum::<usize>(), sightings);
    }
}

#[test]
fn a_box_that_trembles_stands_still_and_one_that_walks_is_followed() {
    let settings = TrackSettings::default();
    let boxed = |x0: f32, x1: f32| TrackedBox {
        track: 1,
        target: Target::Person,
        area: BoxPx::new(x0, 100.0, x1, 200.0),
        core: BoxPx::new(x0, 100.0, x1, 200.0),
        score: 0.5,
        origin: Origin::Seen,
        moved: false,
        furniture: false,
    };
    let mut steady = super::super::Steady::default();
    let mut settled = |x0: f32, x1: f32| {
        let mut boxes = [boxed(x0, x1)];
        steady.settle(&mut boxes, &settings);
        assert!(holds(&boxes[0].area, &boxes[0].core), "never smaller than it came");
        boxes[0].area
    };
    settled(10.0, 50.0);
    let hull = settled(12.0, 52.0);
    assert_eq!((hull.x0, hull.x1), (10.0, 52.0));
    assert_eq!(settled(11.0, 51.0), hull);
    assert_eq!(settled(10.5, 50.5), hull);
    let gone = settled(30.0, 70.0);
    assert_eq!((gone.x0, gone.x1), (30.0, 70.0));
}

#[test]
fn a_chair_has_a_track_of_its_own_and_takes_nobodys() {
    let settings = TrackSettings::default();
    let chair = seen(300.0, 0.55);
    let is_chair = |d: &Detection| d.area == chair.area;
    let mut tracker = Tracker::new(settings.clone());
    // Somebody walks up to the chair and is lost in front of it; the chair is found in every frame.
    for i in 0..120u64 {
        let x = 100.0 + 4.0 * i as f32;
        let mut found = vec![chair];
        if x < 290.0 {
            found.push(seen(x, 0.6));
        }
        tracker.push(i * FRAME_NS, SIZE, &found, &is_chair);
    }
    let last_seen = (0..120u64).take_while(|i| 100.0 + 4.0 * (*i as f32) < 290.0).count() as u64 - 1;
    let mine = |i: u64| tracker.at(i * FRAME_NS).into_iter().filter(|b| !b.furniture).collect::<Vec<_>>();
    let held = (settings.hold_s / 0.04) as u64;
    assert!(!mine(last_seen + held - 1).is_empty(), "who stops before a chair is not lost at once");
    assert!(mine(119).is_empty(), "and does not become the chair: {:?}", mine(119));
    let chairs: Vec<_> = tracker.at(119 * FRAME_NS).into_iter().filter(|b| b.furniture).collect();
    assert!(chairs.len() == 1 && !chairs[0].moved, "{chairs:?}");
}
