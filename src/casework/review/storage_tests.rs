//! Pictures lie in memory or nowhere, for their owner alone, and go when they should.

use super::sheet::{Sheet, words};
use super::storage::{Removed, ReviewError, ReviewFolder, ReviewPlace, in_memory};
use std::fs::{File, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A folder in memory to pretend in.
fn memory() -> tempfile::TempDir {
    let dir = tempfile::tempdir_in("/dev/shm").expect("a folder in memory");
    assert!(in_memory(&File::open(dir.path()).expect("open")), "/dev/shm is no tmpfs here");
    dir
}

/// One on a disk, if there is a disk here.
fn disk() -> Option<tempfile::TempDir> {
    let near = [env!("CARGO_MANIFEST_DIR"), "/var/tmp", "/tmp"];
    let dir = near.into_iter().filter_map(|near| tempfile::tempdir_in(near).ok());
    dir.into_iter().find(|dir| !in_memory(&File::open(dir.path()).expect("open")))
}

fn place(runtime: &Path) -> ReviewPlace {
    let mut places = ReviewPlace::among(Some(runtime.to_owned()), 4_000_000_000);
    places.truncate(1);
    ReviewPlace::first_of(places).expect("a place")
}

fn mode(path: &Path) -> u32 {
    path.metadata().expect("there").permissions().mode() & 0o777
}

fn write(folder: &ReviewFolder) -> PathBuf {
    let file = folder.file("persons.json").expect("a file");
    file.file().write_all(b"{}").expect("written");
    file.commit().expect("named");
    folder.path().join("persons.json")
}

fn count(removed: &Removed) -> (usize, usize, usize) {
    (removed.folders, removed.busy, removed.stuck.len())
}

fn clean(runtime: &Path, older: Option<Duration>) -> (usize, usize, usize) {
    let mut places = ReviewPlace::among(Some(runtime.to_owned()), 4_000_000_000);
    places.truncate(1);
    count(&ReviewPlace::clean_in(&places, older))
}

#[test]
fn a_run_has_a_folder_of_its_own_that_goes_unless_it_is_kept() {
    let runtime = memory();
    let place = place(runtime.path());
    let [one, other] = [(); 2].map(|()| place.folder().expect("a folder"));
    assert!(one.path() != other.path());
    let root = runtime.path().join("melkglas");
    assert_eq!((mode(&root), mode(one.path())), (0o700, 0o700));
    let file = write(&one);
    assert_eq!(mode(&file), 0o600);
    let (kept, gone) = (one.path().to_owned(), other.path().to_owned());
    one.keep();
    drop(other);
    assert!(kept.join("persons.json").exists() && !gone.exists());
}

#[test]
fn all_of_it_is_cleaned_and_what_is_being_made_is_left() {
    let runtime = memory();
    let place = place(runtime.path());
    assert_eq!(clean(runtime.path(), None), (0, 0, 0));
    let named = runtime.path().join("named");
    for folder in [place.folder().expect("a folder"), place.folder_at(&named).expect("a named folder")] {
        write(&folder);
        folder.keep();
    }
    let busy = place.folder().expect("a folder");
    let stranger = runtime.path().join("melkglas/letters");
    std::fs::write(&stranger, "x").expect("written");
    assert_eq!(clean(runtime.path(), Some(Duration::from_secs(60))), (0, 0, 0), "they are young");
    assert_eq!(clean(runtime.path(), None), (2, 1, 0));
    assert!(!named.exists() && busy.path().exists() && stranger.exists());
    drop(busy);
    assert_eq!(clean(runtime.path(), None), (0, 0, 0));
}

#[test]
fn what_is_old_goes_and_so_does_what_is_of_the_future() {
    let runtime = memory();
    let place = place(runtime.path());
    let aged = |by: i64| {
        let folder = place.folder().expect("a folder");
        write(&folder);
        let now = SystemTime::now();
        let then = Duration::from_secs(by.unsigned_abs());
        let then = if by < 0 { now - then } else { now + then };
        File::open(folder.path()).and_then(|dir| dir.set_modified(then)).expect("set");
        let path = folder.path().to_owned();
        folder.keep();
        path
    };
    let [old, young, future] = [-3700, -3000, 3000].map(aged);
    assert_eq!(clean(runtime.path(), Some(Duration::from_secs(3600))), (2, 0, 0));
    assert_eq!([old.exists(), young.exists(), future.exists()], [false, true, false]);
}

#[test]
fn nothing_goes_to_a_disk() {
    let (runtime, Some(disk)) = (memory(), disk()) else {
        eprintln!("SKIPPED: there is no disk here");
        return;
    };
    let place = place(runtime.path());
    let made = disk.path().join("made");
    std::fs::create_dir(&made).expect("made");
    symlink(disk.path(), runtime.path().join("link")).expect("linked");
    for dir in [disk.path().join("new"), made, runtime.path().join("link/new")] {
        let refused = place.folder_at(&dir).expect_err("on a disk");
        assert!(matches!(refused, ReviewError::OnDisk(_)), "{}: {refused}", dir.display());
        assert!(refused.cure().contains("-o"));
    }
    assert!(!disk.path().join("new").exists());
    // A session's folder on a disk is passed over, and none is none.
    let places = ReviewPlace::among(Some(disk.path().to_owned()), 4_000_000_000);
    let refused = ReviewPlace::first_of(places[..1].to_vec()).expect_err("on a disk");
    assert!(matches!(refused, ReviewError::NoPlace), "{refused}");
    assert!(!disk.path().join("melkglas").exists());
    // Nor where the folder is exchanged while it is used.
    let folder = place.folder().expect("a folder");
    std::fs::remove_dir(folder.path()).expect("removed");
    symlink(disk.path(), folder.path()).expect("linked");
    let refused = folder.file("persons.html").expect_err("on a disk");
    assert!(matches!(refused, ReviewError::OnDisk(_)), "{refused}");
    assert!(!disk.path().join("persons.html").exists());
}

#[test]
fn a_named_folder_is_new_or_empty_and_the_owners_alone() {
    let runtime = memory();
    let place = place(runtime.path());
    let open = runtime.path().join("open");
    std::fs::create_dir(&open).expect("made");
    std::fs::set_permissions(&open, Permissions::from_mode(0o755)).expect("set");
    let folder = place.folder_at(&open).expect("empty");
    assert_eq!((mode(&open), folder.path()), (0o700, open.as_path()));
    write(&folder);
    folder.keep();
    assert!(matches!(place.folder_at(&open), Err(ReviewError::NotEmpty(_))));
    assert!(matches!(place.folder_at(Path::new("/dev/shm")), Err(ReviewError::Root(_))));
    assert!(matches!(place.folder_at(&runtime.path().join("a/b")), Err(ReviewError::Io { .. })));
    // What somebody else put beside it stays.
    std::fs::write(open.join("letter"), "x").expect("written");
    assert_eq!(clean(runtime.path(), None), (1, 0, 0));
    assert!(open.join("letter").exists() && !open.join("persons.json").exists());
}

#[test]
fn a_place_that_others_look_into_is_refused() {
    let runtime = memory();
    let root = runtime.path().join("melkglas");
    std::fs::create_dir(&root).expect("made");
    std::fs::write(root.join("x"), "x").expect("written");
    std::fs::set_permissions(&root, Permissions::from_mode(0o750)).expect("set");
    let among = || ReviewPlace::among(Some(runtime.path().to_owned()), 4_000_000_000)[..1].to_vec();
    assert!(matches!(ReviewPlace::first_of(among()), Err(ReviewError::NotPrivate(_))));
    std::fs::remove_dir_all(&root).expect("removed");
    let elsewhere = runtime.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).expect("made");
    symlink(&elsewhere, &root).expect("linked");
    assert!(matches!(ReviewPlace::first_of(among()), Err(ReviewError::NotPrivate(_))));
}

#[test]
fn only_folders_of_runs_expire() {
    let runtime = memory();
    let outside = runtime.path().join("run-0123456789abcdef");
    std::fs::create_dir(&outside).expect("made");
    ReviewPlace::expire(&outside, Duration::ZERO).expect_err("not in a place of this user");
    assert!(outside.exists());
}

#[test]
fn a_sheet_is_written_under_a_partial_name() {
    let runtime = memory();
    let folder = place(runtime.path()).folder().expect("a folder");
    let file = folder.sheet("persons.html", Sheet::new(&words("Wie", "Who"), &[])).expect("written");
    assert!(!folder.path().join("persons.html").exists());
    file.commit().expect("named");
    let text = std::fs::read_to_string(folder.path().join("persons.html")).expect("read");
    assert!(text.starts_with("<!doctype html>") && text.ends_with("</html>\n"), "{text}");
}
