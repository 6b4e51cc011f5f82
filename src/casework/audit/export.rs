//! A copy of the log, or of its head alone, for somebody else to keep: what makes a cut tail and a log that was
//! written anew show.
//!
//! The first line is the head, signed when exporting; the others are the entries as they stand in the log.

use super::AuditError;
use super::chain::Lines;
use super::chain::{Followed, Line};
use super::entry::{LONGEST_LINE, Sealed};
use super::keys::{Head, Keys};
use super::place::{Place, open_existing};
use super::read;
use super::verify::{Findings, verify};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// How much is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The head alone: some hundred bytes that tell nothing about anybody.
    Head,
    /// The head and every entry.
    Entries,
}

/// Writes an export, if the log can be believed; otherwise `Err` has what is wrong with it.
///
/// # Errors
/// There is no log, it cannot be read, or `out` not written.
pub fn export(
    place: &Place,
    extent: Extent,
    out: &mut impl Write,
) -> Result<Result<Head, Findings>, AuditError> {
    let findings = verify(place, None)?;
    if !findings.faults.is_empty() {
        return Ok(Err(findings));
    }
    let keys = Keys::load(place)?;
    let mut file = read::open(place)?;
    let fault = |e| AuditError::io(&place.log(), e);
    let broken = || AuditError::Broken(place.log());
    // Others may have written since; what is followed here is what is exported.
    let news = Followed::START.on(&file).map_err(fault)?.ok_or_else(broken)?;
    let head = Head::new(news.to.entries, news.to.last, &keys);
    out.write_all(head.seal(&keys).as_bytes()).map_err(fault)?;
    if extent == Extent::Entries {
        file.seek(SeekFrom::Start(0)).map_err(fault)?;
        io::copy(&mut file.take(news.to.bytes), out).map_err(fault)?;
    }
    Ok(Ok(head))
}

/// An export that was opened and is sound in itself.
#[derive(Debug)]
pub struct Exported {
    pub(super) head: Head,
    /// The hash of each entry, where there are entries.
    pub(super) hashes: Option<Vec<super::Hash256>>,
}

impl Exported {
    /// Opens an export.
    ///
    /// # Errors
    /// The file cannot be read, is no export, or was changed.
    pub fn open(path: &Path) -> Result<Self, AuditError> {
        let fault = |e| AuditError::io(path, e);
        let none = || AuditError::NoExport(path.to_owned());
        let file = open_existing(path).map_err(fault)?;
        let mut line = String::new();
        let mut reader = BufReader::new(&file).take(LONGEST_LINE as u64);
        reader.read_line(&mut line).map_err(|_| none())?;
        let head = Head::read(&line).ok_or_else(none)?;
        let mut followed = Followed::START;
        let mut hashes = Vec::new();
        for line in Lines::from(&file, line.len() as u64).map_err(fault)? {
            let Line::Whole(bytes) = line.map_err(fault)? else { return Err(none()) };
            let sealed = Sealed::read(&bytes).map_err(|_| none())?;
            let chained =
                sealed.entry.entry == followed.entries + 1 && sealed.entry.previous == followed.last;
            if !sealed.intact || !chained {
                return Err(none());
            }
            followed = Followed { bytes: 0, entries: sealed.entry.entry, last: sealed.sha256 };
            hashes.push(sealed.sha256);
        }
        let whole = (followed.entries, followed.last) == (head.entries, head.last);
        if !whole && !hashes.is_empty() {
            return Err(none());
        }
        Ok(Self { head, hashes: (!hashes.is_empty()).then_some(hashes) })
    }
}
