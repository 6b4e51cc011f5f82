//! Camera files, `pipelines/cameras/<id>.toml`: one camera's picture and its private regions.
//!
//! A zone always hides, so a file that could hide less than its author meant is refused: a misspelt key, a
//! polygon in pixels, a zone that encloses nothing.

use super::diagnostic::SettingsError;
use super::document::{Document, Item, read_text};
use super::polygon;
use super::style::Style;
use crate::digest::sha256_hex;
use crate::geometry::{FrameSize, UnitPolygon};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// Longest side of a picture that a camera file may name, pixels.
const LONGEST_SIDE_PX: i64 = 16_384;

/// What a private region holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each name says what it is")]
pub enum ZoneKind {
    Door,
    Window,
    Garden,
    Street,
    NamePlate,
    BellPanel,
    Screen,
    Mirror,
    NoticeBoard,
    Parking,
    Other,
}

impl std::fmt::Display for ZoneKind {
    /// The word that stands in a camera file.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = self.to_possible_value().expect("no kind is hidden from the command line");
        f.write_str(word.get_name())
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

/// One camera.
#[derive(Debug, Clone, PartialEq)]
pub struct Camera {
    /// Short name, also the file's.
    pub id: String,
    /// What it films, in words.
    pub description: String,
    /// Size of its picture, as displayed.
    pub frame: FrameSize,
    /// Its private regions.
    pub zones: Vec<Zone>,
    /// SHA-256 of the file that this was read from, hexadecimal.
    pub sha256: String,
}

impl Camera {
    /// Reads and checks a camera file.
    ///
    /// # Errors
    /// [`SettingsError`] with every fault found, each with line, column and a cure.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        Self::parse(path, &read_text(path)?)
    }

    /// Checks the text of a camera file that is, or is going to be, called `path`.
    ///
    /// # Errors
    /// [`SettingsError`] with every fault found.
    pub fn parse(path: &Path, text: &str) -> Result<Self, SettingsError> {
        let doc = Document::new(path, text);
        let table = doc.parse()?;
        let mut root = doc.root(&table);
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();

        let schema = root.required("schema", "schema = 1").and_then(|item| read_schema(&item));
        let id =
            root.required("id", format!("id = \"{}\"", slug(&stem))).and_then(|item| read_id(&item, &stem));
        let description = root
            .required("description", "description = \"...\", what the camera films")
            .and_then(|item| item.text());
        let frame = root
            .required("frame", "frame = { width = 768, height = 576 }, the clip's size in pixels")
            .and_then(|item| read_frame(&item));
        let zones = root.optional("zone").map_or(Some(Vec::new()), |item| read_zones(&item, frame));
        root.finish();

        let camera = (|| {
            schema?;
            Some(Self {
                id: id?.to_owned(),
                description: description?.to_owned(),
                frame: frame?,
                zones: zones?,
                sha256: sha256_hex(text.as_bytes()),
            })
        })();
        doc.check(camera)
    }
}

/// Checks that a clip can come from this camera: same shape of picture, to within one per cent.
///
/// # Errors
/// [`SettingsError`] pointing at the camera file's `frame`.
pub fn check_size(camera: &Camera, path: &Path, clip: FrameSize) -> Result<(), SettingsError> {
    let drawn = camera.frame;
    if drawn.same_aspect(clip) {
        return Ok(());
    }
    let FrameSize { width, height } = clip;
    // The file may have gone or changed since it was read; the refusal stands all the same.
    let text = read_text(path).unwrap_or_default();
    let doc = Document::new(path, &text);
    let fault = doc.fault(
        format!("the clip is {clip}, another shape of picture than camera {}'s {drawn}", camera.id),
        format!(
            "use the camera file of the camera that made this clip; if this camera was set to another picture, \
             write frame = {{ width = {width}, height = {height} }} and draw its zones anew"
        ),
    );
    let span = doc.parse().ok().and_then(|table| table.get_ref().get("frame").map(toml::Spanned::span));
    Err(SettingsError::new(vec![match span {
        Some(span) => fault.mark(span, format!("the zones were drawn on {drawn}")),
        None => fault,
    }]))
}

/// The version of the file's form, of which only 1 exists.
pub(super) fn read_schema(item: &Item<'_>) -> Option<()> {
    let version = item.integer(i64::MIN..=i64::MAX)?;
    if version != 1 {
        item.note(format!("schema {version} is not known here"), "only 1 is", "write schema = 1");
    }
    (version == 1).then_some(())
}

fn read_id<'d>(item: &Item<'d>, stem: &str) -> Option<&'d str> {
    let id = item.text()?;
    let wanted = slug(if stem.is_empty() { id } else { stem });
    let cure = if wanted == stem {
        format!("write id = \"{wanted}\"")
    } else {
        format!("write id = \"{wanted}\" and name the file {wanted}.toml")
    };
    if id.is_empty() || slug(id) != id {
        let message = if id.is_empty() { "`id` is empty".into() } else { format!("`id` cannot be \"{id}\"") };
        item.note(message, "allowed are a-z, 0-9 and the hyphen", cure);
        return None;
    }
    if id != stem {
        let cure = format!("{cure}, or name the file {id}.toml");
        item.note(format!("`id` is \"{id}\" in a file named {stem}"), "must be the file's name", cure);
        return None;
    }
    Some(id)
}

/// The nearest possible id: lower case, everything else a hyphen.
fn slug(text: &str) -> String {
    let letters = text.chars().map(|c| c.to_ascii_lowercase());
    let slug: String =
        letters.map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' }).collect();
    if slug.is_empty() { "camera".to_owned() } else { slug }
}

fn read_frame(item: &Item<'_>) -> Option<FrameSize> {
    let mut section = item.section()?;
    let mut side = |key, example| {
        let side = section.required(key, example).and_then(|item| item.integer(1..=LONGEST_SIDE_PX));
        side.and_then(|px| u32::try_from(px).ok())
    };
    let (width, height) = (side("width", "width = 768"), side("height", "height = 576"));
    section.finish();
    Some(FrameSize { width: width?, height: height? })
}

/// All zones, or `None` where any of them has a fault.
fn read_zones(item: &Item<'_>, frame: Option<FrameSize>) -> Option<Vec<Zone>> {
    let items = item.items("zone", "write [[zone]] above each zone, in double brackets")?;
    let mut labels: HashMap<&str, Item<'_>> = HashMap::new();
    let mut zones = Vec::with_capacity(items.len());
    for item in &items {
        zones.push(read_zone(item, frame, &mut labels));
    }
    zones.into_iter().collect()
}

fn read_zone<'d>(
    item: &Item<'d>,
    frame: Option<FrameSize>,
    labels: &mut HashMap<&'d str, Item<'d>>,
) -> Option<Zone> {
    let mut section = item.section()?;
    let kind = section.required("kind", "kind = \"door\", or what it is").and_then(|item| item.word());
    let label = section
        .required("label", "label = \"...\", what your colleagues call it")
        .and_then(|item| read_label(item, labels));
    let polygon = section
        .required("polygon", "polygon = [[x, y], [x, y], [x, y]], in 0..1 of the picture")
        .and_then(|item| polygon::read(&item, frame));
    // Absent and faulty are two things.
    let style = section.optional("style").map_or(Some(None), |item| item.word().map(Some));
    section.finish();
    Some(Zone { kind: kind?, label: label?.to_owned(), polygon: Arc::new(polygon?), style: style? })
}

fn read_label<'d>(item: Item<'d>, labels: &mut HashMap<&'d str, Item<'d>>) -> Option<&'d str> {
    let label = item.text()?;
    if label.trim().is_empty() {
        item.note(
            format!("`{}` is empty", item.name()),
            "says nothing",
            "write what your colleagues call it",
        );
        return None;
    }
    if let Some(first) = labels.get(label) {
        let message = format!("two zones are labelled \"{label}\"");
        let fault = item.doc.fault(message, "give each zone a label of its own");
        item.doc
            .note_fault(fault.mark(item.span.clone(), "second use").mark(first.span.clone(), "first use"));
        return None;
    }
    labels.insert(label, item);
    Some(label)
}
