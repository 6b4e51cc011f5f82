//! The forbidden turns, each by the article as the protocol has it; `turns_tests` goes through all of them under every
//! policy, `release_turns_tests` through those of a release.

use super::*;
use crate::config::{CaseKind, Form, Policy, PolicyName, RecipientKind, RefusalGround, Role, Subject};
use PolicyName::{Default as Strict, HeuvelrugWonen, Leystromen, MozaiekWonen, Woongroen};
use clap::ValueEnum;
use jiff::ToSpan;
use jiff::civil::date;

pub(super) fn actor(name: &str, roles: &[Role]) -> Actor {
    Actor {
        account: name.to_owned(),
        name: name.to_owned(),
        roles: roles.to_vec(),
        deputy_for: Vec::new(),
        bound: true,
    }
}

pub(super) fn facts(kind: CaseKind, state: CaseState) -> CaseFacts {
    CaseFacts {
        kind,
        state,
        received: date(2026, 11, 2),
        subject: Subject::Own,
        authority: false,
        identified: true,
        clips: 1,
        release: None,
    }
}

/// How an act is tried: the case, who acts.
struct Turn<'a> {
    case: Option<CaseFacts>,
    act: CaseAct<'a>,
    actor: Actor,
}

fn turn<'a>(case: CaseFacts, act: CaseAct<'a>, role: Role) -> Turn<'a> {
    Turn { case: Some(case), act, actor: actor("Jansen", &[role]) }
}

fn opening<'a>(kind: CaseKind, subject: Subject, motive: Option<Motive<'a>>) -> Turn<'a> {
    let act = CaseAct::Open { kind, subject, motive };
    Turn { case: None, act, actor: actor("Jansen", &[Role::Handler]) }
}

fn check(name: PolicyName, turn: &Turn<'_>) -> Result<Standing, Refusal> {
    let policy = Policy::shipped(name).expect("a sound policy");
    allowed(&policy, turn.case.as_ref(), &turn.act, &turn.actor)
}

/// The turn is refused, and the refusal names this article.
fn refused(name: PolicyName, what: &str, turn: &Turn<'_>, article: &str) {
    let refusal = check(name, turn).expect_err(what);
    assert!(refusal.article.contains(article), "{name:?}: {what}: {refusal}");
    assert!(!refusal.cure.is_empty(), "{name:?}: {what}");
}

pub(super) const GRANT: CaseAct<'_> = CaseAct::Grant { weighed: true, ground: true, requester_seen: true };

#[test]
fn the_forbidden_turns_are_refused_with_their_article() {
    use CaseKind::{Access, DisputeCommittee, Erasure, Insurer, InternalIncident, Police};
    use CaseState::{Closed, Granted, Open};
    let open = |kind| facts(kind, Open);
    let granted = |kind, release| CaseFacts { release, ..facts(kind, Granted) };
    let approved = |kind| granted(kind, Some(ReleaseState::Approved));
    let unknown = |kind| CaseFacts { identified: false, ..open(kind) };
    let hand = |form, recipient, signed, second| CaseAct::HandOver {
        form,
        recipient,
        signed,
        second,
        on_medium: true,
    };
    let second = actor("Visser", &[Role::Handler]);
    let second = Some(&second);
    let motive = |cause, purpose| Some(Motive { cause, purpose });
    let officer = Role::PrivacyOfficer;
    let insurer = RecipientKind::Insurer;
    let requester = RecipientKind::Requester;
    let table = [
        // No identity.
        (Woongroen, "look without identity", turn(unknown(Access), CaseAct::Look, Role::Handler), "art. 6"),
        (Woongroen, "grant without identity", turn(unknown(Access), GRANT, officer), "art. 6"),
        (Leystromen, "grant without identity", turn(unknown(Access), GRANT, officer), "GDPR art. 12(6)"),
        (MozaiekWonen, "grant without identity", turn(unknown(Access), GRANT, officer), "art. 4.5"),
        (HeuvelrugWonen, "grant without identity", turn(unknown(Erasure), GRANT, officer), "GDPR art. 12(6)"),
        (
            MozaiekWonen,
            "hand to an unidentified insurer",
            turn(
                CaseFacts { identified: false, ..approved(Insurer) },
                hand(Form::Copy, insurer, true, second),
                officer,
            ),
            "art. 5(4)",
        ),
        (
            MozaiekWonen,
            "hand to an unidentified officer",
            turn(
                CaseFacts { identified: false, ..approved(Police) },
                hand(Form::Original, RecipientKind::Police, true, second),
                officer,
            ),
            "art. 5(6)",
        ),
        (
            Woongroen,
            "a proxy without authority",
            turn(CaseFacts { subject: Subject::Represented, ..open(Access) }, GRANT, officer),
            "art. 6",
        ),
        // Wrong role.
        (Woongroen, "a viewer looks", turn(open(Access), CaseAct::Look, Role::Viewer), "art. 8"),
        (
            Leystromen,
            "an administrator looks",
            turn(open(Access), CaseAct::Look, Role::Administrator),
            "par.",
        ),
        (MozaiekWonen, "a handler decides", turn(open(Access), GRANT, Role::Handler), "art. 4.3"),
        (
            HeuvelrugWonen,
            "a contact person decides",
            turn(open(Erasure), GRANT, Role::ContactPerson),
            "rule 9",
        ),
        (
            HeuvelrugWonen,
            "a housing manager looks",
            turn(open(Access), CaseAct::Look, Role::HousingManager),
            "rule 8",
        ),
        (Woongroen, "a handler erases", turn(open(Access), CaseAct::Retain, Role::Handler), "art. 4"),
        // Wrong recipient kind.
        (
            Woongroen,
            "an insurer's case hands to the requester",
            turn(granted(Insurer, None), CaseAct::Draft { form: Form::Copy, recipient: requester }, officer),
            "house rule",
        ),
        (
            MozaiekWonen,
            "access hands to an insurer",
            turn(granted(Access, None), CaseAct::Draft { form: Form::View, recipient: insurer }, officer),
            "house rule",
        ),
        // Kinds that there are not.
        (HeuvelrugWonen, "an insurer", opening(Insurer, Subject::Own, None), "rule 5"),
        (HeuvelrugWonen, "a committee", opening(DisputeCommittee, Subject::Own, None), "rule 5"),
        (HeuvelrugWonen, "an insurer's grant", turn(open(Insurer), GRANT, officer), "rule 5"),
        (Strict, "an insurer", opening(Insurer, Subject::Own, None), "house rule"),
        // Past retention.
        (Woongroen, "31 days old", turn(open(Access), old_clip(31), Role::Handler), "art. 4"),
        (Leystromen, "29 days old", turn(open(Access), old_clip(29), Role::Handler), "par."),
        (MozaiekWonen, "29 days old", turn(open(Access), old_clip(29), Role::Handler), "art. 6.3"),
        (HeuvelrugWonen, "8 days old", turn(open(Access), old_clip(8), Role::Handler), "rule 4"),
        // Cause, purpose, live.
        (
            Leystromen,
            "without a report of an incident",
            opening(InternalIncident, Subject::Own, motive("curiosity", "vandalism")),
            "par. Bescherming",
        ),
        (
            Leystromen,
            "another purpose",
            opening(InternalIncident, Subject::Own, motive("reported incident", "marketing")),
            "par. Doel",
        ),
        (
            MozaiekWonen,
            "another purpose",
            opening(Insurer, Subject::Own, motive("incident", "marketing")),
            "art. 3.1",
        ),
        (
            HeuvelrugWonen,
            "tenants' own property",
            opening(
                InternalIncident,
                Subject::Own,
                motive("theft of tenants' property", "safety in common areas"),
            ),
            "rule 1",
        ),
        (Woongroen, "no cause at all", opening(InternalIncident, Subject::Own, None), "art. 3"),
        (Woongroen, "another window", turn(open(Access), strange_clip(), Role::Handler), "art. 3"),
        (Leystromen, "live", turn(open(Access), CaseAct::WatchLive, officer), "par. Bescherming"),
        (HeuvelrugWonen, "live", turn(open(Access), CaseAct::WatchLive, Role::Administrator), "rule 8"),
        // A neighbour's footage.
        (Woongroen, "a neighbour's", opening(Access, Subject::SomebodyElse, None), "art. 6"),
        (Leystromen, "a neighbour's", opening(Access, Subject::SomebodyElse, None), "par. Inzagerecht"),
        (MozaiekWonen, "a neighbour's", opening(Access, Subject::SomebodyElse, None), "art. 4.1"),
        (HeuvelrugWonen, "a neighbour's", opening(Access, Subject::SomebodyElse, None), "rule 9"),
        (
            MozaiekWonen,
            "the requester is not seen",
            turn(
                open(Access),
                CaseAct::Grant { weighed: true, ground: true, requester_seen: false },
                officer,
            ),
            "art. 4.1",
        ),
        // Weighing, grounds.
        (
            MozaiekWonen,
            "nothing was weighed",
            turn(
                open(Access),
                CaseAct::Grant { weighed: false, ground: true, requester_seen: true },
                officer,
            ),
            "art. 4.2",
        ),
        (
            Woongroen,
            "nothing was weighed",
            turn(
                open(Insurer),
                CaseAct::Grant { weighed: false, ground: true, requester_seen: true },
                officer,
            ),
            "art. 7",
        ),
        (
            MozaiekWonen,
            "the police name no provision",
            turn(
                open(Police),
                CaseAct::Grant { weighed: true, ground: false, requester_seen: true },
                officer,
            ),
            "art. 5(6)",
        ),
        (
            Leystromen,
            "the corporation's own rights",
            turn(open(Access), CaseAct::Refuse { ground: RefusalGround::CorporationsRights }, officer),
            "par. Inzagerecht",
        ),
        // Forms.
        (
            MozaiekWonen,
            "a copy where only viewing is allowed",
            turn(granted(Access, None), CaseAct::Draft { form: Form::Copy, recipient: requester }, officer),
            "art. 4.5",
        ),
        (
            Woongroen,
            "the original to an insurer",
            turn(
                granted(Insurer, None),
                CaseAct::Draft { form: Form::Original, recipient: insurer },
                officer,
            ),
            "house rule",
        ),
        (
            Woongroen,
            "footage of an erasure",
            turn(granted(Erasure, None), CaseAct::Draft { form: Form::Copy, recipient: requester }, officer),
            "house rule",
        ),
        // Order.
        (
            Woongroen,
            "handed over unwatched",
            turn(
                granted(Insurer, Some(ReleaseState::Draft)),
                hand(Form::Copy, insurer, true, second),
                officer,
            ),
            "house rule",
        ),
        (
            Woongroen,
            "approved unwatched",
            turn(granted(Insurer, Some(ReleaseState::Draft)), CaseAct::Approve, officer),
            "house rule",
        ),
        (
            Woongroen,
            "watched unrendered",
            turn(granted(Insurer, None), CaseAct::Watch, officer),
            "house rule",
        ),
        (
            Woongroen,
            "released undecided",
            turn(open(Insurer), CaseAct::Draft { form: Form::Copy, recipient: insurer }, officer),
            "house rule",
        ),
        (
            Woongroen,
            "a window after the decision",
            turn(granted(Access, None), old_clip(1), officer),
            "house rule",
        ),
        (Woongroen, "decided twice", turn(granted(Access, None), GRANT, officer), "house rule"),
        (
            Woongroen,
            "looked at when closed",
            turn(facts(Access, Closed), CaseAct::Look, officer),
            "house rule",
        ),
        // Signatures, witnesses, media.
        (
            Leystromen,
            "the access statement is not signed",
            turn(approved(Access), hand(Form::View, requester, false, second), officer),
            "par. Inzagerecht",
        ),
        (
            MozaiekWonen,
            "no receipt",
            turn(approved(Insurer), hand(Form::Copy, insurer, false, second), officer),
            "art. 5(5)",
        ),
        (
            Woongroen,
            "no receipt",
            turn(approved(Insurer), hand(Form::Copy, insurer, false, second), officer),
            "art. 7",
        ),
        (
            MozaiekWonen,
            "nobody else is there",
            turn(approved(Access), hand(Form::View, requester, true, None), officer),
            "art. 4.5",
        ),
        (
            Woongroen,
            "the original with nobody else there",
            turn(approved(Police), hand(Form::Original, RecipientKind::Police, true, None), officer),
            "house rule",
        ),
        (
            MozaiekWonen,
            "not on a medium",
            turn(
                approved(Insurer),
                CaseAct::HandOver {
                    form: Form::Copy,
                    recipient: insurer,
                    signed: true,
                    second,
                    on_medium: false,
                },
                officer,
            ),
            "art. 5(8)",
        ),
    ];
    for (name, what, turn, article) in &table {
        refused(*name, what, turn, article);
    }
}

pub(super) fn old_clip(days: i32) -> CaseAct<'static> {
    CaseAct::AddClip { recorded: date(2026, 11, 2).saturating_sub(days.days()), in_window: true }
}

pub(super) fn strange_clip() -> CaseAct<'static> {
    CaseAct::AddClip { recorded: date(2026, 11, 1), in_window: false }
}

#[test]
fn nobody_does_anything_without_the_statement_of_secrecy() {
    for name in PolicyName::value_variants() {
        let article = if *name == Woongroen { "art. 8" } else { "house rule" };
        for act in [
            CaseAct::See,
            CaseAct::Look,
            CaseAct::Identify,
            GRANT,
            CaseAct::Close { withdrawn: true },
            old_clip(1),
        ] {
            let mut turn = turn(facts(CaseKind::Access, CaseState::Open), act, Role::PrivacyOfficer);
            check(*name, &turn).unwrap_or_else(|e| panic!("{name:?}, {act:?}: {e}"));
            turn.actor.bound = false;
            refused(*name, "unsigned", &turn, article);
        }
        let mut retain = turn(facts(CaseKind::Access, CaseState::Open), CaseAct::Retain, Role::Administrator);
        retain.actor.bound = false;
        check(*name, &retain).expect("erasing shows nothing");
    }
}

#[test]
fn deputies_stand_in_where_the_protocol_has_one_and_are_named_as_such() {
    for name in PolicyName::value_variants() {
        let mut turn = turn(facts(CaseKind::Erasure, CaseState::Open), GRANT, Role::Handler);
        check(*name, &turn).expect_err("a handler does not decide");
        turn.actor.deputy_for = vec![Role::PrivacyOfficer];
        let standing = check(*name, &turn).expect("the deputy does");
        assert_eq!(standing, Standing { role: Role::PrivacyOfficer, deputy: true });
    }
    let mut policy = Policy::shipped(Woongroen).expect("sound");
    policy.staff.deputy.value.clear();
    let mut deputy = actor("Bos", &[Role::Handler]);
    deputy.deputy_for = vec![Role::PrivacyOfficer];
    let case = facts(CaseKind::Erasure, CaseState::Open);
    allowed(&policy, Some(&case), &GRANT, &deputy).expect_err("there is no deputy");
}
