//! What a reveal came to, for report and audit log: who was asked for, when they were shown, and where not and why.

use super::audit::{ActKind, Hash256, Mode, Part, ReasonCode, Receipt, StaffName, What};
use super::reveal::{Discretion, Hidden};
use super::review::DoubtFacts;
use super::trust::Trust;
use crate::video::pipeline::FrameRecord;
use crate::video::plan::FramePlan;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A stretch of frames in which the subject was shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShownSpan {
    /// Number of the track.
    pub track: u32,
    /// First frame, position in the output from 0.
    pub from_frame: u64,
    /// Last frame.
    pub to_frame: u64,
    /// Time of the first frame, seconds after the source's first frame.
    pub from_s: f64,
    /// Time of the last frame.
    pub to_s: f64,
}

/// Where it was certain who the subject is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CertainSpan {
    /// Number of the longest track.
    pub track: u32,
    /// Numbers of all tracks of that person then.
    pub tracks: BTreeSet<u32>,
    /// First moment, seconds after the source's first frame.
    pub from_s: f64,
    /// Last moment.
    pub to_s: f64,
}

/// A reveal, as the report has it. The text of the reason stands here and not in the audit log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RevealFacts {
    /// What was done.
    pub act: ActKind,
    /// Number of the entry that opened it in the audit log.
    pub entry: u64,
    /// SHA-256 of that entry.
    pub entry_sha256: Hash256,
    /// The member of staff.
    pub by: StaffName,
    /// Why, as the audit log has it.
    pub reason_code: ReasonCode,
    /// Why, in words.
    pub reason: String,
    /// What stays visible around the subject, if there is one.
    pub mode: Option<Mode>,
    /// The choices as they were given.
    pub keep: Vec<String>,
    /// The things that were to be seen, as they were given.
    pub show_objects: Vec<String>,
    /// How far the analysis can be trusted to have found everybody.
    pub trust: Trust,
    /// A warning that it cannot was overruled, or staff vouched that the subject is alone.
    pub risk_accepted: bool,
    /// Staff vouched that nobody else is in the subject's box, whom the detector is unsure of.
    pub vouched_alone: bool,
    /// Where it was certain who the subject is.
    pub certain: Vec<CertainSpan>,
    /// Where it was in doubt: the subject was hidden.
    pub doubts: Vec<DoubtFacts>,
    /// Frames in which the subject was shown.
    pub shown: Vec<ShownSpan>,
    /// How many these are.
    pub frames_shown: u64,
    /// Frames in which it was hidden, by reason.
    pub frames_hidden: BTreeMap<Hidden, u64>,
}

/// What was asked, as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct RevealAsked {
    /// Why, in words.
    pub reason: String,
    /// Whether staff vouch that nobody else is in the subject's box.
    pub alone: bool,
    /// The choices.
    pub keep: Vec<String>,
    /// The things to be seen.
    pub show_objects: Vec<String>,
}

/// Notes what is shown while frames pass.
#[derive(Debug)]
pub struct RevealRecorder {
    discretion: Discretion,
    shown: Vec<ShownSpan>,
    hidden: BTreeMap<Hidden, u64>,
    objects: BTreeMap<usize, [u64; 2]>,
}

impl RevealRecorder {
    /// Nothing yet.
    #[must_use]
    pub fn new(discretion: Discretion) -> Self {
        Self { discretion, shown: Vec::new(), hidden: BTreeMap::new(), objects: BTreeMap::new() }
    }

    /// Takes one frame.
    pub fn frame(&mut self, record: &FrameRecord<'_>) {
        if matches!(record.plan, FramePlan::Cover(_)) {
            return;
        }
        let (number, at_ns) = (record.number, record.stamp.pts_ns);
        for (i, object) in self.discretion.objects().iter().enumerate() {
            if object.at(at_ns, record.size).is_some() {
                self.objects.entry(i).or_insert([number, number])[1] = number;
            }
        }
        let Some(subject) = self.discretion.subject() else { return };
        if let Err(why) = self.discretion.shown(at_ns, record.seen) {
            *self.hidden.entry(why).or_default() += 1;
            return;
        }
        let Some(track) = subject.at(at_ns).map(|certain| certain.track) else { return };
        let at_s = at_ns as f64 / 1e9;
        match self.shown.last_mut() {
            Some(span) if span.track == track && span.to_frame + 1 == number => {
                (span.to_frame, span.to_s) = (number, at_s);
            }
            _ => self.shown.push(ShownSpan {
                track,
                from_frame: number,
                to_frame: number,
                from_s: at_s,
                to_s: at_s,
            }),
        }
    }

    /// Whom and what was really shown, and when, for the audit log.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        let milliseconds = |s: f64| (s * 1000.0).round() as u64;
        let tracks = self.shown.iter().map(|span| Part {
            what: What::Track(span.track),
            from_ms: milliseconds(span.from_s),
            to_ms: Some(milliseconds(span.to_s)),
            frames: Some([span.from_frame, span.to_frame]),
        });
        let objects = self.objects.iter().map(|(i, frames)| {
            let object = &self.discretion.objects()[*i];
            let (from_ns, to_ns) = object.span_ns();
            Part {
                what: What::Region(object.place()),
                from_ms: from_ns / 1_000_000,
                to_ms: Some(to_ns / 1_000_000),
                frames: Some(*frames),
            }
        });
        tracks.chain(objects).collect()
    }

    /// The report's page on the reveal.
    #[must_use]
    pub fn finish(self, asked: RevealAsked, trust: Trust, receipt: &Receipt) -> RevealFacts {
        let RevealAsked { reason, alone, keep, show_objects } = asked;
        let act = receipt.act();
        let subject = self.discretion.subject();
        let seconds = |ns: u64| ns as f64 / 1e9;
        let certain = subject.iter().flat_map(|subject| subject.certain()).map(|c| CertainSpan {
            track: c.track,
            tracks: c.tracks.clone(),
            from_s: seconds(c.from_ns),
            to_s: seconds(c.to_ns),
        });
        RevealFacts {
            act: receipt.kind(),
            entry: receipt.entry(),
            entry_sha256: receipt.sha256(),
            by: act.by.clone(),
            reason_code: act.reason,
            reason,
            mode: act.mode,
            keep,
            show_objects,
            trust,
            risk_accepted: act.risk_accepted,
            vouched_alone: alone,
            certain: certain.collect(),
            doubts: subject.map(|subject| DoubtFacts::of(subject.doubts())).unwrap_or_default(),
            frames_shown: self.shown.iter().map(|span| span.to_frame - span.from_frame + 1).sum(),
            shown: self.shown,
            frames_hidden: self.hidden,
        }
    }
}
