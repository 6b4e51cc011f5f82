//! Whatever is done to a log is found.

use super::tests::{done, place, reason, reveal};
use super::*;
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The files of a log of five acts, one of them unfinished, and its exports: whole, head alone, both after three acts.
struct Sample {
    _root: tempfile::TempDir,
    place: Place,
    log: Vec<u8>,
}

fn exported(place: &Place, extent: Extent, name: &str) -> PathBuf {
    let path = place.dir().with_file_name(name);
    let mut file = std::fs::File::create(&path).expect("created");
    export(place, extent, &mut file).expect("read").expect("sound");
    path
}

static SAMPLE: LazyLock<Sample> = LazyLock::new(|| {
    let (root, place) = place();
    let log = AuditLog::open(&place, &[]).expect("open");
    for i in 0..5 {
        let open = log.begin(reveal(), &reason()).expect("recorded");
        if i != 1 {
            open.complete(done()).expect("recorded");
        }
        if i == 2 {
            exported(&place, Extent::Entries, "entries");
            exported(&place, Extent::Head, "head");
        }
    }
    let log = std::fs::read(place.log()).expect("a log");
    Sample { _root: root, place, log }
});

impl Sample {
    fn lines(&self) -> Vec<Vec<u8>> {
        self.log.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect()
    }

    /// What is found of the same log with other entries.
    fn with(&self, log: &[u8], against: Option<&str>) -> Findings {
        let (_root, copy) = self.copy();
        std::fs::write(copy.log(), log).expect("written");
        self.verify(&copy, against)
    }

    fn copy(&self) -> (tempfile::TempDir, Place) {
        let (root, copy) = place();
        copy.make().expect("made");
        for entry in std::fs::read_dir(self.place.dir()).expect("a folder") {
            let from = entry.expect("an entry").path();
            std::fs::copy(&from, copy.dir().join(from.file_name().expect("a name"))).expect("copied");
        }
        (root, copy)
    }

    fn verify(&self, place: &Place, against: Option<&str>) -> Findings {
        let path = |name| self.place.dir().with_file_name(name);
        let export = against.map(|name| Exported::open(&path(name)).expect("an export"));
        verify(place, export.as_ref()).expect("a log")
    }
}

#[test]
fn entries_that_are_gone_altogether_are_missed() {
    let (_root, copy) = SAMPLE.copy();
    std::fs::remove_file(copy.log()).expect("gone");
    assert!(matches!(verify(&copy, None), Err(AuditError::Gone(path)) if path == copy.log()));
}

#[test]
fn an_untouched_log_has_no_fault() {
    for against in [None, Some("entries"), Some("head")] {
        let findings = SAMPLE.with(&SAMPLE.log, against);
        assert_eq!(
            (findings.entries, findings.unfinished, findings.faults),
            (9, vec![3], vec![]),
            "{against:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_byte_is_found(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut log = SAMPLE.log.clone();
        let at = at.index(log.len());
        prop_assume!(log[at] != to);
        log[at] = to;
        let line = 1 + SAMPLE.log[..at].iter().filter(|b| **b == b'\n').count() as u64;
        let faults = SAMPLE.with(&log, None).faults;
        let named = faults.iter().any(|fault| match fault {
            Fault::NoEntry { line: named } | Fault::Changed { line: named, .. }
            | Fault::NotSigned { line: named, .. } => *named == line,
            // The end of the last line.
            Fault::Cut { first, .. } => *first == line,
            _ => false,
        });
        prop_assert!(named, "line {line}: {faults:?}");
    }

    #[test]
    fn a_line_taken_out_is_named(which in 0_usize..9) {
        let mut lines = SAMPLE.lines();
        lines.remove(which);
        let faults = SAMPLE.with(&lines.concat(), None).faults;
        let gone = which as u64 + 1;
        let fault = if gone == 9 {
            Fault::Cut { first: 9, last: 9, witness: "signed head" }
        } else {
            Fault::Missing { first: gone, last: gone }
        };
        prop_assert!(faults.contains(&fault), "{faults:?}");
    }

    #[test]
    fn lines_that_change_places_are_named(a in 0_usize..9, b in 0_usize..9) {
        prop_assume!(a != b);
        let mut lines = SAMPLE.lines();
        lines.swap(a, b);
        let faults = SAMPLE.with(&lines.concat(), None).faults;
        let earlier = a.min(b) as u64 + 1;
        let named = |fault: &Fault| matches!(fault, Fault::Moved { entry, .. } if *entry == earlier);
        prop_assert!(faults.iter().any(named), "{faults:?}");
    }

    #[test]
    fn a_doubled_line_is_named(which in 0_usize..9, to in 0_usize..=9) {
        let mut lines = SAMPLE.lines();
        lines.insert(to, lines[which].clone());
        let faults = SAMPLE.with(&lines.concat(), None).faults;
        let moved = faults.iter().any(|fault| matches!(fault, Fault::Moved { .. }));
        prop_assert!(moved, "{faults:?}");
    }

    #[test]
    fn a_cut_end_is_found(keep in any::<prop::sample::Index>()) {
        let keep = keep.index(SAMPLE.log.len());
        let faults = SAMPLE.with(&SAMPLE.log[..keep], None).faults;
        let whole = SAMPLE.log[..keep].iter().filter(|b| **b == b'\n').count() as u64;
        let cut = Fault::Cut { first: whole + 1, last: 9, witness: "signed head" };
        prop_assert!(faults.contains(&cut), "{faults:?}");
    }
}

/// Writes the log anew with its own keys: some lines kept, then acts added.
fn rewritten(keep: usize, acts: usize) -> (tempfile::TempDir, Place) {
    let (root, copy) = SAMPLE.copy();
    let keys = keys::Keys::load(&copy).expect("keys");
    std::fs::write(copy.log(), SAMPLE.lines()[..keep].concat()).expect("written");
    let file = std::fs::File::open(copy.log()).expect("there");
    let to = chain::Followed::START.on(&file).expect("read").expect("sound").to;
    Head::new(to.entries, to.last, &keys).store(&copy, &keys).expect("stored");
    let log = AuditLog::open(&copy, &[]).expect("open");
    for _ in 0..acts {
        log.begin(reveal(), &reason()).expect("recorded").complete(Outcome::Failed).expect("recorded");
    }
    (root, copy)
}

#[test]
fn who_has_the_keys_is_found_out_by_an_export() {
    // Five entries were exported.
    for against in ["entries", "head"] {
        let (_root, copy) = rewritten(4, 0);
        assert_eq!(SAMPLE.verify(&copy, None).faults, [], "by itself it cannot be seen");
        assert_eq!(
            SAMPLE.verify(&copy, Some(against)).faults,
            [Fault::Cut { first: 5, last: 5, witness: "export" }]
        );
        let (_root, copy) = rewritten(4, 3);
        assert_eq!(SAMPLE.verify(&copy, None).faults, []);
        assert_eq!(
            SAMPLE.verify(&copy, Some(against)).faults,
            [Fault::Differs { entry: 5, witness: "export" }]
        );
        let (_root, copy) = rewritten(5, 1);
        assert_eq!(SAMPLE.verify(&copy, Some(against)).faults, [], "what was exported is still there");
    }
    // With all entries at hand the first that differs is named, with the head alone the last that was exported.
    let (_root, copy) = rewritten(2, 3);
    assert_eq!(
        SAMPLE.verify(&copy, Some("entries")).faults,
        [Fault::Differs { entry: 3, witness: "export" }]
    );
    assert_eq!(SAMPLE.verify(&copy, Some("head")).faults, [Fault::Differs { entry: 5, witness: "export" }]);
}

#[test]
fn another_log_is_told_by_its_key() {
    let (_root, other) = place();
    let log = AuditLog::open(&other, &[]).expect("open");
    for _ in 0..3 {
        log.begin(reveal(), &reason()).expect("recorded").complete(done()).expect("recorded");
    }
    assert!(SAMPLE.verify(&other, Some("head")).faults.contains(&Fault::OtherKey));
    // Its entries under this log's key and head, and its key under this log's entries.
    let theirs = std::fs::read(other.log()).expect("a log");
    let faults = SAMPLE.with(&theirs, None).faults;
    assert!(faults.contains(&Fault::NotSigned { line: 1, entry: 1 }), "{faults:?}");
    let (_root, copy) = SAMPLE.copy();
    std::fs::copy(other.dir().join("audit.key"), copy.dir().join("audit.key")).expect("copied");
    assert!(SAMPLE.verify(&copy, None).faults.contains(&Fault::HeadNotSigned));
}

#[test]
fn an_entry_added_with_the_right_hashes_and_no_key_is_found() {
    let (_root, forger) = place();
    AuditLog::open(&forger, &[]).expect("open");
    let keys = keys::Keys::load(&forger).expect("keys");
    let last = SAMPLE.with(&SAMPLE.log, None).last;
    let event = Event::Recovered { bytes: 1 };
    let entry = Entry { version: AUDIT_VERSION, entry: 10, at: UtcTime::now(), previous: last, event };
    let log = [SAMPLE.log.clone(), entry.seal(&keys).0.into_bytes()].concat();
    let faults = SAMPLE.with(&log, None).faults;
    assert!(faults.contains(&Fault::NotSigned { line: 10, entry: 10 }), "{faults:?}");
    let (_root, copy) = SAMPLE.copy();
    std::fs::write(copy.log(), &log).expect("written");
    assert!(matches!(AuditLog::open(&copy, &[]), Err(AuditError::Broken(_))), "and not taken for a crash");
}

#[test]
fn a_head_that_is_gone_changed_or_old_is_found() {
    let check = |change: &dyn Fn(&Path), fault: Fault| {
        let (_root, copy) = SAMPLE.copy();
        change(&copy.dir().join("audit.head"));
        assert_eq!(SAMPLE.verify(&copy, None).faults, [fault]);
        AuditLog::open(&copy, &[]).expect_err("nothing is added");
    };
    check(&|head| std::fs::remove_file(head).expect("removed"), Fault::NoHead);
    let changed = |head: &Path| {
        let text = std::fs::read_to_string(head).expect("a head").replace("\"entries\":9", "\"entries\":8");
        std::fs::write(head, text).expect("written");
    };
    check(&changed, Fault::HeadNotSigned);
    let old = |head: &Path| {
        let export = std::fs::read(SAMPLE.place.dir().with_file_name("head")).expect("an export");
        std::fs::write(head, export).expect("written");
    };
    check(&old, Fault::Added { first: 6, last: 9 });
}

#[test]
fn a_log_without_its_key_is_vouched_for_by_an_export_only() {
    let (_root, copy) = SAMPLE.copy();
    std::fs::remove_file(copy.dir().join("audit.key")).expect("removed");
    assert_eq!(SAMPLE.verify(&copy, None).faults, [Fault::NoKey]);
    assert_eq!(SAMPLE.verify(&copy, Some("head")).faults, []);
}

#[test]
fn an_export_that_was_changed_is_refused() {
    let path = |name: &str| SAMPLE.place.dir().with_file_name(name);
    let whole = std::fs::read(path("entries")).expect("an export");
    let line_ends: Vec<usize> = (0..whole.len()).filter(|i| whole[*i] == b'\n').collect();
    let mut spoilt: Vec<Vec<u8>> = vec![Vec::new(), b"x\n".to_vec(), SAMPLE.log.clone()];
    // One entry less, and a torn one.
    spoilt.push(whole[..=line_ends[4]].to_vec());
    spoilt.push(whole[..whole.len() - 9].to_vec());
    for at in [20, line_ends[0] + 30, line_ends[2] + 30, whole.len() - 150] {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        spoilt.push(bytes);
    }
    let (root, _) = place();
    for bytes in spoilt {
        let file = root.path().join("spoilt");
        std::fs::write(&file, &bytes).expect("written");
        let opened = Exported::open(&file);
        assert!(matches!(opened, Err(AuditError::NoExport(_))), "{}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn a_log_that_was_changed_is_not_exported() {
    let (_root, copy) = SAMPLE.copy();
    std::fs::write(copy.log(), SAMPLE.lines()[1..].concat()).expect("written");
    let mut out = Vec::new();
    let refused = export(&copy, Extent::Entries, &mut out).expect("read").expect_err("not sound");
    assert!(refused.faults.contains(&Fault::Missing { first: 1, last: 1 }));
    assert!(out.is_empty());
}
