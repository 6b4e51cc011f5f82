//! Everybody in an analysed clip, one entry per track, and the moments at which a crop of them is worth cutting.
//!
//! Nothing is left out in silence: tracks that an approved still clears as furniture are counted, and so are faces that
//! belong to nobody's track. A track that is not sure is in the list, at its end.

use super::around::{Encounters, people};
use crate::geometry::BoxPx;
use crate::video::analysis::Analysis;
use crate::video::pipeline::{Moment, Shot};
use crate::video::plan::{Observations, Target};
use crate::video::track::{Origin, Track, TrackedBox};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Crops of one track, at most.
const MOST_SHOTS: usize = 4;
/// Crops of one clip, as long as it has fewer tracks: each of these gets one.
const MOST_OF_A_CLIP: usize = 4000;
/// A crop for each so long that somebody is seen, seconds.
const SHOT_EVERY_S: f64 = 1.0;
/// Moments of a shot that are looked at for their sharpness.
const MOST_MOMENTS: usize = 24;
/// A face of which so much lies in somebody's box belongs to them.
const INSIDE: f32 = 0.5;

/// How far the record of a track can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Certainty {
    /// More than a flicker of the network: see [`Track::is_sure`].
    pub sure: bool,
    /// Mean confidence of its sightings, `0..=1`.
    pub score_mean: f32,
    /// Highest confidence of its sightings.
    pub score_max: f32,
}

/// One person track.
#[derive(Debug, Clone, PartialEq)]
pub struct PersonTrack {
    /// Its number in the analysis.
    pub track: u32,
    /// First sighting, nanoseconds after the clip's first frame.
    pub from_ns: u64,
    /// Last sighting.
    pub to_ns: u64,
    /// Frames in which it was found.
    pub frames_seen: usize,
    /// Median width and height of its box, pixels.
    pub size_px: [f32; 2],
    /// How far it can be trusted.
    pub certainty: Certainty,
    /// Whether it ever went anywhere: furniture that is taken for somebody does not.
    pub moved: bool,
    /// How often its box met that of another person.
    pub crossings: usize,
    /// What to cut out, in order of time: each shot is of a part of its life of its own. Empty where every frame of it
    /// is covered.
    pub shots: Vec<Shot>,
}

/// Everybody in a clip.
#[derive(Debug, Clone, PartialEq)]
pub struct WhoIsThere {
    /// Sure tracks that went somewhere, sure ones that did not, and the others; each by their first sighting.
    pub persons: Vec<PersonTrack>,
    /// Person tracks that an approved still cleared wherever they were: not in the list.
    pub furniture: usize,
    /// Sure tracks of faces that are in nobody's box most of the time: hidden, and not in the list.
    pub faces_alone: usize,
}

/// Everybody in an analysed clip.
#[must_use]
pub fn who_is_there(analysis: &Analysis) -> WhoIsThere {
    let mut walk = Walk::default();
    for at_ns in analysis.times_ns() {
        if let Ok(seen) = analysis.frame_at(at_ns) {
            walk.frame(at_ns, &seen);
        }
    }
    let Walk { mut moments, shown, cleared, encounters, faces } = walk;
    let mut crossings: BTreeMap<u32, usize> = BTreeMap::new();
    for meeting in encounters.into_meetings() {
        meeting.tracks.into_iter().for_each(|track| *crossings.entry(track).or_default() += 1);
    }
    let tracks: Vec<&Track> = analysis.tracks().filter(|track| track.target == Target::Person).collect();
    // Cleared where it was, and never shown: anything else is somebody.
    let is_furniture = |track: &&Track| cleared.contains(&track.id) && !shown.contains(&track.id);
    let (furniture, tracks): (Vec<&Track>, Vec<&Track>) = tracks.into_iter().partition(is_furniture);
    let most = (MOST_OF_A_CLIP / tracks.len().max(1)).clamp(1, MOST_SHOTS);
    let person = |track: &Track| {
        let own = moments.remove(&track.id).unwrap_or_default();
        entry(track, crossings.get(&track.id).copied().unwrap_or(0), own, most)
    };
    let mut persons: Vec<PersonTrack> = tracks.into_iter().map(person).collect();
    let place = |person: &PersonTrack| {
        let sure = person.certainty.sure;
        (!sure, sure && !person.moved, person.from_ns, person.track)
    };
    persons.sort_by_key(place);
    let faces_alone = analysis
        .tracks()
        .filter(|track| track.is_sure())
        .filter(|track| faces.get(&track.id).is_some_and(|(alone, seen)| 2 * alone > *seen));
    WhoIsThere { persons, furniture: furniture.len(), faces_alone: faces_alone.count() }
}

/// What a walk through the clip gathers.
#[derive(Default)]
struct Walk {
    /// By track: where it was found, and how good a picture of it that would be.
    moments: BTreeMap<u32, Vec<Moment>>,
    /// Tracks that are masked somewhere.
    shown: BTreeSet<u32>,
    /// Tracks that are cleared somewhere.
    cleared: BTreeSet<u32>,
    encounters: Encounters,
    /// By track of a face: how often it was in nobody's box, and how often it was found.
    faces: BTreeMap<u32, (usize, usize)>,
}

impl Walk {
    fn frame(&mut self, at_ns: u64, seen: &Observations) {
        let people = people(&seen.tracked);
        self.encounters.frame(at_ns, &people);
        let persons = || seen.tracked.iter().filter(|b| b.target == Target::Person);
        self.shown.extend(persons().map(|b| b.track));
        self.cleared.extend(seen.cleared.iter().map(|b| b.track));
        let found = |b: &&TrackedBox| b.origin == Origin::Seen;
        for one in persons().filter(found) {
            let others = persons().filter(|other| other.track != one.track).map(|other| other.core);
            let moment = Moment { at_ns, area: one.core, weight: weight(&one.core, others, seen) };
            self.moments.entry(one.track).or_default().push(moment);
        }
        for face in seen.tracked.iter().filter(|b| b.target == Target::Face).filter(found) {
            let inside = |b: &TrackedBox| b.area.intersection(&face.core) >= INSIDE * face.core.area();
            let (alone, all) = self.faces.entry(face.track).or_default();
            *alone += usize::from(!persons().any(inside));
            *all += 1;
        }
    }
}

/// How good a picture would be here: large, whole, and of nobody else.
fn weight(area: &BoxPx, others: impl Iterator<Item = BoxPx>, seen: &Observations) -> f32 {
    let covered = others.map(|other| other.intersection(area) / area.area().max(1.0)).fold(0.0, f32::max);
    let (width, height) = (seen.size.width as f32, seen.size.height as f32);
    let cut = area.x0 < 2.0 || area.y0 < 2.0 || area.x1 > width - 2.0 || area.y1 > height - 2.0;
    let whole = if cut { 0.6 } else { 1.0 };
    whole * area.area().max(1.0).sqrt() / (1.0 + 8.0 * covered)
}

fn entry(track: &Track, crossings: usize, moments: Vec<Moment>, most: usize) -> PersonTrack {
    let sightings = track.sightings();
    let (from_ns, to_ns) = (sightings[0].at_ns, track.last().at_ns);
    let scores = || sightings.iter().map(|sighting| sighting.score);
    let median = |side: fn(&BoxPx) -> f32| {
        let mut sides: Vec<f32> = sightings.iter().map(|sighting| side(&sighting.area)).collect();
        sides.sort_by(f32::total_cmp);
        sides[sides.len() / 2]
    };
    let certainty = Certainty {
        sure: track.is_sure(),
        score_mean: scores().sum::<f32>() / sightings.len() as f32,
        score_max: scores().fold(0.0, f32::max),
    };
    PersonTrack {
        track: track.id,
        from_ns,
        to_ns,
        frames_seen: sightings.len(),
        size_px: [median(BoxPx::width), median(BoxPx::height)],
        certainty,
        moved: track.has_moved(),
        crossings,
        shots: shots(moments, most),
    }
}

/// The moments, in order of time, as shots spread over them.
fn shots(moments: Vec<Moment>, most: usize) -> Vec<Shot> {
    let (Some(first), Some(last)) = (moments.first(), moments.last()) else { return Vec::new() };
    let seconds = (last.at_ns - first.at_ns) as f64 / 1e9;
    let count = (1 + (seconds / SHOT_EVERY_S) as usize).min(most).min(moments.len());
    moments.chunks(moments.len().div_ceil(count)).map(best).collect()
}

/// The moments that are worth a look: the better half, and of these some at equal distances.
fn best(moments: &[Moment]) -> Shot {
    let mut moments = moments.to_vec();
    moments.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    moments.truncate(moments.len().div_ceil(2));
    moments.sort_by_key(|moment| moment.at_ns);
    let step = moments.len().div_ceil(MOST_MOMENTS).max(1);
    Shot { moments: moments.into_iter().step_by(step).collect() }
}

#[cfg(test)]
#[path = "persons_tests.rs"]
mod tests;
