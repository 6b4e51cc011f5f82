//! The report of one job, JSON: what went in, what came out, with which settings, and what could not be trusted.
//!
//! It holds no pixels and no names of people. Per-frame counts are written as runs of equal counts.

use super::reveal_record::RevealFacts;
use super::spans::{Span, SpanCollector};
use crate::config::{Camera, Site};
use crate::geometry::FrameSize;
use crate::video::pipeline::{Completeness, FrameRecord, Outcome, StageTimes};
use crate::video::plan::{CoverReason, FramePlan, MaskKind, Observations, Target};
use crate::video::scene::SceneKind;
use crate::video::sink::ReadBack;
use crate::video::source::{Declared, SizeChange, library_version};
use serde::Serialize;
use std::collections::BTreeMap;

/// Version of the report's form. A key may be added within a version; nothing is renamed or removed.
pub const REPORT_VERSION: u32 = 1;

/// Program and version, as records name it.
pub(super) const PROGRAM: &str = concat!("melkglas ", env!("CARGO_PKG_VERSION"));

/// The time, UTC, RFC 3339.
pub(super) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The report.
#[derive(Debug, Clone, Serialize)]
pub struct Report<'a> {
    /// [`REPORT_VERSION`].
    pub report: u32,
    /// Program and version.
    pub program: &'static str,
    /// When the report was written, UTC, RFC 3339.
    pub written_at: String,
    /// What was redacted.
    pub source: SourceFacts,
    /// How hard was looked: `fast` or `thorough`.
    pub effort: &'static str,
    /// How often the clip was gone through: 1 with look-ahead, 2 with the whole clip known before it was masked.
    pub passes: u8,
    /// SHA-256 of the analysis file that it was masked by, if one was named.
    pub analysis_sha256: Option<String>,
    /// What bounds the trust in this result, where its kind of source does.
    pub note: Option<&'static str>,
    /// What was written.
    pub output: OutputFacts,
    /// The camera file, if one was used.
    pub camera: Option<CameraFacts>,
    /// What staff added to what is hidden, if they did.
    pub corrections: Option<CorrectionFacts>,
    /// Who or what was shown, by whom and why; none where everybody is hidden.
    pub reveal: Option<RevealFacts>,
    /// The networks, as the detector describes them.
    pub models: serde_json::Value,
    /// GStreamer's version.
    pub gstreamer: String,
    /// Every setting in force.
    pub settings: &'a Site,
    /// Frames counted.
    pub frames: FrameFacts,
    /// Whether every frame of the source is accounted for.
    pub completeness: &'a Completeness,
    /// What the source's container promises.
    pub declared: &'a Declared,
    /// What reading the output back found.
    pub read_back: &'a ReadBack,
    /// Frames covered whole, as stretches.
    pub covered: Vec<CoveredSpan>,
    /// What the comparison with the empty scene came to; none where there is nothing to compare with.
    pub scene: Option<SceneFacts>,
    /// What was found, as stretches of equal counts.
    pub found: Vec<FoundSpan>,
    /// Where the detector was unsure.
    pub low_confidence: Vec<Span>,
    /// Time that each stage took.
    pub stage_times: StageTimes,
}

/// What kind of source it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// Frames over time.
    Clip,
    /// One picture.
    Still,
}

/// Says what a still lacks.
const STILL_NOTE: &str = "a still has no time and no reference of the empty scene: whoever the detector does not \
                          find is not hidden, so look at the result";

/// What was redacted.
#[derive(Debug, Clone, Serialize)]
pub struct SourceFacts {
    /// Clip or still.
    pub kind: SourceKind,
    /// Name of the file, without its folders.
    pub file: String,
    /// Its SHA-256.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// What its pictures were decoded with.
    pub codec: Option<String>,
    /// Video streams in it; the first was taken.
    pub video_streams: u64,
}

/// What was written.
#[derive(Debug, Clone, Serialize)]
pub struct OutputFacts {
    /// Name of the file, without its folders.
    pub file: String,
    /// Its SHA-256.
    pub sha256: String,
    /// Size of the picture, as displayed.
    pub size: FrameSize,
    /// `--from` and `--to` as given.
    pub window: Option<[Option<String>; 2]>,
}

/// Which camera file was used.
#[derive(Debug, Clone, Serialize)]
pub struct CameraFacts {
    /// The camera's id.
    pub id: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Zones in it.
    pub zones: usize,
    /// Overlays in it: burned-in clocks and names, shown where nothing has to be hidden.
    pub overlays: usize,
    /// Whether the camera always shows the same scene. Where it does not, its zones may lie beside what they name.
    pub fixed: bool,
}

impl CameraFacts {
    /// Of the camera's file.
    #[must_use]
    pub fn of(camera: &Camera) -> Self {
        Self {
            id: camera.id.clone(),
            sha256: camera.sha256.clone(),
            zones: camera.zones.len(),
            overlays: camera.overlays.len(),
            fixed: camera.fixed,
        }
    }
}

/// What staff added to what is hidden.
#[derive(Debug, Clone, Serialize)]
pub struct CorrectionFacts {
    /// SHA-256 of the corrections file, if one was given.
    pub sha256: Option<String>,
    /// Regions that it and the command line name.
    pub covers: usize,
    /// Those of the command line, as they can be written there.
    pub flags: Vec<String>,
    /// Frames of the output in which one of them at least has its time.
    pub frames: u64,
    /// SHA-256 of the file that all of them were saved to, if they were.
    pub saved_sha256: Option<String>,
}

/// Frames counted.
#[derive(Debug, Clone, Serialize)]
pub struct FrameFacts {
    /// Decoded from the source.
    pub decoded: u64,
    /// Written to the output.
    pub written: u64,
    /// Of those, covered whole.
    pub covered: u64,
    /// Covered frames by reason.
    pub covered_by_reason: BTreeMap<CoverReason, u64>,
    /// Coded pictures of the source that could not be decoded and are missing from the output.
    pub lost: u64,
    /// Complaints of the decoder.
    pub decoder_complaints: u64,
    /// The latest complaint.
    pub last_complaint: Option<String>,
    /// Frames whose presentation time was put right.
    pub restamped: u64,
    /// Frames that came as two fields, of which one was kept.
    pub interlaced: u64,
    /// Frames of another size than the first, scaled to it; those of another shape are covered.
    pub rescaled: u64,
    /// Where the picture's size changed for the first time.
    pub first_size_change: Option<SizeChange>,
}

/// A stretch of covered frames.
#[derive(Debug, Clone, Serialize)]
pub struct CoveredSpan {
    /// First frame, position in the output from 0.
    pub from_frame: u64,
    /// Last frame.
    pub to_frame: u64,
    /// Time of the first frame, seconds after the source's first frame.
    pub from_s: f64,
    /// Time of the last frame.
    pub to_s: f64,
    /// Why.
    pub reason: CoverReason,
}

/// A stretch of frames with equal counts.
#[derive(Debug, Clone, Serialize)]
pub struct FoundSpan {
    /// First frame, position in the output from 0.
    pub from_frame: u64,
    /// Last frame.
    pub to_frame: u64,
    /// Persons found in each.
    pub persons: usize,
    /// Faces found in each.
    pub faces: usize,
    /// Vehicles found in each; 0 where they are not looked for.
    pub vehicles: usize,
    /// Screens found in each; 0 where they are not looked for.
    pub screens: usize,
}

/// What the report takes from outside the job.
pub struct ReportContext<'a> {
    /// The source's file name.
    pub source_file: String,
    /// What kind of source it is.
    pub source_kind: SourceKind,
    /// How hard was looked.
    pub effort: &'static str,
    /// How often the clip was gone through.
    pub passes: u8,
    /// SHA-256 of the analysis file, if one was named.
    pub analysis: Option<String>,
    /// The source's size in bytes.
    pub source_bytes: u64,
    /// The output's file name.
    pub output_file: String,
    /// `--from` and `--to` as given.
    pub window: Option<[Option<String>; 2]>,
    /// The camera file used.
    pub camera: Option<&'a Camera>,
    /// Which empty scene frames were compared with, if any.
    pub scene: Option<SceneKind>,
    /// What staff added.
    pub corrections: Option<CorrectionFacts>,
    /// What was shown of whom, if anybody was.
    pub reveal: Option<RevealFacts>,
    /// What the detector says of itself.
    pub models: serde_json::Value,
    /// The settings in force.
    pub site: &'a Site,
}

/// Collects per-frame facts as the frames pass.
#[derive(Debug, Default)]
pub struct ReportBuilder {
    covered: Vec<CoveredSpan>,
    covered_by_reason: BTreeMap<CoverReason, u64>,
    found: Vec<FoundSpan>,
    doubts: SpanCollector,
    scene: SceneFacts,
}

/// What the comparison with the camera's empty scene came to.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SceneFacts {
    /// What the frames were compared with.
    pub compared_with: Option<SceneKind>,
    /// Frames in which something differs from the empty scene.
    pub unexplained_frames: u64,
    /// Masks over what no person's mask hides of that, over all frames; none where the settings show it.
    pub unexplained_masks: u64,
    /// Boxes that an approved still cleared: furniture that the detector takes for a person.
    pub cleared_boxes: u64,
    /// Frames too dim for anything to be cleared; people may not stand out in them.
    pub dim_frames: u64,
}

impl SceneFacts {
    fn frame(&mut self, seen: &Observations, plan: &FramePlan) {
        let FramePlan::Masks { masks, .. } = plan else { return };
        let masks = masks.iter().filter(|mask| mask.kind == MaskKind::Unexplained).count() as u64;
        self.unexplained_frames += u64::from(!seen.unexplained.is_empty());
        self.unexplained_masks += masks;
        self.cleared_boxes += seen.cleared.len() as u64;
        self.dim_frames += u64::from(seen.dim);
    }
}

impl ReportBuilder {
    /// Takes one frame.
    pub fn frame(&mut self, record: &FrameRecord<'_>) {
        let at_s = record.stamp.pts_ns as f64 / 1e9;
        let number = record.number;
        if let FramePlan::Cover(reason) = record.plan {
            *self.covered_by_reason.entry(*reason).or_default() += 1;
            match self.covered.last_mut() {
                Some(span) if span.to_frame + 1 == number && span.reason == *reason => {
                    (span.to_frame, span.to_s) = (number, at_s);
                }
                _ => self.covered.push(CoveredSpan {
                    from_frame: number,
                    to_frame: number,
                    from_s: at_s,
                    to_s: at_s,
                    reason: *reason,
                }),
            }
            return;
        }
        self.scene.frame(record.seen, record.plan);
        let strong = || record.seen.detections.iter().filter(|d| !d.weak);
        let count = |target| strong().filter(|d| d.target == target).count();
        let [persons, faces, vehicles, screens] = Target::ALL.map(count);
        let counts = |span: &FoundSpan| [span.persons, span.faces, span.vehicles, span.screens];
        match self.found.last_mut() {
            Some(span)
                if span.to_frame + 1 == number && counts(span) == [persons, faces, vehicles, screens] =>
            {
                span.to_frame = number;
            }
            _ => self.found.push(FoundSpan {
                from_frame: number,
                to_frame: number,
                persons,
                faces,
                vehicles,
                screens,
            }),
        }
        // A car that is seen clearly says nothing of the person beside it.
        let people = strong().filter(|d| matches!(d.target, Target::Person | Target::Face));
        let best = people.map(|d| d.score).reduce(f32::max);
        self.doubts.frame(number, at_s, persons, best);
    }

    /// Frames covered so far.
    #[must_use]
    pub fn covered(&self) -> u64 {
        self.covered_by_reason.values().sum()
    }

    /// Puts the report together.
    #[must_use]
    pub fn finish<'a>(self, context: ReportContext<'a>, outcome: &'a Outcome) -> Report<'a> {
        let decoded = &outcome.decoded;
        Report {
            report: REPORT_VERSION,
            program: PROGRAM,
            written_at: now(),
            effort: context.effort,
            passes: context.passes,
            analysis_sha256: context.analysis,
            note: (context.source_kind == SourceKind::Still).then_some(STILL_NOTE),
            source: SourceFacts {
                kind: context.source_kind,
                file: context.source_file,
                sha256: outcome.source_sha256.clone(),
                bytes: context.source_bytes,
                codec: decoded.codec.clone(),
                video_streams: decoded.video_streams,
            },
            output: OutputFacts {
                file: context.output_file,
                sha256: outcome.output_sha256.clone(),
                size: outcome.size,
                window: context.window,
            },
            camera: context.camera.map(CameraFacts::of),
            corrections: context.corrections,
            reveal: context.reveal,
            models: context.models,
            gstreamer: library_version(),
            settings: context.site,
            frames: FrameFacts {
                decoded: decoded.frames,
                written: outcome.written,
                covered: self.covered(),
                covered_by_reason: self.covered_by_reason,
                lost: decoded.lost,
                decoder_complaints: decoded.complaints,
                last_complaint: decoded.last_complaint.clone(),
                restamped: decoded.restamped,
                interlaced: decoded.interlaced,
                rescaled: decoded.rescaled,
                first_size_change: decoded.first_size_change,
            },
            completeness: &outcome.completeness,
            declared: &outcome.declared,
            read_back: &outcome.read_back,
            covered: self.covered,
            scene: context.scene.map(|kind| SceneFacts { compared_with: Some(kind), ..self.scene }),
            found: self.found,
            low_confidence: self.doubts.finish(),
            stage_times: outcome.times,
        }
    }
}
