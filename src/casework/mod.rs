//! The wing of people and paper: what is hidden, and what is written down about it.
//!
//! May import the hall and [`crate::video`]; touches no pixel.

pub mod audit;
mod batch;
mod batch_page;
mod boxes;
pub mod case;
#[cfg(test)]
mod corrections_tests;
mod csv;
mod decide;
mod evaluate;
mod evaluation;
pub mod package;
pub mod paper;
mod plain;
mod recheck;
mod register;
mod report;
mod report_read;
mod reveal;
mod reveal_record;
mod reveal_trial;
pub mod review;
mod shown_object;
mod spans;
mod trust;
mod truth;

pub use batch::{
    BATCH_VERSION, Batch, BatchError, BatchItem, BatchRow, BatchSummary, Ended, ItemState, side_by_side,
};
pub use boxes::BoxesWriter;
pub use csv::csv;
pub use decide::HideEveryone;
pub use evaluate::{BODY_HIDDEN, Figures, HEAD_HIDDEN, IdentityFigures, Scorer, Verdict};
pub use evaluation::{
    EVALUATION_VERSION, Evaluation, EvaluationContext, Evaluator, Forgotten, WORST_FRAMES, Worst, WorstFrame,
};
pub use recheck::{Looked, Means, RECHECK_VERSION, RecheckReport};
pub use register::{CHECK_EVERY_DAYS, Gap, Readers, RegisterRow, heads};
pub use report::{CorrectionFacts, REPORT_VERSION, Report, ReportBuilder, ReportContext, SourceKind};
pub use report_read::{ReportFault, ReportRead};
pub use reveal::{Discretion, Hidden, Reveal, RevealError};
pub use reveal_record::{CertainSpan, RevealAsked, RevealFacts, RevealRecorder, ShownSpan};
pub use reveal_trial::{Rehearser, RevealPair, RevealTrial};
pub use shown_object::{NoObject, ShownObject};
pub use spans::{Span, SpanReason};
pub use trust::Trust;
pub use truth::{Person, Truth, TruthError, TruthFacts};
