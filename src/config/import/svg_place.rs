//! Where an SVG's shapes lie on its page: `viewBox`, `transform`, and units of length.

use super::svg::at;
use super::{Fault, frame_of};
use crate::geometry::FrameSize;
use roxmltree::Node;

/// An affine map: `x' = a x + c y + e`, `y' = b x + d y + f`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Affine([f64; 6]);

impl Affine {
    const SAME: Self = Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    pub(super) fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let [a, b, c, d, e, f] = self.0;
        (a * x + c * y + e, b * x + d * y + f)
    }

    /// This map, of what `inner` leads to.
    pub(super) fn then(&self, inner: &Self) -> Self {
        let [a, b, c, d, ..] = self.0;
        let [inner_a, inner_b, inner_c, inner_d, inner_e, inner_f] = inner.0;
        let (x, y) = self.at((inner_e, inner_f));
        Self([
            a * inner_a + c * inner_b,
            b * inner_a + d * inner_b,
            a * inner_c + c * inner_d,
            b * inner_c + d * inner_d,
            x,
            y,
        ])
    }
}

/// The page of a drawing.
pub(super) struct Page {
    pub(super) size: (f64, f64),
    /// Its size, where that is in pixels.
    pub(super) frame: Option<FrameSize>,
    /// From the units of its shapes.
    pub(super) from_user: Affine,
}

/// The page of the outermost `<svg>`.
pub(super) fn page(root: Node<'_, '_>) -> Result<Page, Fault> {
    let view = view_box(root)?;
    let side = |name: &str| match root.attribute(name).map(str::trim) {
        // A share of the window that it is shown in says nothing.
        None | Some("auto") => Ok(None),
        Some(text) if text.ends_with('%') => Ok(None),
        Some(_) => length(root, name).map(Some),
    };
    let given = side("width")?.zip(side("height")?);
    let size = given
        .or(view.map(|[_, _, width, height]| (width, height)))
        .ok_or_else(|| Fault::form(None, "the drawing has no width and height, and no viewBox"))?;
    if !(size.0 > 0.0 && size.1 > 0.0) {
        return Err(Fault::form(None, "the drawing has no size"));
    }
    let in_pixels = ["width", "height"]
        .into_iter()
        .filter_map(|name| root.attribute(name))
        .all(|text| text.trim().trim_end_matches("px").trim_end_matches('%').parse::<f64>().is_ok());
    let frame = frame_of(size.0, size.1).filter(|_| in_pixels);
    Ok(Page { size, frame, from_user: fitted(root, view, (0.0, 0.0), size) })
}

/// From the units within an inner `<svg>` to the page.
pub(super) fn placed(node: Node<'_, '_>, outer: &Affine) -> Result<Affine, Fault> {
    let view = view_box(node)?;
    let corner = (length(node, "x")?, length(node, "y")?);
    let side = |name: &str, of: usize| match (node.attribute(name), view) {
        (Some(_), _) => length(node, name),
        (None, Some(view)) => Ok(view[of]),
        (None, None) => Ok(1.0),
    };
    let size = (side("width", 2)?, side("height", 3)?);
    Ok(outer.then(&fitted(node, view, corner, size)))
}

/// From the `viewBox` into a rectangle, by `preserveAspectRatio`.
fn fitted(node: Node<'_, '_>, view: Option<[f64; 4]>, corner: (f64, f64), size: (f64, f64)) -> Affine {
    let Some([left, top, width, height]) = view else {
        return Affine([1.0, 0.0, 0.0, 1.0, corner.0, corner.1]);
    };
    let (x, y) = (size.0 / width, size.1 / height);
    let rule = node.attribute("preserveAspectRatio").unwrap_or_default();
    let (x, y) = match rule {
        _ if rule.contains("none") => (x, y),
        _ if rule.contains("slice") => (x.max(y), x.max(y)),
        _ => (x.min(y), x.min(y)),
    };
    let share = |axis: char| match rule {
        _ if rule.contains(&format!("{axis}Min")) => 0.0,
        _ if rule.contains(&format!("{axis}Max")) => 1.0,
        _ => 0.5,
    };
    let at = (
        corner.0 + share('x') * (size.0 - width * x) - left * x,
        corner.1 + share('Y') * (size.1 - height * y) - top * y,
    );
    Affine([x, 0.0, 0.0, y, at.0, at.1])
}

fn view_box(node: Node<'_, '_>) -> Result<Option<[f64; 4]>, Fault> {
    let Some(text) = node.attribute("viewBox") else { return Ok(None) };
    let found: Option<[f64; 4]> = numbers(text).and_then(|found| found.try_into().ok());
    let sound = found.filter(|[_, _, width, height]| *width > 0.0 && *height > 0.0);
    let fault = || Fault::form(None, format!("{}: its viewBox is no left, top, width and height", at(node)));
    sound.map(Some).ok_or_else(fault)
}

/// A length in pixels of 1/96 inch; nothing where it is not said.
pub(super) fn length(node: Node<'_, '_>, name: &str) -> Result<f64, Fault> {
    let Some(text) = node.attribute(name).map(str::trim) else { return Ok(0.0) };
    let units = [
        ("px", 1.0),
        ("pt", 96.0 / 72.0),
        ("pc", 16.0),
        ("mm", 96.0 / 25.4),
        ("cm", 96.0 / 2.54),
        ("in", 96.0),
    ];
    let (number, unit) = units
        .iter()
        .find_map(|(unit, px)| text.strip_suffix(unit).map(|number| (number, *px)))
        .unwrap_or((text, 1.0));
    let found = number.trim().parse::<f64>().ok().filter(|v| v.is_finite());
    found.map(|number| number * unit).ok_or_else(|| {
        let form = node.tag_name().name();
        Fault::form(None, format!("{}: {name} of <{form}> is no length known here: \"{text}\"", at(node)))
    })
}

/// Numbers with spaces or commas between them.
pub(super) fn numbers(text: &str) -> Option<Vec<f64>> {
    let parts = text.split([' ', ',', '\t', '\r', '\n']).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().ok().filter(|v: &f64| v.is_finite())).collect()
}

/// The `transform` of an element, all of its steps.
pub(super) fn transform(node: Node<'_, '_>) -> Result<Affine, Fault> {
    let text = node.attribute("transform").unwrap_or_default();
    steps(text)
        .ok_or_else(|| Fault::form(None, format!("{}: its transform cannot be read: {text}", at(node))))
}

fn steps(text: &str) -> Option<Affine> {
    let mut all = Affine::SAME;
    let mut rest = text.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
    while !rest.is_empty() {
        let (name, after) = rest.split_once('(')?;
        let (values, after) = after.split_once(')')?;
        let values = numbers(values)?;
        all = all.then(&step(name.trim(), &values)?);
        rest = after.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
    }
    Some(all)
}

fn step(name: &str, values: &[f64]) -> Option<Affine> {
    let moved = |x: f64, y: f64| Affine([1.0, 0.0, 0.0, 1.0, x, y]);
    let turned = |degrees: f64| {
        let (sin, cos) = degrees.to_radians().sin_cos();
        Affine([cos, sin, -sin, cos, 0.0, 0.0])
    };
    Some(match (name, values) {
        ("matrix", &[a, b, c, d, e, f]) => Affine([a, b, c, d, e, f]),
        ("translate", &[x]) => moved(x, 0.0),
        ("translate", &[x, y]) => moved(x, y),
        ("scale", &[both]) => Affine([both, 0.0, 0.0, both, 0.0, 0.0]),
        ("scale", &[x, y]) => Affine([x, 0.0, 0.0, y, 0.0, 0.0]),
        ("rotate", &[degrees]) => turned(degrees),
        ("rotate", &[degrees, x, y]) => moved(x, y).then(&turned(degrees)).then(&moved(-x, -y)),
        ("skewX", &[degrees]) => Affine([1.0, 0.0, degrees.to_radians().tan(), 1.0, 0.0, 0.0]),
        ("skewY", &[degrees]) => Affine([1.0, degrees.to_radians().tan(), 0.0, 1.0, 0.0, 0.0]),
        _ => return None,
    })
}
