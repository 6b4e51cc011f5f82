//! The walks of `docs/walkthroughs.md`: each protocol's commands are taken from the page and run as they stand there.

use super::cases::{all_files, melkglas_today, office_with_second};
use super::program::{Desk, Ended, ended, mode};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is typed where a key has a passphrase.
const PASSPHRASE: &str = "correct horse battery";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The script of a section of the page.
fn script(section: &str) -> String {
    let page = std::fs::read_to_string(root().join("docs/walkthroughs.md")).expect("the page");
    let of_it = page.split("\n## ").find(|part| part.starts_with(&format!("{section}\n")));
    let of_it = of_it.unwrap_or_else(|| panic!("the page has no section {section}"));
    let blocks: Vec<&str> = of_it.split("```sh\n").skip(1).collect();
    assert_eq!(blocks.len(), 1, "{section}: one script");
    blocks[0].split("```").next().expect("an end").to_owned()
}

/// A desk with an office, the sample and its camera file.
fn desk(policy: &str) -> Desk {
    let desk = Desk::searching(640);
    let site = std::fs::read_to_string(desk.site()).expect("settings");
    std::fs::write(desk.site(), site.replace("fill_colour = \"00ff00\"\n", "")).expect("written");
    office_with_second(&desk, policy, PASSPHRASE);
    for folder in ["samples", "pipelines/cameras"] {
        std::fs::create_dir_all(desk.path(folder)).expect("made");
    }
    for file in ["samples/courtyard.mp4", "pipelines/cameras/courtyard.toml"] {
        std::fs::copy(root().join(file), desk.path(file)).expect("copied");
    }
    desk
}

/// Runs a section's script with the program in its path.
fn walk(desk: &Desk, section: &str) -> Ended {
    let place = desk.site().with_file_name("walk");
    let bin = Path::new(env!("CARGO_BIN_EXE_melkglas")).parent().expect("a folder");
    std::fs::create_dir_all(&place).expect("made");
    let askpass = place.join("askpass");
    std::fs::write(&askpass, format!("#!/bin/sh\necho '{PASSPHRASE}'\n")).expect("written");
    std::fs::set_permissions(&askpass, std::fs::Permissions::from_mode(0o700)).expect("set");
    // A player that notes what it was given.
    let player = place.join("mpv");
    std::fs::write(&player, "#!/bin/sh\necho \"$1 $(sha256sum < \"$1\")\" > \"$(dirname \"$0\")/played\"\n")
        .expect("written");
    std::fs::set_permissions(&player, std::fs::Permissions::from_mode(0o700)).expect("set");
    let usual = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{}:{usual}", place.display(), bin.display());
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", &script(section)]).current_dir(desk.folder());
    desk.settle(&mut bash);
    bash.env("PATH", path).env("MELKGLAS_STATE", desk.site().with_file_name("state"));
    bash.env("MELKGLAS_ASKPASS", askpass);
    ended(&mut bash)
}

/// What the script left in the folder beside what it found there.
fn left(desk: &Desk) -> Vec<String> {
    let mut files = Vec::new();
    all_files(&desk.folder(), &mut files);
    let name =
        |path: &PathBuf| path.strip_prefix(desk.folder()).expect("in it").to_string_lossy().into_owned();
    let mut names: Vec<String> = files.iter().map(name).collect();
    names.retain(|name| !name.starts_with("samples/") && !name.starts_with("pipelines/"));
    names.sort();
    names
}

fn papers_are_whole(desk: &Desk, names: &[&str]) {
    let out = std::env::var_os("MELKGLAS_TEST_PAPERS").map(PathBuf::from);
    for name in names {
        let bytes = std::fs::read(desk.path(name)).expect("a paper");
        assert!(bytes.starts_with(b"%PDF-1.") && bytes.len() > 5_000, "{name}");
        assert_eq!(mode(&desk.path(name)), 0o600, "{name}");
        if let Some(out) = &out {
            let policy = desk.folder().parent().expect("a root").file_name().expect("named").to_owned();
            std::fs::write(out.join(format!("{}-{name}", policy.to_string_lossy())), &bytes)
                .expect("written");
        }
    }
}

/// Nothing of what was rendered is left in the case, and so many clips.
fn closed(desk: &Desk, clips: usize) {
    let mut files = Vec::new();
    all_files(&desk.site().with_file_name("cases"), &mut files);
    let kept = files.iter().filter(|path| path.extension().is_some_and(|e| e == "age")).count();
    assert_eq!(kept, clips, "{files:?}");
}

#[test]
fn walkthrough_woongroen() {
    let desk = desk("woongroen");
    let walked = walk(&desk, "Woongroen").expect(0, &["watched 1 file(s)", "kept nowhere", "closed case"]);
    assert!(walked.stdout.contains("In orde: dit pakket is compleet en onveranderd"), "{walked:?}");
    assert!(walked.stdout.contains("Zeker Verzekerd N.V."), "{walked:?}");
    papers_are_whole(&desk, &["receipt.pdf"]);
    let zip = format!("outbox/{}-0001.zip", &melkglas_today()[..4]);
    assert_eq!(left(&desk), ["handed-over.txt", &zip, "passphrase.txt", "receipt.pdf"]);
    closed(&desk, 1);
    // One bit of the package changed anywhere is told.
    let mut bytes = std::fs::read(desk.path(&zip)).expect("a package");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    std::fs::write(desk.path("changed.zip"), bytes).expect("written");
    let verified = desk.run(["verify", "changed.zip", "--lang", "nl"]).expect(6, &[]);
    assert!(verified.stdout.starts_with("Niet in orde"), "{verified:?}");
}

#[test]
fn walkthrough_leystromen() {
    let desk = desk("leystromen");
    walk(&desk, "Leystromen").expect(0, &["shown at the office; no file was handed over", "closed case"]);
    papers_are_whole(&desk, &["decision.pdf", "statement.pdf"]);
    assert_eq!(left(&desk), ["decision.pdf", "statement.pdf"]);
    closed(&desk, 1);
}

#[test]
fn walkthrough_mozaiek_wonen() {
    let desk = desk("mozaiek-wonen");
    let said = ["the subject is shown in", "shown at the office; no file was handed over", "closed case"];
    walk(&desk, "Mozaiek Wonen").expect(0, &said);
    papers_are_whole(&desk, &["decision.pdf", "statement.pdf"]);
    assert_eq!(left(&desk), ["decision.pdf", "statement.pdf"]);
    closed(&desk, 1);
}

#[test]
fn walkthrough_heuvelrug_wonen() {
    let desk = desk("heuvelrug-wonen");
    let walked =
        walk(&desk, "Heuvelrug Wonen").expect(0, &["set aside as it was recorded", "its footage is erased"]);
    papers_are_whole(&desk, &["decision.pdf", "erased.pdf", "police.pdf", "receipt.pdf"]);
    let played = std::fs::read_to_string(desk.site().with_file_name("walk").join("played"));
    let source = std::fs::read(root().join("samples/courtyard.mp4")).expect("the sample");
    let expect = format!("/dev/stdin {}  -\n", melkglas::digest::sha256_hex(&source));
    assert_eq!(played.expect("it was played"), expect, "unmasked footage has no name");
    let names = left(&desk);
    assert!(names.iter().any(|name| name.starts_with("stick/") && name.ends_with("-0001.age")), "{names:?}");
    assert!(!walked.stdout.contains("passphrase"), "{walked:?}");
    // The footage of the police's case stays until its day; that of the erasure is gone.
    closed(&desk, 1);
}
