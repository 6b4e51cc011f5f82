//! The site file: how this installation detects, masks and encodes, and by which policy it works.
//!
//! Every key has a default, so an empty file is a valid one; [`Site::default`] and `pipelines/site.example.toml` are the
//! same, but for the office that the example has. It is never looked for in the current directory, where anybody's file
//! may lie: it is named, or it is [`SITE_FILE`].

use super::camera::read_schema;
use super::codecs::{Codecs, DecodeSettings};
use super::diagnostic::SettingsError;
use super::document::{Document, Item, Section, read_text};
use super::follow::FollowSettings;
use super::office::{self, Office};
use super::scene::SceneSettings;
use super::style::{NotAColour, Rgb, Style};
use super::target::{Target, Targets};
use super::track::TrackSettings;
use crate::geometry::FrameSize;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use std::path::Path;

/// The site file of a machine for which none is named.
pub const SITE_FILE: &str = "/etc/melkglas/site.toml";

/// All settings of an installation.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Site {
    /// Version of the file's form; 1.
    pub schema: Schema,
    /// How people are found.
    pub detect: DetectSettings,
    /// How frames are compared with the empty scene.
    pub scene: SceneSettings,
    /// How a chosen subject is followed.
    pub follow: FollowSettings,
    /// How people are hidden.
    pub mask: MaskSettings,
    /// How footage is decoded.
    pub decode: DecodeSettings,
    /// How the result is written.
    pub encode: EncodeSettings,
    /// When a job gives up.
    pub limits: LimitSettings,
    /// How detections become tracks.
    pub track: TrackSettings,
    /// Policy, staff and cases; none: footage is nobody's but the user's own. Not for reports, which leave the office.
    #[serde(skip)]
    pub office: Option<Office>,
}

/// Version of a settings file's form. Only 1 exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(into = "u32")]
pub struct Schema;

impl From<Schema> for u32 {
    fn from(_: Schema) -> Self {
        1
    }
}

/// Where the networks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// The processor.
    #[default]
    Cpu,
    /// NVIDIA CUDA. Compiled, untested.
    Cuda,
    /// NVIDIA TensorRT. Compiled, untested.
    Tensorrt,
    /// Intel OpenVINO. Compiled, untested.
    Openvino,
}

/// What happens to a frame that is larger than the networks' input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum TilingMode {
    /// It is scaled down to the input.
    #[default]
    Scale,
    /// It is scaled down, and also looked at in overlapping tiles at the input's own scale.
    Tile,
}

/// How often each network looks: at every n-th frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cadence {
    /// Persons are looked for in every n-th frame where one pass finds and hides; in every frame where they are followed.
    pub persons: u32,
    /// Faces are looked for in every m-th frame.
    pub faces: u32,
    /// A look that stands for frames that nobody searches believes persons from this share of the usual score on: the fewer
    /// looks, the more each has to find.
    pub keen_share: f32,
    /// Where frames come at long intervals: a look is never later than this after the one before, seconds.
    pub gap_s: f32,
    /// While nothing changes in the picture, the networks look again only after this time, seconds; 0: never mind whether
    /// anything changes.
    pub rest_s: f32,
}

impl Default for Cadence {
    fn default() -> Self {
        Self { persons: 4, faces: 4, keen_share: 0.85, gap_s: 0.2, rest_s: 2.0 }
    }
}

/// How people are found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DetectSettings {
    /// Where the networks run.
    pub provider: Provider,
    /// Where the provider is missing: use the processor instead of refusing to start.
    pub allow_cpu_fallback: bool,
    /// Parallel detectors, each with its own sessions; 0 = one per processor core.
    pub workers: usize,
    /// Longer side of the person network's input, pixels.
    pub person_input_px: u32,
    /// Longer side of the face network's input, pixels.
    pub face_input_px: u32,
    /// Lowest confidence that counts as a person; none = the model's own default.
    pub person_score: Option<f32>,
    /// Lowest confidence that counts as a face; none = the model's own default.
    pub face_score: Option<f32>,
    /// Lowest confidence that continues a track; between this and its threshold a detection begins none.
    pub weak_score: f32,
    /// Two boxes of one target that overlap by more than this (IoU) are one.
    pub nms_iou: f32,
    /// How frames larger than the input are looked at.
    pub tiling: TilingMode,
    /// Each look is also taken at the mirrored picture.
    pub mirrored: bool,
    /// Each look is also taken at the picture turned by 90, 180 and 270 degrees: for cameras that look straight down.
    pub rotated: bool,
    /// What is looked for and hidden.
    pub targets: Targets,
    /// The models in use, by their names in the manifest; none = the first one listed for each task.
    pub models: Vec<String>,
    /// How often each network looks.
    pub cadence: Cadence,
}

impl Default for DetectSettings {
    fn default() -> Self {
        Self {
            provider: Provider::Cpu,
            allow_cpu_fallback: false,
            workers: 0,
            person_input_px: 640,
            face_input_px: 640,
            person_score: None,
            face_score: None,
            weak_score: 0.1,
            nms_iou: 0.6,
            tiling: TilingMode::Scale,
            mirrored: false,
            rotated: false,
            targets: Targets::default(),
            models: Vec::new(),
            cadence: Cadence::default(),
        }
    }
}

/// How people are hidden.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MaskSettings {
    /// How a mask looks, unless a zone or the command line says otherwise.
    pub style: Style,
    /// Colour of `fill` and of covered frames.
    pub fill_colour: Rgb,
    /// Margin around a person's box, as a share of its width and height.
    pub margin: f32,
    /// Margin around any box, at least this many pixels.
    pub margin_px: f32,
    /// Smallest side of a `blur` or `pixelate` cell, pixels; masks too small for all cells have fewer.
    pub min_cell_px: u32,
    /// Cells keep their greys for this long, seconds.
    pub hold_cells_s: f32,
    /// Words burned into every frame after it was masked; the file has no key for them, and no record repeats them: they
    /// may name a recipient.
    #[serde(skip)]
    pub burn_in: Option<BurnIn>,
}

/// Words burned into every frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BurnIn {
    /// The words, in one line.
    pub words: String,
    /// Where they stand.
    pub place: MarkPlace,
}

/// Where burned-in words stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkPlace {
    /// At three heights across the picture: for what is not to be used.
    Across,
    /// Along its upper and lower edge: for what is to be looked at, and says whose copy it is.
    Edges,
}

impl Default for MaskSettings {
    fn default() -> Self {
        Self {
            style: Style::Blur,
            fill_colour: Rgb::default(),
            margin: 0.1,
            margin_px: 4.0,
            min_cell_px: 2,
            hold_cells_s: 2.0,
            burn_in: None,
        }
    }
}

/// How the encoder weighs time against size. Quality is a setting of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// Least time, much larger files.
    Fast,
    /// A little more time, files about as large as a recorder's.
    #[default]
    Balanced,
    /// Much more time, smaller files.
    Small,
}

/// How the result is written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EncodeSettings {
    /// Whose encoder.
    pub elements: Codecs,
    /// Time against size.
    pub preset: Preset,
    /// Constant quality (x264's rate factor; the quantiser of a graphics card): lower is better and larger.
    pub quality: u32,
    /// Most frames between two keyframes.
    pub keyframe_interval: u32,
    /// Quality of a JPEG still, 1 to 100: higher is better and larger.
    pub jpeg_quality: u8,
}

impl Default for EncodeSettings {
    fn default() -> Self {
        Self {
            elements: Codecs::Software,
            preset: Preset::Balanced,
            quality: 23,
            keyframe_interval: 250,
            jpeg_quality: 92,
        }
    }
}

/// When a job gives up.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LimitSettings {
    /// Longest wait for the next picture, for the encoder or for a detector, seconds.
    pub stall_secs: f64,
    /// Frames that may be covered because a detector failed on them before the job fails.
    pub detector_faults: u64,
    /// Largest side of a picture that is accepted, pixels.
    pub max_side_px: u32,
    /// Largest picture that is accepted, millions of pixels; whatever a file declares, no more is made room for.
    pub max_megapixels: u32,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self { stall_secs: 30.0, detector_faults: 25, max_side_px: 8192, max_megapixels: 36 }
    }
}

impl LimitSettings {
    /// Whether a picture of this size is larger than accepted.
    #[must_use]
    pub fn refuse(&self, size: FrameSize) -> bool {
        let side = size.width.max(size.height);
        side > self.max_side_px || size.area_px() > u64::from(self.max_megapixels) * 1_000_000
    }
}

impl Site {
    /// Reads and checks a site file.
    ///
    /// # Errors
    /// [`SettingsError`] with every fault found.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        let text = read_text(path)?;
        let doc = Document::new(path, &text);
        let table = doc.parse()?;
        let mut root = doc.root(&table);
        let mut site = Self::default();
        if let Some(item) = root.optional("schema") {
            // The fault, if any, is noted; there is no other version to take.
            let _ = read_schema(&item);
        }
        within(&mut root, "detect", |section| site.detect.read(section));
        within(&mut root, "follow", |section| site.follow.read(section));
        within(&mut root, "scene", |section| site.scene.read(section));
        within(&mut root, "mask", |section| site.mask.read(section));
        within(&mut root, "decode", |section| site.decode.read(section));
        within(&mut root, "encode", |section| site.encode.read(section));
        within(&mut root, "limits", |section| site.limits.read(section));
        within(&mut root, "track", |section| site.track.read(section));
        site.office = office::read(&mut root, &doc);
        root.finish();
        doc.check(Some(site))
    }
}

impl DetectSettings {
    fn read(&mut self, section: &mut Section<'_>) {
        set(section, "provider", &mut self.provider, |item| item.word());
        set(section, "allow_cpu_fallback", &mut self.allow_cpu_fallback, |item| item.boolean());
        set(section, "workers", &mut self.workers, |item| whole(item, 0..=256));
        set(section, "person_input_px", &mut self.person_input_px, input_side);
        set(section, "face_input_px", &mut self.face_input_px, input_side);
        set(section, "person_score", &mut self.person_score, |item| fraction(item, 0.01..=0.99).map(Some));
        set(section, "face_score", &mut self.face_score, |item| fraction(item, 0.01..=0.99).map(Some));
        set(section, "weak_score", &mut self.weak_score, |item| fraction(item, 0.01..=0.99));
        set(section, "nms_iou", &mut self.nms_iou, |item| fraction(item, 0.1..=0.95));
        set(section, "tiling", &mut self.tiling, |item| item.word());
        set(section, "mirrored", &mut self.mirrored, |item| item.boolean());
        set(section, "rotated", &mut self.rotated, |item| item.boolean());
        set(section, "targets", &mut self.targets, targets);
        set(section, "models", &mut self.models, model_names);
        within(section, "cadence", |section| {
            set(section, "persons", &mut self.cadence.persons, |item| whole(item, 1..=250));
            set(section, "faces", &mut self.cadence.faces, |item| whole(item, 1..=250));
            set(section, "keen_share", &mut self.cadence.keen_share, |item| fraction(item, 0.1..=1.0));
            set(section, "gap_s", &mut self.cadence.gap_s, |item| fraction(item, 0.0..=10.0));
            set(section, "rest_s", &mut self.cadence.rest_s, |item| fraction(item, 0.0..=10.0));
        });
    }
}

impl MaskSettings {
    fn read(&mut self, section: &mut Section<'_>) {
        set(section, "style", &mut self.style, |item| item.word());
        set(section, "fill_colour", &mut self.fill_colour, colour);
        set(section, "margin", &mut self.margin, |item| fraction(item, 0.0..=2.0));
        set(section, "margin_px", &mut self.margin_px, |item| fraction(item, 0.0..=200.0));
        set(section, "min_cell_px", &mut self.min_cell_px, |item| whole(item, 1..=256));
        set(section, "hold_cells_s", &mut self.hold_cells_s, |item| fraction(item, 0.0..=10.0));
    }
}

impl EncodeSettings {
    fn read(&mut self, section: &mut Section<'_>) {
        set(section, "elements", &mut self.elements, |item| item.word());
        set(section, "preset", &mut self.preset, |item| item.word());
        set(section, "quality", &mut self.quality, |item| whole(item, 0..=51));
        set(section, "keyframe_interval", &mut self.keyframe_interval, |item| whole(item, 1..=10_000));
        set(section, "jpeg_quality", &mut self.jpeg_quality, |item| whole(item, 1..=100));
    }
}

impl LimitSettings {
    fn read(&mut self, section: &mut Section<'_>) {
        set(section, "stall_secs", &mut self.stall_secs, |item| item.number(1.0..=3600.0));
        set(section, "detector_faults", &mut self.detector_faults, |item| whole(item, 0..=1_000_000));
        set(section, "max_side_px", &mut self.max_side_px, |item| whole(item, 16..=16_384));
        set(section, "max_megapixels", &mut self.max_megapixels, |item| whole(item, 1..=268));
    }
}

/// Reads a table that may be absent, and notes its unknown keys.
fn within<'d>(section: &mut Section<'d>, key: &'static str, read: impl FnOnce(&mut Section<'d>)) {
    if let Some(mut inner) = section.optional(key).and_then(|item| item.section()) {
        read(&mut inner);
        inner.finish();
    }
}

/// Replaces a default where the key is there and its value sound; a fault is noted by `read`.
pub(super) fn set<T>(
    section: &mut Section<'_>,
    key: &'static str,
    value: &mut T,
    read: impl FnOnce(&Item<'_>) -> Option<T>,
) {
    if let Some(read) = section.optional(key).and_then(|item| read(&item)) {
        *value = read;
    }
}

/// A whole number within a range.
pub(super) fn whole<T: TryFrom<i64>>(item: &Item<'_>, range: RangeInclusive<i64>) -> Option<T> {
    item.integer(range).and_then(|value| T::try_from(value).ok())
}

/// A number within a range.
pub(super) fn fraction(item: &Item<'_>, range: RangeInclusive<f64>) -> Option<f32> {
    item.number(range).map(|value| value as f32)
}

/// A side of a network's input: the networks halve it five times.
fn input_side(item: &Item<'_>) -> Option<u32> {
    let side: u32 = whole(item, 64..=4096)?;
    if !side.is_multiple_of(32) {
        let (below, above) = (side / 32 * 32, side.next_multiple_of(32));
        let message = format!("`{}` must be a multiple of 32", item.name());
        item.note(message, "not a multiple of 32", format!("write {below} or {above}"));
        return None;
    }
    Some(side)
}

/// The targets; a list that leaves people out is refused.
fn targets(item: &Item<'_>) -> Option<Targets> {
    let words = item.items("target", "write a list such as [\"persons\", \"faces\", \"vehicles\"]")?;
    let words: Option<Vec<Target>> = words.iter().map(Item::word).collect();
    Targets::from_list(&words?)
        .map_err(|fault| {
            let cure = format!("write [\"{}\"]", fault.cure.replace(',', "\", \""));
            item.note(fault.to_string(), format!("{} missing", fault.missing), cure);
        })
        .ok()
}

/// Names of models; whether they exist shows when the manifest is read.
fn model_names(item: &Item<'_>) -> Option<Vec<String>> {
    let names = item.items("model", "write a list of names, as `melkglas models list` shows them")?;
    names.iter().map(|name| name.text().map(str::to_owned)).collect()
}

fn colour(item: &Item<'_>) -> Option<Rgb> {
    let text = item.text()?;
    text.parse()
        .map_err(|fault: NotAColour| {
            item.note(fault.to_string(), "not a colour", "write six digits, such as \"404040\"");
        })
        .ok()
}
