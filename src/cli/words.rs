//! What residents and staff put into words: asked for on the terminal, or read from stdin as lines `key: value`.
//!
//! Never flags: those stand in the shell's history and in the list of processes.

use crate::error::{Exit, Failure};
use age::secrecy::SecretString;
use rustix::termios::{LocalModes, OptionalActions, isatty, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// Longest text that is taken, bytes.
const LONGEST: u64 = 64 << 10;

/// Something to be put into words.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// Its key in a line.
    pub(super) key: String,
    /// How it is asked for.
    pub(super) question: String,
    /// It may be left out.
    pub(super) optional: bool,
}

impl Wanted {
    pub(super) fn new(key: impl Into<String>, question: impl Into<String>) -> Self {
        Self { key: key.into(), question: question.into(), optional: false }
    }

    pub(super) fn optional(key: impl Into<String>, question: impl Into<String>) -> Self {
        Self { optional: true, ..Self::new(key, question) }
    }
}

/// The words for each that was given.
pub(super) type Words = Vec<(String, String)>;

/// The words of a key.
pub(super) fn of(words: &Words, key: &str) -> Option<String> {
    words.iter().find(|(known, _)| known == key).map(|(_, text)| text.clone())
}

/// Asks for each on the terminal, or reads them from stdin.
pub(super) fn ask(wanted: &[Wanted]) -> Result<Words, Failure> {
    let stdin = io::stdin();
    let words = if isatty(&stdin) {
        let mut out = io::stderr();
        let mut words = Words::new();
        for wanted in wanted {
            let note = if wanted.optional { " (may be left out)" } else { "" };
            write!(out, "{}{note}: ", wanted.question)
                .and_then(|()| out.flush())
                .map_err(|e| unreadable(&e))?;
            let mut line = String::new();
            stdin.lock().take(LONGEST).read_line(&mut line).map_err(|e| unreadable(&e))?;
            words.push((wanted.key.clone(), line.trim().to_owned()));
        }
        words
    } else {
        let mut text = String::new();
        stdin.lock().take(LONGEST).read_to_string(&mut text).map_err(|e| unreadable(&e))?;
        if text.len() as u64 == LONGEST {
            return Err(Failure::with_cure(
                Exit::Usage,
                format!("stdin holds {} KiB and more", LONGEST >> 10),
                "be brief: what is asked for are a few lines",
            ));
        }
        parse(&text, wanted)?
    };
    let words: Words = words.into_iter().filter(|(_, text)| !text.is_empty()).collect();
    whole(words, wanted)
}

/// The words, where none is missing that has to be there.
fn whole(words: Words, wanted: &[Wanted]) -> Result<Words, Failure> {
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|wanted| !wanted.optional && of(&words, &wanted.key).is_none())
        .map(|wanted| wanted.key.as_str())
        .collect();
    if missing.is_empty() {
        return Ok(words);
    }
    let lines: Vec<String> = missing.iter().map(|key| format!("`{key}: ...`")).collect();
    let verb = if missing.len() == 1 { "is" } else { "are" };
    Err(Failure::with_cure(
        Exit::Usage,
        format!("{} {verb} missing", missing.join(", ")),
        format!(
            "answer the questions on a terminal, or write a line for each to stdin: {}",
            lines.join(", ")
        ),
    ))
}

fn unreadable(e: &io::Error) -> Failure {
    Failure::with_cure(
        Exit::Usage,
        format!("nothing can be read from stdin: {e}"),
        "write lines of text in UTF-8",
    )
}

/// Lines `key: value`, each key once and known.
fn parse(text: &str, wanted: &[Wanted]) -> Result<Words, Failure> {
    let mut words = Words::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |what: &str| {
            let keys = wanted.iter().map(|wanted| wanted.key.as_str()).collect::<Vec<_>>().join(", ");
            // What stands there is somebody's affair and not repeated.
            Err(Failure::with_cure(
                Exit::Usage,
                format!("line {} of stdin {what}", at + 1),
                format!("known: {keys}"),
            ))
        };
        let Some((key, value)) = line.split_once(':') else { return wrong("is not key: value") };
        let key = key.trim();
        if !wanted.iter().any(|wanted| wanted.key == key) {
            return wrong("has a key that is not asked for here");
        }
        if words.iter().any(|(known, _)| known == key) {
            return wrong("gives something twice");
        }
        words.push((key.to_owned(), value.trim().to_owned()));
    }
    Ok(words)
}

/// Names a program that asks for passphrases, as SSH_ASKPASS does for ssh.
const ASKPASS: &str = "MELKGLAS_ASKPASS";

/// A passphrase, asked for on the terminal itself and not shown; or by the program that [`ASKPASS`] names, which gets the
/// question and prints the answer.
pub(super) fn passphrase(question: &str) -> io::Result<SecretString> {
    if let Some(program) = std::env::var_os(ASKPASS).filter(|name| !name.is_empty()) {
        let asked = Command::new(program).arg(question).stderr(Stdio::inherit()).output()?;
        let text = String::from_utf8(asked.stdout).map_err(io::Error::other)?;
        return match asked.status.success() {
            true => Ok(text.trim_end_matches('\n').to_owned().into()),
            false => Err(io::Error::other("nobody answered")),
        };
    }
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty");
    let terminal = terminal.map_err(|e| io::Error::other(format!("there is no terminal to ask on ({e})")))?;
    let shown = tcgetattr(&terminal)?;
    let mut hidden = shown.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&terminal, OptionalActions::Flush, &hidden)?;
    let answer = answer(&terminal, question);
    tcsetattr(&terminal, OptionalActions::Flush, &shown)?;
    writeln!(&terminal)?;
    answer
}

fn answer(mut terminal: &File, question: &str) -> io::Result<SecretString> {
    write!(terminal, "{question}: ")?;
    let mut line = String::new();
    BufReader::new(terminal).take(LONGEST).read_line(&mut line)?;
    Ok(line.trim_end_matches('\n').to_owned().into())
}

/// The passphrase of a site key.
pub(super) fn of_site_key(path: &Path) -> io::Result<SecretString> {
    passphrase(&format!("passphrase of {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_what_they_say_is_not_repeated() {
        let wanted = [Wanted::new("name", "name"), Wanted::optional("reasons", "why")];
        let words = parse("name: A. Bakker: junior\n\nreasons:  my bicycle \n", &wanted).expect("lines");
        assert_eq!(of(&words, "name").as_deref(), Some("A. Bakker: junior"));
        assert_eq!(of(&words, "reasons").as_deref(), Some("my bicycle"));
        let none =
            whole(parse("name: \n", &wanted).expect("a line").split_off(1), &wanted).expect_err("none");
        assert!(format!("{:?}", none.report).contains("`name: ...`"), "{:?}", none.report);
        for wrong in ["Bakker", "street: Bakker", "name: a\nname: Bakker"] {
            let e = parse(wrong, &wanted).expect_err(wrong);
            assert!(!format!("{:?}", e.report).contains("Bakker"), "{wrong}");
        }
    }
}
