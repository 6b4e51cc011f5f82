//! Evaluation: the same hidden pixels as in the finished clip, held against ground truth; nothing raw is written.

use super::eyes::{is_fill, view};
use super::film;
use super::job::{Script, Setting, person, redact, turn};
use super::program::{DOOR, Desk, mode};
use melkglas::casework::{Evaluator, Figures, HideEveryone, Scorer, Truth, WorstFrame};
use melkglas::geometry::{FrameSize, PxRect};
use melkglas::interrupt::Interrupt;
use melkglas::video::frame::RedactedFrame;
use melkglas::video::mask::PixelSet;
use melkglas::video::pipeline::{FrameRecord, Job, Observer, rehearse_clip};
use melkglas::video::sink::Container;
use melkglas::video::source::{Clip, Declared, Window};
use serde_json::Value;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Where the intruder of [`film::intruder`] stands: left edge in a frame from 0; 48 by 64 pixels from 60 down.
fn left(frame: u64) -> u64 {
    40 + (frame * 8) % 160 / 2 * 2
}

fn rows(frames: u64) -> String {
    (0..frames).map(|n| format!("{},7,{},60,48,64,1,1,1\n", n + 1, left(n))).collect()
}

/// What an evaluation sees.
struct Watcher<'a> {
    evaluator: Evaluator<'a>,
    exposed: Vec<u64>,
    /// Whether the intruder's middle is the fill's green, a frame each.
    green: Vec<bool>,
}

impl Observer for Watcher<'_> {
    fn begin(&mut self, _: &Declared) {}

    fn frame(&mut self, record: &FrameRecord<'_>) -> io::Result<()> {
        self.exposed.extend(self.evaluator.frame(record).map(|WorstFrame { frame, .. }| frame));
        Ok(())
    }

    fn picture(&mut self, picture: RedactedFrame) {
        let rgb = picture.to_rgb();
        let at = (92 * picture.size().width as usize + left(self.green.len() as u64) as usize + 24) * 3;
        self.green.push(is_fill([rgb[at], rgb[at + 1], rgb[at + 2]]));
    }
}

/// The figures of a finished clip, hidden where it carries the fill.
fn scored(clip: &Path, truth: &Truth) -> Figures {
    let seen = view(clip);
    let size = FrameSize { width: seen.width as u32, height: seen.height as u32 };
    let mut scorer = Scorer::new(truth, None);
    for frame in 0..seen.frames.len() {
        let mut hidden = PixelSet::none(size);
        for (x, y) in (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x, y))) {
            if is_fill(seen.pixel(frame, x as usize, y as usize)) {
                hidden.insert(PxRect { x0: x, y0: y, x1: x + 1, y1: y + 1 });
            }
        }
        scorer.frame(&hidden);
    }
    scorer.finish()
}

#[test]
fn a_rehearsal_hides_what_the_redacted_clip_hides() {
    let dir = tempfile::tempdir().expect("a folder");
    let (source, target) = (dir.path().join("clip.mp4"), dir.path().join("out.mp4"));
    film::intruder(&source, 12);
    // Missed in frames 4, 5 and 6, and half seen in frame 9, from 0.
    let detectors = Script::new(|n, _| {
        let x = left(n) as f32;
        Ok(match n {
            4..=6 => vec![],
            9 => vec![person(x + 28.0, 60.0, x + 48.0, 124.0)],
            _ => vec![person(x, 60.0, x + 48.0, 124.0)],
        })
    });
    let mut setting = Setting::detecting(detectors.clone());
    // Tracks would hide whoever is missed for so short a time.
    let track = &mut setting.site.track;
    for time in [&mut track.memory_s, &mut track.hold_s, &mut track.dense_memory_s, &mut track.dense_hold_s] {
        *time = 0.0;
    }
    (track.tentative_memory_s, track.tentative_hold_s, track.smooth_s) = (0.0, 0.0, 0.0);
    redact(&source, &target, &setting).expect("redacted");
    let truth = Truth::parse(Path::new("gt.txt"), &(rows(12) + "14,7,0,0,48,64\n")).expect("sound rows");
    let mut watcher =
        Watcher { evaluator: Evaluator::new(&truth, None, &setting.site), exposed: vec![], green: vec![] };
    let job = Job {
        clip: Arc::new(Clip::open(&source).expect("a clip")),
        window: Window::WHOLE,
        site: setting.site.clone(),
        planner: Arc::new(HideEveryone::new(None, setting.site.mask.clone(), None)),
        detectors,
        scene: None,
        container: Container::Mp4,
        accept_damaged: false,
        interrupt: Interrupt::default(),
    };
    let rehearsal = {
        let _turn = turn();
        rehearse_clip(&job, &mut watcher).expect("rehearsed")
    };
    assert_eq!((rehearsal.frames, watcher.exposed), (12, vec![5, 6, 7, 10]));
    let green: Vec<usize> = (0..12).filter(|n| !watcher.green[*n]).collect();
    assert_eq!(green, [4, 5, 6], "half seen, the middle is hidden by the margin");
    assert_eq!(super::job::names(dir.path()), ["clip.mp4", "out.mp4"]);
    let site = setting.site.clone();
    let context = melkglas::casework::EvaluationContext {
        file: "clip.mp4".into(),
        bytes: 0,
        effort: "fast",
        forget: None,
        passes: 1,
        models: Value::Null,
        site: &site,
    };
    let found = watcher.evaluator.finish(context, &rehearsal, vec![]).figures;
    assert_eq!((found.person_frames, found.heads, found.bodies), (13, 5, 5));
    assert_eq!((found.longest_run, found.identities_exposed, found.frames_missing), (3, 1, 1));
    assert_eq!(found.by_identity[0].exposed, [[5, 7], [10, 10], [14, 14]]);
    let of_clip = scored(&target, &truth);
    assert_eq!(of_clip.by_identity, found.by_identity);
    // The encoder moves the edges of masks a little.
    assert!((of_clip.overmask - found.overmask).abs() < 0.004, "{} {}", of_clip.overmask, found.overmask);
    assert!((of_clip.mean_coverage - found.mean_coverage).abs() < 0.01);
}

#[test]
fn the_program_measures_and_writes_what_was_asked_for_alone() {
    let desk = Desk::new();
    film::intruder(&desk.path("clip.mp4"), 6);
    std::fs::write(desk.path("gt.txt"), rows(6) + "1,9,0,0,9,9,0,1,1\n").expect("written");
    std::fs::write(desk.path("door.toml"), DOOR).expect("written");
    let args = ["evaluate", "clip.mp4", "--truth", "gt.txt", "--camera", "door.toml"];
    let done = desk.run(args.iter().chain(&["--strip", "worst.png"])).expect(
        0,
        &["1 rows of the truth were left out: 1 have confidence 0", "worst.png was not written: nobody"],
    );
    assert!(done.stdout.contains("0 of 1 people can be seen"), "{}", done.stdout);
    assert_eq!(desk.names(), ["clip.mp4", "door.toml", "gt.txt"]);

    // Without its door the intruder is shown, as no network takes a block of magenta for a person.
    let rest = ["--strip", "worst.png", "--report", "r.json", "--json"];
    let done = desk.run(args[..4].iter().chain(&rest)).expect(0, &["can be seen on it"]);
    let found: Value = serde_json::from_str(&done.stdout).expect("one line of JSON");
    let report: Value =
        serde_json::from_slice(&std::fs::read(desk.path("r.json")).expect("a report")).expect("JSON");
    assert_eq!(report, found);
    let figures = &found["figures"];
    assert_eq!((&figures["person_frames"], &figures["identities_exposed"]), (&6.into(), &1.into()));
    assert_eq!((&found["source"]["file"], &found["truth"]["rows"]), (&"clip.mp4".into(), &6.into()));
    assert_eq!(found["settings"]["mask"]["style"], "fill");
    assert_eq!((mode(&desk.path("worst.png")), mode(&desk.path("r.json"))), (0o600, 0o600));
    let strip = image::open(desk.path("worst.png")).expect("a picture").into_rgb8();
    assert_eq!(strip.dimensions(), (320, 180), "six frames close together are one");

    desk.run(args[..4].iter().chain(&rest)).expect(2, &["exists already"]);
    let names = desk.names();
    let onto = ["--report", "gt.txt", "--force"];
    desk.run(args[..4].iter().chain(&onto)).expect(2, &["same file as the input"]);
    std::fs::write(desk.path("bad.txt"), "1,1,0,0,9,9\n2,1,0,zero,9,9\n").expect("written");
    desk.run(["evaluate", "clip.mp4", "--truth", "bad.txt"]).expect(3, &["bad.txt, line 2", "\"zero\""]);
    desk.run(["evaluate", "clip.mp4", "--truth", "none.txt"]).expect(3, &["none.txt cannot be read"]);
    desk.run(["evaluate", "none.mp4", "--truth", "gt.txt"]).expect(4, &["none.mp4"]);
    image::RgbImage::new(32, 32).save(desk.path("still.png")).expect("written");
    desk.run(["evaluate", "still.png", "--truth", "gt.txt"]).expect(2, &["is a still"]);
    std::fs::write(desk.path("door.toml"), DOOR.replace("width = 320", "width = 180")).expect("written");
    desk.run(args).expect(3, &["another shape of picture"]);
    std::fs::remove_file(desk.path("bad.txt")).expect("removed");
    std::fs::remove_file(desk.path("still.png")).expect("removed");
    assert_eq!(desk.names(), names);
}
