//! What staff add to what is hidden: `redact --cover`, `--corrections` and `--save-corrections`.
//!
//! A correction that hides nothing was not meant: a box beside the picture, or a time that the clip does not have. The
//! person that somebody saw would stay visible, so such a job is refused.

use super::common::{job_failure, open_clip};
use super::outputs::{Kind, Target};
use super::{outputs, talk};
use crate::casework::CorrectionFacts;
use crate::config::{Correction, Corrections, corrections_text};
use crate::digest::sha256_hex;
use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::video::pipeline::{FrameRecord, Outcome};
use crate::video::sink::PartialFile;
use clap::Args;
use std::io::{self, Write};
use std::path::PathBuf;

/// Flags that name corrections.
#[derive(Debug, Args)]
#[command(next_help_heading = "Corrections")]
pub(super) struct Flags {
    /// Also hide a box that you saw somebody in: 12.4-14@100,50,40,80 hides 40 by 80 pixels, 100 from the left and 50
    /// from the top of the displayed picture, in every frame on screen from 12.4 to 14 seconds (or hh:mm:ss) after the
    /// clip's first frame. A box that moves has several, each with its time, joined by two points:
    /// '12.4@100,50,40,80..13@120,50,40,80..14@150,55,40,80'; in between it moves in straight lines. x,y,w,h alone
    /// hides it in all of the clip, or in a still. May be given several times; for a single input.
    #[arg(long, value_name = "FROM-TO@X,Y,W,H", allow_hyphen_values = true)]
    cover: Vec<Correction>,
    /// Hide what stands in a file of such boxes (as pipelines/corrections.example.toml), again in every rendering. It
    /// can only add to what is hidden.
    #[arg(long, value_name = "FILE")]
    corrections: Option<PathBuf>,
    /// Write all boxes of --cover and --corrections to a new file for --corrections, bound to this clip.
    #[arg(long, value_name = "FILE")]
    save_corrections: Option<PathBuf>,
}

impl Flags {
    /// The file to read and the one to write.
    pub(super) fn files_mut(&mut self) -> (Option<&mut PathBuf>, Option<&mut PathBuf>) {
        (self.corrections.as_mut(), self.save_corrections.as_mut())
    }

    /// The file to read.
    pub(super) fn file(&self) -> Option<&PathBuf> {
        self.corrections.as_ref()
    }

    /// Reads the file; corrections are of one input, whose target gets the file to save to.
    pub(super) fn read(&self, targets: &mut [Target]) -> Result<Given, Failure> {
        let file = self.corrections.as_deref().map(Corrections::read).transpose()?;
        let (source_sha256, sha256, covers) = match file {
            Some(file) => (file.source_sha256, Some(file.sha256), file.covers),
            None => (None, None, Vec::new()),
        };
        let path = self.corrections.as_deref().unwrap_or(std::path::Path::new(""));
        let of_file = covers.into_iter().map(|(line, correction)| Named {
            name: format!("the cover on line {line} of {}", path.display()),
            correction,
        });
        let of_flags = self.cover.iter().map(|correction| Named {
            name: format!("--cover {correction}"),
            correction: correction.clone(),
        });
        let named: Vec<Named> = of_file.chain(of_flags).collect();
        let given = Given { named, flags: self.cover.clone(), source_sha256, sha256 };
        if given.named.is_empty() {
            return match self.save_corrections {
                None => Ok(given),
                Some(_) => Err(usage(
                    "there is nothing to save: --save-corrections writes what --cover and --corrections hide",
                    "add --cover FROM-TO@x,y,w,h",
                )),
            };
        }
        let [target] = targets else {
            return Err(usage(
                "--cover and --corrections are of one clip",
                "correct each clip in a call of its own",
            ));
        };
        target.corrections.clone_from(&self.save_corrections);
        let timed = given.named.iter().find(|named| named.correction.span().is_some());
        match (target.kind, timed) {
            (Kind::Still(..), Some(timed)) => Err(usage(
                format!(
                    "{} is a still: the times of {} mean nothing for it",
                    target.input.display(),
                    timed.name
                ),
                "give the box alone: --cover x,y,w,h, or a [[cover]] with `box` and nothing else",
            )),
            _ => Ok(given),
        }
    }
}

/// A correction and what to call it in a sentence.
struct Named {
    name: String,
    correction: Correction,
}

/// The corrections of one call.
pub(super) struct Given {
    named: Vec<Named>,
    flags: Vec<Correction>,
    /// The clip that the file belongs to, where it says so.
    source_sha256: Option<String>,
    /// SHA-256 of the file.
    sha256: Option<String>,
}

impl Given {
    /// Refuses a file that belongs to another clip.
    pub(super) fn check_source(&self, targets: &[Target], interrupt: &Interrupt) -> Result<(), Failure> {
        let (Some(wanted), [target]) = (&self.source_sha256, targets) else { return Ok(()) };
        let found = open_clip(&target.input)?.sha256(interrupt);
        let found = found.map_err(|e| job_failure(e.into(), interrupt))?;
        if found == *wanted { Ok(()) } else { Err(other_clip()) }
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Correction> {
        self.named.iter().map(|named| named.correction.clone()).collect()
    }

    /// A watch over one job.
    pub(super) fn watch(&self) -> Watch<'_> {
        Watch { given: self, used: vec![false; self.named.len()], frames: 0, outside: None }
    }

    /// Writes a file with all of them, and gives back its SHA-256.
    fn save(&self, file: &PartialFile, source_sha256: &str) -> Result<String, Failure> {
        let text = corrections_text(source_sha256, self.named.iter().map(|named| &named.correction));
        let written = file.file().write_all(text.as_bytes());
        written.map_err(|e| outputs::cannot_write(file.target(), &e))?;
        Ok(sha256_hex(text.as_bytes()))
    }
}

/// Looks whether every correction hides something, as the frames pass.
pub(super) struct Watch<'a> {
    given: &'a Given,
    used: Vec<bool>,
    frames: u64,
    outside: Option<Failure>,
}

impl Watch<'_> {
    /// Stops at the first frame where a box lies outside the picture.
    pub(super) fn frame(&mut self, record: &FrameRecord<'_>) -> io::Result<()> {
        if record.number == 0 {
            let outside = |named: &Named| {
                named.correction.outside(record.size).map(|place| (named.name.clone(), place))
            };
            if let Some((name, place)) = self.given.named.iter().find_map(outside) {
                self.outside = Some(usage(
                    format!("{name} lies outside the picture, which is {}: its box is {place}", record.size),
                    "write x,y,w,h in pixels of the displayed picture, from its top left corner",
                ));
                return Err(io::Error::other("a correction lies outside the picture"));
            }
        }
        let (from_ns, until_ns) = (record.stamp.pts_ns, record.stamp.until_ns());
        let mut any = false;
        for (named, used) in self.given.named.iter().zip(&mut self.used) {
            let hides = named.correction.during(from_ns, until_ns).is_some();
            *used |= hides;
            any |= hides;
        }
        self.frames += u64::from(any);
        Ok(())
    }

    /// The box that stopped the job, if one did.
    pub(super) fn or_refused(self) -> Result<Self, Failure> {
        match self.outside {
            Some(outside) => Err(outside),
            None => Ok(self),
        }
    }

    /// What the report says of them, none where there are none. One whose time the whole clip does not have is refused;
    /// of a part of a clip it is only said. All of them are written to `file`, if there is one.
    pub(super) fn finish(
        self,
        outcome: &Outcome,
        extent: Extent,
        file: Option<&PartialFile>,
    ) -> Result<Option<CorrectionFacts>, Failure> {
        let Self { given, used, frames, .. } = self;
        if given.named.is_empty() {
            return Ok(None);
        }
        if given.source_sha256.as_ref().is_some_and(|wanted| *wanted != outcome.source_sha256) {
            return Err(other_clip());
        }
        for (named, _) in given.named.iter().zip(used).filter(|(_, used)| !used) {
            match extent {
                Extent::Whole => {
                    return Err(usage(
                        format!("{} hides nothing: no frame of the clip is on screen then", named.name),
                        "mend its times, which count from the clip's first frame; nothing was written",
                    ));
                }
                Extent::Part => {
                    talk::say(format_args!("{} hides nothing in this part of the clip", named.name))
                }
            }
        }
        Ok(Some(CorrectionFacts {
            sha256: given.sha256.clone(),
            covers: given.named.len(),
            flags: given.flags.iter().map(Correction::to_string).collect(),
            frames,
            saved_sha256: file.map(|file| given.save(file, &outcome.source_sha256)).transpose()?,
        }))
    }
}

/// How much of a clip goes into an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    Whole,
    /// What lies between --from and --to, or what is left of a damaged clip.
    Part,
}

fn usage(sentence: impl std::fmt::Display, cure: impl std::fmt::Display) -> Failure {
    Failure::with_cure(Exit::Usage, sentence, cure)
}

fn other_clip() -> Failure {
    usage(
        "the corrections file belongs to another clip: its `source_sha256` is not this clip's SHA-256",
        "redact the clip that it was made for, or write a file for this one; `sha256sum CLIP` prints a clip's SHA-256",
    )
}
