//! Camera files out of the masks that other tools keep; [`ImportFormat`] lists them.
//!
//! A shape becomes a zone or a line that says why not ([`Imported::notes`]); nothing is lost in silence. Where a shape
//! cannot be carried over exactly, the zone is larger than it, never smaller. These files come from elsewhere: their
//! size, depth and number of shapes are bounded, and nothing of them but labels is repeated. (A Frigate configuration
//! holds the cameras' passwords.) A file of several pictures, tasks or cameras leads to a question: zones of one camera
//! on another one's pictures leave its doors open.

mod coco;
mod cvat;
mod frigate;
mod kinds;
mod label_studio;
mod labelme;
mod pictures;
mod recognise;
mod rle;
mod shape;
mod svg;
mod svg_path;
mod svg_place;
mod via;
mod write;
mod yaml;

use super::diagnostic::SettingsError;
use super::document::read_text_up_to;
use super::zone::Zone;
use crate::geometry::FrameSize;
use clap::ValueEnum;
use std::path::Path;

/// Largest file of another tool, MiB: LabelMe and SVG keep the picture in it, CVAT every frame's boxes.
const LARGEST_MIB: u64 = 64;

/// Most zones that one file may lead to. More are not a camera's regions but a data set's.
const MOST_ZONES: usize = 500;

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ImportFormat {
    /// LabelMe's JSON, one picture a file.
    Labelme,
    /// CVAT's XML, "CVAT for images 1.1" or "CVAT for video 1.1", of a task, a job or a project.
    Cvat,
    /// Frigate's configuration (YAML).
    Frigate,
    /// COCO's JSON: polygons, boxes, bitmaps in runs.
    Coco,
    /// The VGG Image Annotator's JSON or CSV, version 1 or 2.
    Via,
    /// Label Studio's JSON or JSON-MIN.
    LabelStudio,
    /// A drawing over the picture.
    Svg,
}

/// What the one who imports says of a file that leaves it open.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImportWishes<'w> {
    /// Size of the picture that the shapes were drawn on.
    pub frame: Option<FrameSize>,
    /// The camera to take, of a Frigate configuration.
    pub camera: Option<&'w str>,
    /// The task to take, of a CVAT project: its name or its number.
    pub task: Option<&'w str>,
    /// The picture to take, of a file with several.
    pub image: Option<&'w str>,
    /// What coordinates count where they may be either.
    pub unit: Option<CoordinateUnit>,
    /// Zones of hardly any pixels are meant.
    pub small_zones: bool,
}

/// What a coordinate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CoordinateUnit {
    /// Pixels of the picture.
    Pixels,
    /// Shares of its width and height.
    Shares,
}

/// What was read of another tool's file.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// Size of the picture that the shapes were drawn on.
    pub frame: FrameSize,
    /// The shapes, each as a zone.
    pub zones: Vec<Zone>,
    /// What could not be carried over, or not exactly, and what else should be known; a line each.
    pub notes: Vec<String>,
}

/// Why another tool's file cannot be taken over.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It cannot be read at all.
    #[error(transparent)]
    File(#[from] SettingsError),
    /// It is not what it should be.
    #[error("{file}{}: {what}", .line.map(|line| format!(", line {line}")).unwrap_or_default())]
    Form {
        /// The file as it was given.
        file: String,
        /// Where, from 1, if that is known.
        line: Option<usize>,
        /// What is wrong.
        what: String,
    },
    /// It leaves a choice, or a size, to the one who imports it.
    #[error("{file}: {what}")]
    Ask {
        /// The file as it was given.
        file: String,
        /// What is missing.
        what: String,
        /// The flag that says it.
        cure: String,
    },
}

/// Reads another tool's file; of which form it is shows in it where `format` does not say.
///
/// # Errors
/// [`ImportError`]: the file is unreadable or of another form, or leaves something open that no wish settles.
pub fn import(
    path: &Path,
    format: Option<ImportFormat>,
    wishes: &ImportWishes<'_>,
) -> Result<Imported, ImportError> {
    let text = read_text_up_to(path, LARGEST_MIB)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let file = shape::one_line(&path.display().to_string());
    read(text, format, wishes).and_then(|sheet| shape::settle(sheet, wishes)).map_err(|fault| match fault {
        Fault::Form { line, what } => ImportError::Form { file, line, what: shape::one_line(&what) },
        Fault::Ask { what, cure } => {
            ImportError::Ask { file, what: shape::one_line(&what), cure: shape::one_line(&cure) }
        }
    })
}

fn read(text: &str, format: Option<ImportFormat>, wishes: &ImportWishes<'_>) -> Result<Sheet, Fault> {
    let format = format.map_or_else(|| recognise::format_of(text), Ok)?;
    let ImportWishes { camera, task, image, .. } = *wishes;
    for (flag, given, fits, whose) in [
        ("--camera", camera, format == ImportFormat::Frigate, "frigate"),
        ("--task", task, format == ImportFormat::Cvat, "cvat"),
        (
            "--image",
            image,
            !matches!(format, ImportFormat::Frigate | ImportFormat::Svg),
            "files of labelled pictures",
        ),
    ] {
        if given.is_some() && !fits {
            return Err(Fault::ask(format!("{flag} is for {whose}"), "leave it out"));
        }
    }
    match format {
        ImportFormat::Labelme => labelme::read(text, image),
        ImportFormat::Cvat => cvat::read(text, task, image),
        ImportFormat::Frigate => frigate::read(text, camera, wishes.unit),
        ImportFormat::Coco => coco::read(text, image),
        ImportFormat::Via if recognise::is_json(text) => via::read_json(text, image),
        ImportFormat::Via => via::read_csv(text, image),
        ImportFormat::LabelStudio => label_studio::read(text, image),
        ImportFormat::Svg => svg::read(text),
    }
}

/// Why a reader gives up.
#[derive(Debug)]
enum Fault {
    Form { line: Option<usize>, what: String },
    Ask { what: String, cure: String },
}

impl Fault {
    fn form(line: impl Into<Option<usize>>, what: impl Into<String>) -> Self {
        Self::Form { line: line.into(), what: what.into() }
    }

    fn ask(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::Ask { what: what.into(), cure: cure.into() }
    }
}

/// What a reader found: shapes as the other tool has them.
#[derive(Debug, Default, Clone)]
struct Sheet {
    /// Size of the picture, where the file says it.
    frame: Option<FrameSize>,
    /// What to take for it where nobody says it and no shape depends on it.
    usual: Option<FrameSize>,
    shapes: Vec<Shape>,
    notes: Vec<String>,
}

/// A closed outline.
#[derive(Debug, Clone)]
struct Shape {
    /// What the other tool calls it.
    label: String,
    /// Where it stands in the file, for people: `shape 3`, `line 12`.
    place: String,
    /// Its corners; they may lie outside the picture.
    corners: Vec<(f64, f64)>,
    /// What its coordinates are.
    unit: CoordinateUnit,
}

impl Sheet {
    fn note(&mut self, place: &str, what: impl std::fmt::Display) {
        self.notes.push(format!("{place}: {what}"));
    }
}

/// A file as JSON.
fn json(text: &str) -> Result<serde_json::Value, Fault> {
    serde_json::from_str(text).map_err(|e| {
        // serde_json says line and column at the end of its sentence; the line is said in front.
        let what = e.to_string();
        let what = what.split(" at line ").next().unwrap_or(&what);
        Fault::form((e.line() > 0).then_some(e.line()), format!("this is not JSON: {what}"))
    })
}

/// The size of a picture, if both sides are whole numbers of pixels that a camera can have.
fn frame_of(width: f64, height: f64) -> Option<FrameSize> {
    let side = |v: f64| {
        let whole = v.fract() == 0.0 && v >= 1.0 && v <= super::camera::LONGEST_SIDE_PX as f64;
        whole.then_some(v as u32)
    };
    Some(FrameSize { width: side(width)?, height: side(height)? })
}

#[cfg(test)]
mod format_tests;
#[cfg(test)]
mod tests;
