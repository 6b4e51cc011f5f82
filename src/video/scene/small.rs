//! The small picture that is compared: one frame or still at a fraction of its size, Y, U and V.
//!
//! Whatever a clip's colours mean, here they are BT.601 in limited range, so that a clip and a still of another
//! recorder can be compared. It shows people: like a raw frame it cannot be copied, printed or read outside `video`.

use super::plane::{area, len, scaled};
use crate::geometry::FrameSize;
use crate::video::frame::{Colour, PixelFormat, RawFrame};

/// A frame or still at the size at which it is compared.
pub struct SmallPicture {
    pub(super) size: FrameSize,
    /// Y, U and V, each of `size`: BT.601, limited range, 0..=255.
    pub(super) planes: [Vec<f32>; 3],
}

/// The size of `width` pixels across that has the picture's shape.
pub(super) fn small_size(of: FrameSize, width: u32) -> FrameSize {
    let height = f64::from(width) * f64::from(of.height) / f64::from(of.width.max(1));
    FrameSize { width: width.max(1), height: (height.round() as u32).max(1) }
}

impl SmallPicture {
    /// A frame at `width` pixels across, each plane averaged by area.
    #[must_use]
    pub fn of(frame: &RawFrame, width: u32) -> Self {
        let size = small_size(frame.size(), width);
        let (luma, colour) = (frame.luma(), frame.colour);
        let [y] = area::<1>(luma.data, luma.stride, frame.size(), size);
        let (columns, rows) = frame.size().chroma();
        let chroma = FrameSize { width: columns, height: rows };
        let [u, v] = match frame.layout.format {
            PixelFormat::I420 => {
                let mut planes = frame.chroma().map(|plane| {
                    let [plane] = area::<1>(plane.data, plane.stride, chroma, size);
                    plane
                });
                std::array::from_fn(|_| planes.next().unwrap_or_else(|| vec![128.0; len(size)]))
            }
            PixelFormat::Nv12 => match frame.chroma().next() {
                Some(plane) => area::<2>(plane.data, plane.stride, chroma, size),
                None => std::array::from_fn(|_| vec![128.0; len(size)]),
            },
        };
        let mut planes = [y, u, v];
        let change = Recolour::to_bt601(colour);
        let [y, u, v] = &mut planes;
        for ((y, u), v) in y.iter_mut().zip(u).zip(v) {
            if let Some(change) = &change {
                [*y, *u, *v] = change.apply([*y, *u, *v]);
            }
            // A still is kept as RGB, which cannot hold all that a camera sends: a safety vest, a white van in the
            // sun. Cut off here as it is there, the same thing looks the same.
            let kept = rgb(Colour::BT601, [*y, *u, *v]);
            if kept.iter().any(|c| !(0.0..=255.0).contains(c)) {
                [*y, *u, *v] = yuv(Colour::BT601, kept.map(|c| c.clamp(0.0, 255.0)));
            }
        }
        Self { size, planes }
    }

    /// A still of 8-bit RGB rows without padding at `width` pixels across; grey where there are too few bytes.
    #[must_use]
    pub fn of_rgb(rgb: &[u8], size: FrameSize, width: u32) -> Self {
        let small = small_size(size, width);
        if rgb.len() < len(size) * 3 || size.area_px() == 0 {
            return Self { size: small, planes: std::array::from_fn(|_| vec![128.0; len(small)]) };
        }
        let mut planes = area::<3>(rgb, size.width as usize * 3, size, small);
        let [r, g, b] = &mut planes;
        for ((r, g), b) in r.iter_mut().zip(g).zip(b) {
            [*r, *g, *b] = yuv(Colour::BT601, [*r, *g, *b]);
        }
        Self { size: small, planes }
    }

    /// Whether it is the very same picture.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.size == other.size && self.planes == other.planes
    }

    /// The same at another size.
    pub(super) fn at(&self, size: FrameSize) -> Self {
        let planes = std::array::from_fn(|c| scaled(&self.planes[c], self.size, size));
        Self { size, planes }
    }
}

/// Y, U and V of an RGB colour of 0..=255, not rounded (ITU-T H.273, 8.3).
pub(super) fn yuv(colour: Colour, rgb: [f32; 3]) -> [f32; 3] {
    let (y0, ys, cs) = if colour.full_range { (0.0, 255.0, 255.0) } else { (16.0, 219.0, 224.0) };
    let [r, g, b] = rgb.map(|v| v / 255.0);
    let y = colour.kr * r + (1.0 - colour.kr - colour.kb) * g + colour.kb * b;
    let u = (b - y) / (2.0 * (1.0 - colour.kb));
    let v = (r - y) / (2.0 * (1.0 - colour.kr));
    [y0 + ys * y, 128.0 + cs * u, 128.0 + cs * v]
}

/// The RGB colour of 0..=255 that Y, U and V mean, not rounded and not cut (ITU-T H.273, 8.3).
pub(super) fn rgb(colour: Colour, [y, u, v]: [f32; 3]) -> [f32; 3] {
    let (y0, ys, cs) = if colour.full_range { (0.0, 255.0, 255.0) } else { (16.0, 219.0, 224.0) };
    let (y, u, v) = ((y - y0) / ys, (u - 128.0) / cs, (v - 128.0) / cs);
    let r = y + 2.0 * (1.0 - colour.kr) * v;
    let b = y + 2.0 * (1.0 - colour.kb) * u;
    let g = (y - colour.kr * r - colour.kb * b) / (1.0 - colour.kr - colour.kb);
    [r, g, b].map(|c| c * 255.0)
}

/// From one meaning of Y, U and V to BT.601 in limited range: affine, as both are of RGB.
pub(super) struct Recolour {
    /// Per new value: weights of the old Y, U and V, and the constant.
    rows: [[f32; 4]; 3],
}

impl Recolour {
    /// `None` where the colours mean that already.
    pub(super) fn to_bt601(from: Colour) -> Option<Self> {
        if from == Colour::BT601 {
            return None;
        }
        let image = |old: [f32; 3]| yuv(Colour::BT601, rgb(from, old));
        let zero = image([0.0; 3]);
        let axes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(image);
        let rows = std::array::from_fn(|c| {
            [axes[0][c] - zero[c], axes[1][c] - zero[c], axes[2][c] - zero[c], zero[c]]
        });
        Some(Self { rows })
    }

    pub(super) fn apply(&self, [y, u, v]: [f32; 3]) -> [f32; 3] {
        self.rows.map(|[wy, wu, wv, constant]| wy * y + wu * u + wv * v + constant)
    }
}
