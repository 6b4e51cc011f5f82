//! `melkglas live` against cameras, networks and viewers of our own, on loopback: what a viewer sees is told from pixels.
//!
//! The camera shows a magenta block behind a private region, so that whoever sees magenta sees something raw. One test
//! at a time: each has a camera, a service and viewers at work.

#[path = "live/film.rs"]
mod film;
#[path = "live/rig.rs"]
mod rig;
#[path = "live/soak.rs"]
mod soak;
#[path = "live/turned.rs"]
mod turned;
#[path = "live/viewers.rs"]
mod viewers;

use melkglas::casework::audit::Account;
use rig::{Authority, Camera, Desk, Guard, PASSWORD, Relay, Seen, Shows, Viewer, Way};
use std::process::Output;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

fn plain(port: u16) -> String {
    format!(
        "url = \"rtsp://127.0.0.1:{port}/main\"\ntransport = \"any\"\ncredentials = \"camera\"\nrecord = true"
    )
}

fn tls(port: u16, authority: &Authority) -> String {
    let ca = authority.certificate();
    format!("url = \"rtsps://127.0.0.1:{port}/main\"\nca = {ca:?}\ncredentials = \"camera\"")
}

#[test]
fn the_rig_sees_what_is_raw() {
    let _turn = turn();
    let camera = Camera::start(0, Shows::Block, Guard::Password);
    let url = format!("rtsp://127.0.0.1:{}/main", camera.port);
    let viewer = Viewer::with(&url, false, Some((rig::USER, PASSWORD)));
    for _ in 0..100 {
        std::thread::sleep(Duration::from_millis(100));
        if viewer.seen().raw > 0 {
            return;
        }
    }
    panic!("nothing raw was seen at the camera itself");
}

#[test]
fn whatever_happens_to_the_camera_nothing_raw_is_seen() {
    let _turn = turn();
    let camera = Camera::start(0, Shows::Block, Guard::Password);
    let port = camera.port;
    let relay = Relay::to(port);
    let desk = Desk::new("masked", &plain(relay.port));
    let mut service = desk.start(&[]);
    let viewer = Viewer::of(&service.url(), false);
    let by_datagrams = Viewer::of(&service.url(), true);
    viewer.until_masked(60);
    by_datagrams.until_masked(20);
    // Packets are spoilt: what is concealed is covered, and afterwards all is well.
    relay.set(Way::Spoil);
    viewer.until("a covered picture", 30, |seen| seen.covered > 0);
    relay.set(Way::Pass);
    viewer.until_masked(60);
    // Nothing comes any more, and nobody says so: noticed within 5 s.
    relay.set(Way::BlackHole);
    viewer.until_covered(15);
    relay.set(Way::Cut);
    std::thread::sleep(Duration::from_secs(1));
    relay.set(Way::Pass);
    viewer.until_masked(90);
    // The camera dies and comes back with larger pictures of the same shape: its zones still fit.
    drop(camera);
    relay.set(Way::Cut);
    viewer.until_covered(15);
    let larger = Camera::start(port, Shows::OtherSize, Guard::Password);
    relay.set(Way::Pass);
    viewer.until_masked(60);
    // And as another one: they need not fit.
    drop(larger);
    relay.set(Way::Cut);
    viewer.until_covered(15);
    let other = Camera::start(port, Shows::OtherShape, Guard::Password);
    relay.set(Way::Pass);
    viewer.until("another shape", 30, |_| service.said().contains("another shape of picture"));
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!((viewer.seen().masked, viewer.seen().raw), (0, 0), "another shape is covered");
    // As it was before: the service goes on by itself.
    drop(other);
    let same = Camera::start(port, Shows::Block, Guard::Password);
    viewer.until_masked(60);
    drop(same);
    assert_eq!(by_datagrams.seen().raw, 0);
    let said = service.said();
    assert!(!said.contains(PASSWORD), "{said}");
    assert_eq!(service.stop(), Some(143), "{said}");
}

#[test]
fn a_camera_is_known_by_its_certificate() {
    let _turn = turn();
    let authority = Authority::new();
    let own = authority.issue("camera.pem", "IP:127.0.0.1");
    let camera = Camera::start(0, Shows::Block, Guard::Tls(&own));
    let desk = Desk::new("masked", &tls(camera.port, &authority));
    let service = desk.start(&[]);
    let viewer = Viewer::of(&service.url(), false);
    viewer.until_masked(60);
    let port = camera.port;
    drop(camera);
    viewer.until_covered(15);
    // Somebody else's, with the same password.
    let strangers_authority = Authority::new();
    let strangers = strangers_authority.issue("camera.pem", "IP:127.0.0.1");
    let stranger = Camera::start(port, Shows::Block, Guard::Tls(&strangers));
    refused(&viewer, &service, "vouches");
    drop(stranger);
    // Of our authority, for another name.
    let elsewhere = authority.issue("elsewhere.pem", "DNS:elsewhere.example");
    let misnamed = Camera::start(port, Shows::Block, Guard::Tls(&elsewhere));
    refused(&viewer, &service, "another name");
    drop(misnamed);
}

#[test]
fn a_camera_whose_clock_jumps_is_followed() {
    let _turn = turn();
    let camera = Camera::start(0, Shows::Block, Guard::Password);
    let desk = Desk::new("masked", &plain(camera.port));
    let service = desk.start(&[]);
    let viewer = Viewer::of(&service.url(), false);
    viewer.until_masked(60);
    for ahead_secs in [3600, 3602, 3590, 0] {
        camera.set_clock(ahead_secs);
        std::thread::sleep(Duration::from_millis(500));
        viewer.until_masked(60);
    }
}

/// Nothing is shown, and the log says why.
fn refused(viewer: &Viewer, service: &rig::Service, why: &str) {
    for _ in 0..100 {
        std::thread::sleep(Duration::from_millis(500));
        let Seen { masked, raw, .. } = viewer.seen();
        assert_eq!((masked, raw), (0, 0));
        if service.said().contains(why) {
            return;
        }
    }
    panic!("{why:?} was not said: {}", service.said());
}

#[test]
fn a_wrong_password_shows_nothing_and_is_not_told() {
    let _turn = turn();
    let camera = Camera::start(0, Shows::Block, Guard::Password);
    let desk = Desk::new("masked", &plain(camera.port));
    desk.write("camera", "camera:wrong-and-secret\n", 0o600);
    let service = desk.start(&[]);
    let viewer = Viewer::of(&service.url(), false);
    refused(&viewer, &service, "refuses this user and password");
    assert!(!service.said().contains("wrong-and-secret"));
}

#[test]
fn recordings_outlive_a_kill() {
    let _turn = turn();
    let camera = Camera::start(0, Shows::Block, Guard::Password);
    let desk = Desk::new("masked", &plain(camera.port));
    let mut service = desk.start(&["--record", "footage", "--segment-secs", "3"]);
    let segments = || {
        let names = std::fs::read_dir(desk.path("footage")).expect("a folder");
        let paths = names.map(|entry| entry.expect("an entry").path());
        let (whole, partial): (Vec<_>, Vec<_>) =
            paths.partition(|path| path.extension().is_some_and(|e| e == "mp4"));
        (whole, partial)
    };
    let until = |what: &str, fits: &dyn Fn() -> bool| {
        let sees = || (0..300).any(|_| fits() || (std::thread::sleep(Duration::from_millis(200)), false).1);
        assert!(sees(), "{what}: {}", service.said());
    };
    until("a segment", &|| !segments().0.is_empty());
    // The disk is taken away, and comes back: that is said once, and recording goes on by itself.
    std::fs::rename(desk.path("footage"), desk.path("away")).expect("moved");
    until("the folder is gone", &|| service.said().contains("is gone"));
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(service.said().matches("a segment is lost").count(), 1, "{}", service.said());
    std::fs::create_dir(desk.path("footage")).expect("made");
    until("three more segments", &|| segments().0.len() >= 3);
    service.kill();
    let (whole, partial) = segments();
    assert!(whole.len() >= 3, "{whole:?}");
    let mut all = Seen::default();
    for path in &whole {
        let seen = Viewer::file(path);
        assert!(seen.masked + seen.covered > 10, "{} plays: {seen:?}", path.display());
        (all.masked, all.raw) = (all.masked + seen.masked, all.raw + seen.raw);
    }
    assert!(all.masked > 0 && all.raw == 0, "{all:?}");
    for path in &partial {
        if std::fs::metadata(path).expect("there").len() > 20_000 {
            assert_eq!(Viewer::file(path).raw, 0);
        }
    }
    let mut again = desk.start(&["--record", "footage", "--segment-secs", "3"]);
    assert!(partial.iter().all(|path| !path.exists()), "what was unfinished is gone");
    std::thread::sleep(Duration::from_secs(2));
    again.stop();
    assert!(segments().1.is_empty(), "stopped in good order, nothing is left unfinished");
}

fn ended(desk: &Desk, more: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, stdout } = desk.command(more).output().expect("started");
    let text = String::from_utf8_lossy(&stderr) + String::from_utf8_lossy(&stdout);
    (status.code(), text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn what_a_camera_file_forbids_does_not_start() {
    let _turn = turn();
    let stream = plain(1);
    for (live, more, code, said) in [
        ("forbidden", [].as_slice(), 6, "may not be watched live"),
        ("placement", &[], 2, "needs a name and a reason"),
        ("placement", &["--record", "f", "--by", "A", "--reason", "b"], 6, "may not be recorded"),
        ("masked", &["--publish", "rtsp://0.0.0.0:0"], 2, "others can reach"),
        ("masked", &["--viewers", "hall.toml"], 3, "can be read by others"),
    ] {
        let desk = Desk::new(live, &stream);
        let Output { status, stderr, .. } = desk.command(more).output().expect("started");
        let text = String::from_utf8_lossy(&stderr).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(status.code(), Some(code), "{live}: {text}");
        assert!(text.contains(said), "{live}: {text}");
    }
    // What is refused is shown without what nobody may see: it may end in a journal.
    for url in
        [format!("rtsps://root:{PASSWORD}@127.0.0.1/"), format!("rtsps://127.0.0.1/?password={PASSWORD}")]
    {
        let (code, said) = ended(&Desk::new("masked", &format!("url = {url:?}")), &[]);
        assert_eq!(code, Some(3), "{said}");
        assert!(said.contains("password") && !said.contains(PASSWORD), "{said}");
    }
}

/// What the audit log shows.
fn audit(desk: &Desk) -> String {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_melkglas"));
    let shown = command.args(["audit", "show", "--state"]).arg(desk.path("state")).output();
    String::from_utf8_lossy(&shown.expect("started").stdout).into_owned()
}

#[test]
fn a_placement_is_on_record_with_its_viewers() {
    let _turn = turn();
    let camera = Camera::start(0, Shows::Block, Guard::Password);
    let desk = Desk::new("placement", &plain(camera.port));
    let (code, said) = ended(&desk, &["--check", "--stills", "."]);
    assert_eq!(code, Some(0), "{said}");
    let still = image::open(desk.path("hall.jpg")).expect("a still").into_rgb8();
    assert!(still.pixels().all(|p| !(p[0] > 150 && p[2] > 150 && p[1] < 100)), "the still is masked");
    let login = ["--viewers", "viewers", "--by", "A. Jansen", "--reason", "placing it"];
    let mut service = desk.start(&login);
    // Who does not know the password sees nothing.
    let stranger = Viewer::of(&service.url(), false);
    let viewer = Viewer::with(&service.url(), false, Some(("guard", "also-secret")));
    viewer.until_masked(60);
    assert_eq!(stranger.seen(), Seen::default());
    drop((viewer, stranger));
    assert_eq!(service.stop(), Some(143));
    // Two cameras within one connection are two that were watched.
    desk.another("yard");
    let mut service = desk.start(&["--by", "A. Jansen", "--reason", "placing it", "--camera", "yard.toml"]);
    let mut both = viewers::Raw::connect(&service);
    assert_eq!([both.play("hall"), both.play("yard")], [200, 200]);
    drop(both);
    assert_eq!(service.stop(), Some(143));
    let text = audit(&desk);
    for word in ["live-placement", "live-viewed", "127.0.0.1", "A. Jansen"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert!(!text.contains("UNFINISHED") && !text.contains("placing it"), "{text}");
    assert_eq!(text.matches("live-viewed").count(), 3, "{text}");
}

#[test]
fn systemd_is_told_that_it_is_ready_alive_and_stopping() {
    let _turn = turn();
    let camera = Camera::start(0, Shows::Block, Guard::Password);
    let desk = Desk::new("masked", &plain(camera.port));
    let socket = std::os::unix::net::UnixDatagram::bind(desk.path("notify")).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
    let mut command = desk.command(&[]);
    command.env("NOTIFY_SOCKET", desk.path("notify")).env("WATCHDOG_USEC", "1000000");
    let mut service = Desk::started(command);
    let told = |what: &str| {
        let mut bytes = [0; 512];
        for _ in 0..20 {
            let got = socket.recv(&mut bytes).expect("told within 30 s");
            if String::from_utf8_lossy(&bytes[..got]).lines().any(|line| line == what) {
                return;
            }
        }
        panic!("systemd was not told {what}");
    };
    told("READY=1");
    told("WATCHDOG=1");
    told("WATCHDOG=1");
    assert_eq!(service.stop(), Some(143));
    told("STOPPING=1");
}

#[test]
fn a_policy_forbids_or_restricts_what_a_camera_file_allows() {
    let _turn = turn();
    let authority = Authority::new();
    let own = authority.issue("camera.pem", "IP:127.0.0.1");
    let camera = Camera::start(0, Shows::Block, Guard::Tls(&own));
    let desk = Desk::new("masked", &tls(camera.port, &authority));
    let settings =
        std::fs::read_to_string(desk.path("site.toml")).expect("there").replacen("schema = 1", "", 1);
    let office = |policy: &str, key: &str| {
        let account = Account::of_this_process().login.expect("the tests run under an account");
        let office = format!(
            "schema = 1\npolicy = \"{policy}\"\n[cases]\nfolder = \"/nowhere/cases\"\n{key} = \"/nowhere/site.key\"\n\
             [[user]]\naccount = \"{account}\"\nname = \"B. Visser\"\nroles = [\"housing-manager\"]\n\
             secrecy_signed = 2026-01-12\n"
        );
        desk.write("site.toml", &format!("{office}{settings}"), 0o644);
    };
    office("leystromen", "key_protected");
    let (code, said) = ended(&desk, &[]);
    assert_eq!(code, Some(6), "{said}");
    assert!(said.contains("not watched live") && said.contains("(Leystromen, par."), "{said}");
    office("woongroen", "key_file");
    let (code, said) = ended(&desk, &[]);
    assert_eq!((code, said.contains("needs a name and a reason")), (Some(2), true), "{said}");
    let placed = ["--reason", "placing it"];
    let (code, said) = ended(&desk, &["--record", "footage", "--reason", "placing it"]);
    assert_eq!((code, said.contains("(Woongroen, art.")), (Some(6), true), "{said}");
    // Placed by the member of staff whose account this is, on record, and nothing raw is seen.
    let mut service = desk.start(&placed);
    let viewer = Viewer::of(&service.url(), false);
    viewer.until_masked(60);
    assert_eq!(viewer.seen().raw, 0);
    drop(viewer);
    assert_eq!(service.stop(), Some(143));
    let text = audit(&desk);
    for word in ["live-placement", "live-viewed", "B. Visser"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    assert!(!text.contains("UNFINISHED") && !text.contains("placing it"), "{text}");
}

/// Films at full size and rate, on a machine that has nothing else to do: `scripts/soak live`.
#[test]
#[ignore = "takes ten minutes and the whole machine; scripts/soak live runs it"]
fn long_run() {
    let _turn = turn();
    soak::run(&soak::Asked::read());
}
