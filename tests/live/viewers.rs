//! Viewers of every kind, by the protocol itself: what they may ask for, how many there may be, and who is let go.

use super::rig::{Authority, Camera, Desk, Guard, Seen, Service, Shows, Viewer};
use super::{plain, turn};
use gio::prelude::*;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const WITHIN: &str = "RTP/AVP/TCP;unicast;interleaved=0-1";

/// A viewer who speaks RTSP by hand (RFC 2326), as players do that know no GStreamer.
pub(crate) struct Raw {
    stream: TcpStream,
    base: String,
    asked: u32,
    session: Option<String>,
    unread: Vec<u8>,
    /// Packets that came within the connection.
    packets: usize,
}

impl Raw {
    pub(crate) fn connect(service: &Service) -> Self {
        let stream = TcpStream::connect(service.address()).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
        let base = format!("rtsp://{}", service.address());
        Self { stream, base, asked: 0, session: None, unread: Vec::new(), packets: 0 }
    }

    /// Takes little before it is full: SO_RCVBUF of SOL_SOCKET.
    fn be_narrow(&self) {
        let same = self.stream.try_clone().expect("a copy");
        let socket = gio::Socket::from_fd(std::os::fd::OwnedFd::from(same)).expect("a socket");
        socket.set_option(1, 8, 4096).expect("set");
        // Which the library takes away from both.
        self.stream.set_nonblocking(false).expect("set");
    }

    fn send(&mut self, method: &str, path: &str, headers: &[&str]) {
        self.asked += 1;
        let mut request = format!("{method} {}/{path} RTSP/1.0\r\nCSeq: {}\r\n", self.base, self.asked);
        let session = self.session.as_ref().map(|session| format!("Session: {session}"));
        for header in headers.iter().copied().chain(session.as_deref()) {
            request += &format!("{header}\r\n");
        }
        self.stream.write_all((request + "\r\n").as_bytes()).expect("sent");
    }

    /// Asks; gives the status and the answer's head.
    pub(crate) fn ask(&mut self, method: &str, path: &str, headers: &[&str]) -> (u16, String) {
        self.send(method, path, headers);
        loop {
            let next = self.next().unwrap_or_else(|e| panic!("{method} {path}, {headers:?}: {e}"));
            if let Some(head) = next {
                let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
                let session = head.lines().find_map(|line| line.strip_prefix("Session: "));
                let session =
                    session.map(|text| text.split(';').next().unwrap_or_default().trim().to_owned());
                self.session = session.or(self.session.take()).filter(|_| method != "TEARDOWN");
                return (status, head);
            }
        }
    }

    fn fill(&mut self) -> std::io::Result<()> {
        let mut bytes = [0; 8192];
        match self.stream.read(&mut bytes)? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            got => {
                self.unread.extend_from_slice(&bytes[..got]);
                Ok(())
            }
        }
    }

    /// The next answer, or none where it was a packet.
    fn next(&mut self) -> std::io::Result<Option<String>> {
        loop {
            if self.unread.first() == Some(&b'$') {
                if let Some(&[_, _, high, low]) = self.unread.first_chunk::<4>() {
                    let len = 4 + usize::from(u16::from_be_bytes([high, low]));
                    if self.unread.len() >= len {
                        self.unread.drain(..len);
                        self.packets += 1;
                        return Ok(None);
                    }
                }
            } else if let Some(end) = self.unread.windows(4).position(|end| end == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.unread[..end]).into_owned();
                let body = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
                let body: usize = body.map_or(0, |len| len.trim().parse().expect("a length"));
                if self.unread.len() >= end + 4 + body {
                    self.unread.drain(..end + 4 + body);
                    return Ok(Some(head));
                }
            }
            self.fill()?;
        }
    }

    fn set_up(&mut self, mount: &str, transport: &str) -> (u16, String) {
        self.session = None;
        self.ask("SETUP", &format!("{mount}/stream=0"), &[&format!("Transport: {transport}")])
    }

    /// Plays a mount within the connection; gives the status of the last answer.
    pub(crate) fn play(&mut self, mount: &str) -> u16 {
        assert_eq!(self.ask("DESCRIBE", mount, &[]).0, 200);
        assert_eq!(self.set_up(mount, WITHIN).0, 200);
        self.ask("PLAY", mount, &["Range: npt=0.000-"]).0
    }

    /// Waits until so many packets more have come.
    fn receive(&mut self, packets: usize) {
        let until = self.packets + packets;
        while self.packets < until {
            self.next().expect("packets come");
        }
    }

    /// Says what it says now and then, for so long; false where the connection was closed.
    fn lasts(&mut self, secs: u64, every_secs: u64, mut say: impl FnMut(&mut Self)) -> bool {
        let (began, mut said) = (Instant::now(), Instant::now());
        self.stream.set_read_timeout(Some(Duration::from_millis(500))).expect("set");
        while began.elapsed() < Duration::from_secs(secs) {
            match self.next() {
                Ok(_) => {}
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => return false,
            }
            if said.elapsed() > Duration::from_secs(every_secs) {
                said = Instant::now();
                say(self);
            }
        }
        true
    }
}

const METRICS: u16 = 9465;

fn viewers(service: &Service, mount: &str) -> u32 {
    let text = service.metrics(METRICS);
    let line = format!("melkglas_viewers{{camera={mount:?}}} ");
    let count = text.lines().find_map(|l| l.strip_prefix(line.as_str())).expect("a count");
    count.parse().expect("a number")
}

fn until_viewers(service: &Service, mount: &str, many: u32) {
    let until = Instant::now() + Duration::from_secs(10);
    while viewers(service, mount) != many {
        assert!(Instant::now() < until, "{} watch {mount}, not {many}", viewers(service, mount));
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn entries(service: &Service, of: &str) -> usize {
    std::fs::read_dir(format!("/proc/{}/{of}", service.pid())).expect("it runs").count()
}

/// Starts a service with two cameras, the hall and the yard, that show the same.
fn two_cameras() -> (Camera, Desk, Service) {
    let camera = Camera::start(0, Shows::Block, Guard::Password);
    let desk = Desk::new("masked", &plain(camera.port));
    desk.another("yard");
    let metrics = format!("127.0.0.1:{METRICS}");
    let service = desk.start(&["--camera", "yard.toml", "--metrics", &metrics]);
    (camera, desk, service)
}

#[test]
fn viewers_get_what_is_theirs_and_disturb_nobody() {
    let _turn = turn();
    let (_camera, _desk, service) = two_cameras();
    let viewer = Viewer::of(&service.url(), false);
    viewer.until_masked(60);
    counts_are_complete(&service.metrics(METRICS));

    let mut asks = Raw::connect(&service);
    for (transport, status) in [
        (WITHIN, 200),
        ("RTP/AVP/TCP;unicast", 200),
        ("RTP/AVP;unicast;client_port=50000-50001", 200),
        ("RTP/AVP/UDP;unicast;client_port=50000-50001;mode=\"PLAY\"", 200),
        ("RTP/SAVP;unicast;client_port=50000-50001", 461),
        ("RTP/AVP;multicast", 461),
        ("RTP/AVP;multicast;destination=239.1.1.1;port=5000-5001", 461),
        ("RTP/AVP/TCP;unicast;interleaved=0-1;mode=record", 461),
        ("nothing known", 461),
    ] {
        assert_eq!(asks.ask("DESCRIBE", "hall", &[]).0, 200);
        assert_eq!(asks.set_up("hall", transport).0, status, "{transport}");
    }
    for method in ["OPTIONS", "GET_PARAMETER", "SET_PARAMETER"] {
        assert_eq!(asks.ask(method, "hall", &[]).0, 200, "{method}");
    }
    for method in ["ANNOUNCE", "RECORD", "REDIRECT", "NONSENSE"] {
        assert!(asks.ask(method, "hall", &[]).0 >= 400, "{method}");
    }
    for mount in ["", "*", "attic", "hall/../yard", "hall/stream=7"] {
        assert_eq!(asks.ask("DESCRIBE", mount, &[]).0, 404, "{mount}");
    }
    asks.send("GET_PARAMETER", "hall", &["Content-Length: 3000000000"]);
    let lump = vec![b'x'; 1 << 16];
    assert!((0..1024).any(|_| asks.stream.write_all(&lump).is_err()), "64 MiB of a request are no request");

    // Ten at once, and one who takes nothing.
    let (fds, threads) = (entries(&service, "fd"), entries(&service, "task"));
    let mut deaf = Raw::connect(&service);
    deaf.be_narrow();
    assert_eq!(deaf.play("hall"), 200);
    let mut ten: Vec<Raw> = (0..10).map(|_| Raw::connect(&service)).collect();
    ten.iter_mut().for_each(|raw| assert_eq!(raw.play("hall"), 200));
    until_viewers(&service, "hall", 12);
    ten.iter_mut().for_each(|raw| raw.receive(50));
    ten.iter_mut().for_each(|raw| assert_eq!(raw.ask("TEARDOWN", "hall", &[]).0, 200));
    until_viewers(&service, "hall", 2);
    ten.iter_mut().for_each(|raw| assert_eq!(raw.play("yard"), 200, "another one within the connection"));
    until_viewers(&service, "yard", 10);
    drop((ten, deaf));
    until_viewers(&service, "yard", 0);
    until_viewers(&service, "hall", 1);
    for number in 0..40 {
        let mut raw = Raw::connect(&service);
        assert_eq!(raw.play("hall"), 200);
        raw.receive(2);
        if number % 2 == 0 {
            raw.ask("TEARDOWN", "hall", &[]);
        }
    }
    until_viewers(&service, "hall", 1);
    let Seen { masked, raw, .. } = viewer.seen();
    assert!(masked > 0 && raw == 0, "the first one saw all the while what it may see");
    std::thread::sleep(Duration::from_secs(1));
    let (after, threads_after) = (entries(&service, "fd"), entries(&service, "task"));
    assert!(after <= fds + 6, "{fds} files open before, {after} after");
    assert!(threads_after <= threads + 12, "{threads} threads before, {threads_after} after");
}

/// All that was promised, in the form that Prometheus reads.
fn counts_are_complete(answer: &str) {
    let text = answer.split_once("\r\n\r\n").expect("a body").1;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').expect("name and value");
        assert!(name.starts_with("melkglas_") && name.ends_with('}'), "{line}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
        let family = name.split('{').next().expect("a name");
        let known = [family, family.trim_end_matches("_sum").trim_end_matches("_count")];
        assert!(known.iter().any(|family| text.contains(&format!("# TYPE {family} "))), "{line}");
    }
    for name in [
        "frames_in_total",
        "frames_masked_total",
        "frames_covered_total",
        "frames_dropped_total",
        "reconnects_total",
        "persons",
        "camera_moved",
        "delay_seconds_count",
    ] {
        assert!(text.contains(&format!("melkglas_{name}{{camera=\"yard\"}} ")), "{name}: {text}");
    }
    for name in ["delay_seconds", "detector_seconds"] {
        for quantile in ["0.5", "0.99"] {
            let start = format!("melkglas_{name}{{camera=\"hall\",quantile=\"{quantile}\"}} ");
            let value = text.lines().find_map(|line| line.strip_prefix(start.as_str())).expect("a line");
            assert!(value.parse::<f64>().is_ok_and(|secs| secs > 0.0), "{start}{value}");
        }
    }
}

#[test]
fn what_is_encrypted_is_seen_by_those_who_know_the_password() {
    let _turn = turn();
    let authority = Authority::new();
    let identity: PathBuf = authority.issue("live.pem", "IP:127.0.0.1");
    let camera = Camera::start(0, Shows::Block, Guard::Password);
    let desk = Desk::new("masked", &plain(camera.port));
    desk.write("live.pem", &std::fs::read_to_string(&identity).expect("there"), 0o600);
    desk.write("open.pem", &std::fs::read_to_string(&identity).expect("there"), 0o644);
    for (more, code, said) in [
        (&["--publish", "rtsps://127.0.0.1:0"] as &[&str], 2, "needs a certificate"),
        (&["--certificate", "live.pem"], 2, "asks for a plain"),
        (&["--publish", "rtsps://127.0.0.1:0", "--certificate", "open.pem"], 3, "can be read by others"),
        (&["--publish", "rtsps://127.0.0.1:0", "--certificate", "viewers"], 3, "cannot be used"),
        (&["--publish", "rtsps://0.0.0.0:0", "--certificate", "live.pem"], 2, "others can reach"),
    ] {
        let (status, text) = super::ended(&desk, more);
        assert_eq!(status, Some(code), "{more:?}: {text}");
        assert!(text.contains(said), "{more:?}: {text}");
    }
    let service = desk.start(&[
        "--publish",
        "rtsps://127.0.0.1:0",
        "--certificate",
        "live.pem",
        "--viewers",
        "viewers",
    ]);
    assert!(service.said().contains("hall: rtsps://"), "{}", service.said());
    let url = service.url().replace("rtsp://", "rtsps://");
    let knows = Viewer::with(&url, false, Some(("guard", "also-secret")));
    let guesses = Viewer::with(&url, false, Some(("guard", "secret")));
    let in_the_clear = Viewer::with(&service.url(), false, Some(("guard", "also-secret")));
    let by_datagrams = Viewer::with(&url, true, Some(("guard", "also-secret")));
    knows.until_masked(60);
    std::thread::sleep(Duration::from_secs(2));
    for nobody in [&guesses, &in_the_clear, &by_datagrams] {
        assert_eq!(nobody.seen(), Seen::default());
    }
    let more = Viewer::with(&url, false, Some(("guard", "also-secret")));
    more.until_masked(20);
    drop(more);
    assert!(knows.seen().masked > 0, "who goes takes nobody along");
    let mut service = service;
    assert_eq!(service.stop(), Some(143), "{}", service.said());
}

fn start<'scope>(
    scope: &'scope std::thread::Scope<'scope, '_>,
    name: &str,
    work: impl FnOnce() -> bool + Send + 'scope,
) -> std::thread::ScopedJoinHandle<'scope, bool> {
    std::thread::Builder::new().name(name.into()).spawn_scoped(scope, work).expect("started")
}

/// A minute and a half of saying nothing, and of saying little: `scripts/soak live` runs it.
#[test]
#[ignore = "takes a minute and a half; scripts/soak live runs it"]
fn who_says_nothing_is_let_go() {
    let _turn = turn();
    let (_camera, _desk, service) = two_cameras();
    Viewer::of(&service.url(), false).until_masked(60);
    let udp = |port: u16| {
        let mut raw = Raw::connect(&service);
        let media = UdpSocket::bind(("127.0.0.1", port)).expect("a port");
        let reports = UdpSocket::bind(("127.0.0.1", port + 1)).expect("a port");
        media.set_read_timeout(Some(Duration::from_secs(2))).expect("set");
        assert_eq!(raw.ask("DESCRIBE", "hall", &[]).0, 200);
        let (status, head) = raw.set_up("hall", &format!("RTP/AVP;unicast;client_port={port}-{}", port + 1));
        assert_eq!(status, 200);
        assert_eq!(raw.ask("PLAY", "hall", &[]).0, 200);
        let servers = head.split("server_port=").nth(1).and_then(|rest| rest.split([';', '\r', '\n']).next());
        let to = servers.and_then(|ports| ports.split('-').nth(1)?.parse::<u16>().ok()).expect("a port");
        (raw, media, reports, to)
    };
    let mut deaf = Raw::connect(&service);
    deaf.be_narrow();
    assert_eq!(deaf.play("hall"), 200);
    let mut idle = Raw::connect(&service);
    let mut within = Raw::connect(&service);
    assert_eq!(within.play("hall"), 200);
    let (mut silent, ..) = udp(50100);
    let (mut reporting, reported_media, reports, to) = udp(50110);
    let (mut asking, asked_media, ..) = udp(50120);
    // A report of receipt by RFC 3550, of nothing.
    let report = [0x80, 201, 0, 1, 0, 0, 0x12, 0x34];
    std::thread::scope(|scope| {
        let gone = [
            start(scope, "idle", || idle.lasts(95, 1000, |_| {})),
            start(scope, "silent", || silent.lasts(95, 1000, |_| {})),
        ];
        let there = [
            start(scope, "within", || within.lasts(95, 1000, |_| {})),
            start(scope, "reporting", || {
                reporting.lasts(95, 20, |_| {
                    reports.send_to(&report, ("127.0.0.1", to)).expect("sent");
                })
            }),
            start(scope, "asking", || asking.lasts(95, 25, |raw| raw.send("GET_PARAMETER", "hall", &[]))),
        ];
        assert_eq!(gone.map(|viewer| viewer.join().expect("sound")), [false; 2]);
        assert_eq!(there.map(|viewer| viewer.join().expect("sound")), [true; 3]);
    });
    // Of the deaf one the kernel itself has let go.
    until_viewers(&service, "hall", 3);
    for media in [&reported_media, &asked_media] {
        media.set_nonblocking(true).expect("set");
        while media.recv(&mut [0; 2000]).is_ok() {}
        media.set_nonblocking(false).expect("set");
        assert!(media.recv(&mut [0; 2000]).is_ok(), "packets still come");
    }
}
