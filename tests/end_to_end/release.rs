//! Releases from outside: what is planted in a case is found nowhere but where it belongs, also after kills; what is not
//! allowed leaves nothing; and a case's clips in one batch.

use super::cases::{all_files, melkglas_today, office_with_second, state, told};
use super::eyes::view;
use super::film::{RAW, intruder};
use super::leftovers::shell;
use super::program::{DOOR, Desk, Ended, mode};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// A granted case of an insurer, with so many clips of an intruder behind a camera whose door hides all of it.
struct Handled {
    desk: Desk,
    number: String,
    /// A piece of the plain clip that is in no other file.
    piece: Vec<u8>,
}

const COPY: [&str; 3] = ["case", "release", "copy"];

/// Why an insurer's case is opened.
const INSURANCE: [&str; 4] =
    ["--cause", "insurance matter", "--purpose", "detection and prosecution of offences"];

/// A clip of an intruder.
fn film(frames: u64) -> Vec<u8> {
    let film = tempfile::NamedTempFile::with_suffix(".mp4").expect("a file");
    intruder(film.path(), frames);
    std::fs::read(film.path()).expect("a clip")
}

impl Handled {
    fn new(clips: usize) -> Self {
        let films: Vec<Vec<u8>> = (0..clips).map(|clip| film(6 + clip as u64)).collect();
        Self::with_clips("insurer", &INSURANCE, &films)
    }

    /// A case in which the police get the footage as it was recorded.
    fn of_the_police() -> Self {
        let motive =
            ["--cause", "request of the police", "--purpose", "detection and prosecution of offences"];
        Self::with_clips("police", &motive, &[film(6)])
    }

    fn with_clips(kind: &str, motive: &[&str], clips: &[Vec<u8>]) -> Self {
        let desk = Desk::new();
        office_with_second(&desk, "woongroen", "");
        std::fs::write(desk.path("door.toml"), DOOR).expect("written");
        let today = melkglas_today();
        let (from, to) = (format!("{today}T00:10"), format!("{today}T00:30"));
        let open = ["case", "open", kind, "--received", &today, "--from", &from, "--to", &to];
        let (why, decided) = match kind {
            "police" => ("ground: Planted-Damage\n", "ground: Planted-Weighing\n"),
            _ => ("reasons: Planted-Damage\n", "weighing: Planted-Weighing\n"),
        };
        let asked = format!("organisation: Planted-Insurer\nname: Planted-Boer\n{why}");
        let number =
            told(&desk, &[&open[..], motive].concat(), &asked).expect(0, &[]).stdout.trim().to_owned();
        let mut piece = Vec::new();
        for bytes in clips {
            std::fs::write(desk.path("planted.mp4"), bytes).expect("written");
            piece = bytes[bytes.len() / 2..bytes.len() / 2 + 48].to_vec();
            let times = ["--camera", "door", "--recorded-from", &from, "--recorded-to", &to];
            let add = [&["case", "add-clip", &number, "planted.mp4"], times.as_slice()].concat();
            told(&desk, &add, "").expect(0, &[]);
        }
        std::fs::remove_file(desk.path("planted.mp4")).expect("the original is dealt with");
        told(&desk, &["case", "identify", &number], "how: Planted-Card seen\n").expect(0, &[]);
        told(&desk, &["case", "decide", &number, "--grant"], decided).expect(0, &[]);
        Self { desk, number, piece }
    }

    /// Runs the program so long and kills it; whether it was still running then.
    fn killed(&self, args: &[&str], after: Duration) -> bool {
        let mut command = self.desk.melkglas(args);
        command
            .env("MELKGLAS_STATE", state(&self.desk))
            .env("TMPDIR", self.desk.site().with_file_name("temp"));
        let start = Instant::now();
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started");
        while start.elapsed() < after && child.try_wait().expect("a child").is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        let _ = kill_process(Pid::from_child(&child), Signal::KILL);
        child.wait().expect("ended").signal() == Some(9)
    }

    fn on_it(&self, act: &[&str], more: &[&str], lines: &str) -> Ended {
        told(&self.desk, &[act, &[self.number.as_str()], more].concat(), lines)
    }

    fn copy(&self) -> Vec<&str> {
        [&COPY[..], &[&self.number, "--to", "insurer", "--every", "4", "--", "--camera", "door.toml"]]
            .concat()
    }

    /// Looks through every file there is for what was planted: desk, settings, store, log, temporary folder, and the
    /// folders in memory.
    fn betrays_nothing(&self, when: &str) {
        let mut files = Vec::new();
        all_files(self.desk.folder().parent().expect("a root"), &mut files);
        for place in places_in_memory() {
            plain_files(&place, &mut files);
        }
        for path in files {
            // Another test's folder in memory may go while we look.
            let Ok(bytes) = std::fs::read(&path) else { continue };
            let has = |wanted: &[u8]| bytes.windows(wanted.len()).any(|window| window == wanted);
            for planted in [b"Planted-".as_slice(), b"planted.mp4", &self.piece] {
                let said = String::from_utf8_lossy(planted).into_owned();
                assert!(!has(planted), "{when}: {} betrays {said:?}", path.display());
            }
        }
    }
}

fn places_in_memory() -> Vec<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(|dir| PathBuf::from(dir).join("melkglas"));
    let own = format!("/dev/shm/melkglas-{}", rustix::process::geteuid().as_raw());
    runtime.into_iter().chain([PathBuf::from(own)]).collect()
}

/// Files below a folder, links left out.
fn plain_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => plain_files(&entry.path(), into),
            Ok(kind) if kind.is_file() => into.push(entry.path()),
            _ => {}
        }
    }
}

/// Unlocks a package; gives its files.
fn unpacked(package: &Path, passphrase: &str) -> Vec<(String, Vec<u8>)> {
    let file = std::fs::File::open(package).expect("a package");
    let mut archive = zip::ZipArchive::new(file).expect("a zip");
    let mut files = Vec::new();
    for i in 0..archive.len() {
        let mut entry = archive.by_index_decrypt(i, passphrase.as_bytes()).expect("the passphrase");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("whole");
        files.push((entry.name().expect("a name").into_owned(), bytes));
    }
    files
}

#[test]
fn what_is_planted_in_a_case_is_in_the_papers_and_the_masked_file_alone() {
    let case = Handled::new(1);
    let (number, desk) = (&case.number, &case.desk);
    let copy = case.copy();
    // Nothing before its time, and nothing beside the protocol.
    case.on_it(&["case", "release", "watch"], &[], "watched: yes\n").expect(6, &["house rule"]);
    case.on_it(&["case", "release", "view"], &["--", "--no-camera"], "").expect(6, &["no view"]);
    case.on_it(&["case", "release", "original"], &["--to", "insurer"], "").expect(6, &["no original"]);
    case.on_it(&COPY, &["--to", "police", "--", "--no-camera"], "").expect(6, &["police", "house rule"]);
    case.on_it(&COPY, &["--to", "insurer", "--", "--no-camera"], "").expect(2, &["filmed by camera door"]);
    for own in [["--style", "fill"], ["-o", "out.mp4"], ["--site", "site.toml"]] {
        let more = [&["--to", "insurer", "--", "--camera", "door.toml"], own.as_slice()].concat();
        case.on_it(&COPY, &more, "").expect(2, &["cannot be given to a release"]);
    }
    told(desk, &copy, "").expect(0, &["rendered clip 1"]);
    case.on_it(&["case", "release", "approve"], &[], "").expect(6, &["watched to its end first"]);
    case.on_it(&["case", "release", "hand-over"], &["--signed", "--out", "."], "")
        .expect(6, &["approved first"]);
    case.on_it(&["case", "release", "watch"], &[], "watched: no\n").expect(6, &["not watched to its end"]);
    case.on_it(&["case", "release", "watch"], &[], "watched: yes\n").expect(0, &["B. Visser watched 1 file"]);
    // A new rendering is a new file, which nobody watched.
    told(desk, &copy, "").expect(0, &[]);
    case.on_it(&["case", "release", "approve"], &[], "").expect(6, &["watched to its end first"]);
    case.on_it(&["case", "release", "watch"], &[], "watched: yes\n").expect(0, &[]);
    case.on_it(&["case", "release", "approve"], &[], "").expect(0, &[]);
    case.betrays_nothing("before it is handed over");
    case.on_it(&["case", "release", "hand-over"], &["--out", "."], "").expect(6, &["not signed", "art. 7"]);
    std::fs::create_dir(desk.path("stick")).expect("made");
    std::fs::write(desk.path("stick/other"), "x").expect("written");
    let hand = ["--signed", "--medium", "stick"];
    case.on_it(&["case", "release", "hand-over"], &hand, "").expect(6, &["not empty"]);
    std::fs::remove_file(desk.path("stick/other")).expect("gone");
    let handed = case.on_it(&["case", "release", "hand-over"], &hand, "").expect(0, &["kept nowhere"]);
    let passphrase = handed.stdout.lines().find_map(|line| line.strip_prefix("passphrase  ")).expect("shown");
    case.betrays_nothing("after it was handed over");
    let files = unpacked(&desk.path(format!("stick/{number}.zip")), passphrase);
    let named = |name: &str| &files.iter().find(|(known, _)| known == name).expect(name).1;
    std::fs::write(desk.path("footage.mp4"), named("footage.mp4")).expect("written");
    let seen = view(&desk.path("footage.mp4"));
    assert_eq!(seen.frames.len(), 6);
    assert!((0..6).all(|frame| seen.raw_pixels(frame) == 0), "{RAW:?} is seen");
    // The mark stands along both edges.
    for rows in [0..seen.height / 12, seen.height * 11 / 12..seen.height] {
        let bytes = &seen.frames[3][rows.start * seen.width * 3..rows.end * seen.width * 3];
        let white = bytes.chunks(3).filter(|pixel| pixel.iter().all(|v| *v > 180)).count();
        assert!(white > 100, "{white} white pixels");
    }
    let manifest = String::from_utf8(named("manifest.json").clone()).expect("text");
    assert!(manifest.contains("Planted-Insurer") && !manifest.contains("Visser"), "{manifest}");
    assert!(named("receipt.pdf").starts_with(b"%PDF"));
    let shown = told(desk, &["audit", "show", "--cases"], "").expect(0, &[]).stdout;
    for step in ["draft", "watch", "approve", "hand-over"] {
        assert!(shown.contains(step), "{step} is missing in {shown}");
    }
    assert!(!shown.contains("Planted"), "{shown}");
}

#[test]
fn a_finding_of_the_second_look_blocks_and_nothing_is_kept() {
    // The first look is a quick one at a small size, which misses people whom the second one finds.
    let desk = Desk::new();
    office_with_second(&desk, "woongroen", "");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::copy(root.join("samples/courtyard.mp4"), desk.path("clip.mp4")).expect("copied");
    let camera = root.join("pipelines/cameras/courtyard.toml");
    let today = melkglas_today();
    let at = |second: &str| format!("{today}T10:00:{second}");
    let (from, to) = (at("16"), at("17"));
    let open = ["case", "open", "insurer", "--received", &today, "--from", &from, "--to", &to];
    let asked = "organisation: Z\nname: B\nreasons: d\n";
    let number =
        told(&desk, &[&open[..], &INSURANCE].concat(), asked).expect(0, &[]).stdout.trim().to_owned();
    let (begins, ends) = (at("00"), at("20"));
    let add = ["case", "add-clip", &number, "clip.mp4", "--camera", "courtyard"];
    told(&desk, &[&add[..], &["--recorded-from", &begins, "--recorded-to", &ends]].concat(), "")
        .expect(0, &[]);
    told(&desk, &["case", "identify", &number], "how: card\n").expect(0, &[]);
    told(&desk, &["case", "decide", &number, "--grant"], "weighing: w\n").expect(0, &[]);
    let camera = camera.to_string_lossy();
    let copy = [&COPY[..], &[&number, "--to", "insurer", "--every", "2", "--", "--camera", &camera]].concat();
    let blocked = told(&desk, &copy, "").expect(6, &["second look at clip 1 found something", "--cover"]);
    assert!(blocked.stdout.contains("BLOCKED") && blocked.stdout.contains("look at"), "{blocked:?}");
    for act in ["watch", "approve"] {
        told(&desk, &["case", "release", act, &number], "watched: yes\n").expect(6, &["house rule"]);
    }
    let mut files = Vec::new();
    all_files(&desk.site().with_file_name("cases"), &mut files);
    assert_eq!(
        files.iter().filter(|path| path.extension().is_some_and(|e| e == "age")).count(),
        1,
        "{files:?}"
    );
}

/// How often a release is killed.
const KILLS: u32 = 10;

#[test]
fn killed_at_ten_moments_a_release_betrays_nothing_and_can_be_made_again() {
    let case = Handled::new(1);
    let start = Instant::now();
    told(&case.desk, &case.copy(), "").expect(0, &["rendered clip 1"]);
    let mut whole = start.elapsed();
    let (mut killed, mut too_late) = (0, 0);
    while killed < KILLS && too_late < KILLS {
        let after = whole * (killed + 1) / (KILLS + 1);
        let start = Instant::now();
        // The machine may be less busy than before: then it has ended by itself, and is timed anew.
        if case.killed(&case.copy(), after) {
            killed += 1;
        } else {
            too_late += 1;
            whole = whole.min(start.elapsed());
        }
        case.betrays_nothing(&format!("killed after {after:?}"));
        // Rendered or not, nobody watched it.
        case.on_it(&["case", "release", "approve"], &[], "").expect(6, &[]);
    }
    assert!(killed >= 3, "only {killed} were killed");
    told(&case.desk, &case.copy(), "").expect(0, &["rendered clip 1"]);
    case.on_it(&["case", "release", "watch"], &[], "watched: yes\n").expect(0, &[]);
    told(&case.desk, &["audit", "verify"], "").expect(0, &[]);
    // What the killed ones left of files goes with the next run.
    case.on_it(&["case", "close"], &["--originals-dealt-with"], "").expect(0, &["erased"]);
    case.betrays_nothing("closed");
}

/// Kills handing over at ten moments. Whatever stood on the medium then, a medium that is empty again is enough to go on.
fn kill_while_handing_over(case: &Handled, place: &str, key: &[&str]) {
    let folder = case.desk.path("stick");
    let fresh = || {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).expect("made");
    };
    let act = ["case", "release", "hand-over", &case.number, "--signed", "--second", "c.bos", place, "stick"];
    let act = [&act[..], key].concat();
    fresh();
    let start = Instant::now();
    told(&case.desk, &act, "").expect(0, &[]);
    let whole = start.elapsed();
    for kill in 1..=KILLS {
        fresh();
        let after = whole * kill / (KILLS + 1);
        case.killed(&act, after);
        case.betrays_nothing(&format!("handed over, killed after {after:?}"));
        for name in super::job::names(&folder) {
            let hidden = name.starts_with(".melkglas-") && mode(&folder.join(&name)) == 0o600;
            assert!(hidden || name.starts_with(&case.number), "{name} is left after {after:?}");
        }
        // What has its name is whole; what has none goes with the next try.
        let names = super::job::names(&folder);
        if names.iter().all(|name| name.starts_with('.')) {
            let whole = told(&case.desk, &act, "").expect(0, &[]);
            assert_eq!(super::job::names(&folder).len(), 1, "{whole:?}");
        } else {
            let answer = case.desk.run(["verify", &format!("stick/{}", names[0])]);
            assert!(
                matches!(answer.code, Some(0 | 2)) && !answer.stdout.contains("Not in order"),
                "{answer:?}"
            );
        }
    }
    // What lay half-made in the case store goes with a run that ends.
    fresh();
    told(&case.desk, &act, "").expect(0, &[]);
    let store = super::job::names(&case.desk.site().with_file_name("cases"));
    assert!(!store.iter().any(|name| name.ends_with(".partial")), "{store:?}");
    told(&case.desk, &["audit", "verify"], "").expect(0, &[]);
}

#[test]
fn killed_at_ten_moments_handing_over_betrays_nothing_and_can_be_done_again() {
    let case = Handled::new(1);
    told(&case.desk, &case.copy(), "").expect(0, &[]);
    case.on_it(&["case", "release", "watch"], &[], "watched: yes\n").expect(0, &[]);
    case.on_it(&["case", "release", "approve"], &[], "").expect(0, &[]);
    kill_while_handing_over(&case, "--medium", &[]);
}

#[test]
fn killed_at_ten_moments_an_original_leaves_nothing_in_the_clear() {
    let case = Handled::of_the_police();
    case.on_it(&["case", "release", "original"], &["--to", "police"], "").expect(0, &["set aside"]);
    // Nobody has to see it again for this.
    let player = ["--player", "true"];
    case.on_it(&["case", "release", "watch"], &player, "watched: yes\n").expect(0, &[]);
    case.on_it(&["case", "release", "approve"], &[], "").expect(0, &[]);
    let key = ["--key", "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"];
    kill_while_handing_over(&case, "--out", &key);
}

#[test]
fn a_package_that_cannot_be_written_takes_the_others_with_it() {
    let case = Handled::with_clips("insurer", &INSURANCE, &[film(4), film(60)]);
    told(&case.desk, &case.copy(), "").expect(0, &["rendered clip 2"]);
    case.on_it(&["case", "release", "watch"], &[], "watched: yes\n").expect(0, &[]);
    case.on_it(&["case", "release", "approve"], &[], "").expect(0, &[]);
    let receipt = case.desk.path("receipt.pdf");
    let paper = ["case", "paper", &case.number, "receipt", "--out", "receipt.pdf"];
    told(&case.desk, &paper, "").expect(0, &["wrote receipt.pdf"]);
    std::fs::remove_file(receipt).expect("signed and gone");
    // The second one does not fit: files may have so many bytes here.
    let (number, act) = (&case.number, ["case", "release", "hand-over"]);
    std::fs::create_dir(case.desk.path("out")).expect("made");
    let hand = ["--signed", "--out", "out"];
    case.on_it(&act, &["--signed", "--out", "gone"], "").expect(2, &["gone is no folder"]);
    case.on_it(&act, &hand, "").expect(0, &[]);
    case.on_it(&act, &hand, "").expect(2, &["exists already", "another folder"]);
    let sizes = [1, 2].map(|clip| {
        let path = case.desk.path(format!("out/{number}-{clip}.zip"));
        let size = std::fs::metadata(&path).expect("a package").len();
        std::fs::remove_file(path).expect("gone");
        size
    });
    let blocks = sizes[0] / 512 + 2;
    assert!(blocks * 512 < sizes[1], "{sizes:?}: the second clip is longer");
    let script = format!(
        "trap '' XFSZ; ulimit -f {blocks}; MELKGLAS_STATE='{}' exec \"$PROGRAM\" case release hand-over {number} {}",
        state(&case.desk).display(),
        hand.join(" ")
    );
    let ended = shell(&case.desk, &[], &script);
    assert_eq!(ended.code, Some(5), "{ended:?}");
    assert!(!ended.stdout.contains("passphrase"), "{ended:?}");
    assert_eq!(super::job::names(&case.desk.path("out")), [""; 0], "{ended:?}");
    case.on_it(&act, &hand, "").expect(0, &["kept nowhere"]);
}

#[test]
fn ten_clips_in_a_batch_are_killed_and_resumed_and_the_broken_ones_named() {
    let mut clips: Vec<Vec<u8>> = (4..12).map(film).collect();
    clips.insert(3, b"no clip at all\n".repeat(100));
    let cut = film(8);
    clips.push(cut[..cut.len() / 3].to_vec());
    let case = Handled::with_clips("insurer", &INSURANCE, &clips);
    let batch = ["batch", &case.number, "--to", "insurer", "--json", "--", "--camera", "door.toml"];
    let mut command = case.desk.melkglas(batch);
    command.env("MELKGLAS_STATE", state(&case.desk)).stderr(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.process_group(0).spawn().expect("started");
    let talk = std::io::BufReader::new(child.stderr.take().expect("a pipe"));
    let ended = talk.lines().map_while(Result::ok).filter(|line| line.starts_with("clip ")).take(4).count();
    rustix::process::kill_process_group(Pid::from_child(&child), Signal::KILL).expect("killed");
    child.wait().expect("ended");
    assert_eq!(ended, 4);
    // One of the four is broken, and one that was at its end may be finished all the same.
    let second = told(&case.desk, &batch, "").expect(7, &["4: FAILED", "10: FAILED", "2 failed"]);
    let summary: serde_json::Value = serde_json::from_str(&second.stdout).expect("JSON");
    let state_of = |n: usize| summary["clips"][n - 1]["state"].as_str().expect("a word").to_owned();
    let kept: Vec<usize> = (1..=10).filter(|n| state_of(*n) == "kept").collect();
    assert!((3..=5).contains(&kept.len()), "{kept:?}");
    assert_eq!((1..=10).filter(|n| state_of(*n) == "done").count() + kept.len(), 8, "{summary}");
    let shown = told(&case.desk, &["case", "show", &case.number], "").expect(0, &[]).stdout;
    for clip in kept {
        let drafts = shown.lines().filter(|line| line.contains(&format!("  draft clip {clip} by "))).count();
        assert_eq!(drafts, 1, "clip {clip} was rendered again: {shown}");
    }
    case.betrays_nothing("after a batch that was killed");
}

#[test]
fn a_batch_of_a_case_is_resumed_and_leaves_nothing_of_a_clip_that_failed() {
    let case = Handled::new(2);
    let batch = ["batch", &case.number, "--to", "insurer", "--json", "--", "--camera", "door.toml"];
    let first = told(&case.desk, &batch, "").expect(0, &["2 done"]);
    assert!(first.stdout.contains("\"done\": 2"), "{first:?}");
    told(&case.desk, &batch, "").expect(0, &["2 kept"]);
    case.betrays_nothing("after a batch");
    // Other options are another release; a camera file that is not there fails every clip, and nothing can be watched.
    let bad = ["batch", &case.number, "--to", "insurer", "--", "--camera", "gone.toml"];
    told(&case.desk, &bad, "").expect(7, &["FAILED", "2 failed"]);
    let laid = case.on_it(&["case", "release", "watch"], &[], "watched: yes\n").expect(0, &["summary.html"]);
    assert!(laid.stderr.contains("clip 1 lies at") && laid.stderr.contains("clip 2 lies at"), "{laid:?}");
    told(&case.desk, &["batch", &case.number, "--to", "police", "--", "--no-camera"], "")
        .expect(6, &["police"]);
}
