//! `melkglas models`: see, try and add the networks that find people.

use super::camera::{finish, no_still, picture_of, png, refuse_existing};
use super::camera_picture::draw_boxes;
use super::common::{Installation, open_clip, read_camera};
use super::set_up::set_up;
use super::talk;
use crate::casework::HideEveryone;
use crate::config::{DetectSettings, Site, Targets, check_size};
use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::share::ShareDirs;
use crate::video::detect::{DetectorFactory, Manifest, ModelEntry, OnnxFactory, Task, made_up};
use crate::video::pipeline::{Shown, StillError, Tried, try_on_clip};
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Subcommands of `melkglas models`.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the models of the manifest, and mark those in use.
    List(ListArgs),
    /// Load every model, check its hash, and let it look.
    Check(CheckArgs),
    /// Try an ONNX file, and add it to the models folder.
    Add(super::models_add::AddArgs),
}

/// Flags of `melkglas models list`.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Print the list as JSON on stdout.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    installation: Installation,
}

/// Flags of `melkglas models check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Each model is loaded by itself, also those that are not in use, its file held against the SHA-256 in the manifest, and \
run: on a plain and a noisy picture, or on a frame a second of the first quarter of a minute of CLIP. What it returns \
must have its family's form and hold numbers and possible boxes. Ends with 3 where anything fails.

The picture shows the frame in which most was found, a colour for each model. It is masked first: whoever any of the \
models found anywhere in those seconds is hidden on it.

Example:
  melkglas models check --on clip.mp4 --picture found.png")]
pub(super) struct CheckArgs {
    /// Let the models look at this clip.
    #[arg(long, value_name = "CLIP")]
    on: Option<PathBuf>,
    /// Write a masked still of the clip with every model's boxes drawn on it (PNG).
    #[arg(long, value_name = "P.png", requires = "on")]
    picture: Option<PathBuf>,
    /// The camera that filmed the clip: its private regions are hidden on the picture too.
    #[arg(long, value_name = "FILE", requires = "on")]
    camera: Option<PathBuf>,
    /// Replace a picture that exists.
    #[arg(long)]
    force: bool,
    /// Print the findings as JSON on stdout.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    installation: Installation,
}

/// Runs one of them.
pub(super) fn run(command: &Command, interrupt: &Interrupt) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list(args),
        Command::Check(args) => check(args, interrupt),
        Command::Add(args) => super::models_add::run(args),
    }
}

/// Any fault of the installation.
pub(super) fn fault(e: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Settings, e)
}

fn list(args: &ListArgs) -> Result<Exit, Failure> {
    let site = args.installation.settings()?;
    let share = ShareDirs::find(args.installation.models.as_deref()).map_err(|e| fault(&e))?;
    let manifest = Manifest::read(&share.models).map_err(|e| fault(&e))?;
    let in_use = manifest.in_use(&site.detect.models).map_err(|e| fault(&e))?;
    if args.json {
        let models = manifest.models.iter().map(|m| {
            json!({
                "id": m.id, "task": m.task, "family": m.family, "classes": m.classes(), "input": input(m, &site.detect),
                "threshold": threshold(m, &site.detect), "licence": m.licence, "origin": m.origin, "sha256": m.sha256,
                "file": m.file, "in_use": in_use.contains(&m),
            })
        });
        talk::data(json!(models.collect::<Vec<_>>()));
        return Ok(Exit::Ok);
    }
    let head = ["", "id", "task", "family", "classes", "input", "threshold", "sha256", "licence"];
    let rows = manifest.models.iter().map(|m| {
        let mark = if in_use.contains(&m) { "*" } else { "" };
        [
            mark.to_owned(),
            m.id.clone(),
            m.task.word().to_owned(),
            m.family.word().to_owned(),
            m.classes().word().to_owned(),
            input(m, &site.detect),
            threshold(m, &site.detect).to_string(),
            m.sha256.chars().take(8).collect(),
            m.licence.clone(),
        ]
    });
    let rows: Vec<_> = [head.map(str::to_owned)].into_iter().chain(rows).collect();
    talk::table(&rows);
    talk::say(format_args!("* in use; the models are in {}", share.models.display()));
    Ok(Exit::Ok)
}

/// The input's size as it will be: the graph's own, or the longer side that the settings ask for.
fn input(model: &ModelEntry, settings: &DetectSettings) -> String {
    match (model.input.size, model.task) {
        (Some([width, height]), _) => format!("{width}x{height}"),
        (None, Task::Person) => settings.person_input_px.to_string(),
        (None, Task::Face) => settings.face_input_px.to_string(),
    }
}

fn threshold(model: &ModelEntry, settings: &DetectSettings) -> f32 {
    let asked = match model.task {
        Task::Person => settings.person_score,
        Task::Face => settings.face_score,
    };
    asked.unwrap_or(model.default_threshold)
}

fn check(args: &CheckArgs, interrupt: &Interrupt) -> Result<Exit, Failure> {
    if let Some(clip) = &args.on {
        let inputs: Vec<&PathBuf> = [clip].into_iter().chain(&args.camera).collect();
        refuse_existing(&[args.picture.as_ref()], &inputs, args.force)?;
    }
    let mut site = args.installation.settings()?;
    let share = ShareDirs::find(args.installation.models.as_deref()).map_err(|e| fault(&e))?;
    let manifest = Manifest::read(&share.models).map_err(|e| fault(&e))?;
    manifest.in_use(&site.detect.models).map_err(|e| fault(&e))?;
    site.detect.targets = Targets { vehicles: true, screens: true };
    let mut models: Vec<Tried> = manifest
        .models
        .iter()
        .map(|entry| {
            let factory = OnnxFactory::open_one(&share, &site.detect, entry);
            Tried::new(&entry.id, factory.and_then(|factory| factory.make()))
        })
        .collect();
    let shown = match &args.on {
        Some(clip) => set_up(site, &[clip], interrupt, |site| {
            on_clip(clip, args.camera.as_deref(), site, &mut models, interrupt)
        })?,
        None => {
            let pictures = made_up();
            for model in &mut models {
                pictures.iter().for_each(|picture| drop(model.look(picture)));
            }
            None
        }
    };
    let sound = tell(args, &manifest, &models);
    if let (Some(path), Some(clip)) = (&args.picture, &args.on) {
        let Shown { still, boxes } =
            shown.ok_or_else(|| no_still(clip, &StillError::NothingToShow, interrupt))?;
        let mut picture = picture_of(&still)?;
        let boxes: Vec<_> =
            boxes.into_iter().map(|(i, d)| (i, d.area, format!("{} {:.2}", models[i].id, d.score))).collect();
        draw_boxes(&mut picture, &boxes);
        finish(vec![png(path, &picture, args.force)?])?;
        talk::say(format_args!("wrote {}: {} boxes, everybody hidden", path.display(), boxes.len()));
        if args.camera.is_none() {
            talk::say("  no --camera: private regions are not hidden on it; treat it like footage");
        }
    }
    Ok(if sound { Exit::Ok } else { Exit::Settings })
}

fn on_clip(
    clip: &Path,
    camera: Option<&Path>,
    site: &Site,
    models: &mut [Tried],
    interrupt: &Interrupt,
) -> Result<Option<Shown>, Failure> {
    let opened = open_clip(clip)?;
    let camera = camera.map(|path| Ok::<_, Failure>((path, read_camera(path)?))).transpose()?;
    let planner = HideEveryone::new(camera.as_ref().map(|(_, camera)| camera), site.mask.clone(), None);
    let shown = try_on_clip(&opened, site, &planner, models, interrupt);
    let shown = shown.map_err(|e| no_still(clip, &e, interrupt))?;
    if let (Some((path, camera)), Some(shown)) = (&camera, &shown) {
        check_size(camera, path, shown.still.size())?;
    }
    Ok(shown)
}

/// Prints what each model did; true where nothing went wrong.
fn tell(args: &CheckArgs, manifest: &Manifest, models: &[Tried]) -> bool {
    let ms = |model: &Tried| model.ms / f64::from(model.looks.max(1));
    if args.json {
        let all = models.iter().zip(&manifest.models).map(|(model, entry)| {
            json!({
                "id": model.id, "task": entry.task, "family": entry.family, "ok": model.fault.is_none(),
                "fault": model.fault.as_ref().map(ToString::to_string), "looks": model.looks,
                "ms_per_look": (ms(model) * 10.0).round() / 10.0,
                "found": model.found.iter().map(|(t, n)| (t.word(), n)).collect::<std::collections::BTreeMap<_, _>>(),
            })
        });
        talk::data(json!(all.collect::<Vec<_>>()));
    }
    for model in models.iter().filter(|_| !args.json) {
        match &model.fault {
            Some(fault) => talk::data(format_args!("FAULT  {:<20} {fault}", model.id)),
            None => {
                let found: Vec<String> =
                    model.found.iter().map(|(t, n)| format!("{n} {}", t.word())).collect();
                let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
                talk::data(format_args!(
                    "ok     {:<20} {:>6.1} ms a look, found {found} in {} pictures",
                    model.id,
                    ms(model),
                    model.looks
                ));
            }
        }
    }
    models.iter().all(|model| model.fault.is_none())
}
