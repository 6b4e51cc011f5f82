//! Writing into a frame's planes: bands of rows that share no byte, so that they can be painted in parallel.

use super::cells::Cells;
use super::raster::Region;
use crate::video::frame::{Layout, PixelFormat};

/// Rows of chroma pairs in a band: enough work to be worth a task, and enough bands for many cores.
const BAND_ROWS: usize = 16;

/// A band of rows of every plane.
pub(super) struct Band<'a> {
    layout: &'a Layout,
    /// Row of pairs that the band starts with.
    first_row: u32,
    luma: &'a mut [u8],
    /// U and V, or both interleaved and nothing.
    chroma: [&'a mut [u8]; 2],
}

/// Divides a frame's bytes into bands. A frame without pixels has none.
pub(super) fn bands<'a>(bytes: &'a mut [u8], layout: &'a Layout) -> Vec<Band<'a>> {
    if layout.len() == 0 {
        return Vec::new();
    }
    let (luma, chroma) = bytes.split_at_mut(layout.luma_len());
    let (first, second) = chroma.split_at_mut(layout.chroma_len());
    let chroma_chunk = BAND_ROWS * layout.chroma_stride;
    let mut second = second.chunks_mut(chroma_chunk);
    luma.chunks_mut(2 * BAND_ROWS * layout.luma_stride)
        .zip(first.chunks_mut(chroma_chunk))
        .enumerate()
        .map(|(i, (luma, first))| Band {
            layout,
            first_row: (i * BAND_ROWS) as u32,
            luma,
            chroma: [first, second.next().unwrap_or_default()],
        })
        .collect()
}

impl Band<'_> {
    /// Gives every sample of the band, padding included, the colour.
    pub(super) fn cover(&mut self, [y, u, v]: [u8; 3]) {
        self.luma.fill(y);
        let [first, second] = &mut self.chroma;
        match self.layout.format {
            PixelFormat::I420 => {
                first.fill(u);
                second.fill(v);
            }
            PixelFormat::Nv12 => fill_pairs(first, u, v),
        }
    }

    /// Gives every sample of the region in this band the colour.
    pub(super) fn fill(&mut self, region: &Region, [y, u, v]: [u8; 3]) {
        self.paint(region, [u, v], |_| (), |(), columns, line| line[columns].fill(y));
    }

    /// Replaces the region in this band by its cells as they are, without colour.
    pub(super) fn pixelate(&mut self, region: &Region, cells: &Cells) {
        self.paint(
            region,
            [128, 128],
            |y| cells.flat_row(y),
            |row, columns, line| cells.paint_flat(row, columns, line),
        );
    }

    /// Replaces the region in this band by its smoothed cells, without colour.
    pub(super) fn blur(&mut self, region: &Region, cells: &Cells) {
        self.paint(
            region,
            [128, 128],
            |y| cells.smooth_row(y),
            |row, columns, line| cells.paint_smooth(row, columns, line),
        );
    }

    /// Writes chroma `[u, v]` into every pair of the region in this band, and luma by `write`, which gets what
    /// `prepare` made of the luma row, the columns to write, and the row from column 0.
    fn paint<T>(
        &mut self,
        region: &Region,
        [u, v]: [u8; 2],
        prepare: impl Fn(u32) -> T,
        write: impl Fn(&T, std::ops::Range<usize>, &mut [u8]),
    ) {
        let (width, height) = (self.layout.size.width as usize, self.layout.size.height);
        let (luma_stride, chroma_stride) = (self.layout.luma_stride, self.layout.chroma_stride);
        let rows = self.first_row..self.first_row + (self.luma.len() / (2 * luma_stride)) as u32;
        let rows = rows.start.max(region.bounds.y0 / 2)..rows.end.min(region.bounds.y1.div_ceil(2));
        for row in rows {
            let spans = region.row(row);
            let at = (row - self.first_row) as usize;
            for (y, line) in
                (2 * row..height).zip(self.luma[2 * at * luma_stride..].chunks_mut(luma_stride)).take(2)
            {
                let prepared = prepare(y);
                for span in spans {
                    write(&prepared, span.columns(width), line);
                }
            }
            let chroma = at * chroma_stride..(at + 1) * chroma_stride;
            let [first, second] = &mut self.chroma;
            for span in spans {
                let pairs = span.pairs();
                match self.layout.format {
                    PixelFormat::I420 => {
                        first[chroma.clone()][pairs.clone()].fill(u);
                        second[chroma.clone()][pairs].fill(v);
                    }
                    PixelFormat::Nv12 => {
                        fill_pairs(&mut first[chroma.clone()][2 * pairs.start..2 * pairs.end], u, v);
                    }
                }
            }
        }
    }

    /// Overwrites all padding. Buffers are used again, so it may hold pixels of an earlier raw frame; and the
    /// encoder, which pads an odd size to an even one, may show the first column and row of it. These repeat the
    /// last redacted column and row; the rest is zero.
    pub(super) fn seal_padding(&mut self) {
        let (width, height) = (self.layout.size.width as usize, self.layout.size.height);
        let even_width = width.next_multiple_of(2);
        for line in self.luma.chunks_mut(self.layout.luma_stride) {
            line[width..].fill(0);
            let last = line[width - 1];
            line[width..even_width].fill(last);
        }
        let used = match self.layout.format {
            PixelFormat::I420 => even_width / 2,
            PixelFormat::Nv12 => even_width,
        };
        for line in self.chroma.iter_mut().flat_map(|c| c.chunks_mut(self.layout.chroma_stride)) {
            line[used..].fill(0);
        }
        // The row below an odd height belongs to the last pair, and so to the band that ends with it.
        let below = (height - 2 * self.first_row) as usize * self.layout.luma_stride;
        if height % 2 == 1 && below < self.luma.len() {
            let (shown, padding) = self.luma.split_at_mut(below);
            padding.copy_from_slice(&shown[below - self.layout.luma_stride..]);
        }
    }
}

fn fill_pairs(samples: &mut [u8], u: u8, v: u8) {
    if u == v {
        samples.fill(u);
    } else {
        for pair in samples.chunks_exact_mut(2) {
            pair.copy_from_slice(&[u, v]);
        }
    }
}
