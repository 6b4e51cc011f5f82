//! Where to look in a frame that is larger than the networks' input: in the whole of it, and in overlapping tiles.
//!
//! Scaled down to the input, people far away shrink below what a network can see; a tile shows them at their own
//! scale. The overlap lets a person on a seam stand whole in one tile or the other.

use crate::geometry::{FrameSize, PxRect};

/// Share of a tile's side that it has in common with the next one.
const OVERLAP: f64 = 0.2;

/// Tiles of `side_px` that cover the frame, neighbours overlapping by a fifth of a side or more, in reading order;
/// none where the frame fits the input.
pub(super) fn layout(frame: FrameSize, side_px: u32) -> Vec<PxRect> {
    if frame.width.max(frame.height) <= side_px {
        return Vec::new();
    }
    let columns = spans(frame.width, side_px);
    let rows = spans(frame.height, side_px);
    rows.iter().flat_map(|&(y0, y1)| columns.iter().map(move |&(x0, x1)| PxRect { x0, y0, x1, y1 })).collect()
}

/// Spans of `side` pixels, starting on chroma pairs, evenly over `0..length`.
fn spans(length: u32, side: u32) -> Vec<(u32, u32)> {
    let side = side.next_multiple_of(2);
    if length <= side {
        return vec![(0, length)];
    }
    let overlap = (f64::from(side) * OVERLAP).ceil() as u32;
    // Two pixels less than the overlap allows: starts are rounded down twice, to whole pixels and to pairs.
    let step = side.saturating_sub(overlap + 2).max(1);
    let free = length - side;
    let last = free.div_ceil(step);
    (0..=last)
        .map(|i| {
            let start = (u64::from(i) * u64::from(free) / u64::from(last)) as u32 & !1;
            (start, if i == last { length } else { start + side })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_frame_that_fits_has_no_tiles() {
        assert!(layout(FrameSize { width: 640, height: 480 }, 640).is_empty());
        assert!(layout(FrameSize { width: 64, height: 48 }, 640).is_empty());
    }

    #[test]
    fn full_hd_takes_eight() {
        let tiles = layout(FrameSize { width: 1920, height: 1080 }, 640);
        assert_eq!(tiles.len(), 8);
        assert_eq!(tiles[0], PxRect { x0: 0, y0: 0, x1: 640, y1: 640 });
        assert_eq!(tiles[7], PxRect { x0: 1280, y0: 440, x1: 1920, y1: 1080 });
    }

    proptest! {
        #[test]
        fn spans_cover_and_overlap(length in 1u32..9000, side in 32u32..1300) {
            let spans = spans(length, side);
            prop_assert_eq!(spans[0].0, 0);
            prop_assert_eq!(spans[spans.len() - 1].1, length);
            for &(from, to) in &spans {
                prop_assert!(from % 2 == 0 && from < to && to <= length);
                prop_assert!(to - from <= side + 2, "no larger than the input, to within a pair");
            }
            for pair in spans.windows(2) {
                let shared = f64::from(pair[0].1) - f64::from(pair[1].0);
                prop_assert!(shared >= 0.2 * f64::from(side), "{pair:?} share {shared}");
            }
        }

        #[test]
        fn tiles_cover_every_pixel(
            width in 1u32..4000, height in 1u32..4000, side in 32u32..1300, x in 0.0f64..1.0, y in 0.0f64..1.0,
        ) {
            let tiles = layout(FrameSize { width, height }, side);
            let (px, py) = ((x * f64::from(width)) as u32, (y * f64::from(height)) as u32);
            let inside = |t: &PxRect| (t.x0..t.x1).contains(&px) && (t.y0..t.y1).contains(&py);
            prop_assert!(width.max(height) <= side || tiles.iter().any(inside));
        }
    }
}
