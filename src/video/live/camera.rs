//! The way in: one camera's frames, for as long as the service runs.
//!
//! A straight line from connecting to the last frame ([`run_once`]) within the loop that tries again ([`run`]). Frames
//! are put on a short queue on which the newest wins.

use super::backoff::Backoff;
use super::clock::{Clock, Placed};
use super::metrics::{Counts, count};
use crate::config::LimitSettings;
use crate::geometry::FrameSize;
use crate::interrupt::Interrupt;
use crate::video::frame::{Damage, RawFrame};
use crate::video::source::{Clip, Source, SourceError, StreamFeed, Taker};
use crossbeam_channel::{Receiver, Sender, TrySendError};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A camera that sends nothing for so long is gone, seconds. Half of it is what `rtspsrc` itself takes to notice.
pub const SILENCE_SECS: f64 = 5.0;
/// A camera that has sent for so long was there: the next wait is a short one again.
const STEADY: Duration = Duration::from_secs(20);
/// Longest sleep before somebody looks whether to stop.
const NAP: Duration = Duration::from_millis(50);

/// Where frames come from.
#[derive(Debug, Clone)]
pub enum LiveSource {
    /// A camera.
    Stream(StreamFeed),
    /// A clip, over and over at its own pace.
    Clip(Arc<Clip>),
}

/// A frame on its way in.
pub(super) struct Incoming {
    pub(super) frame: RawFrame,
    /// When it was filmed, nanoseconds on the service's clock.
    pub(super) at_ns: u64,
    /// Which connection it came by, from 1.
    pub(super) connection: u64,
    /// The camera's clock has jumped here.
    pub(super) jumped: bool,
}

/// What is known of the camera when no frame comes.
#[derive(Debug, Clone, Default)]
pub(super) struct Link {
    /// Why there is no connection; none while there is one.
    pub(super) gone: Option<&'static str>,
}

/// One camera's way in.
pub(super) struct Camera {
    pub(super) id: String,
    pub(super) source: LiveSource,
    pub(super) limits: LimitSettings,
    /// Size of the picture that the camera's regions were drawn on.
    pub(super) drawn_on: FrameSize,
    pub(super) epoch: Instant,
    pub(super) queue: Sender<Incoming>,
    /// The other end of the queue, to take the oldest off where it is full.
    pub(super) oldest: Receiver<Incoming>,
    pub(super) link: Arc<Mutex<Link>>,
    pub(super) counts: Arc<Counts>,
    pub(super) interrupt: Interrupt,
}

/// Brings frames until the service stops.
pub(super) fn run(mut camera: Camera) {
    camera.limits.stall_secs = SILENCE_SECS;
    let mut backoff = Backoff::default();
    let mut taker = Taker::default();
    let mut connection = 0;
    let mut last_fault = String::new();
    while !camera.interrupt.is_raised() {
        connection += 1;
        let began = Instant::now();
        let fault = run_once(&camera, connection, &mut taker);
        camera.counts.connected.store(false, Ordering::Release);
        if camera.interrupt.is_raised() {
            return;
        }
        let Err(fault) = fault else {
            // A clip is over and begins anew.
            continue;
        };
        count(&camera.counts.reconnects);
        camera.tell(Some(words(&fault)));
        if began.elapsed() > STEADY {
            backoff.reset();
        }
        let wait = backoff.next_wait();
        let said = fault.to_string();
        // The same once more is no news.
        if said == last_fault {
            tracing::debug!(camera = camera.id, fault = said, "still no picture");
        } else {
            tracing::warn!(camera = camera.id, fault = said, "no picture; trying again");
        }
        last_fault = said;
        nap_until(Instant::now() + wait, &camera.interrupt);
    }
}

/// What viewers are told.
fn words(fault: &SourceError) -> &'static str {
    match fault {
        SourceError::Stream(said) if said.contains("certificate") => "THE CAMERA IS NOT TRUSTED",
        SourceError::Stream(said) if said.contains("password") => "THE CAMERA REFUSES",
        _ => "NO PICTURE FROM THE CAMERA",
    }
}

fn nap_until(until: Instant, interrupt: &Interrupt) {
    while !interrupt.is_raised() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        std::thread::sleep(left.min(NAP));
    }
}

/// One connection, from its first frame to what ended it.
fn run_once(camera: &Camera, connection: u64, taker: &mut Taker) -> Result<(), SourceError> {
    let before = std::mem::take(taker);
    let mut source = match &camera.source {
        LiveSource::Stream(feed) => Source::connect(feed, before, &camera.limits, &camera.interrupt)?,
        LiveSource::Clip(clip) => Source::open(clip, &camera.limits, &camera.interrupt)?,
    };
    let mut fits = true;
    let ended = frames(camera, connection, &mut source, &mut fits);
    // Pictures of a shape that will not be shown are no measure for those of the next connection.
    *taker = if fits { source.into_taker() } else { Taker::default() };
    ended
}

fn frames(camera: &Camera, connection: u64, source: &mut Source, fits: &mut bool) -> Result<(), SourceError> {
    let mut clock = Clock::default();
    let mut began = None;
    while let Some(mut frame) = source.next_frame()? {
        if let LiveSource::Clip(_) = camera.source {
            let began = *began.get_or_insert_with(Instant::now);
            nap_until(began + Duration::from_nanos(frame.pts_ns()), &camera.interrupt);
        }
        count(&camera.counts.frames_in);
        *fits = frame.size().same_aspect(camera.drawn_on);
        if !camera.counts.connected.swap(true, Ordering::AcqRel) {
            tracing::info!(camera = camera.id, size = %frame.size(), "pictures come");
            camera.tell(None);
        }
        let now_ns = u64::try_from(camera.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let (at_ns, jumped) = match clock.place(frame.pts_ns(), now_ns) {
            Placed::At(at_ns) => (at_ns, false),
            Placed::Jumped(at_ns) => (at_ns, true),
            Placed::Late => {
                count(&camera.counts.dropped);
                continue;
            }
        };
        frame.stamp.pts_ns = at_ns;
        if jumped {
            frame.damage = frame.damage.or(Some(Damage::Restamped));
        }
        if !camera.send(Incoming { frame, at_ns, connection, jumped }) {
            return Ok(());
        }
    }
    Ok(())
}

impl Camera {
    fn tell(&self, gone: Option<&'static str>) {
        self.link.lock().unwrap_or_else(PoisonError::into_inner).gone = gone;
    }

    /// Puts a frame on the queue; where it is full the oldest goes. False where nobody takes frames any more.
    fn send(&self, mut incoming: Incoming) -> bool {
        loop {
            incoming = match self.queue.try_send(incoming) {
                Ok(()) => return true,
                Err(TrySendError::Full(incoming)) => incoming,
                Err(TrySendError::Disconnected(_)) => return false,
            };
            if self.oldest.try_recv().is_ok() {
                count(&self.counts.dropped);
            }
        }
    }
}
