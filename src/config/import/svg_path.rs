//! An SVG path as outlines that hold it: curves become corners on the outer side of them.

use super::shape::{around, crosses, keeps_its_corners};
use super::svg_place::Affine;

type Point = (f64, f64);

/// Pieces that a curve is cut into: so short that each bends to one side, and hardly.
const PIECES: usize = 8;

/// A closed outline of straight sides and short bends.
#[derive(Debug, Clone)]
pub(super) struct Outline {
    start: Point,
    sides: Vec<Side>,
}

/// A side to `end`; a bend has points between that hold it, where the tangents of its ends meet.
#[derive(Debug, Clone)]
struct Side {
    bend: Vec<Point>,
    end: Point,
}

impl From<Vec<Point>> for Outline {
    fn from(corners: Vec<Point>) -> Self {
        let mut corners = corners.into_iter();
        let start = corners.next().unwrap_or_default();
        Self { start, sides: corners.map(|end| Side { bend: Vec::new(), end }).collect() }
    }
}

impl Outline {
    /// Whether it has more than one side: a line encloses nothing.
    pub(super) fn encloses(&self) -> bool {
        self.sides.len() > 1 || self.bends()
    }

    /// Whether a side of it is a bend.
    pub(super) fn bends(&self) -> bool {
        self.sides.iter().any(|side| !side.bend.is_empty())
    }

    /// The same elsewhere. An affine map keeps what lies on which side.
    pub(super) fn moved(&self, by: &Affine) -> Self {
        let side =
            |side: &Side| Side { bend: side.bend.iter().map(|p| by.at(*p)).collect(), end: by.at(side.end) };
        Self { start: by.at(self.start), sides: self.sides.iter().map(side).collect() }
    }

    /// Its corners. Where a bend leans out of the region, the points that hold it; where it leans in, its ends alone.
    /// What crosses itself has no side that is surely inside: then the corners of the region without dents around all
    /// of it.
    pub(super) fn corners(&self) -> Vec<Point> {
        let ends: Vec<Point> = std::iter::once(self.start).chain(self.sides.iter().map(|s| s.end)).collect();
        if !self.bends() {
            return ends;
        }
        let all: Vec<Point> = std::iter::once(self.start)
            .chain(self.sides.iter().flat_map(|side| side.bend.iter().copied().chain([side.end])))
            .collect();
        if !keeps_its_corners(&ends) || crosses(&all) {
            return around(&all);
        }
        let next = ends.iter().zip(ends.iter().cycle().skip(1));
        let twice_area: f64 = next.map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum();
        let mut corners = vec![self.start];
        for (from, side) in ends.iter().zip(&self.sides) {
            let leans_out = |p: &&Point| {
                let turn = (side.end.0 - from.0) * (p.1 - from.1) - (side.end.1 - from.1) * (p.0 - from.0);
                turn * twice_area <= 0.0
            };
            corners.extend(side.bend.iter().filter(leans_out));
            corners.push(side.end);
        }
        corners
    }
}

/// The outlines of a path, each closed; `None` where it cannot be read. What was drawn before a fault is not taken
/// over: it is not what was meant.
pub(super) fn outlines(d: &str) -> Option<Vec<Outline>> {
    let mut scan = Scan { rest: d };
    let mut found: Vec<Outline> = Vec::new();
    let mut pen = Pen::default();
    let mut command = None;
    loop {
        scan.skip_space();
        if scan.rest.is_empty() {
            break;
        }
        let letter = match scan.letter() {
            Some(letter) => letter,
            // More numbers repeat the command; after a move they are lines.
            None => match command? {
                'M' => 'L',
                'm' => 'l',
                'Z' | 'z' => return None,
                other => other,
            },
        };
        command = Some(letter);
        if letter.eq_ignore_ascii_case(&'m') {
            found.extend(pen.lift());
            pen.start(scan.point(pen.base(letter))?);
        } else {
            pen.draw(letter, &mut scan)?;
        }
    }
    found.extend(pen.lift());
    Some(found)
}

/// What is being drawn.
#[derive(Debug, Default)]
struct Pen {
    outline: Option<Outline>,
    at: Point,
    /// The last control point of a cubic, and of a quadratic curve, for those that go on smoothly.
    cubic: Option<Point>,
    quadratic: Option<Point>,
}

impl Pen {
    fn start(&mut self, at: Point) {
        *self = Self {
            outline: Some(Outline { start: at, sides: Vec::new() }),
            at,
            cubic: None,
            quadratic: None,
        };
    }

    fn lift(&mut self) -> Option<Outline> {
        self.outline.take().filter(|outline| !outline.sides.is_empty())
    }

    /// What coordinates of a command count from: small letters from where the pen is.
    fn base(&self, letter: char) -> Point {
        if letter.is_ascii_lowercase() { self.at } else { (0.0, 0.0) }
    }

    fn to(&mut self, bend: Vec<Point>, end: Point) -> Option<()> {
        // After a close the path goes on where that outline began.
        let at = self.at;
        let outline = self.outline.as_mut()?;
        if outline.sides.is_empty() {
            outline.start = at;
        }
        outline.sides.push(Side { bend, end });
        self.at = end;
        Some(())
    }

    fn draw(&mut self, letter: char, scan: &mut Scan<'_>) -> Option<()> {
        let base = self.base(letter);
        let (cubic, quadratic) = (self.cubic.take(), self.quadratic.take());
        let mirrored = |control: Option<Point>, at: Point| {
            control.map_or(at, |control| (2.0 * at.0 - control.0, 2.0 * at.1 - control.1))
        };
        match letter.to_ascii_uppercase() {
            'L' => {
                let end = scan.point(base)?;
                self.to(Vec::new(), end)
            }
            'H' => {
                let end = (base.0 + scan.number()?, self.at.1);
                self.to(Vec::new(), end)
            }
            'V' => {
                let end = (self.at.0, base.1 + scan.number()?);
                self.to(Vec::new(), end)
            }
            'C' | 'S' => {
                let first = match letter {
                    'C' | 'c' => scan.point(base)?,
                    _ => mirrored(cubic, self.at),
                };
                let (second, end) = (scan.point(base)?, scan.point(base)?);
                self.cubic = Some(second);
                self.curve([self.at, first, second, end])
            }
            'Q' | 'T' => {
                let control = match letter {
                    'Q' | 'q' => scan.point(base)?,
                    _ => mirrored(quadratic, self.at),
                };
                let end = scan.point(base)?;
                self.quadratic = Some(control);
                // As a cubic curve.
                let third = |p: Point| (p.0 + (control.0 - p.0) / 1.5, p.1 + (control.1 - p.1) / 1.5);
                self.curve([self.at, third(self.at), third(end), end])
            }
            'A' => {
                let half = (scan.number()?.abs(), scan.number()?.abs());
                let (degrees, large, sweep) = (scan.number()?, scan.flag()?, scan.flag()?);
                let end = scan.point(base)?;
                self.arc(half, degrees, (large, sweep), end)
            }
            'Z' => {
                let outline = self.outline.as_ref()?;
                let start = outline.start;
                if !outline.sides.is_empty() {
                    self.to(Vec::new(), start)?;
                }
                Some(())
            }
            _ => None,
        }
    }

    /// A cubic curve, cut into pieces (de Casteljau).
    fn curve(&mut self, mut rest: [Point; 4]) -> Option<()> {
        for left in (1..=PIECES).rev() {
            let t = 1.0 / left as f64;
            let mix = |a: Point, b: Point| (a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1));
            let [p, q, r, s] = rest;
            let (pq, qr, rs) = (mix(p, q), mix(q, r), mix(r, s));
            let (pqr, qrs) = (mix(pq, qr), mix(qr, rs));
            let middle = mix(pqr, qrs);
            self.to(vec![pq, pqr], middle)?;
            rest = [middle, qrs, rs, s];
        }
        Some(())
    }

    /// An elliptical arc, as in appendix F.6 of SVG 1.1.
    fn arc(&mut self, half: Point, degrees: f64, (large, sweep): (bool, bool), end: Point) -> Option<()> {
        let from = self.at;
        if half.0 == 0.0 || half.1 == 0.0 || from == end {
            return self.to(Vec::new(), end);
        }
        let (sin, cos) = degrees.to_radians().sin_cos();
        // In units of the half axes the ellipse is a circle.
        let inward = |p: Point| ((p.0 * cos + p.1 * sin) / half.0, (p.1 * cos - p.0 * sin) / half.1);
        let (a, b) = (inward(from), inward(end));
        let (middle, reach) =
            (((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0), ((b.0 - a.0) / 2.0, (b.1 - a.1) / 2.0));
        let span = reach.0.hypot(reach.1);
        // Half axes that are too short are made just long enough.
        let radius = span.max(1.0);
        let aside =
            (radius * radius - span * span).max(0.0).sqrt() / span * if large == sweep { -1.0 } else { 1.0 };
        let centre = (middle.0 - aside * reach.1, middle.1 + aside * reach.0);
        let angle = |p: Point| (p.1 - centre.1).atan2(p.0 - centre.0);
        let first = angle(a);
        let full = std::f64::consts::TAU;
        let turn = match (angle(b) - first).rem_euclid(full) {
            turn if sweep => turn,
            turn => turn - full,
        };
        let outward = |angle: f64, out: f64| {
            let p = (centre.0 + out * radius * angle.cos(), centre.1 + out * radius * angle.sin());
            let (x, y) = (p.0 * half.0, p.1 * half.1);
            (x * cos - y * sin, x * sin + y * cos)
        };
        let step = turn / PIECES as f64;
        for piece in 0..PIECES {
            let at = first + step * piece as f64;
            let next = if piece + 1 == PIECES { end } else { outward(at + step, 1.0) };
            // Where the tangents of both ends meet.
            self.to(vec![outward(at + step / 2.0, 1.0 / (step / 2.0).cos())], next)?;
        }
        Some(())
    }
}

/// The text of a path.
struct Scan<'d> {
    rest: &'d str,
}

impl Scan<'_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', ',', '\t', '\r', '\n']);
    }

    fn letter(&mut self) -> Option<char> {
        let letter = self.rest.chars().next().filter(char::is_ascii_alphabetic)?;
        self.rest = &self.rest[1..];
        Some(letter)
    }

    /// A number, which ends where it can go on no longer: `1.5.5` are two.
    fn number(&mut self) -> Option<f64> {
        self.skip_space();
        let bytes = self.rest.as_bytes();
        let (mut end, mut point, mut exponent) = (0, false, false);
        while let Some(byte) = bytes.get(end) {
            let after_exponent = end > 0 && matches!(bytes[end - 1], b'e' | b'E');
            match byte {
                b'0'..=b'9' => {}
                b'+' | b'-' if end == 0 || after_exponent => {}
                b'.' if !point && !exponent => point = true,
                b'e' | b'E' if !exponent && end > 0 => exponent = true,
                _ => break,
            }
            end += 1;
        }
        let number = self.rest[..end].parse().ok().filter(|v: &f64| v.is_finite())?;
        self.rest = &self.rest[end..];
        Some(number)
    }

    /// One digit, which may stand right before the next number.
    fn flag(&mut self) -> Option<bool> {
        self.skip_space();
        let flag = match self.rest.as_bytes().first()? {
            b'0' => false,
            b'1' => true,
            _ => return None,
        };
        self.rest = &self.rest[1..];
        Some(flag)
    }

    fn point(&mut self, base: Point) -> Option<Point> {
        Some((base.0 + self.number()?, base.1 + self.number()?))
    }
}
