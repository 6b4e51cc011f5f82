//! One clip, one pass: either all of the work, or one half of it (`passes`).

use super::completeness::{Completeness, hold_against};
use super::empty::EmptyScene;
use super::passes::Way;
use super::run::Run;
use super::writer::Written;
use crate::config::Site;
use crate::digest::sha256_of_file;
use crate::geometry::FrameSize;
use crate::interrupt::Interrupt;
use crate::video::detect::{DetectError, DetectorFactory};
use crate::video::frame::{RedactedFrame, Stamp};
use crate::video::plan::{CoverReason, FramePlan, Observations, Planner};
use crate::video::sink::{Container, PartialFile, ReadBack, ReadBackError, SinkError};
use crate::video::source::{Clip, ClipError, Declared, Decoded, Source, SourceError, StillFault, Window};
use serde::Serialize;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Everything that one job needs.
pub struct Job {
    /// The clip.
    pub clip: Arc<Clip>,
    /// Which part of it goes into the output.
    pub window: Window,
    /// How to detect, mask and encode.
    pub site: Site,
    /// What is hidden.
    pub planner: Arc<dyn Planner>,
    /// Who is found.
    pub detectors: Arc<dyn DetectorFactory>,
    /// What the camera shows with nobody in it, where that is known.
    pub scene: Option<Arc<EmptyScene>>,
    /// Kind of file to write.
    pub container: Container,
    /// Go on with a clip that is cut short or breaks off, and say so, instead of failing.
    pub accept_damaged: bool,
    /// Stops the job.
    pub interrupt: Interrupt,
}

/// Why a job failed. Nothing stands under the final name then.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The clip cannot be opened or read.
    #[error(transparent)]
    Clip(#[from] ClipError),
    /// The still cannot be read.
    #[error(transparent)]
    Still(#[from] StillFault),
    /// The detector failed on a still.
    #[error("the picture could not be searched for people ({}); nothing was written", .0.words())]
    StillNotSearched(CoverReason),
    /// The clip cannot be decoded.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The clip is cut short.
    #[error("the clip is cut short: {0}; export it again, or go on with what is there with --accept-damaged")]
    CutShort(String),
    /// The recorder never finished the file.
    #[error(
        "the clip was never finished: its table of frames (moov) is missing; export it again from the recorder"
    )]
    Unfinished,
    /// No frame lies in the window.
    #[error("no frame lies between --from and --to: the clip lasts {secs:.1} s")]
    EmptyWindow {
        /// Time of the clip's last frame, seconds.
        secs: f64,
    },
    /// The camera looks elsewhere than when its references were made.
    #[error(
        "the camera was moved: its picture is shifted by {shift_px:.0} pixels, turned by {degrees:.1} degrees and \
         scaled by {zoom:.3}, so its zones need not lie where they should; draw them anew on a clip of today, and \
         learn its references again"
    )]
    CameraMoved {
        /// Shift of the picture's middle, pixels.
        shift_px: f32,
        /// Turned by, degrees.
        degrees: f32,
        /// Scaled by; 1 is not at all.
        zoom: f32,
    },
    /// Most of the clip is too dark.
    #[error(
        "the clip is too dark: in {percent:.0} % of its frames next to nothing can be seen beside the camera's \
         reference, so nobody need be found in them; light the place, or learn a reference of the night, or say \
         dark = \"cover\" under [scene] of the site file to cover those frames"
    )]
    TooDark {
        /// Dark frames among all, percent.
        percent: f64,
    },
    /// A detector cannot be made.
    #[error(transparent)]
    Detect(#[from] DetectError),
    /// The detector failed too often.
    #[error("the detector failed on {0} frames, more than limits.detector_faults allows")]
    DetectorFaults(u64),
    /// A detector does not come back.
    #[error("the detector gave no answer for {0:.0} seconds")]
    DetectorStalled(f64),
    /// The result cannot be written.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// The written file is not what it should be.
    #[error(transparent)]
    ReadBack(#[from] ReadBackError),
    /// The source cannot be hashed in reasonable time.
    #[error("reading the clip for its hash took more than {0:.0} seconds after all else was done")]
    HashStalled(f64),
    /// Report or boxes cannot be written.
    #[error("the record of the job cannot be written: {0}")]
    Record(#[source] io::Error),
    /// A thread could not be started or died.
    #[error("a worker thread failed: {0}")]
    Thread(String),
    /// A stop was asked for.
    #[error("stopped on request; nothing was written")]
    Interrupted,
}

/// Time that each stage worked, seconds, summed over its threads; they overlap.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct StageTimes {
    /// Waiting for and copying decoded pictures.
    pub decode_secs: f64,
    /// Detectors at work.
    pub detect_secs: f64,
    /// Planning and masking.
    pub mask_secs: f64,
    /// Handing frames to the encoder and waiting for it.
    pub encode_secs: f64,
    /// Hashing the source and reading the result back.
    pub check_secs: f64,
    /// From start to end by the clock.
    pub wall_secs: f64,
}

impl StageTimes {
    /// The times of this pass and of one before it.
    #[must_use]
    pub fn after(self, first: Self) -> Self {
        Self {
            decode_secs: self.decode_secs + first.decode_secs,
            detect_secs: self.detect_secs + first.detect_secs,
            mask_secs: self.mask_secs + first.mask_secs,
            encode_secs: self.encode_secs + first.encode_secs,
            check_secs: self.check_secs + first.check_secs,
            wall_secs: self.wall_secs + first.wall_secs,
        }
    }
}

/// What is known of a job when it is done.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Size of the picture, as displayed.
    pub size: FrameSize,
    /// What the decoder went through.
    pub decoded: Decoded,
    /// What the container promises.
    pub declared: Declared,
    /// Whether everything is there.
    pub completeness: Completeness,
    /// Frames written.
    pub written: u64,
    /// SHA-256 of the source.
    pub source_sha256: String,
    /// SHA-256 of the output.
    pub output_sha256: String,
    /// What reading the output back found.
    pub read_back: ReadBack,
    /// How long the stages took.
    pub times: StageTimes,
}

/// A written and checked output that has no name yet: [`PartialFile::commit`] gives it one.
#[derive(Debug)]
pub struct Finished {
    /// The output.
    pub file: PartialFile,
    /// What is known of the job.
    pub outcome: Outcome,
}

/// One frame of the output, as it was planned.
#[derive(Debug, Clone, Copy)]
pub struct FrameRecord<'a> {
    /// Position in the output, from 0.
    pub number: u64,
    /// Which frame of the source it is.
    pub stamp: Stamp,
    /// Size of the picture.
    pub size: FrameSize,
    /// What was seen; nothing where the frame is covered.
    pub seen: &'a Observations,
    /// What was hidden.
    pub plan: &'a FramePlan,
}

/// Told of every frame as it is written.
pub trait Observer {
    /// Called once, before the first frame, with what the container promises.
    fn begin(&mut self, declared: &Declared);

    /// Called for every frame, in order.
    ///
    /// # Errors
    /// The job fails with [`JobError::Record`].
    fn frame(&mut self, record: &FrameRecord<'_>) -> io::Result<()>;

    /// Called after [`Self::frame`] in a rehearsal, where no encoder takes the masked picture. Dropped, it is gone.
    fn picture(&mut self, picture: RedactedFrame) {
        drop(picture);
    }
}

/// How long the hash of the source may take once everything else is done; at least the stall limit.
const HASH_PATIENCE: Duration = Duration::from_secs(600);

/// Redacts one clip into `file`, which stays without its final name.
///
/// # Errors
/// [`JobError`]; `file` is removed.
pub fn redact_clip(job: &Job, file: PartialFile, observer: &mut dyn Observer) -> Result<Finished, JobError> {
    let pass = Pass::run(job, &Way::Once(Some(&file)), observer)?;
    finish(job, file, pass)
}

/// Checks what a pass has written.
pub(super) fn finish(job: &Job, file: PartialFile, pass: Pass) -> Result<Finished, JobError> {
    let checking = Instant::now();
    file.sync().map_err(SinkError::from)?;
    let stall = Duration::from_secs_f64(job.site.limits.stall_secs);
    let read_back = ReadBack::check(&file, job.container, &pass.written.times_ns, stall, &job.interrupt)?;
    let output_sha256 = sha256_of_file(file.file(), &job.interrupt).map_err(SinkError::from)?;
    let Pass { size, decoded, declared, completeness, written, hash, decode_secs, detect_secs, start } = pass;
    let (source_sha256, hash_secs) = hash.wait(job)?;
    let times = StageTimes {
        decode_secs,
        detect_secs,
        mask_secs: written.mask_secs,
        encode_secs: written.encode_secs,
        check_secs: hash_secs + checking.elapsed().as_secs_f64(),
        wall_secs: start.elapsed().as_secs_f64(),
    };
    let outcome = Outcome {
        size,
        decoded,
        declared,
        completeness,
        written: written.times_ns.len() as u64,
        source_sha256,
        output_sha256,
        read_back,
        times,
    };
    Ok(Finished { file, outcome })
}

/// What is known of a rehearsal when it is done.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    /// Size of the picture, as displayed.
    pub size: FrameSize,
    /// Frames masked.
    pub frames: u64,
    /// Whether everything was there.
    pub completeness: Completeness,
    /// SHA-256 of the source.
    pub source_sha256: String,
}

/// Goes through all of [`redact_clip`] up to the encoder and writes nothing: masked frames go to
/// [`Observer::picture`]. The job's container means nothing here.
///
/// # Errors
/// [`JobError`].
pub fn rehearse_clip(job: &Job, observer: &mut dyn Observer) -> Result<Rehearsal, JobError> {
    Pass::run(job, &Way::Once(None), observer)?.rehearsed(job)
}

/// A clip that went through all stages, with or without an encoder at their end.
pub(super) struct Pass {
    pub(super) size: FrameSize,
    decoded: Decoded,
    declared: Declared,
    pub(super) completeness: Completeness,
    pub(super) written: Written,
    pub(super) hash: SourceHash,
    pub(super) decode_secs: f64,
    pub(super) detect_secs: f64,
    pub(super) start: Instant,
}

impl Pass {
    pub(super) fn run(job: &Job, way: &Way<'_>, observer: &mut dyn Observer) -> Result<Self, JobError> {
        let start = Instant::now();
        let clip = &job.clip;
        let declared = Source::declared(clip)
            .map_err(|source| ClipError::Read { path: clip.path().to_owned(), source })?;
        if declared.unfinished {
            return Err(JobError::Unfinished);
        }
        observer.begin(&declared);
        let hash = SourceHash::start(job)?;
        let mut run = Run::start(job, way)?;
        let result = run.work(job, way, observer);
        let (decoded, broke_off) = match run.stop(result.is_ok()) {
            // A stage behind the decoder failed first, or the decoder did and the rest is its consequence.
            None => return Err(result.err().unwrap_or(JobError::Thread("the decoder did not end".into()))),
            Some((decoded, end)) => (decoded, end.err()),
        };
        let written = result?;
        if job.interrupt.is_raised() {
            return Err(JobError::Interrupted);
        }
        let broke_off = match broke_off {
            None => None,
            Some(fault @ (SourceError::Decode { .. } | SourceError::Stalled { .. }))
                if job.accept_damaged && decoded.frames > 0 =>
            {
                Some(fault.to_string())
            }
            Some(fault) => return Err(fault.into()),
        };
        let Some(size) = written.size else {
            return Err(JobError::EmptyWindow { secs: written.last_pts_ns as f64 / 1e9 });
        };
        let completeness = hold_against(job, &declared, &decoded, &written, broke_off)?;
        let secs = |ns: &AtomicU64| ns.load(Ordering::Relaxed) as f64 / 1e9;
        let (decode_secs, detect_secs) = (secs(&run.clock.decode), secs(&run.clock.detect));
        Ok(Self { size, decoded, declared, completeness, written, hash, decode_secs, detect_secs, start })
    }

    /// What is known of a pass that wrote nothing.
    pub(super) fn rehearsed(self, job: &Job) -> Result<Rehearsal, JobError> {
        let Self { size, completeness, written, hash, .. } = self;
        let (source_sha256, _) = hash.wait(job)?;
        Ok(Rehearsal { size, frames: written.times_ns.len() as u64, completeness, source_sha256 })
    }
}

/// The source's hash, made on a thread of its own beside all else.
pub(super) struct SourceHash(JoinHandle<Result<(String, f64), ClipError>>);

impl SourceHash {
    fn start(job: &Job) -> Result<Self, JobError> {
        let (clip, stop) = (Arc::clone(&job.clip), job.interrupt.clone());
        let hash = move || {
            let start = Instant::now();
            clip.sha256(&stop).map(|sum| (sum, start.elapsed().as_secs_f64()))
        };
        spawn("hash", hash).map(Self)
    }

    /// The hash, and the seconds that it took; the clip is still as it was then.
    pub(super) fn wait(self, job: &Job) -> Result<(String, f64), JobError> {
        // Every byte was read once already, so this ends soon, unless the disk or the network share hangs.
        let longest = HASH_PATIENCE.max(Duration::from_secs_f64(job.site.limits.stall_secs));
        let patience = Instant::now() + longest;
        while !self.0.is_finished() {
            if job.interrupt.is_raised() {
                return Err(JobError::Interrupted);
            }
            if Instant::now() > patience {
                return Err(JobError::HashStalled(longest.as_secs_f64()));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let hashed = self.0.join().map_err(|_| JobError::Thread("hashing".into()))??;
        job.clip.check_unchanged()?;
        Ok(hashed)
    }
}

/// Starts a named thread.
pub(super) fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, JobError> {
    std::thread::Builder::new().name(name.into()).spawn(work).map_err(|e| JobError::Thread(e.to_string()))
}
