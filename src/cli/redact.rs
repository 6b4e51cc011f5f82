//! `melkglas redact`: clips in, redacted clips out.

use super::common::{Installation, empty_scene, open_clip, read_camera};
use super::progress::Progress;
use super::{outputs, talk};
use crate::casework::{BoxesWriter, HideEveryone, ReportBuilder, ReportContext, SourceKind};
use crate::config::{
    self, Camera, Rgb, Site, Style, Targets, TilingMode, View, check_size, moving_with_zones,
};
use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::video::detect::OnnxFactory;
use crate::video::pipeline::{
    EmptyScene, FrameRecord, Job, JobError, Observer, Outcome, StillJob, redact_clip, redact_still,
};
use crate::video::sink::{Overwrite, PartialFile, SinkError, sweep};
use crate::video::source::{ClipTime, Declared, FrameRate, SourceError, Window};
use clap::{ArgGroup, Args as ClapArgs, ValueEnum};
use outputs::{Kind, OutDir, Target};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
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
    /// Frames a second of raw H.264 or H.265 streams, which do not say when their pictures are shown: 25, 29.97 or
    /// 30000/1001. Clips in a container have times of their own and are refused with it.
    #[arg(long, value_name = "FPS")]
    rate: Option<FrameRate>,
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
    installation: Installation,
}

const EXAMPLES: &str = "Examples:
  melkglas redact clip.mp4 -o clip.redacted.mp4 --camera pipelines/cameras/entrance-3.toml
  melkglas redact *.mp4 --out-dir masked --camera entrance-3.toml --style fill --report masked
  melkglas redact garage.mp4 -o g.mp4 --camera garage.toml --targets persons,faces,vehicles --effort thorough
  melkglas redact clip.avi -o part.mp4 --no-camera --from 00:01:10 --to 00:01:40
  melkglas redact photo.jpg -o photo.redacted.png --no-camera";

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

    /// The effort for one input: what was asked for, or what its kind needs.
    fn of(args: &Args, kind: Kind) -> Self {
        args.effort.unwrap_or(match kind {
            Kind::Clip(_) => Self::Fast,
            Kind::Still(..) => Self::Thorough,
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

/// What all inputs of one call share.
struct Shared<'a> {
    args: &'a Args,
    camera: Option<(PathBuf, Camera)>,
    /// What the camera shows with nobody in it, where it has references.
    scene: Option<Arc<EmptyScene>>,
    /// Settings and detectors for every effort that an input needs.
    efforts: BTreeMap<Effort, (Site, Arc<OnnxFactory>)>,
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
    if !args.targets.is_empty() {
        site.detect.targets = Targets::from_list(&args.targets)
            .map_err(|e| Failure::with_cure(Exit::Usage, &e, format!("write --targets {}", e.cure)))?;
    }
    let camera = match &args.camera {
        Some(path) => Some((path.clone(), read_camera(path)?)),
        None => None,
    };
    if let Some(warning) = camera.as_ref().and_then(|(_, camera)| moving_with_zones(camera)) {
        talk::say(warning);
    }
    // Lives as long as the call: gone again where nothing was written.
    let _out_dir = args.out_dir.as_deref().map(OutDir::make).transpose()?;
    let targets = outputs::plan(
        &args.inputs,
        args.output.as_deref(),
        args.out_dir.as_deref(),
        args.report.as_deref(),
        args.boxes.as_deref(),
    )?;
    let read = args.inputs.iter().chain(&args.camera).chain(&args.installation.site);
    let read: Vec<&Path> = read.map(PathBuf::as_path).collect();
    outputs::check(&targets, &read, args.force)?;
    if let (false, Some(still)) = (
        window.is_whole() && args.rate.is_none(),
        targets.iter().find(|target| matches!(target.kind, Kind::Still(..))),
    ) {
        return Err(Failure::with_cure(
            Exit::Usage,
            format!("{} is a still: --from, --to and --rate mean nothing for it", still.input.display()),
            "leave them out, or redact stills in a call of their own",
        ));
    }
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
    let efforts = detectors(args, &site, camera.as_ref().map(|(_, camera)| camera), &targets)?;
    // A still has no frames to compare; clips have one effort.
    let clips = targets.iter().find(|target| matches!(target.kind, Kind::Clip(_)));
    let scene = match clips.and_then(|clip| efforts.get(&Effort::of(args, clip.kind))) {
        Some((site, detectors)) => {
            empty_scene(camera.as_ref().map(|(path, camera)| (path.as_path(), camera)), site, detectors)?
        }
        None => None,
    };
    let shared = Shared { args, camera, scene, efforts, window, interrupt };

    let mut failed = Vec::new();
    for target in &targets {
        match one(&shared, target) {
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
    site: &Site,
    camera: Option<&Camera>,
    targets: &[Target],
) -> Result<BTreeMap<Effort, (Site, Arc<OnnxFactory>)>, Failure> {
    let mut efforts: BTreeMap<Effort, (Site, Arc<OnnxFactory>)> = BTreeMap::new();
    for effort in targets.iter().map(|target| Effort::of(args, target.kind)).collect::<BTreeSet<_>>() {
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

/// One clip, from open file to committed output.
fn one(shared: &Shared<'_>, target: &Target) -> Result<(), Failure> {
    let Shared { args, camera, scene, efforts, window, interrupt } = shared;
    let effort = Effort::of(args, target.kind);
    let (site, detectors) = efforts.get(&effort).expect("made for every input before the first");
    let name = target.input.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let clip = open_clip(&target.input)?;
    let clip = Arc::new(match args.rate {
        Some(rate) => clip.at_rate(rate),
        None => clip,
    });
    let overwrite = if args.force { Overwrite::Replace } else { Overwrite::Refuse };
    let create =
        |path: &Path| PartialFile::create(path, overwrite).map_err(|e| outputs::cannot_write(path, &e));
    let file = create(&target.output)?;
    let report_file = target.report.as_deref().map(create).transpose()?;
    let boxes_file = target.boxes.as_deref().map(create).transpose()?;
    let boxes_path = target.boxes.as_deref().unwrap_or(&target.output);
    let mut watcher = Watcher {
        progress: Progress::new(&name),
        report: ReportBuilder::default(),
        boxes: boxes_file
            .map(BoxesWriter::new)
            .transpose()
            .map_err(|e| outputs::cannot_write(boxes_path, &e))?,
        camera: camera.as_ref().map(|(path, camera)| (path.as_path(), camera)),
        misfit: None,
    };
    let planner = HideEveryone::new(camera.as_ref().map(|(_, camera)| camera), site.mask.clone(), args.style)
        .with_unexplained(site.scene.unexplained);
    let planner = Arc::new(planner);
    let result = match target.kind {
        Kind::Clip(container) => {
            let job = Job {
                clip: Arc::clone(&clip),
                window: *window,
                site: site.clone(),
                planner,
                detectors: detectors.clone(),
                scene: scene.clone(),
                container,
                accept_damaged: args.accept_damaged,
                interrupt: (*interrupt).clone(),
            };
            redact_clip(&job, file, &mut watcher)
        }
        Kind::Still(kind, format) => {
            let job = StillJob {
                clip: Arc::clone(&clip),
                kind,
                site: site.clone(),
                planner,
                detectors: detectors.clone(),
                format,
                interrupt: (*interrupt).clone(),
            };
            redact_still(&job, file, &mut watcher)
        }
    };
    watcher.progress.clear();
    let Watcher { report, boxes, misfit, .. } = watcher;
    if let Some(misfit) = misfit {
        return Err(misfit.into());
    }
    let finished = result.map_err(|e| job_failure(e, interrupt))?;
    let outcome = &finished.outcome;
    let covered = report.covered();
    let context = ReportContext {
        source_file: name,
        source_kind: match target.kind {
            Kind::Clip(_) => SourceKind::Clip,
            Kind::Still(..) => SourceKind::Still,
        },
        effort: effort.word(),
        source_bytes: clip.len(),
        output_file: target.output.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        window: (!window.is_whole())
            .then(|| [args.from.map(|t| t.to_string()), args.to.map(|t| t.to_string())]),
        camera: camera.as_ref().map(|(_, camera)| camera),
        scene: scene.is_some() && matches!(target.kind, Kind::Clip(_)),
        models: serde_json::to_value(detectors.describe()).unwrap_or_default(),
        site,
    };
    let report = report.finish(context, outcome);
    let mut records = Vec::new();
    if let Some(file) = report_file {
        write_report(&file, &report).map_err(|e| outputs::cannot_write(file.target(), &e))?;
        records.push(file);
    }
    if let Some(boxes) = boxes {
        records.push(boxes.finish().map_err(|e| outputs::cannot_write(boxes_path, &e))?);
    }
    outputs::commit(records, finished.file)?;
    tell(shared, target, outcome, covered);
    Ok(())
}

fn write_report(file: &PartialFile, report: &crate::casework::Report<'_>) -> io::Result<()> {
    let mut out = io::BufWriter::new(file.file());
    serde_json::to_writer_pretty(&mut out, report)?;
    writeln!(out)?;
    out.flush()?;
    file.sync()
}

/// Says what was done, and what staff should know about it.
fn tell(shared: &Shared<'_>, target: &Target, outcome: &Outcome, covered: u64) {
    if shared.args.json {
        talk::data(json!({
            "input": target.input.to_string_lossy(),
            "output": target.output.to_string_lossy(),
            "ok": true,
            "exit": 0,
            "frames": outcome.written,
            "covered": covered,
            "completeness": outcome.completeness,
            "source_sha256": outcome.source_sha256,
            "output_sha256": outcome.output_sha256,
        }));
    }
    let what = match target.kind {
        Kind::Clip(_) if outcome.written == 1 => "one frame".to_owned(),
        Kind::Clip(_) => format!("{} frames", outcome.written),
        Kind::Still(..) => "one still".to_owned(),
    };
    let mut line = format!(
        "{} -> {}: {what} in {:.1} s",
        target.input.display(),
        target.output.display(),
        outcome.times.wall_secs
    );
    if covered > 0 {
        let where_named = if target.report.is_some() { "see the report" } else { "--report names them" };
        line += &format!(", {covered} of them covered whole ({where_named})");
    }
    match &outcome.completeness {
        crate::video::pipeline::Completeness::Damaged { how } => {
            line += &format!("; the clip is damaged: {how}")
        }
        crate::video::pipeline::Completeness::Unknown => {
            line += "; whether the clip is complete cannot be told from its container";
        }
        _ => {}
    }
    if let Some(change) = outcome.decoded.first_size_change {
        line +=
            &format!("; the picture changes from {} to {} at frame {}", change.from, change.to, change.frame);
    }
    if outcome.decoded.video_streams > 1 {
        line += &format!("; it holds {} video streams, the first was taken", outcome.decoded.video_streams);
    }
    talk::say(line);
}

/// Passes every frame on to report, boxes and progress bar, and checks the clip against the camera.
struct Watcher<'a> {
    progress: Progress,
    report: ReportBuilder,
    boxes: Option<BoxesWriter>,
    camera: Option<(&'a Path, &'a Camera)>,
    misfit: Option<crate::config::SettingsError>,
}

impl Observer for Watcher<'_> {
    fn begin(&mut self, declared: &Declared) {
        self.progress.begin(declared);
    }

    fn frame(&mut self, record: &FrameRecord<'_>) -> io::Result<()> {
        if record.number == 0
            && let Some((path, camera)) = self.camera
            && let Err(misfit) = check_size(camera, path, record.size)
        {
            self.misfit = Some(misfit);
            return Err(io::Error::other("the clip is not of this camera"));
        }
        self.progress.frame(record);
        self.report.frame(record);
        self.boxes.as_mut().map_or(Ok(()), |boxes| boxes.frame(record))
    }
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
