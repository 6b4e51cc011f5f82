//! Reading a policy: each table into its rules, all faults noted.

use super::camera::read_schema;
use super::document::{Item, Section};
use super::policy::{
    AnswerRules, CaseRules, KindRules, Policy, PolicyName, PurposeRules, RetentionRules, SecurityRules,
    StaffRules,
};
use super::policy_article::{Citations, Clause};
use super::policy_words::{CaseKind, Form, RecipientKind};
use clap::ValueEnum;

/// Longest time that footage may be kept, days.
const MOST_RETENTION_DAYS: i64 = 30;
/// Longest time that what was put on record of a case may be kept after its closing, days.
const MOST_RECORDS_DAYS: i64 = 730;

/// Reads the whole file; `None` where something is missing or wrong, which is noted then.
pub(super) fn read(mut root: Section<'_>, name: PolicyName, citations: &Citations) -> Option<Policy> {
    let cited = citations;
    let schema = root.required("schema", "schema = 1").and_then(|item| read_schema(&item));
    let title = root.required("title", "title = \"...\", what the protocol is called");
    let title = title.and_then(|item| item.filled_text("name the corporation"));
    let staff = table(&mut root, "staff", |section| staff(section, cited));
    let purpose = table(&mut root, "purpose", |section| purpose(section, cited));
    let retention = table(&mut root, "retention", |section| retention(section, cited));
    let security = table(&mut root, "security", |section| security(section, cited));
    let answer = table(&mut root, "answer", |section| answer(section, cited));
    let kinds = table(&mut root, "kind", |section| kinds(section, cited));
    root.finish();
    schema?;
    Some(Policy::of_parts(name, title?.to_owned(), staff?, purpose?, retention?, security?, answer?, kinds?))
}

/// A table that must be there; unknown keys in it are noted.
fn table<'d, T>(
    root: &mut Section<'d>,
    key: &'static str,
    read: impl FnOnce(&mut Section<'d>) -> Option<T>,
) -> Option<T> {
    let mut section = root.required(key, format!("a table [{key}]"))?.section()?;
    let value = read(&mut section);
    section.finish();
    value
}

fn staff(s: &mut Section<'_>, cited: &Citations) -> Option<StaffRules> {
    let secrecy = cited.clause(s, "secrecy_statement", "secrecy_statement = true", must_be_true);
    let look = cited.clause(s, "look", "look = [\"handler\"]", words);
    let open = cited.clause(s, "open", "open = [\"handler\"]", words);
    let deputy =
        cited.clause(s, "deputy", "deputy = \"...\", or \"\"", |item| item.text().map(str::to_owned));
    Some(StaffRules { secrecy_statement: secrecy?, look: look?, open: open?, deputy: deputy? })
}

fn purpose(s: &mut Section<'_>, cited: &Citations) -> Option<PurposeRules> {
    let list = cited.clause(s, "list", "list = [\"...\"]", filled_texts);
    let dutch = match s.optional("list_nl") {
        Some(item) => translated(&item, list.as_ref()),
        None => Some(Vec::new()),
    };
    let other = cited.clause(s, "other", "other = false", Item::boolean);
    let causes = cited.clause(s, "causes", "causes = [\"...\"]", filled_texts);
    let other_causes = cited.clause(s, "other_causes", "other_causes = false", Item::boolean);
    let left = cited.clause(s, "left_to_police", "left_to_police = []", texts);
    let live = cited.clause(s, "live", "live = \"forbidden\"", Item::word);
    let audio = cited.clause(s, "audio", "audio = false", must_be_false);
    Some(PurposeRules {
        list: list?,
        dutch: dutch?,
        other: other?,
        causes: causes?,
        other_causes: other_causes?,
        left_to_police: left?,
        live: live?,
        audio: audio?,
    })
}

fn retention(s: &mut Section<'_>, cited: &Citations) -> Option<RetentionRules> {
    let days = cited.clause(s, "days", "days = 28", |item| {
        item.integer(1..=MOST_RETENTION_DAYS).and_then(|days| u16::try_from(days).ok())
    });
    let hold = cited.clause(s, "hold_while_open", "hold_while_open = true", Item::boolean);
    let records = cited.clause(s, "records_days", "records_days = 365", |item| {
        item.integer(1..=MOST_RECORDS_DAYS).and_then(|days| u16::try_from(days).ok())
    });
    Some(RetentionRules { days: days?, hold_while_open: hold?, records_days: records? })
}

fn security(s: &mut Section<'_>, cited: &Citations) -> Option<SecurityRules> {
    let at_rest = cited.clause(s, "encrypted_at_rest", "encrypted_at_rest = true", must_be_true);
    let transport = cited.clause(s, "encrypted_transport", "encrypted_transport = true", must_be_true);
    let factor = cited.clause(s, "second_factor", "second_factor = true", Item::boolean);
    let medium = cited.clause(s, "removable_medium", "removable_medium = true", Item::boolean);
    Some(SecurityRules {
        encrypted_at_rest: at_rest?,
        encrypted_transport: transport?,
        second_factor: factor?,
        removable_medium: medium?,
    })
}

fn answer(s: &mut Section<'_>, cited: &Citations) -> Option<AnswerRules> {
    let grounds = cited.clause(s, "refusal_grounds", "refusal_grounds = [\"others-rights\"]", words);
    let complaints = cited.clause(s, "complaints", "complaints = \"...\"", |item| {
        item.filled_text("say where complaints go first").map(str::to_owned)
    });
    Some(AnswerRules { refusal_grounds: grounds?, complaints: complaints? })
}

fn kinds(s: &mut Section<'_>, cited: &Citations) -> Option<Vec<(CaseKind, KindRules)>> {
    let read: Vec<_> = CaseKind::value_variants()
        .iter()
        .map(|kind| table(s, kind_key(*kind), |s| rules(s, *kind, cited)).map(|rules| (*kind, rules)))
        .collect();
    read.into_iter().collect()
}

/// The kind's word, as a key that lives as long as the program.
pub(super) fn kind_key(kind: CaseKind) -> &'static str {
    match kind {
        CaseKind::Access => "access",
        CaseKind::Erasure => "erasure",
        CaseKind::Restriction => "restriction",
        CaseKind::Objection => "objection",
        CaseKind::Insurer => "insurer",
        CaseKind::CivilProceedings => "civil-proceedings",
        CaseKind::DisputeCommittee => "dispute-committee",
        CaseKind::Police => "police",
        CaseKind::Justice => "justice",
        CaseKind::LegalDuty => "legal-duty",
        CaseKind::InternalIncident => "internal-incident",
    }
}

fn rules(s: &mut Section<'_>, kind: CaseKind, cited: &Citations) -> Option<KindRules> {
    let allowed = cited.clause(s, "allowed", "allowed = true", Item::boolean)?;
    if !allowed.value {
        return Some(KindRules::Forbidden { article: allowed.article });
    }
    let forms: Option<Clause<Vec<Form>>> =
        cited.clause(s, "forms", "forms = [\"view\"]", |item| forms(item, kind));
    let recipients: Option<Clause<Vec<RecipientKind>>> =
        cited.clause(s, "recipients", "recipients = [\"requester\"]", words);
    let decide = cited.clause(s, "decide", "decide = [\"privacy-officer\"]", words);
    let within = cited.clause(s, "decide_within", "decide_within = \"1 month\"", |item| {
        let text = item.text()?;
        let term = text.parse();
        term.map_err(|e| item.note(format!("{e}"), "no term", "write 3 working days, 2 weeks or 1 month"))
            .ok()
    });
    let identity = cited.clause(s, "identity", "identity = true", Item::boolean);
    let asks = cited.clause(s, "asks", "asks = [\"name\"]", words);
    let statement = cited.clause(s, "statement", "statement = \"receipt\"", |item| item.word());
    let second = cited.clause(s, "second_person", "second_person = true", Item::boolean);
    let weigh = cited.clause(s, "weigh", "weigh = true", Item::boolean);
    let ground = cited.clause(s, "ground", "ground = false", Item::boolean);
    let own = cited.clause(s, "own_footage", "own_footage = true", Item::boolean);
    let show = cited.clause(s, "show", "show = \"scene\"", |item| item.word());
    let mask = cited.clause(s, "mask", "mask = \"blur\"", |item| item.word());
    let fee = cited.clause(s, "fee_cents", "fee_cents = 0", |item| {
        item.integer(0..=2500).and_then(|cents| u32::try_from(cents).ok())
    });
    Some(KindRules::Allowed(Box::new(CaseRules {
        allowed,
        forms: forms?,
        recipients: recipients?,
        decide: decide?,
        decide_within: within?,
        identity: identity?,
        asks: asks?,
        statement: statement?,
        second_person: second?,
        weigh: weigh?,
        ground: ground?,
        own_footage: own?,
        show: show?,
        mask: mask?,
        fee_cents: fee?,
    })))
}

/// Forms; the original is for the police and the courts alone, whatever a policy says.
fn forms(item: &Item<'_>, kind: CaseKind) -> Option<Vec<Form>> {
    let forms: Vec<Form> = words(item)?;
    if forms.contains(&Form::Original) && !kind.is_enforcement() {
        item.note(
            "the original is for the police and justice alone",
            "not for this kind of case",
            "take \"original\" out",
        );
        return None;
    }
    Some(forms)
}

/// A list of words of an enumeration, each once.
pub(super) fn words<T: ValueEnum + PartialEq>(item: &Item<'_>) -> Option<Vec<T>> {
    let name = item.name().to_owned();
    let items = item.items(&name, "write a list of words: [\"...\"]")?;
    let read: Vec<Option<T>> = items.iter().map(Item::word).collect();
    let words: Vec<T> = read.into_iter().collect::<Option<_>>()?;
    if words.iter().enumerate().any(|(at, word)| words[..at].contains(word)) {
        item.note(format!("`{name}` names something twice"), "twice", "name each once");
        return None;
    }
    Some(words)
}

pub(super) fn texts(item: &Item<'_>) -> Option<Vec<String>> {
    let name = item.name().to_owned();
    let items = item.items(&name, "write a list of texts: [\"...\"]")?;
    items.iter().map(|item| item.filled_text("fill it in, or leave it out").map(str::to_owned)).collect()
}

fn filled_texts(item: &Item<'_>) -> Option<Vec<String>> {
    let texts = texts(item)?;
    if texts.is_empty() {
        item.note(format!("`{}` is empty", item.name()), "names nothing", "name at least one");
        return None;
    }
    Some(texts)
}

/// Pairs of what is listed and its translation, in the same order.
fn translated(item: &Item<'_>, list: Option<&Clause<Vec<String>>>) -> Option<Vec<(String, String)>> {
    let (texts, list) = (texts(item)?, &list?.value);
    if texts.len() != list.len() {
        item.note(
            format!("`{}` is not as long as `list`", item.name()),
            format!("{} for {}", texts.len(), list.len()),
            "translate each entry of `list`, in its order",
        );
        return None;
    }
    Some(list.iter().cloned().zip(texts).collect())
}

fn must_be(item: &Item<'_>, wanted: bool) -> Option<bool> {
    let found = item.boolean()?;
    if found != wanted {
        item.note(
            format!("`{}` is always {wanted}", item.name()),
            "the program knows no other way",
            format!("write {wanted}"),
        );
        return None;
    }
    Some(found)
}

fn must_be_true(item: &Item<'_>) -> Option<bool> {
    must_be(item, true)
}

fn must_be_false(item: &Item<'_>) -> Option<bool> {
    must_be(item, false)
}
