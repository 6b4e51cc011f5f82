//! An attack on masks, for measuring: how often is somebody under a mask told from the others by what is painted there?
//!
//! The attacker has clear pictures of everybody in a clip, taken at other times, and asks of a masked person who it is.
//! Nothing but the pixels in the mask's rectangle counts, brought to one size and one resolution, so that neither size nor
//! place tells; what size gives away by itself is measured beside it. Two galleries are tried: the clear pictures as they are,
//! and the same after they went through the same masks, as whoever has the program can do (*parrot recognition*:
//! Newton, Sweeney, Malin, "Preserving Privacy by De-identifying Face Images", IEEE Trans. Knowledge and Data
//! Engineering 17, 2005). Statistics of colour, brightness, edges and texture are compared with the nearest picture of
//! each person, and a linear classifier is trained on the gallery; McPherson, Shokri and Shmatikov did the latter with
//! networks ("Defeating Image Obfuscation with Deep Learning", arXiv 1609.00408, 2016). No network that knows faces or
//! clothes ships with this program, so none is tried.
//!
//! Masks lie as tight as they ever can: the planner is told everybody's true box, as a perfect detector would.
//!
//! Pictures and statistics of pictures stay in this room. What it gives out is [`Trial`]s: shares of right answers.
//!
//! - `crop`: a box of a picture, scaled to one size.
//! - `features`: statistics of a crop.
//! - `matching`: who of a gallery it is, and how often that is right.
//! - `clip`: a clip's crops, clear and masked.

mod clip;
mod crop;
mod features;
mod matching;

pub use clip::{Attack, Sighted, attack_clip};
pub use matching::{Gallery, Matcher, Region, Shown, Trial};
