//! Which detection continues which track.

use super::path::{Sighting, Track, centre, seconds, size};
use crate::config::TrackSettings;
use crate::geometry::BoxPx;
use crate::video::plan::Target;

/// Sizes of one person in two frames differ by no more than this factor, where only the distance speaks for them.
const SIZE_RATIO: f32 = 2.2;
/// A track that was lost for this long is looked for in a region twice as wide, seconds; no wider after that.
const WIDEN_S: f32 = 1.0;
/// Overlap (IoU) from which a weak detection continues a track.
const WEAK_IOU: f32 = 0.3;

/// The detections of one frame and target that no track has taken yet.
pub(super) struct Loose {
    pub(super) target: Target,
    /// A thing that the detector takes for a person on the empty scene too, where nothing differs from that.
    pub(super) furniture: bool,
    pub(super) sighting: Sighting,
}

/// How badly a detection fits a track: 0 for the same box, below 1 for boxes that overlap, above it for boxes that
/// are merely near; `None` where it cannot be the same person.
fn misfit(
    track: &Track,
    expected: &BoxPx,
    found: &Loose,
    weak: bool,
    settings: &TrackSettings,
) -> Option<f32> {
    if track.target != found.target || !track.takes(found.furniture, found.sighting.at_ns, settings) {
        return None;
    }
    let area = &found.sighting.area;
    let overlap = expected.iou(area);
    if overlap >= if weak { WEAK_IOU } else { settings.match_iou } {
        return Some(1.0 - overlap);
    }
    if weak {
        return None;
    }
    let (own, other) = (size(expected), size(area));
    let ratio = own / other;
    let (a, b) = (centre(expected), centre(area));
    let distance = (a[0] - b[0]).hypot(a[1] - b[1]) / (0.5 * (own + other));
    let lost_s = seconds(track.last().at_ns, found.sighting.at_ns);
    let gate = settings.match_distance * (1.0 + (lost_s / WIDEN_S).min(1.0));
    (distance <= gate && (1.0 / SIZE_RATIO..=SIZE_RATIO).contains(&ratio)).then_some(1.0 + distance)
}

/// Gives every track at most one detection, the best fits first, and gives back the detections that are left.
/// `needed` sightings within a second make a track sure. `weak` detections continue only tracks that are sure, and only where they overlap.
pub(super) fn associate(
    tracks: &mut [Track],
    taken: &mut [bool],
    found: Vec<Loose>,
    weak: bool,
    needed: usize,
    settings: &TrackSettings,
) -> Vec<Loose> {
    let mut fits = Vec::new();
    for (t, track) in tracks.iter().enumerate() {
        if taken[t] || (weak && !track.is_sure()) {
            continue;
        }
        for (d, loose) in found.iter().enumerate() {
            let expected = track.expected(loose.sighting.at_ns, settings);
            fits.extend(misfit(track, &expected, loose, weak, settings).map(|misfit| (misfit, t, d)));
        }
    }
    fits.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut used = vec![false; found.len()];
    for (_, t, d) in fits {
        if !taken[t] && !used[d] {
            tracks[t].add(found[d].sighting, found[d].furniture, needed, settings);
            (taken[t], used[d]) = (true, true);
        }
    }
    found.into_iter().zip(used).filter(|(_, used)| !used).map(|(loose, _)| loose).collect()
}
