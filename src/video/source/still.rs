//! One stored still, decoded: JPEG, PNG or WebP, told by its content, upright, as a raw frame.
//!
//! A still is read as strictly as its format allows: PNG carries checksums, JPEG and WebP do not, so for those a
//! decoder that refuses to guess is all there is. What lies beside the pixels (EXIF, position, thumbnails, colour
//! profiles, comments) is left behind: only the rotation is read, and applied.

use super::clip::{Clip, ClipError};
use super::picture::MIN_SIDE_PX;
use crate::config::LimitSettings;
use crate::geometry::FrameSize;
use crate::video::frame::{Colour, FramePool, Layout, PixelFormat, RawFrame, Stamp};
use image::codecs::{jpeg::JpegDecoder, png::PngDecoder, webp::WebPDecoder};
use image::{DynamicImage, ImageDecoder, ImageError, RgbImage};
use serde::Serialize;
use std::io::Cursor;

/// Bytes of memory that decoding may take per pixel: sixteen bits for each of four channels, and as much again.
const BYTES_PER_PIXEL: u64 = 16;
/// Bytes of memory that a header with all its notes may take.
const MOST_HEADER_BYTES: u64 = 64 << 20;
/// Largest file of a still, bytes. A still of this size is none.
const LARGEST_FILE: u64 = 256 << 20;

/// Kinds of still that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each name says what it is")]
pub enum StillKind {
    Jpeg,
    Png,
    Webp,
}

/// Why a still cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StillFault {
    /// The file cannot be read.
    #[error(transparent)]
    Clip(#[from] ClipError),
    /// The content is damaged or cut short.
    #[error("the picture is damaged or cut short: {0}; export it again")]
    Damaged(String),
    /// The format has a feature that is not read here.
    #[error("the picture cannot be read: {0}; save it as PNG or JPEG")]
    Unsupported(String),
    /// It holds more than one picture.
    #[error("the file holds several pictures, not one still; redact it as a clip, exported as mp4")]
    Several,
    /// It is larger than the settings allow.
    #[error(
        "the picture is {0}, larger than limits.max_side_px or limits.max_megapixels allows; scale it down, or \
         raise the limit in the site file"
    )]
    TooLarge(FrameSize),
    /// It is too small to show anything.
    #[error("the picture is {0}, too small to show anything; at least 16x16 is needed")]
    TooSmall(FrameSize),
}

impl StillKind {
    /// The kind of still that begins with these bytes; `None` for clips and everything else.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Self> {
        if head.starts_with(&[0xff, 0xd8, 0xff]) {
            Some(Self::Jpeg)
        } else if head.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
            Some(Self::Webp)
        } else {
            None
        }
    }

    /// The kind of still that an opened file holds.
    ///
    /// # Errors
    /// [`ClipError::Read`].
    pub fn of_clip(clip: &Clip) -> Result<Option<Self>, ClipError> {
        let mut head = [0; 12];
        let n = clip.read_at(0, &mut head).map_err(|e| clip.unreadable(e))?;
        Ok(Self::of(&head[..n]))
    }
}

/// Decodes a still into one frame, upright.
///
/// # Errors
/// [`StillFault`]: nothing of a still that is damaged is shown, as nobody could say what is missing from it.
pub fn read_still(clip: &Clip, kind: StillKind, limits: &LimitSettings) -> Result<RawFrame, StillFault> {
    if clip.len() > LARGEST_FILE {
        return Err(StillFault::Unsupported(format!("{} bytes are too many for a still", clip.len())));
    }
    let mut bytes = vec![0; clip.len() as usize];
    let n = clip.read_at(0, &mut bytes).map_err(|e| clip.unreadable(e))?;
    bytes.truncate(n);
    decode_still(&bytes, kind, limits)
}

/// Decodes a still from memory, upright.
///
/// # Errors
/// As [`read_still`].
pub(in crate::video) fn decode_still(
    bytes: &[u8],
    kind: StillKind,
    limits: &LimitSettings,
) -> Result<RawFrame, StillFault> {
    let rgb = match kind {
        StillKind::Jpeg => {
            let decoder = JpegDecoder::new(Cursor::new(bytes)).map_err(fault)?;
            check_size(&decoder, limits)?;
            whole_jpeg(bytes)?;
            upright(decoder)?
        }
        StillKind::Png => {
            // Its compressed notes are unpacked with the header, so they need a limit before the size is known.
            let decoder =
                PngDecoder::with_limits(Cursor::new(bytes), memory(MOST_HEADER_BYTES)).map_err(fault)?;
            check_size(&decoder, limits)?;
            if decoder.is_apng().map_err(fault)? {
                return Err(StillFault::Several);
            }
            upright(decoder)?
        }
        StillKind::Webp => {
            let decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(fault)?;
            check_size(&decoder, limits)?;
            if decoder.has_animation() {
                return Err(StillFault::Several);
            }
            upright(decoder)?
        }
    };
    Ok(frame(&rgb))
}

/// What the decoder says, without the layers around it.
fn fault(e: ImageError) -> StillFault {
    match e {
        ImageError::Unsupported(e) => StillFault::Unsupported(e.to_string()),
        ImageError::Limits(e) => StillFault::Unsupported(e.to_string()),
        e => StillFault::Damaged(e.to_string()),
    }
}

/// Looks at the size that the file declares, before anything of that size is allocated.
fn check_size(decoder: &impl ImageDecoder, limits: &LimitSettings) -> Result<(), StillFault> {
    let (width, height) = decoder.dimensions();
    let size = FrameSize { width, height };
    if limits.refuse(size) {
        Err(StillFault::TooLarge(size))
    } else if width.min(height) < MIN_SIDE_PX {
        Err(StillFault::TooSmall(size))
    } else {
        Ok(())
    }
}

fn memory(bytes: u64) -> image::Limits {
    let mut limits = image::Limits::no_limits();
    limits.max_alloc = Some(bytes);
    limits
}

/// Decodes and turns the picture as its EXIF says; what is transparent lies on mid-grey.
fn upright(mut decoder: impl ImageDecoder) -> Result<RgbImage, StillFault> {
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height) * BYTES_PER_PIXEL;
    decoder.set_limits(memory(pixels + MOST_HEADER_BYTES)).map_err(fault)?;
    let orientation = decoder.orientation().map_err(fault)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(fault)?;
    picture.apply_orientation(orientation);
    if !picture.color().has_alpha() {
        return Ok(picture.into_rgb8());
    }
    let mut rgb = RgbImage::new(picture.width(), picture.height());
    for (from, to) in picture.into_rgba8().pixels().zip(rgb.pixels_mut()) {
        let [r, g, b, a] = from.0.map(u32::from);
        to.0 = [r, g, b].map(|c| ((c * a + 128 * (255 - a) + 127) / 255) as u8);
    }
    Ok(rgb)
}

/// Refuses a JPEG whose data end early or make no sense, and one that is followed by further pictures: a recorder's
/// motion JPEG would otherwise pass for its first frame. The decoder behind `image` paints over what is missing, so
/// the same one is asked once more, strictly.
fn whole_jpeg(bytes: &[u8]) -> Result<(), StillFault> {
    let strict = zune_core::options::DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX));
    let cursor = zune_core::bytestream::ZCursor::new(bytes);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(cursor, strict);
    decoder.decode().map_err(|e| StillFault::Damaged(format!("{e:?}")))?;
    let end = end_of_jpeg(bytes).ok_or_else(|| StillFault::Damaged("its end is missing".into()))?;
    // Cameras put further views behind the picture (CIPA DC-007 says so in an APP2 segment); recorders put the next
    // frame there.
    let mut rest = &bytes[end..];
    while let [0, tail @ ..] = rest {
        rest = tail;
    }
    let multi_picture =
        bytes[..end].windows(8).any(|w| w.starts_with(&[0xff, 0xe2]) && w.ends_with(b"MPF\0"));
    if rest.starts_with(&[0xff, 0xd8, 0xff]) && !multi_picture { Err(StillFault::Several) } else { Ok(()) }
}

/// Where the first picture ends, by its markers (ITU-T T.81, B.1.1); `None` where no end is marked.
fn end_of_jpeg(bytes: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        // Between segments, and in entropy-coded data, everything up to the next marker is passed over.
        at += bytes.get(at..)?.iter().position(|b| *b == 0xff)?;
        match *bytes.get(at + 1)? {
            0xd9 => return Some(at + 2),
            // A stuffed byte, a filler, or a marker that stands alone.
            0xff => at += 1,
            0x00 | 0x01 | 0xd0..=0xd8 => at += 2,
            _ => {
                let length = usize::from(u16::from_be_bytes([*bytes.get(at + 2)?, *bytes.get(at + 3)?]));
                at += 2 + length;
            }
        }
    }
}

/// The picture as I420 in full range with BT.601 coefficients, as JPEG itself has it (JFIF 1.02).
fn frame(rgb: &RgbImage) -> RawFrame {
    let size = FrameSize { width: rgb.width(), height: rgb.height() };
    let layout = Layout::new(PixelFormat::I420, size);
    let colour = Colour { full_range: true, ..Colour::BT601 };
    let mut bytes = FramePool::new(1).bytes(layout.len());
    let (luma, chroma) = bytes.as_mut().split_at_mut(layout.luma_len());
    for (x, y, pixel) in rgb.enumerate_pixels() {
        luma[y as usize * layout.luma_stride + x as usize] = colour.yuv(pixel.0)[0];
    }
    let (u_plane, v_plane) = chroma.split_at_mut(layout.chroma_len());
    let (columns, rows) = size.chroma();
    for row in 0..rows {
        for column in 0..columns {
            let mut sum = [0u32; 3];
            let mut count = 0;
            for y in (2 * row)..(2 * row + 2).min(size.height) {
                for x in (2 * column)..(2 * column + 2).min(size.width) {
                    count += 1;
                    for (sum, value) in sum.iter_mut().zip(rgb.get_pixel(x, y).0) {
                        *sum += u32::from(value);
                    }
                }
            }
            let [_, u, v] = colour.yuv(sum.map(|s| ((s + count / 2) / count) as u8));
            let at = row as usize * layout.chroma_stride + column as usize;
            (u_plane[at], v_plane[at]) = (u, v);
        }
    }
    let stamp = Stamp { index: 0, pts_ns: 0, duration_ns: None };
    RawFrame { bytes, layout, colour, stamp, damage: None }
}

#[cfg(test)]
#[path = "still_tests.rs"]
mod tests;
