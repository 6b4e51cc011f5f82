//! A camera's stream: RTSP or RTSPS in, the same decoder behind it as for clips.
//!
//! `rtspsrc ! decodebin ! ... ! appsink`. The control connection is TCP, media comes within it unless datagrams are
//! asked for. Under TLS the camera's certificate must be vouched for by a given authority (or the system's) and be for
//! the camera's own name; whatever is wrong with it ends the attempt, and is told in words. User and password are
//! handed to the element as properties and stand in no address, no log and no message.

use super::chain::{self, Made, Shared, lock, make};
use crate::config::{Credentials, Delivery, LimitSettings};
use gio::prelude::*;
use gst::prelude::*;
use gstreamer as gst;
use gstreamer_rtsp as gst_rtsp;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Time that datagrams wait for one that is late or lost, milliseconds. Within the control connection nothing waits.
const JITTER_MS: u32 = 100;
/// Longest wait for the network, microseconds: connecting, an answer, datagrams.
const NETWORK_US: u64 = 5_000_000;

/// Where a camera's stream is, and how it is fetched.
#[derive(Debug, Clone)]
pub struct StreamFeed {
    /// `rtsp://` or `rtsps://`, without user and password.
    pub url: String,
    /// How media travels.
    pub delivery: Delivery,
    /// Certificates that vouch for the camera, PEM; without it the system's.
    pub ca: Option<PathBuf>,
    /// Who fetches it.
    pub credentials: Option<Credentials>,
}

/// Certificates that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the certificates {} {reason}; `ca` names a PEM file of those who vouch for the camera", path.display())]
pub struct CaError {
    path: PathBuf,
    reason: String,
}

impl StreamFeed {
    /// Looks whether there are certificates in the file that is named for them.
    ///
    /// # Errors
    /// [`CaError`].
    pub fn check_ca(&self) -> Result<(), CaError> {
        let Some(path) = &self.ca else { return Ok(()) };
        let fault = |reason: String| Err(CaError { path: path.clone(), reason });
        match gio::TlsCertificate::list_new_from_file(path) {
            Ok(all) if all.is_empty() => fault("hold no certificate".into()),
            Ok(_) => Ok(()),
            Err(e) => fault(format!("cannot be read: {}", e.message().trim_end_matches('.'))),
        }
    }
}

/// Builds the pipeline for a stream; it is not started.
///
/// # Errors
/// What is missing or wrong, in words.
pub(super) fn build(feed: &StreamFeed, limits: &LimitSettings) -> Result<Made, String> {
    let shared = Arc::new(Shared::new(limits));
    // What comes has its own times.
    shared.demuxed.store(true, Ordering::Release);
    let source = make("rtspsrc")?;
    source.set_property("location", &feed.url);
    source.set_property("latency", JITTER_MS);
    source.set_property("tcp-timeout", NETWORK_US);
    source.set_property("timeout", NETWORK_US);
    source.set_property(
        "protocols",
        match feed.delivery {
            Delivery::Tcp => gst_rtsp::RTSPLowerTrans::TCP,
            Delivery::Udp => gst_rtsp::RTSPLowerTrans::UDP,
        },
    );
    // No word of ours on the way to the camera but what fetches the stream.
    source.set_property("user-agent", "melkglas");
    if let Some(credentials) = &feed.credentials {
        source.set_property("user-id", credentials.user());
        source.set_property("user-pw", credentials.password());
    }
    if let Some(ca) = &feed.ca {
        let unreadable = |e: &dyn std::fmt::Display| format!("the certificates {}: {e}", ca.display());
        // TlsFileDatabase takes nothing but a whole path.
        let whole = std::path::absolute(ca).map_err(|e| unreadable(&e))?;
        let database = gio::TlsFileDatabase::new(whole).map_err(|e| unreadable(&e.message()))?;
        source.set_property("tls-database", &database);
    }
    source.set_property("tls-validation-flags", gio::TlsCertificateFlags::VALIDATE_ALL);
    let notes = Arc::clone(&shared);
    source.connect("accept-certificate", false, move |values| {
        let flags = values.get(3).and_then(|value| value.get::<gio::TlsCertificateFlags>().ok());
        *lock(&notes.refusal) = Some(refusal(flags.unwrap_or(gio::TlsCertificateFlags::GENERIC_ERROR)));
        Some(false.to_value())
    });
    let taken = AtomicBool::new(false);
    source.connect("select-stream", false, move |values| {
        let caps = values.get(2).and_then(|value| value.get::<gst::Caps>().ok());
        let media = caps.and_then(|caps| caps.structure(0)?.get::<String>("media").ok());
        let first_video = media.as_deref() == Some("video") && !taken.swap(true, Ordering::AcqRel);
        Some(first_video.to_value())
    });
    let pipeline = gst::Pipeline::new();
    pipeline.add(&source).map_err(|e| e.to_string())?;
    let (decodebin, sink) = chain::decoder(&pipeline, &shared, false, None)?;
    conceal_aloud(&decodebin);
    // Whoever is late gets the newest picture; a camera must not wait for us.
    sink.set_property("drop", true);
    let target = decodebin.downgrade();
    source.connect_pad_added(move |_, pad| {
        let entry = target.upgrade().and_then(|decodebin| decodebin.static_pad("sink"));
        if let Some(entry) = entry.filter(|entry| !entry.is_linked()) {
            // A failure shows as an error of the stream on the bus.
            let _ = pad.link(&entry);
        }
    });
    Ok(Made { pipeline, sink, shared })
}

/// What is wrong with a certificate, in words.
fn refusal(flags: gio::TlsCertificateFlags) -> String {
    let known = [
        (gio::TlsCertificateFlags::UNKNOWN_CA, "nobody whom we trust vouches for it"),
        (gio::TlsCertificateFlags::BAD_IDENTITY, "it is for another name than the camera's address has"),
        (gio::TlsCertificateFlags::EXPIRED, "it has expired"),
        (gio::TlsCertificateFlags::NOT_ACTIVATED, "it is not valid yet"),
        (gio::TlsCertificateFlags::REVOKED, "it was revoked"),
        (gio::TlsCertificateFlags::INSECURE, "its algorithm is not safe"),
    ];
    let words: Vec<&str> = known.iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, w)| *w).collect();
    let words = if words.is_empty() { "it cannot be checked".to_owned() } else { words.join(", and ") };
    format!("the camera's certificate is refused: {words}")
}

/// An error on the bus, in words without an address or a name in them.
pub(super) fn words(error: &gst::glib::Error) -> String {
    let known = [
        (gst::ResourceError::NotAuthorized, "the camera refuses this user and password"),
        (gst::ResourceError::NotFound, "the camera has no such stream"),
        (gst::ResourceError::OpenRead, "the camera cannot be reached"),
        (gst::ResourceError::OpenReadWrite, "the camera cannot be reached"),
        (gst::ResourceError::Read, "the connection broke off"),
        (gst::ResourceError::Write, "the connection broke off"),
    ];
    match known.iter().find(|(kind, _)| error.matches(*kind)) {
        Some((_, words)) => (*words).to_owned(),
        None => error.message().trim_end_matches('.').to_owned(),
    }
}

/// Gives libav's decoders frame threads. In a live pipeline GStreamer would choose slice threads, and with those libavcodec
/// switches its error resilience off: a damaged picture is neither mended nor mentioned, and would pass for a sound one.
fn conceal_aloud(decodebin: &gst::Element) {
    let Some(bin) = decodebin.downcast_ref::<gst::Bin>() else { return };
    bin.connect_deep_element_added(|_, _, element| {
        let libav = element.factory().is_some_and(|factory| factory.name().starts_with("avdec_"));
        if libav && element.find_property("thread-type").is_some() {
            element.set_property_from_str("thread-type", "frame");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_looked_at_before_anything_starts() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ca.pem");
        let said = |text: Option<&str>| {
            text.iter().for_each(|text| std::fs::write(&path, text).expect("written"));
            let feed = StreamFeed {
                url: "rtsps://camera.example/".into(),
                delivery: Delivery::Tcp,
                ca: Some(path.clone()),
                credentials: None,
            };
            feed.check_ca().expect_err("not sound").to_string()
        };
        assert!(said(None).contains("cannot be read"), "{}", said(None));
        assert!(said(Some("user:password\n")).contains("hold no certificate"));
        let spoilt = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(said(Some(spoilt)).contains("cannot be read"));
    }

    #[test]
    fn a_refusal_says_why() {
        let flags = gio::TlsCertificateFlags::UNKNOWN_CA | gio::TlsCertificateFlags::BAD_IDENTITY;
        let said = refusal(flags);
        assert!(said.contains("vouches") && said.contains("another name"), "{said}");
        assert!(refusal(gio::TlsCertificateFlags::empty()).contains("cannot be checked"));
    }
}
