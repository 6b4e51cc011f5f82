//! A decrypted clip: a file in memory without a name, which only this process can open, and nobody can change.
//!
//! memfd_create(2), sealed once it is filled; the decoder opens it through `/proc/self/fd`, as it opens every clip. What
//! the operating system swaps out is the machine's affair: encrypt its swap.

use super::error::CaseError;
use crate::digest::hex;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

/// Memory that is left to the machine, bytes.
const LEFT_FREE: u64 = 256 << 20;

/// A file in memory, filled and sealed.
#[derive(Debug)]
pub struct InMemory {
    file: File,
    sha256: String,
}

impl InMemory {
    /// A file with what `fill` writes, of about this size.
    ///
    /// # Errors
    /// There is not that much memory; what `fill` says.
    pub fn filled(
        bytes: u64,
        fill: impl FnOnce(&mut dyn Write) -> Result<(), CaseError>,
    ) -> Result<Self, CaseError> {
        let free = available();
        if bytes.saturating_add(LEFT_FREE) > free {
            return Err(CaseError::NoMemory { needed_mib: bytes >> 20, free_mib: free >> 20 });
        }
        let fault = |e: rustix::io::Errno| CaseError::io(Path::new("memory"), e);
        let made =
            memfd_create("melkglas", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).map_err(fault)?;
        let file = File::from(made);
        let mut hashed = Hashed { to: &file, sha256: Sha256::new() };
        fill(&mut hashed)?;
        let sha256 = hex(&hashed.sha256.finalize());
        let seals = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
        fcntl_add_seals(&file, seals).map_err(fault)?;
        Ok(Self { file, sha256 })
    }

    /// A name under which this process can open it, and no other.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.file.as_raw_fd()))
    }

    /// SHA-256 of its content, hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

/// Writes, and hashes what it writes.
struct Hashed<W> {
    to: W,
    sha256: Sha256,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.sha256.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Memory that can be had without swapping (proc(5), MemAvailable); where the kernel does not say, enough.
fn available() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.map_or(u64::MAX, |kib| kib << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_memory_cannot_be_changed_and_has_no_name() {
        let held =
            InMemory::filled(3, |to| to.write_all(b"abc").map_err(|e| CaseError::io(Path::new(""), e)));
        let held = held.expect("filled");
        assert_eq!(std::fs::read(held.path()).expect("read"), b"abc");
        assert_eq!(held.sha256(), crate::digest::sha256_hex(b"abc"));
        let open = std::fs::OpenOptions::new().write(true).open(held.path());
        open.and_then(|mut file| file.write_all(b"x")).expect_err("sealed");
        let there = std::fs::read_link(held.path()).expect("a link");
        assert!(there.to_string_lossy().contains("memfd:melkglas"), "{there:?}");
    }

    #[test]
    fn what_does_not_fit_is_refused_before_it_is_tried() {
        let filled = InMemory::filled(u64::MAX, |_| panic!("not tried"));
        assert!(matches!(filled, Err(CaseError::NoMemory { .. })));
    }
}
