//! Reading a log as acts: what was opened, and how it ended.

use super::AuditError;
use super::act::Outcome;
use super::case_step::CaseStep;
use super::chain::{Line, Lines};
use super::content::UtcTime;
use super::entry::{Event, Opened, Sealed};
use super::place::{Place, lock, open_existing};
use rustix::fs::FlockOperation::NonBlockingLockShared;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;

/// One act of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recording {
    /// The number of the entry that opened it.
    pub entry: u64,
    /// When it was opened.
    pub at: UtcTime,
    /// What, by whom and why.
    pub opened: Opened,
    /// When it was completed and how it ended; `None` while it is being done, and for ever after a crash.
    pub completed: Option<Completion>,
}

/// The end of an act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Completion {
    /// The number of the entry.
    pub entry: u64,
    /// When.
    pub at: UtcTime,
    /// How.
    pub outcome: Outcome,
}

/// Opens a log for reading; no writer comes in between while the handle lives.
pub(super) fn open(place: &Place) -> Result<File, AuditError> {
    let path = place.log();
    let file = match open_existing(&path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound && !place.head().exists() => {
            return Err(AuditError::None(place.dir().to_owned()));
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(AuditError::Gone(path)),
        opened => opened.map_err(|e| AuditError::io(&path, e))?,
    };
    lock(&file, NonBlockingLockShared, &path)?;
    Ok(file)
}

/// A step in a case, as it stands in a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordedStep {
    /// The number of the entry.
    pub entry: u64,
    /// When it was written: before the step was taken.
    pub at: UtcTime,
    /// The step.
    pub step: CaseStep,
}

/// All steps in cases that can be read, in their order.
///
/// # Errors
/// There is no log, or it cannot be read.
pub fn case_steps(place: &Place) -> Result<Vec<RecordedStep>, AuditError> {
    let file = open(place)?;
    let fault = |e| AuditError::io(&place.log(), e);
    let mut steps = Vec::new();
    for line in Lines::from(&file, 0).map_err(fault)? {
        let Line::Whole(bytes) = line.map_err(fault)? else { break };
        if let Ok(Sealed { entry, .. }) = Sealed::read(&bytes)
            && let Event::Case(step) = entry.event
        {
            steps.push(RecordedStep { entry: entry.entry, at: entry.at, step: *step });
        }
    }
    Ok(steps)
}

/// All acts that can be read, in the order in which they were opened. Whether the log can be believed is for
/// [`super::verify`] to say.
///
/// # Errors
/// There is no log, or it cannot be read.
pub fn recordings(place: &Place) -> Result<Vec<Recording>, AuditError> {
    let file = open(place)?;
    let fault = |e| AuditError::io(&place.log(), e);
    let mut acts = BTreeMap::new();
    for line in Lines::from(&file, 0).map_err(fault)? {
        let Line::Whole(bytes) = line.map_err(fault)? else { break };
        let Ok(Sealed { entry, .. }) = Sealed::read(&bytes) else { continue };
        let (number, at) = (entry.entry, entry.at);
        match entry.event {
            Event::Opened(opened) => {
                acts.insert(number, Recording { entry: number, at, opened: *opened, completed: None });
            }
            Event::Completed { opened, outcome } => {
                if let Some(act) = acts.get_mut(&opened) {
                    act.completed = Some(Completion { entry: number, at, outcome });
                }
            }
            Event::Case(_) | Event::Recovered { .. } => {}
        }
    }
    Ok(acts.into_values().collect())
}
