//! How a chosen subject is followed: the keys of `[follow]` in the site file.

use super::document::Section;
use super::site::{fraction, set};
use serde::Serialize;

/// How a chosen subject is followed, and when it is hidden for doubt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FollowSettings {
    /// Two people whose boxes share this much of the smaller one can be taken for one another.
    pub contact: f32,
    /// The same where one of them is not seen for the moment, but only taken to be there.
    pub contact_unseen: f32,
    /// Even then they cannot, where a box overlaps the one before by this much more (IoU) than the other's.
    pub clearly_nearer: f32,
    /// Somebody who was not seen for longer than this may be somebody else, seconds.
    pub gap_s: f32,
    /// Somebody who was lost is looked for so long, near where that was, seconds.
    pub return_s: f32,
    /// Tracks in one place that look at most this different are one person found twice, `0..=1`.
    pub same_body: f32,
    /// People who look at most this different may be the same, `0..=1`.
    pub same: f32,
    /// And so much nearer to themselves than to anybody whom they met.
    pub margin: f32,
    /// Somebody whom the detector finds with a middle confidence below this may be two people in one box, `0..=1`: nobody
    /// is shown then.
    pub sure_of_one: f32,
    /// Without stills of the empty scene the detector finds everybody only if the middle confidence of those whom it
    /// finds is at least this, `0..=1`; else the scene is not shown around a subject.
    pub trust_score: f32,
    /// The subject's box is shown with this margin, as a share of its sides.
    pub shown_margin: f32,
    /// The subject is hidden where somebody else touches it, and where the mask of somebody who was not found in this very
    /// frame comes nearer than this share of the subject's box.
    pub keep_apart: f32,
}

impl Default for FollowSettings {
    fn default() -> Self {
        Self {
            contact: 0.25,
            contact_unseen: 0.05,
            clearly_nearer: 0.2,
            gap_s: 0.6,
            return_s: 3.0,
            same_body: 0.12,
            same: 0.18,
            margin: 0.05,
            sure_of_one: 0.55,
            trust_score: 0.3,
            shown_margin: 0.05,
            keep_apart: 0.1,
        }
    }
}

impl FollowSettings {
    pub(super) fn read(&mut self, section: &mut Section<'_>) {
        set(section, "contact", &mut self.contact, |item| fraction(item, 0.01..=1.0));
        set(section, "contact_unseen", &mut self.contact_unseen, |item| fraction(item, 0.0..=1.0));
        set(section, "clearly_nearer", &mut self.clearly_nearer, |item| fraction(item, 0.0..=1.0));
        set(section, "gap_s", &mut self.gap_s, |item| fraction(item, 0.0..=10.0));
        set(section, "return_s", &mut self.return_s, |item| fraction(item, 0.0..=60.0));
        set(section, "same_body", &mut self.same_body, |item| fraction(item, 0.0..=1.0));
        set(section, "same", &mut self.same, |item| fraction(item, 0.0..=1.0));
        set(section, "margin", &mut self.margin, |item| fraction(item, 0.0..=1.0));
        set(section, "sure_of_one", &mut self.sure_of_one, |item| fraction(item, 0.0..=1.0));
        set(section, "trust_score", &mut self.trust_score, |item| fraction(item, 0.0..=1.0));
        set(section, "shown_margin", &mut self.shown_margin, |item| fraction(item, 0.0..=1.0));
        set(section, "keep_apart", &mut self.keep_apart, |item| fraction(item, 0.0..=2.0));
    }
}
