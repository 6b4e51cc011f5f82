//! Reads YuNet's output: faces on three grids.
//!
//! Source: Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023, and OpenCV's reader of it (Apache-2.0).
//! Tensors per stride 8, 16, 32, cells in row-major order: `[1, n, 1]` class score and `[1, n, 1]` objectness, both
//! with the sigmoid taken, `[1, n, 4]` centre minus the cell's corner and the logarithm of the size, in strides, and
//! `[1, n, 10]` landmarks, which are not used. The score is the root of the product, so the first two need not be
//! told apart.

use super::classes::Wanted;
use super::letterbox::InputBox;
use super::output::{Candidate, DecodeFault, Tensor, finite, number, pick, pick_after};
use crate::geometry::FrameSize;

const STRIDES: [u32; 3] = [8, 16, 32];

/// Every face with a score at or above the threshold.
pub(super) fn decode(
    outputs: &[Tensor<'_>],
    input: FrameSize,
    wanted: &Wanted,
) -> Result<Vec<Candidate>, DecodeFault> {
    let mut found = Vec::new();
    for stride in STRIDES {
        let (columns, lines) = (input.width / stride, input.height / stride);
        let cells = (columns * lines) as usize;
        let (classes, after) = pick_after(outputs, [cells, 1])?;
        let objects = pick(after, [cells, 1])?;
        let boxes = pick(outputs, [cells, 4])?;
        let step = stride as f32;
        let scores = classes.iter().zip(objects.iter());
        for ((cell, (&class, &object)), row) in (0..columns * lines).zip(scores).zip(boxes.outer_iter()) {
            let score = (number(class)? * number(object)?).sqrt();
            if score < wanted.threshold {
                continue;
            }
            let x = (row[0] + (cell % columns) as f32) * step;
            let y = (row[1] + (cell / columns) as f32) * step;
            let area = InputBox::around(x, y, row[2].exp() * step, row[3].exp() * step);
            for &(_, target) in &wanted.classes {
                found.push(finite(target, area, score)?);
            }
        }
    }
    Ok(found)
}
