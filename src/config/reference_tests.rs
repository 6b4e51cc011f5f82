//! References: read, bound to their files, and written into camera files.

use super::super::tests::{camera, check};
use super::super::{CameraText, NotPlain};
use super::*;
use jiff::civil::date;
use proptest::prelude::*;
use std::collections::BTreeMap;

const HASH: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const HEAD: &str = "# The entrance.\nschema = 1\nid = \"entrance-3\"\ndescription = \"d\"\n\
                    frame = { width = 768, height = 576 }\n";

fn one(keys: &str) -> String {
    format!("{HEAD}\n[[reference]]\nfile = \"a.png\"\nsha256 = \"{HASH}\"\ntaken = 2026-01-31\n{keys}")
}

fn reference(letter: char) -> Reference {
    Reference {
        still: Pinned { file: format!("{letter}.png").into(), sha256: letter.to_string().repeat(64) },
        taken: Taken::When("a week in \"March\"".into()),
        light: Light::Infrared,
        approval: None,
        spread: Some(Pinned { file: "s/spread.png".into(), sha256: "0".repeat(64) }),
    }
}

fn approval(despite: Option<&str>) -> Approval {
    Approval {
        by: "J. de Vries \\ \"privacy\"".into(),
        on: date(2026, 2, 1),
        despite: despite.map(str::to_owned),
    }
}

/// A folder with a camera file in it.
fn folder(text: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("entrance-3.toml");
    std::fs::write(&path, text).expect("written");
    (dir, path)
}

#[test]
fn references_are_read() {
    let plain = camera(&one("light = \"day\"\n")).expect("sound").references;
    assert_eq!(plain.len(), 1);
    assert_eq!((plain[0].light, &plain[0].taken), (Light::Day, &Taken::On(date(2026, 1, 31))));
    assert_eq!((&plain[0].approval, &plain[0].spread), (&None, &None));
    let keys = "light = \"night\"\napproved_by = \"K\"\napproved_on = 2026-02-01\ndespite = \"a coat\"\n";
    let found = camera(&one(keys)).expect("sound").references[0].approval.clone().expect("approved");
    assert_eq!((found.by.as_str(), found.on), ("K", date(2026, 2, 1)));
    assert_eq!(found.despite.as_deref(), Some("a coat"));
}

#[test]
fn every_fault_of_references_is_shown() {
    let text = format!(
        "{HEAD}[[reference]]\nfile = \"../a.png\"\nsha256 = \"ABC\"\ntaken = 3\nlight = \"dusk\"\napproved_by = \" \"\n\
         [[reference]]\nfile = \"/etc/a.png\"\nsha256 = \"{HASH}\"\ntaken = \"\"\nlight = \"day\"\ndespite = \"x\"\n\
         [[reference]]\nfile = \"a.jpg\"\nlight = \"day\"\nspread = \"s.png\"\nlihgt = 1\n"
    );
    check(
        &camera(&text).expect_err("faults"),
        &[
            "6:1 key `approved_on` is missing in `reference 1` | [[reference]] | write approved_on = 2026-01-31, or let \
             `melkglas camera approve` write it",
            "7:8 `reference 1.file` leaves the camera file's folder | \"../a.png\" | put the still beside the camera \
             file, and name it from there",
            "8:10 `reference 1.sha256` is no SHA-256 | \"ABC\" | write what sha256sum prints for the file",
            "9:9 `reference 1.taken` must be a date | 3 | write the day alone, without quotes: taken = 2026-01-31",
            "10:9 `reference 1.light` cannot be \"dusk\" | \"dusk\" | write one of day, night, infrared",
            "11:15 `reference 1.approved_by` is empty | \" \" | write who looked at the still",
            "12:1 key `approved_by` is missing in `reference 2` | [[reference]] | write approved_by and approved_on, or \
             let `melkglas camera approve` write it",
            "13:8 `reference 2.file` leaves the camera file's folder | \"/etc/a.png\" | put the still beside the camera \
             file, and name it from there",
            "15:9 `reference 2.taken` is empty | \"\" | write when it was filmed, or the day alone: taken = 2026-01-31",
            "18:1 `spread` and `spread_sha256` go together, and `reference 3` has one of them | [[reference]] | write \
             both, or neither",
            "18:1 key `sha256` is missing in `reference 3` | [[reference]] | write sha256 = \"...\", the file's SHA-256",
            "18:1 key `taken` is missing in `reference 3` | [[reference]] | write taken = 2026-01-31, the day that it \
             was filmed",
            "19:8 `reference 3.file` is no PNG by its name | \"a.jpg\" | name the PNG that `melkglas camera learn` wrote",
            "22:1 unknown key `lihgt` | lihgt | remove it; known in `reference 3`: file, sha256, taken, light, \
             approved_by, approved_on, despite, spread, spread_sha256",
        ],
    );
    let table = one("light = \"day\"\n");
    let twice = table.clone() + "\n" + &table[table.find("[[reference]]").expect("a table")..];
    let error = camera(&twice).expect_err("twice");
    assert_eq!(error.faults[0].message, "two references are the same picture");
    let many: String = (0..17)
        .map(|i| one("light = \"day\"\n").replace(HEAD, "").replace(HASH, &format!("{i:064x}")))
        .collect();
    let error = camera(&(HEAD.to_owned() + &many)).expect_err("many");
    assert!(error.faults[0].message.contains("at most 16"), "{}", error.faults[0].message);
}

#[test]
fn a_still_is_read_only_where_it_is_the_one_that_was_meant() {
    let sha256 = sha256_hex(b"still");
    let spread = format!("light = \"day\"\nspread = \"s.png\"\nspread_sha256 = \"{sha256}\"\n");
    let (dir, path) = folder(&one(&spread).replace(HASH, &sha256));
    let camera = Camera::read(&path).expect("sound");
    let load = || {
        camera.load_references(&path).map_err(|error| {
            error.faults.iter().map(|fault| fault.message.clone()).collect::<Vec<_>>().join("; ")
        })
    };
    let error = load().expect_err("nothing there");
    assert!(error.contains("a.png cannot be read") && error.contains("s.png cannot be read"), "{error}");
    std::fs::write(dir.path().join("a.png"), b"still").expect("written");
    std::fs::write(dir.path().join("s.png"), b"another").expect("written");
    let error = load().expect_err("another spread");
    assert!(error.contains("s.png is another file") && !error.contains("a.png"), "{error}");
    std::fs::write(dir.path().join("s.png"), b"still").expect("written");
    let loaded = load().expect("both there");
    assert_eq!((loaded.len(), loaded[0].still.as_slice()), (1, b"still".as_slice()));
    assert_eq!(loaded[0].spread.as_deref(), Some(b"still".as_slice()));
    std::fs::remove_file(dir.path().join("a.png")).expect("removed");
    std::fs::create_dir(dir.path().join("a.png")).expect("made");
    assert!(load().expect_err("a folder").contains("is no file"));
}

#[test]
fn references_are_added_and_approved_and_comments_stay() {
    let zone = "# Never forget the door.\n[[zone]]\nkind = \"door\"\nlabel = \"12\"\n\
                polygon = [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2]] # all of it";
    let text = format!("{HEAD}\n{zone}");
    let (_dir, path) = folder(&text);
    let added = CameraText::read(&path)
        .expect("sound")
        .with_references(&[reference('a'), reference('b')])
        .expect("plain");
    assert!(added.starts_with(&format!("{text}\n\n[[reference]]\nfile = \"a.png\"\n")), "{added}");
    let middle = added
        .replace("[[reference]]\nfile = \"b.png\"", "# at night\n[[reference]]\nfile = \"b.png\"")
        + "\n# The overlay.\n[[overlay]]\nlabel = \"clock\"\npolygon = [[0.7, 0.9], [0.9, 0.9], [0.9, 0.95]]\n";
    std::fs::write(&path, &middle).expect("written");
    let text = CameraText::read(&path).expect("sound");
    assert_eq!(text.camera().references, [reference('a'), reference('b')]);
    for (index, despite) in [(0, None), (1, Some("the coat stand"))] {
        let approved = text.with_approvals(&BTreeMap::from([(index, approval(despite))])).expect("plain");
        std::fs::write(&path, &approved).expect("written");
        let after = Camera::read(&path).expect("sound");
        assert_eq!(after.references[index].approval, Some(approval(despite)));
        assert_eq!(after.references[1 - index].approval, None);
        // Lines were added, and none was changed.
        let kept =
            approved.lines().filter(|line| !line.starts_with("approved") && !line.starts_with("despite"));
        assert!(kept.eq(middle.lines()), "{approved}");
    }
}

#[test]
fn a_file_of_another_layout_is_left_alone() {
    let inline = format!(
        "{HEAD}reference = [{{ file = \"a.png\", sha256 = \"{HASH}\", taken = 2026-01-31, light = \"day\" }}]\n"
    );
    let (_dir, path) = folder(&inline);
    let text = CameraText::read(&path).expect("sound");
    assert_eq!(text.with_references(&[reference('b')]), Err(NotPlain(path.clone())));
    assert_eq!(text.with_approvals(&BTreeMap::from([(0, approval(None))])), Err(NotPlain(path.clone())));
    assert_eq!(text.with_approvals(&BTreeMap::from([(1, approval(None))])), Err(NotPlain(path)));
}

proptest! {
    /// Whatever staff write: it is read back as it was, or nothing is written.
    #[test]
    fn what_is_written_is_what_was_meant(by in "\\PC{1,20}", despite in proptest::option::of("\\PC{0,20}")) {
        let (_dir, path) = folder(&one("light = \"day\"\n"));
        let approval = Approval { by, on: date(2026, 2, 1), despite };
        let text = CameraText::read(&path).expect("sound");
        if let Ok(approved) = text.with_approvals(&BTreeMap::from([(0, approval.clone())])) {
            let after = Camera::parse(&path, &approved).expect("sound");
            prop_assert_eq!(&after.references[0].approval, &Some(approval.clone()));
        } else {
            let blank = |text: &str| text.trim().is_empty();
            prop_assert!(blank(&approval.by) || approval.despite.as_deref().is_some_and(blank));
        }
    }
}
