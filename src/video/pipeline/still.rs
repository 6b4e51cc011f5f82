//! One masked still of a clip, for drawing zones on: the scene as most of the clip shows it, people gone.
//!
//! A detector that is to miss nobody takes furniture for people, and a mask over half a lobby leaves no door to draw.
//! On a still of which whoever moves is gone, faces are hidden, and whoever surely is a person: not the corner of the
//! scene that such a detector half believes in.

use crate::config::Site;
use crate::geometry::FrameSize;
use crate::interrupt::Interrupt;
use crate::video::detect::{DetectError, DetectorFactory, Look, absurd};
use crate::video::frame::{RawFrame, RedactedFrame};
use crate::video::mask::Masker;
use crate::video::plan::{CoverReason, Detection, FramePlan, MaskShape, Observations, Planner, Target};
use crate::video::source::{Clip, Source, SourceError};

use super::empty::Learner;
use super::survey::{LearntScene, SceneLearner, Surveyed, by_light, survey};

/// Frames are looked at this far apart, so that somebody who passes by is gone in one of them.
const STEP_NS: u64 = 1_000_000_000;
/// Only the beginning of a clip is searched.
const REACH_NS: u64 = 15_000_000_000;

/// Frames that a scene takes at least: of fewer, whoever stands in most of them is the scene.
const LEAST_FRAMES: usize = 8;
/// Score from which on a detection of any size is believed. What networks take for a person on an empty scene stays
/// below: a doorway or a whole corner of a lobby seen from above has 0.2 to 0.4.
const SURE: f32 = 0.5;
/// A detection of at most this share of the picture is believed at its network's own threshold: it may be somebody
/// small in the distance, and a mask that small leaves the doors to be seen.
const SMALL: f32 = 0.005;
/// Overlap (IoU) from which two detections are of the same person, who stands still.
const SAME_PLACE: f32 = 0.45;

/// Why there is no still.
#[derive(Debug, thiserror::Error)]
pub enum StillError {
    /// The clip cannot be decoded.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The detector failed.
    #[error(transparent)]
    Detect(#[from] DetectError),
    /// Every frame looked at is damaged or could not be searched for people.
    #[error("no frame in the first seconds of the clip can be shown; take another clip")]
    NothingToShow,
}

/// The scene that most of the clip shows, masked: faces, and whoever surely is a person and stays. Where the clip is
/// too short for that, its quietest frame.
///
/// # Errors
/// [`StillError`].
pub fn empty_still(
    clip: &Clip,
    site: &Site,
    planner: &dyn Planner,
    detectors: &dyn DetectorFactory,
    interrupt: &Interrupt,
) -> Result<RedactedFrame, StillError> {
    let mut detector = detectors.make()?;
    let frames = survey(clip, site, detector.as_mut(), interrupt)?;
    let frames = by_light(frames).into_iter().next().filter(|frames| frames.len() >= LEAST_FRAMES);
    let learner = Learner(site.scene.clone());
    let scene = frames.and_then(|frames| {
        let learnt = learner.learn(&[learner.segment(&frames)?]).ok();
        let LearntScene { stills, .. } = learnt?;
        Some((stills.into_iter().next()?, frames))
    });
    let Some((still, frames)) = scene else {
        return quietest_still(clip, site, planner, detectors, interrupt);
    };
    let found = detector.detect(&still, &Look::EVERYTHING)?;
    if absurd(&found, still.size()) {
        return quietest_still(clip, site, planner, detectors, interrupt);
    }
    let size = still.size();
    let hidden = staying(found, &frames, size);
    let plan = planner.plan(still.stamp, &Observations::untracked(size, hidden));
    Ok(Masker::new(site.mask.clone()).redact(still, &plan))
}

/// Who is hidden on a still, of what was found on it and in the frames that it was made of.
///
/// Somebody who sits through the clip may be found with less on the still than in a frame, or not at all, so whoever
/// was believed in any frame counts wherever somebody was seen in half of them.
fn staying(on_still: Vec<Detection>, frames: &[Surveyed], size: FrameSize) -> Vec<Detection> {
    let seen = || frames.iter().flat_map(|surveyed| &surveyed.detections);
    let small = SMALL * size.area_px() as f32;
    let believed =
        |d: &Detection| !d.weak && (d.target != Target::Person || d.score >= SURE || d.area.area() <= small);
    let same = |a: &Detection, b: &Detection| a.target == b.target && a.area.iou(&b.area) >= SAME_PLACE;
    let stays = |d: &&Detection| {
        let with = |surveyed: &&Surveyed| surveyed.detections.iter().any(|other| same(d, other));
        believed(d) && 2 * frames.iter().filter(with).count() >= frames.len()
    };
    let found = |d: &Detection| believed(d) || seen().any(|other| believed(other) && same(d, other));
    let hidden = seen().filter(stays).copied().chain(on_still.into_iter().filter(found));
    // A network's threshold decides no more.
    hidden.map(|d| Detection { weak: false, ..d }).collect()
}

/// The frame with the smallest masked area of the clip's first seconds, masked.
fn quietest_still(
    clip: &Clip,
    site: &Site,
    planner: &dyn Planner,
    detectors: &dyn DetectorFactory,
    interrupt: &Interrupt,
) -> Result<RedactedFrame, StillError> {
    let mut detector = detectors.make()?;
    let mut best: Option<(u64, RawFrame)> = None;
    let mut everybody = Vec::new();
    sampled(clip, site, interrupt, |frame| {
        let detections = detector.detect(&frame, &Look::EVERYTHING)?;
        if absurd(&detections, frame.size()) {
            return Ok(());
        }
        everybody.extend_from_slice(&detections);
        let plan = planner.plan(frame.stamp, &Observations::untracked(frame.size(), detections));
        let FramePlan::Masks { masks, .. } = &plan else { return Ok(()) };
        let hidden = masks
            .iter()
            .map(|mask| match &mask.shape {
                MaskShape::Rect(rect) => rect.area_px(),
                MaskShape::Polygon(_) => 0,
            })
            .sum();
        if best.as_ref().is_none_or(|(least, ..)| hidden < *least) {
            best = Some((hidden, frame));
        }
        Ok(())
    })?;
    let (_, frame) = best.ok_or(StillError::NothingToShow)?;
    // The frame in which least was found may be the one in which somebody was missed: whoever was found anywhere in
    // these seconds is hidden there.
    let plan = planner.plan(frame.stamp, &Observations::untracked(frame.size(), everybody));
    Ok(Masker::new(site.mask.clone()).redact(frame, &plan))
}

/// Frames of a masked clip at these numbers, from 0, for a strip of small pictures. They are searched and masked once
/// more, so that nothing is shown which the masks of the clip left open.
///
/// # Errors
/// [`StillError`].
pub fn strip_of(
    clip: &Clip,
    numbers: &[u64],
    site: &Site,
    planner: &dyn Planner,
    detectors: &dyn DetectorFactory,
    interrupt: &Interrupt,
) -> Result<Vec<RedactedFrame>, StillError> {
    let mut detector = detectors.make()?;
    let masker = Masker::new(site.mask.clone());
    let mut strip = Vec::new();
    let mut source = Source::open(clip, &site.limits, interrupt)?;
    while let Some(frame) = source.next_frame()? {
        if !numbers.contains(&frame.index()) {
            continue;
        }
        let detections = detector.detect(&frame, &Look::EVERYTHING)?;
        let plan = if absurd(&detections, frame.size()) {
            FramePlan::Cover(CoverReason::AbsurdDetections)
        } else {
            planner.plan(frame.stamp, &Observations::untracked(frame.size(), detections))
        };
        strip.push(masker.redact(frame, &plan));
    }
    Ok(strip)
}

/// Hands on the undamaged frames of the clip's beginning, one a second.
pub(super) fn sampled(
    clip: &Clip,
    site: &Site,
    interrupt: &Interrupt,
    mut take: impl FnMut(RawFrame) -> Result<(), StillError>,
) -> Result<(), StillError> {
    let mut source = Source::open(clip, &site.limits, interrupt)?;
    let mut next_ns = 0;
    while let Some(frame) = source.next_frame()? {
        if frame.pts_ns() > REACH_NS {
            break;
        }
        if frame.pts_ns() < next_ns || frame.damage().is_some() {
            continue;
        }
        next_ns = frame.pts_ns() + STEP_NS;
        take(frame)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::BoxPx;
    use crate::video::frame::{Colour, Layout, PixelFormat, RawFrame, Stamp};

    const SIZE: FrameSize = FrameSize { width: 100, height: 100 };

    fn frame(detections: &[Detection]) -> Surveyed {
        let stamp = Stamp { index: 0, pts_ns: 0, duration_ns: None };
        let bytes = vec![128; Layout::new(PixelFormat::I420, SIZE).len()];
        let frame = RawFrame::from_samples(PixelFormat::I420, SIZE, Colour::BT601, stamp, bytes);
        Surveyed { frame: frame.expect("the layout's length"), detections: detections.to_vec() }
    }

    fn person(x: f32, side: f32, score: f32) -> Detection {
        Detection { target: Target::Person, area: BoxPx::new(x, 0.0, x + side, side), score, weak: false }
    }

    fn hidden(on_still: &[Detection], frames: &[Surveyed]) -> Vec<Detection> {
        staying(on_still.to_vec(), frames, SIZE)
    }

    #[test]
    fn half_a_scene_that_is_half_believed_stays_to_be_seen() {
        let corner = person(0.0, 75.0, 0.28);
        let frames: Vec<Surveyed> = (0..8).map(|_| frame(&[corner])).collect();
        assert!(hidden(&[corner], &frames).is_empty());
        // One frame in which it surely is somebody is enough.
        let frames: Vec<Surveyed> =
            (0..8).map(|n| frame(&[person(0.0, 75.0, if n == 3 { 0.6 } else { 0.28 })])).collect();
        assert!(hidden(&[corner], &frames).contains(&corner));
        // Somebody small may be anybody, and a face is one.
        let small = person(20.0, 7.0, 0.25);
        let face = Detection { target: Target::Face, ..corner };
        assert_eq!(hidden(&[small, face, corner], &[]), [small, face]);
        assert!(hidden(&[Detection { weak: true, ..small }], &[]).is_empty());
    }

    #[test]
    fn whoever_stands_still_is_hidden_and_whoever_passes_is_not() {
        let stands = person(50.0, 40.0, 0.7);
        let frames: Vec<Surveyed> = (0..8u8)
            .map(|n| {
                let passes = person(f32::from(n) * 30.0, 25.0, 0.9);
                if n % 2 == 0 { frame(&[stands, passes]) } else { frame(&[passes]) }
            })
            .collect();
        // Not found on the still itself.
        let found = hidden(&[], &frames);
        assert!(!found.is_empty() && found.iter().all(|d| *d == stands), "{found:?}");
    }
}
