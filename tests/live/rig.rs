//! The rig: cameras, relays that misbehave, viewers that look at every pixel, and the program itself.

use gio::prelude::*;
use gstreamer as gst;
use gstreamer_app as gst_app;
use gstreamer_rtsp_server as server;
use gstreamer_rtsp_server::prelude::*;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub(crate) const USER: &str = "camera";
pub(crate) const PASSWORD: &str = "not-to-be-seen";

/// A magenta block before a black wall, 25 frames a second: whoever sees magenta sees something raw.
const PICTURE: &str = "videotestsrc is-live=true pattern=solid-color foreground-color=0xffff00ff \
    ! video/x-raw,format=I420,width=48,height=64,framerate=25/1 \
    ! videobox left=-100 right=-172 top=-58 bottom=-58";
/// The same before a wall of another shape.
const OTHER_SHAPE: &str = "videotestsrc is-live=true pattern=solid-color foreground-color=0xffff00ff \
    ! video/x-raw,format=I420,width=48,height=64,framerate=25/1 \
    ! videobox left=-100 right=-92 top=-58 bottom=-118";

pub(crate) fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> std::thread::JoinHandle<()> {
    std::thread::Builder::new().name(name.into()).spawn(work).expect("started")
}

/// The same, twice as large.
const OTHER_SIZE: &str = "videotestsrc is-live=true pattern=solid-color foreground-color=0xffff00ff \
    ! video/x-raw,format=I420,width=96,height=128,framerate=25/1 \
    ! videobox left=-200 right=-344 top=-116 bottom=-116";

/// What a camera shows.
#[derive(Clone, Copy)]
pub(crate) enum Shows {
    Block,
    OtherShape,
    OtherSize,
}

impl Shows {
    fn picture(self) -> &'static str {
        match self {
            Self::Block => PICTURE,
            Self::OtherShape => OTHER_SHAPE,
            Self::OtherSize => OTHER_SIZE,
        }
    }
}

/// A camera's inner part, which is there while somebody fetches pictures.
type Works = Arc<Mutex<Option<gst::Bin>>>;

/// How a camera is guarded.
#[derive(Clone, Copy)]
pub(crate) enum Guard<'a> {
    Open,
    Password,
    /// And TLS, with certificate and key in one PEM file.
    Tls(&'a Path),
}

impl Guard<'_> {
    fn auth(self) -> server::RTSPAuth {
        let auth = server::RTSPAuth::new();
        auth.set_supported_methods(gstreamer_rtsp::RTSPAuthMethod::Digest);
        let token = server::RTSPToken::builder().field("media.factory.role", "user").build();
        auth.add_digest(USER, PASSWORD, &token);
        if let Self::Tls(pem) = self {
            let certificate = gio::TlsCertificate::from_file(pem).expect("a certificate");
            auth.set_tls_certificate(Some(&certificate));
        }
        auth
    }
}

/// A camera on loopback. Dropped, it is dead.
pub(crate) struct Camera {
    main: gst::glib::MainLoop,
    thread: Option<std::thread::JoinHandle<()>>,
    works: Works,
    pub(crate) port: u16,
}

impl Camera {
    /// On this port, or any where it is 0.
    pub(crate) fn start(port: u16, shows: Shows, guard: Guard<'_>) -> Self {
        let source = format!(
            "{} ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=12 bframes=0 threads=1",
            shows.picture()
        );
        Self::serve(port, guard, &source)
    }

    /// Without password; pictures are put in already coded.
    pub(crate) fn fed() -> Self {
        let source = "appsrc name=in is-live=true format=time do-timestamp=true max-bytes=0 \
             caps=video/x-h264,stream-format=byte-stream,alignment=au,framerate=25/1 ! h264parse";
        Self::serve(0, Guard::Open, source)
    }

    /// Puts a coded picture in; says whether anybody fetches pictures.
    pub(crate) fn feed(&self, unit: &[u8]) -> bool {
        let works = self.works.lock().expect("sound").clone();
        let source = works.and_then(|bin| bin.by_name("in")?.downcast::<gst_app::AppSrc>().ok());
        source.is_some_and(|source| source.push_buffer(gst::Buffer::from_slice(unit.to_vec())).is_ok())
    }

    /// Its clock is wrong by so much from now on.
    pub(crate) fn set_clock(&self, ahead_secs: i64) {
        self.part("clock").set_property("ts-offset", ahead_secs * 1_000_000_000);
    }

    /// One of its inner parts.
    pub(crate) fn part(&self, name: &str) -> gst::Element {
        let works = self.works.lock().expect("sound").clone().expect("somebody fetches pictures");
        works.by_name(name).expect("there")
    }

    pub(crate) fn serve(port: u16, guard: Guard<'_>, source: &str) -> Self {
        gst::init().expect("GStreamer starts");
        let factory = server::RTSPMediaFactory::new();
        factory.set_launch(&format!(
            "( {source} ! identity name=clock ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
        ));
        let works = Works::default();
        let made = Arc::clone(&works);
        factory.connect_media_configure(move |_, media| {
            // Pictures go out when they come, whatever time they bear.
            media.set_rate_control(false);
            *made.lock().expect("sound") = media.element().downcast::<gst::Bin>().ok();
        });
        let rtsp = server::RTSPServer::new();
        rtsp.set_address("127.0.0.1");
        rtsp.set_service(&port.to_string());
        if !matches!(guard, Guard::Open) {
            rtsp.set_auth(Some(&guard.auth()));
            factory.add_role_from_structure(
                &gst::Structure::builder("user")
                    .field("media.factory.access", true)
                    .field("media.factory.construct", true)
                    .build(),
            );
        }
        factory.set_shared(true);
        rtsp.mount_points().expect("mounts").add_factory("/main", factory);
        let context = gst::glib::MainContext::new();
        let main = gst::glib::MainLoop::new(Some(&context), false);
        // A port that was just left may be taken for a moment.
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            match rtsp.attach(Some(&context)) {
                Ok(_) => break,
                Err(_) if Instant::now() < until => std::thread::sleep(Duration::from_millis(100)),
                Err(e) => panic!("no camera: {e}"),
            }
        }
        let port = u16::try_from(rtsp.bound_port()).expect("a port");
        let looped = main.clone();
        let thread = thread("camera", move || {
            let _ = context.with_thread_default(|| looped.run());
            rtsp.client_filter(Some(&mut |_, _| server::RTSPFilterResult::Remove));
        });
        Self { main, thread: Some(thread), works, port }
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.main.quit();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What a relay does with the bytes from the camera.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Way {
    Pass = 0,
    /// Nothing comes through, and nobody is told.
    BlackHole = 1,
    /// Every connection is cut, and no new one gets through.
    Cut = 2,
    /// One byte in some thousand is another one.
    Spoil = 3,
}

/// A relay before a camera.
pub(crate) struct Relay {
    way: Arc<AtomicU8>,
    pub(crate) port: u16,
}

impl Relay {
    pub(crate) fn to(camera: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let way = Arc::new(AtomicU8::new(Way::Pass as u8));
        let shared = Arc::clone(&way);
        thread("relay", move || {
            for client in listener.incoming().filter_map(Result::ok) {
                if shared.load(Ordering::Acquire) == Way::Cut as u8 {
                    continue;
                }
                let Ok(camera) = TcpStream::connect(("127.0.0.1", camera)) else { continue };
                let both = [(client.try_clone(), camera.try_clone(), false), (Ok(camera), Ok(client), true)];
                for (from, to, is_down) in both {
                    let (Ok(from), Ok(to)) = (from, to) else { continue };
                    let way = Arc::clone(&shared);
                    thread("pump", move || pump(from, to, is_down, &way));
                }
            }
        });
        Self { way, port }
    }

    pub(crate) fn set(&self, way: Way) {
        self.way.store(way as u8, Ordering::Release);
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream, is_down: bool, way: &AtomicU8) {
    let mut bytes = [0; 4096];
    let mut dice = 1u32;
    let _ = from.set_read_timeout(Some(Duration::from_millis(100)));
    loop {
        let got = match from.read(&mut bytes) {
            Ok(0) => break,
            Ok(got) => got,
            Err(e) if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => 0,
            Err(_) => break,
        };
        let now = way.load(Ordering::Acquire);
        if now == Way::Cut as u8 {
            break;
        }
        if now == Way::BlackHole as u8 {
            continue;
        }
        if now == Way::Spoil as u8 && is_down && got > 200 {
            // Well behind the head of the packet: what is spoilt is the picture.
            for byte in &mut bytes[60..got] {
                dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                if dice >> 20 == 0 {
                    *byte ^= 0x55;
                }
            }
        }
        if to.write_all(&bytes[..got]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(std::net::Shutdown::Both);
    let _ = to.shutdown(std::net::Shutdown::Both);
}

/// What a viewer saw since it was last asked.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Frames in which the camera's picture was masked: its black wall is to be seen.
    pub(crate) masked: u64,
    /// Frames of one colour and some words.
    pub(crate) covered: u64,
    /// Frames with something raw.
    pub(crate) raw: u64,
}

/// Somebody who looks at every pixel.
pub(crate) struct Viewer {
    pipeline: gst::Pipeline,
    seen: Arc<Mutex<Seen>>,
}

impl Viewer {
    pub(crate) fn of(url: &str, udp: bool) -> Self {
        Self::with(url, udp, None)
    }

    pub(crate) fn with(url: &str, udp: bool, login: Option<(&str, &str)>) -> Self {
        gst::init().expect("GStreamer starts");
        let protocols = if udp { "udp" } else { "tcp" };
        let login = login.map_or(String::new(), |(user, pw)| format!("user-id={user} user-pw={pw}"));
        // Who the server is does not matter to those who look at pixels.
        let login = format!("{login} tls-validation-flags=0");
        let text = format!(
            "rtspsrc location={url} protocols={protocols} latency=50 {login} ! rtph264depay ! h264parse ! avdec_h264"
        );
        Self::launch(&text)
    }

    /// Looks at a file from beginning to end.
    pub(crate) fn file(path: &Path) -> Seen {
        gst::init().expect("GStreamer starts");
        let viewer =
            Self::launch(&format!("filesrc location={} ! qtdemux ! h264parse ! avdec_h264", path.display()));
        let bus = viewer.pipeline.bus().expect("a bus");
        let ends = [gst::MessageType::Eos, gst::MessageType::Error];
        let end = bus.timed_pop_filtered(gst::ClockTime::from_seconds(20), &ends).expect("an end");
        assert_eq!(end.type_(), gst::MessageType::Eos, "{} plays: {end:?}", path.display());
        viewer.seen()
    }

    fn launch(source: &str) -> Self {
        let text = format!(
            "{source} ! videoconvert ! video/x-raw,format=RGB ! appsink name=out sync=false max-buffers=4"
        );
        let pipeline = gst::parse::launch(&text).expect("a sound pipeline");
        let pipeline = pipeline.downcast::<gst::Pipeline>().expect("a pipeline");
        let out =
            pipeline.by_name("out").expect("a sink").downcast::<gst_app::AppSink>().expect("an appsink");
        let seen: Arc<Mutex<Seen>> = Arc::default();
        let noted = Arc::clone(&seen);
        out.set_callbacks(
            gst_app::AppSinkCallbacks::builder()
                .new_sample(move |out| {
                    let sample = out.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                    let buffer = sample.buffer().ok_or(gst::FlowError::Error)?;
                    let bytes = buffer.map_readable().map_err(|_| gst::FlowError::Error)?;
                    note(&bytes, &mut noted.lock().expect("sound"));
                    Ok(gst::FlowSuccess::Ok)
                })
                .build(),
        );
        pipeline.set_state(gst::State::Playing).expect("started");
        Self { pipeline, seen }
    }

    /// What was seen since the last time.
    pub(crate) fn seen(&self) -> Seen {
        std::mem::take(&mut *self.seen.lock().expect("sound"))
    }

    /// Waits until what is seen fits; nothing raw may be seen meanwhile.
    pub(crate) fn until(&self, what: &str, secs: u64, fits: impl Fn(Seen) -> bool) {
        let until = Instant::now() + Duration::from_secs(secs);
        let mut all = Vec::new();
        loop {
            std::thread::sleep(Duration::from_millis(400));
            let seen = self.seen();
            assert_eq!(seen.raw, 0, "something raw was seen while waiting for {what}");
            if fits(seen) {
                return;
            }
            all.push(seen);
            assert!(Instant::now() < until, "{what} was not seen within {secs} s: {all:?}");
        }
    }

    pub(crate) fn until_masked(&self, secs: u64) {
        self.until("a masked picture", secs, |seen| seen.masked > 3 && seen.covered == 0);
    }

    pub(crate) fn until_covered(&self, secs: u64) {
        self.until("a covered picture", secs, |seen| seen.covered > 0 && seen.masked == 0);
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// Looks at one picture: magenta is raw, green covers, black is the camera's wall.
fn note(rgb: &[u8], seen: &mut Seen) {
    let (mut magenta, mut black, mut all) = (0usize, 0usize, 0usize);
    for pixel in rgb.chunks_exact(3) {
        let [r, g, b] = [pixel[0], pixel[1], pixel[2]];
        magenta += usize::from(r > 150 && b > 150 && g < 100);
        black += usize::from(r < 40 && g < 40 && b < 40);
        all += 1;
    }
    seen.raw += u64::from(magenta > 8);
    if black * 4 > all {
        seen.masked += 1;
    } else {
        seen.covered += 1;
    }
}

/// A folder with settings, a camera file and credentials.
pub(crate) struct Desk {
    root: tempfile::TempDir,
}

impl Desk {
    /// `live` is the policy, `stream` what stands under `[stream]`.
    pub(crate) fn new(live: &str, stream: &str) -> Self {
        let desk = Self { root: tempfile::tempdir().expect("a folder") };
        let site = "schema = 1\n[detect]\nperson_input_px = 128\nface_input_px = 128\n\
                    [mask]\nstyle = \"fill\"\nfill_colour = \"00ff00\"\n";
        desk.write("site.toml", site, 0o644);
        desk.write("camera", &format!("{USER}:{PASSWORD}\n"), 0o600);
        desk.write("viewers", "guard:also-secret\n", 0o600);
        let camera = format!(
            "schema = 1\nid = \"hall\"\ndescription = \"made up\"\nframe = {{ width = 320, height = 180 }}\n\
             live = \"{live}\"\n[stream]\n{stream}\n[register]\nretention_days = 7\n[[zone]]\nkind = \"door\"\n\
             label = \"all of it\"\npolygon = [[0.25, 0.25], [0.55, 0.25], [0.55, 0.75], [0.25, 0.75]]\n"
        );
        desk.write("hall.toml", &camera, 0o644);
        desk
    }

    /// A camera like the hall's, under another name.
    pub(crate) fn another(&self, id: &str) {
        let hall = std::fs::read_to_string(self.path("hall.toml")).expect("there");
        self.write(&format!("{id}.toml"), &hall.replace("id = \"hall\"", &format!("id = {id:?}")), 0o644);
    }

    pub(crate) fn write(&self, name: &str, text: &str, mode: u32) {
        let path = self.path(name);
        std::fs::write(&path, text).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// With times that a loaded machine keeps: it looks seldom, and what is tested is not its speed.
    pub(crate) fn command(&self, more: &[&str]) -> Command {
        let mut command = self.command_with(more);
        command.args(["--mask-age-ms", "2000", "--delay-ms", "1000"]);
        command
    }

    fn command_with(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_melkglas"));
        command
            .current_dir(self.root.path())
            .args(["live", "--camera", "hall.toml", "--site", "site.toml"])
            .args(more)
            .args(if more.contains(&"--publish") { &[][..] } else { &["--publish", "rtsp://127.0.0.1:0"] })
            .env("MELKGLAS_STATE", self.path("state"))
            .env("MELKGLAS_LOG", "info")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .stdout(Stdio::piped());
        command
    }

    /// Starts the service, and waits until it says where viewers connect.
    pub(crate) fn start(&self, more: &[&str]) -> Service {
        Self::started(self.command(more))
    }

    pub(crate) fn started(mut command: Command) -> Service {
        let child = command.spawn().expect("started");
        let mut service = Service { child, said: Arc::default(), address: ([127, 0, 0, 1], 0).into() };
        let stderr = service.child.stderr.take().expect("piped");
        let heard = Arc::clone(&service.said);
        thread("listen", move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                heard.lock().expect("sound").push_str(&(line + "\n"));
            }
        });
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let text = service.said();
            let line = text.lines().find_map(|line| line.strip_prefix("hall: "));
            if let Some((_, rest)) = line.and_then(|line| line.split_once("://")) {
                let address = rest.split('/').next().expect("an address");
                service.address = address.parse().expect("an address");
                return service;
            }
            let over = service.child.try_wait().expect("asked").is_some() || Instant::now() > until;
            assert!(!over, "it did not start: {text}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// The program at work.
pub(crate) struct Service {
    child: Child,
    said: Arc<Mutex<String>>,
    address: SocketAddr,
}

impl Service {
    pub(crate) fn url(&self) -> String {
        format!("rtsp://{}/hall", self.address)
    }

    /// The mount of another camera of it.
    pub(crate) fn url_of(&self, camera: &str) -> String {
        format!("rtsp://{}/{camera}", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn said(&self) -> String {
        self.said.lock().expect("sound").clone()
    }

    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a pid")
    }

    /// Memory that it holds, KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Processor time that it took, seconds.
    pub(crate) fn cpu_secs(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).expect("it runs");
        let fields: Vec<&str> = stat.rsplit(')').next().expect("fields").split_whitespace().collect();
        let ticks = |at: usize| fields[at].parse::<f64>().expect("a number");
        (ticks(11) + ticks(12)) / 100.0
    }

    /// What Prometheus would be told.
    pub(crate) fn metrics(&self, port: u16) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it answers");
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n").expect("asked");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("answered");
        text
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }

    /// Asks it to stop, and waits; gives its exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_raw(self.pid()).expect("a pid");
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("told");
        self.child.wait().expect("ended").code()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A certificate authority that is thrown away, and certificates of it.
pub(crate) struct Authority(tempfile::TempDir);

impl Authority {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        openssl(
            folder.path(),
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 \
             -subj /CN=throw-away",
        );
        Self(folder)
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.0.path().join("ca.pem")
    }

    /// Certificate and key for this subject alternative name, in one file.
    pub(crate) fn issue(&self, name: &str, for_whom: &str) -> PathBuf {
        let folder = self.0.path();
        std::fs::write(folder.join("san"), format!("subjectAltName={for_whom}\n")).expect("written");
        openssl(
            folder,
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout one.key -out one.csr -subj /CN=camera",
        );
        openssl(
            folder,
            "x509 -req -in one.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out one.pem",
        );
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("written by openssl");
        let path = folder.join(name);
        std::fs::write(&path, read("one.pem") + &read("one.key")).expect("written");
        path
    }
}

fn openssl(folder: &Path, arguments: &str) {
    let done = Command::new("openssl").current_dir(folder).args(arguments.split_whitespace()).output();
    let done = done.expect("openssl is installed");
    assert!(done.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&done.stderr));
}
