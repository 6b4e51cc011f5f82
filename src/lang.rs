//! The two languages of what is handed to people: Dutch and English.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lang {
    /// Dutch.
    Nl,
    /// English.
    #[default]
    En,
}

impl Lang {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::Nl, Self::En];

    /// The words of this language, of the two given.
    #[must_use]
    pub fn of<T>(self, nl: T, en: T) -> T {
        match self {
            Self::Nl => nl,
            Self::En => en,
        }
    }

    /// Its tag by BCP 47.
    #[must_use]
    pub fn tag(self) -> &'static str {
        self.of("nl-NL", "en-GB")
    }
}
