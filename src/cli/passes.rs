//! What `redact`, `evaluate`, `analyse`, `persons` and `doubts` share of a clip's two passes.

use super::common::job_failure;
use super::progress::Progress;
use crate::config::{Camera, SettingsError, Site, check_size};
use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::video::analysis::{Analysis, AnalysisError, AnalysisFile, Basis};
use crate::video::pipeline::{Analysed, FrameRecord, Job, JobError, Observer, analyse_clip};
use crate::video::source::{Clip, Declared};
use std::io;
use std::path::Path;

/// A camera and the file that it stands in.
pub(super) type NamedCamera<'a> = Option<(&'a Path, &'a Camera)>;

/// Holds a clip's first frame against its camera.
pub(super) struct Fit<'a> {
    camera: NamedCamera<'a>,
    misfit: Option<SettingsError>,
}

impl<'a> Fit<'a> {
    /// For clips of this camera.
    pub(super) fn of(camera: NamedCamera<'a>) -> Self {
        Self { camera, misfit: None }
    }

    /// Refuses the first frame where it has another shape than the camera's picture; later ones are covered then.
    pub(super) fn check(&mut self, record: &FrameRecord<'_>) -> io::Result<()> {
        if record.number == 0
            && let Some((path, camera)) = self.camera
            && let Err(misfit) = check_size(camera, path, record.size)
        {
            self.misfit = Some(misfit);
            return Err(io::Error::other("the clip is not of this camera"));
        }
        Ok(())
    }

    /// What a job that was watched came to.
    pub(super) fn or_failed<T>(
        self,
        interrupt: &Interrupt,
        result: Result<T, JobError>,
    ) -> Result<T, Failure> {
        match self.misfit {
            Some(misfit) => Err(misfit.into()),
            None => result.map_err(|e| job_failure(e, interrupt)),
        }
    }
}

/// Watches a first pass: there is nothing to record yet.
struct Analyst<'a> {
    progress: Progress,
    fit: Fit<'a>,
}

impl Observer for Analyst<'_> {
    fn begin(&mut self, declared: &Declared) {
        self.progress.begin(declared);
    }

    fn frame(&mut self, record: &FrameRecord<'_>) -> io::Result<()> {
        self.fit.check(record)?;
        self.progress.frame(record);
        Ok(())
    }
}

/// The first pass of a clip called `name`, with a progress bar.
pub(super) fn analysed(job: &Job, name: &str, camera: NamedCamera<'_>) -> Result<Analysed, Failure> {
    let progress = Progress::new(&format!("analysing {name}"));
    let mut analyst = Analyst { progress, fit: Fit::of(camera) };
    let result = analyse_clip(job, &mut analyst);
    analyst.progress.clear();
    analyst.fit.or_failed(&job.interrupt, result)
}

/// The progress bar of the pass that masks.
pub(super) fn masking(name: &str, passes: u8) -> Progress {
    if passes == 2 { Progress::new(&format!("rendering {name}")) } else { Progress::new(name) }
}

/// An analysis that was read and serves this call.
pub(super) struct Known {
    pub(super) analysis: Analysis,
    /// SHA-256 of its file.
    pub(super) sha256: String,
}

/// An analysis file.
pub(super) fn read_analysis(path: &Path) -> Result<AnalysisFile, Failure> {
    AnalysisFile::read(path).map_err(|e| refused(path, &e))
}

/// The analysis in the file at `path`, where it was made of this clip and with all that is in force here: `here` makes
/// that of the clip's SHA-256 and size.
pub(super) fn known(
    path: &Path,
    saved: AnalysisFile,
    clip: &Clip,
    site: &Site,
    here: impl FnOnce((String, u64)) -> Basis,
    interrupt: &Interrupt,
) -> Result<Known, Failure> {
    let sum = clip.sha256(interrupt).map_err(|e| job_failure(e.into(), interrupt))?;
    let here = here((sum, clip.len()));
    let sha256 = saved.sha256.clone();
    let analysis = saved.open(&here, &site.track).map_err(|e| refused(path, &e))?;
    Ok(Known { analysis, sha256 })
}

/// Why an analysis is of no use here.
fn refused(path: &Path, e: &AnalysisError) -> Failure {
    let sentence = format!("{} is refused: {e}", path.display());
    match e {
        AnalysisError::Mismatch(mismatch) => Failure::with_cure(Exit::Usage, sentence, mismatch.cure()),
        _ => Failure::new(Exit::Settings, sentence),
    }
}
