//! Which coded pictures make a decoder clean: what is decoded from there on no longer depends on anything before.
//!
//! The parsers clear `DELTA_UNIT` on more than that: h264parse also on any recovery point, and with intra refresh
//! the picture at such a point is made good only over the many pictures that follow; and on I slices, behind which
//! pictures may still be predicted from older ones. So H.264 and H.265 are read here, as far as the types of their
//! units. Whatever cannot be read is no keyframe: that covers too much, never too little.

use gstreamer as gst;

/// How units lie in a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// Each behind its length, of so many bytes (1 to 4; ISO/IEC 14496-15).
    Lengths(usize),
    /// Each behind a start code (H.264 and H.265, annex B).
    StartCodes,
}

/// What a decoder is fed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    /// `None` where the caps do not say how its units lie: then there is no keyframe.
    H264(Option<Framing>),
    /// The same.
    H265(Option<Framing>),
    /// Any other: its parser's or demuxer's flag is taken at its word.
    Other,
}

impl Codec {
    /// Reads a decoder's sink caps.
    pub(super) fn of(caps: &gst::CapsRef) -> Self {
        let Some(structure) = caps.structure(0) else { return Self::Other };
        let h264 = match structure.name().as_str() {
            "video/x-h264" => true,
            "video/x-h265" => false,
            _ => return Self::Other,
        };
        let format = structure.get::<&str>("stream-format").unwrap_or_default();
        let framing = match format {
            "byte-stream" => Some(Framing::StartCodes),
            "avc" | "avc3" | "hvc1" | "hev1" => structure
                .get::<gst::Buffer>("codec_data")
                .ok()
                .and_then(|data| data.map_readable().ok().and_then(|data| length_size(h264, &data)))
                .map(Framing::Lengths),
            _ => None,
        };
        if h264 { Self::H264(framing) } else { Self::H265(framing) }
    }
}

/// Bytes of a unit's length, by the decoder's configuration record (ISO/IEC 14496-15: avcC and hvcC).
fn length_size(h264: bool, record: &[u8]) -> Option<usize> {
    let at = if h264 { 4 } else { 21 };
    record.get(at).map(|byte| usize::from(byte & 3) + 1)
}

/// Whether everything from this packet on can be decoded without anything before it, in the order of showing.
///
/// * H.264 (ITU-T H.264, 7.4.1.2.4 and D.1.8): the packet holds a slice of an IDR picture, or a recovery point
///   without any pictures to wait for.
/// * H.265 (ITU-T H.265, table 7-1): it holds a slice of an intra random access point.
/// * Others: true; ask the flag.
pub(super) fn cleans(codec: &Codec, packet: &[u8]) -> bool {
    match *codec {
        Codec::H264(Some(framing)) => any_unit(packet, framing, |unit| match unit[0] & 0x1f {
            5 => true,
            6 => recovers_at_once(&unit[1..]),
            _ => false,
        }),
        Codec::H265(Some(framing)) => {
            any_unit(packet, framing, |unit| matches!(unit[0] >> 1 & 0x3f, 16..=23))
        }
        Codec::H264(None) | Codec::H265(None) => false,
        Codec::Other => true,
    }
}

/// Whether `is` holds for any unit; it gets none that is empty or has its forbidden bit set. False also where the
/// lengths do not add up to the packet's.
fn any_unit(packet: &[u8], framing: Framing, is: impl Fn(&[u8]) -> bool) -> bool {
    let is = |unit: &[u8]| unit.first().is_some_and(|head| head & 0x80 == 0) && is(unit);
    match framing {
        Framing::Lengths(size) => {
            let mut rest = packet;
            let mut found = false;
            while !rest.is_empty() {
                let Some((length, behind)) = rest.split_at_checked(size) else { return false };
                let length = length.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
                let Ok(length) = usize::try_from(length) else { return false };
                let Some((unit, behind)) = behind.split_at_checked(length) else { return false };
                found |= is(unit);
                rest = behind;
            }
            found
        }
        Framing::StartCodes => {
            let mut starts = Vec::new();
            let mut at = 0;
            while let Some(code) = packet.get(at..at + 3) {
                if code == [0, 0, 1] {
                    starts.push(at + 3);
                    at += 3;
                } else {
                    at += 1;
                }
            }
            let ends = starts.iter().skip(1).map(|next| next - 3).chain([packet.len()]);
            starts.iter().zip(ends).any(|(&start, end)| is(&packet[start..end]))
        }
    }
}

/// Whether supplemental information, the unit's header taken off, names a recovery point of which
/// `recovery_frame_cnt` is 0.
fn recovers_at_once(payload: &[u8]) -> bool {
    const RECOVERY_POINT: u64 = 6;
    let bytes = unescaped(payload);
    let mut rest = bytes.as_slice();
    // The last byte is the trailing bits, or zeros behind them.
    while rest.len() > 2 {
        let Some((kind, behind)) = sum_of_ff(rest) else { return false };
        let Some((length, behind)) = sum_of_ff(behind) else { return false };
        let Some((message, behind)) =
            usize::try_from(length).ok().and_then(|length| behind.split_at_checked(length))
        else {
            return false;
        };
        if kind == RECOVERY_POINT {
            // ue(v) of 0 is a single 1 bit.
            return message.first().is_some_and(|byte| byte & 0x80 != 0);
        }
        rest = behind;
    }
    false
}

/// A number written as any count of 255s and one smaller byte (ITU-T H.264, 7.3.2.3.1), and what follows it.
fn sum_of_ff(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let full = bytes.iter().take_while(|byte| **byte == 0xff).count();
    let last = bytes.get(full)?;
    Some((full as u64 * 255 + u64::from(*last), &bytes[full + 1..]))
}

/// Takes out the 3 of every 0 0 3, which is only there to break up start codes (ITU-T H.264, 7.4.1).
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    let mut zeros = 0;
    for &byte in bytes {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        plain.push(byte);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FRAMINGS: [Framing; 5] = [
        Framing::Lengths(1),
        Framing::Lengths(2),
        Framing::Lengths(3),
        Framing::Lengths(4),
        Framing::StartCodes,
    ];

    fn packed(framing: Framing, units: &[&[u8]]) -> Vec<u8> {
        let mut packet = Vec::new();
        for unit in units {
            match framing {
                Framing::Lengths(size) => {
                    packet.extend_from_slice(&(unit.len() as u32).to_be_bytes()[4 - size..]);
                }
                Framing::StartCodes => packet.extend_from_slice(&[0, 0, 0, 1]),
            }
            packet.extend_from_slice(unit);
        }
        packet
    }

    fn check(codec: fn(Option<Framing>) -> Codec, units: &[&[u8]], expect: bool) {
        for framing in FRAMINGS {
            let packet = packed(framing, units);
            assert_eq!(cleans(&codec(Some(framing)), &packet), expect, "{framing:?} {units:x?}");
            assert!(!cleans(&codec(None), &packet), "unknown framing");
            assert!(cleans(&Codec::Other, &packet), "other codecs have only their flag");
        }
    }

    const DELIMITER: &[u8] = &[9, 0xf0];
    const INTRA_SLICE: &[u8] = &[0x61, 0x88, 0x84, 0x21];
    const IDR: &[u8] = &[0x65, 0x88, 0x84, 0x21];

    #[test]
    fn an_idr_slice_cleans() {
        check(Codec::H264, &[DELIMITER, &[0x67, 1, 2], &[0x68, 3], IDR], true);
        check(Codec::H264, &[DELIMITER, &[0x67, 1, 2], &[0x68, 3], INTRA_SLICE], false);
        check(Codec::H264, &[&[0x80 | 0x65, 0x88]], false);
        check(Codec::H264, &[], false);
    }

    #[test]
    fn a_recovery_point_cleans_only_at_once() {
        // recovery_frame_cnt 0, exact_match 1, broken_link 0, group 0.
        check(Codec::H264, &[DELIMITER, &[6, 6, 1, 0xc4, 0x80], INTRA_SLICE], true);
        // Count 1 (010) and, as x264 writes it for intra refresh, 39 (00000101000).
        check(Codec::H264, &[&[6, 6, 1, 0x4c, 0x80], INTRA_SLICE], false);
        check(Codec::H264, &[&[6, 6, 2, 0x05, 0x12, 0x80], INTRA_SLICE], false);
        // Behind another message; behind one of 258 bytes; behind an escaped one.
        check(Codec::H264, &[&[6, 1, 2, 7, 7, 6, 1, 0xc4, 0x80]], true);
        check(Codec::H264, &[&[6, 1, 3, 0, 0, 3, 1, 6, 1, 0xc4, 0x80]], true);
        // A message of another kind with the same bytes in it, and one that is cut off.
        check(Codec::H264, &[&[6, 5, 3, 6, 1, 0xc4, 0x80]], false);
        check(Codec::H264, &[&[6, 5, 9, 6, 1, 0xc4, 0x80]], false);
        check(Codec::H264, &[&[6, 6, 0, 0x80]], false);
    }

    #[test]
    fn a_long_message_is_stepped_over() {
        let mut unit = vec![6, 5, 0xff, 3];
        unit.extend([0x11; 258]);
        unit.extend([6, 1, 0xc4, 0x80]);
        let framing = Framing::Lengths(4);
        assert!(cleans(&Codec::H264(Some(framing)), &packed(framing, &[&unit])));
    }

    #[test]
    fn every_random_access_point_of_h265_cleans() {
        for kind in 0_u8..64 {
            check(Codec::H265, &[&[kind << 1, 1, 0xaf]], (16..=23).contains(&kind));
        }
    }

    #[test]
    fn lengths_that_do_not_add_up_are_no_keyframe() {
        let codec = Codec::H264(Some(Framing::Lengths(4)));
        let mut packet = packed(Framing::Lengths(4), &[IDR]);
        assert!(cleans(&codec, &packet));
        packet.extend([0, 0, 0, 9, 1]);
        assert!(!cleans(&codec, &packet));
        assert!(!cleans(&codec, &[0xff, 0xff, 0xff, 0xff, 5]));
    }

    #[test]
    fn caps_tell_how_units_lie() {
        gst::init().expect("GStreamer is installed");
        let caps = |name: &str, format: &str, data: Option<Vec<u8>>| {
            let caps = gst::Caps::builder(name).field("stream-format", format);
            let data = data.map(gst::Buffer::from_slice);
            Codec::of(&caps.field_if_some("codec_data", data).build())
        };
        let hvcc = |size: u8| {
            let mut record = vec![0; 23];
            record[21] = 0xf0 | (size - 1);
            Some(record)
        };
        let avcc = |size: u8| Some(vec![1, 0x64, 0, 0x1f, 0xfc | (size - 1), 0xe1]);
        for size in [1, 2, 4] {
            let lengths = Some(Framing::Lengths(usize::from(size)));
            assert_eq!(caps("video/x-h264", "avc", avcc(size)), Codec::H264(lengths));
            assert_eq!(caps("video/x-h264", "avc3", avcc(size)), Codec::H264(lengths));
            assert_eq!(caps("video/x-h265", "hvc1", hvcc(size)), Codec::H265(lengths));
            assert_eq!(caps("video/x-h265", "hev1", hvcc(size)), Codec::H265(lengths));
        }
        assert_eq!(caps("video/x-h264", "byte-stream", None), Codec::H264(Some(Framing::StartCodes)));
        assert_eq!(caps("video/x-h265", "byte-stream", None), Codec::H265(Some(Framing::StartCodes)));
        assert_eq!(caps("video/x-h264", "avc", None), Codec::H264(None));
        assert_eq!(caps("video/x-h265", "hvc1", Some(vec![0; 21])), Codec::H265(None));
        assert_eq!(caps("video/x-vp9", "", None), Codec::Other);
    }

    proptest! {
        #[test]
        fn garbage_is_never_a_panic(
            packet in prop::collection::vec(prop_oneof![0_u8..8, any::<u8>()], 0..200),
            framing in prop::sample::select(&FRAMINGS[..]),
        ) {
            let _ = cleans(&Codec::H265(Some(framing)), &packet);
            let _ = recovers_at_once(&packet);
            // What cleans holds either a slice of an IDR picture or supplemental information.
            if cleans(&Codec::H264(Some(framing)), &packet) {
                prop_assert!(packet.iter().any(|byte| matches!(byte & 0x1f, 5 | 6)));
            }
        }

        #[test]
        fn escapes_are_taken_out(plain in prop::collection::vec(0_u8..5, 0..60)) {
            let mut escaped = Vec::new();
            for &byte in &plain {
                if escaped.ends_with(&[0, 0]) && byte <= 3 {
                    escaped.push(3);
                }
                escaped.push(byte);
            }
            prop_assert_eq!(unescaped(&escaped), plain);
        }
    }
}
