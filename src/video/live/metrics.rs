//! What one camera counts, shared between its threads and whoever asks.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Measurements of a kind that are kept, for quantiles: a minute of 25 frames a second.
const KEPT: usize = 1500;

/// Durations: those of late one by one, all of them as a sum.
#[derive(Debug, Default)]
pub struct Timings(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    latest: VecDeque<f32>,
    count: u64,
    secs: f64,
}

impl Timings {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, time: Duration) {
        let mut kept = self.lock();
        if kept.latest.len() >= KEPT {
            kept.latest.pop_front();
        }
        kept.latest.push_back(time.as_secs_f32());
        kept.count += 1;
        kept.secs += time.as_secs_f64();
    }

    /// How many there were since the start, and their sum in seconds.
    #[must_use]
    pub fn total(&self) -> (u64, f64) {
        let kept = self.lock();
        (kept.count, kept.secs)
    }

    /// The time, seconds, that this share of the latest ones did not exceed; none where there are none.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<f32> {
        let mut all: Vec<f32> = self.lock().latest.iter().copied().collect();
        let last = all.len().checked_sub(1)?;
        all.sort_by(f32::total_cmp);
        all.get((last as f64 * share.clamp(0.0, 1.0)).round() as usize).copied()
    }
}

/// One camera's counts, from the start of the service.
#[derive(Debug, Default)]
pub struct Counts {
    /// Frames that the camera sent.
    pub frames_in: AtomicU64,
    /// Frames shown with masks.
    pub masked: AtomicU64,
    /// Frames of which nothing was shown.
    pub covered: AtomicU64,
    /// Of these: because looks came too late.
    pub overloaded: AtomicU64,
    /// Frames in which all that had changed was hidden, because looks came late.
    pub hurried: AtomicU64,
    /// Pictures of words, while there is no frame.
    pub placards: AtomicU64,
    /// Frames that were too late, or more than could be masked or encoded.
    pub dropped: AtomicU64,
    /// Looks of detectors.
    pub looks: AtomicU64,
    /// Connections that broke off or could not be made.
    pub reconnects: AtomicU64,
    /// Persons hidden in the latest frame.
    pub persons: AtomicU64,
    /// Segments that could not be written.
    pub record_faults: AtomicU64,
    /// Whether the camera sends.
    pub connected: AtomicBool,
    /// Whether the camera looks elsewhere than on its references.
    pub moved: AtomicBool,
    /// From a frame's arrival to its packet's way to viewers.
    pub delay: Timings,
    /// Detectors at work on one frame.
    pub detector: Timings,
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_latest() {
        let timings = Timings::default();
        assert_eq!(timings.quantile(0.5), None);
        (0..3000).for_each(|ms| timings.add(Duration::from_millis(ms)));
        let near = |share, secs: f32| (timings.quantile(share).expect("some") - secs).abs() < 0.002;
        assert!(near(0.0, 1.5) && near(0.5, 2.25) && near(1.0, 2.999));
        let (count, secs) = timings.total();
        assert_eq!(count, 3000);
        assert!((secs - 4498.5).abs() < 0.1, "the sum is of all: {secs}");
    }
}
