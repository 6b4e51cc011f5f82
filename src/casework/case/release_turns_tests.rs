//! What is allowed from a case's opening to its closing, under every policy; and every turn of a release with one thing
//! missing.

use super::table_tests::{GRANT, actor, facts, old_clip};
use super::*;
use crate::config::{
    CaseKind, CaseRules, Form, KindRules, Policy, PolicyName, RecipientKind, RefusalGround, Role, Show,
    Subject,
};
use PolicyName::{Default as Strict, MozaiekWonen};
use clap::ValueEnum;

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
            act(&case, CaseAct::Close { withdrawn: false });
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
