//! Why an act cannot be recorded, or a log not read.

use super::content::ContentError;
use super::place::STATE_VARIABLE;
use std::io;
use std::path::{Path, PathBuf};

/// Why an act cannot be recorded, and so cannot happen; or why a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// No folder is named and there is no home.
    #[error("there is no place for the audit log")]
    NoPlace,
    /// The folder holds clips.
    #[error("the audit log may not lie in {}, which is in the folder of clips {}", .place.display(), .clips.display())]
    AmongClips {
        /// The folder of the log.
        place: PathBuf,
        /// The folder of the clips.
        clips: PathBuf,
    },
    /// There is no log.
    #[error("there is no audit log in {}", .0.display())]
    None(PathBuf),
    /// Others may read or write it, it belongs to somebody else, or it has a second name.
    #[error("{} is not its owner's alone", .path.display())]
    NotPrivate {
        /// The file or folder.
        path: PathBuf,
        /// Whether it is a folder.
        folder: bool,
    },
    /// A key is not there or makes no sense, while entries are.
    #[error("the key {} is gone or spoilt", .0.display())]
    KeyGone(PathBuf),
    /// The log was changed, or is not of this version.
    #[error("the audit log {} was changed since it was written, so nothing is added to it", .0.display())]
    Broken(PathBuf),
    /// There are a key and a signed head, and no entries.
    #[error("the entries of the audit log are gone: {} is not there, and its signed head is", .0.display())]
    Gone(PathBuf),
    /// Somebody else writes to it for a long time.
    #[error("another process keeps the audit log {} locked", .0.display())]
    Locked(PathBuf),
    /// The act does not say what it is to show.
    #[error("the act cannot be recorded: {0}")]
    Act(#[source] ContentError),
    /// The operating system gives no random bytes.
    #[error("no random bytes for a key: {0}")]
    Randomness(String),
    /// What should be an export is none, or was changed.
    #[error("{} is not an export of an audit log, or was changed since", .0.display())]
    NoExport(PathBuf),
    /// Reading or writing failed.
    #[error("the audit log cannot be used: {}: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl AuditError {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::NoPlace => format!("name a folder with --state or {STATE_VARIABLE}"),
            Self::AmongClips { .. } => {
                format!(
                    "name another folder with --state or {STATE_VARIABLE}: folders of clips are handed out"
                )
            }
            Self::None(_) => format!(
                "name its folder with --state or {STATE_VARIABLE}; it is made by the first act that is recorded"
            ),
            Self::NotPrivate { path, folder } => {
                let mode = if *folder { "700" } else { "600" };
                format!(
                    "make it yours alone: chmod {mode} '{}'; or name another folder with --state",
                    path.display()
                )
            }
            Self::KeyGone(_) => {
                "put the key back from a backup; or keep the folder as it is and begin a new log in \
                                 another one with --state"
                    .to_owned()
            }
            Self::Broken(_) => {
                "`melkglas audit verify` says where; keep the folder as it is for whoever looks into \
                                it, and begin a new log in another one with --state"
                    .to_owned()
            }
            Self::Gone(_) => {
                "put the file back from a backup; keep the folder as it is for whoever looks into it"
                    .to_owned()
            }
            Self::Locked(_) => "end that process, or try again later".to_owned(),
            Self::Act(_) => "name what is to be shown".to_owned(),
            Self::Randomness(_) => "look at the machine; this should not happen".to_owned(),
            Self::NoExport(_) => "name a file that `melkglas audit export` wrote, unchanged".to_owned(),
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room".to_owned(),
                _ => format!("name a folder that you may write to with --state or {STATE_VARIABLE}"),
            },
        }
    }
}
