//! The encoder of a live stream: redacted frames in, coded packets out, once for all who watch and record.
//!
//! `appsrc ! encoder (zero latency) ! appsink`. A [`Packet`] is made here only, from what was redacted, and
//! [`super::Publisher`] and [`super::Recorder`] take nothing else.

use super::coder::{Purpose, QUEUE_FRAMES, caps, coder, entry};
use super::encode::{SinkError, told};
use crate::config::EncodeSettings;
use crate::video::frame::{Colour, Layout, RedactedFrame};
use crate::video::source::init_media;
use gst::prelude::*;
use gstreamer as gst;
use gstreamer_app as gst_app;
use gstreamer_video as gst_video;

/// Most frames between two keyframes: whoever connects need not wait longer, even where no keyframe is asked for.
const MOST_KEYFRAME_INTERVAL: u32 = 50;

/// Stated to the encoder, in frames a second, whatever the camera's rate is: without one x264 keeps a frame back to see
/// how long it lasts. Constant quality does not depend on it, and every frame keeps its own time.
const STATED_RATE: i32 = 25;

/// A coded picture: an H.264 access unit in byte-stream form.
#[derive(Clone)]
pub struct Packet {
    pub(super) buffer: gst::Buffer,
    pub(super) caps: gst::Caps,
    at_ns: u64,
    is_key: bool,
}

impl Packet {
    /// When it is shown, nanoseconds on the stream's clock.
    #[must_use]
    pub fn at_ns(&self) -> u64 {
        self.at_ns
    }

    /// Whether a decoder can begin with it.
    #[must_use]
    pub fn is_key(&self) -> bool {
        self.is_key
    }

    /// Its own copy of the packet's head with other times; the coded bytes are shared.
    pub(super) fn timed(&self, at: Option<gst::ClockTime>) -> gst::Buffer {
        let mut buffer = self.buffer.clone();
        let head = buffer.make_mut();
        head.set_pts(at);
        head.set_dts(at);
        buffer
    }
}

/// Whether a frame went in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It will be coded.
    Yes,
    /// The encoder is busy; the frame is gone.
    Dropped,
}

/// An encoder at work. Dropping it stops it.
pub struct PacketEncoder {
    pipeline: gst::Pipeline,
    source: gst_app::AppSrc,
    format: Option<(Layout, Colour)>,
}

impl PacketEncoder {
    /// Starts one. `take` is given every packet, on the encoder's own thread.
    ///
    /// # Errors
    /// [`SinkError`] where an element is missing or refuses its settings.
    pub fn open(
        settings: &EncodeSettings,
        mut take: impl FnMut(Packet) + Send + 'static,
    ) -> Result<Self, SinkError> {
        init_media()?;
        let set_up = |e: gst::glib::BoolError| SinkError::SetUp(e.message.to_string());
        let source = entry();
        let keyframe_interval = settings.keyframe_interval.min(MOST_KEYFRAME_INTERVAL);
        let coder = coder(&EncodeSettings { keyframe_interval, ..settings.clone() }, Purpose::Live)?;
        let coded = gst::Caps::builder("video/x-h264")
            .field("profile", "high")
            .field("stream-format", "byte-stream")
            .field("alignment", "au")
            .build();
        let sink = gst_app::AppSink::builder().caps(&coded).sync(false).enable_last_sample(false).build();
        let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |sink| {
            let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
            if let (Some(buffer), Some(caps)) = (sample.buffer_owned(), sample.caps_owned()) {
                // The encoder moves all times by a thousand hours; as running times they are what went in.
                let segment = sample.segment().and_then(|segment| segment.downcast_ref::<gst::ClockTime>());
                let at = segment.and_then(|segment| segment.to_running_time(buffer.pts()));
                let is_key = !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
                take(Packet { buffer, caps, at_ns: at.map_or(0, gst::ClockTime::nseconds), is_key });
            }
            Ok(gst::FlowSuccess::Ok)
        });
        sink.set_callbacks(callbacks.build());
        let pipeline = gst::Pipeline::new();
        let mut chain: Vec<&gst::Element> = vec![source.upcast_ref()];
        chain.extend(&coder);
        chain.push(sink.upcast_ref());
        pipeline.add_many(&chain).map_err(set_up)?;
        gst::Element::link_many(&chain).map_err(set_up)?;
        let this = Self { pipeline, source, format: None };
        if this.pipeline.set_state(gst::State::Playing).is_err() {
            return Err(this.fault().unwrap_or_else(|| SinkError::SetUp("not started".into())));
        }
        Ok(this)
    }

    /// Whether a frame has the form of those before; where not, a new encoder is due.
    #[must_use]
    pub fn fits(&self, frame: &RedactedFrame) -> bool {
        self.format.is_none_or(|format| format == frame.form())
    }

    /// Hands one frame over, to be shown at `at_ns`, later than the one before.
    ///
    /// # Errors
    /// [`SinkError`]; the encoder is lost then.
    pub fn push(&mut self, frame: RedactedFrame, at_ns: u64) -> Result<Taken, SinkError> {
        if let Some(fault) = self.fault() {
            return Err(fault);
        }
        if self.source.current_level_buffers() >= QUEUE_FRAMES {
            return Ok(Taken::Dropped);
        }
        let (bytes, layout, colour, _) = frame.into_parts();
        if self.format != Some((layout, colour)) {
            let caps = caps(&layout, colour, STATED_RATE).map_err(|e| SinkError::SetUp(e.to_string()))?;
            self.source.set_caps(Some(&caps));
            self.format = Some((layout, colour));
        }
        let mut buffer = gst::Buffer::from_slice(bytes);
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(gst::ClockTime::from_nseconds(at_ns));
        }
        let pushed = self.source.push_buffer(buffer);
        pushed.map(|_| Taken::Yes).map_err(|flow| {
            self.fault().unwrap_or_else(|| SinkError::Encode(format!("a frame was refused ({flow:?})")))
        })
    }

    /// The next frame is coded by itself.
    pub fn ask_for_a_keyframe(&self) {
        let event = gst_video::UpstreamForceKeyUnitEvent::builder().all_headers(true).build();
        if let Some(sink) = self.pipeline.iterate_sinks().into_iter().flatten().next() {
            // Where it is not taken, the next keyframe comes by itself.
            let _ = sink.send_event(event);
        }
    }

    fn fault(&self) -> Option<SinkError> {
        let message = self.pipeline.bus()?.pop_filtered(&[gst::MessageType::Error])?;
        let gst::MessageView::Error(e) = message.view() else { return None };
        Some(told(e))
    }
}

impl Drop for PacketEncoder {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}
