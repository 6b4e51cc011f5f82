//! The few grey values that `blur` and `pixelate` paint: frost that shows nothing of what is behind it.
//!
//! A mask's bounding box is divided into 5x5 cells (4x4 for a head, and for what staff corrected), whatever its size and
//! shape, so that the pattern does not tell them; the edges of flat cells are drawn by lot around their places. A cell's grey is drawn: a hash of when the pattern was drawn, where the mask was then, and
//! which cell it is. No pixel under a mask is read. Cells used to hold levelled means of what they hid; eight of them
//! were enough to tell people apart more than twice as often as by guessing (`benches/irrecoverable.rs`,
//! `docs/decisions.md`).

use super::raster::Region;
use crate::config::MaskSettings;
use crate::geometry::PxRect;
use crate::video::plan::MaskKind;

/// Most cells of a `blur` or `pixelate` mask.
pub const MOST_CELLS: usize = SIDE * SIDE;
/// The same for a mask over a head, and for a correction.
pub const MOST_HEAD_CELLS: usize = HEAD_SIDE * HEAD_SIDE;

const SIDE: usize = 5;
const HEAD_SIDE: usize = 4;

/// Mean luma of every mask: mid grey.
pub(super) const MEAN: u8 = 128;
/// Farthest that a cell's luma lies from the mean: enough to look like frosted glass, legal in limited range.
pub(super) const SPAN: u8 = 28;
/// Farthest that the edge between two flat cells lies from its place, as a share of a cell.
const ASTRAY: f64 = 0.3;

/// One side of a mask's bounding box, divided into cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Axis {
    /// Number of cells, at least 1.
    pub(super) cells: usize,
    /// Cell `i` holds the pixels `edges[i]..edges[i + 1]` ...
    pub(super) edges: [u32; SIDE + 1],
    /// ... but for this share of its first pixel, in 256ths, which belongs to the cell before.
    shares: [u8; SIDE],
    /// The pixel at which a smoothed cell has its own value; strictly ascending.
    pub(super) centres: [u32; SIDE],
}

impl Axis {
    /// Divides the pixels `from..to` into at most `most` cells of at least `least_px`; one cell if they are fewer.
    fn new(from: u32, to: u32, most: usize, least_px: u32) -> Self {
        let len = to - from;
        let cells = most.min((len / least_px.max(1)) as usize).clamp(1, SIDE);
        let part = |numerator: usize, denominator: usize| {
            from + (numerator as u64 * u64::from(len) / denominator as u64) as u32
        };
        let mut axis = Self { cells, edges: [to; SIDE + 1], shares: [0; SIDE], centres: [to; SIDE] };
        for i in 0..cells {
            axis.edges[i] = part(i, cells);
            axis.centres[i] = part(2 * i + 1, 2 * cells);
        }
        axis
    }

    /// The same with the edges between cells drawn by lot around their places: even ones would tell a mask's size by how
    /// they fall on pixels.
    fn drawn(mut self, seed: u64) -> Self {
        let (from, to) = (self.edges[0], self.edges[self.cells]);
        let cell = 256.0 * f64::from(to - from) / self.cells as f64;
        for i in 1..self.cells {
            let lot = (mixed(seed ^ i as u64) >> 11) as f64 / (1u64 << 53) as f64 - 0.5;
            let at = (cell * (i as f64 + 2.0 * ASTRAY * lot)) as u32;
            (self.edges[i], self.shares[i]) = (from + (at >> 8), (at & 255) as u8);
        }
        self
    }

    /// The value of the first pixel of cell `i`, of which a share may belong to the cell before.
    fn mixed(&self, i: usize, before: u8, own: u8) -> u8 {
        let share = u32::from(self.shares[i]);
        ((u32::from(before) * share + u32::from(own) * (256 - share) + 128) / 256) as u8
    }

    /// The cell that holds a pixel; the first or last one for pixels beyond.
    fn cell(&self, at: u32) -> usize {
        self.edges[1..self.cells].iter().take_while(|&&edge| edge <= at).count()
    }

    /// The two cells that a pixel lies between, and how far it is on the way to the second, in 256ths.
    fn between(&self, at: u32) -> (usize, usize, i32) {
        let next = self.centres[..self.cells].iter().take_while(|&&centre| centre <= at).count();
        if next == 0 || next == self.cells {
            let only = next.saturating_sub(1);
            return (only, only, 0);
        }
        let (from, to) = (self.centres[next - 1], self.centres[next]);
        (next - 1, next, (256 * (at - from) / (to - from)) as i32)
    }
}

/// How a mask is divided into cells: a function of its shape and kind, never of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    pub(super) x: Axis,
    pub(super) y: Axis,
}

impl Grid {
    /// The cells of a region.
    pub(super) fn new(region: &Region, kind: MaskKind, settings: &MaskSettings) -> Self {
        let bounds = region.bounds;
        // Nobody knows how close whoever is under a correction stands.
        let close = matches!(kind, MaskKind::Head | MaskKind::Correction);
        let most = if close { HEAD_SIDE } else { SIDE };
        Self {
            x: Axis::new(bounds.x0, bounds.x1, most, settings.min_cell_px),
            y: Axis::new(bounds.y0, bounds.y1, most, settings.min_cell_px),
        }
    }

    /// The same with the edges of flat cells drawn by lot.
    fn drawn(self, seed: u64) -> Self {
        Self { x: self.x.drawn(mixed(seed ^ 0x78)), y: self.y.drawn(mixed(seed ^ 0x79)) }
    }

    /// Number of cells.
    pub(super) fn cells(&self) -> usize {
        self.x.cells * self.y.cells
    }
}

/// The grey values of one mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cells {
    seed: u64,
    grid: Grid,
    /// Row by row.
    values: [u8; MOST_CELLS],
}

impl Cells {
    /// Draws the values of a mask that is seen at `bounds` in the frame shown at `at_ns`.
    pub(super) fn drawn(grid: Grid, at_ns: u64, bounds: &PxRect) -> Self {
        let place = [bounds.x0, bounds.y0, bounds.x1, bounds.y1].map(u64::from);
        let seed = place.into_iter().fold(mixed(at_ns), |seed, edge| mixed(seed ^ edge));
        let span = u64::from(SPAN);
        let value = |cell: u64| (u64::from(MEAN) - span + mixed(seed ^ cell) % (2 * span + 1)) as u8;
        let mut values = [MEAN; MOST_CELLS];
        values[..grid.cells()].iter_mut().zip(0..).for_each(|(grey, cell)| *grey = value(cell));
        Self { seed, grid: grid.drawn(seed), values }
    }

    /// The same values over another grid, each cell with that of the one that lies in its place.
    pub(super) fn over(&self, grid: Grid) -> Self {
        let mut values = self.values;
        let place = |i: usize, of: usize, held: usize| i * held / of;
        for row in 0..grid.y.cells {
            let held_row = place(row, grid.y.cells, self.grid.y.cells);
            for column in 0..grid.x.cells {
                let held = held_row * self.grid.x.cells + place(column, grid.x.cells, self.grid.x.cells);
                values[row * grid.x.cells + column] = self.values[held];
            }
        }
        Self { seed: self.seed, grid: grid.drawn(self.seed), values }
    }

    /// The values of the row of cells that a luma row lies in; where it lies in two, each by its share.
    pub(super) fn flat_row(&self, y: u32) -> [u8; SIDE] {
        let (across, row) = (self.grid.x.cells, self.grid.y.cell(y));
        let mut values = [MEAN; SIDE];
        values[..across].copy_from_slice(&self.values[row * across..][..across]);
        if row > 0 && self.grid.y.edges[row] == y {
            let above = &self.values[(row - 1) * across..][..across];
            values
                .iter_mut()
                .zip(above)
                .for_each(|(here, above)| *here = self.grid.y.mixed(row, *above, *here));
        }
        values
    }

    /// Writes flat cells into the columns `columns` of a luma row; `line` starts at column 0. A pixel that lies in two
    /// cells has a share of both: whole pixels alone would tell the mask's size by the cells' uneven widths.
    pub(super) fn paint_flat(&self, row: &[u8; SIDE], columns: std::ops::Range<usize>, line: &mut [u8]) {
        for (i, &value) in row[..self.grid.x.cells].iter().enumerate() {
            let edge = self.grid.x.edges[i] as usize;
            let from = edge.max(columns.start);
            let to = (self.grid.x.edges[i + 1] as usize).min(columns.end);
            if from < to {
                line[from..to].fill(value);
                if i > 0 && from == edge {
                    line[edge] = self.grid.x.mixed(i, row[i - 1], value);
                }
            }
        }
    }

    /// The values of the cells' columns at a luma row, smoothed downward, in 256ths of a luma step.
    pub(super) fn smooth_row(&self, y: u32) -> [i32; SIDE] {
        let (upper, lower, way) = self.grid.y.between(y);
        let across = self.grid.x.cells;
        let mut row = [0; SIDE];
        for (i, value) in row[..across].iter_mut().enumerate() {
            let (a, b) = (self.values[upper * across + i], self.values[lower * across + i]);
            *value = i32::from(a) * (256 - way) + i32::from(b) * way;
        }
        row
    }

    /// Writes smoothed cells into the columns `columns` of a luma row; `line` starts at column 0.
    pub(super) fn paint_smooth(&self, row: &[i32; SIDE], columns: std::ops::Range<usize>, line: &mut [u8]) {
        let last = self.grid.x.cells - 1;
        for i in 0..=self.grid.x.cells {
            // From the centre of cell i - 1 to the centre of cell i; beyond the outermost ones the value stands.
            let left = if i == 0 { columns.start } else { self.grid.x.centres[i - 1] as usize };
            let right = if i > last { columns.end } else { self.grid.x.centres[i] as usize };
            let (from, to) = (left.max(columns.start), right.min(columns.end));
            if from >= to {
                continue;
            }
            let (a, b) = (row[i.saturating_sub(1)], row[i.min(last)]);
            // 65536ths of a luma step; the slope is cut towards zero, so no value leaves the range of a and b.
            let slope = if a == b { 0 } else { (b - a) * 256 / (right - left) as i32 };
            let start = a * 256 + slope * (from - left) as i32 + 0x8000;
            for (sample, k) in line[from..to].iter_mut().zip(0i32..) {
                *sample = ((start + slope * k) >> 16) as u8;
            }
        }
    }
}

/// SplitMix64's next number (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
fn mixed(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{FrameSize, PxRect};

    /// How far an edge between cells of 100 pixels may lie from its place.
    const ASTRAY_PX: u8 = 30;

    fn grid(width: u32, height: u32, kind: MaskKind, min_cell_px: u32) -> (usize, usize) {
        let frame = FrameSize { width: 2000, height: 2000 };
        let rect = PxRect { x0: 20, y0: 40, x1: 20 + width, y1: 40 + height };
        let region = Region::rect(rect, frame).expect("inside the frame");
        let grid = Grid::new(&region, kind, &MaskSettings { min_cell_px, ..MaskSettings::default() });
        (grid.x.cells, grid.y.cells)
    }

    #[test]
    fn a_pattern_tells_neither_size_nor_shape() {
        let default = MaskSettings::default().min_cell_px;
        for (width, height) in [(300, 900), (900, 300), (40, 100), (14, 22)] {
            assert_eq!(grid(width, height, MaskKind::Person, default), (5, 5), "{width}x{height}");
            assert_eq!(grid(width, height, MaskKind::Head, default), (4, 4), "{width}x{height}");
        }
        assert_eq!(grid(20, 50, MaskKind::Person, 8), (2, 5));
        assert_eq!(grid(2, 6, MaskKind::Person, 8), (1, 1));
        assert_eq!(grid(2, 6, MaskKind::Person, 0), (2, 5));
    }

    #[test]
    fn edges_are_drawn_around_their_places() {
        let even = Axis::new(100, 600, SIDE, 8);
        let far = f64::from(ASTRAY_PX);
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..500 {
            let drawn = even.drawn(mixed(seed));
            assert_eq!((drawn.cells, drawn.edges[0], drawn.edges[SIDE]), (SIDE, 100, 600));
            for i in 1..SIDE {
                let astray =
                    f64::from(drawn.edges[i]) + f64::from(drawn.shares[i]) / 256.0 - (100 * (i + 1)) as f64;
                assert!(astray.abs() <= far, "edge {i} of seed {seed} lies {astray} px from its place");
                seen.insert((drawn.edges[i], drawn.shares[i]));
            }
            let spread = |edge: usize| drawn.edges[edge].abs_diff(even.edges[edge]);
            assert!((1..SIDE).any(|i| spread(i) > 0), "seed {seed} moves no edge");
        }
        assert!(seen.len() > 1900, "{} of 2000 edges lie somewhere of their own", seen.len());
        let shares: std::collections::BTreeSet<u8> = seen.iter().map(|(_, share)| *share).collect();
        assert!(shares.len() > 250, "{} of 256 shares", shares.len());
    }

    #[test]
    fn values_are_spread_around_mid_grey() {
        let bounds = PxRect { x0: 10, y0: 20, x1: 70, y1: 140 };
        let region = Region::rect(bounds, FrameSize { width: 200, height: 200 }).expect("inside the frame");
        let grid = Grid::new(&region, MaskKind::Person, &MaskSettings::default());
        let drawn = |at_ns| Cells::drawn(grid, at_ns, &bounds).values;
        let all: Vec<u8> = (0..100).flat_map(|i| drawn(i * 500_000_000)).collect();
        assert_eq!((all.iter().min(), all.iter().max()), (Some(&100), Some(&156)));
        let mean = all.iter().map(|v| f64::from(*v)).sum::<f64>() / all.len() as f64;
        assert!((mean - 128.0).abs() < 1.5, "{mean}");
        assert_ne!(drawn(0), drawn(500_000_000));
        assert_eq!(drawn(7), drawn(7));
    }
}
