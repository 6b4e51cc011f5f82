//! Which part of a track's media is shown, and when (the edit list; ISO/IEC 14496-12, 8.6.6).
//!
//! A clip that was cut without encoding it anew holds everything from the keyframe before the cut, and a list that says
//! from where on it is shown. All of it is decoded; what the list does not show is dropped before anybody counts it.

use std::ops::Range;

const NS: i128 = 1_000_000_000;

/// A stretch of media that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stretch {
    /// Media time, nanoseconds.
    media_ns: Range<i64>,
    /// When its beginning is shown, nanoseconds after the beginning of the presentation.
    shown_ns: i64,
}

/// One entry of an edit list, in the clocks of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// How long it lasts, ticks of the movie's clock; 0: to the end.
    pub(super) duration: u64,
    /// Where in the media it begins, ticks of the track's clock; -1: nothing is shown.
    pub(super) media_time: i64,
    /// How fast it is shown, 16.16 fixed point; 0: one picture stands still.
    pub(super) rate: u32,
}

/// Why an edit list cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unheard {
    /// It slows down, speeds up or freezes.
    Speed,
    /// It shows a part twice, or a later one first.
    Order,
}

/// What becomes of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The list does not show it.
    Hidden,
    /// Shown so many nanoseconds after the presentation begins.
    Shown(u64),
    /// Neither it nor any later one is shown.
    Over,
}

/// The stretches of one track's media that are shown, in media time and one behind the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edits {
    stretches: Vec<Stretch>,
    /// Entries count whole ticks of the movie's clock: a picture that only this rounding lets in is not shown.
    slack_ns: i64,
}

impl Edits {
    /// Of an edit list, with the ticks per second of the track's clock and of the movie's.
    pub(super) fn new(list: &[Entry], media_scale: u32, movie_scale: u32) -> Result<Self, Unheard> {
        let (media_scale, movie_scale) = (i128::from(media_scale.max(1)), i128::from(movie_scale.max(1)));
        let ns = |ticks: i128, scale: i128| i64::try_from(ticks * NS / scale).unwrap_or(i64::MAX);
        let mut stretches: Vec<Stretch> = Vec::new();
        let mut shown = 0i128;
        for entry in list {
            let duration = i128::from(entry.duration);
            if entry.media_time >= 0 {
                if entry.rate != 1 << 16 {
                    return Err(Unheard::Speed);
                }
                let from = ns(entry.media_time.into(), media_scale);
                let to = match entry.duration {
                    0 => i64::MAX,
                    _ => from.saturating_add(ns(duration, movie_scale)),
                };
                if stretches.last().is_some_and(|before| before.media_ns.end > from) {
                    return Err(Unheard::Order);
                }
                stretches.push(Stretch { media_ns: from..to, shown_ns: ns(shown, movie_scale) });
            }
            shown += duration;
        }
        let slack_ns = ns(1, movie_scale).max(1_000);
        Ok(Self { stretches, slack_ns })
    }

    /// Where the picture belongs that begins at `media_ns` and lasts for `duration_ns`.
    pub(super) fn place(&self, media_ns: i64, duration_ns: u64) -> Place {
        let duration_ns = i64::try_from(duration_ns).unwrap_or(i64::MAX);
        let slack_ns = self.slack_ns.min(duration_ns / 2);
        let end_ns = media_ns.saturating_add(duration_ns);
        let begins_before =
            |end: i64| media_ns < end.saturating_sub(if end == i64::MAX { 0 } else { slack_ns });
        let lasts_beyond = |start: i64| media_ns >= start || end_ns > start.saturating_add(slack_ns);
        let shows = |s: &&Stretch| begins_before(s.media_ns.end) && lasts_beyond(s.media_ns.start);
        match self.stretches.iter().find(shows) {
            Some(stretch) => {
                let since = media_ns.saturating_sub(stretch.media_ns.start).max(0);
                Place::Shown(u64::try_from(stretch.shown_ns.saturating_add(since)).unwrap_or(0))
            }
            None if self.stretches.last().is_some_and(|last| begins_before(last.media_ns.end)) => {
                Place::Hidden
            }
            None => Place::Over,
        }
    }

    /// More than one stretch is shown.
    pub(super) fn are_several(&self) -> bool {
        self.stretches.len() > 1
    }

    /// The media time from which on anything is shown.
    pub(super) fn begin_ns(&self) -> i64 {
        self.stretches.first().map_or(0, |first| first.media_ns.start)
    }

    /// How long the presentation is, where the list ends it.
    pub(super) fn duration_ns(&self) -> Option<u64> {
        let last = self.stretches.last().filter(|last| last.media_ns.end != i64::MAX)?;
        u64::try_from(last.shown_ns + (last.media_ns.end - last.media_ns.start)).ok()
    }

    /// The media time of what is shown at `shown_ns`.
    pub(super) fn media_ns(&self, shown_ns: u64) -> i64 {
        let shown_ns = i64::try_from(shown_ns).unwrap_or(i64::MAX);
        let stretch = self.stretches.iter().rev().find(|s| s.shown_ns <= shown_ns).or(self.stretches.first());
        stretch.map_or(shown_ns, |s| s.media_ns.start.saturating_add((shown_ns - s.shown_ns).max(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: i64 = 1_000_000;

    fn edits(list: &[(u64, i64)]) -> Edits {
        let list: Vec<Entry> = list
            .iter()
            .map(|&(duration, media_time)| Entry { duration, media_time, rate: 1 << 16 })
            .collect();
        Edits::new(&list, 12_800, 1000).expect("followed")
    }

    /// Positions and times, in milliseconds, of the pictures of 40 ms that are shown.
    fn shown(edits: &Edits, pictures: i64) -> Vec<(i64, u64)> {
        (0..pictures)
            .filter_map(|i| match edits.place(i * 40 * MS, 40 * MS as u64) {
                Place::Shown(ns) => Some((i, ns / MS as u64)),
                Place::Hidden | Place::Over => None,
            })
            .collect()
    }

    #[test]
    fn a_cut_in_mid_group_is_shown_from_the_cut() {
        // From 1.2 s on, for 3 s: the pictures 30 to 104.
        let seen = shown(&edits(&[(3000, 15_360)]), 200);
        assert_eq!((seen.len(), seen[0], seen[74]), (75, (30, 0), (104, 2960)));
    }

    #[test]
    fn what_is_shown_in_part_is_shown() {
        let seen = shown(&edits(&[(100, 12_800 + 256)]), 200);
        assert_eq!(
            seen,
            [(25, 0), (26, 20), (27, 60)],
            "20 ms of the first, 40 of the second and of the third"
        );
        // Less than a tick of the movie's clock is rounding.
        assert_eq!(shown(&edits(&[(80, 12_800 - 1)]), 200), [(25, 0), (26, 40)].map(|(i, ms)| (i, ms)));
    }

    #[test]
    fn stretches_follow_one_another_and_gaps_count() {
        let edits = edits(&[(500, -1), (80, 0), (80, 128_000), (0, 256_000)]);
        assert!(edits.are_several());
        let seen = shown(&edits, 502);
        assert_eq!(seen, [(0, 500), (1, 540), (250, 580), (251, 620), (500, 660), (501, 700)]);
        assert_eq!(edits.place(2 * 40 * MS, 40 * MS as u64), Place::Hidden);
        assert_eq!(edits.duration_ns(), None);
        assert_eq!(edits.media_ns(600_000_000), 10_020 * MS);
    }

    #[test]
    fn behind_the_last_stretch_all_is_over() {
        let edits = edits(&[(1000, 0)]);
        assert_eq!(edits.place(999 * MS, 40 * MS as u64), Place::Over, "a tick at the end is rounding");
        assert_eq!(edits.place(1000 * MS, 40 * MS as u64), Place::Over);
        assert_eq!(edits.place(960 * MS, 40 * MS as u64), Place::Shown(960_000_000));
        assert_eq!(edits.duration_ns(), Some(1_000_000_000));
    }

    #[test]
    fn what_cannot_be_followed_is_said() {
        let entry = |media_time, rate| Entry { duration: 1000, media_time, rate };
        let of = |list: &[Entry]| Edits::new(list, 1000, 1000);
        assert_eq!(of(&[entry(0, 1 << 15)]), Err(Unheard::Speed));
        assert_eq!(of(&[entry(0, 0)]), Err(Unheard::Speed));
        assert_eq!(of(&[entry(2000, 1 << 16), entry(0, 1 << 16)]), Err(Unheard::Order));
        assert_eq!(of(&[entry(0, 1 << 16), entry(500, 1 << 16)]), Err(Unheard::Order));
        assert!(of(&[entry(-1, 0), entry(0, 1 << 16), entry(1000, 1 << 16)]).is_ok());
    }

    proptest! {
        #[test]
        fn any_list_keeps_pictures_in_order(
            list in proptest::collection::vec((0u64..5000, -1i64..100_000), 0..5),
            scale in any::<u32>(),
        ) {
            let list: Vec<Entry> = list
                .into_iter()
                .map(|(duration, media_time)| Entry { duration, media_time, rate: 1 << 16 })
                .collect();
            let Ok(edits) = Edits::new(&list, scale, 1000) else { return Ok(()) };
            let mut before = None;
            for i in 0..300i64 {
                if let Place::Shown(ns) = edits.place(i * 40 * MS, 40 * MS as u64) {
                    prop_assert!(before.is_none_or(|b| b <= ns));
                    before = Some(ns);
                }
            }
        }
    }
}
