//! The second look: a finished, masked file is read back from disk and searched once more, in other ways than before.
//!
//! No plan, track or analysis of the first look is known here, and nothing waits for a neighbour: each frame that is
//! looked at stands by itself. Networks look at it whole, in tiles and in a mirror (as the settings of the job say, which
//! should be those of thorough effort); the camera's empty scene is compared with it; every pixel of every zone has to
//! look painted, in every frame. What is found counts only where it does not look painted over
//! ([`Paint`]), so that a mask which a network takes for somebody is no finding.
//!
//! Gives numbers and boxes, no pixels; who judges them is outside this wing.

use super::empty::EmptyScene;
use super::insight::is_furniture;
use super::job::{JobError, spawn};
use super::pool::{self, Clock, Looked, Task};
use crate::config::{BurnIn, Site};
use crate::geometry::{BoxPx, FrameSize, PxRect, UnitPolygon};
use crate::interrupt::Interrupt;
use crate::video::detect::{DetectorFactory, Look};
use crate::video::frame::RawFrame;
use crate::video::mask::{Paint, PixelSet, ZonePixels, marked_pixels};
use crate::video::plan::{Detection, Target};
use crate::video::scene::{SmallPicture, Witness};
use crate::video::source::{Clip, Source};
use crossbeam_channel::{RecvTimeoutError, bounded};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Everything that a second look needs.
pub struct RecheckJob {
    /// The masked clip.
    pub clip: Arc<Clip>,
    /// How to look: thorough.
    pub site: Site,
    /// Who looks.
    pub detectors: Arc<dyn DetectorFactory>,
    /// Detectors side by side, at least one.
    pub workers: usize,
    /// What the camera shows with nobody in it, where that is known and what differs from it should be hidden.
    pub scene: Option<Arc<EmptyScene>>,
    /// The camera's zones.
    pub zones: Vec<Arc<UnitPolygon>>,
    /// What masks are painted with.
    pub paint: Paint,
    /// Words that were burned in after that, along with the masks.
    pub burn_in: Option<BurnIn>,
    /// Networks and scene look at every n-th frame, from 1 on.
    pub every: u32,
    /// Stops the look.
    pub interrupt: Interrupt,
}

/// What was seen that does not look painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sight {
    /// A person.
    Person,
    /// A face.
    Face,
    /// Something that is not in the empty scene.
    Differs,
    /// Pixels of the zone of this number, from 0.
    Zone(usize),
}

/// One thing over time: sightings that lie in one place and follow one another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trace {
    /// What.
    pub what: Sight,
    /// First frame, from 0.
    pub from_frame: u64,
    /// Last frame.
    pub to_frame: u64,
    /// Time of the first frame, seconds.
    pub from_s: f64,
    /// Time of the last frame.
    pub to_s: f64,
    /// Frames in which it was seen.
    pub seen: u64,
    /// Highest score, `0..=1`; for zones and scene the share that is not painted.
    pub score: f32,
    /// Where it was then.
    pub area: PxRect,
    /// When that was.
    pub best_s: f64,
}

/// What the second look came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rechecked {
    /// Size of the picture.
    pub size: FrameSize,
    /// Frames in the file.
    pub frames: u64,
    /// Frames that the networks looked at.
    pub looked: u64,
    /// SHA-256 of the file.
    pub sha256: String,
    /// What does not look painted.
    pub traces: Vec<Trace>,
    /// Frames that were to be looked at and could not be: damaged, or the detector failed.
    pub unlooked: u64,
    /// Frames compared with the empty scene.
    pub compared: u64,
    /// Of these, too dark or noisy for anybody to stand out.
    pub dark: u64,
    /// Frames looked at that have next to no colour, in which paint is told by its light alone.
    pub colourless: u64,
    /// Zones that are too narrow for any of their pixels to be checked, by their number.
    pub narrow_zones: Vec<usize>,
}

/// A person counts as painted where this share of the upper part of the box, where the head is, looks so ...
const HEAD_PAINTED: f32 = 0.7;
/// ... and this share of the box; a box is a little larger than the body.
const BODY_PAINTED: f32 = 0.55;
/// The same for a face.
const FACE_PAINTED: f32 = 0.7;
/// The same for what differs from the empty scene, without its margin.
const DIFFERENCE_PAINTED: f32 = 0.6;
/// Share of a zone's pixels that an encoder may spoil.
const SPOILT: f64 = 0.002;
/// Overlap (IoU) from which two sightings are of one thing.
const SAME_PLACE: f32 = 0.2;
/// Seconds after which a thing that is seen again is another.
const PATIENCE_S: f64 = 1.0;

/// Looks again at all of a masked file.
///
/// # Errors
/// [`JobError`]: the file cannot be read, or the look cannot be finished. Then nothing is known of it.
pub fn look_again(job: &RecheckJob) -> Result<Rechecked, JobError> {
    let hash = {
        let (clip, stop) = (Arc::clone(&job.clip), job.interrupt.clone());
        spawn("hash", move || clip.sha256(&stop))?
    };
    let (task_in, tasks) = bounded(job.workers.max(1));
    let (result_in, results) = bounded(job.workers.max(1));
    let workers = job.workers.max(1);
    let clock = Arc::new(Clock::default());
    let scene = job.scene.as_ref();
    pool::start(workers, &job.detectors, scene, &tasks, &result_in, &clock, &job.interrupt)
        .map_err(|e| JobError::Thread(e.to_string()))?;
    drop((result_in, tasks));
    let mut found = Found::of(job);
    let mut source = Source::open(&job.clip, &job.site.limits, &job.interrupt)?;
    let stall = Duration::from_secs_f64(job.site.limits.stall_secs);
    let mut under_way = 0usize;
    let take = |found: &mut Found<'_>| -> Result<(), JobError> {
        let since = Instant::now();
        loop {
            match results.recv_timeout(Duration::from_millis(100)) {
                Ok(looked) => return found.looked(looked?),
                Err(_) if job.interrupt.is_raised() => return Err(JobError::Interrupted),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(JobError::Thread("a detector died".into()));
                }
                Err(RecvTimeoutError::Timeout) if since.elapsed() > stall => {
                    return Err(JobError::DetectorStalled(stall.as_secs_f64()));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    };
    while let Some(frame) = source.next_frame()? {
        if job.interrupt.is_raised() {
            return Err(JobError::Interrupted);
        }
        found.frame(&frame);
        if frame.index() % u64::from(job.every.max(1)) != 0 {
            continue;
        }
        if under_way == workers {
            take(&mut found)?;
            under_way -= 1;
        }
        let compared = scene.filter(|_| frame.damage().is_none());
        let small = compared.map(|empty| SmallPicture::of(&frame, empty.scene.width_px()));
        let task = Task { seq: frame.index(), frame, look: Look::EVERYTHING, small };
        task_in.send(task).map_err(|_| JobError::Thread("a detector died".into()))?;
        under_way += 1;
    }
    // Workers end with their last task.
    drop(task_in);
    for _ in 0..under_way {
        take(&mut found)?;
    }
    let sha256 = hash.join().map_err(|_| JobError::Thread("hashing".into()))??;
    job.clip.check_unchanged()?;
    found.finish(sha256)
}

/// By frame: its time, and what was seen there with its place and score.
type Sights = BTreeMap<u64, (f64, Vec<(Sight, PxRect, f32)>)>;

/// What was found so far.
struct Found<'j> {
    job: &'j RecheckJob,
    zones: Vec<ZonePixels>,
    words: Option<Arc<PixelSet>>,
    size: Option<FrameSize>,
    frames: u64,
    looked: u64,
    unlooked: u64,
    compared: u64,
    dark: u64,
    colourless: u64,
    /// By frame, since workers answer in any order.
    sights: Sights,
}

impl<'j> Found<'j> {
    fn of(job: &'j RecheckJob) -> Self {
        Self {
            job,
            zones: Vec::new(),
            words: None,
            size: None,
            frames: 0,
            looked: 0,
            unlooked: 0,
            compared: 0,
            dark: 0,
            colourless: 0,
            sights: Sights::new(),
        }
    }

    fn note(&mut self, frame: &RawFrame, sight: (Sight, PxRect, f32)) {
        let at_s = frame.pts_ns() as f64 / 1e9;
        self.sights.entry(frame.index()).or_insert_with(|| (at_s, Vec::new())).1.push(sight);
    }

    /// Every frame: its zones.
    fn frame(&mut self, frame: &RawFrame) {
        self.frames += 1;
        if self.size.is_none() {
            self.size = Some(frame.size());
            self.words = self.job.burn_in.as_ref().map(|words| Arc::new(marked_pixels(words, frame.size())));
            let words = self.words.as_deref();
            let zone = |zone: &Arc<UnitPolygon>| match words {
                Some(words) => ZonePixels::of(zone, frame.size()).without(words),
                None => ZonePixels::of(zone, frame.size()),
            };
            self.zones = self.job.zones.iter().map(zone).collect();
        }
        let bare = |zone: &ZonePixels| {
            let all = zone.len() as f64;
            let (count, area) = zone.bare(&self.job.paint, frame)?;
            let share = count as f64 / all.max(1.0);
            (share > SPOILT).then_some((area, share as f32))
        };
        let bare: Vec<_> = self.zones.iter().map(bare).enumerate().collect();
        for (number, (area, share)) in bare.into_iter().filter_map(|(i, bare)| Some((i, bare?))) {
            self.note(frame, (Sight::Zone(number), area, share));
        }
    }

    /// A frame that a worker looked at.
    fn looked(&mut self, looked: Looked) -> Result<(), JobError> {
        let Looked { frame, seen, difference, .. } = looked;
        let (size, paint) = (frame.size(), self.job.paint);
        let Ok(seen) = seen else {
            self.unlooked += 1;
            return Ok(());
        };
        self.looked += 1;
        self.colourless += u64::from(paint.is_colourless(&frame));
        let job = self.job;
        let words = self.words.clone();
        let words = words.as_deref();
        let furniture = |found: &Detection| {
            job.scene.as_deref().zip(difference.as_ref()).is_some_and(|(scene, difference)| {
                is_furniture(scene, difference, found, size, &job.site.scene)
            })
        };
        for found in seen.iter().filter(|found| !found.weak && !furniture(found)) {
            let sight = match found.target {
                Target::Person if !person_painted(&paint, &frame, &found.area, words) => Sight::Person,
                Target::Face if share(&paint, &frame, &found.area, words) < FACE_PAINTED => Sight::Face,
                _ => continue,
            };
            if let Some(area) = PxRect::outward(&found.area, size) {
                self.note(&frame, (sight, area, found.score));
            }
        }
        let Some(difference) = difference else { return Ok(()) };
        let mut witness = Witness::new(size, job.site.scene.clone());
        witness.push(frame.pts_ns(), difference);
        let Some(sighting) = witness.look(frame.pts_ns()) else { return Ok(()) };
        self.compared += 1;
        if sighting.dark {
            self.dark += 1;
            return Ok(());
        }
        for area in &sighting.boxes {
            let bare = 1.0 - share(&paint, &frame, &without_margin(area, job.site.scene.margin), words);
            if let Some(rect) = PxRect::outward(area, size).filter(|_| bare > 1.0 - DIFFERENCE_PAINTED) {
                self.note(&frame, (Sight::Differs, rect, bare));
            }
        }
        Ok(())
    }

    fn finish(self, sha256: String) -> Result<Rechecked, JobError> {
        let size = self.size.ok_or(JobError::EmptyWindow { secs: 0.0 })?;
        let narrow = self.zones.iter().enumerate().filter(|(_, zone)| zone.is_empty());
        Ok(Rechecked {
            size,
            frames: self.frames,
            looked: self.looked,
            sha256,
            unlooked: self.unlooked,
            compared: self.compared,
            dark: self.dark,
            colourless: self.colourless,
            narrow_zones: narrow.map(|(i, _)| i).collect(),
            traces: traces(self.sights),
        })
    }
}

/// Share of a box that looks painted.
fn share(paint: &Paint, frame: &RawFrame, area: &BoxPx, words: Option<&PixelSet>) -> f32 {
    PxRect::outward(area, frame.size()).map_or(0.0, |area| paint.share_in(frame, area, words))
}

/// Whether somebody who seems to stand here is a mask: painted above all where a head would be.
fn person_painted(paint: &Paint, frame: &RawFrame, area: &BoxPx, words: Option<&PixelSet>) -> bool {
    let (width, height) = (area.width(), area.height());
    let head = BoxPx::new(
        area.x0 + 0.25 * width,
        area.y0 + 0.05 * height,
        area.x1 - 0.25 * width,
        area.y0 + 0.3 * height,
    );
    share(paint, frame, area, words) >= BODY_PAINTED && share(paint, frame, &head, words) >= HEAD_PAINTED
}

/// The box before the margin that the witness adds.
fn without_margin(area: &BoxPx, margin: f32) -> BoxPx {
    let shrunk = margin / (1.0 + 2.0 * margin);
    let (dx, dy) = (area.width() * shrunk, area.height() * shrunk);
    BoxPx::new(area.x0 + dx, area.y0 + dy, area.x1 - dx, area.y1 - dy)
}

/// Sightings joined over time.
fn traces(sights: Sights) -> Vec<Trace> {
    let mut done: Vec<Trace> = Vec::new();
    // With the place of the latest sighting.
    let mut open: Vec<(Trace, PxRect)> = Vec::new();
    for (frame, (at_s, sights)) in sights {
        let over = |(trace, _): &(Trace, PxRect)| at_s - trace.to_s > PATIENCE_S;
        done.extend(open.extract_if(.., |kept| over(kept)).map(|(trace, _)| trace));
        for (what, area, score) in sights {
            let same = |(trace, last): &&mut (Trace, PxRect)| {
                let place = matches!(what, Sight::Zone(_)) || last.iou(&area) >= f64::from(SAME_PLACE);
                trace.what == what && trace.to_frame < frame && place
            };
            if let Some((trace, last)) = open.iter_mut().find(same) {
                (trace.to_frame, trace.to_s, *last) = (frame, at_s, area);
                trace.seen += 1;
                if score > trace.score {
                    (trace.score, trace.area, trace.best_s) = (score, area, at_s);
                }
                continue;
            }
            let trace = Trace {
                what,
                from_frame: frame,
                to_frame: frame,
                from_s: at_s,
                to_s: at_s,
                seen: 1,
                score,
                area,
                best_s: at_s,
            };
            open.push((trace, area));
        }
    }
    done.extend(open.into_iter().map(|(trace, _)| trace));
    done.sort_by(|a, b| a.from_frame.cmp(&b.from_frame).then(a.what.cmp(&b.what)));
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sightings_in_one_place_are_one_trace() {
        let at = |x0| PxRect { x0, y0: 10, x1: x0 + 40, y1: 90 };
        let sights = [
            (0, 0.0, vec![(Sight::Person, at(0), 0.3), (Sight::Person, at(100), 0.4)]),
            (5, 0.2, vec![(Sight::Person, at(5), 0.6), (Sight::Zone(1), at(7), 0.1)]),
            (10, 0.4, vec![(Sight::Person, at(10), 0.5)]),
            (60, 2.4, vec![(Sight::Person, at(10), 0.5)]),
        ];
        let sights = sights.into_iter().map(|(frame, at_s, sights)| (frame, (at_s, sights))).collect();
        let traces = traces(sights);
        let short: Vec<_> =
            traces.iter().map(|t| (t.what, t.from_frame, t.to_frame, t.seen, t.score)).collect();
        assert_eq!(
            short,
            [
                (Sight::Person, 0, 10, 3, 0.6),
                (Sight::Person, 0, 0, 1, 0.4),
                (Sight::Zone(1), 5, 5, 1, 0.1),
                (Sight::Person, 60, 60, 1, 0.5),
            ]
        );
        assert_eq!((traces[0].area, traces[0].best_s), (at(5), 0.2));
    }

    #[test]
    fn a_margin_is_taken_off_as_it_was_put_on() {
        let area = BoxPx::new(100.0, 50.0, 140.0, 130.0);
        let back = without_margin(&area.grown(0.15, 0.0), 0.15);
        assert!(back.iou(&area) > 0.999, "{back:?}");
    }
}
