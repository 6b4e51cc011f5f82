//! A clip of which everything is known: how `persons` and `doubts` come by one.

use super::common::{
    Effort, Installation, Stated, empty_scene, job_failure, read_camera, scene_of, with_targets,
};
use super::passes::{Fit, NamedCamera, analysed, known};
use super::restricted::Restriction;
use super::{analyse, talk};
use crate::casework::HideEveryone;
use crate::config::{self, Camera, Site, moving_with_zones};
use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::video::analysis::{Analysis, AnalysisFile, Basis};
use crate::video::detect::OnnxFactory;
use crate::video::pipeline::{CropError, CropJob, Job, RawCrop, Shot, cut_crops};
use crate::video::sink::Container;
use crate::video::source::{Clip, Window};
use crate::video::warrant::Warrant;
use clap::{ArgGroup, Args, ValueEnum as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A clip, and how it is looked at.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("zones").required(true).args(["camera", "no_camera"]))]
pub(super) struct ClipArgs {
    /// The clip.
    pub(super) input: PathBuf,
    /// The camera that filmed the clip: its private regions are hidden on every picture.
    #[arg(long, value_name = "FILE")]
    camera: Option<PathBuf>,
    /// There is no camera file, as for `redact`.
    #[arg(long)]
    no_camera: bool,
    /// How hard to look, as for `redact`; without it what the analysis was made with, else fast.
    #[arg(long, value_name = "EFFORT")]
    effort: Option<Effort>,
    /// What will be hidden, as for `redact`; the same as for its analysis.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    targets: Vec<config::Target>,
    #[command(flatten)]
    stated: Stated,
    /// Go on with a clip that is cut short or breaks off, as for `redact`.
    #[arg(long)]
    accept_damaged: bool,
    #[command(flatten)]
    pub(super) restriction: Restriction,
    #[command(flatten)]
    pub(super) installation: Installation,
}

/// A clip that was looked through.
pub(super) struct Looked<'a> {
    args: &'a ClipArgs,
    pub(super) camera: Option<Camera>,
    pub(super) site: Site,
    pub(super) detectors: Arc<OnnxFactory>,
    pub(super) job: Job,
    pub(super) analysis: Analysis,
    /// SHA-256 of the file of the analysis, where it was read.
    pub(super) analysis_sha256: Option<String>,
}

impl ClipArgs {
    /// Every file that is read.
    pub(super) fn inputs(&self) -> Vec<&PathBuf> {
        [&self.input].into_iter().chain(&self.camera).chain(&self.installation.site).collect()
    }

    /// The folder that the clip lies in.
    pub(super) fn folder(&self) -> PathBuf {
        super::outputs::folder(&self.input)
    }

    /// The name of the clip's file.
    pub(super) fn name(&self) -> String {
        self.input.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The clip with its analysis: the one at `path`, or a first pass that is made now.
    pub(super) fn look(
        &self,
        saved: Option<(&Path, AnalysisFile)>,
        interrupt: &Interrupt,
    ) -> Result<Looked<'_>, Failure> {
        let camera = self.camera.as_deref().map(read_camera).transpose()?;
        if let Some(warning) = camera.as_ref().and_then(moving_with_zones) {
            talk::say(warning);
        }
        let clip = analyse::open_moving(&self.input, self.stated)?;
        let made = saved.as_ref().and_then(|(_, file)| Effort::from_str(&file.basis.effort, false).ok());
        let effort = self.effort.or(made).unwrap_or(Effort::Fast);
        let site = with_targets(self.installation.settings()?, &self.targets)?;
        let site = effort.settings(&site, camera.as_ref());
        let detectors = self.installation.detectors(&site)?;
        let planner = HideEveryone::new(camera.as_ref(), site.mask.clone(), None);
        let mut job = Job {
            clip: Arc::clone(&clip),
            window: Window::WHOLE,
            planner: Arc::new(planner.with_unexplained(site.scene.unexplained)),
            detectors: detectors.clone(),
            scene: None,
            container: Container::Mp4,
            accept_damaged: self.accept_damaged,
            interrupt: interrupt.clone(),
            site: site.clone(),
        };
        let named = self.camera.as_deref().zip(camera.as_ref());
        let (analysis, analysis_sha256) = match saved {
            Some((path, saved)) => {
                let stated = self.stated.recorded();
                let here = |source| {
                    Basis::new(source, camera.as_ref(), effort.word(), stated, &detectors.models(), &site)
                };
                let known = known(path, saved, &clip, &site, here, interrupt)?;
                (known.analysis, Some(known.sha256))
            }
            None => {
                let of_camera = empty_scene(named, &site, &detectors)?;
                job.scene = scene_of(of_camera, &clip, camera.as_ref(), &site, interrupt);
                (analysed(&job, &self.name(), named)?.analysis, None)
            }
        };
        Ok(Looked { args: self, camera, site, detectors, job, analysis, analysis_sha256 })
    }
}

impl Looked<'_> {
    /// The clip.
    pub(super) fn clip(&self) -> &Clip {
        &self.job.clip
    }

    /// The name of its file.
    pub(super) fn name(&self) -> String {
        self.args.name()
    }

    /// The camera and its file.
    pub(super) fn named_camera(&self) -> NamedCamera<'_> {
        self.args.camera.as_deref().zip(self.camera.as_ref())
    }

    /// Holds the clip's frames against the camera.
    pub(super) fn fit(&self) -> Fit<'_> {
        Fit::of(self.named_camera())
    }

    /// The sharpest moment of each shot, with the leave of an act.
    pub(super) fn crops(
        &self,
        shots: &[Shot],
        warrant: &Warrant<'_>,
    ) -> Result<Vec<Option<RawCrop>>, Failure> {
        let Job { clip, planner, interrupt, .. } = &self.job;
        let job = CropJob {
            clip,
            analysis: &self.analysis,
            planner: planner.as_ref(),
            mask: &self.site.mask,
            limits: &self.site.limits,
            accept_damaged: self.job.accept_damaged,
            interrupt,
        };
        cut_crops(&job, shots, warrant).map_err(|e| match e {
            CropError::Source(e) => job_failure(e.into(), interrupt),
            CropError::Clip(e) => job_failure(e.into(), interrupt),
            e @ (CropError::NotAllowed | CropError::Encode(_)) => Failure::new(Exit::Bug, e),
        })
    }
}
