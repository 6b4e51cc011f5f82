//! The odd footage that recorders write: every kind goes in whole and comes out whole, or is refused with a sentence.

use super::eyes::{Seen, view};
use super::film::{self, Film, H264, Picture, RAW, SIZE, steady};
use super::job::{Done, Script, Setting, names, redact};
use super::program::Desk;
use melkglas::geometry::FrameSize;
use melkglas::video::pipeline::JobError;
use melkglas::video::plan::CoverReason;
use melkglas::video::source::{ClipError, FrameRate, SourceError};
use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Each frame says its number in grey.
fn numbered(number: usize, picture: &mut Picture) {
    let (w, h) = (picture.width, picture.height);
    picture.rect(0, 0, w, h, [20 + 8 * number as u8; 3]);
}

/// The numbers that a clip of [`numbered`] frames says.
fn numbers(seen: &Seen) -> Vec<usize> {
    let (x, y) = (seen.width / 2, seen.height / 2);
    (0..seen.frames.len()).map(|f| (usize::from(seen.pixel(f, x, y)[0]).saturating_sub(16)) / 8).collect()
}

fn shoot(
    path: &Path,
    size: (usize, usize),
    times_ms: Vec<u64>,
    through: &str,
    paint: &dyn Fn(usize, &mut Picture),
) {
    Film { size, times_ms, through, paint, tags: None }.shoot(path);
}

fn at_rate(rate: &str) -> Setting {
    Setting { rate: Some(rate.parse().expect("a rate")), ..Setting::default() }
}

/// Redacts `source` beside itself; every frame is written, and none is covered.
fn whole(source: &Path, target: &Path, setting: &Setting, frames: u64, what: &str) -> Done {
    let done = redact(source, target, setting).unwrap_or_else(|e| panic!("{what}: {e}"));
    assert_eq!(done.outcome.written, frames, "{what}: {:?}", done.outcome.decoded);
    assert_eq!(done.log.covered(), [0usize; 0], "{what}: {:?}", done.outcome.decoded);
    done
}

#[test]
fn raw_streams_come_out_in_order_at_the_stated_rate() {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, through) in [
        (
            "plain.h264",
            "x264enc speed-preset=ultrafast bframes=0 key-int-max=10 ! video/x-h264,stream-format=byte-stream",
        ),
        (
            "reordered.h264",
            "x264enc speed-preset=medium bframes=3 b-adapt=false b-pyramid=true key-int-max=12 ! \
             video/x-h264,stream-format=byte-stream",
        ),
        (
            "reordered.h265",
            "x265enc speed-preset=fast key-int-max=12 ! video/x-h265,stream-format=byte-stream",
        ),
    ] {
        let (source, target) = (dir.path().join(name), dir.path().join(format!("{name}.mp4")));
        shoot(&source, SIZE, steady(24), through, &numbered);
        let failed = redact(&source, &target, &Setting::default()).expect_err("no rate");
        assert!(matches!(failed, JobError::Source(SourceError::RateNeeded)), "{name}: {failed}");
        let done = whole(&source, &target, &at_rate("12.5"), 24, name);
        let wanted: Vec<u64> = (0..24).map(|i| i * 80_000_000).collect();
        assert_eq!(done.log.times_ns, wanted, "{name}");
        assert_eq!(done.outcome.decoded.lost, 0, "{name}");
        assert_eq!(numbers(&view(&target)), (0..24).collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn a_raw_stream_that_is_spoilt_is_covered_up_to_the_next_keyframe() {
    let dir = tempfile::tempdir().expect("a folder");
    let (source, target) = (dir.path().join("clip.h264"), dir.path().join("out.mp4"));
    let raw = "x264enc speed-preset=ultrafast bframes=0 key-int-max=10 threads=1 pass=qual quantizer=18 ! \
               video/x-h264,stream-format=byte-stream,alignment=au";
    film::through(&source, 40, raw);
    let mut bytes = std::fs::read(&source).expect("a file");
    let at = bytes.len() * 15 / 40;
    bytes[at..at + 200].iter_mut().enumerate().for_each(|(i, byte)| *byte = (i * 37) as u8 | 1);
    std::fs::write(&source, bytes).expect("written");
    let done = redact(&source, &target, &at_rate("10")).expect("redacted");
    let covered = done.log.covered();
    assert!(!covered.is_empty() && covered.len() <= 20, "{covered:?}");
    assert!(covered.iter().all(|&i| (9..30).contains(&i)), "{covered:?}");
    assert!(done.outcome.decoded.complaints > 0);
}

#[test]
fn a_rate_holds_for_raw_streams_only() {
    let dir = tempfile::tempdir().expect("a folder");
    let (source, target) = (dir.path().join("clip.mp4"), dir.path().join("out.mp4"));
    film::intruder(&source, 5);
    let failed = redact(&source, &target, &at_rate("25")).expect_err("it has times");
    assert!(matches!(failed, JobError::Source(SourceError::RateUnwanted)), "{failed}");
    assert!("0".parse::<FrameRate>().is_err());
}

/// Two raw streams behind each other, as where a recorder's settings are changed.
fn check_size_change(second: (usize, usize), then: impl Fn(&Done, &Seen)) {
    let dir = tempfile::tempdir().expect("a folder");
    let raw =
        "x264enc speed-preset=ultrafast bframes=0 key-int-max=5 ! video/x-h264,stream-format=byte-stream";
    let corner = |_: usize, picture: &mut Picture| {
        // The same share of each picture: a quarter of the width, a half of the height.
        let (w, h) = (picture.width, picture.height);
        picture.rect(0, 0, w / 4 / 2 * 2, h / 2 / 2 * 2, RAW);
    };
    let (a, b) = (dir.path().join("a.h264"), dir.path().join("b.h264"));
    shoot(&a, SIZE, steady(10), raw, &corner);
    shoot(&b, second, steady(10), raw, &corner);
    let both = [std::fs::read(&a).expect("a"), std::fs::read(&b).expect("b"), std::fs::read(&a).expect("a")];
    let (source, target) = (dir.path().join("both.h264"), dir.path().join("out.mp4"));
    std::fs::write(&source, both.concat()).expect("written");
    let done = redact(&source, &target, &at_rate("10")).expect("redacted");
    assert_eq!(done.outcome.written, 30, "{:?}", done.outcome.decoded);
    assert_eq!(done.outcome.size, FrameSize { width: 320, height: 180 });
    let change = done.outcome.decoded.first_size_change.expect("it changed");
    assert_eq!((change.frame, change.to.width as usize), (10, second.0));
    assert_eq!(done.report["frames"]["first_size_change"]["frame"], 10);
    let wanted: Vec<u64> = (0..30).map(|i| i * 100_000_000).collect();
    assert_eq!(done.log.times_ns, wanted);
    let seen = view(&target);
    assert_eq!((seen.width, seen.height, seen.frames.len()), (320, 180, 30));
    then(&done, &seen);
}

#[test]
fn another_size_of_the_same_shape_is_scaled_to_the_first() {
    for second in [(160, 90), (640, 360)] {
        check_size_change(second, |done, seen| {
            assert_eq!(done.log.covered(), [0usize; 0]);
            assert_eq!(done.outcome.decoded.rescaled, 10);
            for frame in 0..30 {
                let inside = seen.pixel(frame, 40, 40);
                let outside = seen.pixel(frame, 200, 120);
                assert!(super::eyes::is_raw(inside), "frame {frame}: {inside:?}");
                assert!(!super::eyes::is_raw(outside), "frame {frame}: {outside:?}");
            }
        });
    }
}

#[test]
fn another_shape_is_covered() {
    check_size_change((176, 144), |done, seen| {
        assert_eq!(done.log.covered(), (10..20).collect::<Vec<_>>());
        assert!((10..20).all(|i| done.log.covers[i] == Some(CoverReason::ShapeChanged)));
        assert!((10..20).all(|i| seen.is_covered(i)));
        assert_eq!(done.report["frames"]["covered_by_reason"]["shape-changed"], 10);
    });
}

/// Pixels that differ from both neighbours above and below, in the same direction, by much: a comb.
fn comb(seen: &Seen, frame: usize) -> usize {
    let luma = |x, y| seen.pixel(frame, x, y).map(i32::from).iter().sum::<i32>() / 3;
    let tooth = |x, y| {
        let (above, own, below) = (luma(x, y - 1), luma(x, y), luma(x, y + 1));
        (own > above.max(below) + 40) || (own + 40 < above.min(below))
    };
    (1..seen.height - 1).map(|y| (0..seen.width).filter(|&x| tooth(x, y)).count()).sum()
}

#[test]
fn weaved_fields_are_taken_apart() {
    let dir = tempfile::tempdir().expect("a folder");
    let paint = |n: usize, picture: &mut Picture| picture.rect(10 + 12 * n, 40, 60, 100, [240; 3]);
    for (name, field) in [("top", "true"), ("bottom", "false")] {
        let (source, target) =
            (dir.path().join(format!("{name}.mp4")), dir.path().join(format!("{name}.out.mp4")));
        let through = format!(
            "interlace field-pattern=1:1 top-field-first={field} ! x264enc interlaced=true \
             speed-preset=ultrafast pass=qual quantizer=10 ! h264parse ! mp4mux"
        );
        shoot(&source, (320, 192), steady(16), &through, &paint);
        let before = view(&source);
        let frames = before.frames.len();
        assert!((7..=9).contains(&frames), "two pictures a frame: {frames}");
        let done = whole(&source, &target, &Setting::default(), frames as u64, name);
        assert_eq!(done.report["frames"]["interlaced"], frames, "{name}");
        let after = view(&target);
        for frame in 1..frames - 1 {
            assert!(comb(&before, frame) > 500, "{name}: the source is combed: {}", comb(&before, frame));
            assert!(comb(&after, frame) < 50, "{name}: frame {frame}: {}", comb(&after, frame));
        }
        assert_eq!(done.log.times_ns, before.times_ns, "{name}");
    }
    let (source, target) = (dir.path().join("whole.mp4"), dir.path().join("whole.out.mp4"));
    film::intruder(&source, 5);
    assert_eq!(whole(&source, &target, &Setting::default(), 5, "progressive").outcome.decoded.interlaced, 0);
}

#[test]
fn times_that_start_late_or_jump_forward_are_kept() {
    let dir = tempfile::tempdir().expect("a folder");
    let times = vec![7_000, 7_100, 7_200, 20_000, 20_100, 20_150];
    for (name, muxer) in [("a.mkv", "matroskamux"), ("c.mp4", "mp4mux")] {
        let (source, target) = (dir.path().join(name), dir.path().join(format!("{name}.out.mkv")));
        shoot(&source, SIZE, times.clone(), &format!("{H264} ! {muxer}"), &numbered);
        let done = whole(&source, &target, &Setting::default(), 6, name);
        for (is, ms) in done.log.times_ns.iter().zip(&times) {
            assert!(is.abs_diff((ms - 7_000) * 1_000_000) < 1_000_000, "{name}: {:?}", done.log.times_ns);
        }
        assert_eq!(done.outcome.decoded.restamped, 0, "{name}");
        assert_eq!(numbers(&view(&target)), (0..6).collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn two_transport_streams_behind_each_other_are_one_clip() {
    let dir = tempfile::tempdir().expect("a folder");
    let (part, source, target) =
        (dir.path().join("part.ts"), dir.path().join("clip.ts"), dir.path().join("out.mp4"));
    shoot(&part, SIZE, steady(20), &format!("{H264} ! mpegtsmux"), &numbered);
    let part = std::fs::read(&part).expect("a part");
    // Its times begin anew in the middle.
    std::fs::write(&source, [part.as_slice(), &part].concat()).expect("written");
    let done = redact(&source, &target, &Setting::default()).expect("redacted");
    assert_eq!(done.outcome.written, 40, "{:?}", done.outcome.decoded);
    assert!(done.log.times_ns.windows(2).all(|w| w[0] < w[1]), "{:?}", done.log.times_ns);
    let covered = done.log.covered();
    assert!(covered.iter().all(|i| (19..30).contains(i)), "only around the seam: {covered:?}");
    let wanted: Vec<_> = (0..40).map(|i| i % 20).collect();
    let found = numbers(&view(&target));
    for frame in (0..40).filter(|i| !covered.contains(i)) {
        assert_eq!(found[frame], wanted[frame], "frame {frame}");
    }
}

#[test]
fn a_program_stream_is_read_whole_whatever_it_is_called() {
    let dir = tempfile::tempdir().expect("a folder");
    let plain = dir.path().join("ps.mp4");
    shoot(&plain, SIZE, steady(24), &format!("{H264} ! mpegpsmux"), &numbered);
    let bytes = std::fs::read(&plain).expect("a file");
    // What Hikvision's recorders put before it.
    let marked = dir.path().join("hik.mp4");
    let header = [b"IMKH".as_slice(), &[1; 36]].concat();
    std::fs::write(&marked, [header.as_slice(), &bytes].concat()).expect("written");
    for source in [plain, marked] {
        let target = source.with_extension("out.mp4");
        let what = source.display().to_string();
        whole(&source, &target, &Setting::default(), 24, &what);
        assert_eq!(numbers(&view(&target)), (0..24).collect::<Vec<_>>(), "{what}");
    }
}

/// Mean difference of two pictures, levels.
fn difference(a: &[u8], b: &[u8]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / a.len() as f64
}

#[test]
fn every_form_of_picture_keeps_its_look() {
    let dir = tempfile::tempdir().expect("a folder");
    let paint = |n: usize, picture: &mut Picture| {
        // A slope that eight bits of a ten-bit sample, wrongly taken, would fold.
        (0..16).for_each(|i| picture.rect(20 * i, 0, 20, 180, [16 * i as u8 + 5; 3]));
        picture.intruder(n);
    };
    for (name, through) in [
        (
            "10-bit",
            "videoconvert ! video/x-raw,format=I420_10LE ! x264enc speed-preset=ultrafast ! h264parse ! mp4mux",
        ),
        (
            "10-bit h265",
            "videoconvert ! video/x-raw,format=I420_10LE ! x265enc speed-preset=ultrafast ! h265parse ! matroskamux",
        ),
        (
            "4:2:2",
            "videoconvert ! video/x-raw,format=Y42B ! x264enc speed-preset=ultrafast ! h264parse ! mp4mux",
        ),
        (
            "4:4:4",
            "videoconvert ! video/x-raw,format=Y444 ! x264enc speed-preset=ultrafast ! h264parse ! mp4mux",
        ),
        ("mjpeg 4:2:2", "videoconvert ! video/x-raw,format=Y42B ! jpegenc quality=95 ! avimux"),
        (
            "fragmented",
            "x264enc speed-preset=ultrafast key-int-max=4 ! h264parse ! mp4mux fragment-duration=300",
        ),
        ("uncompressed", "videoconvert ! video/x-raw,format=YUY2 ! avimux"),
        ("flv", "x264enc speed-preset=ultrafast key-int-max=4 ! h264parse ! flvmux"),
    ] {
        let (source, target) = (dir.path().join(name), dir.path().join(format!("{name}.mkv")));
        shoot(&source, SIZE, steady(6), through, &paint);
        whole(&source, &target, &Setting::default(), 6, name);
        let (before, after) = (view(&source), view(&target));
        for frame in 0..6 {
            let off = difference(&before.frames[frame], &after.frames[frame]);
            assert!(off < 6.0, "{name}: frame {frame} differs by {off:.1} levels");
        }
    }
}

#[test]
fn full_range_stays_full_range() {
    let dir = tempfile::tempdir().expect("a folder");
    let shades = [0u8, 60, 128, 200, 255];
    let paint = |_: usize, picture: &mut Picture| {
        (0..5).for_each(|i| picture.rect(64 * i, 0, 64, 180, [shades[i]; 3]));
    };
    for (name, muxer) in [("full.mp4", "mp4mux"), ("full.mkv", "matroskamux"), ("full.ts", "mpegtsmux")] {
        let (source, target) = (dir.path().join(name), dir.path().join(format!("{name}.out.mkv")));
        let through = format!(
            "videoconvert ! video/x-raw,format=RGB ! videoconvert ! video/x-raw,format=I420,colorimetry=1:4:16:4 ! \
             x264enc speed-preset=ultrafast ! h264parse ! {muxer}"
        );
        shoot(&source, SIZE, steady(4), &through, &paint);
        whole(&source, &target, &Setting::default(), 4, name);
        let seen = view(&target);
        for (i, shade) in shades.iter().enumerate() {
            let is = seen.pixel(2, 64 * i + 32, 90)[1];
            assert!(is.abs_diff(*shade) <= 5, "{name}: {shade} became {is}");
        }
    }
}

#[test]
fn gray_pictures_keep_their_shades() {
    let dir = tempfile::tempdir().expect("a folder");
    let shades = [0u8, 60, 128, 200, 255];
    let paint = |_: usize, picture: &mut Picture| {
        (0..5).for_each(|i| picture.rect(64 * i, 0, 64, 180, [shades[i]; 3]));
    };
    let (source, target) = (dir.path().join("gray.avi"), dir.path().join("out.mkv"));
    // JPEG uses all values, also for gray.
    let through = "videoconvert ! video/x-raw,format=RGB ! videoconvert ! video/x-raw,format=GRAY8,colorimetry=1:4:0:0 ! \
                   jpegenc quality=95 ! avimux";
    shoot(&source, SIZE, steady(4), through, &paint);
    whole(&source, &target, &Setting::default(), 4, "gray");
    let seen = view(&target);
    for (i, shade) in shades.iter().enumerate() {
        let rgb = seen.pixel(2, 64 * i + 32, 90);
        assert!(rgb.iter().all(|is| is.abs_diff(*shade) <= 5), "{shade} became {rgb:?}");
    }
}

#[test]
fn the_smallest_the_largest_and_the_shortest() {
    let dir = tempfile::tempdir().expect("a folder");
    let paint = |n: usize, picture: &mut Picture| picture.grain(n);
    for (size, frames) in [((16, 16), 5), ((3840, 2160), 2), ((320, 180), 1)] {
        let source = dir.path().join(format!("{}-{frames}.mp4", size.0));
        shoot(&source, size, steady(frames), &format!("{H264} ! mp4mux"), &paint);
        let target = source.with_extension("out.mp4");
        whole(&source, &target, &Setting::default(), frames, &format!("{size:?}"));
        assert_eq!(view(&target).frames.len() as u64, frames);
    }
}

#[test]
fn sound_alone_is_no_clip() {
    let dir = tempfile::tempdir().expect("a folder");
    let source = dir.path().join("sound.mp4");
    let through = "fakesink audiotestsrc num-buffers=40 ! audioconvert ! avenc_aac ! aacparse ! mp4mux";
    shoot(&source, SIZE, steady(2), through, &numbered);
    let failed = redact(&source, &dir.path().join("out.mp4"), &Setting::default()).expect_err("no video");
    assert!(matches!(failed, JobError::Source(SourceError::NoVideo(_))), "{failed}");
    assert!(!failed.to_string().contains("plug-in"), "{failed}");
}

/// Overwrites what stands behind the first `mark`.
fn patch(path: &Path, mark: &[u8], behind: usize, with: &[u8]) {
    let mut bytes = std::fs::read(path).expect("a file");
    let at = bytes.windows(mark.len()).position(|w| w == mark).expect("the mark") + mark.len() + behind;
    bytes[at..at + with.len()].copy_from_slice(with);
    std::fs::write(path, bytes).expect("written");
}

#[test]
fn a_picture_beyond_the_limits_is_refused_before_it_is_decoded() {
    let dir = tempfile::tempdir().expect("a folder");
    let refused = |source: &Path, setting: &Setting| {
        let failed = redact(source, &dir.path().join("out.mp4"), setting).expect_err("too large");
        assert!(
            matches!(failed, JobError::Source(SourceError::TooLarge { .. })),
            "{}: {failed}",
            source.display()
        );
    };
    let table = dir.path().join("table.mp4");
    film::through(&table, 5, &format!("{H264} ! mp4mux"));
    // Width and height of the sample entry (ISO/IEC 14496-12, 12.1.3).
    patch(&table, b"avc1", 24, &[0xff; 4]);
    refused(&table, &Setting::default());
    let jpeg = dir.path().join("picture.avi");
    film::through(&jpeg, 5, "jpegenc ! avimux");
    // Height and width of the frame header, behind marker, length and precision.
    patch(&jpeg, &[0xff, 0xc0], 3, &[0xff; 4]);
    refused(&jpeg, &Setting::default());
    let vp8 = dir.path().join("picture.webm");
    film::through(&vp8, 5, "vp8enc deadline=1 ! webmmux");
    patch(&vp8, &[0x9d, 0x01, 0x2a], 0, &[0xff; 4]);
    refused(&vp8, &Setting::default());
    let mut strict = Setting::default();
    strict.site.limits.max_megapixels = 1;
    let large = dir.path().join("large.mp4");
    let paint = |n: usize, picture: &mut Picture| picture.grain(n);
    shoot(&large, (1280, 800), steady(2), &format!("{H264} ! mp4mux"), &paint);
    refused(&large, &strict);
}

#[test]
fn a_huge_table_of_samples_is_not_believed() {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, table, behind) in
        [("stsz", b"stsz", 8), ("stts", b"stts", 4), ("stsc", b"stsc", 4), ("stco", b"stco", 4)]
    {
        let source = dir.path().join(format!("{name}.mp4"));
        film::through(&source, 10, &format!("{H264} ! mp4mux"));
        patch(&source, table, behind, &[0xff, 0xff, 0xff, 0xf0]);
        let target = dir.path().join(format!("{name}.out.mp4"));
        match redact(&source, &target, &Setting::default()) {
            Err(JobError::CutShort(_) | JobError::Source(_)) => assert!(!target.exists()),
            Err(other) => panic!("{name}: {other}"),
            Ok(done) => assert_eq!(done.outcome.written, 10, "{name}"),
        }
    }
}

#[test]
fn a_clip_that_grows_while_it_is_read_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let source = dir.path().join("clip.ts");
    film::through(&source, 20, &format!("{H264} ! mpegtsmux"));
    let growing = source.clone();
    let setting = Setting::detecting(Script::new(move |index, _| {
        if index == 3 {
            let mut file = std::fs::OpenOptions::new().append(true).open(&growing).expect("opened");
            file.write_all(&[0x47; 188]).expect("written");
        }
        Ok(Vec::new())
    }));
    let failed = redact(&source, &dir.path().join("out.mp4"), &setting).expect_err("it grew");
    assert!(matches!(failed, JobError::Clip(ClipError::Changed(_))), "{failed}");
    assert_eq!(names(dir.path()), ["clip.ts"]);
}

#[test]
fn closed_formats_are_refused_with_a_way_out() {
    let desk = Desk::new();
    for (name, content, words) in [
        ("ch1.dav", b"DHAV\xfd\x00\x01\x00".as_slice(), ["Dahua", "MP4"]),
        ("clip.mp4", b"IMKH\x01\x01\x00\x00", ["Hikvision", "mp4"]),
        ("clip.264", b"HXVS\x80\x07\x00\x00", ["XMEye", "mp4"]),
        ("door.lvf", b"\x01\x02\x03\x04", ["recorder's own format", "mp4"]),
        ("player.exe", b"MZ\x90\x00", ["Windows program", "mp4"]),
        ("list.mp4", b"#EXTM3U\nhttp://192.0.2.1/a.mp4\n", ["list of clips", "give the clips"]),
        ("all.mp4", b"PK\x03\x04\x14\x00", ["archive", "unpack"]),
        ("letter.mp4", b"Dear resident, this is no film.\n", ["no video", "mp4"]),
    ] {
        let mut bytes = content.to_vec();
        let filler = if name == "letter.mp4" || name == "list.mp4" { b' ' } else { 0xa7 };
        bytes.resize(5000, filler);
        std::fs::write(desk.path(name), bytes).expect("written");
        desk.run(["redact", name, "-o", "out.mp4", "--no-camera"]).expect(4, &words);
        assert!(!desk.path("out.mp4").exists(), "{name}");
    }
}

#[test]
fn odd_names_are_only_names() {
    let desk = Desk::new();
    film::intruder(&desk.path("clip.mp4"), 3);
    let odd: [&[u8]; 6] =
        [b"two words.mp4", b"it's \"so\".mp4", b"caf\xe9 \xff.mp4", b"-x.mp4", b"a\nb.mp4", b"$(id);%s.mp4"];
    for name in odd {
        let name = OsStr::from_bytes(name);
        std::fs::copy(desk.path("clip.mp4"), desk.path(name)).expect("copied");
        let flags =
            ["redact", "--no-camera", "--force", "--json", "-o", "out.mp4", "--report", "r.json", "--"];
        let args = flags.iter().map(OsStr::new).chain([name]);
        let ended = desk.run(args).expect(0, &[]);
        let line: serde_json::Value = serde_json::from_str(&ended.stdout).expect("one line of JSON");
        assert_eq!(line["frames"], 3, "{name:?}");
        let report = std::fs::read(desk.path("r.json")).expect("a report");
        let report: serde_json::Value = serde_json::from_slice(&report).expect("JSON");
        assert_eq!(report["source"]["file"], name.to_string_lossy().as_ref());
    }
    desk.run(["redact", "./-x.mp4", "--no-camera", "--out-dir", "many"]).expect(0, &[]);
    assert!(desk.path("many/-x.redacted.mp4").exists());
}
