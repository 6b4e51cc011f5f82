//! `melkglas batch`: many clips, several at once, each by a process of its own, and a summary of all: those of a folder,
//! or those of a case ([`batch_case`]).
//!
//! A process for each clip: whatever one of them does to a decoder, the others go on, and what it held is gone with it.

use super::case::Where;
use super::desk::case_failure;
use super::harden::own_program;
use super::outputs::{OutDir, cannot_write};
use super::{batch_case, talk};
use crate::casework::audit::CaseNumber;
use crate::casework::case::{Reads, reading};
use crate::casework::{Batch, BatchError, BatchItem, BatchRow, BatchSummary, Ended, ItemState};
use crate::config::RecipientKind;
use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::video::sink::sweep;
use clap::Args as ClapArgs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Flags of `melkglas batch`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Everything after -- is for `melkglas redact`, which does the work: a process for each clip. Every clip gets \
STEM.redacted.mp4 and STEM.report.json in the folder, which also holds summary.json and summary.html. Run again after a \
kill, with the same options: what is finished (its report names this source and the output's hash) is not done again. \
Ends with 7 where a clip failed; the summary names it, and nothing of it stays.

With the number of a case it renders that case's clips for release instead, by `melkglas case release copy`: what is made \
is kept in the case, encrypted, and so is the summary, which `melkglas case release watch` lays out.

Where the site has a policy, clips of a folder are redacted with `-- --trial` alone, which burns NOT RELEASED over every \
frame.

Examples:
  melkglas batch --clips incoming --out-dir masked -- --camera entrance-3.toml --effort thorough
  melkglas batch 2026-0008 --to insurer -- --camera entrance-3.toml")]
pub(super) struct Args {
    /// The case whose clips are rendered for release.
    #[arg(value_name = "CASE", requires = "to", conflicts_with_all = ["clips", "out_dir"])]
    pub(super) case: Option<CaseNumber>,
    /// Who the clips of the case are for.
    #[arg(long, value_name = "RECIPIENT", requires = "case")]
    pub(super) to: Option<RecipientKind>,
    /// Clips, or folders of them.
    #[arg(long, value_name = "PATH", required_unless_present = "case", requires = "out_dir", num_args = 1..)]
    clips: Vec<PathBuf>,
    /// Folder for what is made; made if it is not there. It belongs to this batch.
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
    /// Clips at a time; without it 2, on a machine with one core 1. Each uses all cores where it can.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: Option<u16>,
    /// Print the summary as JSON on stdout.
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) at: Where,
    /// Options of `melkglas redact`.
    #[arg(last = true, value_name = "OPTION")]
    pub(super) redact: Vec<String>,
}

impl Args {
    /// Clips at a time.
    pub(super) fn jobs(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        self.jobs.map_or(cores.min(2), usize::from)
    }
}

/// Options of `redact` that the batch sets itself, or that are of one clip.
const OWN: [&str; 11] = [
    "-o",
    "--output",
    "--out-dir",
    "--report",
    "--force",
    "--json",
    "--analysis",
    "--keep",
    "--cover",
    "--boxes",
    "--save-corrections",
];

/// Extensions of files that are taken out of a folder.
const EXTENSIONS: [&str; 12] =
    ["mp4", "m4v", "mov", "mkv", "webm", "avi", "flv", "ts", "mpg", "mpeg", "h264", "h265"];

/// How often it is looked whether a process ended.
const LOOK_EVERY: Duration = Duration::from_millis(50);

pub(super) fn run(args: &Args, interrupt: &Interrupt) -> Result<Exit, Failure> {
    match (&args.case, args.to, &args.out_dir) {
        (Some(number), Some(to), _) => batch_case::run(args, number, to, interrupt),
        (_, _, Some(out_dir)) => folder(args, out_dir, interrupt),
        _ => Err(Failure::new(Exit::Usage, "neither a case nor a folder is named")),
    }
}

fn folder(args: &Args, out_dir: &Path, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let of_one =
        |option: &&String| OWN.iter().any(|own| *option == own || option.starts_with(&format!("{own}=")));
    if let Some(option) = args.redact.iter().find(of_one) {
        let cure =
            "leave it out: outputs and reports go into --out-dir, and what is of one clip is not for many";
        return Err(Failure::with_cure(Exit::Usage, format!("{option} cannot be given to a batch"), cure));
    }
    let trial = args.redact.iter().any(|option| option == "--trial");
    let office = args.at.installation.settings()?.office;
    let policy = office.as_ref().map(|office| office.policy.as_ref());
    reading(policy, Reads::Batch, false, trial).map_err(|refusal| case_failure(refusal.into()))?;
    let clips = clips(&args.clips)?;
    let _made = OutDir::make(out_dir)?;
    sweep(out_dir);
    let redact: Vec<String> = args.at.flags().into_iter().chain(args.redact.iter().cloned()).collect();
    let options = redact.join("\0");
    let batch = Batch::open(&clips, out_dir, &options).map_err(|e| failure(&e))?;
    let work = |item: &BatchItem| self::redact(item, &redact, interrupt);
    let summary = batch.run(args.jobs(), interrupt, work, tell).map_err(|e| failure(&e))?;
    batch.write(&summary).map_err(|e| failure(&e))?;
    if args.json {
        talk::data(format_args!("{:#}", serde_json::json!(summary)));
    }
    told(&summary, &out_dir.join("summary.html").display(), interrupt)
}

/// Says how many ended how, and where to look; gives the exit code.
pub(super) fn told(
    summary: &BatchSummary,
    page: &dyn std::fmt::Display,
    interrupt: &Interrupt,
) -> Result<Exit, Failure> {
    let counts: Vec<String> = summary.counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    talk::say(format_args!("{}; see {page}", counts.join(", ")));
    Ok(match interrupt.signal() {
        Some(signal) => Exit::Signal(signal),
        None if summary.is_whole() => Exit::Ok,
        None => Exit::SomeFailed,
    })
}

pub(super) fn failure(e: &BatchError) -> Failure {
    match e {
        BatchError::SameName(..) => Failure::with_cure(Exit::Usage, e, "do them in two batches"),
        BatchError::OtherOptions(_) => {
            Failure::with_cure(Exit::Usage, e, "give the same options, or another --out-dir")
        }
        BatchError::Busy(_) => Failure::with_cure(Exit::Usage, e, "wait for it, or name another --out-dir"),
        BatchError::Thread(_) => Failure::new(Exit::Bug, e),
        BatchError::Io { path, source } => cannot_write(path, source),
    }
}

/// The clips among files and folders.
fn clips(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut clips = Vec::new();
    for path in paths {
        let fault =
            |e: std::io::Error| Failure::new(Exit::Usage, format!("{} cannot be read: {e}", path.display()));
        if !path.is_dir() {
            clips.push(path.clone());
            continue;
        }
        for entry in path.read_dir().map_err(fault)? {
            let file = entry.map_err(fault)?.path();
            let known = |e: &std::ffi::OsStr| EXTENSIONS.iter().any(|known| e.eq_ignore_ascii_case(known));
            if file.is_file() && file.extension().is_some_and(known) {
                clips.push(file);
            }
        }
    }
    clips.sort();
    clips.dedup();
    if clips.is_empty() {
        let cure = "name clips, or a folder that holds some (.mp4, .mkv, .avi, ...)";
        return Err(Failure::with_cure(Exit::Usage, "there is no clip", cure));
    }
    Ok(clips)
}

pub(super) fn tell(row: &BatchRow) {
    match (&row.state, &row.failure) {
        (ItemState::Kept, _) => talk::say(format_args!("{}: finished before", row.clip)),
        (ItemState::Done, _) => {
            talk::say(format_args!("{}: {} frames in {:.1} s", row.clip, row.frames, row.secs))
        }
        (_, Some((exit, says))) => talk::say(format_args!("{}: FAILED ({exit}): {says}", row.clip)),
        _ => {}
    }
}

/// One clip, by this program started again.
fn redact(item: &BatchItem, options: &[String], interrupt: &Interrupt) -> Ended {
    let mut command = Command::new(own_program());
    command
        .arg("redact")
        .arg(absolute(&item.clip))
        .arg("-o")
        .arg(&item.output)
        .arg("--report")
        .arg(&item.report);
    // What stands there is of another source or of other bytes.
    command.arg("--force").args(options);
    ran(command, interrupt)
}

/// Runs this program again to its end, and hears why it failed.
pub(super) fn ran(mut command: Command, interrupt: &Interrupt) -> Ended {
    let failed = |says: String| Ended::Failed { exit: Exit::Bug.code(), says };
    command.env("NO_COLOR", "1").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    match command.spawn() {
        Err(e) => failed(format!("it could not be started: {e}")),
        Ok(child) => waited(child, interrupt).unwrap_or_else(|e| failed(format!("it was lost: {e}"))),
    }
}

/// A path that no option can be taken for.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Longest talk of one process that is kept, bytes.
const LONGEST_TALK: usize = 16 << 10;

fn waited(mut child: Child, interrupt: &Interrupt) -> std::io::Result<Ended> {
    let mut stderr = child.stderr.take();
    // Read beside the work, or a talkative process would wait for us.
    let talk = std::thread::Builder::new().name("batch-talk".into()).spawn(move || {
        let mut all = Vec::new();
        let mut buf = [0; 4096];
        while let Some(n) = stderr.as_mut().and_then(|out| out.read(&mut buf).ok()).filter(|n| *n > 0) {
            all.extend_from_slice(&buf[..n]);
            let over = all.len().saturating_sub(LONGEST_TALK);
            all.drain(..over);
        }
        String::from_utf8_lossy(&all).into_owned()
    })?;
    let mut told = false;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if interrupt.is_raised() && !told {
            told = true;
            if let Some(pid) = rustix::process::Pid::from_raw(child.id().cast_signed()) {
                // It is gone already where this fails.
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            }
        }
        std::thread::sleep(LOOK_EVERY);
    };
    let talk = talk.join().unwrap_or_default();
    Ok(match status.code() {
        Some(0) => Ended::Done,
        Some(code) => Ended::Failed { exit: u8::try_from(code).unwrap_or(1), says: sentence(&talk) },
        None => Ended::Failed { exit: Exit::Bug.code(), says: format!("its process died ({status})") },
    })
}

/// What a process said last, in one line.
fn sentence(talk: &str) -> String {
    let words: Vec<&str> =
        talk.split_whitespace().filter(|word| !["│", "×", "Error:"].contains(word)).collect();
    let from = words.len().saturating_sub(80);
    words[from..].join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_one_line() {
        assert_eq!(
            sentence("a.mp4:   × the clip is\n  │ cut short\n  help: export it\n"),
            "a.mp4: the clip is cut short help: export it"
        );
        assert_eq!(sentence(""), "");
    }
}
