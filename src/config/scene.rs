//! How a camera's empty scene is learned and compared: the site file's `[scene]`.
//!
//! Thresholds count in grey levels of 0..=255 in the light of the reference still, lengths in pixels of the small
//! picture that is compared, unless a name says otherwise. The defaults were measured on indoor and outdoor clips
//! of fixed cameras, in daylight and dimmed to 0.3 and 0.15 of it.

use super::document::Section;
use super::site::{fraction, set, whole};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// What becomes of frames that are too dark for anybody to be found, beside an approved still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum DarkPolicy {
    /// They are covered whole; a clip in which most are is refused.
    #[default]
    Refuse,
    /// They are covered whole.
    Cover,
    /// They are redacted as far as anything is found, and the report counts them.
    Report,
}

/// What becomes of what differs from the empty scene and is nobody whom the detector found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum UnexplainedPolicy {
    /// It is masked.
    #[default]
    Mask,
    /// It is shown, and only the report counts it.
    Report,
}

/// How frames are compared with the stills of the empty scene.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SceneSettings {
    /// What differs from the empty scene.
    pub unexplained: UnexplainedPolicy,
    /// Frames that are too dark.
    pub dark: DarkPolicy,
    /// Width of the small picture that is compared, pixels. Wider finds smaller people and costs by the square.
    pub width_px: u32,
    /// A difference of brightness counts from here on, grey levels ...
    pub luma_step: f32,
    /// ... and this share of the still's own brightness: bright walls waver more than dark ones.
    pub luma_share: f32,
    /// A difference of colour (U or V) counts from here on, grey levels.
    pub chroma_step: f32,
    /// A difference has to be this many standard deviations of the frame's own noise.
    pub noise_sigmas: f32,
    /// Pixels belong to something from this many thresholds on.
    pub low: f32,
    /// It is something only where some of its pixels differ by this many thresholds.
    pub seed: f32,
    /// How many pixels that takes.
    pub seed_px: u32,
    /// Smallest area that is something, as a share of the picture.
    pub least_share: f32,
    /// Margin around what differs, as a share of its width and height.
    pub margin: f32,
    /// The margin is at least this, pixels of the small picture.
    pub margin_px: f32,
    /// A box larger than this share of the picture is replaced by many small ones along what differs.
    pub large_box: f32,
    /// Differences are averaged over this time before and after each frame, seconds.
    pub window_secs: f32,
    /// A difference in one frame alone counts in full but for this many thresholds.
    pub window_slack: f32,
    /// Below this contrast, as a share of the still's, the picture is dim: nothing is cleared.
    pub dim_gain: f32,
    /// Below this contrast, people may not differ from the noise: nothing is vouched for.
    pub dark_gain: f32,
    /// A clip of a fixed camera without reference is compared with what most of it shows: this only ever adds masks.
    pub own_clip: bool,
    /// Such a clip has to last this long, seconds: in a shorter one whoever walks slowly is part of the scene.
    pub own_clip_secs: f32,
    /// Where more than this share of a picture differs from that, nothing is made of it: the light has changed, or the
    /// camera moves.
    pub own_clip_share: f32,
    /// Frames of each clip that its still is made of.
    pub learn_samples: u32,
    /// Most stills learned for one camera.
    pub learn_stills: u32,
}

impl Default for SceneSettings {
    fn default() -> Self {
        Self {
            unexplained: UnexplainedPolicy::Mask,
            dark: DarkPolicy::Refuse,
            width_px: 256,
            luma_step: 3.0,
            luma_share: 0.04,
            chroma_step: 4.0,
            noise_sigmas: 3.0,
            low: 0.4,
            seed: 0.6,
            seed_px: 3,
            least_share: 0.0002,
            margin: 0.15,
            margin_px: 2.5,
            large_box: 0.12,
            window_secs: 0.12,
            window_slack: 0.3,
            dim_gain: 0.25,
            dark_gain: 0.2,
            own_clip: true,
            own_clip_secs: 10.0,
            own_clip_share: 0.25,
            learn_samples: 25,
            learn_stills: 6,
        }
    }
}

impl SceneSettings {
    pub(super) fn read(&mut self, section: &mut Section<'_>) {
        set(section, "unexplained", &mut self.unexplained, |item| item.word());
        set(section, "dark", &mut self.dark, |item| item.word());
        set(section, "width_px", &mut self.width_px, |item| whole(item, 64..=1024));
        set(section, "luma_step", &mut self.luma_step, |item| fraction(item, 0.5..=64.0));
        set(section, "luma_share", &mut self.luma_share, |item| fraction(item, 0.0..=0.5));
        set(section, "chroma_step", &mut self.chroma_step, |item| fraction(item, 0.5..=64.0));
        set(section, "noise_sigmas", &mut self.noise_sigmas, |item| fraction(item, 1.0..=10.0));
        set(section, "low", &mut self.low, |item| fraction(item, 0.05..=5.0));
        set(section, "seed", &mut self.seed, |item| fraction(item, 0.05..=5.0));
        set(section, "seed_px", &mut self.seed_px, |item| whole(item, 1..=1000));
        set(section, "least_share", &mut self.least_share, |item| fraction(item, 0.0..=0.05));
        set(section, "margin", &mut self.margin, |item| fraction(item, 0.0..=2.0));
        set(section, "margin_px", &mut self.margin_px, |item| fraction(item, 0.0..=50.0));
        set(section, "large_box", &mut self.large_box, |item| fraction(item, 0.01..=1.0));
        set(section, "window_secs", &mut self.window_secs, |item| fraction(item, 0.0..=1.0));
        set(section, "window_slack", &mut self.window_slack, |item| fraction(item, 0.0..=5.0));
        set(section, "dim_gain", &mut self.dim_gain, |item| fraction(item, 0.0..=1.0));
        set(section, "dark_gain", &mut self.dark_gain, |item| fraction(item, 0.0..=1.0));
        set(section, "own_clip", &mut self.own_clip, |item| item.boolean());
        set(section, "own_clip_secs", &mut self.own_clip_secs, |item| fraction(item, 1.0..=3600.0));
        set(section, "own_clip_share", &mut self.own_clip_share, |item| fraction(item, 0.0..=1.0));
        set(section, "learn_samples", &mut self.learn_samples, |item| whole(item, 5..=200));
        set(section, "learn_stills", &mut self.learn_stills, |item| whole(item, 1..=20));
    }
}
