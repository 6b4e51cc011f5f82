//! Who stood where, by hand: ground truth in MOTChallenge rows, as annotation tools export it.
//!
//! `frame,id,left,top,width,height[,confidence[,class,visibility]]`, frames from 1, pixels from 0 at the top left;
//! boxes may stick out of the picture. The form is that of MOT16 (Milan et al. 2016), which CVAT exports as
//! `gt/gt.txt`. A line that cannot be read is refused: left out, it would be a person whom nobody asks after.

use crate::digest::sha256_hex;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Largest file of ground truth, bytes: some millions of rows.
const LARGEST: u64 = 256 << 20;
/// Classes of MOT16 and later that are no pedestrian: 2 to 13.
const OTHERS: std::ops::RangeInclusive<i64> = 2..=13;

/// One row: a person in a frame. The box may stick out of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Person {
    /// Who it is.
    pub identity: i64,
    /// Left edge, pixels.
    pub left: f64,
    /// Top edge, pixels.
    pub top: f64,
    /// Width, pixels.
    pub width: f64,
    /// Height, pixels.
    pub height: f64,
}

/// Ground truth of one clip.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// Persons by frame, from 1.
    pub frames: BTreeMap<u64, Vec<Person>>,
    /// What is known of the file.
    pub facts: TruthFacts,
}

/// What is known of a file of ground truth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TruthFacts {
    /// Name of the file, without its folders.
    pub file: String,
    /// Its SHA-256.
    pub sha256: String,
    /// Rows that count.
    pub rows: u64,
    /// Rows that were left out because their confidence is 0: the annotator said not to count them.
    pub left_out_by_confidence: u64,
    /// Rows that were left out because they are of a class other than pedestrian.
    pub left_out_by_class: u64,
}

/// Why ground truth cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TruthError {
    /// The file cannot be read.
    #[error("{} cannot be read: {source}; check the path", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is no text of a sensible size.
    #[error("{} is no file of MOTChallenge rows ({reason}); give the gt.txt that your annotation tool exports", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: &'static str,
    },
    /// A row is not what it should be.
    #[error("{}, line {line}: {fault}; {cure}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong.
        fault: String,
        /// What to do.
        cure: &'static str,
    },
    /// Nobody is left.
    #[error(
        "{} names nobody: of its rows, {confidence} have confidence 0 and {class} a class from 2 to 13, which stand \
         for other things than people; export it with people as class 1",
        path.display()
    )]
    Nobody {
        /// The file.
        path: PathBuf,
        /// Rows with confidence 0.
        confidence: u64,
        /// Rows of other classes.
        class: u64,
    },
}

impl Truth {
    /// Reads a file.
    ///
    /// # Errors
    /// [`TruthError`], for the first line that cannot be read.
    pub fn read(path: &Path) -> Result<Self, TruthError> {
        let fault = |source| TruthError::Read { path: path.to_owned(), source };
        let foreign = |reason| TruthError::Foreign { path: path.to_owned(), reason };
        let meta = std::fs::metadata(path).map_err(fault)?;
        if !meta.is_file() {
            return Err(foreign("it is not a regular file"));
        }
        if meta.len() > LARGEST {
            return Err(foreign("it is larger than 256 MiB"));
        }
        let bytes = std::fs::read(path).map_err(fault)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| foreign("it is not text"))?;
        Self::parse(path, text)
    }

    /// Reads the text of a file called `path`.
    ///
    /// # Errors
    /// [`TruthError`], for the first line that cannot be read.
    pub fn parse(path: &Path, text: &str) -> Result<Self, TruthError> {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let sha256 = sha256_hex(text.as_bytes());
        let mut facts = TruthFacts { file, sha256, rows: 0, left_out_by_confidence: 0, left_out_by_class: 0 };
        let mut frames: BTreeMap<u64, Vec<Person>> = BTreeMap::new();
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            // Some tools put the names of the columns above them.
            let head = index == 0 && line.trim_start().starts_with(|c: char| c.is_alphabetic());
            if line.trim().is_empty() || line.trim_start().starts_with('#') || head {
                continue;
            }
            let row = Row::parse(line).and_then(|row| row.meant().map(|meant| (row, meant)));
            let (row, meant) = row.map_err(|(fault, cure)| TruthError::Row {
                path: path.to_owned(),
                line: index + 1,
                fault,
                cure,
            })?;
            match meant {
                Meant::Ignored => facts.left_out_by_confidence += 1,
                Meant::Other => facts.left_out_by_class += 1,
                Meant::Person => {
                    facts.rows += 1;
                    frames.entry(row.frame).or_default().push(row.person);
                }
            }
        }
        if facts.rows == 0 {
            let (confidence, class) = (facts.left_out_by_confidence, facts.left_out_by_class);
            return Err(TruthError::Nobody { path: path.to_owned(), confidence, class });
        }
        Ok(Self { frames, facts })
    }

    /// The persons of a frame, from 1.
    #[must_use]
    pub fn of(&self, frame: u64) -> &[Person] {
        self.frames.get(&frame).map_or(&[], Vec::as_slice)
    }
}

/// What a row stands for.
enum Meant {
    Person,
    /// Confidence 0: not to be counted.
    Ignored,
    /// A car, a mirror image, a static person.
    Other,
}

struct Row {
    frame: u64,
    person: Person,
    confidence: Option<f64>,
    /// The eighth of nine columns. Files of ten columns have a coordinate there.
    class: Option<f64>,
}

type RowFault = (String, &'static str);

const NUMBERS: &str = "write frame,id,left,top,width,height,confidence with numbers alone";
const TRACKS: &str =
    "draw each person as one track, not as single shapes, so that the file says who is who, and export again";

impl Row {
    fn parse(line: &str) -> Result<Self, RowFault> {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        if cells.len() < 6 {
            return Err((format!("{} columns where at least 6 are due", cells.len()), NUMBERS));
        }
        let number = |cell: &str, what: &str| {
            let value = cell.parse::<f64>().ok().filter(|value| value.is_finite());
            value.ok_or_else(|| (format!("the {what} is \"{}\", no number", shortened(cell)), NUMBERS))
        };
        let frame = cells[0].parse::<u64>().ok().filter(|frame| *frame > 0).ok_or_else(|| {
            let fault = format!("the frame is \"{}\"", shortened(cells[0]));
            (fault, "frames are whole numbers from 1: the first frame of the clip is 1")
        })?;
        let person = Person {
            identity: number(cells[1], "identity")?.trunc() as i64,
            left: number(cells[2], "left edge")?,
            top: number(cells[3], "top edge")?,
            width: number(cells[4], "width")?,
            height: number(cells[5], "height")?,
        };
        let confidence = cells.get(6).map(|cell| number(cell, "confidence")).transpose()?;
        let class =
            cells.get(7).filter(|_| cells.len() == 9).map(|cell| number(cell, "class")).transpose()?;
        Ok(Self { frame, person, confidence, class })
    }

    fn meant(&self) -> Result<Meant, RowFault> {
        if self.confidence == Some(0.0) {
            return Ok(Meant::Ignored);
        }
        if self.class.is_some_and(|class| class.fract() == 0.0 && OTHERS.contains(&(class as i64))) {
            return Ok(Meant::Other);
        }
        let Person { identity, width, height, .. } = self.person;
        if identity < 0 {
            return Err((format!("the identity is {identity}: it says nobody in particular"), TRACKS));
        }
        if width <= 0.0 || height <= 0.0 {
            let fault = format!("a box of {width} by {height} pixels holds nobody");
            return Err((fault, "draw it around the person, or leave the row out"));
        }
        Ok(Meant::Person)
    }
}

/// The beginning of a text, without control characters, for a sentence.
fn shortened(text: &str) -> String {
    text.chars().take(40).map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(text: &str) -> Result<Truth, String> {
        Truth::parse(Path::new("gt.txt"), text).map_err(|e| e.to_string())
    }

    #[test]
    fn rows_are_read_and_those_that_do_not_count_are_counted() {
        let text = "frame,id,left\r\n1,3,70.5,200,31,18,1,1,1\r\n\n1,4,-2,5,6,7\n 7 , 3 , 1,2,3,4 , 0.4,-1,-1,-1\n\
                    # a note\n2,5,1,1,9,9,0,1,1\n2,6,1,1,9,9,1,3,1\n2,7,1,1,9,9,1,2.5,1\n2,8,1,1,9,9,1,3,1,1\n";
        let found = truth(text).expect("sound rows");
        assert_eq!(found.of(1).len(), 2);
        assert_eq!(found.of(1)[0], Person { identity: 3, left: 70.5, top: 200.0, width: 31.0, height: 18.0 });
        assert_eq!(found.of(1)[1].left, -2.0);
        assert_eq!(found.of(7)[0].identity, 3);
        // A class that is none of MOT16's counts as a person, and so does the third of ten columns.
        let ids: Vec<_> = found.of(2).iter().map(|person| person.identity).collect();
        assert_eq!(ids, [7, 8]);
        assert_eq!(found.of(3), []);
        let facts = &found.facts;
        assert_eq!((facts.rows, facts.left_out_by_confidence, facts.left_out_by_class), (5, 1, 1));
    }

    #[test]
    fn a_line_that_cannot_be_read_is_refused_with_its_number_and_a_cure() {
        let good = "1,3,70,200,31,18,1,1,1\n";
        for (line, says) in [
            ("1;3;70;200;31;18", "line 2: 1 columns where at least 6 are due"),
            ("0,3,70,200,31,18", "the frame is \"0\""),
            ("1.5,3,70,200,31,18", "the first frame of the clip is 1"),
            ("x,3,70,200,31,18", "the frame is \"x\""),
            ("1,,70,200,31,18", "the identity is \"\", no number"),
            ("1,3,70,NaN,31,18", "the top edge is \"NaN\""),
            ("1,3,70,inf,31,18", "the top edge"),
            ("1,3,70,2,0,18", "a box of 0 by 18 pixels"),
            ("1,3,70,2,4,18,yes", "the confidence is \"yes\""),
            ("1,3,70,2,4,18,1,person,1", "the class is \"person\""),
            ("1,-1,70,2,4,18,1,-1,-1,-1", "draw each person as one track"),
        ] {
            let error = truth(&format!("{good}{line}\n")).expect_err(line);
            assert!(error.contains(says) && error.contains("line 2"), "{line}: {error}");
        }
    }

    #[test]
    fn truth_that_names_nobody_is_refused() {
        assert!(truth("").expect_err("nothing").contains("names nobody"));
        let cars = "1,1,1,1,5,5,1,3,1\n2,1,1,1,5,5,1,3,1\n3,1,1,1,5,5,0,1,1\n";
        let error = truth(cars).expect_err("cars");
        assert!(error.contains("1 have confidence 0 and 2 a class"), "{error}");
    }
}
