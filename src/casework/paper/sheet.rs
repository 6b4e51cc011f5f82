//! Pages of A4: a letterhead, blocks one below the other, and a foot with the page's number.
//!
//! Blocks are laid out first and painted last, since the foot says how many pages there are. What belongs together (a
//! heading and what follows, a row, the lines to sign on) is never cut by a page's end.

use super::face::Weight;
use super::text::{LONGEST_FIELD, LONGEST_TEXT, line, wrap};
use super::{Heading, PaperError, day};
use krilla::color::luma;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::{Document, SerializeSettings};

/// A4, points.
const WIDTH: f32 = 595.28;
const HEIGHT: f32 = 841.89;
const LEFT: f32 = 68.0;
const RIGHT: f32 = WIDTH - 62.0;
const TOP: f32 = 136.0;
const BOTTOM: f32 = HEIGHT - 72.0;
/// Size of text and distance of its lines, points.
const SIZE: f32 = 10.0;
const LEADING: f32 = 14.0;
const SMALL: f32 = 8.0;
/// Width of the labels of facts.
const LABELS: f32 = 122.0;
const GREY: u8 = 90;
const PALE: u8 = 190;

/// Something to paint.
enum Ink {
    Text { x: f32, y: f32, size: f32, weight: Weight, grey: u8, text: String },
    Bar { x: f32, y: f32, width: f32, height: f32, grey: u8 },
    Box { x: f32, y: f32, side: f32 },
}

/// A paper in the making.
pub(super) struct Sheet {
    heading: Heading,
    title: String,
    pages: Vec<Vec<Ink>>,
    /// Where the next block begins, from the top.
    y: f32,
}

fn clean(text: &str, most: usize, weight: Weight) -> String {
    line(text, most, |c| weight.has(c))
}

impl Sheet {
    /// A paper with its title.
    pub(super) fn new(heading: &Heading, title: &str) -> Self {
        let mut sheet =
            Self { heading: heading.clone(), title: title.to_owned(), pages: vec![Vec::new()], y: TOP };
        sheet.letterhead();
        sheet
    }

    fn put(&mut self, ink: Ink) {
        self.pages.last_mut().expect("there is a first page").push(ink);
    }

    fn text(&mut self, x: f32, y: f32, (size, weight, grey): (f32, Weight, u8), text: String) {
        self.put(Ink::Text { x, y, size, weight, grey, text });
    }

    /// The name and how to reach the house, on the first page.
    fn letterhead(&mut self) {
        let house = self.heading.house.clone();
        let name = clean(&house.name, 60, Weight::Bold);
        self.text(LEFT, 62.0, (17.0, Weight::Bold, 0), name);
        let lines = house.address.iter().chain(&house.contact).take(5);
        for (i, text) in lines.enumerate() {
            let text = clean(text, 48, Weight::Regular);
            let x = RIGHT - Weight::Regular.width(&text, SMALL);
            self.text(x, 52.0 + 10.5 * i as f32, (SMALL, Weight::Regular, GREY), text);
        }
        self.put(Ink::Bar { x: LEFT, y: 104.0, width: RIGHT - LEFT, height: 1.6, grey: 40 });
    }

    /// A new page where `height` does not fit any more.
    fn room(&mut self, height: f32) {
        if self.y + height > BOTTOM && self.y > 90.0 {
            self.pages.push(Vec::new());
            self.y = 76.0;
        }
    }

    /// The title, with the case and the day below it.
    pub(super) fn title(&mut self) {
        let (lang, date) = (self.heading.lang, self.heading.date);
        for text in
            wrap(&clean(&self.title, 120, Weight::Bold), RIGHT - LEFT, |t| Weight::Bold.width(t, 19.0))
        {
            self.y += 12.0;
            self.text(LEFT, self.y, (19.0, Weight::Bold, 0), text);
            self.y += 12.0;
        }
        let case = clean(&self.heading.case, 120, Weight::Regular);
        let below = format!("{} {case}  ·  {}", lang.of("Kenmerk", "Reference"), day(date, lang));
        self.y += 4.0;
        self.text(LEFT, self.y, (9.0, Weight::Regular, GREY), below);
        self.y += 22.0;
    }

    /// The place of a letter where its reader's address shows through the window of the envelope.
    pub(super) fn addressee(&mut self, name: &str, address: &[String]) {
        let lines = std::iter::once(name).chain(address.iter().map(String::as_str)).take(6);
        for text in lines {
            self.y += LEADING;
            self.text(LEFT, self.y, (SIZE, Weight::Regular, 0), clean(text, 60, Weight::Regular));
        }
        self.y += 34.0;
    }

    /// How a letter begins.
    pub(super) fn salutation(&mut self, name: &str) {
        let lang = self.heading.lang;
        let to = clean(name, 60, Weight::Regular);
        self.paragraph(&lang.of(format!("Geachte {to},"), format!("Dear {to},")));
    }

    /// Text over the whole width.
    pub(super) fn paragraph(&mut self, text: &str) {
        self.flow(LEFT, text, (SIZE, Weight::Regular, 0), LONGEST_TEXT);
        self.y += 7.0;
    }

    /// Small print.
    pub(super) fn small(&mut self, text: &str) {
        self.flow(LEFT, text, (SMALL + 0.5, Weight::Regular, GREY), LONGEST_TEXT);
        self.y += 5.0;
    }

    fn flow(&mut self, x: f32, text: &str, (size, weight, grey): (f32, Weight, u8), most: usize) {
        let leading = size / SIZE * LEADING;
        let text = clean(text, most, weight);
        for text in wrap(&text, RIGHT - x, |t| weight.width(t, size)) {
            self.room(leading);
            self.y += leading;
            self.text(x, self.y - 3.5, (size, weight, grey), text);
        }
    }

    /// A heading of what follows.
    pub(super) fn subheading(&mut self, text: &str) {
        self.room(5.0 * LEADING);
        self.y += 8.0;
        self.flow(LEFT, text, (11.5, Weight::Bold, 0), LONGEST_FIELD);
        self.y += 3.0;
    }

    /// Labels and values; an empty value is a line to write on.
    pub(super) fn facts(&mut self, facts: &[(&str, String)]) {
        for (label, value) in facts {
            let value = clean(value, LONGEST_FIELD, Weight::Regular);
            let width = RIGHT - LEFT - LABELS;
            // A hash fits on one line so, and is compared at a glance.
            let smaller = SIZE - 1.0;
            let wide = |size| Weight::Regular.width(&value, size) > width;
            let size = if wide(SIZE) && !wide(smaller) { smaller } else { SIZE };
            let values = wrap(&value, width, |t| Weight::Regular.width(t, size));
            let labels = wrap(label, LABELS - 12.0, |t| Weight::Regular.width(t, 9.0));
            let lines = values.len().max(labels.len()) as f32;
            self.room(lines * LEADING + 6.0);
            let top = self.y;
            for (i, text) in labels.into_iter().enumerate() {
                self.text(LEFT, top + LEADING * (i + 1) as f32 - 2.0, (9.0, Weight::Regular, GREY), text);
            }
            if value.is_empty() {
                self.put(Ink::Bar { x: LEFT + LABELS, y: top + LEADING, width, height: 0.5, grey: GREY });
            }
            for (i, text) in values.into_iter().enumerate() {
                let y = top + LEADING * (i + 1) as f32 - 2.0;
                self.text(LEFT + LABELS, y, (size, Weight::Regular, 0), text);
            }
            self.y = top + lines * LEADING + 6.0;
            self.put(Ink::Bar { x: LEFT, y: self.y - 2.5, width: RIGHT - LEFT, height: 0.4, grey: PALE });
        }
        self.y += 8.0;
    }

    /// Sentences with a box to tick, or with a bullet where nothing is to be chosen.
    pub(super) fn points(&mut self, points: &[String], tick: bool) {
        for point in points {
            let text = clean(point, LONGEST_TEXT, Weight::Regular);
            let lines = wrap(&text, RIGHT - LEFT - 20.0, |t| Weight::Regular.width(t, SIZE));
            self.room(LEADING * lines.len().min(3) as f32);
            if tick {
                self.put(Ink::Box { x: LEFT + 1.0, y: self.y + 2.5, side: 9.0 });
            } else {
                self.text(LEFT + 5.0, self.y + LEADING - 3.5, (SIZE, Weight::Regular, 0), "•".to_owned());
            }
            for text in lines {
                self.room(LEADING);
                self.y += LEADING;
                self.text(LEFT + 20.0, self.y - 3.5, (SIZE, Weight::Regular, 0), text);
            }
            self.y += 4.0;
        }
        self.y += 4.0;
    }

    /// Who signs: name, day and signature of each, two or three beside one another.
    pub(super) fn signatures(&mut self, signers: &[(&str, String)]) {
        let lang = self.heading.lang;
        let rows = lang.of(["Naam", "Datum", "Handtekening"], ["Name", "Date", "Signature"]);
        let (across, gap, labels) = if signers.len() == 3 { (3, 16.0, 50.0) } else { (2, 26.0, 56.0) };
        let width = (RIGHT - LEFT - gap * (across as f32 - 1.0)) / across as f32;
        for pair in signers.chunks(across) {
            self.room(128.0);
            self.y += 10.0;
            let top = self.y;
            for (i, (role, name)) in pair.iter().enumerate() {
                let x = LEFT + (width + gap) * i as f32;
                let role = clean(role, 60, Weight::Bold);
                self.text(x, top + 10.0, (SIZE, Weight::Bold, 0), role);
                let mut y = top + 20.0;
                for (row, label) in rows.into_iter().enumerate() {
                    y += if row == 2 { 40.0 } else { 24.0 };
                    self.text(x, y - 3.0, (SMALL, Weight::Regular, GREY), label.to_owned());
                    self.put(Ink::Bar { x: x + labels, y, width: width - labels, height: 0.5, grey: GREY });
                    if row == 0 {
                        let (name, size) = fitted(clean(name, 60, Weight::Regular), width - labels - 3.0);
                        self.text(x + labels + 3.0, y - 3.0, (size, Weight::Regular, 0), name);
                    }
                }
            }
            self.y = top + 118.0;
        }
    }

    /// The end of a letter.
    pub(super) fn greeting(&mut self, signed_by: &str) {
        let (lang, house) = (self.heading.lang, self.heading.house.name.clone());
        self.room(96.0);
        self.y += 6.0;
        self.flow(LEFT, lang.of("Met vriendelijke groet,", "Kind regards,"), (SIZE, Weight::Regular, 0), 80);
        self.y += 44.0;
        self.flow(LEFT, signed_by, (SIZE, Weight::Regular, 0), LONGEST_FIELD);
        self.flow(LEFT, &house, (SIZE, Weight::Bold, 0), LONGEST_FIELD);
    }

    /// The finished paper's bytes.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, PaperError> {
        let lang = self.heading.lang;
        let count = self.pages.len();
        let case = clean(&self.heading.case, 60, Weight::Regular);
        let title = clean(&self.title, 120, Weight::Regular);
        for (i, page) in self.pages.iter_mut().enumerate() {
            let of = lang.of(format!("pagina {} van {count}", i + 1), format!("page {} of {count}", i + 1));
            let x = RIGHT - Weight::Regular.width(&of, SMALL);
            let y = HEIGHT - 40.0;
            page.push(Ink::Bar { x: LEFT, y: y - 14.0, width: RIGHT - LEFT, height: 0.4, grey: PALE });
            for (x, text) in [(LEFT, format!("{title}  ·  {case}")), (x, of)] {
                page.push(Ink::Text { x, y, size: SMALL, weight: Weight::Regular, grey: GREY, text });
            }
        }
        // No day and no number of its own: the same data gives the same bytes.
        let settings = SerializeSettings { enable_tagging: false, ..SerializeSettings::default() };
        let mut document = Document::new_with(settings);
        document.set_metadata(
            Metadata::new()
                .title(title)
                .language(lang.tag().to_owned())
                .creator(super::super::report::PROGRAM.to_owned()),
        );
        let fonts = [Weight::Regular.font(), Weight::Bold.font()];
        for inks in &self.pages {
            let size = PageSettings::from_wh(WIDTH, HEIGHT).ok_or_else(|| PaperError("no page".into()))?;
            let mut page = document.start_page_with(size);
            let mut surface = page.surface();
            inks.iter().for_each(|ink| paint(&mut surface, ink, &fonts));
            surface.finish();
            page.finish();
        }
        document.finish().map_err(|e| PaperError(format!("{e:?}")))
    }
}

/// A name and the size at which it is no wider than `width`: smaller letters first, an ellipsis where these are not enough.
fn fitted(mut name: String, width: f32) -> (String, f32) {
    let wide = |name: &str, size: f32| Weight::Regular.width(name, size) > width;
    let size = [SIZE, 9.0, 8.0, 7.0].into_iter().find(|size| !wide(&name, *size)).unwrap_or(7.0);
    while wide(&name, size) && name.chars().count() > 1 {
        name.pop();
        name.pop();
        name.push('…');
    }
    (name, size)
}

fn paint(surface: &mut Surface<'_>, ink: &Ink, fonts: &[krilla::text::Font; 2]) {
    let fill = |grey| {
        Some(Fill {
            paint: luma::Color::new(grey).into(),
            opacity: NormalizedF32::ONE,
            rule: Default::default(),
        })
    };
    let mut bar = |x: f32, y: f32, width: f32, height: f32, grey| {
        let mut path = PathBuilder::new();
        if let Some(rect) = Rect::from_xywh(x, y, width, height) {
            path.push_rect(rect);
        }
        surface.set_fill(fill(grey));
        if let Some(path) = path.finish() {
            surface.draw_path(&path);
        }
    };
    match ink {
        Ink::Bar { x, y, width, height, grey } => bar(*x, *y, *width, *height, *grey),
        Ink::Box { x, y, side } => {
            for (x, y, width, height) in [
                (*x, *y, *side, 0.7),
                (*x, y + side - 0.7, *side, 0.7),
                (*x, *y, 0.7, *side),
                (x + side - 0.7, *y, 0.7, *side),
            ] {
                bar(x, y, width, height, 0);
            }
        }
        Ink::Text { x, y, size, weight, grey, text } => {
            surface.set_fill(fill(*grey));
            let font = fonts[usize::from(*weight == Weight::Bold)].clone();
            surface.draw_glyphs(Point::from_xy(*x, *y), &weight.glyphs(text), font, text, *size, false);
        }
    }
}
