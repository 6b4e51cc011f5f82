//! `melkglas models add`: an ONNX file, tried and put beside the others.
//!
//! Nothing is written before the file has been loaded and has answered in its family's form. Weights and manifest
//! get their names together, the manifest last, so a folder never names weights that are not there.

use super::common::Installation;
use super::models::fault;
use super::outputs::{self, OutDir};
use super::talk;
use crate::error::{Exit, Failure};
use crate::share::{Candidates, MANIFEST_NAME, ShareDirs};
use crate::video::detect::{AddError, Addition, Classes, Family, Manifest, Newcomer, Task};
use crate::video::sink::{Overwrite, PartialFile, sweep};
use clap::Args;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Flags of `melkglas models add`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct AddArgs {
    /// The weights, an ONNX file; it is copied.
    file: PathBuf,
    /// How its output is read.
    #[arg(long)]
    family: Family,
    /// What it looks for.
    #[arg(long)]
    task: Task,
    /// Licence of the weights: you answer for it.
    #[arg(long, value_name = "TEXT")]
    licence: String,
    /// Its name, small letters, digits and hyphens; without it that of the file.
    #[arg(long)]
    id: Option<String>,
    /// Where it comes from, for the record; without it the file's name.
    #[arg(long, value_name = "TEXT")]
    origin: Option<String>,
    /// Lowest score that counts, above 0 and below 1; without it low, as for its family. Lower hides more.
    #[arg(long, value_name = "T")]
    threshold: Option<f32>,
    /// The classes that it tells apart; without it whichever fits, for rtmdet `single`.
    #[arg(long)]
    classes: Option<Classes>,
    /// Size of its input, such as 640x384, where the graph would take any but should get this one.
    #[arg(long, value_name = "WxH", value_parser = size)]
    input_size: Option<[u32; 2]>,
    /// List it after the others of its task: it is there, but not in use.
    #[arg(long)]
    spare: bool,
    #[command(flatten)]
    installation: Installation,
}

const HELP: &str = "\
A better machine can carry a better detector. Export it to ONNX, then add it: it is loaded, run on a plain and a noisy \
picture, and refused where its answers do not have the form of the family named. From then on it is the one in use for \
its task, unless --spare is said; `melkglas models list` shows it, and detect.models in the site file names others.

Families: nanodet, yolox and rtmdet (NMS inside, as MMDeploy exports it) for persons, or for faces with one class; \
centerface and yunet for faces. Inputs are made as each family is published; a model that was trained otherwise needs \
its [model.input] corrected in the manifest.

With --models DIR the models folder is DIR. Where it is not there or empty, it is made with the shipped models in it: \
a folder of your own, which an update does not touch. Name it with --models or MELKGLAS_MODELS from then on.

Examples:
  melkglas models add yolox_s.onnx --family yolox --task person --licence Apache-2.0 --models /srv/melkglas/models
  melkglas models add yunet.onnx --family yunet --task face --licence Apache-2.0 --origin \"opencv_zoo 2023mar\" --spare";

fn size(text: &str) -> Result<[u32; 2], String> {
    let sides = text.split_once('x').and_then(|(w, h)| Some([w.parse().ok()?, h.parse().ok()?]));
    sides.ok_or_else(|| "write width and height, such as 640x384".to_owned())
}

/// Where the models are read from and where they are to be.
struct Home {
    /// The folder that is written to.
    folder: PathBuf,
    /// The folder with the manifest: the same, or the shipped one where `folder` has none yet.
    from: PathBuf,
}

impl Home {
    fn find(named: Option<&Path>) -> Result<Self, Failure> {
        let Some(folder) = named else {
            let from = Candidates::of_this_process(None).models().map_err(|e| fault(&e))?;
            return Ok(Self { folder: from.clone(), from });
        };
        let folder = folder.to_owned();
        if folder.join(MANIFEST_NAME).is_file() {
            return Ok(Self { from: folder.clone(), folder });
        }
        let free = match std::fs::read_dir(&folder) {
            Ok(mut entries) => entries.next().is_none(),
            Err(e) => e.kind() == std::io::ErrorKind::NotFound,
        };
        if !free {
            return Err(Failure::with_cure(
                Exit::Usage,
                format!(
                    "{} is no models folder: it holds no {MANIFEST_NAME}, and is not empty",
                    folder.display()
                ),
                "name an empty folder or a new one; it is made with the shipped models in it",
            ));
        }
        let from = Candidates::of_this_process(None).models().map_err(|e| fault(&e))?;
        Ok(Self { folder, from })
    }

    fn is_new(&self) -> bool {
        self.folder != self.from
    }
}

/// Tries the file and adds it.
pub(super) fn run(args: &AddArgs) -> Result<Exit, Failure> {
    let id = id(args)?;
    let home = Home::find(args.installation.models.as_deref())?;
    let manifest = Manifest::read(&home.from).map_err(|e| fault(&e))?;
    if manifest.models.iter().any(|m| m.id == id) {
        return Err(Failure::with_cure(
            Exit::Usage,
            format!("a model named {id} is listed already"),
            "give this one another name with --id",
        ));
    }
    let weights: Arc<[u8]> = std::fs::read(&args.file)
        .map_err(|e| fault(&format!("{} cannot be read: {e}", args.file.display())))?
        .into();
    let share = ShareDirs {
        models: home.from.clone(),
        library: Candidates::of_this_process(None).library().map_err(|e| fault(&e))?,
    };
    let name = args.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let newcomer = Newcomer {
        id: id.clone(),
        task: args.task,
        family: args.family,
        classes: args.classes,
        licence: args.licence.clone(),
        origin: args.origin.clone().unwrap_or_else(|| format!("{name}, added with melkglas models add")),
        threshold: args.threshold,
        input_size: args.input_size,
    };
    let added = newcomer.try_out(&share, weights).map_err(|e| refused(&args.file, &e))?;
    // What is in use until now, for the way back; models that the site names stay in use whatever is added.
    let named = args.installation.settings()?.detect.models;
    let before = manifest.in_use(&named).map_err(|e| fault(&e))?;
    let before: Vec<String> = before.iter().map(|m| format!("\"{}\"", m.id)).collect();
    write(&home, &manifest, &added, args.spare)?;
    tell(args, &home, &added, args.spare || !named.is_empty(), &before.join(", "));
    Ok(Exit::Ok)
}

/// The name: the one given, or the file's, in small letters, digits and hyphens.
fn id(args: &AddArgs) -> Result<String, Failure> {
    let stem = args.file.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let plain: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let id = args.id.clone().unwrap_or_else(|| plain.trim_matches('-').to_owned());
    let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (1..=64).contains(&id.len()) && id.chars().all(sound) && !id.starts_with('-') {
        return Ok(id);
    }
    Err(Failure::with_cure(
        Exit::Usage,
        format!("\"{id}\" is no name for a model"),
        "give one of small letters, digits and hyphens with --id",
    ))
}

fn refused(file: &Path, e: &AddError) -> Failure {
    let sentence = format!("{}: {e}", file.display());
    let cure = match e {
        AddError::NoModel { .. } => "export the network to ONNX, with one input of [1, 3, height, width]",
        AddError::OtherFamily { .. } => {
            "name the family and the classes that it was exported with; --help lists the families"
        }
        AddError::Size { .. } => "leave --input-size out",
        AddError::Manifest(_) | AddError::Detect(_) => return Failure::new(Exit::Settings, sentence),
    };
    Failure::with_cure(Exit::Settings, sentence, cure)
}

/// Writes weights and manifest, and the shipped weights before them where the folder is new.
fn write(home: &Home, manifest: &Manifest, added: &Addition, spare: bool) -> Result<(), Failure> {
    let path = home.from.join(MANIFEST_NAME);
    let text = std::fs::read_to_string(&path)
        .map_err(|e| fault(&format!("{} cannot be read: {e}", path.display())))?;
    let text = added.into_manifest(&text, spare).map_err(|e| fault(&e))?;
    let _folder = OutDir::make(&home.folder)?;
    sweep(&home.folder);
    let mut files = Vec::new();
    if home.is_new() {
        for model in &manifest.models {
            let weights = model.load(&home.from).map_err(|e| fault(&e))?;
            files.push(file(&home.folder, &model.file, &weights, Overwrite::Refuse)?);
        }
    }
    files.push(file(&home.folder, &added.entry.file, &added.weights, Overwrite::Refuse)?);
    let overwrite = if home.is_new() { Overwrite::Refuse } else { Overwrite::Replace };
    let last = file(&home.folder, MANIFEST_NAME, text.as_bytes(), overwrite)?;
    outputs::commit(files, last)
}

/// A file of the folder, readable by everybody: weights are no secret, and another user may do the redacting.
fn file(folder: &Path, name: &str, bytes: &[u8], overwrite: Overwrite) -> Result<PartialFile, Failure> {
    use std::io::ErrorKind::{AlreadyExists, PermissionDenied, ReadOnlyFilesystem};
    let path = folder.join(name);
    let made = PartialFile::create(&path, overwrite).and_then(|partial| {
        let mut out = partial.file();
        out.write_all(bytes)?;
        out.set_permissions(std::fs::Permissions::from_mode(0o644))?;
        Ok(partial)
    });
    made.map_err(|e| match e.kind() {
        PermissionDenied | ReadOnlyFilesystem => Failure::with_cure(
            Exit::Settings,
            format!("the models folder {} cannot be written to", folder.display()),
            "name a folder of your own with --models DIR; it is made with the shipped models in it",
        ),
        AlreadyExists => Failure::with_cure(
            Exit::Usage,
            format!("{} exists already, though the manifest does not name it", path.display()),
            "remove it, or give the model another name with --id",
        ),
        _ => outputs::cannot_write(&path, &e),
    })
}

/// Says what is in use now, and the way back.
fn tell(args: &AddArgs, home: &Home, added: &Addition, waits: bool, before: &str) {
    let entry = &added.entry;
    let size = entry.input.size.map_or("any size".to_owned(), |[w, h]| format!("{w}x{h} pixels"));
    if home.is_new() {
        talk::say(format_args!("made {} with the shipped models in it", home.folder.display()));
    }
    talk::say(format_args!(
        "added {}: family {}, classes {}, input {size}, threshold {}, {:.0} ms a look here on one thread",
        entry.id,
        entry.family.word(),
        entry.classes().word(),
        entry.default_threshold,
        added.ms_per_look
    ));
    if waits {
        talk::say(format_args!(
            "not in use yet; in use are [{before}]: put \"{}\" into detect.models of the site file to change that",
            entry.id
        ));
    } else {
        let manifest = home.folder.join(MANIFEST_NAME);
        talk::say(format_args!("in use for {}s now", entry.task.word()));
        talk::say(format_args!(
            "to go back, write detect.models = [{before}] in the site file, or take the entry out of {}",
            manifest.display()
        ));
    }
    if args.installation.models.is_some() {
        talk::say(format_args!(
            "name the folder from now on: --models {0} or MELKGLAS_MODELS={0}",
            home.folder.display()
        ));
    }
    talk::say("try it on footage of yours: melkglas models check --on CLIP --picture P.png");
}
