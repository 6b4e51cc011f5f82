//! One masked still of a clip, for drawing zones on: the frame in which least has to be hidden.

use crate::config::Site;
use crate::interrupt::Interrupt;
use crate::video::detect::{DetectError, DetectorFactory, Look, absurd};
use crate::video::frame::{RawFrame, RedactedFrame};
use crate::video::mask::Masker;
use crate::video::plan::{CoverReason, FramePlan, MaskShape, Observations, Planner};
use crate::video::source::{Clip, Source, SourceError};

/// Frames are looked at this far apart, so that somebody who passes by is gone in one of them.
const STEP_NS: u64 = 1_000_000_000;
/// Only the beginning of a clip is searched.
const REACH_NS: u64 = 15_000_000_000;

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

/// The frame with the smallest masked area of the clip's first seconds, masked.
///
/// # Errors
/// [`StillError`].
pub fn quietest_still(
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
