//! SHA-256 as the project writes it: lower-case hexadecimal.

use crate::interrupt::Interrupt;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Bytes as lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// SHA-256 of `bytes`.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of a whole file, whatever its handle's position.
///
/// # Errors
/// Reading failed, or a stop was asked for.
pub fn sha256_of_file(file: &File, interrupt: &Interrupt) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buf = vec![0; 1 << 18];
    let mut offset = 0;
    loop {
        if interrupt.is_raised() {
            return Err(io::Error::other("stopped on request"));
        }
        match file.read_at(&mut buf, offset) {
            Ok(0) => return Ok(hex(&hasher.finalize())),
            Ok(n) => {
                hasher.update(&buf[..n]);
                offset += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}
