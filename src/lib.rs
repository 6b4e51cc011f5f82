//! melkglas: redaction of surveillance footage.

pub mod cli;
pub mod config;
pub mod geometry;
pub mod video;
