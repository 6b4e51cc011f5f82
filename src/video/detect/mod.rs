//! The first witness: networks that name persons and faces.
//!
//! A [`Detector`] looks at one frame at a time and is owned by one worker thread; a [`DetectorFactory`] makes one
//! per worker. Scores are low on purpose: a miss costs more than a false box.
//!
//! The way of a frame: `letterbox` makes the network's input from its planes, `session` runs the network, `output`
//! with a reader per family (`nanodet`, `centerface`, `yolox`, `rtmdet`, `yunet`) reads the boxes, `classes` tells what
//! they are of, `nms` merges doubles, `tiles` says where to look in a large frame, `view` which copies of it to look
//! at, and `network` ties them into the [`OnnxDetector`]. `manifest` names the weights and checks their hash, `add`
//! writes another entry into it.
//!
//! May import the hall, and of this wing `frame` (to read) and `plan`. No network or file access but for the
//! models folder and the library.

mod absurd;
mod add;
mod centerface;
mod classes;
mod forgetful;
mod letterbox;
mod manifest;
mod nanodet;
mod network;
mod nms;
mod output;
mod rtmdet;
mod session;
mod tiles;
mod view;
mod yolox;
mod yunet;

pub use absurd::absurd;
pub use add::{AddError, Addition, Newcomer, made_up};
pub use classes::Classes;
pub use forgetful::Forgetful;
pub use manifest::{Family, InputForm, Manifest, ModelEntry, PlaneOrder, Task};
pub use network::{Description, ModelInfo, OnnxDetector, OnnxFactory};

use crate::config::Provider;
use crate::geometry::PxRect;
use crate::video::frame::RawFrame;
use crate::video::plan::{Detection, Target};
use std::path::PathBuf;

/// Why a detector cannot be made, or gave no answer for a frame.
#[derive(Debug, thiserror::Error)]
pub enum DetectError {
    /// The network's run failed.
    #[error("the {model} network failed: {reason}")]
    Run {
        /// Which model.
        model: String,
        /// What the library said.
        reason: String,
    },
    /// The network's output holds something that is not a number.
    #[error("the {model} network returned values that are not numbers")]
    NotFinite {
        /// Which model.
        model: String,
    },
    /// The network's boxes cannot be boxes.
    #[error("the {model} network returned boxes that are empty or far outside the picture")]
    Absurd {
        /// Which model.
        model: String,
    },
    /// The network's output is not of its family's shape.
    #[error(
        "the {model} network returned tensors of shape {found} where {expected} was due; its family in the \
         models' manifest is wrong"
    )]
    Shape {
        /// Which model.
        model: String,
        /// The shape looked for.
        expected: String,
        /// The shapes there.
        found: String,
    },
    /// The frame's planes do not fit its own size.
    #[error("the picture could not be scaled for the network: {reason}")]
    Picture {
        /// What did not fit.
        reason: String,
    },
    /// The manifest or a weight file cannot be read.
    #[error("{} cannot be read: {reason}; run scripts/setup, or name a models folder with --models", path.display())]
    ModelMissing {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The manifest is refused.
    #[error("{} is refused: {fault}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line where it is a fault of form.
        fault: String,
    },
    /// Every row that the network can give holds something.
    #[error("the {model} network returned {rows} boxes, as many as it can: others may have been dropped")]
    Full {
        /// Which model.
        model: String,
        /// Boxes returned.
        rows: usize,
    },
    /// The network named a class that it should not know.
    #[error("the {model} network returned class {class}, its manifest entry says that it knows {classes}")]
    Class {
        /// Which model.
        model: String,
        /// The class.
        class: f32,
        /// How many there should be.
        classes: usize,
    },
    /// The manifest lists no model for a task.
    #[error("the models' manifest lists no {} model; add one, or restore the shipped manifest", task.word())]
    NoModel {
        /// What nothing looks for.
        task: Task,
    },
    /// The site names a model that is not listed.
    #[error("detect.models names \"{name}\", which the models' manifest does not list; it lists {listed}")]
    UnknownModel {
        /// The name.
        name: String,
        /// The models there are.
        listed: String,
    },
    /// The site names models, but none for one task.
    #[error("detect.models names no {} model, so nothing would look for them; add one of {listed}", task.word())]
    NoneNamed {
        /// What nothing looks for.
        task: Task,
        /// The models of this task that are listed.
        listed: String,
    },
    /// A target that no model in use can name.
    #[error(
        "the models in use ({models}) cannot see {}; add a person model of COCO's classes to detect.models, or leave \
         {} out of the targets",
        target.word(),
        target.word()
    )]
    CannotSee {
        /// The target.
        target: Target,
        /// The models in use.
        models: String,
    },
    /// A weight file is not the one that the manifest names.
    #[error(
        "{} is refused: its SHA-256 is {found}, the manifest says {expected}; restore the shipped file, or correct \
         the manifest if the change was meant",
        path.display()
    )]
    HashMismatch {
        /// The file.
        path: PathBuf,
        /// The hash in the manifest.
        expected: String,
        /// The hash of the file.
        found: String,
    },
    /// The ONNX Runtime library cannot be used.
    #[error("the ONNX Runtime at {} cannot be used: {reason}; run scripts/setup", path.display())]
    Library {
        /// The library.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// The library has no such execution provider, or the machine cannot run it.
    #[error(
        "{} is not to be had with the ONNX Runtime at {}: {reason}; install a library that has it and name it with \
         MELKGLAS_ONNXRUNTIME, or set detect.provider = \"cpu\", or detect.allow_cpu_fallback = true",
        session::provider_name(*provider),
        library.display()
    )]
    ProviderMissing {
        /// The provider asked for.
        provider: Provider,
        /// The library.
        library: PathBuf,
        /// What the library said.
        reason: String,
    },
    /// The library refuses a model.
    #[error("the {model} network cannot be loaded: {reason}")]
    Load {
        /// Which model.
        model: String,
        /// What the library said.
        reason: String,
    },
    /// A setting that no detector can work with.
    #[error("detect.{setting} = {value} cannot be used: {cure}")]
    Setting {
        /// The key.
        setting: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        cure: &'static str,
    },
}

/// How much of a frame one kind of network searches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// Nothing: it waits for its turn.
    Nothing,
    /// These parts of the frame. Everywhere else it shows what it showed when it was searched last; all of it where there
    /// are no parts.
    Parts(Vec<PxRect>),
    /// All of it.
    Whole,
}

/// Parts that hold more than this share of the picture are not worth being told apart.
const MOST_OF_IT: f64 = 0.7;

impl Extent {
    /// These parts of a frame of so many pixels; all of it where they are most of it, since parts cost more than they
    /// save then.
    #[must_use]
    pub fn of_parts(parts: Vec<PxRect>, frame_px: u64) -> Self {
        let in_parts: u64 = parts.iter().map(PxRect::area_px).sum();
        if in_parts as f64 > MOST_OF_IT * frame_px as f64 { Self::Whole } else { Self::Parts(parts) }
    }

    /// All that this one searches and that other one, of an earlier frame that nobody came to search.
    #[must_use]
    pub fn with_owed(self, owed: Self, frame_px: u64) -> Self {
        match (self, owed) {
            (mine, Self::Nothing) => mine,
            // Debts of many frames lie on top of one another, and are searched once.
            (Self::Parts(mine), Self::Parts(owed)) => {
                Self::of_parts(PxRect::joined([mine, owed].concat(), frame_px / 100), frame_px)
            }
            // It was not asked what else has changed.
            (Self::Nothing, _) | (Self::Whole, _) | (_, Self::Whole) => Self::Whole,
        }
    }
}

/// Where to look for what in one frame, by the cadence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Where to look for persons, and for vehicles and screens, which the same networks see.
    pub persons: Extent,
    /// Where to look for faces.
    pub faces: Extent,
    /// This look stands for frames that nobody searches: persons are believed sooner
    /// ([`Cadence::keen_share`](crate::config::Cadence::keen_share)).
    pub keen: bool,
}

impl Look {
    /// Look for all there is everywhere.
    pub const EVERYTHING: Self = Self { persons: Extent::Whole, faces: Extent::Whole, keen: false };

    /// This look at a frame of so many pixels, and what an earlier one owes.
    #[must_use]
    pub fn with_owed(self, owed: Self, frame_px: u64) -> Self {
        Self {
            persons: self.persons.with_owed(owed.persons, frame_px),
            faces: self.faces.with_owed(owed.faces, frame_px),
            keen: self.keen || owed.keen,
        }
    }

    /// Where this look searches for the target.
    #[must_use]
    pub fn at(&self, target: Target) -> &Extent {
        match target {
            Target::Person | Target::Vehicle | Target::Screen => &self.persons,
            Target::Face => &self.faces,
        }
    }

    /// Whether this frame tells where such targets are: by a search, or because nothing has changed since the last one.
    #[must_use]
    pub fn tells(&self, target: Target) -> bool {
        *self.at(target) != Extent::Nothing
    }

    /// Whether this frame tells where any targets are.
    #[must_use]
    pub fn tells_anything(&self) -> bool {
        Target::ALL.into_iter().any(|target| self.tells(target))
    }

    /// Whether any network has anything to do.
    #[must_use]
    pub fn searches(&self) -> bool {
        let at_work = |extent: &Extent| match extent {
            Extent::Nothing => false,
            Extent::Parts(parts) => !parts.is_empty(),
            Extent::Whole => true,
        };
        at_work(&self.persons) || at_work(&self.faces)
    }
}

/// Finds people in one frame at a time.
pub trait Detector: Send {
    /// Every detection above the thresholds where it was to look, in frame space, after NMS. Somebody who stands across
    /// the edge of a part may be seen in part.
    ///
    /// # Errors
    /// [`DetectError`]; the caller covers the frame.
    fn detect(&mut self, frame: &RawFrame, look: &Look) -> Result<Vec<Detection>, DetectError>;
}

/// Makes one detector per worker.
pub trait DetectorFactory: Send + Sync {
    /// A new detector with sessions of its own.
    ///
    /// # Errors
    /// [`DetectError`] where the model cannot be loaded.
    fn make(&self) -> Result<Box<dyn Detector>, DetectError>;

    /// Whether its detectors can search parts of a frame; otherwise they are only ever asked for all of it.
    fn searches_parts(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_owed_over_and_over_is_searched_once() {
        let part = |x0| PxRect { x0, y0: 0, x1: x0 + 64, y1: 64 };
        let parts = |all: &[u32]| Extent::Parts(all.iter().map(|x0| part(*x0)).collect());
        let frame_px = 640 * 64;
        let owed = (0..20).fold(parts(&[0]), |owed, _| parts(&[0, 128]).with_owed(owed, frame_px));
        assert_eq!(owed, parts(&[0, 128]));
        let most = (0..8).fold(Extent::Nothing, |owed, n| parts(&[64 * n]).with_owed(owed, frame_px));
        assert_eq!(most, Extent::Whole);
        assert_eq!(Extent::Nothing.with_owed(parts(&[0]), frame_px), Extent::Whole);
    }
}
