//! The days on which incidents before a camera were reported: `<id>.incidents.txt` beside its camera file, a day a line.
//!
//! A file of its own, since a camera file is bound by its hash to analyses and references, which an incident does not
//! change. Nothing but days stands in it: what happened, and to whom, is in the case.

use jiff::civil::Date;
use std::io;
use std::path::{Path, PathBuf};

/// Longest file that is read, bytes.
const LONGEST: u64 = 1 << 20;

/// The days, oldest first, each once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Incidents(Vec<Date>);

/// Why they cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum IncidentsError {
    /// A line is no day.
    #[error("{}, line {line}: {text:?} is no day; write one a line, as in 2026-01-31", .path.display())]
    Day {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What stands there.
        text: String,
    },
    /// Reading failed.
    #[error("{} cannot be read: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Incidents {
    /// Where those of a camera file are.
    #[must_use]
    pub fn path_of(camera_file: &Path) -> PathBuf {
        camera_file.with_extension("incidents.txt")
    }

    /// Those of a camera file; none where there is no file of them.
    ///
    /// # Errors
    /// [`IncidentsError`].
    pub fn of(camera_file: &Path) -> Result<Self, IncidentsError> {
        let path = Self::path_of(camera_file);
        let long = std::fs::metadata(&path).is_ok_and(|meta| meta.len() > LONGEST);
        let text = match std::fs::read_to_string(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Ok(_) if long => Err(io::Error::other("it is too long")),
            other => other,
        };
        let text = text.map_err(|source| IncidentsError::Io { path: path.clone(), source })?;
        Self::parse(&path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, IncidentsError> {
        let mut days = Self::default();
        for (i, line) in text.lines().enumerate() {
            let bare = line.split('#').next().unwrap_or_default().trim();
            if bare.is_empty() {
                continue;
            }
            let fault = |_| IncidentsError::Day {
                path: path.to_owned(),
                line: i + 1,
                text: bare.chars().take(40).collect(),
            };
            days.add(bare.parse().map_err(fault)?);
        }
        Ok(days)
    }

    /// Adds a day; false where it was there.
    pub fn add(&mut self, day: Date) -> bool {
        let place = self.0.binary_search(&day);
        if let Err(at) = place {
            self.0.insert(at, day);
        }
        place.is_err()
    }

    /// The latest.
    #[must_use]
    pub fn last(&self) -> Option<Date> {
        self.0.last().copied()
    }

    /// The file's text.
    #[must_use]
    pub fn text(&self) -> String {
        let lines = self.0.iter().map(|day| format!("{day}\n"));
        "# Days of reported incidents, a line each: melkglas incident report\n".to_owned()
            + &lines.collect::<String>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_are_kept_once_and_in_order() {
        let path = Path::new("hall.incidents.txt");
        assert_eq!(Incidents::path_of(Path::new("a/hall.toml")), Path::new("a/hall.incidents.txt"));
        let mut days = Incidents::parse(path, "# heard of\n2026-03-01\n\n2025-12-31 # late\n").expect("days");
        assert_eq!(days.last(), Some(date(2026, 3, 1)));
        assert!(days.add(date(2026, 2, 1)) && !days.add(date(2026, 3, 1)));
        assert_eq!(Incidents::parse(path, &days.text()).expect("days"), days);
        assert_eq!(
            days.text().lines().skip(1).collect::<Vec<_>>(),
            ["2025-12-31", "2026-02-01", "2026-03-01"]
        );
        let fault = Incidents::parse(path, "2026-03-01\nyesterday\n").expect_err("no day").to_string();
        assert!(fault.contains("line 2") && fault.contains("yesterday"), "{fault}");
    }
}
