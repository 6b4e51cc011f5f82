//! What most of a camera's own stream shows, for want of learned stills: the same as a clip's own scene, made anew as the
//! stream goes on. Like that it only ever adds masks, for those whom no network finds.
//!
//! Pictures of it are small, and lie in memory only. Their distance grows until they span ten minutes: who stands still
//! for some minutes stays hidden, and what the light does in an hour is not held against it.

use crate::config::SceneSettings;
use crate::geometry::UnitPolygon;
use crate::video::pipeline::EmptyScene;
use crate::video::scene::{SmallPicture, temporary};
use crossbeam_channel::{Receiver, Sender, bounded};
use std::sync::Arc;

/// Most pictures kept: some 20 MB.
const PICTURES: usize = 40;
/// Their distance at first and at last, nanoseconds.
const FIRST_STEP_NS: u64 = 500_000_000;
const LAST_STEP_NS: u64 = 16_000_000_000;
/// It is made anew after a while that grows with what they span, nanoseconds: cores belong to detectors.
const ANEW_NS: (u64, u64) = (5_000_000_000, 60_000_000_000);

/// The scene, and what it is made of.
pub(super) struct OwnScene {
    settings: SceneSettings,
    /// What is not compared.
    left_out: Vec<Arc<UnitPolygon>>,
    pictures: Vec<(u64, Arc<SmallPicture>)>,
    step_ns: u64,
    /// When it is made anew.
    next_ns: u64,
    making: bool,
    made: (Sender<Option<EmptyScene>>, Receiver<Option<EmptyScene>>),
}

impl OwnScene {
    /// Of no picture yet.
    pub(super) fn new(settings: SceneSettings, left_out: Vec<Arc<UnitPolygon>>) -> Self {
        Self {
            settings,
            left_out,
            pictures: Vec::new(),
            step_ns: FIRST_STEP_NS,
            next_ns: 0,
            making: false,
            made: bounded(1),
        }
    }

    /// Begins anew: the picture has another size.
    pub(super) fn start_over(&mut self) {
        // What is being made of the pictures before goes nowhere.
        *self = Self::new(self.settings.clone(), std::mem::take(&mut self.left_out));
    }

    /// Takes a look at the picture of a frame filmed at `at_ns`, later than those before. Gives the scene where it was made
    /// anew: none where the pictures show none.
    pub(super) fn see(&mut self, at_ns: u64, picture: &Arc<SmallPicture>) -> Option<Option<Arc<EmptyScene>>> {
        let made = self.made.1.try_recv().ok();
        self.making &= made.is_none();
        if self.pictures.last().is_none_or(|(last, _)| at_ns >= last + self.step_ns) {
            self.keep(at_ns, picture);
        }
        let span_ns = self.pictures.first().map_or(0, |(first, _)| at_ns - first);
        let long = span_ns as f64 >= f64::from(self.settings.own_clip_secs) * 1e9;
        if long && at_ns >= self.next_ns && !self.making {
            let (least, most) = ANEW_NS;
            self.next_ns = at_ns + (span_ns / 4).clamp(least, most);
            self.make();
        }
        made.map(|scene| scene.map(Arc::new))
    }

    fn keep(&mut self, at_ns: u64, picture: &Arc<SmallPicture>) {
        if self.pictures.len() >= PICTURES {
            if self.step_ns < LAST_STEP_NS {
                let mut number = 0;
                self.pictures.retain(|_| {
                    number += 1;
                    number % 2 == 1
                });
                self.step_ns = (2 * self.step_ns).min(LAST_STEP_NS);
            } else {
                self.pictures.remove(0);
            }
        }
        self.pictures.push((at_ns, Arc::clone(picture)));
    }

    /// Makes the scene on a thread of its own.
    fn make(&mut self) {
        let pictures: Vec<Arc<SmallPicture>> =
            self.pictures.iter().map(|(_, picture)| Arc::clone(picture)).collect();
        let (settings, left_out, made) = (self.settings.clone(), self.left_out.clone(), self.made.0.clone());
        let work = move || {
            // The cameras' frames come first; where this is not allowed, all have the same turn.
            let _ = rustix::process::nice(10);
            let scene = temporary(&pictures, &left_out, &[], settings).map(EmptyScene::by_itself);
            // Nobody takes it where the stream has begun anew.
            let _ = made.try_send(scene);
        };
        // Where no thread is to be had it is tried again later.
        self.making = std::thread::Builder::new().name("own-scene".into()).spawn(work).is_ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{BoxPx, FrameSize};
    use crate::video::frame::{Colour, PixelFormat, RawFrame, Stamp};
    use crate::video::scene::SceneKind;
    use std::time::{Duration, Instant};

    const SIZE: FrameSize = FrameSize { width: 64, height: 48 };

    /// A wall that is brighter on the right, and somebody who walks before it.
    fn picture(left: usize) -> Arc<SmallPicture> {
        let mut bytes = vec![128u8; 64 * 48 * 3 / 2];
        for (at, luma) in bytes[..64 * 48].iter_mut().enumerate() {
            let (x, y) = (at % 64, at / 64);
            let inside = (left..left + 6).contains(&x) && (10..30).contains(&y);
            *luma = if inside { 220 } else { 40 + 2 * x as u8 + (at * 7 % 3) as u8 };
        }
        let stamp = Stamp { index: 0, pts_ns: 0, duration_ns: None };
        let frame = RawFrame::from_samples(PixelFormat::I420, SIZE, Colour::BT601, stamp, bytes);
        Arc::new(SmallPicture::of(&frame.expect("it fits"), SIZE.width))
    }

    fn own() -> OwnScene {
        OwnScene::new(SceneSettings { width_px: 64, ..SceneSettings::default() }, Vec::new())
    }

    #[test]
    fn after_a_while_there_is_a_scene_that_whoever_walks_differs_from() {
        let mut own = own();
        let patience = Instant::now() + Duration::from_secs(30);
        let mut scene = None;
        let mut made_after_ns = 0;
        for step in 0u64.. {
            let at_ns = step * 500_000_000;
            if let Some(made) = own.see(at_ns, &picture(3 * step as usize % 56)) {
                (scene, made_after_ns) = (made, at_ns);
                break;
            }
            assert!(Instant::now() < patience, "no scene was made");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(made_after_ns >= 10_000_000_000, "before that a slow walker is part of it");
        let scene = scene.expect("the pictures show one");
        assert_eq!(scene.kind(), SceneKind::OwnClip, "it clears nobody");
        let differs = |x: f32, y: f32| {
            let difference = scene.scene.compare(&picture(20));
            difference.share_in(&BoxPx::new(x, y, x + 6.0, y + 20.0), SIZE, &own.settings)
        };
        let (somebody, nobody) = (differs(20.0, 10.0), differs(50.0, 20.0));
        assert!(somebody > 0.7 && nobody < 0.1, "{somebody} of the one, {nobody} of the other");
    }

    #[test]
    fn pictures_are_few_and_span_ten_minutes() {
        let mut own = own();
        let one = picture(0);
        for second in 0..3600u64 {
            own.making = true;
            own.see(second * 1_000_000_000, &one);
            assert!(own.pictures.len() <= PICTURES);
        }
        let (first, last) = (own.pictures[0].0, own.pictures[own.pictures.len() - 1].0);
        let span_secs = (last - first) / 1_000_000_000;
        assert!((600..=640).contains(&span_secs), "{span_secs} s");
        own.start_over();
        assert!(own.pictures.is_empty() && own.step_ns == FIRST_STEP_NS);
    }
}
