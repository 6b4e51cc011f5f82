//! Long runs with films of real scenes, at full size and rate: how long a picture takes from the camera to a viewer, how
//! many are covered, whether memory grows, and whether anybody is seen whom the redaction of the same film as a clip hides.

use super::film::{Film, FilmCamera, HEIGHT, Hidden, WIDTH, number_in, pipeline, sink};
use super::rig::{Desk, Service};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What a viewer made of a film.
#[derive(Default, Clone)]
pub(crate) struct Figures {
    pub(crate) pictures: usize,
    pub(crate) masked: usize,
    pub(crate) covered: usize,
    /// Pictures that are not covered, whose number was not to be read.
    pub(crate) unread: usize,
    pub(crate) skipped: usize,
    last: Option<usize>,
    /// Pictures in which nothing is hidden though the clip's redaction hides something.
    pub(crate) bare: usize,
    /// Shares of the pictures that are hidden, added up, and of the clip's redaction.
    pub(crate) hidden: f32,
    pub(crate) clip_hidden: f32,
    /// Known persons: all, those of whom less than a tenth is hidden, those of whom less than half is; the same of the
    /// redacted clip; and those of the last kind whom the clip's redaction hides.
    pub(crate) persons: usize,
    pub(crate) open: usize,
    pub(crate) half: usize,
    pub(crate) clip_open: usize,
    pub(crate) clip_half: usize,
    pub(crate) open_alone: usize,
    delays: Vec<f32>,
}

impl Figures {
    /// Notes a picture down; says whether somebody known stands open in it.
    fn note(&mut self, i420: &[u8], film: &Film, sent: &[Option<Instant>]) -> bool {
        self.pictures += 1;
        let hidden = Hidden::of(i420);
        if hidden.share() > 0.85 {
            self.covered += 1;
            self.last = None;
            return false;
        }
        self.masked += 1;
        let Some(number) = number_in(i420).filter(|number| *number < film.units.len()) else {
            self.unread += 1;
            self.last = None;
            return false;
        };
        let since = self.last.map_or(1, |last| (number + film.units.len() - last) % film.units.len());
        self.skipped += since.saturating_sub(1);
        self.last = Some(number);
        if let Some(sent) = sent[number] {
            self.delays.push(sent.elapsed().as_secs_f32());
        }
        let clip = &film.clip[number];
        self.hidden += hidden.share();
        self.clip_hidden += clip.share();
        self.bare += usize::from(clip.share() > 0.002 && hidden.share() == 0.0);
        let open = self.open;
        for who in &film.known[number] {
            let (Some(live), Some(clip)) = (hidden.of_body(who), clip.of_body(who)) else { continue };
            self.persons += 1;
            self.open += usize::from(live < 0.1);
            self.half += usize::from(live < 0.5);
            self.clip_open += usize::from(clip < 0.1);
            self.clip_half += usize::from(clip < 0.5);
            self.open_alone += usize::from(live < 0.1 && clip >= 0.5);
        }
        self.open > open
    }

    pub(crate) fn delay(&self, share: f64) -> f32 {
        let mut all = self.delays.clone();
        all.sort_by(f32::total_cmp);
        let last = all.len().saturating_sub(1);
        all.get((last as f64 * share).round() as usize).copied().unwrap_or(f32::NAN)
    }
}

/// Somebody who watches a film.
pub(crate) struct FilmViewer {
    pipeline: gst::Pipeline,
    pub(crate) figures: Arc<Mutex<Figures>>,
}

impl FilmViewer {
    pub(crate) fn of(url: &str, film: &Arc<Film>, camera: &FilmCamera) -> Self {
        let pipeline = pipeline(&format!(
            "rtspsrc location={url} protocols=tcp latency=0 ! rtph264depay ! h264parse \
             ! avdec_h264 max-threads=1 ! video/x-raw,format=I420 ! appsink name=out sync=false max-buffers=4"
        ));
        let figures: Arc<Mutex<Figures>> = Arc::default();
        let (noted, film, sent) = (Arc::clone(&figures), Arc::clone(film), Arc::clone(&camera.sent));
        let pictures = std::env::var_os("MELKGLAS_SOAK_PICTURES").map(PathBuf::from);
        let take = move |out: &gst_app::AppSink| {
            let sample = out.pull_sample().map_err(|_| gst::FlowError::Eos)?;
            let bytes = sample.buffer().ok_or(gst::FlowError::Error)?.map_readable();
            let bytes = bytes.map_err(|_| gst::FlowError::Error)?;
            if bytes.len() == WIDTH * HEIGHT * 3 / 2 {
                let mut figures = noted.lock().expect("sound");
                let open = figures.note(&bytes, &film, &sent.lock().expect("sound"));
                let keeps = open && figures.open < MOST_KEPT || figures.pictures % 100 == 1;
                if let Some(folder) = pictures.as_ref().filter(|_| keeps) {
                    let kind = if open { "open" } else { "some" };
                    let name =
                        format!("{kind}-{:05}-{}.i420", figures.pictures, figures.last.unwrap_or_default());
                    std::fs::write(folder.join(name), &*bytes).expect("kept");
                }
            }
            Ok(gst::FlowSuccess::Ok)
        };
        sink(&pipeline).set_callbacks(gst_app::AppSinkCallbacks::builder().new_sample(take).build());
        pipeline.set_state(gst::State::Playing).expect("started");
        Self { pipeline, figures }
    }
}

impl Drop for FilmViewer {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// What a run was given, by `scripts/soak live`.
pub(crate) struct Asked {
    pub(crate) secs: u64,
    clips: Vec<PathBuf>,
    truths: Vec<Option<PathBuf>>,
    hold: usize,
}

fn listed(name: &str) -> Vec<String> {
    let text = std::env::var(name).unwrap_or_default();
    let all = text.split(':').map(|part| part.trim().to_owned());
    if text.is_empty() { Vec::new() } else { all.collect() }
}

impl Asked {
    pub(crate) fn read() -> Self {
        let number =
            |name: &str, or: u64| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(or);
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/courtyard.mp4");
        let mut clips: Vec<PathBuf> = listed("MELKGLAS_SOAK_CLIPS").into_iter().map(PathBuf::from).collect();
        if clips.is_empty() {
            clips = vec![sample; number("MELKGLAS_SOAK_CAMERAS", 1) as usize];
        }
        let files = |name: &str| {
            let all = listed(name);
            let file = |at: usize| all.get(at).filter(|text| !text.is_empty()).map(PathBuf::from);
            (0..clips.len()).map(file).collect::<Vec<_>>()
        };
        let truths = files("MELKGLAS_SOAK_TRUTHS");
        let hold = number("MELKGLAS_SOAK_HOLD", 0) as usize;
        Self { secs: number("MELKGLAS_SOAK_SECS", 600), clips, truths, hold }
    }
}

const DELAY_MS: u64 = 400;
/// Pictures with somebody in the open that are kept at most, where `MELKGLAS_SOAK_PICTURES` names a folder for them.
const MOST_KEPT: usize = 200;

/// Runs films through the service and gives what came of it.
pub(crate) fn run(asked: &Asked) {
    let desk = Desk::new("masked", "url = \"rtsp://127.0.0.1:1/\"\ntransport = \"any\"");
    desk.write("site.toml", "schema = 1\n[mask]\nstyle = \"fill\"\nfill_colour = \"00ff00\"\n", 0o644);
    let folder = desk.path("");
    let mut files = Vec::new();
    let mut films: Vec<Arc<Film>> = Vec::new();
    let mut cameras = Vec::new();
    for (number, (clip, truth)) in asked.clips.iter().zip(&asked.truths).enumerate() {
        let same = asked.clips.iter().position(|other| other == clip).filter(|at| *at < number);
        let film = match same {
            Some(at) => Arc::clone(&films[at]),
            None => Arc::new(Film::of(clip, truth.as_deref(), asked.hold, &folder)),
        };
        let camera = FilmCamera::start(&film);
        let (id, port) = (name(number), camera.camera.port);
        desk.write(
            &format!("{id}.toml"),
            &format!(
                "schema = 1\nid = \"{id}\"\ndescription = \"a film\"\nframe = {{ width = {WIDTH}, height = {HEIGHT} }}\n\
                 live = \"masked\"\n[stream]\nurl = \"rtsp://127.0.0.1:{port}/main\"\ntransport = \"any\"\n\
                 [[overlay]]\nlabel = \"number\"\npolygon = [[0.745, 0.965], [1.0, 0.965], [1.0, 1.0], [0.745, 1.0]]\n"
            ),
            0o644,
        );
        files.push(format!("{id}.toml"));
        films.push(film);
        cameras.push(camera);
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_melkglas"));
    command
        .current_dir(&folder)
        .args([
            "live",
            "--site",
            "site.toml",
            "--publish",
            "rtsp://127.0.0.1:0",
            "--metrics",
            "127.0.0.1:9464",
        ])
        .args(["--delay-ms", &DELAY_MS.to_string(), "--camera"])
        .args(&files)
        .env("MELKGLAS_STATE", desk.path("state"))
        .env("MELKGLAS_LOG", "info")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .stdout(Stdio::piped());
    println!("load before: {}", std::fs::read_to_string("/proc/loadavg").expect("a load").trim());
    let mut service = Desk::started(command);
    let viewers: Vec<FilmViewer> = films
        .iter()
        .zip(&cameras)
        .enumerate()
        .map(|(number, (film, camera))| FilmViewer::of(&service.url_of(&name(number)), film, camera))
        .collect();
    // Connections settle, so does memory, and what most of the stream shows is known.
    std::thread::sleep(Duration::from_secs(16));
    for (number, viewer) in viewers.iter().enumerate() {
        let at_first = std::mem::take(&mut *viewer.figures.lock().expect("sound"));
        let (camera, Figures { persons, open, clip_open, .. }) = (name(number), at_first);
        println!(
            "{camera}: before: known persons {persons} in all, {open} not hidden (the redacted clip: {clip_open})"
        );
    }
    let (before, cpu, began) = (service.metrics(9464), service.cpu_secs(), Instant::now());
    let mut resident = Vec::new();
    while began.elapsed() < Duration::from_secs(asked.secs) {
        std::thread::sleep(Duration::from_secs(1));
        resident.push(service.resident_kib());
    }
    // What a moment holds depends on the moment: the middle of the second fifth, and of the last.
    let fifth = resident.len() / 5;
    let (first, last) = (median(&resident[fifth..2 * fifth]), median(&resident[4 * fifth..]));
    let cores = (service.cpu_secs() - cpu) / began.elapsed().as_secs_f64();
    println!("memory {first} KiB (median of the second fifth), {last} KiB (of the last); {cores:.2} cores");
    let mut sound = last * 100 <= first * 115;
    for (number, viewer) in viewers.iter().enumerate() {
        sound &= told(number, &viewer.figures.lock().expect("sound"), &before, &service);
    }
    println!("load after: {}", std::fs::read_to_string("/proc/loadavg").expect("a load").trim());
    drop(viewers);
    assert_eq!(service.stop(), Some(143));
    assert!(sound, "a figure above is not as it must be: {}", service.said());
}

fn median(values: &[u64]) -> u64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or(0)
}

fn name(number: usize) -> String {
    if number == 0 { "hall".into() } else { format!("hall-{}", number + 1) }
}

/// Prints what came of one camera; says whether it is as it must be.
fn told(number: usize, seen: &Figures, before: &str, service: &Service) -> bool {
    let (camera, after) = (name(number), service.metrics(9464));
    let value = |text: &str, name: &str, more: &str| -> f64 {
        let start = format!("melkglas_{name}{{camera=\"{camera}\"{more}}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(start.as_str())).expect("a count");
        line.parse().expect("a number")
    };
    let counted = |name: &str| value(&after, name, "") - value(before, name, "");
    let overloaded = counted("frames_overloaded_total");
    println!(
        "{camera}: in {}, masked {}, covered {} (of these by overload {overloaded}), dropped {}, looks {}",
        counted("frames_in_total"),
        counted("frames_masked_total"),
        counted("frames_covered_total"),
        counted("frames_dropped_total"),
        counted("looks_total"),
    );
    println!(
        "{camera}: a look took {:.0} ms (p50), {:.0} ms (p99)",
        1e3 * value(&after, "detector_seconds", ",quantile=\"0.5\""),
        1e3 * value(&after, "detector_seconds", ",quantile=\"0.99\""),
    );
    let (p50, p99) = (seen.delay(0.5), seen.delay(0.99));
    println!(
        "{camera}: the viewer saw {} pictures, {} masked, {} covered, {} missing, {} whose number was hidden; from \
         the camera to the viewer p50 {:.0} ms, p99 {:.0} ms",
        seen.pictures,
        seen.masked,
        seen.covered,
        seen.skipped,
        seen.unread,
        1e3 * p50,
        1e3 * p99,
    );
    let read = (seen.masked - seen.unread).max(1);
    println!(
        "{camera}: hidden {:.1} % of these pictures, and {:.1} % in the redacted clip",
        100.0 * seen.hidden / read as f32,
        100.0 * seen.clip_hidden / read as f32,
    );
    println!(
        "{camera}: {} pictures with nothing hidden that the clip's redaction does not leave so; known persons: {} in \
         all, {} not hidden and {} less than half (the redacted clip: {} and {}), {} not hidden whom the redacted clip \
         hides",
        seen.bare, seen.persons, seen.open, seen.half, seen.clip_open, seen.clip_half, seen.open_alone,
    );
    let limit = |ms: u64| (DELAY_MS + ms) as f32 / 1e3;
    overloaded == 0.0 && p50 <= limit(100) && p99 <= limit(400) && seen.bare == 0 && seen.masked > 0
}
