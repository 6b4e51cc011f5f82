//! Going through a log line by line, in memory that does not grow with it.

use super::content::Hash256;
use super::entry::{LONGEST_LINE, Sealed};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

/// What the next line of a log is.
pub(super) enum Line {
    /// A line with its end, which is left out here.
    Whole(Vec<u8>),
    /// The last bytes have no end.
    Torn(u64),
}

/// The lines of a log from a place in it.
pub(super) struct Lines<'f> {
    reader: BufReader<&'f File>,
}

impl<'f> Lines<'f> {
    pub(super) fn from(mut file: &'f File, offset: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self { reader: BufReader::with_capacity(1 << 16, file) })
    }
}

impl Iterator for Lines<'_> {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut bytes = Vec::new();
        match self.reader.by_ref().take(LONGEST_LINE as u64).read_until(b'\n', &mut bytes) {
            Err(e) => return Some(Err(e)),
            Ok(0) => return None,
            Ok(_) => {}
        }
        if bytes.pop_if(|last| *last == b'\n').is_some() || bytes.len() == LONGEST_LINE {
            return Some(Ok(Line::Whole(bytes)));
        }
        Some(Ok(Line::Torn(bytes.len() as u64)))
    }
}

/// How far a log was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Followed {
    /// Bytes of whole lines.
    pub(super) bytes: u64,
    /// Entries.
    pub(super) entries: u64,
    /// SHA-256 of the last one.
    pub(super) last: Hash256,
}

/// What follows after a place that was followed to.
pub(super) struct News {
    pub(super) to: Followed,
    /// The last of the new entries.
    pub(super) latest: Option<Sealed>,
    /// Length of a piece of a line at the end.
    pub(super) torn: u64,
}

impl Followed {
    /// Before the first entry.
    pub(super) const START: Self = Self { bytes: 0, entries: 0, last: Hash256::ZERO };

    /// Follows the chain to its end; `None` where it is broken. Signatures are for `verify`.
    pub(super) fn on(self, file: &File) -> io::Result<Option<News>> {
        let mut news = News { to: self, latest: None, torn: 0 };
        if file.metadata()?.len() < self.bytes {
            return Ok(None);
        }
        for line in Lines::from(file, self.bytes)? {
            let bytes = match line? {
                Line::Torn(bytes) => {
                    news.torn = bytes;
                    break;
                }
                Line::Whole(bytes) => bytes,
            };
            let Ok(sealed) = Sealed::read(&bytes) else { return Ok(None) };
            let to = &mut news.to;
            if !sealed.intact || sealed.entry.entry != to.entries + 1 || sealed.entry.previous != to.last {
                return Ok(None);
            }
            *to = Self {
                bytes: to.bytes + bytes.len() as u64 + 1,
                entries: sealed.entry.entry,
                last: sealed.sha256,
            };
            news.latest = Some(sealed);
        }
        Ok(Some(news))
    }
}
