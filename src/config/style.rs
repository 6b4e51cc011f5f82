//! How a mask looks: the words that settings, camera files and the command line share. No style shows anything of what is
//! under the mask.

use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// How the pixels under a mask are replaced.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Style {
    /// Frosted glass: a few smoothed grey cells, drawn by lot; one sees that somebody moves, not who.
    #[default]
    Blur,
    /// The same few grey cells, unsmoothed.
    Pixelate,
    /// One constant colour.
    Fill,
}

/// An 8-bit colour, written `RRGGBB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rgb(pub [u8; 3]);

impl Default for Rgb {
    /// A neutral dark grey: visible as a mask on bright and dark scenes alike.
    fn default() -> Self {
        Self([0x40, 0x40, 0x40])
    }
}

/// A colour that is not six hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a colour: write six hexadecimal digits, red, green, blue, such as 404040")]
pub struct NotAColour(String);

impl FromStr for Rgb {
    type Err = NotAColour;

    fn from_str(text: &str) -> Result<Self, NotAColour> {
        let fault = || NotAColour(text.to_owned());
        let digits = text.strip_prefix('#').unwrap_or(text);
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(fault());
        }
        let value = u32::from_str_radix(digits, 16).map_err(|_| fault())?;
        let [_, r, g, b] = value.to_be_bytes();
        Ok(Self([r, g, b]))
    }
}

impl TryFrom<String> for Rgb {
    type Error = NotAColour;

    fn try_from(text: String) -> Result<Self, NotAColour> {
        text.parse()
    }
}

impl From<Rgb> for String {
    fn from(Rgb([r, g, b]): Rgb) -> Self {
        format!("{r:02x}{g:02x}{b:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_and_written() {
        assert_eq!("00ff00".parse(), Ok(Rgb([0, 255, 0])));
        assert_eq!("#00FF7f".parse(), Ok(Rgb([0, 255, 127])));
        assert_eq!(String::from(Rgb([0, 255, 127])), "00ff7f");
        for bad in ["", "fff", "00ff0g", "+0ff00", "00ff000", "é0ff0"] {
            assert!(bad.parse::<Rgb>().is_err(), "{bad}");
        }
    }
}
