//! Who meets whom, and where to click so that only one can be meant. Numbers of an analysis, no pixels.

use crate::geometry::BoxPx;
use crate::video::analysis::Analysis;
use crate::video::plan::Target;
use crate::video::track::{Origin, TrackedBox};
use std::collections::BTreeMap;

/// Share of the smaller of two boxes that they have in common from which on they meet.
const MEETS: f32 = 0.1;
/// Boxes that come apart for less than this and meet again have met once, nanoseconds.
const APART_NS: u64 = 500_000_000;
/// Points along each side of a box that are tried for a click.
const TRIED: u16 = 15;

/// Two tracks whose boxes meet for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meeting {
    /// Numbers of the tracks, the smaller one first.
    pub tracks: [u32; 2],
    /// First moment, nanoseconds after the clip's first frame.
    pub from_ns: u64,
    /// Last moment.
    pub to_ns: u64,
}

/// Gathers meetings, frame by frame.
#[derive(Debug, Default)]
pub(super) struct Encounters {
    all: Vec<Meeting>,
    /// By tracks: the latest meeting.
    latest: BTreeMap<[u32; 2], usize>,
}

impl Encounters {
    /// Takes the people of the frame shown at this time.
    pub(super) fn frame(&mut self, at_ns: u64, people: &[&TrackedBox]) {
        for (i, one) in people.iter().enumerate() {
            for other in people[i + 1..].iter().filter(|other| meet(&one.core, &other.core)) {
                let tracks = [one.track.min(other.track), one.track.max(other.track)];
                let latest = self.latest.get(&tracks).and_then(|i| self.all.get_mut(*i));
                match latest.filter(|meeting| at_ns - meeting.to_ns <= APART_NS) {
                    Some(meeting) => meeting.to_ns = at_ns,
                    None => {
                        self.latest.insert(tracks, self.all.len());
                        self.all.push(Meeting { tracks, from_ns: at_ns, to_ns: at_ns });
                    }
                }
            }
        }
    }

    /// In the order in which they began.
    pub(super) fn into_meetings(self) -> Vec<Meeting> {
        self.all
    }
}

/// Whether two boxes share enough for one to be taken for the other.
pub(super) fn meet(one: &BoxPx, other: &BoxPx) -> bool {
    one.intersection(other) > MEETS * one.area().min(other.area()).max(1.0)
}

/// People whose place in a frame is known: seen there, or between two sightings.
pub(super) fn people(tracked: &[TrackedBox]) -> Vec<&TrackedBox> {
    let known = |b: &&TrackedBox| matches!(b.origin, Origin::Seen | Origin::Bridged);
    tracked.iter().filter(|b| b.target == Target::Person).filter(known).collect()
}

/// Every meeting of two people in the clip, furniture aside, in the order in which they began.
#[must_use]
pub fn meetings(analysis: &Analysis) -> Vec<Meeting> {
    let mut encounters = Encounters::default();
    for at_ns in analysis.times_ns() {
        if let Ok(seen) = analysis.frame_at(at_ns) {
            encounters.frame(at_ns, &people(&seen.tracked));
        }
    }
    encounters.into_meetings()
}

/// A whole pixel inside `area` and in none of `others`, as near to the middle as there is one: a click there means
/// nobody else. `None` where all of it is taken.
#[must_use]
pub fn clear_point(area: &BoxPx, others: &[BoxPx]) -> Option<[f32; 2]> {
    let taken = |[x, y]: [f32; 2]| {
        others.iter().any(|other| (other.x0..=other.x1).contains(&x) && (other.y0..=other.y1).contains(&y))
    };
    let along = |from: f32, length: f32, i: u16| {
        (from + length * (f32::from(i) + 0.5) / f32::from(TRIED)).floor().max(0.0)
    };
    let points = (0..TRIED).flat_map(|row| (0..TRIED).map(move |column| (column, row)));
    let points = points
        .map(|(column, row)| [along(area.x0, area.width(), column), along(area.y0, area.height(), row)]);
    let middle = [0.5 * (area.x0 + area.x1), 0.5 * (area.y0 + area.y1)];
    let far = |[x, y]: &[f32; 2]| {
        ((x - middle[0]) / area.width().max(1.0)).hypot((y - middle[1]) / area.height().max(1.0))
    };
    let inside = |[x, y]: &[f32; 2]| (area.x0..=area.x1).contains(x) && (area.y0..=area.y1).contains(y);
    points.filter(|point| inside(point) && !taken(*point)).min_by(|a, b| far(a).total_cmp(&far(b)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn person(track: u32, x: f32) -> TrackedBox {
        let core = BoxPx::new(x, 0.0, x + 10.0, 20.0);
        TrackedBox {
            track,
            target: Target::Person,
            area: core,
            core,
            score: 0.9,
            origin: Origin::Seen,
            moved: true,
            furniture: false,
        }
    }

    #[test]
    fn a_short_parting_is_no_second_meeting() {
        let mut encounters = Encounters::default();
        let beside = |at_ms: u64, x: f32, encounters: &mut Encounters| {
            encounters.frame(at_ms * 1_000_000, &[&person(7, x), &person(3, 0.0)]);
        };
        for (at_ms, x) in [(0, 9.5), (100, 8.0), (400, 20.0), (500, 8.0), (1100, 8.0), (1200, 30.0)] {
            beside(at_ms, x, &mut encounters);
        }
        let meeting = |from_ms: u64, to_ms: u64| Meeting {
            tracks: [3, 7],
            from_ns: from_ms * 1_000_000,
            to_ns: to_ms * 1_000_000,
        };
        assert_eq!(encounters.into_meetings(), [meeting(100, 500), meeting(1100, 1100)]);
    }

    #[test]
    fn a_click_is_in_the_middle_unless_somebody_else_is_there() {
        let area = BoxPx::new(100.0, 100.0, 200.0, 300.0);
        let [x, y] = clear_point(&area, &[]).expect("free");
        assert!((x - 150.0).abs() <= 1.0 && (y - 200.0).abs() <= 1.0, "{x} {y}");
        assert_eq!(clear_point(&area, &[BoxPx::new(0.0, 0.0, 400.0, 400.0)]), None);
    }

    proptest! {
        #[test]
        fn a_click_means_one_only(
            x in 0.0f32..500.0, y in 0.0f32..500.0, w in 4.0f32..200.0, h in 4.0f32..200.0,
            others in proptest::collection::vec((0.0f32..500.0, 0.0f32..500.0, 1.0f32..300.0, 1.0f32..300.0), 0..5),
        ) {
            let area = BoxPx::new(x, y, x + w, y + h);
            let others: Vec<_> = others.iter().map(|&(x, y, w, h)| BoxPx::new(x, y, x + w, y + h)).collect();
            if let Some([px, py]) = clear_point(&area, &others) {
                let holds = |b: &BoxPx| b.x0 <= px && px <= b.x1 && b.y0 <= py && py <= b.y1;
                prop_assert!(holds(&area) && !others.iter().any(holds));
                prop_assert_eq!((px.fract(), py.fract()), (0.0, 0.0));
            } else {
                prop_assert!(!others.is_empty());
            }
        }
    }
}
