//! Acts from the command line: who asks and why, opened in the log before the work and completed after it.

use super::audit::{LogPlace, failure};
use super::talk;
use crate::casework::audit::{
    Act, AuditLog, CameraRef, CaseNumber, Hash256, Outcome, Part, ReasonCode, ReasonText, Receipt, Recorded,
    StaffName,
};
use crate::config::Camera;
use crate::error::{Exit, Failure};
use crate::video::detect::OnnxFactory;
use clap::Args;
use std::path::Path;

/// Who acts, and why.
#[derive(Debug, Clone, Args)]
pub(super) struct ActArgs {
    /// Who looks: the name of a member of staff. It goes into the audit log.
    #[arg(long, value_name = "NAME")]
    by: Option<StaffName>,
    /// Why, in words. The audit log keeps a keyed hash of them.
    #[arg(long, value_name = "TEXT")]
    reason: Option<ReasonText>,
    /// Why, as the audit log has it.
    #[arg(long, value_name = "CODE", default_value_t)]
    reason_code: ReasonCode,
    #[command(flatten)]
    place: LogPlace,
}

/// An act that was asked for as it must be.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) by: StaffName,
    pub(super) reason: ReasonText,
    pub(super) code: ReasonCode,
    place: LogPlace,
}

impl ActArgs {
    /// Who and why, where both were said.
    pub(super) fn asked(&self) -> Result<Option<Asked>, Failure> {
        match (&self.by, &self.reason) {
            (Some(by), Some(reason)) => Ok(Some(Asked {
                by: by.clone(),
                reason: reason.clone(),
                code: self.reason_code,
                place: self.place.clone(),
            })),
            (None, None) => Ok(None),
            _ => Err(missing()),
        }
    }

    /// Within a case whoever is at the desk acts, and nobody else: the name and, where none is given, the reason are
    /// filled in for whatever `shows` people.
    pub(super) fn by_whom_is_here(
        &mut self,
        actor: &str,
        case: &CaseNumber,
        shows: bool,
    ) -> Result<(), Failure> {
        self.is_by(actor)?;
        if shows || self.by.is_some() || self.reason.is_some() {
            let text = |e| Failure::new(Exit::Settings, e);
            self.by = Some(actor.parse().map_err(text)?);
            if self.reason.is_none() {
                self.reason = Some(format!("case {case}").parse().map_err(text)?);
            }
        }
        Ok(())
    }

    /// Where the site file knows who is at the desk, another name is refused, and none is filled in.
    pub(super) fn by_the_account(&mut self, actor: &str) -> Result<(), Failure> {
        self.is_by(actor)?;
        self.by = Some(actor.parse().map_err(|e| Failure::new(Exit::Settings, e))?);
        Ok(())
    }

    fn is_by(&self, actor: &str) -> Result<(), Failure> {
        match self.by.as_ref().filter(|by| by.to_string() != actor) {
            Some(by) => Err(Failure::with_cure(
                Exit::Refused,
                format!("{actor} is at this desk, and not {by} (house rule)"),
                "leave --by out, or have them log in themselves",
            )),
            None => Ok(()),
        }
    }

    /// Where the log lies.
    pub(super) fn place(&self) -> LogPlace {
        self.place.clone()
    }

    /// Who and why.
    pub(super) fn required(&self) -> Result<Asked, Failure> {
        self.asked()?.ok_or_else(missing)
    }
}

fn missing() -> Failure {
    Failure::with_cure(
        Exit::Usage,
        "to look at people is an act, and it needs a name and a reason",
        "say who looks and why: --by NAME --reason TEXT; both stand in the audit log before anything is shown",
    )
}

impl Asked {
    /// The log that it is written to; `folders` hold the clip and what is made of it.
    pub(super) fn log(&self, folders: &[&Path]) -> Result<AuditLog, Failure> {
        self.place.open(folders)
    }
}

/// SHA-256 of each model's weights.
pub(super) fn models(detectors: &OnnxFactory) -> Result<Vec<Hash256>, Failure> {
    detectors.models().iter().map(|model| hash(&model.sha256)).collect()
}

/// The camera, as the log names it.
pub(super) fn camera(camera: Option<&Camera>) -> Result<Option<CameraRef>, Failure> {
    let named = |camera: &Camera| {
        let id = CameraRef::of(camera, hash(&camera.sha256)?);
        id.map_err(|e| Failure::new(Exit::Settings, e))
    };
    camera.map(named).transpose()
}

/// A SHA-256 that this program made.
pub(super) fn hash(text: &str) -> Result<Hash256, Failure> {
    text.parse().map_err(|e| Failure::new(Exit::Bug, e))
}

/// A moment as the log has it.
pub(super) fn milliseconds(at_ns: u64) -> u64 {
    at_ns / 1_000_000
}

/// What an act came to.
pub(super) struct Shown<T> {
    /// Who was shown, and when.
    pub(super) parts: Vec<Part>,
    /// SHA-256 of what was written.
    pub(super) output: Option<Hash256>,
    /// What was made, still without its final names.
    pub(super) made: T,
}

/// Does an act: its entry is on the disk before the work begins, and completed before anything gets its final name.
/// Where the entry cannot be completed, what was made is dropped.
pub(super) fn done<T>(
    log: &AuditLog,
    act: Act,
    reason: &ReasonText,
    work: impl FnOnce(&Receipt) -> Result<Shown<T>, Failure>,
) -> Result<(T, Recorded), Failure> {
    let open = log.begin(act, reason).map_err(failure)?;
    match work(open.receipt()) {
        Ok(Shown { parts, output, made }) => {
            let recorded = open.complete(Outcome::Done { shown: parts, output }).map_err(failure)?;
            Ok((made, recorded))
        }
        Err(fault) => {
            let stopped = matches!(fault.exit, Exit::Signal(_));
            let outcome = if stopped { Outcome::Stopped } else { Outcome::Failed };
            // The first fault is the one to tell; the act stays unfinished in the log, and that is true.
            if let Err(e) = open.complete(outcome) {
                talk::say(format_args!("the act stays unfinished in the audit log: {e}"));
            }
            Err(fault)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::casework::audit::{ActKind, Place, What, recordings};

    fn act() -> Act {
        Act {
            kind: ActKind::PersonsShown,
            by: "A. Jansen".parse().expect("a name"),
            reason: ReasonCode::Incident,
            source: Hash256::of(b"clip"),
            camera: None,
            models: vec![],
            analysis: None,
            mode: None,
            risk_accepted: false,
            subject: vec![Part { what: What::Everyone, from_ms: 0, to_ms: None, frames: None }],
        }
    }

    #[test]
    fn every_end_of_an_act_is_in_the_log() {
        let root = tempfile::tempdir().expect("a folder");
        let place = Place::find(Some(&root.path().join("state"))).expect("a place");
        let log = AuditLog::open(&place, &[]).expect("open");
        let reason: ReasonText = "to see".parse().expect("a reason");
        let run = |end: Result<(), Exit>| {
            done(&log, act(), &reason, |receipt| {
                assert_eq!(recordings(&place).expect("read").last().map(|r| r.entry), Some(receipt.entry()));
                end.map(|()| Shown { parts: act().subject, output: None, made: () })
                    .map_err(|exit| Failure::new(exit, "a fault"))
            })
        };
        run(Ok(())).expect("done");
        run(Err(Exit::Input)).expect_err("failed");
        run(Err(Exit::Signal(2))).expect_err("stopped");
        let ends: Vec<_> = recordings(&place)
            .expect("read")
            .into_iter()
            .map(|recording| recording.completed.map(|end| end.outcome))
            .collect();
        let shown = Outcome::Done { shown: act().subject, output: None };
        assert_eq!(ends, [Some(shown), Some(Outcome::Failed), Some(Outcome::Stopped)]);
    }

    #[test]
    fn a_name_and_a_reason_go_together() {
        let args = |by: Option<&str>, reason: Option<&str>| ActArgs {
            by: by.map(|by| by.parse().expect("a name")),
            reason: reason.map(|reason| reason.parse().expect("a reason")),
            reason_code: ReasonCode::default(),
            place: clap_place(),
        };
        assert!(args(None, None).asked().expect("nothing").is_none());
        assert_eq!(args(None, None).required().expect_err("nothing").exit, Exit::Usage);
        for (by, reason) in [(Some("A"), None), (None, Some("b"))] {
            assert_eq!(args(by, reason).asked().expect_err("half").exit, Exit::Usage);
        }
        assert_eq!(args(Some("A"), Some("b")).required().expect("both").by.to_string(), "A");
    }

    #[test]
    fn within_a_case_whoever_is_at_the_desk_acts() {
        let case: CaseNumber = "2026-0007".parse().expect("a number");
        let args = |by: Option<&str>| ActArgs {
            by: by.map(|by| by.parse().expect("a name")),
            reason: None,
            reason_code: ReasonCode::default(),
            place: clap_place(),
        };
        let said = |mut args: ActArgs, shows| {
            args.by_whom_is_here("B. Visser", &case, shows)?;
            Ok::<_, Failure>(
                args.asked()?.map(|asked| (asked.by.to_string(), asked.reason.as_str().to_owned())),
            )
        };
        let filled = Some(("B. Visser".to_owned(), "case 2026-0007".to_owned()));
        assert_eq!(said(args(None), true).expect("filled in"), filled);
        assert_eq!(said(args(Some("B. Visser")), false).expect("filled in"), filled);
        assert_eq!(said(args(None), false).expect("nothing is shown"), None);
        assert_eq!(said(args(Some("A. Jansen")), true).expect_err("not here").exit, Exit::Refused);
    }

    fn clap_place() -> LogPlace {
        #[derive(clap::Parser)]
        struct Only {
            #[command(flatten)]
            place: LogPlace,
        }
        <Only as clap::Parser>::parse_from(["x"]).place
    }
}
