//! One decoded picture out of the decoder's memory into a frame of ours: weaved fields taken apart, and every
//! picture of a clip brought to the form of its first one.

use crate::geometry::FrameSize;
use crate::video::frame::{Colour, FramePool, Layout, PixelFormat, PooledBytes};
use gst_video::prelude::*;
use gstreamer as gst;
use gstreamer_video as gst_video;

/// Smallest side of a picture, pixels: one macroblock, the least that x264 takes.
pub(super) const MIN_SIDE_PX: u32 = 16;

/// A picture in the form that all pictures of its clip have.
pub(super) struct Taken {
    pub(super) bytes: PooledBytes,
    pub(super) layout: Layout,
    pub(super) colour: Colour,
    /// It came as two fields.
    pub(super) interlaced: bool,
    pub(super) fit: Fit,
}

/// How a picture was brought to the size of the clip's first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// It has that size.
    AsItIs,
    /// Scaled: another size of the same shape.
    Scaled,
    /// Another shape: it shows something else than the first picture did, and where is anybody's guess. The bytes
    /// hold nothing of it.
    Reshaped,
}

/// Takes pictures; remembers what the first one was like.
#[derive(Default)]
pub(in crate::video) struct Taker {
    first: Option<gst_video::VideoInfo>,
    converter: Option<gst_video::VideoConverter>,
}

/// Size of the pictures that these caps announce.
pub(super) fn size_of(info: &gst_video::VideoInfo) -> FrameSize {
    FrameSize { width: info.width(), height: info.height() }
}

impl Taker {
    /// Copies one picture: the one copy that is needed, because decoders keep using their memory to predict later
    /// pictures.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(super) fn take(
        &mut self,
        buffer: &gst::BufferRef,
        info: &gst_video::VideoInfo,
        pool: &FramePool,
    ) -> Result<Taken, &'static str> {
        let mapped = gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, info)
            .map_err(|_| "a picture that cannot be mapped")?;
        let form =
            self.first.get_or_insert_with(|| progressive(info).unwrap_or_else(|| info.clone())).clone();
        let (layout, colour) = (layout(&form)?, colour(&form));
        let interlaced = mapped.flags().contains(gst_video::VideoFrameFlags::INTERLACED);
        let top_first = mapped.flags().contains(gst_video::VideoFrameFlags::TFF);
        let taken = |bytes, fit| Taken { bytes, layout, colour, interlaced, fit };
        if !same_shape(&form, info) {
            let mut bytes = pool.bytes(layout.len());
            bytes.as_mut().fill(128);
            return Ok(taken(bytes, Fit::Reshaped));
        }
        let own = self::layout(info)?;
        let mut bytes = pool.bytes(own.len());
        copy_planes(&mapped, &own, bytes.as_mut()).ok_or("a picture that is too short")?;
        if interlaced {
            unweave(bytes.as_mut(), &own, top_first);
        }
        if own == layout && colour == self::colour(info) {
            return Ok(taken(bytes, Fit::AsItIs));
        }
        let fit = if own.size == layout.size { Fit::AsItIs } else { Fit::Scaled };
        let bytes =
            self.convert(bytes, info, &form, &layout, pool).ok_or("a picture that cannot be scaled")?;
        Ok(taken(bytes, fit))
    }

    /// GStreamer's converter, from one memory of ours to another.
    fn convert(
        &mut self,
        bytes: PooledBytes,
        from: &gst_video::VideoInfo,
        to: &gst_video::VideoInfo,
        layout: &Layout,
        pool: &FramePool,
    ) -> Option<PooledBytes> {
        let from = progressive(from)?;
        if self.converter.as_ref().is_none_or(|c| *c.in_info() != from || c.out_info() != to) {
            self.converter = Some(gst_video::VideoConverter::new(&from, to, None).ok()?);
        }
        let input =
            gst_video::VideoFrame::from_buffer_readable(gst::Buffer::from_slice(bytes), &from).ok()?;
        let output = gst::Buffer::with_size(to.size()).ok()?;
        let mut output = gst_video::VideoFrame::from_buffer_writable(output, to).ok()?;
        self.converter.as_ref()?.frame(&input, &mut output);
        let mut bytes = pool.bytes(layout.len());
        copy_planes(&output.as_video_frame_ref(), layout, bytes.as_mut())?;
        Some(bytes)
    }
}

/// The same kind of picture, whole instead of in fields and of no stated rate.
fn progressive(info: &gst_video::VideoInfo) -> Option<gst_video::VideoInfo> {
    gst_video::VideoInfo::builder(info.format(), info.width(), info.height())
        .par(info.par())
        .colorimetry(&info.colorimetry())
        .build()
        .ok()
}

fn layout(info: &gst_video::VideoInfo) -> Result<Layout, &'static str> {
    let format = match info.format() {
        gst_video::VideoFormat::I420 => PixelFormat::I420,
        gst_video::VideoFormat::Nv12 => PixelFormat::Nv12,
        _ => return Err("a pixel format that was not asked for"),
    };
    let mut layout = Layout::new(format, size_of(info));
    layout.pixel_aspect = match (u32::try_from(info.par().numer()), u32::try_from(info.par().denom())) {
        (Ok(across), Ok(down)) if across > 0 && down > 0 => (across, down),
        _ => (1, 1),
    };
    Ok(layout)
}

/// Whether two pictures have the same shape as displayed, to within one per cent: then the same share of the one
/// shows what the same share of the other shows, as where a recorder changes its resolution.
fn same_shape(a: &gst_video::VideoInfo, b: &gst_video::VideoInfo) -> bool {
    let shape = |info: &gst_video::VideoInfo| {
        let pixel = f64::from(info.par().numer().max(1)) / f64::from(info.par().denom().max(1));
        f64::from(info.width()) * pixel / f64::from(info.height().max(1))
    };
    let (a, b) = (shape(a), shape(b));
    (a - b).abs() <= 0.01 * a.max(b)
}

/// Copies all planes into `into`. `None` where a plane is shorter than its size says.
fn copy_planes(
    from: &gst_video::VideoFrameRef<&gst::BufferRef>,
    layout: &Layout,
    into: &mut [u8],
) -> Option<()> {
    for (i, plane) in planes(layout, into).into_iter().enumerate() {
        let data = from.plane_data(u32::try_from(i).ok()?).ok()?;
        let from_stride = usize::try_from(*from.plane_stride().get(i)?).ok()?;
        if from_stride == plane.stride && data.len() >= plane.samples.len() {
            plane.samples.copy_from_slice(&data[..plane.samples.len()]);
            continue;
        }
        for row in 0..plane.rows {
            let source = data.get(row * from_stride..row * from_stride + plane.row_len)?;
            plane.samples[row * plane.stride..row * plane.stride + plane.row_len].copy_from_slice(source);
        }
    }
    Some(())
}

struct PlaneMut<'a> {
    samples: &'a mut [u8],
    /// Bytes from one row to the next.
    stride: usize,
    /// Bytes of a row that hold samples.
    row_len: usize,
    rows: usize,
}

fn planes<'a>(layout: &Layout, bytes: &'a mut [u8]) -> Vec<PlaneMut<'a>> {
    let (width, rows) = (layout.size.width as usize, layout.size.height as usize);
    let (luma, chroma) = bytes.split_at_mut(layout.luma_len());
    let mut planes = vec![PlaneMut { samples: luma, stride: layout.luma_stride, row_len: width, rows }];
    let row_len = match layout.format {
        PixelFormat::I420 => width.div_ceil(2),
        PixelFormat::Nv12 => width.div_ceil(2) * 2,
    };
    for samples in chroma.chunks_exact_mut(layout.chroma_len()) {
        planes.push(PlaneMut { samples, stride: layout.chroma_stride, row_len, rows: rows.div_ceil(2) });
    }
    planes
}

/// Takes the later field out of a picture that was woven from two, in place: each of its samples becomes the median
/// of itself and its two neighbours above and below, which are of the earlier field. What stands still keeps its
/// detail, what moves loses its comb, and nothing of another picture comes in, which a damaged one could be.
fn unweave(bytes: &mut [u8], layout: &Layout, top_first: bool) {
    for PlaneMut { samples, stride, row_len, rows } in planes(layout, bytes) {
        for row in (usize::from(top_first)..rows).step_by(2) {
            let (before, rest) = samples.split_at_mut(row * stride);
            let (own, after) = rest.split_at_mut(stride.min(rest.len()));
            let above = row.checked_sub(1).and_then(|above| before.get(above * stride..));
            let below = after.get(..row_len).filter(|_| row + 1 < rows);
            let Some((above, below)) = above.or(below).zip(below.or(above)) else { continue };
            for ((own, above), below) in own.iter_mut().take(row_len).zip(above).zip(below) {
                *own = (*own).clamp((*above).min(*below), (*above).max(*below));
            }
        }
    }
}

/// Matrix and range of the samples; GStreamer fills in its defaults by size where the stream is silent.
fn colour(info: &gst_video::VideoInfo) -> Colour {
    let colorimetry = info.colorimetry();
    let base = match colorimetry.matrix() {
        gst_video::VideoColorMatrix::Bt709 => Colour::BT709,
        gst_video::VideoColorMatrix::Bt2020 => Colour { kr: 0.2627, kb: 0.0593, full_range: false },
        _ => Colour::BT601,
    };
    Colour { full_range: colorimetry.range() == gst_video::VideoColorRange::Range0_255, ..base }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_taken_apart() {
        for (top_first, height) in [(true, 16), (false, 16), (true, 17), (false, 17)] {
            let layout = Layout::new(PixelFormat::I420, FrameSize { width: 18, height });
            let mut bytes = vec![0; layout.len()];
            // One field is dark and the other bright: all of the later one is comb.
            for PlaneMut { samples, stride, rows, .. } in planes(&layout, &mut bytes) {
                for row in 0..rows {
                    let early = (row % 2 == 0) == top_first;
                    samples[row * stride..(row + 1) * stride].fill(if early { 40 } else { 200 });
                }
            }
            unweave(&mut bytes, &layout, top_first);
            for plane in planes(&layout, &mut bytes) {
                for row in 0..plane.rows {
                    assert_eq!(plane.samples[row * plane.stride], 40, "{top_first} {height} row {row}");
                }
            }
        }
    }

    #[test]
    fn what_stands_still_stays_as_it_is() {
        let layout = Layout::new(PixelFormat::I420, FrameSize { width: 16, height: 16 });
        let mut bytes = vec![0; layout.len()];
        for PlaneMut { samples, stride, rows, .. } in planes(&layout, &mut bytes) {
            (0..rows).for_each(|row| samples[row * stride..(row + 1) * stride].fill(row as u8 * 9));
        }
        let before = bytes.clone();
        unweave(&mut bytes, &layout, true);
        let last_row = 15 * layout.luma_stride;
        assert_eq!(bytes[..last_row], before[..last_row], "a slope from top to bottom");
    }
}
