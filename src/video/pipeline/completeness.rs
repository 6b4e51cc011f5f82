//! Is every frame of the source accounted for?

use super::job::{Job, JobError};
use super::writer::Written;
use crate::video::source::{Declared, Decoded};
use serde::Serialize;

/// Whether every frame of the source is accounted for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Completeness {
    /// As many frames as the container's tables promise, or as long as it promises where it counts no frames.
    Complete,
    /// The container promises nothing.
    Unknown,
    /// Only a window was read.
    Window,
    /// Frames are missing: a cut that was accepted, or pictures lost within a container that counts none.
    Damaged {
        /// How it shows.
        how: String,
    },
}

/// Holds what was decoded against what the container promises.
pub(super) fn hold_against(
    job: &Job,
    declared: &Declared,
    decoded: &Decoded,
    written: &Written,
    broke_off: Option<String>,
) -> Result<Completeness, JobError> {
    let short = if let Some(how) = broke_off {
        Some(how)
    } else if written.stopped_early || decoded.frames == 0 {
        return Ok(Completeness::Window);
    } else if let Some(wanted) = declared.frames.filter(|wanted| *wanted > decoded.frames) {
        Some(format!("its tables promise {wanted} frames, {} can be decoded", decoded.frames))
    } else if let (Some(bytes), None) = (declared.bytes, declared.frames) {
        Some(format!("it should be {bytes} bytes long and is {}", job.clip.len()))
    } else {
        // The last frame's own length may be missing; a second of silence is not.
        let end = written.last_pts_ns + written.last_duration_ns.unwrap_or(0);
        declared.duration_ns.filter(|wanted| *wanted > end + 1_000_000_000).map(|wanted| {
            format!("it should last {:.1} s, pictures end at {:.1} s", wanted as f64 / 1e9, end as f64 / 1e9)
        })
    };
    match short {
        Some(how) if job.accept_damaged => Ok(Completeness::Damaged { how }),
        Some(how) => Err(JobError::CutShort(how)),
        // Only containers without a count come here with pictures lost: others are cut short by it.
        None if decoded.lost > 0 => {
            let how = format!("{} of its coded pictures could not be decoded", decoded.lost);
            Ok(Completeness::Damaged { how })
        }
        None if !job.window.is_whole() => Ok(Completeness::Window),
        None if declared.frames.is_some() || declared.duration_ns.is_some() => Ok(Completeness::Complete),
        None => Ok(Completeness::Unknown),
    }
}
