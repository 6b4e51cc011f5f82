//! A frame in the light of a still: gain and offset of its brightness, shift of its colours.
//!
//! Exposure, gain, fog and lamps change all of a picture by nearly one gain and one offset; what is new in it
//! changes by anything. So both are fitted to the part that agrees best, and the more of the picture is new the less
//! may count: 60 % has to be scene.

use super::plane::Tally;

/// Brightness of the still that tells of the light: near black there is nothing but noise, near white it is cut off.
const TELLING: std::ops::Range<f32> = 20.0..235.0;
/// Brightness of the frame from which it is cut off.
const CUT_OFF: f32 = 235.0;
/// Samples that it takes to tell.
const LEAST_SAMPLES: usize = 50;
/// Share of the samples that the fit believes.
const BELIEVED: f32 = 0.6;
/// What is believed is at least this near, grey levels: rounding is not doubt.
const NEAR: f32 = 0.5;
/// Rounds of fitting; more change nothing that could be seen.
const ROUNDS: usize = 4;
/// Variance of brightness in the still below which a gain cannot be told from an offset.
const FLAT: f64 = 4.0;
/// Gains that a camera and its light can have.
const GAINS: (f64, f64) = (0.05, 4.0);
/// Black in limited range.
const BLACK: f32 = 16.0;
/// Grey in chroma.
pub(super) const GREY: f32 = 128.0;

/// How a frame's values follow from a still's: `frame = gain * still + offset`, chroma with the gain and a shift.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Light {
    pub(super) gain: f32,
    pub(super) offset: f32,
    /// What is left of U and V after the gain, in the still's light: the white balance wandered.
    pub(super) chroma: [f32; 2],
    /// Too little was to be seen for a fit.
    pub(super) unknown: bool,
}

/// Y, U and V of a picture at the places that are sampled.
pub(super) type Samples = [Vec<f32>; 3];

/// What fitting needs and can be used again.
pub(super) struct Fitter {
    pairs: Vec<(f32, f32)>,
    levels: Tally,
    misses: Tally,
    shifts: Tally,
}

impl Fitter {
    pub(super) fn new() -> Self {
        Self {
            pairs: Vec::new(),
            levels: Tally::new(0.0, 256.0),
            misses: Tally::new(0.0, 128.0),
            shifts: Tally::new(-64.0, 64.0),
        }
    }

    /// The light of `frame` against `still`, sampled at the same places.
    pub(super) fn fit(&mut self, frame: &Samples, still: &Samples) -> Light {
        let both = still[0].iter().copied().zip(frame[0].iter().copied());
        self.pairs.clear();
        self.pairs.extend(both.filter(|(x, y)| TELLING.contains(x) && *y < CUT_OFF));
        let (mut gain, mut offset) = (1.0f32, 0.0f32);
        let unknown = self.pairs.len() < LEAST_SAMPLES;
        if !unknown {
            (gain, offset) = self.fit_luma();
        }
        let chroma = [1, 2].map(|c| {
            let pairs = frame[c].iter().zip(&still[c]);
            self.shifts.quantile(pairs.map(|(c, r)| (c - GREY) / gain - (r - GREY)), 0.5)
        });
        Light { gain, offset, chroma, unknown }
    }

    fn fit_luma(&mut self) -> (f32, f32) {
        let Self { pairs, levels, misses, .. } = self;
        let still = levels.quantile(pairs.iter().map(|(x, _)| *x), 0.5) - BLACK;
        let frame = levels.quantile(pairs.iter().map(|(_, y)| *y), 0.5) - BLACK;
        let mut gain = f64::from(frame / still.max(1.0)).clamp(0.0, GAINS.1);
        let mut offset = f64::from(BLACK) * (1.0 - gain);
        for _ in 0..ROUNDS {
            let (g, o) = (gain as f32, offset as f32);
            let miss = |&(x, y): &(f32, f32)| (y - g * x - o).abs();
            let most = misses.quantile(pairs.iter().map(miss), BELIEVED).max(NEAR);
            let (mut n, mut sx, mut sy, mut sxx, mut sxy) = (0u32, 0.0f64, 0.0f64, 0.0f64, 0.0f64);
            for pair in pairs.iter() {
                // By a factor, not by a branch, which could not be foretold.
                let believed = u8::from(miss(pair) <= most);
                let weight = f64::from(believed);
                let (x, y) = (f64::from(pair.0) * weight, f64::from(pair.1) * weight);
                n += u32::from(believed);
                sx += x;
                sy += y;
                sxx += x * x;
                sxy += x * y;
            }
            let n = f64::from(n.max(1));
            let (mx, my) = (sx / n, sy / n);
            let variance = sxx / n - mx * mx;
            if variance < FLAT {
                break;
            }
            gain = ((sxy / n - mx * my) / variance).clamp(GAINS.0, GAINS.1);
            offset = my - gain * mx;
        }
        let gain = gain.max(GAINS.0);
        (gain as f32, offset as f32)
    }
}

impl Light {
    /// Factor and constant that bring channel 0 (Y), 1 (U) or 2 (V) of the frame into the still's light.
    pub(super) fn undo(&self, channel: usize) -> (f32, f32) {
        let factor = 1.0 / self.gain;
        match channel {
            0 => (factor, -self.offset * factor),
            c => (factor, GREY - GREY * factor - self.chroma[c - 1]),
        }
    }
}
