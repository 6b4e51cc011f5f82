//! Frames a second, as somebody states them for a stream that does not say when its pictures are shown.

use std::num::NonZeroU32;
use std::str::FromStr;

/// Not a frame rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a frame rate: write frames a second from 0.1 to 1000, such as 25, 29.97 or 30000/1001"
)]
pub struct NotARate(String);

/// A constant frame rate, exact: frames over seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameRate {
    frames: NonZeroU32,
    secs: NonZeroU32,
}

/// Frames every so many seconds: what the decimal names of the broadcast rates stand for (SMPTE ST 170 and
/// ITU-T H.264, annex E: 24, 30 and 60 frames in 1.001 seconds).
const BROADCAST: [(&str, u32); 6] =
    [("23.976", 24), ("23.98", 24), ("29.97", 30), ("29.970", 30), ("59.94", 60), ("59.940", 60)];

impl FrameRate {
    /// 25 frames a second.
    pub const PAL: Self = Self { frames: NonZeroU32::new(25).expect("not zero"), secs: NonZeroU32::MIN };

    /// `frames` in `secs` seconds; `None` outside of 0.1 to 1000 frames a second.
    #[must_use]
    pub fn new(frames: u32, secs: u32) -> Option<Self> {
        let rate = Self { frames: NonZeroU32::new(frames)?, secs: NonZeroU32::new(secs)? };
        let per_second = f64::from(frames) / f64::from(secs);
        (0.1..=1000.0).contains(&per_second).then_some(rate)
    }

    /// When the frame `index` begins, nanoseconds after frame 0. Computed anew for each, so that nothing adds up.
    #[must_use]
    pub fn begins_ns(self, index: u64) -> u64 {
        let ns = u128::from(index) * 1_000_000_000 * u128::from(self.secs.get());
        u64::try_from(ns / u128::from(self.frames.get())).unwrap_or(u64::MAX)
    }
}

impl std::fmt::Display for FrameRate {
    /// As it can be written on the command line.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.frames, self.secs) {
            (frames, NonZeroU32::MIN) => write!(f, "{frames}"),
            (frames, secs) => write!(f, "{frames}/{secs}"),
        }
    }
}

impl FromStr for FrameRate {
    type Err = NotARate;

    fn from_str(text: &str) -> Result<Self, NotARate> {
        let digits = |s: &str| s.parse().ok().filter(|_| s.bytes().all(|b| b.is_ascii_digit()));
        let rate = if let Some((_, frames)) = BROADCAST.iter().find(|(name, _)| *name == text) {
            Self::new(frames * 1000, 1001)
        } else if let Some((frames, secs)) = text.split_once('/') {
            digits(frames).zip(digits(secs)).and_then(|(frames, secs)| Self::new(frames, secs))
        } else if let Some((whole, part)) = text.split_once('.') {
            let scale = 10_u32.checked_pow(u32::try_from(part.len()).unwrap_or(u32::MAX));
            digits(whole).zip(digits(part)).zip(scale).and_then(
                |((whole, part), scale): ((u32, u32), u32)| {
                    Self::new(whole.checked_mul(scale)?.checked_add(part)?, scale)
                },
            )
        } else {
            digits(text).and_then(|frames| Self::new(frames, 1))
        };
        rate.ok_or_else(|| NotARate(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read() {
        let check = |text: &str, frames, secs| {
            assert_eq!(text.parse(), Ok(FrameRate::new(frames, secs).expect("a rate")), "{text}");
        };
        check("25", 25, 1);
        check("12.5", 125, 10);
        check("29.97", 30_000, 1001);
        check("23.976", 24_000, 1001);
        check("30000/1001", 30_000, 1001);
        for bad in
            ["", "0", "-25", "25fps", "1/0", "0/1", "2000", "0.01", "NaN", "1e2", ".", "25.", "+25", "1/2/3"]
        {
            assert!(bad.parse::<FrameRate>().is_err(), "{bad}");
        }
    }

    #[test]
    fn nothing_adds_up() {
        let rate = FrameRate::new(30_000, 1001).expect("a rate");
        assert_eq!(rate.begins_ns(0), 0);
        assert_eq!(rate.begins_ns(1), 33_366_666);
        assert_eq!(rate.begins_ns(30_000), 1_001_000_000_000);
    }
}
