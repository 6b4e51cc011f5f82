//! Whether a camera still looks where it looked when its stills were made. Only then do private regions lie where they
//! should, so one that was turned is covered, and after a connection nothing is shown before it is known.

use crate::geometry::FrameSize;
use crate::video::frame::RawFrame;
use crate::video::pipeline::EmptyScene;
use crate::video::scene::{Outline, Stance};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::sync::Arc;

/// Frames whose outline tells whether the camera was turned, and how far apart: at once after a connection, when nothing
/// is shown until it is known, and then over some seconds, in which people move on. And how long after a verdict the next
/// ones are taken: sooner where all at once much of the picture differs, or no longer does. So a camera that was turned is
/// covered within 40 seconds, and one that was turned by much within 15.
const OUTLINES: usize = 5;
const FIRST_OUTLINES_APART_NS: u64 = 150_000_000;
const OUTLINES_APART_NS: u64 = 1_000_000_000;
const JUDGED_AGAIN_NS: u64 = 30_000_000_000;
const JUDGED_SOON_NS: u64 = 8_000_000_000;
const MUCH: f32 = 0.25;
/// Share of the picture that differs from every still where the camera looks elsewhere altogether: no crowd fills so much.
const UNLIKE: f32 = 0.5;

/// A frame that tells something of it.
pub(super) struct Shown<'a> {
    pub(super) frame: &'a RawFrame,
    /// When it was filmed, nanoseconds on the service's clock.
    pub(super) at_ns: u64,
    /// Which connection it came by.
    pub(super) connection: u64,
    /// Share of the picture that differs from every still, `0..=1`.
    pub(super) share: f32,
}

/// What is known of one camera.
pub(super) struct Turned {
    outlines: Vec<Outline>,
    /// How many of their frames were unlike every still.
    unlike: usize,
    size: Option<FrameSize>,
    next_ns: u64,
    /// The connection of which it is known, and since when.
    known: u64,
    known_ns: u64,
    turned: bool,
    /// Much of the picture differs.
    differs: bool,
    verdict: (Sender<Verdict>, Receiver<Verdict>),
}

/// Of which connection it is known, and whether the camera was turned.
type Verdict = (u64, bool);

impl Turned {
    /// Nothing is known.
    pub(super) fn new() -> Self {
        Self {
            outlines: Vec::new(),
            unlike: 0,
            size: None,
            next_ns: 0,
            known: 0,
            known_ns: 0,
            turned: false,
            differs: false,
            verdict: bounded(4),
        }
    }

    /// There is a new connection: the camera may have been mounted anew meanwhile.
    pub(super) fn start_over(&mut self) {
        self.outlines.clear();
        self.unlike = 0;
        self.next_ns = 0;
    }

    /// Whether it is known of this connection.
    pub(super) fn is_known(&self, connection: u64) -> bool {
        self.known == connection
    }

    /// Takes a frame's outline now and then, and has them held against the stills on a thread of its own. Says whether the
    /// camera was turned where that is news.
    pub(super) fn see(&mut self, shown: &Shown<'_>, scene: &Arc<EmptyScene>, camera: &str) -> Option<bool> {
        let Shown { at_ns, connection, share, .. } = *shown;
        let verdict = self.verdict.1.try_recv().ok().filter(|(of, _)| *of == connection);
        let news = verdict.map(|(_, turned)| {
            (self.known, self.known_ns, self.turned) = (connection, at_ns, turned);
            self.next_ns = at_ns + JUDGED_AGAIN_NS;
            turned
        });
        let much = share > MUCH;
        if self.differs != much && self.next_ns != u64::MAX {
            self.differs = much;
            self.next_ns = self.next_ns.min(self.known_ns + JUDGED_SOON_NS);
        }
        if at_ns >= self.next_ns {
            self.take(shown, scene, camera);
        }
        news
    }

    fn take(&mut self, shown: &Shown<'_>, scene: &Arc<EmptyScene>, camera: &str) {
        let Shown { frame, at_ns, connection, share } = *shown;
        if self.size.replace(frame.size()).is_some_and(|size| size != frame.size()) {
            self.start_over();
        }
        let apart_ns = if self.is_known(connection) { OUTLINES_APART_NS } else { FIRST_OUTLINES_APART_NS };
        self.next_ns = at_ns + apart_ns;
        self.outlines.push(Outline::of(frame));
        self.unlike += usize::from(share > UNLIKE);
        if self.outlines.len() < OUTLINES {
            return;
        }
        // Until the verdict is there.
        self.next_ns = u64::MAX;
        let (outlines, scene) = (std::mem::take(&mut self.outlines), Arc::clone(scene));
        let unlike = std::mem::take(&mut self.unlike) >= OUTLINES;
        let (verdict, before) = (self.verdict.0.clone(), self.turned);
        let judge = move || {
            // The cameras' frames come first; where this is not allowed, all have the same turn.
            let _ = rustix::process::nice(5);
            // Nobody listens where the service stops.
            let _ = verdict.try_send((connection, is_turned(scene.stance(&outlines), unlike, before)));
        };
        if std::thread::Builder::new().name(format!("turned-{camera}")).spawn(judge).is_err() {
            self.next_ns = at_ns + JUDGED_AGAIN_NS;
        }
    }
}

/// A camera of which nothing can be told is as before, unless its picture is `unlike` every still: it may have been turned so
/// far that nothing of them is left to be recognised.
fn is_turned(stance: Stance, unlike: bool, before: bool) -> bool {
    match stance {
        Stance::Moved { .. } => true,
        Stance::Still => false,
        Stance::Unknown => before || unlike,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_told_is_as_before_and_a_picture_unlike_every_still_is_turned() {
        let moved = Stance::Moved { shift_px: 20.0, degrees: 0.0, zoom: 0.0 };
        for (stance, unlike, before, turned) in [
            (Stance::Still, true, true, false),
            (moved, false, false, true),
            (Stance::Unknown, false, false, false),
            (Stance::Unknown, false, true, true),
            (Stance::Unknown, true, false, true),
        ] {
            assert_eq!(is_turned(stance, unlike, before), turned, "{stance:?} {unlike} {before}");
        }
    }
}
