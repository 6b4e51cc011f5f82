//! The register of all cameras: what is on record about each, and what should have been done by now.
//!
//! Pure: camera files, reported incidents and a day in; rows out. Who holds the extract must not be able to tell a dummy
//! from a camera (Mozaiek Wonen art. 3.3), so rows are made alike unless whoever asks says that it stays in the house.

use crate::config::{Attested, Camera, Incidents};
use crate::lang::Lang;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;

/// How often somebody has to look whether a camera works, where its file does not say, days: each quarter.
pub const CHECK_EVERY_DAYS: u16 = 92;

/// Who reads the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Anybody: dummies look like cameras.
    Anybody,
    /// Staff who may know of dummies.
    InTheHouse,
}

/// Something that is missing or late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gap {
    /// No location.
    Location,
    /// No purpose.
    Purpose,
    /// Nobody answers for it.
    Responsible,
    /// No access list.
    Access,
    /// No term of retention.
    Retention,
    /// No notice is placed, or nothing says so.
    Notice,
    /// No processor agreement, or nothing says whether one is needed.
    Agreement,
    /// The owners' association did not consent.
    OwnersConsent,
    /// An assessment was said to be missing.
    Dpia,
    /// Nobody looked whether it works for too long, or nothing says when.
    CheckOverdue,
    /// It should have been evaluated.
    EvaluationOverdue,
    /// Nothing says when it was installed or is to be evaluated.
    EvaluationUnknown,
    /// No incident for one and a half years.
    RemovalOverdue,
}

impl Gap {
    /// In words.
    #[must_use]
    pub fn words(self, lang: Lang) -> &'static str {
        let (nl, en) = match self {
            Self::Location => ("plaats ontbreekt", "location missing"),
            Self::Purpose => ("doel ontbreekt", "purpose missing"),
            Self::Responsible => ("verantwoordelijke ontbreekt", "responsible missing"),
            Self::Access => ("toegang ontbreekt", "access missing"),
            Self::Retention => ("bewaartermijn ontbreekt", "retention missing"),
            Self::Notice => ("bord ontbreekt", "notice missing"),
            Self::Agreement => ("verwerkersovereenkomst ontbreekt", "processor agreement missing"),
            Self::OwnersConsent => ("toestemming VvE ontbreekt", "owners' consent missing"),
            Self::Dpia => ("DPIA ontbreekt", "DPIA missing"),
            Self::CheckOverdue => ("controle te laat", "check overdue"),
            Self::EvaluationOverdue => ("evaluatie te laat", "evaluation overdue"),
            Self::EvaluationUnknown => ("evaluatie niet vastgelegd", "evaluation not on record"),
            Self::RemovalOverdue => ("weghalen of gemotiveerd laten hangen", "remove, or keep with reasons"),
        };
        lang.of(nl, en)
    }
}

/// One camera.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegisterRow {
    /// The camera's id.
    pub camera: String,
    /// Where it hangs.
    pub location: Option<String>,
    /// What it is there for.
    pub purpose: Vec<String>,
    /// Who answers for it.
    pub responsible: Option<String>,
    /// Who may see its footage.
    pub access: Vec<String>,
    /// Days after which footage is erased.
    pub retention_days: Option<u16>,
    /// When it was installed.
    pub installed: Option<Date>,
    /// When somebody last looked whether it works.
    pub last_checked: Option<Date>,
    /// By when somebody has to look again.
    pub check_by: Option<Date>,
    /// By when it has to be evaluated: a year after it was installed, then every three (Leystromen "Evaluatie"), or
    /// earlier where its file says so.
    pub evaluate_by: Option<Date>,
    /// When the last incident was reported, where any was.
    pub last_incident: Option<Date>,
    /// From when on it may go: a year after that (Heuvelrug Wonen art. 14).
    pub stays_until: Option<Date>,
    /// By when it goes, unless the manager decides otherwise with reasons: a year and a half after it.
    pub remove_by: Option<Date>,
    /// Whether it only looks like a camera; none where readers are not to know.
    pub dummy: Option<bool>,
    /// What is missing or late.
    pub gaps: Vec<Gap>,
}

impl RegisterRow {
    /// The row of one camera on `today`.
    #[must_use]
    pub fn of(camera: &Camera, incidents: &Incidents, today: Date, readers: Readers) -> Self {
        let record = &camera.register;
        let check_days = i64::from(record.check_every_days.unwrap_or(CHECK_EVERY_DAYS));
        let after = |day: Option<Date>, span: jiff::Span| day.map(|day| day.saturating_add(span));
        let check_by = after(record.last_checked.or(record.installed), check_days.days());
        let last_incident = incidents.last();
        let mut row = Self {
            camera: camera.id.clone(),
            location: record.location.clone(),
            purpose: record.purpose.clone(),
            responsible: record.responsible.clone(),
            access: record.access.clone(),
            retention_days: record.retention_days,
            installed: record.installed,
            last_checked: record.last_checked,
            check_by,
            evaluate_by: evaluate_by(record.installed, record.last_evaluated, record.evaluate_by),
            last_incident,
            stays_until: after(last_incident, 1.year()),
            remove_by: after(last_incident, 18.months()),
            dummy: (readers == Readers::InTheHouse).then_some(record.dummy),
            gaps: Vec::new(),
        };
        let placed = |said: &Option<Attested>| !matches!(said, None | Some(Attested::No));
        let late = |due: Option<Date>| due.is_some_and(|due| due < today);
        // What films nothing keeps nothing, needs no supplier and no recorder that works.
        let films = row.dummy != Some(true);
        let gaps = [
            (Gap::Location, row.location.is_none()),
            (Gap::Purpose, row.purpose.is_empty()),
            (Gap::Responsible, row.responsible.is_none()),
            (Gap::Access, films && row.access.is_empty()),
            (Gap::Retention, films && row.retention_days.is_none()),
            (Gap::Notice, !placed(&record.notice_placed)),
            (Gap::Agreement, films && !placed(&record.processor_agreement)),
            (Gap::OwnersConsent, record.owners_consent == Some(Attested::No)),
            (Gap::Dpia, record.dpia == Some(Attested::No)),
            (Gap::CheckOverdue, films && (row.check_by.is_none() || late(row.check_by))),
            (Gap::EvaluationOverdue, late(row.evaluate_by)),
            (Gap::EvaluationUnknown, row.evaluate_by.is_none()),
            (Gap::RemovalOverdue, late(row.remove_by)),
        ];
        row.gaps = gaps.into_iter().filter(|(_, is)| *is).map(|(gap, _)| gap).collect();
        row
    }

    /// Its cells, in the order of [`heads`].
    #[must_use]
    pub fn cells(&self, lang: Lang) -> Vec<String> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
        let mut cells = vec![
            self.camera.clone(),
            text(&self.location),
            self.purpose.join("; "),
            text(&self.responsible),
            self.access.join("; "),
            self.retention_days.map(|days| days.to_string()).unwrap_or_default(),
            day(self.installed),
            day(self.last_checked),
            day(self.check_by),
            day(self.evaluate_by),
            day(self.last_incident),
            day(self.stays_until),
            day(self.remove_by),
        ];
        cells.extend(
            self.dummy
                .map(|dummy| if dummy { lang.of("ja", "yes") } else { lang.of("nee", "no") }.to_owned()),
        );
        cells.push(self.gaps.iter().map(|gap| gap.words(lang)).collect::<Vec<_>>().join("; "));
        cells
    }
}

/// The heads of the columns.
#[must_use]
pub fn heads(lang: Lang, readers: Readers) -> Vec<&'static str> {
    let mut heads = lang.of(
        vec![
            "camera",
            "plaats",
            "doel",
            "verantwoordelijk",
            "toegang",
            "bewaartermijn (dagen)",
            "geplaatst",
            "laatste controle",
            "controle uiterlijk",
            "evaluatie uiterlijk",
            "laatste incident",
            "blijft minstens tot",
            "weg uiterlijk",
        ],
        vec![
            "camera",
            "location",
            "purpose",
            "responsible",
            "access",
            "retention (days)",
            "installed",
            "last checked",
            "check by",
            "evaluate by",
            "last incident",
            "stays until at least",
            "remove by",
        ],
    );
    heads.extend((readers == Readers::InTheHouse).then(|| lang.of("dummy", "dummy")));
    heads.push(lang.of("ontbreekt of te laat", "missing or late"));
    heads
}

/// When the next evaluation is due.
fn evaluate_by(installed: Option<Date>, last: Option<Date>, written: Option<Date>) -> Option<Date> {
    let computed = match last {
        Some(last) => Some(last.saturating_add(3.years())),
        None => installed.map(|installed| installed.saturating_add(1.year())),
    };
    // A day on record that an evaluation has passed by is done with.
    let written = written.filter(|written| last.is_none_or(|last| last < *written));
    match (computed, written) {
        (Some(computed), Some(written)) => Some(computed.min(written)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use std::path::Path;

    const TODAY: Date = date(2026, 11, 2);

    fn camera(register: &str) -> Camera {
        let text = format!(
            "schema = 1\nid = \"hall\"\ndescription = \"x\"\nframe = {{ width = 64, height = 48 }}\n[register]\n{register}"
        );
        Camera::parse(Path::new("hall.toml"), &text).expect("a camera file")
    }

    const FULL: &str = "location = \"hall\"\npurpose = [\"burglary\"]\nresponsible = \"team\"\naccess = [\"contact\"]\n\
                        retention_days = 28\ninstalled = 2026-03-01\nlast_checked = 2026-10-01\nnotice_placed = true\n\
                        processor_agreement = \"contract\"\n";

    fn row(register: &str, days: &[Date]) -> RegisterRow {
        let mut incidents = Incidents::default();
        for day in days {
            incidents.add(*day);
        }
        RegisterRow::of(&camera(register), &incidents, TODAY, Readers::Anybody)
    }

    #[test]
    fn what_is_complete_has_no_gap() {
        let row = row(FULL, &[]);
        assert_eq!(row.gaps, []);
        assert_eq!((row.check_by, row.evaluate_by), (Some(date(2027, 1, 1)), Some(date(2027, 3, 1))));
        for (lang, readers) in [(Lang::Nl, Readers::Anybody), (Lang::En, Readers::InTheHouse)] {
            let row = RegisterRow::of(&camera(FULL), &Incidents::default(), TODAY, readers);
            assert_eq!(row.cells(lang).len(), heads(lang, readers).len());
        }
    }

    #[test]
    fn what_is_missing_or_late_is_named() {
        let nothing = row("", &[]).gaps;
        for gap in [
            Gap::Location,
            Gap::Purpose,
            Gap::Responsible,
            Gap::Access,
            Gap::Retention,
            Gap::Notice,
            Gap::Agreement,
            Gap::CheckOverdue,
            Gap::EvaluationUnknown,
        ] {
            assert!(nothing.contains(&gap), "{gap:?}");
        }
        let with = |from: &str, to: &str| row(&FULL.replace(from, to), &[]).gaps;
        assert_eq!(with("last_checked = 2026-10-01", "last_checked = 2026-08-01"), [Gap::CheckOverdue]);
        assert_eq!(
            with("last_checked = 2026-10-01", "last_checked = 2026-10-01\ncheck_every_days = 30"),
            [Gap::CheckOverdue]
        );
        assert_eq!(with("notice_placed = true", "notice_placed = false"), [Gap::Notice]);
        assert_eq!(
            with("notice_placed = true", "notice_placed = true\ndpia = false\nowners_consent = false"),
            [Gap::OwnersConsent, Gap::Dpia]
        );
        assert_eq!(with("installed = 2026-03-01", "installed = 2025-03-01"), [Gap::EvaluationOverdue]);
    }

    #[test]
    fn evaluations_are_due_after_one_year_and_then_every_three() {
        let day = |y| Some(date(y, 3, 1));
        for (installed, last, written, due) in [
            (day(2025), None, None, day(2026)),
            (day(2020), day(2025), None, day(2028)),
            (day(2020), day(2025), day(2026), day(2026)),
            (day(2020), day(2025), day(2024), day(2028)),
            (None, None, day(2027), day(2027)),
            (None, None, None, None),
        ] {
            assert_eq!(evaluate_by(installed, last, written), due);
        }
    }

    #[test]
    fn an_incident_moves_the_year_and_a_half() {
        let late = row(FULL, &[date(2025, 4, 30)]);
        assert_eq!(late.remove_by, Some(date(2026, 10, 30)));
        assert_eq!(late.gaps, [Gap::RemovalOverdue]);
        let moved = row(FULL, &[date(2025, 4, 30), date(2026, 8, 31)]);
        assert_eq!((moved.stays_until, moved.remove_by), (Some(date(2027, 8, 31)), Some(date(2028, 2, 29))));
        assert_eq!(moved.gaps, []);
    }

    #[test]
    fn a_dummy_looks_like_a_camera_to_others() {
        let dummy = format!("{FULL}dummy = true\n");
        for register in [FULL, ""] {
            let dummy = format!("{register}dummy = true\n");
            assert_eq!(row(register, &[]), row(&dummy, &[]));
        }
        let known =
            RegisterRow::of(&camera(&dummy), &Incidents::default(), date(2030, 1, 1), Readers::InTheHouse);
        assert_eq!((known.dummy, known.gaps), (Some(true), vec![Gap::EvaluationOverdue]));
    }
}
