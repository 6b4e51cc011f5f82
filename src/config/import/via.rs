//! The VGG Image Annotator's files, version 1 and 2: annotations or a project as JSON, or annotations as CSV.
//!
//! The form: what `via.js` of <https://gitlab.com/vgg/via> writes; <https://www.robots.ox.ac.uk/~vgg/software/via/>.
//! No file says how large its pictures are.

use super::pictures::{Picture, one_of};
use super::shape::{around_ellipse, rectangle};
use super::{CoordinateUnit, Fault, Shape, Sheet, json};
use serde_json::{Map, Value};

pub(super) fn read_json(text: &str, image: Option<&str>) -> Result<Sheet, Fault> {
    let root = json(text)?;
    let files = root.get("_via_img_metadata").unwrap_or(&root);
    let Some(files) = files.as_object() else { return Err(Fault::form(None, "this is not a VIA file")) };
    let mut pictures = Vec::new();
    for file in files.values() {
        let name = file.get("filename").and_then(Value::as_str).unwrap_or_default();
        // Version 1 numbers its regions by keys.
        let regions: Vec<&Value> = match file.get("regions") {
            Some(Value::Array(list)) => list.iter().collect(),
            Some(Value::Object(numbered)) => numbered.values().collect(),
            _ => return Err(Fault::form(None, format!("file \"{name}\" has no list called regions"))),
        };
        let mut picture = Picture { names: vec![name.to_owned()], sheet: Sheet::default() };
        for (index, region) in regions.into_iter().enumerate() {
            let place = format!("{name}, region {}", index + 1);
            read_region(
                &mut picture.sheet,
                place,
                &region["shape_attributes"],
                &region["region_attributes"],
            )?;
        }
        pictures.push(picture);
    }
    one_of(pictures, image)
}

/// The columns that are read.
const COLUMNS: [&str; 3] = ["filename", "region_shape_attributes", "region_attributes"];

pub(super) fn read_csv(text: &str, image: Option<&str>) -> Result<Sheet, Fault> {
    let mut rows = rows(text)?.into_iter();
    let head = rows.next().map(|(_, head)| head).unwrap_or_default();
    let column = |name: &str| {
        // Version 1 marks the head as a comment.
        let found = head.iter().position(|column| column.trim().trim_start_matches('#') == name);
        found.ok_or_else(|| Fault::form(1, format!("this is not a VIA file: it has no column {name}")))
    };
    let [name, shape, attributes] = COLUMNS.map(column);
    let (name, shape, attributes) = (name?, shape?, attributes?);
    let mut pictures: Vec<Picture> = Vec::new();
    for (line, row) in rows {
        let field = |at: usize| row.get(at).map(String::as_str).unwrap_or_default();
        let value = |at: usize| {
            let text = if field(at).is_empty() { "{}" } else { field(at) };
            serde_json::from_str::<Value>(text)
                .map_err(|_| Fault::form(line, format!("column {} holds no JSON", at + 1)))
        };
        let known = pictures.iter().position(|picture| picture.names[0] == field(name));
        let at = known.unwrap_or(pictures.len());
        if known.is_none() {
            pictures.push(Picture { names: vec![field(name).to_owned()], sheet: Sheet::default() });
        }
        let shape = value(shape)?;
        // A picture without regions has a row all the same.
        if shape.as_object().is_some_and(|shape| !shape.is_empty()) {
            read_region(&mut pictures[at].sheet, format!("line {line}"), &shape, &value(attributes)?)?;
        }
    }
    one_of(pictures, image)
}

fn read_region(sheet: &mut Sheet, place: String, shape: &Value, attributes: &Value) -> Result<(), Fault> {
    let label = attributes.as_object().map(label).unwrap_or_default();
    let named = format!("{place} \"{label}\"");
    let form = shape.get("name").and_then(Value::as_str).unwrap_or_default();
    let number = |key: &str| {
        let found = shape.get(key).and_then(Value::as_f64);
        found.ok_or_else(|| Fault::form(None, format!("{named}: a {form} has no number called {key}")))
    };
    let points = || {
        let list = |key: &str| {
            let list = shape.get(key).and_then(Value::as_array);
            list.and_then(|list| list.iter().map(Value::as_f64).collect::<Option<Vec<f64>>>())
        };
        let found = list("all_points_x").zip(list("all_points_y")).filter(|(x, y)| x.len() == y.len());
        let points: Option<Vec<(f64, f64)>> = found.map(|(x, y)| x.into_iter().zip(y).collect());
        points.ok_or_else(|| Fault::form(None, format!("{named}: its points are no two lists of numbers")))
    };
    let corners = match form {
        "polygon" => points()?,
        "polyline" => {
            let points = points()?;
            if points.len() >= 3 {
                sheet.note(
                    &named,
                    "a polyline is taken over as the region that it encloses when it is closed",
                );
            }
            points
        }
        "rect" => {
            let (x, y) = (number("x")?, number("y")?);
            rectangle((x, y), (x + number("width")?, y + number("height")?))
        }
        "circle" | "ellipse" => {
            sheet.note(&named, format!("a {form} is taken over as a polygon of 16 sides around it"));
            let half =
                if form == "circle" { (number("r")?, number("r")?) } else { (number("rx")?, number("ry")?) };
            let theta = shape.get("theta").and_then(Value::as_f64).unwrap_or(0.0);
            around_ellipse((number("cx")?, number("cy")?), half, theta.to_degrees())
        }
        "point" => {
            sheet.note(&named, "a point encloses nothing; left out");
            return Ok(());
        }
        other => {
            let what = format!("{named}: shapes called \"{other}\" are not known here; draw it as a polygon");
            return Err(Fault::form(None, what));
        }
    };
    if corners.len() < 3 {
        let what = format!("a {form} of {} points encloses nothing; left out", corners.len());
        sheet.note(&named, what);
        return Ok(());
    }
    sheet.shapes.push(Shape { label, place, corners, unit: CoordinateUnit::Pixels });
    Ok(())
}

/// What staff wrote of a region, whichever attributes they keep it in; of boxes that were ticked, their names.
fn label(attributes: &Map<String, Value>) -> String {
    let words = attributes.values().flat_map(|value| match value {
        Value::String(text) => vec![text.as_str()],
        Value::Object(ticked) => {
            ticked.iter().filter(|(_, on)| **on == Value::Bool(true)).map(|(name, _)| name.as_str()).collect()
        }
        _ => Vec::new(),
    });
    words.map(str::trim).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The rows of a CSV file with their lines (RFC 4180); empty ones are left out.
fn rows(text: &str) -> Result<Vec<(usize, Vec<String>)>, Fault> {
    let mut rows = Vec::new();
    let (mut row, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let (mut line, mut began) = (1, 1);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        line += usize::from(letter == '\n');
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => field.extend(letters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push((began, std::mem::take(&mut row)));
                began = line;
            }
            other => field.push(other),
        }
    }
    if quoted {
        return Err(Fault::form(began, "a quotation mark is not closed"));
    }
    row.push(field);
    rows.push((began, row));
    rows.retain(|(_, row)| row.iter().any(|field| !field.is_empty()));
    Ok(rows)
}
