//! Settings, and the only reader of `pipelines/`: the site file, the camera files files of corrections and policies.
//!
//! Files are parsed into domain types once; a fault anywhere means that nothing starts. May import
//! [`crate::geometry`], [`crate::moment`] and [`crate::digest`] only.

mod advice;
mod camera;
mod codecs;
mod correction;
mod corrections;
mod credentials;
mod diagnostic;
mod document;
mod follow;
mod import;
mod incidents;
mod live;
mod office;
mod overlay;
mod policy;
mod policy_article;
mod policy_read;
mod policy_term;
mod policy_tighten;
mod policy_words;
mod polygon;
mod reference;
mod reference_text;
mod register;
mod scene;
mod schema;
mod secrets;
mod site;
mod starter;
mod style;
mod target;
mod track;
mod zone;

pub use advice::{Advice, advise, moving_with_zones};
pub use camera::{Camera, View, check_size};
pub use codecs::{Codecs, DecodeSettings};
pub use correction::{Correction, CorrectionFault, Keyframe, NotACorrection, Place};
pub use corrections::{CORRECTIONS_VERSION, Corrections, corrections_text};
pub use credentials::{Credentials, CredentialsError, read_secret};
pub use diagnostic::{SettingsError, SettingsFault};
pub use follow::FollowSettings;
pub use import::{CoordinateUnit, ImportError, ImportFormat, ImportWishes, Imported, import};
pub use incidents::{Incidents, IncidentsError};
pub use live::{Delivery, LivePolicy, Stream, StreamSource, Transport};
pub use office::{CalendarSettings, CasesPlace, HouseSettings, KeyPlace, Office, User};
pub use overlay::Overlay;
pub use policy::{
    AnswerRules, CaseRules, KindRules, Policy, PolicyName, PurposeRules, RetentionRules, SecurityRules,
    StaffRules,
};
pub use policy_article::{Cited, Clause};
pub use policy_term::{NotATerm, Term};
pub use policy_words::{
    Ask, CaseKind, Form, NotAWord, RecipientKind, RefusalGround, Role, Show, Statement, Subject,
};
pub use reference::{Approval, Light, LoadedReference, Pinned, Reference, Taken};
pub use reference_text::{CameraText, NotPlain};
pub use register::{Attested, Register};
pub use scene::{DarkPolicy, SceneSettings, UnexplainedPolicy};
pub use schema::camera_schema;
pub use site::{
    BurnIn, Cadence, DetectSettings, EncodeSettings, LimitSettings, MarkPlace, MaskSettings, Preset,
    Provider, SITE_FILE, Site, TilingMode,
};
pub use starter::starter;
pub use style::{NotAColour, Rgb, Style};
pub use target::{LeavesOut, Target, Targets};
pub use track::TrackSettings;
pub use zone::{Zone, ZoneKind};

#[cfg(test)]
mod camera_tests;
#[cfg(test)]
mod clauses_tests;
#[cfg(test)]
mod corrections_tests;
#[cfg(test)]
mod policy_tests;
#[cfg(test)]
mod tests;
