//! How far an analysis can be trusted to have found everybody.

use crate::config::{FollowSettings, Target};
use crate::video::analysis::Analysis;
use crate::video::scene::SceneKind;
use serde::Serialize;

/// How far an analysis can be trusted to have found everybody.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Trust {
    /// What frames were compared with, if anything.
    pub compared_with: Option<SceneKind>,
    /// Middle confidence of the sightings of everybody who is more than a flicker, `0..=1`; none where nobody is.
    pub confidence: Option<f32>,
    /// Whether somebody who was not found would be hidden all the same, or the detector is sure of what it finds.
    pub is_enough: bool,
}

impl Trust {
    /// Of an analysis. With stills of the empty scene whoever is not found differs from them and is masked. Without them
    /// everything hangs on the detector, and it must be sure of those whom it does find
    /// ([`FollowSettings::trust_score`]).
    #[must_use]
    pub fn of(analysis: &Analysis, settings: &FollowSettings) -> Self {
        let persons =
            analysis.tracks().filter(|t| t.target == Target::Person && t.is_sure() && !t.is_furniture());
        let mut scores: Vec<f32> = persons.flat_map(|t| t.sightings().iter().map(|s| s.score)).collect();
        scores.sort_by(f32::total_cmp);
        let confidence = scores.get(scores.len() / 2).copied();
        let compared_with = analysis.compared();
        let stills = matches!(compared_with, Some(SceneKind::Approved | SceneKind::Unapproved));
        let is_enough = stills || confidence.is_some_and(|middle| middle >= settings.trust_score);
        Self { compared_with, confidence, is_enough }
    }
}
