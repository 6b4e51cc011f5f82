//! The shipped policies, and what a site may do to them.

use super::*;
use crate::lang::Lang;
use clap::ValueEnum;
use std::path::Path;

fn policy(name: PolicyName) -> Policy {
    Policy::shipped(name).unwrap_or_else(|e| panic!("{:?}", miette::Report::new(e)))
}

/// A site file with this policy and these lines before its tables.
fn site(name: &str, top: &str, tables: &str) -> Result<Site, SettingsError> {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("site.toml");
    let text = format!(
        "policy = \"{name}\"\n{top}\n[[user]]\naccount = \"a\"\nname = \"A\"\nroles = [\"handler\"]\n\
         {tables}\n[cases]\nfolder = \"/srv/cases\"\nkey_protected = \"/media/key/site.age\"\n"
    );
    std::fs::write(&path, text).expect("written");
    Site::read(&path)
}

fn tightened(name: &str, lines: &str) -> Result<Policy, SettingsError> {
    let site = site(name, "", &format!("[tighten]\n{lines}"))?;
    Ok(Policy::clone(&site.office.expect("an office").policy))
}

fn rules(policy: &Policy, kind: CaseKind) -> &CaseRules {
    match policy.kind(kind) {
        KindRules::Allowed(rules) => rules,
        KindRules::Forbidden { article } => panic!("{kind} is forbidden by {article}"),
    }
}

#[test]
fn the_shipped_policies_are_sound() {
    for name in PolicyName::value_variants() {
        let policy = policy(*name);
        assert!(!policy.cited().is_empty());
        assert!(!policy.purpose.audio.value && policy.staff.secrecy_statement.value);
        for purpose in &policy.purpose.list.value {
            assert_ne!(
                policy.purpose.in_words(purpose, Lang::Nl),
                purpose,
                "{name:?} says it in Dutch as well"
            );
            assert_eq!(policy.purpose.in_words(purpose, Lang::En), purpose);
        }
        for kind in CaseKind::value_variants() {
            let KindRules::Allowed(rules) = policy.kind(*kind) else {
                assert!(!kind.is_a_right() && !kind.is_enforcement(), "{name:?} refuses {kind}");
                continue;
            };
            assert_eq!(rules.fee_cents.value, 0, "{name:?}, {kind}");
            assert!(!rules.decide.value.is_empty());
            let enforcement = kind.is_enforcement();
            assert_eq!(rules.forms.value.contains(&Form::Original), enforcement, "{name:?}, {kind}");
            assert!(rules.identity.value || *kind == CaseKind::InternalIncident, "{name:?}, {kind}");
            assert!(!kind.is_a_right() || rules.own_footage.value, "{name:?}, {kind}");
        }
    }
}

#[test]
fn the_terms_and_forms_are_those_of_the_protocols() {
    use PolicyName::{Default, HeuvelrugWonen, Leystromen, MozaiekWonen, Woongroen};
    for (name, days, term, forms, show) in [
        (Woongroen, 30, "3 working days", vec![Form::View, Form::Copy], Show::Scene),
        (Leystromen, 28, "1 month", vec![Form::View, Form::Copy], Show::Scene),
        (MozaiekWonen, 28, "5 working days", vec![Form::View], Show::Spotlight),
        (HeuvelrugWonen, 7, "1 month", vec![Form::View, Form::Copy], Show::Scene),
        (Default, 7, "3 working days", vec![Form::View, Form::Copy], Show::Spotlight),
    ] {
        let policy = policy(name);
        let access = rules(&policy, CaseKind::Access);
        assert_eq!(policy.retention.days.value, days, "{name:?}");
        assert_eq!(access.decide_within.value.to_string(), term, "{name:?}");
        assert_eq!((&access.forms.value, access.show.value), (&forms, show), "{name:?}");
    }
    let heuvelrug = policy(HeuvelrugWonen);
    assert_eq!(rules(&heuvelrug, CaseKind::Erasure).decide_within.value, Term::Weeks(2));
    assert!(
        matches!(heuvelrug.kind(CaseKind::Insurer), KindRules::Forbidden { article } if article == "rule 5")
    );
    assert!(policy(Leystromen).security.second_factor.value, "two-factor access");
    assert_eq!(policy(Woongroen).cite("art. 6"), "Woongroen, art. 6");
    assert_eq!(policy(Woongroen).cite("GDPR art. 12(3)"), "GDPR art. 12(3)");
}

#[test]
fn every_key_has_an_article_and_all_faults_are_told_at_once() {
    let (_, text) = PolicyName::Woongroen.shipped();
    let spoilt = text
        .replace("# art. 4: at most 30 days, then erased automatically.\n", "")
        .replace("audio = false", "audio = true")
        .replace("encrypted_transport = true", "encrypted_transport = false")
        .replace("live = \"placement\"", "live = \"always\"")
        .replace("list_nl = [", "list_nl = [\"een te veel\", ")
        .replace("[kind.insurer]\nallowed = true", "[kind.insurer]\nallowd = true");
    let path = Path::new("p.toml");
    let e = Policy::parse(PolicyName::Woongroen, path, &spoilt).expect_err("six faults");
    let said: Vec<String> = e.faults.iter().map(|fault| fault.message.clone()).collect();
    for (words, shown) in [
        ("`retention.days` names no article", "days = 30"),
        ("`purpose.audio` is always false", "audio = true"),
        ("`security.encrypted_transport` is always true", "encrypted_transport = false"),
        ("`purpose.live` ", "live = \"always\""),
        ("`purpose.list_nl` is not as long as `list`", "list_nl = "),
        ("unknown key `allowd`", "allowd = true"),
    ] {
        let fault = e.faults.iter().find(|fault| fault.message.contains(words));
        let fault = fault.unwrap_or_else(|| panic!("{words} is missing in {said:?}"));
        let line = spoilt.lines().position(|line| line.starts_with(shown)).expect("a line") + 1;
        assert_eq!((fault.file(), fault.line()), ("p.toml", Some(line)), "{words}");
        assert!(fault.column().is_some());
    }
    let original = text.replacen("forms = [\"copy\"]", "forms = [\"copy\", \"original\"]", 1);
    let e = Policy::parse(PolicyName::Woongroen, path, &original).expect_err("an insurer's original");
    assert!(e.faults[0].message.contains("police and justice alone"), "{e:?}");
}

#[test]
fn a_site_may_only_tighten() {
    let strict = tightened(
        "woongroen",
        "retention_days = 14\nlive = \"forbidden\"\nother_causes = false\nsecond_factor = true\nsecond_person = true\n\
         causes = [\"burglary\"]\nlook = [\"privacy-officer\"]\nnever = [\"insurer\"]\n\
         decide_within = { access = \"2 working days\", erasure = \"2 weeks\" }",
    )
    .expect("stricter");
    assert_eq!(strict.retention.days.value, 14);
    assert!(strict.security.second_factor.value && !strict.purpose.other_causes.value);
    assert_eq!(strict.staff.look.value, [Role::PrivacyOfficer]);
    assert_eq!(rules(&strict, CaseKind::Access).decide_within.value, Term::WorkingDays(2));
    assert!(rules(&strict, CaseKind::InternalIncident).second_person.value);
    assert!(strict.retention.days.article.starts_with("art. 4, tightened"));
    let KindRules::Forbidden { article } = strict.kind(CaseKind::Insurer) else { panic!("no insurers") };
    assert!(article.starts_with("art. 7"), "{article}");

    for (name, looser, said) in [
        ("woongroen", "retention_days = 31", "would loosen"),
        ("woongroen", "decide_within = { access = \"4 working days\" }", "would loosen"),
        ("woongroen", "decide_within = { access = \"1 week\" }", "would loosen"),
        ("woongroen", "causes = [\"curiosity\"]", "would loosen"),
        ("woongroen", "causes = []", "would loosen"),
        ("woongroen", "look = [\"viewer\"]", "would loosen"),
        ("leystromen", "live = \"placement\"", "would loosen"),
        ("woongroen", "live = \"masked\"", "would loosen"),
        ("leystromen", "second_factor = false", "would loosen"),
        ("leystromen", "second_person = false", "would loosen"),
        ("woongroen", "never = [\"access\"]", "cannot be ruled out"),
        ("woongroen", "never = [\"police\"]", "cannot be ruled out"),
        ("heuvelrug-wonen", "decide_within = { insurer = \"1 week\" }", "no cases of kind insurer"),
        // There is no key for a fee, more questions or more grounds of refusal.
        ("woongroen", "fee_cents = 450", "unknown key `fee_cents`"),
        ("woongroen", "asks = [\"name\"]", "unknown key `asks`"),
        ("woongroen", "refusal_grounds = [\"not-allowed\"]", "unknown key `refusal_grounds`"),
    ] {
        let e = tightened(name, looser).expect_err(looser);
        let all: Vec<&str> = e.faults.iter().map(|fault| fault.message.as_str()).collect();
        assert!(all.iter().any(|message| message.contains(said)), "{looser}: {all:?}");
        assert!(e.faults.iter().all(|fault| fault.line().is_some()), "{looser}: {all:?}");
    }
}

#[test]
fn an_office_is_whole_or_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let check = |text: &str, said: &[&str]| {
        let path = dir.path().join("site.toml");
        std::fs::write(&path, text).expect("written");
        let e = Site::read(&path).expect_err(text);
        let all: Vec<&str> = e.faults.iter().map(|fault| fault.message.as_str()).collect();
        for words in said {
            assert!(all.iter().any(|message| message.contains(words)), "{words}: {all:?}");
        }
        assert_eq!(all.len(), said.len(), "{all:?}");
    };
    check("policy = \"woongroen\"\n", &["a policy needs its staff", "a policy needs a place for cases"]);
    check("[cases]\nfolder = \"/c\"\n", &["`cases` means nothing without a policy"]);
    check("policy = \"woongreen\"\n", &["`policy` cannot be \"woongreen\""]);
    let staff = "[[user]]\naccount = \"a\"\nname = \"A\"\nroles = [\"handler\"]\n";
    let with = |name: &str, cases: &str| format!("policy = \"{name}\"\n{staff}[cases]\n{cases}");
    check(&with("woongroen", "folder = \"c\"\nkey_file = \"/k\"\n"), &["not an absolute path"]);
    check(&with("woongroen", "folder = \"/c\"\n"), &["names no key"]);
    check(
        &with("woongroen", "folder = \"/c\"\nkey_file = \"/k\"\nkey_credential = \"k\"\n"),
        &["names two keys"],
    );
    check(&with("woongroen", "folder = \"/c\"\nkey_credential = \"../k\"\n"), &["a credential's name"]);
    check(&with("leystromen", "folder = \"/c\"\nkey_file = \"/k\"\n"), &["asks for a second factor"]);
    let twice =
        format!("policy = \"woongroen\"\n{staff}{staff}[cases]\nfolder = \"/c\"\nkey_file = \"/k\"\n");
    check(&twice, &["two users have the account a"]);
    let user = "[[user]]\naccount = \"\"\nname = \"A\"\nroles = [\"boss\"]\nsecrecy_signed = \"yes\"\n";
    let bad = format!("policy = \"woongroen\"\n{user}[cases]\nfolder = \"/c\"\nkey_file = \"/k\"\n");
    check(&bad, &["`user 1.account` is empty", "`user 1.roles 1` cannot be", "must be a date"]);
    // What is said of the office goes into no report.
    let office = site("woongroen", "", "").expect("sound");
    assert!(!serde_json::to_string(&office).expect("written").contains("/srv/cases"));
}
