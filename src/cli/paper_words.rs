//! What papers of a case say in Dutch and in English: who asked for what, what happens now, why not.

use crate::config::{CaseKind, Form, RefusalGround, Subject};
use crate::lang::Lang;
use jiff::civil::DateTime;

/// Lines of an address that was given in one.
pub(super) fn lines(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// A sentence: its first letter a capital, a full stop behind it.
pub(super) fn capital(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}

/// A moment of a recording, by its own clock.
pub(super) fn moment(at: DateTime) -> String {
    at.strftime("%d-%m-%Y %H:%M:%S").to_string()
}

/// An article as a letter names it.
pub(super) fn article(article: &str, lang: Lang) -> String {
    let words = [
        ("GDPR art. ", "artikel ", " AVG"),
        ("house rule", "eigen regel", ""),
        ("art. ", "artikel ", ""),
        ("rule ", "uitgangspunt ", ""),
        ("par. ", "paragraaf ", ""),
    ];
    let found = words.iter().find_map(|(en, nl, after)| Some((article.strip_prefix(en)?, nl, after)));
    match (lang, found) {
        (Lang::Nl, Some((rest, nl, after))) => format!("{nl}{rest}{after}"),
        _ => article.to_owned(),
    }
}

/// An article and what it is of; none of what is the house's own rule.
pub(super) fn cited(named: &str, protocol: &str, lang: Lang) -> Option<String> {
    let words = article(named, lang);
    match named {
        "house rule" => None,
        law if law.starts_with("GDPR") => Some(words),
        _ => Some(lang.of(format!("{words} van {protocol}"), format!("{words} of {protocol}"))),
    }
}

/// What was asked, after "asked us".
pub(super) fn asked_for(kind: CaseKind, subject: Subject, lang: Lang) -> &'static str {
    let own = subject == Subject::Own;
    let (nl, en) = match kind {
        CaseKind::Access if own => {
            ("camerabeelden te mogen bekijken waarop u te zien bent", "to see camera footage of yourself")
        }
        CaseKind::Access => (
            "camerabeelden te mogen bekijken waarop degene te zien is die u vertegenwoordigt",
            "to see camera footage of whom you represent",
        ),
        CaseKind::Erasure if own => {
            ("camerabeelden te wissen waarop u te zien bent", "to erase camera footage of yourself")
        }
        CaseKind::Erasure => (
            "camerabeelden te wissen waarop degene te zien is die u vertegenwoordigt",
            "to erase camera footage of whom you represent",
        ),
        CaseKind::Restriction => (
            "camerabeelden wel te bewaren maar niet te gebruiken",
            "to keep camera footage but not to use it",
        ),
        CaseKind::Objection => ("camerabeelden niet langer te gebruiken", "to use camera footage no longer"),
        CaseKind::InternalIncident => ("een incident te onderzoeken", "to look into an incident"),
        _ => ("camerabeelden te verstrekken", "to hand over camera footage"),
    };
    lang.of(nl, en)
}

/// What happens now that it is granted.
pub(super) fn what_now(kind: CaseKind, forms: &[Form], lang: Lang) -> Option<String> {
    let view = (
        "u kunt de beelden op afspraak bij ons op kantoor bekijken, met een medewerker erbij; neem een geldig \
         legitimatiebewijs mee",
        "you can look at the footage at our office by appointment, with a member of staff present; please bring a valid \
         proof of identity",
    );
    let copy = (
        "u krijgt een kopie op vertoon van een geldig legitimatiebewijs; u tekent voor ontvangst",
        "you get a copy when you show a valid proof of identity and sign for receipt",
    );
    let words: Vec<_> = match kind {
        CaseKind::Erasure => vec![(
            "wij wissen de beelden zodra deze zaak wordt gesloten, en bevestigen u dat",
            "we erase the footage when this case is closed, and confirm that to you",
        )],
        CaseKind::Restriction => vec![(
            "wij bewaren de beelden zolang deze zaak loopt, en gebruiken ze niet",
            "we keep the footage as long as this case is open, and do not use it",
        )],
        CaseKind::Objection => vec![(
            "wij gebruiken de beelden niet meer; zij worden gewist als hun bewaartermijn voorbij is",
            "we use the footage no longer; it is erased when its term is over",
        )],
        CaseKind::Police | CaseKind::Justice => vec![(
            "wij verstrekken de beelden versleuteld aan de functionaris die zich vooraf legitimeert en voor ontvangst tekent",
            "we hand the footage, encrypted, to the officer who identifies beforehand and signs for receipt",
        )],
        _ => [(Form::View, view), (Form::Copy, copy)]
            .into_iter()
            .filter(|(form, _)| forms.contains(form))
            .map(|(_, words)| words)
            .collect(),
    };
    let words: Vec<&str> = words.into_iter().map(|(nl, en)| lang.of(nl, en)).collect();
    (!words.is_empty()).then(|| capital(&words.join(lang.of("; of ", "; or "))))
}

/// What footage is for where nothing else is on record.
pub(super) fn for_what(kind: CaseKind, lang: Lang) -> &'static str {
    let (nl, en) = match kind {
        CaseKind::Access => ("inzage in eigen beelden", "access to footage of oneself"),
        CaseKind::Police | CaseKind::Justice => ("opsporing of vervolging", "detection or prosecution"),
        _ => ("de zaak hierboven", "the case above"),
    };
    lang.of(nl, en)
}

/// A ground of refusal, as a sentence without its full stop.
pub(super) fn ground(ground: RefusalGround, lang: Lang) -> &'static str {
    let (nl, en) = match ground {
        RefusalGround::OthersRights => (
            "het zou de privacy of andere rechten van anderen schaden",
            "it would harm the privacy or other rights of others",
        ),
        RefusalGround::CorporationsRights => {
            ("het zou onze eigen rechten schaden", "it would harm our own rights")
        }
        RefusalGround::NotSeen => ("u bent niet op deze beelden te zien", "you are not seen in this footage"),
        RefusalGround::Erased => (
            "de beelden zijn er niet meer: zij zijn gewist toen hun bewaartermijn voorbij was",
            "the footage is there no longer: it was erased when its term was over",
        ),
        RefusalGround::Unidentified => {
            ("wij hebben niet kunnen vaststellen wie u bent", "we could not establish who you are")
        }
        RefusalGround::NotAllowed => ("ons protocol staat dit niet toe", "our protocol does not allow this"),
    };
    lang.of(nl, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles_are_cited_with_what_they_stand_in() {
        let (protocol, lang) = ("het cameraprotocol van Woongroen", Lang::Nl);
        for (named, cited_as) in [
            ("art. 6", Some("artikel 6 van het cameraprotocol van Woongroen")),
            ("rule 1", Some("uitgangspunt 1 van het cameraprotocol van Woongroen")),
            ("par. Inzagerecht", Some("paragraaf Inzagerecht van het cameraprotocol van Woongroen")),
            ("GDPR art. 12(4)", Some("artikel 12(4) AVG")),
            ("house rule", None),
        ] {
            assert_eq!(cited(named, protocol, lang).as_deref(), cited_as, "{named}");
        }
    }

    #[test]
    fn every_kind_that_can_be_granted_says_what_happens_now() {
        for lang in Lang::ALL {
            for kind in [CaseKind::Access, CaseKind::Insurer, CaseKind::LegalDuty] {
                let said = what_now(kind, &[Form::View, Form::Copy], lang).expect("words");
                assert!(said.ends_with('.') && said.contains(lang.of("; of ", "; or ")), "{said}");
            }
            for kind in [CaseKind::Erasure, CaseKind::Restriction, CaseKind::Objection, CaseKind::Police] {
                assert!(what_now(kind, &[], lang).is_some(), "{kind}");
            }
            assert_eq!(what_now(CaseKind::InternalIncident, &[], lang), None);
        }
        assert_eq!(capital("niet hier. "), "Niet hier.");
    }
}
