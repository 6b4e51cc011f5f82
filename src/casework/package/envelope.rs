//! The seal of a zip: a signature over every byte before it, in the archive's comment.
//!
//! A zip's own check sums leave headers, times and names open, and the AES entries can be checked by holders of the
//! passphrase alone. The seal covers all of the file, and it is of one form, so that no bit of it can be another.

use super::super::audit::{AuditLog, Hash256, PublicKey, Sealed};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

const WORDS: &str = "melkglas package 1\nkey ";
const BETWEEN: &str = "\nseal ";
const KEY_LEN: usize = 64;
const SEAL_LEN: usize = 128;
/// Bytes of the comment; blanks until it is sealed.
const LENGTH: usize = WORDS.len() + KEY_LEN + BETWEEN.len() + SEAL_LEN + 1;

/// What holds the place of the seal while the archive is written.
pub(super) fn placeholder() -> String {
    " ".repeat(LENGTH)
}

/// SHA-256 of the first `length` bytes of a file.
fn sha256_of(file: &File, length: u64) -> io::Result<Hash256> {
    let mut hasher = Sha256::new();
    let mut buf = vec![0; 1 << 18];
    let mut at = 0;
    while at < length {
        let most = buf.len().min(usize::try_from(length - at).unwrap_or(usize::MAX));
        match file.read_at(&mut buf[..most], at) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => {
                hasher.update(&buf[..n]);
                at += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(Hash256::from_bytes(hasher.finalize().into()))
}

/// Puts the seal into the place that was kept for it, at the end of the file.
pub(super) fn seal(file: &File, log: &AuditLog) -> io::Result<()> {
    let covered = file.metadata()?.len() - LENGTH as u64;
    let signature = log.seal(Sealed::Package, sha256_of(file, covered)?.as_bytes());
    let key = Hash256::from(log.public_key());
    file.write_all_at(format!("{WORDS}{key}{BETWEEN}{signature}\n").as_bytes(), covered)
}

/// Who sealed the file; `None` where nobody did, or a byte is not as it was then.
pub(super) fn sealed_by(file: &File) -> io::Result<Option<PublicKey>> {
    let Some(covered) = file.metadata()?.len().checked_sub(LENGTH as u64) else { return Ok(None) };
    let mut comment = [0; LENGTH];
    file.read_exact_at(&mut comment, covered)?;
    let parts = || -> Option<(PublicKey, &str)> {
        let text = std::str::from_utf8(&comment).ok()?;
        let (key, signature) = text.strip_prefix(WORDS)?.strip_suffix('\n')?.split_once(BETWEEN)?;
        Some((PublicKey::from(key.parse::<Hash256>().ok()?), signature))
    };
    let Some((key, signature)) = parts() else { return Ok(None) };
    let sha256 = sha256_of(file, covered)?;
    Ok(key.sealed(Sealed::Package, sha256.as_bytes(), signature).then_some(key))
}
