//! Gathers an analysis while the first pass runs.

use super::knowledge::{AnalysedFrame, AnalysedTrack, Analysis};
use super::numbers::Runs;
use crate::config::TrackSettings;
use crate::geometry::FrameSize;
use crate::video::appearance::Appearance;
use crate::video::plan::{CoverReason, Observations};
use crate::video::scene::SceneKind;
use crate::video::track::Track;
use std::collections::BTreeMap;

/// Takes frames in order of time. Its memory grows with the clip: numbers, never pixels.
#[derive(Debug, Default)]
pub struct Recorder {
    size: Option<FrameSize>,
    frames: Vec<AnalysedFrame>,
    dim: Runs,
    /// By number of the track.
    cleared: BTreeMap<u32, Runs>,
}

impl Recorder {
    /// Takes the next frame: what was seen in it, or why it has to be covered.
    pub fn frame(&mut self, pts_ns: u64, size: FrameSize, seen: &Result<Observations, CoverReason>) {
        let at = self.frames.len();
        self.size.get_or_insert(size);
        let mut frame = AnalysedFrame { pts_ns, ..AnalysedFrame::default() };
        match seen {
            Err(reason) => frame.covered = Some(*reason),
            Ok(seen) => {
                // Weak ones are something only as part of a track, and stand there.
                frame.loose = seen.detections.iter().filter(|d| !d.weak).copied().collect();
                frame.unexplained = seen.unexplained.iter().map(|area| area.outward_tenths()).collect();
                if seen.dim {
                    self.dim.add(at);
                }
                for furniture in &seen.cleared {
                    self.cleared.entry(furniture.track).or_default().add(at);
                }
            }
        }
        self.frames.push(frame);
    }

    /// The analysis, with the tracks of the whole clip; `None` where there was no frame.
    #[must_use]
    pub fn finish(
        self,
        source_sha256: String,
        compared: Option<SceneKind>,
        tracks: Vec<Track>,
        mut looks: BTreeMap<u32, Vec<(u64, Appearance)>>,
        settings: TrackSettings,
    ) -> Option<Analysis> {
        let Self { size, frames, dim, mut cleared } = self;
        let known = |track: Track| AnalysedTrack {
            cleared: cleared.remove(&track.id).unwrap_or_default(),
            looks: looks.remove(&track.id).unwrap_or_default(),
            track,
        };
        let tracks: Vec<_> = tracks.into_iter().map(known).collect();
        let mut analysis = Analysis { source_sha256, size: size?, settings, compared, frames, tracks, dim };
        analysis.leave_to_tracks();
        Some(analysis)
    }
}

impl Analysis {
    /// Takes the detections out of the frames that a track has as its sightings.
    fn leave_to_tracks(&mut self) {
        for known in &self.tracks {
            let own = known.track.sightings().iter().map(|s| (s.at_ns, known.track.seen_at(s.at_ns)));
            for (at_ns, seen) in own {
                let Ok(at) = self.frames.binary_search_by_key(&at_ns, |frame| frame.pts_ns) else { continue };
                let loose = &mut self.frames[at].loose;
                if let Some(i) = loose.iter().position(|d| Some(*d) == seen) {
                    loose.remove(i);
                }
            }
        }
    }
}
