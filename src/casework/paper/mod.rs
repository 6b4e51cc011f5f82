//! The papers that the protocols name, as PDF, in Dutch and English: statements to sign, letters, extracts.
//!
//! Each is a plain struct that makes its bytes, the same for the same data; nothing is read, kept or logged here, so
//! personal data lives in the caller's hands and in the paper alone. Whatever text comes in, it stays in its place:
//! controls, marks of direction and unseen characters become a visible sign, long words are broken, long texts cut
//! with an ellipsis (`text`). `sheet` knows pages and blocks, `face` the letters; the forms know only words.

mod camera;
mod face;
mod forms;
mod letters;
mod sheet;
mod text;

#[cfg(test)]
mod tests;

pub use camera::{ErasureConfirmation, RegisterExtract};
pub use forms::{ReceiptForm, ViewStatement};
pub use letters::{Decision, DecisionLetter, Ground, PoliceLetter};

use crate::lang::Lang;
use jiff::civil::Date;
use sheet::Sheet;

/// A paper could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the paper cannot be made: {0}")]
pub struct PaperError(String);

/// Who hands the paper out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct House {
    /// Name of the corporation.
    pub name: String,
    /// Where it is, line by line.
    pub address: Vec<String>,
    /// How to reach it: an e-mail address, a telephone number, a website.
    pub contact: Vec<String>,
    /// Whom to write to with a complaint.
    pub complaints: String,
    /// Name of its camera protocol, as in "article 6 of ...".
    pub protocol: String,
}

/// To whom a letter goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressee {
    /// Name.
    pub name: String,
    /// Where they live, line by line.
    pub address: Vec<String>,
    /// Who is spoken to, where that is somebody else than the name says: a person of an organisation.
    pub person: Option<String>,
}

impl Addressee {
    /// Who is spoken to.
    fn spoken_to(&self) -> &str {
        self.person.as_deref().unwrap_or(&self.name)
    }
}

/// What all papers say of themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// Who hands it out.
    pub house: House,
    /// The case.
    pub case: String,
    /// The day of the paper.
    pub date: Date,
    /// Its language.
    pub lang: Lang,
}

/// What was filmed: which camera, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Footage {
    /// Where the camera hangs.
    pub place: String,
    /// First moment, as the recording is dated.
    pub from: String,
    /// Last moment.
    pub to: String,
}

/// The day in words.
fn day(date: Date, lang: Lang) -> String {
    let months = lang.of(
        [
            "januari",
            "februari",
            "maart",
            "april",
            "mei",
            "juni",
            "juli",
            "augustus",
            "september",
            "oktober",
            "november",
            "december",
        ],
        [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
    );
    let month = usize::from(date.month().unsigned_abs()).saturating_sub(1);
    format!("{} {} {}", date.day(), months.get(month).copied().unwrap_or_default(), date.year())
}

/// A hash in groups of eight digits, for eyes that compare it.
fn grouped(hash: &super::audit::Hash256) -> String {
    let digits: Vec<char> = hash.to_string().chars().collect();
    digits.chunks(8).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// What a paper tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// What was decided.
    Decision,
    /// What is so.
    Fact,
}

/// Where to go with a complaint: to the house first, then to the authority (GDPR art. 77), or to the court (art. 79).
fn complaints(sheet: &mut Sheet, house: &House, lang: Lang, told: Told) {
    sheet.subheading(match told {
        Told::Decision => lang.of("Bent u het er niet mee eens?", "If you do not agree"),
        Told::Fact => lang.of("Hebt u vragen of een klacht?", "If you have questions or a complaint"),
    });
    sheet.paragraph(&lang.of(
        format!(
            "Neem dan eerst contact met ons op: {}. Komen wij er samen niet uit, dan kunt u een klacht indienen bij de \
             Autoriteit Persoonsgegevens, Postbus 93374, 2509 AJ Den Haag, www.autoriteitpersoonsgegevens.nl. U kunt de \
             zaak ook aan de rechter voorleggen (artikel 79 AVG, artikel 35 UAVG).",
            house.complaints
        ),
        format!(
            "Please contact us first: {}. If we cannot settle it together, you may lodge a complaint with the Dutch \
             Data Protection Authority (Autoriteit Persoonsgegevens), Postbus 93374, 2509 AJ Den Haag, \
             www.autoriteitpersoonsgegevens.nl. You may also go to court (article 79 GDPR, article 35 UAVG).",
            house.complaints
        ),
    ));
}
