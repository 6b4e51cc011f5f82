//! `melkglas case rules`: the corporation's protocol as it is kept here, each rule with its article.
//!
//! Reads the site file alone: a protocol is public, and whoever prepares a request looks here first.

use super::common::Installation;
use super::desk::{case_failure, office};
use super::talk;
use crate::casework::case::rules;
use crate::config::{CaseKind, CaseRules, Clause, KindRules, Policy, Style};
use crate::error::{Exit, Failure};
use clap::{Args as ClapArgs, ValueEnum};
use serde_json::json;

/// Flags of `melkglas case rules`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Example:
  melkglas case rules access      # what is asked, who decides, within which term, what is signed; with the articles
  melkglas case rules             # all kinds of case; causes, purposes and grounds of refusal")]
pub(super) struct Args {
    /// The kind of case; without it an overview of all.
    kind: Option<CaseKind>,
    /// Print one line of JSON for each rule on stdout: rule, value, article.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    installation: Installation,
}

/// A rule, the article, its value in words.
type Row = [String; 3];

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let policy = office(&args.installation)?.policy;
    let rows = match args.kind {
        Some(kind) => {
            let rules = rules(&policy, kind).map_err(|refusal| case_failure(refusal.into()))?;
            of_kind(&policy, kind, rules)
        }
        None => of_all(&policy),
    };
    if args.json {
        for [rule, article, value] in rows {
            talk::data(json!({ "rule": rule, "value": value, "article": article }));
        }
    } else {
        talk::table(&rows);
    }
    Ok(Exit::Ok)
}

fn row<T>(policy: &Policy, rule: &str, clause: &Clause<T>, value: String) -> Row {
    [rule.to_owned(), policy.cite(&clause.article), value]
}

fn list<T: ToString>(words: &[T], between: &str) -> String {
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    if words.is_empty() { "-".to_owned() } else { words.join(between) }
}

fn yes(clause: &Clause<bool>) -> String {
    if clause.value { "yes" } else { "no" }.to_owned()
}

fn style(style: Style) -> String {
    style.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn of_kind(policy: &Policy, kind: CaseKind, rules: &CaseRules) -> Vec<Row> {
    let row = |rule: &str, article: &str, value: String| [rule.to_owned(), policy.cite(article), value];
    let mut rows = vec![
        row("kind of case", &rules.allowed.article, kind.to_string()),
        row("asked of them, nothing else", &rules.asks.article, list(&rules.asks.value, ", ")),
        row("identified first", &rules.identity.article, yes(&rules.identity)),
        row("footage of the requester only", &rules.own_footage.article, yes(&rules.own_footage)),
        row("interests weighed in words", &rules.weigh.article, yes(&rules.weigh)),
        row("legal provision or task named", &rules.ground.article, yes(&rules.ground)),
        row("decided by", &rules.decide.article, list(&rules.decide.value, " or ")),
        row("decided within", &rules.decide_within.article, rules.decide_within.value.to_string()),
        row("given as", &rules.forms.article, list(&rules.forms.value, ", ")),
        row("given to", &rules.recipients.article, list(&rules.recipients.value, ", ")),
        row("who stays visible", &rules.show.article, rules.show.value.to_string()),
        row("others are hidden by", &rules.mask.article, style(rules.mask.value)),
        row("signed by whoever receives", &rules.statement.article, rules.statement.value.to_string()),
        row("second member of staff", &rules.second_person.article, yes(&rules.second_person)),
        row("fee, cents", &rules.fee_cents.article, rules.fee_cents.value.to_string()),
    ];
    if !kind.is_a_right() {
        rows.extend(motives(policy));
    }
    rows.extend(grounds(policy));
    rows
}

fn motives(policy: &Policy) -> Vec<Row> {
    let purpose = &policy.purpose;
    let open = |other: bool| if other { "; or another, in words" } else { "" };
    let causes = list(&purpose.causes.value, "; ") + open(purpose.other_causes.value);
    let purposes = list(&purpose.list.value, "; ") + open(purpose.other.value);
    let mut rows = vec![
        row(policy, "--cause", &purpose.causes, causes),
        row(policy, "--purpose", &purpose.list, purposes),
    ];
    if !purpose.left_to_police.value.is_empty() {
        let left = list(&purpose.left_to_police.value, "; ");
        rows.push(row(policy, "--cause for the police only", &purpose.left_to_police, left));
    }
    rows
}

fn grounds(policy: &Policy) -> Vec<Row> {
    let (grounds, answer) = (&policy.answer.refusal_grounds, &policy.answer.complaints);
    vec![
        row(policy, "--refuse", grounds, list(&grounds.value, ", ")),
        row(policy, "complaints", answer, answer.value.clone()),
    ]
}

fn of_all(policy: &Policy) -> Vec<Row> {
    let mut rows: Vec<Row> = CaseKind::value_variants()
        .iter()
        .map(|kind| match policy.kind(*kind) {
            KindRules::Forbidden { article } => {
                [kind.to_string(), policy.cite(article), "no such cases".into()]
            }
            KindRules::Allowed(rules) => {
                let given = match rules.forms.value.as_slice() {
                    [] => "nothing leaves".to_owned(),
                    forms => format!("{} to {}", list(forms, ", "), list(&rules.recipients.value, ", ")),
                };
                let within = rules.decide_within.value;
                row(policy, &kind.to_string(), &rules.allowed, format!("within {within}; {given}"))
            }
        })
        .collect();
    let (staff, kept) = (&policy.staff, &policy.retention);
    rows.extend([
        row(policy, "may look at footage", &staff.look, list(&staff.look.value, ", ")),
        row(policy, "may open cases", &staff.open, list(&staff.open.value, ", ")),
        row(policy, "footage is kept, days", &kept.days, kept.days.value.to_string()),
        row(policy, "records are kept, days", &kept.records_days, kept.records_days.value.to_string()),
        row(policy, "live", &policy.purpose.live, policy.purpose.live.value.to_string()),
        row(policy, "second factor", &policy.security.second_factor, yes(&policy.security.second_factor)),
        row(
            policy,
            "storage medium",
            &policy.security.removable_medium,
            yes(&policy.security.removable_medium),
        ),
    ]);
    rows.extend(motives(policy));
    rows.extend(grounds(policy));
    rows
}
