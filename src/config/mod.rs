//! Settings, and the only reader of `pipelines/`: the site file, the camera files and files of corrections.
//!
//! Files are parsed into domain types once; a fault anywhere means that nothing starts. May import
//! [`crate::geometry`], [`crate::moment`] and [`crate::digest`] only.

mod advice;
mod camera;
mod correction;
mod corrections;
mod credentials;
mod diagnostic;
mod document;
mod follow;
mod import;
mod live;
mod overlay;
mod polygon;
mod reference;
mod reference_text;
mod register;
mod scene;
mod schema;
mod site;
mod starter;
mod style;
mod target;
mod track;
mod zone;

pub use advice::{Advice, advise, moving_with_zones};
pub use camera::{Camera, View, check_size};
pub use correction::{Correction, CorrectionFault, Keyframe, NotACorrection, Place};
pub use corrections::{CORRECTIONS_VERSION, Corrections, corrections_text};
pub use credentials::{Credentials, CredentialsError};
pub use diagnostic::{SettingsError, SettingsFault};
pub use follow::FollowSettings;
pub use import::{ImportError, ImportFormat, Imported, import};
pub use live::{Delivery, LivePolicy, Stream, StreamSource, Transport};
pub use overlay::Overlay;
pub use reference::{Approval, Light, LoadedReference, Pinned, Reference, Taken};
pub use reference_text::{CameraText, NotPlain};
pub use register::{Attested, Register};
pub use scene::{DarkPolicy, SceneSettings, UnexplainedPolicy};
pub use schema::camera_schema;
pub use site::{
    Cadence, DetectSettings, EncodeSettings, LimitSettings, MaskSettings, Preset, Provider, Site, TilingMode,
};
pub use starter::starter;
pub use style::{NotAColour, Rgb, Style};
pub use target::{LeavesOut, Target, Targets};
pub use track::TrackSettings;
pub use zone::{Zone, ZoneKind};

#[cfg(test)]
mod camera_tests;
#[cfg(test)]
mod corrections_tests;
#[cfg(test)]
mod tests;
