//! Another model for the manifest: tried first, then written down.
//!
//! An operator with a better machine wants a better detector. What is added must answer in the form of its family,
//! or every frame of every clip would be covered: so it is run here, on a plain and on a noisy picture, before
//! anything is written. The manifest keeps its comments, as the entry is put in as text.

use super::manifest::{Family, Manifest, ModelEntry, Task};
use super::network::OnnxFactory;
use super::session::{Runtime, provider_name};
use super::{Classes, DetectError, DetectorFactory, Look};
use crate::config::{DetectSettings, Provider, Targets};
use crate::digest::sha256_hex;
use crate::geometry::FrameSize;
use crate::share::ShareDirs;
use crate::video::frame::{Colour, FramePool, Layout, PixelFormat, RawFrame, Stamp};
use std::sync::Arc;
use std::time::Instant;

/// What is known of a model that is to be added.
#[derive(Debug, Clone)]
pub struct Newcomer {
    /// Its name.
    pub id: String,
    /// What it looks for.
    pub task: Task,
    /// How its output is read.
    pub family: Family,
    /// The classes that it tells apart; none = whichever of the two fits.
    pub classes: Option<Classes>,
    /// Licence of the weights.
    pub licence: String,
    /// Where they come from.
    pub origin: String,
    /// Lowest score that counts; none = low, as for the family.
    pub threshold: Option<f32>,
    /// Width and height of its input; none = as the graph says.
    pub input_size: Option<[u32; 2]>,
}

/// A model that was tried and fits.
#[derive(Debug, Clone)]
pub struct Addition {
    /// Its entry for the manifest.
    pub entry: ModelEntry,
    /// Its weights.
    pub weights: Arc<[u8]>,
    /// How long one look took, milliseconds, on one thread of the processor.
    pub ms_per_look: f64,
}

/// Why a model is not added.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// ONNX Runtime cannot make a network of the file.
    #[error("the file is no model that ONNX Runtime can load ({reason})")]
    NoModel {
        /// What it said.
        reason: String,
    },
    /// Its answers are not of its family's form.
    #[error("it is no {family} model of {classes}: {expected} was due, it returned {found}")]
    OtherFamily {
        /// The family named.
        family: &'static str,
        /// The classes tried.
        classes: String,
        /// The shape looked for.
        expected: String,
        /// The shapes returned.
        found: String,
    },
    /// The graph has one input size and another one was named.
    #[error("the graph takes pictures of {graph} and no other, not {asked}")]
    Size {
        /// What the graph takes.
        graph: FrameSize,
        /// What was asked for.
        asked: FrameSize,
    },
    /// The entry cannot be put into the manifest.
    #[error("the manifest cannot take it: {0}")]
    Manifest(String),
    /// Anything else that goes wrong while it looks.
    #[error(transparent)]
    Detect(#[from] DetectError),
}

/// The picture that a newcomer is tried on.
const TRIAL: FrameSize = FrameSize { width: 640, height: 360 };

impl Newcomer {
    /// Loads the model and lets it look.
    ///
    /// # Errors
    /// [`AddError`].
    pub fn try_out(&self, share: &ShareDirs, weights: Arc<[u8]>) -> Result<Addition, AddError> {
        let network = Runtime::load(&share.library)?.session(&self.id, &weights, Provider::Cpu).map_err(
            |e| match e {
                DetectError::Load { reason, .. } => AddError::NoModel { reason },
                other => other.into(),
            },
        )?;
        let graph = network.input_size().map_err(|e| match e {
            DetectError::Load { reason, .. } => AddError::NoModel { reason },
            other => other.into(),
        })?;
        let size = match (graph, self.input_size.map(|[width, height]| FrameSize { width, height })) {
            (Some(graph), Some(asked)) if graph != asked => return Err(AddError::Size { graph, asked }),
            (graph, asked) => graph.or(asked),
        };
        let usual = self.family.usual_classes();
        let candidates = match self.classes {
            Some(classes) => vec![classes],
            None if usual == Classes::Coco && self.task == Task::Person => {
                vec![Classes::Coco, Classes::Single]
            }
            None => vec![Classes::Single],
        };
        let mut fault = None;
        for classes in &candidates {
            let entry = self.entry(&weights, size, *classes);
            match try_entry(share, &entry, &weights) {
                Ok(ms_per_look) => return Ok(Addition { entry, weights, ms_per_look }),
                Err(AddError::Detect(DetectError::Shape { expected, found, .. })) => {
                    let words: Vec<&str> = candidates.iter().map(|c| c.word()).collect();
                    let (family, classes) = (self.family.word(), words.join(" or "));
                    // The first one is what the family usually is: what it expects says most.
                    fault.get_or_insert(AddError::OtherFamily { family, classes, expected, found });
                }
                Err(other) => return Err(other),
            }
        }
        Err(fault.expect("there is at least one candidate, and each ends in an entry or in a fault"))
    }

    fn entry(&self, weights: &[u8], size: Option<FrameSize>, classes: Classes) -> ModelEntry {
        let mut input = self.family.usual_input();
        input.size = size.map(|size| [size.width, size.height]);
        ModelEntry {
            id: self.id.clone(),
            task: self.task,
            family: self.family,
            classes: (classes != self.family.usual_classes()).then_some(classes),
            file: format!("{}.onnx", self.id),
            sha256: sha256_hex(weights),
            licence: self.licence.clone(),
            origin: self.origin.clone(),
            default_threshold: self.threshold.unwrap_or_else(|| self.family.usual_threshold()),
            input,
        }
    }
}

/// Lets the model look at a plain and at a noisy picture; gives back the milliseconds of one look.
fn try_entry(share: &ShareDirs, entry: &ModelEntry, weights: &Arc<[u8]>) -> Result<f64, AddError> {
    // What the entry says must be sound before anything is made of it.
    Manifest::parse(&format!("schema = 1\n{}", text(entry))).map_err(AddError::Manifest)?;
    let targets = Targets { vehicles: true, screens: true };
    let settings = DetectSettings { workers: 2, targets, ..DetectSettings::default() };
    tracing::debug!(provider = provider_name(settings.provider), model = entry.id, "trying a model");
    let factory = OnnxFactory::of_weights(share, &settings, entry, Arc::clone(weights))?;
    let mut detector = factory.make()?;
    let mut ms = 0.0;
    for picture in made_up() {
        let start = Instant::now();
        detector.detect(&picture, &Look::EVERYTHING)?;
        ms = start.elapsed().as_secs_f64() * 1e3;
    }
    Ok(ms)
}

fn picture(mut sample: impl FnMut() -> u8) -> RawFrame {
    let layout = Layout::new(PixelFormat::I420, TRIAL);
    let mut bytes = FramePool::new(1).bytes(layout.len());
    bytes.as_mut().fill_with(&mut sample);
    RawFrame {
        bytes,
        layout,
        colour: Colour::BT601,
        stamp: Stamp { index: 0, pts_ns: 0, duration_ns: None },
        damage: None,
    }
}

/// A plain grey picture and a noisy one, the same every time, to try a model on (a linear congruential generator;
/// Knuth's MMIX constants).
#[must_use]
pub fn made_up() -> [RawFrame; 2] {
    let mut state = 1u64;
    let noise = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    [picture(|| 128), picture(noise)]
}

/// The manifest with the entry in it: before the others of its task, so that it is the one in use, or at the end.
/// All else stays as it is, comments too.
///
/// # Errors
/// [`AddError::Manifest`] where its name is taken or where the manifest is not written as `[[model]]` tables.
pub(super) fn insert(manifest: &str, entry: &ModelEntry, spare: bool) -> Result<String, AddError> {
    let before = Manifest::parse(manifest).map_err(AddError::Manifest)?;
    if before.models.iter().any(|m| m.id == entry.id) {
        let fault =
            format!("a model named \"{}\" is listed already; give this one another name with --id", entry.id);
        return Err(AddError::Manifest(fault));
    }
    let first = before.models.iter().position(|m| m.task == entry.task).filter(|_| !spare);
    let lines: Vec<&str> = manifest.lines().collect();
    let headers: Vec<usize> =
        (0..lines.len()).filter(|i| lines[*i].trim_start().starts_with("[[model]]")).collect();
    // Comments right above an entry belong to it.
    let at = first.and_then(|index| headers.get(index)).map_or(lines.len(), |header| {
        let comments = lines[..*header].iter().rev().take_while(|line| line.trim_start().starts_with('#'));
        header - comments.count()
    });
    let mut out = String::new();
    let part = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    out.push_str(&part(&lines[..at]));
    if at > 0 && !lines[at - 1].trim().is_empty() {
        out.push('\n');
    }
    out.push_str(&text(entry));
    if at < lines.len() {
        out.push('\n');
    }
    out.push_str(&part(&lines[at..]));

    // Whatever the layout was: nothing but this entry may have changed.
    let mut expect = before.models;
    expect.insert(first.unwrap_or(expect.len()), entry.clone());
    match Manifest::parse(&out) {
        Ok(after) if after.models == expect => Ok(out),
        _ => Err(AddError::Manifest(
            "it is not written in plain [[model]] tables; add the entry by hand as models/README.md shows"
                .into(),
        )),
    }
}

impl Addition {
    /// The manifest's text with this model in it.
    ///
    /// # Errors
    /// [`AddError::Manifest`].
    pub fn into_manifest(&self, manifest: &str, spare: bool) -> Result<String, AddError> {
        insert(manifest, &self.entry, spare)
    }
}

/// The entry as TOML.
fn text(entry: &ModelEntry) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let input = &entry.input;
    let order = match input.order {
        super::PlaneOrder::Bgr => "bgr",
        super::PlaneOrder::Rgb => "rgb",
    };
    let mut lines = vec![
        "[[model]]".to_owned(),
        format!("id = {}", quoted(&entry.id)),
        format!("task = \"{}\"", entry.task.word()),
        format!("family = \"{}\"", entry.family.word()),
    ];
    lines.extend(entry.classes.map(|classes| format!("classes = \"{}\"", classes.word())));
    lines.extend([
        format!("file = {}", quoted(&entry.file)),
        format!("sha256 = \"{}\"", entry.sha256),
        format!("licence = {}", quoted(&entry.licence)),
        format!("origin = {}", quoted(&entry.origin)),
        format!("default_threshold = {:?}", entry.default_threshold),
        "[model.input]".to_owned(),
        format!("order = \"{order}\""),
        format!("mean = {:?}", input.mean),
        format!("std = {:?}", input.std),
        format!("multiple_of = {}", input.multiple_of),
        format!("pad = {:?}", input.pad),
    ]);
    lines.extend(input.size.map(|size| format!("size = {size:?}")));
    lines.join("\n") + "\n"
}

#[cfg(test)]
#[path = "add_tests.rs"]
mod tests;
