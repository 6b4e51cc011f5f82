//! Reads RTMDet's output as MMDeploy exports it, with non-maximum suppression inside the graph.
//!
//! Source: Lyu et al., "RTMDet: An Empirical Study of Designing Real-Time Object Detectors", 2022; MMDeploy
//! (OpenMMLab, Apache-2.0). Tensors: `[1, n, 5]` left, top, right, bottom in pixels of the input, and score, rows
//! without a meaning filled with zeros; `[1, n]` the class of each row, which exports of one class may leave out.
//!
//! The graph keeps the best boxes only, 100 as a rule, and says nothing of the others. Where a hundred rows or more
//! are there and each of them counts, others may have been dropped: that is an error, and the frame is covered.

use super::classes::Wanted;
use super::letterbox::InputBox;
use super::output::{Candidate, DecodeFault, Tensor, finite, number, pick};
use crate::geometry::FrameSize;

/// Boxes that MMDeploy's exports keep (`keep_top_k`).
const MOST_BOXES: usize = 100;
const BOX: usize = 5;

/// Every wanted thing with a score at or above the threshold.
pub(super) fn decode(
    outputs: &[Tensor<'_>],
    _: FrameSize,
    wanted: &Wanted,
) -> Result<Vec<Candidate>, DecodeFault> {
    let rows = outputs.iter().find_map(|t| match t.shape {
        [1, rows, columns] if *columns == BOX as i64 => usize::try_from(*rows).ok(),
        _ => None,
    });
    // Where there are no rows of five, `pick` names what is there.
    let rows = rows.unwrap_or(MOST_BOXES);
    let boxes = pick(outputs, [rows, BOX])?;
    // A network of one class needs no labels.
    let labels = if wanted.count == 1 { None } else { Some(pick(outputs, [rows])?) };
    let mut found = Vec::new();
    let mut counting = 0;
    for (i, row) in boxes.outer_iter().enumerate() {
        let score = number(row[4])?;
        if score < wanted.threshold {
            continue;
        }
        counting += 1;
        let label = labels.as_ref().map_or(Ok(0.0), |labels| number(labels[i]))?;
        if label < 0.0 || label >= wanted.count as f32 {
            return Err(DecodeFault::Class { class: label, classes: wanted.count });
        }
        let area = InputBox { x0: row[0], y0: row[1], x1: row[2], y1: row[3] };
        for &(_, target) in wanted.classes.iter().filter(|(class, _)| *class == label as usize) {
            found.push(finite(target, area, score)?);
        }
    }
    if rows >= MOST_BOXES && counting == rows { Err(DecodeFault::Full { rows }) } else { Ok(found) }
}
