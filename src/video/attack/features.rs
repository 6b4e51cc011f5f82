//! Statistics of a crop: the descriptors by which people were told from one another before there were networks.

use super::crop::{Crop, HEIGHT, WIDTH, span};

/// Stripes of a crop, from head to feet, that are described one by one (Gray and Tao, "Viewpoint Invariant Pedestrian
/// Recognition with an Ensemble of Localized Features", ECCV 2008).
const STRIPES: usize = 6;
/// Cells across and down that gradients and brightness are gathered in.
const CELLS: (usize, usize) = (3, 6);
/// Values of luma and chroma are counted in so many bins.
const BINS: usize = 12;
/// Directions of gradients, without sign.
const DIRECTIONS: usize = 8;
/// Classes of rotation-invariant uniform patterns of eight neighbours.
const PATTERNS: usize = 10;
/// Neighbours differ where they do so by more than this, grey levels: rounding is no texture.
const TEXTURE: f32 = 0.5;

/// The statistics of one crop, each a vector of its own length.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Features {
    /// Histograms of luma and both chromas in each stripe, as square roots.
    pub(super) colour: Vec<f32>,
    /// Mean and deviation of luma in each cell.
    pub(super) brightness: Vec<f32>,
    /// The crop itself, small, without its mean and contrast: its product with another is their normalised
    /// cross-correlation.
    pub(super) thumbnail: Vec<f32>,
    /// Histograms of gradient directions in each cell (Dalal and Triggs, CVPR 2005).
    pub(super) edges: Vec<f32>,
    /// Local binary patterns in each stripe (Ojala, Pietikainen, Maenpaa, IEEE Trans. PAMI 24, 2002).
    pub(super) texture: Vec<f32>,
}

impl Features {
    pub(super) fn of(crop: &Crop) -> Self {
        let luma = &crop.planes[0];
        Self {
            colour: crop.planes.iter().flat_map(|plane| histograms(plane)).collect(),
            brightness: brightness(luma),
            thumbnail: thumbnail(luma),
            edges: edges(luma),
            texture: texture(luma),
        }
    }
}

/// The samples of a cell of a plane.
fn cell(plane: &[f32], (x, y): (usize, usize), (across, down): (usize, usize)) -> impl Iterator<Item = f32> {
    let columns = span(x, across, WIDTH);
    span(y, down, HEIGHT).flat_map(move |row| columns.clone().map(move |column| plane[row * WIDTH + column]))
}

fn cells((across, down): (usize, usize)) -> impl Iterator<Item = (usize, usize)> {
    (0..down).flat_map(move |y| (0..across).map(move |x| (x, y)))
}

fn mean_and_deviation(values: impl Iterator<Item = f32>) -> (f32, f32) {
    let values: Vec<f32> = values.collect();
    let count = values.len().max(1) as f32;
    let mean = values.iter().sum::<f32>() / count;
    (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / count).sqrt())
}

fn histograms(plane: &[f32]) -> Vec<f32> {
    let of_stripe = |stripe| {
        let mut bins = [0.0f32; BINS];
        let mut count = 0.0;
        for value in cell(plane, (0, stripe), (1, STRIPES)) {
            bins[(value / 256.0 * BINS as f32) as usize % BINS] += 1.0;
            count += 1.0;
        }
        bins.map(|n| (n / count).sqrt())
    };
    (0..STRIPES).flat_map(of_stripe).collect()
}

fn brightness(luma: &[f32]) -> Vec<f32> {
    cells(CELLS)
        .flat_map(|at| {
            let (mean, deviation) = mean_and_deviation(cell(luma, at, CELLS));
            [mean, deviation]
        })
        .collect()
}

fn thumbnail(luma: &[f32]) -> Vec<f32> {
    let size = (WIDTH / 2, HEIGHT / 2);
    let small: Vec<f32> = cells(size).map(|at| mean_and_deviation(cell(luma, at, size)).0).collect();
    let (mean, deviation) = mean_and_deviation(small.iter().copied());
    // A plain surface has no contrast to be taken out, only rounding.
    let gain = if deviation < 1e-3 { 0.0 } else { 1.0 / deviation };
    small.into_iter().map(|v| (v - mean) * gain).collect()
}

fn edges(luma: &[f32]) -> Vec<f32> {
    let at = |x: usize, y: usize| luma[y.min(HEIGHT - 1) * WIDTH + x.min(WIDTH - 1)];
    let mut sums = vec![0.0f32; CELLS.0 * CELLS.1 * DIRECTIONS];
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let dx = at(x + 1, y) - at(x.saturating_sub(1), y);
            let dy = at(x, y + 1) - at(x, y.saturating_sub(1));
            let turn = dy.atan2(dx).rem_euclid(std::f32::consts::PI) / std::f32::consts::PI;
            let direction = (turn * DIRECTIONS as f32) as usize % DIRECTIONS;
            let cell = (y * CELLS.1 / HEIGHT) * CELLS.0 + x * CELLS.0 / WIDTH;
            sums[cell * DIRECTIONS + direction] += dx.hypot(dy);
        }
    }
    for cell in sums.chunks_mut(DIRECTIONS) {
        let length = cell.iter().map(|v| v * v).sum::<f32>().sqrt();
        cell.iter_mut().for_each(|v| *v /= length.max(1.0));
    }
    sums
}

fn texture(luma: &[f32]) -> Vec<f32> {
    const AROUND: [(isize, isize); 8] =
        [(-1, -1), (0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0)];
    let mut counts = vec![0.0f32; STRIPES * PATTERNS];
    for y in 1..HEIGHT - 1 {
        for x in 1..WIDTH - 1 {
            let centre = luma[y * WIDTH + x];
            let above = AROUND.map(|(dx, dy)| {
                luma[y.wrapping_add_signed(dy) * WIDTH + x.wrapping_add_signed(dx)] > centre + TEXTURE
            });
            let ones = above.iter().filter(|b| **b).count();
            let changes = (0..8).filter(|&i| above[i] != above[(i + 1) % 8]).count();
            let pattern = if changes <= 2 { ones } else { PATTERNS - 1 };
            counts[(y * STRIPES / HEIGHT) * PATTERNS + pattern] += 1.0;
        }
    }
    for stripe in counts.chunks_mut(PATTERNS) {
        let count = stripe.iter().sum::<f32>().max(1.0);
        stripe.iter_mut().for_each(|n| *n = (*n / count).sqrt());
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crop(luma: impl Fn(usize, usize) -> f32) -> Crop {
        let plane = (0..WIDTH * HEIGHT).map(|i| luma(i % WIDTH, i / WIDTH)).collect();
        Crop { planes: [plane, vec![128.0; WIDTH * HEIGHT], vec![128.0; WIDTH * HEIGHT]] }
    }

    #[test]
    fn each_statistic_sees_what_it_is_for() {
        let (dark, light) = (Features::of(&crop(|_, _| 30.0)), Features::of(&crop(|_, _| 200.0)));
        assert!(dark.colour != light.colour && dark.brightness != light.brightness);
        // Without contrast there is nothing else.
        assert_eq!((&dark.thumbnail, &dark.edges), (&light.thumbnail, &light.edges));
        assert_eq!(dark.texture, light.texture);
        let (across, down) = (
            Features::of(&crop(|x, _| if x % 6 < 3 { 60.0 } else { 90.0 })),
            Features::of(&crop(|_, y| if y % 6 < 3 { 60.0 } else { 90.0 })),
        );
        assert!(across.edges != down.edges && across.thumbnail != down.thumbnail);
        assert_ne!(across.texture, dark.texture);
    }
}
