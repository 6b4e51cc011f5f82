//! Which frames the networks look at. Everything is decided in the order of the frames and from the frames alone, so that
//! the same clip always gives the same boxes.

use crate::config::Cadence;
use crate::video::detect::Look;
use crate::video::frame::RawFrame;
use crate::video::scene::Glance;

/// What is done with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The networks look at it; at nothing where both wait for their turn.
    Look(Look),
    /// Nothing has changed since the networks looked at everything: they would see the same again.
    Same,
}

/// Decides frame by frame.
pub(super) struct Pace {
    cadence: Cadence,
    width_px: u32,
    /// The latest frame in which everything was looked for, and when it is shown.
    looked: Option<(Glance, u64)>,
}

impl Pace {
    pub(super) fn new(cadence: Cadence, width_px: u32) -> Self {
        Self { cadence, width_px, looked: None }
    }

    /// Frames that may wait for the next look.
    pub(super) fn longest_wait(&self) -> usize {
        self.cadence.persons.max(self.cadence.faces) as usize
    }

    /// What is done with frame number `seq`; the last one is always looked at unless nothing changed.
    pub(super) fn step(&mut self, seq: u64, frame: &RawFrame, is_last: bool) -> Step {
        let rest_ns = (f64::from(self.cadence.rest_s) * 1e9) as u64;
        let look = Look {
            persons: is_last || seq.is_multiple_of(self.cadence.persons.max(1).into()),
            faces: is_last || seq.is_multiple_of(self.cadence.faces.max(1).into()),
        };
        if rest_ns == 0 || frame.damage().is_some() {
            return Step::Look(look);
        }
        let due = |at_ns: u64| frame.pts_ns() >= at_ns + rest_ns;
        if let Some((before, at_ns)) = &self.looked
            && !due(*at_ns)
        {
            let now = Glance::at(frame, self.width_px);
            if !now.differs_from(before) {
                return Step::Same;
            }
            if look == Look::EVERYTHING {
                self.looked = Some((now, frame.pts_ns()));
            }
            return Step::Look(look);
        }
        // A look that is due is a look at everything.
        self.looked = Some((Glance::at(frame, self.width_px), frame.pts_ns()));
        Step::Look(Look::EVERYTHING)
    }
}
