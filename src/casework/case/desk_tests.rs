//! Cases from opening to closing, and clips at rest.

use super::table_tests::actor;
use super::*;
use crate::casework::audit::{AuditLog, CaseNumber, Place, StepKind, case_steps, verify};
use crate::config::{
    Ask, CalendarSettings, CaseKind, CasesPlace, HouseSettings, KeyPlace, Office, Policy, PolicyName, Role,
    Subject,
};
use crate::interrupt::Interrupt;
use crate::lang::Lang;
use jiff::civil::{Date, date};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Strings that stand for what must be found nowhere in the clear.
pub(super) const RESIDENT: &str = "Planted-Resident-Bakker";
const PIXELS: &[u8] = b"PLANTED-PIXELS-OF-A-SOURCE-0123456789";

/// An office in a scratch folder.
pub(super) struct Bench {
    pub(super) dir: tempfile::TempDir,
    name: PolicyName,
    key: PathBuf,
}

impl Bench {
    pub(super) fn new(name: PolicyName) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let key = dir.path().join("site.key");
        SiteKey::generate().write(&key, None).expect("written");
        Self { dir, name, key }
    }

    pub(super) fn log(&self) -> Place {
        Place::find(Some(&self.dir.path().join("state"))).expect("a place")
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.dir.path().join("cases")
    }

    pub(super) fn cases(&self, who: &Actor, today: Date) -> Cases {
        self.try_cases(who, today).expect("a store")
    }

    pub(super) fn try_cases(&self, who: &Actor, today: Date) -> Result<Cases, CaseError> {
        let place = KeyPlace::File(self.key.clone());
        let site = SiteKey::load(&place, |_| Err(std::io::Error::other("no passphrase"))).expect("a key");
        let office = Office {
            policy: Arc::new(Policy::shipped(self.name).expect("sound")),
            users: Vec::new(),
            cases: CasesPlace { folder: self.folder(), key: place },
            calendar: CalendarSettings::default(),
            house: HouseSettings::default(),
        };
        let log = AuditLog::open(&self.log(), &[]).expect("a log");
        Cases::open_store(office, log, who.clone(), today, Some(site))
    }

    pub(super) fn clip(&self, name: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        let mut bytes = PIXELS.to_vec();
        bytes.resize(100_000, b'.');
        std::fs::write(&path, bytes).expect("written");
        path
    }
}

pub(super) fn officer() -> Actor {
    actor("Visser", &[Role::PrivacyOfficer])
}

/// A request of 2 November 2026 about ten minutes of the day before.
fn request(given: &[Ask]) -> NewCase {
    NewCase {
        kind: CaseKind::Access,
        subject: Subject::Own,
        received: date(2026, 11, 2),
        window: (date(2026, 11, 1).at(18, 0, 0, 0), date(2026, 11, 1).at(18, 10, 0, 0)),
        motive: None,
        given: given.iter().map(|ask| (*ask, format!("{RESIDENT} {ask}"))).collect(),
        lang: Lang::Nl,
    }
}

const ASKED: [Ask; 5] = [Ask::Name, Ask::Address, Ask::Telephone, Ask::Email, Ask::Reasons];

fn granted() -> Verdict {
    Verdict::Granted {
        weighing: Some(format!("{RESIDENT} against others")),
        legal_ground: None,
        requester_seen: true,
    }
}

pub(super) fn seen() -> Identification {
    Identification { how: format!("passport of {RESIDENT} seen"), ..Identification::default() }
}

fn add(cases: &mut Cases, number: &CaseNumber, path: &Path, recorded: Date) -> Result<u32, CaseError> {
    let recorded = (recorded.at(18, 1, 0, 0), recorded.at(18, 5, 0, 0));
    let new = NewClip { path, camera: Some("entrance-3".into()), recorded };
    cases.add_clip(number, &new, &Interrupt::default())
}

/// Every byte of every file below a folder.
fn all_bytes(folder: &Path) -> Vec<u8> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        found.extend(if path.is_dir() { all_bytes(&path) } else { std::fs::read(&path).expect("a file") });
    }
    found
}

fn has(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[test]
fn a_case_goes_from_its_opening_to_its_closing_and_betrays_nobody() {
    let bench = Bench::new(PolicyName::Woongroen);
    let original = bench.clip("clip.mp4");
    let mut cases = bench.cases(&officer(), date(2026, 11, 3));
    let number = cases.open(&request(&ASKED)).expect("opened");
    assert_eq!(number.to_string(), "2026-0001");
    let listed = cases.list().expect("listed");
    assert_eq!(listed[0].case.deadline, date(2026, 11, 5), "three working days");
    assert_eq!(listed[0].days_left, Some(2));

    let recorded = (date(2026, 11, 1).at(18, 1, 0, 0), date(2030, 11, 1).at(18, 5, 0, 0));
    let endless = NewClip { path: &original, camera: None, recorded };
    let e =
        cases.add_clip(&number, &endless, &Interrupt::default()).expect_err("retention is counted from it");
    assert!(e.to_string().contains("in the future"), "{e}");
    let clip = add(&mut cases, &number, &original, date(2026, 11, 1)).expect("secured before anything else");
    assert!(matches!(cases.look(&number, clip), Err(CaseError::Refused(_))), "nobody was identified");
    cases.identify(&number, &seen()).expect("identified");
    let held = cases.look(&number, clip).expect("decrypted");
    assert_eq!(std::fs::read(held.path()).expect("read"), std::fs::read(&original).expect("read"));
    cases.keep(&number, clip, "clip.analysis", &mut { PIXELS }).expect("kept");
    cases.keep(&number, clip, "clip.analysis", &mut [PIXELS, PIXELS].concat().as_slice()).expect("replaced");
    let kept = cases.fetch(&number, clip, "clip.analysis").expect("fetched");
    assert_eq!(std::fs::read(kept.path()).expect("read"), [PIXELS, PIXELS].concat());
    assert!(matches!(cases.fetch(&number, clip, "other"), Err(CaseError::NoPaper { .. })));

    cases.decide(&number, &granted()).expect("granted");
    let late = add(&mut cases, &number, &original, date(2026, 11, 1)).expect_err("the window is frozen");
    assert!(late.to_string().contains("frozen"), "{late}");
    let shown = cases.show(&number).expect("shown");
    assert!(shown.facts.iter().any(|(name, text)| name == "name" && text.contains(RESIDENT)));
    assert_eq!(shown.originals, [(clip, original.display().to_string())]);
    cases.close(&number, false).expect("closed");
    assert_eq!(cases.originals(&number).expect("read"), [], "dealt with");
    cases.close(&number, false).expect_err("closed already");

    // The log has every step, before it was taken, and names no resident; neither does anything else in the clear.
    let steps: Vec<StepKind> =
        case_steps(&bench.log()).expect("a log").into_iter().map(|step| step.step.step).collect();
    use StepKind::{AddClip, Close, Grant, Identify, Look, Open};
    assert_eq!(steps, [Open, AddClip, Identify, Look, Grant, Close]);
    let stored: Vec<StepKind> = cases.show(&number).expect("shown").steps.iter().map(|s| s.step).collect();
    assert_eq!(stored, steps);
    assert_eq!(verify(&bench.log(), None).expect("a log").faults, []);
    drop(cases);
    std::fs::remove_file(&original).expect("dealt with");
    let everything = all_bytes(bench.dir.path());
    assert!(!everything.is_empty() && has(&everything, b"2026-0001"));
    assert!(!has(&everything, RESIDENT.as_bytes()) && !has(&everything, PIXELS));
    assert!(!has(&everything, b"clip.mp4"), "where the original lay");
}

#[test]
fn nothing_more_is_asked_than_the_protocol_asks() {
    let bench = Bench::new(PolicyName::Woongroen);
    let mut cases = bench.cases(&officer(), date(2026, 11, 3));
    for (given, said) in [
        (&ASKED[..4], "reasons has to be on record (Woongroen, art. 6)"),
        (&[ASKED.as_slice(), &[Ask::Organisation]].concat()[..], "organisation is not asked for"),
    ] {
        let e = cases.open(&request(given)).expect_err("too little or too much");
        assert!(e.to_string().contains(said), "{e}");
    }
    let mut backwards = request(&ASKED);
    (backwards.window.0, backwards.window.1) = (backwards.window.1, backwards.window.0);
    cases.open(&backwards).expect_err("ends before it begins");
    let mut later = request(&ASKED);
    later.received = date(2026, 11, 4);
    cases.open(&later).expect_err("in the future");
    let mut endless = request(&ASKED);
    endless.window.1 = date(2030, 1, 1).at(0, 0, 0, 0);
    cases.open(&endless).expect_err("ends in the future");
    assert_eq!(cases.list().expect("listed"), []);
}

#[test]
fn who_acts_for_a_child_shows_both_identities_and_the_authority() {
    let bench = Bench::new(PolicyName::Woongroen);
    let original = bench.clip("clip.mp4");
    let mut cases = bench.cases(&officer(), date(2026, 11, 3));
    let number = cases.open(&NewCase { subject: Subject::Child, ..request(&ASKED) }).expect("opened");
    add(&mut cases, &number, &original, date(2026, 11, 1)).expect("added");
    cases.identify(&number, &seen()).expect("the parent");
    let e = cases.decide(&number, &granted()).expect_err("no authority");
    assert!(e.to_string().contains("act for somebody else"), "{e}");
    let both = Identification {
        whose: Some("the child, passport seen".into()),
        authority: Some("parental authority, register seen".into()),
        ..seen()
    };
    cases.identify(&number, &both).expect("both");
    cases.decide(&number, &granted()).expect("granted");
}

#[test]
fn a_spoilt_copy_is_noticed_and_another_site_key_opens_nothing() {
    let bench = Bench::new(PolicyName::HeuvelrugWonen);
    let original = bench.clip("clip.mp4");
    let mut cases = bench.cases(&officer(), date(2026, 11, 3));
    let number = cases.open(&request(&[Ask::Name, Ask::Address, Ask::Email])).expect("opened");
    let clip = add(&mut cases, &number, &original, date(2026, 11, 1)).expect("added");
    cases.identify(&number, &seen()).expect("identified");
    let folder = bench.folder().join("clips");
    let file = std::fs::read_dir(&folder).expect("a folder").next().expect("one").expect("one").path();
    let whole = std::fs::read(&file).expect("read");
    let mut spoilt = whole.clone();
    spoilt[50_000] ^= 1;
    std::fs::write(&file, &spoilt).expect("written");
    cases.look(&number, clip).expect_err("spoilt");
    std::fs::write(&file, &whole).expect("written");
    cases.look(&number, clip).expect("whole again");
    std::fs::remove_file(&bench.key).expect("removed");
    SiteKey::generate().write(&bench.key, None).expect("another one");
    let mut foreign = bench.cases(&officer(), date(2026, 11, 3));
    assert!(matches!(foreign.look(&number, clip), Err(CaseError::Key(KeyError::NotOurs))));
    assert!(foreign.show(&number).is_err());
}

/// What a kill leaves behind: a key destroyed and its files still there; a file whose row was never written.
#[test]
fn what_a_kill_leaves_behind_is_moved_aside_at_the_next_run() {
    let bench = Bench::new(PolicyName::HeuvelrugWonen);
    let original = bench.clip("clip.mp4");
    let mut cases = bench.cases(&officer(), date(2026, 11, 3));
    let number = cases.open(&request(&[Ask::Name, Ask::Address, Ask::Email])).expect("opened");
    let clip = add(&mut cases, &number, &original, date(2026, 11, 1)).expect("added");
    let early = cases.close(&number, false).expect_err("undecided");
    assert!(early.to_string().contains("not decided"), "{early}");
    cases.close(&number, true).expect("withdrawn");
    let folder = bench.folder().join("clips");
    let file = std::fs::read_dir(&folder).expect("a folder").next().expect("one").expect("one").path();
    let sealed = std::fs::read(&file).expect("read");
    let mut later = bench.cases(&officer(), date(2026, 11, 9));
    let early = later.retain(false, &Interrupt::default()).expect("run");
    assert_eq!((early.clips.len(), early.strays.len()), (1, 0));
    std::fs::write(&file, &sealed).expect("as if the kill had come before the file went");
    std::fs::write(folder.join("0123.age"), &sealed).expect("as if it had come before the row was written");
    let named = later.retain(true, &Interrupt::default()).expect("looked");
    assert_eq!((named.strays.len(), std::fs::read_dir(&folder).expect("a folder").count()), (2, 2));
    let next = later.retain(false, &Interrupt::default()).expect("run");
    assert_eq!((next.clips.len(), &next.strays), (0, &named.strays));
    assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 0);
    for name in &next.strays {
        assert_eq!(std::fs::read(later.strays_folder().join(name)).expect("kept"), sealed);
    }
    let e = later.look(&number, clip).expect_err("gone");
    assert!(matches!(e, CaseError::Refused(_) | CaseError::Erased { .. }), "{e}");
}

/// An empty store in the place of the one that the log goes with, and a log that lacks what the store names.
#[test]
fn a_store_and_a_log_that_do_not_belong_together_are_refused() {
    let bench = Bench::new(PolicyName::HeuvelrugWonen);
    let original = bench.clip("clip.mp4");
    let mut cases = bench.cases(&officer(), date(2026, 11, 3));
    let number = cases.open(&request(&[Ask::Name, Ask::Address, Ask::Email])).expect("opened");
    let early = bench.folder().join("early.db");
    std::fs::copy(bench.folder().join("cases.db"), &early).expect("copied");
    add(&mut cases, &number, &original, date(2026, 11, 1)).expect("added");
    let second = cases.open(&request(&[Ask::Name, Ask::Address, Ask::Email])).expect("opened");
    drop(cases);
    let clips = || std::fs::read_dir(bench.folder().join("clips")).expect("a folder").count();
    assert_eq!(clips(), 1);

    let store = bench.folder().join("cases.db");
    let whole = std::fs::read(&store).expect("read");
    std::fs::remove_file(&store).expect("removed");
    let e = bench.try_cases(&officer(), date(2026, 11, 9)).expect_err("a new store is not the old one");
    assert!(matches!(&e, CaseError::StoreBehind { case } if *case == number.to_string()), "{e}");
    assert_eq!(clips(), 1, "nothing is erased");

    // An older copy that knows the case: what it does not know is kept, and no number is given out twice.
    std::fs::copy(&early, &store).expect("put back");
    let mut older = bench.cases(&officer(), date(2026, 11, 9));
    let run = older.retain(false, &Interrupt::default()).expect("run");
    assert_eq!((run.clips.len(), run.strays.len()), (0, 1));
    assert_eq!(std::fs::read_dir(older.strays_folder()).expect("a folder").count(), 1);
    let third = older.open(&request(&[Ask::Name, Ask::Address, Ask::Email])).expect("opened");
    assert_eq!((second.to_string().as_str(), third.to_string().as_str()), ("2026-0002", "2026-0003"));
    drop(older);

    std::fs::write(&store, &whole).expect("the newest again");
    std::fs::remove_dir_all(bench.log().dir()).expect("removed");
    let e = bench.try_cases(&officer(), date(2026, 11, 9)).expect_err("a new log is not the old one");
    assert!(matches!(e, CaseError::LogBehind { written: 0, .. }), "{e}");
}
