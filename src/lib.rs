//! melkglas: redaction of surveillance footage.

pub mod casework;
pub mod cli;
pub mod config;
pub mod digest;
pub mod error;
pub mod geometry;
pub mod interrupt;
pub mod share;
pub mod telemetry;
pub mod video;
