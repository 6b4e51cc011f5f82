//! `melkglas case release`: the only way out of a case.
//!
//! Four acts, mostly of different people at different times, so each is a command of its own: render (`view`, `copy`,
//! `original`), `watch`, `approve`, `hand-over`. What each of them may do is in the table of
//! [`casework::case`](crate::casework::case); rendering is in `release_render`, showing and packing in `release_give`.

use super::case::{OneArgs, Where};
use super::desk::{case_failure, office};
use super::release_give::{self, GiveArgs};
use super::release_render::{self, Options};
use super::talk;
use super::words::{self, Wanted};
use crate::casework::audit::CaseNumber;
use crate::casework::case::{CaseAct, Cases, Giving, ReleaseRow};
use crate::config::{Form, RecipientKind};
use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use clap::{Args, Subcommand};

/// Subcommands of `melkglas case release`.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Render the case's footage to be shown at the office; no file is handed over.
    View(ViewArgs),
    /// Render a copy that is to be handed over.
    Copy(CopyArgs),
    /// Set the footage aside as it was recorded, for the police, justice or a court.
    Original(OriginalArgs),
    /// Watch what was rendered to its end, and say so.
    Watch(WatchArgs),
    /// Approve what was watched.
    Approve(OneArgs),
    /// Show it at the office, or pack it for its recipient.
    HandOver(GiveArgs),
}

/// What every rendering takes.
#[derive(Debug, Args)]
pub(super) struct Rendering {
    /// The number of the case.
    pub(super) number: CaseNumber,
    /// This clip alone; without it every clip of the case.
    #[arg(long, value_name = "N")]
    pub(super) clip: Option<u32>,
    /// The second look searches every n-th frame. Zones are checked in all of them.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=250))]
    every: u32,
    #[command(flatten)]
    at: Where,
    /// Options of `melkglas redact`: the camera, who stays visible, corrections.
    #[arg(last = true, value_name = "OPTION")]
    redact: Vec<String>,
}

/// Flags of `melkglas case release view`.
#[derive(Debug, Args)]
#[command(after_help = "\
The frozen window is masked as the policy says for this kind of case, marked with the case, the day and the words \
inzage / viewing copy, looked at once more in another way, and kept in the case, encrypted. A finding of the second look \
blocks: look at the moment that it names, and render again with --cover. Closing erases what was rendered.

Example:
  melkglas case release view 2026-0007 -- --camera pipelines/cameras/entrance-3.toml --keep 12.4@412,230 \\
    --mode spotlight --by 'A. Jansen' --reason 'access request'")]
pub(super) struct ViewArgs {
    #[command(flatten)]
    rendering: Rendering,
}

/// Flags of `melkglas case release copy`.
#[derive(Debug, Args)]
#[command(after_help = "\
As view, but marked with the case and its recipient, and to be handed over when it is watched and approved.

Example:
  melkglas case release copy 2026-0007 --to insurer -- --camera pipelines/cameras/entrance-3.toml")]
pub(super) struct CopyArgs {
    /// Who it is for.
    #[arg(long, value_name = "RECIPIENT")]
    to: RecipientKind,
    #[command(flatten)]
    rendering: Rendering,
}

/// Flags of `melkglas case release original`.
#[derive(Debug, Args)]
#[command(after_help = "\
Nothing is masked and nothing encoded again: what leaves is the clip as it was secured, bit by bit, and only for those \
whom the law entitles to it. A clip that shows more than the case's window is refused: add the part that is asked for.")]
pub(super) struct OriginalArgs {
    /// The number of the case.
    number: CaseNumber,
    /// police, justice or court.
    #[arg(long, value_name = "RECIPIENT")]
    to: RecipientKind,
    #[command(flatten)]
    at: Where,
}

/// Flags of `melkglas case release watch`.
#[derive(Debug, Args)]
#[command(after_help = "\
What is in hand lies in a folder in memory while you watch it; an original lies nowhere, and only a --player gets it, as \
/dev/stdin. Then you are asked whether you watched all of it to its \
end, or the answer is read from stdin: `watched: yes`. It stands in the audit log, with the hash of the file.")]
pub(super) struct WatchArgs {
    /// The number of the case.
    number: CaseNumber,
    /// A program that plays a file, to be started for each clip.
    #[arg(long, value_name = "PROGRAM")]
    player: Option<String>,
    #[command(flatten)]
    at: Where,
}

pub(super) fn run(command: &Command, interrupt: &Interrupt) -> Result<Exit, Failure> {
    match command {
        Command::View(args) => {
            let giving = Giving { form: Form::View, recipient: RecipientKind::Requester };
            render(&args.rendering, giving, interrupt)
        }
        Command::Copy(args) => {
            render(&args.rendering, Giving { form: Form::Copy, recipient: args.to }, interrupt)
        }
        Command::Original(args) => original(args),
        Command::Watch(args) => watch(args),
        Command::Approve(args) => approve(args),
        Command::HandOver(args) => release_give::run(args),
    }
}

fn render(args: &Rendering, giving: Giving, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let mut cases = args.at.cases()?;
    let office = office(&args.at.installation)?;
    let clips = match args.clip {
        Some(clip) => vec![clip],
        None => clips(&cases, &args.number)?,
    };
    let options = Options { redact: &args.redact, every: args.every, at: &args.at };
    for clip in clips {
        let exit =
            release_render::render(&mut cases, &office, (&args.number, clip), giving, &options, interrupt)?;
        if exit != Exit::Ok {
            return Ok(exit);
        }
    }
    talk::say(format_args!(
        "now somebody watches it to its end: `melkglas case release watch {}`",
        args.number
    ));
    Ok(Exit::Ok)
}

/// The clips of a case that are not erased.
pub(super) fn clips(cases: &Cases, number: &CaseNumber) -> Result<Vec<u32>, Failure> {
    let case = cases.store().case(number).map_err(case_failure)?;
    let clips = cases.store().clips(&case).map_err(case_failure)?;
    let clips: Vec<u32> =
        clips.iter().filter(|clip| clip.erased_at.is_none()).map(|clip| clip.number).collect();
    if clips.is_empty() {
        return Err(Failure::with_cure(
            Exit::Usage,
            format!("case {number} holds no footage"),
            "there is nothing to release; add it with `melkglas case add-clip` before the decision",
        ));
    }
    Ok(clips)
}

fn original(args: &OriginalArgs) -> Result<Exit, Failure> {
    let mut cases = args.at.cases()?;
    let giving = Giving { form: Form::Original, recipient: args.to };
    let case = cases.store().case(&args.number).map_err(case_failure)?;
    let act = CaseAct::Draft { form: giving.form, recipient: giving.recipient };
    cases.allowed(Some(&case), &act).map_err(case_failure)?;
    let clips = cases.store().clips(&case).map_err(case_failure)?;
    for clip in clips.iter().filter(|clip| clip.erased_at.is_none()) {
        if clip.recorded_from < case.window_from || clip.recorded_to > case.window_to {
            return Err(Failure::with_cure(
                Exit::Refused,
                format!(
                    "clip {} shows more than the case's window, {} to {}, and nothing is cut off an original",
                    clip.number, case.window_from, case.window_to
                ),
                "open a case for all that the clip shows, or export the window alone from the recorder",
            ));
        }
    }
    for clip in clips.iter().filter(|clip| clip.erased_at.is_none()) {
        let held = cases.draft(&args.number, clip.number, giving).map_err(case_failure)?;
        let whole = held.sha256().to_owned();
        cases.drafted(&args.number, clip.number, giving, &whole, "").map_err(case_failure)?;
        talk::say(format_args!("clip {} is set aside as it was recorded, SHA-256 {whole}", clip.number));
    }
    Ok(Exit::Ok)
}

fn watch(args: &WatchArgs) -> Result<Exit, Failure> {
    let mut cases = args.at.cases()?;
    let case = cases.store().case(&args.number).map_err(case_failure)?;
    cases.allowed(Some(&case), &CaseAct::Watch).map_err(case_failure)?;
    let rows = cases.store().releases(&case).map_err(case_failure)?;
    let rows: Vec<ReleaseRow> = rows.into_iter().filter(|row| !row.watched).collect();
    if rows.is_empty() {
        talk::say(format_args!(
            "all that is rendered of case {} was watched before: `melkglas case release approve {}` is next",
            args.number, args.number
        ));
        return Ok(Exit::Ok);
    }
    let folder = release_give::laid_out(&mut cases, &args.number, &rows, args.player.as_deref())?;
    let said = words::ask(&[Wanted::new("watched", "did you watch all of it to its end? (yes or no)")])?;
    drop(folder);
    if words::of(&said, "watched").as_deref() != Some("yes") {
        return Err(Failure::with_cure(
            Exit::Refused,
            "it was not watched to its end",
            "nothing leaves that nobody watched: watch it, or render it again",
        ));
    }
    for row in &rows {
        cases.watched(&args.number, row).map_err(case_failure)?;
    }
    let by = cases.actor().name.clone();
    talk::say(format_args!("on record: {by} watched {} file(s) of case {}", rows.len(), args.number));
    Ok(Exit::Ok)
}

fn approve(args: &OneArgs) -> Result<Exit, Failure> {
    let mut cases = args.at.cases()?;
    let rows = cases.approve(&args.number).map_err(case_failure)?;
    let all = clips(&cases, &args.number)?;
    let left: Vec<String> = all
        .iter()
        .filter(|clip| !rows.iter().any(|row| row.clip == **clip))
        .map(ToString::to_string)
        .collect();
    if !left.is_empty() {
        talk::say(format_args!("clip {} is not rendered and stays in the house", left.join(", ")));
    }
    talk::say(format_args!("case {}: {} file(s) may be handed over", args.number, rows.len()));
    Ok(Exit::Ok)
}
