//! `melkglas case`: from a request to its closing, by the corporation's protocol.

use super::audit::LogPlace;
use super::common::Installation;
use super::desk::{case_failure, office, open};
use super::words::{self, Wanted};
use super::{case_paper, case_rules, release, talk};
use crate::casework::audit::CaseNumber;
use crate::casework::case::{
    Cases, Identification, Listed, NewCase, NewClip, Shown, SiteKey, Verdict, due_since, is_working_day,
    rules, today,
};
use crate::config::{Ask, CaseKind, RefusalGround, Subject};
use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::lang::Lang;
use clap::{ArgGroup, Args, Subcommand};
use jiff::civil::{Date, DateTime};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Subcommands of `melkglas case`.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say what the corporation's protocol asks, kind of case by kind of case, with the articles.
    Rules(case_rules::Args),
    /// Open a case for a request or an incident; its window is secured at once.
    Open(OpenArgs),
    /// List the cases, with the working days that are left.
    List(ListArgs),
    /// Show all that is on record of a case.
    Show(ShowArgs),
    /// Record that an identity was established, by whom and how. No copy of a document is kept.
    Identify(OneArgs),
    /// Copy a clip into a case, encrypted.
    AddClip(ClipArgs),
    /// Grant or refuse the request; the window is frozen from then on.
    Decide(DecideArgs),
    /// The only way out: render, watch to the end, approve, and show or hand over.
    #[command(subcommand)]
    Release(release::Command),
    /// Make a paper of a case, as PDF, in the case's language.
    Paper(case_paper::Args),
    /// Make the letter that has a tenant report to the police and point them to the camera, where the corporation does
    /// not look at footage itself.
    PoliceLetter(case_paper::PoliceArgs),
    /// Close a case; its footage is held no longer.
    Close(CloseArgs),
    /// Make the key that wraps every other one.
    MakeKey(KeyArgs),
}

/// Where settings and log are.
#[derive(Debug, Args)]
pub(super) struct Where {
    #[command(flatten)]
    pub(super) installation: Installation,
    #[command(flatten)]
    pub(super) place: LogPlace,
}

impl Where {
    /// The flags that say the same to this program started again.
    pub(super) fn flags(&self) -> Vec<String> {
        let Installation { site, models, .. } = &self.installation;
        let named =
            [("--site", site.as_deref()), ("--models", models.as_deref()), ("--state", self.place.named())];
        let flag = |(flag, path): (&str, Option<&Path>)| {
            Some([flag.to_owned(), std::path::absolute(path?).ok()?.to_string_lossy().into_owned()])
        };
        named.into_iter().filter_map(flag).flatten().collect()
    }

    pub(super) fn cases(&self) -> Result<Cases, Failure> {
        open(office(&self.installation)?, &self.place, true)
    }
}

/// Flags of `melkglas case open`.
#[derive(Debug, Args)]
#[command(after_help = "\
What the protocol has asked of the requester is asked for on the terminal, or read from stdin, a line for each: \
`name: ...`, `address: ...`, `telephone: ...`, `email: ...`, `reasons: ...`, `organisation: ...`, `ground: ...`. Which of \
them, `melkglas case rules KIND` says; nothing else is taken. Never by flags, which stand in the shell's history. The number \
of the case is all that is printed on stdout.

Cause and purpose are those that `melkglas case rules KIND` lists. The kinds access, erasure, restriction and objection are \
rights and take none.

Examples:
  melkglas case open access --received 2026-11-20 --from 2026-11-18T22:10 --to 2026-11-18T22:30 < request.txt
  melkglas case open insurer --received 2026-11-20 --from 2026-11-18T22:10 --to 2026-11-18T22:30 \\
    --cause 'insurance matter' --purpose 'protection of property of tenants and Woongroen'")]
pub(super) struct OpenArgs {
    /// What kind of case.
    kind: CaseKind,
    /// The day on which the request came, or the incident was reported.
    #[arg(long, value_name = "DATE")]
    received: Date,
    /// Where the footage begins that it is about, in the camera's own time: 2026-11-18T22:10.
    #[arg(long, value_name = "TIME")]
    from: DateTime,
    /// And ends.
    #[arg(long, value_name = "TIME")]
    to: DateTime,
    /// Whose footage it is about.
    #[arg(long = "for", value_name = "WHOSE", default_value = "own")]
    subject: Subject,
    /// What gives cause to look at footage; not where somebody exercises a right.
    #[arg(long, value_name = "TEXT", requires = "purpose")]
    cause: Option<String>,
    /// What for.
    #[arg(long, value_name = "TEXT", requires = "cause")]
    purpose: Option<String>,
    /// The language of its papers.
    #[arg(long, value_enum, default_value_t, env = "MELKGLAS_LANG")]
    lang: Lang,
    #[command(flatten)]
    at: Where,
}

/// Flags of `melkglas case list`.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Print one line of JSON for each on stdout.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    at: Where,
}

/// Flags of `melkglas case show`.
#[derive(Debug, Args)]
#[command(after_help = "The last line says what is to be done next, and what to type for it.")]
pub(super) struct ShowArgs {
    /// The number of the case.
    number: CaseNumber,
    #[command(flatten)]
    at: Where,
}

/// Flags of `melkglas case identify`.
#[derive(Debug, Args)]
#[command(after_help = "\
Asked for on the terminal, or read from stdin, a line for each:
  how: passport shown                        how the identity was established; no number, no copy
  whose: the child, passport shown           where it is about a child or somebody who gave a proxy: whose footage it is
  authority: parental authority, register    and by what authority the requester acts for them")]
pub(super) struct OneArgs {
    /// The number of the case.
    number: CaseNumber,
    #[command(flatten)]
    at: Where,
}

/// Flags of `melkglas case add-clip`.
#[derive(Debug, Args)]
#[command(after_help = "\
The clip is copied in encrypted, under a key of its own; the plain copy never touches a disk again. The original stays \
where it is: the recorder erases its own, and whoever exported it erases the export; closing asks about it.")]
pub(super) struct ClipArgs {
    /// The number of the case.
    number: CaseNumber,
    /// The clip.
    clip: PathBuf,
    /// The id of the camera that filmed it.
    #[arg(long, value_name = "ID")]
    camera: Option<String>,
    /// When it begins, as you saw on its clock or on the recorder; the date of the file says nothing.
    #[arg(long, value_name = "TIME")]
    recorded_from: DateTime,
    /// When it ends.
    #[arg(long, value_name = "TIME")]
    recorded_to: DateTime,
    #[command(flatten)]
    at: Where,
}

/// Flags of `melkglas case decide`.
#[derive(Debug, Args)]
#[command(after_help = "\
Asked for on the terminal, or read from stdin, a line for each:
  weighing: ...   which interests were weighed, and how; with --grant, where the protocol has them weighed
  ground: ...     the legal provision or the public task; with --grant, where the protocol has it named
  words: ...      why, for the letter; with --refuse

Decided once. What is asked for and which grounds there are, `melkglas case rules KIND` says.

Examples:
  melkglas case decide 2026-0001 --grant --requester-seen <<< 'weighing: others are unrecognisable'
  melkglas case decide 2026-0001 --refuse not-seen <<< 'words: nobody but the postman is in it'")]
#[command(group = ArgGroup::new("verdict").required(true).args(["grant", "refuse"]))]
pub(super) struct DecideArgs {
    /// The number of the case.
    number: CaseNumber,
    /// Grant it.
    #[arg(long)]
    grant: bool,
    /// Refuse it on this ground.
    #[arg(long, value_name = "GROUND")]
    refuse: Option<RefusalGround>,
    /// You looked at the footage, and the requester is seen in it.
    #[arg(long, requires = "grant")]
    requester_seen: bool,
    #[command(flatten)]
    at: Where,
}

/// Flags of `melkglas case close`.
#[derive(Debug, Args)]
#[command(after_help = "\
From then on `melkglas retention run` erases its footage on its day, counted from when it was recorded; where erasure was \
granted it is erased at once. A year later it erases what is on record of the case.")]
pub(super) struct CloseArgs {
    /// The number of the case.
    number: CaseNumber,
    /// The originals that `case show` lists are erased, or kept by the recorder for its own term.
    #[arg(long)]
    originals_dealt_with: bool,
    /// The request was taken back before it was decided.
    #[arg(long)]
    withdrawn: bool,
    #[command(flatten)]
    at: Where,
}

/// Flags of `melkglas case make-key`.
#[derive(Debug, Args)]
#[command(after_help = "\
A passphrase is asked for on the terminal, or by the program that MELKGLAS_ASKPASS names: it gets the question as its \
argument and prints the answer. It is asked for again by every command that opens something of a case.

Examples:
  melkglas case make-key /etc/melkglas/site.key
  melkglas case make-key /media/key/site.age --passphrase")]
pub(super) struct KeyArgs {
    /// A new file, which gets mode 0400. Keep a copy of it elsewhere: without it every case is lost.
    file: PathBuf,
    /// Encrypt it under a passphrase, for key_protected.
    #[arg(long)]
    passphrase: bool,
}

pub(super) fn run(command: &Command, interrupt: &Interrupt) -> Result<Exit, Failure> {
    match command {
        Command::Rules(args) => return case_rules::run(args),
        Command::Open(args) => open_case(args)?,
        Command::List(args) => list(args)?,
        Command::Show(args) => show(args)?,
        Command::Identify(args) => identify(args)?,
        Command::AddClip(args) => add_clip(args, interrupt)?,
        Command::Decide(args) => decide(args)?,
        Command::Release(command) => return release::run(command, interrupt),
        Command::Paper(args) => case_paper::run(args)?,
        Command::PoliceLetter(args) => case_paper::police(args)?,
        Command::Close(args) => close(args)?,
        Command::MakeKey(args) => make_key(args)?,
    }
    Ok(Exit::Ok)
}

fn open_case(args: &OpenArgs) -> Result<(), Failure> {
    let office = office(&args.at.installation)?;
    let asks = rules(&office.policy, args.kind).map(|rules| rules.asks.value.clone());
    let asks = asks.map_err(|refusal| case_failure(refusal.into()))?;
    let calendar = office.calendar;
    let mut cases = open(office, &args.at.place, true)?;
    let wanted: Vec<Wanted> = asks.iter().map(|ask| Wanted::new(ask.to_string(), ask.to_string())).collect();
    let given = words::ask(&wanted)?;
    let given = given.into_iter().filter_map(|(key, text)| Some((key.parse::<Ask>().ok()?, text)));
    let new = NewCase {
        kind: args.kind,
        subject: args.subject,
        received: args.received,
        window: (args.from, args.to),
        motive: args.cause.clone().zip(args.purpose.clone()),
        given: given.collect(),
        lang: args.lang,
    };
    let number = cases.open(&new).map_err(case_failure)?;
    let case = cases.store().case(&number).map_err(case_failure)?;
    talk::data(&number);
    talk::say(format_args!(
        "opened case {number}: {}; its window is secured, decide by {}",
        case.kind, case.deadline
    ));
    let gone = due_since(cases.policy(), case.window_from.date());
    talk::say(format_args!("add its footage now: what the recorder keeps is erased by {gone}"));
    if !is_working_day(today(), calendar) {
        talk::say("today is no working day; the term counts working days where it is stated in them");
    }
    next(&cases, &number)
}

/// Says what is to be done next.
pub(super) fn next(cases: &Cases, number: &CaseNumber) -> Result<(), Failure> {
    let shown = cases.show(number).map_err(case_failure)?;
    if let Some(next) = shown.next(cases.policy()) {
        talk::say(format_args!("next: {next}"));
    }
    Ok(())
}

/// What is left of a term, in words.
fn left(listed: &Listed) -> String {
    match listed.days_left {
        None => listed.case.closed.map(|on| format!("on {on}")).unwrap_or_default(),
        Some(0) => format!("last day, {}", listed.case.deadline),
        Some(days) if days > 0 => format!("{days} working days left, until {}", listed.case.deadline),
        Some(days) => format!("{} working days OVERDUE, since {}", -days, listed.case.deadline),
    }
}

fn list(args: &ListArgs) -> Result<(), Failure> {
    for listed in args.at.cases()?.list().map_err(case_failure)? {
        let case = &listed.case;
        if args.json {
            talk::data(json!({
                "number": case.number,
                "kind": case.kind,
                "state": case.state,
                "received": case.received.to_string(),
                "deadline": case.deadline.to_string(),
                "working_days_left": listed.days_left,
            }));
        } else {
            let line = format!("{}  {:18} {:8} {}", case.number, case.kind, case.state, left(&listed));
            talk::data(line.trim_end());
        }
    }
    Ok(())
}

fn show(args: &ShowArgs) -> Result<(), Failure> {
    let cases = args.at.cases()?;
    let shown = cases.show(&args.number).map_err(case_failure)?;
    let next = shown.next(cases.policy());
    let Shown { listed, facts, clips, originals, steps } = shown;
    let case = &listed.case;
    let line = format!("case {}: {}, {} {}", case.number, case.kind, case.state, left(&listed));
    talk::data(line.trim_end());
    talk::data(format_args!(
        "  received {}, window {} to {}, footage of: {}",
        case.received, case.window_from, case.window_to, case.subject
    ));
    if case.is_forgotten() {
        talk::data("  what was on record is erased, as its term is over");
    }
    for (name, text) in facts {
        talk::data(format_args!("  {name}: {text}"));
    }
    for clip in clips {
        let camera = clip.camera.as_deref().unwrap_or("unknown");
        let erased = clip.erased_at.as_ref().map(|on| format!(", ERASED {on}")).unwrap_or_default();
        talk::data(format_args!(
            "  clip {}: camera {camera}, {} to {}{erased}",
            clip.number, clip.recorded_from, clip.recorded_to
        ));
        for paper in originals.iter().filter(|(number, _)| *number == clip.number) {
            talk::data(format_args!("    its original still lies at {}", paper.1));
        }
    }
    for step in steps {
        let deputy = if step.deputy { ", as deputy" } else { "" };
        let clip = step.clip.map(|clip| format!(" clip {clip}")).unwrap_or_default();
        talk::data(format_args!(
            "  {}  {}{clip} by {} ({}{deputy}), entry {}",
            step.at, step.step, step.by, step.role, step.entry
        ));
    }
    if let Some(next) = next {
        talk::data(format_args!("  next: {next}"));
    }
    Ok(())
}

fn identify(args: &OneArgs) -> Result<(), Failure> {
    let mut cases = args.at.cases()?;
    let mut wanted = vec![Wanted::new("how", "how the identity was established (no number, no copy)")];
    let case = cases.store().case(&args.number).map_err(case_failure)?;
    if case.subject != Subject::Own {
        wanted.push(Wanted::optional("whose", "whose footage it is, and how their identity was established"));
        wanted.push(Wanted::optional("authority", "by what authority the requester acts for them"));
    }
    let said = words::ask(&wanted)?;
    let by = Identification {
        how: words::of(&said, "how").unwrap_or_default(),
        whose: words::of(&said, "whose"),
        authority: words::of(&said, "authority"),
    };
    cases.identify(&args.number, &by).map_err(case_failure)?;
    talk::say(format_args!("case {}: the identity is on record", args.number));
    let lacks = case.kind.is_a_right() && case.subject != Subject::Own && !case.authority;
    if lacks && (by.whose.is_none() || by.authority.is_none()) {
        talk::say(
            "still missing: whose footage it is (whose), and by what authority they act for them (authority)",
        );
    }
    next(&cases, &args.number)
}

fn add_clip(args: &ClipArgs, interrupt: &Interrupt) -> Result<(), Failure> {
    let mut cases = args.at.cases()?;
    let new = NewClip {
        path: &args.clip,
        camera: args.camera.clone(),
        recorded: (args.recorded_from, args.recorded_to),
    };
    let clip = cases.add_clip(&args.number, &new, interrupt).map_err(case_failure)?;
    talk::data(clip);
    let here = std::path::absolute(&args.clip).unwrap_or_else(|_| args.clip.clone());
    talk::say(format_args!(
        "added as clip {clip} of case {}, encrypted; the original still lies at {}: erase it when the copy is all that is \
         needed; closing asks about it",
        args.number,
        here.display()
    ));
    next(&cases, &args.number)
}

fn decide(args: &DecideArgs) -> Result<(), Failure> {
    let mut cases = args.at.cases()?;
    let verdict = match args.refuse {
        Some(ground) => {
            let said = words::ask(&[Wanted::new("words", "why, in words, for the letter")])?;
            Verdict::Refused { ground, words: words::of(&said, "words").unwrap_or_default() }
        }
        None => {
            let said = words::ask(&[
                Wanted::optional("weighing", "which interests were weighed, and how"),
                Wanted::optional("ground", "the legal provision or the public task"),
            ])?;
            Verdict::Granted {
                weighing: words::of(&said, "weighing"),
                legal_ground: words::of(&said, "ground"),
                requester_seen: args.requester_seen,
            }
        }
    };
    cases.decide(&args.number, &verdict).map_err(case_failure)?;
    let state = cases.store().case(&args.number).map_err(case_failure)?.state;
    talk::say(format_args!("case {} is {state}", args.number));
    if args.refuse.is_some() {
        let office = office(&args.at.installation)?;
        talk::say(format_args!("tell them where to complain: {}", office.policy.answer.complaints.value));
    }
    if cases.store().case(&args.number).map_err(case_failure)?.kind != CaseKind::InternalIncident {
        talk::say(format_args!("the letter: melkglas case paper {} decision -o decision.pdf", args.number));
    }
    next(&cases, &args.number)
}

fn close(args: &CloseArgs) -> Result<(), Failure> {
    let mut cases = args.at.cases()?;
    let originals = cases.originals(&args.number).map_err(case_failure)?;
    if !originals.is_empty() && !args.originals_dealt_with {
        let places: Vec<String> =
            originals.iter().map(|(clip, place)| format!("clip {clip} at {place}")).collect();
        return Err(Failure::with_cure(
            Exit::Usage,
            format!("originals may still lie where they were: {}", places.join("; ")),
            "erase them, and say so with --originals-dealt-with",
        ));
    }
    cases.close(&args.number, args.withdrawn).map_err(case_failure)?;
    let case = cases.store().case(&args.number).map_err(case_failure)?;
    let clips = cases.store().clips(&case).map_err(case_failure)?;
    let footage = match clips.iter().any(|clip| clip.erased_at.is_none()) {
        true => "`melkglas retention run` erases its footage on its day",
        false if clips.is_empty() => "it held no footage",
        false => "its footage is erased",
    };
    talk::say(format_args!("closed case {}; what was rendered of it is erased, {footage}", args.number));
    Ok(())
}

fn make_key(args: &KeyArgs) -> Result<(), Failure> {
    let unread = |e: std::io::Error| Failure::new(Exit::Usage, e);
    let passphrase = if args.passphrase {
        use age::secrecy::ExposeSecret;
        let [first, second] = [
            words::passphrase("new passphrase").map_err(unread)?,
            words::passphrase("the same again").map_err(unread)?,
        ];
        if first.expose_secret() != second.expose_secret() || first.expose_secret().chars().count() < 12 {
            return Err(Failure::with_cure(
                Exit::Usage,
                "the two are not the same, or shorter than twelve characters",
                "try again: a few words that do not belong together",
            ));
        }
        Some(first)
    } else {
        None
    };
    SiteKey::generate().write(&args.file, passphrase).map_err(|e| case_failure(e.into()))?;
    talk::say(format_args!(
        "made {}; keep a copy of it elsewhere, without it every case is lost",
        args.file.display()
    ));
    Ok(())
}
