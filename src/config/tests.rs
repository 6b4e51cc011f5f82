//! What an operator sees of a bad settings file, and that no file at all brings the reader down.

use super::*;
use crate::geometry::FrameSize;
use crate::lang::Lang;
use clap::ValueEnum;
use proptest::prelude::*;
use std::path::{Path, PathBuf};

const VALID: &str = r#"schema = 1
id = "entrance-3"
description = "Entrance hall, seen from the stairs"
frame = { width = 768, height = 576 }

[[zone]]
kind = "bell-panel"
label = "bells"
polygon = [[0.1, 0.1], [0.3, 0.1], [0.3, 0.4]]

[[zone]]
kind = "window"
label = "café opposite"
polygon = [[0, 0], [1, 0], [1, 0.25], [0, 0.25]]
style = "fill"
"#;

/// A directory with one file in it.
fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a scratch directory");
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).expect("a scratch file");
    (dir, path)
}

pub(super) fn camera(text: &str) -> Result<Camera, SettingsError> {
    let (_dir, path) = file("entrance-3.toml", text.as_bytes());
    Camera::read(&path)
}

fn site(text: &str) -> Result<Site, SettingsError> {
    let (_dir, path) = file("site.toml", text.as_bytes());
    Site::read(&path)
}

/// Every fault as `line:column message | offending text | cure`.
fn lines(error: &SettingsError) -> Vec<String> {
    let place = |n: Option<usize>| n.map_or_else(|| "-".to_owned(), |n| n.to_string());
    error
        .faults
        .iter()
        .map(|fault| {
            let offending: Vec<_> = fault.offending().collect();
            let cure = fault.cure.as_deref().unwrap_or("");
            let (line, column) = (place(fault.line()), place(fault.column()));
            format!("{line}:{column} {} | {} | {cure}", fault.message, offending.join(" ^ "))
        })
        .collect()
}

pub(super) fn check(error: &SettingsError, expect: &[&str]) {
    let found = lines(error);
    assert_eq!(found, expect, "\n{}", found.join("\n"));
}

fn report(error: &SettingsError) -> String {
    let mut text = String::new();
    let theme = miette::GraphicalTheme::unicode_nocolor();
    miette::GraphicalReportHandler::new_themed(theme)
        .with_width(110)
        .render_report(&mut text, error)
        .expect("a report");
    text
}

#[test]
fn a_valid_camera_file_is_read_whole() {
    let camera = camera(VALID).expect("a valid file");
    assert_eq!(camera.id, "entrance-3");
    assert_eq!(camera.frame, FrameSize { width: 768, height: 576 });
    assert_eq!(camera.zones.len(), 2);
    assert_eq!((camera.zones[0].kind, camera.zones[0].style), (ZoneKind::BellPanel, None));
    assert_eq!(camera.zones[1].label, "café opposite");
    assert_eq!(camera.zones[1].style, Some(Style::Fill));
    assert_eq!(camera.zones[1].polygon.points()[2].y, 0.25);
    // sha256sum of the text above.
    assert_eq!(camera.sha256, "60cfd1b587a38436dfb9b9e9efa9cd35be41f87251299dfa643c2b87fe514c24");
}

#[test]
fn every_fault_of_a_camera_file_is_shown_with_place_and_cure() {
    let text = r#"schema = 2
id = "Entrance 3"
descripton = "Entrance hall"
frame = { width = "768", height = 0 }

[[zone]]
kind = "dor"
label = "café"
polygon = [[0.1, 0.1], [1.2, 0.1], [0.3, -0.4]]
colour = "red"

[[zone]]
kind = "window"
label = "café"
polygon = [[0.1, 0.1], [0.9, 0.9]]
style = "mosaic"

[[zone]]
kind = 7
label = " "
polygon = [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]

[[zone]]
label = "flat"
polygon = [[0.1, 0.1, 0.2], [0.5, "0.5"], 3]
"#;
    let error = camera(text).expect_err("a bad file");
    let kinds =
        "door, window, garden, street, name-plate, bell-panel, screen, mirror, notice-board, parking, other";
    check(
        &error,
        &[
            "1:10 schema 2 is not known here | 2 | write schema = 1",
            "2:6 `id` cannot be \"Entrance 3\" | \"Entrance 3\" | write id = \"entrance-3\"",
            "3:1 unknown key `descripton` | descripton | did you mean `description`? \
             Known here: schema, id, description, frame, view, fixed, \
             absent, register, live, stream, zone, overlay, reference",
            "4:19 `frame.width` must be a whole number | \"768\" | write it without quotes: 768",
            "4:35 `frame.height` is out of range | 0 | write a whole number from 1 to 16384",
            &format!(
                "7:8 `zone 1.kind` cannot be \"dor\" | \"dor\" | did you mean \"door\"? Possible are {kinds}"
            ),
            "9:24 point [1.2, 0.1] lies outside the picture | [1.2, 0.1] | \
             x and y run from 0 to 1; the nearest point on the edge is [1, 0.1]",
            "9:36 point [0.3, -0.4] lies outside the picture | [0.3, -0.4] | \
             x and y run from 0 to 1; the nearest point on the edge is [0.3, 0]",
            "10:1 unknown key `colour` | colour | remove it; known in `zone 1`: kind, label, polygon, style, small",
            "14:9 two zones are labelled \"café\" | \"café\" ^ \"café\" | give each a label of its own",
            "15:11 a polygon needs at least 3 points, this one has 2 | [[0.1, 0.1], [0.9, 0.9]] | \
             write polygon = [[x, y], [x, y], [x, y]], with x and y from 0 to 1",
            "16:9 `zone 2.style` cannot be \"mosaic\" | \"mosaic\" | write one of blur, pixelate, fill",
            "19:8 `zone 3.kind` must be text in quotes | 7 | put it in quotes: kind = \"7\"",
            "20:9 `zone 3.label` is empty | \" \" | write what your colleagues call it",
            "21:12 the side from point 1 to 2 meets the side from point 3 to 4 | [0.1, 0.1] ^ [0.9, 0.1] | \
             list the corners in the order in which one would walk around the region",
            "23:1 key `kind` is missing in `zone 4` | [[zone]] | write kind = \"door\", or what it is",
            "25:12 a point has two coordinates, this one has 3 | [0.1, 0.1, 0.2] | write a point as [x, y]",
            "25:35 `coordinate 2` must be a number | \"0.5\" | write it without quotes: 0.5",
            "25:43 `point 3` must be a list | 3 | write a point as [x, y]",
        ],
    );
    assert!(error.to_string().starts_with("19 faults in "), "{error}");
    let shown = report(&error);
    for part in ["entrance-3.toml:9:24]", "outside 0..1", "help: put it in quotes: kind = \"7\""] {
        assert!(shown.contains(part), "no {part:?} in:\n{shown}");
    }
}

#[test]
fn polygons_in_pixels_are_answered_with_the_numbers_to_write() {
    let text = VALID.replace("[[0.1, 0.1], [0.3, 0.1], [0.3, 0.4]]", "[[0, 288], [384, 288], [384, 576]]");
    check(
        &camera(&text).expect_err("pixels"),
        &["9:12 coordinates look like pixels, but run from 0 to 1 of the picture | \
           [0, 288] ^ [384, 288] ^ [384, 576] | divide every x by the width 768 and every y by the height 576: \
           polygon = [[0, 0.5], [0.5, 0.5], [0.5, 1]]"],
    );
    let larger = VALID.replace("[0.3, 0.4]]", "[1900, 1000]]");
    let error = camera(&larger).expect_err("pixels of another picture");
    assert!(error.faults[0].cure.as_deref().is_some_and(|cure| cure.contains("as `frame` says 768x576")));
}

#[test]
fn closed_flat_and_endless_polygons_are_refused() {
    let polygon = |points: &str| camera(&VALID.replace("[[0.1, 0.1], [0.3, 0.1], [0.3, 0.4]]", points));
    check(
        &polygon("[[0.1, 0.1], [0.3, 0.1], [0.3, 0.4], [0.1, 0.1]]").expect_err("closed by hand"),
        &["9:48 point 4 is the same as point 1 | [0.1, 0.1] | leave it out: a polygon closes by itself"],
    );
    check(
        &polygon("[[0.1, 0.5], [0.3, 0.5], [0.3, 0.5], [0.4, 0.7]]").expect_err("a point twice"),
        &["9:36 point 3 is the same as point 2 | [0.3, 0.5] | leave it out: a polygon closes by itself"],
    );
    assert!(polygon("[[0.25, 0.5], [0.5, 0.5], [0.75, 0.5]]").is_err());
    assert!(polygon("[[0.25, nan], [0.5, 0.5], [0.75, inf]]").is_err());
    let many: Vec<String> = (0..501).map(|i| format!("[{}, 0.5]", f64::from(i) / 1000.0)).collect();
    let error = polygon(&format!("[{}]", many.join(", "))).expect_err("too many");
    assert_eq!(error.faults[0].message, "a polygon has at most 500 points, this one has 501");
}

#[test]
fn an_empty_file_lists_what_is_missing() {
    check(
        &camera("").expect_err("nothing there"),
        &[
            "1:1 key `schema` is missing |  | write schema = 1",
            "1:1 key `id` is missing |  | write id = \"entrance-3\"",
            "1:1 key `description` is missing |  | write description = \"...\", what the camera films",
            "1:1 key `frame` is missing |  | write frame = { width = 768, height = 576 }, the clip's size in pixels",
        ],
    );
    assert!(report(&camera("").expect_err("nothing there")).contains("write schema = 1"));
}

#[test]
fn the_id_is_the_name_of_the_file() {
    let error = camera(&VALID.replace("entrance-3", "entrance-4")).expect_err("another camera's id");
    check(
        &error,
        &["2:6 `id` is \"entrance-4\" in a file named entrance-3 | \"entrance-4\" | \
           write id = \"entrance-3\", or name the file entrance-4.toml"],
    );
    assert!(camera(&VALID.replace("entrance-3", "")).is_err());
}

#[test]
fn a_zone_in_single_brackets_is_explained() {
    let error = camera(&VALID[..VALID.len() - 1].replace("[[zone]]", "[zone]")).expect_err("twice one table");
    assert!(
        error.faults[0].message.starts_with("this is not valid TOML: duplicate key"),
        "{:?}",
        lines(&error)
    );
    let one = VALID.split("[[zone]]").take(2).collect::<Vec<_>>().join("[zone]");
    check(
        &camera(&one).expect_err("one table"),
        &["6:1 `zone` must be a list | [zone] | write [[zone]] above each zone, in double brackets"],
    );
}

#[test]
fn broken_toml_is_shown_where_it_breaks() {
    let text = VALID.replace("id = \"entrance-3\"", "id = entrance-3").replace("\"fill\"", "\"fill");
    let error = camera(&text).expect_err("not TOML");
    let places: Vec<_> = error.faults.iter().map(|fault| (fault.line(), fault.column())).collect();
    assert_eq!(places, [(Some(2), Some(6)), (Some(15), Some(14))], "{:?}", lines(&error));
    assert!(error.faults.iter().all(|fault| fault.message.starts_with("this is not valid TOML: ")));
}

#[test]
fn control_characters_reach_no_terminal() {
    for text in [
        "\u{1b}]0;owned\u{7}",
        "x = 1 \u{1b}[2J",
        "\"\\u001b[2J\" = 1",
        "id = \"\\u001b[2J\"",
        "\u{9b}2J = 1",
    ] {
        let error = camera(text).expect_err("not a camera");
        let shown = format!("{error}{}", report(&error));
        assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
    }
}

#[test]
fn a_byte_order_mark_does_no_harm() {
    assert!(camera(&format!("\u{feff}{VALID}")).is_ok());
    let error = camera(&format!("\u{feff}{}", VALID.replace("= 768", "= 0"))).expect_err("no width");
    assert_eq!(error.faults[0].offending().collect::<Vec<_>>(), ["0"]);
}

#[test]
fn what_is_not_a_text_file_gets_one_sentence() {
    let check = |path: &Path, part: &str| {
        let error = Camera::read(path).expect_err("not a text file");
        assert_eq!(error.faults.len(), 1);
        assert!(error.faults[0].message.contains(part), "{:?}", lines(&error));
        assert_eq!(error.faults[0].line(), None);
        assert!(report(&error).contains("1 fault in "));
    };
    let (dir, latin1) = file("entrance-3.toml", b"schema = 1\nid = \"caf\xe9\"\n");
    check(&latin1, "is not UTF-8 text (line 2)");
    check(dir.path(), "is a directory");
    check(&dir.path().join("absent.toml"), "cannot be read");
    check(Path::new("/dev/null"), "is not a regular file");
    let (_dir, large) = file("clip.toml", &vec![b'#'; (1 << 20) + 1]);
    check(&large, "is larger than 1 MiB");
}

#[test]
fn a_clip_of_another_shape_is_refused_at_frame() {
    let (_dir, path) = file("entrance-3.toml", VALID.as_bytes());
    let camera = Camera::read(&path).expect("a valid file");
    for same in [(768, 576), (384, 288), (1440, 1080), (764, 576)] {
        assert!(check_size(&camera, &path, FrameSize { width: same.0, height: same.1 }).is_ok(), "{same:?}");
    }
    let error = check_size(&camera, &path, FrameSize { width: 1920, height: 1080 }).expect_err("16:9");
    check(
        &error,
        &["4:9 the clip is 1920x1080, another shape of picture than camera entrance-3's 768x576 | \
           { width = 768, height = 576 } | use the camera file of the camera that made this clip; if this camera \
           was set to another picture, write frame = { width = 1920, height = 1080 } and draw its zones anew"],
    );
    std::fs::remove_file(&path).expect("the file");
    assert!(check_size(&camera, &path, FrameSize { width: 1920, height: 1080 }).is_err());
}

#[test]
fn hostile_files_are_answered_soon_and_shortly() {
    let error = camera(&"[[zone]]\n".repeat(20_000)).expect_err("empty zones");
    assert_eq!(error.faults.len(), 100);
    assert!(error.to_string().ends_with("of which the first 100 are shown"), "{error}");
    assert!(camera(&"[".repeat(1 << 20)).is_err());
    assert!(camera(&format!("x = {}", "[".repeat(100_000))).is_err());
    assert!(camera(&format!("x = {}1", "{a=".repeat(100_000))).is_err());
    assert!(camera(&format!("{} = 1", "a.".repeat(100_000))).is_err());
}

#[test]
fn words_are_the_same_in_settings_and_in_reports() {
    fn check<T: ValueEnum + serde::Serialize>() {
        for word in T::value_variants() {
            let name = word.to_possible_value().expect("no word is hidden").get_name().to_owned();
            assert_eq!(serde_json::to_value(word).expect("a word"), name);
        }
    }
    check::<ZoneKind>();
    check::<View>();
    check::<Style>();
    check::<Provider>();
    check::<TilingMode>();
    assert_eq!(ZoneKind::BellPanel.to_string(), "bell-panel");
}

#[test]
fn kinds_of_zone_are_read_in_dutch_as_well() {
    for (word, kind) in [
        ("voordeur", ZoneKind::Door),
        ("deur", ZoneKind::Door),
        ("raam", ZoneKind::Window),
        ("straat", ZoneKind::Street),
        ("tuin", ZoneKind::Garden),
        ("balkon", ZoneKind::Garden),
        ("spiegel", ZoneKind::Mirror),
        ("prikbord", ZoneKind::NoticeBoard),
        ("overig", ZoneKind::Other),
    ] {
        let text = VALID.replace("bell-panel", word).replacen("\n\n", "\nabsent = [\"scherm\"]\n\n", 1);
        let camera = camera(&text).expect(word);
        assert_eq!((camera.zones[0].kind, camera.absent), (kind, vec![ZoneKind::Screen]));
    }
    assert_eq!(
        (ZoneKind::Door.word(Lang::Nl), ZoneKind::Door.word(Lang::En)),
        ("deur".into(), "door".into())
    );
    for kind in ZoneKind::value_variants() {
        assert_eq!(ZoneKind::from_str(&kind.word(Lang::Nl), false), Ok(*kind));
    }
}

#[test]
fn the_starter_file_is_valid_and_so_is_every_zone_in_it() {
    let frame = FrameSize { width: 1920, height: 1080 };
    let text = starter("entrance-3", frame, "clip\n[[zone]].mp4");
    let begun = camera(&text).expect("a valid file");
    assert_eq!((begun.zones.len(), begun.frame), (0, frame));
    let keys =
        ["[[zone]]", "[[overlay]]", "kind = ", "label = ", "polygon = ", "style = ", "view = ", "fixed = "];
    let fields =
        register::FIELDS.iter().chain(&register::FURTHER_FIELDS).map(|field| format!("{} = ", field.key));
    let keys: Vec<String> = keys.into_iter().map(str::to_owned).chain(fields).collect();
    let uncomment = |line: &str| {
        let bare = line.strip_prefix("# ").filter(|bare| keys.iter().any(|key| bare.starts_with(key)));
        bare.unwrap_or(line).to_owned() + "\n"
    };
    let full = camera(&text.lines().map(uncomment).collect::<String>()).expect("valid examples");
    let kinds: Vec<_> = full.zones.iter().map(|zone| zone.kind).collect();
    assert_eq!(kinds, ZoneKind::value_variants());
    assert_eq!(full.overlays.len(), 1);
    assert!(text.lines().all(|line| line.chars().count() <= 120));
    assert!(advise(&full, jiff::civil::date(2026, 10, 1), Lang::En).is_empty());
}

#[test]
fn the_shipped_site_file_says_the_defaults_and_every_key() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/site.example.toml");
    let shipped = Site::read(&path).expect("the shipped file");
    assert!(shipped.office.is_some(), "the example shows an office as well");
    assert_eq!(Site { office: None, ..shipped }, Site::default());
    assert_eq!(site("").expect("an empty file"), Site::default());
    fn keys(value: &serde_json::Value, found: &mut Vec<String>) {
        for (key, value) in value.as_object().into_iter().flatten() {
            found.push(key.clone());
            keys(value, found);
        }
    }
    let mut found = Vec::new();
    keys(&serde_json::to_value(Site::default()).expect("settings"), &mut found);
    let text = std::fs::read_to_string(&path).expect("the shipped file");
    for key in found {
        let starts =
            [format!("{key} ="), format!("# {key} ="), format!("[{key}]"), format!("[detect.{key}]")];
        assert!(text.lines().any(|line| starts.iter().any(|start| line.starts_with(start))), "no {key}");
    }
}

#[test]
fn site_settings_are_read() {
    let read = site(
        "schema = 1\n[detect]\nprovider = \"openvino\"\nallow_cpu_fallback = true\nworkers = 2\n\
         person_input_px = 416\nface_score = 0.25\ntiling = \"tile\"\n\
         mirrored = true\nrotated = true\ntargets = [\"faces\", \"persons\", \"screens\"]\nmodels = [\"a\", \"b\"]\ncadence = { persons = 2, faces = 3, keen_share = 0.5, gap_s = 0.3, rest_s = 0.5 }\n\
         [scene]\nwidth_px = 320\nlow = 0.3\n[mask]\nstyle = \"fill\"\nfill_colour = \"00FF00\"\nmargin_px = 2.5\n\
         [encode]\npreset = \"small\"\nquality = 0\n[limits]\nstall_secs = 1.5\nmax_side_px = 16_384\n",
    )
    .expect("valid settings");
    let mut expect = Site::default();
    expect.detect.provider = Provider::Openvino;
    expect.detect.allow_cpu_fallback = true;
    expect.detect.workers = 2;
    expect.scene.width_px = 320;
    expect.scene.low = 0.3;
    expect.detect.person_input_px = 416;
    expect.detect.face_score = Some(0.25);
    expect.detect.tiling = TilingMode::Tile;
    expect.detect.mirrored = true;
    expect.detect.rotated = true;
    expect.detect.targets = Targets { vehicles: false, screens: true };
    expect.detect.models = vec!["a".into(), "b".into()];
    expect.detect.cadence = Cadence { persons: 2, faces: 3, keen_share: 0.5, gap_s: 0.3, rest_s: 0.5 };
    expect.mask.style = Style::Fill;
    expect.mask.fill_colour = Rgb([0, 255, 0]);
    expect.mask.margin_px = 2.5;
    expect.encode.preset = Preset::Small;
    expect.encode.quality = 0;
    expect.limits.stall_secs = 1.5;
    expect.limits.max_side_px = 16_384;
    assert_eq!(read, expect);
}

#[test]
fn every_fault_of_a_site_file_is_shown() {
    let error = site(
        "schema = \"1\"\n[detect]\nworkers = 257\nperson_input_px = 650\nface_score = 0\nnms_iou = nan\n\
         cadence = { persons = 0, people = 1 }\n[mask]\nfill_colour = 404040\nmargin = -0.1\n\
         [encode]\npreset = \"superfast\"\nquality = 23.5\n[limit]\nstall_secs = 0\n",
    )
    .expect_err("bad settings");
    check(
        &error,
        &[
            "1:10 `schema` must be a whole number | \"1\" | write it without quotes: 1",
            "3:11 `detect.workers` is out of range | 257 | write a whole number from 0 to 256",
            "4:19 `detect.person_input_px` must be a multiple of 32 | 650 | write 640 or 672",
            "5:14 `detect.face_score` is out of range | 0 | write a number from 0.01 to 0.99",
            "6:11 `detect.nms_iou` is out of range | nan | write a number from 0.1 to 0.95",
            "7:23 `detect.cadence.persons` is out of range | 0 | write a whole number from 1 to 250",
            "7:26 unknown key `people` | people | remove it; known in `detect.cadence`: persons, faces, keen_share, gap_s, rest_s",
            "9:15 `mask.fill_colour` must be text in quotes | 404040 | put it in quotes: fill_colour = \"404040\"",
            "10:10 `mask.margin` is out of range | -0.1 | write a number from 0 to 2",
            "12:10 `encode.preset` cannot be \"superfast\" | \"superfast\" | write one of fast, balanced, small",
            "13:11 `encode.quality` must be a whole number | 23.5 | write a whole number from 0 to 51",
            "14:2 unknown key `limit` | limit | did you mean `limits`? Known here: schema, detect, follow, scene, mask, decode, encode, limits, track, policy, tighten, user, cases, calendar, house",
        ],
    );
}

#[test]
fn a_site_that_leaves_people_out_is_refused() {
    let error = site("[detect]\ntargets = [\"vehicles\"]\nmodels = [1]\n").expect_err("people are missing");
    check(
        &error,
        &[
            "2:11 the targets leave out persons and faces, but persons and faces are always hidden | [\"vehicles\"] | \
             write [\"persons\", \"faces\", \"vehicles\"]",
            "3:11 `model 1` must be text in quotes | 1 | put it in quotes: models = \"1\"",
        ],
    );
}

proptest! {
    #[test]
    fn no_bytes_bring_the_reader_down(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let (_dir, path) = file("entrance-3.toml", &bytes);
        if let Err(error) = Camera::read(&path) {
            prop_assert!(!error.faults.is_empty());
            let _ = report(&error);
        }
        let _ = Site::read(&path);
    }

    #[test]
    fn no_mutation_of_a_valid_file_brings_the_reader_down(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0usize..6, "[ -~é\\n]{0,4}"), 1..5),
    ) {
        let mut text = VALID.to_owned();
        for (at, cut, insert) in edits {
            let start = text.floor_char_boundary(at.index(text.len() + 1));
            let end = text.ceil_char_boundary((start + cut).min(text.len()));
            text.replace_range(start..end, &insert);
        }
        match camera(&text) {
            Ok(camera) => prop_assert_eq!(camera.id, "entrance-3"),
            Err(error) => {
                let _ = report(&error);
                for fault in &error.faults {
                    prop_assert!(fault.line().is_some_and(|line| line <= text.lines().count() + 1));
                    prop_assert!(fault.cure.is_some());
                }
            }
        }
    }
}
