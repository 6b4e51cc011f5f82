//! The progress bar: on a terminal only, and never in the way.

use crate::video::pipeline::FrameRecord;
use crate::video::source::Declared;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

/// Shows frames, rate and time left on a terminal; nothing on a pipe.
pub(super) struct Progress {
    bar: ProgressBar,
    by_time: bool,
}

impl Progress {
    /// A bar for one clip.
    pub(super) fn new(name: &str) -> Self {
        let bar =
            if std::io::stderr().is_terminal() { ProgressBar::no_length() } else { ProgressBar::hidden() };
        bar.set_prefix(name.to_owned());
        Self { bar, by_time: false }
    }

    /// Sets the length, where the container says how much is to come.
    pub(super) fn begin(&mut self, declared: &Declared) {
        let counted = "{prefix} {bar:30} {pos}/{len} frames, {per_sec}, {eta} left";
        let timed = "{prefix} {bar:30} {percent} % {msg}, {eta} left";
        let open = "{prefix} {spinner} {pos} frames, {per_sec}";
        let (length, template) = match (declared.frames, declared.duration_ns) {
            (Some(frames), _) => (Some(frames), counted),
            (None, Some(ns)) => (Some(ns / 1_000_000), timed),
            (None, None) => (None, open),
        };
        self.by_time = declared.frames.is_none() && length.is_some();
        if let Some(length) = length {
            self.bar.set_length(length);
        }
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
    }

    /// One frame is done.
    pub(super) fn frame(&mut self, record: &FrameRecord<'_>) {
        if self.by_time {
            self.bar.set_position(record.stamp.pts_ns / 1_000_000);
            self.bar.set_message(format!("{} frames", record.number + 1));
        } else {
            self.bar.set_position(record.stamp.index + 1);
        }
    }

    /// Takes the bar away.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
