//! The service: every camera's threads, the pool of detectors, the server.

use super::board::{self, Board};
use super::camera::{self, Camera, LiveSource};
use super::keeper::Keeper;
use super::metrics::Counts;
use super::outlet::{Outlet, RecordTo};
use crate::config::{Preset, Site, TrackSettings};
use crate::geometry::{FrameSize, UnitPolygon};
use crate::interrupt::Interrupt;
use crate::video::detect::{DetectError, DetectorFactory};
use crate::video::pipeline::EmptyScene;
use crate::video::plan::Planner;
use crate::video::sink::{Identity, Login, Mount, PublishError, Publisher, Watch};
use crossbeam_channel::bounded;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Frames that may wait before their keeper.
const QUEUE_FRAMES: usize = 8;
/// Least time from one look at a camera to the next: more would find nobody else.
const LOOK_REST: Duration = Duration::from_millis(80);
/// A keeper that did nothing for so long hangs, and so does a detector.
const HANGS: Duration = Duration::from_secs(10);
/// Masks of a live stream are larger by at least so much: shares of the box, and pixels.
const LIVE_MARGIN: (f32, f32) = (0.2, 8.0);
/// Those who are not surely somebody, and those who are by the number of sightings alone, keep their masks and are found
/// again for so long at least, seconds. Looks are up to twice as far apart as in clips, and nobody who is found later is
/// known now.
const LIVE_HOLD_S: (f32, f32) = (0.6, 0.8);
const LIVE_MEMORY_S: (f32, f32) = (1.2, 1.6);

/// One camera of the service.
pub struct LiveCamera {
    /// Its id, and its mount's name.
    pub id: String,
    /// Where its frames come from.
    pub source: LiveSource,
    /// Size of the picture that its regions were drawn on.
    pub frame: FrameSize,
    /// What is hidden.
    pub planner: Arc<dyn Planner>,
    /// What it shows with nobody in it, where that is known.
    pub scene: Option<Arc<EmptyScene>>,
    /// Where that is not known: frames are compared with what most of the stream shows, but for these places. None for a
    /// camera that moves.
    pub own_scene: Option<Vec<Arc<UnitPolygon>>>,
    /// Where masked footage is recorded, if at all.
    pub record: Option<RecordTo>,
}

/// What all cameras share.
pub struct LiveSettings {
    /// How to detect, mask and encode.
    pub site: Site,
    /// From a frame's arrival until it is shown.
    pub delay: Duration,
    /// A frame is never shown farther than this from the nearest look of a detector; nearer than that, but not near, only
    /// what is as it was there.
    pub mask_age: Duration,
    /// Where viewers connect.
    pub address: SocketAddr,
    /// What they have to say.
    pub login: Option<Login>,
    /// What TLS towards them is spoken with, if at all.
    pub identity: Option<Identity>,
    /// Told of every viewer.
    pub watch: Watch,
}

/// Why the service cannot start, or has to end.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// A detector cannot be made.
    #[error(transparent)]
    Detect(#[from] DetectError),
    /// Nothing can be published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// A thread could not be started.
    #[error("a thread cannot be started: {0}")]
    Thread(#[from] std::io::Error),
    /// A thread ended or hangs.
    #[error("{0}; the service ends, so that it can be started again")]
    Broken(String),
}

/// The service at work.
pub struct Live {
    epoch: Instant,
    cameras: Vec<Running>,
    board: Arc<Board>,
    workers: Vec<JoinHandle<()>>,
    publisher: Publisher,
    interrupt: Interrupt,
}

struct Running {
    id: String,
    mount: Mount,
    counts: Arc<Counts>,
    heartbeat: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

/// The settings of a site as live streams need them: generous masks, tracks that outlast the time between looks, and the
/// fast preset in the place of the balanced one (a ninth more data for two fifths less of the encoder's work): what the
/// encoder takes, the detectors lack.
#[must_use]
pub fn for_live(site: &Site) -> Site {
    let mut site = site.clone();
    site.mask.margin = site.mask.margin.max(LIVE_MARGIN.0);
    site.mask.margin_px = site.mask.margin_px.max(LIVE_MARGIN.1);
    if site.encode.preset == Preset::Balanced {
        site.encode.preset = Preset::Fast;
    }
    let track = &mut site.track;
    *track = TrackSettings {
        tentative_hold_s: track.tentative_hold_s.max(LIVE_HOLD_S.0),
        tentative_memory_s: track.tentative_memory_s.max(LIVE_MEMORY_S.0),
        dense_hold_s: track.dense_hold_s.max(LIVE_HOLD_S.1),
        dense_memory_s: track.dense_memory_s.max(LIVE_MEMORY_S.1),
        smooth_s: track.smooth_s.max(0.12),
        ..track.clone()
    };
    site
}

impl Live {
    /// Starts everything; cameras are connected to meanwhile.
    ///
    /// # Errors
    /// [`LiveError`]; nothing runs then.
    pub fn start(
        cameras: Vec<LiveCamera>,
        settings: LiveSettings,
        detectors: &dyn DetectorFactory,
        interrupt: &Interrupt,
    ) -> Result<Self, LiveError> {
        let LiveSettings { site, delay, mask_age, address, login, identity, watch } = settings;
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        // One look at a time for each camera, so no queue of them.
        let (results, looks): (Vec<_>, Vec<_>) = cameras.iter().map(|_| bounded(4)).unzip();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let board = Arc::new(Board::new(results, LOOK_REST, cores));
        let workers = match site.detect.workers {
            0 => cores.min(cameras.len()),
            n => n,
        };
        let workers = board::start(workers, detectors, &board, interrupt)?;
        let names: Vec<&str> = cameras.iter().map(|camera| camera.id.as_str()).collect();
        let (publisher, mounts) = Publisher::open(address, &names, login.as_ref(), identity, watch)?;
        let epoch = Instant::now();
        let mut live =
            Self { epoch, cameras: Vec::new(), board, workers, publisher, interrupt: interrupt.clone() };
        for (number, ((camera, mount), looked)) in cameras.into_iter().zip(mounts).zip(looks).enumerate() {
            let LiveCamera { id, source, frame, planner, scene, own_scene, record } = camera;
            let (queue, queued) = bounded(QUEUE_FRAMES);
            let counts = Arc::new(Counts::default());
            let heartbeat = Arc::new(AtomicU64::new(0));
            let link = Arc::default();
            let way_in = Camera {
                id: id.clone(),
                source,
                limits: site.limits.clone(),
                drawn_on: frame,
                epoch,
                queue,
                oldest: queued.clone(),
                link: Arc::clone(&link),
                counts: Arc::clone(&counts),
                interrupt: interrupt.clone(),
            };
            let keeper = Keeper {
                id: id.clone(),
                number,
                site: site.clone(),
                parts: detectors.searches_parts(),
                drawn_on: frame,
                planner,
                scene,
                own_scene,
                delay_ns: nanoseconds(delay),
                age_ns: nanoseconds(mask_age),
                epoch,
                queue: queued,
                looked,
                board: Arc::clone(&live.board),
                link,
                counts: Arc::clone(&counts),
                heartbeat: Arc::clone(&heartbeat),
                interrupt: interrupt.clone(),
            };
            let outlet =
                Outlet::open(&id, site.encode.clone(), epoch, mount.clone(), record, &counts, interrupt)?;
            let spawn = |name: String, work: Box<dyn FnOnce() + Send>| {
                std::thread::Builder::new().name(name).spawn(work)
            };
            let threads = vec![
                spawn(format!("keep-{id}"), Box::new(move || keeper.run(outlet)))?,
                spawn(format!("camera-{id}"), Box::new(move || camera::run(way_in)))?,
            ];
            live.cameras.push(Running { id, mount, counts, heartbeat, threads });
        }
        Ok(live)
    }

    /// Where viewers connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.publisher.address()
    }

    /// Every camera's id, counts and viewers.
    pub fn cameras(&self) -> impl Iterator<Item = (&str, &Arc<Counts>, &Mount)> {
        self.cameras.iter().map(|camera| (camera.id.as_str(), &camera.counts, &camera.mount))
    }

    /// Whether every stage is at work. A camera that is gone is no fault of ours.
    ///
    /// # Errors
    /// [`LiveError::Broken`].
    pub fn check(&self) -> Result<(), LiveError> {
        let broken = |what: String| Err(LiveError::Broken(what));
        if self.workers.iter().any(JoinHandle::is_finished) {
            return broken("a detector has ended".into());
        }
        if self.board.longest_look() > HANGS {
            return broken("a detector gives no answer".into());
        }
        if !self.publisher.is_alive() {
            return broken("the RTSP server has ended".into());
        }
        for camera in &self.cameras {
            if camera.threads.iter().any(JoinHandle::is_finished) {
                return broken(format!("a thread of {} has ended", camera.id));
            }
            let beat = Duration::from_millis(camera.heartbeat.load(Ordering::Acquire));
            if self.epoch.elapsed().saturating_sub(beat) > HANGS {
                return broken(format!("the masking of {} hangs", camera.id));
            }
        }
        Ok(())
    }

    /// Stops everything; recordings are ended and have their names when this returns.
    pub fn stop(self) {
        let Self { cameras, board, workers, publisher, interrupt, .. } = self;
        interrupt.raise();
        board.close();
        // Viewers go first: nobody sees how it ends.
        drop(publisher);
        let mut threads: Vec<_> =
            cameras.into_iter().flat_map(|camera| camera.threads).chain(workers).collect();
        // One that hangs ends with the process.
        let patience = Instant::now() + HANGS;
        while threads.iter().any(|thread| !thread.is_finished()) && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(10));
        }
        threads.drain(..).filter(JoinHandle::is_finished).for_each(|thread| drop(thread.join()));
    }
}
