//! The fragments of a fragmented file (ISO/IEC 14496-12, 8.8): do their times go on?

use super::boxes::{be32, be64, content, nodes};
use crate::video::source::clip::Clip;
use std::io;

/// Largest `moof` box that is read.
const MAX_MOOF_BYTES: u64 = 4 << 20;

/// Whether a track's clock starts again among these fragments (place and size of each `moof`), as where two files were
/// joined end to end.
pub(super) fn begin_anew(clip: &Clip, fragments: &[(u64, u64)], track: u32) -> io::Result<bool> {
    let mut latest = None;
    for &(at, size) in fragments.iter().filter(|(_, size)| *size <= MAX_MOOF_BYTES) {
        let mut moof = vec![0; usize::try_from(size).unwrap_or(0)];
        let n = clip.read_at(at, &mut moof)?;
        moof.truncate(n);
        let Some(time) = base_time(&moof, track) else { continue };
        if latest.is_some_and(|latest| time < latest) {
            return Ok(true);
        }
        latest = Some(time);
    }
    Ok(false)
}

/// When the first sample of a track's fragment is decoded, in ticks of the track's clock (`tfdt`).
fn base_time(moof: &[u8], track: u32) -> Option<u64> {
    let inside = nodes(moof, 0..moof.len()).next()?.content;
    let fragment = nodes(moof, inside).filter(|node| &node.kind == b"traf").find(|traf| {
        content(moof, traf.content.clone(), &[b"tfhd"]).and_then(|tfhd| be32(tfhd, 4)) == Some(track)
    })?;
    let tfdt = content(moof, fragment.content, &[b"tfdt"])?;
    if tfdt.first() == Some(&1) { be64(tfdt, 4) } else { be32(tfdt, 4).map(u64::from) }
}
