//! Label Studio's JSON and JSON-MIN: tasks with regions in hundredths of the picture.
//!
//! The form: <https://labelstud.io/guide/export>, <https://labelstud.io/guide/task_format>; of brushes, its converter
//! (`label_studio_sdk/converter/brush.py`).

use super::pictures::{Picture, one_of};
use super::rle::extent_of_brush;
use super::shape::{around_ellipse, rectangle, turned};
use super::{CoordinateUnit, Fault, Shape, Sheet, frame_of, json};
use crate::geometry::FrameSize;
use serde_json::Value;

/// Whether a value looks like a task.
pub(super) fn is_task(task: &Value) -> bool {
    task.get("annotations").or_else(|| task.get("completions")).is_some_and(Value::is_array)
        && task.get("images").is_none()
        || regions_of_min(task).next().is_some()
}

pub(super) fn read(text: &str, image: Option<&str>) -> Result<Sheet, Fault> {
    let root = json(text)?;
    let tasks = root.as_array().map_or_else(|| std::slice::from_ref(&root), Vec::as_slice);
    one_of(tasks.iter().map(picture).collect::<Result<_, _>>()?, image)
}

fn picture(task: &Value) -> Result<Picture, Fault> {
    if !is_task(task) {
        return Err(Fault::form(None, "this is not a Label Studio file: a task has no annotations"));
    }
    let number = task.get("id").map(Value::to_string).unwrap_or_default();
    let data = task.get("data").unwrap_or(task).as_object();
    let texts = data.into_iter().flat_map(|data| data.values()).filter_map(Value::as_str);
    let uploaded = task.get("file_upload").and_then(Value::as_str);
    // The field's name is free; a picture's has an ending.
    let names = uploaded.into_iter().chain(texts.filter(|text| text.contains('.'))).map(str::to_owned);
    let names: Vec<String> = names.chain([number]).collect();
    let mut sheet = Sheet::default();
    let mut regions: Vec<&Value> = regions_of_min(task).collect();
    for annotation in
        ["annotations", "completions"].into_iter().filter_map(|key| task[key].as_array()).flatten()
    {
        if annotation["was_cancelled"] == Value::Bool(true) {
            sheet.note(&names[0], "an annotation was skipped in Label Studio; left out");
            continue;
        }
        regions.extend(annotation["result"].as_array().into_iter().flatten());
    }
    if task["predictions"].as_array().is_some_and(|list| !list.is_empty()) {
        sheet.note(&names[0], "predictions nobody confirmed are left out");
    }
    for (index, region) in regions.iter().enumerate() {
        let place = format!("region {}", region["id"].as_str().unwrap_or(&(index + 1).to_string()));
        read_region(&mut sheet, place, region, &regions)?;
    }
    Ok(Picture { names, sheet })
}

/// The regions of a task in the form JSON-MIN, which keeps them under the names of its controls.
fn regions_of_min(task: &Value) -> impl Iterator<Item = &Value> {
    let lists = task.as_object().into_iter().flat_map(|task| task.values()).filter_map(Value::as_array);
    lists.flatten().filter(|region| region.get("original_width").is_some())
}

fn read_region(sheet: &mut Sheet, place: String, region: &Value, all: &[&Value]) -> Result<(), Fault> {
    // In JSON-MIN what a region is stands beside its size.
    let value = region.get("value").unwrap_or(region);
    let kind = region["type"].as_str().unwrap_or_else(|| form_of(value));
    let label = label(region, all);
    let named = format!("{place} \"{label}\"");
    let fault = |what: String| Fault::form(None, format!("{named}: {what}"));
    if matches!(kind, "keypointlabels" | "keypoint") {
        sheet.note(&named, "a point encloses nothing; left out");
        return Ok(());
    }
    // What is said of a region, or of the whole picture.
    if matches!(
        kind,
        "labels" | "choices" | "textarea" | "rating" | "number" | "taxonomy" | "datetime" | "relation"
    ) {
        return Ok(());
    }
    let side = |key: &str| region[key].as_f64().unwrap_or(0.0);
    let frame = frame_of(side("original_width"), side("original_height"))
        .ok_or_else(|| fault("it has no original_width and original_height in pixels".to_owned()))?;
    if *sheet.frame.get_or_insert(frame) != frame {
        return Err(fault("it was drawn on a picture of another size than the regions before".to_owned()));
    }
    if region["image_rotation"].as_f64().is_some_and(|degrees| degrees != 0.0) {
        return Err(fault(
            "the picture was turned in Label Studio; turn it back there, and export again".to_owned(),
        ));
    }
    let pixels = |share: f64, side: u32| share / 100.0 * f64::from(side);
    let number =
        |key: &str| value[key].as_f64().ok_or_else(|| fault(format!("a {kind} has no number called {key}")));
    let at = |x: &str, y: &str| -> Result<(f64, f64), Fault> {
        Ok((pixels(number(x)?, frame.width), pixels(number(y)?, frame.height)))
    };
    let rotation = value["rotation"].as_f64().unwrap_or(0.0);
    let corners = match kind {
        "polygonlabels" | "polygon" => {
            let point = |point: &Value| Some((point[0].as_f64()?, point[1].as_f64()?));
            let points = value["points"].as_array().and_then(|list| list.iter().map(point).collect());
            let points: Vec<(f64, f64)> = points
                .filter(|points: &Vec<_>| points.len() >= 3)
                .ok_or_else(|| fault("its points are not a list of [x, y] in numbers".to_owned()))?;
            points.into_iter().map(|(x, y)| (pixels(x, frame.width), pixels(y, frame.height))).collect()
        }
        "rectanglelabels" | "rectangle" => {
            let (corner, sides) = (at("x", "y")?, at("width", "height")?);
            // Turned about its first corner.
            turned(rectangle(corner, (corner.0 + sides.0, corner.1 + sides.1)), corner, rotation)
        }
        "ellipselabels" | "ellipse" => {
            sheet.note(&named, "an ellipse is taken over as a polygon of 16 sides around it");
            around_ellipse(at("x", "y")?, at("radiusX", "radiusY")?, rotation)
        }
        "brushlabels" | "brush" => {
            sheet.note(&named, "a mask is taken over as the rectangle around it");
            let corners = brush(value, frame).ok_or_else(|| {
                fault("its brush is no picture of its size; draw it as a polygon".to_owned())
            })?;
            if corners.is_empty() {
                sheet.note(&named, "its mask is empty; left out");
                return Ok(());
            }
            corners
        }
        other => {
            return Err(fault(format!("regions of type {other} are not known here; draw it as a polygon")));
        }
    };
    sheet.shapes.push(Shape { label, place, corners, unit: CoordinateUnit::Pixels });
    Ok(())
}

/// What a region without a type is, by the key of its labels.
fn form_of(value: &Value) -> &str {
    let keys = value.as_object().into_iter().flat_map(|value| value.keys());
    let mut forms = keys.filter(|key| key.ends_with("labels"));
    forms.next().map_or("region without a type", String::as_str)
}

fn brush(value: &Value, frame: FrameSize) -> Option<Vec<(f64, f64)>> {
    let bytes = value["rle"].as_array()?.iter().map(|v| u8::try_from(v.as_u64()?).ok());
    let bytes: Vec<u8> = bytes.collect::<Option<_>>()?;
    extent_of_brush(&bytes, frame).map(|extent| extent.corners())
}

/// The labels of a region, also where they are an entry of their own beside it.
fn label(region: &Value, all: &[&Value]) -> String {
    let id = region["id"].as_str();
    let same = |other: &&&Value| id.is_some() && other["id"].as_str() == id;
    let own = std::iter::once(region).filter(|_| id.is_none());
    let entries = own.chain(all.iter().filter(same).copied());
    let values = entries.flat_map(|entry| entry.get("value").unwrap_or(entry).as_object());
    let mut words: Vec<&str> = Vec::new();
    for (key, labels) in values.flatten() {
        let labels = labels.as_array().filter(|_| key.ends_with("labels")).into_iter().flatten();
        words.extend(labels.filter_map(Value::as_str));
    }
    words.dedup();
    words.join(" ")
}
