//! Register, overlays, questions and schema of a camera file.

use super::tests::{camera, check};
use super::*;
use crate::geometry::{FrameSize, UnitPoint, UnitPolygon};
use crate::lang::Lang;
use jiff::civil::date;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// Every key that a camera file can have.
const FULL: &str = r#"schema = 1
id = "entrance-3"
description = "Entrance hall"
frame = { width = 768, height = 576 }
view = "overhead"
fixed = false
absent = ["mirror", "screen"]
live = "masked"

[register]
location = "Courtyard flats"
purpose = ["burglary", "vandalism"]
responsible = "team complex management"
access = ["contact person"]
retention_days = 28
installed = 2026-03-01
evaluate_by = 2027-03-01
last_checked = 2026-02-28
notice_placed = 2026-03-01
processor_agreement = "contract 14"

[[zone]]
kind = "door"
label = "door"
polygon = [[0.1, 0.1], [0.3, 0.1], [0.3, 0.4]]
style = "fill"
small = false

[[overlay]]
label = "clock"
polygon = [[0.7, 0.9], [0.98, 0.9], [0.98, 0.98], [0.7, 0.98]]

[[overlay]]
label = "name"
polygon = [[0, 0.95], [0.1, 0.95], [0.1, 1], [0, 1]]

[[reference]]
file = "entrance-3.reference-1.png"
sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
taken = 2026-03-01
light = "day"
approved_by = "contact person"
approved_on = 2026-03-02
despite = "the coat stand"
spread = "entrance-3.spread.png"
spread_sha256 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

[stream]
url = "rtsps://entrance-3.example/main"
transport = "tls"
delivery = "udp"
ca = "cameras.pem"
credentials = "entrance-3"
record = true
"#;

const TODAY: jiff::civil::Date = date(2026, 9, 1);

fn changed(from: &str, to: &str) -> Result<Camera, SettingsError> {
    assert!(FULL.contains(from), "{from}");
    camera(&FULL.replace(from, to))
}

#[test]
fn every_key_is_read() {
    let found = camera(FULL).expect("a valid file");
    assert_eq!((found.view, found.fixed), (View::Overhead, false));
    assert_eq!(found.absent, [ZoneKind::Mirror, ZoneKind::Screen]);
    let labels: Vec<_> = found.overlays.iter().map(|overlay| overlay.label.as_str()).collect();
    assert_eq!(labels, ["clock", "name"]);
    assert_eq!(found.overlays[1].polygon.points()[2].y, 1.0);
    let register = Register {
        location: Some("Courtyard flats".into()),
        purpose: vec!["burglary".into(), "vandalism".into()],
        responsible: Some("team complex management".into()),
        access: vec!["contact person".into()],
        retention_days: Some(28),
        installed: Some(date(2026, 3, 1)),
        evaluate_by: Some(date(2027, 3, 1)),
        last_checked: Some(date(2026, 2, 28)),
        notice_placed: Some(Attested::Since(date(2026, 3, 1))),
        processor_agreement: Some(Attested::By("contract 14".into())),
        ..Register::default()
    };
    assert_eq!(found.register, register);
    let plain = camera(&FULL[..FULL.find("view").expect("a key")]).expect("the rest may be absent");
    assert_eq!((plain.view, plain.fixed, plain.register), (View::Level, true, Register::default()));
    let no = changed("notice_placed = 2026-03-01", "notice_placed = false").expect("not placed").register;
    assert_eq!(no.notice_placed, Some(Attested::No));
    let yes = changed("\"contract 14\"", "true").expect("an agreement").register;
    assert_eq!(yes.processor_agreement, Some(Attested::Yes));
    let further = "last_checked = 2026-02-28\nlast_evaluated = 2026-08-01\ncheck_every_days = 30\n\
                   owners_consent = 2026-01-15\ndpia = \"DPIA 2026-02\"\ndummy = true";
    let more = changed("last_checked = 2026-02-28", further).expect("further fields").register;
    let expect = Register {
        last_evaluated: Some(date(2026, 8, 1)),
        check_every_days: Some(30),
        owners_consent: Some(Attested::Since(date(2026, 1, 15))),
        dpia: Some(Attested::By("DPIA 2026-02".into())),
        dummy: true,
        ..register
    };
    assert_eq!(more, expect);
}

#[test]
fn every_fault_of_a_register_is_shown() {
    let register = "[register]\nlocation = \" \"\npurpose = \"burglary\"\naccess = [\"a\", 7]\nretention_days = 400\n\
                    installed = \"2026-03-01\"\nevaluate_by = 2026-03-01T10:00:00\nlast_checked = 0202-01-01\n\
                    notice_placed = \"yes\"\nprocessor_agreement = 3\nresponsable = \"x\"\n";
    let start = FULL.find("[register]").expect("a table");
    let end = FULL.find("[[zone]]").expect("zones");
    let error = camera(&[&FULL[..start], register, &FULL[end..]].concat()).expect_err("many faults");
    check(
        &error,
        &[
            "11:12 `register.location` is empty | \" \" | fill it in, or leave the key out",
            "12:11 `register.purpose` must be a list | \"burglary\" | write a list: purpose = [\"...\", \"...\"]",
            "13:16 `access 2` must be text in quotes | 7 | put it in quotes: access = \"7\"",
            "14:18 `register.retention_days` is out of range | 400 | write a whole number from 1 to 365",
            "15:13 `register.installed` must be a date | \"2026-03-01\" | \
             write the day alone, without quotes: installed = 2026-01-31",
            "16:15 `register.evaluate_by` must be a date without a time | 2026-03-01T10:00:00 | \
             write the day alone, without quotes: evaluate_by = 2026-01-31",
            "17:16 `register.last_checked` is out of range | 0202-01-01 | write a day of the years 1980 to 2099",
            "18:17 `register.notice_placed` must be true, false or a date | \"yes\" | \
             write true, false, or the day: notice_placed = 2026-01-31",
            "19:23 `register.processor_agreement` must be true, false, a date or a text | 3 | \
             write true, false, the day, or which one: processor_agreement = \"contract 2026-14\"",
            "20:1 unknown key `responsable` | responsable | did you mean `responsible`? Known in `register`: location, \
             purpose, responsible, access, retention_days, installed, evaluate_by, last_checked, notice_placed, \
             processor_agreement, owners_consent, dpia, last_evaluated, check_every_days, dummy",
        ],
    );
    for impossible in ["2026-02-30", "2026-13-01", "2025-02-29", "2026-00-10"] {
        let error =
            changed("installed = 2026-03-01", &format!("installed = {impossible}")).expect_err("no day");
        let place = (error.faults[0].line(), error.faults[0].column());
        assert!(place.0 == Some(16) && place.1 >= Some(13), "{impossible}: {place:?}");
    }
    assert!(changed("installed = 2026-03-01", "installed = 2024-02-29").is_ok());
}

#[test]
fn overlays_are_small_and_keep_away_from_zones() {
    let clock = "[[0.7, 0.9], [0.98, 0.9], [0.98, 0.98], [0.7, 0.98]]";
    check(
        &changed(clock, "[[0.5, 0.8], [1, 0.8], [1, 1], [0.5, 1]]").expect_err("too large"),
        &["31:11 overlay \"clock\" takes 10.00 % of the picture, at most 4 % may | \
           [[0.5, 0.8], [1, 0.8], [1, 1], [0.5, 1]] | \
           draw it close around the clock; a region that must be hidden is a [[zone]]"],
    );
    check(
        &changed(clock, "[[0.5, 0.924], [1, 0.924], [1, 1], [0.5, 1]]").expect_err("too large together"),
        &["31:11 the overlays take 4.30 % of the picture together, at most 4 % may | \
           [[0.5, 0.924], [1, 0.924], [1, 1], [0.5, 1]] ^ [[0, 0.95], [0.1, 0.95], [0.1, 1], [0, 1]] | \
           draw each close around the camera's clock or name, or leave one out"],
    );
    let meets = |polygon: &str| changed(clock, polygon).map(|_| ());
    check(
        &meets("[[0.3, 0.4], [0.4, 0.4], [0.4, 0.5]]").expect_err("a corner that touches"),
        &["31:11 overlay \"clock\" meets zone \"door\" | [[0.3, 0.4], [0.4, 0.4], [0.4, 0.5]] ^ \
           [[0.1, 0.1], [0.3, 0.1], [0.3, 0.4]] | what must be hidden cannot be shown: draw one of them smaller, so \
           that they lie apart, or leave the overlay out"],
    );
    assert!(meets("[[0.2, 0.15], [0.25, 0.15], [0.25, 0.2]]").is_err(), "inside");
    assert!(meets("[[0.11, 0.3], [0.15, 0.3], [0.15, 0.39]]").is_ok(), "in the zone's box, beside the zone");
    check(
        &changed("label = \"name\"", "label = \"clock\"").expect_err("a label twice"),
        &["34:9 two overlays are labelled \"clock\" | \"clock\" ^ \"clock\" | give each a label of its own"],
    );
    let many = "[[overlay]]\nlabel = \"x\"\npolygon = [[0, 0], [0.01, 0], [0, 0.01]]\n".repeat(17);
    let error = camera(&format!("{FULL}{many}")).expect_err("too many");
    assert_eq!(error.faults[0].message, "a camera has at most 16 overlays, this one has 19");
}

#[test]
fn what_is_absent_is_not_drawn() {
    check(
        &changed("[\"mirror\", \"screen\"]", "[\"mirror\", \"door\", \"mirror\", \"mirrror\"]")
            .expect_err("faults"),
        &[
            "7:29 `absent` names mirror twice | \"mirror\" ^ \"mirror\" | leave one out",
            "7:39 `absent 4` cannot be \"mirrror\" | \"mirrror\" | did you mean \"mirror\"? Possible are door, window, \
             garden, street, name-plate, bell-panel, screen, mirror, notice-board, parking, other",
        ],
    );
    check(
        &changed("[\"mirror\", \"screen\"]", "[\"door\"]").expect_err("it is drawn"),
        &["7:11 door is said to be absent, and zone \"door\" is one | \"door\" ^ \
           [[0.1, 0.1], [0.3, 0.1], [0.3, 0.4]] | take \"door\" out of `absent`"],
    );
}

fn about(text: &str, today: jiff::civil::Date) -> Vec<String> {
    advise(&camera(text).expect("a valid file"), today, Lang::En)
        .into_iter()
        .map(|advice| advice.about)
        .collect()
}

#[test]
fn what_is_commonly_forgotten_is_asked() {
    let fixed = FULL.replace("fixed = false", "fixed = true");
    assert_eq!(about(&fixed, TODAY), ["window", "bell-panel", "name-plate"]);
    assert_eq!(about(FULL, TODAY), ["fixed"]);
    let bare = &FULL[..FULL.find("view").expect("a key")];
    let asked = about(bare, TODAY);
    assert_eq!(asked.len(), 6 + register::FIELDS.len());
    assert!(asked.contains(&"mirror".to_owned()) && asked.contains(&"register.evaluate_by".to_owned()));
    for advice in advise(&camera(bare).expect("a valid file"), TODAY, Lang::En) {
        assert!(!advice.text.contains('\n') && advice.text.contains(&advice.about.replace("register.", "")));
    }
}

#[test]
fn dates_and_terms_are_looked_at() {
    let asked =
        |from: &str, to: &str, today| about(&FULL.replace("fixed = false", "").replace(from, to), today);
    let only = |from: &str, to: &str, today| {
        let asked = asked(from, to, today);
        asked.iter().filter(|about| about.starts_with("register.")).cloned().collect::<Vec<_>>()
    };
    assert_eq!(only("x", "x", TODAY), [""; 0]);
    assert_eq!(only("x", "x", date(2027, 3, 1)), [""; 0]);
    assert_eq!(only("x", "x", date(2027, 3, 2)), ["register.evaluate_by"]);
    assert_eq!(only("days = 28", "days = 29", TODAY), ["register.retention_days"]);
    assert_eq!(only("days = 28", "days = 7", TODAY), [""; 0]);
    assert_eq!(
        only("last_checked = 2026-02-28", "last_checked = 2028-02-28", TODAY),
        ["register.last_checked"]
    );
    assert_eq!(
        only("notice_placed = 2026-03-01", "notice_placed = false", TODAY),
        ["register.notice_placed"]
    );
    assert_eq!(only("\"contract 14\"", "false", TODAY), ["register.processor_agreement"]);
    let text = |days: &str| {
        let camera = camera(&FULL.replace("days = 28", days)).expect("a valid file");
        advise(&camera, TODAY, Lang::En)
            .into_iter()
            .find(|a| a.about == "register.retention_days")
            .map(|a| a.text)
    };
    assert!(text("days = 30").is_some_and(|text| text.contains("allowed by Woongroen")));
    assert!(text("days = 31").is_some_and(|text| text.contains("longer than any")));
}

/// What editors hand to a schema: dates as text.
fn as_json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => json!(text),
        DeValue::Integer(n) => json!(i64::from_str_radix(n.as_str(), n.radix()).expect("a number")),
        DeValue::Float(n) => json!(n.as_str().parse::<f64>().expect("a number")),
        DeValue::Boolean(b) => json!(b),
        DeValue::Datetime(day) => json!(day.to_string()),
        DeValue::Array(items) => items.iter().map(|item| as_json(item.get_ref())).collect(),
        DeValue::Table(table) => table_as_json(table),
    }
}

fn table_as_json(table: &DeTable<'_>) -> Value {
    table.iter().map(|(key, value)| (key.get_ref().to_string(), as_json(value.get_ref()))).collect()
}

/// Whether the schema takes a value: the part of JSON Schema 2020-12 that ours uses, and no more.
fn takes(schema: &Value, value: &Value) -> bool {
    let number = |v: &Value| v.as_f64().expect("a number in the schema");
    let length = |v: &Value| value.as_array().map_or(0, Vec::len) as f64 - number(v);
    schema.as_object().expect("a schema").iter().all(|(word, says)| match word.as_str() {
        "$schema" | "title" | "description" | "default" => true,
        "type" => match says.as_str() {
            Some("object") => value.is_object(),
            Some("array") => value.is_array(),
            Some("string") => value.is_string(),
            Some("boolean") => value.is_boolean(),
            Some("integer") => value.is_i64(),
            Some("number") => value.is_number(),
            other => panic!("unknown type {other:?}"),
        },
        "const" => value == says,
        "enum" => says.as_array().is_some_and(|words| words.contains(value)),
        "anyOf" => says.as_array().is_some_and(|ways| ways.iter().any(|way| takes(way, value))),
        "minimum" => value.as_f64().is_none_or(|v| v >= number(says)),
        "maximum" => value.as_f64().is_none_or(|v| v <= number(says)),
        "minItems" => !value.is_array() || length(says) >= 0.0,
        "maxItems" => !value.is_array() || length(says) <= 0.0,
        "uniqueItems" => value.as_array().is_none_or(|v| (1..v.len()).all(|i| !v[..i].contains(&v[i]))),
        "items" => value.as_array().is_none_or(|items| items.iter().all(|item| takes(says, item))),
        "pattern" => value.as_str().is_none_or(|text| match says.as_str() {
            Some("\\S") => !text.trim().is_empty(),
            Some("^[0-9a-f]{64}$") => {
                text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
            }
            Some("^[a-z0-9-]+$") => !text.is_empty() && camera::slug(text) == text,
            other => panic!("unknown pattern {other:?}"),
        }),
        "format" => {
            says == "date"
                && value
                    .as_str()
                    .is_none_or(|day| day.parse::<jiff::civil::Date>().is_ok() && day.len() == 10)
        }
        "required" => says
            .as_array()
            .is_some_and(|keys| keys.iter().all(|key| value.get(key.as_str().expect("a key")).is_some())),
        "additionalProperties" => {
            assert_eq!(says, false);
            let known = schema["properties"].as_object().expect("properties");
            value.as_object().is_none_or(|found| found.keys().all(|key| known.contains_key(key)))
        }
        "properties" => says.as_object().is_some_and(|keys| {
            keys.iter().all(|(key, says)| value.get(key).is_none_or(|value| takes(says, value)))
        }),
        other => panic!("the test does not know the keyword {other}"),
    })
}

fn schema_takes(text: &str) -> bool {
    takes(&camera_schema(), &table_as_json(DeTable::parse(text).expect("TOML").get_ref()))
}

#[test]
fn the_schema_knows_the_keys_that_the_reader_knows() {
    let schema = camera_schema();
    let tables = [
        ("schema = 1", "here", &schema),
        ("width = 768", "`frame`", &schema["properties"]["frame"]),
        ("location =", "`register`", &schema["properties"]["register"]),
        ("url =", "`stream`", &schema["properties"]["stream"]),
        ("kind = \"door\"", "`zone 1`", &schema["properties"]["zone"]["items"]),
        ("label = \"clock\"", "`overlay 1`", &schema["properties"]["overlay"]["items"]),
        ("file = \"entrance-3", "`reference 1`", &schema["properties"]["reference"]["items"]),
    ];
    for (before, place, part) in tables {
        let separator = if before.starts_with("width") { ", " } else { "\n" };
        let error =
            changed(before, &format!("zzzzzzzzzzzz = 1{separator}{before}")).expect_err("an unknown key");
        let cure = error.faults[0].cure.clone().expect("a cure");
        let (said, known) = cure.split_once(": ").expect("a list of keys");
        assert!(said.ends_with(place), "{said}");
        let mut known: Vec<&str> = known.split(", ").collect();
        known.sort_unstable();
        let mut properties: Vec<_> = part["properties"].as_object().expect("properties").keys().collect();
        properties.sort_unstable();
        assert_eq!(known, properties);
        // And what may not be left out.
        for key in properties {
            let required = part["required"].as_array().expect("a list").contains(&json!(key));
            let left_out = FULL.lines().any(|line| line.starts_with(&format!("{key} = ")));
            if left_out && place != "`overlay 1`" {
                let line = FULL.lines().find(|line| line.starts_with(&format!("{key} = "))).expect("a line");
                let missing = changed(&format!("{line}\n"), "").is_err();
                // Keys that go together: each is missed where the other is there.
                let paired =
                    ["approved_by", "approved_on", "spread", "spread_sha256", "url"].contains(&key.as_str());
                assert_eq!(missing, required || paired, "{key} in {place}");
            }
        }
    }
}

#[test]
fn the_schema_takes_what_the_reader_takes_and_refuses_what_is_faulty_by_form() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/cameras/courtyard.toml");
    let shipped = std::fs::read_to_string(shipped).expect("the shipped file");
    let starter = starter("entrance-3", FrameSize { width: 16_384, height: 1 }, "clip.mp4");
    for valid in
        [FULL, &shipped, &starter, &FULL.replace("notice_placed = 2026-03-01", "notice_placed = true")]
    {
        assert!(schema_takes(valid), "{valid}");
    }
    let edges = [
        ("width = 768", "width = 0"),
        ("width = 768", "width = 16385"),
        ("width = 768", "width = 7.5"),
        ("schema = 1", "schema = 2"),
        ("id = \"entrance-3\"", "id = \"Entrance 3\""),
        ("description = \"Entrance hall\"", "description = 3"),
        ("\"overhead\"", "\"side\""),
        ("fixed = false", "fixed = \"no\""),
        ("[\"mirror\", \"screen\"]", "[\"mirror\", \"mirror\"]"),
        ("[\"mirror\", \"screen\"]", "[\"glass\"]"),
        ("[\"burglary\", \"vandalism\"]", "\"burglary\""),
        ("[\"burglary\", \"vandalism\"]", "[\" \"]"),
        ("location = \"Courtyard flats\"", "location = \"\""),
        ("days = 28", "days = 0"),
        ("days = 28", "days = 366"),
        ("installed = 2026-03-01", "installed = 2026-03-01T10:00:00"),
        ("installed = 2026-03-01", "installed = true"),
        ("notice_placed = 2026-03-01", "notice_placed = \"x\""),
        ("\"contract 14\"", "\" \""),
        ("\"contract 14\"", "14"),
        ("kind = \"door\"", "kind = \"dor\""),
        ("kind = \"door\"\n", ""),
        ("label = \"door\"", "label = \" \""),
        ("style = \"fill\"", "style = \"mosaic\""),
        ("style = \"fill\"", "colour = \"red\""),
        ("[0.3, 0.4]]", "[0.3, 1.4]]"),
        ("light = \"day\"", "light = \"dusk\""),
        ("light = \"day\"\n", ""),
        ("aaaaaaaa\"", "AAAAAAAA\""),
        ("bbbbbbbb\"", "\""),
        ("approved_on = 2026-03-02", "approved_on = \"March\""),
        ("\"the coat stand\"", "\" \""),
        ("[0.3, 0.4]]", "[0.3]]"),
        ("[0.3, 0.1], [0.3, 0.4]]", "[0.3, 0.1]]"),
    ];
    for (from, to) in edges {
        assert!(changed(from, to).is_err(), "the reader takes {to}");
        assert!(!schema_takes(&FULL.replacen(from, to, 1)), "the schema takes {to}");
    }
}

#[test]
fn the_shipped_schema_is_the_one_that_is_printed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/cameras/camera.schema.json");
    let shipped = std::fs::read_to_string(path).expect("the shipped schema");
    assert_eq!(shipped, format!("{:#}\n", camera_schema()), "melkglas camera schema writes it");
}

proptest! {
    #[test]
    fn no_overlay_that_is_taken_meets_a_zone(
        corners in proptest::collection::vec((0.0..1.0f64, 0.0..1.0f64), 3), size in 0.01..0.3f64,
    ) {
        let list: Vec<String> =
            corners.iter().map(|(x, y)| format!("[{}, {}]", x * size + 0.1, y * size + 0.1)).collect();
        let taken = changed("[[0.7, 0.9], [0.98, 0.9], [0.98, 0.98], [0.7, 0.98]]", &format!("[{}]", list.join(", ")));
        if let Ok(camera) = taken {
            let points = [(0.1, 0.1), (0.3, 0.1), (0.3, 0.4)].map(|(x, y)| UnitPoint { x, y });
            let door = UnitPolygon::new(points.to_vec()).expect("a triangle");
            prop_assert!(camera.overlays.iter().all(|overlay| !overlay.polygon.meets(&door)));
            prop_assert!(camera.overlays.iter().map(|overlay| overlay.polygon.area()).sum::<f64>() <= 0.04);
        }
    }
}

#[test]
fn a_stream_is_read() {
    let camera = camera(FULL).expect("sound");
    let stream = Stream {
        source: StreamSource::Url("rtsps://entrance-3.example/main".into()),
        transport: Transport::Tls,
        delivery: Delivery::Udp,
        ca: Some("cameras.pem".into()),
        credentials: Some("entrance-3".into()),
        record: true,
    };
    assert_eq!((camera.live, camera.stream), (LivePolicy::Masked, Some(stream)));
    let silent = changed("live = \"masked\"\n", "").expect("nothing said");
    assert_eq!(silent.live, LivePolicy::Forbidden);
}

#[test]
fn a_stream_in_the_clear_or_with_a_password_is_refused() {
    let url = "url = \"rtsps://entrance-3.example/main\"";
    changed(url, "clip = \"a.mp4\"").expect("a rehearsal");
    for (to, said) in [
        ("url = \"rtsp://entrance-3.example/main\"", "asks for TLS"),
        ("url = \"rtsps://root:pass@entrance-3.example/main\"", "a user or a password"),
        ("url = \"rtsps://root:pa/ss@entrance-3.example/main\"", "a user or a password"),
        ("url = \"rtsps://entrance-3.example/main?user=root&password=geheim\"", "holds a password"),
        ("url = \"http://entrance-3.example/main\"", "no RTSP address"),
        ("url = \"rtsps:///main\"", "no RTSP address"),
        ("url = \"rtsps://a b/main\"", "blanks"),
        ("url = \"rtsps://a/main\"\nclip = \"a.mp4\"", "two sources"),
    ] {
        let error = changed(url, to).expect_err(to);
        assert!(error.faults[0].message.contains(said), "{}", error.faults[0].message);
    }
    let plain = changed(url, "url = \"rtsp://a/b\"").expect_err("tls is asked for");
    assert!(plain.faults[0].message.contains("TLS"));
}
