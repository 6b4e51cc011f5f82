//! Crops of people for staff to look at: the only pictures that leave this wing with somebody to be seen on them.
//!
//! A second pass over an analysed clip decodes once more and keeps of each shot the sharpest of its moments, small and
//! encoded, so that memory grows with the number of shots and not with the clip. Private regions of the camera are
//! hidden in the picture before anything is cut out of it. What comes out is a [`RawCrop`], which cannot be printed,
//! copied or serialised, and whose bytes only the review storage takes (`casework/review`; `tests/architecture.rs`
//! looks who does).
//!
//! No crop without a [`Warrant`], which only an entry of the audit log gives:
//! ```compile_fail
//! use melkglas::video::pipeline::{CropError, CropJob, RawCrop, Shot, cut_crops};
//! fn show(job: &CropJob<'_>, shots: &[Shot]) -> Result<Vec<Option<RawCrop>>, CropError> {
//!     cut_crops(job, shots)
//! }
//! ```
//! nor with one that was made by hand:
//! ```compile_fail
//! use melkglas::video::warrant::{Leave, Warrant};
//! fn forge(sha256: String) -> Warrant<'static> {
//!     Warrant::of_entry(Leave::Pictures, sha256)
//! }
//! ```
//! nor can a crop be read, copied or printed outside of this crate:
//! ```compile_fail
//! fn read(crop: melkglas::video::pipeline::RawCrop) -> Vec<u8> {
//!     crop.into_jpeg()
//! }
//! ```
//! ```compile_fail
//! fn print(crop: &melkglas::video::pipeline::RawCrop) -> String {
//!     format!("{crop:?}")
//! }
//! ```
//! What does compile:
//! ```
//! use melkglas::casework::audit::Receipt;
//! use melkglas::video::pipeline::{CropError, CropJob, RawCrop, Shot, cut_crops};
//! use melkglas::video::warrant::Warrant;
//! fn leave(receipt: &Receipt) -> Option<Warrant<'_>> {
//!     receipt.warrant()
//! }
//! fn show(
//!     job: &CropJob<'_>,
//!     shots: &[Shot],
//!     warrant: &Warrant<'_>,
//! ) -> Result<Vec<Option<RawCrop>>, CropError> {
//!     cut_crops(job, shots, warrant)
//! }
//! fn moment(crop: &RawCrop) -> String {
//!     format!("{} {:?}", crop.at_ns(), crop.area())
//! }
//! ```

use crate::config::{LimitSettings, MaskSettings};
use crate::geometry::{BoxPx, PxRect};
use crate::interrupt::Interrupt;
use crate::video::analysis::Analysis;
use crate::video::frame::{RawFrame, RedactedFrame};
use crate::video::mask::Masker;
use crate::video::plan::{Observations, Planner};
use crate::video::source::{Clip, ClipError, Source, SourceError};
use crate::video::warrant::{Leave, Warrant};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, resize};
use image::{ExtendedColorType, ImageEncoder, RgbImage};
use std::collections::BTreeMap;

/// Share of its width and height by which a box grows on every side, so that head and feet are on the crop.
const MARGIN: f32 = 0.12;
/// Longest side of a crop, pixels; larger ones are scaled down. Somebody is known again on it, and a sheet of
/// hundreds stays small.
const LONGEST_SIDE_PX: u32 = 400;
/// JPEG quality of 100.
const QUALITY: u8 = 88;

/// What crops are cut of.
pub struct CropJob<'a> {
    /// The clip.
    pub clip: &'a Clip,
    /// What is known of it.
    pub analysis: &'a Analysis,
    /// Hides the camera's private regions.
    pub planner: &'a dyn Planner,
    /// How they are hidden.
    pub mask: &'a MaskSettings,
    /// What a clip may ask of the decoder.
    pub limits: &'a LimitSettings,
    /// Go on with what is there of a clip that breaks off.
    pub accept_damaged: bool,
    /// Stops the work.
    pub interrupt: &'a Interrupt,
}

/// One moment at which somebody could be cut out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    /// When its frame is shown, nanoseconds after the clip's first frame; a time of the analysis.
    pub at_ns: u64,
    /// Where, pixels of the displayed picture, without margin.
    pub area: BoxPx,
    /// How much this moment is preferred over others of the same sharpness; above zero.
    pub weight: f32,
}

/// Moments of which the sharpest is wanted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shot {
    /// In any order.
    pub moments: Vec<Moment>,
}

/// Somebody cut out of a raw picture, as a JPEG. It has no `Debug`, `Clone` or `Serialize`.
pub struct RawCrop {
    moment: Moment,
    jpeg: Vec<u8>,
}

impl RawCrop {
    /// When its frame is shown, nanoseconds after the clip's first frame.
    #[must_use]
    pub fn at_ns(&self) -> u64 {
        self.moment.at_ns
    }

    /// Where it was cut out, pixels of the displayed picture, without margin.
    #[must_use]
    pub fn area(&self) -> BoxPx {
        self.moment.area
    }

    /// The picture, for the review storage alone.
    pub(crate) fn into_jpeg(self) -> Vec<u8> {
        self.jpeg
    }
}

/// Why there are no crops.
#[derive(Debug, thiserror::Error)]
pub enum CropError {
    /// The warrant is for something else, or for another clip.
    #[error("the entry in the audit log does not allow to show people of this clip")]
    NotAllowed,
    /// The clip cannot be decoded.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The clip was changed since it was analysed.
    #[error(transparent)]
    Clip(#[from] ClipError),
    /// A crop cannot be written as a picture.
    #[error("a crop cannot be encoded: {0}")]
    Encode(#[from] image::ImageError),
}

/// The sharpest moment of each shot, cut out; `None` where no frame of it can be shown: covered by the analysis, or
/// damaged in this pass.
///
/// # Errors
/// [`CropError`]; nothing was shown to anybody then.
pub fn cut_crops(
    job: &CropJob<'_>,
    shots: &[Shot],
    warrant: &Warrant<'_>,
) -> Result<Vec<Option<RawCrop>>, CropError> {
    if !warrant.allows(Leave::Pictures, job.analysis.source_sha256()) {
        return Err(CropError::NotAllowed);
    }
    let mut table = Table::of(shots);
    let masker = Masker::new(job.mask.clone());
    let mut source = Source::open(job.clip, job.limits, job.interrupt)?;
    while !table.is_done()
        && let Some(frame) = next(&mut source, job.accept_damaged)?
    {
        let due = table.due(frame.pts_ns());
        if due.is_empty() {
            continue;
        }
        if frame.damage().is_none() && job.analysis.frame_at(frame.pts_ns()).is_ok() {
            let better: Vec<(usize, Moment, f32)> = table.better(&frame, &due).collect();
            if !better.is_empty() {
                // Nobody is observed, so what the planner hides are the camera's private regions.
                let nobody = Observations::untracked(frame.size(), Vec::new());
                let plan = job.planner.plan(frame.stamp, &nobody).for_frame(frame.size());
                let picture = masker.redact(frame, &plan);
                for (shot, moment, score) in better {
                    table.keep(shot, moment, score, &picture);
                }
            }
        }
        table.close(&due)?;
    }
    job.clip.check_unchanged()?;
    table.finish()
}

/// The next frame; none where a clip breaks off that may.
fn next(source: &mut Source, accept_damaged: bool) -> Result<Option<RawFrame>, SourceError> {
    match source.next_frame() {
        Err(SourceError::Decode { .. } | SourceError::Stalled { .. }) if accept_damaged => Ok(None),
        frame => frame,
    }
}

/// Which shots are open, and the best of each so far.
struct Table {
    /// By time: the shot, and its moment then.
    moments: BTreeMap<u64, Vec<(usize, Moment)>>,
    open: Vec<Open>,
}

/// One shot on its way.
#[derive(Default)]
struct Open {
    /// Moments still to come.
    left: usize,
    best: Option<(f32, Moment, RgbImage)>,
    done: Option<RawCrop>,
}

impl Table {
    fn of(shots: &[Shot]) -> Self {
        let mut moments: BTreeMap<u64, Vec<(usize, Moment)>> = BTreeMap::new();
        for (shot, moment) in
            shots.iter().enumerate().flat_map(|(i, s)| s.moments.iter().map(move |m| (i, m)))
        {
            moments.entry(moment.at_ns).or_default().push((shot, *moment));
        }
        let open = shots.iter().map(|shot| Open { left: shot.moments.len(), ..Open::default() });
        Self { moments, open: open.collect() }
    }

    fn is_done(&self) -> bool {
        self.moments.is_empty()
    }

    /// The moments of the frame shown at this time; those before it are gone, for frames come in order.
    fn due(&mut self, at_ns: u64) -> Vec<(usize, Moment)> {
        let later = self.moments.split_off(&(at_ns + 1));
        let mut past = std::mem::replace(&mut self.moments, later);
        let due = past.remove(&at_ns).unwrap_or_default();
        for (shot, _) in past.into_values().flatten() {
            self.open[shot].left -= 1;
        }
        due
    }

    /// Those that are sharper than what is kept of their shots.
    fn better<'a>(
        &'a self,
        frame: &'a RawFrame,
        due: &'a [(usize, Moment)],
    ) -> impl Iterator<Item = (usize, Moment, f32)> + 'a {
        due.iter().filter_map(|(shot, moment)| {
            let area = PxRect::outward(&moment.area, frame.size())?;
            let score = sharpness(frame, area) * moment.weight;
            let best = self.open[*shot].best.as_ref();
            best.is_none_or(|(best, ..)| score > *best).then_some((*shot, *moment, score))
        })
    }

    fn keep(&mut self, shot: usize, moment: Moment, score: f32, picture: &RedactedFrame) {
        let Some(area) = PxRect::outward(&moment.area.grown(MARGIN, 2.0), picture.size()) else { return };
        let rgb = RgbImage::from_raw(area.width(), area.height(), picture.rgb_in(area));
        let rgb = rgb.expect("three bytes for each pixel of the area");
        self.open[shot].best = Some((score, moment, shown(rgb, picture.pixel_aspect())));
    }

    /// Counts moments as over, and encodes what is complete: only open shots hold pixels that take room.
    fn close(&mut self, due: &[(usize, Moment)]) -> Result<(), CropError> {
        for (shot, _) in due {
            let open = &mut self.open[*shot];
            open.left -= 1;
            if open.left == 0 {
                open.encode()?;
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<Option<RawCrop>>, CropError> {
        let finished = self.open.into_iter().map(|mut open| {
            open.encode()?;
            Ok(open.done)
        });
        finished.collect()
    }
}

impl Open {
    fn encode(&mut self) -> Result<(), CropError> {
        if let Some((_, moment, rgb)) = self.best.take() {
            let mut jpeg = Vec::new();
            let encoder = JpegEncoder::new_with_quality(&mut jpeg, QUALITY);
            encoder.write_image(&rgb, rgb.width(), rgb.height(), ExtendedColorType::Rgb8)?;
            self.done = Some(RawCrop { moment, jpeg });
        }
        Ok(())
    }
}

/// A crop as it is shown: square pixels, and no larger than need be.
fn shown(crop: RgbImage, (across, down): (u32, u32)) -> RgbImage {
    let (width, height) = (f64::from(crop.width()), f64::from(crop.height()));
    let aspect = f64::from(across.max(1)) / f64::from(down.max(1));
    // Stretched on one side, shrunk on none: what is there stays to be seen.
    let (width, height) = (width * aspect.max(1.0), height / aspect.min(1.0));
    let scale = (f64::from(LONGEST_SIDE_PX) / width.max(height)).min(1.0);
    let side = |length: f64| (length * scale).round().max(1.0) as u32;
    let (width, height) = (side(width), side(height));
    if (width, height) == crop.dimensions() {
        crop
    } else {
        resize(&crop, width, height, FilterType::Triangle)
    }
}

/// How sharp a part of the picture is: the root of the mean squared luma gradient in it (Tenenbaum's measure, without
/// his threshold; Pertuz, Puig and Garcia, Pattern Recognition 46, 2013, compare it with others). Blur by motion and
/// defocus lowers it.
fn sharpness(frame: &RawFrame, area: PxRect) -> f32 {
    let luma = frame.luma();
    let at = |x: u32, y: u32| f32::from(luma.data[y as usize * luma.stride + x as usize]);
    let (mut sum, mut count) = (0.0f64, 0u64);
    for y in area.y0..area.y1.saturating_sub(2) {
        for x in area.x0..area.x1.saturating_sub(2) {
            let (dx, dy) = (at(x + 2, y) - at(x, y), at(x, y + 2) - at(x, y));
            sum += f64::from(dx * dx + dy * dy);
            count += 1;
        }
    }
    (sum / count.max(1) as f64).sqrt() as f32
}

#[cfg(test)]
#[path = "crops_tests.rs"]
mod tests;
