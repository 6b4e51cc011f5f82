//! Which chroma pairs a mask holds: outlines turned into runs of 2x2 blocks.
//!
//! Everything here counts in pairs. Pair `(i, k)` is the closed square of the pixels `2i..2i+2`, `2k..2k+2`; it is
//! hidden as soon as the outline touches one of its pixels, which is the same as touching the pair. In doubt (a
//! side that runs exactly along a pixel's edge, or a rounding error away from it) the pair is hidden.

use crate::geometry::{FrameSize, PxRect, UnitPolygon};
use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

/// How near a side has to come to a pair to touch it, in pairs: far above the rounding error of `f64` at any
/// frame size, far below anything that could be seen.
const TOUCH: f64 = 1e-6;

/// A run of chroma pairs in one row of pairs: `start..end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    /// The luma columns of the run, cut at `limit`.
    pub(super) fn columns(self, limit: usize) -> Range<usize> {
        let end = (2 * self.end as usize).min(limit);
        (2 * self.start as usize).min(end)..end
    }

    /// The same run, as chroma samples of a plane.
    pub(super) fn pairs(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The pairs that a polygon touches. Made once per polygon and frame size.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Raster {
    /// Row of pairs that `offsets` starts with.
    first_row: u32,
    /// Row `first_row + i` holds `spans[offsets[i]..offsets[i + 1]]`.
    offsets: Vec<usize>,
    /// Per row ascending, disjoint and not adjacent.
    spans: Vec<Span>,
}

impl Raster {
    /// Every pair that the polygon touches, its own sides included.
    ///
    /// Per row: what the sides touch of the row's strip, united with what lies between them on the row's centre
    /// line. A pair that no side touches is wholly inside or wholly outside, so its centre decides.
    pub(super) fn of(polygon: &UnitPolygon, frame: FrameSize) -> Self {
        let (across, down) = frame.chroma();
        let (sx, sy) = (f64::from(frame.width) / 2.0, f64::from(frame.height) / 2.0);
        let corners: Vec<_> = polygon.points().iter().map(|p| (p.x * sx, p.y * sy)).collect();
        let rows = touched(
            corners.iter().fold(f64::MAX, |low, c| low.min(c.1)),
            corners.iter().fold(f64::MIN, |high, c| high.max(c.1)),
            down,
        );
        let mut raster = Self { first_row: rows.start, offsets: vec![0], spans: Vec::new() };
        let (mut row_spans, mut crossings) = (Vec::new(), Vec::new());
        for row in rows {
            let (top, centre) = (f64::from(row), f64::from(row) + 0.5);
            for (i, &a) in corners.iter().enumerate() {
                let b = corners[(i + 1) % corners.len()];
                if let Some((low, high)) = extent_in_strip(a, b, top - TOUCH, top + 1.0 + TOUCH) {
                    row_spans.push(touched(low, high, across));
                }
                if (a.1 <= centre) != (b.1 <= centre) {
                    crossings.push(a.0 + (b.0 - a.0) * (centre - a.1) / (b.1 - a.1));
                }
            }
            crossings.sort_unstable_by(f64::total_cmp);
            row_spans.extend(crossings.chunks_exact(2).map(|pair| touched(pair[0], pair[1], across)));
            crossings.clear();
            row_spans.sort_unstable_by_key(|s| (s.start, s.end));
            let row_start = raster.spans.len();
            for span in row_spans.drain(..).filter(|s| s.start < s.end) {
                match raster.spans[row_start..].last_mut() {
                    Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
                    _ => raster.spans.push(Span { start: span.start, end: span.end }),
                }
            }
            raster.offsets.push(raster.spans.len());
        }
        raster
    }

    fn row(&self, row: u32) -> &[Span] {
        let Some(at) = row.checked_sub(self.first_row).map(|r| r as usize) else { return &[] };
        match (self.offsets.get(at), self.offsets.get(at + 1)) {
            (Some(&from), Some(&to)) => &self.spans[from..to],
            _ => &[],
        }
    }
}

/// Indices of the unit squares that the closed interval touches, cut to `0..count`.
fn touched(low: f64, high: f64, count: u32) -> Range<u32> {
    // A square is touched from its far edge on: an interval that begins exactly at 3 touches square 2 as well.
    let start = ((low - TOUCH).floor().max(0.0) as u32).min(count);
    let end = (((high + TOUCH).floor().max(0.0) as u32).saturating_add(1)).min(count);
    start..end
}

/// How far a side reaches to the left and to the right inside a strip of rows.
fn extent_in_strip(a: (f64, f64), b: (f64, f64), top: f64, bottom: f64) -> Option<(f64, f64)> {
    let (a, b) = if a.1 <= b.1 { (a, b) } else { (b, a) };
    if b.1 < top || a.1 > bottom {
        return None;
    }
    let rise = b.1 - a.1;
    let x_at = |y: f64| {
        if y <= a.1 {
            a.0
        } else if y >= b.1 {
            b.0
        } else {
            a.0 + (b.0 - a.0) * ((y - a.1) / rise).clamp(0.0, 1.0)
        }
    };
    let (p, q) = (x_at(top), x_at(bottom));
    Some((p.min(q), p.max(q)))
}

#[derive(Debug)]
enum Shape {
    Rect(Span),
    Polygon(Arc<Raster>),
}

/// The pairs of one mask in a frame of a known size. Never empty.
#[derive(Debug)]
pub(super) struct Region {
    /// Smallest rectangle around it, pixels, cut to the frame.
    pub(super) bounds: PxRect,
    /// Number of chroma pairs.
    pub(super) area: u64,
    shape: Shape,
}

impl Region {
    /// The pairs that a rectangle touches; `None` where it holds no pixel of the frame.
    pub(super) fn rect(rect: PxRect, frame: FrameSize) -> Option<Self> {
        let (across, down) = frame.chroma();
        let columns = rect.x0 / 2..rect.x1.div_ceil(2).min(across);
        let rows = rect.y0 / 2..rect.y1.div_ceil(2).min(down);
        if rect.x0 >= rect.x1 || rect.y0 >= rect.y1 || columns.is_empty() || rows.is_empty() {
            return None;
        }
        Some(Self {
            area: u64::from(columns.end - columns.start) * u64::from(rows.end - rows.start),
            bounds: in_pixels(&columns, &rows, frame),
            shape: Shape::Rect(Span { start: columns.start, end: columns.end }),
        })
    }

    /// The pairs of a raster that was made for this frame size; `None` where there are none.
    pub(super) fn polygon(raster: Arc<Raster>, frame: FrameSize) -> Option<Self> {
        let start = raster.spans.iter().map(|s| s.start).min()?;
        let end = raster.spans.iter().map(|s| s.end).max()?;
        let rows = raster.first_row..raster.first_row + (raster.offsets.len() - 1) as u32;
        Some(Self {
            bounds: in_pixels(&(start..end), &rows, frame),
            area: raster.spans.iter().map(|s| u64::from(s.end - s.start)).sum(),
            shape: Shape::Polygon(raster),
        })
    }

    /// The runs of one row of pairs, ascending and disjoint.
    pub(super) fn row(&self, row: u32) -> &[Span] {
        match &self.shape {
            Shape::Rect(span) if (self.bounds.y0 / 2..self.bounds.y1.div_ceil(2)).contains(&row) => {
                std::slice::from_ref(span)
            }
            Shape::Rect(_) => &[],
            Shape::Polygon(raster) => raster.row(row),
        }
    }

    /// A total order: smaller areas first, then by place, so that painting does not hang on the plan's order.
    pub(super) fn paint_order(&self, other: &Self) -> Ordering {
        let key = |r: &Self| (r.area, r.bounds.y0, r.bounds.x0, r.bounds.y1, r.bounds.x1);
        key(self).cmp(&key(other)).then_with(|| match (&self.shape, &other.shape) {
            (Shape::Rect(a), Shape::Rect(b)) => a.cmp(b),
            (Shape::Polygon(a), Shape::Polygon(b)) => a.cmp(b),
            (Shape::Rect(_), Shape::Polygon(_)) => Ordering::Less,
            (Shape::Polygon(_), Shape::Rect(_)) => Ordering::Greater,
        })
    }
}

fn in_pixels(columns: &Range<u32>, rows: &Range<u32>, frame: FrameSize) -> PxRect {
    PxRect {
        x0: 2 * columns.start,
        y0: 2 * rows.start,
        x1: (2 * columns.end).min(frame.width),
        y1: (2 * rows.end).min(frame.height),
    }
}
