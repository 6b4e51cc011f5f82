//! Stretches of a clip in which the detector was unsure: where staff should look first.

use serde::Serialize;

/// Why a stretch is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpanReason {
    /// Somebody is found, but with little confidence only.
    WeakDetection,
    /// Nobody is found, although somebody was within a second before and after.
    Gap,
}

/// A stretch of frames.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Span {
    /// First frame, position in the output from 0.
    pub from_frame: u64,
    /// Last frame.
    pub to_frame: u64,
    /// Time of the first frame, seconds after the source's first frame.
    pub from_s: f64,
    /// Time of the last frame.
    pub to_s: f64,
    /// Why.
    pub reason: SpanReason,
}

/// Confidence below which the best detection of a frame counts as weak.
const WEAK: f32 = 0.35;
/// Nobody for up to this long between two sightings is a gap.
const GAP_S: f64 = 1.0;

/// Collects spans as frames pass; memory grows with what is doubtful, not with the clip.
#[derive(Debug, Default)]
pub(super) struct SpanCollector {
    done: Vec<Span>,
    open: Option<Span>,
    /// Frames without anybody since the last sighting.
    empty: Option<Span>,
    sighted: bool,
}

impl SpanCollector {
    /// Takes one frame's best confidence, `None` where nobody was found.
    pub(super) fn frame(&mut self, number: u64, at_s: f64, best: Option<f32>) {
        let here = |reason| Span { from_frame: number, to_frame: number, from_s: at_s, to_s: at_s, reason };
        if best.is_some_and(|score| score < WEAK) {
            let span = self.open.get_or_insert_with(|| here(SpanReason::WeakDetection));
            (span.to_frame, span.to_s) = (number, at_s);
        } else {
            self.done.extend(self.open.take());
        }
        if best.is_some() {
            if let Some(gap) = self.empty.take().filter(|gap| self.sighted && at_s - gap.from_s <= GAP_S) {
                self.done.push(gap);
            }
            self.sighted = true;
        } else {
            let gap = self.empty.get_or_insert_with(|| here(SpanReason::Gap));
            (gap.to_frame, gap.to_s) = (number, at_s);
        }
    }

    /// All spans, in order of time.
    pub(super) fn finish(mut self) -> Vec<Span> {
        self.done.extend(self.open.take());
        self.done.sort_by_key(|span| (span.from_frame, span.reason));
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(scores: &[Option<f32>]) -> Vec<(u64, u64, SpanReason)> {
        let mut collector = SpanCollector::default();
        for (i, score) in scores.iter().enumerate() {
            collector.frame(i as u64, i as f64 * 0.2, *score);
        }
        collector.finish().into_iter().map(|s| (s.from_frame, s.to_frame, s.reason)).collect()
    }

    #[test]
    fn weak_frames_and_short_gaps_are_listed() {
        let (good, weak) = (Some(0.9), Some(0.2));
        assert_eq!(spans(&[None, good, good, None]), []);
        assert_eq!(spans(&[good, weak, weak, good]), [(1, 2, SpanReason::WeakDetection)]);
        assert_eq!(spans(&[good, None, None, good]), [(1, 2, SpanReason::Gap)]);
        let absent = [vec![good], vec![None; 9], vec![good]].concat();
        assert_eq!(spans(&absent), [], "away for nearly two seconds: not a gap");
        assert_eq!(spans(&[None, None, weak]), [(2, 2, SpanReason::WeakDetection)]);
    }
}
