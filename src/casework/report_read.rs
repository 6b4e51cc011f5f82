//! A finished job's report, read back from its file: what others are told of a redaction, and nothing else of it.
//!
//! The report also names the clip's file, places in the picture and, where somebody was shown, a member of staff. None
//! of these is read here, so none of them can come into what is made from it.

use super::audit::Hash256;
use super::report::REPORT_VERSION;
use crate::geometry::FrameSize;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Why a report cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReportFault {
    /// It is not a report of this program.
    #[error("this is no report of a redaction: {0}")]
    NotAReport(String),
    /// A later program wrote it.
    #[error(
        "the report has form {0}, and only {REPORT_VERSION} is known here; use the program that wrote it"
    )]
    Version(u32),
}

/// What is read of a report.
#[derive(Debug, Clone, Deserialize)]
pub struct ReportRead {
    report: u32,
    /// Program and version that redacted.
    pub program: String,
    /// When, UTC.
    pub written_at: String,
    /// What was redacted.
    pub source: SourceRead,
    /// How hard was looked.
    pub effort: String,
    /// How often the clip was gone through.
    pub passes: u8,
    /// What was written.
    pub output: OutputRead,
    /// The camera, if its file was used.
    pub camera: Option<CameraRead>,
    /// What staff added, if they did.
    pub corrections: Option<CorrectionsRead>,
    /// Who stays visible, if anybody does.
    pub reveal: Option<RevealRead>,
    /// The networks.
    pub models: ModelsRead,
    /// Every setting in force.
    pub settings: serde_json::Value,
    /// Frames counted.
    pub frames: FramesRead,
    /// Whether all of the source is accounted for.
    pub completeness: CompletenessRead,
    found: Vec<FoundRead>,
    /// SHA-256 of the report's own bytes.
    #[serde(skip, default = "zero")]
    pub sha256: Hash256,
}

fn zero() -> Hash256 {
    Hash256::ZERO
}

/// Of the source.
#[derive(Debug, Clone, Deserialize)]
pub struct SourceRead {
    /// `clip` or `still`.
    pub kind: String,
    /// Its SHA-256.
    pub sha256: Hash256,
}

/// Of the result.
#[derive(Debug, Clone, Deserialize)]
pub struct OutputRead {
    /// Its SHA-256.
    pub sha256: Hash256,
    /// Size of the picture, pixels.
    pub size: FrameSize,
}

/// Of the camera file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CameraRead {
    /// The camera's id.
    pub id: String,
    /// SHA-256 of its file.
    pub sha256: Hash256,
    /// Private regions in it.
    pub zones: usize,
}

/// Of what staff added.
#[derive(Debug, Clone, Deserialize)]
pub struct CorrectionsRead {
    /// Regions.
    pub covers: u64,
}

/// Of who stays visible.
#[derive(Debug, Clone, Deserialize)]
pub struct RevealRead {
    /// What stays visible around the subject; none where only a thing was shown.
    pub mode: Option<String>,
    /// Frames in which the subject is shown.
    pub frames_shown: u64,
    /// Frames in which it is hidden, by reason.
    pub frames_hidden: BTreeMap<String, u64>,
}

/// Of the networks.
#[derive(Debug, Clone, Deserialize)]
pub struct ModelsRead {
    /// One by one.
    #[serde(default)]
    pub models: Vec<ModelRead>,
}

/// One network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelRead {
    /// Its name.
    pub id: String,
    /// What it looks for.
    pub target: String,
    /// SHA-256 of its weights.
    pub sha256: Hash256,
    /// Lowest score that counts.
    pub threshold: f64,
    /// Longer side of its input, pixels.
    pub input_px: u32,
}

/// Of the frames.
#[derive(Debug, Clone, Deserialize)]
pub struct FramesRead {
    /// Written.
    pub written: u64,
    /// Of these, covered whole.
    pub covered: u64,
    /// The covered ones by reason.
    pub covered_by_reason: BTreeMap<String, u64>,
}

/// Of completeness.
#[derive(Debug, Clone, Deserialize)]
pub struct CompletenessRead {
    /// `complete`, `unknown`, `window` or `damaged`.
    pub state: String,
}

#[derive(Debug, Clone, Deserialize)]
struct FoundRead {
    from_frame: u64,
    to_frame: u64,
    persons: u64,
    faces: u64,
}

impl ReportRead {
    /// Reads a report's bytes.
    ///
    /// # Errors
    /// [`ReportFault`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ReportFault> {
        let fault = |e: serde_json::Error| ReportFault::NotAReport(e.to_string());
        let mut read: Self = serde_json::from_slice(bytes).map_err(fault)?;
        if read.report != REPORT_VERSION {
            return Err(ReportFault::Version(read.report));
        }
        read.sha256 = Hash256::of(bytes);
        Ok(read)
    }

    /// A setting as text, by its section and key; empty where there is none.
    #[must_use]
    pub fn setting(&self, section: &str, key: &str) -> String {
        match self.settings.get(section).and_then(|section| section.get(key)) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(serde_json::Value::Array(items)) => {
                items.iter().filter_map(|item| item.as_str()).collect::<Vec<_>>().join(",")
            }
            Some(other) => other.to_string(),
            None => String::new(),
        }
    }

    /// SHA-256 of all settings, written without blanks and with their keys in order.
    #[must_use]
    pub fn settings_sha256(&self) -> Hash256 {
        // serde_json's maps are sorted, so equal settings give equal bytes.
        Hash256::of(self.settings.to_string().as_bytes())
    }

    /// Frames in which somebody was found by a network.
    #[must_use]
    pub fn frames_with_people(&self) -> u64 {
        let somebody = self.found.iter().filter(|span| span.persons + span.faces > 0);
        somebody.map(|span| (span.to_frame + 1).saturating_sub(span.from_frame)).sum()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A report as this program writes it, of a clip that became `output`; with all that must not leave the house.
    pub(in crate::casework) fn report_of(output: &[u8]) -> Vec<u8> {
        let report = serde_json::json!({
            "report": 1, "program": "melkglas 0.1.0", "written_at": "2026-11-02T10:00:00Z",
            "source": { "kind": "clip", "file": "mevrouw-bakker.mp4", "sha256": Hash256::of(b"source"), "bytes": 9,
                        "codec": "H.264", "video_streams": 1 },
            "effort": "thorough", "passes": 2, "analysis_sha256": null, "note": null,
            "output": { "file": "bakker.redacted.mp4", "sha256": Hash256::of(output),
                        "size": { "width": 768, "height": 576 }, "window": null },
            "camera": { "id": "entrance-3", "sha256": Hash256::of(b"camera"), "zones": 4, "overlays": 1, "fixed": true },
            "corrections": { "sha256": null, "covers": 2, "flags": ["12.4-14@100,50,40,80"], "frames": 9,
                             "saved_sha256": null },
            "reveal": { "by": "A. Jansen", "reason": "Mrs Bakker asks", "mode": "scene", "frames_shown": 70,
                        "frames_hidden": { "near": 5 } },
            "models": { "library": "/opt/secret/libonnxruntime.so", "models": [
                { "id": "nanodet-plus", "target": "person", "sha256": Hash256::of(b"model"), "threshold": 0.25,
                  "input_px": 416, "provider": "cpu" } ] },
            "settings": { "mask": { "style": "blur" }, "detect": { "targets": ["person", "face"] } },
            "frames": { "decoded": 100, "written": 100, "covered": 3, "covered_by_reason": { "detector-fault": 3 } },
            "completeness": { "state": "complete" },
            "found": [ { "from_frame": 0, "to_frame": 49, "persons": 2, "faces": 0, "vehicles": 0, "screens": 0 },
                       { "from_frame": 50, "to_frame": 99, "persons": 0, "faces": 0, "vehicles": 0, "screens": 0 } ],
        });
        serde_json::to_vec_pretty(&report).expect("JSON")
    }

    #[test]
    fn a_report_is_read_back() {
        let read = ReportRead::parse(&report_of(b"out")).expect("a report");
        assert_eq!((read.frames.written, read.frames_with_people()), (100, 50));
        assert_eq!(read.setting("mask", "style"), "blur");
        assert_eq!(read.setting("detect", "targets"), "person,face");
        assert_eq!(read.output.sha256, Hash256::of(b"out"));
        assert!(matches!(ReportRead::parse(b"{}"), Err(ReportFault::NotAReport(_))));
        let later =
            String::from_utf8(report_of(b"out")).expect("text").replace("\"report\": 1", "\"report\": 2");
        assert!(matches!(ReportRead::parse(later.as_bytes()), Err(ReportFault::Version(2))));
    }
}
