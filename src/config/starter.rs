//! The camera file that a new camera begins with.

use super::register::{FIELDS, FURTHER_FIELDS, Field};
use crate::geometry::FrameSize;
use std::fmt::Write as _;

/// What zones of each kind are for, and what is commonly forgotten: in the file, where it is needed.
const HINTS: [(&str, &str, &str); 11] = [
    ("door", "front doors, and what one sees through them when they open", "front door of number 12"),
    (
        "window",
        "also the windows opposite, and those that only light up at night",
        "windows across the street",
    ),
    ("garden", "gardens and balconies that are not the building's own", "balconies on the left"),
    ("street", "public road and pavement: film no more of it than you must", "pavement"),
    ("name-plate", "names beside a door or on a letter box", "letter boxes"),
    ("bell-panel", "names beside the bells, and whose bell is pressed", "bell panel"),
    ("screen", "monitors, intercoms and telephones in view", "monitor of the caretaker"),
    ("mirror", "mirrors and shiny doors show who stands out of view", "mirror in the lift"),
    ("notice-board", "lists with names, house rules with telephone numbers", "notice board"),
    ("parking", "number plates, and who comes and goes", "parking bays"),
    ("other", "anything else that nobody needs to see", "care home's entrance"),
];

/// A camera file without zones for a camera named `id`, whose picture is `frame`; `clip_name` is the clip that it
/// was made from. It is valid as it stands, and every kind of zone waits in it as a comment.
#[must_use]
pub fn starter(id: &str, frame: FrameSize, clip_name: &str) -> String {
    let mut text = head(&format!("begun from {clip_name}"), id, frame);
    let mut write = |part: std::fmt::Arguments<'_>| {
        text.write_fmt(part).expect("writing to a string cannot fail");
    };
    write(format_args!(
        "
# Walk through the list: take away the # before what is in view, draw its own polygon, give it a label of its own.
# What is nowhere in view goes into `absent` above, so that nobody has to ask again.
# The last line is for a zone that must look different from the clip's style: blur, pixelate or fill.
"
    ));
    for (kind, hint, label) in HINTS {
        write(format_args!(
            "
# {hint}
# [[zone]]
# kind = \"{kind}\"
# label = \"{label}\"
# polygon = [[0.1, 0.1], [0.3, 0.1], [0.3, 0.4], [0.1, 0.4]]
# style = \"fill\"
"
        ));
    }
    write(format_args!(
        "
# The clock or name that the camera writes into its picture stays visible where it is drawn as an overlay: small, and
# away from every zone.
# [[overlay]]
# label = \"clock\"
# polygon = [[0.7, 0.92], [0.98, 0.92], [0.98, 0.98], [0.7, 0.98]]

# Stills of the scene with nobody in it lie beside this file. A still is refused where its SHA-256 is another one, and
# clears nothing before `melkglas camera approve` has noted who looked at it.
# [[reference]]
# file = \"{name}.reference-1.png\"
# sha256 = \"...\"
# taken = 2026-01-31
# light = \"day\"
",
        name = id
    ));
    text
}

/// The part of a camera file above its zones; `origin` says what it was made from.
pub(super) fn head(origin: &str, id: &str, frame: FrameSize) -> String {
    let FrameSize { width, height } = frame;
    let id = toml::Value::String(id.to_owned());
    // What it was made from goes into a comment, which ends at a line break.
    let origin: String = origin.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    let mut text = format!(
        "#:schema ./camera.schema.json
# Camera file, {origin}.
# The line above is for editors; they find the schema after: melkglas camera schema > camera.schema.json
# Draw a polygon around every private region in view; it is hidden in every frame, always.
# A point is [x, y]: x from 0 (left) to 1 (right), y from 0 (top) to 1 (bottom), as the grid on the still shows.
# List the corners in the order in which one would walk around the region, three at least.
# Check the file with: melkglas camera check FILE --on CLIP --picture P.png

schema = 1
id = {id}
# What the camera films, in your colleagues' words.
description = \"\"
# Size in pixels of the picture that the zones are drawn on, as displayed.
frame = {{ width = {width}, height = {height} }}
# How people are seen: \"level\", upright; or \"overhead\", from above.
# view = \"level\"
# false for a camera that turns, zooms or travels: what is drawn does not stay where it should then.
# fixed = true
# Kinds of zone that you looked for and did not find, so that `camera check` asks no more.
# absent = [\"mirror\", \"screen\"]

# What is on record about the camera. It changes no pixel; `camera check` says what is missing.
[register]
"
    );
    for Field { key, why, example } in FIELDS.iter().chain(&FURTHER_FIELDS) {
        text.push_str(&comment(&format!("{key}: {why}")));
        writeln!(text, "# {key} = {example}").expect("writing to a string cannot fail");
    }
    text
}

/// Comment lines of at most 118 characters, broken between words.
fn comment(text: &str) -> String {
    let mut lines = vec![String::from("#")];
    for word in text.split_whitespace() {
        if lines.last().is_some_and(|line| line.chars().count() + 1 + word.chars().count() > 118) {
            lines.push(String::from("#"));
        }
        if let Some(line) = lines.last_mut() {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.join("\n") + "\n"
}
