//! `melkglas camera import`: a camera file out of another tool's masks.

use super::camera::{finish, refuse_existing, written};
use super::talk;
use crate::config::{Camera, CoordinateUnit, ImportError, ImportFormat, ImportWishes, import, starter};
use crate::error::{Exit, Failure};
use crate::geometry::FrameSize;
use crate::lang::Lang;
use clap::Args as ClapArgs;
use std::path::PathBuf;

/// Flags of `melkglas camera import`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:
  melkglas camera import entrance.json -o pipelines/cameras/entrance-3.toml
  melkglas camera import project.xml --task entrance -o pipelines/cameras/entrance-3.toml
  melkglas camera import config.yml --from frigate --camera back -o back.toml --frame 1280x720

What cannot be carried over is said line by line, and stands in the camera file as a comment.")]
pub(super) struct Args {
    /// The other tool's file.
    file: PathBuf,
    /// Whose file it is, where that does not show in it.
    #[arg(long, value_name = "TOOL")]
    from: Option<ImportFormat>,
    /// The camera file to write; it is named after the camera.
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Size of the picture that the shapes were drawn on, in pixels, where the file does not say it.
    #[arg(long, value_name = "WxH", value_parser = frame_size)]
    frame: Option<FrameSize>,
    /// The camera to take of a Frigate configuration that has several.
    #[arg(long, value_name = "NAME")]
    camera: Option<String>,
    /// The task to take of a CVAT project that has several.
    #[arg(long, value_name = "NAME|NUMBER")]
    task: Option<String>,
    /// The image to take of a file that has several; without it the shapes of CVAT images of one size are put together.
    #[arg(long, value_name = "NAME")]
    image: Option<String>,
    /// What the coordinates of Frigate's masks count, where they may be either.
    #[arg(long, value_name = "UNIT")]
    unit: Option<CoordinateUnit>,
    /// Zones of less than four pixels on a side are meant so.
    #[arg(long)]
    small_zones: bool,
    /// The language of kinds of zone.
    #[arg(long, value_enum, default_value_t, env = "MELKGLAS_LANG")]
    lang: Lang,
    /// Replace a camera file that exists.
    #[arg(long)]
    force: bool,
}

fn frame_size(text: &str) -> Result<FrameSize, String> {
    let side = |text: &str| text.trim().parse::<u32>().ok().filter(|side| *side > 0);
    let sides = text.split_once(['x', 'X']);
    let frame = sides.and_then(|(w, h)| Some(FrameSize { width: side(w)?, height: side(h)? }));
    frame
        .ok_or_else(|| "write width and height in pixels with an x between them, such as 1280x720".to_owned())
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    refuse_existing(&[Some(&args.output)], &[&args.file], args.force)?;
    let id = args.output.file_stem().unwrap_or_default().to_string_lossy();
    // A name that no camera can have shows before the file is read.
    Camera::parse(&args.output, &starter(&id, ANY, ""))?;
    let wishes = ImportWishes {
        frame: args.frame,
        camera: args.camera.as_deref(),
        task: args.task.as_deref(),
        image: args.image.as_deref(),
        unit: args.unit,
        small_zones: args.small_zones,
    };
    let found = import(&args.file, args.from, &wishes).map_err(failure)?;
    let source = args.file.file_name().unwrap_or_default().to_string_lossy();
    let text = found.to_toml(&id, &source);
    let camera = Camera::parse(&args.output, &text)?;
    finish(vec![written(&args.output, args.force, |out| out.write_all(text.as_bytes()))?])?;
    for zone in &camera.zones {
        talk::say(format_args!("  {:<13} {}", zone.kind.word(args.lang), zone.label));
    }
    for note in &found.notes {
        talk::say(format_args!("! {note}"));
    }
    let zones = camera.zones.len();
    talk::say(format_args!(
        "wrote {}: {}, {zones} zone(s); look at them: melkglas camera check {} --on CLIP --picture P.png",
        args.output.display(),
        camera.frame,
        args.output.display()
    ));
    Ok(Exit::Ok)
}

/// A picture of any size, to try a name with.
const ANY: FrameSize = FrameSize { width: 640, height: 360 };

fn failure(error: ImportError) -> Failure {
    match error {
        ImportError::File(faults) => faults.into(),
        ImportError::Form { .. } => Failure::new(Exit::Settings, error),
        ImportError::Ask { ref cure, .. } => Failure::with_cure(Exit::Usage, &error, cure),
    }
}
