//! From what staff point at to where the subject certainly is, and where that is in doubt.

use super::cast::Cast;
use super::choice::Choice;
use super::doubt::{Candidate, Doubt};
use super::evidence::links;
use super::tracklet::{Tracklet, cut};
use crate::config::FollowSettings;
use crate::video::analysis::Analysis;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A click may miss the shown frame's time by this much, nanoseconds: times are written with three decimals.
const GRACE_NS: u64 = 1_000_000;
/// A click may miss the box by this share of its sides, where nobody else is so near.
const NEAR_MISS: f32 = 0.25;
/// Tracklets that last less than this are no candidates, seconds: nobody can point at them.
const LEAST_S: f32 = 0.3;
/// Two stretches of the subject may overlap this long, seconds: a track lives on a little where another began.
const OVERLAP_S: f32 = 0.2;

/// Why a subject cannot be followed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FollowError {
    /// The choice is of a time that was not analysed.
    #[error(
        "--keep {choice}: no frame of the analysis is shown then; it goes from {from_s:.3} to {to_s:.3} s"
    )]
    NoFrame {
        /// The choice.
        choice: String,
        /// First frame, seconds.
        from_s: f64,
        /// Last frame, seconds.
        to_s: f64,
    },
    /// Nobody is there.
    #[error("--keep {choice} hits nobody; {there}")]
    Nobody {
        /// The choice.
        choice: String,
        /// Who is elsewhere in the picture, in words.
        there: String,
    },
    /// Several people are there.
    #[error(
        "--keep {choice} hits more than one person: {there}; name one with track:N, or choose another moment"
    )]
    Several {
        /// The choice.
        choice: String,
        /// The candidates, in words.
        there: String,
    },
    /// The person is just meeting somebody.
    #[error(
        "--keep {choice}: track {track} cannot be told from somebody else at that moment; choose one before {before_s:.2} s or after {after_s:.2} s"
    )]
    Meeting {
        /// The choice.
        choice: String,
        /// The track that was hit.
        track: u32,
        /// Until when it can be told, seconds.
        before_s: f64,
        /// From when on it can be told again, seconds.
        after_s: f64,
    },
    /// The detector is not sure that this is one person.
    #[error(
        "--keep {choice}: track {track} was found with a middle confidence of {confidence:.2}, and below {least:.2} a box \
         may hold more than one person, so nobody is shown; look at the whole clip, and if nobody else is ever in that \
         box, say --alone, which is recorded"
    )]
    Unsure {
        /// The choice.
        choice: String,
        /// The track that was hit.
        track: u32,
        /// The middle confidence.
        confidence: f32,
        /// What it must be.
        least: f32,
    },
    /// There is no moment at which the track is surely one person.
    #[error(
        "--keep track:{0}: it can never be told from somebody else; point at the subject at a moment when nobody is near"
    )]
    NeverAlone(u32),
    /// There is no such track.
    #[error("--keep track:{0}: the analysis has no person of this number; `melkglas persons` lists them")]
    NoTrack(u32),
    /// Two choices mean two people.
    #[error(
        "--keep {first} and --keep {second} are two people: both are in the picture at {at_s:.2} s; all choices must be of the same subject"
    )]
    TwoPeople {
        /// One choice.
        first: String,
        /// Another.
        second: String,
        /// When both are there, seconds.
        at_s: f64,
    },
    /// Nothing is chosen.
    #[error("nobody is chosen: name the subject with --keep")]
    NoChoice,
}

/// A stretch in which it is certain who the subject is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certain {
    /// Number of its longest track.
    pub track: u32,
    /// Numbers of all its tracks: a network may find one person several times over.
    pub tracks: BTreeSet<u32>,
    /// First moment, nanoseconds after the clip's first frame.
    pub from_ns: u64,
    /// Last moment.
    pub to_ns: u64,
}

/// The subject, over a whole clip.
#[derive(Debug, Clone, PartialEq)]
pub struct Following {
    source_sha256: String,
    certain: Vec<Certain>,
    doubts: Vec<Doubt>,
    modest: BTreeSet<u32>,
}

impl Following {
    /// Follows who was chosen.
    ///
    /// # Errors
    /// [`FollowError`].
    pub fn of(
        analysis: &Analysis,
        choices: &[Choice],
        settings: &FollowSettings,
    ) -> Result<Self, FollowError> {
        let cast = Cast::of(analysis, settings);
        let (tracklets, cuts) = cut(&cast, settings);
        let links = links(&cast, &tracklets, &cuts, settings);
        let finder = Finder { cast: &cast, tracklets: &tracklets, settings };
        let seeds = choices.iter().map(|choice| finder.find(choice)).collect::<Result<Vec<_>, _>>()?;
        if seeds.is_empty() {
            return Err(FollowError::NoChoice);
        }
        finder.check_one_person(choices, &seeds)?;
        let chosen: BTreeSet<usize> = seeds.iter().copied().collect();
        let sure = |i: &usize| tracklets[*i].confidence(&cast) >= settings.sure_of_one;
        let certain: BTreeSet<usize> =
            reached(&cast, &tracklets, &links, &chosen).into_iter().filter(sure).collect();
        let doubts = doubts(&cast, &tracklets, &links, &certain, &sure);
        for (i, way) in cast.ways.iter().enumerate() {
            tracing::debug!(way = i, tracks = ?way.tracks, first = way.first, last = way.last(), way.sure, way.rests);
        }
        for cut in &cuts {
            tracing::debug!(?cut);
        }
        for (i, tracklet) in tracklets.iter().enumerate() {
            tracing::debug!(i, ?tracklet, certain = certain.contains(&i));
        }
        tracing::debug!(?links);
        let mut stretches: Vec<Certain> = certain
            .iter()
            .map(|i| {
                let tracklet = &tracklets[*i];
                Certain {
                    track: cast.ways[tracklet.way].id,
                    from_ns: cast.times_ns[tracklet.from],
                    to_ns: cast.times_ns[tracklet.to],
                    tracks: cast.ways[tracklet.way].tracks.clone(),
                }
            })
            .collect();
        stretches.sort_by_key(|c| (c.from_ns, c.track));
        let own: BTreeSet<usize> = certain.iter().map(|i| tracklets[*i].way).collect();
        Ok(Self {
            source_sha256: analysis.source_sha256().to_owned(),
            certain: stretches,
            doubts,
            modest: cast.modest(&own),
        })
    }

    /// The same, as far as it lies between two moments, nanoseconds; none is open.
    #[must_use]
    pub fn within(mut self, from_ns: Option<u64>, to_ns: Option<u64>) -> Self {
        let (first, last) = (from_ns.unwrap_or(0), to_ns.unwrap_or(u64::MAX));
        for certain in &mut self.certain {
            (certain.from_ns, certain.to_ns) = (certain.from_ns.max(first), certain.to_ns.min(last));
        }
        self.certain.retain(|certain| certain.from_ns <= certain.to_ns);
        self.doubts.retain(|doubt| doubt.from_ns <= last && doubt.to_ns >= first);
        self
    }

    /// SHA-256 of the clip.
    #[must_use]
    pub fn source_sha256(&self) -> &str {
        &self.source_sha256
    }

    /// Where the subject certainly is, in order of time.
    #[must_use]
    pub fn certain(&self) -> &[Certain] {
        &self.certain
    }

    /// Where it is in doubt who the subject is, in order of time.
    #[must_use]
    pub fn doubts(&self) -> &[Doubt] {
        &self.doubts
    }

    /// Whether a track needs no more room beside the subject than its own mask takes: it stays in its place all the time,
    /// is there for a moment only, or is far too faint to be taken for the subject.
    #[must_use]
    pub fn is_modest(&self, track: u32) -> bool {
        self.modest.contains(&track)
    }

    /// The subject at a moment; `None` where that is not certain, and where two stretches say different things.
    #[must_use]
    pub fn at(&self, at_ns: u64) -> Option<&Certain> {
        let mut now = self.certain.iter().filter(|c| (c.from_ns..=c.to_ns).contains(&at_ns));
        let first = now.next()?;
        now.next().is_none().then_some(first)
    }
}

/// Finds the tracklets that choices mean.
struct Finder<'a> {
    cast: &'a Cast,
    tracklets: &'a [Tracklet],
    settings: &'a FollowSettings,
}

impl Finder<'_> {
    fn find(&self, choice: &Choice) -> Result<usize, FollowError> {
        let found = match choice {
            Choice::Track(track) => self.longest(*track),
            Choice::Click { at_ns, x, y } => self.clicked(choice, *at_ns, [*x, *y]),
        }?;
        let (confidence, least) = (self.tracklets[found].confidence(self.cast), self.settings.sure_of_one);
        if confidence < least {
            let track = self.id(self.tracklets[found].way);
            return Err(FollowError::Unsure { choice: choice.to_string(), track, confidence, least });
        }
        Ok(found)
    }

    fn longest(&self, track: u32) -> Result<usize, FollowError> {
        let own = (0..self.tracklets.len())
            .filter(|i| self.cast.ways[self.tracklets[*i].way].tracks.contains(&track));
        let known = self.cast.ways.iter().any(|way| way.tracks.contains(&track));
        let fault = if known { FollowError::NeverAlone(track) } else { FollowError::NoTrack(track) };
        own.max_by_key(|i| self.tracklets[*i].to - self.tracklets[*i].from).ok_or(fault)
    }

    fn id(&self, way: usize) -> u32 {
        self.cast.ways[way].id
    }

    fn clicked(&self, choice: &Choice, at_ns: u64, [x, y]: [f32; 2]) -> Result<usize, FollowError> {
        let times = &self.cast.times_ns;
        let shown = times.partition_point(|t| *t <= at_ns + GRACE_NS).checked_sub(1);
        let late = times.last().is_none_or(|last| at_ns > last + 1_000_000_000);
        let Some(frame) = shown.filter(|_| !late) else {
            let seconds = |ns: Option<&u64>| ns.map_or(0.0, |ns| *ns as f64 / 1e9);
            let (from_s, to_s) = (seconds(times.first()), seconds(times.last()));
            return Err(FollowError::NoFrame { choice: choice.to_string(), from_s, to_s });
        };
        let there: Vec<usize> =
            (0..self.cast.ways.len()).filter(|i| self.cast.ways[*i].at(frame).is_some()).collect();
        let within = |i: &usize, share: f32| {
            let place = self.cast.ways[*i].at(frame);
            place
                .map(|place| place.core.grown(share, 0.0))
                .is_some_and(|area| (area.x0..=area.x1).contains(&x) && (area.y0..=area.y1).contains(&y))
        };
        let mut hit: Vec<usize> = there.iter().copied().filter(|i| within(i, 0.0)).collect();
        if hit.is_empty() {
            // Boxes are not exact, and neither are fingers.
            hit = there.iter().copied().filter(|i| within(i, NEAR_MISS)).collect();
        }
        // Who was found in this very frame rather than who is only taken to be there.
        let seen = |i: &usize| self.cast.ways[*i].at(frame).is_some_and(|place| place.seen);
        if hit.len() > 1 && hit.iter().filter(|i| seen(i)).count() == 1 {
            hit.retain(seen);
        }
        // Nor a faint copy of somebody whom the detector is sure of.
        let eclipsed = |i: &usize| hit.iter().any(|other| self.cast.is_faint(*i, *other));
        let hit: Vec<usize> = hit.iter().copied().filter(|i| !eclipsed(i)).collect();
        match hit.as_slice() {
            [] => Err(FollowError::Nobody { choice: choice.to_string(), there: self.words(&there, frame) }),
            [way] => self.tracklet_at(choice, *way, frame),
            _ => Err(FollowError::Several { choice: choice.to_string(), there: self.words(&hit, frame) }),
        }
    }

    fn tracklet_at(&self, choice: &Choice, way: usize, frame: usize) -> Result<usize, FollowError> {
        let own = |t: &&Tracklet| t.way == way;
        let here = self.tracklets.iter().position(|t| t.way == way && (t.from..=t.to).contains(&frame));
        here.ok_or_else(|| {
            let seconds = |frame: usize| self.cast.times_ns[frame] as f64 / 1e9;
            let before = self.tracklets.iter().filter(own).filter(|t| t.to < frame).map(|t| t.to).max();
            let after = self.tracklets.iter().filter(own).filter(|t| t.from > frame).map(|t| t.from).min();
            FollowError::Meeting {
                choice: choice.to_string(),
                track: self.id(way),
                before_s: seconds(before.unwrap_or(self.cast.ways[way].first)),
                after_s: seconds(after.unwrap_or(self.cast.ways[way].last())),
            }
        })
    }

    /// Who is there, in words.
    fn words(&self, ways: &[usize], frame: usize) -> String {
        if ways.is_empty() {
            return "there is nobody else in the picture at that moment".to_owned();
        }
        let mut words = String::new();
        for way in ways {
            let Some(place) = self.cast.ways[*way].at(frame) else { continue };
            let area = place.core;
            let separator = if words.is_empty() { "" } else { ", " };
            let _ = write!(
                words,
                "{separator}track {} at {:.0},{:.0} to {:.0},{:.0}",
                self.id(*way),
                area.x0,
                area.y0,
                area.x1,
                area.y1
            );
        }
        words
    }

    fn check_one_person(&self, choices: &[Choice], seeds: &[usize]) -> Result<(), FollowError> {
        for (n, a) in seeds.iter().enumerate() {
            for (m, b) in seeds.iter().enumerate().skip(n + 1) {
                if a != b && conflict(self.cast, &self.tracklets[*a], &self.tracklets[*b]) {
                    let frame = self.tracklets[*a].from.max(self.tracklets[*b].from);
                    return Err(FollowError::TwoPeople {
                        first: choices[n].to_string(),
                        second: choices[m].to_string(),
                        at_s: self.cast.times_ns[frame] as f64 / 1e9,
                    });
                }
            }
        }
        Ok(())
    }
}

/// Whether two tracklets cannot be the same person: both are there for longer than a track outlives itself.
fn conflict(cast: &Cast, a: &Tracklet, b: &Tracklet) -> bool {
    a.way != b.way && a.overlaps(b) && cast.seconds(a.from.max(b.from), a.to.min(b.to)) > OVERLAP_S
}

/// All tracklets that are certainly the subject, by position.
fn reached(
    cast: &Cast,
    tracklets: &[Tracklet],
    links: &[(usize, usize)],
    chosen: &BTreeSet<usize>,
) -> BTreeSet<usize> {
    let mut barred: BTreeSet<usize> = (0..tracklets.len())
        .filter(|i| {
            !chosen.contains(i) && chosen.iter().any(|c| conflict(cast, &tracklets[*i], &tracklets[*c]))
        })
        .collect();
    loop {
        let all = connected(links, chosen, &barred);
        // Two ways that both seem to be the subject at once: one of them is not, and nobody knows which.
        let clash: BTreeSet<usize> = all
            .iter()
            .copied()
            .filter(|i| {
                !chosen.contains(i)
                    && all.iter().any(|j| i != j && conflict(cast, &tracklets[*i], &tracklets[*j]))
            })
            .collect();
        if clash.is_empty() {
            return all;
        }
        barred.extend(clash);
    }
}

fn connected(links: &[(usize, usize)], from: &BTreeSet<usize>, barred: &BTreeSet<usize>) -> BTreeSet<usize> {
    let mut all = from.clone();
    loop {
        let before = all.len();
        for (a, b) in links {
            for (here, there) in [(a, b), (b, a)] {
                if all.contains(here) && !barred.contains(there) {
                    all.insert(*there);
                }
            }
        }
        if all.len() == before {
            return all;
        }
    }
}

/// Stretches in which somebody may be the subject and nobody certainly is.
fn doubts(
    cast: &Cast,
    tracklets: &[Tracklet],
    links: &[(usize, usize)],
    certain: &BTreeSet<usize>,
    sure: &dyn Fn(&usize) -> bool,
) -> Vec<Doubt> {
    // Who is there beside the subject is not the subject, and is nobody else later on.
    let beside: BTreeSet<usize> = (0..tracklets.len())
        .filter(|i| {
            !certain.contains(i) && certain.iter().any(|c| conflict(cast, &tracklets[*i], &tracklets[*c]))
        })
        .collect();
    let others = connected(links, &beside, certain);
    let mut open: Vec<usize> = (0..tracklets.len())
        .filter(|i| {
            let tracklet = &tracklets[*i];
            let open = !certain.contains(i) && !others.contains(i) && sure(i);
            open && cast.seconds(tracklet.from, tracklet.to) >= LEAST_S
        })
        .collect();
    open.sort_by_key(|i| tracklets[*i].to);
    let mut found: Vec<Doubt> = Vec::new();
    let mut done: BTreeSet<usize> = BTreeSet::new();
    // The fewest moments at which everybody who may be the subject can be pointed at.
    for i in &open {
        if done.contains(i) {
            continue;
        }
        let frame = best_frame(cast, tracklets, &open, *i);
        let there: Vec<usize> = open
            .iter()
            .copied()
            .filter(|j| !done.contains(j) && (tracklets[*j].from..=tracklets[*j].to).contains(&frame))
            .collect();
        let from = there.iter().map(|j| tracklets[*j].from).min().unwrap_or(frame);
        let to = there.iter().map(|j| tracklets[*j].to).max().unwrap_or(frame);
        let candidates = there.iter().filter_map(|j| {
            let way = &cast.ways[tracklets[*j].way];
            way.at(frame).map(|place| Candidate { track: way.id, area: place.core })
        });
        found.push(Doubt {
            from_ns: cast.times_ns[from],
            to_ns: cast.times_ns[to],
            at_ns: cast.times_ns[frame],
            candidates: candidates.collect(),
        });
        done.extend(there);
    }
    found.sort_by_key(|doubt| doubt.from_ns);
    found
}

/// The frame of a tracklet in which most of those who may be the subject are there and were found.
fn best_frame(cast: &Cast, tracklets: &[Tracklet], open: &[usize], this: usize) -> usize {
    let there = |frame: usize| {
        open.iter().filter(move |j| (tracklets[**j].from..=tracklets[**j].to).contains(&frame))
    };
    let seen = |frame: usize, j: usize| cast.ways[tracklets[j].way].at(frame).is_some_and(|place| place.seen);
    let Tracklet { from, to, .. } = tracklets[this];
    let middle = (from + to) / 2;
    let value = |frame: &usize| {
        let all = there(*frame).count();
        let found = there(*frame).filter(|j| seen(*frame, **j)).count();
        (all, usize::from(seen(*frame, this)), found, std::cmp::Reverse(frame.abs_diff(middle)))
    };
    (from..=to).max_by_key(value).unwrap_or(middle)
}
