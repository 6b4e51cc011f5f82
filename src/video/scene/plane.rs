//! Small planes of numbers: scaling by area, 3x3 means and envelopes, quantiles by counting.
//!
//! A plane is a slice in rows without padding. Nothing here knows what the numbers mean.

use crate::geometry::FrameSize;

/// A plane's number of samples.
pub(super) fn len(size: FrameSize) -> usize {
    size.width as usize * size.height as usize
}

/// One of the target's samples along an axis: which source samples it covers, and how much of them.
struct Cover {
    first: usize,
    /// Source samples covered, at least one.
    count: usize,
    /// The share of the first and of the last that is covered; of a single sample the first alone counts, whole.
    head: f32,
    tail: f32,
    /// All that is covered, in source samples.
    all: f32,
}

impl Cover {
    fn along(from: u32, to: u32) -> Vec<Self> {
        let scale = f64::from(from) / f64::from(to);
        (0..to)
            .map(|i| {
                let (a, b) = (f64::from(i) * scale, f64::from(i + 1) * scale);
                let first = a.floor().min(f64::from(from - 1));
                // A hair beyond a sample's edge is a rounding error.
                let last = ((b - 1e-9).ceil() - 1.0).clamp(first, f64::from(from - 1));
                let count = (last - first) as usize + 1;
                let (head, tail, all) =
                    if count == 1 { (1.0, 0.0, 1.0) } else { (first + 1.0 - a, b - last, b - a) };
                Self { first: first as usize, count, head: head as f32, tail: tail as f32, all: all as f32 }
            })
            .collect()
    }

    /// Samples that are covered whole.
    fn between(&self) -> usize {
        self.count.saturating_sub(2)
    }
}

/// The weight in whole numbers of a sample that is covered whole: two bytes of this weight fit 16 bits.
const WHOLE: u16 = 128;

/// A [`Cover`] in whole numbers.
struct Weights {
    first: usize,
    count: usize,
    /// Of the first and of the last.
    head: u16,
    tail: u16,
    /// 1 divided by all of them.
    per: f64,
}

impl Weights {
    fn of(cover: &Cover) -> Self {
        let whole = f32::from(WHOLE);
        let (head, tail) = match cover.count {
            // Where less than one sample is covered, parts of two may both be next to nothing.
            2 => {
                let head = (whole * cover.head / cover.all).round() as u16;
                (head, WHOLE - head)
            }
            _ => ((whole * cover.head).round() as u16, (whole * cover.tail).round() as u16),
        };
        let between = f64::from(WHOLE) * cover.between() as f64;
        let per = 1.0 / (f64::from(head) + f64::from(tail) + between);
        Self { first: cover.first, count: cover.count, head, tail, per }
    }
}

/// Scales `C` interleaved channels of 8 bits to planes of `to`: each target sample is the mean over the area that it
/// covers, when enlarging as well. `stride` counts bytes from one row to the next.
///
/// Added up in whole numbers, which is several times as fast as in floating point. What is covered in part counts in
/// 128ths: exact for the usual sizes of frames.
pub(super) fn area<const C: usize>(
    data: &[u8],
    stride: usize,
    from: FrameSize,
    to: FrameSize,
) -> [Vec<f32>; C] {
    let row_len = from.width as usize * C;
    let mut sums = vec![0u32; row_len];
    let mut out: [Vec<f32>; C] = std::array::from_fn(|_| Vec::with_capacity(len(to)));
    let columns: Vec<_> = Cover::along(from.width, to.width).iter().map(Weights::of).collect();
    for rows in Cover::along(from.height, to.height).iter().map(Weights::of) {
        let data = &data[rows.first * stride..];
        let (blocks, rest) = sums.as_chunks_mut::<BLOCK>();
        let rest_at = blocks.len() * BLOCK;
        for (nth, sums) in blocks.iter_mut().enumerate() {
            add_rows(data, stride, nth * BLOCK, &rows, sums);
        }
        for (nth, sum) in rest.iter_mut().enumerate() {
            add_rows::<1>(data, stride, rest_at + nth, &rows, std::array::from_mut(sum));
        }
        let (sums, _) = sums.as_chunks::<C>();
        for cover in &columns {
            let covered = &sums[cover.first..cover.first + cover.count];
            let per = rows.per * cover.per;
            for (c, out) in out.iter_mut().enumerate() {
                let mut sum = u64::from(cover.head) * u64::from(covered[0][c]);
                if let [_, between @ .., last] = covered {
                    let between: u64 = between.iter().map(|sums| u64::from(sums[c])).sum();
                    sum += u64::from(cover.tail) * u64::from(last[c]) + u64::from(WHOLE) * between;
                }
                // Far below 2^63; from signed numbers the conversion is one instruction.
                out.push((sum as i64 as f64 * per) as f32);
            }
        }
    }
    out
}

/// Columns whose sums fit the processor's registers.
const BLOCK: usize = 32;

/// Weighed sums of `N` columns from `at` on, over the rows that are covered; `data` begins with the first of them.
fn add_rows<const N: usize>(data: &[u8], stride: usize, at: usize, rows: &Weights, sums: &mut [u32; N]) {
    /// So many bytes add up to what 16 bits hold.
    const MOST: usize = 257;
    let row = |nth: usize| &data[nth * stride + at..][..N];
    let mut part = [0u16; N];
    for ((sum, first), last) in part.iter_mut().zip(row(0)).zip(row(rows.count - 1)) {
        *sum = rows.head * u16::from(*first) + rows.tail * u16::from(*last);
    }
    *sums = part.map(u32::from);
    let last = rows.count - 1;
    for from in (1..last).step_by(MOST) {
        part.fill(0);
        for nth in from..last.min(from + MOST) {
            part.iter_mut().zip(row(nth)).for_each(|(sum, v)| *sum += u16::from(*v));
        }
        sums.iter_mut().zip(&part).for_each(|(sum, v)| *sum += u32::from(WHOLE) * u32::from(*v));
    }
}

/// [`area`] for one plane of numbers without padding.
pub(super) fn scaled(plane: &[f32], from: FrameSize, to: FrameSize) -> Vec<f32> {
    if from == to {
        return plane.to_vec();
    }
    let width = from.width as usize;
    let mut sums = vec![0.0f32; width];
    let mut out = Vec::with_capacity(len(to));
    let columns = Cover::along(from.width, to.width);
    for rows in Cover::along(from.height, to.height) {
        sums.fill(0.0);
        let mut add = |nth: usize, weight: f32| {
            let row = &plane[(rows.first + nth) * width..][..width];
            sums.iter_mut().zip(row).for_each(|(sum, v)| *sum += weight * v);
        };
        add(0, rows.head / rows.all);
        (1..=rows.between()).for_each(|nth| add(nth, 1.0 / rows.all));
        add(rows.count - 1, rows.tail / rows.all);
        for cover in &columns {
            let covered = &sums[cover.first..cover.first + cover.count];
            let within: f32 = covered.iter().skip(1).take(cover.between()).sum();
            let sum = cover.head * covered[0] + within + cover.tail * covered[cover.count - 1];
            out.push(sum / cover.all);
        }
    }
    out
}

/// Bilinear sampling at pixel centres, edges repeated: for enlarging, where [`area`] would leave the outlines of
/// the source's own pixels.
pub(super) fn enlarged(plane: &[f32], from: FrameSize, to: FrameSize) -> Vec<f32> {
    let place = |i: u32, from: u32, to: u32| {
        let at =
            ((f64::from(i) + 0.5) * f64::from(from) / f64::from(to) - 0.5).clamp(0.0, f64::from(from - 1));
        let first = at.floor();
        (first as usize, (first as usize + 1).min(from as usize - 1), (at - first) as f32)
    };
    let width = from.width as usize;
    let columns: Vec<_> = (0..to.width).map(|x| place(x, from.width, to.width)).collect();
    let mut out = Vec::with_capacity(len(to));
    for y in 0..to.height {
        let (top, bottom, down) = place(y, from.height, to.height);
        let (top, bottom) = (&plane[top * width..][..width], &plane[bottom * width..][..width]);
        out.extend(columns.iter().map(|&(left, right, across)| {
            let mix = |row: &[f32]| row[left] + (row[right] - row[left]) * across;
            mix(top) + (mix(bottom) - mix(top)) * down
        }));
    }
    out
}

/// The neighbour at a distance along an axis of `count` samples, mirrored at the ends without repeating the last.
pub(super) fn mirrored(at: isize, count: usize) -> usize {
    if count == 1 {
        return 0;
    }
    let period = 2 * (count as isize - 1);
    let at = at.rem_euclid(period);
    if at < count as isize { at as usize } else { (period - at) as usize }
}

/// Sums of three rows into `sums`: the row itself and its neighbours, mirrored at the edges.
fn sum_rows(plane: &[f32], size: FrameSize, row: usize, sums: &mut [f32]) {
    let width = size.width as usize;
    let at = |by: isize| {
        let row = mirrored(row as isize + by, size.height as usize);
        &plane[row * width..][..width]
    };
    let ((above, here), below) = ((at(-1), at(0)), at(1));
    for (((sum, a), b), c) in sums.iter_mut().zip(above).zip(here).zip(below) {
        *sum = a + b + c;
    }
}

/// Gives `each` every row's number and its sums over 3x3 samples, mirrored at the edges.
pub(super) fn sums_3x3(plane: &[f32], size: FrameSize, mut each: impl FnMut(usize, &[f32])) {
    let width = size.width as usize;
    let (mut down, mut both) = (vec![0.0f32; width], vec![0.0f32; width]);
    for row in 0..size.height as usize {
        sum_rows(plane, size, row, &mut down);
        for (sum, window) in both[1..].iter_mut().zip(down.windows(3)) {
            *sum = window[0] + window[1] + window[2];
        }
        for x in [0, width - 1] {
            let at = |by: isize| down[mirrored(x as isize + by, width)];
            both[x] = at(-1) + at(0) + at(1);
        }
        each(row, &both);
    }
}

/// Means over 3x3 samples, mirrored at the edges.
pub(super) fn mean_3x3(plane: &[f32], size: FrameSize) -> Vec<f32> {
    let mut out = Vec::with_capacity(len(size));
    sums_3x3(plane, size, |_, sums| out.extend(sums.iter().map(|sum| sum / 9.0)));
    out
}

/// Folds every sample with its neighbours up to `reach` away along both axes; what lies outside does not count.
pub(super) fn folded<T: Copy>(
    plane: &[T],
    size: FrameSize,
    reach: usize,
    fold: impl Fn(T, T) -> T,
) -> Vec<T> {
    let (width, height) = (size.width as usize, size.height as usize);
    let mut across = plane.to_vec();
    for (row, out) in plane.chunks_exact(width).zip(across.chunks_exact_mut(width)) {
        for by in 1..=reach.min(width - 1) {
            out[by..].iter_mut().zip(row).for_each(|(into, &value)| *into = fold(*into, value));
            out.iter_mut().zip(&row[by..]).for_each(|(into, &value)| *into = fold(*into, value));
        }
    }
    let mut out = across.clone();
    for row in 0..height {
        for other in row.saturating_sub(reach)..(row + reach + 1).min(height) {
            let from = &across[other * width..][..width];
            for (into, &value) in out[row * width..][..width].iter_mut().zip(from) {
                *into = fold(*into, value);
            }
        }
    }
    out
}

/// Counts of values in equal steps between two ends, for quantiles without sorting.
pub(super) struct Tally {
    counts: Vec<u32>,
    low: f32,
    steps_per_unit: f32,
}

/// Steps of a tally: fine enough that sixteenths of a grey level are told apart over +-64 of them.
const STEPS: usize = 2048;

impl Tally {
    /// For values between `low` and `high`; what lies beyond counts as the end.
    pub(super) fn new(low: f32, high: f32) -> Self {
        Self { counts: vec![0; STEPS], low, steps_per_unit: STEPS as f32 / (high - low) }
    }

    /// The value below which `share` of the values lie; the low end where there are none.
    pub(super) fn quantile(&mut self, values: impl Iterator<Item = f32>, share: f32) -> f32 {
        self.counts.fill(0);
        let mut total = 0u32;
        for value in values {
            // The conversion saturates, and what is not a number becomes 0.
            let step = ((value - self.low) * self.steps_per_unit) as i32;
            self.counts[step.clamp(0, STEPS as i32 - 1) as usize] += 1;
            total += 1;
        }
        let wanted = share * total as f32;
        let least = wanted.ceil() as u32;
        let mut below = 0u32;
        for (step, &count) in self.counts.iter().enumerate() {
            if below + count >= least && count > 0 {
                let rest = (wanted - below as f32) / count as f32;
                return self.low + (step as f32 + rest) / self.steps_per_unit;
            }
            below += count;
        }
        self.low
    }
}

/// The quantile of a short list, linear between its neighbours in rank; reorders the list. Zero for none.
pub(super) fn quantile_of(values: &mut [f32], share: f32) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let rank = share * (values.len() - 1) as f32;
    let (below, rest) = (rank.floor() as usize, rank.fract());
    let (_, &mut low, above) = values.select_nth_unstable_by(below, f32::total_cmp);
    let high = above.iter().copied().min_by(f32::total_cmp).unwrap_or(low);
    low + (high - low) * rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn size(width: u32, height: u32) -> FrameSize {
        FrameSize { width, height }
    }

    #[test]
    fn the_neighbour_beyond_an_edge_is_the_one_inside() {
        assert_eq!([-2, -1, 0, 3, 4, 5].map(|at| mirrored(at, 4)), [2, 1, 0, 3, 2, 1]);
        assert_eq!([-3, 0, 7].map(|at| mirrored(at, 1)), [0; 3]);
    }

    #[test]
    fn areas_are_weighted_by_what_they_cover() {
        let three = [0.0f32, 3.0, 6.0];
        // Two of three: the middle sample goes to both, half of it each.
        assert_eq!(scaled(&three, size(3, 1), size(2, 1)), [1.0, 5.0]);
        assert_eq!(scaled(&[1.0, 2.0], size(2, 1), size(4, 1)), [1.0, 1.0, 2.0, 2.0]);
        let [u, v] = area::<2>(&[1, 10, 3, 30, 99, 99], 6, size(2, 1), size(1, 1));
        assert_eq!((u, v), (vec![2.0], vec![20.0]));
    }

    #[test]
    fn folding_stays_inside() {
        let plane = [1.0f32, 5.0, 2.0, 0.0, 4.0, 3.0];
        assert_eq!(folded(&plane, size(3, 2), 1, f32::max), [5.0; 6]);
        assert_eq!(folded(&plane, size(6, 1), 1, f32::min), [1.0, 1.0, 0.0, 0.0, 0.0, 3.0]);
    }

    proptest! {
        #[test]
        fn scaling_keeps_the_mean(
            (w, h, plane) in (1u32..24, 1u32..24).prop_flat_map(|(w, h)| {
                (Just(w), Just(h), prop::collection::vec(0.0f32..255.0, (w * h) as usize))
            }),
            (tw, th) in (1u32..24, 1u32..24),
        ) {
            let mean = |plane: &[f32]| plane.iter().sum::<f32>() / plane.len() as f32;
            let out = scaled(&plane, size(w, h), size(tw, th));
            prop_assert_eq!(out.len(), (tw * th) as usize);
            prop_assert!((mean(&out) - mean(&plane)).abs() < 1e-2);
            let (low, high) = plane.iter().fold((f32::MAX, f32::MIN), |(l, h), &v| (l.min(v), h.max(v)));
            for plane in [out, enlarged(&plane, size(w, h), size(tw, th)), mean_3x3(&plane, size(w, h))] {
                prop_assert!(plane.iter().all(|v| (low - 1e-2..=high + 1e-2).contains(v)));
            }
        }

        #[test]
        fn whole_numbers_come_to_the_same(
            (w, h, bytes) in (1u32..40, 1u32..24).prop_flat_map(|(w, h)| {
                (Just(w), Just(h), prop::collection::vec(any::<u8>(), (w * h * 2) as usize))
            }),
            (tw, th) in (1u32..24, 1u32..24),
        ) {
            let planes = area::<2>(&bytes, w as usize * 2, size(w, h), size(tw, th));
            for (c, plane) in planes.iter().enumerate() {
                let alone: Vec<f32> = bytes.iter().skip(c).step_by(2).map(|v| f32::from(*v)).collect();
                let exact = scaled(&alone, size(w, h), size(tw, th));
                prop_assert_eq!(plane.len(), exact.len());
                // Half a 128th of the first and the last along each axis.
                prop_assert!(plane.iter().zip(&exact).all(|(a, b)| (a - b).abs() < 4.0), "{:?} {:?}", plane, exact);
            }
        }

        #[test]
        fn a_tally_knows_quantiles(mut values in prop::collection::vec(-60.0f32..60.0, 1..200), share in 0.05f32..0.95) {
            let counted = Tally::new(-64.0, 64.0).quantile(values.iter().copied(), share);
            let below = values.iter().filter(|v| **v < counted - 0.07).count() as f32;
            let up_to = values.iter().filter(|v| **v <= counted + 0.07).count() as f32;
            let wanted = share * values.len() as f32;
            prop_assert!(below <= wanted + 1e-3 && wanted <= up_to + 1e-3);
            let exact = quantile_of(&mut values, share);
            values.sort_unstable_by(f32::total_cmp);
            let rank = share * (values.len() - 1) as f32;
            prop_assert!(values[rank.floor() as usize] <= exact && exact <= values[rank.ceil() as usize]);
        }
    }
}
