//! Papers about cameras: what everybody may know of one, and that footage is gone.

use super::sheet::Sheet;
use super::{Addressee, Footage, Heading, PaperError, Told, complaints, day};
use jiff::civil::Date;

/// An extract of the register, for whoever asks about a camera (Leystromen annex I, Heuvelrug Wonen annex 1).
///
/// It says nothing that a camera which does not work could not say as well (Mozaiek Wonen art. 3.3: dummies are not told
/// apart): no regions, no checks, no stills, no supplier. The same register data gives the same bytes, dummy or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterExtract {
    /// What all papers say; the case is the request, or the camera's id.
    pub heading: Heading,
    /// The camera's id.
    pub camera: String,
    /// Where it hangs.
    pub place: Option<String>,
    /// What it is there for.
    pub purposes: Vec<String>,
    /// Who answers for it.
    pub responsible: Option<String>,
    /// Functions that have access to footage; no names.
    pub access: Vec<String>,
    /// Longest that footage is kept, by the protocol rather than by this camera's file, days.
    pub retention_days: u16,
    /// Since when it hangs there.
    pub installed: Option<Date>,
    /// By when it is evaluated.
    pub evaluate_by: Option<Date>,
    /// Notices tell people of it.
    pub notice: bool,
}

impl RegisterExtract {
    /// The paper.
    ///
    /// # Errors
    /// [`PaperError`].
    pub fn pdf(&self) -> Result<Vec<u8>, PaperError> {
        let lang = self.heading.lang;
        let mut sheet = Sheet::new(
            &self.heading,
            lang.of("Uittreksel uit het cameraregister", "Extract of the camera register"),
        );
        sheet.title();
        let unknown = || lang.of("niet vastgelegd", "not on record").to_owned();
        let date = |date: Option<Date>| date.map_or_else(unknown, |date| day(date, lang));
        let list = |texts: &[String]| if texts.is_empty() { unknown() } else { texts.join("; ") };
        let days = self.retention_days;
        sheet.facts(&[
            (lang.of("Camera", "Camera"), self.camera.clone()),
            (lang.of("Plaats", "Place"), self.place.clone().unwrap_or_else(unknown)),
            (lang.of("Doel", "Purpose"), list(&self.purposes)),
            (lang.of("Verantwoordelijk", "Responsible"), self.responsible.clone().unwrap_or_else(unknown)),
            (lang.of("Toegang tot beelden", "Access to footage"), list(&self.access)),
            (
                lang.of("Bewaartermijn", "Retention"),
                lang.of(
                    format!("ten hoogste {days} dagen, of zolang een incident dat vraagt"),
                    format!("at most {days} days, or as long as an incident needs"),
                ),
            ),
            (lang.of("Aanwezig sinds", "There since"), date(self.installed)),
            (lang.of("Evaluatie uiterlijk", "Evaluated by"), date(self.evaluate_by)),
            (
                lang.of("Bekendgemaakt met borden", "Announced by signs"),
                if self.notice { lang.of("ja", "yes").to_owned() } else { unknown() },
            ),
        ]);
        sheet.paragraph(&lang.of(
            format!(
                "Beelden worden alleen voor dit doel gebruikt, volgens {}. Wie op beelden te zien is, kan vragen ze in te \
                 zien of te wissen, voor zover dat de privacy van anderen niet schaadt.",
                self.heading.house.protocol
            ),
            format!(
                "Footage is used for this purpose only, by {}. Whoever can be seen in it may ask to see it or to have it \
                 erased, as far as that does not harm the privacy of others.",
                self.heading.house.protocol
            ),
        ));
        complaints(&mut sheet, &self.heading.house, lang, Told::Fact);
        sheet.finish()
    }
}

/// That footage was erased, for whoever asked for it (GDPR art. 17; Heuvelrug Wonen rule 9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureConfirmation {
    /// What all papers say.
    pub heading: Heading,
    /// Who asked.
    pub to: Addressee,
    /// What is gone.
    pub footage: Footage,
    /// How many recordings.
    pub clips: u32,
    /// The day on which they were erased.
    pub erased_on: Date,
    /// Who signs.
    pub signed_by: String,
}

impl ErasureConfirmation {
    /// The paper.
    ///
    /// # Errors
    /// [`PaperError`].
    pub fn pdf(&self) -> Result<Vec<u8>, PaperError> {
        let Self { heading, to, footage, .. } = self;
        let lang = heading.lang;
        let mut sheet =
            Sheet::new(heading, lang.of("Bevestiging: beelden gewist", "Confirmation: footage erased"));
        sheet.addressee(&to.name, &to.address);
        sheet.title();
        sheet.salutation(to.spoken_to());
        sheet.paragraph(lang.of(
            "Wij bevestigen dat deze camerabeelden zijn gewist:",
            "We confirm that this camera footage was erased:",
        ));
        sheet.facts(&[
            (lang.of("Plaats van de camera", "Place of the camera"), footage.place.clone()),
            (lang.of("Beelden van", "Footage from"), footage.from.clone()),
            (lang.of("Beelden tot", "Footage to"), footage.to.clone()),
            (lang.of("Aantal opnamen", "Recordings"), self.clips.to_string()),
            (lang.of("Gewist op", "Erased on"), day(self.erased_on, lang)),
        ]);
        sheet.paragraph(lang.of(
            "De beelden waren versleuteld opgeslagen. De sleutel is vernietigd en de bestanden zijn verwijderd; ook een \
             achtergebleven kopie kan niemand meer openen. In ons logboek staat dat er is gewist en wanneer. Uw naam en \
             de beelden staan daar niet in.",
            "The footage was stored encrypted. Its key was destroyed and the files were removed; nobody can open a copy \
             that may be left. Our log says that something was erased and when. Your name and the footage are not in it.",
        ));
        complaints(&mut sheet, &heading.house, lang, Told::Fact);
        sheet.greeting(&self.signed_by);
        sheet.finish()
    }
}
