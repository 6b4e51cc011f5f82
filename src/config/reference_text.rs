//! References written into a camera file, as text: its comments and its layout stay.
//!
//! Whatever the layout is, the new text is read again, and must say what the old one said and the change: otherwise
//! nothing is written, and the change has to be made by hand.

use super::camera::Camera;
use super::diagnostic::SettingsError;
use super::document::read_text;
use super::reference::{Approval, Reference, Taken};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A camera file and its text, read once.
#[derive(Debug)]
pub struct CameraText {
    path: PathBuf,
    text: String,
    camera: Camera,
}

/// The change cannot be made in a file that is laid out like this.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not written in plain [[reference]] tables, so it was left as it is", .0.display())]
pub struct NotPlain(pub PathBuf);

impl CameraText {
    /// Reads a camera file.
    ///
    /// # Errors
    /// [`SettingsError`] with every fault found.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        let text = read_text(path)?;
        let camera = Camera::parse(path, &text)?;
        Ok(Self { path: path.to_owned(), text, camera })
    }

    /// The camera.
    #[must_use]
    pub fn camera(&self) -> &Camera {
        &self.camera
    }

    /// The text with more references at its end.
    ///
    /// # Errors
    /// [`NotPlain`] where the file lists references in another way.
    pub fn with_references(&self, new: &[Reference]) -> Result<String, NotPlain> {
        let mut text = self.text.trim_end().to_owned() + "\n";
        for reference in new {
            text.push('\n');
            text.push_str(&table(reference));
        }
        let mut expect = self.camera.references.clone();
        expect.extend_from_slice(new);
        self.checked(text, expect)
    }

    /// The text with approvals of the references at these places, each of which has none yet.
    ///
    /// # Errors
    /// [`NotPlain`] where the file lists references in another way.
    pub fn with_approvals(&self, approvals: &BTreeMap<usize, Approval>) -> Result<String, NotPlain> {
        let mut expect = self.camera.references.clone();
        let mut lines: Vec<String> = self.text.lines().map(str::to_owned).collect();
        let is_header = |line: &usize| lines[*line].trim_start().starts_with("[[reference]]");
        let headers: Vec<usize> = (0..lines.len()).filter(is_header).collect();
        // From the end on, so that what lies before stays where it is.
        for (index, approval) in approvals.iter().rev() {
            let reference = expect.get_mut(*index).ok_or_else(|| self.not_plain())?;
            reference.approval = Some(approval.clone());
            let header = *headers.get(*index).ok_or_else(|| self.not_plain())?;
            // Behind the table's last key; what follows it as a comment belongs to whatever comes next.
            let body = lines[header + 1..].iter().take_while(|line| !line.trim_start().starts_with('['));
            let is_key = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
            let keys = body.enumerate().filter(|(_, line)| is_key(line)).map(|(i, _)| i + 1).last();
            let at = header + 1 + keys.unwrap_or(0);
            lines.splice(at..at, approval_lines(approval));
        }
        self.checked(lines.join("\n") + "\n", expect)
    }

    /// The text, where it says what it should.
    fn checked(&self, text: String, references: Vec<Reference>) -> Result<String, NotPlain> {
        match Camera::parse(&self.path, &text) {
            Ok(after) => {
                let expect = Camera { references, sha256: after.sha256.clone(), ..self.camera.clone() };
                if after == expect { Ok(text) } else { Err(self.not_plain()) }
            }
            Err(_) => Err(self.not_plain()),
        }
    }

    fn not_plain(&self) -> NotPlain {
        NotPlain(self.path.clone())
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn approval_lines(approval: &Approval) -> Vec<String> {
    let mut lines =
        vec![format!("approved_by = {}", quoted(&approval.by)), format!("approved_on = {}", approval.on)];
    lines.extend(approval.despite.as_ref().map(|despite| format!("despite = {}", quoted(despite))));
    lines
}

/// A reference as it stands in a camera file.
fn table(reference: &Reference) -> String {
    let Reference { still, taken, light, approval, spread } = reference;
    let taken = match taken {
        Taken::On(day) => day.to_string(),
        Taken::When(text) => quoted(text),
    };
    let mut lines = vec![
        "[[reference]]".to_owned(),
        format!("file = {}", quoted(&still.file.to_string_lossy())),
        format!("sha256 = \"{}\"", still.sha256),
        format!("taken = {taken}"),
        format!("light = \"{light}\""),
    ];
    if let Some(spread) = spread {
        lines.push(format!("spread = {}", quoted(&spread.file.to_string_lossy())));
        lines.push(format!("spread_sha256 = \"{}\"", spread.sha256));
    }
    lines.extend(approval.iter().flat_map(approval_lines));
    lines.join("\n") + "\n"
}
