//! The finished file, opened again: are all frames in it, at their times, and nothing else?

use super::encode::Container;
use super::partial::PartialFile;
use crate::interrupt::Interrupt;
use gst::prelude::*;
use gstreamer as gst;
use gstreamer_app as gst_app;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Presentation times in the file may differ from the planned ones by this much: containers count in ticks.
const TOLERANCE_NS: u64 = 1_000_000;

/// What is wrong with a written file.
#[derive(Debug, thiserror::Error)]
pub enum ReadBackError {
    /// It cannot be read.
    #[error("the written file cannot be read back: {0}")]
    Unreadable(String),
    /// Frames are missing or too many.
    #[error("the written file holds {found} frames instead of {wanted}")]
    Frames {
        /// In the file.
        found: u64,
        /// Handed to the encoder.
        wanted: u64,
    },
    /// A frame is shown at another time.
    #[error("frame {frame} of the written file is shown {off_ns} ns off its time")]
    Time {
        /// Which frame, from 0.
        frame: u64,
        /// How far off.
        off_ns: u64,
    },
    /// A stop was asked for.
    #[error("stopped on request")]
    Interrupted,
    /// Something besides one video stream.
    #[error("the written file holds {0} streams instead of one")]
    Streams(u64),
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct ReadBack {
    /// Frames in the file.
    pub frames: u64,
    /// Largest difference between a planned and a written presentation time, nanoseconds.
    pub largest_time_shift_ns: u64,
}

impl ReadBack {
    /// Counts the frames of a written file and compares each one's presentation time with `times_ns`.
    ///
    /// # Errors
    /// [`ReadBackError`] for the first thing that is wrong.
    pub fn check(
        file: &PartialFile,
        container: Container,
        times_ns: &[u64],
        stall: Duration,
        interrupt: &Interrupt,
    ) -> Result<Self, ReadBackError> {
        let fault = |e: gst::glib::BoolError| ReadBackError::Unreadable(e.message.to_string());
        let filesrc = gst::ElementFactory::make("filesrc")
            .property("location", file.location())
            .build()
            .map_err(fault)?;
        let demuxer = gst::ElementFactory::make(container.demuxer()).build().map_err(fault)?;
        let sink = gst_app::AppSink::builder().sync(false).max_buffers(64).enable_last_sample(false).build();
        let pipeline = gst::Pipeline::new();
        pipeline.add_many([&filesrc, &demuxer, sink.upcast_ref()]).map_err(fault)?;
        filesrc.link(&demuxer).map_err(fault)?;
        let streams = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&streams);
        let entry = sink.static_pad("sink");
        demuxer.connect_pad_added(move |_, pad| {
            counter.fetch_add(1, Ordering::AcqRel);
            if let Some(entry) = entry.as_ref().filter(|entry| !entry.is_linked()) {
                // A failure shows as an error of the stream on the bus.
                let _ = pad.link(entry);
            }
        });
        let found = if pipeline.set_state(gst::State::Playing).is_ok() {
            count(&pipeline, &sink, times_ns, stall, interrupt)
        } else {
            Err(ReadBackError::Unreadable("not started".into()))
        };
        let _ = pipeline.set_state(gst::State::Null);
        let found = found?;
        match streams.load(Ordering::Acquire) {
            1 => Ok(found),
            n => Err(ReadBackError::Streams(n)),
        }
    }
}

fn count(
    pipeline: &gst::Pipeline,
    sink: &gst_app::AppSink,
    times_ns: &[u64],
    stall: Duration,
    interrupt: &Interrupt,
) -> Result<ReadBack, ReadBackError> {
    let wanted = times_ns.len() as u64;
    let mut start = None;
    let mut frames = 0u64;
    let mut largest = 0;
    let mut waiting_since = Instant::now();
    loop {
        if interrupt.is_raised() {
            return Err(ReadBackError::Interrupted);
        }
        if let Some(sample) = sink.try_pull_sample(gst::ClockTime::from_mseconds(50)) {
            waiting_since = Instant::now();
            let pts = sample.buffer().and_then(|b| b.pts());
            let shown = sample
                .segment()
                .and_then(|s| s.downcast_ref::<gst::ClockTime>())
                .and_then(|s| s.to_running_time(pts))
                .map(gst::ClockTime::nseconds);
            if let (Some(shown), Some(planned)) =
                (shown, usize::try_from(frames).ok().and_then(|i| times_ns.get(i)))
            {
                let start = *start.get_or_insert(shown);
                let off_ns = shown.saturating_sub(start).abs_diff(planned - times_ns[0]);
                if off_ns > TOLERANCE_NS {
                    return Err(ReadBackError::Time { frame: frames, off_ns });
                }
                largest = largest.max(off_ns);
                frames += 1;
            } else {
                // A frame beyond the plan, or one that is never shown, is one too many or too few.
                frames += u64::from(shown.is_some());
            }
            continue;
        }
        if let Some(message) = pipeline.bus().and_then(|bus| bus.pop_filtered(&[gst::MessageType::Error]))
            && let gst::MessageView::Error(e) = message.view()
        {
            return Err(ReadBackError::Unreadable(e.error().to_string()));
        }
        if sink.is_eos() {
            break;
        }
        if waiting_since.elapsed() > stall {
            return Err(ReadBackError::Unreadable("reading does not end".into()));
        }
    }
    if frames == wanted {
        Ok(ReadBack { frames, largest_time_shift_ns: largest })
    } else {
        Err(ReadBackError::Frames { found: frames, wanted })
    }
}
