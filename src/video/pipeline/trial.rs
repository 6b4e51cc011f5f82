//! Models tried on a clip: what each finds by itself, how long it takes, and one masked picture to look at.

use super::still::{StillError, sampled};
use crate::config::Site;
use crate::interrupt::Interrupt;
use crate::video::detect::{DetectError, Detector, Look, absurd};
use crate::video::frame::{RawFrame, RedactedFrame};
use crate::video::mask::Masker;
use crate::video::plan::{Detection, Observations, Planner, Target};
use crate::video::source::Clip;
use std::collections::BTreeMap;
use std::time::Instant;

/// One model on its way through a clip.
pub struct Tried {
    /// Its name.
    pub id: String,
    /// The model by itself; none where it could not be loaded.
    pub detector: Option<Box<dyn Detector>>,
    /// Frames that it looked at.
    pub looks: u32,
    /// Time of all looks together, milliseconds.
    pub ms: f64,
    /// What it found in them.
    pub found: BTreeMap<Target, u32>,
    /// The first thing that went wrong.
    pub fault: Option<DetectError>,
}

impl Tried {
    /// A model that has not looked yet.
    #[must_use]
    pub fn new(id: &str, detector: Result<Box<dyn Detector>, DetectError>) -> Self {
        let (detector, fault) = match detector {
            Ok(detector) => (Some(detector), None),
            Err(fault) => (None, Some(fault)),
        };
        Self { id: id.to_owned(), detector, looks: 0, ms: 0.0, found: BTreeMap::new(), fault }
    }

    /// One look; nothing where it failed.
    pub fn look(&mut self, frame: &RawFrame) -> Option<Vec<Detection>> {
        let detector = self.detector.as_mut()?;
        let start = Instant::now();
        let seen = detector.detect(frame, &Look::EVERYTHING);
        self.ms += start.elapsed().as_secs_f64() * 1e3;
        self.looks += 1;
        match seen {
            Ok(seen) if absurd(&seen, frame.size()) => {
                let fault = DetectError::Absurd { model: self.id.clone() };
                self.fault.get_or_insert(fault);
                None
            }
            Ok(seen) => {
                seen.iter().for_each(|d| *self.found.entry(d.target).or_default() += 1);
                Some(seen)
            }
            Err(fault) => {
                self.fault.get_or_insert(fault);
                None
            }
        }
    }
}

/// A masked frame, and what each model found in it.
pub struct Shown {
    /// The frame; whoever any model found anywhere in the seconds looked at is hidden in it.
    pub still: RedactedFrame,
    /// Position of the model, and what it found.
    pub boxes: Vec<(usize, Detection)>,
}

/// Lets every model look at a frame a second of the clip's beginning. Gives back the frame in which most was found;
/// none where no frame was answered by all of them, since somebody may then have been missed.
///
/// # Errors
/// [`StillError`] where the clip cannot be decoded. What goes wrong with a model is noted with it.
pub fn try_on_clip(
    clip: &Clip,
    site: &Site,
    planner: &dyn Planner,
    models: &mut [Tried],
    interrupt: &Interrupt,
) -> Result<Option<Shown>, StillError> {
    let mut best: Option<(RawFrame, Vec<(usize, Detection)>)> = None;
    let mut everybody = Vec::new();
    sampled(clip, site, interrupt, |frame| {
        let looks: Vec<_> = models.iter_mut().map(|model| model.look(&frame)).collect();
        everybody.extend(looks.iter().flatten().flatten().copied());
        let answers: Option<Vec<Vec<Detection>>> = looks.into_iter().collect();
        if let Some(answers) = answers {
            let boxes =
                answers.into_iter().enumerate().flat_map(|(i, all)| all.into_iter().map(move |d| (i, d)));
            let boxes: Vec<(usize, Detection)> = boxes.collect();
            if best.as_ref().is_none_or(|(_, most)| boxes.len() > most.len()) {
                best = Some((frame, boxes));
            }
        }
        Ok(())
    })?;
    Ok(best.map(|(frame, boxes)| {
        let plan = planner.plan(frame.stamp, &Observations::untracked(frame.size(), everybody));
        Shown { still: Masker::new(site.mask.clone()).redact(frame, &plan), boxes }
    }))
}
