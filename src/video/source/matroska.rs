//! Length, duration and video tracks of a Matroska or WebM file (RFC 9559, on EBML, RFC 8794).
//!
//! Matroska counts no frames, but a file written to its end states how long its segment is, in bytes and in time.

use super::clip::Clip;
use super::reading::{Reading, Refusal, TrackFacts, choose};
use super::view::View;
use crate::geometry::FrameSize;
use std::io;

const SEGMENT: u32 = 0x1853_8067;
const INFO: u32 = 0x1549_A966;
const TRACKS: u32 = 0x1654_AE6B;
const CLUSTER: u32 = 0x1F43_B675;
const TIMESTAMP_SCALE: u32 = 0x002A_D7B1;
const DURATION: u32 = 0x4489;
const TRACK_ENTRY: u32 = 0xAE;
const TRACK_TYPE: u32 = 0x83;
const FLAG_ENABLED: u32 = 0xB9;
const FLAG_DEFAULT: u32 = 0x88;
const VIDEO: u32 = 0xE0;
const PIXEL_WIDTH: u32 = 0xB0;
const PIXEL_HEIGHT: u32 = 0xBA;
/// An element that nobody reads; its identifier is as long as that of a track entry.
const VOID: u8 = 0xEC;
/// The first bytes of every file.
const EBML: [u8; 4] = [0x1a, 0x45, 0xdf, 0xa3];

/// Largest element before the first cluster that is read.
const MAX_ELEMENT_BYTES: u64 = 1 << 20;
/// Most elements that are walked.
const MAX_ELEMENTS: usize = 1_000;

/// Walks the elements up to the first cluster.
pub(super) fn read(clip: &Clip) -> io::Result<Reading> {
    let mut reading = Reading::default();
    let mut duration_ns = None;
    let mut entries = None;
    let mut offset = 0;
    for _ in 0..MAX_ELEMENTS {
        let mut head = [0; 12];
        let n = clip.read_at(offset, &mut head)?;
        let Some(Element { id, size, header }) = element(&head[..n]) else { break };
        let start = offset + header as u64;
        if id == SEGMENT {
            let end = size.map(|size| start.saturating_add(size));
            reading.declared.bytes = end.filter(|end| *end > clip.len());
            if let Some(end) = end.filter(|end| *end < clip.len())
                && clip.read_at(end, &mut head)? >= EBML.len()
                && head.starts_with(&EBML)
            {
                reading.refusal = Some(Refusal::Joined);
                return Ok(reading);
            }
            offset = start;
            continue;
        }
        let Some(size) = size else { break };
        if id == CLUSTER {
            break;
        }
        if (id == INFO || id == TRACKS) && size <= MAX_ELEMENT_BYTES {
            let mut content = vec![0; usize::try_from(size).unwrap_or(0)];
            let n = clip.read_at(start, &mut content)?;
            content.truncate(n);
            if id == INFO {
                duration_ns = duration(&content);
            } else {
                entries = Some(children(&content).filter(|(id, _)| *id == TRACK_ENTRY).count());
                take_track(&mut reading, clip, start, content);
            }
        }
        offset = start.saturating_add(size);
    }
    if entries == Some(1) {
        reading.declared.duration_ns = duration_ns;
    }
    Ok(reading)
}

/// Chooses a video track; where there are several the demuxer gets to read no other.
fn take_track(reading: &mut Reading, clip: &Clip, at: u64, mut content: Vec<u8>) {
    let tracks = video_tracks(&content);
    let facts: Vec<TrackFacts> = tracks.iter().map(|(_, facts)| *facts).collect();
    let chosen = match choose(&facts, clip.track()) {
        Ok(Some(chosen)) => chosen,
        Ok(None) => return,
        Err(refusal) => {
            reading.refusal = Some(refusal);
            return;
        }
    };
    if tracks.len() == 1 {
        return;
    }
    reading.declared.track = Some(facts[chosen].number);
    for (place, _) in tracks.iter().filter(|(_, facts)| Some(facts.number) != reading.declared.track) {
        content[*place] = VOID;
    }
    let mut view = View::default();
    let end = at + content.len() as u64;
    view.file(0..at);
    view.ours(content);
    view.file(end..clip.len());
    reading.view = Some(view);
}

/// The entries of video tracks in the content of a `Tracks` element: where they begin, and what they say.
fn video_tracks(content: &[u8]) -> Vec<(usize, TrackFacts)> {
    let mut found = Vec::new();
    for (id, start, entry) in placed(content) {
        let number = |wanted: u32, within: &[u8]| {
            let value = children(within).find(|(id, _)| *id == wanted).map(|(_, value)| value)?;
            (value.len() <= 4).then(|| value.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)))
        };
        if id != TRACK_ENTRY || number(TRACK_TYPE, entry) != Some(1) {
            continue;
        }
        let video = children(entry).find(|(id, _)| *id == VIDEO).map(|(_, video)| video).unwrap_or_default();
        let side = |wanted| number(wanted, video).unwrap_or(0);
        let on = |flag| number(flag, entry) != Some(0);
        let facts = TrackFacts {
            number: found.len() as u32 + 1,
            enabled: on(FLAG_ENABLED) && on(FLAG_DEFAULT),
            secs: 0.0,
            size: FrameSize { width: side(PIXEL_WIDTH), height: side(PIXEL_HEIGHT) },
        };
        found.push((start, facts));
    }
    found
}

struct Element {
    id: u32,
    /// `None`: unknown, as in a live recording.
    size: Option<u64>,
    header: usize,
}

/// Reads an element's identifier and size.
fn element(bytes: &[u8]) -> Option<Element> {
    let id_len = bytes.first()?.leading_zeros() as usize + 1;
    if id_len > 4 {
        return None;
    }
    let id = bytes.get(..id_len)?.iter().fold(0u32, |id, b| id << 8 | u32::from(*b));
    let rest = bytes.get(id_len..)?;
    let size_len = rest.first()?.leading_zeros() as usize + 1;
    if size_len > 8 {
        return None;
    }
    let raw = rest.get(..size_len)?.iter().fold(0u64, |size, b| size << 8 | u64::from(*b));
    let mask = (1u64 << (7 * size_len)) - 1;
    let size = raw & mask;
    Some(Element { id, size: (size != mask).then_some(size), header: id_len + size_len })
}

fn children(content: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    placed(content).map(|(id, _, content)| (id, content))
}

/// Elements within another one's content: identifier, where it begins there, content.
fn placed(content: &[u8]) -> impl Iterator<Item = (u32, usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let Element { id, size, header } = element(content.get(at..)?)?;
        let start = at;
        let inside = at.checked_add(header)?;
        at = inside.checked_add(usize::try_from(size?).ok()?)?;
        Some((id, start, content.get(inside..at)?))
    })
    .take(MAX_ELEMENTS)
}

/// Duration from the content of an `Info` element, nanoseconds.
fn duration(info: &[u8]) -> Option<u64> {
    let mut scale = 1_000_000.0;
    let mut ticks = None;
    for (id, content) in children(info) {
        match (id, content.len()) {
            (TIMESTAMP_SCALE, 1..=8) => {
                scale = content.iter().fold(0u64, |n, b| n << 8 | u64::from(*b)) as f64;
            }
            (DURATION, 4) => ticks = Some(f64::from(f32::from_be_bytes(content.try_into().ok()?))),
            (DURATION, 8) => ticks = Some(f64::from_be_bytes(content.try_into().ok()?)),
            _ => {}
        }
    }
    let ns = ticks? * scale;
    (ns.is_finite() && ns > 0.0 && ns < 1e18).then_some(ns as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_read() {
        let scale = [0x2A, 0xD7, 0xB1, 0x83, 0x0F, 0x42, 0x40];
        let ticks = [&[0x44, 0x89, 0x84], 1500.0f32.to_be_bytes().as_slice()].concat();
        assert_eq!(duration(&[scale.as_slice(), &ticks].concat()), Some(1_500_000_000));
        assert_eq!(duration(&scale), None);
    }

    #[test]
    fn sizes_are_read() {
        let known = element(&[0xAE, 0x85]).expect("an element");
        assert_eq!((known.id, known.size, known.header), (TRACK_ENTRY, Some(5), 2));
        let unknown = element(&[0x1F, 0x43, 0xB6, 0x75, 0x01, 255, 255, 255, 255, 255, 255, 255]);
        let unknown = unknown.expect("an element");
        assert_eq!((unknown.id, unknown.size, unknown.header), (CLUSTER, None, 12));
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = duration(&bytes);
            let _ = children(&bytes).count();
        }
    }
}
