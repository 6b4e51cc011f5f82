//! Flags that several subcommands share, and what they lead to.

use crate::config::{Camera, Site};
use crate::error::{Exit, Failure};
use crate::share::ShareDirs;
use crate::video::detect::OnnxFactory;
use crate::video::pipeline::EmptyScene;
use crate::video::source::Clip;
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where settings and models are.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Installation")]
pub(super) struct Installation {
    /// Settings of this installation; without it the built-in ones, those of pipelines/site.toml.
    #[arg(long, value_name = "FILE", env = "MELKGLAS_SITE")]
    pub(super) site: Option<PathBuf>,
    /// Folder with the networks and their manifest; without it MELKGLAS_MODELS, then the places of installation.
    #[arg(long, value_name = "DIR")]
    pub(super) models: Option<PathBuf>,
}

impl Installation {
    /// The settings in force.
    pub(super) fn settings(&self) -> Result<Site, Failure> {
        Ok(self.site.as_deref().map(Site::read).transpose()?.unwrap_or_default())
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

/// Opens a clip.
pub(super) fn open_clip(path: &Path) -> Result<Clip, Failure> {
    Clip::open(path).map_err(|e| Failure::new(Exit::Input, e))
}
