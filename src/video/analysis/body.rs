//! The second line of an analysis file: an analysis as lists of whole numbers, and back. Edges are tenths of a pixel,
//! confidences thousandths, times nanoseconds; everything else counts frames. Nothing read is believed: a number that
//! cannot be refuses the file.

use super::knowledge::{AnalysedFrame, AnalysedTrack, Analysis};
use super::numbers::{self, Nonsense, Runs};
use crate::config::{Target, TrackSettings};
use crate::geometry::{BoxPx, FrameSize};
use crate::video::appearance::{APPEARANCE_LEN, Appearance};
use crate::video::plan::{CoverReason, Detection};
use crate::video::scene::SceneKind;
use crate::video::track::{Sighting, Track};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most frames: a day of more than 60 a second. What is inflated to so many must not fill the memory.
const MOST_FRAMES: usize = 8_000_000;
/// Latest time of a frame, nanoseconds: 146 years.
const LATEST_NS: i64 = i64::MAX / 2;
/// Farthest edge of a box, tenths of a pixel.
const FARTHEST: i64 = 10_000_000;
/// Longest side of a picture, pixels.
const LONGEST_SIDE: u32 = 1 << 17;

/// An analysis as it is written. Every list is as `numbers` makes it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    size: FrameSize,
    /// Which empty scene frames were compared with.
    compared: Option<SceneKind>,
    /// Differences of the differences of the frames' times: zeros at a steady rate.
    times_ns: Vec<i64>,
    /// Stretches of frames that must be covered.
    covered: BTreeMap<CoverReason, Vec<i64>>,
    /// Stretches of dim frames.
    dim: Vec<i64>,
    /// Target, four edges and confidence of every detection that no track has.
    loose: Vec<i64>,
    /// Four edges of everything that differs from the empty scene.
    unexplained: Vec<i64>,
    tracks: Vec<TrackBody>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrackBody {
    id: u32,
    target: String,
    sure: bool,
    /// Every sighting of it is furniture.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    furniture: bool,
    /// Frame, four edges, confidence, and 1 for a weak one.
    sightings: Vec<i64>,
    /// Stretches of frames in which it was cleared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cleared: Vec<i64>,
    /// Frame, and the numbers of what the person wore then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    looks: Vec<i64>,
}

/// Frame and numbers of an appearance.
const LOOK: usize = 1 + APPEARANCE_LEN;

/// A confidence in thousandths, rounded up.
fn thousandths(score: f32) -> i64 {
    let nearest = (f64::from(score) * 1000.0).round() as i64;
    (nearest + i64::from(of_thousandths(nearest) < score)).min(1000)
}

fn of_thousandths(thousandths: i64) -> f32 {
    (thousandths as f64 / 1000.0) as f32
}

/// The detection as it stands in a file: its box rounded outward, its confidence upward. Doing it again changes nothing.
#[must_use]
pub(in crate::video) fn rounded(found: Detection) -> Detection {
    Detection { area: found.area.outward_tenths(), score: of_thousandths(thousandths(found.score)), ..found }
}

impl Body {
    pub(super) fn of(analysis: &Analysis) -> Self {
        let Analysis { frames, tracks, size, compared, dim, .. } = analysis;
        let times = numbers::differences(frames.iter().map(|frame| [frame.pts_ns as i64]));
        let times_ns = numbers::differences(times.into_iter().map(|step| [step]));
        let mut covered: BTreeMap<CoverReason, Runs> = BTreeMap::new();
        for (at, frame) in frames.iter().enumerate() {
            if let Some(reason) = frame.covered {
                covered.entry(reason).or_default().add(at);
            }
        }
        let loose = |d: &Detection| {
            let target = Target::ALL.iter().position(|t| *t == d.target).unwrap_or_default();
            let [x0, y0, x1, y1] = d.area.tenths();
            [target as i64, x0, y0, x1, y1, thousandths(d.score)]
        };
        let track = |known: &AnalysedTrack| {
            let track = &known.track;
            let sighting = |s: &Sighting| {
                let at = analysis.position(s.at_ns)?;
                let [x0, y0, x1, y1] = s.area.tenths();
                Some([at as i64, x0, y0, x1, y1, thousandths(s.score), i64::from(s.weak)])
            };
            let look = |(at_ns, worn): &(u64, Appearance)| {
                let mut row = [analysis.position(*at_ns)? as i64; LOOK];
                row[1..].iter_mut().zip(worn.numbers()).for_each(|(cell, n)| *cell = i64::from(*n));
                Some(row)
            };
            TrackBody {
                id: track.id,
                target: track.target.word().to_owned(),
                sure: track.is_sure(),
                furniture: track.is_furniture(),
                sightings: numbers::differences(track.sightings().iter().filter_map(sighting)),
                cleared: known.cleared.numbers(),
                looks: numbers::differences(known.looks.iter().filter_map(look)),
            }
        };
        Self {
            size: *size,
            compared: *compared,
            times_ns,
            covered: covered.into_iter().map(|(reason, runs)| (reason, runs.numbers())).collect(),
            dim: dim.numbers(),
            loose: grouped(frames, |frame| frame.loose.iter().map(loose).collect()),
            unexplained: grouped(frames, |frame| frame.unexplained.iter().map(BoxPx::tenths).collect()),
            tracks: tracks.iter().map(track).collect(),
        }
    }

    /// The analysis again.
    pub(super) fn analysis(
        self,
        source_sha256: String,
        settings: TrackSettings,
    ) -> Result<Analysis, Nonsense> {
        let Self { size, compared, times_ns, covered, dim, loose, unexplained, tracks } = self;
        let sides = 1..=LONGEST_SIDE;
        if !sides.contains(&size.width) || !sides.contains(&size.height) {
            return Err(Nonsense);
        }
        let mut frames = times(&times_ns)?;
        let count = frames.len();
        for (reason, runs) in covered {
            Runs::of(&runs, count)?.frames().for_each(|at| frames[at].covered = Some(reason));
        }
        for (at, rows) in numbers::groups::<4>(&unexplained, count)? {
            frames[at].unexplained = rows.into_iter().map(edges).collect::<Result<_, _>>()?;
        }
        for (at, rows) in numbers::groups::<6>(&loose, count)? {
            let detection = |[target, x0, y0, x1, y1, score]: [i64; 6]| {
                let target = usize::try_from(target).ok().and_then(|i| Target::ALL.get(i));
                let area = edges([x0, y0, x1, y1])?;
                Ok(Detection {
                    target: *target.ok_or(Nonsense)?,
                    area,
                    score: confidence(score)?,
                    weak: false,
                })
            };
            frames[at].loose = rows.into_iter().map(detection).collect::<Result<_, _>>()?;
        }
        if !tracks.is_sorted_by(|a, b| a.id < b.id) {
            return Err(Nonsense);
        }
        let tracks = tracks.into_iter().map(|track| track.read(&frames, size, &settings));
        let tracks = tracks.collect::<Result<_, _>>()?;
        let dim = Runs::of(&dim, count)?;
        Ok(Analysis { source_sha256, size, settings, compared, frames, tracks, dim })
    }
}

impl TrackBody {
    fn read(
        self,
        frames: &[AnalysedFrame],
        size: FrameSize,
        settings: &TrackSettings,
    ) -> Result<AnalysedTrack, Nonsense> {
        let target = Target::ALL.into_iter().find(|t| t.word() == self.target).ok_or(Nonsense)?;
        let sighting = |[at, x0, y0, x1, y1, score, weak]: [i64; 7]| {
            let frame = usize::try_from(at).ok().and_then(|at| frames.get(at)).ok_or(Nonsense)?;
            let weak = [0, 1].contains(&weak).then_some(weak == 1).ok_or(Nonsense)?;
            let area = edges([x0, y0, x1, y1])?;
            let found = Detection { target, area, score: confidence(score)?, weak };
            Ok(Sighting::of(&found, frame.pts_ns, size, settings))
        };
        let rows = numbers::rows(&self.sightings)?;
        let sightings = rows.into_iter().map(sighting).collect::<Result<Vec<_>, _>>()?;
        let track = Track::restore(self.id, target, &sightings, (self.sure, self.furniture), settings)
            .ok_or(Nonsense)?;
        let look = |row: [i64; LOOK]| {
            let frame = usize::try_from(row[0]).ok().and_then(|at| frames.get(at)).ok_or(Nonsense)?;
            let mut worn = [0; APPEARANCE_LEN];
            for (n, cell) in worn.iter_mut().zip(&row[1..]) {
                *n = u8::try_from(*cell).map_err(|_| Nonsense)?;
            }
            Ok((frame.pts_ns, Appearance::of_numbers(worn).ok_or(Nonsense)?))
        };
        let looks = numbers::rows(&self.looks)?.into_iter().map(look).collect::<Result<Vec<_>, _>>()?;
        if !looks.is_sorted_by(|a, b| a.0 < b.0) {
            return Err(Nonsense);
        }
        Ok(AnalysedTrack { track, cleared: Runs::of(&self.cleared, frames.len())?, looks })
    }
}

/// What `of` says of each frame, for those of which it says anything.
fn grouped<const W: usize>(
    frames: &[AnalysedFrame],
    of: impl Fn(&AnalysedFrame) -> Vec<[i64; W]>,
) -> Vec<i64> {
    let all = frames.iter().map(of).enumerate();
    numbers::grouped(all.filter(|(_, rows)| !rows.is_empty()))
}

/// Frames with nothing but their times, which grow.
fn times(numbers: &[i64]) -> Result<Vec<AnalysedFrame>, Nonsense> {
    let steps: Vec<[i64; 1]> = numbers::rows(numbers)?;
    let times: Vec<[i64; 1]> = numbers::rows(steps.as_flattened())?;
    let sound = times.is_sorted_by(|a, b| a < b) && times.iter().all(|[t]| (0..=LATEST_NS).contains(t));
    if !sound || times.is_empty() || times.len() > MOST_FRAMES {
        return Err(Nonsense);
    }
    let frame = |[t]: [i64; 1]| AnalysedFrame { pts_ns: t.unsigned_abs(), ..AnalysedFrame::default() };
    Ok(times.into_iter().map(frame).collect())
}

fn edges(tenths: [i64; 4]) -> Result<BoxPx, Nonsense> {
    let [x0, y0, x1, y1] = tenths;
    let near = tenths.iter().all(|v| (-FARTHEST..=FARTHEST).contains(v));
    if near && x0 <= x1 && y0 <= y1 { Ok(BoxPx::from_tenths(tenths)) } else { Err(Nonsense) }
}

fn confidence(thousandths: i64) -> Result<f32, Nonsense> {
    if (0..=1000).contains(&thousandths) { Ok(of_thousandths(thousandths)) } else { Err(Nonsense) }
}
