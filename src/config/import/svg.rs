//! SVG: shapes drawn over the picture, in a drawing program or by hand.
//!
//! The form: <https://www.w3.org/TR/SVG11/> (shapes, paths, `viewBox`, `transform`, units); labels as Inkscape writes
//! them, <https://wiki.inkscape.org/wiki/Inkscape_SVG_vs._plain_SVG>. Coordinates are taken over as shares of the
//! picture that lies under the drawing, or of the whole drawing where none does.

use super::shape::{around_ellipse, rectangle};
use super::svg_path::{Outline, outlines};
use super::svg_place::{Affine, length, numbers, page, placed, transform};
use super::{CoordinateUnit, Fault, Shape, Sheet};
use crate::geometry::FrameSize;
use roxmltree::{Document, Node, ParsingOptions};

/// Most nodes of a file.
const MOST_NODES: u32 = 500_000;

/// Deepest nesting.
const DEEPEST: usize = 64;

pub(super) const NAMESPACE: &str = "http://www.w3.org/2000/svg";

pub(super) fn read(text: &str) -> Result<Sheet, Fault> {
    // Older programs write a document type. Entities that nest are bounded by the reader.
    let options = ParsingOptions { nodes_limit: MOST_NODES, allow_dtd: true, ..ParsingOptions::default() };
    let doc = Document::parse_with_options(text, options).map_err(|e| {
        let what = e.to_string();
        let what = what.split(" at ").next().unwrap_or(&what).to_owned();
        Fault::form(usize::try_from(e.pos().row).ok(), format!("this XML cannot be read: {what}"))
    })?;
    let root = doc.root_element();
    if root.tag_name().name() != "svg" {
        let what = format!("this is not an SVG file: it begins with <{}>", root.tag_name().name());
        return Err(Fault::form(line(root), what));
    }
    if root.descendants().any(|node| styles_transform(node)) {
        let what = "a style moves its shapes (transform), which is not known here";
        return Err(Fault::form(None, format!("{what}; write it as the attribute transform")));
    }
    let page = page(root)?;
    let mut found = Found { frame_px: page.frame, ..Found::default() };
    walk(&mut found, root, page.from_user, "", 0)?;
    let picture = match found.pictures.as_slice() {
        [] => rectangle((0.0, 0.0), page.size).into(),
        [one] => one.clone(),
        several => {
            let what = format!(
                "there are {} pictures in it, and it does not say which is the camera's",
                several.len()
            );
            return Err(Fault::ask(what, "take all but one picture out of the drawing"));
        }
    };
    found.sheet(&picture)
}

/// What was found in a drawing, in units of the page.
#[derive(Debug, Default)]
struct Found {
    frame_px: Option<FrameSize>,
    pictures: Vec<Outline>,
    shapes: Vec<Shape>,
    notes: Vec<(String, String)>,
}

impl Found {
    /// As shares of the picture that the drawing lies on.
    fn sheet(self, picture: &Outline) -> Result<Sheet, Fault> {
        let corners = picture.corners();
        let [a, b, c, ..] = corners.as_slice() else {
            return Err(Fault::form(None, "its picture has no size"));
        };
        let (width, height) = (b.0 - a.0, c.1 - b.1);
        if !(width > 0.0 && height > 0.0) || b.1 != a.1 || c.0 != b.0 {
            let what = "the picture in it is turned or flipped; put it upright, and draw the shapes on that";
            return Err(Fault::form(None, what));
        }
        // A picture that is placed on the page has a size of its own, unless it fills that.
        let fills = |frame: &FrameSize| {
            *a == (0.0, 0.0) && (width, height) == (f64::from(frame.width), f64::from(frame.height))
        };
        let frame = self.frame_px.filter(fills);
        let mut sheet = Sheet { frame, ..Sheet::default() };
        for (place, what) in self.notes {
            sheet.note(&place, what);
        }
        let share = |p: &(f64, f64)| ((p.0 - a.0) / width, (p.1 - a.1) / height);
        sheet.shapes = self
            .shapes
            .into_iter()
            .map(|shape| Shape { corners: shape.corners.iter().map(share).collect(), ..shape })
            .collect();
        Ok(sheet)
    }
}

fn walk(
    found: &mut Found,
    node: Node<'_, '_>,
    from_user: Affine,
    group: &str,
    depth: usize,
) -> Result<(), Fault> {
    if depth > DEEPEST {
        return Err(Fault::form(line(node), format!("nested deeper than {DEEPEST}")));
    }
    for child in node.children().filter(Node::is_element) {
        // What a drawing program notes for itself is nothing that is drawn.
        if child.tag_name().namespace().is_some_and(|namespace| namespace != NAMESPACE) {
            continue;
        }
        let form = child.tag_name().name();
        let inner = from_user.then(&transform(child)?);
        let label = label_of(child, group);
        let named = format!("{} \"{label}\"", at(child));
        match form {
            "g" | "a" | "switch" => walk(found, child, inner, &label, depth + 1)?,
            "svg" => walk(found, child, placed(child, &inner)?, &label, depth + 1)?,
            // Never drawn by themselves.
            "defs" | "title" | "desc" | "metadata" | "style" | "script" | "symbol" | "clipPath" | "mask"
            | "marker" | "pattern" | "linearGradient" | "radialGradient" | "filter" => {}
            "text" | "line" => found.notes.push((named, format!("a {form} encloses nothing; left out"))),
            "image" => {
                let (corner, sides) = (
                    (length(child, "x")?, length(child, "y")?),
                    (length(child, "width")?, length(child, "height")?),
                );
                let corners = rectangle(corner, (corner.0 + sides.0, corner.1 + sides.1));
                found.pictures.push(Outline::from(corners).moved(&inner));
            }
            "rect" | "circle" | "ellipse" | "polygon" | "polyline" | "path" => {
                if hidden(child) {
                    found.notes.push((
                        named.clone(),
                        "it is hidden in the drawing; taken over all the same".to_owned(),
                    ));
                }
                let outlines = shape(found, child, &named)?;
                if form == "path" {
                    let what = "its curves are taken over as corners around them";
                    found.notes.extend(outlines.iter().any(Outline::bends).then(|| (named, what.to_owned())));
                }
                found.shapes.extend(outlines.iter().map(|outline| Shape {
                    label: label.clone(),
                    place: at(child),
                    corners: outline.moved(&inner).corners(),
                    unit: CoordinateUnit::Shares,
                }));
            }
            _ => {
                let what = format!(
                    "{named}: <{form}> is not known here; draw it as a path (in Inkscape: Object to Path), or take it out"
                );
                return Err(Fault::form(None, what));
            }
        }
    }
    Ok(())
}

/// The outlines of a shape, in its own units.
fn shape(found: &mut Found, node: Node<'_, '_>, named: &str) -> Result<Vec<Outline>, Fault> {
    let form = node.tag_name().name();
    let outlines = match form {
        "rect" => {
            let (x, y) = (length(node, "x")?, length(node, "y")?);
            vec![rectangle((x, y), (x + length(node, "width")?, y + length(node, "height")?)).into()]
        }
        "circle" | "ellipse" => {
            let note = format!("a {form} is taken over as a polygon of 16 sides around it");
            found.notes.push((named.to_owned(), note));
            let (rx, ry) = if form == "circle" { ("r", "r") } else { ("rx", "ry") };
            let centre = (length(node, "cx")?, length(node, "cy")?);
            vec![around_ellipse(centre, (length(node, rx)?, length(node, ry)?), 0.0).into()]
        }
        "path" => {
            let d = node.attribute("d").unwrap_or_default();
            outlines(d).ok_or_else(|| Fault::form(None, format!("{named}: its path cannot be read")))?
        }
        _ => {
            let points = node.attribute("points").unwrap_or_default();
            let points = numbers(points).filter(|points| points.len().is_multiple_of(2));
            let points = points.ok_or_else(|| {
                Fault::form(None, format!("{named}: its points are not x,y x,y x,y in numbers"))
            })?;
            vec![points.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>().into()]
        }
    };
    let all = outlines.len();
    let outlines: Vec<Outline> = outlines.into_iter().filter(Outline::encloses).collect();
    if outlines.len() < all || all == 0 {
        found.notes.push((
            named.to_owned(),
            format!("a {form} of fewer than three points encloses nothing; left out"),
        ));
    }
    Ok(outlines)
}

/// What a shape is called, after the groups that it is in where its own name says no kind.
fn label_of(node: Node<'_, '_>, group: &str) -> String {
    let inkscape = node.attributes().find(|attribute| attribute.name() == "label").map(|found| found.value());
    let title =
        node.children().find(|child| child.tag_name().name() == "title").and_then(|title| title.text());
    let own = inkscape.or(title).or_else(|| node.attribute("id")).unwrap_or_default().trim();
    match (own, group) {
        ("", group) => group.to_owned(),
        (own, "") => own.to_owned(),
        (own, _) if super::kinds::kind_of(own).is_some() => own.to_owned(),
        (own, group) => format!("{group} {own}"),
    }
}

fn hidden(node: Node<'_, '_>) -> bool {
    let says = |node: Node<'_, '_>| {
        let style = node.attribute("style").unwrap_or_default().replace(' ', "");
        node.attribute("display") == Some("none")
            || node.attribute("visibility") == Some("hidden")
            || style.contains("display:none")
            || style.contains("visibility:hidden")
    };
    node.ancestors().any(says)
}

fn styles_transform(node: Node<'_, '_>) -> bool {
    let style = match node.tag_name().name() {
        "style" => node.text(),
        _ => node.attribute("style"),
    };
    // Not what only begins so: `transform-origin` moves nothing by itself.
    style.is_some_and(|style| {
        style.split([';', '{', ' ', '\n']).any(|part| part.trim_start().starts_with("transform:"))
    })
}

pub(super) fn line(node: Node<'_, '_>) -> Option<usize> {
    usize::try_from(node.document().text_pos_at(node.range().start).row).ok()
}

/// Where it stands, for people.
pub(super) fn at(node: Node<'_, '_>) -> String {
    line(node).map_or_else(|| node.tag_name().name().to_owned(), |line| format!("line {line}"))
}
