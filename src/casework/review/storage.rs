//! Where raw crops may lie: on a file system in memory, in a folder of their owner alone, for an hour.
//!
//! Each run of the program has a folder of its own below [`ReviewPlace`]: `melkglas` in `XDG_RUNTIME_DIR`, which goes
//! when its owner logs out, else `/dev/shm/melkglas-UID`. A folder that was named elsewhere is in there as a symbolic
//! link, so that whoever cleans up finds it. Whether a file system is in memory is asked of the kernel (statfs), for
//! every file again. What is swapped out is the machine's affair: encrypt its swap.
//!
//! A run holds a lock on its folder while it works, so nobody removes what is being made.

use super::sheet::Sheet;
use crate::video::pipeline::RawCrop;
use crate::video::sink::{Overwrite, PartialFile, sweep};
use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use std::fs::{DirBuilder, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How long pictures are kept.
pub const KEPT_FOR: Duration = Duration::from_secs(3600);

/// File systems in memory, as statfs(2) numbers them: tmpfs and ramfs.
const IN_MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];
/// What the folders of runs are called, before sixteen hexadecimal digits.
const RUN: &str = "run-";
/// Everything that is ever written into a folder.
const FILES: [&str; 4] = ["persons.html", "persons.json", "doubts.html", "doubts.json"];

/// Why pictures of people can lie nowhere, or not there.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// The folder lies on a disk, or on a share.
    #[error("{} does not lie in memory, and pictures of people are never written to a disk", .0.display())]
    OnDisk(PathBuf),
    /// There is no place in memory.
    #[error("there is no place in memory for pictures of people")]
    NoPlace,
    /// It belongs to somebody else, others may look into it, or it is a link.
    #[error("{} is not a folder of your own alone", .0.display())]
    NotPrivate(PathBuf),
    /// It is the root of a file system.
    #[error("{} is the root of a file system, which others need as well", .0.display())]
    Root(PathBuf),
    /// Something is in it.
    #[error("{} is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// It cannot be used.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl ReviewError {
    fn io(path: &Path, source: impl Into<io::Error>) -> Self {
        Self::Io { path: path.to_owned(), source: source.into() }
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::OnDisk(_) => "leave -o out, or name a folder below XDG_RUNTIME_DIR or /dev/shm".to_owned(),
            Self::NoPlace => {
                "mount a tmpfs on /dev/shm, or log in so that XDG_RUNTIME_DIR names one".to_owned()
            }
            Self::NotPrivate(path) => {
                format!("name another folder, or make this one yours alone: chmod 700 '{}'", path.display())
            }
            Self::Root(_) => "name a folder in it".to_owned(),
            Self::NotEmpty(_) => "name a new folder; `melkglas clean` removes older ones".to_owned(),
            Self::Io { .. } => "look at the folder, or name another one with -o".to_owned(),
        }
    }
}

/// The place of this user, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewPlace {
    root: PathBuf,
}

/// What was removed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Folders that are gone.
    pub folders: usize,
    /// Folders in which another run is at work.
    pub busy: usize,
    /// Folders that could not be removed.
    pub stuck: Vec<PathBuf>,
}

impl ReviewPlace {
    /// Where this user's pictures can lie: the first is taken, and all of them are cleaned.
    fn all() -> Vec<Self> {
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        Self::among(runtime, rustix::process::geteuid().as_raw())
    }

    pub(super) fn among(runtime: Option<PathBuf>, uid: u32) -> Vec<Self> {
        let runtime = runtime.filter(|dir| dir.is_absolute()).map(|dir| dir.join("melkglas"));
        let shared = PathBuf::from(format!("/dev/shm/melkglas-{uid}"));
        runtime.into_iter().chain([shared]).map(|root| Self { root }).collect()
    }

    /// The place of this user, made where it is not there.
    ///
    /// # Errors
    /// No place is in memory, or the one that is belongs to others.
    pub fn open() -> Result<Self, ReviewError> {
        Self::first_of(Self::all())
    }

    pub(super) fn first_of(places: Vec<Self>) -> Result<Self, ReviewError> {
        for place in places {
            // A folder of a session that is not in memory, or another user's, is passed over: what comes after it is
            // checked no less.
            match own_folder(&place.root) {
                Ok(_) => return Ok(place),
                Err(ReviewError::OnDisk(_)) => {}
                Err(ReviewError::Io { source, .. })
                    if [io::ErrorKind::NotFound, io::ErrorKind::PermissionDenied]
                        .contains(&source.kind()) => {}
                Err(e) => return Err(e),
            }
        }
        Err(ReviewError::NoPlace)
    }

    /// Removes, in every place of this user, what is older than this; all that nobody works on without an age.
    #[must_use]
    pub fn clean(older: Option<Duration>) -> Removed {
        Self::clean_in(&Self::all(), older)
    }

    pub(super) fn clean_in(places: &[Self], older: Option<Duration>) -> Removed {
        let mut removed = Removed::default();
        // One that is not ours, or not there, has nothing of ours in it.
        let ours = places.iter().filter(|place| open_folder(&place.root).is_ok_and(|dir| is_private(&dir)));
        for entry in ours.flat_map(|place| std::fs::read_dir(&place.root)).flatten().flatten() {
            if !is_run(&entry.path()) {
                continue;
            }
            match remove(&entry.path(), older) {
                Ok(true) => removed.folders += 1,
                Ok(false) => {}
                Err(Stuck::Busy) => removed.busy += 1,
                Err(Stuck::Io) => removed.stuck.push(entry.path()),
            }
        }
        removed
    }

    /// Removes one folder of this user once it is older than this. True where it is gone; false where it is younger,
    /// or somebody works on it.
    ///
    /// # Errors
    /// It is no folder of a run, or cannot be removed.
    pub fn expire(entry: &Path, older: Duration) -> Result<bool, ReviewError> {
        let known = Self::all().iter().any(|place| Some(place.root.as_path()) == entry.parent());
        if !known || !is_run(entry) {
            return Err(ReviewError::NotPrivate(entry.to_owned()));
        }
        match remove(entry, Some(older)) {
            Ok(gone) => Ok(gone),
            Err(Stuck::Busy) => Ok(false),
            Err(Stuck::Io) => Err(ReviewError::io(entry, io::Error::other("cannot be removed"))),
        }
    }

    /// A fresh folder.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn folder(&self) -> Result<ReviewFolder, ReviewError> {
        let entry = self.new_entry()?;
        DirBuilder::new().mode(0o700).create(&entry).map_err(|e| ReviewError::io(&entry, e))?;
        let mut folder = ReviewFolder { dir: entry.clone(), entry, lock: None, kept: false };
        folder.lock()?;
        Ok(folder)
    }

    /// The folder that was named, which is new or empty.
    ///
    /// # Errors
    /// It does not lie in memory, is not this user's alone, or has something in it.
    pub fn folder_at(&self, dir: &Path) -> Result<ReviewFolder, ReviewError> {
        let dir = std::path::absolute(dir).map_err(|e| ReviewError::io(dir, e))?;
        let is_new = dir.symlink_metadata().is_err();
        let parent = dir.parent().ok_or_else(|| ReviewError::Root(dir.clone()))?;
        let meta = |path: &Path| path.metadata().map_err(|e| ReviewError::io(path, e));
        if is_new && !in_memory(&File::open(parent).map_err(|e| ReviewError::io(parent, e))?) {
            return Err(ReviewError::OnDisk(dir));
        }
        if !is_new {
            // Before anything of it is touched: the mode of /dev/shm itself is everybody's affair.
            if !open_folder(&dir).is_ok_and(|opened| in_memory(&opened)) {
                return Err(ReviewError::OnDisk(dir));
            }
            if meta(&dir)?.dev() != meta(parent)?.dev() {
                return Err(ReviewError::Root(dir));
            }
            if std::fs::read_dir(&dir).map_err(|e| ReviewError::io(&dir, e))?.next().is_some() {
                return Err(ReviewError::NotEmpty(dir));
            }
        }
        own_folder(&dir)?;
        let entry = self.new_entry()?;
        std::os::unix::fs::symlink(&dir, &entry).map_err(|e| ReviewError::io(&entry, e))?;
        let mut folder = ReviewFolder { dir, entry, lock: None, kept: false };
        folder.lock()?;
        Ok(folder)
    }

    fn new_entry(&self) -> Result<PathBuf, ReviewError> {
        let mut number = [0; 8];
        getrandom::fill(&mut number).map_err(|e| ReviewError::io(&self.root, io::Error::other(e)))?;
        Ok(self.root.join(format!("{RUN}{:016x}", u64::from_ne_bytes(number))))
    }
}

/// The folder of one run. Dropped without [`Self::keep`] it is gone, with all that is in it.
#[derive(Debug)]
pub struct ReviewFolder {
    /// Where the files are.
    dir: PathBuf,
    /// Its name among the runs of this user: the folder itself, or a link to it.
    entry: PathBuf,
    /// Held while the run works.
    lock: Option<File>,
    kept: bool,
}

impl ReviewFolder {
    fn lock(&mut self) -> Result<(), ReviewError> {
        let fault = |e: io::Error| ReviewError::io(&self.dir, e);
        let dir = open_folder(&self.dir).map_err(fault)?;
        rustix::fs::flock(&dir, FlockOperation::NonBlockingLockExclusive).map_err(|e| fault(e.into()))?;
        self.lock = Some(dir);
        Ok(())
    }

    /// Where the files are.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.dir
    }

    /// What [`ReviewPlace::expire`] knows it by.
    #[must_use]
    pub fn entry(&self) -> &Path {
        &self.entry
    }

    /// A file in the making, in memory and for its owner alone.
    ///
    /// # Errors
    /// The folder is not what it was.
    ///
    /// # Panics
    /// Never: the names are those that are cleaned up.
    pub fn file(&self, name: &str) -> Result<PartialFile, ReviewError> {
        debug_assert!(FILES.contains(&name), "{name} would not be removed");
        let path = self.dir.join(name);
        let file = PartialFile::create(&path, Overwrite::Refuse).map_err(|e| ReviewError::io(&path, e))?;
        if !in_memory(file.file()) {
            return Err(ReviewError::OnDisk(path));
        }
        if !is_private(file.file()) {
            return Err(ReviewError::NotPrivate(path));
        }
        Ok(file)
    }

    /// The sheet under a partial name: the only place where raw crops are taken out of their parcels.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn sheet(&self, name: &str, sheet: Sheet<RawCrop>) -> Result<PartialFile, ReviewError> {
        let file = self.file(name)?;
        let mut out = BufWriter::new(file.file());
        let written = sheet.write(&mut out, RawCrop::into_jpeg).and_then(|()| out.flush());
        drop(out);
        written.map_err(|e| ReviewError::io(file.target(), e))?;
        Ok(file)
    }

    /// Leaves it there, for as long as pictures are kept.
    pub fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for ReviewFolder {
    fn drop(&mut self) {
        self.lock = None;
        if !self.kept {
            let _ = remove(&self.entry, None);
        }
    }
}

/// Why a folder is still there.
enum Stuck {
    /// Another run works on it.
    Busy,
    Io,
}

impl From<io::Error> for Stuck {
    fn from(_: io::Error) -> Self {
        Self::Io
    }
}

fn is_run(path: &Path) -> bool {
    let digits = path.file_name().and_then(|name| name.to_str()?.strip_prefix(RUN));
    digits.is_some_and(|digits| digits.len() == 16 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Removes the folder of a run; false where it is younger than this.
fn remove(entry: &Path, older: Option<Duration>) -> Result<bool, Stuck> {
    let Ok(meta) = entry.symlink_metadata() else { return Ok(true) };
    let dir = if meta.is_symlink() { std::fs::read_link(entry)? } else { entry.to_owned() };
    let opened = match open_folder(&dir) {
        Ok(opened) => opened,
        // A link to a folder that somebody removed already.
        Err(_) if meta.is_symlink() => {
            std::fs::remove_file(entry)?;
            return Ok(true);
        }
        Err(e) => return Err(e.into()),
    };
    let age = SystemTime::now().duration_since(opened.metadata()?.modified()?);
    // One from the future is as good as old: the clock was set back, and nobody knows how far.
    if let (Some(older), Ok(age)) = (older, age)
        && age < older
    {
        return Ok(false);
    }
    match rustix::fs::flock(&opened, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => return Err(Stuck::Busy),
        Err(e) => return Err(io::Error::from(e).into()),
    }
    if !meta.is_symlink() {
        std::fs::remove_dir_all(entry)?;
        return Ok(true);
    }
    // A named folder: what was written, and the folder where nothing else is in it.
    if is_private(&opened) {
        sweep(&dir);
        for name in FILES {
            match std::fs::remove_file(dir.join(name)) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e.into()),
                _ => {}
            }
        }
        let _ = std::fs::remove_dir(&dir);
    }
    std::fs::remove_file(entry)?;
    Ok(true)
}

/// Opens a folder, and no link.
fn open_folder(dir: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(dir, flags, Mode::empty())?))
}

/// A folder in memory for its owner alone, made where it is not there.
fn own_folder(dir: &Path) -> Result<File, ReviewError> {
    let fault = |e: io::Error| ReviewError::io(dir, e);
    let is_new = match DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => true,
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => false,
        Err(e) => return Err(fault(e)),
    };
    let not_private = || ReviewError::NotPrivate(dir.to_owned());
    let opened = open_folder(dir).map_err(|_| not_private())?;
    if !in_memory(&opened) {
        if is_new {
            let _ = std::fs::remove_dir(dir);
        }
        return Err(ReviewError::OnDisk(dir.to_owned()));
    }
    let empty = || std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_none());
    if !is_private(&opened) && is_ours(&opened) && empty() {
        opened.set_permissions(Permissions::from_mode(0o700)).map_err(fault)?;
    }
    if is_private(&opened) { Ok(opened) } else { Err(not_private()) }
}

fn is_ours(file: &File) -> bool {
    file.metadata().is_ok_and(|meta| meta.uid() == rustix::process::geteuid().as_raw())
}

/// Whether it is its owner's alone, and that is us.
fn is_private(file: &File) -> bool {
    is_ours(file) && file.metadata().is_ok_and(|meta| meta.mode() & 0o077 == 0)
}

/// Whether the kernel keeps what is written there in memory.
pub(super) fn in_memory(file: &impl AsFd) -> bool {
    rustix::fs::fstatfs(file).is_ok_and(|stat| IN_MEMORY.contains(&(stat.f_type as u32).into()))
}
