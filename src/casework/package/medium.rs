//! Onto a stick or a disk that leaves the house: into an empty folder, written through, and read back.

use super::super::audit::Hash256;
use super::pack::hash_to_end;
use crate::video::sink::{Overwrite, PartialFile, Placed, sweep};
use rustix::fs::{Advice, fadvise};
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Why nothing stands on the medium.
#[derive(Debug, thiserror::Error)]
pub enum MediumError {
    /// It is no folder.
    #[error("{} is no folder; name the folder under which the medium is mounted", .0.display())]
    NotAFolder(PathBuf),
    /// Something is on it.
    #[error("{} is not empty (it holds {found:?}); take an empty medium, so that nothing else leaves the house", .folder.display())]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
        /// The first name in it.
        found: String,
    },
    /// It is another one than before.
    #[error("{} was taken out while it was written to; put it in again, empty it, and begin again", .0.display())]
    TakenOut(PathBuf),
    /// What was read is not what was written.
    #[error("what was read back from {} is not what was written; take another medium", .0.display())]
    ReadBack(PathBuf),
    /// Reading or writing failed.
    #[error("{} cannot be used: {source}", .folder.display())]
    Io {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What stands on the medium. Dropped before [`Self::keep`], it is taken away again.
#[derive(Debug)]
pub struct Written {
    /// The file.
    pub path: PathBuf,
    /// SHA-256 of what was read back.
    pub sha256: Hash256,
    /// Its size.
    pub bytes: u64,
    placed: Placed,
}

impl Written {
    /// Lets it stay.
    pub fn keep(self) {
        self.placed.keep();
    }
}

/// What a file system of its own brings with it (ext4): a folder for what a check of the disk finds.
const FOUND_BY_CHECKS: &str = "lost+found";

/// Whether a medium is one that something may be written to. What a kill left of an earlier try is removed.
///
/// # Errors
/// It is no folder, or something is on it.
pub fn check_empty(folder: &Path) -> Result<(), MediumError> {
    let fault = |source| MediumError::Io { folder: folder.to_owned(), source };
    if !folder.is_dir() {
        return Err(MediumError::NotAFolder(folder.to_owned()));
    }
    sweep(folder);
    for entry in folder.read_dir().map_err(fault)? {
        let entry = entry.map_err(fault)?;
        let inside = entry.path().read_dir().map(|mut inside| inside.next().is_none());
        // Root alone may look into it.
        let unseen = inside.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::PermissionDenied);
        if entry.file_name() == FOUND_BY_CHECKS && (unseen || inside.is_ok_and(|empty| empty)) {
            continue;
        }
        let found = entry.file_name().to_string_lossy().into_owned();
        return Err(MediumError::NotEmpty { folder: folder.to_owned(), found });
    }
    Ok(())
}

/// Which file system a folder is on: another one where a medium was put in or taken out.
///
/// # Errors
/// There is no such folder.
pub fn device_of(folder: &Path) -> Result<u64, MediumError> {
    let meta = folder.metadata().map_err(|source| MediumError::Io { folder: folder.to_owned(), source })?;
    Ok(meta.dev())
}

/// Copies `package` into a folder under `name`, brings it to the medium, and reads it back from there. `device` is the
/// one that the folder was on when it was looked at.
///
/// # Errors
/// [`MediumError`]; then no file of that name is there.
pub fn write_there(package: &File, folder: &Path, device: u64, name: &str) -> Result<Written, MediumError> {
    let fault = |source| MediumError::Io { folder: folder.to_owned(), source };
    let path = folder.join(name);
    let copy = || -> io::Result<_> {
        let partial = PartialFile::create(&path, Overwrite::Refuse)?;
        let mut reader = package;
        io::Seek::rewind(&mut reader)?;
        io::copy(&mut reader, &mut partial.file())?;
        io::Seek::rewind(&mut reader)?;
        Ok((hash_to_end(&mut reader)?, partial.place()?))
    };
    let ((sha256, bytes), placed) = copy().map_err(fault)?;
    let back = || -> io::Result<_> {
        let file = File::open(&path)?;
        // Written pages were synced, so the kernel lets go of them and reads the medium. Some file systems do not.
        let _ = fadvise(&file, 0, None, Advice::DontNeed);
        hash_to_end(&mut &file)
    };
    if back().map_err(fault)? != (sha256, bytes) {
        return Err(MediumError::ReadBack(folder.to_owned()));
    }
    // What was written after it was taken out stands on this machine's own disk.
    if device_of(folder)? != device {
        return Err(MediumError::TakenOut(folder.to_owned()));
    }
    Ok(Written { path, sha256, bytes, placed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn package() -> File {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(b"a package").expect("written");
        file
    }

    fn there(folder: &Path) -> Result<Written, MediumError> {
        write_there(&package(), folder, device_of(folder).expect("a folder"), "case.zip")
    }

    #[test]
    fn a_medium_that_was_taken_out_gets_nothing() {
        let dir = tempfile::tempdir().expect("a folder");
        let other = device_of(dir.path()).expect("a folder") + 1;
        let taken = write_there(&package(), dir.path(), other, "case.zip").expect_err("another device");
        assert!(matches!(taken, MediumError::TakenOut(_)));
        check_empty(dir.path()).expect("what was written is gone again");
    }

    #[test]
    fn an_empty_folder_gets_one_file_that_is_what_was_written() {
        let dir = tempfile::tempdir().expect("a folder");
        check_empty(dir.path()).expect("empty");
        let written = there(dir.path()).expect("written");
        assert_eq!((written.sha256, written.bytes), (Hash256::of(b"a package"), 9));
        assert_eq!(std::fs::read(&written.path).expect("there"), b"a package");
        assert_eq!(dir.path().read_dir().expect("a folder").count(), 1);
        written.keep();
        let again = check_empty(dir.path()).expect_err("not empty any more");
        assert!(matches!(again, MediumError::NotEmpty { found, .. } if found == "case.zip"));
    }

    #[test]
    fn what_is_not_kept_is_taken_away_again() {
        let dir = tempfile::tempdir().expect("a folder");
        drop(there(dir.path()).expect("written"));
        check_empty(dir.path()).expect("as it was");
    }

    #[test]
    fn hidden_files_count_and_a_file_is_no_folder() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join(".hidden"), "x").expect("written");
        let refused = check_empty(dir.path()).expect_err("not empty");
        assert!(matches!(refused, MediumError::NotEmpty { .. }));
        let refused = check_empty(&dir.path().join(".hidden")).expect_err("a file");
        assert!(matches!(refused, MediumError::NotAFolder(_)));
        assert_eq!(dir.path().read_dir().expect("a folder").count(), 1);
    }

    #[test]
    fn what_a_kill_left_and_a_file_systems_own_folder_do_not_count() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join(".melkglas-12-0-000000001.partial"), "x").expect("written");
        std::fs::create_dir(dir.path().join(FOUND_BY_CHECKS)).expect("made");
        check_empty(dir.path()).expect("empty");
        assert_eq!(dir.path().read_dir().expect("a folder").count(), 1);
        std::fs::write(dir.path().join(FOUND_BY_CHECKS).join("x"), "x").expect("written");
        check_empty(dir.path()).expect_err("something is in it");
    }
}
