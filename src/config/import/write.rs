//! The camera file that an import leads to.

use super::Imported;
use super::shape::one_line;
use crate::config::polygon::small_side;
use crate::config::starter::head;
use std::fmt::Write as _;

impl Imported {
    /// The text of a camera file named `id`; `source` is what it was imported from, for the comment. Valid as it
    /// stands, with every note in it, so that what was not carried over is not forgotten with the terminal.
    #[must_use]
    pub fn to_toml(&self, id: &str, source: &str) -> String {
        let mut text = head(&format!("imported from {}", one_line(source)), id, self.frame);
        let mut line = |line: std::fmt::Arguments<'_>| {
            text.write_fmt(line).expect("writing to a string cannot fail");
            text.push('\n');
        };
        if !self.notes.is_empty() {
            line(format_args!("\n# What the import says:"));
        }
        for note in &self.notes {
            line(format_args!("# - {note}"));
        }
        for zone in &self.zones {
            line(format_args!("\n[[zone]]\nkind = \"{}\"", zone.kind));
            line(format_args!("label = {}", toml::Value::String(zone.label.clone())));
            if small_side(&zone.polygon, self.frame).is_some() {
                line(format_args!("small = true"));
            }
            let corners: Vec<String> =
                zone.polygon.points().iter().map(|p| format!("[{}, {}]", p.x, p.y)).collect();
            if corners.len() <= 4 {
                line(format_args!("polygon = [{}]", corners.join(", ")));
                continue;
            }
            line(format_args!("polygon = ["));
            for few in corners.chunks(4) {
                line(format_args!("    {},", few.join(", ")));
            }
            line(format_args!("]"));
        }
        text
    }
}
