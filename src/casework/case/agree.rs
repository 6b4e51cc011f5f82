//! Whether the store and the audit log belong together: an empty, older or foreign one is never taken for the real one.
//!
//! Every step stands in the log before the store knows it, and a crash in between leaves an entry without a step. So a
//! case that was opened by the log's account alone may be missing in a sound store; one that a later step is about cannot be.

use super::error::CaseError;
use super::store::Store;
use crate::casework::audit::{AuditLog, CaseNumber, StepKind};
use std::collections::BTreeSet;

/// Refuses a store that is older than the log, and a log that is older than the store.
///
/// # Errors
/// [`CaseError::StoreBehind`], [`CaseError::LogBehind`], or one of both cannot be read.
pub(super) fn hold_together(store: &Store, log: &AuditLog) -> Result<(), CaseError> {
    let named = store.last_entry()?;
    // Others may go on meanwhile: what is read of the log before the store is known to a sound one.
    let steps = log.case_steps()?;
    let written = log.head()?.entries;
    if named > written {
        return Err(CaseError::LogBehind { named, written });
    }
    let known: BTreeSet<String> = store.cases()?.into_iter().map(|case| case.number.to_string()).collect();
    let later = steps.iter().filter(|step| step.step.step != StepKind::Open);
    match later.map(|step| step.step.case.to_string()).find(|case| !known.contains(case)) {
        Some(case) => Err(CaseError::StoreBehind { case }),
        None => Ok(()),
    }
}

/// The highest number that the log ever gave to a case, without its year; 0 where it has none.
///
/// # Errors
/// The log cannot be read.
pub(super) fn highest_number(log: &AuditLog) -> Result<i64, CaseError> {
    Ok(log.case_steps()?.iter().map(|step| sequence(&step.step.case)).max().unwrap_or(0))
}

/// A case's number without its year: cases are numbered on over the years.
fn sequence(case: &CaseNumber) -> i64 {
    case.to_string().rsplit_once('-').and_then(|(_, number)| number.parse().ok()).unwrap_or(0)
}
