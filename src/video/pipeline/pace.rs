//! Which frames the networks look at, and where in them. Everything is decided in the order of the frames and from the
//! frames alone, so that the same clip always gives the same boxes.

use super::job::Job;
use super::passes::Way;
use crate::config::Cadence;
use crate::video::detect::{Extent, Look};
use crate::video::frame::RawFrame;
use crate::video::scene::{Change, Glance, SmallPicture};

/// Where detectors cannot keep up, faces are searched for so many times less often: most lie within a person.
const STRAINED_FACES: u32 = 2;

/// Which networks cannot let a frame go by, be it their turn or not.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::video) struct Must {
    pub(in crate::video) persons: bool,
    pub(in crate::video) faces: bool,
}

/// Decides frame by frame.
pub(in crate::video) struct Pace {
    cadence: Cadence,
    /// The detectors cannot keep up.
    strained: bool,
    /// Never everything twice in one frame.
    staggered: bool,
    /// Whether the detectors can search parts of a frame.
    parts: bool,
    persons: Network,
    faces: Network,
    /// When the frame before is shown.
    before_ns: Option<u64>,
}

/// One kind of network.
struct Network {
    /// It searches every n-th frame.
    every: u32,
    /// The latest frame that it searched.
    last: Option<Place>,
    /// What every place showed when it was searched last, and when all of them were.
    searched: Option<(Glance, u64)>,
}

/// A frame's number and time.
#[derive(Debug, Clone, Copy)]
struct Place {
    seq: u64,
    at_ns: u64,
}

/// A frame to be decided on.
struct Here<'a> {
    place: Place,
    /// After the frame before, nanoseconds.
    step_ns: u64,
    /// Pixels of the frame.
    frame_px: u64,
    /// None where nothing is known of it, or nobody wants to know.
    glance: Option<&'a Glance>,
}

impl Pace {
    /// Of one job on one of its ways.
    pub(super) fn of(job: &Job, way: &Way<'_>) -> Self {
        let mut cadence = job.site.detect.cadence;
        if matches!(way, Way::Analyse) {
            // Who is followed over time has to be seen often.
            cadence.persons = 1;
        }
        Self::new(cadence, job.detectors.searches_parts())
    }

    /// At this cadence; `parts`: the detectors can search parts of a frame.
    pub(in crate::video) fn new(cadence: Cadence, parts: bool) -> Self {
        let network = |every| Network { every, last: None, searched: None };
        Self {
            cadence,
            strained: false,
            staggered: false,
            parts,
            persons: network(cadence.persons),
            faces: network(cadence.faces),
            before_ns: None,
        }
    }

    /// The same, but the networks never both search everything in one frame as long as that can wait: such a look would
    /// come too late for the frames around it.
    #[must_use]
    pub(in crate::video) fn staggered(self) -> Self {
        Self { staggered: true, ..self }
    }

    /// Frames that may wait for the next look.
    pub(super) fn longest_wait(&self) -> usize {
        self.cadence.persons.max(self.cadence.faces) as usize
    }

    /// Whether it wants to see frames.
    pub(in crate::video) fn glances(&self) -> bool {
        self.cadence.rest_s > 0.0
    }

    /// Whether the detectors cannot keep up, from here on.
    pub(in crate::video) fn strain(&mut self, strained: bool) {
        self.strained = strained;
    }

    /// What was searched before says nothing of what comes next.
    pub(in crate::video) fn start_over(&mut self) {
        for network in [&mut self.persons, &mut self.faces] {
            (network.last, network.searched) = (None, None);
        }
    }

    /// Where the networks look in frame number `seq`, of which there is a small picture unless it is damaged; those that
    /// `must`, as in the last frame, everywhere that has changed.
    pub(in crate::video) fn look(
        &mut self,
        seq: u64,
        frame: &RawFrame,
        small: Option<&SmallPicture>,
        must: Must,
    ) -> Look {
        let place = Place { seq, at_ns: frame.pts_ns() };
        let step_ns = self.before_ns.map_or(0, |before| place.at_ns.saturating_sub(before));
        self.before_ns = Some(place.at_ns);
        let damaged = frame.damage().is_some();
        let seen = small.filter(|_| self.glances() && !damaged);
        let glance = seen.map(|small| Glance::at(small, frame.size()));
        let here = Here { place, step_ns, frame_px: frame.size().area_px(), glance: glance.as_ref() };
        let skipped = |last: Option<Place>| last.is_none_or(|last| seq - last.seq > 1);
        let keen = self.cadence.persons > 1 && skipped(self.persons.last);
        let turn = Turn { must: must.persons, patience_ns: 0, rarer: 1 };
        let persons = self.persons.extent(&here, &self.cadence, self.parts, &turn);
        let waits = (self.strained || self.staggered) && persons == Extent::Whole;
        let patience_ns = if waits { nanos(self.cadence.gap_s) } else { 0 };
        let rarer = if self.strained { STRAINED_FACES } else { 1 };
        let turn = Turn { must: must.faces, patience_ns, rarer };
        let faces = self.faces.extent(&here, &self.cadence, self.parts, &turn);
        let look = Look { persons, faces, keen };
        if damaged {
            // Nothing was seen in it, so whatever comes next is searched.
            self.start_over();
        }
        look
    }
}

/// One network's turn.
struct Turn {
    /// It cannot let this frame go by.
    must: bool,
    /// So much longer than it may rest, or go without a look, can it wait before it searches everything, nanoseconds.
    patience_ns: u64,
    /// So many times less often than the cadence says it searches.
    rarer: u32,
}

impl Network {
    fn extent(&mut self, here: &Here<'_>, cadence: &Cadence, parts: bool, turn: &Turn) -> Extent {
        let rest_ns = nanos(cadence.rest_s) + turn.patience_ns;
        let is_due = is_due(self.last, self.every, here, cadence, turn);
        let can_wait = !turn.must && self.can_wait(here, cadence, turn);
        let extent = match (here.glance, &mut self.searched) {
            (Some(glance), Some((searched, at_ns))) if here.place.at_ns < *at_ns + rest_ns => {
                match glance.change_since(searched) {
                    Change::Nothing => return Extent::Parts(Vec::new()),
                    _ if !is_due => Extent::Nothing,
                    Change::Parts(changed) if parts => match Extent::of_parts(changed, here.frame_px) {
                        Extent::Parts(changed) => {
                            searched.update(glance, &changed);
                            Extent::Parts(changed)
                        }
                        _ if can_wait => Extent::Nothing,
                        whole => whole,
                    },
                    Change::Parts(_) | Change::Unknown if can_wait => Extent::Nothing,
                    Change::Parts(_) | Change::Unknown => Extent::Whole,
                }
            }
            // Nothing is known of what was searched before, or too long ago.
            (Some(_), _) => Extent::Whole,
            (None, _) if is_due => Extent::Whole,
            (None, _) => Extent::Nothing,
        };
        if extent == Extent::Whole {
            self.searched = here.glance.map(|glance| (glance.duplicate(), here.place.at_ns));
        }
        if extent != Extent::Nothing {
            self.last = Some(here.place);
        }
        extent
    }
}

impl Network {
    /// Whether it may put off a search of everything: it has looked at something of late.
    fn can_wait(&self, here: &Here<'_>, cadence: &Cadence, turn: &Turn) -> bool {
        let reach_ns = nanos(cadence.gap_s) * u64::from(turn.rarer) + turn.patience_ns;
        turn.patience_ns > 0 && self.last.is_some_and(|last| here.place.at_ns < last.at_ns + reach_ns)
    }
}

/// Whether a network's turn has come.
fn is_due(last: Option<Place>, every: u32, here: &Here<'_>, cadence: &Cadence, turn: &Turn) -> bool {
    let Here { place, step_ns, .. } = here;
    turn.must
        || last.is_none_or(|last| {
            let rarer = u64::from(turn.rarer);
            let late = place.at_ns + step_ns > last.at_ns + nanos(cadence.gap_s) * rarer;
            place.seq - last.seq >= u64::from(every) * rarer || late
        })
}

/// Settings are of single precision; a frame that is due at 0.2 s is not late by a few nanoseconds.
fn nanos(secs: f32) -> u64 {
    (f64::from(secs) * 1e6).round() as u64 * 1000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::FrameSize;
    use crate::video::frame::{Colour, Damage, PixelFormat, Stamp};

    const SIZE: FrameSize = FrameSize { width: 256, height: 128 };

    /// A grey frame with a square at `x`.
    fn frame(seq: u64, step_ms: u64, x: usize) -> RawFrame {
        let (width, height) = (SIZE.width as usize, SIZE.height as usize);
        let mut bytes = vec![128u8; width * height * 3 / 2];
        for row in bytes[..width * height].chunks_mut(width).skip(40).take(16) {
            row[x..x + 16].fill(40);
        }
        let stamp = Stamp { index: seq, pts_ns: seq * step_ms * 1_000_000, duration_ns: None };
        RawFrame::from_samples(PixelFormat::I420, SIZE, Colour::BT601, stamp, bytes).expect("it fits")
    }

    fn look(pace: &mut Pace, frame: &RawFrame, is_last: bool) -> Look {
        let must = Must { persons: is_last, faces: is_last };
        pace.look(frame.index(), frame, Some(&SmallPicture::of(frame, SIZE.width)), must)
    }

    fn pace(cadence: Cadence, parts: bool) -> Pace {
        Pace::new(cadence, parts)
    }

    /// Where networks that know no parts look in twelve frames in which the square is where `x` says: E for everything,
    /// p and f for persons and faces, a point for nothing at all, a dash where nothing has changed.
    fn looks(cadence: Cadence, step_ms: u64, x: impl Fn(u64) -> usize) -> String {
        looks_of(pace(cadence, false), step_ms, x)
    }

    fn looks_of(mut pace: Pace, step_ms: u64, x: impl Fn(u64) -> usize) -> String {
        let unchanged = Extent::Parts(Vec::new());
        let letter = |seq: u64| {
            let look = look(&mut pace, &frame(seq, step_ms, x(seq)), seq == 11);
            match (look.persons, look.faces) {
                (Extent::Whole, Extent::Whole) => 'E',
                (Extent::Whole, Extent::Nothing) => 'p',
                (Extent::Nothing, Extent::Whole) => 'f',
                (Extent::Nothing, Extent::Nothing) => '.',
                (persons, faces) if persons == unchanged && faces == unchanged => '-',
                (persons, faces) => panic!("{persons:?} {faces:?}"),
            }
        };
        (0..12).map(letter).collect()
    }

    fn cadence(persons: u32, faces: u32, rest_s: f32) -> Cadence {
        Cadence { persons, faces, gap_s: 0.2, rest_s, ..Cadence::default() }
    }

    #[test]
    fn each_network_looks_in_its_turn_and_never_too_late() {
        assert_eq!(looks(cadence(1, 4, 0.0), 40, |_| 0), "EpppEpppEppE");
        // At ten frames a second, four of them are too long.
        assert_eq!(looks(cadence(1, 4, 0.0), 100, |_| 0), "EpEpEpEpEpEE");
        assert_eq!(looks(cadence(3, 3, 0.0), 40, |_| 0), "E..E..E..E.E");
    }

    #[test]
    fn staggered_they_do_not_both_search_everything_in_one_frame_as_long_as_that_can_wait() {
        let looks =
            |every| looks_of(pace(cadence(every, every, 1.0), false).staggered(), 40, |seq| 9 * seq as usize);
        assert_eq!(looks(2), "E.pfpfpfpfpE");
        assert_eq!(looks(1), "EpppppppppEE", "no longer than twice the longest gap");
    }

    #[test]
    fn while_nothing_changes_they_rest() {
        assert_eq!(looks(cadence(1, 4, 0.2), 40, |_| 8), "E----E----E-");
        assert_eq!(looks(cadence(1, 4, 0.2), 40, |seq| 9 * seq as usize), "EpppEpppEppE");
        assert_eq!(looks(cadence(3, 3, 0.2), 40, |seq| 9 * seq as usize), "E..E..E..E.E");
    }

    #[test]
    fn what_changed_is_searched_and_counts_as_searched() {
        let mut pace = pace(cadence(1, 1, 1.0), true);
        let mut persons = |seq: u64, x| look(&mut pace, &frame(seq, 40, x), false).persons;
        assert_eq!(persons(0, 8), Extent::Whole);
        assert_eq!(persons(1, 8), Extent::Parts(Vec::new()));
        let Extent::Parts(parts) = persons(2, 100) else { panic!("not everything has changed") };
        let holds = |x0: f32, x1: f32| {
            let square = crate::geometry::BoxPx::new(x0, 40.0, x1, 56.0);
            parts.iter().any(|part| part.as_box().holds(&square))
        };
        assert!(holds(8.0, 24.0) && holds(100.0, 116.0), "where it was and where it is: {parts:?}");
        assert_eq!(persons(3, 100), Extent::Parts(Vec::new()), "searched there already");
    }

    #[test]
    fn under_strain_faces_are_searched_half_as_often_and_persons_as_before() {
        let mut pace = pace(cadence(2, 2, 0.0), false);
        pace.strain(true);
        let looks: Vec<_> = (0..8).map(|seq| look(&mut pace, &frame(seq, 40, 0), false)).collect();
        let searched = |target: fn(&Look) -> &Extent| -> Vec<usize> {
            (0..8).filter(|at| *target(&looks[*at]) == Extent::Whole).collect()
        };
        assert_eq!(searched(|look| &look.persons), [0, 2, 4, 6]);
        assert_eq!(searched(|look| &look.faces), [0, 4]);
    }

    #[test]
    fn a_look_that_stands_for_others_is_keen() {
        let keen = |persons: u32, x: fn(u64) -> usize| {
            let mut pace = pace(cadence(persons, 4, 0.0), false);
            (0..6).map(|seq| look(&mut pace, &frame(seq, 40, x(seq)), false).keen).collect::<Vec<_>>()
        };
        assert_eq!(keen(1, |_| 8), [false; 6]);
        assert!(keen(4, |_| 8)[4], "three frames were not searched");
    }

    #[test]
    fn after_damage_everything_is_looked_for() {
        let mut pace = pace(Cadence { gap_s: 1.0, ..cadence(4, 4, 1.0) }, true);
        let mut persons = |seq: u64, damage: Option<Damage>| {
            let mut frame = frame(seq, 40, 8);
            frame.damage = damage;
            look(&mut pace, &frame, false).persons
        };
        assert_eq!(persons(0, None), Extent::Whole);
        assert_eq!(persons(1, None), Extent::Parts(Vec::new()));
        assert_eq!(persons(2, Some(Damage::Concealed)), Extent::Nothing);
        assert_eq!(persons(3, None), Extent::Whole);
        assert_eq!(persons(4, None), Extent::Parts(Vec::new()));
    }
}
