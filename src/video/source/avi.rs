//! Frame count of the first video stream of an AVI file (Microsoft's RIFF documentation, and OpenDML 1.02).
//!
//! The index counts what was written; where it is missing, because the end of the file is, the stream header says
//! what should have been. An index that names fewer pictures than lie in the data loses the rest without a word, as the
//! demuxer reads by it: so the data are walked as well, and the larger number is the promise.

use super::clip::Clip;
use super::declared::Declared;
use std::io;

/// Largest header list that is read.
const MAX_HEADER_BYTES: u64 = 4 << 20;
/// Largest index that is read: sixteen bytes a chunk.
const MAX_INDEX_BYTES: u64 = 64 << 20;
/// Most chunks of data that are walked: a week of 25 pictures a second, with sound beside each.
const MAX_DATA_CHUNKS: usize = 40_000_000;
/// Most chunks on the top level that are walked.
const MAX_CHUNKS: usize = 10_000;

/// Walks the chunks of the first RIFF list.
pub(super) fn declared(clip: &Clip) -> io::Result<Declared> {
    let mut declared = Declared::default();
    let mut head = [0; 12];
    clip.read_at(0, &mut head)?;
    let end = u64::from(le32(&head, 4).unwrap_or(0)) + 8;
    if end > clip.len() {
        declared.bytes = Some(end);
    }
    let mut stream = None;
    let mut open_dml = false;
    let mut in_data = 0;
    let mut offset = 12;
    for _ in 0..MAX_CHUNKS {
        let n = clip.read_at(offset, &mut head)?;
        let (Some(kind), Some(size)) = (head[..n].get(..4), le32(&head[..n], 4)) else { break };
        let size = u64::from(size);
        if kind == b"LIST" && head.get(8..12) == Some(b"hdrl") {
            let header = content(clip, offset + 12, size.saturating_sub(4).min(MAX_HEADER_BYTES))?;
            stream = video_stream(&header);
            open_dml = header.windows(4).any(|w| w == b"odml");
            declared.frames = stream.map(|(_, frames)| frames.into());
        } else if kind == b"LIST"
            && head.get(8..12) == Some(b"movi")
            && let Some((number, _)) = stream
        {
            in_data =
                frames_in_data(clip, offset + 12, offset.saturating_add(8).saturating_add(size), number)?;
        } else if kind == b"idx1"
            && !open_dml
            && let Some((number, _)) = stream
        {
            let index = content(clip, offset + 8, size.min(MAX_INDEX_BYTES))?;
            if index.len() as u64 == size {
                declared.frames = Some(indexed_frames(&index, number));
            }
        }
        offset += 8 + size.next_multiple_of(2);
        if offset >= clip.len() {
            break;
        }
    }
    // Where the file ends in mid-data the header says more, and the last chunk found there is not whole.
    if declared.bytes.is_none() {
        declared.frames = declared.frames.map(|frames| frames.max(in_data));
    }
    Ok(declared)
}

/// Pictures of one stream that lie in a `movi` list, counted by their chunks' heads, empty ones not; also within `rec ` lists. 0 where
/// the chunks do not follow one another up to the list's end.
fn frames_in_data(clip: &Clip, from: u64, to: u64, stream: u32) -> io::Result<u64> {
    let digits = format!("{stream:02}");
    let (mut at, mut frames) = (from, 0);
    let mut head = [0; 8];
    for _ in 0..MAX_DATA_CHUNKS {
        if at >= to {
            return Ok(frames);
        }
        if clip.read_at(at, &mut head)? < head.len() {
            return Ok(0);
        }
        let size = u64::from(le32(&head, 4).unwrap_or(0));
        if &head[..4] == b"LIST" {
            // What is in it counts: only its head is stepped over.
            at += 12;
            continue;
        }
        if !head[..4].iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
            return Ok(0);
        }
        let picture = head[..2] == *digits.as_bytes() && matches!(&head[2..4], b"dc" | b"db");
        frames += u64::from(picture && size > 0);
        at = at.saturating_add(8).saturating_add(size.next_multiple_of(2));
    }
    Ok(0)
}

fn content(clip: &Clip, offset: u64, len: u64) -> io::Result<Vec<u8>> {
    let len = len.min(clip.len().saturating_sub(offset));
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
    let n = clip.read_at(offset, &mut bytes)?;
    bytes.truncate(n);
    Ok(bytes)
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Number and length in frames of the first video stream in a header list.
fn video_stream(header: &[u8]) -> Option<(u32, u32)> {
    let mut number = 0;
    let mut at = 0;
    while let (Some(kind), Some(size)) = (header.get(at..at + 4), le32(header, at + 4)) {
        if kind == b"LIST" && header.get(at + 8..at + 12) == Some(b"strl") {
            let strh = at + 12;
            if header.get(strh..strh + 4) == Some(b"strh") {
                if header.get(strh + 8..strh + 12) == Some(b"vids") {
                    return Some((number, le32(header, strh + 8 + 32)?));
                }
                number += 1;
            }
        }
        at = at.checked_add(8)?.checked_add((size as usize).next_multiple_of(2))?;
    }
    None
}

/// Index entries of one stream's pictures that hold any bytes.
fn indexed_frames(index: &[u8], stream: u32) -> u64 {
    let digits = format!("{stream:02}");
    let digits = digits.as_bytes();
    index
        .chunks_exact(16)
        .filter(|e| {
            &e[..2] == digits && matches!(&e[2..4], b"dc" | b"db") && le32(e, 12).is_some_and(|n| n > 0)
        })
        .count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn list(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        [b"LIST".as_slice(), &(content.len() as u32 + 4).to_le_bytes(), kind, content].concat()
    }

    fn strh(kind: &[u8; 4], frames: u32) -> Vec<u8> {
        let mut body = vec![0; 56];
        body[..4].copy_from_slice(kind);
        body[32..36].copy_from_slice(&frames.to_le_bytes());
        [b"strh".as_slice(), &56u32.to_le_bytes(), &body].concat()
    }

    #[test]
    fn the_first_video_stream_counts() {
        let header = [list(b"strl", &strh(b"auds", 9)), list(b"strl", &strh(b"vids", 120))].concat();
        assert_eq!(video_stream(&header), Some((1, 120)));
        let entry = |id: &[u8; 4], size: u32| [id.as_slice(), &[0; 8], &size.to_le_bytes()].concat();
        let index = [entry(b"01dc", 10), entry(b"00wb", 10), entry(b"01dc", 0), entry(b"01db", 5)].concat();
        assert_eq!(indexed_frames(&index, 1), 2, "sound and empty chunks are no pictures");
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = video_stream(&bytes);
            let _ = indexed_frames(&bytes, 0);
        }
    }
}
