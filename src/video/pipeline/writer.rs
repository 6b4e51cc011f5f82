//! The last stages, on the calling thread: plan, mask, encode, record. A rehearsal has no encoder; the first of two
//! passes notes what was seen and lets the picture go.

use super::job::{FrameRecord, Job, JobError, Observer};
use super::passes::Way;
use super::ring::{Followed, Kept};
use crate::geometry::FrameSize;
use crate::video::analysis::Recorder;
use crate::video::mask::Masker;
use crate::video::plan::{CoverReason, FramePlan, Observations};
use crate::video::sink::Encoder;
use crate::video::track::Steady;
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
    /// What the first of two passes noted, and what was kept of the whole clip.
    pub(super) noted: Option<(Recorder, Kept)>,
}

/// What becomes of a frame that was planned.
enum End {
    /// It is masked and encoded.
    Encoded(Encoder),
    /// It is masked and shown to the observer.
    Shown,
    /// It is noted what was seen in it, and it goes.
    Noted(Recorder),
}

/// Plan, mask, encode, record.
pub(super) struct Writer<'a> {
    job: &'a Job,
    end: End,
    /// Whether a failing detector counts here: not where it was counted by the first of two passes.
    searches: bool,
    steady: Steady,
    masker: Masker,
    observer: &'a mut dyn Observer,
    written: Written,
    detector_faults: u64,
}

impl<'a> Writer<'a> {
    /// Starts the encoder, where there is a file to encode into.
    pub(super) fn open(
        job: &'a Job,
        way: &Way<'_>,
        observer: &'a mut dyn Observer,
    ) -> Result<Self, JobError> {
        let stall = Duration::from_secs_f64(job.site.limits.stall_secs);
        let end = match way {
            Way::Analyse => End::Noted(Recorder::default()),
            Way::Once(None) | Way::Render(_, None) => End::Shown,
            Way::Once(Some(file)) | Way::Render(_, Some(file)) => {
                End::Encoded(Encoder::open(file, job.container, &job.site.encode, stall, &job.interrupt)?)
            }
        };
        Ok(Self {
            job,
            end,
            searches: way.searches(),
            steady: Steady::default(),
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
        if let End::Noted(recorder) = &mut self.end {
            recorder.frame(stamp.pts_ns, size, &seen);
        }
        let (plan, seen) = match seen {
            Ok(mut seen) => {
                self.steady.settle(&mut seen.tracked, &self.job.site.track);
                (self.job.planner.plan(stamp, &seen).for_frame(size), seen)
            }
            Err(reason) => {
                let fault = matches!(reason, CoverReason::DetectorFault | CoverReason::AbsurdDetections);
                if fault && self.searches {
                    self.detector_faults += 1;
                    if self.detector_faults > self.job.site.limits.detector_faults {
                        return Err(JobError::DetectorFaults(self.detector_faults));
                    }
                }
                (FramePlan::Cover(reason), Observations::untracked(size, Vec::new()))
            }
        };
        let redacted = match self.end {
            End::Noted(_) => {
                drop(frame);
                None
            }
            End::Encoded(_) | End::Shown => Some(self.masker.redact(frame, &plan)),
        };
        let masked = Instant::now();
        let first_pts_ns = *self.written.first_pts_ns.get_or_insert(stamp.pts_ns);
        let pts_ns = stamp.pts_ns - first_pts_ns;
        let step = self.written.times_ns.last().map(|before| pts_ns - before);
        // A single picture that lasts no time at all would not be shown by players.
        let duration_ns = stamp.duration_ns.filter(|d| *d > 0).or(step).unwrap_or(SHORTEST_CLIP_NS);
        let rehearsed = match (&mut self.end, redacted) {
            (End::Encoded(encoder), Some(redacted)) => {
                encoder.push(redacted, pts_ns, Some(duration_ns))?;
                None
            }
            (_, redacted) => redacted,
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

    /// Ends the file; `kept` is of the whole clip.
    pub(super) fn finish(self, kept: Kept) -> Result<Written, JobError> {
        let Self { end, written, .. } = self;
        if written.times_ns.is_empty() {
            // Nothing went in, so there is nothing to finish; the caller knows why.
            return Ok(written);
        }
        let start = Instant::now();
        let noted = match end {
            End::Encoded(encoder) => {
                encoder.finish()?;
                None
            }
            End::Shown => None,
            End::Noted(recorder) => Some((recorder, kept)),
        };
        let encode_secs = written.encode_secs + start.elapsed().as_secs_f64();
        Ok(Written { encode_secs, noted, ..written })
    }
}
