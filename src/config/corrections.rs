//! Corrections files: regions of one clip that staff want hidden, kept so that the clip can be rendered again.
//!
//! A list of `[[cover]]` and nothing else: whatever else stands in such a file is refused, so none of it can ever lift a
//! mask. There is no room for words about what is covered either: they would name people.

use super::camera::read_schema;
use super::correction::{Correction, CorrectionFault, Keyframe, Place, REACH_PX, SIDE_PX, seconds};
use super::diagnostic::SettingsError;
use super::document::{Document, Item, read_text};
use super::reference::read_hash;
use crate::digest::sha256_hex;
use crate::moment::ClipTime;
use std::path::Path;

/// Version of the form of a corrections file.
pub const CORRECTIONS_VERSION: u32 = 1;

/// How to write a box.
const BOX_FORM: &str = "write box = [x, y, width, height], in pixels of the displayed picture";
/// How to write the boxes of a region that moves.
const KEYFRAMES_FORM: &str =
    "write keyframes = [{ at = 12.4, box = [x, y, width, height] }, { at = 14, box = [...] }]";

/// A corrections file.
#[derive(Debug, Clone, PartialEq)]
pub struct Corrections {
    /// SHA-256 of the clip that it belongs to, hexadecimal, where it says so.
    pub source_sha256: Option<String>,
    /// What it hides, in the file's order, each with the line on which it stands, from 1.
    pub covers: Vec<(usize, Correction)>,
    /// SHA-256 of the file that this was read from, hexadecimal.
    pub sha256: String,
}

impl Corrections {
    /// Reads and checks a corrections file.
    ///
    /// # Errors
    /// [`SettingsError`] with every fault found, each with line, column and a cure.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        Self::parse(path, &read_text(path)?)
    }

    /// Checks the text of a corrections file that is called `path`.
    ///
    /// # Errors
    /// [`SettingsError`] with every fault found.
    pub fn parse(path: &Path, text: &str) -> Result<Self, SettingsError> {
        let doc = Document::new(path, text);
        let table = doc.parse()?;
        let mut root = doc.root(&table);
        let version = root.required("version", "version = 1").and_then(|item| read_schema(&item));
        let source = root.optional("source_sha256").map_or(Some(None), |item| read_hash(&item).map(Some));
        let items = root
            .required("cover", "[[cover]] above each region; a file that covers nothing was not meant")
            .and_then(|item| {
                let items = item.items("cover", "write [[cover]] above each region, in double brackets")?;
                if items.is_empty() {
                    item.note("`cover` is empty", "covers nothing", "write [[cover]] above each region");
                }
                Some(items)
            });
        let line = |item: &Item<'_>| text.get(..item.span.start).unwrap_or(text).matches('\n').count() + 1;
        let covers: Option<Vec<Option<_>>> =
            items.map(|items| items.iter().map(|item| read_cover(item).map(|c| (line(item), c))).collect());
        root.finish();
        let corrections = (|| {
            version?;
            Some(Self {
                source_sha256: source?,
                covers: covers?.into_iter().collect::<Option<_>>()?,
                sha256: sha256_hex(text.as_bytes()),
            })
        })();
        doc.check(corrections)
    }
}

/// The text of a corrections file with these regions, for the clip with this SHA-256.
#[must_use]
pub fn corrections_text<'a>(source_sha256: &str, covers: impl IntoIterator<Item = &'a Correction>) -> String {
    let mut text = format!(
        "# Regions that staff want hidden: melkglas redact --corrections FILE. They only ever add to what is hidden.\n\
         # Times are seconds from the clip's first frame; boxes are x, y, width and height in pixels of the picture.\n\
         version = {CORRECTIONS_VERSION}\nsource_sha256 = \"{source_sha256}\"\n"
    );
    for cover in covers {
        text += "\n[[cover]]\n";
        text += &match cover.keyframes() {
            [] => String::new(),
            [from, to] if from.place == to.place => {
                format!("from = {}\nto = {}\n", seconds(from.at), seconds(to.at))
            }
            several => {
                let line = |k: &Keyframe| format!("    {{ at = {}, {} }},\n", seconds(k.at), boxed(k.place));
                let lines: String = several.iter().map(line).collect();
                text += &format!("keyframes = [\n{lines}]\n");
                continue;
            }
        };
        text.extend(cover.places().next().map(|place| format!("{}\n", boxed(place))));
    }
    text
}

fn boxed(Place { x, y, w, h }: Place) -> String {
    format!("box = [{x}, {y}, {w}, {h}]")
}

fn read_cover(item: &Item<'_>) -> Option<Correction> {
    let mut section = item.section()?;
    let moves = section.has("keyframes");
    let timed = section.has("from") || section.has("to");
    let keyframes = section.optional("keyframes");
    let mut ask = |key, example, needed: bool| {
        if needed { section.required(key, example) } else { section.optional(key) }
    };
    let from = ask("from", "from = 12.4, the first second of it", timed && !moves);
    let to = ask("to", "to = 14, the last second of it", timed && !moves);
    let place = ask("box", "box = [x, y, width, height], in pixels of the displayed picture", !moves);
    section.finish();
    if let Some(keyframes) = keyframes {
        let others: Vec<_> = [from, to, place].into_iter().flatten().collect();
        for other in &others {
            other.note(
                format!("`{}` stands beside `{}`", other.name(), keyframes.name()),
                "the keyframes say when and where",
                "leave it out, or write from, to and box without keyframes",
            );
        }
        return read_keyframes(&keyframes).filter(|_| others.is_empty());
    }
    let (from, to) = (from.map(|item| (read_time(&item), item)), to.map(|item| (read_time(&item), item)));
    let place = place.and_then(|item| read_place(&item));
    match (from, to) {
        (None, None) if !timed => place.map(Correction::throughout),
        (Some((from_time, from)), Some((to_time, to))) => {
            match Correction::still(from_time?, to_time?, place?) {
                Ok(cover) => Some(cover),
                Err(fault) => {
                    let fault = item
                        .doc
                        .fault(format!("`{}`: {fault}", item.name()), "write the earlier time in `from`");
                    let fault = fault.mark(from.span, "it begins here").mark(to.span, "and ends before that");
                    item.doc.note_fault(fault);
                    None
                }
            }
        }
        _ => None,
    }
}

fn read_keyframes(item: &Item<'_>) -> Option<Correction> {
    let items = item.items(item.name().trim_end_matches('s'), KEYFRAMES_FORM)?;
    let read: Vec<_> = items.iter().map(read_keyframe).collect();
    let mut sound = true;
    for (index, pair) in read.windows(2).enumerate() {
        let [Some(before), Some(after)] = pair else { continue };
        if before.at >= after.at {
            let fault = item.doc.fault(
                format!("`{}`: {}", item.name(), CorrectionFault::Unordered),
                "list the keyframes in the order of their times, one for each time",
            );
            let [first, second] = [index, index + 1].map(|i| items[i].span.clone());
            item.doc.note_fault(fault.mark(second, "not later than").mark(first, "this"));
            sound = false;
        }
    }
    if items.len() < 2 {
        let fault = CorrectionFault::OneMoment;
        item.note(
            format!("`{}`: {fault}", item.name()),
            "too few",
            "write from, to and box where it stands still",
        );
        return None;
    }
    let keyframes = read.into_iter().collect::<Option<Vec<_>>>().filter(|_| sound)?;
    Correction::moving(keyframes).ok()
}

fn read_keyframe(item: &Item<'_>) -> Option<Keyframe> {
    let mut section = item.section()?;
    let at = section.required("at", "at = 12.4, in seconds").and_then(|item| read_time(&item));
    let place = section.required("box", "box = [x, y, width, height]").and_then(|item| read_place(&item));
    section.finish();
    Some(Keyframe { at: at?, place: place? })
}

/// A moment of the clip, in the words of the command line or as a number of seconds.
fn read_time(item: &Item<'_>) -> Option<ClipTime> {
    const FORM: &str =
        "write seconds from the clip's first frame (12.4), or \"hh:mm:ss\" in quotes (\"00:01:30.5\")";
    let time = if item.is_text() {
        item.text()?.parse()
    } else if item.is_number() {
        ClipTime::from_secs(item.any_number()?)
    } else {
        item.wrong_type("a time of the clip", FORM);
        return None;
    };
    time.map_err(|_| item.note(format!("`{}` is no time of a clip", item.name()), "no time", FORM)).ok()
}

fn read_place(item: &Item<'_>) -> Option<Place> {
    let numbers = item.items(item.name(), BOX_FORM)?;
    let [x, y, w, h] = numbers.as_slice() else {
        let message = format!("a box is four numbers, this one has {}", numbers.len());
        item.note(message, "not a box", BOX_FORM);
        return None;
    };
    let (x, y, w, h) = (x.number(REACH_PX), y.number(REACH_PX), w.number(SIDE_PX), h.number(SIDE_PX));
    Place::new([x?, y?, w?, h?])
}
