//! Approving stills of the empty scene: only the very file that was meant, and nobody on it without a reason.

use super::eyes::view;
use super::program::{DOOR, Desk, mode};
use image::{Rgb, RgbImage};
use melkglas::config::Camera;
use melkglas::digest::sha256_hex;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Saves a still, lists it in a camera file, and gives back its hash.
fn reference(desk: &Desk, camera: &str, name: &str, still: &RgbImage) -> String {
    still.save(desk.path(name)).expect("written");
    let sha256 = sha256_hex(&std::fs::read(desk.path(name)).expect("read"));
    let text = std::fs::read_to_string(desk.path(camera)).expect("read");
    let table = format!(
        "\n# {name}\n[[reference]]\nfile = \"{name}\"\nsha256 = \"{sha256}\"\ntaken = 2026-01-31\nlight = \"day\"\n"
    );
    std::fs::write(desk.path(camera), text + &table).expect("written");
    sha256
}

#[test]
fn a_still_of_nobody_is_approved_once() {
    let desk = Desk::new();
    std::fs::write(desk.path("door.toml"), DOOR).expect("written");
    std::fs::set_permissions(desk.path("door.toml"), PermissionsExt::from_mode(0o640)).expect("set");
    let approve =
        |still: &str| desk.run(["camera", "approve", "door.toml", "--by", "A. Jansen", "--still", still]);
    approve("12345678").expect(2, &["no still of door.toml begins with 12345678", "names no still yet"]);
    let wall = RgbImage::from_pixel(320, 180, Rgb([120, 118, 110]));
    let darker = RgbImage::from_pixel(320, 180, Rgb([60, 59, 55]));
    let first = reference(&desk, "door.toml", "door.reference-1.png", &wall);
    let second = reference(&desk, "door.toml", "door.reference-2.png", &darker);
    let before = std::fs::read_to_string(desk.path("door.toml")).expect("read");
    approve("123").expect(2, &["eight digits"]);
    approve("00000000").expect(2, &[&first[..8], &second[..8]]);
    approve(&second[..8].to_uppercase()).expect(0, &["door.reference-2.png: approved by A. Jansen on 20"]);
    let camera = Camera::read(&desk.path("door.toml")).expect("sound");
    assert_eq!(camera.references[0].approval, None);
    let approval = camera.references[1].approval.clone().expect("approved");
    assert_eq!((approval.by.as_str(), approval.despite), ("A. Jansen", None));
    let after = std::fs::read_to_string(desk.path("door.toml")).expect("read");
    assert!(after.starts_with(&before), "lines are added at the end");
    assert_eq!(mode(&desk.path("door.toml")), 0o640, "who may read it stays the same");
    approve(&second).expect(2, &["was approved by A. Jansen"]);

    // Another picture under the name, or none.
    darker.save(desk.path("door.reference-1.png")).expect("written");
    approve(&first).expect(3, &["door.toml"]);
    std::fs::remove_file(desk.path("door.reference-1.png")).expect("removed");
    approve(&first).expect(3, &["door.toml"]);
    assert_eq!(std::fs::read_to_string(desk.path("door.toml")).expect("read"), after);
    assert_eq!(desk.names(), ["door.reference-2.png", "door.toml"]);
}

#[test]
fn a_still_with_people_on_it_needs_a_reason() {
    let desk = Desk::searching(320);
    let yard = view(&Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/courtyard.mp4"));
    let (width, height) = (yard.width as u32, yard.height as u32);
    let still = RgbImage::from_raw(width, height, yard.frames[0].clone()).expect("a picture");
    let camera = DOOR.replace("width = 320, height = 180", &format!("width = {width}, height = {height}"));
    std::fs::write(desk.path("door.toml"), camera).expect("written");
    let sha256 = reference(&desk, "door.toml", "yard.png", &still);
    let before = std::fs::read_to_string(desk.path("door.toml")).expect("read");
    let args = ["camera", "approve", "door.toml", "--by", "A. Jansen", "--still", &sha256];
    desk.run(args)
        .expect(6, &["a person at", "somebody may be on yard.png: it is not approved", "--despite"]);
    assert_eq!(std::fs::read_to_string(desk.path("door.toml")).expect("read"), before);
    desk.run(args.iter().chain(&["--despite", " "])).expect(2, &["--despite says nothing"]);
    desk.run(args.iter().chain(&["--despite", "a poster"])).expect(0, &["a person at", "approved by"]);
    let approval = Camera::read(&desk.path("door.toml")).expect("sound").references[0].approval.clone();
    assert_eq!(approval.expect("approved").despite.as_deref(), Some("a poster"));
}

#[test]
fn several_stills_are_approved_at_once_or_none_and_shown_with_boxes() {
    let desk = Desk::searching(320);
    let yard = view(&Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/courtyard.mp4"));
    let (width, height) = (yard.width as u32, yard.height as u32);
    let people = RgbImage::from_raw(width, height, yard.frames[0].clone()).expect("a picture");
    let wall = RgbImage::from_pixel(width, height, Rgb([120, 118, 110]));
    let camera = DOOR.replace("width = 320, height = 180", &format!("width = {width}, height = {height}"));
    std::fs::write(desk.path("door.toml"), camera).expect("written");
    let hashes = [
        reference(&desk, "door.toml", "a.png", &wall),
        reference(&desk, "door.toml", "b.png", &people),
        reference(&desk, "door.toml", "c.png", &RgbImage::from_pixel(width, height, Rgb([60, 59, 55]))),
    ];
    let approve = |more: &[&str]| {
        let args = ["camera", "approve", "door.toml", "--by", "A. Jansen"];
        desk.run(args.iter().chain(&["--still", &hashes[0][..8], &hashes[1][..8]]).chain(more))
    };
    let before = std::fs::read_to_string(desk.path("door.toml")).expect("read");
    approve(&["--picture", "boxes.png"])
        .expect(6, &["somebody may be on b.png: it is not approved", "a person at"]);
    assert_eq!(std::fs::read_to_string(desk.path("door.toml")).expect("read"), before);
    assert_eq!(mode(&desk.path("boxes.png")), 0o600);
    // The stills side by side, with edges of boxes that neither of them has.
    let boxes = image::open(desk.path("boxes.png")).expect("a picture").into_rgb8();
    assert!(boxes.width() >= 2 * width && boxes.height() >= height, "{:?}", boxes.dimensions());
    let orange = |at: &Rgb<u8>| *at == Rgb([255, 110, 40]);
    assert!(boxes.pixels().filter(|at| orange(at)).count() > 100 && !people.pixels().any(orange));
    approve(&["--picture", "boxes.png"]).expect(2, &["exists already"]);
    approve(&["--picture", "a.png", "--force"]).expect(2, &["a.png"]);
    approve(&["--despite", "statues"])
        .expect(0, &["a.png: approved by A. Jansen", "b.png: approved by A. Jansen"]);
    let read = Camera::read(&desk.path("door.toml")).expect("sound");
    let despite =
        |at: usize| read.references[at].approval.as_ref().map(|approval| approval.despite.as_deref());
    assert_eq!((despite(0), despite(1), despite(2)), (Some(None), Some(Some("statues")), None));
}
