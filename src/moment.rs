//! A moment of a clip as people write it: seconds or hh:mm:ss from the clip's first presented frame.
//!
//! It stands in the hall because flags and settings files name moments in the same words.

use std::str::FromStr;
use std::time::Duration;

/// A text or a number that is no moment of a clip.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a time: write seconds (12.4) or hh:mm:ss (00:01:30.5)")]
pub struct NotATime(String);

/// A tenth of a millisecond: frame times such as 1/30 s have no exact decimal form.
const GRACE_NS: u64 = 100_000;

/// Latest second that can be named, about three years.
const LATEST_S: f64 = 1e8;

/// A time within a clip, from the first presented frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClipTime(u64);

impl FromStr for ClipTime {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let fault = || NotATime(text.to_owned());
        let parts: Vec<&str> = text.split(':').collect();
        let whole = |s: &str, below: u64| {
            let digits = !s.is_empty() && s.len() <= 5 && s.bytes().all(|b| b.is_ascii_digit());
            s.parse::<u64>().ok().filter(|n| digits && *n < below)
        };
        let (before, last) = match parts.as_slice() {
            [s] => (0, s),
            [m, s] => (whole(m, 100_000).ok_or_else(fault)? * 60, s),
            [h, m, s] => {
                (whole(h, 100_000).ok_or_else(fault)? * 3600 + whole(m, 60).ok_or_else(fault)? * 60, s)
            }
            _ => return Err(fault()),
        };
        let plain = !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let secs: f64 = last.parse().ok().filter(|_| plain).ok_or_else(fault)?;
        if parts.len() > 1 && secs >= 60.0 {
            return Err(fault());
        }
        Self::after(secs, Duration::from_secs(before)).ok_or_else(fault)
    }
}

impl ClipTime {
    /// So many seconds after the clip's first frame.
    ///
    /// # Errors
    /// [`NotATime`]: negative, not a number, or later than any clip.
    pub fn from_secs(secs: f64) -> Result<Self, NotATime> {
        Self::after(secs, Duration::ZERO).ok_or_else(|| NotATime(secs.to_string()))
    }

    fn after(secs: f64, before: Duration) -> Option<Self> {
        let secs = Duration::try_from_secs_f64(Some(secs).filter(|s| *s <= LATEST_S)?).ok()?;
        Some(Self(u64::try_from((secs + before).as_nanos()).ok()?))
    }

    /// The time as it was written, nanoseconds after the clip's first frame.
    #[must_use]
    pub fn nanoseconds(self) -> u64 {
        self.0
    }

    /// The latest frame time that it can mean, nanoseconds: a hair later, as decimals are shortened.
    #[must_use]
    pub fn latest_ns(self) -> u64 {
        self.0.saturating_add(GRACE_NS)
    }

    /// The earliest frame time that it can mean, nanoseconds: a hair earlier, as decimals are rounded.
    #[must_use]
    pub fn earliest_ns(self) -> u64 {
        self.0.saturating_sub(GRACE_NS)
    }
}

impl std::fmt::Display for ClipTime {
    /// Seconds with three decimals, as it would be written on the command line.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.3}", self.0 as f64 / 1e9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        let ns = |text: &str| text.parse::<ClipTime>().ok().map(ClipTime::nanoseconds);
        assert_eq!(ns("12.4"), Some(12_400_000_000));
        assert_eq!(ns("0"), Some(0));
        assert_eq!(ns("90"), Some(90_000_000_000));
        assert_eq!(ns("01:30"), Some(90_000_000_000));
        assert_eq!(ns("1:00:00.5"), Some(3_600_500_000_000));
        for bad in
            ["", "-1", "1e3", "abc", "1:60", "1:60:00", "1:2:3:4", "inf", "NaN", "+1", "12,4", ":", "1:"]
        {
            assert_eq!(ns(bad), None, "{bad}");
        }
        assert_eq!(ClipTime::from_secs(12.4), Ok("12.4".parse().expect("a time")));
        for bad in [-0.1, f64::NAN, f64::INFINITY, 2e8] {
            assert!(ClipTime::from_secs(bad).is_err(), "{bad}");
        }
    }
}
