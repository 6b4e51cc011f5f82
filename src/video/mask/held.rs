//! Cells that stand still for a while and move with their mask: a pattern that changed in every frame would flicker.
//!
//! What is held says nothing of anybody; a mask that is taken for another one only gets that one's pattern.

use super::cells::Cells;
use crate::geometry::PxRect;
use crate::video::plan::MaskKind;

/// Overlap (IoU) with a mask of the frame before from which a mask is taken to be the same one.
const SAME: f64 = 0.3;

/// The cells of the masks of the latest frame.
#[derive(Debug, Default)]
pub(super) struct HeldCells {
    at_ns: u64,
    masks: Vec<Held>,
}

/// The cells of one mask.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) kind: MaskKind,
    pub(super) bounds: PxRect,
    /// When they were drawn, nanoseconds.
    pub(super) since_ns: u64,
    pub(super) cells: Cells,
}

impl HeldCells {
    /// Cells drawn less than `hold_ns` ago for a mask of this kind at this place.
    pub(super) fn find(
        &self,
        kind: MaskKind,
        bounds: &PxRect,
        at_ns: u64,
        hold_ns: u64,
    ) -> Option<(u64, Cells)> {
        // A frame of another clip, or from before: what is held belongs to something else.
        if at_ns <= self.at_ns || at_ns - self.at_ns > hold_ns {
            return None;
        }
        let near = self.masks.iter().filter(|held| held.kind == kind && at_ns - held.since_ns < hold_ns);
        let best = near.map(|held| (held.bounds.iou(bounds), held)).max_by(|a, b| a.0.total_cmp(&b.0))?;
        (best.0 >= SAME).then_some((best.1.since_ns, best.1.cells))
    }

    /// Holds these from now on, and nothing else.
    pub(super) fn replace(&mut self, at_ns: u64, masks: Vec<Held>) {
        (self.at_ns, self.masks) = (at_ns, masks);
    }
}
