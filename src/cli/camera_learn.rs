//! `melkglas camera learn`: stills of a camera's empty scene, made from footage and put beside its camera file.

use super::camera_approve::{boxed, by_hand, changed_text, list, searched};
use super::common::{Effort, Installation, open_clip};
use super::evaluate_strip::side_by_side;
use super::{camera, outputs, talk};
use crate::casework::HideEveryone;
use crate::casework::case::today;
use crate::config::{Camera, CameraText, Light, Pinned, Reference, Site, Style, Taken, check_size};
use crate::digest::sha256_of_file;
use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::video::detect::DetectorFactory;
use crate::video::pipeline::{GreyPicture, SceneLearner, SceneStill, SurveyError, learn_scene};
use crate::video::plan::{Detection, Observations};
use crate::video::sink::{Overwrite, PartialFile, StillFormat, sweep, write_still};
use crate::video::source::{Clip, FrameRate};
use clap::Args as ClapArgs;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, RgbImage};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Flags of `melkglas camera learn`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Give clips of quiet hours, from several days and in each kind of light: whoever stands still through one clip only is \
left out. The stills are written beside the camera file as ID.reference-N.png, readable by you alone, with the zones \
filled, and listed in it as [[reference]]. They clear nothing before somebody looked at each at its full size and noted \
it with `melkglas camera approve`.

Example:
  melkglas camera learn pipelines/cameras/entrance-3.toml monday/*.mp4 tuesday/*.mp4 --picture stills.png")]
pub(super) struct Args {
    /// The camera file; the stills are added to it, its comments stay.
    file: PathBuf,
    /// Clips of this camera.
    #[arg(required = true, value_name = "CLIP")]
    pub(super) clips: Vec<PathBuf>,
    /// When the clips were filmed, for the record; without it their names.
    #[arg(long, value_name = "WHEN")]
    taken: Option<String>,
    /// Also write the stills side by side, with what the detectors find on them (PNG).
    #[arg(long, value_name = "P.png")]
    picture: Option<PathBuf>,
    /// Replace a picture that exists. Never a still.
    #[arg(long)]
    force: bool,
    /// Print the stills as one line of JSON on stdout.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub(super) installation: Installation,
}

/// A still under a partial name.
struct Written {
    file: PartialFile,
    reference: Reference,
    detections: Vec<Detection>,
    picture: RgbImage,
}

pub(super) fn run<L: SceneLearner>(args: &Args, learner: &L, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let inputs: Vec<&PathBuf> =
        [&args.file].into_iter().chain(&args.clips).chain(&args.installation.site).collect();
    camera::refuse_existing(&[args.picture.as_ref()], &inputs, args.force)?;
    let text = CameraText::read(&args.file)?;
    let of_camera = text.camera();
    let site = args.installation.settings()?;
    let detectors = args.installation.detectors(&site)?;
    let thorough = Effort::Thorough.settings(&site, Some(of_camera));
    let detect = &thorough.detect;
    let thorough_detectors = detectors.with_effort(detect.tiling, detect.mirrored, detect.rotated);
    let thorough_detectors: Arc<dyn DetectorFactory> =
        Arc::new(thorough_detectors.map_err(|e| Failure::new(Exit::Settings, e))?);
    // When its pictures are shown does not matter to a still.
    let open = |path: &PathBuf| open_clip(path).map(|clip| clip.assuming_rate(FrameRate::PAL));
    let clips = args.clips.iter().map(open).collect::<Result<Vec<Clip>, Failure>>()?;
    let planner = HideEveryone::new(Some(of_camera), site.mask.clone(), Some(Style::Fill));
    let (stills, spread) = learn_scene(&clips, &site, &planner, detectors.as_ref(), learner, interrupt)
        .map_err(|e| survey_failure(&e, interrupt))?;
    let taken = taken(args);
    sweep(&outputs::folder(&args.file));
    let mut names = Names::new(&args.file, of_camera);
    let (spread_file, spread) = spread.map(|spread| write_spread(&mut names, &spread)).transpose()?.unzip();
    let mut written = Vec::new();
    for still in &stills {
        check_size(of_camera, &args.file, still.picture.size())?;
        let place = names.next("reference");
        let (file, sha256) = write_png(&place, still, interrupt)?;
        let reference = Reference {
            still: Pinned { file: name_of(&place), sha256 },
            taken: taken.clone(),
            light: still.light,
            approval: None,
            spread: spread.clone(),
        };
        let detections = search(&file, &thorough, &thorough_detectors, interrupt)?;
        written.push(Written { file, reference, detections, picture: camera::picture_of(&still.picture)? });
    }
    let references: Vec<Reference> = written.iter().map(|w| w.reference.clone()).collect();
    let changed = text.with_references(&references).map_err(|e| by_hand(&e))?;
    let picture = args.picture.as_deref().map(|path| camera::png(path, &overview(&written), args.force));
    let camera_file = changed_text(&args.file, &changed)?;
    tell(args, &written);
    let files = written.into_iter().map(|w| w.file);
    outputs::commit(files.chain(spread_file).chain(picture.transpose()?).collect(), camera_file)?;
    Ok(Exit::Ok)
}

fn survey_failure(e: &SurveyError, interrupt: &Interrupt) -> Failure {
    let exit = match e {
        _ if interrupt.is_raised() => Exit::Signal(interrupt.signal().unwrap_or(15)),
        SurveyError::Source { .. } | SurveyError::Nothing(_) | SurveyError::Learner(_) => Exit::Input,
        SurveyError::Detect(_) => Exit::Settings,
    };
    Failure::new(exit, e)
}

/// When the footage was filmed, as far as anybody said.
fn taken(args: &Args) -> Taken {
    if let Some(taken) = args.taken.as_deref().filter(|text| !text.trim().is_empty()) {
        return match taken.parse::<jiff::civil::Date>() {
            Ok(day) => Taken::On(day),
            Err(_) => Taken::When(plain(taken)),
        };
    }
    let first = args.clips[0].file_name().unwrap_or_default().to_string_lossy();
    let others = match args.clips.len() - 1 {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    Taken::When(plain(&format!("in {first}{others}, learned {}", today())))
}

/// The text without control characters.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// Names for new files beside the camera file.
struct Names {
    folder: PathBuf,
    id: String,
    number: u32,
}

impl Names {
    fn new(file: &Path, camera: &Camera) -> Self {
        Self { folder: outputs::folder(file), id: camera.id.clone(), number: 0 }
    }

    /// The next name that nothing has.
    fn next(&mut self, what: &str) -> PathBuf {
        loop {
            self.number += 1;
            let path = self.folder.join(format!("{}.{what}-{}.png", self.id, self.number));
            if path.symlink_metadata().is_err() {
                return path;
            }
        }
    }
}

fn name_of(path: &Path) -> PathBuf {
    PathBuf::from(path.file_name().unwrap_or_default())
}

/// A still as PNG under a partial name, and its SHA-256.
fn write_png(
    place: &Path,
    still: &SceneStill,
    interrupt: &Interrupt,
) -> Result<(PartialFile, String), Failure> {
    let fault = |e: &dyn std::fmt::Display| {
        Failure::new(Exit::Pipeline, format!("{} cannot be written: {e}", place.display()))
    };
    let file = PartialFile::create(place, Overwrite::Refuse).map_err(|e| outputs::cannot_write(place, &e))?;
    let read_back = write_still(&still.picture, StillFormat::Png, 100, &file).map_err(|e| fault(&e))?;
    read_back.map_err(|e| fault(&e))?;
    let sha256 = sha256_of_file(file.file(), interrupt).map_err(|e| fault(&e))?;
    Ok((file, sha256))
}

/// The spread as a grey PNG under a partial name.
fn write_spread(names: &mut Names, (size, grey): &GreyPicture) -> Result<(PartialFile, Pinned), Failure> {
    let place = names.next("spread");
    let file = camera::written(&place, false, |out| {
        PngEncoder::new(out)
            .write_image(grey, size.width, size.height, ExtendedColorType::L8)
            .map_err(std::io::Error::other)
    })?;
    let sha256 =
        sha256_of_file(file.file(), &Interrupt::default()).map_err(|e| outputs::cannot_write(&place, &e))?;
    Ok((file, Pinned { file: name_of(&place), sha256 }))
}

/// Who the detectors find on the very file that was written.
fn search(
    file: &PartialFile,
    site: &Site,
    detectors: &Arc<dyn DetectorFactory>,
    interrupt: &Interrupt,
) -> Result<Vec<Detection>, Failure> {
    let clip = open_clip(Path::new(&file.location()))?;
    let Observations { detections, .. } = searched(&clip, site, detectors, interrupt)?;
    Ok(detections)
}

/// All stills, with boxes around whoever was found.
fn overview(written: &[Written]) -> RgbImage {
    let tiles = written.iter().map(|w| boxed(&w.picture, &w.detections, &w.reference));
    side_by_side(&tiles.collect::<Vec<_>>())
}

/// Says what was learned, and what has to be done next.
fn tell(args: &Args, written: &[Written]) {
    if args.json {
        let stills = written.iter().map(|w| {
            let Reference { still, light, .. } = &w.reference;
            json!({
                "file": still.file, "sha256": still.sha256, "light": light, "detections": w.detections,
            })
        });
        talk::data(json!({ "stills": stills.collect::<Vec<_>>() }));
    }
    for Written { reference, detections, .. } in written {
        let Reference { still, light, .. } = reference;
        let what = match light {
            Light::Day => "by day",
            Light::Night => "at night",
            Light::Infrared => "in infrared, or without colour",
        };
        talk::say(format_args!("learned {}, {what}", still.file.display()));
        if !detections.is_empty() {
            talk::say("  somebody may be on it:");
            list(detections);
        }
    }
    let stills: Vec<&str> = written.iter().map(|w| &w.reference.still.sha256[..8]).collect();
    talk::say(format_args!(
        "look at each; is nobody on it, run: melkglas camera approve {} --by NAME --still {}",
        args.file.display(),
        stills.join(" ")
    ));
}
