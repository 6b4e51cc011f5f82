//! What is commonly forgotten about a camera, said in words: questions, never faults.
//!
//! A camera file can be sound and still leave a mirror out. No program can tell from the file; somebody who stands
//! before the picture can, when asked.

use super::camera::Camera;
use super::register::{Attested, FIELDS, Field, LONGEST_RETENTION_DAYS, Register, USUAL_RETENTION_DAYS};
use super::zone::ZoneKind;
use crate::lang::Lang;
use jiff::civil::Date;
use serde::Serialize;

/// One thing to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// What it is about: a kind of zone, a field of the register as `register.location`, or a key of the file.
    pub about: String,
    /// A sentence for the person who drew the file.
    pub text: String,
}

/// The kinds of zone that are asked about, in the order in which one looks over a picture.
const QUESTIONS: [(ZoneKind, &str, &str); 6] = [
    (
        ZoneKind::Door,
        "een voordeur laat zien wie er woont, en de gang erachter als zij opengaat; is er een?",
        "a front door shows who lives there, and the hall behind it when it opens; is there one?",
    ),
    (
        ZoneKind::Window,
        "ramen aan de overkant lichten 's avonds op; is er een in beeld?",
        "windows opposite light up at night; is there one in view?",
    ),
    (
        ZoneKind::BellPanel,
        "een bellentableau toont namen, en bij wie wordt aangebeld; is er een?",
        "a bell panel shows names, and whose bell is pressed; is there one?",
    ),
    (
        ZoneKind::NamePlate,
        "brievenbussen en deuren dragen namen; is er een die te lezen is?",
        "letter boxes and doors carry names; is there one that can be read?",
    ),
    (
        ZoneKind::Mirror,
        "een spiegel of een glimmende liftdeur toont wie buiten beeld staat; is er een?",
        "a mirror or a shiny lift door shows who stands out of view; is there one?",
    ),
    (
        ZoneKind::Screen,
        "een intercom of een monitor toont wat hier niet is gefilmd; is er een?",
        "an intercom or a monitor shows what was not filmed here; is there one?",
    ),
];

/// Everything worth a look on `today`; what is asked about zones in this language.
#[must_use]
pub fn advise(camera: &Camera, today: Date, lang: Lang) -> Vec<Advice> {
    let mut found: Vec<Advice> = Vec::new();
    let mut say = |about: &str, text: String| found.push(Advice { about: about.to_owned(), text });
    if let Some(text) = moving_with_zones(camera) {
        say("fixed", text);
    }
    // On a camera that moves nothing can be drawn, so there is nothing to ask for.
    for (kind, nl, en) in QUESTIONS.iter().filter(|_| camera.fixed) {
        let drawn = camera.zones.iter().any(|zone| zone.kind == *kind);
        if !drawn && !camera.absent.contains(kind) {
            let word = kind.word(lang);
            let text =
                lang.of(format!("geen zone van de soort {word}: {nl}"), format!("no {word} zone: {en}"));
            say(&kind.to_string(), text);
        }
    }
    for Field { key, why, .. } in FIELDS.iter().filter(|field| is_missing(&camera.register, field.key)) {
        say(&format!("register.{key}"), format!("register.{key} is missing: {why}"));
    }
    on_record(&camera.register, today, &mut say);
    found
}

/// The sentence for a camera that moves and has regions drawn on it, which lie elsewhere when it has moved.
#[must_use]
pub fn moving_with_zones(camera: &Camera) -> Option<String> {
    let drawn = camera.zones.len() + camera.overlays.len();
    (!camera.fixed && drawn > 0).then(|| {
        format!(
            "camera {} moves (fixed = false), and its {drawn} region(s) stay where they were drawn: what they \
             should hide may be beside them; look at every clip from end to end",
            camera.id
        )
    })
}

fn is_missing(register: &Register, key: &str) -> bool {
    match key {
        "location" => register.location.is_none(),
        "purpose" => register.purpose.is_empty(),
        "responsible" => register.responsible.is_none(),
        "access" => register.access.is_empty(),
        "retention_days" => register.retention_days.is_none(),
        "installed" => register.installed.is_none(),
        "evaluate_by" => register.evaluate_by.is_none(),
        "last_checked" => register.last_checked.is_none(),
        "notice_placed" => register.notice_placed.is_none(),
        "processor_agreement" => register.processor_agreement.is_none(),
        _ => false,
    }
}

/// What is on record and should make somebody act.
fn on_record(register: &Register, today: Date, say: &mut impl FnMut(&str, String)) {
    if let Some(days) = register.retention_days {
        let who = if days > LONGEST_RETENTION_DAYS {
            Some("longer than any of the protocols allows; the longest is 30 days (Woongroen art. 4)")
        } else if days > USUAL_RETENTION_DAYS {
            Some(
                "allowed by Woongroen (art. 4: 30 days), longer than the 28 days of Leystromen and Mozaiek \
                 Wonen (art. 6.3)",
            )
        } else {
            None
        };
        if let Some(who) = who {
            say("register.retention_days", format!("footage is kept for {days} days: {who}"));
        }
    }
    if let Some(due) = register.evaluate_by.filter(|due| *due < today) {
        let text = format!("the evaluation was due by {due}: is the camera still needed?");
        say("register.evaluate_by", text);
    }
    let since = [
        ("register.installed", register.installed),
        ("register.last_checked", register.last_checked),
        ("register.last_evaluated", register.last_evaluated),
        (
            "register.notice_placed",
            match register.notice_placed {
                Some(Attested::Since(day)) => Some(day),
                _ => None,
            },
        ),
    ];
    for (about, day) in since {
        if let Some(day) = day.filter(|day| *day > today) {
            say(about, format!("{about} is {day}, which is yet to come: is the year right?"));
        }
    }
    if register.notice_placed == Some(Attested::No) {
        let text = "no notice is placed: nobody may be filmed without being told (Woongroen art. 5, Leystromen, \
                    Mozaiek Wonen art. 3.2, Heuvelrug Wonen art. 7)";
        say("register.notice_placed", text.to_owned());
    }
    if register.processor_agreement == Some(Attested::No) {
        let text = "there is no processor agreement: does a supplier store or maintain anything? If none does, \
                    write processor_agreement = \"none needed\"";
        say("register.processor_agreement", text.to_owned());
    }
}
