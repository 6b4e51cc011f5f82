//! Jobs of the library with made-up detectors.

use melkglas::casework::{HideEveryone, ReportBuilder, ReportContext, SourceKind};
use melkglas::config::{Cadence, Camera, Rgb, Site, Style};
use melkglas::geometry::{BoxPx, FrameSize};
use melkglas::interrupt::Interrupt;
use melkglas::video::detect::{DetectError, Detector, DetectorFactory, Look};
use melkglas::video::frame::RawFrame;
use melkglas::video::pipeline::{FrameRecord, Job, JobError, Observer, Outcome, redact_clip};
use melkglas::video::plan::{CoverReason, Detection, FramePlan, Target};
use melkglas::video::sink::{Container, Overwrite, PartialFile};
use melkglas::video::source::{Clip, Declared, FrameRate, Window};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One decoder at a time: libav's complaints are heard by all jobs of a process, and a clip spoilt on purpose in
/// one test would cover frames in another.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

type Found = Result<Vec<Detection>, DetectError>;

/// A detector that finds what the test says: for each frame by its number in the source.
#[derive(Clone)]
pub(crate) struct Script(Arc<dyn Fn(u64, FrameSize) -> Found + Send + Sync>);

impl Script {
    pub(crate) fn new(finds: impl Fn(u64, FrameSize) -> Found + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self(Arc::new(finds)))
    }

    /// Finds nobody, ever.
    pub(crate) fn nobody() -> Arc<Self> {
        Self::new(|_, _| Ok(Vec::new()))
    }
}

impl Detector for Script {
    fn detect(&mut self, frame: &RawFrame, _: &Look) -> Found {
        (self.0)(frame.index(), frame.size())
    }
}

impl DetectorFactory for Script {
    fn make(&self) -> Result<Box<dyn Detector>, DetectError> {
        Ok(Box::new(self.clone()))
    }
}

pub(crate) fn person(x0: f32, y0: f32, x1: f32, y1: f32) -> Detection {
    Detection { target: Target::Person, area: BoxPx::new(x0, y0, x1, y1), score: 0.9, weak: false }
}

/// A detector's run that failed.
pub(crate) fn fault() -> DetectError {
    DetectError::Run { model: "made-up".into(), reason: "for the test".into() }
}

/// How a test differs from the usual.
pub(crate) struct Setting {
    pub(crate) site: Site,
    pub(crate) camera: Option<Camera>,
    pub(crate) detectors: Arc<dyn DetectorFactory>,
    pub(crate) window: Window,
    pub(crate) accept_damaged: bool,
    /// Stated for a raw stream.
    pub(crate) rate: Option<FrameRate>,
    /// Asked for, of several.
    pub(crate) track: Option<u32>,
}

impl Default for Setting {
    /// Green fill, nobody found, the whole clip.
    fn default() -> Self {
        let mut site = Site::default();
        site.mask.style = Style::Fill;
        site.mask.fill_colour = Rgb([0, 255, 0]);
        site.detect.workers = 2;
        site.limits.stall_secs = 20.0;
        // Scripts go by a frame's number, whatever is in the picture.
        site.detect.cadence =
            Cadence { persons: 1, faces: 1, gap_s: 10.0, rest_s: 0.0, ..Cadence::default() };
        let detectors = Script::nobody();
        Self {
            site,
            camera: None,
            detectors,
            window: Window::WHOLE,
            accept_damaged: false,
            rate: None,
            track: None,
        }
    }
}

impl Setting {
    pub(crate) fn detecting(detectors: Arc<dyn DetectorFactory>) -> Self {
        Self { detectors, ..Self::default() }
    }
}

/// What a job did, frame by frame.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// Why each frame was covered, if it was.
    pub(crate) covers: Vec<Option<CoverReason>>,
    /// When each frame is shown in the source, nanoseconds.
    pub(crate) times_ns: Vec<u64>,
    pub(crate) detections: Vec<Vec<Detection>>,
    report: ReportBuilder,
}

impl Log {
    /// Numbers of the covered frames.
    pub(crate) fn covered(&self) -> Vec<usize> {
        (0..self.covers.len()).filter(|&i| self.covers[i].is_some()).collect()
    }
}

impl Observer for Log {
    fn begin(&mut self, _: &Declared) {}

    fn frame(&mut self, record: &FrameRecord<'_>) -> io::Result<()> {
        self.covers.push(match record.plan {
            FramePlan::Cover(reason) => Some(*reason),
            FramePlan::Masks { .. } => None,
        });
        self.times_ns.push(record.stamp.pts_ns);
        self.detections.push(record.seen.detections.clone());
        self.report.frame(record);
        Ok(())
    }
}

/// A job that was done.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) outcome: Outcome,
    pub(crate) log: Log,
    pub(crate) report: serde_json::Value,
}

/// Redacts `source` into `target`, alone in this process.
pub(crate) fn redact(source: &Path, target: &Path, setting: &Setting) -> Result<Done, JobError> {
    let _turn = turn();
    redact_beside_others(source, target, setting)
}

/// The same for tests that do not mind what other decoders complain about.
pub(crate) fn redact_beside_others(
    source: &Path,
    target: &Path,
    setting: &Setting,
) -> Result<Done, JobError> {
    let clip = Clip::open(source)?.with_track(setting.track);
    let clip = Arc::new(match setting.rate {
        Some(rate) => clip.at_rate(rate),
        None => clip,
    });
    let planner = HideEveryone::new(setting.camera.as_ref(), setting.site.mask.clone(), None);
    let job = Job {
        clip: Arc::clone(&clip),
        window: setting.window,
        site: setting.site.clone(),
        planner: Arc::new(planner),
        detectors: Arc::clone(&setting.detectors),
        scene: None,
        container: Container::of(target).expect("mp4 or mkv"),
        accept_damaged: setting.accept_damaged,
        interrupt: Interrupt::default(),
    };
    let mut log = Log::default();
    let file = PartialFile::create(target, Overwrite::Refuse).expect("a new file");
    let finished = redact_clip(&job, file, &mut log)?;
    let context = ReportContext {
        source_kind: SourceKind::Clip,
        scene: None,
        corrections: None,
        reveal: None,
        effort: "fast",
        passes: 1,
        analysis: None,
        source_file: "clip".into(),
        source_bytes: clip.len(),
        output_file: "out".into(),
        window: None,
        camera: setting.camera.as_ref(),
        models: serde_json::Value::Null,
        site: &setting.site,
    };
    let report = std::mem::take(&mut log.report).finish(context, &finished.outcome);
    let report = serde_json::to_value(report).expect("a report is JSON");
    finished.file.commit().expect("committed");
    Ok(Done { outcome: finished.outcome, log, report })
}

/// Names in a folder, sorted.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> =
        entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
