//! A clip's crops, clear and masked, from the frames of which somebody knows who is where.

use super::crop::{self, Crop};
use super::features::Features;
use super::matching::{
    Described, Gallery, Matcher, Region, Score, Shown, Trial, Views, nearest_by_distance, scores,
    standardised,
};
use crate::config::{LimitSettings, MaskSettings, Style};
use crate::geometry::{BoxPx, FrameSize, PxRect};
use crate::interrupt::Interrupt;
use crate::video::frame::{PooledBytes, RawFrame, Stamp};
use crate::video::mask::Masker;
use crate::video::plan::{Detection, FramePlan, MaskShape, Observations, Planner, Target};
use crate::video::source::{Clip, Source, SourceError};
use std::collections::{BTreeMap, BTreeSet};

/// Frames of a person in the gallery, and as many asked after.
const MOST_FRAMES: usize = 12;
/// With fewer a person is left out.
const LEAST_FRAMES: usize = 6;
/// Of a person's frames the first share is the gallery, the last one is asked after. What lies between is left out:
/// frames side by side show the same pose.
const SHARE: f64 = 0.4;
/// Smaller boxes are left out, pixels on the shorter side.
const LEAST_PX: f32 = 8.0;
/// A head's share of a box's width and height.
const HEAD_WIDTH: f32 = 0.6;
const HEAD_HEIGHT: f32 = 0.2;
/// A mosaic of other programs: cells across and down a person.
const MOSAIC: (usize, usize) = (6, 12);
/// Levelled mosaics: as masks were once, and as little as can be.
const LEVELLED: [(usize, usize); 2] = [(6, 12), (1, 2)];

/// A person in a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sighted {
    /// Position of the frame among those decoded, from 0.
    pub frame: u64,
    /// Who.
    pub identity: i64,
    /// Where, frame space; it may reach beyond the frame.
    pub area: BoxPx,
}

/// What a clip is attacked with.
pub struct Attack<'a> {
    /// Everybody in the clip whose place is known.
    pub people: &'a [Sighted],
    /// What hides them in each style.
    pub planners: &'a [(Style, &'a dyn Planner)],
    /// How masks are painted.
    pub mask: &'a MaskSettings,
    /// Greys that are drawn by lot are drawn so many times, as if the clip had been filmed at other hours; what counts
    /// is the mean.
    pub draws: u64,
    /// When decoding gives up.
    pub limits: &'a LimitSettings,
    /// Stops it.
    pub interrupt: &'a Interrupt,
}

/// A draw's masks are those of a clip that begins so much later, nanoseconds; the gallery's half as much after those
/// that are asked after, since nobody can have the very greys that a clip was masked with.
const DRAWN_APART_NS: u64 = 3_600_000_000_000;
/// Crops have this share of the smallest one's resolution: how sharp a crop is would tell how large it was.
const RESOLUTION: f32 = 0.75;

/// Attacks one clip: a [`Trial`] for each person, region, look, gallery and matcher. None where fewer than two people
/// are in it for long enough: who is alone in a gallery is always recognised.
///
/// # Errors
/// [`SourceError`] where the clip cannot be decoded.
pub fn attack_clip(clip: &Clip, attack: &Attack<'_>) -> Result<Vec<Trial>, SourceError> {
    let mut tally = Tally::default();
    for draw in 0..attack.draws {
        let mut crops = Crops::new(attack, draw);
        if crops.chosen.len() < 2 {
            return Ok(Vec::new());
        }
        let mut source = Source::open(clip, attack.limits, attack.interrupt)?;
        while let Some(frame) = source.next_frame()? {
            crops.add(&frame);
        }
        tally.add(crops.judged());
    }
    Ok(tally.trials())
}

/// Trials over all draws.
#[derive(Default)]
pub(super) struct Tally(BTreeMap<(Region, Shown, Gallery, Matcher, i64), Vec<Trial>>);

impl Tally {
    /// Adds those of one draw.
    pub(super) fn add(&mut self, trials: Vec<Trial>) {
        for t in trials {
            self.0.entry((t.region, t.shown, t.gallery, t.matcher, t.identity)).or_default().push(t);
        }
    }

    /// Each once, its shares the mean over all draws.
    pub(super) fn trials(self) -> Vec<Trial> {
        let mean = |all: &[Trial], of: fn(&Trial) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
        let one = |all: &Vec<Trial>| {
            let (right, right_pooled) = (mean(all, |t| t.right), mean(all, |t| t.right_pooled));
            all.first().map(|first| Trial { right, right_pooled, ..*first })
        };
        self.0.values().filter_map(one).collect()
    }
}

/// Crops of one person, one region and one look, by frame.
type Seen = BTreeMap<(Region, Shown, i64), BTreeMap<u64, Features>>;

/// Gathers a clip's crops, frame by frame, of one draw.
pub(super) struct Crops<'a> {
    attack: &'a Attack<'a>,
    draw: u64,
    /// Everybody, by frame.
    people: BTreeMap<u64, Vec<&'a Sighted>>,
    chosen: BTreeMap<i64, Chosen>,
    /// Width and height of the smallest box that is used, pixels.
    least: (f32, f32),
    /// For each planner, in the gallery and asked after, those of bodies and of heads alone.
    maskers: Vec<[[Masker; 2]; 2]>,
    seen: Seen,
    /// Logarithms of the width and height of each person's mask, by person and frame.
    sizes: BTreeMap<(i64, u64), Vec<f32>>,
}

impl<'a> Crops<'a> {
    pub(super) fn new(attack: &'a Attack<'a>, draw: u64) -> Self {
        let pair = || [0, 1].map(|_| Masker::new(attack.mask.clone()));
        let maskers = attack.planners.iter().map(|_| [pair(), pair()]).collect();
        let mut people: BTreeMap<u64, Vec<&Sighted>> = BTreeMap::new();
        attack.people.iter().for_each(|p| people.entry(p.frame).or_default().push(p));
        let chosen = chosen(attack.people);
        let used =
            || attack.people.iter().filter(|p| chosen.get(&p.identity).is_some_and(|c| c.has(p.frame)));
        let least = |side: fn(&BoxPx) -> f32| used().map(|p| side(&p.area)).fold(f32::MAX, f32::min);
        let least = (least(BoxPx::width), least(BoxPx::height));
        let (seen, sizes) = (Seen::new(), BTreeMap::new());
        Self { attack, draw, people, chosen, least, maskers, seen, sizes }
    }

    /// Takes the next frame. Damaged ones are left out: they are covered whole.
    pub(super) fn add(&mut self, frame: &RawFrame) {
        let here = self.people.get(&frame.index()).cloned().unwrap_or_default();
        if frame.damage().is_some() {
            return;
        }
        for role in [Role::Gallery, Role::Query] {
            let is_used =
                |p: &Sighted| self.chosen.get(&p.identity).is_some_and(|c| c.of(role).contains(&p.frame));
            let used: Vec<&Sighted> = here.iter().copied().filter(|p| is_used(p)).collect();
            if !used.is_empty() {
                used.iter().for_each(|person| self.add_clear(frame, person));
                self.add_masked(frame, role, &here, &used);
            }
        }
    }

    /// What needs no mask.
    fn add_clear(&mut self, frame: &RawFrame, person: &Sighted) {
        if let Some(rect) = self.mask_of(frame, person, Target::Person) {
            let size = [rect.width(), rect.height()].map(|side| (side as f32).ln()).to_vec();
            self.sizes.insert((person.identity, person.frame), size);
        }
        for region in [Region::Body, Region::Head, Region::HeadAlone] {
            let Some(crop) = self.cut(frame.bytes.as_ref(), frame, region, person) else { continue };
            if self.differs(Shown::Mosaic) {
                self.note(region, Shown::Mosaic, person, &crop.mosaic(MOSAIC.0, MOSAIC.1));
                for (across, down) in LEVELLED {
                    let levelled = crop.mosaic(across, down).levelled();
                    self.note(region, Shown::Levelled(across, down), person, &levelled);
                }
            }
            self.note(region, Shown::Clear, person, &crop);
        }
    }

    /// Those who are used, with all who are there under masks.
    fn add_masked(&mut self, frame: &RawFrame, role: Role, here: &[&Sighted], used: &[&Sighted]) {
        for (i, (style, planner)) in self.attack.planners.iter().enumerate() {
            if !self.differs(Shown::Masked(*style)) {
                continue;
            }
            for (masker, target, regions) in [
                (0, Target::Person, [Region::Body, Region::Head].as_slice()),
                (1, Target::Face, &[Region::HeadAlone]),
            ] {
                let plan = planner.plan(frame.stamp, &observations(frame.size(), here, target));
                let masked = self.maskers[i][role as usize][masker].redact(self.copy(frame, role), &plan);
                let (bytes, ..) = masked.into_parts();
                for (person, region) in used.iter().flat_map(|p| regions.iter().map(move |r| (p, *r))) {
                    if let Some(crop) = self.cut(bytes.as_ref(), frame, region, person) {
                        self.note(region, Shown::Masked(*style), person, &crop);
                    }
                }
            }
        }
    }

    /// What an attacker looks at: the rectangle that hides a person, its top fifth, or that which hides a head alone.
    fn cut(&self, bytes: &[u8], frame: &RawFrame, region: Region, person: &Sighted) -> Option<Crop> {
        let target = if region == Region::HeadAlone { Target::Face } else { Target::Person };
        let whole = self.mask_of(frame, person, target)?;
        let area = match region {
            Region::Body | Region::HeadAlone => whole,
            Region::Head => {
                let [x0, y0, x1, y1] = [whole.x0, whole.y0, whole.x1, whole.y1].map(|edge| edge as f32);
                PxRect::outward(&head(&BoxPx::new(x0, y0, x1, y1)), frame.size())?
            }
        };
        Some(Crop::of(bytes, &frame.layout, area, self.resolution(region)))
    }

    /// What all crops of a region are first scaled to, samples across and down: below that of the smallest.
    fn resolution(&self, region: Region) -> (usize, usize) {
        let margin = 2.0 * self.attack.mask.margin_px;
        let (w, h) = self.least;
        let (across, down) = match region {
            Region::Body => (w, h),
            Region::Head => (HEAD_WIDTH * (w + margin), HEAD_HEIGHT * (h + margin)),
            // Head and shoulders: three times the head, at least.
            Region::HeadAlone => (3.0 * HEAD_WIDTH * w, 3.0 * HEAD_HEIGHT * h),
        };
        let samples = |side: f32, most: usize| ((RESOLUTION * side) as usize).clamp(1, most);
        (samples(across, crop::WIDTH), samples(down, crop::HEIGHT))
    }

    /// The rectangle that hides a person, or the head.
    fn mask_of(&self, frame: &RawFrame, person: &Sighted, target: Target) -> Option<PxRect> {
        let alone = observations(frame.size(), &[person], target);
        let FramePlan::Masks { masks, .. } = self.attack.planners.first()?.1.plan(frame.stamp, &alone) else {
            return None;
        };
        masks.iter().find_map(|mask| match mask.shape {
            MaskShape::Rect(rect) => Some(rect),
            MaskShape::Polygon(_) => None,
        })
    }

    /// Whether it differs from the draw before: only what is drawn by lot does.
    fn differs(&self, shown: Shown) -> bool {
        self.draw == 0 || matches!(shown, Shown::Masked(Style::Blur | Style::Pixelate))
    }

    fn note(&mut self, region: Region, shown: Shown, person: &Sighted, crop: &Crop) {
        let all = self.seen.entry((region, shown, person.identity)).or_default();
        all.insert(person.frame, Features::of(crop));
    }

    /// A raw frame to be masked, of which the original is still needed: nowhere else is there such a thing.
    fn copy(&self, frame: &RawFrame, role: Role) -> RawFrame {
        let later = self.draw * DRAWN_APART_NS + role as u64 * DRAWN_APART_NS / 2;
        let stamp = Stamp { pts_ns: frame.stamp.pts_ns + later, ..frame.stamp };
        RawFrame { bytes: PooledBytes::owned(frame.bytes.as_ref().to_vec()), damage: None, stamp, ..*frame }
    }

    /// How well each person is told.
    pub(super) fn judged(&self) -> Vec<Trial> {
        let kinds: BTreeSet<(Region, Shown)> =
            self.seen.keys().map(|(region, shown, _)| (*region, *shown)).collect();
        let mut trials = self.by_size();
        for (region, shown) in kinds.into_iter().filter(|(_, shown)| self.differs(*shown)) {
            for gallery in [Gallery::Clear, Gallery::Same] {
                if shown != Shown::Clear || gallery == Gallery::Clear {
                    trials.extend(self.judged_by_content(region, shown, gallery));
                }
            }
        }
        trials
    }

    fn judged_by_content(&self, region: Region, shown: Shown, gallery: Gallery) -> Vec<Trial> {
        let known = if gallery == Gallery::Clear { Shown::Clear } else { shown };
        let pick = |shown, who: i64, of: &BTreeSet<u64>| -> Vec<&Features> {
            let all = self.seen.get(&(region, shown, who)).into_iter().flatten();
            all.filter(|(frame, _)| of.contains(frame)).map(|(_, features)| features).collect()
        };
        let described = |(who, chosen): (&i64, &Chosen)| {
            let (gallery, queries) = (pick(known, *who, &chosen.gallery), pick(shown, *who, &chosen.queries));
            (*who, Described { gallery, queries })
        };
        let all = self.chosen.iter().map(described);
        // Boxes at the edge may have no head in the picture.
        let (who, people): (Vec<i64>, Vec<Described<'_>>) =
            all.filter(|(_, d)| d.gallery.len().min(d.queries.len()) >= LEAST_FRAMES / 2).unzip();
        if people.len() < 2 {
            return Vec::new();
        }
        let trial = |matcher| {
            let trial = |((identity, one), (right, right_pooled)): ((&i64, &Described<'_>), Score)| Trial {
                identity: *identity,
                region,
                shown,
                gallery,
                matcher,
                among: who.len(),
                frames: one.queries.len(),
                right,
                right_pooled,
            };
            who.iter().zip(&people).zip(scores(matcher, &people)).map(trial).collect::<Vec<_>>()
        };
        Matcher::OF_CONTENT.into_iter().flat_map(trial).collect()
    }

    /// What the mask's size alone tells, whatever its style.
    fn by_size(&self) -> Vec<Trial> {
        if self.draw > 0 {
            return Vec::new();
        }
        let pick = |who: i64, of: &BTreeSet<u64>| -> Vec<Vec<f32>> {
            of.iter().filter_map(|frame| self.sizes.get(&(who, *frame)).cloned()).collect()
        };
        let views = |(who, c): (&i64, &Chosen)| {
            (*who, Views { gallery: pick(*who, &c.gallery), queries: pick(*who, &c.queries) })
        };
        let (who, views): (Vec<i64>, Vec<Views>) = self.chosen.iter().map(views).unzip();
        let views = standardised(views);
        let trial = |((identity, one), (right, right_pooled)): ((&i64, &Views), Score)| Trial {
            identity: *identity,
            region: Region::Body,
            shown: Shown::Masked(Style::Fill),
            gallery: Gallery::Same,
            matcher: Matcher::Size,
            among: who.len(),
            frames: one.queries.len(),
            right,
            right_pooled,
        };
        who.iter().zip(&views).zip(nearest_by_distance(&views)).map(trial).collect()
    }
}

/// What a frame of a person is used for.
#[derive(Debug, Clone, Copy)]
enum Role {
    Gallery,
    Query,
}

/// The frames of one person that are used.
struct Chosen {
    gallery: BTreeSet<u64>,
    queries: BTreeSet<u64>,
}

impl Chosen {
    fn of(&self, role: Role) -> &BTreeSet<u64> {
        match role {
            Role::Gallery => &self.gallery,
            Role::Query => &self.queries,
        }
    }

    fn has(&self, frame: u64) -> bool {
        self.gallery.contains(&frame) || self.queries.contains(&frame)
    }
}

/// Everybody who is there for long enough.
fn chosen(people: &[Sighted]) -> BTreeMap<i64, Chosen> {
    let mut frames: BTreeMap<i64, BTreeSet<u64>> = BTreeMap::new();
    for person in people.iter().filter(|p| p.area.width().min(p.area.height()) >= LEAST_PX) {
        frames.entry(person.identity).or_default().insert(person.frame);
    }
    let spread = |frames: &[u64]| -> BTreeSet<u64> {
        let count = frames.len().min(MOST_FRAMES);
        (0..count).map(|i| frames[i * frames.len() / count]).collect()
    };
    let split = |frames: BTreeSet<u64>| {
        let frames: Vec<u64> = frames.into_iter().collect();
        let part = (frames.len() as f64 * SHARE) as usize;
        Chosen { gallery: spread(&frames[..part]), queries: spread(&frames[frames.len() - part..]) }
    };
    frames
        .into_iter()
        .map(|(who, frames)| (who, split(frames)))
        .filter(|(_, chosen)| chosen.gallery.len() >= LEAST_FRAMES)
        .collect()
}

fn observations(size: FrameSize, people: &[&Sighted], target: Target) -> Observations {
    let area = |p: &Sighted| if target == Target::Face { head(&p.area) } else { p.area };
    let detection = |p: &&Sighted| Detection { target, area: area(p), score: 0.9, weak: false };
    Observations::untracked(size, people.iter().map(detection).collect())
}

/// The middle of a box's top fifth.
fn head(area: &BoxPx) -> BoxPx {
    let (w, h) = (area.width(), area.height());
    let aside = (1.0 - HEAD_WIDTH) / 2.0 * w;
    BoxPx::new(area.x0 + aside, area.y0, area.x1 - aside, area.y0 + HEAD_HEIGHT * h)
}
