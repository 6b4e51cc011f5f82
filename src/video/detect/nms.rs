//! Non-maximum suppression: several boxes of one person become one, and nobody else disappears with them.

use crate::video::plan::Detection;

/// Greedy suppression, best score first, each target by itself: a box is dropped only where it overlaps a kept
/// one of the same target by more than `iou`. A face never suppresses the person who wears it.
///
/// The result is in falling order of score.
pub(super) fn suppress(mut detections: Vec<Detection>, iou: f32) -> Vec<Detection> {
    detections.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Detection> = Vec::with_capacity(detections.len());
    for candidate in detections {
        let double = |k: &Detection| k.target == candidate.target && k.area.iou(&candidate.area) > iou;
        if !kept.iter().any(double) {
            kept.push(candidate);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::BoxPx;
    use crate::video::plan::Target;
    use proptest::prelude::*;

    fn detection() -> impl Strategy<Value = Detection> {
        (prop::bool::ANY, 0.0f32..100.0, 0.0f32..100.0, 1.0f32..60.0, 1.0f32..60.0, 0.0f32..1.0).prop_map(
            |(person, x, y, w, h, score)| Detection {
                target: if person { Target::Person } else { Target::Face },
                area: BoxPx::new(x, y, x + w, y + h),
                score,
                weak: false,
            },
        )
    }

    #[test]
    fn doubles_go_and_neighbours_stay() {
        let at = |x: f32, score| Detection {
            target: Target::Person,
            area: BoxPx::new(x, 0.0, x + 10.0, 20.0),
            score,
            weak: false,
        };
        let kept = suppress(vec![at(1.0, 0.5), at(0.0, 0.9), at(6.0, 0.4)], 0.6);
        assert_eq!(kept, vec![at(0.0, 0.9), at(6.0, 0.4)]);
    }

    #[test]
    fn a_face_does_not_suppress_a_person() {
        let at =
            |target, score| Detection { target, area: BoxPx::new(0.0, 0.0, 9.0, 9.0), score, weak: false };
        let kept = suppress(vec![at(Target::Person, 0.3), at(Target::Face, 0.9)], 0.6);
        assert_eq!(kept.len(), 2);
    }

    proptest! {
        #[test]
        fn only_doubles_are_dropped(all in prop::collection::vec(detection(), 0..40), iou in 0.0f32..1.0) {
            let kept = suppress(all.clone(), iou);
            for k in &kept {
                prop_assert!(all.contains(k));
            }
            for a in &all {
                let same = || kept.iter().filter(|k| k.target == a.target);
                let is_kept = kept.contains(a);
                let better = same().any(|k| k.score >= a.score && k.area.iou(&a.area) > iou);
                prop_assert!(is_kept || better, "dropped without a better double: {a:?}");
                let touches = same().any(|k| k.area.intersection(&a.area) > 0.0);
                prop_assert!(touches, "a box that touches no kept one was dropped: {a:?}");
            }
            for (i, a) in kept.iter().enumerate() {
                for b in &kept[i + 1..] {
                    prop_assert!(a.target != b.target || a.area.iou(&b.area) <= iou);
                }
            }
        }
    }
}
