//! A detector that is worse than it is, for measuring: some of what it finds is dropped at random.
//!
//! What a detector misses on footage for which there is a truth says little about what it will miss on other footage.
//! Dropping detections shows how much of the recall hangs on every single one.

use super::{DetectError, Detector, DetectorFactory, Look};
use crate::video::frame::RawFrame;
use crate::video::plan::Detection;
use std::sync::Arc;

/// Makes detectors that drop a share of what they find. Never for redacting.
pub struct Forgetful {
    /// The real ones.
    pub detectors: Arc<dyn DetectorFactory>,
    /// Share of the detections that is dropped, `0..=1`.
    pub share: f64,
    /// Another number drops others.
    pub seed: u64,
}

struct ForgetfulDetector {
    detector: Box<dyn Detector>,
    share: f64,
    seed: u64,
}

impl DetectorFactory for Forgetful {
    fn make(&self) -> Result<Box<dyn Detector>, DetectError> {
        let detector = self.detectors.make()?;
        Ok(Box::new(ForgetfulDetector { detector, share: self.share, seed: self.seed }))
    }

    fn searches_parts(&self) -> bool {
        self.detectors.searches_parts()
    }
}

impl Detector for ForgetfulDetector {
    fn detect(&mut self, frame: &RawFrame, look: &Look) -> Result<Vec<Detection>, DetectError> {
        let found = self.detector.detect(frame, look)?;
        let kept = (0u64..).zip(found).filter(|(i, _)| chance(self.seed, frame.index(), *i) >= self.share);
        Ok(kept.map(|(_, detection)| detection).collect())
    }
}

/// A number in `0..1` for one detection of one frame, the same on any thread.
fn chance(seed: u64, frame: u64, place: u64) -> f64 {
    // SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
    let mix = |state: u64| {
        let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let bits = mix(mix(mix(seed) ^ frame) ^ place);
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_all_is_dropped_and_not_the_same_tenth() {
        let dropped = |seed| {
            let all = (0..1000).flat_map(|frame| (0..10).map(move |i| (frame, i)));
            all.filter(|&(frame, i)| chance(seed, frame, i) < 0.1).collect::<Vec<_>>()
        };
        let (one, two) = (dropped(1), dropped(2));
        assert!((900..1100).contains(&one.len()), "{}", one.len());
        let both = one.iter().filter(|d| two.contains(d)).count();
        assert!((60..150).contains(&both), "{both}");
        assert_eq!(one, dropped(1));
    }
}
