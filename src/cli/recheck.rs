//! `melkglas recheck`: a second look at a finished file, before it leaves the house.

use super::common::{Effort, Installation, empty_scene, job_failure, open_clip, read_camera};
use super::outputs::{cannot_write, check_files};
use super::talk;
use crate::casework::{Means, RecheckReport, ReportRead};
use crate::config::{BurnIn, Site, UnexplainedPolicy};
use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::video::pipeline::{Paint, RecheckJob, look_again};
use crate::video::sink::{Overwrite, PartialFile};
use clap::Args as ClapArgs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Flags of `melkglas recheck`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
The file is read back from disk and searched at thorough effort, in tiles and in a mirror, frame by frame and without \
anything that the first look knew; with --camera every pixel of its zones has to look painted in every frame, and the \
picture is compared with the camera's empty scene. A mask that looks like somebody is no finding. A finding ends with \
6; look at the moment that it names, and hide what is there with `melkglas redact --cover`, or tell whoever decides.

Example:
  melkglas recheck clip.redacted.mp4 --report clip.report.json --camera pipelines/cameras/entrance-3.toml")]
pub(super) struct Args {
    /// The masked clip.
    file: PathBuf,
    /// The report of its redaction.
    #[arg(long, value_name = "R.json")]
    report: PathBuf,
    /// The camera that filmed it.
    #[arg(long, value_name = "FILE")]
    camera: Option<PathBuf>,
    /// The networks and the scene look at every n-th frame. Zones are checked in all of them.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=250))]
    every: u32,
    /// Write what was found to this file (JSON).
    #[arg(short, long, value_name = "OUT.json")]
    output: Option<PathBuf>,
    /// Replace a file that exists.
    #[arg(long)]
    force: bool,
    /// Print what was found as JSON on stdout.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    installation: Installation,
}

/// Longest report that is read, bytes.
const LONGEST_REPORT: u64 = 64 << 20;

pub(super) fn run(args: &Args, interrupt: &Interrupt) -> Result<Exit, Failure> {
    if let Some(output) = &args.output {
        let inputs: Vec<&Path> =
            [&args.file, &args.report].into_iter().chain(&args.camera).map(PathBuf::as_path).collect();
        check_files(&[output], &inputs, args.force)?;
    }
    let report = read_report(&args.report)?;
    let looking = Looking {
        file: &args.file,
        report: &report,
        camera: args.camera.as_deref(),
        every: args.every,
        installation: &args.installation,
        burn_in: None,
    };
    let verdict = second_look(&looking, interrupt)?;
    let text = format!("{:#}\n", serde_json::to_value(&verdict).unwrap_or_default());
    if let Some(output) = &args.output {
        let write = || {
            let partial =
                PartialFile::create(output, if args.force { Overwrite::Replace } else { Overwrite::Refuse })?;
            partial.file().write_all(text.as_bytes())?;
            partial.commit()
        };
        write().map_err(|e| cannot_write(output, &e))?;
    }
    if args.json {
        talk::data(text.trim_end());
    } else {
        tell(&verdict);
    }
    Ok(if verdict.passed { Exit::Ok } else { Exit::Refused })
}

/// What a second look is made at, and with.
pub(super) struct Looking<'a> {
    pub(super) file: &'a Path,
    pub(super) report: &'a ReportRead,
    pub(super) camera: Option<&'a Path>,
    pub(super) every: u32,
    pub(super) installation: &'a Installation,
    /// Words that were burned in.
    pub(super) burn_in: Option<&'a BurnIn>,
}

/// Looks again at a finished file.
pub(super) fn second_look(at: &Looking<'_>, interrupt: &Interrupt) -> Result<RecheckReport, Failure> {
    let Looking { file, report, camera, every, installation, burn_in } = *at;
    let read = camera.map(read_camera).transpose()?;
    let site = Effort::Thorough.settings(&installation.settings()?, read.as_ref());
    let detectors = installation.detectors(&site)?;
    // What differs is shown on purpose where the settings say so, and where an act lifted a mask over it.
    let hides = site.scene.unexplained == UnexplainedPolicy::Mask && report.reveal.is_none();
    let scene = if hides { empty_scene(camera.zip(read.as_ref()), &site, &detectors)? } else { None };
    let zones = read.as_ref().map(|camera| &camera.zones);
    let means = Means {
        zones: zones.map(|zones| zones.iter().map(|zone| zone.label.clone()).collect()),
        scene: scene.is_some(),
        every,
    };
    let job = RecheckJob {
        clip: Arc::new(open_clip(file)?),
        paint: paint(report, &site),
        burn_in: burn_in.cloned(),
        workers: std::thread::available_parallelism().map_or(1, usize::from),
        detectors,
        scene,
        zones: zones.into_iter().flatten().map(|zone| Arc::clone(&zone.polygon)).collect(),
        every,
        interrupt: interrupt.clone(),
        site,
    };
    let rechecked = look_again(&job).map_err(|e| job_failure(e, interrupt))?;
    Ok(RecheckReport::of(rechecked, report, &means))
}

/// Says what a second look came to.
pub(super) fn tell(verdict: &RecheckReport) {
    let look = &verdict.look;
    talk::data(format_args!(
        "{}: {} of {} frames searched, {} compared with the empty scene, {} zones checked",
        if verdict.passed { "nothing found" } else { "BLOCKED" },
        look.looked,
        look.frames,
        look.compared,
        look.zones
    ));
    for finding in &verdict.blocked_by {
        talk::data(format_args!("  finding      {finding}"));
    }
    for doubt in &verdict.doubts {
        let area = &doubt.area;
        talk::data(format_args!(
            "  doubt        {:?}, score {:.2}, {:.1}@{},{},{},{}",
            doubt.what,
            doubt.score,
            doubt.best_s,
            area.x0,
            area.y0,
            area.width(),
            area.height()
        ));
    }
    for gap in &verdict.not_checked {
        talk::data(format_args!("  not checked  {gap}"));
    }
}

/// Reads a report of a redaction.
pub(super) fn read_report(path: &Path) -> Result<ReportRead, Failure> {
    let fault = |e: &dyn std::fmt::Display| Failure::new(Exit::Input, format!("{}: {e}", path.display()));
    if std::fs::metadata(path).is_ok_and(|meta| meta.len() > LONGEST_REPORT) {
        return Err(fault(&"this is too long for a report"));
    }
    let bytes = std::fs::read(path).map_err(|e| fault(&e))?;
    ReportRead::parse(&bytes).map_err(|e| fault(&e))
}

/// What the file was painted with, by its report.
fn paint(report: &ReportRead, site: &Site) -> Paint {
    let colour = report.setting("mask", "fill_colour").parse().unwrap_or(site.mask.fill_colour);
    let style = report.setting("mask", "style");
    // A zone may have a style of its own, so cells are looked for unless there is nothing but fill.
    let fill_only = style == "fill" && report.camera.is_none();
    Paint { cells: !fill_only, fill: colour.0 }
}
