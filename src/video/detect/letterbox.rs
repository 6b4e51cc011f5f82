//! From a frame's 4:2:0 planes straight to a network's input, and a network's boxes back to the frame.
//!
//! Each plane is resized by itself and colours are made at the input's size only, so a large frame costs no more
//! than the reading of its samples. The picture lies at the top left of the input, the rest is padding.

use super::DetectError;
use super::manifest::{InputForm, PlaneOrder};
use super::view::View;
use crate::geometry::{BoxPx, FrameSize, PxRect};
use crate::video::frame::{Colour, PixelFormat, Plane, RawFrame};
use fast_image_resize::images::{CroppedImage, Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

/// A box in input space: pixels of the network's input, origin at its top left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct InputBox {
    pub(super) x0: f32,
    pub(super) y0: f32,
    pub(super) x1: f32,
    pub(super) y1: f32,
}

impl InputBox {
    /// The box of this size around a centre.
    pub(super) fn around(x: f32, y: f32, width: f32, height: f32) -> Self {
        Self { x0: x - width / 2.0, y0: y - height / 2.0, x1: x + width / 2.0, y1: y + height / 2.0 }
    }
}

/// How large a network's input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// The longer side of the picture gets this length; both sides of the input are rounded up to multiples.
    Longer {
        /// Longer side, pixels.
        px: u32,
        /// Sides are multiples of this.
        multiple_of: u32,
    },
    /// The input always has this size; the picture is made as large as fits.
    Exactly(FrameSize),
}

impl Fit {
    /// Longer side of the input, pixels.
    pub(super) fn longer_px(self) -> u32 {
        match self {
            Self::Longer { px, .. } => px,
            Self::Exactly(size) => size.width.max(size.height),
        }
    }

    /// Side of the largest square tile that is not scaled down.
    pub(super) fn tile_px(self) -> u32 {
        match self {
            Self::Longer { px, .. } => px,
            Self::Exactly(size) => size.width.min(size.height),
        }
    }
}

/// Where a region of a frame lies in a network's input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Placement {
    /// The part of the frame that is looked at.
    region: PxRect,
    /// Which copy of it.
    view: View,
    /// Size of the copy in the input, at its top left.
    content: FrameSize,
    /// Size of the input.
    pub(super) input: FrameSize,
}

impl Placement {
    /// A copy of the region scaled, up or down, so that it fits the input. Scaling up pays: small people in small
    /// pictures are missed otherwise.
    pub(super) fn new(region: PxRect, fit: Fit, view: View) -> Self {
        let copied = view.turned(FrameSize { width: region.width().max(1), height: region.height().max(1) });
        let most = match fit {
            Fit::Longer { px, .. } => FrameSize { width: px.max(1), height: px.max(1) },
            Fit::Exactly(size) => size,
        };
        let ratio = |room: u32, px: u32| f64::from(room) / f64::from(px);
        let scale = ratio(most.width, copied.width).min(ratio(most.height, copied.height));
        let side = |px: u32, room: u32| ((f64::from(px) * scale).round() as u32).clamp(1, room);
        let content =
            FrameSize { width: side(copied.width, most.width), height: side(copied.height, most.height) };
        let input = match fit {
            Fit::Longer { multiple_of, .. } => FrameSize {
                width: content.width.next_multiple_of(multiple_of),
                height: content.height.next_multiple_of(multiple_of),
            },
            Fit::Exactly(size) => size,
        };
        Self { region, view, content, input }
    }

    /// A copy of a part of a frame at the scale of the whole frame's; what else fits into the input is looked at too.
    /// `None` where the input always has one size.
    pub(super) fn part(part: PxRect, frame: FrameSize, fit: Fit, view: View) -> Option<Self> {
        let Fit::Longer { multiple_of, .. } = fit else { return None };
        let whole = Self::new(PxRect::whole(frame), fit, View::Upright).content;
        // Along one axis: the content's length, and what it shows of the frame.
        let along = |low: u32, high: u32, content: u32, frame: u32| {
            let scale = f64::from(content) / f64::from(frame);
            let scaled = |px: u32| f64::from(px) * scale;
            let room = (scaled(high - low).ceil() as u32).next_multiple_of(multiple_of).min(content);
            let shown = ((f64::from(room) / scale).round() as u32).clamp(high - low, frame);
            let first = low.saturating_sub((shown - (high - low)) / 2).min(frame - shown);
            (room, first, first + shown)
        };
        let (width, x0, x1) = along(part.x0, part.x1, whole.width, frame.width);
        let (height, y0, y1) = along(part.y0, part.y1, whole.height, frame.height);
        let content = view.turned(FrameSize { width, height });
        let input = FrameSize {
            width: content.width.next_multiple_of(multiple_of),
            height: content.height.next_multiple_of(multiple_of),
        };
        Some(Self { region: PxRect { x0, y0, x1, y1 }, view, content, input })
    }

    /// Size of the scaled region before it was copied.
    fn upright(&self) -> FrameSize {
        self.view.turned(self.content)
    }

    /// The same box in frame space, not cut. Each axis has its own exact scale, as the content was rounded.
    pub(super) fn frame_from_input(&self, area: &InputBox) -> BoxPx {
        let upright = self.upright();
        let area = self.view.upright_from_copy(area, upright);
        let sx = self.region.width() as f32 / upright.width as f32;
        let sy = self.region.height() as f32 / upright.height as f32;
        let (left, top) = (self.region.x0 as f32, self.region.y0 as f32);
        BoxPx::new(left + area.x0 * sx, top + area.y0 * sy, left + area.x1 * sx, top + area.y1 * sy)
    }
}

/// Makes one network's input, in buffers that are used again for every frame.
pub(super) struct Letterbox {
    form: InputForm,
    resizer: Resizer,
    /// The planes at the content's size: Y, then U and V, or Y and interleaved UV.
    planes: [Vec<u8>; 3],
    /// A plane before its copy is made.
    upright: Vec<u8>,
    tensor: Vec<f32>,
    /// The last placement; while it stays the padding stays too.
    placed: Option<(FrameSize, FrameSize)>,
}

impl Letterbox {
    pub(super) fn new(form: InputForm) -> Self {
        Self {
            form,
            resizer: Resizer::new(),
            planes: Default::default(),
            upright: Vec::new(),
            tensor: Vec::new(),
            placed: None,
        }
    }

    /// The region of the frame as three normalised planes, 1x3xHxW.
    ///
    /// # Errors
    /// [`DetectError::Picture`] where the planes do not fit the frame's own size.
    pub(super) fn fill(&mut self, frame: &RawFrame, placement: &Placement) -> Result<&[f32], DetectError> {
        let (content, input) = (placement.content, placement.input);
        let region = placement.region;
        let luma = Source { size: frame.size(), kind: PixelType::U8, per_frame_px: 1.0 };
        let (columns, rows) = frame.size().chroma();
        let kind = match frame.layout.format {
            PixelFormat::I420 => PixelType::U8,
            PixelFormat::Nv12 => PixelType::U8x2,
        };
        let chroma = Source { size: FrameSize { width: columns, height: rows }, kind, per_frame_px: 0.5 };

        let sources =
            std::iter::once((frame.luma(), luma)).chain(frame.chroma().map(|plane| (plane, chroma)));
        for ((plane, source), out) in sources.zip(&mut self.planes) {
            if placement.view == View::Upright {
                resize(&mut self.resizer, &plane, source, region, content, out)?;
                continue;
            }
            let upright = placement.upright();
            resize(&mut self.resizer, &plane, source, region, upright, &mut self.upright)?;
            match source.kind {
                PixelType::U8x2 => placement.view.copy::<2>(&self.upright, upright, out),
                _ => placement.view.copy::<1>(&self.upright, upright, out),
            }
        }

        let len = input.area_px() as usize * 3;
        if self.placed != Some((content, input)) {
            self.tensor.clear();
            self.tensor.resize(len, self.form.pad);
            self.placed = Some((content, input));
        }
        let matrix = Matrix::new(frame.colour, &self.form);
        let [y, u, v] = &self.planes;
        let width = content.width as usize;
        for row in 0..content.height as usize {
            let at = row * width..(row + 1) * width;
            let outs = rows_of(&mut self.tensor, input, row, width);
            match frame.layout.format {
                PixelFormat::I420 => matrix.row(&y[at.clone()], &u[at.clone()], &v[at], outs),
                PixelFormat::Nv12 => matrix.row_nv12(&y[at.clone()], &u[at.start * 2..at.end * 2], outs),
            }
        }
        Ok(&self.tensor)
    }
}

/// The content part of one row in each of the tensor's planes.
fn rows_of(tensor: &mut [f32], input: FrameSize, row: usize, width: usize) -> [&mut [f32]; 3] {
    let plane = input.area_px() as usize;
    let start = row * input.width as usize;
    let (first, rest) = tensor.split_at_mut(plane);
    let (second, third) = rest.split_at_mut(plane);
    [first, second, third].map(|p| &mut p[start..start + width])
}

/// One plane's shape.
#[derive(Clone, Copy)]
struct Source {
    /// Samples across and down.
    size: FrameSize,
    kind: PixelType,
    /// Samples per pixel of the frame, along one axis.
    per_frame_px: f64,
}

fn resize(
    resizer: &mut Resizer,
    plane: &Plane<'_>,
    source: Source,
    region: PxRect,
    content: FrameSize,
    out: &mut Vec<u8>,
) -> Result<(), DetectError> {
    let fault = |e: &dyn std::fmt::Display| DetectError::Picture { reason: e.to_string() };
    let bytes = source.kind.size();
    let stride = (plane.stride / bytes) as u32;
    let rows = source.size.height;
    let used = plane.stride * rows as usize;
    let data = plane.data.get(..used).ok_or_else(|| fault(&"a plane is shorter than its rows"))?;
    let padded = ImageRef::new(stride, rows, data, source.kind).map_err(|e| fault(&e))?;
    // A view, not a crop: what stands in a row's padding is left over from another frame and must not bleed in.
    let view =
        CroppedImage::new(&padded, 0, 0, source.size.width, source.size.height).map_err(|e| fault(&e))?;
    out.resize(content.area_px() as usize * bytes, 0);
    let mut target =
        Image::from_slice_u8(content.width, content.height, out, source.kind).map_err(|e| fault(&e))?;
    let k = source.per_frame_px;
    let left = f64::from(region.x0) * k;
    let top = f64::from(region.y0) * k;
    let width = (f64::from(region.width()) * k).min(f64::from(source.size.width) - left);
    let height = (f64::from(region.height()) * k).min(f64::from(source.size.height) - top);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Bilinear))
        .use_alpha(false)
        .crop(left, top, width, height);
    resizer.resize(&view, &mut target, &options).map_err(|e| fault(&e))
}

/// YUV to normalised planes: three affine sums, each clamped to what an 8-bit colour can be (ITU-T H.273, 8.3).
struct Matrix {
    /// Per output plane: weights of Y, U and V, the constant, all in 0..=255 colour values.
    weights: [[f32; 4]; 3],
    /// Per output plane: factor and offset of the normalisation.
    scale: [[f32; 2]; 3],
}

impl Matrix {
    fn new(colour: Colour, form: &InputForm) -> Self {
        let (kr, kb) = (colour.kr, colour.kb);
        let kg = 1.0 - kr - kb;
        let (y0, ys, cs) = if colour.full_range { (0.0, 255.0, 255.0) } else { (16.0, 219.0, 224.0) };
        let affine = |u: f32, v: f32| {
            let (wy, wu, wv) = (255.0 / ys, u * 255.0 / cs, v * 255.0 / cs);
            [wy, wu, wv, -wy * y0 - (wu + wv) * 128.0]
        };
        let red = affine(0.0, 2.0 * (1.0 - kr));
        let green = affine(-2.0 * kb * (1.0 - kb) / kg, -2.0 * kr * (1.0 - kr) / kg);
        let blue = affine(2.0 * (1.0 - kb), 0.0);
        let weights = match form.order {
            PlaneOrder::Rgb => [red, green, blue],
            PlaneOrder::Bgr => [blue, green, red],
        };
        let scale = std::array::from_fn(|i| [1.0 / form.std[i], -form.mean[i] / form.std[i]]);
        Self { weights, scale }
    }

    fn row(&self, y: &[u8], u: &[u8], v: &[u8], outs: [&mut [f32]; 3]) {
        for ((out, w), s) in outs.into_iter().zip(&self.weights).zip(&self.scale) {
            for (((o, &y), &u), &v) in out.iter_mut().zip(y).zip(u).zip(v) {
                *o = value(w, s, y, u, v);
            }
        }
    }

    fn row_nv12(&self, y: &[u8], uv: &[u8], outs: [&mut [f32]; 3]) {
        let (pairs, _) = uv.as_chunks::<2>();
        for ((out, w), s) in outs.into_iter().zip(&self.weights).zip(&self.scale) {
            for ((o, &y), &[u, v]) in out.iter_mut().zip(y).zip(pairs) {
                *o = value(w, s, y, u, v);
            }
        }
    }
}

#[inline]
fn value(w: &[f32; 4], s: &[f32; 2], y: u8, u: u8, v: u8) -> f32 {
    let colour = w[0] * f32::from(y) + w[1] * f32::from(u) + w[2] * f32::from(v) + w[3];
    colour.clamp(0.0, 255.0) * s[0] + s[1]
}

#[cfg(test)]
#[path = "letterbox_tests.rs"]
pub(super) mod tests;
