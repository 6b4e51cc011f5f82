//! The first witness: networks that name persons and faces.
//!
//! A [`Detector`] looks at one frame at a time and is owned by one worker thread; a [`DetectorFactory`] makes one
//! per worker. Scores are low on purpose: a miss costs more than a false box.

use crate::video::frame::RawFrame;
use crate::video::plan::{Detection, Target};

/// Why a detector gave no answer for a frame.
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
}

/// Which targets to look for in this frame, by the cadence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Look for persons.
    pub persons: bool,
    /// Look for faces.
    pub faces: bool,
}

impl Look {
    /// True where this look covers the target.
    #[must_use]
    pub fn at(self, target: Target) -> bool {
        match target {
            Target::Person => self.persons,
            Target::Face => self.faces,
        }
    }
}

/// Finds people in one frame at a time.
pub trait Detector: Send {
    /// Every detection above the thresholds, in frame space, after NMS.
    ///
    /// # Errors
    /// [`DetectError`]; the caller covers the frame.
    fn detect(&mut self, frame: &RawFrame, look: Look) -> Result<Vec<Detection>, DetectError>;
}

/// Makes one detector per worker.
pub trait DetectorFactory: Send + Sync {
    /// A new detector with sessions of its own.
    ///
    /// # Errors
    /// [`DetectError`] where the model cannot be loaded.
    fn make(&self) -> Result<Box<dyn Detector>, DetectError>;
}
