//! From a file to a file: the library and the program on clips that are made here, read back with code of our own.
//!
//! One binary, because GStreamer and ONNX Runtime link into each. Detectors are made up wherever the networks are
//! not the point.

mod analysis;
mod approve;
mod attack;
mod audit;
mod batch;
mod camera;
mod cases;
mod cli;
mod corrections;
mod damage;
mod evaluate;
mod eyes;
mod fail_closed;
mod film;
mod job;
mod leftovers;
mod models;
mod persons;
mod program;
mod redaction;
mod release;
mod reveal;
mod scene;
mod spoilt;
mod still;
mod tables;
mod walkthroughs;
mod zoo;
