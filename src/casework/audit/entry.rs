//! One entry as it stands in the file: a line of JSON that ends with its own SHA-256 and a signature.
//!
//! The canonical form is the line itself: SHA-256 is taken over the very bytes before `,"sha256":`, closed with a
//! brace; so nothing has to be written again to be checked. The signature (Ed25519, RFC 8032) is over that hash. It
//! tells an entry that a crash left behind the head from one that somebody added.

use super::act::{Act, Outcome};
use super::case_step::CaseStep;
use super::content::{Account, Hash256, UtcTime, unhex};
use super::keys::{Keys, PublicKey, SIGNATURE_LEN, Signature};
use crate::digest::hex;
use serde::{Deserialize, Serialize};

/// The form of entries and heads that this program writes, and the only one that it reads.
pub const AUDIT_VERSION: u32 = 1;
/// Longest line that is read, bytes; far above what an act can fill.
pub(super) const LONGEST_LINE: usize = 16 << 20;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Event {
    /// An act is about to be done.
    Opened(Box<Opened>),
    /// An act ended.
    Completed {
        /// The number of the entry that opened it.
        opened: u64,
        /// How it ended.
        outcome: Outcome,
    },
    /// A step in a case is about to be taken.
    Case(Box<CaseStep>),
    /// A crash in the middle of writing had left a piece of a line, which was never an entry; it was taken out.
    Recovered {
        /// Its length.
        bytes: u64,
    },
}

/// An act, and what the program knows of who does it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opened {
    /// What was asked.
    pub act: Act,
    /// Who asked, by the operating system.
    pub account: Account,
    /// HMAC-SHA-256 of the reason in words.
    pub reason_hmac: Hash256,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// [`AUDIT_VERSION`].
    pub version: u32,
    /// Its number, from 1.
    pub entry: u64,
    /// When it was written.
    pub at: UtcTime,
    /// SHA-256 of the entry before; zeros in the first.
    pub previous: Hash256,
    /// What happened.
    pub event: Event,
}

/// An entry as it was read.
#[derive(Debug, Clone)]
pub(super) struct Sealed {
    pub(super) entry: Entry,
    /// The hash that it carries.
    pub(super) sha256: Hash256,
    /// Whether that is the hash of what it says.
    pub(super) intact: bool,
    signature: Signature,
}

/// A line that is no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotAnEntry;

/// A field of fixed length at the end of a line: its digits, and what stands before with the brace closed.
pub(super) fn cut_field<'l>(line: &'l str, name: &str, digits: usize) -> Option<(String, &'l str)> {
    let value = line.len().checked_sub(digits + 2)?;
    let (before, field) = (line.get(..value)?, line.get(value..)?);
    let body = before.strip_suffix(&format!(",\"{name}\":\""))?;
    Some((format!("{body}}}"), field.strip_suffix("\"}")?))
}

/// A line with one more field at its end.
pub(super) fn with_field(line: &str, name: &str, digits: &str) -> String {
    format!("{},\"{name}\":\"{digits}\"}}", line.strip_suffix('}').expect("an object"))
}

/// What is signed of an entry.
fn message(sha256: &Hash256) -> Vec<u8> {
    [b"melkglas audit entry 1\0", sha256.as_bytes().as_slice()].concat()
}

impl Entry {
    /// The entry's line, with its end, and its hash.
    pub(super) fn seal(&self, keys: &Keys) -> (String, Hash256) {
        let body = serde_json::to_string(self).expect("numbers and texts can be written");
        let sha256 = Hash256::of(body.as_bytes());
        let signature = keys.sign(&message(&sha256));
        let line = with_field(&body, "sha256", &sha256.to_string());
        (with_field(&line, "signature", &hex(&signature)) + "\n", sha256)
    }
}

impl Sealed {
    /// Reads a line, without its end.
    pub(super) fn read(line: &[u8]) -> Result<Self, NotAnEntry> {
        let parts = || {
            let line = std::str::from_utf8(line).ok()?;
            let (line, signature) = cut_field(line, "signature", 2 * SIGNATURE_LEN)?;
            let (body, sha256) = cut_field(&line, "sha256", 64)?;
            let entry: Entry = serde_json::from_str(&body).ok()?;
            let sha256: Hash256 = sha256.parse().ok()?;
            let intact = sha256 == Hash256::of(body.as_bytes());
            Some(Self { entry, sha256, intact, signature: unhex(signature)? })
        };
        parts().filter(|sealed| sealed.entry.version == AUDIT_VERSION).ok_or(NotAnEntry)
    }

    /// Whether the key signed it.
    pub(super) fn is_signed_by(&self, key: &PublicKey) -> bool {
        key.signed(&message(&self.sha256), &self.signature)
    }
}
