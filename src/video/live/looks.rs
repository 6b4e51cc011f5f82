//! What the detectors' looks tell of the frames around them, and for how long.
//!
//! Not every frame of a live stream is looked at. One between two looks takes the boxes of both, and its tracks go from
//! the one to the other. The rule that keeps this honest: no frame is shown that is farther from the nearest look than
//! a set age, nor one beside a look that failed.
//!
//! Pure: no frame, no clock.

use crate::video::plan::{CoverReason, Detection};
use std::collections::VecDeque;

/// What one look saw, or why it saw nothing that can be trusted.
pub(super) type Seen = Result<Vec<Detection>, CoverReason>;

/// The looks of late, in order of their frames.
#[derive(Debug)]
pub(super) struct Looks {
    /// A frame is never farther than this from its nearest look, nanoseconds.
    age_ns: u64,
    kept: VecDeque<(u64, Seen)>,
}

impl Looks {
    /// None yet.
    pub(super) fn new(age_ns: u64) -> Self {
        Self { age_ns, kept: VecDeque::new() }
    }

    /// A look at the frame filmed at `at_ns`, later than those before; others are left.
    pub(super) fn push(&mut self, at_ns: u64, seen: Seen) -> bool {
        let in_order = self.latest_ns().is_none_or(|last| at_ns > last);
        if in_order {
            self.kept.push_back((at_ns, seen));
        }
        in_order
    }

    /// The frame of the latest look.
    pub(super) fn latest_ns(&self) -> Option<u64> {
        self.kept.back().map(|(at, _)| *at)
    }

    /// What the latest look saw.
    pub(super) fn latest(&self) -> Option<&Seen> {
        self.kept.back().map(|(_, seen)| seen)
    }

    /// Everything that the looks on either side say of the frame filmed at `at_ns`.
    pub(super) fn around(&self, at_ns: u64) -> Seen {
        let next = self.kept.partition_point(|(at, _)| *at < at_ns);
        let sides = [next.checked_sub(1).and_then(|i| self.kept.get(i)), self.kept.get(next)];
        let nearest = sides.iter().flatten().map(|(at, _)| at.abs_diff(at_ns)).min();
        if nearest.is_none_or(|nearest| nearest > self.age_ns) {
            return Err(CoverReason::Overload);
        }
        // A look beyond the set age says nothing of this frame, good or bad.
        let near = sides.into_iter().flatten().filter(|(at, _)| at.abs_diff(at_ns) <= 2 * self.age_ns);
        let mut all = Vec::new();
        for (_, seen) in near {
            all.extend_from_slice(seen.as_ref().map_err(|reason| *reason)?);
        }
        Ok(all)
    }

    /// Forgets looks that no frame from `at_ns` on can be beside.
    pub(super) fn forget_before(&mut self, at_ns: u64) {
        while self.kept.get(1).is_some_and(|(at, _)| *at <= at_ns) {
            self.kept.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::BoxPx;
    use crate::video::plan::Target;
    use proptest::prelude::*;

    fn found(x: f32) -> Detection {
        Detection {
            target: Target::Person,
            area: BoxPx::new(x, 0.0, x + 10.0, 20.0),
            score: 0.9,
            weak: false,
        }
    }

    #[test]
    fn a_frame_has_what_both_sides_saw() {
        let mut looks = Looks::new(100);
        looks.push(100, Ok(vec![found(0.0)]));
        looks.push(200, Ok(vec![found(50.0)]));
        assert_eq!(looks.around(150), Ok(vec![found(0.0), found(50.0)]));
        assert_eq!(looks.around(300), Ok(vec![found(50.0)]));
        assert_eq!(looks.around(301), Err(CoverReason::Overload));
        assert!(!looks.push(200, Ok(vec![])), "not twice");
        looks.push(400, Err(CoverReason::DetectorFault));
        assert_eq!(looks.around(290), Err(CoverReason::DetectorFault));
    }

    proptest! {
        #[test]
        fn nothing_is_shown_far_from_a_look(
            steps in prop::collection::vec(1u64..300, 0..20), at in 0u64..3000, age in 1u64..200,
        ) {
            let mut looks = Looks::new(age);
            let times: Vec<u64> =
                steps.iter().scan(0, |at, step| { *at += step; Some(*at) }).collect();
            times.iter().for_each(|time| { looks.push(*time, Ok(vec![])); });
            let near = times.iter().any(|time| time.abs_diff(at) <= age);
            prop_assert_eq!(looks.around(at).is_ok(), near);
            looks.forget_before(at);
            prop_assert_eq!(looks.around(at).is_ok(), near, "what matters is not forgotten");
        }
    }
}
