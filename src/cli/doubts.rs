//! `melkglas doubts`: the stretches in which it is not certain who the subject is.

use super::acts::{ActArgs, Asked, Shown, done, hash};
use super::audit::LogPlace;
use super::camera;
use super::camera_picture::draw_boxes;
use super::clean::{failure, room};
use super::clip::{ClipArgs, Looked};
use super::common::Installation;
use super::passes::{Fit, masking, read_analysis};
use super::persons::{act, act_facts, part, taken, written};
use super::progress::Progress;
use super::restricted::{Files, Footage, Restriction};
use super::{outputs, talk};
use crate::casework::audit::{ActKind, CaseNumber, Receipt};
use crate::casework::case::Reads;
use crate::casework::review::{
    DoubtFacts, DoubtPictures, KEPT_FOR, ReviewFolder, Sheet, Taken, doubts_sheet, meetings,
};
use crate::config::FollowSettings;
use crate::digest::sha256_of_file;
use crate::error::{Exit, Failure};
use crate::geometry::BoxPx;
use crate::interrupt::Interrupt;
use crate::video::analysis::Analysis;
use crate::video::follow::{Candidate, Choice, Doubt, Following};
use crate::video::frame::RedactedFrame;
use crate::video::pipeline::{FrameRecord, Moment, Observer, RawCrop, Shot, rehearse_rendering};
use crate::video::sink::PartialFile;
use crate::video::source::Declared;
use clap::Args as ClapArgs;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, resize};
use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Flags of `melkglas doubts`.
#[derive(Debug, ClapArgs)]
#[command(after_help = HELP)]
pub(super) struct Args {
    /// What `melkglas analyse` found in this clip.
    #[arg(long, value_name = "A")]
    analysis: PathBuf,
    /// Who the subject is, as for `redact --keep`: 12.4@412,230 or track:7; several times for the same subject. Without
    /// it every stretch in which one track may be taken for another.
    #[arg(long, value_name = "CHOICE")]
    keep: Vec<Choice>,
    /// Folder for doubts.html and doubts.json. Masked pictures may lie anywhere; with --by the folder is new or empty,
    /// and in memory.
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Replace doubts.html and doubts.json of masked pictures.
    #[arg(long)]
    force: bool,
    /// Print the doubts on stdout; without -o and --by nothing else is made.
    #[arg(long)]
    json: bool,
    // Last: their headings hold for whatever stands below them.
    #[command(flatten)]
    clip: ClipArgs,
    #[command(flatten, next_help_heading = "The act")]
    act: ActArgs,
}

impl Footage for Args {
    const READS: Reads = Reads::Doubts;

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
        self.act.by_whom_is_here(actor, case, false)
    }

    fn files(&mut self) -> Files<'_> {
        Files {
            clips: vec![&mut self.clip.input],
            made: vec![&mut self.analysis],
            outputs: Vec::new(),
            folders: self.output.iter().collect(),
        }
    }
}

const HELP: &str = "\
Where two people cross, merge, or come back after a gap, it may not be certain who of them is the subject; there the \
subject is hidden too, until a choice settles it. This lists these stretches, each with the tracks that it may be and a \
moment at which they can be told apart, and writes a sheet (HTML, one file) that says what to type for each.

By itself it shows masked frames with the candidates' boxes and numbers on them. With --by and --reason it shows the \
candidates as they are: that is an act, recorded as for `persons`, and lies in memory only.

Example:
  melkglas doubts clip.mp4 --no-camera --analysis clip.analysis --keep track:7 --json
  melkglas doubts clip.mp4 --no-camera --analysis clip.analysis --keep track:7 -o doubts
  melkglas doubts clip.mp4 --no-camera --analysis clip.analysis --keep track:7 --by 'A. Jansen' --reason 'access request'";

/// Widest masked picture on the sheet, pixels.
const WIDEST: u32 = 1280;
/// JPEG quality of 100.
const QUALITY: u8 = 85;
const SHEET: &str = "doubts.html";
const LIST: &str = "doubts.json";

/// A masked picture, as a JPEG.
struct MaskedPicture(Vec<u8>);

pub(super) fn run(args: &Args, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let asked = args.act.asked()?;
    let saved = read_analysis(&args.analysis)?;
    let way = match (&asked, &args.output) {
        (Some(asked), dir) => {
            let folder = room(dir.as_deref())?;
            let log = asked.log(&[&args.clip.folder(), folder.path()])?;
            Way::Raw(folder, log, asked)
        }
        (None, Some(dir)) => Way::Masked(masked_place(args, dir)?),
        (None, None) if args.json => Way::Numbers,
        (None, None) => Way::Masked(Place::Review(room(None)?)),
    };
    let looked = args.clip.look(Some((&args.analysis, saved)), interrupt)?;
    let mut doubts = doubts_in(&looked.analysis, &args.keep, &looked.site.follow)?;
    for doubt in &mut doubts {
        doubt.at_ns = shown_at(&looked.analysis, doubt.at_ns);
    }
    let json = serde_json::to_string(&DoubtFacts::of(&doubts)).unwrap_or_default();
    if args.json {
        talk::data(&json);
    }
    if doubts.is_empty() {
        talk::say("it is certain throughout who the subject is: there is nothing to settle");
        return Ok(Exit::Ok);
    }
    let (path, note) = match way {
        Way::Numbers => return Ok(Exit::Ok),
        Way::Masked(place) => {
            let pictures = masked(&looked, &doubts)?;
            (place.write(&looked, &doubts, pictures, (&json, args.force))?, String::new())
        }
        Way::Raw(folder, log, asked) => {
            let subject = doubts
                .iter()
                .flat_map(|doubt| doubt.candidates.iter().map(|c| part(c.track, doubt.from_ns, doubt.to_ns)));
            let act = act(ActKind::DoubtsShown, asked, &looked, subject.collect())?;
            let ((list, sheet), recorded) = done(&log, act, &asked.reason, |receipt| {
                show(&looked, &doubts, &folder, receipt, asked, (&json, interrupt))
            })?;
            outputs::commit(vec![list], sheet)?;
            let path = folder.path().join(SHEET);
            folder.keep();
            (path, format!("; it shows people, entry {} of the audit log", recorded.opened))
        }
    };
    let gone = if args.output.is_some() && asked.is_none() {
        String::new()
    } else {
        format!(
            "\n  it goes with `melkglas clean`, when you log out, or after {} minutes",
            KEPT_FOR.as_secs() / 60
        )
    };
    talk::say(format_args!("wrote {}: {} doubts{note}{gone}", path.display(), doubts.len()));
    Ok(Exit::Ok)
}

/// What is made.
enum Way<'a> {
    /// Nothing but numbers.
    Numbers,
    /// Masked frames.
    Masked(Place),
    /// The candidates as they are, as an act.
    Raw(ReviewFolder, crate::casework::audit::AuditLog, &'a Asked),
}

/// Where masked frames go.
enum Place {
    /// Where everything to look at goes.
    Review(ReviewFolder),
    /// A folder that was named, on a disk as well; it goes again where nothing is written.
    Named(PathBuf, outputs::OutDir),
}

fn masked_place(args: &Args, dir: &Path) -> Result<Place, Failure> {
    let made = outputs::OutDir::make(dir)?;
    let files = [SHEET, LIST].map(|name| dir.join(name));
    let mut inputs = args.clip.inputs();
    inputs.push(&args.analysis);
    camera::refuse_existing(&files.each_ref().map(Some), &inputs, args.force)?;
    Ok(Place::Named(dir.to_owned(), made))
}

impl Place {
    fn write(
        self,
        looked: &Looked<'_>,
        doubts: &[Doubt],
        pictures: Vec<Option<MaskedPicture>>,
        (json, force): (&str, bool),
    ) -> Result<PathBuf, Failure> {
        let pictures = pictures.into_iter().map(DoubtPictures::Masked).collect();
        let page = doubts_sheet(&looked.source(), None, doubts, pictures);
        let write =
            |out: &mut dyn io::Write, page: Sheet<MaskedPicture>| page.write(out, |picture| picture.0);
        match self {
            Self::Named(dir, _made) => {
                let list = camera::written(&dir.join(LIST), force, |out| writeln!(out, "{json}"))?;
                let sheet = camera::written(&dir.join(SHEET), force, |out| write(out, page))?;
                outputs::commit(vec![list], sheet)?;
                Ok(dir.join(SHEET))
            }
            Self::Review(folder) => {
                let list = written(&folder, LIST, json)?;
                let sheet = folder.file(SHEET).map_err(|e| failure(&e))?;
                let mut out = io::BufWriter::new(sheet.file());
                let done = write(&mut out, page).and_then(|()| out.flush());
                drop(out);
                done.map_err(|e| outputs::cannot_write(sheet.target(), &e))?;
                outputs::commit(vec![list], sheet)?;
                let path = folder.path().join(SHEET);
                folder.keep();
                Ok(path)
            }
        }
    }
}

/// Cuts the candidates and writes the files, under partial names.
fn show(
    looked: &Looked<'_>,
    doubts: &[Doubt],
    folder: &ReviewFolder,
    receipt: &Receipt,
    asked: &Asked,
    (json, interrupt): (&str, &Interrupt),
) -> Result<Shown<(PartialFile, PartialFile)>, Failure> {
    let warrant = receipt.warrant().ok_or_else(|| Failure::new(Exit::Bug, "an act without leave"))?;
    let shots = doubts.iter().flat_map(|doubt| {
        let moment = |c: &Candidate| Moment { at_ns: doubt.at_ns, area: c.area, weight: 1.0 };
        doubt.candidates.iter().map(move |c| Shot { moments: vec![moment(c)] })
    });
    let mut crops = looked.crops(&shots.collect::<Vec<_>>(), &warrant)?.into_iter();
    let mut parts = Vec::new();
    let mut pictures = Vec::new();
    for doubt in doubts {
        let own: Vec<Option<Taken<RawCrop>>> =
            crops.by_ref().take(doubt.candidates.len()).map(|crop| crop.map(taken)).collect();
        let shown = doubt.candidates.iter().zip(&own).filter(|(_, crop)| crop.is_some());
        parts.extend(shown.map(|(c, _)| part(c.track, doubt.at_ns, doubt.at_ns)));
        pictures.push(DoubtPictures::Candidates(own));
    }
    let page = doubts_sheet(&looked.source(), Some(&act_facts(receipt, asked)), doubts, pictures);
    let sheet = folder.sheet(SHEET, page).map_err(|e| failure(&e))?;
    let list = written(folder, LIST, json)?;
    let output = sha256_of_file(sheet.file(), interrupt);
    let output = output.map_err(|e| outputs::cannot_write(sheet.target(), &e))?;
    Ok(Shown { parts, output: Some(hash(&output)?), made: (list, sheet) })
}

/// The masked frame of each doubt, with the boxes of its candidates; none where the clip does not show it.
fn masked(looked: &Looked<'_>, doubts: &[Doubt]) -> Result<Vec<Option<MaskedPicture>>, Failure> {
    let mut wanted: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (i, doubt) in doubts.iter().enumerate() {
        wanted.entry(doubt.at_ns).or_default().push(i);
    }
    let mut watcher = Watcher {
        progress: masking(&looked.name(), 2),
        fit: looked.fit(),
        doubts,
        wanted,
        next: Vec::new(),
        pictures: doubts.iter().map(|_| None).collect(),
        fault: None,
    };
    let result = rehearse_rendering(&looked.job, &looked.analysis, &mut watcher);
    watcher.progress.clear();
    let Watcher { fit, pictures, fault, .. } = watcher;
    fit.or_failed(&looked.job.interrupt, result)?;
    fault.map_or(Ok(pictures), Err)
}

/// Takes masked pictures out of a rehearsal.
struct Watcher<'a> {
    progress: Progress,
    fit: Fit<'a>,
    doubts: &'a [Doubt],
    /// By time: the doubts that are shown by this frame.
    wanted: BTreeMap<u64, Vec<usize>>,
    /// Those of the picture that comes next.
    next: Vec<usize>,
    pictures: Vec<Option<MaskedPicture>>,
    fault: Option<Failure>,
}

impl Observer for Watcher<'_> {
    fn begin(&mut self, declared: &Declared) {
        self.progress.begin(declared);
    }

    fn frame(&mut self, record: &FrameRecord<'_>) -> io::Result<()> {
        self.fit.check(record)?;
        self.progress.frame(record);
        self.next = self.wanted.remove(&record.stamp.pts_ns).unwrap_or_default();
        Ok(())
    }

    fn picture(&mut self, picture: RedactedFrame) {
        for i in std::mem::take(&mut self.next) {
            match outlined(&picture, &self.doubts[i]) {
                Ok(outlined) => self.pictures[i] = Some(outlined),
                Err(fault) => self.fault = Some(fault),
            }
        }
    }
}

/// A masked frame with the boxes of a doubt's candidates, each with its number.
fn outlined(picture: &RedactedFrame, doubt: &Doubt) -> Result<MaskedPicture, Failure> {
    let mut picture = camera::picture_of(picture)?;
    let mut scale = 1.0;
    if picture.width() > WIDEST {
        scale = WIDEST as f32 / picture.width() as f32;
        let height = (picture.height() as f32 * scale).round().max(1.0) as u32;
        picture = resize(&picture, WIDEST, height, FilterType::Triangle);
    }
    let scaled = |b: &BoxPx| BoxPx::new(b.x0 * scale, b.y0 * scale, b.x1 * scale, b.y1 * scale);
    let boxes: Vec<_> = doubt
        .candidates
        .iter()
        .enumerate()
        .map(|(i, candidate)| (i, scaled(&candidate.area), candidate.track.to_string()))
        .collect();
    draw_boxes(&mut picture, &boxes);
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, QUALITY);
    picture
        .write_with_encoder(encoder)
        .map_err(|e| Failure::new(Exit::Bug, format!("a picture cannot be encoded: {e}")))?;
    Ok(MaskedPicture(jpeg))
}

/// The time of the frame that is shown at a moment.
fn shown_at(analysis: &Analysis, at_ns: u64) -> u64 {
    analysis.times_ns().take_while(|time| *time <= at_ns).last().unwrap_or(at_ns)
}

/// Where it is not certain who the subject of these choices is; without a choice wherever one track may be taken for
/// another.
fn doubts_in(
    analysis: &Analysis,
    choices: &[Choice],
    settings: &FollowSettings,
) -> Result<Vec<Doubt>, Failure> {
    if !choices.is_empty() {
        let following =
            Following::of(analysis, choices, settings).map_err(|e| Failure::new(Exit::Usage, e))?;
        return Ok(following.doubts().to_vec());
    }
    let at = |track: u32, at_ns: u64| {
        let seen = analysis.frame_at(at_ns).ok()?;
        let found = seen.tracked.iter().find(|b| b.track == track)?;
        Some(Candidate { track, area: found.core })
    };
    let doubt = |meeting: crate::casework::review::Meeting| Doubt {
        from_ns: meeting.from_ns,
        to_ns: meeting.to_ns,
        at_ns: meeting.from_ns,
        candidates: meeting.tracks.iter().filter_map(|track| at(*track, meeting.from_ns)).collect(),
    };
    Ok(meetings(analysis).into_iter().map(doubt).filter(|doubt| !doubt.candidates.is_empty()).collect())
}
