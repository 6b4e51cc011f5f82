//! `persons.json`, and the contact sheet of everybody in a clip.

use super::facts::{
    ActFacts, Source, Taken, box_px, click, facts, keep_flags, raw_warning, seconds, tenths, typed_s,
};
use super::persons::{PersonTrack, WhoIsThere};
use super::sheet::{Bilingual, Card, Layout, Picture, Sheet, words};
use crate::casework::report::{PROGRAM, now};
use crate::geometry::BoxPx;
use crate::video::analysis::Analysis;
use crate::video::follow::Choice;
use crate::video::plan::Target;
use crate::video::track::TrackedBox;
use serde::Serialize;

/// Version of the form of `persons.json`. A key may be added within a version; nothing is renamed or removed.
const PERSONS_FORM: u32 = 1;

/// `persons.json`.
#[derive(Debug, Clone, Serialize)]
pub struct PersonsRecord {
    form: u32,
    program: &'static str,
    written_at: String,
    source: Source,
    act: ActFacts,
    sheet: String,
    furniture: usize,
    faces_alone: usize,
    persons: Vec<PersonFacts>,
}

/// One entry of it.
#[derive(Debug, Clone, Serialize)]
struct PersonFacts {
    track: u32,
    from_s: f64,
    to_s: f64,
    frames_seen: usize,
    size_px: [f64; 2],
    sure: bool,
    score_mean: f64,
    score_max: f64,
    moved: bool,
    crossings: usize,
    keep: String,
    click: Option<String>,
    pictures: Vec<PictureFacts>,
}

#[derive(Debug, Clone, Serialize)]
struct PictureFacts {
    at_s: f64,
    box_px: [f64; 4],
}

impl PersonsRecord {
    /// The record, and the sheet, whose pictures are of the persons in their order. `path` is where the sheet will be.
    #[must_use]
    pub fn of<P>(
        analysis: &Analysis,
        (source, act, path): (Source, ActFacts, String),
        who: &WhoIsThere,
        pictures: Vec<Vec<Taken<P>>>,
    ) -> (Self, Sheet<P>) {
        let persons: Vec<PersonFacts> = who
            .persons
            .iter()
            .zip(&pictures)
            .map(|(person, taken)| PersonFacts::of(analysis, person, taken))
            .collect();
        let record = Self {
            form: PERSONS_FORM,
            program: PROGRAM,
            written_at: now(),
            source,
            act,
            sheet: path,
            furniture: who.furniture,
            faces_alone: who.faces_alone,
            persons,
        };
        let sheet = record.page(pictures);
        (record, sheet)
    }

    fn page<P>(&self, pictures: Vec<Vec<Taken<P>>>) -> Sheet<P> {
        let title = words("Wie is er te zien", "Who is there");
        let mut sheet = Sheet::new(&title, &facts(&self.source, Some(&self.act)));
        sheet.warn(&raw_warning());
        sheet.note(&self.remarks());
        let numbered = self.source.analysis_sha256.is_some();
        let cards = self.persons.iter().zip(pictures).map(|(person, taken)| person.card(taken, numbered));
        let none = words("Er is niemand gevonden.", "Nobody was found.");
        sheet.cards(cards.collect(), Layout::Beside, &none);
        sheet
    }

    /// How to choose, and what is not on the sheet.
    fn remarks(&self) -> Vec<Bilingual> {
        let mut remarks = vec![words(
            "Kies een spoor met --keep bij melkglas redact; klik op de code om die te selecteren en te kopiëren. \
             Bekijk álle sporen: één persoon kan meer sporen hebben, en een spoor kan van de één op de ander overgaan.",
            "Choose a track with --keep of melkglas redact; click on the code to select and copy it. Look at all \
             tracks: one person may have several, and a track may pass from one person to another.",
        )];
        if self.source.analysis_sha256.is_none() {
            remarks.push(words(
                "Dit blad is gemaakt zonder bewaarde analyse (--analysis), dus de nummers van de sporen gelden alleen \
                 hier: kies door aan te wijzen.",
                "This sheet was made without a kept analysis (--analysis), so the numbers of tracks mean something \
                 here only: choose by pointing.",
            ));
        }
        if self.furniture > 0 {
            remarks.push(words(
                format!(
                    "Niet op dit blad: {} sporen die een goedgekeurd referentiebeeld als meubilair aanwijst.",
                    self.furniture
                ),
                format!(
                    "Not on this sheet: {} tracks that an approved reference clears as furniture.",
                    self.furniture
                ),
            ));
        }
        if self.faces_alone > 0 {
            remarks.push(words(
                format!(
                    "Niet op dit blad: {} gezichten zonder gevonden lichaam. Ze blijven afgedekt.",
                    self.faces_alone
                ),
                format!(
                    "Not on this sheet: {} faces without a body that was found. They stay hidden.",
                    self.faces_alone
                ),
            ));
        }
        if self.source.frames_covered > 0 {
            remarks.push(words(
                format!(
                    "{} van de {} beelden worden helemaal afgedekt; daarvan is hier niets te zien.",
                    self.source.frames_covered, self.source.frames
                ),
                format!(
                    "{} of {} frames are covered whole; nothing of them is shown here.",
                    self.source.frames_covered, self.source.frames
                ),
            ));
        }
        remarks
    }
}

impl PersonFacts {
    fn of<P>(analysis: &Analysis, person: &PersonTrack, taken: &[Taken<P>]) -> Self {
        let clear = |of: fn(&TrackedBox) -> BoxPx| {
            taken
                .iter()
                .find_map(|one| click((one.at_ns, one.area), &others(analysis, one.at_ns, person.track, of)))
        };
        // Better clear of everybody's mask; where they crowd, of where they are.
        let click = clear(|b| b.area).or_else(|| clear(|b| b.core));
        let facts = |one: &Taken<P>| PictureFacts { at_s: typed_s(one.at_ns), box_px: box_px(&one.area) };
        Self {
            track: person.track,
            from_s: seconds(person.from_ns),
            to_s: seconds(person.to_ns),
            frames_seen: person.frames_seen,
            size_px: person.size_px.map(tenths),
            sure: person.certainty.sure,
            score_mean: hundredths(person.certainty.score_mean),
            score_max: hundredths(person.certainty.score_max),
            moved: person.moved,
            crossings: person.crossings,
            keep: Choice::Track(person.track).to_string(),
            click,
            pictures: taken.iter().map(facts).collect(),
        }
    }

    /// The card; a track's number is to be typed where an analysis that was kept says what it means.
    fn card<P>(&self, taken: Vec<Taken<P>>, numbered: bool) -> Card<P> {
        let track = self.track;
        let mark = if taken.is_empty() {
            Some(words("geen beeld: afgedekt of beschadigd", "no picture: covered or damaged"))
        } else {
            (!self.sure).then(|| words("onzeker: misschien geen persoon", "unsure: perhaps nobody"))
        };
        let picture = |one: Taken<P>| Picture {
            alt: words(
                format!("spoor {track} op {:.1} seconden", seconds(one.at_ns)),
                format!("track {track} at {:.1} seconds", seconds(one.at_ns)),
            ),
            caption: format!("{:.1} s", seconds(one.at_ns)),
            typed: Vec::new(),
            picture: one.picture,
        };
        let sure = if self.sure { "zeker / sure" } else { "onzeker / unsure" };
        let typed = [
            (words("kies dit spoor", "choose this track"), numbered.then(|| self.keep.clone())),
            (words("wijs het aan", "point at it"), self.click.clone()),
        ];
        Card {
            heading: words(format!("Spoor {track}"), format!("Track {track}")),
            mark,
            pictures: taken.into_iter().map(picture).collect(),
            facts: vec![
                (words("van – tot", "from – to"), format!("{:.1} – {:.1} s", self.from_s, self.to_s)),
                (words("gezien in", "seen in"), format!("{} beelden / frames", self.frames_seen)),
                (words("grootte", "size"), format!("{:.0} × {:.0} px", self.size_px[0], self.size_px[1])),
                (
                    words("zekerheid", "certainty"),
                    format!("{sure}, {:.2} (max. {:.2})", self.score_mean, self.score_max),
                ),
                (
                    words("verplaatst zich", "moves about"),
                    if self.moved { "ja / yes" } else { "nee / no" }.to_owned(),
                ),
                (words("kruist anderen", "crosses others"), format!("{} ×", self.crossings)),
            ],
            typed: keep_flags(typed.into_iter().filter_map(|(label, text)| Some((label, text?)))),
        }
    }
}

/// Boxes of everybody else in the frame shown then.
fn others(analysis: &Analysis, at_ns: u64, track: u32, of: fn(&TrackedBox) -> BoxPx) -> Vec<BoxPx> {
    let Ok(seen) = analysis.frame_at(at_ns) else { return Vec::new() };
    seen.tracked.iter().filter(|b| b.track != track && b.target == Target::Person).map(of).collect()
}

fn hundredths(value: f32) -> f64 {
    (f64::from(value) * 100.0).round() / 100.0
}
