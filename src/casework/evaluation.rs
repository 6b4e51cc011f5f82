//! The record of an evaluation, and the frames of it that are worth looking at.

use super::evaluate::{Figures, Scorer, Verdict};
use super::report::{CameraFacts, PROGRAM, now};
use super::truth::{Truth, TruthFacts};
use crate::config::{Camera, Site};
use crate::geometry::FrameSize;
use crate::video::mask::Masker;
use crate::video::pipeline::{Completeness, FrameRecord, Rehearsal};
use crate::video::plan::FramePlan;
use serde::Serialize;
use std::cmp::Ordering;

/// Version of the record's form. A key may be added within a version; nothing is renamed or removed.
pub const EVALUATION_VERSION: u32 = 1;

/// Most frames that are kept to be looked at.
pub const WORST_FRAMES: usize = 8;

/// Frames that lie nearer to one another show the same, so only the worse one is kept.
const APART: u64 = 12;

/// The record of an evaluation.
#[derive(Debug, Clone, Serialize)]
pub struct Evaluation<'a> {
    /// [`EVALUATION_VERSION`].
    pub evaluation: u32,
    /// Program and version.
    pub program: &'static str,
    /// When it was written, UTC, RFC 3339.
    pub written_at: String,
    /// What was measured on.
    pub source: EvaluatedClip,
    /// Where people really were.
    pub truth: &'a TruthFacts,
    /// The camera file, if one was used.
    pub camera: Option<CameraFacts>,
    /// How hard was looked: `fast` or `thorough`.
    pub effort: &'static str,
    /// How often the clip was gone through: 1 with look-ahead, 2 with the whole clip known.
    pub passes: u8,
    /// Which of the detections were dropped, if any.
    pub forget: Option<Forgotten>,
    /// The networks, as the detector describes them.
    pub models: serde_json::Value,
    /// Every setting in force.
    pub settings: &'a Site,
    /// Frames that were covered whole; in these everybody counts as hidden.
    pub frames_covered: u64,
    /// Whether every frame of the clip was there.
    pub completeness: Completeness,
    /// How well people were hidden.
    pub figures: Figures,
    /// The worst frames, in order of time.
    pub worst: Vec<WorstFrame>,
}

/// The clip that was measured on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EvaluatedClip {
    /// Name of the file, without its folders.
    pub file: String,
    /// Its SHA-256.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Size of the picture, as displayed.
    pub size: FrameSize,
}

/// What the record takes from outside the evaluation.
pub struct EvaluationContext<'a> {
    /// The clip's file name.
    pub file: String,
    /// The clip's size in bytes.
    pub bytes: u64,
    /// How hard was looked.
    pub effort: &'static str,
    /// How often the clip was gone through.
    pub passes: u8,
    /// Which of the detections were dropped, if any.
    pub forget: Option<Forgotten>,
    /// What the detector says of itself.
    pub models: serde_json::Value,
    /// The settings in force.
    pub site: &'a Site,
}

/// Detections that were dropped at random, to see how much hangs on them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Forgotten {
    /// Share of all, `0..=1`.
    pub share: f64,
    /// Which ones.
    pub seed: u64,
}

/// A frame in which somebody can be seen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorstFrame {
    /// Which frame, from 1.
    pub frame: u64,
    /// When it is shown, seconds after the clip's first frame.
    pub at_s: f64,
    /// Identities whose head is exposed.
    pub heads: Vec<i64>,
    /// Identities whose body is exposed.
    pub bodies: Vec<i64>,
    /// How each person in it fares.
    #[serde(skip)]
    pub verdicts: Vec<Verdict>,
}

impl WorstFrame {
    /// `None` where everybody is hidden.
    fn of(frame: u64, at_s: f64, verdicts: Vec<Verdict>) -> Option<Self> {
        let who = |exposed: fn(&Verdict) -> bool| -> Vec<i64> {
            verdicts.iter().filter(|v| exposed(v)).map(|v| v.person.identity).collect()
        };
        let (heads, bodies) = (who(Verdict::head_exposed), who(Verdict::body_exposed));
        (!heads.is_empty() || !bodies.is_empty()).then_some(Self { frame, at_s, heads, bodies, verdicts })
    }

    /// Heads first, then bodies, then how much of them shows.
    fn cmp_badness(&self, other: &Self) -> Ordering {
        let shown = |frame: &Self| -> f64 {
            frame.verdicts.iter().map(|v| (1.0 - v.head_hidden) + (1.0 - v.body_hidden)).sum()
        };
        let counts = |frame: &Self| (frame.heads.len(), frame.bodies.len());
        counts(self).cmp(&counts(other)).then_with(|| shown(self).total_cmp(&shown(other)))
    }
}

/// The worst frames, each with something that goes with it, such as its masked picture. At most [`WORST_FRAMES`]; of
/// frames close to one another only one.
#[derive(Debug)]
pub struct Worst<T>(Vec<(WorstFrame, T)>);

impl<T> Default for Worst<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Worst<T> {
    /// Takes a frame, later than all before, and keeps or drops it.
    pub fn offer(&mut self, frame: WorstFrame, with: T) {
        let near = |kept: &WorstFrame| frame.frame - kept.frame < APART;
        if self.0.iter().any(|(kept, _)| near(kept) && kept.cmp_badness(&frame).is_ge()) {
            return;
        }
        self.0.retain(|(kept, _)| !near(kept));
        self.0.push((frame, with));
        if self.0.len() > WORST_FRAMES
            && let Some(least) =
                (0..self.0.len()).rev().min_by(|a, b| self.0[*a].0.cmp_badness(&self.0[*b].0))
        {
            self.0.remove(least);
        }
    }

    /// The frames, in order of time.
    #[must_use]
    pub fn into_frames(self) -> Vec<(WorstFrame, T)> {
        self.0
    }
}

/// Measures frames as they pass.
#[derive(Debug)]
pub struct Evaluator<'a> {
    scorer: Scorer<'a>,
    masker: Masker,
    truth: &'a Truth,
    camera: Option<&'a Camera>,
    covered: u64,
}

impl<'a> Evaluator<'a> {
    /// Holds a clip of `camera` against `truth`.
    #[must_use]
    pub fn new(truth: &'a Truth, camera: Option<&'a Camera>, site: &Site) -> Self {
        let masker = Masker::new(site.mask.clone());
        Self { scorer: Scorer::new(truth, camera), masker, truth, camera, covered: 0 }
    }

    /// Takes the next frame; gives it back where somebody can be seen in it.
    pub fn frame(&mut self, record: &FrameRecord<'_>) -> Option<WorstFrame> {
        self.covered += u64::from(matches!(record.plan, FramePlan::Cover(_)));
        let verdicts = self.scorer.frame(&self.masker.hidden(record.plan, record.size));
        WorstFrame::of(record.number + 1, record.stamp.pts_ns as f64 / 1e9, verdicts)
    }

    /// Puts the record together.
    #[must_use]
    pub fn finish(
        self,
        context: EvaluationContext<'a>,
        rehearsal: &Rehearsal,
        worst: Vec<WorstFrame>,
    ) -> Evaluation<'a> {
        Evaluation {
            evaluation: EVALUATION_VERSION,
            program: PROGRAM,
            written_at: now(),
            source: EvaluatedClip {
                file: context.file,
                sha256: rehearsal.source_sha256.clone(),
                bytes: context.bytes,
                size: rehearsal.size,
            },
            truth: &self.truth.facts,
            camera: self.camera.map(CameraFacts::of),
            effort: context.effort,
            passes: context.passes,
            forget: context.forget,
            models: context.models,
            settings: context.site,
            frames_covered: self.covered,
            completeness: rehearsal.completeness.clone(),
            figures: self.scorer.finish(),
            worst,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::casework::Person;

    fn frame(number: u64, shown: &[f64]) -> Option<WorstFrame> {
        let person = Person { identity: 1, left: 0.0, top: 0.0, width: 9.0, height: 9.0 };
        let verdict = |hidden: &f64| Verdict { person, head_hidden: *hidden, body_hidden: 1.0 };
        WorstFrame::of(number, 0.0, shown.iter().map(verdict).collect())
    }

    fn kept(frames: impl IntoIterator<Item = WorstFrame>) -> Vec<u64> {
        let mut worst = Worst::default();
        frames.into_iter().for_each(|frame| worst.offer(frame, ()));
        worst.into_frames().into_iter().map(|(frame, ())| frame.frame).collect()
    }

    #[test]
    fn who_is_hidden_makes_no_bad_frame() {
        assert_eq!(frame(1, &[0.9, 1.0]), None);
        assert_eq!(frame(1, &[0.9, 0.89]).map(|frame| frame.heads), Some(vec![1]));
    }

    #[test]
    fn the_worst_frames_are_kept_and_lie_apart() {
        let close = [(1, 0.5), (2, 0.2), (3, 0.4)].map(|(n, hidden)| frame(n, &[hidden]).expect("exposed"));
        assert_eq!(kept(close), [2]);
        let two = frame(1, &[0.8, 0.8]).expect("exposed");
        assert_eq!(kept([two, frame(2, &[0.0]).expect("exposed")]), [1], "two heads are worse than one");
        let many = (0..20u64).map(|n| frame(1 + n * APART, &[0.04 * n as f64]).expect("exposed"));
        let first: Vec<u64> = (0..WORST_FRAMES as u64).map(|n| 1 + n * APART).collect();
        assert_eq!(kept(many), first);
    }
}
