//! The whole pipeline beside a plain transcode of the same clip with the same encoder settings, at three sizes, on a
//! busy clip and on one in which nobody appears.
//!
//! `cargo bench --bench pipeline [-- RUNS]`, 3 runs by default. All take turns in one process, so that a busy or a hot
//! machine slows all of them; what counts is the ratio, not the milliseconds, which are true of one machine on one day.
//!
//! The busy clip is the sample, the empty one what most of the sample shows, with the noise of a sensor; both are
//! scaled. Of ours a run is one job: sessions for all workers but the first, the clip's own empty scene, decode, detect,
//! mask, encode, fsync, hash, read back. Loading and checking models and library happens once, before. Processor time is
//! that of the whole process, all its threads, in the kernel's ticks of 10 ms.

use melkglas::casework::HideEveryone;
use melkglas::config::{Camera, EncodeSettings, Site};
use melkglas::interrupt::Interrupt;
use melkglas::share::ShareDirs;
use melkglas::video::detect::OnnxFactory;
use melkglas::video::pipeline::{EmptyScene, FrameRecord, Job, Observer, StageTimes, redact_clip};
use melkglas::video::sink::{Container, Overwrite, PartialFile, encoder_threads, x264_preset};
use melkglas::video::source::{Clip, Declared, Window, init_media};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Ticks a second in `/proc/self/stat`; Linux on x86_64 has no other value.
const TICKS_PER_SEC: f64 = 100.0;
/// Sizes of the clips.
const SIZES: [(u32, u32); 3] = [(640, 360), (1280, 720), (1920, 1080)];
/// Frames of each clip, at 25 a second.
const FRAMES: u64 = 200;
/// Pictures of the sample whose middle one, pixel by pixel, shows nobody.
const PICTURES: usize = 25;
/// Deviation of the sensor's noise, grey levels.
const NOISE: f32 = 1.5;

/// What one run took, milliseconds a frame.
#[derive(Clone, Copy)]
struct Cost {
    wall_ms: f64,
    cpu_ms: f64,
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if !args.iter().any(|arg| arg == "--bench") {
        // `cargo test --all-targets` starts benches as well; there is nothing to test here.
        return Ok(());
    }
    let runs = args.iter().find_map(|arg| arg.parse::<usize>().ok()).unwrap_or(3).max(1);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sample = root.join("samples/courtyard.mp4");
    init_media()?;
    let bench = Bench {
        camera: Camera::read(&root.join("pipelines/cameras/courtyard.toml"))?,
        site: Site::default(),
        detectors: Arc::new(OnnxFactory::open(&ShareDirs::find(None)?, &Site::default().detect)?),
        folder: tempfile::tempdir()?,
    };
    println!("{runs} runs of each in turn, {} workers; medians\n", bench.detectors.workers());
    println!(
        "| clip | ours, frames/s | plain, frames/s | ours, CPU ms/frame | plain, CPU ms/frame | ratio of wall time | ratio of CPU | of ours: decode | networks | mask | encode | check |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let pictures = pictures(&sample)?;
    for size in SIZES {
        for (name, frames) in [("busy", Filmed::Sample(&pictures)), ("empty", Filmed::Empty(&pictures))] {
            let clip = bench.folder.path().join(format!("{name}-{}x{}.mp4", size.0, size.1));
            film(&clip, size, frames)?;
            bench.row(&format!("{name}, {}x{}", size.0, size.1), &clip, runs)?;
            std::fs::remove_file(&clip)?;
        }
    }
    Ok(())
}

struct Bench {
    camera: Camera,
    site: Site,
    detectors: Arc<OnnxFactory>,
    folder: tempfile::TempDir,
}

impl Bench {
    /// Both ways in turn, and a row of the table.
    fn row(&self, name: &str, clip: &Path, runs: usize) -> Result<()> {
        let (mut ours, mut plain, mut stages) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..runs {
            let to = self.folder.path().join("plain.mp4");
            let (expect, cost) = measured(|| Ok((transcode(clip, &to, &self.site.encode)?, ())))?;
            plain.push(cost.0);
            let (frames, cost) = measured(|| self.redact(clip))?;
            if frames != expect {
                return Err(
                    format!("{frames} frames redacted, {expect} transcoded: not the same work").into()
                );
            }
            ours.push(cost.0);
            stages.push(cost.1);
        }
        let of = |costs: &[Cost], value: fn(&Cost) -> f64| median(costs.iter().map(value));
        let (fps, cpu) = (|c: &Cost| 1e3 / c.wall_ms, |c: &Cost| c.cpu_ms);
        let pairs = || ours.iter().zip(&plain);
        let stage = |secs: fn(&StageTimes) -> f64| {
            median(stages.iter().map(|times| 1e3 * secs(times) / FRAMES as f64))
        };
        println!(
            "| {name} | {:.0} | {:.0} | {:.1} | {:.1} | {:.2} | {:.2} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} |",
            of(&ours, fps),
            of(&plain, fps),
            of(&ours, cpu),
            of(&plain, cpu),
            median(pairs().map(|(a, b)| a.wall_ms / b.wall_ms)),
            median(pairs().map(|(a, b)| a.cpu_ms / b.cpu_ms)),
            stage(|t| t.decode_secs),
            stage(|t| t.detect_secs),
            stage(|t| t.mask_secs),
            stage(|t| t.encode_secs),
            stage(|t| t.check_secs),
        );
        Ok(())
    }

    fn redact(&self, source: &Path) -> Result<(u64, StageTimes)> {
        let interrupt = Interrupt::default();
        let clip = Arc::new(Clip::open(source)?);
        let planner = HideEveryone::new(Some(&self.camera), self.site.mask.clone(), None);
        let job = Job {
            window: Window::WHOLE,
            site: self.site.clone(),
            planner: Arc::new(planner),
            detectors: self.detectors.clone(),
            scene: EmptyScene::of_clip(&clip, Some(&self.camera), &self.site, &interrupt).map(Arc::new),
            clip,
            container: Container::Mp4,
            accept_damaged: false,
            interrupt,
        };
        let file = PartialFile::create(&self.folder.path().join("redacted.mp4"), Overwrite::Replace)?;
        let finished = redact_clip(&job, file, &mut Silent)?;
        finished.file.commit()?;
        Ok((finished.outcome.written, finished.outcome.times))
    }
}

/// Runs the work, which says how many frames it wrote and something else, and measures it.
fn measured<T>(work: impl FnOnce() -> Result<(u64, T)>) -> Result<(u64, (Cost, T))> {
    let (start, cpu_before) = (Instant::now(), cpu_secs()?);
    let (frames, told) = work()?;
    let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu_secs()? - cpu_before);
    let per_frame_ms = 1e3 / frames.max(1) as f64;
    Ok((frames, (Cost { wall_ms: wall * per_frame_ms, cpu_ms: cpu * per_frame_ms }, told)))
}

/// Processor time of this process so far, user and system, all threads, those that ended included (proc(5)).
fn cpu_secs() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name in brackets may hold spaces; after it the 12th and 13th fields are utime and stime.
    let (_, fields) = stat.rsplit_once(')').ok_or("an odd /proc/self/stat")?;
    let ticks = |field: &str| field.parse::<f64>();
    match fields.split_whitespace().skip(11).take(2).collect::<Vec<_>>().as_slice() {
        [user, system] => Ok((ticks(user)? + ticks(system)?) / TICKS_PER_SEC),
        _ => Err("a short /proc/self/stat".into()),
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

/// The sample's pictures, I420, and their size.
struct Pictures {
    size: (u32, u32),
    all: Vec<Vec<u8>>,
}

/// What a clip shows.
#[derive(Clone, Copy)]
enum Filmed<'a> {
    /// The sample.
    Sample(&'a Pictures),
    /// The place without anybody.
    Empty(&'a Pictures),
}

/// Waits for a pipeline's end.
fn ended(pipeline: &gst::Pipeline) -> Result<()> {
    let bus = pipeline.bus().ok_or("no bus")?;
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    let limit = gst::ClockTime::try_from(Duration::from_secs(600))?;
    let end = bus.timed_pop_filtered(limit, &ends);
    pipeline.set_state(gst::State::Null)?;
    match end.as_ref().map(|message| message.view()) {
        Some(gst::MessageView::Eos(_)) => Ok(()),
        Some(gst::MessageView::Error(e)) => Err(e.error().to_string().into()),
        _ => Err("a pipeline does not end".into()),
    }
}

fn launched(description: &str) -> Result<gst::Pipeline> {
    gst::parse::launch(description)?.downcast().map_err(|_| "no pipeline".into())
}

fn pictures(sample: &Path) -> Result<Pictures> {
    let pipeline = launched(
        "filesrc name=from ! decodebin ! videoconvert ! video/x-raw,format=I420 ! appsink name=to sync=false",
    )?;
    let from = pipeline.by_name("from").ok_or("no source")?;
    from.set_property("location", sample.to_string_lossy().as_ref());
    let to = pipeline.by_name("to").ok_or("no sink")?;
    let to = to.downcast::<gst_app::AppSink>().map_err(|_| "no appsink")?;
    pipeline.set_state(gst::State::Playing)?;
    let (mut all, mut size) = (Vec::new(), (0, 0));
    while let Ok(taken) = to.pull_sample() {
        let caps = taken.caps().and_then(|caps| caps.structure(0)).ok_or("no caps")?;
        let side = |name| caps.get::<i32>(name).map(i32::unsigned_abs);
        size = (side("width")?, side("height")?);
        let buffer = taken.buffer().ok_or("no buffer")?;
        all.push(buffer.map_readable()?.to_vec());
    }
    pipeline.set_state(gst::State::Null)?;
    if all.len() < PICTURES { Err("too few pictures".into()) } else { Ok(Pictures { size, all }) }
}

impl Pictures {
    /// The middle value of every sample, over pictures from all of the clip.
    fn middle(&self) -> Vec<u8> {
        let step = self.all.len() / PICTURES;
        let chosen: Vec<&Vec<u8>> = self.all.iter().step_by(step).take(PICTURES).collect();
        let mut values = [0u8; PICTURES];
        let middle = |i: usize| {
            values.iter_mut().zip(&chosen).for_each(|(value, picture)| *value = picture[i]);
            *values.select_nth_unstable(PICTURES / 2).1
        };
        (0..self.all[0].len()).map(middle).collect()
    }
}

/// Makes a clip.
fn film(path: &Path, (width, height): (u32, u32), filmed: Filmed<'_>) -> Result<()> {
    let (Filmed::Sample(pictures) | Filmed::Empty(pictures)) = filmed;
    let pipeline = launched(&format!(
        "appsrc name=from format=time block=true ! videoconvert ! videoscale ! \
         video/x-raw,width={width},height={height},pixel-aspect-ratio=1/1 ! \
         x264enc speed-preset=veryfast pass=qual quantizer=21 ! mp4mux ! filesink name=to"
    ))?;
    pipeline.by_name("to").ok_or("no sink")?.set_property("location", path.to_string_lossy().as_ref());
    let from = pipeline.by_name("from").ok_or("no source")?;
    let from = from.downcast::<gst_app::AppSrc>().map_err(|_| "no appsrc")?;
    let side = |px: u32| i32::try_from(px);
    let caps = gst::Caps::builder("video/x-raw")
        .field("format", "I420")
        .field("width", side(pictures.size.0)?)
        .field("height", side(pictures.size.1)?)
        .field("framerate", gst::Fraction::new(25, 1))
        .build();
    from.set_caps(Some(&caps));
    pipeline.set_state(gst::State::Playing)?;
    let empty = matches!(filmed, Filmed::Empty(_)).then(|| pictures.middle());
    let mut dice = 1u64;
    for n in 0..FRAMES {
        let mut picture =
            empty.clone().unwrap_or_else(|| pictures.all[n as usize % pictures.all.len()].clone());
        if empty.is_some() {
            for sample in &mut picture {
                dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // The sum of four even numbers is nearly normal.
                let sum: f32 = (0..4).map(|i| f32::from((dice >> (16 + 12 * i)) as u8) / 255.0 - 0.5).sum();
                *sample = (f32::from(*sample) + NOISE * 1.73 * sum).round().clamp(16.0, 240.0) as u8;
            }
        }
        let mut buffer = gst::Buffer::from_slice(picture);
        let fields = buffer.get_mut().ok_or("a shared buffer")?;
        fields.set_pts(gst::ClockTime::from_mseconds(40 * n));
        fields.set_duration(gst::ClockTime::from_mseconds(40));
        from.push_buffer(buffer)?;
    }
    from.end_of_stream()?;
    ended(&pipeline)
}

/// Decodes and encodes with the settings of `video/sink/encode.rs`, nothing between; returns the frames written.
fn transcode(from: &Path, to: &Path, settings: &EncodeSettings) -> Result<u64> {
    let EncodeSettings { preset, quality, keyframe_interval, jpeg_quality: _ } = settings;
    let (preset, trellis) = x264_preset(*preset);
    let pipeline = launched(&format!(
        "filesrc name=from ! decodebin ! queue ! x264enc speed-preset={preset} trellis={trellis} sliced-threads=true threads={} pass=qual quantizer={quality} \
         vbv-buf-capacity=0 bframes=0 key-int-max={keyframe_interval} ! capsfilter name=coded \
         caps=video/x-h264,profile=high ! mp4mux trak-timescale=90000 ! filesink name=to sync=false async=false",
        encoder_threads()
    ))?;
    let element = |name: &str| pipeline.by_name(name).ok_or("an element is missing");
    element("from")?.set_property("location", from.to_string_lossy().as_ref());
    element("to")?.set_property("location", to.to_string_lossy().as_ref());
    let frames = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&frames);
    let coded = element("coded")?.static_pad("src").ok_or("no pad")?;
    coded.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
        counter.fetch_add(1, Ordering::Relaxed);
        gst::PadProbeReturn::Ok
    });
    pipeline.set_state(gst::State::Playing)?;
    ended(&pipeline)?;
    Ok(frames.load(Ordering::Relaxed))
}

/// Nobody watches.
struct Silent;

impl Observer for Silent {
    fn begin(&mut self, _: &Declared) {}

    fn frame(&mut self, _: &FrameRecord<'_>) -> std::io::Result<()> {
        Ok(())
    }
}
