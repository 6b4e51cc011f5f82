//! Reads YOLOX's output: one row per cell of three grids, with the box, a score that something is there, and a
//! score per class.
//!
//! Source: Ge et al., "YOLOX: Exceeding YOLO Series in 2021" (Megvii, Apache-2.0). One tensor `[1, n, 5 + classes]`,
//! strides 8, 16 and 32 one after the other, cells in row-major order: centre minus the cell's corner and the
//! logarithm of the size, both in strides; objectness and class scores with the sigmoid already taken, their product
//! is the score. Exports that have undone the grid themselves put centres and sizes in pixels there; their boxes
//! become absurd, which is an error, not an empty answer.

use super::classes::Wanted;
use super::letterbox::InputBox;
use super::output::{Candidate, DecodeFault, Tensor, finite, number, pick};
use crate::geometry::FrameSize;

const STRIDES: [u32; 3] = [8, 16, 32];
/// Columns of a row before its class scores.
const BOX: usize = 5;

/// Every wanted thing with a score at or above the threshold.
pub(super) fn decode(
    outputs: &[Tensor<'_>],
    input: FrameSize,
    wanted: &Wanted,
) -> Result<Vec<Candidate>, DecodeFault> {
    let grid = |stride: u32| (input.width / stride, input.height / stride);
    let cells: u32 = STRIDES.iter().map(|s| grid(*s).0 * grid(*s).1).sum();
    let rows = pick(outputs, [cells as usize, BOX + wanted.count])?;
    let mut rows = rows.outer_iter();
    let mut found = Vec::new();
    for stride in STRIDES {
        let (columns, lines) = grid(stride);
        let step = stride as f32;
        for (cell, row) in (0..columns * lines).zip(&mut rows) {
            let something = number(row[4])?;
            for &(class, target) in &wanted.classes {
                let score = something * number(row[BOX + class])?;
                if score < wanted.threshold {
                    continue;
                }
                let x = (row[0] + (cell % columns) as f32) * step;
                let y = (row[1] + (cell / columns) as f32) * step;
                let area = InputBox::around(x, y, row[2].exp() * step, row[3].exp() * step);
                found.push(finite(target, area, score)?);
            }
        }
    }
    Ok(found)
}
