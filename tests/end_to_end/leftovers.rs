//! Runs that are stopped, killed or run out of room; outputs that are inputs. Nothing half-done has a name.

use super::eyes::{view, view_torn};
use super::film;
use super::job::names;
use super::program::{DOOR, Desk, ended, mode};
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// When a run is hit.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// So long after the start.
    After(Duration),
    /// As soon as a partial clip has this many bytes.
    Written(u64),
}

fn partials(folder: &Path) -> Vec<PathBuf> {
    let hidden = |name: &String| name.starts_with(".melkglas-") && name.ends_with(".partial");
    names(folder).iter().filter(|name| hidden(name)).map(|name| folder.join(name)).collect()
}

fn wait_for(child: &mut Child, folder: &Path, moment: Moment) {
    let start = Instant::now();
    loop {
        let there = match moment {
            Moment::After(time) => start.elapsed() >= time,
            Moment::Written(bytes) => {
                partials(folder).iter().any(|p| p.metadata().is_ok_and(|m| m.len() >= bytes))
            }
        };
        if there {
            return;
        }
        assert!(child.try_wait().expect("a child").is_none(), "it ended before {moment:?}");
        assert!(start.elapsed() < Duration::from_secs(60), "{moment:?} never comes");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A desk with a clip that takes some seconds, and its camera file.
fn slow_desk() -> Desk {
    let desk = Desk::searching(640);
    film::intruder(&desk.path("clip.mp4"), 100);
    std::fs::write(desk.path("door.toml"), DOOR).expect("written");
    desk
}

const REDACT: [&str; 10] = [
    "redact",
    "clip.mp4",
    "-o",
    "out.mkv",
    "--camera",
    "door.toml",
    "--report",
    "r.json",
    "--boxes",
    "b.txt",
];
const INPUTS: [&str; 2] = ["clip.mp4", "door.toml"];

const MOMENTS: [Moment; 4] = [
    Moment::After(Duration::from_millis(3)),
    Moment::Written(0),
    Moment::Written(1),
    Moment::Written(400_000),
];

fn start(desk: &Desk) -> Child {
    let mut command = desk.melkglas(REDACT);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started")
}

fn hit(child: &Child, signal: Signal) {
    let pid = Pid::from_child(child);
    kill_process(pid, signal).expect("it lives");
}

/// Whether this process, and so its children until they say otherwise, ignore a signal: a shell starts what it puts
/// in the background that way.
fn is_ignored(number: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("readable");
    let mask =
        status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("a mask of ignored signals");
    let mask = u64::from_str_radix(mask.trim(), 16).expect("hexadecimal");
    mask >> (number - 1) & 1 == 1
}

#[test]
fn stopped_by_a_signal_it_cleans_up_and_says_so() {
    let desk = slow_desk();
    for (signal, number) in [(Signal::TERM, 15), (Signal::INT, 2)] {
        for moment in MOMENTS {
            if matches!(moment, Moment::After(_)) && is_ignored(number) {
                eprintln!("skipped {signal:?} at {moment:?}: it is ignored here");
                continue;
            }
            let mut child = start(&desk);
            wait_for(&mut child, &desk.folder(), moment);
            hit(&child, signal);
            let asked = Instant::now();
            let status = child.wait().expect("ended");
            // Before the handlers are in place the signal ends it itself.
            let told = status.code() == Some(128 + number);
            let early = matches!(moment, Moment::After(_)) && status.signal() == Some(number);
            assert!(told || early, "{signal:?} at {moment:?}: {status:?}");
            assert!(asked.elapsed() < Duration::from_secs(5), "{signal:?} at {moment:?}");
            assert_eq!(desk.names(), INPUTS, "{signal:?} at {moment:?}");
        }
    }
}

#[test]
fn killed_it_leaves_no_name_and_no_raw_pixel_and_the_next_run_cleans_up() {
    let desk = slow_desk();
    let mut looked_at = 0;
    for moment in MOMENTS {
        let mut child = start(&desk);
        wait_for(&mut child, &desk.folder(), moment);
        hit(&child, Signal::KILL);
        assert_eq!(child.wait().expect("ended").signal(), Some(9));
        let left = partials(&desk.folder());
        let mut all: Vec<_> = left.iter().map(|p| p.file_name().expect("a name").to_string_lossy()).collect();
        all.extend(INPUTS.map(Into::into));
        assert_eq!(desk.names(), all, "{moment:?}");
        for path in &left {
            assert_eq!(mode(path), 0o600, "{}", path.display());
            if !std::fs::read(path).expect("readable").starts_with(&[0x1a, 0x45, 0xdf, 0xa3]) {
                continue;
            }
            let (seen, _) = view_torn(path);
            for frame in 0..seen.frames.len() {
                assert_eq!(seen.raw_pixels(frame), 0, "frame {frame} of what was left");
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 0, "some frames were written and looked at");
    assert!(view(&desk.path("clip.mp4")).raw_pixels(3) > 1000, "the clip itself shows the intruder");
    assert!(!partials(&desk.folder()).is_empty(), "there is something to clean up");
    desk.run(["redact", "clip.mp4", "-o", "other.mp4", "--no-camera", "--to", "0"]).expect(0, &["removed"]);
    assert_eq!(desk.names(), ["clip.mp4", "door.toml", "other.mp4"]);
}

#[test]
fn a_name_taken_meanwhile_is_not_replaced() {
    let desk = slow_desk();
    let mut child =
        desk.melkglas(REDACT).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("started");
    wait_for(&mut child, &desk.folder(), Moment::Written(1));
    std::fs::write(desk.path("out.mkv"), "somebody else's").expect("written");
    let output = child.wait_with_output().expect("ended");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("exists already"), "{said}");
    assert_eq!(std::fs::read(desk.path("out.mkv")).expect("there"), b"somebody else's");
    assert_eq!(desk.names(), ["clip.mp4", "door.toml", "out.mkv"], "no record without its clip");
}

/// Runs a shell script in the desk's folder, with the program as `$PROGRAM`.
pub(crate) fn shell(desk: &Desk, wrapper: &[&str], script: &str) -> super::program::Ended {
    let words: Vec<&str> = wrapper.iter().copied().chain(["sh", "-c", script]).collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).current_dir(desk.folder()).stdin(Stdio::null());
    desk.settle(&mut command);
    command.env("PROGRAM", env!("CARGO_BIN_EXE_melkglas"));
    ended(&mut command)
}

#[test]
fn a_full_disk_leaves_nothing() {
    let desk = Desk::new();
    film::intruder(&desk.path("clip.mp4"), 40);
    std::fs::create_dir(desk.path("disk")).expect("made");
    // A disk of 200 KiB that this run alone sees. The redacted clip takes more than a megabyte.
    let script = "mount -t tmpfs -o size=200k small disk || exit 99
        \"$PROGRAM\" redact clip.mp4 -o disk/out.mp4 --no-camera --report disk/r.json
        code=$?; ls -A disk; exit $code";
    let may_mount = |wrapper: &[&str]| {
        let done = shell(&desk, wrapper, "mount -t tmpfs -o size=200k small disk");
        done.code == Some(0)
    };
    let wrappers: [&[&str]; 2] = [&["unshare", "-m"], &["unshare", "-rm"]];
    let Some(wrapper) = wrappers.into_iter().find(|wrapper| may_mount(wrapper)) else {
        eprintln!("SKIPPED: no small disk can be mounted here (unshare); a_file_size_limit covers the rest");
        return;
    };
    let done = shell(&desk, wrapper, script).expect(5, &["disk is full", "make room"]);
    assert_eq!(done.stdout, "", "nothing is left on the disk");
}

#[test]
fn an_encoder_that_cannot_write_leaves_nothing() {
    let desk = Desk::new();
    film::intruder(&desk.path("clip.mp4"), 40);
    // Writing beyond 256 KiB is an error, not a signal.
    let script = "trap '' XFSZ; ulimit -f 512; exec \"$PROGRAM\" redact clip.mp4 -o out.mp4 --no-camera";
    shell(&desk, &[], script).expect(5, &["clip.mp4", "the encoder failed"]);
    assert_eq!(desk.names(), ["clip.mp4"]);
    // And where it is a signal, the program dies and leaves nothing with a name.
    let script = "ulimit -f 512; exec \"$PROGRAM\" redact clip.mp4 -o out.mp4 --no-camera";
    assert_ne!(shell(&desk, &[], script).code, Some(0));
    assert!(desk.names().iter().all(|name| name == "clip.mp4" || name.ends_with(".partial")));
}

#[test]
fn a_folder_that_cannot_be_written_to_is_an_error() {
    let desk = Desk::new();
    film::intruder(&desk.path("clip.mp4"), 5);
    let done = desk.run(["redact", "clip.mp4", "-o", "/proc/out.mp4", "--no-camera"]);
    done.expect(5, &["/proc/out.mp4 cannot be written"]);
    assert_eq!(desk.names(), ["clip.mp4"]);
}

#[test]
fn an_input_is_never_an_output() {
    let desk = Desk::new();
    let clip = desk.path("clip.mp4");
    film::intruder(&clip, 5);
    std::fs::write(desk.path("door.toml"), DOOR).expect("written");
    std::os::unix::fs::symlink("clip.mp4", desk.path("soft.mp4")).expect("linked");
    std::os::unix::fs::symlink(desk.folder(), desk.path("folder")).expect("linked");
    std::fs::hard_link(&clip, desk.path("hard.mp4")).expect("linked");
    std::fs::hard_link(&clip, desk.path("hard.json")).expect("linked");
    std::os::unix::fs::symlink("door.toml", desk.path("camera.mp4")).expect("linked");
    let before = (std::fs::read(&clip).expect("read"), desk.names());
    let modified = || clip.metadata().and_then(|m| m.modified()).expect("a time");
    let then = modified();
    let absolute = clip.to_str().expect("a plain name").to_owned();
    let through_link = "folder/../desk/clip.mp4";
    for force in [false, true] {
        for name in ["clip.mp4", "./clip.mp4", &absolute, through_link, "soft.mp4", "hard.mp4", "camera.mp4"]
        {
            let camera = ["redact", "clip.mp4", "--camera", "door.toml", "-o", name];
            let args = camera.into_iter().chain(force.then_some("--force"));
            desk.run(args).expect(2, &["is the same file as the input", "even with --force"]);
        }
        for record in ["clip.mp4", "hard.json", "soft.mp4", "door.toml"] {
            for flag in ["--report", "--boxes"] {
                let args = ["redact", "clip.mp4", "--camera", "door.toml", "-o", "out.mp4", flag, record];
                let args = args.into_iter().chain(force.then_some("--force"));
                desk.run(args).expect(2, &["is the same file as the input"]);
            }
        }
        for picture in ["clip.mp4", "hard.mp4", "door.toml"] {
            let args = ["camera", "check", "door.toml", "--on", "clip.mp4", "--picture", picture];
            let args = args.into_iter().chain(force.then_some("--force"));
            desk.run(args).expect(2, &["is the same file as the input"]);
        }
    }
    // The input named by its link, the output by its real name.
    desk.run(["redact", "soft.mp4", "--no-camera", "-o", "clip.mp4", "--force"])
        .expect(2, &["is the same file as the input"]);
    assert_eq!(before, (std::fs::read(&clip).expect("read"), desk.names()));
    assert_eq!(then, modified());
}

#[test]
fn the_source_stays_as_it_is_and_force_replaces_the_output_only() {
    let desk = Desk::new();
    let clip = desk.path("clip.mp4");
    film::intruder(&clip, 5);
    let (bytes, then) = (std::fs::read(&clip).expect("read"), clip.metadata().expect("a file"));
    std::fs::write(desk.path("out.mp4"), "an older one").expect("written");
    let args = ["redact", "clip.mp4", "-o", "out.mp4", "--no-camera"];
    desk.run(args).expect(2, &["out.mp4 exists already", "--force"]);
    assert_eq!(std::fs::read(desk.path("out.mp4")).expect("read"), b"an older one");
    desk.run(args.into_iter().chain(["--force"])).expect(0, &[]);
    assert_eq!(view(&desk.path("out.mp4")).frames.len(), 5);
    assert_eq!(mode(&desk.path("out.mp4")), 0o600);
    let now = clip.metadata().expect("a file");
    assert_eq!(bytes, std::fs::read(&clip).expect("read"));
    assert_eq!(then.modified().ok(), now.modified().ok());
    assert_eq!(then.permissions(), now.permissions());
    // A clip that may only be read is enough.
    let mut locked = now.permissions();
    locked.set_readonly(true);
    std::fs::set_permissions(&clip, locked).expect("locked");
    desk.run(["redact", "clip.mp4", "-o", "again.mp4", "--no-camera"]).expect(0, &[]);
    assert_eq!(desk.names(), ["again.mp4", "clip.mp4", "out.mp4"]);
}
