//! Why something in a case was not done.

use super::keys::KeyError;
use super::words::Refusal;
use crate::casework::audit::{AuditError, ContentError};
use std::io;
use std::path::{Path, PathBuf};

/// Why something in a case was not done.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// The protocol does not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It could not be written down, so it did not happen.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The store cannot be read or written.
    #[error("the case store cannot be used: {0}")]
    Store(#[from] rusqlite::Error),
    /// What stands in the store makes no sense to this version of the program.
    #[error("the case store says {0}, which this version does not know")]
    Strange(String),
    /// The store was made by a later version.
    #[error("the case store was made by a later version of this program (form {0})")]
    Newer(i64),
    /// There is no such case.
    #[error("there is no case {0}")]
    NoCase(String),
    /// The store lacks a case that the log has: it is empty, an older copy, or another one.
    #[error(
        "the case store is not the one that the audit log goes with: the log has steps of case {case}, and the store has no such case"
    )]
    StoreBehind {
        /// The first such case.
        case: String,
    },
    /// The store names entries that the log does not have: it is new, an older copy, or another one.
    #[error(
        "the audit log is not the one that the case store goes with: the store names its entry {named}, and it has {written}"
    )]
    LogBehind {
        /// The highest entry that the store names.
        named: u64,
        /// How many the log has.
        written: u64,
    },
    /// What was put on record of it is erased.
    #[error("what was put on record of case {0} is erased, as its term is over")]
    Forgotten(String),
    /// There is no such clip.
    #[error("case {case} has no clip {clip}")]
    NoClip {
        /// The case.
        case: String,
        /// The clip.
        clip: u32,
    },
    /// It was erased.
    #[error("clip {clip} of case {case} was erased on {on}")]
    Erased {
        /// The case.
        case: String,
        /// The clip.
        clip: u32,
        /// When.
        on: String,
    },
    /// There is nothing of this name in the case.
    #[error("case {case} holds nothing called {name}")]
    NoPaper {
        /// The case.
        case: String,
        /// The name.
        name: String,
    },
    /// A name that an entry in the log cannot hold.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// It changed while it was copied, or what was read back is not what was written.
    #[error("{} changed while it was copied", .0.display())]
    Changed(PathBuf),
    /// The clip cannot be read.
    #[error("{}: {source}", .path.display())]
    Unreadable {
        /// The clip.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It does not fit into memory.
    #[error("the clip takes {needed_mib} MiB of memory and {free_mib} MiB are free")]
    NoMemory {
        /// What it takes.
        needed_mib: u64,
        /// What there is.
        free_mib: u64,
    },
    /// The folder of cases is not its owner's alone.
    #[error("{} is not its owner's alone", .0.display())]
    NotPrivate(PathBuf),
    /// A file cannot be used.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl CaseError {
    pub(super) fn io(path: &Path, source: impl Into<io::Error>) -> Self {
        Self::Io { path: path.to_owned(), source: source.into() }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::Refused(refusal) => refusal.cure.clone(),
            Self::Key(e) => e.cure(),
            Self::Audit(e) => e.cure(),
            Self::Store(_) | Self::Strange(_) => "restore the folder of cases from a backup".to_owned(),
            Self::StoreBehind { .. } => "put the newest backup of the folder of cases in its place, and look whether `[cases] folder` in the \
                                         site file and the log are the right ones; nothing was changed. Where there is no backup, \
                                         keep this log, and begin another one with --state"
                .to_owned(),
            Self::LogBehind { .. } => "put the newest backup of the folder of the log in its place, or name the right one with --state; \
                                       `melkglas audit verify` looks at it"
                .to_owned(),
            Self::Newer(_) => "use that version".to_owned(),
            Self::NoCase(_) | Self::Forgotten(_) => {
                "`melkglas case list` shows the cases there are".to_owned()
            }
            Self::NoClip { .. } | Self::NoPaper { .. } | Self::Erased { .. } => {
                "`melkglas case show` shows what the case holds".to_owned()
            }
            Self::Content(_) => "mend the name in the site file".to_owned(),
            Self::Changed(_) => {
                "wait until the recorder has finished writing it, and add it again".to_owned()
            }
            Self::Unreadable { .. } => "name a clip that is there, and that may be read".to_owned(),
            Self::NoMemory { .. } => "close other programs, or add a shorter part of the footage".to_owned(),
            Self::NotPrivate(path) => format!("make it yours alone: chmod 700 '{}'", path.display()),
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room".to_owned(),
                _ => "look at the file and the disk".to_owned(),
            },
        }
    }
}
