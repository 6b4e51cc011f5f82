//! How far a frame lies outside every still of the empty scene, pixel by pixel, in thresholds.
//!
//! Pure: the same picture gives the same difference, on any thread.

use super::light::{Fitter, Light, Samples};
use super::plane::{Tally, len, mean_3x3, sums_3x3};
use super::reference::{Places, Prepared, Reference};
use super::small::{SmallPicture, small_size};
use crate::config::SceneSettings;
use crate::geometry::{FrameSize, UnitPolygon};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A camera's empty scene: its stills, ready to be compared with frames. Shared between threads.
///
/// Where any still is approved, only the approved ones are compared: another could otherwise explain away somebody
/// who happened to stand in it.
pub struct Scene {
    references: Vec<(String, Prepared)>,
    approved: bool,
    places: Places,
    settings: SceneSettings,
}

/// What frames are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SceneKind {
    /// Approved stills of the camera.
    Approved,
    /// Stills that nobody has approved yet: they add masks and clear nothing.
    Unapproved,
    /// What most of the clip itself shows, likewise.
    OwnClip,
}

/// What one frame differs in.
pub struct Difference {
    pub(super) size: FrameSize,
    /// Per pixel, how far outside every still it lies, in thresholds.
    pub(super) map: Vec<f32>,
    /// Per pixel: not compared.
    pub(super) skipped: Arc<Vec<bool>>,
    /// Contrast of the frame as a share of the best-fitting still's.
    pub gain: f32,
    /// The contrast is so low, or the noise so high, that nothing may be cleared.
    pub dim: bool,
    /// It is so dark, or so noisy, that people may not stand out from the noise at all; or nothing can be compared.
    pub dark: bool,
    /// The best-fitting still: its number among those compared.
    pub reference: usize,
    /// Whether the stills compared are approved.
    pub approved: bool,
}

/// Share of deviations from the median that tells their standard deviation: a normal error stays with this share of
/// its values within .385 of it, while 70 % of the picture may be something new.
const QUIET: (f32, f32) = (0.3, 0.385);
/// Standard deviation of the noise (mean of 3x3, in the still's light, grey levels) from which nothing is cleared:
/// three of them hide a grey coat before a grey wall. Indoors by day it is 1 to 4.
const NOISY: f32 = 6.0;
/// The same from which people may not stand out at all. So much is not noise: it is another scene.
const DROWNED: f32 = 12.0;
/// A still that leaves this many times the noise of the best one, and more than [`NOISY`], is of another light
/// altogether (infrared beside day). Under thresholds that follow such noise nothing would differ from it.
const MISFIT: f32 = 2.0;
/// Sampled places that it takes to compare at all.
const LEAST_PLACES: usize = 200;
/// A full-size pixel row of a still that belongs to the fill of a zone beside it: masks round outward by up to one
/// chroma pair.
const FILL_REACH_PX: f64 = 2.0;

impl Scene {
    /// A scene of these references. Nothing is compared under `overlays` (the camera's own clock) and `zones` (filled
    /// on the stills and masked anyway).
    #[must_use]
    pub fn new(
        references: Vec<Reference>,
        overlays: &[Arc<UnitPolygon>],
        zones: &[Arc<UnitPolygon>],
        settings: SceneSettings,
    ) -> Self {
        let approved = references.iter().any(|reference| reference.approved);
        let kept: Vec<Reference> =
            references.into_iter().filter(|reference| reference.approved == approved).collect();
        let shape = kept.first().map_or(FrameSize { width: 16, height: 9 }, Reference::size);
        let size = small_size(shape, settings.width_px);
        let margin = FILL_REACH_PX / f64::from(shape.width.min(shape.height).max(1));
        let places = Places::new(size, overlays.iter().chain(zones), margin);
        let prepare = |reference: Reference| {
            let prepared = Prepared::with_reference(&reference, &places, &settings);
            (reference.id, prepared)
        };
        let references = kept.into_iter().map(prepare).collect();
        Self { references, approved, places, settings }
    }

    /// A scene of one clip by itself.
    pub(super) fn of_clip(still: Prepared, places: Places, settings: SceneSettings) -> Self {
        Self { references: vec![("the clip itself".into(), still)], approved: false, places, settings }
    }

    /// What the stills that are compared are called, in the order of [`Difference::reference`].
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.references.iter().map(|(id, _)| id.as_str())
    }

    /// Whether what is compared was approved: only then may anything be cleared by it.
    #[must_use]
    pub fn approved(&self) -> bool {
        self.approved
    }

    /// Width at which [`SmallPicture`]s are wanted.
    #[must_use]
    pub fn width_px(&self) -> u32 {
        self.places.size.width
    }

    /// How far the picture lies outside every still. Without any still it differs everywhere.
    #[must_use]
    pub fn compare(&self, picture: &SmallPicture) -> Difference {
        if picture.size == self.places.size {
            return self.compare_at_size(picture);
        }
        self.compare_at_size(&picture.at(self.places.size))
    }

    fn compare_at_size(&self, picture: &SmallPicture) -> Difference {
        let settings = &self.settings;
        let frame = Frame::of(picture, &self.places);
        let mut comparer = Comparer::new();
        let mut map = vec![f32::INFINITY; len(self.places.size)];
        let mut one = vec![0.0; map.len()];
        let fits: Vec<Fit> = self.references.iter().map(|(_, still)| comparer.fit(&frame, still)).collect();
        let quietest = fits.iter().map(|fit| fit.noise[0]).fold(f32::INFINITY, f32::min);
        let mut best: Option<(usize, usize)> = None;
        for (number, ((_, still), fit)) in self.references.iter().zip(&fits).enumerate() {
            if fit.noise[0] > NOISY.max(MISFIT * quietest) {
                continue;
            }
            comparer.map(&frame, still, fit, settings, &mut one);
            for (least, v) in map.iter_mut().zip(&one) {
                *least = least.min(*v);
            }
            let over = one.iter().filter(|v| **v > settings.low).count();
            if best.is_none_or(|(least, _)| over < least) {
                best = Some((over, number));
            }
        }
        let Some((_, reference)) = best else {
            return self.nothing_known();
        };
        let fit = &fits[reference];
        let contrast = fit.light.gain * self.references[reference].1.contrast;
        let few = fit.light.unknown || frame.samples[0].len() < LEAST_PLACES;
        let dark = few || contrast < settings.dark_gain || fit.noise[0] > DROWNED;
        Difference {
            size: self.places.size,
            map,
            skipped: self.places.skipped.clone(),
            gain: fit.light.gain,
            dim: dark || contrast < settings.dim_gain || fit.noise[0] > NOISY,
            dark,
            reference,
            approved: self.approved,
        }
    }

    fn nothing_known(&self) -> Difference {
        Difference {
            size: self.places.size,
            map: vec![f32::INFINITY; len(self.places.size)],
            skipped: self.places.skipped.clone(),
            gain: 0.0,
            dim: true,
            dark: true,
            reference: 0,
            approved: false,
        }
    }
}

/// A frame as it is compared: its planes, and what is sampled of them.
pub(super) struct Frame<'p> {
    picture: &'p SmallPicture,
    samples: Samples,
    means: Samples,
}

impl<'p> Frame<'p> {
    pub(super) fn size(&self) -> FrameSize {
        self.picture.size
    }

    pub(super) fn of(picture: &'p SmallPicture, places: &Places) -> Self {
        let [y, u, v] = &picture.planes;
        Self {
            picture,
            samples: [y, u, v].map(|plane| places.of(plane)),
            means: [y, u, v].map(|plane| places.of(&mean_3x3(plane, picture.size))),
        }
    }
}

/// How a frame fits a still.
pub(super) struct Fit {
    light: Light,
    /// Standard deviation of what is left of Y, U and V, in the still's light.
    noise: [f32; 3],
}

/// What comparing needs and can be used again.
pub(super) struct Comparer {
    fitter: Fitter,
    residuals: Tally,
    deviations: Tally,
    outside: Vec<f32>,
}

impl Comparer {
    pub(super) fn new() -> Self {
        Self {
            fitter: Fitter::new(),
            residuals: Tally::new(-64.0, 64.0),
            deviations: Tally::new(0.0, 64.0),
            outside: Vec::new(),
        }
    }

    /// How the frame fits one still.
    pub(super) fn fit(&mut self, frame: &Frame<'_>, still: &Prepared) -> Fit {
        let light = self.fitter.fit(&frame.samples, &still.samples);
        let noise = std::array::from_fn(|channel| {
            self.noise(&frame.means[channel], &still.means[channel], light.undo(channel))
        });
        Fit { light, noise }
    }

    /// Writes to `map` how far outside one still every pixel lies.
    pub(super) fn map(
        &mut self,
        frame: &Frame<'_>,
        still: &Prepared,
        fit: &Fit,
        settings: &SceneSettings,
        map: &mut [f32],
    ) {
        let size = frame.picture.size;
        let width = size.width as usize;
        for channel in 0..3 {
            let (factor, constant) = fit.light.undo(channel);
            let plane = frame.picture.planes[channel].iter();
            self.outside.clear();
            self.outside.extend(plane.zip(&still.low[channel]).zip(&still.high[channel]).map(
                |((v, low), high)| {
                    let v = factor * v + constant;
                    v - v.max(*low).min(*high)
                },
            ));
            // The threshold is the larger of a step and the noise, so one over it the smaller; a ninth for the mean.
            let per_noise = 1.0 / (settings.noise_sigmas * fit.noise[channel]).max(f32::MIN_POSITIVE);
            if channel == 0 {
                sums_3x3(&self.outside, size, |row, sums| {
                    let at = row * width..(row + 1) * width;
                    let steps = &still.per_luma_step[at.clone()];
                    for ((out, sum), step) in map[at].iter_mut().zip(sums).zip(steps) {
                        *out = sum.abs() * (step.min(per_noise) / 9.0);
                    }
                });
            } else {
                let scale = (1.0 / settings.chroma_step).min(per_noise) / 9.0;
                sums_3x3(&self.outside, size, |row, sums| {
                    for (out, sum) in map[row * width..(row + 1) * width].iter_mut().zip(sums) {
                        *out = out.max(sum.abs() * scale);
                    }
                });
            }
        }
        for (out, calm) in map.iter_mut().zip(&still.calm) {
            *out *= calm;
        }
    }

    /// The standard deviation of what is left after fitting, from its quietest part.
    fn noise(&mut self, frame: &[f32], still: &[f32], (factor, constant): (f32, f32)) -> f32 {
        let left = || frame.iter().zip(still).map(|(f, r)| factor * f + constant - r);
        let middle = self.residuals.quantile(left(), 0.5);
        let (share, sigmas) = QUIET;
        self.deviations.quantile(left().map(|v| (v - middle).abs()), share) / sigmas
    }
}

/// The map of one small picture against stills made of others, for learning, where nothing is left out; `None` where
/// none of them fits.
pub(super) fn unlike(
    frame: &Frame<'_>,
    stills: &[&Prepared],
    settings: &SceneSettings,
    comparer: &mut Comparer,
) -> Option<Vec<f32>> {
    let mut least: Option<Vec<f32>> = None;
    let mut one = vec![0.0; len(frame.picture.size)];
    for still in stills {
        let fit = comparer.fit(frame, still);
        if fit.noise[0] > NOISY {
            continue;
        }
        comparer.map(frame, still, &fit, settings, &mut one);
        match &mut least {
            Some(least) => least.iter_mut().zip(&one).for_each(|(least, v)| *least = least.min(*v)),
            None => least = Some(one.clone()),
        }
    }
    least
}
