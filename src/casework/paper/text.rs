//! Text of others, made fit for a line of print.

use super::super::plain::is_plain;

/// Longest value of a field, characters.
pub(super) const LONGEST_FIELD: usize = 300;
/// Longest text in a letter, characters.
pub(super) const LONGEST_TEXT: usize = 4_000;
/// Stands for what cannot be printed.
pub(super) const UNPRINTABLE: char = '\u{25a1}';

/// One line: blanks and ends of lines become one blank, what is not plain a visible sign, and what is longer than `most`
/// characters ends in an ellipsis. `printable` says which characters the letters have.
pub(super) fn line(text: &str, most: usize, printable: impl Fn(char) -> bool) -> String {
    let mut out = String::new();
    let mut length = 0;
    for word in text.split(char::is_whitespace).filter(|word| !word.is_empty()) {
        for c in (length > 0).then_some(' ').into_iter().chain(word.chars()) {
            if length == most {
                out.pop();
                out.push('…');
                return out;
            }
            let fits = c == ' ' || (is_plain(c) && printable(c));
            out.push(if fits { c } else { UNPRINTABLE });
            length += 1;
        }
    }
    out
}

/// Breaks a line of [`line`] where it is wider than `width`; `measure` gives the width of a piece. A word that does
/// not fit by itself is broken wherever it has to be.
pub(super) fn wrap(text: &str, width: f32, measure: impl Fn(&str) -> f32) -> Vec<String> {
    let mut lines = Vec::new();
    let mut current = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let joined = if current.is_empty() { word.to_owned() } else { format!("{current} {word}") };
        if measure(&joined) <= width {
            current = joined;
            continue;
        }
        if !current.is_empty() {
            lines.push(std::mem::take(&mut current));
        }
        for c in word.chars() {
            current.push(c);
            if measure(&current) > width && current.chars().count() > 1 {
                current.pop();
                lines.push(std::mem::replace(&mut current, c.to_string()));
            }
        }
    }
    if !current.is_empty() || lines.is_empty() {
        lines.push(current);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cells(text: &str) -> f32 {
        text.chars().count() as f32
    }

    #[test]
    fn hostile_text_stays_on_its_line() {
        let ascii = |c: char| c.is_ascii() || c == 'é';
        assert_eq!(line(" a\n\tb\r\n\u{85}c ", 9, ascii), "a b c");
        assert_eq!(line("ab\u{202e}dc\u{7}\u{200b}", 9, ascii), "ab□dc□□");
        assert_eq!(line("café 漢", 9, ascii), "café □");
        assert_eq!(line("abcdef", 4, ascii), "abc…");
        assert_eq!(line("ab cdef", 2, ascii), "a…");
    }

    #[test]
    fn lines_break_at_blanks_and_long_words_anywhere() {
        assert_eq!(wrap("aa bb cc", 5.0, cells), ["aa bb", "cc"]);
        assert_eq!(wrap("aa bbbbbbbb c", 3.0, cells), ["aa", "bbb", "bbb", "bb", "c"]);
        assert_eq!(wrap("", 3.0, cells), [""]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_line_is_wider_and_nothing_is_lost(text in any::<String>(), width in 1.0..40.0f32) {
            let clean = line(&text, 500, |_| true);
            prop_assert!(clean.chars().count() <= 500);
            prop_assert!(!clean.chars().any(|c| c.is_control()));
            let lines = wrap(&clean, width, cells);
            prop_assert!(lines.iter().all(|line| cells(line) <= width.max(1.0)));
            let bare = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(bare(&lines.concat()), bare(&clean));
        }
    }
}
