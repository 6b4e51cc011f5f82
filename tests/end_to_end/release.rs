//! Releases from outside: what is planted in a case is found nowhere but where it belongs, also after kills; what is not
//! allowed leaves nothing; and a case's clips in one batch.

use super::cases::{all_files, melkglas_today, office_with_second, state, told};
use super::eyes::view;
use super::film::{RAW, intruder};
use super::program::{DOOR, Desk, Ended};
use rustix::process::{Pid, Signal, kill_process};
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
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

impl Handled {
    fn new(clips: usize) -> Self {
        let desk = Desk::new();
        office_with_second(&desk, "woongroen", "");
        std::fs::write(desk.path("door.toml"), DOOR).expect("written");
        let today = melkglas_today();
        let (from, to) = (format!("{today}T00:10"), format!("{today}T00:30"));
        let motive = ["--cause", "insurance matter", "--purpose", "detection and prosecution of offences"];
        let open = ["case", "open", "insurer", "--received", &today, "--from", &from, "--to", &to];
        let asked = "organisation: Planted-Insurer\nname: Planted-Boer\nreasons: Planted-Damage\n";
        let number =
            told(&desk, &[&open[..], &motive].concat(), asked).expect(0, &[]).stdout.trim().to_owned();
        let mut piece = Vec::new();
        for clip in 0..clips {
            intruder(&desk.path("planted.mp4"), 6 + clip as u64);
            let bytes = std::fs::read(desk.path("planted.mp4")).expect("a clip");
            piece = bytes[bytes.len() / 2..bytes.len() / 2 + 48].to_vec();
            let times = ["--camera", "door", "--recorded-from", &from, "--recorded-to", &to];
            let add = [&["case", "add-clip", &number, "planted.mp4"], times.as_slice()].concat();
            told(&desk, &add, "").expect(0, &[]);
        }
        std::fs::remove_file(desk.path("planted.mp4")).expect("the original is dealt with");
        told(&desk, &["case", "identify", &number], "how: Planted-Card seen\n").expect(0, &[]);
        let weighed = "weighing: Planted-Weighing\n";
        told(&desk, &["case", "decide", &number, "--grant"], weighed).expect(0, &[]);
        Self { desk, number, piece }
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
        let mut command = case.desk.melkglas(case.copy());
        command
            .env("MELKGLAS_STATE", state(&case.desk))
            .env("TMPDIR", case.desk.site().with_file_name("temp"));
        let start = Instant::now();
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started");
        while start.elapsed() < after && child.try_wait().expect("a child").is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        // The machine may be less busy than before: then it has ended by itself, and is timed anew.
        let _ = kill_process(Pid::from_child(&child), Signal::KILL);
        if child.wait().expect("ended").signal() == Some(9) {
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
