//! Which of a network's classes are which target.

use crate::video::plan::Target;
use serde::{Deserialize, Serialize};

/// The classes that a network tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Classes {
    /// The 80 classes of COCO's detection task, in the order of its category numbers.
    Coco,
    /// One class: what the model's task names.
    Single,
}

/// COCO's class numbers of each target (Lin et al., "Microsoft COCO", 2014; numbered from 0 without gaps).
const COCO: [(usize, Target); 10] = [
    (0, Target::Person),
    (1, Target::Vehicle), // bicycle
    (2, Target::Vehicle), // car
    (3, Target::Vehicle), // motorcycle
    (5, Target::Vehicle), // bus
    (6, Target::Vehicle), // train
    (7, Target::Vehicle), // truck
    (62, Target::Screen), // tv
    (63, Target::Screen), // laptop
    (67, Target::Screen), // cell phone
];

impl Classes {
    /// How many there are.
    #[must_use]
    pub fn count(self) -> usize {
        match self {
            Self::Coco => 80,
            Self::Single => 1,
        }
    }

    /// The word in the manifest and in flags.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Coco => "coco",
            Self::Single => "single",
        }
    }
}

/// What to read from a network's output.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    /// How many classes the output holds.
    pub(super) count: usize,
    /// The classes that count, with what they are.
    pub(super) classes: Vec<(usize, Target)>,
    /// Lowest score that counts.
    pub(super) threshold: f32,
}

impl Wanted {
    /// What a network of these classes and this task can tell of `targets`.
    pub(super) fn new(
        classes: Classes,
        task: Target,
        wants: impl Fn(Target) -> bool,
        threshold: f32,
    ) -> Self {
        let known = match classes {
            Classes::Single => vec![(0, task)],
            Classes::Coco => COCO.to_vec(),
        };
        let classes_wanted = known.into_iter().filter(|(_, target)| wants(*target)).collect();
        Self { count: classes.count(), classes: classes_wanted, threshold }
    }

    /// One class, for a family that knows no other.
    #[cfg(test)]
    pub(super) fn single(target: Target, threshold: f32) -> Self {
        Self::new(Classes::Single, target, |_| true, threshold)
    }

    /// True where the output can name the target.
    pub(super) fn sees(&self, target: Target) -> bool {
        self.classes.iter().any(|(_, t)| *t == target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_told_by_their_classes() {
        let check = |classes, wants: fn(Target) -> bool, expect: &[usize]| {
            let wanted = Wanted::new(classes, Target::Person, wants, 0.2);
            assert_eq!(wanted.classes.iter().map(|(class, _)| *class).collect::<Vec<_>>(), expect);
        };
        check(Classes::Coco, |t| t == Target::Person, &[0]);
        check(Classes::Coco, |t| t == Target::Screen, &[62, 63, 67]);
        check(Classes::Coco, |t| t != Target::Face && t != Target::Screen, &[0, 1, 2, 3, 5, 6, 7]);
        check(Classes::Single, |_| true, &[0]);
        assert!(!Wanted::new(Classes::Single, Target::Person, |_| true, 0.2).sees(Target::Vehicle));
    }
}
