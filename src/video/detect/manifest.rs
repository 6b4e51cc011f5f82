//! The models' manifest, `models/manifest.toml`, and the one way to a weight file's bytes: past its SHA-256.
//!
//! A weight file is read once; the bytes that were hashed are the bytes that a session is built from, so nobody
//! can swap the file between the check and the load.

use super::DetectError;
use super::classes::Classes;
use super::letterbox::Fit;
use crate::digest::sha256_hex;
use crate::geometry::FrameSize;
use crate::share::MANIFEST_NAME;
use crate::video::plan::Target;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

/// How a network's output is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Family {
    /// NanoDet: distances from grid cells, as distributions.
    Nanodet,
    /// CenterFace: a heat map of face centres.
    Centerface,
    /// YOLOX: boxes, objectness and class scores on three grids.
    Yolox,
    /// RTMDet: finished boxes, non-maximum suppression inside.
    Rtmdet,
    /// YuNet: faces on three grids.
    Yunet,
}

impl Family {
    /// True where networks of this family find faces and nothing else.
    #[must_use]
    pub fn is_for_faces(self) -> bool {
        matches!(self, Self::Centerface | Self::Yunet)
    }

    /// The coarsest grid that the network works on, pixels: its input's sides must be multiples of it.
    #[must_use]
    pub fn stride_px(self) -> u32 {
        32
    }

    /// The classes of a model whose entry names none: those that the family is published with.
    #[must_use]
    pub fn usual_classes(self) -> Classes {
        match self {
            Self::Nanodet | Self::Yolox => Classes::Coco,
            // An RTMDet of 80 classes read as one hides chairs too; the other way round it would hide nobody.
            Self::Centerface | Self::Rtmdet | Self::Yunet => Classes::Single,
        }
    }

    /// The threshold of a model whose scores nobody has measured here: low, as a miss costs more than a grey box.
    #[must_use]
    pub fn usual_threshold(self) -> f32 {
        match self {
            Self::Nanodet | Self::Centerface | Self::Yolox | Self::Rtmdet => 0.2,
            // The root of a product of two scores: what others give 0.1 has more than 0.3 here.
            Self::Yunet => 0.4,
        }
    }

    /// The input that networks of this family are published with: NanoDet and RTMDet normalise by ImageNet's mean
    /// and deviation, the others take 0..=255. The padding is what each was trained with: black for the faces, the
    /// mean for NanoDet, 114 for YOLOX; RTMDet's 114 lies within a fifth of a deviation of its mean.
    #[must_use]
    pub fn usual_input(self) -> InputForm {
        let (order, mean, std, pad) = match self {
            Self::Nanodet | Self::Rtmdet => {
                (PlaneOrder::Bgr, [103.53, 116.28, 123.675], [57.375, 57.12, 58.395], 0.0)
            }
            Self::Centerface => (PlaneOrder::Rgb, [0.0; 3], [1.0; 3], 0.0),
            Self::Yolox => (PlaneOrder::Bgr, [0.0; 3], [1.0; 3], 114.0),
            Self::Yunet => (PlaneOrder::Bgr, [0.0; 3], [1.0; 3], 0.0),
        };
        InputForm { order, mean, std, multiple_of: self.stride_px(), pad, size: None }
    }

    /// The word in the manifest and in flags.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Nanodet => "nanodet",
            Self::Centerface => "centerface",
            Self::Yolox => "yolox",
            Self::Rtmdet => "rtmdet",
            Self::Yunet => "yunet",
        }
    }
}

/// Order of the colour planes in a network's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlaneOrder {
    /// Blue first.
    Bgr,
    /// Red first.
    Rgb,
}

/// How a picture becomes a network's input: `(value - mean) / std` on values `0..=255`, planes in `order`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputForm {
    /// Order of the planes; `mean` and `std` are in the same order.
    pub order: PlaneOrder,
    /// Taken off each plane.
    pub mean: [f32; 3],
    /// Divides each plane, after that.
    pub std: [f32; 3],
    /// Both sides of the input are multiples of this many pixels.
    pub multiple_of: u32,
    /// Value of the tensor beside the picture, after normalisation.
    pub pad: f32,
    /// Width and height of the input, where the graph takes no other, pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<[u32; 2]>,
}

impl InputForm {
    /// How a picture is fitted; `longer_px` is the site's wish, where the graph leaves the choice.
    pub(super) fn fit(&self, longer_px: u32) -> Fit {
        match self.size {
            Some([width, height]) => Fit::Exactly(FrameSize { width, height }),
            None => Fit::Longer { px: longer_px, multiple_of: self.multiple_of },
        }
    }
}

/// One model of the manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelEntry {
    /// Its name, unique in the manifest.
    pub id: String,
    /// What it looks for.
    pub task: Task,
    /// How its output is read.
    pub family: Family,
    /// The classes that it tells apart; left out, those that the family is published with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Classes>,
    /// The weight file, beside the manifest.
    pub file: String,
    /// SHA-256 of the weight file, hexadecimal.
    pub sha256: String,
    /// Licence of the weights.
    pub licence: String,
    /// Where they come from and how they were made.
    pub origin: String,
    /// Lowest score that counts where the site names none.
    pub default_threshold: f32,
    /// How its input is made.
    pub input: InputForm,
}

/// A task in the manifest's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Finding persons.
    Person,
    /// Finding faces.
    Face,
}

impl Task {
    /// The word in the manifest and in flags.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Face => "face",
        }
    }
}

impl From<Task> for Target {
    fn from(task: Task) -> Self {
        match task {
            Task::Person => Self::Person,
            Task::Face => Self::Face,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestFile {
    schema: u32,
    #[serde(default)]
    model: Vec<ModelEntry>,
}

/// The checked manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The models, in the order of the file.
    pub models: Vec<ModelEntry>,
}

impl Manifest {
    /// Reads and checks `manifest.toml` in `folder`.
    ///
    /// # Errors
    /// [`DetectError::ModelMissing`] where it cannot be read, [`DetectError::Manifest`] where it is refused.
    pub fn read(folder: &Path) -> Result<Self, DetectError> {
        let path = folder.join(MANIFEST_NAME);
        let text = std::fs::read_to_string(&path)
            .map_err(|e| DetectError::ModelMissing { path: path.clone(), reason: e.to_string() })?;
        Self::parse(&text).map_err(|fault| DetectError::Manifest { path, fault })
    }

    /// Checks the text of a manifest.
    ///
    /// # Errors
    /// What is wrong, with line and column for a fault of form, with the model's id for a fault of sense.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: ManifestFile = toml::from_str(text).map_err(|e| e.to_string())?;
        let mut faults = Vec::new();
        if file.schema != 1 {
            faults.push(format!("schema {} is not known here; write schema = 1", file.schema));
        }
        let mut ids = HashSet::new();
        for model in &file.model {
            if !ids.insert(&model.id) {
                faults.push(format!("two models are named \"{}\"", model.id));
            }
            faults.extend(model.faults().into_iter().map(|fault| format!("model \"{}\": {fault}", model.id)));
        }
        if faults.is_empty() { Ok(Self { models: file.model }) } else { Err(faults.join("; ")) }
    }

    /// The model used for a task where none is named: the first one listed.
    ///
    /// # Errors
    /// [`DetectError::NoModel`] where none is listed: a detector that does not look misses everybody.
    pub fn model_for(&self, task: Task) -> Result<&ModelEntry, DetectError> {
        self.models.iter().find(|m| m.task == task).ok_or(DetectError::NoModel { task })
    }

    /// The models in use: those named, or the first one of each task where none is.
    ///
    /// # Errors
    /// [`DetectError::UnknownModel`] for a name that is not listed, [`DetectError::NoModel`] and
    /// [`DetectError::NoneNamed`] where nothing would look for persons or for faces.
    pub fn in_use(&self, named: &[String]) -> Result<Vec<&ModelEntry>, DetectError> {
        let tasks = [Task::Person, Task::Face];
        if named.is_empty() {
            return tasks.into_iter().map(|task| self.model_for(task)).collect();
        }
        let mut models: Vec<&ModelEntry> = Vec::new();
        for name in named {
            let model = self.named(name)?;
            // Named twice, it looks once.
            if !models.contains(&model) {
                models.push(model);
            }
        }
        match tasks.into_iter().find(|task| models.iter().all(|m| m.task != *task)) {
            Some(task) => Err(DetectError::NoneNamed { task, listed: self.ids(|m| m.task == task) }),
            None => Ok(models),
        }
    }

    /// The model of this name.
    ///
    /// # Errors
    /// [`DetectError::UnknownModel`].
    pub fn named(&self, name: &str) -> Result<&ModelEntry, DetectError> {
        let found = self.models.iter().find(|m| m.id == name);
        found.ok_or_else(|| DetectError::UnknownModel { name: name.to_owned(), listed: self.ids(|_| true) })
    }

    fn ids(&self, of: impl Fn(&ModelEntry) -> bool) -> String {
        let ids: Vec<&str> = self.models.iter().filter(|m| of(m)).map(|m| m.id.as_str()).collect();
        if ids.is_empty() { "none".to_owned() } else { ids.join(", ") }
    }
}

impl ModelEntry {
    /// The classes that it tells apart.
    #[must_use]
    pub fn classes(&self) -> Classes {
        self.classes.unwrap_or_else(|| self.family.usual_classes())
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut check = |holds: bool, fault: &str| {
            if !holds {
                faults.push(fault.to_owned());
            }
        };
        let input = &self.input;
        check(self.task == Task::Face || !self.family.is_for_faces(), "this family finds faces, not persons");
        check(
            self.classes() == Classes::Single || !self.family.is_for_faces(),
            "this family knows no classes; leave `classes` out",
        );
        check(
            self.classes() == Classes::Single || self.task == Task::Person,
            "COCO's classes hold no faces; a face model of this family needs classes = \"single\"",
        );
        let stride = self.family.stride_px();
        check(
            input.size.is_none_or(|size| {
                size.iter().all(|side| (64..=4096).contains(side) && side.is_multiple_of(stride))
            }),
            "input.size must be width and height, 64 to 4096 pixels, multiples of the family's coarsest stride",
        );
        check(
            Path::new(&self.file).file_name().is_some_and(|name| name == self.file.as_str()),
            "file must be the bare name of a file beside the manifest",
        );
        check(
            self.sha256.len() == 64 && self.sha256.bytes().all(|b| b.is_ascii_hexdigit()),
            "sha256 must be 64 hexadecimal digits",
        );
        check(
            self.default_threshold > 0.0 && self.default_threshold < 1.0,
            "default_threshold must lie between 0 and 1",
        );
        check(input.mean.iter().all(|v| v.is_finite()), "input.mean must hold numbers");
        check(input.std.iter().all(|v| v.is_finite() && *v > 0.0), "input.std must hold numbers above 0");
        check(input.pad.is_finite(), "input.pad must be a number");
        check(
            (1..=1024).contains(&input.multiple_of)
                && input.multiple_of.is_multiple_of(self.family.stride_px()),
            "input.multiple_of must be a multiple of the family's coarsest stride, and at most 1024",
        );
        faults
    }

    /// The weight file's bytes, their SHA-256 checked.
    ///
    /// # Errors
    /// [`DetectError::ModelMissing`] where the file cannot be read, [`DetectError::HashMismatch`] where it is
    /// not the file that the manifest names.
    pub fn load(&self, folder: &Path) -> Result<Arc<[u8]>, DetectError> {
        let path = folder.join(&self.file);
        let bytes = std::fs::read(&path)
            .map_err(|e| DetectError::ModelMissing { path: path.clone(), reason: e.to_string() })?;
        let found = sha256_hex(&bytes);
        if found.eq_ignore_ascii_case(&self.sha256) {
            Ok(bytes.into())
        } else {
            Err(DetectError::HashMismatch { path, expected: self.sha256.clone(), found })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
schema = 1
[[model]]
id = "a"
task = "person"
family = "nanodet"
file = "a.onnx"
sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
licence = "Apache-2.0"
origin = "a test"
default_threshold = 0.2
[model.input]
order = "bgr"
mean = [1.0, 2.0, 3.0]
std = [1.0, 1.0, 1.0]
multiple_of = 32
pad = 0.0
"#;

    #[test]
    fn a_good_manifest_is_read() {
        let manifest = Manifest::parse(GOOD).expect("it is good");
        assert_eq!(manifest.model_for(Task::Person).map(|m| m.id.as_str()).ok(), Some("a"));
        assert!(matches!(manifest.model_for(Task::Face), Err(DetectError::NoModel { task: Task::Face })));
        assert_eq!(manifest.models[0].classes(), Classes::Coco);
    }

    #[test]
    fn models_are_the_first_of_each_task_or_those_named() {
        let entry = |id: &str, task: &str, family: &str| {
            let text = GOOD.replace("schema = 1", "").replace("id = \"a\"", &format!("id = \"{id}\""));
            text.replace("\"person\"", &format!("\"{task}\"")).replace("nanodet", family)
        };
        let text = format!(
            "schema = 1{}{}{}{}",
            entry("p1", "person", "nanodet"),
            entry("f1", "face", "yunet"),
            entry("p2", "person", "yolox"),
            entry("f2", "face", "centerface"),
        );
        let manifest = Manifest::parse(&text).expect("it is good");
        let check = |named: &[&str], expect: Result<&[&str], &str>| {
            let named: Vec<String> = named.iter().map(|n| (*n).to_owned()).collect();
            let found =
                manifest.in_use(&named).map(|all| all.iter().map(|m| m.id.as_str()).collect::<Vec<_>>());
            match (found, expect) {
                (Ok(found), Ok(expect)) => assert_eq!(found, expect),
                (Err(fault), Err(expect)) => assert!(fault.to_string().contains(expect), "{fault}"),
                (found, _) => panic!("{named:?}: {found:?}"),
            }
        };
        check(&[], Ok(&["p1", "f1"]));
        check(&["p2", "f2"], Ok(&["p2", "f2"]));
        check(&["f1", "p2", "p1", "p2"], Ok(&["f1", "p2", "p1"]));
        check(&["p2", "f3"], Err("f3"));
        check(&["p1", "p2"], Err("f1, f2"));
        check(&["f1"], Err("p1, p2"));
    }

    #[test]
    fn faults_are_named() {
        let check = |from: &str, to: &str, expect: &str| {
            assert!(GOOD.contains(from), "the test changes nothing: {from}");
            let fault = Manifest::parse(&GOOD.replace(from, to)).expect_err("it is bad");
            assert!(fault.contains(expect), "{fault}");
        };
        check("pad = 0.0", "pad = 0.0\nshade = 2", "line 18");
        check("family = \"nanodet\"", "family = \"guess\"", "guess");
        check("schema = 1", "schema = 2", "schema = 1");
        check("task = \"person\"", "task = \"face\"", "model \"a\"");
        check("family = \"nanodet\"", "family = \"centerface\"", "finds faces");
        check(
            "task = \"person\"\nfamily = \"nanodet\"",
            "task = \"face\"\nfamily = \"yunet\"\nclasses = \"coco\"",
            "leave `classes` out",
        );
        check("pad = 0.0", "pad = 0.0\nsize = [640, 100]", "input.size");
        check("pad = 0.0", "pad = 0.0\nsize = [32, 640]", "input.size");
        check("a.onnx", "../a.onnx", "bare name");
        check("multiple_of = 32", "multiple_of = 8", "multiple_of");
        check("0.2", "nan", "default_threshold");
        check("std = [1.0", "std = [0.0", "input.std");
        check("ba7816bf", "xx", "sha256");
        let twice = format!("{GOOD}{}", GOOD.replace("schema = 1", ""));
        assert!(Manifest::parse(&twice).expect_err("it is bad").contains("two models"));
    }

    #[test]
    fn only_the_named_bytes_load() {
        let dir = tempfile::tempdir().expect("a folder");
        let manifest = Manifest::parse(GOOD).expect("it is good");
        let model = &manifest.models[0];
        assert!(matches!(model.load(dir.path()), Err(DetectError::ModelMissing { .. })));
        std::fs::write(dir.path().join("a.onnx"), b"abc").expect("written");
        assert_eq!(model.load(dir.path()).expect("the digest of FIPS 180's example").as_ref(), b"abc");
        std::fs::write(dir.path().join("a.onnx"), b"abd").expect("written");
        match model.load(dir.path()) {
            Err(DetectError::HashMismatch { expected, found, .. }) => {
                assert_eq!(expected, model.sha256);
                assert!(found.starts_with("a52d159f"), "{found}");
            }
            other => panic!("a swapped file was loaded: {other:?}"),
        }
    }
}
