//! One subject stays visible and nobody else, and only by an act in the audit log. Checked from the pixels of the output.

use super::eyes::{Seen, is_fill, view};
use super::film::RAW;
use super::persons::{BY, Hall, at, json};
use serde_json::Value;

/// The one who walks to the left.
fn is_blue([r, g, b]: [u8; 3]) -> bool {
    i32::from(b) - i32::from(r.max(g)) > 80
}

/// From one frame of the clip to the next.
const STEP_S: f64 = 0.1;
/// Pixels of one person: 30 by 90.
const ONE: usize = 2700;

impl Hall {
    fn reveal(&self, more: &[&str]) -> (Seen, Value) {
        let args =
            ["redact", "clip.mp4", "-o", "out.mp4", "--no-camera", "--analysis", "a", "--report", "r.json"];
        self.run(&[&args[..], &["--force"], &BY, more].concat()).expect(0, &["audit log"]);
        let report = std::fs::read_to_string(self.desk.path("r.json")).expect("a report");
        (view(&self.desk.path("out.mp4")), json(&report))
    }

    /// A click at the magenta one in a frame.
    fn click(frame: u64) -> String {
        format!("{:.3}@{},85", frame as f64 * STEP_S, at(frame)[0] + 15.0)
    }
}

#[test]
fn one_subject_is_seen_and_nobody_else() {
    let hall = Hall::new(None);
    let (seen, report) = hall.reveal(&["--keep", &Hall::click(5), "--reason-code", "access-request"]);
    let shown = |frame: usize| seen.raw_pixels(frame);
    for frame in 0..seen.frames.len() {
        assert!(seen.count(frame, is_blue) < 20, "the other one can be seen in frame {frame}");
    }
    assert!((0..18).filter(|n| shown(*n) > ONE / 2).count() >= 15, "before they meet");
    assert!((23..28).all(|n| shown(n) < 20), "where they meet");
    assert!((34..50).filter(|n| shown(*n) > ONE / 2).count() >= 13, "after they met, by what they wear");
    let reveal = &report["reveal"];
    assert_eq!(reveal["mode"], "scene");
    assert_eq!(reveal["reason"], "mr Bakker wants to see himself");
    assert!(reveal["frames_shown"].as_u64().is_some_and(|n| n > 25), "{reveal}");
    // The log knows the act, and neither the reason nor the file.
    let acts = hall.acts();
    assert_eq!(acts[0]["opened"]["act"]["kind"], "reveal");
    assert!(!acts[0]["completed"].is_null());
    let log = std::fs::read_to_string(hall.state().join("audit.jsonl")).expect("a log");
    assert!(!log.contains("Bakker") && !log.contains("clip"));
    hall.run(&["audit", "verify"]).expect(0, &[]);
}

#[test]
fn who_looks_the_same_is_in_doubt_until_staff_say_who_it_is() {
    let hall = Hall::dressed(None, [RAW, RAW]);
    let first = Hall::click(5);
    let doubts =
        hall.run(&["doubts", "clip.mp4", "--no-camera", "--analysis", "a", "--keep", &first, "--json"]);
    let doubts = json(&doubts.expect(0, &[]).stdout);
    let [doubt] = doubts.as_array().expect("a list").as_slice() else { panic!("{doubts}") };
    assert_eq!(doubt["candidates"].as_array().map(Vec::len), Some(2), "{doubt}");
    // Both are magenta: after they met, a hundred percent is two of them.
    let (once, report) = hall.reveal(&["--keep", &first]);
    assert!((33..50).all(|n| once.raw_pixels(n) < 20), "hidden for doubt");
    assert_eq!(report["reveal"]["doubts"], doubts);
    let at_s = doubt["at_s"].as_f64().expect("seconds");
    let again = Hall::click((at_s / STEP_S).round() as u64);
    let (settled, report) = hall.reveal(&["--keep", &first, "--keep", &again]);
    let shown = (33..50).filter(|n| settled.raw_pixels(*n) > ONE / 2 && settled.raw_pixels(*n) < ONE * 5 / 4);
    assert!(shown.count() >= 12, "shown again, and only one of them");
    assert_eq!(report["reveal"]["doubts"].as_array().map(Vec::len), Some(0));
}

#[test]
fn in_a_spotlight_nothing_else_is_seen() {
    let hall = Hall::new(None);
    let (seen, _) = hall.reveal(&["--keep", &Hall::click(5), "--mode", "spotlight"]);
    for (frame, [x, _]) in (0..seen.frames.len()).map(|n| (n, at(n as u64))) {
        let (left, right) = ((x - 8.0).max(0.0) as usize, (x + 38.0) as usize);
        let beside = (0..seen.width * seen.height).filter(|i| {
            let (column, row) = (i % seen.width, i / seen.width);
            let inside = (left..right).contains(&column) && (30..142).contains(&row);
            !inside && !is_fill(seen.pixel(frame, column, row))
        });
        assert_eq!(beside.count(), 0, "frame {frame}");
    }
    assert!(seen.raw_pixels(10) > ONE / 2 && seen.is_covered(25));
}

#[test]
fn nobody_is_shown_without_a_name_and_a_reason_or_two_at_once() {
    let hall = Hall::new(None);
    let redact = ["redact", "clip.mp4", "-o", "out.mp4", "--no-camera", "--analysis", "a"];
    let click = Hall::click(5);
    let keep = [&redact[..], &["--keep", &click]].concat();
    for more in [&[][..], &BY[..2], &BY[2..]] {
        hall.run(&[&keep, more].concat()).expect(2, &["--by NAME --reason TEXT"]);
    }
    hall.run(&[&redact[..], &BY].concat()).expect(2, &["nothing is"]);
    hall.run(&[&keep, &["--passes", "1"][..]].concat()).expect(2, &[]);
    let with = |more: &[&str], code: i32, said: &[&str]| {
        hall.run(&[&redact[..], &BY, more].concat()).expect(code, said);
    };
    with(&["--keep", "0.2@300,200"], 2, &["hits nobody", "track 1", "track 2"]);
    with(&["--keep", "9@10,10"], 2, &["no frame"]);
    with(&["--keep", "track:77"], 2, &["no person of this number"]);
    with(&["--keep", "somebody"], 2, &["12.4@412,230"]);
    // The blue one at the beginning is somebody else.
    let other = format!("{:.3}@{},85", 5.0 * STEP_S, at(5)[1] + 15.0);
    with(&["--keep", &click, "--keep", &other], 2, &["two people"]);
    // In the middle both are in one place.
    with(&["--keep", &format!("{:.3}@155,85", 25.0 * STEP_S)], 2, &["track"]);
    assert!(
        !hall.desk.path("out.mp4").exists() && !hall.state().exists(),
        "nothing was made, nothing recorded"
    );
}

#[test]
fn what_cannot_be_recorded_is_not_shown() {
    let hall = Hall::new(None);
    std::fs::write(hall.state(), "in the way").expect("written");
    let args = ["redact", "clip.mp4", "-o", "out.mp4", "--no-camera", "--analysis", "a", "--keep", "track:1"];
    let ended = hall.run(&[&args[..], &BY].concat());
    assert_ne!(ended.code, Some(0));
    assert!(!hall.desk.path("out.mp4").exists());
}

#[test]
fn warnings_are_overruled_by_name_only() {
    let hall = Hall::new(None);
    let click = Hall::click(5);
    let args = ["redact", "clip.mp4", "-o", "out.mp4", "--no-camera", "--analysis", "a", "--keep", &click];
    let redact = |more: &[&str]| hall.run(&[&args[..], &BY, more].concat());
    let site = std::fs::read_to_string(hall.desk.site()).expect("read");
    let with = |keys: &str| {
        std::fs::write(hall.desk.site(), format!("{site}[follow]\n{keys}\n")).expect("written");
    };

    with("trust_score = 1.0");
    redact(&[]).expect(6, &["people may have been missed", "--accept-risk"]);
    assert!(!hall.desk.path("out.mp4").exists() && !hall.state().exists(), "nothing made, nothing recorded");
    // In a spotlight nobody who was missed can be seen.
    hall.reveal(&["--keep", &click, "--mode", "spotlight"]);
    let (seen, report) = hall.reveal(&["--keep", &click, "--accept-risk"]);
    assert!(seen.raw_pixels(10) > ONE / 2);
    assert_eq!(report["reveal"]["risk_accepted"], true);

    with("sure_of_one = 1.0");
    redact(&["--accept-risk", "--force"]).expect(2, &["may hold more than one person", "--alone"]);
    let (seen, report) = hall.reveal(&["--keep", &click, "--alone"]);
    assert!(seen.raw_pixels(10) > ONE / 2 && seen.count(10, is_blue) < 20);
    let reveal = &report["reveal"];
    assert_eq!((&reveal["vouched_alone"], &reveal["risk_accepted"]), (&true.into(), &true.into()));
    let acts = hall.acts();
    let accepted = |n: usize| &acts[n]["opened"]["act"]["risk_accepted"];
    assert_eq!((accepted(0), accepted(2)), (&false.into(), &true.into()));
}
