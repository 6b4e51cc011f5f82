//! A glance at a frame: has anything changed since another one? Cheaper than any network, and it knows no people: what
//! moves, moves.

use super::plane::{Tally, area, len, mean_3x3};
use super::small::small_size;
use crate::geometry::FrameSize;
use crate::video::frame::RawFrame;

/// A difference counts from here on, grey levels of the small picture's 3x3 means ...
const STEP: f32 = 2.0;
/// ... and from so many standard deviations of the noise between the two frames.
const SIGMAS: f32 = 5.0;
/// So many places that differ are a change. Smaller than this nobody can be found.
const LEAST_PLACES: usize = 2;
/// Noise from which a glance tells nothing, grey levels: somebody in a dark coat may hide in it.
const BLIND: f32 = 1.0;
/// Share of the deviations that tells the noise, and how many standard deviations it spans: nearly all of the picture may
/// move.
const QUIET: (f32, f32) = (0.3, 0.385);

/// Brightness of a frame at a fraction of its size. Like a raw frame it cannot be copied, printed or read outside
/// `video`.
pub struct Glance {
    size: FrameSize,
    /// 3x3 means of luma, 0..=255.
    means: Vec<f32>,
}

impl Glance {
    /// At a frame, `width` pixels across.
    #[must_use]
    pub fn at(frame: &RawFrame, width: u32) -> Self {
        let size = small_size(frame.size(), width);
        let luma = frame.luma();
        let [luma] = area::<u8, 1>(luma.data, luma.stride, frame.size(), size);
        Self { size, means: mean_3x3(&luma, size) }
    }

    /// Whether anything but the light as a whole has changed since an earlier frame. True where that cannot be told.
    #[must_use]
    pub fn differs_from(&self, before: &Self) -> bool {
        if self.size != before.size || len(self.size) == 0 {
            return true;
        }
        let changes = || self.means.iter().zip(&before.means).map(|(now, before)| now - before);
        let shift = Tally::new(-64.0, 64.0).quantile(changes(), 0.5);
        let (share, sigmas) = QUIET;
        let deviations = changes().map(|change| (change - shift).abs());
        let noise = Tally::new(0.0, 64.0).quantile(deviations, share) / sigmas;
        let least = STEP.max(SIGMAS * noise);
        noise > BLIND || changes().filter(|change| (change - shift).abs() > least).count() >= LEAST_PLACES
    }
}
