//! What staff point at.

use crate::video::source::ClipTime;
use std::fmt;
use std::str::FromStr;

/// Who is the subject, as somebody says who looked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Choice {
    /// Whoever is at a place of the displayed picture at a time: `12.4@412,230`.
    Click {
        /// When, nanoseconds after the clip's first frame.
        at_ns: u64,
        /// Pixels from the left.
        x: f32,
        /// Pixels from the top.
        y: f32,
    },
    /// A track of an analysis: `track:7`.
    Track(u32),
}

/// Why words are no choice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} names nobody: write seconds@x,y in pixels of the displayed picture, such as 12.4@412,230, or track:7 with the number that `melkglas persons` gives"
)]
pub struct ChoiceError(String);

impl FromStr for Choice {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        let fault = || ChoiceError(text.to_owned());
        if let Some(number) = text.strip_prefix("track:") {
            return number.parse().ok().filter(|n| *n > 0).map(Self::Track).ok_or_else(fault);
        }
        let (time, place) = text.split_once('@').ok_or_else(fault)?;
        let (x, y) = place.split_once(',').ok_or_else(fault)?;
        let at_ns = time.parse::<ClipTime>().map_err(|_| fault())?.nanoseconds();
        let pixel = |word: &str| {
            word.trim()
                .parse::<f32>()
                .ok()
                .filter(|v| v.is_finite() && (0.0..1e6).contains(v))
                .ok_or_else(fault)
        };
        Ok(Self::Click { at_ns, x: pixel(x)?, y: pixel(y)? })
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Click { at_ns, x, y } => write!(f, "{:.3}@{x},{y}", *at_ns as f64 / 1e9),
            Self::Track(track) => write!(f, "track:{track}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read() {
        let read = |text: &str| text.parse::<Choice>();
        assert_eq!(read("track:7"), Ok(Choice::Track(7)));
        assert_eq!(read("12.4@412,230"), Ok(Choice::Click { at_ns: 12_400_000_000, x: 412.0, y: 230.0 }));
        assert_eq!(read("00:01:10@4.5,0").map(|c| c.to_string()), Ok("70.000@4.5,0".into()));
        for bad in
            ["", "7", "track:", "track:0", "track:-1", "12@4", "12@4,5,6", "12@-4,5", "12@NaN,5", "x@4,5"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
