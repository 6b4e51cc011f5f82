//! One clip, two passes: the first finds out, the second masks. In between there are numbers and no pixels, so the
//! second knows of every frame what the whole clip says about it.

use super::cadence::Ready;
use super::completeness::Completeness;
use super::job::{Finished, Job, JobError, Observer, Pass, Rehearsal, StageTimes, finish};
use super::ring::{Followed, Keeps, Kept, Ring};
use crate::video::analysis::Analysis;
use crate::video::sink::PartialFile;
use crate::video::source::ClipError;

/// Which part of the work a pass does.
pub(super) enum Way<'a> {
    /// All of it; into a file, or in a rehearsal into none.
    Once(Option<&'a PartialFile>),
    /// The first half: what was seen is noted.
    Analyse,
    /// The second half, by what was noted.
    Render(&'a Analysis, Option<&'a PartialFile>),
}

impl Way<'_> {
    /// Whether frames are searched.
    pub(super) fn searches(&self) -> bool {
        !matches!(self, Self::Render(..))
    }
}

/// Who says what is in a frame.
pub(super) enum Guide<'a> {
    /// The detectors, and what came before and shortly after.
    Ring(Box<Ring>),
    /// The first pass.
    Analysis(&'a Analysis),
}

impl<'a> Guide<'a> {
    pub(super) fn new(job: &Job, way: &Way<'a>) -> Self {
        match way {
            Way::Once(_) => Self::Ring(Box::new(Ring::new(job, Keeps::Nothing))),
            Way::Analyse => Self::Ring(Box::new(Ring::new(job, Keeps::Tracks))),
            Way::Render(analysis, _) => Self::Analysis(analysis),
        }
    }

    /// Takes the next frame and gives back those of which all is known.
    pub(super) fn push(&mut self, ready: Ready) -> Result<Vec<Followed>, JobError> {
        match self {
            Self::Ring(ring) => ring.push(ready),
            Self::Analysis(analysis) => {
                let Ready { frame, seen, .. } = ready;
                // What is damaged in this pass is covered too, whatever the first one saw of it.
                let seen = seen.and_then(|_| analysis.frame_at(frame.pts_ns()));
                Ok(vec![Followed { frame, seen }])
            }
        }
    }

    /// Gives back the frames that still wait, at the end of the clip.
    pub(super) fn flush(&mut self) -> Result<Vec<Followed>, JobError> {
        match self {
            Self::Ring(ring) => ring.flush(),
            Self::Analysis(_) => Ok(Vec::new()),
        }
    }

    /// What was kept of the whole clip.
    pub(super) fn into_kept(self) -> Kept {
        match self {
            Self::Ring(ring) => ring.into_kept(),
            Self::Analysis(_) => Kept::default(),
        }
    }
}

/// A first pass that was done.
#[derive(Debug, Clone)]
pub struct Analysed {
    /// What it knows.
    pub analysis: Analysis,
    /// Whether every frame of the source was there.
    pub completeness: Completeness,
    /// How long the stages took.
    pub times: StageTimes,
}

/// The first pass: goes through the clip, or the job's window of it, and writes nothing. The observer's records carry
/// the plans of one pass; the job's container means nothing.
///
/// # Errors
/// [`JobError`].
pub fn analyse_clip(job: &Job, observer: &mut dyn Observer) -> Result<Analysed, JobError> {
    let pass = Pass::run(job, &Way::Analyse, observer)?;
    let Pass { mut written, completeness, hash, decode_secs, detect_secs, start, .. } = pass;
    let (source_sha256, check_secs) = hash.wait(job)?;
    let noted = written.noted.take();
    let analysis = noted.and_then(|(recorder, kept)| {
        recorder.finish(
            source_sha256,
            job.scene.as_ref().map(|scene| scene.kind()),
            kept.tracks,
            kept.looks,
            job.site.track.clone(),
        )
    });
    let times = StageTimes {
        decode_secs,
        detect_secs,
        check_secs,
        wall_secs: start.elapsed().as_secs_f64(),
        ..StageTimes::default()
    };
    let nothing = || JobError::Thread("the first pass noted nothing".into());
    Ok(Analysed { analysis: analysis.ok_or_else(nothing)?, completeness, times })
}

/// The second pass: as [`redact_clip`](super::redact_clip), but every frame is looked up and none is searched. One
/// that is not in the analysis is covered. The job's detectors and scene mean nothing.
///
/// # Errors
/// [`JobError`]; `file` is removed. Also where the clip is not the analysed one.
pub fn render_clip(
    job: &Job,
    analysis: &Analysis,
    file: PartialFile,
    observer: &mut dyn Observer,
) -> Result<Finished, JobError> {
    let pass = Pass::run(job, &Way::Render(analysis, Some(&file)), observer)?;
    let finished = finish(job, file, pass)?;
    same_clip(job, analysis, &finished.outcome.source_sha256)?;
    Ok(finished)
}

/// The second pass without a file, as [`rehearse_clip`](super::rehearse_clip).
///
/// # Errors
/// As [`render_clip`].
pub fn rehearse_rendering(
    job: &Job,
    analysis: &Analysis,
    observer: &mut dyn Observer,
) -> Result<Rehearsal, JobError> {
    let rehearsal = Pass::run(job, &Way::Render(analysis, None), observer)?.rehearsed(job)?;
    same_clip(job, analysis, &rehearsal.source_sha256)?;
    Ok(rehearsal)
}

/// Both passes read the same bytes.
fn same_clip(job: &Job, analysis: &Analysis, sha256: &str) -> Result<(), JobError> {
    if analysis.source_sha256() == sha256 {
        Ok(())
    } else {
        Err(ClipError::Changed(job.clip.path().to_owned()).into())
    }
}
