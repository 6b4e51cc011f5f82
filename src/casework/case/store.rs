//! The case store: SQLite in a file of mode 0600, with what residents gave sealed column by column.
//!
//! Owns the tables and their migrations, and nothing else: whether something may be done is for [`super::allowed`], and
//! every change is one transaction that names the entry of the audit log written before it. What is deleted is
//! overwritten (`secure_delete`), and no journal is kept beside the file.

use super::error::CaseError;
use super::words::{CaseFacts, CaseState, ReleaseState};
use crate::casework::audit::{CaseNumber, StepKind};
use crate::config::{CaseKind, Form, RecipientKind, Subject};
use crate::lang::Lang;
use jiff::civil::{Date, DateTime};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use std::fs::{DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

/// The store's file, in the folder of cases.
const FILE: &str = "cases.db";
/// How long another process is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Each brings the store from one form to the next; never changed once released, only added to.
const MIGRATIONS: [&str; 3] = [
    "
    CREATE TABLE cases(
        id INTEGER PRIMARY KEY,
        number TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        subject TEXT NOT NULL,
        received TEXT NOT NULL,
        deadline TEXT NOT NULL,
        window_from TEXT NOT NULL,
        window_to TEXT NOT NULL,
        identified INTEGER NOT NULL DEFAULT 0,
        authority INTEGER NOT NULL DEFAULT 0,
        release TEXT,
        key BLOB
    ) STRICT;
    CREATE TABLE facts(
        case_id INTEGER NOT NULL REFERENCES cases(id),
        name TEXT NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY(case_id, name)
    ) STRICT;
    CREATE TABLE clips(
        id INTEGER PRIMARY KEY,
        case_id INTEGER NOT NULL REFERENCES cases(id),
        number INTEGER NOT NULL,
        camera TEXT,
        recorded_from TEXT NOT NULL,
        recorded_to TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        file TEXT NOT NULL,
        key BLOB,
        original BLOB,
        erased_at TEXT,
        UNIQUE(case_id, number)
    ) STRICT;
    CREATE TABLE papers(
        clip_id INTEGER NOT NULL REFERENCES clips(id),
        name TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        file TEXT NOT NULL,
        PRIMARY KEY(clip_id, name)
    ) STRICT;
    CREATE TABLE steps(
        id INTEGER PRIMARY KEY,
        case_id INTEGER NOT NULL REFERENCES cases(id),
        at TEXT NOT NULL,
        step TEXT NOT NULL,
        clip INTEGER,
        by TEXT NOT NULL,
        role TEXT NOT NULL,
        deputy INTEGER NOT NULL,
        entry INTEGER NOT NULL
    ) STRICT;
",
    "
    ALTER TABLE cases ADD COLUMN lang TEXT NOT NULL DEFAULT 'nl';
    CREATE TABLE releases(
        clip_id INTEGER PRIMARY KEY REFERENCES clips(id),
        form TEXT NOT NULL,
        recipient TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        options TEXT NOT NULL,
        watched INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE case_papers(
        case_id INTEGER NOT NULL REFERENCES cases(id),
        name TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        file TEXT NOT NULL,
        PRIMARY KEY(case_id, name)
    ) STRICT;
",
    "
    ALTER TABLE cases ADD COLUMN closed TEXT;
    UPDATE cases SET closed = (SELECT substr(max(at), 1, 10) FROM steps WHERE case_id = cases.id AND step = 'close')
        WHERE state = 'closed';
",
];

/// A case, without what is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseRow {
    pub(super) id: i64,
    /// Its number.
    pub number: CaseNumber,
    /// Its kind.
    pub kind: CaseKind,
    /// Where it stands.
    pub state: CaseState,
    /// Whose footage it is about.
    pub subject: Subject,
    /// When the request came.
    pub received: Date,
    /// The last day of its term.
    pub deadline: Date,
    /// Where the footage begins that it is about, in the camera's own time.
    pub window_from: DateTime,
    /// And ends.
    pub window_to: DateTime,
    /// An identity was established.
    pub identified: bool,
    /// And the authority to act for somebody else.
    pub authority: bool,
    /// The release in hand.
    pub release: Option<ReleaseState>,
    /// The language of its papers.
    pub lang: Lang,
    /// When it was closed.
    pub closed: Option<Date>,
    pub(super) key: Option<Vec<u8>>,
}

/// A clip of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClipRow {
    pub(super) id: i64,
    /// Its number in the case, from 1.
    pub number: u32,
    /// The camera's id.
    pub camera: Option<String>,
    /// When it was recorded, as staff confirmed, in the camera's own time.
    pub recorded_from: DateTime,
    /// Until when.
    pub recorded_to: DateTime,
    /// SHA-256 of the original, hexadecimal.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// When its key was destroyed.
    pub erased_at: Option<String>,
    pub(super) file: String,
    pub(super) key: Option<Vec<u8>>,
    pub(super) original: Option<Vec<u8>>,
}

/// Something that was made of a clip, encrypted with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaperRow {
    /// Its name in the case.
    pub name: String,
    /// SHA-256 of its content.
    pub sha256: String,
    pub(super) file: String,
}

/// A clip that was rendered, or for an original set aside, for release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseRow {
    /// The clip's number in its case.
    pub clip: u32,
    /// In which form it is to be given.
    pub form: Form,
    /// To whom.
    pub recipient: RecipientKind,
    /// SHA-256 of the finished file.
    pub sha256: String,
    /// SHA-256 of the options that it was rendered with.
    pub options: String,
    /// Somebody watched this very file to its end.
    pub watched: bool,
}

/// A step that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRow {
    /// When, UTC.
    pub at: String,
    /// Which.
    pub step: StepKind,
    /// The clip that it was about.
    pub clip: Option<u32>,
    /// Who took it.
    pub by: String,
    /// In which role.
    pub role: String,
    /// As a deputy.
    pub deputy: bool,
    /// The entry of the audit log that was written before.
    pub entry: u64,
}

impl CaseRow {
    /// Whether what was put on record of it is erased.
    #[must_use]
    pub fn is_forgotten(&self) -> bool {
        self.key.is_none()
    }

    /// What the table of allowed acts has to know; `clips` are those that are not erased.
    #[must_use]
    pub fn facts(&self, clips: usize) -> CaseFacts {
        CaseFacts {
            kind: self.kind,
            state: self.state,
            received: self.received,
            subject: self.subject,
            authority: self.authority,
            identified: self.identified,
            clips,
            release: self.release,
        }
    }
}

/// The store, opened.
#[derive(Debug)]
pub struct Store {
    db: Connection,
    folder: PathBuf,
}

impl Store {
    /// Opens the store in a folder, and makes both where they are not there.
    ///
    /// # Errors
    /// The folder is not its owner's alone, or the store cannot be used.
    pub fn open(folder: &Path) -> Result<Self, CaseError> {
        let fault = |e| CaseError::io(folder, e);
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fault)?;
        let meta = folder.metadata().map_err(fault)?;
        if meta.uid() != rustix::process::geteuid().as_raw() || meta.mode() & 0o077 != 0 {
            return Err(CaseError::NotPrivate(folder.to_owned()));
        }
        let path = folder.join(FILE);
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::CREATE | rustix::fs::OFlags::NOFOLLOW;
        // Made before SQLite opens it, so that it and its journal have this mode from the first byte.
        let made = rustix::fs::open(&path, flags | rustix::fs::OFlags::CLOEXEC, mode);
        let file = File::from(made.map_err(|e| CaseError::io(&path, e))?);
        if file.metadata().map_err(|e| CaseError::io(&path, e))?.mode() & 0o077 != 0 {
            return Err(CaseError::NotPrivate(path));
        }
        let db = Connection::open(&path)?;
        db.busy_timeout(PATIENCE)?;
        for (name, value) in [
            ("journal_mode", "DELETE"),
            ("synchronous", "FULL"),
            ("secure_delete", "ON"),
            ("foreign_keys", "ON"),
            ("temp_store", "MEMORY"),
        ] {
            db.pragma_update(None, name, value)?;
        }
        let mut store = Self { db, folder: folder.to_owned() };
        store.migrate()?;
        Ok(store)
    }

    fn migrate(&mut self) -> Result<(), CaseError> {
        let form: i64 = self.db.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if usize::try_from(form) == Ok(MIGRATIONS.len()) {
            return Ok(());
        }
        let tx = self.change()?;
        // Another process may have done it meanwhile.
        let form: i64 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let done = usize::try_from(form).unwrap_or(usize::MAX);
        let Some(missing) = MIGRATIONS.get(done..) else { return Err(CaseError::Newer(form)) };
        for migration in missing {
            tx.execute_batch(migration)?;
        }
        tx.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
        tx.commit()?;
        Ok(())
    }

    /// The folder of cases.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A change: nobody else makes one meanwhile, and it is undone where it is dropped.
    pub(super) fn change(&mut self) -> Result<Transaction<'_>, CaseError> {
        Ok(self.db.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }

    /// Every case, the oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn cases(&self) -> Result<Vec<CaseRow>, CaseError> {
        let mut query = self.db.prepare("SELECT * FROM cases ORDER BY id")?;
        let mut rows = query.query([])?;
        let mut cases = Vec::new();
        while let Some(row) = rows.next()? {
            cases.push(case_row(row)?);
        }
        Ok(cases)
    }

    /// The case of this number.
    ///
    /// # Errors
    /// [`CaseError::NoCase`].
    pub fn case(&self, number: &CaseNumber) -> Result<CaseRow, CaseError> {
        find_case(&self.db, number)
    }

    /// What is sealed of a case: names and bytes.
    pub(super) fn sealed_facts(&self, case: &CaseRow) -> Result<Vec<(String, Vec<u8>)>, CaseError> {
        let mut query = self.db.prepare("SELECT name, value FROM facts WHERE case_id = ?1 ORDER BY name")?;
        let rows = query.query_map([case.id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The clips of a case, erased ones too.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn clips(&self, case: &CaseRow) -> Result<Vec<ClipRow>, CaseError> {
        let mut query = self.db.prepare("SELECT * FROM clips WHERE case_id = ?1 ORDER BY number")?;
        let mut rows = query.query([case.id])?;
        let mut clips = Vec::new();
        while let Some(row) = rows.next()? {
            clips.push(clip_row(row)?);
        }
        Ok(clips)
    }

    /// A clip that is not erased.
    ///
    /// # Errors
    /// There is none of this number, or it was erased.
    pub fn clip(&self, case: &CaseRow, number: u32) -> Result<ClipRow, CaseError> {
        let name = case.number.to_string();
        let clip = self.clips(case)?.into_iter().find(|clip| clip.number == number);
        let clip = clip.ok_or(CaseError::NoClip { case: name.clone(), clip: number })?;
        match &clip.erased_at {
            Some(on) => Err(CaseError::Erased { case: name, clip: number, on: on.clone() }),
            None => Ok(clip),
        }
    }

    /// What was made of a clip.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn papers(&self, clip: &ClipRow) -> Result<Vec<PaperRow>, CaseError> {
        let mut query =
            self.db.prepare("SELECT name, sha256, file FROM papers WHERE clip_id = ?1 ORDER BY name")?;
        let rows = query.query_map([clip.id], |row| {
            Ok(PaperRow { name: row.get(0)?, sha256: row.get(1)?, file: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What is in hand for release, clip by clip.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn releases(&self, case: &CaseRow) -> Result<Vec<ReleaseRow>, CaseError> {
        find_releases(&self.db, case.id)
    }

    /// What was made of a case as a whole.
    pub(super) fn case_papers(&self, case: &CaseRow) -> Result<Vec<PaperRow>, CaseError> {
        let mut query =
            self.db.prepare("SELECT name, sha256, file FROM case_papers WHERE case_id = ?1 ORDER BY name")?;
        let rows = query.query_map([case.id], |row| {
            Ok(PaperRow { name: row.get(0)?, sha256: row.get(1)?, file: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The steps of a case, in their order.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn steps(&self, case: &CaseRow) -> Result<Vec<StepRow>, CaseError> {
        let mut query = self.db.prepare(
            "SELECT at, step, clip, by, role, deputy, entry FROM steps WHERE case_id = ?1 ORDER BY id",
        )?;
        let mut rows = query.query([case.id])?;
        let mut steps = Vec::new();
        while let Some(row) = rows.next()? {
            let step: String = row.get("step")?;
            let step = <StepKind as clap::ValueEnum>::from_str(&step, false);
            steps.push(StepRow {
                at: row.get("at")?,
                step: step.map_err(CaseError::Strange)?,
                clip: row.get("clip")?,
                by: row.get("by")?,
                role: row.get("role")?,
                deputy: row.get("deputy")?,
                entry: row.get::<_, i64>("entry")?.unsigned_abs(),
            });
        }
        Ok(steps)
    }

    /// The highest entry of the audit log that any step names; 0 where there is none.
    pub(super) fn last_entry(&self) -> Result<u64, CaseError> {
        let entry: i64 =
            self.db.query_row("SELECT coalesce(max(entry), 0) FROM steps", [], |row| row.get(0))?;
        Ok(entry.unsigned_abs())
    }

    /// The names of all files that belong to a clip that is not erased.
    pub(super) fn files(&self) -> Result<Vec<String>, CaseError> {
        let mut query = self.db.prepare(
            "SELECT file FROM clips WHERE erased_at IS NULL UNION SELECT papers.file FROM papers \
             JOIN clips ON clips.id = papers.clip_id WHERE clips.erased_at IS NULL \
             UNION SELECT file FROM case_papers",
        )?;
        let rows = query.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// What is in hand for release of a case, within a change or not.
pub(super) fn find_releases(db: &Connection, case_id: i64) -> Result<Vec<ReleaseRow>, CaseError> {
    let mut query = db.prepare(
        "SELECT clips.number AS number, form, recipient, releases.sha256 AS sha256, options, watched \
         FROM releases JOIN clips ON clips.id = releases.clip_id WHERE clips.case_id = ?1 ORDER BY clips.number",
    )?;
    let mut rows = query.query([case_id])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(ReleaseRow {
            clip: row.get("number")?,
            form: text(row, "form")?,
            recipient: text(row, "recipient")?,
            sha256: row.get("sha256")?,
            options: row.get("options")?,
            watched: row.get("watched")?,
        });
    }
    Ok(found)
}

/// A step within a change.
pub(super) fn add_step(tx: &Transaction<'_>, case_id: i64, step: &StepRow) -> Result<(), CaseError> {
    tx.execute(
        "INSERT INTO steps(case_id, at, step, clip, by, role, deputy, entry) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
        params![
            case_id,
            step.at,
            step.step.to_string(),
            step.clip,
            step.by,
            step.role,
            step.deputy,
            step.entry.cast_signed()
        ],
    )?;
    Ok(())
}

/// Something sealed of a case, within a change.
pub(super) fn set_fact(
    tx: &Transaction<'_>,
    case_id: i64,
    name: &str,
    value: &[u8],
) -> Result<(), CaseError> {
    tx.execute(
        "INSERT OR REPLACE INTO facts(case_id, name, value) VALUES(?1,?2,?3)",
        params![case_id, name, value],
    )?;
    Ok(())
}

pub(super) fn find_case(db: &Connection, number: &CaseNumber) -> Result<CaseRow, CaseError> {
    let mut query = db.prepare("SELECT * FROM cases WHERE number = ?1")?;
    let found = query.query_row([number.to_string()], |row| Ok(case_row(row))).optional()?;
    found.unwrap_or_else(|| Err(CaseError::NoCase(number.to_string())))
}

/// A column whose text is one of ours.
fn text<T: FromStr>(row: &Row<'_>, column: &str) -> Result<T, CaseError> {
    let text: String = row.get(column)?;
    text.parse().map_err(|_| CaseError::Strange(format!("{column} = {text:?}")))
}

fn case_row(row: &Row<'_>) -> Result<CaseRow, CaseError> {
    let release: Option<String> = row.get("release")?;
    Ok(CaseRow {
        id: row.get("id")?,
        number: text(row, "number")?,
        kind: text(row, "kind")?,
        state: text(row, "state")?,
        subject: text(row, "subject")?,
        received: text(row, "received")?,
        deadline: text(row, "deadline")?,
        window_from: text(row, "window_from")?,
        window_to: text(row, "window_to")?,
        identified: row.get("identified")?,
        authority: row.get("authority")?,
        release: release.map(|_| text(row, "release")).transpose()?,
        lang: <Lang as clap::ValueEnum>::from_str(&row.get::<_, String>("lang")?, false)
            .map_err(CaseError::Strange)?,
        closed: row.get::<_, Option<String>>("closed")?.map(|_| text(row, "closed")).transpose()?,
        key: row.get("key")?,
    })
}

fn clip_row(row: &Row<'_>) -> Result<ClipRow, CaseError> {
    Ok(ClipRow {
        id: row.get("id")?,
        number: row.get("number")?,
        camera: row.get("camera")?,
        recorded_from: text(row, "recorded_from")?,
        recorded_to: text(row, "recorded_to")?,
        sha256: row.get("sha256")?,
        bytes: row.get::<_, i64>("bytes")?.unsigned_abs(),
        file: row.get("file")?,
        key: row.get("key")?,
        original: row.get("original")?,
        erased_at: row.get("erased_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_its_owners_alone_and_knows_its_form() {
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("cases");
        drop(Store::open(&folder).expect("made"));
        let mode = |path: &Path| path.metadata().expect("there").mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join(FILE))), (0o700, 0o600));
        let store = Store::open(&folder).expect("opened again");
        assert_eq!(store.cases().expect("read"), []);
        store.db.pragma_update(None, "user_version", 99).expect("set");
        drop(store);
        assert!(matches!(Store::open(&folder), Err(CaseError::Newer(99))));
        let wide = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&folder, wide).expect("set");
        assert!(matches!(Store::open(&folder), Err(CaseError::NotPrivate(_))));
    }
}
