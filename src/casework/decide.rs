//! Who and what is hidden: the whole legal logic, pure and small.
//!
//! Everybody is hidden, always, and vehicles and screens where they are asked for: the protocols let a resident see footage of themselves only as far as nobody
//! else's privacy is harmed, and no choice of a person exists yet. So is every private region of the camera
//! (front doors, windows, gardens, the street: Woongroen art. 1, Leystromen "privacy", Mozaiek Wonen art. 2,
//! Heuvelrug Wonen art. 12).

use crate::config::{Camera, Correction, MaskSettings, Style, UnexplainedPolicy};
use crate::geometry::{BoxPx, FrameSize, PxRect};
use crate::video::frame::Stamp;
use crate::video::plan::sealed::OwnPlanner;
use crate::video::plan::{FramePlan, Mask, MaskKind, MaskShape, Observations, Planner, Target};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Hides every person, every face, every other target that was found, and every zone.
#[derive(Debug, Clone)]
pub struct HideEveryone {
    zones: Vec<Mask>,
    settings: MaskSettings,
    unexplained: UnexplainedPolicy,
    corrections: Vec<Correction>,
}

impl HideEveryone {
    /// For a camera's clips. `style_override`, from the command line, goes before a zone's own style, and that
    /// before the settings'.
    #[must_use]
    pub fn new(camera: Option<&Camera>, settings: MaskSettings, style_override: Option<Style>) -> Self {
        let zones = camera.into_iter().flat_map(|camera| &camera.zones).map(|zone| Mask {
            kind: MaskKind::Zone(zone.kind),
            shape: MaskShape::Polygon(Arc::clone(&zone.polygon)),
            style: style_override.or(zone.style).unwrap_or(settings.style),
            score: 1.0,
        });
        let zones = zones.collect();
        let style = style_override.unwrap_or(settings.style);
        let settings = MaskSettings { style, ..settings };
        Self { zones, settings, unexplained: UnexplainedPolicy::default(), corrections: Vec::new() }
    }

    /// The same, with another way to deal with what differs from the empty scene.
    #[must_use]
    pub fn with_unexplained(self, unexplained: UnexplainedPolicy) -> Self {
        Self { unexplained, ..self }
    }

    /// The same, and what staff saw is hidden as well. Corrections add masks; none takes one away.
    #[must_use]
    pub fn with_corrections(self, corrections: Vec<Correction>) -> Self {
        Self { corrections, ..self }
    }

    /// The masks of corrections in a frame: as they were drawn, without a margin, rounded outward.
    fn corrected(&self, stamp: Stamp, size: FrameSize) -> impl Iterator<Item = Mask> + '_ {
        let on_screen = self.corrections.iter().filter_map(move |c| c.during(stamp.pts_ns, stamp.until_ns()));
        let shapes = on_screen.filter_map(move |area| PxRect::outward(&area, size));
        shapes.map(|shape| self.mask(MaskKind::Correction, shape, 1.0))
    }

    fn mask(&self, kind: MaskKind, shape: PxRect, score: f32) -> Mask {
        Mask { kind, shape: MaskShape::Rect(shape), style: self.settings.style, score }
    }

    fn with_margin(&self, area: &BoxPx) -> BoxPx {
        area.grown(self.settings.margin, self.settings.margin_px)
    }
}

impl OwnPlanner for HideEveryone {}

impl Planner for HideEveryone {
    fn plan(&self, stamp: Stamp, seen: &Observations) -> FramePlan {
        FramePlan::Masks { size: seen.size, masks: self.masks(stamp, seen, None, &[]) }
    }
}

/// Somebody who stays visible in a frame.
#[derive(Debug, Clone)]
pub(super) struct Spared<'a> {
    /// Numbers of the tracks.
    pub(super) tracks: &'a BTreeSet<u32>,
    /// The pixels that may stay visible.
    pub(super) region: PxRect,
    /// The faces found there that are the subject's own.
    pub(super) own_faces: Vec<BoxPx>,
}

/// Share of something unexplained that must lie within the subject's region, grown by the second number of its sides,
/// to be the subject's own. What lies outside the region itself stays hidden.
const OWN_CHANGE: f64 = 0.8;
const OWN_CHANGE_GROWN: f32 = 0.3;

impl HideEveryone {
    /// The masks of a frame, in which one person may be spared: not its own mask, every other one; and masks over what
    /// nobody explained are lifted in `objects`.
    pub(super) fn masks(
        &self,
        stamp: Stamp,
        seen: &Observations,
        spared: Option<&Spared<'_>>,
        objects: &[PxRect],
    ) -> Vec<Mask> {
        let size = seen.size;
        let mut masks = self.zones.clone();
        masks.extend(self.corrected(stamp, size));
        let mut bodies = Vec::new();
        let is_spared = |track: Option<u32>| {
            spared.zip(track).is_some_and(|(spared, track)| spared.tracks.contains(&track))
        };
        for (person, score, track) in seen.tracked_places(Target::Person) {
            if is_spared(track) {
                continue;
            }
            if let Some(shape) = PxRect::outward(&self.with_margin(&person), size) {
                bodies.push(shape);
                masks.push(self.mask(MaskKind::Person, shape, score));
            }
        }
        for (face, score) in seen.places(Target::Face) {
            let Some(core) = PxRect::outward(&self.with_margin(&face), size) else { continue };
            // A face with its margin wholly under one person's mask is hidden; anything less gets its own.
            let own = spared.is_some_and(|spared| spared.own_faces.contains(&face));
            if own || bodies.iter().any(|body| holds(body, &core)) {
                continue;
            }
            if let Some(shape) = PxRect::outward(&self.with_margin(&head_and_shoulders(&face)), size) {
                masks.push(self.mask(MaskKind::Head, shape, score));
            }
        }
        for (target, kind) in [(Target::Vehicle, MaskKind::Vehicle), (Target::Screen, MaskKind::Screen)] {
            for (thing, score) in seen.places(target) {
                if let Some(shape) = PxRect::outward(&self.with_margin(&thing), size) {
                    masks.push(self.mask(kind, shape, score));
                }
            }
        }
        let hidden = self.unexplained == UnexplainedPolicy::Mask;
        for area in seen.unexplained.iter().filter(|_| hidden) {
            let Some(shape) = PxRect::outward(area, size) else { continue };
            if bodies.iter().any(|body| holds(body, &shape)) {
                continue;
            }
            let own = spared.filter(|spared| {
                let around = spared.region.as_box().grown(OWN_CHANGE_GROWN, 0.0);
                let around = PxRect::outward(&around, size);
                around.is_some_and(|around| {
                    shape.shared_px(&around) as f64 >= OWN_CHANGE * shape.area_px() as f64
                })
            });
            let holes = own.map(|spared| spared.region).into_iter().chain(objects.iter().copied());
            let left = holes
                .fold(vec![shape], |left, hole| left.iter().flat_map(|rect| rect.without(&hole)).collect());
            masks.extend(left.into_iter().map(|shape| self.mask(MaskKind::Unexplained, shape, 1.0)));
        }
        // Not a matter of policy: it may be anybody.
        let unsearched = seen.unsearched.iter().filter_map(|area| PxRect::outward(area, size));
        masks.extend(unsearched.map(|shape| self.mask(MaskKind::Unsearched, shape, 1.0)));
        masks
    }

    /// The rectangle that a person's box is masked by.
    pub(super) fn person_rect(&self, area: &BoxPx, size: FrameSize) -> Option<PxRect> {
        PxRect::outward(&self.with_margin(area), size)
    }

    /// Masks over all of a frame but this rectangle; over all of it where there is none.
    pub(super) fn surroundings(&self, size: FrameSize, shown: Option<&PxRect>) -> Vec<Mask> {
        let whole = PxRect::whole(size);
        let rects = shown.map_or_else(|| vec![whole], |shown| whole.without(shown));
        rects.into_iter().map(|rect| self.mask(MaskKind::Surroundings, rect, 1.0)).collect()
    }
}

fn holds(outer: &PxRect, inner: &PxRect) -> bool {
    outer.x0 <= inner.x0 && outer.y0 <= inner.y0 && outer.x1 >= inner.x1 && outer.y1 >= inner.y1
}

/// The region of head, hair and shoulders around a face. Shoulders are about three face widths across, hair rises
/// about half a face above the box, and the collar lies about one and a half faces below it (proportions of the
/// drawn figure; a mask that is too large is an annoyance, one that shows hair and collar a description).
fn head_and_shoulders(face: &BoxPx) -> BoxPx {
    let (w, h) = (face.width(), face.height());
    BoxPx::new(face.x0 - w, face.y0 - 0.6 * h, face.x1 + w, face.y1 + 1.5 * h)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Register, View, Zone, ZoneKind};
    use crate::geometry::{UnitPoint, UnitPolygon};
    use crate::video::plan::Detection;
    use proptest::prelude::*;

    const SIZE: FrameSize = FrameSize { width: 640, height: 360 };
    const STAMP: Stamp = Stamp { index: 0, pts_ns: 0, duration_ns: None };

    fn camera(style: Option<Style>) -> Camera {
        let corner = |x, y| UnitPoint { x, y };
        let points = vec![corner(0.1, 0.1), corner(0.3, 0.1), corner(0.3, 0.3)];
        let polygon = Arc::new(UnitPolygon::new(points).expect("a triangle"));
        let zone = Zone { kind: ZoneKind::Door, label: "12".into(), polygon, style };
        Camera {
            id: "c".into(),
            description: "d".into(),
            frame: SIZE,
            view: View::Level,
            fixed: true,
            zones: vec![zone],
            overlays: vec![],
            references: vec![],
            live: crate::config::LivePolicy::default(),
            stream: None,
            absent: vec![],
            register: Register::default(),
            sha256: String::new(),
        }
    }

    fn masks(planner: &HideEveryone, detections: Vec<Detection>) -> Vec<Mask> {
        match planner.plan(STAMP, &Observations::untracked(SIZE, detections)) {
            FramePlan::Masks { masks, .. } => masks,
            FramePlan::Cover(reason) => panic!("covered: {reason:?}"),
        }
    }

    fn seen(target: Target, x0: f32, y0: f32, x1: f32, y1: f32) -> Detection {
        Detection { target, area: BoxPx::new(x0, y0, x1, y1), score: 0.5, weak: false }
    }

    #[test]
    fn zones_are_hidden_in_an_empty_frame_and_styles_have_an_order() {
        let settings = MaskSettings::default();
        let style = |camera: &Camera, over| {
            masks(&HideEveryone::new(Some(camera), settings.clone(), over), vec![])[0].style
        };
        assert_eq!(style(&camera(None), None), Style::Blur);
        assert_eq!(style(&camera(Some(Style::Fill)), None), Style::Fill);
        assert_eq!(style(&camera(Some(Style::Fill)), Some(Style::Pixelate)), Style::Pixelate);
    }

    #[test]
    fn a_face_outside_every_person_hides_head_and_shoulders() {
        let planner = HideEveryone::new(None, MaskSettings::default(), None);
        let person = seen(Target::Person, 100.0, 100.0, 160.0, 300.0);
        let inside = seen(Target::Face, 120.0, 110.0, 140.0, 135.0);
        let astride = seen(Target::Face, 150.0, 110.0, 190.0, 135.0);
        assert_eq!(masks(&planner, vec![person, inside]).len(), 1);
        assert_eq!(masks(&planner, vec![person, astride]).len(), 2);
        let alone = masks(&planner, vec![inside]);
        assert_eq!(alone[0].kind, MaskKind::Head);
        let MaskShape::Rect(rect) = &alone[0].shape else { panic!("heads are rectangles") };
        assert!(rect.x0 <= 100 && rect.x1 >= 160 && rect.y0 <= 95 && rect.y1 >= 172, "{rect:?}");
    }

    #[test]
    fn what_was_not_searched_is_hidden_whatever_the_policy() {
        let planner = HideEveryone::new(None, MaskSettings::default(), None);
        let planner = planner.with_unexplained(UnexplainedPolicy::Report);
        let area = BoxPx::new(40.5, 60.0, 90.0, 120.0);
        let seen = Observations { unsearched: vec![area], ..Observations::untracked(SIZE, Vec::new()) };
        let rect = PxRect::outward(&area, SIZE).expect("inside the frame");
        assert_eq!(
            planner.plan(STAMP, &seen),
            FramePlan::Masks { size: SIZE, masks: vec![planner.mask(MaskKind::Unsearched, rect, 1.0)] }
        );
    }

    proptest! {
        #[test]
        fn every_detection_lies_under_a_mask(
            boxes in proptest::collection::vec((0..4usize, 0.0f32..640.0, 0.0f32..360.0, 1.0f32..200.0, 1.0f32..200.0), 0..12),
        ) {
            let planner = HideEveryone::new(None, MaskSettings::default(), None);
            let all: Vec<_> = boxes.iter().map(|&(target, x, y, w, h)| {
                seen(Target::ALL[target], x, y, (x + w).min(640.0), (y + h).min(360.0))
            }).filter(|d| d.area.is_sound()).collect();
            let hidden = masks(&planner, all.clone());
            for d in all {
                let core = PxRect::outward(&d.area, SIZE).expect("inside the frame");
                prop_assert!(hidden.iter().any(|m| match &m.shape {
                    MaskShape::Rect(rect) => holds(rect, &core),
                    MaskShape::Polygon(_) => false,
                }), "{d:?}");
            }
        }
    }
}
