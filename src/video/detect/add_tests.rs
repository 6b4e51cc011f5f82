//! Tests of adding models: what the manifest becomes, and what is refused.

use super::*;

const SHIPPED: &str = include_str!("../../../models/manifest.toml");

fn newcomer(id: &str, task: Task, family: Family) -> Newcomer {
    Newcomer {
        id: id.to_owned(),
        task,
        family,
        classes: None,
        licence: "Apache-2.0".to_owned(),
        origin: "a test".to_owned(),
        threshold: None,
        input_size: None,
    }
}

fn entry(id: &str, task: Task, family: Family) -> ModelEntry {
    newcomer(id, task, family).entry(b"abc", None, Classes::Single)
}

fn share() -> ShareDirs {
    ShareDirs::find(None).expect("scripts/setup has run")
}

fn weights(file: &str) -> Arc<[u8]> {
    std::fs::read(share().models.join(file)).expect("the shipped file").into()
}

#[test]
fn a_model_goes_before_the_others_of_its_task_and_comments_stay() {
    let text = SHIPPED
        .replace("[[model]]\nid = \"centerface\"", "# Faces.\n# Two lines.\n[[model]]\nid = \"centerface\"");
    let face = entry("new-face", Task::Face, Family::Yunet);
    let after = insert(&text, &face, false).expect("it goes in");
    let ids: Vec<String> = Manifest::parse(&after).expect("sound").models.into_iter().map(|m| m.id).collect();
    assert_eq!(ids, ["nanodet-elite1", "new-face", "centerface"]);
    assert!(after.contains("\n\n# Faces.\n# Two lines.\n[[model]]\nid = \"centerface\""), "{after}");
    let old: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    let kept: Vec<&str> = after.lines().filter(|line| old.contains(line)).collect();
    assert!(old.iter().all(|line| kept.contains(line)), "a line is gone");

    let spare = insert(&after, &entry("spare", Task::Person, Family::Yolox), true).expect("it goes in");
    let manifest = Manifest::parse(&spare).expect("sound");
    assert_eq!(manifest.models.last().map(|m| m.id.as_str()), Some("spare"));
    assert_eq!(manifest.model_for(Task::Person).map(|m| m.id.as_str()).ok(), Some("nanodet-elite1"));
}

#[test]
fn a_manifest_that_cannot_take_it_is_left_alone() {
    let check = |manifest: &str, id: &str, expect: &str| {
        let fault = insert(manifest, &entry(id, Task::Person, Family::Yolox), false).expect_err(expect);
        assert!(fault.to_string().contains(expect), "{fault}");
    };
    check(SHIPPED, "centerface", "--id");
    check("schema = 1\nmodel = []\n", "x", "by hand");
    check("schema = 2\n", "x", "schema");
    let trap = SHIPPED.replace("licence = \"MIT\"", "licence = '''\n[[model]]\n'''");
    let trap = trap.replacen("schema = 1", "schema = 1\n", 1);
    let after = insert(&trap, &entry("x", Task::Person, Family::Yolox), false).expect("before the trap");
    assert!(Manifest::parse(&after).is_ok());
}

#[test]
fn odd_words_are_quoted() {
    let mut odd = entry("x", Task::Person, Family::Rtmdet);
    odd.licence = "\"quoted\" \\ and\nbroken".to_owned();
    odd.input.size = Some([640, 384]);
    let after = insert("schema = 1\n", &odd, false).expect("it goes in");
    assert_eq!(Manifest::parse(&after).expect("sound").models, [odd]);
}

#[test]
fn the_shipped_weights_could_be_added() {
    for (file, task, family) in [
        ("nanodet_elite1.onnx", Task::Person, Family::Nanodet),
        ("centerface.onnx", Task::Face, Family::Centerface),
    ] {
        let added = newcomer("again", task, family).try_out(&share(), weights(file)).expect("it fits");
        let shipped = Manifest::parse(SHIPPED).expect("sound").model_for(task).expect("one ships").clone();
        assert_eq!(added.entry.sha256, shipped.sha256);
        assert_eq!(added.entry.input, shipped.input);
        assert_eq!(added.entry.classes(), shipped.classes());
        assert!(added.ms_per_look > 0.0);
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let check = |newcomer: Newcomer, bytes: Arc<[u8]>, expect: &[&str]| {
        let fault = newcomer.try_out(&share(), bytes).expect_err("refused").to_string();
        assert!(expect.iter().all(|words| fault.contains(words)), "{fault}");
    };
    let person = |family| newcomer("x", Task::Person, family);
    check(
        person(Family::Yolox),
        weights("nanodet_elite1.onnx"),
        &["yolox", "coco or single", "[1, 5040, 85]", "80]"],
    );
    check(person(Family::Rtmdet), weights("nanodet_elite1.onnx"), &["rtmdet", "5]"]);
    check(newcomer("x", Task::Face, Family::Yunet), weights("centerface.onnx"), &["yunet"]);
    check(person(Family::Yunet), weights("centerface.onnx"), &["finds faces"]);
    check(person(Family::Yolox), b"no graph".as_slice().into(), &["no model"]);
    let sized = Newcomer { input_size: Some([100, 640]), ..person(Family::Nanodet) };
    check(sized, weights("nanodet_elite1.onnx"), &["input.size"]);
}
