//! Writing: an act is opened before it is done and completed after.

use super::AuditError;
use super::act::{Act, ActKind, Outcome, Part, ReasonText};
use super::case_step::CaseStep;
use super::chain::Followed;
use super::content::{Account, Hash256, UtcTime};
use super::entry::{AUDIT_VERSION, Entry, Event, Opened};
use super::keys::{Head, Keys, PublicKey, Sealed};
use super::place::{Place, lock};
use super::read::{RecordedStep, case_steps};
use crate::video::sink::sweep;
use crate::video::warrant::{Leave, Warrant};
use rustix::fs::FlockOperation::NonBlockingLockExclusive;
use serde::Serialize;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A log that acts can be written to.
#[derive(Debug, Clone)]
pub struct AuditLog {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    place: Place,
    keys: Keys,
    is_new: bool,
    followed: Mutex<Followed>,
}

impl AuditLog {
    /// Opens the log at a place, and makes it and its keys where there is none. `clips` are the folders that hold the
    /// clips in hand and what is made of them: the log may not lie in any of them.
    ///
    /// The whole chain is followed once, so that nothing is added to a log that somebody changed.
    ///
    /// # Errors
    /// The place cannot be used, a key is gone, or the chain is broken. Then no act may happen.
    pub fn open(place: &Place, clips: &[&Path]) -> Result<Self, AuditError> {
        place.keep_apart(clips)?;
        place.make()?;
        sweep(place.dir());
        let file = place.open_to_append()?;
        let fault = |e| AuditError::io(&place.log(), e);
        lock(&file, NonBlockingLockExclusive, &place.log())?;
        let is_new = file.metadata().map_err(fault)?.len() == 0 && !place.head().exists();
        if is_new {
            Keys::make_missing(place)?;
        }
        let keys = Keys::load(place)?;
        if is_new {
            file.sync_all().map_err(fault)?;
            Head::new(0, Hash256::ZERO, &keys).store(place, &keys)?;
            place.sync()?;
        }
        let followed = Mutex::new(Followed::START);
        let log = Self { inner: Arc::new(Inner { place: place.clone(), keys, is_new, followed }) };
        log.inner.mend(&file)?;
        Ok(log)
    }

    /// Whether the log and its signing key were made just now: to be said aloud, with the key's fingerprint.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.inner.is_new
    }

    /// The key that its entries are signed with.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.inner.keys.public()
    }

    /// Where the log ends now.
    ///
    /// # Errors
    /// The log cannot be read, or was changed.
    pub fn head(&self) -> Result<Head, AuditError> {
        let file = self.inner.place.open_to_append()?;
        lock(&file, NonBlockingLockExclusive, &self.inner.place.log())?;
        self.inner.mend(&file)?;
        let to = *self.inner.followed();
        Ok(Head::new(to.entries, to.last, &self.inner.keys))
    }

    /// All steps in cases that it holds, in their order.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn case_steps(&self) -> Result<Vec<RecordedStep>, AuditError> {
        case_steps(&self.inner.place)
    }

    /// Signs something that leaves the house; in hexadecimal.
    pub(in crate::casework) fn seal(&self, what: Sealed, body: &[u8]) -> String {
        self.inner.keys.seal(what, body)
    }

    /// Where it lies.
    #[must_use]
    pub fn place(&self) -> &Path {
        self.inner.place.dir()
    }

    /// Writes down that an act is about to be done, for the reason in words, of which only the keyed hash is kept.
    /// When this returns, the entry is on the disk.
    ///
    /// # Errors
    /// The entry could not be written, so the act may not happen; or it does not say what it is to show.
    pub fn begin(&self, act: Act, reason: &ReasonText) -> Result<OpenEntry, AuditError> {
        act.check().map_err(AuditError::Act)?;
        let opened = Opened {
            act: act.clone(),
            account: Account::of_this_process(),
            reason_hmac: self.inner.keys.keyed_hash(reason),
        };
        let (entry, sha256) = self.inner.append(Event::Opened(Box::new(opened)))?;
        let receipt = Receipt { entry, sha256, act };
        Ok(OpenEntry { log: Arc::clone(&self.inner), receipt })
    }

    /// Writes down that a step in a case is about to be taken; gives the number of the entry, which is on the disk then.
    /// That it was taken stands in the case store, which names the entry.
    ///
    /// # Errors
    /// The entry could not be written, so the step may not be taken.
    pub fn step(&self, step: CaseStep) -> Result<u64, AuditError> {
        self.inner.append(Event::Case(Box::new(step))).map(|(entry, _)| entry)
    }
}

/// An act that is being done. Dropped without [`Self::complete`], as by a crash, it stays unfinished in the log for
/// everybody to see.
#[derive(Debug)]
#[must_use = "an act that is not completed stays unfinished in the log"]
pub struct OpenEntry {
    log: Arc<Inner>,
    receipt: Receipt,
}

impl OpenEntry {
    /// What a reveal is made from. It cannot outlive the open entry.
    #[must_use]
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// Writes down how the act ended. Call it before an output gets its final name: what is not recorded is not
    /// handed out.
    ///
    /// # Errors
    /// The entry could not be written; the act stays unfinished in the log.
    pub fn complete(self, outcome: Outcome) -> Result<Recorded, AuditError> {
        let opened = self.receipt.entry;
        let (completed, sha256) = self.log.append(Event::Completed { opened, outcome })?;
        Ok(Recorded { opened, completed, sha256 })
    }
}

/// Proof that an act stands in the log, on the disk, before it is done. Only [`AuditLog::begin`] makes one; it cannot
/// be copied, made by hand or read from a file.
#[derive(Debug)]
pub struct Receipt {
    entry: u64,
    sha256: Hash256,
    act: Act,
}

impl Receipt {
    /// The number of the entry.
    #[must_use]
    pub fn entry(&self) -> u64 {
        self.entry
    }

    /// Its SHA-256.
    #[must_use]
    pub fn sha256(&self) -> Hash256 {
        self.sha256
    }

    /// What may be done.
    #[must_use]
    pub fn kind(&self) -> ActKind {
        self.act.kind
    }

    /// SHA-256 of the only source that it may be done to.
    #[must_use]
    pub fn source(&self) -> Hash256 {
        self.act.source
    }

    /// Who or what may be shown, and when.
    #[must_use]
    pub fn subject(&self) -> &[Part] {
        &self.act.subject
    }

    /// The leave that the pixels' wing asks for, as long as the act is open. An export shows nobody by itself, nor does
    /// a live stream.
    #[must_use]
    pub fn warrant(&self) -> Option<Warrant<'_>> {
        let leave = match self.act.kind {
            ActKind::PersonsShown | ActKind::DoubtsShown => Leave::Pictures,
            ActKind::Reveal => Leave::Subject,
            ActKind::ShowObject => Leave::Objects,
            ActKind::Export | ActKind::LivePlacement | ActKind::LiveViewed | ActKind::CameraSetUp => {
                return None;
            }
        };
        Some(Warrant::of_entry(leave, self.act.source.to_string()))
    }

    /// All that was asked.
    #[must_use]
    pub fn act(&self) -> &Act {
        &self.act
    }
}

/// Where an act stands in the log, for its report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// The entry that opened it.
    pub opened: u64,
    /// The entry that completed it.
    pub completed: u64,
    /// SHA-256 of the latter.
    pub sha256: Hash256,
}

impl Inner {
    /// Adds an entry; gives its number and hash once it and the new head are on the disk.
    fn append(&self, event: Event) -> Result<(u64, Hash256), AuditError> {
        let path = self.place.log();
        let file = self.place.open_to_append()?;
        lock(&file, NonBlockingLockExclusive, &path)?;
        self.mend(&file)?;
        self.write(&file, event)
    }

    fn followed(&self) -> std::sync::MutexGuard<'_, Followed> {
        // What it guards is replaced whole or not at all.
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows what others wrote meanwhile, and mends what a crash may leave: a piece of a line, a head that is one
    /// behind. Anything else is no crash. The file is locked.
    fn mend(&self, file: &File) -> Result<(), AuditError> {
        let broken = || AuditError::Broken(self.place.log());
        let fault = |e| AuditError::io(&self.place.log(), e);
        let before = *self.followed();
        let news = before.on(file).map_err(fault)?.ok_or_else(broken)?;
        let head = Head::load(&self.place)?.flatten().ok_or_else(broken)?;
        if head.public_key != self.keys.public() {
            return Err(broken());
        }
        let to = news.to;
        if (head.entries, head.last) != (to.entries, to.last) {
            let behind = news.latest.filter(|latest| {
                (head.entries + 1, head.last) == (to.entries, latest.entry.previous)
                    && latest.is_signed_by(&head.public_key)
            });
            behind.ok_or_else(broken)?;
            Head::new(to.entries, to.last, &self.keys).store(&self.place, &self.keys)?;
        }
        *self.followed() = to;
        if news.torn > 0 {
            file.set_len(to.bytes).map_err(fault)?;
            self.write(file, Event::Recovered { bytes: news.torn })?;
        }
        Ok(())
    }

    /// Adds a line after the last one. The file is locked and followed to its end.
    fn write(&self, mut file: &File, event: Event) -> Result<(u64, Hash256), AuditError> {
        let before = *self.followed();
        let entry = Entry {
            version: AUDIT_VERSION,
            entry: before.entries + 1,
            at: UtcTime::now(),
            previous: before.last,
            event,
        };
        let (line, sha256) = entry.seal(&self.keys);
        if let Err(e) = file.write_all(line.as_bytes()).and_then(|()| file.sync_all()) {
            // What cannot be taken back is a torn line or an entry ahead of its head, and mended the next time.
            let _ = file.set_len(before.bytes).and_then(|()| file.sync_all());
            return Err(AuditError::io(&self.place.log(), e));
        }
        Head::new(entry.entry, sha256, &self.keys).store(&self.place, &self.keys)?;
        // Only now: where the head fails, the next time finds the entry as one of a crash.
        *self.followed() =
            Followed { bytes: before.bytes + line.len() as u64, entries: entry.entry, last: sha256 };
        Ok((entry.entry, sha256))
    }
}
