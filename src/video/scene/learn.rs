//! Learning the empty scene from several clips of one camera: what stands in one clip only is not the scene.
//!
//! Each clip's own still may hold somebody who lingered. So clips vote, pixel by pixel, in each other's light; what
//! nobody else has seen is replaced by what they have. Of the mended stills the few are kept that explain all
//! clips best: usually one per lighting.

use super::compare::{Comparer, Frame, unlike};
use super::light::{Fitter, Light, Samples};
use super::median::{Segment, byte, chroma_size, middle_of};
use super::plane::{folded, mean_3x3, quantile_of};
use super::reference::{MOST_SPREAD, Places, Prepared, Reference, SpreadMap};
use super::small::{SmallPicture, rgb, small_size};
use crate::config::SceneSettings;
use crate::geometry::FrameSize;
use crate::video::frame::{Colour, Layout, PixelFormat, PooledBytes, RawFrame, Stamp};

/// Why nothing could be learned.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// There was no clip.
    #[error("there is no clip to learn from; name at least one of this camera")]
    NoSegments,
    /// Clips of different sizes.
    #[error("one clip is {first}, another {other}; learn from clips of one size, as the camera records now")]
    Sizes {
        /// Size of the first clip.
        first: FrameSize,
        /// Size of the other one.
        other: FrameSize,
    },
}

/// What was learned.
pub struct Learnt {
    /// The stills, the one that explains most first.
    pub stills: Vec<Still>,
    /// How much the scene wavers by itself; `None` where too few clips tell.
    pub spread: Option<SpreadMap>,
}

/// A still of the empty scene. It may yet show somebody, so it is as raw as a frame.
pub struct Still {
    size: FrameSize,
    /// Y, and U and V at half the size, rounded up: BT.601, limited range.
    planes: [Vec<u8>; 3],
    /// The segment that it was made from, by its number.
    pub segment: usize,
}

/// Brightness within which two clips agree on a pixel, grey levels of a 3x3 mean: beyond what light, noise and
/// compression do to the same wall, below what a coat does.
const AGREE_LUMA: f32 = 12.0;
/// The same for U and V.
const AGREE_CHROMA: f32 = 6.0;
/// Others who have to agree with a clip on a pixel that it knows; one more where it does not.
const VOTES: usize = 1;
/// Fewer others who know a pixel than this, and it is furniture that the detector takes for a person in every clip:
/// then every clip votes, and one vote more is needed.
const FEW_KNOW: usize = 2;
/// Segments that it takes for a vote: of two that disagree nobody knows who is right.
const LEAST_VOTERS: usize = 3;
/// How far around a disputed pixel others' is taken, pixels of 384 across: somebody's outline is as grey as the
/// wall somewhere.
const MEND_REACH: usize = 3;
/// Another still has to explain this share of all pixels more, or it is not worth comparing with: about one small
/// person in a frame.
const WORTH: f32 = 0.0005;
/// Where the spread lies among the segments: above most, below the few in which somebody stood.
const SPREAD_SHARE: f32 = 0.8;
/// Segments that it takes for a spread: of fewer, one with somebody in it would make the place blind.
const LEAST_FOR_SPREAD: usize = 5;

/// Stills and spread of the empty scene from segments of several clips.
///
/// # Errors
/// [`LearnError`].
pub fn learn(segments: &[Segment], settings: &SceneSettings) -> Result<Learnt, LearnError> {
    let first = segments.first().ok_or(LearnError::NoSegments)?;
    if let Some(other) = segments.iter().find(|segment| segment.size != first.size) {
        return Err(LearnError::Sizes { first: first.size, other: other.size });
    }
    let work = Places::new(first.work.size, [].into_iter(), 0.0);
    let votes = (segments.len() >= LEAST_VOTERS).then(|| Votes::count(segments, &work));
    let places = Places::new(small_size(first.size, settings.width_px), [].into_iter(), 0.0);
    let mended: Vec<SmallPicture> = (0..segments.len())
        .map(|i| match &votes {
            Some(votes) => votes.mended_small(segments, i).at(places.size),
            None => segments[i].work.at(places.size),
        })
        .collect();
    let frames: Vec<Frame<'_>> = mended.iter().map(|small| Frame::of(small, &places)).collect();
    let prepared: Vec<Prepared> = mended.iter().map(|small| Prepared::of(small, &places, settings)).collect();
    let mut comparer = Comparer::new();
    let chosen = choose(&frames, &prepared, settings, &mut comparer);
    let spread = spread(&frames, &prepared, &chosen, settings, &mut comparer);
    let still = |&i: &usize| Still {
        size: first.size,
        planes: match &votes {
            Some(votes) => votes.mended(segments, i),
            None => segments[i].planes.clone(),
        },
        segment: i,
    };
    Ok(Learnt {
        stills: chosen.iter().map(still).collect(),
        spread: spread.map(|values| SpreadMap { size: places.size, values }),
    })
}

/// The clips' votes on each other.
struct Votes {
    /// `lights[i][j]`: clip `j` in the light of clip `i`.
    lights: Vec<Vec<Light>>,
    /// `disputed[i]`: pixels of clip `i` that others have not seen.
    disputed: Vec<Vec<bool>>,
    /// `furniture[i]`: too few others know the pixel, so all are asked.
    furniture: Vec<Vec<bool>>,
}

impl Votes {
    fn count(segments: &[Segment], places: &Places) -> Self {
        let samples: Vec<Samples> = segments
            .iter()
            .map(|segment| std::array::from_fn(|c| places.of(&segment.work.planes[c])))
            .collect();
        let means: Vec<[Vec<f32>; 3]> = segments
            .iter()
            .map(|segment| std::array::from_fn(|c| mean_3x3(&segment.work.planes[c], places.size)))
            .collect();
        let mut fitter = Fitter::new();
        let mut votes = Self { lights: Vec::new(), disputed: Vec::new(), furniture: Vec::new() };
        for (i, segment) in segments.iter().enumerate() {
            let lights: Vec<Light> = samples.iter().map(|other| fitter.fit(other, &samples[i])).collect();
            let (mut knowing, mut known_votes, mut all_votes) = (
                vec![0u16; segment.known.len()],
                vec![0u16; segment.known.len()],
                vec![0u16; segment.known.len()],
            );
            for (j, other) in segments.iter().enumerate().filter(|(j, _)| *j != i) {
                for at in 0..segment.known.len() {
                    let agrees = (0..3).all(|c| {
                        let (factor, constant) = lights[j].undo(c);
                        let most = if c == 0 { AGREE_LUMA } else { AGREE_CHROMA };
                        (factor * means[j][c][at] + constant - means[i][c][at]).abs() < most
                    });
                    knowing[at] += u16::from(other.known[at]);
                    known_votes[at] += u16::from(agrees && other.known[at]);
                    all_votes[at] += u16::from(agrees);
                }
            }
            let furniture: Vec<bool> = knowing.iter().map(|n| usize::from(*n) < FEW_KNOW).collect();
            let alone: Vec<bool> = (0..segment.known.len())
                .map(|at| {
                    let needed = VOTES + usize::from(!segment.known[at]) + usize::from(furniture[at]);
                    let votes = if furniture[at] { all_votes[at] } else { known_votes[at] };
                    usize::from(votes) < needed
                })
                .collect();
            votes.lights.push(lights);
            votes.disputed.push(folded(&alone, places.size, MEND_REACH, |a, b| a | b));
            votes.furniture.push(furniture);
        }
        votes
    }

    /// The others' median in the light of clip `i` for one channel; `at` of the small picture, `value` of each other.
    /// `None` where nobody may be asked.
    fn others(
        &self,
        segments: &[Segment],
        (i, channel, at): (usize, usize, usize),
        value: impl Fn(&Segment) -> f32,
        scratch: &mut Vec<f32>,
    ) -> Option<f32> {
        scratch.clear();
        let asked = |(j, other): &(usize, &Segment)| *j != i && (self.furniture[i][at] || other.known[at]);
        scratch.extend(segments.iter().enumerate().filter(asked).map(|(j, other)| {
            let (factor, constant) = self.lights[i][j].undo(channel);
            factor * value(other) + constant
        }));
        (!scratch.is_empty()).then(|| middle_of(scratch))
    }

    /// Clip `i`'s still, at the size at which clips vote, with what is disputed taken from the others.
    fn mended_small(&self, segments: &[Segment], i: usize) -> SmallPicture {
        let work = &segments[i].work;
        let mut scratch = Vec::new();
        let planes = std::array::from_fn(|c| {
            let mut plane = work.planes[c].clone();
            for (at, v) in plane.iter_mut().enumerate().filter(|(at, _)| self.disputed[i][*at]) {
                let others =
                    self.others(segments, (i, c, at), |other| other.work.planes[c][at], &mut scratch);
                *v = others.unwrap_or(*v);
            }
            plane
        });
        SmallPicture { size: work.size, planes }
    }

    /// The same in full size.
    fn mended(&self, segments: &[Segment], i: usize) -> [Vec<u8>; 3] {
        let (size, work) = (segments[i].size, segments[i].work.size);
        let mut scratch = Vec::new();
        std::array::from_fn(|c| {
            let plane_size = if c == 0 { size } else { chroma_size(size) };
            let width = plane_size.width as usize;
            let mut plane = segments[i].planes[c].clone();
            for (n, v) in plane.iter_mut().enumerate() {
                let down = (n / width) * work.height as usize / plane_size.height as usize;
                let across = (n % width) * work.width as usize / width;
                let at = down * work.width as usize + across;
                if self.disputed[i][at] {
                    let value = |other: &Segment| f32::from(other.planes[c][n]);
                    let others = self.others(segments, (i, c, at), value, &mut scratch);
                    *v = others.map_or(*v, byte);
                }
            }
            plane
        })
    }
}

/// Greedily, the stills that leave fewest pixels of all clips unexplained.
fn choose(
    frames: &[Frame<'_>],
    stills: &[Prepared],
    settings: &SceneSettings,
    comparer: &mut Comparer,
) -> Vec<usize> {
    // Bit maps: per still and clip, which pixels the still does not explain.
    let mut left_by = |still: usize| -> Vec<u64> {
        let mut bits = Vec::new();
        let pixels = stills[still].per_luma_step.len();
        for (i, frame) in frames.iter().enumerate() {
            let map = if i == still {
                vec![0.0; pixels]
            } else {
                // A still that does not fit explains nothing.
                unlike(frame, &[&stills[still]], settings, comparer).unwrap_or_else(|| vec![f32::MAX; pixels])
            };
            let word = |pixels: &[f32]| {
                pixels
                    .iter()
                    .enumerate()
                    .fold(0u64, |word, (n, v)| word | (u64::from(*v > settings.low) << n))
            };
            bits.extend(map.chunks(64).map(word));
        }
        bits
    };
    let left: Vec<Vec<u64>> = (0..stills.len()).map(&mut left_by).collect();
    let pixels = (frames.len() * stills.first().map_or(0, |s| s.per_luma_step.len())) as f32;
    let mut open = vec![u64::MAX; left.first().map_or(0, Vec::len)];
    let mut open_share = 1.0;
    let mut chosen: Vec<usize> = Vec::new();
    while chosen.len() < (settings.learn_stills as usize).min(stills.len()) {
        let share = |bits: &[u64]| {
            open.iter().zip(bits).map(|(a, b)| (a & b).count_ones() as f32).sum::<f32>() / pixels
        };
        let shares = left.iter().map(|bits| share(bits)).enumerate();
        let Some((best, best_share)) = shares.min_by(|a, b| a.1.total_cmp(&b.1)) else { break };
        if !chosen.is_empty() && open_share - best_share < WORTH {
            break;
        }
        chosen.push(best);
        open_share = best_share;
        open.iter_mut().zip(&left[best]).for_each(|(a, b)| *a &= b);
    }
    chosen
}

/// Per pixel, how far the segments stray from the chosen stills made of others.
fn spread(
    frames: &[Frame<'_>],
    stills: &[Prepared],
    chosen: &[usize],
    settings: &SceneSettings,
    comparer: &mut Comparer,
) -> Option<Vec<f32>> {
    let mut maps = Vec::new();
    for (i, frame) in frames.iter().enumerate() {
        let others: Vec<&Prepared> = chosen.iter().filter(|j| **j != i).map(|j| &stills[*j]).collect();
        maps.extend(unlike(frame, &others, settings, comparer));
    }
    if maps.len() < LEAST_FOR_SPREAD {
        return None;
    }
    let mut values = Vec::new();
    let map: Vec<f32> = (0..maps[0].len())
        .map(|at| {
            values.clear();
            values.extend(maps.iter().map(|map| map[at]));
            quantile_of(&mut values, SPREAD_SHARE).clamp(0.0, MOST_SPREAD)
        })
        .collect();
    Some(folded(&map, frames.first()?.size(), 1, f32::max))
}

impl Still {
    /// Size of the picture.
    #[must_use]
    pub fn size(&self) -> FrameSize {
        self.size
    }

    /// The still as a raw frame, so that it can be searched by detectors and masked before it is written.
    #[must_use]
    pub fn frame(&self) -> RawFrame {
        let layout = Layout::new(PixelFormat::I420, self.size);
        let mut bytes = vec![0; layout.len()];
        let chroma = chroma_size(self.size);
        let starts = [0, layout.luma_len(), layout.luma_len() + layout.chroma_len()];
        let strides = [layout.luma_stride, layout.chroma_stride, layout.chroma_stride];
        for (c, plane) in self.planes.iter().enumerate() {
            let width = if c == 0 { self.size.width } else { chroma.width } as usize;
            let rows = bytes[starts[c]..].chunks_mut(strides[c]);
            for (to, from) in rows.zip(plane.chunks_exact(width)) {
                to[..width].copy_from_slice(from);
            }
        }
        RawFrame {
            bytes: PooledBytes::owned(bytes),
            layout,
            colour: Colour::BT601,
            stamp: Stamp { index: 0, pts_ns: 0, duration_ns: None },
            damage: None,
        }
    }

    /// The still as a reference by itself.
    #[must_use]
    pub fn reference(&self, id: String, approved: bool, spread: Option<SpreadMap>) -> Reference {
        Reference::new(id, approved, self.pixels(), self.size, spread)
    }

    /// Rows of 8-bit RGB without padding.
    pub(in crate::video) fn pixels(&self) -> Vec<u8> {
        let (width, columns) = (self.size.width as usize, chroma_size(self.size).width as usize);
        let [y, u, v] = &self.planes;
        let pixel = |(at, y): (usize, &u8)| {
            let chroma = (at / width / 2) * columns + at % width / 2;
            rgb(Colour::BT601, [*y, u[chroma], v[chroma]].map(f32::from)).map(byte)
        };
        y.iter().enumerate().flat_map(pixel).collect()
    }
}
