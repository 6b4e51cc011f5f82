//! A glance at a frame: has anything changed since another one, and where? Cheaper than any network, and it knows no
//! people: what moves, moves.

use super::plane::{Tally, len, mean_3x3};
use super::small::SmallPicture;
use crate::geometry::{FrameSize, PxRect};

/// A difference counts from here on, grey levels of the small picture's 3x3 means ...
const STEP: f32 = 2.0;
/// ... and from so many standard deviations of the noise between the two frames.
const SIGMAS: f32 = 5.0;
/// So many places that differ are a change. Smaller than this nobody can be found.
const LEAST_PLACES: usize = 2;
/// Noise from which a glance tells nothing, grey levels: somebody in a dark coat may hide in it.
const BLIND: f32 = 1.0;
/// Share of the deviations that tells the noise, and how many standard deviations it spans: nearly all of the picture may
/// move.
const QUIET: (f32, f32) = (0.3, 0.385);
/// Changes are gathered in squares of so many places ...
const SQUARE: usize = 8;
/// ... and searched with so many squares around them, for networks see people in their surroundings.
const AROUND: usize = 1;
/// What one more part costs beside its area, in squares.
const PART_COST: usize = 6;

/// Brightness of a frame at a fraction of its size. Like a raw frame it cannot be copied, printed or read outside
/// `video`.
pub struct Glance {
    /// Of the whole frame.
    frame: FrameSize,
    size: FrameSize,
    /// 3x3 means of luma, 0..=255.
    means: Vec<f32>,
}

/// What has changed between two glances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Nothing but the light as a whole.
    Nothing,
    /// These parts of the frame, with what is around them; parts may overlap.
    Parts(Vec<PxRect>),
    /// It cannot be told.
    Unknown,
}

impl Glance {
    /// At a frame of size `frame`, by its small picture.
    #[must_use]
    pub fn at(picture: &SmallPicture, frame: FrameSize) -> Self {
        let [luma, ..] = &picture.planes;
        Self { frame, size: picture.size, means: mean_3x3(luma, picture.size) }
    }

    /// The same again, for another network.
    pub(in crate::video) fn duplicate(&self) -> Self {
        Self { frame: self.frame, size: self.size, means: self.means.clone() }
    }

    /// What has changed since an earlier glance.
    #[must_use]
    pub fn change_since(&self, before: &Self) -> Change {
        if self.size != before.size || self.frame != before.frame || len(self.size) == 0 {
            return Change::Unknown;
        }
        let changes = || self.means.iter().zip(&before.means).map(|(now, before)| now - before);
        let shift = self.lighter_than(before);
        let (share, sigmas) = QUIET;
        let deviations = changes().map(|change| (change - shift).abs());
        let noise = Tally::new(0.0, 64.0).quantile(deviations, share) / sigmas;
        if noise > BLIND {
            return Change::Unknown;
        }
        let least = STEP.max(SIGMAS * noise);
        let changed = changes().map(|change| (change - shift).abs() > least);
        let mut squares = Squares::new(self.size);
        let mut places = 0;
        for (at, _) in changed.enumerate().filter(|(_, changed)| *changed) {
            places += 1;
            squares.mark(at % self.size.width as usize, at / self.size.width as usize);
        }
        if places < LEAST_PLACES {
            return Change::Nothing;
        }
        Change::Parts(squares.parts().into_iter().map(|part| self.on_frame(part)).collect())
    }

    /// By how many grey levels the light as a whole has grown since an earlier glance of the same size.
    fn lighter_than(&self, before: &Self) -> f32 {
        let changes = self.means.iter().zip(&before.means).map(|(now, before)| now - before);
        Tally::new(-64.0, 64.0).quantile(changes, 0.5)
    }

    /// Takes over from a later glance what it shows within these parts of the frame, in the light of this one.
    pub fn update(&mut self, later: &Self, parts: &[PxRect]) {
        if self.size != later.size {
            return;
        }
        let shift = later.lighter_than(self);
        let width = self.size.width as usize;
        for part in parts {
            // Rounded inward: what lies half outside was not searched.
            let within = |low: u32, high: u32, small: u32, frame: u32| {
                let scale = f64::from(small) / f64::from(frame.max(1));
                let (low, high) = (f64::from(low) * scale, f64::from(high) * scale);
                low.ceil() as usize..(high + 1e-6).floor() as usize
            };
            let columns = within(part.x0, part.x1, self.size.width, self.frame.width);
            for row in within(part.y0, part.y1, self.size.height, self.frame.height) {
                let at = row * width + columns.start..row * width + columns.end.max(columns.start);
                let shown = later.means[at.clone()].iter();
                self.means[at].iter_mut().zip(shown).for_each(|(mean, later)| *mean = later - shift);
            }
        }
    }

    /// Squares as a part of the frame, rounded outward.
    fn on_frame(&self, squares: PxRect) -> PxRect {
        let along = |at: u32, small: u32, frame: u32, up: bool| {
            let place = f64::from(at * SQUARE as u32) * f64::from(frame) / f64::from(small.max(1));
            let place = if up { place.ceil() } else { place.floor() };
            (place as u32).min(frame)
        };
        let Self { frame, size, .. } = self;
        PxRect {
            x0: along(squares.x0, size.width, frame.width, false),
            y0: along(squares.y0, size.height, frame.height, false),
            x1: along(squares.x1, size.width, frame.width, true),
            y1: along(squares.y1, size.height, frame.height, true),
        }
    }
}

/// Squares of the small picture in which something changed.
struct Squares {
    columns: usize,
    rows: usize,
    marked: Vec<bool>,
}

impl Squares {
    fn new(small: FrameSize) -> Self {
        let (columns, rows) =
            ((small.width as usize).div_ceil(SQUARE), (small.height as usize).div_ceil(SQUARE));
        Self { columns, rows, marked: vec![false; columns * rows] }
    }

    fn mark(&mut self, x: usize, y: usize) {
        self.marked[y / SQUARE * self.columns + x / SQUARE] = true;
    }

    /// Rectangles of squares that hold all that is marked and what is around it, few and small.
    fn parts(mut self) -> Vec<PxRect> {
        let mut parts = Vec::new();
        for at in 0..self.marked.len() {
            if self.marked[at] {
                parts.push(self.take_patch(at));
            }
        }
        PxRect::joined(parts, PART_COST as u64)
    }

    /// The rectangle around the marked squares that touch this one, with a margin; they are no longer marked.
    fn take_patch(&mut self, first: usize) -> PxRect {
        let (mut left, mut right) = (self.columns, 0);
        let (mut top, mut bottom) = (self.rows, 0);
        let mut next = vec![first];
        self.marked[first] = false;
        while let Some(at) = next.pop() {
            let (x, y) = (at % self.columns, at / self.columns);
            (left, right, top, bottom) = (left.min(x), right.max(x), top.min(y), bottom.max(y));
            for ny in y.saturating_sub(1)..(y + 2).min(self.rows) {
                for nx in x.saturating_sub(1)..(x + 2).min(self.columns) {
                    let neighbour = ny * self.columns + nx;
                    if std::mem::take(&mut self.marked[neighbour]) {
                        next.push(neighbour);
                    }
                }
            }
        }
        PxRect {
            x0: left.saturating_sub(AROUND) as u32,
            y0: top.saturating_sub(AROUND) as u32,
            x1: (right + 1 + AROUND).min(self.columns) as u32,
            y1: (bottom + 1 + AROUND).min(self.rows) as u32,
        }
    }
}
