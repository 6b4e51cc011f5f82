//! Tracks cut where their identity may have changed: at meetings, where somebody was not seen for a while, and where
//! somebody suddenly looks different. In between, a tracklet is one person.

use super::cast::{Cast, Meeting, Place, middle_confidence, shared};
use crate::config::FollowSettings;
use crate::geometry::BoxPx;
use crate::video::appearance::{Appearance, MeanAppearance};
use std::collections::BTreeSet;

/// Meetings closer together than this are one, seconds: nobody can be told for sure in so short a time.
const APART_S: f32 = 0.3;
/// Looks that are compared: at most so many, and no older than this, seconds. The light on somebody changes on the way.
const LOOKS: usize = 10;
const LOOKS_S: f32 = 4.0;
/// What somebody wears does not change within twice this, seconds, by more than the second number; the light may.
const CHANGE_S: f32 = 1.2;
const CHANGE: f32 = 0.3;
const CHANGE_LOOKS: usize = 3;
/// A box that grows or shrinks by more than this factor from one tracklet to the next may hold another person or one
/// more.
const RESIZED: f32 = 1.5;
/// Somebody who ends or begins beside another may be in the same box: beside is within this share of the other's box,
/// and sharing so much of the smaller one.
const BESIDE: f32 = 0.25;
const BESIDE_SHARED: f32 = 0.15;
/// Two are no longer in one box when it is at most this much larger than it was for one, not sooner than after so many
/// seconds; sizes are the middle ones of so many frames.
const CROWDED: f32 = 1.2;
const CROWDED_S: f32 = 1.0;
const AREAS: usize = 12;
/// Who ends or begins so near to the picture's edge, as a share of its width and height, left it or came in there.
const EDGE: f32 = 0.02;
/// Boxes of one person in neighbouring frames share at least this much.
const JUMPED: f32 = 0.1;

/// A part of a track in which it is one person.
#[derive(Debug, Clone)]
pub(super) struct Tracklet {
    /// Which way.
    pub(super) way: usize,
    /// First and last frame.
    pub(super) from: usize,
    pub(super) to: usize,
}

/// Where one person may have become another.
#[derive(Debug, Clone)]
pub(super) struct Cut {
    pub(super) way: usize,
    /// First and last frame in which it cannot be told.
    pub(super) from: usize,
    pub(super) to: usize,
    /// Whom it may have become.
    pub(super) others: BTreeSet<usize>,
}

/// Everybody's tracklets, way by way and in order of time, and the cuts between.
pub(super) fn cut(cast: &Cast, settings: &FollowSettings) -> (Vec<Tracklet>, Vec<Cut>) {
    let (mut tracklets, mut cuts) = (Vec::new(), Vec::new());
    let beside = beside(cast);
    for way in 0..cast.ways.len() {
        let own = cuts_of(cast, way, &beside, settings);
        let mut from = cast.ways[way].first;
        for cut in &own {
            if cut.from > from {
                tracklets.push(Tracklet { way, from, to: cut.from - 1 });
            }
            from = cut.to + 1;
        }
        if from <= cast.ways[way].last() {
            tracklets.push(Tracklet { way, from, to: cast.ways[way].last() });
        }
        cuts.extend(own);
    }
    (tracklets, cuts)
}

/// Somebody who ended or began beside another: they may be in one box from then on, or were until then.
struct Beside {
    whole: usize,
    other: usize,
    frame: usize,
    began: bool,
}

fn beside(cast: &Cast) -> Vec<Beside> {
    let mut found = Vec::new();
    let last_frame = cast.times_ns.len() - 1;
    for (other, way) in cast.ways.iter().enumerate().filter(|(i, _)| cast.counts(*i)) {
        for (frame, began) in [(way.first, true), (way.last(), false)] {
            let inside =
                |place: &&Place| frame > 0 && frame < last_frame && !cast.is_at_edge(&place.core, EDGE);
            let Some(end) = way.at(frame).filter(inside) else { continue };
            let strangers =
                cast.ways.iter().enumerate().filter(|(i, _)| *i != other && cast.are_two(*i, other));
            for (whole, near) in strangers {
                let near = near.at(frame).map(|place| shared(&place.core.grown(BESIDE, 0.0), &end.core));
                if near.is_some_and(|share| share > BESIDE_SHARED) {
                    found.push(Beside { whole, other, frame, began });
                }
            }
        }
    }
    found
}

/// The stretch in which two may be in one box: until the box is as large again as it was without the other.
fn crowded(cast: &Cast, beside: &Beside) -> Cut {
    let way = &cast.ways[beside.whole];
    let area = |frame: usize| way.at(frame).map(|place| place.core.area());
    let middle = |frames: &mut dyn Iterator<Item = usize>| {
        let mut areas: Vec<f32> = frames.filter_map(area).take(AREAS).collect();
        areas.sort_by(f32::total_cmp);
        areas.get(areas.len() / 2).copied()
    };
    let at = beside.frame;
    let (first, last) = (way.first, way.last());
    let enough = |frame: usize| cast.seconds(at.min(frame), at.max(frame)) >= CROWDED_S;
    let alone =
        |was: Option<f32>, now: Option<f32>| was.zip(now).is_some_and(|(was, now)| now <= CROWDED * was);
    let (from, to) = if beside.began {
        let without = middle(&mut (at + 1..=last));
        let free = (first..at).rev().find(|f| enough(*f) && alone(without, middle(&mut (first..=*f).rev())));
        (free.map_or(first, |f| f + 1), at)
    } else {
        let without = middle(&mut (first..at).rev());
        let free = (at + 1..=last).find(|f| enough(*f) && alone(without, middle(&mut (*f..=last))));
        (at, free.map_or(last, |f| f - 1))
    };
    Cut { way: beside.whole, from, to, others: BTreeSet::from([beside.other]) }
}

fn cuts_of(cast: &Cast, way: usize, beside: &[Beside], settings: &FollowSettings) -> Vec<Cut> {
    let mut raw: Vec<Cut> = Vec::new();
    let cut = |from: usize, to: usize| Cut { way, from, to, others: BTreeSet::new() };
    // A flicker of the network takes nobody's place, nor does what is much fainter.
    let takes_place = |meeting: &&Meeting| cast.lasts(meeting.other) && !cast.is_faint(meeting.other, way);
    for meeting in cast.meetings[way].iter().filter(takes_place) {
        raw.push(Cut { others: BTreeSet::from([meeting.other]), ..cut(meeting.frame, meeting.frame) });
    }
    raw.extend(beside.iter().filter(|beside| beside.whole == way).map(|beside| crowded(cast, beside)));
    let mut last_seen: Option<(usize, BoxPx)> = None;
    for frame in cast.ways[way].first..=cast.ways[way].last() {
        let Some(place) = cast.ways[way].at(frame).filter(|place| place.seen) else { continue };
        if let Some((before, area)) = last_seen {
            if frame > before + 1 && cast.seconds(before, frame) > settings.gap_s {
                raw.push(cut(before + 1, frame - 1));
            } else if shared(&area, &place.core) < JUMPED {
                raw.push(cut(frame, frame));
            }
        }
        last_seen = Some((frame, place.core));
    }
    raw.extend(changes(cast, way).map(|(from, to)| cut(from, to)));
    raw.sort_by_key(|cut| (cut.from, cut.to));
    let mut merged: Vec<Cut> = Vec::new();
    for cut in raw {
        match merged.last_mut() {
            Some(last) if cut.from <= last.to || cast.seconds(last.to, cut.from) < APART_S => {
                last.to = last.to.max(cut.to);
                last.others.extend(cut.others);
            }
            _ => merged.push(cut),
        }
    }
    merged
}

/// Where somebody suddenly looks different.
fn changes(cast: &Cast, way: usize) -> impl Iterator<Item = (usize, usize)> {
    let looks = &cast.ways[way].looks;
    let window_ns = (CHANGE_S * 1e9) as u64;
    let difference = |i: usize| {
        let at_ns = looks[i].0;
        let before = looks[..i].iter().rev().take_while(|(t, _)| t + window_ns >= at_ns).map(|(_, l)| l);
        let after = looks[i..].iter().take_while(|(t, _)| *t <= at_ns + window_ns).map(|(_, l)| l);
        if before.clone().count() < CHANGE_LOOKS || after.clone().count() < CHANGE_LOOKS {
            return 0.0;
        }
        let means = MeanAppearance::of(before).zip(MeanAppearance::of(after));
        means.map_or(0.0, |(a, b)| a.distance(&b))
    };
    let all: Vec<f32> = (0..looks.len()).map(difference).collect();
    let peak = move |i: &usize| {
        let near = i.saturating_sub(3)..(i + 4).min(all.len());
        all[*i] > CHANGE && all[near].iter().all(|other| *other <= all[*i])
    };
    (0..looks.len()).filter(peak).map(move |i| {
        let frame = cast.times_ns.partition_point(|t| *t < looks[i].0);
        (frame.saturating_sub(1).max(cast.ways[way].first), frame)
    })
}

impl Tracklet {
    /// Looks at the person, those nearest to its beginning or to its end.
    fn looks(&self, cast: &Cast, at_end: bool) -> Option<MeanAppearance> {
        let [from_ns, to_ns] = [self.from, self.to].map(|frame| cast.times_ns[frame]);
        let inside = |(t, _): &&(u64, Appearance)| (from_ns..=to_ns).contains(t);
        let all: Vec<_> = cast.ways[self.way].looks.iter().filter(inside).collect();
        let near_ns = (LOOKS_S * 1e9) as u64;
        let chosen: Vec<&Appearance> = if at_end {
            all.iter().rev().take_while(|(t, _)| t + near_ns >= to_ns).take(LOOKS).map(|(_, l)| l).collect()
        } else {
            all.iter().take_while(|(t, _)| *t <= from_ns + near_ns).take(LOOKS).map(|(_, l)| l).collect()
        };
        MeanAppearance::of(chosen.into_iter())
    }

    /// What somebody looks like before something happens.
    pub(super) fn before(&self, cast: &Cast) -> Option<MeanAppearance> {
        self.looks(cast, true)
    }

    /// What somebody looks like after something happened.
    pub(super) fn after(&self, cast: &Cast) -> Option<MeanAppearance> {
        self.looks(cast, false)
    }

    /// Middle one of the box's areas next to one of its ends, square pixels.
    fn area(&self, cast: &Cast, at_end: bool) -> f32 {
        let way = &cast.ways[self.way];
        let seen = |frame: usize| way.at(frame).filter(|place| place.seen).map(|place| place.core.area());
        let mut areas: Vec<f32> = if at_end {
            (self.from..=self.to).rev().filter_map(seen).take(12).collect()
        } else {
            (self.from..=self.to).filter_map(seen).take(12).collect()
        };
        areas.sort_by(f32::total_cmp);
        areas.get(areas.len() / 2).copied().unwrap_or(0.0)
    }

    /// Whether the box is about as large before as after.
    pub(super) fn sized_like(&self, next: &Self, cast: &Cast) -> bool {
        let (a, b) = (self.area(cast, true), next.area(cast, false));
        a > 0.0 && b > 0.0 && a.max(b) <= RESIZED * a.min(b)
    }

    /// Middle confidence of the detector in the frames in which it found this person, `0..=1`.
    pub(super) fn confidence(&self, cast: &Cast) -> f32 {
        let way = &cast.ways[self.way];
        middle_confidence((self.from..=self.to).filter_map(|frame| way.at(frame)))
    }

    /// Whether both are in one frame.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.from <= other.to && other.from <= self.to
    }
}
