//! `melkglas camera check`: faults, questions, and a picture with everything that is drawn.

use super::camera::{finish, masked_still, png, refuse_existing};
use super::camera_picture::draw_regions;
use super::common::Installation;
use super::set_up::set_up;
use super::talk;
use crate::casework::case::today;
use crate::config::{Advice, Camera, SettingsError, ZoneKind, advise};
use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::lang::Lang;
use clap::{Args as ClapArgs, ValueEnum};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Flags of `melkglas camera check`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:
  melkglas camera check pipelines/cameras/entrance-3.toml --on clip.mp4 --picture zones.png

Questions about what is commonly forgotten are no faults: the exit code is 0 where the file is sound.")]
pub(super) struct Args {
    /// The camera file.
    file: PathBuf,
    /// A clip of this camera: its picture must have the camera's shape.
    #[arg(long, value_name = "CLIP", required = false)]
    on: Option<PathBuf>,
    /// Write a still of the clip with zones and overlays outlined and named (PNG). People and zones on it are hidden.
    #[arg(long, value_name = "P.png", requires = "on")]
    picture: Option<PathBuf>,
    /// Replace files that exist.
    #[arg(long)]
    force: bool,
    /// Print what was found as one line of JSON on stdout.
    #[arg(long)]
    json: bool,
    /// The language of kinds of zone and of questions about them.
    #[arg(long, value_enum, default_value_t, env = "MELKGLAS_LANG")]
    lang: Lang,
    #[command(flatten)]
    installation: Installation,
}

pub(super) fn run(args: &Args, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let camera = Camera::read(&args.file).map_err(|faults| {
        if args.json {
            talk::data(refused(&args.file, &faults));
        }
        Failure::from(faults)
    })?;
    if let Some(clip) = &args.on {
        let outputs = [args.picture.as_ref()];
        refuse_existing(&outputs, &[clip, &args.file], args.force)?;
        let site = args.installation.settings()?;
        let mut still = set_up(site, &[clip], interrupt, |site| {
            masked_still(clip, Some((&args.file, &camera)), site, &args.installation, interrupt)
        })?;
        if let Some(path) = &args.picture {
            draw_regions(&mut still, &camera.zones, &camera.overlays, args.lang);
            finish(vec![png(path, &still, args.force)?])?;
            talk::say(format_args!("wrote {}: does every outline hold what it names?", path.display()));
        }
    }
    let warnings = advise(&camera, today(), args.lang);
    if args.json {
        talk::data(sound(&args.file, &camera, &warnings));
    }
    tell(&args.file, &camera, &warnings, args.lang);
    Ok(Exit::Ok)
}

fn tell(file: &Path, camera: &Camera, warnings: &[Advice], lang: Lang) {
    let sound = lang.of("is in orde", "is sound");
    talk::say(format_args!("{} {sound}: camera {}, {}", file.display(), camera.id, camera.frame));
    for zone in &camera.zones {
        talk::say(format_args!("  {:<13} {}", zone.kind.word(lang), zone.label));
    }
    for overlay in &camera.overlays {
        talk::say(format_args!("  {:<13} {}", "overlay", overlay.label));
    }
    if camera.zones.is_empty() {
        talk::say(lang.of(
            "  geen zones: op de beelden van deze camera worden alleen mensen verborgen",
            "  no zones: only people are hidden on this camera's clips",
        ));
    }
    for warning in warnings {
        talk::say(format_args!("? {}", warning.text));
    }
    let asked: Vec<String> = ZoneKind::value_variants()
        .iter()
        .filter(|kind| warnings.iter().any(|warning| warning.about == kind.to_string()))
        .map(|kind| format!("\"{}\"", kind.word(lang)))
        .collect();
    if !asked.is_empty() {
        let what = lang.of(
            "Van wat u hebt gezocht en niet gevonden, schrijf",
            "Of what you looked for and did not find, write",
        );
        talk::say(format_args!("{what}: absent = [{}]", asked.join(", ")));
    }
}

fn sound(file: &Path, camera: &Camera, warnings: &[Advice]) -> Value {
    json!({
        "file": file.to_string_lossy(),
        "ok": true,
        "exit": Exit::Ok.code(),
        "camera": camera.id,
        "frame": camera.frame,
        "fixed": camera.fixed,
        "view": camera.view,
        "zones": camera.zones.len(),
        "overlays": camera.overlays.len(),
        "sha256": camera.sha256,
        "warnings": warnings,
    })
}

fn refused(file: &Path, error: &SettingsError) -> Value {
    let faults = error.faults.iter().map(|fault| {
        json!({
            "line": fault.line(), "column": fault.column(), "message": fault.message, "cure": fault.cure,
        })
    });
    json!({
        "file": file.to_string_lossy(),
        "ok": false,
        "exit": Exit::Settings.code(),
        "faults": faults.collect::<Vec<_>>(),
    })
}
