//! How detections become tracks: the keys of `[track]` in the site file.

use super::document::Section;
use super::site::{fraction, set, whole};
use serde::Serialize;

/// How detections become tracks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrackSettings {
    /// Frames wait this long for what comes after them, so that somebody found late is hidden before, seconds.
    pub look_ahead_s: f32,
    /// Overlap (IoU) with where a track is expected, from which a detection continues it.
    pub match_iou: f32,
    /// Distance from there, in sizes of the person, up to which a detection without overlap continues it.
    pub match_distance: f32,
    /// A lost track that was seen with `sure_score` may be found again for this long, and is hidden in between,
    /// seconds.
    pub memory_s: f32,
    /// Such a track keeps its mask for this long when it is lost, and had it so long before it was found, seconds.
    pub hold_s: f32,
    /// `memory_s` for a track that is sure by the number of its sightings alone, seconds.
    pub dense_memory_s: f32,
    /// `hold_s` for such a track, seconds.
    pub dense_hold_s: f32,
    /// At least so many sightings within a second make a track sure; or one of `sure_score`.
    pub sure_sightings: u32,
    /// And in at least this share of the frames that were searched in that second.
    pub sure_share: f32,
    /// Confidence that makes a track sure at once.
    pub sure_score: f32,
    /// A box larger than this share of the picture makes a track sure only by `sure_score`: nobody fills so much of a
    /// surveillance camera's picture for long, and small networks take floors and furniture for people that do.
    pub large_share: f32,
    /// `hold_s` for a track that is not sure, seconds.
    pub tentative_hold_s: f32,
    /// `memory_s` for a track that is not sure, seconds.
    pub tentative_memory_s: f32,
    /// A mask is the hull of the boxes within this time before and after, seconds.
    pub smooth_s: f32,
    /// A mask stays where it is while that makes it larger by no more than this share.
    pub steady_share: f32,
}

impl Default for TrackSettings {
    fn default() -> Self {
        Self {
            look_ahead_s: 1.0,
            match_iou: 0.25,
            match_distance: 0.7,
            memory_s: 2.0,
            hold_s: 0.8,
            dense_memory_s: 0.8,
            dense_hold_s: 0.3,
            sure_sightings: 3,
            sure_share: 0.5,
            sure_score: 0.5,
            large_share: 0.15,
            tentative_hold_s: 0.1,
            tentative_memory_s: 0.5,
            smooth_s: 0.08,
            steady_share: 0.15,
        }
    }
}

impl TrackSettings {
    pub(super) fn read(&mut self, section: &mut Section<'_>) {
        let share = 0.01..=0.99;
        let time = 0.0..=60.0;
        set(section, "look_ahead_s", &mut self.look_ahead_s, |item| fraction(item, 0.0..=10.0));
        set(section, "match_iou", &mut self.match_iou, |item| fraction(item, share.clone()));
        set(section, "match_distance", &mut self.match_distance, |item| fraction(item, 0.0..=5.0));
        set(section, "memory_s", &mut self.memory_s, |item| fraction(item, time.clone()));
        set(section, "hold_s", &mut self.hold_s, |item| fraction(item, time.clone()));
        set(section, "dense_memory_s", &mut self.dense_memory_s, |item| fraction(item, time.clone()));
        set(section, "dense_hold_s", &mut self.dense_hold_s, |item| fraction(item, time.clone()));
        set(section, "sure_sightings", &mut self.sure_sightings, |item| whole(item, 1..=1000));
        set(section, "sure_share", &mut self.sure_share, |item| fraction(item, share.clone()));
        set(section, "sure_score", &mut self.sure_score, |item| fraction(item, share.clone()));
        set(section, "large_share", &mut self.large_share, |item| fraction(item, share.clone()));
        set(section, "tentative_hold_s", &mut self.tentative_hold_s, |item| fraction(item, time.clone()));
        set(section, "tentative_memory_s", &mut self.tentative_memory_s, |item| fraction(item, time.clone()));
        set(section, "smooth_s", &mut self.smooth_s, |item| fraction(item, 0.0..=1.0));
        set(section, "steady_share", &mut self.steady_share, |item| fraction(item, 0.0..=1.0));
    }
}
