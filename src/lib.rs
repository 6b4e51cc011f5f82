//! melkglas: redaction of surveillance footage.

pub mod config;
pub mod digest;
pub mod geometry;
pub mod interrupt;
pub mod video;
