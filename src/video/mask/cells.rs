//! The few grey values that `blur` and `pixelate` keep of a mask, whatever its size.
//!
//! A mask's bounding box is divided into at most 6x12 cells (4x4 for a head, and for what staff corrected: a
//! close-up of a face shows more per cell). A cell keeps the mean luma of the mask's pixels in it, as a whole number; then the mask's mean and
//! contrast are set to constants, so that a dark coat and a light one look alike. Colour is not kept at all. The
//! pixels are read nowhere else: the painted mask is a function of these values alone.

use super::raster::Region;
use crate::config::MaskSettings;
use crate::video::plan::MaskKind;
use rayon::prelude::*;

/// Most values that a `blur` or `pixelate` mask depends on.
pub const MOST_CELLS: usize = LONG_SIDE * SHORT_SIDE;
/// The same for a mask over a head, and for a correction.
pub const MOST_HEAD_CELLS: usize = HEAD_SIDE * HEAD_SIDE;

const LONG_SIDE: usize = 12;
const SHORT_SIDE: usize = 6;
const HEAD_SIDE: usize = 4;

/// Mean luma of every mask: mid grey, so that no mask tells whether dark or light stood there.
const MEAN: f64 = 128.0;
/// Standard deviation of a mask's cells after levelling.
const CONTRAST: f64 = 28.0;
/// Least deviation that counts as contrast: below it, noise of a flat wall would be blown up into figures.
const LEAST_CONTRAST: f64 = 8.0;
/// Range of luma that is legal in limited range, and harmless in full range.
const LUMA: (f64, f64) = (16.0, 235.0);

/// One side of a mask's bounding box, divided into cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Axis {
    /// Number of cells, at least 1.
    pub(super) cells: usize,
    /// Cell `i` holds the pixels `edges[i]..edges[i + 1]`.
    pub(super) edges: [u32; LONG_SIDE + 1],
    /// The pixel at which a smoothed cell has its own value; strictly ascending.
    pub(super) centres: [u32; LONG_SIDE],
}

impl Axis {
    /// Divides the pixels `from..to` into at most `most` cells of at least `least_px`; one cell if they are fewer.
    fn new(from: u32, to: u32, most: usize, least_px: u32) -> Self {
        let len = to - from;
        let cells = most.min((len / least_px.max(1)) as usize).clamp(1, LONG_SIDE);
        let part = |numerator: usize, denominator: usize| {
            from + (numerator as u64 * u64::from(len) / denominator as u64) as u32
        };
        let mut axis = Self { cells, edges: [to; LONG_SIDE + 1], centres: [to; LONG_SIDE] };
        for i in 0..cells {
            axis.edges[i] = part(i, cells);
            axis.centres[i] = part(2 * i + 1, 2 * cells);
        }
        axis
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
        let (across, down) = match kind {
            // Nobody knows how close whoever is under a correction stands.
            MaskKind::Head | MaskKind::Correction => (HEAD_SIDE, HEAD_SIDE),
            _ if bounds.width() > bounds.height() => (LONG_SIDE, SHORT_SIDE),
            _ => (SHORT_SIDE, LONG_SIDE),
        };
        Self {
            x: Axis::new(bounds.x0, bounds.x1, across, settings.min_cell_px),
            y: Axis::new(bounds.y0, bounds.y1, down, settings.min_cell_px),
        }
    }

    /// Number of cells.
    pub(super) fn cells(&self) -> usize {
        self.x.cells * self.y.cells
    }
}

/// The levelled grey values of one mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cells {
    grid: Grid,
    /// Row by row.
    values: [u8; MOST_CELLS],
}

impl Cells {
    /// Reads a region's cells from a luma plane. Sums are whole numbers, so their order cannot matter.
    pub(super) fn measure(region: &Region, grid: Grid, luma: &[u8], stride: usize) -> Self {
        let mut sums = [(0u64, 0u64); MOST_CELLS];
        sums[..grid.cells()].par_chunks_mut(grid.x.cells).enumerate().for_each(|(row, sums)| {
            for y in grid.y.edges[row]..grid.y.edges[row + 1] {
                let line = &luma[y as usize * stride..][..stride];
                for span in region.row(y / 2) {
                    add_run(&grid.x, span.columns(region.bounds.x1 as usize), line, sums);
                }
            }
        });
        Self { grid, values: levelled(&sums[..grid.cells()]) }
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
        Self { grid, values }
    }

    /// The values of the row of cells that a luma row lies in.
    pub(super) fn flat_row(&self, y: u32) -> &[u8] {
        let row = self.grid.y.cell(y);
        &self.values[row * self.grid.x.cells..][..self.grid.x.cells]
    }

    /// Writes flat cells into the columns `columns` of a luma row; `line` starts at column 0.
    pub(super) fn paint_flat(&self, row: &[u8], columns: std::ops::Range<usize>, line: &mut [u8]) {
        for (i, &value) in row.iter().enumerate() {
            let from = (self.grid.x.edges[i] as usize).max(columns.start);
            let to = (self.grid.x.edges[i + 1] as usize).min(columns.end);
            if from < to {
                line[from..to].fill(value);
            }
        }
    }

    /// The values of the cells' columns at a luma row, smoothed downward, in 256ths of a luma step.
    pub(super) fn smooth_row(&self, y: u32) -> [i32; LONG_SIDE] {
        let (upper, lower, way) = self.grid.y.between(y);
        let across = self.grid.x.cells;
        let mut row = [0; LONG_SIDE];
        for (i, value) in row[..across].iter_mut().enumerate() {
            let (a, b) = (self.values[upper * across + i], self.values[lower * across + i]);
            *value = i32::from(a) * (256 - way) + i32::from(b) * way;
        }
        row
    }

    /// Writes smoothed cells into the columns `columns` of a luma row; `line` starts at column 0.
    pub(super) fn paint_smooth(
        &self,
        row: &[i32; LONG_SIDE],
        columns: std::ops::Range<usize>,
        line: &mut [u8],
    ) {
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

/// Adds a run of luma samples to the sums (total, count) of the cells that it lies in.
fn add_run(x: &Axis, run: std::ops::Range<usize>, line: &[u8], sums: &mut [(u64, u64)]) {
    for (i, (sum, count)) in sums.iter_mut().enumerate() {
        let from = (x.edges[i] as usize).max(run.start);
        let to = (x.edges[i + 1] as usize).min(run.end);
        if from < to {
            *sum += u64::from(line[from..to].iter().map(|&v| u32::from(v)).sum::<u32>());
            *count += (to - from) as u64;
        }
    }
}

/// Whole means with the mask's mean and contrast set to constants; a cell without pixels has the mean.
fn levelled(sums: &[(u64, u64)]) -> [u8; MOST_CELLS] {
    let means = |&(sum, count): &(u64, u64)| (count > 0).then(|| ((sum + count / 2) / count) as f64);
    let held = sums.iter().filter_map(means);
    let count = held.clone().count().max(1) as f64;
    let mean = held.clone().sum::<f64>() / count;
    let deviation = (held.map(|v| (v - mean).powi(2)).sum::<f64>() / count).sqrt();
    let gain = CONTRAST / deviation.max(LEAST_CONTRAST);
    let mut values = [MEAN as u8; MOST_CELLS];
    for (value, cell) in values.iter_mut().zip(sums) {
        if let Some(v) = means(cell) {
            *value = (MEAN + gain * (v - mean)).round().clamp(LUMA.0, LUMA.1) as u8;
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{FrameSize, PxRect};

    fn grid(width: u32, height: u32, kind: MaskKind, min_cell_px: u32) -> (usize, usize) {
        let frame = FrameSize { width: 2000, height: 2000 };
        let rect = PxRect { x0: 20, y0: 40, x1: 20 + width, y1: 40 + height };
        let region = Region::rect(rect, frame).expect("inside the frame");
        let grid = Grid::new(&region, kind, &MaskSettings { min_cell_px, ..MaskSettings::default() });
        (grid.x.cells, grid.y.cells)
    }

    #[test]
    fn cells_are_few_and_never_small() {
        assert_eq!(grid(300, 900, MaskKind::Person, 8), (6, 12));
        assert_eq!(grid(900, 300, MaskKind::Person, 8), (12, 6));
        assert_eq!(grid(400, 400, MaskKind::Head, 8), (4, 4));
        assert_eq!(grid(20, 50, MaskKind::Person, 8), (2, 6));
        assert_eq!(grid(2, 6, MaskKind::Person, 8), (1, 1));
        assert_eq!(grid(2, 6, MaskKind::Person, 0), (2, 6));
    }

    #[test]
    fn mean_and_contrast_are_constants() {
        for (low, high) in [(20u64, 60u64), (100, 250)] {
            let sums: Vec<_> = (0..72).map(|i| (if i % 2 == 0 { low } else { high }, 1)).collect();
            let values = levelled(&sums);
            assert_eq!((values[0], values[1]), (100, 156), "{low} {high}");
        }
    }

    #[test]
    fn noise_is_not_blown_up() {
        let sums: Vec<_> = (0..72).map(|i| (200 + i % 2, 1)).collect();
        let values = levelled(&sums);
        assert!(values.iter().all(|v| v.abs_diff(128) <= 2), "{values:?}");
    }

    #[test]
    fn a_cell_without_pixels_has_the_mean() {
        assert_eq!(levelled(&[(0, 0), (10, 1), (90, 1)])[..3], [128, 100, 156]);
        assert_eq!(levelled(&[(0, 0)])[0], 128);
    }
}
