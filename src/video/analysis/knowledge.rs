//! The analysis of a clip, and what it says of a frame.

use super::numbers::Runs;
use crate::config::TrackSettings;
use crate::geometry::{BoxPx, FrameSize};
use crate::video::appearance::Appearance;
use crate::video::plan::{CoverReason, Detection, Observations};
use crate::video::scene::SceneKind;
use crate::video::track::{Track, boxes_at};

/// A track of the whole clip, and where an approved still of the empty scene cleared it.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalysedTrack {
    /// The track; its number stays the same in everything that is made of this analysis.
    pub track: Track,
    /// Positions of the frames in which the first pass cleared it.
    pub(super) cleared: Runs,
    /// What a person wore at some of its sightings, in order of time.
    pub(super) looks: Vec<(u64, Appearance)>,
}

impl AnalysedTrack {
    /// What a person wore at some of its sightings, in order of time, nanoseconds.
    #[must_use]
    pub fn looks(&self) -> &[(u64, Appearance)] {
        &self.looks
    }
}

/// One analysed frame, without what its tracks say.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct AnalysedFrame {
    pub(super) pts_ns: u64,
    pub(super) covered: Option<CoverReason>,
    /// Detections that no track has: those that a frame between two looks was given from its neighbours.
    pub(super) loose: Vec<Detection>,
    pub(super) unexplained: Vec<BoxPx>,
}

/// Everything that is known of a clip, or a part of it, but its pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    pub(super) source_sha256: String,
    pub(super) size: FrameSize,
    pub(super) settings: TrackSettings,
    /// Which empty scene frames were compared with.
    pub(super) compared: Option<SceneKind>,
    /// In order of time.
    pub(super) frames: Vec<AnalysedFrame>,
    /// In order of number.
    pub(super) tracks: Vec<AnalysedTrack>,
    /// Frames too dim for anything to be cleared.
    pub(super) dim: Runs,
}

impl Analysis {
    /// SHA-256 of the clip.
    #[must_use]
    pub fn source_sha256(&self) -> &str {
        &self.source_sha256
    }

    /// Size of the picture, as displayed.
    #[must_use]
    pub fn size(&self) -> FrameSize {
        self.size
    }

    /// How many frames were analysed.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.frames.len()
    }

    /// How many of them have to be covered whole.
    #[must_use]
    pub fn covered(&self) -> usize {
        self.frames.iter().filter(|frame| frame.covered.is_some()).count()
    }

    /// Which empty scene frames were compared with, if any.
    #[must_use]
    pub fn compared(&self) -> Option<SceneKind> {
        self.compared
    }

    /// All tracks, in order of number.
    pub fn tracks(&self) -> impl Iterator<Item = &Track> {
        self.tracks.iter().map(|known| &known.track)
    }

    /// All tracks with what else is known of them, in order of number.
    #[must_use]
    pub fn known(&self) -> &[AnalysedTrack] {
        &self.tracks
    }

    /// How detections became tracks.
    #[must_use]
    pub fn track_settings(&self) -> &TrackSettings {
        &self.settings
    }

    /// Times of the frames, nanoseconds after the clip's first one, ascending.
    pub fn times_ns(&self) -> impl ExactSizeIterator<Item = u64> {
        self.frames.iter().map(|frame| frame.pts_ns)
    }

    /// Whether a track was cleared as furniture in the frame shown at this time.
    #[must_use]
    pub fn is_cleared(&self, known: &AnalysedTrack, pts_ns: u64) -> bool {
        !known.track.has_moved() && self.position(pts_ns).is_some_and(|at| known.cleared.contains(at))
    }

    /// What was seen in the frame shown at this time: by its own look, and by all that came before and after it in
    /// the whole clip.
    ///
    /// A track is cleared only where the first pass cleared it, and only if it never went anywhere in all of the clip.
    ///
    /// # Errors
    /// Why the frame has to be covered: the first pass covered it, or never saw it.
    pub fn frame_at(&self, pts_ns: u64) -> Result<Observations, CoverReason> {
        let at = self.position(pts_ns).ok_or(CoverReason::NotAnalysed)?;
        let frame = &self.frames[at];
        if let Some(reason) = frame.covered {
            return Err(reason);
        }
        let near = self.tracks.iter().filter(|known| known.track.may_be_at(pts_ns, &self.settings));
        let mut detections = frame.loose.clone();
        let (mut tracked, mut cleared) = (Vec::new(), Vec::new());
        for known in near {
            detections.extend(known.track.seen_at(pts_ns));
            let boxes = boxes_at(std::iter::once(&known.track), pts_ns, &self.settings);
            let furniture = known.cleared.contains(at) && !known.track.has_moved();
            if furniture { &mut cleared } else { &mut tracked }.extend(boxes);
        }
        Ok(Observations {
            tracked,
            cleared,
            unexplained: frame.unexplained.clone(),
            dim: self.dim.contains(at),
            ..Observations::untracked(self.size, detections)
        })
    }

    /// Position of the frame shown at this time.
    pub(super) fn position(&self, pts_ns: u64) -> Option<usize> {
        self.frames.binary_search_by_key(&pts_ns, |frame| frame.pts_ns).ok()
    }
}
