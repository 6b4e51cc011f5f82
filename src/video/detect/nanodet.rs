//! Reads NanoDet's output: a grid of cells at each of three strides, each with class scores and the distances from
//! the cell's centre to the four sides, as distributions over eleven bins.
//!
//! Source: Li et al., "Generalized Focal Loss", NeurIPS 2020 (the distance is the distribution's mean); NanoDet
//! (RangiLyu, Apache-2.0) for grid and order. Tensors per stride `s`, cells in row-major order: `[1, n, classes]`
//! scores with the sigmoid already taken, `[1, n, 44]` logits, left, top, right and bottom by eleven bins.

use super::classes::Wanted;
use super::letterbox::InputBox;
use super::output::{Candidate, DecodeFault, Tensor, finite, number, pick};
use crate::geometry::FrameSize;
use ndarray::ArrayView1;

const STRIDES: [u32; 3] = [8, 16, 32];
const BINS: usize = 11;

/// Every wanted thing with a score at or above the threshold.
pub(super) fn decode(
    outputs: &[Tensor<'_>],
    input: FrameSize,
    wanted: &Wanted,
) -> Result<Vec<Candidate>, DecodeFault> {
    let mut found = Vec::new();
    for stride in STRIDES {
        let columns = input.width / stride;
        let cells = columns * (input.height / stride);
        // The order of a graph's outputs is the converter's whim; the number of cells tells the strides apart.
        let scores = pick(outputs, [cells as usize, wanted.count])?;
        let distances = pick(outputs, [cells as usize, 4 * BINS])?
            .into_shape_with_order((cells as usize, 4, BINS))
            .expect("four times eleven bins make the row");
        for (cell, (row, sides)) in (0..cells).zip(scores.outer_iter().zip(distances.outer_iter())) {
            for &(class, target) in &wanted.classes {
                let score = number(row[class])?;
                if score < wanted.threshold {
                    continue;
                }
                let step = stride as f32;
                let x = ((cell % columns) as f32 + 0.5) * step;
                let y = ((cell / columns) as f32 + 0.5) * step;
                let side = |i: usize| mean_bin(sides.row(i)) * step;
                let area = InputBox { x0: x - side(0), y0: y - side(1), x1: x + side(2), y1: y + side(3) };
                found.push(finite(target, area, score)?);
            }
        }
    }
    Ok(found)
}

/// The mean of the softmax over the bins, `0..=10`; not a number where a logit is none.
fn mean_bin(logits: ArrayView1<'_, f32>) -> f32 {
    // `max` passes over what is not a number; the sums below do not.
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (mut sum, mut moment) = (0.0, 0.0);
    for (bin, logit) in logits.iter().enumerate() {
        let weight = (logit - top).exp();
        sum += weight;
        moment += weight * bin as f32;
    }
    moment / sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::detect::classes::Classes;
    use crate::video::plan::Target;
    use proptest::prelude::*;

    struct Outputs {
        shapes: Vec<[i64; 3]>,
        data: Vec<Vec<f32>>,
    }

    impl Outputs {
        /// Nobody anywhere. The strides stand in an odd order, as they do in the shipped graph.
        fn empty(input: FrameSize) -> Self {
            let cells = |s: u32| i64::from((input.width / s) * (input.height / s));
            let mut shapes: Vec<[i64; 3]> = [32, 8, 16].iter().map(|&s| [1, cells(s), 44]).collect();
            shapes.extend([16, 8, 32].iter().map(|&s| [1, cells(s), 80]));
            let data = shapes.iter().map(|s| vec![0.0; (s[1] * s[2]) as usize]).collect();
            Self { shapes, data }
        }

        fn of(&mut self, cells: u32, depth: i64) -> &mut Vec<f32> {
            let i = self.shapes.iter().position(|s| *s == [1, i64::from(cells), depth]).expect("it is there");
            &mut self.data[i]
        }

        /// A person at a cell, each side's distance given in strides: weight on the two bins around it.
        fn person(&mut self, cells: u32, cell: usize, score: f32, sides: [f32; 4]) {
            self.of(cells, 80)[cell * 80] = score;
            let logits = self.of(cells, 44);
            for (i, side) in sides.into_iter().enumerate() {
                let bins = &mut logits[cell * 44 + i * 11..cell * 44 + (i + 1) * 11];
                bins.fill(-60.0);
                let (low, share) = (side.floor() as usize, side.fract());
                bins[low] = (1.0 - share).ln();
                if share > 0.0 {
                    bins[low + 1] = share.ln();
                }
            }
        }

        fn decode(&self, input: FrameSize, threshold: f32) -> Result<Vec<Candidate>, DecodeFault> {
            let tensors: Vec<Tensor<'_>> =
                self.shapes.iter().zip(&self.data).map(|(shape, data)| Tensor { shape, data }).collect();
            decode(
                &tensors,
                input,
                &Wanted::new(Classes::Coco, Target::Person, |t| t == Target::Person, threshold),
            )
        }
    }

    const INPUT: FrameSize = FrameSize { width: 96, height: 64 };

    fn check_box(found: InputBox, expect: [f32; 4]) {
        for (got, want) in [found.x0, found.y0, found.x1, found.y1].into_iter().zip(expect) {
            assert!((got - want).abs() < 0.01, "{found:?}, expected {expect:?}");
        }
    }

    #[test]
    fn known_boxes_are_read_at_every_stride() {
        let mut outputs = Outputs::empty(INPUT);
        // Stride 8 has 12x8 cells: cell 14 is row 1, column 2, its centre at (20, 12).
        outputs.person(96, 14, 0.9, [1.0, 0.5, 2.0, 3.25]);
        // Stride 16 has 6x4 cells: cell 23 is row 3, column 5, its centre at (88, 56).
        outputs.person(24, 23, 0.5, [10.0, 0.0, 0.25, 1.0]);
        // Stride 32 has 3x2 cells: cell 4 is row 1, column 1, its centre at (48, 48).
        outputs.person(6, 4, 0.3, [1.5, 1.5, 1.5, 1.5]);
        let found = outputs.decode(INPUT, 0.3).expect("it can be read");
        assert_eq!(found.iter().map(|c| c.score).collect::<Vec<_>>(), vec![0.9, 0.5, 0.3]);
        check_box(found[0].area, [12.0, 8.0, 36.0, 38.0]);
        check_box(found[1].area, [-72.0, 56.0, 92.0, 72.0]);
        check_box(found[2].area, [0.0, 0.0, 96.0, 96.0]);
        assert_eq!(outputs.decode(INPUT, 0.31).map(|f| f.len()), Ok(2));
    }

    #[test]
    fn other_classes_are_not_persons() {
        let mut outputs = Outputs::empty(INPUT);
        outputs.of(96, 80)[5 * 80 + 1] = 0.99;
        assert_eq!(outputs.decode(INPUT, 0.2), Ok(Vec::new()));
    }

    #[test]
    fn what_is_not_a_number_is_an_error() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut outputs = Outputs::empty(INPUT);
            outputs.of(24, 80)[80] = bad;
            assert_eq!(outputs.decode(INPUT, 0.2), Err(DecodeFault::NotFinite), "a score of {bad}");
        }
        for bad in [f32::NAN, f32::INFINITY] {
            let mut outputs = Outputs::empty(INPUT);
            outputs.person(96, 3, 0.9, [1.0; 4]);
            outputs.of(96, 44)[3 * 44 + 20] = bad;
            assert_eq!(outputs.decode(INPUT, 0.2), Err(DecodeFault::NotFinite), "a logit of {bad}");
        }
    }

    #[test]
    fn another_shape_is_an_error() {
        let outputs = Outputs::empty(INPUT);
        let other = FrameSize { width: 64, height: 64 };
        assert!(matches!(outputs.decode(other, 0.2), Err(DecodeFault::Shape { .. })));
    }

    proptest! {
        #[test]
        fn any_numbers_are_read(seed in prop::collection::vec(-1e30f32..1e30, 1..200), threshold in 0.01f32..1.0) {
            let mut outputs = Outputs::empty(INPUT);
            let mut values = seed.iter().copied().cycle();
            for tensor in &mut outputs.data {
                tensor.fill_with(|| values.next().expect("it is endless"));
            }
            let found = outputs.decode(INPUT, threshold).expect("all of it is numbers");
            for c in found {
                prop_assert!(c.score >= threshold);
                prop_assert!(c.area.x0 <= c.area.x1 && c.area.y0 <= c.area.y1);
                prop_assert!(c.area.x1 - c.area.x0 <= 640.0 && c.area.y1 - c.area.y0 <= 640.0);
            }
        }
    }
}
