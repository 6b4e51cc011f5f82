//! One subject stays visible, where it is certain who it is; everybody else is hidden, and so is the subject wherever
//! anybody touches it or anything is in doubt. Things that staff name can be seen too, where nobody is.
//!
//! A resident may see footage of themselves as far as nobody else's privacy is harmed (GDPR art. 15 (4)). So hiding
//! wins wherever regions touch, and zones are never lifted.

use super::audit::{ActKind, Mode, Part, Receipt, What};
use super::decide::{HideEveryone, Spared};
use super::shown_object::ShownObject;
use crate::config::FollowSettings;
use crate::geometry::{BoxPx, FrameSize, PxRect};
use crate::video::follow::{Certain, Following};
use crate::video::frame::Stamp;
use crate::video::plan::sealed::OwnPlanner;
use crate::video::plan::{FramePlan, Observations, Planner, Target};
use crate::video::track::{Origin, TrackedBox};
use serde::Serialize;
use std::sync::Arc;

/// A face lies in this share of an upright person's box, from its top, and may stick out by the second.
const FACE_BELOW: f32 = 0.45;
const FACE_ABOVE: f32 = 0.1;
/// And so far from either side, since heads of people who turn or bend are at the edge of their boxes.
const FACE_BESIDE: f32 = 0.05;
/// Boxes of one face have their middles at most this far apart, as a share of the larger one's size: two heads side by
/// side are a whole one apart.
const ONE_HEAD: f32 = 0.6;
/// Others keep apart from the subject by at least so many pixels.
const LEAST_APART_PX: f32 = 2.0;

/// Why nobody may be revealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RevealError {
    /// The receipt is of another kind of act, another clip, or names less than what is to be shown.
    #[error("the receipt does not allow this: it was given for another act, another clip or another subject")]
    NotAllowed,
}

/// What of a clip may be shown. Pure: it shows nothing by itself.
#[derive(Debug, Clone)]
pub struct Discretion {
    everyone: HideEveryone,
    source_sha256: String,
    subject: Option<Arc<Following>>,
    objects: Vec<ShownObject>,
    settings: FollowSettings,
    mode: Mode,
}

/// Why the subject is not shown in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hidden {
    /// It is not certain who it is, or it is not there.
    Doubt,
    /// It was not found in or around this frame.
    Unseen,
    /// Somebody else is too near.
    Near,
}

impl Hidden {
    /// The reason in words, for a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Doubt => "because it is not certain who or where it is",
            Self::Unseen => "because it was not found",
            Self::Near => "because somebody is near",
        }
    }
}

impl Discretion {
    /// Nothing of a clip is shown yet; everybody is hidden as `everyone` says.
    #[must_use]
    pub fn new(everyone: HideEveryone, source_sha256: &str, settings: FollowSettings, mode: Mode) -> Self {
        let source_sha256 = source_sha256.to_owned();
        Self { everyone, source_sha256, subject: None, objects: Vec::new(), settings, mode }
    }

    /// The same, with a subject of the same clip.
    #[must_use]
    pub fn with_subject(self, subject: Arc<Following>) -> Self {
        Self { subject: Some(subject), ..self }
    }

    /// The same, with things that are to be seen.
    #[must_use]
    pub fn with_objects(self, objects: Vec<ShownObject>) -> Self {
        Self { objects, ..self }
    }

    /// The act that it takes, and whom and what it names.
    #[must_use]
    pub fn asks(&self) -> (ActKind, Vec<Part>) {
        let part = |what, (from_ns, to_ns): (u64, u64)| Part {
            what,
            from_ms: from_ns / 1_000_000,
            to_ms: Some(to_ns.div_ceil(1_000_000)),
            frames: None,
        };
        let stretches = self.subject.iter().flat_map(|subject| subject.certain());
        let tracks = stretches.map(|c| part(What::Track(c.track), (c.from_ns, c.to_ns)));
        let regions = self.objects.iter().map(|object| part(What::Region(object.place()), object.span_ns()));
        let kind = if self.subject.is_some() { ActKind::Reveal } else { ActKind::ShowObject };
        (kind, tracks.chain(regions).collect())
    }

    /// The mode, where somebody is shown.
    #[must_use]
    pub fn mode(&self) -> Option<Mode> {
        self.subject.as_ref().map(|_| self.mode)
    }

    /// Who the subject is, and where.
    #[must_use]
    pub fn subject(&self) -> Option<&Following> {
        self.subject.as_deref()
    }

    /// The things that are to be seen.
    #[must_use]
    pub fn objects(&self) -> &[ShownObject] {
        &self.objects
    }

    /// The region of the subject that may stay visible.
    ///
    /// # Errors
    /// Why nothing of it may.
    pub fn shown(&self, at_ns: u64, seen: &Observations) -> Result<PxRect, Hidden> {
        self.spared(at_ns, seen).map(|spared| spared.region)
    }

    fn spared(&self, at_ns: u64, seen: &Observations) -> Result<Spared<'_>, Hidden> {
        let following = self.subject.as_ref().ok_or(Hidden::Doubt)?;
        let certain = following.at(at_ns).ok_or(Hidden::Doubt)?;
        let own = own_boxes(&seen.tracked, certain);
        let core = own.iter().copied().reduce(|a, b| a.hull(&b)).ok_or(Hidden::Unseen)?;
        let shown = core.grown(self.settings.shown_margin, 0.0);
        let region = PxRect::outward(&shown, seen.size).ok_or(Hidden::Unseen)?;
        let apart = core.grown(self.settings.keep_apart, LEAST_APART_PX);
        let guard = PxRect::outward(&apart, seen.size).ok_or(Hidden::Unseen)?;
        let own_faces = own_faces(&own, seen);
        let strangers = || {
            let mine = |b: &&TrackedBox| certain.tracks.contains(&b.track) || following.is_modest(b.track);
            seen.tracked.iter().filter(move |b| b.target == Target::Person && !mine(b))
        };
        // Whoever was found in this very frame and does not touch the subject is hidden by their own mask; of anybody
        // else only the mask is known.
        let near = strangers().any(|b| {
            if b.origin == Origin::Seen {
                touch(&b.core, &core)
            } else {
                self.meets(&b.area, &guard, seen.size)
            }
        });
        if near || self.meets_stray(&guard, seen) {
            return Err(Hidden::Near);
        }
        Ok(Spared { tracks: &certain.tracks, region, own_faces })
    }

    /// Whether a detection that is nobody's sighting lies near: the masks of the others would leave it to the subject's.
    fn meets_stray(&self, guard: &PxRect, seen: &Observations) -> bool {
        let sightings = || seen.tracked.iter().chain(&seen.cleared).filter(|b| b.origin == Origin::Seen);
        let persons = seen.detections.iter().filter(|d| d.target == Target::Person && !d.weak);
        let mut strays = persons.filter(|d| !sightings().any(|b| b.target == d.target && b.core == d.area));
        strays.any(|d| self.meets(&d.area, guard, seen.size))
    }

    fn meets(&self, area: &BoxPx, guard: &PxRect, size: FrameSize) -> bool {
        self.everyone.person_rect(area, size).is_some_and(|rect| rect.shared_px(guard) > 0)
    }

    /// The plan in which all of this is shown. For measuring it may be asked by anybody of this room; only a [`Reveal`]
    /// gives it to a job.
    pub(super) fn plan(&self, stamp: Stamp, seen: &Observations) -> FramePlan {
        let spared = self.spared(stamp.pts_ns, seen).ok();
        let objects: Vec<PxRect> =
            self.objects.iter().filter_map(|object| object.at(stamp.pts_ns, seen.size)).collect();
        let mut masks = self.everyone.masks(stamp, seen, spared.as_ref(), &objects);
        if self.mode() == Some(Mode::Spotlight) {
            masks.extend(self.everyone.surroundings(seen.size, spared.as_ref().map(|s| &s.region)));
        }
        FramePlan::Masks { size: seen.size, masks }
    }
}

/// Whether two boxes have pixels in common.
fn touch(a: &BoxPx, b: &BoxPx) -> bool {
    a.intersection(b) > 0.0
}

/// The boxes of the subject's tracks: those that were found in this very frame, or else those that are bridged.
fn own_boxes(tracked: &[TrackedBox], certain: &Certain) -> Vec<BoxPx> {
    let of = |origin: Origin| -> Vec<BoxPx> {
        let own = move |b: &&TrackedBox| {
            b.target == Target::Person && b.origin == origin && certain.tracks.contains(&b.track)
        };
        tracked.iter().filter(own).map(|b| b.core).collect()
    };
    let found = of(Origin::Seen);
    if found.is_empty() { of(Origin::Bridged) } else { found }
}

/// The faces in the upper part of the subject's boxes, where they are all one head: the subject's. A network may find one
/// face several times over, a little larger and a little smaller.
fn own_faces(own: &[BoxPx], seen: &Observations) -> Vec<BoxPx> {
    let faces = seen.places(Target::Face).map(|(face, _)| face);
    let faces: Vec<BoxPx> = faces.filter(|face| own.iter().any(|body| is_head_of(face, body))).collect();
    let size = |face: &BoxPx| 0.5 * (face.width() + face.height());
    let one_head = |a: &BoxPx, b: &BoxPx| {
        let (dx, dy) = (0.5 * (a.x0 + a.x1 - b.x0 - b.x1), 0.5 * (a.y0 + a.y1 - b.y0 - b.y1));
        dx.hypot(dy) <= ONE_HEAD * size(a).max(size(b))
    };
    let all_one = faces.iter().enumerate().all(|(n, a)| faces[n + 1..].iter().all(|b| one_head(a, b)));
    if all_one { faces } else { Vec::new() }
}

/// Whether a face lies where that of a body does.
fn is_head_of(face: &BoxPx, body: &BoxPx) -> bool {
    let lying = body.width() > body.height();
    let end = if lying { body.y1 } else { body.y0 + FACE_BELOW * body.height() };
    let (x, y) = (0.5 * (face.x0 + face.x1), 0.5 * (face.y0 + face.y1));
    let beside = if lying { 0.0 } else { FACE_BESIDE * body.width() };
    (body.x0 + beside..=body.x1 - beside).contains(&x)
        && (body.y0 - FACE_ABOVE * body.height()..=end).contains(&y)
}

/// Shows what may be shown. Made from a receipt of the audit log and from nothing else:
/// ```compile_fail
/// fn forge(discretion: melkglas::casework::Discretion) -> melkglas::casework::Reveal {
///     melkglas::casework::Reveal(discretion)
/// }
/// ```
/// ```compile_fail
/// use melkglas::casework::{Discretion, Reveal, RevealError};
/// fn unrecorded(discretion: Discretion) -> Result<Reveal, RevealError> {
///     Reveal::new(discretion)
/// }
/// ```
/// What does compile: the same with the receipt of an act that stands in the log.
/// ```
/// use melkglas::casework::audit::{Act, AuditLog, ReasonText};
/// use melkglas::casework::{Discretion, Reveal};
/// fn recorded(log: &AuditLog, act: Act, reason: &ReasonText, discretion: Discretion) -> Option<Reveal> {
///     let open = log.begin(act, reason).ok()?;
///     Reveal::new(discretion, open.receipt()).ok()
/// }
/// ```
pub struct Reveal(Discretion);

impl Reveal {
    /// Shows what `discretion` lets be shown, for which the act of this receipt was opened in the log.
    ///
    /// # Errors
    /// [`RevealError`].
    pub fn new(discretion: Discretion, receipt: &Receipt) -> Result<Self, RevealError> {
        let (kind, parts) = discretion.asks();
        let named = |part: &Part| {
            receipt.subject().iter().any(|given| {
                given.what == part.what
                    && given.from_ms <= part.from_ms
                    && given.to_ms.is_none_or(|to| part.to_ms.is_some_and(|end| end <= to))
            })
        };
        let allowed = receipt.source().to_string() == discretion.source_sha256
            && receipt.kind() == kind
            && receipt.act().mode == discretion.mode()
            && parts.iter().all(named);
        if allowed { Ok(Self(discretion)) } else { Err(RevealError::NotAllowed) }
    }
}

impl OwnPlanner for Reveal {}

impl Planner for Reveal {
    fn plan(&self, stamp: Stamp, seen: &Observations) -> FramePlan {
        self.0.plan(stamp, seen)
    }
}

#[cfg(test)]
#[path = "reveal_tests.rs"]
mod tests;
