//! Detections to tracks: somebody who was found at one moment was there a moment before and after.
//!
//! Nothing here removes a detection. Every one at or above its model's threshold is a masked track from its first
//! frame on, however short; association only decides which boxes belong together, and so where a mask stays while a
//! network looks the other way. The association is ByteTrack's in two stages (Zhang et al., "ByteTrack:
//! Multi-Object Tracking by Associating Every Detection Box", ECCV 2022): good detections first, then weak ones for
//! tracks that are left, which keeps somebody who turns or is half hidden. Times are in seconds and distances in box
//! sizes, so that neither the frame rate nor the distance to the camera matters.
//!
//! * [`Tracker`]: takes the detections of one frame after another.
//! * [`Track`]: one person's or face's boxes, and the box at any moment in between, before and after.
//! * `association`: who is who.
//!
//! Pure: no frame, no clock.

mod association;
mod path;
mod steady;
mod tracker;

pub use path::{Origin, Sighting, Track};
pub use steady::Steady;
pub(in crate::video) use tracker::boxes_at;
pub use tracker::{TrackedBox, Tracker};
