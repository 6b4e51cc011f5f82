//! What is looked for and hidden: the words that settings and the command line share.

use serde::{Serialize, Serializer};

/// What a detector looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// A whole human body, or what is to be seen of it.
    #[value(name = "persons")]
    Person,
    /// A human face.
    #[value(name = "faces")]
    Face,
    /// A car, motorcycle, bicycle, bus, lorry or train, number plate and all.
    #[value(name = "vehicles")]
    Vehicle,
    /// A television, laptop or telephone, with what is on it.
    #[value(name = "screens")]
    Screen,
}

impl Target {
    /// Every target, in the order of the words.
    pub const ALL: [Self; 4] = [Self::Person, Self::Face, Self::Vehicle, Self::Screen];

    /// The word in settings and flags.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Person => "persons",
            Self::Face => "faces",
            Self::Vehicle => "vehicles",
            Self::Screen => "screens",
        }
    }
}

/// What is hidden: always persons and faces, and more where it is asked for. It has no way to say "nobody".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Targets {
    /// Vehicles too.
    pub vehicles: bool,
    /// Screens too.
    pub screens: bool,
}

/// A list of targets that would leave people visible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the targets leave out {missing}, but persons and faces are always hidden")]
pub struct LeavesOut {
    /// The words that are missing.
    pub missing: String,
    /// The list with them.
    pub cure: String,
}

impl Targets {
    /// From a list as it is written in settings and flags.
    ///
    /// # Errors
    /// [`LeavesOut`] where persons or faces are not in it: leaving them out by forgetting would show them.
    pub fn from_list(list: &[Target]) -> Result<Self, LeavesOut> {
        let named = |target| list.contains(&target);
        let all = Self { vehicles: named(Target::Vehicle), screens: named(Target::Screen) };
        let missing: Vec<&str> =
            [Target::Person, Target::Face].into_iter().filter(|t| !named(*t)).map(Target::word).collect();
        if missing.is_empty() {
            Ok(all)
        } else {
            let cure = all.list().map(Target::word).collect::<Vec<_>>().join(",");
            Err(LeavesOut { missing: missing.join(" and "), cure })
        }
    }

    /// What is hidden, in the order of the words.
    pub fn list(self) -> impl Iterator<Item = Target> {
        Target::ALL.into_iter().filter(move |target| self.contains(*target))
    }

    /// True where the target is hidden.
    #[must_use]
    pub fn contains(self, target: Target) -> bool {
        match target {
            Target::Person | Target::Face => true,
            Target::Vehicle => self.vehicles,
            Target::Screen => self.screens,
        }
    }
}

impl Serialize for Targets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.list().map(Target::word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn nobody_is_left_out_by_forgetting() {
        let check = |list: &[Target], expect: Option<(bool, bool)>| {
            let read = Targets::from_list(list);
            assert_eq!(read.ok().map(|t| (t.vehicles, t.screens)), expect, "{list:?}");
        };
        use Target::{Face, Person, Screen, Vehicle};
        check(&[Person, Face], Some((false, false)));
        check(&[Vehicle, Face, Screen, Person], Some((true, true)));
        check(&[Person, Face, Vehicle], Some((true, false)));
        check(&[], None);
        check(&[Person], None);
        check(&[Face, Vehicle], None);
        let fault = Targets::from_list(&[Vehicle]).expect_err("people are missing");
        assert_eq!(fault.missing, "persons and faces");
        assert_eq!(fault.cure, "persons,faces,vehicles");
    }

    #[test]
    fn each_word_names_its_target() {
        for target in Target::ALL {
            assert_eq!(Target::from_str(target.word(), false), Ok(target));
        }
    }
}
