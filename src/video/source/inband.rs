//! Picture sizes that stand in the coded pictures themselves, where no parser reads them before the decoder does.
//!
//! A decoder allocates what a picture's header declares. For H.264, H.265, MPEG-2, MPEG-4 and VP9 a parser reads
//! that header first and its caps are looked at; for JPEG and VP8 nobody does, so it is done here.

use crate::geometry::FrameSize;

/// Size by the first frame header of a JPEG picture (ITU-T T.81, B.2.2).
pub(super) fn of_jpeg(packet: &[u8]) -> Option<FrameSize> {
    let mut at = 2;
    if !packet.starts_with(&[0xff, 0xd8]) {
        return None;
    }
    loop {
        // Any number of 0xff may stand before a marker.
        while packet.get(at) == Some(&0xff) && packet.get(at + 1) == Some(&0xff) {
            at += 1;
        }
        let [0xff, marker, high, low] = *packet.get(at..at + 4)? else { return None };
        match marker {
            // SOF0 to SOF15 without DHT, JPG and DAC: precision, height, width.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let [_, h1, h0, w1, w0] = *packet.get(at + 4..at + 9)? else { return None };
                return size(u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
            }
            // Start of scan, end of image: no frame header came.
            0xd9 | 0xda => return None,
            _ => at += 2 + usize::from(u16::from_be_bytes([high, low]).max(2)),
        }
    }
}

/// Size by the header of a VP8 keyframe (RFC 6386, 9.1).
pub(super) fn of_vp8(packet: &[u8]) -> Option<FrameSize> {
    let [tag, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1] = *packet.get(..10)? else { return None };
    if tag & 1 != 0 {
        return None;
    }
    // The upper two bits are a scaling for players.
    size(u16::from_le_bytes([w0, w1]) & 0x3fff, u16::from_le_bytes([h0, h1]) & 0x3fff)
}

fn size(width: u16, height: u16) -> Option<FrameSize> {
    (width > 0 && height > 0).then_some(FrameSize { width: width.into(), height: height.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_are_read() {
        let jpeg =
            [0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xff, 0xc2, 0, 17, 8, 0x80, 0x01, 0xff, 0xfe, 3];
        assert_eq!(of_jpeg(&jpeg), Some(FrameSize { width: 0xfffe, height: 0x8001 }));
        assert_eq!(of_jpeg(&jpeg[..15]), None);
        let vp8 = [0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x41, 0xf0, 0x00];
        assert_eq!(of_vp8(&vp8), Some(FrameSize { width: 0x140, height: 240 }));
        assert_eq!(of_vp8(&[&[0x11], &vp8[1..]].concat()), None, "no keyframe");
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = of_jpeg(&[&[0xff, 0xd8, 0xff], bytes.as_slice()].concat());
            let _ = of_vp8(&bytes);
        }
    }
}
