//! melkglas: redaction of surveillance footage.

pub mod config;
pub mod geometry;
pub mod share;
pub mod video;
