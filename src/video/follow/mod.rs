//! Following one subject: choices of staff become stretches of time in which it is certain who the subject is, and
//! stretches in which it is not.
//!
//! Pure: tracks and what was measured of their clothing go in, no frame and no clock. Nothing here reveals anybody.

mod cast;
mod choice;
mod doubt;
mod evidence;
mod following;
mod tracklet;

pub use choice::{Choice, ChoiceError};
pub use doubt::{Candidate, Doubt};
pub use following::{Certain, FollowError, Following};
