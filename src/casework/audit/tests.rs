//! Writing: what stands in the file, who may use it, crashes, full disks, several writers.

use super::*;
use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// An act that a resident's request may lead to.
pub(in crate::casework) fn reveal() -> Act {
    Act {
        kind: ActKind::Reveal,
        by: "A. Jansen".parse().expect("a name"),
        reason: ReasonCode::AccessRequest,
        source: Hash256::of(b"the clip"),
        camera: None,
        models: vec![Hash256::of(b"a model")],
        analysis: Some(Hash256::of(b"the analysis")),
        mode: Some(Mode::Scene),
        risk_accepted: false,
        subject: vec![Part { what: What::Track(7), from_ms: 1200, to_ms: None, frames: None }],
    }
}

pub(in crate::casework) fn reason() -> ReasonText {
    "Mrs Bakker asks for clip.mp4".parse().expect("a reason")
}

/// A place for a log that is gone with the guard.
pub(in crate::casework) fn place() -> (tempfile::TempDir, Place) {
    let root = tempfile::tempdir().expect("a folder");
    let place = Place::find(Some(&root.path().join("state"))).expect("a place");
    (root, place)
}

pub(super) fn done() -> Outcome {
    Outcome::Done { shown: reveal().subject, output: Some(Hash256::of(b"the output")) }
}

fn text(place: &Place) -> String {
    std::fs::read_to_string(place.log()).expect("a log")
}

fn mode(path: &Path) -> u32 {
    path.metadata().expect("there").permissions().mode() & 0o777
}

fn faults(place: &Place) -> Vec<Fault> {
    verify(place, None).expect("a log").faults
}

#[test]
fn an_act_stands_on_the_disk_before_it_is_done() {
    let (_root, place) = place();
    let log = AuditLog::open(&place, &[]).expect("open");
    assert!(log.is_new());
    let open = log.begin(reveal(), &reason()).expect("recorded");
    assert_eq!(text(&place).lines().count(), 1, "before the act");
    let findings = verify(&place, None).expect("a log");
    assert_eq!((findings.unfinished, findings.faults), (vec![1], vec![]));
    let receipt = open.receipt();
    assert_eq!((receipt.entry(), receipt.kind(), receipt.source()), (1, ActKind::Reveal, reveal().source));
    assert_eq!(receipt.subject(), reveal().subject);
    let recorded = open.complete(done()).expect("recorded");
    assert_eq!((recorded.opened, recorded.completed), (1, 2));
    let findings = verify(&place, None).expect("a log");
    assert_eq!((findings.entries, findings.last), (2, recorded.sha256));
    assert_eq!((findings.unfinished, findings.faults), (vec![], vec![]));
    assert!(!AuditLog::open(&place, &[]).expect("open").is_new());

    let acts = recordings(&place).expect("a log");
    assert_eq!(acts[0].opened.act, reveal());
    assert_eq!(acts[0].completed.as_ref().map(|end| end.outcome.clone()), Some(done()));
    for name in ["Bakker", "clip.mp4", &*place.dir().to_string_lossy()] {
        assert!(!text(&place).contains(name), "{name}");
    }
    assert_eq!(mode(place.dir()), 0o700);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(place.dir()).expect("a folder") {
        let path = entry.expect("an entry").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        names.push(path.file_name().expect("a name").to_string_lossy().into_owned());
    }
    names.sort();
    assert_eq!(names, ["audit.head", "audit.jsonl", "audit.key", "audit.secret"]);
}

#[test]
fn an_act_that_is_dropped_stays_unfinished() {
    let (_root, place) = place();
    let log = AuditLog::open(&place, &[]).expect("open");
    drop(log.begin(reveal(), &reason()).expect("recorded"));
    log.begin(reveal(), &reason()).expect("recorded").complete(Outcome::Failed).expect("recorded");
    let findings = verify(&place, None).expect("a log");
    assert_eq!((findings.entries, findings.unfinished, findings.faults), (3, vec![1], vec![]));
    let ends: Vec<bool> =
        recordings(&place).expect("a log").iter().map(|act| act.completed.is_some()).collect();
    assert_eq!(ends, [false, true]);
}

#[test]
fn an_act_that_names_nothing_is_not_recorded() {
    let (_root, place) = place();
    let log = AuditLog::open(&place, &[]).expect("open");
    let act = Act { subject: vec![], ..reveal() };
    assert!(matches!(log.begin(act, &reason()), Err(AuditError::Act(_))));
    assert_eq!(text(&place), "");
}

#[test]
fn equal_reasons_have_equal_hashes_only_under_one_key() {
    let hash = |place: &Place, text: &str| {
        let log = AuditLog::open(place, &[]).expect("open");
        drop(log.begin(reveal(), &text.parse().expect("a reason")).expect("recorded"));
        recordings(place).expect("a log").pop().expect("an act").opened.reason_hmac
    };
    let ((_a, one), (_b, other)) = (place(), place());
    assert_eq!(hash(&one, "theft"), hash(&one, " theft "));
    assert_ne!(hash(&one, "theft"), hash(&one, "fire"));
    assert_ne!(hash(&one, "theft"), hash(&other, "theft"));
}

#[test]
fn what_a_crash_leaves_is_mended_and_nothing_else_is() {
    let (_root, place) = place();
    let log = AuditLog::open(&place, &[]).expect("open");
    let open = log.begin(reveal(), &reason()).expect("recorded");
    let head_before = std::fs::read(place.dir().join("audit.head")).expect("a head");
    open.complete(done()).expect("recorded");

    // Between the entry and the head.
    std::fs::write(place.dir().join("audit.head"), head_before).expect("written");
    assert_eq!(faults(&place), []);
    assert!(
        matches!(log.begin(reveal(), &reason()), Err(AuditError::Broken(_))),
        "who knew better is not fooled"
    );
    let log = AuditLog::open(&place, &[]).expect("mended");
    log.begin(reveal(), &reason()).expect("mended").complete(done()).expect("recorded");
    assert_eq!(faults(&place), []);

    // In the middle of an entry.
    let whole = text(&place);
    std::fs::write(place.log(), whole.clone() + "{\"version\":1,\"ent").expect("written");
    let findings = verify(&place, None).expect("a log");
    assert_eq!((findings.torn_bytes, findings.faults), (17, vec![]));
    let again = AuditLog::open(&place, &[]).expect("mended");
    again.begin(reveal(), &reason()).expect("recorded").complete(done()).expect("recorded");
    assert!(text(&place).contains("{\"recovered\":{\"bytes\":17}}"));
    assert_eq!(faults(&place), []);

    // The same with the last line's own end gone is no crash.
    let whole = text(&place);
    std::fs::write(place.log(), whole.trim_end()).expect("written");
    assert!(matches!(AuditLog::open(&place, &[]), Err(AuditError::Broken(_))));
    assert!(matches!(log.begin(reveal(), &reason()), Err(AuditError::Broken(_))));
    assert_eq!(text(&place), whole.trim_end(), "left as it is");
    assert!(!faults(&place).is_empty());
}

#[test]
fn without_its_keys_head_or_entries_nothing_is_added() {
    for name in ["audit.key", "audit.secret", "audit.head", "audit.jsonl"] {
        let (_root, place) = place();
        let log = AuditLog::open(&place, &[]).expect("open");
        log.begin(reveal(), &reason()).expect("recorded").complete(done()).expect("recorded");
        std::fs::remove_file(place.dir().join(name)).expect("removed");
        AuditLog::open(&place, &[]).expect_err(name);
        let keys_in_memory = matches!(name, "audit.key" | "audit.secret");
        assert_eq!(log.begin(reveal(), &reason()).is_ok(), keys_in_memory, "{name}");
    }
}

#[test]
fn what_others_can_reach_is_refused() {
    for (name, mode) in [("audit.jsonl", 0o640), ("audit.key", 0o604), ("audit.secret", 0o660), (".", 0o750)]
    {
        let (_root, place) = place();
        drop(AuditLog::open(&place, &[]).expect("open").begin(reveal(), &reason()).expect("recorded"));
        let path = place.dir().join(name);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("set");
        assert!(matches!(AuditLog::open(&place, &[]), Err(AuditError::NotPrivate { .. })), "{name}");
    }
    let (root, place) = place();
    drop(AuditLog::open(&place, &[]).expect("open"));
    std::fs::rename(place.log(), root.path().join("elsewhere")).expect("moved");
    std::os::unix::fs::symlink(root.path().join("elsewhere"), place.log()).expect("linked");
    AuditLog::open(&place, &[]).expect_err("a link");
}

#[test]
fn a_place_among_clips_is_refused_before_anything_is_made() {
    let (root, place) = place();
    let refused = AuditLog::open(&place, &[root.path()]);
    assert!(matches!(refused, Err(AuditError::AmongClips { .. })));
    assert!(!place.dir().exists());
}

#[test]
fn an_entry_that_cannot_be_written_stops_the_act() {
    let (_root, place) = place();
    let log = AuditLog::open(&place, &[]).expect("open");
    let open = log.begin(reveal(), &reason()).expect("recorded");
    let aside = place.dir().with_extension("aside");
    std::fs::rename(place.dir(), &aside).expect("moved");
    assert!(matches!(log.begin(reveal(), &reason()), Err(AuditError::Io { .. })));
    assert!(matches!(open.complete(done()), Err(AuditError::Io { .. })));
    std::fs::rename(&aside, place.dir()).expect("moved back");
    assert_eq!(verify(&place, None).expect("a log").unfinished, [1]);

    // A head that cannot be replaced: the entry stands alone, and the next time it is taken for what it is.
    let head = place.dir().join("audit.head");
    std::fs::rename(&head, &aside).expect("moved");
    std::fs::create_dir(&head).expect("made");
    log.begin(reveal(), &reason()).expect_err("no head to be read");
    std::fs::remove_dir(&head).expect("removed");
    std::fs::rename(&aside, &head).expect("moved back");
    log.begin(reveal(), &reason()).expect("recorded").complete(done()).expect("recorded");
    assert_eq!(faults(&place), []);
}

#[test]
fn threads_of_two_logs_write_one_chain() {
    let (_root, place) = place();
    AuditLog::open(&place, &[]).expect("open");
    std::thread::scope(|scope| {
        for i in 0..4 {
            let place = &place;
            let write = move || {
                let log = AuditLog::open(place, &[]).expect("open");
                for _ in 0..5 {
                    log.begin(reveal(), &reason()).expect("recorded").complete(done()).expect("recorded");
                }
            };
            std::thread::Builder::new()
                .name(format!("writer-{i}"))
                .spawn_scoped(scope, write)
                .expect("started");
        }
    });
    let findings = verify(&place, None).expect("a log");
    assert_eq!((findings.entries, findings.unfinished, findings.faults), (40, vec![], vec![]));
}

#[test]
fn a_locked_log_is_waited_for() {
    let (_root, place) = place();
    let log = AuditLog::open(&place, &[]).expect("open");
    let held = File::open(place.log()).expect("there");
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive).expect("locked");
    let writer = std::thread::Builder::new().name("writer".into());
    let writer = writer.spawn(move || log.begin(reveal(), &reason()).map(|open| open.receipt().entry()));
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(text(&place), "", "not while it is locked");
    drop(held);
    assert_eq!(writer.expect("started").join().expect("no panic").expect("recorded"), 1);
}
