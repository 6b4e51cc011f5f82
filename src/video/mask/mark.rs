//! Words burned into a frame after it was masked: what it may not be taken for, or whose copy it is.
//!
//! Letters of one grey on a rim of another replace what is there: at three heights, so that neither cropping nor a dark
//! scene loses them, or along two edges. They are constants: a mark shows nothing of what it lies on.

use super::hidden::PixelSet;
use crate::config::{BurnIn, MarkPlace};
use crate::geometry::FrameSize;
use crate::video::frame::{Colour, Layout, PixelFormat};
use embedded_graphics::mono_font::iso_8859_1::FONT_10X20;
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::BinaryColor;
use embedded_graphics::prelude::*;
use embedded_graphics::text::{Baseline, Text};
use std::convert::Infallible;

/// Share of the frame's width that the words take.
const WIDE: f32 = 0.9;
/// Across the picture: most of the frame's height that one line of them takes, and the middles of the lines, as shares
/// of it.
const ACROSS: (f32, &[f32]) = (0.2, &[0.15, 0.5, 0.85]);
/// Along its edges, the same.
const EDGES: (f32, &[f32]) = (0.06, &[0.035, 0.965]);

/// Words, as a bitmap of the font's own size.
#[derive(Debug)]
pub(super) struct Mark {
    width: usize,
    height: usize,
    ink: Vec<bool>,
    place: MarkPlace,
}

impl OriginDimensions for Mark {
    fn size(&self) -> Size {
        Size::new(self.width as u32, self.height as u32)
    }
}

impl DrawTarget for Mark {
    type Color = BinaryColor;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<BinaryColor>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        for Pixel(at, colour) in pixels {
            if let (Ok(x), Ok(y)) = (usize::try_from(at.x), usize::try_from(at.y))
                && x < self.width
                && y < self.height
            {
                self.ink[y * self.width + x] = colour.is_on();
            }
        }
        Ok(())
    }
}

impl Mark {
    /// These words in one line.
    pub(super) fn new(BurnIn { words, place }: &BurnIn) -> Self {
        let font: &MonoFont<'_> = &FONT_10X20;
        let (cell, rim) = (font.character_size, 1);
        // A rim of one pixel around the letters.
        let width = words.chars().count().max(1) * cell.width as usize + 2 * rim;
        let height = cell.height as usize + 2 * rim;
        let mut mark = Self { width, height, ink: vec![false; width * height], place: *place };
        let style = MonoTextStyle::new(font, BinaryColor::On);
        let at = Point::new(rim as i32, rim as i32);
        let drawn = Text::with_baseline(words, at, style, Baseline::Top).draw(&mut mark);
        drawn.map(|_| ()).unwrap_or_else(|never| match never {});
        mark
    }

    /// What stands at a place of the bitmap: ink, the rim around it, or nothing.
    fn at(&self, x: usize, y: usize) -> Option<Tone> {
        let ink = |x: usize, y: usize| self.ink[y * self.width + x];
        if ink(x, y) {
            return Some(Tone::Ink);
        }
        let near = |v: usize, end: usize| v.saturating_sub(1)..=(v + 1).min(end - 1);
        let beside = near(y, self.height).any(|y| near(x, self.width).any(|x| ink(x, y)));
        beside.then_some(Tone::Rim)
    }

    /// Burns the words into a masked frame.
    pub(super) fn burn(&self, bytes: &mut [u8], layout: &Layout, colour: Colour) {
        let [ink, ..] = colour.yuv([255; 3]);
        let [rim, ..] = colour.yuv([0; 3]);
        self.strokes(layout.size, |at, tone| {
            put(bytes, layout, at, if matches!(tone, Tone::Ink) { ink } else { rim });
        });
    }

    /// The pixels that the words replace in frames of this size.
    fn pixels(&self, size: FrameSize) -> PixelSet {
        let mut set = PixelSet::none(size);
        self.strokes(size, |(x, y), _| set.insert_run(y as u32, x as u32..x as u32 + 1));
        set
    }

    /// Hands out every pixel of the words in a frame of this size.
    fn strokes(&self, size: FrameSize, mut stroke: impl FnMut((usize, usize), Tone)) {
        let (frame_w, frame_h) = (size.width as f32, size.height as f32);
        let (high, heights) = match self.place {
            MarkPlace::Across => ACROSS,
            MarkPlace::Edges => EDGES,
        };
        let scale = (frame_w * WIDE / self.width as f32).min(frame_h * high / self.height as f32);
        let (w, h) = ((self.width as f32 * scale) as usize, (self.height as f32 * scale) as usize);
        if w == 0 || h == 0 {
            return;
        }
        let left = (size.width as usize - w) / 2;
        for middle in heights {
            let top = ((frame_h * middle) as usize).saturating_sub(h / 2);
            for y in 0..h.min((size.height as usize).saturating_sub(top)) {
                for x in 0..w {
                    if let Some(tone) = self.at(x * self.width / w, y * self.height / h) {
                        stroke((left + x, top + y), tone);
                    }
                }
            }
        }
    }
}

/// The pixels that burned-in words replace in frames of this size: what a second look finds there was written by us.
#[must_use]
pub fn marked_pixels(burn_in: &BurnIn, size: FrameSize) -> PixelSet {
    Mark::new(burn_in).pixels(size)
}

#[derive(Debug, Clone, Copy)]
enum Tone {
    Ink,
    Rim,
}

/// A grey pixel.
fn put(bytes: &mut [u8], layout: &Layout, (x, y): (usize, usize), luma: u8) {
    const GREY: u8 = 128;
    bytes[y * layout.luma_stride + x] = luma;
    let row = layout.luma_len() + (y / 2) * layout.chroma_stride;
    match layout.format {
        PixelFormat::I420 => {
            bytes[row + x / 2] = GREY;
            bytes[row + layout.chroma_len() + x / 2] = GREY;
        }
        PixelFormat::Nv12 => bytes[row + (x & !1)..=row + (x & !1) + 1].fill(GREY),
    }
}
