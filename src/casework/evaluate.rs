//! How well people were hidden: hidden pixels held against ground truth.
//!
//! Pure: it is given, frame by frame, which pixels are hidden, and knows no picture. The definitions are those of
//! `scripts/score.py`, which measures finished clips by the colour of their pixels:
//!
//! - *head*: the top fifth of a person's box, the middle 60 % of its width; where the box is wider than tall (somebody
//!   lying, or seen from above) the worse of its two end fifths, the middle 60 % of its height. It is exposed where
//!   less than 90 % of it is hidden.
//! - *body*: the middle 70 % of the box's width, its whole height. It is exposed where less than 80 % of it is hidden.
//! - *over-masked*: the share of the frame that is hidden though it lies outside every person's box, grown by a
//!   quarter on each side, and outside the camera's zones.
//!
//! A frame that the truth names and the clip lacks counts as exposed: it proves nothing.

use super::truth::{Person, Truth};
use crate::config::Camera;
use crate::geometry::{FrameSize, PxRect, UnitPolygon};
use crate::video::mask::PixelSet;
use serde::Serialize;
use std::collections::BTreeMap;

/// Share of a head that must be hidden.
pub const HEAD_HIDDEN: f64 = 0.9;
/// Share of a body that must be hidden.
pub const BODY_HIDDEN: f64 = 0.8;
/// Heads of fewer pixels are too small to judge.
const LEAST_HEAD_PX: u64 = 4;
/// Persons whose body has fewer pixels in the picture are too small to judge, and are left out.
const LEAST_BODY_PX: u64 = 12;
/// A box this much wider than tall is somebody lying, or seen from above.
const LYING: f64 = 1.2;
/// What is hidden around a person is no over-masking within this share of the box's sides.
const GROWN: f64 = 0.25;

/// A part of a person's box in shares of it (left, top, right, bottom), as pixels: rounded to whole ones, halves to
/// the even one. It may be empty, and may stick out of the picture on the right and at the bottom.
fn part(person: &Person, [x0, y0, x1, y1]: [f64; 4]) -> PxRect {
    // Beyond `u32` lies no picture.
    let px = |edge: f64| edge.round_ties_even().clamp(0.0, f64::from(u32::MAX)) as u32;
    PxRect {
        x0: px(person.left + person.width * x0),
        y0: px(person.top + person.height * y0),
        x1: px(person.left + person.width * x1),
        y1: px(person.top + person.height * y1),
    }
}

/// Hidden and all pixels of a rectangle, as far as it lies in the picture.
fn measured(hidden: &PixelSet, area: PxRect) -> (u64, u64) {
    let FrameSize { width, height } = hidden.size();
    let side = |from: u32, to: u32, end: u32| u64::from(to.min(end).saturating_sub(from));
    (hidden.count_in(area), side(area.x0, area.x1, width) * side(area.y0, area.y1, height))
}

/// How one person fares in one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// Who and where.
    pub person: Person,
    /// Share of the head that is hidden, `0..=1`, of the worse one where there may be two; 1 where it is too small to
    /// judge.
    pub head_hidden: f64,
    /// Share of the body that is hidden, `0..=1`.
    pub body_hidden: f64,
}

impl Verdict {
    /// `None` where too little of the body lies in the picture to judge.
    pub(super) fn of(hidden: &PixelSet, person: &Person) -> Option<Self> {
        let (body, body_px) = measured(hidden, part(person, [0.15, 0.0, 0.85, 1.0]));
        if body_px < LEAST_BODY_PX {
            return None;
        }
        let heads: &[[f64; 4]] = if person.width > LYING * person.height {
            &[[0.0, 0.2, 0.2, 0.8], [0.8, 0.2, 1.0, 0.8]]
        } else {
            &[[0.2, 0.0, 0.8, 0.2]]
        };
        let shares = heads.iter().map(|head| measured(hidden, part(person, *head)));
        let shares = shares.filter(|(_, px)| *px >= LEAST_HEAD_PX).map(|(head, px)| head as f64 / px as f64);
        Some(Self {
            person: *person,
            head_hidden: shares.fold(1.0, f64::min),
            body_hidden: body as f64 / body_px as f64,
        })
    }

    /// Whether the head can be seen.
    #[must_use]
    pub fn head_exposed(&self) -> bool {
        self.head_hidden < HEAD_HIDDEN
    }

    /// Whether the body can be seen.
    #[must_use]
    pub fn body_exposed(&self) -> bool {
        self.body_hidden < BODY_HIDDEN
    }
}

/// One identity over the whole clip.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct IdentityFigures {
    /// Number in the truth.
    pub identity: i64,
    /// Frames that it is in.
    pub frames: u64,
    /// Of those, frames in which its head is exposed.
    pub heads: u64,
    /// Of those, frames in which its body is exposed.
    pub bodies: u64,
    /// Longest run of consecutive frames in which its head is exposed.
    pub longest_run: u64,
    /// Stretches of frames with its head exposed, first and last frame from 1.
    pub exposed: Vec<[u64; 2]>,
}

impl IdentityFigures {
    fn add(&mut self, frame: u64, head: bool, body: bool) {
        self.frames += 1;
        self.bodies += u64::from(body);
        if head {
            self.heads += 1;
            match self.exposed.last_mut() {
                // A run ends in a frame in which it is hidden, and in one that it is not in.
                Some(run) if run[1] + 1 == frame => run[1] = frame,
                _ => self.exposed.push([frame, frame]),
            }
            let run = self.exposed.last().map_or(0, |[from, to]| to - from + 1);
            self.longest_run = self.longest_run.max(run);
        }
    }
}

/// The figures of one clip.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Frames of the clip.
    pub frames: u64,
    /// Frames that the truth names and the clip lacks.
    pub frames_missing: u64,
    /// Persons of the truth, counted once a frame.
    pub person_frames: u64,
    /// Person-frames with an exposed head.
    pub heads: u64,
    /// Person-frames with an exposed body.
    pub bodies: u64,
    /// Share of person-frames with an exposed head.
    pub head_exposed: f64,
    /// Share of person-frames with an exposed body.
    pub body_exposed: f64,
    /// Mean share of a body that is hidden.
    pub mean_coverage: f64,
    /// Persons in the truth.
    pub identities: u64,
    /// Of those, persons whose head is exposed in at least one frame.
    pub identities_exposed: u64,
    /// Longest run of consecutive frames in which one head is exposed.
    pub longest_run: u64,
    /// Mean share of the frame that is hidden without need.
    pub overmask: f64,
    /// Each identity.
    pub by_identity: Vec<IdentityFigures>,
}

/// Collects figures as the frames pass.
#[derive(Debug)]
pub struct Scorer<'a> {
    truth: &'a Truth,
    camera: Option<&'a Camera>,
    /// The zones' pixels, once the clip's size is known.
    zones: Option<PixelSet>,
    frames: u64,
    identities: BTreeMap<i64, IdentityFigures>,
    coverage: f64,
    overmask: f64,
}

impl<'a> Scorer<'a> {
    /// Holds a clip against `truth`. What is hidden in the zones of `camera` is hidden with need.
    #[must_use]
    pub fn new(truth: &'a Truth, camera: Option<&'a Camera>) -> Self {
        let identities = BTreeMap::new();
        Self { truth, camera, zones: None, frames: 0, identities, coverage: 0.0, overmask: 0.0 }
    }

    /// Takes the next frame: which of its pixels are hidden. Gives back how each person in it fares.
    pub fn frame(&mut self, hidden: &PixelSet) -> Vec<Verdict> {
        self.frames += 1;
        let size = hidden.size();
        let camera = self.camera;
        let zones = self.zones.get_or_insert_with(|| zone_pixels(camera, size));
        let mut allowed = zones.clone();
        let persons = self.truth.of(self.frames);
        for person in persons {
            allowed.insert(part(person, [-GROWN, -GROWN, 1.0 + GROWN, 1.0 + GROWN]));
        }
        self.overmask += hidden.count_without(&allowed) as f64 / size.area_px() as f64;
        let verdicts: Vec<_> = persons.iter().filter_map(|person| Verdict::of(hidden, person)).collect();
        for verdict in &verdicts {
            self.coverage += verdict.body_hidden;
            let (head, body) = (verdict.head_exposed(), verdict.body_exposed());
            self.add(self.frames, verdict.person.identity, head, body);
        }
        verdicts
    }

    fn add(&mut self, frame: u64, identity: i64, head: bool, body: bool) {
        let new = || IdentityFigures { identity, ..IdentityFigures::default() };
        self.identities.entry(identity).or_insert_with(new).add(frame, head, body);
    }

    /// The figures, once all frames have passed.
    #[must_use]
    pub fn finish(mut self) -> Figures {
        let truth = self.truth;
        let lacking = || truth.frames.range(self.frames + 1..);
        let (frames_missing, last) =
            (lacking().count() as u64, lacking().next_back().map(|(frame, _)| *frame));
        for (frame, persons) in truth.frames.range(self.frames + 1..) {
            persons.iter().for_each(|person| self.add(*frame, person.identity, true, true));
        }
        let sum = |count: fn(&IdentityFigures) -> u64| self.identities.values().map(count).sum::<u64>();
        let (person_frames, heads, bodies) = (sum(|i| i.frames), sum(|i| i.heads), sum(|i| i.bodies));
        let longest = self.identities.values().map(|i| i.longest_run).max().unwrap_or(0);
        let share = |part: f64, of: u64| if of == 0 { 0.0 } else { part / of as f64 };
        Figures {
            frames: self.frames,
            frames_missing,
            person_frames,
            heads,
            bodies,
            head_exposed: share(heads as f64, person_frames),
            body_exposed: share(bodies as f64, person_frames),
            mean_coverage: share(self.coverage, person_frames),
            identities: self.identities.len() as u64,
            identities_exposed: self.identities.values().filter(|i| i.heads > 0).count() as u64,
            // Nobody can say when an exposed run would have ended in frames that are not there.
            longest_run: last.map_or(longest, |last| longest.max(last - self.frames)),
            overmask: share(self.overmask, self.frames),
            by_identity: self.identities.into_values().collect(),
        }
    }
}

/// The pixels whose centre lies in a zone.
fn zone_pixels(camera: Option<&Camera>, size: FrameSize) -> PixelSet {
    let mut pixels = PixelSet::none(size);
    for zone in camera.into_iter().flat_map(|camera| &camera.zones) {
        insert_centres(&mut pixels, &zone.polygon);
    }
    pixels
}

/// Adds the pixels whose centre lies in a polygon (even-odd rule).
fn insert_centres(pixels: &mut PixelSet, polygon: &UnitPolygon) {
    let FrameSize { width, height } = pixels.size();
    let corners: Vec<(f64, f64)> =
        polygon.points().iter().map(|p| (p.x * f64::from(width), p.y * f64::from(height))).collect();
    let sides = || corners.iter().zip(corners.iter().cycle().skip(1));
    for row in 0..height {
        let y = f64::from(row) + 0.5;
        let crossed = sides().filter(|(a, b)| (a.1 > y) != (b.1 > y));
        let mut crossings: Vec<f64> =
            crossed.map(|(a, b)| a.0 + (b.0 - a.0) * (y - a.1) / (b.1 - a.1)).collect();
        crossings.sort_unstable_by(f64::total_cmp);
        // A centre left of a crossing is on the other side of it than one right of it or on it.
        let first = |x: f64| (x - 0.5).ceil().clamp(0.0, f64::from(width)) as u32;
        for pair in crossings.chunks_exact(2) {
            pixels.insert_run(row, first(pair[0])..first(pair[1]));
        }
    }
}

#[cfg(test)]
#[path = "evaluate_tests.rs"]
mod tests;
