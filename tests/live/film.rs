//! Films of real scenes, sent as a camera would, and what is known of every picture.
//!
//! Every picture carries its number as black and white squares in a corner, so that a viewer knows from the pixels alone
//! which one it sees.

use super::rig::{Camera, thread};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub(crate) const WIDTH: usize = 1280;
pub(crate) const HEIGHT: usize = 720;
const STEP: Duration = Duration::from_millis(40);
/// Pictures of a film that are used: twenty seconds.
const MOST: usize = 500;
/// Squares of the number: twelve bits, and four that check them.
const BITS: usize = 16;
const SQUARE: usize = 20;
/// Distance of points at which it is asked whether they are hidden.
const GRID: usize = 8;

/// Somebody who is known to be there, in pixels of the film.
#[derive(Clone, Copy)]
pub(crate) struct Known {
    x0: f32,
    y0: f32,
    x1: f32,
    y1: f32,
}

/// A film, ready to be sent.
pub(crate) struct Film {
    pub(crate) units: Vec<Vec<u8>>,
    pub(crate) known: Vec<Vec<Known>>,
    /// Per picture: what is hidden where it is redacted as a clip.
    pub(crate) clip: Vec<Hidden>,
}

/// Which points of a picture are hidden.
#[derive(Clone, Default)]
pub(crate) struct Hidden(Vec<bool>);

impl Hidden {
    /// By chroma alone: the fill is pure green.
    pub(crate) fn of(i420: &[u8]) -> Self {
        let chroma = &i420[WIDTH * HEIGHT..];
        let points = (0..HEIGHT / GRID).flat_map(|y| (0..WIDTH / GRID).map(move |x| (x, y)));
        Self(
            points
                .map(|(x, y)| {
                    let at = (y * GRID + GRID / 2) / 2 * (WIDTH / 2) + (x * GRID + GRID / 2) / 2;
                    chroma[at] < 88 && chroma[at + WIDTH * HEIGHT / 4] < 72
                })
                .collect(),
        )
    }

    pub(crate) fn share(&self) -> f32 {
        self.0.iter().filter(|hidden| **hidden).count() as f32 / self.0.len().max(1) as f32
    }

    /// How much of somebody's body is hidden; none where too little of it is in the picture.
    pub(crate) fn of_body(&self, who: &Known) -> Option<f32> {
        let side = 0.15 * (who.x1 - who.x0);
        let along = |low: f32, high: f32, end: usize| {
            (low / GRID as f32).ceil().max(0.0) as usize..((high / GRID as f32).max(0.0) as usize).min(end)
        };
        let columns = along(who.x0 + side, who.x1 - side, WIDTH / GRID);
        let points: Vec<bool> = along(who.y0, who.y1, HEIGHT / GRID)
            .flat_map(|y| columns.clone().map(move |x| (x, y)))
            .filter_map(|(x, y)| self.0.get(y * (WIDTH / GRID) + x).copied())
            .collect();
        let hidden = points.iter().filter(|hidden| **hidden).count();
        (points.len() >= 6).then(|| hidden as f32 / points.len() as f32)
    }
}

fn squares(i420: &mut [u8], number: usize) {
    let code = number << 4 | check_bits(number);
    for bit in 0..BITS {
        let luma = if code >> bit & 1 == 1 { 235 } else { 16 };
        for row in 0..SQUARE {
            let at = (HEIGHT - SQUARE + row) * WIDTH + WIDTH - (bit + 1) * SQUARE;
            i420[at..at + SQUARE].fill(luma);
            let at =
                WIDTH * HEIGHT + (HEIGHT - SQUARE + row) / 2 * (WIDTH / 2) + (WIDTH - (bit + 1) * SQUARE) / 2;
            for plane in [0, WIDTH * HEIGHT / 4] {
                i420[plane + at..plane + at + SQUARE / 2].fill(128);
            }
        }
    }
}

fn check_bits(number: usize) -> usize {
    (number * 7 + (number >> 4) * 3 + (number >> 8) * 5 + 9) & 15
}

pub(crate) fn number_in(i420: &[u8]) -> Option<usize> {
    let mut code = 0;
    for bit in 0..BITS {
        let at = (HEIGHT - SQUARE / 2) * WIDTH + WIDTH - bit * SQUARE - SQUARE / 2;
        match i420[at] {
            0..60 => {}
            190.. => code |= 1 << bit,
            _ => return None,
        }
    }
    (check_bits(code >> 4) == code & 15).then_some(code >> 4)
}

pub(crate) fn pipeline(text: &str) -> gst::Pipeline {
    gst::init().expect("GStreamer starts");
    let made = gst::parse::launch(text).expect("a sound pipeline");
    made.downcast::<gst::Pipeline>().expect("a pipeline")
}

pub(crate) fn sink(of: &gst::Pipeline) -> gst_app::AppSink {
    of.by_name("out").expect("a sink").downcast().expect("an appsink")
}

/// Every buffer that a pipeline gives, at most so many, as `take` makes it.
fn all<T>(text: &str, most: usize, mut take: impl FnMut(usize, &[u8]) -> T) -> Vec<T> {
    let pipeline = pipeline(text);
    let out = sink(&pipeline);
    pipeline.set_state(gst::State::Playing).expect("started");
    let mut made = Vec::new();
    while made.len() < most
        && let Some(sample) = out.try_pull_sample(gst::ClockTime::from_seconds(20))
    {
        let bytes = sample.buffer().expect("a buffer").map_readable().expect("readable");
        made.push(take(made.len(), &bytes));
    }
    pipeline.set_state(gst::State::Null).expect("stopped");
    made
}

impl Film {
    /// Of a clip, larger or smaller than it was, with black bars where it has another shape; its last picture stays for
    /// `hold` times its length, with the noise of a sensor. `truth`: MOTChallenge rows.
    pub(crate) fn of(clip: &Path, truth: Option<&Path>, hold: usize, folder: &Path) -> Self {
        let mut size = (0.0, 0.0);
        let decoded = all(
            &format!(
                "filesrc location={} ! decodebin ! videoconvert ! videoscale add-borders=true \
                 ! video/x-raw,format=I420,width={WIDTH},height={HEIGHT},pixel-aspect-ratio=1/1 \
                 ! appsink name=out sync=false max-buffers=2",
                clip.display()
            ),
            MOST / (1 + hold),
            |_, bytes| bytes.to_vec(),
        );
        let own = all(
            &format!(
                "filesrc location={} ! decodebin ! videoconvert ! video/x-raw,format=GRAY8 ! pngenc snapshot=true \
                 ! appsink name=out sync=false",
                clip.display()
            ),
            1,
            |_, png| image::load_from_memory(png).expect("a picture"),
        );
        if let Some(first) = own.first() {
            size = (first.width() as f32, first.height() as f32);
        }
        assert!(decoded.len() > 20, "{} is too short", clip.display());
        let length = decoded.len();
        let mut noise = 1u32;
        let pictures = (0..length * (1 + hold)).map(|number| {
            let mut picture = decoded[number.min(length - 1)].clone();
            if number >= length {
                for luma in &mut picture[..WIDTH * HEIGHT] {
                    noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    *luma = luma.saturating_add_signed(((noise >> 24) % 5) as i8 - 2);
                }
            }
            squares(&mut picture, number);
            picture
        });
        let units = coded(pictures);
        assert_eq!(units.len(), length * (1 + hold));
        let rows = truth.map_or(String::new(), |file| std::fs::read_to_string(file).expect("ground truth"));
        let by_frame = known(&rows, size);
        let known = (0..units.len())
            .map(|number| by_frame.get(&(number.min(length - 1) + 1)).cloned().unwrap_or_default())
            .collect();
        let mut film = Self { units, known, clip: Vec::new() };
        film.clip = film.redacted(folder);
        film
    }

    /// What is hidden where it is redacted as a clip.
    fn redacted(&self, folder: &Path) -> Vec<Hidden> {
        let (raw, masked) = (folder.join("film.mp4"), folder.join("film.redacted.mp4"));
        let mux = pipeline(&format!(
            "appsrc name=in format=time max-bytes=0 caps=video/x-h264,stream-format=byte-stream,alignment=au,framerate=25/1 \
             ! h264parse ! mp4mux ! filesink location={}",
            raw.display()
        ));
        let source: gst_app::AppSrc = mux.by_name("in").expect("a source").downcast().expect("an appsrc");
        mux.set_state(gst::State::Playing).expect("started");
        for (number, unit) in self.units.iter().enumerate() {
            let mut buffer = gst::Buffer::from_slice(unit.clone());
            let head = buffer.get_mut().expect("ours");
            head.set_pts(gst::ClockTime::from_mseconds(40 * number as u64));
            head.set_dts(gst::ClockTime::from_mseconds(40 * number as u64));
            head.set_duration(gst::ClockTime::from_mseconds(40));
            source.push_buffer(buffer).expect("taken");
        }
        source.end_of_stream().expect("taken");
        let ends = [gst::MessageType::Eos, gst::MessageType::Error];
        let end = mux.bus().expect("a bus").timed_pop_filtered(gst::ClockTime::from_seconds(60), &ends);
        let end = end.expect("an end");
        assert_eq!(end.type_(), gst::MessageType::Eos, "{end:?}");
        mux.set_state(gst::State::Null).expect("stopped");
        let done = Command::new(env!("CARGO_BIN_EXE_melkglas"))
            .current_dir(folder)
            .arg("redact")
            .arg(&raw)
            .arg("-o")
            .arg(&masked)
            .args(["--site", "site.toml", "--force", "--no-camera"])
            .output()
            .expect("started");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let hidden = all(
            &format!(
                "filesrc location={} ! qtdemux ! h264parse ! avdec_h264 ! videoconvert ! video/x-raw,format=I420 \
                 ! appsink name=out sync=false max-buffers=2",
                masked.display()
            ),
            usize::MAX,
            |_, bytes| Hidden::of(bytes),
        );
        assert_eq!(hidden.len(), self.units.len());
        hidden
    }
}

/// Coded as a camera does it.
fn coded(pictures: impl Iterator<Item = Vec<u8>>) -> Vec<Vec<u8>> {
    let pipeline = pipeline(&format!(
        "appsrc name=in format=time block=true max-buffers=4 max-bytes=0 \
         caps=video/x-raw,format=I420,width={WIDTH},height={HEIGHT},framerate=25/1 \
         ! x264enc speed-preset=superfast bframes=0 key-int-max=50 pass=qual quantizer=23 byte-stream=true \
         ! video/x-h264,profile=main,alignment=au,stream-format=byte-stream ! appsink name=out sync=false",
    ));
    let source: gst_app::AppSrc = pipeline.by_name("in").expect("a source").downcast().expect("an appsrc");
    let out = sink(&pipeline);
    pipeline.set_state(gst::State::Playing).expect("started");
    let mut units = Vec::new();
    let mut keep = |sample: gst::Sample| {
        units.push(sample.buffer().expect("a buffer").map_readable().expect("readable").to_vec());
    };
    for (number, picture) in pictures.enumerate() {
        let mut buffer = gst::Buffer::from_slice(picture);
        buffer.get_mut().expect("ours").set_pts(gst::ClockTime::from_mseconds(40 * number as u64));
        source.push_buffer(buffer).expect("taken");
        while let Some(sample) = out.try_pull_sample(gst::ClockTime::from_nseconds(1)) {
            keep(sample);
        }
    }
    source.end_of_stream().expect("taken");
    while let Some(sample) = out.try_pull_sample(gst::ClockTime::from_seconds(20)) {
        keep(sample);
    }
    pipeline.set_state(gst::State::Null).expect("stopped");
    units
}

/// Rows of ground truth by frame, from 1, moved to where the clip lies in the film.
fn known(rows: &str, (width, height): (f32, f32)) -> BTreeMap<usize, Vec<Known>> {
    let scale = (WIDTH as f32 / width).min(HEIGHT as f32 / height);
    let (left, top) = ((WIDTH as f32 - width * scale) / 2.0, (HEIGHT as f32 - height * scale) / 2.0);
    let mut known: BTreeMap<usize, Vec<Known>> = BTreeMap::new();
    for row in rows.lines() {
        let values: Vec<f32> = row.split(',').filter_map(|value| value.trim().parse().ok()).collect();
        let [frame, _, x, y, w, h, counts, ..] = values[..] else { continue };
        if counts > 0.0 {
            let (x0, y0) = (left + x * scale, top + y * scale);
            let who = Known { x0, y0, x1: x0 + w * scale, y1: y0 + h * scale };
            known.entry(frame as usize).or_default().push(who);
        }
    }
    known
}

/// A camera that sends a film over and over.
pub(crate) struct FilmCamera {
    pub(crate) camera: Arc<Camera>,
    pub(crate) sent: Arc<Mutex<Vec<Option<Instant>>>>,
    stop: Arc<AtomicBool>,
}

impl FilmCamera {
    pub(crate) fn start(film: &Arc<Film>) -> Self {
        let camera = Arc::new(Camera::fed());
        let sent = Arc::new(Mutex::new(vec![None; film.units.len()]));
        let stop = Arc::new(AtomicBool::new(false));
        let (film, times, stopped) = (Arc::clone(film), Arc::clone(&sent), Arc::clone(&stop));
        let fed = Arc::clone(&camera);
        thread("film", move || {
            let began = Instant::now();
            for turn in 0u32.. {
                if stopped.load(Ordering::Acquire) {
                    return;
                }
                std::thread::sleep((began + STEP * turn).saturating_duration_since(Instant::now()));
                let number = turn as usize % film.units.len();
                times.lock().expect("sound")[number] = Some(Instant::now());
                fed.feed(&film.units[number]);
            }
        });
        Self { camera, sent, stop }
    }
}

impl Drop for FilmCamera {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
    }
}
