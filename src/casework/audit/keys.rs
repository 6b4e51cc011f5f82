//! The signing key, the secret of the keyed hash, and the signed head.
//!
//! Both keys are 32 bytes of the kernel's randomness in a file each, mode 0600, in hexadecimal.

use super::AuditError;
use super::act::ReasonText;
use super::content::{Hash256, UtcTime, unhex};
use super::entry::{AUDIT_VERSION, cut_field, with_field};
use super::place::{Place, check_private};
use crate::digest::hex;
use crate::video::sink::{Overwrite, PartialFile};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::fmt;
use std::io::{self, Read, Write};
use std::path::Path;

/// Bytes of an Ed25519 signature.
pub(super) const SIGNATURE_LEN: usize = 64;
/// An Ed25519 signature.
pub(super) type Signature = [u8; SIGNATURE_LEN];

/// What is signed besides entries and heads. Each begins with words of its own, so that a signature of one is none of
/// another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::casework) enum Sealed {
    /// The manifest of a package.
    Manifest,
    /// A package's SHA-256.
    Package,
}

impl Sealed {
    fn message(self, body: &[u8]) -> Vec<u8> {
        let begins: &[u8] = match self {
            Self::Manifest => b"melkglas manifest 1\0",
            Self::Package => b"melkglas package 1\0",
        };
        [begins, body].concat()
    }
}

/// Both keys. Neither can be printed.
pub(super) struct Keys {
    signing: SigningKey,
    secret: [u8; 32],
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.public().fingerprint())
    }
}

impl Keys {
    /// The keys of a log.
    pub(super) fn load(place: &Place) -> Result<Self, AuditError> {
        let signing = SigningKey::from_bytes(&load_key(&place.key())?);
        Ok(Self { signing, secret: load_key(&place.secret())? })
    }

    /// Makes the keys that are not there yet.
    pub(super) fn make_missing(place: &Place) -> Result<(), AuditError> {
        for path in [place.secret(), place.key()] {
            if path.symlink_metadata().is_ok() {
                continue;
            }
            let mut key = [0; 32];
            getrandom::fill(&mut key).map_err(|e| AuditError::Randomness(e.to_string()))?;
            write_whole(&path, &(hex(&key) + "\n"), Overwrite::Refuse)?;
        }
        Ok(())
    }

    /// The half of the signing key that everybody may know.
    pub(super) fn public(&self) -> PublicKey {
        PublicKey(self.signing.verifying_key().to_bytes())
    }

    pub(super) fn sign(&self, message: &[u8]) -> Signature {
        self.signing.sign(message).to_bytes()
    }

    /// The signature of something that leaves the house, in hexadecimal.
    pub(super) fn seal(&self, what: Sealed, body: &[u8]) -> String {
        hex(&self.sign(&what.message(body)))
    }

    /// HMAC-SHA-256 (RFC 2104) of a reason.
    pub(super) fn keyed_hash(&self, reason: &ReasonText) -> Hash256 {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("any length is a key");
        mac.update(reason.as_str().as_bytes());
        Hash256::from_bytes(mac.finalize().into_bytes().into())
    }
}

fn load_key(path: &Path) -> Result<[u8; 32], AuditError> {
    let file = match super::place::open_existing(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(AuditError::KeyGone(path.to_owned())),
        opened => opened.map_err(|e| AuditError::io(path, e))?,
    };
    check_private(&file, path)?;
    let mut text = String::new();
    (&file).take(128).read_to_string(&mut text).map_err(|e| AuditError::io(path, e))?;
    unhex(text.trim_end()).ok_or_else(|| AuditError::KeyGone(path.to_owned()))
}

/// Writes a whole file under its name, on the disk when it returns.
fn write_whole(path: &Path, text: &str, overwrite: Overwrite) -> Result<(), AuditError> {
    let write = || {
        let partial = PartialFile::create(path, overwrite)?;
        partial.file().write_all(text.as_bytes())?;
        partial.commit()
    };
    write().map_err(|e| AuditError::io(path, e))
}

/// An Ed25519 public key (RFC 8032), written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Hash256", into = "Hash256")]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Its SHA-256: what to write down on paper when the key is made.
    #[must_use]
    pub fn fingerprint(&self) -> Hash256 {
        Hash256::of(&self.0)
    }

    pub(super) fn signed(&self, message: &[u8], signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        VerifyingKey::from_bytes(&self.0).is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
    }
}

impl PublicKey {
    /// Whether this key sealed `body`; `signature` is hexadecimal.
    pub(in crate::casework) fn sealed(&self, what: Sealed, body: &[u8], signature: &str) -> bool {
        unhex(signature).is_some_and(|signature| self.signed(&what.message(body), &signature))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

// The same 32 bytes in the same digits.
impl From<Hash256> for PublicKey {
    fn from(bytes: Hash256) -> Self {
        Self(*bytes.as_bytes())
    }
}

impl From<PublicKey> for Hash256 {
    fn from(key: PublicKey) -> Self {
        Self::from_bytes(key.0)
    }
}

/// Where a log ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// [`AUDIT_VERSION`].
    pub version: u32,
    /// How many entries there are.
    pub entries: u64,
    /// SHA-256 of the last one; zeros where there is none.
    pub last: Hash256,
    /// When it was signed.
    pub at: UtcTime,
    /// Who can check the signature.
    pub public_key: PublicKey,
}

/// What is signed of a head.
fn message(body: &str) -> Vec<u8> {
    [b"melkglas audit head 1\0", body.as_bytes()].concat()
}

impl Head {
    /// A head of now.
    pub(super) fn new(entries: u64, last: Hash256, keys: &Keys) -> Self {
        Self { version: AUDIT_VERSION, entries, last, at: UtcTime::now(), public_key: keys.public() }
    }

    /// The head's line, with its end.
    pub(super) fn seal(&self, keys: &Keys) -> String {
        let body = serde_json::to_string(self).expect("numbers and texts can be written");
        with_field(&body, "signature", &hex(&keys.sign(&message(&body)))) + "\n"
    }

    /// Reads a head's line; `None` where it was not signed by the key that it names.
    pub(super) fn read(line: &str) -> Option<Self> {
        let (body, signature) = cut_field(line.strip_suffix('\n')?, "signature", 2 * SIGNATURE_LEN)?;
        let head: Self = serde_json::from_str(&body).ok()?;
        let sound =
            head.version == AUDIT_VERSION && head.public_key.signed(&message(&body), &unhex(signature)?);
        sound.then_some(head)
    }

    /// The head beside the log: `None` where there is no file, and within it `None` where it is not signed.
    pub(super) fn load(place: &Place) -> Result<Option<Option<Self>>, AuditError> {
        match std::fs::read(place.head()) {
            Ok(bytes) => Ok(Some(String::from_utf8(bytes).ok().and_then(|text| Self::read(&text)))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(AuditError::io(&place.head(), e)),
        }
    }

    /// Puts it in the place of the older one.
    pub(super) fn store(&self, place: &Place, keys: &Keys) -> Result<(), AuditError> {
        write_whole(&place.head(), &self.seal(keys), Overwrite::Replace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keyed_hash_is_hmac_sha_256() {
        let keys = Keys { signing: SigningKey::from_bytes(&[7; 32]), secret: [0x0b; 32] };
        let reason = "Hi There".parse().expect("a reason");
        // RFC 4231, test case 1, has a key of 20 bytes; this value is Python's hmac with one of 32.
        assert_eq!(
            keys.keyed_hash(&reason).to_string(),
            "198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7"
        );
        assert!(!format!("{keys:?}").contains("0b0b"));
    }

    #[test]
    fn a_signature_is_of_one_key_and_one_message() {
        let keys = |byte| Keys { signing: SigningKey::from_bytes(&[byte; 32]), secret: [0; 32] };
        let signature = keys(1).sign(b"a");
        assert!(keys(1).public().signed(b"a", &signature));
        assert!(!keys(1).public().signed(b"b", &signature));
        assert!(!keys(2).public().signed(b"a", &signature));
        let line = Head::new(3, Hash256::of(b"x"), &keys(1)).seal(&keys(1));
        assert_eq!(Head::read(&line).map(|head| head.entries), Some(3));
        assert_eq!(Head::read(&line.replace("\"entries\":3", "\"entries\":2")), None);
        assert_eq!(Head::read(&Head::new(3, Hash256::ZERO, &keys(1)).seal(&keys(2))), None);
    }
}
