//! A camera that is turned: its zones no longer lie where they should, so nothing is shown until it is turned back.

use super::rig::{Camera, Desk, Guard, Viewer, thread};
use super::turn;
use gstreamer as gst;
use gstreamer::prelude::*;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// The wall is wider than the camera's picture, so that the camera can look at another part of it.
const WALL: (u32, u32) = (672, 360);
const WIDTH: u32 = 640;
const METRICS: u16 = 9466;

/// Panels and doors, much of them black, and a magenta block behind the private region.
fn paint(path: &Path) {
    let mut dice = 7u32;
    let mut throw = |most: u32| {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (dice >> 8) % most
    };
    let mut wall = image::RgbImage::from_pixel(WALL.0, WALL.1, image::Rgb([170; 3]));
    let mut fill = |x: u32, y: u32, w: u32, h: u32, colour: [u8; 3]| {
        for (x, y) in (x..(x + w).min(WALL.0)).flat_map(|x| (y..(y + h).min(WALL.1)).map(move |y| (x, y))) {
            wall.put_pixel(x, y, image::Rgb(colour));
        }
    };
    for number in 0..260 {
        let (x, y, w, h) = (throw(WALL.0), throw(WALL.1), 20 + throw(60), 20 + throw(60));
        let grey = if number % 4 != 0 { 12 } else { 100 + throw(120) as u8 };
        fill(x, y, w, h, [grey; 3]);
    }
    fill(200, 115, 90, 130, [255, 0, 255]);
    wall.save(path).expect("written");
}

/// The camera's picture of the wall.
fn picture(wall: &Path) -> String {
    format!(
        "filesrc location={} ! pngdec ! imagefreeze is-live=true ! videoconvert \
         ! video/x-raw,format=I420,framerate=12/1 ! videocrop name=turn left=0 right={}",
        wall.display(),
        WALL.0 - WIDTH
    )
}

/// A clip of the wall with nobody before it.
fn film(wall: &Path, clip: &Path) {
    let text = picture(wall).replace("is-live=true", "num-buffers=12");
    let text = format!("{text} ! x264enc ! mp4mux ! filesink location={}", clip.display());
    let pipeline =
        gst::parse::launch(&text).expect("a sound pipeline").downcast::<gst::Pipeline>().expect("one");
    pipeline.set_state(gst::State::Playing).expect("started");
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    let end = pipeline.bus().expect("a bus").timed_pop_filtered(gst::ClockTime::from_seconds(30), &ends);
    assert_eq!(end.expect("an end").type_(), gst::MessageType::Eos);
    pipeline.set_state(gst::State::Null).expect("stopped");
}

/// Learns the camera's still and approves it, as staff do.
fn learn(desk: &Desk, clip: &str) {
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_melkglas"));
        let command = command.current_dir(desk.path("")).args(args).args(["--site", "site.toml"]);
        let done = command.env("MELKGLAS_STATE", desk.path("state")).output().expect("started");
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    };
    run(&["camera", "learn", "hall.toml", clip]);
    let file = std::fs::read_to_string(desk.path("hall.toml")).expect("there");
    for line in file.lines().filter_map(|line| line.strip_prefix("sha256 = ")) {
        let still = &line.trim_matches('"')[..8];
        let approve = ["camera", "approve", "hall.toml", "--by", "A. Jansen", "--still", still];
        // A reason is asked for only where a network takes a panel for somebody.
        run(&[&approve[..], &["--despite", "panels"]].concat());
    }
}

#[test]
fn a_camera_that_is_turned_is_covered_until_it_is_turned_back() {
    let _turn = turn();
    gst::init().expect("GStreamer starts");
    let desk = Desk::new("masked", "url = \"rtsp://127.0.0.1:1/main\"\ntransport = \"any\"");
    let (wall, clip) = (desk.path("wall.png"), desk.path("wall.mp4"));
    paint(&wall);
    film(&wall, &clip);
    let source = format!(
        "{} ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=12 bframes=0 threads=1",
        picture(&wall)
    );
    let camera = Camera::serve(0, Guard::Open, &source);
    let file = std::fs::read_to_string(desk.path("hall.toml")).expect("there");
    let file = file.replace("127.0.0.1:1/", &format!("127.0.0.1:{}/", camera.port));
    desk.write("hall.toml", &file.replace("width = 320, height = 180", "width = 640, height = 360"), 0o644);
    learn(&desk, "wall.mp4");
    let service = desk.start(&["--metrics", &format!("127.0.0.1:{METRICS}")]);
    let moved = || {
        let text = service.metrics(METRICS);
        text.lines().any(|line| line == "melkglas_camera_moved{camera=\"hall\"} 1")
    };
    let viewer = Viewer::of(&service.url(), false);
    viewer.until_masked(60);
    assert!(!moved());

    let part = camera.part("turn");
    let look_at = |left: u32| {
        part.set_property("left", left as i32);
        part.set_property("right", (WALL.0 - WIDTH - left) as i32);
    };
    look_at(16);
    // What differs from the still is masked until it is known.
    viewer.until("a covered picture and its count", 60, |seen| seen.masked == 0 && moved());
    std::thread::sleep(Duration::from_secs(2));
    viewer.seen();
    std::thread::sleep(Duration::from_secs(1));
    let seen = viewer.seen();
    assert!(seen.covered > 0 && seen.masked == 0 && seen.raw == 0, "{seen:?}");
    assert!(service.said().contains("turned away from its stills"), "{}", service.said());

    look_at(0);
    viewer.until_masked(60);
    assert!(!moved());
    drop(part);
    // Turned while it was away: nothing is shown before that is known.
    let port = camera.port;
    let gone = thread("gone", move || drop(camera));
    gone.join().expect("sound");
    viewer.until_covered(15);
    let source = source.replace("left=0 right=32", "left=16 right=16");
    let _again = Camera::serve(port, Guard::Open, &source);
    viewer.until("the count", 60, |seen| {
        assert_eq!(seen.masked, 0, "nothing is shown before it is known");
        moved()
    });
}
