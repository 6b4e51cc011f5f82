//! LabelMe's JSON: one picture, `shapes` in its pixels (as version 5 writes it; older ones lack `shape_type`).

use super::pictures::{Picture, one_of};
use super::shape::{around_ellipse, around_pixels, rectangle};
use super::{CoordinateUnit, Fault, Shape, Sheet, frame_of, json};
use serde_json::Value;

/// The one picture of a file; of several that were put together in a list, the one that is picked.
pub(super) fn read(text: &str, image: Option<&str>) -> Result<Sheet, Fault> {
    let pictures = match json(text)? {
        Value::Array(list) if !list.is_empty() => list.iter().map(picture).collect::<Result<_, _>>()?,
        one => vec![picture(&one)?],
    };
    one_of(pictures, image)
}

fn picture(value: &Value) -> Result<Picture, Fault> {
    let Some(shapes) = value.get("shapes").and_then(Value::as_array) else {
        return Err(Fault::form(None, "this is not a LabelMe file: it has no list called shapes"));
    };
    let side = |key: &str| value.get(key).and_then(Value::as_f64);
    let frame = match (side("imageWidth"), side("imageHeight")) {
        (Some(width), Some(height)) => Some(frame_of(width, height).ok_or_else(|| {
            Fault::form(None, format!("no picture is {width} x {height} pixels (imageWidth, imageHeight)"))
        })?),
        _ => None,
    };
    let mut sheet = Sheet { frame, ..Sheet::default() };
    flags(&mut sheet, "the picture", value);
    for (index, shape) in shapes.iter().enumerate() {
        read_shape(&mut sheet, &format!("shape {}", index + 1), shape)?;
    }
    let name = value.get("imagePath").and_then(Value::as_str).unwrap_or("a picture without a name");
    Ok(Picture { names: vec![name.to_owned()], sheet })
}

fn read_shape(sheet: &mut Sheet, place: &str, shape: &Value) -> Result<(), Fault> {
    let text = |key: &str| shape.get(key).and_then(Value::as_str).unwrap_or_default();
    let label = text("label").to_owned();
    // Older versions have no such key, and polygons only.
    let form = if text("shape_type").is_empty() { "polygon" } else { text("shape_type") };
    let corners = points(shape).ok_or_else(|| {
        Fault::form(None, format!("{place} \"{label}\": its points are not a list of [x, y] in numbers"))
    })?;
    let named = format!("{place} \"{label}\"");
    let corners = match (form, corners.as_slice()) {
        ("polygon" | "oriented_rectangle", [_, _, _, ..]) => corners,
        ("rectangle", [a, b]) => rectangle(*a, *b),
        ("rectangle", [_, _, _, _]) => corners,
        ("mask", [a, b]) => {
            sheet.note(&named, "a mask is taken over as the rectangle around it");
            // Its corners are pixels, and the last one belongs to it.
            around_pixels((a.0.min(b.0), a.1.min(b.1)), (a.0.max(b.0), a.1.max(b.1)))
        }
        ("circle", [centre, edge]) => {
            sheet.note(&named, "a circle is taken over as a polygon of 16 sides around it");
            let radius = (edge.0 - centre.0).hypot(edge.1 - centre.1);
            around_ellipse(*centre, (radius, radius), 0.0)
        }
        // One that ends where it began encloses something.
        ("linestrip", [first, .., last]) if corners.len() > 3 && first == last => corners,
        ("point" | "points" | "line" | "linestrip", _) => {
            sheet.note(&named, format!("a {form} encloses nothing; left out"));
            return Ok(());
        }
        ("polygon" | "oriented_rectangle" | "rectangle" | "circle" | "mask", found) => {
            let count = found.len();
            return Err(Fault::form(None, format!("{named}: a {form} cannot have {count} points")));
        }
        (other, _) => {
            let what = format!("{named}: shapes of type {other} are not known here; draw it as a polygon");
            return Err(Fault::form(None, what));
        }
    };
    flags(sheet, &named, shape);
    if !text("description").is_empty() {
        sheet.note(&named, "its description is not carried over");
    }
    if shape.get("group_id").is_some_and(|group| !group.is_null()) {
        sheet.note(&named, "its group is not carried over");
    }
    sheet.shapes.push(Shape { label, place: place.to_owned(), corners, unit: CoordinateUnit::Pixels });
    Ok(())
}

fn flags(sheet: &mut Sheet, place: &str, of: &Value) {
    let set = of.get("flags").and_then(Value::as_object).into_iter().flatten();
    let set: Vec<&str> =
        set.filter(|(_, value)| **value != Value::Bool(false)).map(|(name, _)| name.as_str()).collect();
    if !set.is_empty() {
        sheet.note(place, format!("flags are not carried over: {}", set.join(", ")));
    }
}

fn points(shape: &Value) -> Option<Vec<(f64, f64)>> {
    let point = |point: &Value| match point.as_array()?.as_slice() {
        [x, y] => Some((x.as_f64()?, y.as_f64()?)),
        _ => None,
    };
    shape.get("points")?.as_array()?.iter().map(point).collect()
}
