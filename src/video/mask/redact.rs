//! From a raw frame to a redacted one: what is painted in which order, and when all of it is covered.

use super::cells::{Cells, Grid};
use super::held::{Held, HeldCells};
use super::hidden::PixelSet;
use super::mark::Mark;
use super::paint::bands;
use super::raster::{Raster, Region};
use crate::config::{MaskSettings, Style};
use crate::geometry::{FrameSize, UnitPolygon};
use crate::video::frame::{Layout, RawFrame, RedactedFrame};
use crate::video::plan::{FramePlan, Mask, MaskKind, MaskShape};
use rayon::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};

/// Polygons whose rasters are kept. A camera has a handful; beyond this the plan makes new ones for every frame,
/// and keeping them all would grow with the clip.
const KEPT_RASTERS: usize = 64;

/// Hides frames by their plans, and remembers the rasters of zone polygons from one frame to the next.
///
/// One masker takes the frames of one clip in their order: the cells of a mask that was there in the frame before stand
/// still for [`MaskSettings::hold_cells_s`].
#[derive(Debug)]
pub struct Masker {
    settings: MaskSettings,
    rasters: Mutex<Vec<KeptRaster>>,
    held: Mutex<HeldCells>,
    mark: Option<Mark>,
}

#[derive(Debug)]
struct KeptRaster {
    /// Held, so that its address cannot come to name another polygon.
    polygon: Arc<UnitPolygon>,
    frame: FrameSize,
    raster: Arc<Raster>,
}

/// Hides everything that the plan names and consumes the raw picture: [`Masker::redact`] for a single frame.
#[must_use]
pub fn redact(raw: RawFrame, plan: &FramePlan, settings: &MaskSettings) -> RedactedFrame {
    Masker::new(settings.clone()).redact(raw, plan)
}

impl Masker {
    /// A masker with nothing remembered.
    #[must_use]
    pub fn new(settings: MaskSettings) -> Self {
        let mark = settings.burn_in.as_ref().map(Mark::new);
        Self { settings, rasters: Mutex::default(), held: Mutex::default(), mark }
    }

    /// Hides everything that the plan names, in place, and consumes the raw picture.
    ///
    /// The whole frame is covered where the plan says so, where it was made for another frame size, where one of
    /// its rectangles holds no pixel of the frame, and where the picture is damaged, whatever the plan says.
    ///
    /// Where masks overlap, hiding wins: `fill` over all others; among the others the larger mask, whose cells are
    /// larger. No pixel under a mask is read.
    ///
    /// The words of [`MaskSettings::burn_in`] come last, on covered frames too.
    ///
    /// Runs in rayon's current thread pool.
    #[must_use]
    pub fn redact(&self, raw: RawFrame, plan: &FramePlan) -> RedactedFrame {
        let RawFrame { mut bytes, layout, colour, stamp, damage } = raw;
        let fill = colour.yuv(self.settings.fill_colour.0);
        let painting = if damage.is_none() { self.planned(plan, layout.size) } else { None };
        match painting {
            Some(painting) => {
                let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
                let hold_ns = (f64::from(self.settings.hold_cells_s) * 1e9) as u64;
                painting.apply(bytes.as_mut(), &layout, fill, &mut held, (stamp.pts_ns, hold_ns));
            }
            None => bands(bytes.as_mut(), &layout).par_iter_mut().for_each(|band| band.cover(fill)),
        }
        if let Some(mark) = &self.mark {
            mark.burn(bytes.as_mut(), &layout, colour);
        }
        RedactedFrame::from_masked(bytes, layout, colour, stamp)
    }

    /// The pixels of an undamaged frame of `size` that [`Self::redact`] hides by this plan.
    #[must_use]
    pub fn hidden(&self, plan: &FramePlan, size: FrameSize) -> PixelSet {
        let Some(Painting { fills, frosted }) = self.planned(plan, size) else { return PixelSet::all(size) };
        let mut hidden = PixelSet::none(size);
        let regions = fills.iter().chain(frosted.iter().map(|frosted| &frosted.region));
        regions.for_each(|region| hidden.insert_region(region));
        hidden
    }

    /// What is to be painted into a frame of `size`; `None` where all of it is to be covered.
    fn planned(&self, plan: &FramePlan, size: FrameSize) -> Option<Painting> {
        match plan {
            FramePlan::Masks { size: planned, masks } if *planned == size => self.painting(masks, size),
            FramePlan::Masks { .. } | FramePlan::Cover(_) => None,
        }
    }

    /// Sorts the masks into painting order; `None` where one of them cannot be placed.
    fn painting(&self, masks: &[Mask], frame: FrameSize) -> Option<Painting> {
        let mut painting = Painting { fills: Vec::new(), frosted: Vec::new() };
        for mask in masks {
            let region = match &mask.shape {
                MaskShape::Rect(rect) => Region::rect(*rect, frame)?,
                MaskShape::Polygon(polygon) => Region::polygon(self.raster(polygon, frame), frame)?,
            };
            let frost = match mask.style {
                Style::Fill => {
                    painting.fills.push(region);
                    continue;
                }
                Style::Blur => Frost::Smooth,
                Style::Pixelate => Frost::Flat,
            };
            let grid = Grid::new(&region, mask.kind, &self.settings);
            painting.frosted.push(Frosted { kind: mask.kind, region, grid, frost });
        }
        // Fewer cells last where all else is equal: a head's mask wins over a person's of the same pixels.
        painting.frosted.sort_by(|a, b| {
            a.region
                .paint_order(&b.region)
                .then_with(|| b.grid.cells().cmp(&a.grid.cells()))
                .then_with(|| a.frost.cmp(&b.frost))
        });
        Some(painting)
    }

    fn raster(&self, polygon: &Arc<UnitPolygon>, frame: FrameSize) -> Arc<Raster> {
        // Entries are pushed whole, so a panic elsewhere cannot have left half of one.
        let mut kept = self.rasters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept.iter().find(|k| Arc::ptr_eq(&k.polygon, polygon) && k.frame == frame) {
            return found.raster.clone();
        }
        let raster = Arc::new(Raster::of(polygon, frame));
        if kept.len() >= KEPT_RASTERS {
            kept.clear();
        }
        kept.push(KeptRaster { polygon: polygon.clone(), frame, raster: raster.clone() });
        raster
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Frost {
    Flat,
    Smooth,
}

/// A region that is replaced by its cells.
struct Frosted {
    kind: MaskKind,
    region: Region,
    grid: Grid,
    frost: Frost,
}

/// All that is to be painted into one frame.
struct Painting {
    fills: Vec<Region>,
    /// In painting order: the last one wins.
    frosted: Vec<Frosted>,
}

impl Painting {
    /// `(at_ns, hold_ns)`: when the frame is shown, and for how long cells are held.
    fn apply(
        &self,
        bytes: &mut [u8],
        layout: &Layout,
        fill: [u8; 3],
        held: &mut HeldCells,
        (at_ns, hold_ns): (u64, u64),
    ) {
        let cells: Vec<_> = self
            .frosted
            .iter()
            .map(|f| match held.find(f.kind, &f.region.bounds, at_ns, hold_ns) {
                Some((since_ns, cells)) => (since_ns, cells.over(f.grid)),
                None => (at_ns, Cells::drawn(f.grid, at_ns, &f.region.bounds)),
            })
            .collect();
        let hold = |(f, (since_ns, cells)): (&Frosted, &(u64, Cells))| Held {
            kind: f.kind,
            bounds: f.region.bounds,
            since_ns: *since_ns,
            cells: *cells,
        };
        held.replace(at_ns, self.frosted.iter().zip(&cells).map(hold).collect());
        bands(bytes, layout).par_iter_mut().for_each(|band| {
            for (frosted, (_, cells)) in self.frosted.iter().zip(&cells) {
                match frosted.frost {
                    Frost::Flat => band.pixelate(&frosted.region, cells),
                    Frost::Smooth => band.blur(&frosted.region, cells),
                }
            }
            for region in &self.fills {
                band.fill(region, fill);
            }
            band.seal_padding();
        });
    }
}
