//! The audit log from outside: the program on logs that the library wrote, several processes, kills, a full disk.

use super::program::{Desk, Ended, ended, mode};
use melkglas::casework::audit::{
    Act, ActKind, AuditError, AuditLog, Hash256, Outcome, Part, Place, ReasonCode, What,
};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Tells [`writer`] where to write.
const WRITER: &str = "AUDIT_TEST_STATE";
/// Tells it what to do there.
const TASK: &str = "AUDIT_TEST_TASK";

fn act() -> Act {
    Act {
        kind: ActKind::Reveal,
        by: "A. Jansen".parse().expect("a name"),
        reason: ReasonCode::AccessRequest,
        source: Hash256::of(b"a clip"),
        camera: None,
        models: vec![],
        analysis: None,
        mode: None,
        risk_accepted: false,
        subject: vec![Part { what: What::Track(7), from_ms: 1500, to_ms: Some(9000), frames: None }],
    }
}

fn open(state: &Path) -> Result<AuditLog, AuditError> {
    AuditLog::open(&Place::find(Some(state)).expect("a place"), &[])
}

fn record(log: &AuditLog) -> Result<(), AuditError> {
    let open = log.begin(act(), &"Mrs Bakker's request".parse().expect("a reason"))?;
    open.complete(Outcome::Done { shown: act().subject, output: None }).map(drop)
}

/// A folder beside the clips', with a log of two acts, the second unfinished.
fn log_of_two(desk: &Desk) -> PathBuf {
    let state = desk.site().with_file_name("state");
    let log = open(&state).expect("open");
    record(&log).expect("recorded");
    drop(log.begin(act(), &"again".parse().expect("a reason")).expect("recorded"));
    state
}

fn audit(desk: &Desk, state: &Path, args: &[&str]) -> Ended {
    ended(desk.melkglas([&["audit"], args].concat()).env("MELKGLAS_STATE", state))
}

#[test]
fn a_log_is_shown_checked_and_exported() {
    let desk = Desk::new();
    let state = log_of_two(&desk);
    let shown = audit(&desk, &state, &["show"]).expect(0, &["2 acts, 1 unfinished"]).stdout;
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), 3, "{shown}");
    for words in ["reveal", "A. Jansen (", "access-request", "track 7, 1.5-9.0 s", "done"] {
        assert!(lines[1].contains(words), "{words}: {shown}");
    }
    assert!(lines[2].starts_with("3 ") && lines[2].ends_with("UNFINISHED"), "{shown}");
    let json = audit(&desk, &state, &["show", "--json"]).expect(0, &[]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json[0]["completed"]["entry"], 2);
    assert!(json[1]["completed"].is_null());
    assert!(!json.to_string().contains("Bakker"));

    let found = audit(&desk, &state, &["verify"]).expect(0, &["--against"]).stdout;
    assert!(found.contains("entry 3 is unfinished") && found.contains("ok     3 entries"), "{found}");
    audit(&desk, &state, &["export", "-o", "all.jsonl"]).expect(0, &["3 entries and all of them"]);
    audit(&desk, &state, &["export", "--head", "-o", "head.jsonl"]).expect(0, &["the head of 3 entries"]);
    audit(&desk, &state, &["export", "-o", "all.jsonl"]).expect(2, &["exists already", "--force"]);
    audit(&desk, &state, &["export", "-o", "all.jsonl", "--force"]).expect(0, &[]);
    let log = state.join("audit.jsonl");
    for output in [state.join("copy.jsonl"), log.clone()] {
        let output = output.display().to_string();
        audit(&desk, &state, &["export", "--force", "-o", &output]).expect(2, &[]);
    }
    let read = |path: &Path| std::fs::read_to_string(path).expect("read");
    assert_eq!(read(&desk.path("all.jsonl")).split_once('\n').expect("lines").1, read(&log));
    assert_eq!(read(&desk.path("head.jsonl")).lines().count(), 1);
    assert_eq!(mode(&desk.path("all.jsonl")), 0o600);
    record(&open(&state).expect("open")).expect("recorded");
    for export in ["all.jsonl", "head.jsonl"] {
        audit(&desk, &state, &["verify", "--against", export]).expect(0, &[]);
    }
    assert_eq!(desk.names(), ["all.jsonl", "head.jsonl"]);
}

#[test]
fn a_log_that_was_changed_is_told_by_its_entry() {
    let desk = Desk::new();
    let state = log_of_two(&desk);
    audit(&desk, &state, &["export", "-o", "all.jsonl"]).expect(0, &[]);
    let log = state.join("audit.jsonl");
    let whole = std::fs::read_to_string(&log).expect("a log");
    std::fs::write(&log, whole.replacen("access-request", "police", 1)).expect("written");
    let found = audit(&desk, &state, &["verify"]).expect(6, &["does not hold", "1 fault"]).stdout;
    assert!(found.contains("FAULT  entry 1 (line 1) was changed"), "{found}");
    let json = audit(&desk, &state, &["verify", "--json"]).expect(6, &[]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&json["ok"], &json["faults"][0]["is"]["changed"]["entry"]), (&false.into(), &1.into()));
    audit(&desk, &state, &["show"]).expect(6, &["was changed since it was written"]);
    audit(&desk, &state, &["export", "-o", "other.jsonl"]).expect(6, &["does not hold"]);
    assert_eq!(desk.names(), ["all.jsonl"], "nothing is exported");

    let first_two: String = whole.split_inclusive('\n').take(2).collect();
    std::fs::write(&log, first_two).expect("written");
    let found = audit(&desk, &state, &["verify", "--against", "all.jsonl"]).expect(6, &[]).stdout;
    assert!(found.contains("the end was cut off: entry 3 is missing, by the export"), "{found}");
    audit(&desk, &state, &["verify", "--against", "nothing.jsonl"]).expect(5, &["nothing.jsonl"]);
    std::fs::write(desk.path("text.jsonl"), "text\n").expect("written");
    audit(&desk, &state, &["verify", "--against", "text.jsonl"]).expect(6, &["is not an export"]);
}

#[test]
fn where_there_is_no_log_nothing_is_made() {
    let desk = Desk::new();
    let state = desk.path("state");
    for args in [&["show"][..], &["verify"], &["export", "-o", "e.jsonl"]] {
        audit(&desk, &state, args).expect(2, &["there is no audit log in", "--state"]);
    }
    assert_eq!(desk.names(), [""; 0]);
    // A named folder comes before the variable.
    let other = log_of_two(&desk).display().to_string();
    audit(&desk, &state, &["show", "--state", &other]).expect(0, &["2 acts"]);
}

/// Not a test by itself: what the tests below start as processes of their own.
#[test]
#[ignore = "started by other tests"]
fn writer() {
    let state = PathBuf::from(std::env::var_os(WRITER).expect("started by another test"));
    let opened = open(&state);
    match std::env::var(TASK).expect("a task").as_str() {
        "ten" => {
            let log = opened.expect("open");
            (0..10).for_each(|_| record(&log).expect("recorded"));
        }
        "hang" => {
            let log = opened.expect("open");
            let _open = log.begin(act(), &"a crash".parse().expect("a reason")).expect("recorded");
            println!("BEGUN");
            loop {
                std::thread::park();
            }
        }
        "until-full" => {
            let log = opened.expect("open");
            let refused = (0..10_000).find_map(|_| record(&log).err()).expect("the disk is full some day");
            println!("REFUSED {refused}: {}", refused.cure());
        }
        task => panic!("no such task: {task}"),
    }
}

fn start(state: &Path, task: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["audit::writer", "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env(WRITER, state).env(TASK, task).stdout(Stdio::piped());
    command.spawn().expect("started")
}

#[test]
fn processes_write_one_chain() {
    let desk = Desk::new();
    let state = desk.path("state");
    let writers: Vec<Child> = (0..3).map(|_| start(&state, "ten")).collect();
    for mut writer in writers {
        assert!(writer.wait().expect("ended").success());
    }
    let found = audit(&desk, &state, &["verify"]).expect(0, &[]).stdout;
    assert!(found.contains("ok     60 entries") && !found.contains("unfinished"), "{found}");
}

#[test]
fn an_act_whose_process_was_killed_is_unfinished() {
    let desk = Desk::new();
    let state = desk.path("state");
    let mut writer = start(&state, "hang");
    let lines = BufReader::new(writer.stdout.take().expect("piped")).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.contains("BEGUN")));
    writer.kill().expect("killed");
    writer.wait().expect("ended");
    let found = audit(&desk, &state, &["verify"]).expect(0, &[]).stdout;
    assert!(found.contains("entry 1 is unfinished"), "{found}");
    record(&open(&state).expect("open")).expect("the lock went with the process");
    audit(&desk, &state, &["show"]).expect(0, &["2 acts, 1 unfinished"]);
}

#[test]
fn a_full_disk_refuses_the_act_and_harms_no_entry() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("disk")).expect("made");
    let shell = |wrapper: &[&str], script: &str| {
        let mut command = Command::new(wrapper[0]);
        command.args(&wrapper[1..]).args(["sh", "-c", script]).current_dir(desk.folder());
        desk.settle(&mut command);
        command
            .env("PROGRAM", env!("CARGO_BIN_EXE_melkglas"))
            .env("WRITER", std::env::current_exe().expect("this"));
        ended(command.env(WRITER, desk.path("disk/state")).env(TASK, "until-full"))
    };
    let small = "mount -t tmpfs -o size=64k small disk";
    let wrappers: [&[&str]; 2] = [&["unshare", "-m"], &["unshare", "-rm"]];
    let Some(wrapper) = wrappers.into_iter().find(|wrapper| shell(wrapper, small).code == Some(0)) else {
        eprintln!("SKIPPED: no small disk can be mounted here (unshare)");
        return;
    };
    let script = format!(
        "{small} || exit 99
        \"$WRITER\" audit::writer --exact --ignored --nocapture || exit 98
        \"$PROGRAM\" audit verify --state disk/state"
    );
    let done = shell(wrapper, &script).expect(0, &[]);
    assert!(done.stdout.contains("REFUSED the audit log cannot be used"), "{}", done.stdout);
    assert!(done.stdout.contains("make room") && done.stdout.contains("ok "), "{}", done.stdout);
}
