//! The second witness: a fixed camera's frames compared with stills of its scene with nobody in it.
//!
//! Detectors miss people whom they were not trained on: seen from above, cut off by a door, small, dim. But whoever
//! is there differs from the empty scene. So every frame is compared, at a small size, with what the camera shows
//! when nobody is there; what differs is masked, whatever it is. Owns learning those stills, comparing, and telling
//! whether the camera was moved since. Reads raw pixels, writes no files, names nobody.
//!
//! - [`learn()`]: [`Sample`]s of clips to a [`Segment`] each, segments to a [`Learnt`] set of stills;
//!   [`temporary()`] makes a scene of one clip by itself.
//! - [`Scene`]: the stills, ready; [`Scene::compare`] turns a [`SmallPicture`] into a [`Difference`].
//! - [`Witness`]: differences over time to [`Sighting`]s: boxes, and what may be cleared.
//! - [`Glance`]: whether anything has changed since another frame, so that it need not be searched again.
//! - [`moved()`]: whether the camera was turned, by a vote of small tiles.
//!
//! Held by tests: an unchanged scene stays without boxes in any light and noise; whoever stands anywhere gets one.

mod blobs;
mod compare;
mod glance;
mod learn;
mod light;
mod median;
mod moved;
mod plane;
mod reference;
mod small;
mod structure;
mod temporary;
mod witness;

pub use compare::{Difference, Scene, SceneKind};
pub use glance::{Change, Glance};
pub use learn::{LearnError, Learnt, Still, learn};
pub use median::{Sample, Segment};
pub use moved::{Stance, moved};
pub use reference::{Reference, SpreadMap};
pub use small::SmallPicture;
pub use structure::Outline;
pub use temporary::temporary;
pub use witness::{Sighting, Witness};

#[cfg(test)]
mod learn_tests;
#[cfg(test)]
mod moved_tests;
#[cfg(test)]
mod tests;
