//! The process itself: no core dump, no reader of its memory, no variable that makes GStreamer write or load things, and
//! no report of ONNX Runtime to its maker.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;

/// Why the process cannot be made safe.
#[derive(Debug, thiserror::Error)]
pub(super) enum HardenError {
    /// The environment could not be cleaned.
    #[error("the program cannot start itself again with a clean environment: {0}")]
    Again(#[source] io::Error),
    /// Core dumps could not be turned off.
    #[error("core dumps cannot be turned off: {0}")]
    CoreDumps(#[source] io::Error),
}

/// The variable with which ONNX Runtime, from 1.29 on, reports nothing. Without it the library draws a number for this
/// machine, keeps it with a database in the user's cache and its session in the temporary folder, and sends both on as
/// soon as it is loaded, before `with_telemetry(false)` can be heard.
const SILENT: (&str, &str) = ("ORT_DISABLE_TELEMETRY", "1");

/// Cleans the environment, by starting the program once again where variables that steer GStreamer are set, without them,
/// or where [`SILENT`] is not; then turns core dumps off and closes the process's memory to others.
///
/// `GST_DEBUG_DUMP_DOT_DIR` writes graphs, `GST_DEBUG` and `GST_DEBUG_FILE` logs with tags of the source,
/// `GST_PLUGIN_PATH` and its relatives load foreign code between decoder and mask, `GST_PLUGIN_FEATURE_RANK` picks
/// another decoder. None of them is for this program, so all that begin with `GST_` go. So does `XDG_DATA_HOME`: GStreamer
/// loads every plugin that lies under it in `gstreamer-1.0/plugins`.
pub(super) fn process() -> Result<(), HardenError> {
    let foreign: Vec<OsString> =
        std::env::vars_os().map(|(name, _)| name).filter(|name| is_foreign(name)).collect();
    let silent = std::env::var_os(SILENT.0).is_some_and(|value| value == SILENT.1);
    if !foreign.is_empty() || !silent {
        let mut again = std::process::Command::new(own_program());
        let mut args = std::env::args_os();
        if let Some(name) = args.next() {
            again.arg0(name);
        }
        again.args(args);
        for name in &foreign {
            again.env_remove(name);
        }
        again.env(SILENT.0, SILENT.1);
        // Returns only where it fails.
        return Err(HardenError::Again(again.exec()));
    }
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    rustix::process::setrlimit(rustix::process::Resource::Core, none)
        .map_err(|e| HardenError::CoreDumps(e.into()))?;
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
        .map_err(|e| HardenError::CoreDumps(e.into()))
}

/// This program, to be started again: by its own name, which tools show, where it still lies there.
pub(super) fn own_program() -> PathBuf {
    let named = std::env::current_exe().ok().filter(|path| path.is_file());
    named.unwrap_or_else(|| "/proc/self/exe".into())
}

/// Whether a variable makes GStreamer write or load things.
fn is_foreign(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"GST_") || name == "XDG_DATA_HOME"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_steer_gstreamer_are_foreign() {
        for name in ["GST_DEBUG", "GST_PLUGIN_PATH_1_0", "GST_", "XDG_DATA_HOME"] {
            assert!(is_foreign(OsStr::new(name)), "{name}");
        }
        for name in ["HOME", "PATH", "XDG_DATA_DIRS", "XDG_DATA_HOME_", "MY_GST_DEBUG"] {
            assert!(!is_foreign(OsStr::new(name)), "{name}");
        }
    }
}
