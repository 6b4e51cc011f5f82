//! Who is whom after a cut: what speaks for two tracklets being one person.

use super::cast::Cast;
use super::tracklet::{Cut, Tracklet};
use crate::config::FollowSettings;
use crate::video::appearance::MeanAppearance;

/// Nobody goes farther than this many of their sizes away while lost, and so many more each second.
const FAR: (f32, f32) = (0.8, 1.0);

/// Pairs of tracklets that are certainly one person, by position.
pub(super) fn links(
    cast: &Cast,
    tracklets: &[Tracklet],
    cuts: &[Cut],
    settings: &FollowSettings,
) -> Vec<(usize, usize)> {
    let judge = Judge { cast, tracklets, settings };
    let mut links: Vec<(usize, usize)> = cuts.iter().filter_map(|cut| judge.across(cut)).collect();
    links.extend(judge.returns());
    links
}

/// What somebody who was met looked like before, and which tracklet it is afterwards and what that looks like.
type Met = (Option<MeanAppearance>, Option<(usize, MeanAppearance)>);

struct Judge<'a> {
    cast: &'a Cast,
    tracklets: &'a [Tracklet],
    settings: &'a FollowSettings,
}

impl Judge<'_> {
    /// The last tracklet of a way that ends before a frame.
    fn ending_before(&self, way: usize, frame: usize) -> Option<usize> {
        self.tracklets.iter().rposition(|t| t.way == way && t.to < frame)
    }

    /// The first tracklet of a way that begins after a frame.
    fn beginning_after(&self, way: usize, frame: usize) -> Option<usize> {
        self.tracklets.iter().position(|t| t.way == way && t.from > frame)
    }

    fn before(&self, i: usize) -> Option<MeanAppearance> {
        self.tracklets[i].before(self.cast)
    }

    fn after(&self, i: usize) -> Option<MeanAppearance> {
        self.tracklets[i].after(self.cast)
    }

    /// Which tracklet goes on as which across a cut, where that is certain.
    fn across(&self, cut: &Cut) -> Option<(usize, usize)> {
        let before = self.ending_before(cut.way, cut.from)?;
        let after = self.beginning_after(cut.way, cut.to)?;
        let (was, is) = (self.before(before)?, self.after(after)?);
        let unlike = was.distance(&is);
        let others: Vec<usize> = cut.others.iter().copied().filter(|o| self.cast.counts(*o)).collect();
        let sized = self.tracklets[before].sized_like(&self.tracklets[after], self.cast);
        // Whoever was met: as it was before, and as it is after.
        let met: Vec<Met> = others
            .iter()
            .map(|&o| {
                let was = self.ending_before(o, cut.to).and_then(|i| self.before(i));
                let is = self.beginning_after(o, cut.from).and_then(|i| Some((i, self.after(i)?)));
                (was, is)
            })
            .collect();
        let apart = |distance: f32| distance >= unlike + self.settings.margin;
        let stands_out = met.iter().all(|(other_was, other_is)| {
            (other_was.is_some() || other_is.is_some())
                && other_was.as_ref().is_none_or(|o| apart(o.distance(&is)))
                && other_is.as_ref().is_none_or(|(_, o)| apart(was.distance(o)))
        });
        if unlike <= self.settings.same && stands_out && sized {
            return Some((before, after));
        }
        // The track went over to somebody else, and the other's to this one.
        let [(Some(other_was), Some((other, other_is)))] = met.as_slice() else { return None };
        let swapped = was.distance(other_is);
        let clear = swapped <= self.settings.same
            && other_was.distance(&is) <= self.settings.same
            && swapped + self.settings.margin <= unlike
            && swapped + self.settings.margin <= other_was.distance(other_is);
        clear.then_some((before, *other))
    }

    /// Tracks that ended, and others that began near there soon after, looking the same: where nobody else can be meant.
    fn returns(&self) -> Vec<(usize, usize)> {
        let mut pairs = Vec::new();
        for (i, ended) in self.tracklets.iter().enumerate() {
            if ended.to != self.cast.ways[ended.way].last() {
                continue;
            }
            for (j, begun) in self.tracklets.iter().enumerate() {
                let first = begun.from == self.cast.ways[begun.way].first && begun.way != ended.way;
                if first && begun.from > ended.to && self.is_near(ended, begun) {
                    pairs.push((i, j));
                }
            }
        }
        let alone = |(i, j): &(usize, usize)| pairs.iter().filter(|(a, b)| a == i || b == j).count() == 1;
        let same = |(i, j): &(usize, usize)| {
            let looks = self.before(*i).zip(self.after(*j));
            looks.is_some_and(|(was, is)| was.distance(&is) <= self.settings.same)
                && self.tracklets[*i].sized_like(&self.tracklets[*j], self.cast)
        };
        pairs.iter().filter(|pair| alone(pair) && same(pair)).copied().collect()
    }

    fn is_near(&self, ended: &Tracklet, begun: &Tracklet) -> bool {
        let gap_s = self.cast.seconds(ended.to, begun.from);
        let (Some(a), Some(b)) =
            (self.cast.ways[ended.way].at(ended.to), self.cast.ways[begun.way].at(begun.from))
        else {
            return false;
        };
        let centre = |b: &crate::geometry::BoxPx| (0.5 * (b.x0 + b.x1), 0.5 * (b.y0 + b.y1));
        let ((ax, ay), (bx, by)) = (centre(&a.core), centre(&b.core));
        let size = 0.5 * (a.core.width() + a.core.height());
        gap_s <= self.settings.return_s && (ax - bx).hypot(ay - by) <= (FAR.0 + FAR.1 * gap_s) * size
    }
}
