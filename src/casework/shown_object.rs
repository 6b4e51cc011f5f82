//! A thing that is to be seen: the broken door, the dumped sofa. Where staff name it, masks over change that nobody
//! explained are lifted; never one over a person, a face or a private region.

use crate::geometry::{FrameSize, PxRect};
use crate::moment::ClipTime;
use std::fmt;
use std::str::FromStr;

/// Where a thing is to be seen, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShownObject {
    from: ClipTime,
    to: ClipTime,
    /// Left, top, width and height, pixels of the displayed picture.
    place: [u32; 4],
}

/// Why words name no such thing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} names no region and time: write FROM-TO@x,y,w,h in whole pixels of the displayed picture, such as \
     12.4-20@100,50,40,80, with FROM before TO and sides of at least one pixel"
)]
pub struct NoObject(String);

impl FromStr for ShownObject {
    type Err = NoObject;

    fn from_str(text: &str) -> Result<Self, NoObject> {
        let fault = || NoObject(text.to_owned());
        let (times, place) = text.split_once('@').ok_or_else(fault)?;
        let (from, to) = times.split_once('-').ok_or_else(fault)?;
        let time = |text: &str| text.parse::<ClipTime>().map_err(|_| fault());
        let (from, to) = (time(from)?, time(to)?);
        let numbers = place.split(',').map(|n| n.trim().parse::<u32>().map_err(|_| fault()));
        let place: [u32; 4] = numbers.collect::<Result<Vec<_>, _>>()?.try_into().map_err(|_| fault())?;
        let [x, y, w, h] = place;
        let sound = from < to && w > 0 && h > 0 && x.checked_add(w).is_some() && y.checked_add(h).is_some();
        if sound { Ok(Self { from, to, place }) } else { Err(fault()) }
    }
}

impl fmt::Display for ShownObject {
    /// As on the command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [x, y, w, h] = self.place;
        write!(f, "{}-{}@{x},{y},{w},{h}", self.from, self.to)
    }
}

impl ShownObject {
    /// Left, top, width and height, pixels of the displayed picture.
    #[must_use]
    pub fn place(&self) -> [u32; 4] {
        self.place
    }

    /// First and last moment, nanoseconds after the clip's first frame.
    #[must_use]
    pub fn span_ns(&self) -> (u64, u64) {
        (self.from.nanoseconds(), self.to.nanoseconds())
    }

    /// The pixels that may be seen of a frame shown at a moment: rounded inward, as what is not named stays hidden.
    #[must_use]
    pub fn at(&self, at_ns: u64, size: FrameSize) -> Option<PxRect> {
        let [x, y, w, h] = self.place;
        let inside = |from: u32, to: u32, end: u32| {
            let to = if to >= end { end } else { to & !1 };
            (from.next_multiple_of(2).min(end), to)
        };
        let ((x0, x1), (y0, y1)) = (inside(x, x + w, size.width), inside(y, y + h, size.height));
        let now = (self.from.earliest_ns()..=self.to.latest_ns()).contains(&at_ns);
        (now && x0 < x1 && y0 < y1).then_some(PxRect { x0, y0, x1, y1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIZE: FrameSize = FrameSize { width: 65, height: 48 };

    #[test]
    fn regions_are_read() {
        let read = |text: &str| text.parse::<ShownObject>().map(|o| o.to_string());
        assert_eq!(read("1-2.5@10,20,30,40"), Ok("1.000-2.500@10,20,30,40".into()));
        assert_eq!(read("00:01:00-00:01:02@0,0,1,1"), Ok("60.000-62.000@0,0,1,1".into()));
        for bad in ["", "1@1,2,3,4", "2-1@1,2,3,4", "1-1@1,2,3,4", "1-2@1,2,3", "1-2@1,2,0,4", "1-2@-1,2,3,4"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn never_more_than_was_named_is_shown(x in 0u32..80, y in 0u32..60, w in 1u32..80, h in 1u32..60, ms in 0u64..3000) {
            let object: ShownObject = format!("1-2@{x},{y},{w},{h}").parse().expect("a region");
            if let Some(rect) = object.at(ms * 1_000_000, SIZE) {
                prop_assert!(rect.x0 >= x && rect.y0 >= y && rect.x1 <= x + w && rect.y1 <= y + h);
                prop_assert!(rect.x1 <= SIZE.width && rect.y1 <= SIZE.height && (1000..=2000).contains(&ms));
                prop_assert!(rect.x0 % 2 == 0 && rect.y0 % 2 == 0);
            }
        }
    }
}
