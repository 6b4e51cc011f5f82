//! A contact sheet: one page of HTML with its pictures in it, which needs no other file, no script and no network.
//!
//! Dutch first, English beside it, for staff of a housing corporation read it. Every text is escaped. The page forbids
//! itself to load anything (Content Security Policy), and prints in black on white with no card cut in two. Which kind
//! of picture is on it is a parameter: whoever writes the sheet says how one is opened.

use std::io::{self, Write};

/// The same words in Dutch and in English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bilingual {
    nl: String,
    en: String,
}

/// Words in both languages.
#[must_use]
pub fn words(nl: impl Into<String>, en: impl Into<String>) -> Bilingual {
    Bilingual { nl: nl.into(), en: en.into() }
}

impl Bilingual {
    fn html(&self) -> String {
        let (nl, en) = (escaped(&self.nl), escaped(&self.en));
        format!("<span>{nl}</span> <span class=\"en\" lang=\"en\">{en}</span>")
    }
}

/// One picture.
pub struct Picture<P> {
    /// What is shown.
    pub picture: P,
    /// What it shows, for whoever cannot see it.
    pub alt: Bilingual,
    /// What stands below it.
    pub caption: String,
    /// What to type to choose whom it shows, the surest first.
    pub typed: Vec<String>,
}

/// What belongs together.
pub struct Card<P> {
    /// Its heading.
    pub heading: Bilingual,
    /// What to be careful about.
    pub mark: Option<Bilingual>,
    /// Pictures beside one another.
    pub pictures: Vec<Picture<P>>,
    /// Labels and values.
    pub facts: Vec<(Bilingual, String)>,
    /// What to type, and what it does.
    pub typed: Vec<(Bilingual, String)>,
}

/// A sheet in the making.
pub struct Sheet<P> {
    pieces: Vec<Piece<P>>,
}

enum Piece<P> {
    Markup(String),
    Picture(P),
}

const STYLE: &str = "\
:root{color-scheme:light}\
*{box-sizing:border-box}\
body{margin:0 auto;max-width:76rem;padding:1.5rem;font:16px/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff}\
h1{font-size:1.6rem;margin:0 0 .5rem}\
h2{font-size:1.15rem;margin:0 0 .5rem}\
.en{color:#595959;font-size:.875em}\
.note{border-left:.3rem solid #767676;background:#f5f5f5;padding:.6rem .9rem;margin:1rem 0}\
.note.warn{border-color:#b00020;background:#fdf1f2}\
.note p{margin:.2rem 0}\
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(23rem,1fr));gap:1rem;padding:0;list-style:none}\
.cards.wide{grid-template-columns:1fr}\
.card{border:1px solid #bbb;border-radius:.4rem;padding:.9rem;break-inside:avoid}\
.card.mark{border-style:dashed}\
.mark p.mark{font-weight:600;margin:0 0 .5rem}\
.pictures{display:flex;flex-wrap:wrap;gap:.6rem;margin:0 0 .6rem}\
figure{margin:0}\
figcaption{font-size:.85rem}\
img{display:block;height:12rem;max-width:100%;object-fit:contain;background:#eee}\
.wide img{height:auto;max-height:36rem;min-height:12rem}\
dl{display:grid;grid-template-columns:auto 1fr;gap:.1rem .8rem;margin:.4rem 0}\
dt,dd{margin:0;overflow-wrap:anywhere}\
.typed{margin:.4rem 0 0;padding:0;list-style:none}\
code{font:.95em/1.6 ui-monospace,monospace;background:#f2f2f2;border:1px solid #ccc;border-radius:.2rem;\
padding:.05rem .3rem;user-select:all;overflow-wrap:anywhere}\
figcaption code{display:table;margin-top:.2rem}\
@media print{body{padding:0;font-size:10pt}.cards{display:block;orphans:1;widows:1}.card{display:inline-block;vertical-align:top;\
width:48%;margin:0 1% 1rem 0;border-color:#000}.wide .card{display:block;width:auto}img{height:9rem}\
.wide img{height:auto;max-height:22rem}.note,code,img{background:none}}";

impl<P> Sheet<P> {
    /// A sheet with a heading, and what it is of.
    #[must_use]
    pub fn new(title: &Bilingual, facts: &[(Bilingual, String)]) -> Self {
        let head = format!(
            "<!doctype html>\n<html lang=\"nl\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src \
             'unsafe-inline'\">\n<title>{} | {}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{}</h1>\n{}",
            escaped(&title.nl),
            escaped(&title.en),
            title.html(),
            list(facts),
        );
        Self { pieces: vec![Piece::Markup(head)] }
    }

    /// What to beware of, set off from the rest.
    pub fn warn(&mut self, remarks: &[Bilingual]) {
        self.set_off("note warn", remarks);
    }

    /// What to know, set off from the rest.
    pub fn note(&mut self, remarks: &[Bilingual]) {
        self.set_off("note", remarks);
    }

    fn set_off(&mut self, class: &str, remarks: &[Bilingual]) {
        let nl: String = remarks.iter().map(|r| format!("<p>{}</p>\n", escaped(&r.nl))).collect();
        let en = remarks.iter().map(|r| format!("<p class=\"en\" lang=\"en\">{}</p>\n", escaped(&r.en)));
        let en: String = en.collect();
        self.markup(format!("<div class=\"{class}\" role=\"note\">\n{nl}{en}</div>\n"));
    }

    /// Cards beside one another, or below one another where they are `wide`; with a line where there are none.
    pub fn cards(&mut self, cards: Vec<Card<P>>, layout: Layout, none: &Bilingual) {
        if cards.is_empty() {
            self.markup(format!("<p>{}</p>\n", none.html()));
            return;
        }
        let class = match layout {
            Layout::Beside => "cards",
            Layout::Wide => "cards wide",
        };
        self.markup(format!("<ul class=\"{class}\">\n"));
        for card in cards {
            self.card(card);
        }
        self.markup("</ul>\n".to_owned());
    }

    fn card(&mut self, card: Card<P>) {
        let Card { heading, mark, pictures, facts, typed } = card;
        let class = if mark.is_some() { "card mark" } else { "card" };
        self.markup(format!("<li class=\"{class}\">\n<h2>{}</h2>\n", heading.html()));
        if let Some(mark) = mark {
            self.markup(format!("<p class=\"mark\">{}</p>\n", mark.html()));
        }
        if !pictures.is_empty() {
            self.markup("<div class=\"pictures\">\n".to_owned());
            for Picture { picture, alt, caption, typed } in pictures {
                self.markup("<figure><img src=\"data:image/jpeg;base64,".to_owned());
                self.pieces.push(Piece::Picture(picture));
                let codes: String = typed.iter().map(|text| code(text)).collect();
                let alt = format!("{} / {}", escaped(&alt.nl), escaped(&alt.en));
                let caption = escaped(&caption);
                self.markup(format!("\" alt=\"{alt}\"><figcaption>{caption}{codes}</figcaption></figure>\n"));
            }
            self.markup("</div>\n".to_owned());
        }
        self.markup(list(&facts));
        if !typed.is_empty() {
            let rows =
                typed.iter().map(|(label, text)| format!("<li>{}: {}</li>\n", label.html(), code(text)));
            self.markup(format!("<ul class=\"typed\">\n{}</ul>\n", rows.collect::<String>()));
        }
        self.markup("</li>\n".to_owned());
    }

    fn markup(&mut self, text: String) {
        self.pieces.push(Piece::Markup(text));
    }

    /// Writes the page. `jpeg` opens a picture; it is asked for one after another.
    ///
    /// # Errors
    /// Writing fails.
    pub fn write(self, out: &mut dyn Write, mut jpeg: impl FnMut(P) -> Vec<u8>) -> io::Result<()> {
        for piece in self.pieces {
            match piece {
                Piece::Markup(text) => out.write_all(text.as_bytes())?,
                Piece::Picture(picture) => out.write_all(base64(&jpeg(picture)).as_bytes())?,
            }
        }
        out.write_all(b"</body>\n</html>\n")
    }
}

/// How cards lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// As many beside one another as there is room for.
    Beside,
    /// Each over the whole width.
    Wide,
}

fn list(facts: &[(Bilingual, String)]) -> String {
    if facts.is_empty() {
        return String::new();
    }
    let row = |(label, value): &(Bilingual, String)| {
        format!("<dt>{}</dt><dd>{}</dd>\n", label.html(), escaped(value))
    };
    format!("<dl>\n{}</dl>\n", facts.iter().map(row).collect::<String>())
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(text))
}

/// A text that is nothing but text, in an element or in an attribute within double quotes.
pub(in crate::casework) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // A control character is no text; a name of a file may have one.
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Base64 with padding (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let number = (0..3).fold(0u32, |n, i| n << 8 | u32::from(chunk.get(i).copied().unwrap_or(0)));
        for place in 0..4 {
            let digit = DIGITS[(number >> (18 - 6 * place)) as usize & 63];
            out.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(card: Card<Vec<u8>>) -> String {
        let mut sheet = Sheet::new(&words("Wie & wat", "Who"), &[]);
        sheet.warn(&[words("Let op", "Mind")]);
        sheet.cards(vec![card], Layout::Beside, &words("niemand", "nobody"));
        let mut out = Vec::new();
        sheet.write(&mut out, |jpeg| jpeg).expect("in memory");
        String::from_utf8(out).expect("text")
    }

    fn card(text: &str) -> Card<Vec<u8>> {
        let both = || words(text, text);
        Card {
            heading: both(),
            mark: Some(both()),
            pictures: vec![Picture {
                picture: b"foobar".to_vec(),
                alt: both(),
                caption: text.to_owned(),
                typed: vec![text.to_owned()],
            }],
            facts: vec![(both(), text.to_owned())],
            typed: vec![(both(), text.to_owned())],
        }
    }

    #[test]
    fn text_stays_text() {
        let hostile = "\"><script src='//x'>&amp;\u{7}";
        let page = page(card(hostile));
        assert!(!page.contains("<script") && !page.contains('\u{7}') && !page.contains("'//x"), "{page}");
        assert_eq!(page.matches("&quot;&gt;&lt;script src=&#39;//x&#39;&gt;&amp;amp;\u{fffd}").count(), 14);
    }

    #[test]
    fn the_page_needs_nothing_else() {
        let page = page(card("x"));
        assert!(page.contains("src=\"data:image/jpeg;base64,Zm9vYmFy\" alt=\"x / x\""), "{page}");
        assert!(page.contains("default-src 'none'"));
        for word in ["http:", "https:", "<script", "<link", "url(", "@import"] {
            assert!(!page.contains(word), "{word}");
        }
        for element in ["html", "head", "body", "ul", "li", "dl", "div", "figure", "h1", "h2", "p", "code"] {
            let opened =
                page.matches(&format!("<{element}>")).count() + page.matches(&format!("<{element} ")).count();
            assert_eq!(opened, page.matches(&format!("</{element}>")).count(), "{element}");
        }
    }

    #[test]
    fn base64_is_that_of_the_rfc() {
        let known = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, text) in known {
            assert_eq!(base64(plain.as_bytes()), text, "RFC 4648, section 10");
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xfe]), "+//+");
    }
}
