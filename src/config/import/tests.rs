//! Files written by hand after the tools' documented forms, and what becomes of their shapes.

use super::shape::{around_ellipse, hull};
use super::*;
use crate::config::{Camera, ZoneKind};
use crate::geometry::{UnitPoint, UnitPolygon};
use proptest::prelude::*;
use std::path::PathBuf;

const HD: FrameSize = FrameSize { width: 1280, height: 720 };

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import").join(name)
}

fn take(name: &str, format: ImportFormat, frame: Option<FrameSize>, pick: Option<&str>) -> Imported {
    import(&sample(name), format, frame, pick).expect("a file of that form")
}

/// Imports a text.
fn text(text: &str, format: ImportFormat, frame: Option<FrameSize>) -> Result<Imported, ImportError> {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("file");
    std::fs::write(&path, text).expect("written");
    import(&path, format, frame, None)
}

/// Each zone as `kind label: x,y x,y`, coordinates in thousandths.
fn zones(found: &Imported) -> Vec<String> {
    let thousandths = |v: f64| (v * 1000.0).round();
    let corner = |p: &UnitPoint| format!("{},{}", thousandths(p.x), thousandths(p.y));
    let zone = |zone: &Zone| {
        let corners: Vec<String> = zone.polygon.points().iter().map(corner).collect();
        let corners =
            if corners.len() > 8 { format!("{} corners", corners.len()) } else { corners.join(" ") };
        format!("{} {}: {corners}", zone.kind, zone.label)
    };
    found.zones.iter().map(zone).collect()
}

/// The camera file is valid, has the same zones, and holds every note.
fn check_file(found: &Imported) -> Camera {
    let text = found.to_toml("yard", "x\n[[zone]].json");
    let camera = Camera::parse(Path::new("yard.toml"), &text).expect("a valid camera file");
    assert_eq!((&camera.zones, camera.frame), (&found.zones, found.frame));
    for note in &found.notes {
        assert!(text.lines().any(|line| line == format!("# - {note}")), "{note}");
    }
    camera
}

#[test]
fn labelme_shapes_become_zones() {
    let found = take("courtyard.labelme.json", ImportFormat::Labelme, None, None);
    check_file(&found);
    assert_eq!(found.frame, FrameSize { width: 768, height: 576 });
    assert_eq!(
        zones(&found),
        [
            "door voordeur 12: 250,250 500,250 500,750 250,750",
            "window raam: 911,35 1000,35 1000,208 911,208",
            "window raam 2: 16 corners",
            "other hedge: 13,868 130,868 130,990 13,990",
            "bell-panel bellenbord: 781,521 833,521 833,660 781,660",
        ]
    );
    assert_eq!(
        found.notes,
        [
            "the picture: flags are not carried over: night",
            "shape 2 \"raam\": flags are not carried over: checked",
            "shape 2 \"raam\": its description is not carried over",
            "shape 2 \"raam\": its group is not carried over",
            "shape 3 \"raam\": a circle is taken over as a polygon of 16 sides around it",
            "shape 5 \"kerb\": a linestrip encloses nothing; left out",
            "shape 6 \"lamp\": a point encloses nothing; left out",
            "shape 7 \"bellenbord\": a mask is taken over as the rectangle around it",
            "shape 2 \"raam\": reaches beyond the picture; cut at its edge",
            "shape 4 \"hedge\": crosses itself; taken over as the smallest region without dents around it",
            "shape 4 \"hedge\": no kind of zone has that name; it is written down as other",
            "shape 8 \"elsewhere\": encloses nothing in the picture; left out",
        ]
    );
}

#[test]
fn cvat_images_are_put_together() {
    let found = take("images.cvat.xml", ImportFormat::Cvat, None, None);
    check_file(&found);
    assert_eq!(found.frame, FrameSize { width: 1600, height: 1200 });
    assert_eq!(
        zones(&found),
        [
            "window window: 100,100 200,100 200,200 100,200",
            "name-plate naamplaat: 594,458 594,625 531,625 531,458",
            "garden tuin: 0,500 250,500 250,1000 0,1000",
            "mirror mirror: 16 corners",
            "screen screen: 875,833 906,833 906,867 875,867",
            "door door: 625,100 700,100 700,500 625,500",
        ]
    );
    assert_eq!(
        found.notes,
        [
            "line 17 \"window\": attributes are not carried over: floor",
            "line 24 \"kerb\": polylines are no region of the picture; left out",
            "line 26 \"lamp\": points are no region of the picture; left out",
            "line 28 \"mirror\": an ellipse is taken over as a polygon of 16 sides around it",
            "line 30 \"screen\": a mask is taken over as the rectangle around it",
            "line 32 \"good_frame\": tags are no region of the picture; left out",
            "line 41: image wide.png is 1920x1080, another shape than 1600x1200; its shapes are left out",
            "the shapes of 2 images are put together; --image NAME takes one image's",
            "line 22 \"tuin\": reaches beyond the picture; cut at its edge",
            "1 shape(s) are the same as one before, label and corners; left out",
        ]
    );
    let night = take("images.cvat.xml", ImportFormat::Cvat, None, Some("night.png"));
    assert_eq!(night.frame, FrameSize { width: 800, height: 600 });
    assert_eq!((night.zones.len(), night.notes.len()), (2, 0));
    let none = import(&sample("images.cvat.xml"), ImportFormat::Cvat, None, Some("dusk.png"));
    assert!(none.expect_err("no such image").to_string().ends_with("it has day.png, night.png, wide.png"));
}

#[test]
fn cvat_tracks_that_lie_still_become_zones() {
    let found = take("video.cvat.xml", ImportFormat::Cvat, None, None);
    check_file(&found);
    assert_eq!(found.frame, FrameSize { width: 640, height: 480 });
    assert_eq!(zones(&found), ["door deur: 100,100 200,100 200,500 100,500", "mirror spiegel: 16 corners"]);
    assert_eq!(
        found.notes,
        [
            "line 16 \"deur\": attributes are not carried over: open",
            "line 25 \"car\": it moves from frame to frame, and a zone does not; left out: draw a zone around its way, \
             or none if it is a person or a thing",
            "line 32 \"kerb\": polylines are no region of the picture; left out",
            "line 37 \"gone\": it is shown in no frame; left out",
            "line 42 \"spiegel\": an ellipse is taken over as a polygon of 16 sides around it",
        ]
    );
}

#[test]
fn frigate_masks_become_zones_in_each_of_their_forms() {
    let ask =
        import(&sample("config.frigate.yml"), ImportFormat::Frigate, None, None).expect_err("two cameras");
    assert!(ask.to_string().ends_with("it has several cameras; there are back, front"), "{ask}");
    let back = take("config.frigate.yml", ImportFormat::Frigate, None, Some("back"));
    let file = back.to_toml("yard", "config.yml");
    assert!(!file.contains("sesame") && !file.contains("10.0.10.10"), "{file}");
    check_file(&back);
    assert_eq!(back.frame, HD);
    assert_eq!(
        zones(&back),
        [
            "other motion mask: 0,0 100,0 100,50 0,50",
            "other motion mask 1: 0,640 234,640 234,999 0,999",
            "other motion mask 2: 500,500 600,500 600,600",
            "other object mask: 500,0 547,0 547,111",
            "other person mask: 781,833 859,833 859,999 781,999",
            "other car mask: 800,100 900,100 900,200",
        ]
    );
    let said = back.notes.join("\n");
    for part in
        ["where it should not look", "line 38 \"driveway\": a zone of Frigate", "\"profiles\"", "camera back"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    let front = take("config.frigate.yml", ImportFormat::Frigate, None, Some("front"));
    check_file(&front);
    assert_eq!(
        zones(&front),
        [
            "other motion mask: 0,0 100,0 100,50 0,50",
            "other Camera timestamp: 750,20 980,20 980,60 750,60",
            "window raam van de buren: 100,200 300,200 300,400 100,400",
        ]
    );
    let said = front.notes.join("\n");
    for part in [
        "make it an [[overlay]]",
        "\"buren\": the mask is switched off",
        "\"empty\": a mask without",
        "picture file",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn the_size_of_the_picture_is_asked_for_or_compared() {
    let relative = "cameras:\n  a:\n    motion:\n      mask: 0.1,0.1,0.2,0.1,0.2,0.2\n";
    let ask = text(relative, ImportFormat::Frigate, None).expect_err("no size");
    assert!(matches!(&ask, ImportError::Ask { cure, .. } if cure.contains("--frame WIDTHxHEIGHT")), "{ask}");
    assert_eq!(text(relative, ImportFormat::Frigate, Some(HD)).expect("a size").frame, HD);
    let giant = text(relative, ImportFormat::Frigate, Some(FrameSize { width: 99_999, height: 9 }));
    assert!(giant.expect_err("too large").to_string().ends_with("no picture is 99999x9"));
    let pixels = relative.replace("0.1,0.1,0.2,0.1,0.2,0.2", "128,72,640,72,640,360");
    let found = text(&pixels, ImportFormat::Frigate, Some(HD)).expect("a size");
    assert_eq!(zones(&found), ["other motion mask: 100,100 500,100 500,500"]);
    let labelme = |frame| import(&sample("courtyard.labelme.json"), ImportFormat::Labelme, Some(frame), None);
    assert!(labelme(HD).expect_err("another shape").to_string().contains("drawn on a picture of 768x576"));
    let larger = labelme(FrameSize { width: 1536, height: 1152 }).expect("the same shape");
    assert_eq!((larger.frame.width, &zones(&larger)[0][..25]), (1536, "door voordeur 12: 250,250"));
}

#[test]
fn what_is_not_of_that_form_is_refused_with_its_place() {
    use ImportFormat::*;
    let labelme =
        |shape: &str| format!("{{\"imageWidth\": 10, \"imageHeight\": 10,\n\"shapes\": [{shape}]}}");
    let cvat = |inner: &str| {
        format!("<annotations>\n<image name=\"a\" width=\"10\" height=\"10\">\n{inner}</image></annotations>")
    };
    let frigate = |mask: &str| format!("cameras:\n  a:\n    motion:\n      mask: {mask}\n");
    for (format, file, says) in [
        (Labelme, "{\n\"shapes\": [}".to_owned(), "line 2: this is not JSON"),
        (Labelme, "[]".to_owned(), "not a LabelMe file"),
        (Labelme, labelme("{\"label\": \"a\", \"points\": [[1, 2], [3]]}"), "shape 1 \"a\": its points"),
        (
            Labelme,
            labelme("{\"label\": \"a\", \"points\": [[1, 2], [3, 4]]}"),
            "a polygon cannot have 2 points",
        ),
        (Labelme, labelme("{\"label\": \"a\", \"points\": [[1, 2], [3, 4], [1e99, 1]]}"), "far outside"),
        (Labelme, labelme("").replace("Width\": 10,", "Width\": 0,"), "no picture is 0 x 10 pixels"),
        (Labelme, format!("{}1", "[".repeat(100_000)), "line 1: this is not JSON"),
        (Cvat, "<annotations>\n<image></annotations>".to_owned(), "line 2: this XML cannot be read"),
        (Cvat, "\n<svg/>".to_owned(), "line 2: this is not a CVAT file: it begins with <svg>"),
        (Cvat, cvat("<box xtl=\"1\"/>"), "line 3: <box> has no number called ytl"),
        (Cvat, cvat("<polygon points=\"1,2;x,4;5,6\"/>"), "line 3: a polygon's points"),
        (Cvat, cvat("<polygon points=\"1,2;inf,4;5,6\"/>"), "line 3: a polygon's points"),
        (Cvat, cvat("<box xtl=\"1\" ytl=\"NaN\" xbr=\"2\" ybr=\"2\"/>"), "no number called ytl"),
        (
            Cvat,
            "<!DOCTYPE a [<!ENTITY b \"x\"><!ENTITY c \"&b;&b;\">]><annotations>&c;</annotations>".to_owned(),
            "this XML cannot be read",
        ),
        (Frigate, "cameras:\n  - [".to_owned(), "this YAML cannot be read"),
        (Frigate, "mqtt:\n  host: a\n".to_owned(), "it has no cameras"),
        (Frigate, frigate("1,2,3,4"), "line 4: motion mask: 4 coordinates make no outline"),
        (Frigate, frigate("1,2,3,4,five,6"), "line 4: a mask's coordinates are not numbers"),
        (Frigate, frigate("1,2,3,4,5,6\n      mask: 1,2,3,4,5,6"), "line 5: the key mask stands there twice"),
        (Frigate, "a: 1\n---\nb: 2\n".to_owned(), "more than one YAML document"),
        (Frigate, format!("a: {}", "[".repeat(70)), "nested deeper than 64"),
        (Frigate, format!("a: {}", "[".repeat(100_000)), "line 1: this YAML cannot be read"),
        (Frigate, "a: &a [*a]\n".to_owned(), "an alias"),
        (Frigate, String::new(), "there is nothing in it"),
    ] {
        let error =
            text(&file, format, Some(FrameSize { width: 10, height: 10 })).expect_err(says).to_string();
        assert!(error.contains(says) && !error.contains('\n'), "{says:?}: {error}");
    }
    assert!(import(&sample("none"), Cvat, None, None).is_err());
}

#[test]
fn aliases_of_aliases_cost_nothing() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..40 {
        let names = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb += &format!("a{level}: &a{level} [{names}]\n");
    }
    bomb += "cameras:\n  a:\n    motion:\n      mask: 0.1,0.1,0.2,0.1,0.2,0.2\n";
    assert_eq!(text(&bomb, ImportFormat::Frigate, Some(HD)).expect("read").zones.len(), 1);
    let deep = format!("<annotations>{}{}</annotations>", "<a>".repeat(50_000), "</a>".repeat(50_000));
    let _ = text(&deep, ImportFormat::Cvat, Some(HD));
}

#[test]
fn a_data_set_is_not_a_camera() {
    let shape = |i: i32| format!("{{\"label\": \"car\", \"points\": [[{i}, 0], [{}, 0], [{i}, 9]]}}", i + 1);
    let shapes: Vec<String> = (0..501).map(shape).collect();
    let file = format!("{{\"imageWidth\": 999, \"imageHeight\": 10, \"shapes\": [{}]}}", shapes.join(","));
    let error = text(&file, ImportFormat::Labelme, None).expect_err("too many");
    assert!(error.to_string().contains("more than 500 zones"), "{error}");
}

fn labelme(points: &[(f64, f64)]) -> Result<Imported, ImportError> {
    let list: Vec<String> = points.iter().map(|(x, y)| format!("[{x}, {y}]")).collect();
    let file = format!(
        "{{\"imageWidth\": 100, \"imageHeight\": 100, \"shapes\": [{{\"label\": \"\\u001b\\n\", \"points\": [{}]}}]}}",
        list.join(",")
    );
    text(&file, ImportFormat::Labelme, None)
}

/// Whether a point lies inside, by the even-odd rule.
fn inside(points: &[(f64, f64)], x: f64, y: f64) -> bool {
    let sides = points.iter().zip(points.iter().cycle().skip(1));
    let crossed =
        sides.filter(|(a, b)| (a.1 > y) != (b.1 > y) && x < (b.0 - a.0) * (y - a.1) / (b.1 - a.1) + a.0);
    crossed.count() % 2 == 1
}

proptest! {
    /// Whatever the shape: dented, crossing itself, half outside. Pixels that it holds are held by the zone.
    #[test]
    fn a_zone_is_never_smaller_than_its_shape(
        points in proptest::collection::vec((-60i32..160, -60i32..160), 3..9),
    ) {
        let points: Vec<(f64, f64)> = points.iter().map(|&(x, y)| (f64::from(x), f64::from(y))).collect();
        let found = labelme(&points).expect("a shape");
        let zone: Vec<Vec<(f64, f64)>> = found
            .zones
            .iter()
            .map(|zone| zone.polygon.points().iter().map(|p| (p.x * 100.0, p.y * 100.0)).collect())
            .collect();
        for i in 0..2500 {
            // Off the grid of the corners, so that no point lies on a side.
            let (x, y) = (f64::from(i % 50) * 2.0 + 0.537, f64::from(i / 50) * 2.0 + 0.519);
            if inside(&points, x, y) {
                let near = zone.iter().any(|zone| {
                    // Coordinates are rounded to a millionth; a point that close to a side may fall on either.
                    [(0.0, 0.0), (2e-4, 0.0), (-2e-4, 0.0), (0.0, 2e-4), (0.0, -2e-4)]
                        .iter()
                        .any(|(dx, dy)| inside(zone, x + dx, y + dy))
                });
                prop_assert!(near, "{x},{y} of {points:?}");
            }
        }
        if !found.zones.is_empty() {
            let camera = check_file(&found);
            prop_assert_eq!(camera.zones[0].label.as_str(), "other");
        }
    }

    #[test]
    fn the_polygon_around_an_ellipse_holds_it(
        rx in 1.0..40.0f64, ry in 1.0..40.0f64, degrees in 0.0..360.0f64, t in 0.0..std::f64::consts::TAU,
    ) {
        let polygon = around_ellipse((50.0, 50.0), (rx, ry), degrees);
        let (x, y) = (rx * t.cos() * 0.999_999, ry * t.sin() * 0.999_999);
        let (sin, cos) = degrees.to_radians().sin_cos();
        prop_assert!(inside(&polygon, 50.0 + x * cos - y * sin, 50.0 + x * sin + y * cos));
    }

    #[test]
    fn a_hull_is_a_sound_polygon(points in proptest::collection::vec((0u32..=64, 0u32..=64), 3..20)) {
        let at = |&(x, y): &(u32, u32)| UnitPoint { x: f64::from(x) / 64.0, y: f64::from(y) / 64.0 };
        let around = hull(&points.iter().map(at).collect::<Vec<_>>());
        prop_assert!(around.len() < 3 || UnitPolygon::new(around).is_ok());
    }

    #[test]
    fn no_bytes_bring_an_import_down(file in "[-\\[\\]{}:,&*<>/a-c0-9.\"\\n ]{0,200}") {
        for format in [ImportFormat::Labelme, ImportFormat::Cvat, ImportFormat::Frigate] {
            if let Err(error) = text(&file, format, Some(HD)) {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }

    #[test]
    fn no_mutation_of_a_sample_brings_an_import_down(
        which in 0usize..4,
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0usize..6, "[ -~é\\n]{0,4}"), 1..5),
    ) {
        let (name, format) = [
            ("courtyard.labelme.json", ImportFormat::Labelme),
            ("images.cvat.xml", ImportFormat::Cvat),
            ("video.cvat.xml", ImportFormat::Cvat),
            ("config.frigate.yml", ImportFormat::Frigate),
        ][which];
        let mut file = std::fs::read_to_string(sample(name)).expect("a sample");
        for (at, cut, insert) in edits {
            let start = file.floor_char_boundary(at.index(file.len() + 1));
            let end = file.ceil_char_boundary((start + cut).min(file.len()));
            file.replace_range(start..end, &insert);
        }
        if let Ok(found) = text(&file, format, None) {
            check_file(&found);
        }
    }
}

#[test]
fn every_kind_word_can_be_written() {
    let found = labelme(&[(1.0, 1.0), (9.0, 1.0), (9.0, 9.0)]).expect("a shape");
    assert_eq!((found.zones[0].kind, found.notes.len()), (ZoneKind::Other, 1));
}
