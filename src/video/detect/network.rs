//! The detector that ships: networks for persons and for faces, run by ONNX Runtime.
//!
//! An [`OnnxFactory`] loads and checks everything once; each worker's [`OnnxDetector`] has sessions and buffers of
//! its own. Boxes leave here in frame space, cut to the frame, after NMS over all tiles, copies and models of a target.

use super::classes::Wanted;
use super::letterbox::{Fit, Letterbox, Placement};
use super::manifest::{Manifest, ModelEntry, Task};
use super::output::{self, Candidate, DecodeFault};
use super::session::{Chosen, Network, Runtime};
use super::view::View;
use super::{DetectError, Detector, DetectorFactory, Extent, Look, nms, tiles};
use crate::config::{DetectSettings, Provider, TilingMode};
use crate::geometry::{BoxPx, FrameSize, PxRect};
use crate::share::ShareDirs;
use crate::video::frame::RawFrame;
use crate::video::plan::{Detection, Target};
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Inputs that are worth a try: below the first nothing is seen, above the second memory runs out.
const INPUT_PX: RangeInclusive<u32> = 64..=4096;

/// One model in use, for the report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelInfo {
    /// Its name in the manifest.
    pub id: String,
    /// What it looks for.
    pub target: Target,
    /// SHA-256 of the weights in use, hexadecimal.
    pub sha256: String,
    /// Lowest score that counts.
    pub threshold: f32,
    /// Longer side of its input, pixels.
    pub input_px: u32,
    /// Where it runs.
    pub provider: Provider,
}

/// What detects on this machine, for the report and for `doctor`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Description {
    /// The ONNX Runtime library.
    pub library: PathBuf,
    /// The provider that the settings ask for.
    pub provider_asked: Provider,
    /// The provider in use; another one only where the settings allow the processor to stand in.
    pub provider_used: Provider,
    /// Detectors to run side by side.
    pub workers: usize,
    /// The models in use.
    pub models: Vec<ModelInfo>,
}

/// A model's manifest entry, its checked weights and the settings that hold for it.
struct Loaded {
    entry: ModelEntry,
    weights: Arc<[u8]>,
    /// Down to the score that continues a track.
    wanted: Wanted,
    /// Lowest score that is somebody by itself ...
    threshold: f32,
    /// ... and in a look that stands for frames that nobody searches.
    keen_threshold: f32,
    fit: Fit,
}

impl Loaded {
    fn new(folder: &Path, entry: &ModelEntry, settings: &DetectSettings) -> Result<Self, DetectError> {
        let weights = entry.load(folder)?;
        Ok(Self::of(entry, weights, settings))
    }

    /// With weights that were checked.
    fn of(entry: &ModelEntry, weights: Arc<[u8]>, settings: &DetectSettings) -> Self {
        let (score, longer_px) = match entry.task {
            Task::Person => (settings.person_score, settings.person_input_px),
            Task::Face => (settings.face_score, settings.face_input_px),
        };
        let threshold = score.unwrap_or(entry.default_threshold);
        let wants = |target| settings.targets.contains(target);
        let least = (threshold * settings.cadence.keen_share).min(settings.weak_score);
        let wanted = Wanted::new(entry.classes(), entry.task.into(), wants, least);
        let keen_threshold = match entry.task {
            Task::Person => threshold * settings.cadence.keen_share,
            Task::Face => threshold,
        };
        let fit = entry.input.fit(longer_px);
        Self { wanted, threshold, keen_threshold, fit, entry: entry.clone(), weights }
    }
}

/// How hard a detector looks.
#[derive(Debug, Clone)]
struct Effort {
    tiling: TilingMode,
    views: Vec<View>,
}

/// Makes detectors over models that were loaded and checked once.
pub struct OnnxFactory {
    runtime: Runtime,
    models: Vec<Arc<Loaded>>,
    chosen: Chosen,
    workers: usize,
    nms_iou: f32,
    effort: Effort,
    /// Workers take turns at the face networks, which most frames do not need: each would hold tens of megabytes.
    faces_in_turn: bool,
    shared: Mutex<BTreeMap<String, Arc<Mutex<Network>>>>,
    /// The detector that proved at opening that everything works; the first worker gets it.
    first: Mutex<Option<OnnxDetector>>,
}

impl OnnxFactory {
    /// Loads library and models, checks every hash, and makes the first detector, so that whatever is missing
    /// shows here and not in the middle of a clip.
    ///
    /// # Errors
    /// [`DetectError`].
    pub fn open(share: &ShareDirs, settings: &DetectSettings) -> Result<Self, DetectError> {
        check(settings)?;
        let manifest = Manifest::read(&share.models)?;
        let models = manifest
            .in_use(&settings.models)?
            .into_iter()
            .map(|entry| Loaded::new(&share.models, entry, settings))
            .collect::<Result<Vec<_>, DetectError>>()?;
        if let Some(target) = settings.targets.list().find(|t| models.iter().all(|m| !m.wanted.sees(*t))) {
            let models = models.iter().map(|m| m.entry.id.as_str()).collect::<Vec<_>>().join(", ");
            return Err(DetectError::CannotSee { target, models });
        }
        Self::over(share, settings, models)
    }

    /// A detector of one model alone, to try it. It finds what this model sees and nothing else: never for redacting.
    ///
    /// # Errors
    /// [`DetectError`].
    pub fn open_one(
        share: &ShareDirs,
        settings: &DetectSettings,
        entry: &ModelEntry,
    ) -> Result<Self, DetectError> {
        check(settings)?;
        Self::over(share, settings, vec![Loaded::new(&share.models, entry, settings)?])
    }

    /// The same over weights that are in memory.
    pub(super) fn of_weights(
        share: &ShareDirs,
        settings: &DetectSettings,
        entry: &ModelEntry,
        weights: Arc<[u8]>,
    ) -> Result<Self, DetectError> {
        Self::over(share, settings, vec![Loaded::of(entry, weights, settings)])
    }

    fn over(share: &ShareDirs, settings: &DetectSettings, models: Vec<Loaded>) -> Result<Self, DetectError> {
        let models = models.into_iter().map(Arc::new).collect();
        let runtime = Runtime::load(&share.library)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let workers = if settings.workers == 0 { cores } else { settings.workers };
        let chosen = runtime.choose(settings.provider, settings.allow_cpu_fallback)?;
        let mut factory = Self {
            runtime,
            models,
            chosen,
            workers,
            nms_iou: settings.nms_iou,
            effort: Effort { tiling: settings.tiling, views: View::all(settings.mirrored, settings.rotated) },
            faces_in_turn: workers > 1 && settings.cadence.faces > 1,
            shared: Mutex::default(),
            first: Mutex::new(None),
        };
        let first = match factory.build() {
            // Contained in the library, but this machine cannot start it: no device, or no driver.
            Err(DetectError::ProviderMissing { provider, reason, .. }) => {
                factory.chosen = factory.runtime.fall_back(provider, settings.allow_cpu_fallback, reason)?;
                factory.build()?
            }
            built => built?,
        };
        factory.first = Mutex::new(Some(first));
        Ok(factory)
    }

    /// The same networks with another effort, over the weights and the library that are loaded already: tiles,
    /// mirrored copies, copies turned for a camera that looks straight down.
    ///
    /// # Errors
    /// [`DetectError`] where no session can be made any more.
    pub fn with_effort(
        &self,
        tiling: TilingMode,
        mirrored: bool,
        rotated: bool,
    ) -> Result<Self, DetectError> {
        let factory = Self {
            runtime: self.runtime.clone(),
            models: self.models.clone(),
            chosen: self.chosen,
            workers: self.workers,
            nms_iou: self.nms_iou,
            effort: Effort { tiling, views: View::all(mirrored, rotated) },
            faces_in_turn: self.faces_in_turn,
            shared: Mutex::default(),
            first: Mutex::new(None),
        };
        let first = factory.build()?;
        Ok(Self { first: Mutex::new(Some(first)), ..factory })
    }

    /// How many detectors to run side by side.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// The models in use.
    #[must_use]
    pub fn models(&self) -> Vec<ModelInfo> {
        let info = |model: &Arc<Loaded>| ModelInfo {
            id: model.entry.id.clone(),
            target: model.entry.task.into(),
            sha256: model.entry.sha256.to_ascii_lowercase(),
            threshold: model.threshold,
            input_px: model.fit.longer_px(),
            provider: self.chosen.used,
        };
        self.models.iter().map(info).collect()
    }

    /// Library, provider and models in use.
    #[must_use]
    pub fn describe(&self) -> Description {
        Description {
            library: self.runtime.library().to_path_buf(),
            provider_asked: self.chosen.asked,
            provider_used: self.chosen.used,
            workers: self.workers,
            models: self.models(),
        }
    }

    fn build(&self) -> Result<OnnxDetector, DetectError> {
        let eyes = self.models.iter().map(|model| {
            Ok(Eye {
                model: Arc::clone(model),
                network: self.network(model)?,
                letterbox: Letterbox::new(model.entry.input.clone()),
            })
        });
        Ok(OnnxDetector {
            eyes: eyes.collect::<Result<_, DetectError>>()?,
            nms_iou: self.nms_iou,
            effort: self.effort.clone(),
        })
    }
}

impl OnnxFactory {
    /// A session of a worker's own, or one that all workers share.
    fn network(&self, model: &Loaded) -> Result<Arc<Mutex<Network>>, DetectError> {
        let id = &model.entry.id;
        let make = || {
            let network = self.runtime.session(id, &model.weights, self.chosen.used)?;
            Ok(Arc::new(Mutex::new(network)))
        };
        if model.entry.task != Task::Face || !self.faces_in_turn {
            return make();
        }
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(network) = shared.get(id) {
            return Ok(Arc::clone(network));
        }
        let network = make()?;
        shared.insert(id.clone(), Arc::clone(&network));
        Ok(network)
    }
}

impl DetectorFactory for OnnxFactory {
    fn make(&self) -> Result<Box<dyn Detector>, DetectError> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        let detector = first.map_or_else(|| self.build(), Ok)?;
        Ok(Box::new(detector))
    }

    fn searches_parts(&self) -> bool {
        let scales = |model: &Arc<Loaded>| matches!(model.fit, Fit::Longer { .. });
        self.effort.tiling == TilingMode::Scale && self.models.iter().all(scales)
    }
}

/// Refuses settings with which nobody would be found. A threshold that is not a number would let everybody pass.
fn check(settings: &DetectSettings) -> Result<(), DetectError> {
    let score = |setting, score: Option<f32>| match score {
        Some(v) if !(v > 0.0 && v < 1.0) => {
            Err(DetectError::Setting { setting, value: v.to_string(), cure: "a score lies between 0 and 1" })
        }
        _ => Ok(()),
    };
    let input = |setting, px: u32| {
        let cure = "an input's longer side lies between 64 and 4096 pixels";
        let fault = DetectError::Setting { setting, value: px.to_string(), cure };
        if INPUT_PX.contains(&px) { Ok(()) } else { Err(fault) }
    };
    score("person_score", settings.person_score)?;
    score("face_score", settings.face_score)?;
    input("person_input_px", settings.person_input_px)?;
    input("face_input_px", settings.face_input_px)?;
    if (0.0..=1.0).contains(&settings.nms_iou) {
        return Ok(());
    }
    let value = settings.nms_iou.to_string();
    Err(DetectError::Setting { setting: "nms_iou", value, cure: "an overlap lies between 0 and 1" })
}

/// One network with its buffers.
struct Eye {
    model: Arc<Loaded>,
    network: Arc<Mutex<Network>>,
    letterbox: Letterbox,
}

impl Eye {
    /// What the network sees in one region, in frame space, cut to the frame.
    fn look(
        &mut self,
        frame: &RawFrame,
        placement: &Placement,
        keen: bool,
        seen: &mut Vec<Detection>,
    ) -> Result<(), DetectError> {
        let model = &self.model;
        let entry = &model.entry;
        let threshold = if keen { model.keen_threshold } else { model.threshold };
        let tensor = self.letterbox.fill(frame, placement)?;
        let candidates = self
            .network
            .lock()
            // A run that panicked has left nothing behind that another one would read.
            .unwrap_or_else(PoisonError::into_inner)
            .run(placement.input, tensor, |outputs| {
                output::decode(entry.family, outputs, placement.input, &model.wanted)
            })?
            .map_err(|fault| match fault {
                DecodeFault::NotFinite => DetectError::NotFinite { model: entry.id.clone() },
                DecodeFault::Shape { expected, found } => {
                    DetectError::Shape { model: entry.id.clone(), expected, found }
                }
                DecodeFault::Full { rows } => DetectError::Full { model: entry.id.clone(), rows },
                DecodeFault::Class { class, classes } => {
                    DetectError::Class { model: entry.id.clone(), class, classes }
                }
            })?;
        for candidate in &candidates {
            // Judged before it is cut: cut to the frame, nonsense would pass for "nobody there".
            if !candidate.is_sane(placement.input) {
                return Err(DetectError::Absurd { model: entry.id.clone() });
            }
            seen.extend(in_frame(candidate, placement, frame.size(), threshold));
        }
        Ok(())
    }
}

/// The candidate in frame space, cut to the frame; `None` where it lies in the padding and shows nothing.
fn in_frame(found: &Candidate, placement: &Placement, frame: FrameSize, threshold: f32) -> Option<Detection> {
    let area = placement.frame_from_input(&found.area);
    let (width, height) = (frame.width as f32, frame.height as f32);
    let area = BoxPx::new(
        area.x0.clamp(0.0, width),
        area.y0.clamp(0.0, height),
        area.x1.clamp(0.0, width),
        area.y1.clamp(0.0, height),
    );
    let (target, score) = (found.target, found.score);
    area.is_sound().then_some(Detection { target, area, score, weak: score < threshold })
}

/// Finds persons and faces, and what else is asked for. Belongs to one worker.
pub struct OnnxDetector {
    eyes: Vec<Eye>,
    nms_iou: f32,
    effort: Effort,
}

impl OnnxDetector {
    /// Where one network looks, and how.
    fn placements(&self, model: &Loaded, frame: FrameSize, extent: &Extent) -> Vec<Placement> {
        let all = |region: PxRect| self.effort.views.iter().map(move |view| (region, *view));
        let whole = |(region, view)| Placement::new(region, model.fit, view);
        match extent {
            Extent::Nothing => Vec::new(),
            Extent::Parts(parts) => {
                let part = |(part, view)| {
                    // An input of one size has no scale of its own: everything that fits is looked at.
                    Placement::part(part, frame, model.fit, view)
                        .unwrap_or_else(|| Placement::new(PxRect::whole(frame), model.fit, view))
                };
                parts.iter().flat_map(|region| all(*region)).map(part).collect()
            }
            Extent::Whole => {
                let mut regions = vec![PxRect::whole(frame)];
                if self.effort.tiling == TilingMode::Tile {
                    regions.extend(tiles::layout(frame, model.fit.tile_px()));
                }
                regions.into_iter().flat_map(all).map(whole).collect()
            }
        }
    }
}

impl Detector for OnnxDetector {
    fn detect(&mut self, frame: &RawFrame, look: &Look) -> Result<Vec<Detection>, DetectError> {
        let mut seen = Vec::new();
        for number in 0..self.eyes.len() {
            let model = Arc::clone(&self.eyes[number].model);
            let placements = self.placements(&model, frame.size(), look.at(model.entry.task.into()));
            for placement in placements {
                self.eyes[number].look(frame, &placement, look.keen, &mut seen)?;
            }
        }
        Ok(nms::suppress(seen, self.nms_iou))
    }
}

#[cfg(test)]
#[path = "network_tests.rs"]
mod tests;
