//! Statements to sign: for whoever looks at footage, and for whoever takes it along.

use super::super::audit::Hash256;
use super::super::package::Chain;
use super::sheet::Sheet;
use super::{Footage, Heading, PaperError, grouped};

/// Inzageverklaring: signed by whoever looks at footage at the office (Mozaiek Wonen art. 4.5 and 4.6, Leystromen
/// "Inzagerecht").
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
        sheet.paragraph(lang.of(
            "U bekijkt vandaag op ons kantoor camerabeelden waarop u te zien bent. Anderen zijn daarop onherkenbaar \
             gemaakt. Wij vragen u deze verklaring te lezen en te ondertekenen.",
            "Today you look at camera footage of yourself at our office. Others have been made unrecognisable in it. \
             Please read and sign this statement.",
        ));
        let mut facts = vec![(lang.of("Wie bekijkt", "Who looks"), self.viewer.clone())];
        if let Some(other) = &self.on_behalf_of {
            facts.push((lang.of("Namens", "On behalf of"), other.clone()));
        }
        facts
            .push((lang.of("Identiteit vastgesteld met", "Identity checked by"), self.identified_by.clone()));
        facts.push((lang.of("Plaats van de camera", "Place of the camera"), self.footage.place.clone()));
        facts.push((lang.of("Beelden van", "Footage from"), self.footage.from.clone()));
        facts.push((lang.of("Beelden tot", "Footage to"), self.footage.to.clone()));
        facts.push((lang.of("Aanwezige medewerker", "Member of staff present"), self.staff.clone()));
        sheet.facts(&facts);
        sheet.subheading(lang.of("Ik verklaar dat", "I declare that"));
        let points = lang.of(
            [
                "ik een geldig legitimatiebewijs heb laten zien;",
                "ik de beelden heb bekeken in aanwezigheid van een medewerker;",
                "ik geen foto, film of andere opname van het scherm heb gemaakt;",
                "ik wat ik van anderen heb gezien niet verder vertel en er geen misbruik van maak.",
            ],
            [
                "I have shown a valid proof of identity;",
                "I have looked at the footage with a member of staff present;",
                "I have made no photograph, film or other recording of the screen;",
                "I will not pass on or misuse what I have seen of others.",
            ],
        );
        sheet.points(&points.map(str::to_owned), false);
        sheet.signatures(&[
            (lang.of("Wie heeft bekeken", "Who looked"), self.viewer.clone()),
            (lang.of("Medewerker", "Member of staff"), self.staff.clone()),
        ]);
        sheet.small(lang.of(
            "Dit formulier wordt bij de zaak bewaard. Na de inzage worden de getoonde beelden gewist zodra de zaak wordt \
             gesloten. Er is geen kopie van uw legitimatiebewijs gemaakt.",
            "This form is kept with the case. The footage shown is erased when the case is closed. No copy of your proof \
             of identity was made.",
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
    /// Name of the file handed over.
    pub file: String,
    /// SHA-256 of the clip in it.
    pub clip: Hash256,
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
        facts.push((lang.of("Bestand", "File"), self.file.clone()));
        facts.push((lang.of("Opslagmiddel", "Medium"), self.medium.clone()));
        facts.extend([
            (lang.of("SHA-256 van de beelden", "SHA-256 of the footage"), grouped(&self.clip)),
            (lang.of("Vingerafdruk van de sleutel", "Fingerprint of the key"), grouped(&self.fingerprint)),
            (
                lang.of("Stand van het logboek", "Head of the audit log"),
                format!("{}: {}", self.chain.entries, grouped(&self.chain.last)),
            ),
        ]);
        sheet.facts(&facts);
        sheet.subheading(lang.of("De ontvanger verklaart", "The recipient declares"));
        let points = lang.of(
            [
                "de beelden te hebben ontvangen;",
                "ze passend te beveiligen, zodat niemand anders ze kan zien of kopiëren;",
                "ze integer te gebruiken: alleen voor het doel hierboven, en niet openbaar te maken;",
                "ze te wissen zodra ze voor dat doel niet meer nodig zijn.",
            ],
            [
                "to have received the footage;",
                "to secure it suitably, so that nobody else can see or copy it;",
                "to use it with integrity: for the purpose above only, and without making it public;",
                "to erase it as soon as it is no longer needed for that purpose.",
            ],
        );
        sheet.points(&points.map(str::to_owned), false);
        let mut signers = vec![
            (lang.of("Ontvanger", "Recipient"), self.recipient.clone()),
            (lang.of("Medewerker", "Member of staff"), self.staff.clone()),
        ];
        if let Some(second) = &self.second {
            signers.push((lang.of("Tweede medewerker", "Second member of staff"), second.clone()));
        }
        sheet.signatures(&signers);
        sheet.small(lang.of(
            "Met \"melkglas verify BESTAND --lang nl\" controleert iedereen of het pakket compleet en onveranderd is; de \
             vingerafdruk die dan verschijnt, moet die hierboven zijn. Het wachtwoord krijgt u langs een andere weg.",
            "With \"melkglas verify FILE\" anybody can check that the package is complete and unchanged; the fingerprint \
             shown then has to be the one above. The passphrase reaches you another way.",
        ));
        sheet.finish()
    }
}
