//! Keys: one for each case and each clip, wrapped by the site's; what is under them, and how it is destroyed.
//!
//! All of it is age (age-encryption.org/v1): X25519 and ChaCha20-Poly1305, in files that the age tools open too. A key of
//! a case or clip is an age identity of its own; what is stored of it is that identity, encrypted to the site's. To destroy
//! a clip is to destroy those bytes: overwriting a file on an SSD proves nothing.

use crate::config::KeyPlace;
use age::secrecy::{ExposeSecret, SecretString};
use age::x25519::{Identity, Recipient};
use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::io::{self, Read, Write};
use std::iter;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Largest file of a site key, bytes; a protected one has a header.
const LARGEST_KEY: u64 = 16 << 10;

/// Why a key cannot be used, or something not be opened with it.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file is missing or cannot be read.
    #[error("the site key {} cannot be read: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read it, or somebody may write it.
    #[error("the site key {} is not for its owner's eyes alone", .0.display())]
    NotPrivate(PathBuf),
    /// What is in it is no key.
    #[error("{} is no age identity", .0.display())]
    NoKey(PathBuf),
    /// systemd gave no credential of this name.
    #[error("there is no credential {0}: CREDENTIALS_DIRECTORY names no folder")]
    NoCredential(String),
    /// The passphrase is not the right one.
    #[error("the passphrase of {} is not right", .0.display())]
    Passphrase(PathBuf),
    /// It has a passphrase, and nobody could be asked for it.
    #[error("the passphrase of {} cannot be asked for: {source}", .path.display())]
    NoPassphrase {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something was encrypted to another key, or was changed.
    #[error("it was encrypted with another site key, or was changed since")]
    NotOurs,
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl KeyError {
    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::Unreadable { .. } => {
                "check the path in the site file; put the medium in where it is on one".into()
            }
            Self::NotPrivate(path) => format!("chmod 400 '{}', and let it be your own", path.display()),
            Self::NoKey(_) => "make one with `melkglas case make-key`".into(),
            Self::NoCredential(_) => "run it as a systemd service with LoadCredential=".into(),
            Self::NoPassphrase { .. } => {
                "run it on a terminal, or name a program that prints the passphrase: MELKGLAS_ASKPASS=PROGRAM"
                    .into()
            }
            Self::Passphrase(_) => "try again; nobody can tell what it was".into(),
            Self::NotOurs => {
                "name the key that the cases were made with, or restore them from a backup".into()
            }
            Self::Io(_) => "look at the disk".into(),
        }
    }
}

/// The key of the site, which wraps all others.
pub struct SiteKey(Identity);

/// The key of one case or one clip.
pub struct ItemKey(Identity);

impl std::fmt::Debug for SiteKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SiteKey(..)")
    }
}

impl std::fmt::Debug for ItemKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ItemKey(..)")
    }
}

impl SiteKey {
    /// A new one.
    #[must_use]
    pub fn generate() -> Self {
        Self(Identity::generate())
    }

    /// Reads the key; `passphrase` is asked for where it has one.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn load(
        place: &KeyPlace,
        passphrase: impl FnOnce(&Path) -> io::Result<SecretString>,
    ) -> Result<Self, KeyError> {
        match place {
            KeyPlace::File(path) => Self::parse(path, &read_key(path, Guard::Owner)?),
            KeyPlace::Credential(name) => {
                let folder = std::env::var_os("CREDENTIALS_DIRECTORY").filter(|dir| !dir.is_empty());
                let folder = folder.ok_or_else(|| KeyError::NoCredential(name.clone()))?;
                let path = Path::new(&folder).join(name);
                Self::parse(&path, &read_key(&path, Guard::Systemd)?)
            }
            KeyPlace::Protected(path) => {
                let sealed = read_key(path, Guard::Owner)?;
                let asked = passphrase(path);
                let asked = asked.map_err(|source| KeyError::NoPassphrase { path: path.clone(), source })?;
                let secret = age::scrypt::Identity::new(asked);
                let text = age::decrypt(&secret, &sealed).map_err(|_| KeyError::Passphrase(path.clone()))?;
                Self::parse(path, &text)
            }
        }
    }

    fn parse(path: &Path, text: &[u8]) -> Result<Self, KeyError> {
        let text = std::str::from_utf8(text).map_err(|_| KeyError::NoKey(path.to_owned()))?;
        // Comments, as age-keygen writes them.
        let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
        let identity = line.and_then(|line| line.parse().ok());
        identity.map(Self).ok_or_else(|| KeyError::NoKey(path.to_owned()))
    }

    /// Writes the key to a new file of mode 0400; with a passphrase, encrypted under it.
    ///
    /// # Errors
    /// There is such a file already, or it cannot be written.
    pub fn write(&self, path: &Path, passphrase: Option<SecretString>) -> Result<(), KeyError> {
        let fault = |source: io::Error| KeyError::Unreadable { path: path.to_owned(), source };
        let text = self.0.to_string();
        let mut bytes = format!("{}\n", text.expose_secret()).into_bytes();
        if let Some(passphrase) = passphrase {
            bytes = age::encrypt(&age::scrypt::Recipient::new(passphrase), &bytes).map_err(other)?;
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = rustix::fs::open(path, flags, Mode::RUSR).map_err(|e| fault(e.into()))?;
        let mut file = File::from(opened);
        file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(fault)
    }
}

/// Who may read a key's file.
enum Guard {
    Owner,
    /// systemd sees to it itself (systemd.exec(5)).
    Systemd,
}

fn read_key(path: &Path, guard: Guard) -> Result<Vec<u8>, KeyError> {
    let fault = |source: io::Error| KeyError::Unreadable { path: path.to_owned(), source };
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(|e| fault(e.into()))?);
    let meta = file.metadata().map_err(fault)?;
    let own = meta.uid() == rustix::process::geteuid().as_raw() && meta.mode() & 0o377 == 0;
    if !meta.is_file() || (matches!(guard, Guard::Owner) && !own) {
        return Err(KeyError::NotPrivate(path.to_owned()));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST_KEY).read_to_end(&mut bytes).map_err(fault)?;
    Ok(bytes)
}

fn other(e: impl std::error::Error + Send + Sync + 'static) -> KeyError {
    KeyError::Io(io::Error::other(e))
}

impl ItemKey {
    /// A new one.
    #[must_use]
    pub fn generate() -> Self {
        Self(Identity::generate())
    }

    /// What is stored of it.
    ///
    /// # Errors
    /// The kernel gives no random bytes.
    pub fn wrapped(&self, site: &SiteKey) -> Result<Vec<u8>, KeyError> {
        age::encrypt(&site.0.to_public(), self.0.to_string().expose_secret().as_bytes()).map_err(other)
    }

    /// What was stored of it.
    ///
    /// # Errors
    /// [`KeyError::NotOurs`].
    pub fn unwrap(site: &SiteKey, wrapped: &[u8]) -> Result<Self, KeyError> {
        let text = age::decrypt(&site.0, wrapped).map_err(|_| KeyError::NotOurs)?;
        let identity = std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok());
        identity.map(Self).ok_or(KeyError::NotOurs)
    }

    /// A few bytes, encrypted.
    ///
    /// # Errors
    /// The kernel gives no random bytes.
    pub fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, KeyError> {
        age::encrypt(&self.0.to_public(), plain).map_err(other)
    }

    /// A few bytes, decrypted.
    ///
    /// # Errors
    /// [`KeyError::NotOurs`].
    pub fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        age::decrypt(&self.0, sealed).map_err(|_| KeyError::NotOurs)
    }

    /// Encrypts a stream.
    ///
    /// # Errors
    /// `from` cannot be read, or `to` not written.
    pub fn seal_stream(&self, from: &mut impl Read, to: &mut impl Write) -> Result<(), KeyError> {
        let recipient: Recipient = self.0.to_public();
        let encryptor = age::Encryptor::with_recipients(iter::once(&recipient as _)).map_err(other)?;
        let mut writer = encryptor.wrap_output(to)?;
        io::copy(from, &mut writer)?;
        writer.finish()?.flush()?;
        Ok(())
    }

    /// Decrypts a stream; a changed or shortened one is found.
    ///
    /// # Errors
    /// [`KeyError::NotOurs`], or reading or writing failed. What was written until then is to be thrown away.
    pub fn open_stream(&self, from: impl Read, to: &mut impl Write) -> Result<(), KeyError> {
        let decryptor = age::Decryptor::new(from).map_err(|_| KeyError::NotOurs)?;
        let mut reader = decryptor.decrypt(iter::once(&self.0 as _)).map_err(|_| KeyError::NotOurs)?;
        io::copy(&mut reader, to)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn no_passphrase(_: &Path) -> io::Result<SecretString> {
        Err(io::Error::other("not asked"))
    }

    #[test]
    fn a_site_key_opens_what_it_wrapped_and_no_other() {
        let (site, foreign) = (SiteKey::generate(), SiteKey::generate());
        let item = ItemKey::generate();
        let wrapped = item.wrapped(&site).expect("wrapped");
        assert!(matches!(ItemKey::unwrap(&foreign, &wrapped), Err(KeyError::NotOurs)));
        let again = ItemKey::unwrap(&site, &wrapped).expect("ours");
        let sealed = item.seal(b"name of a resident").expect("sealed");
        assert!(!sealed.windows(8).any(|w| w == b"resident"));
        assert_eq!(again.open(&sealed).expect("opened"), b"name of a resident");
        assert!(matches!(ItemKey::generate().open(&sealed), Err(KeyError::NotOurs)));
    }

    #[test]
    fn a_stream_that_was_changed_or_cut_is_refused() {
        let item = ItemKey::generate();
        let plain = vec![7; 200_000];
        let mut sealed = Vec::new();
        item.seal_stream(&mut plain.as_slice(), &mut sealed).expect("sealed");
        let open = |bytes: &[u8]| {
            let mut out = Vec::new();
            item.open_stream(bytes, &mut out).map(|()| out)
        };
        assert_eq!(open(&sealed).expect("whole"), plain);
        for at in [10, sealed.len() / 2, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            open(&changed).expect_err("changed");
        }
        open(&sealed[..sealed.len() - 70_000]).expect_err("cut");
    }

    #[test]
    fn a_key_file_is_its_owners_alone_and_cannot_be_written() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("site.key");
        let site = SiteKey::generate();
        site.write(&path, None).expect("written");
        assert_eq!(path.metadata().expect("there").mode() & 0o777, 0o400);
        site.write(&path, None).expect_err("there is one already");
        let place = KeyPlace::File(path.clone());
        SiteKey::load(&place, no_passphrase).expect("its owner's alone");
        for mode in [0o600, 0o440, 0o404] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
            assert!(matches!(SiteKey::load(&place, no_passphrase), Err(KeyError::NotPrivate(_))), "{mode:o}");
        }
        let junk = dir.path().join("junk");
        std::fs::write(&junk, "not a key").expect("written");
        std::fs::set_permissions(&junk, std::fs::Permissions::from_mode(0o400)).expect("set");
        assert!(matches!(SiteKey::load(&KeyPlace::File(junk), no_passphrase), Err(KeyError::NoKey(_))));
    }

    #[test]
    fn a_protected_key_takes_its_passphrase() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("site.age");
        let site = SiteKey::generate();
        site.write(&path, Some("correct horse".to_owned().into())).expect("written");
        let place = KeyPlace::Protected(path);
        let with = |text: &str| SiteKey::load(&place, |_| Ok(text.to_owned().into()));
        assert!(matches!(with("wrong"), Err(KeyError::Passphrase(_))));
        let wrapped = ItemKey::generate().wrapped(&site).expect("wrapped");
        ItemKey::unwrap(&with("correct horse").expect("right"), &wrapped).expect("the same key");
    }
}
