//! The smallest things that an entry is made of, each checked where it is made: hashes, names, accounts, times.

use super::act::ActKind;
use crate::digest::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::process::Command;
use std::str::FromStr;

/// Longest name of a member of staff, characters.
const LONGEST_NAME: usize = 120;

/// Something that an entry cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// Not 64 lower-case hexadecimal digits.
    #[error("a SHA-256 is 64 digits of 0-9 and a-f")]
    Hash,
    /// Not the name of a person.
    #[error("a name is one line of at most {LONGEST_NAME} characters, without slashes")]
    Name,
    /// Not a login name.
    #[error("not a login name")]
    Login,
    /// Not the id of a camera file.
    #[error("a camera's id is made of a-z, 0-9 and hyphens")]
    Camera,
    /// A reason that says nothing.
    #[error("the reason says nothing")]
    Reason,
    /// Not the number of a case.
    #[error("a case's number is written like 2026-0007")]
    Case,
    /// Not a time.
    #[error("a time is written like 2026-01-31T09:30:00.000Z")]
    Time,
    /// The act names nothing that it could show.
    #[error("a {0} has to name {1}")]
    Subject(ActKind, &'static str),
}

/// Bytes out of lower-case hexadecimal digits, as many as there must be.
pub(super) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let mut out = [0; N];
    if pairs.len() != N {
        return None;
    }
    for (out, [high, low]) in out.iter_mut().zip(pairs) {
        *out = digit(*high)? << 4 | digit(*low)?;
    }
    Some(out)
}

/// A SHA-256, or an HMAC by it; written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash256([u8; 32]);

impl Hash256 {
    /// What the first entry names as the one before.
    pub const ZERO: Self = Self([0; 32]);

    /// SHA-256 of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// A hash that was made already.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for Hash256 {
    type Err = ContentError;

    fn from_str(text: &str) -> Result<Self, ContentError> {
        unhex(text).map(Self).ok_or(ContentError::Hash)
    }
}

impl fmt::Display for Hash256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&hex(&self.0))
    }
}

impl fmt::Debug for Hash256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Between a text and a value that checks it, for serde.
macro_rules! written_as_text {
    ($type:ty) => {
        impl TryFrom<String> for $type {
            type Error = ContentError;

            fn try_from(text: String) -> Result<Self, ContentError> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }
    };
}

written_as_text!(Hash256);
written_as_text!(StaffName);
written_as_text!(LoginName);
written_as_text!(CameraId);
written_as_text!(CaseNumber);
written_as_text!(UtcTime);

/// A text that was checked, and what checks it.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $fault:ident, $sound:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl FromStr for $name {
            type Err = ContentError;

            fn from_str(text: &str) -> Result<Self, ContentError> {
                let text = text.trim();
                let sound: fn(&str) -> bool = $sound;
                if !text.is_empty() && sound(text) { Ok(Self(text.to_owned())) } else { Err(ContentError::$fault) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

checked_text!(
    /// The name of the member of staff who acts, as given: one line, at most 120 characters, no path.
    StaffName,
    Name,
    |text| text.chars().count() <= LONGEST_NAME && !text.chars().any(|c| c.is_control() || "/\\".contains(c))
);
checked_text!(
    /// A login name of the operating system.
    LoginName,
    Login,
    |text| text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-$@+".contains(&b))
);
checked_text!(
    /// The id of a camera file.
    CameraId,
    Camera,
    |text| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
);

checked_text!(
    /// The number of a case: the year in which it was opened, a hyphen, and its number in the store.
    CaseNumber,
    Case,
    |text| {
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        text.split_once('-').is_some_and(|(year, number)| {
            year.len() == 4 && (4..=9).contains(&number.len()) && digits(year) && digits(number)
        })
    }
);

/// The account of the operating system that acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The process's real user id.
    pub uid: u32,
    /// Its login name, where `/etc/passwd` has it.
    pub login: Option<LoginName>,
    /// The user id that logged in, which `su` and `sudo` do not change; where the kernel keeps it.
    pub session_uid: Option<u32>,
}

impl Account {
    /// The account that this process runs under.
    #[must_use]
    pub fn of_this_process() -> Self {
        let uid = rustix::process::getuid().as_raw();
        let session = std::fs::read_to_string("/proc/self/loginuid").ok();
        let session_uid = session.and_then(|text| text.trim().parse().ok()).filter(|uid| *uid != u32::MAX);
        Self { uid, login: login(uid), session_uid }
    }

    /// The name of who logged in, whatever account they took on since; where the kernel keeps it.
    #[must_use]
    pub fn session_login(&self) -> Option<LoginName> {
        self.session_uid.and_then(login)
    }
}

/// The name of an account: of this machine, or of a directory that it asks (LDAP, Active Directory).
fn login(uid: u32) -> Option<LoginName> {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    login_of(uid, &users).or_else(|| {
        // By its whole path and without our environment: who somebody is must not hang on a variable.
        let asked = Command::new("/usr/bin/getent").arg("passwd").arg(uid.to_string()).env_clear().output();
        login_of(uid, &String::from_utf8(asked.ok()?.stdout).ok()?)
    })
}

/// The first name of a user id in the form of passwd(5).
fn login_of(uid: u32, users: &str) -> Option<LoginName> {
    let fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let mut own = fields.filter(|fields| fields.get(2).and_then(|field| field.parse().ok()) == Some(uid));
    own.next()?.first()?.parse().ok()
}

/// A moment, UTC, to the millisecond; written by RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UtcTime(jiff::Timestamp);

impl UtcTime {
    /// Now.
    #[must_use]
    pub fn now() -> Self {
        let now = jiff::Timestamp::now();
        // As it is written, so that what is read back is equal.
        Self(jiff::Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now))
    }
}

impl FromStr for UtcTime {
    type Err = ContentError;

    fn from_str(text: &str) -> Result<Self, ContentError> {
        let time: jiff::Timestamp = text.parse().map_err(|_| ContentError::Time)?;
        Ok(Self(time))
    }
}

impl fmt::Display for UtcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_free_text_and_they_are_no_paths() {
        let name = |text: &str| text.parse::<StaffName>().map(|name| name.to_string()).ok();
        assert_eq!(name(" A. de Vries-Oğuz "), Some("A. de Vries-Oğuz".into()));
        let long = "x".repeat(LONGEST_NAME + 1);
        for text in ["", "  ", "a\nb", "/home/a", "C:\\clips", &long] {
            assert_eq!(name(text), None, "{text:?}");
        }
        for text in ["entrance 3", "a/b", "Hal", "clip.mp4", ""] {
            text.parse::<CameraId>().expect_err(text);
        }
        "entrance-3".parse::<CameraId>().expect("an id");
        "not a login".parse::<LoginName>().expect_err("spaces");
    }

    #[test]
    fn hashes_are_lower_case_and_whole() {
        let hash = Hash256::of(b"abc");
        assert_eq!(
            hash.to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "FIPS 180-2, appendix B.1"
        );
        assert_eq!(hash.to_string().parse(), Ok(hash));
        let text = hash.to_string();
        for wrong in [&text.to_uppercase(), &text[1..], &format!("{text}00"), &text.replace('a', "é"), ""] {
            wrong.parse::<Hash256>().expect_err(wrong);
        }
    }

    #[test]
    fn a_login_is_found_by_its_number() {
        let users = "root:x:0:0:root:/root:/bin/sh\nbroken\njansen:x:1000:1000::/home/j:/bin/sh\n";
        let login = |uid| login_of(uid, users).map(|login| login.to_string());
        assert_eq!(login(1000), Some("jansen".into()));
        assert_eq!(login(0), Some("root".into()));
        assert_eq!(login(100), None);
    }
}
