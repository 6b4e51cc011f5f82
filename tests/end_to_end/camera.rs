//! Camera files through the program: taken over from other tools, asked about, and of cameras that move.

use super::eyes::{is_fill, view};
use super::film;
use super::program::{DOOR, Desk, mode};
use gst::prelude::*;
use gstreamer as gst;
use serde_json::Value;
use std::path::Path;

fn sample(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import").join(name).to_string_lossy().into_owned()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn masks_of_other_tools_become_a_camera_file_that_passes_the_check() {
    let desk = Desk::new();
    let labelme = sample("courtyard.labelme.json");
    let args = ["camera", "import", &labelme, "--from", "labelme", "-o", "yard.toml"];
    let said =
        ["door voordeur 12", "! shape 5 \"kerb\": a linestrip encloses nothing; left out", "wrote yard.toml"];
    desk.run(args).expect(0, &said);
    assert_eq!((desk.names(), mode(&desk.path("yard.toml"))), (vec!["yard.toml".to_owned()], 0o600));
    desk.run(["camera", "check", "yard.toml"]).expect(0, &["is sound", "bell-panel", "? no mirror zone"]);
    let file = std::fs::read_to_string(desk.path("yard.toml")).expect("read");
    assert!(file.contains("# - shape 5 \"kerb\": a linestrip encloses nothing; left out"), "{file}");
    desk.run(args).expect(2, &["exists already"]);
    desk.run(args.into_iter().chain(["--force"])).expect(0, &[]);

    let cvat = sample("video.cvat.xml");
    desk.run(["camera", "import", &cvat, "--from", "cvat", "-o", "film.toml"])
        .expect(0, &["it moves from frame"]);
    let frigate = sample("config.frigate.yml");
    let import = |rest: &[&str]| {
        let args = ["camera", "import", &frigate, "--from", "frigate", "-o", "back.toml"];
        desk.run(args.iter().chain(rest))
    };
    import(&[]).expect(2, &["back, front", "--camera NAME"]);
    import(&["--camera", "back", "--image", "x"]).expect(2, &["--image is for files of labelled pictures"]);
    import(&["--camera", "back", "--frame", "1280"]).expect(2, &["1280x720"]);
    import(&["--camera", "back", "--frame", "100x100"]).expect(2, &["another shape"]);
    import(&["--camera", "back"]).expect(0, &["wrote back.toml", "1280x720"]);
    for name in ["film.toml", "back.toml"] {
        desk.run(["camera", "check", name]).expect(0, &["is sound"]);
    }

    let names = desk.names();
    desk.run(["camera", "import", &labelme, "--from", "cvat", "-o", "x.toml"])
        .expect(3, &["this XML cannot be read"]);
    desk.run(["camera", "import", "none", "--from", "cvat", "-o", "x.toml"])
        .expect(3, &["none cannot be read"]);
    desk.run(["camera", "import", &labelme, "--from", "labelme", "-o", "X 1.toml"]).expect(3, &["x-1.toml"]);
    std::fs::copy(&labelme, desk.path("in.toml")).expect("copied");
    let onto_itself = ["camera", "import", "in.toml", "--from", "labelme", "-o", "in.toml", "--force"];
    assert_eq!(desk.run(onto_itself).code, Some(2));
    assert_eq!(std::fs::read(desk.path("in.toml")).expect("read"), std::fs::read(&labelme).expect("read"));
    std::fs::remove_file(desk.path("in.toml")).expect("removed");
    assert_eq!(desk.names(), names);
}

/// A CVAT project of two cameras with pictures of two sizes, each with its door in the lower right quarter.
const PROJECT: &str = "<annotations><meta><project><tasks>
<task><id>11</id><name>yard</name><original_size><width>640</width><height>360</height></original_size></task>
<task><id>12</id><name>hall</name><original_size><width>320</width><height>180</height></original_size></task>
</tasks></project></meta>
<track label=\"deur\" task_id=\"11\"><box frame=\"0\" outside=\"0\" xtl=\"320\" ytl=\"180\" xbr=\"640\" ybr=\"360\"/></track>
<track label=\"deur\" task_id=\"12\"><box frame=\"0\" outside=\"0\" xtl=\"160\" ytl=\"90\" xbr=\"320\" ybr=\"180\"/></track>
</annotations>";

#[test]
fn a_door_of_one_task_of_a_project_is_hidden_where_it_is() {
    let desk = Desk::new();
    film::intruder(&desk.path("clip.mp4"), 5);
    std::fs::write(desk.path("project.xml"), PROJECT).expect("written");
    let import = ["camera", "import", "project.xml", "-o", "hall.toml"];
    desk.run(import).expect(2, &["yard (task 11), hall (task 12)", "--task NAME"]);
    assert!(!desk.path("hall.toml").exists());
    desk.run(import.into_iter().chain(["--task", "hall"])).expect(0, &["deur", "320x180, 1 zone(s)"]);
    desk.run(["redact", "clip.mp4", "-o", "out.mp4", "--camera", "hall.toml"]).expect(0, &[]);
    let seen = view(&desk.path("out.mp4"));
    for (x, y) in [(164, 94), (240, 135), (316, 176)] {
        assert!((0..5).all(|frame| is_fill(seen.pixel(frame, x, y))), "{x},{y}");
    }
}

#[test]
fn a_zone_of_hardly_any_pixels_is_a_question_also_where_it_is_written_by_hand() {
    let desk = Desk::new();
    let speck = DOOR
        .replace("[0.95, 0.25], [0.95, 0.75], [0.05, 0.75]", "[0.055, 0.25], [0.055, 0.75], [0.05, 0.75]");
    std::fs::write(desk.path("door.toml"), &speck).expect("written");
    let says = ["zone \"all of it\" is only 1.6 x 90.0 pixels large", "small = true"];
    desk.run(["camera", "check", "door.toml"]).expect(3, &says);
    let meant = speck.replace("kind = \"door\"", "kind = \"voordeur\"\nsmall = true");
    std::fs::write(desk.path("door.toml"), meant).expect("written");
    desk.run(["camera", "check", "door.toml"]).expect(0, &["is sound", "door"]);
    let svg = "<svg width=\"320\" height=\"180\"><rect id=\"voordeur\" x=\"9\" y=\"9\" width=\"3\" height=\"90\"/></svg>";
    std::fs::write(desk.path("zones.svg"), svg).expect("written");
    let import = ["camera", "import", "zones.svg", "-o", "speck.toml"];
    desk.run(import).expect(2, &["line 1 \"voordeur\" (3.0 x 90.0 pixels)", "--small-zones"]);
    desk.run(import.into_iter().chain(["--small-zones"])).expect(0, &["wrote speck.toml"]);
    desk.run(["camera", "check", "speck.toml", "--lang", "nl"]).expect(0, &["deur"]);
}

#[test]
fn the_still_for_drawing_shows_the_scene_without_whoever_passes() {
    let desk = Desk::new();
    film::intruder(&desk.path("clip.mp4"), 40);
    let new = ["camera", "new", "hall", "--from", "clip.mp4", "-o", "hall.toml", "--picture", "grid.png"];
    desk.run(new).expect(0, &["wrote grid.png"]);
    let grid = image::open(desk.path("grid.png")).expect("a picture").into_rgb8();
    let magenta = grid.pixels().filter(|p| p[0] > 180 && p[1] < 90 && p[2] > 180).count();
    let filled = grid.pixels().filter(|p| p[1] > 200 && p[0] < 60 && p[2] < 60).count();
    assert_eq!((magenta, filled), (0, 0), "neither the intruder nor a mask where it went");
}

#[test]
fn whoever_stays_for_the_whole_clip_is_hidden_on_the_still() {
    let desk = Desk::searching(640);
    let yard = view(&Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/courtyard.mp4"));
    let (width, height) = (yard.width as u32, yard.height as u32);
    let frame = image::RgbImage::from_raw(width, height, yard.frames[0].clone()).expect("a picture");
    frame.save(desk.path("yard.png")).expect("written");
    frozen(&desk.path("yard.png"), &desk.path("frozen.mp4"));
    let new = ["camera", "new", "yard", "--from", "frozen.mp4", "-o", "yard.toml", "--picture", "grid.png"];
    desk.run(new).expect(0, &["wrote grid.png"]);
    let grid = image::open(desk.path("grid.png")).expect("a picture").into_rgb8();
    let masked = grid.pixels().filter(|p| p[1] > 200 && p[0] < 60 && p[2] < 60).count();
    assert!(masked > 1000, "{masked} pixels are hidden");
    // All that is hidden of somebody on the grid is hidden in a clip as well, and most of the scene is to be seen.
    assert!(masked < (width * height / 3) as usize, "{masked} pixels are hidden");
}

/// A clip of twenty frames in which nothing moves.
fn frozen(picture: &Path, clip: &Path) {
    gst::init().expect("GStreamer starts");
    let text = format!(
        "filesrc location={} ! pngdec ! videoconvert ! imagefreeze num-buffers=20 ! \
         video/x-raw,format=I420,framerate=10/1 ! {} ! mp4mux ! filesink location={}",
        picture.display(),
        film::H264,
        clip.display()
    );
    let pipeline = gst::parse::launch(&text).expect("a sound pipeline");
    pipeline.set_state(gst::State::Playing).expect("it plays");
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    let end = pipeline.bus().expect("a bus").timed_pop_filtered(gst::ClockTime::from_seconds(60), &ends);
    assert!(matches!(end.as_ref().map(|end| end.view()), Some(gst::MessageView::Eos(_))), "{end:?}");
    pipeline.set_state(gst::State::Null).expect("it stops");
}

#[test]
fn the_schema_is_json_on_stdout() {
    let schema = json(&Desk::new().run(["camera", "schema"]).expect(0, &[]).stdout);
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["required"], serde_json::json!(["schema", "id", "description", "frame"]));
}

#[test]
fn a_check_asks_in_words_and_in_json() {
    let desk = Desk::new();
    let register = "[register]\nretention_days = 90\nevaluate_by = 2020-01-01\n[[zone]]\n";
    std::fs::write(desk.path("door.toml"), DOOR.replace("[[zone]]\n", register)).expect("written");
    let done = desk.run(["camera", "check", "door.toml", "--json"]).expect(
        0,
        &[
            "door.toml is sound",
            "? no bell-panel zone",
            "kept for 90 days",
            "due by 2020-01-01",
            "absent = [",
        ],
    );
    assert_eq!(done.stdout.lines().count(), 1);
    let found = json(&done.stdout);
    assert_eq!((&found["ok"], &found["camera"], &found["zones"]), (&true.into(), &"door".into(), &1.into()));
    let about: Vec<&str> =
        found["warnings"].as_array().expect("a list").iter().filter_map(|w| w["about"].as_str()).collect();
    for (what, asked) in [
        ("mirror", true),
        ("door", false),
        ("register.location", true),
        ("register.retention_days", true),
        ("register.evaluate_by", true),
    ] {
        assert_eq!(about.contains(&what), asked, "{what}: {about:?}");
    }
    std::fs::write(desk.path("door.toml"), DOOR.replace("label", "labell")).expect("written");
    let refused = desk.run(["camera", "check", "door.toml", "--json"]).expect(3, &["labell"]);
    let found = json(&refused.stdout);
    assert_eq!((&found["ok"], &found["faults"][0]["line"]), (&false.into(), &7.into()));
}

#[test]
fn zones_of_a_camera_that_moves_are_applied_and_warned_about() {
    let desk = Desk::new();
    film::intruder(&desk.path("clip.mp4"), 5);
    let overlay =
        "\n[[overlay]]\nlabel = \"clock\"\npolygon = [[0.7, 0.9], [0.98, 0.9], [0.98, 0.98], [0.7, 0.98]]\n";
    let moving = DOOR.replace("[[zone]]", "fixed = false\n[[zone]]") + overlay;
    std::fs::write(desk.path("door.toml"), moving).expect("written");
    let args = ["redact", "clip.mp4", "-o", "out.mp4", "--camera", "door.toml", "--report", "r.json"];
    let warning = "camera door moves (fixed = false), and its 2 region(s) stay where they were drawn";
    desk.run(args).expect(0, &[warning]);
    desk.run(["camera", "check", "door.toml"]).expect(0, &[warning, "overlay clock"]);
    let seen = view(&desk.path("out.mp4"));
    assert!((0..5).all(|frame| is_fill(seen.pixel(frame, 160, 90))));
    // The clock stays visible: nobody stands on it.
    assert!((0..5).all(|frame| !is_fill(seen.pixel(frame, 270, 169))));
    let report = json(&std::fs::read_to_string(desk.path("r.json")).expect("a report"));
    let camera = &report["camera"];
    assert_eq!(
        (&camera["zones"], &camera["overlays"], &camera["fixed"]),
        (&1.into(), &1.into(), &false.into())
    );

    std::fs::write(desk.path("door.toml"), DOOR).expect("written");
    let still = desk.run(["redact", "clip.mp4", "-o", "still.mp4", "--camera", "door.toml"]).expect(0, &[]);
    assert!(!still.stderr.contains("moves"), "{}", still.stderr);
}
