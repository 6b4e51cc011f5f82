//! Faults in settings files, shown with file, line, column, the offending text and a cure.
//!
//! A [`SettingsError`] holds every fault found in one file. What is shown of the file is cleaned of control
//! characters, so that a settings file cannot speak to the terminal.

use super::secrets;
use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode, SourceSpan};
use std::fmt::Display;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Most faults that one report shows: past that it helps nobody.
const MOST_SHOWN: usize = 100;

/// One fault in a settings file.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct SettingsFault {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub cure: Option<String>,
    file: FileText,
    marks: Vec<Mark>,
}

impl SettingsFault {
    /// A fault of the file as a whole.
    pub(super) fn whole(file: &FileText, message: impl Into<String>, cure: impl Into<String>) -> Self {
        Self {
            message: printable(&message.into()),
            cure: Some(printable(&cure.into())),
            file: file.clone(),
            marks: Vec::new(),
        }
    }

    /// Underlines one more span of the file, bytes from its start. The first one gives line and column.
    pub(super) fn mark(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
        self.marks.push(Mark { span: self.file.inside(span), label: printable(&label.into()) });
        self
    }

    /// The file's path as it was given.
    #[must_use]
    pub fn file(&self) -> &str {
        self.file.0.name()
    }

    /// Line of the first offending character, from 1; none where the fault is the file's as a whole.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.text_before().map(|text| text.matches('\n').count() + 1)
    }

    /// Column of the first offending character, in characters from 1.
    #[must_use]
    pub fn column(&self) -> Option<usize> {
        self.text_before().map(|text| text.rsplit('\n').next().unwrap_or(text).chars().count() + 1)
    }

    /// The underlined texts, in the order in which they are explained.
    pub fn offending(&self) -> impl Iterator<Item = &str> {
        self.marks.iter().filter_map(|mark| self.file.text().get(mark.span.clone()))
    }

    fn text_before(&self) -> Option<&str> {
        self.marks.first().and_then(|mark| self.file.text().get(..mark.span.start))
    }

    fn start(&self) -> usize {
        self.marks.first().map_or(0, |mark| mark.span.start)
    }
}

impl Diagnostic for SettingsFault {
    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        self.cure.as_ref().map(|cure| Box::new(cure) as Box<dyn Display + 'a>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        if self.marks.is_empty() { None } else { Some(&*self.file.0) }
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.marks.iter().enumerate().map(|(index, mark)| {
            let (label, span) = (Some(mark.label.clone()), SourceSpan::from(mark.span.clone()));
            // The primary label is the one whose line and column the report's head names.
            if index == 0 {
                LabeledSpan::new_primary_with_span(label, span)
            } else {
                LabeledSpan::new_with_span(label, span)
            }
        })))
    }
}

/// A settings file that is refused, with every fault found in it.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct SettingsError {
    /// The faults, in the order of the file; the first hundred where there are more.
    pub faults: Vec<SettingsFault>,
    found: usize,
}

impl SettingsError {
    /// Orders the faults by their place in the file. At least one is needed to refuse a file.
    pub(super) fn new(mut faults: Vec<SettingsFault>) -> Self {
        faults.sort_by_key(SettingsFault::start);
        let found = faults.len();
        faults.truncate(MOST_SHOWN);
        Self { faults, found }
    }

    fn sentence(&self) -> String {
        let file = self.faults.first().map_or("the settings", SettingsFault::file);
        match (self.found, self.faults.len()) {
            (1, _) => format!("1 fault in {file}"),
            (found, shown) if shown < found => {
                format!("{found} faults in {file}, of which the first {shown} are shown")
            }
            (found, _) => format!("{found} faults in {file}"),
        }
    }
}

impl Diagnostic for SettingsError {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.faults.iter().map(|fault| fault as &dyn Diagnostic)))
    }
}

/// One underlined span and what is said about it.
#[derive(Debug, Clone)]
struct Mark {
    span: Range<usize>,
    label: String,
}

/// A file's name and its text as it may be shown: control characters and passwords replaced byte for byte.
#[derive(Debug, Clone)]
pub(super) struct FileText(Arc<NamedSource<String>>);

impl FileText {
    /// The text of the file at `path`; empty where it could not be read.
    pub(super) fn new(path: &Path, text: &str) -> Self {
        let shown = text.chars().fold(String::with_capacity(text.len()), |mut shown, c| {
            if c.is_control() && !matches!(c, '\n' | '\r' | '\t') {
                shown.extend(std::iter::repeat_n('?', c.len_utf8()));
            } else {
                shown.push(c);
            }
            shown
        });
        Self(Arc::new(NamedSource::new(printable(&path.to_string_lossy()), secrets::starred(&shown))))
    }

    fn text(&self) -> &str {
        self.0.inner()
    }

    /// The span cut to the text and to whole characters, without the line break at its end.
    fn inside(&self, span: Range<usize>) -> Range<usize> {
        let text = self.text();
        let edge = |at: usize| text.floor_char_boundary(at.min(text.len()));
        let (start, end) = (edge(span.start), edge(span.end));
        let kept = text.get(start..end).map_or(0, |s| s.trim_end().len());
        start..start + kept
    }
}

/// The text with every control character made harmless.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}
