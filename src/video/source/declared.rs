//! What a container's own tables promise: the one way to notice that a clip was cut short.
//!
//! A truncated file gives no decoding error, only fewer frames. Three families of container say how much there
//! should be: MP4 and MOV in the sample table ([`super::mp4`]), AVI in the index and the stream header
//! ([`super::avi`]), Matroska in the segment's length and duration ([`super::matroska`]). The rest (MPEG transport
//! and program streams, raw streams, fragmented MP4) declares nothing. A library would bring a whole demuxer of
//! its own for four numbers, and none of those looked at reads a file whose end is missing.

use serde::Serialize;

/// Media that lies in the file and that its edit list shows to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct HiddenMedia {
    /// Pictures.
    pub frames: u64,
    /// How long they would last, seconds.
    pub secs: f64,
}

/// What is promised. All `None`: the container says nothing, and completeness stays unknown.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Declared {
    /// Frames of the video track taken that are to be presented.
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
    /// Which of its video tracks is taken, from 1; only where it holds several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track: Option<u32>,
    /// What the file holds beyond what its edit list shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<HiddenMedia>,
    /// The track asks to be scaled, sheared or turned by an odd angle, which is not done.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub matrix_ignored: bool,
}

impl Declared {
    /// What a still promises.
    #[must_use]
    pub fn one_frame() -> Self {
        Self { frames: Some(1), ..Self::default() }
    }
}
