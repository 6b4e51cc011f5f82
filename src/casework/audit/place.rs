//! Where the log lies, who may look into it, and the lock that keeps two writers apart.

use super::AuditError;
use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use std::fs::{DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Environment variable that names the folder of the log.
pub const STATE_VARIABLE: &str = "MELKGLAS_STATE";
const LOG: &str = "audit.jsonl";
const HEAD: &str = "audit.head";
const KEY: &str = "audit.key";
const SECRET: &str = "audit.secret";
/// How long another writer is waited for. One entry takes it some milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// The folder of a log, which need not exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    dir: PathBuf,
}

impl Place {
    /// The folder that is named, else the one of [`STATE_VARIABLE`], else `melkglas` in `XDG_STATE_HOME` or in
    /// `~/.local/state` (XDG Base Directory Specification 0.8).
    ///
    /// # Errors
    /// Nothing is named and there is no home.
    pub fn find(named: Option<&Path>) -> Result<Self, AuditError> {
        let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
        let dir = Self::choose(named, variable).ok_or(AuditError::NoPlace)?;
        let dir = std::path::absolute(&dir).map_err(|e| AuditError::io(&dir, e))?;
        Ok(Self { dir })
    }

    fn choose(named: Option<&Path>, variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
        let some = |name| variable(name).filter(|value| !value.as_os_str().is_empty());
        // The specification has relative paths ignored.
        let base = |name| some(name).filter(|value| value.is_absolute());
        named
            .map(Path::to_path_buf)
            .or_else(|| some(STATE_VARIABLE))
            .or_else(|| Some(base("XDG_STATE_HOME")?.join("melkglas")))
            .or_else(|| Some(base("HOME")?.join(".local/state/melkglas")))
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The entries.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.dir.join(LOG)
    }

    pub(super) fn head(&self) -> PathBuf {
        self.dir.join(HEAD)
    }

    pub(super) fn key(&self) -> PathBuf {
        self.dir.join(KEY)
    }

    pub(super) fn secret(&self) -> PathBuf {
        self.dir.join(SECRET)
    }

    /// Refuses a place in a folder of clips: such folders are handed out and cleared out, a log is neither. A home
    /// folder in which a clip happens to lie, and what it lies in, count only where the log would be beside the clip.
    pub(super) fn keep_apart(&self, folders: &[&Path]) -> Result<(), AuditError> {
        let real = |path: &Path| real(path).map_err(|e| AuditError::io(path, e));
        let home = std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
        let home = home.map(|home| real(&home)).transpose()?;
        let own = real(&self.dir)?;
        for folder in folders {
            let clips = real(folder)?;
            let whole_home = home.as_ref().is_some_and(|home| home.starts_with(&clips));
            if own == clips || (own.starts_with(&clips) && !whole_home) {
                return Err(AuditError::AmongClips { place: self.dir.clone(), clips });
            }
        }
        Ok(())
    }

    /// Makes the folder, for its owner alone, and what is missing of the way to it.
    pub(super) fn make(&self) -> Result<(), AuditError> {
        let fault = |e| AuditError::io(&self.dir, e);
        let new = self.dir.symlink_metadata().is_err();
        DirBuilder::new().recursive(true).mode(0o700).create(&self.dir).map_err(fault)?;
        let folder = File::open(&self.dir).map_err(fault)?;
        let empty = std::fs::read_dir(&self.dir).map_err(fault)?.next().is_none();
        if empty && is_ours(&folder).map_err(fault)? {
            folder.set_permissions(Permissions::from_mode(0o700)).map_err(fault)?;
        }
        check_private(&folder, &self.dir)?;
        if new && let Some(parent) = self.dir.parent() {
            sync_folder(parent)?;
        }
        Ok(())
    }

    /// Opens the entries to be added to, making the file where there is none.
    pub(super) fn open_to_append(&self) -> Result<File, AuditError> {
        let path = self.log();
        let flags = OFlags::RDWR | OFlags::APPEND | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = rustix::fs::open(&path, flags | OFlags::NONBLOCK, Mode::RUSR | Mode::WUSR);
        let file = File::from(opened.map_err(|e| AuditError::io(&path, e.into()))?);
        check_private(&file, &path)?;
        Ok(file)
    }

    /// Brings the names in the folder to the disk.
    pub(super) fn sync(&self) -> Result<(), AuditError> {
        sync_folder(&self.dir)
    }
}

fn sync_folder(path: &Path) -> Result<(), AuditError> {
    let synced = File::open(path).and_then(|folder| folder.sync_all());
    synced.or_else(|e| match Errno::from_io_error(&e) {
        // Some file systems cannot sync a folder.
        Some(Errno::INVAL | Errno::OPNOTSUPP) => Ok(()),
        _ => Err(AuditError::io(path, e)),
    })
}

/// The path without links, also where its end does not exist yet.
fn real(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(if path.as_os_str().is_empty() { Path::new(".") } else { path })?;
    for there in path.ancestors() {
        if let Ok(real) = there.canonicalize() {
            let rest = path.strip_prefix(there).expect("an ancestor is a prefix");
            return Ok(if rest.as_os_str().is_empty() { real } else { real.join(rest) });
        }
    }
    Ok(path)
}

/// Opens for reading, and no link.
pub(super) fn open_existing(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

fn is_ours(file: &File) -> io::Result<bool> {
    Ok(file.metadata()?.uid() == rustix::process::geteuid().as_raw())
}

/// Refuses what belongs to somebody else, what others can read or write, and what has a second name.
pub(super) fn check_private(file: &File, path: &Path) -> Result<(), AuditError> {
    let meta = file.metadata().map_err(|e| AuditError::io(path, e))?;
    let foreign = !is_ours(file).map_err(|e| AuditError::io(path, e))?;
    let strange = !meta.is_dir() && (!meta.is_file() || meta.nlink() != 1);
    if foreign || strange || meta.mode() & 0o077 != 0 {
        return Err(AuditError::NotPrivate { path: path.to_owned(), folder: meta.is_dir() });
    }
    Ok(())
}

/// Locks the entries for one writer, or for readers; the lock goes with the file's handle.
pub(super) fn lock(file: &File, how: FlockOperation, path: &Path) -> Result<(), AuditError> {
    let begun = Instant::now();
    loop {
        match rustix::fs::flock(file, how) {
            Ok(()) => return Ok(()),
            Err(Errno::WOULDBLOCK | Errno::INTR) if begun.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(Errno::WOULDBLOCK | Errno::INTR) => return Err(AuditError::Locked(path.to_owned())),
            Err(e) => return Err(AuditError::io(path, e.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_place_comes_first() {
        let choose = |named: Option<&str>, variables: &[(&str, &str)]| {
            let variable =
                |name: &str| Some(PathBuf::from(variables.iter().find(|(known, _)| *known == name)?.1));
            Place::choose(named.map(Path::new), variable).map(|dir| dir.display().to_string())
        };
        let all = [(STATE_VARIABLE, "/v"), ("XDG_STATE_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(choose(Some("n"), &all).as_deref(), Some("n"));
        assert_eq!(choose(None, &all).as_deref(), Some("/v"));
        assert_eq!(choose(None, &all[1..]).as_deref(), Some("/x/melkglas"));
        assert_eq!(choose(None, &all[2..]).as_deref(), Some("/h/.local/state/melkglas"));
        let odd = [(STATE_VARIABLE, ""), ("XDG_STATE_HOME", "relative"), ("HOME", "/h")];
        assert_eq!(choose(None, &odd).as_deref(), Some("/h/.local/state/melkglas"));
        assert_eq!(choose(None, &[]), None);
    }

    #[test]
    fn a_log_does_not_lie_among_clips() {
        let root = tempfile::tempdir().expect("a folder");
        let (clips, other) = (root.path().join("clips"), root.path().join("other"));
        std::fs::create_dir(&clips).expect("made");
        std::fs::create_dir(&other).expect("made");
        std::os::unix::fs::symlink(&clips, other.join("link")).expect("linked");
        let among =
            |dir: &Path| Place { dir: dir.to_owned() }.keep_apart(&[&other.join("none"), &clips]).is_err();
        for dir in [clips.clone(), clips.join("a/b"), other.join("link"), other.join("link/new")] {
            assert!(among(&dir), "{}", dir.display());
        }
        for dir in [other.clone(), other.join("new"), root.path().join("clips2")] {
            assert!(!among(&dir), "{}", dir.display());
        }
    }

    #[test]
    fn a_folder_is_the_owners_alone() {
        let root = tempfile::tempdir().expect("a folder");
        let mode = |path: &Path| path.metadata().expect("there").mode() & 0o777;
        let place = |name: &str| Place { dir: root.path().join(name) };
        place("new/state").make().expect("made");
        assert_eq!(mode(&root.path().join("new/state")), 0o700);
        let open = |name: &str| {
            let dir = root.path().join(name);
            std::fs::create_dir(&dir).expect("made");
            std::fs::set_permissions(&dir, Permissions::from_mode(0o755)).expect("set");
            dir
        };
        let empty = open("empty");
        place("empty").make().expect("made private");
        assert_eq!(mode(&empty), 0o700);
        let used = open("used");
        std::fs::write(used.join("letter"), "x").expect("written");
        assert!(matches!(place("used").make(), Err(AuditError::NotPrivate { folder: true, .. })));
        assert_eq!(mode(&used), 0o755, "not ours to change");
    }
}
