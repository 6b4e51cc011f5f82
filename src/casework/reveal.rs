//! One subject stays visible, where it is certain who it is; everybody else is hidden, and so is the subject wherever
//! anybody comes near or anything is in doubt.
//!
//! A resident may see footage of themselves as far as nobody else's privacy is harmed (GDPR art. 15 (4); Woongroen art.
//! 7, Leystromen "inzage", Mozaiek Wonen art. 6, Heuvelrug Wonen art. 9). So hiding wins wherever regions touch, and
//! zones are never lifted.

use super::audit::{ActKind, Mode, Receipt};
use super::decide::{HideEveryone, Spared};
use crate::config::FollowSettings;
use crate::geometry::{BoxPx, FrameSize, PxRect};
use crate::video::follow::{Certain, Following};
use crate::video::frame::Stamp;
use crate::video::plan::{FramePlan, Observations, Planner, Target};
use crate::video::track::{Origin, TrackedBox};
use serde::Serialize;
use std::sync::Arc;

/// Why nobody may be revealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RevealError {
    /// The receipt is of another kind of act, or of another clip.
    #[error("the receipt does not allow this: it was given for another act or another clip")]
    NotAllowed,
}

/// What of a frame may be shown of the subject. Pure: it shows nothing by itself.
#[derive(Debug, Clone)]
pub struct Discretion {
    everyone: HideEveryone,
    following: Arc<Following>,
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

impl Discretion {
    /// For the subject of `following`; all others are hidden as `everyone` says.
    #[must_use]
    pub fn new(
        everyone: HideEveryone,
        following: Arc<Following>,
        settings: FollowSettings,
        mode: Mode,
    ) -> Self {
        Self { everyone, following, settings, mode }
    }

    /// The region of the subject that may stay visible.
    ///
    /// # Errors
    /// Why nothing of it may.
    pub fn shown(&self, at_ns: u64, seen: &Observations) -> Result<PxRect, Hidden> {
        self.spared(at_ns, seen).map(|spared| spared.region)
    }

    fn spared(&self, at_ns: u64, seen: &Observations) -> Result<Spared<'_>, Hidden> {
        let certain = self.following.at(at_ns).ok_or(Hidden::Doubt)?;
        let core = core(&seen.tracked, certain).ok_or(Hidden::Unseen)?;
        let shown = core.grown(self.settings.shown_margin, 0.0);
        let region = PxRect::outward(&shown, seen.size).ok_or(Hidden::Doubt)?;
        let apart = core.grown(self.settings.keep_apart, 2.0);
        let guard = PxRect::outward(&apart, seen.size).ok_or(Hidden::Doubt)?;
        let own_face = own_face(&core, seen);
        let near = seen.tracked_places(Target::Person).any(|(area, _, track)| {
            let mine = track.is_some_and(|t| certain.tracks.contains(&t) || self.following.in_place(t));
            !mine && self.meets(&area, &guard, seen.size)
        });
        let other_face = seen
            .places(Target::Face)
            .any(|(face, _)| own_face != Some(face) && self.meets(&face, &region, seen.size));
        if near || other_face {
            return Err(Hidden::Near);
        }
        Ok(Spared { tracks: &certain.tracks, region, own_face })
    }

    fn meets(&self, area: &BoxPx, guard: &PxRect, size: FrameSize) -> bool {
        self.everyone.person_rect(area, size).is_some_and(|rect| rect.shared_px(guard) > 0)
    }

    /// The plan in which the subject is shown. For measuring it may be asked by anybody of this program; only a
    /// [`Reveal`] gives it to a job.
    pub(super) fn plan(&self, stamp: Stamp, seen: &Observations) -> FramePlan {
        let spared = self.spared(stamp.pts_ns, seen).ok();
        let mut masks = self.everyone.masks(stamp, seen, spared.as_ref());
        if self.mode == Mode::Spotlight {
            masks.extend(self.everyone.surroundings(seen.size, spared.as_ref().map(|s| &s.region)));
        }
        FramePlan::Masks { size: seen.size, masks }
    }

    /// Who the subject is, and where.
    #[must_use]
    pub fn following(&self) -> &Following {
        &self.following
    }

    /// Where it is certain who the subject is.
    #[must_use]
    pub fn certain(&self) -> &[Certain] {
        self.following.certain()
    }
}

/// The box around the subject's tracks: those that were found in this very frame, or else those that are bridged.
fn core(tracked: &[TrackedBox], certain: &Certain) -> Option<BoxPx> {
    let of = |origin: Origin| {
        let own = move |b: &&TrackedBox| {
            b.target == Target::Person && b.origin == origin && certain.tracks.contains(&b.track)
        };
        let hull =
            |a: BoxPx, b: BoxPx| BoxPx::new(a.x0.min(b.x0), a.y0.min(b.y0), a.x1.max(b.x1), a.y1.max(b.y1));
        tracked.iter().filter(own).map(|b| b.core).reduce(hull)
    };
    of(Origin::Seen).or_else(|| of(Origin::Bridged))
}

/// The face in the upper part of somebody's box, where there is exactly one: theirs.
fn own_face(core: &BoxPx, seen: &Observations) -> Option<BoxPx> {
    let lying = core.width() > core.height();
    let end = if lying { core.y1 } else { core.y0 + 0.45 * core.height() };
    let inside = |face: &BoxPx| {
        let (x, y) = (0.5 * (face.x0 + face.x1), 0.5 * (face.y0 + face.y1));
        (core.x0..=core.x1).contains(&x) && (core.y0 - 0.1 * core.height()..=end).contains(&y)
    };
    let mut faces = seen.places(Target::Face).map(|(face, _)| face).filter(inside);
    faces.next().filter(|_| faces.next().is_none())
}

/// Shows the subject. Made from a receipt of the audit log and from nothing else.
pub struct Reveal(Discretion);

impl Reveal {
    /// Shows the subject of `discretion`, for whom the act of this receipt was opened in the log.
    ///
    /// # Errors
    /// [`RevealError`].
    pub fn new(discretion: Discretion, receipt: &Receipt) -> Result<Self, RevealError> {
        let same = receipt.source().to_string() == discretion.following.source_sha256();
        let allowed = receipt.kind() == ActKind::Reveal && receipt.act().mode == Some(discretion.mode);
        if same && allowed { Ok(Self(discretion)) } else { Err(RevealError::NotAllowed) }
    }
}

impl Planner for Reveal {
    fn plan(&self, stamp: Stamp, seen: &Observations) -> FramePlan {
        self.0.plan(stamp, seen)
    }
}
