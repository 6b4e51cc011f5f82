//! Who may import whom: the floor plan of `src/lib.rs`, checked against the sources.

use std::path::{Path, PathBuf};

fn rust_files(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("a folder of the sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// Every source file under `src/ROOM`, with its code: comment lines taken out.
fn room(name: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let folder = root.join(name);
    if folder.is_dir() {
        rust_files(&folder, &mut files);
    }
    let file = root.join(format!("{name}.rs"));
    if file.is_file() {
        files.push(file);
    }
    assert!(!files.is_empty(), "there is no room called {name}");
    files
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a readable source");
            let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            (path, code.join("\n"))
        })
        .collect()
}

fn must_not_mention(room_name: &str, words: &[&str]) {
    for (path, code) in room(room_name) {
        for word in words {
            assert!(!code.contains(word), "{} mentions {word}", path.display());
        }
    }
}

#[test]
fn pixels_know_nothing_of_people_and_paper() {
    must_not_mention("video", &["crate::casework", "crate::cli", "crate::error"]);
}

#[test]
fn casework_touches_no_pixel() {
    must_not_mention(
        "casework",
        &["crate::cli", "RawFrame", "RedactedFrame", "gstreamer::", "use ort", "to_rgb"],
    );
}

#[test]
fn the_hall_imports_neither_wing() {
    for name in ["geometry", "moment", "config", "digest", "interrupt", "lang", "share", "telemetry"] {
        must_not_mention(name, &["crate::video", "crate::casework", "crate::cli"]);
    }
    must_not_mention("error", &["crate::video", "crate::casework", "crate::cli"]);
}

#[test]
fn settings_are_read_in_one_place() {
    for name in ["video", "casework", "cli"] {
        must_not_mention(name, &["toml::from_str::<Site", "toml::from_str::<Camera", "DeTable"]);
    }
}

#[test]
fn gstreamer_is_spoken_in_two_rooms_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    for path in files {
        let inside = ["video/source", "video/sink"].iter().any(|room| path.starts_with(root.join(room)));
        let text = std::fs::read_to_string(&path).expect("a readable source");
        let speaks = text.lines().any(|line| {
            let line = line.trim_start();
            !line.starts_with("//") && (line.contains("gstreamer::") || line.starts_with("use gst"))
        });
        assert!(inside || !speaks, "{} speaks GStreamer", path.display());
    }
}

#[test]
fn only_masking_makes_redacted_frames_and_only_sinks_take_them_apart() {
    let uses = |what: &str| -> Vec<PathBuf> {
        room("video").into_iter().filter(|(_, code)| code.contains(what)).map(|(path, _)| path).collect()
    };
    for path in uses("from_masked(") {
        assert!(
            path.ends_with("video/frame.rs") || path.to_string_lossy().contains("/video/mask/"),
            "{} makes a redacted frame",
            path.display()
        );
    }
    for path in uses("into_parts(") {
        assert!(
            path.ends_with("video/frame.rs")
                || path.ends_with("video/mask/tests.rs")
                || path.ends_with("video/mask/painted_tests.rs")
                // Its test looks whether a placard holds anything but words.
                || path.ends_with("video/mask/placard.rs")
                // An attack on masks reads what they show, and gives out shares of right answers alone.
                || path.ends_with("video/attack/clip.rs")
                || path.to_string_lossy().contains("/video/sink/"),
            "{} takes a redacted frame apart",
            path.display()
        );
    }
    for (path, code) in room("video") {
        let sink = path.to_string_lossy().contains("/video/sink/");
        assert!(!sink || !code.contains("RawFrame"), "{} names raw frames", path.display());
    }
}

/// A plan without masks shows everything, so whoever may plan, mask or take a picture apart is named here.
#[test]
fn nobody_else_plans_masks_or_takes_pictures_out() {
    must_not_mention("cli", &["RawFrame", "FramePlan", "Masker", "video::mask", "next_frame("]);
    let allowed = [
        ("impl Planner for", ["casework/decide.rs", "casework/reveal.rs"].as_slice()),
        ("impl OwnPlanner for", &["casework/decide.rs", "casework/reveal.rs"]),
        ("impl Detector for", &["video/detect/network.rs", "video/detect/forgetful.rs"]),
        // A detector that drops what it finds is for measuring only.
        ("Forgetful {", &["video/detect/forgetful.rs", "cli/evaluate.rs"]),
        // Leave to show somebody comes from the audit log alone.
        ("Warrant::of_entry(", &["casework/audit/log.rs", "video/warrant.rs"]),
        (".to_rgb(", &["cli/camera.rs", "video/sink/picture.rs"]),
        // Crops show people: one place makes them, two ask for them, one takes the picture out.
        (".rgb_in(", &["video/frame.rs", "video/pipeline/crops.rs"]),
        ("RawCrop { ", &["video/pipeline/crops.rs"]),
        ("cut_crops(", &["cli/clip.rs", "video/pipeline/crops.rs"]),
        (".crops(", &["cli/doubts.rs", "cli/persons.rs"]),
        (
            "into_jpeg",
            &["casework/review/storage.rs", "video/pipeline/crops.rs", "video/pipeline/crops_tests.rs"],
        ),
    ];
    for (what, places) in allowed {
        let rooms = ["cli", "casework", "video"].into_iter().flat_map(room);
        let found: Vec<PathBuf> =
            rooms.filter(|(_, code)| code.contains(what)).map(|(path, _)| path).collect();
        let known = |path: &PathBuf| places.iter().any(|place| path.ends_with(place));
        assert!(found.len() == places.len() && found.iter().all(known), "{what} stands in {found:?}");
    }
}

/// Raw crops lie in memory, so nobody but the storage for them writes a sheet of them, and the sheet itself opens none.
#[test]
fn raw_crops_are_closed_parcels() {
    for (path, code) in room("casework") {
        let knows = path.ends_with("casework/review/storage.rs");
        assert!(knows || !code.contains("RawCrop"), "{} knows raw crops", path.display());
    }
    for (path, code) in room("video") {
        let made = path.to_string_lossy().contains("pipeline/crops") || path.ends_with("pipeline/mod.rs");
        assert!(made || !code.contains("RawCrop"), "{} knows raw crops", path.display());
    }
}

/// It masks copies of raw frames, so nothing that writes may start it.
#[test]
fn the_attack_is_for_measuring_alone() {
    must_not_mention("cli", &["attack"]);
    must_not_mention("casework", &["video::attack"]);
    for (path, code) in room("video") {
        let at_home = path.to_string_lossy().contains("/video/attack/") || path.ends_with("video/mod.rs");
        assert!(at_home || !code.contains("attack"), "{} mentions the attack", path.display());
    }
}

/// A reveal is made from a receipt, so whoever makes receipts can reveal.
#[test]
fn only_the_log_makes_receipts() {
    must_not_mention("video", &["Receipt"]);
    for (path, code) in ["cli", "casework"].into_iter().flat_map(room) {
        let at_home = path.ends_with("casework/audit/log.rs");
        let count = |what: &str| code.matches(what).count();
        let named =
            ["struct Receipt {", "impl Receipt {", "&Receipt {"].into_iter().map(count).sum::<usize>();
        let made = count("Receipt {") - named;
        assert_eq!(made, usize::from(at_home), "{} makes receipts", path.display());
    }
}

#[test]
fn there_is_no_unsafe_code() {
    let manifest = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
    assert!(manifest.expect("Cargo.toml").contains("unsafe_code = \"forbid\""));
}
