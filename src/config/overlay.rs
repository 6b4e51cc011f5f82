//! `[[overlay]]` in a camera file: the clock or name that the camera burns into its picture.

use super::document::{Document, Item};
use super::zone::{Drawn, Labels, Outline, Zone};
use crate::geometry::{FrameSize, UnitPolygon};
use std::sync::Arc;

/// Most of the picture that overlays may take, all together, as a share of its area. A clock needs less; whoever
/// draws more would take that much of the picture away from the comparison with the empty scene.
pub(super) const MOST_AREA: f64 = 0.04;

/// Most overlays of one camera.
pub(super) const MOST_OVERLAYS: usize = 16;

/// The camera's burned-in clock, or its name: a region that changes without anybody being there.
///
/// It is shown, because when something happened is often the point. Hiding wins: where a person, a face or a zone
/// lies on it, that much of it is hidden. A comparison of the picture with the camera's empty scene leaves the region
/// out, for a clock differs in every frame; detection does not. So it is small, and never meets a zone: what must be
/// hidden and what may be shown are two places.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlay {
    /// What staff call it.
    pub label: String,
    /// Its outline in unit space.
    pub polygon: Arc<UnitPolygon>,
}

/// Every overlay that could be read, `None` in the place of one with a fault.
pub(super) fn read(item: &Item<'_>, frame: Option<FrameSize>) -> Option<Vec<Option<Drawn<Overlay>>>> {
    let items = item.items("overlay", "write [[overlay]] above each overlay, in double brackets")?;
    if let Some(extra) = items.get(MOST_OVERLAYS) {
        let message = format!("a camera has at most {MOST_OVERLAYS} overlays, this one has {}", items.len());
        extra.note(message, "one too many", "an overlay is the camera's clock or name: draw those alone");
        return None;
    }
    let mut labels = Labels::of("overlays");
    Some(items.iter().map(|item| read_one(item, frame, &mut labels)).collect())
}

fn read_one<'d>(
    item: &Item<'d>,
    frame: Option<FrameSize>,
    labels: &mut Labels<'d>,
) -> Option<Drawn<Overlay>> {
    let mut section = item.section()?;
    let outline = Outline::read(&mut section, frame, labels);
    section.finish();
    let Outline { label, polygon, at } = outline?;
    Some(Drawn { what: Overlay { label, polygon: Arc::new(polygon) }, at })
}

/// Notes overlays that are too large, alone or together, and those that meet a zone.
pub(super) fn check(doc: &Document<'_>, overlays: &[&Drawn<Overlay>], zones: &[&Drawn<Zone>]) {
    let most = MOST_AREA * 100.0;
    let area = |overlay: &Drawn<Overlay>| overlay.what.polygon.area();
    let mut too_large = false;
    for overlay in overlays.iter().filter(|overlay| area(overlay) > MOST_AREA) {
        too_large = true;
        let message = format!(
            "overlay \"{}\" takes {:.2} % of the picture, at most {most} % may",
            overlay.what.label,
            area(overlay) * 100.0
        );
        let cure = "draw it close around the clock; a region that must be hidden is a [[zone]]";
        doc.note(overlay.at.clone(), message, "too large", cure);
    }
    let all: f64 = overlays.iter().map(|overlay| area(overlay)).sum();
    if all > MOST_AREA && !too_large {
        let message =
            format!("the overlays take {:.2} % of the picture together, at most {most} % may", all * 100.0);
        let fault = doc.fault(message, "draw each close around the camera's clock or name, or leave one out");
        doc.note_fault(overlays.iter().fold(fault, |fault, overlay| {
            fault.mark(overlay.at.clone(), format!("{:.2} %", area(overlay) * 100.0))
        }));
    }
    for overlay in overlays {
        for zone in zones.iter().filter(|zone| zone.what.polygon.meets(&overlay.what.polygon)) {
            let message = format!("overlay \"{}\" meets zone \"{}\"", overlay.what.label, zone.what.label);
            let cure = "what must be hidden cannot be shown: draw one of them smaller, so that they lie apart, \
                        or leave the overlay out";
            let fault = doc.fault(message, cure).mark(overlay.at.clone(), "shown");
            doc.note_fault(fault.mark(zone.at.clone(), "hidden"));
        }
    }
}
