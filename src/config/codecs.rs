//! Whose elements decode and encode: the processor's, or those of a graphics card.

use super::document::Section;
use super::site::set;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A family of GStreamer elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Codecs {
    /// libav and x264, on the processor.
    #[default]
    Software,
    /// VA-API: Intel's and AMD's graphics. Untested.
    Va,
    /// NVIDIA's codecs. Untested.
    Nvcodec,
    /// Intel Quick Sync. Untested.
    Qsv,
}

impl Codecs {
    /// Those of graphics cards.
    pub const HARDWARE: [Self; 3] = [Self::Va, Self::Nvcodec, Self::Qsv];

    /// The word of the settings.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Software => "software",
            Self::Va => "va",
            Self::Nvcodec => "nvcodec",
            Self::Qsv => "qsv",
        }
    }
}

/// How footage is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct DecodeSettings {
    /// Whose decoders.
    pub elements: Codecs,
    /// Whether pictures of a decoder that conceals damage without a word may be shown at all.
    pub accept_silent: bool,
}

impl DecodeSettings {
    pub(super) fn read(&mut self, section: &mut Section<'_>) {
        set(section, "accept_silent", &mut self.accept_silent, |item| item.boolean());
        let accepted = self.accept_silent;
        set(section, "elements", &mut self.elements, |item| {
            let elements = item.word::<Codecs>()?;
            if elements != Codecs::Software && !accepted {
                item.note(
                    format!("`{}`: those decoders do not say which pictures are damaged", item.name()),
                    "conceals damage without a word",
                    "write \"software\", or also `accept_silent = true` where that risk was weighed",
                );
                return None;
            }
            Some(elements)
        });
    }
}
