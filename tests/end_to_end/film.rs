//! Clips made on the spot: painted pictures, any codec and container that GStreamer writes.

use gst::prelude::*;
use gstreamer as gst;
use gstreamer_app as gst_app;
use std::path::Path;

/// Saturated magenta: no mask and no background of ours has it, so wherever it is seen something raw is seen.
pub(crate) const RAW: [u8; 3] = [255, 0, 255];
/// Size of most clips.
pub(crate) const SIZE: (usize, usize) = (320, 180);

/// H.264 as recorders write it: no B-frames, a keyframe a second.
pub(crate) const H264: &str =
    "x264enc speed-preset=ultrafast key-int-max=10 bframes=0 threads=1 pass=qual quantizer=18 ! h264parse";

/// A picture in GStreamer's default I420 layout.
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    bytes: Vec<u8>,
}

/// Y, U and V by BT.601, limited range.
fn yuv([r, g, b]: [u8; 3]) -> [u8; 3] {
    let [r, g, b] = [r, g, b].map(f64::from);
    let y = 16.0 + (65.481 * r + 128.553 * g + 24.966 * b) / 255.0;
    let u = 128.0 + (-37.797 * r - 74.203 * g + 112.0 * b) / 255.0;
    let v = 128.0 + (112.0 * r - 93.786 * g - 18.214 * b) / 255.0;
    [y.round() as u8, u.round() as u8, v.round() as u8]
}

impl Picture {
    fn new(width: usize, height: usize) -> Self {
        let luma = width.next_multiple_of(4) * height.next_multiple_of(2);
        let chroma = width.div_ceil(2).next_multiple_of(4) * height.next_multiple_of(2) / 2;
        let mut bytes = vec![90; luma + 2 * chroma];
        bytes[luma..].fill(128);
        Self { width, height, bytes }
    }

    /// Paints a rectangle; give even numbers, or its chroma spills over.
    pub(crate) fn rect(&mut self, x: usize, y: usize, w: usize, h: usize, rgb: [u8; 3]) {
        let [luma, u, v] = yuv(rgb);
        let stride = self.width.next_multiple_of(4);
        let chroma_stride = self.width.div_ceil(2).next_multiple_of(4);
        let luma_len = stride * self.height.next_multiple_of(2);
        let chroma_len = chroma_stride * self.height.next_multiple_of(2) / 2;
        for row in y..(y + h).min(self.height) {
            let at = row * stride;
            self.bytes[at + x..at + (x + w).min(self.width)].fill(luma);
            for (plane, value) in [(0, u), (1, v)] {
                let at = luma_len + plane * chroma_len + row / 2 * chroma_stride;
                self.bytes[at + x / 2..at + (x + w).min(self.width).div_ceil(2)].fill(value);
            }
        }
    }

    /// Grey grain that differs from frame to frame: something for the encoder to do, and to be spoilt.
    pub(crate) fn grain(&mut self, seed: usize) {
        let luma_len = self.width.next_multiple_of(4) * self.height.next_multiple_of(2);
        let mut state = (seed as u32).wrapping_mul(747_796_405).wrapping_add(1);
        for sample in &mut self.bytes[..luma_len] {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *sample = 60 + (state >> 24) as u8 / 4;
        }
    }

    /// A magenta block that wanders with the frame's number: the thing that no mask may let through.
    pub(crate) fn intruder(&mut self, number: usize) {
        let x = 40 + (number * 8) % (self.width / 2) / 2 * 2;
        self.rect(x, 60, 48, 64, RAW);
    }
}

/// A clip to be made.
pub(crate) struct Film<'a> {
    pub(crate) size: (usize, usize),
    /// When each frame is shown, milliseconds.
    pub(crate) times_ms: Vec<u64>,
    /// Everything between the pictures and the file, as `gst-launch` writes it; ends in a muxer.
    pub(crate) through: &'a str,
    /// What frame `n` shows.
    pub(crate) paint: &'a dyn Fn(usize, &mut Picture),
    /// Put on the element called `mux`.
    pub(crate) tags: Option<gst::TagList>,
}

/// `frames` at ten a second.
pub(crate) fn steady(frames: u64) -> Vec<u64> {
    (0..frames).map(|i| i * 100).collect()
}

impl Film<'_> {
    /// Writes it.
    pub(crate) fn shoot(self, path: &Path) {
        gst::init().expect("GStreamer starts");
        let text = format!("appsrc name=in ! {} ! filesink name=out", self.through);
        let pipeline = gst::parse::launch(&text).expect("a sound pipeline");
        let pipeline = pipeline.downcast::<gst::Pipeline>().expect("a pipeline");
        let out = pipeline.by_name("out").expect("a sink");
        out.set_property("location", path.to_str().expect("a plain name"));
        if let Some(tags) = &self.tags {
            let mux = pipeline.by_name("mux").expect("a muxer called mux");
            let setter = mux.dynamic_cast::<gst::TagSetter>().expect("a muxer that takes tags");
            setter.merge_tags(tags, gst::TagMergeMode::Replace);
        }
        let input = pipeline.by_name("in").expect("a source");
        let input = input.downcast::<gst_app::AppSrc>().expect("an appsrc");
        let (width, height) = self.size;
        let caps = gst::Caps::builder("video/x-raw")
            .field("format", "I420")
            .field("width", width as i32)
            .field("height", height as i32)
            .field("framerate", gst::Fraction::new(10, 1))
            .field("pixel-aspect-ratio", gst::Fraction::new(1, 1))
            .field("interlace-mode", "progressive")
            .field("colorimetry", "bt601")
            .build();
        input.set_caps(Some(&caps));
        input.set_format(gst::Format::Time);
        pipeline.set_state(gst::State::Playing).expect("it plays");
        for (number, &ms) in self.times_ms.iter().enumerate() {
            let mut picture = Picture::new(width, height);
            (self.paint)(number, &mut picture);
            let next = self.times_ms.get(number + 1).copied().unwrap_or(ms + 100);
            let mut buffer = gst::Buffer::from_slice(picture.bytes);
            let fields = buffer.get_mut().expect("nobody else holds it");
            fields.set_pts(gst::ClockTime::from_mseconds(ms));
            fields.set_duration(gst::ClockTime::from_mseconds(next - ms));
            input.push_buffer(buffer).expect("taken");
        }
        input.end_of_stream().expect("ended");
        let bus = pipeline.bus().expect("a bus");
        let ends = [gst::MessageType::Eos, gst::MessageType::Error];
        let end = bus.timed_pop_filtered(gst::ClockTime::from_seconds(60), &ends).expect("an end");
        if let gst::MessageView::Error(e) = end.view() {
            panic!("{text}: {} {:?}", e.error(), e.debug());
        }
        pipeline.set_state(gst::State::Null).expect("it stops");
    }
}

/// A clip of grain and the intruder, H.264 in MP4 with its table in front.
pub(crate) fn intruder(path: &Path, frames: u64) {
    through(path, frames, &format!("{H264} ! mp4mux faststart=true"));
}

/// The same through other elements.
pub(crate) fn through(path: &Path, frames: u64, through: &str) {
    let paint = |n: usize, picture: &mut Picture| {
        picture.grain(n);
        picture.intruder(n);
    };
    Film { size: SIZE, times_ms: steady(frames), through, paint: &paint, tags: None }.shoot(path);
}
