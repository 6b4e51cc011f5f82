//! Cases: from a request to its receipt, by the corporation's own protocol.
mod calendar;
mod keys;
mod restriction;
mod table;
mod words;

#[cfg(test)]
mod table_tests;

pub use calendar::{end_of, holiday, is_working_day, working_days_left};
pub use keys::{ItemKey, KeyError, SiteKey};
pub use restriction::{Reading, Reads, reading};
pub use table::{allowed, rules};
pub use words::{Actor, CaseAct, CaseFacts, CaseState, Motive, Refusal, ReleaseState, Standing};
