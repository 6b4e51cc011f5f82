//! Passwords where they should not be: within an address, or as a key of a settings file. What is shown of a file goes
//! without them, for it may end in a journal.

use std::ops::Range;

/// Words that a password stands behind.
const WORDS: [&str; 4] = ["password", "passwd", "pass", "pwd"];

/// User and password of an address such as `rtsp://user:password@host/`: bytes of `text`, for every address in it.
pub(super) fn in_addresses(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, sign) in text.match_indices("://") {
        let start = at + sign.len();
        if found.last().is_some_and(|before| start < before.end) {
            continue;
        }
        let rest = text.get(start..).unwrap_or_default();
        // A password may hold a slash, though it should not: up to the last sign before the quote.
        let rest = rest.split(['"', '\'', '\n', ' ']).next().unwrap_or_default();
        if let Some(at) = rest.rfind('@') {
            found.push(start..start + at);
        }
    }
    found
}

/// What stands behind a word such as `password=`, as a key of an address or of a file.
pub(super) fn behind_words(text: &str) -> Vec<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    for word in WORDS {
        for (at, _) in lower.match_indices(word) {
            let before = lower.get(..at).and_then(|before| before.chars().next_back());
            let rest = lower.get(at + word.len()..).unwrap_or_default();
            let sign = rest.trim_start_matches([' ', '\t', '"', '\'']);
            let Some(value) = sign.strip_prefix(['=', ':']) else { continue };
            if before.is_some_and(char::is_alphanumeric) {
                continue;
            }
            let value = value.trim_start_matches([' ', '\t', '"', '\'']);
            let start = lower.len() - value.len();
            let end = value.find(['&', ';', '/', '"', '\'', '\n', ' ', '\t']).unwrap_or(value.len());
            if end > 0 {
                found.push(start..start + end);
            }
        }
    }
    found
}

/// The text with a star for every byte of a secret: as long as before, so that places in it stay.
pub(super) fn starred(text: &str) -> String {
    let mut stars = vec![false; text.len()];
    for secret in in_addresses(text).into_iter().chain(behind_words(text)) {
        stars.get_mut(secret).into_iter().for_each(|bytes| bytes.fill(true));
    }
    text.char_indices().fold(String::with_capacity(text.len()), |mut shown, (at, c)| {
        if stars.get(at) == Some(&true) {
            shown.extend(std::iter::repeat_n('*', c.len_utf8()));
        } else {
            shown.push(c);
        }
        shown
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_starred_and_nothing_else() {
        for (text, shown) in [
            (
                "url = \"rtsps://root:pa/ss@cam.example/main\"",
                "url = \"rtsps://**********@cam.example/main\"",
            ),
            ("url = \"rtsp://ü:p@h/\"", "url = \"rtsp://****@h/\""),
            (
                "url = \"rtsp://h/a?user=x&Password=geheim&b=1\"",
                "url = \"rtsp://h/a?user=x&Password=******&b=1\"",
            ),
            ("\"rtsp://h/user=admin_passwd=geheim/1\"", "\"rtsp://h/user=admin_passwd=******/1\""),
            ("password = \"geheim\"\nnext = 1", "password = \"******\"\nnext = 1"),
            (
                "url = \"rtsps://cam.example/main\"\nmail = \"a@b\"",
                "url = \"rtsps://cam.example/main\"\nmail = \"a@b\"",
            ),
            (
                "bypass = 3\npassword_file = \"x\"\n# pass the door",
                "bypass = 3\npassword_file = \"x\"\n# pass the door",
            ),
        ] {
            assert_eq!(starred(text), shown);
        }
    }
}
