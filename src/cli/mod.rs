//! The command line: flags to checked settings to work. One file per subcommand; no pixel is touched here.
//!
//! Data goes to stdout, talk to stderr. The same flag means the same everywhere.

mod acts;
mod analyse;
mod audit;
mod batch;
mod batch_case;
mod camera;
mod camera_approve;
mod camera_check;
mod camera_import;
mod camera_learn;
mod camera_picture;
mod case;
mod case_paper;
mod case_rules;
mod clean;
mod clip;
mod common;
mod corrections;
mod desk;
mod doctor;
mod doubts;
mod evaluate;
mod evaluate_reveal;
mod evaluate_strip;
mod harden;
mod live;
mod models;
mod models_add;
mod outputs;
mod paper_words;
mod passes;
mod persons;
mod progress;
mod recheck;
mod redact;
mod register;
mod register_extract;
mod release;
mod release_give;
mod release_render;
mod restricted;
mod retention;
mod reveal;
mod set_up;
mod talk;
mod verify;
mod words;

use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

/// Hide everyone, and every private door, window and street, in surveillance footage.
///
/// melkglas finds persons and faces, hides them and the private regions drawn for the camera, and writes a new clip
/// without sound or any other trace of the source. Where anything is uncertain it covers; where anything fails it
/// leaves no file behind.
#[derive(Debug, Parser)]
#[command(name = "melkglas", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 a fault of the program; 2 usage; 3 settings, models or libraries; \
4 clip unreadable, damaged or cut short; 5 detection, encoding or writing failed; 6 refused by policy; \
7 some of many clips failed; 130 and 143 stopped by Ctrl-C or SIGTERM.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Redact stored clips: everyone and every private region hidden.
    Redact(Box<redact::Args>),
    /// Redact many clips, several at once; what is finished is not done again.
    Batch(batch::Args),
    /// Look through a clip once and keep what was found, for `redact --analysis`.
    Analyse(Box<analyse::Args>),
    /// Show everybody in a clip to staff, who choose one of them; recorded, and in memory only.
    Persons(Box<persons::Args>),
    /// Show where it is not certain who the subject is, so that staff can settle it.
    Doubts(Box<doubts::Args>),
    /// Remove what `persons` and `doubts` show.
    Clean(clean::Args),
    /// Mask cameras in real time, and show and record nothing else.
    Live(Box<live::Args>),
    /// Measure how well people are hidden, on a clip for which somebody wrote down where they are.
    Evaluate(Box<evaluate::Args>),
    /// Make and check camera files: the private regions that one camera must never show.
    #[command(subcommand)]
    Camera(camera::Command),
    /// See, try and add the networks that find people.
    #[command(subcommand)]
    Models(models::Command),
    /// Open and handle cases: requests, incidents, and the footage they are about.
    #[command(subcommand)]
    Case(Box<case::Command>),
    /// Erase what is past its term.
    #[command(subcommand)]
    Retention(retention::Command),
    /// See and check the record of who was shown, to whom and why.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Look again at a finished file, in another way than before; a finding blocks.
    Recheck(recheck::Args),
    /// List all cameras: what is on record about each, and what is missing or late.
    Register(register::Args),
    /// Note that something happened before a camera.
    #[command(subcommand)]
    Incident(register::IncidentCommand),
    /// Check a package that was handed out: was anything in it changed, and what was masked?
    Verify(verify::Args),
    /// Say what is installed and what is missing, with the cure.
    Doctor(doctor::Args),
    /// Print a completion script for a shell.
    Completions {
        /// The shell to complete for.
        shell: clap_complete::Shell,
    },
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    if let Err(fault) = harden::process() {
        talk::failure(None, &Failure::new(Exit::Bug, fault));
        return Exit::Bug.code().into();
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => {
            // clap prints help to stdout and faults to stderr, in its own layout.
            let code = if e.use_stderr() { Exit::Usage } else { Exit::Ok };
            let _ = e.print();
            return code.code().into();
        }
    };
    crate::telemetry::start();
    let interrupt = match Interrupt::on_signals() {
        Ok(interrupt) => interrupt,
        Err(e) => {
            talk::failure(None, &Failure::new(Exit::Bug, format!("signals cannot be watched: {e}")));
            return Exit::Bug.code().into();
        }
    };
    let done = match cli.command {
        Command::Redact(mut args) => restricted::run(args.as_mut(), &interrupt, redact::run),
        Command::Batch(args) => batch::run(&args, &interrupt),
        Command::Analyse(mut args) => restricted::run(args.as_mut(), &interrupt, analyse::run),
        Command::Persons(mut args) => restricted::run(args.as_mut(), &interrupt, persons::run),
        Command::Doubts(mut args) => restricted::run(args.as_mut(), &interrupt, doubts::run),
        Command::Clean(args) => clean::run(&args, &interrupt),
        Command::Live(args) => live::run(&args, &interrupt),
        Command::Evaluate(mut args) => restricted::run(args.as_mut(), &interrupt, evaluate::run),
        Command::Camera(command) => camera::run(&command, &interrupt),
        Command::Models(command) => models::run(&command, &interrupt),
        Command::Case(command) => case::run(&command, &interrupt),
        Command::Retention(command) => retention::run(&command, &interrupt),
        Command::Audit(command) => audit::run(&command),
        Command::Recheck(args) => recheck::run(&args, &interrupt),
        Command::Register(args) => register::run(&args),
        Command::Incident(command) => register::incident(&command),
        Command::Verify(args) => verify::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "melkglas", &mut std::io::stdout());
            Ok(Exit::Ok)
        }
    };
    let exit = done.unwrap_or_else(|failure| {
        talk::failure(None, &failure);
        failure.exit
    });
    exit.code().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_are_sound() {
        Cli::command().debug_assert();
    }
}
