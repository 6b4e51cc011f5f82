//! A box of a picture, scaled to one size whatever its own: what an attacker compares.

use crate::geometry::PxRect;
use crate::video::frame::{Layout, PixelFormat};

/// Samples across.
pub(super) const WIDTH: usize = 24;
/// Samples down.
pub(super) const HEIGHT: usize = 48;

/// Luma and both chromas of a box, each the mean of the pixels that a sample stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Crop {
    /// Y, U, V; row by row.
    pub(super) planes: [Vec<f32>; 3],
}

impl Crop {
    /// Cuts a box out of a picture; it holds at least one pixel of it. It is brought to a resolution, samples across and
    /// down, at most [`WIDTH`] and [`HEIGHT`], and from that to the common size.
    pub(super) fn of(bytes: &[u8], layout: &Layout, area: PxRect, resolution: (usize, usize)) -> Self {
        let chroma = |x: usize, y: usize, second: bool| {
            let row = layout.luma_len() + (y / 2) * layout.chroma_stride;
            match layout.format {
                PixelFormat::I420 => bytes[row + x / 2 + usize::from(second) * layout.chroma_len()],
                PixelFormat::Nv12 => bytes[row + (x & !1) + usize::from(second)],
            }
        };
        Self {
            planes: [
                scaled(area, resolution, |x, y| bytes[y * layout.luma_stride + x]),
                scaled(area, resolution, |x, y| chroma(x, y, false)),
                scaled(area, resolution, |x, y| chroma(x, y, true)),
            ],
        }
    }

    /// The same as a mosaic of so many cells across and down, as other programs pixelate: in colour, nothing levelled.
    pub(super) fn mosaic(&self, across: usize, down: usize) -> Self {
        let planes = self.planes.each_ref().map(|plane| {
            let mean = |cx: usize, cy: usize| {
                let (xs, ys) = (span(cx, across, WIDTH), span(cy, down, HEIGHT));
                let count = (xs.len() * ys.len()).max(1) as f32;
                ys.flat_map(|y| xs.clone().map(move |x| plane[y * WIDTH + x])).sum::<f32>() / count
            };
            let cells: Vec<f32> = (0..down)
                .flat_map(|cy| (0..across).map(move |cx| (cx, cy)))
                .map(|(x, y)| mean(x, y))
                .collect();
            let at = |i: usize| ((i / WIDTH) * down / HEIGHT) * across + (i % WIDTH) * across / WIDTH;
            (0..WIDTH * HEIGHT).map(|i| cells[at(i)]).collect()
        });
        Self { planes }
    }
}

/// Mean and contrast of the luma of a levelled mosaic, grey levels; contrast below the third is taken for noise.
const LEVEL: (f32, f32, f32) = (128.0, 28.0, 8.0);

impl Crop {
    /// The same without colour, with a mean and a contrast that are those of all.
    pub(super) fn levelled(mut self) -> Self {
        let [luma, chroma @ ..] = &mut self.planes;
        let count = luma.len() as f32;
        let mean = luma.iter().sum::<f32>() / count;
        let contrast = (luma.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / count).sqrt();
        let gain = LEVEL.1 / contrast.max(LEVEL.2);
        luma.iter_mut().for_each(|v| *v = (LEVEL.0 + gain * (*v - mean)).round().clamp(16.0, 235.0));
        chroma.iter_mut().for_each(|plane| plane.fill(128.0));
        self
    }
}

/// The samples that cell `i` of `of` covers among `len`.
pub(super) fn span(i: usize, of: usize, len: usize) -> std::ops::Range<usize> {
    (i * len).div_ceil(of)..((i + 1) * len).div_ceil(of)
}

/// Means over the box's pixels at a resolution, each repeated up to the common size.
fn scaled(area: PxRect, (across, down): (usize, usize), at: impl Fn(usize, usize) -> u8) -> Vec<f32> {
    let (columns, rows) = (weights(area.x0, area.x1, across), weights(area.y0, area.y1, down));
    let mut samples = Vec::with_capacity(across * down);
    for row in &rows {
        for column in &columns {
            let mut sum = 0.0;
            for &(y, wy) in row {
                sum += wy * column.iter().map(|&(x, wx)| wx * f64::from(at(x, y))).sum::<f64>();
            }
            // Hundredths: what is constant stays so, whatever the box's size does to the sum's last digits.
            samples.push(((sum * 100.0).round() / 100.0) as f32);
        }
    }
    let place = |i: usize| (i / WIDTH * down / HEIGHT) * across + i % WIDTH * across / WIDTH;
    (0..WIDTH * HEIGHT).map(|i| samples[place(i)]).collect()
}

/// For each of `count` equal parts of `from..to` the pixels that it covers, with weights that add up to 1.
fn weights(from: u32, to: u32, count: usize) -> Vec<Vec<(usize, f64)>> {
    let step = f64::from(to - from) / count as f64;
    (0..count)
        .map(|i| {
            let (start, end) = (f64::from(from) + i as f64 * step, f64::from(from) + (i + 1) as f64 * step);
            let pixels = start.floor() as usize..(end.ceil() as usize).min(to as usize);
            let covered = |x: usize| (end.min(x as f64 + 1.0) - start.max(x as f64)).max(0.0) / step;
            pixels.map(|x| (x, covered(x))).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::FrameSize;

    #[test]
    fn what_is_constant_is_constant_at_any_size() {
        let layout = Layout::new(PixelFormat::I420, FrameSize { width: 100, height: 90 });
        let bytes = vec![77; layout.len()];
        let crop = |x0, y0, x1, y1| Crop::of(&bytes, &layout, PxRect { x0, y0, x1, y1 }, (5, 11));
        let one = crop(0, 0, 7, 13);
        assert!(one.planes.iter().flatten().all(|v| *v == 77.0));
        assert_eq!(one, crop(3, 9, 100, 90));
    }

    #[test]
    fn samples_are_means_of_what_they_stand_for() {
        let layout = Layout::new(PixelFormat::Nv12, FrameSize { width: 96, height: 96 });
        let mut bytes = vec![128; layout.len()];
        for y in 0..96 {
            for x in 0..96 {
                bytes[y * layout.luma_stride + x] = if x < 48 { 20 } else { 200 };
            }
        }
        let crop = Crop::of(&bytes, &layout, PxRect { x0: 0, y0: 0, x1: 96, y1: 96 }, (WIDTH, HEIGHT));
        assert_eq!(crop.planes[0][..WIDTH / 2], [20.0; WIDTH / 2]);
        assert_eq!(crop.planes[0][WIDTH / 2..WIDTH], [200.0; WIDTH / 2]);
        assert_eq!(crop.mosaic(1, 1).planes[0][0], 110.0);
        assert_eq!(crop.mosaic(2, 3), crop);
        let levelled = crop.clone().levelled();
        assert_eq!((levelled.planes[0][0], levelled.planes[0][WIDTH - 1]), (100.0, 156.0));
        assert_eq!(Crop::of(&bytes, &layout, PxRect { x0: 0, y0: 0, x1: 96, y1: 96 }, (2, 7)), crop);
    }
}
