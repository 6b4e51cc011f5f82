//! Copies of a picture that a network may see better: mirrored, and turned for cameras that look straight down.
//!
//! A network was trained on people who stand upright. From above they lie in any direction; and every network finds
//! some people in the mirror that it misses on the street. Copies are made of the small planes that go into the
//! network, never of the frame.

use super::letterbox::InputBox;
use crate::geometry::FrameSize;

/// How a copy is made of an upright picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// As it is.
    Upright,
    /// Left and right exchanged.
    Mirrored,
    /// Turned clockwise by a quarter.
    Quarter,
    /// Turned by a half.
    Half,
    /// Turned clockwise by three quarters.
    ThreeQuarters,
}

impl View {
    /// The copies to look at, the upright one first.
    pub(super) fn all(mirrored: bool, rotated: bool) -> Vec<Self> {
        let mut views = vec![Self::Upright];
        if mirrored {
            views.push(Self::Mirrored);
        }
        if rotated {
            views.extend([Self::Quarter, Self::Half, Self::ThreeQuarters]);
        }
        views
    }

    /// Size of the copy of a picture, and of a picture of which the copy has that size.
    pub(super) fn turned(self, size: FrameSize) -> FrameSize {
        match self {
            Self::Upright | Self::Mirrored | Self::Half => size,
            Self::Quarter | Self::ThreeQuarters => FrameSize { width: size.height, height: size.width },
        }
    }

    /// Where the sample at (`x`, `y`) of the copy comes from; `upright` is the picture's size.
    fn source(self, upright: FrameSize, x: usize, y: usize) -> (usize, usize) {
        let (right, bottom) = (upright.width as usize - 1, upright.height as usize - 1);
        match self {
            Self::Upright => (x, y),
            Self::Mirrored => (right - x, y),
            Self::Quarter => (y, bottom - x),
            Self::Half => (right - x, bottom - y),
            Self::ThreeQuarters => (right - y, x),
        }
    }

    /// Makes the copy of one plane of samples of `N` bytes into `out`; nothing to do for the upright one.
    pub(super) fn copy<const N: usize>(self, plane: &[u8], upright: FrameSize, out: &mut Vec<u8>) {
        let (samples, _) = plane.as_chunks::<N>();
        let size = self.turned(upright);
        out.clear();
        out.reserve(plane.len());
        for y in 0..size.height as usize {
            for x in 0..size.width as usize {
                let (sx, sy) = self.source(upright, x, y);
                out.extend_from_slice(&samples[sy * upright.width as usize + sx]);
            }
        }
    }

    /// The box of the copy in the upright picture. Exact: each coordinate is kept or taken off a side.
    pub(super) fn upright_from_copy(self, area: &InputBox, upright: FrameSize) -> InputBox {
        let (w, h) = (upright.width as f32, upright.height as f32);
        let InputBox { x0, y0, x1, y1 } = *area;
        match self {
            Self::Upright => *area,
            Self::Mirrored => InputBox { x0: w - x1, y0, x1: w - x0, y1 },
            Self::Quarter => InputBox { x0: y0, y0: h - x1, x1: y1, y1: h - x0 },
            Self::Half => InputBox { x0: w - x1, y0: h - y1, x1: w - x0, y1: h - y0 },
            Self::ThreeQuarters => InputBox { x0: w - y1, y0: x0, x1: w - y0, y1: x1 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [View; 5] = [View::Upright, View::Mirrored, View::Quarter, View::Half, View::ThreeQuarters];

    #[test]
    fn copies_are_what_they_are_called() {
        let upright = FrameSize { width: 3, height: 2 };
        let check = |view: View, expect: &[u8; 6]| {
            let mut out = vec![9];
            view.copy::<1>(b"abcdef", upright, &mut out);
            assert_eq!(out, expect, "{view:?}");
        };
        check(View::Upright, b"abcdef");
        check(View::Mirrored, b"cbafed");
        check(View::Quarter, b"daebfc");
        check(View::Half, b"fedcba");
        check(View::ThreeQuarters, b"cfbead");
        let mut pairs = Vec::new();
        View::Mirrored.copy::<2>(b"aAbBcC", FrameSize { width: 3, height: 1 }, &mut pairs);
        assert_eq!(pairs, b"cCbBaA");
    }

    #[test]
    fn the_upright_one_is_always_looked_at_first() {
        assert_eq!(View::all(false, false), [View::Upright]);
        assert_eq!(View::all(true, false), [View::Upright, View::Mirrored]);
        assert_eq!(View::all(true, true), ALL);
        assert_eq!(View::all(false, true)[0], View::Upright);
    }

    proptest! {
        /// A block of samples lies in the copy where the way back says that it came from.
        #[test]
        fn a_box_comes_back_to_its_samples(
            width in 1u32..40, height in 1u32..40, x in 0.0f64..1.0, y in 0.0f64..1.0,
            across in 0.0f64..1.0, down in 0.0f64..1.0, which in 0usize..5,
        ) {
            let upright = FrameSize { width, height };
            let within = |share: f64, from: u32, to: u32| from + (share * f64::from(to - from)) as u32;
            let (x0, y0) = (within(x, 0, width - 1), within(y, 0, height - 1));
            let (x1, y1) = (within(across, x0 + 1, width), within(down, y0 + 1, height));
            let inside = |px: u32, py: u32| (x0..x1).contains(&px) && (y0..y1).contains(&py);
            let plane: Vec<u8> = (0..height)
                .flat_map(|py| (0..width).map(move |px| u8::from(inside(px, py))))
                .collect();
            let view = ALL[which];
            let mut copy = Vec::new();
            view.copy::<1>(&plane, upright, &mut copy);
            let size = view.turned(upright);
            let lit: Vec<(u32, u32)> = (0..size.height)
                .flat_map(|py| (0..size.width).map(move |px| (px, py)))
                .filter(|(px, py)| copy[(py * size.width + px) as usize] == 1)
                .collect();
            let low = |f: fn(&(u32, u32)) -> u32| lit.iter().map(f).min().expect("a block") as f32;
            let high = |f: fn(&(u32, u32)) -> u32| lit.iter().map(f).max().expect("a block") as f32 + 1.0;
            let found =
                InputBox { x0: low(|p| p.0), y0: low(|p| p.1), x1: high(|p| p.0), y1: high(|p| p.1) };
            let expect = InputBox { x0: x0 as f32, y0: y0 as f32, x1: x1 as f32, y1: y1 as f32 };
            prop_assert_eq!(view.upright_from_copy(&found, upright), expect);
        }

        /// A quarter and three quarters undo each other, the others undo themselves: also beyond the edges.
        #[test]
        fn there_and_back_is_the_same_box(
            width in 1u32..2000, height in 1u32..2000, x in -500i32..2500, y in -500i32..2500,
            w in 1i32..900, h in 1i32..900, which in 0usize..5,
        ) {
            let upright = FrameSize { width, height };
            let area = InputBox { x0: x as f32, y0: y as f32, x1: (x + w) as f32, y1: (y + h) as f32 };
            let view = ALL[which];
            let undo = match view {
                View::Quarter => View::ThreeQuarters,
                View::ThreeQuarters => View::Quarter,
                other => other,
            };
            let once = view.upright_from_copy(&area, upright);
            prop_assert!(once.x0 < once.x1 && once.y0 < once.y1);
            prop_assert_eq!(undo.upright_from_copy(&once, view.turned(upright)), area);
        }
    }
}
