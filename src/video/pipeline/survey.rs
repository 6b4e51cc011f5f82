//! Clips of one camera, surveyed for its empty scene: frames spread over each clip, with what was found in them.
//!
//! What a still is made of these is the learner's matter ([`SceneLearner`]). What comes back is masked by the plan, so
//! that private regions are filled before a still is written anywhere.

use crate::config::{Light, Site};
use crate::geometry::FrameSize;
use crate::interrupt::Interrupt;
use crate::video::detect::{DetectError, Detector, DetectorFactory, Look, absurd};
use crate::video::frame::{RawFrame, RedactedFrame};
use crate::video::mask::Masker;
use crate::video::plan::{Detection, Observations, Planner};
use crate::video::source::{Clip, Source, SourceError};
use std::collections::BTreeMap;

/// Frames taken of a clip, at most; half as many at least where its container does not say how long it is.
const FRAMES: usize = 25;
/// Frames in one light that make a segment of their own beside those in another: a lamp that was on for a moment does
/// not.
const LEAST_IN_ONE_LIGHT: usize = 5;
/// Luma, of 16 to 235, below which the median pixel of a frame makes it night.
const NIGHT_LUMA: u8 = 55;
/// Distance of a chroma sample from grey from which on it has a colour; compression leaves up to this on grey.
const COLOUR: u8 = 6;
/// Share of coloured chroma samples below which a picture has no colour.
const COLOURLESS: f32 = 0.005;

/// A frame, and what was found in it.
pub struct Surveyed {
    /// The picture, undamaged.
    pub frame: RawFrame,
    /// What the detector found.
    pub detections: Vec<Detection>,
}

pub(crate) mod sealed {
    //! What cannot be named outside of this program.

    /// A learner of this program.
    pub trait OwnLearner {}
}

/// Makes stills of the empty scene of what clips show.
/// It is given raw frames, so nobody else can write one.
pub trait SceneLearner: sealed::OwnLearner {
    /// What is kept of one clip in one light: far less than its frames.
    type Segment;

    /// Sums up frames of one clip in one light; none where they tell nothing.
    fn segment(&self, frames: &[Surveyed]) -> Option<Self::Segment>;

    /// Makes stills, the best first.
    ///
    /// # Errors
    /// A sentence for whoever asked.
    fn learn(&self, segments: &[Self::Segment]) -> Result<LearntScene, String>;
}

/// What a learner makes.
pub struct LearntScene {
    /// Stills as raw as frames: somebody may be on them.
    pub stills: Vec<RawFrame>,
    /// How far the scene strays from them, where that is known.
    pub spread: Option<GreyPicture>,
}

/// Size of a picture, and its rows of 8-bit grey without padding.
pub type GreyPicture = (FrameSize, Vec<u8>);

/// A still, private regions filled.
pub struct SceneStill {
    /// The picture.
    pub picture: RedactedFrame,
    /// The light on it.
    pub light: Light,
}

/// Why nothing was learned.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// A clip cannot be decoded.
    #[error("{clip}: {source}")]
    Source {
        /// The clip.
        clip: String,
        /// What is wrong with it.
        source: SourceError,
    },
    /// The detector cannot be made.
    #[error(transparent)]
    Detect(#[from] DetectError),
    /// A clip without a frame that can be used.
    #[error("{0}: every frame is damaged or could not be searched for people; learn from another clip")]
    Nothing(String),
    /// The learner gave up.
    #[error("{0}")]
    Learner(String),
}

/// Stills of the empty scene, and how far it strays from them. The clips are those of one camera; `planner` hides its
/// private regions.
///
/// # Errors
/// [`SurveyError`].
pub fn learn_scene<L: SceneLearner>(
    clips: &[Clip],
    site: &Site,
    planner: &dyn Planner,
    detectors: &dyn DetectorFactory,
    learner: &L,
    interrupt: &Interrupt,
) -> Result<(Vec<SceneStill>, Option<GreyPicture>), SurveyError> {
    let mut detector = detectors.make()?;
    let mut segments = Vec::new();
    for clip in clips {
        let name = || clip.path().display().to_string();
        let frames = survey(clip, site, detector.as_mut(), interrupt)
            .map_err(|source| SurveyError::Source { clip: name(), source })?;
        let found: Vec<_> = by_light(frames).iter().filter_map(|frames| learner.segment(frames)).collect();
        if found.is_empty() {
            return Err(SurveyError::Nothing(name()));
        }
        segments.extend(found);
    }
    let LearntScene { stills, spread } = learner.learn(&segments).map_err(SurveyError::Learner)?;
    let masker = Masker::new(site.mask.clone());
    let stills = stills.into_iter().map(|still| {
        let light = light_of(&still);
        let nobody = Observations::untracked(still.size(), Vec::new());
        let plan = planner.plan(still.stamp, &nobody);
        SceneStill { picture: masker.redact(still, &plan), light }
    });
    Ok((stills.collect(), spread))
}

/// Undamaged frames spread over the whole clip, searched.
pub(super) fn survey(
    clip: &Clip,
    site: &Site,
    detector: &mut dyn Detector,
    interrupt: &Interrupt,
) -> Result<Vec<Surveyed>, SourceError> {
    let declared = Source::declared(clip).ok().and_then(|declared| declared.frames);
    let mut sampler = Sampler::new(declared);
    let mut source = Source::open(clip, &site.limits, interrupt)?;
    while let Some(frame) = source.next_frame()? {
        if frame.damage().is_none() {
            sampler.offer(frame.index(), frame);
        }
    }
    let searched = sampler.kept.into_iter().filter_map(|(_, frame)| {
        let detections = detector.detect(&frame, &Look::EVERYTHING).ok()?;
        (!absurd(&detections, frame.size())).then_some(Surveyed { frame, detections })
    });
    Ok(searched.collect())
}

/// Keeps things at equal distances of a row whose length nobody need know.
struct Sampler<T> {
    step: u64,
    kept: Vec<(u64, T)>,
}

impl<T> Sampler<T> {
    /// For a row of this length, if it is known.
    fn new(length: Option<u64>) -> Self {
        Self { step: length.unwrap_or(0).div_ceil(FRAMES as u64).max(1), kept: Vec::new() }
    }

    fn offer(&mut self, index: u64, thing: T) {
        let due = self.kept.last().is_none_or(|(last, _)| index / self.step > last / self.step);
        if !due {
            return;
        }
        self.kept.push((index, thing));
        if self.kept.len() > FRAMES {
            // Longer than was known: every other one goes.
            self.step *= 2;
            let mut place = 0;
            self.kept.retain(|_| {
                place += 1;
                place % 2 == 1
            });
        }
    }
}

/// The frames by their light; what is too little for a light of its own stays with the most frequent one, which
/// comes first.
pub(super) fn by_light(frames: Vec<Surveyed>) -> Vec<Vec<Surveyed>> {
    let mut lights: BTreeMap<Light, Vec<Surveyed>> = BTreeMap::new();
    for surveyed in frames {
        lights.entry(light_of(&surveyed.frame)).or_default().push(surveyed);
    }
    let mut groups: Vec<_> = lights.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let mut groups = groups.into_iter();
    let first = groups.next();
    first.into_iter().chain(groups.filter(|group| group.len() >= LEAST_IN_ONE_LIGHT)).collect()
}

/// The light that a frame was filmed in: infrared where colour is nearly absent, night where it is dark.
#[must_use]
pub fn light_of(frame: &RawFrame) -> Light {
    let FrameSize { width, height } = frame.size();
    let (columns, rows) = frame.size().chroma();
    let (mut coloured, mut all) = (0u64, 0u64);
    let planes: Vec<_> = frame.chroma().collect();
    // One interleaved plane has both samples of a pair side by side.
    let across = columns as usize * if planes.len() == 1 { 2 } else { 1 };
    for plane in &planes {
        for row in plane.data.chunks(plane.stride).take(rows as usize) {
            coloured += row[..across].iter().filter(|sample| sample.abs_diff(128) > COLOUR).count() as u64;
            all += across as u64;
        }
    }
    if (coloured as f32) < COLOURLESS * all as f32 {
        return Light::Infrared;
    }
    let mut histogram = [0u64; 256];
    let luma = frame.luma();
    for row in luma.data.chunks(luma.stride).take(height as usize) {
        row[..width as usize].iter().for_each(|sample| histogram[usize::from(*sample)] += 1);
    }
    let dark: u64 = histogram[..usize::from(NIGHT_LUMA)].iter().sum();
    if 2 * dark > u64::from(width) * u64::from(height) { Light::Night } else { Light::Day }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::frame::{Colour, Layout, PixelFormat, Stamp};
    use proptest::prelude::*;

    const SIZE: FrameSize = FrameSize { width: 65, height: 33 };

    /// A picture of one luma, in which a share of the chroma has a colour; padding is coloured, and dark.
    fn picture(format: PixelFormat, luma: u8, coloured: f32) -> RawFrame {
        let layout = Layout::new(format, SIZE);
        let mut bytes = vec![0; layout.len()];
        for row in bytes[..layout.luma_len()].chunks_mut(layout.luma_stride).take(33) {
            row[..65].fill(luma);
        }
        let across = if layout.chroma_planes() == 1 { 66 } else { 33 };
        for (n, row) in bytes[layout.luma_len()..].chunks_mut(layout.chroma_stride).enumerate() {
            row[..across].fill(if (n as f32) < coloured * 17.0 * layout.chroma_planes() as f32 {
                90
            } else {
                131
            });
        }
        let stamp = Stamp { index: 0, pts_ns: 0, duration_ns: None };
        RawFrame::from_samples(format, SIZE, Colour::BT601, stamp, bytes).expect("the layout's length")
    }

    #[test]
    fn light_is_told_from_colour_and_brightness() {
        for format in [PixelFormat::I420, PixelFormat::Nv12] {
            let light = |luma, coloured| light_of(&picture(format, luma, coloured));
            assert_eq!(light(120, 0.3), Light::Day);
            assert_eq!(light(30, 0.3), Light::Night);
            assert_eq!(light(120, 0.0), Light::Infrared);
            assert_eq!(light(30, 0.0), Light::Infrared);
        }
    }

    #[test]
    fn a_light_of_its_own_takes_some_frames() {
        let frames = |luma, coloured, count| {
            (0..count).map(move |_| Surveyed {
                frame: picture(PixelFormat::I420, luma, coloured),
                detections: Vec::new(),
            })
        };
        let all = frames(120, 0.5, 9).chain(frames(30, 0.5, 5)).chain(frames(120, 0.0, 4)).collect();
        let lengths: Vec<_> = by_light(all).iter().map(Vec::len).collect();
        assert_eq!(lengths, [9, 5]);
        assert_eq!(by_light(frames(120, 0.0, 2).collect()).len(), 1, "the only light is one");
    }

    proptest! {
        #[test]
        fn samples_are_spread_over_the_whole_row(length in 1u64..3000, known in any::<bool>()) {
            let mut sampler = Sampler::new(known.then_some(length));
            (0..length).for_each(|index| sampler.offer(index, ()));
            let kept: Vec<u64> = sampler.kept.iter().map(|(index, ())| *index).collect();
            prop_assert!(kept.len() <= FRAMES && kept.len() as u64 >= length.min(FRAMES as u64 / 2));
            let widest = kept.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
            prop_assert_eq!(kept[0], 0);
            prop_assert!(widest <= sampler.step && length - kept[kept.len() - 1] <= 2 * sampler.step);
        }
    }
}
