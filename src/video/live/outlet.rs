//! The way out: redacted frames to one encoder, its packets to all who watch, and to the disk.
//!
//! Nothing is encoded while nobody watches and nothing is recorded.

use super::metrics::{Counts, count};
use crate::config::EncodeSettings;
use crate::interrupt::Interrupt;
use crate::video::frame::RedactedFrame;
use crate::video::sink::{Mount, Packet, PacketEncoder, Recorder, SinkError, Taken, erase_older};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use jiff::{SignedDuration, Timestamp};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Packets that may wait for the disk: some seconds.
const WAITING_PACKETS: usize = 128;
/// How often old segments are looked for.
const ERASE_EVERY: Duration = Duration::from_secs(600);
/// After a fault nothing is recorded for so long: a disk that is full is so for a while, and every try begins with a
/// keyframe, which viewers pay for.
const RECORD_AGAIN: Duration = Duration::from_secs(5);
/// How often the same fault is told.
const TOLD_AGAIN: Duration = Duration::from_secs(600);
/// Least time between two frames' times, nanoseconds.
const STEP_NS: u64 = 1_000_000;

/// Where footage of a camera is recorded.
#[derive(Debug, Clone)]
pub struct RecordTo {
    /// The folder.
    pub folder: PathBuf,
    /// Days after which it is erased.
    pub days: u16,
    /// Length of a segment.
    pub segment: Duration,
}

/// One camera's way out.
pub(super) struct Outlet {
    settings: EncodeSettings,
    epoch: Instant,
    mount: Mount,
    counts: Arc<Counts>,
    disk: Option<Disk>,
    encoder: Option<PacketEncoder>,
    last_ns: u64,
}

/// The thread that records.
struct Disk {
    packets: Sender<Packet>,
    wants_keyframe: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Outlet {
    /// # Errors
    /// The recording thread cannot be started.
    pub(super) fn open(
        camera: &str,
        settings: EncodeSettings,
        epoch: Instant,
        mount: Mount,
        record: Option<RecordTo>,
        counts: &Arc<Counts>,
        interrupt: &Interrupt,
    ) -> std::io::Result<Self> {
        let disk = record.map(|to| Disk::start(camera, to, epoch, counts, interrupt)).transpose()?;
        Ok(Self { settings, epoch, mount, counts: Arc::clone(counts), disk, encoder: None, last_ns: 0 })
    }

    /// Shows a picture filmed at `at_ns`.
    pub(super) fn show(&mut self, picture: RedactedFrame, at_ns: u64) {
        if !self.mount.is_watched() && self.disk.is_none() {
            self.encoder = None;
            return;
        }
        if self.encoder.as_ref().is_some_and(|encoder| !encoder.fits(&picture)) {
            self.encoder = None;
        }
        if self.encoder.is_none() {
            match self.encoder() {
                Ok(encoder) => self.encoder = Some(encoder),
                Err(fault) => {
                    tracing::error!(%fault, "nothing can be encoded");
                    count(&self.counts.dropped);
                    return;
                }
            }
        }
        let wanted = self.mount.takes_keyframe()
            | self.disk.as_ref().is_some_and(|disk| disk.wants_keyframe.swap(false, Ordering::AcqRel));
        let Some(encoder) = self.encoder.as_mut() else { return };
        if wanted {
            encoder.ask_for_a_keyframe();
        }
        self.last_ns = at_ns.max(self.last_ns + STEP_NS);
        match encoder.push(picture, self.last_ns) {
            Ok(Taken::Yes) => {}
            Ok(Taken::Dropped) => count(&self.counts.dropped),
            Err(fault) => {
                tracing::error!(%fault, "the encoder failed and is made anew");
                count(&self.counts.dropped);
                self.encoder = None;
            }
        }
    }

    fn encoder(&self) -> Result<PacketEncoder, SinkError> {
        let (mount, counts, epoch) = (self.mount.clone(), Arc::clone(&self.counts), self.epoch);
        let disk = self.disk.as_ref().map(|disk| disk.packets.clone());
        PacketEncoder::open(&self.settings, move |packet| {
            mount.push(&packet);
            counts.delay.add(epoch.elapsed().saturating_sub(Duration::from_nanos(packet.at_ns())));
            if let Some(disk) = &disk
                && disk.try_send(packet).is_err()
            {
                count(&counts.record_faults);
            }
        })
    }

    /// Ends the recording and waits until its last segment has its name.
    pub(super) fn close(mut self) {
        self.encoder = None;
        if let Some(Disk { packets, thread, .. }) = self.disk.take() {
            drop(packets);
            // A thread that died leaves a hidden partial file, which the next run removes.
            let _ = thread.join();
        }
    }
}

impl Disk {
    fn start(
        camera: &str,
        to: RecordTo,
        epoch: Instant,
        counts: &Arc<Counts>,
        interrupt: &Interrupt,
    ) -> std::io::Result<Self> {
        let (packets, taken) = bounded(WAITING_PACKETS);
        let wants_keyframe = Arc::new(AtomicBool::new(true));
        let (camera, counts, wants) = (camera.to_owned(), Arc::clone(counts), Arc::clone(&wants_keyframe));
        let interrupt = interrupt.clone();
        let name = format!("record-{camera}");
        let work = move || record(&camera, &to, epoch, &taken, &wants, &counts, &interrupt);
        let thread = std::thread::Builder::new().name(name).spawn(work)?;
        Ok(Self { packets, wants_keyframe, thread })
    }
}

/// Writes packets into segments until there are no more.
fn record(
    camera: &str,
    to: &RecordTo,
    epoch: Instant,
    packets: &Receiver<Packet>,
    wants_keyframe: &AtomicBool,
    counts: &Counts,
    interrupt: &Interrupt,
) {
    let mut recorder = Recorder::new(&to.folder, camera, to.segment);
    let mut erased: Option<Instant> = None;
    let mut faults = Faults::default();
    loop {
        if erased.is_none_or(|at| at.elapsed() > ERASE_EVERY) {
            let gone = erase_older(&to.folder, camera, to.days, Timestamp::now());
            if gone > 0 {
                tracing::info!(camera, gone, "segments erased after their time of retention");
            }
            erased = Some(Instant::now());
        }
        match packets.recv_timeout(Duration::from_millis(200)) {
            Ok(_) if faults.rests() => count(&counts.record_faults),
            Ok(packet) => {
                let ago = epoch.elapsed().saturating_sub(Duration::from_nanos(packet.at_ns()));
                let ago = SignedDuration::try_from(ago).unwrap_or_default();
                let filmed = Timestamp::now() - ago;
                if !packet.is_key() && recorder.wants_keyframe(packet.at_ns()) {
                    wants_keyframe.store(true, Ordering::Release);
                }
                match recorder.push(&packet, filmed) {
                    Ok(()) if recorder.is_writing() => faults.over(camera),
                    Ok(()) => {}
                    Err(fault) => faults.note(camera, &to.folder, &fault, counts),
                }
            }
            Err(RecvTimeoutError::Timeout) if !interrupt.is_raised() => {}
            Err(_) => break,
        }
    }
    if let Err(fault) = recorder.finish() {
        faults.note(camera, &to.folder, &fault, counts);
    }
}

/// What goes wrong with recording: told once, not with every packet.
#[derive(Default)]
struct Faults {
    last: Option<(String, Instant)>,
    rests_until: Option<Instant>,
}

impl Faults {
    /// Whether it is too early to try again.
    fn rests(&self) -> bool {
        self.rests_until.is_some_and(|until| Instant::now() < until)
    }

    fn note(&mut self, camera: &str, folder: &std::path::Path, fault: &SinkError, counts: &Counts) {
        count(&counts.record_faults);
        self.rests_until = Some(Instant::now() + RECORD_AGAIN);
        let said = if folder.is_dir() {
            fault.to_string()
        } else {
            // Not made anew: where a disk was mounted there, footage would come to lie on another one.
            format!("the folder {} is gone; mount or make it again, and recording goes on", folder.display())
        };
        let known = |(before, at): &(String, Instant)| *before == said && at.elapsed() < TOLD_AGAIN;
        if !self.last.as_ref().is_some_and(known) {
            tracing::error!(camera, fault = said, "a segment is lost; recording is tried again");
            self.last = Some((said, Instant::now()));
        }
    }

    fn over(&mut self, camera: &str) {
        // A little is written before a full disk says that it is full.
        let steady = self.rests_until.is_some_and(|until| until.elapsed() > RECORD_AGAIN);
        if steady && self.last.take().is_some() {
            tracing::info!(camera, "recording goes on");
        }
    }
}
