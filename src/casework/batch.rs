//! Many clips: which are finished, which are to be done, who does them side by side, and what came of each.
//!
//! A clip is finished where its report stands beside its output, names this source and has the output's hash; nothing
//! else is kept, so a kill at any moment loses only what was under way. Work itself is done by whoever calls: a function
//! that redacts one clip into a named file with a named report, or says why not. Nothing of a clip that failed stays
//! under its name.

use super::audit::Hash256;
use super::report::now;
use super::report_read::ReportRead;
use crate::digest::sha256_of_file;
use crate::interrupt::Interrupt;
use crate::video::sink::{Overwrite, PartialFile};
use rustix::fs::{FlockOperation, flock};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Version of the form of [`BatchSummary`].
pub const BATCH_VERSION: u32 = 1;
/// The file that says with which options a folder was begun.
const LEDGER: &str = "batch.json";

/// Why a batch cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// Two clips would get the same output.
    #[error("{} and {} would get the same output name", .0.display(), .1.display())]
    SameName(PathBuf, PathBuf),
    /// The folder was begun with other options.
    #[error("{} holds a batch that was begun with other options", .0.display())]
    OtherOptions(PathBuf),
    /// Another run is at work in it.
    #[error("another run is at work in {}", .0.display())]
    Busy(PathBuf),
    /// A thread could not be started.
    #[error("a worker thread failed: {0}")]
    Thread(String),
    /// Reading or writing failed.
    #[error("{} cannot be used: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// One clip and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchItem {
    /// The clip.
    pub clip: PathBuf,
    /// The masked clip.
    pub output: PathBuf,
    /// Its report.
    pub report: PathBuf,
}

/// How the work on one clip ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// Output and report are there.
    Done,
    /// They are not.
    Failed {
        /// The exit code.
        exit: u8,
        /// Why, in a sentence.
        says: String,
    },
}

/// What came of one clip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemState {
    /// It was masked in this run.
    Done,
    /// It was finished before.
    Kept,
    /// It failed.
    Failed,
    /// The run was stopped before.
    NotRun,
}

/// One row of the summary.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BatchRow {
    /// Name of the clip's file.
    pub clip: String,
    /// What came of it.
    pub state: ItemState,
    /// Exit code and sentence, where it failed.
    pub failure: Option<(u8, String)>,
    /// Name of the masked clip, where there is one.
    pub output: Option<String>,
    /// Its SHA-256.
    pub output_sha256: Option<Hash256>,
    /// Name of the report.
    pub report: Option<String>,
    /// Frames.
    pub frames: u64,
    /// Of these, covered whole.
    pub covered: u64,
    /// Frames in which somebody was found.
    pub frames_with_people: u64,
    /// Whether all of the source is accounted for.
    pub completeness: Option<String>,
    /// Seconds that it took in this run.
    pub secs: f64,
}

/// What came of all.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BatchSummary {
    /// [`BATCH_VERSION`].
    pub batch: u32,
    /// When, UTC.
    pub written_at: String,
    /// Clips by what came of them.
    pub counts: BTreeMap<&'static str, usize>,
    /// Clip by clip, in the order of their names.
    pub clips: Vec<BatchRow>,
}

impl BatchSummary {
    /// Of these rows, in their order.
    #[must_use]
    pub fn of(clips: Vec<BatchRow>) -> Self {
        let mut counts = BTreeMap::new();
        for row in &clips {
            *counts.entry(row.state.word()).or_default() += 1;
        }
        Self { batch: BATCH_VERSION, written_at: now(), counts, clips }
    }

    /// As a file of JSON.
    #[must_use]
    pub fn json(&self) -> String {
        format!("{:#}\n", json!(self))
    }

    /// As a page, with the strip of masked pictures, JPEG, that `strip` gives for each clip by its number.
    ///
    /// # Errors
    /// It cannot be written, or a strip cannot be had.
    pub fn write_page(
        &self,
        to: &mut dyn io::Write,
        mut strip: impl FnMut(usize) -> io::Result<Vec<Vec<u8>>>,
    ) -> io::Result<()> {
        super::batch_page::write(self, to, &mut |number| strip(number).map(Some))
    }

    /// Whether every clip is finished.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.clips.iter().all(|row| matches!(row.state, ItemState::Done | ItemState::Kept))
    }
}

/// Does `count` pieces of work by their number, `jobs` at a time, and gives what came of each, in their order.
///
/// # Errors
/// [`BatchError::Thread`].
pub fn side_by_side<T: Send>(
    jobs: usize,
    count: usize,
    work: impl Fn(usize) -> T + Sync,
) -> Result<Vec<T>, BatchError> {
    let next = AtomicUsize::new(0);
    let made: Mutex<BTreeMap<usize, T>> = Mutex::default();
    let one = || {
        while let Some(i) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|i| *i < count) {
            let done = work(i);
            made.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(i, done);
        }
    };
    std::thread::scope(|scope| -> Result<(), BatchError> {
        for i in 0..jobs.clamp(1, count.max(1)) {
            let thread = std::thread::Builder::new().name(format!("batch-{i}"));
            thread.spawn_scoped(scope, one).map_err(|e| BatchError::Thread(e.to_string()))?;
        }
        Ok(())
    })?;
    Ok(made.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).into_values().collect())
}

/// Clips and the folder that they go into.
#[derive(Debug)]
pub struct Batch {
    dir: PathBuf,
    items: Vec<BatchItem>,
    ledger: File,
}

impl Batch {
    /// Names the outputs in `dir`, which is there, and takes it for this run. `options` stands for all that the outputs
    /// depend on beside the clips.
    ///
    /// # Errors
    /// [`BatchError`].
    pub fn open(clips: &[PathBuf], dir: &Path, options: &str) -> Result<Self, BatchError> {
        let mut stems: BTreeMap<OsString, &PathBuf> = BTreeMap::new();
        for clip in clips {
            let stem = clip.file_stem().unwrap_or_default().to_owned();
            if let Some(other) = stems.insert(stem, clip) {
                return Err(BatchError::SameName(other.clone(), clip.clone()));
            }
        }
        let named = |stem: &OsString, suffix: &str| {
            let mut name = stem.clone();
            name.push(suffix);
            dir.join(name)
        };
        let item = |(stem, clip): (&OsString, &&PathBuf)| BatchItem {
            clip: (*clip).clone(),
            output: named(stem, ".redacted.mp4"),
            report: named(stem, ".report.json"),
        };
        let items = stems.iter().map(item).collect();
        Ok(Self { ledger: ledger(dir, options)?, dir: dir.to_owned(), items })
    }

    /// Clips that are not finished.
    #[must_use]
    pub fn items(&self) -> &[BatchItem] {
        &self.items
    }

    /// Does what is not finished yet, `jobs` clips at a time; `work` does one, `tell` is told of each that ended. Goes on
    /// after one that failed.
    ///
    /// # Errors
    /// [`BatchError::Thread`].
    pub fn run(
        &self,
        jobs: usize,
        interrupt: &Interrupt,
        work: impl Fn(&BatchItem) -> Ended + Sync,
        tell: impl Fn(&BatchRow) + Sync,
    ) -> Result<BatchSummary, BatchError> {
        let clips = side_by_side(jobs, self.items.len(), |i| {
            let row = done(&self.items[i], interrupt, &work);
            tell(&row);
            row
        })?;
        Ok(BatchSummary::of(clips))
    }

    /// Writes the summary as `summary.json` and `summary.html` in the place of older ones.
    ///
    /// # Errors
    /// [`BatchError::Io`].
    pub fn write(&self, summary: &BatchSummary) -> Result<(), BatchError> {
        put(&self.dir.join("summary.json"), &summary.json(), Overwrite::Replace)?;
        let (path, mut page) = (self.dir.join("summary.html"), Vec::new());
        let written = super::batch_page::write(summary, &mut page, &mut |_| Ok(None));
        written.map_err(|source| BatchError::Io { path: path.clone(), source })?;
        put(&path, &String::from_utf8_lossy(&page), Overwrite::Replace)?;
        // Held until all is written.
        let _ = &self.ledger;
        Ok(())
    }
}

impl ItemState {
    /// A word for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Kept => "kept",
            Self::Failed => "failed",
            Self::NotRun => "not-run",
        }
    }
}

fn put(path: &Path, text: &str, overwrite: Overwrite) -> Result<(), BatchError> {
    let write = || {
        let partial = PartialFile::create(path, overwrite)?;
        partial.file().write_all(text.as_bytes())?;
        partial.commit()
    };
    write().map_err(|source| BatchError::Io { path: path.to_owned(), source })
}

/// The folder's ledger, locked for this run.
fn ledger(dir: &Path, options: &str) -> Result<File, BatchError> {
    let path = dir.join(LEDGER);
    let fault = |source| BatchError::Io { path: path.clone(), source };
    let text = format!(
        "{:#}\n",
        json!({ "batch": BATCH_VERSION, "options_sha256": Hash256::of(options.as_bytes()) })
    );
    if !path.exists() {
        match put(&path, &text, Overwrite::Refuse) {
            Err(BatchError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {}
            other => other?,
        }
    }
    if std::fs::read_to_string(&path).map_err(fault)? != text {
        return Err(BatchError::OtherOptions(dir.to_owned()));
    }
    let file = File::open(&path).map_err(fault)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Err(rustix::io::Errno::WOULDBLOCK) => Err(BatchError::Busy(dir.to_owned())),
        _ => Ok(file),
    }
}

fn done(item: &BatchItem, interrupt: &Interrupt, work: &impl Fn(&BatchItem) -> Ended) -> BatchRow {
    let start = Instant::now();
    if let Some(report) = finished(item, interrupt) {
        return row(item, ItemState::Kept, Some(&report), None, start);
    }
    if interrupt.is_raised() {
        return row(item, ItemState::NotRun, None, None, start);
    }
    let failure = match work(item) {
        Ended::Done => match finished(item, interrupt) {
            Some(report) => return row(item, ItemState::Done, Some(&report), None, start),
            None => (1, "what was written is not what its report says".to_owned()),
        },
        Ended::Failed { exit, says } => (exit, says),
    };
    // Output first: a report without an output is nothing, an output without a report could be taken for one.
    for path in [&item.output, &item.report] {
        // What is not there is no fault; what cannot be removed is named by the next run.
        let _ = std::fs::remove_file(path);
    }
    if interrupt.is_raised() {
        return row(item, ItemState::NotRun, None, None, start);
    }
    row(item, ItemState::Failed, None, Some(failure), start)
}

/// The report of a clip that is finished: of this source, and of the output that is there.
fn finished(item: &BatchItem, interrupt: &Interrupt) -> Option<ReportRead> {
    let report = ReportRead::parse(&std::fs::read(&item.report).ok()?).ok()?;
    let is = |path: &Path, hash: &Hash256| {
        let sum = File::open(path).and_then(|file| sha256_of_file(&file, interrupt));
        sum.is_ok_and(|sum| sum == hash.to_string())
    };
    (is(&item.output, &report.output.sha256) && is(&item.clip, &report.source.sha256)).then_some(report)
}

fn row(
    item: &BatchItem,
    state: ItemState,
    report: Option<&ReportRead>,
    failure: Option<(u8, String)>,
    start: Instant,
) -> BatchRow {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    BatchRow {
        clip: name(&item.clip),
        state,
        failure,
        output: report.map(|_| name(&item.output)),
        output_sha256: report.map(|report| report.output.sha256),
        report: report.map(|_| name(&item.report)),
        frames: report.map_or(0, |report| report.frames.written),
        covered: report.map_or(0, |report| report.frames.covered),
        frames_with_people: report.map_or(0, ReportRead::frames_with_people),
        completeness: report.map(|report| report.completeness.state.clone()),
        secs: start.elapsed().as_secs_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::report_read::tests::report_of;
    use super::*;

    struct Desk {
        root: tempfile::TempDir,
        worked: Mutex<Vec<String>>,
    }

    impl Desk {
        fn new(clips: &[&str]) -> Self {
            let root = tempfile::tempdir().expect("a folder");
            std::fs::create_dir(root.path().join("out")).expect("made");
            for clip in clips {
                std::fs::write(root.path().join(clip), "source").expect("written");
            }
            Self { root, worked: Mutex::default() }
        }

        fn out(&self) -> PathBuf {
            self.root.path().join("out")
        }

        fn open(&self, clips: &[&str], options: &str) -> Result<Batch, BatchError> {
            let clips: Vec<PathBuf> = clips.iter().map(|clip| self.root.path().join(clip)).collect();
            Batch::open(&clips, &self.out(), options)
        }

        /// Writes what a redaction writes; clips called bad fail and leave something.
        fn work(&self, item: &BatchItem) -> Ended {
            let name = item.clip.file_stem().expect("a name").to_string_lossy().into_owned();
            self.worked.lock().expect("sound").push(name.clone());
            let output = format!("masked {name}");
            std::fs::write(&item.output, &output).expect("written");
            if name.starts_with("bad") {
                return Ended::Failed { exit: 4, says: "it is <cut> short".into() };
            }
            std::fs::write(&item.report, report_of(output.as_bytes())).expect("written");
            Ended::Done
        }

        fn run(&self, clips: &[&str]) -> BatchSummary {
            let batch = self.open(clips, "x").expect("open");
            let summary =
                batch.run(2, &Interrupt::default(), |item| self.work(item), |_| {}).expect("threads start");
            batch.write(&summary).expect("written");
            summary
        }

        fn worked(&self) -> Vec<String> {
            let mut worked = std::mem::take(&mut *self.worked.lock().expect("sound"));
            worked.sort();
            worked
        }
    }

    #[test]
    fn what_is_finished_is_not_done_again_and_what_failed_leaves_nothing() {
        let clips = ["a.mp4", "bad1.mp4", "b.mp4", "bad2.avi", "c.mp4"];
        let desk = Desk::new(&clips);
        let first = desk.run(&clips);
        assert_eq!(desk.worked(), ["a", "b", "bad1", "bad2", "c"]);
        assert!(!first.is_whole());
        assert_eq!(first.counts, BTreeMap::from([("done", 3), ("failed", 2)]));
        let failed: Vec<_> =
            first.clips.iter().filter(|row| row.failure.is_some()).map(|row| row.clip.as_str()).collect();
        assert_eq!(failed, ["bad1.mp4", "bad2.avi"]);
        let mut names: Vec<String> = std::fs::read_dir(desk.out())
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert_eq!(
            names,
            [
                "a.redacted.mp4",
                "a.report.json",
                "b.redacted.mp4",
                "b.report.json",
                "batch.json",
                "c.redacted.mp4",
                "c.report.json",
                "summary.html",
                "summary.json"
            ]
        );
        // As after a kill: one output without its report, one that was touched since.
        std::fs::remove_file(desk.out().join("a.report.json")).expect("gone");
        std::fs::write(desk.out().join("b.redacted.mp4"), "touched").expect("written");
        let second = desk.run(&clips);
        assert_eq!(desk.worked(), ["a", "b", "bad1", "bad2"]);
        assert_eq!(second.counts, BTreeMap::from([("done", 2), ("failed", 2), ("kept", 1)]));
        // Another source under the old name.
        std::fs::write(desk.root.path().join("c.mp4"), "other").expect("written");
        desk.run(&["c.mp4"]);
        assert_eq!(desk.worked(), ["c"]);
        let page = std::fs::read_to_string(desk.out().join("summary.html")).expect("there");
        assert!(!page.contains("<cut>"), "{page}");
    }

    #[test]
    fn a_stop_leaves_the_rest_for_later() {
        let clips = ["a.mp4", "b.mp4", "c.mp4"];
        let desk = Desk::new(&clips);
        let batch = desk.open(&clips, "x").expect("open");
        let interrupt = Interrupt::default();
        let work = |item: &BatchItem| {
            let ended = desk.work(item);
            interrupt.raise();
            let _ = std::fs::remove_file(&item.report);
            if ended == Ended::Done { Ended::Failed { exit: 143, says: "stopped".into() } } else { ended }
        };
        let summary = batch.run(1, &interrupt, work, |_| {}).expect("threads start");
        assert_eq!(summary.counts, BTreeMap::from([("not-run", 3)]));
        assert_eq!(desk.worked(), ["a"]);
        drop(batch);
        assert_eq!(desk.run(&clips).counts, BTreeMap::from([("done", 3)]));
    }

    #[test]
    fn a_folder_is_of_one_batch_and_one_run() {
        let desk = Desk::new(&["a.mp4", "a.avi"]);
        assert!(matches!(desk.open(&["a.mp4", "a.avi"], "x"), Err(BatchError::SameName(..))));
        let held = desk.open(&["a.mp4"], "x").expect("open");
        assert!(matches!(desk.open(&["a.mp4"], "x"), Err(BatchError::Busy(_))));
        drop(held);
        assert!(matches!(desk.open(&["a.mp4"], "y"), Err(BatchError::OtherOptions(_))));
        desk.open(&["a.mp4"], "x").expect("the same");
    }
}
