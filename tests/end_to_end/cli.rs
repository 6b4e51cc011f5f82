//! The command line: exit codes, sentences with a cure, records, and what a script can rely on.

use super::eyes::view;
use super::film::{self, Film, H264, Picture, steady};
use super::job::names;
use super::program::{DOOR, Desk, ended, mode};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

fn sample() -> String {
    format!("{}/samples/courtyard.mp4", env!("CARGO_MANIFEST_DIR"))
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// In a journal or a file the codes of colours are rubbish.
#[test]
fn a_log_that_nobody_reads_at_a_terminal_has_no_colours() {
    let desk = Desk::new();
    film::intruder(&desk.path("clip.mp4"), 3);
    let mut command = desk.melkglas(["redact", "clip.mp4", "-o", "out.mp4", "--no-camera"]);
    let log = ended(command.env_remove("NO_COLOR").env("MELKGLAS_LOG", "trace")).expect(0, &[]).stderr;
    assert!(["INFO", "DEBUG", "TRACE"].iter().any(|level| log.contains(level)), "{log}");
    assert!(!log.contains('\x1b'), "{log:?}");
}

#[test]
fn wrong_usage_ends_with_2_and_names_the_cure() {
    let desk = Desk::new();
    film::intruder(&desk.path("clip.mp4"), 3);
    let check = |args: &[&str], said: &[&str]| {
        let done = desk.run(args).expect(2, said);
        assert_eq!(done.stdout, "", "{args:?}");
        assert_eq!(desk.names(), ["clip.mp4"], "{args:?}");
    };
    check(&["redact", "clip.mp4", "-o", "out.mp4"], &["--camera", "--no-camera"]);
    check(&["redact", "-o", "out.mp4", "--no-camera"], &["<INPUT>"]);
    check(&["redact", "clip.mp4", "--no-camera"], &["--output"]);
    check(&["redact", "clip.mp4", "--no-camera", "-o", "a.mp4", "--out-dir", "d"], &["cannot be used with"]);
    check(&["redact", "clip.mp4", "--no-camera", "-o", "out.avi"], &[".mp4", ".mkv"]);
    check(&["redact", "clip.mp4", "--no-camera", "-o", "no/out.mp4"], &["does not exist", "make it"]);
    check(&["redact", "clip.mp4", "b.mp4", "--no-camera", "-o", "out.mp4"], &["--out-dir"]);
    check(&["redact", "clip.mp4", "--no-camera", "-o", "out.mp4", "--from", "soon"], &["hh:mm:ss"]);
    check(&["redact", "clip.mp4", "--no-camera", "-o", "o.mp4", "--from", "2", "--to", "1"], &["--from"]);
    check(&["redact", "clip.mp4", "--no-camera", "-o", "o.mp4", "--style", "haze"], &["blur", "pixelate"]);
    check(&["redact", "clip.mp4", "--no-camera", "-o", "o.mp4", "--fill-colour", "green"], &["six hexa"]);
    let twice = ["redact", "clip.mp4", "--no-camera", "-o", "o.mp4", "--report", "o.mp4"];
    check(&twice, &["would be written twice"]);
    check(&["hide"], &["unrecognized"]);
    check(&[], &["redact"]);
}

#[test]
fn help_and_version_end_with_0_on_stdout() {
    let desk = Desk::new();
    for args in [&["--help"][..], &["redact", "--help"], &["camera", "new", "--help"], &["doctor", "--help"]]
    {
        let done = desk.run(args).expect(0, &[]);
        assert!(done.stdout.contains("Usage:") && done.stderr.is_empty());
    }
    assert!(desk.run(["--help"]).stdout.contains("Exit codes"));
    let version = desk.run(["--version"]).expect(0, &[]).stdout;
    assert_eq!(version.trim(), concat!("melkglas ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn faulty_settings_end_with_3_and_show_where() {
    let desk = Desk::new();
    film::intruder(&desk.path("clip.mp4"), 3);
    let redact = |camera: &str| desk.run(["redact", "clip.mp4", "-o", "out.mp4", "--camera", camera]);
    redact("none.toml").expect(3, &["none.toml"]);
    std::fs::write(desk.path("door.toml"), DOOR.replace("label = ", "labell = ")).expect("written");
    redact("door.toml").expect(3, &["door.toml:7:1", "labell"]);
    // All faults at once.
    let twice =
        DOOR.replace("door\"\ndesc", "door\"\ncolour = 1\ndesc").replace("[0.05, 0.75]]", "[5, 0.75]]");
    std::fs::write(desk.path("door.toml"), twice).expect("written");
    redact("door.toml").expect(3, &["door.toml:3:1", "colour", "door.toml:9:"]);
    std::fs::write(desk.path("door.toml"), DOOR.replace("height = 180", "height = 240")).expect("written");
    redact("door.toml").expect(3, &["320x180", "320x240"]);
    assert_eq!(desk.names(), ["clip.mp4", "door.toml"]);
    // The same shape in another size is the same camera.
    std::fs::write(desk.path("door.toml"), DOOR.replace("320", "640").replace("180", "360"))
        .expect("written");
    redact("door.toml").expect(0, &[]);
    std::fs::write(desk.site(), "schema = 1\n[detect]\nworker = 2\n").expect("written");
    desk.run(["redact", "clip.mp4", "-o", "o.mp4", "--no-camera"]).expect(3, &["site.toml:3:1", "worker"]);
}

#[test]
fn unreadable_clips_end_with_4() {
    let desk = Desk::new();
    let redact = |name: &str, extra: &[&str]| {
        let args = ["redact", name, "-o", "out.mp4", "--no-camera"];
        desk.run(args.into_iter().chain(extra.iter().copied()))
    };
    redact("none.mp4", &[]).expect(4, &["none.mp4 cannot be opened"]);
    std::fs::write(desk.path("empty.mp4"), "").expect("written");
    redact("empty.mp4", &[]).expect(4, &["is empty", "export it"]);
    std::fs::create_dir(desk.path("folder")).expect("made");
    redact("folder", &[]).expect(4, &["is not a file"]);
    std::fs::write(desk.path("text.mp4"), "no film at all ".repeat(50)).expect("written");
    redact("text.mp4", &[]).expect(4, &["text.mp4", "no video", "export the clip"]);
    let whole = desk.path("whole.mp4");
    film::intruder(&whole, 20);
    let bytes = std::fs::read(&whole).expect("read");
    std::fs::write(desk.path("cut.mp4"), &bytes[..bytes.len() * 7 / 10]).expect("written");
    redact("cut.mp4", &[]).expect(4, &["cut.mp4", "--accept-damaged"]);
    assert!(!desk.path("out.mp4").exists());
    redact("cut.mp4", &["--accept-damaged", "--report", "r.json"]).expect(0, &["the clip is damaged"]);
    let report = json(&std::fs::read_to_string(desk.path("r.json")).expect("a report"));
    assert_eq!(report["completeness"]["state"], "damaged");
    assert!(report["completeness"]["how"].is_string());
}

#[test]
fn two_clips_of_one_name_are_refused_up_front() {
    let desk = Desk::new();
    for folder in ["a", "b"] {
        std::fs::create_dir(desk.path(folder)).expect("made");
        film::intruder(&desk.path(folder).join("clip.mp4"), 3);
    }
    desk.run(["redact", "a/clip.mp4", "b/clip.mp4", "--out-dir", "masked", "--no-camera"])
        .expect(2, &["same output name", "different --out-dir"]);
    std::fs::rename(desk.path("b/clip.mp4"), desk.path("b/clip.avi")).expect("renamed");
    desk.run(["redact", "a/clip.mp4", "b/clip.avi", "--out-dir", "masked", "--no-camera"])
        .expect(2, &["same output name"]);
    assert!(!desk.path("masked").exists(), "a refused call leaves no folder");
}

#[test]
fn a_batch_goes_on_after_a_bad_clip_and_ends_with_7() {
    let desk = Desk::new();
    film::intruder(&desk.path("one.mp4"), 3);
    film::intruder(&desk.path("three.mp4"), 4);
    std::fs::write(desk.path("two.mp4"), "no film at all ".repeat(50)).expect("written");
    std::fs::create_dir(desk.path("records")).expect("made");
    let args = [
        "redact",
        "one.mp4",
        "two.mp4",
        "three.mp4",
        "--out-dir",
        "masked",
        "--no-camera",
        "--json",
        "--report",
        "records",
        "--boxes",
        "records",
    ];
    let done = desk.run(args).expect(7, &["1 of 3 clips failed", "two.mp4 (exit code 4)"]);
    assert_eq!(names(&desk.path("masked")), ["one.redacted.mp4", "three.redacted.mp4"]);
    let records = ["one.boxes.txt", "one.report.json", "three.boxes.txt", "three.report.json"];
    assert_eq!(names(&desk.path("records")), records);
    let lines: Vec<_> = done.stdout.lines().map(json).collect();
    assert_eq!(lines.len(), 3);
    let ok: Vec<_> = lines.iter().map(|line| line["ok"].as_bool()).collect();
    assert_eq!(ok, [Some(true), Some(false), Some(true)]);
    assert_eq!(lines[1]["exit"], 4);
    assert!(lines[1]["error"].is_string());
    assert_eq!(lines[2]["frames"], 4);
    assert_eq!(lines[2]["output"], "masked/three.redacted.mp4");
    // A single bad clip ends with its own code, and all of many with 7.
    desk.run(["redact", "two.mp4", "--out-dir", "m", "--no-camera"]).expect(4, &[]);
    std::fs::copy(desk.path("two.mp4"), desk.path("four.mp4")).expect("copied");
    let both = desk.run(["redact", "two.mp4", "four.mp4", "--out-dir", "m", "--no-camera"]);
    both.expect(7, &["2 of 2 clips failed"]);
}

#[test]
fn report_and_boxes_hold_what_is_documented() {
    let desk = Desk::searching(640);
    let sample = sample();
    let camera = format!("{}/pipelines/cameras/courtyard.toml", env!("CARGO_MANIFEST_DIR"));
    let args = [
        "redact", &sample, "-o", "out.mp4", "--camera", &camera, "--from", "3", "--to", "3.45", "--report",
        "r.json", "--boxes", "b.txt",
    ];
    let done = desk.run(args).expect(0, &["5 frames"]);
    assert_eq!(done.stdout, "", "data is asked for with --json");
    for name in ["out.mp4", "r.json", "b.txt"] {
        assert_eq!(mode(&desk.path(name)), 0o600, "{name}");
    }

    let report = json(&std::fs::read_to_string(desk.path("r.json")).expect("a report"));
    let keys: BTreeSet<&str> = report.as_object().expect("an object").keys().map(String::as_str).collect();
    let wanted = [
        "report",
        "program",
        "written_at",
        "source",
        "output",
        "camera",
        "models",
        "gstreamer",
        "settings",
        "frames",
        "completeness",
        "declared",
        "read_back",
        "covered",
        "found",
        "low_confidence",
        "stage_times",
    ];
    for key in wanted {
        assert!(keys.contains(key), "{key} is missing of {keys:?}");
    }
    let hash = |path: &Path| melkglas::digest::sha256_hex(&std::fs::read(path).expect("read"));
    assert_eq!(report["report"], 1);
    assert_eq!(report["source"]["sha256"], hash(Path::new(&sample)));
    assert_eq!(report["source"]["file"], "courtyard.mp4", "no folders");
    assert_eq!(report["output"]["sha256"], hash(&desk.path("out.mp4")));
    assert_eq!(report["camera"]["sha256"], hash(Path::new(&camera)));
    assert_eq!(report["camera"]["id"], "courtyard");
    assert_eq!(report["frames"]["written"], 5);
    assert_eq!(report["frames"]["covered"], 0);
    assert_eq!(report["read_back"]["frames"], 5);
    assert_eq!(report["completeness"]["state"], "window");
    assert_eq!(report["declared"]["frames"], 200);
    let models = report["models"]["models"].as_array().expect("a list");
    let hashes: Vec<_> = models.iter().map(|m| m["sha256"].as_str().expect("a hash")).collect();
    assert!(hashes.len() == 2 && hashes.iter().all(|h| h.len() == 64));
    let spans = report["found"].as_array().expect("a list");
    let frames: u64 = spans
        .iter()
        .map(|s| s["to_frame"].as_u64().expect("a number") + 1 - s["from_frame"].as_u64().expect("a number"))
        .sum();
    assert_eq!(frames, 5, "every frame's count is there");
    assert!(spans.iter().all(|s| s["persons"].as_u64().expect("a number") >= 2), "{spans:?}");

    let rows = std::fs::read_to_string(desk.path("b.txt")).expect("boxes");
    let mut frames = BTreeSet::new();
    for row in rows.lines() {
        let fields: Vec<f64> = row.split(',').map(|f| f.parse().expect("a number")).collect();
        let [frame, id, left, top, width, height, score, a, b, c] = fields[..] else { panic!("{row}") };
        assert_eq!((id, a, b, c), (-1.0, -1.0, -1.0, -1.0), "{row}");
        assert!(left >= 0.0 && top >= 0.0 && width > 0.0 && height > 0.0, "{row}");
        assert!(left + width <= 768.0 && top + height <= 576.0, "{row}");
        assert!((0.0..=1.0).contains(&score), "{row}");
        frames.insert(frame as u64);
    }
    assert_eq!(frames, (1..=5).collect(), "people are in every frame");
    // Each box is a mask: what lies in it is green.
    let seen = view(&desk.path("out.mp4"));
    for row in rows.lines() {
        let fields: Vec<usize> = row.split(',').take(6).map(|f| f.parse().unwrap_or(0)).collect();
        let (x, y) = (fields[2] + fields[4] / 2, fields[3] + fields[5] / 2);
        assert!(super::eyes::is_fill(seen.pixel(fields[0] - 1, x, y)), "{row}");
    }
}

#[test]
fn json_is_one_line_and_a_pipe_sees_no_progress_bar() {
    let desk = Desk::new();
    film::intruder(&desk.path("clip.mp4"), 8);
    let done =
        desk.run(["redact", "clip.mp4", "-o", "out.mp4", "--no-camera", "--json"]).expect(0, &["8 frames"]);
    assert_eq!(done.stdout.lines().count(), 1);
    let line = json(&done.stdout);
    for key in ["input", "output", "ok", "exit", "frames", "covered", "completeness"] {
        assert!(!line[key].is_null(), "{key}: {line}");
    }
    let hash = melkglas::digest::sha256_hex(&std::fs::read(desk.path("out.mp4")).expect("read"));
    assert_eq!(line["output_sha256"], hash);
    for text in [&done.stdout, &done.stderr] {
        assert!(!text.contains(['\r', '\u{1b}', '█', '░']), "{text:?}");
    }
    assert_eq!(done.stderr.lines().count(), 1, "{}", done.stderr);
}

#[test]
fn gstreamers_variables_have_no_effect() {
    let desk = Desk::new();
    film::intruder(&desk.path("clip.mp4"), 3);
    let dots = tempfile::tempdir().expect("a folder");
    let log = dots.path().join("debug.log");
    let mut command = desk.melkglas(["redact", "clip.mp4", "-o", "out.mp4", "--no-camera"]);
    command.env("GST_DEBUG_DUMP_DOT_DIR", dots.path()).env("GST_DEBUG", "5").env("GST_DEBUG_FILE", &log);
    // Would take the decoder away whose log is listened to, and load whatever lies there.
    command.env("GST_PLUGIN_FEATURE_RANK", "avdec_h264:NONE").env("GST_PLUGIN_PATH", dots.path());
    let done = ended(&mut command).expect(0, &["3 frames"]);
    assert_eq!(done.stderr.lines().count(), 1, "{}", done.stderr);
    assert_eq!(names(dots.path()), [""; 0]);
}

#[test]
fn nothing_is_kept_in_the_home_or_the_temporary_folder() {
    let desk = Desk::new();
    film::intruder(&desk.path("clip.mp4"), 3);
    let (home, temp) = (desk.path("home"), desk.path("temp"));
    for folder in [&home, &temp] {
        std::fs::create_dir(folder).expect("made");
    }
    let mut command = desk.melkglas(["redact", "clip.mp4", "-o", "out.mp4", "--no-camera"]);
    command.env("HOME", &home).env("TMPDIR", &temp).env_remove("XDG_CACHE_HOME");
    // Tests have it, and an installed program does not.
    command.env_remove("ORT_DISABLE_TELEMETRY");
    ended(&mut command).expect(0, &["3 frames"]);
    assert_eq!(names(&temp), [""; 0]);
    // GStreamer's list of what is installed, and nothing of ONNX Runtime for its maker.
    assert_eq!(names(&home), [".cache"]);
    assert_eq!(names(&home.join(".cache")), ["gstreamer-1.0"]);
}

#[test]
fn doctor_finds_everything_here() {
    let desk = Desk::new();
    let done = desk.run(["doctor"]).expect(0, &[]);
    assert!(!done.stdout.contains("MISSING") && done.stdout.contains("networks"), "{}", done.stdout);
    let findings = json(&desk.run(["doctor", "--json"]).expect(0, &[]).stdout);
    let findings = findings.as_array().expect("a list");
    assert!(findings.len() >= 5 && findings.iter().all(|f| f["ok"] == true), "{findings:?}");
    let nowhere = desk.run(["doctor", "--models", "/nonexistent"]).expect(3, &[]);
    assert!(nowhere.stdout.contains("MISSING") && nowhere.stdout.contains("cure"), "{}", nowhere.stdout);
}

#[test]
fn completions_are_generated() {
    let desk = Desk::new();
    let script = desk.run(["completions", "bash"]).expect(0, &[]).stdout;
    assert!(script.contains("_melkglas()") && script.contains("--no-camera"));
    let path = desk.path("melkglas.bash");
    std::fs::write(&path, script).expect("written");
    ended(std::process::Command::new("bash").arg("-n").arg(&path)).expect(0, &[]);
}

fn size_of_png(path: &Path) -> (u32, u32) {
    let picture = image::open(path).expect("a picture that can be decoded");
    (picture.width(), picture.height())
}

#[test]
fn a_camera_file_is_begun_and_checked() {
    let desk = Desk::searching(320);
    let sample = sample();
    let args = ["camera", "new", "yard", "--from", &sample, "-o", "yard.toml", "--picture", "grid.png"];
    desk.run(args).expect(0, &["wrote yard.toml", "wrote grid.png"]);
    assert_eq!(desk.names(), ["grid.png", "yard.toml"]);
    assert_eq!(mode(&desk.path("grid.png")), 0o600);
    assert_eq!(size_of_png(&desk.path("grid.png")), (768, 576));
    desk.run(["camera", "check", "yard.toml"]).expect(0, &["is sound", "no zones"]);
    desk.run(args).expect(2, &["exists already"]);
    desk.run(["camera", "new", "other", "--from", &sample, "-o", "yard2.toml"]).expect(2, &["other.toml"]);

    let file = desk.path("yard.toml");
    let mut text = std::fs::read_to_string(&file).expect("a starter");
    text += "\n[[zone]]\nkind = \"door\"\nlabel = \"main entrance\"\n\
             polygon = [[0.1, 0.1], [0.4, 0.1], [0.4, 0.4], [0.1, 0.4]]\nstyle = \"fill\"\n";
    std::fs::write(&file, &text).expect("written");
    let args = ["camera", "check", "yard.toml", "--on", &sample, "--picture", "zones.png"];
    desk.run(args).expect(0, &["is sound", "door", "main entrance"]);
    assert_eq!(mode(&desk.path("zones.png")), 0o600);
    let picture = image::open(desk.path("zones.png")).expect("a picture").to_rgb8();
    assert_eq!(picture.dimensions(), (768, 576));
    // Inside the outline and away from its label the zone is hidden on the still as well.
    assert!(super::eyes::is_fill(picture.get_pixel(100, 80).0), "{:?}", picture.get_pixel(100, 80));

    std::fs::write(&file, text.replace("[0.4, 0.4], [0.1, 0.4]", "[0.1, 0.4], [0.4, 0.4]")).expect("written");
    desk.run(["camera", "check", "yard.toml"]).expect(3, &["yard.toml:"]);
    std::fs::write(&file, text.replace("height = 576", "height = 432")).expect("written");
    desk.run(["camera", "check", "yard.toml", "--on", &sample]).expect(3, &["768x432"]);
}

#[test]
fn a_changed_weight_file_is_refused() {
    let desk = Desk::new();
    film::intruder(&desk.path("clip.mp4"), 3);
    let models = desk.path("models");
    std::fs::create_dir(&models).expect("made");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    for name in ["manifest.toml", "nanodet_elite1.onnx", "centerface.onnx"] {
        std::fs::copy(shipped.join(name), models.join(name)).expect("copied");
    }
    let args = ["redact", "clip.mp4", "-o", "out.mp4", "--no-camera", "--models", "models"];
    desk.run(args).expect(0, &[]);
    std::fs::remove_file(desk.path("out.mp4")).expect("removed");
    let weights = models.join("centerface.onnx");
    let mut bytes = std::fs::read(&weights).expect("weights");
    let before = melkglas::digest::sha256_hex(&bytes);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let after = melkglas::digest::sha256_hex(&bytes);
    std::fs::write(&weights, bytes).expect("written");
    let done = desk.run(args);
    assert_eq!(done.code, Some(3), "{done:?}");
    for words in ["centerface.onnx", &before, &after] {
        // A hash may be broken over two lines.
        let said: String = done.stderr.split_whitespace().filter(|w| *w != "│").collect();
        assert!(said.contains(words), "{words}: {}", done.stderr);
    }
    std::fs::remove_file(&weights).expect("removed");
    desk.run(args).expect(3, &["centerface.onnx", "scripts/setup"]);
    assert_eq!(desk.names(), ["clip.mp4", "models"]);
}

#[test]
fn odd_names_work() {
    let desk = Desk::new();
    let plain = desk.path("plain.mp4");
    film::intruder(&plain, 3);
    let latin1 = OsStr::from_bytes(b"caf\xe9.mp4");
    let odd: [&OsStr; 6] = [
        OsStr::new("with space.mp4"),
        OsStr::new("it's \"quoted\".mp4"),
        OsStr::new("-dash.mp4"),
        OsStr::new("new\nline ! $(x) %d.mp4"),
        OsStr::new("ünïcode 門.mp4"),
        latin1,
    ];
    for name in odd {
        std::fs::copy(&plain, desk.path(name)).expect("copied");
    }
    let args = ["redact", "--out-dir", "masked", "--no-camera", "--json", "--"].map(OsStr::new);
    let done = desk.run(args.into_iter().chain(odd)).expect(0, &[]);
    assert_eq!(done.stdout.lines().map(json).filter(|line| line["ok"] == true).count(), 6);
    for name in odd {
        let mut masked = Path::new(name).file_stem().expect("a stem").to_owned();
        masked.push(".redacted.mp4");
        assert!(desk.path("masked").join(&masked).is_file(), "{}", masked.display());
    }
    let back = OsStr::from_bytes(b"--output=-r\xe9.mkv");
    desk.run([OsStr::new("redact"), OsStr::new("--no-camera"), back, OsStr::new("plain.mp4")]).expect(0, &[]);
    assert!(desk.path(OsStr::from_bytes(b"-r\xe9.mkv")).is_file());
}

#[test]
fn styles_on_the_command_line_override_the_zones() {
    let desk = Desk::new();
    let paint = |_: usize, picture: &mut Picture| picture.rect(32, 46, 128, 88, film::RAW);
    let through = format!("{H264} ! mp4mux");
    Film { size: film::SIZE, times_ms: steady(3), through: &through, paint: &paint, tags: None }
        .shoot(&desk.path("clip.mp4"));
    std::fs::write(desk.path("door.toml"), format!("{DOOR}style = \"fill\"\n")).expect("written");
    let mut number = 0;
    let mut pixel = |extra: &[&str]| {
        number += 1;
        let out = format!("{number}.mp4");
        let args = ["redact", "clip.mp4", "--camera", "door.toml", "-o", &out];
        desk.run(args.into_iter().chain(extra.iter().copied())).expect(0, &[]);
        let seen = view(&desk.path(out));
        assert_eq!((0..3).map(|frame| seen.raw_pixels(frame)).sum::<usize>(), 0, "{extra:?}");
        seen.pixel(1, 200, 90)
    };
    let near = |a: [u8; 3], b: [u8; 3]| a.iter().zip(b).all(|(a, b)| a.abs_diff(b) < 14);
    assert!(near(pixel(&[]), [0, 255, 0]), "the zone's own style, the site's colour");
    assert!(near(pixel(&["--fill-colour", "0000ff"]), [0, 0, 255]));
    for style in ["blur", "pixelate"] {
        let [r, g, b] = pixel(&["--style", style]);
        assert!(r.abs_diff(g) < 14 && g.abs_diff(b) < 14, "{style} is grey: {r} {g} {b}");
    }
}
