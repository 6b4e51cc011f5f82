//! `melkglas camera approve`: a member of staff looked at a still and found nobody on it.
//!
//! Whoever stands on an approved still counts as furniture in every clip of that camera. So the detectors look once
//! more, at the very file, and where they find somebody a reason has to be given.

use super::camera_picture::{caption, draw_boxes};
use super::common::{Effort, Installation, job_failure, open_clip};
use super::evaluate_strip::side_by_side;
use super::{camera, outputs, talk};
use crate::casework::case::today;
use crate::config::{Approval, Camera, CameraText, NotPlain, Reference, Site};
use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::video::detect::DetectorFactory;
use crate::video::pipeline::search_still;
use crate::video::plan::{Detection, Observations, Target};
use crate::video::sink::{Overwrite, PartialFile, sweep};
use crate::video::source::{Clip, StillKind};
use clap::Args as ClapArgs;
use image::{ImageFormat, RgbImage};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Flags of `melkglas camera approve`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Look at the still first, at its full size: a man who leaned at the wall all day must not become the empty scene. An \
approved still lets the program leave out what stands on it, such as a chair that is taken for a person; one that \
nobody approved only ever adds masks. Where the detectors find somebody on the still, approval is refused (exit code \
6) unless --despite says why nobody is there; the reason stands in the camera file. Of several stills all are approved or \
none.

Examples:
  melkglas camera approve pipelines/cameras/entrance-3.toml --by \"A. Jansen\" --still 3fa9c1d2
  melkglas camera approve entrance-3.toml --by \"A. Jansen\" --still 3fa9c1d2 77b0e4aa --picture boxes.png")]
pub(super) struct Args {
    /// The camera file.
    file: PathBuf,
    /// Who looked at the still: the name that stands in the record.
    #[arg(long, value_name = "NAME")]
    by: String,
    /// The stills, each by the first digits of its SHA-256, at least eight.
    #[arg(long, value_name = "SHA256-PREFIX", value_parser = prefix, required = true, num_args = 1..)]
    still: Vec<String>,
    /// Why nobody is on it, although a detector finds somebody.
    #[arg(long, value_name = "REASON")]
    despite: Option<String>,
    /// Also write the stills side by side, with boxes around whoever the detectors find (PNG); also where approval is
    /// refused.
    #[arg(long, value_name = "P.png")]
    picture: Option<PathBuf>,
    /// Replace a picture that exists.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    installation: Installation,
}

fn prefix(text: &str) -> Result<String, String> {
    let text = text.to_ascii_lowercase();
    let sound = (8..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    if sound { Ok(text) } else { Err("write at least the first eight digits of its SHA-256".into()) }
}

pub(super) fn run(args: &Args, interrupt: &Interrupt) -> Result<Exit, Failure> {
    for (flag, text) in [("--by", Some(&args.by)), ("--despite", args.despite.as_ref())] {
        if text.is_some_and(|text| text.trim().is_empty() || text.chars().any(char::is_control)) {
            let sentence = format!("{flag} says nothing, or holds more than one line");
            return Err(Failure::with_cure(Exit::Usage, sentence, "write one line of plain text"));
        }
    }
    let text = CameraText::read(&args.file)?;
    let camera = text.camera();
    let stills: Vec<PathBuf> = camera.references.iter().map(|r| r.still.path(&args.file)).collect();
    let inputs: Vec<&PathBuf> = stills.iter().chain([&args.file]).collect();
    camera::refuse_existing(&[args.picture.as_ref()], &inputs, args.force)?;
    let chosen = args.still.iter().map(|prefix| chosen(camera, &args.file, prefix));
    let chosen: BTreeMap<usize, &Reference> = chosen.collect::<Result<_, Failure>>()?;
    let approved = chosen.values().find_map(|r| r.approval.as_ref().map(|approval| (r, approval)));
    if let Some((reference, Approval { by, on, .. })) = approved {
        return Err(Failure::with_cure(
            Exit::Usage,
            format!("{} was approved by {by} on {on}", reference.still.file.display()),
            "there is nothing to do; to take an approval back, take its lines out of the camera file",
        ));
    }
    let site = Effort::Thorough.settings(&args.installation.settings()?, Some(camera));
    let detectors: Arc<dyn DetectorFactory> = args.installation.detectors(&site)?;
    let mut looked_at = Vec::new();
    for reference in chosen.values() {
        looked_at.push(look(&args.file, reference, camera, &site, &detectors, interrupt)?);
    }
    if let Some(path) = &args.picture {
        let tiles: Vec<RgbImage> = chosen
            .values()
            .zip(&looked_at)
            .map(|(reference, (still, found))| boxed(still, found, reference))
            .collect();
        camera::finish(vec![camera::png(path, &side_by_side(&tiles), args.force)?])?;
        talk::say(format_args!("wrote {}", path.display()));
    }
    let mut doubtful = Vec::new();
    for (reference, (_, found)) in chosen.values().zip(&looked_at) {
        if !found.is_empty() {
            talk::say(format_args!("{}: somebody may be on it:", reference.still.file.display()));
            list(found);
            doubtful.push(reference.still.file.display().to_string());
        }
    }
    match (doubtful.is_empty(), &args.despite) {
        (false, None) => {
            return Err(Failure::with_cure(
                Exit::Refused,
                format!("somebody may be on {}: it is not approved", doubtful.join(", ")),
                "look at these places (--picture P.png draws them). Is nobody there, say why with --despite REASON; \
                 otherwise learn a new still from other clips",
            ));
        }
        (true, Some(_)) => {
            talk::say("nothing was found on the still, so the reason is not needed and not noted")
        }
        _ => {}
    }
    let on = today();
    let approval = |found: &[Detection]| Approval {
        by: args.by.trim().to_owned(),
        on,
        despite: args.despite.clone().filter(|_| !found.is_empty()),
    };
    let approvals =
        chosen.keys().zip(&looked_at).map(|(index, (_, found))| (*index, approval(found))).collect();
    let changed = text.with_approvals(&approvals).map_err(|e| by_hand(&e))?;
    replace_text(&args.file, &changed)?;
    for reference in chosen.values() {
        let file = reference.still.file.display();
        talk::say(format_args!("{file}: approved by {} on {on}", args.by.trim()));
    }
    Ok(Exit::Ok)
}

/// A still with boxes around whoever was found on it, and what it is.
pub(super) fn boxed(still: &RgbImage, found: &[Detection], reference: &Reference) -> RgbImage {
    let mut tile = still.clone();
    let boxes: Vec<_> = found.iter().map(|d| (2, d.area, format!("{:.2}", d.score))).collect();
    draw_boxes(&mut tile, &boxes);
    caption(&mut tile, &format!("{} {}", reference.still.file.to_string_lossy(), reference.light));
    tile
}

/// The one reference that the prefix names.
fn chosen<'c>(camera: &'c Camera, file: &Path, prefix: &str) -> Result<(usize, &'c Reference), Failure> {
    let all = || camera.references.iter().enumerate();
    let mut fitting = all().filter(|(_, reference)| reference.still.sha256.starts_with(prefix));
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(Failure::with_cure(
            Exit::Usage,
            format!("several stills of {} begin with {prefix}", file.display()),
            "write more digits",
        )),
        (None, _) => {
            let stills: Vec<String> = all()
                .map(|(_, r)| format!("{} ({})", &r.still.sha256[..8], r.still.file.display()))
                .collect();
            let cure = if stills.is_empty() {
                "it names no still yet: make one with `melkglas camera learn`".to_owned()
            } else {
                format!("its stills are {}", stills.join(", "))
            };
            Err(Failure::with_cure(
                Exit::Usage,
                format!("no still of {} begins with {prefix}", file.display()),
                cure,
            ))
        }
    }
}

/// A still, which must be the file that the camera file means, and what the detectors find on it.
fn look(
    file: &Path,
    reference: &Reference,
    camera: &Camera,
    site: &Site,
    detectors: &Arc<dyn DetectorFactory>,
    interrupt: &Interrupt,
) -> Result<(RgbImage, Vec<Detection>), Failure> {
    let only = Camera { references: vec![reference.clone()], ..camera.clone() };
    let loaded = only.load_references(file)?;
    let path = reference.still.path(file);
    let clip = open_clip(&path)?;
    // The name may have come to mean another file since; this one is open.
    let sha256 = clip.sha256(interrupt).map_err(|e| Failure::new(Exit::Input, e))?;
    if sha256 != reference.still.sha256 {
        let sentence = format!("{} changed while it was looked at", path.display());
        return Err(Failure::with_cure(Exit::Settings, sentence, "try again when nobody writes to it"));
    }
    let Observations { size, detections, .. } = searched(&clip, site, detectors, interrupt)?;
    crate::config::check_size(camera, file, size)?;
    let bytes = loaded.first().map(|loaded| loaded.still.as_slice()).unwrap_or_default();
    let picture = image::load_from_memory_with_format(bytes, ImageFormat::Png);
    let picture = picture.map_err(|e| Failure::new(Exit::Input, format!("{}: {e}", path.display())))?;
    Ok((picture.into_rgb8(), detections))
}

/// The people whom the detectors find on an opened PNG.
pub(super) fn searched(
    clip: &Clip,
    site: &Site,
    detectors: &Arc<dyn DetectorFactory>,
    interrupt: &Interrupt,
) -> Result<Observations, Failure> {
    let found = search_still(clip, StillKind::Png, site, detectors, interrupt).map_err(|e| {
        let Failure { exit, report } = job_failure(e, interrupt);
        Failure::new(exit, format!("{}: {report}", clip.path().display()))
    })?;
    // A parked car may be part of an empty scene.
    let is_person = |d: &Detection| matches!(d.target, Target::Person | Target::Face) && !d.weak;
    Ok(Observations { detections: found.detections.into_iter().filter(is_person).collect(), ..found })
}

/// Says what was found, a line each.
pub(super) fn list(found: &[Detection]) {
    for Detection { target, area, score, .. } in found {
        talk::say(format_args!(
            "  a {} at {:.0},{:.0}, {:.0} by {:.0} pixels (score {score:.2})",
            if *target == Target::Face { "face" } else { "person" },
            area.x0,
            area.y0,
            area.width(),
            area.height()
        ));
    }
}

/// A camera file whose layout cannot be kept.
pub(super) fn by_hand(e: &NotPlain) -> Failure {
    Failure::with_cure(
        Exit::Settings,
        e,
        "write each reference as a [[reference]] table of its own, a key a line, and try again",
    )
}

/// The camera file with another text, under a partial name; who may read it stays the same.
pub(super) fn changed_text(file: &Path, text: &str) -> Result<PartialFile, Failure> {
    let fault = |e: std::io::Error| outputs::cannot_write(file, &e);
    // A link stays a link, and what it leads to is changed.
    let file = file.canonicalize().map_err(fault)?;
    sweep(&outputs::folder(&file));
    let rights = std::fs::metadata(&file).map_err(fault)?.permissions();
    let partial = PartialFile::create(&file, Overwrite::Replace).map_err(fault)?;
    partial.file().write_all(text.as_bytes()).map_err(fault)?;
    partial.file().set_permissions(rights).map_err(fault)?;
    Ok(partial)
}

fn replace_text(file: &Path, text: &str) -> Result<(), Failure> {
    camera::finish(vec![changed_text(file, text)?])
}
