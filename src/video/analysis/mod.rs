//! What the first of two passes knows of a clip, without a single pixel: when its frames are shown, who was found
//! where and went whither, what they wore (as statistics), what differed from the empty scene, what had to be covered
//! and why.
//!
//! With it the second pass decodes, looks each frame up by its time, masks and encodes; no detector runs. The tracks
//! are those of the whole clip, so a gap longer than the look-ahead of one pass is bridged, and a track that became
//! sure late is held as a sure one from its start. What is not in it is covered.
//!
//! * [`Analysis`]: the knowledge, and [`Analysis::frame_at`]. Tracks keep their numbers, in the file too.
//! * [`Recorder`]: gathers it while the first pass runs.
//! * [`Basis`]: what it was made of and with; an analysis of another clip, camera file, model or setting is refused.
//! * [`AnalysisFile`]: the form on disk, JSON in gzip; `body` and `numbers` are its inside.
//!
//! May import the hall, and of this wing `plan` and `track`. No frame, no clock.

mod basis;
mod body;
mod file;
mod knowledge;
mod numbers;
mod recorder;

pub use basis::{Basis, Mismatch};
pub(in crate::video) use body::rounded;
pub use file::{AnalysisError, AnalysisFile, FORM, write_analysis};
pub use knowledge::{AnalysedTrack, Analysis};
pub use recorder::Recorder;

#[cfg(test)]
mod tests;
