//! What must hold of masking for all pictures, sizes and plans.

use super::cells::Grid;
use super::raster::{Raster, Region};
use super::{Masker, redact};
use crate::config::{BurnIn, MarkPlace};
use crate::config::{MaskSettings, Style, ZoneKind};
use crate::geometry::{FrameSize, PxRect, UnitPoint, UnitPolygon};
use crate::video::frame::{Colour, Damage, Layout, PixelFormat, RawFrame, Stamp};
use crate::video::plan::{CoverReason, FramePlan, Mask, MaskKind, MaskShape};
use proptest::prelude::*;
use std::sync::Arc;

const STAMP: Stamp = Stamp { index: 7, pts_ns: 40, duration_ns: None };

/// Bytes that look like noise and are the same for the same seed.
fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .collect()
}

fn raw(layout: &Layout, bytes: Vec<u8>) -> RawFrame {
    RawFrame::from_samples(layout.format, layout.size, Colour::BT601, STAMP, bytes)
        .expect("the layout's length")
}

fn redacted(layout: &Layout, bytes: &[u8], masks: &[Mask], settings: &MaskSettings) -> Vec<u8> {
    let plan = FramePlan::Masks { size: layout.size, masks: masks.to_vec() };
    bytes_of(layout, redact(raw(layout, bytes.to_vec()), &plan, settings))
}

fn bytes_of(layout: &Layout, frame: crate::video::frame::RedactedFrame) -> Vec<u8> {
    let (bytes, kept, _, stamp) = frame.into_parts();
    assert_eq!((kept, stamp), (*layout, STAMP));
    bytes.as_ref().to_vec()
}

/// Byte positions: of a luma sample, and of the chroma samples that it shares.
fn luma_at(layout: &Layout, x: u32, y: u32) -> usize {
    y as usize * layout.luma_stride + x as usize
}

fn chroma_at(layout: &Layout, x: u32, y: u32) -> [usize; 2] {
    let row = layout.luma_len() + (y as usize / 2) * layout.chroma_stride;
    match layout.format {
        PixelFormat::I420 => [row + x as usize / 2, row + layout.chroma_len() + x as usize / 2],
        PixelFormat::Nv12 => [row + (x as usize & !1), row + (x as usize | 1)],
    }
}

fn pixels(size: FrameSize) -> impl Iterator<Item = (u32, u32)> {
    (0..size.height).flat_map(move |y| (0..size.width).map(move |x| (x, y)))
}

/// Whether the closed square of a pixel, grown by `slack` pixels, meets the polygon.
fn touches(polygon: &UnitPolygon, size: FrameSize, (x, y): (u32, u32), slack: f64) -> bool {
    let scale = |p: &UnitPoint| (p.x * f64::from(size.width), p.y * f64::from(size.height));
    let corners: Vec<_> = polygon.points().iter().map(scale).collect();
    let (x0, x1) = (f64::from(x) - slack, f64::from(x + 1) + slack);
    let (y0, y1) = (f64::from(y) - slack, f64::from(y + 1) + slack);
    let mut inside = false;
    for (i, &a) in corners.iter().enumerate() {
        let b = corners[(i + 1) % corners.len()];
        if clipped(a, b, (x0, x1), (y0, y1)) {
            return true;
        }
        let (cx, cy) = (f64::from(x) + 0.5, f64::from(y) + 0.5);
        if (a.1 > cy) != (b.1 > cy) && cx < (b.0 - a.0) * (cy - a.1) / (b.1 - a.1) + a.0 {
            inside = !inside;
        }
    }
    inside
}

/// Liang and Barsky: whether any part of the segment is left when it is clipped to the rectangle.
fn clipped(a: (f64, f64), b: (f64, f64), x: (f64, f64), y: (f64, f64)) -> bool {
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    for (from, step, low, high) in [(a.0, b.0 - a.0, x.0, x.1), (a.1, b.1 - a.1, y.0, y.1)] {
        if step == 0.0 {
            if from < low || from > high {
                return false;
            }
        } else {
            let (s, t) = ((low - from) / step, (high - from) / step);
            enter = enter.max(s.min(t));
            leave = leave.min(s.max(t));
        }
    }
    enter <= leave
}

/// Pixels so near to a polygon's side, pixels, may be hidden or not: well above what the raster takes for touching.
const DOUBT: f64 = 1e-5;

/// Per pixel: whether a mask must hide it, by brute force.
fn hidden(masks: &[Mask], size: FrameSize) -> Vec<bool> {
    hidden_within(masks, size, 0.0)
}

/// The same with every polygon grown by `slack` pixels.
fn hidden_within(masks: &[Mask], size: FrameSize, slack: f64) -> Vec<bool> {
    let mut hidden = vec![false; size.area_px() as usize];
    let at = |x: u32, y: u32| (y * size.width + x) as usize;
    for mask in masks {
        for (x, y) in pixels(size) {
            let touched = match &mask.shape {
                MaskShape::Rect(r) => (r.x0..r.x1).contains(&x) && (r.y0..r.y1).contains(&y),
                MaskShape::Polygon(p) => touches(p, size, (x, y), slack),
            };
            if touched {
                for (px, py) in [(x & !1, y & !1), (x | 1, y & !1), (x & !1, y | 1), (x | 1, y | 1)] {
                    if px < size.width && py < size.height {
                        hidden[at(px, py)] = true;
                    }
                }
            }
        }
    }
    hidden
}

/// The bytes with every sample under the hidden pixels replaced by those of `other`.
fn with_hidden_from(layout: &Layout, bytes: &[u8], other: &[u8], hidden: &[bool]) -> Vec<u8> {
    let mut mixed = bytes.to_vec();
    for ((x, y), _) in pixels(layout.size).zip(hidden).filter(|(_, hidden)| **hidden) {
        for at in chroma_at(layout, x, y).into_iter().chain([luma_at(layout, x, y)]) {
            mixed[at] = other[at];
        }
    }
    mixed
}

fn any_size() -> impl Strategy<Value = FrameSize> {
    let side = prop_oneof![3 => 1u32..=40, 1 => 1u32..=130];
    (side.clone(), side).prop_map(|(width, height)| FrameSize { width, height })
}

fn any_layout() -> impl Strategy<Value = Layout> {
    (prop_oneof![Just(PixelFormat::I420), Just(PixelFormat::Nv12)], any_size())
        .prop_map(|(format, size)| Layout::new(format, size))
}

/// Star-shaped polygons and triangles, some with all corners on the edges of pixels.
fn any_polygon(size: FrameSize) -> impl Strategy<Value = Arc<UnitPolygon>> {
    let star =
        (0.0..1.0f64, 0.0..1.0f64, prop::collection::vec((0.0..std::f64::consts::TAU, 0.02..0.6f64), 3..9))
            .prop_map(|(cx, cy, mut rays)| {
                rays.sort_by(|a, b| a.0.total_cmp(&b.0));
                rays.iter().map(|(angle, r)| (cx + r * angle.cos(), cy + r * angle.sin())).collect::<Vec<_>>()
            });
    let triangle = prop::collection::vec((0.0..=1.0f64, 0.0..=1.0f64), 3);
    (prop_oneof![star, triangle], any::<bool>()).prop_filter_map("not simple", move |(points, snapped)| {
        let snap = |v: f64, side: u32| {
            let v = v.clamp(0.0, 1.0);
            if snapped { (v * f64::from(side)).round() / f64::from(side) } else { v }
        };
        let point = |(x, y): (f64, f64)| UnitPoint { x: snap(x, size.width), y: snap(y, size.height) };
        UnitPolygon::new(points.into_iter().map(point).collect()).ok().map(Arc::new)
    })
}

fn any_rect(size: FrameSize) -> impl Strategy<Value = PxRect> {
    let side = |len: u32| {
        (0..len, 1..=len).prop_map(move |(from, len_px)| {
            (from & !1, (from + len_px).next_multiple_of(2).min(len).max((from & !1) + 1))
        })
    };
    (side(size.width), side(size.height)).prop_map(|((x0, x1), (y0, y1))| PxRect { x0, y0, x1, y1 })
}

fn any_mask(size: FrameSize, style: impl Strategy<Value = Style>) -> impl Strategy<Value = Mask> {
    let shape =
        prop_oneof![any_rect(size).prop_map(MaskShape::Rect), any_polygon(size).prop_map(MaskShape::Polygon)];
    let kind = prop_oneof![
        Just(MaskKind::Person),
        Just(MaskKind::Head),
        Just(MaskKind::Correction),
        Just(MaskKind::Zone(ZoneKind::Window)),
    ];
    (kind, shape, style).prop_map(|(kind, shape, style)| Mask { kind, shape, style, score: 0.5 })
}

fn any_style() -> impl Strategy<Value = Style> {
    prop_oneof![Just(Style::Fill), Just(Style::Blur), Just(Style::Pixelate)]
}

fn frosted_style() -> impl Strategy<Value = Style> {
    prop_oneof![Just(Style::Blur), Just(Style::Pixelate)]
}

fn any_scene(most: usize) -> impl Strategy<Value = (Layout, Vec<Mask>, MaskSettings, u64)> {
    (any_layout(), 0u32..9, any::<u64>()).prop_flat_map(move |(layout, min_cell_px, seed)| {
        let settings = MaskSettings { min_cell_px, ..MaskSettings::default() };
        let masks = prop::collection::vec(any_mask(layout.size, any_style()), 0..=most);
        (Just(layout), masks, Just(settings), Just(seed))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn outside_the_masks_nothing_changes((layout, masks, settings, seed) in any_scene(4)) {
        let bytes = noise(layout.len(), seed);
        let out = redacted(&layout, &bytes, &masks, &settings);
        for ((x, y), hidden) in pixels(layout.size).zip(hidden_within(&masks, layout.size, DOUBT)) {
            if !hidden {
                for at in chroma_at(&layout, x, y).into_iter().chain([luma_at(&layout, x, y)]) {
                    prop_assert_eq!(out[at], bytes[at], "sample at {},{}", x, y);
                }
            }
        }
    }

    /// Chroma of 200 is left where nothing hides it, and neither a fill nor a cell has it.
    #[test]
    fn what_is_said_to_be_hidden_is_what_is_painted(
        (layout, masks, settings, odd) in any_scene(4),
    ) {
        let shown = if odd % 8 == 0 { layout.size.width + 1 } else { layout.size.width };
        let plan = FramePlan::Masks { size: FrameSize { width: shown, ..layout.size }, masks };
        let out = bytes_of(&layout, redact(raw(&layout, vec![200; layout.len()]), &plan, &settings));
        let hidden = Masker::new(settings).hidden(&plan, layout.size);
        for (x, y) in pixels(layout.size) {
            let here = PxRect { x0: x, y0: y, x1: x + 1, y1: y + 1 };
            let painted = chroma_at(&layout, x, y).map(|at| out[at]) != [200, 200];
            prop_assert_eq!(hidden.count_in(here) == 1, painted, "{},{}", x, y);
        }
    }

    #[test]
    fn inside_the_masks_no_colour_is_left((layout, masks, settings, seed) in any_scene(4)) {
        let out = redacted(&layout, &noise(layout.len(), seed), &masks, &settings);
        let fill = Colour::BT601.yuv(settings.fill_colour.0);
        for mask in &masks {
            for ((x, y), _) in pixels(layout.size).zip(hidden(std::slice::from_ref(mask), layout.size))
                .filter(|(_, hidden)| *hidden)
            {
                let chroma = chroma_at(&layout, x, y).map(|at| out[at]);
                prop_assert!(chroma == [128, 128] || chroma == [fill[1], fill[2]]);
                if mask.style == Style::Fill {
                    prop_assert_eq!([out[luma_at(&layout, x, y)], chroma[0], chroma[1]], fill);
                }
            }
        }
    }

    /// Everything under the masks is replaced, whatever their styles, also where they lie over one another: no byte of
    /// the result may change, anywhere.
    #[test]
    fn what_lies_under_a_mask_changes_nothing(
        (layout, masks, settings, seed) in any_scene(5), other in any::<u64>(),
    ) {
        let bytes = noise(layout.len(), seed);
        let hidden = hidden(&masks, layout.size);
        let mixed = with_hidden_from(&layout, &bytes, &noise(layout.len(), other), &hidden);
        prop_assert_eq!(
            redacted(&layout, &bytes, &masks, &settings),
            redacted(&layout, &mixed, &masks, &settings)
        );
    }

    /// Nor does what lies around a mask: the bytes under it are a function of the time, its place and its style.
    #[test]
    fn what_lies_around_a_mask_changes_nothing_under_it(
        (layout, masks, settings, seed) in any_scene(3), other in any::<u64>(),
    ) {
        let [one, two] = [seed, other].map(|s| redacted(&layout, &noise(layout.len(), s), &masks, &settings));
        for ((x, y), _) in pixels(layout.size).zip(hidden(&masks, layout.size)).filter(|(_, hidden)| *hidden) {
            let at = luma_at(&layout, x, y);
            prop_assert_eq!(one[at], two[at], "{},{}", x, y);
        }
    }

    #[test]
    fn a_mask_has_few_cells(
        (layout, mask) in any_layout().prop_flat_map(|layout| {
            (Just(layout), any_mask(layout.size, frosted_style()))
        }),
    ) {
        let size = layout.size;
        let region = match &mask.shape {
            MaskShape::Rect(rect) => Region::rect(*rect, size),
            MaskShape::Polygon(polygon) => Region::polygon(Arc::new(Raster::of(polygon, size)), size),
        }.expect("a mask in the frame");
        let close = matches!(mask.kind, MaskKind::Head | MaskKind::Correction);
        let most = if close { super::MOST_HEAD_CELLS } else { super::MOST_CELLS };
        let settings = MaskSettings::default();
        prop_assert!(Grid::new(&region, mask.kind, &settings).cells() <= most);
        let out = redacted(&layout, &noise(layout.len(), 1), std::slice::from_ref(&mask), &settings);
        for ((x, y), _) in pixels(size).zip(hidden(&[mask], size)).filter(|(_, hidden)| *hidden) {
            prop_assert!((100..=156).contains(&out[luma_at(&layout, x, y)]), "{},{}", x, y);
        }
    }

    #[test]
    fn a_polygon_hides_what_it_touches_and_no_more(
        (size, polygon) in any_size().prop_flat_map(|size| (Just(size), any_polygon(size))),
    ) {
        let mask = Mask {
            kind: MaskKind::Person, shape: MaskShape::Polygon(polygon.clone()), style: Style::Fill, score: 1.0,
        };
        let most = hidden_within(&[mask], size, DOUBT);
        let raster = Raster::of(&polygon, size);
        let region = Region::polygon(Arc::new(raster), size).expect("a polygon has pixels");
        for ((x, y), most) in pixels(size).zip(most) {
            let held = region.row(y / 2).iter().any(|s| s.pairs().contains(&(x as usize / 2)));
            prop_assert!(held || !touches(&polygon, size, (x, y), 0.0), "{},{} shows", x, y);
            prop_assert!(!held || most, "{},{} is hidden", x, y);
            let b = region.bounds;
            prop_assert!(!held || ((b.x0..b.x1).contains(&x) && (b.y0..b.y1).contains(&y)));
        }
    }

    /// Padding comes from the redacted picture, whatever an earlier frame left there.
    #[test]
    fn padding_holds_nothing_of_its_own((layout, masks, settings, seed) in any_scene(2)) {
        let bytes = noise(layout.len(), seed);
        let mut other = noise(layout.len(), !seed);
        for (x, y) in pixels(layout.size) {
            for at in chroma_at(&layout, x, y).into_iter().chain([luma_at(&layout, x, y)]) {
                other[at] = bytes[at];
            }
        }
        let out = redacted(&layout, &bytes, &masks, &settings);
        prop_assert_eq!(&out, &redacted(&layout, &other, &masks, &settings));
        let (w, h) = (layout.size.width, layout.size.height);
        for (x, y) in pixels(FrameSize { width: w.next_multiple_of(2), height: h.next_multiple_of(2) }) {
            let shown = out[luma_at(&layout, x.min(w - 1), y.min(h - 1))];
            prop_assert_eq!(out[luma_at(&layout, x, y)], shown, "padding at {},{}", x, y);
        }
    }

    #[test]
    fn a_covered_frame_depends_on_nothing(
        layout in any_layout(), seeds in any::<[u64; 2]>(), why in 0..4,
    ) {
        let settings = MaskSettings::default();
        let plan = |masks| FramePlan::Masks { size: layout.size, masks };
        let rect = |x0, y0, x1, y1| Mask {
            kind: MaskKind::Person, shape: MaskShape::Rect(PxRect { x0, y0, x1, y1 }), style: Style::Blur, score: 0.5,
        };
        let FrameSize { width, height } = layout.size;
        let plan = match why {
            0 => FramePlan::Cover(CoverReason::DetectorFault),
            1 => FramePlan::Masks { size: FrameSize { width: width + 1, height }, masks: vec![] },
            2 => plan(vec![rect(width + 1, 0, width + 4, height)]),
            _ => plan(vec![]),
        };
        let [a, b] = seeds.map(|seed| {
            let mut raw = raw(&layout, noise(layout.len(), seed));
            raw.damage = (why == 3).then_some(Damage::Concealed);
            bytes_of(&layout, redact(raw, &plan, &settings))
        });
        prop_assert_eq!(&a, &b);
        let fill = Colour::BT601.yuv(settings.fill_colour.0);
        for (x, y) in pixels(layout.size) {
            let [u, v] = chroma_at(&layout, x, y).map(|at| a[at]);
            prop_assert_eq!([a[luma_at(&layout, x, y)], u, v], fill);
        }
    }

    #[test]
    fn the_order_of_the_plan_does_not_matter((layout, masks, settings, seed) in any_scene(5)) {
        let bytes = noise(layout.len(), seed);
        let turned: Vec<_> = masks.iter().rev().cloned().collect();
        prop_assert_eq!(
            redacted(&layout, &bytes, &masks, &settings),
            redacted(&layout, &bytes, &turned, &settings)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn threads_do_not_matter((layout, masks, settings, seed) in any_scene(5)) {
        let bytes = noise(layout.len(), seed);
        let [one, four] = [1, 4].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| redacted(&layout, &bytes, &masks, &settings))
        });
        prop_assert_eq!(one, four);
    }
}

fn person(x0: u32, y0: u32, x1: u32, y1: u32, style: Style) -> Mask {
    Mask { kind: MaskKind::Person, shape: MaskShape::Rect(PxRect { x0, y0, x1, y1 }), style, score: 0.5 }
}

#[test]
fn the_larger_mask_wins() {
    let layout = Layout::new(PixelFormat::I420, FrameSize { width: 200, height: 200 });
    let bytes = noise(layout.len(), 3);
    let settings = MaskSettings::default();
    let large = person(0, 0, 100, 200, Style::Pixelate);
    let head = Mask { kind: MaskKind::Head, ..person(20, 10, 60, 50, Style::Blur) };
    assert_eq!(
        redacted(&layout, &bytes, &[large.clone(), head], &settings),
        redacted(&layout, &bytes, &[large], &settings)
    );
}

#[test]
fn a_masker_remembers_rasters_and_changes_nothing_by_it() {
    let settings = MaskSettings::default();
    let masker = Masker::new(settings.clone());
    for round in 0..3u32 {
        for (width, height) in [(64, 48), (33, 21)] {
            let layout = Layout::new(PixelFormat::Nv12, FrameSize { width, height });
            // A new polygon each time: the old one's address must not stand for it.
            let x = 0.2 + 0.2 * f64::from(round);
            let points = [(0.0, 0.0), (x, 0.1), (x, 0.9)].map(|(x, y)| UnitPoint { x, y }).to_vec();
            let polygon = Arc::new(UnitPolygon::new(points).expect("simple"));
            let shape = MaskShape::Polygon(polygon);
            let masks =
                vec![Mask { kind: MaskKind::Zone(ZoneKind::Door), shape, style: Style::Fill, score: 1.0 }];
            let bytes = noise(layout.len(), 5);
            let plan = FramePlan::Masks { size: layout.size, masks: masks.clone() };
            for _ in 0..2 {
                let out = bytes_of(&layout, masker.redact(raw(&layout, bytes.clone()), &plan));
                assert_eq!(out, redacted(&layout, &bytes, &masks, &settings));
            }
        }
    }
}

#[test]
fn of_two_masks_of_one_size_the_coarser_wins() {
    let layout = Layout::new(PixelFormat::I420, FrameSize { width: 120, height: 120 });
    let bytes = noise(layout.len(), 9);
    let settings = MaskSettings::default();
    let body = person(10, 10, 110, 110, Style::Pixelate);
    let head = Mask { kind: MaskKind::Head, ..body.clone() };
    let expected = redacted(&layout, &bytes, std::slice::from_ref(&head), &settings);
    for masks in [[body.clone(), head.clone()], [head, body]] {
        assert_eq!(redacted(&layout, &bytes, &masks, &settings), expected);
    }
}

/// `blur` has the values of `pixelate` at the cells' centres, and goes from one to the next without a jump.
#[test]
fn blur_joins_the_cells_smoothly() {
    let layout = Layout::new(PixelFormat::Nv12, FrameSize { width: 120, height: 240 });
    let settings = MaskSettings::default();
    let bytes = noise(layout.len(), 11);
    let [flat, smooth] = [Style::Pixelate, Style::Blur]
        .map(|style| redacted(&layout, &bytes, &[person(0, 0, 120, 240, style)], &settings));
    // Five cells of 24 pixels across, five of 48 down.
    for (x, y) in (24..240).step_by(48).flat_map(|y| (12..120).step_by(24).map(move |x| (x, y))) {
        let at = luma_at(&layout, x, y);
        assert_eq!(smooth[at], flat[at], "centre {x},{y}");
    }
    assert!(flat.windows(2).take(120).any(|pair| pair[0].abs_diff(pair[1]) > 10));
    for (x, y) in pixels(layout.size) {
        let here = smooth[luma_at(&layout, x, y)];
        for (nx, ny) in [(x + 1, y), (x, y + 1)] {
            if nx < 120 && ny < 240 {
                // Values span at most 56 and cells 24 pixels, so a step is at most 3 with rounding.
                assert!(here.abs_diff(smooth[luma_at(&layout, nx, ny)]) <= 4, "step at {x},{y}");
            }
        }
    }
}

/// A masker's result for one frame of noise, shown at `at_ns`, with a mask over most of it that moves with `shift`.
fn shown_at(masker: &Masker, at_ns: u64, seed: u64, shift: u32, style: Style) -> Vec<u8> {
    let layout = Layout::new(PixelFormat::I420, FrameSize { width: 128, height: 96 });
    let shape = MaskShape::Rect(PxRect { x0: 8 + shift, y0: 8, x1: 104 + shift, y1: 88 });
    let masks = vec![Mask { kind: MaskKind::Person, shape, style, score: 1.0 }];
    let mut frame = raw(&layout, noise(layout.len(), seed));
    frame.stamp.pts_ns = at_ns;
    let (bytes, ..) = masker.redact(frame, &FramePlan::Masks { size: layout.size, masks }).into_parts();
    // Inside the mask, relative to where it is.
    let row = |y: usize| bytes.as_ref()[y * layout.luma_stride + 8 + shift as usize..][..96].to_vec();
    (8..88).flat_map(row).collect()
}

#[test]
fn cells_stand_still_for_a_while_and_move_with_their_mask() {
    const MS: u64 = 1_000_000;
    for style in [Style::Blur, Style::Pixelate] {
        let masker = Masker::new(MaskSettings::default());
        let first = shown_at(&masker, 0, 1, 0, style);
        for i in 1..12u64 {
            // Other pixels each time, and nothing of them is told.
            assert_eq!(shown_at(&masker, i * 160 * MS, 100 + i, i as u32 * 2 % 8, style), first, "{i}");
        }
        let later = shown_at(&masker, 2020 * MS, 50, 0, style);
        assert_ne!(later, first);
        // A clip that begins anew has nothing to do with the one before.
        assert_ne!(shown_at(&masker, 0, 61, 0, style), later);
    }
}

fn marked(format: PixelFormat, size: FrameSize, value: u8, words: Option<&str>) -> Vec<u8> {
    let stamp = Stamp { index: 0, pts_ns: 0, duration_ns: None };
    let len = Layout::new(format, size).len();
    let raw = RawFrame::from_samples(format, size, Colour::BT601, stamp, vec![value; len]).expect("a frame");
    let settings = MaskSettings {
        burn_in: words.map(|words| BurnIn { words: words.to_owned(), place: MarkPlace::Across }),
        ..MaskSettings::default()
    };
    let plan = FramePlan::Masks { size, masks: Vec::new() };
    redact(raw, &plan, &settings).into_parts().0.as_ref().to_vec()
}

#[test]
fn the_words_stand_in_the_pixels_of_every_frame_at_three_heights() {
    for format in [PixelFormat::I420, PixelFormat::Nv12] {
        for (width, height) in [(320, 180), (64, 48), (1920, 1080), (97, 301)] {
            let size = FrameSize { width, height };
            let plain = marked(format, size, 90, None);
            let burned = marked(format, size, 90, Some("NOT RELEASED"));
            let changed = |part: std::ops::Range<u32>| {
                let stride = Layout::new(format, size).luma_stride;
                let rows = part.start as usize * stride..part.end as usize * stride;
                plain[rows.clone()].iter().zip(&burned[rows]).filter(|(a, b)| a != b).count()
            };
            for third in 0..3 {
                let found = changed(height * third / 3..height * (third + 1) / 3);
                assert!(found > 40, "{format:?}, {size}: {found} pixels in third {third}");
            }
        }
    }
}

#[test]
fn a_mark_tells_nothing_of_what_it_lies_on() {
    let size = FrameSize { width: 320, height: 180 };
    let [dark, light] = [40, 200].map(|value| marked(PixelFormat::I420, size, value, Some("NOT RELEASED")));
    let [plain, _] = [40, 200].map(|value| marked(PixelFormat::I420, size, value, None));
    let burned = |at: &usize| dark[*at] != plain[*at];
    let places: Vec<usize> = (0..dark.len()).filter(burned).collect();
    assert!(places.len() > 1000);
    assert!(places.iter().all(|at| dark[*at] == light[*at]));
}
