//! Who watches: connections are accepted here and not by the library, so that it is known where a viewer is.
//!
//! A viewer who asks to play a mount is first told to a [`Watch`], which may refuse; every mount anew, also within one
//! connection. Who says nothing any more is let go: a session that neither a request nor a report of receipt keeps alive
//! ends after a minute, and its connection with it.

use super::publish::{Mount, lock};
use super::seal::{self, Identity};
use gst::glib;
use gstreamer as gst;
use gstreamer_rtsp as gst_rtsp;
use gstreamer_rtsp_server as server;
use gstreamer_rtsp_server::prelude::*;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Most connections at a time, and most sessions of all of them.
const MOST_CONNECTIONS: usize = 64;
const MOST_SESSIONS: u32 = 128;
/// How often it is looked who says nothing any more, seconds.
const LOOKS_EVERY_SECS: u32 = 2;
/// A connection whose session was ended for silence is closed after so long, seconds.
const LAST_WORD_SECS: i32 = 5;
/// Longest body of a request, bytes: none that is answered has a long one.
const LONGEST_BODY: u32 = 64 << 10;

/// Somebody who asks to see a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// The name of the mount.
    pub mount: String,
    /// Where the connection comes from.
    pub address: IpAddr,
}

/// Told of every viewer before anything is played; false refuses.
pub type Watch = Arc<dyn Fn(&Viewer) -> bool + Send + Sync>;

/// The way in for viewers.
pub(super) struct Door {
    rtsp: server::RTSPServer,
    context: glib::MainContext,
    /// The connection that is being handed to the library.
    incoming: Arc<Mutex<Option<Guest>>>,
    connections: Arc<AtomicUsize>,
    /// With it TLS is spoken, and nothing else.
    identity: Option<Identity>,
}

/// A connection, counted while it lives.
struct Guest {
    address: IpAddr,
    connections: Arc<AtomicUsize>,
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.connections.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What one connection plays.
#[derive(Default)]
struct Playing(Mutex<BTreeMap<String, Mount>>);

impl Playing {
    /// Whether it may play this mount: it does already, or the watch says so.
    fn begin(&self, mount: &Mount, viewer: Viewer, watch: &Watch) -> bool {
        let mut playing = lock(&self.0);
        if playing.contains_key(&viewer.mount) {
            return true;
        }
        let allowed = watch(&viewer);
        if allowed {
            mount.arrives();
            playing.insert(viewer.mount, mount.clone());
        }
        allowed
    }

    fn end(&self, name: &str) {
        if let Some(mount) = lock(&self.0).remove(name) {
            mount.leaves();
        }
    }

    fn end_all(&self) {
        std::mem::take(&mut *lock(&self.0)).values().for_each(Mount::leaves);
    }
}

impl Door {
    /// A way in to these mounts; what the server does happens on this context.
    pub(super) fn new(
        rtsp: server::RTSPServer,
        context: &glib::MainContext,
        mounts: &BTreeMap<String, Mount>,
        watch: &Watch,
        identity: Option<Identity>,
    ) -> Self {
        rtsp.set_content_length_limit(LONGEST_BODY);
        if let Some(sessions) = rtsp.session_pool() {
            sessions.set_max_sessions(MOST_SESSIONS);
            let look = move || {
                sessions.cleanup();
                glib::ControlFlow::Continue
            };
            let priority = glib::Priority::DEFAULT;
            glib::timeout_source_new_seconds(LOOKS_EVERY_SECS, None, priority, look).attach(Some(context));
        }
        let door = Self {
            rtsp,
            context: context.clone(),
            incoming: Arc::default(),
            connections: Arc::default(),
            identity,
        };
        let (mounts, incoming, watch) = (mounts.clone(), Arc::clone(&door.incoming), Arc::clone(watch));
        door.rtsp.connect_client_connected(move |_, client| {
            let guest = lock(&incoming).take();
            greet(client, guest, &mounts, &watch);
        });
        door
    }

    /// Takes connections and hands them to the server until it stops.
    pub(super) fn accept(&self, listener: &TcpListener, stop: &AtomicBool) {
        while !stop.load(Ordering::Acquire) {
            let Ok((stream, peer)) = listener.accept() else {
                std::thread::sleep(Duration::from_millis(20));
                continue;
            };
            if self.connections.fetch_add(1, Ordering::AcqRel) >= MOST_CONNECTIONS {
                self.connections.fetch_sub(1, Ordering::AcqRel);
                tracing::warn!("a viewer was turned away: too many connections");
                continue;
            }
            let connections = Arc::clone(&self.connections);
            let guest = Guest { address: peer.ip().to_canonical(), connections };
            self.hand_over(stream, peer, guest);
        }
    }

    fn hand_over(&self, stream: TcpStream, peer: SocketAddr, guest: Guest) {
        let (rtsp, incoming, identity) =
            (self.rtsp.clone(), Arc::clone(&self.incoming), self.identity.clone());
        self.context.invoke(move || {
            let taken = async move {
                let socket = match identity {
                    Some(identity) => seal::unseal(stream, &identity).await?,
                    None => {
                        let socket = seal::socket(OwnedFd::from(stream))?;
                        seal::bound_patience(&socket);
                        socket
                    }
                };
                *lock(&incoming) = Some(guest);
                let port = i32::from(peer.port());
                let taken = rtsp.transfer_connection(socket, &peer.ip().to_string(), port, None);
                lock(&incoming).take();
                taken.map_err(|e| glib::Error::new(gio::IOErrorEnum::Failed, &e.message))
            };
            glib::MainContext::ref_thread_default().spawn_local(async move {
                if let Err(fault) = taken.await {
                    tracing::info!(%peer, %fault, "a viewer's connection could not be taken");
                }
            });
        });
    }
}

/// Puts the watch before a client.
fn greet(client: &server::RTSPClient, guest: Option<Guest>, mounts: &BTreeMap<String, Mount>, watch: &Watch) {
    client.set_post_session_timeout(LAST_WORD_SECS);
    let address = guest.as_ref().map(|guest| guest.address);
    let playing: Arc<Playing> = Arc::default();
    let (known, watch, plays) = (mounts.clone(), Arc::clone(watch), Arc::clone(&playing));
    client.connect_pre_play_request(move |_, context| {
        let name = name_in(context);
        let mount = name.as_ref().and_then(|name| known.get(name));
        let (Some(mount), Some(name), Some(address)) = (mount, name.clone(), address) else {
            return gst_rtsp::RTSPStatusCode::NotFound;
        };
        if plays.begin(mount, Viewer { mount: name, address }, &watch) {
            gst_rtsp::RTSPStatusCode::Ok
        } else {
            gst_rtsp::RTSPStatusCode::Forbidden
        }
    });
    let known = mounts.clone();
    client.connect_play_request(move |_, context| {
        // Only now: what is sent before does not reach this viewer.
        if let Some(mount) = name_in(context).and_then(|name| known.get(&name)) {
            mount.begins();
        }
    });
    let plays = Arc::clone(&playing);
    client.connect_teardown_request(move |_, context| {
        if let Some(name) = name_in(context) {
            plays.end(&name);
        }
    });
    let guest = Mutex::new(guest);
    client.connect_closed(move |_| {
        playing.end_all();
        lock(&guest).take();
    });
}

/// The name of the mount that a request is for.
fn name_in(context: &server::RTSPContext) -> Option<String> {
    context.uri().map(|uri| mount_of(&uri.request_uri()))
}

/// The name of the mount in an address: the first part of its path.
fn mount_of(uri: &str) -> String {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    rest.split(['/', '?']).nth(1).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_is_the_first_part_of_the_path() {
        for (uri, name) in [
            ("rtsp://127.0.0.1:8554/entrance-3", "entrance-3"),
            ("rtsp://127.0.0.1:8554/entrance-3/stream=0", "entrance-3"),
            ("rtsp://[::1]:8554/entrance-3?x=y", "entrance-3"),
            ("rtsp://127.0.0.1:8554", ""),
        ] {
            assert_eq!(mount_of(uri), name, "{uri}");
        }
    }

    #[test]
    fn every_mount_is_asked_for_and_counted_once() {
        let (hall, garage) = (Mount::default(), Mount::default());
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = Arc::clone(&told);
        let watch: Watch = Arc::new(move |viewer| {
            lock(&heard).push(viewer.mount.clone());
            viewer.mount != "shed"
        });
        let of = |name: &str| Viewer { mount: name.into(), address: IpAddr::from([127, 0, 0, 1]) };
        let playing = Playing::default();
        assert!(playing.begin(&hall, of("hall"), &watch) && playing.begin(&hall, of("hall"), &watch));
        assert!(playing.begin(&garage, of("garage"), &watch));
        assert!(!playing.begin(&Mount::default(), of("shed"), &watch));
        assert_eq!((hall.viewers(), garage.viewers()), (1, 1));
        playing.end("hall");
        assert_eq!((hall.viewers(), garage.viewers()), (0, 1));
        assert!(playing.begin(&hall, of("hall"), &watch));
        playing.end_all();
        assert_eq!((hall.viewers(), garage.viewers()), (0, 0));
        assert_eq!(*lock(&told), ["hall", "garage", "shed", "hall"]);
    }
}
