//! The article that a key of a policy keeps: the comment above it, `# art. 6: what it says`.
//!
//! So that an article stands once, beside what keeps it, the comments of a policy are part of its form: a key has one of
//! its own, or takes the one above its table. A policy with a key that has none is refused.

use super::document::{Item, Section};
use std::cell::RefCell;

/// A value of a policy, and the article that asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause<T> {
    /// The value.
    pub value: T,
    /// Where it stands: an article of the protocol or of the law, or `house rule`.
    pub article: String,
}

/// A clause as it stands in the file, for tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cited {
    /// The key with its tables, such as `kind.access.forms`.
    pub key: String,
    /// The value as it is written.
    pub value: String,
    /// The article.
    pub article: String,
    /// What the article says, in a few words.
    pub says: String,
}

/// Notes down each clause that is read.
#[derive(Debug, Default)]
pub(super) struct Citations {
    noted: RefCell<Vec<Cited>>,
}

impl Citations {
    /// Reads a key that must be there, with its article.
    pub(super) fn clause<'d, T>(
        &self,
        section: &mut Section<'d>,
        key: &'static str,
        example: &str,
        read: impl FnOnce(&Item<'d>) -> Option<T>,
    ) -> Option<Clause<T>> {
        let item = section.required(key, example)?;
        let value = read(&item);
        let (article, says) = article(&item)?;
        self.noted.borrow_mut().push(Cited {
            key: item.name().to_owned(),
            value: item.raw().split_whitespace().collect::<Vec<_>>().join(" "),
            article: article.clone(),
            says,
        });
        Some(Clause { value: value?, article })
    }

    /// All clauses, in the order in which they were read.
    pub(super) fn into_cited(self) -> Vec<Cited> {
        self.noted.into_inner()
    }
}

/// The article above a key, or above its table.
fn article(item: &Item<'_>) -> Option<(String, String)> {
    let before = item.doc.text_before(item.span.start);
    // The key's own line is not whole.
    let lines: Vec<&str> = before.lines().collect();
    let above = lines.get(..lines.len().saturating_sub(1)).unwrap_or_default();
    let comment = match comment_at_end(above) {
        Some(own) => Some(own),
        None => {
            let header = above.iter().rposition(|line| line.starts_with('['));
            header.and_then(|header| comment_at_end(&above[..header]))
        }
    };
    let cited = comment.as_deref().and_then(|comment| comment.split_once(": "));
    let Some((article, says)) = cited.filter(|(article, says)| !article.is_empty() && !says.is_empty())
    else {
        item.note(
            format!("`{}` names no article", item.name()),
            "no article above it or its table",
            "write one above it: # art. 6: what it says",
        );
        return None;
    };
    Some((article.to_owned(), says.to_owned()))
}

/// The comment in which these lines end, as one line.
fn comment_at_end(lines: &[&str]) -> Option<String> {
    let from = lines.iter().rposition(|line| !line.starts_with('#')).map_or(0, |at| at + 1);
    let words: Vec<&str> = lines[from..].iter().map(|line| line.trim_start_matches('#').trim()).collect();
    (!words.is_empty()).then(|| words.join(" "))
}
