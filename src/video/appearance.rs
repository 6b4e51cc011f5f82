//! What somebody wears, as statistics: how bright, which colours, how rough, above the waist and below. Measured on this
//! very clip to tell people of this very clip apart, never to know anybody: no face, and nothing that a picture could be
//! made of again.
//!
//! Histograms of brightness and colour of body parts are an old and robust cue for telling pedestrians apart (Gray & Tao,
//! "Viewpoint Invariant Pedestrian Recognition with an Ensemble of Localized Features", ECCV 2008); they are compared
//! by the Hellinger distance, the square root of one minus the Bhattacharyya coefficient.

use crate::geometry::BoxPx;
use crate::video::frame::{Plane, RawFrame};

/// Bins of each histogram.
const BINS: usize = 8;
/// Numbers of each part: brightness, two colours, roughness across and down.
const PART: usize = 3 * BINS + 2;
/// Parts: trunk and legs.
const PARTS: usize = 2;
/// Numbers of an appearance.
pub const APPEARANCE_LEN: usize = PARTS * PART;
/// Largest number: a share of all samples, or grey levels of roughness.
pub const APPEARANCE_MOST: u8 = 100;

/// Where the parts lie in a box that is taller than wide, as shares of its height; the head is left out, and so is the
/// floor at the feet.
const HEIGHTS: [(f32, f32); PARTS] = [(0.18, 0.5), (0.5, 0.88)];
/// Share of the box's width that is looked at, around its middle: what lies beside is background.
const ACROSS: f32 = 0.5;
/// Samples of a part, at most, each way.
const SAMPLES: usize = 24;
/// Boxes with a shorter side than this tell nothing, pixels.
const LEAST_SIDE: f32 = 6.0;
/// Distances from grey, chroma levels, at which the colour bins have their centres: finer near grey, where most
/// clothes lie.
const COLOUR_CENTRES: [f32; BINS] = [-40.0, -20.0, -10.0, -3.5, 3.5, 10.0, 20.0, 40.0];
/// Luma at which the brightness bins have their centres.
const LUMA_CENTRES: [f32; BINS] = [24.0, 45.0, 66.0, 90.0, 116.0, 144.0, 174.0, 208.0];
/// Weights of brightness, colours and roughness in a distance: light changes from place to place, colours less.
const WEIGHTS: [f32; 3] = [0.35, 0.5, 0.15];

/// What somebody wears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appearance([u8; APPEARANCE_LEN]);

/// Statistics of several looks at the same person.
#[derive(Debug, Clone, PartialEq)]
pub struct MeanAppearance {
    mean: [f32; APPEARANCE_LEN],
    /// Mean distance of the looks from their mean.
    spread: f32,
    looks: usize,
}

impl Appearance {
    /// Of a person's box in a picture; `None` where it is too small.
    #[must_use]
    pub fn of(frame: &RawFrame, area: &BoxPx) -> Option<Self> {
        let size = frame.size();
        let (width, height) = (size.width as f32, size.height as f32);
        let area = BoxPx::new(area.x0.max(0.0), area.y0.max(0.0), area.x1.min(width), area.y1.min(height));
        if area.width() < LEAST_SIDE || area.height() < LEAST_SIDE {
            return None;
        }
        let mut numbers = [0; APPEARANCE_LEN];
        for (part, numbers) in numbers.chunks_exact_mut(PART).enumerate() {
            measure(frame, &body_part(&area, part), numbers);
        }
        Some(Self(numbers))
    }

    /// The numbers, each at most [`APPEARANCE_MOST`].
    #[must_use]
    pub fn numbers(&self) -> &[u8; APPEARANCE_LEN] {
        &self.0
    }

    /// From its numbers; `None` where one is too large.
    #[must_use]
    pub fn of_numbers(numbers: [u8; APPEARANCE_LEN]) -> Option<Self> {
        numbers.iter().all(|n| *n <= APPEARANCE_MOST).then_some(Self(numbers))
    }
}

impl MeanAppearance {
    /// Of some looks; `None` where there is none.
    #[must_use]
    pub fn of<'a>(looks: impl Iterator<Item = &'a Appearance> + Clone) -> Option<Self> {
        let count = looks.clone().count();
        if count == 0 {
            return None;
        }
        let mut mean = [0.0; APPEARANCE_LEN];
        for look in looks.clone() {
            mean.iter_mut().zip(look.0).for_each(|(sum, n)| *sum += f32::from(n) / count as f32);
        }
        let spread = looks.map(|look| distance(&mean, &look.0.map(f32::from))).sum::<f32>() / count as f32;
        Some(Self { mean, spread, looks: count })
    }

    /// How far apart two people, or two stretches of one person, look: 0 for the same, 1 for nothing in common.
    #[must_use]
    pub fn distance(&self, other: &Self) -> f32 {
        distance(&self.mean, &other.mean)
    }

    /// Mean distance of the looks from their mean, `0..=1`.
    #[must_use]
    pub fn spread(&self) -> f32 {
        self.spread
    }

    /// How many looks it is of.
    #[must_use]
    pub fn looks(&self) -> usize {
        self.looks
    }
}

/// Trunk or legs of a box. Of somebody who lies, or is seen from above, both are the middle.
fn body_part(area: &BoxPx, part: usize) -> BoxPx {
    let (width, height) = (area.width(), area.height());
    if width > height {
        let (dx, dy) = (0.25 * width, 0.2 * height);
        return BoxPx::new(area.x0 + dx, area.y0 + dy, area.x1 - dx, area.y1 - dy);
    }
    let beside = 0.5 * (1.0 - ACROSS) * width;
    let (from, to) = HEIGHTS[part];
    BoxPx::new(area.x0 + beside, area.y0 + from * height, area.x1 - beside, area.y0 + to * height)
}

/// Positions of samples between two edges, whole pixels.
fn positions(from: f32, to: f32, end: u32) -> impl Iterator<Item = usize> + Clone {
    let count = ((to - from).ceil() as usize).clamp(1, SAMPLES);
    let step = (to - from) / count as f32;
    (0..count).map(move |i| ((from + (i as f32 + 0.5) * step) as usize).min(end.saturating_sub(1) as usize))
}

fn measure(frame: &RawFrame, part: &BoxPx, numbers: &mut [u8]) {
    let size = frame.size();
    let columns = positions(part.x0, part.x1, size.width);
    let luma = frame.luma();
    let mut histograms = [[0.0f32; BINS]; 3];
    let (mut rough_across, mut rough_down, mut count) = (0.0f32, 0.0f32, 0.0f32);
    let planes: Vec<Plane<'_>> = frame.chroma().collect();
    let at = |plane: &Plane<'_>, x: usize, y: usize| f32::from(plane.data[y * plane.stride + x]);
    let mut above: Vec<f32> = Vec::new();
    for y in positions(part.y0, part.y1, size.height) {
        let mut row: Vec<f32> = Vec::with_capacity(SAMPLES);
        for x in columns.clone() {
            let value = at(&luma, x, y);
            rough_across += row.last().map_or(0.0, |before| (value - before).abs());
            rough_down += above.get(row.len()).map_or(0.0, |before| (value - before).abs());
            row.push(value);
            add(&mut histograms[0], &LUMA_CENTRES, value);
            let (cx, cy) = (x / 2, y / 2);
            let (u, v) = match planes.as_slice() {
                [both] => (at(both, 2 * cx, cy), at(both, 2 * cx + 1, cy)),
                [u, v, ..] => (at(u, cx, cy), at(v, cx, cy)),
                [] => (128.0, 128.0),
            };
            add(&mut histograms[1], &COLOUR_CENTRES, u - 128.0);
            add(&mut histograms[2], &COLOUR_CENTRES, v - 128.0);
            count += 1.0;
        }
        above = row;
    }
    let most = f32::from(APPEARANCE_MOST);
    let shares = histograms.iter().flatten().map(|sum| most * sum / count);
    let rough = [rough_across, rough_down].map(|sum| 2.0 * sum / count);
    for (number, value) in numbers.iter_mut().zip(shares.chain(rough)) {
        *number = value.round().clamp(0.0, most) as u8;
    }
}

/// Adds a value to the two bins that it lies between.
fn add(histogram: &mut [f32; BINS], centres: &[f32; BINS], value: f32) {
    let above = centres.partition_point(|centre| *centre < value);
    match (above.checked_sub(1), centres.get(above)) {
        (Some(below), Some(next)) => {
            let share = (value - centres[below]) / (next - centres[below]);
            histogram[below] += 1.0 - share;
            histogram[above] += share;
        }
        (None, _) => histogram[0] += 1.0,
        (Some(last), None) => histogram[last] += 1.0,
    }
}

fn distance(a: &[f32; APPEARANCE_LEN], b: &[f32; APPEARANCE_LEN]) -> f32 {
    let parts = a.chunks_exact(PART).zip(b.chunks_exact(PART)).map(|(a, b)| {
        let hellinger = |n: usize| {
            let (a, b) = (&a[n * BINS..][..BINS], &b[n * BINS..][..BINS]);
            let total = (a.iter().sum::<f32>() * b.iter().sum::<f32>()).sqrt().max(f32::EPSILON);
            let shared: f32 = a.iter().zip(b).map(|(a, b)| (a * b).sqrt()).sum();
            (1.0 - (shared / total).min(1.0)).sqrt()
        };
        let rough = |n: usize| {
            let (a, b) = (a[3 * BINS + n], b[3 * BINS + n]);
            (a - b).abs() / (a + b).max(4.0)
        };
        WEIGHTS[0] * hellinger(0)
            + WEIGHTS[1] * 0.5 * (hellinger(1) + hellinger(2))
            + WEIGHTS[2] * 0.5 * (rough(0) + rough(1))
    });
    parts.sum::<f32>() / PARTS as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::FrameSize;
    use crate::video::frame::{Colour, Layout, PixelFormat, Stamp};
    use proptest::prelude::*;

    const SIZE: FrameSize = FrameSize { width: 64, height: 96 };

    /// Somebody in a shirt and trousers, each a luma and two colours.
    fn dressed(format: PixelFormat, parts: [[u8; 3]; 2]) -> RawFrame {
        let layout = Layout::new(format, SIZE);
        let mut bytes = vec![0; layout.len()];
        let (luma, chroma) = bytes.split_at_mut(layout.luma_len());
        for (y, row) in luma.chunks_mut(layout.luma_stride).enumerate() {
            row.fill(parts[usize::from(y >= 48)][0]);
        }
        let planes = layout.chroma_planes();
        for (n, plane) in chroma.chunks_mut(layout.chroma_len()).take(planes).enumerate() {
            for (y, row) in plane.chunks_mut(layout.chroma_stride).enumerate() {
                for (x, sample) in row.iter_mut().enumerate() {
                    let which = if planes == 1 { x % 2 } else { n };
                    *sample = parts[usize::from(y >= 24)][1 + which];
                }
            }
        }
        let stamp = Stamp { index: 0, pts_ns: 0, duration_ns: None };
        RawFrame::from_samples(format, SIZE, Colour::BT709, stamp, bytes).expect("the layout's length")
    }

    fn mean(frame: &RawFrame) -> MeanAppearance {
        let look = Appearance::of(frame, &BoxPx::new(8.0, 0.0, 56.0, 96.0)).expect("large enough");
        MeanAppearance::of([look].iter()).expect("one look")
    }

    #[test]
    fn the_same_clothes_look_the_same_in_every_layout_and_others_do_not() {
        let (red, blue) = ([90, 100, 180], [90, 180, 100]);
        let [planar, interleaved] =
            [PixelFormat::I420, PixelFormat::Nv12].map(|format| mean(&dressed(format, [red, blue])));
        assert!(planar.distance(&interleaved) < 0.01);
        let swapped = mean(&dressed(PixelFormat::I420, [blue, red]));
        assert!(planar.distance(&swapped) > 0.4, "{}", planar.distance(&swapped));
        let brighter = mean(&dressed(PixelFormat::I420, [[100, 100, 180], [100, 180, 100]]));
        assert!(planar.distance(&brighter) < 0.3, "{}", planar.distance(&brighter));
        assert!(planar.spread() < 1e-3 && planar.looks() == 1);
    }

    #[test]
    fn what_is_too_small_tells_nothing() {
        let frame = dressed(PixelFormat::I420, [[90, 128, 128]; 2]);
        assert_eq!(Appearance::of(&frame, &BoxPx::new(0.0, 0.0, 5.0, 40.0)), None);
        assert_eq!(Appearance::of(&frame, &BoxPx::new(60.0, 0.0, 90.0, 40.0)), None, "cut by the edge");
    }

    proptest! {
        #[test]
        fn every_box_of_every_picture_gives_numbers_that_are_read_again(
            x in -20.0f32..80.0, y in -20.0f32..110.0, w in 1.0f32..100.0, h in 1.0f32..120.0, luma in any::<u8>(),
        ) {
            let frame = dressed(PixelFormat::Nv12, [[luma, 3, 250], [255 - luma, 128, 90]]);
            if let Some(look) = Appearance::of(&frame, &BoxPx::new(x, y, x + w, y + h)) {
                prop_assert_eq!(Appearance::of_numbers(*look.numbers()), Some(look));
                let mean = MeanAppearance::of([look].iter()).expect("one look");
                prop_assert!(mean.distance(&mean) < 1e-3);
            }
        }
    }
}
