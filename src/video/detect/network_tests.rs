//! Tests of the whole detector, with the shipped weights and the installed library, on drawn people.
//!
//! They find models and library as the product does; where scripts/setup has not run they fail.

use super::super::letterbox::tests::frame;
use super::*;
use crate::share::MANIFEST_NAME;
use crate::video::detect::absurd;
use crate::video::frame::{Colour, PixelFormat};
use std::path::Path;

const BOTH: Look = Look::EVERYTHING;

/// Centre, half axes and colour of one ellipse of a drawing.
type Ellipse = (f32, f32, f32, f32, [u8; 3]);

const SKIN: [u8; 3] = [215, 160, 120];
const COAT: [u8; 3] = [40, 60, 120];
const TROUSERS: [u8; 3] = [45, 45, 50];

/// Somebody who stands, about 60x185 pixels.
const BODY: [Ellipse; 12] = [
    (120.0, 62.0, 11.0, 14.0, SKIN),
    (120.0, 53.0, 12.0, 8.0, [50, 35, 25]),
    (120.0, 78.0, 6.0, 8.0, SKIN),
    (120.0, 115.0, 22.0, 36.0, COAT),
    (97.0, 122.0, 7.0, 32.0, COAT),
    (143.0, 122.0, 7.0, 32.0, COAT),
    (97.0, 155.0, 5.0, 7.0, SKIN),
    (143.0, 155.0, 5.0, 7.0, SKIN),
    (110.0, 180.0, 10.0, 42.0, TROUSERS),
    (130.0, 180.0, 10.0, 42.0, TROUSERS),
    (107.0, 221.0, 12.0, 6.0, [20; 3]),
    (133.0, 221.0, 12.0, 6.0, [20; 3]),
];
const BODY_AREA: BoxPx = BoxPx::new(90.0, 45.0, 150.0, 227.0);

/// A face, about 56x76 pixels.
const FACE: [Ellipse; 8] = [
    (80.0, 80.0, 28.0, 38.0, SKIN),
    (80.0, 52.0, 29.0, 14.0, [60, 40, 30]),
    (69.0, 75.0, 5.0, 3.0, [40, 30, 30]),
    (91.0, 75.0, 5.0, 3.0, [40, 30, 30]),
    (69.0, 68.0, 7.0, 2.0, [70, 50, 40]),
    (91.0, 68.0, 7.0, 2.0, [70, 50, 40]),
    (80.0, 88.0, 4.0, 6.0, [185, 130, 95]),
    (80.0, 101.0, 10.0, 3.0, [160, 70, 70]),
];
const FACE_AREA: BoxPx = BoxPx::new(54.0, 45.0, 107.0, 116.0);

/// The drawing, moved by `at`, on a plain wall.
fn drawn(size: FrameSize, format: PixelFormat, shapes: &[Ellipse], at: (f32, f32)) -> RawFrame {
    frame(format, size, Colour::BT601, |x, y| {
        let on = |&&(cx, cy, rx, ry, _): &&Ellipse| {
            let (dx, dy) = ((x as f32 - at.0 - cx) / rx, (y as f32 - at.1 - cy) / ry);
            dx * dx + dy * dy <= 1.0
        };
        Colour::BT601.yuv(shapes.iter().rev().find(on).map_or([150, 155, 150], |shape| shape.4))
    })
}

fn share() -> ShareDirs {
    ShareDirs::find(None).expect("scripts/setup has run")
}

fn detector(settings: &DetectSettings) -> Box<dyn Detector> {
    let factory = OnnxFactory::open(&share(), settings).expect("models and library are there");
    factory.make().expect("a detector")
}

fn best(seen: &[Detection], target: Target) -> Option<&Detection> {
    seen.iter().filter(|d| d.target == target).max_by(|a, b| a.score.total_cmp(&b.score))
}

/// A models folder with the shipped weights and a manifest changed by `edit`.
fn models_with(edit: impl Fn(String) -> String) -> (tempfile::TempDir, ShareDirs) {
    let shipped = share();
    let dir = tempfile::tempdir().expect("a folder");
    for model in Manifest::read(&shipped.models).expect("the shipped one").models {
        let from = shipped.models.join(&model.file);
        std::os::unix::fs::symlink(from, dir.path().join(&model.file)).expect("linked");
    }
    let text = std::fs::read_to_string(shipped.models.join(MANIFEST_NAME)).expect("read");
    std::fs::write(dir.path().join(MANIFEST_NAME), edit(text)).expect("written");
    let share = ShareDirs { models: dir.path().to_path_buf(), library: shipped.library };
    (dir, share)
}

fn entry(task: Task) -> ModelEntry {
    let manifest = Manifest::read(&share().models).expect("the shipped one");
    manifest.model_for(task).expect("one ships").clone()
}

#[test]
fn a_drawn_person_is_found_where_it_stands() {
    let size = FrameSize { width: 240, height: 280 };
    let mut detector = detector(&DetectSettings::default());
    for format in [PixelFormat::I420, PixelFormat::Nv12] {
        let seen = detector.detect(&drawn(size, format, &BODY, (0.0, 0.0)), &BOTH).expect("it looks");
        assert!(!absurd(&seen, size), "{seen:?}");
        let person = best(&seen, Target::Person).expect("somebody");
        assert!(person.area.iou(&BODY_AREA) > 0.7 && person.score > 0.3, "{format:?}: {person:?}");
    }
}

#[test]
fn a_drawn_face_is_found_where_it_is() {
    let size = FrameSize { width: 160, height: 160 };
    let picture = drawn(size, PixelFormat::I420, &FACE, (0.0, 0.0));
    let mut detector = detector(&DetectSettings::default());
    let seen = detector.detect(&picture, &BOTH).expect("it looks");
    let face = best(&seen, Target::Face).expect("a face");
    assert!(face.area.iou(&FACE_AREA) > 0.5, "{face:?}");
    let inside =
        |d: &Detection| d.area.x0 >= 0.0 && d.area.y0 >= 0.0 && d.area.x1 <= 160.0 && d.area.y1 <= 160.0;
    assert!(seen.iter().all(inside), "cut to the frame: {seen:?}");
}

#[test]
fn a_look_sees_its_targets_only() {
    let size = FrameSize { width: 240, height: 280 };
    let picture = drawn(size, PixelFormat::I420, &BODY, (0.0, 0.0));
    let mut detector = detector(&DetectSettings { person_score: Some(0.05), ..DetectSettings::default() });
    let mut look =
        |persons, faces| detector.detect(&picture, &Look { persons, faces, keen: false }).expect("it looks");
    let (all, nothing) = (|| Extent::Whole, || Extent::Nothing);
    assert_eq!(look(nothing(), nothing()), Vec::new());
    let persons = look(all(), nothing());
    assert!(!persons.is_empty() && persons.iter().all(|d| d.target == Target::Person));
    assert!(look(nothing(), all()).iter().all(|d| d.target == Target::Face));
}

#[test]
fn somebody_is_found_in_the_part_that_is_searched_and_nowhere_else() {
    let size = FrameSize { width: 1280, height: 720 };
    let at = (800.0, 300.0);
    let picture = drawn(size, PixelFormat::I420, &BODY, at);
    let area = BoxPx::new(BODY_AREA.x0 + at.0, BODY_AREA.y0 + at.1, BODY_AREA.x1 + at.0, BODY_AREA.y1 + at.1);
    let factory = OnnxFactory::open(&share(), &DetectSettings::default()).expect("it opens");
    assert!(factory.searches_parts());
    let mut detector = factory.make().expect("a detector");
    let mut score = |persons: Extent| {
        let look = Look { persons, faces: Extent::Nothing, keen: false };
        let seen = detector.detect(&picture, &look).expect("it looks");
        let there = seen.into_iter().filter(|d| d.area.iou(&area) > 0.6);
        there.map(|d| d.score).fold(0.0, f32::max)
    };
    let around = PxRect { x0: 760, y0: 260, x1: 1080, y1: 640 };
    let (whole, part) = (score(Extent::Whole), score(Extent::Parts(vec![around])));
    assert!(whole > 0.2 && part > 0.8 * whole, "whole {whole}, part {part}");
    assert_eq!(score(Extent::Parts(vec![PxRect { x0: 0, y0: 0, x1: 300, y1: 300 }])), 0.0);
    assert_eq!(score(Extent::Parts(Vec::new())), 0.0);
    // Tiles look closer than the whole: there is no scale that parts could share.
    let tiled = factory.with_effort(TilingMode::Tile, false, false).expect("the same networks");
    assert!(!tiled.searches_parts());
}

#[test]
fn a_keen_look_believes_sooner() {
    let size = FrameSize { width: 240, height: 280 };
    let picture = drawn(size, PixelFormat::I420, &BODY, (0.0, 0.0));
    let score = {
        let seen = detector(&DetectSettings::default()).detect(&picture, &BOTH).expect("it looks");
        best(&seen, Target::Person).expect("somebody").score
    };
    // Just above what counts in every look.
    let settings = DetectSettings { person_score: Some(score * 1.05), ..DetectSettings::default() };
    let mut detector = detector(&settings);
    let mut weak = |keen| {
        let seen = detector.detect(&picture, &Look { keen, ..Look::EVERYTHING }).expect("it looks");
        best(&seen, Target::Person).expect("somebody").weak
    };
    assert!(weak(false) && !weak(true));
}

#[test]
fn a_tile_shows_better_what_scaling_shrinks() {
    let size = FrameSize { width: 3200, height: 600 };
    let at = (1900.0, 250.0);
    let picture = drawn(size, PixelFormat::Nv12, &BODY, at);
    let area = BoxPx::new(BODY_AREA.x0 + at.0, BODY_AREA.y0 + at.1, BODY_AREA.x1 + at.0, BODY_AREA.y1 + at.1);
    let score = |tiling| {
        let settings = DetectSettings { person_input_px: 320, tiling, ..DetectSettings::default() };
        let persons = Look { faces: Extent::Nothing, ..Look::EVERYTHING };
        let seen = detector(&settings).detect(&picture, &persons).expect("it looks");
        let there = seen.into_iter().filter(|d| d.area.iou(&area) > 0.7);
        there.map(|d| d.score).fold(0.0, f32::max)
    };
    let (tiled, scaled) = (score(TilingMode::Tile), score(TilingMode::Scale));
    assert!(tiled > 0.4 && tiled > scaled + 0.1, "tiled {tiled}, scaled {scaled}");
}

#[test]
fn somebody_who_lies_across_is_found_in_a_turned_copy() {
    let size = FrameSize { width: 280, height: 240 };
    // The drawing with rows and columns exchanged.
    let on = |x: u32, y: u32, &&(cx, cy, rx, ry, _): &&Ellipse| {
        let (dx, dy) = ((y as f32 - cx) / rx, (x as f32 - cy) / ry);
        dx * dx + dy * dy <= 1.0
    };
    let picture = frame(PixelFormat::Nv12, size, Colour::BT601, |x, y| {
        let shape = BODY.iter().rev().find(|shape| on(x, y, shape));
        Colour::BT601.yuv(shape.map_or([150, 155, 150], |shape| shape.4))
    });
    let area = BoxPx::new(BODY_AREA.y0, BODY_AREA.x0, BODY_AREA.y1, BODY_AREA.x1);
    let persons = Look { faces: Extent::Nothing, ..Look::EVERYTHING };
    let upright = OnnxFactory::open(&share(), &DetectSettings::default()).expect("it opens");
    let turned = upright.with_effort(TilingMode::Scale, true, true).expect("the same networks");
    let score = |factory: &OnnxFactory| {
        let seen = factory.make().expect("a detector").detect(&picture, &persons).expect("it looks");
        let there = seen.into_iter().filter(|d| d.area.iou(&area) > 0.6);
        there.map(|d| d.score).fold(0.0, f32::max)
    };
    let (from_all, from_one) = (score(&turned), score(&upright));
    assert!(from_all > 0.3 && from_all > from_one + 0.05, "turned {from_all}, upright {from_one}");
    assert_eq!(turned.models(), upright.models());
}

#[test]
fn every_copy_finds_what_the_upright_picture_shows() {
    let size = FrameSize { width: 240, height: 280 };
    let picture = drawn(size, PixelFormat::I420, &BODY, (0.0, 0.0));
    let plain = OnnxFactory::open(&share(), &DetectSettings::default()).expect("it opens");
    let thorough = plain.with_effort(TilingMode::Tile, true, false).expect("the same networks");
    let persons = Look { faces: Extent::Nothing, ..Look::EVERYTHING };
    let look = |factory: &OnnxFactory| {
        factory.make().expect("a detector").detect(&picture, &persons).expect("it looks")
    };
    for found in look(&plain) {
        let kept = |d: &Detection| d.area.iou(&found.area) > 0.6 && d.score >= found.score;
        assert!(look(&thorough).iter().any(kept), "{found:?} is gone");
    }
}

#[test]
fn a_target_that_no_model_sees_is_refused() {
    let settings = DetectSettings {
        targets: crate::config::Targets { vehicles: true, screens: false },
        ..DetectSettings::default()
    };
    OnnxFactory::open(&share(), &settings).expect("the shipped model knows COCO");
    let single = |text: String| text.replacen("\"nanodet\"", "\"nanodet\"\nclasses = \"single\"", 1);
    let (_dir, share) = models_with(single);
    let fault = OnnxFactory::open(&share, &settings).map(|_| ()).expect_err("it cannot see them");
    assert!(matches!(fault, DetectError::CannotSee { target: Target::Vehicle, .. }), "{fault}");
    OnnxFactory::open(&share, &DetectSettings::default()).expect("persons it can see");
}

#[test]
fn a_missing_provider_is_refused_unless_the_processor_may_stand_in() {
    let asked = DetectSettings { provider: Provider::Cuda, ..DetectSettings::default() };
    let refused = OnnxFactory::open(&share(), &asked).map(|_| ()).expect_err("the shipped library has none");
    assert!(matches!(refused, DetectError::ProviderMissing { provider: Provider::Cuda, .. }), "{refused}");
    assert!(refused.to_string().contains("allow_cpu_fallback"), "{refused}");

    let allowed = DetectSettings { allow_cpu_fallback: true, ..asked };
    let told = OnnxFactory::open(&share(), &allowed).expect("the processor is there").describe();
    assert_eq!((told.provider_asked, told.provider_used), (Provider::Cuda, Provider::Cpu));
    assert!(told.models.iter().all(|m| m.provider == Provider::Cpu));
}

#[test]
fn the_report_names_what_is_in_use() {
    let settings = DetectSettings { person_score: Some(0.25), ..DetectSettings::default() };
    let models = OnnxFactory::open(&share(), &settings).expect("it opens").models();
    assert_eq!(models.len(), 2);
    assert_eq!((models[0].target, models[0].threshold), (Target::Person, 0.25));
    assert_eq!(models[1].threshold, entry(Task::Face).default_threshold);
    assert_eq!(models[1].sha256, entry(Task::Face).sha256);
}

#[test]
fn weights_with_another_hash_are_refused() {
    let hash = entry(Task::Face).sha256;
    let (_dir, share) = models_with(|text| text.replace(&hash, &"0".repeat(64)));
    match OnnxFactory::open(&share, &DetectSettings::default()).map(|_| ()) {
        Err(DetectError::HashMismatch { found, expected, .. }) => {
            assert_eq!((found, expected), (hash, "0".repeat(64)));
        }
        other => panic!("loaded all the same: {other:?}"),
    }
}

#[test]
fn a_network_of_another_family_is_an_error_not_an_empty_answer() {
    let (person, face) = (entry(Task::Person), entry(Task::Face));
    let (_dir, share) =
        models_with(|text| text.replace(&person.file, &face.file).replace(&person.sha256, &face.sha256));
    let factory = OnnxFactory::open(&share, &DetectSettings::default()).expect("its files are sound");
    let size = FrameSize { width: 64, height: 64 };
    let picture = drawn(size, PixelFormat::I420, &[], (0.0, 0.0));
    let answer = factory.make().expect("a detector").detect(&picture, &BOTH);
    assert!(matches!(answer, Err(DetectError::Shape { .. })), "{answer:?}");
}

#[test]
fn what_is_not_a_model_or_a_library_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let absent = ShareDirs { models: dir.path().to_path_buf(), ..share() };
    let fault = OnnxFactory::open(&absent, &DetectSettings::default()).map(|_| ()).expect_err("no manifest");
    assert!(matches!(fault, DetectError::ModelMissing { .. }), "{fault}");

    let library = dir.path().join("libonnxruntime.so");
    std::fs::write(&library, b"no library").expect("written");
    let broken = ShareDirs { library, ..share() };
    let fault = OnnxFactory::open(&broken, &DetectSettings::default()).map(|_| ()).expect_err("no library");
    assert!(matches!(fault, DetectError::Library { .. }), "{fault}");

    let runtime = Runtime::load(Path::new(&share().library)).expect("the real one still loads");
    let fault = runtime.session("junk", b"not a graph", Provider::Cpu).map(|_| ()).expect_err("no graph");
    assert!(matches!(fault, DetectError::Load { .. }), "{fault}");
}

#[test]
fn settings_that_find_nobody_are_refused() {
    let check = |settings: DetectSettings, setting: &str| {
        let fault = OnnxFactory::open(&share(), &settings).map(|_| ()).expect_err(setting).to_string();
        assert!(fault.contains(setting), "{fault}");
    };
    let usual = DetectSettings::default;
    for bad in [f32::NAN, 0.0, 1.0, 7.0] {
        check(DetectSettings { person_score: Some(bad), ..usual() }, "person_score");
        check(DetectSettings { face_score: Some(bad), ..usual() }, "face_score");
    }
    check(DetectSettings { person_input_px: 0, ..usual() }, "person_input_px");
    check(DetectSettings { face_input_px: 100_000, ..usual() }, "face_input_px");
    check(DetectSettings { nms_iou: f32::NAN, ..usual() }, "nms_iou");
}
