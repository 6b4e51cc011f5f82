//! Who of a gallery somebody is, and how often that is right.
//!
//! Ties count as the share of them that is right: whoever tells nothing is told with the probability of a guess,
//! exactly.

use super::features::Features;
use crate::config::Style;
use rayon::prelude::*;

/// What of a person is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Region {
    /// The whole mask of a person: clothing.
    Body,
    /// The middle of its top fifth.
    Head,
    /// The whole mask of a head whose body was not found.
    HeadAlone,
}

/// How those look who are to be recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shown {
    /// As filmed: says what the attack can do at best.
    Clear,
    /// As a mosaic in colour, as other programs pixelate: says what it can do against that.
    Mosaic,
    /// As a mosaic of so many grey cells across and down, whose mean and contrast are made constant: says what little
    /// is too much. What masks looked like once.
    Levelled(usize, usize),
    /// Under a mask.
    Masked(Style),
}

/// What they are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Gallery {
    /// Clear pictures.
    Clear,
    /// Pictures that went through the same.
    Same,
}

/// By what they are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Matcher {
    /// Histograms of luma and chroma.
    Colour,
    /// Luma of parts.
    Brightness,
    /// Cross-correlation.
    Thumbnail,
    /// Directions of edges.
    Edges,
    /// Local binary patterns.
    Texture,
    /// All of these together.
    All,
    /// All of these, by a linear classifier trained on the gallery.
    Trained,
    /// Width and height of the mask, and nothing else.
    Size,
}

impl Matcher {
    /// Those that look at what a mask shows.
    pub const OF_CONTENT: [Self; 7] = [
        Self::Colour,
        Self::Brightness,
        Self::Thumbnail,
        Self::Edges,
        Self::Texture,
        Self::All,
        Self::Trained,
    ];
}

/// One person of one clip, asked after.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trial {
    /// Who.
    pub identity: i64,
    /// What of them.
    pub region: Region,
    /// How they look.
    pub shown: Shown,
    /// What they are compared with.
    pub gallery: Gallery,
    /// By what.
    pub matcher: Matcher,
    /// How many people the gallery holds; a guess is right once in so many times.
    pub among: usize,
    /// In how many frames they were asked after.
    pub frames: usize,
    /// Share of these frames, each by itself, in which the answer is right, `0..=1`.
    pub right: f64,
    /// The same of one answer for all these frames together.
    pub right_pooled: f64,
}

/// The statistics of one person's crops, one vector each.
pub(super) struct Views {
    pub(super) gallery: Vec<Vec<f32>>,
    pub(super) queries: Vec<Vec<f32>>,
}

/// Share of right answers, frame by frame and pooled.
pub(super) type Score = (f64, f64);

/// Scores of each person among all, by one statistic, or by all of them.
pub(super) fn scores(matcher: Matcher, people: &[Described<'_>]) -> Vec<Score> {
    let of = |part: fn(&Features) -> &Vec<f32>| people.iter().map(|p| p.views(part)).collect::<Vec<_>>();
    match matcher {
        Matcher::Colour => nearest(&unit(of(|f| &f.colour))),
        Matcher::Brightness => nearest(&unit(of(|f| &f.brightness))),
        Matcher::Thumbnail => nearest(&unit(of(|f| &f.thumbnail))),
        Matcher::Edges => nearest(&unit(of(|f| &f.edges))),
        Matcher::Texture => nearest(&unit(of(|f| &f.texture))),
        Matcher::All => nearest(&together(people)),
        Matcher::Trained => trained(&together(people)),
        Matcher::Size => Vec::new(),
    }
}

/// One person's crops of one region, in the gallery and asked after.
pub(super) struct Described<'a> {
    pub(super) gallery: Vec<&'a Features>,
    pub(super) queries: Vec<&'a Features>,
}

impl Described<'_> {
    fn views(&self, part: fn(&Features) -> &Vec<f32>) -> Views {
        let all = |from: &[&Features]| from.iter().map(|f| part(f).clone()).collect();
        Views { gallery: all(&self.gallery), queries: all(&self.queries) }
    }
}

/// All statistics of a crop as one vector, each of the same weight.
fn together(people: &[Described<'_>]) -> Vec<Views> {
    let parts: [fn(&Features) -> &Vec<f32>; 5] =
        [|f| &f.colour, |f| &f.brightness, |f| &f.thumbnail, |f| &f.edges, |f| &f.texture];
    let mut whole: Vec<Views> = Vec::new();
    for part in parts {
        let units = unit(people.iter().map(|p| p.views(part)).collect());
        if whole.is_empty() {
            whole = units;
            continue;
        }
        for (whole, unit) in whole.iter_mut().zip(units) {
            let join = |(all, new): (&mut Vec<f32>, Vec<f32>)| all.extend(new);
            whole.gallery.iter_mut().zip(unit.gallery).for_each(join);
            whole.queries.iter_mut().zip(unit.queries).for_each(join);
        }
    }
    whole
}

/// Standardised, and each vector of length 1: two are compared by their cosine.
fn unit(people: Vec<Views>) -> Vec<Views> {
    let mut people = standardised(people);
    for vector in people.iter_mut().flat_map(|p| p.gallery.iter_mut().chain(&mut p.queries)) {
        let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
        vector.iter_mut().for_each(|v| *v /= length.max(1e-6));
    }
    people
}

/// Each number in deviations from its mean, over the gallery and over those asked after by itself: what masking does
/// to all of them alike goes.
pub(super) fn standardised(mut people: Vec<Views>) -> Vec<Views> {
    standardise(&mut people.iter_mut().flat_map(|p| &mut p.gallery).collect::<Vec<_>>());
    standardise(&mut people.iter_mut().flat_map(|p| &mut p.queries).collect::<Vec<_>>());
    people
}

fn standardise(vectors: &mut [&mut Vec<f32>]) {
    let count = vectors.len().max(1) as f32;
    for i in 0..vectors.first().map_or(0, |v| v.len()) {
        let mean = vectors.iter().map(|v| v[i]).sum::<f32>() / count;
        let deviation = (vectors.iter().map(|v| (v[i] - mean).powi(2)).sum::<f32>() / count).sqrt();
        // Below this it is rounding, not a difference.
        let gain = if deviation < 1e-4 { 0.0 } else { 1.0 / deviation };
        vectors.iter_mut().for_each(|v| v[i] = (v[i] - mean) * gain);
    }
}

/// By the nearest picture of each person, by the cosine of vectors of length 1. One without direction, as of a plain
/// surface, is as near to all.
fn nearest(people: &[Views]) -> Vec<Score> {
    by_closest(people, |a, b| a.iter().zip(b).map(|(a, b)| a * b).sum())
}

/// By the nearest picture of each person, by their distance.
pub(super) fn nearest_by_distance(people: &[Views]) -> Vec<Score> {
    by_closest(people, |a, b| -a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>())
}

fn by_closest(people: &[Views], closeness: impl Fn(&[f32], &[f32]) -> f32 + Sync) -> Vec<Score> {
    answers(people, |query| {
        let best = |p: &Views| p.gallery.iter().map(|g| closeness(query, g)).fold(f32::MIN, f32::max);
        people.iter().map(|p| f64::from(best(p))).collect()
    })
}

/// By regularised least squares on the labels of the gallery, one against all (Rifkin, Yeo, Poggio 2003).
fn trained(people: &[Views]) -> Vec<Score> {
    let all: Vec<(usize, &Vec<f32>)> =
        people.iter().enumerate().flat_map(|(who, p)| p.gallery.iter().map(move |g| (who, g))).collect();
    let product = |a: &[f32], b: &[f32]| f64::from(a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>());
    let mut kernel: Vec<Vec<f64>> =
        all.iter().map(|(_, a)| all.iter().map(|(_, b)| product(a, b)).collect()).collect();
    // A hundredth of the kernel's own scale for each sample of a person.
    let trace = (0..all.len()).map(|i| kernel[i][i]).sum::<f64>() / all.len().max(1) as f64;
    let ridge = (0.01 * all.len() as f64 / people.len().max(1) as f64 * trace).max(1e-3);
    (0..all.len()).for_each(|i| kernel[i][i] += ridge);
    let factor = cholesky(kernel);
    let share = |who: usize| people[who].gallery.len() as f64 / all.len() as f64;
    let weights: Vec<Vec<f64>> = (0..people.len())
        .map(|who| solved(&factor, all.iter().map(|(of, _)| f64::from(*of == who) - share(who)).collect()))
        .collect();
    answers(people, |query| {
        let near: Vec<f64> = all.iter().map(|(_, g)| product(query, g)).collect();
        weights.iter().map(|w| w.iter().zip(&near).map(|(w, k)| w * k).sum()).collect()
    })
}

/// The lower triangle whose product with its transpose is the matrix, which is positive definite.
fn cholesky(mut matrix: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    for row in 0..matrix.len() {
        let (above, from) = matrix.split_at_mut(row);
        let line = &mut from[0];
        for column in 0..row {
            let inner: f64 = (0..column).map(|k| line[k] * above[column][k]).sum();
            line[column] = (line[column] - inner) / above[column][column];
        }
        let inner: f64 = (0..row).map(|k| line[k] * line[k]).sum();
        line[row] = (line[row] - inner).max(1e-12).sqrt();
    }
    matrix
}

/// The solution of the system whose matrix has this factor.
fn solved(factor: &[Vec<f64>], mut values: Vec<f64>) -> Vec<f64> {
    for i in 0..values.len() {
        let inner: f64 = (0..i).map(|k| factor[i][k] * values[k]).sum();
        values[i] = (values[i] - inner) / factor[i][i];
    }
    for i in (0..values.len()).rev() {
        let inner: f64 = (i + 1..values.len()).map(|k| factor[k][i] * values[k]).sum();
        values[i] = (values[i] - inner) / factor[i][i];
    }
    values
}

/// Scores of each person, given how well a crop fits everybody of the gallery.
fn answers(people: &[Views], fits: impl Fn(&[f32]) -> Vec<f64> + Sync) -> Vec<Score> {
    let of_person = |(who, person): (usize, &Views)| {
        let all: Vec<Vec<f64>> = person.queries.iter().map(|query| fits(query)).collect();
        let right = all.iter().map(|fit| share_right(fit, who)).sum::<f64>() / all.len().max(1) as f64;
        let pooled: Vec<f64> = (0..people.len()).map(|i| all.iter().map(|fit| fit[i]).sum::<f64>()).collect();
        (right, share_right(&pooled, who))
    };
    people.par_iter().enumerate().map(of_person).collect()
}

/// Whether the one who fits best is the right one; of several who fit as well, the share of them that is.
fn share_right(fits: &[f64], who: usize) -> f64 {
    let best = fits.iter().copied().fold(f64::MIN, f64::max);
    let as_well = |fit: f64| best - fit <= 1e-6 * best.abs().max(1.0);
    if as_well(fits[who]) { 1.0 / fits.iter().filter(|fit| as_well(**fit)).count() as f64 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// People whose crops lie around a point each, so far out on an axis of its own.
    fn people(count: usize, apart: f32) -> Vec<Views> {
        let mut state = 1u64;
        let mut noise = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u64 << 24) as f32
        };
        let mut some = |who: usize| {
            let number = |i: usize| noise() + if i == who % 3 { apart } else { 0.0 };
            (0..3).map(number).collect::<Vec<f32>>()
        };
        let mut crops = |who| (0..20).map(|_| some(who)).collect();
        (0..count).map(|who| Views { gallery: crops(who), queries: crops(who) }).collect()
    }

    #[test]
    fn who_differs_is_told_and_who_does_not_is_guessed() {
        for told in [nearest, trained] {
            let apart = told(&unit(people(3, 8.0)));
            assert!(apart.iter().all(|(right, pooled)| *right > 0.8 && *pooled == 1.0), "{apart:?}");
            let alike = told(&unit(people(40, 0.0)));
            let right = alike.iter().map(|(right, _)| right).sum::<f64>() / 40.0;
            assert!((0.005..0.06).contains(&right), "{right}");
        }
    }

    #[test]
    fn those_who_are_all_the_same_are_guessed_exactly() {
        let same = || Views { gallery: vec![vec![7.0; 4]; 3], queries: vec![vec![9.0; 4]; 5] };
        for told in [nearest, trained] {
            for count in [2, 3, 8] {
                let people = unit((0..count).map(|_| same()).collect());
                let guess = 1.0 / count as f64;
                for (right, pooled) in told(&people) {
                    assert!((right - guess).abs() < 1e-12 && (pooled - guess).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn ties_count_by_halves() {
        assert_eq!(share_right(&[1.0, 1.0, 0.0], 0), 0.5);
        assert_eq!(share_right(&[1.0, 1.0, 0.0], 2), 0.0);
        assert_eq!(share_right(&[0.0, 3.0], 1), 1.0);
    }

    #[test]
    fn systems_are_solved() {
        let matrix = vec![vec![4.0, 2.0, 0.6], vec![2.0, 5.0, 1.0], vec![0.6, 1.0, 3.0]];
        let x = solved(&cholesky(matrix.clone()), vec![1.0, -2.0, 0.5]);
        for (row, b) in matrix.iter().zip([1.0, -2.0, 0.5]) {
            let product: f64 = row.iter().zip(&x).map(|(a, x)| a * x).sum();
            assert!((product - b).abs() < 1e-9);
        }
    }
}
