//! A look at a camera without a service: can it be reached, and what would be shown?

use super::camera::{LiveSource, SILENCE_SECS};
use super::service::LiveCamera;
use crate::config::Site;
use crate::geometry::FrameSize;
use crate::interrupt::Interrupt;
use crate::video::detect::{DetectError, Detector, Look, absurd};
use crate::video::frame::RedactedFrame;
use crate::video::mask::Masker;
use crate::video::plan::{Observations, Target};
use crate::video::source::{Source, SourceError, Taker};
use std::time::{Duration, Instant};

/// Longest wait for a frame that is whole.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why a camera would not do.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// No picture comes.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// None of its pictures is whole.
    #[error("no whole picture came within {} seconds", PATIENCE.as_secs())]
    NoneWhole,
    /// Its picture has another shape than its regions were drawn on.
    #[error("the camera sends {sent}, another shape of picture than its file's {drawn}; draw its zones anew")]
    Shape {
        /// What it sends.
        sent: FrameSize,
        /// What its file says.
        drawn: FrameSize,
    },
    /// The detector failed.
    #[error(transparent)]
    Detect(#[from] DetectError),
}

/// What a camera would show.
pub struct Checked {
    /// Size of its picture.
    pub size: FrameSize,
    /// Persons found.
    pub persons: usize,
    /// The picture, masked.
    pub still: RedactedFrame,
}

/// Takes one whole frame of a camera, and masks it.
///
/// # Errors
/// [`CheckError`].
pub fn check_camera(
    camera: &LiveCamera,
    site: &Site,
    detector: &mut dyn Detector,
    interrupt: &Interrupt,
) -> Result<Checked, CheckError> {
    let mut limits = site.limits.clone();
    limits.stall_secs = SILENCE_SECS;
    let mut source = match &camera.source {
        LiveSource::Stream(feed) => Source::connect(feed, Taker::default(), &limits, interrupt)?,
        LiveSource::Clip(clip) => Source::open(clip, &limits, interrupt)?,
    };
    let until = Instant::now() + PATIENCE;
    while let Some(frame) = source.next_frame()? {
        if Instant::now() > until {
            break;
        }
        if frame.damage().is_some() {
            continue;
        }
        let size = frame.size();
        if !size.same_aspect(camera.frame) {
            return Err(CheckError::Shape { sent: size, drawn: camera.frame });
        }
        let found = detector.detect(&frame, &Look::EVERYTHING)?;
        if absurd(&found, size) {
            return Err(DetectError::Absurd { model: "live".into() }.into());
        }
        let seen = Observations::untracked(size, found);
        let persons = seen.places(Target::Person).count();
        let plan = camera.planner.plan(frame.stamp, &seen).for_frame(size);
        let still = Masker::new(site.mask.clone()).redact(frame, &plan);
        return Ok(Checked { size, persons, still });
    }
    Err(CheckError::NoneWhole)
}
