//! Logs for engineers: on stderr, warnings and worse unless `MELKGLAS_LOG` says otherwise.
//!
//! A line may hold frame numbers, times and file names; never a pixel, a box or a tag of the source.

use tracing_subscriber::EnvFilter;

/// Starts logging. Does nothing where a subscriber is already in place.
pub fn start() {
    let filter = EnvFilter::try_from_env("MELKGLAS_LOG").unwrap_or_else(|_| EnvFilter::new("warn,ort=error"));
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
