//! The ear on the decoder: libav conceals errors and hands the picture on without a flag, but says so on its log.
//!
//! [`listen`] hooks libav's debug category once per process. A [`Watch`] sits on both pads of one decoder and
//! decides for every picture that leaves it whether it can be trusted. The rule errs on the side of covering:
//! after a hit no picture is trusted until a keyframe has come out that went *in* after the hit and met no
//! further one. A picture that left the decoder before the hit was complete by then and stays as it is. What a
//! keyframe is, [`cleans`] knows.

use super::keyframe::{Codec, cleans};
use gst::prelude::*;
use gstreamer as gst;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Hits since the process began. The category has no notion of which decoder spoke, so two decoders at work at the
/// same time make each other's pictures suspect: over-covered, never under-covered.
static HITS: AtomicU64 = AtomicU64::new(0);
/// The latest hit's words, for the report.
static LAST_WORDS: Mutex<Option<String>> = Mutex::new(None);

/// Packets that MPEG transport streams turned out to lack, by their continuity counters. Counted apart: the
/// demuxer runs ahead of the decoder, so a gap is tied to the next packet that leaves the demuxer.
static GAPS: AtomicU64 = AtomicU64::new(0);

/// Starts counting what libav and the transport stream demuxer complain about.
pub(super) fn listen() {
    gst::log::set_active(true);
    gst::log::set_threshold_for_name("libav", gst::DebugLevel::Debug);
    gst::log::set_threshold_for_name("tsdemux", gst::DebugLevel::Warning);
    gst::log::add_log_function(|category, level, _, _, _, _, message| {
        let counter = match category.name() {
            "libav" => &HITS,
            "tsdemux" => &GAPS,
            _ => return,
        };
        let words = message.get().map(|m| m.to_string()).unwrap_or_default();
        if is_complaint(level, &words) {
            counter.fetch_add(1, Ordering::AcqRel);
            *LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner) = Some(words);
        }
    });
}

/// Flags the first packet after a gap on every stream of a transport stream demuxer, so that the decoder's [`Watch`]
/// learns of it in its place.
pub(super) fn flag_gaps(demuxer: &gst::Element) {
    demuxer.connect_pad_added(|_, pad| {
        let seen = AtomicU64::new(GAPS.load(Ordering::Acquire));
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
            let gaps = GAPS.load(Ordering::Acquire);
            if seen.swap(gaps, Ordering::AcqRel) != gaps
                && let Some(packet) = info.buffer_mut()
            {
                packet.make_mut().set_flags(gst::BufferFlags::DISCONT);
            }
            gst::PadProbeReturn::Ok
        });
    });
}

/// Whether libav says that a picture is not what was filmed. Warnings and errors are, but for the harmless ones;
/// below them stand two that are as bad. Where a slice is missing, or its end is garbage that happens to decode,
/// libav paints over it and says so at INFO, without an error; where a whole picture is missing it predicts from
/// another one and says so at DEBUG.
fn is_complaint(level: gst::DebugLevel, words: &str) -> bool {
    match level {
        gst::DebugLevel::Error | gst::DebugLevel::Warning => !is_harmless(words),
        gst::DebugLevel::Info => words.starts_with("concealing "),
        gst::DebugLevel::Debug => words.starts_with("Frame num gap"),
        _ => false,
    }
}

/// Warnings that say nothing about the picture's content. Anything else counts.
fn is_harmless(words: &str) -> bool {
    const HARMLESS: [&str; 4] = [
        "deprecated pixel format",
        "Increasing reorder buffer",
        "unable to decode APP fields",
        "VBV buffer size not set",
    ];
    HARMLESS.iter().any(|known| words.contains(known))
}

/// What one decoder went through.
#[derive(Debug, Default, Clone)]
pub(super) struct Tally {
    /// Coded pictures that went into the decoder.
    pub(super) packets: u64,
    /// Pictures that came out of it.
    pub(super) pictures: u64,
    /// Complaints heard while it worked.
    pub(super) hits: u64,
    /// Packets whose picture never came out although later ones did, as far as that is a loss: the decoder
    /// complained while it held them, or it swallowed several in a row. None from before the first picture.
    pub(super) lost: u64,
    /// The latest complaint.
    pub(super) last_words: Option<String>,
}

/// So many packets in a row without a picture are a complaint. libav drops pictures without a word when the
/// keyframe before them was lost (seen on transport streams, where no flag tells of a gap either), and then shows
/// one that is wrong. A single one may be the second field of a picture, or a hidden reference frame.
const SWALLOWED: usize = 2;
/// Packets beyond this many are forgotten: a decoder that stamps its pictures with other times than its packets
/// must not make the list grow with the clip.
const INSIDE: usize = 256;

#[derive(Debug)]
struct State {
    tally: Tally,
    /// Keyframes inside the decoder: presentation time and the number of hits when they went in.
    keyframes: VecDeque<(gst::ClockTime, u64)>,
    /// Packets whose picture has not come out yet: presentation time and the number of hits when they went in.
    inside: BTreeMap<gst::ClockTime, u64>,
    hits_seen: u64,
    /// No picture is trusted until a clean keyframe comes out. True at first: a stream may begin in mid-GOP.
    suspect: bool,
    /// Single packets give no picture as a matter of course: second fields, hidden reference frames.
    some_hidden: bool,
}

impl State {
    fn new() -> Self {
        Self {
            tally: Tally::default(),
            keyframes: VecDeque::new(),
            inside: BTreeMap::new(),
            hits_seen: HITS.load(Ordering::Acquire),
            suspect: true,
            some_hidden: false,
        }
    }

    /// Packets that gave no picture before one that came out now; `complaint` where the decoder complained while
    /// it held any of them.
    fn swallowed(&mut self, count: usize, complaint: bool) {
        if count >= SWALLOWED {
            self.tally.hits += 1;
            self.suspect = true;
        }
        // A decoder may well drop what it cannot start from.
        if self.tally.pictures <= 1 {
            return;
        }
        if count >= SWALLOWED || (complaint && !self.some_hidden) {
            self.tally.lost += count as u64;
        } else if count > 0 && !complaint {
            self.some_hidden = true;
        }
    }
}

/// By what a picture that comes out is told to be the packet that went in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// The presentation time, in whose order pictures come out.
    Pts,
    /// The packet's number, where the stream has no times. It rides along in a [`gst::ReferenceTimestampMeta`],
    /// which decoders pass on; pictures come out in another order, but for so many never later.
    Count,
}

/// Most packets that go into a decoder between a picture's own and its coming out: sixteen pictures of two fields
/// wait for their turn (ITU-T H.264, A.3.1, and H.265, A.4.2), and libav's threads hold as many again.
const LONGEST_REORDER: u64 = 64;

impl Clock {
    fn caps() -> gst::Caps {
        gst::Caps::builder("timestamp/x-melkglas-packet").build()
    }

    /// What `buffer` is known by.
    fn of(self, buffer: &gst::BufferRef) -> Option<gst::ClockTime> {
        match self {
            Self::Pts => buffer.pts(),
            Self::Count => {
                let number = buffer.iter_meta::<gst::ReferenceTimestampMeta>().next()?;
                Some(number.timestamp())
            }
        }
    }

    /// The first key that a picture still inside may have when the one known by `at` comes out.
    fn oldest_inside(self, at: gst::ClockTime) -> gst::ClockTime {
        match self {
            Self::Pts => at,
            Self::Count => gst::ClockTime::from_nseconds(at.nseconds().saturating_sub(LONGEST_REORDER)),
        }
    }
}

/// Watches one decoder.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    state: Arc<Mutex<State>>,
    clock: Clock,
}

impl Watch {
    /// Puts a probe on both pads of `decoder`.
    pub(super) fn on(decoder: &gst::Element, clock: Clock) -> Self {
        let watch = Self::by(clock);
        if let Some(pad) = decoder.static_pad("sink") {
            let inner = watch.clone();
            pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
                if let Some(packet) = info.buffer_mut() {
                    inner.number(packet);
                    // Read anew each time: the caps may change in mid-stream.
                    let codec = pad.current_caps().map_or(Codec::Other, |caps| Codec::of(&caps));
                    inner.packet_in(packet, &codec);
                }
                gst::PadProbeReturn::Ok
            });
        }
        if let Some(pad) = decoder.static_pad("src") {
            let inner = watch.clone();
            pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
                if let Some(picture) = info.buffer_mut()
                    && inner.picture_out(picture)
                {
                    // Writable metadata is a new header on the same memory; no pixel is copied here.
                    picture.make_mut().set_flags(gst::BufferFlags::CORRUPTED);
                }
                gst::PadProbeReturn::Ok
            });
        }
        watch
    }

    /// What happened so far.
    pub(super) fn tally(&self) -> Tally {
        let mut tally = self.lock().tally.clone();
        if tally.hits > 0 {
            tally.last_words = LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner).clone();
        }
        tally
    }

    fn by(clock: Clock) -> Self {
        Self { state: Arc::new(Mutex::new(State::new())), clock }
    }

    /// Gives a packet its number where it goes by that.
    fn number(&self, packet: &mut gst::Buffer) {
        if self.clock == Clock::Count {
            let number = gst::ClockTime::from_nseconds(self.lock().tally.packets);
            gst::ReferenceTimestampMeta::add(packet.make_mut(), &Clock::caps(), number, gst::ClockTime::NONE);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn packet_in(&self, packet: &gst::BufferRef, codec: &Codec) {
        let key = is_keyframe(packet, codec);
        let hits = HITS.load(Ordering::Acquire);
        let mut state = self.lock();
        let torn = packet.flags().contains(gst::BufferFlags::CORRUPTED)
            || (state.tally.packets > 0 && packet.flags().contains(gst::BufferFlags::DISCONT));
        state.tally.packets += 1;
        if torn {
            // Part of the stream is missing before this packet: as good as a complaint.
            state.suspect = true;
            state.keyframes.clear();
            state.tally.hits += 1;
        }
        let at = self.clock.of(packet);
        if let Some(at) = at {
            state.inside.insert(at, hits);
            if state.inside.len() > INSIDE {
                state.inside.pop_first();
            }
        }
        if key && let Some(at) = at {
            state.keyframes.push_back((at, hits));
        }
    }

    /// True where the picture must be covered.
    fn picture_out(&self, picture: &gst::BufferRef) -> bool {
        let mut state = self.lock();
        state.tally.pictures += 1;
        let hits = HITS.load(Ordering::Acquire);
        if hits != state.hits_seen {
            state.tally.hits += hits - state.hits_seen;
            state.hits_seen = hits;
            state.suspect = true;
        }
        let flagged = picture.flags().contains(gst::BufferFlags::CORRUPTED);
        if flagged {
            state.tally.hits += 1;
            state.suspect = true;
        }
        if let Some(at) = self.clock.of(picture) {
            let later = state.inside.split_off(&self.clock.oldest_inside(at));
            let swallowed = std::mem::replace(&mut state.inside, later);
            state.inside.remove(&at);
            let complaint = flagged || swallowed.values().any(|hits_before| *hits_before != hits);
            state.swallowed(swallowed.len(), complaint);
            let found = state.keyframes.iter().position(|(key, _)| *key == at);
            if let Some(found) = found {
                let (_, hits_before) = state.keyframes[found];
                state.keyframes.drain(..=found);
                if hits_before == hits && !flagged {
                    state.suspect = false;
                }
            }
        }
        state.suspect
    }
}

/// The flag is read first: it costs nothing, and the parsers leave it unset on every keyframe.
fn is_keyframe(packet: &gst::BufferRef, codec: &Codec) -> bool {
    !packet.flags().contains(gst::BufferFlags::DELTA_UNIT)
        && (*codec == Codec::Other || packet.map_readable().is_ok_and(|bytes| cleans(codec, &bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::source::keyframe::Framing;

    fn buffer(pts_ms: u64, flags: gst::BufferFlags) -> gst::Buffer {
        let mut buffer = gst::Buffer::new();
        {
            let b = buffer.get_mut().expect("new buffers are writable");
            b.set_pts(gst::ClockTime::from_mseconds(pts_ms));
            b.set_flags(flags);
        }
        buffer
    }

    fn fresh() -> Watch {
        crate::video::source::init_media().expect("GStreamer is installed");
        Watch::by(Clock::Pts)
    }

    #[test]
    fn covers_until_a_clean_keyframe() {
        let watch = fresh();
        let key = gst::BufferFlags::empty();
        let delta = gst::BufferFlags::DELTA_UNIT;
        let out = |ms| watch.picture_out(&buffer(ms, gst::BufferFlags::empty()));

        watch.packet_in(&buffer(0, delta), &Codec::Other);
        assert!(out(0), "a stream that starts in mid-GOP is not trusted");
        watch.packet_in(&buffer(40, key), &Codec::Other);
        watch.packet_in(&buffer(80, delta), &Codec::Other);
        assert!(!out(40));
        assert!(!out(80));

        watch.packet_in(&buffer(120, delta | gst::BufferFlags::DISCONT), &Codec::Other);
        watch.packet_in(&buffer(160, delta), &Codec::Other);
        assert!(out(120), "a gap in the stream");
        assert!(out(160));
        watch.packet_in(&buffer(200, key), &Codec::Other);
        assert!(!out(200));
        assert!(watch.picture_out(&buffer(240, gst::BufferFlags::CORRUPTED)), "the decoder's own flag");
        assert!(out(280), "and what is predicted from it");
    }

    #[test]
    fn complaints_are_told_from_talk() {
        use gst::DebugLevel::{Debug, Error, Info, Warning};
        assert!(is_complaint(Error, "error while decoding MB 2 27, bytestream 25028"));
        assert!(is_complaint(Warning, "anything that is not known to be harmless"));
        assert!(is_complaint(Info, "concealing 864 DC, 864 AC, 864 MV errors in P frame"));
        assert!(is_complaint(Debug, "Frame num gap 9 7"));
        assert!(!is_complaint(
            Warning,
            "deprecated pixel format used, make sure you did set range correctly"
        ));
        assert!(!is_complaint(Info, "Reinit context to 768x576, pix_fmt: yuv420p"));
        assert!(!is_complaint(Debug, "nal_unit_type: 7(SPS), nal_ref_idc: 3"));
    }

    #[test]
    fn packets_without_a_picture_are_a_complaint() {
        let watch = fresh();
        let key = gst::BufferFlags::empty();
        let delta = gst::BufferFlags::DELTA_UNIT;
        let out = |ms| watch.picture_out(&buffer(ms, gst::BufferFlags::empty()));
        watch.packet_in(&buffer(0, key), &Codec::Other);
        for ms in [20, 40, 60] {
            watch.packet_in(&buffer(ms, delta), &Codec::Other);
        }
        assert!(!out(0));
        assert!(!out(40), "the packet at 20 ms may be a second field");
        for ms in [80, 100, 120] {
            watch.packet_in(&buffer(ms, delta), &Codec::Other);
        }
        assert!(out(120), "the packets at 60, 80 and 100 ms gave no picture");
        watch.packet_in(&buffer(140, delta), &Codec::Other);
        assert!(out(140));
        for ms in [160, 180] {
            watch.packet_in(&buffer(ms, delta), &Codec::Other);
        }
        watch.packet_in(&buffer(200, key), &Codec::Other);
        assert!(!out(200), "what was lost before a keyframe is no matter to it");
        assert_eq!(watch.tally().lost, 3 + 2, "and the one at 20 ms is no loss");
    }

    #[test]
    fn a_packet_held_during_a_complaint_is_lost() {
        let watch = fresh();
        let out = |ms, flags| watch.picture_out(&buffer(ms, flags));
        for ms in (0..200).step_by(20) {
            watch.packet_in(&buffer(ms, gst::BufferFlags::DELTA_UNIT), &Codec::Other);
        }
        out(60, gst::BufferFlags::CORRUPTED);
        assert_eq!(watch.tally().lost, 0, "before the first picture");
        out(100, gst::BufferFlags::CORRUPTED);
        assert_eq!(watch.tally().lost, 1, "the one at 80 ms");
        out(140, gst::BufferFlags::empty());
        out(180, gst::BufferFlags::CORRUPTED);
        assert_eq!(
            watch.tally().lost,
            1,
            "this decoder gives no picture for a single packet without any harm"
        );
    }

    #[test]
    fn a_keyframe_by_its_flag_alone_does_not_clean_h264() {
        let codec = Codec::H264(Some(Framing::StartCodes));
        let watch = fresh();
        let packet = |ms: u64, unit: &[u8]| {
            let mut buffer = gst::Buffer::from_slice([&[0, 0, 1], unit].concat());
            buffer.get_mut().expect("it is new").set_pts(gst::ClockTime::from_mseconds(ms));
            watch.packet_in(&buffer, &codec);
            watch.picture_out(&self::buffer(ms, gst::BufferFlags::empty()))
        };
        assert!(packet(0, &[0x41, 0x9a, 0x02]), "a slice that is no IDR picture's");
        assert!(!packet(20, &[0x65, 0x88, 0x84]));
    }
}
