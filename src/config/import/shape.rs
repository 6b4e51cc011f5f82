//! From another tool's outlines to zones: into shares of the picture, cut at its edge, sound, and never smaller.

use super::kinds::{is_clock, kind_of};
use super::{CoordinateUnit, Fault, ImportWishes, Imported, MOST_ZONES, Shape, Sheet, frame_of};
use crate::config::polygon::{MOST_POINTS, small_side};
use crate::config::zone::{Zone, ZoneKind};
use crate::geometry::{FrameSize, PolygonFault, UnitPoint, UnitPolygon};
use std::collections::HashSet;
use std::sync::Arc;

/// A coordinate so many pictures away is a mistake, and too large to calculate with.
const FARTHEST: f64 = 1000.0;

/// Zones have coordinates in millionths: a hundredth of a pixel at the largest size, and short enough to be read.
const GRID: f64 = 1e6;

/// Longest label, characters.
const LONGEST_LABEL: usize = 80;

/// Makes zones of a sheet's shapes.
pub(super) fn settle(sheet: Sheet, wishes: &ImportWishes<'_>) -> Result<Imported, Fault> {
    let Sheet { frame: said, usual, shapes, mut notes } = sheet;
    let frame = match (said, wishes.frame) {
        (Some(said), Some(wish)) if !said.same_aspect(wish) => {
            let what =
                format!("its shapes were drawn on a picture of {said}, another shape than --frame {wish}");
            let cure = "leave --frame out, or import the file that was drawn on this camera's picture";
            return Err(Fault::Ask { what, cure: cure.to_owned() });
        }
        (_, Some(wish)) if frame_of(wish.width.into(), wish.height.into()).is_none() => {
            let cure = "say its width and height in pixels";
            return Err(Fault::Ask { what: format!("no picture is {wish}"), cure: cure.to_owned() });
        }
        (_, Some(wish)) => wish,
        (Some(said), None) => said,
        (None, None) if let Some(usual) = usual => {
            notes.push(format!(
                "the size of the picture is not said, and {usual} stands in the camera file: where clips have another \
                 shape, correct `frame` there; the zones stay as they are"
            ));
            usual
        }
        (None, None) => {
            let what = "it does not say how large its picture is".to_owned();
            let cure =
                "say the size of the picture that its shapes were drawn on: --frame WIDTHxHEIGHT, in pixels";
            return Err(Fault::Ask { what, cure: cure.to_owned() });
        }
    };
    let drawn_on = said.unwrap_or(frame);
    let mut labels = HashSet::new();
    let mut seen: Vec<(String, UnitPolygon)> = Vec::new();
    let mut zones = Vec::new();
    let mut small = Vec::new();
    let mut again = 0;
    for shape in shapes {
        let place = format!("{} \"{}\"", shape.place, short(&shape.label));
        let Some(polygon) = polygon_of(&shape, &place, drawn_on, &mut notes)? else { continue };
        if seen.iter().any(|(label, known)| *label == shape.label && *known == polygon) {
            again += 1;
            continue;
        }
        if zones.len() == MOST_ZONES {
            return Err(Fault::Ask {
                what: format!("it leads to more than {MOST_ZONES} zones: a data set, not a camera's regions"),
                cure: "import one picture's or one camera's shapes: --image NAME, or --camera NAME (frigate)"
                    .to_owned(),
            });
        }
        if let Some(size) = small_side(&polygon, frame) {
            small.push(format!("{place} ({size} pixels)"));
        }
        seen.push((shape.label.clone(), polygon.clone()));
        let kind = kind_of(&shape.label).unwrap_or_else(|| {
            notes.push(format!("{place}: no kind of zone has that name; it is written down as other"));
            ZoneKind::Other
        });
        if is_clock(&shape.label) {
            notes.push(format!(
                "{place}: it will be hidden; if it is the camera's clock and may be shown, make it an [[overlay]]"
            ));
        }
        let label = unused(&short(&shape.label), kind, &mut labels);
        zones.push(Zone { kind, label, polygon: Arc::new(polygon), style: None });
    }
    if !small.is_empty() && !wishes.small_zones {
        return Err(Fault::ask(
            format!("on a picture of {frame} hardly anything is hidden by {}", small.join(", ")),
            "say --small-zones if they are meant so; otherwise its coordinates count another size or unit than they \
             were taken for: check the file, and --frame",
        ));
    }
    if zones.is_empty() {
        notes.push("no shape became a zone: nothing but people is hidden".to_owned());
    }
    if again > 0 {
        notes.push(format!("{again} shape(s) are the same as one before, label and corners; left out"));
    }
    let notes = notes.iter().map(|note| one_line(note)).collect();
    Ok(Imported { frame, zones, notes })
}

/// One line of plain text.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn short(label: &str) -> String {
    one_line(label).trim().chars().take(LONGEST_LABEL).collect::<String>().trim_end().to_owned()
}

/// The label, or its kind where it says nothing, with a number where it is taken.
fn unused(label: &str, kind: ZoneKind, taken: &mut HashSet<String>) -> String {
    let label = if label.is_empty() { kind.to_string() } else { label.to_owned() };
    let mut free = label.clone();
    let mut number = 2u32;
    while !taken.insert(free.clone()) {
        free = format!("{label} {number}");
        number += 1;
    }
    free
}

/// The zone's polygon, or `None` where nothing of the shape is in the picture; a note where it is not the shape itself.
fn polygon_of(
    shape: &Shape,
    place: &str,
    drawn_on: FrameSize,
    notes: &mut Vec<String>,
) -> Result<Option<UnitPolygon>, Fault> {
    let (width, height) = match shape.unit {
        CoordinateUnit::Pixels => (f64::from(drawn_on.width), f64::from(drawn_on.height)),
        CoordinateUnit::Shares => (1.0, 1.0),
    };
    let corners: Vec<UnitPoint> =
        shape.corners.iter().map(|&(x, y)| UnitPoint { x: x / width, y: y / height }).collect();
    if corners.iter().any(|p| !(p.x.abs() <= FARTHEST && p.y.abs() <= FARTHEST)) {
        return Err(Fault::form(
            None,
            format!("{place}: a corner lies far outside the picture of {drawn_on}"),
        ));
    }
    let mut corners = without_repeats(corners);
    if corners.len() > MOST_POINTS || crosses_itself(&corners) {
        let why = if corners.len() > MOST_POINTS {
            format!("has more than {MOST_POINTS} corners")
        } else {
            "crosses itself".to_owned()
        };
        notes.push(format!("{place}: {why}; taken over as the smallest region without dents around it"));
        corners = hull(&corners);
    }
    let inside = |p: &UnitPoint| (0.0..=1.0).contains(&p.x) && (0.0..=1.0).contains(&p.y);
    if !corners.iter().all(inside) {
        corners = cut(corners);
        if corners.len() >= 3 {
            notes.push(format!("{place}: reaches beyond the picture; cut at its edge"));
        }
    }
    let corners = without_repeats(corners.into_iter().map(on_grid).collect());
    let boxed = || boxed(&corners);
    let tries: [&dyn Fn() -> Vec<UnitPoint>; 3] = [&|| corners.clone(), &|| hull(&corners), &boxed];
    for (attempt, points) in tries.iter().map(|points| points()).enumerate() {
        if points.len() > MOST_POINTS {
            continue;
        }
        match UnitPolygon::new(points) {
            Ok(polygon) => {
                if attempt > 0 {
                    notes.push(format!(
                        "{place}: folds at the edge of the picture; taken over a little larger"
                    ));
                }
                return Ok(Some(polygon));
            }
            Err(PolygonFault::SelfCrossing { .. }) => {}
            Err(_) => break,
        }
    }
    notes.push(format!("{place}: encloses nothing in the picture; left out"));
    Ok(None)
}

/// To the nearest millionth.
fn on_grid(p: UnitPoint) -> UnitPoint {
    // Adding zero makes minus zero plain zero.
    let near = |v: f64| (v * GRID).round() / GRID + 0.0;
    UnitPoint { x: near(p.x), y: near(p.y) }
}

/// Whether an outline is taken over with its corners, and not as the region without dents around them.
pub(super) fn keeps_its_corners(corners: &[(f64, f64)]) -> bool {
    corners.len() <= MOST_POINTS && !crosses(corners)
}

/// Whether sides of an outline meet that should not.
pub(super) fn crosses(corners: &[(f64, f64)]) -> bool {
    crosses_itself(&without_repeats(corners.iter().map(|&(x, y)| UnitPoint { x, y }).collect()))
}

/// Without corners that repeat the one before, around.
fn without_repeats(mut corners: Vec<UnitPoint>) -> Vec<UnitPoint> {
    corners.dedup();
    while corners.len() > 1 && corners.first() == corners.last() {
        corners.pop();
    }
    corners
}

/// Whether sides meet that should not. Asked of a copy in the unit square, as polygons may not leave that.
fn crosses_itself(corners: &[UnitPoint]) -> bool {
    let Some((low, high)) = bounds(corners) else { return false };
    let share = |v: f64, low: f64, high: f64| {
        if high > low { ((v - low) / (high - low)).clamp(0.0, 1.0) } else { 0.0 }
    };
    let copy =
        corners.iter().map(|p| UnitPoint { x: share(p.x, low.x, high.x), y: share(p.y, low.y, high.y) });
    matches!(UnitPolygon::new(copy.collect()), Err(PolygonFault::SelfCrossing { .. }))
}

fn bounds(corners: &[UnitPoint]) -> Option<(UnitPoint, UnitPoint)> {
    let first = *corners.first()?;
    Some(corners.iter().fold((first, first), |(low, high), p| {
        (
            UnitPoint { x: low.x.min(p.x), y: low.y.min(p.y) },
            UnitPoint { x: high.x.max(p.x), y: high.y.max(p.y) },
        )
    }))
}

/// The upright rectangle around the corners.
fn boxed(corners: &[UnitPoint]) -> Vec<UnitPoint> {
    let Some((low, high)) = bounds(corners) else { return Vec::new() };
    let at = |x, y| UnitPoint { x, y };
    vec![at(low.x, low.y), at(high.x, low.y), at(high.x, high.y), at(low.x, high.y)]
}

/// The convex hull (Andrew 1979, monotone chain): it holds every line between two of the corners.
pub(super) fn hull(corners: &[UnitPoint]) -> Vec<UnitPoint> {
    let mut sorted = corners.to_vec();
    sorted.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    sorted.dedup();
    if sorted.len() < 3 {
        return sorted;
    }
    let turn =
        |o: &UnitPoint, a: &UnitPoint, b: &UnitPoint| (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x);
    let chain = |points: &mut dyn Iterator<Item = UnitPoint>| {
        let mut chain: Vec<UnitPoint> = Vec::new();
        for p in points {
            while chain.len() >= 2 && turn(&chain[chain.len() - 2], &chain[chain.len() - 1], &p) <= 0.0 {
                chain.pop();
            }
            chain.push(p);
        }
        // The last corner begins the other chain.
        chain.pop();
        chain
    };
    let mut around = chain(&mut sorted.iter().copied());
    around.extend(chain(&mut sorted.iter().rev().copied()));
    around
}

/// What of the region lies in the unit square (Sutherland and Hodgman 1974). A dented region may come out with sides
/// that fold back along the edge of the square.
fn cut(corners: Vec<UnitPoint>) -> Vec<UnitPoint> {
    let edges: [fn(&UnitPoint) -> f64; 4] = [|p| p.x, |p| 1.0 - p.x, |p| p.y, |p| 1.0 - p.y];
    edges.iter().fold(corners, |corners, depth| {
        let mut kept = Vec::with_capacity(corners.len() + 4);
        for (a, b) in corners.iter().zip(corners.iter().cycle().skip(1)) {
            let (da, db) = (depth(a), depth(b));
            if da >= 0.0 {
                kept.push(*a);
            }
            if (da >= 0.0) != (db >= 0.0) {
                let t = da / (da - db);
                kept.push(UnitPoint { x: a.x + t * (b.x - a.x), y: a.y + t * (b.y - a.y) });
            }
        }
        kept
    })
}

/// Corners around an ellipse that lie outside of it or on it: the polygon holds all of it. Half axes along x and y
/// before it is turned by `degrees` about its centre.
pub(super) fn around_ellipse(centre: (f64, f64), half: (f64, f64), degrees: f64) -> Vec<(f64, f64)> {
    const SIDES: usize = 16;
    // The corners of a polygon whose sides touch a circle lie so much farther out.
    let out = 1.0 / (std::f64::consts::PI / SIDES as f64).cos();
    let corner = |i: usize| {
        let angle = (i as f64 + 0.5) * std::f64::consts::TAU / SIDES as f64;
        (centre.0 + half.0 * out * angle.cos(), centre.1 + half.1 * out * angle.sin())
    };
    turned((0..SIDES).map(corner).collect(), centre, degrees)
}

/// The rectangle around whole pixels, from the first to the last one in it: a pixel reaches to the next one.
pub(super) fn around_pixels(first: (f64, f64), last: (f64, f64)) -> Vec<(f64, f64)> {
    rectangle((first.0.floor(), first.1.floor()), (last.0.floor() + 1.0, last.1.floor() + 1.0))
}

/// The region without dents around corners.
pub(super) fn around(corners: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let corners: Vec<UnitPoint> = corners.iter().map(|&(x, y)| UnitPoint { x, y }).collect();
    hull(&corners).iter().map(|p| (p.x, p.y)).collect()
}

/// The rectangle between two corners.
pub(super) fn rectangle(a: (f64, f64), b: (f64, f64)) -> Vec<(f64, f64)> {
    vec![(a.0, a.1), (b.0, a.1), (b.0, b.1), (a.0, b.1)]
}

/// Turned clockwise, as seen on a picture whose y runs down.
pub(super) fn turned(corners: Vec<(f64, f64)>, about: (f64, f64), degrees: f64) -> Vec<(f64, f64)> {
    if degrees == 0.0 {
        return corners;
    }
    let (sin, cos) = degrees.to_radians().sin_cos();
    let turn = |(x, y): (f64, f64)| {
        let (x, y) = (x - about.0, y - about.1);
        (about.0 + x * cos - y * sin, about.1 + x * sin + y * cos)
    };
    corners.into_iter().map(turn).collect()
}
