//! One camera's frames between the way in and the way out: they wait for what is found in those after them, then they
//! are masked and shown, or covered.
//!
//! Everything here errs on the side of covering: a frame that is damaged, comes within a second of a (re)connection or
//! of a jump of the camera's clock, lies too far from the nearest look, is still being looked at long after its time has
//! come, or was filmed after the camera was turned, is let go, and viewers see a picture of words in its place. Where looks
//! are far apart, but not that far, all that has changed in between is hidden as well.

use super::board::{Board, Looked};
use super::camera::{Incoming, Link};
use super::looks::{Around, Looks};
use super::metrics::{Counts, count};
use super::outlet::Outlet;
use super::own_scene::OwnScene;
use super::turned::{Shown, Turned};
use crate::config::{DarkPolicy, Site, Target};
use crate::geometry::{BoxPx, FrameSize, PxRect, UnitPolygon};
use crate::interrupt::Interrupt;
use crate::video::detect::{Extent, Look};
use crate::video::frame::{RawFrame, RedactedFrame, Stamp};
use crate::video::mask::{Form, Masker, Placards};
use crate::video::pipeline::{EmptyScene, Insight, Known, Must, Pace};
use crate::video::plan::{CoverReason, Detection, FramePlan, Observations, Planner};
use crate::video::scene::{Change, Glance, SceneKind, SmallPicture};
use crate::video::track::Steady;
use crossbeam_channel::{Receiver, select_biased};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// After a connection, and after a jump of the camera's clock, so much is covered, nanoseconds.
const SETTLES_NS: u64 = 1_000_000_000;
/// Without a frame for so long the picture shown is old: words take its place, nanoseconds.
const FROZEN_NS: u64 = 2_000_000_000;
/// How often words are shown while there is no frame, nanoseconds.
const PLACARD_EVERY_NS: u64 = 200_000_000;
/// A frame that is shown later than its time by more than this is dropped for a newer one, nanoseconds.
const TOO_LATE_NS: u64 = 600_000_000;
/// A frame that is still being looked at when its time has come waits for so long, nanoseconds, and those after it too.
const LOOK_PATIENCE_NS: u64 = 450_000_000;
/// How long it sleeps where nothing comes.
const LEAST_WAIT: Duration = Duration::from_millis(2);
const MOST_WAIT: Duration = Duration::from_millis(20);
/// Most frames that wait, and most bytes of them.
const MOST_FRAMES: usize = 120;
const MOST_BYTES: usize = 512 << 20;
/// What one keeper works with.
pub(super) struct Keeper {
    pub(super) id: String,
    /// Its place on the board.
    pub(super) number: usize,
    pub(super) site: Site,
    /// Whether the detectors can search parts of a frame.
    pub(super) parts: bool,
    /// The size that the camera's regions were drawn on.
    pub(super) drawn_on: FrameSize,
    pub(super) planner: Arc<dyn Planner>,
    pub(super) scene: Option<Arc<EmptyScene>>,
    /// What is not compared with the stream's own scene, where there is no other; none where there is to be none.
    pub(super) own_scene: Option<Vec<Arc<UnitPolygon>>>,
    pub(super) delay_ns: u64,
    pub(super) age_ns: u64,
    pub(super) epoch: Instant,
    pub(super) queue: Receiver<Incoming>,
    pub(super) looked: Receiver<Looked>,
    pub(super) board: Arc<Board>,
    pub(super) link: Arc<Mutex<Link>>,
    pub(super) counts: Arc<Counts>,
    /// When it was last at work, milliseconds of the service's clock.
    pub(super) heartbeat: Arc<AtomicU64>,
    pub(super) interrupt: Interrupt,
}

/// A frame that waits for its time.
struct Waiting {
    frame: Arc<RawFrame>,
    at_ns: u64,
    covered: Option<CoverReason>,
    glance: Option<Arc<Glance>>,
}

/// What a keeper remembers.
struct Memory {
    insight: Insight,
    /// What frames are compared with: the stills, or the stream's own scene once there is one.
    scene: Option<Arc<EmptyScene>>,
    own: Option<OwnScene>,
    looks: Looks,
    /// What frames show that tell something, by their times.
    glances: VecDeque<(u64, Arc<Glance>)>,
    steady: Steady,
    masker: Masker,
    placards: Placards,
    form: Form,
    waiting: VecDeque<Waiting>,
    connection: u64,
    settled_ns: u64,
    /// It was said that pictures have another shape.
    shape_told: bool,
    /// The latest frame that came, and the latest picture shown.
    came_ns: u64,
    shown_ns: u64,
    pace: Pace,
    /// Frames that came.
    frames: u64,
    /// What was to be searched in a frame that nobody came for.
    owed: Option<Look>,
    turned: Turned,
}

impl Keeper {
    /// Keeps frames until the service stops.
    pub(super) fn run(self, mut outlet: Outlet) {
        let mut memory = Memory {
            insight: Insight::new(&self.site.track, self.scene.clone(), self.site.scene.clone()),
            scene: self.scene.clone(),
            own: self
                .own_scene
                .clone()
                .filter(|_| self.scene.is_none())
                .map(|left_out| OwnScene::new(self.site.scene.clone(), left_out)),
            looks: Looks::new(self.age_ns),
            glances: VecDeque::new(),
            steady: Steady::default(),
            masker: Masker::new(self.site.mask.clone()),
            placards: Placards::new(self.site.mask.fill_colour.0),
            form: Form::of_size(self.drawn_on),
            waiting: VecDeque::new(),
            connection: 0,
            settled_ns: 0,
            shape_told: false,
            came_ns: 0,
            shown_ns: 0,
            pace: Pace::new(self.site.detect.cadence, self.parts).staggered(),
            frames: 0,
            owed: None,
            turned: Turned::new(),
        };
        while !self.interrupt.is_raised() {
            let wait = memory
                .waiting
                .front()
                .map_or(u64::MAX, |first| (first.at_ns + self.delay_ns).saturating_sub(self.now_ns()));
            // A frame that is due and still being looked at must not make this thread spin: the detector needs the core.
            let wait = Duration::from_nanos(wait).clamp(LEAST_WAIT, MOST_WAIT);
            select_biased! {
                recv(self.looked) -> looked => match looked {
                    Ok(looked) => self.learn(&mut memory, looked),
                    Err(_) => return,
                },
                recv(self.queue) -> incoming => match incoming {
                    Ok(incoming) => self.take(&mut memory, incoming),
                    Err(_) => return,
                },
                default(wait) => {}
            }
            self.show_due(&mut memory, &mut outlet);
            self.heartbeat.store(self.now_ns() / 1_000_000, Ordering::Release);
        }
        outlet.close();
    }

    fn now_ns(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// A frame comes in.
    fn take(&self, memory: &mut Memory, incoming: Incoming) {
        let Incoming { frame, at_ns, connection, jumped } = incoming;
        let size = frame.size();
        if memory.connection != connection || jumped {
            if memory.connection != connection {
                memory.turned.start_over();
            }
            memory.connection = connection;
            memory.settled_ns = at_ns + SETTLES_NS;
            memory.pace.start_over();
        }
        if size != memory.form.size() {
            self.change_size(memory, at_ns);
        }
        memory.came_ns = at_ns;
        memory.form = Form::of_frame(&frame);
        let covered = match frame.damage() {
            Some(damage) => Some(CoverReason::from(damage)),
            None if !size.same_aspect(self.drawn_on) => Some(CoverReason::ShapeChanged),
            None if at_ns < memory.settled_ns => Some(CoverReason::Settling),
            None => None,
        };
        self.tell_of_shape(memory, covered == Some(CoverReason::ShapeChanged));
        let (frame, glance) = if frame.damage().is_none() {
            self.look_at(memory, frame, at_ns)
        } else {
            // It tells nothing, and what comes after it may be anything.
            memory.pace.start_over();
            (Arc::new(frame), None)
        };
        let most = (MOST_BYTES / frame.byte_len().max(1)).clamp(1, MOST_FRAMES);
        memory.waiting.push_back(Waiting { frame, at_ns, covered, glance });
        while memory.waiting.len() > most {
            memory.waiting.pop_front();
            count(&self.counts.dropped);
        }
    }

    /// Says once what is to be done where the camera's pictures have another shape than its zones were drawn on.
    fn tell_of_shape(&self, memory: &mut Memory, differs: bool) {
        if differs && !memory.shape_told {
            tracing::warn!(
                camera = self.id, drawn_on = %self.drawn_on,
                "covered: the camera sends another shape of picture than its zones were drawn on; set it back, or draw \
                 its zones anew and start the service again"
            );
        }
        memory.shape_told = differs;
    }

    /// Pictures have another size from here on: what is known of places is of the old one, and so are frames that wait.
    fn change_size(&self, memory: &mut Memory, at_ns: u64) {
        memory.insight = Insight::new(&self.site.track, self.scene.clone(), self.site.scene.clone());
        memory.scene.clone_from(&self.scene);
        if let Some(own) = &mut memory.own {
            own.start_over();
        }
        memory.looks = Looks::new(self.age_ns);
        memory.glances.clear();
        memory.steady = Steady::default();
        memory.settled_ns = at_ns + SETTLES_NS;
        memory.pace.start_over();
        for waiting in &mut memory.waiting {
            waiting.covered = waiting.covered.or(Some(CoverReason::Settling));
        }
    }

    /// Compares a frame with the empty scene, and puts it up to be looked at where it is its turn and it has changed.
    fn look_at(
        &self,
        memory: &mut Memory,
        frame: RawFrame,
        at_ns: u64,
    ) -> (Arc<RawFrame>, Option<Arc<Glance>>) {
        let wants_small = memory.scene.is_some() || memory.own.is_some() || memory.pace.glances();
        let small = wants_small.then(|| Arc::new(SmallPicture::of(&frame, self.site.scene.width_px)));
        if let Some((own, small)) = memory.own.as_mut().zip(small.as_ref())
            && at_ns >= memory.settled_ns
            && let Some(made) = own.see(at_ns, small)
        {
            memory.insight.renew(made.clone());
            memory.scene = made;
        }
        if let Some((scene, small)) = memory.scene.as_ref().zip(small.as_ref()) {
            let difference = scene.scene.compare(small);
            let share = difference.share(&self.site.scene);
            memory.insight.compared(at_ns, frame.size(), difference);
            self.watch_camera(memory, &frame, at_ns, share);
        }
        // A look that nobody came for is this frame's, in which there may be more to see.
        self.withdraw(memory, at_ns);
        let owed = memory.owed.take();
        memory.frames += 1;
        let is_owed = |extent: &Extent| *extent != Extent::Nothing;
        let must = owed.as_ref().map_or(Must::default(), |owed| Must {
            persons: is_owed(&owed.persons),
            faces: is_owed(&owed.faces),
        });
        memory.pace.strain(self.board.is_strained(self.number));
        let look = memory.pace.look(memory.frames, &frame, small.as_deref(), must);
        let look = match owed {
            Some(owed) => look.with_owed(owed, frame.size().area_px()),
            None => look,
        };
        let glance = small.map(|small| Arc::new(Glance::at(&small, frame.size())));
        let frame = Arc::new(frame);
        if look.tells_anything() {
            memory.glances.extend(glance.iter().map(|glance| (at_ns, Arc::clone(glance))));
            let known = memory.looks.ask(at_ns, look.clone());
            follow(memory, known);
        }
        if look.searches() {
            self.board.post(self.number, Arc::clone(&frame), at_ns, look);
        }
        (frame, glance)
    }

    /// Takes the frame down that nobody came for, if it was filmed until then.
    fn withdraw(&self, memory: &mut Memory, until_ns: u64) {
        if let Some((at_ns, look)) = self.board.withdraw(self.number, until_ns) {
            memory.looks.take_back(at_ns);
            memory.owed = Some(look);
        }
    }

    /// A look is done.
    fn learn(&self, memory: &mut Memory, looked: Looked) {
        let Looked { at_ns, seen, took } = looked;
        count(&self.counts.looks);
        self.counts.detector.add(took);
        if memory.looks.lose_before(at_ns) | seen.is_err() {
            memory.pace.start_over();
        }
        let known = memory.looks.learn(at_ns, seen);
        follow(memory, known);
    }

    /// Shows every picture whose time has come.
    fn show_due(&self, memory: &mut Memory, outlet: &mut Outlet) {
        loop {
            let now_ns = self.now_ns();
            let Some(first) = memory.waiting.pop_front_if(|first| self.is_due(first, now_ns)) else { break };
            if first.at_ns + self.delay_ns + TOO_LATE_NS < now_ns && !memory.waiting.is_empty() {
                count(&self.counts.dropped);
                continue;
            }
            let at_ns = first.at_ns;
            let picture = self.redacted(memory, first);
            memory.shown_ns = at_ns;
            outlet.show(picture, at_ns);
        }
        let (now_ns, gone) = (self.now_ns(), self.gone());
        let shown_until_ns = memory.shown_ns + self.delay_ns;
        let silent = now_ns > memory.came_ns + FROZEN_NS + self.delay_ns;
        let due = now_ns > shown_until_ns + PLACARD_EVERY_NS;
        if memory.waiting.is_empty() && due && (silent || gone.is_some()) {
            let at_ns = now_ns.saturating_sub(self.delay_ns);
            let picture = self.placard(memory, at_ns, gone.unwrap_or("NO PICTURE FROM THE CAMERA"));
            memory.shown_ns = at_ns;
            count(&self.counts.placards);
            self.counts.persons.store(0, Ordering::Relaxed);
            outlet.show(picture, at_ns);
        }
    }

    /// Whether a frame is to be shown: its time has come, and nobody is looking at it any more, or for too long.
    fn is_due(&self, first: &Waiting, now_ns: u64) -> bool {
        let is_free = Arc::strong_count(&first.frame) == 1;
        first.at_ns + self.delay_ns + if is_free { 0 } else { LOOK_PATIENCE_NS } <= now_ns
    }

    fn gone(&self) -> Option<&'static str> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner).gone
    }

    /// The frame masked, or words in its place.
    fn redacted(&self, memory: &mut Memory, waiting: Waiting) -> RedactedFrame {
        let Waiting { frame, at_ns, covered, glance } = waiting;
        let size = frame.size();
        self.withdraw(memory, at_ns);
        match self.plan(memory, at_ns, size, covered, glance.as_deref()) {
            Ok(plan) => {
                // One that is still being looked at is not shown: what is found in it is not known.
                let Some(frame) = Arc::into_inner(frame) else {
                    return self.cover(memory, at_ns, CoverReason::Overload);
                };
                count(&self.counts.masked);
                memory.masker.redact(frame, &plan)
            }
            Err(reason) => self.cover(memory, at_ns, reason),
        }
    }

    fn plan(
        &self,
        memory: &mut Memory,
        at_ns: u64,
        size: FrameSize,
        covered: Option<CoverReason>,
        glance: Option<&Glance>,
    ) -> Result<FramePlan, CoverReason> {
        let around = memory.looks.around(at_ns).and_then(|around| {
            let unsearched = changed(&around, glance, &memory.glances)?;
            Ok((around.detections, unsearched))
        });
        memory.looks.forget_before(at_ns);
        while memory.glances.pop_front_if(|(at, _)| *at < at_ns && !memory.looks.tells(*at)).is_some() {}
        let Known { tracked, cleared, unexplained, dim, dark, .. } = memory.insight.at(at_ns, size);
        if let Some(reason) = covered {
            return Err(reason);
        }
        if self.counts.moved.load(Ordering::Acquire) {
            return Err(CoverReason::CameraMoved);
        }
        if self.watched_scene().is_some() && !memory.turned.is_known(memory.connection) {
            return Err(CoverReason::Settling);
        }
        if dark && self.site.scene.dark != DarkPolicy::Report {
            return Err(CoverReason::TooDark);
        }
        let (detections, unsearched) = around?;
        if !unsearched.is_empty() {
            count(&self.counts.hurried);
        }
        let mut seen = Observations { size, detections, tracked, cleared, unexplained, unsearched, dim };
        memory.steady.settle(&mut seen.tracked, &self.site.track);
        let persons = seen.places(Target::Person).count() as u64;
        self.counts.persons.store(persons, Ordering::Relaxed);
        let stamp = Stamp { index: 0, pts_ns: at_ns, duration_ns: None };
        match self.planner.plan(stamp, &seen).for_frame(size) {
            FramePlan::Cover(reason) => Err(reason),
            masks => Ok(masks),
        }
    }

    fn cover(&self, memory: &Memory, at_ns: u64, reason: CoverReason) -> RedactedFrame {
        count(&self.counts.covered);
        if reason == CoverReason::Overload {
            count(&self.counts.overloaded);
        }
        self.placard(memory, at_ns, &format!("COVERED: {}", reason.words()))
    }

    /// A picture that says why nothing is shown, and when.
    fn placard(&self, memory: &Memory, at_ns: u64, why: &str) -> RedactedFrame {
        let ago = Duration::from_nanos(self.now_ns().saturating_sub(at_ns));
        let filmed = jiff::Timestamp::now() - jiff::SignedDuration::try_from(ago).unwrap_or_default();
        let time = filmed.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
        let stamp = Stamp { index: 0, pts_ns: at_ns, duration_ns: None };
        memory.placards.say(memory.form, stamp, &[&self.id, why, &time])
    }

    /// The stills that tell whether the camera was turned.
    fn watched_scene(&self) -> Option<&Arc<EmptyScene>> {
        self.scene.as_ref().filter(|scene| scene.kind() != SceneKind::OwnClip)
    }

    /// Looks whether the camera was turned.
    fn watch_camera(&self, memory: &mut Memory, frame: &RawFrame, at_ns: u64, share: f32) {
        let Some(scene) = self.watched_scene() else { return };
        let shown = Shown { frame, at_ns, connection: memory.connection, share };
        let Some(turned) = memory.turned.see(&shown, scene, &self.id) else { return };
        match (self.counts.moved.swap(turned, Ordering::AcqRel), turned) {
            (false, true) => tracing::warn!(
                camera = self.id,
                "covered: the camera was turned away from its stills; turn it back, or draw its zones and learn its stills \
                 anew and start the service again"
            ),
            (true, false) => tracing::info!(camera = self.id, "the camera stands as on its stills again"),
            _ => {}
        }
    }
}

/// Where a frame shows something else than those far ones do that tell of it.
fn changed(
    around: &Around,
    glance: Option<&Glance>,
    glances: &VecDeque<(u64, Arc<Glance>)>,
) -> Result<Vec<BoxPx>, CoverReason> {
    let mut all = Vec::new();
    for far in &around.only_like {
        let there = glances.iter().find(|(at, _)| at == far).map(|(_, glance)| glance);
        let (here, there) = glance.zip(there).ok_or(CoverReason::Overload)?;
        match here.change_since(there) {
            Change::Nothing => {}
            Change::Parts(parts) => all.extend(parts.iter().map(PxRect::as_box)),
            Change::Unknown => return Err(CoverReason::Overload),
        }
    }
    Ok(all)
}

/// Follows who was found from frame to frame.
fn follow(memory: &mut Memory, known: Vec<(u64, Vec<Detection>)>) {
    for (at_ns, detections) in known {
        memory.insight.found_later(at_ns, memory.form.size(), &detections);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::frame::{Colour, PixelFormat};

    const SIZE: FrameSize = FrameSize { width: 256, height: 128 };

    /// A grey picture with a dark square at `x`, seen at a glance.
    fn glance(x: usize) -> Arc<Glance> {
        let (width, height) = (SIZE.width as usize, SIZE.height as usize);
        let mut bytes = vec![128u8; width * height * 3 / 2];
        for row in bytes[..width * height].chunks_mut(width).skip(40).take(16) {
            row[x..x + 16].fill(40);
        }
        let stamp = Stamp { index: 0, pts_ns: 0, duration_ns: None };
        let frame = RawFrame::from_samples(PixelFormat::I420, SIZE, Colour::BT601, stamp, bytes);
        let frame = frame.expect("it fits");
        Arc::new(Glance::at(&SmallPicture::of(&frame, SIZE.width), SIZE))
    }

    #[test]
    fn what_changed_since_a_far_look_is_hidden_and_what_cannot_be_compared_is_covered() {
        let far = Around { detections: Vec::new(), only_like: vec![7] };
        let there = VecDeque::from([(3, glance(200)), (7, glance(8))]);
        assert_eq!(changed(&far, Some(&glance(8)), &there), Ok(Vec::new()));
        let hidden = changed(&far, Some(&glance(100)), &there).expect("comparable");
        for x in [8.0, 100.0] {
            let square = BoxPx::new(x, 40.0, x + 16.0, 56.0);
            assert!(
                hidden.iter().any(|area| area.holds(&square)),
                "where it was and where it is: {hidden:?}"
            );
        }
        assert_eq!(changed(&far, None, &there), Err(CoverReason::Overload));
        assert_eq!(changed(&far, Some(&glance(8)), &VecDeque::new()), Err(CoverReason::Overload));
        let near = Around { detections: Vec::new(), only_like: Vec::new() };
        assert_eq!(changed(&near, None, &VecDeque::new()), Ok(Vec::new()), "nothing is to be compared");
    }
}
