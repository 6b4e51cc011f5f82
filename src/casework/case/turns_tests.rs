//! Policy x act: every forbidden turn under every policy, refused with the article that the policy has for it.

use super::table_tests::{GRANT, actor, facts, old_clip, strange_clip};
use super::*;
use crate::config::{
    CaseKind, CaseRules, Clause, Form, KindRules, LivePolicy, Policy, PolicyName, RecipientKind,
    RefusalGround, Role, Statement, Subject,
};
use clap::ValueEnum;

const ANYBODY: [Role; 6] = [
    Role::Viewer,
    Role::Handler,
    Role::ContactPerson,
    Role::PrivacyOfficer,
    Role::HousingManager,
    Role::Administrator,
];

/// Holds what is refused against the article that should be named.
struct Turns {
    policy: Policy,
    tried: usize,
}

impl Turns {
    fn refused(&mut self, what: &str, case: Option<&CaseFacts>, act: CaseAct<'_>, by: &Actor, article: &str) {
        let what = format!("{:?}, {what}, {:?}", self.policy.name, case.map(|case| case.kind));
        let refusal = allowed(&self.policy, case, &act, by).expect_err(&what);
        assert_eq!(refusal.article, self.policy.cite(article), "{what}: {refusal}");
        assert!(!refusal.sentence.is_empty() && !refusal.cure.is_empty(), "{what}");
        self.tried += 1;
    }

    /// An act by everybody whose role a clause does not have.
    fn wrong_roles(
        &mut self,
        what: &str,
        case: Option<&CaseFacts>,
        act: CaseAct<'_>,
        who: &Clause<Vec<Role>>,
    ) {
        for role in ANYBODY.iter().filter(|role| !who.value.contains(role)) {
            self.refused(&format!("{what} by a {role}"), case, act, &actor("Bos", &[*role]), &who.article);
        }
    }
}

fn officer() -> Actor {
    actor("Jansen", &[Role::PrivacyOfficer])
}

#[test]
fn every_forbidden_turn_is_refused_under_every_policy() {
    for name in PolicyName::value_variants() {
        let policy = Policy::shipped(*name).expect("sound");
        let mut turns = Turns { policy: policy.clone(), tried: 0 };
        for kind in CaseKind::value_variants() {
            match policy.kind(*kind) {
                KindRules::Forbidden { article } => no_such_cases(&mut turns, *kind, article),
                KindRules::Allowed(rules) => {
                    opening(&mut turns, &policy, *kind);
                    footage(&mut turns, &policy, *kind, rules);
                    deciding(&mut turns, &policy, *kind, rules);
                    releasing(&mut turns, *kind, rules);
                }
            }
        }
        turns.wrong_roles(
            "retention",
            None,
            CaseAct::Retain,
            &Clause {
                value: vec![Role::Administrator, Role::PrivacyOfficer],
                article: policy.retention.days.article.clone(),
            },
        );
        let look = &policy.staff.look;
        let setting_up = [look.value.as_slice(), &[Role::HousingManager]].concat();
        let setting_up = Clause { value: setting_up, article: look.article.clone() };
        let manager = actor("Mol", &[Role::HousingManager]);
        turns.wrong_roles("a camera set up", None, CaseAct::SetUpCamera, &setting_up);
        allowed(&policy, None, &CaseAct::SetUpCamera, &manager).expect("decides on cameras");
        match policy.purpose.live.value {
            LivePolicy::Forbidden => {
                turns.refused("live", None, CaseAct::WatchLive, &officer(), &policy.purpose.live.article);
            }
            // To place a camera is a part of setting it up.
            LivePolicy::Placement => {
                turns.wrong_roles("a camera placed", None, CaseAct::WatchLive, &setting_up);
                allowed(&policy, None, &CaseAct::WatchLive, &manager).expect("decides on cameras");
            }
            LivePolicy::Masked => panic!("{name:?}: nobody only looks on"),
        }
        for act in [CaseAct::Look, GRANT, CaseAct::Identify, CaseAct::Watch, CaseAct::Approve] {
            turns.refused("no case", None, act, &officer(), &policy.purpose.causes.article);
        }
        assert!(turns.tried > 250, "{name:?}: {} turns", turns.tried);
    }
}

fn no_such_cases(turns: &mut Turns, kind: CaseKind, article: &str) {
    let open = CaseAct::Open { kind, subject: Subject::Own, motive: None };
    turns.refused("opened", None, open, &officer(), article);
    let case = CaseFacts { release: Some(ReleaseState::Approved), ..facts(kind, CaseState::Granted) };
    for act in [CaseAct::Look, CaseAct::Watch, CaseAct::Approve, GRANT] {
        turns.refused("handled", Some(&case), act, &officer(), article);
    }
}

fn opening(turns: &mut Turns, policy: &Policy, kind: CaseKind) {
    let open = |subject, motive| CaseAct::Open { kind, subject, motive };
    let purpose = &policy.purpose;
    let sound = Motive { cause: &purpose.causes.value[0], purpose: &purpose.list.value[0] };
    turns.wrong_roles("opened", None, open(Subject::Own, Some(sound)), &policy.staff.open);
    let KindRules::Allowed(rules) = policy.kind(kind) else { return };
    if rules.own_footage.value {
        let neighbour = open(Subject::SomebodyElse, None);
        turns.refused("a neighbour's footage", None, neighbour, &officer(), &rules.own_footage.article);
    }
    if kind.is_a_right() {
        return;
    }
    turns.refused("no cause", None, open(Subject::Own, None), &officer(), &purpose.causes.article);
    if !purpose.other_causes.value {
        let idle = open(Subject::Own, Some(Motive { cause: "curiosity", ..sound }));
        turns.refused("another cause", None, idle, &officer(), &purpose.other_causes.article);
    }
    if !purpose.other.value {
        let sold = open(Subject::Own, Some(Motive { purpose: "marketing", ..sound }));
        turns.refused("another purpose", None, sold, &officer(), &purpose.other.article);
    }
    for left in purpose.left_to_police.value.iter().filter(|_| !kind.is_enforcement()) {
        let look = open(Subject::Own, Some(Motive { cause: left, ..sound }));
        turns.refused("left to the police", None, look, &officer(), &purpose.left_to_police.article);
    }
}

fn footage(turns: &mut Turns, policy: &Policy, kind: CaseKind, rules: &CaseRules) {
    let open = facts(kind, CaseState::Open);
    let (officer, days) = (officer(), i32::from(policy.retention.days.value));
    allowed(policy, Some(&open), &old_clip(days), &officer).expect("on its last day");
    turns.refused(
        "past retention",
        Some(&open),
        old_clip(days + 1),
        &officer,
        &policy.retention.days.article,
    );
    turns.refused("another window", Some(&open), strange_clip(), &officer, &policy.purpose.causes.article);
    turns.wrong_roles("a clip", Some(&open), old_clip(1), &policy.staff.open);
    turns.wrong_roles("identified", Some(&open), CaseAct::Identify, &policy.staff.open);
    turns.wrong_roles("looked at", Some(&open), CaseAct::Look, &policy.staff.look);
    for state in [CaseState::Granted, CaseState::Refused, CaseState::Closed] {
        let frozen = CaseFacts { state, ..open.clone() };
        turns.refused("a clip when decided", Some(&frozen), old_clip(1), &officer, table::HOUSE);
    }
    for state in [CaseState::Refused, CaseState::Closed] {
        let over = CaseFacts { state, ..open.clone() };
        turns.refused("looked at when over", Some(&over), CaseAct::Look, &officer, table::HOUSE);
    }
    if kind.is_a_right() {
        let unknown = CaseFacts { identified: false, ..open.clone() };
        turns.refused(
            "looked at unidentified",
            Some(&unknown),
            CaseAct::Look,
            &officer,
            &rules.identity.article,
        );
        for subject in [Subject::Child, Subject::Represented] {
            let proxy = CaseFacts { subject, ..open.clone() };
            turns.refused("no authority", Some(&proxy), CaseAct::Look, &officer, &rules.identity.article);
        }
    }
    if matches!(kind, CaseKind::Erasure | CaseKind::Restriction | CaseKind::Objection) {
        let granted = facts(kind, CaseState::Granted);
        turns.refused("used all the same", Some(&granted), CaseAct::Look, &officer, &rules.allowed.article);
    }
}

fn deciding(turns: &mut Turns, policy: &Policy, kind: CaseKind, rules: &CaseRules) {
    let open = facts(kind, CaseState::Open);
    let officer = officer();
    let refuse = CaseAct::Refuse { ground: RefusalGround::OthersRights };
    turns.wrong_roles("granted", Some(&open), GRANT, &rules.decide);
    turns.wrong_roles("refused", Some(&open), refuse, &rules.decide);
    let (weighed, ground, requester_seen) = (true, true, true);
    for (what, clause, act) in [
        ("not weighed", &rules.weigh, CaseAct::Grant { weighed: false, ground, requester_seen }),
        ("no provision", &rules.ground, CaseAct::Grant { weighed, ground: false, requester_seen }),
        ("not seen", &rules.own_footage, CaseAct::Grant { weighed, ground, requester_seen: false }),
    ] {
        if clause.value {
            turns.refused(what, Some(&open), act, &officer, &clause.article);
        }
    }
    if kind.is_a_right() {
        let unknown = CaseFacts { identified: false, ..open.clone() };
        turns.refused("granted to anybody", Some(&unknown), GRANT, &officer, &rules.identity.article);
    }
    let grounds = &policy.answer.refusal_grounds;
    for ground in RefusalGround::value_variants() {
        let of_protocol = *ground == RefusalGround::NotAllowed && !kind.is_a_right();
        if !of_protocol && !grounds.value.contains(ground) {
            let act = CaseAct::Refuse { ground: *ground };
            turns.refused("a ground of one's own", Some(&open), act, &officer, &grounds.article);
        }
    }
    for state in [CaseState::Granted, CaseState::Refused, CaseState::Closed] {
        let decided = CaseFacts { state, ..open.clone() };
        for again in [GRANT, refuse] {
            turns.refused("decided twice", Some(&decided), again, &officer, table::HOUSE);
        }
    }
    let (close, term) = (CaseAct::Close { withdrawn: false }, &rules.decide_within.article);
    if kind != CaseKind::InternalIncident {
        turns.refused("closed undecided", Some(&open), close, &officer, term);
    }
    allowed(policy, Some(&open), &CaseAct::Close { withdrawn: true }, &officer).expect("taken back");
    let closed = CaseFacts { state: CaseState::Closed, ..open.clone() };
    turns.refused("closed twice", Some(&closed), close, &officer, table::HOUSE);
    let refused = CaseFacts { state: CaseState::Refused, ..open };
    turns.wrong_roles("closed", Some(&refused), close, &policy.staff.open);
}

/// Where nothing leaves at all; the rest is in `release_turns_tests`.
fn releasing(turns: &mut Turns, kind: CaseKind, rules: &CaseRules) {
    let granted = facts(kind, CaseState::Granted);
    for form in Form::value_variants().iter().filter(|form| !rules.forms.value.contains(form)) {
        let act = CaseAct::Draft { form: *form, recipient: RecipientKind::Requester };
        turns.refused("another form", Some(&granted), act, &officer(), &rules.forms.article);
    }
    assert!(
        rules.forms.value.is_empty() || rules.statement.value != Statement::None,
        "{kind}: nothing is signed"
    );
}
