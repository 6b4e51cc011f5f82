//! `melkglas batch CASE`: a case's clips rendered for release, several at once, each by a process of its own.
//!
//! A clip is finished where the case holds a file that was rendered with these options for this recipient, which is what
//! a run after a kill goes by. Whatever was made is in the case, encrypted; so is the summary, until the case is closed.

use super::batch::{Args, ran, told};
use super::desk::{case_failure, office};
use super::harden::own_program;
use super::release::clips;
use super::release_render::{STRIP, mark, stamp};
use super::{batch, talk};
use crate::casework::audit::CaseNumber;
use crate::casework::case::{CaseAct, CaseError, Cases, Giving, InMemory, ReleaseRow};
use crate::casework::{BatchRow, BatchSummary, Ended, ItemState, ReportRead, side_by_side};
use crate::config::{Form, RecipientKind};
use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use std::fs::File;
use std::process::Command;
use std::time::Instant;

/// How the work on one clip ended.
enum Turn {
    Kept,
    Ran(Ended, f64),
    NotRun,
}

pub(super) fn run(
    args: &Args,
    number: &CaseNumber,
    to: RecipientKind,
    interrupt: &Interrupt,
) -> Result<Exit, Failure> {
    let mut cases = args.at.cases()?;
    let office = office(&args.at.installation)?;
    let case = cases.store().case(number).map_err(case_failure)?;
    let giving = Giving { form: Form::Copy, recipient: to };
    let act = CaseAct::Draft { form: giving.form, recipient: giving.recipient };
    cases.allowed(Some(&case), &act).map_err(case_failure)?;
    let stamp = stamp(&mark(&cases, &office, &case, giving)?, &args.redact);
    let clips = clips(&cases, number)?;
    let rows = cases.store().releases(&case).map_err(case_failure)?;
    let is_finished = |row: &ReleaseRow, clip: u32| {
        row.clip == clip && row.form == giving.form && row.recipient == to && row.options == stamp
    };
    let finished: Vec<bool> =
        clips.iter().map(|clip| rows.iter().any(|row| is_finished(row, *clip))).collect();
    let turns = side_by_side(args.jobs(), clips.len(), |i| {
        if finished[i] {
            return Turn::Kept;
        }
        if interrupt.is_raised() {
            return Turn::NotRun;
        }
        let start = Instant::now();
        let ended = ran(command(args, number, to, clips[i]), interrupt);
        talk::say(format_args!("clip {} of {}", i + 1, clips.len()));
        Turn::Ran(ended, start.elapsed().as_secs_f64())
    });
    let turns = turns.map_err(|e| batch::failure(&e))?;
    let mut found = Vec::new();
    for (clip, turn) in clips.iter().zip(turns) {
        let row = row(&cases, number, *clip, turn, interrupt)?;
        batch::tell(&row);
        found.push(row);
    }
    let summary = BatchSummary::of(found);
    let json = summary.json();
    cases.keep_of_case(number, "summary.json", &mut json.as_bytes()).map_err(case_failure)?;
    let page = page(&cases, number, &clips, &summary)?;
    let mut page = File::open(page.path()).map_err(|e| Failure::new(Exit::Pipeline, e))?;
    cases.keep_of_case(number, "summary.html", &mut page).map_err(case_failure)?;
    if args.json {
        talk::data(json.trim_end());
    }
    told(&summary, &format_args!("`melkglas case release watch {number}`"), interrupt)
}

/// The summary as a page, in memory without a name.
fn page(
    cases: &Cases,
    number: &CaseNumber,
    clips: &[u32],
    summary: &BatchSummary,
) -> Result<InMemory, Failure> {
    let strip = |at: usize| {
        let whole = matches!(summary.clips[at].state, ItemState::Done | ItemState::Kept);
        let strip = if whole { strip(cases, number, clips[at]) } else { Ok(Vec::new()) };
        strip.map_err(|fault| std::io::Error::other(fault.report.to_string()))
    };
    let page = InMemory::filled(0, |to| {
        let written = summary.write_page(to, strip);
        written.map_err(|source| CaseError::Io { path: "summary.html".into(), source })
    });
    page.map_err(case_failure)
}

/// This program again, for one clip.
fn command(args: &Args, number: &CaseNumber, to: RecipientKind, clip: u32) -> Command {
    let mut command = Command::new(own_program());
    command.args(["case", "release", "copy"]).arg(number.to_string());
    command.arg("--to").arg(to.to_string()).arg("--clip").arg(clip.to_string());
    command.args(args.at.flags()).arg("--").args(&args.redact);
    command
}

fn row(
    cases: &Cases,
    number: &CaseNumber,
    clip: u32,
    turn: Turn,
    interrupt: &Interrupt,
) -> Result<BatchRow, Failure> {
    let (state, failure, secs) = match turn {
        Turn::Kept => (ItemState::Kept, None, 0.0),
        Turn::Ran(Ended::Done, secs) => (ItemState::Done, None, secs),
        Turn::Ran(Ended::Failed { .. }, secs) if interrupt.is_raised() => (ItemState::NotRun, None, secs),
        Turn::Ran(Ended::Failed { exit, says }, secs) => (ItemState::Failed, Some((exit, says)), secs),
        Turn::NotRun => (ItemState::NotRun, None, 0.0),
    };
    let report = if matches!(state, ItemState::Done | ItemState::Kept) {
        let held = cases.fetch(number, clip, Cases::REPORT).map_err(case_failure)?;
        let bytes = std::fs::read(held.path()).map_err(|e| Failure::new(Exit::Pipeline, e))?;
        Some(ReportRead::parse(&bytes).map_err(|e| Failure::new(Exit::Bug, e))?)
    } else {
        None
    };
    let report = report.as_ref();
    Ok(BatchRow {
        clip: clip.to_string(),
        state,
        failure,
        output: report.map(|_| Cases::FINISHED.to_owned()),
        output_sha256: report.map(|report| report.output.sha256),
        report: report.map(|_| Cases::REPORT.to_owned()),
        frames: report.map_or(0, |report| report.frames.written),
        covered: report.map_or(0, |report| report.frames.covered),
        frames_with_people: report.map_or(0, ReportRead::frames_with_people),
        completeness: report.map(|report| report.completeness.state.clone()),
        secs,
    })
}

/// The small pictures of a clip's finished file.
fn strip(cases: &Cases, number: &CaseNumber, clip: u32) -> Result<Vec<Vec<u8>>, Failure> {
    let store = cases.store();
    let row = store.case(number).and_then(|case| store.clip(&case, clip)).map_err(case_failure)?;
    let papers = store.papers(&row).map_err(case_failure)?;
    let mut strip = Vec::new();
    for paper in papers.iter().filter(|paper| paper.name.starts_with(STRIP)) {
        let held = cases.fetch(number, clip, &paper.name).map_err(case_failure)?;
        strip.push(std::fs::read(held.path()).map_err(|e| Failure::new(Exit::Pipeline, e))?);
    }
    Ok(strip)
}
