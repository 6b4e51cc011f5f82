//! One pool of detectors for all cameras: each camera has a place on the board for its newest frame, and whoever is free
//! takes the frame of the camera that has waited longest. What nobody came to look at is taken down and its look owed by
//! the next frame, never queued; so under load looks come farther apart by themselves, and the newest frame wins.

use crate::interrupt::Interrupt;
use crate::video::detect::{DetectError, DetectorFactory, Look, absurd};
use crate::video::frame::RawFrame;
use crate::video::pipeline::Seen;
use crate::video::plan::CoverReason;
use crossbeam_channel::Sender;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// After a look, the next one at the same camera begins as many times later than it took as there are cameras to a core,
/// once at least and so many times at most: where cores are short, fewer looks that come in time tell more than many that
/// come late ...
const STRETCH: f64 = 2.0;
/// ... but never later than this, or frames between two of them are too far from both.
const LONGEST_REST: Duration = Duration::from_millis(300);
/// How much of a long look counts at the next one.
const FADES: f64 = 0.8;
/// A look that takes longer than this shows that cores are short.
const STRAIN: Duration = Duration::from_millis(100);
/// How much detectors stand back behind decoding, masking and encoding: steps of nice(2).
const STAND_BACK: i32 = 5;

/// What one look came to.
pub(super) struct Looked {
    pub(super) at_ns: u64,
    pub(super) seen: Seen,
    pub(super) took: Duration,
}

/// A frame that waits to be looked at.
struct Task {
    frame: Arc<RawFrame>,
    at_ns: u64,
    look: Look,
}

/// One camera's place.
struct Place {
    waiting: Option<Task>,
    /// Since when a detector is at it.
    busy: Option<Instant>,
    /// When the last look began.
    last: Option<Instant>,
    /// How long those that are done took of late.
    took: Duration,
    results: Sender<Looked>,
}

impl Place {
    /// Least time from the beginning of one look to that of the next.
    fn rest(&self, least: Duration, stretch: f64) -> Duration {
        least.max(self.took.mul_f64(stretch).min(LONGEST_REST))
    }
}

struct State {
    places: Vec<Place>,
    closed: bool,
}

/// The board.
pub(super) struct Board {
    state: Mutex<State>,
    bell: Condvar,
    /// Least time from one look at a camera to the next.
    rest: Duration,
    /// Time from one to the next, in the times that looks take.
    stretch: f64,
}

impl Board {
    /// A place for each of these; every camera's looks go to its own channel. A camera is not looked at more often than
    /// once in `rest`, and where looks take long, as seldom as so many cores ask for.
    pub(super) fn new(results: Vec<Sender<Looked>>, rest: Duration, cores: usize) -> Self {
        let stretch = (results.len() as f64 / cores.max(1) as f64).clamp(1.0, STRETCH);
        let place = |results| Place { waiting: None, busy: None, last: None, took: Duration::ZERO, results };
        let state = State { places: results.into_iter().map(place).collect(), closed: false };
        Self { state: Mutex::new(state), bell: Condvar::new(), rest, stretch }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a camera's newest frame up, in the place of one that was there.
    pub(super) fn post(&self, camera: usize, frame: Arc<RawFrame>, at_ns: u64, look: Look) {
        if let Some(place) = self.lock().places.get_mut(camera) {
            place.waiting = Some(Task { frame, at_ns, look });
        }
        self.bell.notify_one();
    }

    /// Takes a frame of a camera down that nobody came for, filmed at `until_ns` or before; gives its time and its look.
    pub(super) fn withdraw(&self, camera: usize, until_ns: u64) -> Option<(u64, Look)> {
        let mut state = self.lock();
        let waiting = &mut state.places.get_mut(camera)?.waiting;
        let task = waiting.take_if(|task| task.at_ns <= until_ns)?;
        Some((task.at_ns, task.look))
    }

    /// Whether looks at this camera take so long that there should be less to them.
    pub(super) fn is_strained(&self, camera: usize) -> bool {
        self.lock().places.get(camera).is_some_and(|place| place.took > STRAIN)
    }

    /// How long the longest look now takes already.
    pub(super) fn longest_look(&self) -> Duration {
        let state = self.lock();
        state
            .places
            .iter()
            .filter_map(|place| place.busy)
            .map(|since| since.elapsed())
            .max()
            .unwrap_or_default()
    }

    /// Sends everybody home.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.bell.notify_all();
    }

    /// The next frame to look at; none when the board is closed.
    fn take(&self) -> Option<(usize, Task, Sender<Looked>)> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            let rested = |place: &Place| {
                place.last.is_none_or(|last| last.elapsed() >= place.rest(self.rest, self.stretch))
            };
            let ready = state
                .places
                .iter()
                .enumerate()
                .filter(|(_, place)| place.waiting.is_some() && place.busy.is_none() && rested(place));
            let longest = ready.min_by_key(|(_, place)| place.last).map(|(number, _)| number);
            if let Some(number) = longest
                && let Some(place) = state.places.get_mut(number)
                && let Some(task) = place.waiting.take()
            {
                let now = Instant::now();
                (place.busy, place.last) = (Some(now), Some(now));
                return Some((number, task, place.results.clone()));
            }
            // A rest that is over rings no bell.
            let waited = self.bell.wait_timeout(state, Duration::from_millis(10));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn done(&self, camera: usize) {
        if let Some(place) = self.lock().places.get_mut(camera) {
            let took = place.busy.take().map_or(Duration::ZERO, |since| since.elapsed());
            // A short one among long ones is no relief yet.
            place.took = took.max(place.took.mul_f64(FADES));
        }
        self.bell.notify_one();
    }
}

/// Starts detectors at a board.
///
/// # Errors
/// A detector cannot be made, or a thread not started: then nothing starts.
pub(super) fn start(
    workers: usize,
    factory: &dyn DetectorFactory,
    board: &Arc<Board>,
    interrupt: &Interrupt,
) -> Result<Vec<JoinHandle<()>>, DetectError> {
    let detectors = (0..workers).map(|_| factory.make()).collect::<Result<Vec<_>, _>>()?;
    let start = |(number, mut detector): (usize, Box<dyn crate::video::detect::Detector>)| {
        let (board, interrupt) = (Arc::clone(board), interrupt.clone());
        let work = move || {
            // Where this is not allowed, all have the same turn.
            let _ = rustix::process::nice(STAND_BACK);
            while let Some((camera, task, results)) = board.take() {
                let Task { frame, at_ns, look } = task;
                let start = Instant::now();
                let seen = match detector.detect(&frame, &look) {
                    Ok(found) if absurd(&found, frame.size()) => Err(CoverReason::AbsurdDetections),
                    Ok(found) => Ok(found),
                    Err(fault) => {
                        tracing::warn!(%fault, "covered: the detector failed");
                        Err(CoverReason::DetectorFault)
                    }
                };
                // Before the result is known: who hears of it may then mask the frame.
                drop(frame);
                // A camera that hears nothing any more has ended.
                let _ = results.try_send(Looked { at_ns, seen, took: start.elapsed() });
                board.done(camera);
                if interrupt.is_raised() {
                    return;
                }
            }
        };
        std::thread::Builder::new().name(format!("detect-{number}")).spawn(work)
    };
    let started: std::io::Result<Vec<_>> = detectors.into_iter().enumerate().map(start).collect();
    started.map_err(|e| DetectError::Run { model: "live".into(), reason: e.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::FrameSize;
    use crate::video::frame::{Colour, PixelFormat, Stamp};
    use crossbeam_channel::bounded;

    fn frame() -> Arc<RawFrame> {
        let stamp = Stamp { index: 0, pts_ns: 0, duration_ns: None };
        let size = FrameSize { width: 16, height: 16 };
        let frame = RawFrame::from_samples(PixelFormat::I420, size, Colour::BT601, stamp, vec![0; 384]);
        Arc::new(frame.expect("it fits"))
    }

    #[test]
    fn the_newest_is_taken_from_who_waited_longest() {
        let (result, _kept) = bounded(1);
        let board = Board::new(vec![result.clone(), result], Duration::ZERO, 1);
        board.post(0, frame(), 1, Look::EVERYTHING);
        board.post(0, frame(), 2, Look::EVERYTHING);
        let (camera, task, _) = board.take().expect("open");
        assert_eq!((camera, task.at_ns), (0, 2));
        board.post(0, frame(), 3, Look::EVERYTHING);
        board.post(1, frame(), 4, Look::EVERYTHING);
        assert_eq!(board.take().map(|(camera, ..)| camera), Some(1), "the first is being looked at");
        board.done(0);
        board.done(1);
        assert_eq!(board.withdraw(0, 2), None);
        assert_eq!(board.withdraw(0, 3), Some((3, Look::EVERYTHING)));
        board.post(1, frame(), 5, Look::EVERYTHING);
        assert_eq!(board.take().map(|(camera, ..)| camera), Some(1), "what was taken down is not looked at");
        board.close();
        assert!(board.take().is_none());
    }

    #[test]
    fn where_looks_take_long_they_come_less_often_but_not_too_seldom() {
        let least = Duration::from_millis(80);
        let (result, _kept) = bounded(1);
        let board = Board::new(vec![result.clone(); 2], least, 1);
        let after = |took_ms: u64| {
            board.lock().places[0].took = Duration::from_millis(took_ms);
            let rest = board.lock().places[0].rest(least, board.stretch);
            (rest.as_millis(), board.is_strained(0))
        };
        assert_eq!([after(20), after(60), after(120)], [(80, false), (120, false), (240, true)]);
        assert_eq!(after(900), (300, true));
        // Where every camera has cores of its own, the next look begins when the last one is done.
        let stretch = |cameras, cores| Board::new(vec![result.clone(); cameras], least, cores).stretch;
        assert_eq!([stretch(1, 8), stretch(2, 2), stretch(3, 2), stretch(9, 2)], [1.0, 1.0, 1.5, 2.0]);
        board.lock().places[0].busy = Some(Instant::now());
        board.done(0);
        assert!(board.is_strained(0), "one short look is no relief yet");
        (0..20).for_each(|_| board.done(0));
        assert!(!board.is_strained(0));
    }
}
