//! What looks painted in a finished picture: the grey of cells, or the colour of `fill`.
//!
//! Knows nothing of any plan: it tells by the picture alone whether a place is hidden, after an encoder went over it. In
//! footage without colour a grey coat may look like frost; whoever asks has to know that ([`Paint::is_colourless`]).

use super::cells::{MEAN, SPAN};
use super::hidden::PixelSet;
use super::raster::{Raster, Region};
use crate::geometry::{FrameSize, PxRect, UnitPolygon};
use crate::video::frame::{PixelFormat, RawFrame};
use std::sync::Arc;

/// How far an encoder may shift a painted value: luma, chroma.
const STRAY: (u8, u8) = (10, 8);
/// The same for the colour of `fill`, which is flat.
const STRAY_FILL: u8 = 12;
/// Difference of neighbours up to which a place is flat, grey levels.
const FLAT: u8 = 8;
/// Pixels from the edge of a zone that are left to the encoder, which lets what lies beside it ring into it.
const RINGING_PX: u32 = 6;
/// Pixels around the strokes of burned-in words that count as words.
const BETWEEN_LETTERS_PX: u32 = 4;

/// What masks are painted with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    /// Cells of grey: `blur` and `pixelate`.
    pub cells: bool,
    /// The colour of `fill` and of covered frames.
    pub fill: [u8; 3],
}

/// A zone's pixels in frames of one size.
#[derive(Debug)]
pub struct ZonePixels {
    size: FrameSize,
    inner: Vec<(u32, u32)>,
}

impl ZonePixels {
    /// The pixels of a zone but those beside its edge; none where it is too narrow to have any.
    #[must_use]
    pub fn of(polygon: &UnitPolygon, size: FrameSize) -> Self {
        let raster = Arc::new(Raster::of(polygon, size));
        let mut all = PixelSet::none(size);
        if let Some(region) = Region::polygon(raster, size) {
            all.insert_region(&region);
        }
        let whole = |x: u32, y: u32| {
            let around = around(x, y, size);
            all.count_in(around) == around.area_px()
        };
        let pixels = (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x, y)));
        Self { size, inner: pixels.filter(|(x, y)| whole(*x, *y)).collect() }
    }

    /// These but what lies on or beside burned-in words, which stand over the paint.
    #[must_use]
    pub fn without(mut self, words: &PixelSet) -> Self {
        let size = self.size;
        let beside = |&(x, y): &(u32, u32)| words.count_in(around(x, y, size)) > 0;
        self.inner.retain(|at| !beside(at));
        self
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// How many of them do not look painted, three times three or more together, and a rectangle around these. A thinner
    /// line is where an encoder let two cells run into each other, and shows nobody.
    #[must_use]
    pub fn bare(&self, paint: &Paint, frame: &RawFrame) -> Option<(u64, PxRect)> {
        if frame.size() != self.size {
            return Some((self.inner.len() as u64, PxRect::whole(frame.size())));
        }
        let canvas = Canvas::of(frame, paint);
        let mut bare = PixelSet::none(self.size);
        let mut any = false;
        for &(x, y) in self.inner.iter().filter(|(x, y)| !canvas.painted(*x, *y)) {
            bare.insert_run(y, x..x + 1);
            any = true;
        }
        if !any {
            return None;
        }
        let mut holes = PixelSet::none(self.size);
        for &(x, y) in self.inner.iter().filter(|(x, y)| bare.count_in(block(*x, *y)) == BLOCK_AREA) {
            holes.insert(block(x, y));
        }
        let mut found: Option<(u64, PxRect)> = None;
        for &(x, y) in self.inner.iter().filter(|(x, y)| holes.count_in(near(*x, *y, 0, self.size)) > 0) {
            let (count, area) = found.unwrap_or((0, PxRect { x0: x, y0: y, x1: x + 1, y1: y + 1 }));
            let area = PxRect {
                x0: area.x0.min(x),
                y0: area.y0.min(y),
                x1: area.x1.max(x + 1),
                y1: area.y1.max(y + 1),
            };
            found = Some((count + 1, area));
        }
        found
    }
}

/// Pixels of [`block`].
const BLOCK_AREA: u64 = 9;

/// A pixel and those around it.
fn block(x: u32, y: u32) -> PxRect {
    PxRect { x0: x.saturating_sub(1), y0: y.saturating_sub(1), x1: x + 2, y1: y + 2 }
}

/// What an encoder may mix into a pixel.
fn around(x: u32, y: u32, size: FrameSize) -> PxRect {
    near(x, y, RINGING_PX, size)
}

/// So many pixels to each side of one.
fn near(x: u32, y: u32, by: u32, size: FrameSize) -> PxRect {
    PxRect {
        x0: x.saturating_sub(by),
        y0: y.saturating_sub(by),
        x1: (x + by + 1).min(size.width),
        y1: (y + by + 1).min(size.height),
    }
}

impl Paint {
    /// Share of a rectangle's pixels that look painted or lie on or between burned-in `words`, which networks take for
    /// small people, `0..=1`; 0 where it holds none of the frame.
    #[must_use]
    pub fn share_in(&self, frame: &RawFrame, area: PxRect, words: Option<&PixelSet>) -> f32 {
        let canvas = Canvas::of(frame, self);
        let size = frame.size();
        let (columns, rows) = (area.x0..area.x1.min(size.width), area.y0..area.y1.min(size.height));
        let all = columns.len() * rows.len();
        let painted = rows.flat_map(|y| columns.clone().map(move |x| (x, y)));
        let written = |x, y| words.is_some_and(|set| set.count_in(near(x, y, BETWEEN_LETTERS_PX, size)) > 0);
        let painted = painted.filter(|(x, y)| canvas.painted(*x, *y) || written(*x, *y)).count();
        if all == 0 { 0.0 } else { painted as f32 / all as f32 }
    }

    /// Whether next to nothing in the frame has a colour, so that cells are told by their light alone.
    #[must_use]
    pub fn is_colourless(&self, frame: &RawFrame) -> bool {
        let (canvas, size) = (Canvas::of(frame, self), frame.size());
        let sampled = |length: u32| (0..length).step_by(8);
        let places = sampled(size.height).flat_map(|y| sampled(size.width).map(move |x| (x, y)));
        let (mut all, mut coloured) = (0u32, 0u32);
        for (x, y) in places {
            let [_, u, v] = canvas.sample(x, y);
            all += 1;
            coloured += u32::from(u.abs_diff(128) > STRAY.1 || v.abs_diff(128) > STRAY.1);
        }
        coloured * 50 < all
    }
}

/// A frame's samples, and what paint looks like in its colours.
struct Canvas<'f> {
    luma: (&'f [u8], usize),
    chroma: [(&'f [u8], usize); 2],
    /// Bytes between two chroma samples of a row.
    step: usize,
    size: FrameSize,
    cells: bool,
    fill: [u8; 3],
}

impl<'f> Canvas<'f> {
    fn of(frame: &'f RawFrame, paint: &Paint) -> Self {
        let luma = frame.luma();
        let mut planes = frame.chroma().map(|plane| (plane.data, plane.stride));
        let first = planes.next().unwrap_or((&[], 1));
        let (chroma, step) = match frame.layout.format {
            PixelFormat::I420 => ([first, planes.next().unwrap_or(first)], 1),
            // U and V alternate.
            PixelFormat::Nv12 => ([first, (first.0.get(1..).unwrap_or_default(), first.1)], 2),
        };
        Self {
            luma: (luma.data, luma.stride),
            chroma,
            step,
            size: frame.size(),
            cells: paint.cells,
            fill: frame.colour.yuv(paint.fill),
        }
    }

    fn y(&self, x: u32, y: u32) -> u8 {
        self.luma.0[y as usize * self.luma.1 + x as usize]
    }

    fn sample(&self, x: u32, y: u32) -> [u8; 3] {
        let at = |(data, stride): (&[u8], usize)| {
            let place = y as usize / 2 * stride + x as usize / 2 * self.step;
            data.get(place).copied().unwrap_or(0)
        };
        [self.y(x, y), at(self.chroma[0]), at(self.chroma[1])]
    }

    fn painted(&self, x: u32, y: u32) -> bool {
        let [luma, u, v] = self.sample(x, y);
        let [fill_y, fill_u, fill_v] = self.fill;
        let near = |a: u8, b: u8, stray| a.abs_diff(b) <= stray;
        let filled =
            near(luma, fill_y, STRAY_FILL) && near(u, fill_u, STRAY_FILL) && near(v, fill_v, STRAY_FILL);
        if filled && self.flat(x, y, luma) {
            return true;
        }
        let grey = near(luma, MEAN, SPAN + STRAY.0) && near(u, 128, STRAY.1) && near(v, 128, STRAY.1);
        self.cells && grey && self.flat(x, y, luma)
    }

    /// Whether it is like a neighbour to its side and like one above or below, or lies between the two: so does all that
    /// masks paint, also where two cells meet in a pixel that belongs to both.
    fn flat(&self, x: u32, y: u32, luma: u8) -> bool {
        let calm = |before: Option<u8>, after: Option<u8>| {
            let like = |other: u8| other.abs_diff(luma) <= FLAT;
            let between = |(a, b): (u8, u8)| (a.min(b)..=a.max(b)).contains(&luma);
            before.is_some_and(like) || after.is_some_and(like) || before.zip(after).is_some_and(between)
        };
        let left = x.checked_sub(1).map(|x| self.y(x, y));
        let right = (x + 1 < self.size.width).then(|| self.y(x + 1, y));
        let above = y.checked_sub(1).map(|y| self.y(x, y));
        let below = (y + 1 < self.size.height).then(|| self.y(x, y + 1));
        calm(left, right) && calm(above, below)
    }
}
