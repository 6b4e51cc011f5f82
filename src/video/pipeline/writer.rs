//! The last stages, on the calling thread: plan, mask, encode, record. A rehearsal has no encoder.

use super::job::{FrameRecord, Job, JobError, Observer};
use super::ring::Followed;
use crate::geometry::FrameSize;
use crate::video::mask::Masker;
use crate::video::plan::{CoverReason, FramePlan, Observations};
use crate::video::sink::{Encoder, PartialFile};
use std::time::{Duration, Instant};

/// How long the picture of a clip of one frame is shown where its source does not say: 1/25 s.
const SHORTEST_CLIP_NS: u64 = 40_000_000;

/// What went to the encoder.
#[derive(Default)]
pub(super) struct Written {
    pub(super) size: Option<FrameSize>,
    /// Presentation times in the output, from 0: eight bytes a frame, all that grows with the clip.
    pub(super) times_ns: Vec<u64>,
    /// Presentation time of the first written frame in the source.
    pub(super) first_pts_ns: Option<u64>,
    /// Presentation time of the last decoded frame.
    pub(super) last_pts_ns: u64,
    pub(super) last_duration_ns: Option<u64>,
    pub(super) stopped_early: bool,
    pub(super) mask_secs: f64,
    pub(super) encode_secs: f64,
}

/// Plan, mask, encode, record.
pub(super) struct Writer<'a> {
    job: &'a Job,
    /// None in a rehearsal.
    encoder: Option<Encoder>,
    masker: Masker,
    observer: &'a mut dyn Observer,
    written: Written,
    detector_faults: u64,
}

impl<'a> Writer<'a> {
    /// Starts the encoder, where there is a file to encode into.
    pub(super) fn open(
        job: &'a Job,
        file: Option<&PartialFile>,
        observer: &'a mut dyn Observer,
    ) -> Result<Self, JobError> {
        let stall = Duration::from_secs_f64(job.site.limits.stall_secs);
        let encoder =
            file.map(|file| Encoder::open(file, job.container, &job.site.encode, stall, &job.interrupt));
        Ok(Self {
            job,
            encoder: encoder.transpose()?,
            masker: Masker::new(job.site.mask.clone()),
            observer,
            written: Written::default(),
            detector_faults: 0,
        })
    }

    pub(super) fn write(&mut self, ready: Followed) -> Result<(), JobError> {
        let Followed { frame, seen } = ready;
        let (stamp, size) = (frame.stamp, frame.size());
        let start = Instant::now();
        let (plan, seen) = match seen {
            Ok(seen) => (self.job.planner.plan(stamp, &seen).for_frame(size), seen),
            Err(reason) => {
                if matches!(reason, CoverReason::DetectorFault | CoverReason::AbsurdDetections) {
                    self.detector_faults += 1;
                    if self.detector_faults > self.job.site.limits.detector_faults {
                        return Err(JobError::DetectorFaults(self.detector_faults));
                    }
                }
                (FramePlan::Cover(reason), Observations::untracked(size, Vec::new()))
            }
        };
        let redacted = self.masker.redact(frame, &plan);
        let masked = Instant::now();
        let first_pts_ns = *self.written.first_pts_ns.get_or_insert(stamp.pts_ns);
        let pts_ns = stamp.pts_ns - first_pts_ns;
        let step = self.written.times_ns.last().map(|before| pts_ns - before);
        // A single picture that lasts no time at all would not be shown by players.
        let duration_ns = stamp.duration_ns.filter(|d| *d > 0).or(step).unwrap_or(SHORTEST_CLIP_NS);
        let rehearsed = match &mut self.encoder {
            Some(encoder) => {
                encoder.push(redacted, pts_ns, Some(duration_ns))?;
                None
            }
            None => Some(redacted),
        };
        let pushed = Instant::now();
        self.written.size = Some(size);
        self.written.times_ns.push(pts_ns);
        self.written.mask_secs += (masked - start).as_secs_f64();
        self.written.encode_secs += (pushed - masked).as_secs_f64();
        let number = self.written.times_ns.len() as u64 - 1;
        let record = FrameRecord { number, stamp, size, seen: &seen, plan: &plan };
        self.observer.frame(&record).map_err(JobError::Record)?;
        if let Some(picture) = rehearsed {
            self.observer.picture(picture);
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Written, JobError> {
        let Self { encoder, written, .. } = self;
        if written.times_ns.is_empty() {
            // Nothing went in, so there is nothing to finish; the caller knows why.
            return Ok(written);
        }
        let start = Instant::now();
        encoder.map_or(Ok(()), Encoder::finish)?;
        let encode_secs = written.encode_secs + start.elapsed().as_secs_f64();
        Ok(Written { encode_secs, ..written })
    }
}
