//! Drawing on a masked still for `camera new`, `camera check`, `models check` and `evaluate`: a labelled 0..1 grid,
//! zones, overlays, boxes.
//!
//! Takes pictures that are masked already and never sees another kind. Everything drawn has a dark and a bright
//! edge, because it must be legible on night pictures and on white walls, and grows with the picture.

use crate::config::{Overlay, Zone};
use crate::geometry::{BoxPx, UnitPoint};
use crate::lang::Lang;
use embedded_graphics::mono_font::iso_8859_1::{FONT_5X8, FONT_6X10, FONT_7X13_BOLD, FONT_10X20};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::primitives::{Circle, Line, Rectangle};
use embedded_graphics::text::{Baseline, Text};
use image::RgbImage;
use std::convert::Infallible;

/// Colours that most people tell apart (Okabe and Ito 2008, without black, brightened for dark pictures).
const COLOURS: [Rgb888; 7] = [
    Rgb888::new(255, 200, 0),
    Rgb888::new(80, 200, 255),
    Rgb888::new(255, 110, 40),
    Rgb888::new(40, 230, 160),
    Rgb888::new(255, 130, 200),
    Rgb888::new(250, 245, 80),
    Rgb888::new(110, 150, 255),
];

/// How strongly grid lines cover the picture, of 255: one must still see what lies between them.
const GRID_ALPHA: u8 = 130;

/// The same of the plate that a text stands on.
const PLATE_ALPHA: u8 = 110;

/// Draws a line at every tenth of width and height, labelled 0.0 to 1.0 along the top and the left side.
pub(super) fn draw_grid(image: &mut RgbImage) {
    let scale = Scale::of(image);
    let (width, height) = (image.width() as i32, image.height() as i32);
    for tenth in 0..=10 {
        let (x, y) = (along(f64::from(tenth) / 10.0, width), along(f64::from(tenth) / 10.0, height));
        // The edge of the picture needs no line, its middle a stronger one.
        let alpha = match tenth {
            0 | 10 => continue,
            5 => 255,
            _ => GRID_ALPHA,
        };
        for (at, size) in [(Point::new(x, 0), size(0, height)), (Point::new(0, y), size(width, 0))] {
            // The dark edges make the line visible on white; they need not hide what is there.
            bar(image, at, size, scale.hair * 3, Rgb888::BLACK, alpha / 2);
            bar(image, at, size, scale.hair, Rgb888::WHITE, alpha);
        }
    }
    for tenth in 0..=10 {
        let share = f64::from(tenth) / 10.0;
        let text = format!("{share:.1}");
        let (across, down) = scale.text_size(&text);
        // Where the picture is too small for all labels, every other one says enough.
        let crowded = |room: i32, needed: i32| tenth % 2 == 1 && room < 11 * needed;
        if !crowded(width, across) {
            label(image, scale, &text, (along(share, width) - across / 2, 0), Rgb888::WHITE);
        }
        if tenth > 0 && !crowded(height, down) {
            label(image, scale, &text, (0, along(share, height) - down / 2), Rgb888::WHITE);
        }
    }
}

/// Draws the outline of each zone in a colour, of each overlay in white, with label and kind in its middle.
pub(super) fn draw_regions(image: &mut RgbImage, zones: &[Zone], overlays: &[Overlay], lang: Lang) {
    let scale = Scale::of(image);
    let (width, height) = (image.width() as i32, image.height() as i32);
    let place = |p: UnitPoint| Point::new(along(p.x, width), along(p.y, height));
    let coloured = zones.iter().zip(COLOURS.into_iter().cycle());
    let zones =
        coloured.map(|(zone, colour)| (&zone.polygon, [zone.label.clone(), zone.kind.word(lang)], colour));
    let overlays = overlays
        .iter()
        .map(|overlay| (&overlay.polygon, [overlay.label.clone(), "overlay".to_owned()], Rgb888::WHITE));
    let regions: Vec<_> = zones.chain(overlays).collect();
    for (polygon, _, colour) in &regions {
        let points = polygon.points();
        let sides = || points.iter().zip(points.iter().cycle().skip(1));
        // First the dark edges of all sides: none may cut through a side drawn before.
        for (a, b) in sides() {
            line(image, place(*a), place(*b), Rgb888::BLACK, scale.line + 2 * scale.hair);
        }
        for (a, b) in sides() {
            line(image, place(*a), place(*b), *colour, scale.line);
        }
    }
    // Labels last, and beside one another where zones lie close together.
    let mut taken: Vec<Rectangle> = Vec::new();
    for (polygon, lines, colour) in &regions {
        let middle = place(centroid(polygon.points()));
        let (across, down) = lines
            .iter()
            .map(|text| scale.text_size(text))
            .fold((0, 0), |(across, down), (a, d)| (across.max(a), down + d));
        let mut area = Rectangle::with_center(middle, size(across, down));
        area.top_left = scale.inside(area, width, height);
        while let Some(other) = taken.iter().find(|other| !other.intersection(&area).is_zero_sized()) {
            let below = other.top_left.y + other.size.height as i32;
            if below + down > height {
                break;
            }
            area.top_left.y = below;
        }
        taken.push(area);
        let mut top = area.top_left.y;
        for text in lines {
            let (wide, high) = scale.text_size(text);
            label(image, scale, text, (area.top_left.x + (across - wide) / 2, top), *colour);
            top += high;
        }
    }
}

/// Draws the outline of each box, in a colour per group, with its text at its top left.
pub(super) fn draw_boxes(image: &mut RgbImage, boxes: &[(usize, BoxPx, String)]) {
    let scale = Scale::of(image);
    let colour = |group: usize| COLOURS[group % COLOURS.len()];
    for (thick, edge) in [(scale.line + 2 * scale.hair, true), (scale.line, false)] {
        for (group, area, _) in boxes {
            let at = |x: f32, y: f32| Point::new(x.round() as i32, y.round() as i32);
            let corners =
                [at(area.x0, area.y0), at(area.x1, area.y0), at(area.x1, area.y1), at(area.x0, area.y1)];
            for (from, to) in corners.iter().zip(corners.iter().cycle().skip(1)) {
                line(image, *from, *to, if edge { Rgb888::BLACK } else { colour(*group) }, thick);
            }
        }
    }
    for (group, area, text) in boxes {
        label(image, scale, text, (area.x0.round() as i32, area.y0.round() as i32), colour(*group));
    }
}

/// Writes a line of text into the bottom left corner.
pub(super) fn caption(image: &mut RgbImage, text: &str) {
    let bottom = image.height() as i32;
    label(image, Scale::of(image), text, (0, bottom), Rgb888::WHITE);
}

/// The pixel column or row of a share of a side, inside the picture.
fn along(share: f64, side: i32) -> i32 {
    ((share * f64::from(side)).floor() as i32).clamp(0, (side - 1).max(0))
}

/// The centre of a polygon's area; of its corners where it is so thin that the area says nothing.
fn centroid(points: &[UnitPoint]) -> UnitPoint {
    let sides = || points.iter().zip(points.iter().cycle().skip(1));
    let cross = |a: &UnitPoint, b: &UnitPoint| a.x * b.y - b.x * a.y;
    let twice_area: f64 = sides().map(|(a, b)| cross(a, b)).sum();
    if twice_area.abs() < 1e-6 {
        let count = points.len().max(1) as f64;
        return UnitPoint {
            x: points.iter().map(|p| p.x).sum::<f64>() / count,
            y: points.iter().map(|p| p.y).sum::<f64>() / count,
        };
    }
    let moment = |axis: fn(&UnitPoint) -> f64| {
        sides().map(|(a, b)| (axis(a) + axis(b)) * cross(a, b)).sum::<f64>() / (3.0 * twice_area)
    };
    UnitPoint { x: moment(|p| p.x), y: moment(|p| p.y) }
}

/// Sizes of text and lines for a picture.
#[derive(Clone, Copy)]
struct Scale {
    font: &'static MonoFont<'static>,
    /// Pixels of the picture for one of the font.
    zoom: i32,
    /// Width of a thin line and of an edge, pixels.
    hair: i32,
    /// Width of an outline, pixels.
    line: i32,
}

impl Scale {
    fn of(image: &RgbImage) -> Self {
        let side = image.width().min(image.height()) as i32;
        let (font, zoom) = match side {
            ..160 => (&FONT_5X8, 1),
            160..250 => (&FONT_6X10, 1),
            250..500 => (&FONT_7X13_BOLD, 1),
            _ => (&FONT_10X20, (side + 270) / 540),
        };
        Self { font, zoom, hair: (side / 500).max(1), line: (side / 240).max(2) }
    }

    /// Pixels across and down that a line of text takes, with its edge.
    fn text_size(self, text: &str) -> (i32, i32) {
        let cell = self.font.character_size;
        let letters = text.chars().count().min(1000) as i32;
        ((letters * cell.width as i32 + 2) * self.zoom, (cell.height as i32 + 2) * self.zoom)
    }

    /// The top left corner with which an area lies in the picture; where it is larger, its beginning does.
    fn inside(self, area: Rectangle, width: i32, height: i32) -> Point {
        let (across, down) = (area.size.width as i32, area.size.height as i32);
        Point::new(area.top_left.x.min(width - across).max(0), area.top_left.y.min(height - down).max(0))
    }
}

fn size(across: i32, down: i32) -> Size {
    Size::new(across.unsigned_abs(), down.unsigned_abs())
}

/// A line of text on a dark plate, with a black edge around each letter, moved into the picture.
fn label(image: &mut RgbImage, scale: Scale, text: &str, at: (i32, i32), colour: Rgb888) {
    let (across, down) = scale.text_size(text);
    let area = Rectangle::new(Point::new(at.0, at.1), size(across, down));
    let (width, height) = (image.width() as i32, image.height() as i32);
    let origin = scale.inside(area, width, height);
    let mut plate = Canvas { image, origin: Point::zero(), zoom: 1, alpha: PLATE_ALPHA };
    let Ok(()) = plate.fill_solid(&Rectangle::new(origin, area.size), Rgb888::BLACK);
    let mut canvas = Canvas { image, origin, zoom: scale.zoom, alpha: 255 };
    let mut write = |dx, dy, colour| {
        let style = MonoTextStyle::new(scale.font, colour);
        let Ok(_) =
            Text::with_baseline(text, Point::new(1 + dx, 1 + dy), style, Baseline::Top).draw(&mut canvas);
    };
    for (dx, dy) in [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)] {
        write(dx, dy, Rgb888::BLACK);
    }
    write(0, 0, colour);
}

/// Fills a rectangle around a grid line, `thick` pixels wide, a little to the line's left or top.
fn bar(image: &mut RgbImage, at: Point, size: Size, thick: i32, colour: Rgb888, alpha: u8) {
    let wide = Size::new(size.width.max(thick.unsigned_abs()), size.height.max(thick.unsigned_abs()));
    let shift = |length: u32| if length == 0 { thick / 2 } else { 0 };
    let area = Rectangle::new(at - Point::new(shift(size.width), shift(size.height)), wide);
    let mut canvas = Canvas { image, origin: Point::zero(), zoom: 1, alpha };
    let Ok(()) = canvas.fill_solid(&area, colour);
}

/// Draws a side of a zone with a round brush, so that corners close. (The library's own thick lines overflow
/// on large pictures.)
fn line(image: &mut RgbImage, from: Point, to: Point, colour: Rgb888, thick: i32) {
    let brush: Vec<Point> = Circle::with_center(Point::zero(), thick.unsigned_abs()).points().collect();
    let mut canvas = Canvas { image, origin: Point::zero(), zoom: 1, alpha: 255 };
    let pixels =
        Line::new(from, to).points().flat_map(|at| brush.iter().map(move |dot| Pixel(at + *dot, colour)));
    let Ok(()) = canvas.draw_iter(pixels);
}

/// A part of a picture to draw on, enlarged; what falls outside is left out.
struct Canvas<'i> {
    image: &'i mut RgbImage,
    /// Where its origin lies in the picture.
    origin: Point,
    /// Pixels of the picture for one of its own.
    zoom: i32,
    /// How strongly it covers what was there, of 255.
    alpha: u8,
}

impl OriginDimensions for Canvas<'_> {
    fn size(&self) -> Size {
        Size::new(self.image.width(), self.image.height())
    }
}

impl DrawTarget for Canvas<'_> {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        let alpha = u16::from(self.alpha);
        for Pixel(at, colour) in pixels {
            let drawn = [colour.r(), colour.g(), colour.b()];
            let corner = self.origin + at * self.zoom;
            for y in corner.y..corner.y + self.zoom {
                for x in corner.x..corner.x + self.zoom {
                    let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { continue };
                    let Some(pixel) = self.image.get_pixel_mut_checked(x, y) else { continue };
                    for (old, new) in pixel.0.iter_mut().zip(drawn) {
                        let mixed = (u16::from(*old) * (255 - alpha) + u16::from(new) * alpha + 127) / 255;
                        *old = mixed as u8;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ZoneKind;
    use crate::geometry::UnitPolygon;
    use image::Rgb;
    use std::sync::Arc;

    fn zone(kind: ZoneKind, label: &str, points: &[(f64, f64)]) -> Zone {
        let points = points.iter().map(|&(x, y)| UnitPoint { x, y }).collect();
        let polygon = Arc::new(UnitPolygon::new(points).expect("a sound polygon"));
        Zone { kind, label: label.to_owned(), polygon, style: None }
    }

    fn zones() -> Vec<Zone> {
        vec![
            zone(ZoneKind::Door, "voordeur nr. 12", &[(0.1, 0.2), (0.3, 0.2), (0.3, 0.9), (0.1, 0.9)]),
            zone(ZoneKind::Window, "ramen café één", &[(0.45, 0.1), (0.9, 0.15), (0.9, 0.35), (0.45, 0.3)]),
            zone(ZoneKind::BellPanel, "bellen", &[(0.5, 0.5), (0.6, 0.5), (0.6, 0.7), (0.5, 0.7)]),
            zone(ZoneKind::NamePlate, "naambordjes", &[(0.5, 0.52), (0.62, 0.52), (0.6, 0.68)]),
            zone(ZoneKind::Street, "", &[(0.0, 0.92), (1.0, 0.8), (1.0, 1.0), (0.0, 1.0)]),
        ]
    }

    fn overlays() -> Vec<Overlay> {
        let clock = zone(ZoneKind::Other, "klok", &[(0.7, 0.9), (0.98, 0.9), (0.98, 0.98), (0.7, 0.98)]);
        vec![Overlay { label: clock.label, polygon: clock.polygon }]
    }

    #[test]
    fn an_overlay_is_outlined_in_white() {
        let mut drawn = RgbImage::from_pixel(384, 288, Rgb([128; 3]));
        draw_regions(&mut drawn, &[], &overlays(), Lang::En);
        assert_eq!(drawn.get_pixel((0.7 * 384.0) as u32, (0.94 * 288.0) as u32).0, [255; 3]);
        let white = |zones: &[Zone]| {
            let mut drawn = RgbImage::from_pixel(384, 288, Rgb([128; 3]));
            draw_regions(&mut drawn, zones, &[], Lang::En);
            drawn.pixels().any(|pixel| pixel.0 == [255; 3])
        };
        assert!(!white(&zones()));
    }

    #[test]
    fn outlines_lie_where_the_polygons_do() {
        let plain = RgbImage::from_pixel(384, 288, Rgb([128; 3]));
        let mut drawn = plain.clone();
        draw_regions(&mut drawn, &zones()[..1], &[], Lang::En);
        for step in 0..100 {
            let y = (0.2 + 0.7 * f64::from(step) / 100.0) * 288.0;
            for x in [0.1, 0.3] {
                let at = ((x * 384.0) as u32, y as u32);
                assert_ne!(drawn.get_pixel(at.0, at.1), plain.get_pixel(at.0, at.1), "{at:?}");
            }
        }
        for at in [(10, 10), (200, 40), (380, 280), (60, 75), (60, 240)] {
            assert_eq!(drawn.get_pixel(at.0, at.1), plain.get_pixel(at.0, at.1), "{at:?}");
        }
    }

    #[test]
    fn boxes_are_outlined_where_they_are() {
        let plain = RgbImage::from_pixel(384, 288, Rgb([128; 3]));
        let mut drawn = plain.clone();
        let area = BoxPx::new(100.0, 60.0, 200.0, 250.0);
        draw_boxes(
            &mut drawn,
            &[(0, area, "a 0.50".into()), (9, BoxPx::new(-50.0, 3.0, 900.0, 9.0), "b".into())],
        );
        for at in [(100, 150), (200, 150), (150, 60), (150, 250)] {
            assert_ne!(drawn.get_pixel(at.0, at.1), plain.get_pixel(at.0, at.1), "{at:?}");
        }
        for at in [(150, 200), (300, 150), (50, 150)] {
            assert_eq!(drawn.get_pixel(at.0, at.1), plain.get_pixel(at.0, at.1), "{at:?}");
        }
    }

    #[test]
    fn every_tenth_has_a_line_that_is_seen_on_black_and_on_white() {
        for ground in [0u8, 255] {
            let plain = RgbImage::from_pixel(768, 576, Rgb([ground; 3]));
            let mut drawn = plain.clone();
            draw_grid(&mut drawn);
            let differs = |x: u32, y: u32| drawn.get_pixel(x, y).0[0].abs_diff(ground) >= 60;
            for tenth in 1..10 {
                let (x, y) = (768 * tenth / 10, 576 * tenth / 10);
                assert!((x - 2..=x + 2).any(|x| differs(x, 300)), "x {tenth} on {ground}");
                assert!((y - 2..=y + 2).any(|y| differs(400, y)), "y {tenth} on {ground}");
            }
            assert_eq!(drawn.get_pixel(410, 300), plain.get_pixel(410, 300));
        }
    }

    #[test]
    fn pictures_of_any_size_are_drawn_on() {
        let long = zone(ZoneKind::Other, &"wide ".repeat(400), &[(0.0, 0.0), (1.0, 0.0), (0.5, 1.0)]);
        let zones: Vec<Zone> = zones().into_iter().chain([long]).collect();
        let sizes =
            [(0, 0), (1, 1), (1, 500), (2, 3), (17, 9), (160, 120), (16_384, 4), (1920, 1080), (4000, 3000)];
        for (width, height) in sizes {
            let plain = RgbImage::from_pixel(width, height, Rgb([128; 3]));
            let (mut grid, mut outlined) = (plain.clone(), plain.clone());
            draw_grid(&mut grid);
            draw_regions(&mut outlined, &zones, &overlays(), Lang::En);
            assert_eq!(grid == plain, width * height == 0, "{width}x{height}");
            assert_eq!(outlined == plain, width * height == 0, "{width}x{height}");
        }
    }

    #[test]
    fn the_middle_is_that_of_the_area() {
        let square = [(0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];
        let middle = centroid(zone(ZoneKind::Other, "x", &square).polygon.points());
        assert!((middle.x - 0.5).abs() < 1e-9 && (middle.y - 0.5).abs() < 1e-9, "{middle:?}");
    }
}
