//! The video tracks of a `moov` box, and the times of their samples.

use super::boxes::{Node, be16, be32, be64, content, find, nodes};
use crate::geometry::FrameSize;
use crate::video::source::edits::Entry;
use crate::video::source::reading::{TrackFacts, Turn};
use std::ops::Range;

/// Most entries of an edit list that are read.
const MAX_EDITS: usize = 10_000;
/// 1 in the 16.16 fixed point of a track's matrix.
const ONE: i32 = 1 << 16;
/// How far an entry of the matrix may lie from 0, 1 or -1: writers round.
const ROUNDING: i32 = ONE / 256;

/// What a track's matrix does to its pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Orientation {
    Upright,
    Turned(Turn),
    /// Scaled, sheared, or turned by an odd angle.
    Askew,
}

/// One video track.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) facts: TrackFacts,
    /// Its number in the file, by which fragments name it.
    pub(super) id: u32,
    pub(super) trak: Node,
    /// Its edit list's box.
    pub(super) edit_box: Option<Node>,
    /// Samples in its own table.
    pub(super) samples: u64,
    /// Clock ticks per second of its media.
    pub(super) media_scale: u32,
    /// The same of the movie.
    pub(super) movie_scale: u32,
    /// Where the durations of the movie, the track and its media stand, each with the ticks per second of its clock.
    durations: Vec<(Range<usize>, u32)>,
    /// Where the nine numbers of its matrix lie.
    matrix_at: usize,
    /// The upper left four: how the picture is turned, flipped and scaled.
    matrix: [i32; 4],
    table: Range<usize>,
}

/// The video tracks among the boxes of a `moov`, in the file's order.
pub(super) fn tracks(moov: &[u8], within: Range<usize>) -> Vec<Track> {
    let mvhd = find(moov, within.clone(), &[b"mvhd"]).map(|node| node.content).unwrap_or_default();
    let mut tracks = Vec::new();
    for trak in nodes(moov, within).filter(|node| &node.kind == b"trak") {
        let number = tracks.len() as u32 + 1;
        tracks.extend(video_track(moov, trak, number, &mvhd));
    }
    tracks
}

fn video_track(moov: &[u8], trak: Node, number: u32, mvhd: &Range<usize>) -> Option<Track> {
    let inside = trak.content.clone();
    let media = find(moov, inside.clone(), &[b"mdia"])?.content;
    if content(moov, media.clone(), &[b"hdlr"])?.get(8..12) != Some(b"vide".as_slice()) {
        return None;
    }
    let table = find(moov, media.clone(), &[b"minf", b"stbl"])?.content;
    let media_head = find(moov, media, &[b"mdhd"]).map(|node| node.content).unwrap_or_default();
    let mdhd = moov.get(media_head.clone());
    let media_scale = mdhd.and_then(timescale).unwrap_or(1000);
    let movie_scale = moov.get(mvhd.clone()).and_then(timescale).unwrap_or(1000);
    let lasts = mdhd.and_then(media_duration).unwrap_or(0);
    let head = find(moov, inside.clone(), &[b"tkhd"]).map(|node| node.content).unwrap_or_default();
    let tkhd = moov.get(head.clone()).unwrap_or_default();
    let long = tkhd.first() == Some(&1);
    let matrix_at = if long { 52 } else { 40 };
    let entry = |i: usize| be32(tkhd, matrix_at + 4 * i).map(|n| n as i32);
    let matrix = match (entry(0), entry(1), entry(3), entry(4)) {
        (Some(a), Some(b), Some(c), Some(d)) => [a, b, c, d],
        _ => [ONE, 0, 0, ONE],
    };
    let durations = [
        (duration_field(moov, mvhd, [16, 24]), movie_scale),
        (duration_field(moov, &head, [20, 28]), movie_scale),
        (duration_field(moov, &media_head, [16, 24]), media_scale),
    ];
    let durations = durations.into_iter().filter_map(|(place, scale)| Some((place?, scale))).collect();
    let samples = match content(moov, table.clone(), &[b"stsz"]) {
        Some(stsz) => be32(stsz, 8),
        None => content(moov, table.clone(), &[b"stz2"]).and_then(|stz2| be32(stz2, 8)),
    };
    // Behind the count of entries: the first one's size, type, six reserved bytes, data reference, and sixteen more.
    let described = content(moov, table.clone(), &[b"stsd"]).unwrap_or_default();
    let side = |at: usize| be16(described, 8 + at).map_or(0, u32::from);
    Some(Track {
        facts: TrackFacts {
            number,
            enabled: tkhd.get(3).is_none_or(|flags| flags & 1 == 1),
            secs: lasts as f64 / f64::from(media_scale),
            size: FrameSize { width: side(32), height: side(34) },
        },
        id: be32(tkhd, if long { 20 } else { 12 }).unwrap_or(0),
        edit_box: find(moov, inside, &[b"edts"]),
        trak,
        samples: samples.unwrap_or(0).into(),
        media_scale,
        movie_scale,
        durations,
        matrix_at: head.start + matrix_at,
        matrix,
        table,
    })
}

impl Track {
    /// Its edit list; empty where it has none.
    pub(super) fn edits(&self, moov: &[u8]) -> Vec<Entry> {
        let list = self.edit_box.as_ref().and_then(|edts| content(moov, edts.content.clone(), &[b"elst"]));
        list.map(edits).unwrap_or_default()
    }

    /// When each sample is shown in the track's own time and how long it lasts, nanoseconds, in the order in which they
    /// are decoded.
    pub(super) fn times<'a>(&self, moov: &'a [u8]) -> impl Iterator<Item = (i64, u64)> + use<'a> {
        let mut deltas = content(moov, self.table.clone(), &[b"stts"]).into_iter().flat_map(runs);
        let mut offsets = content(moov, self.table.clone(), &[b"ctts"]).into_iter().flat_map(runs);
        let scale = i128::from(self.media_scale);
        let mut decode_time = 0i64;
        let ns =
            move |ticks: i64| i64::try_from(i128::from(ticks) * 1_000_000_000 / scale).unwrap_or(i64::MAX);
        (0..self.samples).map(move |_| {
            let duration = i64::from(deltas.next().unwrap_or(0));
            // Version 0 tables hold unsigned offsets, but writers put negative ones into them as well.
            let offset = i64::from(offsets.next().unwrap_or(0) as i32);
            let at = decode_time.saturating_add(offset);
            decode_time = decode_time.saturating_add(duration);
            (ns(at), ns(duration).unsigned_abs())
        })
    }

    /// States how long its media lasts as the duration of movie, track and media in a copy of the `moov`.
    pub(super) fn set_duration(&self, moov: &mut [u8], lasts_ns: i64) {
        for (place, scale) in &self.durations {
            let ticks = i128::from(lasts_ns) * i128::from(*scale) / 1_000_000_000 + 1;
            let long = u64::try_from(ticks).unwrap_or(u64::MAX).to_be_bytes();
            if let Some(field) = moov.get_mut(place.clone()) {
                match field.len() {
                    8 => field.copy_from_slice(&long),
                    _ => field.copy_from_slice(&u32::try_from(ticks).unwrap_or(u32::MAX).to_be_bytes()),
                }
            }
        }
    }

    /// How its matrix turns the picture.
    pub(super) fn orientation(&self) -> Orientation {
        let near = |n: i32, to: i32| (i64::from(n) - i64::from(to)).abs() <= i64::from(ROUNDING);
        let sign = |n: i32| [0, 1, -1].into_iter().find(|sign| near(n, sign * ONE));
        match self.matrix.map(sign) {
            [Some(1), Some(0), Some(0), Some(1)] => Orientation::Upright,
            [Some(0), Some(1), Some(-1), Some(0)] => Orientation::Turned(Turn::Clockwise),
            [Some(-1), Some(0), Some(0), Some(-1)] => Orientation::Turned(Turn::HalfWay),
            [Some(0), Some(-1), Some(1), Some(0)] => Orientation::Turned(Turn::Counterclockwise),
            [Some(-1), Some(0), Some(0), Some(1)] => Orientation::Turned(Turn::LeftRight),
            [Some(1), Some(0), Some(0), Some(-1)] => Orientation::Turned(Turn::TopBottom),
            [Some(0), Some(1), Some(1), Some(0)] => Orientation::Turned(Turn::Falling),
            [Some(0), Some(-1), Some(-1), Some(0)] => Orientation::Turned(Turn::Rising),
            _ => Orientation::Askew,
        }
    }

    /// Takes its matrix out of a copy of the `moov`.
    pub(super) fn set_upright(&self, moov: &mut [u8]) {
        const IDENTITY: [i32; 9] = [ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30];
        let bytes: Vec<u8> = IDENTITY.iter().flat_map(|n| n.to_be_bytes()).collect();
        if let Some(matrix) = moov.get_mut(self.matrix_at..self.matrix_at + bytes.len()) {
            matrix.copy_from_slice(&bytes);
        }
    }
}

/// Clock ticks per second of an `mvhd` or `mdhd` box.
fn timescale(header: &[u8]) -> Option<u32> {
    let at = if *header.first()? == 1 { 20 } else { 12 };
    be32(header, at).filter(|scale| *scale > 0)
}

/// Where the duration stands in a `mvhd` or `tkhd` box: at the first offset in the short form, at the second in the long.
fn duration_field(moov: &[u8], header: &Range<usize>, [short, long]: [usize; 2]) -> Option<Range<usize>> {
    let place = match moov.get(header.start) {
        Some(1) => header.start + long..header.start + long + 8,
        _ => header.start + short..header.start + short + 4,
    };
    (place.end <= header.end).then_some(place)
}

/// Duration of an `mdhd` box, clock ticks.
fn media_duration(header: &[u8]) -> Option<u64> {
    if *header.first()? == 1 { be64(header, 24) } else { be32(header, 16).map(u64::from) }
}

/// Entries of an `elst` box.
fn edits(elst: &[u8]) -> Vec<Entry> {
    let long = elst.first() == Some(&1);
    let size = if long { 20 } else { 12 };
    let count = be32(elst, 4).unwrap_or(0) as usize;
    elst.get(8..)
        .unwrap_or_default()
        .chunks_exact(size)
        .take(count.min(MAX_EDITS))
        .filter_map(|e| {
            let rate = be32(e, size - 4)?;
            if long {
                Some(Entry { duration: be64(e, 0)?, media_time: be64(e, 8)? as i64, rate })
            } else {
                Some(Entry { duration: be32(e, 0)?.into(), media_time: i64::from(be32(e, 4)? as i32), rate })
            }
        })
        .collect()
}

/// The values of a run-length table (`stts`, `ctts`): count and value, eight bytes a run.
fn runs(table: &[u8]) -> impl Iterator<Item = u32> + '_ {
    table.get(8..).unwrap_or_default().chunks_exact(8).flat_map(|run| {
        let count = be32(run, 0).unwrap_or(0);
        let value = be32(run, 4).unwrap_or(0);
        std::iter::repeat_n(value, count as usize)
    })
}
