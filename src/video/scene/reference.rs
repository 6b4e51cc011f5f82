//! References: stills of the scene with nobody in it, and how much each part of it wavers by itself.

use super::light::Samples;
use super::plane::{folded, len, mean_3x3};
use super::small::SmallPicture;
use crate::config::SceneSettings;
use crate::geometry::{FrameSize, UnitPoint, UnitPolygon};
use std::sync::Arc;

/// A still of the camera's empty scene.
pub struct Reference {
    /// What it is called in reports: the beginning of the still's SHA-256, say.
    pub id: String,
    /// A member of staff looked at it and found nobody in it.
    pub approved: bool,
    /// Rows of 8-bit RGB without padding.
    rgb: Vec<u8>,
    size: FrameSize,
    spread: Option<SpreadMap>,
}

impl Reference {
    /// A reference from a still of 8-bit RGB rows without padding, of any size in the camera's shape. `spread`, where
    /// known, is the map that was learned with it.
    #[must_use]
    pub fn new(id: String, approved: bool, rgb: Vec<u8>, size: FrameSize, spread: Option<SpreadMap>) -> Self {
        Self { id, approved, rgb, size, spread }
    }

    /// Size of the still.
    #[must_use]
    pub fn size(&self) -> FrameSize {
        self.size
    }
}

/// How far the clips that a still was learned from stray from it, in thresholds: where leaves stir, screens flicker
/// or the sun wanders, it takes more to count as a difference.
#[derive(Debug, Clone, PartialEq)]
pub struct SpreadMap {
    pub(super) size: FrameSize,
    /// `0..=MOST_SPREAD`.
    pub(super) values: Vec<f32>,
}

/// Most that a part of a scene may waver, in thresholds. Where the map says so it takes four times as much to count
/// as a difference; more would make the place blind.
pub(super) const MOST_SPREAD: f32 = 3.0;

impl SpreadMap {
    /// The map as 8-bit grey rows, for a file beside the still.
    #[must_use]
    pub fn to_grey(&self) -> (FrameSize, Vec<u8>) {
        let grey = self.values.iter().map(|v| (v / MOST_SPREAD * 255.0).round() as u8).collect();
        (self.size, grey)
    }

    /// The map from its grey rows; `None` where there are too few or too many bytes for the size.
    #[must_use]
    pub fn from_grey(size: FrameSize, grey: &[u8]) -> Option<Self> {
        let values = grey.iter().map(|v| f32::from(*v) / 255.0 * MOST_SPREAD).collect();
        (grey.len() == len(size) && !grey.is_empty()).then_some(Self { size, values })
    }
}

/// A reference at the size at which it is compared, with all that does not depend on the frame.
pub(super) struct Prepared {
    /// Per channel, the least and the most that stood within a pixel's reach: a wall that shook by a pixel, or was
    /// filmed at another size, is no difference. Endless where nothing is compared.
    pub(super) low: [Vec<f32>; 3],
    pub(super) high: [Vec<f32>; 3],
    /// One over the threshold of brightness, per pixel.
    pub(super) per_luma_step: Vec<f32>,
    /// One over one plus the spread, per pixel; empty where there is no map.
    pub(super) calm: Vec<f32>,
    /// The picture itself at the places that are sampled, and its means over 3x3 there.
    pub(super) samples: Samples,
    pub(super) means: Samples,
    /// How much contrast the still has itself, `0..=1`.
    pub(super) contrast: f32,
}

/// From here on a pixel of the still may be cut off, so that in other light it is brighter without end.
const BURNT: f32 = 245.0;
/// Spread of brightness (10th to 90th percentile) from which a still has all the contrast that is needed. Lit rooms
/// and streets have 60 to 150; a dim still would else vouch for a picture in which nobody could be seen.
const FULL_CONTRAST: f32 = 40.0;

impl Prepared {
    pub(super) fn of(still: &SmallPicture, places: &Places, settings: &SceneSettings) -> Self {
        let size = still.size;
        let envelope = |channel: usize, outside: f32, fold: fn(f32, f32) -> f32| {
            let plane = &still.planes[channel];
            let seen: Vec<f32> = plane
                .iter()
                .zip(places.skipped.iter())
                .map(|(v, skip)| if *skip { outside } else { *v })
                .collect();
            folded(&seen, size, 1, fold)
        };
        let endless = |mut plane: Vec<f32>, end: f32| {
            for (v, skip) in plane.iter_mut().zip(places.skipped.iter()) {
                if *skip {
                    *v = end;
                }
            }
            plane
        };
        let low = std::array::from_fn(|c| endless(envelope(c, f32::INFINITY, f32::min), f32::NEG_INFINITY));
        let mut high: [Vec<f32>; 3] =
            std::array::from_fn(|c| endless(envelope(c, f32::NEG_INFINITY, f32::max), f32::INFINITY));
        for v in high[0].iter_mut().filter(|v| **v > BURNT) {
            *v = f32::INFINITY;
        }
        let luma = &still.planes[0];
        let step = |y: &f32| 1.0 / (settings.luma_step + settings.luma_share * y.max(0.0));
        let mut lit = places.of(luma);
        let range = super::plane::quantile_of(&mut lit, 0.9) - super::plane::quantile_of(&mut lit, 0.1);
        Self {
            low,
            high,
            per_luma_step: luma.iter().map(step).collect(),
            calm: Vec::new(),
            samples: std::array::from_fn(|c| places.of(&still.planes[c])),
            means: std::array::from_fn(|c| places.of(&mean_3x3(&still.planes[c], size))),
            contrast: (range / FULL_CONTRAST).clamp(0.0, 1.0),
        }
    }

    pub(super) fn with_reference(reference: &Reference, places: &Places, settings: &SceneSettings) -> Self {
        // A still of another shape is stretched: it then differs nearly everywhere, which hides too much, not too little.
        let still = SmallPicture::of_rgb(&reference.rgb, reference.size, settings.width_px).at(places.size);
        let mut prepared = Self::of(&still, places, settings);
        if let Some(map) = &reference.spread {
            let spread = super::plane::enlarged(&map.values, map.size, places.size);
            prepared.calm = spread.iter().map(|v| 1.0 / (1.0 + v)).collect();
        }
        prepared
    }
}

/// Which pixels of the small picture are compared and which are sampled for the light.
pub(super) struct Places {
    pub(super) size: FrameSize,
    /// Per pixel: not compared.
    pub(super) skipped: Arc<Vec<bool>>,
    /// Every second pixel along both axes, of those that are compared.
    sampled: Vec<u32>,
}

/// Every how many pixels along each axis one is sampled for the light and the noise: neighbours say the same.
const SAMPLE_STEP: usize = 3;

impl Places {
    /// Leaves out whatever a polygon touches, and `margin` of the picture's sides around it.
    pub(super) fn new<'a>(
        size: FrameSize,
        left_out: impl Iterator<Item = &'a Arc<UnitPolygon>>,
        margin: f64,
    ) -> Self {
        let mut skipped = vec![false; len(size)];
        for polygon in left_out {
            leave_out(polygon, size, margin, &mut skipped);
        }
        let width = size.width as usize;
        let at = (0..size.height as usize)
            .step_by(SAMPLE_STEP)
            .flat_map(|y| (0..width).step_by(SAMPLE_STEP).map(move |x| y * width + x));
        let sampled = at.filter(|at| !skipped[*at]).map(|at| at as u32).collect();
        Self { size, skipped: Arc::new(skipped), sampled }
    }

    /// The plane's values at the sampled places.
    pub(super) fn of(&self, plane: &[f32]) -> Vec<f32> {
        self.sampled.iter().map(|at| plane[*at as usize]).collect()
    }
}

/// Marks the pixels that, with a margin, share a point with the polygon.
fn leave_out(polygon: &UnitPolygon, size: FrameSize, margin: f64, skipped: &mut [bool]) {
    let (sx, sy) = (1.0 / f64::from(size.width), 1.0 / f64::from(size.height));
    let range = |low: f64, high: f64, step: f64, count: u32| {
        let first = ((low - margin) / step).floor().max(0.0) as u32;
        let past = (((high + margin) / step).ceil().max(0.0) as u32).saturating_add(1);
        first.min(count)..past.min(count)
    };
    let ends = |along: fn(&UnitPoint) -> f64| {
        let all = polygon.points().iter().map(along);
        all.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)))
    };
    let ((left, right), (top, bottom)) = (ends(|p| p.x), ends(|p| p.y));
    for row in range(top, bottom, sy, size.height) {
        for column in range(left, right, sx, size.width) {
            let at = (row * size.width + column) as usize;
            if skipped[at] {
                continue;
            }
            let (x, y) = (f64::from(column) * sx, f64::from(row) * sy);
            let corner = |x: f64, y: f64| UnitPoint { x: x.clamp(0.0, 1.0), y: y.clamp(0.0, 1.0) };
            let (x0, x1, y0, y1) = (x - margin, x + sx + margin, y - margin, y + sy + margin);
            let pixel =
                UnitPolygon::new(vec![corner(x0, y0), corner(x1, y0), corner(x1, y1), corner(x0, y1)]);
            skipped[at] = pixel.is_ok_and(|pixel| pixel.meets(polygon));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_map_survives_its_file() {
        let size = FrameSize { width: 3, height: 1 };
        let map = SpreadMap { size, values: vec![0.0, 1.0, 3.0] };
        let (size, grey) = map.to_grey();
        assert_eq!(SpreadMap::from_grey(size, &grey), Some(map));
        assert_eq!(SpreadMap::from_grey(size, &grey[1..]), None);
    }

    #[test]
    fn what_a_polygon_touches_is_left_out() {
        let point = |x, y| UnitPoint { x, y };
        let square = vec![point(0.25, 0.3), point(0.5, 0.3), point(0.5, 0.5), point(0.25, 0.5)];
        let square = Arc::new(UnitPolygon::new(square).expect("a square"));
        let size = FrameSize { width: 8, height: 4 };
        let places = Places::new(size, [&square].into_iter(), 0.01);
        let rows: Vec<String> = places
            .skipped
            .chunks(8)
            .map(|row| row.iter().map(|skip| if *skip { '#' } else { '.' }).collect())
            .collect();
        assert_eq!(rows, ["........", ".####...", ".####...", "........"]);
    }
}
