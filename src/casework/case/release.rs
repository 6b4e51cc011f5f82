//! What leaves a case: rendered, watched to its end, approved, and only then shown or handed over.
//!
//! Each of the four is an act of its own by the table, with an entry of the audit log for every file, written before.
//! The rendered file is kept encrypted with its clip; here it is known by its hash, so that what was watched is what
//! leaves. Whatever is rendered anew has to be watched and approved anew. This room opens and keeps files; it renders
//! nothing, packs nothing and shows nothing.

use super::clips::seal_file;
use super::desk::Cases;
use super::error::CaseError;
use super::keys::KeyError;
use super::memory::InMemory;
use super::store::{CaseRow, PaperRow, ReleaseRow, add_step, find_releases};
use super::table::HOUSE;
use super::words::{Actor, CaseAct, Refusal, ReleaseState};
use crate::casework::audit::{AuditLog, CaseNumber, StepKind};
use crate::config::{Form, RecipientKind};
use rusqlite::{Transaction, params};
use std::io::Read;

/// How something is given, and to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Giving {
    /// How.
    pub form: Form,
    /// To whom.
    pub recipient: RecipientKind,
}

/// How a release is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandOver<'a> {
    /// What the protocol has them sign is signed.
    pub signed: bool,
    /// The account of the second member of staff who is there.
    pub second: Option<&'a str>,
    /// It goes onto a storage medium.
    pub on_medium: bool,
}

impl Cases {
    /// What the names of everything rendered for release begin with.
    pub const RENDERED: &'static str = "release.";
    /// The name under which the finished file of a clip is kept.
    pub const FINISHED: &'static str = "release.mp4";
    /// The name of its report.
    pub const REPORT: &'static str = "release.report.json";
    /// The name of what the second look came to.
    pub const SECOND_LOOK: &'static str = "release.recheck.json";

    /// The log that this desk writes to, for its head and its key.
    #[must_use]
    pub fn log(&self) -> &AuditLog {
        &self.recorder.log
    }

    /// Who is at the desk.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.recorder.actor
    }

    /// Begins a release of a clip: the entry is in the log, whatever was rendered of it before counts no longer, and the
    /// clip is decrypted in memory.
    ///
    /// # Errors
    /// Refused with the article; the clip was erased or spoilt, or does not fit into memory.
    pub fn draft(&mut self, number: &CaseNumber, clip: u32, giving: Giving) -> Result<InMemory, CaseError> {
        let case = self.store.case(number)?;
        let act = CaseAct::Draft { form: giving.form, recipient: giving.recipient };
        let standing = self.allowed(Some(&case), &act)?;
        let clip = self.store.clip(&case, clip)?;
        let key = self.clip_key(&case, &clip)?;
        let step =
            self.recorder.note(number, StepKind::Draft, standing, Some((clip.number, &clip.sha256)))?;
        let tx = self.store.change()?;
        tx.execute(
            "DELETE FROM releases WHERE clip_id = ?1 OR (clip_id IN (SELECT id FROM clips WHERE case_id = ?2) \
             AND (form <> ?3 OR recipient <> ?4))",
            params![clip.id, case.id, giving.form.to_string(), giving.recipient.to_string()],
        )?;
        settle(&tx, case.id)?;
        add_step(&tx, case.id, &step)?;
        tx.commit()?;
        self.decrypted(&key, &clip.file, clip.bytes, &clip.sha256)
    }

    /// The finished file of a clip stands: it may be watched. `sha256` is that of the file, which is kept as
    /// [`Self::FINISHED`]; of an original it is that of the clip. `options` stands for all that it was rendered with.
    ///
    /// # Errors
    /// Refused; or what is kept is another file.
    pub fn drafted(
        &mut self,
        number: &CaseNumber,
        clip: u32,
        giving: Giving,
        sha256: &str,
        options: &str,
    ) -> Result<(), CaseError> {
        let case = self.store.case(number)?;
        self.allowed(Some(&case), &CaseAct::Draft { form: giving.form, recipient: giving.recipient })?;
        let clip = self.store.clip(&case, clip)?;
        let kept = match giving.form {
            Form::Original => clip.sha256.clone(),
            Form::View | Form::Copy => self.paper(&case, clip.number, Self::FINISHED)?.sha256,
        };
        if kept != sha256 {
            return Err(CaseError::Key(KeyError::NotOurs));
        }
        let tx = self.store.change()?;
        tx.execute(
            "INSERT OR REPLACE INTO releases(clip_id, form, recipient, sha256, options, watched) \
             VALUES(?1,?2,?3,?4,?5,0)",
            params![clip.id, giving.form.to_string(), giving.recipient.to_string(), sha256, options],
        )?;
        settle(&tx, case.id)?;
        tx.commit()?;
        Ok(())
    }

    fn paper(&self, case: &CaseRow, clip: u32, name: &str) -> Result<PaperRow, CaseError> {
        let papers = self.store.papers(&self.store.clip(case, clip)?)?;
        let none = || CaseError::NoPaper { case: case.number.to_string(), name: name.to_owned() };
        papers.into_iter().find(|paper| paper.name == name).ok_or_else(none)
    }

    /// The finished file of a clip that is in hand for release, decrypted in memory.
    ///
    /// # Errors
    /// Refused; it was spoilt or is another file than the one that was rendered.
    pub fn finished(&self, number: &CaseNumber, row: &ReleaseRow) -> Result<InMemory, CaseError> {
        let held = if row.form == Form::Original {
            let case = self.store.case(number)?;
            self.allowed(Some(&case), &CaseAct::Look)?;
            let clip = self.store.clip(&case, row.clip)?;
            self.decrypted(&self.clip_key(&case, &clip)?, &clip.file, clip.bytes, &clip.sha256)?
        } else {
            self.fetch(number, row.clip, Self::FINISHED)?
        };
        if held.sha256() == row.sha256 { Ok(held) } else { Err(CaseError::Key(KeyError::NotOurs)) }
    }

    /// A member of staff watched this very file to its end.
    ///
    /// # Errors
    /// Refused; or another file stands in its place meanwhile.
    pub fn watched(&mut self, number: &CaseNumber, row: &ReleaseRow) -> Result<(), CaseError> {
        let case = self.store.case(number)?;
        let standing = self.allowed(Some(&case), &CaseAct::Watch)?;
        let clip = self.store.clip(&case, row.clip)?;
        let step = self.recorder.note(number, StepKind::Watch, standing, Some((clip.number, &row.sha256)))?;
        let tx = self.store.change()?;
        let changed = tx.execute(
            "UPDATE releases SET watched = 1 WHERE clip_id = ?1 AND sha256 = ?2",
            params![clip.id, row.sha256],
        )?;
        if changed == 0 {
            return Err(CaseError::NoPaper { case: number.to_string(), name: Self::FINISHED.to_owned() });
        }
        settle(&tx, case.id)?;
        add_step(&tx, case.id, &step)?;
        tx.commit()?;
        Ok(())
    }

    /// What was watched is approved. Gives the files.
    ///
    /// # Errors
    /// Refused with the article.
    pub fn approve(&mut self, number: &CaseNumber) -> Result<Vec<ReleaseRow>, CaseError> {
        self.pass(number, &CaseAct::Approve, StepKind::Approve, Some(ReleaseState::Approved))
    }

    /// It is shown or handed over now: the entries are in the log when this returns. Gives the files.
    ///
    /// # Errors
    /// Refused with the article.
    pub fn hand_over(
        &mut self,
        number: &CaseNumber,
        how: HandOver<'_>,
    ) -> Result<Vec<ReleaseRow>, CaseError> {
        self.with_hand_over(number, how, |cases, act| cases.pass(number, act, StepKind::HandOver, None))
    }

    /// Whether it may be shown or handed over so; nothing is written down.
    ///
    /// # Errors
    /// Refused with the article.
    pub fn may_hand_over(&mut self, number: &CaseNumber, how: HandOver<'_>) -> Result<(), CaseError> {
        self.with_hand_over(number, how, |cases, act| {
            let case = cases.store.case(number)?;
            cases.allowed(Some(&case), act).map(drop)
        })
    }

    fn with_hand_over<T>(
        &mut self,
        number: &CaseNumber,
        how: HandOver<'_>,
        then: impl FnOnce(&mut Self, &CaseAct<'_>) -> Result<T, CaseError>,
    ) -> Result<T, CaseError> {
        let case = self.store.case(number)?;
        let giving = self.giving(&case)?;
        let second = how.second.map(|account| self.colleague(account)).transpose()?;
        let act = CaseAct::HandOver {
            form: giving.form,
            recipient: giving.recipient,
            signed: how.signed,
            second: second.as_ref(),
            on_medium: how.on_medium,
        };
        then(self, &act)
    }

    /// How what is in hand is to be given; where nothing is, the table refuses what is to be done with it.
    fn giving(&self, case: &CaseRow) -> Result<Giving, CaseError> {
        let rows = self.store.releases(case)?;
        let row = rows.first();
        row.map(|row| Giving { form: row.form, recipient: row.recipient }).ok_or_else(|| {
            self.house_rule(
                "nothing of the case is rendered",
                "begin with `melkglas case release view` or `copy`",
            )
        })
    }

    pub(super) fn house_rule(&self, sentence: &str, cure: &str) -> CaseError {
        CaseError::Refused(Refusal::new(&self.office.policy, HOUSE, sentence, cure))
    }

    /// A colleague who is there as well.
    ///
    /// # Errors
    /// The site file has nobody with this account.
    pub fn colleague(&self, account: &str) -> Result<Actor, CaseError> {
        Ok(Actor::of(&self.office, account, self.today)?)
    }

    /// An act on all that is in hand for release, with an entry for each file.
    fn pass(
        &mut self,
        number: &CaseNumber,
        act: &CaseAct<'_>,
        kind: StepKind,
        to: Option<ReleaseState>,
    ) -> Result<Vec<ReleaseRow>, CaseError> {
        let case = self.store.case(number)?;
        let standing = self.allowed(Some(&case), act)?;
        let Self { store, recorder, .. } = self;
        let tx = store.change()?;
        let rows = find_releases(&tx, case.id)?;
        // A rendering that began meanwhile took the state back.
        if super::store::find_case(&tx, number)?.release != case.release {
            drop(tx);
            return Err(self.house_rule("something is being rendered anew", "watch and approve that first"));
        }
        for row in &rows {
            let step = recorder.note(number, kind, standing, Some((row.clip, &row.sha256)))?;
            add_step(&tx, case.id, &step)?;
        }
        if let Some(to) = to {
            tx.execute("UPDATE cases SET release = ?2 WHERE id = ?1", params![case.id, to.to_string()])?;
        }
        tx.commit()?;
        Ok(rows)
    }

    /// Keeps something that was made of a case as a whole, encrypted with its key, until it is closed.
    ///
    /// # Errors
    /// Refused, or it cannot be written.
    pub fn keep_of_case(
        &mut self,
        number: &CaseNumber,
        name: &str,
        from: &mut impl Read,
    ) -> Result<(), CaseError> {
        let case = self.store.case(number)?;
        self.allowed(Some(&case), &CaseAct::Look)?;
        let key = self.case_key(&case)?;
        let folder = self.clips_folder()?;
        let lock = self.lock_files()?;
        let old: Vec<String> =
            self.store.case_papers(&case)?.into_iter().filter(|p| p.name == name).map(|p| p.file).collect();
        let (file, sha256) = seal_file(&folder, &key, from)?;
        let tx = self.store.change()?;
        tx.execute(
            "INSERT OR REPLACE INTO case_papers(case_id, name, sha256, file) VALUES(?1,?2,?3,?4)",
            params![case.id, name, sha256, file],
        )?;
        tx.commit()?;
        drop(lock);
        self.remove_files(&old)
    }

    /// All that was made of a case as a whole, decrypted in memory, with its names.
    ///
    /// # Errors
    /// Refused, or something was spoilt.
    pub fn fetch_of_case(&self, number: &CaseNumber) -> Result<Vec<(String, InMemory)>, CaseError> {
        let case = self.store.case(number)?;
        self.allowed(Some(&case), &CaseAct::Look)?;
        let key = self.case_key(&case)?;
        let mut made = Vec::new();
        for paper in self.store.case_papers(&case)? {
            let path = self.clips_folder()?.join(&paper.file);
            let bytes = path.metadata().map_err(|e| CaseError::io(&path, e))?.len();
            made.push((paper.name, self.decrypted(&key, &paper.file, bytes, &paper.sha256)?));
        }
        Ok(made)
    }

    /// The files of all that was rendered for release.
    pub(super) fn rendered(&self, case: &CaseRow) -> Result<Vec<String>, CaseError> {
        let mut files: Vec<String> =
            self.store.case_papers(case)?.into_iter().map(|paper| paper.file).collect();
        for clip in self.store.clips(case)? {
            let papers = self.store.papers(&clip)?.into_iter();
            files.extend(
                papers.filter(|paper| paper.name.starts_with(Self::RENDERED)).map(|paper| paper.file),
            );
        }
        Ok(files)
    }

    /// Removes files that nothing names any more. What cannot be removed now goes with the next `retention run`.
    pub(super) fn remove_files(&self, files: &[String]) -> Result<(), CaseError> {
        let folder = self.clips_folder()?;
        let lock = self.lock_files()?;
        for file in files {
            let _ = std::fs::remove_file(folder.join(file));
        }
        drop(lock);
        Ok(())
    }
}

/// The state of a release, of the files in hand: watched where all are, and never approved by itself.
fn settle(tx: &Transaction<'_>, case_id: i64) -> Result<(), CaseError> {
    let rows = find_releases(tx, case_id)?;
    let state = match rows.iter().all(|row| row.watched) {
        _ if rows.is_empty() => None,
        true => Some(ReleaseState::Watched),
        false => Some(ReleaseState::Draft),
    };
    let state = state.map(|state| state.to_string());
    tx.execute("UPDATE cases SET release = ?2 WHERE id = ?1", params![case_id, state])?;
    Ok(())
}

/// Forgets all that was rendered of a case, within a change.
pub(super) fn forget_renderings(tx: &Transaction<'_>, case_id: i64) -> Result<(), CaseError> {
    const CLIPS: &str = "clip_id IN (SELECT id FROM clips WHERE case_id = ?1)";
    tx.execute(&format!("DELETE FROM releases WHERE {CLIPS}"), [case_id])?;
    tx.execute(
        &format!("DELETE FROM papers WHERE {CLIPS} AND substr(name, 1, length(?2)) = ?2"),
        params![case_id, Cases::RENDERED],
    )?;
    tx.execute("DELETE FROM case_papers WHERE case_id = ?1", [case_id])?;
    Ok(())
}
