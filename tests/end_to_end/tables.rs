//! Clips whose tables say which part of them is shown, which track, and which way up: what players show comes out.

use super::eyes::{Seen, view};
use super::film::{Film, H264, Picture, SIZE, steady};
use super::job::{Done, Setting, redact};
use melkglas::video::pipeline::{Completeness, JobError};
use melkglas::video::source::SourceError;
use std::path::Path;

/// Columns of a picture that stand for one number.
const STEP: usize = 5;

/// Each frame says its number by where a white bar stands.
fn numbered(number: usize, picture: &mut Picture) {
    let (w, h) = (picture.width, picture.height);
    picture.rect(0, 0, w, h, [40; 3]);
    picture.rect(number * STEP, 0, STEP, h, [230; 3]);
}

/// The upper left quarter is black, so that turns show.
fn cornered(_: usize, picture: &mut Picture) {
    let (w, h) = (picture.width, picture.height);
    picture.rect(0, 0, w, h, [200; 3]);
    picture.rect(0, 0, w / 2, h / 2, [0; 3]);
}

/// The numbers that a clip of [`numbered`] frames says.
fn numbers(seen: &Seen) -> Vec<usize> {
    let brightness = |frame, bar: usize| seen.pixel(frame, bar * STEP + STEP / 2, seen.height / 2)[0];
    (0..seen.frames.len())
        .map(|frame| (0..seen.width / STEP).max_by_key(|&bar| brightness(frame, bar)).unwrap_or(0))
        .collect()
}

fn shoot(path: &Path, frames: u64, through: &str) {
    Film { size: SIZE, times_ms: steady(frames), through, paint: &numbered, tags: None }.shoot(path);
}

fn be32(bytes: &[u8], at: usize) -> usize {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes")) as usize
}

/// Type and content of boxes that follow one another.
fn boxes(mut bytes: &[u8]) -> Vec<([u8; 4], &[u8])> {
    let mut found = Vec::new();
    while bytes.len() >= 8 {
        let size = be32(bytes, 0);
        found.push((bytes[4..8].try_into().expect("a type"), &bytes[8..size]));
        bytes = &bytes[size..];
    }
    found
}

fn make_box(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 8).to_be_bytes(), kind.as_slice(), content].concat()
}

/// What is to stand in place of a box of this type and content.
type Put<'a> = &'a dyn Fn(&[u8; 4], &[u8]) -> Vec<u8>;

/// Replaces the first track's edit list in a file that ends with its `moov`: durations in seconds, and the times from which
/// on its media is shown.
fn edit(path: &Path, list: &[(f64, f64)]) {
    let bytes = std::fs::read(path).expect("a file");
    let content = |of: &[u8], path: &[&[u8; 4]]| -> Vec<u8> {
        path.iter().fold(of.to_vec(), |of, kind| {
            boxes(&of).into_iter().find(|(found, _)| found == *kind).expect("the box").1.to_vec()
        })
    };
    let moov = content(&bytes, &[b"moov"]);
    let trak = content(&moov, &[b"trak"]);
    let movie = be32(&content(&moov, &[b"mvhd"]), 12) as f64;
    let media = be32(&content(&trak, &[b"mdia", b"mdhd"]), 12) as f64;
    let mut elst = [0u32, list.len() as u32].map(u32::to_be_bytes).concat();
    for (secs, from) in list {
        let from = if *from < 0.0 { -1 } else { (from * media).round() as i32 };
        elst.extend([(secs * movie).round() as u32, from as u32, 1 << 16].map(u32::to_be_bytes).concat());
    }
    let rebuilt = |of: &[u8], put: Put<'_>| -> Vec<u8> {
        boxes(of).into_iter().flat_map(|(kind, content)| put(&kind, content)).collect()
    };
    let edts = make_box(b"edts", &make_box(b"elst", &elst));
    let trak = rebuilt(&trak, &|kind, content| match kind {
        b"edts" => Vec::new(),
        b"tkhd" => [make_box(kind, content), edts.clone()].concat(),
        _ => make_box(kind, content),
    });
    let shown: f64 = list.iter().map(|(secs, _)| secs).sum();
    let moov = rebuilt(&moov, &|kind, content| match kind {
        b"trak" => make_box(kind, &trak),
        b"mvhd" => {
            let mut content = content.to_vec();
            content[16..20].copy_from_slice(&((shown * movie) as u32).to_be_bytes());
            make_box(kind, &content)
        }
        _ => make_box(kind, content),
    });
    let file = rebuilt(&bytes, &|kind, content| match kind {
        b"moov" => make_box(kind, &moov),
        _ => make_box(kind, content),
    });
    std::fs::write(path, file).expect("written");
}

/// When the media of the first picture begins, which writers move where pictures are reordered.
fn media_start(path: &Path) -> f64 {
    let bytes = std::fs::read(path).expect("a file");
    let at = |mark: &[u8; 4]| bytes.windows(4).position(|w| w == mark);
    let scale = be32(&bytes, at(b"mdhd").expect("a media header") + 16) as f64;
    at(b"ctts").map_or(0.0, |ctts| be32(&bytes, ctts + 16) as f64 / scale)
}

fn whole(source: &Path, what: &str) -> (Done, Seen) {
    let target = source.with_extension("out.mp4");
    let _ = std::fs::remove_file(&target);
    let done = redact(source, &target, &Setting::default()).unwrap_or_else(|e| panic!("{what}: {e}"));
    assert_eq!(done.log.covered(), [0usize; 0], "{what}: {:?}", done.outcome.decoded);
    assert_eq!(done.outcome.completeness, Completeness::Complete, "{what}");
    let seen = view(&target);
    assert_eq!(seen.frames.len() as u64, done.outcome.written, "{what}");
    (done, seen)
}

const CODECS: [(&str, &str); 3] = [
    ("H.264", "x264enc key-int-max=20 bframes=0 ! h264parse ! mp4mux"),
    ("H.264, reordered", "x264enc key-int-max=60 bframes=3 b-adapt=false ! h264parse ! qtmux"),
    ("H.265", "x265enc key-int-max=20 ! h265parse ! mp4mux"),
];

#[test]
fn a_cut_between_keyframes_is_shown_from_the_cut_and_nothing_is_covered() {
    let dir = tempfile::tempdir().expect("a folder");
    for (what, codec) in CODECS {
        let source = dir.path().join("cut.mp4");
        shoot(&source, 60, codec);
        let start = media_start(&source);
        // From the 14th picture on, for 3.1 s: 31 pictures, up to the 44th.
        edit(&source, &[(3.1, start + 1.3)]);
        let (done, seen) = whole(&source, what);
        assert_eq!(numbers(&seen), (13..44).collect::<Vec<_>>(), "{what}");
        assert_eq!(done.log.times_ns[30] / 1_000_000, 3000, "{what}");
        let hidden = done.outcome.declared.hidden.expect("hidden media");
        assert_eq!(hidden.frames, 29, "{what}");
        assert_eq!(done.report["declared"]["hidden"]["frames"], 29, "{what}");
    }
}

#[test]
fn all_media_kept_and_two_seconds_shown_is_two_seconds() {
    let dir = tempfile::tempdir().expect("a folder");
    let source = dir.path().join("list.mp4");
    shoot(&source, 60, &format!("{H264} ! mp4mux"));
    edit(&source, &[(2.0, media_start(&source) + 3.7)]);
    let (_, seen) = whole(&source, "the end by the list alone");
    assert_eq!(numbers(&seen), (37..57).collect::<Vec<_>>());
}

#[test]
fn two_stretches_follow_one_another() {
    let dir = tempfile::tempdir().expect("a folder");
    let source = dir.path().join("middle.mp4");
    for (what, codec) in CODECS {
        shoot(&source, 60, codec);
        let start = media_start(&source);
        edit(&source, &[(0.5, -1.0), (1.0, start + 0.5), (1.5, start + 3.3)]);
        let (done, seen) = whole(&source, what);
        assert_eq!(numbers(&seen), (5..15).chain(33..48).collect::<Vec<_>>(), "{what}");
        let times: Vec<u64> = done.log.times_ns.iter().map(|ns| ns / 1_000_000).collect();
        assert_eq!(times, (0..25).map(|i| i * 100).collect::<Vec<_>>(), "{what}");
    }
    edit(&source, &[(1.0, 3.0), (1.0, 0.0)]);
    let refused = redact(&source, &dir.path().join("no.mp4"), &Setting::default()).expect_err("out of order");
    assert!(refused.to_string().contains("out of order"), "{refused}");
    assert!(matches!(refused, JobError::Source(SourceError::Refused(_))), "{refused:?}");
}

/// Overwrites the matrix of the first track's header.
fn set_matrix(path: &Path, [a, b, c, d]: [f64; 4]) {
    let mut bytes = std::fs::read(path).expect("a file");
    let at = bytes.windows(4).position(|w| w == b"tkhd").expect("a header") + 44;
    for (i, n) in [(0, a), (1, b), (3, c), (4, d)] {
        bytes[at + 4 * i..at + 4 * i + 4].copy_from_slice(&((n * 65536.0) as i32).to_be_bytes());
    }
    std::fs::write(path, bytes).expect("written");
}

#[test]
fn turns_are_applied_and_stretching_is_not() {
    let dir = tempfile::tempdir().expect("a folder");
    let source = dir.path().join("matrix.mp4");
    // Where the black quarter lies then: left or right, above or below.
    for (matrix, size, black, ignored) in [
        ([1.0, 0.0, 0.0, 1.0], (320, 240), (0, 0), false),
        ([-1.0, 0.0, 0.0, -1.0], (320, 240), (1, 1), false),
        ([0.0, 1.0, -1.0, 0.0], (240, 320), (1, 0), false),
        ([0.0, -1.0, 1.0, 0.0], (240, 320), (0, 1), false),
        ([-1.0, 0.0, 0.0, 1.0], (320, 240), (1, 0), false),
        ([1.0, 0.0, 0.0, -1.0], (320, 240), (0, 1), false),
        ([0.0, 1.0, 1.0, 0.0], (240, 320), (0, 0), false),
        ([0.0, -1.0, -1.0, 0.0], (240, 320), (1, 1), false),
        ([1.5, 0.0, 0.0, 1.0], (320, 240), (0, 0), true),
        ([1.07, 0.0, 0.0, 1.07], (320, 240), (0, 0), true),
        ([0.5, 0.0, 0.0, 0.5], (320, 240), (0, 0), true),
        ([0.7, 0.7, -0.7, 0.7], (320, 240), (0, 0), true),
    ] {
        Film {
            size: (320, 240),
            times_ms: steady(5),
            through: &format!("{H264} ! mp4mux"),
            paint: &cornered,
            tags: None,
        }
        .shoot(&source);
        set_matrix(&source, matrix);
        let (done, seen) = whole(&source, "a matrix");
        assert_eq!((seen.width, seen.height), size, "{matrix:?}");
        let dark = |column: usize, row: usize| {
            seen.pixel(0, seen.width * (1 + 2 * column) / 4, seen.height * (1 + 2 * row) / 4)[0] < 90
        };
        let quarters = [(0, 0), (1, 0), (0, 1), (1, 1)];
        let found: Vec<_> = quarters.into_iter().filter(|&(column, row)| dark(column, row)).collect();
        assert_eq!(found, [black], "{matrix:?}");
        assert_eq!(done.outcome.declared.matrix_ignored, ignored, "{matrix:?}");
    }
}

#[test]
fn of_several_video_tracks_the_one_that_players_show_is_taken() {
    let dir = tempfile::tempdir().expect("a folder");
    let preview = format!(
        "mux. videotestsrc num-buffers=3 ! video/x-raw,width=160,height=90,framerate=10/1 ! {H264} ! queue ! mux."
    );
    for mux in ["qtmux", "matroskamux"] {
        let source = dir.path().join("tracks");
        // The preview is linked first, and comes first in the file.
        let through = format!("{H264} ! queue ! mux. {} {mux} name=mux", preview.trim_start_matches("mux. "));
        shoot(&source, 30, &through);
        let (done, seen) = {
            let target = dir.path().join(format!("{mux}.mp4"));
            let done = redact(&source, &target, &Setting::default()).expect("redacted");
            (done, view(&target))
        };
        assert_eq!((seen.width, seen.frames.len()), (SIZE.0, 30), "{mux}");
        assert!(done.outcome.declared.track.is_some(), "{mux}");
    }
}

#[test]
fn two_tracks_alike_are_a_question_that_track_answers() {
    let dir = tempfile::tempdir().expect("a folder");
    let source = dir.path().join("alike.mp4");
    let (w, h) = SIZE;
    let through = format!(
        "{H264} ! queue ! mux. videotestsrc pattern=white num-buffers=20 ! \
         video/x-raw,width={w},height={h},framerate=10/1 ! {H264} ! queue ! mux. mp4mux name=mux"
    );
    shoot(&source, 20, &through);
    let target = dir.path().join("out.mp4");
    let asked = redact(&source, &target, &Setting::default()).expect_err("a question");
    assert!(asked.to_string().contains("--track N (1: 320x180"), "{asked}");
    let bright = |track: u32| {
        let target = dir.path().join(format!("{track}.mp4"));
        redact(&source, &target, &Setting { track: Some(track), ..Setting::default() }).expect("redacted");
        view(&target).pixel(10, w * 3 / 4, h * 3 / 4)[0] > 200
    };
    assert_ne!(bright(1), bright(2));
    let none =
        redact(&source, &target, &Setting { track: Some(3), ..Setting::default() }).expect_err("no such");
    assert!(none.to_string().contains("no video track 3"), "{none}");
}

#[test]
fn files_joined_end_to_end_are_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, mux) in [
        ("whole.mp4", "mp4mux"),
        ("fragmented.mp4", "mp4mux fragment-duration=500"),
        ("joined.mkv", "matroskamux"),
    ] {
        let source = dir.path().join(name);
        shoot(&source, 20, &format!("{H264} ! {mux}"));
        let one = std::fs::read(&source).expect("a file");
        std::fs::write(&source, [one.clone(), one].concat()).expect("written");
        let refused = redact(&source, &dir.path().join("out.mp4"), &Setting::default()).expect_err(name);
        assert!(refused.to_string().contains("one by one"), "{name}: {refused}");
    }
}
