//! Many clips by the program: what is finished is kept, what fails is named and leaves nothing; the register; a second
//! look at what came out.

use super::film;
use super::program::{DOOR, Desk};

#[test]
fn a_batch_goes_on_after_a_bad_clip_and_does_nothing_twice() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("in")).expect("made");
    for clip in ["in/a.mp4", "in/b.mp4"] {
        film::intruder(&desk.path(clip), 4);
    }
    std::fs::write(desk.path("in/bad.mp4"), "no clip").expect("written");
    std::fs::write(desk.path("door.toml"), DOOR).expect("written");
    let batch = ["batch", "--clips", "in", "--out-dir", "out", "--", "--camera", "door.toml"];
    let first = desk.run(batch).expect(7, &["bad.mp4: FAILED", "2 done", "1 failed"]);
    assert!(!first.stderr.contains("finished before"), "{}", first.stderr);
    let names = super::job::names(&desk.path("out"));
    assert_eq!(
        names,
        [
            "a.redacted.mp4",
            "a.report.json",
            "b.redacted.mp4",
            "b.report.json",
            "batch.json",
            "summary.html",
            "summary.json"
        ]
    );
    std::fs::remove_file(desk.path("out/b.report.json")).expect("gone");
    desk.run(batch).expect(7, &["a.mp4: finished before", "b.mp4: 4 frames", "1 done", "1 failed", "1 kept"]);
    desk.run(["batch", "--clips", "in", "--out-dir", "out", "--", "--no-camera"])
        .expect(2, &["other options"]);
    desk.run(["batch", "--clips", "in", "--out-dir", "new", "--", "--keep", "1@2,3"]).expect(2, &["--keep"]);

    // The door is green all over, and so is it on a second look; without the door's mask it is not.
    let look = |file: &str| {
        let report = "out/a.report.json";
        desk.run(["recheck", file, "--report", report, "--camera", "door.toml", "--every", "4"])
    };
    let bare = look("in/a.mp4").expect(6, &[]);
    assert!(
        bare.stdout.contains("another file") && bare.stdout.contains("\"all of it\" is not hidden"),
        "{bare:?}"
    );
    let masked = look("out/a.redacted.mp4");
    assert!(masked.stdout.contains("1 zones checked") && !masked.stdout.contains("not hidden"), "{masked:?}");
}

#[test]
fn the_register_lists_cameras_and_incidents_move_their_term() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("cameras")).expect("made");
    let register = "[register]\nlocation = \"=1+1\"\n[[zone]]";
    std::fs::write(desk.path("cameras/door.toml"), DOOR.replacen("[[zone]]", register, 1)).expect("written");
    desk.run(["incident", "report", "cameras/door.toml", "--on", "2026-01-31"])
        .expect(0, &["2027-01-31", "2027-07-31"]);
    let csv = desk.run(["register", "cameras", "--format", "csv"]).expect(0, &[]).stdout;
    assert!(
        csv.contains("\"'=1+1\"") && csv.contains("\"2027-07-31\"") && csv.contains("notice missing"),
        "{csv}"
    );
    std::fs::write(desk.path("cameras/broken.toml"), "schema = 2").expect("written");
    let table = desk.run(["register", "cameras", "--lang", "nl"]).expect(3, &["1 of 2 camera files"]);
    assert!(table.stdout.contains("bord ontbreekt"), "{table:?}");
    desk.run(["verify", "cameras/door.toml"]).expect(4, &[]);
}

#[test]
fn an_extract_of_the_register_tells_no_dummy() {
    let desk = Desk::new();
    let camera = |dummy: &str| {
        let register = format!("[register]\nlocation = \"hall\"\npurpose = [\"burglary\"]\n{dummy}[[zone]]");
        std::fs::write(desk.path("door.toml"), DOOR.replacen("[[zone]]", &register, 1)).expect("written");
    };
    camera("");
    let extract = ["register", "door.toml", "--extract", "out.pdf", "--lang", "nl", "--force"];
    desk.run(extract).expect(3, &["the site names no policy"]);
    super::cases::office_with_second(&desk, "mozaiek-wonen", "");
    let made = || {
        desk.run(extract).expect(0, &["wrote out.pdf"]);
        std::fs::read(desk.path("out.pdf")).expect("a paper")
    };
    let real = made();
    assert!(real.starts_with(b"%PDF"), "no paper");
    camera("dummy = true\n");
    assert!(made() == real, "a dummy is told from a camera");
    std::fs::write(desk.path("other.toml"), DOOR.replace("\"door\"\ndesc", "\"other\"\ndesc"))
        .expect("written");
    desk.run(["register", ".", "--extract", "two.pdf"]).expect(2, &["about one camera"]);
}
