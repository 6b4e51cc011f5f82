//! A picture made of nothing but words: what viewers of a live stream see while nothing of the camera may be shown.
//!
//! It is redacted because no sample of it comes from a camera; so it is made here, where the only other way to a
//! redacted frame is.

use crate::geometry::FrameSize;
use crate::video::frame::{Colour, FramePool, Layout, PixelFormat, RawFrame, RedactedFrame, Stamp};
use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::ascii::FONT_10X20;
use embedded_graphics::pixelcolor::BinaryColor;
use embedded_graphics::prelude::*;
use embedded_graphics::text::{Alignment, Baseline, Text, TextStyleBuilder};
use std::convert::Infallible;

/// Luma of the words and of a full-range picture's brightest, limited range.
const INK: u8 = 200;
/// Width of a letter and height of a line in the font, pixels.
const LETTER_PX: i32 = 10;
const LINE_PX: i32 = 26;
/// Letters that a line of full width would hold at the largest scale.
const LETTERS_ACROSS: i32 = 44;

/// The form that a camera's pictures have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::video) struct Form {
    layout: Layout,
    colour: Colour,
}

impl Form {
    /// Of pictures of this size.
    pub(in crate::video) fn of_size(size: FrameSize) -> Self {
        Self { layout: Layout::new(PixelFormat::I420, size), colour: Colour::BT709 }
    }

    /// Of this frame.
    pub(in crate::video) fn of_frame(frame: &RawFrame) -> Self {
        Self { layout: frame.layout, colour: frame.colour }
    }

    /// Size of its pictures.
    pub(in crate::video) fn size(&self) -> FrameSize {
        self.layout.size
    }
}

/// Makes placards, in memory that is used again.
pub(in crate::video) struct Placards {
    pool: FramePool,
    background: [u8; 3],
}

impl Placards {
    /// With a background of this colour (RGB).
    pub(in crate::video) fn new(background: [u8; 3]) -> Self {
        Self { pool: FramePool::new(4), background }
    }

    /// A picture that says these lines in its middle, ASCII.
    pub(in crate::video) fn say(&self, form: Form, stamp: Stamp, lines: &[&str]) -> RedactedFrame {
        let Form { layout, colour } = form;
        let mut bytes = self.pool.bytes(layout.len());
        let [y, u, v] = colour.yuv(self.background);
        let (luma, chroma) = bytes.as_mut().split_at_mut(layout.luma_len());
        luma.fill(y);
        match layout.format {
            PixelFormat::I420 => {
                let (first, second) = chroma.split_at_mut(layout.chroma_len());
                first.fill(u);
                second.fill(v);
            }
            PixelFormat::Nv12 => chroma.chunks_exact_mut(2).for_each(|pair| pair.copy_from_slice(&[u, v])),
        }
        let ink = if y > 128 { 255 - INK } else { INK };
        let mut page = Page { luma, stride: layout.luma_stride, size: layout.size, scale: 1, ink };
        page.write(lines);
        RedactedFrame::from_masked(bytes, layout, colour, stamp)
    }
}

/// Luma to draw on.
struct Page<'a> {
    luma: &'a mut [u8],
    stride: usize,
    size: FrameSize,
    /// Pixels of the picture to one of the font, on a side.
    scale: i32,
    ink: u8,
}

impl Page<'_> {
    fn write(&mut self, lines: &[&str]) {
        let (width, height) = (self.size.width as i32, self.size.height as i32);
        self.scale = (width / (LETTER_PX * LETTERS_ACROSS)).clamp(1, 16);
        let style = MonoTextStyle::new(&FONT_10X20, BinaryColor::On);
        let place = TextStyleBuilder::new().alignment(Alignment::Center).baseline(Baseline::Middle).build();
        let middle = Point::new(width / self.scale / 2, height / self.scale / 2);
        let first = middle.y - LINE_PX * (lines.len() as i32 - 1) / 2;
        for (number, line) in (0i32..).zip(lines) {
            let at = Point::new(middle.x, first + number * LINE_PX);
            // It cannot fail: what lies outside is left out.
            let Ok(_) = Text::with_text_style(line, at, style, place).draw(self);
        }
    }
}

impl OriginDimensions for Page<'_> {
    fn size(&self) -> Size {
        Size::new(self.size.width / self.scale as u32, self.size.height / self.scale as u32)
    }
}

impl DrawTarget for Page<'_> {
    type Color = BinaryColor;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<BinaryColor>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        let scale = self.scale as usize;
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        for Pixel(at, colour) in pixels {
            let (Ok(x), Ok(y)) = (usize::try_from(at.x), usize::try_from(at.y)) else { continue };
            if colour.is_off() || (x + 1) * scale > width || (y + 1) * scale > height {
                continue;
            }
            for row in y * scale..(y + 1) * scale {
                let from = row * self.stride + x * scale;
                self.luma[from..from + scale].fill(self.ink);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nothing_but_two_tones_whatever_the_size(
            width in 1u32..700, height in 1u32..400, nv12 in any::<bool>(), line in "[ -~]{0,80}",
        ) {
            let size = FrameSize { width, height };
            let format = if nv12 { PixelFormat::Nv12 } else { PixelFormat::I420 };
            let form = Form { layout: Layout::new(format, size), colour: Colour::BT601 };
            let stamp = Stamp { index: 0, pts_ns: 0, duration_ns: None };
            let placards = Placards::new([64, 64, 64]);
            // Bytes that were another picture's before.
            drop(placards.say(form, stamp, &["something else", "altogether"]));
            let (bytes, ..) = placards.say(form, stamp, &[&line]).into_parts();
            let [y, u, v] = Colour::BT601.yuv([64, 64, 64]);
            let (luma, chroma) = bytes.as_ref().split_at(form.layout.luma_len());
            prop_assert!(luma.iter().all(|sample| [y, INK].contains(sample)));
            prop_assert!(chroma.iter().all(|sample| [u, v].contains(sample)));
        }
    }
}
