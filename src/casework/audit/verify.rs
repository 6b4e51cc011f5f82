//! Finding what was changed, taken out, moved, added or cut off.

use super::AuditError;
use super::chain::{Line, Lines};
use super::content::Hash256;
use super::entry::{Event, Sealed};
use super::export::Exported;
use super::keys::{Head, Keys, PublicKey};
use super::place::Place;
use super::read;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// One thing that is wrong with a log. Lines count from 1; where nothing is wrong, a line is the entry of its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// A line that cannot be read.
    #[error("line {line} is no entry: it was changed or added")]
    NoEntry {
        /// The line.
        line: u64,
    },
    /// An entry whose content has another hash.
    #[error("entry {entry} (line {line}) was changed: it has another SHA-256 than it says")]
    Changed {
        /// The line.
        line: u64,
        /// The number that it carries.
        entry: u64,
    },
    /// An entry with a hash that the key did not sign.
    #[error("entry {entry} (line {line}) was changed or added: this log's key did not sign it")]
    NotSigned {
        /// The line.
        line: u64,
        /// The number that it carries.
        entry: u64,
    },
    /// An entry that stands after one of the same or a higher number.
    #[error("entry {entry} (line {line}) stands after entry {after}: it was moved or doubled")]
    Moved {
        /// The line.
        line: u64,
        /// Its number.
        entry: u64,
        /// The number before it.
        after: u64,
    },
    /// An entry that does not follow on the one before it.
    #[error("entry {entry} (line {line}) does not follow on the entry before it")]
    Unchained {
        /// The line.
        line: u64,
        /// Its number.
        entry: u64,
    },
    /// Entries that are not there, though later ones are.
    #[error("{} missing", range(*.first, *.last))]
    Missing {
        /// The first.
        first: u64,
        /// The last.
        last: u64,
    },
    /// The end of an act that was not open.
    #[error("entry {entry} completes entry {opened}, which was not open")]
    NotOpen {
        /// Its number.
        entry: u64,
        /// What it completes.
        opened: u64,
    },
    /// The end was cut off.
    #[error("the end was cut off: {} missing, by the {witness}", range(*.first, *.last))]
    Cut {
        /// The first entry that is gone.
        first: u64,
        /// The last entry that is known of.
        last: u64,
        /// What knows of them.
        witness: &'static str,
    },
    /// Entries after the signed head, other than the one that a crash may leave.
    #[error("{} added after the signed head", range(*.first, *.last))]
    Added {
        /// The first.
        first: u64,
        /// The last.
        last: u64,
    },
    /// The entry is another one than what was signed.
    #[error("entry {entry} is another one than that of the {witness}")]
    Differs {
        /// Its number.
        entry: u64,
        /// What knows the right one.
        witness: &'static str,
    },
    /// There is no head.
    #[error("the signed head is gone")]
    NoHead,
    /// The head is not signed by the log's key.
    #[error("the head was changed: the log's key did not sign it")]
    HeadNotSigned,
    /// The signing key is not there or not readable, and no export vouches for another.
    #[error("the signing key is gone, so nobody can tell whose signatures these are")]
    NoKey,
    /// The export was signed by another key.
    #[error("the export was signed by another key: this is another log, or one that was written anew")]
    OtherKey,
}

fn range(first: u64, last: u64) -> String {
    if first == last { format!("entry {first} is") } else { format!("entries {first} to {last} are") }
}

/// What a log is like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Findings {
    /// How many entries can be read.
    pub entries: u64,
    /// SHA-256 of the last one.
    pub last: Hash256,
    /// The key that signatures were held against, by its fingerprint.
    pub key: Option<Hash256>,
    /// Acts that were opened and not completed: being done, or cut short by a crash.
    pub unfinished: Vec<u64>,
    /// Bytes of a piece of a line at the end, as a crash leaves; the next act takes it out.
    pub torn_bytes: u64,
    /// All that is wrong.
    pub faults: Vec<Fault>,
}

/// Checks a log; with an export, also that the log still begins with what was exported.
///
/// # Errors
/// There is no log, or it cannot be read.
pub fn verify(place: &Place, against: Option<&Exported>) -> Result<Findings, AuditError> {
    let file = read::open(place)?;
    let mut faults = Vec::new();
    let head = Head::load(place)?;
    let key = key(place, head.as_ref(), against, &mut faults);
    let mut check = Checker { key, faults, ..Checker::default() };
    let fault = |e| AuditError::io(&place.log(), e);
    let mut torn_bytes = 0;
    for (line, number) in Lines::from(&file, 0).map_err(fault)?.zip(1..) {
        match line.map_err(fault)? {
            Line::Torn(bytes) => torn_bytes = bytes,
            Line::Whole(bytes) => check.line(number, Sealed::read(&bytes).ok()),
        }
    }
    check.missing();
    match &head {
        None => check.faults.push(Fault::NoHead),
        Some(Some(head)) if key.is_none_or(|key| key == head.public_key) => check.head(head),
        Some(_) => check.faults.push(Fault::HeadNotSigned),
    }
    if let Some(export) = against {
        check.export(export);
    }
    let Checker { hashes, unfinished, faults, .. } = check;
    let last = hashes.last_key_value();
    Ok(Findings {
        entries: hashes.len() as u64,
        last: last.and_then(|(_, hash)| *hash).unwrap_or(Hash256::ZERO),
        key: key.map(|key| key.fingerprint()),
        unfinished: unfinished.into_iter().collect(),
        torn_bytes,
        faults,
    })
}

/// The key to hold signatures against: the log's own, else the export's, else the one that the head names.
fn key(
    place: &Place,
    head: Option<&Option<Head>>,
    against: Option<&Exported>,
    faults: &mut Vec<Fault>,
) -> Option<PublicKey> {
    let own = Keys::load(place).ok().map(|keys| keys.public());
    let exported = against.map(|export| export.head.public_key);
    match (own, exported) {
        (Some(own), Some(exported)) if own != exported => faults.push(Fault::OtherKey),
        (None, None) => faults.push(Fault::NoKey),
        _ => {}
    }
    own.or(exported).or_else(|| Some(head?.as_ref()?.public_key))
}

/// Goes through a log line by line.
#[derive(Default)]
struct Checker {
    key: Option<PublicKey>,
    /// The hash of each entry by its number; none where the entry is there and not to be believed.
    hashes: BTreeMap<u64, Option<Hash256>>,
    /// Number of the entry before.
    after: u64,
    /// Its hash, where the entry before is to be believed.
    before: Option<Hash256>,
    unfinished: BTreeSet<u64>,
    faults: Vec<Fault>,
}

impl Checker {
    fn line(&mut self, line: u64, sealed: Option<Sealed>) {
        let before = if line == 1 { Some(Hash256::ZERO) } else { self.before.take() };
        let Some(sealed) = sealed else {
            self.faults.push(Fault::NoEntry { line });
            return;
        };
        let (entry, after) = (sealed.entry.entry, self.after);
        let signed = self.key.is_none_or(|key| sealed.is_signed_by(&key));
        if !(sealed.intact && signed) {
            let fault =
                if sealed.intact { Fault::NotSigned { line, entry } } else { Fault::Changed { line, entry } };
            self.faults.push(fault);
            if entry == after + 1 {
                // There, but changed: not missing as well.
                self.hashes.entry(entry).or_insert(None);
                self.after = entry;
            }
            return;
        }
        if entry <= after {
            self.faults.push(Fault::Moved { line, entry, after });
        } else if entry == after + 1 && before.is_some_and(|before| before != sealed.entry.previous) {
            self.faults.push(Fault::Unchained { line, entry });
        }
        self.hashes.entry(entry).or_insert(Some(sealed.sha256));
        (self.after, self.before) = (entry, Some(sealed.sha256));
        match sealed.entry.event {
            Event::Opened(_) => drop(self.unfinished.insert(entry)),
            Event::Completed { opened, .. } => {
                // What was changed or is missing is named as that.
                let known = opened >= entry || self.hashes.get(&opened).is_some_and(Option::is_some);
                if !self.unfinished.remove(&opened) && known {
                    self.faults.push(Fault::NotOpen { entry, opened });
                }
            }
            Event::Case(_) | Event::Recovered { .. } => {}
        }
    }

    /// Number of the last entry.
    fn last(&self) -> u64 {
        self.hashes.last_key_value().map_or(0, |(entry, _)| *entry)
    }

    /// Names what is not there before the last entry.
    fn missing(&mut self) {
        let mut next = 1;
        for entry in self.hashes.keys() {
            if *entry > next {
                self.faults.push(Fault::Missing { first: next, last: entry - 1 });
            }
            next = entry.saturating_add(1);
        }
    }

    /// Holds the log against its own head, behind which a crash may leave one entry.
    fn head(&mut self, head: &Head) {
        const WITNESS: &str = "signed head";
        let last = self.last();
        if last > head.entries.saturating_add(1) {
            self.faults.push(Fault::Added { first: head.entries + 1, last });
        }
        self.end(head, WITNESS);
    }

    /// Holds the log against what somebody else kept of it.
    fn export(&mut self, export: &Exported) {
        const WITNESS: &str = "export";
        for (hash, entry) in export.hashes.iter().flatten().zip(1..) {
            if self.differs(entry, *hash) {
                // All after it differ too, as they name it.
                self.faults.push(Fault::Differs { entry, witness: WITNESS });
                return;
            }
        }
        self.end(&export.head, WITNESS);
    }

    /// Whether an entry is there and another one. What is changed or missing is named as such.
    fn differs(&self, entry: u64, hash: Hash256) -> bool {
        self.hashes.get(&entry).copied().flatten().is_some_and(|own| own != hash)
    }

    fn end(&mut self, head: &Head, witness: &'static str) {
        let last = self.last();
        if last < head.entries {
            self.faults.push(Fault::Cut { first: last + 1, last: head.entries, witness });
        } else if self.differs(head.entries, head.last) {
            self.faults.push(Fault::Differs { entry: head.entries, witness });
        }
    }
}
