//! Flags that several subcommands share, and what they lead to.

use crate::config::{BurnIn, Camera, SITE_FILE, Site, Style, Target, Targets, TilingMode, View};
use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::share::ShareDirs;
use crate::video::detect::OnnxFactory;
use crate::video::pipeline::{EmptyScene, JobError};
use crate::video::sink::SinkError;
use crate::video::source::{Clip, FrameRate, SourceError, use_decoders};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where settings and models are.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Installation")]
pub(super) struct Installation {
    /// Settings of this installation; without it /etc/melkglas/site.toml, and where there is none the built-in ones.
    #[arg(long, value_name = "FILE", env = "MELKGLAS_SITE")]
    pub(super) site: Option<PathBuf>,
    /// Folder with the networks and their manifest; without it MELKGLAS_MODELS, then the places of installation.
    #[arg(long, value_name = "DIR")]
    pub(super) models: Option<PathBuf>,
    /// What is burned into every frame: no flag, for the restriction to set.
    #[arg(skip)]
    pub(super) burn_in: Option<BurnIn>,
    /// How a mask looks, unless a flag says otherwise: the policy's, within a case.
    #[arg(skip)]
    pub(super) style: Option<Style>,
}

impl Installation {
    /// The settings in force: those of the file that is named, else of the machine's own, else the built-in ones. A file
    /// that merely lies in the current directory is none of them.
    pub(super) fn settings(&self) -> Result<Site, Failure> {
        let machine = Path::new(SITE_FILE);
        let mut site = match &self.site {
            Some(named) => Site::read(named)?,
            // One that cannot be read counts as there: it may name a policy.
            None if machine.symlink_metadata().is_ok() => Site::read(machine)?,
            None => Site::default(),
        };
        use_decoders(&site.decode).map_err(|e| Failure::new(Exit::Settings, e))?;
        site.mask.burn_in.clone_from(&self.burn_in);
        site.mask.style = self.style.unwrap_or(site.mask.style);
        Ok(site)
    }

    /// Library and models, loaded and checked.
    pub(super) fn detectors(&self, site: &Site) -> Result<Arc<OnnxFactory>, Failure> {
        let fault = |e: &dyn std::fmt::Display| Failure::new(Exit::Settings, e);
        let share = ShareDirs::find(self.models.as_deref()).map_err(|e| fault(&e))?;
        OnnxFactory::open(&share, &site.detect).map(Arc::new).map_err(|e| fault(&e))
    }
}

/// Reads a camera file.
pub(super) fn read_camera(path: &Path) -> Result<Camera, Failure> {
    Ok(Camera::read(path)?)
}

/// The camera's empty scene, as far as references of it are listed.
pub(super) fn empty_scene(
    camera: Option<(&Path, &Camera)>,
    site: &Site,
    detectors: &OnnxFactory,
) -> Result<Option<Arc<EmptyScene>>, Failure> {
    let Some((path, camera)) = camera else { return Ok(None) };
    let references = camera.load_references(path)?;
    let scene = EmptyScene::open(camera, &references, site, detectors);
    Ok(scene.map_err(|e| Failure::new(Exit::Settings, e))?.map(Arc::new))
}

/// What a clip is compared with: the camera's empty scene, or for want of one what most of the clip shows.
pub(super) fn scene_of(
    of_camera: Option<Arc<EmptyScene>>,
    clip: &Clip,
    camera: Option<&Camera>,
    site: &Site,
    interrupt: &Interrupt,
) -> Option<Arc<EmptyScene>> {
    of_camera.or_else(|| EmptyScene::of_clip(clip, camera, site, interrupt).map(Arc::new))
}

/// Opens a clip.
pub(super) fn open_clip(path: &Path) -> Result<Clip, Failure> {
    Clip::open(path).map_err(|e| Failure::new(Exit::Input, e))
}

/// What is stated of a clip because it does not say it itself.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Stated {
    /// Frames a second of raw H.264 or H.265 streams, which do not say when their pictures are shown: 25, 29.97 or
    /// 30000/1001. Clips in a container have times of their own and are refused with it
    #[arg(long, value_name = "FPS")]
    rate: Option<FrameRate>,
    /// Which video track is taken of a clip that holds several, counted from 1. Without it the one that players show:
    /// switched on, then the longest, then the largest; where two are alike, you are asked
    #[arg(long, value_name = "N")]
    track: Option<u32>,
}

impl Stated {
    /// Nothing is stated.
    pub(super) fn is_empty(self) -> bool {
        self.rate.is_none() && self.track.is_none()
    }

    /// The clip with what is stated of it.
    pub(super) fn of(self, clip: Clip) -> Clip {
        let clip = clip.with_track(self.track);
        match self.rate {
            Some(rate) => clip.at_rate(rate),
            None => clip,
        }
    }

    /// As an analysis records it.
    pub(super) fn recorded(self) -> (Option<String>, Option<u32>) {
        (self.rate.map(|rate| rate.to_string()), self.track)
    }
}

/// How hard to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum Effort {
    /// Every frame once.
    Fast,
    /// Every frame whole and in overlapping tiles, and each of them mirrored.
    Thorough,
}

impl Effort {
    /// The word for the report.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Thorough => "thorough",
        }
    }

    /// How often a clip is gone through, unless that was said.
    pub(super) fn passes(self, asked: Option<u8>) -> u8 {
        asked.unwrap_or(match self {
            Self::Fast => 1,
            Self::Thorough => 2,
        })
    }

    /// The settings with this effort in them. People seen from above lie any way round.
    pub(super) fn settings(self, site: &Site, camera: Option<&Camera>) -> Site {
        let mut site = site.clone();
        if self == Self::Thorough {
            site.detect.tiling = TilingMode::Tile;
            site.detect.mirrored = true;
            site.detect.rotated |= camera.is_some_and(|camera| camera.view == View::Overhead);
        }
        site
    }
}

/// The settings with these targets, where any are named.
pub(super) fn with_targets(mut site: Site, targets: &[Target]) -> Result<Site, Failure> {
    if !targets.is_empty() {
        site.detect.targets = Targets::from_list(targets)
            .map_err(|e| Failure::with_cure(Exit::Usage, &e, format!("write --targets {}", e.cure)))?;
    }
    Ok(site)
}

/// Which exit code a failed job ends with.
pub(super) fn job_failure(e: JobError, interrupt: &Interrupt) -> Failure {
    let stopped = interrupt.is_raised();
    let exit = match &e {
        _ if stopped => Exit::Signal(interrupt.signal().unwrap_or(15)),
        // The installation is at fault, not the clip.
        JobError::Source(SourceError::Media(_))
        | JobError::Sink(SinkError::Media(_) | SinkError::SetUp(_)) => Exit::Settings,
        JobError::Source(SourceError::RateUnwanted) => Exit::Usage,
        JobError::Clip(_)
        | JobError::Still(_)
        | JobError::Source(_)
        | JobError::HashStalled(_)
        | JobError::CutShort(_)
        | JobError::CameraMoved { .. }
        | JobError::TooDark { .. }
        | JobError::Unfinished => Exit::Input,
        JobError::EmptyWindow { .. } => Exit::Usage,
        JobError::Detect(_) => Exit::Settings,
        JobError::DetectorFaults(_)
        | JobError::StillNotSearched(_)
        | JobError::DetectorStalled(_)
        | JobError::Sink(_)
        | JobError::ReadBack(_)
        | JobError::Record(_) => Exit::Pipeline,
        JobError::Thread(_) => Exit::Bug,
        JobError::Interrupted => Exit::Signal(15),
    };
    if stopped { Failure::new(exit, JobError::Interrupted) } else { Failure::new(exit, e) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_restriction_burns_in_its_words_and_a_case_masks_as_its_policy_says() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("site.toml");
        std::fs::write(&path, "[mask]\nstyle = \"pixelate\"\n").expect("written");
        let mut installation = Installation { site: Some(path), models: None, burn_in: None, style: None };
        let plain = installation.settings().expect("sound").mask;
        assert_eq!((plain.style, plain.burn_in), (Style::Pixelate, None));
        let words = BurnIn { words: "NOT RELEASED".into(), place: crate::config::MarkPlace::Across };
        installation.burn_in = Some(words.clone());
        installation.style = Some(Style::Fill);
        let set = installation.settings().expect("sound").mask;
        assert_eq!((set.style, set.burn_in), (Style::Fill, Some(words)));
    }
}
