//! A passphrase that can be read out over the telephone and not be guessed.
//!
//! 25 letters and digits out of 32, none of which looks like another: 125 bits. The zip's own key derivation
//! (PBKDF2-HMAC-SHA-1, a thousand rounds) adds next to nothing, so all strength has to be in the passphrase.

use std::fmt;

const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const GROUPS: usize = 5;
const IN_A_GROUP: usize = 5;

/// A passphrase. It cannot be printed by accident: [`Self::reveal`] says it.
pub struct Passphrase(String);

impl Passphrase {
    /// A new one.
    ///
    /// # Errors
    /// The operating system gives no random bytes.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut lots = [0; GROUPS * IN_A_GROUP];
        getrandom::fill(&mut lots)?;
        // 32 divides 256, so every letter is equally likely.
        let letters = lots.map(|lot| char::from(ALPHABET[usize::from(lot) % ALPHABET.len()]));
        let groups: Vec<String> = letters.chunks(IN_A_GROUP).map(|group| group.iter().collect()).collect();
        Ok(Self(groups.join("-")))
    }

    /// One that somebody typed: blanks around it are left out, and letters are capital as far as it is one of ours.
    #[must_use]
    pub fn typed(text: &str) -> Self {
        let text = text.trim();
        let capital = text.to_ascii_uppercase();
        let ours = capital.len() == GROUPS * (IN_A_GROUP + 1) - 1
            && capital.bytes().all(|byte| byte == b'-' || ALPHABET.contains(&byte));
        Self(if ours { capital } else { text.to_owned() })
    }

    /// The passphrase itself, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn passphrases_are_long_plain_and_differ() {
        let made: BTreeSet<String> =
            (0..64).map(|_| Passphrase::generate().expect("random").reveal().to_owned()).collect();
        assert_eq!(made.len(), 64);
        let seen: BTreeSet<char> = made.iter().flat_map(|text| text.chars()).collect();
        assert_eq!(seen.len(), 33, "every letter and the hyphen");
        assert!(made.iter().all(|text| text.len() == 29 && text.split('-').count() == 5), "{made:?}");
    }

    #[test]
    fn typing_forgives_case_and_blanks() {
        let made = Passphrase::generate().expect("random");
        let typed = format!("  {}\n", made.reveal().to_lowercase());
        assert_eq!(Passphrase::typed(&typed).reveal(), made.reveal());
        assert_eq!(Passphrase::typed("another Tool's").reveal(), "another Tool's");
        assert_eq!(format!("{made:?}"), "Passphrase(..)");
    }
}
