//! What checking came to, for people who never heard of a hash: one line, then details, in Dutch and English.

use super::super::plain::plainly;
use super::manifest::{Counts, Redaction};
use super::verify::{Container, Fault, Verified};
use crate::lang::Lang;

impl Verified {
    /// One line of plain language.
    #[must_use]
    pub fn sentence(&self, lang: Lang) -> String {
        if let Some(fault) = self.faults.first() {
            return lang.of(
                format!("Niet in orde: {}.", fault.words(lang)),
                format!("Not in order: {}.", fault.words(lang)),
            );
        }
        let Some(manifest) = &self.manifest else {
            return match self.container {
                Some(Container::Zip) => lang.of(
                    "Aan dit pakket is niets veranderd sinds het werd ondertekend; geef het wachtwoord om ook te zien wat erin zit.",
                    "Nothing in this package was changed since it was signed; give the passphrase to see what is in it.",
                ),
                _ => lang.of(
                    "Niet gecontroleerd: zonder de sleutel van de ontvanger kan dit pakket niet worden geopend.",
                    "Not checked: without the recipient's key this package cannot be opened.",
                ),
            }
            .to_owned();
        };
        let signed = match (self.key_expected, lang) {
            (true, Lang::Nl) => "ondertekend met de sleutel die u opgaf",
            (true, Lang::En) => "signed with the key that you named",
            (false, Lang::Nl) => {
                "ondertekend met een sleutel waarvan u de vingerafdruk zelf met de afzender moet vergelijken"
            }
            (false, Lang::En) => {
                "signed with a key whose fingerprint you still have to compare with the sender's"
            }
        };
        let shown = match (manifest.counts.as_ref().map(|counts| &counts.shown), lang) {
            (None, Lang::Nl) => "de beelden zijn zoals ze zijn opgenomen: er is niemand afgedekt",
            (None, Lang::En) => "the footage is as it was recorded: nobody is hidden",
            (Some(None), Lang::Nl) => "wie door de programma's is gevonden, is in elk beeld afgedekt",
            (Some(None), Lang::En) => "whoever the programs found is hidden in every frame",
            (Some(Some(_)), Lang::Nl) => {
                "één persoon of voorwerp is zichtbaar gelaten, wie verder is gevonden, is afgedekt"
            }
            (Some(Some(_)), Lang::En) => {
                "one person or thing was left visible, whoever else was found is hidden"
            }
        };
        lang.of(
            format!("In orde: dit pakket is compleet en onveranderd, {signed}; {shown}."),
            format!("In order: this package is complete and unchanged, {signed}; {shown}."),
        )
    }

    /// Labels and values.
    #[must_use]
    pub fn details(&self, lang: Lang) -> Vec<(&'static str, String)> {
        let mut rows: Vec<(&'static str, String)> = Vec::new();
        // Whoever made the package chose the texts, and they go to a terminal.
        let mut row = |nl, en, value: String| rows.push((lang.of(nl, en), plainly(&value)));
        for fault in &self.faults {
            row("FOUT", "FAULT", fault.words(lang));
        }
        if let Some(key) = self.key {
            row("vingerafdruk van de sleutel", "fingerprint of the key", key.fingerprint().to_string());
        }
        let Some(manifest) = &self.manifest else { return rows };
        row("zaak", "case", manifest.case.to_string());
        row("soort", "kind", word(&manifest.kind.to_string(), lang));
        row("ontvanger", "recipient", manifest.recipient.to_string());
        row("ingepakt", "packed", format!("{}, {}", manifest.packed_at, manifest.program));
        for file in &manifest.files {
            row("bestand", "file", format!("{}, {} bytes, SHA-256 {}", file.name, file.bytes, file.sha256));
        }
        row("bron (SHA-256)", "source (SHA-256)", manifest.source_sha256.to_string());
        if let Some(camera) = &manifest.camera {
            let zones = camera.zones;
            let zones = lang.of(format!("{zones} privacyzones"), format!("{zones} private regions"));
            row("camera", "camera", format!("{}, {zones}, SHA-256 {}", camera.id, camera.sha256));
        }
        if let Some(redaction) = &manifest.redaction {
            masking(redaction, lang, &mut row);
        }
        if let Some(counts) = &manifest.counts {
            counting(counts, lang, &mut row);
        }
        row(
            "stand van het logboek",
            "head of the audit log",
            lang.of(
                format!("{} regels, de laatste {}", manifest.audit.entries, manifest.audit.last),
                format!("{} entries, the last {}", manifest.audit.entries, manifest.audit.last),
            ),
        );
        rows
    }
}

/// Takes a row: its label in Dutch and in English, and its value.
type Row<'a> = dyn FnMut(&'static str, &'static str, String) + 'a;

/// How it was masked.
fn masking(redaction: &Redaction, lang: Lang, row: &mut Row<'_>) {
    row(
        "afgedekt",
        "masked",
        format!(
            "{}, {}, {}, {}",
            word(&redaction.style, lang),
            redaction.targets.split(',').map(|target| word(target, lang)).collect::<Vec<_>>().join(", "),
            word(&redaction.effort, lang),
            lang.of(
                format!("{} keer doorlopen", redaction.passes),
                format!("gone through {} time(s)", redaction.passes)
            ),
        ),
    );
    row("door", "by", format!("{}, {}", redaction.program, redaction.finished_at));
    for model in &redaction.models {
        row(
            "model",
            "model",
            format!(
                "{} ({}), {} px, >= {:.2}, SHA-256 {}",
                model.id,
                word(&model.target, lang),
                model.input_px,
                model.threshold,
                model.sha256
            ),
        );
    }
    row("instellingen (SHA-256)", "settings (SHA-256)", redaction.settings_sha256.to_string());
    row("verslag (SHA-256)", "report (SHA-256)", redaction.report_sha256.to_string());
}

/// A word of a manifest as people read it; one that is not known stays as it is.
fn word(text: &str, lang: Lang) -> String {
    let known = [
        ("copy", "kopie, personen onherkenbaar", "copy, people unrecognisable"),
        ("original", "zoals opgenomen", "as it was recorded"),
        ("blur", "matglas", "frosted glass"),
        ("pixelate", "grove blokken", "coarse blocks"),
        ("fill", "egaal vlak", "one flat colour"),
        ("persons", "personen", "persons"),
        ("faces", "gezichten", "faces"),
        ("vehicles", "voertuigen", "vehicles"),
        ("screens", "schermen", "screens"),
        ("person", "persoon", "person"),
        ("face", "gezicht", "face"),
        ("fast", "snel", "fast"),
        ("thorough", "grondig", "thorough"),
        ("complete", "volledig", "complete"),
        ("window", "een deel van de opname", "a part of the recording"),
        ("damaged", "beschadigd", "damaged"),
        ("unknown", "lengte onbekend", "of unknown length"),
    ];
    let found = known.into_iter().find(|(word, ..)| *word == text.trim());
    found.map_or_else(|| text.trim().to_owned(), |(_, nl, en)| lang.of(nl, en).to_owned())
}

/// What was counted.
fn counting(counts: &Counts, lang: Lang, row: &mut Row<'_>) {
    let completeness = word(&counts.completeness, lang);
    row(
        "beelden",
        "frames",
        lang.of(
            format!(
                "{} van {}, {} geheel afgedekt, in {} iemand gevonden, {} gebieden met de hand toegevoegd, bron: {}",
                counts.frames, counts.size, counts.covered, counts.frames_with_people, counts.corrections,
                completeness
            ),
            format!(
                "{} of {}, {} covered whole, somebody found in {}, {} regions added by hand, source: {}",
                counts.frames, counts.size, counts.covered, counts.frames_with_people, counts.corrections,
                completeness
            ),
        ),
    );
    if let Some(shown) = &counts.shown {
        row(
            "zichtbaar gelaten",
            "left visible",
            lang.of(
                format!(
                    "in {} beelden, in {} beelden toch afgedekt",
                    shown.frames_shown, shown.frames_hidden
                ),
                format!("in {} frames, hidden all the same in {}", shown.frames_shown, shown.frames_hidden),
            ),
        );
    }
}

impl Fault {
    /// The fault in words, for a sentence.
    #[must_use]
    pub fn words(&self, lang: Lang) -> String {
        let (nl, en) = match self {
            Self::NotAPackage => {
                ("dit is geen pakket van melkglas".to_owned(), "this is no package of melkglas".to_owned())
            }
            Self::Changed => (
                "aan dit pakket is iets veranderd, toegevoegd of weggehaald sinds het werd ondertekend"
                    .into(),
                "something in this package was changed, added or cut off since it was signed".into(),
            ),
            Self::NotOpened { why } => (
                format!(
                    "het pakket kan niet worden geopend: het is veranderd of voor een andere sleutel ({why})"
                ),
                format!("the package cannot be opened: it was changed, or is for another key ({why})"),
            ),
            Self::WrongPassphrase => (
                "het wachtwoord is niet dat van dit pakket".into(),
                "the passphrase is not that of this package".into(),
            ),
            Self::Unreadable { file, why } => {
                (format!("{file} is onleesbaar ({why})"), format!("{file} cannot be read ({why})"))
            }
            Self::NoManifest => {
                ("er is geen leesbaar manifest".into(), "there is no manifest that can be read".into())
            }
            Self::ManifestChanged => (
                "het manifest is niet wat is ondertekend".into(),
                "the manifest is not what was signed".into(),
            ),
            Self::OtherKey { fingerprint } => (
                format!("het is ondertekend met een andere sleutel, met vingerafdruk {fingerprint}"),
                format!("it was signed with another key, with the fingerprint {fingerprint}"),
            ),
            Self::TwoKeys => (
                "zegel en manifest zijn met verschillende sleutels ondertekend".into(),
                "seal and manifest were signed with different keys".into(),
            ),
            Self::Missing { file } => (format!("{file} ontbreekt"), format!("{file} is missing")),
            Self::FileChanged { file } => {
                (format!("{file} is niet wat is ingepakt"), format!("{file} is not what was packed"))
            }
            Self::Added { file } => (
                format!("{file} hoort niet in dit pakket"),
                format!("{file} does not belong in this package"),
            ),
        };
        plainly(&lang.of(nl, en))
    }
}
