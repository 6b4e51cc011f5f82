//! What a container's own tables promise: the one way to notice that a clip was cut short.
//!
//! A truncated file gives no decoding error, only fewer frames. Three families of container say how much there
//! should be: MP4 and MOV in the sample table ([`super::mp4`]), AVI in the index and the stream header
//! ([`super::avi`]), Matroska in the segment's length and duration ([`super::matroska`]). The rest (MPEG transport
//! and program streams, raw streams, fragmented MP4) declares nothing. A library would bring a whole demuxer of
//! its own for four numbers, and none of those looked at reads a file whose end is missing.

use super::clip::Clip;
use super::{avi, matroska, mp4};
use serde::Serialize;
use std::io;

/// What is promised. All `None`: the container says nothing, and completeness stays unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Declared {
    /// Frames of the first video stream that are to be presented.
    pub frames: Option<u64>,
    /// Length of the file in bytes, at least.
    pub bytes: Option<u64>,
    /// An edit list says which part of the track is presented.
    #[serde(skip)]
    pub(super) edited: bool,
    /// The file was never finished: what is needed to find its frames is missing.
    pub unfinished: bool,
    /// When the last frame ends, nanoseconds after the first one's start; only where the file holds nothing but
    /// video.
    pub duration_ns: Option<u64>,
}

impl Declared {
    /// What a still promises.
    #[must_use]
    pub fn one_frame() -> Self {
        Self { frames: Some(1), ..Self::default() }
    }

    /// Reads the tables of whatever container `clip` is, by its content.
    ///
    /// # Errors
    /// Reading the file failed. Nonsense in the tables is not an error: it declares nothing.
    pub(super) fn read(clip: &Clip) -> io::Result<Self> {
        let mut head = [0; 12];
        let n = clip.read_at(0, &mut head)?;
        let head = &head[..n];
        if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"AVI ") {
            avi::declared(clip)
        } else if head.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]) {
            matroska::declared(clip)
        } else if n >= 8 && head[4..8].iter().all(u8::is_ascii_graphic) {
            mp4::declared(clip)
        } else {
            Ok(Self::default())
        }
    }
}
