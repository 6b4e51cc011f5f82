//! The decoder: one GStreamer pipeline that ends in an `appsink`, pulled a frame at a time.
//!
//! [`super::chain`] builds it, [`super::picture`] takes the pictures out of it, [`super::times`] says when they are
//! shown. Every wait has a limit; an error, a stall or a picture beyond the limits ends the decoding with an error,
//! never with a frame less and a smile.

use super::chain::{self, Made, Shared, lock};
use super::clip::{Clip, Timing};
use super::concealment::{Tally, Watch};
use super::declared::Declared;
use super::edits::{Edits, Place};
use super::foreign::{self, HEAD_BYTES, Head};
use super::media;
use super::picture::{Fit, MIN_SIDE_PX, Taken, Taker, size_of};
use super::reading::Reading;
use super::stream::{self, StreamFeed};
use super::times::{Placed, Times};
use crate::config::LimitSettings;
use crate::geometry::FrameSize;
use crate::interrupt::Interrupt;
use crate::video::frame::{Damage, FramePool, RawFrame};
use gst::prelude::*;
use gstreamer as gst;
use gstreamer_app as gst_app;
use gstreamer_video as gst_video;
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Why a clip gives no (more) frames.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// GStreamer is not usable.
    #[error(transparent)]
    Media(#[from] media::MediaError),
    /// The decoder or the demuxer gave up.
    #[error("the clip cannot be decoded{}: {reason}", after(.frames))]
    Decode {
        /// Frames decoded before.
        frames: u64,
        /// What GStreamer said.
        reason: String,
    },
    /// The content is of no kind that a recorder's clip has.
    #[error("the file holds no video that can be decoded ({0}); export the clip as mp4 from the recorder")]
    NoVideo(String),
    /// Nothing came for too long.
    #[error("no picture came for {secs:.0} seconds{}; the file may be damaged", after(.frames))]
    Stalled {
        /// Frames decoded before.
        frames: u64,
        /// How long was waited.
        secs: f64,
    },
    /// A file of a kind that is known not to be decodable: what it is and what to do, in a sentence.
    #[error("{0}")]
    Foreign(&'static str),
    /// A raw stream does not say when its pictures are shown, and nobody else did.
    #[error(
        "this is a raw stream, which does not say when its pictures are shown; state its frames a second with \
         --rate, such as --rate 25, or export the clip as mp4"
    )]
    RateNeeded,
    /// A rate was stated for a clip that has times.
    #[error(
        "this clip says itself when its pictures are shown; --rate is for raw streams only, leave it out"
    )]
    RateUnwanted,
    /// The picture is larger than the settings allow.
    #[error(
        "the picture is {size}, more than limits.max_side_px ({max_side_px} pixels on a side) or \
         limits.max_megapixels ({max_megapixels}) allow"
    )]
    TooLarge {
        /// What the file declares.
        size: FrameSize,
        /// What is allowed on a side.
        max_side_px: u32,
        /// What is allowed in all.
        max_megapixels: u32,
    },
    /// The picture is smaller than the encoder takes.
    #[error("the picture is {0}, too small to show anything; at least 16x16 is needed")]
    TooSmall(FrameSize),
    /// The clip's container asks for something that is not done, or that somebody has to choose.
    #[error("{0}")]
    Refused(String),
    /// A camera's stream cannot be had, or broke off.
    #[error("{0}")]
    Stream(String),
    /// A stop was asked for.
    #[error("stopped on request")]
    Interrupted,
}

fn after(frames: &u64) -> String {
    match frames {
        0 => String::new(),
        1 => " after the first frame".into(),
        n => format!(" after {n} frames"),
    }
}

/// What the decoder went through, known in full at the end.
#[derive(Debug, Clone, Default)]
pub struct Decoded {
    /// Frames handed out.
    pub frames: u64,
    /// Coded pictures that the demuxer delivered, where that is known.
    pub packets: u64,
    /// Complaints of the decoder: concealed errors, flags, gaps.
    pub complaints: u64,
    /// Coded pictures that never came out of the decoder although later ones did, where it complained while it
    /// held them or swallowed several in a row. Those before the first frame and behind the last are not counted,
    /// nor are pictures that the file lacks.
    pub lost: u64,
    /// The latest complaint's words.
    pub last_complaint: Option<String>,
    /// Video streams in the file; the first is taken.
    pub video_streams: u64,
    /// Frames whose presentation time was missing or did not grow and was put right.
    pub restamped: u64,
    /// Frames that came as two fields, of which one was kept.
    pub interlaced: u64,
    /// Frames of another size than the first, scaled to it.
    pub rescaled: u64,
    /// Frames of another shape than the first, of which nothing is shown.
    pub reshaped: u64,
    /// Where the size changed for the first time.
    pub first_size_change: Option<SizeChange>,
    /// Codec, in words.
    pub codec: Option<String>,
}

/// A change of the picture's size in mid-stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SizeChange {
    /// First frame of the new size, position in the source from 0.
    pub frame: u64,
    /// Size until then.
    pub from: FrameSize,
    /// Size from then on.
    pub to: FrameSize,
}

/// A decoder at work. Dropping it stops it.
pub struct Source {
    pipeline: gst::Pipeline,
    sink: gst_app::AppSink,
    shared: Arc<Shared>,
    pool: FramePool,
    stall: Duration,
    limits: LimitSettings,
    interrupt: Interrupt,
    /// It comes from a camera, not from a file.
    is_stream: bool,
    /// The clip's name, for what its extension says.
    path: PathBuf,
    taker: Taker,
    /// What is shown of the media, and the media time of the picture that is decoded first, nanoseconds; `None` where
    /// the demuxer sees to it.
    edits: Option<(Edits, i64)>,
    first_size: Option<FrameSize>,
    place_ns: Option<u64>,
    times: Times,
    timing: Timing,
    interlaced: u64,
    rescaled: u64,
    reshaped: u64,
    first_size_change: Option<SizeChange>,
}

impl Source {
    /// Builds the decoder for a clip and starts it. Frames come from `next_frame`.
    ///
    /// # Errors
    /// [`SourceError`] where GStreamer cannot be set up; what is wrong with the clip comes with its first frame.
    pub fn open(clip: &Clip, limits: &LimitSettings, interrupt: &Interrupt) -> Result<Self, SourceError> {
        media::init()?;
        let mut head = [0; HEAD_BYTES];
        let seen = clip
            .read_at(0, &mut head)
            .map_err(|e| SourceError::Decode { frames: 0, reason: format!("it cannot be read: {e}") })?;
        let head = Head::of(&head[..seen]).map_err(SourceError::Foreign)?;
        let mut reading = Reading::of(clip)
            .map_err(|e| SourceError::Decode { frames: 0, reason: format!("it cannot be read: {e}") })?;
        if let Some(refusal) = reading.refusal {
            return Err(SourceError::Refused(refusal.to_string()));
        }
        let made = chain::build(clip, head, &mut reading, limits)
            .map_err(|reason| SourceError::Decode { frames: 0, reason })?;
        let path = clip.path().to_owned();
        let mut source = Self::prepared(made, path, clip.timing(), Taker::default(), limits, interrupt);
        source.edits = reading.edits;
        source.started()
    }

    /// Connects to a camera. Its pictures are brought to the form that those of the source before had.
    ///
    /// # Errors
    /// [`SourceError::Stream`]; what is wrong with the connection comes with its first frame.
    pub(in crate::video) fn connect(
        feed: &StreamFeed,
        before: Taker,
        limits: &LimitSettings,
        interrupt: &Interrupt,
    ) -> Result<Self, SourceError> {
        media::init()?;
        let made = stream::build(feed, limits).map_err(SourceError::Stream)?;
        let mut source = Self::prepared(made, PathBuf::new(), Timing::Own, before, limits, interrupt);
        source.is_stream = true;
        source.started()
    }

    /// What its pictures were like, for the source that comes after it.
    pub(in crate::video) fn into_taker(mut self) -> Taker {
        std::mem::take(&mut self.taker)
    }

    fn prepared(
        made: Made,
        path: PathBuf,
        timing: Timing,
        taker: Taker,
        limits: &LimitSettings,
        interrupt: &Interrupt,
    ) -> Self {
        let Made { pipeline, sink, shared } = made;
        Self {
            pipeline,
            sink,
            shared,
            is_stream: false,
            pool: FramePool::new(64),
            stall: Duration::from_secs_f64(limits.stall_secs),
            limits: limits.clone(),
            interrupt: interrupt.clone(),
            path,
            taker,
            edits: None,
            first_size: None,
            place_ns: None,
            times: Times::default(),
            timing,
            interlaced: 0,
            rescaled: 0,
            reshaped: 0,
            first_size_change: None,
        }
    }

    fn started(self) -> Result<Self, SourceError> {
        // A refusal here also posts the reason on the bus, where the first frame's wait finds it.
        if self.pipeline.set_state(gst::State::Playing).is_err() {
            return Err(self.fault().unwrap_or_else(|| SourceError::NoVideo("not started".into())));
        }
        Ok(self)
    }

    /// The next frame in presentation order; `None` at the end.
    ///
    /// # Errors
    /// [`SourceError`]; no frame follows one.
    pub(in crate::video) fn next_frame(&mut self) -> Result<Option<RawFrame>, SourceError> {
        self.next_shown()?.map(|shown| self.frame(&shown)).transpose()
    }

    /// The next frame that is shown at this time or later, for a look around: those before it are decoded, and neither
    /// copied nor counted. `None` at the end.
    ///
    /// # Errors
    /// [`SourceError`]; no frame follows one.
    pub(in crate::video) fn next_frame_from(&mut self, at_ns: u64) -> Result<Option<RawFrame>, SourceError> {
        while let Some(shown) = self.next_shown()? {
            if shown.at_ns.is_none_or(|ns| ns >= at_ns) {
                return self.frame(&shown).map(Some);
            }
        }
        Ok(None)
    }

    /// What the decoder gives next that the clip shows; `None` at the end.
    fn next_shown(&mut self) -> Result<Option<Shown>, SourceError> {
        while let Some(sample) = self.next_sample()? {
            let Some((edits, first_ns)) = &self.edits else {
                return Ok(Some(Shown {
                    at_ns: running_time(&sample),
                    place_ns: place_in_clip(&sample),
                    sample,
                }));
            };
            let (at, duration_ns) = sample.buffer().map(|buffer| (buffer.pts(), buffer.duration())).unzip();
            let (Some(at), Some(sent_ns)) = (at.flatten(), self.shared.first_sent_ns.get()) else {
                let reason = "a picture without a time, which the edit list needs".to_owned();
                return Err(SourceError::Decode { frames: self.frames(), reason });
            };
            let media_ns =
                i64::try_from(at.nseconds()).unwrap_or(i64::MAX).saturating_sub(sent_ns - first_ns);
            match edits.place(media_ns, duration_ns.flatten().map_or(0, gst::ClockTime::nseconds)) {
                Place::Shown(ns) => {
                    return Ok(Some(Shown { at_ns: Some(ns), place_ns: Some(ns), sample }));
                }
                Place::Hidden => {}
                Place::Over => break,
            }
        }
        if self.frames() == 0 && self.edits.is_some() {
            return Err(SourceError::NoVideo("its edit list shows no picture".into()));
        }
        Ok(None)
    }

    /// What the decoder gives next; `None` at the end.
    fn next_sample(&mut self) -> Result<Option<gst::Sample>, SourceError> {
        let waiting_since = Instant::now();
        loop {
            if self.interrupt.is_raised() {
                return Err(SourceError::Interrupted);
            }
            if let Some(sample) = self.sink.try_pull_sample(gst::ClockTime::from_mseconds(50)) {
                return Ok(Some(sample));
            }
            if let Some(fault) = self.fault() {
                return Err(fault);
            }
            if self.sink.is_eos() {
                // An error that came together with the end must not be lost.
                return match self.fault() {
                    Some(fault) => Err(fault),
                    None if self.is_stream => Err(SourceError::Stream("the camera ended the stream".into())),
                    None if self.frames() == 0 && self.edits.is_none() => {
                        Err(self.no_video("no picture in it"))
                    }
                    None => Ok(None),
                };
            }
            if waiting_since.elapsed() > self.stall {
                let secs = self.stall.as_secs_f64();
                if self.is_stream {
                    return Err(SourceError::Stream(format!(
                        "the camera sent no picture for {secs:.0} seconds"
                    )));
                }
                return Err(SourceError::Stalled { frames: self.frames(), secs });
            }
        }
    }

    /// How long the clip says it is; known once a frame was taken, where at all.
    #[must_use]
    pub fn duration_ns(&self) -> Option<u64> {
        if let Some(edited_ns) = self.edits.as_ref().and_then(|(edits, _)| edits.duration_ns()) {
            return Some(edited_ns);
        }
        self.pipeline.query_duration::<gst::ClockTime>().map(gst::ClockTime::nseconds)
    }

    /// Where in the clip the latest frame lies by the clip's own account, also after [`Self::look_at`].
    #[must_use]
    pub fn place_ns(&self) -> Option<u64> {
        self.place_ns
    }

    /// Goes on at the keyframe before this time, for a look around: frames are counted and timed anew from there.
    /// False where the clip does not allow it; what comes next is then not certain.
    pub fn look_at(&mut self, at_ns: u64) -> bool {
        self.times = Times::default();
        let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::KEY_UNIT | gst::SeekFlags::SNAP_BEFORE;
        let media_ns = match &self.edits {
            Some((edits, _)) => u64::try_from(edits.media_ns(at_ns)).unwrap_or(0),
            None => at_ns,
        };
        self.pipeline.seek_simple(flags, gst::ClockTime::from_nseconds(media_ns)).is_ok()
    }

    /// What happened so far.
    #[must_use]
    pub fn decoded(&self) -> Decoded {
        // All watches hear the same log, so their hits must not be added up.
        let tallies: Vec<Tally> = lock(&self.shared.watches).iter().map(Watch::tally).collect();
        let packets = tallies.iter().map(|tally| tally.packets).sum();
        let lost = tallies.iter().map(|tally| tally.lost).sum();
        let worst = tallies.into_iter().max_by_key(|tally| tally.hits).unwrap_or_default();
        let Tally { hits, last_words, .. } = worst;
        Decoded {
            frames: self.frames(),
            packets,
            complaints: hits,
            lost,
            last_complaint: last_words,
            video_streams: self.shared.video_streams.load(Ordering::Acquire),
            restamped: self.times.restamped(),
            interlaced: self.interlaced,
            rescaled: self.rescaled,
            reshaped: self.reshaped,
            first_size_change: self.first_size_change,
            codec: lock(&self.shared.codec).clone(),
        }
    }

    /// How many frames the container's own tables promise.
    ///
    /// # Errors
    /// Reading the file failed.
    pub fn declared(clip: &Clip) -> std::io::Result<Declared> {
        Reading::of(clip).map(|reading| reading.declared)
    }

    fn frames(&self) -> u64 {
        self.times.frames()
    }

    /// Why nothing more comes, if so.
    fn fault(&self) -> Option<SourceError> {
        // What follows from a refusal is on the bus as well, in words that help nobody.
        let refused = *lock(&self.shared.too_large);
        let distrusted = lock(&self.shared.refusal).clone().map(SourceError::Stream);
        refused.map(|size| self.too_large(size)).or(distrusted).or_else(|| self.bus_error())
    }

    fn too_large(&self, size: FrameSize) -> SourceError {
        let LimitSettings { max_side_px, max_megapixels, .. } = self.limits;
        SourceError::TooLarge { size, max_side_px, max_megapixels }
    }

    fn no_video(&self, reason: &str) -> SourceError {
        match foreign::by_name(&self.path) {
            Some(sentence) => SourceError::Foreign(sentence),
            None => SourceError::NoVideo(reason.trim_end_matches('.').to_owned()),
        }
    }

    /// The first error on the bus, told as one sentence.
    fn bus_error(&self) -> Option<SourceError> {
        let message = self.pipeline.bus()?.pop_filtered(&[gst::MessageType::Error])?;
        let gst::MessageView::Error(e) = message.view() else { return None };
        let error = e.error();
        if self.is_stream {
            return Some(SourceError::Stream(stream::words(&error)));
        }
        let reason = error.to_string();
        let unknown = error.matches(gst::StreamError::CodecNotFound)
            || error.matches(gst::CoreError::MissingPlugin)
            || reason.contains("no playable streams")
            || reason.contains("missing a plug-in");
        let no_media =
            error.matches(gst::StreamError::TypeNotFound) || error.matches(gst::StreamError::WrongType);
        Some(match reason.as_str() {
            _ if unknown && self.frames() == 0 => self.no_video("no video stream of a known codec"),
            words if no_media && self.frames() == 0 => self.no_video(words),
            words => SourceError::Decode { frames: self.frames(), reason: with_cure(words) },
        })
    }

    fn frame(&mut self, shown: &Shown) -> Result<RawFrame, SourceError> {
        let sample = &shown.sample;
        let frames = self.frames();
        let broken = |reason: &str| SourceError::Decode { frames, reason: reason.to_owned() };
        let raw_stream = self.shared.raw_stream.load(Ordering::Acquire);
        match (raw_stream, self.timing) {
            (true, Timing::Own) => return Err(SourceError::RateNeeded),
            (false, Timing::Stated(_)) => return Err(SourceError::RateUnwanted),
            _ => {}
        }
        let caps = sample.caps().ok_or_else(|| broken("a picture without a format"))?;
        let info = gst_video::VideoInfo::from_caps(caps).map_err(|_| broken("a picture without a format"))?;
        let size = size_of(&info);
        if self.limits.refuse(size) {
            return Err(self.too_large(size));
        }
        if size.width.min(size.height) < MIN_SIDE_PX {
            return Err(SourceError::TooSmall(size));
        }
        let buffer = sample.buffer().ok_or_else(|| broken("an empty picture"))?;
        let Taken { bytes, layout, mut colour, interlaced, fit } =
            self.taker.take(buffer, &info, &self.pool).map_err(broken)?;
        colour.full_range |= self.shared.full_range_gray.load(Ordering::Acquire);
        let first_size = *self.first_size.get_or_insert(size);
        if size != first_size && self.first_size_change.is_none() {
            self.first_size_change = Some(SizeChange { frame: frames, from: first_size, to: size });
        }
        self.interlaced += u64::from(interlaced);
        self.rescaled += u64::from(fit == Fit::Scaled);
        self.reshaped += u64::from(fit == Fit::Reshaped);
        self.place_ns = shown.place_ns;
        let duration_ns = buffer.duration().map(gst::ClockTime::nseconds);
        let (stamp, placed) = match self.timing.rate().filter(|_| raw_stream) {
            Some(rate) => (self.times.at_rate(rate), Placed::AsItSays),
            None => self.times.at(shown.at_ns, duration_ns),
        };
        let unheard = self.shared.unheard.load(Ordering::Acquire);
        let damage = if unheard || buffer.flags().contains(gst::BufferFlags::CORRUPTED) {
            Some(Damage::Concealed)
        } else if fit == Fit::Reshaped {
            Some(Damage::Reshaped)
        } else {
            (placed == Placed::Restamped).then_some(Damage::Restamped)
        };
        Ok(RawFrame { bytes, layout, colour, stamp, damage })
    }
}

/// A decoded picture that the clip shows.
struct Shown {
    sample: gst::Sample,
    /// When, nanoseconds from where playing began.
    at_ns: Option<u64>,
    /// The same from the beginning of the clip.
    place_ns: Option<u64>,
}

/// When a picture is shown, nanoseconds from where playing began.
fn running_time(sample: &gst::Sample) -> Option<u64> {
    let segment = sample.segment()?.downcast_ref::<gst::ClockTime>()?;
    segment.to_running_time(sample.buffer()?.pts()).map(gst::ClockTime::nseconds)
}

/// When a picture is shown, nanoseconds from the beginning of the clip.
fn place_in_clip(sample: &gst::Sample) -> Option<u64> {
    let segment = sample.segment()?.downcast_ref::<gst::ClockTime>()?;
    segment.to_stream_time(sample.buffer()?.pts()).map(gst::ClockTime::nseconds)
}

/// What GStreamer says of a clip that breaks off, and what to do about it.
fn with_cure(words: &str) -> String {
    // All that it says where nobody can make anything of the data, as of those of a protected clip.
    if words.contains("Internal data stream error") {
        return "its data make no sense or are encrypted; export it again from the recorder, without protection"
            .into();
    }
    format!("{}; export it again from the recorder", words.trim_end_matches('.'))
}

impl Drop for Source {
    fn drop(&mut self) {
        // Failing to stop leaves nothing to be done; the threads end with the process.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}
