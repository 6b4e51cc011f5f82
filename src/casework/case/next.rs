//! What is to be done next in a case, by its protocol: so that staff are led, and need not know the table by heart.

use super::words::{CaseFacts, CaseState, ReleaseState};
use crate::casework::audit::CaseNumber;
use crate::config::{CaseKind, CaseRules, Form, Statement, Subject};

/// The next step of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Copy the footage in.
    AddClip,
    /// Record that the identity of who asks, or receives, was established.
    Identify,
    /// Decide.
    Decide,
    /// Render what was granted.
    Render,
    /// Watch it to its end.
    Watch,
    /// Approve it.
    Approve,
    /// Have the statement signed, and show it or hand it over.
    HandOver,
    /// Keep the case open, which keeps the footage, as long as its use is restricted; then close it.
    Keep,
    /// Close the case.
    Close,
    /// Nothing.
    Nothing,
}

impl Next {
    /// The step after what is on record. `handed_over`: what is in hand was shown or handed over already.
    #[must_use]
    pub fn of(rules: &CaseRules, case: &CaseFacts, handed_over: bool) -> Self {
        let leaves = !rules.forms.value.is_empty();
        let authority = case.subject == Subject::Own || !case.kind.is_a_right() || case.authority;
        let known = !rules.identity.value || (case.identified && authority);
        match case.state {
            CaseState::Closed => Self::Nothing,
            CaseState::Refused => Self::Close,
            CaseState::Open if case.clips == 0 => Self::AddClip,
            CaseState::Open if !known => Self::Identify,
            CaseState::Open => Self::Decide,
            CaseState::Granted if case.kind == CaseKind::Restriction => Self::Keep,
            CaseState::Granted if !leaves || handed_over => Self::Close,
            CaseState::Granted if !known => Self::Identify,
            CaseState::Granted => match case.release {
                None => Self::Render,
                Some(ReleaseState::Draft) => Self::Watch,
                Some(ReleaseState::Watched) => Self::Approve,
                Some(ReleaseState::Approved) => Self::HandOver,
            },
        }
    }

    /// What to type for it.
    #[must_use]
    pub fn command(self, rules: &CaseRules, number: &CaseNumber) -> Option<String> {
        let case = |rest: String| Some(format!("melkglas case {rest}"));
        match self {
            Self::AddClip => {
                case(format!("add-clip {number} CLIP --camera ID --recorded-from TIME --recorded-to TIME"))
            }
            Self::Identify => case(format!("identify {number}")),
            Self::Decide => {
                let seen = if rules.own_footage.value { " --requester-seen" } else { "" };
                case(format!("decide {number} --grant{seen}, or --refuse GROUND"))
            }
            Self::Render => {
                let how: Vec<String> =
                    rules.forms.value.iter().map(|form| rendering(*form, number)).collect();
                Some(how.join(", or "))
            }
            Self::Watch => case(format!("release watch {number}")),
            Self::Approve => case(format!("release approve {number}")),
            Self::HandOver => {
                let paper = match rules.statement.value {
                    Statement::None => String::new(),
                    Statement::Access => format!(
                        "paper {number} view-statement -o statement.pdf, have it signed, then melkglas case "
                    ),
                    Statement::Receipt => {
                        format!("paper {number} receipt -o receipt.pdf, have it signed, then melkglas case ")
                    }
                };
                let second = if rules.second_person.value { " --second ACCOUNT" } else { "" };
                case(format!("{paper}release hand-over {number} --signed{second}"))
            }
            Self::Keep => Some(format!(
                "nothing, as long as the restriction lasts: the open case keeps the footage; then melkglas case close {number} \
                 --originals-dealt-with"
            )),
            Self::Close => case(format!("close {number} --originals-dealt-with")),
            Self::Nothing => None,
        }
    }
}

fn rendering(form: Form, number: &CaseNumber) -> String {
    let to = if form == Form::View { "" } else { " --to RECIPIENT" };
    let options = if form == Form::Original { "" } else { " -- --camera FILE" };
    format!("melkglas case release {form} {number}{to}{options}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::casework::case::{Actor, CaseAct, allowed};
    use crate::config::{KindRules, Policy, PolicyName, RecipientKind, Role};
    use clap::ValueEnum;
    use jiff::civil::date;

    /// Whoever follows what is said to be next walks each kind of case of each policy to its end, by allowed acts alone.
    #[test]
    fn what_is_next_is_allowed_and_leads_to_the_end() {
        let number: CaseNumber = "2026-0001".parse().expect("a number");
        let officer = Actor {
            account: "b".into(),
            name: "B".into(),
            roles: vec![Role::PrivacyOfficer],
            deputy_for: Vec::new(),
            bound: true,
        };
        let second = Actor { account: "c".into(), ..officer.clone() };
        for (name, kind) in PolicyName::value_variants()
            .iter()
            .flat_map(|name| CaseKind::value_variants().iter().map(move |kind| (*name, *kind)))
        {
            let policy = Policy::shipped(name).expect("sound");
            let KindRules::Allowed(rules) = policy.kind(kind) else { continue };
            for form in rules.forms.value.iter().map(|form| Some(*form)).chain([None]) {
                if form.is_none() != rules.forms.value.is_empty() {
                    continue;
                }
                let mut case = CaseFacts {
                    kind,
                    state: CaseState::Open,
                    received: date(2026, 11, 2),
                    subject: if kind.is_a_right() { Subject::Child } else { Subject::Own },
                    authority: false,
                    identified: false,
                    clips: 0,
                    release: None,
                };
                let (mut handed_over, mut steps) = (false, 0);
                loop {
                    let next = Next::of(rules, &case, handed_over);
                    assert_eq!(next.command(rules, &number).is_none(), next == Next::Nothing);
                    let recipient =
                        rules.recipients.value.first().copied().unwrap_or(RecipientKind::Requester);
                    let giving = form.unwrap_or(Form::View);
                    let act = match next {
                        Next::AddClip => CaseAct::AddClip { recorded: date(2026, 11, 1), in_window: true },
                        Next::Identify => CaseAct::Identify,
                        Next::Decide => CaseAct::Grant { weighed: true, ground: true, requester_seen: true },
                        Next::Render => CaseAct::Draft { form: giving, recipient },
                        Next::Watch => CaseAct::Watch,
                        Next::Approve => CaseAct::Approve,
                        Next::HandOver => CaseAct::HandOver {
                            form: giving,
                            recipient,
                            signed: true,
                            second: Some(&second),
                            on_medium: true,
                        },
                        Next::Keep | Next::Close => CaseAct::Close { withdrawn: false },
                        Next::Nothing => break,
                    };
                    allowed(&policy, Some(&case), &act, &officer)
                        .unwrap_or_else(|e| panic!("{name:?}, {kind}, {next:?}: {e}"));
                    match next {
                        Next::AddClip => case.clips = 1,
                        Next::Identify => (case.identified, case.authority) = (true, true),
                        Next::Decide => case.state = CaseState::Granted,
                        Next::Render => case.release = Some(ReleaseState::Draft),
                        Next::Watch => case.release = Some(ReleaseState::Watched),
                        Next::Approve => case.release = Some(ReleaseState::Approved),
                        Next::HandOver => handed_over = true,
                        Next::Keep | Next::Close => case.state = CaseState::Closed,
                        Next::Nothing => {}
                    }
                    steps += 1;
                    assert!(steps < 10, "{name:?}, {kind}: no end");
                }
                let release = if form.is_some() { 4 } else { 0 };
                assert_eq!(steps, 3 + release + usize::from(rules.identity.value), "{name:?}, {kind}");
            }
        }
    }
}
