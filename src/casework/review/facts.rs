//! What the records and sheets of this room share: what they are of, by whose act, and how numbers are written.

use super::around::clear_point;
use super::sheet::{Bilingual, words};
use crate::casework::audit::{ReasonCode, StaffName};
use crate::geometry::{BoxPx, FrameSize};
use crate::video::follow::Choice;
use serde::Serialize;

/// The clip that a sheet is of.
#[derive(Debug, Clone, Serialize)]
pub struct Source {
    /// Name of its file, without its folders.
    pub file: String,
    /// Its SHA-256.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Size of its picture, as displayed.
    pub size: FrameSize,
    /// Id of the camera, where its file was named.
    pub camera: Option<String>,
    /// Frames that were analysed.
    pub frames: usize,
    /// How many of them are covered whole: whoever is in these alone has no picture.
    pub frames_covered: usize,
    /// SHA-256 of the analysis file, where one was named.
    pub analysis_sha256: Option<String>,
}

/// The act, as its record has it: the log has no words.
#[derive(Debug, Clone, Serialize)]
pub struct ActFacts {
    /// Its entry in the audit log.
    pub entry: u64,
    /// Who looks.
    pub by: StaffName,
    /// Why, as the log has it.
    pub reason_code: ReasonCode,
    /// Why, in words.
    pub reason: String,
}

/// A picture that was taken: when, and of which box.
pub struct Taken<P> {
    /// When its frame is shown, nanoseconds after the clip's first frame.
    pub at_ns: u64,
    /// Where, pixels of the displayed picture.
    pub area: BoxPx,
    /// The picture.
    pub picture: P,
}

/// What a sheet is of, and by whose act.
pub(super) fn facts(source: &Source, act: Option<&ActFacts>) -> Vec<(Bilingual, String)> {
    let mut facts = vec![
        (words("opname", "clip"), source.file.clone()),
        (words("SHA-256", ""), source.sha256.clone()),
        (words("beeld", "picture"), format!("{}, {} beelden / frames", source.size, source.frames)),
    ];
    facts.extend(source.camera.clone().map(|camera| (words("camera", ""), camera)));
    if let Some(act) = act {
        facts.push((words("bekeken door", "looked at by"), act.by.to_string()));
        facts.push((words("reden", "reason"), format!("{} ({})", act.reason, act.reason_code)));
        facts.push((words("auditlogboek", "audit log"), format!("nr. {}", act.entry)));
    }
    facts
}

pub(super) fn raw_warning() -> [Bilingual; 2] {
    [
        words(
            "Op dit blad staan mensen onafgedekt. Bewaar, kopieer of verstuur het niet; maak geen schermafdruk.",
            "People are shown on this sheet. Do not keep, copy or send it; take no screenshot.",
        ),
        words(
            "Het staat alleen in het werkgeheugen en verdwijnt met melkglas clean, bij het afmelden, of na een uur.",
            "It lies in memory only, and goes with melkglas clean, when you log out, or after an hour.",
        ),
    ]
}

pub(super) fn keep_flags(typed: impl Iterator<Item = (Bilingual, String)>) -> Vec<(Bilingual, String)> {
    typed.map(|(label, text)| (label, format!("--keep {text}"))).collect()
}

/// A click that means this one and nobody else; none where others are all over it.
pub(super) fn click((at_ns, area): (u64, BoxPx), others: &[BoxPx]) -> Option<String> {
    let [x, y] = clear_point(&area, others)?;
    Some(Choice::Click { at_ns: typed_ns(at_ns), x, y }.to_string())
}

/// The first whole millisecond at which a frame is shown: what is typed names the last frame at or before it.
pub(super) fn typed_ns(at_ns: u64) -> u64 {
    at_ns.div_ceil(1_000_000) * 1_000_000
}

pub(super) fn typed_s(at_ns: u64) -> f64 {
    seconds(typed_ns(at_ns))
}

/// Seconds to the millisecond.
pub(super) fn seconds(ns: u64) -> f64 {
    (ns as f64 / 1e6).round() / 1e3
}

pub(super) fn tenths(value: f32) -> f64 {
    (f64::from(value) * 10.0).round() / 10.0
}

/// Left, top, width and height, pixels.
pub(super) fn box_px(area: &BoxPx) -> [f64; 4] {
    [area.x0, area.y0, area.width(), area.height()].map(tenths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::source::ClipTime;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_typed_names_its_own_frame(first in 0u64..90_000_000_000, step in 2_000_000u64..200_000_000) {
            let area = BoxPx::new(10.0, 10.0, 30.0, 50.0);
            let typed = click((first, area), &[]).expect("nobody is in the way");
            let (time, _) = typed.split_once('@').expect("a click");
            let named = time.parse::<ClipTime>().expect("a time").nanoseconds();
            prop_assert!(first <= named && named < first + step, "{}", typed);
        }
    }

    #[test]
    fn a_click_is_read_as_a_choice() {
        let area = BoxPx::new(10.0, 10.0, 31.0, 50.0);
        let typed =
            click((12_433_366_667, area), &[BoxPx::new(0.0, 0.0, 20.5, 60.0)]).expect("a clear point");
        let read: Choice = typed.parse().expect("a choice");
        let Choice::Click { at_ns, x, y } = read else { panic!("{typed}") };
        assert_eq!((at_ns, typed.split('@').next()), (12_434_000_000, Some("12.434")));
        assert!((20.5..31.0).contains(&x) && (10.0..50.0).contains(&y), "{typed}");
    }
}
