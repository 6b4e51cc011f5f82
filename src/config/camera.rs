//! Camera files, `pipelines/cameras/<id>.toml`: one camera's picture and its private regions.

use super::diagnostic::SettingsError;
use super::style::Style;
use crate::geometry::{FrameSize, UnitPolygon};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// What a private region holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each name says what it is")]
pub enum ZoneKind {
    Door,
    Window,
    Garden,
    Street,
    NamePlate,
    BellPanel,
    Screen,
    Mirror,
    NoticeBoard,
    Parking,
    Other,
}

/// A private region: always hidden.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    /// What it holds.
    pub kind: ZoneKind,
    /// What staff call it.
    pub label: String,
    /// Its outline in unit space.
    pub polygon: Arc<UnitPolygon>,
    /// Its own style, where it names one.
    pub style: Option<Style>,
}

/// One camera.
#[derive(Debug, Clone, PartialEq)]
pub struct Camera {
    /// Short name, also the file's.
    pub id: String,
    /// What it films, in words.
    pub description: String,
    /// Size of its picture, as displayed.
    pub frame: FrameSize,
    /// Its private regions.
    pub zones: Vec<Zone>,
    /// SHA-256 of the file that this was read from, hexadecimal.
    pub sha256: String,
}

impl Camera {
    /// Reads and checks a camera file.
    ///
    /// # Errors
    /// [`SettingsError`] with every fault found, each with line, column and a cure.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        let _ = path;
        todo!()
    }
}

/// Checks that a clip can come from this camera: same shape of picture, to within one per cent.
///
/// # Errors
/// [`SettingsError`] pointing at the camera file's `frame`.
pub fn check_size(camera: &Camera, path: &Path, clip: FrameSize) -> Result<(), SettingsError> {
    let _ = (camera, path, clip);
    todo!()
}
