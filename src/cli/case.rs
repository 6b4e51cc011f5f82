//! `melkglas case`: from a request to its closing, by the corporation's protocol.

use super::audit::LogPlace;
use super::common::Installation;
use super::desk::{case_failure, office, open, today};
use super::words::{self, Wanted};
use super::{case_paper, outputs, release, talk};
use crate::casework::audit::CaseNumber;
use crate::casework::case::{
    Cases, Identification, Listed, NewCase, NewClip, Shown, SiteKey, Verdict, is_working_day, rules,
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
    /// Open a case for a request or an incident; its window is secured at once.
    Open(OpenArgs),
    /// List the cases, with the working days that are left.
    List(ListArgs),
    /// Show all that is on record of a case.
    Show(OneArgs),
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
What the protocol has asked of the requester is asked for on the terminal, or read from stdin as lines `name: ...`; \
never by flags, which stand in the shell's history. Nothing else is asked.

Examples:
  melkglas case open access --received 2026-11-20 --from 2026-11-18T22:10 --to 2026-11-18T22:30
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

/// Flags of what is about a case and no more: `show`, `identify`, `release approve`.
#[derive(Debug, Args)]
pub(super) struct OneArgs {
    /// The number of the case.
    pub(super) number: CaseNumber,
    #[command(flatten)]
    pub(super) at: Where,
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
pub(super) struct CloseArgs {
    /// The number of the case.
    number: CaseNumber,
    /// The originals that `case show` lists are erased, or kept by the recorder for its own term.
    #[arg(long)]
    originals_dealt_with: bool,
    #[command(flatten)]
    at: Where,
}

/// Flags of `melkglas case make-key`.
#[derive(Debug, Args)]
pub(super) struct KeyArgs {
    /// A new file, which gets mode 0400. Keep a copy of it elsewhere: without it every case is lost.
    file: PathBuf,
    /// Encrypt it under a passphrase, for key_protected.
    #[arg(long)]
    passphrase: bool,
}

pub(super) fn run(command: &Command, interrupt: &Interrupt) -> Result<Exit, Failure> {
    match command {
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
    if !is_working_day(today(), calendar) {
        talk::say("today is no working day; the term counts working days where it is stated in them");
    }
    Ok(())
}

/// What is left of a term, in words.
fn left(listed: &Listed) -> String {
    match listed.days_left {
        None => String::new(),
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
            talk::data(format_args!("{}  {:18} {:8} {}", case.number, case.kind, case.state, left(&listed)));
        }
    }
    Ok(())
}

fn show(args: &OneArgs) -> Result<(), Failure> {
    let Shown { listed, facts, clips, originals, steps } =
        args.at.cases()?.show(&args.number).map_err(case_failure)?;
    let case = &listed.case;
    talk::data(format_args!("case {}: {}, {}; {}", case.number, case.kind, case.state, left(&listed)));
    talk::data(format_args!(
        "  received {}, window {} to {}, footage of: {}",
        case.received, case.window_from, case.window_to, case.subject
    ));
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
    Ok(())
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
    let folder = outputs::folder(&args.clip);
    talk::say(format_args!(
        "added as clip {clip} of case {}, encrypted; the original still lies in {}: erase it there when the copy is all \
         that is needed; closing asks about it",
        args.number,
        folder.display()
    ));
    Ok(())
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
    Ok(())
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
    cases.close(&args.number).map_err(case_failure)?;
    let case = cases.store().case(&args.number).map_err(case_failure)?;
    let left = cases.store().clips(&case).map_err(case_failure)?;
    let left = left.iter().any(|clip| clip.erased_at.is_none());
    let footage =
        if left { "`melkglas retention run` erases its footage on its day" } else { "its footage is erased" };
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
