//! The part of a clip that is wanted: `--from` and `--to`.
//!
//! Times count from the first presented frame. The frame that a time names is the last one with `pts <= T`; both
//! ends belong to the window.

use crate::moment::ClipTime;

/// A window that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// The end comes before the start.
    #[error("--to lies before --from")]
    Backwards,
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
            (Some(from), Some(next)) => next <= from.latest_ns(),
            _ => false,
        }
    }

    /// True where a frame at `pts_ns` comes after the window. The clip's first frame never does.
    #[must_use]
    pub fn is_after(&self, pts_ns: u64) -> bool {
        self.to.is_some_and(|to| pts_ns > to.latest_ns())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
