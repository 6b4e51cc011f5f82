//! A redacted still, written as PNG or JPEG and read back. Pixels alone go in: no EXIF, no profile, no comment.

use super::encode::SinkError;
use super::partial::PartialFile;
use super::readback::{ReadBack, ReadBackError};
use crate::geometry::FrameSize;
use crate::video::frame::RedactedFrame;
use image::codecs::{jpeg::JpegEncoder, png::PngEncoder};
use image::{ExtendedColorType, ImageEncoder, ImageFormat, ImageReader};
use std::io::{BufReader, BufWriter, Seek, Write};
use std::path::Path;

/// Kinds of still that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StillFormat {
    /// Every pixel as it was masked.
    Png,
    /// Smaller; for showing.
    Jpeg,
}

impl StillFormat {
    /// The format that a file's name asks for.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "png" => Some(Self::Png),
            "jpg" | "jpeg" => Some(Self::Jpeg),
            _ => None,
        }
    }

    fn image_format(self) -> ImageFormat {
        match self {
            Self::Png => ImageFormat::Png,
            Self::Jpeg => ImageFormat::Jpeg,
        }
    }
}

/// Writes `frame` into `file`, with this JPEG quality (1..=100) where it is a JPEG, and reads it back: one picture of
/// the same size.
///
/// # Errors
/// [`SinkError`] where it cannot be written, [`ReadBackError`] within the inner result where what was written is not
/// that picture.
pub fn write_still(
    frame: &RedactedFrame,
    format: StillFormat,
    quality: u8,
    file: &PartialFile,
) -> Result<Result<ReadBack, ReadBackError>, SinkError> {
    let size = frame.size();
    let rgb = frame.to_rgb();
    let mut out = BufWriter::new(file.file());
    let (width, height) = (size.width, size.height);
    let kind = ExtendedColorType::Rgb8;
    let written = match format {
        StillFormat::Png => PngEncoder::new(&mut out).write_image(&rgb, width, height, kind),
        StillFormat::Jpeg => {
            JpegEncoder::new_with_quality(&mut out, quality).write_image(&rgb, width, height, kind)
        }
    };
    written.map_err(|e| match e {
        image::ImageError::IoError(e) => SinkError::Io(e),
        e => SinkError::Encode(e.to_string()),
    })?;
    out.flush()?;
    drop(out);
    file.sync()?;
    Ok(read_back(file, format, size))
}

fn read_back(file: &PartialFile, format: StillFormat, size: FrameSize) -> Result<ReadBack, ReadBackError> {
    let unreadable = |e: &dyn std::fmt::Display| ReadBackError::Unreadable(e.to_string());
    let mut reader = BufReader::new(file.file());
    reader.rewind().map_err(|e| unreadable(&e))?;
    let picture = ImageReader::with_format(reader, format.image_format()).decode();
    let picture = picture.map_err(|e| unreadable(&e))?;
    let found = FrameSize { width: picture.width(), height: picture.height() };
    if found == size {
        Ok(ReadBack { frames: 1, largest_time_shift_ns: 0 })
    } else {
        Err(ReadBackError::Unreadable(format!("it is {found} instead of {size}")))
    }
}
