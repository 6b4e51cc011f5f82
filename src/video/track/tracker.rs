//! The tracker: frames go in one after another, tracks and their boxes come out.

use super::association::{Loose, associate};
use super::path::{Origin, Sighting, Track, moved, seconds};
use crate::config::TrackSettings;
use crate::geometry::{BoxPx, FrameSize};
use crate::video::plan::{Detection, Target};
use serde::Serialize;
use std::collections::VecDeque;

/// A track's box in one frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TrackedBox {
    /// Number of the track.
    pub track: u32,
    /// What it is.
    pub target: Target,
    /// Where its mask must reach, frame space; smoothed outward, so never smaller than where it was seen.
    pub area: BoxPx,
    /// Where it is at this very moment, before that.
    pub core: BoxPx,
    /// Confidence of the sighting nearest in time, `0..=1`.
    pub score: f32,
    /// How it is known.
    pub origin: Origin,
    /// Whether the track ever went anywhere.
    pub moved: bool,
    /// Whether every sighting of it is a thing that the detector takes for a person on the empty scene too.
    pub furniture: bool,
}

/// Makes tracks of detections.
#[derive(Debug)]
pub struct Tracker {
    settings: TrackSettings,
    /// Tracks that a detection may still continue.
    live: Vec<Track>,
    /// The others.
    ended: Vec<Track>,
    next_id: u32,
    /// Frames searched within the latest second.
    searched: VecDeque<u64>,
}

impl Tracker {
    /// A tracker that has seen nothing.
    #[must_use]
    pub fn new(settings: TrackSettings) -> Self {
        Self { settings, live: Vec::new(), ended: Vec::new(), next_id: 1, searched: VecDeque::new() }
    }

    /// Takes what was seen in the frame of `size` shown at `at_ns`, which must be later than the one before. Weak
    /// detections may continue a track and are otherwise left; every other one is in a track afterwards.
    ///
    /// `is_furniture` tells what the detector takes for a person on the empty scene too, where nothing differs from
    /// that scene: it makes tracks of its own, so that nobody's track goes over to a chair.
    pub fn push(
        &mut self,
        at_ns: u64,
        size: FrameSize,
        detections: &[Detection],
        is_furniture: &dyn Fn(&Detection) -> bool,
    ) {
        let settings = self.settings.clone();
        let lost = |track: &Track| seconds(track.last().at_ns, at_ns) > track.memory_s(&settings);
        let (ended, live) = std::mem::take(&mut self.live).into_iter().partition(lost);
        self.live = live;
        let mut ended: Vec<Track> = ended;
        self.ended.append(&mut ended);
        let loose = |d: &Detection| Loose {
            target: d.target,
            furniture: is_furniture(d),
            sighting: Sighting::of(d, at_ns, size, &settings),
        };
        let (weak, good): (Vec<Loose>, Vec<Loose>) =
            detections.iter().map(loose).partition(|l| l.sighting.weak);
        let (furniture, good): (Vec<Loose>, Vec<Loose>) = good.into_iter().partition(|l| l.furniture);
        self.searched.push_back(at_ns);
        while self.searched.front().is_some_and(|&first| seconds(first, at_ns) > 1.0) {
            self.searched.pop_front();
        }
        let share = (settings.sure_share * self.searched.len() as f32).ceil() as usize;
        let needed = share.max(settings.sure_sightings as usize);
        let mut taken = vec![false; self.live.len()];
        let mut new = associate(&mut self.live, &mut taken, good, false, needed, &settings);
        new.extend(associate(&mut self.live, &mut taken, furniture, false, needed, &settings));
        associate(&mut self.live, &mut taken, weak, true, needed, &settings);
        for Loose { target, furniture, sighting } in new {
            self.live.push(Track::new(self.next_id, target, sighting, furniture, &settings));
            self.next_id += 1;
        }
    }

    /// Where every track is at a moment, by all that was pushed so far, later frames included: a frame that waits
    /// for what comes after it is masked by that too.
    #[must_use]
    pub fn at(&self, at_ns: u64) -> Vec<TrackedBox> {
        boxes_at(self.live.iter().chain(&self.ended), at_ns, &self.settings)
    }

    /// Lets go of tracks that can have no box at or after this moment, and gives them back.
    pub fn forget_before(&mut self, at_ns: u64) -> Vec<Track> {
        let settings = &self.settings;
        let over =
            |track: &Track| seconds(track.last().at_ns, at_ns) > track.reach_s(settings) + settings.smooth_s;
        let (over, near) = std::mem::take(&mut self.ended).into_iter().partition(over);
        self.ended = near;
        over
    }

    /// All tracks, in order of appearance.
    #[must_use]
    pub fn into_tracks(mut self) -> Vec<Track> {
        self.ended.append(&mut self.live);
        self.ended.sort_by_key(|track| track.id);
        self.ended
    }
}

/// Where tracks are at a moment.
pub(in crate::video) fn boxes_at<'a>(
    tracks: impl Iterator<Item = &'a Track>,
    at_ns: u64,
    settings: &TrackSettings,
) -> Vec<TrackedBox> {
    let smooth_ns = (settings.smooth_s * 1e9) as u64;
    let around = [at_ns.saturating_sub(smooth_ns), at_ns + smooth_ns];
    tracks
        .filter_map(|track| {
            let now = track.at(at_ns, settings);
            // Outward only: the hull with what it was a moment ago and will be in a moment, carried here, so that a
            // box that trembles does not let an edge out, and one that was just lost does not end with a step.
            let drift = track.drift(at_ns, settings);
            let here = |area: BoxPx, ns: u64| moved(&area, drift, seconds(ns, at_ns));
            let near = around.iter().filter_map(|&ns| track.at(ns, settings).map(|(a, o)| (here(a, ns), o)));
            let (area, origin) = near.fold(now, |hulled: Option<(BoxPx, Origin)>, (area, origin)| {
                Some(match hulled {
                    Some((all, first)) => (all.hull(&area), first),
                    None => (area, origin),
                })
            })?;
            let sightings = track.sightings();
            let [from, to] = around;
            let first = sightings.partition_point(|s| s.at_ns < from);
            let between = sightings[first..].iter().take_while(|s| s.at_ns <= to);
            let area = between.fold(area, |all, s| all.hull(&here(s.area, s.at_ns)));
            let next = sightings.partition_point(|s| s.at_ns < at_ns);
            let beside = &sightings[next.saturating_sub(1)..sightings.len().min(next + 1)];
            let nearest = beside.iter().min_by_key(|s| s.at_ns.abs_diff(at_ns));
            let score = nearest.map_or(0.0, |s| s.score);
            Some(TrackedBox {
                track: track.id,
                target: track.target,
                area,
                core: now.map_or(area, |(core, _)| core),
                score,
                origin,
                moved: track.has_moved(),
                furniture: track.is_furniture(),
            })
        })
        .collect()
}

#[cfg(test)]
#[path = "track_tests.rs"]
mod tests;
