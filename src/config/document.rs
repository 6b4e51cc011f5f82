//! A TOML file as a tree that remembers where each value stands, and that can be asked for all its faults.
//!
//! Serde stops at the first fault, and an operator who mends a file one fault at a time gives up. So every
//! settings file is walked through [`Section`] and [`Item`]: each question notes what is wrong with the answer
//! and returns `None`; [`Document::check`] refuses the file where anything was noted.

use super::diagnostic::{FileText, SettingsError, SettingsFault, printable};
use clap::ValueEnum;
use jiff::civil::Date;
use std::cell::RefCell;
use std::fs::File;
use std::io::Read;
use std::ops::{Range, RangeInclusive};
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Years that a date in a settings file can lie in: from the first video recorders on.
pub(super) const YEARS: RangeInclusive<i16> = 1980..=2099;

/// Largest settings file, MiB.
const LARGEST_MIB: u64 = 1;

/// The text of a settings file.
///
/// # Errors
/// One fault: the file is missing, unreadable, not a file, too large or not text.
pub(super) fn read_text(path: &Path) -> Result<String, SettingsError> {
    read_text_up_to(path, LARGEST_MIB)
}

/// The text of a file that is no larger than so many MiB.
///
/// # Errors
/// Those of [`read_text`].
pub(super) fn read_text_up_to(path: &Path, most_mib: u64) -> Result<String, SettingsError> {
    let refuse = |message: String, cure: &str| {
        Err(SettingsError::new(vec![SettingsFault::whole(&FileText::new(path, ""), message, cure)]))
    };
    let shown = path.display();
    let unreadable = |error: &std::io::Error| {
        let cure = match error.kind() {
            std::io::ErrorKind::NotFound => "check the path",
            std::io::ErrorKind::PermissionDenied => "make it readable for the user who runs this program",
            _ => "check the disk and the path",
        };
        refuse(format!("{shown} cannot be read: {error}"), cure)
    };
    // Asked before opening: opening a named pipe would wait for a writer for ever.
    match std::fs::metadata(path) {
        Err(error) => return unreadable(&error),
        Ok(meta) if meta.is_dir() => {
            return refuse(format!("{shown} is a directory"), "name the settings file itself");
        }
        Ok(meta) if !meta.is_file() => {
            return refuse(format!("{shown} is not a regular file"), "name a TOML file on disk");
        }
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take((most_mib << 20) + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        return unreadable(&error);
    }
    if bytes.len() as u64 > most_mib << 20 {
        return refuse(format!("{shown} is larger than {most_mib} MiB"), "name a settings file, not a clip");
    }
    String::from_utf8(bytes).or_else(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].split(|b| *b == b'\n').count();
        refuse(format!("{shown} is not UTF-8 text (line {line})"), "save it as UTF-8 in your editor")
    })
}

/// One settings file being read, and the faults noted so far.
pub(super) struct Document<'t> {
    text: &'t str,
    file: FileText,
    faults: RefCell<Vec<SettingsFault>>,
}

impl<'t> Document<'t> {
    /// A file's text; `path` is shown as given.
    pub(super) fn new(path: &Path, text: &'t str) -> Self {
        Self { text, file: FileText::new(path, text), faults: RefCell::default() }
    }

    /// Parses the text.
    ///
    /// # Errors
    /// Every place where it is not TOML. Nothing else is looked at then: what could be salvaged of such a file
    /// gives more wrong answers than right ones.
    pub(super) fn parse(&self) -> Result<Spanned<DeTable<'t>>, SettingsError> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        if errors.is_empty() {
            return Ok(table);
        }
        let faults = errors.iter().map(|error| {
            let message = error.message().lines().collect::<Vec<_>>().join(", ");
            let cure = "mend the TOML here: text stands in quotes, lists in [ ], one key = value a line, \
                        no key twice in one table";
            SettingsFault::whole(&self.file, format!("this is not valid TOML: {message}"), cure)
                .mark(error.span().unwrap_or(0..0), "here")
        });
        Err(SettingsError::new(faults.collect()))
    }

    /// The whole file as a section.
    pub(super) fn root<'d>(&'d self, table: &'d Spanned<DeTable<'t>>) -> Section<'d> {
        let first_line = 0..self.text.lines().next().unwrap_or("").len();
        Section::new(self, None, first_line, table.get_ref())
    }

    /// The file's text up to this byte.
    pub(super) fn text_before(&self, byte: usize) -> &'t str {
        self.text.get(..byte).unwrap_or("")
    }

    /// Notes a fault at a span of the file.
    pub(super) fn note(
        &self,
        span: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        cure: impl Into<String>,
    ) {
        self.note_fault(SettingsFault::whole(&self.file, message, cure).mark(span, label));
    }

    /// A fault to which marks can be added before it is noted.
    pub(super) fn fault(&self, message: impl Into<String>, cure: impl Into<String>) -> SettingsFault {
        SettingsFault::whole(&self.file, message, cure)
    }

    /// Notes a fault.
    pub(super) fn note_fault(&self, fault: SettingsFault) {
        self.faults.borrow_mut().push(fault);
    }

    /// The value that was read, if nothing was noted.
    ///
    /// # Errors
    /// All noted faults.
    pub(super) fn check<T>(self, value: Option<T>) -> Result<T, SettingsError> {
        let faults = self.faults.into_inner();
        match value {
            Some(value) if faults.is_empty() => Ok(value),
            _ => Err(SettingsError::new(faults)),
        }
    }
}

/// One table of the file. Keys that nobody asked for are faults, noted by [`Section::finish`].
pub(super) struct Section<'d> {
    doc: &'d Document<'d>,
    name: Option<String>,
    span: Range<usize>,
    table: &'d DeTable<'d>,
    known: Vec<&'static str>,
    missing: Vec<(&'static str, String)>,
}

impl<'d> Section<'d> {
    fn new(doc: &'d Document<'_>, name: Option<String>, span: Range<usize>, table: &'d DeTable<'_>) -> Self {
        Self { doc, name, span, table, known: Vec::new(), missing: Vec::new() }
    }

    /// Whether the key is there, whatever its value.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The value of a key that may be absent.
    pub(super) fn optional(&mut self, key: &'static str) -> Option<Item<'d>> {
        self.known.push(key);
        let value = self.table.get(key)?;
        let name = self.name.as_ref().map_or_else(|| key.to_owned(), |name| format!("{name}.{key}"));
        Some(Item { doc: self.doc, key, name, span: value.span(), value: value.get_ref() })
    }

    /// The value of a key that must be there; `example` is what to write where it is not.
    pub(super) fn required(&mut self, key: &'static str, example: impl Into<String>) -> Option<Item<'d>> {
        let item = self.optional(key);
        if item.is_none() {
            self.missing.push((key, example.into()));
        }
        item
    }

    /// Notes unknown and missing keys. A missing key that an unknown one seems to mean counts once.
    pub(super) fn finish(self) {
        let mut meant = Vec::new();
        let place = self.name.as_ref().map_or_else(|| "here".to_owned(), |name| format!("in `{name}`"));
        for (key, _) in self.table.iter().filter(|(key, _)| !self.known.contains(&key.get_ref().as_ref())) {
            let absent = self.known.iter().copied().filter(|known| !self.table.contains_key(*known));
            let nearest = nearest(key.get_ref(), absent);
            let known = self.known.join(", ");
            let cure = match nearest {
                Some(nearest) => format!("did you mean `{nearest}`? Known {place}: {known}"),
                None => format!("remove it; known {place}: {known}"),
            };
            meant.extend(nearest);
            let message = format!("unknown key `{}`", key.get_ref());
            self.doc.note(key.span(), message, format!("not known {place}"), cure);
        }
        for (key, example) in self.missing.iter().filter(|(key, _)| !meant.contains(key)) {
            let message = match &self.name {
                Some(name) => format!("key `{key}` is missing in `{name}`"),
                None => format!("key `{key}` is missing"),
            };
            let label =
                format!("`{key}` is missing {}", if self.name.is_some() { "here" } else { "in this file" });
            self.doc.note(self.span.clone(), message, label, format!("write {example}"));
        }
    }
}

/// One value of the file.
#[derive(Clone)]
pub(super) struct Item<'d> {
    /// The file that it stands in.
    pub(super) doc: &'d Document<'d>,
    /// Where, bytes from the file's start.
    pub(super) span: Range<usize>,
    key: &'static str,
    name: String,
    value: &'d DeValue<'d>,
}

impl<'d> Item<'d> {
    /// Notes a fault of this value.
    pub(super) fn note(&self, message: impl Into<String>, label: impl Into<String>, cure: impl Into<String>) {
        self.doc.note(self.span.clone(), message, label, cure);
    }

    /// The key with the tables around it, such as `frame.width`.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A text without control characters.
    pub(super) fn text(&self) -> Option<&'d str> {
        let Some(text) = self.value.as_str() else {
            let cure = match self.value {
                DeValue::Array(_) | DeValue::Table(_) => format!("write {} = \"...\"", self.key),
                _ => format!("put it in quotes: {} = \"{}\"", self.key, self.raw()),
            };
            self.wrong_type("text in quotes", cure);
            return None;
        };
        if printable(text) != text || text.contains('\n') {
            let name = &self.name;
            self.note(
                format!("`{name}` holds a control character"),
                "line breaks, tabs and escapes are not allowed here",
                "write it as one line of plain text",
            );
            return None;
        }
        Some(text)
    }

    /// A text that says something; `cure` is what to do where it is empty.
    pub(super) fn filled_text(&self, cure: &str) -> Option<&'d str> {
        let text = self.text()?;
        if text.trim().is_empty() {
            self.note(format!("`{}` is empty", self.name), "says nothing", cure);
            return None;
        }
        Some(text)
    }

    /// A day of the calendar by itself, without a time, as TOML writes it: 2026-01-31.
    pub(super) fn date(&self) -> Option<Date> {
        let cure = format!("write the day alone, without quotes: {} = 2026-01-31", self.key);
        let Some(found) = self.value.as_datetime() else {
            self.wrong_type("a date", cure);
            return None;
        };
        let (Some(day), None, None) = (found.date, found.time, found.offset) else {
            self.note(format!("`{}` must be a date without a time", self.name), "more than a day", cure);
            return None;
        };
        let number = |part: u8| i8::try_from(part).ok();
        let year = i16::try_from(day.year).ok().filter(|year| YEARS.contains(year));
        let date = (|| Date::new(year?, number(day.month)?, number(day.day)?).ok())();
        if date.is_none() {
            let (first, last) = (YEARS.start(), YEARS.end());
            self.out_of_range(&format!("write a day of the years {first} to {last}"));
        }
        date
    }

    /// Whether it is a text, of whatever content.
    pub(super) fn is_text(&self) -> bool {
        self.value.is_str()
    }

    /// Whether it is true or false.
    pub(super) fn is_boolean(&self) -> bool {
        self.value.is_bool()
    }

    /// Whether it is a number, whole or not.
    pub(super) fn is_number(&self) -> bool {
        self.value.is_integer() || self.value.is_float()
    }

    /// Whether it is a date or a time.
    pub(super) fn is_date(&self) -> bool {
        self.value.is_datetime()
    }

    /// A whole number within the range.
    pub(super) fn integer(&self, range: RangeInclusive<i64>) -> Option<i64> {
        let (low, high) = (*range.start(), *range.end());
        let cure = format!("write a whole number from {low} to {high}");
        let Some(number) = self.value.as_integer() else {
            self.wrong_type("a whole number", self.unquoted().unwrap_or(cure));
            return None;
        };
        // A number too large for 64 bits is out of any range of ours.
        let value = i64::from_str_radix(number.as_str(), number.radix()).ok();
        let inside = value.filter(|value| range.contains(value));
        if inside.is_none() {
            self.out_of_range(&cure);
        }
        inside
    }

    /// A number within the range; a whole one will do.
    pub(super) fn number(&self, range: RangeInclusive<f64>) -> Option<f64> {
        let (low, high) = (*range.start(), *range.end());
        let cure = format!("write a number from {low} to {high}");
        let Some(value) = self.value_as_f64() else {
            self.wrong_type("a number", self.unquoted().unwrap_or(cure));
            return None;
        };
        let inside = Some(value).filter(|value| range.contains(value));
        if inside.is_none() {
            self.out_of_range(&cure);
        }
        inside
    }

    /// Any number, infinite and undefined ones included.
    pub(super) fn any_number(&self) -> Option<f64> {
        let value = self.value_as_f64();
        if value.is_none() {
            self.wrong_type("a number", self.unquoted().unwrap_or_else(|| "write a number".to_owned()));
        }
        value
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self) -> Option<bool> {
        let value = self.value.as_bool();
        if value.is_none() {
            self.wrong_type("true or false", "write true or false, without quotes");
        }
        value
    }

    /// One of the words of an enumeration, or another word for it.
    pub(super) fn word<T: ValueEnum>(&self) -> Option<T> {
        if let Some(word) = self.value.as_str().and_then(|text| T::from_str(text, false).ok()) {
            return Some(word);
        }
        let names = words::<T>();
        let found = self.one_of(&names.iter().map(String::as_str).collect::<Vec<_>>())?;
        T::value_variants().iter().find(|word| name_of(*word).as_deref() == Some(found)).cloned()
    }

    /// One of these texts.
    pub(super) fn one_of(&self, words: &[&str]) -> Option<&'d str> {
        let text = self.text()?;
        if words.contains(&text) {
            return Some(text);
        }
        let all = words.join(", ");
        let cure = match nearest(text, words.iter().copied()) {
            Some(word) => format!("did you mean \"{word}\"? Possible are {all}"),
            None => format!("write one of {all}"),
        };
        self.note(format!("`{}` cannot be \"{text}\"", self.name), "unknown word", cure);
        None
    }

    /// A table.
    pub(super) fn section(&self) -> Option<Section<'d>> {
        let Some(table) = self.value.as_table() else {
            self.wrong_type("a table", format!("write {} = {{ ... }} or [{}]", self.key, self.name));
            return None;
        };
        Some(Section::new(self.doc, Some(self.name.clone()), self.span.clone(), table))
    }

    /// The items of a list, called `noun` 1, `noun` 2 and so on; `cure` says how to write the list.
    pub(super) fn items(&self, noun: &str, cure: &str) -> Option<Vec<Self>> {
        let Some(array) = self.value.as_array() else {
            self.wrong_type("a list", cure);
            return None;
        };
        Some(
            array
                .iter()
                .enumerate()
                .map(|(index, value)| Self {
                    doc: self.doc,
                    key: self.key,
                    name: format!("{noun} {}", index + 1),
                    span: value.span(),
                    value: value.get_ref(),
                })
                .collect(),
        )
    }

    fn value_as_f64(&self) -> Option<f64> {
        match self.value {
            DeValue::Integer(n) => i128::from_str_radix(n.as_str(), n.radix()).map(|v| v as f64).ok(),
            DeValue::Float(n) => n.as_str().parse().ok(),
            _ => None,
        }
    }

    /// The value as it stands in the file.
    pub(super) fn raw(&self) -> &'d str {
        self.doc.text.get(self.span.clone()).unwrap_or("...")
    }

    /// What to write where a number was put in quotes.
    fn unquoted(&self) -> Option<String> {
        let text = self.value.as_str()?;
        text.parse::<f64>().ok()?;
        Some(format!("write it without quotes: {text}"))
    }

    /// Notes that this is another kind of value than wanted.
    pub(super) fn wrong_type(&self, wanted: &str, cure: impl Into<String>) {
        let found = match self.value {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number with a fraction",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date or a time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let message = format!("`{}` must be {wanted}", self.name);
        self.note(message, format!("this is {found}"), cure);
    }

    fn out_of_range(&self, cure: &str) {
        self.note(format!("`{}` is out of range", self.name), "not possible here", cure);
    }
}

/// Every word that an enumeration is read from.
pub(super) fn all_words<T: ValueEnum>() -> Vec<String> {
    let values = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    values.flat_map(|value| value.get_name_and_aliases().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// The words of an enumeration, as settings write them.
pub(super) fn words<T: ValueEnum>() -> Vec<String> {
    T::value_variants().iter().filter_map(name_of).collect()
}

fn name_of<T: ValueEnum>(word: &T) -> Option<String> {
    word.to_possible_value().map(|value| value.get_name().to_owned())
}

/// The candidate that differs from `word` in the fewest letters, if they have most letters in common.
fn nearest<'w>(word: &str, candidates: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    // A key of a thousand letters is nobody's misspelling.
    if word.len() > 64 {
        return None;
    }
    let word = word.to_lowercase();
    candidates
        .map(|candidate| (edit_distance(&word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Letters to insert, remove or change to turn one text into the other (Levenshtein 1966).
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspellings_find_their_word() {
        let words = ["polygon", "kind", "label", "style"];
        let check = |word: &str| nearest(word, words.into_iter());
        assert_eq!(check("poligon"), Some("polygon"));
        assert_eq!(check("points"), None);
        assert_eq!(check("Label"), Some("label"));
        assert_eq!(check("labels"), Some("label"));
        assert_eq!(check(""), None);
        assert_eq!(edit_distance("kitten", "sitting"), 3);
    }
}
