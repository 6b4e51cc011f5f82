//! Logs for engineers: on stderr, warnings and worse unless `MELKGLAS_LOG` says otherwise.
//!
//! A line may hold frame numbers, times and file names; never a pixel, a box or a tag of the source.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Starts logging. Does nothing where a subscriber is already in place.
pub fn start() {
    let filter = EnvFilter::try_from_env("MELKGLAS_LOG").unwrap_or_else(|_| EnvFilter::new("warn,ort=error"));
    // Colours are for people at a terminal; in a journal or a file their codes are rubbish.
    let coloured =
        std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(coloured);
    let _ = log.with_writer(std::io::stderr).try_init();
}
