//! Stills: masked like frames, upright, without EXIF; refused where they are damaged or misnamed.

use super::program::{DOOR, Desk, mode};
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageReader, Rgb, RgbImage};
use std::path::Path;

const GREEN: [u8; 3] = [0, 255, 0];

/// Grey, with a magenta block where the door of the camera file is.
fn courtyard() -> RgbImage {
    RgbImage::from_fn(320, 180, |x, y| {
        Rgb(if (100..180).contains(&x) && (60..120).contains(&y) { [255, 0, 255] } else { [90; 3] })
    })
}

/// A JPEG that lies on its side (EXIF orientation 6), with the place where it was taken in a comment.
fn sideways(path: &Path) {
    let exif = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0KERKSTRAAT 12";
    let lying = image::imageops::rotate270(&courtyard());
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 95);
    encoder.set_exif_metadata(exif.to_vec()).expect("taken");
    encoder.write_image(&lying, lying.width(), lying.height(), ExtendedColorType::Rgb8).expect("encoded");
    std::fs::write(path, bytes).expect("written");
}

fn seen(path: &Path) -> RgbImage {
    ImageReader::open(path).expect("a file").decode().expect("a picture").into_rgb8()
}

fn near(a: [u8; 3], b: [u8; 3]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= 12)
}

#[test]
fn zones_of_a_still_are_hidden_upright_and_nothing_else_comes_along() {
    let desk = Desk::new();
    sideways(&desk.path("photo.jpg"));
    std::fs::write(desk.path("door.toml"), DOOR).expect("written");
    for name in ["out.png", "out.jpg"] {
        desk.run([
            "redact",
            "photo.jpg",
            "-o",
            name,
            "--camera",
            "door.toml",
            "--report",
            "r.json",
            "--force",
        ])
        .expect(0, &["one still"]);
        let out = seen(&desk.path(name));
        assert_eq!(out.dimensions(), (320, 180), "{name} stands upright");
        for (x, y, pixel) in out.enumerate_pixels() {
            let inside = (18..302).contains(&x) && (47..133).contains(&y);
            assert!(!inside || near(pixel.0, GREEN), "{name} at {x},{y}: {pixel:?}");
            assert!(!near(pixel.0, [255, 0, 255]), "{name} at {x},{y}");
        }
        assert!(near(out.get_pixel(4, 4).0, [90; 3]), "outside the zone nothing is hidden");
        let bytes = std::fs::read(desk.path(name)).expect("a file");
        for planted in [b"KERKSTRAAT".as_slice(), b"Exif", b"eXIf"] {
            assert!(!bytes.windows(planted.len()).any(|w| w == planted), "{name} holds a trace");
        }
        assert_eq!(mode(&desk.path(name)), 0o600);
    }
    let report = std::fs::read_to_string(desk.path("r.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["source"]["kind"], "still");
    assert_eq!(report["effort"], "thorough");
    assert!(report["note"].as_str().is_some_and(|note| note.contains("no time and no reference")));
    assert_eq!(report["settings"]["detect"]["tiling"], "tile");
    assert_eq!(report["frames"]["written"], 1);
    assert_eq!(desk.names(), ["door.toml", "out.jpg", "out.png", "photo.jpg", "r.json"]);
}

#[test]
fn clips_and_stills_go_through_one_call() {
    let desk = Desk::new();
    super::film::intruder(&desk.path("clip.mp4"), 3);
    courtyard().save(desk.path("a.png")).expect("written");
    sideways(&desk.path("b.JPG"));
    courtyard().save(desk.path("c.webp")).expect("written");
    desk.run(["redact", "clip.mp4", "a.png", "b.JPG", "c.webp", "--out-dir", "out", "--no-camera"])
        .expect(0, &[]);
    assert_eq!(
        super::job::names(&desk.path("out")),
        ["a.redacted.png", "b.redacted.jpg", "c.redacted.png", "clip.redacted.mp4"]
    );
}

#[test]
fn what_makes_no_sense_for_a_still_is_said() {
    let desk = Desk::new();
    courtyard().save(desk.path("a.png")).expect("written");
    super::film::intruder(&desk.path("clip.mp4"), 3);
    desk.run(["redact", "a.png", "-o", "o.mp4", "--no-camera"]).expect(2, &["is a still", ".png"]);
    desk.run(["redact", "clip.mp4", "-o", "o.png", "--no-camera"]).expect(2, &[".mp4"]);
    desk.run(["redact", "a.png", "-o", "o.png", "--no-camera", "--from", "1"]).expect(2, &["is a still"]);
    let narrow = DOOR.replace("width = 320", "width = 240").replace("id = \"door\"", "id = \"narrow\"");
    std::fs::write(desk.path("narrow.toml"), narrow).expect("written");
    desk.run(["redact", "a.png", "-o", "o.png", "--camera", "narrow.toml"])
        .expect(3, &["another shape of picture"]);
    assert_eq!(desk.names(), ["a.png", "clip.mp4", "narrow.toml"]);
}

#[test]
fn damaged_stills_leave_no_file() {
    let desk = Desk::new();
    sideways(&desk.path("whole.jpg"));
    let whole = std::fs::read(desk.path("whole.jpg")).expect("a file");
    std::fs::write(desk.path("cut.jpg"), &whole[..whole.len() / 2]).expect("written");
    std::fs::write(desk.path("motion.jpg"), [whole.clone(), whole].concat()).expect("written");
    desk.run(["redact", "cut.jpg", "-o", "o.png", "--no-camera"])
        .expect(4, &["damaged or cut short", "export it again"]);
    desk.run(["redact", "motion.jpg", "-o", "o.png", "--no-camera"]).expect(4, &["several pictures", "mp4"]);
    assert_eq!(desk.names(), ["cut.jpg", "motion.jpg", "whole.jpg"]);
}
