//! Live cameras: masked in real time, and never anything else.
//!
//! ```text
//! camera thread: rtspsrc, decode ──RawFrame──> keeper: compare, wait ──> plan ──> mask ──> encoder ──> viewers, disk
//! (newest wins, reconnects)                      │ newest frame          ▲
//!                                                └──> board ──> detectors┘ (one pool for all cameras)
//! ```
//!
//! The stages are those of stored clips; what differs is that time does not wait. A frame waits for a set delay, so that
//! somebody who is found late is masked before; detectors look at the newest frame there is, as often as they can, and a
//! frame that lies too far from the nearest look is not shown. Live reveals nobody: there is no way to a warrant here.
//!
//! * [`Live`]: the service. [`LiveCamera`], [`LiveSettings`]: what it works with. [`check_camera`]: a dry run.
//! * `camera`: the way in, with `clock` (when a frame was filmed) and `backoff` (when to try again).
//! * `board`: the pool of detectors. `looks`: what their looks tell of the frames around them.
//! * `keeper`: who shows what, when. `own_scene`: what it compares frames with where no stills are known. `turned`: whether the
//!   camera still looks there. `outlet`: encoder, viewers, recorder.
//! * [`Counts`]: what is counted.

mod backoff;
mod board;
mod camera;
mod check;
mod clock;
mod keeper;
mod looks;
mod metrics;
mod outlet;
mod own_scene;
mod service;
mod turned;

pub use camera::{LiveSource, SILENCE_SECS};
pub use check::{CheckError, Checked, check_camera};
pub use metrics::{Counts, Timings};
pub use outlet::RecordTo;
pub use service::{Live, LiveCamera, LiveError, LiveSettings, for_live};
