//! The closed lists of words in which a policy, a case and the command line speak of the same things.

use super::live::LivePolicy;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How an enum's words are shown to people: as they are written in settings and on the command line.
macro_rules! shown_by_its_word {
    ($($type:ty),+) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let value = self.to_possible_value().expect("no word is skipped");
                f.pad(value.get_name())
            }
        }

        impl std::str::FromStr for $type {
            type Err = NotAWord;

            fn from_str(text: &str) -> Result<Self, NotAWord> {
                <Self as ValueEnum>::from_str(text, false).map_err(|_| NotAWord)
            }
        }
    )+};
}

/// A text that is none of the words of its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one of the known words")]
pub struct NotAWord;

shown_by_its_word!(
    CaseKind,
    Role,
    Form,
    RecipientKind,
    Ask,
    Statement,
    Show,
    Subject,
    RefusalGround,
    LivePolicy
);

/// Why a case exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum CaseKind {
    /// A data subject asks to see footage of themselves (inzageverzoek; GDPR art. 15).
    Access,
    /// A data subject asks for erasure (GDPR art. 17).
    Erasure,
    /// A data subject asks that footage be kept but not used (GDPR art. 18).
    Restriction,
    /// A data subject objects to its use (GDPR art. 21).
    Objection,
    /// An insurer settles damage.
    Insurer,
    /// Civil or other proceedings before a court.
    CivilProceedings,
    /// Proceedings before a complaints or disputes committee, or the rent tribunal.
    DisputeCommittee,
    /// The police ask for it.
    Police,
    /// The public prosecutor or a court orders it.
    Justice,
    /// Another legal duty.
    LegalDuty,
    /// The corporation looks into an incident itself.
    InternalIncident,
}

impl CaseKind {
    /// Whether the corporation answers somebody who exercises a right of their own.
    #[must_use]
    pub fn is_a_right(self) -> bool {
        matches!(self, Self::Access | Self::Erasure | Self::Restriction | Self::Objection)
    }

    /// Whether footage is asked for by those who enforce the law.
    #[must_use]
    pub fn is_enforcement(self) -> bool {
        matches!(self, Self::Police | Self::Justice)
    }
}

/// What a member of staff is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Sees cases, and nothing of their footage.
    Viewer,
    /// Takes requests and prepares cases.
    Handler,
    /// Judges whether footage is fit to be shown or handed over.
    ContactPerson,
    /// Answers for the protection of personal data.
    PrivacyOfficer,
    /// Decides on cameras.
    HousingManager,
    /// Keeps the installation: retention and keys, no footage.
    Administrator,
}

/// How footage is shown or handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Shown at the office; no file is handed over.
    View,
    /// A redacted copy is handed over.
    Copy,
    /// The secured window as it was recorded, encrypted to its recipient.
    Original,
}

/// Who footage is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum RecipientKind {
    /// Who asks, or who acts for them.
    Requester,
    /// An insurer.
    Insurer,
    /// A party to civil proceedings, or its lawyer.
    CivilParty,
    /// A complaints or disputes committee, or the rent tribunal.
    Committee,
    /// A court.
    Court,
    /// The police.
    Police,
    /// The public prosecutor.
    Justice,
    /// Another authority whom the law entitles to it.
    Authority,
}

/// What is asked of somebody who makes a request; nothing else is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// Their name.
    Name,
    /// Their address.
    Address,
    /// Their telephone number.
    Telephone,
    /// Their e-mail address.
    Email,
    /// Why they ask.
    Reasons,
    /// The organisation that asks.
    Organisation,
    /// The legal provision, or the public task.
    Ground,
}

/// What is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Statement {
    /// Nothing.
    None,
    /// An access statement (inzageverklaring).
    Access,
    /// For receipt, security and proper use (ontvangstverklaring).
    Receipt,
}

/// Who stays visible in a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Show {
    /// Nobody.
    Nobody,
    /// The subject, in the scene.
    Scene,
    /// The subject alone; all else is hidden.
    Spotlight,
}

/// Whose footage is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// The requester's own.
    Own,
    /// That of a child whose parent or guardian asks.
    Child,
    /// That of somebody who gave the requester a proxy.
    Represented,
    /// That of somebody else.
    SomebodyElse,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalGround {
    /// Others' privacy, or their rights and freedoms, would be harmed.
    OthersRights,
    /// The corporation's own rights would be harmed.
    CorporationsRights,
    /// The requester is not seen in the footage.
    NotSeen,
    /// The footage was erased when its term was over.
    Erased,
    /// Who asks could not be established.
    Unidentified,
    /// The protocol does not allow it.
    NotAllowed,
}
