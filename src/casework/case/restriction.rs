//! Footage is looked at within a case: the rule for every subcommand that reads it.

use super::words::Refusal;
use crate::config::{LivePolicy, Policy};
use clap::ValueEnum;

/// A subcommand that reads footage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Reads {
    /// `melkglas redact`.
    Redact,
    /// `melkglas analyse`.
    Analyse,
    /// `melkglas persons`.
    Persons,
    /// `melkglas doubts`.
    Doubts,
    /// `melkglas evaluate`.
    Evaluate,
    /// `melkglas batch` of a folder; that of a case is a release.
    Batch,
    /// `melkglas live`, with and without `--record`.
    Live,
}

/// How footage may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// No policy is in force.
    Free,
    /// Within the case that is named.
    InCase,
    /// To try things out: NOT RELEASED is burned into every frame.
    Trial,
}

/// How a subcommand may read footage, given what was asked for.
///
/// # Errors
/// The [`Refusal`]: a policy is in force, and neither a case nor a trial was named; or a trial of what shows people as
/// they are; or it forbids to watch live, within a case and without.
pub fn reading(policy: Option<&Policy>, by: Reads, in_case: bool, trial: bool) -> Result<Reading, Refusal> {
    let bare = matches!(by, Reads::Persons | Reads::Doubts);
    if let (Some(policy), Reads::Live) = (policy, by)
        && policy.purpose.live.value == LivePolicy::Forbidden
    {
        return Err(Refusal::new(
            policy,
            &policy.purpose.live.article,
            "cameras are not watched live, nor recorded so, whatever a camera file says",
            "look at recorded footage, within a case",
        ));
    }
    match (policy, in_case, trial) {
        (None, _, true) => Ok(Reading::Trial),
        (None, _, false) => Ok(Reading::Free),
        (Some(_), true, _) => Ok(Reading::InCase),
        (Some(policy), false, true) if bare => Err(Refusal::new(
            policy,
            &policy.purpose.causes.article,
            "people are not shown unmasked for a trial",
            "open a case, and name it with --case",
        )),
        (Some(_), false, true) => Ok(Reading::Trial),
        (Some(policy), false, false) => Err(Refusal::new(
            policy,
            &policy.purpose.causes.article,
            "footage is looked at within a case only",
            match by {
                Reads::Persons | Reads::Doubts | Reads::Live => "name the case: --case NUMBER",
                Reads::Batch => {
                    "name the case: `melkglas batch CASE --to RECIPIENT`; to try things out: -- --trial, which burns \
                     NOT RELEASED over every frame"
                }
                _ => {
                    "name the case: --case NUMBER; to try things out: --trial, which burns NOT RELEASED over every frame"
                }
            },
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PolicyName;

    #[test]
    fn under_every_policy_footage_is_read_in_a_case_or_not_at_all() {
        for name in PolicyName::value_variants() {
            let policy = Policy::shipped(*name).expect("sound");
            let article = policy.cite(&policy.purpose.causes.article);
            for by in Reads::value_variants() {
                if *by == Reads::Live && policy.purpose.live.value == LivePolicy::Forbidden {
                    for (in_case, trial) in [(false, false), (true, false), (false, true)] {
                        let refused = reading(Some(&policy), *by, in_case, trial).expect_err("live");
                        assert_eq!(refused.article, policy.cite(&policy.purpose.live.article), "{name:?}");
                    }
                    continue;
                }
                let bare = matches!(by, Reads::Persons | Reads::Doubts);
                let refused = reading(Some(&policy), *by, false, false).expect_err("no case");
                assert_eq!(refused.article, article, "{name:?}, {by:?}");
                assert_eq!(reading(Some(&policy), *by, true, false), Ok(Reading::InCase));
                let trial = reading(Some(&policy), *by, false, true);
                match trial {
                    Ok(reading) => assert!(!bare && reading == Reading::Trial, "{name:?}, {by:?}"),
                    Err(refused) => assert!(bare && refused.article == article, "{name:?}, {by:?}"),
                }
            }
        }
        assert_eq!(reading(None, Reads::Redact, false, false), Ok(Reading::Free));
    }
}
