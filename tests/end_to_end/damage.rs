//! Clips that are spoilt or cut short: what cannot be trusted is covered, what is missing is noticed.

use super::eyes::{Seen, contents, view};
use super::film::{self, H264};
use super::job::{Done, Setting, names, redact};
use melkglas::video::pipeline::{Completeness, JobError};
use melkglas::video::plan::CoverReason;
use std::path::Path;

const FRAMES: u64 = 40;
/// Frames from one keyframe to the next.
const GOP: usize = 10;

/// Overwrites bytes inside the coded picture `number` of a clip, behind its header.
fn spoil(path: &Path, number: usize, seed: u32) {
    let packet = contents(path).packets.swap_remove(number);
    let mut bytes = std::fs::read(path).expect("a file");
    let at = bytes.windows(packet.len()).position(|w| w == packet).expect("the packet lies in the file");
    let mut state = seed | 1;
    let (from, len) = (packet.len() / 3, packet.len() / 3);
    for byte in &mut bytes[at + from..at + from + len] {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (state >> 24) as u8;
    }
    std::fs::write(path, bytes).expect("written");
}

/// Mean difference of two pictures, levels.
fn difference(a: &[u8], b: &[u8]) -> f64 {
    let sum: u64 = a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.len() as f64
}

/// Every frame that is not covered shows what the sound clip shows at that time.
fn assert_trusted_or_covered(seen: &Seen, sound: &Seen, done: &Done, what: &str) {
    assert_eq!(seen.frames.len() as u64, done.outcome.written, "{what}");
    let covered = done.log.covered();
    for frame in 0..seen.frames.len() {
        if covered.contains(&frame) {
            assert!(seen.is_covered(frame), "{what}: frame {frame} is named as covered");
            continue;
        }
        let at = done.log.times_ns[frame];
        let twin = sound.times_ns.iter().position(|t| t.abs_diff(at) < 1_000_000);
        let twin = twin.unwrap_or_else(|| panic!("{what}: a frame at {at} ns"));
        let off = difference(&seen.frames[frame], &sound.frames[twin]);
        assert!(off < 8.0, "{what}: frame {frame} is not covered and differs by {off:.1} levels");
    }
}

#[test]
fn a_hit_covers_up_to_the_next_clean_keyframe() {
    let dir = tempfile::tempdir().expect("a folder");
    let clean = dir.path().join("clean.mp4");
    film::intruder(&clean, FRAMES);
    let sound = view(&clean);
    assert_eq!(contents(&clean).keys.iter().filter(|key| **key).count(), FRAMES as usize / GOP);
    for hit in [0, 3, 10, 14, 25, 29] {
        let source = dir.path().join(format!("hit-{hit}.mp4"));
        let target = dir.path().join(format!("out-{hit}.mp4"));
        std::fs::copy(&clean, &source).expect("copied");
        spoil(&source, hit, 7);
        let what = format!("hit in frame {hit}");
        let done = redact(&source, &target, &Setting::default()).unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(done.outcome.written, FRAMES, "{what}");
        let next_key = (hit / GOP + 1) * GOP;
        for frame in hit..next_key {
            assert_eq!(done.log.covers[frame], Some(CoverReason::DamagedPicture), "{what}: frame {frame}");
        }
        assert!(done.log.covered().len() <= 3 * GOP, "{what}: {:?}", done.log.covered());
        assert!(done.outcome.decoded.complaints > 0, "{what}");
        assert!(done.report["frames"]["last_complaint"].is_string(), "{what}");
        assert_trusted_or_covered(&view(&target), &sound, &done, &what);
    }
}

#[test]
fn an_intra_refresh_does_not_end_the_cover() {
    let dir = tempfile::tempdir().expect("a folder");
    let clean = dir.path().join("clean.mp4");
    let through = H264.replace("threads=1", "threads=1 option-string=intra-refresh=1");
    film::through(&clean, FRAMES, &format!("{through} ! mp4mux"));
    let sound = view(&clean);
    // Flagged as keyframes, but only the first one is: the others begin a refresh that takes a while.
    assert!(contents(&clean).keys.iter().filter(|key| **key).count() > 2);
    let whole = redact(&clean, &dir.path().join("whole.mp4"), &Setting::default()).expect("redacted");
    assert_eq!(whole.log.covered().len(), 0, "nothing is wrong with it");
    for hit in [14, 25] {
        let source = dir.path().join(format!("hit-{hit}.mp4"));
        let target = dir.path().join(format!("out-{hit}.mp4"));
        std::fs::copy(&clean, &source).expect("copied");
        spoil(&source, hit, 7);
        let what = format!("intra refresh, hit in frame {hit}");
        let done = redact(&source, &target, &Setting::default()).unwrap_or_else(|e| panic!("{what}: {e}"));
        assert!(done.log.covers[0].is_none(), "{what}");
        for frame in hit..done.log.covers.len() {
            assert_eq!(done.log.covers[frame], Some(CoverReason::DamagedPicture), "{what}: frame {frame}");
        }
        assert_trusted_or_covered(&view(&target), &sound, &done, &what);
    }
}

#[test]
fn a_hit_in_the_last_frame_covers_it_or_it_is_missed() {
    let dir = tempfile::tempdir().expect("a folder");
    let (source, target) = (dir.path().join("clip.mp4"), dir.path().join("out.mp4"));
    film::intruder(&source, FRAMES);
    let sound = view(&source);
    spoil(&source, FRAMES as usize - 1, 7);
    match redact(&source, &target, &Setting::default()) {
        Ok(done) => {
            assert_eq!(done.outcome.written, FRAMES);
            assert_eq!(done.log.covers[FRAMES as usize - 1], Some(CoverReason::DamagedPicture));
            assert_trusted_or_covered(&view(&target), &sound, &done, "hit in the last frame");
        }
        Err(JobError::CutShort(_)) => assert_eq!(names(dir.path()), ["clip.mp4"]),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn mpeg4_is_heard_as_well() {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, through) in [("mpeg4.mkv", "avenc_mpeg4 bitrate=4000000 gop-size=10 ! matroskamux")] {
        let (source, target) = (dir.path().join(name), dir.path().join(format!("{name}.out.mp4")));
        film::through(&source, FRAMES, through);
        let sound = view(&source);
        let keys = contents(&source).keys;
        let hit = 14;
        spoil(&source, hit, 7);
        let done = redact(&source, &target, &Setting::default()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let next_key = (hit + 1..keys.len()).find(|&i| keys[i]).unwrap_or(keys.len());
        for frame in hit..next_key {
            assert!(done.log.covers[frame].is_some(), "{name}: frame {frame}: {:?}", done.log.covered());
        }
        assert_trusted_or_covered(&view(&target), &sound, &done, name);
    }
}

/// Cuts a clip to a share of its length and redacts what is left, with and without leave to do so.
fn check_cut(name: &str, through: &str, share: f64) {
    let dir = tempfile::tempdir().expect("a folder");
    let (source, target) = (dir.path().join(name), dir.path().join("out.mp4"));
    film::through(&source, FRAMES, through);
    let sound = view(&source);
    let whole = std::fs::read(&source).expect("a file");
    std::fs::write(&source, &whole[..(whole.len() as f64 * share) as usize]).expect("written");
    let failed = redact(&source, &target, &Setting::default()).expect_err("cut short");
    assert!(matches!(failed, JobError::CutShort(_) | JobError::Source(_)), "{name}: {failed}");
    assert_eq!(names(dir.path()), [name], "nothing is left behind");
    let setting = Setting { accept_damaged: true, ..Setting::default() };
    let done = redact(&source, &target, &setting).unwrap_or_else(|e| panic!("{name}, accepted: {e}"));
    assert!(matches!(done.outcome.completeness, Completeness::Damaged { .. }), "{:?}", done.outcome);
    assert_eq!(done.report["completeness"]["state"], "damaged");
    let kept = done.outcome.written;
    assert!((5..FRAMES).contains(&kept), "{name}: {kept} frames");
    assert_trusted_or_covered(&view(&target), &sound, &done, name);
}

#[test]
fn a_cut_mp4_is_noticed() {
    check_cut("cut.mp4", &format!("{H264} ! mp4mux faststart=true"), 0.6);
    check_cut("cut-late.mp4", &format!("{H264} ! mp4mux faststart=true"), 0.97);
}

#[test]
fn a_cut_avi_is_noticed() {
    check_cut("cut.avi", "jpegenc ! avimux", 0.6);
    check_cut("cut-mpeg4.avi", "avenc_mpeg4 gop-size=10 ! avimux", 0.6);
}

#[test]
fn a_cut_mkv_is_noticed() {
    check_cut("cut.mkv", &format!("{H264} ! matroskamux"), 0.6);
    check_cut("cut.webm", "vp8enc deadline=1 keyframe-max-dist=10 ! webmmux", 0.6);
}

#[test]
fn an_mp4_without_its_table_is_unreadable() {
    let dir = tempfile::tempdir().expect("a folder");
    let (source, target) = (dir.path().join("clip.mp4"), dir.path().join("out.mp4"));
    film::through(&source, 20, &format!("{H264} ! mp4mux"));
    let whole = std::fs::read(&source).expect("a file");
    std::fs::write(&source, &whole[..whole.len() / 2]).expect("written");
    for accept_damaged in [false, true] {
        let setting = Setting { accept_damaged, ..Setting::default() };
        let failed = redact(&source, &target, &setting).expect_err("no table");
        assert!(matches!(failed, JobError::Unfinished), "{failed}");
        assert_eq!(names(dir.path()), ["clip.mp4"]);
    }
}

#[test]
fn a_transport_stream_says_nothing_of_its_length() {
    let dir = tempfile::tempdir().expect("a folder");
    let (source, target) = (dir.path().join("clip.ts"), dir.path().join("out.mp4"));
    film::through(&source, FRAMES, &format!("{H264} ! mpegtsmux"));
    let sound = view(&source);
    let whole = std::fs::read(&source).expect("a file");
    std::fs::write(&source, &whole[..whole.len() * 6 / 10]).expect("written");
    let done = redact(&source, &target, &Setting::default()).expect("redacted");
    assert_eq!(done.outcome.completeness, Completeness::Unknown);
    assert_eq!(done.report["completeness"]["state"], "unknown");
    assert!(done.outcome.written < FRAMES);
    assert_trusted_or_covered(&view(&target), &sound, &done, "cut ts");
}

/// Where the coded pictures of a transport stream begin (ISO/IEC 13818-1: a payload that starts with the header of
/// a video stream's packet).
fn pictures_in_ts(bytes: &[u8]) -> Vec<usize> {
    // Packets of number 0 list the programmes, in bytes that look the same.
    let listing = |packet: &[u8]| packet[1] & 0x1f == 0 && packet[2] == 0;
    let begins = |packet: &[u8]| {
        packet[1] & 0x40 != 0 && !listing(packet) && packet.windows(4).any(|w| w == [0, 0, 1, 0xe0])
    };
    (0..bytes.len() / 188).map(|i| i * 188).filter(|&at| begins(&bytes[at..at + 188])).collect()
}

#[test]
fn a_keyframe_lost_from_a_transport_stream_covers_up_to_the_next_one() {
    let dir = tempfile::tempdir().expect("a folder");
    let (source, target) = (dir.path().join("clip.ts"), dir.path().join("out.mp4"));
    film::through(&source, FRAMES, &format!("{H264} ! mpegtsmux"));
    let sound = view(&source);
    let mut bytes = std::fs::read(&source).expect("a file");
    let begins = pictures_in_ts(&bytes);
    assert_eq!(begins.len() as u64, FRAMES);
    // Some packets in the middle of the second keyframe; no flag tells of it, and libav says nothing.
    let at = (begins[GOP] + begins[GOP + 1]) / 2 / 188 * 188;
    bytes.drain(at..at + 12 * 188);
    std::fs::write(&source, bytes).expect("written");
    let done = redact(&source, &target, &Setting::default()).expect("redacted");
    assert!(done.outcome.written < FRAMES, "libav swallows pictures: {:?}", done.outcome.decoded);
    for (frame, at) in done.log.times_ns.iter().enumerate() {
        if (1_000_000_000..1_999_000_000).contains(at) {
            assert!(done.log.covers[frame].is_some(), "{at} ns: {:?}", done.log.covered());
        }
    }
    assert!(done.outcome.decoded.complaints > 0);
    // The one whose packets were cut may be gone before the decoder sees it.
    let missing = FRAMES - done.outcome.written;
    let lost = done.outcome.decoded.lost;
    assert!((missing - 1..=missing).contains(&lost), "{lost} of {missing}");
    assert_trusted_or_covered(&view(&target), &sound, &done, "lost keyframe");
}

#[test]
fn a_picture_lost_whole_from_a_transport_stream_covers_up_to_the_next_keyframe() {
    let dir = tempfile::tempdir().expect("a folder");
    let (source, target) = (dir.path().join("clip.ts"), dir.path().join("out.mp4"));
    film::through(&source, FRAMES, &format!("{H264} ! mpegtsmux"));
    let sound = view(&source);
    let mut bytes = std::fs::read(&source).expect("a file");
    let begins = pictures_in_ts(&bytes);
    bytes.drain(begins[GOP + 4]..begins[GOP + 5]);
    std::fs::write(&source, bytes).expect("written");
    let done = redact(&source, &target, &Setting::default()).expect("redacted");
    for (frame, at) in done.log.times_ns.iter().enumerate() {
        if (1_450_000_000..1_950_000_000).contains(at) {
            assert!(done.log.covers[frame].is_some(), "{at} ns: {:?}", done.log.covered());
        }
    }
    assert!(done.log.covered().len() < 2 * GOP, "{:?}", done.log.covered());
    assert!(done.outcome.decoded.complaints > 0);
    assert_trusted_or_covered(&view(&target), &sound, &done, "a lost picture");
}
