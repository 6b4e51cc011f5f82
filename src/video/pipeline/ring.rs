//! The look-ahead ring: frames wait about a second for what comes after them, so that somebody who is found late is
//! hidden before, and a gap between two sightings is bridged. Here both witnesses come together: what the detector
//! names, over time, and what differs from the empty scene.

use super::cadence::Ready;
use super::empty::EmptyScene;
use super::job::{Job, JobError};
use crate::config::{DarkPolicy, SceneSettings, Target, UnexplainedPolicy};
use crate::geometry::FrameSize;
use crate::video::analysis::rounded;
use crate::video::appearance::Appearance;
use crate::video::frame::RawFrame;
use crate::video::plan::{CoverReason, Detection, Observations};
use crate::video::scene::{Difference, Outline, SceneKind, Sighting, Stance, Witness};
use crate::video::track::{Origin, Track, TrackedBox, Tracker};
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
/// A person's box is cleared where no more of it than this differs from the empty scene: shadows and compression do
/// that much around a chair; what differs stays hidden in any case.
const CLEARED_SHARE: f32 = 0.25;
/// Somebody whose box is larger than this share of the picture stands before the camera and differs in most of the
/// box; where no more than the second number does, what is carried over from other frames is furniture.
const LARGE_SHARE: f32 = 0.15;
const CLEARED_SHARE_LARGE: f32 = 0.6;

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
    tracker: Tracker,
    /// What is kept for the end, where all is wanted then.
    kept: Option<Kept>,
    scene: Option<Arc<EmptyScene>>,
    settings: SceneSettings,
    /// Made with the first frame, whose size it needs.
    witness: Option<Witness>,
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
            tracker: Tracker::new(track.clone()),
            kept: (keeps == Keeps::Tracks).then(Kept::default),
            scene: job.scene.clone(),
            settings: job.site.scene.clone(),
            witness: None,
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
        let (now_ns, size, settings) = (frame.pts_ns(), frame.size(), &self.settings);
        // As an analysis holds them, so that one pass and two mask the same boxes.
        let seen = seen.map(|all| all.into_iter().map(rounded).collect::<Vec<_>>());
        if let Ok(detections) = &seen {
            // Boxes that a frame has from its neighbours were seen there, and are pushed there.
            let own: Vec<Detection> = detections.iter().copied().filter(|d| look.tells(d.target)).collect();
            let known = self.scene.as_deref().zip(difference.as_ref());
            let is_furniture =
                |d: &Detection| known.is_some_and(|(scene, all)| is_furniture(scene, all, d, size, settings));
            self.tracker.push(now_ns, size, &own, &is_furniture);
        }
        if let Some(difference) = difference {
            let witness =
                self.witness.get_or_insert_with(|| Witness::new(frame.size(), self.settings.clone()));
            witness.push(now_ns, difference);
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
        kept.tracks.extend(self.tracker.into_tracks());
        kept.tracks.sort_by_key(|track| track.id);
        kept
    }

    fn pop(&mut self) -> Option<Followed> {
        let (frame, seen) = self.waiting.pop_front()?;
        let (at_ns, size) = (frame.pts_ns(), frame.size());
        let sighting = self.witness.as_ref().and_then(|witness| witness.look(at_ns));
        let is_cleared = |tracked: &TrackedBox| {
            sighting.as_ref().is_some_and(|sighting| self.clears(sighting, tracked, &frame))
        };
        let (cleared, tracked): (Vec<_>, Vec<_>) =
            self.tracker.at(at_ns).into_iter().partition(|tracked| is_cleared(tracked));
        let over = self.tracker.forget_before(at_ns);
        if let Some(kept) = self.kept.as_mut() {
            kept.tracks.extend(over);
            kept.look(&frame, &tracked);
        }
        let unexplained = match &sighting {
            Some(sighting) if self.tells(sighting) => sighting.boxes.clone(),
            _ => Vec::new(),
        };
        if let Some(witness) = self.witness.as_mut() {
            witness.forget_before(at_ns);
        }
        let dim = sighting.as_ref().is_some_and(|sighting| sighting.dim);
        // In the dark nobody need differ from the scene, and no network was made for it.
        let dark = sighting.is_some_and(|sighting| sighting.dark && sighting.approved);
        self.frames += 1;
        self.dark_frames += u64::from(dark);
        let seen = match seen {
            Ok(_) if dark && self.settings.dark != DarkPolicy::Report => Err(CoverReason::TooDark),
            seen => seen,
        };
        let seen =
            seen.map(|detections| Observations { size, detections, tracked, cleared, unexplained, dim });
        Some(Followed { frame, seen })
    }

    /// Whether what differs is to be hidden: by a still always, by the clip itself where the most of it is as usual.
    fn tells(&self, sighting: &Sighting) -> bool {
        let own = self.scene.as_ref().is_some_and(|scene| scene.kind() == SceneKind::OwnClip);
        !own || (!sighting.dark && sighting.share <= self.settings.own_clip_share)
    }

    /// Whether a track is cleared here. Never in dim light.
    fn clears(&self, sighting: &Sighting, tracked: &TrackedBox, frame: &RawFrame) -> bool {
        let Some(scene) = &self.scene else { return false };
        let size = frame.size();
        sighting.approved
            && !sighting.dim
            && hides_differences(&self.settings)
            && is_cleared(
                tracked,
                size,
                sighting.share_in(&tracked.core),
                scene.is_furniture(&tracked.core, size),
            )
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

/// Whether what differs is masked. A box is cleared although some of it differs, and what differs in it must not be
/// shown then.
fn hides_differences(settings: &SceneSettings) -> bool {
    settings.unexplained == UnexplainedPolicy::Mask
}

/// Whether a track's box, of which this `share` differs from an approved still, is cleared: one of furniture is, and so
/// are the box of a person who never moved where furniture is and what is only held or bridged of such a track. Never
/// a face, never who moved.
fn is_cleared(tracked: &TrackedBox, size: FrameSize, share: f32, on_furniture: bool) -> bool {
    if tracked.target != Target::Person || tracked.moved {
        return false;
    }
    if tracked.origin == Origin::Seen {
        return tracked.furniture || (on_furniture && share <= CLEARED_SHARE);
    }
    let is_large = tracked.core.area() > LARGE_SHARE * size.area_px() as f32;
    share <= if on_furniture && is_large { CLEARED_SHARE_LARGE } else { CLEARED_SHARE }
}

/// Whether a detection is a thing that the detector takes for a person on an approved still as well, and the frame is
/// there as on the still. Never a face, never in dim light.
pub(super) fn is_furniture(
    scene: &EmptyScene,
    difference: &Difference,
    found: &Detection,
    size: FrameSize,
    settings: &SceneSettings,
) -> bool {
    difference.approved
        && !difference.dim
        && hides_differences(settings)
        && found.target == Target::Person
        && scene.is_furniture(&found.area, size)
        && difference.share_in(&found.area, size, settings) <= CLEARED_SHARE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::BoxPx;
    use proptest::prelude::*;

    const SIZE: FrameSize = FrameSize { width: 400, height: 300 };

    fn tracked(side: f32, target: Target, origin: Origin, moved: bool) -> TrackedBox {
        let area = BoxPx::new(0.0, 0.0, side, side);
        TrackedBox { track: 1, target, area, core: area, score: 0.3, origin, moved, furniture: false }
    }

    #[test]
    fn a_chair_is_cleared_and_somebody_on_it_is_not() {
        let chair = tracked(60.0, Target::Person, Origin::Seen, false);
        assert!(is_cleared(&chair, SIZE, 0.1, true));
        assert!(!is_cleared(&chair, SIZE, 0.5, true), "something differs there");
        assert!(!is_cleared(&chair, SIZE, 0.0, false), "the detector does not fire on the still");
        // Carried over from other frames, it need only be as empty as the still.
        let held = tracked(60.0, Target::Person, Origin::Held, false);
        assert!(is_cleared(&held, SIZE, 0.1, false) && !is_cleared(&held, SIZE, 0.5, true));
    }

    proptest! {
        #[test]
        fn no_face_is_cleared_and_nobody_who_moved(
            side in 1.0f32..300.0, origin in 0..4usize, share in 0.0f32..1.0, on_furniture in any::<bool>(),
        ) {
            let origin = [Origin::Seen, Origin::Bridged, Origin::Held, Origin::Backward][origin];
            let face = tracked(side, Target::Face, origin, false);
            let walker = tracked(side, Target::Person, origin, true);
            prop_assert!(!is_cleared(&face, SIZE, share, on_furniture));
            prop_assert!(!is_cleared(&walker, SIZE, share, on_furniture));
        }
    }

    #[test]
    fn where_differences_are_shown_nothing_is_cleared() {
        assert!(hides_differences(&SceneSettings::default()));
        let shown = SceneSettings { unexplained: UnexplainedPolicy::Report, ..SceneSettings::default() };
        assert!(!hides_differences(&shown));
    }
}
