//! Corrections by staff, through the program: hidden at the right frames and place, again in every rendering, and
//! refused where they would hide nothing.

use super::eyes::{Seen, is_fill, view};
use super::film::{self, Film, H264, Picture, SIZE};
use super::program::{Desk, mode};
use melkglas::digest::sha256_hex;
use serde_json::{Value, json};

/// All of the intruder's way.
const WAY: &str = "30,50,260,84";
/// The intruder on its way, 80 pixels a second to the right.
const WITH_IT: &str = "0@40,60,48,64..1.1@128,60,48,64";

/// The program on `clip.mp4`, twelve frames at ten a second, into `out.mp4` and `r.json`.
fn redact(desk: &Desk, more: &[&str]) -> super::program::Ended {
    let args =
        ["redact", "clip.mp4", "-o", "out.mp4", "--no-camera", "--report", "r.json", "--boxes", "b.txt"];
    desk.run(args.iter().chain(more))
}

fn desk() -> Desk {
    let desk = Desk::new();
    film::intruder(&desk.path("clip.mp4"), 12);
    desk
}

/// What was written: the clip, what the report says of corrections, and the boxes. Takes the files away again.
fn result(desk: &Desk) -> (Seen, Value, String) {
    let seen = view(&desk.path("out.mp4"));
    let report = std::fs::read(desk.path("r.json")).expect("a report");
    let report: Value = serde_json::from_slice(&report).expect("JSON");
    assert_eq!(report["report"], 1);
    let boxes = std::fs::read_to_string(desk.path("b.txt")).expect("boxes");
    for name in ["out.mp4", "r.json", "b.txt"] {
        std::fs::remove_file(desk.path(name)).expect("removed");
    }
    (seen, report["corrections"].clone(), boxes)
}

/// Frames in which something of the intruder can be seen.
fn exposed(seen: &Seen) -> Vec<usize> {
    (0..seen.frames.len()).filter(|&frame| seen.raw_pixels(frame) > 0).collect()
}

#[test]
fn a_cover_hides_its_frames_and_its_place_and_nothing_else() {
    let desk = desk();
    redact(&desk, &[]).expect(0, &[]);
    let (plain, facts, _) = result(&desk);
    assert_eq!(
        (exposed(&plain), facts),
        ((0..12).collect(), Value::Null),
        "else nothing here tells anything"
    );

    redact(&desk, &["--cover", &format!("0.4-0.6@{WAY}")]).expect(0, &[]);
    let (seen, facts, boxes) = result(&desk);
    // The frame of 0.3 s is on screen until 0.4 s.
    assert_eq!(exposed(&seen), [0, 1, 2, 7, 8, 9, 10, 11]);
    let want = json!({
        "sha256": null, "covers": 1, "flags": [format!("0.4-0.6@{WAY}")], "frames": 4, "saved_sha256": null,
    });
    assert_eq!(facts, want);
    let rows: Vec<&str> = boxes.lines().filter(|row| row.contains(&format!(",-1,{WAY},1.000,-1,"))).collect();
    assert_eq!(rows.len(), 4, "{boxes}");
    assert!(rows[0].starts_with("4,") && rows[3].starts_with("7,"), "{rows:?}");
    for (x, y, hidden) in
        [(32, 52, true), (287, 131, true), (24, 90, false), (296, 90, false), (160, 44, false)]
    {
        assert_eq!(is_fill(seen.pixel(5, x, y)), hidden, "{x},{y}");
    }

    // Two at once, one of them moving; times count from the clip's first frame in a part of it as well.
    let both = ["--cover", WITH_IT, "--cover", "-4,-4,24,24", "--from", "0.5", "--to", "0.9"];
    redact(&desk, &both).expect(0, &[]);
    let (seen, facts, _) = result(&desk);
    assert_eq!((seen.frames.len(), exposed(&seen)), (5, vec![]));
    assert!((0..5).all(|frame| is_fill(seen.pixel(frame, 10, 10))));
    assert!((0..5).all(|frame| !is_fill(seen.pixel(frame, 40, 90)) && !is_fill(seen.pixel(frame, 180, 90))));
    assert_eq!((&facts["covers"], &facts["frames"]), (&json!(2), &json!(5)));
}

#[test]
fn a_frame_that_stays_long_is_covered_for_a_moment_in_the_middle_of_it() {
    let desk = Desk::new();
    for (name, mux) in [("clip.mp4", "mp4mux"), ("clip.mkv", "matroskamux")] {
        let paint = |n: usize, picture: &mut Picture| {
            picture.grain(n);
            picture.intruder(n);
        };
        let (times_ms, through) = (vec![0, 100, 200, 2000, 2100], format!("{H264} ! {mux}"));
        Film { size: SIZE, times_ms, through: &through, paint: &paint, tags: None }.shoot(&desk.path(name));
        let cover = format!("1.1-1.2@{WAY}");
        desk.run(["redact", name, "-o", "out.mp4", "--no-camera", "--force", "--cover", &cover])
            .expect(0, &[]);
        assert_eq!(exposed(&view(&desk.path("out.mp4"))), [0, 1, 3, 4], "{name}");
    }
}

#[test]
fn a_file_holds_for_every_rendering() {
    let desk = desk();
    let save = ["--cover", WITH_IT, "--cover", "0,0,20,20", "--save-corrections", "c.toml"];
    redact(&desk, &save).expect(0, &[]);
    let (typed, facts, boxes) = result(&desk);
    assert_eq!(exposed(&typed), [0; 0]);
    let text = std::fs::read_to_string(desk.path("c.toml")).expect("saved");
    let (sum, clip) = (sha256_hex(text.as_bytes()), std::fs::read(desk.path("clip.mp4")).expect("a clip"));
    assert!(text.contains(&format!("source_sha256 = \"{}\"", sha256_hex(&clip))), "{text}");
    assert_eq!((facts["saved_sha256"].as_str(), mode(&desk.path("c.toml"))), (Some(sum.as_str()), 0o600));

    redact(&desk, &["--corrections", "c.toml"]).expect(0, &[]);
    let (read, facts, again) = result(&desk);
    assert_eq!((exposed(&read), again), (vec![], boxes));
    assert_eq!(
        (facts["sha256"].as_str(), &facts["covers"], &facts["flags"]),
        (Some(sum.as_str()), &json!(2), &json!([]))
    );

    desk.run(["analyse", "clip.mp4", "-o", "a", "--no-camera"]).expect(0, &[]);
    let rendered = ["fill", "pixelate"].map(|style| {
        redact(&desk, &["--corrections", "c.toml", "--analysis", "a", "--style", style]).expect(0, &[]);
        let (seen, facts, boxes) = result(&desk);
        assert_eq!(
            (exposed(&seen), facts["sha256"].as_str(), facts["frames"].as_u64()),
            (vec![], Some(sum.as_str()), Some(12))
        );
        boxes
    });
    assert_eq!(rendered[0], rendered[1], "the same masks in another style");

    // What is typed beside a file goes into the next one.
    let more = ["--corrections", "c.toml", "--cover", "300,160,20,20", "--save-corrections"];
    redact(&desk, &[&more[..], &["c.toml", "--force"]].concat())
        .expect(2, &["same file as the input c.toml"]);
    redact(&desk, &[&more[..], &["d.toml"]].concat()).expect(0, &[]);
    let (_, facts, _) = result(&desk);
    assert_eq!((&facts["covers"], facts["sha256"].as_str()), (&json!(3), Some(sum.as_str())));
    let next = std::fs::read_to_string(desk.path("d.toml")).expect("saved");
    assert_eq!(next.matches("[[cover]]").count(), 3, "{next}");
    assert_eq!(desk.names(), ["a", "c.toml", "clip.mp4", "d.toml"]);
}

#[test]
fn a_still_takes_boxes_without_times() {
    let desk = Desk::new();
    let magenta = image::RgbImage::from_pixel(320, 180, image::Rgb(film::RAW));
    magenta.save(desk.path("a.png")).expect("written");
    let cover = |words: &str| desk.run(["redact", "a.png", "-o", "o.png", "--no-camera", "--cover", words]);
    cover("1-2@10,10,20,20").expect(2, &["a.png is a still", "--cover 1-2@10,10,20,20", "the box alone"]);
    assert_eq!(desk.names(), ["a.png"]);
    cover("10,10,20,20").expect(0, &["one still"]);
    let out = image::open(desk.path("o.png")).expect("a picture").into_rgb8();
    for (x, y, pixel) in out.enumerate_pixels() {
        let inside = (10..30).contains(&x) && (10..30).contains(&y);
        assert!(!inside || is_fill(pixel.0), "{x},{y}: {pixel:?}");
    }
    assert!(!is_fill(out.get_pixel(300, 170).0));
}

#[test]
fn what_would_hide_nothing_or_show_something_is_refused_and_leaves_nothing() {
    let desk = desk();
    film::intruder(&desk.path("other.mp4"), 3);
    let names = ["c.toml", "clip.mp4", "other.mp4"];
    let file = |text: &str, code: i32, said: &[&str]| {
        std::fs::write(desk.path("c.toml"), text).expect("written");
        redact(&desk, &["--corrections", "c.toml"]).expect(code, said);
        assert_eq!(desk.names(), names, "{text}");
    };
    let cover = "[[cover]]\nfrom = 0.2\nto = 0.4\nbox = [10, 10, 20, 20]\n";
    file(
        &format!(
            "version = 1\nremove = 3\n{cover}style = \"fill\"\n[[cover]]\nbox = [1, 2]\n[[reveal]]\ntrack = 7\n"
        ),
        3,
        &[
            "4 faults in c.toml",
            "c.toml:2:1",
            "unknown key `remove`",
            "c.toml:7:1",
            "unknown key `style`",
            "c.toml:9:7",
            "a box is four numbers, this one has 2",
            "c.toml:10:3",
            "unknown key `reveal`",
        ],
    );
    for word in ["[[show]]\nbox = [1, 2, 3, 4]\n", "[[cover]]\nremove = true\nbox = [1, 2, 3, 4]\n"] {
        file(&format!("version = 1\n{cover}{word}"), 3, &["unknown key"]);
    }
    file("version = 1\n", 3, &["key `cover` is missing", "covers nothing was not meant"]);
    file(
        &format!("version = 1\nsource_sha256 = \"{}\"\n{cover}", "0".repeat(64)),
        2,
        &["another clip", "sha256sum"],
    );
    let beside =
        "the cover on line 2 of c.toml lies outside the picture, which is 320x180: its box is 400,10,20,20";
    file("version = 1\n[[cover]]\nbox = [400, 10, 20, 20]\n", 2, &[beside]);

    let flags = |more: &[&str], said: &[&str]| {
        redact(&desk, more).expect(2, said);
        assert_eq!(desk.names(), names, "{more:?}");
    };
    flags(&["--cover", "0,-20,20,20"], &["--cover 0,-20,20,20 lies outside the picture"]);
    flags(&["--cover", "5-6@0,0,20,20"], &["--cover 5-6@0,0,20,20 hides nothing", "clip's first frame"]);
    flags(&["--cover", "1@0,0,20,20"], &["a beginning and an end are needed", "12.4-14@100,50,40,80"]);
    flags(&["--save-corrections", "d.toml"], &["nothing to save"]);
    flags(&["--cover", "0,0,20,20", "--save-corrections", "r.json"], &["written twice"]);
    let two = ["redact", "clip.mp4", "other.mp4", "--out-dir", "out", "--no-camera", "--cover", "0,0,20,20"];
    desk.run(two).expect(2, &["of one clip", "a call of its own"]);
    assert_eq!(desk.names(), names);

    // In a part of the clip others may have their time.
    redact(&desk, &["--cover", "0.2-0.4@0,0,20,20", "--from", "0.8"])
        .expect(0, &["hides nothing in this part"]);
    assert_eq!(result(&desk).1["frames"], 0);
}
