//! Camera files, `pipelines/cameras/<id>.toml`: one camera's picture and its private regions.
//!
//! A zone always hides, so a file that could hide less than its author meant is refused: a misspelt key, a
//! polygon in pixels, a zone that encloses nothing.

use super::diagnostic::SettingsError;
use super::document::{Document, Item, read_text};
use super::live::{self, LivePolicy, Stream};
use super::overlay::{self, Overlay};
use super::reference::{self, Reference};
use super::register::{self, Register};
use super::zone::{self, Drawn, Zone, ZoneKind};
use crate::digest::sha256_hex;
use crate::geometry::FrameSize;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Longest side of a picture that a camera file may name, pixels.
pub(super) const LONGEST_SIDE_PX: i64 = 16_384;

/// How people are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// Upright, head above feet.
    #[default]
    Level,
    /// From above, lying in any direction of the picture.
    Overhead,
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
    /// How people are seen on it.
    pub view: View,
    /// Whether it always shows the same scene. Zones and overlays of one that turns or travels are applied all the
    /// same, where they are drawn: what they were drawn around may be elsewhere by then, and only a person who looks
    /// can tell, but to leave them out would hide less.
    pub fixed: bool,
    /// Its private regions.
    pub zones: Vec<Zone>,
    /// Its burned-in clock and name.
    pub overlays: Vec<Overlay>,
    /// Stills of its scene with nobody in it.
    pub references: Vec<Reference>,
    /// Kinds of private region that somebody looked for and did not find.
    pub absent: Vec<ZoneKind>,
    /// Whether it may be watched live.
    pub live: LivePolicy,
    /// Where its stream is, where it may be.
    pub stream: Option<Stream>,
    /// What is on record about it.
    pub register: Register,
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
        let view = root.optional("view").map_or(Some(View::default()), |item| item.word());
        let fixed = root.optional("fixed").map_or(Some(true), |item| item.boolean());
        let absent = root.optional("absent").map_or_else(|| Some(Vec::new()), |item| read_absent(&item));
        let register =
            root.optional("register").map_or_else(|| Some(Register::default()), |i| register::read(&i));
        let live = root.optional("live").map_or(Some(LivePolicy::default()), |item| item.word());
        let stream = root.optional("stream").map_or(Some(None), |item| live::read(&item).map(Some));
        let zones = root.optional("zone").map_or_else(|| Some(Vec::new()), |item| zone::read(&item, frame));
        let overlays =
            root.optional("overlay").map_or_else(|| Some(Vec::new()), |item| overlay::read(&item, frame));
        let references =
            root.optional("reference").map_or_else(|| Some(Vec::new()), |item| reference::read(&item));
        root.finish();

        let found: Vec<_> = zones.iter().flatten().flatten().collect();
        overlay::check(&doc, &overlays.iter().flatten().flatten().collect::<Vec<_>>(), &found);
        refuse_present(&doc, absent.as_deref().unwrap_or_default(), &found);

        let camera = (|| {
            schema?;
            Some(Self {
                id: id?.to_owned(),
                description: description?.to_owned(),
                frame: frame?,
                view: view?,
                fixed: fixed?,
                zones: all(zones?)?,
                overlays: all(overlays?)?,
                references: references?,
                absent: absent?.into_iter().map(|kind| kind.what).collect(),
                live: live?,
                stream: stream?,
                register: register?,
                sha256: sha256_hex(text.as_bytes()),
            })
        })();
        doc.check(camera)
    }
}

/// What was read of each, where all were.
fn all<T>(read: Vec<Option<Drawn<T>>>) -> Option<Vec<T>> {
    read.into_iter().map(|drawn| drawn.map(|drawn| drawn.what)).collect()
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
        let name = item.name();
        item.note(format!("{name} {version} is not known here"), "only 1 is", format!("write {name} = 1"));
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
pub(super) fn slug(text: &str) -> String {
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

/// The kinds that were looked for in vain; each once.
fn read_absent(item: &Item<'_>) -> Option<Vec<Drawn<ZoneKind>>> {
    let items = item.items("absent", "write a list: absent = [\"mirror\", \"bell-panel\"]")?;
    let mut kinds: Vec<Option<Drawn<ZoneKind>>> = Vec::with_capacity(items.len());
    for item in items {
        let kind = item.word::<ZoneKind>();
        let first = kinds.iter().flatten().find(|known| Some(known.what) == kind);
        if let (Some(first), Some(kind)) = (first, kind) {
            let fault = item.doc.fault(format!("`absent` names {kind} twice"), "leave one out");
            let fault = fault.mark(item.span.clone(), "second time").mark(first.at.clone(), "first time");
            item.doc.note_fault(fault);
            kinds.push(None);
        } else {
            kinds.push(kind.map(|what| Drawn { what, at: item.span }));
        }
    }
    kinds.into_iter().collect()
}

/// Notes kinds that are said to be absent and are drawn.
fn refuse_present(doc: &Document<'_>, absent: &[Drawn<ZoneKind>], zones: &[&Drawn<Zone>]) {
    for kind in absent {
        let Some(zone) = zones.iter().find(|zone| zone.what.kind == kind.what) else { continue };
        let message = format!("{} is said to be absent, and zone \"{}\" is one", kind.what, zone.what.label);
        let fault = doc.fault(message, format!("take \"{}\" out of `absent`", kind.what));
        doc.note_fault(fault.mark(kind.at.clone(), "absent").mark(zone.at.clone(), "drawn here"));
    }
}
