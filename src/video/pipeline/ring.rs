//! The look-ahead ring: frames wait about a second for what comes after them, so that somebody who is found late is
//! hidden before, and a gap between two sightings is bridged.

use super::cadence::Ready;
use super::empty::EmptyScene;
use super::insight::{Insight, Known};
use super::job::{Job, JobError};
use crate::config::{DarkPolicy, SceneSettings, Target};
use crate::video::analysis::rounded;
use crate::video::appearance::Appearance;
use crate::video::frame::RawFrame;
use crate::video::plan::{CoverReason, Detection, Observations};
use crate::video::scene::{Outline, SceneKind, Stance};
use crate::video::track::{Origin, Track, TrackedBox};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Most frames that wait, whatever their rate: a second of 60 a second.
pub(super) const MOST_FRAMES: usize = 60;
/// Bytes of pictures that wait at most.
const MOST_BYTES: usize = 256 << 20;
/// Frames whose outline tells whether the camera was moved, and how far apart they are, nanoseconds.
const OUTLINES: usize = 5;
const OUTLINES_APART_NS: u64 = 1_000_000_000;
/// Judging takes about a second a still, so it is done at the beginning and then this long after the last time.
const JUDGED_AGAIN_NS: u64 = 600_000_000_000;
/// What somebody wears is looked at this long after the last time: clothes do not change, the light on them does.
const LOOKED_AGAIN_NS: u64 = 200_000_000;
/// How many pictures of so many bytes may wait.
pub(super) fn capacity(frame_bytes: usize) -> usize {
    (MOST_BYTES / frame_bytes.max(1)).min(MOST_FRAMES)
}

/// A frame with all that is known of it and of what comes after it.
pub(super) struct Followed {
    pub(super) frame: RawFrame,
    /// What was seen, or why the frame must be covered.
    pub(super) seen: Result<Observations, CoverReason>,
}

/// What a ring has at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeps {
    /// The tracks of the whole clip.
    Tracks,
    /// Nothing.
    Nothing,
}

/// The ring. Frames go in and come out in order.
pub(super) struct Ring {
    insight: Insight,
    /// What is kept for the end, where all is wanted then.
    kept: Option<Kept>,
    scene: Option<Arc<EmptyScene>>,
    settings: SceneSettings,
    outlines: Vec<Outline>,
    next_outline_ns: u64,
    ahead_ns: u64,
    /// Frames so far, and those of them that were too dark.
    frames: u64,
    dark_frames: u64,
    waiting: VecDeque<(RawFrame, Result<Vec<Detection>, CoverReason>)>,
}

impl Ring {
    /// An empty ring. One that keeps tracks has all of them at the end, and grows with the clip.
    pub(super) fn new(job: &Job, keeps: Keeps) -> Self {
        let track = &job.site.track;
        Self {
            insight: Insight::new(track, job.scene.clone(), job.site.scene.clone()),
            kept: (keeps == Keeps::Tracks).then(Kept::default),
            scene: job.scene.clone(),
            settings: job.site.scene.clone(),
            outlines: Vec::new(),
            next_outline_ns: 0,
            ahead_ns: (f64::from(track.look_ahead_s) * 1e9) as u64,
            frames: 0,
            dark_frames: 0,
            waiting: VecDeque::new(),
        }
    }

    /// Takes the next frame and gives back those that have waited long enough.
    ///
    /// # Errors
    /// [`JobError::CameraMoved`].
    pub(super) fn push(&mut self, ready: Ready) -> Result<Vec<Followed>, JobError> {
        let Ready { frame, seen, look, difference } = ready;
        let (now_ns, size) = (frame.pts_ns(), frame.size());
        // As an analysis holds them, so that one pass and two mask the same boxes.
        let seen = seen.map(|all| all.into_iter().map(rounded).collect::<Vec<_>>());
        if let Ok(detections) = &seen {
            // Boxes that a frame has from its neighbours were seen there, and are pushed there.
            let own: Vec<Detection> = detections.iter().copied().filter(|d| look.tells(d.target)).collect();
            let known = difference.as_ref().map(|difference| self.insight.empty_places(difference, size));
            self.insight.found(now_ns, size, &own, known);
        }
        if let Some(difference) = difference {
            self.insight.compared(now_ns, size, difference);
            if self.scene.as_ref().is_some_and(|scene| scene.kind() != SceneKind::OwnClip) {
                self.watch_camera(&frame)?;
            }
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
        Ok(out)
    }

    /// Gives back the frames that still wait, at the end of the clip.
    ///
    /// # Errors
    /// [`JobError::CameraMoved`], in clips too short to be told before; [`JobError::TooDark`].
    pub(super) fn flush(&mut self) -> Result<Vec<Followed>, JobError> {
        self.judge_camera()?;
        let last = std::iter::from_fn(|| self.pop()).collect();
        if self.settings.dark == DarkPolicy::Refuse && 2 * self.dark_frames > self.frames {
            let percent = 100.0 * self.dark_frames as f64 / self.frames as f64;
            return Err(JobError::TooDark { percent });
        }
        Ok(last)
    }

    /// Takes a frame's outline now and then, and holds them against the stills.
    fn watch_camera(&mut self, frame: &RawFrame) -> Result<(), JobError> {
        if frame.pts_ns() < self.next_outline_ns {
            return Ok(());
        }
        self.next_outline_ns = frame.pts_ns() + OUTLINES_APART_NS;
        self.outlines.push(Outline::of(frame));
        if self.outlines.len() < OUTLINES {
            return Ok(());
        }
        self.next_outline_ns = frame.pts_ns() + JUDGED_AGAIN_NS;
        self.judge_camera()
    }

    /// Holds the outlines gathered against the stills.
    fn judge_camera(&mut self) -> Result<(), JobError> {
        let outlines = std::mem::take(&mut self.outlines);
        let Some(scene) = self.scene.as_ref().filter(|_| !outlines.is_empty()) else { return Ok(()) };
        match scene.stance(&outlines) {
            Stance::Moved { shift_px, degrees, zoom } => {
                Err(JobError::CameraMoved { shift_px, degrees, zoom: 1.0 + zoom })
            }
            Stance::Still | Stance::Unknown => Ok(()),
        }
    }

    /// All tracks, by number, and what people wore, where they were kept.
    pub(super) fn into_kept(self) -> Kept {
        let Some(mut kept) = self.kept else { return Kept::default() };
        kept.tracks.extend(self.insight.into_tracks());
        kept.tracks.sort_by_key(|track| track.id);
        kept
    }

    fn pop(&mut self) -> Option<Followed> {
        let (frame, seen) = self.waiting.pop_front()?;
        let (at_ns, size) = (frame.pts_ns(), frame.size());
        let Known { tracked, cleared, unexplained, dim, dark, over } = self.insight.at(at_ns, size);
        if let Some(kept) = self.kept.as_mut() {
            kept.tracks.extend(over);
            kept.look(&frame, &tracked);
        }
        self.frames += 1;
        self.dark_frames += u64::from(dark);
        let seen = match seen {
            Ok(_) if dark && self.settings.dark != DarkPolicy::Report => Err(CoverReason::TooDark),
            seen => seen,
        };
        let seen = seen.map(|detections| Observations {
            tracked,
            cleared,
            unexplained,
            dim,
            ..Observations::untracked(size, detections)
        });
        Some(Followed { frame, seen })
    }
}

/// What is kept of a whole clip.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Tracks that are over.
    pub(super) tracks: Vec<Track>,
    /// By number of the track: when, nanoseconds, and what the person wore.
    pub(super) looks: BTreeMap<u32, Vec<(u64, Appearance)>>,
}

impl Kept {
    /// Looks at what people wear who are seen in this frame, each now and then.
    fn look(&mut self, frame: &RawFrame, tracked: &[TrackedBox]) {
        let at_ns = frame.pts_ns();
        let seen = |b: &&TrackedBox| b.target == Target::Person && b.origin == Origin::Seen && !b.furniture;
        for tracked in tracked.iter().filter(seen) {
            let due = |(last, _): &(u64, Appearance)| at_ns >= last + LOOKED_AGAIN_NS;
            if self.looks.get(&tracked.track).and_then(|all| all.last()).is_none_or(due)
                && let Some(worn) = Appearance::of(frame, &tracked.core)
            {
                self.looks.entry(tracked.track).or_default().push((at_ns, worn));
            }
        }
    }
}
