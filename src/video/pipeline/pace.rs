//! Which frames the networks look at. Everything is decided in the order of the frames and from the frames alone, so that
//! the same clip always gives the same boxes.

use super::job::Job;
use super::passes::Way;
use crate::config::{Cadence, UnexplainedPolicy};
use crate::video::detect::Look;
use crate::video::frame::RawFrame;
use crate::video::scene::{Glance, SceneKind};

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
    /// The latest looks for persons and for faces.
    persons: Option<Place>,
    faces: Option<Place>,
    /// The latest frame in which everything was looked for.
    looked: Option<(Glance, u64)>,
    /// When the frame before is shown.
    before_ns: Option<u64>,
}

/// A frame's number and time.
#[derive(Debug, Clone, Copy)]
struct Place {
    seq: u64,
    at_ns: u64,
}

impl Pace {
    /// Of one job on one of its ways.
    pub(super) fn of(job: &Job, way: &Way<'_>) -> Self {
        let mut cadence = job.site.detect.cadence;
        // Who is followed over time, in an analysis, has to be seen often.
        let once = matches!(way, Way::Once(_));
        let approved = job.scene.as_ref().is_some_and(|scene| scene.kind() == SceneKind::Approved);
        if once && approved && job.site.scene.unexplained == UnexplainedPolicy::Mask {
            cadence.persons = cadence.persons.max(cadence.persons_by_reference);
        }
        Self::new(cadence, job.site.scene.width_px)
    }

    fn new(cadence: Cadence, width_px: u32) -> Self {
        Self { cadence, width_px, persons: None, faces: None, looked: None, before_ns: None }
    }

    /// Frames that may wait for the next look.
    pub(super) fn longest_wait(&self) -> usize {
        self.cadence.persons.max(self.cadence.faces) as usize
    }

    /// What is done with frame number `seq`; the last one is always looked at unless nothing changed.
    pub(super) fn step(&mut self, seq: u64, frame: &RawFrame, is_last: bool) -> Step {
        let here = Place { seq, at_ns: frame.pts_ns() };
        let step_ns = self.before_ns.map_or(0, |before| here.at_ns.saturating_sub(before));
        self.before_ns = Some(here.at_ns);
        let step = self.decide(frame, is_last, here, step_ns);
        if let Step::Look(look) = step {
            self.persons = if look.persons { Some(here) } else { self.persons };
            self.faces = if look.faces { Some(here) } else { self.faces };
        }
        if frame.damage().is_some() {
            // Nothing was seen in it, so whatever comes next is looked at.
            (self.persons, self.faces, self.looked) = (None, None, None);
        }
        step
    }

    fn decide(&mut self, frame: &RawFrame, is_last: bool, here: Place, step_ns: u64) -> Step {
        // Settings are of single precision; a frame that is due at 0.2 s is not late by a few nanoseconds.
        let ns = |secs: f32| (f64::from(secs) * 1e6).round() as u64 * 1000;
        let (rest_ns, gap_ns) = (ns(self.cadence.rest_s), ns(self.cadence.gap_s));
        let due = |last: Option<Place>, every: u32| {
            is_last
                || last.is_none_or(|last| {
                    here.seq - last.seq >= u64::from(every) || here.at_ns + step_ns > last.at_ns + gap_ns
                })
        };
        let look = Look {
            persons: due(self.persons, self.cadence.persons),
            faces: due(self.faces, self.cadence.faces),
        };
        if rest_ns == 0 || frame.damage().is_some() {
            return Step::Look(look);
        }
        let now = Glance::at(frame, self.width_px);
        match &self.looked {
            Some((before, at_ns)) if here.at_ns < at_ns + rest_ns => {
                if !now.differs_from(before) {
                    return Step::Same;
                }
                if look == Look::EVERYTHING {
                    self.looked = Some((now, here.at_ns));
                }
                Step::Look(look)
            }
            _ => {
                self.looked = Some((now, here.at_ns));
                Step::Look(Look::EVERYTHING)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::FrameSize;
    use crate::video::frame::{Colour, Damage, PixelFormat, Stamp};

    const SIZE: FrameSize = FrameSize { width: 64, height: 64 };

    /// A grey frame with a square at `x`.
    fn frame(seq: u64, step_ms: u64, x: usize) -> RawFrame {
        let mut bytes = vec![128u8; 64 * 96];
        for row in bytes[..64 * 64].chunks_mut(64).skip(20).take(16) {
            row[x..x + 16].fill(40);
        }
        let stamp = Stamp { index: seq, pts_ns: seq * step_ms * 1_000_000, duration_ns: None };
        RawFrame::from_samples(PixelFormat::I420, SIZE, Colour::BT601, stamp, bytes).expect("it fits")
    }

    /// What is done with twelve frames in which the square is where `x` says.
    fn steps(cadence: Cadence, step_ms: u64, x: impl Fn(u64) -> usize) -> String {
        let mut pace = Pace::new(cadence, 64);
        let step = |seq: u64| match pace.step(seq, &frame(seq, step_ms, x(seq)), seq == 11) {
            Step::Same => '-',
            Step::Look(Look { persons: true, faces: true }) => 'E',
            Step::Look(Look { persons: true, faces: false }) => 'p',
            Step::Look(Look { persons: false, faces: true }) => 'f',
            Step::Look(_) => '.',
        };
        (0..12).map(step).collect()
    }

    #[test]
    fn each_network_looks_in_its_turn_and_never_too_late() {
        let cadence = Cadence { persons: 1, faces: 4, persons_by_reference: 1, gap_s: 0.2, rest_s: 0.0 };
        assert_eq!(steps(cadence, 40, |_| 0), "EpppEpppEppE");
        // At ten frames a second, four of them are too long.
        assert_eq!(steps(cadence, 100, |_| 0), "EpEpEpEpEpEE");
        assert_eq!(steps(Cadence { persons: 3, faces: 3, ..cadence }, 40, |_| 0), "E..E..E..E.E");
    }

    #[test]
    fn while_nothing_changes_they_rest() {
        let cadence = Cadence { persons: 1, faces: 4, persons_by_reference: 1, gap_s: 0.2, rest_s: 0.2 };
        assert_eq!(steps(cadence, 40, |_| 8), "E----E----E-");
        assert_eq!(steps(cadence, 40, |seq| 3 * seq as usize), "EpppEpppEppE");
        // Something moves once: what was seen before is no longer true, and faces are due.
        assert_eq!(steps(cadence, 40, |seq| if seq < 3 { 8 } else { 30 }), "E--pE----E--");
    }

    #[test]
    fn after_damage_everything_is_looked_for() {
        let cadence = Cadence { persons: 4, faces: 4, persons_by_reference: 1, gap_s: 1.0, rest_s: 1.0 };
        let mut pace = Pace::new(cadence, 64);
        let mut step = |seq: u64, damage: Option<Damage>| {
            let mut frame = frame(seq, 40, 8);
            frame.damage = damage;
            pace.step(seq, &frame, false)
        };
        assert_eq!(step(0, None), Step::Look(Look::EVERYTHING));
        assert_eq!(step(1, None), Step::Same);
        assert_ne!(step(2, Some(Damage::Concealed)), Step::Same);
        assert_eq!(step(3, None), Step::Look(Look::EVERYTHING));
        assert_eq!(step(4, None), Step::Same);
    }
}
