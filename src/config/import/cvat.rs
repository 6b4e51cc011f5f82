//! CVAT's XML, version 1.1: "for images" with shapes per image, "for video" with tracks of shapes per frame.
//!
//! The form: <https://docs.cvat.ai/docs/manual/advanced/xml_format/>.

use super::shape::{around_ellipse, rectangle, turned};
use super::{Fault, Shape, Sheet, Unit, frame_of};
use crate::geometry::FrameSize;
use roxmltree::{Document, Node, ParsingOptions};

/// Most nodes of a file: a track has a handful for each of its frames.
const MOST_NODES: u32 = 2_000_000;

pub(super) fn read(text: &str, pick: Option<&str>) -> Result<Sheet, Fault> {
    // Entities are not expanded: a document type is refused by default.
    let options = ParsingOptions { nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let doc = Document::parse_with_options(text, options).map_err(|e| {
        let line = usize::try_from(e.pos().row).ok();
        let what = e.to_string();
        let what = what.split(" at ").next().unwrap_or(&what);
        Fault::form(line, format!("this XML cannot be read: {what}"))
    })?;
    let root = doc.root_element();
    if !root.has_tag_name("annotations") {
        let what = format!("this is not a CVAT file: it begins with <{}>", root.tag_name().name());
        return Err(Fault::form(line(root), what));
    }
    let mut sheet = Sheet { frame: original_size(root)?, ..Sheet::default() };
    let images: Vec<Node<'_, '_>> = root.children().filter(|node| node.has_tag_name("image")).collect();
    read_images(&mut sheet, &images, pick)?;
    for node in root.children().filter(Node::is_element) {
        match node.tag_name().name() {
            "version" | "meta" | "image" => {}
            "track" => read_track(&mut sheet, node)?,
            other => sheet.note(&at(node), format!("<{other}> is not known here; left out")),
        }
    }
    Ok(sheet)
}

/// `original_size` of a video task.
fn original_size(root: Node<'_, '_>) -> Result<Option<FrameSize>, Fault> {
    let meta = root.children().find(|node| node.has_tag_name("meta"));
    let size = meta.and_then(|meta| meta.descendants().find(|node| node.has_tag_name("original_size")));
    let Some(size) = size else { return Ok(None) };
    let side = |name: &str| {
        let text = size.children().find(|node| node.has_tag_name(name)).and_then(|node| node.text());
        text.and_then(|text| text.trim().parse::<f64>().ok())
    };
    let frame = side("width").zip(side("height")).and_then(|(width, height)| frame_of(width, height));
    frame
        .map(Some)
        .ok_or_else(|| Fault::form(line(size), "original_size holds no width and height in pixels"))
}

/// The shapes of the image that was picked; of all images that have the first one's shape where none was.
fn read_images(sheet: &mut Sheet, images: &[Node<'_, '_>], pick: Option<&str>) -> Result<(), Fault> {
    let name = |image: &Node<'_, '_>| image.attribute("name").unwrap_or_default().to_owned();
    let picked: Vec<&Node<'_, '_>> =
        images.iter().filter(|image| pick.is_none_or(|pick| name(image) == pick)).collect();
    if let (Some(pick), true) = (pick, picked.is_empty()) {
        let names: Vec<String> = images.iter().take(10).map(name).collect();
        let what = format!("it has no image named {pick}; it has {}", list(&names, images.len()));
        return Err(Fault::Ask { what, cure: "name one of them: --image NAME".to_owned() });
    }
    let mut merged = 0;
    for image in &picked {
        let (width, height) = (number(image, "width")?, number(image, "height")?);
        let size = frame_of(width, height)
            .ok_or_else(|| Fault::form(line(**image), format!("no picture is {width} x {height} pixels")))?;
        let frame = *sheet.frame.get_or_insert(size);
        if !frame.same_aspect(size) {
            let what = format!(
                "image {} is {size}, another shape than {frame}; its shapes are left out",
                name(image)
            );
            sheet.note(&at(**image), what);
            continue;
        }
        merged += 1;
        let scale = (f64::from(frame.width) / width, f64::from(frame.height) / height);
        for node in image.children().filter(Node::is_element) {
            let label = node.attribute("label").unwrap_or_default();
            if let Some(corners) = corners(sheet, node, label)? {
                attributes(sheet, node, label);
                let corners = corners.into_iter().map(|(x, y)| (x * scale.0, y * scale.1)).collect();
                sheet.shapes.push(Shape {
                    label: label.to_owned(),
                    place: at(node),
                    corners,
                    unit: Unit::Pixel,
                });
            }
        }
    }
    if merged > 1 {
        sheet
            .notes
            .push(format!("the shapes of {merged} images are put together; --image NAME takes one image's"));
    }
    Ok(())
}

fn list(names: &[String], of: usize) -> String {
    let shown = names.join(", ");
    if names.len() < of { format!("{shown} and {} more", of - names.len()) } else { shown }
}

/// A track that lies still is a region. One that moves is not.
fn read_track(sheet: &mut Sheet, track: Node<'_, '_>) -> Result<(), Fault> {
    let label = track.attribute("label").unwrap_or_default();
    let shown = |node: &Node<'_, '_>| node.is_element() && node.attribute("outside") != Some("1");
    let mut still: Option<(Node<'_, '_>, Vec<(f64, f64)>)> = None;
    let notes = sheet.notes.len();
    for node in track.children().filter(shown) {
        let Some(corners) = corners(sheet, node, label)? else {
            // One sentence for a track, not one for each of its frames.
            sheet.notes.truncate(notes + 1);
            return Ok(());
        };
        match &still {
            None => still = Some((node, corners)),
            Some((_, first)) if *first == corners => {}
            Some(_) => {
                sheet.notes.truncate(notes);
                let what = "it moves from frame to frame, and a zone does not; left out: draw a zone around its way, \
                            or none if it is a person or a thing";
                sheet.note(&named(track, label), what);
                return Ok(());
            }
        }
        // What was said of the first frame's shape holds for the others, which are the same.
        sheet.notes.truncate(notes + 1);
    }
    let Some((node, corners)) = still else {
        sheet.note(&named(track, label), "it is shown in no frame; left out");
        return Ok(());
    };
    attributes(sheet, node, label);
    sheet.shapes.push(Shape { label: label.to_owned(), place: at(track), corners, unit: Unit::Pixel });
    Ok(())
}

/// The outline of a shape; `None`, with a note, for what encloses nothing or is not known.
fn corners(sheet: &mut Sheet, node: Node<'_, '_>, label: &str) -> Result<Option<Vec<(f64, f64)>>, Fault> {
    let named = named(node, label);
    let rotation = if node.has_attribute("rotation") { number(&node, "rotation")? } else { 0.0 };
    let form = node.tag_name().name();
    Ok(Some(match form {
        "polygon" => points(node)?,
        "box" => {
            let (a, b) = (
                (number(&node, "xtl")?, number(&node, "ytl")?),
                (number(&node, "xbr")?, number(&node, "ybr")?),
            );
            turned(rectangle(a, b), ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0), rotation)
        }
        "ellipse" => {
            sheet.note(&named, "an ellipse is taken over as a polygon of 16 sides around it");
            let centre = (number(&node, "cx")?, number(&node, "cy")?);
            around_ellipse(centre, (number(&node, "rx")?, number(&node, "ry")?), rotation)
        }
        "mask" => {
            sheet.note(&named, "a mask is taken over as the rectangle around it");
            let (left, top) = (number(&node, "left")?, number(&node, "top")?);
            rectangle((left, top), (left + number(&node, "width")?, top + number(&node, "height")?))
        }
        "polyline" | "points" | "tag" | "cuboid" | "skeleton" => {
            let several = form.trim_end_matches('s');
            sheet.note(&named, format!("{several}s are no region of the picture; left out"));
            return Ok(None);
        }
        other => {
            sheet.note(&named, format!("<{other}> is not known here; left out"));
            return Ok(None);
        }
    }))
}

fn attributes(sheet: &mut Sheet, node: Node<'_, '_>, label: &str) {
    let named_by = |child: Node<'_, '_>| child.attribute("name").unwrap_or_default().to_owned();
    let found: Vec<String> =
        node.children().filter(|child| child.has_tag_name("attribute")).map(named_by).collect();
    if !found.is_empty() {
        sheet.note(&named(node, label), format!("attributes are not carried over: {}", found.join(", ")));
    }
}

/// `x,y;x,y;...`
fn points(node: Node<'_, '_>) -> Result<Vec<(f64, f64)>, Fault> {
    let text = node.attribute("points").unwrap_or_default();
    let pair = |pair: &str| {
        let (x, y) = pair.split_once(',')?;
        let read = |v: &str| v.trim().parse::<f64>().ok().filter(|v| v.is_finite());
        Some((read(x)?, read(y)?))
    };
    let found: Option<Vec<_>> = text.split(';').map(pair).collect();
    found
        .filter(|found| found.len() >= 3)
        .ok_or_else(|| Fault::form(line(node), "a polygon's points are not x,y;x,y;x,y in numbers"))
}

fn number(node: &Node<'_, '_>, name: &str) -> Result<f64, Fault> {
    let found = node.attribute(name).and_then(|text| text.trim().parse::<f64>().ok());
    found.filter(|v| v.is_finite()).ok_or_else(|| {
        Fault::form(line(*node), format!("<{}> has no number called {name}", node.tag_name().name()))
    })
}

fn line(node: Node<'_, '_>) -> Option<usize> {
    usize::try_from(node.document().text_pos_at(node.range().start).row).ok()
}

/// Where it stands, for people.
fn at(node: Node<'_, '_>) -> String {
    line(node).map_or_else(|| node.tag_name().name().to_owned(), |line| format!("line {line}"))
}

fn named(node: Node<'_, '_>, label: &str) -> String {
    format!("{} \"{label}\"", at(node))
}
