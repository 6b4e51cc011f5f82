//! An unchanged scene differs in no light; whoever stands anywhere does.

use super::*;
use crate::config::SceneSettings;
use crate::geometry::{BoxPx, FrameSize, UnitPoint, UnitPolygon};
use crate::video::frame::{Colour, PixelFormat, RawFrame, Stamp};
use proptest::prelude::*;
use std::sync::Arc;

/// Twice the small picture's width, and 16:9.
pub(super) const SIZE: FrameSize = FrameSize { width: 512, height: 288 };

/// Numbers from a seed, the same in every run (PCG, O'Neill 2014, in its simplest form).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// In `0..1`.
    pub(super) fn unit(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mixed = (((self.0 >> 18) ^ self.0) >> 27) as u32;
        (mixed >> 8) as f32 / (1u32 << 24) as f32
    }

    /// Nearly normal, deviation 1.
    fn normal(&mut self) -> f32 {
        ((0..6).map(|_| self.unit()).sum::<f32>() - 3.0) * 1.414
    }
}

/// A picture as it could be filmed: Y, and U and V at full size for ease, 0..=255.
#[derive(Clone)]
pub(super) struct Picture {
    pub(super) size: FrameSize,
    pub(super) planes: [Vec<f32>; 3],
}

impl Picture {
    /// A room: walls that shade off, with panels, frames and a floor of tiles.
    pub(super) fn room(size: FrameSize, seed: u64) -> Self {
        let mut dice = Dice(seed);
        let (w, h) = (size.width as f32, size.height as f32);
        let mut room = Self { size, planes: std::array::from_fn(|_| Vec::new()) };
        for i in 0..size.area_px() {
            let (x, y) = ((i % u64::from(size.width)) as f32, (i / u64::from(size.width)) as f32);
            room.planes[0].push(70.0 + 50.0 * x / w + 20.0 * y / h);
            room.planes[1].push(124.0);
            room.planes[2].push(130.0 + 4.0 * y / h);
        }
        for _ in 0..70 {
            let (x, y) = (dice.unit() * w, dice.unit() * h);
            let area = BoxPx::new(x, y, x + 8.0 + 0.15 * w * dice.unit(), y + 8.0 + 0.25 * h * dice.unit());
            let colour = [50.0 + 110.0 * dice.unit(), 116.0 + 20.0 * dice.unit(), 118.0 + 20.0 * dice.unit()];
            room.paint(&area, colour);
        }
        room
    }

    pub(super) fn paint(&mut self, area: &BoxPx, colour: [f32; 3]) {
        let width = self.size.width as usize;
        let range = |low: f32, high: f32, most: u32| {
            let high = (high.max(0.0) as usize).min(most as usize);
            (low.max(0.0) as usize).min(high)..high
        };
        for y in range(area.y0, area.y1, self.size.height) {
            for x in range(area.x0, area.x1, self.size.width) {
                (0..3).for_each(|c| self.planes[c][y * width + x] = colour[c]);
            }
        }
    }

    pub(super) fn with(mut self, area: &BoxPx, colour: [f32; 3]) -> Self {
        self.paint(area, colour);
        self
    }

    /// The same in other light, with noise in every sample.
    pub(super) fn lit(mut self, gain: f32, offset: f32, noise: f32, seed: u64) -> Self {
        let mut dice = Dice(seed);
        for (c, plane) in self.planes.iter_mut().enumerate() {
            let (zero, shift) = if c == 0 { (16.0, offset) } else { (128.0, 0.2 * offset) };
            for v in plane {
                *v = (zero + gain * (*v - zero) + shift + noise * dice.normal()).clamp(0.0, 255.0);
            }
        }
        self
    }

    pub(super) fn frame(&self) -> RawFrame {
        let width = self.size.width as usize;
        let byte = super::median::byte;
        let mut bytes: Vec<u8> = self.planes[0].iter().map(|v| byte(*v)).collect();
        for plane in &self.planes[1..] {
            for rows in plane.chunks(2 * width) {
                let (above, below) = rows.split_at(width);
                let pairs = above.chunks(2).zip(below.chunks(2));
                bytes.extend(pairs.map(|(a, b)| byte((a[0] + a[1] + b[0] + b[1]) / 4.0)));
            }
        }
        let stamp = Stamp { index: 0, pts_ns: 0, duration_ns: None };
        RawFrame::from_samples(PixelFormat::I420, self.size, Colour::BT601, stamp, bytes).expect("even sides")
    }

    pub(super) fn pixels(&self) -> Vec<u8> {
        let at = |i: usize| super::small::rgb(Colour::BT601, [0, 1, 2].map(|c| self.planes[c][i]));
        (0..self.planes[0].len()).flat_map(|i| at(i).map(super::median::byte)).collect()
    }

    pub(super) fn reference(&self, approved: bool) -> Reference {
        Reference::new("still".to_owned(), approved, self.pixels(), self.size, None)
    }
}

fn scene(references: Vec<Reference>) -> Scene {
    Scene::new(references, &[], &[], SceneSettings::default())
}

fn look(scene: &Scene, picture: &Picture) -> Sighting {
    let mut witness = Witness::new(picture.size, SceneSettings::default());
    witness.push(0, scene.compare(&SmallPicture::of(&picture.frame(), scene.width_px())));
    witness.look(0).expect("a frame that was compared")
}

/// Whether the boxes hide the area, all of it.
fn hidden(boxes: &[BoxPx], area: &BoxPx) -> bool {
    let steps = |low: f32, high: f32| (0..12).map(move |i| low + (high - low) * (i as f32 + 0.5) / 12.0);
    steps(area.x0, area.x1).all(|x| {
        steps(area.y0, area.y1)
            .all(|y| boxes.iter().any(|b| (b.x0..b.x1).contains(&x) && (b.y0..b.y1).contains(&y)))
    })
}

fn polygon(area: &BoxPx) -> Arc<UnitPolygon> {
    let at = |x: f32, y: f32| UnitPoint {
        x: f64::from(x) / f64::from(SIZE.width),
        y: f64::from(y) / f64::from(SIZE.height),
    };
    let corners = [(area.x0, area.y0), (area.x1, area.y0), (area.x1, area.y1), (area.x0, area.y1)];
    Arc::new(UnitPolygon::new(corners.map(|(x, y)| at(x, y)).to_vec()).expect("a rectangle"))
}

/// A colour that stands out from everything in a room.
const COAT: [f32; 3] = [25.0, 128.0, 128.0];

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn an_unchanged_scene_differs_in_no_light(
        // Noise enough that rounding to whole grey levels evens out, as in any camera; and no light in which the
        // brightest colours of a room are cut off: there it differs indeed.
        seed in 0u64..1000, gain in 0.4f32..1.2, offset in -6.0f32..20.0, noise in 0.8f32..2.0,
    ) {
        let room = Picture::room(SIZE, seed);
        let scene = scene(vec![room.reference(true)]);
        let mut witness = Witness::new(SIZE, SceneSettings::default());
        for i in 0..5 {
            let frame = room.clone().lit(gain, offset, noise, seed + i).frame();
            witness.push(i * 40_000_000, scene.compare(&SmallPicture::of(&frame, 256)));
        }
        let seen = witness.look(80_000_000).expect("a frame that was compared");
        prop_assert!(seen.boxes.is_empty(), "{:?} at gain {}", seen.boxes, seen.gain);
        prop_assert!((seen.gain - gain).abs() < 0.05 && !seen.dim, "gain {} for {gain}", seen.gain);
    }

    #[test]
    fn whoever_stands_anywhere_is_found(
        seed in 0u64..1000, x in 0.0f32..500.0, y in 0.0f32..264.0, gain in 0.4f32..1.2, noise in 0.0f32..1.5,
    ) {
        // Six by twelve pixels of the small picture.
        let person = BoxPx::new(x.floor(), y.floor(), x.floor() + 12.0, y.floor() + 24.0);
        let room = Picture::room(SIZE, seed);
        let scene = scene(vec![room.reference(true)]);
        let seen = look(&scene, &room.with(&person, COAT).lit(gain, 0.0, noise, seed + 1));
        let inside = BoxPx::new(person.x0, person.y0, person.x1.min(512.0), person.y1.min(288.0));
        prop_assert!(hidden(&seen.boxes, &inside), "{:?}", seen.boxes);
        prop_assert!(seen.share_in(&inside) > 0.4);
        // Without a camera's noise, rounding to whole grey levels may look like a change in dim light: more is hidden then.
        let few = seen.boxes.iter().all(|b| b.area() < 0.05 * SIZE.area_px() as f32);
        prop_assert!(few || noise < 0.8, "{:?}", seen.boxes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_glance_sees_whoever_moves_and_no_noise(
        seed in 0u64..1000, x in 0.0f32..500.0, y in 0.0f32..270.0, step in 3.0f32..9.0, noise in 0.0f32..1.5,
        lamp in -3.0f32..3.0,
    ) {
        // As small as anybody that can be found: five by nine pixels of the small picture.
        let at = |x: f32| BoxPx::new(x.floor(), y.floor(), (x + 10.0).floor(), (y + 18.0).floor());
        let room = Picture::room(SIZE, seed);
        let look = |picture: &Picture, light: f32, seed| {
            Glance::at(&SmallPicture::of(&picture.clone().lit(1.0, light, noise, seed).frame(), 256), SIZE)
        };
        let here = room.clone().with(&at(x), COAT);
        let (before, after) = (look(&here, 0.0, seed), look(&here, lamp, seed + 1));
        prop_assert_eq!(after.change_since(&before), Change::Nothing, "nothing moved");
        let shows = |after: &Glance, places: &[BoxPx]| match after.change_since(&before) {
            Change::Parts(parts) => places.iter().all(|p| parts.iter().any(|part| part.as_box().holds(p))),
            Change::Unknown => true,
            Change::Nothing => false,
        };
        let there = if x + step < 500.0 { x + step } else { x - step };
        let stepped = look(&room.clone().with(&at(there), COAT), lamp, seed + 2);
        prop_assert!(shows(&stepped, &[at(x), at(there)]), "a step");
        prop_assert!(shows(&look(&room, lamp, seed + 3), &[at(x)]), "gone");
        let mut searched = before.duplicate();
        if let Change::Parts(parts) = stepped.change_since(&before) {
            searched.update(&stepped, &parts);
            prop_assert_eq!(stepped.change_since(&searched), Change::Nothing, "searched there");
        }
    }
}

#[test]
fn what_looks_like_the_scene_is_not_found() {
    let sign = BoxPx::new(200.0, 100.0, 240.0, 160.0);
    let room = Picture::room(SIZE, 7).with(&sign, COAT);
    let scene = scene(vec![room.reference(true)]);
    let seen = look(&scene, &room.clone().with(&sign, COAT));
    assert!(seen.boxes.is_empty());
    assert_eq!(seen.share_in(&sign), 0.0);
    // Nobody knows what is outside.
    assert_eq!(seen.share_in(&BoxPx::new(-40.0, 10.0, -10.0, 60.0)), 1.0);
    assert_eq!(seen.share_in(&BoxPx::new(f32::NAN, 10.0, 30.0, 60.0)), 1.0);
}

#[test]
fn overlays_and_zones_are_not_compared() {
    let (clock, window) = (BoxPx::new(10.0, 6.0, 120.0, 26.0), BoxPx::new(300.0, 60.0, 420.0, 200.0));
    let room = Picture::room(SIZE, 3);
    let still = room.clone().with(&window, [215.0, 128.0, 128.0]);
    let person = BoxPx::new(150.0, 120.0, 170.0, 170.0);
    let frame = room.with(&clock, [235.0, 128.0, 128.0]).with(&person, COAT);
    let all = look(&scene(vec![still.reference(true)]), &frame);
    assert!(hidden(&all.boxes, &window) && hidden(&all.boxes, &clock));
    let (overlays, zones) = ([polygon(&clock)], [polygon(&window)]);
    let scene = Scene::new(vec![still.reference(true)], &overlays, &zones, SceneSettings::default());
    let seen = look(&scene, &frame);
    assert!(hidden(&seen.boxes, &person));
    assert_eq!(seen.boxes.len(), 1, "{:?}", seen.boxes);
    // What is not compared cannot be cleared.
    assert_eq!(seen.share_in(&window), 1.0);
}

#[test]
fn of_several_references_the_best_one_counts() {
    let lamp = BoxPx::new(60.0, 40.0, 160.0, 140.0);
    let day = Picture::room(SIZE, 11);
    let evening = day.clone().with(&lamp, [200.0, 120.0, 140.0]);
    let both = scene(vec![day.reference(true), evening.reference(true)]);
    for (picture, best) in [(&day, 0), (&evening, 1)] {
        let seen = look(&both, &picture.clone().lit(0.9, 3.0, 1.0, 5));
        assert_eq!((seen.boxes.len(), seen.reference), (0, best));
    }
    assert!(hidden(&look(&scene(vec![day.reference(true)]), &evening).boxes, &lamp));
}

#[test]
fn a_still_of_another_light_explains_nothing_away() {
    let person = BoxPx::new(60.0, 40.0, 100.0, 140.0);
    let day = Picture::room(SIZE, 11);
    // Nothing of the day is in it: everything would drown in what is left after fitting.
    let other = Picture::room(SIZE, 12).lit(1.5, -40.0, 30.0, 1);
    let both = scene(vec![other.reference(true), day.reference(true)]);
    let seen = look(&both, &day.clone().with(&person, COAT).lit(0.9, 0.0, 1.0, 2));
    assert!(hidden(&seen.boxes, &person) && seen.reference == 1 && !seen.dim);
}

#[test]
fn an_unapproved_reference_takes_nothing_away() {
    let person = BoxPx::new(60.0, 40.0, 100.0, 140.0);
    let empty = Picture::room(SIZE, 11);
    let lingerer = empty.clone().with(&person, COAT);
    let scene = scene(vec![lingerer.reference(false), empty.reference(true)]);
    assert!(scene.approved() && scene.names().count() == 1);
    let seen = look(&scene, &lingerer);
    assert!(seen.approved && hidden(&seen.boxes, &person));
}

#[test]
fn dim_dark_and_noisy_pictures_say_so() {
    let room = Picture::room(SIZE, 2);
    let scene = scene(vec![room.reference(true)]);
    let told = |picture: Picture| {
        let seen = look(&scene, &picture);
        (seen.dim, seen.dark)
    };
    assert_eq!(told(room.clone().lit(0.6, 0.0, 1.0, 1)), (false, false));
    assert_eq!(told(room.clone().lit(0.22, 0.0, 1.0, 1)), (true, false));
    assert_eq!(told(room.clone().lit(0.08, 0.0, 1.0, 1)), (true, true));
    assert_eq!(told(room.clone().lit(0.0, 0.0, 0.0, 1)), (true, true));
    assert_eq!(told(Picture::room(SIZE, 99).lit(1.0, 0.0, 40.0, 1)), (true, true));
    // A still without contrast vouches for nothing, whatever the gain.
    let grey = Picture::room(SIZE, 2).lit(0.05, 60.0, 0.0, 1);
    assert!(look(&super::tests::scene(vec![grey.reference(true)]), &grey).dark);
}

#[test]
fn without_a_reference_all_of_it_differs() {
    let seen = look(&scene(Vec::new()), &Picture::room(SIZE, 2));
    assert!(seen.dark && !seen.approved && seen.share == 1.0);
    assert!(hidden(&seen.boxes, &BoxPx::new(0.0, 0.0, 512.0, 288.0)));
}

#[test]
fn a_spread_map_makes_its_place_less_sensitive() {
    let tree = BoxPx::new(100.0, 40.0, 180.0, 120.0);
    let room = Picture::room(SIZE, 4);
    let size = FrameSize { width: 64, height: 36 };
    let inside = |i: u32| (12..23).contains(&(i % 64)) && (4..16).contains(&(i / 64));
    let values = (0..64 * 36).map(|i| if inside(i) { 3.0 } else { 0.0 }).collect();
    let calm = Reference::new("a".into(), true, room.pixels(), SIZE, Some(SpreadMap { size, values }));
    let stirred = |area: &BoxPx| {
        let mut picture = room.clone();
        let width = SIZE.width as usize;
        for y in area.y0 as usize..area.y1 as usize {
            picture.planes[0][y * width..][area.x0 as usize..area.x1 as usize]
                .iter_mut()
                .for_each(|v| *v += 9.0);
        }
        picture
    };
    let calm = scene(vec![calm]);
    assert!(look(&calm, &stirred(&tree)).boxes.is_empty());
    assert!(!look(&scene(vec![room.reference(true)]), &stirred(&tree)).boxes.is_empty());
    assert!(!look(&calm, &stirred(&BoxPx::new(300.0, 40.0, 380.0, 120.0))).boxes.is_empty());
}

#[test]
fn flicker_evens_out_and_nobody_is_averaged_away() {
    const STEP_NS: u64 = 40_000_000;
    let room = Picture::room(SIZE, 6);
    let scene = scene(vec![room.reference(true)]);
    let place = BoxPx::new(200.0, 100.0, 240.0, 160.0);
    let (faint, plain) = (room.clone().lit(1.0, 0.0, 0.0, 1), room.clone().with(&place, COAT));
    let mut witness = Witness::new(SIZE, SceneSettings::default());
    for i in 0..12 {
        let picture = if i == 6 { &plain } else { &faint };
        witness.push(i * STEP_NS, scene.compare(&SmallPicture::of(&picture.frame(), 256)));
    }
    let boxes = |witness: &Witness, i: u64| witness.look(i * STEP_NS).map(|seen| seen.boxes.len());
    assert_eq!(boxes(&witness, 6), Some(1));
    // Three frames of 40 ms before and after come into the mean; the fourth does not.
    assert_eq!((boxes(&witness, 4), boxes(&witness, 2), boxes(&witness, 10)), (Some(1), Some(0), Some(0)));
    witness.forget_before(8 * STEP_NS);
    assert_eq!((boxes(&witness, 1), boxes(&witness, 8)), (None, Some(1)));
}

#[test]
fn frames_and_stills_of_the_same_picture_are_alike() {
    let room = Picture::room(SIZE, 8);
    let i420 = SmallPicture::of(&room.frame(), 256);
    let still = SmallPicture::of_rgb(&room.pixels(), SIZE, 256);
    // The same samples in NV12, and in BT.709 at full range.
    let near = |a: &SmallPicture, b: &SmallPicture, most: f32| {
        let apart = |c: usize| a.planes[c].iter().zip(&b.planes[c]).map(|(a, b)| (a - b).abs()).sum::<f32>();
        let mean = [0, 1, 2].map(|c| apart(c) / a.planes[c].len() as f32);
        assert!(a.size == b.size && mean.iter().all(|m| *m < most), "{mean:?}");
    };
    near(&i420, &still, 1.0);
    let stamp = Stamp { index: 0, pts_ns: 0, duration_ns: None };
    let frame =
        |format, colour, bytes| RawFrame::from_samples(format, SIZE, colour, stamp, bytes).expect("even");
    let planes = room.frame().bytes.as_ref().to_vec();
    let (y, chroma) = planes.split_at(512 * 288);
    let (u, v) = chroma.split_at(256 * 144);
    let woven: Vec<u8> = y.iter().copied().chain(u.iter().zip(v).flat_map(|(u, v)| [*u, *v])).collect();
    near(&i420, &SmallPicture::of(&frame(PixelFormat::Nv12, Colour::BT601, woven), 256), 1e-3);
    let full = Colour { full_range: true, ..Colour::BT709 };
    let pixels = room.pixels();
    let other: Vec<[u8; 3]> = pixels.chunks(3).map(|p| full.yuv([p[0], p[1], p[2]])).collect();
    let mut bytes: Vec<u8> = other.iter().map(|p| p[0]).collect();
    for c in [1, 2] {
        let row = |y: usize| (0..256).map(move |x| y * 2 * 512 + x * 2);
        let mean = |at: usize| {
            [at, at + 1, at + 512, at + 513].iter().map(|i| f32::from(other[*i][c])).sum::<f32>() / 4.0
        };
        bytes.extend((0..144).flat_map(row).map(|at| super::median::byte(mean(at))));
    }
    near(&i420, &SmallPicture::of(&frame(PixelFormat::I420, full, bytes), 256), 1.0);
}
