//! Tests of the letterbox: colours, padding, strides, crops and the way back.

use super::*;
use crate::video::frame::{FramePool, Layout, Stamp};
use proptest::prelude::*;

fn placed(region: PxRect, px: u32) -> Placement {
    Placement::new(region, Fit::Longer { px, multiple_of: 32 }, View::Upright)
}

fn plain(order: PlaneOrder) -> InputForm {
    InputForm { order, mean: [0.0; 3], std: [1.0; 3], multiple_of: 32, pad: -7.0, size: None }
}

/// A frame whose samples are given by pixel; bytes outside the picture are 255, as leftovers may be.
pub(in super::super) fn frame(
    format: PixelFormat,
    size: FrameSize,
    colour: Colour,
    yuv_at: impl Fn(u32, u32) -> [u8; 3],
) -> RawFrame {
    let layout = Layout::new(format, size);
    let mut bytes = FramePool::new(1).bytes(layout.len());
    let data = bytes.as_mut();
    data.fill(255);
    for y in 0..size.height {
        for x in 0..size.width {
            data[y as usize * layout.luma_stride + x as usize] = yuv_at(x, y)[0];
        }
    }
    let (columns, rows) = size.chroma();
    for row in 0..rows as usize {
        for col in 0..columns as usize {
            let [_, u, v] = yuv_at(col as u32 * 2, row as u32 * 2);
            let at = layout.luma_len() + row * layout.chroma_stride;
            match format {
                PixelFormat::I420 => {
                    data[at + col] = u;
                    data[at + layout.chroma_len() + col] = v;
                }
                PixelFormat::Nv12 => {
                    data[at + col * 2] = u;
                    data[at + col * 2 + 1] = v;
                }
            }
        }
    }
    RawFrame { bytes, layout, colour, stamp: Stamp { index: 0, pts_ns: 0, duration_ns: None }, damage: None }
}

fn at(tensor: &[f32], input: FrameSize, plane: usize, x: u32, y: u32) -> f32 {
    tensor[plane * input.area_px() as usize + (y * input.width + x) as usize]
}

#[test]
fn colours_come_through_in_every_format() {
    let size = FrameSize { width: 45, height: 33 };
    for rgb in [[200u8, 60, 30], [10, 120, 240], [255, 255, 255], [0, 0, 0]] {
        for format in [PixelFormat::I420, PixelFormat::Nv12] {
            for colour in [Colour::BT601, Colour::BT709, Colour { full_range: true, ..Colour::BT601 }] {
                for order in [PlaneOrder::Rgb, PlaneOrder::Bgr] {
                    let yuv = colour.yuv(rgb);
                    let picture = frame(format, size, colour, |_, _| yuv);
                    let placement = placed(PxRect::whole(size), 64);
                    let mut letterbox = Letterbox::new(plain(order));
                    let tensor = letterbox.fill(&picture, &placement).expect("it fits");
                    for plane in 0..3 {
                        let expect = f32::from(match order {
                            PlaneOrder::Rgb => rgb[plane],
                            PlaneOrder::Bgr => rgb[2 - plane],
                        });
                        for (x, y) in [(0, 0), (63, 0), (0, 46), (63, 46), (30, 20)] {
                            let got = at(tensor, placement.input, plane, x, y);
                            assert!((got - expect).abs() < 3.0, "{rgb:?} {format:?} {colour:?}: {got}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn values_are_normalised_and_the_rest_is_padding() {
    let size = FrameSize { width: 64, height: 40 };
    let grey = Colour::BT601.yuv([100; 3]);
    let picture = frame(PixelFormat::I420, size, Colour::BT601, |_, _| grey);
    let form = InputForm { mean: [100.0, 50.0, 0.0], std: [2.0, 5.0, 100.0], ..plain(PlaneOrder::Bgr) };
    let mut letterbox = Letterbox::new(form);
    let placement = placed(PxRect::whole(size), 64);
    assert_eq!(placement.input, FrameSize { width: 64, height: 64 });
    let tensor = letterbox.fill(&picture, &placement).expect("it fits");
    for (plane, expect) in [0.0, 10.0, 1.0].into_iter().enumerate() {
        assert!((at(tensor, placement.input, plane, 63, 39) - expect).abs() < 0.6);
        assert_eq!(at(tensor, placement.input, plane, 0, 40), -7.0);
        assert_eq!(at(tensor, placement.input, plane, 63, 63), -7.0);
    }
}

#[test]
fn padding_is_fresh_after_another_shape() {
    let mut letterbox = Letterbox::new(plain(PlaneOrder::Rgb));
    let white = Colour::BT601.yuv([255; 3]);
    for (width, height) in [(64, 64), (64, 40), (40, 64)] {
        let size = FrameSize { width, height };
        let picture = frame(PixelFormat::Nv12, size, Colour::BT601, |_, _| white);
        let placement = placed(PxRect::whole(size), 64);
        let tensor = letterbox.fill(&picture, &placement).expect("it fits");
        let padding = tensor.iter().filter(|v| **v == -7.0).count() as u64;
        assert_eq!(padding, 3 * (64 * 64 - size.area_px()), "{size}");
    }
}

#[test]
fn a_crop_shows_its_region_only() {
    let size = FrameSize { width: 128, height: 96 };
    let (dark, bright) = (Colour::BT601.yuv([20; 3]), Colour::BT601.yuv([220, 40, 40]));
    let region = PxRect { x0: 64, y0: 32, x1: 96, y1: 64 };
    let inside = |x: u32, y: u32| (64..96).contains(&x) && (32..64).contains(&y);
    let picture =
        frame(PixelFormat::I420, size, Colour::BT601, |x, y| if inside(x, y) { bright } else { dark });
    let placement = placed(region, 32);
    let mut letterbox = Letterbox::new(plain(PlaneOrder::Rgb));
    let tensor = letterbox.fill(&picture, &placement).expect("it fits");
    for (x, y) in [(2, 2), (29, 2), (2, 29), (29, 29), (16, 16)] {
        assert!((at(tensor, placement.input, 0, x, y) - 220.0).abs() < 4.0);
    }
    let back = placement.frame_from_input(&InputBox { x0: 0.0, y0: 0.0, x1: 32.0, y1: 32.0 });
    assert_eq!(back, BoxPx::new(64.0, 32.0, 96.0, 64.0));
}

/// A bright block on black, and where it is found again in a copy of the picture.
fn found_again(format: PixelFormat, fit: Fit, view: View) -> BoxPx {
    let size = FrameSize { width: 300, height: 171 };
    let inside = |x: u32, y: u32| (200..240).contains(&x) && (100..150).contains(&y);
    let (dark, bright) = (Colour::BT601.yuv([0; 3]), Colour::BT601.yuv([255; 3]));
    let picture = frame(format, size, Colour::BT601, |x, y| if inside(x, y) { bright } else { dark });
    let placement = Placement::new(PxRect::whole(size), fit, view);
    let mut letterbox = Letterbox::new(plain(PlaneOrder::Rgb));
    let tensor = letterbox.fill(&picture, &placement).expect("it fits");
    let input = placement.input;
    let lit: Vec<(u32, u32)> = (0..input.height)
        .flat_map(|y| (0..input.width).map(move |x| (x, y)))
        .filter(|&(x, y)| at(tensor, input, 1, x, y) > 127.0)
        .collect();
    let (x0, x1) = (lit.iter().map(|p| p.0).min(), lit.iter().map(|p| p.0).max());
    let (y0, y1) = (lit.iter().map(|p| p.1).min(), lit.iter().map(|p| p.1).max());
    let edge = |v: Option<u32>, add: u32| (v.expect("something is lit") + add) as f32;
    let found = InputBox { x0: edge(x0, 0), y0: edge(y0, 0), x1: edge(x1, 1), y1: edge(y1, 1) };
    placement.frame_from_input(&found)
}

#[test]
fn a_mark_comes_back_to_where_it_was_from_every_copy() {
    let fits = [
        Fit::Longer { px: 640, multiple_of: 32 },
        Fit::Longer { px: 224, multiple_of: 32 },
        Fit::Exactly(FrameSize { width: 416, height: 416 }),
        Fit::Exactly(FrameSize { width: 640, height: 320 }),
    ];
    for view in View::all(true, true) {
        for fit in fits {
            for format in [PixelFormat::I420, PixelFormat::Nv12] {
                let back = found_again(format, fit, view);
                for (got, expect) in [(back.x0, 200.0), (back.y0, 100.0), (back.x1, 240.0), (back.y1, 150.0)]
                {
                    assert!((got - expect).abs() < 1.5, "{view:?} {fit:?} {format:?}: {back:?}");
                }
            }
        }
    }
}

#[test]
fn an_input_of_one_size_keeps_it() {
    let check = |region: (u32, u32), view, content: (u32, u32)| {
        let region = PxRect { x0: 0, y0: 0, x1: region.0, y1: region.1 };
        let size = FrameSize { width: 640, height: 384 };
        let placement = Placement::new(region, Fit::Exactly(size), view);
        assert_eq!(placement.input, size);
        assert_eq!((placement.content.width, placement.content.height), content);
    };
    check((1920, 1080), View::Upright, (640, 360));
    check((100, 100), View::Upright, (384, 384));
    check((1920, 1080), View::Quarter, (216, 384));
}

proptest! {
    #[test]
    fn any_region_fits_its_input(
        x0 in 0u32..400, y0 in 0u32..400, width in 1u32..4000, height in 1u32..4000, longer in 1u32..1300,
    ) {
        let region = PxRect { x0, y0, x1: x0 + width, y1: y0 + height };
        let p = placed(region, longer);
        prop_assert!(p.input.width.is_multiple_of(32) && p.input.height.is_multiple_of(32));
        prop_assert!(p.content.width <= p.input.width && p.content.height <= p.input.height);
        prop_assert_eq!(p.content.width.max(p.content.height), longer);
        let whole = InputBox {
            x0: 0.0, y0: 0.0, x1: p.content.width as f32, y1: p.content.height as f32,
        };
        let back = p.frame_from_input(&whole);
        prop_assert!((back.x0 - x0 as f32).abs() < 0.01 && (back.y1 - (y0 + height) as f32).abs() < 0.01);
        prop_assert!((back.x1 - (x0 + width) as f32).abs() < 0.01);
    }

    #[test]
    fn any_frame_size_is_taken(width in 1u32..90, height in 1u32..90, nv12: bool) {
        let size = FrameSize { width, height };
        let format = if nv12 { PixelFormat::Nv12 } else { PixelFormat::I420 };
        let picture = frame(format, size, Colour::BT709, |_, _| [90, 128, 128]);
        let placement = placed(PxRect::whole(size), 64);
        let mut letterbox = Letterbox::new(plain(PlaneOrder::Rgb));
        let tensor = letterbox.fill(&picture, &placement).expect("it fits");
        let expect = (90.0 - 16.0) * 255.0 / 219.0;
        // Nothing of the 255s beside and below the picture bleeds in.
        let off = tensor.iter().filter(|v| **v != -7.0 && (**v - expect).abs() > 1.0).count();
        prop_assert_eq!(off, 0);
    }
}

proptest! {
    /// A part is looked at whole, at the scale of a look at everything, and boxes come back to where they are.
    #[test]
    fn a_part_has_the_scale_of_the_whole(
        width in 64u32..2000, height in 64u32..1200, x in 0.0f64..1.0, y in 0.0f64..1.0,
        across in 0.01f64..1.0, down in 0.01f64..1.0, turned in prop::bool::ANY,
    ) {
        let frame = FrameSize { width, height };
        let within = |share: f64, from: u32, to: u32| from + (share * f64::from(to - from)) as u32;
        let (x0, y0) = (within(x, 0, width - 1), within(y, 0, height - 1));
        let part = PxRect {
            x0,
            y0,
            x1: within(across, x0 + 1, width),
            y1: within(down, y0 + 1, height),
        };
        let view = if turned { View::Quarter } else { View::Upright };
        let fit = Fit::Longer { px: 640, multiple_of: 32 };
        let placement = Placement::part(part, frame, fit, view).expect("this fit has a scale");
        let PxRect { x0, y0, x1, y1 } = placement.region;
        prop_assert!(x0 <= part.x0 && y0 <= part.y0 && part.x1 <= x1 && part.y1 <= y1, "{placement:?}");
        prop_assert!(x1 <= width && y1 <= height);
        let upright = placement.upright();
        let scale = 640.0 / f64::from(width.max(height));
        for (content, shown) in [(upright.width, x1 - x0), (upright.height, y1 - y0)] {
            // Both are whole pixels.
            let off = (f64::from(content) - f64::from(shown) * scale).abs();
            prop_assert!(off <= 1.0 + scale, "{off} in {placement:?}");
        }
        let Placement { content, input, .. } = placement;
        prop_assert!(input.width.is_multiple_of(32) && input.height.is_multiple_of(32));
        prop_assert!(content.width <= input.width && content.height <= input.height);
        let all = InputBox { x0: 0.0, y0: 0.0, x1: content.width as f32, y1: content.height as f32 };
        let back = placement.frame_from_input(&all);
        let region = placement.region.as_box();
        prop_assert!((back.x0 - region.x0).abs() < 0.01 && (back.y1 - region.y1).abs() < 0.01);
    }
}

#[test]
fn an_input_of_one_size_has_no_scale_for_parts() {
    let (part, frame) = (PxRect { x0: 0, y0: 0, x1: 10, y1: 10 }, FrameSize { width: 640, height: 360 });
    let fit = Fit::Exactly(FrameSize { width: 416, height: 416 });
    assert_eq!(Placement::part(part, frame, fit, View::Upright), None);
}
