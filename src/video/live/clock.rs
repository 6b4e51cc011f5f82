//! When a camera's pictures were filmed, on our own clock.
//!
//! A camera's clock drifts, jumps and may be wrong; ours only goes forward. A picture's time is its own, moved by the
//! shortest way that a picture took of late: so the camera's even spacing is kept and the network's unevenness is not.
//! Where the two clocks come apart, ours is right, and the pictures around are covered, as something was lost there.
//!
//! Pure: times go in, a verdict comes out.

/// A picture that comes later than the quickest ones by this is late, nanoseconds.
const LATE_NS: i128 = 500_000_000;
/// Lateness that lasts this long is no lateness but another clock, nanoseconds.
const LASTS_NS: u64 = 2_000_000_000;
/// How fast the shortest way may grow, nanoseconds per second: clocks drift by less.
const DRIFT_NS: i128 = 2_000_000;

/// What becomes of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placed {
    /// Filmed then.
    At(u64),
    /// Filmed then, by a clock that has jumped: what lies around it is in doubt.
    Jumped(u64),
    /// Too late to be shown in its turn.
    Late,
}

/// One connection's clock.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// What is added to the camera's times, and when that was settled.
    shift: Option<(i128, u64)>,
    late_since: Option<u64>,
    last_ns: u64,
}

impl Clock {
    /// A picture that was filmed at `pts_ns` by the camera's clock and came at `now_ns` by ours. Times that are given
    /// grow.
    pub(super) fn place(&mut self, pts_ns: u64, now_ns: u64) -> Placed {
        let (pts, now) = (i128::from(pts_ns), i128::from(now_ns));
        let Some((shift, settled)) = self.shift else {
            return Placed::At(self.settle(pts, now));
        };
        let drifted = shift + DRIFT_NS * i128::from(now_ns.saturating_sub(settled)) / 1_000_000_000;
        let late = now - (pts + drifted);
        if late < -LATE_NS {
            return Placed::Jumped(self.settle(pts, now));
        }
        if late > LATE_NS {
            let since = *self.late_since.get_or_insert(now_ns);
            if now_ns.saturating_sub(since) < LASTS_NS {
                return Placed::Late;
            }
            return Placed::Jumped(self.settle(pts, now));
        }
        self.late_since = None;
        let shift = drifted.min(now - pts);
        self.shift = Some((shift, now_ns));
        Placed::At(self.after_last(pts + shift))
    }

    fn settle(&mut self, pts: i128, now: i128) -> u64 {
        self.shift = Some((now - pts, u64::try_from(now).unwrap_or(0)));
        self.late_since = None;
        self.after_last(now)
    }

    fn after_last(&mut self, at: i128) -> u64 {
        let at = u64::try_from(at.max(0)).unwrap_or(u64::MAX);
        self.last_ns = at.max(self.last_ns + 1);
        self.last_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn spacing_is_the_cameras_and_jitter_is_not() {
        let mut clock = Clock::default();
        let came = [0, 40, 95, 120, 200, 201, 240];
        let at: Vec<Placed> = (0u64..)
            .zip(came)
            .map(|(n, ms)| clock.place(7000 * MS + n * 40 * MS, (1000 + ms) * MS))
            .collect();
        for (n, placed) in (0u64..).zip(at) {
            let Placed::At(ns) = placed else { panic!("{placed:?}") };
            assert!(ns.abs_diff((1000 + n * 40) * MS) < MS, "picture {n} at {ns}");
        }
    }

    #[test]
    fn who_lags_is_dropped_and_after_a_while_believed() {
        let mut clock = Clock::default();
        clock.place(0, 0);
        assert_eq!(clock.place(40 * MS, 700 * MS), Placed::Late);
        assert_eq!(clock.place(1400 * MS, 1900 * MS), Placed::At(1_403_800_000));
        assert_eq!(clock.place(1440 * MS, 2600 * MS), Placed::Late);
        assert_eq!(clock.place(3440 * MS, 4700 * MS), Placed::Jumped(4700 * MS));
        assert_eq!(clock.place(3480 * MS, 4740 * MS), Placed::At(4740 * MS));
    }

    #[test]
    fn a_jump_forward_is_one_at_once() {
        let mut clock = Clock::default();
        clock.place(0, 0);
        assert_eq!(clock.place(3_600_000 * MS, 40 * MS), Placed::Jumped(40 * MS));
    }

    proptest! {
        #[test]
        fn times_grow_and_stay_near_ours(steps in prop::collection::vec((0u64..100_000, 1u64..3000), 1..100)) {
            let (mut clock, mut now, mut last) = (Clock::default(), 0, None);
            for (pts_ms, step_ms) in steps {
                now += step_ms * MS;
                if let Placed::At(at) | Placed::Jumped(at) = clock.place(pts_ms * MS, now) {
                    prop_assert!(last.is_none_or(|last| at > last));
                    prop_assert!(at <= now + 500 * MS + 100 && at + 500 * MS >= now, "{at} at {now}");
                    last = Some(at);
                }
            }
        }
    }
}
