//! Exit codes, and errors as a person reads them: one sentence and a cure.

use std::fmt;

/// How the program ends. Part of its interface: scripts rely on the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for was done.
    Ok,
    /// A fault of the program itself.
    Bug,
    /// The command line asks for something that makes no sense.
    Usage,
    /// A settings file, a model or a library is missing or wrong.
    Settings,
    /// The clip cannot be read, or is damaged or cut short.
    Input,
    /// Detection, encoding or writing failed.
    Pipeline,
    /// A policy forbids it.
    Refused,
    /// Some clips of many failed.
    SomeFailed,
    /// A signal asked the program to stop.
    Signal(u8),
}

impl Exit {
    /// The number that the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Bug => 1,
            Self::Usage => 2,
            Self::Settings => 3,
            Self::Input => 4,
            Self::Pipeline => 5,
            Self::Refused => 6,
            Self::SomeFailed => 7,
            Self::Signal(number) => 128u8.saturating_add(number),
        }
    }
}

/// An error on its way to the person at the keyboard.
#[derive(Debug)]
pub struct Failure {
    /// How the program ends because of it.
    pub exit: Exit,
    /// What is wrong, and the cure: a sentence, or a settings file with its faults underlined.
    pub report: miette::Report,
}

impl Failure {
    /// One sentence, which names the cure where there is one.
    #[must_use]
    pub fn new(exit: Exit, sentence: impl fmt::Display) -> Self {
        Self { exit, report: miette::Report::msg(sentence.to_string()) }
    }

    /// A sentence and, apart from it, what to do.
    #[must_use]
    pub fn with_cure(exit: Exit, sentence: impl fmt::Display, cure: impl fmt::Display) -> Self {
        let report = miette::miette!(help = cure.to_string(), "{sentence}");
        Self { exit, report }
    }
}

impl From<crate::config::SettingsError> for Failure {
    fn from(e: crate::config::SettingsError) -> Self {
        Self { exit: Exit::Settings, report: e.into() }
    }
}
