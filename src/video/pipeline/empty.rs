//! The empty scene of one camera, ready for a job: its stills for the witness, and what the detector takes for people
//! on them.

use crate::config::{Camera, LoadedReference, Site};
use crate::geometry::{BoxPx, FrameSize};
use crate::video::detect::{DetectError, DetectorFactory, Look};
use crate::video::plan::{Detection, Target};
use crate::video::scene::{
    LearnError, Outline, Reference, Sample, Scene, SceneKind, Segment, SpreadMap, Stance, learn, moved,
};
use crate::video::source::{StillFault, StillKind, decode_still};
use image::ImageFormat;
use std::sync::Arc;

use super::survey::{LearntScene, SceneLearner, Surveyed};
use crate::config::SceneSettings;
use crate::geometry::UnitPolygon;

/// Why a camera's references cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EmptySceneError {
    /// A still cannot be read.
    #[error("the reference {file} cannot be read: {fault}")]
    Still {
        /// The still's file.
        file: String,
        /// What is wrong with it.
        fault: StillFault,
    },
    /// A spread map cannot be read.
    #[error("the spread map {0} cannot be read; learn the references again with `melkglas camera learn`")]
    Spread(String),
    /// The stills cannot be searched.
    #[error(transparent)]
    Detect(#[from] DetectError),
}

/// Overlap (IoU) from which a box is the thing that the detector takes for a person on the still as well.
const SAME_PLACE: f32 = 0.45;
/// Score from which the detector fires on a still: lower than on frames, as it need only half believe it there.
const FIRES: f32 = 0.1;

/// A camera's empty scene.
pub struct EmptyScene {
    pub(in crate::video) scene: Scene,
    /// What the detector takes for persons on the stills, as shares of the picture.
    furniture: Vec<BoxPx>,
    outlines: Vec<Outline>,
    left_out: Vec<Arc<UnitPolygon>>,
}

impl EmptyScene {
    /// The references of a camera, searched with these detectors; none where it has none, or where the camera moves.
    ///
    /// # Errors
    /// [`EmptySceneError`].
    pub fn open(
        camera: &Camera,
        references: &[LoadedReference],
        site: &Site,
        detectors: &dyn DetectorFactory,
    ) -> Result<Option<Self>, EmptySceneError> {
        if references.is_empty() || !camera.fixed {
            return Ok(None);
        }
        let overlays: Vec<_> = camera.overlays.iter().map(|overlay| Arc::clone(&overlay.polygon)).collect();
        let zones: Vec<_> = camera.zones.iter().map(|zone| Arc::clone(&zone.polygon)).collect();
        let mut detector = detectors.make()?;
        let mut made = Vec::new();
        let mut furniture = Vec::new();
        let mut outlines = Vec::new();
        for loaded in references {
            let file = loaded.reference.still.file.display().to_string();
            let fault = |fault| EmptySceneError::Still { file: file.clone(), fault };
            let frame = decode_still(&loaded.still, StillKind::Png, &site.limits).map_err(fault)?;
            let size = frame.size();
            let rgb = image::load_from_memory_with_format(&loaded.still, ImageFormat::Png)
                .map_err(|e| fault(StillFault::Damaged(e.to_string())))?;
            let approved = loaded.reference.approval.is_some();
            if approved {
                let found = detector.detect(&frame, &Look::EVERYTHING)?;
                let fires = |d: &&Detection| d.target == Target::Person && d.score >= FIRES;
                furniture.extend(found.iter().filter(fires).map(|d| shares(&d.area, size)));
            }
            outlines.push(Outline::of(&frame));
            let spread = match (&loaded.spread, &loaded.reference.spread) {
                (Some(bytes), Some(pinned)) => Some(
                    spread_map(bytes)
                        .ok_or_else(|| EmptySceneError::Spread(pinned.file.display().to_string()))?,
                ),
                _ => None,
            };
            made.push(Reference::new(file, approved, rgb.into_rgb8().into_raw(), size, spread));
        }
        let scene = Scene::new(made, &overlays, &zones, site.scene.clone());
        let left_out = overlays.into_iter().chain(zones).collect();
        Ok(Some(Self { scene, furniture, outlines, left_out }))
    }

    /// The scene of one clip or stream by itself: nothing of it is furniture, and nothing tells where the camera looked
    /// before.
    pub(in crate::video) fn by_itself(scene: Scene) -> Self {
        Self { scene, furniture: Vec::new(), outlines: Vec::new(), left_out: Vec::new() }
    }

    /// What it is made of.
    #[must_use]
    pub fn kind(&self) -> SceneKind {
        match (self.outlines.is_empty(), self.scene.approved()) {
            (true, _) => SceneKind::OwnClip,
            (false, true) => SceneKind::Approved,
            (false, false) => SceneKind::Unapproved,
        }
    }

    /// Whether the detector fires at this place of the empty scene too.
    pub(super) fn is_furniture(&self, area: &BoxPx, size: FrameSize) -> bool {
        let area = shares(area, size);
        self.furniture.iter().any(|thing| thing.iou(&area) >= SAME_PLACE)
    }

    /// Whether the camera still looks where it looked when the stills were made.
    pub(in crate::video) fn stance(&self, frames: &[Outline]) -> Stance {
        moved(&self.outlines, frames, &self.left_out)
    }
}

/// A box as shares of the picture: a still may have another size than the clip.
fn shares(area: &BoxPx, size: FrameSize) -> BoxPx {
    let (w, h) = (size.width as f32, size.height as f32);
    BoxPx::new(area.x0 / w, area.y0 / h, area.x1 / w, area.y1 / h)
}

fn spread_map(png: &[u8]) -> Option<SpreadMap> {
    let grey = image::load_from_memory_with_format(png, ImageFormat::Png).ok()?.into_luma8();
    let size = FrameSize { width: grey.width(), height: grey.height() };
    SpreadMap::from_grey(size, grey.as_raw())
}

/// Learns the empty scene of the frames of a survey.
pub struct Learner(pub SceneSettings);

impl super::survey::sealed::OwnLearner for Learner {}

impl SceneLearner for Learner {
    type Segment = Segment;

    fn segment(&self, frames: &[Surveyed]) -> Option<Segment> {
        let samples: Vec<Sample> =
            frames.iter().filter_map(|s| Sample::of(&s.frame, &s.detections)).collect();
        Segment::of(&samples)
    }

    fn learn(&self, segments: &[Segment]) -> Result<LearntScene, String> {
        let learnt = learn(segments, &self.0).map_err(|e: LearnError| e.to_string())?;
        Ok(LearntScene {
            stills: learnt.stills.iter().map(|still| still.frame()).collect(),
            spread: Some(learnt.spread.to_grey()),
        })
    }
}
