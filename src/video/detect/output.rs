//! What a network returned, and what the decoders make of it. Pure: no library, no frame.

use super::letterbox::InputBox;
use super::manifest::Family;
use super::{centerface, nanodet};
use crate::geometry::FrameSize;

/// One tensor of a network's output.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tensor<'a> {
    pub(super) shape: &'a [i64],
    pub(super) data: &'a [f32],
}

/// A box above the threshold, in input space.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub(super) area: InputBox,
    pub(super) score: f32,
}

/// Why an output cannot be read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum DecodeFault {
    /// A value that would be used is not a number.
    NotFinite,
    /// The tensors are not those of this family at this input size.
    Shape { expected: String, found: String },
}

/// Every candidate with a score of `threshold` or more, before NMS.
///
/// # Errors
/// [`DecodeFault`]; a score that is not a number is an error wherever it stands, as the person behind it would
/// otherwise pass for absent.
pub(super) fn decode(
    family: Family,
    outputs: &[Tensor<'_>],
    input: FrameSize,
    threshold: f32,
) -> Result<Vec<Candidate>, DecodeFault> {
    match family {
        Family::Nanodet => nanodet::decode(outputs, input, threshold),
        Family::Centerface => centerface::decode(outputs, input, threshold),
    }
}

/// The one tensor of a shape.
pub(super) fn pick<'a>(outputs: &[Tensor<'a>], shape: &[i64]) -> Result<&'a [f32], DecodeFault> {
    let len = shape.iter().product::<i64>();
    let found = outputs.iter().find(|t| t.shape == shape && t.data.len() as i64 == len);
    found.map(|t| t.data).ok_or_else(|| DecodeFault::Shape {
        expected: format!("{shape:?}"),
        found: format!("{:?}", outputs.iter().map(|t| t.shape).collect::<Vec<_>>()),
    })
}

/// The candidate, where all of it is numbers.
pub(super) fn finite(area: InputBox, score: f32) -> Result<Candidate, DecodeFault> {
    let sound = [area.x0, area.y0, area.x1, area.y1, score].iter().all(|v| v.is_finite());
    if sound { Ok(Candidate { area, score }) } else { Err(DecodeFault::NotFinite) }
}
