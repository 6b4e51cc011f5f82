//! One still: read, searched, masked, written, read back. No time and no second witness: what the detector does not
//! find is not hidden.

use super::completeness::Completeness;
use super::job::{Finished, FrameRecord, JobError, Observer, Outcome, StageTimes};
use super::pool::{self, Clock, Looked, Task};
use crate::config::Site;
use crate::digest::sha256_of_file;
use crate::interrupt::Interrupt;
use crate::video::detect::{DetectorFactory, Look};
use crate::video::frame::RawFrame;
use crate::video::mask::Masker;
use crate::video::plan::{Observations, Planner};
use crate::video::sink::{PartialFile, SinkError, StillFormat, write_still};
use crate::video::source::{Clip, Declared, Decoded, StillKind, read_still};
use crossbeam_channel::{RecvTimeoutError, bounded};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Everything that one still needs.
pub struct StillJob {
    /// The file.
    pub clip: Arc<Clip>,
    /// What it holds.
    pub kind: StillKind,
    /// How to mask and encode.
    pub site: Site,
    /// What is hidden.
    pub planner: Arc<dyn Planner>,
    /// Who is found.
    pub detectors: Arc<dyn DetectorFactory>,
    /// Kind of file to write.
    pub format: StillFormat,
    /// Stops the job.
    pub interrupt: Interrupt,
}

/// Redacts one still into `file`, which stays without its final name. A still that cannot be searched fails; covered
/// whole it would be of no use to anybody.
///
/// # Errors
/// [`JobError`]; `file` is removed.
pub fn redact_still(
    job: &StillJob,
    file: PartialFile,
    observer: &mut dyn Observer,
) -> Result<Finished, JobError> {
    let start = Instant::now();
    let declared = Declared::one_frame();
    observer.begin(&declared);
    let frame = read_still(&job.clip, job.kind, &job.site.limits)?;
    let (stamp, size) = (frame.stamp, frame.size());
    let read = Instant::now();
    let clock = Arc::new(Clock::default());
    let Looked { frame, seen, .. } = search(frame, &job.site, &job.detectors, &clock, &job.interrupt)?;
    let detections = seen.map_err(JobError::StillNotSearched)?;
    let searched = Instant::now();
    let seen = Observations::untracked(size, detections);
    let plan = job.planner.plan(stamp, &seen).for_frame(size);
    let redacted = Masker::new(job.site.mask.clone()).redact(frame, &plan);
    let masked = Instant::now();
    let read_back = write_still(&redacted, job.format, job.site.encode.jpeg_quality, &file)??;
    let encoded = Instant::now();
    let record = FrameRecord { number: 0, stamp, size, seen: &seen, plan: &plan };
    observer.frame(&record).map_err(JobError::Record)?;
    let output_sha256 = sha256_of_file(file.file(), &job.interrupt).map_err(SinkError::from)?;
    let source_sha256 = job.clip.sha256(&job.interrupt)?;
    job.clip.check_unchanged()?;
    if job.interrupt.is_raised() {
        return Err(JobError::Interrupted);
    }
    let times = StageTimes {
        decode_secs: (read - start).as_secs_f64(),
        detect_secs: clock.detect.load(Ordering::Relaxed) as f64 / 1e9,
        mask_secs: (masked - searched).as_secs_f64(),
        encode_secs: (encoded - masked).as_secs_f64(),
        check_secs: encoded.elapsed().as_secs_f64(),
        wall_secs: start.elapsed().as_secs_f64(),
    };
    let codec = Some(format!("{:?} still", job.kind).to_lowercase());
    let decoded = Decoded { frames: 1, packets: 1, codec, video_streams: 1, ..Decoded::default() };
    let completeness = Completeness::Complete;
    let outcome = Outcome {
        size,
        decoded,
        declared,
        completeness,
        written: 1,
        source_sha256,
        output_sha256,
        read_back,
        times,
    };
    Ok(Finished { file, outcome })
}

/// What a detector finds on a still. Nothing of it is kept.
///
/// # Errors
/// [`JobError`].
pub fn search_still(
    clip: &Clip,
    kind: StillKind,
    site: &Site,
    detectors: &Arc<dyn DetectorFactory>,
    interrupt: &Interrupt,
) -> Result<Observations, JobError> {
    let frame = read_still(clip, kind, &site.limits)?;
    let size = frame.size();
    let looked = search(frame, site, detectors, &Arc::new(Clock::default()), interrupt)?;
    Ok(Observations::untracked(size, looked.seen.map_err(JobError::StillNotSearched)?))
}

/// One detector's look at the picture, with the limit that holds for every wait.
fn search(
    frame: RawFrame,
    site: &Site,
    detectors: &Arc<dyn DetectorFactory>,
    clock: &Arc<Clock>,
    interrupt: &Interrupt,
) -> Result<Looked, JobError> {
    let (task_in, tasks) = bounded(1);
    let (result_in, results) = bounded(1);
    pool::start(1, detectors, None, &tasks, &result_in, clock, interrupt)
        .map_err(|e| JobError::Thread(e.to_string()))?;
    drop(result_in);
    let task = Task { seq: 0, frame, look: Look::EVERYTHING, small: None };
    task_in.send(task).map_err(|_| JobError::Thread("a detector died".into()))?;
    // The worker ends with its last task.
    drop(task_in);
    let stall = Duration::from_secs_f64(site.limits.stall_secs);
    let since = Instant::now();
    loop {
        match results.recv_timeout(Duration::from_millis(100)) {
            Ok(looked) => return Ok(looked?),
            Err(_) if interrupt.is_raised() => return Err(JobError::Interrupted),
            Err(RecvTimeoutError::Disconnected) => return Err(JobError::Thread("a detector died".into())),
            Err(RecvTimeoutError::Timeout) if since.elapsed() > stall => {
                return Err(JobError::DetectorStalled(stall.as_secs_f64()));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}
