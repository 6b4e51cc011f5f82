//! Lists of whole numbers made small: differences of neighbours, and runs. What is read may be anything, so every sum
//! is checked and nothing grows beyond what its own length allows.

use std::ops::Range;

/// A list that does not mean anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nonsense;

/// Each row as its difference from the one before, the first from zeros; one after another.
pub(super) fn differences<const W: usize>(rows: impl Iterator<Item = [i64; W]>) -> Vec<i64> {
    let mut before = [0; W];
    let mut out = Vec::new();
    for row in rows {
        out.extend(row.iter().zip(before).map(|(v, b)| v - b));
        before = row;
    }
    out
}

/// The rows again.
pub(super) fn rows<const W: usize>(numbers: &[i64]) -> Result<Vec<[i64; W]>, Nonsense> {
    let (chunks, []) = numbers.as_chunks::<W>() else { return Err(Nonsense) };
    let mut before = [0; W];
    chunks
        .iter()
        .map(|chunk| {
            before = sum(chunk, &before)?;
            Ok(before)
        })
        .collect()
}

fn sum<const W: usize>(a: &[i64; W], b: &[i64; W]) -> Result<[i64; W], Nonsense> {
    let mut out = [0; W];
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out = a.checked_add(*b).ok_or(Nonsense)?;
    }
    Ok(out)
}

/// Frames, each with its rows.
pub(super) type Groups<const W: usize> = Vec<(usize, Vec<[i64; W]>)>;

/// Rows that belong to some of a clip's frames: for each such frame the step from the last one, the number of rows,
/// and each row as its difference from the row in its place before, as what stands still costs nothing then.
pub(super) fn grouped<const W: usize>(groups: impl Iterator<Item = (usize, Vec<[i64; W]>)>) -> Vec<i64> {
    let mut out = Vec::new();
    let mut before: Vec<[i64; W]> = Vec::new();
    let mut last = 0;
    for (frame, rows) in groups {
        out.extend([(frame - last) as i64, rows.len() as i64]);
        for (i, row) in rows.iter().enumerate() {
            let old = before.get(i).copied().unwrap_or([0; W]);
            out.extend(row.iter().zip(old).map(|(v, b)| v - b));
        }
        (before, last) = (rows, frame);
    }
    out
}

/// The groups again, each with its frame, which lies below `frames`; frames grow.
pub(super) fn groups<const W: usize>(mut numbers: &[i64], frames: usize) -> Result<Groups<W>, Nonsense> {
    let mut out = Groups::<W>::new();
    while let [step, count, rest @ ..] = numbers {
        let step = usize::try_from(*step).map_err(|_| Nonsense)?;
        let count = usize::try_from(*count).map_err(|_| Nonsense)?;
        let last = out.last();
        let frame = last.map_or(0, |(frame, _)| *frame).checked_add(step).ok_or(Nonsense)?;
        let len = count.checked_mul(W).filter(|len| *len <= rest.len()).ok_or(Nonsense)?;
        if frame >= frames || (step == 0 && last.is_some()) {
            return Err(Nonsense);
        }
        let (own, rest) = rest.split_at(len);
        let old = |i: usize| last.and_then(|(_, rows)| rows.get(i)).copied().unwrap_or([0; W]);
        let chunks = own.as_chunks::<W>().0;
        let rows = chunks.iter().enumerate().map(|(i, chunk)| sum(chunk, &old(i)));
        let rows = rows.collect::<Result<_, _>>()?;
        out.push((frame, rows));
        numbers = rest;
    }
    if numbers.is_empty() { Ok(out) } else { Err(Nonsense) }
}

/// Frames in stretches. In order, apart from one another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Runs(Vec<Range<usize>>);

impl Runs {
    /// Adds a frame, later than all before.
    pub(super) fn add(&mut self, frame: usize) {
        match self.0.last_mut() {
            Some(run) if run.end == frame => run.end += 1,
            _ => self.0.push(frame..frame + 1),
        }
    }

    pub(super) fn contains(&self, frame: usize) -> bool {
        let after = self.0.partition_point(|run| run.start <= frame);
        after.checked_sub(1).is_some_and(|i| self.0[i].contains(&frame))
    }

    /// Every frame.
    pub(super) fn frames(&self) -> impl Iterator<Item = usize> {
        self.0.iter().flat_map(Clone::clone)
    }

    /// For each stretch the frames between it and the one before, and its own.
    pub(super) fn numbers(&self) -> Vec<i64> {
        let mut last = 0;
        let mut out = Vec::new();
        for run in &self.0 {
            out.extend([(run.start - last) as i64, run.len() as i64]);
            last = run.end;
        }
        out
    }

    /// The stretches again, all below `frames`.
    pub(super) fn of(numbers: &[i64], frames: usize) -> Result<Self, Nonsense> {
        let (pairs, []) = numbers.as_chunks::<2>() else { return Err(Nonsense) };
        let mut runs: Vec<Range<usize>> = Vec::new();
        for [gap, len] in pairs {
            let gap = usize::try_from(*gap).map_err(|_| Nonsense)?;
            let len = usize::try_from(*len).ok().filter(|len| *len > 0).ok_or(Nonsense)?;
            let last = runs.last().map(|run| run.end);
            let start = last.unwrap_or(0).checked_add(gap).ok_or(Nonsense)?;
            let end = start.checked_add(len).filter(|end| *end <= frames).ok_or(Nonsense)?;
            if gap == 0 && last.is_some() {
                return Err(Nonsense);
            }
            runs.push(start..end);
        }
        Ok(Self(runs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            table in proptest::collection::vec([-9999i64..9999, 0..9, -3..3], 0..30),
            sizes in proptest::collection::vec(0usize..4, 1..20),
        ) {
            prop_assert_eq!(rows::<3>(&differences(table.iter().copied())), Ok(table.clone()));
            let mut rest = table.iter().copied();
            let all: Groups<3> =
                sizes.iter().enumerate().map(|(i, n)| (2 * i, rest.by_ref().take(*n).collect())).collect();
            let numbers = grouped(all.iter().cloned());
            prop_assert_eq!(groups::<3>(&numbers, 2 * sizes.len()), Ok(all));
            prop_assert_eq!(groups::<3>(&numbers, 2 * sizes.len() - 2), Err(Nonsense), "the last frame is one too many");
            let mut runs = Runs::default();
            for (i, _) in sizes.iter().enumerate().filter(|(_, n)| **n > 1) {
                runs.add(i);
            }
            for (i, n) in sizes.iter().enumerate() {
                prop_assert_eq!(runs.contains(i), *n > 1);
            }
            prop_assert_eq!(Runs::of(&runs.numbers(), sizes.len()), Ok(runs));
        }

        #[test]
        fn nothing_that_is_read_panics(numbers in proptest::collection::vec(
            prop_oneof![-3i64..5, any::<i64>()], 0..20), frames in 0usize..20,
        ) {
            let _ = rows::<3>(&numbers);
            if let Ok(groups) = groups::<2>(&numbers, frames) {
                prop_assert!(groups.is_sorted_by(|a, b| a.0 < b.0) && groups.iter().all(|g| g.0 < frames));
            }
            if let Ok(runs) = Runs::of(&numbers, frames) {
                prop_assert!(runs.frames().all(|frame| frame < frames && runs.contains(frame)));
            }
        }
    }
}
