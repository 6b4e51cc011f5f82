//! `[[reference]]` in a camera file: stills of the scene with nobody in it.
//!
//! A still lies beside the camera file and is bound to it by its SHA-256: another picture under the same name could
//! hold somebody, who would pass for furniture from then on. `melkglas camera learn` writes these tables, and
//! `melkglas camera approve` notes who looked at a still.

use super::camera::Camera;
use super::diagnostic::SettingsError;
use super::document::{Document, Item, Section, read_text};
use crate::digest::sha256_hex;
use clap::ValueEnum;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

/// Most references of one camera: each is compared with.
pub(super) const MOST_REFERENCES: usize = 16;

/// Largest file of a still, bytes.
const LARGEST_STILL: u64 = 256 << 20;

/// The light that a reference was learned in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Light {
    /// By day, or lit as by day.
    Day,
    /// In the dark, in colour.
    Night,
    /// With the camera's infrared lamps: without colour.
    Infrared,
}

impl std::fmt::Display for Light {
    /// The word that stands in a camera file.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = self.to_possible_value().expect("no light is hidden from the command line");
        f.write_str(word.get_name())
    }
}

/// When the footage was filmed that a reference was learned from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// On a day.
    On(Date),
    /// In words.
    When(String),
}

/// Who looked at a still and found nobody on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The member of staff.
    pub by: String,
    /// The day.
    pub on: Date,
    /// Why, although a detector found somebody on it; none where it did not.
    pub despite: Option<String>,
}

/// A file that belongs to a camera file, by its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// Where it lies, seen from the camera file's folder.
    pub file: PathBuf,
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: String,
}

/// A still of the empty scene.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The still, a PNG.
    pub still: Pinned,
    /// When it was filmed.
    pub taken: Taken,
    /// In which light.
    pub light: Light,
    /// Who approved it. Without approval it may only ever add masks.
    pub approval: Option<Approval>,
    /// How far the scene strays from the still, a grey PNG.
    pub spread: Option<Pinned>,
}

/// A reference with the bytes of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedReference {
    /// What the camera file says of it.
    pub reference: Reference,
    /// The still, a PNG file, whose SHA-256 is the one in the camera file.
    pub still: Vec<u8>,
    /// The spread, a PNG file, checked likewise.
    pub spread: Option<Vec<u8>>,
}

impl Camera {
    /// The files of all references; `path` is the camera file's. A file is read only where it is the one that was
    /// meant.
    ///
    /// # Errors
    /// [`SettingsError`] with every file that is missing, unreadable or another one.
    pub fn load_references(&self, path: &Path) -> Result<Vec<LoadedReference>, SettingsError> {
        // The file may have gone or changed since it was read; a refusal stands all the same.
        let text =
            if self.references.is_empty() { String::new() } else { read_text(path).unwrap_or_default() };
        let doc = Document::new(path, &text);
        let loaded = self.references.iter().map(|reference| {
            let still = load(&doc, path, &reference.still);
            let spread = reference.spread.as_ref().map(|spread| load(&doc, path, spread));
            // Both are looked at before either is missed: all faults at once.
            Some(LoadedReference {
                reference: reference.clone(),
                still: still?,
                spread: match spread {
                    Some(spread) => Some(spread?),
                    None => None,
                },
            })
        });
        let loaded: Vec<_> = loaded.collect();
        doc.check(loaded.into_iter().collect())
    }
}

impl Pinned {
    /// The file's path; `camera` is the camera file's.
    #[must_use]
    pub fn path(&self, camera: &Path) -> PathBuf {
        camera.parent().unwrap_or(Path::new("")).join(&self.file)
    }
}

/// The bytes of a file, where they are the right ones; the fault is noted otherwise.
fn load(doc: &Document<'_>, camera: &Path, pinned: &Pinned) -> Option<Vec<u8>> {
    let path = pinned.path(camera);
    let note = |message: String, cure: &str| {
        doc.note_fault(doc.fault(message, cure));
        None
    };
    let restore = "put the file back where it was, or take its [[reference]] out and learn a new one with \
                   `melkglas camera learn`";
    match std::fs::metadata(&path) {
        Ok(meta) if !meta.is_file() => return note(format!("{} is no file", path.display()), restore),
        Ok(meta) if meta.len() > LARGEST_STILL => {
            return note(format!("{} is too large for a still", path.display()), restore);
        }
        _ => {}
    }
    match std::fs::read(&path) {
        Err(e) => note(format!("the reference {} cannot be read: {e}", path.display()), restore),
        Ok(bytes) => {
            let found = sha256_hex(&bytes);
            if found == pinned.sha256 {
                return Some(bytes);
            }
            note(
                format!(
                    "the reference {} is another file than the camera file names: its SHA-256 is {found}, not {}",
                    path.display(),
                    pinned.sha256
                ),
                restore,
            )
        }
    }
}

/// Every reference; `None` where one has a fault.
pub(super) fn read(item: &Item<'_>) -> Option<Vec<Reference>> {
    let items = item.items("reference", "write [[reference]] above each reference, in double brackets")?;
    if let Some(extra) = items.get(MOST_REFERENCES) {
        let message =
            format!("a camera has at most {MOST_REFERENCES} references, this one has {}", items.len());
        extra.note(message, "one too many", "keep one for each kind of light, and take the others out");
        return None;
    }
    let read: Vec<Option<(Reference, Range<usize>)>> = items.iter().map(read_one).collect();
    let known: Vec<&(Reference, Range<usize>)> = read.iter().flatten().collect();
    for (i, (reference, at)) in known.iter().enumerate() {
        if let Some((_, first)) =
            known[..i].iter().find(|(other, _)| other.still.sha256 == reference.still.sha256)
        {
            let fault = item.doc.fault("two references are the same picture", "take one of them out");
            item.doc.note_fault(fault.mark(at.clone(), "second time").mark(first.clone(), "first time"));
        }
    }
    read.into_iter().map(|read| read.map(|(reference, _)| reference)).collect()
}

/// A reference, and where its hash stands in the file.
fn read_one(item: &Item<'_>) -> Option<(Reference, Range<usize>)> {
    let mut section = item.section()?;
    let file = section
        .required("file", "file = \"entrance-3.reference-1.png\", seen from this file's folder")
        .and_then(|item| read_file(&item));
    let hash = section.required("sha256", "sha256 = \"...\", the file's SHA-256");
    let at = hash.as_ref().map(|item| item.span.clone());
    let sha256 = hash.and_then(|item| read_hash(&item));
    let taken = section
        .required("taken", "taken = 2026-01-31, the day that it was filmed")
        .and_then(|item| read_taken(&item));
    let light =
        section.required("light", "light = \"day\", \"night\" or \"infrared\"").and_then(|item| item.word());
    let approval = read_approval(item, &mut section);
    let spread = read_spread(item, &mut section);
    section.finish();
    let still = Pinned { file: file?, sha256: sha256? };
    Some((Reference { still, taken: taken?, light: light?, approval: approval?, spread: spread? }, at?))
}

/// `Some(None)` where nobody approved it, `None` where there is a fault.
fn read_approval(item: &Item<'_>, section: &mut Section<'_>) -> Option<Option<Approval>> {
    let by = section.optional("approved_by");
    let on = section.optional("approved_on");
    let despite = section.optional("despite");
    let note = |missing: &str, example: &str| {
        let name = item.name();
        item.note(
            format!("key `{missing}` is missing in `{name}`"),
            "half an approval",
            format!("write {example}, or let `melkglas camera approve` write it"),
        );
    };
    match (&by, &on) {
        (Some(_), None) => note("approved_on", "approved_on = 2026-01-31"),
        (None, Some(_)) => note("approved_by", "approved_by = \"...\""),
        (None, None) if despite.is_some() => note("approved_by", "approved_by and approved_on"),
        _ => {}
    }
    let by = by.map(|item| item.filled_text("write who looked at the still").map(str::to_owned));
    let on = on.map(|item| item.date());
    let despite = despite
        .map(|item| item.filled_text("write why nobody is on it, or leave the key out").map(str::to_owned));
    match (by, on, despite) {
        (None, None, None) => Some(None),
        (Some(by), Some(on), None) => Some(Some(Approval { by: by?, on: on?, despite: None })),
        (Some(by), Some(on), Some(despite)) => {
            Some(Some(Approval { by: by?, on: on?, despite: Some(despite?) }))
        }
        _ => None,
    }
}

/// `Some(None)` where there is none, `None` where there is a fault.
fn read_spread(item: &Item<'_>, section: &mut Section<'_>) -> Option<Option<Pinned>> {
    let file = section.optional("spread");
    let sha256 = section.optional("spread_sha256");
    if file.is_some() != sha256.is_some() {
        let name = item.name();
        item.note(
            format!("`spread` and `spread_sha256` go together, and `{name}` has one of them"),
            "half a spread",
            "write both, or neither",
        );
    }
    let file = file.map(|item| read_file(&item));
    let sha256 = sha256.map(|item| read_hash(&item));
    match (file, sha256) {
        (None, None) => Some(None),
        (Some(file), Some(sha256)) => Some(Some(Pinned { file: file?, sha256: sha256? })),
        _ => None,
    }
}

/// The path of a file in the camera file's folder or below it.
fn read_file(item: &Item<'_>) -> Option<PathBuf> {
    let path = PathBuf::from(item.filled_text("write the file's name, such as entrance-3.reference-1.png")?);
    let below = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !below {
        let message = format!("`{}` leaves the camera file's folder", item.name());
        item.note(
            message,
            "not below this file",
            "put the still beside the camera file, and name it from there",
        );
        return None;
    }
    if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png")) {
        let message = format!("`{}` is no PNG by its name", item.name());
        item.note(message, "must end in .png", "name the PNG that `melkglas camera learn` wrote");
        return None;
    }
    Some(path)
}

pub(super) fn read_hash(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let sound = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !sound {
        let message = format!("`{}` is no SHA-256", item.name());
        item.note(message, "64 of the digits 0-9 and a-f", "write what sha256sum prints for the file");
        return None;
    }
    Some(text.to_owned())
}

fn read_taken(item: &Item<'_>) -> Option<Taken> {
    if item.is_text() {
        let cure = "write when it was filmed, or the day alone: taken = 2026-01-31";
        return item.filled_text(cure).map(|text| Taken::When(text.to_owned()));
    }
    item.date().map(Taken::On)
}

#[cfg(test)]
#[path = "reference_tests.rs"]
mod tests;
