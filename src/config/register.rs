//! `[register]` in a camera file: what a corporation writes down about a camera.
//!
//! Nothing here changes a pixel. Each field is there because a public camera protocol of a housing corporation asks
//! for it ([`FIELDS`]); all are optional, and `melkglas camera check` says which are missing.

use super::document::{Item, Section};
use jiff::civil::Date;
use std::ops::RangeInclusive;

/// Terms of retention that can be written down, days. How long is allowed is the protocol's matter:
/// [`advise`](super::advise) speaks up past [`USUAL_RETENTION_DAYS`].
pub(super) const RETENTION_DAYS: RangeInclusive<i64> = 1..=365;

/// How often checks can be asked for, days.
pub(super) const CHECK_DAYS: RangeInclusive<i64> = 1..=366;

/// The longest term that most protocols allow: 28 days (Leystromen: four weeks; Mozaiek Wonen art. 6.3).
pub(super) const USUAL_RETENTION_DAYS: u16 = 28;

/// The longest that any of them allows: 30 days (Woongroen art. 4).
pub(super) const LONGEST_RETENTION_DAYS: u16 = 30;

/// What is on record about a camera.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Register {
    /// Where it hangs: complex, entrance, address.
    pub location: Option<String>,
    /// What it is there for, each purpose by itself.
    pub purpose: Vec<String>,
    /// The person or department that answers for it.
    pub responsible: Option<String>,
    /// Functions or persons who may see its footage.
    pub access: Vec<String>,
    /// Days after which footage is erased.
    pub retention_days: Option<u16>,
    /// When it was installed.
    pub installed: Option<Date>,
    /// When it must have been evaluated next.
    pub evaluate_by: Option<Date>,
    /// When somebody last looked whether it and its recorder work.
    pub last_checked: Option<Date>,
    /// Whether, or since when, notices tell people of it. No text here.
    pub notice_placed: Option<Attested>,
    /// Whether there is an agreement with whoever else handles the footage, since when, or which.
    pub processor_agreement: Option<Attested>,
    /// When it was last evaluated.
    pub last_evaluated: Option<Date>,
    /// How often somebody has to look whether it works, days.
    pub check_every_days: Option<u16>,
    /// Whether the owners' association consented, since when, or by which document.
    pub owners_consent: Option<Attested>,
    /// Whether there is a data protection impact assessment, since when, or which.
    pub dpia: Option<Attested>,
    /// It only looks like a camera. No extract that is handed out says so.
    pub dummy: bool,
}

/// Something that is so, or is not, or is so since a day, or by a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Attested {
    /// `false`.
    No,
    /// `true`.
    Yes,
    /// A date.
    Since(Date),
    /// A text, such as the number of a contract.
    By(String),
}

/// A field of the register, for those who fill it in.
pub(super) struct Field {
    pub(super) key: &'static str,
    /// What it says, and which article of which corporation's protocol asks for it.
    pub(super) why: &'static str,
    /// A value as it stands in a file.
    pub(super) example: &'static str,
}

/// Every field, in the order in which they are asked for.
pub(super) const FIELDS: [Field; 10] = [
    Field {
        key: "location",
        why: "where the camera hangs; cameras are on record by location (Leystromen annex I, Heuvelrug \
              Wonen annex 1)",
        example: "\"Courtyard flats, rear entrance\"",
    },
    Field {
        key: "purpose",
        why: "what it is for; footage is used for nothing else (Woongroen art. 1, Leystromen annex I, \
              Heuvelrug Wonen annex 1)",
        example: "[\"burglary and vandalism in the entrance hall\"]",
    },
    Field {
        key: "responsible",
        why: "the person or department that answers for it (Leystromen annex I, Heuvelrug Wonen art. 8)",
        example: "\"team complex management\"",
    },
    Field {
        key: "access",
        why: "who may see its footage; nobody else does (Woongroen art. 8, Leystromen annex I, Mozaiek \
              Wonen art. 6.4, Heuvelrug Wonen art. 8)",
        example: "[\"contact person for cameras\", \"privacy officer\"]",
    },
    Field {
        key: "retention_days",
        why: "days until footage is erased: at most 30 (Woongroen art. 4), 28 (Leystromen: four weeks, \
              Mozaiek Wonen art. 6.3) or 7 (Heuvelrug Wonen art. 4)",
        example: "28",
    },
    Field {
        key: "installed",
        why: "when it was put up; from then on counts how long it may stay and when it is evaluated \
              (Leystromen \"Evaluatie\", Heuvelrug Wonen art. 14)",
        example: "2026-03-01",
    },
    Field {
        key: "evaluate_by",
        why: "by when to decide whether it is still needed: after one year, then every three (Leystromen \
              \"Evaluatie\"); periodically (Woongroen art. 1)",
        example: "2027-03-01",
    },
    Field {
        key: "last_checked",
        why: "when somebody last looked whether it and its recorder work (Woongroen art. 2, Mozaiek Wonen \
              art. 2.2)",
        example: "2026-09-15",
    },
    Field {
        key: "notice_placed",
        why: "whether signs tell people of it (Woongroen art. 5, Leystromen \"Informatievoorziening\", \
              Mozaiek Wonen art. 3.2, Heuvelrug Wonen art. 7)",
        example: "true",
    },
    Field {
        key: "processor_agreement",
        why: "the agreement with suppliers who handle footage (Woongroen art. 7, Heuvelrug Wonen art. 10)",
        example: "\"contract 2026-14\"",
    },
];

/// Fields that do not concern every camera: written down where they do, and not asked for.
pub(super) const FURTHER_FIELDS: [Field; 5] = [
    Field {
        key: "last_evaluated",
        why: "when it was last evaluated; the next time is three years later (Leystromen \"Evaluatie\")",
        example: "2026-03-01",
    },
    Field {
        key: "check_every_days",
        why: "how often somebody has to look whether it and its recorder work; left out, every 92 days \
              (Woongroen art. 2, Mozaiek Wonen art. 2.2: regularly, periodically)",
        example: "92",
    },
    Field {
        key: "owners_consent",
        why: "whether the owners' association consented, where there is one (Heuvelrug Wonen art. 6)",
        example: "2026-01-15",
    },
    Field {
        key: "dpia",
        why: "the data protection impact assessment, where publicly accessible space is monitored \
              systematically or on a large scale (Heuvelrug Wonen art. 2)",
        example: "\"DPIA 2026-02\"",
    },
    Field {
        key: "dummy",
        why: "true for one that only looks like a camera; extracts of the register never tell (Mozaiek \
              Wonen art. 3.3)",
        example: "false",
    },
];

/// Reads the table; `None` where it has a fault.
pub(super) fn read(item: &Item<'_>) -> Option<Register> {
    let mut section = item.section()?;
    let location = text(&mut section, "location");
    let purpose = texts(&mut section, "purpose");
    let responsible = text(&mut section, "responsible");
    let access = texts(&mut section, "access");
    let retention_days = present(&mut section, "retention_days", |item| {
        item.integer(RETENTION_DAYS).and_then(|days| u16::try_from(days).ok())
    });
    let installed = present(&mut section, "installed", Item::date);
    let evaluate_by = present(&mut section, "evaluate_by", Item::date);
    let last_checked = present(&mut section, "last_checked", Item::date);
    let notice_placed = present(&mut section, "notice_placed", |item| {
        attested(item, "true, false or a date", "write true, false, or the day: notice_placed = 2026-01-31")
    });
    let mut document = |key, cure: &str| present(&mut section, key, |item| by_document(item, cure));
    let processor_agreement = document(
        "processor_agreement",
        "write true, false, the day, or which one: processor_agreement = \"contract 2026-14\"",
    );
    let owners_consent = document(
        "owners_consent",
        "write true, false, the day, or in which document: owners_consent = \"minutes of 2026-01-15\"",
    );
    let dpia = document("dpia", "write true, false, the day, or which one: dpia = \"DPIA 2026-02\"");
    let last_evaluated = present(&mut section, "last_evaluated", Item::date);
    let check_every_days = present(&mut section, "check_every_days", |item| {
        item.integer(CHECK_DAYS).and_then(|days| u16::try_from(days).ok())
    });
    let dummy = present(&mut section, "dummy", Item::boolean);
    section.finish();
    Some(Register {
        location: location?,
        purpose: purpose?.unwrap_or_default(),
        responsible: responsible?,
        access: access?.unwrap_or_default(),
        retention_days: retention_days?,
        installed: installed?,
        evaluate_by: evaluate_by?,
        last_checked: last_checked?,
        notice_placed: notice_placed?,
        processor_agreement: processor_agreement?,
        last_evaluated: last_evaluated?,
        check_every_days: check_every_days?,
        owners_consent: owners_consent?,
        dpia: dpia?,
        dummy: dummy?.unwrap_or(false),
    })
}

/// `Some(None)` where the key is absent, `None` where its value has a fault.
fn present<'d, T>(
    section: &mut Section<'d>,
    key: &'static str,
    read: impl FnOnce(&Item<'d>) -> Option<T>,
) -> Option<Option<T>> {
    section.optional(key).map_or(Some(None), |item| read(&item).map(Some))
}

fn text(section: &mut Section<'_>, key: &'static str) -> Option<Option<String>> {
    present(section, key, |item| item.filled_text("fill it in, or leave the key out").map(str::to_owned))
}

fn texts(section: &mut Section<'_>, key: &'static str) -> Option<Option<Vec<String>>> {
    present(section, key, |item| {
        let items = item.items(key, &format!("write a list: {key} = [\"...\", \"...\"]"))?;
        let read = |item: &Item<'_>| item.filled_text("fill it in, or leave it out").map(str::to_owned);
        let read: Vec<Option<String>> = items.iter().map(read).collect();
        read.into_iter().collect()
    })
}

/// Also a text, which names a document.
fn by_document(item: &Item<'_>, cure: &str) -> Option<Attested> {
    if item.is_text() {
        return item.filled_text("write which one it is").map(|text| Attested::By(text.to_owned()));
    }
    attested(item, "true, false, a date or a text", cure)
}

fn attested(item: &Item<'_>, wanted: &str, cure: &str) -> Option<Attested> {
    if item.is_date() {
        return item.date().map(Attested::Since);
    }
    let Some(yes) = item.is_boolean().then(|| item.boolean()).flatten() else {
        item.wrong_type(wanted, cure);
        return None;
    };
    Some(if yes { Attested::Yes } else { Attested::No })
}
