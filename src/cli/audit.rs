//! `melkglas audit`: see, check and hand out the log of what was shown, by whom and why.
//!
//! Also how every other subcommand comes by the log.

use super::outputs::{cannot_write, check_files};
use super::talk;
use crate::casework::audit::{
    AuditError, AuditLog, Exported, Extent, Findings, Outcome, Place, RecordedStep, Recording, UtcTime,
    case_steps, export, recordings, verify,
};
use crate::error::{Exit, Failure};
use crate::video::sink::{Overwrite, PartialFile};
use clap::{Args, Subcommand};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Subcommands of `melkglas audit`.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the acts in the log, the newest last; unfinished ones are marked.
    Show(ShowArgs),
    /// Check that no entry was changed, taken out, moved, added or cut off.
    Verify(VerifyArgs),
    /// Write a signed copy of the log, or of its head, for somebody else to keep.
    Export(ExportArgs),
}

/// Where the log lies.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Installation")]
pub(super) struct LogPlace {
    /// Folder of the audit log; without it MELKGLAS_STATE, then melkglas in XDG_STATE_HOME or in ~/.local/state.
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

impl LogPlace {
    /// The folder that was named.
    pub(super) fn named(&self) -> Option<&Path> {
        self.state.as_deref()
    }

    fn find(&self) -> Result<Place, Failure> {
        Place::find(self.state.as_deref()).map_err(failure)
    }

    /// Opens the log to record acts in, and makes it where there is none; `clips` are the folders of the clips in hand
    /// and of what is made of them.
    pub(super) fn open(&self, clips: &[&Path]) -> Result<AuditLog, Failure> {
        let log = AuditLog::open(&self.find()?, clips).map_err(failure)?;
        if log.is_new() {
            talk::say(format_args!(
                "made a new audit log in {}, with a signing key of its own\n  fingerprint of the key: {}\n  write it \
                 down; `melkglas audit export --head` gives somebody else the means to check the log",
                log.place().display(),
                log.public_key().fingerprint()
            ));
        }
        Ok(log)
    }
}

/// A log that cannot be used, and what to do.
pub(super) fn failure(e: AuditError) -> Failure {
    let exit = match &e {
        AuditError::NoPlace | AuditError::AmongClips { .. } | AuditError::None(_) | AuditError::Act(_) => {
            Exit::Usage
        }
        AuditError::NotPrivate { .. } => Exit::Settings,
        AuditError::KeyGone(_) | AuditError::Broken(_) | AuditError::Gone(_) | AuditError::NoExport(_) => {
            Exit::Refused
        }
        AuditError::Locked(_) | AuditError::Io { .. } => Exit::Pipeline,
        AuditError::Randomness(_) => Exit::Bug,
    };
    Failure::with_cure(exit, &e, e.cure())
}

/// Flags of `melkglas audit show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Each line is an act: its entry, when it began (UTC), what was done, by whom (the name given, then the account), why, \
the first digits of the source's SHA-256, whom it was to show and when, and how it ended. UNFINISHED means that the act \
was opened and never completed: it is being done now, or the program was killed in the middle of it. The reason in \
words is not in the log, only a keyed hash of it; the report has the words. Below them stand the steps of cases: which \
case, what was done, by whom and in which role, and the first digits of the file that it was about.

Examples:
  melkglas audit show
  melkglas audit show --json | jq '.[] | select(.completed == null)'")]
pub(super) struct ShowArgs {
    /// The steps of cases alone.
    #[arg(long)]
    cases: bool,
    /// Print the acts, or with --cases the steps, as JSON on stdout.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: LogPlace,
}

/// Flags of `melkglas audit verify`.
#[derive(Debug, Args)]
#[command(after_help = "\
Every entry carries the SHA-256 of the one before it, its own, and a signature; the head (how many there are, the hash \
of the last) is signed too. All of it is checked, and each fault named with its entry. Ends with 6 where there is one. \
Unfinished acts are listed and are no fault.

Whoever may write the log can also use the key that lies beside it, and write it anew. That shows only against an \
export that somebody else keeps, so have one made now and then, and check against it.

Examples:
  melkglas audit verify
  melkglas audit verify --against head-2026-01.jsonl")]
pub(super) struct VerifyArgs {
    /// Also check that the log still begins with what was exported to this file.
    #[arg(long, value_name = "EXPORT")]
    against: Option<PathBuf>,
    /// Print the findings as JSON on stdout.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: LogPlace,
}

/// Flags of `melkglas audit export`.
#[derive(Debug, Args)]
#[command(after_help = "\
The first line of the file is the head, signed now; the others are the entries. Give it to somebody who cannot write to \
this machine: the privacy officer, another department. With --head it tells nothing about anybody but how many entries \
there are, and that is enough to find a log that was cut or written anew.

Examples:
  melkglas audit export --head -o head-2026-01.jsonl
  melkglas audit export -o audit-2026.jsonl")]
pub(super) struct ExportArgs {
    /// The file to write.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// The head alone, without the entries.
    #[arg(long)]
    head: bool,
    /// Replace a file that exists.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    place: LogPlace,
}

/// Runs one of them.
pub(super) fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Show(args) => show(args),
        Command::Verify(args) => check(args),
        Command::Export(args) => hand_out(args),
    }
}

fn show(args: &ShowArgs) -> Result<Exit, Failure> {
    let place = args.place.find()?;
    let acts = recordings(&place).map_err(failure)?;
    let steps = case_steps(&place).map_err(failure)?;
    match (args.json, args.cases) {
        (true, true) => talk::data(json!(steps)),
        (true, false) => talk::data(json!(acts)),
        (false, cases) => {
            if !cases {
                table(&acts);
            }
            steps_table(&steps);
        }
    }
    let findings = verify(&place, None).map_err(failure)?;
    if findings.faults.is_empty() {
        return Ok(Exit::Ok);
    }
    Err(Failure::with_cure(
        Exit::Refused,
        "the log was changed since it was written: do not rely on what it shows",
        "`melkglas audit verify` says where",
    ))
}

fn table(acts: &[Recording]) {
    let head =
        ["entry", "began (UTC)", "act", "by", "reason", "source", "to be shown", "ended"].map(str::to_owned);
    let rows: Vec<_> = [head].into_iter().chain(acts.iter().map(row)).collect();
    talk::table(&rows);
    let unfinished = acts.iter().filter(|act| act.completed.is_none()).count();
    talk::say(format_args!("{} acts, {unfinished} unfinished", acts.len()));
}

/// The steps of cases; no table where there are none.
fn steps_table(steps: &[RecordedStep]) {
    if steps.is_empty() {
        return;
    }
    let head = ["entry", "written (UTC)", "case", "step", "clip", "by", "role", "SHA-256"].map(str::to_owned);
    let row = |recorded: &RecordedStep| {
        let step = &recorded.step;
        let login =
            step.account.login.as_ref().map_or_else(|| step.account.uid.to_string(), ToString::to_string);
        [
            recorded.entry.to_string(),
            seconds(&recorded.at),
            step.case.to_string(),
            step.step.to_string(),
            step.clip.map(|clip| clip.to_string()).unwrap_or_default(),
            format!("{} ({login})", step.by),
            format!("{}{}", step.role, if step.deputy { ", deputy" } else { "" }),
            step.sha256.map(|sum| sum.to_string().chars().take(8).collect()).unwrap_or_default(),
        ]
    };
    let rows: Vec<_> = [head].into_iter().chain(steps.iter().map(row)).collect();
    talk::table(&rows);
    talk::say(format_args!("{} steps of cases", steps.len()));
}

/// A moment to the second.
fn seconds(at: &UtcTime) -> String {
    at.to_string().chars().take(19).collect::<String>().replace('T', " ")
}

fn row(recording: &Recording) -> [String; 8] {
    let act = &recording.opened.act;
    let account = &recording.opened.account;
    let login = account.login.as_ref().map_or_else(|| account.uid.to_string(), ToString::to_string);
    let subject: Vec<String> = act.subject.iter().map(ToString::to_string).collect();
    let ended = match recording.completed.as_ref().map(|end| &end.outcome) {
        None => "UNFINISHED",
        Some(Outcome::Done { .. }) => "done",
        Some(Outcome::Failed) => "failed",
        Some(Outcome::Stopped) => "stopped",
    };
    [
        recording.entry.to_string(),
        seconds(&recording.at),
        act.kind.to_string(),
        format!("{} ({login})", act.by),
        act.reason.to_string(),
        act.source.to_string().chars().take(8).collect(),
        subject.join("; "),
        ended.to_owned(),
    ]
}

fn check(args: &VerifyArgs) -> Result<Exit, Failure> {
    let place = args.place.find()?;
    let export = args.against.as_deref().map(Exported::open).transpose().map_err(failure)?;
    let findings = verify(&place, export.as_ref()).map_err(failure)?;
    if args.json {
        let faults: Vec<_> =
            findings.faults.iter().map(|fault| json!({ "says": fault.to_string(), "is": fault })).collect();
        talk::data(json!({
            "ok": findings.faults.is_empty(), "entries": findings.entries, "last": findings.last,
            "key": findings.key, "unfinished": findings.unfinished, "torn_bytes": findings.torn_bytes,
            "faults": faults,
        }));
    } else {
        tell(&findings, export.is_some());
    }
    broken(&findings, &place).map_or(Ok(Exit::Ok), Err)
}

fn tell(findings: &Findings, against: bool) {
    for fault in &findings.faults {
        talk::data(format_args!("FAULT  {fault}"));
    }
    for entry in &findings.unfinished {
        talk::data(format_args!("note   entry {entry} is unfinished: being done, or cut short by a crash"));
    }
    if findings.torn_bytes > 0 {
        talk::data("note   a crash left a piece of an entry at the end; the next act takes it out");
    }
    if findings.faults.is_empty() {
        talk::data(format_args!("ok     {} entries, the last is {}", findings.entries, findings.last));
    }
    if let Some(key) = findings.key {
        talk::data(format_args!("       signed by the key with the fingerprint {key}"));
    }
    if !against && findings.faults.is_empty() {
        talk::say("a log that was written anew shows only against an export: --against FILE");
    }
}

/// The failure of a log with faults.
fn broken(findings: &Findings, place: &Place) -> Option<Failure> {
    let count = findings.faults.len();
    (count > 0).then(|| {
        Failure::with_cure(
            Exit::Refused,
            format!("the audit log in {} does not hold: {count} {}", place.dir().display(), if count == 1 { "fault" } else { "faults" }),
            "keep the folder as it is, tell whoever is responsible for the log, and begin a new one with --state",
        )
    })
}

fn hand_out(args: &ExportArgs) -> Result<Exit, Failure> {
    let place = args.place.find()?;
    let output = args.output.as_path();
    check_files(&[output], &[&place.log()], args.force)?;
    if super::outputs::folder(output).canonicalize().ok() == place.dir().canonicalize().ok() {
        return Err(Failure::with_cure(
            Exit::Usage,
            format!("{} would lie beside the log itself", output.display()),
            "name a file elsewhere: an export is for somebody else to keep",
        ));
    }
    let overwrite = if args.force { Overwrite::Replace } else { Overwrite::Refuse };
    let partial = PartialFile::create(output, overwrite).map_err(|e| cannot_write(output, &e))?;
    let extent = if args.head { Extent::Head } else { Extent::Entries };
    let head = match export(&place, extent, &mut partial.file()).map_err(failure)? {
        Ok(head) => head,
        Err(findings) => {
            tell(&findings, false);
            return Err(broken(&findings, &place).expect("it has faults"));
        }
    };
    partial.commit().map_err(|e| cannot_write(output, &e))?;
    talk::say(format_args!(
        "wrote {}: the head of {} entries{}, signed by the key with the fingerprint {}",
        output.display(),
        head.entries,
        if args.head { "" } else { " and all of them" },
        head.public_key.fingerprint()
    ));
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_opened_outside_the_folders_of_clips() {
        let root = tempfile::tempdir().expect("a folder");
        let place = LogPlace { state: Some(root.path().join("state")) };
        let refused = place.open(&[root.path()]).expect_err("among clips");
        assert_eq!(refused.exit, Exit::Usage);
        assert!(place.open(&[&root.path().join("clips")]).expect("made").is_new());
    }
}
