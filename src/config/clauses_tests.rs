//! `docs/clauses.md`: article -> key -> what keeps it -> the test that would notice. Made of the policies, held current
//! here: `MELKGLAS_WRITE_DOCS=1 cargo test clauses` writes it anew.

use super::{Policy, PolicyName};
use clap::ValueEnum;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// A key, without the kind of case, what the program does by it, and the test that holds it to that.
const KEPT: [(&str, &str, &str); 35] = {
    const TURNS: &str = "the_forbidden_turns_are_refused_with_their_article";
    const RELEASES: &str = "every_turn_of_a_release_is_refused_where_one_thing_is_missing";
    const SOUND: &str = "the_shipped_policies_are_sound";
    const RETAIN: &str = "over_two_years_everything_is_erased_on_its_day";
    const WALK: &str = "a_case_goes_from_its_opening_to_its_closing_and_betrays_nobody";
    const AFRESH: &str = "every_key_has_an_article_and_all_faults_are_told_at_once";
    const ASKED: &str = "nothing_more_is_asked_than_the_protocol_asks";
    const PROTOCOLS: &str = "the_terms_and_forms_are_those_of_the_protocols";
    [
        (
            "staff.secrecy_statement",
            "without a signed statement in the site file every act is refused",
            "nobody_does_anything_without_the_statement_of_secrecy",
        ),
        ("staff.look", "other roles are refused", TURNS),
        ("staff.open", "other roles are refused", "what_is_allowed_is_allowed"),
        (
            "staff.deputy",
            "a deputy acts where one is named, and is logged as one",
            "deputies_stand_in_where_the_protocol_has_one_and_are_named_as_such",
        ),
        ("purpose.list", "a case for anything else is refused", TURNS),
        ("purpose.other", "whether another purpose may be written down", TURNS),
        ("purpose.causes", "without cause no case is opened, without a case nothing is read", TURNS),
        ("purpose.other_causes", "whether another cause may be written down", TURNS),
        ("purpose.left_to_police", "a case for these is refused, the police are pointed to", TURNS),
        (
            "purpose.live",
            "watching live is refused, or takes who may set cameras up, for an hour, recorded",
            TURNS,
        ),
        (
            "purpose.audio",
            "no stream but the redacted picture is ever written",
            "nothing_else_of_the_source_is_in_the_output",
        ),
        ("retention.days", "`retention run` erases on that day; older footage is not taken in", RETAIN),
        ("retention.hold_while_open", "an open case holds its footage", RETAIN),
        ("retention.records_days", "`retention run` destroys the case's key and what residents gave", RETAIN),
        (
            "security.encrypted_at_rest",
            "clips, analyses, reports and what residents gave are encrypted",
            WALK,
        ),
        (
            "security.encrypted_transport",
            "a policy without it is refused; the program opens no connection",
            AFRESH,
        ),
        (
            "security.second_factor",
            "a site whose key has no passphrase is refused",
            "an_office_is_whole_or_refused",
        ),
        ("security.removable_medium", "handing over otherwise is refused", RELEASES),
        ("answer.refusal_grounds", "any other ground is refused", TURNS),
        (
            "answer.complaints",
            "told with every refusal",
            "a_case_is_handled_and_nothing_of_it_lies_about_in_the_clear",
        ),
        ("kind.allowed", "cases of other kinds cannot be opened", TURNS),
        ("kind.forms", "other forms of release are refused", RELEASES),
        ("kind.recipients", "other recipients are refused", RELEASES),
        ("kind.decide", "other roles cannot decide", TURNS),
        ("kind.decide_within", "the deadline and the working days left are shown", PROTOCOLS),
        ("kind.identity", "without it nothing is granted or handed over", TURNS),
        ("kind.asks", "no less and no more is put on record", ASKED),
        ("kind.statement", "without the signature nothing is handed over", RELEASES),
        ("kind.second_person", "nothing is handed over by one person alone", RELEASES),
        ("kind.weigh", "a decision without it is refused", TURNS),
        ("kind.ground", "a decision without it is refused", TURNS),
        ("kind.own_footage", "footage of somebody else is refused", TURNS),
        (
            "kind.show",
            "showing more around the subject is refused",
            "where_only_the_requester_is_seen_the_scene_is_hidden",
        ),
        (
            "kind.mask",
            "the style of masks within a case",
            "the_restriction_burns_in_its_words_and_a_case_masks_as_its_policy_says",
        ),
        ("kind.fee_cents", "no policy charges and no site can", SOUND),
    ]
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What keeps a key, and the test.
fn kept(key: &str) -> (&'static str, &'static str) {
    let general = match key.strip_prefix("kind.") {
        Some(rest) => format!("kind.{}", rest.split_once('.').expect("a kind and a key").1),
        None => key.to_owned(),
    };
    let found = KEPT.iter().find(|(known, ..)| *known == general);
    let (_, what, test) = found.unwrap_or_else(|| panic!("nothing keeps {key}"));
    (what, test)
}

fn table() -> String {
    let mut out = String::from(
        "# Clauses\n\nWhich article of which protocol is kept by which key of `pipelines/policies/`, what the program does \
         by it, and\nthe test that would notice if it did not. Made of the policies by `MELKGLAS_WRITE_DOCS=1 cargo test \
         clauses`; a test\nchecks that it is current. `house rule` is where a protocol is silent.\n",
    );
    for name in PolicyName::value_variants() {
        let policy = Policy::shipped(*name).expect("sound");
        let _ = write!(out, "\n## {}\n\n", policy.title);
        out += "| article | says | key | what keeps it | test |\n| --- | --- | --- | --- | --- |\n";
        for cited in policy.cited() {
            let (what, test) = kept(&cited.key);
            let cells = [
                policy.cite(&cited.article),
                cited.says.clone(),
                format!("`{} = {}`", cited.key, cited.value),
                what.to_owned(),
                format!("`{test}`"),
            ];
            assert!(cells.iter().all(|cell| !cell.trim().is_empty()), "an empty cell: {cells:?}");
            assert!(cells.iter().all(|cell| !cell.contains('|')), "a cell in a cell: {cells:?}");
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        }
    }
    out
}

#[test]
fn the_table_of_clauses_is_current() {
    let path = root().join("docs/clauses.md");
    let table = table();
    if std::env::var_os("MELKGLAS_WRITE_DOCS").is_some() {
        std::fs::write(&path, &table).expect("written");
    }
    let there = std::fs::read_to_string(&path).expect("the table");
    assert!(there == table, "docs/clauses.md is not current: MELKGLAS_WRITE_DOCS=1 cargo test clauses");
}

#[test]
fn every_test_that_the_table_of_clauses_names_is_there() {
    let mut sources = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root().join("src"), root().join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                sources.push(std::fs::read_to_string(path).expect("a source"));
            }
        }
    }
    for (key, _, test) in KEPT {
        let head = format!("fn {test}() {{");
        let there = sources.iter().any(|text| {
            text.lines()
                .zip(text.lines().skip(1))
                .any(|(above, line)| above.trim() == "#[test]" && line.trim() == head)
        });
        assert!(there, "{key}: there is no test {test}");
    }
}
