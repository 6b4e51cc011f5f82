//! The audit log: who looked at or revealed what, when and why, in a file that nobody can change unnoticed.
//!
//! To reveal is an act. It is opened in the log, on the disk, before it is done, and completed after; a crash in
//! between leaves it unfinished for everybody to see. Entries are lines of JSON, each with the SHA-256 of the one
//! before, its own, and a signature; the head (how many there are, the hash of the last) is signed as well. Whoever
//! may write the file can also use the key beside it, so what convinces others is a head that somebody else keeps:
//! [`export`], and [`verify`] against it.
//!
//! This room owns the files and their form. It touches no pixel and decides nothing; it makes the one thing that a
//! reveal is made from, a [`Receipt`]. Nobody else can make one, by hand:
//! ```compile_fail
//! fn forge(act: melkglas::casework::audit::Act) -> melkglas::casework::audit::Receipt {
//!     let sha256 = melkglas::casework::audit::Hash256::ZERO;
//!     melkglas::casework::audit::Receipt { entry: 1, sha256, act }
//! }
//! ```
//! by copying one:
//! ```compile_fail
//! fn copy(receipt: &melkglas::casework::audit::Receipt) -> melkglas::casework::audit::Receipt {
//!     receipt.clone()
//! }
//! ```
//! out of nothing:
//! ```compile_fail
//! fn conjure() -> melkglas::casework::audit::Receipt {
//!     Default::default()
//! }
//! ```
//! from a file:
//! ```compile_fail
//! fn read(text: &str) -> Option<melkglas::casework::audit::Receipt> {
//!     serde_json::from_str(text).ok()
//! }
//! ```
//! or by keeping one when its act is completed:
//! ```compile_fail
//! use melkglas::casework::audit::{OpenEntry, Outcome};
//! fn keep(open: OpenEntry) -> u64 {
//!     let receipt = open.receipt();
//!     let _ = open.complete(Outcome::Failed);
//!     receipt.entry()
//! }
//! ```
//! What does compile: the same with a receipt out of the log, an [`Act`] out of a file, and the order kept.
//! ```
//! use melkglas::casework::audit::{Act, AuditError, AuditLog, Outcome, ReasonText};
//! fn read(text: &str) -> Option<Act> {
//!     serde_json::from_str(text).ok()
//! }
//! fn act(log: &AuditLog, act: Act, reason: &ReasonText) -> Result<u64, AuditError> {
//!     let open = log.begin(act.clone(), reason)?;
//!     let receipt = open.receipt();
//!     let (entry, _sha256) = (receipt.entry(), receipt.sha256());
//!     open.complete(Outcome::Failed)?;
//!     Ok(entry)
//! }
//! ```

mod act;
mod case_step;
mod chain;
mod content;
mod entry;
mod error;
mod export;
mod keys;
mod log;
mod place;
mod read;
mod verify;

#[cfg(test)]
pub(super) mod tests;
#[cfg(test)]
mod verify_tests;

pub use act::{Act, ActKind, CameraRef, Mode, Outcome, Part, ReasonCode, ReasonText, What};
pub use case_step::{CaseStep, StepKind};
pub use content::{Account, CameraId, CaseNumber, ContentError, Hash256, LoginName, StaffName, UtcTime};
pub use entry::{AUDIT_VERSION, Entry, Event, Opened};
pub use error::AuditError;
pub use export::{Exported, Extent, export};
pub(in crate::casework) use keys::Sealed;
pub use keys::{Head, PublicKey};
pub use log::{AuditLog, OpenEntry, Receipt, Recorded};
pub use place::{Place, STATE_VARIABLE};
pub use read::{RecordedStep, Recording, case_steps, recordings};
pub use verify::{Fault, Findings, verify};
