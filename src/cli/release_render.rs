//! Rendering for release: `redact` within the frozen window, the mark, the second look, and into the case.
//!
//! The plain clip, what is rendered and its report lie in memory; what the case keeps of them is encrypted. Nothing is
//! kept of a clip whose second look finds something.

use super::camera::{no_still, picture_of};
use super::case::Where;
use super::case_paper::Record;
use super::common::{open_clip, read_camera};
use super::desk::case_failure;
use super::recheck::{Looking, read_report, second_look, tell};
use super::redact;
use super::restricted::{Bench, Footage, failure_at};
use super::talk;
use crate::casework::HideEveryone;
use crate::casework::audit::CaseNumber;
use crate::casework::case::{CaseAct, CaseRow, Cases, ClipRow, Giving, may_show, rules, today};
use crate::config::{BurnIn, Form, MarkPlace, Office, RecipientKind};
use crate::digest::{hex, sha256_of_file};
use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::lang::Lang;
use crate::video::pipeline::strip_of;
use clap::Parser;
use image::{DynamicImage, ImageFormat};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::path::Path;

/// How a rendering is made.
pub(super) struct Options<'a> {
    /// Options of `melkglas redact`.
    pub(super) redact: &'a [String],
    /// The second look searches every n-th frame.
    pub(super) every: u32,
    pub(super) at: &'a Where,
}

/// Options of `redact` that a release sets itself.
const OWN: [&str; 19] = [
    "-o",
    "--output",
    "--out-dir",
    "--report",
    "--boxes",
    "--force",
    "--json",
    "--case",
    "--trial",
    "--site",
    "--models",
    "--state",
    "--from",
    "--to",
    "--style",
    "--fill-colour",
    "--passes",
    "--rate",
    "--accept-damaged",
];
/// Most characters of a mark.
const LONGEST_MARK: usize = 64;

/// The flags of `redact`, as a program of its own.
#[derive(Debug, Parser)]
#[command(name = "redact", no_binary_name = true)]
struct Redact {
    #[command(flatten)]
    args: redact::Args,
}

/// What all that is rendered depends on beside the clip: for a batch, to know what is finished.
pub(super) fn stamp(mark: &BurnIn, options: &[String]) -> String {
    let text = format!("{}\0{}", mark.words, options.join("\0"));
    hex(&Sha256::digest(text.as_bytes()))
}

/// Renders one clip for release.
pub(super) fn render(
    cases: &mut Cases,
    office: &Office,
    (number, clip): (&CaseNumber, u32),
    giving: Giving,
    options: &Options<'_>,
    interrupt: &Interrupt,
) -> Result<Exit, Failure> {
    let case = cases.store().case(number).map_err(case_failure)?;
    let act = CaseAct::Draft { form: giving.form, recipient: giving.recipient };
    cases.allowed(Some(&case), &act).map_err(case_failure)?;
    let row = cases.store().clip(&case, clip).map_err(case_failure)?;
    let mark = mark(cases, office, &case, giving)?;
    let mut args = asked(&case, &row, options)?;
    of_this_camera(&row, args.camera())?;
    let rules = rules(&office.policy, case.kind).map_err(|e| case_failure(e.into()))?;
    may_show(&office.policy, case.kind, args.shows()).map_err(|e| case_failure(e.into()))?;
    args.by_whom_is_here(&cases.actor().name, number)?;
    let installation = super::common::Installation {
        burn_in: Some(mark.clone()),
        style: Some(rules.mask.value),
        ..options.at.installation.clone()
    };
    *args.installation() = installation.clone();
    let source = cases.draft(number, clip, giving).map_err(case_failure)?;
    let bench = Bench::laid(&mut args, cases, number, clip, source)?;
    let exit = redact::run(&args, interrupt)?;
    if exit != Exit::Ok {
        return Ok(exit);
    }
    let (file, report) = (bench.path(Cases::FINISHED), bench.path(Cases::REPORT));
    let looking = Looking {
        file: &file,
        report: &read_report(&report)?,
        camera: args.camera(),
        every: options.every,
        installation: &installation,
        burn_in: Some(&mark),
    };
    let verdict = second_look(&looking, interrupt)?;
    tell(&verdict);
    if !verdict.passed {
        return Err(Failure::with_cure(
            Exit::Refused,
            format!("the second look at clip {clip} found something, so nothing of it is kept"),
            "look at the moments that it names, and render again with --cover over what is there",
        ));
    }
    let looked = bench.path(Cases::SECOND_LOOK);
    let text = format!("{:#}\n", serde_json::to_value(&verdict).unwrap_or_default());
    std::fs::write(&looked, text).map_err(|e| failure_at(&looked, &e))?;
    strip(&bench, &looking, interrupt)?;
    let opened = File::open(&file).map_err(|e| failure_at(&file, &e))?;
    let sha256 = sha256_of_file(&opened, interrupt).map_err(|e| failure_at(&file, &e))?;
    bench.keep(cases, number)?;
    let stamp = stamp(&mark, options.redact);
    cases.drafted(number, clip, giving, &sha256, &stamp).map_err(case_failure)?;
    talk::say(format_args!("rendered clip {clip} of case {number}, SHA-256 {sha256}"));
    Ok(Exit::Ok)
}

/// What the pictures of a strip are called, before their number.
pub(super) const STRIP: &str = "release.strip-";
/// Moments of a clip in its strip, as shares of its length.
const MOMENTS: [f64; 4] = [0.1, 0.35, 0.6, 0.85];
/// Width of a picture of a strip, pixels.
const STRIP_PX: u32 = 240;

/// Small pictures of the finished file, for the summary of a batch.
fn strip(bench: &Bench, at: &Looking<'_>, interrupt: &Interrupt) -> Result<(), Failure> {
    let camera = at.camera.map(read_camera).transpose()?;
    let mut site = at.installation.settings()?;
    // The words are in the picture already.
    site.mask.burn_in = None;
    let detectors = at.installation.detectors(&site)?;
    let planner = HideEveryone::new(camera.as_ref(), site.mask.clone(), None);
    let numbers = MOMENTS.map(|share| (share * at.report.frames.written as f64) as u64);
    let clip = open_clip(at.file)?;
    let strip = strip_of(&clip, &numbers, &site, &planner, detectors.as_ref(), interrupt);
    for (number, still) in strip.map_err(|e| no_still(at.file, &e, interrupt))?.iter().enumerate() {
        let path = bench.path(&format!("{STRIP}{number}.jpg"));
        let picture = DynamicImage::from(picture_of(still)?).thumbnail(STRIP_PX, STRIP_PX);
        let written = picture.into_rgb8().save_with_format(&path, ImageFormat::Jpeg);
        written.map_err(|e| Failure::new(Exit::Pipeline, format!("{}: {e}", path.display())))?;
    }
    Ok(())
}

/// The flags that `redact` gets.
fn asked(case: &CaseRow, clip: &ClipRow, options: &Options<'_>) -> Result<redact::Args, Failure> {
    let own =
        |option: &&String| OWN.iter().any(|own| *option == own || option.starts_with(&format!("{own}=")));
    if let Some(option) = options.redact.iter().find(own) {
        return Err(Failure::with_cure(
            Exit::Usage,
            format!("{option} cannot be given to a release"),
            "leave it out: the window, the style of masks and where things lie are the case's",
        ));
    }
    let mut words = vec![clip.number.to_string()];
    let mut add = |flag: &str, value: &str| words.extend([flag.to_owned(), value.to_owned()]);
    add("-o", Cases::FINISHED);
    add("--report", Cases::REPORT);
    // The frozen window, counted from the clip's first frame.
    let seconds =
        |from: jiff::civil::DateTime, to: jiff::civil::DateTime| from.duration_until(to).as_secs_f64();
    if clip.recorded_from < case.window_from {
        add("--from", &format!("{:.3}", seconds(clip.recorded_from, case.window_from)));
    }
    if clip.recorded_to > case.window_to {
        add("--to", &format!("{:.3}", seconds(clip.recorded_from, case.window_to)));
    }
    if let Some(state) = options.at.place.named() {
        add("--state", &state.to_string_lossy());
    }
    words.extend(options.redact.iter().cloned());
    let parsed = Redact::try_parse_from(words).map_err(|e| Failure::new(Exit::Usage, e))?;
    Ok(parsed.args)
}

/// The camera file is that of the camera that filmed the clip.
fn of_this_camera(clip: &ClipRow, named: Option<&Path>) -> Result<(), Failure> {
    let Some(wanted) = &clip.camera else { return Ok(()) };
    let found = named.map(read_camera).transpose()?.map(|camera| camera.id.to_string());
    if found.as_ref() == Some(wanted) {
        return Ok(());
    }
    let found =
        found.map_or_else(|| "no camera file is named".to_owned(), |id| format!("the file is that of {id}"));
    Err(Failure::with_cure(
        Exit::Usage,
        format!("clip {} was filmed by camera {wanted}, and {found}", clip.number),
        "name its file, so that its private regions are hidden: -- --camera FILE",
    ))
}

/// What is burned in: whose copy it is.
pub(super) fn mark(
    cases: &Cases,
    office: &Office,
    case: &CaseRow,
    giving: Giving,
) -> Result<BurnIn, Failure> {
    let number = &case.number;
    let words = match giving.form {
        Form::View => format!("{number}  {}  inzage / viewing copy", today()),
        Form::Copy | Form::Original => {
            let name = Record::of(cases, office, number, None)?.recipient();
            format!("{number}  {} {name}", recipient(giving.recipient, case.lang))
        }
    };
    Ok(BurnIn { words: words.chars().take(LONGEST_MARK).collect(), place: MarkPlace::Edges })
}

/// A kind of recipient in words, before the name.
fn recipient(kind: RecipientKind, lang: Lang) -> &'static str {
    match kind {
        RecipientKind::Requester => lang.of("kopie voor", "copy for"),
        RecipientKind::Insurer => lang.of("verzekeraar", "insurer"),
        RecipientKind::CivilParty => lang.of("procespartij", "party"),
        RecipientKind::Committee => lang.of("commissie", "committee"),
        RecipientKind::Court => lang.of("rechtbank", "court"),
        RecipientKind::Police => lang.of("politie", "police"),
        RecipientKind::Justice => lang.of("justitie", "justice"),
        RecipientKind::Authority => lang.of("instantie", "authority"),
    }
}
