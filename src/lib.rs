//! melkglas: redaction of surveillance footage.

pub mod cli;
pub mod config;
pub mod digest;
pub mod geometry;
pub mod interrupt;
pub mod share;
pub mod video;
