//! `redact --keep` and `--show-object`: who and what stays visible, why, and the act that it takes.

use super::acts::{ActArgs, Asked, camera, hash, models};
use super::outputs::{Kind, Target};
use crate::casework::audit::{Act, CaseNumber, Mode};
use crate::casework::{Discretion, HideEveryone, RevealAsked, ShownObject, Trust};
use crate::config::{Camera, FollowSettings, Show};
use crate::error::{Exit, Failure};
use crate::video::analysis::Analysis;
use crate::video::detect::OnnxFactory;
use crate::video::follow::{Choice, Following};
use crate::video::source::ClipTime;
use clap::Args;
use std::sync::Arc;

/// Flags that say who and what stays visible.
#[derive(Debug, Args)]
#[command(next_help_heading = "Showing one subject")]
pub(super) struct ShowFlags {
    /// Leave one person visible: whoever is at a moment (seconds or hh:mm:ss) at a place of the displayed picture,
    /// 12.4@412,230, or a track of --analysis, track:7 (`melkglas persons` lists them). Everybody else stays hidden, and
    /// so does the subject wherever anybody touches it or it is not certain who it is. Given again for the same person
    /// it settles a doubt: `melkglas doubts` shows where. The clip is gone through twice.
    #[arg(long, value_name = "WHO")]
    keep: Vec<Choice>,
    /// Show the subject from this moment on only.
    #[arg(long, value_name = "T", requires = "keep")]
    keep_from: Option<ClipTime>,
    /// Show the subject up to this moment only.
    #[arg(long, value_name = "T", requires = "keep")]
    keep_to: Option<ClipTime>,
    /// What else can be seen: `scene` shows the place and hides everyone else; `spotlight` hides all but the subject.
    /// Take spotlight for a camera without a reference, in a crowd, or where nothing but the requester may be shown.
    #[arg(long, value_name = "MODE", requires = "keep")]
    mode: Option<Mode>,
    /// Show a thing: lift masks over change that nobody explained in a region for a while, 12.4-20@100,50,40,80 (from,
    /// to, and left, top, width and height in pixels of the displayed picture). Never a person, a face or a private
    /// region. May be given several times.
    #[arg(long, value_name = "FROM-TO@X,Y,W,H")]
    show_object: Vec<ShownObject>,
    /// Show the scene around the subject although the detector is unsure in this clip and the camera has no reference,
    /// so that people may have been missed. It stands in the audit log and in the report.
    #[arg(long, requires = "keep")]
    accept_risk: bool,
    /// You have looked at the whole clip, and at no moment is anybody else in the subject's box. It takes this to show
    /// somebody whom the detector is unsure of: far away or seen from above, two people side by side are found as one. It
    /// stands in the audit log and in the report.
    #[arg(long, requires = "keep")]
    alone: bool,
    #[command(flatten, next_help_heading = "The act")]
    act: ActArgs,
}

impl ShowFlags {
    /// Who is to stay visible.
    pub(super) fn shows(&self) -> Show {
        match (self.keep.is_empty() && self.show_object.is_empty(), self.mode) {
            (true, _) => Show::Nobody,
            (false, Some(Mode::Spotlight)) if self.show_object.is_empty() => Show::Spotlight,
            (false, _) => Show::Scene,
        }
    }

    /// Who acts, within a case.
    pub(super) fn by_whom_is_here(&mut self, actor: &str, case: &CaseNumber) -> Result<(), Failure> {
        let shows = !self.keep.is_empty() || !self.show_object.is_empty();
        self.act.by_whom_is_here(actor, case, shows)
    }

    /// Where the log lies.
    pub(super) fn place(&self) -> super::audit::LogPlace {
        self.act.place()
    }

    /// What is to be shown, where anything is; it is of one clip.
    pub(super) fn asked(&self, targets: &[Target]) -> Result<Option<ToShow<'_>>, Failure> {
        if self.keep.is_empty() && self.show_object.is_empty() {
            return match self.act.asked()? {
                None => Ok(None),
                Some(_) => Err(Failure::with_cure(
                    Exit::Usage,
                    "--by and --reason go with something that is shown, and nothing is",
                    "leave them out, or name the subject with --keep",
                )),
            };
        }
        let asked = self.act.required()?;
        if !matches!(targets, [Target { kind: Kind::Clip(_), .. }]) {
            return Err(Failure::with_cure(
                Exit::Usage,
                "--keep and --show-object are of one clip",
                "redact that clip in a call of its own",
            ));
        }
        if self.keep_from.zip(self.keep_to).is_some_and(|(from, to)| to < from) {
            return Err(Failure::with_cure(
                Exit::Usage,
                "--keep-to is before --keep-from",
                "exchange the two times",
            ));
        }
        Ok(Some(ToShow { flags: self, asked }))
    }
}

/// What is to be shown of one clip, by whom and why.
pub(super) struct ToShow<'a> {
    flags: &'a ShowFlags,
    pub(super) asked: Asked,
}

impl ToShow<'_> {
    /// What may be shown by this analysis, and how far that can be trusted.
    pub(super) fn discretion(
        &self,
        everyone: HideEveryone,
        analysis: &Analysis,
        settings: &FollowSettings,
    ) -> Result<(Discretion, Trust), Failure> {
        let ShowFlags { keep, keep_from, keep_to, mode, show_object, accept_risk, .. } = self.flags;
        let mode = mode.unwrap_or(Mode::Scene);
        let trust = Trust::of(analysis, settings);
        let nothing = Discretion::new(everyone, analysis.source_sha256(), settings.clone(), mode);
        let discretion = nothing.with_objects(show_object.clone());
        if keep.is_empty() {
            return Ok((discretion, trust));
        }
        let sure_of_one = if self.flags.alone { 0.0 } else { settings.sure_of_one };
        let follow = FollowSettings { sure_of_one, ..settings.clone() };
        let following = Following::of(analysis, keep, &follow).map_err(|e| Failure::new(Exit::Usage, e))?;
        let limits = (keep_from.map(ClipTime::earliest_ns), keep_to.map(ClipTime::latest_ns));
        let following = following.within(limits.0, limits.1);
        if following.certain().is_empty() {
            return Err(Failure::with_cure(
                Exit::Usage,
                "between --keep-from and --keep-to it is never certain who the subject is",
                "leave them out, or choose the subject within them",
            ));
        }
        if mode == Mode::Scene && !trust.is_enough && !accept_risk {
            return Err(Failure::with_cure(
                Exit::Refused,
                "people may have been missed in this clip: the detector is unsure of those whom it found, and the camera has no reference of its empty scene",
                "show nothing but the subject with --mode spotlight, learn a reference with `melkglas camera learn`, or look at the whole result and say --accept-risk, which is recorded",
            ));
        }
        Ok((discretion.with_subject(Arc::new(following)), trust))
    }

    /// The act that it takes.
    pub(super) fn act(
        &self,
        discretion: &Discretion,
        analysis: (&Analysis, Option<&str>),
        of_camera: Option<&Camera>,
        detectors: &OnnxFactory,
    ) -> Result<Act, Failure> {
        let (kind, subject) = discretion.asks();
        Ok(Act {
            kind,
            by: self.asked.by.clone(),
            reason: self.asked.code,
            source: hash(analysis.0.source_sha256())?,
            camera: camera(of_camera)?,
            models: models(detectors)?,
            analysis: analysis.1.map(hash).transpose()?,
            mode: discretion.mode(),
            risk_accepted: self.flags.accept_risk || self.flags.alone,
            subject,
        })
    }

    /// What was asked, for the report.
    pub(super) fn as_written(&self) -> RevealAsked {
        RevealAsked {
            reason: self.asked.reason.as_str().to_owned(),
            alone: self.flags.alone,
            keep: self.flags.keep.iter().map(ToString::to_string).collect(),
            show_objects: self.flags.show_object.iter().map(ToString::to_string).collect(),
        }
    }
}
