//! Bitmaps by their runs, of which only the rectangle around the set pixels is kept: a mask becomes that.

use super::shape::around_pixels;
use crate::geometry::FrameSize;

/// In which order the pixels of a bitmap follow one another.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    /// Along the rows.
    Rows,
    /// Down the columns.
    Columns,
}

/// The rectangle around what is set so far.
#[derive(Debug)]
pub(super) struct Extent {
    size: FrameSize,
    order: Order,
    /// First and last set column and row.
    found: Option<[u64; 4]>,
}

impl Extent {
    pub(super) fn new(size: FrameSize, order: Order) -> Self {
        Self { size, order, found: None }
    }

    /// The pixels from the first to the last one are set.
    pub(super) fn set(&mut self, first: u64, last: u64) {
        let length = u64::from(match self.order {
            Order::Rows => self.size.width,
            Order::Columns => self.size.height,
        });
        let (lines, places) = ((first / length, last / length), (first % length, last % length));
        // A run over the end of a line holds that end and the beginning of the next.
        let places = if lines.0 == lines.1 { places } else { (0, length - 1) };
        let [left, top, right, bottom] = match self.order {
            Order::Rows => [places.0, lines.0, places.1, lines.1],
            Order::Columns => [lines.0, places.0, lines.1, places.1],
        };
        let known = self.found.unwrap_or([left, top, right, bottom]);
        self.found = Some([known[0].min(left), known[1].min(top), known[2].max(right), known[3].max(bottom)]);
    }

    /// Its corners; none where nothing is set.
    pub(super) fn corners(&self) -> Vec<(f64, f64)> {
        self.found.map_or_else(Vec::new, |found| {
            let [left, top, right, bottom] = found.map(|v| v as f64);
            around_pixels((left, top), (right, bottom))
        })
    }
}

/// The rectangle around what runs set, which are unset and set by turns, beginning with unset. None where they do not
/// make up the whole bitmap.
pub(super) fn extent_of_counts(counts: &[u64], size: FrameSize) -> Option<Extent> {
    let mut extent = Extent::new(size, Order::Columns);
    let mut at = 0u64;
    for (turn, count) in counts.iter().enumerate() {
        let end = at.checked_add(*count).filter(|end| *end <= pixels(size))?;
        if turn % 2 == 1 && *count > 0 {
            extent.set(at, end - 1);
        }
        at = end;
    }
    (at == pixels(size)).then_some(extent)
}

/// COCO's compressed runs: numbers of five bits a letter, the lowest first, from the third on as differences to the one
/// before the last.
pub(super) fn counts_of_text(text: &str) -> Option<Vec<u64>> {
    let mut counts: Vec<i64> = Vec::new();
    let mut letters = text.bytes().peekable();
    while letters.peek().is_some() {
        let (mut value, mut shift) = (0i64, 0u32);
        loop {
            let bits = i64::from(letters.next()?.checked_sub(48).filter(|bits| *bits < 64)?);
            // 16384 squared has 28 bits; more than seven letters are no count.
            if shift > 30 {
                return None;
            }
            value |= (bits & 0x1f) << shift;
            shift += 5;
            if bits & 0x20 == 0 {
                if bits & 0x10 != 0 {
                    value |= -1 << shift;
                }
                break;
            }
        }
        if counts.len() > 2 {
            value += counts[counts.len() - 2];
        }
        counts.push(value);
    }
    counts.into_iter().map(|count| u64::try_from(count).ok()).collect()
}

/// The rectangle around what a brush of Label Studio painted: its alpha, of red, green, blue and alpha in bytes,
/// packed by `@thi.ng/rle-pack`. None where the bytes are no picture of this size.
pub(super) fn extent_of_brush(bytes: &[u8], size: FrameSize) -> Option<Extent> {
    let mut bits = Bits { bytes, at: 0 };
    let all = 4 * pixels(size);
    if bits.read(32)? != all {
        return None;
    }
    let word = bits.read(5)? + 1;
    let mut lengths = [0; 4];
    for length in &mut lengths {
        *length = bits.read(4)? + 1;
    }
    let mut extent = Extent::new(size, Order::Rows);
    let mut at = 0;
    while at < all {
        let is_run = bits.read(1)? == 1;
        let length = lengths[usize::try_from(bits.read(2)?).ok()?];
        let end = at + bits.read(length)? + 1;
        if end > all {
            return None;
        }
        // A run is one value many times, anything else each value once.
        let step = if is_run { end - at } else { 1 };
        while at < end {
            let value = bits.read(word)?;
            // Every fourth byte is alpha.
            let (first, past) = ((at + 4) / 4, (at + step) / 4);
            if value != 0 && past >= first {
                extent.set(first - 1, past - 1);
            }
            at += step;
        }
    }
    Some(extent)
}

fn pixels(size: FrameSize) -> u64 {
    u64::from(size.width) * u64::from(size.height)
}

/// Bits of bytes, the highest first.
struct Bits<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Bits<'_> {
    fn read(&mut self, count: u64) -> Option<u64> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            value = (value << 1) | u64::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: FrameSize = FrameSize { width: 5, height: 4 };

    #[test]
    fn runs_down_the_columns_find_their_rectangle() {
        // Columns 1 and 2, rows 1 and 2.
        let corners = |counts: &[u64]| extent_of_counts(counts, SIZE).map(|extent| extent.corners());
        assert_eq!(corners(&[5, 2, 2, 2, 9]), Some(vec![(1.0, 1.0), (3.0, 1.0), (3.0, 3.0), (1.0, 3.0)]));
        // Over the end of a column.
        assert_eq!(corners(&[7, 2, 11]), Some(vec![(1.0, 0.0), (3.0, 0.0), (3.0, 4.0), (1.0, 4.0)]));
        assert_eq!(corners(&[20]), Some(Vec::new()));
        assert_eq!((corners(&[5, 2]), corners(&[5, 16]), corners(&[u64::MAX, 2])), (None, None, None));
    }

    #[test]
    fn compressed_counts_are_those_of_coco() {
        // As pycocotools writes them: `rleToString` of these counts.
        for (counts, text) in [
            (vec![5, 2, 2, 2, 9], "52207"),
            (vec![20], "d0"),
            (vec![0, 20], "0d0"),
            (vec![100, 40, 60, 39], "T3X1l1O"),
        ] {
            assert_eq!(counts_of_text(text), Some(counts), "{text}");
        }
        assert_eq!(
            (counts_of_text("d"), counts_of_text(" "), counts_of_text("oooooooooo0")),
            (None, None, None)
        );
    }

    /// Packs bytes as `rle-pack` does: words of 8 bits, lengths of 4, 8, 12 and 16 bits, all in runs.
    fn packed(runs: &[(u64, u8)]) -> Vec<u8> {
        let mut bits = String::new();
        let mut push = |value: u64, count: usize| bits += &format!("{value:0count$b}");
        push(runs.iter().map(|run| run.0).sum(), 32);
        push(7, 5);
        [3, 7, 11, 15].into_iter().for_each(|length| push(length, 4));
        for (count, value) in runs {
            push(1, 1);
            push(1, 2);
            push(count - 1, 8);
            push(u64::from(*value), 8);
        }
        let missing = bits.len().next_multiple_of(8) - bits.len();
        bits += &"0".repeat(missing);
        bits.as_bytes()
            .chunks(8)
            .map(|byte| byte.iter().fold(0, |value, bit| value << 1 | (bit - b'0')))
            .collect()
    }

    #[test]
    fn a_brush_counts_by_its_alpha() {
        // Pixels 6 to 8 of 20, in rows of five.
        let corners = |bytes: &[u8]| extent_of_brush(bytes, SIZE).map(|extent| extent.corners());
        let expect = Some(vec![(1.0, 1.0), (4.0, 1.0), (4.0, 2.0), (1.0, 2.0)]);
        assert_eq!(corners(&packed(&[(24, 0), (12, 255), (44, 0)])), expect);
        // Colour without alpha is nothing.
        assert_eq!(corners(&packed(&[(24, 0), (3, 255), (53, 0)])), Some(Vec::new()));
        assert_eq!(corners(&packed(&[(24, 0)])), None);
        assert_eq!(corners(&packed(&[(80, 0)])[..6]), None);
    }
}
