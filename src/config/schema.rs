//! The JSON Schema (2020-12) of a camera file, for editors that complete and underline.
//!
//! Limits and words come from the reader's own constants and enumerations. Keys are written down twice, here and in
//! the reader; `camera_tests.rs` asks the reader which ones it knows and compares. The schema knows the form alone:
//! that a polygon crosses itself, only [`Camera::parse`](super::Camera::parse) tells.

use super::camera::{LONGEST_SIDE_PX, View};
use super::document::all_words;
use super::live::{Delivery, LivePolicy, Transport};
use super::overlay::{MOST_AREA, MOST_OVERLAYS};
use super::polygon::{MOST_POINTS, SMALL_PX};
use super::reference::{Light, MOST_REFERENCES};
use super::register::{CHECK_DAYS, FIELDS, FURTHER_FIELDS, Field, RETENTION_DAYS};
use super::style::Style;
use super::zone::ZoneKind;
use serde_json::{Value, json};

/// The schema that editors read, as JSON.
#[must_use]
pub fn camera_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "melkglas camera file",
        "description": "One camera's picture, its private regions, and what is on record about it.",
        "type": "object",
        "additionalProperties": false,
        "required": ["schema", "id", "description", "frame"],
        "properties": {
            "schema": { "const": 1, "description": "Version of the file's form." },
            "id": {
                "type": "string", "pattern": "^[a-z0-9-]+$",
                "description": "Short name of the camera: the file's name without .toml.",
            },
            "description": text("What the camera films, in your colleagues' words."),
            "frame": table(
                "Size in pixels of the picture that the regions are drawn on, as displayed.",
                &["width", "height"],
                json!({ "width": side("Pixels across."), "height": side("Pixels down.") }),
            ),
            "view": word::<View>("How people are seen: upright, or from above. Without it: level."),
            "fixed": {
                "type": "boolean", "default": true,
                "description": "Whether the camera always shows the same scene; false for one that turns or travels.",
            },
            "absent": {
                "type": "array", "uniqueItems": true, "items": word::<ZoneKind>("A kind of zone."),
                "description": "Kinds of zone that somebody looked for and did not find.",
            },
            "live": word::<LivePolicy>(
                "Whether it may be watched live: never, to place and check it, or with everybody hidden. Without it: \
                 never.",
            ),
            "stream": table("Where its stream is, for `melkglas live`.", &[], stream()),
            "register": table("What is on record about the camera.", &[], register()),
            "zone": {
                "type": "array", "description": "Private regions, always hidden.",
                "items": table("A private region.", &["kind", "label", "polygon"], json!({
                    "kind": word::<ZoneKind>("What it holds."),
                    "label": filled("What your colleagues call it."),
                    "polygon": polygon(),
                    "style": word::<Style>("How it is hidden, where that differs from the clip's style."),
                    "small": {
                        "type": "boolean", "default": false,
                        "description": format!("That it is meant to be smaller than {SMALL_PX} pixels on a side."),
                    },
                })),
            },
            "overlay": {
                "type": "array", "maxItems": MOST_OVERLAYS,
                "description": format!(
                    "The camera's burned-in clock or name: shown, at most {} % of the picture, away from every zone.",
                    MOST_AREA * 100.0
                ),
                "items": table("A burned-in text.", &["label", "polygon"], json!({
                    "label": filled("What your colleagues call it."),
                    "polygon": polygon(),
                })),
            },
            "reference": {
                "type": "array", "maxItems": MOST_REFERENCES,
                "description": "Stills of the scene with nobody in it, written by `melkglas camera learn`.",
                "items": table("A still of the empty scene.", &["file", "sha256", "taken", "light"], reference()),
            },
        },
    })
}

/// The keys of a stream. That it has one source, and TLS where that is asked for, only the reader tells.
fn stream() -> Value {
    json!({
        "url": {
            "type": "string", "pattern": "\\S",
            "description": "The camera's address, rtsps:// or rtsp://, without user and password.",
        },
        "clip": filled("A clip that is played over and over instead, for rehearsal; seen from this file's folder."),
        "transport": word::<Transport>("What the way has to be: tls, or any. Without it: tls."),
        "delivery": word::<Delivery>("How media travels. Without it: tcp."),
        "ca": filled("Certificates that vouch for the camera's name, PEM, seen from this file's folder."),
        "credentials": filled("A file with user:password, seen from this file's folder, or a systemd credential."),
        "record": {
            "type": "boolean", "default": false,
            "description": "Whether masked footage may be recorded; register.retention_days says for how long.",
        },
    })
}

/// The keys of a reference. That an approval has a name and a day, only the reader tells.
fn reference() -> Value {
    let hash = |what: &str| json!({ "type": "string", "pattern": "^[0-9a-f]{64}$", "description": what });
    json!({
        "file": filled("The still, a PNG, seen from this file's folder."),
        "sha256": hash("SHA-256 of the still: with another one it is refused."),
        "taken": filled("The day that it was filmed, or when, in words."),
        "light": word::<Light>("The light that it was filmed in."),
        "approved_by": filled("Who looked at it and found nobody on it."),
        "approved_on": { "type": "string", "format": "date", "description": "When." },
        "despite": filled("Why nobody is on it, although a detector found somebody."),
        "spread": filled("How far the scene strays from the still, a grey PNG."),
        "spread_sha256": hash("SHA-256 of the spread."),
    })
}

fn table(description: &str, required: &[&str], properties: Value) -> Value {
    json!({
        "type": "object", "description": description, "additionalProperties": false,
        "required": required, "properties": properties,
    })
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

/// A text that is not blank.
fn filled(description: &str) -> Value {
    json!({ "type": "string", "pattern": "\\S", "description": description })
}

fn word<T: clap::ValueEnum>(description: &str) -> Value {
    json!({ "enum": all_words::<T>(), "description": description })
}

fn side(description: &str) -> Value {
    json!({ "type": "integer", "minimum": 1, "maximum": LONGEST_SIDE_PX, "description": description })
}

fn polygon() -> Value {
    let share = json!({ "type": "number", "minimum": 0, "maximum": 1 });
    let point = json!({ "type": "array", "items": share, "minItems": 2, "maxItems": 2 });
    json!({
        "type": "array", "items": point, "minItems": 3, "maxItems": MOST_POINTS,
        "description": "Corners [x, y] as one walks around it, from 0 to 1 of the picture's width and height.",
    })
}

/// The fields of the register. Editors see a TOML date as a string of that format.
fn register() -> Value {
    let date = json!({ "type": "string", "format": "date" });
    let field = |name: &str| match name {
        "location" | "responsible" => json!({ "type": "string", "pattern": "\\S" }),
        "purpose" | "access" => json!({ "type": "array", "items": { "type": "string", "pattern": "\\S" } }),
        "retention_days" => {
            json!({ "type": "integer", "minimum": RETENTION_DAYS.start(), "maximum": RETENTION_DAYS.end() })
        }
        "notice_placed" => json!({ "anyOf": [{ "type": "boolean" }, date.clone()] }),
        "processor_agreement" | "owners_consent" | "dpia" => {
            json!({ "anyOf": [{ "type": "boolean" }, { "type": "string", "pattern": "\\S" }] })
        }
        "check_every_days" => {
            json!({ "type": "integer", "minimum": CHECK_DAYS.start(), "maximum": CHECK_DAYS.end() })
        }
        "dummy" => json!({ "type": "boolean" }),
        _ => date.clone(),
    };
    let described = FIELDS.iter().chain(&FURTHER_FIELDS).map(|Field { key, why, .. }| {
        let mut field = field(key);
        field["description"] = json!(why);
        ((*key).to_owned(), field)
    });
    Value::Object(described.collect())
}
