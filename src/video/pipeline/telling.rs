//! What looks tell, one after the other: a look at parts of a frame has a word on what is in them, and what was known of
//! everywhere else stands.
//!
//! Pure: no frame, no clock. Clips and live cameras use the same.

use crate::geometry::PxRect;
use crate::video::detect::{Extent, Look};
use crate::video::plan::{CoverReason, Detection, Target};

/// Share of a box that has to lie in a searched part before the search there has the last word on it.
const SEARCHED_SHARE: f32 = 0.9;
/// Overlap (IoU) from which a new box is the old one, seen again.
const SAME_BOX: f32 = 0.5;

/// What one look found, or why it found nothing that can be trusted.
pub(in crate::video) type Seen = Result<Vec<Detection>, CoverReason>;

/// Per target: what a frame tells of the whole picture, if it tells anything.
pub(in crate::video) type Told = [Option<Seen>; Target::ALL.len()];

/// What is known so far.
#[derive(Debug, Default)]
pub(in crate::video) struct Telling {
    /// Per target: what the latest telling frame told, so what every place showed when it was searched last.
    latest: Told,
}

impl Telling {
    /// What the next frame in order tells, of which this `look` saw that.
    pub(in crate::video) fn tell(&mut self, look: &Look, seen: &Seen) -> Told {
        let mut told = Told::default();
        let places = Target::ALL.into_iter().zip(told.iter_mut().zip(&mut self.latest));
        for (target, (told, latest)) in places {
            let extent = look.at(target);
            if *extent == Extent::Nothing {
                continue;
            }
            let found = || -> Seen {
                let all = seen.as_ref().map_err(|reason| *reason)?;
                Ok(all.iter().copied().filter(|d| d.target == target).collect())
            };
            let known = match (extent, latest.take()) {
                // After a failure only a look at everything tells anything.
                (Extent::Parts(_), Some(Err(reason))) => Err(reason),
                (Extent::Parts(parts), Some(Ok(before))) if parts.is_empty() => Ok(before),
                (Extent::Parts(parts), Some(Ok(before))) => {
                    found().map(|found| renewed(&before, found, parts))
                }
                _ => found(),
            };
            *latest = Some(known.clone());
            *told = Some(known);
        }
        told
    }
}

/// What is known after parts of a frame were searched: what was found there, and what was known of everywhere else.
/// Whoever stands across the edge of a part keeps the old box, as the new one may be of a half.
fn renewed(before: &[Detection], found: Vec<Detection>, parts: &[PxRect]) -> Vec<Detection> {
    let searched = |d: &Detection| {
        let within = |part: &PxRect| part.as_box().intersection(&d.area) >= SEARCHED_SHARE * d.area.area();
        parts.iter().any(within)
    };
    let again = |d: &Detection| found.iter().any(|new| new.area.iou(&d.area) >= SAME_BOX);
    let kept: Vec<Detection> = before.iter().copied().filter(|d| !searched(d) && !again(d)).collect();
    kept.into_iter().chain(found).collect()
}
