//! A YAML file as a tree with line numbers, bounded in depth and size.
//!
//! An alias is the same node once more, not a copy, so a few lines of aliases of aliases cost a few nodes.

use super::Fault;
use saphyr_parser::{Event, Parser};
use std::collections::HashMap;
use std::rc::Rc;

/// Deepest nesting.
const DEEPEST: usize = 64;

/// Most nodes of a file.
const MOST_NODES: usize = 200_000;

/// One value, and the line that it begins on.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

#[derive(Debug)]
pub(super) enum Value {
    Scalar(String),
    List(Vec<Rc<Node>>),
    Map(Vec<(String, Rc<Node>)>),
}

impl Node {
    /// The value of a key; also out of what `<<` merges in.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.look_up(key, DEEPEST)
    }

    fn look_up(&self, key: &str, depth: usize) -> Option<&Node> {
        let Value::Map(entries) = &self.value else { return None };
        let named = |name: &str| entries.iter().find(|(key, _)| key == name).map(|(_, node)| &**node);
        named(key).or_else(|| {
            let merged = named("<<").filter(|_| depth > 0)?;
            match &merged.value {
                Value::List(several) => several.iter().find_map(|node| node.look_up(key, depth - 1)),
                _ => merged.look_up(key, depth - 1),
            }
        })
    }

    /// The keys and values of a table, in the file's order; nothing for another value.
    pub(super) fn entries(&self) -> &[(String, Rc<Node>)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// Whether nothing stands there: an empty text, `~` or `null`.
    pub(super) fn is_nothing(&self) -> bool {
        self.text().is_some_and(|text| matches!(text, "" | "~" | "null"))
    }
}

/// A list or a table that is not closed yet.
struct Open {
    line: usize,
    anchor: usize,
    items: Vec<Rc<Node>>,
    /// Keys read so far, for a table; its last value may still be missing.
    keys: Option<Vec<String>>,
    /// Line of the last key.
    key_line: usize,
}

pub(super) fn read(text: &str) -> Result<Rc<Node>, Fault> {
    let mut open: Vec<Open> = Vec::new();
    let mut anchors: HashMap<usize, Rc<Node>> = HashMap::new();
    let mut root = None;
    let mut nodes = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event
            .map_err(|e| Fault::form(e.marker().line(), format!("this YAML cannot be read: {}", e.info())))?;
        let line = span.start.line();
        let begin = |open: &mut Vec<Open>, anchor, keys| {
            // What a key names begins at the key, for people.
            let named = open
                .last()
                .filter(|parent| parent.keys.as_ref().is_some_and(|k| k.len() > parent.items.len()));
            let line = named.map_or(line, |parent| parent.key_line);
            open.push(Open { line, anchor, items: Vec::new(), keys, key_line: line });
        };
        let (done, anchor) = match event {
            Event::Scalar(text, _, anchor, _) => {
                (Rc::new(Node { line, value: Value::Scalar(text.into_owned()) }), anchor)
            }
            Event::Alias(anchor) => {
                let known = anchors.get(&anchor).cloned();
                (known.ok_or_else(|| Fault::form(line, "an alias stands inside of what it names"))?, 0)
            }
            Event::SequenceStart(anchor, _) => {
                begin(&mut open, anchor, None);
                if open.len() > DEEPEST {
                    return Err(Fault::form(line, format!("nested deeper than {DEEPEST}")));
                }
                continue;
            }
            Event::MappingStart(anchor, _) => {
                begin(&mut open, anchor, Some(Vec::new()));
                if open.len() > DEEPEST {
                    return Err(Fault::form(line, format!("nested deeper than {DEEPEST}")));
                }
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open { line, anchor, items, keys: None, .. }) => {
                    (Rc::new(Node { line, value: Value::List(items) }), anchor)
                }
                Some(Open { line, anchor, items, keys: Some(keys), .. }) => {
                    let entries = keys.into_iter().zip(items).collect();
                    (Rc::new(Node { line, value: Value::Map(entries) }), anchor)
                }
                None => continue,
            },
            _ => continue,
        };
        nodes += 1;
        if nodes > MOST_NODES {
            return Err(Fault::form(line, format!("more than {MOST_NODES} values")));
        }
        if anchor > 0 {
            anchors.insert(anchor, Rc::clone(&done));
        }
        match open.last_mut() {
            None if root.is_some() => {
                return Err(Fault::form(line, "there is more than one YAML document in it"));
            }
            None => root = Some(done),
            Some(Open { items, keys: Some(keys), key_line, .. }) if keys.len() == items.len() => {
                let Some(key) = done.text() else {
                    return Err(Fault::form(line, "a key is not plain text"));
                };
                if keys.iter().any(|known| known == key) {
                    return Err(Fault::form(line, format!("the key {key} stands there twice")));
                }
                keys.push(key.to_owned());
                *key_line = line;
            }
            Some(Open { items, .. }) => items.push(done),
        }
    }
    root.ok_or_else(|| Fault::form(None, "there is nothing in it"))
}
