//! COCO's JSON: `images`, `categories`, and `annotations` with polygons, a bitmap in runs, or a box.
//!
//! The form: <https://cocodataset.org/#format-data>, and for runs `common/maskApi.c` in
//! <https://github.com/cocodataset/cocoapi>.

use super::pictures::{Picture, one_of};
use super::rle::{counts_of_text, extent_of_counts};
use super::shape::{around, rectangle, turned};
use super::{CoordinateUnit, Fault, Shape, Sheet, frame_of, json};
use crate::geometry::FrameSize;
use serde_json::Value;
use std::collections::HashMap;

pub(super) fn read(text: &str, image: Option<&str>) -> Result<Sheet, Fault> {
    let root = json(text)?;
    let list = |key: &str| {
        let found = root.get(key).and_then(Value::as_array);
        found
            .ok_or_else(|| Fault::form(None, format!("this is not a COCO file: it has no list called {key}")))
    };
    let categories = root.get("categories").and_then(Value::as_array).into_iter().flatten();
    let names: HashMap<String, &str> = categories
        .filter_map(|category| Some((id(category, "id")?, category.get("name")?.as_str()?)))
        .collect();
    let mut pictures = list("images")?.iter().map(picture).collect::<Result<Vec<_>, _>>()?;
    let places: HashMap<String, usize> =
        list("images")?.iter().enumerate().filter_map(|(at, image)| Some((id(image, "id")?, at))).collect();
    for (index, annotation) in list("annotations")?.iter().enumerate() {
        let category = id(annotation, "category_id").unwrap_or_default();
        let label =
            names.get(&category).map_or_else(|| format!("category {category}"), |name| (*name).into());
        let place = format!("annotation {}", id(annotation, "id").unwrap_or_else(|| (index + 1).to_string()));
        let picture = id(annotation, "image_id").and_then(|id| places.get(&id)).map(|at| &mut pictures[*at]);
        let picture = picture.ok_or_else(|| {
            Fault::form(None, format!("{place} \"{label}\": the file has no image of its image_id"))
        })?;
        for corners in outlines(&mut picture.sheet, annotation, &format!("{place} \"{label}\""))? {
            let (label, place) = (label.clone(), place.clone());
            picture.sheet.shapes.push(Shape { label, place, corners, unit: CoordinateUnit::Pixels });
        }
    }
    one_of(pictures, image)
}

fn picture(image: &Value) -> Result<Picture, Fault> {
    let name = image.get("file_name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let side = |key: &str| image.get(key).and_then(Value::as_f64);
    let frame = match (side("width"), side("height")) {
        (Some(width), Some(height)) => Some(frame_of(width, height).ok_or_else(|| {
            Fault::form(None, format!("image {name}: no picture is {width} x {height} pixels"))
        })?),
        _ => None,
    };
    let names = [name].into_iter().chain(id(image, "id"));
    Ok(Picture { names: names.collect(), sheet: Sheet { frame, ..Sheet::default() } })
}

/// A number or a text that names something.
fn id(of: &Value, key: &str) -> Option<String> {
    match of.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Every outline of an annotation.
fn outlines(sheet: &mut Sheet, annotation: &Value, named: &str) -> Result<Vec<Vec<(f64, f64)>>, Fault> {
    match annotation.get("segmentation") {
        Some(Value::Array(parts)) if !parts.is_empty() => {
            // Some tools write the one polygon without a list around it.
            let bare = parts.iter().all(Value::is_number);
            let parts =
                if bare { std::slice::from_ref(&annotation["segmentation"]) } else { parts.as_slice() };
            parts.iter().map(|part| polygon(part, named)).collect()
        }
        Some(Value::Object(_)) => {
            sheet.note(named, "a mask is taken over as the rectangle around it");
            let corners = bitmap(sheet.frame, &annotation["segmentation"], named)?;
            if corners.is_empty() {
                sheet.note(named, "its mask is empty; left out");
            }
            Ok(if corners.is_empty() { Vec::new() } else { vec![corners] })
        }
        _ => Ok(vec![boxed(sheet, annotation, named)?]),
    }
}

fn polygon(part: &Value, named: &str) -> Result<Vec<(f64, f64)>, Fault> {
    let found = numbers(part).filter(|found| found.len() >= 6 && found.len() % 2 == 0);
    let found = found.ok_or_else(|| {
        Fault::form(None, format!("{named}: its segmentation is no list of x, y, x, y, x, y in numbers"))
    })?;
    Ok(found.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
}

fn bitmap(frame: Option<FrameSize>, runs: &Value, named: &str) -> Result<Vec<(f64, f64)>, Fault> {
    let fault = |what: &str| Fault::form(None, format!("{named}: {what}"));
    // Height comes first.
    let size =
        numbers(&runs["size"]).filter(|size| size.len() == 2).and_then(|size| frame_of(size[1], size[0]));
    let size = size.ok_or_else(|| fault("its mask has no size of height and width in pixels"))?;
    if frame.is_some_and(|frame| frame != size) {
        return Err(fault(&format!("its mask is {size} pixels large, and its image is not")));
    }
    let counts = match &runs["counts"] {
        Value::String(text) => counts_of_text(text),
        Value::Array(counts) => counts.iter().map(Value::as_u64).collect(),
        _ => None,
    };
    let extent = counts.and_then(|counts| extent_of_counts(&counts, size));
    let extent = extent.ok_or_else(|| fault("the runs of its mask do not make up a picture of its size"))?;
    Ok(extent.corners())
}

fn boxed(sheet: &mut Sheet, annotation: &Value, named: &str) -> Result<Vec<(f64, f64)>, Fault> {
    let found: Option<[f64; 4]> = numbers(&annotation["bbox"]).and_then(|found| found.try_into().ok());
    let Some([x, y, width, height]) = found else {
        let what = format!("{named}: it has no segmentation, and no bbox of x, y, width and height");
        return Err(Fault::form(None, what));
    };
    let corners = rectangle((x, y), (x + width, y + height));
    let rotation = annotation["attributes"]["rotation"].as_f64().filter(|degrees| *degrees != 0.0);
    let Some(degrees) = rotation else { return Ok(corners) };
    sheet.note(named, "its box is turned; taken over as the region around it, turned and not");
    let about = (x + width / 2.0, y + height / 2.0);
    Ok(around(&[corners.clone(), turned(corners, about, degrees)].concat()))
}

fn numbers(list: &Value) -> Option<Vec<f64>> {
    list.as_array()?.iter().map(Value::as_f64).collect()
}
