//! A region that staff want hidden because they saw what nobody else found: a box, and when it lies where.
//!
//! The eye of staff is the last witness, and it testifies one way only: a correction hides. There is no word, here or in
//! a corrections file, for one that shows. Which frames it concerns is decided generously: every frame that is on
//! screen at any moment of its time, both ends included, over all places that it has while the frame is on screen.

use crate::geometry::{BoxPx, FrameSize};
use crate::moment::ClipTime;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// How far from the picture's top left corner a box can lie, pixels: farther is a slip of the pen.
pub(super) const REACH_PX: RangeInclusive<f64> = -65_536.0..=65_536.0;
/// How long a side of a box can be, pixels.
pub(super) const SIDE_PX: RangeInclusive<f64> = 1.0..=65_536.0;

/// Where a box lies, pixels of the displayed picture: left, top, width and height, as they were written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) w: f64,
    pub(super) h: f64,
}

impl Place {
    /// A box by its left and top edge, its width and its height; `None` where a number is out of range.
    #[must_use]
    pub fn new([x, y, w, h]: [f64; 4]) -> Option<Self> {
        let sound = [x, y].iter().all(|v| REACH_PX.contains(v)) && [w, h].iter().all(|v| SIDE_PX.contains(v));
        sound.then_some(Self { x, y, w, h })
    }

    fn edges(self) -> Edges {
        Edges([self.x, self.y, self.x + self.w, self.y + self.h])
    }
}

impl fmt::Display for Place {
    /// As on the command line: `x,y,w,h`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{},{}", self.x, self.y, self.w, self.h)
    }
}

/// Left, top, right and bottom edge of a box.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Edges([f64; 4]);

impl Edges {
    /// On the straight way from one box to another, `share` of it done.
    fn between(self, to: Self, share: f64) -> Self {
        Self(std::array::from_fn(|i| self.0[i] + (to.0[i] - self.0[i]) * share))
    }

    /// The smallest box around both.
    fn and(self, other: Self) -> Self {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        Self([a.min(e), b.min(f), c.max(g), d.max(h)])
    }

    /// The same in single precision, never smaller.
    fn outward(self) -> BoxPx {
        let [x0, y0, x1, y1] = self.0;
        let low = |v: f64| if f64::from(v as f32) > v { (v as f32).next_down() } else { v as f32 };
        let high = |v: f64| -low(-v);
        BoxPx::new(low(x0), low(y0), high(x1), high(y1))
    }
}

/// A box at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Keyframe {
    /// When.
    pub at: ClipTime,
    /// Where.
    pub place: Place,
}

/// A region to hide, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Correction {
    course: Course,
}

#[derive(Debug, Clone, PartialEq)]
enum Course {
    /// In every frame.
    Throughout(Place),
    /// From the first moment to the last, on straight ways in between. At least one; their times grow, except that a
    /// box that stands still may do so for no time at all.
    Timed(Vec<Keyframe>),
}

/// Why words or boxes are no correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CorrectionFault {
    /// It ends before it begins.
    #[error("it ends before it begins")]
    Backwards,
    /// A box without a time among several.
    #[error("a box that moves has a box at its first time and one at its last")]
    OneMoment,
    /// Times do not grow.
    #[error("its times do not grow")]
    Unordered,
}

impl Correction {
    /// A box in every frame.
    #[must_use]
    pub fn throughout(place: Place) -> Self {
        Self { course: Course::Throughout(place) }
    }

    /// A box that stands still.
    ///
    /// # Errors
    /// [`CorrectionFault::Backwards`].
    pub fn still(from: ClipTime, to: ClipTime, place: Place) -> Result<Self, CorrectionFault> {
        if to < from {
            return Err(CorrectionFault::Backwards);
        }
        Ok(Self { course: Course::Timed(vec![Keyframe { at: from, place }, Keyframe { at: to, place }]) })
    }

    /// A box that moves in straight lines from keyframe to keyframe.
    ///
    /// # Errors
    /// [`CorrectionFault::OneMoment`] with fewer than two, [`CorrectionFault::Unordered`] where the times do not grow.
    pub fn moving(keyframes: Vec<Keyframe>) -> Result<Self, CorrectionFault> {
        if keyframes.len() < 2 {
            return Err(CorrectionFault::OneMoment);
        }
        if !keyframes.is_sorted_by(|a, b| a.at < b.at) {
            return Err(CorrectionFault::Unordered);
        }
        Ok(Self { course: Course::Timed(keyframes) })
    }

    /// First and last moment; `None` where it is in every frame.
    #[must_use]
    pub fn span(&self) -> Option<(ClipTime, ClipTime)> {
        match &self.course {
            Course::Throughout(_) => None,
            Course::Timed(keyframes) => keyframes.first().zip(keyframes.last()).map(|(a, b)| (a.at, b.at)),
        }
    }

    /// The boxes as they were written.
    pub fn places(&self) -> impl Iterator<Item = Place> {
        let (one, many) = match &self.course {
            Course::Throughout(place) => (Some(*place), [].as_slice()),
            Course::Timed(keyframes) => (None, keyframes.as_slice()),
        };
        one.into_iter().chain(many.iter().map(|keyframe| keyframe.place))
    }

    /// What it hides of a frame that is on screen from one moment to another (nanoseconds after the clip's first
    /// frame): one box around every place that it has in that time. `None` where its time does not touch that of the
    /// frame. Both ends belong to its time, each as the decimals of a player may round it.
    #[must_use]
    pub fn during(&self, from_ns: u64, to_ns: u64) -> Option<BoxPx> {
        let keyframes = match &self.course {
            Course::Throughout(place) => return Some(place.edges().outward()),
            Course::Timed(keyframes) => keyframes,
        };
        let (first, last) = (keyframes.first()?, keyframes.last()?);
        if to_ns < first.at.earliest_ns() || from_ns > last.at.latest_ns() {
            return None;
        }
        let within = |ns: u64| ns.clamp(first.at.nanoseconds(), last.at.nanoseconds());
        let (from_ns, to_ns) = (within(from_ns), within(to_ns));
        let start = keyframes.partition_point(|k| k.at.nanoseconds() < from_ns);
        let end = keyframes.partition_point(|k| k.at.nanoseconds() <= to_ns);
        let inside = keyframes.get(start..end).unwrap_or_default().iter();
        let ends = edges_at(keyframes, from_ns)?.and(edges_at(keyframes, to_ns)?);
        Some(inside.fold(ends, |hull, keyframe| hull.and(keyframe.place.edges())).outward())
    }

    /// A box of it that lies wholly outside a picture of this size: that hides nothing, so it was not meant. Where there
    /// is none, every place on the way touches the picture too.
    #[must_use]
    pub fn outside(&self, size: FrameSize) -> Option<Place> {
        let (width, height) = (f64::from(size.width), f64::from(size.height));
        self.places().find(|place| {
            let Edges([x0, y0, x1, y1]) = place.edges();
            x1 <= 0.0 || y1 <= 0.0 || x0 >= width || y0 >= height
        })
    }

    pub(super) fn keyframes(&self) -> &[Keyframe] {
        match &self.course {
            Course::Throughout(_) => &[],
            Course::Timed(keyframes) => keyframes,
        }
    }
}

/// Where the box is at a moment between the first and the last keyframe.
fn edges_at(keyframes: &[Keyframe], ns: u64) -> Option<Edges> {
    let next = keyframes.partition_point(|keyframe| keyframe.at.nanoseconds() < ns);
    let to = keyframes.get(next)?;
    let Some(from) = next.checked_sub(1).and_then(|before| keyframes.get(before)) else {
        return Some(to.place.edges());
    };
    let (start, end) = (from.at.nanoseconds(), to.at.nanoseconds());
    if ns == end {
        // Not interpolated: rounding must not make the box smaller than it was written.
        return Some(to.place.edges());
    }
    let share = (ns - start) as f64 / (end - start) as f64;
    Some(from.place.edges().between(to.place.edges(), share))
}

impl fmt::Display for Correction {
    /// As on the command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.course {
            Course::Throughout(place) => write!(f, "{place}"),
            Course::Timed(keyframes) => match keyframes.as_slice() {
                [from, to] if from.place == to.place => {
                    write!(f, "{}-{}@{}", seconds(from.at), seconds(to.at), from.place)
                }
                several => {
                    let words: Vec<_> =
                        several.iter().map(|k| format!("{}@{}", seconds(k.at), k.place)).collect();
                    f.write_str(&words.join(".."))
                }
            },
        }
    }
}

/// Seconds to the nanosecond, without zeros at the end.
pub(super) fn seconds(at: ClipTime) -> String {
    let ns = at.nanoseconds();
    let text = format!("{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Words that are no correction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{text}\" names no region to cover ({why}): write FROM-TO@x,y,w,h such as 12.4-14@100,50,40,80; for a region that \
     moves T@x,y,w,h at each time, joined by .. such as 12.4@100,50,40,80..14@150,50,40,80; or x,y,w,h alone for all of \
     the clip"
)]
pub struct NotACorrection {
    text: String,
    why: String,
}

impl FromStr for Correction {
    type Err = NotACorrection;

    /// `12.4-14@100,50,40,80`, `12.4@100,50,40,80..13@120,50,40,80..14@150,55,40,80` or `100,50,40,80`.
    fn from_str(text: &str) -> Result<Self, NotACorrection> {
        read(text).map_err(|why| NotACorrection { text: text.to_owned(), why })
    }
}

fn read(text: &str) -> Result<Correction, String> {
    // "80...13": a point too many would make half a minute of half a second.
    if text.contains("...") {
        return Err("three points in a row".into());
    }
    let time = |word: &str| word.parse::<ClipTime>().map_err(|_| format!("\"{word}\" is no time"));
    let parts: Vec<&str> = text.split("..").collect();
    match parts.as_slice() {
        [one] => match one.split_once('@') {
            None => Ok(Correction::throughout(read_place(one)?)),
            Some((times, place)) => {
                let (from, to) = times.split_once('-').ok_or("a beginning and an end are needed")?;
                Correction::still(time(from)?, time(to)?, read_place(place)?).map_err(|e| e.to_string())
            }
        },
        several => {
            let keyframe = |part: &&str| {
                let (at, place) = part.split_once('@').ok_or("each box needs its time")?;
                Ok(Keyframe { at: time(at)?, place: read_place(place)? })
            };
            let keyframes = several.iter().map(keyframe).collect::<Result<_, String>>()?;
            Correction::moving(keyframes).map_err(|e| e.to_string())
        }
    }
}

fn read_place(text: &str) -> Result<Place, String> {
    let numbers: Result<Vec<f64>, _> = text.split(',').map(str::parse).collect();
    let [x, y, w, h] =
        numbers.ok().and_then(|all| <[f64; 4]>::try_from(all).ok()).ok_or("a box is four numbers x,y,w,h")?;
    Place::new([x, y, w, h]).ok_or_else(|| {
        let ((_, far), (least, most)) =
            ((REACH_PX.start(), REACH_PX.end()), (SIDE_PX.start(), SIDE_PX.end()));
        format!("w and h run from {least} to {most} pixels, x and y from -{far} to {far}")
    })
}
