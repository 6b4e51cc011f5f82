//! The one table of what may be done: policy, case and act in, a standing or a refusal out. Pure: it reads no clock, no
//! store and no pixel.

use super::words::{Actor, CaseAct, CaseFacts, CaseState, Motive, Refusal, ReleaseState, Standing};
use crate::config::{
    Ask, CaseKind, CaseRules, Clause, Form, KindRules, LivePolicy, Policy, RecipientKind, RefusalGround,
    Role, Show, Statement, Subject,
};
use jiff::ToSpan;

/// What is the program's own rule rather than a protocol's.
pub(super) const HOUSE: &str = "house rule";

/// Whether `actor` may do this, and in which role. `case` is the case in hand; opening one, and what is not about one,
/// has none.
///
/// # Errors
/// The [`Refusal`], which names the article.
pub fn allowed(
    policy: &Policy,
    case: Option<&CaseFacts>,
    act: &CaseAct<'_>,
    actor: &Actor,
) -> Result<Standing, Refusal> {
    if !actor.bound && !matches!(act, CaseAct::Retain) {
        return Err(Refusal::new(
            policy,
            &policy.staff.secrecy_statement.article,
            format!("{} has signed no statement of secrecy", actor.name),
            "have it signed, and write the date into the site file: secrecy_signed = 2026-01-31",
        ));
    }
    match act {
        CaseAct::See => one_of(policy, actor, clap::ValueEnum::value_variants(), HOUSE),
        CaseAct::Retain => one_of(
            policy,
            actor,
            &[Role::Administrator, Role::PrivacyOfficer],
            &policy.retention.days.article,
        ),
        CaseAct::WatchLive if policy.purpose.live.value == LivePolicy::Forbidden => Err(Refusal::new(
            policy,
            &policy.purpose.live.article,
            "cameras are not watched live",
            "look at recorded footage, within a case",
        )),
        // To place a camera is a part of setting it up; only where a policy allowed more would it be looking at footage.
        CaseAct::WatchLive if policy.purpose.live.value == LivePolicy::Masked => {
            within(policy, actor, &policy.staff.look)
        }
        CaseAct::WatchLive | CaseAct::SetUpCamera => {
            let mut who = policy.staff.look.value.clone();
            who.push(Role::HousingManager);
            one_of(policy, actor, &who, &policy.staff.look.article)
        }
        CaseAct::Open { kind, subject, motive } => open(policy, actor, *kind, *subject, *motive),
        act => match case {
            Some(case) => {
                let rules = rules(policy, case.kind)?;
                in_case(policy, rules, case, act, actor)
            }
            None => Err(Refusal::new(
                policy,
                &policy.purpose.causes.article,
                "this is done within a case only",
                "open one with `melkglas case open`, and name it with --case",
            )),
        },
    }
}

/// The rules of a kind that exists.
///
/// # Errors
/// The policy has no cases of this kind.
pub fn rules(policy: &Policy, kind: CaseKind) -> Result<&CaseRules, Refusal> {
    match policy.kind(kind) {
        KindRules::Allowed(rules) => Ok(rules),
        KindRules::Forbidden { article } => Err(Refusal::new(
            policy,
            article,
            format!("there are no cases of kind {kind}"),
            "tell them to report it to the police, who may ask for the footage",
        )),
    }
}

/// Whether a requester was asked for all that the protocol has asked for, and for nothing more.
///
/// # Errors
/// Something is missing, or is none of the corporation's business.
pub fn asked(policy: &Policy, kind: CaseKind, given: &[Ask]) -> Result<(), Refusal> {
    let asks = &rules(policy, kind)?.asks;
    let refuse = |sentence: String, cure: String| Err(Refusal::new(policy, &asks.article, sentence, cure));
    if let Some(missing) = asks.value.iter().find(|ask| !given.contains(ask)) {
        return refuse(
            format!("{missing} has to be on record"),
            format!("ask for it, and write it down: {missing}: ..."),
        );
    }
    if let Some(extra) = given.iter().find(|ask| !asks.value.contains(ask)) {
        return refuse(
            format!("{extra} is not asked for in a case of kind {kind}"),
            format!("leave it out; asked for is: {}", list(&asks.value)),
        );
    }
    Ok(())
}

/// Whether somebody may stay visible so: where only the subject may be seen, the scene around them may not.
///
/// # Errors
/// The protocol shows less.
pub fn may_show(policy: &Policy, kind: CaseKind, wanted: Show) -> Result<(), Refusal> {
    let show = &rules(policy, kind)?.show;
    if show.value == Show::Spotlight && wanted == Show::Scene {
        return Err(Refusal::new(
            policy,
            &show.article,
            "only the subject may be seen",
            "hide all else with --mode spotlight, and show no things",
        ));
    }
    Ok(())
}

fn open(
    policy: &Policy,
    actor: &Actor,
    kind: CaseKind,
    subject: Subject,
    motive: Option<Motive<'_>>,
) -> Result<Standing, Refusal> {
    let rules = rules(policy, kind)?;
    let standing = within(policy, actor, &policy.staff.open)?;
    if rules.own_footage.value && subject == Subject::SomebodyElse {
        return Err(Refusal::new(
            policy,
            &rules.own_footage.article,
            "nobody is given footage of somebody else",
            "where the requester acts for a child, or with a proxy, say so: --for child, --for represented",
        ));
    }
    if kind.is_a_right() {
        return Ok(standing);
    }
    let purpose = &policy.purpose;
    let Some(Motive { cause, purpose: wanted }) = motive else {
        return Err(Refusal::new(
            policy,
            &purpose.causes.article,
            "footage is looked at with cause only",
            format!("say which, and what for: --cause and --purpose; {}", list(&purpose.causes.value)),
        ));
    };
    if purpose.left_to_police.value.iter().any(|left| left == cause) && !kind.is_enforcement() {
        return Err(Refusal::new(
            policy,
            &purpose.left_to_police.article,
            format!("{cause}: the corporation does not look at footage for this"),
            "have the tenant report it to the police, and point them to the camera: `melkglas case police-letter`",
        ));
    }
    // What only the police may have looked into is cause enough where they ask.
    let known =
        |word: &str| purpose.causes.value.iter().chain(&purpose.left_to_police.value).any(|c| c == word);
    if !known(cause) && !purpose.other_causes.value {
        return Err(Refusal::new(
            policy,
            &purpose.other_causes.article,
            format!("\"{cause}\" is no cause to look at footage"),
            format!("the causes are: {}", list(&purpose.causes.value)),
        ));
    }
    if !purpose.list.value.iter().any(|known| known == wanted) && !purpose.other.value {
        return Err(Refusal::new(
            policy,
            &purpose.other.article,
            format!("\"{wanted}\" is not what footage is for"),
            format!("the purposes are: {}", list(&purpose.list.value)),
        ));
    }
    Ok(standing)
}

fn in_case(
    policy: &Policy,
    rules: &CaseRules,
    case: &CaseFacts,
    act: &CaseAct<'_>,
    actor: &Actor,
) -> Result<Standing, Refusal> {
    let state = |wanted: &[CaseState], what: &str| {
        if wanted.contains(&case.state) {
            return Ok(());
        }
        let cure = match case.state {
            CaseState::Open => "decide it first, with `melkglas case decide`",
            CaseState::Granted | CaseState::Refused | CaseState::Closed => {
                "open another case for what is new"
            }
        };
        Err(Refusal::new(policy, HOUSE, format!("the case is {}, so {what}", case.state), cure))
    };
    let alive = [CaseState::Open, CaseState::Granted, CaseState::Refused];
    match act {
        CaseAct::Identify => {
            state(&alive, "nobody is identified in it any more")?;
            within(policy, actor, &policy.staff.open)
        }
        CaseAct::AddClip { recorded, in_window } => {
            state(&[CaseState::Open], "its window is frozen")?;
            let days = &policy.retention.days;
            if case.received > recorded.saturating_add(i64::from(days.value).days()) {
                return Err(Refusal::new(
                    policy,
                    &days.article,
                    format!("the footage was more than {} days old when it was asked for", days.value),
                    "erase the original, which should be gone; refuse the request with --refuse erased",
                ));
            }
            if !in_window {
                return Err(Refusal::new(
                    policy,
                    &policy.purpose.causes.article,
                    "the clip shows nothing of the case's window",
                    "add footage of the window, or open a case for another one",
                ));
            }
            within(policy, actor, &policy.staff.open)
        }
        CaseAct::Look => {
            state(&[CaseState::Open, CaseState::Granted], "its footage is not looked at any more")?;
            let ends_use = [CaseKind::Erasure, CaseKind::Restriction, CaseKind::Objection];
            if case.state == CaseState::Granted && ends_use.contains(&case.kind) {
                return Err(Refusal::new(
                    policy,
                    &rules.allowed.article,
                    format!("{} was granted, so the footage is not used any more", case.kind),
                    "close the case when it is dealt with",
                ));
            }
            identified(policy, rules, case, case.kind.is_a_right())?;
            within(policy, actor, &policy.staff.look)
        }
        CaseAct::Grant { weighed, ground, requester_seen } => {
            state(&[CaseState::Open], "it is not decided again")?;
            let standing = within(policy, actor, &rules.decide)?;
            identified(policy, rules, case, case.kind.is_a_right())?;
            grant(policy, rules, case, (*weighed, *ground, *requester_seen))?;
            Ok(standing)
        }
        CaseAct::Refuse { ground } => {
            state(&[CaseState::Open], "it is not decided again")?;
            let standing = within(policy, actor, &rules.decide)?;
            let grounds = &policy.answer.refusal_grounds;
            // A right is refused on the protocol's grounds alone.
            let of_protocol = *ground == RefusalGround::NotAllowed && !case.kind.is_a_right();
            if !of_protocol && !grounds.value.contains(ground) {
                return Err(Refusal::new(
                    policy,
                    &grounds.article,
                    format!("{ground} is no ground on which a request may be refused"),
                    format!("the grounds are: {}", list(&grounds.value)),
                ));
            }
            Ok(standing)
        }
        CaseAct::Draft { form, recipient } => {
            state(&[CaseState::Granted], "nothing of it is released")?;
            form_and_recipient(policy, rules, case.kind, *form, *recipient)?;
            within(policy, actor, &policy.staff.look)
        }
        CaseAct::Watch => {
            state(&[CaseState::Granted], "nothing of it is released")?;
            released(policy, case, &[ReleaseState::Draft, ReleaseState::Watched], "is rendered first")?;
            within(policy, actor, &policy.staff.look)
        }
        CaseAct::Approve => {
            state(&[CaseState::Granted], "nothing of it is released")?;
            released(policy, case, &[ReleaseState::Watched], "is watched to its end first")?;
            within(policy, actor, &rules.decide)
        }
        CaseAct::HandOver { form, recipient, signed, second, on_medium } => {
            state(&[CaseState::Granted], "nothing of it is released")?;
            form_and_recipient(policy, rules, case.kind, *form, *recipient)?;
            identified(policy, rules, case, true)?;
            released(policy, case, &[ReleaseState::Approved], "is watched and approved first")?;
            hand_over(policy, rules, actor, (*form, *signed, *second, *on_medium))?;
            within(policy, actor, &policy.staff.look)
        }
        CaseAct::Close { withdrawn } => {
            state(&alive, "it cannot be closed again")?;
            let settles_itself = case.kind == CaseKind::InternalIncident;
            if case.state == CaseState::Open && !withdrawn && !settles_itself {
                return Err(Refusal::new(
                    policy,
                    &rules.decide_within.article,
                    "the request is not decided",
                    "decide it with `melkglas case decide`; where it was taken back, close it with --withdrawn",
                ));
            }
            within(policy, actor, &policy.staff.open)
        }
        CaseAct::See | CaseAct::Open { .. } | CaseAct::Retain | CaseAct::WatchLive | CaseAct::SetUpCamera => {
            Err(Refusal::new(policy, HOUSE, "this is not done to a case", "leave the case out"))
        }
    }
}

/// What a request has to have before it is granted.
fn grant(
    policy: &Policy,
    rules: &CaseRules,
    case: &CaseFacts,
    (weighed, ground, requester_seen): (bool, bool, bool),
) -> Result<(), Refusal> {
    let needed = |clause: &Clause<bool>, has: bool, sentence: &str, cure: &str| {
        if clause.value && !has { Err(Refusal::new(policy, &clause.article, sentence, cure)) } else { Ok(()) }
    };
    needed(
        &rules.weigh,
        weighed,
        "interests are weighed before the decision",
        "write down what was weighed, when `melkglas case decide` asks",
    )?;
    needed(
        &rules.ground,
        ground,
        "the legal provision or the public task has to be named",
        "write it down, when `melkglas case decide` asks",
    )?;
    needed(
        &rules.own_footage,
        requester_seen,
        "only footage in which the requester is seen",
        "look at it, and say so with --requester-seen; or refuse with --refuse not-seen",
    )?;
    if case.clips == 0 && !rules.forms.value.is_empty() {
        return Err(Refusal::new(
            policy,
            HOUSE,
            "there is no footage in the case to grant",
            "add it with `melkglas case add-clip`, or refuse with --refuse erased",
        ));
    }
    Ok(())
}

/// Whether who asks, or receives, is known, and may act for whom they act.
fn identified(policy: &Policy, rules: &CaseRules, case: &CaseFacts, needed: bool) -> Result<(), Refusal> {
    let refuse =
        |sentence: &str, cure: &str| Err(Refusal::new(policy, &rules.identity.article, sentence, cure));
    if !needed || !rules.identity.value {
        return Ok(());
    }
    if !case.identified {
        return refuse(
            "it is not established who asks",
            "have them show a proof of identity, and record it: `melkglas case identify`; keep no copy",
        );
    }
    if case.subject != Subject::Own && case.kind.is_a_right() && !case.authority {
        return refuse(
            "it is not established that they may act for somebody else",
            "record whose footage it is and by what authority: `melkglas case identify`",
        );
    }
    Ok(())
}

fn form_and_recipient(
    policy: &Policy,
    rules: &CaseRules,
    kind: CaseKind,
    form: Form,
    recipient: RecipientKind,
) -> Result<(), Refusal> {
    let (forms, recipients) = (&rules.forms, &rules.recipients);
    if !forms.value.contains(&form) {
        let cure = if forms.value.is_empty() {
            "open a case of the kind that it is for".to_owned()
        } else {
            format!("allowed is: {}", list(&forms.value))
        };
        return Err(Refusal::new(
            policy,
            &forms.article,
            format!("no {form} in a case of kind {kind}"),
            cure,
        ));
    }
    if !recipients.value.contains(&recipient) {
        return Err(Refusal::new(
            policy,
            &recipients.article,
            format!("a case of kind {kind} hands nothing to a recipient of kind {recipient}"),
            format!("allowed is: {}", list(&recipients.value)),
        ));
    }
    Ok(())
}

fn released(policy: &Policy, case: &CaseFacts, wanted: &[ReleaseState], what: &str) -> Result<(), Refusal> {
    if case.release.is_some_and(|state| wanted.contains(&state)) {
        return Ok(());
    }
    if case.release == Some(ReleaseState::Approved) {
        return Err(Refusal::new(
            policy,
            HOUSE,
            "what is released was approved already",
            "hand it over, or render it anew to begin again",
        ));
    }
    Err(Refusal::new(
        policy,
        HOUSE,
        format!("what is released {what}"),
        "the order is: render, watch to the end, approve, hand over",
    ))
}

fn hand_over(
    policy: &Policy,
    rules: &CaseRules,
    actor: &Actor,
    (form, signed, second, on_medium): (Form, bool, Option<&Actor>, bool),
) -> Result<(), Refusal> {
    if rules.statement.value != Statement::None && !signed {
        return Err(Refusal::new(
            policy,
            &rules.statement.article,
            "the statement is not signed",
            "have it signed first",
        ));
    }
    let medium = &policy.security.removable_medium;
    if medium.value && form != Form::View && !on_medium {
        return Err(Refusal::new(
            policy,
            &medium.article,
            "footage is handed over on a digital storage medium",
            "name an empty one with --medium",
        ));
    }
    let there = second.is_some_and(|second| second.account != actor.account && second.bound);
    if (rules.second_person.value || form == Form::Original) && !there {
        return Err(Refusal::new(
            policy,
            &rules.second_person.article,
            "a second member of staff has to be there, who has signed the statement of secrecy as well",
            "have a colleague join you, and name them",
        ));
    }
    Ok(())
}

/// Whether somebody has one of the roles of a clause, or stands in for who has.
fn within(policy: &Policy, actor: &Actor, clause: &Clause<Vec<Role>>) -> Result<Standing, Refusal> {
    one_of(policy, actor, &clause.value, &clause.article)
}

fn one_of(policy: &Policy, actor: &Actor, wanted: &[Role], article: &str) -> Result<Standing, Refusal> {
    if let Some(role) = actor.roles.iter().find(|role| wanted.contains(role)) {
        return Ok(Standing { role: *role, deputy: false });
    }
    let deputies = !policy.staff.deputy.value.is_empty();
    if let Some(role) = actor.deputy_for.iter().find(|role| deputies && wanted.contains(role)) {
        return Ok(Standing { role: *role, deputy: true });
    }
    Err(Refusal::new(
        policy,
        article,
        format!("{}, {}, may not do this", actor.name, list(&actor.roles)),
        format!("ask somebody who is {}", list(wanted)),
    ))
}

fn list<T: ToString>(words: &[T]) -> String {
    words.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
