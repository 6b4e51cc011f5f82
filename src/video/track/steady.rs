//! Boxes that stand still: a mask that trembles draws the eye to what it hides, and tells of every movement behind it.

use super::tracker::TrackedBox;
use crate::config::TrackSettings;
use crate::geometry::BoxPx;
use std::collections::BTreeMap;

/// Keeps the boxes of the frame before, one after another in order of time.
#[derive(Debug, Clone, Default)]
pub struct Steady {
    boxes: BTreeMap<u32, BoxPx>,
}

impl Steady {
    /// Lets every box stay where the same track's was in the frame before, as long as it holds the new one and is not
    /// larger by more than [`TrackSettings::steady_share`] of its area; never smaller than it came.
    pub fn settle(&mut self, tracked: &mut [TrackedBox], settings: &TrackSettings) {
        let before = std::mem::take(&mut self.boxes);
        for tracked in tracked {
            let most = tracked.area.area() * (1.0 + settings.steady_share);
            let both = before.get(&tracked.track).map(|before| before.hull(&tracked.area));
            if let Some(both) = both.filter(|both| both.area() <= most) {
                tracked.area = both;
            }
            self.boxes.insert(tracked.track, tracked.area);
        }
    }
}
