//! What files and live streams have in common when they are coded: how frames enter, and which H.264 encoder codes them.
//!
//! The encoders of graphics cards ([`Codecs`]) are chosen by settings, probed by [`encoder_here`], and untested: their
//! properties are those that GStreamer's documentation names, and what they write is read back like everything else.

use super::encode::SinkError;
use crate::config::{Codecs, EncodeSettings, Preset};
use crate::video::frame::{Colour, Layout, PixelFormat};
use crate::video::source::init_media;
use gstreamer as gst;
use gstreamer_app as gst_app;
use gstreamer_video as gst_video;

/// Frames that may wait for an encoder.
pub(super) const QUEUE_FRAMES: u64 = 4;

/// What is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A file.
    File,
    /// A stream, of which every frame has to come out at once.
    Live,
}

/// x264's name of a preset, and whether it searches for the cheapest quantisation (trellis), which at the faster ones costs
/// a fifth of the encoder's time and makes files no smaller.
#[must_use]
pub fn x264_preset(preset: Preset) -> (&'static str, bool) {
    match preset {
        Preset::Fast => ("ultrafast", false),
        Preset::Balanced => ("superfast", false),
        Preset::Small => ("faster", true),
    }
}

/// Threads of the encoder: more would cut pictures into ever thinner slices.
#[must_use]
pub fn encoder_threads() -> u32 {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().min(4) as u32)
}

/// Name of the H.264 encoder of a family.
fn encoder_of(codecs: Codecs) -> &'static str {
    match codecs {
        Codecs::Software => "x264enc",
        Codecs::Va => "vah264enc",
        Codecs::Nvcodec => "nvh264enc",
        Codecs::Qsv => "qsvh264enc",
    }
}

/// The H.264 encoder of a family, if this machine has it.
#[must_use]
pub fn encoder_here(codecs: Codecs) -> Option<&'static str> {
    init_media().ok()?;
    gst::ElementFactory::find(encoder_of(codecs)).map(|_| encoder_of(codecs))
}

/// Where frames enter.
pub(super) fn entry() -> gst_app::AppSrc {
    gst_app::AppSrc::builder()
        .format(gst::Format::Time)
        .stream_type(gst_app::AppStreamType::Stream)
        .max_buffers(QUEUE_FRAMES)
        .max_bytes(0)
        .block(false)
        .build()
}

/// An encoder with its settings, and what it needs around it, in order.
///
/// # Errors
/// [`SinkError::SetUp`] where an element is missing or refuses its settings.
pub(super) fn coder(settings: &EncodeSettings, purpose: Purpose) -> Result<Vec<gst::Element>, SinkError> {
    let set_up = |e: gst::glib::BoolError| SinkError::SetUp(e.message.to_string());
    let Some(name) = encoder_here(settings.elements) else {
        let (word, name) = (settings.elements.word(), encoder_of(settings.elements));
        return Err(SinkError::SetUp(format!(
            "encode.elements = \"{word}\" needs {name}, which is not here"
        )));
    };
    let properties = properties(settings, purpose);
    let encoder = properties.iter().fold(gst::ElementFactory::make(name), |encoder, (property, value)| {
        encoder.property_from_str(property, value)
    });
    let encoder = encoder.build().map_err(set_up)?;
    if settings.elements == Codecs::Software {
        return Ok(vec![encoder]);
    }
    // They take other arrangements of the samples, and write the stream in another form.
    let make = |name| gst::ElementFactory::make(name).build().map_err(set_up);
    Ok(vec![make("videoconvert")?, encoder, make("h264parse")?])
}

/// Properties and their values: constant quality, no B-frames, keyframes no further apart than set.
fn properties(settings: &EncodeSettings, purpose: Purpose) -> Vec<(&'static str, String)> {
    let quality = settings.quality.to_string();
    let interval = settings.keyframe_interval.to_string();
    let zero = || "0".to_owned();
    // 1 is best, 7 is fastest.
    let effort = || match settings.preset {
        Preset::Fast => "7".to_owned(),
        Preset::Balanced => "4".to_owned(),
        Preset::Small => "1".to_owned(),
    };
    match settings.elements {
        Codecs::Software => {
            let (speed, trellis) = x264_preset(settings.preset);
            let mut all = vec![
                ("speed-preset", speed.to_owned()),
                // The element's own default, on, overrides what a speed preset says of it.
                ("trellis", trellis.to_string()),
                ("pass", "qual".to_owned()),
                ("quantizer", quality),
                // The rate factor is otherwise still capped by a buffer model made for broadcasting.
                ("vbv-buf-capacity", zero()),
                ("bframes", zero()),
                ("key-int-max", interval),
                // Threads share each picture instead of holding several: 40 MB less at 1080p, files half a percent larger,
                // and in a live stream no frame waits for the next.
                ("sliced-threads", "true".to_owned()),
                ("threads", encoder_threads().to_string()),
            ];
            if purpose == Purpose::Live {
                all.push(("tune", "zerolatency".to_owned()));
                all.push(("byte-stream", "true".to_owned()));
            }
            all
        }
        Codecs::Va => vec![
            ("rate-control", "cqp".to_owned()),
            ("qpi", quality.clone()),
            ("qpp", quality),
            ("b-frames", zero()),
            ("key-int-max", settings.keyframe_interval.min(1024).to_string()),
            ("target-usage", effort()),
        ],
        Codecs::Nvcodec => vec![
            ("rc-mode", "constqp".to_owned()),
            ("qp-const-i", quality.clone()),
            ("qp-const-p", quality),
            ("bframes", zero()),
            ("gop-size", interval),
            ("zerolatency", (purpose == Purpose::Live).to_string()),
        ],
        Codecs::Qsv => vec![
            ("rate-control", "cqp".to_owned()),
            ("qp-i", quality.clone()),
            ("qp-p", quality),
            ("b-frames", zero()),
            ("gop-size", interval),
            ("target-usage", effort()),
            ("low-latency", (purpose == Purpose::Live).to_string()),
        ],
    }
}

/// Format of what goes in, of `rate` frames a second. Odd sizes are padded to even ones with redacted samples that the
/// frame's layout already holds: 4:2:0 H.264 knows no odd sizes.
pub(super) fn caps(layout: &Layout, colour: Colour, rate: i32) -> Result<gst::Caps, gst::glib::BoolError> {
    let size = layout.size;
    let format = match layout.format {
        PixelFormat::I420 => gst_video::VideoFormat::I420,
        PixelFormat::Nv12 => gst_video::VideoFormat::Nv12,
    };
    let (width, height) = (size.width.next_multiple_of(2), size.height.next_multiple_of(2));
    let matrix = if colour.kr == Colour::BT709.kr {
        gst_video::VideoColorMatrix::Bt709
    } else if colour.kr == Colour::BT601.kr {
        gst_video::VideoColorMatrix::Bt601
    } else {
        gst_video::VideoColorMatrix::Bt2020
    };
    let range = if colour.full_range {
        gst_video::VideoColorRange::Range0_255
    } else {
        gst_video::VideoColorRange::Range16_235
    };
    let (transfer, primaries) = match matrix {
        gst_video::VideoColorMatrix::Bt709 => {
            (gst_video::VideoTransferFunction::Bt709, gst_video::VideoColorPrimaries::Bt709)
        }
        gst_video::VideoColorMatrix::Bt2020 => {
            (gst_video::VideoTransferFunction::Bt202010, gst_video::VideoColorPrimaries::Bt2020)
        }
        _ => (gst_video::VideoTransferFunction::Bt601, gst_video::VideoColorPrimaries::Smpte170m),
    };
    let (across, down) = layout.pixel_aspect;
    let pixel_aspect = match (i32::try_from(across), i32::try_from(down)) {
        (Ok(across), Ok(down)) => gst::Fraction::new(across, down),
        _ => gst::Fraction::new(1, 1),
    };
    let info = gst_video::VideoInfo::builder(format, width, height)
        .fps(gst::Fraction::new(rate, 1))
        .par(pixel_aspect)
        .colorimetry(&gst_video::VideoColorimetry::new(range, matrix, transfer, primaries))
        .build()?;
    info.to_caps()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn software_is_here_and_takes_all_its_settings() {
        init_media().expect("GStreamer is installed");
        for purpose in [Purpose::File, Purpose::Live] {
            for preset in [Preset::Fast, Preset::Balanced, Preset::Small] {
                let settings = EncodeSettings { preset, ..EncodeSettings::default() };
                let made = coder(&settings, purpose).expect("x264enc takes them");
                assert_eq!(made.len(), 1);
            }
        }
    }

    #[test]
    fn an_encoder_that_is_not_here_is_refused_by_name() {
        for elements in Codecs::HARDWARE.into_iter().filter(|codecs| encoder_here(*codecs).is_none()) {
            let settings = EncodeSettings { elements, ..EncodeSettings::default() };
            let refused = coder(&settings, Purpose::File).expect_err("it is not here").to_string();
            assert!(refused.contains(encoder_of(elements)) && refused.contains(elements.word()), "{refused}");
        }
    }
}
