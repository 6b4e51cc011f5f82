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

fn take(name: &str, wishes: &ImportWishes<'_>) -> Imported {
    import(&sample(name), None, wishes).expect("a file that is recognised")
}

fn refused(name: &str, wishes: &ImportWishes<'_>) -> String {
    import(&sample(name), None, wishes).expect_err("a question").to_string()
}

/// Imports a text.
pub(super) fn with(
    text: &str,
    format: Option<ImportFormat>,
    wishes: &ImportWishes<'_>,
) -> Result<Imported, ImportError> {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("file");
    std::fs::write(&path, text).expect("written");
    import(&path, format, wishes)
}

fn text(text: &str, format: ImportFormat, frame: Option<FrameSize>) -> Result<Imported, ImportError> {
    with(text, Some(format), &ImportWishes { frame, small_zones: true, ..ImportWishes::default() })
}

pub(super) const NONE: ImportWishes<'_> =
    ImportWishes { frame: None, camera: None, task: None, image: None, unit: None, small_zones: false };

/// Each zone as `kind label: x,y x,y`, coordinates in thousandths.
pub(super) fn zones(found: &Imported) -> Vec<String> {
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
pub(super) fn check_file(found: &Imported) -> Camera {
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
    let found = take("courtyard.labelme.json", &NONE);
    check_file(&found);
    assert_eq!(found.frame, FrameSize { width: 768, height: 576 });
    assert_eq!(
        zones(&found),
        [
            "door voordeur 12: 250,250 500,250 500,750 250,750",
            "window raam: 911,35 1000,35 1000,208 911,208",
            "window raam 2: 16 corners",
            "other hedge: 13,868 130,868 130,990 13,990",
            "bell-panel bellenbord: 781,521 835,521 835,661 781,661",
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
fn cvat_images_of_one_size_are_put_together() {
    let asks = "it has shapes on 3 images, and those of one belong to one camera; it has day.png (1600x1200), \
                night.png (800x600), wide.png (1920x1080)";
    assert!(refused("images.cvat.xml", &NONE).ends_with(asks));
    let one = |image| take("images.cvat.xml", &ImportWishes { image: Some(image), ..NONE });
    let found = one("day.png");
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
            "line 22 \"tuin\": reaches beyond the picture; cut at its edge",
        ]
    );
    let night = one("night.png");
    assert_eq!(night.frame, FrameSize { width: 800, height: 600 });
    assert_eq!((night.zones.len(), night.notes.len()), (2, 0));
    let none = refused("images.cvat.xml", &ImportWishes { image: Some("dusk.png"), ..NONE });
    assert!(none.contains("no image named dusk.png; it has day.png (1600x1200), night.png"), "{none}");

    let alike = std::fs::read_to_string(sample("images.cvat.xml")).expect("a sample");
    let alike = alike
        .replace(
            "name=\"night.png\" width=\"800\" height=\"600\"",
            "name=\"night.png\" width=\"1600\" height=\"1200\"",
        )
        .replace(
            "name=\"wide.png\" width=\"1920\" height=\"1080\"",
            "name=\"wide.png\" width=\"1600\" height=\"1200\"",
        );
    let together = with(&alike, None, &NONE).expect("one size");
    assert_eq!(together.zones.len(), 8);
    assert!(together.notes.iter().any(|note| note.starts_with("the shapes of 3 images are put together")));
}

#[test]
fn cvat_tracks_that_lie_still_become_zones() {
    let found = take("video.cvat.xml", &NONE);
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
    let ask = refused("config.frigate.yml", &NONE);
    assert!(ask.ends_with("it has several cameras; there are back, front"), "{ask}");
    let camera = |name| take("config.frigate.yml", &ImportWishes { camera: Some(name), ..NONE });
    let back = camera("back");
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
    let front = camera("front");
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
    let usual = text(relative, ImportFormat::Frigate, None).expect("shares of a picture of any size");
    assert_eq!(
        (usual.frame, zones(&usual)),
        (HD, vec!["other motion mask: 100,100 200,100 200,200".to_owned()])
    );
    assert!(usual.notes.iter().any(|note| note.contains("1280x720 stands in the camera file")), "{usual:?}");
    let named = text(relative, ImportFormat::Frigate, Some(FrameSize { width: 640, height: 480 }));
    assert!(!named.expect("a size").notes.iter().any(|note| note.contains("stands in the camera file")));
    let unsized_pixels = relative.replace("0.1,0.1,0.2,0.1,0.2,0.2", "128,72,640,72,640,360");
    let ask = text(&unsized_pixels, ImportFormat::Frigate, None).expect_err("no size");
    assert!(matches!(&ask, ImportError::Ask { cure, .. } if cure.contains("--frame WIDTHxHEIGHT")), "{ask}");
    assert_eq!(text(relative, ImportFormat::Frigate, Some(HD)).expect("a size").frame, HD);
    let giant = text(relative, ImportFormat::Frigate, Some(FrameSize { width: 99_999, height: 9 }));
    assert!(giant.expect_err("too large").to_string().ends_with("no picture is 99999x9"));
    let pixels = relative.replace("0.1,0.1,0.2,0.1,0.2,0.2", "128,72,640,72,640,360");
    let found = text(&pixels, ImportFormat::Frigate, Some(HD)).expect("a size");
    assert_eq!(zones(&found), ["other motion mask: 100,100 500,100 500,500"]);
    let labelme =
        |frame| import(&sample("courtyard.labelme.json"), None, &ImportWishes { frame: Some(frame), ..NONE });
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
    assert!(import(&sample("none"), Some(Cvat), &NONE).is_err());
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
pub(super) fn inside(points: &[(f64, f64)], x: f64, y: f64) -> bool {
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
        for format in ImportFormat::value_variants() {
            if let Err(error) = text(&file, *format, Some(HD)) {
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

/// A CVAT project of two cameras: the same region, the lower right quarter, of pictures of two sizes.
fn project(second: &str) -> String {
    let task = |id, name, width, height| {
        format!(
            "<task><id>{id}</id><name>{name}</name><original_size><width>{width}</width><height>{height}</height>\
             </original_size></task>"
        )
    };
    let track = |label, attribute, points| {
        format!(
            "<track id=\"0\" label=\"{label}\" {attribute}><polygon frame=\"0\" outside=\"0\" points=\"{points}\"/></track>\n"
        )
    };
    format!(
        "<annotations><meta><project><tasks>{}{}</tasks></project></meta>\n{}{}</annotations>",
        task(11, "cam1", 1920, 1080),
        task(12, second, 1280, 720),
        track("window", "task_id=\"11\"", "960,540;1920,540;1920,1080;960,1080"),
        track("door", "task_id=\"12\"", "640,360;1280,360;1280,720;640,720"),
    )
}

#[test]
fn a_project_of_several_tasks_is_asked_about_and_each_has_its_own_size() {
    let file = project("cam2");
    let take = |task| with(&file, None, &ImportWishes { task, ..NONE });
    let ask = take(None).expect_err("two cameras");
    assert!(ask.to_string().ends_with("there are cam1 (task 11), cam2 (task 12)"), "{ask}");
    assert!(matches!(&ask, ImportError::Ask { cure, .. } if cure.contains("--task NAME")), "{ask}");
    assert!(take(Some("cam3")).expect_err("none").to_string().contains("no task named cam3; there are cam1"));
    for (task, width, zone) in [
        ("cam1", 1920, "window window: 500,500 1000,500 1000,1000 500,1000"),
        ("11", 1920, "window window: 500,500 1000,500 1000,1000 500,1000"),
        ("cam2", 1280, "door door: 500,500 1000,500 1000,1000 500,1000"),
        ("12", 1280, "door door: 500,500 1000,500 1000,1000 500,1000"),
    ] {
        let found = take(Some(task)).expect("one task");
        check_file(&found);
        assert_eq!((found.frame.width, zones(&found)), (width, vec![zone.to_owned()]), "{task}");
        assert!(found.notes[0].starts_with("of 2 tasks only cam"), "{:?}", found.notes);
    }
    let twice = with(&project("cam1"), None, &ImportWishes { task: Some("cam1"), ..NONE });
    assert!(twice.expect_err("two of a name").to_string().contains("several of its tasks are named cam1"));
    let homeless = file.replace(" task_id=\"12\"", "");
    let ask = with(&homeless, None, &ImportWishes { task: Some("cam1"), ..NONE }).expect_err("whose door?");
    assert!(ask.to_string().contains("line 3: of several tasks it does not say to which"), "{ask}");
    // Where the head does not list them, the shapes tell that there are two.
    let headless = file.replace("tasks>", "x>");
    let headless = headless.replace("<task>", "<y>").replace("</task>", "</y>");
    let ask = with(&headless, None, &NONE).expect_err("two cameras");
    assert!(ask.to_string().contains("there are 11, 12"), "{ask}");
}

#[test]
fn images_of_a_projects_tasks_are_not_mixed() {
    let image = |name, task, label| {
        format!(
            "<image name=\"{name}\" task_id=\"{task}\" width=\"200\" height=\"100\">\
             <box label=\"{label}\" xtl=\"0\" ytl=\"0\" xbr=\"100\" ybr=\"50\"/></image>"
        )
    };
    let file = format!(
        "<annotations>{}{}</annotations>",
        image("frame_1.png", 1, "door"),
        image("frame_1.png", 2, "window")
    );
    assert!(with(&file, None, &NONE).expect_err("two tasks").to_string().contains("there are 1, 2"));
    let found = with(&file, None, &ImportWishes { task: Some("2"), ..NONE }).expect("one task");
    assert_eq!(zones(&found), ["window window: 0,0 500,0 500,500 0,500"]);
}

#[test]
fn frigates_units_are_told_by_reasons() {
    let import = |mask: &str, unit| {
        let file = format!(
            "cameras:\n  a:\n    detect: {{width: 1280, height: 720}}\n    motion:\n      mask: {mask}\n"
        );
        with(&file, None, &ImportWishes { unit, ..NONE })
    };
    let shares = |mask: &str| zones(&import(mask, None).expect(mask)).join("; ");
    // A little over the edge, on either side of it.
    assert_eq!(
        shares("0.5,0.5,1.001,0.5,1.001,1.02,0.5,1.0"),
        "other motion mask: 500,500 1000,500 1000,1000 500,1000"
    );
    assert_eq!(shares("-0.003,0,0.5,0,0.5,0.5,-0.01,0.5"), "other motion mask: 0,0 500,0 500,500 0,500");
    assert_eq!(shares("0,0,1,0,1,1,0,1"), "other motion mask: 0,0 1000,0 1000,1000 0,1000");
    // Pixels, also with fractions.
    assert_eq!(shares("0,0,640,0,640,360"), "other motion mask: 0,0 500,0 500,500");
    assert_eq!(shares("128.5,72.2,640.9,72,640,360"), "other motion mask: 100,100 501,100 500,500");
    // Each outline by itself.
    assert_eq!(
        shares("[\"0,0,640,0,640,360\", \"0.5,0.5,1.001,0.5,1,1\"]"),
        "other motion mask 1: 0,0 500,0 500,500; other motion mask 2: 500,500 1000,500 1000,1000"
    );
    let unclear = "0.4,0.5,640,0.5,640,360";
    let ask = import(unclear, None).expect_err("either");
    assert!(
        ask.to_string().contains("line 5: motion mask: its coordinates may be pixels or shares"),
        "{ask}"
    );
    assert!(matches!(&ask, ImportError::Ask { cure, .. } if cure.contains("--unit pixels")), "{ask}");
    let pixels = import(unclear, Some(CoordinateUnit::Pixels)).expect("said");
    assert_eq!(zones(&pixels), ["other motion mask: 0,1 500,1 500,500"]);
    let beyond = "0.4,0.5,1.6,0.5,1.6,0.9";
    assert!(import(beyond, None).is_err());
    let found = import(beyond, Some(CoordinateUnit::Shares)).expect("said");
    assert_eq!(zones(&found), ["other motion mask: 400,500 1000,500 1000,700"]);
}

#[test]
fn zones_of_hardly_any_pixels_are_a_question() {
    let square = |right: f64| {
        format!(
            "{{\"imageWidth\": 640, \"imageHeight\": 480, \"shapes\": [{{\"label\": \"deur\", \"shape_type\": \"rectangle\", \
             \"points\": [[10, 10], [{right}, 200]]}}]}}"
        )
    };
    let ask = with(&square(13.5), None, &NONE).expect_err("a speck");
    assert!(
        ask.to_string().contains("hardly anything is hidden by shape 1 \"deur\" (3.5 x 190.0 pixels)"),
        "{ask}"
    );
    assert!(matches!(&ask, ImportError::Ask { cure, .. } if cure.contains("--small-zones")), "{ask}");
    let meant = with(&square(13.5), None, &ImportWishes { small_zones: true, ..NONE }).expect("meant");
    assert!(meant.to_toml("yard", "x").contains("small = true"));
    check_file(&meant);
    assert!(!with(&square(14.0), None, &NONE).expect("four").to_toml("yard", "x").contains("small"));
    // As large as its picture says, and small on the camera's.
    let frame = Some(FrameSize { width: 64, height: 48 });
    assert!(with(&square(30.0), None, &ImportWishes { frame, ..NONE }).is_err());
}

#[test]
fn a_labelme_mask_holds_its_last_pixels() {
    let mask = "{\"imageWidth\": 100, \"imageHeight\": 100, \"shapes\": [{\"label\": \"raam\", \"shape_type\": \"mask\", \
                \"points\": [[20.0, 30.0], [99.0, 49.5]], \"mask\": \"iVBORw0KGgo=\"}]}";
    assert_eq!(
        zones(&with(mask, None, &NONE).expect("read")),
        ["window raam: 200,300 1000,300 1000,500 200,500"]
    );
}

#[test]
fn a_line_that_ends_where_it_began_is_a_region() {
    let labelme = "{\"imageWidth\": 100, \"imageHeight\": 100, \"shapes\": [{\"label\": \"tuin\", \"shape_type\": \"linestrip\", \
                   \"points\": [[0, 0], [50, 0], [50, 50], [0, 0]]}]}";
    let cvat = "<annotations><image name=\"a\" width=\"100\" height=\"100\">\
                <polyline label=\"tuin\" points=\"0,0;50,0;50,50;0,0\"/></image></annotations>";
    for file in [labelme, cvat] {
        assert_eq!(zones(&with(file, None, &NONE).expect("read")), ["garden tuin: 0,0 500,0 500,500"]);
    }
}

#[test]
fn a_cuboid_is_the_region_around_it_and_what_is_not_known_is_refused() {
    let cvat = |inner: &str| {
        let file = format!(
            "<annotations><image name=\"a\" width=\"100\" height=\"100\">\n{inner}</image></annotations>"
        );
        with(&file, None, &NONE)
    };
    let cuboid = "<cuboid label=\"deur\" xtl1=\"10\" ytl1=\"20\" xbl1=\"10\" ybl1=\"80\" xtr1=\"40\" ytr1=\"20\" xbr1=\"40\" \
                  ybr1=\"80\" xtl2=\"20\" ytl2=\"10\" xbl2=\"20\" ybl2=\"70\" xtr2=\"50\" ytr2=\"10\" xbr2=\"50\" ybr2=\"70\"/>";
    let found = cvat(cuboid).expect("a cuboid");
    assert_eq!(zones(&found), ["door deur: 100,200 200,100 500,100 500,700 400,800 100,800"]);
    let error = cvat("<blob label=\"deur\"/>").expect_err("unknown").to_string();
    assert!(error.contains("line 2 \"deur\": <blob> is not known here; draw it as a polygon"), "{error}");
}

#[test]
fn of_several_labelme_pictures_one_is_asked_for() {
    let picture = |name: &str, label: &str| {
        format!(
            "{{\"imagePath\": \"{name}\", \"imageWidth\": 100, \"imageHeight\": 100, \"shapes\": [{{\"label\": \"{label}\", \
             \"points\": [[0, 0], [50, 0], [50, 50]]}}]}}"
        )
    };
    let file = format!("[{},{}]", picture("cams/a.png", "deur"), picture("cams/b.png", "raam"));
    let ask = with(&file, None, &NONE).expect_err("two pictures").to_string();
    assert!(ask.contains("it has shapes on 2 images") && ask.contains("cams/a.png (100x100)"), "{ask}");
    let found = with(&file, None, &ImportWishes { image: Some("b.png"), ..NONE }).expect("one");
    assert_eq!(zones(&found), ["window raam: 0,0 500,0 500,500"]);
}

#[test]
fn a_flag_that_fits_another_tool_is_refused() {
    for (wishes, says) in [
        (ImportWishes { camera: Some("a"), ..NONE }, "--camera is for frigate"),
        (ImportWishes { task: Some("a"), ..NONE }, "--task is for cvat"),
    ] {
        assert!(refused("courtyard.labelme.json", &wishes).ends_with(says));
    }
    let image = ImportWishes { image: Some("a"), ..NONE };
    assert!(refused("config.frigate.yml", &image).contains("--image is for"));
}

#[test]
fn every_kind_word_can_be_written() {
    let found = labelme(&[(1.0, 1.0), (9.0, 1.0), (9.0, 9.0)]).expect("a shape");
    assert_eq!((found.zones[0].kind, found.notes.len()), (ZoneKind::Other, 1));
}
