//! The program itself, started in a folder of its own.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder with clips, and a settings file beside it that makes the networks quick and the fill green.
pub(crate) struct Desk {
    root: tempfile::TempDir,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// The run ended with this code, and said each of these on stderr.
    pub(crate) fn expect(self, code: i32, said: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        // Line breaks of the report's layout say nothing.
        let plain = self.stderr.split_whitespace().filter(|w| *w != "│").collect::<Vec<_>>().join(" ");
        for words in said {
            assert!(plain.contains(words), "{words:?} is missing: {}", self.stderr);
        }
        self
    }
}

impl Desk {
    pub(crate) fn new() -> Self {
        let desk = Self { root: tempfile::tempdir().expect("a folder") };
        std::fs::create_dir(desk.folder()).expect("made");
        std::fs::write(desk.site(), site(128)).expect("written");
        desk
    }

    /// Searches at this size instead of the quickest.
    pub(crate) fn searching(input_px: u32) -> Self {
        let desk = Self::new();
        std::fs::write(desk.site(), site(input_px)).expect("written");
        desk
    }

    pub(crate) fn site(&self) -> PathBuf {
        self.root.path().join("site.toml")
    }

    /// Where the program runs.
    pub(crate) fn folder(&self) -> PathBuf {
        self.root.path().join("desk")
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder().join(name)
    }

    pub(crate) fn names(&self) -> Vec<String> {
        super::job::names(&self.folder())
    }

    /// The program with these arguments, in the folder.
    pub(crate) fn melkglas<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_melkglas"));
        command.current_dir(self.folder()).args(args).stdin(Stdio::null());
        self.settle(&mut command);
        command
    }

    /// Gives any command the environment that the program has here.
    pub(crate) fn settle(&self, command: &mut Command) {
        for (name, _) in std::env::vars_os() {
            let foreign = name.to_string_lossy().starts_with("MELKGLAS_");
            // The library may lie elsewhere on this machine; all else is ours to set.
            if foreign && name != melkglas::share::LIBRARY_VARIABLE {
                command.env_remove(name);
            }
        }
        command.env("MELKGLAS_SITE", self.site()).env("NO_COLOR", "1");
    }

    /// Runs the program to its end.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ended {
        ended(&mut self.melkglas(args))
    }
}

/// Runs a command to its end.
pub(crate) fn ended(command: &mut Command) -> Ended {
    let output = command.output().expect("started");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn site(input_px: u32) -> String {
    format!(
        "schema = 1\n[detect]\nperson_input_px = {input_px}\nface_input_px = {input_px}\n\
         [mask]\nstyle = \"fill\"\nfill_colour = \"00ff00\"\n[limits]\nstall_secs = 60\n"
    )
}

/// A file's permission bits.
pub(crate) fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

/// A camera file for clips of 320x180 with one door over the intruder's whole way.
pub(crate) const DOOR: &str = "schema = 1
id = \"door\"
description = \"made up\"
frame = { width = 320, height = 180 }
[[zone]]
kind = \"door\"
label = \"all of it\"
polygon = [[0.05, 0.25], [0.95, 0.25], [0.95, 0.75], [0.05, 0.75]]
";
