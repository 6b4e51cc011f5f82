//! The part of a clip that is wanted: `--from` and `--to`.
//!
//! Times count from the first presented frame. The frame that a time names is the last one with `pts <= T`; both
//! ends belong to the window.

use std::str::FromStr;
use std::time::Duration;

/// A time or a window that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// Not a time.
    #[error("\"{0}\" is not a time: write seconds (12.4) or hh:mm:ss (00:01:30.5)")]
    NotATime(String),
    /// The end comes before the start.
    #[error("--to lies before --from")]
    Backwards,
}

/// A tenth of a millisecond: frame times such as 1/30 s have no exact decimal form.
const GRACE_NS: u64 = 100_000;

/// A time within a clip, from the first presented frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClipTime(u64);

impl FromStr for ClipTime {
    type Err = WindowError;

    fn from_str(text: &str) -> Result<Self, WindowError> {
        let fault = || WindowError::NotATime(text.to_owned());
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
        if (parts.len() > 1 && secs >= 60.0) || secs > 1e8 {
            return Err(fault());
        }
        let time = Duration::try_from_secs_f64(secs).map_err(|_| fault())? + Duration::from_secs(before);
        Ok(Self(u64::try_from(time.as_nanos()).map_err(|_| fault())?.saturating_add(GRACE_NS)))
    }
}

impl ClipTime {
    /// The time as it was written, nanoseconds after the clip's first frame.
    #[must_use]
    pub fn nanoseconds(self) -> u64 {
        self.0 - GRACE_NS
    }
}

impl std::fmt::Display for ClipTime {
    /// Seconds with three decimals, as it would be written on the command line.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.3}", (self.0 - GRACE_NS) as f64 / 1e9)
    }
}

/// Which frames of a clip go into the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    from: Option<ClipTime>,
    to: Option<ClipTime>,
}

impl Window {
    /// The whole clip.
    pub const WHOLE: Self = Self { from: None, to: None };

    /// From one time to another, either open.
    ///
    /// # Errors
    /// [`WindowError::Backwards`].
    pub fn new(from: Option<ClipTime>, to: Option<ClipTime>) -> Result<Self, WindowError> {
        match (from, to) {
            (Some(a), Some(b)) if b < a => Err(WindowError::Backwards),
            _ => Ok(Self { from, to }),
        }
    }

    /// True for the whole clip.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        *self == Self::WHOLE
    }

    /// True where a frame at `pts_ns` comes before the window, given when the next frame is shown (`None`: there is
    /// none).
    #[must_use]
    pub fn is_before(&self, next_pts_ns: Option<u64>) -> bool {
        match (self.from, next_pts_ns) {
            (Some(ClipTime(from)), Some(next)) => next <= from,
            _ => false,
        }
    }

    /// True where a frame at `pts_ns` comes after the window. The clip's first frame never does.
    #[must_use]
    pub fn is_after(&self, pts_ns: u64) -> bool {
        self.to.is_some_and(|ClipTime(to)| pts_ns > to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ns(text: &str) -> Option<u64> {
        text.parse::<ClipTime>().ok().map(|t| t.0 - GRACE_NS)
    }

    #[test]
    fn times_are_read() {
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
    }

    #[test]
    fn the_frame_meant_is_the_last_with_pts_up_to_t() {
        let window = Window::new("0.5".parse().ok(), "0.75".parse().ok()).expect("in order");
        let pts: Vec<u64> = (0..5).map(|i| i * 400_000_000).collect();
        let kept: Vec<usize> = (0..pts.len())
            .filter(|&i| !window.is_before(pts.get(i + 1).copied()) && !window.is_after(pts[i]))
            .collect();
        assert_eq!(kept, [1], "0.4 s is the last frame at or before both 0.5 s and 0.75 s");
        let late = Window::new("99".parse().ok(), None).expect("in order");
        assert!(!late.is_before(None), "without a successor nothing says that it comes before");
        assert_eq!(Window::new("2".parse().ok(), "1".parse().ok()), Err(WindowError::Backwards));
    }
}
