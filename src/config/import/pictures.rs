//! The one picture of several whose shapes are meant.

use super::{Fault, Sheet};

/// Pictures that a question names at most.
const NAMED: usize = 10;

/// One labelled picture of a file.
#[derive(Debug)]
pub(super) struct Picture {
    /// What it is called; the first is its name, the others (a number, say) find it as well.
    pub(super) names: Vec<String>,
    pub(super) sheet: Sheet,
}

impl Picture {
    fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// Whether it is meant: by one of its names, or by a name without its folders.
    fn is(&self, wanted: &str) -> bool {
        self.names.iter().any(|name| name == wanted || name.rsplit(['/', '\\']).next() == Some(wanted))
    }
}

/// The shapes of the picture that was picked, or of the only one that has any.
pub(super) fn one_of(pictures: Vec<Picture>, pick: Option<&str>) -> Result<Sheet, Fault> {
    let all = pictures.len();
    let mut found = candidates(pictures, pick)?;
    match found.pop() {
        Some(one) if found.is_empty() => {
            let Picture { ref names, mut sheet } = one;
            if all > 1 && pick.is_none() {
                let name = names.first().map_or("", String::as_str);
                sheet.notes.push(format!("of {all} pictures only {name} has shapes"));
            }
            Ok(sheet)
        }
        Some(last) => {
            found.push(last);
            Err(several(&found))
        }
        None => Ok(Sheet::default()),
    }
}

/// The pictures that the pick names; without one those that have shapes, or all where none has.
pub(super) fn candidates(pictures: Vec<Picture>, pick: Option<&str>) -> Result<Vec<Picture>, Fault> {
    let Some(pick) = pick else {
        let (with, mut without): (Vec<_>, Vec<_>) =
            pictures.into_iter().partition(|picture| !picture.sheet.shapes.is_empty());
        without.truncate(1);
        return Ok(if with.is_empty() { without } else { with });
    };
    if !pictures.iter().any(|picture| picture.is(pick)) {
        let cure = "name one of them: --image NAME";
        return Err(Fault::ask(format!("it has no image named {pick}; it has {}", list(&pictures)), cure));
    }
    Ok(pictures.into_iter().filter(|picture| picture.is(pick)).collect())
}

/// The question which of them is meant.
pub(super) fn several(pictures: &[Picture]) -> Fault {
    let what = format!(
        "it has shapes on {} images, and those of one belong to one camera; it has {}",
        pictures.len(),
        list(pictures)
    );
    Fault::ask(what, "name the one that was drawn on this camera's picture: --image NAME")
}

fn list(pictures: &[Picture]) -> String {
    let size = |picture: &Picture| picture.sheet.frame.map(|frame| format!(" ({frame})")).unwrap_or_default();
    let names: Vec<String> =
        pictures.iter().take(NAMED).map(|picture| format!("{}{}", picture.name(), size(picture))).collect();
    let shown = names.join(", ");
    let more = pictures.len() - names.len();
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}
