//! The worst frames of an evaluation in one picture: masked stills side by side, with the boxes of the truth on them.
//!
//! Takes masked pictures and never sees another kind: what can be seen on it can be seen in the redacted clip.

use super::camera::picture_of;
use super::camera_picture::{caption, draw_boxes};
use crate::casework::WorstFrame;
use crate::error::Failure;
use crate::geometry::BoxPx;
use crate::video::frame::RedactedFrame;
use image::RgbImage;
use image::imageops::{FilterType, replace, resize};

/// Stills beside one another before the next row begins.
const ACROSS: usize = 4;
/// Widest still, pixels; larger ones are scaled down.
const WIDEST: u32 = 640;
/// Pixels between two stills.
const GAP: u32 = 4;

/// Draws the strip; there is at least one frame.
pub(super) fn strip(worst: &[(&WorstFrame, &RedactedFrame)]) -> Result<RgbImage, Failure> {
    let tiles = worst
        .iter()
        .map(|(frame, picture)| Ok(tile(frame, picture_of(picture)?)))
        .collect::<Result<Vec<_>, Failure>>()?;
    Ok(side_by_side(&tiles))
}

/// One still, small enough, with a box for everybody.
fn tile(frame: &WorstFrame, picture: RgbImage) -> RgbImage {
    let scale = f64::from(WIDEST.min(picture.width())) / f64::from(picture.width().max(1));
    let mut tile = if scale < 1.0 {
        let height = (f64::from(picture.height()) * scale).round().max(1.0) as u32;
        resize(&picture, WIDEST, height, FilterType::Triangle)
    } else {
        picture
    };
    let boxes: Vec<_> = frame
        .verdicts
        .iter()
        .map(|verdict| {
            let person = &verdict.person;
            let at = |edge: f64| (edge * scale) as f32;
            let area = BoxPx::new(
                at(person.left),
                at(person.top),
                at(person.left + person.width),
                at(person.top + person.height),
            );
            let (group, what) = match (verdict.head_exposed(), verdict.body_exposed()) {
                (true, _) => (2, " head"),
                (false, true) => (0, " body"),
                (false, false) => (1, ""),
            };
            (group, area, format!("{}{what}", person.identity))
        })
        .collect();
    draw_boxes(&mut tile, &boxes);
    caption(&mut tile, &format!("frame {}, {:.1} s", frame.frame, frame.at_s));
    tile
}

/// The stills in rows, on black.
pub(super) fn side_by_side(tiles: &[RgbImage]) -> RgbImage {
    let width = tiles.iter().map(RgbImage::width).max().unwrap_or(1);
    let height = tiles.iter().map(RgbImage::height).max().unwrap_or(1);
    let (columns, rows) = (tiles.len().clamp(1, ACROSS), tiles.len().div_ceil(ACROSS).max(1));
    let side = |count: usize, length: u32| count as u32 * (length + GAP) - GAP;
    let mut strip = RgbImage::new(side(columns, width), side(rows, height));
    for (i, tile) in tiles.iter().enumerate() {
        let (column, row) = ((i % ACROSS) as i64, (i / ACROSS) as i64);
        replace(&mut strip, tile, column * i64::from(width + GAP), row * i64::from(height + GAP));
    }
    strip
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::casework::{Person, Verdict};
    use image::Rgb;

    #[test]
    fn stills_stand_in_rows() {
        let tiles: Vec<_> = (1..=5u8).map(|n| RgbImage::from_pixel(10, 6, Rgb([n; 3]))).collect();
        let strip = side_by_side(&tiles);
        assert_eq!(strip.dimensions(), (4 * 10 + 3 * GAP, 2 * 6 + GAP));
        assert_eq!(strip.get_pixel(10 + GAP, 0).0, [2; 3]);
        assert_eq!(strip.get_pixel(0, 6 + GAP).0, [5; 3]);
        assert_eq!(strip.get_pixel(10, 0).0, [0; 3]);
        assert_eq!(side_by_side(&tiles[..2]).dimensions(), (20 + GAP, 6));
    }

    #[test]
    fn boxes_are_scaled_with_their_still() {
        let person = Person { identity: 7, left: 400.0, top: 600.0, width: 200.0, height: 400.0 };
        let frame = WorstFrame {
            frame: 1,
            at_s: 0.0,
            heads: vec![7],
            bodies: vec![],
            verdicts: vec![Verdict { person, head_hidden: 0.0, body_hidden: 1.0 }],
        };
        let plain = RgbImage::from_pixel(1920, 1080, Rgb([90; 3]));
        let drawn = tile(&frame, plain);
        assert_eq!(drawn.dimensions(), (640, 360));
        let differs = |x, y| drawn.get_pixel(x, y).0 != [90; 3];
        assert!(differs(133, 300) && differs(200, 300) && differs(166, 333));
        assert!(!differs(166, 300) && !differs(400, 200));
    }
}
