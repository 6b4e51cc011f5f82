//! `melkglas models`, and the targets that a model set can see.

use super::film;
use super::program::{Desk, Ended, mode};
use std::path::{Path, PathBuf};

fn shipped(name: &str) -> String {
    format!("{}/models/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn own(desk: &Desk) -> PathBuf {
    desk.path("own")
}

fn json(done: &Ended) -> serde_json::Value {
    serde_json::from_str(&done.stdout).unwrap_or_else(|e| panic!("{e}: {}", done.stdout))
}

/// Names of the models in use.
fn in_use(desk: &Desk, folder: &Path) -> Vec<String> {
    let folder = folder.to_str().expect("a plain name");
    let done = desk.run(["models", "list", "--json", "--models", folder]).expect(0, &[]);
    let listed = json(&done);
    let used = listed.as_array().expect("a list").iter().filter(|m| m["in_use"] == true);
    used.map(|m| m["id"].as_str().expect("a name").to_owned()).collect()
}

const ADD: [&str; 6] = ["--family", "nanodet", "--task", "person", "--licence", "Apache-2.0"];

const FACE: [&str; 8] = ["--family", "centerface", "--task", "face", "--licence", "MIT", "--id", "face"];

fn add(desk: &Desk, file: &str, more: &[&str]) -> Ended {
    let args = [&["models", "add", file, "--models", "own"][..], more].concat();
    desk.run(args)
}

#[test]
fn the_list_says_what_is_in_use() {
    let desk = Desk::new();
    let done = desk.run(["models", "list"]).expect(0, &["in use", "models"]);
    let lines: Vec<&str> = done.stdout.lines().collect();
    assert!(lines[0].contains("licence") && lines.len() == 3, "{}", done.stdout);
    assert!(lines[1].starts_with('*') && lines[1].contains("nanodet-elite1") && lines[1].contains("coco"));
    assert!(lines[2].starts_with('*') && lines[2].contains("centerface") && lines[2].contains("MIT"));
}

#[test]
fn a_model_is_added_to_a_folder_of_ones_own_and_used() {
    let desk = Desk::new();
    film::intruder(&desk.path("clip.mp4"), 2);
    let said = ["made own", "in use for persons now", "detect.models = [\"nanodet-elite1\", \"centerface\"]"];
    add(&desk, &shipped("nanodet_elite1.onnx"), &[&ADD[..], &["--id", "better"]].concat()).expect(0, &said);
    let own = own(&desk);
    assert_eq!(
        super::job::names(&own),
        ["better.onnx", "centerface.onnx", "manifest.toml", "nanodet_elite1.onnx"]
    );
    assert_eq!(mode(&own.join("better.onnx")), 0o644);
    assert_eq!(in_use(&desk, &own), ["better", "centerface"]);
    let text = std::fs::read_to_string(own.join("manifest.toml")).expect("a manifest");
    let before = std::fs::read_to_string(shipped("manifest.toml")).expect("a manifest");
    assert!(text.starts_with(before.lines().next().expect("a comment")));

    // A second one into the folder that is there now; this one waits.
    let spare = [&ADD[..], &["--id", "spare", "--spare", "--threshold", "0.35"]].concat();
    add(&desk, &shipped("nanodet_elite1.onnx"), &spare)
        .expect(0, &["not in use yet", "\"spare\" into detect.models"]);
    assert_eq!(in_use(&desk, &own), ["better", "centerface"]);

    let redact =
        ["redact", "clip.mp4", "--no-camera", "-o", "out.mp4", "--report", "r.json", "--models", "own"];
    desk.run(redact).expect(0, &[]);
    let report = std::fs::read_to_string(desk.path("r.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["models"]["models"][0]["id"], "better");

    // Several models of one task, by name.
    let site = std::fs::read_to_string(desk.site()).expect("settings");
    let named =
        site.replace("[detect]", "[detect]\nmodels = [\"spare\", \"nanodet-elite1\", \"centerface\"]");
    std::fs::write(desk.site(), named).expect("written");
    assert_eq!(in_use(&desk, &own), ["nanodet-elite1", "centerface", "spare"]);
    // The site's choice stands, whatever is added.
    let said = ["not in use yet", "\"nanodet-elite1\", \"centerface\"]"];
    add(&desk, &shipped("centerface.onnx"), &FACE).expect(0, &said);
    assert_eq!(in_use(&desk, &own), ["nanodet-elite1", "centerface", "spare"]);
    std::fs::write(desk.site(), site.replace("[detect]", "[detect]\nmodels = [\"spare\"]")).expect("written");
    desk.run([&redact[..], &["--force"]].concat()).expect(3, &["no face model", "centerface"]);
    std::fs::write(desk.site(), site.replace("[detect]", "[detect]\nmodels = [\"best\"]")).expect("written");
    desk.run([&redact[..], &["--force"]].concat()).expect(3, &["\"best\"", "better"]);
}

#[test]
fn what_does_not_fit_is_refused_and_leaves_nothing() {
    let desk = Desk::new();
    std::fs::write(desk.path("text.onnx"), "not a network").expect("written");
    let check = |file: &str, more: &[&str], code: i32, said: &[&str]| {
        add(&desk, file, more).expect(code, said);
        assert_eq!(desk.names(), ["text.onnx"], "{more:?}");
    };
    let person = shipped("nanodet_elite1.onnx");
    check("text.onnx", &ADD, 3, &["no model that ONNX Runtime can load", "[1, 3, height, width]"]);
    check("absent.onnx", &ADD, 3, &["absent.onnx cannot be read"]);
    let yolox = ["--family", "yolox", "--task", "person", "--licence", "x", "--id", "y"];
    check(&person, &yolox, 3, &["no yolox model", "was due", "it returned", "--help"]);
    let face = ["--family", "centerface", "--task", "person", "--licence", "x", "--id", "y"];
    check(&shipped("centerface.onnx"), &face, 3, &["finds faces, not persons"]);
    check(&person, &[&ADD[..], &["--id", "centerface"]].concat(), 2, &["listed already", "--id"]);
    check(&person, &[&ADD[..], &["--id", "../evil"]].concat(), 2, &["no name for a model"]);
    check(&person, &[&ADD[..], &["--id", "y", "--threshold", "1.5"]].concat(), 3, &["default_threshold"]);
    check(&person, &[&ADD[..], &["--id", "y", "--input-size", "big"]].concat(), 2, &["640x384"]);
    check(&person, &ADD[..4], 2, &["--licence"]);

    // A folder that holds something else is not made into a models folder.
    std::fs::create_dir(own(&desk)).expect("made");
    std::fs::write(own(&desk).join("letter.txt"), "dear").expect("written");
    add(&desk, &person, &[&ADD[..], &["--id", "y"]].concat())
        .expect(2, &["no models folder", "empty folder"]);
    assert_eq!(super::job::names(&own(&desk)), ["letter.txt"]);
}

#[test]
fn check_looks_with_every_model_and_draws_on_masked_pictures_only() {
    let desk = Desk::searching(320);
    let sample = format!("{}/samples/courtyard.mp4", env!("CARGO_MANIFEST_DIR"));
    let done = desk.run(["models", "check"]).expect(0, &[]);
    assert_eq!(done.stdout.lines().filter(|line| line.starts_with("ok ")).count(), 2, "{}", done.stdout);

    let args = ["models", "check", "--on", &sample, "--picture", "found.png", "--json"];
    let found = json(&desk.run(args).expect(0, &["found.png", "everybody hidden"]));
    assert_eq!(found[0]["id"], "nanodet-elite1");
    assert!(found[0]["found"]["persons"].as_u64().expect("a number") > 0, "{found}");
    assert!(found[0]["ms_per_look"].as_f64().expect("a number") > 0.0);
    let picture = image::open(desk.path("found.png")).expect("a picture").to_rgb8();
    let green = picture.pixels().filter(|p| super::eyes::is_fill(p.0)).count();
    assert!(green > 500, "people are hidden in the site's green: {green}");
    assert_eq!(mode(&desk.path("found.png")), 0o600);
    let camera = format!("{}/pipelines/cameras/courtyard.toml", env!("CARGO_MANIFEST_DIR"));
    let zoned = ["models", "check", "--on", &sample, "--picture", "zoned.png", "--camera", &camera];
    desk.run(zoned).expect(0, &["zoned.png"]);
    let picture = image::open(desk.path("zoned.png")).expect("a picture").to_rgb8();
    let zones = picture.pixels().filter(|p| super::eyes::is_fill(p.0)).count();
    assert!(zones > green, "the camera's zones are hidden too: {zones}, not {green}");
    desk.run(args).expect(2, &["exists already", "--force"]);
    desk.run(["models", "check", "--picture", "x.png"]).expect(2, &["--on"]);
}

#[test]
fn check_names_the_model_that_fails_and_draws_nothing() {
    let desk = Desk::new();
    film::intruder(&desk.path("clip.mp4"), 2);
    let person = shipped("nanodet_elite1.onnx");
    add(&desk, &person, &[&ADD[..], &["--id", "spare", "--spare"]].concat()).expect(0, &[]);
    std::fs::write(own(&desk).join("spare.onnx"), "swapped").expect("written");
    let args = ["models", "check", "--models", "own", "--on", "clip.mp4", "--picture", "p.png"];
    let done = desk.run(args);
    assert!(done.stdout.contains("FAULT  spare") && done.stdout.contains("SHA-256"), "{done:?}");
    assert!(done.stdout.contains("ok     nanodet-elite1"), "{done:?}");
    assert!(!desk.path("p.png").exists());
    desk.run(&args[..4]).expect(3, &[]);
}

#[test]
fn targets_are_counted_and_people_cannot_be_left_out() {
    let desk = Desk::new();
    film::intruder(&desk.path("clip.mp4"), 2);
    let redact = |more: &[&str]| {
        desk.run([&["redact", "clip.mp4", "--no-camera", "-o", "out.mp4", "--force"][..], more].concat())
    };
    redact(&["--targets", "vehicles"]).expect(2, &["persons and faces", "persons,faces,vehicles"]);
    redact(&["--targets", "persons,screens"]).expect(2, &["leave out faces", "persons,faces,screens"]);
    redact(&["--targets", "cats"]).expect(2, &["vehicles"]);
    assert!(!desk.path("out.mp4").exists());
    redact(&["--targets", "persons,faces,vehicles,screens", "--report", "r.json", "--effort", "thorough"])
        .expect(0, &[]);
    let report = std::fs::read_to_string(desk.path("r.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["settings"]["detect"]["targets"][3], "screens");
    assert_eq!(report["settings"]["detect"]["mirrored"], true);
    assert!(report["found"][0]["vehicles"].is_u64() && report["found"][0]["screens"].is_u64());

    // A person network of one class cannot see them.
    std::fs::create_dir(own(&desk)).expect("made");
    for name in ["nanodet_elite1.onnx", "centerface.onnx"] {
        std::os::unix::fs::symlink(shipped(name), own(&desk).join(name)).expect("linked");
    }
    let text = std::fs::read_to_string(shipped("manifest.toml")).expect("a manifest");
    let single = text.replacen("family = \"nanodet\"", "family = \"nanodet\"\nclasses = \"single\"", 1);
    std::fs::write(own(&desk).join("manifest.toml"), single).expect("written");
    let models = ["--targets", "persons,faces,vehicles", "--models", "own"];
    redact(&models).expect(3, &["nanodet-elite1", "cannot see vehicles"]);
}
