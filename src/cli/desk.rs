//! How subcommands come by the cases: the office, its key, and who is at the desk.

use super::audit::{self, LogPlace};
use super::common::Installation;
use super::words;
use crate::casework::audit::Account;
use crate::casework::case::{Actor, CaseError, Cases, KeyError, Refusal, SiteKey, today};
use crate::config::Office;
use crate::error::{Exit, Failure};

/// The office of a site that has a policy.
pub(super) fn office(installation: &Installation) -> Result<Office, Failure> {
    installation.settings()?.office.ok_or_else(no_policy)
}

/// There is no policy, and so no cases.
pub(super) fn no_policy() -> Failure {
    Failure::with_cure(
        Exit::Settings,
        "the site names no policy, so there are no cases",
        "write one into the site file, as in pipelines/site.example.toml",
    )
}

/// Whoever runs this program, as a member of staff: who logged in, where the site file has them, whatever account they
/// took on to reach cases, key and log; else that account itself, such as that of a nightly run.
pub(super) fn actor(office: &Office) -> Result<Actor, Failure> {
    let account = Account::of_this_process();
    let own = account.login.as_ref().map(ToString::to_string);
    let names = [account.session_login().map(|login| login.to_string()), own.clone()];
    let staff =
        names.into_iter().flatten().find(|name| office.users.iter().any(|user| user.account == *name));
    let name = staff.or(own).unwrap_or_else(|| format!("with number {}", account.uid));
    Actor::of(office, &name, today()).map_err(|e| case_failure(e.into()))
}

/// The cases of an office, before whoever runs this program; with the site's key where something is to be opened.
pub(super) fn open(office: Office, place: &LogPlace, with_key: bool) -> Result<Cases, Failure> {
    let actor = actor(&office)?;
    let key = with_key.then(|| SiteKey::load(&office.cases.key, words::of_site_key)).transpose();
    let key = key.map_err(|e| case_failure(e.into()))?;
    let folder = office.cases.folder.clone();
    let log = place.open(&[&folder])?;
    Cases::open_store(office, log, actor, today(), key).map_err(case_failure)
}

/// A case that cannot go on, and what to do.
pub(super) fn case_failure(e: CaseError) -> Failure {
    let exit = match &e {
        CaseError::Audit(_) => {
            let CaseError::Audit(e) = e else { return Failure::new(Exit::Bug, e) };
            return audit::failure(e);
        }
        CaseError::Refused(Refusal { .. }) => Exit::Refused,
        CaseError::Key(KeyError::Io(_)) | CaseError::Io { .. } | CaseError::NoMemory { .. } => Exit::Pipeline,
        CaseError::Key(KeyError::NoPassphrase { .. }) => Exit::Usage,
        CaseError::Key(_) | CaseError::NotPrivate(_) | CaseError::Content(_) | CaseError::Newer(_) => {
            Exit::Settings
        }
        CaseError::Store(_) | CaseError::Strange(_) => Exit::Pipeline,
        CaseError::NoCase(_)
        | CaseError::Forgotten(_)
        | CaseError::NoClip { .. }
        | CaseError::Erased { .. }
        | CaseError::NoPaper { .. } => Exit::Usage,
        CaseError::StoreBehind { .. } | CaseError::LogBehind { .. } => Exit::Refused,
        CaseError::Changed(_) | CaseError::Unreadable { .. } => Exit::Input,
    };
    Failure::with_cure(exit, &e, e.cure())
}
