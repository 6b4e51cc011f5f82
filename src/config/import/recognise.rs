//! Whose file it is, by what stands in it.

use super::{Fault, ImportFormat, json};
use serde_json::Value;

/// Where neither is recognised.
const CURE: &str = "say whose file it is: --from TOOL";

pub(super) fn format_of(text: &str) -> Result<ImportFormat, Fault> {
    let start = text.trim_start();
    if start.starts_with('<') {
        // The reader says what else may be wrong.
        return Ok(ImportFormat::Cvat);
    }
    if start.starts_with(['{', '[']) {
        return of_json(&json(text)?).ok_or_else(|| Fault::ask("its JSON is of no tool known here", CURE));
    }
    let is_frigate = start.lines().any(|line| line.trim_end() == "cameras:");
    if is_frigate { Ok(ImportFormat::Frigate) } else { Err(Fault::ask("it is of no tool known here", CURE)) }
}

fn of_json(value: &Value) -> Option<ImportFormat> {
    let first = value.as_array().map_or(Some(value), |list| list.first())?;
    first.get("shapes").is_some().then_some(ImportFormat::Labelme)
}
