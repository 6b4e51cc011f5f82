//! A detector that fails in any way: the frame is covered whole and named, or the job fails. Never a raw pixel.

use super::eyes::view;
use super::film;
use super::job::{Script, Setting, fault, names, person, redact, redact_beside_others};
use melkglas::video::detect::DetectError;
use melkglas::video::pipeline::JobError;
use melkglas::video::plan::{CoverReason, Detection};
use std::path::Path;
use std::time::Duration;

const FRAMES: u64 = 12;
/// The first, a middle and the last frame.
const HIT: [u64; 3] = [0, 5, 11];

/// `covered` of the report as frame numbers.
fn covered_in(report: &serde_json::Value) -> Vec<u64> {
    let spans = report["covered"].as_array().expect("a list").iter();
    let number = |span: &serde_json::Value, key: &str| span[key].as_u64().expect("a number");
    spans.flat_map(|span| number(span, "from_frame")..=number(span, "to_frame")).collect()
}

/// Redacts the intruder's clip with a detector that goes wrong at the frames `HIT`.
fn check(name: &str, reason: CoverReason, wrong: fn() -> Result<Vec<Detection>, DetectError>) {
    let dir = tempfile::tempdir().expect("a folder");
    let (source, target) = (dir.path().join("clip.mp4"), dir.path().join("out.mp4"));
    film::intruder(&source, FRAMES);
    let setting = Setting::detecting(Script::new(move |index, _| {
        if HIT.contains(&index) { wrong() } else { Ok(vec![person(4.0, 4.0, 30.0, 50.0)]) }
    }));
    let done = redact(&source, &target, &setting).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(done.log.covered(), HIT.map(|f| f as usize), "{name}");
    assert_eq!(covered_in(&done.report), HIT, "{name}: the report names them");
    let word = serde_json::to_value(reason).expect("a word");
    for span in done.report["covered"].as_array().expect("a list") {
        assert_eq!(span["reason"], word, "{name}");
    }
    assert_eq!(done.report["frames"]["covered"], 3);
    assert_eq!(done.outcome.written, FRAMES);
    let seen = view(&target);
    for frame in 0..FRAMES as usize {
        if HIT.contains(&(frame as u64)) {
            assert!(seen.is_covered(frame), "{name}: frame {frame}");
            assert_eq!(seen.raw_pixels(frame), 0, "{name}: frame {frame}");
        } else {
            assert!(seen.raw_pixels(frame) > 1000, "{name}: frame {frame} shows what nobody hid");
        }
    }
}

#[test]
fn an_error_covers_the_frame() {
    check("error", CoverReason::DetectorFault, || Err(fault()));
}

#[test]
fn boxes_that_are_no_numbers_cover_the_frame() {
    let absurd = CoverReason::AbsurdDetections;
    check("NaN", absurd, || Ok(vec![person(f32::NAN, 10.0, 50.0, 60.0)]));
    check("infinite", absurd, || Ok(vec![person(10.0, 10.0, f32::INFINITY, 60.0)]));
    check("no score", absurd, || Ok(vec![Detection { score: f32::NAN, ..person(1.0, 1.0, 9.0, 9.0) }]));
}

#[test]
fn absurd_boxes_cover_the_frame() {
    let absurd = CoverReason::AbsurdDetections;
    check("far away", absurd, || Ok(vec![person(1e7, 1e7, 2e7, 2e7)]));
    check("inside out", absurd, || Ok(vec![person(90.0, 90.0, 20.0, 20.0)]));
    let among_good = || Ok(vec![person(10.0, 10.0, 50.0, 60.0), person(-9e9, -9e9, 9e9, 9e9)]);
    check("one of two", absurd, among_good);
}

#[test]
fn a_failed_look_covers_the_frames_that_depend_on_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let (source, target) = (dir.path().join("clip.mp4"), dir.path().join("out.mp4"));
    film::intruder(&source, FRAMES);
    let mut setting =
        Setting::detecting(Script::new(|index, _| if index == 6 { Err(fault()) } else { Ok(Vec::new()) }));
    (setting.site.detect.cadence.persons, setting.site.detect.cadence.faces) = (3, 3);
    let done = redact(&source, &target, &setting).expect("redacted");
    assert_eq!(done.log.covered(), [4, 5, 6, 7, 8]);
    let seen = view(&target);
    assert!((4..=8).all(|frame| seen.is_covered(frame)));
}

#[test]
fn too_many_faults_end_the_job_and_leave_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let (source, target) = (dir.path().join("clip.mp4"), dir.path().join("out.mp4"));
    film::intruder(&source, FRAMES);
    let mut setting =
        Setting::detecting(Script::new(
            |index, _| if index % 2 == 1 { Err(fault()) } else { Ok(Vec::new()) },
        ));
    setting.site.limits.detector_faults = 6;
    let done = redact(&source, &target, &setting).expect("six faults are allowed");
    assert_eq!(done.log.covered().len(), 6);
    std::fs::remove_file(&target).expect("removed");
    setting.site.limits.detector_faults = 5;
    let failed = redact(&source, &target, &setting).expect_err("one too many");
    assert!(matches!(failed, JobError::DetectorFaults(6)), "{failed}");
    assert_eq!(names(dir.path()), ["clip.mp4"]);
}

#[test]
fn a_detector_that_cannot_be_made_ends_the_job() {
    struct Broken;
    impl melkglas::video::detect::DetectorFactory for Broken {
        fn make(&self) -> Result<Box<dyn melkglas::video::detect::Detector>, DetectError> {
            Err(fault())
        }
    }
    let dir = tempfile::tempdir().expect("a folder");
    let (source, target) = (dir.path().join("clip.mp4"), dir.path().join("out.mp4"));
    film::intruder(&source, FRAMES);
    let setting = Setting::detecting(std::sync::Arc::new(Broken));
    let failed = redact(&source, &target, &setting).expect_err("no detector");
    assert!(matches!(failed, JobError::Detect(_)), "{failed}");
    assert_eq!(names(dir.path()), ["clip.mp4"]);
}

/// Runs several jobs side by side, each of which must fail and leave nothing.
fn all_fail(cases: &[(u64, usize)], source: &Path, detector: impl Fn(u64) -> std::sync::Arc<Script> + Sync) {
    let secs = 0.5;
    std::thread::scope(|scope| {
        for &(at, workers) in cases {
            let detector = &detector;
            let work = move || {
                let dir = tempfile::tempdir().expect("a folder");
                let mut setting = Setting::detecting(detector(at));
                setting.site.limits.stall_secs = secs;
                setting.site.detect.workers = workers;
                let failed = redact_beside_others(source, &dir.path().join("out.mp4"), &setting);
                let failed = failed.expect_err("the job fails");
                let known = matches!(failed, JobError::DetectorStalled(_) | JobError::Thread(_));
                assert!(known, "at {at} with {workers} workers: {failed}");
                assert!(names(dir.path()).is_empty(), "at {at} with {workers} workers");
            };
            let named = std::thread::Builder::new().name(format!("job-{at}-{workers}"));
            named.spawn_scoped(scope, work).expect("started");
        }
    });
}

#[test]
fn a_detector_that_never_returns_ends_the_job() {
    let dir = tempfile::tempdir().expect("a folder");
    let source = dir.path().join("clip.mp4");
    film::intruder(&source, FRAMES);
    all_fail(&[(0, 1), (5, 2), (11, 1), (11, 2)], &source, |at| {
        Script::new(move |index, _| {
            if index == at {
                // Longer than all tests together.
                std::thread::sleep(Duration::from_secs(3600));
            }
            Ok(Vec::new())
        })
    });
}

#[test]
fn a_detector_that_panics_ends_the_job() {
    let dir = tempfile::tempdir().expect("a folder");
    let source = dir.path().join("clip.mp4");
    film::intruder(&source, FRAMES);
    all_fail(&[(0, 1), (0, 2), (5, 1), (5, 2), (11, 1), (11, 2)], &source, |at| {
        Script::new(move |index, _| {
            assert!(index != at, "a panic on purpose");
            Ok(Vec::new())
        })
    });
}

#[test]
fn a_record_that_cannot_be_written_ends_the_job() {
    use melkglas::casework::HideEveryone;
    use melkglas::config::Site;
    use melkglas::interrupt::Interrupt;
    use melkglas::video::pipeline::{FrameRecord, Job, Observer, redact_clip};
    use melkglas::video::sink::{Container, Overwrite, PartialFile};
    use melkglas::video::source::{Clip, Declared, Window};
    struct Full;
    impl Observer for Full {
        fn begin(&mut self, _: &Declared) {}
        fn frame(&mut self, record: &FrameRecord<'_>) -> std::io::Result<()> {
            if record.number == 7 { Err(std::io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        }
    }
    let dir = tempfile::tempdir().expect("a folder");
    let (source, target) = (dir.path().join("clip.mp4"), dir.path().join("out.mp4"));
    film::intruder(&source, FRAMES);
    let job = Job {
        clip: Clip::open(&source).expect("a clip").into(),
        window: Window::WHOLE,
        site: Site::default(),
        planner: std::sync::Arc::new(HideEveryone::new(None, Site::default().mask, None)),
        detectors: Script::nobody(),
        scene: None,
        container: Container::Mp4,
        accept_damaged: false,
        interrupt: Interrupt::default(),
    };
    let file = PartialFile::create(&target, Overwrite::Refuse).expect("a new file");
    let failed = redact_clip(&job, file, &mut Full).expect_err("no room for the record");
    assert!(matches!(failed, JobError::Record(_)), "{failed}");
    assert_eq!(names(dir.path()), ["clip.mp4"]);
}

#[test]
fn a_clip_that_changes_meanwhile_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let (source, target) = (dir.path().join("clip.mp4"), dir.path().join("out.mp4"));
    film::intruder(&source, FRAMES);
    let touched = source.clone();
    let setting = Setting::detecting(Script::new(move |index, _| {
        if index == 6 {
            use std::io::Write;
            let mut file = std::fs::OpenOptions::new().append(true).open(&touched).expect("opened");
            file.write_all(b"more").expect("written");
        }
        Ok(Vec::new())
    }));
    let failed = redact(&source, &target, &setting).expect_err("somebody wrote to it");
    assert!(matches!(failed, JobError::Clip(_)), "{failed}");
    assert_eq!(names(dir.path()), ["clip.mp4"]);
}

#[test]
fn a_picture_that_changes_its_shape_is_covered() {
    // Two H.264 streams of different sizes, one after the other in one transport stream.
    let dir = tempfile::tempdir().expect("a folder");
    let (small, large, source) =
        (dir.path().join("a.ts"), dir.path().join("b.ts"), dir.path().join("both.ts"));
    let through = format!("{} ! mpegtsmux", film::H264);
    for (path, size) in [(&small, (320, 180)), (&large, (384, 288))] {
        let paint = |n: usize, picture: &mut film::Picture| picture.intruder(n);
        film::Film { size, times_ms: film::steady(20), through: &through, paint: &paint, tags: None }
            .shoot(path);
    }
    let both = [&small, &large].map(|path| std::fs::read(path).expect("a stream")).concat();
    std::fs::write(&source, both).expect("written");
    let target = dir.path().join("out.mp4");
    let done = redact(&source, &target, &Setting::default()).expect("redacted");
    assert_eq!(done.outcome.written, 40);
    for (frame, cover) in done.log.covers.iter().enumerate() {
        assert!(frame < 20 || cover.is_some(), "frame {frame} has another shape than the first");
    }
    assert_eq!(done.log.covers[0], None);
}
