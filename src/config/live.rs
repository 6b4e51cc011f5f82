//! `live` and `[stream]` in a camera file: whether the camera may be watched live, and where its stream is.
//!
//! Nothing said means forbidden: to watch live is what the protocols restrict most (Leystromen forbids it altogether).
//! The address never holds a user or a password, so that it can be shown and logged; those stand in a file of their
//! own, see [`super::credentials`].

use super::document::{Item, Section};
use super::secrets;
use super::site::set;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Whether a camera may be watched live; the strictest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum LivePolicy {
    /// Never.
    #[default]
    Forbidden,
    /// To place and check the camera only: by a named member of staff with a reason, for at most an hour, recorded in
    /// the audit log.
    Placement,
    /// With everybody and every private region hidden.
    Masked,
}

/// What the way to the camera has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// TLS, with the camera's certificate checked: `rtsps://` only.
    #[default]
    Tls,
    /// Also in the clear.
    Any,
}

/// How media travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// Within the control connection: nothing is lost on the way.
    #[default]
    Tcp,
    /// As datagrams.
    Udp,
}

/// Where pictures come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamSource {
    /// A camera: an `rtsp://` or `rtsps://` address without user and password.
    Url(String),
    /// A clip, played over and over, for rehearsal; seen from the camera file's folder.
    Clip(PathBuf),
}

/// Where a camera's stream is, and how it may be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Where pictures come from.
    pub source: StreamSource,
    /// What the way has to be.
    pub transport: Transport,
    /// How media travels.
    pub delivery: Delivery,
    /// Certificates of those whose word is taken for the camera's name, PEM; without it the system's. Seen from the
    /// camera file's folder.
    pub ca: Option<PathBuf>,
    /// A file with `user:password`, seen from the camera file's folder; or the name of a systemd credential.
    pub credentials: Option<PathBuf>,
    /// Whether masked footage of it may be recorded.
    pub record: bool,
}

/// Reads the table; `None` where it has a fault.
pub(super) fn read(item: &Item<'_>) -> Option<Stream> {
    let mut section = item.section()?;
    let source = read_source(&mut section, item);
    let (mut transport, mut delivery, mut record) = (Transport::default(), Delivery::default(), false);
    let given = section.optional("transport");
    if let Some(word) = given.as_ref() {
        transport = word.word()?;
    }
    set(&mut section, "delivery", &mut delivery, |item| item.word());
    set(&mut section, "record", &mut record, |item| item.boolean());
    let path = |section: &mut Section<'_>, key| match section.optional(key) {
        None => Some(None),
        Some(item) => item.filled_text("name the file, or leave the key out").map(|t| Some(PathBuf::from(t))),
    };
    let ca = path(&mut section, "ca");
    let credentials = path(&mut section, "credentials");
    section.finish();
    let source = source?;
    if let StreamSource::Url(url) = &source
        && transport == Transport::Tls
        && !url.starts_with("rtsps://")
    {
        item.note(
            "`stream` asks for TLS and its address is plain rtsp://",
            "rtsp:// is sent in the clear",
            "write rtsps:// and, where the camera has a certificate of your own, its `ca`; or, where the network \
             itself is closed to others, transport = \"any\"",
        );
        return None;
    }
    Some(Stream { source, transport, delivery, ca: ca?, credentials: credentials?, record })
}

fn read_source(section: &mut Section<'_>, whole: &Item<'_>) -> Option<StreamSource> {
    let (url, clip) = (section.optional("url"), section.optional("clip"));
    match (url, clip) {
        (Some(url), None) => read_url(&url).map(StreamSource::Url),
        (None, Some(clip)) => {
            clip.filled_text("name the clip").map(|path| StreamSource::Clip(PathBuf::from(path)))
        }
        (Some(_), Some(clip)) => {
            clip.note("`stream` names two sources", "and a clip", "keep `url` or `clip`, not both");
            None
        }
        (None, None) => {
            whole.note(
                "`stream` names no source",
                "where do pictures come from?",
                "write url = \"rtsps://...\", or clip = \"...\" for a rehearsal with a clip",
            );
            None
        }
    }
}

/// What to do with a password in an address.
const OUT_WITH_IT: &str = "take it out, write user:password into a file that only the service can read, and name it: \
     credentials = \"FILE\"; and change the password, for it stood in a settings file";

/// An address without user and password.
fn read_url(item: &Item<'_>) -> Option<String> {
    let url = item.filled_text("write the camera's address: url = \"rtsps://camera-3.example/stream\"")?;
    let rest = url.strip_prefix("rtsps://").or_else(|| url.strip_prefix("rtsp://"));
    let authority = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    match authority {
        None | Some("") => {
            item.note("`url` is no RTSP address", "not rtsp:// or rtsps://", "write rtsps://HOST/PATH");
            None
        }
        Some(authority) if authority.contains('@') || !secrets::in_addresses(url).is_empty() => {
            item.note("`url` holds a user or a password", "before the @", OUT_WITH_IT);
            None
        }
        Some(_) if !secrets::behind_words(url).is_empty() => {
            item.note("`url` holds a password", "behind the word", OUT_WITH_IT);
            None
        }
        Some(_) if url.chars().any(|c| c.is_control() || c.is_whitespace()) => {
            item.note("`url` has blanks in it", "no address has", "write them as %20");
            None
        }
        Some(_) => Some(url.to_owned()),
    }
}
