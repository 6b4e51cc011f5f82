//! What is shown is the subject and nothing else, whatever everybody does.

use super::*;
use crate::casework::audit::tests::{place, reason, reveal};
use crate::casework::audit::{Act, AuditLog, Hash256};
use crate::config::{MaskSettings, Site, TrackSettings};
use crate::video::analysis::{Analysis, Recorder};
use crate::video::follow::Choice;
use crate::video::mask::{Masker, PixelSet};
use crate::video::plan::Detection;
use crate::video::track::Tracker;
use proptest::prelude::*;
use std::collections::BTreeMap;

const SIZE: FrameSize = FrameSize { width: 640, height: 360 };
const FRAME_NS: u64 = 40_000_000;
const FRAMES: usize = 50;

fn person(x: f32, y: f32) -> BoxPx {
    BoxPx::new(x, y, x + 40.0, y + 110.0)
}

fn found(target: Target, area: BoxPx, score: f32) -> Detection {
    Detection { target, area, score, weak: false }
}

fn analysed(frames: &[Vec<BoxPx>]) -> Analysis {
    let sure = |boxes: &Vec<BoxPx>| boxes.iter().map(|area| found(Target::Person, *area, 0.8)).collect();
    analysed_as(frames.iter().map(sure).collect())
}

fn analysed_as(frames: Vec<Vec<Detection>>) -> Analysis {
    let settings = TrackSettings::default();
    let mut tracker = Tracker::new(settings.clone());
    let mut recorder = Recorder::default();
    for (i, found) in frames.into_iter().enumerate() {
        let at_ns = i as u64 * FRAME_NS;
        tracker.push(at_ns, SIZE, &found, &|_| false);
        let seen = Observations { tracked: tracker.at(at_ns), ..Observations::untracked(SIZE, found) };
        recorder.frame(at_ns, SIZE, &Ok(seen));
    }
    recorder.finish("ab".repeat(32), None, tracker.into_tracks(), BTreeMap::new(), settings).expect("frames")
}

/// The subject walks along the top, others wherever they like.
fn passage(others: &[(f32, f32, f32, f32)]) -> Vec<Vec<BoxPx>> {
    let at = |i: usize| {
        let t = i as f32 / FRAMES as f32;
        let mut all = vec![person(20.0 + 500.0 * t, 40.0)];
        all.extend(others.iter().map(|(x0, y0, x1, y1)| person(x0 + (x1 - x0) * t, y0 + (y1 - y0) * t)));
        all
    };
    (0..FRAMES).map(at).collect()
}

fn discretion(analysis: &Analysis, mode: Mode) -> Option<Discretion> {
    let click = Choice::Click { at_ns: 0, x: 40.0, y: 90.0 };
    let settings = Site::default().follow;
    let following = Following::of(analysis, &[click], &settings).ok()?;
    let everyone = HideEveryone::new(None, MaskSettings::default(), None);
    let nobody = Discretion::new(everyone, analysis.source_sha256(), settings, mode);
    Some(nobody.with_subject(Arc::new(following)))
}

fn stamp(i: usize) -> Stamp {
    Stamp { index: i as u64, pts_ns: i as u64 * FRAME_NS, duration_ns: Some(FRAME_NS) }
}

fn hidden(plan: &FramePlan) -> PixelSet {
    Masker::new(MaskSettings::default()).hidden(plan, SIZE)
}

#[test]
fn who_is_alone_is_shown_all_the_time() {
    let analysis = analysed(&passage(&[(300.0, 230.0, 310.0, 240.0)]));
    let discretion = discretion(&analysis, Mode::Scene).expect("found");
    assert!(discretion.subject().is_some_and(|subject| subject.doubts().is_empty()));
    for i in 0..FRAMES {
        let seen = analysis.frame_at(stamp(i).pts_ns).expect("analysed");
        let region = discretion.shown(stamp(i).pts_ns, &seen).expect("shown");
        assert_eq!(hidden(&discretion.plan(stamp(i), &seen)).count_in(region), 0, "frame {i}");
    }
}

/// Frames in which the subject is shown.
fn shown(analysis: &Analysis) -> usize {
    let discretion = discretion(analysis, Mode::Scene).expect("found");
    let shown = |i: &usize| {
        let seen = analysis.frame_at(stamp(*i).pts_ns).expect("analysed");
        discretion.shown(stamp(*i).pts_ns, &seen).is_ok()
    };
    (0..FRAMES).filter(shown).count()
}

#[test]
fn who_stands_beside_hides_nobody_and_who_touches_does() {
    let with = |gap: f32| {
        let here = person(20.0, 40.0);
        analysed(&vec![vec![here, person(here.x1 + gap, 40.0)]; FRAMES])
    };
    assert_eq!(shown(&with(1.0)), FRAMES);
    assert_eq!(shown(&with(-1.0)), 0);
}

#[test]
fn a_faint_copy_of_the_subject_keeps_its_mask_and_takes_nobodys_place() {
    let with = |score: f32| {
        let both = |boxes: &Vec<BoxPx>| {
            let [subject, other] = boxes[..] else { panic!("two") };
            vec![found(Target::Person, subject, 0.8), found(Target::Person, other, score)]
        };
        // Half across the subject's feet, all the way.
        analysed_as(passage(&[(20.0, 100.0, 520.0, 100.0)]).iter().map(both).collect())
    };
    let faint = with(0.3);
    assert_eq!(shown(&faint), FRAMES);
    let seen = faint.frame_at(0).expect("analysed");
    let feet = PxRect { x0: 24, y0: 104, x1: 56, y1: 146 };
    let plan = discretion(&faint, Mode::Scene).expect("found").plan(stamp(0), &seen);
    assert_eq!(hidden(&plan).count_in(feet), feet.area_px(), "its mask stays");
    // Whom the detector is as sure of is somebody, and the click means either.
    assert!(discretion(&with(0.6), Mode::Scene).is_none_or(|d| d.shown(0, &seen).is_err()));
}

#[test]
fn a_face_found_twice_is_one_head_and_two_heads_stay_hidden() {
    let body = person(100.0, 40.0);
    let own = |faces: &[BoxPx]| {
        let faces = faces.iter().map(|face| found(Target::Face, *face, 0.5)).collect();
        own_faces(&[body], &Observations::untracked(SIZE, faces)).len()
    };
    let face = BoxPx::new(112.0, 44.0, 128.0, 64.0);
    let again = face.grown(0.15, 0.0);
    let second = BoxPx::new(122.0, 60.0, 138.0, 80.0);
    let at_the_waist = BoxPx::new(112.0, 100.0, 128.0, 120.0);
    assert_eq!((own(&[face]), own(&[face, again]), own(&[face, second])), (1, 2, 0));
    assert_eq!((own(&[at_the_waist]), own(&[face, at_the_waist])), (0, 1));
}

#[test]
fn a_reveal_takes_the_receipt_of_this_very_act() {
    let analysis = analysed(&passage(&[]));
    let discretion = discretion(&analysis, Mode::Scene).expect("found");
    let (_root, place) = place();
    let log = AuditLog::open(&place, &[]).expect("a log");
    let (kind, subject) = discretion.asks();
    let source: Hash256 = analysis.source_sha256().parse().expect("a hash");
    let right = Act { kind, subject, source, mode: Some(Mode::Scene), ..reveal() };
    let allows = |act: Act| {
        let open = log.begin(act, &reason()).expect("recorded");
        Reveal::new(discretion.clone(), open.receipt()).is_ok()
    };
    assert!(allows(right.clone()));
    assert!(!allows(Act { source: Hash256::of(b"another clip"), ..right.clone() }));
    assert!(!allows(Act { mode: Some(Mode::Spotlight), ..right.clone() }));
    let other = |change: fn(&mut Part)| {
        let mut act = right.clone();
        act.subject.iter_mut().for_each(change);
        act
    };
    assert!(!allows(other(|part| part.what = What::Track(99))));
    assert!(!allows(other(|part| part.from_ms += 40)));
    assert!(!allows(other(|part| part.to_ms = Some(500))));
    assert!(allows(other(|part| part.to_ms = None)), "to the clip's end holds all of it");
    let shown = Act { kind: ActKind::PersonsShown, mode: None, ..right };
    assert!(!allows(shown));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn everyone_elses_masks_stay(
        others in proptest::collection::vec((0.0f32..600.0, 0.0f32..250.0, 0.0f32..600.0, 0.0f32..250.0), 0..4),
        spotlight in any::<bool>(),
    ) {
        let analysis = analysed(&passage(&others));
        let mode = if spotlight { Mode::Spotlight } else { Mode::Scene };
        // A click may be refused: then nothing is shown at all.
        if let Some(discretion) = discretion(&analysis, mode) {
            for i in 0..FRAMES {
                let seen = analysis.frame_at(stamp(i).pts_ns).expect("analysed");
                let without = hidden(&discretion.plan(stamp(i), &seen));
                let everyone = hidden(&discretion.everyone.plan(stamp(i), &seen));
                let shown = discretion.shown(stamp(i).pts_ns, &seen).ok();
                let mut allowed = without.clone();
                shown.into_iter().for_each(|region| allowed.insert(region));
                let tracks = shown.and_then(|_| discretion.subject()?.at(stamp(i).pts_ns));
                let mut around = allowed.clone();
                for b in &seen.tracked {
                    let Some(rect) = discretion.everyone.person_rect(&b.area, SIZE) else { continue };
                    if tracks.is_some_and(|t| t.tracks.contains(&b.track)) {
                        around.insert(rect);
                    } else {
                        // No track that is not the subject's is uncovered by a pixel.
                        prop_assert_eq!(without.count_in(rect), rect.area_px());
                    }
                }
                // What is no longer hidden was hidden as the subject.
                prop_assert_eq!(everyone.count_without(&around), 0);
                if spotlight {
                    prop_assert_eq!(PixelSet::all(SIZE).count_without(&allowed), 0);
                }
            }
        }
    }
}
