//! Hiding: the only place where a raw frame becomes a redacted one.

use crate::config::MaskSettings;
use crate::video::frame::{RawFrame, RedactedFrame};
use crate::video::plan::FramePlan;

/// Hides everything that the plan names and consumes the raw picture.
///
/// A plan for another frame size covers the whole frame.
#[must_use]
pub fn redact(raw: RawFrame, plan: &FramePlan, settings: &MaskSettings) -> RedactedFrame {
    let _ = (raw, plan, settings);
    todo!()
}
