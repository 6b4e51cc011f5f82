//! One input of `melkglas redact`: from open file to committed output.

use super::{Shared, effort_of};
use crate::casework::audit::{Part, Receipt};
use crate::casework::{
    BoxesWriter, HideEveryone, ReportBuilder, ReportContext, Reveal, RevealAsked, RevealFacts,
    RevealRecorder, SourceKind, Trust,
};
use crate::cli::acts::{Shown, done, hash};
use crate::cli::common::{Effort, open_clip, scene_of};
use crate::cli::corrections::{Extent, Watch};
use crate::cli::outputs::{self, Kind, Target};
use crate::cli::passes::{Fit, NamedCamera, analysed, masking};
use crate::cli::progress::Progress;
use crate::cli::talk;
use crate::config::Site;
use crate::error::{Exit, Failure};
use crate::video::analysis::Analysis;
use crate::video::detect::OnnxFactory;
use crate::video::pipeline::{
    EmptyScene, FrameRecord, Job, Observer, Outcome, StageTimes, StillJob, redact_clip, redact_still,
    render_clip,
};
use crate::video::plan::Planner;
use crate::video::sink::{Container, Overwrite, PartialFile};
use crate::video::source::{Clip, Declared, HiddenMedia, Window};
use serde_json::json;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One clip or still, from open file to committed output.
pub(super) fn one(shared: &Shared<'_>, target: &Target) -> Result<(), Failure> {
    let Shared { args, camera, scene, efforts, known, corrections, to_show, window, interrupt } = shared;
    let (effort, (site, detectors)) = match (known, efforts.first_key_value()) {
        (Some(_), Some((effort, with))) => (*effort, with),
        _ => {
            let effort = effort_of(args, None, target.kind);
            (effort, efforts.get(&effort).expect("made for every input before the first"))
        }
    };
    let passes = match (target.kind, known) {
        (Kind::Still(..), _) => 1,
        (Kind::Clip(_), Some(_)) => 2,
        (Kind::Clip(_), None) if to_show.is_some() => 2,
        (Kind::Clip(_), None) => effort.passes(args.passes),
    };
    let clip = Arc::new(args.stated.of(open_clip(&target.input)?));
    let camera = camera.as_ref().map(|(path, camera)| (path.as_path(), camera));
    let everyone = HideEveryone::new(camera.map(|(_, camera)| camera), site.mask.clone(), args.style)
        .with_unexplained(site.scene.unexplained)
        .with_corrections(corrections.all());
    let mut work = Work {
        shared,
        target,
        clip: &clip,
        name: target.input.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        camera,
        effort,
        passes,
        site,
        detectors,
        planner: Arc::new(everyone.clone()),
        scene: None,
        files: Files::create(shared, target)?,
    };
    if let (Kind::Clip(_), None) = (target.kind, known) {
        work.scene = scene_of(scene.clone(), &clip, camera.map(|(_, camera)| camera), site, interrupt);
    }
    let first = match (target.kind, known) {
        (Kind::Clip(container), None) if passes == 2 => {
            Some(analysed(&work.job(container, *window), &work.name, camera)?)
        }
        _ => None,
    };
    let analysis =
        known.as_ref().map(|known| &known.analysis).or(first.as_ref().map(|first| &first.analysis));
    let earlier = first.as_ref().map(|first| first.times).unwrap_or_default();
    let made = match (to_show, analysis) {
        (Some(to_show), Some(analysis)) => {
            let (discretion, trust) = to_show.discretion(everyone, analysis, &site.follow)?;
            let saved = known.as_ref().map(|known| known.sha256.as_str());
            let act =
                to_show.act(&discretion, (analysis, saved), camera.map(|(_, camera)| camera), detectors)?;
            let folders = [outputs::folder(&target.input), outputs::folder(&target.output)];
            let log = to_show.asked.log(&folders.each_ref().map(PathBuf::as_path))?;
            let show = |receipt: &Receipt| {
                let reveal = Reveal::new(discretion.clone(), receipt);
                work.planner = Arc::new(reveal.map_err(|e| Failure::new(Exit::Bug, e))?);
                let asked = (to_show.as_written(), trust, receipt);
                let made =
                    work.made(Some(analysis), earlier, Some((RevealRecorder::new(discretion), asked)))?;
                let output = Some(hash(&made.outcome.output_sha256)?);
                Ok(Shown { parts: made.shown.clone(), output, made })
            };
            done(&log, act, &to_show.asked.reason, show)?.0
        }
        _ => work.made(analysis, earlier, None)?,
    };
    outputs::commit(made.records, made.file)?;
    tell(shared, target, &made.outcome, made.covered, passes);
    if let Some(facts) = &made.revealed {
        tell_reveal(facts);
    }
    Ok(())
}

/// Files without their final names.
struct Files {
    clip: PartialFile,
    report: Option<PartialFile>,
    boxes: Option<BoxesWriter>,
    corrections: Option<PartialFile>,
}

impl Files {
    fn create(shared: &Shared<'_>, target: &Target) -> Result<Self, Failure> {
        let overwrite = if shared.args.force { Overwrite::Replace } else { Overwrite::Refuse };
        let create =
            |path: &Path| PartialFile::create(path, overwrite).map_err(|e| outputs::cannot_write(path, &e));
        let clip = create(&target.output)?;
        let report = target.report.as_deref().map(create).transpose()?;
        let boxes_file = target.boxes.as_deref().map(create).transpose()?;
        let corrections = target.corrections.as_deref().map(create).transpose()?;
        let boxes = boxes_file.map(BoxesWriter::new).transpose();
        let boxes = boxes.map_err(|e| outputs::cannot_write(boxes_path(target), &e))?;
        Ok(Self { clip, report, boxes, corrections })
    }
}

fn boxes_path(target: &Target) -> &Path {
    target.boxes.as_deref().unwrap_or(&target.output)
}

/// All that the work on one input needs.
struct Work<'a> {
    shared: &'a Shared<'a>,
    target: &'a Target,
    clip: &'a Arc<Clip>,
    name: String,
    camera: NamedCamera<'a>,
    effort: Effort,
    passes: u8,
    site: &'a Site,
    detectors: &'a Arc<OnnxFactory>,
    planner: Arc<dyn Planner>,
    scene: Option<Arc<EmptyScene>>,
    files: Files,
}

enum Task {
    Clip(Box<Job>),
    Still(Box<StillJob>),
}

/// What the work on one input came to, still without final names.
struct Made {
    file: PartialFile,
    records: Vec<PartialFile>,
    outcome: Outcome,
    covered: u64,
    /// Who and what was shown, and when.
    shown: Vec<Part>,
    revealed: Option<RevealFacts>,
}

/// A reveal as it is recorded: what was asked, how far the analysis can be trusted, and the entry in the log.
type Recording<'a> = (RevealRecorder, (RevealAsked, Trust, &'a Receipt));

impl Work<'_> {
    fn job(&self, container: Container, window: Window) -> Job {
        Job {
            clip: Arc::clone(self.clip),
            window,
            site: self.site.clone(),
            planner: Arc::clone(&self.planner),
            detectors: self.detectors.clone(),
            scene: self.scene.clone(),
            container,
            accept_damaged: self.shared.args.accept_damaged,
            interrupt: self.shared.interrupt.clone(),
        }
    }

    fn task(&self) -> Task {
        match self.target.kind {
            Kind::Clip(container) => Task::Clip(Box::new(self.job(container, self.shared.window))),
            Kind::Still(kind, format) => Task::Still(Box::new(StillJob {
                clip: Arc::clone(self.clip),
                kind,
                site: self.site.clone(),
                planner: Arc::clone(&self.planner),
                detectors: self.detectors.clone(),
                format,
                interrupt: self.shared.interrupt.clone(),
            })),
        }
    }

    /// Masks, encodes and writes the records; by the analysis where there is one.
    fn made(
        self,
        analysis: Option<&Analysis>,
        earlier: StageTimes,
        reveal: Option<Recording<'_>>,
    ) -> Result<Made, Failure> {
        let Shared { args, known, corrections, window, interrupt, .. } = self.shared;
        let (recorder, recorded) = reveal.unzip();
        let task = self.task();
        let Self { target, clip, name, camera, effort, passes, site, detectors, scene, files, .. } = self;
        let mut watcher = Watcher {
            progress: masking(&name, passes),
            report: ReportBuilder::default(),
            boxes: files.boxes,
            fit: Fit::of(camera),
            corrections: corrections.watch(),
            reveal: recorder,
        };
        let result = match (&task, analysis) {
            (Task::Clip(job), Some(analysis)) => render_clip(job, analysis, files.clip, &mut watcher),
            (Task::Clip(job), None) => redact_clip(job, files.clip, &mut watcher),
            (Task::Still(job), _) => redact_still(job, files.clip, &mut watcher),
        };
        watcher.progress.clear();
        let Watcher { report, boxes, fit, corrections: watch, reveal, .. } = watcher;
        let watch = watch.or_refused()?;
        let mut finished = fit.or_failed(interrupt, result)?;
        finished.outcome.times = finished.outcome.times.after(earlier);
        let outcome = finished.outcome;
        let covered = report.covered();
        let extent = if window.is_whole() && !args.accept_damaged { Extent::Whole } else { Extent::Part };
        let corrected = watch.finish(&outcome, extent, files.corrections.as_ref())?;
        let shown = reveal.as_ref().map(RevealRecorder::parts).unwrap_or_default();
        let revealed = reveal
            .zip(recorded)
            .map(|(recorder, (asked, trust, receipt))| recorder.finish(asked, trust, receipt));
        let context = ReportContext {
            source_file: name,
            source_kind: match target.kind {
                Kind::Clip(_) => SourceKind::Clip,
                Kind::Still(..) => SourceKind::Still,
            },
            effort: effort.word(),
            passes,
            analysis: known.as_ref().map(|known| known.sha256.clone()),
            source_bytes: clip.len(),
            output_file: target.output.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            window: (!window.is_whole())
                .then(|| [args.from.map(|t| t.to_string()), args.to.map(|t| t.to_string())]),
            camera: camera.map(|(_, camera)| camera),
            scene: analysis.map_or_else(|| scene.map(|scene| scene.kind()), Analysis::compared),
            corrections: corrected,
            reveal: revealed.clone(),
            models: serde_json::to_value(detectors.describe()).unwrap_or_default(),
            site,
        };
        let report = report.finish(context, &outcome);
        let mut records = Vec::new();
        if let Some(file) = files.report {
            write_report(&file, &report).map_err(|e| outputs::cannot_write(file.target(), &e))?;
            records.push(file);
        }
        if let Some(boxes) = boxes {
            records.push(boxes.finish().map_err(|e| outputs::cannot_write(boxes_path(target), &e))?);
        }
        records.extend(files.corrections);
        Ok(Made { file: finished.file, records, outcome, covered, shown, revealed })
    }
}

/// Says what staff should know about who was shown.
fn tell_reveal(facts: &RevealFacts) {
    if facts.mode.is_some() {
        let hidden: Vec<String> =
            facts.frames_hidden.iter().map(|(why, n)| format!("{n} {}", why.words())).collect();
        let hidden =
            if hidden.is_empty() { String::new() } else { format!("; hidden in {}", hidden.join(", ")) };
        talk::say(format_args!("the subject is shown in {} frames{hidden}", facts.frames_shown));
    }
    if !facts.doubts.is_empty() {
        talk::say(format_args!(
            "{} stretches are in doubt: `melkglas doubts` shows them, and one more --keep in each settles them",
            facts.doubts.len()
        ));
    }
    talk::say(format_args!("entry {} of the audit log", facts.entry));
}

fn write_report(file: &PartialFile, report: &crate::casework::Report<'_>) -> io::Result<()> {
    let mut out = io::BufWriter::new(file.file());
    serde_json::to_writer_pretty(&mut out, report)?;
    writeln!(out)?;
    out.flush()?;
    file.sync()
}

/// Says what was done, and what staff should know about it.
fn tell(shared: &Shared<'_>, target: &Target, outcome: &Outcome, covered: u64, passes: u8) {
    if shared.args.json {
        talk::data(json!({
            "input": target.input.to_string_lossy(),
            "output": target.output.to_string_lossy(),
            "ok": true,
            "exit": 0,
            "passes": passes,
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
    // Within a case both lie in one folder in memory, the clip as a link; where that is says nothing to anybody.
    let (input, output) = (&target.input, &target.output);
    let in_memory = input.is_symlink() && input.parent() == output.parent();
    let shown = |path: &Path| match path.file_name() {
        Some(name) if in_memory => name.to_string_lossy().into_owned(),
        _ => path.display().to_string(),
    };
    let mut line =
        format!("{} -> {}: {what} in {:.1} s", shown(input), shown(output), outcome.times.wall_secs);
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
    if let Some(track) = outcome.declared.track {
        line += &format!("; it holds several video tracks, track {track} was taken");
    }
    if let Some(hidden) = outcome.declared.hidden {
        let HiddenMedia { frames, secs } = hidden;
        line += &format!(
            "; the file holds {frames} frames more ({secs:.1} s) that its edit list shows to nobody"
        );
    }
    if outcome.declared.matrix_ignored {
        line += "; the file asks to be shown stretched or turned askew, which was not done";
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
    fit: Fit<'a>,
    corrections: Watch<'a>,
    reveal: Option<RevealRecorder>,
}

impl Observer for Watcher<'_> {
    fn begin(&mut self, declared: &Declared) {
        self.progress.begin(declared);
    }

    fn frame(&mut self, record: &FrameRecord<'_>) -> io::Result<()> {
        self.fit.check(record)?;
        self.corrections.frame(record)?;
        self.progress.frame(record);
        self.report.frame(record);
        if let Some(reveal) = &mut self.reveal {
            reveal.frame(record);
        }
        self.boxes.as_mut().map_or(Ok(()), |boxes| boxes.frame(record))
    }
}
