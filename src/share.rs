//! Where the weights and the ONNX Runtime library of this installation lie.
//!
//! Looks, never writes, and opens nothing: whether a file is the right one is for the room that loads it. A place
//! named by the operator is the only one looked at; a wrong name must not end in another model than the one meant.

use std::path::{Path, PathBuf};

/// Environment variable that names the models folder.
pub const MODELS_VARIABLE: &str = "MELKGLAS_MODELS";
/// Environment variable that names the ONNX Runtime library, a file.
pub const LIBRARY_VARIABLE: &str = "MELKGLAS_ONNXRUNTIME";
/// What makes a folder a models folder.
pub const MANIFEST_NAME: &str = "manifest.toml";
/// How the library's file name begins, before any version number.
const LIBRARY_NAME: &str = "libonnxruntime.so";

/// The models folder and the library, both present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareDirs {
    /// The folder that holds `manifest.toml` and the weights beside it.
    pub models: PathBuf,
    /// The ONNX Runtime library file.
    pub library: PathBuf,
}

/// What could not be found, with every place looked at and the cure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    /// No folder with a manifest.
    #[error(
        "no models found: there is no {MANIFEST_NAME} in {}; run scripts/setup, or name the folder with --models \
         or {MODELS_VARIABLE}",
        list(.looked)
    )]
    Models {
        /// The folders looked at, in order.
        looked: Vec<PathBuf>,
    },
    /// No library.
    #[error(
        "no ONNX Runtime found: there is no {LIBRARY_NAME} at {}; run scripts/setup, or name the file with \
         {LIBRARY_VARIABLE}",
        list(.looked)
    )]
    Library {
        /// The files and folders looked at, in order.
        looked: Vec<PathBuf>,
    },
}

fn list(places: &[PathBuf]) -> String {
    places.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// Where to look, in order. Pure data, so that the search can be tested anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Candidates {
    /// Folders that may hold the manifest.
    pub models: Vec<PathBuf>,
    /// Library files, or folders that may hold one.
    pub libraries: Vec<PathBuf>,
}

impl Candidates {
    /// The places of this installation: what the operator named, or else the folders beside the program, in
    /// `/usr/share`, and in the checkout that it was built from.
    #[must_use]
    pub fn of_this_process(models: Option<&Path>) -> Self {
        let variable = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        // The link is resolved so that a program linked into a bin folder still finds its own share.
        let program = std::env::current_exe().and_then(|p| p.canonicalize()).ok();
        Self::new(
            models.map(Path::to_path_buf).or_else(|| variable(MODELS_VARIABLE)),
            variable(LIBRARY_VARIABLE),
            program.as_deref(),
            Path::new(env!("CARGO_MANIFEST_DIR")),
        )
    }

    /// The places to look at for a program at `program` that was built from `checkout`.
    #[must_use]
    pub fn new(
        models: Option<PathBuf>,
        library: Option<PathBuf>,
        program: Option<&Path>,
        checkout: &Path,
    ) -> Self {
        let prefix = program.and_then(Path::parent).and_then(Path::parent);
        let roots: Vec<PathBuf> = prefix
            .map(|prefix| prefix.join("share/melkglas"))
            .into_iter()
            .chain([PathBuf::from("/usr/share/melkglas"), checkout.to_path_buf()])
            .collect();
        let in_roots = |folder: &str| roots.iter().map(|root| root.join(folder)).collect::<Vec<_>>();
        Self {
            models: models.map_or_else(|| in_roots("models"), |named| vec![named]),
            libraries: library.map_or_else(|| in_roots("lib"), |named| vec![named]),
        }
    }

    /// The first folder that holds a manifest.
    ///
    /// # Errors
    /// [`ShareError::Models`] with every folder looked at.
    pub fn models(&self) -> Result<PathBuf, ShareError> {
        let found = self.models.iter().find(|folder| folder.join(MANIFEST_NAME).is_file());
        found.cloned().ok_or_else(|| ShareError::Models { looked: self.models.clone() })
    }

    /// The first library, of the highest version where a folder holds several.
    ///
    /// # Errors
    /// [`ShareError::Library`] with every place looked at.
    pub fn library(&self) -> Result<PathBuf, ShareError> {
        let found = self
            .libraries
            .iter()
            .find_map(|place| if place.is_file() { Some(place.clone()) } else { newest_library(place) });
        found.ok_or_else(|| ShareError::Library { looked: self.libraries.clone() })
    }
}

impl ShareDirs {
    /// Both, from the places of this installation. `models` is the operator's own folder, where one is named.
    ///
    /// # Errors
    /// [`ShareError`], the models first.
    pub fn find(models: Option<&Path>) -> Result<Self, ShareError> {
        Self::search(&Candidates::of_this_process(models))
    }

    /// Both, from the given places.
    ///
    /// # Errors
    /// [`ShareError`], the models first.
    pub fn search(candidates: &Candidates) -> Result<Self, ShareError> {
        Ok(Self { models: candidates.models()?, library: candidates.library()? })
    }
}

fn newest_library(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    entries
        .flatten()
        .filter_map(|entry| Some((version(entry.file_name().to_str()?)?, entry.path())))
        .filter(|(_, path)| path.is_file())
        .max()
        .map(|(_, path)| path)
}

/// `[1, 31, 1]` for `libonnxruntime.so.1.31.1`, nothing for the bare name, `None` for any other file.
fn version(name: &str) -> Option<Vec<u32>> {
    let rest = name.strip_prefix(LIBRARY_NAME)?;
    if rest.is_empty() {
        return Some(Vec::new());
    }
    rest.strip_prefix('.')?.split('.').map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn touch(path: &Path) {
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, b"").expect("written");
    }

    #[test]
    fn the_nearest_place_wins() {
        let dir = tempfile::tempdir().expect("a folder");
        let (prefix, checkout) = (dir.path().join("opt"), dir.path().join("src"));
        let program = prefix.join("bin/melkglas");
        let candidates = Candidates::new(None, None, Some(&program), &checkout);
        assert_eq!(candidates.models.len(), 3);

        touch(&checkout.join("models/manifest.toml"));
        touch(&checkout.join("lib/libonnxruntime.so.1.31.1"));
        let found = ShareDirs::search(&candidates);
        assert_eq!(found.map(|f| f.models), Ok(checkout.join("models")));

        touch(&prefix.join("share/melkglas/models/manifest.toml"));
        touch(&prefix.join("share/melkglas/lib/libonnxruntime.so"));
        let found = ShareDirs::search(&candidates).expect("both are there");
        assert_eq!(found.models, prefix.join("share/melkglas/models"));
        assert_eq!(found.library, prefix.join("share/melkglas/lib/libonnxruntime.so"));
    }

    #[test]
    fn a_named_place_is_the_only_one() {
        let dir = tempfile::tempdir().expect("a folder");
        touch(&dir.path().join("models/manifest.toml"));
        touch(&dir.path().join("lib/libonnxruntime.so"));
        let wrong = dir.path().join("elsewhere");
        let candidates = Candidates::new(Some(wrong.clone()), Some(wrong.clone()), None, dir.path());
        assert_eq!(candidates.models(), Err(ShareError::Models { looked: vec![wrong.clone()] }));
        assert_eq!(candidates.library(), Err(ShareError::Library { looked: vec![wrong] }));
    }

    #[test]
    fn the_error_lists_places_and_cure() {
        let candidates =
            Candidates::new(None, None, Some(Path::new("/nowhere/bin/x")), Path::new("/checkout"));
        let text = candidates.models().map_err(|e| e.to_string()).expect_err("nothing there");
        for part in ["/nowhere/share/melkglas/models", "/checkout/models", "scripts/setup", "--models"] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn the_highest_version_is_taken() {
        let dir = tempfile::tempdir().expect("a folder");
        for name in ["libonnxruntime.so", "libonnxruntime.so.1.9.0", "libonnxruntime.so.1.31.1"] {
            touch(&dir.path().join(name));
        }
        touch(&dir.path().join("libonnxruntime.so.old"));
        touch(&dir.path().join("libonnxruntime_providers_shared.so"));
        assert_eq!(newest_library(dir.path()), Some(dir.path().join("libonnxruntime.so.1.31.1")));
    }
}
