//! Hiding: the only place where a raw frame becomes a redacted one.
//!
//! Works in place on the bytes of the frame that it consumes, so no second copy of a raw picture ever exists. All
//! hiding is done in whole chroma pairs (2x2 luma samples and the chroma sample that they share), because half a
//! pair would let the colour of what is hidden bleed out.
//!
//! - `raster`: which chroma pairs a mask holds. Everything that a shape touches, never less.
//! - `cells`: the few grey values that `blur` and `pixelate` paint, drawn by lot.
//! - `held`: these values stand still for a while.
//! - `paint`: writing colours and cells into disjoint bands of rows, in parallel.
//! - `redact`: the order of the above, and when the whole frame is covered instead.
//! - `mark`: words burned in after all of it.
//! - `placard`: pictures of words alone, for live streams.
//! - `hidden`: which pixels a plan hides, without a picture, for measuring.
//! - `painted`: what looks painted in a finished picture, without a plan, for the second look.
//!
//! What holds, each with a property test: a sample outside every mask is unchanged; what lies under a mask changes no
//! byte of the result, in any style; bytes of padding come from the redacted picture; the result is the same at any
//! number of threads.

mod cells;
mod held;
mod hidden;
mod mark;
mod paint;
mod painted;
#[cfg(test)]
mod painted_tests;
mod placard;
mod raster;
mod redact;
#[cfg(test)]
mod tests;

pub use cells::{MOST_CELLS, MOST_HEAD_CELLS};
pub use hidden::PixelSet;
pub use mark::marked_pixels;
pub use painted::{Paint, ZonePixels};
pub(in crate::video) use placard::{Form, Placards};
pub use redact::{Masker, redact};
