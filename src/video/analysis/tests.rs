//! What is written is read, as it was and no less; what is spoilt is refused.

use super::*;
use crate::config::{Site, TrackSettings};
use crate::geometry::{BoxPx, FrameSize};
use crate::video::appearance::Appearance;
use crate::video::plan::{CoverReason, Detection, Observations, Target};
use crate::video::scene::SceneKind;
use crate::video::track::{Sighting, Track, Tracker};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use std::io::Write;

const SIZE: FrameSize = FrameSize { width: 1920, height: 1080 };
const FRAME_NS: u64 = 40_000_000;

/// One frame as a first pass sees it.
#[derive(Debug, Clone)]
struct Seen {
    detections: Vec<Detection>,
    /// Those that its neighbours gave it: no track takes them.
    lent: Vec<Detection>,
    unexplained: Vec<BoxPx>,
    covered: Option<CoverReason>,
    dim: bool,
}

/// What a first pass notes of such frames. `clears` says which tracks an approved still clears, in which frame.
fn analysed(frames: &[Seen], clears: impl Fn(usize, u32) -> bool) -> Analysis {
    let settings = TrackSettings::default();
    let mut tracker = Tracker::new(settings.clone());
    let mut recorder = Recorder::default();
    for (i, seen) in frames.iter().enumerate() {
        let at_ns = i as u64 * FRAME_NS;
        let own: Vec<Detection> = seen.detections.iter().copied().map(rounded).collect();
        if seen.covered.is_none() {
            tracker.push(at_ns, SIZE, &own, &|_| false);
        }
        let (cleared, tracked) = tracker.at(at_ns).into_iter().partition(|b| clears(i, b.track));
        let lent = seen.lent.iter().copied().map(rounded);
        let observed = Observations {
            tracked,
            cleared,
            unexplained: seen.unexplained.clone(),
            dim: seen.dim,
            ..Observations::untracked(SIZE, own.into_iter().chain(lent).collect())
        };
        recorder.frame(at_ns, SIZE, &seen.covered.map_or(Ok(observed), Err));
    }
    let tracks = tracker.into_tracks();
    // As often as the first pass looks, and different every time.
    let look = |(n, sighting): (usize, &Sighting)| {
        let worn = std::array::from_fn(|i| ((sighting.area.x0 * 7.0) as usize * (i + 3) + n) as u8 % 30);
        Appearance::of_numbers(worn).map(|worn| (sighting.at_ns, worn))
    };
    let looks = |track: &Track| track.sightings().iter().step_by(5).enumerate().filter_map(look).collect();
    let looks = tracks.iter().map(|track| (track.id, looks(track))).collect();
    recorder
        .finish("ab".repeat(32), Some(SceneKind::Approved), tracks, looks, settings)
        .expect("there are frames")
}

fn basis() -> Basis {
    let models = serde_json::json!([{ "id": "made-up", "sha256": "00", "threshold": 0.1_f32 }]);
    Basis::new(("ab".repeat(32), 7), None, "fast", (None, None), &models, &Site::default())
}

fn written(analysis: &Analysis) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_analysis(&mut bytes, &basis(), analysis).expect("written");
    bytes
}

fn reread(bytes: &[u8]) -> Result<Analysis, AnalysisError> {
    AnalysisFile::parse(bytes)?.open(&basis(), &TrackSettings::default())
}

/// A file of these two lines.
fn zipped(first: &str, second: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(first.as_bytes()).and_then(|()| out.write_all(second)).expect("in memory");
    out.finish().expect("in memory")
}

fn header() -> String {
    serde_json::json!({ "analysis": FORM, "program": "melkglas", "basis": basis() }).to_string() + "\n"
}

fn person(x: f32, score: f32) -> Detection {
    let area = BoxPx::new(x, 100.03, x + 41.27, 200.9);
    Detection { target: Target::Person, area, score, weak: false }
}

fn plain(detections: Vec<Detection>) -> Seen {
    Seen { detections, lent: vec![], unexplained: vec![], covered: None, dim: false }
}

fn detection() -> impl Strategy<Value = Detection> {
    (0..4usize, -20.0f32..1900.0, -20.0f32..1000.0, 0.01f32..300.0, 0.01f32..300.0, 0.0f32..=1.0, 0..4u8)
        .prop_map(|(target, x, y, w, h, score, weak)| Detection {
            target: Target::ALL[target],
            area: BoxPx::new(x, y, x + w, y + h),
            score,
            weak: weak == 0,
        })
}

fn frame() -> impl Strategy<Value = Seen> {
    let some = || proptest::collection::vec(detection(), 0..4);
    (some(), some(), some(), 0..8u8, any::<bool>()).prop_map(|(detections, lent, differs, covered, dim)| {
        Seen {
            detections,
            lent,
            unexplained: differs.into_iter().map(|d| d.area).collect(),
            covered: (covered == 0).then_some(CoverReason::DetectorFault),
            dim,
        }
    })
}

proptest! {
    #[test]
    fn what_is_read_again_hides_all_that_was_found(frames in proptest::collection::vec(frame(), 1..30)) {
        let analysis = analysed(&frames, |frame, track| (frame + track as usize).is_multiple_of(3));
        let read = reread(&written(&analysis)).expect("as it was written");
        prop_assert_eq!(&read, &analysis);
        prop_assert_eq!(read.covered(), frames.iter().filter(|seen| seen.covered.is_some()).count());
        for (i, seen) in frames.iter().enumerate() {
            let found = read.frame_at(i as u64 * FRAME_NS);
            let found = match (found, seen.covered) {
                (Err(reason), Some(covered)) => {
                    prop_assert_eq!(reason, covered);
                    continue;
                }
                (found, _) => found.expect("not covered"),
            };
            let strong = || seen.detections.iter().chain(&seen.lent).filter(|d| !d.weak);
            prop_assert_eq!(found.detections.iter().filter(|d| !d.weak).count(), strong().count());
            for d in strong() {
                let like = |other: &Detection| other.target == d.target && other.area.holds(&d.area) && other.score >= d.score;
                prop_assert!(found.detections.iter().any(like), "frame {}: {:?}", i, d);
            }
            for d in seen.detections.iter().filter(|d| !d.weak) {
                let boxes = found.tracked.iter().chain(&found.cleared);
                prop_assert!(boxes.filter(|b| b.target == d.target).any(|b| b.area.holds(&d.area)), "frame {}", i);
            }
            for (area, was) in found.unexplained.iter().zip(&seen.unexplained) {
                prop_assert!(area.holds(was));
            }
            prop_assert_eq!((found.unexplained.len(), found.dim), (seen.unexplained.len(), seen.dim));
        }
        prop_assert_eq!(read.frame_at(frames.len() as u64 * FRAME_NS), Err(CoverReason::NotAnalysed));
        prop_assert_eq!(read.frame_at(1), Err(CoverReason::NotAnalysed), "between two frames");
    }

    #[test]
    fn boxes_are_rounded_outward_and_only_once(d in detection()) {
        let once = rounded(d);
        prop_assert!(once.area.holds(&d.area) && once.score >= d.score);
        let outer = d.area.grown(0.0, 0.101);
        prop_assert!(outer.holds(&once.area) && once.score <= d.score + 0.0011, "{:?}", once);
        prop_assert_eq!(rounded(once), once);
    }

    #[test]
    fn a_spoilt_file_is_refused_or_the_same(at in any::<prop::sample::Index>(), bit in 0..8u8, cut in any::<bool>()) {
        let frames: Vec<_> = (0..20).map(|i| plain(vec![person(i as f32 * 3.3, 0.6)])).collect();
        let analysis = analysed(&frames, |_, _| false);
        let mut bytes = written(&analysis);
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] ^= 1 << bit }
        match reread(&bytes) {
            // The form stands before all that is checked, so another one is named as such.
            Err(AnalysisError::Form(form)) => prop_assert!(!cut && form != FORM),
            Err(e) => prop_assert!(matches!(e, AnalysisError::Damaged(_)), "{}", e),
            // Time, system and level of compression in gzip's own header mean nothing, nor do the bits that fill up the
            // last byte of what is compressed.
            Ok(read) => prop_assert!(!cut && read == analysis, "byte {}", at),
        }
    }

    #[test]
    fn numbers_that_cannot_be_are_refused_without_a_panic(
        lists in proptest::collection::vec(proptest::collection::vec(prop_oneof![-2i64..4, any::<i64>()], 0..24), 6),
        side in any::<u32>(), id in any::<u32>(), steady in 1..12u64,
    ) {
        let times = std::iter::once(0).chain(std::iter::once(1_000_000)).chain(std::iter::repeat(0));
        let times: Vec<i64> = if lists[0].is_empty() { times.take(steady as usize).collect() } else { lists[0].clone() };
        let body = serde_json::json!({
            "size": { "width": side, "height": 7 }, "compared": null, "times_ns": times,
            "covered": { "no-plan": lists[1] }, "dim": lists[2], "loose": lists[3], "unexplained": lists[4],
            "tracks": [{ "id": id, "target": "faces", "sure": true, "sightings": lists[5], "cleared": lists[2] }],
        });
        if let Ok(read) = reread(&zipped(&header(), body.to_string().as_bytes())) {
            for ms in 0..steady {
                let _ = read.frame_at(ms * 1_000_000);
            }
            let _ = read.frame_at(u64::MAX);
        }
    }
}

#[test]
fn files_of_another_form_or_size_are_refused() {
    let body = |bytes: &[u8]| reread(&zipped(&header(), bytes)).expect_err("no body").to_string();
    assert!(body(b"{}").contains("second line"));
    assert!(body(b"").contains("second line"));
    let other = header().replace(&format!("\"analysis\":{FORM}"), "\"analysis\":99");
    let fault = reread(&zipped(&other, b"{}")).expect_err("another form").to_string();
    assert!(fault.contains("form 99") && fault.contains("melkglas analyse"), "{fault}");
    assert!(reread(b"PNG").expect_err("no gzip").to_string().contains("no analysis"));
    let good = written(&analysed(&[plain(vec![person(3.0, 0.5)])], |_, _| false));
    assert!(reread(&[good.clone(), vec![0]].concat()).is_err(), "something hangs on behind");
    assert!(reread(&[good.clone(), good].concat()).is_err(), "a second one hangs on behind");
    // Ten megabytes of zeros come as some ten kilobytes; they are not inflated beyond what is allowed.
    let bomb = zipped(&header(), &vec![b'0'; 10 << 20]);
    assert!(bomb.len() < 100_000);
    let fault = AnalysisFile::parse_within(&bomb, 1 << 20).expect_err("too long").to_string();
    assert!(fault.contains("longer"), "{fault}");
    let fault =
        AnalysisFile::parse(&zipped("", &vec![b'0'; 10 << 20])).expect_err("no first line").to_string();
    assert!(fault.contains("first line"), "{fault}");
}

#[test]
fn what_moved_later_is_not_cleared_before() {
    // It stands for two seconds, and then it goes.
    let at = |i: usize| if i < 50 { 300.0 } else { 300.0 + 6.0 * (i - 50) as f32 };
    let walk: Vec<_> = (0..90).map(|i| plain(vec![person(at(i), 0.7)])).collect();
    let stays: Vec<_> = (0..90).map(|_| plain(vec![person(300.0, 0.7)])).collect();
    let cleared = |frames: &[Seen], at: usize| {
        let analysis = analysed(frames, |frame, _| frame < 40);
        let read = reread(&written(&analysis)).expect("as it was written");
        let found = read.frame_at(at as u64 * FRAME_NS).expect("not covered");
        assert_eq!(found.cleared.len() + found.tracked.len(), 1);
        !found.cleared.is_empty()
    };
    assert!(cleared(&stays, 39) && !cleared(&stays, 40), "furniture, as long as the first pass said so");
    assert!(!cleared(&walk, 0), "somebody");
}

#[test]
fn who_becomes_sure_late_was_sure_from_the_start() {
    let settings = TrackSettings::default();
    let first = 50usize;
    // Weak looks, and one good look in the end.
    let frames: Vec<_> = (0..first + 11)
        .map(|i| {
            let score = if i == first + 10 { 0.9 } else { 0.2 };
            plain(if i >= first && (i - first).is_multiple_of(5) {
                vec![person(300.0, score)]
            } else {
                vec![]
            })
        })
        .collect();
    let read = reread(&written(&analysed(&frames, |_, _| false))).expect("as it was written");
    let early = first - (settings.hold_s / 0.04) as usize + 1;
    let hidden = |at: usize| !read.frame_at(at as u64 * FRAME_NS).expect("not covered").tracked.is_empty();
    assert!(hidden(early) && hidden(first + 3));
    assert!(!hidden(early - 5));
    assert_eq!(read.tracks().map(|track| track.id).collect::<Vec<_>>(), [1]);
}

#[test]
fn ten_minutes_of_five_people_are_small() {
    let mut state = 7u64;
    let mut noise = |by: f32| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 40) as f32 / (1 << 24) as f32 - 0.5) * 2.0 * by
    };
    let frames: Vec<Seen> = (0..15_000usize)
        .map(|i| {
            let mut seen = plain(vec![]);
            for who in 0..5 {
                let way = (i as f32 / (200.0 + 40.0 * who as f32)).sin();
                let (x, y) = (900.0 + 700.0 * way, 150.0 + 150.0 * who as f32);
                let mut found = |target, x: f32, y: f32, w: f32, h: f32| {
                    let [a, b, c, d] = [x, y, x + w, y + h].map(|v| v + noise(3.0));
                    let score = 0.6 + noise(0.2);
                    seen.detections.push(Detection {
                        target,
                        area: BoxPx::new(a, b, c, d),
                        score,
                        weak: false,
                    });
                };
                found(Target::Person, x, y, 90.0, 260.0);
                found(Target::Face, x + 25.0, y + 10.0, 36.0, 44.0);
                // As the witness gives them: whole pixels of a picture of 256 across.
                let step = |v: f32| (v / 7.5).floor() * 7.5;
                for part in 0..4 {
                    let (x, y) = (step(x + noise(9.0)), step(y + 65.0 * part as f32 + noise(9.0)));
                    seen.unexplained.push(BoxPx::new(x, y, x + 97.5, y + 75.0));
                }
            }
            seen
        })
        .collect();
    let analysis = analysed(&frames, |_, _| false);
    let bytes = written(&analysis);
    assert!(bytes.len() < 5_000_000, "{} bytes", bytes.len());
    assert_eq!(reread(&bytes).expect("as it was written"), analysis);
}

#[test]
fn an_analysis_of_something_else_is_refused() {
    let models = serde_json::json!([{ "id": "made-up", "sha256": "00", "threshold": 0.1_f32 }]);
    let with = |change: fn(&mut Site)| {
        let mut site = Site::default();
        change(&mut site);
        Basis::new(("ab".repeat(32), 7), None, "fast", (None, None), &models, &site)
    };
    let check = |here: &Basis, said: &str| match basis().check(here) {
        Ok(()) => assert_eq!(said, ""),
        Err(e) => {
            let said = said.split('|');
            let whole = format!("{e}; {}", e.cure());
            said.for_each(|words| assert!(!words.is_empty() && whole.contains(words), "{words}: {whole}"));
        }
    };
    check(&basis(), "");
    check(&with(|site| site.detect.workers = 3), "");
    check(&with(|site| site.mask.margin = 0.3), "");
    check(&with(|site| site.track.hold_s = 0.9), "track.hold_s was 0.8|is 0.9|melkglas analyse");
    check(&with(|site| site.scene.low = 0.9), "scene.low");
    check(&with(|site| site.detect.nms_iou = 0.5), "detect.nms_iou");
    check(
        &with(|site| site.detect.targets.vehicles = true),
        "hides persons,faces,vehicles|--targets persons,faces",
    );
    check(&Basis { source_sha256: "cd".repeat(32), ..basis() }, "another clip|name the clip");
    check(&Basis { source_bytes: 8, ..basis() }, "another clip");
    check(&Basis { camera_sha256: Some("ef".into()), ..basis() }, "without a camera file|SHA-256 ef");
    check(&Basis { effort: "thorough".into(), ..basis() }, "--effort fast");
    check(&Basis { rate: Some("25".into()), ..basis() }, "leave --rate out");
    let weights = serde_json::json!([{ "id": "made-up", "sha256": "01", "threshold": 0.1_f32 }]);
    check(&Basis { models: weights, ..basis() }, "sha256 was \"00\" and is \"01\"");
}
