//! Where results go: one target per input, checked before anything is opened for writing.

use crate::error::{Exit, Failure};
use crate::video::sink::{Container, PartialFile, Placed, StillFormat};
use crate::video::source::StillKind;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// One input and everything that is written for it.
#[derive(Debug)]
pub(super) struct Target {
    /// The clip.
    pub(super) input: PathBuf,
    /// The redacted clip.
    pub(super) output: PathBuf,
    /// What is read and written.
    pub(super) kind: Kind,
    /// The report, where one is wanted.
    pub(super) report: Option<PathBuf>,
    /// The boxes, where they are wanted.
    pub(super) boxes: Option<PathBuf>,
    /// All corrections as a file, where one is to be written.
    pub(super) corrections: Option<PathBuf>,
}

/// What an input is, and what becomes of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A clip, into this container.
    Clip(Container),
    /// A still of the first kind, into the second.
    Still(StillKind, StillFormat),
}

impl Kind {
    /// The extension that an output gets where only its folder is named.
    fn extension(still: Option<StillKind>) -> &'static str {
        match still {
            None => "mp4",
            Some(StillKind::Jpeg) => "jpg",
            Some(StillKind::Png | StillKind::Webp) => "png",
        }
    }

    /// What the input's content and the output's name make together.
    fn of(still: Option<StillKind>, input: &Path, output: &Path) -> Result<Self, Failure> {
        let (container, format) = (Container::of(output), StillFormat::of(output));
        match (still, container, format) {
            (None, Some(container), _) => Ok(Self::Clip(container)),
            (Some(kind), _, Some(format)) => Ok(Self::Still(kind, format)),
            (None, None, _) => Err(usage(
                format!("{} says neither .mp4 nor .mkv", output.display()),
                "end the output's name in .mp4, which plays everywhere, or in .mkv",
            )),
            (Some(_), _, None) => Err(usage(
                format!(
                    "{} is a still, and {} says neither .png nor .jpg",
                    input.display(),
                    output.display()
                ),
                "end the output's name in .png, which keeps every pixel, or in .jpg",
            )),
        }
    }
}

/// The kind of still that a file holds, by its first bytes. A file that cannot be read is no still: opening it will
/// say why.
fn still_in(input: &Path) -> Option<StillKind> {
    // Opening a pipe would wait for ever.
    if !std::fs::metadata(input).is_ok_and(|meta| meta.is_file()) {
        return None;
    }
    let mut head = Vec::new();
    std::fs::File::open(input).and_then(|file| file.take(12).read_to_end(&mut head)).ok()?;
    StillKind::of(&head)
}

impl Target {
    /// Everything that is written.
    fn files(&self) -> impl Iterator<Item = &Path> {
        [Some(&self.output), self.report.as_ref(), self.boxes.as_ref(), self.corrections.as_ref()]
            .into_iter()
            .flatten()
            .map(PathBuf::as_path)
    }

    /// The folders that are written to.
    pub(super) fn folders(&self) -> impl Iterator<Item = PathBuf> {
        self.files().map(folder)
    }
}

/// The folder that a file lies in.
pub(super) fn folder(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn usage(sentence: impl std::fmt::Display, cure: impl std::fmt::Display) -> Failure {
    Failure::with_cure(Exit::Usage, sentence, cure)
}

/// A folder for results, made with its parents where it was not there. Those that it made and that are still empty
/// when it is dropped go again: a call that is refused or writes nothing leaves no folder behind.
#[derive(Debug)]
pub(super) struct OutDir {
    /// Made here, the innermost first.
    made: Vec<PathBuf>,
}

impl OutDir {
    /// Makes `dir`, if it is not there.
    pub(super) fn make(dir: &Path) -> Result<Self, Failure> {
        let missing = |path: &&Path| !path.as_os_str().is_empty() && path.symlink_metadata().is_err();
        let made = dir.ancestors().take_while(missing).map(Path::to_owned).collect();
        let out_dir = Self { made };
        std::fs::create_dir_all(dir).map_err(|e| cannot_write(dir, &e))?;
        Ok(out_dir)
    }
}

impl Drop for OutDir {
    fn drop(&mut self) {
        for path in &self.made {
            // Refused where something is in it, and that is right.
            let _ = std::fs::remove_dir(path);
        }
    }
}

/// Names the outputs of every input. `out_dir` is there already.
pub(super) fn plan(
    inputs: &[PathBuf],
    output: Option<&Path>,
    out_dir: Option<&Path>,
    report: Option<&Path>,
    boxes: Option<&Path>,
) -> Result<Vec<Target>, Failure> {
    if output.is_some() && inputs.len() > 1 {
        return Err(usage(
            format!("-o names one file, but there are {} inputs", inputs.len()),
            "give --out-dir DIR instead",
        ));
    }
    let mut stems: BTreeMap<std::ffi::OsString, &Path> = BTreeMap::new();
    inputs
        .iter()
        .map(|input| {
            let stem = input.file_stem().unwrap_or_default().to_owned();
            if let Some(other) = stems.insert(stem.clone(), input).filter(|_| out_dir.is_some()) {
                return Err(usage(
                    format!("{} and {} would get the same output name", other.display(), input.display()),
                    "redact them in two calls with different --out-dir",
                ));
            }
            let named = |suffix: &str| {
                let mut name = stem.clone();
                name.push(suffix);
                name
            };
            let still = still_in(input);
            let output = match (output, out_dir) {
                (Some(output), _) => output.to_owned(),
                (None, dir) => {
                    let name = named(&format!(".redacted.{}", Kind::extension(still)));
                    dir.unwrap_or(Path::new(".")).join(name)
                }
            };
            let kind = Kind::of(still, input, &output)?;
            let record = |path: Option<&Path>, suffix| match path {
                Some(path) if path.is_dir() => Ok(Some(path.join(named(suffix)))),
                Some(path) if inputs.len() > 1 => Err(usage(
                    format!("{} is one file for {} inputs", path.display(), inputs.len()),
                    format!("make a folder of that name; each clip's record goes into it as STEM{suffix}"),
                )),
                path => Ok(path.map(Path::to_owned)),
            };
            Ok(Target {
                input: input.clone(),
                output,
                kind,
                report: record(report, ".report.json")?,
                boxes: record(boxes, ".boxes.txt")?,
                corrections: None,
            })
        })
        .collect()
}

/// Refuses, before anything is written: an output that is an input or a settings file under any name, two outputs
/// of one name, an output that exists without `--force`, a folder that is not there.
pub(super) fn check(targets: &[Target], inputs: &[&Path], force: bool) -> Result<(), Failure> {
    let files: Vec<&Path> = targets.iter().flat_map(Target::files).collect();
    check_files(&files, inputs, force)
}

/// The same for any files.
pub(super) fn check_files(files: &[&Path], inputs: &[&Path], force: bool) -> Result<(), Failure> {
    let identity = |path: &Path| std::fs::metadata(path).ok().map(|m| (m.dev(), m.ino()));
    let protected: Vec<_> = inputs.iter().filter_map(|path| Some((identity(path)?, path))).collect();
    let mut seen = BTreeSet::new();
    for file in files {
        let Some(name) = file.file_name() else {
            return Err(usage(format!("{} is no file name", file.display()), "name the file to write"));
        };
        let place = folder(file);
        let place = place.canonicalize().map_err(|_| {
            usage(
                format!("the folder {} of {} does not exist", place.display(), file.display()),
                "make it, or choose another folder",
            )
        })?;
        if !seen.insert(place.join(name)) {
            return Err(usage(
                format!("{} would be written twice", file.display()),
                "give every output its own name",
            ));
        }
        if let Some((_, input)) =
            identity(file).and_then(|id| protected.iter().find(|(other, _)| *other == id))
        {
            return Err(usage(
                format!("{} is the same file as the input {}", file.display(), input.display()),
                "choose another name; an input is never replaced, not even with --force",
            ));
        }
        if file.is_dir() {
            return Err(usage(format!("{} is a folder", file.display()), "name the file to write"));
        }
        if !force && file.symlink_metadata().is_ok() {
            return Err(usage(
                format!("{} exists already", file.display()),
                "choose another name, or replace it with --force",
            ));
        }
    }
    Ok(())
}

/// A file that cannot be written, and why.
pub(super) fn cannot_write(path: &Path, e: &io::Error) -> Failure {
    let sentence = format!("{} cannot be written: {e}", path.display());
    match e.kind() {
        io::ErrorKind::AlreadyExists => Failure::with_cure(
            Exit::Usage,
            format!("{} exists already", path.display()),
            "choose another name, or replace it with --force",
        ),
        io::ErrorKind::StorageFull => {
            Failure::with_cure(Exit::Pipeline, sentence, "make room, or choose another folder")
        }
        io::ErrorKind::PermissionDenied => {
            Failure::with_cure(Exit::Pipeline, sentence, "choose a folder that you may write to")
        }
        _ => Failure::new(Exit::Pipeline, sentence),
    }
}

/// Gives all files their names, the clip last: a clip under its final name has its records beside it. Where a name
/// is refused, those given before are taken back, and the files that had them before have them again.
pub(super) fn commit(records: Vec<PartialFile>, clip: PartialFile) -> Result<(), Failure> {
    let files: Vec<PartialFile> = records.into_iter().chain([clip]).collect();
    for file in &files {
        file.sync().map_err(|e| cannot_write(file.target(), &e))?;
    }
    let mut placed: Vec<Placed> = Vec::new();
    for file in files {
        let name = file.target().to_owned();
        match file.place() {
            Ok(file) => placed.push(file),
            Err(e) => {
                placed.into_iter().rev().for_each(Placed::undo);
                return Err(cannot_write(&name, &e));
            }
        }
    }
    placed.into_iter().for_each(Placed::keep);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::sink::Overwrite;
    use std::io::Write;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).expect("a folder");
        let name = |e: io::Result<std::fs::DirEntry>| e.expect("an entry").file_name();
        let mut names: Vec<_> = entries.map(|e| name(e).to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Commits r.json (an older one is there) and b.txt (there is none) in one folder and the clip (an older one is
    /// there) in another, after `spoil` did something to the clip's name; gives back the folders.
    fn forced(spoil: impl FnOnce(&Path)) -> (Result<(), Failure>, tempfile::TempDir) {
        let dir = tempfile::tempdir().expect("a folder");
        let (records, clips) = (dir.path().join("records"), dir.path().join("clips"));
        let files = [records.join("r.json"), records.join("b.txt"), clips.join("out.mp4")];
        for folder in [&records, &clips] {
            std::fs::create_dir(folder).expect("made");
        }
        for file in [&files[0], &files[2]] {
            std::fs::write(file, "old").expect("written");
        }
        let [report, boxes, clip] = files.each_ref().map(|path| {
            let file = PartialFile::create(path, Overwrite::Replace).expect("created");
            file.file().write_all(b"new").expect("written");
            file
        });
        spoil(&files[2]);
        (commit(vec![report, boxes], clip), dir)
    }

    #[test]
    fn force_replaces_all() {
        let (done, dir) = forced(|_| {});
        done.expect("committed");
        assert_eq!(names(&dir.path().join("records")), ["b.txt", "r.json"]);
        assert_eq!(names(&dir.path().join("clips")), ["out.mp4"]);
        for name in ["records/r.json", "records/b.txt", "clips/out.mp4"] {
            assert_eq!(std::fs::read(dir.path().join(name)).expect("there"), b"new", "{name}");
        }
    }

    #[test]
    fn where_the_clip_fails_older_records_are_as_they_were() {
        let vanished =
            |clip: &Path| std::fs::remove_dir_all(clip.parent().expect("a folder")).expect("removed");
        let taken = |clip: &Path| {
            std::fs::remove_file(clip).expect("removed");
            std::fs::create_dir(clip).expect("made");
        };
        for spoil in [vanished as fn(&Path), taken] {
            let (done, dir) = forced(spoil);
            assert_eq!(done.expect_err("no clip").exit, Exit::Pipeline);
            assert_eq!(names(&dir.path().join("records")), ["r.json"]);
            assert_eq!(std::fs::read(dir.path().join("records/r.json")).expect("there"), b"old");
        }
    }

    #[test]
    fn only_what_was_made_and_stayed_empty_goes_again() {
        let dir = tempfile::tempdir().expect("a folder");
        let inner = dir.path().join("a/b");
        let made = OutDir::make(&inner).expect("made");
        assert!(inner.is_dir());
        drop(made);
        assert_eq!(names(dir.path()), [""; 0]);
        let made = OutDir::make(&inner).expect("made");
        std::fs::write(dir.path().join("a/file"), "x").expect("written");
        drop(made);
        assert_eq!(names(&dir.path().join("a")), ["file"]);
        std::fs::create_dir(&inner).expect("made");
        drop(OutDir::make(&inner).expect("there already"));
        assert!(inner.is_dir(), "it was there before");
        OutDir::make(&dir.path().join("a/file/c")).expect_err("a file is in the way");
        OutDir::make(&dir.path().join("new/../a/file")).expect_err("a file is in the way");
        assert_eq!(names(dir.path()), ["a"]);
    }
}
