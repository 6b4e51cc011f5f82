//! The restriction on footage: under a policy it is read within a case, or burned through with NOT RELEASED.
//!
//! Every subcommand that reads footage goes through [`run`]. Within a case a clip is named by its number; it is decrypted
//! in memory, and what the subcommand reads and writes besides lies in a folder in memory: links to clips, what was made
//! earlier, and what is made now, which is then kept in the case, encrypted with its clip. Nothing comes out this way.

use super::audit::LogPlace;
use super::clean;
use super::common::Installation;
use super::desk::{self, case_failure};
use super::talk;
use crate::casework::audit::CaseNumber;
use crate::casework::case::{Cases, InMemory, Reading, Reads, may_show, reading, rules};
use crate::casework::review::ReviewFolder;
use crate::config::{BurnIn, MarkPlace, Office, Show};
use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use clap::Args;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is burned into the frames of a trial.
const TRIAL: &str = "NOT RELEASED";

/// Within which case, or for a trial.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "The case")]
pub(super) struct Restriction {
    /// The case that the footage belongs to; the clip is then named by its number there, and what is made is kept there,
    /// under the name given, and nowhere else. Needed where the site has a policy.
    #[arg(long, value_name = "NUMBER", conflicts_with = "trial")]
    case: Option<CaseNumber>,
    /// Only to try things out: NOT RELEASED is burned into every frame.
    #[arg(long)]
    trial: bool,
}

/// Where a subcommand's flags name files.
pub(super) struct Files<'a> {
    /// Clips.
    pub(super) clips: Vec<&'a mut PathBuf>,
    /// What was made of them before.
    pub(super) made: Vec<&'a mut PathBuf>,
    /// What is to be written.
    pub(super) outputs: Vec<&'a mut PathBuf>,
    /// Folders that are named for it: within a case there are none.
    pub(super) folders: Vec<&'a PathBuf>,
}

/// A subcommand that reads footage.
pub(super) trait Footage {
    /// Which.
    const READS: Reads;
    fn restriction(&self) -> &Restriction;
    fn installation(&mut self) -> &mut Installation;
    fn place(&self) -> LogPlace;
    fn files(&mut self) -> Files<'_>;

    /// Who acts within a case; nobody where nothing is shown.
    fn by_whom_is_here(&mut self, _actor: &str, _case: &CaseNumber) -> Result<(), Failure> {
        Ok(())
    }

    /// Who is to stay visible.
    fn shows(&self) -> Show {
        Show::Nobody
    }
}

/// Runs a subcommand as the site's policy allows.
pub(super) fn run<A: Footage>(
    args: &mut A,
    interrupt: &Interrupt,
    work: impl FnOnce(&A, &Interrupt) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let site = args.installation().settings()?;
    let Restriction { case, trial } = args.restriction().clone();
    let policy = site.office.as_ref().map(|office| office.policy.as_ref());
    let how = reading(policy, A::READS, case.is_some(), trial);
    match (how.map_err(|refusal| case_failure(refusal.into()))?, case, site.office) {
        (Reading::Trial, ..) => {
            args.installation().burn_in = Some(BurnIn { words: TRIAL.to_owned(), place: MarkPlace::Across });
            work(args, interrupt)
        }
        (Reading::InCase, Some(number), Some(office)) => in_case(args, office, &number, interrupt, work),
        (_, Some(_), _) => Err(desk::no_policy()),
        _ => work(args, interrupt),
    }
}

fn in_case<A: Footage>(
    args: &mut A,
    office: Office,
    number: &CaseNumber,
    interrupt: &Interrupt,
    work: impl FnOnce(&A, &Interrupt) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let place = args.place();
    let policy = Arc::clone(&office.policy);
    let mut cases = desk::open(office, &place, true)?;
    let kind = cases.store().case(number).map_err(case_failure)?.kind;
    may_show(&policy, kind, args.shows()).map_err(|refusal| case_failure(refusal.into()))?;
    let style = rules(&policy, kind).map_err(|refusal| case_failure(refusal.into()))?.mask.value;
    args.installation().style = Some(style);
    args.by_whom_is_here(&cases.actor().name, number)?;
    let clip = match args.files().clips.as_slice() {
        [path] => clip_number(path)?,
        _ => {
            return Err(Failure::with_cure(
                Exit::Usage,
                "within a case, one clip is worked on at a time",
                "name one, by its number in the case",
            ));
        }
    };
    let source = cases.look(number, clip).map_err(case_failure)?;
    let bench = Bench::laid(args, &cases, number, clip, source)?;
    let exit = work(args, interrupt)?;
    bench.keep(&mut cases, number)?;
    Ok(exit)
}

/// A clip of a case in memory, with what was made of it, and room for what is made now.
pub(super) struct Bench {
    clip: u32,
    folder: ReviewFolder,
    known: BTreeSet<PathBuf>,
    /// What the links of the folder lead to.
    _held: Vec<InMemory>,
}

impl Bench {
    /// Lays out a clip, and lets the flags of a subcommand name what lies here.
    pub(super) fn laid<A: Footage>(
        args: &mut A,
        cases: &Cases,
        number: &CaseNumber,
        clip: u32,
        source: InMemory,
    ) -> Result<Self, Failure> {
        // What a killed run leaves here is masked, and goes within the hour.
        let folder = clean::room(None)?;
        let Files { clips, made, outputs, folders } = args.files();
        if let Some(folder) = folders.first() {
            return Err(Failure::with_cure(
                Exit::Usage,
                format!("within a case nothing is written to a folder such as {}", folder.display()),
                "leave it out",
            ));
        }
        let linked = folder.path().join(format!("clip-{clip}"));
        let mut held = vec![link(source, &linked)?];
        for path in clips {
            path.clone_from(&linked);
        }
        let mut known = BTreeSet::from([linked]);
        for path in made {
            let name = plain_name(path)?;
            let there = folder.path().join(&name);
            held.push(link(cases.fetch(number, clip, &name).map_err(case_failure)?, &there)?);
            known.insert(there.clone());
            *path = there;
        }
        for path in outputs {
            *path = folder.path().join(plain_name(path)?);
        }
        Ok(Self { clip, folder, known, _held: held })
    }

    /// Where a file of this name lies.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Keeps what was made in the case, encrypted with the clip; what is for release without a word.
    pub(super) fn keep(&self, cases: &mut Cases, number: &CaseNumber) -> Result<(), Failure> {
        let (folder, clip) = (self.folder.path(), self.clip);
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(|e| failure_at(folder, &e))? {
            paths.push(entry.map_err(|e| failure_at(folder, &e))?.path());
        }
        paths.sort();
        for path in paths.iter().filter(|path| !self.known.contains(*path) && path.is_file()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let mut file = File::open(path).map_err(|e| failure_at(path, &e))?;
            cases.keep(number, clip, &name, &mut file).map_err(case_failure)?;
            if !name.starts_with(Cases::RENDERED) {
                talk::say(format_args!("kept {name} in case {number}, encrypted with clip {clip}"));
            }
        }
        Ok(())
    }
}

/// A name in the folder for something in memory.
fn link(held: InMemory, name: &Path) -> Result<InMemory, Failure> {
    std::os::unix::fs::symlink(held.path(), name).map_err(|e| failure_at(name, &e))?;
    Ok(held)
}

pub(super) fn failure_at(path: &Path, e: &std::io::Error) -> Failure {
    Failure::new(Exit::Pipeline, format!("{}: {e}", path.display()))
}

fn clip_number(path: &Path) -> Result<u32, Failure> {
    let number = path.to_str().and_then(|text| text.parse().ok());
    number.ok_or_else(|| {
        Failure::with_cure(
            Exit::Usage,
            format!("{} is no number of a clip", path.display()),
            "within a case clips have numbers, which `melkglas case show` lists; `melkglas case add-clip` adds one",
        )
    })
}

/// A name without a way to anywhere.
fn plain_name(path: &Path) -> Result<String, Failure> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.filter(|name| Path::new(name) == path && !name.starts_with('.')).map(str::to_owned).ok_or_else(
        || {
            Failure::with_cure(
                Exit::Usage,
                format!("{} leads out of the case", path.display()),
                "within a case, files have plain names and are kept there",
            )
        },
    )
}
