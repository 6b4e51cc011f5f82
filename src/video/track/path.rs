//! One track: where it was seen, and where it is taken to be at any other moment.

use crate::config::TrackSettings;
use crate::geometry::{BoxPx, FrameSize};
use crate::video::plan::{Detection, Target};
use serde::{Deserialize, Serialize};

/// One detection of a track.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sighting {
    /// Presentation time, nanoseconds.
    pub at_ns: u64,
    /// Where, frame space.
    pub area: BoxPx,
    /// Confidence, `0..=1`.
    pub score: f32,
    /// Below its model's threshold: it only continued the track.
    pub weak: bool,
    /// Larger than [`TrackSettings::large_share`] of the picture.
    pub large: bool,
}

/// How it is known that a track is where its box says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Found there in this very frame.
    Seen,
    /// Between two sightings.
    Bridged,
    /// After the last sighting.
    Held,
    /// Before the first one.
    Backward,
}

/// One person or face over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// Number of the track, from 1, in the order of appearance.
    pub id: u32,
    /// What it is.
    pub target: Target,
    /// In order of time; never empty.
    pub(super) sightings: Vec<Sighting>,
    /// Pixels per second of the box's centre, smoothed.
    velocity: [f32; 2],
    /// [`Track::is_sure`]; once it is it stays.
    sure: bool,
    /// It was seen with [`TrackSettings::sure_score`] once.
    confident: bool,
    /// Where it was at first and is of late, smoothed over some sightings.
    first_place: [f32; 2],
    place: [f32; 2],
    moved: bool,
    /// Every sighting of it is furniture.
    furniture: bool,
    /// Time of the latest sighting that is not furniture, nanoseconds.
    own_ns: u64,
}

/// Bodies per second above which nobody moves in front of a surveillance camera; a faster estimate is an error.
const TOP_SPEED: f32 = 3.0;
/// Bodies per second below which somebody stands.
const STANDING: f32 = 0.06;
/// Time constant of the velocity's smoothing, seconds.
const VELOCITY_S: f32 = 0.35;
/// A track's place is smoothed with this weight of the newest sighting, and its first place settles over so many.
const PLACE_WEIGHT: f32 = 0.2;
const FIRST_SIGHTINGS: usize = 5;
/// Sizes from its first place at which a track has moved.
const WENT: f32 = 0.5;
/// The motion that a track is followed backward by is measured over this long, seconds, and over no less than the
/// second number.
const START_S: (f32, f32) = (0.5, 0.15);
/// How a track drifts is measured so long before and after, nanoseconds: long enough for trembling to even out.
const DRIFT_NS: u64 = 200_000_000;
/// A bridged box grows by this share of its size in the middle of nowhere, reached after so many seconds.
const BRIDGE_GROWTH: (f32, f32) = (0.1, 0.4);

impl Sighting {
    /// A detection in a frame of `size` shown at `at_ns`.
    #[must_use]
    pub fn of(detection: &Detection, at_ns: u64, size: FrameSize, settings: &TrackSettings) -> Self {
        let Detection { area, score, weak, .. } = *detection;
        let large = area.area() > settings.large_share * size.area_px() as f32;
        Self { at_ns, area, score, weak, large }
    }
}

impl Track {
    /// A track that begins with this sighting; one that begins with furniture takes nothing else.
    #[must_use]
    pub(super) fn new(
        id: u32,
        target: Target,
        first: Sighting,
        furniture: bool,
        settings: &TrackSettings,
    ) -> Self {
        let sure = first.score >= settings.sure_score;
        let place = centre(&first.area);
        Self {
            id,
            target,
            sightings: vec![first],
            velocity: [0.0; 2],
            sure,
            confident: sure,
            first_place: place,
            place,
            moved: false,
            furniture,
            own_ns: first.at_ns,
        }
    }

    /// Whether every sighting of it is a thing that the detector takes for a person on the empty scene too.
    #[must_use]
    pub fn is_furniture(&self) -> bool {
        self.furniture
    }

    /// Whether a detection may continue this track. Furniture continues furniture; somebody's track it continues only
    /// for as long as a mask is held: somebody who stops before it must not be lost, and must not become it.
    pub(super) fn takes(&self, furniture: bool, at_ns: u64, settings: &TrackSettings) -> bool {
        match (self.furniture, furniture) {
            (false, true) => seconds(self.own_ns, at_ns) <= self.reach_s(settings),
            (own, other) => own == other,
        }
    }

    /// A track as it was in the end, from its sightings in order of time; `sure` as it was then. `None` where there is
    /// no sighting, or times do not grow.
    #[must_use]
    pub fn restore(
        id: u32,
        target: Target,
        sightings: &[Sighting],
        (sure, furniture): (bool, bool),
        settings: &TrackSettings,
    ) -> Option<Self> {
        let (first, rest) = sightings.split_first()?;
        if !sightings.is_sorted_by(|a, b| a.at_ns < b.at_ns) {
            return None;
        }
        let mut track = Self::new(id, target, *first, furniture, settings);
        for sighting in rest {
            // How many sightings make a track sure depended on the frames searched; the result is given.
            track.add(*sighting, furniture, usize::MAX, settings);
        }
        track.sure |= sure;
        Some(track)
    }

    /// All sightings, in order of time.
    #[must_use]
    pub fn sightings(&self) -> &[Sighting] {
        &self.sightings
    }

    /// What was found of the track in the frame shown at this time.
    #[must_use]
    pub fn seen_at(&self, at_ns: u64) -> Option<Detection> {
        let at = self.sightings.binary_search_by_key(&at_ns, |s| s.at_ns).ok()?;
        let Sighting { area, score, weak, .. } = self.sightings[at];
        Some(Detection { target: self.target, area, score, weak })
    }

    /// False where the track has no box at a moment for certain: much is saved by asking this first.
    #[must_use]
    pub fn may_be_at(&self, at_ns: u64, settings: &TrackSettings) -> bool {
        let around = self.reach_s(settings) + settings.smooth_s + 1.0;
        let (first_ns, last_ns) = (self.sightings[0].at_ns, self.last().at_ns);
        seconds(at_ns, first_ns) <= around && seconds(last_ns, at_ns) <= around
    }

    /// The latest sighting.
    #[must_use]
    pub fn last(&self) -> Sighting {
        *self.sightings.last().expect("a track begins with a sighting")
    }

    /// Takes the next sighting; `needed` of them within a second make the track sure.
    pub(super) fn add(&mut self, next: Sighting, furniture: bool, needed: usize, settings: &TrackSettings) {
        if !furniture {
            self.own_ns = next.at_ns;
        }
        let last = self.last();
        let dt = seconds(last.at_ns, next.at_ns).max(1e-3);
        let weight = 1.0 - (-dt / VELOCITY_S).exp();
        let (from, to) = (centre(&last.area), centre(&next.area));
        let top = TOP_SPEED * size(&next.area);
        for axis in 0..2 {
            let measured = (to[axis] - from[axis]) / dt;
            self.velocity[axis] += (measured - self.velocity[axis]) * weight;
        }
        let speed = self.velocity[0].hypot(self.velocity[1]);
        if speed > top {
            self.velocity = self.velocity.map(|v| v * top / speed);
        }
        self.sightings.push(next);
        for (place, to) in self.place.iter_mut().zip(to) {
            *place += (to - *place) * PLACE_WEIGHT;
        }
        if self.sightings.len() <= FIRST_SIGHTINGS {
            self.first_place = self.place;
        }
        let [dx, dy] = [0, 1].map(|axis| self.place[axis] - self.first_place[axis]);
        self.moved |= !self.furniture && dx.hypot(dy) > WENT * size(&next.area);
        self.confident |= next.score >= settings.sure_score;
        self.sure |= self.confident || self.is_dense(needed);
    }

    /// Whether enough good sightings lie within the latest second.
    fn is_dense(&self, needed: usize) -> bool {
        let last_ns = self.last().at_ns;
        let recent = self.sightings.iter().rev().take_while(|s| seconds(s.at_ns, last_ns) <= 1.0);
        recent.filter(|s| !s.weak && !s.large).count() >= needed
    }

    /// Pixels per second of the centre; none for somebody who stands.
    fn motion(&self) -> [f32; 2] {
        let speed = self.velocity[0].hypot(self.velocity[1]);
        if speed < STANDING * size(&self.last().area) { [0.0; 2] } else { self.velocity }
    }

    /// Where the track is expected after its last sighting: no farther on than its mask is held.
    pub(super) fn expected(&self, at_ns: u64, settings: &TrackSettings) -> BoxPx {
        let last = self.last();
        let dt = seconds(last.at_ns, at_ns).min(settings.hold_s);
        moved(&last.area, self.motion(), dt)
    }

    /// Whether the record says that this is more than a flicker of the network: one confident sighting, or enough of
    /// them within a second. What is not sure is masked all the same, but not carried far in time.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        self.sure
    }

    /// Whether the track went anywhere: half its size from where it was first, trembling aside.
    #[must_use]
    pub fn has_moved(&self) -> bool {
        self.moved
    }

    /// How long a mask is kept without a sighting, before and after, seconds.
    pub(super) fn reach_s(&self, settings: &TrackSettings) -> f32 {
        match (self.confident, self.sure) {
            (true, _) => settings.hold_s,
            (false, true) => settings.dense_hold_s,
            (false, false) => settings.tentative_hold_s,
        }
    }

    /// How long the track may be found again after its last sighting, seconds.
    pub(super) fn memory_s(&self, settings: &TrackSettings) -> f32 {
        match (self.confident, self.sure) {
            (true, _) => settings.memory_s,
            (false, true) => settings.dense_memory_s,
            (false, false) => settings.tentative_memory_s,
        }
    }

    /// The track's box at a moment, and how it is known; `None` where the track is not taken to be anywhere.
    ///
    /// Before the first and after the last sighting the box is the hull of where it was seen and where its motion
    /// puts it, as it may have stood still.
    #[must_use]
    pub fn at(&self, at_ns: u64, settings: &TrackSettings) -> Option<(BoxPx, Origin)> {
        let next = self.sightings.partition_point(|s| s.at_ns < at_ns);
        if let Some(here) = self.sightings.get(next).filter(|s| s.at_ns == at_ns) {
            return Some((here.area, Origin::Seen));
        }
        let reach_s = self.reach_s(settings);
        match (next.checked_sub(1).map(|i| self.sightings[i]), self.sightings.get(next)) {
            (Some(before), Some(after)) => Some((bridged(&before, after, at_ns), Origin::Bridged)),
            (Some(last), None) => {
                let dt = seconds(last.at_ns, at_ns);
                let there = moved(&last.area, self.motion(), dt);
                (dt <= reach_s).then(|| (last.area.hull(&there), Origin::Held))
            }
            (None, Some(first)) => {
                let dt = seconds(at_ns, first.at_ns);
                let there = moved(&first.area, self.first_motion(), -dt);
                (dt <= reach_s).then(|| (first.area.hull(&there), Origin::Backward))
            }
            (None, None) => None,
        }
    }

    /// Pixels per second of the centre around a moment, by where the track is a little before and after.
    pub(super) fn drift(&self, at_ns: u64, settings: &TrackSettings) -> [f32; 2] {
        let known = |ns: u64| self.at(ns, settings).map(|(area, _)| (ns, centre(&area)));
        let around = [at_ns.saturating_sub(DRIFT_NS), at_ns, at_ns + DRIFT_NS];
        let known: Vec<_> = around.into_iter().filter_map(known).collect();
        match (known.first(), known.last()) {
            (Some((a, from)), Some((b, to))) if b > a => {
                let dt = seconds(*a, *b);
                [(to[0] - from[0]) / dt, (to[1] - from[1]) / dt]
            }
            _ => [0.0; 2],
        }
    }

    /// Pixels per second with which the track came into view.
    fn first_motion(&self) -> [f32; 2] {
        let first = self.sightings[0];
        let within = |s: &&Sighting| seconds(first.at_ns, s.at_ns) <= START_S.0;
        let Some(later) = self.sightings.iter().take_while(within).last() else { return [0.0; 2] };
        let dt = seconds(first.at_ns, later.at_ns);
        if dt < START_S.1 {
            return [0.0; 2];
        }
        let (from, to) = (centre(&first.area), centre(&later.area));
        [(to[0] - from[0]) / dt, (to[1] - from[1]) / dt]
    }
}

/// Seconds from one moment to a later one; negative where it is earlier.
pub(super) fn seconds(from_ns: u64, to_ns: u64) -> f32 {
    (to_ns as f64 - from_ns as f64) as f32 / 1e9
}

/// Mean of width and height: how large somebody appears.
pub(super) fn size(area: &BoxPx) -> f32 {
    (0.5 * (area.width() + area.height())).max(1.0)
}

pub(super) fn centre(area: &BoxPx) -> [f32; 2] {
    [0.5 * (area.x0 + area.x1), 0.5 * (area.y0 + area.y1)]
}

/// A box carried on for `dt` seconds.
pub(super) fn moved(area: &BoxPx, velocity: [f32; 2], dt: f32) -> BoxPx {
    let (dx, dy) = (velocity[0] * dt, velocity[1] * dt);
    BoxPx::new(area.x0 + dx, area.y0 + dy, area.x1 + dx, area.y1 + dy)
}

/// The box on the straight way between two sightings, a little larger the longer the way.
fn bridged(before: &Sighting, after: &Sighting, at_ns: u64) -> BoxPx {
    let gap = seconds(before.at_ns, after.at_ns);
    let share = seconds(before.at_ns, at_ns) / gap.max(1e-6);
    let mix = |a: f32, b: f32| a + (b - a) * share;
    let (a, b) = (&before.area, &after.area);
    let on_the_way = BoxPx::new(mix(a.x0, b.x0), mix(a.y0, b.y0), mix(a.x1, b.x1), mix(a.y1, b.y1));
    let grown = BRIDGE_GROWTH.0 * (gap / BRIDGE_GROWTH.1).min(1.0) * size(&on_the_way);
    on_the_way.grown(0.0, grown)
}
