//! The elements between the file and the `appsink`, and what is put on their pads.
//!
//! `filesrc ! decodebin (video only) ! videoconvert ! videoflip (upright) ! appsink`, I420 or NV12. The container
//! and codec are found from the content. Every decoder gets a [`Watch`] and a guard that looks at what size of
//! picture is declared before the decoder allocates it.

use super::clip::Clip;
use super::concealment::{Clock, Watch, flag_gaps};
use super::foreign::Head;
use super::hardware::is_believed;
use super::inband;
use super::reading::{Reading, Turn};
use super::view;
use crate::config::LimitSettings;
use crate::geometry::FrameSize;
use gst::prelude::*;
use gst_video::gst_base::{self, prelude::BaseTransformExt};
use gstreamer as gst;
use gstreamer_app as gst_app;
use gstreamer_video as gst_video;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Frames that may wait between the decoder and the next stage.
const QUEUE_FRAMES: u32 = 4;

/// What the decoder's own threads note down.
pub(super) struct Shared {
    /// One for every video decoder: a transport stream whose programme changes gets a second one in mid-clip.
    pub(super) watches: Mutex<Vec<Watch>>,
    pub(super) video_streams: AtomicU64,
    pub(super) codec: Mutex<Option<String>>,
    /// A container was found.
    pub(super) demuxed: AtomicBool,
    /// Pictures are decoded that no container holds: nothing says when they are shown.
    pub(super) raw_stream: AtomicBool,
    /// A decoder is at work that conceals errors without a word.
    pub(super) unheard: AtomicBool,
    /// Gray pictures that use all values, 0 to 255.
    pub(super) full_range_gray: AtomicBool,
    /// A size beyond the limits that was declared somewhere.
    pub(super) too_large: Mutex<Option<FrameSize>>,
    /// The time that the demuxer gives the first picture it sends, nanoseconds.
    pub(super) first_sent_ns: OnceLock<i64>,
    /// Why a camera's certificate was refused.
    pub(super) refusal: Mutex<Option<String>>,
    limits: LimitSettings,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn new(limits: &LimitSettings) -> Self {
        Self {
            watches: Mutex::default(),
            video_streams: AtomicU64::new(0),
            codec: Mutex::default(),
            demuxed: AtomicBool::new(false),
            raw_stream: AtomicBool::new(false),
            unheard: AtomicBool::new(false),
            full_range_gray: AtomicBool::new(false),
            too_large: Mutex::default(),
            first_sent_ns: OnceLock::new(),
            refusal: Mutex::default(),
            limits: limits.clone(),
        }
    }

    /// Notes a size beyond the limits; true where it is.
    pub(super) fn refuse(&self, size: FrameSize) -> bool {
        let refused = self.limits.refuse(size);
        if refused {
            *lock(&self.too_large) = Some(size);
        }
        refused
    }
}

/// A pipeline that is not started yet.
pub(super) struct Made {
    pub(super) pipeline: gst::Pipeline,
    pub(super) sink: gst_app::AppSink,
    pub(super) shared: Arc<Shared>,
}

fn made(name: &str, element: Result<gst::Element, gst::glib::BoolError>) -> Result<gst::Element, String> {
    element.map_err(|_| format!("the GStreamer element {name} is missing; run scripts/setup"))
}

/// An element with its own settings.
///
/// # Errors
/// It is missing, in words.
pub(super) fn make(name: &str) -> Result<gst::Element, String> {
    made(name, gst::ElementFactory::make(name).build())
}

/// Builds the pipeline for a clip; it is not started.
///
/// # Errors
/// What is missing, in words.
pub(super) fn build(
    clip: &Clip,
    head: Head,
    reading: &mut Reading,
    limits: &LimitSettings,
) -> Result<Made, String> {
    let source = match reading.view.take() {
        Some(view) => view::source(clip, view)?,
        None => {
            let location = clip.location();
            made("filesrc", gst::ElementFactory::make("filesrc").property("location", location).build())?
        }
    };
    let pipeline = gst::Pipeline::new();
    let shared = Arc::new(Shared::new(limits));
    let mut feed = vec![source];
    if head.program_stream {
        // Behind a queue nobody can pull: the file is pushed.
        feed.push(make("queue")?);
        skip(&feed[0], head.skip);
    }
    pipeline.add_many(&feed).map_err(|e| e.to_string())?;
    let (decodebin, sink) = decoder(&pipeline, &shared, !reading.declared.edited, reading.turn)?;
    feed.push(decodebin);
    gst::Element::link_many(&feed).map_err(|e| e.to_string())?;
    Ok(Made { pipeline, sink, shared })
}

/// Puts everything behind the source into a pipeline; gives its first element and its last.
///
/// # Errors
/// What is missing, in words.
pub(super) fn decoder(
    pipeline: &gst::Pipeline,
    shared: &Arc<Shared>,
    unedited: bool,
    turn: Option<Turn>,
) -> Result<(gst::Element, gst_app::AppSink), String> {
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
    let direction = turn.map_or("auto", Turn::direction);
    let flip = made(
        "videoflip",
        gst::ElementFactory::make("videoflip").property_from_str("video-direction", direction).build(),
    )?;
    // Before 1.24 it copies every picture that is upright already. A tag that says otherwise takes this back.
    if let Some(flip) = flip.downcast_ref::<gst_base::BaseTransform>().filter(|_| turn.is_none()) {
        flip.set_passthrough(true);
    }
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
    let chain = [&convert, &flip, sink.upcast_ref()];
    pipeline
        .add(&decodebin)
        .and_then(|()| pipeline.add_many(chain))
        .and_then(|()| gst::Element::link_many(chain))
        .map_err(|e| e.to_string())?;
    connect(&decodebin, &convert, shared, unedited);
    Ok((decodebin, sink))
}

/// Takes the first `bytes` off what a source pushes.
fn skip(source: &gst::Element, bytes: u64) {
    let Some(pad) = source.static_pad("src").filter(|_| bytes > 0) else { return };
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let Some(block) = info.buffer_mut() else { return gst::PadProbeReturn::Ok };
        let (from, len) = (block.offset(), block.size());
        let off = usize::try_from(bytes.saturating_sub(from)).unwrap_or(usize::MAX);
        if off >= len {
            return gst::PadProbeReturn::Handled;
        }
        if off > 0
            && let Ok(mut rest) = block.copy_region(gst::BufferCopyFlags::all(), off..)
        {
            // What is looked at for its type has to begin at 0.
            rest.make_mut().set_offset(0);
            *block = rest;
        }
        gst::PadProbeReturn::Ok
    });
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

/// Watches and guards every video decoder, and mends two things that qtdemux says of an MP4 file: see
/// [`without_colorimetry`] and [`open_ended`].
fn inspect(element: &gst::Element, shared: &Arc<Shared>, unedited: bool) {
    let Some(factory) = element.factory() else { return };
    let decodes = |media| factory.has_type(gst::ElementFactoryType::DECODER | media);
    if factory.has_type(gst::ElementFactoryType::DEMUXER) {
        shared.demuxed.store(true, Ordering::Release);
        let shared = Arc::clone(shared);
        element.connect_pad_added(move |_, pad| guard(pad, &shared));
    } else if decodes(gst::ElementFactoryType::MEDIA_VIDEO) || decodes(gst::ElementFactoryType::MEDIA_IMAGE) {
        let raw_stream = !shared.demuxed.load(Ordering::Acquire);
        shared.raw_stream.fetch_or(raw_stream, Ordering::AcqRel);
        // Decoders of single pictures other than libav's, and those of graphics cards, conceal without a word and without
        // a flag.
        let heard = decodes(gst::ElementFactoryType::MEDIA_VIDEO) && is_believed(&factory);
        shared.unheard.fetch_or(!heard, Ordering::AcqRel);
        if let Some(pad) = element.static_pad("sink") {
            guard(&pad, shared);
        }
        if let Some(pad) = element.static_pad("src") {
            note_gray(&pad, shared);
        }
        lock(&shared.watches).push(Watch::on(element, if raw_stream { Clock::Count } else { Clock::Pts }));
        lock(&shared.codec)
            .get_or_insert_with(|| factory.metadata("long-name").unwrap_or_default().to_owned());
    }
    if factory.name() == "tsdemux" {
        flag_gaps(element);
    } else if factory.name() == "qtdemux" {
        let notes = Arc::clone(shared);
        element.connect_pad_added(move |_, pad| {
            note_first(pad, &notes);
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

/// Notes when the first picture is sent: how far a demuxer shifts the times of a track against what its table says.
fn note_first(pad: &gst::Pad, shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let is_video = pad
            .current_caps()
            .is_some_and(|caps| caps.structure(0).is_some_and(|s| !s.name().starts_with("audio/")));
        if let Some(pts) = info.buffer().and_then(|packet| packet.pts()).filter(|_| is_video) {
            let _ = shared.first_sent_ns.set(i64::try_from(pts.nseconds()).unwrap_or(i64::MAX));
        }
        gst::PadProbeReturn::Remove
    });
}

/// Notes whether gray pictures use all values, as those of JPEG do. `videoconvert` (GStreamer 1.22) copies the values
/// of gray pictures as they are and then says that they were of limited range.
fn note_gray(pad: &gst::Pad, shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        if let Some(event) = info.event()
            && let gst::EventView::Caps(caps) = event.view()
            && let Ok(info) = gst_video::VideoInfo::from_caps(caps.caps())
        {
            let limited = info.colorimetry().range() == gst_video::VideoColorRange::Range16_235;
            let full = info.format() == gst_video::VideoFormat::Gray8 && !limited;
            shared.full_range_gray.store(full, Ordering::Release);
        }
        gst::PadProbeReturn::Ok
    });
}

/// Lets nothing pass that declares a picture beyond the limits: neither by its caps nor in the picture itself.
fn guard(pad: &gst::Pad, shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    let kinds = gst::PadProbeType::EVENT_DOWNSTREAM | gst::PadProbeType::BUFFER;
    pad.add_probe(kinds, move |pad, info| {
        let declared = match &info.data {
            Some(gst::PadProbeData::Event(event)) => match event.view() {
                gst::EventView::Caps(caps) => declared_size(caps.caps()),
                _ => None,
            },
            Some(gst::PadProbeData::Buffer(packet)) => coded_size(pad, packet),
            _ => None,
        };
        if declared.is_some_and(|size| shared.refuse(size)) || lock(&shared.too_large).is_some() {
            // What feeds the decoder has to stop as well.
            info.flow_res = Err(gst::FlowError::Error);
            return gst::PadProbeReturn::Handled;
        }
        gst::PadProbeReturn::Ok
    });
}

fn declared_size(caps: &gst::CapsRef) -> Option<FrameSize> {
    let structure = caps.structure(0)?;
    let side = |name| structure.get::<i32>(name).ok().and_then(|n| u32::try_from(n).ok());
    Some(FrameSize { width: side("width")?, height: side("height")? })
}

fn coded_size(pad: &gst::Pad, packet: &gst::BufferRef) -> Option<FrameSize> {
    let caps = pad.current_caps()?;
    let read: fn(&[u8]) -> Option<FrameSize> = match caps.structure(0)?.name().as_str() {
        "image/jpeg" => inband::of_jpeg,
        "video/x-vp8" => inband::of_vp8,
        _ => return None,
    };
    read(&packet.map_readable().ok()?)
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
