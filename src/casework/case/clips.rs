//! Clips at rest: encrypted copies, each with a key of its own; and what was made of them, encrypted with them.
//!
//! The plain copy is in memory alone ([`InMemory`]). Whoever adds or removes files holds the folder's lock.

use super::desk::Cases;
use super::error::CaseError;
use super::keys::{ItemKey, KeyError};
use super::memory::InMemory;
use super::store::{CaseRow, ClipRow, add_step, find_case};
use super::words::CaseAct;
use crate::casework::audit::{CaseNumber, StepKind};
use crate::digest::{hex, sha256_of_file};
use crate::interrupt::Interrupt;
use crate::video::sink::{Overwrite, PartialFile};
use jiff::civil::DateTime;
use rusqlite::params;
use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{BufReader, BufWriter, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The folder of clips, in the folder of cases.
const CLIPS: &str = "clips";
/// What is locked while files are added or removed.
const LOCK: &str = "clips.lock";

/// A clip to be added.
#[derive(Debug, Clone)]
pub struct NewClip<'a> {
    /// The original.
    pub path: &'a Path,
    /// The camera's id.
    pub camera: Option<String>,
    /// When it was recorded, as staff confirm who looked at its clock or the recorder; never the file's own date.
    pub recorded: (DateTime, DateTime),
}

impl Cases {
    pub(super) fn clips_folder(&self) -> Result<PathBuf, CaseError> {
        let folder = self.store.folder().join(CLIPS);
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|e| CaseError::io(&folder, e))?;
        Ok(folder)
    }

    /// Holds the lock of the folder as long as the file lives.
    pub(super) fn lock_files(&self) -> Result<File, CaseError> {
        let path = self.store.folder().join(LOCK);
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(|e| CaseError::io(&path, e))?;
        flock(&file, FlockOperation::LockExclusive).map_err(|e| CaseError::io(&path, e))?;
        Ok(file)
    }

    /// Copies a clip into the case, encrypted under a key of its own; gives its number. The original stays where it is,
    /// which is written down, to be asked about at closing.
    ///
    /// # Errors
    /// Refused with the article; the clip cannot be read or changes meanwhile; or it could not be written down.
    pub fn add_clip(
        &mut self,
        number: &CaseNumber,
        new: &NewClip<'_>,
        interrupt: &Interrupt,
    ) -> Result<u32, CaseError> {
        let case = self.store.case(number)?;
        let (from, to) = new.recorded;
        let in_window = from < to && from < case.window_to && to > case.window_from;
        let act = CaseAct::AddClip { recorded: from.date(), in_window };
        let standing = self.allowed(Some(&case), &act)?;
        if to.date() > self.today {
            // Retention is counted from it.
            return Err(
                self.house_rule("the clip cannot have been recorded in the future", "look at the dates")
            );
        }
        let fault = |source| CaseError::Unreadable { path: new.path.to_owned(), source };
        let source = File::open(new.path).map_err(fault)?;
        let before = source.metadata().map_err(fault)?;
        if !before.is_file() {
            return Err(fault(std::io::Error::other("it is not a file")));
        }
        let sha256 = sha256_of_file(&source, interrupt).map_err(fault)?;
        let here = std::path::absolute(new.path).map_err(fault)?;
        let original = self.case_key(&case)?.seal(here.as_os_str().as_encoded_bytes())?;
        let folder = self.clips_folder()?;
        let lock = self.lock_files()?;
        let number_of_clip = u32::try_from(self.store.clips(&case)?.len() + 1).unwrap_or(u32::MAX);
        let step =
            self.recorder.note(number, StepKind::AddClip, standing, Some((number_of_clip, &sha256)))?;
        let key = ItemKey::generate();
        let wrapped = key.wrapped(self.site_key()?)?;
        let (file, copied) = seal_file(&folder, &key, &mut BufReader::new(&source))?;
        let after = source.metadata().map_err(fault)?;
        let stamp = |m: &std::fs::Metadata| (m.len(), m.mtime(), m.mtime_nsec());
        if copied != sha256 || stamp(&before) != stamp(&after) {
            let _ = std::fs::remove_file(folder.join(&file));
            return Err(CaseError::Changed(new.path.to_owned()));
        }
        let tx = self.store.change()?;
        // Whoever decided meanwhile froze the window.
        if find_case(&tx, number)?.state != case.state {
            drop(tx);
            let _ = std::fs::remove_file(folder.join(&file));
            return Err(CaseError::Changed(new.path.to_owned()));
        }
        tx.execute(
            "INSERT INTO clips(case_id, number, camera, recorded_from, recorded_to, sha256, bytes, file, key, original) \
             VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
            params![
                case.id,
                number_of_clip,
                new.camera,
                from.to_string(),
                to.to_string(),
                sha256,
                before.len().cast_signed(),
                file,
                wrapped,
                original
            ],
        )?;
        add_step(&tx, case.id, &step)?;
        tx.commit()?;
        drop(lock);
        Ok(number_of_clip)
    }

    /// A clip, decrypted in memory, to be looked at. Looking is an act: it is in the log before.
    ///
    /// # Errors
    /// Refused with the article; the clip was erased or spoilt; it does not fit into memory.
    pub fn look(&mut self, number: &CaseNumber, clip: u32) -> Result<InMemory, CaseError> {
        let case = self.store.case(number)?;
        let standing = self.allowed(Some(&case), &CaseAct::Look)?;
        let clip = self.store.clip(&case, clip)?;
        let key = self.clip_key(&case, &clip)?;
        let step = self.recorder.note(number, StepKind::Look, standing, Some((clip.number, &clip.sha256)))?;
        let tx = self.store.change()?;
        add_step(&tx, case.id, &step)?;
        tx.commit()?;
        self.decrypted(&key, &clip.file, clip.bytes, &clip.sha256)
    }

    pub(super) fn clip_key(&self, case: &CaseRow, clip: &ClipRow) -> Result<ItemKey, CaseError> {
        let gone = || CaseError::NoClip { case: case.number.to_string(), clip: clip.number };
        Ok(ItemKey::unwrap(self.site_key()?, clip.key.as_ref().ok_or_else(gone)?)?)
    }

    pub(super) fn decrypted(
        &self,
        key: &ItemKey,
        file: &str,
        bytes: u64,
        sha256: &str,
    ) -> Result<InMemory, CaseError> {
        let path = self.clips_folder()?.join(file);
        let sealed = File::open(&path).map_err(|e| CaseError::io(&path, e))?;
        let held = InMemory::filled(bytes, |mut to| Ok(key.open_stream(BufReader::new(sealed), &mut to)?))?;
        if held.sha256() != sha256 { Err(CaseError::Key(KeyError::NotOurs)) } else { Ok(held) }
    }

    /// Keeps something that was made of a clip (an analysis, boxes, a report, a rendering), encrypted with the clip's key,
    /// in the place of what had the name before. Gives its SHA-256.
    ///
    /// # Errors
    /// Refused, or it cannot be written.
    pub fn keep(
        &mut self,
        number: &CaseNumber,
        clip: u32,
        name: &str,
        from: &mut impl Read,
    ) -> Result<String, CaseError> {
        let case = self.store.case(number)?;
        self.allowed(Some(&case), &CaseAct::Look)?;
        let clip = self.store.clip(&case, clip)?;
        let key = self.clip_key(&case, &clip)?;
        let folder = self.clips_folder()?;
        let lock = self.lock_files()?;
        let old = self.store.papers(&clip)?.into_iter().find(|paper| paper.name == name);
        let (file, sha256) = seal_file(&folder, &key, from)?;
        let tx = self.store.change()?;
        tx.execute(
            "INSERT OR REPLACE INTO papers(clip_id, name, sha256, file) VALUES(?1,?2,?3,?4)",
            params![clip.id, name, sha256, file],
        )?;
        tx.commit()?;
        if let Some(old) = old {
            // What cannot be removed now belongs to nobody, and goes with the next `retention run`.
            let _ = std::fs::remove_file(folder.join(old.file));
        }
        drop(lock);
        Ok(sha256)
    }

    /// What was kept of a clip under a name, decrypted in memory.
    ///
    /// # Errors
    /// Refused; there is nothing of this name; it was spoilt.
    pub fn fetch(&self, number: &CaseNumber, clip: u32, name: &str) -> Result<InMemory, CaseError> {
        let case = self.store.case(number)?;
        self.allowed(Some(&case), &CaseAct::Look)?;
        let clip = self.store.clip(&case, clip)?;
        let none = || CaseError::NoPaper { case: number.to_string(), name: name.to_owned() };
        let paper =
            self.store.papers(&clip)?.into_iter().find(|paper| paper.name == name).ok_or_else(none)?;
        let path = self.clips_folder()?.join(&paper.file);
        let bytes = path.metadata().map_err(|e| CaseError::io(&path, e))?.len();
        self.decrypted(&self.clip_key(&case, &clip)?, &paper.file, bytes, &paper.sha256)
    }
}

/// Encrypts a stream into a new file of the folder; gives the file's name, drawn by lot, and the stream's SHA-256.
pub(super) fn seal_file(
    folder: &Path,
    key: &ItemKey,
    from: &mut impl Read,
) -> Result<(String, String), CaseError> {
    let mut lot = [0; 16];
    getrandom::fill(&mut lot).map_err(|e| CaseError::io(folder, std::io::Error::other(e)))?;
    let name = format!("{}.age", hex(&lot));
    let path = folder.join(&name);
    let fault = |e| CaseError::io(&path, e);
    let partial = PartialFile::create(&path, Overwrite::Refuse).map_err(fault)?;
    let mut hashing = Hashing { from, sha256: Sha256::new() };
    key.seal_stream(&mut hashing, &mut BufWriter::new(partial.file()))?;
    let sha256 = hex(&hashing.sha256.finalize());
    partial.commit().map_err(fault)?;
    Ok((name, sha256))
}

/// Reads, and hashes what it reads.
struct Hashing<'r, R> {
    from: &'r mut R,
    sha256: Sha256,
}

impl<R: Read> Read for Hashing<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.from.read(into)?;
        self.sha256.update(&into[..read]);
        Ok(read)
    }
}
