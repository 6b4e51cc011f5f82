//! What masks paint is recognised, and nothing else is.

use super::painted::{Paint, ZonePixels};
use crate::config::{MaskSettings, Style, ZoneKind};
use crate::geometry::{FrameSize, PxRect, UnitPoint, UnitPolygon};
use crate::video::frame::{Colour, PixelFormat, RawFrame, Stamp};
use crate::video::mask::Masker;
use crate::video::plan::{FramePlan, Mask, MaskKind, MaskShape};
use std::sync::Arc;

const SIZE: FrameSize = FrameSize { width: 160, height: 120 };

/// A coloured, noisy picture in which nothing is flat.
fn noisy(format: PixelFormat) -> RawFrame {
    let (luma, chroma) = (160 * 120, 160 * 120 / 4);
    let mut state = 1u32;
    let mut bytes: Vec<u8> = (0..luma)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            40 + (state >> 24) as u8 / 2
        })
        .collect();
    bytes.extend(std::iter::repeat_n(90, 2 * chroma));
    let stamp = Stamp { index: 0, pts_ns: 0, duration_ns: None };
    RawFrame::from_samples(format, SIZE, Colour::BT601, stamp, bytes).expect("a frame")
}

fn zone() -> Arc<UnitPolygon> {
    let points = [(0.5, 0.1), (0.9, 0.1), (0.9, 0.9), (0.6, 0.9)].map(|(x, y)| UnitPoint { x, y });
    Arc::new(UnitPolygon::new(points.to_vec()).expect("a polygon"))
}

/// The picture masked, as it would come back from a file without loss.
fn masked(format: PixelFormat, style: Style) -> RawFrame {
    let mask = |kind, shape| Mask { kind, shape, style, score: 1.0 };
    let person = PxRect { x0: 8, y0: 10, x1: 40, y1: 90 };
    let masks = vec![
        mask(MaskKind::Person, MaskShape::Rect(person)),
        mask(MaskKind::Zone(ZoneKind::Door), MaskShape::Polygon(zone())),
    ];
    let plan = FramePlan::Masks { size: SIZE, masks };
    let redacted = Masker::new(MaskSettings::default()).redact(noisy(format), &plan);
    let (bytes, layout, colour, stamp) = redacted.into_parts();
    RawFrame { bytes, layout, colour, stamp, damage: None }
}

#[test]
fn what_was_painted_looks_painted_and_nothing_else() {
    let paint = Paint { cells: true, fill: MaskSettings::default().fill_colour.0 };
    let zone = ZonePixels::of(&zone(), SIZE);
    assert!(zone.len() > 1000);
    for format in [PixelFormat::I420, PixelFormat::Nv12] {
        for style in [Style::Blur, Style::Pixelate, Style::Fill] {
            let frame = masked(format, style);
            let inside = PxRect { x0: 10, y0: 12, x1: 38, y1: 88 };
            assert_eq!(paint.share_in(&frame, inside, None), 1.0, "{style:?} {format:?}");
            assert_eq!(zone.bare(&paint, &frame), None, "{style:?} {format:?}");
        }
        let bare = noisy(format);
        assert!(paint.share_in(&bare, PxRect::whole(SIZE), None) < 0.05);
        let (count, area) = zone.bare(&paint, &bare).expect("nothing is hidden");
        assert!(count as usize > zone.len() * 9 / 10 && area.x0 >= 80, "{count} {area:?}");
        assert!(!paint.is_colourless(&bare));
    }
    assert_eq!(
        paint.share_in(&noisy(PixelFormat::I420), PxRect { x0: 200, y0: 0, x1: 210, y1: 9 }, None),
        0.0
    );
}

#[test]
fn a_hole_in_a_zone_is_seen() {
    let paint = Paint { cells: true, fill: [0, 0, 0] };
    let mut frame = masked(PixelFormat::I420, Style::Blur);
    let zone = ZonePixels::of(&zone(), SIZE);
    for y in 50..54 {
        for x in 100..104 {
            frame.bytes.as_mut()[y * 160 + x] = if (x + y) % 2 == 0 { 20 } else { 230 };
        }
    }
    let (count, area) = zone.bare(&paint, &frame).expect("a hole");
    assert!(
        count >= 16 && area.x0 >= 98 && area.x1 <= 106 && area.y0 >= 48 && area.y1 <= 56,
        "{count} {area:?}"
    );
}
