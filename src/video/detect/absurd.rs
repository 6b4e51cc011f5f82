//! Whether detections can be believed at all.

use crate::geometry::FrameSize;
use crate::video::plan::Detection;

/// True where a detection cannot describe anything in the frame: an edge or a score that is not a number, a box
/// without area or turned inside out, a score outside `0..=1`, or a box that reaches beyond the frame by more than
/// the frame's own width or height. Whoever sees one covers the whole frame: a detector that returns such boxes
/// may as well have missed somebody.
#[must_use]
pub fn absurd(detections: &[Detection], size: FrameSize) -> bool {
    let (width, height) = (size.width as f32, size.height as f32);
    detections.iter().any(|d| {
        let area = &d.area;
        let near = area.x0 >= -width
            && area.y0 >= -height
            && area.x1 <= 2.0 * width
            && area.y1 <= 2.0 * height
            && area.x0 <= 2.0 * width
            && area.y0 <= 2.0 * height
            && area.x1 >= -width
            && area.y1 >= -height;
        !(area.is_sound() && near && (0.0..=1.0).contains(&d.score))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::BoxPx;
    use crate::video::plan::Target;

    #[test]
    fn absurd_boxes_are_told_from_odd_ones() {
        let size = FrameSize { width: 100, height: 50 };
        let check = |area: BoxPx, score: f32, expect: bool| {
            let d = Detection { target: Target::Person, area, score, weak: false };
            assert_eq!(absurd(&[d], size), expect, "{d:?}");
        };
        let good = BoxPx::new(10.0, 10.0, 20.0, 30.0);
        check(good, 0.5, false);
        check(good, 0.0, false);
        check(good, 1.0, false);
        check(BoxPx::new(-90.0, -40.0, 190.0, 90.0), 0.5, false);
        check(BoxPx::new(0.0, 0.0, 100.0, 50.0), 0.5, false);
        for score in [f32::NAN, -0.1, 1.1, f32::INFINITY] {
            check(good, score, true);
        }
        check(BoxPx::new(f32::NAN, 10.0, 20.0, 30.0), 0.5, true);
        check(BoxPx::new(10.0, 10.0, f32::INFINITY, 30.0), 0.5, true);
        check(BoxPx::new(20.0, 10.0, 10.0, 30.0), 0.5, true);
        check(BoxPx::new(10.0, 10.0, 20.0, 10.0), 0.5, true);
        check(BoxPx::new(-101.0, 10.0, 20.0, 30.0), 0.5, true);
        check(BoxPx::new(10.0, 10.0, 20.0, 101.0), 0.5, true);
        assert!(!absurd(&[], size));
    }
}
