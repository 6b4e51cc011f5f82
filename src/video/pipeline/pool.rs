//! Detector workers: each owns its networks, takes any waiting frame and gives it back with what it saw.

use super::empty::EmptyScene;
use crate::interrupt::Interrupt;
use crate::video::detect::{DetectError, Detector, DetectorFactory, Look, absurd};
use crate::video::frame::RawFrame;
use crate::video::plan::{CoverReason, Detection};
use crate::video::scene::{Difference, SmallPicture};
use crossbeam_channel::{Receiver, Sender};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

/// A frame on its way to a worker.
pub(super) struct Task {
    /// Position in the output, from 0.
    pub(super) seq: u64,
    pub(super) frame: RawFrame,
    pub(super) look: Look,
    /// It at a fraction of its size, where that is wanted and the picture can be trusted.
    pub(super) small: Option<SmallPicture>,
}

/// A frame that a worker is done with.
pub(super) struct Looked {
    pub(super) seq: u64,
    pub(super) frame: RawFrame,
    pub(super) look: Look,
    /// What was seen, or why the frame must be covered.
    pub(super) seen: Result<Vec<Detection>, CoverReason>,
    /// How far it differs from the empty scene, where there is one to compare with and the picture can be trusted.
    pub(super) difference: Option<Difference>,
}

impl Looked {
    /// A frame that goes by what is known of it already.
    pub(super) fn passed_on(task: Task) -> Self {
        let Task { seq, frame, look, .. } = task;
        let seen = frame.damage().map_or(Ok(Vec::new()), |damage| Err(CoverReason::from(damage)));
        Self { seq, frame, look, seen, difference: None }
    }
}

/// Nanoseconds that the stages worked, summed over their threads.
#[derive(Debug, Default)]
pub(super) struct Clock {
    pub(super) decode: AtomicU64,
    pub(super) detect: AtomicU64,
}

/// Runs `work` and adds its time to `sum`.
pub(super) fn timed<T>(sum: &AtomicU64, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    sum.fetch_add(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    result
}

/// Starts `workers` threads between two channels. A worker that cannot load its networks says so and ends.
pub(super) fn start(
    workers: usize,
    factory: &Arc<dyn DetectorFactory>,
    scene: Option<&Arc<EmptyScene>>,
    tasks: &Receiver<Task>,
    results: &Sender<Result<Looked, DetectError>>,
    clock: &Arc<Clock>,
    interrupt: &Interrupt,
) -> std::io::Result<Vec<JoinHandle<()>>> {
    (0..workers)
        .map(|i| {
            let (factory, tasks, results) = (Arc::clone(factory), tasks.clone(), results.clone());
            let (clock, interrupt, scene) = (Arc::clone(clock), interrupt.clone(), scene.cloned());
            std::thread::Builder::new().name(format!("detect-{i}")).spawn(move || {
                let mut detector = match factory.make() {
                    Ok(detector) => detector,
                    Err(fault) => {
                        // Nobody listens any more where the job has already failed.
                        let _ = results.send(Err(fault));
                        return;
                    }
                };
                for task in tasks {
                    let looked = timed(&clock.detect, || look_at(detector.as_mut(), scene.as_deref(), task));
                    if interrupt.is_raised() || results.send(Ok(looked)).is_err() {
                        return;
                    }
                }
            })
        })
        .collect()
}

fn look_at(detector: &mut dyn Detector, scene: Option<&EmptyScene>, task: Task) -> Looked {
    let Task { seq, frame, look, small } = task;
    let seen = if let Some(damage) = frame.damage() {
        // The picture will be covered whole; looking at it could only mislead.
        Err(CoverReason::from(damage))
    } else if look.searches() {
        match detector.detect(&frame, &look) {
            Ok(found) if absurd(&found, frame.size()) => Err(CoverReason::AbsurdDetections),
            Ok(found) => Ok(found),
            Err(fault) => {
                tracing::warn!(frame = frame.index(), %fault, "covered: the detector failed");
                Err(CoverReason::DetectorFault)
            }
        }
    } else {
        Ok(Vec::new())
    };
    let difference = scene.zip(small).map(|(empty, small)| empty.scene.compare(&small));
    Looked { seq, frame, look, seen, difference }
}
