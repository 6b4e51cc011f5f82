//! Clips cut at every tenth and with flipped bytes: whatever comes, the program ends in time with one sentence, and
//! leaves nothing half-done.

use super::film::{Film, H264, Picture, steady};
use super::program::Desk;
use std::path::Path;
use std::time::{Duration, Instant};

/// Longest that a run on one of these clips may take, on a busy machine.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Pseudo-random numbers, the same in every run.
struct Dice(u64);

impl Dice {
    /// `0..below`, by xorshift (Marsaglia, 2003).
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }
}

/// Redacts what is there and looks at what is left.
fn check(desk: &Desk, clip: &str, what: &str) {
    let started = Instant::now();
    let args = ["redact", clip, "-o", "out.mp4", "--no-camera", "--json", "--report", "out.json"];
    let ended = desk.run(args);
    assert!(started.elapsed() < TIME_LIMIT, "{what}: {:?}", started.elapsed());
    let line: serde_json::Value = serde_json::from_str(&ended.stdout).expect("one line of JSON");
    let left: Vec<String> = desk.names().into_iter().filter(|name| name != clip).collect();
    match ended.code {
        Some(0) => {
            assert_eq!(left, ["out.json", "out.mp4"], "{what}");
            let report = std::fs::read(desk.path("out.json")).expect("a report");
            let report: serde_json::Value = serde_json::from_slice(&report).expect("JSON");
            let frames = super::eyes::contents(&desk.path("out.mp4")).times_ns.len();
            assert_eq!(report["frames"]["written"], frames, "{what}");
            assert_eq!(report["read_back"]["frames"], frames, "{what}");
            assert_eq!(line["frames"], frames, "{what}");
            for name in left {
                std::fs::remove_file(desk.path(name)).expect("removed");
            }
        }
        Some(4 | 5) => {
            assert_eq!(left, [""; 0], "{what}");
            assert!(ended.stderr.matches('×').count() == 1, "{what}: one sentence: {}", ended.stderr);
            assert!(!ended.stderr.contains("panicked"), "{what}: {}", ended.stderr);
        }
        other => panic!("{what}: {other:?} {}", ended.stderr),
    }
}

/// Five cuts and three sets of flipped bytes of one kind of clip.
fn spoil(extension: &str, through: &str, seed: u64) {
    let desk = Desk::new();
    let clip = format!("clip.{extension}");
    let path = desk.path(&clip);
    let paint = |n: usize, picture: &mut Picture| picture.grain(n);
    Film { size: (96, 64), times_ms: steady(12), through, paint: &paint, tags: None }.shoot(&path);
    let sound = std::fs::read(&path).expect("a clip");
    let run = |bytes: &[u8], path: &Path, what: &str| {
        std::fs::write(path, bytes).expect("written");
        check(&desk, &clip, what);
    };
    // Each kind of clip at every other tenth, and all tenths between the four kinds.
    let odd = seed as usize % 2;
    for tenth in (1..10).filter(|tenth| tenth % 2 == odd) {
        run(&sound[..sound.len() * tenth / 10], &path, &format!("{extension} cut at {tenth} tenths"));
    }
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ seed);
    for hits in [1, 8, 64] {
        let mut bytes = sound.clone();
        for _ in 0..hits {
            let at = dice.roll(bytes.len());
            bytes[at] ^= 1 + dice.roll(255) as u8;
        }
        run(&bytes, &path, &format!("{extension} with {hits} flipped bytes"));
    }
}

#[test]
fn spoilt_mp4() {
    spoil("mp4", &format!("{H264} ! mp4mux faststart=true"), 1);
}

#[test]
fn spoilt_mkv() {
    spoil("mkv", &format!("{H264} ! matroskamux"), 2);
}

#[test]
fn spoilt_ts() {
    spoil("ts", &format!("{H264} ! mpegtsmux"), 3);
}

#[test]
fn spoilt_avi() {
    spoil("avi", "jpegenc ! avimux", 4);
}
