//! GStreamer, started once per process and told how to behave.

use gio::prelude::*;
use std::sync::OnceLock;

/// GStreamer cannot do its part.
#[derive(Debug, Clone, thiserror::Error)]
pub enum MediaError {
    /// The library or its registry cannot be used.
    #[error("GStreamer does not start: {0}; run scripts/setup, then `melkglas doctor`")]
    Start(String),
    /// The settings ask for decoders that this machine does not have.
    #[error(
        "decode.elements = \"{elements}\" needs {names}, of which none is here; install the driver and GStreamer's \
         bad plugins, or write \"software\""
    )]
    NoDecoder {
        /// The word of the settings.
        elements: &'static str,
        /// The elements looked for.
        names: String,
    },
}

/// Decoders that report what they conceal on libav's log; they go before all others.
///
/// A hardware decoder or another library would conceal without a word, and a frame that shows half of yesterday's
/// picture is one in which nobody is found.
const TRUSTED_DECODERS: [&str; 10] = [
    "avdec_h264",
    "avdec_h265",
    "avdec_mjpeg",
    "avdec_mpeg2video",
    "avdec_mpeg4",
    "avdec_vp8",
    "avdec_vp9",
    "avdec_h263",
    "avdec_msmpeg4",
    "avdec_mpegvideo",
];

/// Elements that read something else than the clip: a playlist or a session description, given the name of a clip,
/// would make the program open connections, or redact another file than the one that was checked and hashed.
const BEYOND_THE_CLIP: [&str; 10] = [
    "hlsdemux",
    "hlsdemux2",
    "dashdemux",
    "dashdemux2",
    "mssdemux",
    "mssdemux2",
    "sdpdemux",
    "gesdemux",
    "souphttpsrc",
    "curlhttpsrc",
];

/// Starts GStreamer; does nothing the second time.
///
/// # Errors
/// [`MediaError`] where the library or its registry cannot be used.
pub fn init() -> Result<(), MediaError> {
    static STARTED: OnceLock<Result<(), MediaError>> = OnceLock::new();
    STARTED
        .get_or_init(|| {
            gstreamer::init().map_err(|e| MediaError::Start(e.to_string()))?;
            // GStreamer's own log would go to stderr and may hold names and tags of the source.
            gstreamer::log::remove_default_log_function();
            // So would what GLib complains about on footage that is odd enough; a person is told one sentence.
            gstreamer::glib::log_set_default_handler(|domain, level, words| {
                tracing::debug!(?domain, ?level, words, "GLib");
            });
            let registry = gstreamer::Registry::get();
            for name in TRUSTED_DECODERS {
                if let Some(feature) = registry.lookup_feature(name) {
                    gstreamer::prelude::PluginFeatureExtManual::set_rank(
                        &feature,
                        gstreamer::Rank::PRIMARY + 100,
                    );
                }
            }
            for name in BEYOND_THE_CLIP {
                if let Some(feature) = registry.lookup_feature(name) {
                    // `decodebin` takes no element of this rank.
                    gstreamer::prelude::PluginFeatureExtManual::set_rank(&feature, gstreamer::Rank::NONE);
                }
            }
            super::concealment::listen();
            Ok(())
        })
        .clone()
}

/// GStreamer's version, for `doctor` and the report.
#[must_use]
pub fn library_version() -> String {
    gstreamer::version_string().to_string()
}

/// Elements that decoding and encoding are built from.
const ELEMENTS: [&str; 28] = [
    "appsink",
    "appsrc",
    "avdec_h264",
    "avdec_h265",
    "avdec_mjpeg",
    "avdec_mpeg2video",
    "avdec_mpeg4",
    "avdec_vp8",
    "avdec_vp9",
    "avidemux",
    "decodebin",
    "fakesink",
    "filesink",
    "filesrc",
    "h264parse",
    "h265parse",
    "matroskademux",
    "matroskamux",
    "mp4mux",
    "mpegpsdemux",
    "mpegvideoparse",
    "qtdemux",
    "queue",
    "tsdemux",
    "typefind",
    "videoconvert",
    "videoflip",
    "x264enc",
];

/// What live cameras need beside those.
const LIVE_ELEMENTS: [&str; 8] = [
    "rtpbin",
    "rtph264depay",
    "rtph264pay",
    "rtph265depay",
    "rtpjitterbuffer",
    "rtspsrc",
    "udpsink",
    "udpsrc",
];

/// Names of what live cameras need and this installation lacks: elements of GStreamer, and TLS.
#[must_use]
pub fn missing_for_live() -> Vec<&'static str> {
    if init().is_err() {
        return LIVE_ELEMENTS.to_vec();
    }
    let elements = LIVE_ELEMENTS.into_iter().filter(|name| gstreamer::ElementFactory::find(name).is_none());
    let has_tls = gio::TlsBackend::default().supports_tls();
    elements.chain((!has_tls).then_some("TLS (glib-networking)")).collect()
}

/// Names of needed elements that this installation of GStreamer lacks.
#[must_use]
pub fn missing_elements() -> Vec<&'static str> {
    if init().is_err() {
        return ELEMENTS.to_vec();
    }
    ELEMENTS.into_iter().filter(|name| gstreamer::ElementFactory::find(name).is_none()).collect()
}
