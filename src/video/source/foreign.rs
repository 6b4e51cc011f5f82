//! Files that hold no video anybody can decode: what they are, and how one gets an mp4 instead.
//!
//! By their first bytes where these are known: such a file is refused before a decoder sees it. By the name's
//! extension only where nothing could be decoded: names lie, above all those that recorders give.

use std::path::Path;

/// A kind of file, and the sentence that its owner is told.
struct Foreign {
    /// First bytes, any of these.
    magics: &'static [&'static [u8]],
    /// Extensions, lower case.
    extensions: &'static [&'static str],
    sentence: &'static str,
}

/// Recorders' own formats, as found on the files that recorders of these makers write.
const RECORDERS: &[Foreign] = &[
    Foreign {
        magics: &[b"DHAV", b"DHII", b"DAHUA"],
        extensions: &["dav"],
        sentence: "this is a recording in Dahua's own format (.dav), which only Dahua's programs read; in the \
                   recorder's backup menu choose MP4 as the file format instead of DAV, or export it as mp4 from \
                   SmartPlayer",
    },
    Foreign {
        magics: &[b"IMKH", b"4HKH", b"HKMI", b"HKM4"],
        extensions: &[],
        sentence: "this is a recording in Hikvision's own format, which only Hikvision's programs read; export it \
                   from the recorder or from iVMS-4200 as mp4, or convert it to mp4 with VSPlayer",
    },
    Foreign {
        magics: &[b"HXVS", b"HXVF", b"HXVT", b"HXAF"],
        extensions: &["hx", "264"],
        sentence: "this is a recording in the own format of XMEye and similar recorders; in the recorder's backup \
                   menu choose mp4 or avi as the file format, or export it as mp4 from its player",
    },
    Foreign {
        magics: &[],
        extensions: &[
            "arv", "ave", "bvr", "dvr", "g64", "g64x", "gbf", "ifv", "irf", "lvf", "nvr", "pqz", "psf",
            "sef", "ssf", "vse",
        ],
        sentence: "this is a recording in a recorder's own format, which only its maker's player reads; open it in \
                   that player and export it as mp4 or avi, or export it from the recorder as mp4",
    },
    Foreign {
        magics: &[b"MZ"],
        extensions: &["exe"],
        sentence: "this is a Windows program, often a player with the recording inside; start it on a Windows \
                   computer and export the clip from it as mp4 or avi, or export it from the recorder as mp4",
    },
];

/// Files that are no recordings at all.
const OTHERS: &[Foreign] = &[
    Foreign {
        magics: &[
            b"#EXTM3U",
            b"[playlist]",
            b"[Reference]",
            b"<smil",
            b"<asx",
            b"<ASX",
            b"v=0\r\n",
            b"v=0\n",
        ],
        extensions: &["m3u", "m3u8", "pls", "mpd", "sdp"],
        sentence: "this is a list of clips and not a clip; give the clips themselves",
    },
    Foreign {
        magics: &[b"PK\x03\x04", b"7z\xbc\xaf\x27\x1c", b"Rar!", b"\x1f\x8b"],
        extensions: &["zip", "7z", "rar", "gz"],
        sentence: "this is an archive of other files; unpack it and give the clips in it",
    },
    Foreign {
        magics: &[b"%PDF"],
        extensions: &["pdf"],
        sentence: "this is a PDF document and not a clip; export the clip as mp4 from the recorder",
    },
];

/// Length of the header that Hikvision's recorders put before an MPEG program stream, bytes.
const IMKH_HEADER_BYTES: u64 = 40;
/// Start code of a program stream's pack header (ISO/IEC 13818-1, 2.5.3.4).
const PACK: [u8; 4] = [0, 0, 1, 0xba];
/// How much of a file [`Head::of`] wants to see, bytes.
pub(super) const HEAD_BYTES: usize = 64;

/// What a file's first bytes say of how it is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// Bytes before the first that a demuxer knows what to do with.
    pub(super) skip: u64,
    /// An MPEG program stream. Its demuxer loses pictures when it pulls the file by itself (GStreamer 1.22: 12
    /// of 30 came out), and loses none when it is pushed.
    pub(super) program_stream: bool,
}

impl Head {
    /// Reads up to [`HEAD_BYTES`] of a file's beginning.
    ///
    /// # Errors
    /// The sentence for a file that is known not to be decodable.
    pub(super) fn of(head: &[u8]) -> Result<Self, &'static str> {
        let pack_at = |at: usize| head.get(at..).is_some_and(|rest| rest.starts_with(&PACK));
        if pack_at(0) {
            return Ok(Self { skip: 0, program_stream: true });
        }
        if head.starts_with(b"IMKH") && pack_at(IMKH_HEADER_BYTES as usize) {
            return Ok(Self { skip: IMKH_HEADER_BYTES, program_stream: true });
        }
        let known = RECORDERS.iter().chain(OTHERS);
        match known.into_iter().find(|kind| kind.magics.iter().any(|magic| head.starts_with(magic))) {
            Some(kind) => Err(kind.sentence),
            None => Ok(Self { skip: 0, program_stream: false }),
        }
    }
}

/// The sentence for a file in which no video was found, by its name.
pub(super) fn by_name(path: &Path) -> Option<&'static str> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    let known = RECORDERS.iter().chain(OTHERS);
    known.into_iter().find(|kind| kind.extensions.contains(&extension.as_str())).map(|kind| kind.sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_formats_are_known_by_their_first_bytes() {
        for (head, word) in [
            (b"DHAV\xfd\0\0\0".as_slice(), "Dahua"),
            (b"IMKH\x01\x02", "Hikvision"),
            (b"HXVS\0\0", "XMEye"),
            (b"MZ\x90\0", "Windows program"),
            (b"#EXTM3U\n", "list of clips"),
            (b"%PDF-1.4", "PDF"),
            (b"PK\x03\x04\x14", "archive"),
        ] {
            let sentence = Head::of(head).expect_err("closed");
            assert!(sentence.contains(word), "{sentence}");
        }
        assert!(Head::of(b"\0\0\0\x20ftypisom").is_ok());
        assert!(Head::of(b"").is_ok());
    }

    #[test]
    fn a_program_stream_is_found_behind_hikvisions_header() {
        let mut head = b"IMKH".to_vec();
        head.resize(40, 7);
        head.extend(PACK);
        assert_eq!(Head::of(&head), Ok(Head { skip: 40, program_stream: true }));
        assert_eq!(Head::of(&PACK), Ok(Head { skip: 0, program_stream: true }));
        assert!(Head::of(&head[..43]).is_err(), "the pack header is not whole");
    }

    #[test]
    fn names_count_only_by_their_extension() {
        assert!(by_name(Path::new("a/CH01.DAV")).is_some_and(|s| s.contains("Dahua")));
        assert!(by_name(Path::new("dav")).is_none());
        assert!(by_name(Path::new("clip.mp4")).is_none());
    }
}
