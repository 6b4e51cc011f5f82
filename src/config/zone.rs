//! `[[zone]]` in a camera file: the private regions, always hidden.

use super::document::{Item, Section};
use super::polygon::{self, small_side};
use super::style::Style;
use crate::geometry::{FrameSize, UnitPolygon};
use crate::lang::Lang;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// What a private region holds. Camera files and the command line take the Dutch words as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each name says what it is")]
pub enum ZoneKind {
    #[value(aliases = ["deur", "voordeur"])]
    Door,
    #[value(aliases = ["raam", "venster"])]
    Window,
    #[value(aliases = ["tuin", "balkon"])]
    Garden,
    #[value(aliases = ["straat", "stoep"])]
    Street,
    #[value(aliases = ["naambord", "naambordje", "brievenbus"])]
    NamePlate,
    #[value(aliases = ["bellentableau", "bellenbord", "deurbel"])]
    BellPanel,
    #[value(aliases = ["scherm", "beeldscherm"])]
    Screen,
    #[value(alias = "spiegel")]
    Mirror,
    #[value(aliases = ["prikbord", "mededelingenbord"])]
    NoticeBoard,
    #[value(aliases = ["parkeerplaats", "parkeervak"])]
    Parking,
    #[value(aliases = ["anders", "overig"])]
    Other,
}

impl std::fmt::Display for ZoneKind {
    /// The word that stands in a camera file.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.word(Lang::En))
    }
}

impl ZoneKind {
    /// Its word in this language; a camera file takes either.
    #[must_use]
    pub fn word(self, lang: Lang) -> String {
        let word = self.to_possible_value().expect("no kind is hidden from the command line");
        let mut words = word.get_name_and_aliases();
        let english = words.next().unwrap_or_default().to_owned();
        // The first alias is the Dutch word that says it most plainly.
        lang.of(words.next().map(str::to_owned), None).unwrap_or(english)
    }
}

/// A private region: always hidden.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// What it holds.
    pub kind: ZoneKind,
    /// What staff call it.
    pub label: String,
    /// Its outline in unit space.
    pub polygon: Arc<UnitPolygon>,
    /// Its own style, where it names one.
    pub style: Option<Style>,
}

/// Something drawn on the picture, and where its polygon stands in the file, bytes from its start.
pub(super) struct Drawn<T> {
    pub(super) what: T,
    pub(super) at: Range<usize>,
}

/// Every zone that could be read, `None` in the place of one with a fault.
pub(super) fn read(item: &Item<'_>, frame: Option<FrameSize>) -> Option<Vec<Option<Drawn<Zone>>>> {
    let items = item.items("zone", "write [[zone]] above each zone, in double brackets")?;
    let mut labels = Labels::of("zones");
    Some(items.iter().map(|item| read_one(item, frame, &mut labels)).collect())
}

fn read_one<'d>(item: &Item<'d>, frame: Option<FrameSize>, labels: &mut Labels<'d>) -> Option<Drawn<Zone>> {
    let mut section = item.section()?;
    let kind = section.required("kind", "kind = \"door\", or what it is").and_then(|item| item.word());
    let outline = Outline::read(&mut section, frame, labels);
    // Absent and faulty are two things.
    let style = section.optional("style").map_or(Some(None), |item| item.word().map(Some));
    let small = section.optional("small").map_or(Some(false), |item| item.boolean());
    section.finish();
    let Outline { label, polygon, at } = outline?;
    if let Some(size) = frame.filter(|_| small == Some(false)).and_then(|frame| small_side(&polygon, frame)) {
        let message = format!("zone \"{label}\" is only {size} pixels large");
        let cure = "draw it around what it names, in 0..1 of the picture; if it is meant so, write small = true in it";
        let fault = item.doc.fault(message, cure);
        item.doc.note_fault(fault.mark(at, "hides hardly anything"));
        return None;
    }
    small?;
    Some(Drawn { what: Zone { kind: kind?, label, polygon: Arc::new(polygon), style: style? }, at })
}

/// What a zone and an overlay both have.
pub(super) struct Outline {
    pub(super) label: String,
    pub(super) polygon: UnitPolygon,
    /// Where the polygon stands in the file.
    pub(super) at: Range<usize>,
}

impl Outline {
    pub(super) fn read<'d>(
        section: &mut Section<'d>,
        frame: Option<FrameSize>,
        labels: &mut Labels<'d>,
    ) -> Option<Self> {
        let label = section
            .required("label", "label = \"...\", what your colleagues call it")
            .and_then(|item| labels.read(item));
        let item = section.required("polygon", "polygon = [[x, y], [x, y], [x, y]], in 0..1 of the picture");
        let polygon = item.as_ref().and_then(|item| polygon::read(item, frame));
        Some(Self { label: label?.to_owned(), polygon: polygon?, at: item?.span })
    }
}

/// The labels used so far; each may be used once.
pub(super) struct Labels<'d> {
    of: &'static str,
    used: HashMap<&'d str, Item<'d>>,
}

impl<'d> Labels<'d> {
    pub(super) fn of(of: &'static str) -> Self {
        Self { of, used: HashMap::new() }
    }

    fn read(&mut self, item: Item<'d>) -> Option<&'d str> {
        let label = item.filled_text("write what your colleagues call it")?;
        if let Some(first) = self.used.get(label) {
            let message = format!("two {} are labelled \"{label}\"", self.of);
            let fault = item.doc.fault(message, "give each a label of its own");
            let fault = fault.mark(item.span.clone(), "second use").mark(first.span.clone(), "first use");
            item.doc.note_fault(fault);
            return None;
        }
        self.used.insert(label, item);
        Some(label)
    }
}
