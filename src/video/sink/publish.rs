//! An RTSP server for masked streams: a mount per camera, viewers share what is coded once.
//!
//! Nothing gets to a mount but [`Packet`]s, which come from redacted frames alone. Who comes to watch is the matter of
//! [`super::viewers`].

use super::packets::Packet;
use super::seal::Identity;
use super::viewers::{Door, Watch};
use crate::config::Credentials;
use crate::video::source::{MediaError, init_media};
use gstreamer as gst;
use gstreamer_app as gst_app;
use gstreamer_rtsp as gst_rtsp;
use gstreamer_rtsp_server as server;
use gstreamer_rtsp_server::prelude::*;
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// What a viewer may do who said the password.
const ROLE: &str = "viewer";
/// Packets that wait for a slow viewer's connection; older ones are dropped beyond.
const WAITING_PACKETS: u64 = 50;

/// User and password of viewers.
pub type Login = Credentials;

/// Why nothing can be published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// GStreamer is not usable.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// The address cannot be listened on.
    #[error("{address} cannot be listened on: {reason}; choose another address with --publish")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        reason: String,
    },
    /// The server cannot be made.
    #[error("the RTSP server cannot be set up: {0}; run `melkglas doctor`")]
    SetUp(String),
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One camera's place on the server.
#[derive(Clone, Default)]
pub struct Mount {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    /// While somebody watches.
    source: Mutex<Option<Feeding>>,
    /// Somebody has come and needs a keyframe.
    asked: AtomicBool,
    viewers: AtomicUsize,
}

struct Feeding {
    source: gst_app::AppSrc,
    caps: Option<gst::Caps>,
    stage: Stage,
}

/// How far a mount's pipeline is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It needs one keyframe, to be able to say what it has to offer.
    Asked,
    /// It has that, and nobody plays yet: what came now would only wait, and be old.
    Waiting,
    /// Somebody plays, and needs a keyframe to begin with.
    Beginning,
    /// Everything goes out.
    Playing,
}

impl Stage {
    /// Whether a packet goes out, and the stage after it.
    fn next(self, is_key: bool) -> (bool, Self) {
        match (self, is_key) {
            (Self::Asked, true) => (true, Self::Waiting),
            (Self::Beginning, true) => (true, Self::Playing),
            (Self::Playing, _) => (true, Self::Playing),
            (stage, _) => (false, stage),
        }
    }
}

impl Mount {
    /// Whether anybody watches.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        lock(&self.inner.source).is_some()
    }

    /// Whether a keyframe was asked for since this was asked the last time.
    #[must_use]
    pub fn takes_keyframe(&self) -> bool {
        self.inner.asked.swap(false, Ordering::AcqRel)
    }

    /// How many watch.
    #[must_use]
    pub fn viewers(&self) -> usize {
        self.inner.viewers.load(Ordering::Acquire)
    }

    /// Somebody may play.
    pub(super) fn arrives(&self) {
        self.inner.viewers.fetch_add(1, Ordering::AcqRel);
    }

    /// Somebody has gone.
    pub(super) fn leaves(&self) {
        self.inner.viewers.fetch_sub(1, Ordering::AcqRel);
    }

    /// Somebody plays from now on, and needs a keyframe.
    pub(super) fn begins(&self) {
        let mut feeding = lock(&self.inner.source);
        if let Some(feeding) = feeding.as_mut().filter(|feeding| feeding.stage != Stage::Playing) {
            feeding.stage = Stage::Beginning;
        }
        self.inner.asked.store(true, Ordering::Release);
    }

    /// Hands a packet to all who watch; to nobody where nobody does.
    pub fn push(&self, packet: &Packet) {
        let mut feeding = lock(&self.inner.source);
        let Some(feeding) = feeding.as_mut() else { return };
        let (goes_out, next) = feeding.stage.next(packet.is_key());
        feeding.stage = next;
        if !goes_out {
            return;
        }
        if feeding.caps.as_ref() != Some(&packet.caps) {
            feeding.source.set_caps(Some(&packet.caps));
            feeding.caps = Some(packet.caps.clone());
        }
        // A server that just closed takes nothing; it says so itself.
        let _ = feeding.source.push_buffer(packet.timed(None));
    }
}

/// The server at work. Dropping it stops it.
pub struct Publisher {
    main: gst::glib::MainLoop,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    address: SocketAddr,
}

impl Publisher {
    /// Opens a server with these mounts. With a login nobody gets in without it; with an identity it speaks TLS, and
    /// pictures go within the connection only.
    ///
    /// # Errors
    /// [`PublishError`].
    pub fn open(
        address: SocketAddr,
        names: &[&str],
        login: Option<&Login>,
        identity: Option<Identity>,
        watch: Watch,
    ) -> Result<(Self, Vec<Mount>), PublishError> {
        init_media()?;
        let refuse =
            |reason: &dyn std::fmt::Display| PublishError::Listen { address, reason: reason.to_string() };
        let listener = TcpListener::bind(address).map_err(|e| refuse(&e))?;
        listener.set_nonblocking(true).map_err(|e| refuse(&e))?;
        let address = listener.local_addr().map_err(|e| refuse(&e))?;
        let rtsp = server::RTSPServer::new();
        if let Some(login) = login {
            rtsp.set_auth(Some(&auth(login)));
        }
        let points = rtsp.mount_points().unwrap_or_default();
        // Datagrams would be in the clear.
        let ways = match identity {
            Some(_) => gst_rtsp::RTSPLowerTrans::TCP,
            None => gst_rtsp::RTSPLowerTrans::TCP | gst_rtsp::RTSPLowerTrans::UDP,
        };
        let mut mounts = BTreeMap::new();
        for name in names {
            let mount = Mount::default();
            points.add_factory(&format!("/{name}"), factory(&mount, ways));
            mounts.insert((*name).to_owned(), mount);
        }
        rtsp.set_mount_points(Some(&points));
        let set_up = |e: &dyn std::fmt::Display| PublishError::SetUp(e.to_string());
        let context = gst::glib::MainContext::new();
        let main = gst::glib::MainLoop::new(Some(&context), false);
        let door = Door::new(rtsp, &context, &mounts, &watch, identity);
        let stop = Arc::new(AtomicBool::new(false));
        let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new().name(name.into()).spawn(work).map_err(|e| set_up(&e))
        };
        let (looped, own) = (main.clone(), context.clone());
        let serving = spawn(
            "rtsp",
            Box::new(move || {
                // The context is this thread's own from here on.
                let _ = own.with_thread_default(|| looped.run());
            }),
        )?;
        let stopped = Arc::clone(&stop);
        let accepting = spawn("rtsp-accept", Box::new(move || door.accept(&listener, &stopped)))?;
        let in_order = names.iter().filter_map(|name| mounts.get(*name).cloned()).collect();
        Ok((Self { main, stop, threads: vec![accepting, serving], address }, in_order))
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether its threads are alive.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.threads.iter().all(|thread| !thread.is_finished())
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.main.quit();
        for thread in self.threads.drain(..) {
            // A thread that died is gone as well.
            let _ = thread.join();
        }
    }
}

/// Digest authentication for one user.
fn auth(login: &Login) -> server::RTSPAuth {
    let auth = server::RTSPAuth::new();
    let token = server::RTSPToken::builder().field("media.factory.role", ROLE).build();
    auth.set_supported_methods(gst_rtsp::RTSPAuthMethod::Digest);
    auth.set_realm(Some("melkglas"));
    auth.add_digest(login.user(), login.password(), &token);
    auth
}

/// What makes a mount's pipeline: coded packets in, RTP out.
fn factory(mount: &Mount, ways: gst_rtsp::RTSPLowerTrans) -> server::RTSPMediaFactory {
    let factory = server::RTSPMediaFactory::new();
    factory.set_launch(
        "( appsrc name=in is-live=true format=time do-timestamp=true leaky-type=downstream \
         max-bytes=0 ! rtph264pay name=pay0 pt=96 config-interval=0 aggregate-mode=zero-latency )",
    );
    factory.set_shared(true);
    factory.set_protocols(ways);
    factory.set_suspend_mode(server::RTSPSuspendMode::None);
    factory.set_latency(0);
    let role = gst::Structure::builder(ROLE)
        .field("media.factory.access", true)
        .field("media.factory.construct", true)
        .build();
    factory.add_role_from_structure(&role);
    let inner = Arc::clone(&mount.inner);
    factory.connect_media_configure(move |_, media| {
        let bin = media.element().downcast::<gst::Bin>().ok();
        let source = bin.and_then(|bin| bin.by_name("in")?.downcast::<gst_app::AppSrc>().ok());
        let Some(source) = source else { return };
        source.set_max_buffers(WAITING_PACKETS);
        *lock(&inner.source) = Some(Feeding { source: source.clone(), caps: None, stage: Stage::Asked });
        inner.asked.store(true, Ordering::Release);
        let inner = Arc::clone(&inner);
        media.connect_unprepared(move |_| {
            let mut feeding = lock(&inner.source);
            // A pipeline that came after it stays.
            if feeding.as_ref().is_some_and(|feeding| feeding.source == source) {
                *feeding = None;
            }
        });
    });
    factory
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_begins_begins_with_a_keyframe() {
        let goes_out = |from: Stage, keys: &[bool]| {
            let mut stage = from;
            keys.iter()
                .map(|key| {
                    let (out, next) = stage.next(*key);
                    stage = next;
                    out
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(goes_out(Stage::Asked, &[false, true, false, true]), [false, true, false, false]);
        assert_eq!(goes_out(Stage::Beginning, &[false, true, false]), [false, true, true]);
    }
}
