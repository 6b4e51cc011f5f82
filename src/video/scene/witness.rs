//! The witness over time: what differs in a frame and its neighbours, as boxes.

use super::blobs::boxes;
use super::compare::Difference;
use crate::config::SceneSettings;
use crate::geometry::{BoxPx, FrameSize};
use std::collections::VecDeque;
use std::sync::Arc;

/// Looks at the differences of one clip in order of time.
pub struct Witness {
    frame: FrameSize,
    settings: SceneSettings,
    kept: VecDeque<(u64, Difference)>,
}

/// What the witness says about one frame.
pub struct Sighting {
    /// Where something differs from the empty scene, frame space, with margin, cut to the frame.
    pub boxes: Vec<BoxPx>,
    /// Share of the compared pixels that differ, `0..=1`.
    pub share: f32,
    /// Contrast as a share of the best-fitting still's.
    pub gain: f32,
    /// Too dim or noisy to clear anything.
    pub dim: bool,
    /// Too dark or noisy to vouch that people stand out.
    pub dark: bool,
    /// The best-fitting still: its number among those compared.
    pub reference: usize,
    /// Whether the stills compared are approved: only then may this sighting clear anything.
    pub approved: bool,
    /// Per small pixel: over the threshold, or not compared.
    differs: Vec<bool>,
    small: FrameSize,
    frame: FrameSize,
}

impl Witness {
    /// A witness of frames of this size. Settings as for the [`Scene`](super::Scene) that compares them.
    #[must_use]
    pub fn new(size: FrameSize, settings: SceneSettings) -> Self {
        Self { frame: size, settings, kept: VecDeque::new() }
    }

    /// Nanoseconds that a frame waits for those after it before [`look`](Self::look) knows all that it can.
    #[must_use]
    pub fn wait_ns(&self) -> u64 {
        // In microseconds first: 0.12 as a 32-bit number is a little less, and would lose a frame 120 ms away.
        (f64::from(self.settings.window_secs.max(0.0)) * 1e6).round() as u64 * 1000
    }

    /// Takes the difference of the frame shown at `at_ns`. Times grow; a difference of another size than those kept
    /// replaces them.
    pub fn push(&mut self, at_ns: u64, difference: Difference) {
        if self.kept.back().is_some_and(|(_, last)| last.size != difference.size) {
            self.kept.clear();
        }
        self.kept.push_back((at_ns, difference));
    }

    /// What differs at that time; `None` where no frame was compared near it, so that nothing is known.
    ///
    /// A pixel differs by the mean over the window, so that noise and flicker even out, or by this frame alone where
    /// it does so by [`window_slack`](SceneSettings::window_slack) more, so that nobody is averaged away.
    #[must_use]
    pub fn look(&self, at_ns: u64) -> Option<Sighting> {
        let wait = self.wait_ns();
        let near: Vec<&(u64, Difference)> =
            self.kept.iter().filter(|(t, _)| t.abs_diff(at_ns) <= wait).collect();
        let (_, here) = near.iter().min_by_key(|(t, _)| t.abs_diff(at_ns))?;
        let mut map = vec![0.0f32; here.map.len()];
        for (_, difference) in &near {
            for (sum, v) in map.iter_mut().zip(&difference.map) {
                *sum += v;
            }
        }
        let per_frame = 1.0 / near.len() as f32;
        for (sum, v) in map.iter_mut().zip(&here.map) {
            *sum = (*sum * per_frame).max(v - self.settings.window_slack);
        }
        Some(self.sighting(&map, here))
    }

    /// Forgets frames before this time, all but those that later looks still average over.
    pub fn forget_before(&mut self, at_ns: u64) {
        let oldest = at_ns.saturating_sub(self.wait_ns());
        while self.kept.front().is_some_and(|(t, _)| *t < oldest) {
            self.kept.pop_front();
        }
    }

    fn sighting(&self, map: &[f32], here: &Difference) -> Sighting {
        let low = self.settings.low;
        let over = map.iter().filter(|v| **v > low).count();
        let compared = here.skipped.iter().filter(|skip| !**skip).count();
        let skipped = Arc::clone(&here.skipped);
        let frame = BoxPx::new(0.0, 0.0, self.frame.width as f32, self.frame.height as f32);
        let cut = |b: BoxPx| BoxPx::new(b.x0.max(0.0), b.y0.max(0.0), b.x1.min(frame.x1), b.y1.min(frame.y1));
        Sighting {
            boxes: boxes(map, here.size, self.frame, &self.settings).into_iter().map(cut).collect(),
            share: over as f32 / compared.max(1) as f32,
            gain: here.gain,
            dim: here.dim,
            dark: here.dark,
            reference: here.reference,
            approved: here.approved,
            differs: map.iter().zip(skipped.iter()).map(|(v, skip)| *v > low || *skip).collect(),
            small: here.size,
            frame: self.frame,
        }
    }
}

impl Sighting {
    /// Share of the box that differs from the empty scene, `0..=1`: what speaks against clearing it. What is not
    /// compared speaks against it too, and so does a box outside the picture.
    #[must_use]
    pub fn share_in(&self, area: &BoxPx) -> f32 {
        share_in(area, self.small, self.frame, |at| self.differs[at])
    }
}

impl Difference {
    /// Share of what was compared that differs.
    #[must_use]
    pub fn share(&self, settings: &SceneSettings) -> f32 {
        let compared = self.map.iter().zip(self.skipped.iter()).filter(|(_, skipped)| !**skipped);
        let (over, all) = compared
            .fold((0u32, 0u32), |(over, all), (value, _)| (over + u32::from(*value > settings.low), all + 1));
        over as f32 / all.max(1) as f32
    }

    /// [`Sighting::share_in`] by this frame of `size` alone.
    #[must_use]
    pub fn share_in(&self, area: &BoxPx, size: FrameSize, settings: &SceneSettings) -> f32 {
        share_in(area, self.size, size, |at| self.map[at] > settings.low || self.skipped[at])
    }
}

fn share_in(area: &BoxPx, small: FrameSize, frame: FrameSize, differs: impl Fn(usize) -> bool) -> f32 {
    let range = |low: f32, high: f32, small: u32, frame: u32| {
        let scale = small as f32 / frame.max(1) as f32;
        let first = ((low * scale).floor().max(0.0) as u32).min(small);
        first..((high * scale).ceil().max(0.0) as u32).min(small).max(first)
    };
    let columns = range(area.x0, area.x1, small.width, frame.width);
    let rows = range(area.y0, area.y1, small.height, frame.height);
    let all = rows.len() * columns.len();
    if all == 0 || !area.is_sound() {
        return 1.0;
    }
    let row = |y: u32| columns.clone().filter(|x| differs((y * small.width + x) as usize)).count();
    rows.map(row).sum::<usize>() as f32 / all as f32
}
