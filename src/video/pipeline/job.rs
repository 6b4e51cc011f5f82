//! One clip, one pass.

use super::cadence::{Hold, Ready};
use super::pool::{self, Clock, Looked, Task, timed};
use crate::config::Site;
use crate::geometry::FrameSize;
use crate::interrupt::Interrupt;
use crate::video::detect::{DetectError, DetectorFactory, Look};
use crate::video::frame::{RawFrame, Stamp};
use crate::video::mask::Masker;
use crate::video::plan::{CoverReason, Detection, FramePlan, Observations, Planner};
use crate::video::sink::{Container, Encoder, PartialFile, ReadBack, ReadBackError, SinkError};
use crate::video::source::{Clip, ClipError, Declared, Decoded, Source, SourceError, Window};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use serde::Serialize;
use std::collections::BTreeMap;
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
    /// The clip cannot be decoded.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The clip is cut short.
    #[error("the clip is cut short: {0}; export it again, or go on with what is there with --accept-damaged")]
    CutShort(String),
    /// No frame lies in the window.
    #[error("no frame lies between --from and --to: the clip lasts {secs:.1} s")]
    EmptyWindow {
        /// Time of the clip's last frame, seconds.
        secs: f64,
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

/// Whether every frame of the source is accounted for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Completeness {
    /// As many frames as the container's tables promise.
    Complete,
    /// The container promises nothing.
    Unknown,
    /// Only a window was read.
    Window,
    /// Frames are missing, and that was accepted.
    Damaged {
        /// How it shows.
        how: String,
    },
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
    pub detections: &'a [Detection],
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
}

/// A value and the seconds that it took.
pub struct Timed<T>(pub T, pub f64);

/// Redacts one clip into `file`, which stays without its final name.
///
/// # Errors
/// [`JobError`]; `file` is removed.
pub fn redact_clip(job: &Job, file: PartialFile, observer: &mut dyn Observer) -> Result<Finished, JobError> {
    let start = Instant::now();
    let clip = &job.clip;
    let declared =
        Source::declared(clip).map_err(|source| ClipError::Read { path: clip.path().to_owned(), source })?;
    observer.begin(&declared);
    let hash = {
        let clip = Arc::clone(clip);
        spawn("hash", move || {
            let start = Instant::now();
            clip.sha256().map(|sum| Timed(sum, start.elapsed().as_secs_f64()))
        })?
    };
    let mut run = Run::start(job)?;
    let result = run.work(job, &file, observer);
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
    let completeness = completeness(job, &declared, &decoded, &written, broke_off)?;
    let checking = Instant::now();
    file.sync().map_err(SinkError::from)?;
    let stall = Duration::from_secs_f64(job.site.limits.stall_secs);
    let read_back = ReadBack::check(&file, job.container, &written.times_ns, stall)?;
    let output_sha256 = hash_file(file.file()).map_err(SinkError::from)?;
    let Timed(source_sha256, hash_secs) = hash.join().map_err(|_| JobError::Thread("hashing".into()))??;
    clip.check_unchanged()?;
    let secs = |ns: &AtomicU64| ns.load(Ordering::Relaxed) as f64 / 1e9;
    let times = StageTimes {
        decode_secs: secs(&run.clock.decode),
        detect_secs: secs(&run.clock.detect),
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

fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, JobError> {
    std::thread::Builder::new().name(name.into()).spawn(work).map_err(|e| JobError::Thread(e.to_string()))
}

fn hash_file(file: &std::fs::File) -> io::Result<String> {
    use sha2::Digest;
    use std::os::unix::fs::FileExt;
    let mut hasher = sha2::Sha256::new();
    let mut buf = vec![0; 1 << 18];
    let mut offset = 0;
    loop {
        match file.read_at(&mut buf, offset)? {
            0 => return Ok(crate::digest::hex(&hasher.finalize())),
            n => {
                hasher.update(&buf[..n]);
                offset += n as u64;
            }
        }
    }
}

/// Holds what was decoded against what the container promises.
fn completeness(
    job: &Job,
    declared: &Declared,
    decoded: &Decoded,
    written: &Written,
    broke_off: Option<String>,
) -> Result<Completeness, JobError> {
    let short = if let Some(how) = broke_off {
        Some(how)
    } else if written.stopped_early || decoded.frames == 0 {
        return Ok(Completeness::Window);
    } else if let Some(wanted) = declared.frames.filter(|wanted| *wanted > decoded.frames) {
        Some(format!("its tables promise {wanted} frames, {} can be decoded", decoded.frames))
    } else if let (Some(bytes), None) = (declared.bytes, declared.frames) {
        Some(format!("it should be {bytes} bytes long and is {}", job.clip.len()))
    } else {
        // The last frame's own length may be missing; a second of silence is not.
        let end = written.last_pts_ns + written.last_duration_ns.unwrap_or(0);
        declared.duration_ns.filter(|wanted| *wanted > end + 1_000_000_000).map(|wanted| {
            format!("it should last {:.1} s, pictures end at {:.1} s", wanted as f64 / 1e9, end as f64 / 1e9)
        })
    };
    match short {
        Some(how) if job.accept_damaged => Ok(Completeness::Damaged { how }),
        Some(how) => Err(JobError::CutShort(how)),
        None if !job.window.is_whole() => Ok(Completeness::Window),
        None if declared.frames.is_some() || declared.duration_ns.is_some() => Ok(Completeness::Complete),
        None => Ok(Completeness::Unknown),
    }
}

/// What the decoding thread leaves behind.
struct DecodeEnd {
    decoded: Decoded,
    end: Result<(), SourceError>,
    last: Option<Stamp>,
    stopped_early: bool,
}

/// What went to the encoder.
#[derive(Default)]
struct Written {
    size: Option<FrameSize>,
    /// Presentation times in the output, from 0: eight bytes a frame, all that grows with the clip.
    times_ns: Vec<u64>,
    /// Presentation time of the first written frame in the source.
    first_pts_ns: Option<u64>,
    /// Presentation time of the last decoded frame.
    last_pts_ns: u64,
    last_duration_ns: Option<u64>,
    stopped_early: bool,
    mask_secs: f64,
    encode_secs: f64,
}

/// How long threads of a failed job may take to notice: a detector's last frame, or the decoder's.
const LAST_FRAME: Duration = Duration::from_secs(3);

/// The threads of one job.
struct Run {
    results: Option<Receiver<Result<Looked, DetectError>>>,
    permits: Option<Sender<()>>,
    decoder: Option<JoinHandle<DecodeEnd>>,
    workers: Vec<JoinHandle<()>>,
    clock: Arc<Clock>,
    decode_end: Option<DecodeEnd>,
}

impl Run {
    fn start(job: &Job) -> Result<Self, JobError> {
        let detect = &job.site.detect;
        let workers = match detect.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            n => n,
        };
        let longest_hold = detect.cadence.persons.max(detect.cadence.faces) as usize;
        // Each worker one frame at work and one waiting, and as many as the cadence holds back.
        let under_way = 2 * workers + longest_hold + 2;
        let (permits, take_permit) = bounded(under_way);
        for _ in 0..under_way {
            permits.send(()).map_err(|_| JobError::Thread("permits".into()))?;
        }
        let (task_in, tasks) = bounded::<Task>(under_way);
        let (result_in, results) = bounded(under_way + workers);
        let clock = Arc::new(Clock::default());
        let workers = pool::start(workers, &job.detectors, &tasks, &result_in, &clock, &job.interrupt)
            .map_err(|e| JobError::Thread(e.to_string()))?;
        let decoder = {
            let (clip, clock) = (Arc::clone(&job.clip), Arc::clone(&clock));
            let (limits, interrupt, window) = (job.site.limits.clone(), job.interrupt.clone(), job.window);
            let cadence = detect.cadence;
            let looks = move |seq: u64, last: bool| Look {
                persons: last || seq.is_multiple_of(cadence.persons.max(1).into()),
                faces: last || seq.is_multiple_of(cadence.faces.max(1).into()),
            };
            spawn("decode", move || match Source::open(&clip, &limits, &interrupt) {
                Ok(source) => decode(source, window, &looks, &take_permit, &task_in, &clock),
                Err(fault) => DecodeEnd {
                    decoded: Decoded::default(),
                    end: Err(fault),
                    last: None,
                    stopped_early: false,
                },
            })?
        };
        Ok(Self {
            results: Some(results),
            permits: Some(permits),
            decoder: Some(decoder),
            workers,
            clock,
            decode_end: None,
        })
    }

    /// Everything behind the detectors, on the calling thread.
    fn work(
        &mut self,
        job: &Job,
        file: &PartialFile,
        observer: &mut dyn Observer,
    ) -> Result<Written, JobError> {
        let stall = Duration::from_secs_f64(job.site.limits.stall_secs);
        let mut writer = Writer {
            job,
            encoder: Encoder::open(file, job.container, &job.site.encode, stall, &job.interrupt)?,
            masker: Masker::new(job.site.mask.clone()),
            observer,
            written: Written::default(),
            detector_faults: 0,
        };
        let (Some(results), Some(permits)) = (self.results.as_ref(), self.permits.as_ref()) else {
            return Err(JobError::Thread("started twice".into()));
        };
        let mut early: BTreeMap<u64, Looked> = BTreeMap::new();
        let mut hold = Hold::default();
        let mut next = 0;
        let mut waiting_since = Instant::now();
        // The decoder has the same limit and names the cause; this one is for detectors alone.
        let patience = stall + Duration::from_secs(5);
        loop {
            match results.recv_timeout(Duration::from_millis(100)) {
                Ok(looked) => {
                    waiting_since = Instant::now();
                    let looked = looked?;
                    early.insert(looked.seq, looked);
                    while let Some(looked) = early.remove(&next) {
                        next += 1;
                        for ready in hold.push(looked) {
                            writer.write(ready)?;
                            // A decoder that has ended takes no permit.
                            let _ = permits.try_send(());
                        }
                    }
                }
                Err(RecvTimeoutError::Timeout) if job.interrupt.is_raised() => {
                    return Err(JobError::Interrupted);
                }
                Err(RecvTimeoutError::Timeout) if waiting_since.elapsed() > patience => {
                    return Err(JobError::DetectorStalled(stall.as_secs_f64()));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if job.interrupt.is_raised() {
            return Err(JobError::Interrupted);
        }
        if !early.is_empty() {
            return Err(JobError::Thread("a detector lost a frame".into()));
        }
        for ready in hold.flush() {
            writer.write(ready)?;
        }
        self.join()?;
        let end = self.decode_end.as_ref();
        let mut written = writer.finish()?;
        if written.times_ns.len() as u64 != next {
            return Err(JobError::Thread("a frame was lost between the stages".into()));
        }
        written.stopped_early = end.is_some_and(|end| end.stopped_early);
        if let Some(last) = end.and_then(|end| end.last) {
            written.last_pts_ns = last.pts_ns;
            written.last_duration_ns = last.duration_ns;
        }
        Ok(written)
    }

    /// Waits for threads whose channels are closed.
    fn join(&mut self) -> Result<(), JobError> {
        for worker in self.workers.drain(..) {
            worker.join().map_err(|_| JobError::Thread("a detector died".into()))?;
        }
        if let Some(decoder) = self.decoder.take() {
            self.decode_end = Some(decoder.join().map_err(|_| JobError::Thread("the decoder died".into()))?);
        }
        Ok(())
    }

    /// Closes the channels. What the decoder went through is known unless another stage failed: then its threads
    /// end by themselves, and waiting for one that hangs for ever would hang the job.
    fn stop(&mut self, worked: bool) -> Option<(Decoded, Result<(), SourceError>)> {
        self.results = None;
        self.permits = None;
        if !worked && self.decode_end.is_none() {
            // Those that do end must not work on into the next clip, nor into the end of the process.
            let patience = Instant::now() + LAST_FRAME;
            let busy = |run: &Self| {
                let decoder = run.decoder.iter().any(|thread| !thread.is_finished());
                decoder || run.workers.iter().any(|thread| !thread.is_finished())
            };
            while busy(self) && Instant::now() < patience {
                std::thread::sleep(Duration::from_millis(5));
            }
            return None;
        }
        self.decode_end.take().map(|end| (end.decoded, end.end))
    }
}

/// Decodes, keeps what lies in the window and hands it to the detectors.
fn decode(
    mut source: Source,
    window: Window,
    looks: &dyn Fn(u64, bool) -> Look,
    permits: &Receiver<()>,
    tasks: &Sender<Task>,
    clock: &Clock,
) -> DecodeEnd {
    let mut seq = 0;
    let mut last = None;
    let mut stopped_early = false;
    let mut held: Option<RawFrame> = None;
    // False where nobody takes frames any more: another stage failed and says why.
    let mut send = |frame: RawFrame, is_last: bool| {
        let look = looks(seq, is_last);
        let taken = permits.recv().is_ok() && tasks.send(Task { seq, frame, look }).is_ok();
        seq += 1;
        taken
    };
    let end = loop {
        match timed(&clock.decode, || source.next_frame()) {
            Ok(Some(frame)) => {
                last = Some(Stamp { index: frame.index(), pts_ns: frame.pts_ns(), ..frame.stamp });
                let over = window.is_after(frame.pts_ns());
                // A frame waits for its successor, which decides whether it is the one that `--from` means.
                if let Some(before) = held.take()
                    && !window.is_before(Some(frame.pts_ns()))
                    && !send(before, over)
                {
                    break Ok(());
                }
                if over {
                    stopped_early = true;
                    break Ok(());
                }
                held = Some(frame);
            }
            Ok(None) => break Ok(()),
            Err(fault) => break Err(fault),
        }
    };
    if let Some(frame) = held {
        send(frame, true);
    }
    DecodeEnd { decoded: source.decoded(), end, last, stopped_early }
}

/// Plan, mask, encode, record.
struct Writer<'a> {
    job: &'a Job,
    encoder: Encoder,
    masker: Masker,
    observer: &'a mut dyn Observer,
    written: Written,
    detector_faults: u64,
}

impl Writer<'_> {
    fn write(&mut self, ready: Ready) -> Result<(), JobError> {
        let Ready { frame, seen } = ready;
        let (stamp, size) = (frame.stamp, frame.size());
        let start = Instant::now();
        let (plan, detections) = match seen {
            Ok(detections) => {
                let seen = Observations { size, detections };
                (self.job.planner.plan(stamp, &seen), seen.detections)
            }
            Err(reason) => {
                if matches!(reason, CoverReason::DetectorFault | CoverReason::AbsurdDetections) {
                    self.detector_faults += 1;
                    if self.detector_faults > self.job.site.limits.detector_faults {
                        return Err(JobError::DetectorFaults(self.detector_faults));
                    }
                }
                (FramePlan::Cover(reason), Vec::new())
            }
        };
        let redacted = self.masker.redact(frame, &plan);
        let masked = Instant::now();
        let first_pts_ns = *self.written.first_pts_ns.get_or_insert(stamp.pts_ns);
        let pts_ns = stamp.pts_ns - first_pts_ns;
        let step = self.written.times_ns.last().map(|before| pts_ns - before);
        self.encoder.push(redacted, pts_ns, stamp.duration_ns.or(step))?;
        let pushed = Instant::now();
        self.written.size = Some(size);
        self.written.times_ns.push(pts_ns);
        self.written.mask_secs += (masked - start).as_secs_f64();
        self.written.encode_secs += (pushed - masked).as_secs_f64();
        let number = self.written.times_ns.len() as u64 - 1;
        let record = FrameRecord { number, stamp, size, detections: &detections, plan: &plan };
        self.observer.frame(&record).map_err(JobError::Record)
    }

    fn finish(self) -> Result<Written, JobError> {
        let Self { encoder, written, .. } = self;
        if written.times_ns.is_empty() {
            // Nothing went in, so there is nothing to finish; the caller knows why.
            return Ok(written);
        }
        let start = Instant::now();
        encoder.finish()?;
        let encode_secs = written.encode_secs + start.elapsed().as_secs_f64();
        Ok(Written { encode_secs, ..written })
    }
}
