//! The forbidden turns: policy x act, each refused with the article named, and what is allowed beside it.

use super::*;
use crate::config::{
    CaseKind, CaseRules, Form, KindRules, Policy, PolicyName, RecipientKind, RefusalGround, Role, Show,
    Subject,
};
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

fn facts(kind: CaseKind, state: CaseState) -> CaseFacts {
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

const GRANT: CaseAct<'_> = CaseAct::Grant { weighed: true, ground: true, requester_seen: true };

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
        (HeuvelrugWonen, "live", turn(open(Access), CaseAct::WatchLive, officer), "rule 1"),
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

fn old_clip(days: i32) -> CaseAct<'static> {
    CaseAct::AddClip { recorded: date(2026, 11, 2).saturating_sub(days.days()), in_window: true }
}

fn strange_clip() -> CaseAct<'static> {
    CaseAct::AddClip { recorded: date(2026, 11, 1), in_window: false }
}

#[test]
fn nobody_does_anything_without_the_statement_of_secrecy() {
    for name in PolicyName::value_variants() {
        let article = if *name == Woongroen { "art. 8" } else { "house rule" };
        for act in [CaseAct::See, CaseAct::Look, CaseAct::Identify, GRANT, CaseAct::Close, old_clip(1)] {
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

/// Every kind that a policy has can be walked from its opening to its end.
#[test]
fn what_is_allowed_is_allowed() {
    let second = actor("Visser", &[Role::Handler]);
    for name in PolicyName::value_variants() {
        let policy = Policy::shipped(*name).expect("sound");
        for kind in CaseKind::value_variants() {
            let KindRules::Allowed(rules) = policy.kind(*kind) else { continue };
            let mut case = facts(*kind, CaseState::Open);
            let officer = actor("Jansen", &[Role::PrivacyOfficer]);
            let act = |case: &CaseFacts, act: CaseAct<'_>| {
                allowed(&policy, Some(case), &act, &officer)
                    .unwrap_or_else(|e| panic!("{name:?}, {kind}, {act:?}: {e}"));
            };
            let (cause, purpose) = (&policy.purpose.causes.value[0], &policy.purpose.list.value[0]);
            let motive = Some(Motive { cause, purpose });
            let open = CaseAct::Open { kind: *kind, subject: Subject::Own, motive };
            allowed(&policy, None, &open, &officer).expect("opened");
            act(&case, CaseAct::Identify);
            act(&case, old_clip(1));
            act(&case, CaseAct::Look);
            act(&case, CaseAct::Refuse { ground: RefusalGround::OthersRights });
            act(&case, GRANT);
            case.state = CaseState::Granted;
            for form in &rules.forms.value {
                for recipient in &rules.recipients.value {
                    let (form, recipient) = (*form, *recipient);
                    case.release = None;
                    act(&case, CaseAct::Draft { form, recipient });
                    case.release = Some(ReleaseState::Draft);
                    act(&case, CaseAct::Watch);
                    case.release = Some(ReleaseState::Watched);
                    act(&case, CaseAct::Approve);
                    case.release = Some(ReleaseState::Approved);
                    let second = Some(&second);
                    let (signed, on_medium) = (true, true);
                    act(&case, CaseAct::HandOver { form, recipient, signed, second, on_medium });
                }
            }
            act(&case, CaseAct::Close);
        }
    }
}

#[test]
fn who_hands_over_is_not_their_own_witness() {
    let policy = Policy::shipped(MozaiekWonen).expect("sound");
    let case =
        CaseFacts { release: Some(ReleaseState::Approved), ..facts(CaseKind::Access, CaseState::Granted) };
    let officer = actor("Jansen", &[Role::PrivacyOfficer]);
    let unbound = Actor { bound: false, ..actor("Visser", &[Role::Handler]) };
    let requester = RecipientKind::Requester;
    for second in [&officer, &unbound] {
        let act = CaseAct::HandOver {
            form: Form::View,
            recipient: requester,
            signed: true,
            second: Some(second),
            on_medium: false,
        };
        let refusal = allowed(&policy, Some(&case), &act, &officer).expect_err("no witness");
        assert_eq!(refusal.article, "Mozaiek Wonen, art. 4.5");
    }
}

#[test]
fn where_only_the_requester_is_seen_the_scene_is_hidden() {
    for name in PolicyName::value_variants() {
        let policy = Policy::shipped(*name).expect("sound");
        let spotlight = matches!(name, MozaiekWonen | Strict);
        for (wanted, shown) in [(Show::Nobody, true), (Show::Spotlight, true), (Show::Scene, !spotlight)] {
            let may = may_show(&policy, CaseKind::Access, wanted);
            assert_eq!(may.is_ok(), shown, "{name:?}, {wanted}: {may:?}");
        }
    }
    let policy = Policy::shipped(MozaiekWonen).expect("sound");
    let refusal = may_show(&policy, CaseKind::Access, Show::Scene).expect_err("the scene");
    assert_eq!(refusal.article, "Mozaiek Wonen, art. 4.1");
}

/// A release with everything in its place, of each kind, form and recipient that the policy has.
fn releases(policy: &Policy) -> Vec<(CaseKind, CaseRules, Form, RecipientKind)> {
    let mut found = Vec::new();
    for kind in CaseKind::value_variants() {
        let KindRules::Allowed(rules) = policy.kind(*kind) else { continue };
        for form in &rules.forms.value {
            for recipient in &rules.recipients.value {
                found.push((*kind, rules.as_ref().clone(), *form, *recipient));
            }
        }
    }
    found
}

#[test]
fn every_turn_of_a_release_is_refused_where_one_thing_is_missing() {
    for name in PolicyName::value_variants() {
        let policy = Policy::shipped(*name).expect("sound");
        let officer = actor("Jansen", &[Role::PrivacyOfficer]);
        let colleague = actor("Visser", &[Role::Handler]);
        let try_it = |case: &CaseFacts, act: CaseAct<'_>, by: &Actor| allowed(&policy, Some(case), &act, by);
        let mut tried = 0;
        for (kind, rules, form, recipient) in releases(&policy) {
            let what = format!("{name:?}, {kind}, {form} to {recipient}");
            let state = |release| CaseFacts { release, ..facts(kind, CaseState::Granted) };
            let approved = state(Some(ReleaseState::Approved));
            let draft = CaseAct::Draft { form, recipient };
            let hand =
                |signed, second, on_medium| CaseAct::HandOver { form, recipient, signed, second, on_medium };
            let whole = hand(true, Some(&colleague), true);
            try_it(&approved, whole, &officer).unwrap_or_else(|e| panic!("{what}: {e}"));
            let mut check = |case: &CaseFacts, act: CaseAct<'_>, by: &Actor, article: &str, missing: &str| {
                let refusal = try_it(case, act, by).expect_err(&format!("{what}: {missing}"));
                assert_eq!(refusal.article, policy.cite(article), "{what}: {missing}: {refusal}");
                assert!(!refusal.cure.is_empty(), "{what}: {missing}");
                tried += 1;
            };
            // Another form, another recipient.
            for other in Form::value_variants().iter().filter(|other| !rules.forms.value.contains(other)) {
                let act = CaseAct::Draft { form: *other, recipient };
                check(&state(None), act, &officer, &rules.forms.article, "the form");
            }
            for other in RecipientKind::value_variants() {
                if !rules.recipients.value.contains(other) {
                    let (article, other) = (&rules.recipients.article, *other);
                    check(
                        &state(None),
                        CaseAct::Draft { form, recipient: other },
                        &officer,
                        article,
                        "recipient",
                    );
                    let act = CaseAct::HandOver {
                        form,
                        recipient: other,
                        signed: true,
                        second: Some(&colleague),
                        on_medium: true,
                    };
                    check(&approved, act, &officer, article, "recipient at the door");
                }
            }
            // The decision, and the order.
            for undecided in [CaseState::Open, CaseState::Refused, CaseState::Closed] {
                let case = CaseFacts { state: undecided, ..approved.clone() };
                for act in [draft, CaseAct::Watch, CaseAct::Approve, whole] {
                    check(&case, act, &officer, table::HOUSE, "a decision");
                }
            }
            check(&state(None), CaseAct::Watch, &officer, table::HOUSE, "a rendering");
            for early in [None, Some(ReleaseState::Draft)] {
                check(&state(early), CaseAct::Approve, &officer, table::HOUSE, "watching");
            }
            for early in [None, Some(ReleaseState::Draft), Some(ReleaseState::Watched)] {
                check(&state(early), whole, &officer, table::HOUSE, "approval");
            }
            // Who acts.
            for role in [Role::Viewer, Role::Administrator, Role::HousingManager] {
                let stranger = actor("Bos", &[role]);
                let look = &policy.staff.look.article;
                check(&state(None), draft, &stranger, look, "a role that looks");
                check(
                    &state(Some(ReleaseState::Draft)),
                    CaseAct::Watch,
                    &stranger,
                    look,
                    "a role that looks",
                );
                let decide = &rules.decide.article;
                check(
                    &state(Some(ReleaseState::Watched)),
                    CaseAct::Approve,
                    &stranger,
                    decide,
                    "who decides",
                );
                check(&approved, whole, &stranger, look, "a role that looks");
            }
            let unbound = Actor { bound: false, ..officer.clone() };
            check(&approved, whole, &unbound, &policy.staff.secrecy_statement.article, "secrecy");
            // Who receives, and with whom.
            if rules.identity.value {
                let unknown = CaseFacts { identified: false, ..approved.clone() };
                check(&unknown, whole, &officer, &rules.identity.article, "identity");
            }
            if rules.statement.value != crate::config::Statement::None {
                let unsigned = hand(false, Some(&colleague), true);
                check(&approved, unsigned, &officer, &rules.statement.article, "a signature");
            }
            if rules.second_person.value || form == Form::Original {
                let article = &rules.second_person.article;
                check(&approved, hand(true, None, true), &officer, article, "a second person");
                check(&approved, hand(true, Some(&officer), true), &officer, article, "another person");
            }
            if policy.security.removable_medium.value && form != Form::View {
                let loose = hand(true, Some(&colleague), false);
                check(&approved, loose, &officer, &policy.security.removable_medium.article, "a medium");
            }
        }
        assert!(tried > 100, "{name:?}: {tried} turns");
    }
}

#[test]
fn an_original_is_for_police_and_justice_alone() {
    for name in PolicyName::value_variants() {
        let policy = Policy::shipped(*name).expect("sound");
        for (kind, _, form, recipient) in releases(&policy) {
            let entitled = [RecipientKind::Police, RecipientKind::Justice, RecipientKind::Court];
            assert!(form != Form::Original || (kind.is_enforcement() && entitled.contains(&recipient)));
        }
    }
}
