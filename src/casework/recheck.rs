//! What a second look at a finished file means: what blocks its release, what somebody should look at, and what could
//! not be checked.
//!
//! Pure: takes what [`look_again`](crate::video::pipeline::look_again) saw and what the redaction reported. Whoever
//! stays visible by an act is expected to be seen, and one of them only.

use super::report::now;
use super::report_read::ReportRead;
use crate::video::pipeline::{Rechecked, Sight, Trace};
use serde::Serialize;

/// Version of the form of [`RecheckReport`].
pub const RECHECK_VERSION: u32 = 1;

/// A network's score from which a single sighting blocks.
const SURE: f32 = 0.5;
/// Looks in which the same thing was seen from which it blocks, however unsure each was.
const OFTEN: u64 = 3;
/// Share of the frames that were to be looked at and could not be, from which nothing is vouched for.
const MOST_UNLOOKED: f64 = 0.01;

/// The verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecheckReport {
    /// [`RECHECK_VERSION`].
    pub recheck: u32,
    /// When, UTC.
    pub written_at: String,
    /// Whether nothing blocks.
    pub passed: bool,
    /// Why the file may not leave, one sentence each.
    pub blocked_by: Vec<String>,
    /// Seen, and somebody has to look whether it is anybody.
    pub findings: Vec<Trace>,
    /// Seen once and not surely; worth a look, and no reason to block.
    pub doubts: Vec<Trace>,
    /// What could not be checked, one sentence each.
    pub not_checked: Vec<String>,
    /// What was seen at all, and how much was looked at.
    #[serde(flatten)]
    pub look: Looked,
}

/// How much was looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Looked {
    /// SHA-256 of the file.
    pub sha256: String,
    /// Frames in it.
    pub frames: u64,
    /// Frames that the networks looked at.
    pub looked: u64,
    /// Frames compared with the empty scene.
    pub compared: u64,
    /// Zones of which every pixel was checked in every frame.
    pub zones: usize,
}

/// What the look was made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Means {
    /// Names of the camera's zones, in their order; none where no camera file was given.
    pub zones: Option<Vec<String>>,
    /// There was an empty scene to compare with.
    pub scene: bool,
    /// The networks looked at every n-th frame.
    pub every: u32,
}

impl RecheckReport {
    /// Judges a look at the file that this report is of.
    #[must_use]
    pub fn of(rechecked: Rechecked, report: &ReportRead, means: &Means) -> Self {
        let mut blocked_by = Vec::new();
        if rechecked.sha256 != report.output.sha256.to_string() {
            blocked_by.push("the report is of another file than this one".to_owned());
        }
        if rechecked.frames != report.frames.written {
            blocked_by.push(format!(
                "the file has {} frames, the report says {}",
                rechecked.frames, report.frames.written
            ));
        }
        if rechecked.unlooked as f64 > MOST_UNLOOKED * (rechecked.looked + rechecked.unlooked) as f64 {
            blocked_by.push(format!("{} frames could not be searched", rechecked.unlooked));
        }
        let not_checked = not_checked(&rechecked, report, means);
        let is_shown = report.reveal.is_some();
        let (expected, rest) = split(rechecked.traces, |trace| is_shown && is_subject(trace));
        let (findings, doubts) = split(rest, |trace| match trace.what {
            Sight::Person | Sight::Face => trace.score >= SURE || trace.seen >= OFTEN,
            Sight::Zone(_) => true,
            Sight::Differs => trace.seen >= OFTEN,
        });
        blocked_by.extend(findings.iter().map(|finding| sentence(finding, means)));
        let crowd = most_at_once(&expected);
        if crowd > 1 {
            blocked_by.push(format!("{crowd} people are visible at once, and only one was to be shown"));
        }
        Self {
            recheck: RECHECK_VERSION,
            written_at: now(),
            passed: blocked_by.is_empty(),
            blocked_by,
            findings,
            doubts,
            not_checked,
            look: Looked {
                sha256: rechecked.sha256,
                frames: rechecked.frames,
                looked: rechecked.looked,
                compared: rechecked.compared,
                zones: means.zones.as_ref().map_or(0, Vec::len) - rechecked.narrow_zones.len(),
            },
        }
    }
}

fn split(traces: Vec<Trace>, is_first: impl Fn(&Trace) -> bool) -> (Vec<Trace>, Vec<Trace>) {
    traces.into_iter().partition(is_first)
}

/// What a person who is shown is seen as.
fn is_subject(trace: &Trace) -> bool {
    !matches!(trace.what, Sight::Zone(_))
}

/// Most people who are surely visible at one time.
fn most_at_once(traces: &[Trace]) -> usize {
    let people: Vec<&Trace> =
        traces.iter().filter(|t| t.what == Sight::Person && (t.score >= SURE || t.seen >= OFTEN)).collect();
    let at = |frame: u64| people.iter().filter(|t| (t.from_frame..=t.to_frame).contains(&frame)).count();
    people.iter().map(|trace| at(trace.from_frame)).max().unwrap_or(0)
}

/// A finding in a sentence.
fn sentence(finding: &Trace, means: &Means) -> String {
    let Trace { what, from_s, to_s, score, area, best_s, .. } = finding;
    let place = format!("{},{},{},{}", area.x0, area.y0, area.width(), area.height());
    let what = match what {
        Sight::Person => format!("somebody seems to be visible (score {score:.2})"),
        Sight::Face => format!("a face seems to be visible (score {score:.2})"),
        Sight::Differs => "something that is not in the empty scene is visible".to_owned(),
        Sight::Zone(number) => {
            let name = means.zones.as_ref().and_then(|zones| zones.get(*number));
            let name = name.map_or_else(|| number.to_string(), Clone::clone);
            format!("{:.1} % of the zone \"{name}\" is not hidden", score * 100.0)
        }
    };
    format!("{what} from {from_s:.1} to {to_s:.1} s; look at {best_s:.1}@{place}")
}

fn not_checked(rechecked: &Rechecked, report: &ReportRead, means: &Means) -> Vec<String> {
    let mut out = Vec::new();
    let mut say = |is: bool, what: String| out.extend(is.then_some(what));
    let every = means.every;
    say(
        every > 1,
        format!("networks and scene looked at one frame in {every}: nobody was looked for in between"),
    );
    let zones = report.camera.as_ref().map_or(0, |camera| camera.zones);
    say(
        means.zones.is_none() && zones > 0,
        format!("the {zones} zones of the camera: its file was not named"),
    );
    say(
        means.zones.is_none() && report.camera.is_none(),
        "private regions: the clip was masked without a camera file".to_owned(),
    );
    for number in &rechecked.narrow_zones {
        let name = means.zones.as_ref().and_then(|zones| zones.get(*number)).cloned().unwrap_or_default();
        say(true, format!("the zone \"{name}\": it is too narrow for any of its pixels to be judged"));
    }
    say(
        !means.scene,
        "whether anything differs from the empty scene: there is none to compare with".to_owned(),
    );
    say(
        rechecked.dark > 0,
        format!("{} frames are too dark to be compared with the empty scene", rechecked.dark),
    );
    say(rechecked.unlooked > 0, format!("{} frames could not be searched", rechecked.unlooked));
    say(
        rechecked.colourless > 0,
        format!(
            "{} frames have no colour: what is grey and flat there was taken for a mask, so look at them yourself",
            rechecked.colourless
        ),
    );
    say(
        report.reveal.is_some(),
        "who the person is that stays visible: only that it is no more than one at a time".to_owned(),
    );
    out
}

#[cfg(test)]
mod tests {
    use super::super::report_read::tests::report_of;
    use super::*;
    use crate::casework::audit::Hash256;
    use crate::geometry::{FrameSize, PxRect};

    fn trace(what: Sight, frames: (u64, u64), seen: u64, score: f32) -> Trace {
        let area = PxRect { x0: 10, y0: 20, x1: 50, y1: 100 };
        let at = |frame: u64| frame as f64 / 25.0;
        Trace {
            what,
            from_frame: frames.0,
            to_frame: frames.1,
            from_s: at(frames.0),
            to_s: at(frames.1),
            seen,
            score,
            area,
            best_s: at(frames.0),
        }
    }

    fn verdict(
        traces: Vec<Trace>,
        change: impl Fn(&mut Rechecked, &mut ReportRead, &mut Means),
    ) -> RecheckReport {
        let mut report = ReportRead::parse(&report_of(b"out")).expect("a report");
        report.reveal = None;
        let mut rechecked = Rechecked {
            size: FrameSize { width: 768, height: 576 },
            frames: 100,
            looked: 20,
            sha256: Hash256::of(b"out").to_string(),
            traces,
            unlooked: 0,
            compared: 20,
            dark: 0,
            colourless: 0,
            narrow_zones: Vec::new(),
        };
        let mut means = Means { zones: Some(vec!["door of 12".into()]), scene: true, every: 1 };
        change(&mut rechecked, &mut report, &mut means);
        RecheckReport::of(rechecked, &report, &means)
    }

    #[test]
    fn what_is_sure_or_seen_often_blocks_and_the_rest_is_named() {
        let nothing = |_: &mut Rechecked, _: &mut ReportRead, _: &mut Means| {};
        let sound = verdict(vec![], nothing);
        assert!(sound.passed && sound.not_checked.is_empty() && sound.look.zones == 1, "{sound:?}");
        for (what, seen, score, blocks) in [
            (Sight::Person, 1, 0.6, true),
            (Sight::Person, 3, 0.3, true),
            (Sight::Person, 1, 0.3, false),
            (Sight::Face, 1, 0.9, true),
            (Sight::Differs, 3, 0.9, true),
            (Sight::Differs, 1, 0.9, false),
            (Sight::Zone(0), 1, 0.01, true),
        ] {
            let verdict = verdict(vec![trace(what, (5, 30), seen, score)], nothing);
            assert_eq!(
                (verdict.passed, verdict.findings.len(), verdict.doubts.len()),
                (!blocks, usize::from(blocks), usize::from(!blocks)),
                "{what:?} {seen} {score}"
            );
        }
        let zone = verdict(vec![trace(Sight::Zone(0), (5, 30), 2, 0.015)], nothing);
        assert_eq!(
            zone.blocked_by,
            ["1.5 % of the zone \"door of 12\" is not hidden from 0.2 to 1.2 s; look at 0.2@10,20,40,80"]
        );
    }

    #[test]
    fn another_file_or_a_look_that_failed_blocks() {
        assert!(!verdict(vec![], |rechecked, _, _| rechecked.sha256 = "0".into()).passed);
        assert!(!verdict(vec![], |rechecked, _, _| rechecked.frames = 99).passed);
        assert!(!verdict(vec![], |rechecked, _, _| rechecked.unlooked = 5).passed);
    }

    #[test]
    fn one_person_may_be_seen_where_one_was_shown() {
        let shown = |_: &mut Rechecked, report: &mut ReportRead, _: &mut Means| {
            report.reveal = ReportRead::parse(&report_of(b"out")).expect("a report").reveal;
        };
        let subject = trace(Sight::Person, (0, 40), 9, 0.9);
        let one = verdict(vec![subject.clone(), trace(Sight::Face, (0, 40), 3, 0.9)], shown);
        assert!(one.passed && one.not_checked.len() == 1, "{one:?}");
        let after = verdict(vec![subject.clone(), trace(Sight::Person, (50, 60), 3, 0.9)], shown);
        assert!(after.passed);
        let two = verdict(vec![subject, trace(Sight::Person, (30, 60), 3, 0.9)], shown);
        assert_eq!(two.blocked_by, ["2 people are visible at once, and only one was to be shown"]);
        assert!(
            !verdict(vec![trace(Sight::Zone(0), (0, 1), 1, 0.1)], shown).passed,
            "zones are never lifted"
        );
    }

    #[test]
    fn what_was_not_checked_is_said() {
        let said = verdict(vec![], |rechecked, _, means| {
            (means.zones, means.scene, means.every) = (None, false, 5);
            (rechecked.dark, rechecked.colourless) = (2, 3);
        });
        assert!(said.passed);
        let all = said.not_checked.join("\n");
        for words in [
            "one frame in 5",
            "4 zones",
            "empty scene: there is none",
            "2 frames are too dark",
            "3 frames have no colour",
        ] {
            assert!(all.contains(words), "{words} in {all}");
        }
    }
}
