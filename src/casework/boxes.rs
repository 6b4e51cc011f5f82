//! Every masked box as MOTChallenge rows: `frame,id,left,top,width,height,confidence,-1,-1,-1`.
//!
//! Frames count from 1 in the output, pixels from 0 at the top left; the identity is -1, as in a detection file.
//! The eighth column, a class in MOTChallenge's ground truth, is -1 for persons, heads, corrections and covered frames, 3 (its
//! number of a car) for vehicles and 13 (its numbers end at 12) for screens.
//! A covered frame is one box of the frame's size with confidence 1. Zones are the camera file's and not listed.

use crate::video::pipeline::FrameRecord;
use crate::video::plan::{FramePlan, MaskKind, MaskShape};
use crate::video::sink::PartialFile;
use std::io::{self, BufWriter, Write};

/// Writes the rows as the frames pass. The file is mode 0600: where people walked is data about them.
#[derive(Debug)]
pub struct BoxesWriter {
    out: BufWriter<std::fs::File>,
    file: PartialFile,
}

impl BoxesWriter {
    /// Writes into `file`.
    ///
    /// # Errors
    /// The file's handle cannot be duplicated.
    pub fn new(file: PartialFile) -> io::Result<Self> {
        Ok(Self { out: BufWriter::new(file.file().try_clone()?), file })
    }

    /// Adds the rows of one frame.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn frame(&mut self, record: &FrameRecord<'_>) -> io::Result<()> {
        let number = record.number + 1;
        match record.plan {
            FramePlan::Cover(_) => {
                let size = record.size;
                writeln!(self.out, "{number},-1,0,0,{},{},1,-1,-1,-1", size.width, size.height)
            }
            FramePlan::Masks { masks, .. } => masks.iter().try_for_each(|mask| match &mask.shape {
                MaskShape::Rect(r) => writeln!(
                    self.out,
                    "{number},-1,{},{},{},{},{:.3},{},-1,-1",
                    r.x0,
                    r.y0,
                    r.width(),
                    r.height(),
                    mask.score,
                    class(mask.kind)
                ),
                MaskShape::Polygon(_) => Ok(()),
            }),
        }
    }

    /// Writes what is still in memory and gives the file back, to be committed.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn finish(mut self) -> io::Result<PartialFile> {
        self.out.flush()?;
        self.file.sync()?;
        Ok(self.file)
    }
}

/// The eighth column.
fn class(kind: MaskKind) -> i32 {
    match kind {
        MaskKind::Person
        | MaskKind::Head
        | MaskKind::Unexplained
        | MaskKind::Unsearched
        | MaskKind::Surroundings
        | MaskKind::Correction
        | MaskKind::Zone(_) => -1,
        MaskKind::Vehicle => 3,
        MaskKind::Screen => 13,
    }
}
