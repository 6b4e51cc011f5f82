//! Choosing somebody: crops are cut with an entry in the audit log only, lie in memory only, and go.

use super::film::{self, Film, H264, Picture, SIZE, steady};
use super::job::{Script, Setting, names, person, turn};
use super::program::{DOOR, Desk, Ended, ended, mode};
use image::RgbImage;
use melkglas::casework::HideEveryone;
use melkglas::casework::audit::{Act, ActKind, AuditLog, Hash256, Part, Place, ReasonCode, What};
use melkglas::config::{Camera, Site};
use melkglas::geometry::BoxPx;
use melkglas::interrupt::Interrupt;
use melkglas::share::ShareDirs;
use melkglas::video::analysis::{Analysis, Basis, write_analysis};
use melkglas::video::detect::OnnxFactory;
use melkglas::video::pipeline::{
    CropError, CropJob, FrameRecord, Job, Moment, Observer, Shot, analyse_clip, cut_crops,
};
use melkglas::video::sink::Container;
use melkglas::video::source::{Clip, Declared, Window};
use serde_json::Value;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

const FRAMES: u64 = 50;
const BLUE: [u8; 3] = [0, 0, 255];

/// Left edges of two people who pass each other in the middle of the clip: one is magenta, the other blue.
pub(crate) fn at(frame: u64) -> [f32; 2] {
    let gone = 4.0 * frame as f32;
    [40.0 + gone, 240.0 - gone]
}

/// A desk with such a clip and a folder in memory for this run alone.
pub(crate) struct Hall {
    pub(crate) desk: Desk,
    runtime: tempfile::TempDir,
}

struct Nothing;

impl Observer for Nothing {
    fn begin(&mut self, _: &Declared) {}

    fn frame(&mut self, _: &FrameRecord<'_>) -> io::Result<()> {
        Ok(())
    }
}

fn analysis(clip: &Path) -> Analysis {
    let setting = Setting::detecting(Script::new(|n, _| {
        Ok(at(n).into_iter().map(|x| person(x, 40.0, x + 30.0, 130.0)).collect())
    }));
    let job = Job {
        clip: Arc::new(Clip::open(clip).expect("a clip")),
        window: Window::WHOLE,
        site: setting.site.clone(),
        planner: Arc::new(HideEveryone::new(None, setting.site.mask.clone(), None)),
        detectors: Arc::clone(&setting.detectors),
        scene: None,
        container: Container::Mp4,
        accept_damaged: false,
        interrupt: Interrupt::default(),
    };
    let _turn = turn();
    analyse_clip(&job, &mut Nothing).expect("analysed").analysis
}

impl Hall {
    pub(crate) fn new(camera: Option<&str>) -> Self {
        Self::dressed(camera, [film::RAW, BLUE])
    }

    /// The same with two people in these colours.
    pub(crate) fn dressed(camera: Option<&str>, colours: [[u8; 3]; 2]) -> Self {
        let hall = Self { desk: Desk::new(), runtime: tempfile::tempdir_in("/dev/shm").expect("memory") };
        let clip = hall.desk.path("clip.mp4");
        let paint = |n: usize, picture: &mut Picture| {
            picture.grain(n);
            for (x, colour) in at(n as u64).into_iter().zip(colours) {
                picture.rect(x as usize, 40, 30, 90, colour);
            }
        };
        let through = format!("{H264} ! mp4mux");
        Film { size: SIZE, times_ms: steady(FRAMES), through: &through, paint: &paint, tags: None }
            .shoot(&clip);
        // As `melkglas analyse` would write it, had its networks found the two.
        let site = Site::read(&hall.desk.site()).expect("settings");
        let share = ShareDirs::find(None).expect("models");
        let models = OnnxFactory::open(&share, &site.detect).expect("loaded").models();
        let camera = camera.map(|text| {
            let path = hall.desk.path("door.toml");
            std::fs::write(&path, text).expect("written");
            Camera::read(&path).expect("a camera")
        });
        let analysis = analysis(&clip);
        let bytes = std::fs::metadata(&clip).expect("a clip").len();
        let source = (analysis.source_sha256().to_owned(), bytes);
        let basis = Basis::new(source, camera.as_ref(), "fast", (None, None), &models, &site);
        let file = std::fs::File::create(hall.desk.path("a")).expect("made");
        write_analysis(file, &basis, &analysis).expect("written");
        std::fs::create_dir(hall.tmp()).expect("made");
        hall
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.desk.site().with_file_name("state")
    }

    fn tmp(&self) -> PathBuf {
        self.desk.site().with_file_name("tmp")
    }

    fn command(&self, args: &[&str]) -> std::process::Command {
        let mut command = self.desk.melkglas(args);
        command.env("XDG_RUNTIME_DIR", self.runtime.path()).env("MELKGLAS_STATE", self.state());
        command.env("TMPDIR", self.tmp());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        ended(&mut self.command(args))
    }

    fn persons(&self, more: &[&str]) -> Ended {
        let args = ["persons", "clip.mp4", "--analysis", "a", "--json"];
        let camera = if more.contains(&"--camera") { vec![] } else { vec!["--no-camera"] };
        self.run(&[&args[..], &camera, more].concat())
    }

    fn doubts(&self, more: &[&str]) -> Ended {
        self.run(&[&["doubts", "clip.mp4", "--no-camera", "--analysis", "a"][..], more].concat())
    }

    pub(crate) fn acts(&self) -> Value {
        json(&self.run(&["audit", "show", "--json"]).expect(0, &[]).stdout)
    }

    /// Folders of runs.
    fn runs(&self) -> Vec<PathBuf> {
        let root = self.runtime.path().join("melkglas");
        if root.exists() { names(&root).iter().map(|name| root.join(name)).collect() } else { Vec::new() }
    }

    /// Nothing lies where it should not.
    fn expect_no_trace(&self) {
        assert_eq!(names(&self.tmp()), [""; 0]);
        let known = ["a", "clip.mp4", "door.toml"];
        assert!(
            self.desk.names().iter().all(|name| known.contains(&name.as_str())),
            "{:?}",
            self.desk.names()
        );
        if self.state().exists() {
            assert_eq!(names(&self.state()), ["audit.head", "audit.jsonl", "audit.key", "audit.secret"]);
        }
    }
}

impl Drop for Hall {
    fn drop(&mut self) {
        // What keeps the hour ends where there is nothing left to keep.
        self.run(&["clean"]);
    }
}

pub(crate) const BY: [&str; 4] = ["--by", "A. Jansen", "--reason", "mr Bakker wants to see himself"];

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// The pictures of a page.
fn pictures(page: &str) -> Vec<RgbImage> {
    let parts = page.split("data:image/jpeg;base64,").skip(1);
    parts
        .map(|part| {
            let text = part.split('"').next().expect("an end");
            image::load_from_memory(&unbase64(text)).expect("a picture").into_rgb8()
        })
        .collect()
}

/// RFC 4648, section 4, read by code of our own.
fn unbase64(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        c => panic!("{c} is no digit"),
    };
    let digits = text.trim_end_matches('=').bytes().map(digit);
    let bits: Vec<u8> = digits.flat_map(|d| (0..6).rev().map(move |place| d >> place & 1)).collect();
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |n, bit| n << 1 | bit)).collect()
}

/// Share of a picture in which one colour is far above another: `(1, 0)` is a green that has no red.
fn share(picture: &RgbImage, above: &[(usize, usize)]) -> f64 {
    let far = |p: &&image::Rgb<u8>| above.iter().all(|&(a, b)| i32::from(p.0[a]) > i32::from(p.0[b]) + 80);
    picture.pixels().filter(far).count() as f64 / f64::from(picture.width() * picture.height())
}

fn magenta(picture: &RgbImage) -> f64 {
    share(picture, &[(0, 1), (2, 1)])
}

fn blue(picture: &RgbImage) -> f64 {
    share(picture, &[(2, 0), (2, 1)])
}

fn green(picture: &RgbImage) -> f64 {
    share(picture, &[(1, 0), (1, 2)])
}

#[test]
fn everybody_is_shown_in_memory_and_in_the_log() {
    let hall = Hall::new(None);
    let done = hall.persons(&BY).expect(0, &["2 tracks", "melkglas clean", "entry 1"]);
    let told = json(&done.stdout);
    let [run] = hall.runs().try_into().expect("one run");
    assert_eq!(names(&run), ["persons.html", "persons.json"]);
    assert_eq!((mode(&run), mode(&run.join("persons.html"))), (0o700, 0o600));
    assert_eq!(mode(&run.join("persons.json")), 0o600);
    assert_eq!(told["sheet"], run.join("persons.html").to_str().expect("a plain name"));
    let list = std::fs::read_to_string(run.join("persons.json")).expect("read");
    assert_eq!(json(&list), told);
    hall.expect_no_trace();

    assert_eq!((&told["act"]["by"], &told["act"]["reason"]), (&BY[1].into(), &BY[3].into()));
    let persons = told["persons"].as_array().expect("a list");
    assert_eq!(persons.len(), 2);
    for (i, one) in persons.iter().enumerate() {
        let number = i + 1;
        assert_eq!((&one["track"], &one["keep"]), (&number.into(), &format!("track:{number}").into()));
        assert_eq!((&one["from_s"], &one["to_s"], &one["sure"]), (&0.0.into(), &4.9.into(), &true.into()));
        assert_eq!((&one["crossings"], &one["frames_seen"]), (&1.into(), &50.into()));
        assert_eq!(one["pictures"].as_array().expect("a list").len(), 4);
        let click = one["click"].as_str().expect("a click");
        let (time, place) = click.split_once('@').expect("a click");
        let (x, y) = place.split_once(',').expect("a place");
        let number = |text: &str| text.parse::<f32>().expect("a number");
        let left = at((number(time) * 10.0).round() as u64)[i];
        assert!((left..left + 30.0).contains(&number(x)) && (40.0..130.0).contains(&number(y)), "{click}");
    }
    // The crops show who was there, each where they are by themselves.
    let page = std::fs::read_to_string(run.join("persons.html")).expect("read");
    let crops = pictures(&page);
    assert_eq!(crops.len(), 8);
    for (i, crop) in crops.iter().enumerate() {
        let (own, other) = if i < 4 { (magenta(crop), blue(crop)) } else { (blue(crop), magenta(crop)) };
        assert!(own > 0.5 && other < 0.2, "{i}: {own} {other}");
    }
    for words in ["Spoor 1", "Track 2", "--keep track:1", "onafgedekt", "A. Jansen", "mr Bakker"] {
        assert!(page.contains(words), "{words}");
    }

    let acts = hall.acts();
    let act = &acts[0];
    assert_eq!(
        (acts.as_array().map(Vec::len), &act["opened"]["act"]["kind"]),
        (Some(1), &"persons-shown".into())
    );
    assert_eq!(act["opened"]["act"]["analysis"], told["source"]["analysis_sha256"]);
    let shown = &act["completed"]["outcome"]["done"];
    assert_eq!(shown["shown"].as_array().map(Vec::len), Some(2), "{act}");
    assert_eq!(shown["output"], Hash256::of(page.as_bytes()).to_string());
    assert!(!acts.to_string().contains("Bakker") && !acts.to_string().contains("clip.mp4"));

    // Whoever runs the tests may have a sheet of their own, which goes too.
    let cleaned = json(&hall.run(&["clean", "--json"]).expect(0, &["removed"]).stdout);
    assert!(cleaned["removed"].as_u64().is_some_and(|removed| removed >= 1), "{cleaned}");
    assert_eq!(cleaned["not_removed"], json("[]"));
    assert_eq!(hall.runs(), [""; 0].map(PathBuf::from));
    let again = json(&hall.run(&["clean", "--json"]).expect(0, &["nothing"]).stdout);
    assert_eq!(again["removed"], 0);
}

#[test]
fn nobody_is_shown_without_a_name_and_a_reason_or_on_a_disk() {
    let hall = Hall::new(None);
    for half in [&BY[..2], &BY[2..], &[]] {
        hall.persons(half).expect(2, &["--by NAME --reason TEXT"]);
    }
    hall.doubts(&BY[..2]).expect(2, &["--by NAME --reason TEXT"]);
    for wrong in [["--by", " "], ["--reason", ""], ["--by", "a/b"]] {
        hall.persons(&[&BY[..], &wrong].concat()).expect(2, &[]);
    }
    assert!(!hall.state().exists() && hall.runs().is_empty());
    let stat = rustix::fs::statfs(hall.desk.folder().as_path()).expect("a file system");
    if [0x0102_1994, 0x8584_58f6].contains(&(stat.f_type as u32)) {
        eprintln!("SKIPPED: the folder for temporary files lies in memory here");
    } else {
        for dir in ["new", "."] {
            hall.persons(&[&BY[..], &["-o", dir]].concat()).expect(6, &["memory", "leave -o out"]);
            hall.doubts(&[&BY[..], &["-o", dir]].concat()).expect(6, &["memory", "leave -o out"]);
        }
    }
    assert!(hall.runs().is_empty());
    hall.expect_no_trace();
    let here = hall.runtime.path().join("mine");
    let name = here.to_str().expect("a plain name");
    hall.persons(&[&BY[..], &["-o", name]].concat()).expect(0, &[name]);
    assert_eq!((names(&here).len(), mode(&here)), (2, 0o700));
    hall.persons(&[&BY[..], &["-o", name]].concat()).expect(2, &["not empty", "melkglas clean"]);
    hall.run(&["clean"]).expect(0, &["removed"]);
    assert!(!here.exists());
}

#[test]
fn what_cannot_be_recorded_does_not_happen() {
    let hall = Hall::new(None);
    let mut blocked =
        hall.command(&[&["persons", "clip.mp4", "--analysis", "a", "--no-camera"][..], &BY].concat());
    ended(blocked.env("MELKGLAS_STATE", hall.desk.site().join("state"))).expect(5, &["audit log"]);
    assert!(hall.runs().is_empty());
    let among = hall.desk.path("state");
    ended(blocked.env("MELKGLAS_STATE", among)).expect(2, &["folder of clips"]);
    assert!(hall.runs().is_empty());
    hall.expect_no_trace();
    // A log that somebody changed takes no entry.
    hall.persons(&BY).expect(0, &[]);
    hall.run(&["clean"]).expect(0, &[]);
    let log = hall.state().join("audit.jsonl");
    let text = std::fs::read_to_string(&log).expect("read");
    std::fs::write(&log, text.replace("A. Jansen", "B. Jansen")).expect("written");
    hall.persons(&BY).expect(6, &["was changed"]);
    hall.doubts(&BY).expect(6, &["was changed"]);
    assert!(hall.runs().is_empty());
}

#[test]
fn of_another_clip_nothing_is_about_to_be_shown() {
    let hall = Hall::new(None);
    let whole = std::fs::read(hall.desk.path("clip.mp4")).expect("read");
    std::fs::write(hall.desk.path("clip.mp4"), &whole[..whole.len() / 2]).expect("written");
    hall.persons(&BY).expect(2, &["another clip"]);
    assert!(hall.runs().is_empty());
    assert_eq!(hall.acts(), json("[]"));
    hall.expect_no_trace();
}

#[test]
fn a_failed_act_is_in_the_log_and_leaves_nothing() {
    let hall = Hall::new(None);
    let script = "mount -t tmpfs -o size=16k small \"$XDG_RUNTIME_DIR\" || exit 99
        \"$PROGRAM\" \"$@\"
        code=$?
        test -z \"$(ls -A \"$XDG_RUNTIME_DIR/melkglas\")\" || exit 98
        exit $code";
    let act = [&["persons", "clip.mp4", "--analysis", "a", "--no-camera"][..], &BY].concat();
    let shell = |wrapper: &[&str]| {
        let mut command = std::process::Command::new(wrapper[0]);
        command.args(&wrapper[1..]).args(["sh", "-c", script, "sh"]).args(&act);
        command.current_dir(hall.desk.folder());
        hall.desk.settle(&mut command);
        command.env("PROGRAM", env!("CARGO_BIN_EXE_melkglas")).env("XDG_RUNTIME_DIR", hall.runtime.path());
        ended(command.env("MELKGLAS_STATE", hall.state()).env("TMPDIR", hall.tmp()))
    };
    let wrappers: [&[&str]; 2] = [&["unshare", "-m"], &["unshare", "-rm"]];
    let Some(ended) = wrappers.into_iter().map(shell).find(|ended| ended.stderr.contains("melkglas")) else {
        eprintln!("SKIPPED: no small memory can be mounted here (unshare)");
        return;
    };
    ended.expect(5, &["persons.html"]);
    assert!(hall.runs().is_empty());
    let acts = hall.acts();
    assert_eq!(acts[0]["completed"]["outcome"], "failed", "{acts}");
    hall.expect_no_trace();
}

#[test]
fn private_regions_are_hidden_on_crops_too() {
    let hall = Hall::new(Some(DOOR));
    hall.persons(&[&BY[..], &["--camera", "door.toml"]].concat()).expect(0, &[]);
    let page = std::fs::read_to_string(hall.runs()[0].join("persons.html")).expect("read");
    let crops = pictures(&page);
    assert_eq!(crops.len(), 8);
    for crop in crops {
        // The door lies between rows 45 and 135, people between 40 and 130.
        assert!(
            green(&crop) > 0.7 && magenta(&crop) + blue(&crop) < 0.12,
            "{} {}",
            green(&crop),
            magenta(&crop)
        );
    }
}

#[test]
fn the_hour_is_kept_by_a_process_that_holds_nothing() {
    let hall = Hall::new(None);
    hall.persons(&BY).expect(0, &[]);
    let [run] = hall.runs().try_into().expect("one run");
    let keeper = || {
        let processes = std::fs::read_dir("/proc").expect("processes").flatten();
        processes.map(|entry| entry.path()).find(|process| {
            let line = std::fs::read(process.join("cmdline")).unwrap_or_default();
            let args: Vec<&[u8]> = line.split(|b| *b == 0).collect();
            args.contains(&run.as_os_str().as_encoded_bytes()) && args.contains(&b"3600".as_slice())
        })
    };
    let soon = |what: &dyn Fn() -> bool| {
        let end = Instant::now() + Duration::from_secs(20);
        while !what() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(50));
        }
        assert!(what(), "it takes too long");
    };
    soon(&|| keeper().is_some());
    let process = keeper().expect("it waits");
    let session = || {
        let stat = std::fs::read_to_string(process.join("stat")).unwrap_or_default();
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        fields.map(str::to_owned).nth(3).unwrap_or_default()
    };
    let number = process.file_name().expect("a number").to_string_lossy().into_owned();
    soon(&|| session() == number);
    // Its memory is closed to others; who may look all the same sees that it holds no file of the run. (What whoever
    // started the program left open for it is theirs, here that of tests beside this one.)
    if let Ok(open) = std::fs::read_dir(process.join("fd")) {
        let folders = [hall.runtime.path().to_owned(), hall.desk.folder(), hall.state()];
        for fd in open.flatten().filter_map(|fd| std::fs::read_link(fd.path()).ok()) {
            assert!(!folders.iter().any(|folder| fd.starts_with(folder)), "it holds {}", fd.display());
        }
        assert_eq!(std::fs::read_link(process.join("cwd")).ok(), Some("/".into()));
    }
    assert!(run.exists(), "the hour has not passed");
    hall.run(&["clean"]).expect(0, &["removed"]);
    soon(&|| keeper().is_none());

    // Another one, whose time is up.
    hall.persons(&BY).expect(0, &[]);
    let [run] = hall.runs().try_into().expect("one run");
    let entry = run.to_str().expect("a plain name");
    let waiting = hall.command(&["clean", "--only", entry, "--after", "1"]).stderr(Stdio::null()).spawn();
    let status = waiting.expect("started").wait().expect("ended");
    assert!(status.success() && !run.exists());
    let elsewhere = hall.desk.folder();
    let elsewhere = elsewhere.to_str().expect("a plain name");
    hall.run(&["clean", "--only", elsewhere, "--after", "0"]).expect(6, &[]);
    assert!(hall.desk.path("clip.mp4").exists());
}

#[test]
fn doubts_are_numbers_masked_frames_or_an_act() {
    let hall = Hall::new(None);
    let done = hall.doubts(&["--json"]).expect(0, &[]);
    let doubts = json(&done.stdout);
    let doubts = doubts.as_array().expect("a list");
    assert!(!doubts.is_empty(), "they pass each other");
    for doubt in doubts {
        let keys: Vec<_> = doubt.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["at_s", "candidates", "from_s", "to_s"]);
        let time = |key: &str| doubt[key].as_f64().expect("seconds");
        assert!(time("from_s") <= time("to_s") && (1.0..4.0).contains(&time("from_s")), "{doubt}");
        for candidate in doubt["candidates"].as_array().expect("a list") {
            assert!(candidate["track"].is_u64() && candidate["box_px"].as_array().map(Vec::len) == Some(4));
        }
    }
    assert!(!hall.state().exists() && hall.runs().is_empty(), "numbers are no act");
    hall.expect_no_trace();

    hall.doubts(&["-o", "out"]).expect(0, &["wrote out/doubts.html"]);
    assert_eq!(names(&hall.desk.path("out")), ["doubts.html", "doubts.json"]);
    let page = std::fs::read_to_string(hall.desk.path("out/doubts.html")).expect("read");
    let masked = pictures(&page);
    assert_eq!(masked.len(), doubts.len());
    for picture in &masked {
        assert!(magenta(picture) + blue(picture) < 0.01, "somebody is to be seen");
        assert!(green(picture) > 0.05, "masks are green here");
    }
    assert!(page.contains("--keep track:2") && !page.contains("onafgedekt"));
    hall.doubts(&["-o", "out"]).expect(2, &["exists already"]);
    hall.doubts(&["-o", "out", "--force"]).expect(0, &[]);
    assert!(!hall.state().exists(), "masked frames are no act");
    std::fs::remove_dir_all(hall.desk.path("out")).expect("removed");

    hall.doubts(&BY).expect(0, &["it shows people", "entry 1"]);
    let [run] = hall.runs().try_into().expect("one run");
    assert_eq!((names(&run).len(), mode(&run), mode(&run.join("doubts.html"))), (2, 0o700, 0o600));
    let page = std::fs::read_to_string(run.join("doubts.html")).expect("read");
    assert!(pictures(&page).iter().any(|crop| magenta(crop) > 0.4) && page.contains("onafgedekt"));
    let act = &hall.acts()[0];
    assert_eq!(act["opened"]["act"]["kind"], "doubts-shown");
    assert!(act["completed"]["outcome"]["done"]["output"].is_string(), "{act}");
    hall.expect_no_trace();
}

#[test]
fn crops_are_of_the_clip_and_the_kind_in_the_log_only() {
    let hall = Hall::new(None);
    let path = hall.desk.path("clip.mp4");
    let (clip, analysis, site) = (Clip::open(&path).expect("a clip"), analysis(&path), Site::default());
    let planner = HideEveryone::new(None, site.mask.clone(), None);
    let job = CropJob {
        clip: &clip,
        analysis: &analysis,
        planner: &planner,
        mask: &site.mask,
        limits: &site.limits,
        accept_damaged: false,
        interrupt: &Interrupt::default(),
    };
    let log = AuditLog::open(&Place::find(Some(&hall.state())).expect("a place"), &[]).expect("a log");
    let cut = |kind: ActKind, source: Hash256, what: What| {
        let act = Act {
            kind,
            by: "A. Jansen".parse().expect("a name"),
            reason: ReasonCode::Internal,
            source,
            camera: None,
            models: vec![],
            analysis: None,
            mode: None,
            risk_accepted: false,
            subject: vec![Part { what, from_ms: 0, to_ms: None, frames: None }],
        };
        let open = log.begin(act, &"a test".parse().expect("a reason")).expect("recorded");
        let moment = Moment { at_ns: 0, area: BoxPx::new(40.0, 40.0, 70.0, 130.0), weight: 1.0 };
        let _turn = turn();
        let warrant = open.receipt().warrant().expect("leave");
        cut_crops(&job, &[Shot { moments: vec![moment] }], &warrant)
            .map(|crops| crops.iter().flatten().count())
    };
    let own: Hash256 = analysis.source_sha256().parse().expect("a hash");
    assert_eq!(cut(ActKind::PersonsShown, own, What::Everyone).expect("allowed"), 1);
    for (kind, source, what) in [
        (ActKind::PersonsShown, Hash256::of(b"another clip"), What::Everyone),
        (ActKind::Reveal, own, What::Track(1)),
        (ActKind::ShowObject, own, What::Region([0, 0, 10, 10])),
    ] {
        assert!(matches!(cut(kind, source, what), Err(CropError::NotAllowed)), "{kind}");
    }
}
