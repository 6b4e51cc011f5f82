//! Cases: from a request to its receipt, by the corporation's own protocol.
//!
//! What others build on:
//!
//! - [`allowed`]: the one pure table of what may be done. [`Policy`](crate::config::Policy), [`CaseFacts`], [`CaseAct`] and
//!   [`Actor`] in; a [`Standing`] (in which role, as a deputy or not) or a [`Refusal`] that names the article out. It
//!   already knows the acts of a release: [`CaseAct::Draft`], [`CaseAct::Watch`], [`CaseAct::Approve`] and
//!   [`CaseAct::HandOver`] over [`ReleaseState`]; a new rendering sets [`ReleaseState::Draft`] again.
//!   [`rules`] gives the rules of a kind (forms, recipients, statement, who is shown, style, fee); [`asked`] holds what a
//!   requester gave against what the protocol has asked for; [`may_show`] who may stay visible against who is meant to.
//! - [`Cases`]: a member of staff at their desk. `open`, `identify`, `add_clip`, `decide`, `close`, `list`, `show`; each is
//!   allowed by the table, written to the audit log ([`AuditLog::step`](super::audit::AuditLog::step)), and only then
//!   done, in one transaction of the store.
//! - Clips at rest: [`Cases::look`] gives a clip as [`InMemory`], whose [`path`](InMemory::path) a
//!   [`Clip`](crate::video::source::Clip) opens like any other; [`Cases::keep`] and [`Cases::fetch`] hold what is made of
//!   it, encrypted with its key. The plain copy never touches a disk.
//! - A release, the only way out: [`Cases::draft`] (an entry, and the clip to render), [`Cases::drafted`] (the finished file
//!   is kept), [`Cases::watched`], [`Cases::approve`] and [`Cases::hand_over`], each by its own act and entry. A new
//!   rendering begins again; closing erases what was rendered.
//! - [`Cases::retain`]: erases what is due and not held, footage first and what is on record of a case later. [`due_since`],
//!   [`holds`] and [`records_until`] are its rule. [`Next`]: what is to be done next in a case.
//! - [`reading`]: the restriction on every subcommand that reads footage; [`may_watch`]: that on live streams.
//! - [`end_of`], [`working_days_left`]: terms in working days.
//!
//! Personal data of residents is in the store alone, sealed; the audit log names cases by their number. Erasing a case
//! therefore breaks no chain. This room touches no pixel and decides nothing that is not in the table.

mod agree;
mod calendar;
mod clips;
mod desk;
mod error;
mod keys;
mod memory;
mod next;
mod release;
mod restriction;
mod retention;
mod store;
mod table;
mod watching;
mod words;

#[cfg(test)]
mod desk_tests;
#[cfg(test)]
mod release_turns_tests;
#[cfg(test)]
mod retention_tests;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod turns_tests;

pub use calendar::{end_of, holiday, is_working_day, today, working_days_left};
pub use clips::NewClip;
pub use desk::{Cases, Identification, Listed, NewCase, Shown, Verdict};
pub use error::CaseError;
pub use keys::{ItemKey, KeyError, SiteKey};
pub use memory::InMemory;
pub use next::Next;
pub use release::{Giving, HandOver};
pub use restriction::{Reading, Reads, reading};
pub use retention::{Due, Erased, Outlived, due_since, holds, records_until};
pub use store::{CaseRow, ClipRow, PaperRow, ReleaseRow, StepRow, Store};
pub use table::{allowed, asked, may_show, rules};
pub use watching::{Watching, may_watch};
pub use words::{Actor, CaseAct, CaseFacts, CaseState, Motive, Refusal, ReleaseState, Standing};
