//! Two years of retention under every policy, by a clock of our own.

use super::desk_tests::{Bench, RESIDENT, officer, seen};
use super::*;
use crate::casework::audit::{CaseNumber, verify};
use crate::config::{CaseKind, CaseRules, KindRules, Policy, PolicyName, RefusalGround, Subject};
use crate::interrupt::Interrupt;
use crate::lang::Lang;
use clap::ValueEnum;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use std::path::Path;

const BEGIN: Date = date(2025, 1, 6);
const DAYS: i32 = 731;

/// A case with two clips, and what is to become of it.
struct Planned {
    number: CaseNumber,
    closes: Date,
    /// The days on which its clips were recorded.
    recorded: [Date; 2],
    /// Erasure was granted: nothing is waited for.
    at_once: bool,
}

impl Planned {
    /// The day on which a clip is erased.
    fn goes(&self, policy: &Policy, clip: usize) -> Date {
        let due = self.recorded[clip].saturating_add(i64::from(policy.retention.days.value).days());
        if self.at_once { self.closes } else { due.max(self.closes) }
    }

    /// The day on which what is on record of it is erased.
    fn forgotten(&self) -> Date {
        self.closes.saturating_add(365.days())
    }
}

fn rules_of(policy: &Policy, kind: CaseKind) -> &CaseRules {
    let KindRules::Allowed(rules) = policy.kind(kind) else {
        panic!("every policy has cases of kind {kind}")
    };
    rules
}

/// Opens a case with two clips of this and another day, and takes it as far as its kind goes before it is closed.
fn begun(cases: &mut Cases, policy: &Policy, clip: &Path, today: Date, turn: i32) -> Planned {
    let (kind, granted) = [
        (CaseKind::Access, false),
        (CaseKind::Erasure, true),
        (CaseKind::InternalIncident, false),
        (CaseKind::Restriction, true),
        (CaseKind::Police, true),
        (CaseKind::Erasure, false),
    ][turn as usize % 6];
    let recorded = [today, today.saturating_sub((turn % 8).days())];
    let motive = (policy.purpose.causes.value[0].clone(), policy.purpose.list.value[0].clone());
    let asks = &rules_of(policy, kind).asks.value;
    let number = cases.open(&NewCase {
        kind,
        subject: Subject::Own,
        received: today,
        window: (recorded[1].at(18, 0, 0, 0), today.at(18, 10, 0, 0)),
        motive: (!kind.is_a_right()).then_some(motive),
        given: asks.iter().map(|ask| (*ask, format!("{RESIDENT} {ask}"))).collect(),
        lang: Lang::Nl,
    });
    let number = number.unwrap_or_else(|e| panic!("{:?}, {kind}: {e}", policy.name));
    for day in recorded {
        let recorded = (day.at(18, 1, 0, 0), day.at(18, 5, 0, 0));
        let new = NewClip { path: clip, camera: Some("entrance-3".into()), recorded };
        cases.add_clip(&number, &new, &Interrupt::default()).expect("added");
    }
    cases.identify(&number, &seen()).expect("identified");
    let verdict = if granted {
        let words = || Some(RESIDENT.to_owned());
        Verdict::Granted { weighing: words(), legal_ground: words(), requester_seen: true }
    } else {
        Verdict::Refused { ground: RefusalGround::NotSeen, words: RESIDENT.to_owned() }
    };
    if kind != CaseKind::InternalIncident {
        cases.decide(&number, &verdict).expect("decided");
    }
    let closes = today.saturating_add((turn * 7 % 61).days());
    Planned { number, closes, recorded, at_once: granted && kind == CaseKind::Erasure }
}

/// A case every nineteen days, each open for a while of its own: every clip is erased on the day it is due, or on the day
/// on which its case is closed where that is later; never before. A year after its closing so is what is on record.
#[test]
fn over_two_years_everything_is_erased_on_its_day() {
    // Most of the time goes to the disk, so side by side.
    std::thread::scope(|scope| {
        for name in PolicyName::value_variants() {
            let named = std::thread::Builder::new().name(format!("two-years-{name:?}"));
            named.spawn_scoped(scope, move || two_years(*name)).expect("a thread");
        }
    });
}

fn two_years(name: PolicyName) {
    let bench = Bench::new(name);
    let policy = Policy::shipped(name).expect("sound");
    let original = bench.clip("clip.mp4");
    let mut planned: Vec<Planned> = Vec::new();
    let mut held = 0;
    for day in 0..DAYS {
        let today = BEGIN.saturating_add(day.days());
        let mut cases = bench.cases(&officer(), today);
        if day % 19 == 0 {
            planned.push(begun(&mut cases, &policy, &original, today, day / 19));
        }
        for case in planned.iter().filter(|case| case.closes == today) {
            cases.close(&case.number, false).expect("closed");
        }
        let dry = cases.retain(true, &Interrupt::default()).expect("looked");
        let run = cases.retain(false, &Interrupt::default()).expect("run");
        assert_eq!(dry, run, "{name:?}, {today}: a dry run says what a run does");
        let again = cases.retain(false, &Interrupt::default()).expect("run again");
        let nothing = Erased { held: run.held.clone(), ..Erased::default() };
        assert_eq!(again, nothing, "{name:?}, {today}: twice is once");
        let erased: Vec<(&CaseNumber, usize)> =
            run.clips.iter().map(|due| (&due.case, due.clip as usize - 1)).collect();
        let clips = planned.iter().filter(|case| !case.at_once).flat_map(|case| [(case, 0), (case, 1)]);
        let wanted: Vec<(&CaseNumber, usize)> = clips
            .filter(|(case, clip)| case.goes(&policy, *clip) == today)
            .map(|(case, clip)| (&case.number, clip))
            .collect();
        assert_eq!(erased, wanted, "{name:?}, {today}");
        let forgotten: Vec<&CaseNumber> = run.cases.iter().map(|outlived| &outlived.case).collect();
        let wanted = planned.iter().filter(|case| case.forgotten() == today);
        assert_eq!(forgotten, wanted.map(|case| &case.number).collect::<Vec<_>>(), "{name:?}, {today}");
        held += run.held.len();
    }
    assert!(held > 100, "{name:?}: {held} nights on which something was held");
    let last = BEGIN.saturating_add((DAYS - 1).days());
    let cases = bench.cases(&officer(), last);
    let mut kept = 0;
    for case in &planned {
        let row = cases.store().case(&case.number).expect("on record for good");
        for (at, clip) in cases.store().clips(&row).expect("read").iter().enumerate() {
            let goes = case.goes(&policy, at);
            let erased = (goes <= last).then(|| goes.to_string());
            assert_eq!((&clip.erased_at, clip.key.is_none()), (&erased, erased.is_some()), "{name:?}");
            kept += usize::from(erased.is_none());
        }
        let shown = cases.show(&case.number).expect("shown");
        assert_eq!(
            (row.is_forgotten(), shown.facts.is_empty()),
            (case.forgotten() <= last, row.is_forgotten())
        );
    }
    let left = std::fs::read_dir(bench.folder().join("clips")).expect("a folder").count();
    assert_eq!(left, kept, "{name:?}: a file for each clip that is kept, and none beside them");
    assert!(planned.iter().any(|case| case.forgotten() <= last), "some are old enough");
    assert_eq!(verify(&bench.log(), None).expect("a log").faults, [], "{name:?}: no chain is broken");
}
