//! What to hide in one frame: total, or the whole frame is covered.
//!
//! A [`FramePlan`] is data only. Observations are turned into it by a [`Planner`], which lives outside this wing
//! (`casework::decide`): what is hidden is a matter of law, how it is hidden one of pixels.

pub use crate::config::Target;
use crate::config::{Style, ZoneKind};
use crate::geometry::{BoxPx, FrameSize, PxRect, UnitPolygon};
use crate::video::frame::{Damage, Stamp};
use crate::video::track::TrackedBox;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One detection in frame space.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Detection {
    /// What it is.
    pub target: Target,
    /// Where it is, pixels; cut to the frame.
    pub area: BoxPx,
    /// Confidence, `0..=1`.
    pub score: f32,
    /// Below its model's threshold: it may continue a track, and is nothing by itself.
    pub weak: bool,
}

/// All that was seen in one frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Observations {
    /// Size of the frame.
    pub size: FrameSize,
    /// Every detection above its model's threshold, and weak ones below it.
    pub detections: Vec<Detection>,
    /// Where tracks are in this frame; none where nothing is tracked.
    pub tracked: Vec<TrackedBox>,
    /// Tracks that an approved still of the empty scene clears here: furniture.
    pub cleared: Vec<TrackedBox>,
    /// Where the frame differs from the empty scene, with margin.
    pub unexplained: Vec<BoxPx>,
    /// Live: where the frame shows something else than the nearest one that was searched.
    pub unsearched: Vec<BoxPx>,
    /// Too dim for anything to be cleared.
    pub dim: bool,
}

impl Observations {
    /// One picture by itself.
    #[must_use]
    pub fn untracked(size: FrameSize, detections: Vec<Detection>) -> Self {
        Self {
            size,
            detections,
            tracked: Vec::new(),
            cleared: Vec::new(),
            unexplained: Vec::new(),
            unsearched: Vec::new(),
            dim: false,
        }
    }

    /// Every place where somebody or something of this kind is: its tracks, and detections that lie in none of them.
    pub fn places(&self, target: Target) -> impl Iterator<Item = (BoxPx, f32)> {
        self.tracked_places(target).map(|(area, score, _)| (area, score))
    }

    /// The same, with the number of the track where it has one.
    pub fn tracked_places(&self, target: Target) -> impl Iterator<Item = (BoxPx, f32, Option<u32>)> {
        let tracked = self.tracked.iter().filter(move |b| b.target == target);
        let own = self.detections.iter().filter(move |d| {
            let inside = |b: &TrackedBox| b.target == target && b.area.holds(&d.area);
            d.target == target && !d.weak && !self.tracked.iter().chain(&self.cleared).any(inside)
        });
        let tracked = tracked.map(|b| (b.area, b.score, Some(b.track)));
        tracked.chain(own.map(|d| (d.area, d.score, None)))
    }
}

/// Why a whole frame is covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CoverReason {
    /// The decoder concealed errors, so the picture may show people where none are found.
    DamagedPicture,
    /// The frame's time was missing or did not grow: the stream has lost something here.
    TimeUncertain,
    /// The picture changed its shape in mid-stream, so the camera's zones need not lie where they should.
    ShapeChanged,
    /// Too dark for anybody to be found: beside an approved still of the empty scene next to nothing can be seen.
    TooDark,
    /// The detector returned an error for this frame.
    DetectorFault,
    /// The detector returned values that cannot be boxes: not finite, out of range, far outside the frame.
    AbsurdDetections,
    /// There was no plan, or one for another size.
    NoPlan,
    /// The analysis that the clip is rendered by says nothing of this frame.
    NotAnalysed,
    /// Live: the camera was connected to, or its clock jumped, less than a second ago.
    Settling,
    /// Live: no look of a detector lies near enough.
    Overload,
    /// Live: the camera looks elsewhere than on its references.
    CameraMoved,
}

impl CoverReason {
    /// The reason in words, for a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::DamagedPicture => "it is damaged",
            Self::DetectorFault => "the detector failed",
            Self::AbsurdDetections => "the detector's answer makes no sense",
            Self::NoPlan => "nothing says what is to be hidden",
            Self::NotAnalysed => "it is not in the analysis",
            Self::TimeUncertain => "nothing says when it is shown",
            Self::TooDark => "it is too dark for anybody to be found",
            Self::Settling => "the stream has just begun",
            Self::Overload => "it was not searched in time",
            Self::CameraMoved => "the camera was turned",
            Self::ShapeChanged => "it has another shape than the first one",
        }
    }
}

impl From<Damage> for CoverReason {
    fn from(damage: Damage) -> Self {
        match damage {
            Damage::Concealed => Self::DamagedPicture,
            Damage::Restamped => Self::TimeUncertain,
            Damage::Reshaped => Self::ShapeChanged,
        }
    }
}

/// What a mask stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MaskKind {
    /// A person's box with its margin.
    Person,
    /// Head and shoulders around a face that no person's box holds.
    Head,
    /// A vehicle's box with its margin.
    Vehicle,
    /// A screen's box with its margin.
    Screen,
    /// What differs from the camera's empty scene, whatever it is.
    Unexplained,
    /// What has changed since somebody was looked for there.
    Unsearched,
    /// All of the picture but the subject.
    Surroundings,
    /// What staff saw and nobody else found; it may be somebody, at any distance.
    Correction,
    /// A private region of the camera.
    Zone(ZoneKind),
}

/// The pixels of one mask.
#[derive(Debug, Clone, PartialEq)]
pub enum MaskShape {
    /// A rectangle, already rounded outward.
    Rect(PxRect),
    /// A polygon in unit space; every pixel that it touches belongs to the mask.
    Polygon(Arc<UnitPolygon>),
}

/// One region to hide. A mask always hides.
#[derive(Debug, Clone, PartialEq)]
pub struct Mask {
    /// What it stands for.
    pub kind: MaskKind,
    /// Which pixels it hides.
    pub shape: MaskShape,
    /// How it hides them.
    pub style: Style,
    /// Confidence of the detection behind it, `0..=1`; 1 for a zone and a correction.
    pub score: f32,
}

/// What becomes of every pixel of one frame.
#[derive(Debug, Clone, PartialEq)]
pub enum FramePlan {
    /// Nothing of it is shown.
    Cover(CoverReason),
    /// These regions are hidden, the rest is shown.
    Masks {
        /// Size of the frame that the masks were made for; another size covers the frame.
        size: FrameSize,
        /// The regions, in any order.
        masks: Vec<Mask>,
    },
}

impl FramePlan {
    /// The plan itself where it can be carried out in a frame of `size`; otherwise the frame is covered: made for
    /// another size, or with a rectangle that holds no pixel of the frame.
    #[must_use]
    pub fn for_frame(self, size: FrameSize) -> Self {
        let Self::Masks { size: planned, masks } = &self else { return self };
        let fits = |mask: &Mask| match &mask.shape {
            MaskShape::Rect(r) => r.x0 < r.x1.min(size.width) && r.y0 < r.y1.min(size.height),
            MaskShape::Polygon(_) => true,
        };
        if *planned == size && masks.iter().all(fits) { self } else { Self::Cover(CoverReason::NoPlan) }
    }
}

pub(crate) mod sealed {
    //! What cannot be named outside of this program.

    /// A planner of this program.
    pub trait OwnPlanner {}
}

/// Turns what was seen into what is hidden. Pure: the same observations give the same plan.
///
/// A plan without masks shows everybody, so only this program's own planners are planners: the one that hides everyone,
/// and the one that is made from a receipt of the audit log. Nobody else can write one:
/// ```compile_fail
/// use melkglas::video::frame::Stamp;
/// use melkglas::video::plan::{FramePlan, Observations, Planner};
/// struct HideNobody;
/// impl Planner for HideNobody {
///     fn plan(&self, _: Stamp, seen: &Observations) -> FramePlan {
///         FramePlan::Masks { size: seen.size, masks: Vec::new() }
///     }
/// }
/// ```
/// What does compile: the same without being a planner, and to ask one.
/// ```
/// use melkglas::video::frame::Stamp;
/// use melkglas::video::plan::{FramePlan, Observations, Planner};
/// struct HideNobody;
/// impl HideNobody {
///     fn plan(&self, _: Stamp, seen: &Observations) -> FramePlan {
///         FramePlan::Masks { size: seen.size, masks: Vec::new() }
///     }
/// }
/// fn ask(planner: &dyn Planner, stamp: Stamp, seen: &Observations) -> FramePlan {
///     planner.plan(stamp, seen)
/// }
/// ```
pub trait Planner: sealed::OwnPlanner + Send + Sync {
    /// The plan for one frame whose picture can be trusted.
    fn plan(&self, stamp: Stamp, seen: &Observations) -> FramePlan;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::track::Origin;

    #[test]
    fn a_plan_that_does_not_fit_covers() {
        let size = FrameSize { width: 64, height: 48 };
        let plan = |rect| FramePlan::Masks {
            size,
            masks: vec![Mask {
                kind: MaskKind::Person,
                shape: MaskShape::Rect(rect),
                style: Style::Fill,
                score: 1.0,
            }],
        };
        let good = PxRect { x0: 0, y0: 0, x1: 8, y1: 8 };
        assert_eq!(plan(good).for_frame(size), plan(good));
        let covered = FramePlan::Cover(CoverReason::NoPlan);
        assert_eq!(plan(good).for_frame(FrameSize { width: 48, height: 64 }), covered);
        assert_eq!(plan(PxRect { x0: 64, y0: 0, x1: 70, y1: 8 }).for_frame(size), covered);
        assert_eq!(plan(PxRect { x0: 8, y0: 0, x1: 8, y1: 8 }).for_frame(size), covered);
        assert_eq!(plan(PxRect { x0: 0, y0: 8, x1: 8, y1: 8 }).for_frame(size), covered);
        assert_eq!(plan(PxRect { x0: 0, y0: 48, x1: 8, y1: 50 }).for_frame(size), covered);
    }

    #[test]
    fn every_place_of_a_kind_is_named_once() {
        let area = |x0: f32, x1: f32| BoxPx { x0, y0: 0.0, x1, y1: 40.0 };
        let found =
            |target, area, weak| Detection { target, area, score: if weak { 0.1 } else { 0.6 }, weak };
        let track = |target, area, track| TrackedBox {
            track,
            target,
            area,
            core: area,
            score: 0.9,
            origin: Origin::Seen,
            moved: true,
            furniture: false,
        };
        let mut seen = Observations::untracked(
            FrameSize { width: 640, height: 480 },
            vec![
                found(Target::Person, area(12.0, 20.0), false),
                found(Target::Person, area(50.0, 60.0), false),
                found(Target::Person, area(100.0, 110.0), false),
                found(Target::Person, area(200.0, 210.0), true),
                found(Target::Face, area(300.0, 310.0), false),
            ],
        );
        seen.tracked =
            vec![track(Target::Person, area(10.0, 30.0), 1), track(Target::Face, area(100.0, 120.0), 2)];
        seen.cleared = vec![track(Target::Person, area(40.0, 70.0), 3)];
        // In a track, in a cleared one, weak, or of another kind: none of these is a place of its own.
        let places: Vec<_> = seen.tracked_places(Target::Person).collect();
        assert_eq!(places, [(area(10.0, 30.0), 0.9, Some(1)), (area(100.0, 110.0), 0.6, None)]);
        let places: Vec<_> = seen.places(Target::Face).collect();
        assert_eq!(places, [(area(100.0, 120.0), 0.9), (area(300.0, 310.0), 0.6)]);
    }
}
