//! Text that says what it seems to say: without characters that hide, turn round or break the line.

/// Whether a character stands where it is seen and is seen where it stands: no control, no mark that changes the
/// direction of others (Unicode Annex 9), nothing without width, nothing private, no half of a pair.
#[must_use]
pub(super) fn is_plain(c: char) -> bool {
    let unseen = matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}');
    let private = matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}')
        || (u32::from(c) & 0xfffe) == 0xfffe;
    !c.is_control() && !unseen && !private
}

/// The same text with every character that is not plain replaced by a mark that can be seen.
#[must_use]
pub(super) fn plainly(text: &str) -> String {
    text.chars().map(|c| if is_plain(c) { c } else { '\u{fffd}' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_or_turns_is_not_plain() {
        for c in [
            '\n', '\t', '\u{7f}', '\u{85}', '\u{202e}', '\u{200d}', '\u{2066}', '\u{feff}', '\u{e000}',
            '\u{ffff}',
        ] {
            assert!(!is_plain(c), "{c:?}");
        }
        assert!("Şahin-de Vries & Zn., 12% (ÿ) “é” €".chars().all(is_plain));
    }
}
