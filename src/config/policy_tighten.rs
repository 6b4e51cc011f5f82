//! What a site may make stricter in the policy that it chose: `[tighten]` in the site file.
//!
//! Shorter terms, shorter retention, shorter lists, and yes where the policy says that something need not be. There is no
//! key for more refusal, a fee, or more questions to a requester, so none can be set; what would loosen is a fault.

use super::document::{Item, Section};
use super::live::LivePolicy;
use super::policy::{CaseRules, KindRules, Policy};
use super::policy_article::Clause;
use super::policy_read::{kind_key, texts, words};
use super::policy_term::Term;
use super::policy_words::{CaseKind, Role};
use clap::ValueEnum;

/// What a tightened clause cites beside its article.
const BY_SITE: &str = "tightened by the site file";

/// Reads the table into the policy; what would loosen it is noted and left out.
pub(super) fn read(section: &mut Section<'_>, policy: &mut Policy) {
    if let Some(item) = section.optional("retention_days") {
        retention(&item, &mut policy.retention.days);
    }
    if let Some(item) = section.optional("records_days") {
        retention(&item, &mut policy.retention.records_days);
    }
    shorter(section, "purposes", &mut policy.purpose.list, texts);
    shorter(section, "causes", &mut policy.purpose.causes, texts);
    shorter(section, "look", &mut policy.staff.look, words::<Role>);
    only(section, "other_purposes", &mut policy.purpose.other, false);
    only(section, "other_causes", &mut policy.purpose.other_causes, false);
    if let Some(item) = section.optional("live") {
        live(&item, &mut policy.purpose.live);
    }
    only(section, "second_factor", &mut policy.security.second_factor, true);
    let second = section.optional("second_person").and_then(|item| wanted(&item, true));
    if second.is_some() {
        for kind in CaseKind::value_variants() {
            if let KindRules::Allowed(rules) = policy.kind_mut(*kind) {
                mark(&mut rules.second_person, true);
            }
        }
    }
    if let Some(item) = section.optional("never") {
        never(&item, policy);
    }
    if let Some(mut terms) = section.optional("decide_within").and_then(|item| item.section()) {
        for kind in CaseKind::value_variants() {
            let Some(item) = terms.optional(kind_key(*kind)) else { continue };
            match policy.kind_mut(*kind) {
                KindRules::Allowed(rules) => term(&item, rules),
                KindRules::Forbidden { .. } => item.note(
                    format!("the policy has no cases of kind {kind}"),
                    "nothing to tighten",
                    "take it out",
                ),
            }
        }
        terms.finish();
    }
}

fn mark<T>(clause: &mut Clause<T>, value: T) {
    clause.value = value;
    if !clause.article.ends_with(BY_SITE) {
        clause.article = format!("{}, {BY_SITE}", clause.article);
    }
}

fn loosens(item: &Item<'_>, policy: impl std::fmt::Display) {
    item.note(
        format!("`{}` would loosen the policy", item.name()),
        format!("the policy has {policy}"),
        "a site may only tighten: write something stricter, or take it out",
    );
}

fn live(item: &Item<'_>, live: &mut Clause<LivePolicy>) {
    let Some(wanted) = item.word::<LivePolicy>() else { return };
    if wanted <= live.value { mark(live, wanted) } else { loosens(item, format!("\"{}\"", live.value)) }
}

fn retention(item: &Item<'_>, days: &mut Clause<u16>) {
    let Some(wanted) = item.integer(1..=i64::from(u16::MAX)).and_then(|days| u16::try_from(days).ok()) else {
        return;
    };
    if wanted <= days.value { mark(days, wanted) } else { loosens(item, format!("{} days", days.value)) }
}

fn term(item: &Item<'_>, rules: &mut CaseRules) {
    let Some(wanted) = item.text().map(str::parse::<Term>) else { return };
    match wanted {
        Ok(wanted) if wanted.is_within(rules.decide_within.value) => mark(&mut rules.decide_within, wanted),
        Ok(_) => loosens(item, rules.decide_within.value),
        Err(e) => item.note(format!("{e}"), "no term", "write 3 working days, 2 weeks or 1 month"),
    }
}

/// A list that may lose items and gain none.
fn shorter<T: PartialEq + std::fmt::Display>(
    section: &mut Section<'_>,
    key: &'static str,
    list: &mut Clause<Vec<T>>,
    read: impl FnOnce(&Item<'_>) -> Option<Vec<T>>,
) {
    let Some(item) = section.optional(key) else { return };
    let Some(wanted) = read(&item) else { return };
    if !wanted.is_empty() && wanted.iter().all(|one| list.value.contains(one)) {
        mark(list, wanted);
    } else {
        loosens(&item, list.value.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
    }
}

fn wanted(item: &Item<'_>, strict: bool) -> Option<bool> {
    let found = item.boolean()?;
    if found != strict {
        loosens(item, "it as it is");
        return None;
    }
    Some(found)
}

/// A switch that may be set one way alone.
fn only(section: &mut Section<'_>, key: &'static str, clause: &mut Clause<bool>, strict: bool) {
    if section.optional(key).and_then(|item| wanted(&item, strict)).is_some() {
        mark(clause, strict);
    }
}

/// Kinds of cases that the site does not have. Rights, and what the law orders, cannot be among them.
fn never(item: &Item<'_>, policy: &mut Policy) {
    let Some(kinds) = words::<CaseKind>(item) else { return };
    for kind in kinds {
        if kind.is_a_right() || kind.is_enforcement() || kind == CaseKind::LegalDuty {
            item.note(
                format!("cases of kind {kind} cannot be ruled out"),
                "a right, or a duty",
                "name kinds that the corporation may refuse: insurer, civil-proceedings, dispute-committee, \
                 internal-incident",
            );
        } else if let KindRules::Allowed(rules) = policy.kind(kind) {
            let article = format!("{}, {BY_SITE}", rules.allowed.article);
            *policy.kind_mut(kind) = KindRules::Forbidden { article };
        }
    }
}
