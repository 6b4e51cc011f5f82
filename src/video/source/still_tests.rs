//! Stills that are whole, turned, transparent, spoilt, or not stills at all.

use super::*;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageFormat, Rgba, RgbaImage};
use proptest::prelude::*;

/// Left half red, right half blue, the top row of both white.
fn picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        image::Rgb(match (x < width / 2, y < height / 4) {
            (_, true) => [255; 3],
            (true, _) => [200, 0, 0],
            (false, _) => [0, 0, 200],
        })
    })
}

fn coded(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("encoded");
    bytes.into_inner()
}

/// A JPEG with an EXIF segment that names an orientation (1 to 8; CIPA DC-008, tag 0x0112).
fn turned(picture: &RgbImage, orientation: u8) -> Vec<u8> {
    let mut exif = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 95);
    encoder.set_exif_metadata(exif).expect("taken");
    encoder
        .write_image(picture, picture.width(), picture.height(), ExtendedColorType::Rgb8)
        .expect("encoded");
    bytes
}

fn read(bytes: &[u8]) -> Result<RawFrame, StillFault> {
    let kind = StillKind::of(bytes).expect("a still");
    decode_still(bytes, kind, &LimitSettings::default())
}

/// Luma at a place given in parts of the size.
fn luma(frame: &RawFrame, x: f32, y: f32) -> u8 {
    let plane = frame.luma();
    let (column, row) = (x * frame.size().width as f32, y * frame.size().height as f32);
    plane.data[row as usize * plane.stride + column as usize]
}

#[test]
fn all_kinds_are_read_and_told_by_their_content() {
    let whole = picture(67, 41);
    for (format, kind) in [
        (ImageFormat::Png, StillKind::Png),
        (ImageFormat::Jpeg, StillKind::Jpeg),
        (ImageFormat::WebP, StillKind::Webp),
    ] {
        let bytes = coded(&whole, format);
        assert_eq!(StillKind::of(&bytes), Some(kind));
        let frame = read(&bytes).expect("read");
        assert_eq!(frame.size(), FrameSize { width: 67, height: 41 });
        assert!(luma(&frame, 0.25, 0.1) > 240, "{kind:?}");
        let [red, blue] = [[200, 0, 0], [0, 0, 200]].map(|rgb| frame.colour.yuv(rgb)[0]);
        assert!(luma(&frame, 0.25, 0.7).abs_diff(red) < 4, "{kind:?}");
        assert!(luma(&frame, 0.75, 0.7).abs_diff(blue) < 4, "{kind:?}");
    }
    assert_eq!(StillKind::of(b"RIFF\0\0\0\0AVI "), None);
    assert_eq!(StillKind::of(b"\0\0\0\x18ftypmp42"), None);
}

#[test]
fn rotation_is_applied() {
    // Where the white edge and the red half come to lie, by the orientation's number.
    let upright =
        [(1, (0.25, 0.1), (0.25, 0.7)), (3, (0.25, 0.95), (0.75, 0.3)), (6, (0.95, 0.5), (0.3, 0.25))];
    for (orientation, white, red) in upright {
        let frame = read(&turned(&picture(64, 32), orientation)).expect("read");
        let sideways = orientation == 6;
        assert_eq!(frame.size().width, if sideways { 32 } else { 64 }, "orientation {orientation}");
        assert!(luma(&frame, white.0, white.1) > 240, "orientation {orientation}");
        let expected = frame.colour.yuv([200, 0, 0])[0];
        assert!(luma(&frame, red.0, red.1).abs_diff(expected) < 6, "orientation {orientation}");
    }
}

#[test]
fn what_is_transparent_lies_on_grey() {
    let glass = RgbaImage::from_fn(32, 32, |x, _| Rgba([255, 255, 255, if x < 16 { 0 } else { 255 }]));
    let mut bytes = Cursor::new(Vec::new());
    glass.write_to(&mut bytes, ImageFormat::Png).expect("encoded");
    let frame = read(bytes.get_ref()).expect("read");
    assert_eq!(luma(&frame, 0.2, 0.5), 128);
    assert_eq!(luma(&frame, 0.8, 0.5), 255);
}

#[test]
fn several_pictures_are_no_still() {
    let jpeg = coded(&picture(64, 32), ImageFormat::Jpeg);
    let motion = [jpeg.clone(), jpeg.clone()].concat();
    assert!(matches!(read(&motion), Err(StillFault::Several)));
    let padded = [jpeg.clone(), vec![0; 100]].concat();
    assert!(read(&padded).is_ok(), "cameras pad their files");
    // A second view behind the first, announced as CIPA DC-007 has it.
    let views = [&jpeg[..2], &[0xff, 0xe2, 0, 6][..], b"MPF\0", &jpeg[2..], &jpeg].concat();
    assert!(read(&views).is_ok());
}

#[test]
fn sizes_have_limits() {
    let limits = LimitSettings { max_side_px: 60, ..LimitSettings::default() };
    let bytes = coded(&picture(64, 32), ImageFormat::Png);
    assert!(matches!(decode_still(&bytes, StillKind::Png, &limits), Err(StillFault::TooLarge(_))));
    let small = coded(&picture(64, 15), ImageFormat::Png);
    assert!(matches!(read(&small), Err(StillFault::TooSmall(_))));
}

#[test]
fn a_still_that_is_cut_short_is_refused_wherever_it_ends() {
    let mut grain = picture(96, 64);
    for (i, pixel) in grain.pixels_mut().enumerate() {
        pixel.0 = pixel.0.map(|c| c ^ ((i * 7919) >> 3) as u8);
    }
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let bytes = coded(&grain, format);
        for tenth in 1..10 {
            let cut = &bytes[..bytes.len() * tenth / 10];
            assert!(read(cut).is_err(), "{format:?} after {tenth} tenths");
        }
        assert!(read(&bytes).is_ok(), "{format:?}");
    }
}

proptest! {
    #[test]
    fn spoilt_stills_end_with_a_picture_or_a_sentence(
        which in 0usize..3, flips in prop::collection::vec((any::<prop::sample::Index>(), 0u8..8), 1..12),
    ) {
        let format = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP][which];
        let mut bytes = coded(&picture(48, 40), format);
        for (at, bit) in flips {
            let at = at.index(bytes.len() - 12) + 12;
            bytes[at] ^= 1 << bit;
        }
        match read(&bytes) {
            Ok(frame) => prop_assert!(frame.size().width.max(frame.size().height) <= 8192),
            Err(fault) => prop_assert!(!fault.to_string().is_empty()),
        }
    }
}
