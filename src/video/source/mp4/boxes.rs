//! Boxes of an MP4 or MOV file (ISO/IEC 14496-12, 4.2), walked within one buffer.

use std::ops::Range;

/// Most boxes on one level that are walked.
pub(super) const MAX_BOXES: usize = 100_000;

/// One box: its type, and where it and its content lie in the buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) kind: [u8; 4],
    /// Header and content.
    pub(super) whole: Range<usize>,
    /// What the header is followed by.
    pub(super) content: Range<usize>,
}

/// Total size and header size of a box; `rest` is what a size of zero ("to the end") means.
pub(super) fn box_size(head: &[u8], rest: u64) -> Option<(u64, usize)> {
    let size = u64::from(be32(head, 0)?);
    head.get(4..8)?;
    let (size, header) = match size {
        0 => (rest, 8),
        1 => (be64(head, 8)?, 16),
        n => (n, 8),
    };
    (size >= header as u64).then_some((size, header))
}

pub(super) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

pub(super) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

pub(super) fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

/// The boxes that follow one another in a stretch of the buffer; one that sticks out of it is cut to it.
pub(super) fn nodes(bytes: &[u8], within: Range<usize>) -> impl Iterator<Item = Node> + '_ {
    let mut at = within.start;
    let end = within.end.min(bytes.len());
    std::iter::from_fn(move || {
        let rest = bytes.get(at..end)?;
        let (size, header) = box_size(rest, rest.len() as u64)?;
        let kind = rest.get(4..8)?.try_into().ok()?;
        let size = usize::try_from(size).ok()?.min(rest.len());
        let whole = at..at + size;
        let content = at + header.min(size)..at + size;
        at += size;
        Some(Node { kind, whole, content })
    })
    .take(MAX_BOXES)
}

/// The first box at the end of a path of types.
pub(super) fn find(bytes: &[u8], within: Range<usize>, path: &[&[u8; 4]]) -> Option<Node> {
    let (kind, rest) = path.split_first()?;
    let node = nodes(bytes, within).find(|node| node.kind == **kind)?;
    if rest.is_empty() { Some(node) } else { find(bytes, node.content, rest) }
}

/// Content of the first box at the end of a path of types.
pub(super) fn content<'a>(bytes: &'a [u8], within: Range<usize>, path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    bytes.get(find(bytes, within, path)?.content)
}
