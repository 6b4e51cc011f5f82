//! The two kinds of picture: raw and redacted. Only [`super::mask::redact`] turns the one into the other, and
//! sinks take nothing but the other.
//!
//! Both are 4:2:0 pictures, I420 or NV12, in the memory layout that GStreamer expects of a buffer without video
//! meta, so that encoding needs no second copy. Neither can be cloned, printed or serialised.
//!
//! A raw frame's pixels cannot be read outside `video`:
//! ```compile_fail
//! fn peek(frame: &melkglas::video::frame::RawFrame) -> &[u8] {
//!     frame.luma().data
//! }
//! ```
//! while its time can:
//! ```
//! fn peek(frame: &melkglas::video::frame::RawFrame) -> u64 {
//!     frame.pts_ns()
//! }
//! ```
//! A redacted frame cannot be made by hand, and a raw one does not pass for it:
//! ```compile_fail
//! fn launder(raw: melkglas::video::frame::RawFrame) -> melkglas::video::frame::RedactedFrame {
//!     raw
//! }
//! ```
//! ```compile_fail
//! fn keep(raw: &melkglas::video::frame::RawFrame) -> melkglas::video::frame::RawFrame {
//!     raw.clone()
//! }
//! ```

use crate::geometry::{FrameSize, PxRect};
use crossbeam_channel::{Receiver, Sender, bounded};

/// How the samples of a 4:2:0 picture lie in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PixelFormat {
    /// Three planes: Y, U, V.
    I420,
    /// Two planes: Y, and U and V interleaved.
    Nv12,
}

/// What the sample values mean (ITU-T H.273: matrix coefficients and range).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Colour {
    /// Weight of red in luma: 0.299 for BT.601, 0.2126 for BT.709.
    pub kr: f32,
    /// Weight of blue in luma: 0.114 for BT.601, 0.0722 for BT.709.
    pub kb: f32,
    /// Luma and chroma use 0..=255 instead of 16..=235 and 16..=240.
    pub full_range: bool,
}

impl Colour {
    /// BT.601, limited range.
    pub const BT601: Self = Self { kr: 0.299, kb: 0.114, full_range: false };
    /// BT.709, limited range.
    pub const BT709: Self = Self { kr: 0.2126, kb: 0.0722, full_range: false };

    /// Y, U and V of an 8-bit RGB colour.
    #[must_use]
    pub fn yuv(self, rgb: [u8; 3]) -> [u8; 3] {
        let [r, g, b] = rgb.map(|v| f32::from(v) / 255.0);
        let y = self.kr * r + (1.0 - self.kr - self.kb) * g + self.kb * b;
        let u = (b - y) / (2.0 * (1.0 - self.kb));
        let v = (r - y) / (2.0 * (1.0 - self.kr));
        let (y0, ys, cs) = if self.full_range { (0.0, 255.0, 255.0) } else { (16.0, 219.0, 224.0) };
        [(y0 + ys * y).round() as u8, (128.0 + cs * u).round() as u8, (128.0 + cs * v).round() as u8]
    }
}

/// Where each plane lies in a frame's bytes: GStreamer's default layout for the format and size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::video) struct Layout {
    pub(in crate::video) format: PixelFormat,
    pub(in crate::video) size: FrameSize,
    /// Bytes from one luma row to the next.
    pub(in crate::video) luma_stride: usize,
    /// Bytes from one chroma row to the next, in either plane.
    pub(in crate::video) chroma_stride: usize,
    /// Luma rows present in memory, counting the padding row of an odd height.
    luma_rows: usize,
    /// Width and height of one pixel as displayed: not equal in the anamorphic pictures of older recorders.
    pub(in crate::video) pixel_aspect: (u32, u32),
}

impl Layout {
    /// The layout for a format and size.
    pub(in crate::video) fn new(format: PixelFormat, size: FrameSize) -> Self {
        let width = size.width as usize;
        let luma_stride = width.next_multiple_of(4);
        let chroma_stride = match format {
            PixelFormat::I420 => width.div_ceil(2).next_multiple_of(4),
            PixelFormat::Nv12 => luma_stride,
        };
        Self {
            format,
            size,
            luma_stride,
            chroma_stride,
            luma_rows: (size.height as usize).next_multiple_of(2),
            pixel_aspect: (1, 1),
        }
    }

    /// Bytes of the luma plane.
    pub(in crate::video) fn luma_len(&self) -> usize {
        self.luma_stride * self.luma_rows
    }

    /// Bytes of one chroma plane.
    pub(in crate::video) fn chroma_len(&self) -> usize {
        self.chroma_stride * (self.luma_rows / 2)
    }

    /// Number of chroma planes: two in I420, one in NV12.
    pub(in crate::video) fn chroma_planes(&self) -> usize {
        match self.format {
            PixelFormat::I420 => 2,
            PixelFormat::Nv12 => 1,
        }
    }

    /// Bytes of a whole frame.
    pub(in crate::video) fn len(&self) -> usize {
        self.luma_len() + self.chroma_planes() * self.chroma_len()
    }
}

/// Bytes that go back to their pool when dropped, so that a long clip allocates no more than a short one.
pub(in crate::video) struct PooledBytes {
    bytes: Vec<u8>,
    home: Option<Sender<Vec<u8>>>,
}

impl PooledBytes {
    /// Bytes that belong to no pool.
    pub(in crate::video) fn owned(bytes: Vec<u8>) -> Self {
        Self { bytes, home: None }
    }
}

impl AsRef<[u8]> for PooledBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl AsMut<[u8]> for PooledBytes {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl Drop for PooledBytes {
    fn drop(&mut self) {
        if let Some(home) = &self.home {
            // A full or closed pool means that nobody needs these bytes any more.
            let _ = home.try_send(std::mem::take(&mut self.bytes));
        }
    }
}

/// A bounded store of frame buffers that are used again and again.
pub(in crate::video) struct FramePool {
    give: Sender<Vec<u8>>,
    take: Receiver<Vec<u8>>,
}

impl FramePool {
    /// Keeps at most `frames` buffers for later.
    pub(in crate::video) fn new(frames: usize) -> Self {
        let (give, take) = bounded(frames);
        Self { give, take }
    }

    /// `len` bytes; what stands in them is left over from an earlier frame and must be overwritten.
    pub(in crate::video) fn bytes(&self, len: usize) -> PooledBytes {
        let mut bytes = self.take.try_recv().unwrap_or_default();
        bytes.resize(len, 0);
        PooledBytes { bytes, home: Some(self.give.clone()) }
    }
}

/// One plane to read.
pub(in crate::video) struct Plane<'a> {
    pub(in crate::video) data: &'a [u8],
    /// Bytes from one row to the next.
    pub(in crate::video) stride: usize,
}

/// An unredacted picture. It can be analysed inside `video` and handed to [`super::mask::redact`]; that is all.
pub struct RawFrame {
    pub(in crate::video) bytes: PooledBytes,
    pub(in crate::video) layout: Layout,
    pub(in crate::video) colour: Colour,
    pub(in crate::video) stamp: Stamp,
    pub(in crate::video) damage: Option<Damage>,
}

/// Which frame of the clip a picture is and when it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Position in presentation order among the decoded frames, from 0.
    pub index: u64,
    /// Presentation time in nanoseconds after the clip's first presented frame.
    pub pts_ns: u64,
    /// How long it is shown, in nanoseconds: until its successor, once that is known; before, and for the last frame,
    /// as the source says, if it does.
    pub duration_ns: Option<u64>,
}

/// How long a frame is taken to be on screen that has no successor, and whose source does not say: one second.
const LONGEST_LAST_NS: u64 = 1_000_000_000;

impl Stamp {
    /// Until when it is on screen, in nanoseconds after the clip's first presented frame.
    #[must_use]
    pub fn until_ns(&self) -> u64 {
        let lasts_ns = self.duration_ns.filter(|d| *d > 0).unwrap_or(LONGEST_LAST_NS);
        self.pts_ns.saturating_add(lasts_ns)
    }
}

/// Why a decoded picture cannot be trusted to show what was filmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Damage {
    /// The decoder flagged it, or concealed errors in it or in a picture that it is predicted from.
    Concealed,
    /// Its presentation time was missing or did not grow: the stream has lost something here.
    Restamped,
    /// It has another shape than the clip's first picture, so zones need not lie where they should. Its samples
    /// are gone already.
    Reshaped,
}

impl RawFrame {
    /// A frame from samples in I420 or NV12 as GStreamer lays them out by default, taken for undamaged; `None`
    /// where there are too few or too many bytes for the size. For made-up pictures, in tests and benches: frames
    /// of a clip come from [`super::source`].
    #[doc(hidden)]
    #[must_use]
    pub fn from_samples(
        format: PixelFormat,
        size: FrameSize,
        colour: Colour,
        stamp: Stamp,
        bytes: Vec<u8>,
    ) -> Option<Self> {
        let layout = Layout::new(format, size);
        let bytes = PooledBytes::owned(bytes);
        (bytes.as_ref().len() == layout.len()).then_some(Self { bytes, layout, colour, stamp, damage: None })
    }

    /// Size as displayed.
    #[must_use]
    pub fn size(&self) -> FrameSize {
        self.layout.size
    }

    /// Bytes that the picture takes.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.bytes.as_ref().len()
    }

    /// Position among the decoded frames, from 0, in presentation order.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.stamp.index
    }

    /// Nanoseconds after the clip's first presented frame.
    #[must_use]
    pub fn pts_ns(&self) -> u64 {
        self.stamp.pts_ns
    }

    /// Why the picture cannot be trusted, if so.
    #[must_use]
    pub fn damage(&self) -> Option<Damage> {
        self.damage
    }

    /// The luma plane.
    pub(in crate::video) fn luma(&self) -> Plane<'_> {
        Plane { data: &self.bytes.as_ref()[..self.layout.luma_len()], stride: self.layout.luma_stride }
    }

    /// The chroma plane or planes: U and V for I420, one interleaved plane for NV12.
    pub(in crate::video) fn chroma(&self) -> impl Iterator<Item = Plane<'_>> {
        let (start, len) = (self.layout.luma_len(), self.layout.chroma_len());
        let stride = self.layout.chroma_stride;
        (0..self.layout.chroma_planes()).map(move |i| {
            let from = start + i * len;
            Plane { data: &self.bytes.as_ref()[from..from + len], stride }
        })
    }
}

/// A picture in which everything that its plan hides is gone. Made by [`super::mask::redact`] alone.
pub struct RedactedFrame {
    bytes: PooledBytes,
    layout: Layout,
    colour: Colour,
    stamp: Stamp,
}

impl RedactedFrame {
    /// For [`super::mask`] only: the picture after masking.
    pub(in crate::video) fn from_masked(
        bytes: PooledBytes,
        layout: Layout,
        colour: Colour,
        stamp: Stamp,
    ) -> Self {
        Self { bytes, layout, colour, stamp }
    }

    /// Size as displayed.
    #[must_use]
    pub fn size(&self) -> FrameSize {
        self.layout.size
    }

    /// Which frame it is.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// The bytes, the plane layout and the meaning of the samples.
    pub(in crate::video) fn into_parts(self) -> (PooledBytes, Layout, Colour, Stamp) {
        (self.bytes, self.layout, self.colour, self.stamp)
    }

    /// The picture as 8-bit RGB rows without padding, for stills.
    #[must_use]
    pub fn to_rgb(&self) -> Vec<u8> {
        self.rgb_in(PxRect::whole(self.layout.size))
    }

    /// The plane layout and the meaning of the samples.
    pub(in crate::video) fn form(&self) -> (Layout, Colour) {
        (self.layout, self.colour)
    }

    /// Width and height of one pixel as displayed.
    pub(in crate::video) fn pixel_aspect(&self) -> (u32, u32) {
        self.layout.pixel_aspect
    }

    /// A part of the picture as 8-bit RGB rows without padding; `area` lies inside of it.
    pub(in crate::video) fn rgb_in(&self, area: PxRect) -> Vec<u8> {
        let bytes = self.bytes.as_ref();
        let (luma_len, chroma_len) = (self.layout.luma_len(), self.layout.chroma_len());
        let (y0, ys, cs) = if self.colour.full_range { (0.0, 255.0, 255.0) } else { (16.0, 219.0, 224.0) };
        let (kr, kb) = (self.colour.kr, self.colour.kb);
        let mut rgb = Vec::with_capacity(area.area_px() as usize * 3);
        for row in area.y0 as usize..area.y1 as usize {
            for col in area.x0 as usize..area.x1 as usize {
                let y = f32::from(bytes[row * self.layout.luma_stride + col]);
                let at = luma_len + (row / 2) * self.layout.chroma_stride;
                let (u, v) = match self.layout.format {
                    PixelFormat::I420 => (bytes[at + col / 2], bytes[at + chroma_len + col / 2]),
                    PixelFormat::Nv12 => (bytes[at + (col & !1)], bytes[at + (col & !1) + 1]),
                };
                let y = (y - y0) / ys;
                let (u, v) = ((f32::from(u) - 128.0) / cs, (f32::from(v) - 128.0) / cs);
                let r = y + 2.0 * (1.0 - kr) * v;
                let b = y + 2.0 * (1.0 - kb) * u;
                let g = (y - kr * r - kb * b) / (1.0 - kr - kb);
                rgb.extend([r, g, b].map(|c| (c * 255.0).round().clamp(0.0, 255.0) as u8));
            }
        }
        rgb
    }
}
