//! What staff look at to choose somebody, and where it may lie.
//!
//! * [`who_is_there`]: everybody in an analysed clip, in numbers, and the moments at which a picture is worth taking.
//! * [`Sheet`]: a contact sheet, one page of HTML that needs nothing but itself.
//! * [`ReviewPlace`] and [`ReviewFolder`]: raw crops lie in memory only, for their owner alone, and for an hour.
//!
//! Pictures pass through here as closed parcels: nothing in this room looks into one.

mod around;
mod doubts;
mod facts;
mod persons;
mod record;
mod sheet;
mod storage;

#[cfg(test)]
mod storage_tests;

pub use around::{Meeting, clear_point, meetings};
pub use doubts::{DoubtFacts, DoubtPictures, doubts_sheet};
pub use facts::{ActFacts, Source, Taken};
pub use persons::{Certainty, PersonTrack, WhoIsThere, who_is_there};
pub use record::PersonsRecord;
pub(super) use sheet::escaped;
pub use sheet::{Bilingual, Card, Layout, Picture, Sheet, words};
pub use storage::{KEPT_FOR, Removed, ReviewError, ReviewFolder, ReviewPlace};
