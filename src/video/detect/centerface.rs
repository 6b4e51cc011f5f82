//! Reads CenterFace's output: a heat map of face centres at a quarter of the input, with the size and the fine
//! position of the face at each cell.
//!
//! Source: Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point", 2020 (MIT). Tensors:
//! `[1, 1, h, w]` heat map, `[1, 2, h, w]` logarithms of height and width in cells, `[1, 2, h, w]` offsets down
//! and across in cells, `[1, 10, h, w]` landmarks, which are not used. Every cell above the threshold is a
//! candidate, not only the peaks: NMS makes one of them, and two faces side by side stay two.

use super::classes::Wanted;
use super::letterbox::InputBox;
use super::output::{Candidate, DecodeFault, Tensor, finite, number, pick, pick_after};
use crate::geometry::FrameSize;

const STRIDE: u32 = 4;

/// Every face with a score at or above the threshold.
pub(super) fn decode(
    outputs: &[Tensor<'_>],
    input: FrameSize,
    wanted: &Wanted,
) -> Result<Vec<Candidate>, DecodeFault> {
    let (columns, rows) = ((input.width / STRIDE) as usize, (input.height / STRIDE) as usize);
    let shape = |depth| [depth, rows, columns];
    let heat = pick(outputs, shape(1))?;
    // Size and offset have the same shape; the graph gives the size first.
    let (sizes, after) = pick_after(outputs, shape(2))?;
    let offsets = pick(after, shape(2))?;

    let step = STRIDE as f32;
    let mut found = Vec::new();
    for ((_, row, column), &score) in heat.indexed_iter() {
        if number(score)? < wanted.threshold {
            continue;
        }
        let (height, width) = (sizes[[0, row, column]].exp() * step, sizes[[1, row, column]].exp() * step);
        let x = (column as f32 + offsets[[1, row, column]] + 0.5) * step;
        let y = (row as f32 + offsets[[0, row, column]] + 0.5) * step;
        for &(_, target) in &wanted.classes {
            found.push(finite(target, InputBox::around(x, y, width, height), score)?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::plan::Target;
    use proptest::prelude::*;

    fn faces() -> Wanted {
        Wanted::single(Target::Face, 0.2)
    }

    const INPUT: FrameSize = FrameSize { width: 64, height: 32 };
    const CELLS: usize = 16 * 8;

    struct Outputs {
        shapes: [[i64; 4]; 4],
        data: [Vec<f32>; 4],
    }

    impl Outputs {
        fn empty() -> Self {
            let depths = [1, 2, 2, 10];
            Self {
                shapes: depths.map(|depth| [1, depth, 8, 16]),
                data: depths.map(|depth| vec![0.0; depth as usize * CELLS]),
            }
        }

        fn decode(&self, input: FrameSize) -> Result<Vec<Candidate>, DecodeFault> {
            let tensors: Vec<Tensor<'_>> =
                self.shapes.iter().zip(&self.data).map(|(shape, data)| Tensor { shape, data }).collect();
            decode(&tensors, input, &faces())
        }

        fn face(&mut self, cell: usize, score: f32, size_px: [f32; 2], offset: [f32; 2]) {
            self.data[0][cell] = score;
            for axis in 0..2 {
                self.data[1][axis * CELLS + cell] = (size_px[axis] / 4.0).ln();
                self.data[2][axis * CELLS + cell] = offset[axis];
            }
        }
    }

    #[test]
    fn known_faces_are_read() {
        let mut outputs = Outputs::empty();
        // Row 3, column 5: its centre is at (22, 14); a quarter of a cell down, half a cell across.
        outputs.face(3 * 16 + 5, 0.8, [12.0, 8.0], [0.25, 0.5]);
        outputs.face(2, 0.19, [12.0, 8.0], [0.0, 0.0]);
        let found = outputs.decode(INPUT).expect("it can be read");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].score, 0.8);
        let expect = [20.0, 9.0, 28.0, 21.0];
        let InputBox { x0, y0, x1, y1 } = found[0].area;
        for (got, want) in [x0, y0, x1, y1].into_iter().zip(expect) {
            assert!((got - want).abs() < 0.01, "{:?}", found[0].area);
        }
    }

    #[test]
    fn what_is_not_a_number_is_an_error() {
        for (tensor, index, bad) in
            [(0, 7, f32::NAN), (1, CELLS + 9, f32::NAN), (1, 9, 1e9), (2, 9, f32::NEG_INFINITY)]
        {
            let mut outputs = Outputs::empty();
            outputs.face(9, 0.9, [8.0; 2], [0.0; 2]);
            outputs.data[tensor][index] = bad;
            assert_eq!(outputs.decode(INPUT), Err(DecodeFault::NotFinite), "{bad} in tensor {tensor}");
        }
    }

    #[test]
    fn another_shape_is_an_error() {
        let outputs = Outputs::empty();
        let other = FrameSize { width: 32, height: 32 };
        assert!(matches!(outputs.decode(other), Err(DecodeFault::Shape { .. })));
        let heat = Tensor { shape: &[1, 1, 8, 16], data: &outputs.data[0] };
        assert!(matches!(decode(&[heat], INPUT, &faces()), Err(DecodeFault::Shape { .. })));
        let size = Tensor { shape: &[1, 2, 8, 16], data: &outputs.data[1] };
        assert!(matches!(decode(&[heat, size], INPUT, &faces()), Err(DecodeFault::Shape { .. })));
        let short = Tensor { shape: &[1, 1, 8, 16], data: &outputs.data[0][1..] };
        assert!(matches!(decode(&[short, size, size], INPUT, &faces()), Err(DecodeFault::Shape { .. })));
    }

    proptest! {
        #[test]
        fn any_numbers_end_in_boxes_or_an_error(seed in prop::collection::vec(-1e30f32..1e30, 1..200)) {
            let mut outputs = Outputs::empty();
            let mut values = seed.iter().copied().cycle();
            for tensor in &mut outputs.data {
                tensor.fill_with(|| values.next().expect("it is endless"));
            }
            match outputs.decode(INPUT) {
                Ok(found) => {
                    let hot = outputs.data[0].iter().filter(|v| **v >= 0.2).count();
                    prop_assert_eq!(found.len(), hot);
                    prop_assert!(found.iter().all(|c| c.area.x0 <= c.area.x1 && c.area.y0 <= c.area.y1));
                }
                Err(fault) => prop_assert_eq!(fault, DecodeFault::NotFinite),
            }
        }
    }
}
