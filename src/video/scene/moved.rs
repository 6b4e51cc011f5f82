//! Whether the camera was turned, shifted or zoomed since its stills were made, so that privacy zones no longer lie
//! where they should: a vote of small tiles on one similarity (Fischler and Bolles 1981, random sample consensus).
//!
//! People, cars and rain move some tiles, each its own way; a camera that moved moves all of them by one rule.

use super::reference::Places;
use super::structure::{COARSE, FINE, Found, Outline, Scale, Searched, Tiles};
use crate::geometry::UnitPolygon;
use std::sync::Arc;

/// How a camera stands against its stills.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stance {
    /// As it stood when a still was made.
    Still,
    /// Otherwise.
    Moved {
        /// How far the middle of the picture moved, pixels of the frame.
        shift_px: f32,
        /// By how much it was rotated, degrees, clockwise as seen.
        degrees: f32,
        /// By how much it was enlarged: 0.03 = three per cent.
        zoom: f32,
    },
    /// Nothing can be told: too dark, another scene, no structure.
    Unknown,
}

/// A tile counts where it was found in one of so many frames: people stand before it in the others.
const PRESENT_IN: usize = 3;
/// Fewest tiles that decide anything.
const LEAST_TILES: usize = 6;
/// The tiles that agree are at least this share of all that were found.
const LEAST_SHARE: f32 = 0.25;
/// More tiles say "moved" than say "still" by this factor: both fit nearly the same where the move is small.
const MOVED_MARGIN: f32 = 1.3;
/// Shift of the picture's middle that is a move, share of the width: 12 pixels of 1920. Below, still is said.
const SHIFT: f32 = 0.006;
/// Rotation that is a move, degrees: at the edge of the picture as much as that shift.
const DEGREES: f32 = 0.8;
/// Zoom that is a move, likewise.
const ZOOM: f32 = 0.012;
/// A tile agrees with a rule that puts it within this of its place, scaled pixels.
const AGREES_PX: f32 = 1.5;
/// Pairs of tiles that are tried, and how far apart a pair has to be to tell a rotation, scaled pixels.
const DRAWS: usize = 200;
const APART_PX: f32 = 60.0;
/// Rules beyond these are chance: a camera rotated or zoomed so far has lost its tiles.
const MOST_ZOOM: f32 = 0.15;
const MOST_RADIANS: f32 = 0.2;
/// Rounds of least squares over the tiles that agree.
const ROUNDS: usize = 3;
/// Nothing is looked for so near to what is left out: share of the width. Blur and gradients reach that far.
const AROUND_LEFT_OUT: f64 = 5.0 / 480.0;

/// How the camera that took `frames` (about five, from all over a clip) stands against its `stills`. Any still that
/// says so makes it [`Stance::Still`]. `left_out`: the camera's own clock and filled zones, which move with no camera.
#[must_use]
pub fn moved(stills: &[Outline], frames: &[Outline], left_out: &[Arc<UnitPolygon>]) -> Stance {
    let fine = judge(stills, frames, left_out, &FINE);
    if fine == Stance::Unknown { judge(stills, frames, left_out, &COARSE) } else { fine }
}

fn judge(stills: &[Outline], frames: &[Outline], left_out: &[Arc<UnitPolygon>], scale: &Scale) -> Stance {
    let mut best: Option<(usize, Stance)> = None;
    for still in stills {
        let mut directions = still.directions(scale, None);
        let size = directions.size;
        directions.blank(&Places::new(size, left_out.iter(), AROUND_LEFT_OUT).skipped);
        let tiles = Tiles::of(&directions, scale);
        let alike = frames.iter().filter(|frame| frame.size.same_aspect(still.size));
        let found: Vec<Vec<Found>> = alike
            .map(|frame| tiles.find(&Searched::of(&frame.directions(scale, Some(size)), scale)))
            .collect();
        let width = size.width as f32;
        let full_width = frames.first().map_or(width, |frame| frame.full_width_px as f32);
        match verdict(&together(&found), (width, size.height as f32)) {
            (_, Stance::Still) => return Stance::Still,
            (votes, Stance::Moved { shift_px, degrees, zoom })
                if best.is_none_or(|(most, _)| votes > most) =>
            {
                let shift_px = shift_px / width * full_width;
                best = Some((votes, Stance::Moved { shift_px, degrees, zoom }));
            }
            _ => {}
        }
    }
    best.map_or(Stance::Unknown, |(_, stance)| stance)
}

/// Per tile the median of where it was found, of those found in frames enough.
fn together(frames: &[Vec<Found>]) -> Vec<Found> {
    let needed = (frames.len() / PRESENT_IN).max(1);
    let mut all: Vec<Found> = frames.iter().flatten().copied().collect();
    all.sort_by_key(|found| found.tile);
    all.chunk_by(|a, b| a.tile == b.tile)
        .filter(|same| same.len() >= needed)
        .map(|same| {
            let median = |along: fn(&Found) -> f32| {
                super::median::middle_of(&mut same.iter().map(along).collect::<Vec<_>>())
            };
            Found { by: (median(|f| f.by.0), median(|f| f.by.1)), ..same[0] }
        })
        .collect()
}

/// What the tiles say, and how many say it; the shift in scaled pixels.
fn verdict(tiles: &[Found], (width, height): (f32, f32)) -> (usize, Stance) {
    if tiles.len() < LEAST_TILES {
        return (0, Stance::Unknown);
    }
    let enough = (LEAST_SHARE * tiles.len() as f32).max(LEAST_TILES as f32);
    let still = tiles.iter().filter(|tile| tile.by.0.hypot(tile.by.1) < SHIFT * width).count();
    if let Some((rule, agreeing)) = consensus(tiles) {
        let (turn, middle) = (rule.turn, Complex(width / 2.0, height / 2.0));
        let shift_px = rule.of(middle).minus(middle).size();
        let (degrees, zoom) = (turn.angle().to_degrees(), turn.size() - 1.0);
        let far = shift_px > SHIFT * width || degrees.abs() > DEGREES || zoom.abs() > ZOOM;
        if far && agreeing as f32 >= enough && agreeing as f32 > MOVED_MARGIN * still as f32 {
            return (agreeing, Stance::Moved { shift_px, degrees, zoom });
        }
    }
    let stance = if still as f32 >= enough { Stance::Still } else { Stance::Unknown };
    (still, stance)
}

/// A point of the picture, or a rotation with zoom.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Complex(f32, f32);

impl Complex {
    fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0, self.1 + other.1)
    }

    fn minus(self, other: Self) -> Self {
        Self(self.0 - other.0, self.1 - other.1)
    }

    fn times(self, other: Self) -> Self {
        Self(self.0 * other.0 - self.1 * other.1, self.0 * other.1 + self.1 * other.0)
    }

    fn conjugate(self) -> Self {
        Self(self.0, -self.1)
    }

    fn scaled(self, by: f32) -> Self {
        Self(self.0 * by, self.1 * by)
    }

    fn size(self) -> f32 {
        self.0.hypot(self.1)
    }

    fn angle(self) -> f32 {
        self.1.atan2(self.0)
    }
}

/// A similarity: where a point of the still lies in the frame.
#[derive(Debug, Clone, Copy)]
struct Similarity {
    turn: Complex,
    shift: Complex,
}

impl Similarity {
    fn of(&self, point: Complex) -> Complex {
        self.turn.times(point).plus(self.shift)
    }
}

/// The similarity on which most tiles agree, and how many do.
fn consensus(tiles: &[Found]) -> Option<(Similarity, usize)> {
    let from: Vec<Complex> = tiles.iter().map(|tile| Complex(tile.at.0, tile.at.1)).collect();
    let to: Vec<Complex> = tiles.iter().zip(&from).map(|(t, at)| at.plus(Complex(t.by.0, t.by.1))).collect();
    let agreeing = |rule: &Similarity| -> Vec<usize> {
        let near = |i: &usize| rule.of(from[*i]).minus(to[*i]).size() < AGREES_PX;
        (0..from.len()).filter(near).collect()
    };
    let mut dice = Dice(1);
    let mut best: Vec<usize> = Vec::new();
    for _ in 0..DRAWS {
        let (i, j) = (dice.below(from.len()), dice.below(from.len()));
        let apart = from[i].minus(from[j]);
        if apart.size() < APART_PX {
            continue;
        }
        let square = apart.size().powi(2);
        let turn = to[i].minus(to[j]).times(apart.conjugate()).scaled(1.0 / square);
        if (turn.size() - 1.0).abs() > MOST_ZOOM || turn.angle().abs() > MOST_RADIANS {
            continue;
        }
        let found = agreeing(&Similarity { turn, shift: to[i].minus(turn.times(from[i])) });
        if found.len() > best.len() {
            best = found;
        }
    }
    let mut rule = None;
    for _ in 0..ROUNDS {
        // Two points fit any similarity.
        if best.len() < 3 {
            return None;
        }
        let fitted = least_squares(&best, &from, &to)?;
        best = agreeing(&fitted);
        rule = Some(fitted);
    }
    rule.filter(|_| best.len() >= 3).map(|rule| (rule, best.len()))
}

/// The similarity with the least squared error over these points; `None` where they all lie on one spot.
fn least_squares(points: &[usize], from: &[Complex], to: &[Complex]) -> Option<Similarity> {
    let mean = |of: &[Complex]| {
        let sum = points.iter().fold(Complex(0.0, 0.0), |sum, i| sum.plus(of[*i]));
        sum.scaled(1.0 / points.len() as f32)
    };
    let (middle_from, middle_to) = (mean(from), mean(to));
    let (mut product, mut square) = (Complex(0.0, 0.0), 0.0);
    for &i in points {
        let (f, t) = (from[i].minus(middle_from), to[i].minus(middle_to));
        product = product.plus(t.times(f.conjugate()));
        square += f.size().powi(2);
    }
    if square <= 0.0 {
        return None;
    }
    let turn = product.scaled(1.0 / square);
    Some(Similarity { turn, shift: middle_to.minus(turn.times(middle_from)) })
}

/// Numbers that look random and are the same in every run (splitmix64, Steele, Lea and Flood 2014).
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % count.max(1) as u64) as usize
    }
}
