//! What the detectors' looks tell of the frames around them, and for how long.
//!
//! Not every frame of a live stream is searched, nor all of it. A frame in which nothing has changed tells what the one
//! before it told, as soon as that is known. One between two that tell takes the boxes of both, and its tracks go from
//! the one to the other. Two rules keep this honest. A frame that is not [`FRESH_NS`] from a telling one (twice that from
//! one that tells of faces) has to be held against it: masks hold for what is still as it was there, and whatever differs
//! is hidden as well. And no frame is shown that is farther than a set age from the nearest one, nor one beside a look that
//! failed.
//!
//! Pure: no frame, no clock.

use crate::video::detect::Look;
use crate::video::pipeline::{Seen, Telling, Told};
use crate::video::plan::{CoverReason, Detection, Target};
use std::collections::VecDeque;

/// How far boxes reach by themselves, nanoseconds: nobody walks farther in it than tracks and margins allow for. Faces are
/// searched less often where detectors are short of time, and reach twice as far: most lie within a person.
pub(super) const FRESH_NS: u64 = 250_000_000;

/// What is told of one frame.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Around {
    pub(super) detections: Vec<Detection>,
    /// Times of the frames that tell of it, but from so far that only what is as it was there is known.
    pub(super) only_like: Vec<u64>,
}

/// A frame that tells something once the looks up to it are done.
#[derive(Debug)]
struct Asked {
    at_ns: u64,
    look: Look,
    seen: Option<Seen>,
}

/// The looks of late, in order of their frames.
#[derive(Debug)]
pub(super) struct Looks {
    /// A frame is never farther than this from the nearest one that tells, nanoseconds.
    age_ns: u64,
    asked: VecDeque<Asked>,
    telling: Telling,
    told: VecDeque<(u64, Told)>,
}

impl Looks {
    /// None yet.
    pub(super) fn new(age_ns: u64) -> Self {
        Self { age_ns, asked: VecDeque::new(), telling: Telling::default(), told: VecDeque::new() }
    }

    /// The frame filmed at `at_ns`, later than those before, is to be looked at like this. Gives what is known by that:
    /// where nothing is searched, what was told before may hold here.
    pub(super) fn ask(&mut self, at_ns: u64, look: Look) -> Vec<(u64, Vec<Detection>)> {
        let seen = (!look.searches()).then(|| Ok(Vec::new()));
        self.asked.push_back(Asked { at_ns, look, seen });
        self.settle()
    }

    /// Nobody will look at the frame filmed at `at_ns`: neither it nor those that leaned on it tell anything.
    pub(super) fn take_back(&mut self, at_ns: u64) {
        self.asked.retain(|asked| asked.at_ns < at_ns);
    }

    /// Looks before this one whose word was lost, because nobody had time to take it, have failed; says whether any was.
    pub(super) fn lose_before(&mut self, at_ns: u64) -> bool {
        let lost = self.asked.iter_mut().filter(|asked| asked.at_ns < at_ns && asked.seen.is_none());
        lost.map(|asked| asked.seen = Some(Err(CoverReason::Overload))).count() > 0
    }

    /// What the look at the frame filmed at `at_ns` came to. Gives all that is known by that, in order: frames, and what
    /// is in them.
    pub(super) fn learn(&mut self, at_ns: u64, seen: Seen) -> Vec<(u64, Vec<Detection>)> {
        if let Some(asked) = self.asked.iter_mut().find(|asked| asked.at_ns == at_ns) {
            asked.seen = Some(seen);
        }
        self.settle()
    }

    /// Moves on to what is told all that waited for no look any more.
    fn settle(&mut self) -> Vec<(u64, Vec<Detection>)> {
        let mut known = Vec::new();
        while let Some(Asked { at_ns, look, seen: Some(seen) }) =
            self.asked.pop_front_if(|asked| asked.seen.is_some())
        {
            let told = self.telling.tell(&look, &seen);
            let all: Result<Vec<&Vec<Detection>>, _> = told.iter().flatten().map(Result::as_ref).collect();
            if let Ok(all) = all {
                known.push((at_ns, all.into_iter().flatten().copied().collect()));
            }
            self.told.push_back((at_ns, told));
        }
        known
    }

    /// How far from the nearest frame that tells of such targets one may be without being held against it, nanoseconds.
    fn fresh_ns(&self, target: Target) -> u64 {
        let fresh_ns = if target == Target::Face { 2 * FRESH_NS } else { FRESH_NS };
        fresh_ns.min(self.age_ns)
    }

    /// Everything that is told of the frame filmed at `at_ns`: by itself, or by those on either side.
    pub(super) fn around(&self, at_ns: u64) -> Result<Around, CoverReason> {
        let next = self.told.partition_point(|(at, _)| *at < at_ns);
        let mut around = Around::default();
        for (number, target) in Target::ALL.into_iter().enumerate() {
            let fresh_ns = self.fresh_ns(target);
            let telling = |entry: &(u64, Told)| -> Option<(u64, Seen)> {
                let (at, told) = entry;
                Some((*at, told.get(number)?.clone()?))
            };
            let before = self.told.iter().take(next).rev().find_map(telling);
            let after = self.told.iter().skip(next).find_map(telling);
            let sides = match after {
                Some((at, seen)) if at == at_ns => vec![(at, seen)],
                after => before.into_iter().chain(after).collect(),
            };
            let away = |at: u64| at.abs_diff(at_ns);
            let nearest = sides.iter().map(|(at, _)| *at).min_by_key(|at| away(*at));
            let nearest = nearest.filter(|at| away(*at) <= self.age_ns).ok_or(CoverReason::Overload)?;
            let far = away(nearest) > fresh_ns;
            if far && !around.only_like.contains(&nearest) {
                around.only_like.push(nearest);
            }
            // A look from beyond says nothing of this frame, good or bad.
            let reach_ns = if far { self.age_ns } else { 2 * fresh_ns };
            for (_, seen) in sides.into_iter().filter(|(at, _)| away(*at) <= reach_ns) {
                around.detections.extend(seen?);
            }
        }
        Ok(around)
    }

    /// Whether the frame filmed at `at_ns` tells something, or will.
    pub(super) fn tells(&self, at_ns: u64) -> bool {
        self.told
            .iter()
            .map(|(at, _)| *at)
            .chain(self.asked.iter().map(|asked| asked.at_ns))
            .any(|at| at == at_ns)
    }

    /// Forgets looks that no frame from `at_ns` on can be beside.
    pub(super) fn forget_before(&mut self, at_ns: u64) {
        let reach_ns = self.age_ns.max(2 * self.fresh_ns(Target::Face));
        while self.told.pop_front_if(|(at, _)| *at + reach_ns < at_ns).is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{BoxPx, PxRect};
    use crate::video::detect::Extent;
    use proptest::prelude::*;

    fn found(x: f32) -> Detection {
        Detection {
            target: Target::Person,
            area: BoxPx::new(x, 0.0, x + 10.0, 20.0),
            score: 0.9,
            weak: false,
        }
    }

    fn parts(parts: Vec<PxRect>) -> Look {
        Look { persons: Extent::Parts(parts.clone()), faces: Extent::Parts(parts), keen: false }
    }

    /// A whole look at each of these times saw that.
    fn looked(age_ns: u64, all: Vec<(u64, Seen)>) -> Looks {
        let mut looks = Looks::new(age_ns);
        for (at, seen) in all {
            looks.ask(at, Look::EVERYTHING);
            looks.learn(at, seen);
        }
        looks
    }

    fn seen(looks: &Looks, at_ns: u64) -> Seen {
        looks.around(at_ns).map(|around| around.detections)
    }

    #[test]
    fn a_frame_has_what_both_sides_saw() {
        let fault: Seen = Err(CoverReason::DetectorFault);
        let looks = looked(
            100,
            vec![(100, Ok(vec![found(0.0)])), (200, Ok(vec![found(50.0)])), (400, fault.clone())],
        );
        assert_eq!(seen(&looks, 150), Ok(vec![found(0.0), found(50.0)]));
        assert_eq!(seen(&looks, 200), Ok(vec![found(50.0)]), "its own look");
        assert_eq!(seen(&looks, 290), fault);
        assert_eq!(looks.around(501), Err(CoverReason::Overload));
    }

    #[test]
    fn where_nothing_changed_it_tells_what_was_told_but_never_before_that_is_known() {
        let mut looks = Looks::new(50);
        looks.ask(100, Look::EVERYTHING);
        assert!(looks.ask(140, parts(Vec::new())).is_empty());
        assert_eq!(looks.around(140), Err(CoverReason::Overload));
        let known = looks.learn(100, Ok(vec![found(0.0)]));
        assert_eq!(known, vec![(100, vec![found(0.0)]), (140, vec![found(0.0)])]);
        assert_eq!(looks.ask(180, parts(Vec::new())), vec![(180, vec![found(0.0)])]);
        assert_eq!(seen(&looks, 230), Ok(vec![found(0.0)]));
    }

    #[test]
    fn who_leans_on_a_look_that_nobody_took_tells_nothing() {
        let mut looks = looked(50, vec![(100, Ok(vec![]))]);
        let part = PxRect { x0: 0, y0: 0, x1: 64, y1: 64 };
        looks.ask(140, parts(vec![part]));
        looks.ask(180, parts(Vec::new()));
        looks.take_back(140);
        assert_eq!(looks.around(180), Err(CoverReason::Overload));
        looks.ask(220, parts(vec![part]));
        looks.learn(220, Ok(vec![found(4.0)]));
        assert_eq!(seen(&looks, 180), Ok(vec![found(4.0)]));
    }

    #[test]
    fn from_afar_only_what_is_as_it_was_there_is_known() {
        let ms = |ms: u64| ms * 1_000_000;
        let look = |at: u64, faces: Extent, looks: &mut Looks| {
            looks.ask(ms(at), Look { persons: Extent::Whole, faces, keen: false });
            looks.learn(ms(at), Ok(Vec::new()));
        };
        let far = |looks: &Looks, at: u64| looks.around(ms(at)).map(|around| around.only_like);
        let mut looks = Looks::new(ms(700));
        look(100, Extent::Whole, &mut looks);
        assert_eq!(far(&looks, 350), Ok(vec![]));
        assert_eq!(far(&looks, 351), Ok(vec![ms(100)]), "too far from persons");
        assert_eq!(far(&looks, 800), Ok(vec![ms(100)]));
        assert_eq!(far(&looks, 801), Err(CoverReason::Overload));
        look(500, Extent::Nothing, &mut looks);
        assert_eq!(far(&looks, 600), Ok(vec![]), "faces reach twice as far");
        assert_eq!(far(&looks, 601), Ok(vec![ms(100)]), "too far from faces");
        look(1000, Extent::Whole, &mut looks);
        assert_eq!(far(&looks, 630), Ok(vec![]), "the one after is nearer");
        let short = looked(ms(100), vec![(ms(100), Ok(vec![]))]);
        assert_eq!(far(&short, 200), Ok(vec![]), "no farther than the set age");
        assert_eq!(far(&short, 201), Err(CoverReason::Overload));
    }

    #[test]
    fn a_word_that_was_lost_holds_nobody_up() {
        let mut looks = Looks::new(50);
        looks.ask(100, Look::EVERYTHING);
        looks.ask(200, Look::EVERYTHING);
        assert!(looks.lose_before(200) && !looks.lose_before(200));
        assert_eq!(looks.learn(200, Ok(vec![found(4.0)])), vec![(200, vec![found(4.0)])]);
        assert_eq!(looks.around(100), Err(CoverReason::Overload));
    }

    proptest! {
        #[test]
        fn nothing_is_shown_far_from_a_look(
            steps in prop::collection::vec(1u64..300, 0..20), at in 0u64..3000, age in 1u64..200,
        ) {
            let times: Vec<u64> =
                steps.iter().scan(0, |at, step| { *at += step; Some(*at) }).collect();
            let mut looks = looked(age, times.iter().map(|time| (*time, Ok(vec![]))).collect());
            let near = times.iter().any(|time| time.abs_diff(at) <= age);
            prop_assert_eq!(looks.around(at).is_ok(), near);
            looks.forget_before(at);
            prop_assert_eq!(looks.around(at).is_ok(), near, "what matters is not forgotten");
        }
    }
}
