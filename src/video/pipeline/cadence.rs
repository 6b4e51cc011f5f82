//! Frames that no network looked at wait here until the next look is known.
//!
//! Where a network looks at every n-th frame only, a frame between two looks takes the boxes of both: whoever
//! walks from one place to the other is somewhere between, and margins and the short span do the rest. A look
//! that failed covers the frames that depend on it as well.

use super::pool::Looked;
use super::telling::{Seen, Telling, Told};
use crate::video::detect::Look;
use crate::video::frame::RawFrame;
use crate::video::plan::CoverReason;
use crate::video::scene::Difference;
use std::collections::VecDeque;

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
    /// Per target: what this frame tells, if it tells anything.
    told: Told,
}

/// The hold. Frames go in and come out in order.
#[derive(Default)]
pub(super) struct Hold {
    waiting: VecDeque<Waiting>,
    /// Per target: what the latest telling frame before the first waiting one told.
    previous: Told,
    telling: Telling,
}

impl Hold {
    /// Takes the next frame and gives back those that have waited long enough.
    pub(super) fn push(&mut self, looked: Looked) -> Vec<Ready> {
        let Looked { frame, look, seen, difference, .. } = looked;
        let damage = frame.damage().map(CoverReason::from);
        let told = self.telling.tell(&look, &seen);
        self.waiting.push_back(Waiting { frame, difference, look, damage, told });
        let mut ready = Vec::new();
        while (0..self.previous.len()).all(|t| self.waiting.iter().any(|w| w.told[t].is_some())) {
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
        for (t, told) in first.told.into_iter().enumerate() {
            if let Some(own) = told {
                merge(&mut seen, Some(&own));
                self.previous[t] = Some(own);
            } else {
                merge(&mut seen, self.previous[t].as_ref());
                merge(&mut seen, self.waiting.iter().find_map(|w| w.told[t].as_ref()));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{BoxPx, FrameSize, PxRect};
    use crate::video::detect::Extent;
    use crate::video::frame::{Colour, PixelFormat, Stamp};
    use crate::video::plan::{Detection, Target};

    const SIZE: FrameSize = FrameSize { width: 64, height: 64 };

    fn at(x: f32) -> Detection {
        Detection {
            target: Target::Person,
            area: BoxPx::new(x, 10.0, x + 8.0, 30.0),
            score: 0.5,
            weak: false,
        }
    }

    /// What is known of each frame after looks at persons; faces are looked for everywhere in all of them.
    fn known(looks: Vec<(Extent, Seen)>) -> Vec<Seen> {
        let mut hold = Hold::default();
        let mut out = Vec::new();
        for (seq, (persons, seen)) in (0u64..).zip(looks) {
            let stamp = Stamp { index: seq, pts_ns: seq * 40_000_000, duration_ns: None };
            let bytes = vec![128; 64 * 96];
            let frame = RawFrame::from_samples(PixelFormat::I420, SIZE, Colour::BT601, stamp, bytes);
            let look = Look { persons, faces: Extent::Whole, keen: false };
            let frame = frame.expect("it fits");
            out.extend(hold.push(Looked { seq, frame, look, seen, difference: None }));
        }
        out.extend(hold.flush());
        out.into_iter().map(|ready| ready.seen).collect()
    }

    fn part(x0: u32, x1: u32) -> Extent {
        Extent::Parts(vec![PxRect { x0, y0: 0, x1, y1: 64 }])
    }

    #[test]
    fn where_nothing_changed_everybody_stays() {
        let nothing = Extent::Parts(Vec::new());
        let seen = known(vec![
            (Extent::Whole, Ok(vec![at(4.0)])),
            (nothing.clone(), Ok(vec![])),
            (nothing, Ok(vec![])),
        ]);
        assert_eq!(seen, vec![Ok(vec![at(4.0)]); 3]);
    }

    #[test]
    fn a_searched_part_has_the_last_word_on_who_is_in_it_and_no_other() {
        let both = vec![at(4.0), at(40.0)];
        let seen = known(vec![(Extent::Whole, Ok(both)), (part(32, 64), Ok(vec![at(50.0)]))]);
        assert_eq!(seen[1], Ok(vec![at(4.0), at(50.0)]));
        // Half of a box was searched: it stays, whatever was found there.
        let seen = known(vec![(Extent::Whole, Ok(vec![at(28.0)])), (part(32, 64), Ok(vec![]))]);
        assert_eq!(seen[1], Ok(vec![at(28.0)]));
        // The same again, a little aside: once.
        let seen = known(vec![(Extent::Whole, Ok(vec![at(28.0)])), (part(32, 64), Ok(vec![at(29.0)]))]);
        assert_eq!(seen[1], Ok(vec![at(29.0)]));
    }

    #[test]
    fn after_a_failure_only_a_look_at_everything_uncovers() {
        let fault = || Err(CoverReason::DetectorFault);
        let looks = vec![
            (Extent::Whole, Ok(vec![at(4.0)])),
            (part(32, 64), fault()),
            (part(0, 64), Ok(vec![])),
            (Extent::Parts(Vec::new()), Ok(vec![])),
            (Extent::Whole, Ok(vec![])),
        ];
        assert_eq!(known(looks), vec![Ok(vec![at(4.0)]), fault(), fault(), fault(), Ok(vec![])]);
    }

    #[test]
    fn between_two_looks_the_boxes_of_both_count() {
        let looks = vec![
            (Extent::Whole, Ok(vec![at(4.0)])),
            (Extent::Nothing, Ok(vec![])),
            (Extent::Whole, Ok(vec![at(20.0)])),
        ];
        assert_eq!(known(looks)[1], Ok(vec![at(4.0), at(20.0)]));
    }
}
