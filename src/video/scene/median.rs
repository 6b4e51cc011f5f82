//! A clip's own still: the median over time, without what detections covered.
//!
//! Holds raw pixels: like a raw frame, neither type can be copied, printed or read outside `video`.

use super::plane::{area, len, quantile_of, scaled};
use super::small::{Recolour, SmallPicture, small_size};
use crate::geometry::{BoxPx, FrameSize};
use crate::video::frame::{PixelFormat, RawFrame};
use crate::video::plan::Detection;

/// One frame of a clip, with what to leave out of it.
pub struct Sample {
    size: FrameSize,
    /// Y, and U and V at half the size, rounded up: BT.601, limited range.
    planes: [Vec<u8>; 3],
    /// Where somebody or something was detected, frame space, grown.
    covered: Vec<BoxPx>,
}

/// Lowest score of a detection that is left out: what the detector half believes is furniture as often as not, and
/// whatever of it is a person the median and the other clips take out.
const LEFT_OUT_SCORE: f32 = 0.2;
/// Detections are left out with this share of their sides around them: shadows and shoes stick out.
const LEFT_OUT_MARGIN: f32 = 0.1;
/// A box of more than this share of the picture is nobody to leave out: it would leave out the scene.
const LARGEST_LEFT_OUT: f32 = 0.1;

impl Sample {
    /// A frame and what was detected in it; `None` where the picture is damaged.
    #[must_use]
    pub fn of(frame: &RawFrame, detections: &[Detection]) -> Option<Self> {
        if frame.damage().is_some() {
            return None;
        }
        let size = frame.size();
        let whole = size.area_px() as f32;
        let covered = detections
            .iter()
            .filter(|d| d.score >= LEFT_OUT_SCORE && d.area.area() <= LARGEST_LEFT_OUT * whole)
            .map(|d| d.area.grown(LEFT_OUT_MARGIN, 0.0))
            .collect();
        Some(Self { size, planes: planes(frame), covered })
    }
}

/// The frame's planes without padding, as BT.601 in limited range.
fn planes(frame: &RawFrame) -> [Vec<u8>; 3] {
    let (width, height) = (frame.size().width as usize, frame.size().height as usize);
    let (columns, rows) = frame.size().chroma();
    let (columns, rows) = (columns as usize, rows as usize);
    let luma = frame.luma();
    let mut y: Vec<u8> =
        luma.data.chunks(luma.stride).take(height).flat_map(|row| &row[..width]).copied().collect();
    let [mut u, mut v] = [Vec::with_capacity(columns * rows), Vec::with_capacity(columns * rows)];
    match frame.layout.format {
        PixelFormat::I420 => {
            for (out, plane) in [&mut u, &mut v].into_iter().zip(frame.chroma()) {
                out.extend(plane.data.chunks(plane.stride).take(rows).flat_map(|row| &row[..columns]));
            }
        }
        PixelFormat::Nv12 => {
            for plane in frame.chroma() {
                let pairs = plane
                    .data
                    .chunks(plane.stride)
                    .take(rows)
                    .flat_map(|row| row[..columns * 2].chunks_exact(2));
                for pair in pairs {
                    u.push(pair[0]);
                    v.push(pair[1]);
                }
            }
        }
    }
    if let Some(change) = Recolour::to_bt601(frame.colour) {
        let apply = |y: u8, u: u8, v: u8| change.apply([y, u, v].map(f32::from)).map(byte);
        for (at, y) in y.iter_mut().enumerate() {
            let chroma = (at / width / 2) * columns + at % width / 2;
            [*y, _, _] = apply(*y, u[chroma], v[chroma]);
        }
        for (u, v) in u.iter_mut().zip(&mut v) {
            // Brightness does not enter into colour.
            [_, *u, *v] = apply(16, *u, *v);
        }
    }
    [y, u, v]
}

/// The nearest 8-bit value.
pub(super) fn byte(v: f32) -> u8 {
    v.round().clamp(0.0, 255.0) as u8
}

/// The still of one clip or stretch of it, by itself: whoever lingered in it is still there.
pub struct Segment {
    pub(super) size: FrameSize,
    /// As in a [`Sample`].
    pub(super) planes: [Vec<u8>; 3],
    /// The same at [`WORK_PX`] across at most.
    pub(super) work: SmallPicture,
    /// Per pixel of `work`: it was free of detections often enough.
    pub(super) known: Vec<bool>,
    /// Per pixel of `work`: how far brightness strays from the median in most samples, grey levels.
    pub(super) sway: Vec<f32>,
}

/// Share of a clip's samples that stray no farther than [`Segment::sway`]: more than half, so that what stirs most of the
/// time counts, and few enough that somebody who lingers does not.
const SWAY_SHARE: f32 = 0.6;
/// Width at which segments are compared with one another, pixels: stills are mended in patches of 2 % of the width,
/// for which more would be no use.
pub(super) const WORK_PX: u32 = 384;
/// A pixel is known where it was free of detections in this share of the samples ...
const KNOWN_SHARE: f32 = 0.15;
/// ... and in as many at least: a median of two is either.
const KNOWN_LEAST: usize = 3;

impl Segment {
    /// The median of samples of one clip; `None` where there are none or they differ in size.
    #[must_use]
    pub fn of(samples: &[Sample]) -> Option<Self> {
        let size = samples.first()?.size;
        if samples.iter().any(|sample| sample.size != size) {
            return None;
        }
        let chroma = chroma_size(size);
        let (y, known) = median(samples, 0, size, 1.0);
        let (u, _) = median(samples, 1, chroma, 0.5);
        let (v, _) = median(samples, 2, chroma, 0.5);
        let work_size = small_size(size, WORK_PX.min(size.width));
        let small = |plane: &[u8], from: FrameSize| {
            let [plane] = area::<1>(plane, from.width as usize, from, work_size);
            plane
        };
        let work =
            SmallPicture { size: work_size, planes: [small(&y, size), small(&u, chroma), small(&v, chroma)] };
        let known = scaled(&known, size, work_size).iter().map(|share| *share >= 0.5).collect();
        let lumas: Vec<Vec<f32>> = samples.iter().map(|sample| small(&sample.planes[0], size)).collect();
        let mut strays = Vec::with_capacity(lumas.len());
        let sway = (0..len(work_size)).map(|at| {
            strays.clear();
            strays.extend(lumas.iter().map(|luma| (luma[at] - work.planes[0][at]).abs()));
            quantile_of(&mut strays, SWAY_SHARE)
        });
        let sway = sway.collect();
        Some(Self { size, planes: [y, u, v], work, known, sway })
    }
}

/// Size of the chroma planes.
pub(super) fn chroma_size(size: FrameSize) -> FrameSize {
    let (width, height) = size.chroma();
    FrameSize { width, height }
}

/// The median of one plane, `scale` of the frame's size along each axis, and 1 for each sample that is known.
fn median(samples: &[Sample], plane: usize, size: FrameSize, scale: f32) -> (Vec<u8>, Vec<f32>) {
    let width = size.width as usize;
    let least = KNOWN_LEAST.max((KNOWN_SHARE * samples.len() as f32).ceil() as usize);
    let (mut out, mut known) = (Vec::with_capacity(len(size)), Vec::with_capacity(len(size)));
    let mut covered = vec![false; samples.len() * width];
    let (mut free, mut all) = (Vec::new(), Vec::new());
    for row in 0..size.height as usize {
        covered.fill(false);
        for (sample, covered) in samples.iter().zip(covered.chunks_exact_mut(width)) {
            for b in &sample.covered {
                if b.y1 * scale > row as f32 && b.y0 * scale < (row + 1) as f32 {
                    let first = ((b.x0 * scale).floor().max(0.0) as usize).min(width);
                    let past = ((b.x1 * scale).ceil().max(0.0) as usize).clamp(first, width);
                    covered[first..past].fill(true);
                }
            }
        }
        for column in 0..width {
            free.clear();
            all.clear();
            for (nth, sample) in samples.iter().enumerate() {
                let value = sample.planes[plane][row * width + column];
                all.push(value);
                if !covered[nth * width + column] {
                    free.push(value);
                }
            }
            let is_known = free.len() >= least;
            out.push(middle(if is_known { &mut free } else { &mut all }));
            known.push(f32::from(u8::from(is_known)));
        }
    }
    (out, known)
}

/// The median of bytes; of an even number the mean of the two in the middle.
fn middle(values: &mut [u8]) -> u8 {
    let nth = values.len() / 2;
    let even = values.len().is_multiple_of(2);
    let (below, &mut upper, _) = values.select_nth_unstable(nth);
    match below.iter().max() {
        Some(lower) if even => lower.midpoint(upper),
        _ => upper,
    }
}

/// The median of numbers; reorders them.
pub(super) fn middle_of(values: &mut [f32]) -> f32 {
    quantile_of(values, 0.5)
}
