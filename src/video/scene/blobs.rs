//! From a map of differences to boxes: hysteresis, closing, connected regions, margins.

use super::plane::{folded, len};
use crate::config::SceneSettings;
use crate::geometry::{BoxPx, FrameSize};

/// How far gaps are closed, pixels: a person whose coat is as grey as the wall falls apart into head and shoes.
const CLOSE_PX: usize = 2;
/// Smallest region that counts whatever the share says, pixels: less is a single noisy pixel and its neighbours.
const LEAST_PX: f32 = 4.0;
/// Side of the cells along which a large region is cut up, pixels: about the width of a person.
const CELL_PX: usize = 8;
/// Margin around what is in such a cell, pixels: half of it, so that boxes of neighbours overlap.
const CELL_MARGIN_PX: f32 = 4.0;

/// What belongs together in a map.
struct Region {
    /// Every pixel of it, indices into the map.
    pixels: Vec<u32>,
    /// Columns and rows that it spans: first and last.
    columns: (usize, usize),
    rows: (usize, usize),
}

/// The boxes of what differs in `map`, in frame space, with margin; they may reach beyond the frame.
pub(super) fn boxes(map: &[f32], size: FrameSize, frame: FrameSize, settings: &SceneSettings) -> Vec<BoxPx> {
    let over: Vec<bool> = map.iter().map(|v| *v > settings.low).collect();
    let least = (settings.least_share * len(size) as f32).max(LEAST_PX);
    let (sx, sy) = (frame.width as f32 / size.width as f32, frame.height as f32 / size.height as f32);
    let mut found = Vec::new();
    for region in regions(&closed(&over, size), size) {
        let count =
            |test: &dyn Fn(usize) -> bool| region.pixels.iter().filter(|at| test(**at as usize)).count();
        let seeds = count(&|at| map[at] > settings.seed);
        if seeds < settings.seed_px as usize || (count(&|at| over[at]) as f32) < least {
            continue;
        }
        region.boxes(&over, size, settings, &mut found);
    }
    found.iter().map(|b| BoxPx::new(b.x0 * sx, b.y0 * sy, b.x1 * sx, b.y1 * sy)).collect()
}

/// Gaps up to twice [`CLOSE_PX`] closed: grown, then shrunk by as much. The edge of the picture is no gap.
fn closed(over: &[bool], size: FrameSize) -> Vec<bool> {
    let grown = folded(over, size, CLOSE_PX, |a, b| a | b);
    folded(&grown, size, CLOSE_PX, |a, b| a & b)
}

/// Regions connected along sides or corners.
fn regions(inside: &[bool], size: FrameSize) -> Vec<Region> {
    let (width, height) = (size.width as usize, size.height as usize);
    let mut open = inside.to_vec();
    let mut found = Vec::new();
    for start in 0..open.len() {
        if !std::mem::take(&mut open[start]) {
            continue;
        }
        let mut region = Region {
            pixels: vec![start as u32],
            columns: (start % width, start % width),
            rows: (start / width, start / width),
        };
        let mut next = 0;
        while let Some(&at) = region.pixels.get(next) {
            next += 1;
            let (x, y) = (at as usize % width, at as usize / width);
            region.columns = (region.columns.0.min(x), region.columns.1.max(x));
            region.rows = (region.rows.0.min(y), region.rows.1.max(y));
            for row in y.saturating_sub(1)..(y + 2).min(height) {
                for column in x.saturating_sub(1)..(x + 2).min(width) {
                    let neighbour = row * width + column;
                    if std::mem::take(&mut open[neighbour]) {
                        region.pixels.push(neighbour as u32);
                    }
                }
            }
        }
        found.push(region);
    }
    found
}

impl Region {
    /// Boxes in the map's pixels: one, or where that would be large many small ones.
    fn boxes(&self, over: &[bool], size: FrameSize, settings: &SceneSettings, into: &mut Vec<BoxPx>) {
        let whole = BoxPx::new(
            self.columns.0 as f32,
            self.rows.0 as f32,
            self.columns.1 as f32 + 1.0,
            self.rows.1 as f32 + 1.0,
        );
        if whole.area() <= settings.large_box * len(size) as f32 {
            into.push(whole.grown(settings.margin, settings.margin_px));
            return;
        }
        let width = size.width as usize;
        let cells_across = (self.columns.1 - self.columns.0) / CELL_PX + 1;
        let cells_down = (self.rows.1 - self.rows.0) / CELL_PX + 1;
        let mut cells: Vec<Option<BoxPx>> = vec![None; cells_across * cells_down];
        for at in self.pixels.iter().map(|at| *at as usize).filter(|at| over[*at]) {
            let (x, y) = (at % width, at / width);
            let cell = (y - self.rows.0) / CELL_PX * cells_across + (x - self.columns.0) / CELL_PX;
            let (x, y) = (x as f32, y as f32);
            let b = cells[cell].get_or_insert(BoxPx::new(x, y, x + 1.0, y + 1.0));
            *b = BoxPx::new(b.x0.min(x), b.y0.min(y), b.x1.max(x + 1.0), b.y1.max(y + 1.0));
        }
        into.extend(cells.iter().flatten().map(|b| b.grown(0.0, CELL_MARGIN_PX)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIZE: FrameSize = FrameSize { width: 40, height: 30 };

    fn painted(areas: &[(usize, usize, usize, usize, f32)]) -> Vec<f32> {
        let mut map = vec![0.0; len(SIZE)];
        for &(x, y, w, h, value) in areas {
            for row in y..y + h {
                map[row * 40 + x..row * 40 + x + w].fill(value);
            }
        }
        map
    }

    fn check(areas: &[(usize, usize, usize, usize, f32)], expect: &[BoxPx]) {
        let settings = SceneSettings { margin_px: 1.0, margin: 0.0, ..SceneSettings::default() };
        let frame = FrameSize { width: 80, height: 60 };
        assert_eq!(boxes(&painted(areas), SIZE, frame, &settings), expect, "{areas:?}");
    }

    #[test]
    fn what_differs_enough_gets_a_box() {
        let at_two = |x: f32, y: f32, w: f32, h: f32| {
            BoxPx::new(2.0 * (x - 1.0), 2.0 * (y - 1.0), 2.0 * (x + w + 1.0), 2.0 * (y + h + 1.0))
        };
        check(&[], &[]);
        check(&[(10, 10, 3, 4, 1.0)], &[at_two(10.0, 10.0, 3.0, 4.0)]);
        // Weak all over, too few strong pixels, too small.
        check(&[(10, 10, 6, 6, 0.5)], &[]);
        check(&[(10, 10, 6, 6, 0.5), (11, 11, 2, 1, 1.0)], &[]);
        check(&[(10, 10, 3, 1, 1.0)], &[]);
        // Strong in three pixels: the weak ones around come along.
        check(&[(10, 10, 6, 6, 0.5), (11, 11, 3, 1, 1.0)], &[at_two(10.0, 10.0, 6.0, 6.0)]);
        // A gap of four is closed, of five not; corners touch.
        check(&[(10, 10, 3, 3, 1.0), (17, 10, 3, 3, 1.0)], &[at_two(10.0, 10.0, 10.0, 3.0)]);
        let apart = [at_two(10.0, 10.0, 3.0, 3.0), at_two(18.0, 10.0, 3.0, 3.0)];
        check(&[(10, 10, 3, 3, 1.0), (18, 10, 3, 3, 1.0)], &apart);
        check(&[(0, 0, 2, 2, 1.0)], &[at_two(0.0, 0.0, 2.0, 2.0)]);
    }

    #[test]
    fn a_large_frame_of_differences_leaves_its_middle() {
        let ring = [(2, 2, 36, 2, 1.0), (2, 26, 36, 2, 1.0), (2, 2, 2, 26, 1.0), (36, 2, 2, 26, 1.0)];
        let found = boxes(&painted(&ring), SIZE, SIZE, &SceneSettings::default());
        let covers = |x: f32, y: f32| found.iter().any(|b| b.x0 <= x && x < b.x1 && b.y0 <= y && y < b.y1);
        assert!(covers(3.0, 15.0) && covers(20.0, 3.0) && !covers(20.0, 15.0));
    }

    proptest! {
        #[test]
        fn every_strong_patch_lies_under_a_box(
            areas in prop::collection::vec((0usize..34, 0usize..24, 3usize..6, 3usize..6, 0.7f32..3.0), 1..12),
        ) {
            let map = painted(&areas);
            let found = boxes(&map, SIZE, SIZE, &SceneSettings::default());
            for (at, _) in map.iter().enumerate().filter(|(_, v)| **v > 0.6) {
                let (x, y) = ((at % 40) as f32, (at / 40) as f32);
                prop_assert!(found.iter().any(|b| b.x0 <= x && x + 1.0 <= b.x1 && b.y0 <= y && y + 1.0 <= b.y1));
            }
        }
    }
}
