//! Stretches in which it is not certain who the subject is.

use crate::geometry::BoxPx;
use serde::Serialize;

/// Somebody who may be the subject.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Candidate {
    /// Number of the track.
    pub track: u32,
    /// Where it is at [`Doubt::at_ns`], pixels of the displayed picture.
    pub area: BoxPx,
}

/// A stretch in which the subject is hidden, because it is not certain who it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Doubt {
    /// First moment, nanoseconds after the clip's first frame.
    pub from_ns: u64,
    /// Last moment.
    pub to_ns: u64,
    /// The moment at which the candidates can be told apart best.
    pub at_ns: u64,
    /// Who it may be; never empty.
    pub candidates: Vec<Candidate>,
}
