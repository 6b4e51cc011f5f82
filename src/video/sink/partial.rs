//! Files that exist under their final name only when they are whole.
//!
//! A [`PartialFile`] is hidden, readable by its owner alone and locked while its process lives. It is removed when
//! dropped. What a kill leaves behind carries no lock any more, and [`sweep`] removes it at the next run. A [`Placed`]
//! has the final name and can still give it back to the file that had it before.

use rustix::fs::{FlockOperation, Mode, OFlags, RenameFlags};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

const PREFIX: &str = ".melkglas-";
const SUFFIX: &str = ".partial";
/// How often something is tried that another process may spoil by chance.
const ATTEMPTS: usize = 8;

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
        Self::create_with(target, overwrite, |_| {})
    }

    /// The same; `unlocked` is called with each name that is tried while its file carries no lock yet.
    fn create_with(target: &Path, overwrite: Overwrite, mut unlocked: impl FnMut(&Path)) -> io::Result<Self> {
        use rustix::io::Errno;
        if overwrite == Overwrite::Refuse && target.symlink_metadata().is_ok() {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        for _ in 0..ATTEMPTS {
            let hidden = folder(target).join(hidden_name());
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let file = File::from(rustix::fs::open(&hidden, flags, Mode::RUSR | Mode::WUSR)?);
            let partial = Self { file, hidden, target: target.to_owned(), overwrite, committed: false };
            unlocked(&partial.hidden);
            match rustix::fs::flock(&partial.file, FlockOperation::NonBlockingLockExclusive) {
                // Some network file systems know no locks; there `sweep` removes nothing either.
                Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::NOLCK) => {}
                // The sweep of another run holds it, and is about to remove it.
                Err(Errno::WOULDBLOCK) => continue,
                Err(e) => return Err(e.into()),
            }
            // Such a sweep may also have come and gone before the lock: then nothing would be left to rename.
            if partial.is_called(&partial.hidden) {
                return Ok(partial);
            }
        }
        Err(io::Error::other("another run removes each new file at once"))
    }

    /// Whether `path` is this very file, and no link to it.
    fn is_called(&self, path: &Path) -> bool {
        let identity = |m: std::fs::Metadata| (m.dev(), m.ino());
        match (self.file.metadata(), path.symlink_metadata()) {
            (Ok(ours), Ok(theirs)) => identity(ours) == identity(theirs),
            _ => false,
        }
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

    /// Gives the file its final name for good, once it is on the disk.
    ///
    /// # Errors
    /// As [`Self::place`].
    pub fn commit(self) -> io::Result<()> {
        self.place()?.keep();
        Ok(())
    }

    /// Gives the file its final name, once it is on the disk, in a way that can be taken back. A file that had the
    /// name lives on under the hidden one meanwhile; a symbolic link is put aside itself, never what it leads to.
    /// File systems that cannot exchange names lose the older file here.
    ///
    /// # Errors
    /// The disk is full or broken, the name is a folder's, or somebody made a file of that name meanwhile and it may
    /// not be replaced. The partial file is gone then, and an older one is where it was.
    pub fn place(mut self) -> io::Result<Placed> {
        self.sync()?;
        // Opened before the name is given: where this fails, there is no name yet.
        let folder = File::open(folder(&self.target))?;
        let aside = match self.overwrite {
            Overwrite::Replace => replace(&self.hidden, &self.target)?,
            Overwrite::Refuse => {
                rename_new(&self.hidden, &self.target)?;
                None
            }
        };
        self.committed = true;
        let placed = Placed { partial: self, folder, aside, settled: false };
        // A name that may be gone after a power cut is none: dropped, it is taken back.
        placed.sync_folder()?;
        Ok(placed)
    }
}

/// A file under its final name that can still be taken back. Dropped, it is.
#[derive(Debug)]
pub struct Placed {
    partial: PartialFile,
    folder: File,
    aside: Option<Aside>,
    settled: bool,
}

/// An older file that lies under the hidden name.
#[derive(Debug)]
struct Aside {
    /// Holds the lock that keeps the `sweep` of another run away. A link needs none: `sweep` takes no links.
    _locked: Option<File>,
}

impl Placed {
    /// The name that it has.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.partial.target
    }

    /// Lets the name stand and removes the older file.
    pub fn keep(mut self) {
        self.settled = true;
        if self.aside.is_some() {
            // The name itself is on the disk since `place`. What stays of the older file here is left to `sweep`.
            let _ = std::fs::remove_file(&self.partial.hidden);
            let _ = self.sync_folder();
        }
    }

    /// Takes the name back: the older file has it again, or nobody.
    pub fn undo(self) {
        drop(self);
    }

    fn take_back(&self) {
        let (hidden, target) = (&self.partial.hidden, &self.partial.target);
        // Nothing better can be done where any of this fails, and what somebody else put there meanwhile stays.
        let ours = self.partial.is_called(target);
        match (&self.aside, ours) {
            (Some(_), true) => {
                if exchange(hidden, target).is_ok() {
                    // The older file's name first, then the end of the new one.
                    let _ = self.sync_folder();
                    let _ = std::fs::remove_file(hidden);
                }
            }
            // Somebody removed the new one: the older one comes back where the name is free.
            (Some(_), false) => drop(rename_new(hidden, target)),
            (None, true) => drop(std::fs::remove_file(target)),
            (None, false) => {}
        }
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.folder.sync_all().or_else(|e| match rustix::io::Errno::from_io_error(&e) {
            // Some file systems cannot sync a folder; the file itself is on the disk.
            Some(rustix::io::Errno::INVAL | rustix::io::Errno::OPNOTSUPP) => Ok(()),
            _ => Err(e),
        })
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        if !self.settled {
            self.take_back();
        }
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

fn exchange(one: &Path, other: &Path) -> rustix::io::Result<()> {
    rustix::fs::renameat_with(rustix::fs::CWD, one, rustix::fs::CWD, other, RenameFlags::EXCHANGE)
}

/// Renames; what was called `to` is called `from` afterwards, if there was something and the file system can do it.
fn replace(from: &Path, to: &Path) -> io::Result<Option<Aside>> {
    use rustix::io::Errno;
    for _ in 0..ATTEMPTS {
        let older = to.symlink_metadata().map(|m| m.file_type());
        if older.as_ref().is_ok_and(std::fs::FileType::is_dir) {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        // Locked before it gets a name that `sweep` looks at.
        let locked = older.is_ok_and(|kind| kind.is_file()).then(|| lock(to)).flatten();
        match exchange(from, to) {
            Ok(()) => return Ok(Some(Aside { _locked: locked })),
            Err(Errno::NOENT) => match rename_new(from, to) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                other => return other.map(|()| None),
            },
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                return std::fs::rename(from, to).map(|()| None);
            }
            Err(e) => return Err(e.into()),
        }
    }
    Err(io::Error::from(io::ErrorKind::AlreadyExists))
}

/// A lock on a file that is there. Without one (it may not be read) it is only as safe as `sweep`'s own rights.
fn lock(path: &Path) -> Option<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
    rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared).ok()?;
    Some(file)
}

/// A name for the time being: process, count, time.
fn hidden_name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    // Time keeps two processes of one number apart, such as in two containers on one folder.
    let nanos =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.subsec_nanos());
    format!("{PREFIX}{}-{number}-{nanos:09}{SUFFIX}", std::process::id())
}

/// Whether [`hidden_name`] makes such names.
fn is_hidden_name(name: &str) -> bool {
    let middle = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    let parts: Vec<&str> = middle.unwrap_or_default().split('-').collect();
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    matches!(parts.as_slice(), [process, number, nanos]
        if digits(process) && digits(number) && digits(nanos) && nanos.len() == 9)
}

/// Removes what killed runs left in a folder; returns how many files. Files of runs that still live stay, and so does
/// everything that is no regular file with a name of ours.
pub fn sweep(folder_path: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder_path) else { return 0 };
    entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_str().is_some_and(is_hidden_name))
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
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

    /// A new file on its way to `target`, with an older one there where `older` says what is in it.
    fn replacing(target: &Path, older: Option<&str>) -> PartialFile {
        if let Some(text) = older {
            std::fs::write(target, text).expect("written");
        }
        let partial = PartialFile::create(target, Overwrite::Replace).expect("created");
        partial.file().write_all(b"new").expect("written");
        partial
    }

    #[test]
    fn what_is_placed_can_be_kept_or_taken_back() {
        for (older, keep) in [(None, false), (None, true), (Some("old"), false), (Some("old"), true)] {
            let dir = tempfile::tempdir().expect("a folder");
            let target = dir.path().join("out.mp4");
            let placed = replacing(&target, older).place().expect("placed");
            assert_eq!(std::fs::read(&target).expect("there"), b"new");
            assert_eq!(sweep(dir.path()), 0, "the older one is not rubbish yet");
            assert_eq!(names(dir.path()).len(), 1 + usize::from(older.is_some()));
            if keep {
                placed.keep();
            } else {
                placed.undo();
            }
            let left = std::fs::read_to_string(&target).ok();
            assert_eq!(left.as_deref(), if keep { Some("new") } else { older });
            assert_eq!(names(dir.path()).len(), usize::from(left.is_some()));
        }
    }

    #[test]
    fn dropped_before_it_is_kept_it_is_taken_back() {
        let dir = tempfile::tempdir().expect("a folder");
        let target = dir.path().join("out.mp4");
        drop(replacing(&target, Some("old")).place().expect("placed"));
        assert_eq!(std::fs::read(&target).expect("there"), b"old");
        assert_eq!(names(dir.path()), ["out.mp4"]);
    }

    #[test]
    fn taking_back_spares_what_came_later_and_fills_what_is_empty() {
        let dir = tempfile::tempdir().expect("a folder");
        let target = dir.path().join("out.mp4");
        for older in [None, Some("old")] {
            let placed = replacing(&target, older).place().expect("placed");
            std::fs::remove_file(&target).expect("removed");
            std::fs::write(&target, "theirs").expect("written");
            placed.undo();
            assert_eq!(std::fs::read(&target).expect("there"), b"theirs");
            std::fs::remove_file(&target).expect("removed");
        }
        let placed = replacing(&target, Some("old")).place().expect("placed");
        std::fs::remove_file(&target).expect("removed");
        placed.undo();
        assert_eq!(std::fs::read(&target).expect("there"), b"old");
    }

    #[test]
    fn a_link_is_replaced_and_never_followed() {
        let dir = tempfile::tempdir().expect("a folder");
        let (target, other) = (dir.path().join("out.mp4"), dir.path().join("other.mp4"));
        std::fs::write(&other, "other").expect("written");
        std::os::unix::fs::symlink("other.mp4", &target).expect("linked");
        replacing(&target, None).place().expect("placed").undo();
        assert_eq!(target.read_link().expect("a link"), Path::new("other.mp4"));
        replacing(&target, None).commit().expect("committed");
        assert!(target.symlink_metadata().expect("there").is_file());
        assert_eq!(std::fs::read(&other).expect("there"), b"other");
        assert_eq!(names(dir.path()), ["other.mp4", "out.mp4"]);
    }

    #[test]
    fn a_folder_is_not_replaced() {
        let dir = tempfile::tempdir().expect("a folder");
        let target = dir.path().join("out.mp4");
        let partial = replacing(&target, None);
        std::fs::create_dir(&target).expect("made");
        std::fs::write(target.join("inside"), "x").expect("written");
        assert_eq!(partial.place().expect_err("a folder").kind(), io::ErrorKind::IsADirectory);
        assert_eq!((names(dir.path()), names(&target)), (vec!["out.mp4".into()], vec!["inside".into()]));
    }

    #[test]
    fn a_sweep_before_the_lock_costs_only_a_name() {
        let dir = tempfile::tempdir().expect("a folder");
        let target = dir.path().join("out.mp4");
        let mut tried = Vec::new();
        let partial = PartialFile::create_with(&target, Overwrite::Refuse, |hidden| {
            if tried.is_empty() {
                assert_eq!(sweep(dir.path()), 1);
            }
            tried.push(hidden.to_owned());
        })
        .expect("created");
        assert_eq!(tried.len(), 2);
        assert_ne!(tried[0], tried[1]);
        partial.commit().expect("committed");
        assert_eq!(names(dir.path()), ["out.mp4"]);
        // A sweep that holds the lock and has not removed it yet.
        let mut held = Vec::new();
        let second = PartialFile::create_with(&dir.path().join("b.mp4"), Overwrite::Refuse, |hidden| {
            if held.is_empty() {
                let file = File::open(hidden).expect("there");
                rustix::fs::flock(&file, FlockOperation::LockExclusive).expect("locked");
                held.push(file);
            }
        });
        second.expect("created").commit().expect("committed");
        let always = |_: &Path| assert_eq!(sweep(dir.path()), 1);
        PartialFile::create_with(&dir.path().join("c.mp4"), Overwrite::Refuse, always).expect_err("gives up");
        assert_eq!(names(dir.path()), ["b.mp4", "out.mp4"]);
    }

    #[test]
    fn sweeping_takes_only_regular_files_with_our_names() {
        let dir = tempfile::tempdir().expect("a folder");
        let others = [
            ".melkglas-.partial",
            ".melkglas-1-000000001.partial",
            ".melkglas-1-0-00000001.partial",
            ".melkglas-1-0-0000000001.partial",
            ".melkglas-1-0-000000001.partial.mp4",
            ".melkglas-1-0-00000000x.partial",
            ".melkglas-1--000000001.partial",
            ".melkglas-1-0-0-000000001.partial",
            ".melkglas-notes.partial",
        ];
        for name in others {
            std::fs::write(dir.path().join(name), "theirs").expect("written");
        }
        std::os::unix::fs::symlink(others[0], dir.path().join(".melkglas-1-0-000000001.partial"))
            .expect("linked");
        std::fs::create_dir(dir.path().join(".melkglas-1-0-000000002.partial")).expect("made");
        assert_eq!(sweep(dir.path()), 0);
        assert_eq!(names(dir.path()).len(), others.len() + 2);
        std::fs::write(dir.path().join(hidden_name()), "left").expect("written");
        assert_eq!(sweep(dir.path()), 1);
    }
}
