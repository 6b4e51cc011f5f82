//! What of a picture stays when the light changes: the directions of its edges, and where small tiles of a still
//! are found again in a frame.
//!
//! Directions without sign (a doubled angle): night and infrared turn bright into dark, but a door frame stays
//! upright. Their strength is measured against the surroundings, so that a lit window counts no more than a wall.

use super::plane::{area, enlarged, len, mirrored, scaled};
use super::small::{SmallPicture, small_size};
use crate::geometry::FrameSize;
use crate::video::frame::RawFrame;

/// The luma of a frame or still at the size at which its structure is looked at. It shows people: like a raw frame
/// it cannot be copied, printed or read outside `video`.
pub struct Outline {
    /// Width of the picture itself, pixels.
    pub(super) full_width_px: u32,
    pub(super) size: FrameSize,
    luma: Vec<f32>,
}

/// How finely a picture is looked at. Lengths in pixels of the scaled picture.
pub(super) struct Scale {
    /// Its width.
    pub(super) width: u32,
    /// Side of a tile.
    pub(super) tile: usize,
    /// From one tile to the next: they overlap, so that no edge is lost between two.
    pub(super) step: usize,
    /// How far around its place a tile is looked for.
    pub(super) reach: usize,
}

/// Three per cent of the width each way, to a tenth of a pixel: a camera that was knocked.
pub(super) const FINE: Scale = Scale { width: 480, tile: 48, step: 36, reach: 16 };
/// A fifth of the width: a camera that was turned.
pub(super) const COARSE: Scale = Scale { width: 160, tile: 40, step: 20, reach: 32 };

/// Tiles with less structure than this (mean strength, `0..1`) would match anywhere.
const LEAST_STRENGTH: f32 = 0.25;
/// A match below this correlation is none.
const LEAST_PEAK: f32 = 0.25;
/// A match counts where it is this many times as good as the next best one: a brick wall matches itself everywhere.
const LEAST_MARGIN: f32 = 1.15;
/// The next best match lies farther than this from the best, pixels: nearer it is the same.
const SAME_PEAK: usize = 4;
/// Side of the surroundings that an edge's strength is measured against, to each side, pixels.
const SURROUNDINGS: usize = 15;
/// Mean gradient below which surroundings count as if they had it, grey levels a pixel: noise on a plain wall.
const NOISE_GRADIENT: f32 = 1.0;

impl Outline {
    /// Of a frame.
    #[must_use]
    pub fn of(frame: &RawFrame) -> Self {
        let luma = frame.luma();
        let at = |width| area::<1>(luma.data, luma.stride, frame.size(), small_size(frame.size(), width));
        Self::at_scale(frame.size(), at)
    }

    /// Of a still of 8-bit RGB rows without padding.
    #[must_use]
    pub fn of_rgb(rgb: &[u8], size: FrameSize) -> Self {
        Self::at_scale(size, |width| {
            let [luma, ..] = SmallPicture::of_rgb(rgb, size, width).planes;
            [luma]
        })
    }

    /// Scaled down by area, or where the picture is small enlarged.
    fn at_scale(full: FrameSize, at: impl Fn(u32) -> [Vec<f32>; 1]) -> Self {
        let full = FrameSize { width: full.width.max(1), height: full.height.max(1) };
        let size = small_size(full, FINE.width);
        let [luma] = at(FINE.width.min(full.width));
        let luma = if full.width < FINE.width { enlarged(&luma, full, size) } else { luma };
        Self { full_width_px: full.width, size, luma }
    }

    /// The directions of its edges at a scale; `size` where it has to be that of another picture.
    pub(super) fn directions(&self, scale: &Scale, size: Option<FrameSize>) -> Directions {
        let size = size.unwrap_or_else(|| small_size(self.size, scale.width));
        Directions::of(&scaled(&self.luma, self.size, size), size)
    }
}

/// Per pixel the direction of the edge there, as a doubled angle, times its strength: a complex number.
pub(super) struct Directions {
    pub(super) size: FrameSize,
    re: Vec<f32>,
    im: Vec<f32>,
}

impl Directions {
    fn of(luma: &[f32], size: FrameSize) -> Self {
        // A Gaussian of one pixel, to four of them.
        let bell: Vec<f32> = (-4..=4).map(|x: i32| (-0.5 * (x * x) as f32).exp()).collect();
        let total: f32 = bell.iter().sum();
        let bell: Vec<f32> = bell.iter().map(|v| v / total).collect();
        let smooth = convolved(luma, size, &bell, &bell);
        // Sobel's operator, as a gradient per pixel.
        let (across, along) = ([-0.5, 0.0, 0.5], [0.25, 0.5, 0.25]);
        let gx = convolved(&smooth, size, &across, &along);
        let gy = convolved(&smooth, size, &along, &across);
        let strength: Vec<f32> = gx.iter().zip(&gy).map(|(x, y)| x.hypot(*y)).collect();
        let flat = [1.0 / (2 * SURROUNDINGS + 1) as f32; 2 * SURROUNDINGS + 1];
        let around = convolved(&strength, size, &flat, &flat);
        let doubled = |((x, y), (g, around)): ((&f32, &f32), (&f32, &f32))| {
            let weight = g / (g + around.max(NOISE_GRADIENT)) / (g * g).max(1e-12);
            ((x * x - y * y) * weight, 2.0 * x * y * weight)
        };
        let (re, im) = gx.iter().zip(&gy).zip(strength.iter().zip(&around)).map(doubled).unzip();
        Self { size, re, im }
    }

    /// Nothing is looked for in these pixels.
    pub(super) fn blank(&mut self, skipped: &[bool]) {
        for ((re, im), skip) in self.re.iter_mut().zip(&mut self.im).zip(skipped) {
            if *skip {
                (*re, *im) = (0.0, 0.0);
            }
        }
    }
}

/// Rows and columns convolved with a kernel each, mirrored at the edges.
fn convolved(plane: &[f32], size: FrameSize, across: &[f32], down: &[f32]) -> Vec<f32> {
    let (width, height) = (size.width as usize, size.height as usize);
    let mut rows = vec![0.0f32; len(size)];
    let reach = (across.len() / 2) as isize;
    let mut padded = vec![0.0f32; width + across.len() - 1];
    for (from, to) in plane.chunks_exact(width).zip(rows.chunks_exact_mut(width)) {
        for (x, v) in padded.iter_mut().enumerate() {
            *v = from[mirrored(x as isize - reach, width)];
        }
        for (k, weight) in across.iter().enumerate() {
            to.iter_mut().zip(&padded[k..]).for_each(|(to, v)| *to += weight * v);
        }
    }
    let mut out = vec![0.0f32; len(size)];
    let reach = (down.len() / 2) as isize;
    for (y, to) in out.chunks_exact_mut(width).enumerate() {
        for (k, weight) in down.iter().enumerate() {
            let row = mirrored(y as isize + k as isize - reach, height);
            to.iter_mut().zip(&rows[row * width..][..width]).for_each(|(to, v)| *to += weight * v);
        }
    }
    out
}

/// A tile of a still, found again in a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    /// Which tile.
    pub(super) tile: usize,
    /// The tile's centre in the still, scaled pixels.
    pub(super) at: (f32, f32),
    /// How far it moved, scaled pixels.
    pub(super) by: (f32, f32),
}

/// A still cut into tiles that have structure.
pub(super) struct Tiles {
    tiles: Vec<Tile>,
    side: usize,
    reach: usize,
}

struct Tile {
    x: usize,
    y: usize,
    /// Directions under a Hann window, rows of the tile.
    re: Vec<f32>,
    im: Vec<f32>,
    /// Sum of their squares, each under the window once.
    power: f32,
}

/// A Hann window: what enters a tile at its edge must not jump.
fn hann(side: usize) -> Vec<f32> {
    let turn = std::f32::consts::TAU / (side - 1) as f32;
    (0..side).map(|n| 0.5 - 0.5 * (turn * n as f32).cos()).collect()
}

impl Tiles {
    pub(super) fn of(still: &Directions, scale: &Scale) -> Self {
        let (width, height) = (still.size.width as usize, still.size.height as usize);
        let side = scale.tile;
        let window = hann(side);
        let total = window.iter().sum::<f32>().powi(2);
        let mut tiles = Vec::new();
        let starts = |length: usize| (0..(length + 1).saturating_sub(side)).step_by(scale.step);
        for y in starts(height) {
            for x in starts(width) {
                let mut tile = Tile { x, y, re: Vec::new(), im: Vec::new(), power: 0.0 };
                let mut strength = 0.0;
                for (j, wy) in window.iter().enumerate() {
                    for (i, wx) in window.iter().enumerate() {
                        let at = (y + j) * width + x + i;
                        let (re, im, weight) = (still.re[at], still.im[at], wx * wy);
                        strength += re.hypot(im) * weight;
                        tile.power += (re * re + im * im) * weight;
                        tile.re.push(re * weight);
                        tile.im.push(im * weight);
                    }
                }
                if strength / total >= LEAST_STRENGTH {
                    tiles.push(tile);
                }
            }
        }
        Self { tiles, side, reach: scale.reach }
    }

    /// The tiles that are found in the frame beyond doubt.
    pub(super) fn find(&self, frame: &Searched) -> Vec<Found> {
        let find = |(number, tile): (usize, &Tile)| {
            let (dx, dy) = match self.reach {
                reach if reach == FINE.reach => self.best::<{ lanes(FINE.reach) }>(tile, frame),
                _ => self.best::<{ lanes(COARSE.reach) }>(tile, frame),
            }?;
            let half = self.side as f32 / 2.0;
            Some(Found { tile: number, at: (tile.x as f32 + half, tile.y as f32 + half), by: (dx, dy) })
        };
        self.tiles.iter().enumerate().filter_map(find).collect()
    }

    /// Where a tile fits best, to a fraction of a pixel; `None` in doubt. `L` columns are summed side by side, as
    /// many as there are places and a few for the sake of the processor's registers.
    fn best<const L: usize>(&self, tile: &Tile, frame: &Searched) -> Option<(f32, f32)> {
        let (side, places) = (self.side, 2 * self.reach + 1);
        let mut fits = Vec::with_capacity(places * places);
        for down in 0..places {
            let mut sums = [0.0f32; L];
            for j in 0..side {
                let start = (tile.y + down + j) * frame.stride + tile.x;
                let (re, im) = (&frame.re[start..][..side + L], &frame.im[start..][..side + L]);
                for i in 0..side {
                    let (tile_re, tile_im) = (tile.re[j * side + i], tile.im[j * side + i]);
                    let (re, im) = (&re[i..i + L], &im[i..i + L]);
                    for ((sum, re), im) in sums.iter_mut().zip(re).zip(im) {
                        *sum += tile_re * re + tile_im * im;
                    }
                }
            }
            let power = &frame.power[(tile.y + down) * frame.stride + tile.x..];
            let fit = |(sum, power): (&f32, &f32)| sum / (power * tile.power).max(1e-9).sqrt();
            fits.extend(sums[..places].iter().zip(power).map(fit));
        }
        peak(&fits, places, self.reach)
    }
}

/// Sums side by side for a reach: the places, rounded up to the width of a vector.
const fn lanes(reach: usize) -> usize {
    (2 * reach + 1).next_multiple_of(4)
}

/// The place of the one clear peak in a square of fits, as a shift from its middle.
fn peak(fits: &[f32], places: usize, reach: usize) -> Option<(f32, f32)> {
    let (at, &best) = fits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
    let (x, y) = (at % places, at / places);
    let rim = |v: usize| v == 0 || v + 1 == places;
    if best < LEAST_PEAK || rim(x) || rim(y) {
        return None;
    }
    let apart = |n: usize| (n % places).abs_diff(x) > SAME_PEAK || (n / places).abs_diff(y) > SAME_PEAK;
    let others = fits.iter().enumerate().filter(|(n, _)| apart(*n)).map(|(_, v)| *v);
    // Where everything else is next to nothing, that is no reason to believe a weak peak.
    let second = others.fold(0.05, f32::max);
    if best < LEAST_MARGIN * second {
        return None;
    }
    // The tip of the parabola through the peak and its two neighbours.
    let tip = |step: usize| {
        let (before, after) = (fits[at - step], fits[at + step]);
        0.5 * (after - before) / (2.0 * best - before - after).max(1e-6)
    };
    let middle = reach as f32;
    Some((x as f32 - middle + tip(1), y as f32 - middle + tip(places)))
}

/// A frame's directions with room around them, and what normalises correlations.
pub(super) struct Searched {
    stride: usize,
    re: Vec<f32>,
    im: Vec<f32>,
    /// Per place of a tile's top left corner: the sum of squares under its window.
    power: Vec<f32>,
}

impl Searched {
    pub(super) fn of(frame: &Directions, scale: &Scale) -> Self {
        let (width, height) = (frame.size.width as usize, frame.size.height as usize);
        let reach = scale.reach;
        let stride = width + 2 * reach + lanes(reach);
        let rows = height + 2 * reach + 1;
        let (mut re, mut im) = (vec![0.0f32; stride * rows], vec![0.0f32; stride * rows]);
        for y in 0..height {
            let to = (y + reach) * stride + reach;
            re[to..to + width].copy_from_slice(&frame.re[y * width..][..width]);
            im[to..to + width].copy_from_slice(&frame.im[y * width..][..width]);
        }
        let window = hann(scale.tile);
        let squares: Vec<f32> = re.iter().zip(&im).map(|(re, im)| re * re + im * im).collect();
        let mut across = vec![0.0f32; squares.len()];
        for (k, weight) in window.iter().enumerate() {
            across.iter_mut().zip(&squares[k..]).for_each(|(sum, v)| *sum += weight * v);
        }
        let mut power = vec![0.0f32; squares.len()];
        for (k, weight) in window.iter().enumerate() {
            let from = &across[(k * stride).min(across.len())..];
            power.iter_mut().zip(from).for_each(|(sum, v)| *sum += weight * v);
        }
        Self { stride, re, im, power }
    }
}
