//! Setting up a camera under a policy: footage is read for its camera file, not for a case.
//!
//! A camera is set up before anything happens before it, so there is no case that it could be for; and what comes of it
//! shows nobody: stills with everybody hidden, and a scene that nobody is in. So it takes a member of staff who may look at
//! footage or decides on cameras, an entry of the audit log before the clip is read, and words on every still.

use super::audit::{self, LogPlace};
use super::desk::{actor, case_failure};
use super::{acts, talk};
use crate::casework::audit::{
    Act, ActKind, OpenEntry, Outcome, Part, ReasonCode, ReasonText, StaffName, What,
};
use crate::casework::case::{CaseAct, allowed};
use crate::config::{BurnIn, MarkPlace, Site};
use crate::digest::sha256_of_file;
use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use std::fs::File;
use std::path::Path;

/// What stands along the edges of pictures that are seen while a camera is set up.
pub(super) const NOT_RELEASED: &str = "NOT RELEASED";

/// Reads clips for the sake of a camera file, as `work` does; under a policy by whom it allows, and on record.
pub(super) fn set_up<T>(
    mut site: Site,
    clips: &[&Path],
    interrupt: &Interrupt,
    work: impl FnOnce(&Site) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let Some(office) = site.office.clone() else { return work(&site) };
    let actor = actor(&office)?;
    let standing = allowed(&office.policy, None, &CaseAct::SetUpCamera, &actor);
    standing.map_err(|refusal| case_failure(refusal.into()))?;
    let log = LogPlace::default().open(&[])?;
    let by: StaffName = actor.name.parse().map_err(|e| Failure::new(Exit::Settings, e))?;
    let reason: ReasonText = "a camera is set up".parse().map_err(|e| Failure::new(Exit::Bug, e))?;
    let act = |source| Act {
        kind: ActKind::CameraSetUp,
        by: by.clone(),
        reason: ReasonCode::Internal,
        source,
        camera: None,
        models: Vec::new(),
        analysis: None,
        mode: None,
        risk_accepted: false,
        subject: vec![STILL],
    };
    let mut open: Vec<OpenEntry> = Vec::new();
    for clip in clips {
        let unreadable = |e| Failure::new(Exit::Input, format!("{}: {e}", clip.display()));
        let file = File::open(clip).map_err(unreadable)?;
        let source = acts::hash(&sha256_of_file(&file, interrupt).map_err(unreadable)?)?;
        open.push(log.begin(act(source), &reason).map_err(audit::failure)?);
    }
    site.mask.burn_in = Some(BurnIn { words: NOT_RELEASED.to_owned(), place: MarkPlace::Edges });
    let done = work(&site);
    for entry in open {
        let outcome = match &done {
            Ok(_) => Outcome::Done { shown: vec![STILL], output: None },
            Err(fault) if matches!(fault.exit, Exit::Signal(_)) => Outcome::Stopped,
            Err(_) => Outcome::Failed,
        };
        if let Err(e) = entry.complete(outcome) {
            talk::say(format_args!("the act stays unfinished in the audit log: {e}"));
        }
    }
    done
}

/// A still in which everybody is hidden.
const STILL: Part = Part { what: What::Still, from_ms: 0, to_ms: None, frames: None };
