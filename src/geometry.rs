//! Sizes, boxes and polygons, each in a named space, and the one rule of rounding: outward.
//!
//! Owns nothing but numbers. Frame space is pixels of the picture *as displayed* (after rotation), origin at
//! the top left, x to the right, y down; a coordinate names a pixel's edge, so a frame of width `w` spans
//! `0.0..=w`. Unit space is the same picture scaled to `0..=1` on both axes.

use serde::{Deserialize, Serialize};

/// Width and height of a picture in whole pixels, as displayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameSize {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl FrameSize {
    /// Number of luma samples.
    #[must_use]
    pub fn area_px(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Number of chroma pairs (2x2 luma blocks) across and down in 4:2:0, the last one possibly half outside.
    #[must_use]
    pub fn chroma(self) -> (u32, u32) {
        (self.width.div_ceil(2), self.height.div_ceil(2))
    }

    /// Whether the two have the same shape, to within one per cent.
    #[must_use]
    pub fn same_aspect(self, other: Self) -> bool {
        let a = f64::from(self.width) * f64::from(other.height);
        let b = f64::from(other.width) * f64::from(self.height);
        (a - b).abs() <= 0.01 * a.max(b)
    }
}

impl std::fmt::Display for FrameSize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// A box in frame space, `x0 <= x1`, `y0 <= y1`, pixels; it may reach beyond the frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BoxPx {
    /// Left edge.
    pub x0: f32,
    /// Top edge.
    pub y0: f32,
    /// Right edge.
    pub x1: f32,
    /// Bottom edge.
    pub y1: f32,
}

impl BoxPx {
    /// The box between two corners.
    #[must_use]
    pub const fn new(x0: f32, y0: f32, x1: f32, y1: f32) -> Self {
        Self { x0, y0, x1, y1 }
    }

    /// Pixels across, never below zero.
    #[must_use]
    pub fn width(&self) -> f32 {
        (self.x1 - self.x0).max(0.0)
    }

    /// Pixels down, never below zero.
    #[must_use]
    pub fn height(&self) -> f32 {
        (self.y1 - self.y0).max(0.0)
    }

    /// Square pixels.
    #[must_use]
    pub fn area(&self) -> f32 {
        self.width() * self.height()
    }

    /// Square pixels shared with `other`. Each side is clamped at zero *before* they are multiplied: two boxes
    /// apart on both axes would otherwise share a positive area, and one of two people would be suppressed.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> f32 {
        let w = (self.x1.min(other.x1) - self.x0.max(other.x0)).max(0.0);
        let h = (self.y1.min(other.y1) - self.y0.max(other.y0)).max(0.0);
        w * h
    }

    /// The smallest box around both.
    #[must_use]
    pub fn hull(&self, other: &Self) -> Self {
        Self::new(self.x0.min(other.x0), self.y0.min(other.y0), self.x1.max(other.x1), self.y1.max(other.y1))
    }

    /// Whether `other` lies wholly inside.
    #[must_use]
    pub fn holds(&self, other: &Self) -> bool {
        self.x0 <= other.x0 && self.y0 <= other.y0 && self.x1 >= other.x1 && self.y1 >= other.y1
    }

    /// Intersection over union, `0..=1`; zero for two empty boxes.
    #[must_use]
    pub fn iou(&self, other: &Self) -> f32 {
        let shared = self.intersection(other);
        let union = self.area() + other.area() - shared;
        if union > 0.0 { shared / union } else { 0.0 }
    }

    /// Grown on every side: by `share` of its width left and right and of its height above and below, and at
    /// least by `min_px`.
    #[must_use]
    pub fn grown(&self, share: f32, min_px: f32) -> Self {
        let dx = (self.width() * share).max(min_px);
        let dy = (self.height() * share).max(min_px);
        Self::new(self.x0 - dx, self.y0 - dy, self.x1 + dx, self.y1 + dy)
    }

    /// The edges in tenths of a pixel, rounded outward: left, top, right, bottom. [`Self::from_tenths`] makes a box of
    /// them that holds this one, and the same box where it was made so before.
    #[must_use]
    pub fn tenths(&self) -> [i64; 4] {
        let nearest = |v: f32| (f64::from(v) * 10.0).round() as i64;
        let low = |v: f32| nearest(v) - i64::from(from_tenths(nearest(v)) > v);
        let high = |v: f32| nearest(v) + i64::from(from_tenths(nearest(v)) < v);
        [low(self.x0), low(self.y0), high(self.x1), high(self.y1)]
    }

    /// The box with these edges.
    #[must_use]
    pub fn from_tenths([x0, y0, x1, y1]: [i64; 4]) -> Self {
        Self::new(from_tenths(x0), from_tenths(y0), from_tenths(x1), from_tenths(y1))
    }

    /// The smallest box around this one whose edges are whole tenths of a pixel.
    #[must_use]
    pub fn outward_tenths(&self) -> Self {
        Self::from_tenths(self.tenths())
    }

    /// True where all four edges are numbers and the corners are in order.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        [self.x0, self.y0, self.x1, self.y1].iter().all(|v| v.is_finite())
            && self.x1 > self.x0
            && self.y1 > self.y0
    }
}

fn from_tenths(tenths: i64) -> f32 {
    (tenths as f64 / 10.0) as f32
}

/// A rectangle of whole pixels inside a frame: `x0..x1`, `y0..y1`, rounded outward to chroma pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PxRect {
    /// First column, even.
    pub x0: u32,
    /// First row, even.
    pub y0: u32,
    /// One past the last column; even, or the frame's width.
    pub x1: u32,
    /// One past the last row; even, or the frame's height.
    pub y1: u32,
}

impl PxRect {
    /// Every pixel that `area` touches, rounded outward to chroma pairs and cut to the frame; `None` where it
    /// touches none.
    #[must_use]
    pub fn outward(area: &BoxPx, frame: FrameSize) -> Option<Self> {
        let low = |v: f32, max: u32| (v.floor().max(0.0) as u32).min(max) & !1;
        let high = |v: f32, max: u32| ((v.ceil().max(0.0) as u32).min(max).next_multiple_of(2)).min(max);
        let rect = Self {
            x0: low(area.x0, frame.width),
            y0: low(area.y0, frame.height),
            x1: high(area.x1, frame.width),
            y1: high(area.y1, frame.height),
        };
        let touches = area.is_sound()
            && area.x1 > 0.0
            && area.y1 > 0.0
            && area.x0 < frame.width as f32
            && area.y0 < frame.height as f32;
        (touches && rect.x1 > rect.x0 && rect.y1 > rect.y0).then_some(rect)
    }

    /// The whole frame.
    #[must_use]
    pub const fn whole(frame: FrameSize) -> Self {
        Self { x0: 0, y0: 0, x1: frame.width, y1: frame.height }
    }

    /// Fewer rectangles that hold all of these: any two whose hull is no larger than both with `spare_px` more become
    /// one.
    #[must_use]
    pub fn joined(mut parts: Vec<Self>, spare_px: u64) -> Vec<Self> {
        let cheaper = |a: &Self, b: &Self| a.hull(b).area_px() <= a.area_px() + b.area_px() + spare_px;
        let pair = |parts: &[Self]| {
            let pairs = (0..parts.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
            pairs.into_iter().find(|&(a, b)| cheaper(&parts[a], &parts[b]))
        };
        while let Some((into, from)) = pair(&parts) {
            let other = parts.swap_remove(from);
            parts[into] = parts[into].hull(&other);
        }
        parts
    }

    /// The smallest rectangle that holds both.
    #[must_use]
    pub fn hull(&self, other: &Self) -> Self {
        Self {
            x0: self.x0.min(other.x0),
            y0: self.y0.min(other.y0),
            x1: self.x1.max(other.x1),
            y1: self.y1.max(other.y1),
        }
    }

    /// Pixels across.
    #[must_use]
    pub const fn width(&self) -> u32 {
        self.x1 - self.x0
    }

    /// Pixels down.
    #[must_use]
    pub const fn height(&self) -> u32 {
        self.y1 - self.y0
    }

    /// Number of pixels.
    #[must_use]
    pub fn area_px(&self) -> u64 {
        u64::from(self.width()) * u64::from(self.height())
    }

    /// The same edges as a box.
    #[must_use]
    pub fn as_box(&self) -> BoxPx {
        BoxPx::new(self.x0 as f32, self.y0 as f32, self.x1 as f32, self.y1 as f32)
    }

    /// Number of pixels that both hold.
    #[must_use]
    pub fn shared_px(&self, other: &Self) -> u64 {
        let across = self.x1.min(other.x1).saturating_sub(self.x0.max(other.x0));
        let down = self.y1.min(other.y1).saturating_sub(self.y0.max(other.y0));
        u64::from(across) * u64::from(down)
    }

    /// What is left where another rectangle is taken out: at most four, which do not overlap.
    #[must_use]
    pub fn without(&self, hole: &Self) -> Vec<Self> {
        if self.shared_px(hole) == 0 {
            return vec![*self];
        }
        let (top, bottom) = (hole.y0.max(self.y0), hole.y1.min(self.y1));
        let left = [
            Self { y1: top, ..*self },
            Self { y0: bottom, ..*self },
            Self { y0: top, y1: bottom, x1: hole.x0.max(self.x0), ..*self },
            Self { y0: top, y1: bottom, x0: hole.x1.min(self.x1), ..*self },
        ];
        left.into_iter().filter(|rect| rect.x0 < rect.x1 && rect.y0 < rect.y1).collect()
    }

    /// Intersection over union, `0..=1`.
    #[must_use]
    pub fn iou(&self, other: &Self) -> f64 {
        let both = self.shared_px(other);
        both as f64 / (self.area_px() + other.area_px() - both).max(1) as f64
    }
}

/// A point in unit space: `0..=1` of the frame on both axes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct UnitPoint {
    /// Share of the width, from the left.
    pub x: f64,
    /// Share of the height, from the top.
    pub y: f64,
}

/// What is wrong with a polygon.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PolygonFault {
    /// Two points draw a line, one a dot.
    #[error("a polygon needs at least 3 points, this one has {0}")]
    TooFewPoints(usize),
    /// A point lies outside the picture, or is not a number.
    #[error("point {index} [{x}, {y}] lies outside the frame (0..1 on both axes)")]
    OutsideFrame {
        /// Which point, from 0.
        index: usize,
        /// Its x.
        x: f64,
        /// Its y.
        y: f64,
    },
    /// Two sides cross, so what is inside is anybody's guess.
    #[error("the side from point {first} crosses the side from point {second}")]
    SelfCrossing {
        /// Index of the first side's start, from 0.
        first: usize,
        /// Index of the second side's start, from 0.
        second: usize,
    },
    /// All points on one line: nothing would be hidden.
    #[error("the polygon encloses no area")]
    NoArea,
}

/// A simple polygon in unit space: at least three points, all inside the frame, no two sides crossing.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct UnitPolygon(Vec<UnitPoint>);

impl UnitPolygon {
    /// Checks the points and keeps them.
    ///
    /// # Errors
    /// The first [`PolygonFault`] found.
    pub fn new(points: Vec<UnitPoint>) -> Result<Self, PolygonFault> {
        if points.len() < 3 {
            return Err(PolygonFault::TooFewPoints(points.len()));
        }
        for (index, p) in points.iter().enumerate() {
            if !((0.0..=1.0).contains(&p.x) && (0.0..=1.0).contains(&p.y)) {
                return Err(PolygonFault::OutsideFrame { index, x: p.x, y: p.y });
            }
        }
        if let Some((first, second)) = crossing_sides(&points) {
            return Err(PolygonFault::SelfCrossing { first, second });
        }
        if signed_area(&points).abs() < 1e-9 {
            return Err(PolygonFault::NoArea);
        }
        Ok(Self(points))
    }

    /// The corners, in drawing order; the last side leads back to the first corner.
    #[must_use]
    pub fn points(&self) -> &[UnitPoint] {
        &self.0
    }

    /// The share of the frame's area that it encloses, `0..=1`.
    #[must_use]
    pub fn area(&self) -> f64 {
        signed_area(&self.0).abs()
    }

    /// Whether the two share a point: they overlap, one lies in the other, or they touch.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        // Where no sides meet, one is either wholly inside the other, with every corner, or wholly outside.
        sides(&self.0).any(|(a, b)| sides(&other.0).any(|(c, d)| segments_meet(a, b, c, d)))
            || self.encloses(other.0[0])
            || other.encloses(self.0[0])
    }

    /// Whether a point that lies on no side is inside: a ray from it crosses an odd number of sides.
    fn encloses(&self, p: UnitPoint) -> bool {
        let crossed = sides(&self.0).filter(|(a, b)| {
            (a.y > p.y) != (b.y > p.y) && {
                let turn = orient(*a, *b, p);
                if b.y > a.y { turn > 0.0 } else { turn < 0.0 }
            }
        });
        crossed.count() % 2 == 1
    }
}

fn signed_area(points: &[UnitPoint]) -> f64 {
    sides(points).map(|(a, b)| a.x * b.y - b.x * a.y).sum::<f64>() / 2.0
}

fn sides(points: &[UnitPoint]) -> impl Iterator<Item = (UnitPoint, UnitPoint)> + '_ {
    points.iter().copied().zip(points.iter().copied().cycle().skip(1))
}

/// Indices of the first two sides that cross or touch although they are not neighbours, or that run back over
/// each other although they are.
fn crossing_sides(points: &[UnitPoint]) -> Option<(usize, usize)> {
    let all: Vec<_> = sides(points).collect();
    for i in 0..all.len() {
        for j in i + 1..all.len() {
            let neighbours = j == i + 1 || (i == 0 && j == all.len() - 1);
            let (a, b) = all[i];
            let (c, d) = all[j];
            let clash = if neighbours {
                // Neighbours share a corner; they clash only where one doubles back over the other.
                let (tip, from, to) = if j == i + 1 { (b, a, d) } else { (a, b, c) };
                orient(from, tip, to) == 0.0
                    && (from.x - tip.x) * (to.x - tip.x) + (from.y - tip.y) * (to.y - tip.y) > 0.0
            } else {
                segments_meet(a, b, c, d)
            };
            if clash {
                return Some((i, j));
            }
        }
    }
    None
}

fn orient(a: UnitPoint, b: UnitPoint, c: UnitPoint) -> f64 {
    (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)
}

fn on_segment(a: UnitPoint, b: UnitPoint, p: UnitPoint) -> bool {
    orient(a, b, p) == 0.0
        && (a.x.min(b.x)..=a.x.max(b.x)).contains(&p.x)
        && (a.y.min(b.y)..=a.y.max(b.y)).contains(&p.y)
}

fn segments_meet(a: UnitPoint, b: UnitPoint, c: UnitPoint, d: UnitPoint) -> bool {
    let proper = orient(a, b, c) * orient(a, b, d) < 0.0 && orient(c, d, a) * orient(c, d, b) < 0.0;
    proper || on_segment(a, b, c) || on_segment(a, b, d) || on_segment(c, d, a) || on_segment(c, d, b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn polygon(points: &[(f64, f64)]) -> Result<UnitPolygon, PolygonFault> {
        UnitPolygon::new(points.iter().map(|&(x, y)| UnitPoint { x, y }).collect())
    }

    #[test]
    fn polygons_are_checked() {
        assert!(polygon(&[(0.1, 0.1), (0.9, 0.1), (0.5, 0.9)]).is_ok());
        assert!(polygon(&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]).is_ok());
        assert_eq!(polygon(&[(0.1, 0.1), (0.9, 0.1)]), Err(PolygonFault::TooFewPoints(2)));
        assert!(matches!(
            polygon(&[(0.1, 0.1), (1.2, 0.1), (0.5, 0.9)]),
            Err(PolygonFault::OutsideFrame { index: 1, .. })
        ));
        assert!(matches!(
            polygon(&[(0.1, 0.1), (f64::NAN, 0.1), (0.5, 0.9)]),
            Err(PolygonFault::OutsideFrame { index: 1, .. })
        ));
        let bow_tie = polygon(&[(0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9)]);
        assert!(matches!(bow_tie, Err(PolygonFault::SelfCrossing { first: 0, second: 2 })));
        let flat = polygon(&[(0.1, 0.1), (0.5, 0.5), (0.9, 0.9)]);
        assert!(flat.is_err());
    }

    #[test]
    fn disjoint_boxes_share_nothing() {
        let a = BoxPx::new(0.0, 0.0, 10.0, 10.0);
        let b = BoxPx::new(20.0, 20.0, 30.0, 30.0);
        assert_eq!(a.intersection(&b), 0.0);
        assert_eq!(a.iou(&b), 0.0);
    }

    /// A star-shaped polygon around a point, all on a grid of 1/64: sums and products of its coordinates are exact.
    fn star() -> impl Strategy<Value = (UnitPoint, UnitPolygon)> {
        let reach = proptest::collection::vec((0usize..16, 1i32..=24), 3..9);
        (24i32..=40, 24i32..=40, reach).prop_filter_map("no simple polygon", |(cx, cy, mut reach)| {
            reach.sort_unstable();
            reach.dedup_by_key(|(turn, _)| *turn);
            let at = |(turn, far): &(usize, i32)| {
                let angle = *turn as f64 * std::f64::consts::TAU / 16.0;
                let on_grid =
                    |centre: i32, unit: f64| (f64::from(centre) + (unit * f64::from(*far)).round()) / 64.0;
                UnitPoint { x: on_grid(cx, angle.cos()), y: on_grid(cy, angle.sin()) }
            };
            let centre = UnitPoint { x: f64::from(cx) / 64.0, y: f64::from(cy) / 64.0 };
            let polygon = UnitPolygon::new(reach.iter().map(at).collect()).ok()?;
            // The centre sees every side from the same hand: the triangles to it make up the polygon.
            let fan = sides(polygon.points()).all(|(a, b)| orient(centre, a, b) > 0.0);
            fan.then_some((centre, polygon))
        })
    }

    /// Whether two triangles share a point: no side of either parts them (separating axis theorem).
    fn triangles_meet(a: [UnitPoint; 3], b: [UnitPoint; 3]) -> bool {
        let parts = |of: &[UnitPoint; 3], other: &[UnitPoint; 3]| {
            (0..3).any(|i| other.iter().all(|p| orient(of[i], of[(i + 1) % 3], *p) < 0.0))
        };
        !parts(&a, &b) && !parts(&b, &a)
    }

    #[test]
    fn what_touches_meets_and_what_lies_inside_too() {
        let square = |x: f64, y: f64, side: f64| {
            polygon(&[(x, y), (x + side, y), (x + side, y + side), (x, y + side)]).expect("a square")
        };
        let big = square(0.25, 0.25, 0.5);
        for (other, meets) in [
            (square(0.375, 0.375, 0.125), true),
            (square(0.0, 0.25, 0.25), true),
            (square(0.0, 0.0, 0.25), true),
            (square(0.0, 0.0, 0.24), false),
            (square(0.76, 0.3, 0.1), false),
            (big.clone(), true),
        ] {
            assert_eq!((big.meets(&other), other.meets(&big)), (meets, meets), "{other:?}");
        }
        assert_eq!(big.area(), 0.25);
        // In the mouth of a horseshoe, within its box and outside of it.
        let shoe =
            [(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.7, 0.9), (0.7, 0.3), (0.3, 0.3), (0.3, 0.9), (0.1, 0.9)];
        assert!(!polygon(&shoe).expect("a horseshoe").meets(&square(0.4, 0.5, 0.2)));
    }

    proptest! {
        #[test]
        fn what_is_joined_holds_all_and_costs_no_more(
            corners in prop::collection::vec((0u32..90, 0u32..90, 1u32..40, 1u32..40), 0..12), spare in 0u64..200,
        ) {
            let parts: Vec<PxRect> =
                corners.iter().map(|&(x0, y0, w, h)| PxRect { x0, y0, x1: x0 + w, y1: y0 + h }).collect();
            let joined = PxRect::joined(parts.clone(), spare);
            let cost = |all: &[PxRect]| all.iter().map(|part| part.area_px() + spare).sum::<u64>();
            prop_assert!(cost(&joined) <= cost(&parts));
            prop_assert!(parts.iter().all(|part| joined.iter().any(|whole| whole.hull(part) == *whole)));
            prop_assert_eq!(PxRect::joined([joined.clone(), joined.clone()].concat(), spare), joined);
        }

        #[test]
        fn polygons_meet_where_triangles_of_theirs_do((ca, a) in star(), (cb, b) in star(), shift in -32i32..=32) {
            let moved = b.points().iter().map(|p| UnitPoint { x: p.x + f64::from(shift) / 64.0, y: p.y });
            let Ok(b) = UnitPolygon::new(moved.collect()) else { return Ok(()) };
            let cb = UnitPoint { x: cb.x + f64::from(shift) / 64.0, y: cb.y };
            let fan = |c: UnitPoint, of: &UnitPolygon| sides(of.points()).map(|(p, q)| [c, p, q]).collect::<Vec<_>>();
            let expected = fan(ca, &a).iter().any(|s| fan(cb, &b).iter().any(|t| triangles_meet(*s, *t)));
            prop_assert_eq!(a.meets(&b), expected);
            prop_assert_eq!(b.meets(&a), expected);
            // The same by pixels: one that both hold is proof.
            let both = (0..64 * 64).map(|i| UnitPoint {
                x: (f64::from(i % 64) + 0.5) / 64.0 + 1e-4,
                y: (f64::from(i / 64) + 0.5) / 64.0 + 1e-5,
            });
            let shared = both.filter(|p| a.encloses(*p) && b.encloses(*p)).count();
            prop_assert!(expected || shared == 0);
        }

        #[test]
        fn outward_never_loses_a_touched_pixel(
            x in -50.0f32..150.0, y in -50.0f32..150.0, w in 0.01f32..120.0, h in 0.01f32..120.0,
            fw in 1u32..130, fh in 1u32..130,
        ) {
            let area = BoxPx::new(x, y, x + w, y + h);
            let frame = FrameSize { width: fw, height: fh };
            let rect = PxRect::outward(&area, frame);
            for py in 0..fh {
                for px in 0..fw {
                    let touched = area.x1 > px as f32 && area.x0 < (px + 1) as f32
                        && area.y1 > py as f32 && area.y0 < (py + 1) as f32;
                    if touched {
                        let r = rect.expect("a touched pixel means a rectangle");
                        prop_assert!(px >= r.x0 && px < r.x1 && py >= r.y0 && py < r.y1);
                    }
                }
            }
            if let Some(r) = rect {
                prop_assert!(r.x0 % 2 == 0 && r.y0 % 2 == 0);
                prop_assert!(r.x1 % 2 == 0 || r.x1 == fw);
                prop_assert!(r.y1 % 2 == 0 || r.y1 == fh);
            }
        }
    }
}
