//! The encoder: a GStreamer pipeline of its own, fed with redacted frames.
//!
//! `appsrc ! encoder (High, constant quality, no B-frames) ! mp4mux | matroskamux ! filesink`. It shares nothing
//! with the decoder's pipeline, so no tag, sound, subtitle, chapter, picture or side data of the source has a way
//! into the file.

use super::coder::{Purpose, QUEUE_FRAMES, caps, coder, entry};
use super::partial::PartialFile;
use crate::config::EncodeSettings;
use crate::interrupt::Interrupt;
use crate::video::frame::{Colour, Layout, RedactedFrame};
use crate::video::source::{MediaError, init_media};
use gst::prelude::*;
use gstreamer as gst;
use gstreamer_app as gst_app;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// Why a clip cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// GStreamer is not usable.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// An element is missing or refuses its settings.
    #[error("the encoder cannot be set up: {0}; run `melkglas doctor`")]
    SetUp(String),
    /// The encoder, the muxer or the file gave up.
    #[error("the encoder failed: {0}")]
    Encode(String),
    /// No room is left.
    #[error("the disk is full; make room or choose another folder")]
    DiskFull,
    /// Nothing moved for too long.
    #[error("the encoder took no frame for {0:.0} seconds")]
    Stalled(f64),
    /// The file cannot be written.
    #[error("the file cannot be written: {0}")]
    Io(#[source] io::Error),
    /// A stop was asked for.
    #[error("stopped on request")]
    Interrupted,
}

impl From<io::Error> for SinkError {
    fn from(e: io::Error) -> Self {
        if e.kind() == io::ErrorKind::StorageFull { Self::DiskFull } else { Self::Io(e) }
    }
}

/// Kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// MP4: plays everywhere.
    Mp4,
    /// Matroska.
    Matroska,
}

impl Container {
    /// By the file name's extension: `mp4`, `m4v` or `mkv`.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "mp4" | "m4v" => Some(Self::Mp4),
            "mkv" => Some(Self::Matroska),
            _ => None,
        }
    }

    /// The GStreamer element that writes it.
    fn muxer(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4mux",
            Self::Matroska => "matroskamux",
        }
    }

    /// The GStreamer element that reads it.
    pub(super) fn demuxer(self) -> &'static str {
        match self {
            Self::Mp4 => "qtdemux",
            Self::Matroska => "matroskademux",
        }
    }
}

/// Ticks a second of an MP4 track: whole numbers for 24, 25, 30, 29.97 and 50 frames a second.
const MP4_TICKS: u32 = 90_000;
/// Nanoseconds a tick of a Matroska file; the usual millisecond would round frame times by half of one.
const MATROSKA_TICK_NS: i64 = 100_000;

/// Frames come when they come; each has its own time.
const UNKNOWN_RATE: i32 = 0;

/// An encoder at work. Dropped before [`Encoder::finish`] it leaves an unreadable partial file, which its owner
/// removes.
pub struct Encoder {
    pipeline: gst::Pipeline,
    source: gst_app::AppSrc,
    stall: Duration,
    interrupt: Interrupt,
    format: Option<(Layout, Colour)>,
}

impl Encoder {
    /// Starts an encoder that writes into `file`.
    ///
    /// # Errors
    /// [`SinkError`] where an element is missing or refuses its settings.
    pub fn open(
        file: &PartialFile,
        container: Container,
        settings: &EncodeSettings,
        stall: Duration,
        interrupt: &Interrupt,
    ) -> Result<Self, SinkError> {
        init_media()?;
        let set_up = |e: gst::glib::BoolError| SinkError::SetUp(e.message.to_string());
        let source = entry();
        let coder = coder(settings, Purpose::File)?;
        let profile = gst::ElementFactory::make("capsfilter")
            .property("caps", gst::Caps::builder("video/x-h264").field("profile", "high").build())
            .build()
            .map_err(set_up)?;
        let mut muxer = gst::ElementFactory::make(container.muxer());
        muxer = match container {
            Container::Mp4 => muxer.property("trak-timescale", MP4_TICKS),
            Container::Matroska => muxer.property("timecodescale", MATROSKA_TICK_NS),
        };
        let muxer = muxer.build().map_err(set_up)?;
        let filesink = gst::ElementFactory::make("filesink")
            .property("location", file.location())
            .property("sync", false)
            .property("async", false)
            .build()
            .map_err(set_up)?;
        let pipeline = gst::Pipeline::new();
        let mut chain: Vec<&gst::Element> = vec![source.upcast_ref()];
        chain.extend(&coder);
        chain.extend([&profile, &muxer, &filesink]);
        pipeline.add_many(&chain).map_err(set_up)?;
        gst::Element::link_many(&chain).map_err(set_up)?;
        let this = Self { pipeline, source, stall, interrupt: interrupt.clone(), format: None };
        if this.pipeline.set_state(gst::State::Playing).is_err() {
            return Err(this.bus_error().unwrap_or_else(|| SinkError::SetUp("not started".into())));
        }
        Ok(this)
    }

    /// Hands one frame over, to be shown at `pts_ns` for `duration_ns`, and waits while the encoder is busy.
    ///
    /// # Errors
    /// [`SinkError`]; the file is lost then.
    pub fn push(
        &mut self,
        frame: RedactedFrame,
        pts_ns: u64,
        duration_ns: Option<u64>,
    ) -> Result<(), SinkError> {
        let (bytes, layout, colour, _) = frame.into_parts();
        let format = (layout, colour);
        if self.format != Some(format) {
            let caps = caps(&layout, colour, UNKNOWN_RATE).map_err(|e| SinkError::SetUp(e.to_string()))?;
            self.source.set_caps(Some(&caps));
            self.format = Some(format);
        }
        let mut buffer = gst::Buffer::from_slice(bytes);
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(gst::ClockTime::from_nseconds(pts_ns));
            buffer.set_duration(duration_ns.map(gst::ClockTime::from_nseconds));
        }
        let waiting_since = Instant::now();
        while self.source.current_level_buffers() >= QUEUE_FRAMES {
            self.check()?;
            if waiting_since.elapsed() > self.stall {
                return Err(SinkError::Stalled(self.stall.as_secs_f64()));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        self.check()?;
        self.source.push_buffer(buffer).map(|_| ()).map_err(|flow| {
            self.bus_error().unwrap_or_else(|| SinkError::Encode(format!("a frame was refused ({flow:?})")))
        })
    }

    /// Ends the stream and waits until the muxer has written its last byte.
    ///
    /// # Errors
    /// [`SinkError`]; the file is lost then.
    pub fn finish(self) -> Result<(), SinkError> {
        self.source.end_of_stream().map_err(|flow| {
            self.bus_error().unwrap_or_else(|| SinkError::Encode(format!("the end was refused ({flow:?})")))
        })?;
        let waiting_since = Instant::now();
        let bus = self.pipeline.bus().ok_or_else(|| SinkError::SetUp("a pipeline without a bus".into()))?;
        let ends = [gst::MessageType::Eos, gst::MessageType::Error];
        loop {
            // One call for both kinds: a filtered pop throws away what it does not ask for.
            if let Some(message) = bus.timed_pop_filtered(gst::ClockTime::from_mseconds(20), &ends) {
                return match message.view() {
                    gst::MessageView::Error(e) => Err(told(e)),
                    _ => Ok(()),
                };
            }
            if self.interrupt.is_raised() {
                return Err(SinkError::Interrupted);
            }
            if waiting_since.elapsed() > self.stall {
                return Err(SinkError::Stalled(self.stall.as_secs_f64()));
            }
        }
    }

    fn check(&self) -> Result<(), SinkError> {
        if let Some(fault) = self.bus_error() {
            return Err(fault);
        }
        if self.interrupt.is_raised() { Err(SinkError::Interrupted) } else { Ok(()) }
    }

    /// Only before the end of the stream: the pop would throw its message away.
    fn bus_error(&self) -> Option<SinkError> {
        let message = self.pipeline.bus()?.pop_filtered(&[gst::MessageType::Error])?;
        let gst::MessageView::Error(e) = message.view() else { return None };
        Some(told(e))
    }
}

/// An error on the bus, told as one sentence.
pub(super) fn told(e: &gst::message::Error) -> SinkError {
    if e.error().matches(gst::ResourceError::NoSpaceLeft) {
        SinkError::DiskFull
    } else {
        SinkError::Encode(e.error().to_string())
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // After an error the end of the stream may never come: no waiting, just stop.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}
