//! `melkglas persons`: everybody in a clip, to choose one of them.

use super::acts::{ActArgs, Asked, Shown, camera, done, hash, milliseconds, models};
use super::audit::LogPlace;
use super::clean::{failure, room};
use super::clip::{ClipArgs, Looked};
use super::common::Installation;
use super::passes::read_analysis;
use super::restricted::{Files, Footage, Restriction};
use super::{outputs, talk};
use crate::casework::audit::{Act, ActKind, CaseNumber, Part, Receipt, What};
use crate::casework::case::Reads;
use crate::casework::review::{
    ActFacts, KEPT_FOR, PersonsRecord, ReviewFolder, Source, Taken, WhoIsThere, who_is_there,
};
use crate::digest::sha256_of_file;
use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::video::pipeline::{RawCrop, Shot};
use crate::video::sink::PartialFile;
use clap::Args as ClapArgs;
use std::io::Write as _;
use std::path::PathBuf;

/// Flags of `melkglas persons`.
#[derive(Debug, ClapArgs)]
#[command(after_help = HELP)]
pub(super) struct Args {
    /// What `melkglas analyse` found in this clip, whose numbers of tracks `redact --keep track:N` then means; without
    /// it the clip is looked through now.
    #[arg(long, value_name = "A")]
    analysis: Option<PathBuf>,
    /// Folder for persons.html and persons.json, new or empty, and in memory: below XDG_RUNTIME_DIR or /dev/shm.
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Print persons.json on stdout too.
    #[arg(long)]
    json: bool,
    // Last: their headings hold for whatever stands below them.
    #[command(flatten)]
    clip: ClipArgs,
    #[command(flatten, next_help_heading = "The act")]
    act: ActArgs,
}

impl Footage for Args {
    const READS: Reads = Reads::Persons;

    fn restriction(&self) -> &Restriction {
        &self.clip.restriction
    }

    fn installation(&mut self) -> &mut Installation {
        &mut self.clip.installation
    }

    fn place(&self) -> LogPlace {
        self.act.place()
    }

    fn by_whom_is_here(&mut self, actor: &str, case: &CaseNumber) -> Result<(), Failure> {
        self.act.by_whom_is_here(actor, case, true)
    }

    fn files(&mut self) -> Files<'_> {
        Files {
            clips: vec![&mut self.clip.input],
            made: self.analysis.iter_mut().collect(),
            outputs: Vec::new(),
            folders: self.output.iter().collect(),
        }
    }
}

const HELP: &str = "\
Makes a contact sheet (HTML, one file) and a list (JSON): for everybody who was followed through the clip the track's \
number, when they are there, some crops at their sharpest moments, how large and how certain they are, and how often \
their box met somebody else's. Take the number, or a click that stands there, to `redact --keep`. One person may have \
several tracks; those that are unsure come last.

It shows people, so it is an act: --by and --reason are required (within a case it is whoever is at the desk, for the \
case), and it stands in the audit log before the first crop is \
cut. The pictures lie in memory only, readable by you alone, until `melkglas clean`, until you log out, or for an hour.

Example:
  melkglas analyse clip.mp4 --camera pipelines/cameras/entrance-3.toml -o clip.analysis
  melkglas persons clip.mp4 --camera pipelines/cameras/entrance-3.toml --analysis clip.analysis --by 'A. Jansen' \
--reason 'access request 2026-014' --reason-code access-request
  melkglas clean";

pub(super) fn run(args: &Args, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let asked = args.act.required()?;
    let saved = match &args.analysis {
        Some(path) => Some((path.as_path(), read_analysis(path)?)),
        None => None,
    };
    let folder = room(args.output.as_deref())?;
    let log = asked.log(&[&args.clip.folder(), folder.path()])?;
    let looked = args.clip.look(saved, interrupt)?;
    let who = who_is_there(&looked.analysis);
    let everyone = Part { what: What::Everyone, from_ms: 0, to_ms: None, frames: None };
    let act = act(ActKind::PersonsShown, &asked, &looked, vec![everyone])?;
    let (made, recorded) =
        done(&log, act, &asked.reason, |receipt| show(&looked, &who, &folder, receipt, &asked, interrupt))?;
    let Made { list, sheet, json } = made;
    outputs::commit(vec![list], sheet)?;
    let path = folder.path().join("persons.html");
    folder.keep();
    if args.json {
        talk::data(json);
    }
    let unsure = who.persons.iter().filter(|person| !person.certainty.sure).count();
    talk::say(format_args!(
        "wrote {}: {} tracks, {unsure} of them unsure; entry {} of the audit log\n  it shows people: it goes with \
         `melkglas clean`, when you log out, or after {} minutes",
        path.display(),
        who.persons.len(),
        recorded.opened,
        KEPT_FOR.as_secs() / 60
    ));
    Ok(Exit::Ok)
}

/// Files without their final names, and what the list says.
struct Made {
    list: PartialFile,
    sheet: PartialFile,
    json: String,
}

/// Cuts the crops and writes the files, under partial names.
fn show(
    looked: &Looked<'_>,
    who: &WhoIsThere,
    folder: &ReviewFolder,
    receipt: &Receipt,
    asked: &Asked,
    interrupt: &Interrupt,
) -> Result<Shown<Made>, Failure> {
    let warrant = receipt.warrant().ok_or_else(|| Failure::new(Exit::Bug, "an act without leave"))?;
    let shots: Vec<Shot> = who.persons.iter().flat_map(|person| person.shots.clone()).collect();
    let mut crops = looked.crops(&shots, &warrant)?.into_iter();
    let pictures: Vec<Vec<Taken<RawCrop>>> = who
        .persons
        .iter()
        .map(|person| crops.by_ref().take(person.shots.len()).flatten().map(taken).collect())
        .collect();
    let parts = who.persons.iter().zip(&pictures).filter_map(|(person, taken)| {
        let (first, last) = (taken.first()?, taken.last()?);
        Some(part(person.track, first.at_ns, last.at_ns))
    });
    let parts = parts.collect();
    let path = folder.path().join("persons.html").to_string_lossy().into_owned();
    let facts = (looked.source(), act_facts(receipt, asked), path);
    let (record, sheet) = PersonsRecord::of(&looked.analysis, facts, who, pictures);
    let json = serde_json::to_string_pretty(&record).unwrap_or_default();
    let sheet = folder.sheet("persons.html", sheet).map_err(|e| failure(&e))?;
    let list = written(folder, "persons.json", &json)?;
    let output =
        sha256_of_file(sheet.file(), interrupt).map_err(|e| outputs::cannot_write(sheet.target(), &e))?;
    Ok(Shown { parts, output: Some(hash(&output)?), made: Made { list, sheet, json } })
}

/// A crop as a sheet takes it.
pub(super) fn taken(crop: RawCrop) -> Taken<RawCrop> {
    Taken { at_ns: crop.at_ns(), area: crop.area(), picture: crop }
}

/// The act as it is asked for.
pub(super) fn act(
    kind: ActKind,
    asked: &Asked,
    looked: &Looked<'_>,
    subject: Vec<Part>,
) -> Result<Act, Failure> {
    Ok(Act {
        kind,
        by: asked.by.clone(),
        reason: asked.code,
        source: hash(looked.analysis.source_sha256())?,
        camera: camera(looked.camera.as_ref())?,
        models: models(&looked.detectors)?,
        analysis: looked.analysis_sha256.as_deref().map(hash).transpose()?,
        mode: None,
        risk_accepted: false,
        subject,
    })
}

/// What the record has of the act.
pub(super) fn act_facts(receipt: &Receipt, asked: &Asked) -> ActFacts {
    ActFacts {
        entry: receipt.entry(),
        by: asked.by.clone(),
        reason_code: asked.code,
        reason: asked.reason.as_str().to_owned(),
    }
}

/// A track from one moment to another, as the log has it.
pub(super) fn part(track: u32, from_ns: u64, to_ns: u64) -> Part {
    let to_ms = Some(milliseconds(to_ns));
    Part { what: What::Track(track), from_ms: milliseconds(from_ns), to_ms, frames: None }
}

/// Text in the folder, under a partial name.
pub(super) fn written(folder: &ReviewFolder, name: &str, text: &str) -> Result<PartialFile, Failure> {
    let file = folder.file(name).map_err(|e| failure(&e))?;
    writeln!(file.file(), "{text}").map_err(|e| outputs::cannot_write(file.target(), &e))?;
    Ok(file)
}

impl Looked<'_> {
    /// The clip, for records.
    pub(super) fn source(&self) -> Source {
        Source {
            file: self.name(),
            sha256: self.analysis.source_sha256().to_owned(),
            bytes: self.clip().len(),
            size: self.analysis.size(),
            camera: self.camera.as_ref().map(|camera| camera.id.clone()),
            frames: self.analysis.frames(),
            frames_covered: self.analysis.covered(),
            analysis_sha256: self.analysis_sha256.clone(),
        }
    }
}
