//! The empty scene, through the program: learned, approved, and compared with. The networks know nobody of these clips.

use super::eyes::{is_fill, view};
use super::film::{self, Film, Picture, RAW};
use super::program::{Desk, ended, mode};
use serde_json::Value;

const SIZE: (usize, usize) = (640, 360);
const CAMERA: &str = "schema = 1
# The hall of stair B.
id = \"hall\"
description = \"made up\"
frame = { width = 640, height = 360 }
[[zone]]
kind = \"window\"
label = \"in the corner\"
polygon = [[0.8, 0.0], [1.0, 0.0], [1.0, 0.2], [0.8, 0.2]]
";

/// How a clip of the hall was filmed.
#[derive(Clone, Copy)]
struct Take {
    frames: u64,
    /// Share of the light.
    light: f64,
    /// How far the camera was moved, pixels.
    moved: usize,
    /// Whether somebody walks through, of a colour that nothing else here has.
    walker: bool,
}

const EMPTY: Take = Take { frames: 12, light: 1.0, moved: 0, walker: false };

/// A hall of panels and doors.
fn paint(take: Take, number: usize, picture: &mut Picture) {
    let mut state = 7u32;
    let mut dice = |most: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % most
    };
    let lit = |v: usize| (v as f64 * take.light) as u8;
    picture.rect(0, 0, SIZE.0, SIZE.1, [lit(130); 3]);
    for _ in 0..160 {
        let (x, y, w, h) = (dice(640), dice(360), 20 + dice(60), 20 + dice(60));
        let grey = 60 + dice(130);
        let colour = [lit(grey + dice(20)), lit(grey + dice(20)), lit(grey + dice(20))];
        let x = (x + take.moved).min(SIZE.0);
        picture.rect(x & !1, y & !1, w & !1, h & !1, colour);
    }
    if take.walker {
        picture.rect(100 + 16 * number, 160, 40, 100, RAW.map(|v| lit(v.into())));
    }
}

fn shoot(desk: &Desk, name: &str, take: Take) {
    let paint = |number: usize, picture: &mut Picture| paint(take, number, picture);
    let through = format!("{} ! mp4mux", film::H264);
    let times_ms = film::steady(take.frames);
    Film { size: SIZE, times_ms, through: &through, paint: &paint, tags: None }.shoot(&desk.path(name));
}

#[test]
fn who_differs_from_the_empty_scene_is_hidden_though_no_network_finds_them() {
    let desk = Desk::new();
    std::fs::write(desk.path("hall.toml"), CAMERA).expect("written");
    for (name, take) in [
        ("monday.mp4", EMPTY),
        ("tuesday.mp4", Take { light: 0.9, ..EMPTY }),
        ("walker.mp4", Take { walker: true, frames: 24, ..EMPTY }),
        ("turned.mp4", Take { moved: 16, ..EMPTY }),
        ("dark.mp4", Take { light: 0.06, walker: true, ..EMPTY }),
    ] {
        shoot(&desk, name, take);
    }
    let redact = |input: &str, output: &str| {
        let report = format!("{output}.json");
        desk.run(["redact", input, "-o", output, "--camera", "hall.toml", "--report", &report])
    };
    let report = |output: &str| -> Value {
        let text = std::fs::read_to_string(desk.path(format!("{output}.json"))).expect("a report");
        serde_json::from_str(&text).expect("JSON")
    };

    redact("walker.mp4", "before.mp4").expect(0, &[]);
    let before = view(&desk.path("before.mp4"));
    assert!((0..24).all(|n| before.raw_pixels(n) > 1000), "the networks do not know a block");
    assert_eq!(report("before.mp4")["scene"], Value::Null);

    let learnt = desk
        .run(["camera", "learn", "hall.toml", "monday.mp4", "tuesday.mp4", "--json"])
        .expect(0, &[])
        .stdout;
    let learnt: Value = serde_json::from_str(&learnt).expect("JSON");
    let stills = learnt["stills"].as_array().expect("stills");
    assert!(!stills.is_empty(), "{learnt}");
    let text = std::fs::read_to_string(desk.path("hall.toml")).expect("read");
    assert!(text.starts_with(CAMERA), "comments and keys stay: {text}");
    for still in stills {
        let (file, sha256) = (&still["file"], &still["sha256"]);
        let (file, sha256) = (file.as_str().expect("a name"), sha256.as_str().expect("a hash"));
        assert_eq!((mode(&desk.path(file)), &still["light"]), (0o600, &Value::from("day")));
        assert!(text.contains(sha256) && text.contains("[[reference]]"), "{text}");
        let picture = image::open(desk.path(file)).expect("a picture").into_rgb8();
        assert!(is_fill(picture.get_pixel(600, 30).0), "zones are filled before a still is written");
        assert!(!is_fill(picture.get_pixel(300, 200).0));
    }

    // Not yet approved: it adds masks already.
    redact("walker.mp4", "unapproved.mp4").expect(0, &[]);
    assert_eq!(report("unapproved.mp4")["scene"]["compared_with"], "unapproved");
    for still in stills {
        let prefix = &still["sha256"].as_str().expect("a hash")[..8];
        let approve = ["camera", "approve", "hall.toml", "--by", "A. Jansen", "--still", prefix];
        desk.run(approve.iter().chain(&["--despite", "panels"])).expect(0, &["approved by"]);
    }
    redact("walker.mp4", "after.mp4").expect(0, &[]);
    for output in ["unapproved.mp4", "after.mp4"] {
        let seen = view(&desk.path(output));
        for n in 0..24 {
            assert_eq!(seen.raw_pixels(n), 0, "{output}: frame {n} shows somebody");
            assert!(seen.count(n, is_fill) < 640 * 360 / 3, "{output}: frame {n} shows no hall");
        }
    }
    let after = report("after.mp4");
    assert_eq!(after["scene"]["compared_with"], "approved");
    assert_eq!(after["scene"]["unexplained_frames"], 24);

    // What nobody explained may be shown: where and when staff say so, in the act's name, and in no private region.
    let show = ["--show-object", "0-9@300,140,200,140", "--show-object", "0-9@520,0,100,60"];
    let args = ["redact", "walker.mp4", "-o", "thing.mp4", "--camera", "hall.toml", "--report", "thing.json"];
    let state = desk.site().with_file_name("state");
    let run = |more: &[&str]| {
        let mut command = desk.melkglas([&args[..], &show, more].concat());
        ended(command.env("MELKGLAS_STATE", &state))
    };
    run(&[]).expect(2, &["--by NAME --reason TEXT"]);
    assert!(!desk.path("thing.mp4").exists() && !state.exists());
    run(&["--by", "A. Jansen", "--reason", "the broken door"]).expect(0, &["audit log"]);
    let thing = view(&desk.path("thing.mp4"));
    assert!((14..20).all(|n| thing.raw_pixels(n) > 3000), "within the region it is seen");
    assert!((0..10).all(|n| thing.raw_pixels(n) == 0), "and not before it comes there");
    assert!(
        (0..24).all(|n| is_fill(thing.pixel(n, 600, 30)) && is_fill(thing.pixel(n, 530, 50))),
        "zones stay"
    );
    let told: Value =
        serde_json::from_str(&std::fs::read_to_string(desk.path("thing.json")).expect("read")).expect("JSON");
    assert_eq!((&told["reveal"]["act"], &told["reveal"]["mode"]), (&"show-object".into(), &Value::Null));

    redact("turned.mp4", "turned.out.mp4").expect(4, &["the camera was moved", "shifted by 1"]);
    redact("dark.mp4", "dark.out.mp4").expect(4, &["the clip is too dark", "dark = \"cover\""]);
    assert!(!desk.names().iter().any(|name| name.contains(".out.")), "{:?}", desk.names());

    // By policy, what is too dark is covered instead.
    let site = std::fs::read_to_string(desk.site()).expect("read");
    std::fs::write(desk.site(), site.clone() + "[scene]\ndark = \"cover\"\n").expect("written");
    redact("dark.mp4", "dark.mp4.out.mp4").expect(0, &["12 of them covered whole"]);
    assert_eq!(report("dark.mp4.out.mp4")["frames"]["covered_by_reason"]["too-dark"], 12);
    // And what differs is shown where the settings say so.
    std::fs::write(desk.site(), site + "[scene]\nunexplained = \"report\"\n").expect("written");
    redact("walker.mp4", "shown.mp4").expect(0, &[]);
    assert!(view(&desk.path("shown.mp4")).raw_pixels(12) > 1000);
    let shown = report("shown.mp4");
    assert_eq!(
        (&shown["scene"]["unexplained_frames"], &shown["scene"]["unexplained_masks"]),
        (&24.into(), &0.into())
    );
}
