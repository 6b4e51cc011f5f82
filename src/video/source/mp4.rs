//! Sample count of the first video track of an MP4 or MOV file (ISO/IEC 14496-12: moov, trak, stbl, edts).
//!
//! Read for one purpose: to notice that frames are missing. Anything unexpected declares nothing.

use super::clip::Clip;
use super::declared::Declared;
use std::io;

/// Largest `moov` box that is read; ten hours at 25 frames a second take about 15 MiB.
const MAX_MOOV_BYTES: u64 = 64 << 20;
/// Most boxes on one level that are walked.
const MAX_BOXES: usize = 100_000;
/// Most samples, times edits, whose times are added up to see which of them an edit list presents.
const MAX_TIMED_SAMPLES: u64 = 20_000_000;

/// Walks the top-level boxes for `moov`, and notes where the last one says that the file ends.
pub(super) fn declared(clip: &Clip) -> io::Result<Declared> {
    let mut declared = Declared::default();
    let mut offset = 0u64;
    // Frames are found through `moov`, or through `moof` in a fragmented file; a recorder writes `moov` last.
    let (mut is_mp4, mut has_table) = (false, false);
    for _ in 0..MAX_BOXES {
        let mut head = [0; 16];
        let n = clip.read_at(offset, &mut head)?;
        let Some((size, header)) = box_size(&head[..n], clip.len() - offset.min(clip.len())) else { break };
        let end = offset.saturating_add(size);
        if end > clip.len() {
            declared.bytes = Some(end);
        }
        is_mp4 |= matches!(&head[4..8], b"ftyp" | b"mdat");
        has_table |= matches!(&head[4..8], b"moov" | b"moof");
        if &head[4..8] == b"moov" {
            let len = size.min(clip.len() - offset).min(MAX_MOOV_BYTES);
            let mut moov = vec![0; usize::try_from(len).unwrap_or(0)];
            let n = clip.read_at(offset, &mut moov)?;
            let moov = moov.get(header..n).unwrap_or_default();
            declared.frames = presented_frames(moov);
            declared.edited = video_track(moov).is_some_and(|track| !track_edits(track).is_empty());
        }
        if end >= clip.len() {
            break;
        }
        offset = end;
    }
    declared.unfinished = is_mp4 && !has_table;
    Ok(declared)
}

/// Total size and header size of a box; `rest` is what a size of zero ("to the end") means.
fn box_size(head: &[u8], rest: u64) -> Option<(u64, usize)> {
    let size = u64::from(be32(head, 0)?);
    head.get(4..8)?;
    let (size, header) = match size {
        0 => (rest, 8),
        1 => (u64::from(be32(head, 8)?) << 32 | u64::from(be32(head, 12)?), 16),
        n => (n, 8),
    };
    (size >= header as u64).then_some((size, header))
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Children of a box's content: type and content.
fn children(content: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = content;
    std::iter::from_fn(move || {
        let (size, header) = box_size(rest, rest.len() as u64)?;
        let kind: [u8; 4] = rest.get(4..8)?.try_into().ok()?;
        let size = usize::try_from(size).ok()?.min(rest.len());
        let content = rest.get(header..size)?;
        rest = &rest[size..];
        Some((kind, content))
    })
    .take(MAX_BOXES)
}

fn child<'a>(content: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter().try_fold(content, |content, kind| {
        children(content).find(|(found, _)| found == *kind).map(|(_, content)| content)
    })
}

/// Frames that the first video track presents; `None` for a fragmented file.
fn presented_frames(moov: &[u8]) -> Option<u64> {
    if child(moov, &[b"mvex"]).is_some() {
        return None;
    }
    let track =
        children(moov).filter(|(kind, _)| kind == b"trak").map(|(_, content)| content).find(|trak| {
            child(trak, &[b"mdia", b"hdlr"]).and_then(|h| h.get(8..12)) == Some(b"vide".as_slice())
        })?;
    let table = child(track, &[b"mdia", b"minf", b"stbl"])?;
    let samples = match child(table, &[b"stsz"]) {
        Some(stsz) => be32(stsz, 8)?,
        None => be32(child(table, &[b"stz2"])?, 8)?,
    };
    let edits = track_edits(track);
    let work = u64::from(samples) * edits.len() as u64;
    if edits.is_empty() || work > MAX_TIMED_SAMPLES {
        return Some(samples.into());
    }
    let media_scale = timescale(child(track, &[b"mdia", b"mdhd"])?)?;
    let movie_scale = timescale(child(moov, &[b"mvhd"])?)?;
    let windows: Vec<(i64, i64)> = edits
        .into_iter()
        .filter(|(_, media_time)| *media_time >= 0)
        .map(|(duration, media_time)| {
            // Durations are whole ticks of the movie's clock, often a millisecond: a frame that only this rounding
            // lets in or keeps out is not promised.
            let ticks =
                (duration.saturating_sub(1)) as i128 * i128::from(media_scale) / i128::from(movie_scale);
            let end = media_time.saturating_add(i64::try_from(ticks).unwrap_or(i64::MAX));
            (media_time, if duration == 0 { i64::MAX } else { end })
        })
        .collect();
    let mut deltas = runs(child(table, &[b"stts"])?);
    let mut offsets = child(table, &[b"ctts"]).map(runs);
    let mut decode_time = 0i64;
    let mut presented = 0;
    for _ in 0..samples {
        let duration = i64::from(deltas.next().unwrap_or(0));
        let offset = offsets.as_mut().and_then(Iterator::next).unwrap_or(0);
        // Version 0 tables hold unsigned offsets, but writers put negative ones into them as well.
        let shown = decode_time.saturating_add(i64::from(offset as i32));
        if windows.iter().any(|&(from, to)| shown < to && shown.saturating_add(duration) > from) {
            presented += 1;
        }
        decode_time = decode_time.saturating_add(duration);
    }
    Some(presented)
}

/// Content of the first video track.
fn video_track(moov: &[u8]) -> Option<&[u8]> {
    children(moov)
        .filter(|(kind, _)| kind == b"trak")
        .map(|(_, content)| content)
        .find(|trak| child(trak, &[b"mdia", b"hdlr"]).and_then(|h| h.get(8..12)) == Some(b"vide".as_slice()))
}

/// Edits of a track; none where it has no edit list.
fn track_edits(track: &[u8]) -> Vec<(u64, i64)> {
    child(track, &[b"edts", b"elst"]).map(edits).unwrap_or_default()
}

/// Clock ticks per second of an `mvhd` or `mdhd` box.
fn timescale(header: &[u8]) -> Option<u32> {
    let at = if *header.first()? == 1 { 20 } else { 12 };
    be32(header, at).filter(|scale| *scale > 0)
}

/// Edits: duration in movie ticks, start in media ticks (-1: nothing is shown).
fn edits(elst: &[u8]) -> Vec<(u64, i64)> {
    let long = elst.first() == Some(&1);
    let entry = if long { 20 } else { 12 };
    let be64 = |e: &[u8], at| Some(u64::from(be32(e, at)?) << 32 | u64::from(be32(e, at + 4)?));
    let count = be32(elst, 4).unwrap_or(0) as usize;
    elst.get(8..)
        .unwrap_or_default()
        .chunks_exact(entry)
        .take(count.min(10_000))
        .filter_map(|e| {
            if long {
                Some((be64(e, 0)?, be64(e, 8)? as i64))
            } else {
                Some((be32(e, 0)?.into(), i64::from(be32(e, 4)? as i32)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn make_box(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let mut out = (content.len() as u32 + 8).to_be_bytes().to_vec();
        out.extend(kind);
        out.extend(content);
        out
    }

    fn words(values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|v| v.to_be_bytes()).collect()
    }

    /// A `moov` content with one video track of 40 ms samples, a media clock of 1000 and an optional edit.
    fn moov(samples: u32, edit: Option<(u32, i32)>) -> Vec<u8> {
        let hdlr = make_box(b"hdlr", &[words(&[0, 0]), b"vide".to_vec()].concat());
        let stbl = make_box(
            b"stbl",
            &[make_box(b"stsz", &words(&[0, 0, samples])), make_box(b"stts", &words(&[0, 1, samples, 40]))]
                .concat(),
        );
        let mdhd = make_box(b"mdhd", &words(&[0, 0, 0, 1000, 0]));
        let mdia = make_box(b"mdia", &[mdhd, hdlr, make_box(b"minf", &stbl)].concat());
        let elst = edit.map_or(vec![], |(duration, start)| {
            make_box(b"edts", &make_box(b"elst", &words(&[0, 1, duration, start as u32, 0x1_0000])))
        });
        [make_box(b"mvhd", &words(&[0, 0, 0, 1000, 0])), make_box(b"trak", &[elst, mdia].concat())].concat()
    }

    #[test]
    fn samples_are_counted_as_presented() {
        assert_eq!(presented_frames(&moov(25, None)), Some(25));
        assert_eq!(presented_frames(&moov(25, Some((1000, 0)))), Some(25));
        assert_eq!(presented_frames(&moov(25, Some((400, 200)))), Some(10));
        assert_eq!(presented_frames(&moov(25, Some((0, 0)))), Some(25));
        assert_eq!(presented_frames(&[moov(25, None), make_box(b"mvex", &[])].concat()), None);
        assert_eq!(presented_frames(&moov(4_000_000_000, None)), Some(4_000_000_000));
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = presented_frames(&bytes);
        }

        #[test]
        fn a_flipped_table_never_panics(at in 0usize..300, value in any::<u8>()) {
            let mut bytes = moov(30, Some((900, 40)));
            let len = bytes.len();
            bytes[at % len] = value;
            let _ = presented_frames(&bytes);
        }
    }
}
