//! The way of a frame, from the open clip to the checked file.
//!
//! ```text
//! decode thread -> detect workers -> in order again -> cadence hold -> ring + tracks -> plan -> mask -> encoder
//!       \________________ RawFrame, by move, all the way to the mask ________________/
//! ```
//! In two passes the way is cut in the middle: the first ends behind the ring and notes what was seen in an
//! [`Analysis`](super::analysis::Analysis), the second asks that instead of detectors.
//!
//! Threads are named and channels bounded; a fixed number of permits bounds the frames under way, so memory does
//! not grow with the clip. Whatever fails ends the job: the partial file is dropped and nothing stands under the
//! final name.

mod cadence;
mod completeness;
mod crops;
mod empty;
mod insight;
mod job;
mod own_scene;
mod pace;
mod passes;
mod picture;
mod pool;
mod recheck;
mod ring;
mod run;
mod still;
mod survey;
mod telling;
mod trial;
mod writer;

pub use super::mask::Paint;
pub use completeness::Completeness;
pub use crops::{CropError, CropJob, Moment, RawCrop, Shot, cut_crops};
pub use empty::{EmptyScene, EmptySceneError, Learner};
pub(in crate::video) use insight::{Insight, Known};
pub use job::{
    Finished, FrameRecord, Job, JobError, Observer, Outcome, Rehearsal, StageTimes, redact_clip,
    rehearse_clip,
};
pub(in crate::video) use pace::{Must, Pace};
pub use passes::{Analysed, analyse_clip, rehearse_rendering, render_clip};
pub use picture::{StillJob, redact_still, search_still};
pub use recheck::{RecheckJob, Rechecked, Sight, Trace, look_again};
pub use still::{StillError, empty_still, strip_of};
pub use survey::{
    GreyPicture, LearntScene, SceneLearner, SceneStill, SurveyError, Surveyed, learn_scene, light_of,
};
pub(in crate::video) use telling::{Seen, Telling, Told};
pub use trial::{Shown, Tried, try_on_clip};
