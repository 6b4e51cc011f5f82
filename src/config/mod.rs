//! Settings, and the only reader of `pipelines/`: the site file and the camera files.
//!
//! Files are parsed into domain types once; a fault anywhere means that nothing starts. May import
//! [`crate::geometry`] only.

mod camera;
mod diagnostic;
mod document;
mod polygon;
mod site;
mod starter;
mod style;
mod target;

pub use camera::{Camera, Zone, ZoneKind, check_size};
pub use diagnostic::{SettingsError, SettingsFault};
pub use site::{
    Cadence, DetectSettings, EncodeSettings, LimitSettings, MaskSettings, Provider, Site, TilingMode,
};
pub use starter::starter;
pub use style::{NotAColour, Rgb, Style};
pub use target::{LeavesOut, Target, Targets};

#[cfg(test)]
mod tests;
