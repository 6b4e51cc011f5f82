//! Everybody is in the list, with what staff need to choose.

use super::*;
use crate::config::TrackSettings;
use crate::geometry::FrameSize;
use crate::video::analysis::Recorder;
use crate::video::plan::{CoverReason, Detection};
use crate::video::scene::SceneKind;
use crate::video::track::Tracker;
use proptest::prelude::*;

const SIZE: FrameSize = FrameSize { width: 1280, height: 720 };
const FRAME_NS: u64 = 100_000_000;

fn seen(target: Target, x: f32, score: f32) -> Detection {
    Detection { target, area: BoxPx::new(x, 200.0, x + 60.0, 400.0), score, weak: false }
}

/// What a first pass notes of these frames; frames in `covered` are, tracks in `furniture` are cleared.
fn analysed(frames: &[Vec<Detection>], covered: &[usize], furniture: &[u32]) -> Analysis {
    let settings = TrackSettings::default();
    let mut tracker = Tracker::new(settings.clone());
    let mut recorder = Recorder::default();
    let at = |i: usize| i as u64 * FRAME_NS;
    for (i, detections) in frames.iter().enumerate() {
        tracker.push(at(i), SIZE, detections, &|_| false);
    }
    for (i, detections) in frames.iter().enumerate() {
        let (cleared, tracked) = tracker.at(at(i)).into_iter().partition(|b| furniture.contains(&b.track));
        let observed = Observations { tracked, cleared, ..Observations::untracked(SIZE, detections.clone()) };
        let observed = if covered.contains(&i) { Err(CoverReason::TooDark) } else { Ok(observed) };
        recorder.frame(at(i), SIZE, &observed);
    }
    let tracks = tracker.into_tracks();
    recorder
        .finish(
            "ab".repeat(32),
            Some(SceneKind::Approved),
            tracks,
            std::collections::BTreeMap::new(),
            settings,
        )
        .expect("there are frames")
}

/// Somebody stands on the left, somebody walks past, a chair stands on the right, one flicker.
fn passage(furniture: &[u32]) -> WhoIsThere {
    let frames: Vec<Vec<Detection>> = (0..40)
        .map(|i| {
            let mut all = vec![seen(Target::Person, 300.0, 0.9), seen(Target::Person, 20.0 * i as f32, 0.9)];
            all.push(seen(Target::Person, 1100.0, 0.9));
            if i == 30 {
                all.push(seen(Target::Person, 900.0, 0.21));
            }
            all
        })
        .collect();
    who_is_there(&analysed(&frames, &[], furniture))
}

#[test]
fn everybody_is_listed_and_only_furniture_is_not() {
    let who = passage(&[3]);
    let tracks: Vec<(u32, bool)> = who.persons.iter().map(|p| (p.track, p.certainty.sure)).collect();
    assert_eq!(tracks, [(2, true), (1, true), (4, false)], "who walks first, the unsure last, the chair not");
    assert_eq!((who.furniture, who.faces_alone), (1, 0));
    assert_eq!(passage(&[]).persons.len(), 4, "nothing is cleared without a reference");
}

#[test]
fn an_entry_says_when_how_large_and_how_certain() {
    let who = passage(&[3]);
    let walker = &who.persons[0];
    assert_eq!((walker.from_ns, walker.to_ns, walker.frames_seen), (0, 39 * FRAME_NS, 40));
    assert_eq!(walker.size_px, [60.0, 200.0]);
    assert!((walker.certainty.score_mean - 0.9).abs() < 1e-4 && walker.certainty.score_max == 0.9);
    assert_eq!((who.persons[1].crossings, walker.crossings), (1, 1), "they passed each other once");
    assert_eq!((walker.moved, who.persons[1].moved), (true, false));
    assert_eq!(who.persons[2].crossings, 0);
}

#[test]
fn crops_are_spread_over_a_life_and_keep_clear_of_others() {
    let who = passage(&[3]);
    let walker = &who.persons[0];
    assert_eq!(walker.shots.len(), 4, "one a second");
    let times: Vec<Vec<u64>> =
        walker.shots.iter().map(|shot| shot.moments.iter().map(|m| m.at_ns).collect()).collect();
    for (quarter, times) in times.iter().enumerate() {
        let own = quarter as u64 * 10 * FRAME_NS..(quarter as u64 + 1) * 10 * FRAME_NS;
        assert!(!times.is_empty() && times.iter().all(|time| own.contains(time)), "{quarter}: {times:?}");
    }
    // They are at the same place in frame 15.
    assert!(!times[1].contains(&(15 * FRAME_NS)), "{times:?}");
    assert_eq!(who.persons[2].shots.len(), 1, "a flicker has one moment");
}

#[test]
fn somebody_in_covered_frames_alone_is_listed_without_a_picture() {
    let frames: Vec<_> = (0..6).map(|_| vec![seen(Target::Person, 300.0, 0.9)]).collect();
    let who = who_is_there(&analysed(&frames, &[0, 1, 2, 3, 4, 5], &[]));
    assert_eq!((who.persons.len(), who.persons[0].shots.len(), who.furniture), (1, 0, 0));
}

#[test]
fn faces_of_nobody_are_counted() {
    let frames: Vec<_> = (0..10)
        .map(|_| {
            vec![
                seen(Target::Person, 300.0, 0.9),
                seen(Target::Face, 300.0, 0.9),
                seen(Target::Face, 800.0, 0.9),
            ]
        })
        .collect();
    let who = who_is_there(&analysed(&frames, &[], &[]));
    assert_eq!((who.persons.len(), who.faces_alone), (1, 1));
}

proptest! {
    #[test]
    fn shots_are_few_in_order_and_of_moments_that_are(
        steps in proptest::collection::vec((1u64..3_000_000_000, 0.1f32..10.0), 0..80), most in 1usize..5,
    ) {
        let mut at_ns = 0;
        let moments: Vec<Moment> = steps.iter().map(|&(step, weight)| {
            at_ns += step;
            Moment { at_ns, area: BoxPx::new(0.0, 0.0, 10.0, 10.0), weight }
        }).collect();
        let shots = shots(moments.clone(), most);
        prop_assert_eq!(shots.is_empty(), moments.is_empty());
        prop_assert!(shots.len() <= most);
        let taken: Vec<Moment> = shots.iter().flat_map(|shot| shot.moments.clone()).collect();
        prop_assert!(taken.is_sorted_by(|a, b| a.at_ns < b.at_ns), "each moment in one shot, in order");
        prop_assert!(taken.iter().all(|moment| moments.contains(moment)));
        prop_assert!(shots.iter().all(|shot| (1..=MOST_MOMENTS).contains(&shot.moments.len())));
        for shot in &shots {
            let (first, last) = (shot.moments[0].at_ns, shot.moments[shot.moments.len() - 1].at_ns);
            let own = moments.iter().filter(|m| (first..=last).contains(&m.at_ns));
            let best = own.map(|m| m.weight).fold(0.0, f32::max);
            prop_assert!(shot.moments.len() > 1 || shot.moments[0].weight >= best);
        }
    }
}
