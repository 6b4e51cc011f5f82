//! A camera that moved is told by how much; light, rain and people are not taken for it.

use super::tests::{Dice, Picture};
use super::*;
use crate::geometry::{BoxPx, FrameSize, UnitPoint, UnitPolygon};
use std::sync::Arc;

/// Twice the fine scale, and flat, for the sake of time.
const SIZE: FrameSize = FrameSize { width: 960, height: 432 };

/// The picture as a camera sees it that was shifted, rotated about the middle and zoomed.
fn turned(picture: &Picture, (dx, dy): (f32, f32), degrees: f32, zoom: f32) -> Picture {
    let (w, h) = (SIZE.width as f32, SIZE.height as f32);
    let (sin, cos) = degrees.to_radians().sin_cos();
    let source = |i: usize| {
        let x = (i % 960) as f32 - dx - w / 2.0;
        let y = (i / 960) as f32 - dy - h / 2.0;
        let (x, y) = ((cos * x + sin * y) / (1.0 + zoom), (cos * y - sin * x) / (1.0 + zoom));
        ((x + w / 2.0).clamp(0.0, w - 2.0), (y + h / 2.0).clamp(0.0, h - 2.0))
    };
    let mut out = picture.clone();
    for (i, v) in out.planes[0].iter_mut().enumerate() {
        let (x, y) = source(i);
        let at = y as usize * 960 + x as usize;
        let (fx, fy) = (x.fract(), y.fract());
        let p = &picture.planes[0];
        let mix = |at: usize| p[at] + (p[at + 1] - p[at]) * fx;
        *v = mix(at) + (mix(at + 960) - mix(at)) * fy;
    }
    out
}

fn crowd(mut picture: Picture, seed: u64) -> Picture {
    let mut dice = Dice(seed);
    for _ in 0..25 {
        let (x, y) = (dice.unit() * 960.0, dice.unit() * 432.0);
        let tall = 30.0 + 60.0 * dice.unit();
        picture.paint(&BoxPx::new(x, y, x + tall / 3.0, y + tall), [255.0 * dice.unit(), 128.0, 128.0]);
    }
    picture
}

fn stance(still: &Picture, frames: &[Picture]) -> Stance {
    let frames: Vec<Outline> = frames.iter().map(|frame| Outline::of(&frame.frame())).collect();
    moved(&[Outline::of_rgb(&still.pixels(), SIZE)], &frames, &[])
}

#[test]
fn a_camera_that_moved_is_told_by_how_much() {
    let room = Picture::room(SIZE, 31);
    for (shift, turn, enlarged) in [
        ((10.0, 0.0), 0.0, 0.0),
        ((-7.0, 7.0), 0.0, 0.0),
        ((0.0, 0.0), 2.0, 0.0),
        ((5.0, 0.0), -1.0, 0.0),
        ((0.0, 0.0), 0.0, 0.03),
        ((0.0, 0.0), 0.0, -0.03),
        ((90.0, 0.0), 0.0, 0.0),
    ] {
        let frame = turned(&room, shift, turn, enlarged).lit(0.8, 5.0, 2.0, 3);
        let expected: f32 = shift.0.hypot(shift.1);
        match stance(&room, &[frame]) {
            Stance::Moved { shift_px, degrees, zoom } => {
                assert!((shift_px - expected).abs() < 2.0, "{shift_px} for {shift:?}");
                assert!((degrees - turn).abs() < 0.2, "{degrees} for {turn}");
                assert!((zoom - enlarged).abs() < 0.004, "{zoom} for {enlarged}");
            }
            other => panic!("{other:?} for {shift:?} {turn} {enlarged}"),
        }
    }
}

#[test]
fn light_noise_and_people_are_no_move() {
    let room = Picture::room(SIZE, 32);
    let night = room.clone().lit(0.2, 0.0, 3.0, 4);
    // What is bright turns dark, as in infrared.
    let mut infrared = room.clone();
    infrared.planes[0].iter_mut().for_each(|y| *y = 200.0 - 0.6 * *y);
    let knocked = turned(&room, (2.0, -1.0), 0.1, 0.0);
    for (name, frames) in [
        ("same", vec![room.clone()]),
        ("night", vec![night]),
        ("infrared", vec![infrared]),
        ("knocked", vec![knocked]),
        ("crowd", (0..3).map(|seed| crowd(room.clone(), seed)).collect()),
    ] {
        assert_eq!(stance(&room, &frames), Stance::Still, "{name}");
    }
    // Another still may say so.
    let outlines = [turned(&room, (12.0, 0.0), 0.0, 0.0), room.clone()];
    let outlines = outlines.map(|still| Outline::of_rgb(&still.pixels(), SIZE));
    assert_eq!(moved(&outlines, &[Outline::of(&room.frame())], &[]), Stance::Still);
}

#[test]
fn what_cannot_be_told_is_unknown() {
    let room = Picture::room(SIZE, 33);
    let black = room.clone().lit(0.0, 0.0, 2.0, 5);
    assert_eq!(stance(&room, &[black]), Stance::Unknown);
    assert_eq!(stance(&room, &[Picture::room(SIZE, 34)]), Stance::Unknown);
    assert_eq!(stance(&room, &[]), Stance::Unknown);
    assert_eq!(moved(&[], &[Outline::of(&room.frame())], &[]), Stance::Unknown);
}

#[test]
fn the_cameras_own_writing_says_nothing() {
    let mut dice = Dice(9);
    let mut written = |picture: &Picture| {
        let mut picture = picture.clone();
        for i in 0..160 {
            let (x, y) = (20.0 + 11.0 * (i % 80) as f32, 8.0 + 60.0 * (i / 80) as f32);
            let tall = 12.0 + 30.0 * dice.unit();
            picture.paint(&BoxPx::new(x, y, x + 5.0, y + tall), [235.0, 128.0, 128.0]);
        }
        picture
    };
    let room = Picture::room(SIZE, 35);
    let still = written(&room);
    let mut frame = turned(&room, (12.0, 0.0), 0.0, 0.0);
    let width = SIZE.width as usize;
    frame.planes[0][..width * 120].copy_from_slice(&still.planes[0][..width * 120]);
    let (outline, frames) = (Outline::of_rgb(&still.pixels(), SIZE), [Outline::of(&frame.frame())]);
    let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 0.28), (0.0, 0.28)];
    let band = UnitPolygon::new(corners.map(|(x, y)| UnitPoint { x, y }).to_vec()).expect("a band");
    assert!(matches!(moved(&[outline], &frames, &[Arc::new(band)]), Stance::Moved { .. }));
}
