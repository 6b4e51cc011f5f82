//! Placing a camera: an act of a named member of staff, for an hour at most, with every viewer on record.

use super::cameras::Allowed;
use crate::casework::audit::{
    Act, ActKind, AuditLog, Hash256, OpenEntry, Outcome, Part, ReasonCode, ReasonText, StaffName, What,
};
use crate::cli::acts::{self, ActArgs};
use crate::cli::{audit, talk};
use crate::error::Failure;
use crate::video::detect::OnnxFactory;
use crate::video::sink::{Viewer, Watch};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A placement ends by itself.
pub(super) const LONGEST: Duration = Duration::from_secs(3600);

/// A placement under way.
pub(super) struct Placement {
    shared: Arc<Shared>,
}

struct Shared {
    log: AuditLog,
    reason: ReasonText,
    began: Instant,
    acts: BTreeMap<String, Act>,
    open: Mutex<Vec<(String, OpenEntry)>>,
}

/// How it went for the cameras that nobody watched; those that somebody watched were shown, whatever came after.
pub(super) enum Went {
    /// With all of them.
    Well,
    /// With these alone.
    Only(Vec<String>),
    /// With these before it was stopped on request.
    StoppedAfter(Vec<String>),
}

impl Placement {
    /// Writes it down for every camera; only then may anything be shown.
    pub(super) fn begin(
        cameras: &[Allowed],
        args: &ActArgs,
        folders: &[&Path],
        detectors: &OnnxFactory,
    ) -> Result<Self, Failure> {
        let asked = args.required()?;
        let log = asked.log(folders)?;
        let models = acts::models(detectors)?;
        let act = |allowed: &Allowed| {
            let camera = acts::camera(Some(&allowed.camera))?;
            let source = Hash256::of(allowed.source_name().as_bytes());
            let act = placement(asked.by.clone(), asked.code, source, models.clone());
            Ok((allowed.camera.id.clone(), Act { camera, ..act }))
        };
        let acts = cameras.iter().map(act).collect::<Result<BTreeMap<_, _>, Failure>>()?;
        let shared =
            Shared { log, reason: asked.reason, began: Instant::now(), acts, open: Mutex::default() };
        for (camera, act) in &shared.acts {
            let open = shared.log.begin(act.clone(), &shared.reason).map_err(audit::failure)?;
            shared.keep(camera, open);
        }
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Writes every viewer down, and refuses those that cannot be.
    pub(super) fn watch(&self) -> Watch {
        let shared = Arc::clone(&self.shared);
        Arc::new(move |viewer| shared.viewed(viewer))
    }

    /// Whether the hour is over.
    pub(super) fn is_over(&self) -> bool {
        self.shared.began.elapsed() >= LONGEST
    }

    /// Writes down that it has ended, and how.
    pub(super) fn end(self, went: &Went) {
        let until_ms = self.shared.now_ms();
        let mut open = self.shared.open.lock().unwrap_or_else(PoisonError::into_inner);
        let is_viewed = |entry: &OpenEntry| {
            entry.receipt().subject().iter().any(|part| matches!(part.what, What::Viewer(_)))
        };
        let viewed = open.iter().filter(|(_, entry)| is_viewed(entry));
        let viewed: BTreeSet<String> = viewed.map(|(camera, _)| camera.clone()).collect();
        let otherwise = match went {
            Went::Well => None,
            Went::Only(well) => Some((well, Outcome::Failed)),
            Went::StoppedAfter(well) => Some((well, Outcome::Stopped)),
        };
        for (camera, entry) in open.drain(..) {
            let over = |part: &Part| Part { to_ms: Some(until_ms), ..*part };
            let shown = entry.receipt().subject().iter().map(over).collect();
            let was_shown = |well: &[String]| viewed.contains(&camera) || well.contains(&camera);
            let outcome = match &otherwise {
                Some((well, outcome)) if !was_shown(well) => outcome.clone(),
                _ => Outcome::Done { shown, output: None },
            };
            if let Err(e) = entry.complete(outcome) {
                talk::say(format_args!("an act stays unfinished in the audit log: {e}"));
            }
        }
    }
}

impl Shared {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn keep(&self, camera: &str, entry: OpenEntry) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).push((camera.to_owned(), entry));
    }

    fn viewed(&self, viewer: &Viewer) -> bool {
        let Some(act) = self.acts.get(&viewer.mount) else { return false };
        let what = What::Viewer(viewer.address);
        let subject = vec![Part { what, from_ms: self.now_ms(), to_ms: None, frames: None }];
        let act = Act { kind: ActKind::LiveViewed, subject, ..act.clone() };
        match self.log.begin(act, &self.reason) {
            Ok(entry) => {
                self.keep(&viewer.mount, entry);
                true
            }
            Err(fault) => {
                tracing::error!(%fault, "a viewer was refused, who could not be recorded");
                false
            }
        }
    }
}

fn placement(by: StaffName, reason: ReasonCode, source: Hash256, models: Vec<Hash256>) -> Act {
    Act {
        kind: ActKind::LivePlacement,
        by,
        reason,
        source,
        camera: None,
        models,
        analysis: None,
        mode: None,
        risk_accepted: false,
        subject: vec![Part { what: What::Stream, from_ms: 0, to_ms: None, frames: None }],
    }
}
