//! Two passes: what the whole clip says hides people, nothing else goes into the analysis, and one of something else is
//! refused.

use super::eyes::{is_fill, view};
use super::film::{self, Film, H264, Picture, SIZE, steady};
use super::job::{Script, Setting, fault, names, person, turn};
use super::program::{DOOR, Desk, mode};
use melkglas::casework::HideEveryone;
use melkglas::geometry::PxRect;
use melkglas::interrupt::Interrupt;
use melkglas::video::analysis::{Analysis, AnalysisFile, Basis, write_analysis};
use melkglas::video::frame::RedactedFrame;
use melkglas::video::pipeline::{
    FrameRecord, Job, JobError, Observer, analyse_clip, rehearse_clip, rehearse_rendering, render_clip,
};
use melkglas::video::plan::{CoverReason, FramePlan, MaskShape};
use melkglas::video::sink::{Container, Overwrite, PartialFile};
use melkglas::video::source::{Clip, Declared};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// What is hidden, a frame each: rectangles, or why all of it is.
#[derive(Debug, Default)]
struct Hidden(Vec<Result<Vec<PxRect>, CoverReason>>);

impl Observer for Hidden {
    fn begin(&mut self, _: &Declared) {}

    fn frame(&mut self, record: &FrameRecord<'_>) -> io::Result<()> {
        self.0.push(match record.plan {
            FramePlan::Cover(reason) => Err(*reason),
            FramePlan::Masks { masks, .. } => Ok(masks
                .iter()
                .filter_map(|mask| match &mask.shape {
                    MaskShape::Rect(rect) => Some(*rect),
                    MaskShape::Polygon(_) => None,
                })
                .collect()),
        });
        Ok(())
    }

    fn picture(&mut self, picture: RedactedFrame) {
        drop(picture);
    }
}

fn job(source: &Path, setting: &Setting) -> Job {
    Job {
        clip: Arc::new(Clip::open(source).expect("a clip")),
        window: setting.window,
        site: setting.site.clone(),
        planner: Arc::new(HideEveryone::new(None, setting.site.mask.clone(), None)),
        detectors: Arc::clone(&setting.detectors),
        scene: None,
        container: Container::Mp4,
        accept_damaged: false,
        interrupt: Interrupt::default(),
    }
}

fn analyse(job: &Job) -> Analysis {
    let _turn = turn();
    let mut hidden = Hidden::default();
    let analysed = analyse_clip(job, &mut hidden).expect("analysed");
    assert_eq!(analysed.analysis.frames(), hidden.0.len());
    analysed.analysis
}

fn basis() -> Basis {
    Basis::new((String::new(), 0), None, "fast", (None, None), &(), &Setting::default().site)
}

fn written(analysis: &Analysis) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_analysis(&mut bytes, &basis(), analysis).expect("written");
    bytes
}

fn holds(outer: &PxRect, inner: &PxRect) -> bool {
    outer.x0 <= inner.x0 && outer.y0 <= inner.y0 && outer.x1 >= inner.x1 && outer.y1 >= inner.y1
}

/// Frames in which the walker of [`walk`] is lost: 1.9 seconds.
const LOST: std::ops::Range<u64> = 12..31;

/// Where the walker is.
fn at(frame: u64) -> f32 {
    20.0 + 2.0 * frame as f32
}

/// Somebody walks, is lost for longer than one pass looks ahead, and is found again. The detector fails once.
fn walk() -> Setting {
    Setting::detecting(Script::new(|n, _| match n {
        n if LOST.contains(&n) => Ok(vec![]),
        40 => Err(fault()),
        n => Ok(vec![person(at(n), 40.3, at(n) + 30.7, 130.2)]),
    }))
}

#[test]
fn two_passes_hide_what_one_hides_and_the_gap_as_well() {
    let dir = tempfile::tempdir().expect("a folder");
    let (source, target) = (dir.path().join("clip.mp4"), dir.path().join("out.mp4"));
    let paint = |n: usize, picture: &mut Picture| {
        picture.grain(n);
        picture.rect(at(n as u64) as usize, 40, 30, 90, film::RAW);
    };
    let through = format!("{H264} ! mp4mux");
    Film { size: SIZE, times_ms: steady(44), through: &through, paint: &paint, tags: None }.shoot(&source);
    let mut setting = walk();
    // A box that stands still remembers the frame before, in which the two passes differ.
    setting.site.track.steady_share = 0.0;
    let job = job(&source, &setting);
    let analysis = analyse(&job);
    let (mut one, mut two) = (Hidden::default(), Hidden::default());
    {
        let _turn = turn();
        rehearse_clip(&job, &mut one).expect("rehearsed");
        // From the file as from memory.
        let file = AnalysisFile::parse(&written(&analysis)).expect("read");
        let read = file.open(&basis(), &setting.site.track).expect("the same");
        assert_eq!(read.tracks().collect::<Vec<_>>(), analysis.tracks().collect::<Vec<_>>());
        rehearse_rendering(&job, &analysis, &mut two).expect("rendered");
    }
    assert_eq!((one.0.len(), two.0.len()), (44, 44));
    assert_eq!(
        (&one.0[40], &two.0[40]),
        (&Err(CoverReason::DetectorFault), &Err(CoverReason::DetectorFault))
    );
    let mut bare = 0;
    for (n, (one, two)) in one.0.iter().zip(&two.0).enumerate().filter(|(n, _)| *n != 40) {
        let (one, two) = (one.as_ref().expect("masks"), two.as_ref().expect("masks"));
        let x = at(n as u64) as u32;
        let walker = PxRect { x0: x, y0: 40, x1: x + 30, y1: 130 };
        assert!(two.iter().any(|mask| holds(mask, &walker)), "frame {n}: {two:?}");
        bare += u32::from(!one.iter().any(|mask| holds(mask, &walker)));
        if !LOST.contains(&(n as u64)) {
            assert!(one.iter().all(|a| two.iter().any(|b| holds(b, a))), "frame {n}: {one:?}, {two:?}");
        }
    }
    assert!(bare > 0, "one pass cannot know of the gap's middle");
    // And so it is in the finished clip.
    {
        let _turn = turn();
        let file = PartialFile::create(&target, Overwrite::Refuse).expect("a new file");
        let finished = render_clip(&job, &analysis, file, &mut Hidden::default()).expect("rendered");
        finished.file.commit().expect("committed");
    }
    let seen = view(&target);
    assert_eq!(seen.frames.len(), 44);
    for frame in 0..44 {
        assert!(is_fill(seen.pixel(frame, at(frame as u64) as usize + 15, 85)), "frame {frame}");
    }
}

/// What an analysis holds, and what its only track wears.
fn taken_apart(analysis: &Analysis) -> [serde_json::Value; 2] {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&written(analysis)[..]), &mut text)
        .expect("gzip");
    let mut body: serde_json::Value =
        serde_json::from_str(text.lines().nth(1).expect("a second line")).expect("JSON");
    let worn = body["tracks"][0].as_object_mut().and_then(|track| track.remove("looks")).expect("looks");
    [body, worn]
}

#[test]
fn an_analysis_knows_no_pixel_and_only_its_own_clip() {
    let dir = tempfile::tempdir().expect("a folder");
    let [bright, dark] = ["a.mp4", "b.mp4"].map(|name| dir.path().join(name));
    film::intruder(&bright, 8);
    let paint = |n: usize, picture: &mut Picture| picture.grain(n + 99);
    let through = format!("{H264} ! mp4mux");
    Film { size: SIZE, times_ms: steady(8), through: &through, paint: &paint, tags: None }.shoot(&dark);
    let setting = Setting::detecting(Script::new(|n, _| Ok(vec![person(at(n), 40.0, at(n) + 30.0, 130.0)])));
    let [bright, dark] = [bright, dark].map(|path| job(&path, &setting));
    let (one, other) = (analyse(&bright), analyse(&dark));
    assert!(one.source_sha256() != other.source_sha256());
    // All that differs is what they wear: fifty-two small numbers a look, five looks a second.
    let ([one_body, one_worn], [other_body, other_worn]) = (taken_apart(&one), taken_apart(&other));
    assert_eq!(one_body, other_body, "the same people in other pictures");
    assert_ne!(one_worn, other_worn, "in other clothes");
    assert_eq!(one_worn.as_array().map(Vec::len), Some(53 * 4), "a frame and its numbers");
    let target = dir.path().join("out.mp4");
    let file = PartialFile::create(&target, Overwrite::Refuse).expect("a new file");
    let refused = {
        let _turn = turn();
        render_clip(&dark, &one, file, &mut Hidden::default()).expect_err("of another clip")
    };
    assert!(matches!(refused, JobError::Clip(_)), "{refused}");
    assert_eq!(names(dir.path()), ["a.mp4", "b.mp4"]);
}

#[test]
fn the_program_renders_by_an_analysis_of_this_clip_only() {
    let desk = Desk::new();
    film::intruder(&desk.path("clip.mp4"), 12);
    film::intruder(&desk.path("other.mp4"), 11);
    std::fs::write(desk.path("door.toml"), DOOR).expect("written");
    let analyse = |more: &[&str]| {
        let args = ["analyse", "clip.mp4", "-o", "a", "--camera", "door.toml"];
        desk.run(args.iter().chain(more))
    };
    let done = analyse(&["--json"]).expect(0, &["wrote a: 12 frames, 0 of them to be covered"]);
    let told: serde_json::Value = serde_json::from_str(&done.stdout).expect("one line of JSON");
    let names = ["a", "clip.mp4", "door.toml", "other.mp4"];
    assert_eq!((desk.names().as_slice(), mode(&desk.path("a"))), (names.map(String::from).as_slice(), 0o600));
    analyse(&[]).expect(2, &["a exists already", "--force"]);
    analyse(&["--force"]).expect(0, &[]);
    let onto = ["analyse", "clip.mp4", "-o", "clip.mp4", "--no-camera", "--force"];
    desk.run(onto).expect(2, &["same file as the input"]);

    let redact = |input: &str, analysis: &str, more: &[&str]| {
        let args = ["redact", input, "-o", "out.mp4", "--analysis", analysis];
        let camera = if more.contains(&"--no-camera") { vec![] } else { vec!["--camera", "door.toml"] };
        desk.run(args.iter().chain(&camera).chain(more))
    };
    redact("clip.mp4", "a", &["--report", "r.json"]).expect(0, &["12 frames"]);
    let report = std::fs::read(desk.path("r.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_slice(&report).expect("JSON");
    assert_eq!((&report["passes"], &report["effort"]), (&2.into(), &"fast".into()));
    assert_eq!(report["analysis_sha256"], told["analysis_sha256"]);
    assert_eq!(view(&desk.path("out.mp4")).frames.len(), 12);
    std::fs::remove_file(desk.path("out.mp4")).expect("removed");
    std::fs::remove_file(desk.path("r.json")).expect("removed");

    // Whatever is another one than then is refused, and leaves nothing.
    let check = |input: &str, more: &[&str], said: &[&str]| {
        redact(input, "a", more).expect(2, said);
        assert_eq!(desk.names(), names);
    };
    check("other.mp4", &[], &["a is refused", "another clip", "melkglas analyse"]);
    check("clip.mp4", &["--no-camera"], &["camera file"]);
    check("clip.mp4", &["--effort", "thorough"], &["--effort fast"]);
    check("clip.mp4", &["--targets", "persons,faces,vehicles"], &["--targets persons,faces"]);
    check("clip.mp4", &["--passes", "2"], &["cannot be used with"]);
    std::fs::write(desk.path("door.toml"), DOOR.replace("0.75", "0.76")).expect("written");
    check("clip.mp4", &[], &["camera file", "analyse the clip again"]);
    std::fs::write(desk.path("door.toml"), DOOR).expect("written");
    let site = std::fs::read_to_string(desk.site()).expect("settings");
    std::fs::write(desk.site(), site.clone() + "[track]\nhold_s = 0.9\n").expect("written");
    check("clip.mp4", &[], &["track.hold_s was 0.8"]);
    std::fs::write(desk.site(), site.replace("128", "160")).expect("written");
    check("clip.mp4", &[], &["input_px was 128"]);
    std::fs::write(desk.site(), site).expect("written");
    let mut bytes = std::fs::read(desk.path("a")).expect("an analysis");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    std::fs::write(desk.path("a"), bytes).expect("written");
    redact("clip.mp4", "a", &[]).expect(3, &["a is refused", "damaged", "melkglas analyse"]);
    redact("clip.mp4", "none", &[]).expect(3, &["none is refused", "cannot be read"]);
    assert_eq!(desk.names(), names);
}

#[test]
fn a_window_is_rendered_within_the_analysed_one() {
    let desk = Desk::new();
    film::intruder(&desk.path("clip.mp4"), 20);
    let run = |args: &[&str]| desk.run(args.iter().chain(&["--no-camera"])).expect(0, &[]);
    run(&["analyse", "clip.mp4", "-o", "a", "--from", "0.5", "--to", "1.5"]);
    let redact = |from: &str, to: &str| {
        let window = ["--from", from, "--to", to, "--report", "r.json", "--force"];
        run(&[&["redact", "clip.mp4", "-o", "out.mp4", "--analysis", "a"][..], &window].concat());
        let report = std::fs::read(desk.path("r.json")).expect("a report");
        let report: serde_json::Value = serde_json::from_slice(&report).expect("JSON");
        let covered = report["frames"]["covered_by_reason"].clone();
        (report["frames"]["written"].clone(), covered)
    };
    assert_eq!(redact("0.7", "1.2"), (6.into(), serde_json::json!({})));
    // What was not analysed is covered: 0.3 and 0.4 s, and 1.6 s.
    assert_eq!(redact("0.3", "1.6"), (14.into(), serde_json::json!({ "not-analysed": 3 })));
}

#[test]
fn thorough_effort_goes_twice_and_so_does_who_asks() {
    let desk = Desk::new();
    film::intruder(&desk.path("clip.mp4"), 4);
    let passes = |more: &[&str]| {
        let args = ["redact", "clip.mp4", "-o", "out.mp4", "--no-camera", "--force", "--json"];
        let done = desk.run(args.iter().chain(more)).expect(0, &[]);
        let told: serde_json::Value = serde_json::from_str(&done.stdout).expect("one line of JSON");
        assert_eq!(told["frames"], 4);
        told["passes"].clone()
    };
    assert_eq!(passes(&[]), 1);
    assert_eq!(passes(&["--passes", "2"]), 2);
    assert_eq!(passes(&["--effort", "thorough"]), 2);
    assert_eq!(passes(&["--effort", "thorough", "--passes", "1"]), 1);
    assert_eq!(desk.names(), ["clip.mp4", "out.mp4"]);
    let rows: String = (1..=4).map(|n| format!("{n},7,40,60,48,64,1,1,1\n")).collect();
    std::fs::write(desk.path("gt.txt"), rows).expect("written");
    let args = ["evaluate", "clip.mp4", "--truth", "gt.txt", "--passes", "2", "--json"];
    let told: serde_json::Value =
        serde_json::from_str(&desk.run(args).expect(0, &[]).stdout).expect("one line of JSON");
    assert_eq!((&told["passes"], &told["figures"]["frames"]), (&2.into(), &4.into()));
}
