//! Onto a stick or a disk that leaves the house: into an empty folder, written through, and read back.

use super::super::audit::Hash256;
use super::pack::hash_to_end;
use crate::video::sink::{Overwrite, PartialFile};
use rustix::fs::{Advice, fadvise};
use std::fs::File;
use std::io;
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

/// What stands on the medium.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The file.
    pub path: PathBuf,
    /// SHA-256 of what was read back.
    pub sha256: Hash256,
    /// Its size.
    pub bytes: u64,
}

/// Copies `package` into the empty `folder` under `name`, brings it to the medium, and reads it back from there.
///
/// # Errors
/// [`MediumError`]; then no file of that name is there.
pub fn write_to_medium(package: &File, folder: &Path, name: &str) -> Result<Written, MediumError> {
    check_empty(folder)?;
    write_there(package, folder, name)
}

/// Whether a medium is one that something may be written to.
///
/// # Errors
/// It is no folder, or something is on it.
pub fn check_empty(folder: &Path) -> Result<(), MediumError> {
    let fault = |source| MediumError::Io { folder: folder.to_owned(), source };
    if !folder.is_dir() {
        return Err(MediumError::NotAFolder(folder.to_owned()));
    }
    if let Some(entry) = folder.read_dir().map_err(fault)?.next() {
        let found = entry.map_err(fault)?.file_name().to_string_lossy().into_owned();
        return Err(MediumError::NotEmpty { folder: folder.to_owned(), found });
    }
    Ok(())
}

/// Copies `package` into a folder under `name`, brings it to the medium, and reads it back from there.
///
/// # Errors
/// [`MediumError`]; then no file of that name is there.
pub fn write_there(package: &File, folder: &Path, name: &str) -> Result<Written, MediumError> {
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
    let ((wanted, bytes), placed) = copy().map_err(fault)?;
    let back = || -> io::Result<_> {
        let file = File::open(&path)?;
        // Written pages were synced, so the kernel lets go of them and reads the medium. Some file systems do not.
        let _ = fadvise(&file, 0, None, Advice::DontNeed);
        hash_to_end(&mut &file)
    };
    // Dropped, `placed` takes the name back.
    if back().map_err(fault)? != (wanted, bytes) {
        return Err(MediumError::ReadBack(folder.to_owned()));
    }
    placed.keep();
    Ok(Written { path, sha256: wanted, bytes })
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

    #[test]
    fn an_empty_folder_gets_one_file_that_is_what_was_written() {
        let dir = tempfile::tempdir().expect("a folder");
        let written = write_to_medium(&package(), dir.path(), "case.zip").expect("written");
        assert_eq!((written.sha256, written.bytes), (Hash256::of(b"a package"), 9));
        assert_eq!(std::fs::read(&written.path).expect("there"), b"a package");
        assert_eq!(dir.path().read_dir().expect("a folder").count(), 1);
        let again = write_to_medium(&package(), dir.path(), "other.zip").expect_err("not empty any more");
        assert!(matches!(again, MediumError::NotEmpty { found, .. } if found == "case.zip"));
    }

    #[test]
    fn hidden_files_count_and_a_file_is_no_folder() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join(".hidden"), "x").expect("written");
        let refused = write_to_medium(&package(), dir.path(), "case.zip").expect_err("not empty");
        assert!(matches!(refused, MediumError::NotEmpty { .. }));
        let refused =
            write_to_medium(&package(), &dir.path().join(".hidden"), "case.zip").expect_err("a file");
        assert!(matches!(refused, MediumError::NotAFolder(_)));
        assert_eq!(dir.path().read_dir().expect("a folder").count(), 1);
    }
}
