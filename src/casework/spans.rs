//! Stretches of a clip in which the detector was unsure: where staff should look first.

use serde::Serialize;
use std::collections::VecDeque;

/// Why a stretch is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpanReason {
    /// Somebody is found, but with little confidence only.
    WeakDetection,
    /// Fewer are found than within a second before and after: somebody was probably missed.
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
/// Fewer people for up to this long between two frames with more is a gap.
const GAP_S: f64 = 1.0;

/// One frame's count.
#[derive(Debug, Clone, Copy)]
struct Seen {
    number: u64,
    at_s: f64,
    count: usize,
}

/// Collects spans as frames pass; memory grows with what is doubtful, not with the clip.
#[derive(Debug, Default)]
pub(super) struct SpanCollector {
    done: Vec<Span>,
    weak: Option<Span>,
    gap: Option<Span>,
    /// The frames of the last second.
    recent: VecDeque<Seen>,
}

impl SpanCollector {
    /// Takes one frame: how many were found, and the best confidence, `None` where nobody was.
    pub(super) fn frame(&mut self, number: u64, at_s: f64, count: usize, best: Option<f32>) {
        if best.is_some_and(|score| score < WEAK) {
            let span = self.weak.get_or_insert(Span {
                from_frame: number,
                to_frame: number,
                from_s: at_s,
                to_s: at_s,
                reason: SpanReason::WeakDetection,
            });
            (span.to_frame, span.to_s) = (number, at_s);
        } else {
            self.done.extend(self.weak.take());
        }
        while self.recent.front().is_some_and(|seen| at_s - seen.at_s > GAP_S) {
            self.recent.pop_front();
        }
        if count > 0
            && let Some(before) = self.recent.iter().rposition(|seen| seen.count >= count)
            && let (Some(first), Some(last)) = (self.recent.get(before + 1), self.recent.back())
        {
            let gap = Span {
                from_frame: first.number,
                to_frame: last.number,
                from_s: first.at_s,
                to_s: last.at_s,
                reason: SpanReason::Gap,
            };
            match &mut self.gap {
                // A dip within a dip shows twice, and is one.
                Some(open) if gap.from_frame <= open.to_frame + 1 => {
                    if gap.from_frame < open.from_frame {
                        (open.from_frame, open.from_s) = (gap.from_frame, gap.from_s);
                    }
                    (open.to_frame, open.to_s) = (gap.to_frame, gap.to_s);
                }
                open => self.done.extend(open.replace(gap)),
            }
        }
        self.recent.push_back(Seen { number, at_s, count });
    }

    /// All spans, in order of time.
    pub(super) fn finish(mut self) -> Vec<Span> {
        self.done.extend(self.weak.take());
        self.done.extend(self.gap.take());
        self.done.sort_by_key(|span| (span.from_frame, span.reason));
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(frames: &[(usize, f32)]) -> Vec<(u64, u64, SpanReason)> {
        let mut collector = SpanCollector::default();
        for (i, (count, score)) in frames.iter().enumerate() {
            collector.frame(i as u64, i as f64 * 0.2, *count, (*count > 0).then_some(*score));
        }
        collector.finish().into_iter().map(|s| (s.from_frame, s.to_frame, s.reason)).collect()
    }

    #[test]
    fn weak_frames_and_dips_are_listed() {
        use SpanReason::{Gap, WeakDetection};
        let (good, weak, none) = ((1, 0.9), (1, 0.2), (0, 0.0));
        assert_eq!(spans(&[none, good, good, none]), []);
        assert_eq!(spans(&[good, weak, weak, good]), [(1, 2, WeakDetection)]);
        assert_eq!(spans(&[good, none, none, good]), [(1, 2, Gap)]);
        let absent = [vec![good], vec![none; 9], vec![good]].concat();
        assert_eq!(spans(&absent), [], "away for nearly two seconds: not a gap");
        assert_eq!(spans(&[none, none, weak]), [(2, 2, WeakDetection)]);
        let crowd = |n| (n, 0.9);
        assert_eq!(spans(&[crowd(3), crowd(2), crowd(3)]), [(1, 1, Gap)], "one of three was missed");
        assert_eq!(spans(&[crowd(3), crowd(1), crowd(2), crowd(3)]), [(1, 2, Gap)]);
        assert_eq!(spans(&[crowd(3), crowd(2), crowd(2)]), [], "one of three has left");
        assert_eq!(
            spans(&[crowd(2), crowd(1), crowd(2), crowd(2), crowd(1), crowd(2)]),
            [(1, 1, Gap), (4, 4, Gap)]
        );
    }
}
