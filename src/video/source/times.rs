//! When each frame is shown: what the stream says, where it can be; something that grows, everywhere.

use super::rate::FrameRate;
use crate::video::frame::Stamp;

/// A frame's duration where nothing says how long it lasts: 1/25 s.
const USUAL_NS: u64 = 40_000_000;
/// How far behind its predecessor a frame is put that claims to be shown at the same time or a little before it.
const HAIR_NS: u64 = 1_000_000;

/// Whether a frame's time is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placed {
    /// It is shown when the stream says, or as long after its predecessor as the stream says.
    AsItSays,
    /// Its time was missing or did not grow, and another one was made up.
    Restamped,
}

/// Gives frames their times, in the order in which they are shown.
#[derive(Debug, Default)]
pub(super) struct Times {
    start_ns: Option<u64>,
    last: Option<Stamp>,
    /// What is added to the stream's times since it jumped back.
    shift_ns: i128,
    restamped: u64,
}

impl Times {
    /// Frames so far.
    pub(super) fn frames(&self) -> u64 {
        self.last.map_or(0, |stamp| stamp.index + 1)
    }

    /// Frames so far whose time was made up.
    pub(super) fn restamped(&self) -> u64 {
        self.restamped
    }

    /// The next frame of a stream of a constant rate.
    pub(super) fn at_rate(&mut self, rate: FrameRate) -> Stamp {
        let index = self.frames();
        let pts_ns = rate.begins_ns(index);
        let duration_ns = Some(rate.begins_ns(index + 1) - pts_ns);
        *self.last.insert(Stamp { index, pts_ns, duration_ns })
    }

    /// The next frame, to be shown at `running_ns` by the stream's own account; the first frame is at 0.
    ///
    /// A jump forward is kept. Where the time does not grow, the frame gets a made-up one: a hair after its
    /// predecessor where it is a frame's duration late at most, as where every time stands twice; otherwise a
    /// frame's duration after it, and those that follow keep their distances from it.
    pub(super) fn at(&mut self, running_ns: Option<u64>, duration_ns: Option<u64>) -> (Stamp, Placed) {
        let start_ns = *self.start_ns.get_or_insert(running_ns.unwrap_or(0));
        // After a jump back it may lie before the first frame.
        let says = running_ns.map(|t| i128::from(t) - i128::from(start_ns) + self.shift_ns);
        let index = self.frames();
        let (pts_ns, placed) = match (self.last, says) {
            (None, _) => (0, Placed::AsItSays),
            (Some(last), Some(says)) if says > i128::from(last.pts_ns) => {
                (u64::try_from(says).unwrap_or(u64::MAX), Placed::AsItSays)
            }
            (Some(last), says) => {
                let step = last.duration_ns.filter(|d| *d > 0).unwrap_or(USUAL_NS);
                let late = says.map(|says| i128::from(last.pts_ns) - says);
                let after = match late {
                    Some(late) if late <= i128::from(step) => HAIR_NS,
                    Some(late) => {
                        self.shift_ns += late + i128::from(step);
                        step
                    }
                    None => step,
                };
                (last.pts_ns.saturating_add(after), Placed::Restamped)
            }
        };
        self.restamped += u64::from(placed == Placed::Restamped);
        (*self.last.insert(Stamp { index, pts_ns, duration_ns }), placed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(says_ms: &[u64], shown_ms: &[u64], restamped: &[usize]) {
        let mut times = Times::default();
        let given: Vec<_> =
            says_ms.iter().map(|ms| times.at(Some(ms * 1_000_000), Some(40_000_000))).collect();
        let shown: Vec<u64> = given.iter().map(|(stamp, _)| stamp.pts_ns / 1_000_000).collect();
        assert_eq!(shown, shown_ms);
        let made_up: Vec<usize> = (0..given.len()).filter(|&i| given[i].1 == Placed::Restamped).collect();
        assert_eq!(made_up, restamped);
        assert_eq!(times.restamped(), restamped.len() as u64);
    }

    #[test]
    fn what_grows_is_kept() {
        check(&[5000, 5040, 5080], &[0, 40, 80], &[]);
        check(&[0, 40, 9000, 9040], &[0, 40, 9000, 9040], &[]);
    }

    #[test]
    fn after_a_jump_back_distances_are_kept() {
        check(&[8000, 8040, 8080, 8000, 8040, 8100], &[0, 40, 80, 120, 160, 220], &[3]);
        check(&[8000, 8040, 100, 140], &[0, 40, 80, 120], &[2]);
    }

    #[test]
    fn doubled_times_stay_in_step() {
        check(&[0, 0, 40, 40, 80], &[0, 1, 40, 41, 80], &[1, 3]);
        check(&[0, 40, 80, 60, 120], &[0, 40, 80, 81, 120], &[3]);
    }

    #[test]
    fn a_rate_is_kept_exactly() {
        let mut times = Times::default();
        let rate = FrameRate::new(30_000, 1001).expect("a rate");
        let last = (0..30_001).map(|_| times.at_rate(rate)).last().expect("a frame");
        assert_eq!((last.index, last.pts_ns), (30_000, 1_001_000_000_000));
    }

    proptest! {
        #[test]
        fn times_always_grow(says in proptest::collection::vec(proptest::option::of(0u64..1_000_000_000_000), 1..50)) {
            let mut times = Times::default();
            let mut before = None;
            for ns in says {
                let (stamp, _) = times.at(ns, None);
                prop_assert!(before.is_none_or(|b| stamp.pts_ns > b));
                before = Some(stamp.pts_ns);
            }
        }
    }
}
