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
/// Different ones, from which a look at the keyframes suffices.
const ENOUGH: usize = 24;
/// A clip shorter than this has few keyframes, nanoseconds.
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
    let first = source.next_frame()?;
    let least_ns = (f64::from(site.scene.own_clip_secs) * 1e9) as u64;
    let Some(lasts_ns) = source.duration_ns().filter(|ns| *ns >= least_ns) else { return Ok(Vec::new()) };
    if lasts_ns > SHORT_NS {
        let seen = keyframes(&mut source, lasts_ns, site)?;
        if seen.len() >= ENOUGH {
            return Ok(seen);
        }
        source = Source::open(clip, &site.limits, interrupt)?;
    }
    let mut seen = Vec::new();
    let mut next = first;
    while let Some(frame) = next {
        if frame.pts_ns() >= lasts_ns / PICTURES * seen.len() as u64 && frame.damage().is_none() {
            seen.push(SmallPicture::of(&frame, site.scene.width_px));
        }
        next = source.next_frame()?;
    }
    Ok(seen)
}

/// The different keyframes at equal distances; as many as there are where the clip cannot be entered there.
fn keyframes(source: &mut Source, lasts_ns: u64, site: &Site) -> Result<Vec<SmallPicture>, SourceError> {
    let mut seen: Vec<SmallPicture> = Vec::new();
    for number in 0..PICTURES {
        if !source.look_at(lasts_ns / PICTURES * number) {
            break;
        }
        let Some(frame) = source.next_frame()? else { break };
        if frame.damage().is_some() {
            continue;
        }
        let picture = SmallPicture::of(&frame, site.scene.width_px);
        if seen.last().is_none_or(|last| !last.is_same(&picture)) {
            seen.push(picture);
        }
    }
    Ok(seen)
}
