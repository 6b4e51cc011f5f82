//! `melkglas retention`: erases what is due.

use super::audit::LogPlace;
use super::common::Installation;
use super::desk::{case_failure, office, open};
use super::talk;
use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use clap::{Args, Subcommand};

/// Subcommands of `melkglas retention`.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Erase the footage of cases that is past its term, counted from its recording; never what an open case holds. Later,
    /// what is on record of closed cases.
    Run(RunArgs),
}

/// Flags of `melkglas retention run`.
#[derive(Debug, Args)]
#[command(after_help = "\
To erase a clip is to destroy its key, and then its file; each is recorded. A year after its closing (retention.records_days \
of the policy; a site may shorten it) the key of a case goes as well, and with it what residents gave. Run it every night, by \
scripts/systemd/melkglas-retention.timer, under an account that the site file has as an administrator. Running it twice \
does nothing more, and it may be killed at any moment. A file that no case knows is moved aside into the folder strays, \
never erased. It needs no site key, as it opens nothing.")]
pub(super) struct RunArgs {
    /// Say what would be erased, and erase nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    installation: Installation,
    #[command(flatten)]
    place: LogPlace,
}

pub(super) fn run(command: &Command, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let Command::Run(args) = command;
    let mut cases = open(office(&args.installation)?, &args.place, false)?;
    let done = cases.retain(args.dry_run, interrupt).map_err(case_failure)?;
    let did = if args.dry_run { "would be erased" } else { "erased" };
    for due in &done.clips {
        talk::data(format_args!("case {} clip {}: {did}, due since {}", due.case, due.clip, due.since));
    }
    for due in &done.cases {
        talk::data(format_args!("case {}: records {did}, due since {}", due.case, due.since));
    }
    for due in &done.held {
        talk::data(format_args!("case {} clip {}: held, the case is open", due.case, due.clip));
    }
    if done.clips.is_empty() && done.cases.is_empty() {
        talk::say("nothing is due");
    }
    let moved = if args.dry_run { "would be moved aside" } else { "moved aside" };
    for name in &done.strays {
        talk::data(format_args!("{name}: {moved}, no case knows it"));
    }
    if !done.strays.is_empty() {
        talk::say(format_args!(
            "files that no case knows are left over from a run that was killed, or the case store is not the newest; they are \
             kept in {} until you erase them yourself",
            cases.strays_folder().display()
        ));
    }
    if interrupt.is_raised() {
        return Ok(Exit::Signal(interrupt.signal().unwrap_or(15)));
    }
    Ok(Exit::Ok)
}
