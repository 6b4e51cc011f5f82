//! `melkglas redact`: clips in, redacted clips out.

mod one;

use super::audit::LogPlace;
use super::common::{Effort, Installation, Stated, empty_scene, open_clip, read_camera, with_targets};
use super::corrections;
use super::passes::Known;
use super::restricted::{Files, Footage, Restriction};
use super::{outputs, passes, reveal, talk};
use crate::casework::audit::CaseNumber;
use crate::casework::case::Reads;
use crate::config::{self, Camera, Rgb, Site, Style, moving_with_zones};
use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::video::analysis::{AnalysisFile, Basis};
use crate::video::detect::OnnxFactory;
use crate::video::pipeline::EmptyScene;
use crate::video::sink::sweep;
use crate::video::source::{ClipTime, Window};
use clap::{ArgGroup, Args as ClapArgs, ValueEnum as _};
use outputs::{Kind, OutDir, Target};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Flags of `melkglas redact`.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXAMPLES)]
// Groups and not `required_unless_present`: whoever forgets one is told of both ways out.
#[command(group = ArgGroup::new("where").required(true).args(["output", "out_dir"]))]
#[command(group = ArgGroup::new("zones").required(true).args(["camera", "no_camera"]))]
pub(super) struct Args {
    /// Clips to redact (mp4, mov, mkv, webm, avi, ts) and stills (JPEG, PNG, WebP), recognised by their content.
    #[arg(required = true, value_name = "INPUT")]
    inputs: Vec<PathBuf>,

    /// The redacted clip, .mp4 or .mkv, or the redacted still, .png or .jpg; for a single input.
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Folder for the redacted clips, each called STEM.redacted.mp4, and stills, STEM.redacted.jpg or .png; made if
    /// it is not there.
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
    /// Replace outputs that exist. Never an input.
    #[arg(long)]
    force: bool,

    /// The camera that filmed the clips: its private regions are hidden too.
    #[arg(long, value_name = "FILE")]
    camera: Option<PathBuf>,
    /// There is no camera file: no private region is hidden, only people. Has to be said, so that forgetting the
    /// camera file does not show somebody's front door.
    #[arg(long)]
    no_camera: bool,

    /// How everything is hidden, also zones that name a style of their own.
    #[arg(long, value_name = "STYLE")]
    style: Option<Style>,
    /// Colour of `fill` and of covered frames, six hexadecimal digits.
    #[arg(long, value_name = "RRGGBB")]
    fill_colour: Option<Rgb>,
    /// How hard to look: `thorough` also looks at overlapping tiles of frames larger than the networks' input, and
    /// at each of these in a mirror. Finds more people and takes many times as long. Without it clips get `fast` and
    /// stills `thorough`: a still has no other frames to find somebody in.
    #[arg(long, value_name = "EFFORT")]
    effort: Option<Effort>,
    /// How often clips are gone through: 1 masks as it goes, with a second of look-ahead; 2 looks through all of a clip
    /// first and hides people by what comes long after and before, too. Without it 1 at `fast` and 2 at `thorough`.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=2))]
    passes: Option<u8>,
    /// Mask by what `melkglas analyse` found in this clip, without looking again; for a single clip. It must have been
    /// made with the same camera file, models and settings; --effort may be left out.
    #[arg(long, value_name = "A", conflicts_with = "passes")]
    analysis: Option<PathBuf>,
    /// What is hidden, separated by commas: persons,faces,vehicles,screens. Persons and faces must be among them;
    /// left out, what the settings say, which is those two.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    targets: Vec<config::Target>,

    /// Start of the part to keep: seconds (12.4) or hh:mm:ss, from the first frame of the clip.
    #[arg(long, value_name = "T")]
    from: Option<ClipTime>,
    /// End of the part to keep; the frame shown at that time is the last one.
    #[arg(long, value_name = "T")]
    to: Option<ClipTime>,
    #[command(flatten)]
    stated: Stated,
    /// Go on with a clip that is cut short or breaks off, and say so in the report, instead of refusing it.
    #[arg(long)]
    accept_damaged: bool,

    /// Write a report (JSON). For several inputs a folder, for STEM.report.json.
    #[arg(long, value_name = "R.json")]
    report: Option<PathBuf>,
    /// Write every masked box as MOTChallenge rows. For several inputs a folder, for STEM.boxes.txt.
    #[arg(long, value_name = "B.txt")]
    boxes: Option<PathBuf>,
    /// Print one line of JSON per clip on stdout.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    correcting: corrections::Flags,

    #[command(flatten)]
    showing: reveal::ShowFlags,

    #[command(flatten)]
    restriction: Restriction,

    #[command(flatten)]
    installation: Installation,
}

impl Args {
    /// The camera file that was named.
    pub(super) fn camera(&self) -> Option<&Path> {
        self.camera.as_deref()
    }
}

impl Footage for Args {
    const READS: Reads = Reads::Redact;

    fn restriction(&self) -> &Restriction {
        &self.restriction
    }

    fn installation(&mut self) -> &mut Installation {
        &mut self.installation
    }

    fn place(&self) -> LogPlace {
        self.showing.place()
    }

    fn by_whom_is_here(&mut self, actor: &str, case: &CaseNumber) -> Result<(), Failure> {
        self.showing.by_whom_is_here(actor, case)
    }

    fn shows(&self) -> config::Show {
        self.showing.shows()
    }

    fn files(&mut self) -> Files<'_> {
        let (corrections, saved) = self.correcting.files_mut();
        Files {
            clips: self.inputs.iter_mut().collect(),
            made: self.analysis.iter_mut().chain(corrections).collect(),
            outputs: self
                .output
                .iter_mut()
                .chain(&mut self.report)
                .chain(&mut self.boxes)
                .chain(saved)
                .collect(),
            folders: self.out_dir.iter().collect(),
        }
    }
}

const EXAMPLES: &str = "Examples:
  melkglas redact clip.mp4 -o clip.redacted.mp4 --camera pipelines/cameras/entrance-3.toml
  melkglas redact *.mp4 --out-dir masked --camera entrance-3.toml --style fill --report masked
  melkglas redact garage.mp4 -o g.mp4 --camera garage.toml --targets persons,faces,vehicles --effort thorough
  melkglas redact clip.avi -o part.mp4 --no-camera --from 00:01:10 --to 00:01:40
  melkglas redact clip.mp4 -o blurred.mp4 --camera entrance-3.toml --analysis clip.analysis --style blur
  melkglas redact clip.mp4 -o better.mp4 --camera entrance-3.toml --cover 12.4-14@100,50,40,80 \\
    --cover '20@300,40,50,90..21.5@380,44,50,90' --save-corrections clip.corrections.toml
  melkglas redact clip.mp4 -o fill.mp4 --camera entrance-3.toml --corrections clip.corrections.toml --style fill
  melkglas redact photo.jpg -o photo.redacted.png --no-camera";

/// The effort for one input: what was asked for, or what its analysis was made with, or what its kind needs.
fn effort_of(args: &Args, analysis: Option<&AnalysisFile>, kind: Kind) -> Effort {
    let made = analysis.and_then(|file| Effort::from_str(&file.basis.effort, false).ok());
    args.effort.or(made).unwrap_or(match kind {
        Kind::Clip(_) => Effort::Fast,
        Kind::Still(..) => Effort::Thorough,
    })
}

/// What all inputs of one call share.
struct Shared<'a> {
    args: &'a Args,
    camera: Option<(PathBuf, Camera)>,
    /// What the camera shows with nobody in it, where it has references.
    scene: Option<Arc<EmptyScene>>,
    /// Settings and detectors for every effort that an input needs.
    efforts: BTreeMap<Effort, (Site, Arc<OnnxFactory>)>,
    /// What is known of the only clip.
    known: Option<Known>,
    corrections: corrections::Given,
    /// Who and what stays visible in the only clip.
    to_show: Option<reveal::ToShow<'a>>,
    window: Window,
    interrupt: &'a Interrupt,
}

/// Redacts every input; goes on after a bad one and names it at the end.
pub(super) fn run(args: &Args, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let window = Window::new(args.from, args.to).map_err(|e| Failure::new(Exit::Usage, e))?;
    let mut site = args.installation.settings()?;
    if let Some(style) = args.style {
        site.mask.style = style;
    }
    if let Some(colour) = args.fill_colour {
        site.mask.fill_colour = colour;
    }
    let site = with_targets(site, &args.targets)?;
    let camera = match &args.camera {
        Some(path) => Some((path.clone(), read_camera(path)?)),
        None => None,
    };
    if let Some(warning) = camera.as_ref().and_then(|(_, camera)| moving_with_zones(camera)) {
        talk::say(warning);
    }
    // Lives as long as the call: gone again where nothing was written.
    let _out_dir = args.out_dir.as_deref().map(OutDir::make).transpose()?;
    let mut targets = outputs::plan(
        &args.inputs,
        args.output.as_deref(),
        args.out_dir.as_deref(),
        args.report.as_deref(),
        args.boxes.as_deref(),
    )?;
    let corrections = args.correcting.read(&mut targets)?;
    let to_show = args.showing.asked(&targets)?;
    if to_show.is_some() && args.passes == Some(1) {
        return Err(Failure::with_cure(
            Exit::Usage,
            "somebody who is shown has to be followed through the whole clip first, which takes two passes",
            "leave --passes out",
        ));
    }
    let read = args.inputs.iter().chain(&args.camera).chain(&args.analysis).chain(&args.installation.site);
    let read = read.chain(args.correcting.file());
    let read: Vec<&Path> = read.map(PathBuf::as_path).collect();
    outputs::check(&targets, &read, args.force)?;
    if let (false, Some(still)) = (
        window.is_whole() && args.stated.is_empty(),
        targets.iter().find(|target| matches!(target.kind, Kind::Still(..))),
    ) {
        return Err(Failure::with_cure(
            Exit::Usage,
            format!(
                "{} is a still: --from, --to, --rate and --track mean nothing for it",
                still.input.display()
            ),
            "leave them out, or redact stills in a call of their own",
        ));
    }
    corrections.check_source(&targets, interrupt)?;
    let saved = args.analysis.as_deref().map(|path| read_analysis(path, &targets)).transpose()?;
    let efforts =
        detectors(args, saved.as_ref(), &site, camera.as_ref().map(|(_, camera)| camera), &targets)?;
    let known = match (saved, targets.as_slice(), efforts.values().next()) {
        (Some(saved), [target], Some((site, detectors))) => {
            let camera = camera.as_ref().map(|(_, camera)| camera);
            Some(known(args, saved, target, camera, site, detectors, interrupt)?)
        }
        _ => None,
    };
    let folders: BTreeSet<_> = targets.iter().flat_map(Target::folders).collect();
    for folder in folders {
        let removed = sweep(&folder);
        if removed > 0 {
            talk::say(format_args!(
                "removed {removed} unfinished file(s) of an earlier run from {}",
                folder.display()
            ));
        }
    }
    // A still has no frames to compare; clips have one effort. What was analysed was compared then.
    let clips = targets.iter().find(|target| matches!(target.kind, Kind::Clip(_)) && known.is_none());
    let scene = match clips.and_then(|clip| efforts.get(&effort_of(args, None, clip.kind))) {
        Some((site, detectors)) => {
            empty_scene(camera.as_ref().map(|(path, camera)| (path.as_path(), camera)), site, detectors)?
        }
        None => None,
    };
    let shared = Shared { args, camera, scene, efforts, known, corrections, to_show, window, interrupt };

    let mut failed = Vec::new();
    for target in &targets {
        match one::one(&shared, target) {
            Ok(()) => {}
            Err(failure) => {
                talk::failure(Some(&target.input), &failure);
                if args.json {
                    talk::data(json!({
                        "input": target.input.to_string_lossy(),
                        "ok": false,
                        "exit": failure.exit.code(),
                        "error": failure.report.to_string(),
                    }));
                }
                let stop = matches!(failure.exit, Exit::Signal(_));
                failed.push((target, failure.exit));
                if stop {
                    break;
                }
            }
        }
    }
    match failed.as_slice() {
        [] => Ok(Exit::Ok),
        [.., (_, exit @ Exit::Signal(_))] => Ok(*exit),
        [(_, exit)] if targets.len() == 1 => Ok(*exit),
        _ => {
            talk::say(format_args!("{} of {} clips failed:", failed.len(), targets.len()));
            for (target, exit) in &failed {
                talk::say(format_args!("  {} (exit code {})", target.input.display(), exit.code()));
            }
            Ok(Exit::SomeFailed)
        }
    }
}

/// Settings and detectors for every effort that an input needs; the weights are loaded once.
fn detectors(
    args: &Args,
    saved: Option<&AnalysisFile>,
    site: &Site,
    camera: Option<&Camera>,
    targets: &[Target],
) -> Result<BTreeMap<Effort, (Site, Arc<OnnxFactory>)>, Failure> {
    let mut efforts: BTreeMap<Effort, (Site, Arc<OnnxFactory>)> = BTreeMap::new();
    for effort in targets.iter().map(|target| effort_of(args, saved, target.kind)).collect::<BTreeSet<_>>() {
        let site = effort.settings(site, camera);
        let detect = &site.detect;
        let factory = match efforts.values().next() {
            Some((_, open)) => open
                .with_effort(detect.tiling, detect.mirrored, detect.rotated)
                .map(Arc::new)
                .map_err(|e| Failure::new(Exit::Settings, e))?,
            None => args.installation.detectors(&site)?,
        };
        efforts.insert(effort, (site, factory));
    }
    Ok(efforts)
}

/// The analysis, which is of one clip.
fn read_analysis(path: &Path, targets: &[Target]) -> Result<AnalysisFile, Failure> {
    if !matches!(targets, [Target { kind: Kind::Clip(_), .. }]) {
        return Err(Failure::with_cure(
            Exit::Usage,
            "--analysis is of one clip",
            "redact that clip in a call of its own",
        ));
    }
    passes::read_analysis(path)
}

/// The analysis, where it was made of this clip and with all that is in force here.
fn known(
    args: &Args,
    saved: AnalysisFile,
    target: &Target,
    camera: Option<&Camera>,
    site: &Site,
    detectors: &OnnxFactory,
    interrupt: &Interrupt,
) -> Result<Known, Failure> {
    let clip = open_clip(&target.input)?;
    let effort = effort_of(args, Some(&saved), target.kind);
    let stated = args.stated.recorded();
    let path = args.analysis.as_deref().unwrap_or(Path::new(""));
    let here = |source| Basis::new(source, camera, effort.word(), stated, &detectors.models(), site);
    passes::known(path, saved, &clip, site, here, interrupt)
}
