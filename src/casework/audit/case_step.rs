//! A step in a case, as the log has it: which case, what, who. Nothing of a resident, no file name, no words.

use super::content::{Account, CaseNumber, Hash256, StaffName};
use crate::config::Role;
use serde::{Deserialize, Serialize};

/// What is done to a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// It is opened, and its window secured.
    Open,
    /// An identity was established.
    Identify,
    /// A clip is copied in.
    AddClip,
    /// A clip is decrypted in memory, to be analysed, shown to staff or redacted.
    Look,
    /// It is granted.
    Grant,
    /// It is refused.
    Refuse,
    /// A release is rendered.
    Draft,
    /// Somebody watched it to its end.
    Watch,
    /// It is approved.
    Approve,
    /// It is shown or handed over.
    HandOver,
    /// It is closed.
    Close,
    /// The key of a clip is destroyed, and with it the clip; without a clip that of the case, and what is on record of it.
    Erase,
}

impl std::fmt::Display for StepKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = clap::ValueEnum::to_possible_value(self).expect("no word is skipped");
        f.pad(value.get_name())
    }
}

/// A step in a case, before it is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseStep {
    /// The case.
    pub case: CaseNumber,
    /// What is done.
    pub step: StepKind,
    /// Who does it.
    pub by: StaffName,
    /// In which role.
    pub role: Role,
    /// As a deputy of who has it.
    pub deputy: bool,
    /// The account of the operating system.
    pub account: Account,
    /// The number of the clip in its case, where it is about one.
    pub clip: Option<u32>,
    /// SHA-256 of what it is about, where there is something.
    pub sha256: Option<Hash256>,
}
