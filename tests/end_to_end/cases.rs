//! Cases from outside: footage is read within a case or burned through, whatever the policy; and nothing of a clip at rest
//! lies about in the clear.

use super::eyes::view;
use super::film::intruder;
use super::program::{DOOR, Desk, Ended, ended, mode};
use melkglas::casework::audit::Account;
use melkglas::casework::case::SiteKey;
use melkglas::config::{LivePolicy, Policy, PolicyName};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Gives the desk an office with this policy.
fn office(desk: &Desk, policy: &str) {
    office_with_second(desk, policy, "");
}

/// The same, with a colleague, and with a passphrase on the key where the policy asks for a second factor.
pub(crate) fn office_with_second(desk: &Desk, policy: &str, passphrase: &str) {
    let root = desk.folder().parent().expect("a root").to_owned();
    let account = Account::of_this_process().login.expect("the tests run under an account");
    let key = root.join("site.key");
    let second_factor = matches!(policy, "leystromen" | "default");
    let locked = (second_factor && !passphrase.is_empty()).then(|| passphrase.to_owned().into());
    SiteKey::generate().write(&key, locked).expect("a key");
    let place = if second_factor { "key_protected" } else { "key_file" };
    let old = std::fs::read_to_string(desk.site()).expect("settings");
    let text = format!(
        "policy = \"{policy}\"\n{old}[cases]\nfolder = \"{}\"\n{place} = \"{}\"\n[[user]]\naccount = \"{account}\"\n\
         name = \"B. Visser\"\nroles = [\"privacy-officer\"]\nsecrecy_signed = 2026-01-12\n[[user]]\naccount = \"c.bos\"\n\
         name = \"C. Bos\"\nroles = [\"handler\"]\nsecrecy_signed = 2026-01-12\n",
        root.join("cases").display(),
        key.display()
    );
    std::fs::write(desk.site(), text).expect("written");
}

pub(crate) fn state(desk: &Desk) -> PathBuf {
    desk.site().with_file_name("state")
}

/// Runs the program with these lines on stdin.
pub(crate) fn told(desk: &Desk, args: &[&str], lines: &str) -> Ended {
    let temp = desk.site().with_file_name("temp");
    std::fs::create_dir_all(&temp).expect("made");
    let mut command = desk.melkglas(args);
    command.env("MELKGLAS_STATE", state(desk)).env("TMPDIR", &temp);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("started");
    // A run that needs no words has ended before they are written.
    let _ = child.stdin.take().expect("a pipe").write_all(lines.as_bytes());
    let output = child.wait_with_output().expect("ended");
    let left = super::job::names(&temp);
    assert!(left.is_empty(), "{left:?} lies in the temporary folder");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Every subcommand that reads footage, with what it needs besides.
const READERS: [&[&str]; 5] = [
    &["redact", "clip.mp4", "-o", "out.mp4", "--no-camera"],
    &["analyse", "clip.mp4", "-o", "clip.analysis", "--no-camera"],
    &["persons", "clip.mp4", "--no-camera", "--by", "B. Visser", "--reason", "a test"],
    &["doubts", "clip.mp4", "--no-camera", "--analysis", "clip.analysis", "--json"],
    &["evaluate", "clip.mp4", "--truth", "gt.txt"],
];

#[test]
fn every_subcommand_that_reads_footage_asks_for_a_case_under_every_policy() {
    for (word, name) in [
        ("woongroen", PolicyName::Woongroen),
        ("leystromen", PolicyName::Leystromen),
        ("mozaiek-wonen", PolicyName::MozaiekWonen),
        ("heuvelrug-wonen", PolicyName::HeuvelrugWonen),
        ("default", PolicyName::Default),
    ] {
        let desk = Desk::new();
        office(&desk, word);
        let policy = Policy::shipped(name).expect("sound");
        let article = policy.cite(&policy.purpose.causes.article);
        for reader in READERS {
            let run = |more: &[&str]| told(&desk, &[reader, more].concat(), "");
            run(&[]).expect(6, &["within a case only", &article]);
            let bare = ["persons", "doubts"].contains(&reader[0]);
            if bare {
                run(&["--trial"]).expect(6, &["not shown unmasked for a trial", &article]);
            }
            // A case that does not exist; where the key has a passphrase there is no terminal to ask for it.
            let (code, said) = match word {
                "leystromen" | "default" => (2, "MELKGLAS_ASKPASS"),
                _ => (2, "there is no case 2026-0099"),
            };
            let in_case = [&[reader[0], "1"], &reader[2..], &["--case", "2026-0099"]].concat();
            let folder = in_case.iter().position(|arg| *arg == "-o").filter(|_| bare);
            assert_eq!(folder, None);
            told(&desk, &in_case, "").expect(code, &[said]);
        }
        // Clips of a folder belong to a case, and to nobody's folder.
        let batch = ["batch", "--clips", ".", "--out-dir", "masked", "--", "--no-camera"];
        told(&desk, &batch, "").expect(6, &["within a case only", &article, "melkglas batch CASE"]);
        // Live cameras are forbidden whatever else is said, or placed at most: nothing is recorded, for a case or for none.
        let live = policy.cite(&policy.purpose.live.article);
        let none: &[&str] = &[];
        let forbidden = policy.purpose.live.value == LivePolicy::Forbidden;
        for more in [none, &["--check"], &["--record", "rec"], &["--record", "rec", "--case", "2026-0001"]] {
            let args = [&["live", "--camera", "gone.toml"], more].concat();
            match (forbidden, more.contains(&"--record")) {
                (true, _) => told(&desk, &args, "").expect(6, &["not watched live", &live]),
                (false, true) => told(&desk, &args, "").expect(6, &["a placement is not recorded", &live]),
                (false, false) => told(&desk, &args, "").expect(3, &["gone.toml"]),
            };
        }
        assert_eq!(desk.names(), Vec::<String>::new(), "{word}: nothing was written");
    }
}

#[test]
fn a_trial_is_burned_through_in_every_frame() {
    let desk = Desk::new();
    office(&desk, "leystromen");
    intruder(&desk.path("clip.mp4"), 6);
    told(&desk, &["redact", "clip.mp4", "-o", "plain.mp4", "--no-camera"], "").expect(6, &[]);
    told(&desk, &["redact", "clip.mp4", "-o", "trial.mp4", "--no-camera", "--trial"], "").expect(0, &[]);
    let trial = view(&desk.path("trial.mp4"));
    assert_eq!(trial.frames.len(), 6);
    for (number, frame) in trial.frames.iter().enumerate() {
        for third in 0..3 {
            let rows = trial.height * third / 3..trial.height * (third + 1) / 3;
            let bytes = &frame[rows.start * trial.width * 3..rows.end * trial.width * 3];
            let white = bytes.chunks(3).filter(|pixel| pixel.iter().all(|v| *v > 200)).count();
            assert!(white > 200, "frame {number}, third {third}: {white} white pixels");
        }
    }
}

pub(crate) fn all_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { all_files(&path, into) } else { into.push(path) }
    }
}

#[test]
fn a_case_is_handled_and_nothing_of_it_lies_about_in_the_clear() {
    let desk = Desk::new();
    office(&desk, "woongroen");
    intruder(&desk.path("planted-name.mp4"), 6);
    let clip = std::fs::read(desk.path("planted-name.mp4")).expect("a clip");
    let today = melkglas_today();
    let (from, to) = (format!("{today}T00:10"), format!("{today}T00:30"));
    let asked = "name: Planted-Bakker\naddress: Planted-Street 1\ntelephone: 030-5551234\n\
                 email: planted@example.org\nreasons: Planted-Bicycle\n";
    let open = ["case", "open", "access", "--received", &today, "--from", &from, "--to", &to];
    told(&desk, &open, "").expect(2, &["name, address, telephone, email, reasons are missing"]);
    let number = told(&desk, &open, asked).expect(0, &["secured", "next: melkglas case add-clip"]);
    let number = number.stdout.trim().to_owned();
    let case = |args: &[&str], lines: &str| told(&desk, &[args, &["--case", &number]].concat(), lines);
    let on_it =
        |act: &str, more: &[&str], lines: &str| told(&desk, &[&["case", act, &number], more].concat(), lines);
    let times = ["--recorded-from", &from, "--recorded-to", &to];
    on_it("add-clip", &[&["gone.mp4"], times.as_slice()].concat(), "")
        .expect(4, &["name a clip that is there"]);
    on_it("add-clip", &[&["planted-name.mp4"], times.as_slice()].concat(), "").expect(0, &["clip 1"]);
    std::fs::remove_file(desk.path("planted-name.mp4")).expect("the original is dealt with");

    let analyse = ["analyse", "1", "-o", "a.analysis", "--no-camera"];
    case(&analyse, "").expect(6, &["not established who asks", "Woongroen, art. 6"]);
    on_it("identify", &[], "").expect(2, &["how is missing", "`how: ...`"]);
    on_it("identify", &[], "who: Planted\n").expect(2, &["line 1 of stdin", "known: how"]);
    on_it("identify", &[], "how: Planted-Passport seen\n").expect(0, &["next: melkglas case decide"]);
    case(&analyse, "").expect(0, &["kept a.analysis"]);
    let render =
        ["redact", "1", "-o", "r.mp4", "--report", "r.json", "--analysis", "a.analysis", "--no-camera"];
    case(&render, "").expect(0, &["kept r.mp4", "kept r.json"]);
    for out in ["../out.mp4", "/tmp/out.mp4"] {
        case(&["redact", "1", "-o", out, "--no-camera"], "").expect(2, &["leads out of the case"]);
    }
    case(&["redact", "planted-name.mp4", "-o", "r.mp4", "--no-camera"], "")
        .expect(2, &["no number of a clip"]);
    case(&["redact", "2", "-o", "r.mp4", "--no-camera"], "").expect(2, &["no clip 2"]);

    let not_here = ["persons", "1", "--no-camera", "--by", "A. Jansen", "--reason", "a test"];
    case(&not_here, "").expect(6, &["B. Visser is at this desk, and not A. Jansen"]);
    on_it("close", &["--originals-dealt-with"], "")
        .expect(6, &["not decided", "Woongroen, art. 6", "--withdrawn"]);
    on_it("decide", &["--grant", "--requester-seen"], "").expect(6, &["weighed", "Woongroen, art. 6"]);
    let listed = told(&desk, &["case", "list"], "").expect(0, &[]).stdout;
    assert!(listed.contains("3 working days left"), "{listed}");
    on_it("decide", &["--refuse", "others-rights"], "words: Planted-Words\n")
        .expect(0, &["refused", "info@woongroen.nl", "Autoriteit Persoonsgegevens"]);
    let shown = on_it("show", &[], "").expect(0, &[]).stdout;
    for words in ["Planted-Bakker", "Planted-Words", "planted-name.mp4", "add-clip clip 1 by B. Visser"] {
        assert!(shown.contains(words), "{words} is missing in {shown}");
    }
    on_it("close", &[], "").expect(2, &["originals may still lie"]);
    on_it("close", &["--originals-dealt-with"], "").expect(0, &["closed"]);
    on_it("close", &["--originals-dealt-with"], "").expect(6, &["cannot be closed again", "house rule"]);
    let due = told(&desk, &["retention", "run", "--dry-run"], "").expect(0, &[]).stdout;
    assert_eq!(due, "", "nothing is due for thirty days");
    ended(desk.melkglas(["audit", "verify"]).env("MELKGLAS_STATE", state(&desk))).expect(0, &[]);

    // The masked clip of the case, its report and its analysis lie encrypted, and nothing is left in the folder.
    assert_eq!(desk.names(), Vec::<String>::new());
    let mut files = Vec::new();
    all_files(desk.folder().parent().expect("a root"), &mut files);
    let piece = &clip[clip.len() / 2..clip.len() / 2 + 48];
    for path in &files {
        let bytes = std::fs::read(path).expect("a file");
        let has = |wanted: &[u8]| bytes.windows(wanted.len()).any(|window| window == wanted);
        for planted in [b"Planted".as_slice(), b"planted", b"030-5551234", b"ftyp", piece] {
            assert!(!has(planted), "{} betrays {:?}", path.display(), String::from_utf8_lossy(planted));
        }
        let cases = path.to_string_lossy().contains("/cases/");
        assert!(!cases || mode(path) == 0o600, "{}", path.display());
    }
    assert!(files.iter().filter(|path| path.extension().is_some_and(|e| e == "age")).count() == 4);
}

/// Under a policy a camera is set up by whom it allows, on record, and its still says what it is.
#[test]
fn a_camera_is_set_up_by_staff_and_on_record() {
    let desk = Desk::new();
    office(&desk, "heuvelrug-wonen");
    intruder(&desk.path("clip.mp4"), 6);
    std::fs::write(desk.path("door.toml"), DOOR).expect("written");
    let new = ["camera", "new", "hall", "--from", "clip.mp4", "-o", "hall.toml", "--picture", "grid.png"];
    let check = ["camera", "check", "door.toml", "--on", "clip.mp4", "--picture", "zones.png"];
    let site = std::fs::read_to_string(desk.site()).expect("settings");
    for (role, said) in [("administrator", "may not do this"), ("viewer", "may not do this")] {
        std::fs::write(desk.site(), site.replacen("privacy-officer", role, 1)).expect("written");
        for command in [new.as_slice(), &check] {
            told(&desk, command, "").expect(6, &[said, "Heuvelrug Wonen, rule 8"]);
        }
    }
    std::fs::write(desk.site(), site.replacen("secrecy_signed = 2026-01-12\n", "", 1)).expect("written");
    told(&desk, &new, "").expect(6, &["signed no statement of secrecy"]);
    assert_eq!(desk.names(), ["clip.mp4", "door.toml"]);
    std::fs::write(desk.site(), site.replacen("privacy-officer", "housing-manager", 1)).expect("written");
    told(&desk, &new, "").expect(0, &["wrote hall.toml"]);
    told(&desk, &check, "").expect(0, &["wrote zones.png"]);
    let shown = told(&desk, &["audit", "show"], "").expect(0, &[]).stdout;
    assert_eq!(shown.matches("camera-set-up").count(), 2, "{shown}");
    assert!(shown.contains("B. Visser") && !shown.contains("clip.mp4"), "{shown}");
    // Words along both edges; without a policy nobody is asked, and there are none.
    let white = || {
        let still = image::open(desk.path("grid.png")).expect("a picture").into_rgb8();
        let count = |rows: std::ops::Range<u32>| {
            let of_edge = still.enumerate_pixels().filter(|(_, y, _)| rows.contains(y));
            of_edge.filter(|(_, _, pixel)| pixel.0.iter().all(|v| *v > 180)).count()
        };
        [count(0..still.height() / 8), count(still.height() * 7 / 8..still.height())]
    };
    let marked = white();
    let free = site.split("[cases]").next().expect("a part").replace("policy =", "# policy =");
    std::fs::write(desk.site(), free).expect("written");
    told(&desk, &[&new[..], &["--force"]].concat(), "").expect(0, &[]);
    let plain = white();
    assert!((0..2).all(|edge| marked[edge] > plain[edge] + 20), "{marked:?}, {plain:?}");
}

/// Where a protocol does not forbid it, a camera is placed live: by staff, for a reason, on record, and marked.
#[test]
fn a_camera_is_placed_live_by_staff_and_on_record() {
    let desk = Desk::new();
    office(&desk, "woongroen");
    intruder(&desk.path("clip.mp4"), 100);
    let live = "live = \"masked\"\n[stream]\nclip = \"clip.mp4\"\n";
    std::fs::write(desk.path("door.toml"), DOOR.replacen("[[zone]]", &format!("{live}[[zone]]"), 1))
        .expect("written");
    let check = ["live", "--check", "--camera", "door.toml", "--stills", "."];
    let with = |more: &[&str]| told(&desk, &[&check, more].concat(), "");
    // More than a placement it is not, whatever the camera file allows; a dry run shows what the camera sees, too.
    with(&[]).expect(2, &["needs a name and a reason"]);
    with(&["--by", "C. Bos", "--reason", "placing it"])
        .expect(6, &["B. Visser is at this desk, and not C. Bos"]);
    with(&["--reason", "placing it", "--publish", "rtsp://0.0.0.0:0"])
        .expect(6, &["in the clear", "--certificate", "Woongroen"]);
    let site = std::fs::read_to_string(desk.site()).expect("settings");
    std::fs::write(desk.site(), site.replacen("privacy-officer", "administrator", 1)).expect("written");
    with(&["--reason", "placing it"]).expect(6, &["may not do this"]);
    assert_eq!(desk.names(), ["clip.mp4", "door.toml"]);
    std::fs::write(desk.site(), site.replacen("privacy-officer", "housing-manager", 1)).expect("written");
    with(&["--reason", "placing it"]).expect(0, &[]);
    let shown = told(&desk, &["audit", "show"], "").expect(0, &[]).stdout;
    assert!(shown.contains("live-placement") && shown.contains("B. Visser"), "{shown}");
    // NOT RELEASED stands along both edges.
    let still = image::open(desk.path("door.jpg")).expect("a still").into_rgb8();
    for rows in [0..still.height() / 8, still.height() * 7 / 8..still.height()] {
        let of_edge = still.enumerate_pixels().filter(|(_, y, _)| rows.contains(y));
        let white = of_edge.filter(|(_, _, pixel)| pixel.0.iter().all(|v| *v > 180)).count();
        assert!(white > 20, "{rows:?}: {white} white pixels");
    }
    // A check that shows nothing is not on record as one that did.
    std::fs::write(desk.path("clip.mp4"), "no film").expect("written");
    with(&["--reason", "placing it"]).expect(4, &[]);
    let shown = told(&desk, &["audit", "show"], "").expect(0, &[]).stdout;
    assert!(shown.contains("failed"), "{shown}");
    // A way in the clear is refused where pictures travel encrypted.
    let plain = "live = \"masked\"\n[stream]\nurl = \"rtsp://127.0.0.1:9/\"\ntransport = \"any\"\n";
    std::fs::write(desk.path("door.toml"), DOOR.replacen("[[zone]]", &format!("{plain}[[zone]]"), 1))
        .expect("written");
    with(&["--reason", "placing it"]).expect(6, &["allows a way in the clear"]);
}

/// Staff see what their protocol asks before they ask anybody anything.
#[test]
fn the_rules_of_a_protocol_are_told_with_their_articles() {
    let desk = Desk::new();
    office(&desk, "heuvelrug-wonen");
    let all = told(&desk, &["case", "rules"], "").expect(0, &[]).stdout;
    let line = |text: &str, start: &str| {
        let found = text.lines().find(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("{start} is missing in {text}")).to_owned()
    };
    assert!(
        line(&all, "insurer").contains("no such cases") && line(&all, "insurer").contains("rule 5"),
        "{all}"
    );
    let kept = line(&all, "footage is kept");
    assert!(kept.contains("Heuvelrug Wonen, rule 4") && kept.ends_with('7'), "{all}");
    let erasure = told(&desk, &["case", "rules", "erasure"], "").expect(0, &[]).stdout;
    assert!(line(&erasure, "decided within").contains("2 weeks"), "{erasure}");
    assert!(line(&erasure, "asked of them").contains("name, address, email"), "{erasure}");
    told(&desk, &["case", "rules", "insurer"], "").expect(6, &["rule 5", "report it to the police"]);
    let json = told(&desk, &["case", "rules", "access", "--json"], "").expect(0, &[]).stdout;
    assert!(
        json.contains(r#"{"article":"Heuvelrug Wonen, rule 9","rule":"kind of case","value":"access"}"#),
        "{json}"
    );
}

/// Today as the program counts it.
pub(crate) fn melkglas_today() -> String {
    melkglas::casework::case::today().to_string()
}
