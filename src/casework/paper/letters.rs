//! Letters: what was decided on a request, and why some footage is for the police alone.

use super::sheet::Sheet;
use super::{Addressee, Heading, PaperError, Told, complaints, day};
use jiff::civil::Date;

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// All that was asked for.
    Granted,
    /// Some of it.
    Partly,
    /// Nothing of it.
    Refused,
}

/// A reason for refusing, of the protocol that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    /// The article that it stands in and of what, such as "artikel 6 van het cameraprotocol van Woongroen"; none of a
    /// reason that stands nowhere.
    pub article: Option<String>,
    /// The reason in a sentence, in the language of the letter.
    pub text: String,
}

/// The decision on a request (Woongroen art. 6, Mozaiek Wonen art. 4.4 and 4.7, Heuvelrug Wonen rule 9; GDPR art. 12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionLetter {
    /// What all papers say.
    pub heading: Heading,
    /// Who asked.
    pub to: Addressee,
    /// The day of the request.
    pub asked_on: Date,
    /// What was asked, as in "to see footage of yourself".
    pub asked: String,
    /// Of which footage: its first and last moment.
    pub footage: (String, String),
    /// What was decided.
    pub decision: Decision,
    /// What happens now: where and when to look, how a copy is handed over, what is erased.
    pub how: Option<String>,
    /// Others are made unrecognisable in what is given.
    pub others_hidden: bool,
    /// Why not, or not all.
    pub grounds: Vec<Ground>,
    /// The same in the words of whoever decided.
    pub explanation: Option<String>,
    /// What it costs, where it costs anything.
    pub fee: Option<String>,
    /// Who decided, by name or function.
    pub decided_by: String,
}

impl DecisionLetter {
    /// The paper.
    ///
    /// # Errors
    /// [`PaperError`]; also where something is refused without a ground.
    pub fn pdf(&self) -> Result<Vec<u8>, PaperError> {
        if self.decision != Decision::Granted && self.grounds.is_empty() {
            return Err(PaperError("a refusal names its grounds".into()));
        }
        let Self { heading, to, .. } = self;
        let lang = heading.lang;
        let mut sheet = Sheet::new(heading, lang.of("Besluit op uw verzoek", "Decision on your request"));
        sheet.addressee(&to.name, &to.address);
        sheet.title();
        sheet.salutation(to.spoken_to());
        let asked_on = day(self.asked_on, lang);
        let (from, to) = &self.footage;
        sheet.paragraph(&lang.of(
            format!(
                "Op {asked_on} hebt u ons gevraagd {}. Het gaat om beelden van {from} tot {to}.",
                self.asked
            ),
            format!("On {asked_on} you asked us {}. It is about footage from {from} to {to}.", self.asked),
        ));
        let decided = match self.decision {
            Decision::Granted => lang.of("Wij willigen uw verzoek in.", "We grant your request."),
            Decision::Partly => {
                lang.of("Wij willigen uw verzoek voor een deel in.", "We grant part of your request.")
            }
            Decision::Refused => lang.of("Wij wijzen uw verzoek af.", "We refuse your request."),
        };
        sheet.subheading(decided);
        if let Some(how) = &self.how {
            sheet.paragraph(how);
        }
        if !self.grounds.is_empty() {
            sheet.paragraph(lang.of("Dit is de reden:", "This is the reason:"));
            let ground = |ground: &Ground| match &ground.article {
                Some(article) => format!("{} ({article}).", ground.text),
                None => format!("{}.", ground.text),
            };
            sheet.points(&self.grounds.iter().map(ground).collect::<Vec<_>>(), false);
        }
        if let Some(explanation) = &self.explanation {
            sheet.paragraph(
                &lang.of(
                    format!("Onze toelichting: {explanation}"),
                    format!("Our explanation: {explanation}"),
                ),
            );
        }
        if let Some(fee) = &self.fee {
            sheet.paragraph(
                &lang.of(format!("Hieraan zijn kosten verbonden: {fee}."), format!("There is a fee: {fee}.")),
            );
        }
        if self.others_hidden {
            sheet.paragraph(lang.of(
                "Anderen die op de beelden te zien zijn, hebben recht op bescherming van hun privacy. Daarom maken wij hen \
                 onherkenbaar.",
                "Others who can be seen in the footage have a right to privacy. That is why we make them unrecognisable.",
            ));
        }
        complaints(&mut sheet, &heading.house, lang, Told::Decision);
        sheet.greeting(&self.decided_by);
        sheet.finish()
    }
}

/// "Report it to the police and point them to the camera": footage of theft from or damage to tenants is not looked at
/// by the corporation (Heuvelrug Wonen rule 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoliceLetter {
    /// What all papers say.
    pub heading: Heading,
    /// Who asked.
    pub to: Addressee,
    /// What happened, in a few words, as in "the theft of your bicycle".
    pub incident: String,
    /// The day of it.
    pub happened_on: Date,
    /// Where the camera hangs.
    pub place: String,
    /// The rule, as in "uitgangspunt 1".
    pub article: String,
    /// The last day on which the footage is still there.
    pub kept_until: Date,
    /// The footage was set aside and stays until the police have asked for it.
    pub secured: bool,
    /// Who signs.
    pub signed_by: String,
}

impl PoliceLetter {
    /// The paper.
    ///
    /// # Errors
    /// [`PaperError`].
    pub fn pdf(&self) -> Result<Vec<u8>, PaperError> {
        let Self { heading, to, .. } = self;
        let lang = heading.lang;
        let mut sheet =
            Sheet::new(heading, lang.of("Doe aangifte bij de politie", "Report it to the police"));
        sheet.addressee(&to.name, &to.address);
        sheet.title();
        sheet.salutation(to.spoken_to());
        let (happened, until) = (day(self.happened_on, lang), day(self.kept_until, lang));
        sheet.paragraph(&lang.of(
            format!(
                "U hebt ons laten weten van {} op {happened}. Dat vinden wij heel vervelend voor u.",
                self.incident
            ),
            format!(
                "You told us of {} on {happened}. We are sorry that this happened to you.",
                self.incident
            ),
        ));
        sheet.paragraph(&lang.of(
            format!(
                "Wij mogen de camerabeelden hiervoor niet zelf bekijken ({}, {}). De politie kan ze wel bij ons vorderen. \
                 Doe daarom het volgende:",
                heading.house.protocol, self.article
            ),
            format!(
                "We may not look at the camera footage for this ourselves ({}, {}). The police can demand it from us. \
                 That is why we ask you to:",
                heading.house.protocol, self.article
            ),
        ));
        let place = &self.place;
        let points = lang.of(
            [
                "doe aangifte bij de politie: www.politie.nl, telefoon 0900-8844, of op het bureau;"
                    .to_owned(),
                format!("zeg daarbij dat er een camera hangt: {place};"),
                format!("geef de politie ons kenmerk: {}.", heading.case),
            ],
            [
                "report it to the police: www.politie.nl, telephone 0900-8844, or at the station;".to_owned(),
                format!("tell them that there is a camera: {place};"),
                format!("give them our reference: {}.", heading.case),
            ],
        );
        sheet.points(&points, false);
        sheet.paragraph(&if self.secured {
            lang.of(
                format!(
                    "Wij hebben de beelden veiliggesteld. Doe toch snel aangifte: hoort de politie er niets over, dan \
                     wissen wij ze na {until}."
                ),
                format!(
                    "We have set the footage aside. Please report soon all the same: if the police do not ask for it, \
                     we erase it after {until}."
                ),
            )
        } else {
            lang.of(
                format!("Wacht niet te lang: de beelden worden na {until} automatisch gewist."),
                format!("Do not wait too long: the footage is erased automatically after {until}."),
            )
        });
        complaints(&mut sheet, &heading.house, lang, Told::Decision);
        sheet.greeting(&self.signed_by);
        sheet.finish()
    }
}
