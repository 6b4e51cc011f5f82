//! Packages made and opened again, by us and by 7-Zip; changed anywhere, they are found out.

use super::super::audit::tests::place;
use super::super::audit::{AuditLog, Hash256};
use super::super::report_read::tests::report_of;
use super::*;
use crate::lang::Lang;
use proptest::prelude::*;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What a masked clip looks like from outside.
fn clip() -> Vec<u8> {
    let mut bytes = b"\0\0\0\x18ftypisom\0\0\0\0isommp41".to_vec();
    bytes.extend((0..5000u32).map(|i| ((i * i) >> 3) as u8));
    bytes
}

/// A log, a folder and what is packed into it.
struct Desk {
    root: tempfile::TempDir,
    _state: tempfile::TempDir,
    log: AuditLog,
}

impl Desk {
    fn new() -> Self {
        let (state, place) = place();
        let log = AuditLog::open(&place, &[]).expect("a log");
        Self { root: tempfile::tempdir().expect("a folder"), _state: state, log }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn clip(&self, bytes: &[u8]) -> File {
        std::fs::write(self.path("masked.mp4"), bytes).expect("written");
        File::open(self.path("masked.mp4")).expect("there")
    }

    fn pack(&self, name: &str, lock: &Lock<'_>) -> Result<Packed, PackageError> {
        self.pack_with(name, lock, &report_of(&clip()), &[("ontvangst.pdf", b"%PDF-1.7 sign here")])
    }

    fn pack_with(
        &self,
        name: &str,
        lock: &Lock<'_>,
        report: &[u8],
        papers: &[(&str, &[u8])],
    ) -> Result<Packed, PackageError> {
        let papers: Vec<Paper> = papers
            .iter()
            .map(|(name, bytes)| Paper { name: (*name).into(), bytes: bytes.to_vec() })
            .collect();
        let head = self.log.head().expect("a head");
        let label = |text: &str| text.parse::<Label>().expect("a label");
        let parcel = Parcel {
            footage: &self.clip(&clip()),
            content: Content::Masked { report },
            case: label("2026-014"),
            recipient: label("mevrouw Ş. Bakker"),
            kind: label("access"),
            papers: &papers,
            head: &head,
        };
        let out = File::options().read(true).write(true).create_new(true).open(self.path(name)).expect("new");
        pack(parcel, lock, &self.log, &out)
    }
}

fn opening(passphrase: &str) -> Opening {
    Opening { passphrase: Some(Passphrase::typed(passphrase)), ..Opening::default() }
}

fn check(path: &Path, opening: &Opening) -> Verified {
    verify_package(path, opening).expect("readable")
}

#[test]
fn a_package_is_opened_by_its_passphrase_and_says_what_it_is() {
    let desk = Desk::new();
    let passphrase = Passphrase::generate().expect("random");
    let packed = desk.pack("p.zip", &Lock::Passphrase(&passphrase)).expect("packed");
    let bytes = std::fs::read(desk.path("p.zip")).expect("there");
    assert_eq!((packed.sha256, packed.bytes), (Hash256::of(&bytes), bytes.len() as u64));

    let verified = check(&desk.path("p.zip"), &opening(passphrase.reveal()));
    assert_eq!(verified.faults, []);
    assert_eq!(verified.manifest.as_ref(), Some(&packed.manifest));
    assert!(verified.is_whole() && !verified.key_expected);
    let counts = packed.manifest.counts.as_ref().expect("of a masked clip");
    assert_eq!(
        (counts.frames, counts.covered, counts.frames_with_people, counts.corrections),
        (100, 3, 50, 2)
    );
    assert_eq!(counts.shown.as_ref().map(|shown| (shown.frames_shown, shown.frames_hidden)), Some((70, 5)));
    for lang in Lang::ALL {
        assert!(verified.sentence(lang).starts_with(lang.of("In orde", "In order")), "{verified:?}");
        assert!(verified.details(lang).iter().any(|(_, value)| value.contains("nanodet-plus")));
    }

    let sealed = check(&desk.path("p.zip"), &Opening::default());
    assert_eq!((sealed.faults.as_slice(), sealed.manifest.is_none()), (&[][..], true));
    assert!(!sealed.is_whole(), "contents were not looked at");
    let wrong = check(&desk.path("p.zip"), &opening("22222-22222-22222-22222-22222"));
    assert_eq!(wrong.faults, [Fault::WrongPassphrase]);
}

#[test]
fn nothing_that_stays_in_the_house_is_in_a_manifest() {
    let desk = Desk::new();
    let passphrase = Passphrase::generate().expect("random");
    let packed = desk.pack("p.zip", &Lock::Passphrase(&passphrase)).expect("packed");
    let manifest = String::from_utf8(packed.manifest.to_bytes()).expect("text");
    let zip = String::from_utf8_lossy(&std::fs::read(desk.path("p.zip")).expect("there")).into_owned();
    for secret in ["Jansen", "asks", "bakker.", "/opt", "library", "100,50,40,80", "masked.mp4"] {
        assert!(!manifest.contains(secret), "{secret} in {manifest}");
        assert!(!zip.contains(secret), "{secret}");
    }
    for hidden in ["2026-014", "Bakker", "nanodet", "%PDF", "ftypisom"] {
        assert!(!zip.contains(hidden), "{hidden} can be read without the passphrase");
    }
}

#[test]
fn an_age_package_is_for_one_key() {
    let desk = Desk::new();
    let identity = age::x25519::Identity::generate();
    let text = |identity: &age::x25519::Identity| {
        use age::secrecy::ExposeSecret;
        format!("# made for a test\n{}\n", identity.to_string().expose_secret())
    };
    let recipient: Recipient = identity.to_public().to_string().parse().expect("a key");
    let packed = desk.pack("p.age", &Lock::Recipient(&recipient)).expect("packed");
    let with = |identities: String| Opening { identities: Some(identities), ..Opening::default() };
    let verified = check(&desk.path("p.age"), &with(text(&identity)));
    assert_eq!(verified.faults, []);
    assert_eq!((verified.container, verified.manifest), (Some(Container::Age), Some(packed.manifest)));
    let other = check(&desk.path("p.age"), &with(text(&age::x25519::Identity::generate())));
    assert!(matches!(other.faults.as_slice(), [Fault::NotOpened { .. }]), "{other:?}");
    let closed = check(&desk.path("p.age"), &Opening::default());
    assert!(closed.faults.is_empty() && !closed.is_whole());
    assert!(closed.sentence(Lang::En).starts_with("Not checked"));
    "age1nonsense".parse::<Recipient>().expect_err("no key");
}

#[test]
fn the_key_is_known_by_itself_or_by_its_fingerprint() {
    let (desk, stranger) = (Desk::new(), Desk::new());
    let passphrase = Passphrase::generate().expect("random");
    desk.pack("p.zip", &Lock::Passphrase(&passphrase)).expect("packed");
    let key = desk.log.public_key();
    for expected in [Hash256::from(key), key.fingerprint()] {
        let verified =
            check(&desk.path("p.zip"), &Opening { key: Some(expected), ..opening(passphrase.reveal()) });
        assert!(verified.is_whole() && verified.key_expected);
    }
    // The same passphrase and names, packed anew by somebody else, is a sound package of another sender.
    stranger.pack("p.zip", &Lock::Passphrase(&passphrase)).expect("packed");
    let verified = check(
        &stranger.path("p.zip"),
        &Opening { key: Some(key.fingerprint()), ..opening(passphrase.reveal()) },
    );
    let fingerprint = stranger.log.public_key().fingerprint();
    assert_eq!(verified.faults, [Fault::OtherKey { fingerprint }]);
}

#[test]
fn only_what_was_reported_is_packed() {
    let desk = Desk::new();
    let passphrase = Passphrase::generate().expect("random");
    let lock = Lock::Passphrase(&passphrase);
    let other = desk.pack_with("a.zip", &lock, &report_of(b"another clip"), &[]).expect_err("another clip");
    assert!(matches!(other, PackageError::OtherFootage { .. }), "{other}");
    let report = String::from_utf8(report_of(&clip())).expect("text");
    let still = desk.pack_with("b.zip", &lock, report.replace("\"clip\"", "\"still\"").as_bytes(), &[]);
    assert!(matches!(still.expect_err("a still"), PackageError::NotAClip(_)));
    for name in
        ["footage.mp4", "manifest.json", "../x.pdf", "a/b.pdf", ".pdf", "a.b.pdf", "x\u{202e}fdp.exe", ""]
    {
        let named =
            desk.pack_with(&format!("{}.zip", name.len() + 1000), &lock, report.as_bytes(), &[(name, b"x")]);
        assert!(matches!(named, Err(PackageError::Name(_))), "{name:?}");
        let _ = std::fs::remove_file(desk.path(&format!("{}.zip", name.len() + 1000)));
    }
    for text in ["", "two\nlines", "right\u{202e}left", &"x".repeat(121)] {
        text.parse::<Label>().expect_err(text);
    }
}

/// Unpacks with the zip crate.
fn unpack(path: &Path, passphrase: &str, into: &Path) {
    let mut archive = zip::ZipArchive::new(File::open(path).expect("there")).expect("a zip");
    for i in 0..archive.len() {
        let mut entry = archive.by_index_decrypt(i, passphrase.as_bytes()).expect("opened");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("read");
        std::fs::write(into.join(entry.name().expect("a name").as_ref()), bytes).expect("written");
    }
}

#[test]
fn what_was_unpacked_is_checked_file_by_file() {
    let desk = Desk::new();
    let passphrase = Passphrase::generate().expect("random");
    desk.pack("p.zip", &Lock::Passphrase(&passphrase)).expect("packed");
    let folder = desk.path("unpacked");
    std::fs::create_dir(&folder).expect("made");
    unpack(&desk.path("p.zip"), passphrase.reveal(), &folder);
    assert!(check(&folder, &Opening::default()).is_whole());
    let faults = |spoil: &dyn Fn(&Path), mend: &dyn Fn(&Path)| {
        spoil(&folder);
        let faults = check(&folder, &Opening::default()).faults;
        mend(&folder);
        faults
    };
    let file = || "ontvangst.pdf".to_owned();
    let paper = std::fs::read(folder.join(file())).expect("there");
    let restore = |folder: &Path| std::fs::write(folder.join(file()), &paper).expect("written");
    assert_eq!(
        faults(
            &|folder| std::fs::write(folder.join(file()), b"%PDF-1.7 sign hers").expect("written"),
            &restore
        ),
        [Fault::FileChanged { file: file() }]
    );
    assert_eq!(
        faults(&|folder| std::fs::remove_file(folder.join(file())).expect("gone"), &restore),
        [Fault::Missing { file: file() }]
    );
    assert_eq!(
        faults(&|folder| std::fs::write(folder.join("virus.exe"), b"x").expect("written"), &|folder| {
            std::fs::remove_file(folder.join("virus.exe")).expect("gone")
        }),
        [Fault::Added { file: "virus.exe".into() }]
    );
    let manifest = folder.join("manifest.json");
    let text = std::fs::read_to_string(&manifest).expect("there");
    std::fs::write(&manifest, text.replace("\"covered\": 3", "\"covered\": 0")).expect("written");
    assert_eq!(check(&folder, &Opening::default()).faults, [Fault::ManifestChanged]);
    std::fs::write(&manifest, "{}").expect("written");
    assert_eq!(check(&folder, &Opening::default()).faults, [Fault::NoManifest]);
}

/// One package of each kind, and what opens it.
struct Shelf {
    zip: Vec<u8>,
    age: Vec<u8>,
    opening: Opening,
}

fn shelf() -> &'static Shelf {
    static SHELF: OnceLock<Shelf> = OnceLock::new();
    SHELF.get_or_init(|| {
        use age::secrecy::ExposeSecret;
        let desk = Desk::new();
        let passphrase = Passphrase::generate().expect("random");
        let identity = age::x25519::Identity::generate();
        let recipient: Recipient = identity.to_public().to_string().parse().expect("a key");
        desk.pack("p.zip", &Lock::Passphrase(&passphrase)).expect("packed");
        desk.pack("p.age", &Lock::Recipient(&recipient)).expect("packed");
        let read = |name| std::fs::read(desk.path(name)).expect("there");
        let identities = Some(identity.to_string().expose_secret().to_owned());
        let (zip, age) = (read("p.zip"), read("p.age"));
        Shelf { zip, age, opening: Opening { passphrase: Some(passphrase), identities, key: None } }
    })
}

/// Checks bytes as they would arrive.
fn arrives(bytes: &[u8]) -> Verified {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(bytes).expect("written");
    check(file.path(), &shelf().opening)
}

#[test]
fn both_packages_are_whole_as_they_are() {
    assert!(arrives(&shelf().zip).is_whole());
    assert!(arrives(&shelf().age).is_whole());
}

#[test]
fn headers_and_ends_are_covered_bit_by_bit() {
    let zip = &shelf().zip;
    // The first header, and everything from the last file on: directory, end record, seal.
    let ends = (0..64).chain(zip.len() - 900..zip.len());
    for at in ends.step_by(3) {
        let mut spoilt = zip.clone();
        spoilt[at] ^= 1 << (at % 8);
        assert!(!arrives(&spoilt).faults.is_empty(), "bit {} of byte {at}", at % 8);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_bit_changed_anywhere_is_found(is_zip: bool, place in 0.0..1.0f64, bit in 0u8..8) {
        let mut bytes = if is_zip { shelf().zip.clone() } else { shelf().age.clone() };
        let at = ((bytes.len() as f64 * place) as usize).min(bytes.len() - 1);
        bytes[at] ^= 1 << bit;
        prop_assert!(!arrives(&bytes).faults.is_empty(), "byte {at} of {}", bytes.len());
    }

    #[test]
    fn cut_off_or_longer_is_found(is_zip: bool, place in 0.0..1.0f64, more in proptest::collection::vec(any::<u8>(), 1..40)) {
        let bytes = if is_zip { &shelf().zip } else { &shelf().age };
        let cut = &bytes[..(bytes.len() as f64 * place) as usize];
        prop_assert!(!arrives(cut).faults.is_empty());
        prop_assert!(!arrives(&[bytes.as_slice(), &more].concat()).faults.is_empty());
    }
}

#[test]
fn seven_zip_opens_it() {
    let Some(tool) = ["7z", "7zz", "7za"].into_iter().find(|tool| Command::new(tool).output().is_ok()) else {
        println!("skipped: there is no 7z on this machine");
        return;
    };
    let desk = Desk::new();
    let passphrase = Passphrase::generate().expect("random");
    desk.pack("p.zip", &Lock::Passphrase(&passphrase)).expect("packed");
    let unpacked = |passphrase: &str, into: &str| {
        let mut command = Command::new(tool);
        command.args(["x", "-y", &format!("-p{passphrase}"), &format!("-o{}", desk.path(into).display())]);
        command.arg(desk.path("p.zip")).output().expect("started").status.success()
    };
    assert!(unpacked(passphrase.reveal(), "right"));
    assert_eq!(std::fs::read(desk.path("right/footage.mp4")).expect("there"), clip());
    assert!(check(&desk.path("right"), &Opening::default()).is_whole());
    assert!(!unpacked("22222-22222-22222-22222-22222", "wrong"));
}
