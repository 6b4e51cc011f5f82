//! What an analysis was made of and with. Rendering by one that was made otherwise would be another result under the
//! same settings, so it is refused.

use crate::config::{Camera, Site};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What an analysis was made of and with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// SHA-256 of the clip.
    pub source_sha256: String,
    /// Its size, bytes.
    pub source_bytes: u64,
    /// SHA-256 of the camera file, in which its references are bound by theirs; none without one.
    pub camera_sha256: Option<String>,
    /// How hard was looked.
    pub effort: String,
    /// The rate that was stated for a raw stream, frames a second.
    pub rate: Option<String>,
    /// The video track that was asked for, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track: Option<u32>,
    /// The models, with the SHA-256 of their weights.
    pub models: Value,
    /// The settings that matter: `detect`, `track` and `scene`.
    pub settings: Value,
}

/// What differs between an analysis and the call that wants to render by it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The clip.
    #[error("it was made of another clip: its SHA-256 is {made}, this one's {here}")]
    Source {
        /// Of the analysed clip.
        made: String,
        /// Of this one.
        here: String,
    },
    /// The camera file.
    #[error("it was made {}, and this call names {}", camera(made.as_deref()), camera(here.as_deref()))]
    Camera {
        /// SHA-256 of the camera file then.
        made: Option<String>,
        /// And now.
        here: Option<String>,
    },
    /// How hard was looked.
    #[error("it was made with --effort {made}, this call has {here}")]
    Effort {
        /// Then.
        made: String,
        /// Now.
        here: String,
    },
    /// The stated rate.
    #[error("it was made {}, this call comes {}", rate(made.as_deref()), rate(here.as_deref()))]
    Rate {
        /// Then.
        made: Option<String>,
        /// Now.
        here: Option<String>,
    },
    /// The video track.
    #[error("it was made {}, this call comes {}", track(*made), track(*here))]
    Track {
        /// Then.
        made: Option<u32>,
        /// Now.
        here: Option<u32>,
    },
    /// What is hidden.
    #[error("it was made for {made}, this call hides {here}")]
    Targets {
        /// Then.
        made: String,
        /// Now.
        here: String,
    },
    /// The models, or where they run.
    #[error("it was made with other models, or these ran elsewhere ({0})")]
    Models(String),
    /// A setting.
    #[error("it was made with another setting: {0}")]
    Setting(String),
}

impl Mismatch {
    /// What to do about it.
    #[must_use]
    pub fn cure(&self) -> String {
        let again = "analyse the clip again with `melkglas analyse`";
        match self {
            Self::Source { .. } => format!("name the clip that was analysed, or {again}"),
            Self::Camera { .. } => {
                format!("name the same camera file, or --no-camera; where it was edited, {again}")
            }
            Self::Effort { made, .. } => format!("write --effort {made}, or {again}"),
            Self::Rate { made: Some(made), .. } => format!("write --rate {made}, or {again}"),
            Self::Rate { made: None, .. } => format!("leave --rate out, or {again}"),
            Self::Track { made: Some(made), .. } => format!("write --track {made}, or {again}"),
            Self::Track { made: None, .. } => format!("leave --track out, or {again}"),
            Self::Targets { made, .. } => format!("write --targets {made}, or {again}"),
            Self::Models(_) | Self::Setting(_) => again.to_owned(),
        }
    }
}

fn camera(sha256: Option<&str>) -> String {
    sha256.map_or("without a camera file".into(), |sum| format!("with the camera file of SHA-256 {sum}"))
}

fn rate(rate: Option<&str>) -> String {
    rate.map_or("without --rate".into(), |rate| format!("with --rate {rate}"))
}

fn track(track: Option<u32>) -> String {
    track.map_or("without --track".into(), |track| format!("with --track {track}"))
}

impl Basis {
    /// What an analysis of this clip is made with; `stated` is its rate and its track, where somebody named them.
    /// `models` names them with their hashes.
    #[must_use]
    pub fn new(
        source: (String, u64),
        camera: Option<&Camera>,
        effort: &str,
        stated: (Option<String>, Option<u32>),
        models: &impl Serialize,
        site: &Site,
    ) -> Self {
        let mut settings = json!({ "detect": site.detect, "track": site.track, "scene": site.scene });
        // How many work side by side changes nothing of what is found.
        if let Some(detect) = settings["detect"].as_object_mut() {
            detect.remove("workers");
            detect.remove("allow_cpu_fallback");
        }
        let (source_sha256, source_bytes) = source;
        let (rate, track) = stated;
        Self {
            source_sha256,
            source_bytes,
            camera_sha256: camera.map(|camera| camera.sha256.clone()),
            effort: effort.to_owned(),
            rate,
            track,
            models: as_read(serde_json::to_value(models).unwrap_or_default()),
            settings: as_read(settings),
        }
    }

    /// Whether an analysis made on this basis serves a call with the other.
    ///
    /// # Errors
    /// The first [`Mismatch`].
    pub fn check(&self, here: &Self) -> Result<(), Mismatch> {
        let pair = |of: fn(&Self) -> &String| (of(self).clone(), of(here).clone());
        if (&self.source_sha256, self.source_bytes) != (&here.source_sha256, here.source_bytes) {
            let (made, here) = pair(|basis| &basis.source_sha256);
            return Err(Mismatch::Source { made, here });
        }
        if self.camera_sha256 != here.camera_sha256 {
            let (made, here) = (self.camera_sha256.clone(), here.camera_sha256.clone());
            return Err(Mismatch::Camera { made, here });
        }
        if self.effort != here.effort {
            let (made, here) = pair(|basis| &basis.effort);
            return Err(Mismatch::Effort { made, here });
        }
        if self.rate != here.rate {
            return Err(Mismatch::Rate { made: self.rate.clone(), here: here.rate.clone() });
        }
        if self.track != here.track {
            return Err(Mismatch::Track { made: self.track, here: here.track });
        }
        if self.targets() != here.targets() {
            return Err(Mismatch::Targets { made: self.targets(), here: here.targets() });
        }
        // Thresholds of models follow settings, which say it more plainly.
        if let Some(setting) = difference(&self.settings, &here.settings) {
            return Err(Mismatch::Setting(setting));
        }
        difference(&self.models, &here.models).map_or(Ok(()), |model| Err(Mismatch::Models(model)))
    }

    /// The targets as `--targets` takes them.
    fn targets(&self) -> String {
        let list = self.settings["detect"]["targets"].as_array().into_iter().flatten();
        list.filter_map(Value::as_str).collect::<Vec<_>>().join(",")
    }
}

/// The value as it is when it was written and read. Settings are 32-bit fractions: 0.8 stays 0.8 and does not become the
/// 64-bit fraction nearest to it, which would change in its last digit when it is read.
fn as_read(mut value: Value) -> Value {
    fn shorten(value: &mut Value) {
        match value {
            Value::Number(number) if number.is_f64() => {
                let short = number.as_f64().map(|v| (v as f32).to_string());
                if let Some(short) = short.and_then(|text| text.parse::<f64>().ok()) {
                    *value = short.into();
                }
            }
            Value::Array(all) => all.iter_mut().for_each(shorten),
            Value::Object(all) => all.values_mut().for_each(shorten),
            _ => {}
        }
    }
    shorten(&mut value);
    serde_json::from_str(&value.to_string()).unwrap_or(value)
}

/// The first key whose value differs, with both.
fn difference(made: &Value, here: &Value) -> Option<String> {
    match (made, here) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            keys.into_iter().find_map(|key| {
                let below =
                    difference(a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
                below.map(|found| {
                    if found.starts_with(' ') { key.clone() + &found } else { format!("{key}.{found}") }
                })
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).find_map(|(a, b)| difference(a, b))
        }
        _ if made == here => None,
        _ => Some(format!(" was {made} and is {here}")),
    }
}
