//! `melkglas camera`: make, take over and check camera files.

use super::camera_picture::draw_grid;
use super::common::{Installation, open_clip};
use super::set_up::set_up;
use super::{camera_approve, camera_check, camera_import, camera_learn};
use super::{outputs, talk};
use crate::casework::HideEveryone;
use crate::config::{Camera, Site, camera_schema, check_size, starter};
use crate::error::{Exit, Failure};
use crate::geometry::FrameSize;
use crate::interrupt::Interrupt;
use crate::video::frame::RedactedFrame;
use crate::video::pipeline::{Learner, StillError, empty_still};
use crate::video::sink::{Overwrite, PartialFile, sweep};
use crate::video::source::FrameRate;
use clap::{Args, Subcommand};
use image::{ImageFormat, RgbImage};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Subcommands of `melkglas camera`.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a starter file for a camera, and a masked still with a grid to read coordinates from.
    New(NewArgs),
    /// Check a camera file, ask about what is commonly forgotten, and draw its regions on a masked still.
    Check(camera_check::Args),
    /// Take over zones drawn elsewhere: LabelMe, CVAT, Frigate, COCO, VIA, Label Studio or SVG.
    Import(camera_import::Args),
    /// Learn stills of the empty scene from clips, and put them beside the camera file.
    Learn(camera_learn::Args),
    /// Note that somebody looked at a still of the empty scene and found nobody on it.
    Approve(camera_approve::Args),
    /// Print the JSON Schema of a camera file, for editors that complete and underline.
    Schema,
}

/// Flags of `melkglas camera new`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  melkglas camera new entrance-3 --from clip.mp4 -o pipelines/cameras/entrance-3.toml --picture grid.png")]
pub(super) struct NewArgs {
    /// Short name of the camera: small letters, digits and hyphens; the file is called ID.toml.
    id: String,
    /// A clip of this camera.
    #[arg(long, value_name = "CLIP")]
    from: PathBuf,
    /// The camera file to write.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Also write a still of the empty scene with a labelled grid from 0 to 1 on it (PNG). Faces are hidden, and whoever surely stays.
    #[arg(long, value_name = "P.png")]
    picture: Option<PathBuf>,
    /// Replace files that exist.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    installation: Installation,
}

/// Runs one of them.
pub(super) fn run(command: &Command, interrupt: &Interrupt) -> Result<Exit, Failure> {
    match command {
        Command::New(args) => new(args, interrupt),
        Command::Check(args) => camera_check::run(args, interrupt),
        Command::Import(args) => camera_import::run(args),
        Command::Learn(args) => {
            let site = args.installation.settings()?;
            let clips: Vec<&Path> = args.clips.iter().map(PathBuf::as_path).collect();
            set_up(site, &clips, interrupt, |site| {
                camera_learn::run(args, &Learner(site.scene.clone()), interrupt)
            })
        }
        Command::Approve(args) => camera_approve::run(args, interrupt),
        Command::Schema => {
            talk::data(format_args!("{:#}", camera_schema()));
            Ok(Exit::Ok)
        }
    }
}

fn new(args: &NewArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    refuse_existing(&[Some(&args.output), args.picture.as_ref()], &[&args.from], args.force)?;
    if args.output.file_stem().is_none_or(|stem| stem != args.id.as_str()) {
        return Err(Failure::with_cure(
            Exit::Usage,
            format!("{} is not named after the camera {}", args.output.display(), args.id),
            format!("call the file {}.toml", args.id),
        ));
    }
    // A bad id shows at once, not after the clip has been searched.
    let any = FrameSize { width: 640, height: 360 };
    Camera::parse(&args.output, &starter(&args.id, any, ""))?;
    let site = args.installation.settings()?;
    let mut still = set_up(site, &[&args.from], interrupt, |site| {
        masked_still(&args.from, None, site, &args.installation, interrupt)
    })?;
    let frame = FrameSize { width: still.width(), height: still.height() };
    let clip_name = args.from.file_name().unwrap_or_default().to_string_lossy();
    let text = starter(&args.id, frame, &clip_name);
    let mut files = vec![written(&args.output, args.force, |out| out.write_all(text.as_bytes()))?];
    if let Some(path) = &args.picture {
        draw_grid(&mut still);
        files.push(png(path, &still, args.force)?);
    }
    finish(files)?;
    talk::say(format_args!("wrote {}: {frame}, no zones yet", args.output.display()));
    if let Some(path) = &args.picture {
        talk::say(format_args!(
            "wrote {}: read the corners of doors, windows and street off its grid",
            path.display()
        ));
    }
    Ok(Exit::Ok)
}

/// Refuses outputs that are inputs, or that exist, unless `force` allows to replace those.
pub(super) fn refuse_existing(
    outputs: &[Option<&PathBuf>],
    inputs: &[&PathBuf],
    force: bool,
) -> Result<(), Failure> {
    let outputs: Vec<&Path> = outputs.iter().flatten().map(|path| path.as_path()).collect();
    let inputs: Vec<&Path> = inputs.iter().map(|path| path.as_path()).collect();
    outputs::check_files(&outputs, &inputs, force)
}

/// The clip's scene without whoever passes through it, people who stay and zones hidden.
pub(super) fn masked_still(
    clip: &Path,
    camera: Option<(&Path, &Camera)>,
    site: &Site,
    installation: &Installation,
    interrupt: &Interrupt,
) -> Result<RgbImage, Failure> {
    // When its pictures are shown does not matter to a still.
    let opened = open_clip(clip)?.assuming_rate(FrameRate::PAL);
    let detectors = installation.detectors(site)?;
    let planner = HideEveryone::new(camera.map(|(_, camera)| camera), site.mask.clone(), None);
    let still = empty_still(&opened, site, &planner, detectors.as_ref(), interrupt)
        .map_err(|e| no_still(clip, &e, interrupt))?;
    let size = still.size();
    if let Some((path, camera)) = camera {
        check_size(camera, path, size)?;
    }
    picture_of(&still)
}

/// Why a clip gives no still.
pub(super) fn no_still(clip: &Path, e: &StillError, interrupt: &Interrupt) -> Failure {
    let exit = match e {
        StillError::Source(_) | StillError::NothingToShow if interrupt.is_raised() => {
            Exit::Signal(interrupt.signal().unwrap_or(15))
        }
        StillError::Source(_) | StillError::NothingToShow => Exit::Input,
        StillError::Detect(_) => Exit::Pipeline,
    };
    Failure::new(exit, format!("{}: {e}", clip.display()))
}

/// A masked frame as a picture to draw on.
pub(super) fn picture_of(still: &RedactedFrame) -> Result<RgbImage, Failure> {
    let size = still.size();
    RgbImage::from_raw(size.width, size.height, still.to_rgb())
        .ok_or_else(|| Failure::new(Exit::Bug, "a still of the wrong size"))
}

/// The picture under a partial name.
pub(super) fn png(path: &Path, picture: &RgbImage, force: bool) -> Result<PartialFile, Failure> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, ImageFormat::Png)
        .map_err(|e| Failure::new(Exit::Pipeline, format!("{} cannot be written: {e}", path.display())))?;
    written(path, force, |out| out.write_all(bytes.get_ref()))
}

/// A file under a partial name.
pub(super) fn written(
    path: &Path,
    force: bool,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<PartialFile, Failure> {
    let overwrite = if force { Overwrite::Replace } else { Overwrite::Refuse };
    let fault = |e: std::io::Error| outputs::cannot_write(path, &e);
    sweep(&outputs::folder(path));
    let file = PartialFile::create(path, overwrite).map_err(fault)?;
    let mut out = BufWriter::new(file.file());
    write(&mut out).and_then(|()| out.flush()).map_err(fault)?;
    drop(out);
    Ok(file)
}

/// All files under their final names, or none.
pub(super) fn finish(mut files: Vec<PartialFile>) -> Result<(), Failure> {
    match files.pop() {
        Some(last) => outputs::commit(files, last),
        None => Ok(()),
    }
}
