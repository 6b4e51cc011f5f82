//! The decoder: one GStreamer pipeline that ends in an `appsink`, pulled a frame at a time.
//!
//! `filesrc ! decodebin (video only) ! videoconvert ! videoflip (upright) ! appsink`, I420 or NV12. The container
//! and codec are found from the content. Every wait has a limit; an error, a stall or a picture that changes its
//! size ends the decoding with an error, never with a frame less and a smile.

use super::clip::Clip;
use super::concealment::{Tally, Watch, flag_gaps};
use super::declared::Declared;
use super::media;
use crate::config::LimitSettings;
use crate::geometry::FrameSize;
use crate::interrupt::Interrupt;
use crate::video::frame::{Colour, Damage, FramePool, Layout, PixelFormat, RawFrame, Stamp};
use gst::prelude::*;
use gst_video::prelude::*;
use gstreamer as gst;
use gstreamer_app as gst_app;
use gstreamer_video as gst_video;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Why a clip gives no (more) frames.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// GStreamer is not usable.
    #[error(transparent)]
    Media(#[from] media::MediaError),
    /// The decoder or the demuxer gave up.
    #[error("the clip cannot be decoded{}: {reason}", after(.frames))]
    Decode {
        /// Frames decoded before.
        frames: u64,
        /// What GStreamer said.
        reason: String,
    },
    /// The content is of no kind that a recorder's clip has.
    #[error("the file holds no video that can be decoded ({0}); export the clip as mp4 from the recorder")]
    NoVideo(String),
    /// Nothing came for too long.
    #[error("no picture came for {secs:.0} seconds{}; the file may be damaged", after(.frames))]
    Stalled {
        /// Frames decoded before.
        frames: u64,
        /// How long was waited.
        secs: f64,
    },
    /// The picture is larger than the settings allow.
    #[error("the picture is {size}, more than {max} pixels on a side (limits.max_side_px)")]
    TooLarge {
        /// What the file declares.
        size: FrameSize,
        /// What is allowed.
        max: u32,
    },
    /// The picture is smaller than the encoder takes.
    #[error("the picture is {0}, too small to show anything; at least 16x16 is needed")]
    TooSmall(FrameSize),
    /// The size changed in mid-stream.
    #[error("the picture changes its size from {from} to {to} after {frames} frames; cut the clip there")]
    SizeChanged {
        /// Size so far.
        from: FrameSize,
        /// New size.
        to: FrameSize,
        /// Frames decoded before.
        frames: u64,
    },
    /// A stop was asked for.
    #[error("stopped on request")]
    Interrupted,
}

fn after(frames: &u64) -> String {
    match frames {
        0 => String::new(),
        1 => " after the first frame".into(),
        n => format!(" after {n} frames"),
    }
}

/// What the decoder went through, known in full at the end.
#[derive(Debug, Clone, Default)]
pub struct Decoded {
    /// Frames handed out.
    pub frames: u64,
    /// Coded pictures that the demuxer delivered, where that is known.
    pub packets: u64,
    /// Complaints of the decoder: concealed errors, flags, gaps.
    pub complaints: u64,
    /// Coded pictures that never came out of the decoder although later ones did, where it complained while it
    /// held them or swallowed several in a row. Those before the first frame and behind the last are not counted,
    /// nor are pictures that the file lacks.
    pub lost: u64,
    /// The latest complaint's words.
    pub last_complaint: Option<String>,
    /// Video streams in the file; the first is taken.
    pub video_streams: u64,
    /// Frames whose presentation time was missing or did not grow and was put right.
    pub restamped: u64,
    /// Codec, in words.
    pub codec: Option<String>,
}

/// A decoder at work. Dropping it stops it.
pub struct Source {
    pipeline: gst::Pipeline,
    sink: gst_app::AppSink,
    shared: Arc<Shared>,
    pool: FramePool,
    stall: Duration,
    max_side_px: u32,
    interrupt: Interrupt,
    size: Option<FrameSize>,
    start: Option<u64>,
    last: Option<Stamp>,
    restamped: u64,
}

/// What the decoder's own threads note down.
#[derive(Default)]
struct Shared {
    /// One for every video decoder: a transport stream whose programme changes gets a second one in mid-clip.
    watches: Mutex<Vec<Watch>>,
    video_streams: AtomicU64,
    codec: Mutex<Option<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Smallest side of a picture, pixels: one macroblock, the least that x264 takes.
const MIN_SIDE_PX: u32 = 16;

/// Frames that may wait between the decoder and the next stage.
const QUEUE_FRAMES: u32 = 4;

impl Source {
    /// Builds the decoder for a clip and starts it. Frames come from [`Source::next_frame`].
    ///
    /// # Errors
    /// [`SourceError`] where GStreamer cannot be set up; what is wrong with the clip comes with its first frame.
    pub fn open(clip: &Clip, limits: &LimitSettings, interrupt: &Interrupt) -> Result<Self, SourceError> {
        media::init()?;
        let unedited = !Declared::read(clip).is_ok_and(|declared| declared.edited);
        let made = |name: &str, element: Result<gst::Element, gst::glib::BoolError>| {
            element.map_err(|_| SourceError::Decode {
                frames: 0,
                reason: format!("the GStreamer element {name} is missing; run scripts/setup"),
            })
        };
        let make = |name: &str| made(name, gst::ElementFactory::make(name).build());
        let filesrc = made(
            "filesrc",
            gst::ElementFactory::make("filesrc").property("location", clip.location()).build(),
        )?;
        // Sound and subtitles are left undecoded; without "any memory" no decoder would be considered at all.
        let video = gst::Caps::builder("video/x-raw").any_features().build();
        let decodebin = made(
            "decodebin",
            gst::ElementFactory::make("decodebin")
                .property("caps", &video)
                .property("expose-all-streams", false)
                .build(),
        )?;
        let convert = make("videoconvert")?;
        // Rotation is a tag beside the picture: applied here, before anybody looks, or it would be lost.
        let flip = made(
            "videoflip",
            gst::ElementFactory::make("videoflip").property_from_str("video-direction", "auto").build(),
        )?;
        let sink = gst_app::AppSink::builder()
            .caps(
                &gst_video::VideoCapsBuilder::new()
                    .format_list([gst_video::VideoFormat::I420, gst_video::VideoFormat::Nv12])
                    .build(),
            )
            .sync(false)
            .max_buffers(QUEUE_FRAMES)
            .enable_last_sample(false)
            .build();
        let pipeline = gst::Pipeline::new();
        let shared = Arc::new(Shared::default());
        let chain = [&convert, &flip, sink.upcast_ref()];
        let built = pipeline
            .add_many([&filesrc, &decodebin])
            .and_then(|()| pipeline.add_many(chain))
            .and_then(|()| filesrc.link(&decodebin))
            .and_then(|()| gst::Element::link_many(chain));
        built.map_err(|e| SourceError::Decode { frames: 0, reason: e.to_string() })?;
        connect(&decodebin, &convert, &shared, unedited);
        let source = Self {
            pipeline,
            sink,
            shared,
            pool: FramePool::new(64),
            stall: Duration::from_secs_f64(limits.stall_secs),
            max_side_px: limits.max_side_px,
            interrupt: interrupt.clone(),
            size: None,
            start: None,
            last: None,
            restamped: 0,
        };
        // A refusal here also posts the reason on the bus, where the first frame's wait finds it.
        if source.pipeline.set_state(gst::State::Playing).is_err() {
            return Err(source.bus_error().unwrap_or_else(|| SourceError::NoVideo("not started".into())));
        }
        Ok(source)
    }

    /// The next frame in presentation order; `None` at the end.
    ///
    /// # Errors
    /// [`SourceError`]; no frame follows one.
    pub fn next_frame(&mut self) -> Result<Option<RawFrame>, SourceError> {
        let waiting_since = Instant::now();
        loop {
            if self.interrupt.is_raised() {
                return Err(SourceError::Interrupted);
            }
            if let Some(sample) = self.sink.try_pull_sample(gst::ClockTime::from_mseconds(50)) {
                return self.frame(&sample).map(Some);
            }
            if let Some(fault) = self.bus_error() {
                return Err(fault);
            }
            if self.sink.is_eos() {
                // An error that came together with the end must not be lost.
                return match self.bus_error() {
                    Some(fault) => Err(fault),
                    None if self.frames() == 0 => Err(SourceError::NoVideo("no picture in it".into())),
                    None => Ok(None),
                };
            }
            if waiting_since.elapsed() > self.stall {
                let secs = self.stall.as_secs_f64();
                return Err(SourceError::Stalled { frames: self.frames(), secs });
            }
        }
    }

    /// What happened so far.
    #[must_use]
    pub fn decoded(&self) -> Decoded {
        // All watches hear the same log, so their hits must not be added up.
        let tallies: Vec<Tally> = lock(&self.shared.watches).iter().map(Watch::tally).collect();
        let packets = tallies.iter().map(|tally| tally.packets).sum();
        let lost = tallies.iter().map(|tally| tally.lost).sum();
        let worst = tallies.into_iter().max_by_key(|tally| tally.hits).unwrap_or_default();
        let Tally { hits, last_words, .. } = worst;
        Decoded {
            frames: self.frames(),
            packets,
            complaints: hits,
            lost,
            last_complaint: last_words,
            video_streams: self.shared.video_streams.load(Ordering::Acquire),
            restamped: self.restamped,
            codec: lock(&self.shared.codec).clone(),
        }
    }

    /// How many frames the container's own tables promise.
    ///
    /// # Errors
    /// Reading the file failed.
    pub fn declared(clip: &Clip) -> std::io::Result<Declared> {
        Declared::read(clip)
    }

    fn frames(&self) -> u64 {
        self.last.map_or(0, |stamp| stamp.index + 1)
    }

    /// The first error on the bus, told as one sentence.
    fn bus_error(&self) -> Option<SourceError> {
        let bus = self.pipeline.bus()?;
        while let Some(message) = bus.pop_filtered(&[gst::MessageType::Error]) {
            if let gst::MessageView::Error(e) = message.view() {
                let reason = e.error().to_string();
                let error = e.error();
                let unknown = error.matches(gst::StreamError::CodecNotFound)
                    || error.matches(gst::CoreError::MissingPlugin);
                let no_media = error.matches(gst::StreamError::TypeNotFound)
                    || error.matches(gst::StreamError::WrongType);
                let reason = if unknown { "no video stream of a known codec".to_owned() } else { reason };
                let no_video = unknown || no_media;
                return Some(if no_video && self.frames() == 0 {
                    SourceError::NoVideo(reason.trim_end_matches('.').to_owned())
                } else {
                    SourceError::Decode { frames: self.frames(), reason }
                });
            }
        }
        None
    }

    fn frame(&mut self, sample: &gst::Sample) -> Result<RawFrame, SourceError> {
        let frames = self.frames();
        let broken = |reason: &str| SourceError::Decode { frames, reason: reason.to_owned() };
        let caps = sample.caps().ok_or_else(|| broken("a picture without a format"))?;
        let info = gst_video::VideoInfo::from_caps(caps).map_err(|_| broken("a picture without a format"))?;
        let size = FrameSize { width: info.width(), height: info.height() };
        if size.width.max(size.height) > self.max_side_px {
            return Err(SourceError::TooLarge { size, max: self.max_side_px });
        }
        if size.width.min(size.height) < MIN_SIDE_PX {
            return Err(SourceError::TooSmall(size));
        }
        if let Some(from) = self.size.filter(|from| *from != size) {
            return Err(SourceError::SizeChanged { from, to: size, frames });
        }
        self.size = Some(size);
        let format = match info.format() {
            gst_video::VideoFormat::I420 => PixelFormat::I420,
            gst_video::VideoFormat::Nv12 => PixelFormat::Nv12,
            _ => return Err(broken("a pixel format that was not asked for")),
        };
        let buffer = sample.buffer().ok_or_else(|| broken("an empty picture"))?;
        let mut damage = buffer.flags().contains(gst::BufferFlags::CORRUPTED).then_some(Damage::Concealed);
        let running = sample
            .segment()
            .and_then(|s| s.downcast_ref::<gst::ClockTime>())
            .and_then(|s| s.to_running_time(buffer.pts()))
            .map(gst::ClockTime::nseconds);
        let stamp = self.stamp(running, buffer.duration().map(gst::ClockTime::nseconds), &mut damage);
        let pixel_aspect = match (u32::try_from(info.par().numer()), u32::try_from(info.par().denom())) {
            (Ok(across), Ok(down)) if across > 0 && down > 0 => (across, down),
            _ => (1, 1),
        };
        let mut layout = Layout::new(format, size);
        layout.pixel_aspect = pixel_aspect;
        let mut bytes = self.pool.bytes(layout.len());
        let mapped = gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, &info)
            .map_err(|_| broken("a picture that cannot be mapped"))?;
        copy_planes(&mapped, &layout, bytes.as_mut()).ok_or_else(|| broken("a picture that is too short"))?;
        self.last = Some(stamp);
        Ok(RawFrame { bytes, layout, colour: colour(&info), stamp, damage })
    }

    /// Time since the first frame. A time that is missing or does not grow is put right by one frame's duration,
    /// counted, and the frame is not trusted.
    fn stamp(
        &mut self,
        running: Option<u64>,
        duration_ns: Option<u64>,
        damage: &mut Option<Damage>,
    ) -> Stamp {
        let start = *self.start.get_or_insert(running.unwrap_or(0));
        let wanted = running.map(|t| t.saturating_sub(start));
        let Some(last) = self.last else {
            return Stamp { index: 0, pts_ns: wanted.unwrap_or(0), duration_ns };
        };
        let index = last.index + 1;
        match wanted {
            Some(pts_ns) if pts_ns > last.pts_ns => Stamp { index, pts_ns, duration_ns },
            _ => {
                self.restamped += 1;
                *damage = Some(Damage::Concealed);
                let step = last.duration_ns.filter(|d| *d > 0).unwrap_or(40_000_000);
                Stamp { index, pts_ns: last.pts_ns + step, duration_ns }
            }
        }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        // Failing to stop leaves nothing to be done; the threads end with the process.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// Copies the picture out of the decoder's memory: the one copy that is needed, because decoders keep using theirs
/// to predict later pictures. `None` where a plane is shorter than its size says.
fn copy_planes(
    from: &gst_video::VideoFrameRef<&gst::BufferRef>,
    layout: &Layout,
    into: &mut [u8],
) -> Option<()> {
    let width = layout.size.width as usize;
    let height = layout.size.height as usize;
    let (luma, chroma) = into.split_at_mut(layout.luma_len());
    let mut planes = vec![(luma, layout.luma_stride, width, height)];
    let chroma_row = match layout.format {
        PixelFormat::I420 => width.div_ceil(2),
        PixelFormat::Nv12 => width.div_ceil(2) * 2,
    };
    for plane in chroma.chunks_exact_mut(layout.chroma_len()) {
        planes.push((plane, layout.chroma_stride, chroma_row, height.div_ceil(2)));
    }
    for (i, (plane, stride, row_len, rows)) in planes.into_iter().enumerate() {
        let data = from.plane_data(u32::try_from(i).ok()?).ok()?;
        let from_stride = usize::try_from(*from.plane_stride().get(i)?).ok()?;
        if from_stride == stride && data.len() >= plane.len() {
            plane.copy_from_slice(&data[..plane.len()]);
            continue;
        }
        for row in 0..rows {
            let source = data.get(row * from_stride..row * from_stride + row_len)?;
            plane[row * stride..row * stride + row_len].copy_from_slice(source);
        }
    }
    Some(())
}

/// Matrix and range of the samples; GStreamer fills in its defaults by size where the stream is silent.
fn colour(info: &gst_video::VideoInfo) -> Colour {
    let colorimetry = info.colorimetry();
    let base = match colorimetry.matrix() {
        gst_video::VideoColorMatrix::Bt709 => Colour::BT709,
        gst_video::VideoColorMatrix::Bt2020 => Colour { kr: 0.2627, kb: 0.0593, full_range: false },
        _ => Colour::BT601,
    };
    Colour { full_range: colorimetry.range() == gst_video::VideoColorRange::Range0_255, ..base }
}

/// Links the first video stream and puts the witnesses in place.
fn connect(decodebin: &gst::Element, convert: &gst::Element, shared: &Arc<Shared>, unedited: bool) {
    let target = convert.downgrade();
    let notes = Arc::clone(shared);
    decodebin.connect_pad_added(move |_, pad| {
        let Some(convert) = target.upgrade() else { return };
        let Some(entry) = convert.static_pad("sink") else { return };
        // A stream that takes the place of one that has ended, as where a transport stream's programme changes, is
        // none more.
        if entry.is_linked() || notes.video_streams.load(Ordering::Acquire) == 0 {
            notes.video_streams.fetch_add(1, Ordering::AcqRel);
        }
        if !entry.is_linked() {
            // A failure shows as an error of the stream on the bus.
            let _ = pad.link(&entry);
            return;
        }
        // Further streams are decoded into nothing: an unlinked pad would stop the first one too.
        let parent =
            pad.parent_element().and_then(|e| e.parent()).and_then(|p| p.downcast::<gst::Pipeline>().ok());
        if let (Some(pipeline), Ok(drain)) = (
            parent,
            gst::ElementFactory::make("fakesink").property("sync", false).property("async", false).build(),
        ) && pipeline.add(&drain).is_ok()
            && let Some(entry) = drain.static_pad("sink")
        {
            let _ = pad.link(&entry);
            let _ = drain.sync_state_with_parent();
        }
    });
    let notes = Arc::clone(shared);
    if let Some(bin) = decodebin.downcast_ref::<gst::Bin>() {
        bin.connect_deep_element_added(move |_, _, element| inspect(element, &notes, unedited));
    }
}

/// Watches every video decoder, and mends two things that qtdemux says of an MP4 file: see
/// [`without_colorimetry`] and [`open_ended`].
fn inspect(element: &gst::Element, shared: &Shared, unedited: bool) {
    let Some(factory) = element.factory() else { return };
    if factory.has_type(gst::ElementFactoryType::DECODER | gst::ElementFactoryType::MEDIA_VIDEO) {
        lock(&shared.watches).push(Watch::on(element));
        lock(&shared.codec)
            .get_or_insert_with(|| factory.metadata("long-name").unwrap_or_default().to_owned());
    } else if factory.name() == "tsdemux" {
        flag_gaps(element);
    } else if factory.name() == "qtdemux" {
        element.connect_pad_added(move |_, pad| {
            pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
                let mended = info.event().and_then(|event| match event.view() {
                    gst::EventView::Caps(caps) => without_colorimetry(caps),
                    gst::EventView::Segment(segment) if unedited => open_ended(segment),
                    _ => None,
                });
                if let Some(event) = mended {
                    info.data = Some(gst::PadProbeData::Event(event));
                }
                gst::PadProbeReturn::Ok
            });
        });
    }
}

/// qtdemux states limited range for full-range H.264 and H.265; what the stream itself says is right, and the
/// parser reads it where the caps are silent.
fn without_colorimetry(event: &gst::event::Caps) -> Option<gst::Event> {
    let structure = event.caps().structure(0)?;
    let parsed = matches!(structure.name().as_str(), "video/x-h264" | "video/x-h265");
    if !parsed || !structure.has_field("colorimetry") {
        return None;
    }
    let mut caps = event.caps_owned();
    caps.make_mut().structure_mut(0)?.remove_field("colorimetry");
    Some(gst::event::Caps::new(&caps))
}

/// Without an edit list qtdemux ends the presentation at the track's duration counted from zero. Where frames are
/// reordered the first one is shown later than that, and the last ones would be dropped as lying beyond the end.
fn open_ended(event: &gst::event::Segment) -> Option<gst::Event> {
    let mut segment = event.segment().downcast_ref::<gst::ClockTime>()?.clone();
    segment.stop()?;
    segment.set_stop(gst::ClockTime::NONE);
    Some(gst::event::Segment::new(&segment))
}
