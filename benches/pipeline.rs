//! The whole pipeline beside a plain transcode of the same clip with the same encoder settings.
//!
//! `cargo bench --bench pipeline [-- RUNS]`, 3 runs by default. Both take turns in one process, so that a busy or a
//! hot machine slows both; what counts is the ratio, not the milliseconds, which are true of one machine on one day.
//!
//! Of ours a run is one job: sessions for all workers but the first, decode, detect, mask, encode, fsync, hash, read
//! back. Loading and checking models and library happens once, before. Processor time is that of the whole
//! process, all its threads, in the kernel's ticks of 10 ms.

use melkglas::casework::HideEveryone;
use melkglas::config::{Camera, EncodeSettings, Site};
use melkglas::interrupt::Interrupt;
use melkglas::share::ShareDirs;
use melkglas::video::detect::OnnxFactory;
use melkglas::video::pipeline::{FrameRecord, Job, Observer, redact_clip};
use melkglas::video::sink::{Container, Overwrite, PartialFile};
use melkglas::video::source::{Clip, Declared, Window, init_media};

use gstreamer as gst;
use gstreamer::prelude::*;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Ticks a second in `/proc/self/stat`; Linux on x86_64 has no other value.
const TICKS_PER_SEC: f64 = 100.0;

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
    let source = root.join("samples/courtyard.mp4");
    let camera = Camera::read(&root.join("pipelines/cameras/courtyard.toml"))?;
    let site = Site::default();
    init_media()?;
    let detectors = Arc::new(OnnxFactory::open(&ShareDirs::find(None)?, &site.detect)?);
    let folder = tempfile::tempdir()?;

    println!("{runs} runs of each in turn, {} workers, {}", detectors.workers(), source.display());
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    for run in 1..=runs {
        let (expect, reference) =
            measured(|| transcode(&source, &folder.path().join("plain.mp4"), &site.encode))?;
        let (frames, full) = measured(|| {
            let planner = HideEveryone::new(Some(&camera), site.mask.clone(), None);
            let job = Job {
                clip: Arc::new(Clip::open(&source)?),
                window: Window::WHOLE,
                site: site.clone(),
                planner: Arc::new(planner),
                detectors: detectors.clone(),
                scene: None,
                container: Container::Mp4,
                accept_damaged: false,
                interrupt: Interrupt::default(),
            };
            let file = PartialFile::create(&folder.path().join("redacted.mp4"), Overwrite::Replace)?;
            let finished = redact_clip(&job, file, &mut Silent)?;
            finished.file.commit()?;
            Ok(finished.outcome.written)
        })?;
        if frames != expect {
            return Err(format!("{frames} frames redacted, {expect} transcoded: not the same work").into());
        }
        println!(
            "run {run}: redacted {:.2} ms wall, {:.2} ms cpu a frame; plain {:.2} ms wall, {:.2} ms cpu",
            full.wall_ms, full.cpu_ms, reference.wall_ms, reference.cpu_ms
        );
        ours.push(full);
        plain.push(reference);
    }

    println!("\n                              min   median      max");
    row("redacted, wall ms/frame", ours.iter().map(|c| c.wall_ms));
    row("redacted, cpu ms/frame", ours.iter().map(|c| c.cpu_ms));
    row("plain, wall ms/frame", plain.iter().map(|c| c.wall_ms));
    row("plain, cpu ms/frame", plain.iter().map(|c| c.cpu_ms));
    let pairs = || ours.iter().zip(&plain);
    row("ratio of wall time", pairs().map(|(a, b)| a.wall_ms / b.wall_ms));
    row("ratio of cpu time", pairs().map(|(a, b)| a.cpu_ms / b.cpu_ms));
    Ok(())
}

/// Runs the work, which says how many frames it wrote, and measures it.
fn measured(work: impl FnOnce() -> Result<u64>) -> Result<(u64, Cost)> {
    let (start, cpu_before) = (Instant::now(), cpu_secs()?);
    let frames = work()?;
    let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu_secs()? - cpu_before);
    let per_frame_ms = 1e3 / frames.max(1) as f64;
    Ok((frames, Cost { wall_ms: wall * per_frame_ms, cpu_ms: cpu * per_frame_ms }))
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

fn row(name: &str, values: impl Iterator<Item = f64>) {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let median =
        if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 };
    println!("{name:<24} {:>8.2} {median:>8.2} {:>8.2}", values[0], values[values.len() - 1]);
}

/// Decodes and encodes with the settings of `video/sink/encode.rs`, nothing between; returns the frames written.
fn transcode(from: &Path, to: &Path, settings: &EncodeSettings) -> Result<u64> {
    let EncodeSettings { preset, quality, keyframe_interval, jpeg_quality: _ } = settings;
    let description = format!(
        "filesrc name=from ! decodebin ! queue ! x264enc speed-preset={preset} pass=qual quantizer={quality} \
         vbv-buf-capacity=0 bframes=0 key-int-max={keyframe_interval} ! capsfilter name=coded \
         caps=video/x-h264,profile=high ! mp4mux trak-timescale=90000 ! filesink name=to sync=false async=false"
    );
    let pipeline = gst::parse::launch(&description)?;
    let bin = pipeline.downcast_ref::<gst::Bin>().ok_or("no pipeline")?;
    let element = |name: &str| bin.by_name(name).ok_or("an element is missing");
    element("from")?.set_property("location", from.to_string_lossy().as_ref());
    element("to")?.set_property("location", to.to_string_lossy().as_ref());
    let frames = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&frames);
    let coded = element("coded")?.static_pad("src").ok_or("no pad")?;
    coded.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
        counter.fetch_add(1, Ordering::Relaxed);
        gst::PadProbeReturn::Ok
    });
    let bus = pipeline.bus().ok_or("no bus")?;
    pipeline.set_state(gst::State::Playing)?;
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    let limit = gst::ClockTime::try_from(Duration::from_secs(600))?;
    let end = bus.timed_pop_filtered(limit, &ends);
    pipeline.set_state(gst::State::Null)?;
    match end.as_ref().map(|message| message.view()) {
        Some(gst::MessageView::Eos(_)) => Ok(frames.load(Ordering::Relaxed)),
        Some(gst::MessageView::Error(e)) => Err(e.error().to_string().into()),
        _ => Err("the plain transcode does not end".into()),
    }
}

/// Nobody watches.
struct Silent;

impl Observer for Silent {
    fn begin(&mut self, _: &Declared) {}

    fn frame(&mut self, _: &FrameRecord<'_>) -> std::io::Result<()> {
        Ok(())
    }
}
