//! What a package says of itself.

use super::super::audit::{Hash256, Head, PublicKey, UtcTime};
use super::super::plain::is_plain;
use super::super::report::PROGRAM;
use super::super::report_read::{CameraRead, ModelRead, ReportRead};
use crate::geometry::FrameSize;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The form of manifests that this program writes, and the only one that it reads.
pub const MANIFEST_VERSION: u32 = 1;
/// Longest label, characters.
const LONGEST_LABEL: usize = 120;

/// A short text that goes into a package: the case, the recipient, the kind of release. One line of at most 120 plain
/// characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label(String);

/// A text that is no label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this has to be one line of at most {LONGEST_LABEL} characters, none of them invisible")]
pub struct NotALabel;

impl FromStr for Label {
    type Err = NotALabel;

    fn from_str(text: &str) -> Result<Self, NotALabel> {
        let text = text.trim();
        let sound = !text.is_empty() && text.chars().count() <= LONGEST_LABEL && text.chars().all(is_plain);
        if sound { Ok(Self(text.to_owned())) } else { Err(NotALabel) }
    }
}

impl TryFrom<String> for Label {
    type Error = NotALabel;

    fn try_from(text: String) -> Result<Self, NotALabel> {
        text.parse()
    }
}

impl From<Label> for String {
    fn from(label: Label) -> Self {
        label.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a package holds, how that was made, and where the audit log stood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`MANIFEST_VERSION`].
    pub package: u32,
    /// Program and version that packed.
    pub program: String,
    /// When.
    pub packed_at: UtcTime,
    /// The case.
    pub case: Label,
    /// For whom.
    pub recipient: Label,
    /// What kind of release.
    pub kind: Label,
    /// Every file in it but the manifest and its signature.
    pub files: Vec<FileFacts>,
    /// SHA-256 of the footage before it was masked.
    pub source_sha256: Hash256,
    /// The camera that filmed it, where its file was used; the number of its private regions, never where they are.
    pub camera: Option<CameraRead>,
    /// How it was masked; none of an original.
    pub redaction: Option<Redaction>,
    /// What was counted; none of an original.
    pub counts: Option<Counts>,
    /// Where the audit log stood.
    pub audit: Chain,
    /// Who signed.
    pub public_key: PublicKey,
}

/// One file of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileFacts {
    /// Its name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: Hash256,
}

/// How footage was masked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redaction {
    /// Program and version.
    pub program: String,
    /// When, UTC.
    pub finished_at: String,
    /// SHA-256 of its report, which stays in the house.
    pub report_sha256: Hash256,
    /// How hard was looked.
    pub effort: String,
    /// How often the clip was gone through.
    pub passes: u8,
    /// How people are hidden.
    pub style: String,
    /// What is hidden.
    pub targets: String,
    /// SHA-256 of every setting in force.
    pub settings_sha256: Hash256,
    /// The networks.
    pub models: Vec<ModelRead>,
}

/// What was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Size of the picture, pixels.
    pub size: FrameSize,
    /// Frames.
    pub frames: u64,
    /// Of these, covered whole.
    pub covered: u64,
    /// The covered ones by reason.
    pub covered_by_reason: BTreeMap<String, u64>,
    /// Frames in which a network found somebody.
    pub frames_with_people: u64,
    /// Regions that staff hid beside what was found.
    pub corrections: u64,
    /// Whether all of the source is accounted for: `complete`, `unknown`, `window` or `damaged`.
    pub completeness: String,
    /// Who stays visible; none where everybody is hidden.
    pub shown: Option<Shown>,
}

/// That somebody stays visible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// What stays visible around the subject; none where only a thing is shown.
    pub mode: Option<String>,
    /// Frames in which the subject is shown.
    pub frames_shown: u64,
    /// Frames in which it is hidden all the same.
    pub frames_hidden: u64,
}

/// Where the audit log stood when the package was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// Entries in it.
    pub entries: u64,
    /// SHA-256 of the last.
    pub last: Hash256,
}

impl Chain {
    /// Of a head.
    #[must_use]
    pub fn of(head: &Head) -> Self {
        Self { entries: head.entries, last: head.last }
    }
}

/// Whose and for whom: case, recipient, kind.
pub(super) type Labels = (Label, Label, Label);

impl Manifest {
    /// Of a masked clip.
    pub(super) fn new(labels: Labels, files: Vec<FileFacts>, report: &ReportRead, head: &Head) -> Self {
        let shown = report.reveal.as_ref().map(|reveal| Shown {
            mode: reveal.mode.clone(),
            frames_shown: reveal.frames_shown,
            frames_hidden: reveal.frames_hidden.values().sum(),
        });
        Self {
            source_sha256: report.source.sha256,
            camera: report.camera.clone(),
            redaction: Some(Redaction {
                program: report.program.clone(),
                finished_at: report.written_at.clone(),
                report_sha256: report.sha256,
                effort: report.effort.clone(),
                passes: report.passes,
                style: report.setting("mask", "style"),
                targets: report.setting("detect", "targets"),
                settings_sha256: report.settings_sha256(),
                models: report.models.models.clone(),
            }),
            counts: Some(Counts {
                size: report.output.size,
                frames: report.frames.written,
                covered: report.frames.covered,
                covered_by_reason: report.frames.covered_by_reason.clone(),
                frames_with_people: report.frames_with_people(),
                corrections: report.corrections.as_ref().map_or(0, |added| added.covers),
                completeness: report.completeness.state.clone(),
                shown,
            }),
            ..Self::of_original(labels, files, head)
        }
    }

    /// Of footage as it was recorded, the first of the files.
    pub(super) fn of_original((case, recipient, kind): Labels, files: Vec<FileFacts>, head: &Head) -> Self {
        Self {
            package: MANIFEST_VERSION,
            program: PROGRAM.to_owned(),
            packed_at: UtcTime::now(),
            case,
            recipient,
            kind,
            source_sha256: files.first().map_or(Hash256::ZERO, |file| file.sha256),
            files,
            camera: None,
            redaction: None,
            counts: None,
            audit: Chain::of(head),
            public_key: head.public_key,
        }
    }

    /// Its bytes, as they are signed.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("numbers and texts can be written");
        bytes.push(b'\n');
        bytes
    }

    /// Reads a manifest's bytes; `None` where it is none of this form.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let read: Self = serde_json::from_slice(bytes).ok()?;
        (read.package == MANIFEST_VERSION).then_some(read)
    }
}
