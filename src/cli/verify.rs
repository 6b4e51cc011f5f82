//! `melkglas verify`: is a package what was handed out? For whoever received it; needs no site, no log, no model.

use super::talk;
use crate::casework::audit::Hash256;
use crate::casework::package::{Container, Fault, Opening, Passphrase, Verified, verify_package};
use crate::error::{Exit, Failure};
use crate::lang::Lang;
use clap::Args as ClapArgs;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use serde_json::json;
use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Read};
use std::path::{Path, PathBuf};

/// Flags of `melkglas verify`.
#[derive(Debug, ClapArgs)]
#[command(after_help = HELP)]
pub(super) struct Args {
    /// The package (.zip or .age), or the folder into which one was unpacked.
    #[arg(value_name = "PACKAGE")]
    package: PathBuf,
    /// The sender's public key or its fingerprint, 64 digits, or a file that holds it. Without it the key that the
    /// package names is used, and its fingerprint has to be compared by hand.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// File that holds the passphrase of a zip; - is stdin. Without it a terminal is asked.
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// File with your age identity (AGE-SECRET-KEY-1...), for an .age package.
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// Language of the answer.
    #[arg(long, value_enum, default_value_t, env = "MELKGLAS_LANG")]
    lang: Lang,
    /// Print the answer as JSON on stdout.
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
The first line says in plain words whether the package is what was signed; the details say what was masked, by which \
program and models, and where the sender's audit log stood. A zip can be checked without its passphrase too: then only \
whether anything in it was changed. Ends with 6 where something was, with 2 where the passphrase is wrong.

Whoever can make packages can make one of their own: compare the fingerprint with the one on the sender's paper or \
website, or name it with --key.

Examples:
  melkglas verify 2026-014.zip --lang nl
  melkglas verify 2026-014.age --identity key.txt --key 7f3a...
  melkglas verify unpacked/ --json";

/// Longest key, passphrase or identity file that is read, bytes.
const LONGEST: u64 = 64 << 10;

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let path = &args.package;
    let cannot_read =
        |e: io::Error| Failure::new(Exit::Input, format!("{} cannot be read: {e}", path.display()));
    let opening = Opening {
        passphrase: passphrase(args)?,
        identities: args.identity.as_deref().map(text_of).transpose()?,
        key: args.key.as_deref().map(key).transpose()?,
    };
    let verified = verify_package(path, &opening).map_err(cannot_read)?;
    if args.json {
        talk::data(as_json(&verified, args.lang));
    } else {
        talk::data(verified.sentence(args.lang));
        let details = verified.details(args.lang);
        let width = details.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
        for (label, value) in details {
            talk::data(format_args!("  {label:<width$}  {value}"));
        }
    }
    Ok(match verified.faults.as_slice() {
        [] if verified.manifest.is_some() || verified.container == Some(Container::Zip) => Exit::Ok,
        // An age file without a key: nothing was checked, so nothing may look like success.
        [] | [Fault::WrongPassphrase] => Exit::Usage,
        [Fault::NotAPackage] => Exit::Input,
        _ => Exit::Refused,
    })
}

fn as_json(verified: &Verified, lang: Lang) -> serde_json::Value {
    let faults: Vec<_> =
        verified.faults.iter().map(|fault| json!({ "says": fault.words(lang), "is": fault })).collect();
    json!({
        "ok": verified.is_whole(), "says": verified.sentence(lang), "container": verified.container,
        "opened": verified.manifest.is_some(), "key": verified.key,
        "fingerprint": verified.key.map(|key| key.fingerprint()), "key_expected": verified.key_expected,
        "faults": faults, "manifest": verified.manifest,
    })
}

/// A key or fingerprint, as it is or in a file.
fn key(text: &str) -> Result<Hash256, Failure> {
    let digits = |text: &str| text.trim().to_ascii_lowercase().parse::<Hash256>().ok();
    let in_file = || digits(&text_of(Path::new(text)).ok()?);
    digits(text).or_else(in_file).ok_or_else(|| {
        Failure::with_cure(
            Exit::Usage,
            format!("{text:?} is no key"),
            "write the 64 digits of the sender's public key or of its fingerprint, or name a file that holds them",
        )
    })
}

fn text_of(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
    read.map_err(|e| Failure::new(Exit::Usage, format!("{} cannot be read: {e}", path.display())))?;
    Ok(text)
}

/// The passphrase of a zip: out of a file, or asked of whoever sits at a terminal.
fn passphrase(args: &Args) -> Result<Option<Passphrase>, Failure> {
    let zip = || {
        let mut head = [0; 2];
        File::open(&args.package).and_then(|mut file| file.read_exact(&mut head)).is_ok() && &head == b"PK"
    };
    let text = match &args.passphrase_file {
        Some(path) if path.as_os_str() == "-" => line_of_stdin()?,
        Some(path) => text_of(path)?,
        None if zip() && io::stdin().is_terminal() => {
            talk::say(args.lang.of("Wachtwoord van het pakket:", "Passphrase of the package:"));
            unseen(line_of_stdin)?
        }
        None => return Ok(None),
    };
    Ok((!text.trim().is_empty()).then(|| Passphrase::typed(&text)))
}

fn line_of_stdin() -> Result<String, Failure> {
    let mut line = String::new();
    let read = io::stdin().lock().take(LONGEST).read_line(&mut line);
    read.map_err(|e| Failure::new(Exit::Usage, format!("no passphrase could be read: {e}")))?;
    Ok(line)
}

/// Does something while the terminal shows nothing of what is typed.
fn unseen<T>(work: impl FnOnce() -> T) -> T {
    let stdin = io::stdin();
    let before = tcgetattr(&stdin).ok();
    if let Some(mut modes) = before.clone() {
        modes.local_modes.remove(LocalModes::ECHO);
        // Where this fails the passphrase is seen by whoever types it.
        let _ = tcsetattr(&stdin, OptionalActions::Flush, &modes);
    }
    let done = work();
    if let Some(before) = before {
        let _ = tcsetattr(&stdin, OptionalActions::Flush, &before);
    }
    done
}
