//! The threads of one job and the channels between them.

use super::cadence::Hold;
use super::job::{Job, JobError, Observer, spawn};
use super::pace::{Must, Pace};
use super::passes::{Guide, Way};
use super::pool::{self, Clock, Looked, Task, timed};
use super::ring;
use super::writer::{Writer, Written};
use crate::video::detect::{DetectError, Look};
use crate::video::frame::{RawFrame, Stamp};
use crate::video::scene::SmallPicture;
use crate::video::source::{Decoded, Source, SourceError, Window};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long threads of a failed job may take to notice: a detector's last frame, or the decoder's.
const LAST_FRAME: Duration = Duration::from_secs(3);

/// Bytes of decoded pictures that may be under way, as far as the stages can do with less than a frame each.
const UNDER_WAY_BYTES: usize = 512 << 20;

/// Of so many permits, those that pictures of `frame_bytes` leave unused.
fn surplus(permits: usize, least: usize, frame_bytes: usize) -> usize {
    permits - (UNDER_WAY_BYTES / frame_bytes.max(1)).max(least).min(permits)
}

/// The threads of one job.
pub(super) struct Run {
    results: Option<Receiver<Result<Looked, DetectError>>>,
    permits: Option<Sender<()>>,
    decoder: Option<JoinHandle<DecodeEnd>>,
    workers: Vec<JoinHandle<()>>,
    pub(super) clock: Arc<Clock>,
    decode_end: Option<DecodeEnd>,
}

impl Run {
    pub(super) fn start(job: &Job, way: &Way<'_>) -> Result<Self, JobError> {
        let detect = &job.site.detect;
        let workers = match detect.workers {
            _ if !way.searches() => 0,
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            n => n,
        };
        let pace = way.searches().then(|| Pace::of(job, way));
        let longest_hold = pace.as_ref().map_or(1, Pace::longest_wait);
        // Each worker one frame at work and one waiting, and as many as the cadence holds back.
        let at_work = 2 * workers + longest_hold + 2;
        let under_way = at_work + ring::MOST_FRAMES + 1;
        let (permits, take_permit) = bounded(under_way);
        for _ in 0..under_way {
            permits.send(()).map_err(|_| JobError::Thread("permits".into()))?;
        }
        // A decoder that runs ahead of the networks would only fill memory.
        let (task_in, tasks) = bounded::<Task>(2 * workers.max(1));
        let (result_in, results) = bounded(under_way + workers);
        let clock = Arc::new(Clock::default());
        let searches = way.searches();
        let workers = pool::start(
            workers,
            &job.detectors,
            job.scene.as_ref(),
            &tasks,
            &result_in,
            &clock,
            &job.interrupt,
        )
        .map_err(|e| JobError::Thread(e.to_string()))?;
        let hand_on = move |task| match searches {
            true => task_in.send(task).is_ok(),
            false => result_in.send(Ok(Looked::passed_on(task))).is_ok(),
        };
        let decoder = {
            let (clip, clock) = (Arc::clone(&job.clip), Arc::clone(&clock));
            let (limits, interrupt, window) = (job.site.limits.clone(), job.interrupt.clone(), job.window);
            let mut pace = pace;
            let width_px = job.site.scene.width_px;
            let wants_small = job.scene.is_some() || pace.as_ref().is_some_and(Pace::glances);
            let mut task = move |seq: u64, frame: RawFrame, last: bool| {
                let Some(pace) = pace.as_mut() else {
                    return Task { seq, frame, look: Look::EVERYTHING, small: None };
                };
                let wanted = wants_small && frame.damage().is_none();
                let small = wanted.then(|| SmallPicture::of(&frame, width_px));
                let must = Must { persons: last, faces: last };
                let look = pace.look(seq, &frame, small.as_ref(), must);
                Task { seq, frame, look, small }
            };
            spawn("decode", move || match Source::open(&clip, &limits, &interrupt) {
                Ok(source) => {
                    let surplus = |bytes| surplus(under_way, longest_hold + 3 + ring::capacity(bytes), bytes);
                    decode(source, window, &mut task, &surplus, &take_permit, &hand_on, &clock)
                }
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
    pub(super) fn work(
        &mut self,
        job: &Job,
        way: &Way<'_>,
        observer: &mut dyn Observer,
    ) -> Result<Written, JobError> {
        let stall = Duration::from_secs_f64(job.site.limits.stall_secs);
        let mut writer = Writer::open(job, way, observer)?;
        let (Some(results), Some(permits)) = (self.results.as_ref(), self.permits.as_ref()) else {
            return Err(JobError::Thread("started twice".into()));
        };
        let mut early: BTreeMap<u64, Looked> = BTreeMap::new();
        let mut hold = Hold::default();
        let mut guide = Guide::new(job, way);
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
                            for ready in guide.push(ready)? {
                                writer.write(ready)?;
                                // A decoder that has ended takes no permit.
                                let _ = permits.try_send(());
                            }
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
            for ready in guide.push(ready)? {
                writer.write(ready)?;
            }
        }
        for ready in guide.flush()? {
            writer.write(ready)?;
        }
        self.join()?;
        let end = self.decode_end.as_ref();
        let mut written = writer.finish(guide.into_kept())?;
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
    pub(super) fn stop(&mut self, worked: bool) -> Option<(Decoded, Result<(), SourceError>)> {
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

/// What the decoding thread leaves behind.
struct DecodeEnd {
    decoded: Decoded,
    end: Result<(), SourceError>,
    last: Option<Stamp>,
    stopped_early: bool,
}

/// Decodes, keeps what lies in the window and hands it to the detectors.
fn decode(
    mut source: Source,
    window: Window,
    task: &mut dyn FnMut(u64, RawFrame, bool) -> Task,
    surplus: &dyn Fn(usize) -> usize,
    permits: &Receiver<()>,
    hand_on: &dyn Fn(Task) -> bool,
    clock: &Clock,
) -> DecodeEnd {
    let mut seq = 0;
    let mut last = None;
    let mut stopped_early = false;
    let mut held: Option<RawFrame> = None;
    // False where nobody takes frames any more: another stage failed and says why.
    let mut send = |frame: RawFrame, is_last: bool| {
        let task = timed(&clock.detect, || task(seq, frame, is_last));
        let taken = permits.recv().is_ok() && hand_on(task);
        seq += 1;
        taken
    };
    let end = loop {
        match timed(&clock.decode, || source.next_frame()) {
            Ok(Some(frame)) => {
                if last.is_none() {
                    // Large pictures: permits that are taken and never used.
                    permits.try_iter().take(surplus(frame.byte_len())).for_each(drop);
                }
                last = Some(frame.stamp);
                let over = window.is_after(frame.pts_ns());
                // A frame waits for its successor, which decides whether it is the one that `--from` means.
                if let Some(before) = held.as_mut() {
                    // What a source says of it need not be so where frames do not come at one rate.
                    before.stamp.duration_ns = Some(frame.pts_ns() - before.pts_ns());
                }
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
        // The last picture stays for as long as it lasts; a window that begins later is empty.
        if !window.is_before(Some(frame.stamp.until_ns())) {
            send(frame, true);
        }
    }
    DecodeEnd { decoded: source.decoded(), end, last, stopped_early }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_pictures_use_fewer_permits() {
        assert_eq!(surplus(8, 3, 2 << 20), 0);
        assert_eq!(surplus(66, 3, 53 << 20), 66 - 9);
        assert_eq!(surplus(66, 12, 53 << 20), 66 - 12, "the cadence needs twelve");
        assert_eq!(surplus(2, 3, usize::MAX), 0);
    }
}
