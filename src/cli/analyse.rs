//! `melkglas analyse`: the first of two passes, kept.

use super::audit::LogPlace;
use super::common::{
    Effort, Installation, Stated, empty_scene, open_clip, read_camera, scene_of, with_targets,
};
use super::passes::analysed;
use super::restricted::{Files, Footage, Restriction};
use super::{camera, outputs, talk};
use crate::casework::HideEveryone;
use crate::casework::case::Reads;
use crate::config::{self, moving_with_zones};
use crate::digest::sha256_of_file;
use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::video::analysis::{AnalysisError, Basis, write_analysis};
use crate::video::pipeline::{Completeness, Job};
use crate::video::sink::{Container, Overwrite, PartialFile, sweep};
use crate::video::source::{Clip, ClipTime, StillKind, Window};
use clap::{ArgGroup, Args as ClapArgs};
use serde_json::json;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Flags of `melkglas analyse`.
#[derive(Debug, ClapArgs)]
#[command(after_help = HELP)]
#[command(group = ArgGroup::new("zones").required(true).args(["camera", "no_camera"]))]
pub(super) struct Args {
    /// The clip to analyse.
    input: PathBuf,
    /// The analysis. It holds where people went, and no pixel; readable by you alone (mode 0600).
    #[arg(short, long, value_name = "A")]
    output: PathBuf,
    /// The camera that filmed the clip.
    #[arg(long, value_name = "FILE")]
    camera: Option<PathBuf>,
    /// There is no camera file, as for `redact`.
    #[arg(long)]
    no_camera: bool,
    /// How hard to look, as for `redact`.
    #[arg(long, value_name = "EFFORT", default_value = "fast")]
    effort: Effort,
    /// What will be hidden, as for `redact`.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    targets: Vec<config::Target>,
    /// Start of the part to analyse, as for `redact`; frames outside of it are covered when the clip is rendered.
    #[arg(long, value_name = "T")]
    from: Option<ClipTime>,
    /// End of that part.
    #[arg(long, value_name = "T")]
    to: Option<ClipTime>,
    #[command(flatten)]
    stated: Stated,
    /// Go on with a clip that is cut short or breaks off, as for `redact`.
    #[arg(long)]
    accept_damaged: bool,
    /// Replace an analysis that exists. Never an input.
    #[arg(long)]
    force: bool,
    /// Print one line of JSON on stdout.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    restriction: Restriction,
    #[command(flatten)]
    installation: Installation,
}

impl Footage for Args {
    const READS: Reads = Reads::Analyse;

    fn restriction(&self) -> &Restriction {
        &self.restriction
    }

    fn installation(&mut self) -> &mut Installation {
        &mut self.installation
    }

    fn place(&self) -> LogPlace {
        LogPlace::default()
    }

    fn files(&mut self) -> Files<'_> {
        Files {
            clips: vec![&mut self.input],
            made: Vec::new(),
            outputs: vec![&mut self.output],
            folders: Vec::new(),
        }
    }
}

const HELP: &str = "\
Looks through the whole clip and keeps what it found: everybody's way through it, what differs from the camera's empty \
scene, frames that must be covered. `redact --analysis A` then only masks, and does it with what the whole clip says: \
somebody who was lost for a while is hidden in between, however long a second pass knows it was. The clip can be \
rendered several times (in other styles, or parts of it) for one search.

An analysis belongs to this very clip, camera file, effort, models and settings; with others it is refused. `zcat A | \
head -1` shows them.

Example:
  melkglas analyse clip.mp4 --camera pipelines/cameras/entrance-3.toml -o clip.analysis
  melkglas redact clip.mp4 -o clip.redacted.mp4 --camera pipelines/cameras/entrance-3.toml --analysis clip.analysis";

pub(super) fn run(args: &Args, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let window = Window::new(args.from, args.to).map_err(|e| Failure::new(Exit::Usage, e))?;
    let inputs: Vec<&PathBuf> =
        [&args.input].into_iter().chain(&args.camera).chain(&args.installation.site).collect();
    camera::refuse_existing(&[Some(&args.output)], &inputs, args.force)?;
    let site = with_targets(args.installation.settings()?, &args.targets)?;
    let camera = args.camera.as_deref().map(read_camera).transpose()?;
    if let Some(warning) = camera.as_ref().and_then(moving_with_zones) {
        talk::say(warning);
    }
    let named = args.camera.as_deref().zip(camera.as_ref());
    let clip = open_moving(&args.input, args.stated)?;
    let site = args.effort.settings(&site, camera.as_ref());
    let detectors = args.installation.detectors(&site)?;
    sweep(&outputs::folder(&args.output));
    let overwrite = if args.force { Overwrite::Replace } else { Overwrite::Refuse };
    let file = PartialFile::create(&args.output, overwrite);
    let file = file.map_err(|e| outputs::cannot_write(&args.output, &e))?;
    let job = Job {
        clip: Arc::clone(&clip),
        window,
        site: site.clone(),
        planner: Arc::new(
            HideEveryone::new(camera.as_ref(), site.mask.clone(), None)
                .with_unexplained(site.scene.unexplained),
        ),
        detectors: detectors.clone(),
        scene: scene_of(empty_scene(named, &site, &detectors)?, &clip, camera.as_ref(), &site, interrupt),
        container: Container::Mp4,
        accept_damaged: args.accept_damaged,
        interrupt: interrupt.clone(),
    };
    let name = args.input.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let first = analysed(&job, &name, named)?;
    let analysis = &first.analysis;
    let source = (analysis.source_sha256().to_owned(), clip.len());
    let stated = args.stated.recorded();
    let basis = Basis::new(source, camera.as_ref(), args.effort.word(), stated, &detectors.models(), &site);
    write_analysis(BufWriter::new(file.file()), &basis, analysis).map_err(|e| not_written(args, &e))?;
    let sum = |e: std::io::Error| outputs::cannot_write(&args.output, &e);
    let sha256 = sha256_of_file(file.file(), interrupt).map_err(sum)?;
    let bytes = file.file().metadata().map_err(sum)?.len();
    outputs::commit(Vec::new(), file)?;
    if args.json {
        talk::data(json!({
            "input": args.input.to_string_lossy(),
            "output": args.output.to_string_lossy(),
            "frames": analysis.frames(),
            "covered": analysis.covered(),
            "tracks": analysis.tracks().count(),
            "completeness": first.completeness,
            "source_sha256": analysis.source_sha256(),
            "analysis_sha256": sha256,
            "bytes": bytes,
        }));
    }
    let damaged = match &first.completeness {
        Completeness::Damaged { how } => format!("; the clip is damaged: {how}"),
        _ => String::new(),
    };
    talk::say(format_args!(
        "wrote {}: {} frames, {} of them to be covered whole, {} tracks, in {:.1} s{damaged}",
        args.output.display(),
        analysis.frames(),
        analysis.covered(),
        analysis.tracks().count(),
        first.times.wall_secs
    ));
    Ok(Exit::Ok)
}

/// The clip; a still has no time to be analysed over.
pub(super) fn open_moving(path: &Path, stated: Stated) -> Result<Arc<Clip>, Failure> {
    let clip = open_clip(path)?;
    if StillKind::of_clip(&clip).map_err(|e| Failure::new(Exit::Input, e))?.is_some() {
        return Err(Failure::with_cure(
            Exit::Usage,
            format!("{} is a still", path.display()),
            "redact it as it is; a still takes one look",
        ));
    }
    Ok(Arc::new(stated.of(clip)))
}

fn not_written(args: &Args, e: &AnalysisError) -> Failure {
    match e {
        AnalysisError::Read(e) => outputs::cannot_write(&args.output, e),
        e => Failure::new(Exit::Input, e),
    }
}
