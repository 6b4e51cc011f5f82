//! The command line.

pub mod camera_picture;
