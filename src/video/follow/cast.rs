//! Everybody in a clip, frame by frame: which tracks are one body, whose box is where, and who meets whom.
//!
//! Small networks find one person several times over, and two people who overlap as well; boxes alone do not tell
//! which. Tracks are one body where they were never apart and wear the same; all others are somebody else.

use crate::config::{FollowSettings, Target};
use crate::geometry::{BoxPx, FrameSize};
use crate::video::analysis::{AnalysedTrack, Analysis};
use crate::video::appearance::{Appearance, MeanAppearance};
use crate::video::track::Origin;
use std::collections::{BTreeMap, BTreeSet};

/// Tracks of one body share at least this much of the smaller box on average, while both are there.
const ONE_BODY: f32 = 0.3;
/// A track is there for at least this share of its life together with the body that it belongs to.
const TOGETHER: f32 = 0.7;
/// Two who share less than this of the smaller box for longer than the second number, seconds, are two people.
const APART: (f32, f32) = (0.1, 0.8);
/// A track with few looks is a flicker: these vary more, and what lies so far inside a body belongs to it.
const FEW_LOOKS: usize = 3;
const FLICKER_INSIDE: f32 = 0.6;
/// Somebody rests who is there for this long, seconds, and never went anywhere.
const RESTS_S: f64 = 2.0;
/// Two who rest and share less than this of the smaller box have places of their own.
const RESTING_APART: f32 = 0.6;
/// What is there for less than this, seconds, and never sure is a flicker of the network.
const FLICKER_S: f32 = 0.5;
/// Who is found with at most this share of another's confidence is not taken for that one.
const FAINT: f32 = 0.5;

/// Where somebody is in a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) core: BoxPx,
    /// Found there in this very frame.
    pub(super) seen: bool,
    /// And not only by a detection below its model's threshold.
    pub(super) sure: bool,
    /// Confidence of that, `0..=1`; 0 where it was not found.
    pub(super) score: f32,
}

/// One track, frame by frame.
struct Single<'a> {
    known: &'a AnalysedTrack,
    first: usize,
    places: Vec<Place>,
}

/// One body's way: of one track, or of several.
pub(super) struct Way {
    /// Number of its longest track.
    pub(super) id: u32,
    /// Numbers of all its tracks.
    pub(super) tracks: BTreeSet<u32>,
    /// Position of its first frame.
    pub(super) first: usize,
    /// One for each frame from its first to its last; none where no track of it is.
    places: Vec<Option<Place>>,
    /// What it wears, in order of time.
    pub(super) looks: Vec<(u64, Appearance)>,
    /// Middle confidence of the detector in the frames in which it found this body, `0..=1`.
    pub(super) confidence: f32,
    /// More than a flicker of the network.
    pub(super) sure: bool,
    /// It stays where it is for as long as it is there, and that is long: furniture that the network takes for somebody,
    /// or somebody who sits. Nobody who walks by is taken for it, or it would have moved.
    pub(super) rests: bool,
}

impl Way {
    pub(super) fn last(&self) -> usize {
        self.first + self.places.len() - 1
    }

    pub(super) fn at(&self, frame: usize) -> Option<&Place> {
        frame.checked_sub(self.first).and_then(|i| self.places.get(i)).and_then(Option::as_ref)
    }
}

/// A frame in which somebody can be taken for somebody else.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meeting {
    pub(super) frame: usize,
    pub(super) other: usize,
}

/// Everybody.
pub(super) struct Cast {
    size: FrameSize,
    pub(super) times_ns: Vec<u64>,
    pub(super) ways: Vec<Way>,
    /// Of each way, in order of time.
    pub(super) meetings: Vec<Vec<Meeting>>,
    /// Those who were seen apart.
    apart: BTreeSet<(usize, usize)>,
    /// From this confidence on somebody is surely one person.
    sure_of_one: f32,
}

/// Share of the smaller box that both have.
pub(super) fn shared(a: &BoxPx, b: &BoxPx) -> f32 {
    a.intersection(b) / a.area().min(b.area()).max(1.0)
}

/// What is known of two tracks that meet.
#[derive(Debug, Clone, Copy, Default)]
struct Pair {
    frames: usize,
    shared: f32,
    /// Frames in which both were found apart: of late, and at most, without one in which they were found together.
    apart: usize,
    most_apart: usize,
}

impl Pair {
    fn add(&mut self, shared: f32, both_sure: bool) {
        self.frames += 1;
        self.shared += shared;
        if shared >= APART.0 {
            self.apart = 0;
        } else if both_sure {
            self.apart += 1;
            self.most_apart = self.most_apart.max(self.apart);
        }
    }

    fn are_two(&self, step_s: f32) -> bool {
        self.most_apart as f32 * step_s > APART.1
    }
}

/// Seconds from one frame to the next, on average.
fn step_s(times_ns: &[u64]) -> f32 {
    seconds(times_ns, 0, times_ns.len() - 1) / (times_ns.len().max(2) - 1) as f32
}

impl Cast {
    pub(super) fn of(analysis: &Analysis, settings: &FollowSettings) -> Self {
        let times_ns: Vec<u64> = analysis.times_ns().collect();
        let persons = analysis.known().iter().filter(|known| known.track.target == Target::Person);
        let singles: Vec<Single<'_>> =
            persons.filter_map(|known| single(analysis, known, &times_ns)).collect();
        let bodies = bodies(&singles, &times_ns, settings);
        let ways: Vec<Way> = bodies.iter().map(|body| way(&singles, body)).collect();
        let mut cast = Self {
            meetings: Vec::new(),
            apart: BTreeSet::new(),
            sure_of_one: settings.sure_of_one,
            size: analysis.size(),
            times_ns,
            ways,
        };
        cast.find_meetings(settings);
        cast
    }

    /// Whether a box reaches the edge of the picture, or nearly.
    pub(super) fn is_at_edge(&self, area: &BoxPx, share: f32) -> bool {
        let (width, height) = (self.size.width as f32, self.size.height as f32);
        let (dx, dy) = (share * width, share * height);
        area.x0 <= dx || area.y0 <= dy || area.x1 >= width - dx || area.y1 >= height - dy
    }

    pub(super) fn seconds(&self, from: usize, to: usize) -> f32 {
        seconds(&self.times_ns, from, to)
    }

    fn find_meetings(&mut self, settings: &FollowSettings) {
        let mut meetings = vec![Vec::new(); self.ways.len()];
        let mut apart: BTreeMap<(usize, usize), Pair> = BTreeMap::new();
        let lives: Vec<_> = self.ways.iter().map(|way| (way.first, way.last())).collect();
        sweep(&lives, self.times_ns.len(), |frame, i, j| {
            let (Some(a), Some(b)) = (self.ways[i].at(frame), self.ways[j].at(frame)) else { return };
            let shared = shared(&a.core, &b.core);
            apart.entry((i, j)).or_default().add(shared, a.sure && b.sure);
            let least = if a.seen && b.seen { settings.contact } else { settings.contact_unseen };
            let rest = [i, j].map(|i| self.ways[i].rests);
            // Two who rest keep their places, as long as these are two.
            if rest[0] != rest[1] || (rest[0] && shared < RESTING_APART) || shared < least {
                return;
            }
            for (this, other) in [(i, j), (j, i)] {
                if !self.is_unmistakable(this, other, frame, settings) {
                    meetings[this].push(Meeting { frame, other });
                }
            }
        });
        let step_s = step_s(&self.times_ns);
        let two = apart.into_iter().filter(|(_, pair)| pair.are_two(step_s)).map(|(ways, _)| ways);
        (self.apart, self.meetings) = (two.collect(), meetings);
    }

    /// Whether the box of a frame can only be that of the person of the frame before: it was found, and lies where that
    /// one was rather than where the other one is.
    fn is_unmistakable(&self, this: usize, other: usize, frame: usize, settings: &FollowSettings) -> bool {
        let (way, other) = (&self.ways[this], &self.ways[other]);
        let before = frame.checked_sub(1).and_then(|before| way.at(before));
        match (before, way.at(frame), other.at(frame)) {
            (Some(before), Some(now), Some(other)) => {
                now.seen
                    && before.core.iou(&now.core) >= before.core.iou(&other.core) + settings.clearly_nearer
            }
            _ => false,
        }
    }

    /// Whether two were seen apart for long enough to be two people.
    pub(super) fn are_two(&self, i: usize, j: usize) -> bool {
        self.apart.contains(&(i.min(j), i.max(j)))
    }

    /// Whether somebody is more than a flicker of the network, and goes about.
    pub(super) fn counts(&self, i: usize) -> bool {
        self.ways[i].sure && !self.ways[i].rests
    }

    /// Whether somebody is there for long enough to be taken for somebody else.
    pub(super) fn lasts(&self, i: usize) -> bool {
        let way = &self.ways[i];
        way.sure || self.seconds(way.first, way.last()) >= FLICKER_S
    }

    /// Whether another is so much fainter to the detector than somebody whom it is sure of that nobody could take the
    /// one for the other: a part of a body found once more, a thing, or somebody far away.
    pub(super) fn is_faint(&self, other: usize, beside: usize) -> bool {
        let [other, beside] = [other, beside].map(|i| self.ways[i].confidence);
        beside >= self.sure_of_one && other <= FAINT * beside
    }

    /// Numbers of the tracks that need no more room than their masks beside these: those that rest, flickers, and faint
    /// ones.
    pub(super) fn modest(&self, beside: &BTreeSet<usize>) -> BTreeSet<u32> {
        let modest = |i: &usize| {
            let faint = !beside.is_empty() && beside.iter().all(|b| self.is_faint(*i, *b));
            self.ways[*i].rests || !self.lasts(*i) || faint
        };
        let ways = (0..self.ways.len()).filter(modest);
        ways.flat_map(|i| self.ways[i].tracks.iter().copied()).collect()
    }
}

/// The middle one of some confidences; 0 of none.
pub(super) fn middle_confidence<'a>(places: impl Iterator<Item = &'a Place>) -> f32 {
    let mut scores: Vec<f32> = places.filter(|place| place.seen).map(|place| place.score).collect();
    scores.sort_by(f32::total_cmp);
    scores.get(scores.len() / 2).copied().unwrap_or(0.0)
}

fn seconds(times_ns: &[u64], from: usize, to: usize) -> f32 {
    (times_ns[to] as f64 - times_ns[from] as f64) as f32 / 1e9
}

/// Calls back for every frame with every two who are in it.
fn sweep(lives: &[(usize, usize)], frames: usize, mut each: impl FnMut(usize, usize, usize)) {
    let mut starts: Vec<usize> = (0..lives.len()).collect();
    starts.sort_by_key(|i| std::cmp::Reverse(lives[*i].0));
    let mut there: Vec<usize> = Vec::new();
    for frame in 0..frames {
        there.retain(|i| lives[*i].1 >= frame);
        while starts.last().is_some_and(|i| lives[*i].0 == frame) {
            there.extend(starts.pop());
        }
        for (n, &i) in there.iter().enumerate() {
            there[n + 1..].iter().for_each(|&j| each(frame, i.min(j), i.max(j)));
        }
    }
}

fn single<'a>(analysis: &Analysis, known: &'a AnalysedTrack, times_ns: &[u64]) -> Option<Single<'a>> {
    let track = &known.track;
    let from = track.sightings().first()?.at_ns;
    let first = times_ns.partition_point(|t| *t < from);
    let end = times_ns.partition_point(|t| *t <= track.last().at_ns);
    let settings = analysis.track_settings();
    let life = times_ns.get(first..end)?;
    if track.is_furniture() || life.iter().all(|t| analysis.is_cleared(known, *t)) {
        return None;
    }
    let place = |t: &u64| {
        let (core, origin) = track.at(*t, settings)?;
        let found = track.seen_at(*t);
        let seen = origin == Origin::Seen;
        let sure = seen && found.is_some_and(|found| !found.weak);
        Some(Place { core, seen, sure, score: found.map_or(0.0, |found| found.score) })
    };
    let places = life.iter().map(place);
    Some(Single { known, first, places: places.collect::<Option<_>>()? })
}

/// Which tracks are one body: positions of each one's.
fn bodies(singles: &[Single<'_>], times_ns: &[u64], settings: &FollowSettings) -> Vec<Vec<usize>> {
    let lives: Vec<_> = singles.iter().map(|s| (s.first, s.first + s.places.len() - 1)).collect();
    let mut pairs: BTreeMap<(usize, usize), Pair> = BTreeMap::new();
    sweep(&lives, times_ns.len(), |frame, i, j| {
        let [a, b] = [i, j].map(|i| singles[i].places[frame - singles[i].first]);
        let shared = shared(&a.core, &b.core);
        let pair = pairs.entry((i, j)).or_default();
        pair.add(shared, a.sure && b.sure);
    });
    let step_s = step_s(times_ns);
    let are_two = |pair: &Pair| pair.are_two(step_s);
    let worn: Vec<Option<MeanAppearance>> =
        singles.iter().map(|s| MeanAppearance::of(s.known.looks().iter().map(|(_, look)| look))).collect();
    let mut alike: Vec<(f32, usize, usize)> = pairs
        .iter()
        .filter_map(|(&(i, j), pair)| {
            let shorter = singles[i].places.len().min(singles[j].places.len());
            let shared = pair.shared / pair.frames as f32;
            if are_two(pair) || shared < ONE_BODY || (pair.frames as f32) < TOGETHER * shorter as f32 {
                return None;
            }
            let (a, b) = (worn[i].as_ref()?, worn[j].as_ref()?);
            let flicker = a.looks().min(b.looks()) < FEW_LOOKS && shared >= FLICKER_INSIDE;
            let most = if flicker { 1.6 * settings.same_body } else { settings.same_body };
            let distance = a.distance(b);
            (distance <= most).then_some((distance, i, j))
        })
        .collect();
    alike.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut body: Vec<usize> = (0..singles.len()).collect();
    let mut members: BTreeMap<usize, Vec<usize>> = body.iter().map(|i| (*i, vec![*i])).collect();
    for (_, i, j) in alike {
        let (a, b) = (body[i], body[j]);
        let strangers = |i: &usize, j: &usize| pairs.get(&((*i).min(*j), (*i).max(*j))).is_some_and(are_two);
        // One body has no two tracks that were ever apart.
        if a == b || members[&a].iter().any(|i| members[&b].iter().any(|j| strangers(i, j))) {
            continue;
        }
        let moving = members.remove(&b).unwrap_or_default();
        moving.iter().for_each(|i| body[*i] = a);
        members.entry(a).or_default().extend(moving);
    }
    members.into_values().collect()
}

fn way(singles: &[Single<'_>], body: &[usize]) -> Way {
    let all = || body.iter().map(|i| &singles[*i]);
    let first = all().map(|s| s.first).min().unwrap_or(0);
    let end = all().map(|s| s.first + s.places.len()).max().unwrap_or(first);
    let at = |frame: usize| {
        let here: Vec<Place> =
            all().filter_map(|s| frame.checked_sub(s.first).and_then(|i| s.places.get(i))).copied().collect();
        // What was found in this very frame says more than what is carried over from others.
        let seen = here.iter().any(|place| place.seen);
        let boxes = here.iter().filter(|place| place.seen == seen).map(|place| place.core);
        let score = here.iter().map(|place| place.score).fold(0.0, f32::max);
        let sure = here.iter().any(|place| place.sure);
        boxes.reduce(|a, b| a.hull(&b)).map(|core| Place { core, seen, sure, score })
    };
    let longest = all().max_by_key(|s| (s.places.len(), std::cmp::Reverse(s.known.track.id)));
    let mut looks: Vec<_> = all().flat_map(|s| s.known.looks().iter().copied()).collect();
    looks.sort_by_key(|(at_ns, _)| *at_ns);
    let rests = |s: &Single<'_>| {
        let track = &s.known.track;
        let since_ns = track.sightings().first().map_or(0, |first| first.at_ns);
        !track.has_moved() && (track.last().at_ns - since_ns) as f64 / 1e9 >= RESTS_S
    };
    let places: Vec<Option<Place>> = (first..end).map(at).collect();
    Way {
        confidence: middle_confidence(places.iter().flatten()),
        id: longest.map_or(0, |s| s.known.track.id),
        tracks: all().map(|s| s.known.track.id).collect(),
        first,
        places,
        looks,
        sure: all().any(|s| s.known.track.is_sure()),
        rests: longest.is_some_and(rests) && !all().any(|s| s.known.track.has_moved()),
    }
}
