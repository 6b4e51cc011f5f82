//! Retention: footage that is due is erased, counted from when it was recorded; what an open case holds is not. Later, when
//! its footage is gone, so is what was put on record of a closed case.
//!
//! To erase a clip is to destroy its key in the store, which no backup of the files can undo, and then its files. To erase
//! a case is to destroy its key and the words under it; its number, its steps and the entries of the audit log stay, and
//! name no resident. Safe to kill at any moment: the entry in the log comes first, and the key goes in one transaction. A
//! file that the store does not know is never erased: the store may be the one that is wrong. It is moved aside.

use super::desk::Cases;
use super::error::CaseError;
use super::store::{CaseRow, ClipRow, add_step};
use super::words::{CaseAct, CaseState, Standing};
use crate::casework::audit::{CaseNumber, StepKind};
use crate::config::{CaseKind, Policy};
use crate::interrupt::Interrupt;
use crate::video::sink::sweep;
use jiff::ToSpan;
use jiff::civil::Date;
use rusqlite::params;
use std::collections::BTreeSet;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The folder of files that the store does not know, beside that of the clips.
const STRAYS: &str = "strays";

/// A clip that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Its case.
    pub case: CaseNumber,
    /// Its number in it.
    pub clip: u32,
    /// Since which day.
    pub since: Date,
}

/// A closed case, what was put on record of which is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlived {
    /// The case.
    pub case: CaseNumber,
    /// Since which day.
    pub since: Date,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Erased {
    /// The clips that were erased, or would be.
    pub clips: Vec<Due>,
    /// The cases whose records were erased, or would be.
    pub cases: Vec<Outlived>,
    /// Clips that are past their term and held by an open case.
    pub held: Vec<Due>,
    /// Files that the store does not know, which were moved aside, or would be.
    pub strays: Vec<String>,
}

/// The day from which on a clip recorded on this day is due.
#[must_use]
pub fn due_since(policy: &Policy, recorded: Date) -> Date {
    recorded.saturating_add(i64::from(policy.retention.days.value).days())
}

/// The day from which on what was put on record of a case that was closed on this day is due.
#[must_use]
pub fn records_until(policy: &Policy, closed: Date) -> Date {
    closed.saturating_add(i64::from(policy.retention.records_days.value).days())
}

/// Whether a case in this state holds its footage back.
#[must_use]
pub fn holds(policy: &Policy, state: CaseState) -> bool {
    policy.retention.hold_while_open.value && state != CaseState::Closed
}

impl Cases {
    /// Erases what is due, or with `dry_run` says what would be.
    ///
    /// # Errors
    /// Refused, or an entry or a key could not be written: what was erased until then stays erased.
    pub fn retain(&mut self, dry_run: bool, interrupt: &Interrupt) -> Result<Erased, CaseError> {
        let standing = self.allowed(None, &CaseAct::Retain)?;
        let policy = self.office.policy.clone();
        let mut done = Erased::default();
        for case in self.store.cases()? {
            let at_once = self.is_to_be_erased(&case)?;
            let mut left = 0;
            for clip in self.store.clips(&case)?.into_iter().filter(|clip| clip.erased_at.is_none()) {
                let due = due_since(&policy, clip.recorded_from.date());
                let since = if at_once { due.min(self.today) } else { due };
                if self.today < since || interrupt.is_raised() {
                    left += 1;
                    continue;
                }
                let due = Due { case: case.number.clone(), clip: clip.number, since };
                if holds(&policy, case.state) {
                    left += 1;
                    done.held.push(due);
                    continue;
                }
                if !dry_run {
                    self.erase(&case, &clip, standing)?;
                }
                done.clips.push(due);
            }
            let outlived = case.closed.filter(|_| left == 0 && !case.is_forgotten());
            let since = outlived.map(|closed| records_until(&policy, closed));
            if let Some(since) = since.filter(|since| *since <= self.today && !interrupt.is_raised()) {
                if !dry_run {
                    self.forget(&case, standing)?;
                }
                done.cases.push(Outlived { case: case.number, since });
            }
        }
        done.strays = self.set_strays_aside(dry_run)?;
        Ok(done)
    }

    /// Whether erasure was granted in a case that is closed since: then nothing is waited for.
    fn is_to_be_erased(&self, case: &CaseRow) -> Result<bool, CaseError> {
        if case.kind != CaseKind::Erasure || case.state != CaseState::Closed {
            return Ok(false);
        }
        Ok(self.store.steps(case)?.iter().any(|step| step.step == StepKind::Grant))
    }

    /// Erases the footage of a case that was closed after erasure was granted; of any other case nothing.
    pub(super) fn erase_granted(&mut self, number: &CaseNumber) -> Result<(), CaseError> {
        let case = self.store.case(number)?;
        if !self.is_to_be_erased(&case)? {
            return Ok(());
        }
        let closed = self.store.steps(&case)?.into_iter().rfind(|step| step.step == StepKind::Close);
        let role = closed.and_then(|step| step.role.parse().ok().map(|role| (role, step.deputy)));
        let (role, deputy) = role.ok_or_else(|| CaseError::Strange("no step that closed the case".into()))?;
        for clip in self.store.clips(&case)?.into_iter().filter(|clip| clip.erased_at.is_none()) {
            self.erase(&case, &clip, Standing { role, deputy })?;
        }
        Ok(())
    }

    /// Destroys a clip's key and all that was encrypted with it.
    fn erase(&mut self, case: &CaseRow, clip: &ClipRow, standing: Standing) -> Result<(), CaseError> {
        let lock = self.lock_files()?;
        let mut files = vec![clip.file.clone()];
        files.extend(self.store.papers(clip)?.into_iter().map(|paper| paper.file));
        let step =
            self.recorder.note(&case.number, StepKind::Erase, standing, Some((clip.number, &clip.sha256)))?;
        let tx = self.store.change()?;
        tx.execute(
            "UPDATE clips SET key = NULL, original = NULL, erased_at = ?2 WHERE id = ?1",
            params![clip.id, self.today.to_string()],
        )?;
        tx.execute("DELETE FROM papers WHERE clip_id = ?1", [clip.id])?;
        tx.execute("DELETE FROM releases WHERE clip_id = ?1", [clip.id])?;
        add_step(&tx, case.id, &step)?;
        tx.commit()?;
        let folder = self.clips_folder()?;
        for file in files {
            // Without their key they are noise; what cannot be removed now goes at the next run.
            let _ = std::fs::remove_file(folder.join(file));
        }
        drop(lock);
        Ok(())
    }

    /// Destroys a case's key, and what was under it: what residents and others gave, and what was decided, in words.
    fn forget(&mut self, case: &CaseRow, standing: Standing) -> Result<(), CaseError> {
        let lock = self.lock_files()?;
        let files: Vec<String> = self.store.case_papers(case)?.into_iter().map(|paper| paper.file).collect();
        let step = self.recorder.note(&case.number, StepKind::Erase, standing, None)?;
        let tx = self.store.change()?;
        tx.execute("UPDATE cases SET key = NULL WHERE id = ?1", [case.id])?;
        tx.execute("DELETE FROM facts WHERE case_id = ?1", [case.id])?;
        tx.execute("DELETE FROM case_papers WHERE case_id = ?1", [case.id])?;
        add_step(&tx, case.id, &step)?;
        tx.commit()?;
        drop(lock);
        self.remove_files(&files)
    }

    /// The folder beside that of the clips into which files go that the store does not know.
    #[must_use]
    pub fn strays_folder(&self) -> PathBuf {
        self.store.folder().join(STRAYS)
    }

    /// Moves encrypted files that the store does not know out of the folder of clips, and gives their names. Most are what
    /// is left of a run that was killed, noise without a key; but where the store is an older copy they are evidence.
    fn set_strays_aside(&self, dry_run: bool) -> Result<Vec<String>, CaseError> {
        let folder = self.clips_folder()?;
        let lock = self.lock_files()?;
        let known: BTreeSet<String> = self.store.files()?.into_iter().collect();
        if !dry_run {
            // Hidden pieces of files that were being written; whoever still writes one holds a lock on it.
            sweep(&folder);
        }
        let fault = |e| CaseError::io(&folder, e);
        let mut strays = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(fault)? {
            let name = entry.map_err(fault)?.file_name().to_string_lossy().into_owned();
            if name.ends_with(".age") && !known.contains(&name) {
                strays.push(name);
            }
        }
        strays.sort_unstable();
        if !dry_run && !strays.is_empty() {
            let aside = self.strays_folder();
            let fault = |e: std::io::Error| CaseError::io(&aside, e);
            DirBuilder::new().recursive(true).mode(0o700).create(&aside).map_err(fault)?;
            for name in &strays {
                // Names are drawn by lot; one that is there already is left where it is.
                rename_noreplace(&folder.join(name), &aside.join(name)).map_err(fault)?;
            }
        }
        drop(lock);
        Ok(strays)
    }
}

fn rename_noreplace(from: &Path, to: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
}
