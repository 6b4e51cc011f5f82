//! `melkglas case release hand-over`: shown at the office, or packed, locked and given to its recipient.
//!
//! The entry of the audit log stands before anything can be seen or carried away. What is shown lies in memory and is
//! gone when that is over; a package is encrypted before its first byte touches a disk.

use super::case::Where;
use super::case_paper::{Giving, Record, package_name, second_name};
use super::desk::{case_failure, office};
use super::outputs::cannot_write;
use super::restricted::failure_at;
use super::words::{self, Wanted};
use super::{clean, talk};
use crate::casework::audit::CaseNumber;
use crate::casework::case::{Cases, HandOver, ReleaseRow};
use crate::casework::package::{
    Chain, Content, Label, Lock, MediumError, PackageError, Packed, Paper, Parcel, Passphrase, Recipient,
    check_empty, device_of, pack, write_there,
};
use crate::casework::review::ReviewFolder;
use crate::config::{Form, Office};
use crate::error::{Exit, Failure};
use crate::video::sink::{Overwrite, PartialFile, sweep};
use clap::Args;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Flags of `melkglas case release hand-over`.
#[derive(Debug, Args)]
#[command(after_help = "\
A view is shown here: it lies in a folder in memory until you say that it is over, or stdin says `shown: yes`. A copy or \
an original is packed with its manifest and receipt, one package for each clip: an AES-256 zip whose passphrase is \
printed once and kept nowhere, or with --key an age file that only its recipient opens. On a medium it is written \
through and read back.

Examples:
  melkglas case release hand-over 2026-0007 --signed --second c.bos
  melkglas case release hand-over 2026-0008 --signed --medium /media/stick
  melkglas case release hand-over 2026-0009 --signed --second c.bos --key age1... --out /srv/outbox")]
pub(super) struct GiveArgs {
    /// The number of the case.
    number: CaseNumber,
    /// What the protocol has them sign is signed; `melkglas case paper` makes it.
    #[arg(long)]
    signed: bool,
    /// The account of the second member of staff who is there.
    #[arg(long, value_name = "ACCOUNT")]
    second: Option<String>,
    /// An empty storage medium: the folder under which it is mounted.
    #[arg(long, value_name = "FOLDER", conflicts_with = "out")]
    medium: Option<PathBuf>,
    /// A folder for the packages, where the protocol asks for no medium.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// The recipient's age key, instead of a passphrase.
    #[arg(long, value_name = "age1...")]
    key: Option<String>,
    /// Where the camera hangs, in words, for the receipt; without it the camera's id.
    #[arg(long, value_name = "TEXT")]
    place_of_camera: Option<String>,
    /// A program that plays a file, for a view.
    #[arg(long, value_name = "PROGRAM")]
    player: Option<String>,
    #[command(flatten)]
    at: Where,
}

pub(super) fn run(args: &GiveArgs) -> Result<Exit, Failure> {
    let mut cases = args.at.cases()?;
    let office = office(&args.at.installation)?;
    let case = cases.store().case(&args.number).map_err(case_failure)?;
    let rows = cases.store().releases(&case).map_err(case_failure)?;
    let how =
        HandOver { signed: args.signed, second: args.second.as_deref(), on_medium: args.medium.is_some() };
    if rows.first().is_some_and(|row| row.form != Form::View) {
        return packages(args, &mut cases, &office, how);
    }
    let rows = cases.hand_over(&args.number, how).map_err(case_failure)?;
    let folder = laid_out(&mut cases, &args.number, &rows, args.player.as_deref())?;
    // Whatever is answered, it is over then.
    let said = words::ask(&[Wanted::new("shown", "is the viewing over? (yes)")]);
    drop(folder);
    said?;
    talk::say(format_args!("case {}: shown at the office; no file was handed over", args.number));
    Ok(Exit::Ok)
}

/// The finished files in a folder in memory, and a player for each where one is named. Dropped, they are gone. An original
/// gets no name anywhere, which a kill would leave behind: a player reads it out of this program's memory.
pub(super) fn laid_out(
    cases: &mut Cases,
    number: &CaseNumber,
    rows: &[ReleaseRow],
    player: Option<&str>,
) -> Result<ReviewFolder, Failure> {
    let folder = clean::room(None)?;
    for row in rows {
        if row.form == Form::Original {
            if player.is_none() {
                talk::say(format_args!(
                    "clip {} is as it was recorded, so it is laid out nowhere; a --player gets it as /dev/stdin",
                    row.clip
                ));
                continue;
            }
            // Unmasked footage is seen: an entry of its own.
            let held = cases.look(number, row.clip).map_err(case_failure)?;
            let clip = File::open(held.path()).map_err(|e| failure_at(&held.path(), &e))?;
            play(player, Path::new("/dev/stdin"), Stdio::from(clip))?;
            continue;
        }
        let held = cases.finished(number, row).map_err(case_failure)?;
        let path = folder.path().join(format!("clip-{}.mp4", row.clip));
        std::fs::copy(held.path(), &path).map_err(|e| failure_at(&path, &e))?;
        talk::say(format_args!("clip {} lies at {}", row.clip, path.display()));
        play(player, &path, Stdio::inherit())?;
    }
    for (name, held) in cases.fetch_of_case(number).map_err(case_failure)? {
        let path = folder.path().join(&name);
        std::fs::copy(held.path(), &path).map_err(|e| failure_at(&path, &e))?;
        talk::say(format_args!("{name} lies at {}", path.display()));
    }
    Ok(folder)
}

fn play(player: Option<&str>, path: &Path, stdin: Stdio) -> Result<(), Failure> {
    let Some(player) = player else { return Ok(()) };
    let ended = Command::new(player).arg(path).stdin(stdin).status();
    let fault = |why: String| {
        Failure::with_cure(Exit::Usage, format!("{player} did not play it: {why}"), "name another --player")
    };
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(fault(status.to_string())),
        Err(e) => Err(fault(e.to_string())),
    }
}

/// Who opens the packages.
enum Key {
    Passphrase(Passphrase),
    Recipient(Recipient),
}

impl Key {
    fn lock(&self) -> Lock<'_> {
        match self {
            Self::Passphrase(passphrase) => Lock::Passphrase(passphrase),
            Self::Recipient(recipient) => Lock::Recipient(recipient),
        }
    }
}

fn packages(args: &GiveArgs, cases: &mut Cases, office: &Office, how: HandOver<'_>) -> Result<Exit, Failure> {
    let key = match &args.key {
        Some(key) => Key::Recipient(key.parse().map_err(|e| {
            Failure::with_cure(Exit::Usage, format!("this is no age key: {e}"), "write it as age1...")
        })?),
        None => Key::Passphrase(Passphrase::generate().map_err(|e| Failure::new(Exit::Bug, e))?),
    };
    // What the protocol says comes before what is wrong with a flag; nothing is written down yet.
    cases.may_hand_over(&args.number, how).map_err(case_failure)?;
    let case = cases.store().case(&args.number).map_err(case_failure)?;
    let to_key = matches!(key, Key::Recipient(_));
    let name = |row: &ReleaseRow, of: usize| package_name(&args.number, row, of, to_key);
    let folder = place(args)?;
    let planned = cases.store().releases(&case).map_err(case_failure)?;
    let mut there = planned.iter().map(|row| folder.join(name(row, planned.len())));
    if let Some(path) = there.find(|path| path.symlink_metadata().is_ok()) {
        return Err(Failure::with_cure(
            Exit::Usage,
            format!("{} exists already", path.display()),
            "name another folder, or take that package away first",
        ));
    }
    try_out(folder)?;
    let device = device_of(folder).map_err(|e| medium_failure(&e))?;
    let rows = cases.hand_over(&args.number, how).map_err(case_failure)?;
    let record = Record::of(cases, office, &args.number, args.place_of_camera.as_deref())?;
    let second = second_name(cases, args.second.as_deref())?;
    sweep(cases.store().folder());
    // Where one of several cannot be written, the others are taken away again: nobody would know their passphrase.
    let mut made = Vec::new();
    for row in &rows {
        let name = name(row, rows.len());
        let head = cases.log().head().map_err(super::audit::failure)?;
        let giving = Giving {
            files: vec![(name.clone(), row)],
            medium: args.medium.as_ref().map(|_| "USB".to_owned()),
            second: second.clone(),
            chain: Chain::of(&head),
            fingerprint: head.public_key.fingerprint(),
        };
        let receipt = record.receipt(giving)?.pdf().map_err(|e| Failure::new(Exit::Bug, e))?;
        let parcel = Ready { row, recipient: record.recipient(), receipt, head: &head };
        let making = cases.store().folder().join(&name);
        let partial =
            PartialFile::create(&making, Overwrite::Refuse).map_err(|e| cannot_write(&making, &e))?;
        let packed = parcel.packed(cases, &args.number, &key, partial.file())?;
        let written = write_there(partial.file(), folder, device, &name).map_err(|e| medium_failure(&e))?;
        if written.sha256 != packed.sha256 {
            return Err(Failure::new(Exit::Pipeline, "what was written is not what was packed"));
        }
        made.push(written);
    }
    for written in made {
        talk::data(format_args!("{}  SHA-256 {}", written.path.display(), written.sha256));
        written.keep();
    }
    if let Key::Passphrase(passphrase) = &key {
        talk::data(format_args!("passphrase  {}", passphrase.reveal()));
        talk::say(
            "the passphrase is shown this once and kept nowhere; let the recipient have it another way",
        );
    }
    Ok(Exit::Ok)
}

/// Where the packages go.
fn place(args: &GiveArgs) -> Result<&Path, Failure> {
    match (&args.medium, &args.out) {
        (Some(medium), _) => {
            check_empty(medium).map_err(|e| medium_failure(&e))?;
            if !is_mounted(medium) {
                talk::say(format_args!(
                    "nothing is mounted at {}: what is written there stays on this machine's own disk",
                    medium.display()
                ));
            }
            Ok(medium)
        }
        (None, Some(out)) if out.is_dir() => {
            sweep(out);
            Ok(out)
        }
        (None, Some(out)) => Err(Failure::with_cure(
            Exit::Usage,
            format!("{} is no folder", out.display()),
            "make it, or name another with --out",
        )),
        (None, None) => Err(Failure::with_cure(
            Exit::Usage,
            "it is not said where the package goes",
            "name --medium or --out",
        )),
    }
}

/// Looks whether a folder can be written to at all, before anything is said to be handed over.
fn try_out(folder: &Path) -> Result<(), Failure> {
    let tried = PartialFile::create(&folder.join("package"), Overwrite::Replace);
    tried.map(drop).map_err(|source| medium_failure(&MediumError::Io { folder: folder.to_owned(), source }))
}

/// Whether a folder is of another file system than the one that it lies in.
fn is_mounted(folder: &Path) -> bool {
    let device = |path: &Path| path.metadata().map(|meta| meta.dev()).ok();
    folder.canonicalize().is_ok_and(|path| path.parent().is_none_or(|up| device(up) != device(&path)))
}

/// What is about to be packed.
struct Ready<'a> {
    row: &'a ReleaseRow,
    recipient: String,
    receipt: Vec<u8>,
    head: &'a crate::casework::audit::Head,
}

impl Ready<'_> {
    fn packed(self, cases: &Cases, number: &CaseNumber, key: &Key, out: &File) -> Result<Packed, Failure> {
        let Self { row, recipient, receipt, head } = self;
        let held = cases.finished(number, row).map_err(case_failure)?;
        let path = held.path();
        let footage = File::open(&path).map_err(|e| failure_at(&path, &e))?;
        let report = match row.form {
            Form::Original => Vec::new(),
            Form::View | Form::Copy => {
                let report = cases.fetch(number, row.clip, Cases::REPORT).map_err(case_failure)?;
                std::fs::read(report.path()).map_err(|e| failure_at(&report.path(), &e))?
            }
        };
        let label = |text: &str| text.parse::<Label>().map_err(|e| Failure::new(Exit::Refused, e));
        let extension = extension(cases, number, row.clip)?;
        let parcel = Parcel {
            footage: &footage,
            content: match row.form {
                Form::Original => Content::Original { extension: &extension },
                Form::View | Form::Copy => Content::Masked { report: &report },
            },
            case: label(&number.to_string())?,
            recipient: label(&recipient)?,
            kind: label(&row.form.to_string())?,
            papers: &[Paper { name: "receipt.pdf".into(), bytes: receipt }],
            head,
        };
        pack(parcel, &key.lock(), cases.log(), out).map_err(|e| package_failure(&e))
    }
}

/// The ending of the name that a clip had when it was added: letters and digits, or none that says anything.
fn extension(cases: &Cases, number: &CaseNumber, clip: u32) -> Result<String, Failure> {
    let originals = cases.originals(number).map_err(case_failure)?;
    let place =
        originals.into_iter().find(|(known, _)| *known == clip).map(|(_, place)| PathBuf::from(place));
    let ending = place.and_then(|place| Some(place.extension()?.to_str()?.to_ascii_lowercase()));
    let plain =
        |text: &String| (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    Ok(ending.filter(plain).unwrap_or_else(|| "video".to_owned()))
}

fn medium_failure(e: &MediumError) -> Failure {
    match e {
        MediumError::NotAFolder(_) => Failure::new(Exit::Usage, e),
        MediumError::NotEmpty { .. } => Failure::new(Exit::Refused, e),
        MediumError::ReadBack(_) | MediumError::TakenOut(_) => Failure::new(Exit::Pipeline, e),
        MediumError::Io { .. } => Failure::with_cure(
            Exit::Pipeline,
            e,
            "nothing of this was handed over: look whether it has room, is plugged in and may be written to; or take \
             another one",
        ),
    }
}

fn package_failure(e: &PackageError) -> Failure {
    let exit = match e {
        PackageError::Io(_) | PackageError::Lock(_) => Exit::Pipeline,
        _ => Exit::Bug,
    };
    Failure::new(exit, e)
}
