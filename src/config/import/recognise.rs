//! Whose file it is, by what stands in it.

use super::{Fault, ImportFormat, json, label_studio};
use serde_json::Value;

/// Where none is recognised.
const CURE: &str = "say whose file it is: --from TOOL";

/// As much of a file as tells a drawing from other XML, characters.
const HEAD: usize = 4096;

pub(super) fn format_of(text: &str) -> Result<ImportFormat, Fault> {
    if text.trim_start().starts_with('<') {
        // Each reader says what else may be wrong.
        let head: String = text.chars().take(HEAD).collect();
        return Ok(if head.contains("<svg") { ImportFormat::Svg } else { ImportFormat::Cvat });
    }
    if is_json(text) {
        let value = json(text)?;
        if value.get("view").is_some() && value.get("metadata").is_some() {
            let what = "it is a project of the VGG Image Annotator, version 3";
            return Err(Fault::ask(what, "export its annotations there as COCO, and import that"));
        }
        return of_json(&value).ok_or_else(|| Fault::ask("its JSON is of no tool known here", CURE));
    }
    if text.lines().next().is_some_and(|head| head.contains("region_shape_attributes")) {
        return Ok(ImportFormat::Via);
    }
    let is_frigate = text.lines().any(|line| line.trim_end() == "cameras:");
    if is_frigate { Ok(ImportFormat::Frigate) } else { Err(Fault::ask("it is of no tool known here", CURE)) }
}

pub(super) fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

fn of_json(value: &Value) -> Option<ImportFormat> {
    let first = value.as_array().map_or(Some(value), |list| list.first())?;
    let has = |key: &str| first.get(key).is_some();
    let has_regions = |of: &Value| {
        of.as_object().is_some_and(|files| files.values().any(|file| file.get("regions").is_some()))
    };
    Some(match () {
        () if has("shapes") => ImportFormat::Labelme,
        () if has("images") && has("annotations") => ImportFormat::Coco,
        () if has("_via_img_metadata") || has_regions(first) => ImportFormat::Via,
        () if label_studio::is_task(first) => ImportFormat::LabelStudio,
        () => return None,
    })
}
