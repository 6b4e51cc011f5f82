//! Reveals rehearsed on footage for which somebody wrote down who is where: what would a click show, and of whom?
//!
//! Everybody in the truth is the subject once, clicked at several moments, one click at a time; then with one more click
//! in every doubtful stretch, as staff would settle it. What would be shown is held against the truth. Nothing is
//! decoded and no picture made: a plan says which pixels it hides.

use super::decide::HideEveryone;
use super::evaluate::Verdict;
use super::reveal::{Discretion, Hidden};
use super::truth::{Person, Truth};
use crate::casework::audit::Mode;
use crate::config::Site;
use crate::geometry::{FrameSize, PxRect};
use crate::video::analysis::Analysis;
use crate::video::follow::{Choice, Following};
use crate::video::frame::Stamp;
use crate::video::mask::{Masker, PixelSet};
use crate::video::plan::{CoverReason, Observations, Planner};
use crate::video::track::Steady;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Identities in fewer frames than this are nobody's request.
const LEAST_FRAMES: usize = 25;

/// What one choice of a subject came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RevealTrial {
    /// Who was chosen.
    pub identity: i64,
    /// The moments clicked at, seconds.
    pub clicks_s: Vec<f64>,
    /// Why the first click was refused, if it was.
    pub refused: Option<String>,
    /// Person-frames of everybody else.
    pub others: u64,
    /// Of those, heads exposed without the reveal.
    pub heads_before: u64,
    /// Heads that the reveal exposes on top.
    pub heads_added: u64,
    /// Longest run of frames in which it exposes one head.
    pub longest_added_run: u64,
    /// Mean share of the subject's body that is visible, over frames in which nobody else's box overlaps it; none
    /// where there is no such frame.
    pub visible: Option<f64>,
    /// Frames in which the subject is shown.
    pub frames_shown: u64,
    /// Frames in which it is hidden, by reason.
    pub frames_hidden: BTreeMap<Hidden, u64>,
    /// Stretches of doubt.
    pub doubts: usize,
    /// The frames in which somebody is exposed on top, first and last, from 1, and who.
    pub added: Vec<(u64, u64, i64)>,
}

impl RevealTrial {
    /// Exposed heads on top, in percent of everybody else's person-frames.
    #[must_use]
    pub fn added_percent(&self) -> f64 {
        100.0 * self.heads_added as f64 / self.others.max(1) as f64
    }
}

/// One subject clicked at one moment, and then wherever it is in doubt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RevealPair {
    /// With one click.
    pub once: RevealTrial,
    /// With one more in every doubtful stretch.
    pub settled: RevealTrial,
}

struct Frame {
    stamp: Stamp,
    seen: Result<Observations, CoverReason>,
    persons: Vec<Person>,
    /// Heads that are exposed without a reveal, by person.
    exposed: Vec<bool>,
    /// Share of each body that is visible without a reveal.
    visible: Vec<f64>,
}

/// Rehearses reveals in one clip.
pub struct Rehearser<'a> {
    analysis: &'a Analysis,
    site: &'a Site,
    everyone: HideEveryone,
    masker: Masker,
    frames: Vec<Frame>,
    size: FrameSize,
}

impl<'a> Rehearser<'a> {
    /// For a clip that was analysed, whose truth is known.
    #[must_use]
    pub fn new(analysis: &'a Analysis, truth: &Truth, everyone: HideEveryone, site: &'a Site) -> Self {
        let masker = Masker::new(site.mask.clone());
        let size = analysis.size();
        let mut steady = Steady::default();
        let frame = |(n, pts_ns): (usize, u64)| {
            let mut seen = analysis.frame_at(pts_ns);
            if let Ok(seen) = &mut seen {
                steady.settle(&mut seen.tracked, &site.track);
            }
            let stamp = Stamp { index: n as u64, pts_ns, duration_ns: None };
            let hidden = match &seen {
                Ok(seen) => masker.hidden(&everyone.plan(stamp, seen), size),
                Err(_) => PixelSet::all(size),
            };
            let verdicts = truth.of(n as u64 + 1).iter().filter_map(|person| Verdict::of(&hidden, person));
            let verdicts: Vec<_> = verdicts.collect();
            Frame {
                stamp,
                seen,
                persons: verdicts.iter().map(|v| v.person).collect(),
                exposed: verdicts.iter().map(Verdict::head_exposed).collect(),
                visible: verdicts.iter().map(|v| 1.0 - v.body_hidden).collect(),
            }
        };
        let frames = analysis.times_ns().enumerate().map(frame).collect();
        Self { analysis, site, everyone, masker, frames, size }
    }

    /// Everybody in the truth: the frames that they are in, and those in which nobody else's box overlaps theirs.
    fn subjects(&self) -> BTreeMap<i64, (Vec<usize>, Vec<usize>)> {
        let mut all: BTreeMap<i64, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for (n, frame) in self.frames.iter().enumerate() {
            for person in &frame.persons {
                let (frames, alone) = all.entry(person.identity).or_default();
                frames.push(n);
                let others = frame.persons.iter().filter(|other| other.identity != person.identity);
                if !others.clone().any(|other| overlap(person, other)) {
                    alone.push(n);
                }
            }
        }
        all.retain(|_, (frames, _)| frames.len() >= LEAST_FRAMES);
        all
    }

    /// Every subject, clicked at `clicks` moments spread over the frames in which it stands alone.
    #[must_use]
    pub fn rehearse(&self, clicks: usize) -> Vec<RevealPair> {
        let mut pairs = Vec::new();
        for (identity, (frames, alone)) in self.subjects() {
            // Somebody who is never alone may be clicked all the same.
            let pool = if alone.is_empty() { &frames } else { &alone };
            for n in 0..clicks {
                let frame = pool[(2 * n + 1) * pool.len() / (2 * clicks)];
                let Some(first) = self.click(identity, frame) else { continue };
                let mut choices = vec![first];
                let once = self.trial(identity, &choices, &alone);
                let follow = |choices: &[Choice]| Following::of(self.analysis, choices, &self.site.follow);
                for doubt in follow(&choices).iter().flat_map(|f| f.doubts().to_vec()) {
                    let at = self.frames.partition_point(|f| f.stamp.pts_ns <= doubt.at_ns) - 1;
                    let Some(click) = self.click(identity, at) else { continue };
                    choices.push(click);
                    if follow(&choices).is_err() {
                        choices.pop();
                    }
                }
                let settled = self.trial(identity, &choices, &alone);
                pairs.push(RevealPair { once, settled });
            }
        }
        pairs
    }

    fn person(&self, identity: i64, frame: usize) -> Option<&Person> {
        self.frames[frame].persons.iter().find(|person| person.identity == identity)
    }

    /// A click at the middle of somebody's box.
    fn click(&self, identity: i64, frame: usize) -> Option<Choice> {
        let person = self.person(identity, frame)?;
        let (x, y) = (person.left + 0.5 * person.width, person.top + 0.5 * person.height);
        Some(Choice::Click { at_ns: self.frames[frame].stamp.pts_ns, x: x as f32, y: y as f32 })
    }

    fn trial(&self, identity: i64, choices: &[Choice], alone: &[usize]) -> RevealTrial {
        let clicks_s = choices.iter().map(|choice| match choice {
            Choice::Click { at_ns, .. } => *at_ns as f64 / 1e9,
            Choice::Track(_) => 0.0,
        });
        let mut trial = RevealTrial {
            identity,
            clicks_s: clicks_s.collect(),
            refused: None,
            others: 0,
            heads_before: 0,
            heads_added: 0,
            longest_added_run: 0,
            visible: None,
            frames_shown: 0,
            frames_hidden: BTreeMap::new(),
            doubts: 0,
            added: Vec::new(),
        };
        let discretion = match Following::of(self.analysis, choices, &self.site.follow) {
            Ok(following) => {
                trial.doubts = following.doubts().len();
                let follow = self.site.follow.clone();
                let everyone = self.everyone.clone();
                let nobody = Discretion::new(everyone, self.analysis.source_sha256(), follow, Mode::Scene);
                Some(nobody.with_subject(Arc::new(following)))
            }
            Err(refused) => {
                trial.refused = Some(refused.to_string());
                None
            }
        };
        let mut runs: BTreeMap<i64, (usize, u64)> = BTreeMap::new();
        let mut visible = 0.0;
        for (n, frame) in self.frames.iter().enumerate() {
            let shown = discretion.as_ref().zip(frame.seen.as_ref().ok());
            let shown = shown.filter(|(discretion, seen)| match discretion.shown(frame.stamp.pts_ns, seen) {
                Ok(_) => true,
                Err(why) => {
                    *trial.frames_hidden.entry(why).or_default() += 1;
                    false
                }
            });
            trial.frames_shown += u64::from(shown.is_some());
            let hidden = shown
                .map(|(discretion, seen)| self.masker.hidden(&discretion.plan(frame.stamp, seen), self.size));
            for (i, person) in frame.persons.iter().enumerate() {
                let verdict = hidden.as_ref().and_then(|hidden| Verdict::of(hidden, person));
                if person.identity == identity {
                    if alone.binary_search(&n).is_ok() {
                        visible += verdict.map_or(frame.visible[i], |v| 1.0 - v.body_hidden);
                    }
                    continue;
                }
                trial.others += 1;
                trial.heads_before += u64::from(frame.exposed[i]);
                if !frame.exposed[i] && verdict.is_some_and(|v| v.head_exposed()) {
                    trial.heads_added += 1;
                    let run = runs.entry(person.identity).or_insert((n, 0));
                    *run = if run.1 > 0 && run.0 + 1 == n { (n, run.1 + 1) } else { (n, 1) };
                    trial.longest_added_run = trial.longest_added_run.max(run.1);
                    let number = n as u64 + 1;
                    match trial.added.iter_mut().rev().find(|added| added.2 == person.identity) {
                        Some(added) if added.1 + 1 == number => added.1 = number,
                        _ => trial.added.push((number, number, person.identity)),
                    }
                }
            }
        }
        trial.visible = (!alone.is_empty()).then(|| visible / alone.len() as f64);
        trial
    }
}

fn overlap(a: &Person, b: &Person) -> bool {
    let rect = |p: &Person| {
        let px = |v: f64| v.round().clamp(0.0, f64::from(u32::MAX)) as u32;
        PxRect { x0: px(p.left), y0: px(p.top), x1: px(p.left + p.width), y1: px(p.top + p.height) }
    };
    rect(a).shared_px(&rect(b)) > 0
}
