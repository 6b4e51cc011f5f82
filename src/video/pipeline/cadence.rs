//! Frames that no network looked at wait here until the next look is known.
//!
//! Where a network looks at every n-th frame only, a frame between two looks takes the boxes of both: whoever
//! walks from one place to the other is somewhere between, and margins and the short span do the rest. A look
//! that failed covers the frames that depend on it as well.

use super::pace::Step;
use super::pool::Looked;
use crate::video::detect::Look;
use crate::video::frame::RawFrame;
use crate::video::plan::{CoverReason, Detection, Target};
use crate::video::scene::Difference;
use std::collections::VecDeque;

/// What one look found, or why it found nothing that can be trusted.
type Seen = Result<Vec<Detection>, CoverReason>;

/// A frame with all that is known of it.
pub(super) struct Ready {
    pub(super) frame: RawFrame,
    pub(super) seen: Seen,
    /// What was looked for in this very frame.
    pub(super) look: Look,
    /// How far it differs from the empty scene.
    pub(super) difference: Option<Difference>,
}

struct Waiting {
    frame: RawFrame,
    difference: Option<Difference>,
    look: Look,
    damage: Option<CoverReason>,
    /// Per target: the look at this frame, if there was one.
    looks: [Option<Seen>; Target::ALL.len()],
}

/// The hold. Frames go in and come out in order.
#[derive(Default)]
pub(super) struct Hold {
    waiting: VecDeque<Waiting>,
    /// Per target: the latest look before the first waiting frame.
    previous: [Option<Seen>; Target::ALL.len()],
    /// What the latest look at everything saw.
    everything: [Option<Seen>; Target::ALL.len()],
}

impl Hold {
    /// Takes the next frame and gives back those that have waited long enough.
    pub(super) fn push(&mut self, looked: Looked) -> Vec<Ready> {
        let Looked { frame, step, seen, difference, .. } = looked;
        let damage = frame.damage().map(CoverReason::from);
        let (look, looks) = match step {
            Step::Look(look) => {
                let looks = Target::ALL.map(|target| {
                    look.at(target).then(|| {
                        seen.as_ref()
                            .map(|all| all.iter().copied().filter(|d| d.target == target).collect())
                            .map_err(|reason| *reason)
                    })
                });
                if look == Look::EVERYTHING {
                    self.everything.clone_from(&looks);
                }
                (look, looks)
            }
            // The networks would see again what they saw.
            Step::Same => (Look::EVERYTHING, self.everything.clone()),
        };
        self.waiting.push_back(Waiting { frame, difference, look, damage, looks });
        let mut ready = Vec::new();
        while (0..Target::ALL.len()).all(|t| self.waiting.iter().any(|w| w.looks[t].is_some())) {
            ready.extend(self.pop());
        }
        ready
    }

    /// Gives back the frames that still wait, at the end of the clip.
    pub(super) fn flush(&mut self) -> Vec<Ready> {
        std::iter::from_fn(|| self.pop()).collect()
    }

    fn pop(&mut self) -> Option<Ready> {
        let first = self.waiting.pop_front()?;
        let mut seen: Seen = match first.damage {
            Some(reason) => Err(reason),
            None => Ok(Vec::new()),
        };
        for (t, look) in first.looks.into_iter().enumerate() {
            if let Some(own) = look {
                merge(&mut seen, Some(&own));
                self.previous[t] = Some(own);
            } else {
                merge(&mut seen, self.previous[t].as_ref());
                merge(&mut seen, self.waiting.iter().find_map(|w| w.looks[t].as_ref()));
            }
        }
        Some(Ready { frame: first.frame, seen, look: first.look, difference: first.difference })
    }
}

fn merge(into: &mut Seen, from: Option<&Seen>) {
    match (into.as_mut(), from) {
        (Ok(all), Some(Ok(more))) => all.extend_from_slice(more),
        (Ok(_), Some(Err(reason))) => *into = Err(*reason),
        (Err(_), _) | (_, None) => {}
    }
}
