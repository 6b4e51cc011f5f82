//! What the benches of the whole pipeline share: clips made of the sample, one job, a plain transcode with the same encoder
//! settings, and what each of them costs.

use melkglas::casework::HideEveryone;
use melkglas::config::{Camera, EncodeSettings, Site, Target};
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

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Ticks a second in `/proc/self/stat`; Linux on x86_64 has no other value.
const TICKS_PER_SEC: f64 = 100.0;
/// Pictures of the sample whose middle one, pixel by pixel, shows nobody.
const PICTURES: usize = 25;
/// Deviation of the sensor's noise, grey levels.
const NOISE: f32 = 1.5;

/// What one run took.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// Time that passed, milliseconds a frame.
    pub(crate) wall_ms: f64,
    /// Processor time of the whole process, milliseconds a frame.
    pub(crate) cpu_ms: f64,
}

/// What a job of ours tells.
pub(crate) struct Told {
    pub(crate) stages: StageTimes,
    /// From the start of the job to the first frame written, milliseconds.
    pub(crate) first_ms: f64,
    /// Persons followed with a confidence of one half or more, a frame.
    pub(crate) found: f64,
    /// Most memory the process held, MiB.
    pub(crate) peak_mib: f64,
}

/// Whether this was started by `cargo bench`, and how many runs are asked for. `cargo test --all-targets` starts benches as
/// well; there is nothing to test here.
pub(crate) fn runs(usual: usize) -> Option<usize> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let asked = args.iter().find_map(|arg| arg.parse::<usize>().ok());
    args.iter().any(|arg| arg == "--bench").then(|| asked.unwrap_or(usual).max(1))
}

/// Settings, networks and a folder for what is written.
pub(crate) struct Bench {
    camera: Camera,
    site: Site,
    detectors: Arc<OnnxFactory>,
    pub(crate) folder: tempfile::TempDir,
}

impl Bench {
    /// Loads library and models.
    pub(crate) fn new() -> Result<Self> {
        init_media()?;
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        Ok(Self {
            camera: Camera::read(&root.join("pipelines/cameras/courtyard.toml"))?,
            site: Site::default(),
            detectors: Arc::new(OnnxFactory::open(&ShareDirs::find(None)?, &Site::default().detect)?),
            folder: tempfile::tempdir()?,
        })
    }

    /// Workers that search.
    pub(crate) fn workers(&self) -> usize {
        self.detectors.workers()
    }

    /// Both ways in turn, `runs` times: costs of ours and of the plain transcode, and what ours told.
    pub(crate) fn both(&self, clip: &Path, runs: usize) -> Result<Vec<(Cost, Cost, Told)>> {
        let turn = |_| {
            let to = self.folder.path().join("plain.mp4");
            let (expect, (plain, ())) = measured(|| Ok((transcode(clip, &to, &self.site.encode)?, ())))?;
            let (frames, (ours, told)) = measured(|| self.redact(clip))?;
            if frames != expect {
                return Err(
                    format!("{frames} frames redacted, {expect} transcoded: not the same work").into()
                );
            }
            Ok((ours, plain, told))
        };
        (0..runs).map(turn).collect()
    }

    fn redact(&self, source: &Path) -> Result<(u64, Told)> {
        let interrupt = Interrupt::default();
        let started = Instant::now();
        // From here on the kernel counts the most that is held anew (proc(5)).
        std::fs::write("/proc/self/clear_refs", "5")?;
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
        let mut seen = Seen { started, first: None, found: 0 };
        let finished = redact_clip(&job, file, &mut seen)?;
        finished.file.commit()?;
        let written = finished.outcome.written;
        let told = Told {
            stages: finished.outcome.times,
            first_ms: 1e3 * seen.first.ok_or("no frame was written")?.as_secs_f64(),
            found: seen.found as f64 / written.max(1) as f64,
            peak_mib: peak_mib()?,
        };
        Ok((written, told))
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

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

/// The sample's pictures, I420, and their size.
pub(crate) struct Pictures {
    pub(crate) size: (u32, u32),
    pub(crate) all: Vec<Vec<u8>>,
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

/// Every picture of the sample.
pub(crate) fn pictures() -> Result<Pictures> {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/courtyard.mp4");
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
    pub(crate) fn middle(&self) -> Vec<u8> {
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

/// Makes a clip of `frames` frames: `picture` gives each.
pub(crate) fn film(
    path: &Path,
    from: (u32, u32),
    (width, height): (u32, u32),
    (frames, per_second): (u64, u64),
    mut picture: impl FnMut(u64) -> Vec<u8>,
) -> Result<()> {
    let pipeline = launched(&format!(
        "appsrc name=from format=time block=true max-bytes=0 max-buffers=8 ! videoconvert ! videoscale ! \
         video/x-raw,width={width},height={height},pixel-aspect-ratio=1/1 ! \
         x264enc speed-preset=veryfast pass=qual quantizer=21 ! mp4mux ! filesink name=to"
    ))?;
    pipeline.by_name("to").ok_or("no sink")?.set_property("location", path.to_string_lossy().as_ref());
    let source = pipeline.by_name("from").ok_or("no source")?;
    let source = source.downcast::<gst_app::AppSrc>().map_err(|_| "no appsrc")?;
    let side = |px: u32| i32::try_from(px);
    let caps = gst::Caps::builder("video/x-raw")
        .field("format", "I420")
        .field("width", side(from.0)?)
        .field("height", side(from.1)?)
        .field("framerate", gst::Fraction::new(i32::try_from(per_second)?, 1))
        .build();
    source.set_caps(Some(&caps));
    pipeline.set_state(gst::State::Playing)?;
    let step_ms = 1000 / per_second;
    for n in 0..frames {
        let mut buffer = gst::Buffer::from_slice(picture(n));
        let fields = buffer.get_mut().ok_or("a shared buffer")?;
        fields.set_pts(gst::ClockTime::from_mseconds(step_ms * n));
        fields.set_duration(gst::ClockTime::from_mseconds(step_ms));
        source.push_buffer(buffer)?;
    }
    source.end_of_stream()?;
    ended(&pipeline)
}

/// A sensor's noise, drawn by lot, always the same.
pub(crate) struct Noise(u64);

impl Noise {
    /// At its beginning.
    pub(crate) fn new() -> Self {
        Self(1)
    }

    /// The picture with noise.
    pub(crate) fn on(&mut self, picture: &[u8]) -> Vec<u8> {
        let noisy = |sample: &u8| {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // The sum of four even numbers is nearly normal.
            let sum: f32 = (0..4).map(|i| f32::from((self.0 >> (16 + 12 * i)) as u8) / 255.0 - 0.5).sum();
            (f32::from(*sample) + NOISE * 1.73 * sum).round().clamp(16.0, 240.0) as u8
        };
        picture.iter().map(noisy).collect()
    }
}

/// Decodes and encodes with the settings of `video/sink/coder.rs`, nothing between; returns the frames written.
fn transcode(from: &Path, to: &Path, settings: &EncodeSettings) -> Result<u64> {
    let EncodeSettings { preset, quality, keyframe_interval, .. } = settings;
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

/// Most memory this process held since it was last asked to count anew, MiB.
fn peak_mib() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}

/// Notes when the first frame is there, and how many persons.
struct Seen {
    started: Instant,
    first: Option<Duration>,
    found: usize,
}

impl Observer for Seen {
    fn begin(&mut self, _: &Declared) {}

    fn frame(&mut self, record: &FrameRecord<'_>) -> std::io::Result<()> {
        self.first.get_or_insert_with(|| self.started.elapsed());
        let sure = record.seen.tracked.iter().filter(|t| t.target == Target::Person && t.score >= 0.5);
        self.found += sure.count();
        Ok(())
    }
}
