//! What a network returned, and what the decoders make of it. Pure: no library, no frame.

use super::classes::Wanted;
use super::letterbox::InputBox;
use super::manifest::Family;
use super::{centerface, nanodet, rtmdet, yolox, yunet};
use crate::geometry::FrameSize;
use crate::video::plan::Target;
use ndarray::{ArrayView, Dim, Dimension, IntoDimension};

/// One tensor of a network's output.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tensor<'a> {
    pub(super) shape: &'a [i64],
    pub(super) data: &'a [f32],
}

/// A box above the threshold, in input space.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub(super) target: Target,
    pub(super) area: InputBox,
    pub(super) score: f32,
}

impl Candidate {
    /// True for a box with an area and a score of `0..=1` that reaches no further beyond the input than the input's
    /// longer side. A sound network puts boxes partly outside: people stand at the edge.
    pub(super) fn is_sane(&self, input: FrameSize) -> bool {
        let InputBox { x0, y0, x1, y1 } = self.area;
        let reach = input.width.max(input.height) as f32;
        let (right, bottom) = (input.width as f32 + reach, input.height as f32 + reach);
        (0.0..=1.0).contains(&self.score)
            && x1 > x0
            && y1 > y0
            && x0 >= -reach
            && y0 >= -reach
            && x1 <= right
            && y1 <= bottom
    }
}

/// Why an output cannot be read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum DecodeFault {
    /// A value that would be used is not a number.
    NotFinite,
    /// The tensors are not those of this family at this input size.
    Shape { expected: String, found: String },
    /// Each of the rows that the network can give holds something; there may be more that it could not say.
    Full { rows: usize },
    /// A class that the network should not know.
    Class { class: f32, classes: usize },
}

/// Every wanted candidate with a score at or above the threshold, before NMS.
///
/// # Errors
/// [`DecodeFault`]; a score that is not a number is an error wherever it stands, as the person behind it would
/// otherwise pass for absent.
pub(super) fn decode(
    family: Family,
    outputs: &[Tensor<'_>],
    input: FrameSize,
    wanted: &Wanted,
) -> Result<Vec<Candidate>, DecodeFault> {
    match family {
        Family::Nanodet => nanodet::decode(outputs, input, wanted),
        Family::Centerface => centerface::decode(outputs, input, wanted),
        Family::Yolox => yolox::decode(outputs, input, wanted),
        Family::Rtmdet => rtmdet::decode(outputs, input, wanted),
        Family::Yunet => yunet::decode(outputs, input, wanted),
    }
}

/// A tensor of a checked shape.
type Shaped<'a, const N: usize> = ArrayView<'a, f32, Dim<[usize; N]>>;

/// The first tensor of a shape, without its leading batch dimension of one.
pub(super) fn pick<'a, const N: usize>(
    outputs: &[Tensor<'a>],
    shape: [usize; N],
) -> Result<Shaped<'a, N>, DecodeFault>
where
    Dim<[usize; N]>: Dimension,
    [usize; N]: IntoDimension<Dim = Dim<[usize; N]>>,
{
    pick_after(outputs, shape).map(|(found, _)| found)
}

/// The same, and the tensors that come after it: where two have one shape, their order tells them apart.
pub(super) fn pick_after<'o, 'a, const N: usize>(
    outputs: &'o [Tensor<'a>],
    shape: [usize; N],
) -> Result<(Shaped<'a, N>, &'o [Tensor<'a>]), DecodeFault>
where
    Dim<[usize; N]>: Dimension,
    [usize; N]: IntoDimension<Dim = Dim<[usize; N]>>,
{
    let has_shape = |t: &Tensor<'a>| {
        t.shape.len() == N + 1
            && t.shape[0] == 1
            && t.shape[1..].iter().zip(shape).all(|(found, wanted)| usize::try_from(*found) == Ok(wanted))
    };
    let view = outputs.iter().position(has_shape).and_then(|at| {
        let view = ArrayView::from_shape(shape, outputs[at].data).ok()?;
        Some((view, &outputs[at + 1..]))
    });
    view.ok_or_else(|| DecodeFault::Shape {
        expected: format!("{:?}", [1].iter().chain(&shape).collect::<Vec<_>>()),
        found: outputs.iter().map(|t| format!("{:?}", t.shape)).collect::<Vec<_>>().join(", "),
    })
}

/// The value, where it is a number: behind a score that is none somebody may stand.
pub(super) fn number(value: f32) -> Result<f32, DecodeFault> {
    if value.is_finite() { Ok(value) } else { Err(DecodeFault::NotFinite) }
}

/// The candidate, where all of it is numbers.
pub(super) fn finite(target: Target, area: InputBox, score: f32) -> Result<Candidate, DecodeFault> {
    let sound = [area.x0, area.y0, area.x1, area.y1, score].iter().all(|v| v.is_finite());
    if sound { Ok(Candidate { target, area, score }) } else { Err(DecodeFault::NotFinite) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_is_told_from_people_at_the_edge() {
        let input = FrameSize { width: 640, height: 384 };
        let sane = |x0, y0, x1, y1, score| {
            let area = InputBox { x0, y0, x1, y1 };
            Candidate { target: Target::Person, area, score }.is_sane(input)
        };
        assert!(sane(10.0, 10.0, 50.0, 90.0, 0.9));
        assert!(sane(-200.0, -100.0, 700.0, 500.0, 0.9), "somebody close by");
        assert!(!sane(10.0, 10.0, 10.0, 90.0, 0.9), "no width");
        assert!(!sane(50.0, 10.0, 10.0, 90.0, 0.9), "inverted");
        assert!(!sane(1e6, 10.0, 1e6 + 40.0, 90.0, 0.9), "far away");
        assert!(!sane(10.0, 10.0, 50.0, f32::INFINITY, 0.9));
        assert!(!sane(10.0, 10.0, 50.0, 90.0, 1.5));
        assert!(!sane(10.0, 10.0, 50.0, 90.0, f32::NAN));
    }
}

#[cfg(test)]
#[path = "family_tests.rs"]
mod family_tests;
