//! Files that exist under their final name only when they are whole.
//!
//! A [`PartialFile`] is hidden, readable by its owner alone and locked while its process lives. It is removed when
//! dropped. What a kill leaves behind carries no lock any more, and [`sweep`] removes it at the next run.

use rustix::fs::{FlockOperation, Mode, OFlags, RenameFlags};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

const PREFIX: &str = ".melkglas-";
const SUFFIX: &str = ".partial";

/// What happens to a file that already has the final name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// It stays, and the new one is refused.
    Refuse,
    /// The new one takes its place.
    Replace,
}

/// A file in the making.
#[derive(Debug)]
pub struct PartialFile {
    file: File,
    hidden: PathBuf,
    target: PathBuf,
    overwrite: Overwrite,
    committed: bool,
}

impl PartialFile {
    /// Starts a file that is to be called `target`, beside it.
    ///
    /// # Errors
    /// The folder cannot be written to, or `target` exists and may not be replaced.
    pub fn create(target: &Path, overwrite: Overwrite) -> io::Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if overwrite == Overwrite::Refuse && target.symlink_metadata().is_ok() {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        let folder = folder(target);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        // Time keeps two processes of one number apart, such as in two containers on one folder.
        let nanos = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |d| d.subsec_nanos());
        let hidden = folder.join(format!("{PREFIX}{}-{number}-{nanos:09}{SUFFIX}", std::process::id()));
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::open(&hidden, flags, Mode::RUSR | Mode::WUSR)?);
        let partial = Self { file, hidden, target: target.to_owned(), overwrite, committed: false };
        match rustix::fs::flock(&partial.file, FlockOperation::NonBlockingLockExclusive) {
            // Some network file systems know no locks; there `sweep` removes nothing either.
            Ok(())
            | Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS | rustix::io::Errno::NOLCK) => {}
            Err(e) => return Err(e.into()),
        }
        Ok(partial)
    }

    /// The file, to write to.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// The name that it will have.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// A name under which this process can open the same file again.
    #[must_use]
    pub fn location(&self) -> String {
        format!("/proc/self/fd/{}", self.file.as_raw_fd())
    }

    /// Brings everything to the disk.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Gives the file its final name, once it is on the disk.
    ///
    /// # Errors
    /// The disk is full or broken, or somebody made a file of that name meanwhile. The partial file is gone then.
    pub fn commit(mut self) -> io::Result<()> {
        self.sync()?;
        // Opened before the name is given: where this fails, there is no name yet.
        let folder = File::open(folder(&self.target))?;
        match self.overwrite {
            Overwrite::Replace => std::fs::rename(&self.hidden, &self.target)?,
            Overwrite::Refuse => rename_new(&self.hidden, &self.target)?,
        }
        self.committed = true;
        folder.sync_all().or_else(|e| match rustix::io::Errno::from_io_error(&e) {
            // Some file systems cannot sync a folder; the file itself is on the disk.
            Some(rustix::io::Errno::INVAL | rustix::io::Errno::OPNOTSUPP) => Ok(()),
            _ => {
                // A name that may be gone after a power cut is none: the caller is told that there is no file.
                let _ = std::fs::remove_file(&self.target);
                Err(e)
            }
        })
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if !self.committed {
            // Nothing better can be done where this fails; `sweep` tries again at the next run.
            let _ = std::fs::remove_file(&self.hidden);
        }
    }
}

fn folder(target: &Path) -> PathBuf {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Renames without replacing, also where the file system has no such call.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::io::Errno;
    match rustix::fs::renameat_with(rustix::fs::CWD, from, rustix::fs::CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            std::fs::hard_link(from, to)?;
            std::fs::remove_file(from)
        }
        other => Ok(other?),
    }
}

/// Removes what killed runs left in a folder; returns how many files. Files of runs that still live stay.
pub fn sweep(folder_path: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder_path) else { return 0 };
    entries
        .filter_map(Result::ok)
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with(PREFIX) && name.ends_with(SUFFIX)
        })
        .filter(|entry| {
            let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
            let Ok(file) = rustix::fs::open(entry.path(), flags, Mode::empty()) else { return false };
            rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()
                && std::fs::remove_file(entry.path()).is_ok()
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .expect("a folder")
            .map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn appears_only_when_committed() {
        let dir = tempfile::tempdir().expect("a folder");
        let target = dir.path().join("out.mp4");
        let partial = PartialFile::create(&target, Overwrite::Refuse).expect("created");
        partial.file().write_all(b"x").expect("written");
        let mode = partial.file().metadata().expect("metadata").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!target.exists());
        partial.commit().expect("committed");
        assert_eq!(names(dir.path()), ["out.mp4"]);
        let again = PartialFile::create(&target, Overwrite::Refuse);
        assert_eq!(again.expect_err("exists").kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn a_dropped_file_leaves_nothing() {
        let dir = tempfile::tempdir().expect("a folder");
        drop(PartialFile::create(&dir.path().join("out.mp4"), Overwrite::Refuse).expect("created"));
        assert!(names(dir.path()).is_empty());
    }

    #[test]
    fn a_late_rival_is_not_replaced() {
        let dir = tempfile::tempdir().expect("a folder");
        let target = dir.path().join("out.mp4");
        let partial = PartialFile::create(&target, Overwrite::Refuse).expect("created");
        std::fs::write(&target, b"theirs").expect("written");
        assert!(partial.commit().is_err());
        assert_eq!(std::fs::read(&target).expect("still there"), b"theirs");
        assert_eq!(names(dir.path()), ["out.mp4"]);
    }

    #[test]
    fn sweeping_spares_the_living() {
        let dir = tempfile::tempdir().expect("a folder");
        let living = PartialFile::create(&dir.path().join("a.mp4"), Overwrite::Refuse).expect("created");
        std::fs::write(dir.path().join(".melkglas-1-0-000000001.partial"), b"left").expect("written");
        std::fs::write(dir.path().join("mine.partial"), b"not ours").expect("written");
        assert_eq!(sweep(dir.path()), 1);
        assert_eq!(names(dir.path()).len(), 2);
        drop(living);
    }
}
