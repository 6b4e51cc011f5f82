//! Masked live footage on the disk: fragmented MP4 in segments of a set length.
//!
//! A segment is a hidden partial file until it is whole, then it gets its name: the camera and the UTC time of its
//! first picture. Killed in the middle, it can be played up to its last second; the next run removes it. Finished
//! segments go when their time of retention is over.

use super::encode::{SinkError, told};
use super::packets::Packet;
use super::partial::{Overwrite, PartialFile};
use crate::video::source::init_media;
use gst::prelude::*;
use gstreamer as gst;
use gstreamer_app as gst_app;
use jiff::Timestamp;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Length of a fragment, milliseconds: so much is lost by a kill.
const FRAGMENT_MS: u32 = 1000;
/// Longest wait for the last bytes of a segment.
const LAST_BYTES: Duration = Duration::from_secs(10);
/// How times stand in names: as ISO 8601 has them without separators, which no file system minds.
const TIME_FORM: &str = "%Y%m%dT%H%M%SZ";

/// The name of a segment.
#[must_use]
pub fn segment_name(camera: &str, at: Timestamp) -> String {
    format!("{camera}.{}.mp4", at.strftime(TIME_FORM))
}

/// When the segment of that name begins; none where it is no segment of this camera.
fn time_of(name: &str, camera: &str) -> Option<Timestamp> {
    let time = name.strip_prefix(camera)?.strip_prefix('.')?.strip_suffix(".mp4")?;
    let civil = jiff::civil::DateTime::strptime(TIME_FORM, time).ok()?;
    (time.len() == 16).then(|| civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp()))?
}

/// Removes a camera's segments that began longer ago than this; returns how many. Nothing else is touched.
pub fn erase_older(folder: &Path, camera: &str, days: u16, now: Timestamp) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let oldest = now - jiff::SignedDuration::from_hours(24 * i64::from(days));
    let is_old = |entry: &std::fs::DirEntry| {
        let name = entry.file_name();
        let time = name.to_str().and_then(|name| time_of(name, camera));
        time.is_some_and(|time| time < oldest) && entry.file_type().is_ok_and(|kind| kind.is_file())
    };
    let old = entries.filter_map(Result::ok).filter(is_old);
    old.filter(|entry| std::fs::remove_file(entry.path()).is_ok()).count()
}

/// A pipeline that is stopped when it is dropped: before its file is.
struct Running(gst::Pipeline);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.set_state(gst::State::Null);
    }
}

/// A recorder of one camera.
pub struct Recorder {
    folder: PathBuf,
    camera: String,
    length: Duration,
    segment: Option<Segment>,
}

struct Segment {
    pipeline: Running,
    source: gst_app::AppSrc,
    caps: gst::Caps,
    file: PartialFile,
    began_ns: u64,
}

impl Recorder {
    /// Writes into `folder`, segments of this length.
    #[must_use]
    pub fn new(folder: &Path, camera: &str, length: Duration) -> Self {
        Self { folder: folder.to_owned(), camera: camera.to_owned(), length, segment: None }
    }

    /// Whether a keyframe is wanted, for a segment to begin with.
    #[must_use]
    pub fn wants_keyframe(&self, at_ns: u64) -> bool {
        self.segment.as_ref().is_none_or(|segment| self.is_full(segment, at_ns))
    }

    /// Whether a segment is being written.
    #[must_use]
    pub fn is_writing(&self) -> bool {
        self.segment.is_some()
    }

    fn is_full(&self, segment: &Segment, at_ns: u64) -> bool {
        u128::from(at_ns.saturating_sub(segment.began_ns)) >= self.length.as_nanos()
    }

    /// Takes the next packet, filmed at `at`. Those before the first keyframe are left.
    ///
    /// # Errors
    /// [`SinkError`]; the segment is lost, and the next keyframe begins another.
    pub fn push(&mut self, packet: &Packet, at: Timestamp) -> Result<(), SinkError> {
        let over = self.segment.as_ref().is_some_and(|segment| {
            packet.is_key()
                && (self.is_full(segment, packet.at_ns())
                    || segment.caps != packet.caps
                    || packet.at_ns() <= segment.began_ns)
        });
        if over {
            self.finish()?;
        }
        if self.segment.is_none() {
            if !packet.is_key() {
                return Ok(());
            }
            let target = self.folder.join(segment_name(&self.camera, at));
            self.segment = Some(Segment::begin(&target, packet)?);
        }
        let pushed = self.segment.as_ref().map_or(Ok(()), |segment| segment.push(packet));
        if pushed.is_err() {
            self.segment = None;
        }
        pushed
    }

    /// Ends the segment in hand and gives it its name.
    ///
    /// # Errors
    /// [`SinkError`]; the segment is gone.
    pub fn finish(&mut self) -> Result<(), SinkError> {
        self.segment.take().map_or(Ok(()), Segment::finish)
    }
}

impl Segment {
    fn begin(target: &Path, first: &Packet) -> Result<Self, SinkError> {
        init_media()?;
        let file = PartialFile::create(target, Overwrite::Refuse)?;
        let set_up = |e: gst::glib::BoolError| SinkError::SetUp(e.message.to_string());
        let source = gst_app::AppSrc::builder()
            .format(gst::Format::Time)
            .stream_type(gst_app::AppStreamType::Stream)
            .caps(&first.caps)
            .max_bytes(0)
            .block(false)
            .build();
        let parser = gst::ElementFactory::make("h264parse").build().map_err(set_up)?;
        let muxer = gst::ElementFactory::make("mp4mux")
            .property("fragment-duration", FRAGMENT_MS)
            // Nothing is written twice: what stands in the file stays.
            .property("streamable", true)
            .build()
            .map_err(set_up)?;
        let filesink = gst::ElementFactory::make("filesink")
            .property("location", file.location())
            .property("sync", false)
            .property("async", false)
            .build()
            .map_err(set_up)?;
        filesink.set_property_from_str("buffer-mode", "unbuffered");
        let pipeline = gst::Pipeline::new();
        let chain = [source.upcast_ref(), &parser, &muxer, &filesink];
        pipeline.add_many(chain).map_err(set_up)?;
        gst::Element::link_many(chain).map_err(set_up)?;
        let caps = first.caps.clone();
        let this = Self { pipeline: Running(pipeline), source, caps, file, began_ns: first.at_ns() };
        if this.pipeline.0.set_state(gst::State::Playing).is_err() {
            return Err(this.fault().unwrap_or_else(|| SinkError::SetUp("not started".into())));
        }
        Ok(this)
    }

    fn push(&self, packet: &Packet) -> Result<(), SinkError> {
        if let Some(fault) = self.fault() {
            return Err(fault);
        }
        let at = gst::ClockTime::from_nseconds(packet.at_ns().saturating_sub(self.began_ns));
        let pushed = self.source.push_buffer(packet.timed(Some(at)));
        pushed.map(|_| ()).map_err(|flow| {
            self.fault().unwrap_or_else(|| SinkError::Encode(format!("a packet was refused ({flow:?})")))
        })
    }

    fn finish(self) -> Result<(), SinkError> {
        if let Some(fault) = self.fault() {
            return Err(fault);
        }
        let _ = self.source.end_of_stream();
        let ends = [gst::MessageType::Eos, gst::MessageType::Error];
        let wait = gst::ClockTime::try_from(LAST_BYTES).unwrap_or(gst::ClockTime::SECOND);
        let last = self.pipeline.0.bus().and_then(|bus| bus.timed_pop_filtered(wait, &ends));
        match last.as_ref().map(|message| message.view()) {
            Some(gst::MessageView::Eos(_)) => {}
            Some(gst::MessageView::Error(e)) => return Err(told(e)),
            _ => return Err(SinkError::Stalled(LAST_BYTES.as_secs_f64())),
        }
        let Self { file, pipeline, .. } = self;
        drop(pipeline);
        Ok(file.commit()?)
    }

    fn fault(&self) -> Option<SinkError> {
        let message = self.pipeline.0.bus()?.pop_filtered(&[gst::MessageType::Error])?;
        let gst::MessageView::Error(e) = message.view() else { return None };
        Some(told(e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_segments_of_the_camera_are_erased() {
        let folder = tempfile::tempdir().expect("a folder");
        let now: Timestamp = "2026-03-29T12:00:00Z".parse().expect("a time");
        let ago = |hours: i64| segment_name("hall-3", now - jiff::SignedDuration::from_hours(hours));
        assert_eq!(ago(0), "hall-3.20260329T120000Z.mp4");
        let old = [ago(24 * 7 + 1), ago(24 * 400)];
        let kept = [
            ago(1),
            ago(24 * 7),
            ago(24 * 30).replace("hall-3", "hall"),
            ago(24 * 30).replace("hall-3", "hall-33"),
            ago(24 * 30).replace(".mp4", ".mkv"),
            "hall-3.mp4".into(),
            "hall-3.20200101.mp4".into(),
            "notes.txt".into(),
        ];
        for name in old.iter().chain(&kept) {
            std::fs::write(folder.path().join(name), "x").expect("written");
        }
        assert_eq!(erase_older(folder.path(), "hall-3", 7, now), 2);
        for (names, there) in [(old.as_slice(), false), (kept.as_slice(), true)] {
            names.iter().for_each(|name| assert_eq!(folder.path().join(name).exists(), there, "{name}"));
        }
    }
}
