//! Every paper in both languages: sound, the same each time, and unmoved by hostile text.

use super::super::audit::Hash256;
use super::super::package::Chain;
use super::*;
use crate::config::Form;
use proptest::prelude::*;

fn heading(lang: Lang, case: &str) -> Heading {
    let house = House {
        name: "Woonstichting De Kade".into(),
        address: vec!["Kade 12".into(), "3511 AB Utrecht".into()],
        contact: vec!["privacy@dekade.example".into(), "030 - 123 45 67".into()],
        complaints: "privacy@dekade.example, 030 - 123 45 67".into(),
        protocol: lang.of("ons cameraprotocol", "our camera protocol").into(),
    };
    Heading { house, case: case.into(), date: jiff::civil::date(2026, 11, 2), lang }
}

fn footage() -> Footage {
    Footage {
        place: "Entree Lijsterhof 1-64, hal achterzijde".into(),
        from: "28-10-2026 22:14".into(),
        to: "28-10-2026 22:31".into(),
    }
}

fn addressee(name: &str) -> Addressee {
    Addressee {
        name: name.into(),
        address: vec!["Lijsterhof 23".into(), "3512 CD Utrecht".into()],
        person: None,
    }
}

/// One of each, with `name` wherever somebody is named and `text` wherever somebody wrote something.
fn papers(lang: Lang, name: &str, text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let heading = heading(lang, "2026-014");
    let day = jiff::civil::date(2026, 10, 29);
    let grounds =
        (0..3).map(|i| Ground { article: Some(format!("artikel {i}")), text: text.into() }).collect();
    let made = [
        (
            "inzageverklaring",
            ViewStatement {
                heading: heading.clone(),
                viewer: name.into(),
                on_behalf_of: Some(text.into()),
                identified_by: "rijbewijs".into(),
                footage: footage(),
                staff: "A. Jansen".into(),
            }
            .pdf(),
        ),
        (
            "ontvangstverklaring",
            ReceiptForm {
                heading: heading.clone(),
                recipient: name.into(),
                organisation: Some("Zeker Verzekerd N.V.".into()),
                identified_by: "paspoort".into(),
                ground: None,
                purpose: text.into(),
                footage: footage(),
                form: Form::Copy,
                files: vec![("2026-014.zip".into(), Hash256::of(b"clip"))],
                medium: "USB-stick".into(),
                chain: Chain { entries: 412, last: Hash256::of(b"last") },
                fingerprint: Hash256::of(b"key"),
                staff: "A. Jansen".into(),
                second: Some("B. Oğuz".into()),
            }
            .pdf(),
        ),
        (
            "besluit",
            DecisionLetter {
                heading: heading.clone(),
                to: addressee(name),
                asked_on: day,
                asked: lang
                    .of("de beelden te mogen inzien waarop u te zien bent", "to see footage of yourself")
                    .into(),
                footage: (footage().from, footage().to),
                decision: Decision::Partly,
                how: Some(text.into()),
                others_hidden: true,
                grounds,
                explanation: Some(text.into()),
                fee: None,
                decided_by: "A. Jansen".into(),
            }
            .pdf(),
        ),
        (
            "aangifte",
            PoliceLetter {
                heading: heading.clone(),
                to: addressee(name),
                incident: lang.of("de diefstal van uw fiets", "the theft of your bicycle").into(),
                happened_on: day,
                place: text.into(),
                article: lang.of("uitgangspunt 1", "rule 1").into(),
                kept_until: jiff::civil::date(2026, 11, 5),
                secured: false,
                signed_by: "A. Jansen".into(),
            }
            .pdf(),
        ),
        ("uittreksel", extract(lang, text).pdf()),
        (
            "gewist",
            ErasureConfirmation {
                heading,
                to: addressee(name),
                footage: Footage { place: text.into(), ..footage() },
                clips: 3,
                erased_on: day,
                signed_by: "A. Jansen".into(),
            }
            .pdf(),
        ),
    ];
    made.into_iter().map(|(what, made)| (what, made.expect("made"))).collect()
}

fn extract(lang: Lang, text: &str) -> RegisterExtract {
    RegisterExtract {
        heading: heading(lang, "entrance-3"),
        camera: "entrance-3".into(),
        place: Some("Lijsterhof, entree achterzijde".into()),
        purposes: vec![text.into(), "veiligheid van bewoners".into()],
        responsible: Some("team woningbeheer".into()),
        access: vec!["contactpersoon cameratoezicht".into(), "privacy officer".into()],
        retention_days: 28,
        installed: Some(jiff::civil::date(2025, 3, 1)),
        evaluate_by: Some(jiff::civil::date(2026, 3, 1)),
        notice: true,
    }
}

const NAME: &str = "mevrouw Ş. Bakker-Wiśniewska";
const TEXT: &str = "u kunt de beelden bekijken op ons kantoor, op dinsdag 10 november 2026 om 10.00 uur; neem een geldig \
                    legitimatiebewijs mee";

/// How many pages a PDF has, by its own count.
fn pages(pdf: &[u8]) -> usize {
    let text = String::from_utf8_lossy(pdf).replace("/Type /Page", "/Type/Page");
    text.match_indices("/Type/Page").filter(|(at, what)| !text[at + what.len()..].starts_with('s')).count()
}

#[test]
fn the_same_data_gives_the_same_bytes_and_fits_its_pages() {
    let out = std::env::var_os("MELKGLAS_TEST_PAPERS").map(std::path::PathBuf::from);
    for lang in Lang::ALL {
        let (once, again) = (papers(lang, NAME, TEXT), papers(lang, NAME, TEXT));
        assert_eq!(once, again);
        for (what, pdf) in once {
            if let Some(out) = &out {
                std::fs::write(out.join(format!("{what}-{}.pdf", lang.tag())), &pdf).expect("written");
            }
            assert!(pdf.starts_with(b"%PDF-1.") && pdf.len() < 100_000, "{what}: {} bytes", pdf.len());
            assert!((1..=2).contains(&pages(&pdf)), "{what} has {} pages", pages(&pdf));
        }
    }
}

#[test]
fn a_refusal_names_its_grounds() {
    let letter = |decision, grounds| DecisionLetter {
        heading: heading(Lang::Nl, "1"),
        to: addressee(NAME),
        asked_on: jiff::civil::date(2026, 1, 1),
        asked: "x".into(),
        footage: (footage().from, footage().to),
        decision,
        how: None,
        others_hidden: false,
        grounds,
        explanation: None,
        fee: None,
        decided_by: "A. Jansen".into(),
    };
    for decision in [Decision::Refused, Decision::Partly] {
        letter(decision, vec![]).pdf().expect_err("no ground");
        letter(decision, vec![Ground { article: Some("artikel 6".into()), text: "x".into() }])
            .pdf()
            .expect("a ground");
    }
    letter(Decision::Granted, vec![]).pdf().expect("nothing to explain");
}

#[test]
fn days_and_hashes_are_written_for_people() {
    let date = jiff::civil::date(2026, 3, 1);
    assert_eq!((day(date, Lang::Nl), day(date, Lang::En)), ("1 maart 2026".into(), "1 March 2026".into()));
    assert_eq!(grouped(&Hash256::ZERO), ["00000000"; 8].join(" "));
}

/// What nobody types by accident: long words, long texts, line breaks, marks of direction, unknown scripts.
#[test]
fn hostile_text_makes_a_paper_all_the_same() {
    let out = std::env::var_os("MELKGLAS_TEST_PAPERS").map(std::path::PathBuf::from);
    let hostile = [
        "x".repeat(9000),
        "woord ".repeat(2000),
        "a\u{202e}b\nc\u{0}d\u{feff}漢字 שלום".into(),
        String::new(),
    ];
    for (i, text) in hostile.iter().enumerate() {
        for (what, pdf) in papers(Lang::Nl, text, text) {
            if let Some(out) = &out {
                std::fs::write(out.join(format!("hostile-{i}-{what}.pdf")), &pdf).expect("written");
            }
            assert!((1..=12).contains(&pages(&pdf)), "{what} has {} pages", pages(&pdf));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_makes_a_paper(name in any::<String>(), text in any::<String>()) {
        prop_assert_eq!(papers(Lang::En, &name, &text).len(), 6);
    }
}
