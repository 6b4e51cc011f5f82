//! A clip as a demuxer is to read it: the opened file, with some stretches of it replaced by bytes of ours.
//!
//! What a clip shows is decided by our own reading of its tables, not by the demuxer's version. Where the two would
//! differ the demuxer gets other tables: it reads a [`View`], through an `appsrc` that it pulls from, in place of the
//! file. Nothing is copied but those tables, and nothing is written anywhere.

use super::clip::Clip;
use gst::prelude::*;
use gstreamer as gst;
use gstreamer_app as gst_app;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Largest block that is read at once where the demuxer does not say how much it wants, bytes.
const BLOCK_BYTES: u32 = 64 << 10;

/// A stretch of a view.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// These bytes of the file.
    File(Range<u64>),
    /// Bytes of ours.
    Ours(Vec<u8>),
}

impl Piece {
    fn len(&self) -> u64 {
        match self {
            Self::File(range) => range.end - range.start,
            Self::Ours(bytes) => bytes.len() as u64,
        }
    }
}

/// Stretches of the opened file and bytes of ours, one after another; reads like a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct View {
    /// Each with the place in the view at which it begins, ascending.
    pieces: Vec<(u64, Piece)>,
    len: u64,
}

impl View {
    /// Adds these bytes of the file.
    pub(super) fn file(&mut self, range: Range<u64>) {
        self.add(Piece::File(range.start..range.end.max(range.start)));
    }

    /// Adds bytes of ours.
    pub(super) fn ours(&mut self, bytes: Vec<u8>) {
        self.add(Piece::Ours(bytes));
    }

    fn add(&mut self, piece: Piece) {
        let at = self.len;
        self.len += piece.len();
        if piece.len() > 0 {
            self.pieces.push((at, piece));
        }
    }

    /// Size in bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Reads up to `buf.len()` bytes at `offset`; fewer only at the end, or where the file is shorter than it was.
    pub(super) fn read_at(&self, clip: &Clip, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        let first = self.pieces.partition_point(|(at, piece)| at + piece.len() <= offset);
        for (at, piece) in &self.pieces[first..] {
            let within = (offset + done as u64).saturating_sub(*at);
            let here = usize::try_from(piece.len() - within).unwrap_or(usize::MAX).min(buf.len() - done);
            let into = &mut buf[done..done + here];
            let read = match piece {
                Piece::File(range) => clip.read_at(range.start + within, into)?,
                Piece::Ours(bytes) => {
                    let from = within as usize;
                    into.copy_from_slice(&bytes[from..from + here]);
                    here
                }
            };
            done += read;
            if read < here || done == buf.len() {
                break;
            }
        }
        Ok(done)
    }
}

/// A source element from which a demuxer pulls `view`.
///
/// # Errors
/// The element is missing, in words.
pub(super) fn source(clip: &Clip, view: View) -> Result<gst::Element, String> {
    let clip = clip.again().map_err(|e| format!("it cannot be read: {e}"))?;
    let source = gst_app::AppSrc::builder()
        .format(gst::Format::Bytes)
        .stream_type(gst_app::AppStreamType::RandomAccess)
        .build();
    source.set_size(i64::try_from(view.len()).unwrap_or(i64::MAX));
    let place = Arc::new(AtomicU64::new(0));
    let sought = Arc::clone(&place);
    source.set_callbacks(
        gst_app::AppSrcCallbacks::builder()
            .seek_data(move |_, offset| {
                sought.store(offset, Ordering::Release);
                true
            })
            .need_data(move |source, wanted| push(source, &clip, &view, &place, wanted))
            .build(),
    );
    Ok(source.upcast())
}

/// Hands over the next bytes. Whoever pulls takes fewer than it asked for as the file's end, so it gets all of them.
fn push(source: &gst_app::AppSrc, clip: &Clip, view: &View, place: &AtomicU64, wanted: u32) {
    let wanted = if wanted == u32::MAX { BLOCK_BYTES } else { wanted };
    let offset = place.load(Ordering::Acquire);
    let left = usize::try_from(view.len().saturating_sub(offset)).unwrap_or(usize::MAX);
    let mut block = vec![0; left.min(wanted as usize)];
    match view.read_at(clip, offset, &mut block) {
        Ok(0) => {
            // Fails where it is being stopped, which needs no end.
            let _ = source.end_of_stream();
        }
        Ok(read) => {
            block.truncate(read);
            place.store(offset + read as u64, Ordering::Release);
            let mut buffer = gst::Buffer::from_mut_slice(block);
            if let Some(buffer) = buffer.get_mut() {
                buffer.set_offset(offset);
            }
            // Fails where it is being stopped.
            let _ = source.push_buffer(buffer);
        }
        Err(e) => {
            gst::element_error!(source, gst::ResourceError::Read, ["{e}"]);
            let _ = source.end_of_stream();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clip_of(bytes: &[u8]) -> (tempfile::TempDir, Clip) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("clip");
        std::fs::write(&path, bytes).expect("written");
        let clip = Clip::open(&path).expect("a clip");
        (folder, clip)
    }

    #[test]
    fn pieces_read_as_one() {
        let (_folder, clip) = clip_of(b"0123456789");
        let mut view = View::default();
        view.file(0..3);
        view.ours(b"abc".to_vec());
        view.ours(Vec::new());
        view.file(6..10);
        assert_eq!(view.len(), 10);
        let mut buf = [0; 32];
        assert_eq!(view.read_at(&clip, 0, &mut buf).expect("read"), 10);
        assert_eq!(&buf[..10], b"012abc6789");
        assert_eq!(view.read_at(&clip, 4, &mut buf[..4]).expect("read"), 4);
        assert_eq!(&buf[..4], b"bc67");
        assert_eq!(view.read_at(&clip, 10, &mut buf).expect("read"), 0);
    }

    /// All that comes out of an element, and what ended it.
    fn pulled(source: gst::Element) -> Vec<u8> {
        let pipeline = gst::Pipeline::new();
        let sink = gst_app::AppSink::builder().sync(false).build();
        // Something that pulls, as demuxers do.
        let typefind = gst::ElementFactory::make("typefind").build().expect("typefind");
        let elements = [&source, &typefind, sink.upcast_ref()];
        pipeline.add_many(elements).expect("added");
        gst::Element::link_many(elements).expect("linked");
        pipeline.set_state(gst::State::Playing).expect("starts");
        let mut all = Vec::new();
        while let Ok(sample) = sink.pull_sample() {
            let buffer = sample.buffer().expect("a buffer");
            all.extend_from_slice(&buffer.map_readable().expect("readable"));
        }
        pipeline.set_state(gst::State::Null).expect("stops");
        all
    }

    #[test]
    fn an_element_reads_a_view_like_a_file() {
        super::super::init_media().expect("GStreamer");
        // What typefind takes for text is let through as it is.
        let text: Vec<u8> = (0..300_000u32).flat_map(|i| format!("{i} ").into_bytes()).collect();
        let (_folder, clip) = clip_of(&text);
        let mut view = View::default();
        view.file(0..1000);
        view.ours(vec![b'x'; 5000]);
        view.file(6000..text.len() as u64);
        let seen = pulled(source(&clip, view).expect("an element"));
        let mut wanted = text;
        wanted[1000..6000].fill(b'x');
        assert!(seen == wanted, "{} bytes of {}", seen.len(), wanted.len());
    }

    proptest! {
        #[test]
        fn any_cut_of_a_view_reads_the_same(
            pieces in proptest::collection::vec((0u64..40, 0u64..20, any::<bool>()), 0..8),
            offset in 0u64..100,
            len in 0usize..100,
        ) {
            let bytes: Vec<u8> = (0..64).collect();
            let (_folder, clip) = clip_of(&bytes);
            let (mut view, mut whole) = (View::default(), Vec::<u8>::new());
            for (from, len, ours) in pieces {
                let part = bytes[from as usize..(from + len) as usize].to_vec();
                whole.extend(&part);
                if ours { view.ours(part) } else { view.file(from..from + len) }
            }
            let mut buf = vec![0; len];
            let read = view.read_at(&clip, offset, &mut buf).expect("read");
            let rest = whole.split_off(whole.len().min(offset as usize));
            prop_assert_eq!(&buf[..read], &rest[..rest.len().min(len)]);
        }
    }
}
