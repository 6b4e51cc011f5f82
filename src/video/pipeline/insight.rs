//! Both witnesses together: what the detector names, over time, and what differs from the empty scene.

use super::empty::EmptyScene;
use crate::config::{SceneSettings, Target, TrackSettings, UnexplainedPolicy};
use crate::geometry::{BoxPx, FrameSize};
use crate::video::plan::Detection;
use crate::video::scene::{Difference, SceneKind, Sighting, Witness};
use crate::video::track::{Origin, Track, TrackedBox, Tracker};
use std::sync::Arc;

/// A person's box is cleared where no more of it than this differs from the empty scene: shadows and compression do
/// that much around a chair; what differs stays hidden in any case.
const CLEARED_SHARE: f32 = 0.25;
/// Somebody whose box is larger than this share of the picture stands before the camera and differs in most of the
/// box; where no more than the second number does, what is carried over from other frames is furniture.
const LARGE_SHARE: f32 = 0.15;
const CLEARED_SHARE_LARGE: f32 = 0.6;

/// All that is known of one moment.
pub(in crate::video) struct Known {
    /// Where tracks are.
    pub(in crate::video) tracked: Vec<TrackedBox>,
    /// Tracks that an approved still clears here.
    pub(in crate::video) cleared: Vec<TrackedBox>,
    /// What differs from the empty scene and is to be hidden.
    pub(in crate::video) unexplained: Vec<BoxPx>,
    /// Too dim for anything to be cleared.
    pub(in crate::video) dim: bool,
    /// Too dark, beside an approved still, for anybody to be found.
    pub(in crate::video) dark: bool,
    /// Tracks that can have no box any more.
    pub(in crate::video) over: Vec<Track>,
}

/// Tells of a place whether it is as on an approved still of the empty scene.
type IsEmpty<'a> = Box<dyn Fn(&BoxPx) -> bool + 'a>;

/// What both witnesses said so far.
pub(in crate::video) struct Insight {
    tracker: Tracker,
    scene: Option<Arc<EmptyScene>>,
    settings: SceneSettings,
    /// Made with the first frame, whose size it needs.
    witness: Option<Witness>,
}

impl Insight {
    /// Nothing yet.
    pub(in crate::video) fn new(
        track: &TrackSettings,
        scene: Option<Arc<EmptyScene>>,
        settings: SceneSettings,
    ) -> Self {
        Self { tracker: Tracker::new(track.clone()), scene, settings, witness: None }
    }

    /// Where a frame is empty, by its own difference.
    pub(in crate::video) fn empty_places<'d>(
        &self,
        difference: &'d Difference,
        size: FrameSize,
    ) -> IsEmpty<'d> {
        let settings = self.settings.clone();
        Box::new(move |area| is_empty(difference, area, size, &settings))
    }

    /// The detector's word on the frame of `size` shown at `at_ns`, later than the one before; `is_empty` where the
    /// frame was compared.
    pub(in crate::video) fn found(
        &mut self,
        at_ns: u64,
        size: FrameSize,
        detections: &[Detection],
        is_empty: Option<IsEmpty<'_>>,
    ) {
        let known = self.scene.as_deref().zip(is_empty);
        let settings = &self.settings;
        let is_furniture = |found: &Detection| {
            known.as_ref().is_some_and(|(scene, is_empty)| {
                is_on_still(scene, found, size, settings) && is_empty(&found.area)
            })
        };
        self.tracker.push(at_ns, size, detections, &is_furniture);
    }

    /// The same for a frame that was given to [`Self::compared`] before.
    pub(in crate::video) fn found_later(&mut self, at_ns: u64, size: FrameSize, detections: &[Detection]) {
        let sighting = self.witness.as_ref().and_then(|witness| witness.look(at_ns));
        let is_empty = sighting.map(|sighting| -> IsEmpty<'static> {
            let trusted = sighting.approved && !sighting.dim;
            Box::new(move |area| trusted && sighting.share_in(area) <= CLEARED_SHARE)
        });
        self.found(at_ns, size, detections, is_empty);
    }

    /// From here on frames are compared with another empty scene, or with none.
    pub(in crate::video) fn renew(&mut self, scene: Option<Arc<EmptyScene>>) {
        self.scene = scene;
    }

    /// How the frame of `size` shown at `at_ns` differs from the empty scene.
    pub(in crate::video) fn compared(&mut self, at_ns: u64, size: FrameSize, difference: Difference) {
        let witness = self.witness.get_or_insert_with(|| Witness::new(size, self.settings.clone()));
        witness.push(at_ns, difference);
    }

    /// What is known of a moment, by all that came so far. Moments before it are forgotten.
    pub(in crate::video) fn at(&mut self, at_ns: u64, size: FrameSize) -> Known {
        let sighting = self.witness.as_ref().and_then(|witness| witness.look(at_ns));
        let is_cleared = |tracked: &TrackedBox| {
            sighting.as_ref().is_some_and(|sighting| self.clears(sighting, tracked, size))
        };
        let (cleared, tracked): (Vec<_>, Vec<_>) =
            self.tracker.at(at_ns).into_iter().partition(|tracked| is_cleared(tracked));
        let over = self.tracker.forget_before(at_ns);
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
        Known { tracked, cleared, unexplained, dim, dark, over }
    }

    /// All tracks that are left.
    pub(in crate::video) fn into_tracks(self) -> Vec<Track> {
        self.tracker.into_tracks()
    }

    /// Whether what differs is to be hidden: by a still always, by the clip itself where the most of it is as usual.
    fn tells(&self, sighting: &Sighting) -> bool {
        let own = self.scene.as_ref().is_some_and(|scene| scene.kind() == SceneKind::OwnClip);
        !own || (!sighting.dark && sighting.share <= self.settings.own_clip_share)
    }

    /// Whether a track is cleared here. Never in dim light.
    fn clears(&self, sighting: &Sighting, tracked: &TrackedBox, size: FrameSize) -> bool {
        let Some(scene) = &self.scene else { return false };
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

/// Whether a detection is a thing that the detector takes for a person on an approved still as well, and the frame is
/// there as on the still. Never a face, never in dim light.
pub(super) fn is_furniture(
    scene: &EmptyScene,
    difference: &Difference,
    found: &Detection,
    size: FrameSize,
    settings: &SceneSettings,
) -> bool {
    is_on_still(scene, found, size, settings) && is_empty(difference, &found.area, size, settings)
}

/// Whether the detector takes what is here for a person on an approved still as well.
fn is_on_still(scene: &EmptyScene, found: &Detection, size: FrameSize, settings: &SceneSettings) -> bool {
    hides_differences(settings) && found.target == Target::Person && scene.is_furniture(&found.area, size)
}

/// Whether a frame is here as on an approved still.
fn is_empty(difference: &Difference, area: &BoxPx, size: FrameSize, settings: &SceneSettings) -> bool {
    difference.approved && !difference.dim && difference.share_in(area, size, settings) <= CLEARED_SHARE
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
