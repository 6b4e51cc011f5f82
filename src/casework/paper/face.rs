//! The letters: Liberation Sans, regular and bold, out of Debian's `fonts-liberation2` (SIL OFL 1.1, `fonts/`).
//!
//! Built into the program, so that a paper looks the same on every machine; only the letters in use go into a PDF. No
//! kerning and no ligatures: each character is one glyph, in the order of the text.

use krilla::text::{Font, GlyphId, KrillaGlyph};
use std::sync::OnceLock;
use ttf_parser::Face as Metrics;

static REGULAR: &[u8] = include_bytes!("../../../fonts/LiberationSans-Regular.ttf");
static BOLD: &[u8] = include_bytes!("../../../fonts/LiberationSans-Bold.ttf");

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

impl Weight {
    fn bytes(self) -> &'static [u8] {
        match self {
            Self::Regular => REGULAR,
            Self::Bold => BOLD,
        }
    }

    fn metrics(self) -> &'static Metrics<'static> {
        static PARSED: [OnceLock<Metrics<'static>>; 2] = [const { OnceLock::new() }; 2];
        PARSED[usize::from(self == Self::Bold)]
            .get_or_init(|| Metrics::parse(self.bytes(), 0).expect("the font that was built in"))
    }

    /// The font for krilla.
    pub(super) fn font(self) -> Font {
        Font::new(self.bytes().into(), 0).expect("the font that was built in")
    }

    /// Whether there is a letter for it.
    pub(super) fn has(self, c: char) -> bool {
        self.metrics().glyph_index(c).is_some()
    }

    /// One glyph for each character; advances in units of the size.
    pub(super) fn glyphs(self, text: &str) -> Vec<KrillaGlyph> {
        let glyph = |(at, c): (usize, char)| {
            let id = self.metrics().glyph_index(c).unwrap_or_default();
            KrillaGlyph {
                glyph_id: GlyphId::new(u32::from(id.0)),
                text_range: at..at + c.len_utf8(),
                x_advance: self.advance(c),
                x_offset: 0.0,
                y_offset: 0.0,
                y_advance: 0.0,
                location: None,
            }
        };
        text.char_indices().map(glyph).collect()
    }

    fn advance(self, c: char) -> f32 {
        let metrics = self.metrics();
        let id = metrics.glyph_index(c).unwrap_or_default();
        f32::from(metrics.glyph_hor_advance(id).unwrap_or(0)) / f32::from(metrics.units_per_em())
    }

    /// Width of a text at a size, points.
    pub(super) fn width(self, text: &str, size: f32) -> f32 {
        text.chars().map(|c| self.advance(c)).sum::<f32>() * size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letters_of_this_country_and_its_residents_are_there() {
        for weight in [Weight::Regular, Weight::Bold] {
            for c in "ABCz019éëïĳÿŞşğİıąćęłńóśźżčďěňřšťůžőűăâîșțñãõøåæœß€–—“”‘’…□■•©½".chars()
            {
                assert!(weight.has(c), "{c}");
            }
            assert!(!weight.has('漢'));
            assert_eq!(
                weight.glyphs("aé").iter().map(|g| g.text_range.clone()).collect::<Vec<_>>(),
                [0..1, 1..3]
            );
        }
        assert!(Weight::Bold.width("melkglas", 10.0) > Weight::Regular.width("melkglas", 10.0));
    }
}
