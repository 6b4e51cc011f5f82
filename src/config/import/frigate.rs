//! Frigate's configuration (YAML): the masks of one camera.
//!
//! The forms: `mask` is one text `x,y,x,y,...`, a list of such texts, or (from 0.18 on) a table of named masks with
//! `coordinates`. Coordinates are shares of the picture, or (before 0.14) whole pixels of `detect`; what tells them
//! apart is in [`unit_of`]. See <https://docs.frigate.video/configuration/masks> and `frigate/config/camera/mask.py`
//! in its repository.
//!
//! Frigate's masks say where it should not look, which may be a tree as well as a window; its `zones` say where
//! something that is seen counts. Masks become zones, as they may be private; its zones do not.

use super::yaml::{self, Node, Value};
use super::{CoordinateUnit, Fault, Shape, Sheet, frame_of};
use crate::geometry::FrameSize;
use std::rc::Rc;

/// What Frigate detects on where nothing says otherwise.
const USUAL: FrameSize = FrameSize { width: 1280, height: 720 };

/// Shares as drawn by hand may reach so far over the edge.
const OVER_THE_EDGE: f64 = 0.1;

pub(super) fn read(text: &str, pick: Option<&str>, unit: Option<CoordinateUnit>) -> Result<Sheet, Fault> {
    let root = yaml::read(text)?;
    let cameras = root.get("cameras").map(Node::entries).unwrap_or_default();
    if cameras.is_empty() {
        return Err(Fault::form(root.line, "this is not a Frigate configuration: it has no cameras"));
    }
    let (name, camera) = choose(cameras, pick)?;
    let mut sheet = Sheet { frame: detect_size(&root, camera)?, ..Sheet::default() };
    sheet.notes.push(
        "Frigate's masks say where it should not look, not what is private: look at each on a picture, and draw what \
         is missing"
            .to_owned(),
    );
    let mut named =
        |node: Option<&Node>, label: &str| node.map_or(Ok(()), |node| mask(&mut sheet, node, label, unit));
    for of in [&*root, camera] {
        named(of.get("motion").and_then(|motion| motion.get("mask")), "motion mask")?;
        let objects = of.get("objects");
        named(objects.and_then(|objects| objects.get("mask")), "object mask")?;
        for (object, filter) in objects.and_then(|o| o.get("filters")).map(Node::entries).unwrap_or_default()
        {
            named(filter.get("mask"), &format!("{object} mask"))?;
        }
    }
    // Before version 0.8.
    named(camera.get("mask"), "mask")?;
    for (zone, node) in camera.get("zones").map(Node::entries).unwrap_or_default() {
        let what = "a zone of Frigate says where something counts, not what is private; left out";
        sheet.note(&format!("line {} \"{zone}\"", node.line), what);
    }
    if let Some(profiles) = camera.get("profiles").filter(|profiles| !profiles.entries().is_empty()) {
        sheet.note(&format!("line {} \"profiles\"", profiles.line), "masks of profiles are left out");
    }
    // Shares fit a picture of any size; the camera file has to name one all the same.
    let of_shares = sheet.shapes.iter().all(|shape| shape.unit == CoordinateUnit::Shares);
    sheet.usual = of_shares.then_some(USUAL);
    sheet.notes.push(format!(
        "of camera {name} the masks were read; the rest of the configuration is about recording and detecting"
    ));
    Ok(sheet)
}

fn choose<'n>(cameras: &'n [(String, Rc<Node>)], pick: Option<&str>) -> Result<(&'n str, &'n Node), Fault> {
    let found = match (pick, cameras) {
        (None, [(name, camera)]) => Some((name, camera)),
        (None, _) => None,
        (Some(pick), _) => cameras.iter().find(|(name, _)| name == pick).map(|(name, camera)| (name, camera)),
    };
    found.map(|(name, camera)| (name.as_str(), &**camera)).ok_or_else(|| {
        let names: Vec<&str> = cameras.iter().map(|(name, _)| name.as_str()).collect();
        let asked = match pick {
            Some(pick) => format!("it has no camera named {pick}"),
            None => "it has several cameras".to_owned(),
        };
        Fault::Ask {
            what: format!("{asked}; there are {}", names.join(", ")),
            cure: "name one of them: --camera NAME".to_owned(),
        }
    })
}

/// `detect.width` and `detect.height`, the camera's before everybody's.
fn detect_size(root: &Node, camera: &Node) -> Result<Option<FrameSize>, Fault> {
    let side = |key: &str| {
        let of = |node: &Node| {
            node.get("detect")
                .and_then(|detect| detect.get(key))
                .map(|n| (n.line, n.text().map(str::to_owned)))
        };
        of(camera).or_else(|| of(root))
    };
    let (Some((line, width)), Some((_, height))) = (side("width"), side("height")) else { return Ok(None) };
    let number = |text: Option<String>| text.and_then(|text| text.trim().parse::<f64>().ok());
    let frame = number(width).zip(number(height)).and_then(|(width, height)| frame_of(width, height));
    frame.map(Some).ok_or_else(|| Fault::form(line, "detect has no width and height in pixels"))
}

/// A mask in any of its forms.
fn mask(sheet: &mut Sheet, node: &Node, label: &str, unit: Option<CoordinateUnit>) -> Result<(), Fault> {
    if node.is_nothing() {
        return Ok(());
    }
    let Value::Map(masks) = &node.value else { return outlines(sheet, node, label, unit) };
    for (id, mask) in masks {
        let place = format!("line {} \"{id}\"", mask.line);
        let name = mask.get("friendly_name").and_then(Node::text).unwrap_or(id);
        let Some(coordinates) = mask.get("coordinates").filter(|coordinates| !coordinates.is_nothing())
        else {
            sheet.note(&place, "a mask without coordinates; left out");
            continue;
        };
        let off = mask.get("enabled").and_then(Node::text).unwrap_or_default().to_lowercase();
        if matches!(off.as_str(), "false" | "no" | "off") {
            sheet.note(&place, "the mask is switched off in Frigate; it is taken over all the same");
        }
        outlines(sheet, coordinates, name, unit)?;
    }
    Ok(())
}

/// A text with all coordinates; a list with one text for each outline, or with one for each corner or coordinate.
fn outlines(sheet: &mut Sheet, node: &Node, label: &str, unit: Option<CoordinateUnit>) -> Result<(), Fault> {
    let items: Vec<&Node> = match &node.value {
        Value::List(items) => items.iter().map(|item| &**item).collect(),
        _ => vec![node],
    };
    let mut read = Vec::with_capacity(items.len());
    for item in items {
        let text = item.text().unwrap_or_default().trim();
        let lower = text.to_lowercase();
        if [".bmp", ".png", ".jpg"].iter().any(|end| lower.ends_with(end)) {
            sheet.note(&format!("line {} \"{label}\"", item.line), "a mask in a picture file; left out");
            continue;
        }
        read.push((item.line, numbers(item, text)?));
    }
    if read.len() > 1 && read.iter().all(|(_, numbers)| numbers.len() <= 2) {
        let line = read[0].0;
        read = vec![(line, read.into_iter().flat_map(|(_, numbers)| numbers).collect())];
    }
    let several = read.len() > 1;
    for (index, (line, numbers)) in read.into_iter().enumerate() {
        if numbers.len() < 6 || numbers.len() % 2 == 1 {
            let what = format!("{label}: {} coordinates make no outline: write x,y,x,y,x,y", numbers.len());
            return Err(Fault::form(line, what));
        }
        let unit = unit_of(&numbers).or(unit).ok_or_else(|| {
            let shown: Vec<String> = numbers.iter().take(8).map(f64::to_string).collect();
            let what = format!(
                "line {line}: {label}: its coordinates may be pixels or shares of the picture: {}",
                shown.join(",")
            );
            Fault::ask(what, "say which: --unit pixels, or --unit shares")
        })?;
        let corners = numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        let label = if several { format!("{label} {}", index + 1) } else { label.to_owned() };
        sheet.shapes.push(Shape { label, place: format!("line {line}"), corners, unit });
    }
    Ok(())
}

/// What the coordinates of one outline count; `None` where they may be either.
///
/// Shares lie within the picture, or a little over its edge, where somebody drew past it. Of pixels some are too large
/// for a share, and none is a fraction of one.
fn unit_of(numbers: &[f64]) -> Option<CoordinateUnit> {
    if numbers.iter().all(|v| (-OVER_THE_EDGE..=1.0 + OVER_THE_EDGE).contains(v)) {
        return Some(CoordinateUnit::Shares);
    }
    let fraction_of_one = numbers.iter().any(|v| v.fract() != 0.0 && v.abs() < 1.0);
    (!fraction_of_one).then_some(CoordinateUnit::Pixels)
}

fn numbers(item: &Node, text: &str) -> Result<Vec<f64>, Fault> {
    // Old versions put the word in front.
    let text = text.strip_prefix("poly,").unwrap_or(text).trim_end_matches(',');
    let number = |v: &str| v.trim().parse::<f64>().ok().filter(|v| v.is_finite());
    let found: Option<Vec<f64>> = text.split(',').map(number).collect();
    found.ok_or_else(|| {
        Fault::form(item.line, "a mask's coordinates are not numbers with commas between them")
    })
}
