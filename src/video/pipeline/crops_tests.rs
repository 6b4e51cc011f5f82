//! What is kept of a shot, and that it is what it should be. The whole way is in `tests/end_to_end/persons.rs`.

use super::*;
use crate::geometry::FrameSize;
use crate::video::frame::{Colour, Layout, PixelFormat, Stamp};
use crate::video::mask::redact;
use crate::video::plan::FramePlan;
use image::ImageReader;
use std::io::Cursor;

const SIZE: FrameSize = FrameSize { width: 64, height: 48 };

/// A picture of stripes as strong as this, four pixels wide.
fn stripes(at_ns: u64, strength: u8) -> RawFrame {
    let layout = Layout::new(PixelFormat::I420, SIZE);
    let mut bytes = vec![128; layout.len()];
    for (i, sample) in bytes[..layout.luma_len()].iter_mut().enumerate() {
        *sample = if i % 8 < 4 { 100 } else { 100 + strength };
    }
    let stamp = Stamp { index: 0, pts_ns: at_ns, duration_ns: None };
    RawFrame::from_samples(PixelFormat::I420, SIZE, Colour::BT601, stamp, bytes).expect("the layout's length")
}

fn moment(at_ns: u64, weight: f32) -> Moment {
    Moment { at_ns, area: BoxPx::new(10.0, 10.0, 30.0, 40.0), weight }
}

/// Goes through frames of these strengths at 0, 1, 2... and gives the time of the crop.
fn chosen(strengths: &[u8], moments: Vec<Moment>) -> Option<u64> {
    let mut table = Table::of(&[Shot { moments }]);
    let nothing = FramePlan::Masks { size: SIZE, masks: Vec::new() };
    for (at_ns, strength) in strengths.iter().enumerate() {
        let due = table.due(at_ns as u64);
        let frame = stripes(at_ns as u64, *strength);
        let better: Vec<_> = table.better(&frame, &due).collect();
        let picture = redact(frame, &nothing, &MaskSettings::default());
        better.into_iter().for_each(|(shot, moment, score)| table.keep(shot, moment, score, &picture));
        table.close(&due).expect("encoded");
    }
    let [crop] = table.finish().expect("encoded").try_into().ok().expect("one shot");
    crop.map(|crop| crop.at_ns())
}

#[test]
fn the_sharpest_moment_is_kept_unless_another_is_preferred() {
    let all = |weights: [f32; 3]| (0..3).map(|i| moment(i, weights[i as usize])).collect::<Vec<_>>();
    assert_eq!(chosen(&[20, 60, 40], all([1.0, 1.0, 1.0])), Some(1));
    assert_eq!(chosen(&[20, 60, 40], all([1.0, 0.1, 1.0])), Some(2));
    assert_eq!(chosen(&[20, 60, 40], vec![moment(0, 1.0), moment(2, 1.0)]), Some(2), "1 is not of the shot");
}

#[test]
fn moments_without_a_frame_hold_nothing_up() {
    let mut table = Table::of(&[Shot { moments: vec![moment(3, 1.0), moment(7, 1.0)] }]);
    assert!(table.due(5).is_empty());
    assert_eq!(table.open[0].left, 1);
    assert!(!table.is_done());
    let due = table.due(7);
    assert_eq!(due, [(0, moment(7, 1.0))]);
    table.close(&due).expect("nothing to encode");
    assert!(table.is_done() && table.finish().expect("encoded")[0].is_none());
}

#[test]
fn a_crop_is_a_small_upright_jpeg_and_what_is_complete_takes_no_room() {
    let mut table = Table::of(&[Shot { moments: vec![moment(0, 1.0)] }]);
    let due = table.due(0);
    let frame = stripes(0, 90);
    let nothing = FramePlan::Masks { size: SIZE, masks: Vec::new() };
    let picture = redact(frame, &nothing, &MaskSettings::default());
    table.keep(0, moment(0, 1.0), 1.0, &picture);
    table.close(&due).expect("encoded");
    assert!(table.open[0].best.is_none() && table.open[0].done.is_some());
    let crop = table.finish().expect("encoded").remove(0).expect("a crop");
    assert_eq!((crop.at_ns(), crop.area()), (0, moment(0, 1.0).area));
    let jpeg = ImageReader::new(Cursor::new(crop.into_jpeg())).with_guessed_format().expect("known");
    let jpeg = jpeg.decode().expect("a picture").into_rgb8();
    // 20 x 30 with a margin of 2.4 and 3.6, outward to even pixels.
    assert_eq!(jpeg.dimensions(), (28, 38));
    let luma = |x| i32::from(jpeg.get_pixel(x, 20).0[1]);
    assert!((luma(9) - luma(5)).abs() > 60, "stripes: {} {}", luma(5), luma(9));
}

#[test]
fn pixels_become_square_and_large_crops_small() {
    let size = |width, height, aspect| shown(RgbImage::new(width, height), aspect).dimensions();
    assert_eq!(size(20, 30, (1, 1)), (20, 30));
    assert_eq!(size(20, 30, (12, 11)), (22, 30));
    assert_eq!(size(40, 20, (1, 2)), (40, 40));
    assert_eq!(size(800, 1600, (1, 1)), (200, 400));
    assert_eq!(size(1, 4000, (1, 1)), (1, 400));
}
