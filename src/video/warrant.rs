//! Leave to show somebody: what this wing asks for wherever a raw pixel of a person is to stay visible.
//!
//! People and paper live in the other wing, and this one does not know them. What it knows is that a
//! [`Warrant`] came from an entry that stands in the audit log already: only a receipt of the log gives one
//! (`casework::audit`, checked by `tests/architecture.rs`), it cannot be copied, and it does not outlive the receipt.

use std::marker::PhantomData;

/// What a warrant is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// Crops of people are shown to staff.
    Pictures,
    /// One subject stays visible in a clip.
    Subject,
    /// Masks over change that nobody explained are lifted.
    Objects,
}

/// Leave to show somebody of one source.
#[derive(Debug)]
pub struct Warrant<'receipt> {
    leave: Leave,
    source_sha256: String,
    receipt: PhantomData<&'receipt ()>,
}

impl Warrant<'_> {
    /// Of an entry in the audit log, for the source with this SHA-256 (hexadecimal).
    pub(crate) fn of_entry(leave: Leave, source_sha256: String) -> Self {
        Self { leave, source_sha256, receipt: PhantomData }
    }

    /// Whether it lets this be done to this source.
    #[must_use]
    pub fn allows(&self, leave: Leave, source_sha256: &str) -> bool {
        self.leave == leave && self.source_sha256 == source_sha256
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warrant_is_for_one_act_on_one_source() {
        let warrant = Warrant::of_entry(Leave::Pictures, "ab".into());
        assert!(warrant.allows(Leave::Pictures, "ab"));
        assert!(!warrant.allows(Leave::Pictures, "abc"));
        assert!(!warrant.allows(Leave::Subject, "ab"));
        assert!(!warrant.allows(Leave::Objects, "cd"));
    }
}
