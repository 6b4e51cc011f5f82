//! Which pixels a plan hides, as a set that can be counted: for measuring, without looking at any picture.

use super::raster::Region;
use crate::geometry::{FrameSize, PxRect};
use std::ops::Range;

/// Pixels of one frame, a bit each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PixelSet {
    size: FrameSize,
    /// Words of a row.
    words: usize,
    /// Row by row; the lowest bit of a word is its leftmost pixel. Bits beyond the frame's width are zero.
    bits: Vec<u64>,
}

impl PixelSet {
    /// No pixel of a frame of `size`.
    #[must_use]
    pub fn none(size: FrameSize) -> Self {
        let words = (size.width as usize).div_ceil(64);
        Self { size, words, bits: vec![0; words * size.height as usize] }
    }

    /// Every pixel of a frame of `size`.
    #[must_use]
    pub fn all(size: FrameSize) -> Self {
        let mut set = Self::none(size);
        set.insert(PxRect::whole(size));
        set
    }

    /// Size of the frame.
    #[must_use]
    pub fn size(&self) -> FrameSize {
        self.size
    }

    /// Adds a rectangle, cut to the frame.
    pub fn insert(&mut self, area: PxRect) {
        for row in area.y0..area.y1.min(self.size.height) {
            self.insert_run(row, area.x0..area.x1);
        }
    }

    /// Adds a run of one row, cut to the frame.
    pub fn insert_run(&mut self, row: u32, columns: Range<u32>) {
        if row >= self.size.height {
            return;
        }
        let start = row as usize * self.words;
        for (word, bits) in words_of(columns.start..columns.end.min(self.size.width)) {
            self.bits[start + word] |= bits;
        }
    }

    /// Adds everything that another set of the same frame holds.
    pub fn insert_all(&mut self, other: &Self) {
        debug_assert_eq!(self.size, other.size);
        for (mine, theirs) in self.bits.iter_mut().zip(&other.bits) {
            *mine |= theirs;
        }
    }

    /// Adds the chroma pairs of a mask.
    pub(super) fn insert_region(&mut self, region: &Region) {
        for y in region.bounds.y0..region.bounds.y1.min(self.size.height) {
            for span in region.row(y / 2) {
                let columns = span.columns(self.size.width as usize);
                self.insert_run(y, columns.start as u32..columns.end as u32);
            }
        }
    }

    /// How many pixels of a rectangle it holds; what lies beyond the frame counts for nothing.
    #[must_use]
    pub fn count_in(&self, area: PxRect) -> u64 {
        let columns = area.x0..area.x1.min(self.size.width);
        let row = |y: u32| {
            let start = y as usize * self.words;
            words_of(columns.clone()).map(move |(word, bits)| (self.bits[start + word] & bits).count_ones())
        };
        (area.y0..area.y1.min(self.size.height)).flat_map(row).map(u64::from).sum()
    }

    /// How many pixels it holds that `other`, a set of the same frame, does not.
    #[must_use]
    pub fn count_without(&self, other: &Self) -> u64 {
        debug_assert_eq!(self.size, other.size);
        let pairs = self.bits.iter().zip(&other.bits);
        pairs.map(|(mine, theirs)| u64::from((mine & !theirs).count_ones())).sum()
    }
}

/// The words that a run of columns touches, each with its bits.
fn words_of(columns: Range<u32>) -> impl Iterator<Item = (usize, u64)> {
    let (first, end) = (columns.start as usize, columns.end.max(columns.start) as usize);
    (first / 64..end.div_ceil(64)).filter(move |_| first < end).map(move |word| {
        let low = first.max(word * 64) - word * 64;
        let high = end.min(word * 64 + 64) - word * 64;
        let upto = if high == 64 { u64::MAX } else { (1 << high) - 1 };
        (word, upto & (u64::MAX << low))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn rect() -> impl Strategy<Value = PxRect> {
        (0u32..200, 0u32..12, 0u32..200, 0u32..12).prop_map(|(x0, y0, w, h)| PxRect {
            x0,
            y0,
            x1: x0 + w,
            y1: y0 + h,
        })
    }

    proptest! {
        #[test]
        fn it_counts_as_a_set_of_points_does(
            width in 1u32..150, height in 1u32..10,
            rects in proptest::collection::vec(rect(), 0..5),
            others in proptest::collection::vec(rect(), 0..5),
            asked in rect(),
        ) {
            let size = FrameSize { width, height };
            let points = |rects: &[PxRect]| -> BTreeSet<(u32, u32)> {
                let inside = |x: u32, y: u32| {
                    rects.iter().any(|r| (r.x0..r.x1).contains(&x) && (r.y0..r.y1).contains(&y))
                };
                (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).filter(|(x, y)| inside(*x, *y)).collect()
            };
            let set = |rects: &[PxRect]| {
                let mut set = PixelSet::none(size);
                rects.iter().for_each(|rect| set.insert(*rect));
                set
            };
            let (mine, theirs) = (set(&rects), set(&others));
            let (my_points, their_points) = (points(&rects), points(&others));
            let inside = my_points.intersection(&points(&[asked])).count() as u64;
            prop_assert_eq!(mine.count_in(asked), inside);
            prop_assert_eq!(mine.count_without(&theirs), my_points.difference(&their_points).count() as u64);
            prop_assert_eq!(mine.count_in(PxRect::whole(size)), my_points.len() as u64);
            let mut both = mine.clone();
            both.insert_all(&theirs);
            prop_assert_eq!(both.count_in(PxRect::whole(size)), my_points.union(&their_points).count() as u64);
            prop_assert_eq!(PixelSet::all(size).count_in(PxRect::whole(size)), size.area_px());
        }
    }
}
