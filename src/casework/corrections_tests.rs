//! What corrections do to a plan: they add to what is hidden, whatever they are, and never take from it.

use super::HideEveryone;
use crate::config::{Correction, Keyframe, MaskSettings, Place, Style};
use crate::geometry::{BoxPx, FrameSize, PxRect};
use crate::moment::ClipTime;
use crate::video::frame::Stamp;
use crate::video::mask::{Masker, PixelSet};
use crate::video::plan::{Detection, FramePlan, MaskKind, Observations, Planner, Target};
use proptest::prelude::*;

const SIZE: FrameSize = FrameSize { width: 320, height: 180 };

fn stamp(pts_ms: u64, lasts_ms: Option<u64>) -> Stamp {
    Stamp { index: 0, pts_ns: pts_ms * 1_000_000, duration_ns: lasts_ms.map(|ms| ms * 1_000_000) }
}

fn hidden(plan: &FramePlan) -> PixelSet {
    Masker::new(MaskSettings::default()).hidden(plan, SIZE)
}

fn corrected(words: &str) -> HideEveryone {
    HideEveryone::new(None, MaskSettings::default(), Some(Style::Pixelate))
        .with_corrections(vec![words.parse().expect("a correction")])
}

/// The rectangle that is hidden in an otherwise empty frame, and nothing else.
fn check(words: &str, at: Stamp, expect: Option<[u32; 4]>) {
    let plan = corrected(words).plan(at, &Observations::untracked(SIZE, Vec::new()));
    let mut set = PixelSet::none(SIZE);
    if let Some([x0, y0, x1, y1]) = expect {
        set.insert(PxRect { x0, y0, x1, y1 });
    }
    assert_eq!(hidden(&plan), set, "{words} at {at:?}");
}

#[test]
fn whatever_is_on_screen_in_the_time_of_a_correction_is_hidden() {
    let still = "1-2@101,50,40,80";
    // Rounded outward to chroma pairs, without a margin.
    let place = Some([100, 50, 142, 130]);
    check(still, stamp(800, Some(100)), None);
    check(still, stamp(900, Some(100)), place);
    check(still, stamp(1000, Some(100)), place);
    check(still, stamp(2000, Some(100)), place);
    check(still, stamp(2100, Some(100)), None);
    check(still, stamp(200, Some(5000)), place);
    // A frame of which nobody knows how long it stays.
    check(still, stamp(200, None), place);
    check(still, stamp(200, Some(0)), place);
    check("1@0,0,20,20..2@100,0,20,20", stamp(1500, Some(100)), Some([50, 0, 80, 20]));
    check("-50,-50,70,60", stamp(0, Some(40)), Some([0, 0, 20, 10]));
    check("300,170,900,900", stamp(0, Some(40)), Some([300, 170, 320, 180]));
}

#[test]
fn a_correction_has_the_style_of_the_call_and_is_a_mask_of_its_own_kind() {
    let seen = Observations::untracked(SIZE, Vec::new());
    let FramePlan::Masks { masks, .. } = corrected("5,6,7,8").plan(stamp(0, None), &seen) else {
        panic!("masks")
    };
    let kinds: Vec<_> = masks.iter().map(|mask| (mask.kind, mask.style)).collect();
    assert_eq!(kinds, [(MaskKind::Correction, Style::Pixelate)]);
}

fn corrections() -> impl Strategy<Value = Vec<Correction>> {
    let place = (-60_000.0..60_000.0f64, -400.0..400.0f64, 1.0..60_000.0f64, 1.0..400.0f64);
    let keyframe = (1u64..2000, place);
    let one = proptest::collection::vec(keyframe, 1..4).prop_map(|all| {
        let mut ms = 0;
        let keyframes: Vec<_> = all
            .into_iter()
            .map(|(step, (x, y, w, h))| {
                ms += step;
                let at = ClipTime::from_secs(ms as f64 / 1e3).expect("a time");
                Keyframe { at, place: Place::new([x, y, w, h]).expect("in range") }
            })
            .collect();
        match keyframes.as_slice() {
            [one] => Correction::throughout(one.place),
            _ => Correction::moving(keyframes).expect("in order"),
        }
    });
    proptest::collection::vec(one, 0..4)
}

proptest! {
    #[test]
    fn corrections_only_ever_add(
        corrections in corrections(), pts_ms in 0u64..7000, lasts_ms in proptest::option::of(0u64..3000),
        people in proptest::collection::vec((0.0f32..300.0, 0.0f32..170.0, 5.0f32..90.0, 5.0f32..90.0), 0..5),
        unexplained in proptest::option::of((0.0f32..300.0, 0.0f32..170.0)), face in any::<bool>(),
    ) {
        let target = if face { Target::Face } else { Target::Person };
        let found = people.into_iter().map(|(x, y, w, h)| Detection {
            target, area: BoxPx::new(x, y, (x + w).min(320.0), (y + h).min(180.0)), score: 0.5, weak: false,
        });
        let mut seen = Observations::untracked(SIZE, found.collect());
        seen.unexplained = unexplained.into_iter().map(|(x, y)| BoxPx::new(x, y, x + 20.0, y + 10.0)).collect();
        let plain = HideEveryone::new(None, MaskSettings::default(), None);
        let at = stamp(pts_ms, lasts_ms);
        let without = hidden(&plain.plan(at, &seen));
        let with = hidden(&plain.with_corrections(corrections.clone()).plan(at, &seen).for_frame(SIZE));
        prop_assert_eq!(without.count_without(&with), 0, "something is shown that was hidden");
        // And what they say is hidden.
        for area in corrections.iter().filter_map(|c| c.during(at.pts_ns, at.until_ns())) {
            let Some(rect) = PxRect::outward(&area, SIZE) else { continue };
            prop_assert_eq!(with.count_in(rect), rect.area_px());
        }
    }
}
