//! One stored clip, opened read-only once.

use super::rate::FrameRate;
use crate::digest::sha256_of_file;
use crate::interrupt::Interrupt;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// A clip cannot be opened, or changed under our hands.
#[derive(Debug, thiserror::Error)]
pub enum ClipError {
    /// The file cannot be opened for reading.
    #[error("{path} cannot be opened: {source}", path = path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is a directory, a pipe or a device.
    #[error("{path} is not a file; give a stored clip", path = .0.display())]
    NotAFile(PathBuf),
    /// It holds nothing.
    #[error("{path} is empty (0 bytes); export it from the recorder again", path = .0.display())]
    Empty(PathBuf),
    /// Reading failed.
    #[error("{path} cannot be read: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody wrote to it while it was being redacted.
    #[error(
        "{path} changed while it was being read; wait until the recorder has finished writing it",
        path = .0.display()
    )]
    Changed(PathBuf),
}

/// Who says when the pictures of a clip are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timing {
    /// The clip; a raw stream cannot, and is refused.
    Own,
    /// Somebody who states a rate: for raw streams only.
    Stated(FrameRate),
    /// The clip, and this rate where it is a raw stream.
    Assumed(FrameRate),
}

impl Timing {
    pub(super) fn rate(self) -> Option<FrameRate> {
        match self {
            Self::Own => None,
            Self::Stated(rate) | Self::Assumed(rate) => Some(rate),
        }
    }
}

/// An opened clip. The name may change or vanish; all reading goes through this one open file.
#[derive(Debug)]
pub struct Clip {
    path: PathBuf,
    file: File,
    len: u64,
    modified: (i64, i64),
    timing: Timing,
    track: Option<u32>,
}

impl Clip {
    /// Opens `path` read-only.
    ///
    /// # Errors
    /// [`ClipError`] where it is missing, unreadable, empty or not a regular file.
    pub fn open(path: &Path) -> Result<Self, ClipError> {
        let fault = |source| ClipError::Open { path: path.to_owned(), source };
        // A pipe would block on open, so what it is comes first.
        let kind = std::fs::metadata(path).map_err(fault)?;
        if !kind.is_file() {
            return Err(ClipError::NotAFile(path.to_owned()));
        }
        let file = File::open(path).map_err(fault)?;
        let meta = file.metadata().map_err(fault)?;
        if !meta.is_file() {
            return Err(ClipError::NotAFile(path.to_owned()));
        }
        if meta.len() == 0 {
            return Err(ClipError::Empty(path.to_owned()));
        }
        Ok(Self {
            path: path.to_owned(),
            len: meta.len(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            timing: Timing::Own,
            track: None,
            file,
        })
    }

    /// States the rate of a raw stream; a clip that has times of its own is refused with it.
    #[must_use]
    pub fn at_rate(self, rate: FrameRate) -> Self {
        Self { timing: Timing::Stated(rate), ..self }
    }

    /// Assumes a rate where the clip turns out to be a raw stream, for those to whom times do not matter.
    #[must_use]
    pub fn assuming_rate(self, rate: FrameRate) -> Self {
        Self { timing: Timing::Assumed(rate), ..self }
    }

    /// Takes this video track, counted from 1, in place of the one that players show.
    #[must_use]
    pub fn with_track(self, track: Option<u32>) -> Self {
        Self { track, ..self }
    }

    pub(super) fn track(&self) -> Option<u32> {
        self.track
    }

    pub(super) fn timing(&self) -> Timing {
        self.timing
    }

    /// The name it was opened under.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Size in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Never true: an empty file does not open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A name under which this process can open the same file again, whatever its real name holds.
    pub(super) fn location(&self) -> String {
        format!("/proc/self/fd/{}", self.file.as_raw_fd())
    }

    /// The same open file once more, for a thread that reads it on its own.
    pub(super) fn again(&self) -> io::Result<Self> {
        Ok(Self { path: self.path.clone(), file: self.file.try_clone()?, ..*self })
    }

    /// Reads up to `buf.len()` bytes at `offset`; fewer only at the end.
    pub(super) fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while done < buf.len() {
            match self.file.read_at(&mut buf[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(done)
    }

    /// The fault of a read that failed.
    pub(super) fn unreadable(&self, source: io::Error) -> ClipError {
        ClipError::Read { path: self.path.clone(), source }
    }

    /// SHA-256 of the whole file, hexadecimal.
    ///
    /// # Errors
    /// [`ClipError::Read`], also where a stop was asked for.
    pub fn sha256(&self, interrupt: &Interrupt) -> Result<String, ClipError> {
        sha256_of_file(&self.file, interrupt).map_err(|e| self.unreadable(e))
    }

    /// Checks that nobody wrote to the file since it was opened.
    ///
    /// # Errors
    /// [`ClipError::Changed`] or [`ClipError::Read`].
    pub fn check_unchanged(&self) -> Result<(), ClipError> {
        let meta = self.file.metadata().map_err(|e| self.unreadable(e))?;
        if meta.len() == self.len && (meta.mtime(), meta.mtime_nsec()) == self.modified {
            Ok(())
        } else {
            Err(ClipError::Changed(self.path.clone()))
        }
    }
}
