//! The `polygon` of a zone or an overlay in a camera file: points in 0..1 of the picture, each fault shown at its
//! very point.

use super::document::Item;
use crate::geometry::{FrameSize, PolygonFault, UnitPoint, UnitPolygon};

/// Most corners of one polygon: checking for crossing sides takes time by the square of it.
pub(super) const MOST_POINTS: usize = 500;

/// A zone of fewer pixels on a side hides nothing that anybody could recognise: its coordinates are wrong as often as
/// not.
pub(super) const SMALL_PX: f64 = 4.0;

/// A coordinate from here on cannot be a point just off the edge: it was read off a picture in pixels.
const SURELY_PIXELS: f64 = 2.0;

/// What a polygon looks like, for cures.
const FORM: &str = "write polygon = [[x, y], [x, y], [x, y]], with x and y from 0 to 1";

/// Reads and checks a polygon; `frame`, where known, tells what pixel coordinates would be in 0..1.
pub(super) fn read(item: &Item<'_>, frame: Option<FrameSize>) -> Option<UnitPolygon> {
    let items = item.items("point", FORM)?;
    let read: Vec<Option<UnitPoint>> = items.iter().map(read_point).collect();
    if items.len() < 3 {
        let fault = PolygonFault::TooFewPoints(items.len());
        item.note(fault.to_string(), "encloses nothing", FORM);
        return None;
    }
    if items.len() > MOST_POINTS {
        let message = format!("a polygon has at most {MOST_POINTS} points, this one has {}", items.len());
        item.note(message, "too many", "draw it with fewer corners, a little wider than the region");
        return None;
    }
    let found: Vec<UnitPoint> = read.into_iter().collect::<Option<_>>()?;
    if !all_inside(item, &items, &found, frame) || repeats(&items, &found) {
        return None;
    }
    let last = items.len() - 1;
    match UnitPolygon::new(found) {
        Ok(polygon) => Some(polygon),
        Err(PolygonFault::SelfCrossing { first, second }) => {
            let side = |from: usize| (from + 1, if from == last { 1 } else { from + 2 });
            let ((a, b), (c, d)) = (side(first), side(second));
            let message = format!("the side from point {a} to {b} meets the side from point {c} to {d}");
            let cure = "list the corners in the order in which one would walk around the region";
            let fault = item.doc.fault(message, cure);
            item.doc.note_fault(
                fault
                    .mark(items[first].span.clone(), "one side starts here")
                    .mark(items[second].span.clone(), "the other side starts here"),
            );
            None
        }
        Err(fault) => {
            item.note(fault.to_string(), "encloses nothing", "draw it around the region");
            None
        }
    }
}

/// Width and height in words, where one of them is less than [`SMALL_PX`] in a picture of this size.
pub(super) fn small_side(polygon: &UnitPolygon, frame: FrameSize) -> Option<String> {
    let side = |of: fn(&UnitPoint) -> f64, px: u32| {
        let at = || polygon.points().iter().map(of);
        (at().fold(f64::MIN, f64::max) - at().fold(f64::MAX, f64::min)) * f64::from(px)
    };
    let (width, height) = (side(|p| p.x, frame.width), side(|p| p.y, frame.height));
    // Coordinates are written in millionths.
    (width.min(height) < SMALL_PX - 0.02).then(|| format!("{width:.1} x {height:.1}"))
}

fn read_point(item: &Item<'_>) -> Option<UnitPoint> {
    let pair = item.items("coordinate", "write a point as [x, y]")?;
    let [x, y] = pair.as_slice() else {
        let message = format!("a point has two coordinates, this one has {}", pair.len());
        item.note(message, "not a point", "write a point as [x, y]");
        return None;
    };
    let (x, y) = (x.any_number(), y.any_number());
    Some(UnitPoint { x: x?, y: y? })
}

/// Notes every point outside the frame; where the polygon is in pixels, once, with the numbers to write.
fn all_inside(item: &Item<'_>, items: &[Item<'_>], points: &[UnitPoint], frame: Option<FrameSize>) -> bool {
    let unit = 0.0..=1.0;
    let outside = |p: &UnitPoint| !(unit.contains(&p.x) && unit.contains(&p.y));
    let faulty = || items.iter().zip(points).filter(|(_, point)| outside(point));
    if points.iter().any(|p| p.x >= SURELY_PIXELS || p.y >= SURELY_PIXELS) {
        let cure = match frame {
            Some(frame) => in_unit_space(points, frame),
            None => "divide every x by the picture's width and every y by its height".to_owned(),
        };
        let message = "coordinates look like pixels, but run from 0 to 1 of the picture";
        let fault = item.doc.fault(message, cure);
        let fault = faulty().enumerate().fold(fault, |fault, (n, (at, _))| {
            fault.mark(at.span.clone(), if n == 0 { "outside 0..1" } else { "and this" })
        });
        item.doc.note_fault(fault);
        return false;
    }
    for (at, point) in faulty() {
        let message = format!("point [{}, {}] lies outside the picture", point.x, point.y);
        let edge = |v: f64| if v.is_nan() { 0.0 } else { v.clamp(0.0, 1.0) };
        let cure = format!(
            "x and y run from 0 to 1; the nearest point on the edge is [{}, {}]",
            edge(point.x),
            edge(point.y)
        );
        at.note(message, "outside 0..1", cure);
    }
    !points.iter().any(outside)
}

/// The cure for a polygon in pixels.
fn in_unit_space(points: &[UnitPoint], frame: FrameSize) -> String {
    let FrameSize { width, height } = frame;
    let share = |v: f64, side: u32| (v / f64::from(side) * 1e4).round() / 1e4;
    let shares: Vec<(f64, f64)> = points.iter().map(|p| (share(p.x, width), share(p.y, height))).collect();
    if shares.iter().any(|(x, y)| !(0.0..=1.0).contains(x) || !(0.0..=1.0).contains(y)) {
        return format!(
            "divide every x by the picture's width and every y by its height; as `frame` says {frame}, some \
             points would lie outside even then: draw them on a still of that size"
        );
    }
    let list: Vec<String> = shares.iter().map(|(x, y)| format!("[{x}, {y}]")).collect();
    format!(
        "divide every x by the width {width} and every y by the height {height}: polygon = [{}]",
        list.join(", ")
    )
}

/// Notes points that repeat the one before, and a last point that repeats the first.
fn repeats(items: &[Item<'_>], points: &[UnitPoint]) -> bool {
    let mut found = false;
    for (index, point) in points.iter().enumerate() {
        let next = (index + 1) % points.len();
        if *point != points[next] {
            continue;
        }
        found = true;
        // Of the last and the first, the last is the one too many.
        let (extra, kept) = if next == 0 { (index, next) } else { (next, index) };
        items[extra].note(
            format!("point {} is the same as point {}", extra + 1, kept + 1),
            "repeats it",
            "leave it out: a polygon closes by itself",
        );
    }
    found
}
