//! Pictures from all over a clip, for an empty scene of the clip by itself.
//!
//! A long clip is looked into at its keyframes; a short one, or one with few keyframes, is decoded from end to end.

use super::empty::EmptyScene;
use crate::config::{Camera, Site};
use crate::interrupt::Interrupt;
use crate::video::scene::{SmallPicture, temporary};
use crate::video::source::{Clip, Source, SourceError};
use std::sync::Arc;

/// Pictures taken of a clip, at most.
const PICTURES: u64 = 60;
/// Different ones, from which a look at the keyframes suffices: in a short clip fewer, as they show the same people anyway.
const ENOUGH: usize = 24;
const ENOUGH_OF_SHORT: usize = 12;
/// A clip shorter than this is a short one, nanoseconds.
const SHORT_NS: u64 = 30_000_000_000;

impl EmptyScene {
    /// What most of a fixed camera's clip shows. It only ever adds masks. None where the clip is too short, does not
    /// say how long it is, cannot be decoded (redacting it will say why) or shows no scene, and where the settings do
    /// not want it.
    #[must_use]
    pub fn of_clip(clip: &Clip, camera: Option<&Camera>, site: &Site, interrupt: &Interrupt) -> Option<Self> {
        if !site.scene.own_clip || camera.is_some_and(|camera| !camera.fixed) {
            return None;
        }
        let overlays: Vec<_> =
            camera.iter().flat_map(|c| &c.overlays).map(|overlay| Arc::clone(&overlay.polygon)).collect();
        let zones: Vec<_> =
            camera.iter().flat_map(|c| &c.zones).map(|zone| Arc::clone(&zone.polygon)).collect();
        let pictures = pictures(clip, site, interrupt).ok()?;
        temporary(&pictures, &overlays, &zones, site.scene.clone()).map(Self::by_itself)
    }
}

fn pictures(clip: &Clip, site: &Site, interrupt: &Interrupt) -> Result<Vec<SmallPicture>, SourceError> {
    let mut source = Source::open(clip, &site.limits, interrupt)?;
    // Only then it knows how long it lasts.
    source.next_frame()?;
    let least_ns = (f64::from(site.scene.own_clip_secs) * 1e9) as u64;
    let Some(lasts_ns) = source.duration_ns().filter(|ns| *ns >= least_ns) else { return Ok(Vec::new()) };
    let enough = if lasts_ns > SHORT_NS { ENOUGH } else { ENOUGH_OF_SHORT };
    let seen = keyframes(&mut source, lasts_ns, enough, site)?;
    if seen.len() >= enough {
        return Ok(seen);
    }
    let mut source = Source::open(clip, &site.limits, interrupt)?;
    let mut seen = Vec::new();
    while let Some(frame) = source.next_frame_from(lasts_ns / PICTURES * seen.len() as u64)? {
        if frame.damage().is_none() {
            seen.push(SmallPicture::of(&frame, site.scene.width_px));
        }
    }
    Ok(seen)
}

/// Different keyframes at equal distances, larger ones where keyframes are rarer. Fewer than enough where they are too rare
/// or the clip cannot be entered there.
fn keyframes(
    source: &mut Source,
    lasts_ns: u64,
    enough: usize,
    site: &Site,
) -> Result<Vec<SmallPicture>, SourceError> {
    let mut seen: Vec<SmallPicture> = Vec::new();
    let (mut at_ns, mut step_ns) = (0, lasts_ns / PICTURES);
    let mut last_place = None;
    while at_ns < lasts_ns {
        if !source.look_at(at_ns) {
            break;
        }
        at_ns += step_ns.max(1);
        let Some(frame) = source.next_frame()? else { break };
        if frame.damage().is_some() {
            continue;
        }
        let picture = SmallPicture::of(&frame, site.scene.width_px);
        let place = source.place_ns();
        let again = match place {
            // Two keyframes may well show the very same.
            Some(_) => place == last_place,
            None => seen.last().is_some_and(|last| last.is_same(&picture)),
        };
        last_place = place;
        if !again {
            seen.push(picture);
        } else {
            // Keyframes are further apart than that: no more looking at one twice.
            step_ns *= 2;
            if step_ns > lasts_ns / enough as u64 {
                break;
            }
        }
    }
    Ok(seen)
}
