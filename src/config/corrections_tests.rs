//! What a corrections file and `--cover` say, what they hide and when, and all that is refused of them.

use super::tests::check;
use super::*;
use crate::geometry::{BoxPx, FrameSize};
use crate::moment::ClipTime;
use proptest::prelude::*;
use std::path::Path;

const SECOND: u64 = 1_000_000_000;

fn parse(text: &str) -> Result<Corrections, SettingsError> {
    Corrections::parse(Path::new("clip.corrections.toml"), text)
}

fn cover(text: &str) -> Correction {
    text.parse().expect("a correction")
}

fn at(correction: &Correction, from_s: f64, to_s: f64) -> Option<[f32; 4]> {
    let ns = |s: f64| (s * 1e9) as u64;
    correction.during(ns(from_s), ns(to_s)).map(|b| [b.x0, b.y0, b.x1, b.y1])
}

#[test]
fn a_file_and_flags_say_the_same() {
    let text = "version = 1
source_sha256 = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"

[[cover]]
from = 12.4
to = \"00:00:14\"
box = [100, 50, 40, 80]

[[cover]]
keyframes = [
    { at = \"12.4\", box = [100, 50, 40, 80] },
    { at = 13, box = [120.5, 50, 40, 80] },
    { at = \"00:14\", box = [-10, 55, 40, 80] },
]

[[cover]]
box = [1, 2, 3, 4]
";
    let read = parse(text).expect("sound");
    assert_eq!(read.source_sha256, Some("a".repeat(64)));
    assert_eq!(read.sha256, crate::digest::sha256_hex(text.as_bytes()));
    let flags =
        ["12.4-14@100,50,40,80", "12.4@100,50,40,80..13@120.5,50,40,80..00:00:14@-10,55,40,80", "1,2,3,4"];
    let flags: Vec<_> = [4, 9, 16].into_iter().zip(flags.map(cover)).collect();
    assert_eq!(read.covers, flags);
}

#[test]
fn every_frame_on_screen_in_its_time_is_concerned_and_the_box_moves_straight() {
    let still = cover("1-2@100,50,40,80");
    let place = Some([100.0, 50.0, 140.0, 130.0]);
    assert_eq!(at(&still, 0.5, 0.9), None);
    assert_eq!(at(&still, 0.5, 1.0), place, "its last moment is the first one of the span");
    assert_eq!(at(&still, 0.5, 9.0), place);
    assert_eq!(at(&still, 2.0, 2.1), place, "both ends belong to it");
    assert_eq!(at(&still, 2.00005, 2.1), place, "2.00005 is written 2");
    assert_eq!(at(&still, 2.1, 2.2), None);
    let moving = cover("1@0,0,10,10..2@100,50,20,10..4@100,0,20,10");
    assert_eq!(at(&moving, 1.5, 1.5), Some([50.0, 25.0, 65.0, 35.0]));
    assert_eq!(at(&moving, 3.0, 3.0), Some([100.0, 25.0, 120.0, 35.0]));
    // While a frame is on screen, all of the way: the corner at 2 s as well.
    assert_eq!(at(&moving, 1.5, 3.0), Some([50.0, 25.0, 120.0, 60.0]));
    assert_eq!(at(&moving, 0.0, 1.0), Some([0.0, 0.0, 10.0, 10.0]));
    assert_eq!(at(&moving, 4.0, 5.0), Some([100.0, 0.0, 120.0, 10.0]));
    assert_eq!(at(&cover("5,6,7,8"), 0.0, 0.0), Some([5.0, 6.0, 12.0, 14.0]));
    assert_eq!(at(&cover("2-2@5,6,7,8"), 1.9, 2.0), Some([5.0, 6.0, 12.0, 14.0]));
}

#[test]
fn words_that_say_nothing_clear_are_refused() {
    for (text, why) in [
        ("", "four numbers"),
        ("1,2,3", "four numbers"),
        ("1,2,3,4,5", "four numbers"),
        ("1,2,0,4", "w and h run from 1"),
        ("1,2,3,-4", "w and h run from 1"),
        ("1,NaN,3,4", "from -65536 to 65536"),
        ("1e9,1,3,4", "from -65536 to 65536"),
        ("12.4@1,2,3,4", "a beginning and an end"),
        ("14-12.4@1,2,3,4", "ends before it begins"),
        ("12-x@1,2,3,4", "\"x\" is no time"),
        ("-14@1,2,3,4", "\"\" is no time"),
        ("1@1,2,3,4..2-3@1,2,3,4", "\"2-3\" is no time"),
        ("1@1,2,3,4..1@1,2,3,4", "do not grow"),
        ("2@1,2,3,4..1@1,2,3,4", "do not grow"),
        ("1@1,2,3,4..", "needs its time"),
        ("1@1,2,3,4...5@1,2,3,4", "three points"),
    ] {
        let said = text.parse::<Correction>().expect_err(text).to_string();
        assert!(said.contains(why) && said.contains("12.4-14@100,50,40,80"), "{said}");
    }
}

#[test]
fn all_faults_of_a_file_are_shown_at_once() {
    let faulty = parse(
        "version = 2
source_sha256 = \"abc\"
remove = [1]

[[cover]]
from = 14
to = 12.4
box = [1, 2, 3, 4]

[[cover]]
from = 00:00:14
box = [1, 2, 3]
note = \"Jan\"

[[cover]]
keyframes = [{ at = 2, box = [1, 2, 3, 4] }, { at = 1, box = [1, 2, 0, 4] }]

[[cover]]
to = 3
keyframes = [{ at = 2, box = [1, 2, 3, 4] }]

[[reveal]]
track = 7
",
    )
    .expect_err("faulty");
    let cover = "keyframes, from, to, box";
    let form = "write box = [x, y, width, height], in pixels of the displayed picture";
    check(
        &faulty,
        &[
            "1:11 version 2 is not known here | 2 | write version = 1",
            "2:17 `source_sha256` is no SHA-256 | \"abc\" | write what sha256sum prints for the file",
            "3:1 unknown key `remove` | remove | remove it; known here: version, source_sha256, cover",
            "6:8 `cover 1`: it ends before it begins | 14 ^ 12.4 | write the earlier time in `from`",
            "10:1 key `to` is missing in `cover 2` | [[cover]] | write to = 14, the last second of it",
            "11:8 `cover 2.from` must be a time of the clip | 00:00:14 | write seconds from the clip's first frame \
             (12.4), or \"hh:mm:ss\" in quotes (\"00:01:30.5\")",
            &format!("12:7 a box is four numbers, this one has 3 | [1, 2, 3] | {form}"),
            &format!("13:1 unknown key `note` | note | remove it; known in `cover 2`: {cover}"),
            "16:69 `cover 3.keyframe 2.box 3` is out of range | 0 | write a number from 1 to 65536",
            "19:6 `cover 4.to` stands beside `cover 4.keyframes` | 3 | leave it out, or write from, to and box without \
             keyframes",
            "20:13 `cover 4.keyframes`: a box that moves has a box at its first time and one at its last | \
             [{ at = 2, box = [1, 2, 3, 4] }] | write from, to and box where it stands still",
            "22:3 unknown key `reveal` | reveal | remove it; known here: version, source_sha256, cover",
        ],
    );
    let unordered = parse(
        "version = 1\n[[cover]]\nkeyframes = [{ at = 2, box = [1, 2, 3, 4] }, { at = 1, box = [1, 2, 3, 4] }]\n",
    );
    check(
        &unordered.expect_err("back in time"),
        &["3:46 `cover 1.keyframes`: its times do not grow | { at = 1, box = [1, 2, 3, 4] } ^ \
           { at = 2, box = [1, 2, 3, 4] } | list the keyframes in the order of their times, one for each time"],
    );
}

#[test]
fn a_file_that_covers_nothing_is_refused() {
    for text in ["version = 1\n", "version = 1\ncover = []\n", "version = 1\n[cover]\nbox = [1, 2, 3, 4]\n"] {
        assert!(parse(text).is_err(), "{text}");
    }
    assert!(parse("version = 1\n[[cover]]\nbox = [1, 2, 3, 4]\n").is_ok());
}

#[test]
fn the_shipped_example_is_sound() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/corrections.example.toml");
    let example = Corrections::read(&path).expect("sound");
    assert_eq!(example.covers.len(), 3);
    assert_eq!(example.source_sha256, None, "it belongs to no clip");
}

#[test]
fn a_box_outside_the_picture_is_known() {
    let size = FrameSize { width: 320, height: 180 };
    for inside in ["319.5,0,10,10", "-9,-9,10,10", "0,179,1,1", "1@0,0,9,9..2@311,0,400,9"] {
        assert_eq!(cover(inside).outside(size), None, "{inside}");
    }
    for outside in ["320,0,10,10", "-10,0,10,10", "0,180,9,9", "0,-9,9,9", "1@0,0,9,9..2@400,0,9,9"] {
        assert!(cover(outside).outside(size).is_some(), "{outside}");
    }
}

/// A place that touches a picture of 640x360.
fn place() -> impl Strategy<Value = [f64; 4]> {
    (-50.0..640.0f64, -50.0..360.0f64, 51.0..300.0f64, 51.0..300.0f64).prop_map(|(x, y, w, h)| [x, y, w, h])
}

fn holds(outer: &BoxPx, [x, y, w, h]: [f64; 4], slack: f64) -> bool {
    let [x0, y0, x1, y1] = [outer.x0, outer.y0, outer.x1, outer.y1].map(f64::from);
    x0 <= x + slack && y0 <= y + slack && x1 >= x + w - slack && y1 >= y + h - slack
}

fn correction() -> impl Strategy<Value = Correction> {
    let time = |ms: u64| ClipTime::from_secs(ms as f64 / 1e3).expect("a time");
    let boxed = |place| Place::new(place).expect("in range");
    prop_oneof![
        place().prop_map(move |p| Correction::throughout(boxed(p))),
        (place(), 0u64..100_000_000, 0u64..1_000_000).prop_map(move |(p, from, more)| {
            Correction::still(time(from), time(from + more), boxed(p)).expect("in order")
        }),
        proptest::collection::vec((1u64..1_000_000, place()), 2..6).prop_map(move |all| {
            let mut ms = 0;
            let keyframes = all.into_iter().map(|(step, p)| {
                ms += step;
                Keyframe { at: time(ms), place: boxed(p) }
            });
            Correction::moving(keyframes.collect()).expect("in order")
        }),
    ]
}

proptest! {
    #[test]
    fn at_each_keyframe_the_box_holds_what_was_written(
        boxes in proptest::collection::vec((1u64..5000, place()), 2..6), before_ms in 0u64..2000, after_ms in 0u64..2000,
    ) {
        let mut ms = 2000;
        let keyframes: Vec<_> = boxes.iter().map(|(step, place)| {
            ms += step;
            (ms, Keyframe {
                at: ClipTime::from_secs(ms as f64 / 1e3).expect("a time"), place: Place::new(*place).expect("in range"),
            })
        }).collect();
        let moving = Correction::moving(keyframes.iter().map(|(_, k)| *k).collect()).expect("in order");
        let size = FrameSize { width: 640, height: 360 };
        prop_assert_eq!(moving.outside(size), None);
        for ((ms, _), (_, place)) in keyframes.iter().zip(&boxes) {
            // A frame that is on screen at that time, whenever it came and however long it stays.
            let (from, to) = ((ms - before_ms) * 1_000_000, (ms + after_ms) * 1_000_000);
            let hidden = moving.during(from, to).expect("its time");
            prop_assert!(holds(&hidden, *place, 0.0), "{hidden:?} {place:?}");
        }
        for pair in keyframes.windows(2).zip(boxes.windows(2)) {
            let ([(a, _), (b, _)], [(_, from), (_, to)]) = pair else { unreachable!("pairs") };
            // Half way in time is half way in space, and a longer look never hides less.
            let middle = (a + b) * 500_000;
            let half: [f64; 4] = std::array::from_fn(|i| (from[i] + to[i]) / 2.0);
            let hidden = moving.during(middle, middle).expect("its time");
            prop_assert!(holds(&hidden, half, 1e-6), "{hidden:?} {half:?}");
            prop_assert!(f64::from(hidden.width()) <= half[2] + 1e-3 && f64::from(hidden.height()) <= half[3] + 1e-3);
            let longer = moving.during(middle.saturating_sub(before_ms * 1_000_000), middle + after_ms * 1_000_000);
            prop_assert!(longer.expect("its time").holds(&hidden));
            prop_assert!(crate::geometry::PxRect::outward(&hidden, size).is_some(), "on the way it stays in the picture");
        }
    }

    #[test]
    fn what_is_written_is_read_again(covers in proptest::collection::vec(correction(), 1..5)) {
        for cover in &covers {
            prop_assert_eq!(cover.to_string().parse::<Correction>(), Ok(cover.clone()));
        }
        let text = corrections_text(&"b".repeat(64), &covers);
        let read = parse(&text).expect("what we write is sound");
        prop_assert_eq!(read.covers.into_iter().map(|(_, cover)| cover).collect::<Vec<_>>(), covers);
    }

    #[test]
    fn no_text_brings_the_reader_down(text in ".{0,60}", from in 0u64..5 * SECOND, lasts in 0u64..5 * SECOND) {
        let _ = parse(&text);
        if let Ok(correction) = text.parse::<Correction>() {
            let _ = correction.during(from, from + lasts);
        }
    }
}
