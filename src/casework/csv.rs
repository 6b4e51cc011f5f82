//! Tables for spreadsheets, by RFC 4180: every cell quoted, lines ended by CR LF, UTF-8 with a mark at its beginning.
//!
//! A spreadsheet takes a cell that begins like a formula for one, quoted or not, and may then call programs or the
//! network. Such a cell gets an apostrophe in front, which spreadsheets take for "this is text".

use super::plain::plainly;

/// A table as text, cells parted by `separator`.
#[must_use]
pub fn csv(rows: &[Vec<String>], separator: char) -> String {
    let mut out = String::from("\u{feff}");
    for row in rows {
        let cells: Vec<String> = row.iter().map(|text| cell(text)).collect();
        out += &cells.join(&separator.to_string());
        out += "\r\n";
    }
    out
}

fn cell(text: &str) -> String {
    let text = plainly(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    let formula = text.starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    let guard = if formula { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cell_is_text_and_nothing_else() {
        for (text, want) in [
            ("hall", "\"hall\""),
            ("say \"hi\"; a,b", "\"say \"\"hi\"\"; a,b\""),
            ("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\""),
            ("+1", "\"'+1\""),
            ("-2+3", "\"'-2+3\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            (" \t=1", "\"'=1\""),
            ("\r\n=1", "\"'=1\""),
            ("＝1", "\"'＝1\""),
            ("a\nb\u{0}\u{202e}", "\"a b\u{fffd}\u{fffd}\""),
        ] {
            assert_eq!(cell(text), want);
        }
        assert_eq!(csv(&[vec!["a".into(), "b".into()]], ';'), "\u{feff}\"a\";\"b\"\r\n");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_text_begins_a_formula_or_leaves_its_cell(text in any::<String>()) {
            let cell = cell(&text);
            let inner = &cell[1..cell.len() - 1];
            prop_assert!(!inner.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']));
            prop_assert!(!inner.contains(['\r', '\n']));
            prop_assert!(!inner.replace("\"\"", "").contains('"'));
        }
    }
}
