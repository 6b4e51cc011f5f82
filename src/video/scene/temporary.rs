//! The empty scene of one clip by itself, for want of learned stills: what most pictures of it agree on.
//!
//! Whoever stood there for most of the clip is part of it, so it is never approved: it adds masks and clears nothing.
//! Where the pictures do not agree, because the camera moves or there is always somebody, nothing is compared.

use super::compare::Scene;
use super::plane::quantile_of;
use super::reference::{Places, Prepared};
use super::small::SmallPicture;
use crate::config::SceneSettings;
use crate::geometry::UnitPolygon;
use std::borrow::Borrow;
use std::sync::Arc;

/// Pictures that it takes: of fewer, somebody who stops is in too many.
const LEAST_PICTURES: usize = 12;
/// Share of the pictures that have to agree with their median on a pixel, and how far they may stray from it, in
/// thresholds of brightness.
const AGREEING: f32 = 0.6;
const ASTRAY: f32 = 1.5;
/// Share of the picture's pixels on which they have to agree, or there is no scene.
const KNOWN_SHARE: f32 = 0.5;

/// The empty scene of pictures taken all over one clip, each [`Scene::width_px`] across and of one size; `None` where
/// they show no scene.
#[must_use]
pub fn temporary<P: Borrow<SmallPicture>>(
    pictures: &[P],
    overlays: &[Arc<UnitPolygon>],
    zones: &[Arc<UnitPolygon>],
    settings: SceneSettings,
) -> Option<Scene> {
    let pictures: Vec<&SmallPicture> = pictures.iter().map(Borrow::borrow).collect();
    let size = pictures.first()?.size;
    if pictures.len() < LEAST_PICTURES || pictures.iter().any(|picture| picture.size != size) {
        return None;
    }
    let places = Places::new(size, overlays.iter().chain(zones), 0.0);
    let mut values = Vec::with_capacity(pictures.len());
    let mut over = |channel: usize, at: usize, share: f32, of: &dyn Fn(f32) -> f32| {
        values.clear();
        values.extend(pictures.iter().map(|picture| of(picture.planes[channel][at])));
        quantile_of(&mut values, share)
    };
    let pixels = pictures[0].planes[0].len();
    let planes =
        std::array::from_fn(|channel| (0..pixels).map(|at| over(channel, at, 0.5, &|v| v)).collect());
    let still = SmallPicture { size, planes };
    let mut prepared = Prepared::of(&still, &places, &settings);
    let strays = |at: usize| {
        let middle = still.planes[0][at];
        over(0, at, AGREEING, &|v| (v - middle).abs()) * prepared.per_luma_step[at]
    };
    let spread: Vec<f32> = (0..pixels).map(strays).collect();
    let known = spread.iter().filter(|spread| **spread <= ASTRAY).count();
    if (known as f32) < KNOWN_SHARE * pixels as f32 {
        return None;
    }
    prepared.calm =
        spread.iter().map(|spread| if *spread <= ASTRAY { 1.0 / (1.0 + spread) } else { 0.0 }).collect();
    Some(Scene::of_clip(prepared, places, settings))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::FrameSize;

    const SIZE: FrameSize = FrameSize { width: 64, height: 48 };

    /// A picture of a bright and a dark wall, with somebody of this width walking at this place.
    fn picture(shift: usize, person: Option<usize>) -> SmallPicture {
        let value = |at: usize| {
            let (x, y) = (at % 64, at / 64);
            let inside = person.is_some_and(|left| (left..left + 6).contains(&x) && (10..30).contains(&y));
            let wall = if ((x + shift) / 8).is_multiple_of(2) { 60.0 } else { 150.0 };
            if inside { 220.0 } else { wall + (at * 7 % 3) as f32 }
        };
        let luma = (0..64 * 48).map(value).collect();
        SmallPicture { size: SIZE, planes: [luma, vec![128.0; 64 * 48], vec![128.0; 64 * 48]] }
    }

    fn settings() -> SceneSettings {
        SceneSettings { width_px: 64, ..SceneSettings::default() }
    }

    #[test]
    fn whoever_walks_through_is_no_part_of_the_scene() {
        let walk: Vec<_> = (0..20).map(|i| picture(0, Some(3 * i % 56))).collect();
        let scene = temporary(&walk, &[], &[], settings()).expect("a scene");
        assert!(!scene.approved());
        let differs = |person| {
            let difference = scene.compare(&picture(0, person));
            difference.map.iter().filter(|v| **v > settings().low).count()
        };
        assert_eq!(differs(None), 0);
        assert!(differs(Some(20)) >= 6 * 20, "{}", differs(Some(20)));
    }

    #[test]
    fn a_camera_that_moves_has_no_scene_and_few_pictures_show_none() {
        let moving: Vec<_> = (0..20).map(|i| picture(i * 3, None)).collect();
        assert!(temporary(&moving, &[], &[], settings()).is_none());
        let few: Vec<_> = (0..5).map(|_| picture(0, None)).collect();
        assert!(temporary(&few, &[], &[], settings()).is_none());
    }
}
