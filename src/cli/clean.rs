//! `melkglas clean`, and how other subcommands come by a place for pictures of people: in memory, and for an hour.
//!
//! The hour is kept by a process of its own, this program again as `clean --only FOLDER --after 3600`, which outlives
//! the terminal. Should it be killed, every later run that comes here removes what is older.

use super::harden::own_program;
use super::talk;
use crate::casework::review::{KEPT_FOR, Removed, ReviewError, ReviewFolder, ReviewPlace};
use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use clap::Args as ClapArgs;
use serde_json::json;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Flags of `melkglas clean`.
#[derive(Debug, ClapArgs)]
#[command(after_help = HELP)]
pub(super) struct Args {
    /// Print what was removed as one line of JSON on stdout.
    #[arg(long)]
    json: bool,
    /// Wait for this one of them to be old enough, and remove nothing else: what keeps the hour.
    #[arg(long, value_name = "FOLDER", requires = "after", hide = true)]
    only: Option<PathBuf>,
    /// How old, seconds.
    #[arg(long, value_name = "SECS", requires = "only", hide = true)]
    after: Option<u32>,
}

const HELP: &str = "\
`persons` and `doubts` show people, so what they make lies in memory only: in melkglas below XDG_RUNTIME_DIR, else in \
/dev/shm/melkglas-UID, or in the folder that -o named. It goes when you log out (XDG_RUNTIME_DIR), after an hour, or now, \
with this command. Folders in which another run is at work are left to it.

Example:
  melkglas clean";

/// How often it is looked whether a folder is still there.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(super) fn run(args: &Args, interrupt: &Interrupt) -> Result<Exit, Failure> {
    if let (Some(entry), Some(after)) = (&args.only, args.after) {
        return wait(entry, Duration::from_secs(after.into()), interrupt);
    }
    let Removed { folders, busy, stuck } = ReviewPlace::clean(None);
    if args.json {
        let stuck: Vec<_> = stuck.iter().map(|path| path.to_string_lossy()).collect();
        talk::data(json!({ "removed": folders, "in_use": busy, "not_removed": stuck }));
    }
    match folders {
        0 => talk::say("there was nothing to remove"),
        1 => talk::say("removed one folder with pictures of people"),
        n => talk::say(format_args!("removed {n} folders with pictures of people")),
    }
    if busy > 0 {
        talk::say(format_args!(
            "{busy} more are being written by other runs; clean again when these are done"
        ));
    }
    if stuck.is_empty() {
        return Ok(Exit::Ok);
    }
    let names: Vec<_> = stuck.iter().map(|path| path.display().to_string()).collect();
    Err(Failure::with_cure(
        Exit::Pipeline,
        format!("cannot be removed: {}", names.join(", ")),
        "remove them by hand; they hold pictures of people",
    ))
}

/// Removes one folder when it is old enough, or when this process is asked to end: by whoever shuts the machine down.
fn wait(entry: &Path, after: Duration, interrupt: &Interrupt) -> Result<Exit, Failure> {
    // Not of the terminal any more, whose end would be ours. It fails where this process leads a group already.
    let _ = rustix::process::setsid();
    loop {
        let older = if interrupt.is_raised() { Duration::ZERO } else { after };
        if ReviewPlace::expire(entry, older).map_err(|e| failure(&e))? || interrupt.is_raised() {
            return Ok(Exit::Ok);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// A fresh folder in memory, or the one that was named, with what keeps its hour. What is older goes first.
pub(super) fn room(named: Option<&Path>) -> Result<ReviewFolder, Failure> {
    let old = ReviewPlace::clean(Some(KEPT_FOR));
    if old.folders > 0 {
        talk::say(format_args!(
            "removed {} folder(s) with pictures of people that were over an hour old",
            old.folders
        ));
    }
    let place = ReviewPlace::open().map_err(|e| failure(&e))?;
    let folder = match named {
        Some(dir) => place.folder_at(dir),
        None => place.folder(),
    };
    let folder = folder.map_err(|e| failure(&e))?;
    keep_the_hour(folder.entry()).map_err(|e| {
        Failure::with_cure(
            Exit::Pipeline,
            format!("the process that removes the pictures after an hour cannot be started: {e}"),
            "look whether this machine lets you start another process (ulimit -u)",
        )
    })?;
    Ok(folder)
}

/// Starts the process that removes a folder after an hour. It holds nothing of this one: no file, no folder, no
/// terminal. (What whoever started this program left open for it goes on to that one too.)
fn keep_the_hour(entry: &Path) -> io::Result<()> {
    let seconds = KEPT_FOR.as_secs().to_string();
    let mut again = Command::new(own_program());
    again.arg("clean").arg("--only").arg(entry).args(["--after", &seconds]).current_dir("/");
    again.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().map(drop)
}

/// A place that cannot be used, and what to do.
pub(super) fn failure(e: &ReviewError) -> Failure {
    let exit = match e {
        ReviewError::OnDisk(_) | ReviewError::NotPrivate(_) => Exit::Refused,
        ReviewError::NoPlace => Exit::Settings,
        ReviewError::Root(_) | ReviewError::NotEmpty(_) => Exit::Usage,
        ReviewError::Io { .. } => Exit::Pipeline,
    };
    Failure::with_cure(exit, e, e.cure())
}
