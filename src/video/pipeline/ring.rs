//! The look-ahead ring: frames wait about a second for what comes after them, so that somebody who is found late is
//! hidden before, and a gap between two sightings is bridged.

use super::cadence::Ready;
use crate::config::TrackSettings;
use crate::video::frame::RawFrame;
use crate::video::plan::{CoverReason, Detection, Observations};
use crate::video::track::Tracker;
use std::collections::VecDeque;

/// Most frames that wait, whatever their rate: a second of 60 a second.
pub(super) const MOST_FRAMES: usize = 60;

/// A frame with all that is known of it and of what comes after it.
pub(super) struct Followed {
    pub(super) frame: RawFrame,
    /// What was seen, or why the frame must be covered.
    pub(super) seen: Result<Observations, CoverReason>,
}

/// Bytes of pictures that wait at most.
const MOST_BYTES: usize = 256 << 20;

/// How many pictures of so many bytes may wait.
pub(super) fn capacity(frame_bytes: usize) -> usize {
    (MOST_BYTES / frame_bytes.max(1)).min(MOST_FRAMES)
}

/// The ring. Frames go in and come out in order.
pub(super) struct Ring {
    tracker: Tracker,
    ahead_ns: u64,
    waiting: VecDeque<(RawFrame, Result<Vec<Detection>, CoverReason>)>,
}

impl Ring {
    /// An empty ring.
    pub(super) fn new(settings: &TrackSettings) -> Self {
        let ahead_ns = (f64::from(settings.look_ahead_s) * 1e9) as u64;
        Self { tracker: Tracker::new(settings.clone()), ahead_ns, waiting: VecDeque::new() }
    }

    /// Takes the next frame and gives back those that have waited long enough.
    pub(super) fn push(&mut self, ready: Ready) -> Vec<Followed> {
        let Ready { frame, seen, look } = ready;
        let now_ns = frame.pts_ns();
        if let Ok(detections) = &seen {
            // Boxes that a frame has from its neighbours were seen there, and are pushed there.
            let own: Vec<Detection> = detections.iter().copied().filter(|d| look.at(d.target)).collect();
            self.tracker.push(now_ns, frame.size(), &own);
        }
        let most = capacity(frame.byte_len());
        self.waiting.push_back((frame, seen));
        let due = |ring: &Self| {
            let first = ring.waiting.front().map(|(frame, _)| frame.pts_ns());
            first.is_some_and(|at_ns| now_ns - at_ns >= ring.ahead_ns) || ring.waiting.len() > most
        };
        let mut out = Vec::new();
        while due(self) {
            out.extend(self.pop());
        }
        out
    }

    /// Gives back the frames that still wait, at the end of the clip.
    pub(super) fn flush(&mut self) -> Vec<Followed> {
        std::iter::from_fn(|| self.pop()).collect()
    }

    fn pop(&mut self) -> Option<Followed> {
        let (frame, seen) = self.waiting.pop_front()?;
        let at_ns = frame.pts_ns();
        let tracked = self.tracker.at(at_ns);
        self.tracker.forget_before(at_ns);
        let size = frame.size();
        let seen = seen.map(|detections| Observations { size, detections, tracked });
        Some(Followed { frame, seen })
    }
}
