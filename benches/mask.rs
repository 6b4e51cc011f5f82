//! Masking at 1080p: five persons and two zones in each style, in pixels of the frame per second.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use melkglas::config::{MaskSettings, Style, ZoneKind};
use melkglas::geometry::{FrameSize, PxRect, UnitPoint, UnitPolygon};
use melkglas::video::frame::{Colour, PixelFormat, RawFrame, Stamp};
use melkglas::video::mask::Masker;
use melkglas::video::plan::{FramePlan, Mask, MaskKind, MaskShape};
use std::hint::black_box;
use std::sync::Arc;

const SIZE: FrameSize = FrameSize { width: 1920, height: 1080 };

fn frame() -> RawFrame {
    let len = SIZE.area_px() as usize * 3 / 2;
    let bytes = (0..len).map(|i| (i * 31 % 251) as u8).collect();
    let stamp = Stamp { index: 0, pts_ns: 0, duration_ns: None };
    RawFrame::from_samples(PixelFormat::Nv12, SIZE, Colour::BT709, stamp, bytes)
        .expect("the bytes fit the size")
}

fn plan(style: Style) -> FramePlan {
    let person = |i: u32| {
        let (x0, y0) = (100 + 360 * i, 120 + 40 * i);
        let shape = MaskShape::Rect(PxRect { x0, y0, x1: x0 + 260, y1: y0 + 720 });
        Mask { kind: MaskKind::Person, shape, style, score: 0.9 }
    };
    let zone = |points: [(f64, f64); 4]| {
        let points = points.map(|(x, y)| UnitPoint { x, y }).to_vec();
        let polygon = UnitPolygon::new(points).expect("a simple polygon");
        let shape = MaskShape::Polygon(Arc::new(polygon));
        Mask { kind: MaskKind::Zone(ZoneKind::Window), shape, style, score: 1.0 }
    };
    let mut masks: Vec<_> = (0..5).map(person).collect();
    masks.push(zone([(0.02, 0.05), (0.25, 0.02), (0.27, 0.35), (0.03, 0.4)]));
    masks.push(zone([(0.6, 0.1), (0.95, 0.05), (0.9, 0.6), (0.65, 0.5)]));
    FramePlan::Masks { size: SIZE, masks }
}

fn mask(c: &mut Criterion) {
    let mut group = c.benchmark_group("mask");
    group.throughput(Throughput::Elements(SIZE.area_px()));
    for (name, style) in [("fill", Style::Fill), ("blur", Style::Blur), ("pixelate", Style::Pixelate)] {
        let (masker, plan) = (Masker::new(MaskSettings::default()), plan(style));
        group.bench_function(name, |b| {
            b.iter_batched(frame, |raw| masker.redact(raw, black_box(&plan)), BatchSize::LargeInput);
        });
    }
    group.finish();
}

criterion_group!(benches, mask);
criterion_main!(benches);
