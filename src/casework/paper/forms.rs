//! Statements to sign: for whoever looks at footage, and for whoever takes it along.

use super::super::audit::Hash256;
use super::super::package::Chain;
use super::sheet::Sheet;
use super::{Footage, Heading, PaperError, grouped};
use crate::config::Form;
use crate::lang::Lang;

/// Inzageverklaring: signed by whoever looks at footage at the office, before it is shown (Mozaiek Wonen art. 4.5 and 4.6,
/// Leystromen "Inzagerecht").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewStatement {
    /// What all papers say.
    pub heading: Heading,
    /// Who looks.
    pub viewer: String,
    /// On whose behalf, where it is not their own footage: a child, somebody who gave a mandate.
    pub on_behalf_of: Option<String>,
    /// How the identity was checked; no number of a document.
    pub identified_by: String,
    /// What is looked at.
    pub footage: Footage,
    /// The member of staff who is there.
    pub staff: String,
}

impl ViewStatement {
    /// The paper.
    ///
    /// # Errors
    /// [`PaperError`].
    pub fn pdf(&self) -> Result<Vec<u8>, PaperError> {
        let lang = self.heading.lang;
        let mut sheet =
            Sheet::new(&self.heading, lang.of("Inzageverklaring camerabeelden", "Statement of viewing"));
        sheet.title();
        let whose = match &self.on_behalf_of {
            None => lang.of("waarop u te zien bent", "of yourself"),
            Some(_) => lang.of("waarop degene te zien is die u vertegenwoordigt", "of whom you represent"),
        };
        sheet.paragraph(&lang.of(
            format!(
                "U bekijkt op ons kantoor camerabeelden {whose}. Anderen zijn daarop onherkenbaar gemaakt. Wij vragen u \
                 deze verklaring te lezen en te ondertekenen voordat wij de beelden laten zien."
            ),
            format!(
                "You look at camera footage {whose} at our office. Others have been made unrecognisable in it. Please \
                 read and sign this statement before we show it."
            ),
        ));
        let mut facts = vec![(lang.of("Wie bekijkt", "Who looks"), self.viewer.clone())];
        if let Some(other) = &self.on_behalf_of {
            facts.push((lang.of("Namens", "On behalf of"), other.clone()));
        }
        facts.push((lang.of("Identiteit vastgesteld", "Identity established"), self.identified_by.clone()));
        facts.push((lang.of("Plaats van de camera", "Place of the camera"), self.footage.place.clone()));
        facts.push((lang.of("Beelden van", "Footage from"), self.footage.from.clone()));
        facts.push((lang.of("Beelden tot", "Footage to"), self.footage.to.clone()));
        facts.push((lang.of("Aanwezige medewerker", "Member of staff present"), self.staff.clone()));
        sheet.facts(&facts);
        sheet.subheading(lang.of("Ik verklaar dat", "I declare that"));
        let points = lang.of(
            [
                "ik een geldig legitimatiebewijs heb laten zien;",
                "ik de beelden bekijk in aanwezigheid van een medewerker;",
                "ik geen foto, film of andere opname van het scherm maak;",
                "ik wat ik van anderen zie niet verder vertel en er geen misbruik van maak.",
            ],
            [
                "I have shown a valid proof of identity;",
                "I look at the footage with a member of staff present;",
                "I make no photograph, film or other recording of the screen;",
                "I will not pass on or misuse what I see of others.",
            ],
        );
        sheet.points(&points.map(str::to_owned), false);
        sheet.signatures(&[
            (lang.of("Wie bekijkt", "Who looks"), self.viewer.clone()),
            (lang.of("Medewerker", "Member of staff"), self.staff.clone()),
        ]);
        sheet.small(lang.of(
            "Wij bewaren dit formulier bij uw zaak. Wat wij u laten zien, wissen wij wanneer de zaak wordt gesloten. Van uw \
             legitimatiebewijs maken wij geen kopie.",
            "We keep this form with your case. What we show you is erased when the case is closed. We make no copy of \
             your proof of identity.",
        ));
        sheet.finish()
    }
}

/// Ontvangstverklaring: signed by whoever takes footage along (Woongroen art. 7, Mozaiek Wonen art. 5.5 and 5.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptForm {
    /// What all papers say.
    pub heading: Heading,
    /// Who receives.
    pub recipient: String,
    /// For which organisation.
    pub organisation: Option<String>,
    /// How the recipient identified beforehand; no number of a document.
    pub identified_by: String,
    /// The legal ground or public task, where it is handed to police or justice.
    pub ground: Option<String>,
    /// What for.
    pub purpose: String,
    /// What was filmed.
    pub footage: Footage,
    /// Masked, or as it was recorded.
    pub form: Form,
    /// Name of each file handed over, with the SHA-256 of the clip in it.
    pub files: Vec<(String, Hash256)>,
    /// On what, such as a USB stick.
    pub medium: String,
    /// Where the audit log stood.
    pub chain: Chain,
    /// Fingerprint of the key that signed the package.
    pub fingerprint: Hash256,
    /// Who hands over.
    pub staff: String,
    /// The second person, where the protocol or the site wants one.
    pub second: Option<String>,
}

impl ReceiptForm {
    /// The paper.
    ///
    /// # Errors
    /// [`PaperError`].
    pub fn pdf(&self) -> Result<Vec<u8>, PaperError> {
        let lang = self.heading.lang;
        let mut sheet =
            Sheet::new(&self.heading, lang.of("Ontvangstverklaring camerabeelden", "Receipt for footage"));
        sheet.title();
        let mut facts = vec![(lang.of("Ontvanger", "Recipient"), self.recipient.clone())];
        if let Some(organisation) = &self.organisation {
            facts.push((lang.of("Organisatie", "Organisation"), organisation.clone()));
        }
        facts.push((lang.of("Legitimatie vooraf", "Identified beforehand by"), self.identified_by.clone()));
        if let Some(ground) = &self.ground {
            facts.push((
                lang.of("Wettelijke grondslag of taak", "Legal ground or public task"),
                ground.clone(),
            ));
        }
        facts.push((lang.of("Doel", "Purpose"), self.purpose.clone()));
        facts.push((lang.of("Plaats van de camera", "Place of the camera"), self.footage.place.clone()));
        let period = format!("{} – {}", self.footage.from, self.footage.to);
        facts.push((lang.of("Beelden van – tot", "Footage from – to"), period));
        let original = self.form == Form::Original;
        let kind = if original {
            lang.of("zoals opgenomen, niemand is afgedekt", "as it was recorded, nobody is hidden")
        } else {
            lang.of("personen zijn onherkenbaar gemaakt", "people were made unrecognisable")
        };
        facts.push((lang.of("Soort", "Kind"), kind.to_owned()));
        facts.push((lang.of("Opslagmiddel", "Medium"), self.medium.clone()));
        for (name, clip) in &self.files {
            facts.push((lang.of("Bestand", "File"), name.clone()));
            facts.push((lang.of("SHA-256 van de beelden", "SHA-256 of the footage"), grouped(clip)));
        }
        facts.extend([
            (lang.of("Vingerafdruk van de sleutel", "Fingerprint of the key"), grouped(&self.fingerprint)),
            (lang.of("Regels in het logboek", "Entries in the audit log"), self.chain.entries.to_string()),
            (lang.of("SHA-256 van de laatste", "SHA-256 of the last"), grouped(&self.chain.last)),
        ]);
        sheet.facts(&facts);
        sheet.subheading(lang.of("De ontvanger verklaart", "The recipient declares"));
        let points = match (original, lang) {
            // What the police and justice keep, and for how long, is for the law to say.
            (true, Lang::Nl) => vec![
                "de beelden te hebben ontvangen;",
                "ze passend te beveiligen, zodat niemand anders ze kan zien of kopiëren;",
                "ze integer te gebruiken, voor de grondslag of taak hierboven.",
            ],
            (true, Lang::En) => vec![
                "to have received the footage;",
                "to secure it suitably, so that nobody else can see or copy it;",
                "to use it with integrity, for the ground or task above.",
            ],
            (false, Lang::Nl) => vec![
                "de beelden te hebben ontvangen;",
                "ze passend te beveiligen, zodat niemand anders ze kan zien of kopiëren;",
                "ze integer te gebruiken: alleen voor het doel hierboven, en zonder ze openbaar te maken;",
                "ze te wissen zodra ze voor dat doel niet meer nodig zijn.",
            ],
            (false, Lang::En) => vec![
                "to have received the footage;",
                "to secure it suitably, so that nobody else can see or copy it;",
                "to use it with integrity: for the purpose above only, and without making it public;",
                "to erase it as soon as it is no longer needed for that purpose.",
            ],
        };
        sheet.points(&points.into_iter().map(str::to_owned).collect::<Vec<_>>(), false);
        let mut signers = vec![
            (lang.of("Ontvanger", "Recipient"), self.recipient.clone()),
            (lang.of("Medewerker", "Member of staff"), self.staff.clone()),
        ];
        if let Some(second) = &self.second {
            signers.push((lang.of("Tweede medewerker", "Second member of staff"), second.clone()));
        }
        sheet.signatures(&signers);
        sheet.small(lang.of(
            "Met \"melkglas verify BESTAND --lang nl\" controleert iedereen of een pakket compleet en onveranderd is; de \
             vingerafdruk die dan verschijnt, moet die hierboven zijn. Heeft het pakket een wachtwoord, dan krijgt u dat \
             langs een andere weg.",
            "With \"melkglas verify FILE\" anybody can check that a package is complete and unchanged; the fingerprint \
             shown then has to be the one above. Where the package has a passphrase, it reaches you another way.",
        ));
        sheet.finish()
    }
}
