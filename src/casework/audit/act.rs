//! What an entry says of an act, and what it cannot say. No field takes free text but the name of the member of staff, so
//! names of residents, file names, paths and pixels have no place to stand in.

use super::content::{CameraId, ContentError, Hash256, StaffName};
use crate::config::Camera;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// What is done.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum ActKind {
    /// Everybody in a clip is shown to staff, as crops.
    PersonsShown,
    /// Stretches in which a subject's identity is in doubt are shown to staff.
    DoubtsShown,
    /// One subject stays visible in a clip.
    Reveal,
    /// Masks over change that nobody explained are lifted in a region.
    ShowObject,
    /// Footage is handed out.
    Export,
    /// A camera is placed and checked by its masked live picture.
    LivePlacement,
    /// Somebody connects to such a picture.
    LiveViewed,
    /// A clip is read for the sake of a camera file; all that is shown of it is stills with everybody hidden.
    CameraSetUp,
}

/// Why it is done.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum ReasonCode {
    /// A data subject asks for footage of themselves (GDPR art. 15).
    AccessRequest,
    /// An insurer handles damage.
    Insurer,
    /// The police ask for it.
    Police,
    /// A court, or a lawyer for a claim, asks for it.
    Court,
    /// An incident is looked into.
    Incident,
    /// The corporation's own affairs: a check, training, a test.
    Internal,
    /// None of these; the report has the text.
    #[default]
    Other,
}

/// How an enum's words are shown to people: as they are written in the log and on the command line.
macro_rules! shown_by_its_word {
    ($type:ty) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let value = clap::ValueEnum::to_possible_value(self).expect("no word is skipped");
                f.pad(value.get_name())
            }
        }
    };
}

shown_by_its_word!(ActKind);
shown_by_its_word!(ReasonCode);
shown_by_its_word!(Mode);

/// The reason in words. It never gets into the log, only its keyed hash does, and has no way to be printed by chance.
#[derive(Clone, PartialEq, Eq)]
pub struct ReasonText(String);

impl ReasonText {
    /// The text, for the report and later the case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ReasonText {
    type Err = ContentError;

    fn from_str(text: &str) -> Result<Self, ContentError> {
        let text = text.trim();
        if text.is_empty() { Err(ContentError::Reason) } else { Ok(Self(text.to_owned())) }
    }
}

impl fmt::Debug for ReasonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReasonText(..)")
    }
}

/// What stays visible around the subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The scene; everyone else is masked.
    Scene,
    /// Nothing: all but the subject is masked.
    Spotlight,
}

/// The camera file in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CameraRef {
    id: CameraId,
    sha256: Hash256,
}

impl CameraRef {
    /// A camera and the SHA-256 of its file.
    ///
    /// # Errors
    /// The camera's id is none that a camera file may have.
    pub fn of(camera: &Camera, sha256: Hash256) -> Result<Self, ContentError> {
        Ok(Self { id: camera.id.parse()?, sha256 })
    }
}

/// Who or what is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum What {
    /// Everybody who is seen then.
    Everyone,
    /// The track of this number in the analysis.
    Track(u32),
    /// A region of the displayed picture, pixels: left, top, width, height.
    Region([u32; 4]),
    /// The masked live picture, in which nobody is shown.
    Stream,
    /// A masked still, in which nobody is shown.
    Still,
    /// The same, to whoever connects from this address.
    Viewer(IpAddr),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => write!(f, "everyone"),
            Self::Track(track) => write!(f, "track {track}"),
            Self::Stream => write!(f, "the masked stream"),
            Self::Still => write!(f, "a masked still"),
            Self::Viewer(address) => write!(f, "the masked stream, to {address}"),
            Self::Region([x, y, width, height]) => write!(f, "{width}x{height} at {x},{y}"),
        }
    }
}

/// Somebody or something for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Who or what.
    pub what: What,
    /// First moment, milliseconds after the clip's first frame.
    pub from_ms: u64,
    /// Last moment; without it to the clip's end.
    pub to_ms: Option<u64>,
    /// First and last frame, counted from 0, where they are known.
    pub frames: Option<[u64; 2]>,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |ms: u64| ms as f64 / 1000.0;
        write!(f, "{}, {:.1}-", self.what, seconds(self.from_ms))?;
        match self.to_ms {
            Some(to) => write!(f, "{:.1} s", seconds(to)),
            None => write!(f, "end"),
        }
    }
}

/// An act as it is asked for, before it is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// What is done.
    pub kind: ActKind,
    /// Who does it.
    pub by: StaffName,
    /// Why.
    pub reason: ReasonCode,
    /// SHA-256 of the source; of a live stream, of its address.
    pub source: Hash256,
    /// The camera file, where there is one.
    pub camera: Option<CameraRef>,
    /// SHA-256 of each model's weights.
    pub models: Vec<Hash256>,
    /// SHA-256 of the analysis, which the numbers of tracks belong to.
    pub analysis: Option<Hash256>,
    /// What stays visible around the subject, in a reveal.
    pub mode: Option<Mode>,
    /// A warning was overruled: that people may have been missed, or that two may be in one box.
    pub risk_accepted: bool,
    /// Who or what is to be shown, and when.
    pub subject: Vec<Part>,
}

impl Act {
    /// Whether it names what its kind shows.
    pub(super) fn check(&self) -> Result<(), ContentError> {
        let all = |fits: fn(&What) -> bool| self.subject.iter().all(|part| fits(&part.what));
        let (fits, wanted) = match self.kind {
            ActKind::Reveal => (
                all(|what| !matches!(what, What::Everyone))
                    && self.subject.iter().any(|part| matches!(part.what, What::Track(_))),
                "tracks, and regions beside them",
            ),
            ActKind::ShowObject => (all(|what| matches!(what, What::Region(_))), "regions and nothing else"),
            ActKind::LivePlacement => (all(|what| matches!(what, What::Stream)), "the stream"),
            ActKind::CameraSetUp => (all(|what| matches!(what, What::Still)), "a still"),
            ActKind::LiveViewed => (all(|what| matches!(what, What::Viewer(_))), "who connects"),
            ActKind::PersonsShown | ActKind::DoubtsShown | ActKind::Export => (true, "what is shown"),
        };
        if fits && !self.subject.is_empty() { Ok(()) } else { Err(ContentError::Subject(self.kind, wanted)) }
    }
}

/// How an act ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Outcome {
    /// It was done.
    Done {
        /// Who or what really was shown, and when.
        shown: Vec<Part>,
        /// SHA-256 of what was written, where something was.
        output: Option<Hash256>,
    },
    /// It failed; nothing was shown to anybody.
    Failed,
    /// It was stopped on request; nothing was shown to anybody.
    Stopped,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_not_printed_by_chance() {
        let reason: ReasonText = " request of mr Bakker ".parse().expect("a reason");
        assert_eq!(reason.as_str(), "request of mr Bakker");
        assert!(!format!("{reason:?}").contains("Bakker"));
        assert_eq!(" \n".parse::<ReasonText>(), Err(ContentError::Reason));
    }

    #[test]
    fn an_act_names_what_it_shows() {
        let mut act = super::super::tests::reveal();
        act.check().expect("a track");
        let part = |what| Part { what, from_ms: 0, to_ms: None, frames: None };
        for (kind, what, sound) in [
            (ActKind::Reveal, What::Everyone, false),
            (ActKind::Reveal, What::Region([0; 4]), false),
            (ActKind::ShowObject, What::Track(1), false),
            (ActKind::ShowObject, What::Region([0; 4]), true),
            (ActKind::PersonsShown, What::Everyone, true),
            (ActKind::LivePlacement, What::Stream, true),
            (ActKind::LivePlacement, What::Everyone, false),
            (ActKind::LiveViewed, What::Viewer([127, 0, 0, 1].into()), true),
            (ActKind::LiveViewed, What::Stream, false),
            (ActKind::CameraSetUp, What::Still, true),
            (ActKind::CameraSetUp, What::Everyone, false),
        ] {
            (act.kind, act.subject) = (kind, vec![part(what)]);
            assert_eq!(act.check().is_ok(), sound, "{kind} of {what}");
            act.subject.clear();
            act.check().expect_err("nothing");
        }
    }
}
