//! User and password of a camera or of viewers, out of a file that only the service can read. Never shown.

use std::fmt;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Longest such file, bytes.
const LONGEST: u64 = 4096;
/// Where systemd puts what a unit's LoadCredential names.
const SYSTEMD_FOLDER: &str = "CREDENTIALS_DIRECTORY";

/// A user and a password. It has no `Display` and no `Serialize`, and its `Debug` says nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    password: String,
}

/// Why there are none. Names the file, never what stands in it.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// It cannot be read.
    #[error("the credentials {} cannot be read: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Others can read it.
    #[error("the credentials {} can be read by others; make them the service's own: chmod 600", .0.display())]
    Open(PathBuf),
    /// It is not of the form.
    #[error("the credentials {} must be one line, user:password", .0.display())]
    Form(PathBuf),
}

impl Credentials {
    /// Reads `user:password` from a file; a relative one is seen from `folder`. A bare name is first looked for among
    /// systemd's credentials.
    ///
    /// # Errors
    /// [`CredentialsError`]; also where others can read the file.
    pub fn read(name: &Path, folder: &Path) -> Result<Self, CredentialsError> {
        let (path, text) = read_secret(name, folder, LONGEST)?;
        Self::parse(&text).ok_or(CredentialsError::Form(path))
    }

    fn parse(text: &str) -> Option<Self> {
        let line = text.strip_suffix('\n').unwrap_or(text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let (user, password) = line.split_once(':')?;
        let sound = !user.is_empty() && !password.is_empty() && !line.chars().any(char::is_control);
        (sound && text.len() as u64 <= LONGEST)
            .then(|| Self { user: user.to_owned(), password: password.to_owned() })
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password, for the connection alone.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }
}

/// Reads a text of at most so many bytes (and one more, where it is longer) that nobody else may read: from a file, seen
/// from `folder`, or, where it is a bare name, from systemd's credentials. Says where it was found.
///
/// # Errors
/// [`CredentialsError`]; also where others can read the file.
pub fn read_secret(name: &Path, folder: &Path, longest: u64) -> Result<(PathBuf, String), CredentialsError> {
    let systemd = std::env::var_os(SYSTEMD_FOLDER).map(|dir| PathBuf::from(dir).join(name));
    let bare = name.components().count() == 1;
    // systemd sees to who may read its own, in ways that the mode does not show.
    let (path, private) = match systemd.filter(|path| bare && path.exists()) {
        Some(path) => (path, false),
        None => (folder.join(name), true),
    };
    let unreadable =
        |e: std::io::Error| CredentialsError::Unreadable { path: path.clone(), reason: e.to_string() };
    let nonblock = rustix::fs::OFlags::NONBLOCK.bits() as i32;
    let file = std::fs::OpenOptions::new().read(true).custom_flags(nonblock).open(&path);
    let file = file.map_err(unreadable)?;
    let meta = file.metadata().map_err(unreadable)?;
    if private && meta.mode() & 0o077 != 0 {
        return Err(CredentialsError::Open(path));
    }
    let mut text = String::new();
    file.take(longest + 1).read_to_string(&mut text).map_err(unreadable)?;
    Ok((path, text))
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn one_line_that_nobody_else_reads() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("camera");
        let write = |text: &str, mode: u32| {
            std::fs::write(&path, text).expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
            Credentials::read(Path::new("camera"), folder.path())
        };
        let read = write("root:p:a ss\n", 0o600).expect("sound");
        assert_eq!((read.user(), read.password()), ("root", "p:a ss"));
        assert!(!format!("{read:?}").contains("root"));
        assert!(matches!(write("root:pass", 0o640), Err(CredentialsError::Open(_))));
        for wrong in ["", "root", "root:", ":pass", "root:pass\nmore:pass", "root:pa\u{7}ss"] {
            let fault = write(wrong, 0o600).expect_err(wrong);
            assert!(matches!(fault, CredentialsError::Form(_)));
            assert!(!fault.to_string().contains("pass\n") && !fault.to_string().contains("more"));
        }
        let gone = Credentials::read(Path::new("other"), folder.path()).expect_err("not there");
        assert!(matches!(gone, CredentialsError::Unreadable { .. }));
    }
}
