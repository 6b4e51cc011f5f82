//! Looking at files: what is in a container, and what one sees of it.

use gst::prelude::*;
use gst_video::VideoFrameExt;
use gstreamer as gst;
use gstreamer_app as gst_app;
use gstreamer_video as gst_video;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What is in a container, without decoding.
#[derive(Debug)]
pub(crate) struct Contents {
    /// Streams of any kind.
    pub(crate) streams: usize,
    /// When the pictures of the first stream are shown, in order, nanoseconds after the first one.
    pub(crate) times_ns: Vec<u64>,
    /// The coded pictures, in coded order.
    pub(crate) packets: Vec<Vec<u8>>,
    /// Which of them are keyframes.
    pub(crate) keys: Vec<bool>,
}

/// A decoded clip.
pub(crate) struct Seen {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Width and height of one pixel as displayed.
    pub(crate) pixel_aspect: (i32, i32),
    /// When each picture is shown, nanoseconds after the first one.
    pub(crate) times_ns: Vec<u64>,
    /// RGB, three bytes a pixel, no padding.
    pub(crate) frames: Vec<Vec<u8>>,
}

/// Hands every sample and its time to `take`, up to the end or the first error, whose words it returns.
fn pull(
    pipeline: &gst::Pipeline,
    sink: &gst_app::AppSink,
    mut take: impl FnMut(&gst::Sample, Option<u64>),
) -> Result<(), String> {
    pipeline.set_state(gst::State::Playing).expect("it plays");
    let bus = pipeline.bus().expect("a bus");
    let start = Instant::now();
    let mut first = None;
    let mut end = Ok(());
    loop {
        assert!(start.elapsed() < Duration::from_secs(60), "reading does not end");
        if let Some(sample) = sink.try_pull_sample(gst::ClockTime::from_mseconds(50)) {
            let segment = sample.segment().and_then(|s| s.downcast_ref::<gst::ClockTime>());
            let pts = sample.buffer().and_then(|b| b.pts());
            let shown = segment.and_then(|s| s.to_running_time(pts)).map(gst::ClockTime::nseconds);
            let first = *first.get_or_insert(shown.unwrap_or(0));
            take(&sample, shown.map(|t| t.saturating_sub(first)));
        } else if sink.is_eos() {
            break;
        } else if let Some(message) = bus.pop_filtered(&[gst::MessageType::Error])
            && let gst::MessageView::Error(e) = message.view()
        {
            end = Err(format!("{} {:?}", e.error(), e.debug()));
            break;
        }
    }
    pipeline.set_state(gst::State::Null).expect("it stops");
    end
}

/// Takes an MP4 or Matroska file apart.
pub(crate) fn contents(path: &Path) -> Contents {
    gst::init().expect("GStreamer starts");
    let head = std::fs::read(path).expect("a file");
    let demuxer = if head.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]) { "matroskademux" } else { "qtdemux" };
    let make = |name: &str| gst::ElementFactory::make(name).build().expect("an element");
    let (source, demuxer) = (make("filesrc"), make(demuxer));
    source.set_property("location", path);
    let sink = gst_app::AppSink::builder().sync(false).build();
    let pipeline = gst::Pipeline::new();
    pipeline.add_many([&source, &demuxer, sink.upcast_ref()]).expect("added");
    source.link(&demuxer).expect("linked");
    let streams = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&streams);
    let entry = sink.static_pad("sink").expect("a pad");
    demuxer.connect_pad_added(move |_, pad| {
        if count.fetch_add(1, Ordering::AcqRel) == 0 {
            pad.link(&entry).expect("linked");
        }
    });
    let mut found = Contents { streams: 0, times_ns: Vec::new(), packets: Vec::new(), keys: Vec::new() };
    pull(&pipeline, &sink, |sample, shown| {
        let buffer = sample.buffer().expect("bytes");
        found.times_ns.push(shown.expect("a time"));
        found.packets.push(buffer.map_readable().expect("readable").to_vec());
        found.keys.push(!buffer.flags().contains(gst::BufferFlags::DELTA_UNIT));
    })
    .expect("it can be read to its end");
    // Coded order is not the order of showing.
    found.times_ns.sort_unstable();
    let first = found.times_ns.first().copied().unwrap_or(0);
    found.times_ns.iter_mut().for_each(|t| *t -= first);
    found.streams = streams.load(Ordering::Acquire);
    found
}

/// Decodes a clip. Holds the [`super::job::turn`], because a decoder that complains is heard by every job.
pub(crate) fn view(path: &Path) -> Seen {
    let (seen, end) = view_torn(path);
    end.expect("it can be decoded to its end");
    seen
}

/// Decodes what can be decoded of a file that may break off.
pub(crate) fn view_torn(path: &Path) -> (Seen, Result<(), String>) {
    let _turn = super::job::turn();
    gst::init().expect("GStreamer starts");
    let text = "filesrc name=in ! decodebin ! videoconvert ! video/x-raw,format=RGB ! appsink name=out sync=false \
                max-buffers=4";
    let pipeline = gst::parse::launch(text).expect("a sound pipeline");
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("a pipeline");
    pipeline.by_name("in").expect("a source").set_property("location", path);
    let sink = pipeline.by_name("out").expect("a sink").downcast::<gst_app::AppSink>().expect("an appsink");
    let mut seen =
        Seen { width: 0, height: 0, pixel_aspect: (1, 1), times_ns: Vec::new(), frames: Vec::new() };
    let end = pull(&pipeline, &sink, |sample, shown| {
        let info = gst_video::VideoInfo::from_caps(sample.caps().expect("caps")).expect("video");
        (seen.width, seen.height) = (info.width() as usize, info.height() as usize);
        seen.pixel_aspect = (info.par().numer(), info.par().denom());
        let buffer = sample.buffer().expect("bytes");
        let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, &info).expect("mapped");
        let stride = frame.plane_stride()[0] as usize;
        let rows = frame.plane_data(0).expect("a plane").chunks(stride).take(seen.height);
        seen.frames.push(rows.flat_map(|row| &row[..seen.width * 3]).copied().collect());
        seen.times_ns.push(shown.expect("a time"));
    });
    (seen, end)
}

impl Seen {
    pub(crate) fn pixel(&self, frame: usize, x: usize, y: usize) -> [u8; 3] {
        let at = (y * self.width + x) * 3;
        let rgb = &self.frames[frame][at..at + 3];
        [rgb[0], rgb[1], rgb[2]]
    }

    /// Pixels of a frame for which `is` holds.
    pub(crate) fn count(&self, frame: usize, is: impl Fn([u8; 3]) -> bool) -> usize {
        self.frames[frame].chunks_exact(3).filter(|p| is([p[0], p[1], p[2]])).count()
    }

    /// Raw pixels that a mask should have hidden: the intruder's magenta.
    pub(crate) fn raw_pixels(&self, frame: usize) -> usize {
        self.count(frame, is_raw)
    }

    /// True where the whole frame is the fill colour and nothing else.
    pub(crate) fn is_covered(&self, frame: usize) -> bool {
        self.count(frame, is_fill) == self.width * self.height
    }
}

/// The intruder's colour, whatever a codec makes of it.
pub(crate) fn is_raw([r, g, b]: [u8; 3]) -> bool {
    i32::from(r).min(b.into()) - i32::from(g) > 80
}

/// The green that all tests fill with, whatever a codec makes of it.
pub(crate) fn is_fill([r, g, b]: [u8; 3]) -> bool {
    r < 60 && g > 195 && b < 60
}

/// Points of a frame that lie inside a polygon of corners in pixels, at least `inset` from each of its sides.
pub(crate) fn inside(corners: &[(f64, f64)], width: usize, height: usize, inset: f64) -> Vec<(usize, usize)> {
    let sides: Vec<_> = corners.iter().zip(corners.iter().cycle().skip(1)).collect();
    let holds = |x: f64, y: f64| {
        let mut odd = false;
        for &(&(ax, ay), &(bx, by)) in &sides {
            if (ay > y) != (by > y) && x < ax + (y - ay) / (by - ay) * (bx - ax) {
                odd = !odd;
            }
            let (dx, dy) = (bx - ax, by - ay);
            let along = (((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
            if (x - ax - along * dx).hypot(y - ay - along * dy) < inset {
                return false;
            }
        }
        odd
    };
    (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .filter(|&(x, y)| holds(x as f64 + 0.5, y as f64 + 0.5))
        .collect()
}
