//! The second witness at 1080p: shrinking a frame, comparing it with four stills, looking.

use criterion::{Criterion, criterion_group, criterion_main};
use melkglas::config::SceneSettings;
use melkglas::geometry::FrameSize;
use melkglas::video::frame::{Colour, PixelFormat, RawFrame, Stamp};
use melkglas::video::scene::{Outline, Reference, Scene, SmallPicture, Witness, moved};
use std::hint::black_box;

const SIZE: FrameSize = FrameSize { width: 1920, height: 1080 };

/// A wall of bricks in changing light; `shade` is a person's worth of it.
fn luma(x: u32, y: u32, shade: bool) -> u8 {
    let brick = (x / 40 * 37 + y / 25 * 91) % 61;
    let person = shade && (800..900).contains(&x) && (300..600).contains(&y);
    (60 + x / 24 + brick + if person { 60 } else { 0 }).min(235) as u8
}

fn frame() -> RawFrame {
    let mut bytes: Vec<u8> =
        (0..SIZE.height).flat_map(|y| (0..SIZE.width).map(move |x| luma(x, y, true))).collect();
    bytes.resize(bytes.len() * 3 / 2, 126);
    let stamp = Stamp { index: 0, pts_ns: 0, duration_ns: None };
    RawFrame::from_samples(PixelFormat::Nv12, SIZE, Colour::BT709, stamp, bytes)
        .expect("the bytes fit the size")
}

fn still(shift: u32) -> Vec<u8> {
    let pixel = |x: u32, y: u32| [luma(x + shift, y, false); 3];
    (0..SIZE.height).flat_map(|y| (0..SIZE.width).flat_map(move |x| pixel(x, y))).collect()
}

fn scene(c: &mut Criterion) {
    let settings = SceneSettings::default();
    let references = (0..4).map(|i| Reference::new(i.to_string(), true, still(3 * i), SIZE, None)).collect();
    let scene = Scene::new(references, &[], &[], settings.clone());
    let (frame, width) = (frame(), settings.width_px);
    let small = SmallPicture::of(&frame, width);
    let mut group = c.benchmark_group("scene");
    group.bench_function("small", |b| b.iter(|| SmallPicture::of(black_box(&frame), width)));
    group.bench_function("compare", |b| b.iter(|| scene.compare(black_box(&small))));
    let mut witness = Witness::new(SIZE, settings);
    (0..25).for_each(|i| witness.push(i * 40_000_000, scene.compare(&small)));
    group.bench_function("look", |b| b.iter(|| witness.look(black_box(480_000_000))));
    group.sample_size(10);
    let (stills, frames) = ([Outline::of_rgb(&still(0), SIZE)], [Outline::of(&frame)]);
    group.bench_function("moved, one frame", |b| b.iter(|| moved(black_box(&stills), &frames, &[])));
    group.finish();
}

criterion_group!(benches, scene);
criterion_main!(benches);
