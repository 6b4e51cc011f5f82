//! MP4 and MOV files (ISO/IEC 14496-12): which track is shown, which part of it, which way up, and how many frames.
//!
//! Players decide this by the track's flags, its edit list and its matrix. Demuxers do as well, each version in another
//! way: so all three are read here, and a demuxer that would go by them gets a [`View`] in which they say nothing.
//! Anything unexpected in the tables declares nothing.

mod boxes;
mod fragments;
mod track;

use super::clip::Clip;
use super::declared::HiddenMedia;
use super::edits::{Edits, Place};
use super::reading::{Reading, Refusal, choose};
use super::view::View;
use boxes::{Node, box_size, find, nodes};
use std::io;
use track::{Orientation, Track, tracks};

/// Largest `moov` box that is read; ten hours at 25 frames a second take about 15 MiB.
const MAX_MOOV_BYTES: u64 = 64 << 20;
/// Most samples whose times are added up to see which of them an edit list presents.
const MAX_TIMED_SAMPLES: u64 = 20_000_000;

/// What lies on the file's top level.
#[derive(Debug, Default)]
struct Layout {
    /// Where the `moov` box begins, and all of it.
    moov: Option<(u64, Vec<u8>)>,
    /// How many there are.
    moovs: usize,
    /// Where the last box says that the file ends, where that is beyond its end.
    bytes: Option<u64>,
    /// It is an MP4 and holds no table of its frames: a recorder writes that last.
    unfinished: bool,
    /// Where each fragment's table lies.
    fragments: Vec<(u64, u64)>,
}

/// Reads what the file shows.
pub(super) fn read(clip: &Clip) -> io::Result<Reading> {
    let layout = layout(clip)?;
    let mut reading = Reading::default();
    reading.declared.bytes = layout.bytes;
    reading.declared.unfinished = layout.unfinished;
    let Some((at, moov)) = &layout.moov else { return Ok(reading) };
    let Some(content) = nodes(moov, 0..moov.len()).next().map(|node| node.content) else {
        return Ok(reading);
    };
    let fragmented = find(moov, content.clone(), &[b"mvex"]).is_some();
    let tracks = tracks(moov, content);
    let chosen = match choose(&tracks.iter().map(|track| track.facts).collect::<Vec<_>>(), clip.track()) {
        Ok(Some(chosen)) => &tracks[chosen],
        Ok(None) => return Ok(reading),
        Err(refusal) => return Ok(Reading { refusal: Some(refusal), ..reading }),
    };
    if tracks.len() > 1 {
        reading.declared.track = Some(chosen.facts.number);
    }
    if layout.moovs > 1 && !fragmented || fragments::begin_anew(clip, &layout.fragments, chosen.id)? {
        return Ok(Reading { refusal: Some(Refusal::Joined), ..reading });
    }
    let mut ours = moov.clone();
    for other in tracks.iter().filter(|track| track.facts.number != chosen.facts.number) {
        set_free(&mut ours, &other.trak);
    }
    match chosen.orientation() {
        Orientation::Upright => {}
        Orientation::Turned(turn) => {
            chosen.set_upright(&mut ours);
            reading.turn = Some(turn);
        }
        Orientation::Askew => {
            chosen.set_upright(&mut ours);
            reading.declared.matrix_ignored = true;
        }
    }
    if !fragmented {
        reading.declared.frames = Some(chosen.samples);
        let list = chosen.edits(moov);
        reading.declared.edited = !list.is_empty();
        if !list.is_empty() && chosen.samples.saturating_mul(list.len() as u64) <= MAX_TIMED_SAMPLES {
            match Edits::new(&list, chosen.media_scale, chosen.movie_scale) {
                Ok(edits) => follow(&mut reading, moov, &mut ours, chosen, edits),
                Err(unheard) => reading.refusal = Some(Refusal::Edits(unheard)),
            }
        }
    }
    if ours != *moov {
        let mut view = View::default();
        view.file(0..*at);
        view.ours(ours);
        view.file(at + moov.len() as u64..clip.len());
        reading.view = Some(view);
    }
    Ok(reading)
}

/// Counts what the edit list shows. Where it hides anything, or shows several stretches, it is followed here and no
/// longer by the demuxer.
fn follow(reading: &mut Reading, moov: &[u8], ours: &mut [u8], track: &Track, edits: Edits) {
    let mut presented = 0;
    let mut hidden = HiddenMedia::default();
    let (mut first_ns, mut earliest_ns, mut lasts_ns) = (None, i64::MAX, 0);
    for (media_ns, duration_ns) in track.times(moov) {
        first_ns.get_or_insert(media_ns);
        earliest_ns = earliest_ns.min(media_ns);
        lasts_ns = lasts_ns.max(media_ns.saturating_add_unsigned(duration_ns));
        match edits.place(media_ns, duration_ns) {
            Place::Shown(_) => presented += 1,
            Place::Hidden | Place::Over => {
                hidden.frames += 1;
                hidden.secs += duration_ns as f64 / 1e9;
            }
        }
    }
    reading.declared.frames = Some(presented);
    // A list that begins within the first picture hides a part of it.
    if hidden.frames == 0 && !edits.are_several() && earliest_ns >= edits.begin_ns() {
        return;
    }
    reading.declared.hidden = (hidden.frames > 0).then_some(hidden);
    reading.declared.edited = false;
    if let Some(node) = &track.edit_box {
        set_free(ours, node);
    }
    // A demuxer may end the clip by how long the movie is said to last, which the edit list made shorter.
    track.set_duration(ours, lasts_ns);
    reading.edits = first_ns.map(|first_ns| (edits, first_ns));
}

/// Makes a box one that nobody reads.
fn set_free(moov: &mut [u8], node: &Node) {
    if let Some(kind) = moov.get_mut(node.whole.start + 4..node.whole.start + 8) {
        kind.copy_from_slice(b"free");
    }
}

/// Walks the top-level boxes.
fn layout(clip: &Clip) -> io::Result<Layout> {
    let mut layout = Layout::default();
    let mut offset = 0u64;
    // Frames are found through `moov`, or through `moof` in a fragmented file; a recorder writes `moov` last.
    let (mut is_mp4, mut has_table) = (false, false);
    for _ in 0..boxes::MAX_BOXES {
        let mut head = [0; 16];
        let n = clip.read_at(offset, &mut head)?;
        let Some((size, _)) = box_size(&head[..n], clip.len() - offset.min(clip.len())) else { break };
        let end = offset.saturating_add(size);
        if end > clip.len() {
            layout.bytes = Some(end);
        }
        let kind = &head[4..8];
        is_mp4 |= matches!(kind, b"ftyp" | b"mdat");
        has_table |= matches!(kind, b"moov" | b"moof");
        if kind == b"moof" {
            layout.fragments.push((offset, size.min(clip.len() - offset)));
        }
        if kind == b"moov" {
            layout.moovs += 1;
            let len = size.min(clip.len() - offset);
            if layout.moov.is_none() && len <= MAX_MOOV_BYTES {
                let mut moov = vec![0; usize::try_from(len).unwrap_or(0)];
                let n = clip.read_at(offset, &mut moov)?;
                moov.truncate(n);
                layout.moov = Some((offset, moov));
            }
        }
        if end >= clip.len() {
            break;
        }
        offset = end;
    }
    layout.unfinished = is_mp4 && !has_table;
    Ok(layout)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::source::reading::Turn;
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

    /// What a track of 40 ms samples on a media clock of 1000 says of itself.
    struct Says {
        samples: u32,
        edits: Vec<(u32, i32)>,
        matrix: [i32; 4],
        flags: u32,
        width: u32,
    }

    impl Default for Says {
        fn default() -> Self {
            Self { samples: 25, edits: vec![], matrix: [1 << 16, 0, 0, 1 << 16], flags: 7, width: 640 }
        }
    }

    impl Says {
        fn trak(&self) -> Vec<u8> {
            let [a, b, c, d] = self.matrix.map(|n| n as u32);
            let matrix = [a, b, 0, c, d, 0, 0, 0, 1 << 30];
            let tkhd = make_box(
                b"tkhd",
                &words(&[&[self.flags, 0, 0, 1, 0, 0, 0, 0, 0, 0], matrix.as_slice(), &[0, 0]].concat()),
            );
            let hdlr = make_box(b"hdlr", &[words(&[0, 0]), b"vide".to_vec()].concat());
            let sizes = [words(&[0; 6]), words(&[self.width << 16 | 480])].concat();
            let entry = make_box(b"avc1", &sizes);
            let stbl = [
                make_box(b"stsd", &[words(&[0, 1]), entry].concat()),
                make_box(b"stsz", &words(&[0, 0, self.samples])),
                make_box(b"stts", &words(&[0, 1, self.samples, 40])),
            ];
            let mdhd = make_box(b"mdhd", &words(&[0, 0, 0, 1000, self.samples.saturating_mul(40)]));
            let minf = make_box(b"minf", &make_box(b"stbl", &stbl.concat()));
            let mdia = make_box(b"mdia", &[mdhd, hdlr, minf].concat());
            let list: Vec<u32> =
                self.edits.iter().flat_map(|(duration, start)| [*duration, *start as u32, 1 << 16]).collect();
            let elst = words(&[vec![0, self.edits.len() as u32], list].concat());
            let edts = match self.edits[..] {
                [] => vec![],
                _ => make_box(b"edts", &make_box(b"elst", &elst)),
            };
            make_box(b"trak", &[tkhd, edts, mdia].concat())
        }

        fn file(&self) -> Vec<u8> {
            file(&[self.trak()])
        }
    }

    fn file(parts: &[Vec<u8>]) -> Vec<u8> {
        let mvhd = make_box(b"mvhd", &words(&[0, 0, 0, 1000, 0]));
        let moov = make_box(b"moov", &[mvhd, parts.concat()].concat());
        [make_box(b"ftyp", b"isom\0\0\0\0"), moov, make_box(b"mdat", b"pictures")].concat()
    }

    fn with_clip<T>(bytes: &[u8], look: impl FnOnce(&Clip) -> T) -> T {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("clip.mp4");
        std::fs::write(&path, bytes).expect("written");
        look(&Clip::open(&path).expect("a clip"))
    }

    fn reading(bytes: &[u8]) -> Reading {
        with_clip(bytes, |clip| read(clip).expect("read"))
    }

    fn edited(edits: &[(u32, i32)]) -> Reading {
        reading(&Says { edits: edits.to_vec(), ..Says::default() }.file())
    }

    /// All that a demuxer gets to read in place of these bytes.
    fn viewed(bytes: &[u8]) -> Option<Vec<u8>> {
        with_clip(bytes, |clip| {
            let view = read(clip).expect("read").view?;
            let mut buf = vec![0; bytes.len() + 1];
            let len = view.read_at(clip, 0, &mut buf).expect("read");
            buf.truncate(len);
            Some(buf)
        })
    }

    #[test]
    fn samples_are_counted_as_presented() {
        let frames = |reading: Reading| reading.declared.frames;
        assert_eq!(frames(edited(&[])), Some(25));
        assert_eq!(frames(edited(&[(1000, 0)])), Some(25));
        assert_eq!(frames(edited(&[(400, 200)])), Some(10));
        assert_eq!(frames(edited(&[(0, 0)])), Some(25));
        assert_eq!(frames(edited(&[(500, -1), (80, 0), (80, 400)])), Some(4));
        assert_eq!(frames(reading(&file(&[Says::default().trak(), make_box(b"mvex", &[])]))), None);
        let many = Says { samples: 4_000_000_000, ..Says::default() };
        assert_eq!(frames(reading(&many.file())), Some(4_000_000_000));
    }

    #[test]
    fn a_list_that_hides_is_taken_from_the_demuxer() {
        let bytes = Says { edits: vec![(400, 200)], ..Says::default() }.file();
        let reading = reading(&bytes);
        assert_eq!(reading.declared.hidden, Some(HiddenMedia { frames: 15, secs: 0.6 }));
        assert!(reading.edits.is_some_and(|(_, first_ns)| first_ns == 0) && !reading.declared.edited);
        let view = viewed(&bytes).expect("a view");
        let differing: Vec<usize> = (0..bytes.len()).filter(|&i| bytes[i] != view[i]).collect();
        assert_eq!(view.len(), bytes.len());
        let at = bytes.windows(4).position(|w| w == b"edts").expect("an edit list");
        assert!(differing.contains(&at));
        assert_eq!((&bytes[at..at + 4], &view[at..at + 4]), (b"edts".as_slice(), b"free".as_slice()));
        // Besides it the durations of movie and track, which the list made shorter.
        assert!(differing.iter().filter(|i| !(at..at + 4).contains(*i)).count() <= 8);
        for shows_all in [vec![], vec![(1000, 0)], vec![(300, -1), (1000, 0)]] {
            assert_eq!(viewed(&Says { edits: shows_all, ..Says::default() }.file()), None);
        }
    }

    #[test]
    fn only_plain_turns_and_flips_are_applied() {
        const ONE: i32 = 1 << 16;
        let read = |matrix| {
            let reading = reading(&Says { matrix, ..Says::default() }.file());
            (reading.turn, reading.declared.matrix_ignored)
        };
        assert_eq!(read([0, ONE, -ONE, 0]), (Some(Turn::Clockwise), false));
        assert_eq!(read([-ONE, 0, 0, -ONE]), (Some(Turn::HalfWay), false));
        assert_eq!(read([ONE - 1, 3, -3, ONE + 1]), (None, false), "a writer's rounding");
        for odd in [[ONE * 3 / 2, 0, 0, ONE], [ONE, 0, 0, ONE / 2], [46_341, 46_341, -46_341, 46_341], [0; 4]]
        {
            assert_eq!(read(odd), (None, true), "{odd:?}");
            let view = viewed(&Says { matrix: odd, ..Says::default() }.file()).expect("a view");
            assert!(view == Says::default().file(), "the rest stays as it is");
        }
    }

    #[test]
    fn of_several_tracks_the_demuxer_sees_the_one_that_is_shown() {
        let preview = Says { samples: 3, width: 160, ..Says::default() }.trak();
        let bytes = file(&[preview, Says::default().trak()]);
        let seen = reading(&bytes).declared;
        assert_eq!((seen.track, seen.frames), (Some(2), Some(25)));
        let view = viewed(&bytes).expect("a view");
        let left = |bytes: &[u8]| bytes.windows(4).filter(|w| w == b"trak").count();
        assert_eq!((left(&bytes), left(&view)), (2, 1));
        let alike = file(&[Says::default().trak(), Says::default().trak()]);
        assert!(matches!(reading(&alike).refusal, Some(Refusal::WhichTrack(tracks)) if tracks.len() == 2));
    }

    #[test]
    fn files_joined_end_to_end_are_refused() {
        let one = Says::default().file();
        let refusal = |bytes: &[u8]| reading(bytes).refusal;
        assert_eq!(refusal(&[one.clone(), one.clone()].concat()), Some(Refusal::Joined));
        let fragment = |time: u32| {
            let tfhd = make_box(b"tfhd", &words(&[0, 1]));
            let tfdt = make_box(b"tfdt", &words(&[0, time]));
            make_box(b"moof", &make_box(b"traf", &[tfhd, tfdt].concat()))
        };
        let begin = file(&[Says { samples: 0, ..Says::default() }.trak(), make_box(b"mvex", &[])]);
        let all = |parts: &[&[u8]]| parts.concat();
        let (first, second) = (fragment(0), fragment(1000));
        assert_eq!(refusal(&all(&[&begin, &first, &second])), None);
        assert_eq!(refusal(&all(&[&begin, &first, &begin, &second])), None, "a header said twice");
        assert_eq!(refusal(&all(&[&begin, &first, &second, &begin, &first])), Some(Refusal::Joined));
        assert_eq!(refusal(&all(&[&begin, &second, &first])), Some(Refusal::Joined));
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 1..400)) {
            let _ = reading(&[make_box(b"ftyp", b""), make_box(b"moov", &bytes)].concat());
        }

        #[test]
        fn a_flipped_table_never_panics(at in 0usize..600, value in any::<u8>()) {
            let mut bytes = Says { edits: vec![(900, 40)], ..Says::default() }.file();
            let len = bytes.len();
            bytes[at % len] = value;
            let _ = reading(&bytes);
        }
    }
}
