//! A member of staff at their desk: every act on a case, in the one order that counts.
//!
//! First the table says whether it may be done, then it is written to the audit log, then the store is changed in one
//! transaction that names that entry. A crash in between leaves an entry without a step, which says what was begun.

use super::agree::{highest_number, hold_together};
use super::calendar::{end_of, working_days_left};
use super::error::CaseError;
use super::keys::{ItemKey, KeyError, SiteKey};
use super::next::Next;
use super::release::forget_renderings;
use super::store::{CaseRow, ClipRow, StepRow, Store, add_step, find_case, set_fact};
use super::table::{allowed, asked, rules};
use super::words::{Actor, CaseAct, CaseState, Motive, Refusal, Standing};
use crate::casework::audit::{Account, AuditLog, CaseNumber, CaseStep, StepKind, UtcTime};
use crate::config::{Ask, CaseKind, Office, Policy, RefusalGround, Subject};
use crate::lang::Lang;
use jiff::civil::{Date, DateTime};
use rusqlite::params;

/// A request as it comes in.
#[derive(Clone)]
pub struct NewCase {
    /// Its kind.
    pub kind: CaseKind,
    /// Whose footage it is about.
    pub subject: Subject,
    /// The day on which it came.
    pub received: Date,
    /// The footage that it is about, in the camera's own time. Opening secures it.
    pub window: (DateTime, DateTime),
    /// Cause and purpose; not where somebody exercises a right.
    pub motive: Option<(String, String)>,
    /// What the protocol has asked for, and nothing more.
    pub given: Vec<(Ask, String)>,
    /// The language of its papers.
    pub lang: Lang,
}

/// How an identity was established. No copy of a document is kept.
#[derive(Clone, Default)]
pub struct Identification {
    /// How: "passport seen".
    pub how: String,
    /// For somebody else: whose footage it is, and how their identity was established.
    pub whose: Option<String>,
    /// And by what authority: "parental authority, register seen".
    pub authority: Option<String>,
}

/// A decision.
#[derive(Clone)]
pub enum Verdict {
    /// The request is granted.
    Granted {
        /// What was weighed.
        weighing: Option<String>,
        /// The legal provision or the public task.
        legal_ground: Option<String>,
        /// A member of staff saw that the requester is in the footage.
        requester_seen: bool,
    },
    /// It is refused.
    Refused {
        /// On which ground.
        ground: RefusalGround,
        /// And why, in words.
        words: String,
    },
}

/// A case as staff see it in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The case.
    pub case: CaseRow,
    /// Working days until its term ends; negative when that is past, `None` once it is decided.
    pub days_left: Option<i64>,
}

/// All that is on record of a case.
pub struct Shown {
    /// As in a list.
    pub listed: Listed,
    /// What residents and others gave, and what was decided: names and words.
    pub facts: Vec<(String, String)>,
    /// Its clips.
    pub clips: Vec<ClipRow>,
    /// Where the original of each clip still lies, by the clip's number.
    pub originals: Vec<(u32, String)>,
    /// What was done.
    pub steps: Vec<StepRow>,
}

impl Shown {
    /// What is to be done next, and what to type for it.
    #[must_use]
    pub fn next(&self, policy: &Policy) -> Option<String> {
        let case = &self.listed.case;
        let rules = rules(policy, case.kind).ok()?;
        let clips = self.clips.iter().filter(|clip| clip.erased_at.is_none()).count();
        let last = |kind| self.steps.iter().rposition(|step| step.step == kind);
        let handed_over = last(StepKind::HandOver) > last(StepKind::Draft);
        Next::of(rules, &case.facts(clips), handed_over).command(rules, &case.number)
    }
}

/// Writes steps to the audit log.
#[derive(Debug)]
pub(super) struct Recorder {
    pub(super) log: AuditLog,
    pub(super) actor: Actor,
}

impl Recorder {
    /// Writes down that a step is about to be taken.
    pub(super) fn note(
        &self,
        case: &CaseNumber,
        step: StepKind,
        standing: Standing,
        about: Option<(u32, &str)>,
    ) -> Result<StepRow, CaseError> {
        let clip = about.map(|(clip, _)| clip);
        let entry = self.log.step(CaseStep {
            case: case.clone(),
            step,
            by: self.actor.name.parse()?,
            role: standing.role,
            deputy: standing.deputy,
            account: Account::of_this_process(),
            clip,
            sha256: about.map(|(_, sha256)| sha256.parse()).transpose()?,
        })?;
        Ok(StepRow {
            at: UtcTime::now().to_string(),
            step,
            clip,
            by: self.actor.name.clone(),
            role: standing.role.to_string(),
            deputy: standing.deputy,
            entry,
        })
    }
}

/// The cases of an office, before a member of staff on a certain day.
#[derive(Debug)]
pub struct Cases {
    pub(super) office: Office,
    pub(super) store: Store,
    pub(super) recorder: Recorder,
    pub(super) today: Date,
    key: Option<SiteKey>,
}

impl Cases {
    /// The cases of `office`, before `actor`, today. Without a key nothing that is sealed can be read or written; erasing
    /// needs none.
    ///
    /// # Errors
    /// The store cannot be used, or it and the log do not belong together.
    pub fn open_store(
        office: Office,
        log: AuditLog,
        actor: Actor,
        today: Date,
        key: Option<SiteKey>,
    ) -> Result<Self, CaseError> {
        let store = Store::open(&office.cases.folder)?;
        hold_together(&store, &log)?;
        Ok(Self { office, store, recorder: Recorder { log, actor }, today, key })
    }

    /// The store, to read.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The rules in force.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.office.policy
    }

    /// Whether this member of staff may do this now, and in which role.
    ///
    /// # Errors
    /// The refusal with its article, or the store cannot be read.
    pub fn allowed(&self, case: Option<&CaseRow>, act: &CaseAct<'_>) -> Result<Standing, CaseError> {
        let facts = match case {
            Some(case) => {
                let there = self.store.clips(case)?;
                Some(case.facts(there.iter().filter(|clip| clip.erased_at.is_none()).count()))
            }
            None => None,
        };
        Ok(allowed(&self.office.policy, facts.as_ref(), act, &self.recorder.actor)?)
    }

    pub(super) fn site_key(&self) -> Result<&SiteKey, CaseError> {
        // A caller that means to open something loads it first.
        self.key.as_ref().ok_or(CaseError::Key(KeyError::NotOurs))
    }

    pub(super) fn case_key(&self, case: &CaseRow) -> Result<ItemKey, CaseError> {
        let wrapped = case.key.as_ref().ok_or_else(|| CaseError::Forgotten(case.number.to_string()))?;
        Ok(ItemKey::unwrap(self.site_key()?, wrapped)?)
    }

    fn listed(&self, case: CaseRow) -> Listed {
        let open = case.state == CaseState::Open;
        let left = || working_days_left(self.today, case.deadline, self.office.calendar);
        Listed { days_left: open.then(left), case }
    }

    /// Every case.
    ///
    /// # Errors
    /// Refused, or the store cannot be read.
    pub fn list(&self) -> Result<Vec<Listed>, CaseError> {
        self.allowed(None, &CaseAct::See)?;
        Ok(self.store.cases()?.into_iter().map(|case| self.listed(case)).collect())
    }

    /// All that is on record of one.
    ///
    /// # Errors
    /// Refused, or there is none.
    pub fn show(&self, number: &CaseNumber) -> Result<Shown, CaseError> {
        self.allowed(None, &CaseAct::See)?;
        let case = self.store.case(number)?;
        let clips = self.store.clips(&case)?;
        let steps = self.store.steps(&case)?;
        if case.is_forgotten() {
            let (facts, originals) = (Vec::new(), Vec::new());
            return Ok(Shown { listed: self.listed(case), facts, clips, originals, steps });
        }
        let key = self.case_key(&case)?;
        let readable = |sealed: &[u8]| -> Result<String, CaseError> {
            Ok(String::from_utf8_lossy(&key.open(sealed)?).into_owned())
        };
        let sealed = self.store.sealed_facts(&case)?.into_iter();
        let facts =
            sealed.map(|(name, value)| Ok((name, readable(&value)?))).collect::<Result<_, CaseError>>()?;
        let originals = clips.iter().filter_map(|clip| Some((clip.number, clip.original.as_ref()?)));
        let originals = originals
            .map(|(number, sealed)| Ok((number, readable(sealed)?)))
            .collect::<Result<_, CaseError>>()?;
        Ok(Shown { listed: self.listed(case), facts, clips, originals, steps })
    }

    /// Opens a case, which secures its window, and gives its number.
    ///
    /// # Errors
    /// Refused with the article: the kind, the cause, the purpose, too little or too much asked of the requester.
    pub fn open(&mut self, new: &NewCase) -> Result<CaseNumber, CaseError> {
        let policy = &self.office.policy;
        let motive = new.motive.as_ref().map(|(cause, purpose)| Motive { cause, purpose });
        let act = CaseAct::Open { kind: new.kind, subject: new.subject, motive };
        let standing = self.allowed(None, &act)?;
        let given: Vec<Ask> = new.given.iter().map(|(ask, _)| *ask).collect();
        asked(policy, new.kind, &given)?;
        self.check_times(new)?;
        let term = rules(policy, new.kind)?.decide_within.value;
        let deadline = end_of(term, new.received, self.office.calendar);
        let key = ItemKey::generate();
        let wrapped = key.wrapped(self.site_key()?)?;
        let Self { store, recorder, today, .. } = self;
        let tx = store.change()?;
        let stored: i64 = tx.query_row("SELECT coalesce(max(id), 0) FROM cases", [], |row| row.get(0))?;
        // Never a number that the log has given out, also where the store lost the case.
        let id = stored.max(highest_number(&recorder.log)?) + 1;
        let number: CaseNumber = format!("{:04}-{id:04}", today.year()).parse()?;
        let step = recorder.note(&number, StepKind::Open, standing, None)?;
        tx.execute(
            "INSERT INTO cases(id, number, kind, state, subject, received, deadline, window_from, window_to, key, lang) \
             VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)",
            params![
                id,
                number.to_string(),
                new.kind.to_string(),
                CaseState::Open.to_string(),
                new.subject.to_string(),
                new.received.to_string(),
                deadline.to_string(),
                new.window.0.to_string(),
                new.window.1.to_string(),
                wrapped,
                new.lang.of("nl", "en")
            ],
        )?;
        let motive = new.motive.iter();
        let motive = motive
            .flat_map(|(cause, purpose)| [("cause".to_owned(), cause), ("purpose".to_owned(), purpose)]);
        for (name, value) in new.given.iter().map(|(ask, text)| (ask.to_string(), text)).chain(motive) {
            set_fact(&tx, id, &name, &key.seal(value.as_bytes())?)?;
        }
        add_step(&tx, id, &step)?;
        tx.commit()?;
        Ok(number)
    }

    fn check_times(&self, new: &NewCase) -> Result<(), Refusal> {
        let (from, to) = new.window;
        let wrong = |sentence: &str, cure: &str| {
            Err(Refusal {
                sentence: sentence.to_owned(),
                article: self.office.policy.cite(super::table::HOUSE),
                cure: cure.to_owned(),
            })
        };
        if from >= to {
            return wrong("the window ends before it begins", "write the earlier time first");
        }
        if to.date() > self.today || new.received > self.today {
            return wrong("this lies in the future", "look at the dates");
        }
        Ok(())
    }

    /// Changes a case by one step: the act is allowed, noted, and `change` done, or nothing is.
    pub(super) fn step(
        &mut self,
        number: &CaseNumber,
        act: &CaseAct<'_>,
        kind: StepKind,
        words: &[(&str, &str)],
        change: impl FnOnce(&rusqlite::Transaction<'_>, i64) -> Result<(), CaseError>,
    ) -> Result<(), CaseError> {
        let case = self.store.case(number)?;
        self.allowed(Some(&case), act)?;
        let key = self.case_key(&case)?;
        let sealed: Vec<_> = words
            .iter()
            .map(|(name, text)| Ok((*name, key.seal(text.as_bytes())?)))
            .collect::<Result<_, KeyError>>()?;
        let policy = self.office.policy.clone();
        let clips = self.store.clips(&case)?.iter().filter(|clip| clip.erased_at.is_none()).count();
        let Self { store, recorder, .. } = self;
        let tx = store.change()?;
        // Somebody else may have decided meanwhile.
        let case = find_case(&tx, number)?;
        let standing = allowed(&policy, Some(&case.facts(clips)), act, &recorder.actor)?;
        let step = recorder.note(number, kind, standing, None)?;
        for (name, value) in &sealed {
            set_fact(&tx, case.id, name, value)?;
        }
        change(&tx, case.id)?;
        add_step(&tx, case.id, &step)?;
        tx.commit()?;
        Ok(())
    }

    /// Records that an identity was established, by whom and how.
    ///
    /// # Errors
    /// Refused, or it could not be written down.
    pub fn identify(&mut self, number: &CaseNumber, by: &Identification) -> Result<(), CaseError> {
        let mut words = vec![("identity", by.how.as_str())];
        words.extend(by.whose.as_deref().map(|text| ("whose", text)));
        words.extend(by.authority.as_deref().map(|text| ("authority", text)));
        let authority = by.whose.is_some() && by.authority.is_some();
        self.step(number, &CaseAct::Identify, StepKind::Identify, &words, |tx, id| {
            tx.execute(
                "UPDATE cases SET identified = 1, authority = max(authority, ?2) WHERE id = ?1",
                params![id, authority],
            )?;
            Ok(())
        })
    }

    /// Decides. The window is frozen from then on.
    ///
    /// # Errors
    /// Refused with the article, or it could not be written down.
    pub fn decide(&mut self, number: &CaseNumber, verdict: &Verdict) -> Result<(), CaseError> {
        let (act, kind, state, words) = match verdict {
            Verdict::Granted { weighing, legal_ground, requester_seen } => {
                let named = self.store.sealed_facts(&self.store.case(number)?)?;
                let named = named.iter().any(|(name, _)| name == "ground");
                let act = CaseAct::Grant {
                    weighed: weighing.is_some(),
                    ground: named || legal_ground.is_some(),
                    requester_seen: *requester_seen,
                };
                let words = [("weighing", weighing), ("ground", legal_ground)];
                let words = words.iter().filter_map(|(name, text)| Some((*name, text.as_deref()?)));
                (act, StepKind::Grant, CaseState::Granted, words.collect::<Vec<_>>())
            }
            Verdict::Refused { ground, words } => {
                let act = CaseAct::Refuse { ground: *ground };
                (act, StepKind::Refuse, CaseState::Refused, vec![("refusal", words.as_str())])
            }
        };
        let ground = match verdict {
            Verdict::Refused { ground, .. } => Some(ground.to_string()),
            Verdict::Granted { .. } => None,
        };
        let mut words = words;
        words.extend(ground.as_deref().map(|ground| ("refusal-ground", ground)));
        self.step(number, &act, kind, &words, |tx, id| {
            tx.execute("UPDATE cases SET state = ?2 WHERE id = ?1", params![id, state.to_string()])?;
            Ok(())
        })
    }

    /// The clips whose originals staff were told of when they were added, with where they lie: asked again at closing.
    ///
    /// # Errors
    /// There is no such case, or it cannot be read.
    pub fn originals(&self, number: &CaseNumber) -> Result<Vec<(u32, String)>, CaseError> {
        Ok(self.show(number)?.originals)
    }

    /// Closes a case; its footage is held no longer, what was rendered for release is erased, and where erasure was
    /// granted so is all of its footage. Call it when staff have said that the originals are dealt with. What is not
    /// decided closes only where it was `withdrawn`.
    ///
    /// # Errors
    /// Refused, or it could not be written down.
    pub fn close(&mut self, number: &CaseNumber, withdrawn: bool) -> Result<(), CaseError> {
        let made = self.rendered(&self.store.case(number)?)?;
        let words: &[(&str, &str)] = if withdrawn { &[("withdrawn", "yes")] } else { &[] };
        let today = self.today.to_string();
        self.step(number, &CaseAct::Close { withdrawn }, StepKind::Close, words, |tx, id| {
            tx.execute(
                "UPDATE cases SET state = ?2, release = NULL, closed = ?3 WHERE id = ?1",
                params![id, CaseState::Closed.to_string(), today],
            )?;
            tx.execute("UPDATE clips SET original = NULL WHERE case_id = ?1", [id])?;
            forget_renderings(tx, id)
        })?;
        self.remove_files(&made)?;
        self.erase_granted(number)
    }
}
