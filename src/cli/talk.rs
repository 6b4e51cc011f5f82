//! What is said to people, on stderr. Everything printed there goes through here.

use crate::error::Failure;
use std::io::Write;
use std::path::Path;

/// One line.
pub(super) fn say(line: impl std::fmt::Display) {
    // A closed stderr must not stop the work.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// An error, with the clip that it is about.
pub(super) fn failure(clip: Option<&Path>, failure: &Failure) {
    match clip {
        Some(clip) => say(format_args!("{}: {:?}", clip.display(), failure.report)),
        None => say(format_args!("melkglas: {:?}", failure.report)),
    }
}

/// Data, on stdout.
pub(super) fn data(line: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Rows as columns, each as wide as its widest cell.
pub(super) fn table<const N: usize>(rows: &[[String; N]]) {
    for row in rows {
        let cells = row.iter().enumerate().map(|(i, cell)| {
            let width = rows.iter().map(|row| row[i].chars().count()).max().unwrap_or(0);
            format!("{cell:<width$}")
        });
        data(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}
