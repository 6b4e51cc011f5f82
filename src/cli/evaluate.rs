//! `melkglas evaluate`: how well people are hidden on footage for which somebody wrote down where they are.

use super::audit::LogPlace;
use super::common::{Effort, Installation, Stated, empty_scene, open_clip, read_camera, scene_of};
use super::evaluate_strip::strip;
use super::passes::{Fit, analysed, known, masking, read_analysis};
use super::progress::Progress;
use super::restricted::{Files, Footage, Restriction};
use super::{camera, evaluate_reveal, talk};
use crate::casework::case::Reads;
use crate::casework::{
    Evaluation, EvaluationContext, Evaluator, Forgotten, HideEveryone, Rehearser, Truth, Worst, WorstFrame,
};
use crate::config::moving_with_zones;
use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::video::analysis::Basis;
use crate::video::detect::Forgetful;
use crate::video::frame::RedactedFrame;
use crate::video::pipeline::{FrameRecord, Job, Observer, rehearse_clip, rehearse_rendering};
use crate::video::sink::Container;
use crate::video::source::{Clip, Declared, StillKind, Window};
use clap::Args as ClapArgs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Flags of `melkglas evaluate`.
#[derive(Debug, ClapArgs)]
#[command(after_help = HELP)]
pub(super) struct Args {
    /// A clip; it is redacted in memory, and nothing of it is written.
    clip: PathBuf,
    /// Where people really are: MOTChallenge rows, such as the gt.txt that CVAT exports as "MOT 1.1".
    #[arg(long, value_name = "GT.csv")]
    truth: PathBuf,
    /// The camera that filmed the clip; without it no private region is hidden, only people.
    #[arg(long, value_name = "FILE")]
    camera: Option<PathBuf>,
    /// How hard to look, as for `redact`.
    #[arg(long, value_name = "EFFORT", default_value = "fast")]
    effort: Effort,
    /// How often the clip is gone through, as for `redact`.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=2))]
    passes: Option<u8>,
    /// Drop this share of all detections at random, from 0 to 1: how much hangs on every single one?
    #[arg(long, value_name = "SHARE", value_parser = share)]
    forget: Option<f64>,
    /// Another number drops other detections.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "forget")]
    seed: u64,
    #[command(flatten)]
    stated: Stated,
    /// Instead, rehearse reveals: everybody in the truth is the subject once, clicked at this many moments, and what
    /// `redact --keep` would show is held against the truth. Nothing is shown to anybody.
    #[arg(long, value_name = "CLICKS", conflicts_with_all = ["passes", "forget", "strip"],
          value_parser = clap::value_parser!(u8).range(1..=50))]
    reveal: Option<u8>,
    /// Rehearse them on what `melkglas analyse` found in this clip, without looking again.
    #[arg(long, value_name = "A", requires = "reveal")]
    analysis: Option<PathBuf>,
    /// Write the worst frames, at most eight, as they are masked, with the boxes of the truth drawn on them (PNG). Who
    /// was missed can be seen on it: treat it like footage.
    #[arg(long, value_name = "P.png")]
    strip: Option<PathBuf>,
    /// Write everything that was measured (JSON).
    #[arg(long, value_name = "R.json")]
    report: Option<PathBuf>,
    /// Print the same as one line of JSON on stdout, instead of the table.
    #[arg(long)]
    json: bool,
    /// Replace outputs that exist. Never an input.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    restriction: Restriction,
    #[command(flatten)]
    installation: Installation,
}

impl Footage for Args {
    const READS: Reads = Reads::Evaluate;

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
            clips: vec![&mut self.clip],
            made: self.analysis.iter_mut().collect(),
            outputs: self.strip.iter_mut().chain(&mut self.report).collect(),
            folders: Vec::new(),
        }
    }
}

const HELP: &str = "\
A head is the top fifth of a person's box (of somebody lying either end, the worse one counts); it is exposed where \
less than 90 % of it is hidden. A body is the middle of the box; it is exposed below 80 %. One frame in which a head is \
exposed is enough to recognise somebody, so the figure that counts is how many people are exposed at least once.

The rows are frame,id,left,top,width,height,confidence,class,visibility: frames from 1, pixels from 0 at the top left, \
an id for each person that stays the same. Rows with confidence 0 and, of nine columns, with a class from 2 to 13 are \
left out, and counted.

Example:
  melkglas evaluate clip.mp4 --truth gt.txt --camera pipelines/cameras/entrance-3.toml --strip worst.png";

pub(super) fn run(args: &Args, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let inputs: Vec<&PathBuf> =
        [&args.clip, &args.truth].into_iter().chain(&args.camera).chain(&args.installation.site).collect();
    camera::refuse_existing(&[args.strip.as_ref(), args.report.as_ref()], &inputs, args.force)?;
    let site = args.installation.settings()?;
    let truth = Truth::read(&args.truth).map_err(|e| Failure::new(Exit::Settings, e))?;
    let camera = args.camera.as_deref().map(read_camera).transpose()?;
    if let Some(warning) = camera.as_ref().and_then(moving_with_zones) {
        talk::say(warning);
    }
    let clip = open(args)?;
    let site = args.effort.settings(&site, camera.as_ref());
    let detectors = args.installation.detectors(&site)?;
    let of_camera = empty_scene(args.camera.as_deref().zip(camera.as_ref()), &site, &detectors)?;
    let job = Job {
        clip: Arc::clone(&clip),
        window: Window::WHOLE,
        site: site.clone(),
        planner: Arc::new(
            HideEveryone::new(camera.as_ref(), site.mask.clone(), None)
                .with_unexplained(site.scene.unexplained),
        ),
        detectors: match args.forget {
            Some(share) => Arc::new(Forgetful { detectors: detectors.clone(), share, seed: args.seed }),
            None => detectors.clone(),
        },
        scene: scene_of(of_camera, &clip, camera.as_ref(), &site, interrupt),
        container: Container::Mp4,
        accept_damaged: false,
        interrupt: interrupt.clone(),
    };
    let name = args.clip.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let named = args.camera.as_deref().zip(camera.as_ref());
    if let Some(clicks) = args.reveal {
        let analysis = match &args.analysis {
            Some(path) => {
                let stated = args.stated.recorded();
                let here = |source| {
                    let models = detectors.models();
                    Basis::new(source, camera.as_ref(), args.effort.word(), stated, &models, &site)
                };
                known(path, read_analysis(path)?, &clip, &site, here, interrupt)?.analysis
            }
            None => analysed(&job, &name, named)?.analysis,
        };
        let everyone = HideEveryone::new(camera.as_ref(), site.mask.clone(), None)
            .with_unexplained(site.scene.unexplained);
        let pairs = Rehearser::new(&analysis, &truth, everyone, &site).rehearse(clicks.into());
        evaluate_reveal::tell(&name, &pairs, args.json);
        return Ok(Exit::Ok);
    }
    let passes = args.effort.passes(args.passes);
    let first = if passes == 2 { Some(analysed(&job, &name, named)?) } else { None };
    let mut watcher = Watcher {
        progress: masking(&name, passes),
        evaluator: Evaluator::new(&truth, camera.as_ref(), &site),
        fit: Fit::of(named),
        exposed: None,
        wanted: args.strip.is_some(),
        worst: Worst::default(),
    };
    let result = match &first {
        Some(first) => rehearse_rendering(&job, &first.analysis, &mut watcher),
        None => rehearse_clip(&job, &mut watcher),
    };
    watcher.progress.clear();
    let Watcher { evaluator, fit, worst, .. } = watcher;
    let rehearsal = fit.or_failed(interrupt, result)?;
    let worst = worst.into_frames();
    let context = EvaluationContext {
        file: name,
        bytes: clip.len(),
        effort: args.effort.word(),
        passes,
        forget: args.forget.map(|share| Forgotten { share, seed: args.seed }),
        models: serde_json::to_value(detectors.describe()).unwrap_or_default(),
        site: &site,
    };
    let frames = worst.iter().map(|(frame, _)| frame.clone()).collect();
    let found = evaluator.finish(context, &rehearsal, frames);
    write(args, &found, &worst)?;
    if args.json {
        talk::data(serde_json::to_string(&found).unwrap_or_default());
    } else {
        table(&found);
    }
    remarks(args, &found, worst.len());
    Ok(Exit::Ok)
}

/// A share of all, from 0 to 1.
fn share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "write a number from 0 to 1".into())
}

/// The clip; a still has no frames to be measured over.
fn open(args: &Args) -> Result<Arc<Clip>, Failure> {
    let clip = open_clip(&args.clip)?;
    if StillKind::of_clip(&clip).map_err(|e| Failure::new(Exit::Input, e))?.is_some() {
        return Err(Failure::with_cure(
            Exit::Usage,
            format!("{} is a still", args.clip.display()),
            "give a clip; its first frame is frame 1 of the truth",
        ));
    }
    Ok(Arc::new(args.stated.of(clip)))
}

/// Scores every frame, and keeps the masked pictures of the worst.
struct Watcher<'a> {
    progress: Progress,
    evaluator: Evaluator<'a>,
    fit: Fit<'a>,
    /// The frame whose picture comes next, where somebody can be seen in it.
    exposed: Option<WorstFrame>,
    /// Whether pictures are wanted at all.
    wanted: bool,
    worst: Worst<Option<RedactedFrame>>,
}

impl Observer for Watcher<'_> {
    fn begin(&mut self, declared: &Declared) {
        self.progress.begin(declared);
    }

    fn frame(&mut self, record: &FrameRecord<'_>) -> io::Result<()> {
        self.fit.check(record)?;
        self.progress.frame(record);
        self.exposed = self.evaluator.frame(record);
        Ok(())
    }

    fn picture(&mut self, picture: RedactedFrame) {
        if let Some(frame) = self.exposed.take() {
            self.worst.offer(frame, self.wanted.then_some(picture));
        }
    }
}

/// Strip and report, both or neither.
fn write(
    args: &Args,
    found: &Evaluation<'_>,
    worst: &[(WorstFrame, Option<RedactedFrame>)],
) -> Result<(), Failure> {
    let mut files = Vec::new();
    let tiles: Vec<_> =
        worst.iter().filter_map(|(frame, picture)| Some((frame, picture.as_ref()?))).collect();
    if let (Some(path), false) = (&args.strip, tiles.is_empty()) {
        files.push(camera::png(path, &strip(&tiles)?, args.force)?);
    }
    if let Some(path) = &args.report {
        files.push(camera::written(path, args.force, |out| {
            serde_json::to_writer_pretty(&mut *out, found)?;
            writeln!(out)
        })?);
    }
    camera::finish(files)
}

/// The figures, for somebody who has to decide whether they are good enough.
fn table(found: &Evaluation<'_>) {
    let figures = &found.figures;
    let percent = |part: u64, of: u64| format!("{:.1} %", 100.0 * part as f64 / of.max(1) as f64);
    talk::data(format_args!(
        "{}: {} frames, {} people, {} times somebody in a frame",
        found.source.file, figures.frames, figures.identities, figures.person_frames
    ));
    talk::data(format_args!(
        "{:>10}  {:>8}  {:>14}  {:>14}  {:>12}",
        "person", "frames", "head exposed", "body exposed", "longest run"
    ));
    for person in &figures.by_identity {
        talk::data(format_args!(
            "{:>10}  {:>8}  {:>14}  {:>14}  {:>12}",
            person.identity,
            person.frames,
            percent(person.heads, person.frames),
            percent(person.bodies, person.frames),
            person.longest_run
        ));
    }
    talk::data(format_args!(
        "{:>10}  {:>8}  {:>14}  {:>14}  {:>12}",
        "all",
        figures.person_frames,
        percent(figures.heads, figures.person_frames),
        percent(figures.bodies, figures.person_frames),
        figures.longest_run
    ));
    talk::data(format_args!(
        "{} of {} people can be seen: their head is exposed in at least one frame",
        figures.identities_exposed, figures.identities
    ));
    talk::data(format_args!(
        "{:.1} % of the picture is hidden without need, on average: outside people{}",
        100.0 * figures.overmask,
        if found.camera.is_some() { " and zones" } else { "" }
    ));
}

/// What bounds the trust in the figures, and what was written.
fn remarks(args: &Args, found: &Evaluation<'_>, worst: usize) {
    let (figures, truth) = (&found.figures, found.truth);
    let left_out = truth.left_out_by_confidence + truth.left_out_by_class;
    if left_out > 0 {
        talk::say(format_args!(
            "{left_out} rows of the truth were left out: {} have confidence 0, {} a class other than people",
            truth.left_out_by_confidence, truth.left_out_by_class
        ));
    }
    if figures.frames_missing > 0 {
        talk::say(format_args!(
            "the truth names {} frames that the clip does not have; everybody in them counts as exposed. Is it the \
             truth of this clip?",
            figures.frames_missing
        ));
    }
    if found.frames_covered > 0 {
        talk::say(format_args!(
            "{} frames were covered whole, because they are damaged or could not be searched; in these everybody \
             counts as hidden",
            found.frames_covered
        ));
    }
    match (&args.strip, worst) {
        (Some(path), 0) => {
            talk::say(format_args!("{} was not written: nobody can be seen in any frame", path.display()));
        }
        (Some(path), n) => talk::say(format_args!(
            "wrote {}: the {n} worst frames; whoever was missed can be seen on it",
            path.display()
        )),
        (None, _) => {}
    }
    if let Some(path) = &args.report {
        talk::say(format_args!("wrote {}", path.display()));
    }
}
