//! The wing of people and paper: what is hidden, and what is written down about it.
//!
//! May import the hall and [`crate::video`]; touches no pixel.

mod boxes;
mod decide;
mod report;
mod spans;

pub use boxes::BoxesWriter;
pub use decide::HideEveryone;
pub use report::{REPORT_VERSION, Report, ReportBuilder, ReportContext, SourceKind};
pub use spans::{Span, SpanReason};
