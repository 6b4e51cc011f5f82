//! Decoders of graphics cards: preferred where the settings say so, and believed only where the settings say that too.
//!
//! GStreamer ranks its elements for the whole process, so this is said once, before the first clip is opened. None of
//! these decoders was ever tried: a machine with a graphics card has to show whether they work.

use super::media::{MediaError, init};
use crate::config::{Codecs, DecodeSettings};
use gstreamer as gst;
use gstreamer::prelude::PluginFeatureExtManual;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether pictures may be shown that come from a decoder which conceals damage without a word.
static SILENT_ACCEPTED: AtomicBool = AtomicBool::new(false);

/// Names of a family's decoders of H.264 and H.265, which is what cameras send.
fn decoders(codecs: Codecs) -> &'static [&'static str] {
    match codecs {
        Codecs::Software => &[],
        Codecs::Va => &["vah264dec", "vah265dec"],
        Codecs::Nvcodec => &["nvh264dec", "nvh265dec"],
        Codecs::Qsv => &["qsvh264dec", "qsvh265dec"],
    }
}

/// The decoders of a family that this machine has.
#[must_use]
pub fn decoders_here(codecs: Codecs) -> Vec<&'static str> {
    let here = |name: &&&str| init().is_ok() && gst::ElementFactory::find(name).is_some();
    decoders(codecs).iter().filter(here).copied().collect()
}

/// Puts the decoders that the settings name before all others.
///
/// # Errors
/// [`MediaError::NoDecoder`] where this machine has none of them, or GStreamer does not start.
pub fn use_decoders(settings: &DecodeSettings) -> Result<(), MediaError> {
    SILENT_ACCEPTED.store(settings.accept_silent, Ordering::Release);
    if settings.elements == Codecs::Software {
        return Ok(());
    }
    init()?;
    let here = decoders_here(settings.elements);
    if here.is_empty() {
        return Err(MediaError::NoDecoder {
            elements: settings.elements.word(),
            names: decoders(settings.elements).join(", "),
        });
    }
    let registry = gst::Registry::get();
    for feature in here.into_iter().filter_map(|name| registry.lookup_feature(name)) {
        feature.set_rank(gst::Rank::PRIMARY + 200);
    }
    Ok(())
}

/// Whether a decoder says which pictures are damaged, or its silence was accepted.
pub(super) fn is_believed(decoder: &gst::ElementFactory) -> bool {
    let hardware = decoder.metadata("klass").is_some_and(|class| class.contains("Hardware"));
    !hardware || SILENT_ACCEPTED.load(Ordering::Acquire)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_that_is_not_here_is_refused_with_its_names() {
        for elements in Codecs::HARDWARE {
            if !decoders_here(elements).is_empty() {
                continue;
            }
            let refused = use_decoders(&DecodeSettings { elements, accept_silent: false });
            let words = refused.expect_err("it is not here").to_string();
            assert!(words.contains(elements.word()) && words.contains(decoders(elements)[0]), "{words}");
        }
    }

    #[test]
    fn software_decoders_are_believed() {
        init().expect("GStreamer is installed");
        let factory = gst::ElementFactory::find("avdec_h264").expect("libav is installed");
        assert!(is_believed(&factory));
    }
}
