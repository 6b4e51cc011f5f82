//! `doubts --json`, and the sheet of stretches in which it is not certain who the subject is.

use super::facts::{
    ActFacts, Source, Taken, box_px, click, facts, keep_flags, raw_warning, seconds, typed_s,
};
use super::sheet::{Card, Layout, Picture, Sheet, words};
use crate::geometry::BoxPx;
use crate::video::follow::{Candidate, Choice, Doubt};
use serde::Serialize;

/// One doubt as `doubts --json` has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DoubtFacts {
    from_s: f64,
    to_s: f64,
    at_s: f64,
    candidates: Vec<CandidateFacts>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct CandidateFacts {
    track: u32,
    box_px: [f64; 4],
}

impl DoubtFacts {
    /// All of them.
    #[must_use]
    pub fn of(doubts: &[Doubt]) -> Vec<Self> {
        let candidate = |c: &Candidate| CandidateFacts { track: c.track, box_px: box_px(&c.area) };
        let facts = |doubt: &Doubt| Self {
            from_s: seconds(doubt.from_ns),
            to_s: seconds(doubt.to_ns),
            at_s: typed_s(doubt.at_ns),
            candidates: doubt.candidates.iter().map(candidate).collect(),
        };
        doubts.iter().map(facts).collect()
    }
}

/// What the sheet of doubts shows of each.
pub enum DoubtPictures<P> {
    /// The candidates beside one another, in their order, with somebody to be seen on each.
    Candidates(Vec<Option<Taken<P>>>),
    /// The masked picture with everybody's box on it.
    Masked(Option<P>),
}

/// The sheet of doubts; `pictures` are of the doubts in their order.
#[must_use]
pub fn doubts_sheet<P>(
    source: &Source,
    act: Option<&ActFacts>,
    doubts: &[Doubt],
    pictures: Vec<DoubtPictures<P>>,
) -> Sheet<P> {
    let title = words("Waar het twijfelachtig is", "Where it is in doubt");
    let mut sheet = Sheet::new(&title, &facts(source, act));
    if act.is_some() {
        sheet.warn(&raw_warning());
    }
    sheet.note(&[words(
        "Waar niet zeker is wie de betrokkene is, blijft ook die afgedekt. Ziet u wie het is, geef dan de code \
         daarvan met --keep mee, naast de eerdere keuze. Twijfelt u, kies dan niets.",
        "Where it is not certain who the data subject is, they stay hidden too. Where you see who it is, give that \
         code with --keep, beside the choice made before. In doubt choose nobody.",
    )]);
    let cards = doubts.iter().zip(pictures).enumerate().map(|(i, (doubt, taken))| card(i + 1, doubt, taken));
    let none = words("Er is nergens twijfel.", "There is no doubt anywhere.");
    sheet.cards(cards.collect(), Layout::Wide, &none);
    sheet
}

fn card<P>(number: usize, doubt: &Doubt, taken: DoubtPictures<P>) -> Card<P> {
    let at_s = seconds(doubt.at_ns);
    let typed = |candidate: &Candidate| {
        let others: Vec<BoxPx> =
            doubt.candidates.iter().filter(|c| c.track != candidate.track).map(|c| c.area).collect();
        let click = click((doubt.at_ns, candidate.area), &others);
        click.into_iter().chain([Choice::Track(candidate.track).to_string()]).collect::<Vec<_>>()
    };
    let name = |track: u32| format!("spoor / track {track}");
    let mut card = Card {
        heading: words(format!("Twijfel {number}"), format!("Doubt {number}")),
        mark: None,
        pictures: Vec::new(),
        facts: vec![
            (
                words("van – tot", "from – to"),
                format!("{:.1} – {:.1} s", seconds(doubt.from_ns), seconds(doubt.to_ns)),
            ),
            (words("getoond op", "shown at"), format!("{at_s:.3} s")),
        ],
        typed: Vec::new(),
    };
    let in_words = |candidate: &Candidate| {
        let track = candidate.track;
        let first = words(format!("het is spoor {track}"), format!("it is track {track}"));
        keep_flags(typed(candidate).into_iter().map(move |text| (first.clone(), text)))
    };
    match taken {
        DoubtPictures::Candidates(crops) => {
            for (candidate, crop) in doubt.candidates.iter().zip(crops) {
                match crop {
                    Some(Taken { at_ns, picture, .. }) => card.pictures.push(Picture {
                        picture,
                        alt: words(
                            format!("spoor {} op {:.1} seconden", candidate.track, seconds(at_ns)),
                            format!("track {} at {:.1} seconds", candidate.track, seconds(at_ns)),
                        ),
                        caption: name(candidate.track),
                        typed: typed(candidate).iter().map(|text| format!("--keep {text}")).collect(),
                    }),
                    None => card.typed.extend(in_words(candidate)),
                }
            }
        }
        DoubtPictures::Masked(picture) => {
            let numbers: Vec<String> = doubt.candidates.iter().map(|c| c.track.to_string()).collect();
            card.pictures.extend(picture.map(|picture| Picture {
                picture,
                alt: words(
                    format!(
                        "afgedekt beeld op {at_s:.1} seconden, met de vakken van sporen {}",
                        numbers.join(", ")
                    ),
                    format!(
                        "masked frame at {at_s:.1} seconds, with the boxes of tracks {}",
                        numbers.join(", ")
                    ),
                ),
                caption: format!("{at_s:.1} s"),
                typed: Vec::new(),
            }));
            card.typed.extend(doubt.candidates.iter().flat_map(in_words));
        }
    }
    if card.pictures.is_empty() {
        card.mark = Some(words("geen beeld: afgedekt of beschadigd", "no picture: covered or damaged"));
    }
    card
}
