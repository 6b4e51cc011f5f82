//! Checking a package, by whoever received it: nothing of the house is needed, no site, no log.
//!
//! What cannot be checked is never passed over in silence: without a passphrase or key the seal alone is checked, and
//! [`Verified::manifest`] is none.

use super::super::audit::{Hash256, PublicKey, Sealed};
use super::envelope;
use super::manifest::{FileFacts, Manifest};
use super::pack::{MANIFEST, MOST_FILES, SIGNATURE, hash_to_end};
use super::passphrase::Passphrase;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use zip::ZipArchive;

/// Longest manifest that is read, bytes.
const LONGEST_MANIFEST: u64 = 1 << 20;

/// What kind of thing was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Container {
    /// A zip with a passphrase.
    Zip,
    /// An age file.
    Age,
    /// A folder into which one of them was unpacked.
    Folder,
}

/// What opens a package.
#[derive(Debug, Default)]
pub struct Opening {
    /// The zip's passphrase.
    pub passphrase: Option<Passphrase>,
    /// The recipient's age identities: the text of an identity file.
    pub identities: Option<String>,
    /// The key that is expected, or its fingerprint: either is 32 bytes.
    pub key: Option<Hash256>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum Fault {
    /// It is neither kind of package.
    NotAPackage,
    /// A zip whose seal does not fit: something in it was changed, added or cut off.
    Changed,
    /// An age file that cannot be opened: changed, or locked for another key.
    NotOpened {
        /// What age said.
        why: String,
    },
    /// The passphrase is not that of this package.
    WrongPassphrase,
    /// A file cannot be read.
    Unreadable {
        /// Which.
        file: String,
        /// Why.
        why: String,
    },
    /// There is no manifest of this form.
    NoManifest,
    /// The manifest is not what was signed.
    ManifestChanged,
    /// It was signed by another key than the one expected.
    OtherKey {
        /// The fingerprint of the key that signed.
        fingerprint: Hash256,
    },
    /// Seal and manifest were signed by different keys.
    TwoKeys,
    /// A file is missing.
    Missing {
        /// Which.
        file: String,
    },
    /// A file is not what was packed.
    FileChanged {
        /// Which.
        file: String,
    },
    /// A file is there that was not packed.
    Added {
        /// Which.
        file: String,
    },
}

/// What checking came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// What was checked.
    pub container: Option<Container>,
    /// What it says of itself; none where it could not be opened, or nothing opens it.
    pub manifest: Option<Manifest>,
    /// The key that signed.
    pub key: Option<PublicKey>,
    /// Whether that is the key which was expected, rather than the one that the package names.
    pub key_expected: bool,
    /// What is wrong; nothing, and every bit that could be checked is as it was when it was signed.
    pub faults: Vec<Fault>,
}

impl Verified {
    /// Nothing is wrong, and the contents were looked at.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.faults.is_empty() && self.manifest.is_some()
    }
}

/// Checks a package, or a folder into which one was unpacked.
///
/// # Errors
/// It cannot be read at all.
pub fn verify_package(path: &Path, opening: &Opening) -> io::Result<Verified> {
    let mut look = Look { opening, faults: Vec::new(), key: None, manifest: None };
    let container = if path.is_dir() {
        look.folder(path)?;
        Some(Container::Folder)
    } else {
        let file = File::open(path)?;
        let mut head = Vec::new();
        (&file).take(32).read_to_end(&mut head)?;
        if head.starts_with(b"PK\x03\x04") {
            look.zip(&file)?;
            Some(Container::Zip)
        } else if head.starts_with(b"age-encryption.org/v1") {
            look.age(&file);
            Some(Container::Age)
        } else {
            look.faults.push(Fault::NotAPackage);
            None
        }
    };
    let expected = opening.key.is_some() && look.key.is_some();
    if let (Some(wanted), Some(key)) = (opening.key, look.key)
        && wanted != Hash256::from(key)
        && wanted != key.fingerprint()
    {
        look.faults.push(Fault::OtherKey { fingerprint: key.fingerprint() });
    }
    let Look { faults, key, manifest, .. } = look;
    Ok(Verified { container, manifest, key, key_expected: expected, faults })
}

/// A look that is under way.
struct Look<'a> {
    opening: &'a Opening,
    faults: Vec<Fault>,
    key: Option<PublicKey>,
    manifest: Option<Manifest>,
}

/// What was found under one name.
struct Found {
    sha256: Hash256,
    bytes: u64,
}

impl Look<'_> {
    fn zip(&mut self, file: &File) -> io::Result<()> {
        // Only what is sealed is taken apart.
        self.key = envelope::sealed_by(file)?;
        if self.key.is_none() {
            self.faults.push(Fault::Changed);
            return Ok(());
        }
        if let Some(passphrase) = &self.opening.passphrase {
            self.archive(file, Some(passphrase));
        }
        Ok(())
    }

    fn age(&mut self, file: &File) {
        let Some(identities) = &self.opening.identities else { return };
        if let Err(why) = self.unlocked(file, identities) {
            self.faults.push(Fault::NotOpened { why });
        }
    }

    fn unlocked(&mut self, mut file: &File, identities: &str) -> Result<(), String> {
        let said = |e: &dyn std::fmt::Display| e.to_string();
        let mut keys = Vec::new();
        for line in
            identities.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            keys.push(line.parse::<age::x25519::Identity>().map_err(|e| said(&e))?);
        }
        let opened = |file| -> Result<_, String> {
            let locked = age::Decryptor::new(file).map_err(|e| said(&e))?;
            locked.decrypt(keys.iter().map(|key| key as &dyn age::Identity)).map_err(|e| said(&e))
        };
        file.seek(SeekFrom::Start(0)).map_err(|e| said(&e))?;
        // To the end once: age has then proved every byte, also those that an archive's reader would skip.
        io::copy(&mut opened(file)?, &mut io::sink()).map_err(|e| said(&e))?;
        file.seek(SeekFrom::Start(0)).map_err(|e| said(&e))?;
        self.archive(opened(file)?, None);
        Ok(())
    }

    fn archive(&mut self, reader: impl Read + Seek, passphrase: Option<&Passphrase>) {
        let unreadable =
            |why: &dyn std::fmt::Display| Fault::Unreadable { file: String::new(), why: why.to_string() };
        let mut archive = match ZipArchive::new(reader) {
            Ok(archive) => archive,
            Err(e) => return self.faults.push(unreadable(&e)),
        };
        if archive.len() > MOST_FILES {
            return self.faults.push(unreadable(&"it holds too many files"));
        }
        let mut files = Files::default();
        for i in 0..archive.len() {
            let name = match archive.name_for_index(i) {
                Some(Ok(name)) => name.into_owned(),
                _ => format!("file {i}"),
            };
            let entry = match passphrase {
                Some(passphrase) => archive.by_index_decrypt(i, passphrase.reveal().as_bytes()),
                None => archive.by_index(i),
            };
            match entry {
                Ok(entry) => files.take(name, entry, &mut self.faults),
                Err(zip::result::ZipError::InvalidPassword) => {
                    return self.faults.push(Fault::WrongPassphrase);
                }
                Err(e) => self.faults.push(Fault::Unreadable { file: name, why: e.to_string() }),
            }
        }
        self.compare(files);
    }

    fn folder(&mut self, path: &Path) -> io::Result<()> {
        let mut files = Files::default();
        let mut names = BTreeSet::new();
        for entry in path.read_dir()? {
            names.insert(entry?.file_name());
        }
        for name in names {
            let shown = name.to_string_lossy().into_owned();
            let plain = path.join(&name).symlink_metadata()?.is_file();
            match (plain, File::open(path.join(&name))) {
                (true, Ok(file)) => files.take(shown, file, &mut self.faults),
                (true, Err(e)) => self.faults.push(Fault::Unreadable { file: shown, why: e.to_string() }),
                (false, _) => self.faults.push(Fault::Added { file: shown }),
            }
        }
        self.compare(files);
        Ok(())
    }

    /// Holds what was found against the manifest.
    fn compare(&mut self, files: Files) {
        let Some(manifest) = files.manifest.as_deref().and_then(Manifest::read) else {
            return self.faults.push(Fault::NoManifest);
        };
        let bytes = files.manifest.as_deref().unwrap_or_default();
        let key = manifest.public_key;
        // Exactly the line that was written: nothing beside it goes unsigned.
        let signature = files.signature.as_deref().and_then(|line| line.strip_suffix('\n'));
        if !signature.is_some_and(|signature| key.sealed(Sealed::Manifest, bytes, signature)) {
            self.faults.push(Fault::ManifestChanged);
        }
        if self.key.is_some_and(|sealed| sealed != key) {
            self.faults.push(Fault::TwoKeys);
        }
        self.key = Some(key);
        let mut found = files.others;
        for FileFacts { name, bytes, sha256 } in &manifest.files {
            match found.remove(name) {
                Some(file) if file.sha256 == *sha256 && file.bytes == *bytes => {}
                Some(_) => self.faults.push(Fault::FileChanged { file: name.clone() }),
                None => self.faults.push(Fault::Missing { file: name.clone() }),
            }
        }
        self.faults.extend(found.into_keys().map(|file| Fault::Added { file }));
        self.manifest = Some(manifest);
    }
}

/// What a package holds.
#[derive(Default)]
struct Files {
    manifest: Option<Vec<u8>>,
    signature: Option<String>,
    others: BTreeMap<String, Found>,
}

impl Files {
    fn take(&mut self, name: String, mut file: impl Read, faults: &mut Vec<Fault>) {
        let mut read = || -> io::Result<bool> {
            let own = name == MANIFEST || name == SIGNATURE;
            let mut bytes = Vec::new();
            if own {
                (&mut file).take(LONGEST_MANIFEST).read_to_end(&mut bytes)?;
            }
            if name == MANIFEST {
                return Ok(self.manifest.replace(bytes).is_some());
            }
            if name == SIGNATURE {
                let text = String::from_utf8(bytes).unwrap_or_default();
                return Ok(self.signature.replace(text).is_some());
            }
            let (sha256, bytes) = hash_to_end(&mut file)?;
            Ok(self.others.insert(name.clone(), Found { sha256, bytes }).is_some())
        };
        match read() {
            Ok(false) => {}
            // Two files of one name: which of them somebody sees depends on the program.
            Ok(true) => faults.push(Fault::Added { file: name }),
            Err(e) => faults.push(Fault::Unreadable { file: name, why: e.to_string() }),
        }
    }
}
