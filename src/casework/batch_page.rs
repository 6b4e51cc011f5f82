//! The summary of a batch as a page: a row for each clip, with a strip of moments of the masked clip.
//!
//! For a folder the strip is the masked file itself, opened by the browser at some moments: nothing is decoded here, and
//! what can be seen on the page is what leaves the house. Within a case the page holds small pictures of it. The page lies beside the clips and loads nothing else.

use super::batch::{BatchRow, BatchSummary, ItemState};
use super::review::escaped;
use std::io::{self, Write};

/// Moments of a clip that are shown, as shares of its length.
const MOMENTS: [f64; 4] = [0.1, 0.35, 0.6, 0.85];
/// Frames a second that moments are reckoned with; a moment need only lie within the clip.
const FRAMES_A_SECOND: f64 = 30.0;

const STYLE: &str = "\
body{margin:0 auto;max-width:80rem;padding:1.5rem;font:15px/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff}\
h1{font-size:1.5rem}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;\
padding:.5rem;border-bottom:1px solid #bbb}.en{color:#595959}video,img{width:11rem;margin:0 .3rem .3rem 0;\
background:#eee}.failed td{background:#fdf1f2}code{font-size:.8em;overflow-wrap:anywhere}\
@media print{video,img{width:7rem}}";

/// The pictures of a clip, JPEG.
pub(super) type Strip = Vec<Vec<u8>>;

/// Writes the page, a row after the other: pictures of hundreds of clips are never held together. `strip` gives a clip's own
/// by its number; none where the page shows the masked file itself.
pub(super) fn write(
    summary: &BatchSummary,
    to: &mut dyn Write,
    strip: &mut dyn FnMut(usize) -> io::Result<Option<Strip>>,
) -> io::Result<()> {
    let counts: Vec<String> = summary.counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    write!(
        to,
        "<!doctype html>\n<html lang=\"nl\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; media-src 'self' file:; img-src data:; \
         style-src 'unsafe-inline'\">\n<title>Overzicht | Summary</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>Overzicht <span class=\"en\" lang=\"en\">Summary</span></h1>\n<p>{}: {}</p>\n<table>\n<thead><tr>\
         <th>Fragment <span class=\"en\" lang=\"en\">Clip</span></th>\
         <th>Uitkomst <span class=\"en\" lang=\"en\">Outcome</span></th>\
         <th>Afgedekte beelden <span class=\"en\" lang=\"en\">Masked frames</span></th></tr></thead>\n<tbody>\n",
        escaped(&summary.written_at),
        escaped(&counts.join(", ")),
    )?;
    for (number, clip) in summary.clips.iter().enumerate() {
        to.write_all(row(clip, strip(number)?.as_deref()).as_bytes())?;
    }
    to.write_all(b"</tbody>\n</table>\n</body>\n</html>\n")
}

fn row(row: &BatchRow, pictures: Option<&[Vec<u8>]>) -> String {
    let outcome = match (&row.failure, &row.state) {
        (Some((exit, says)), _) => {
            format!("mislukt <span class=\"en\" lang=\"en\">failed</span> ({exit})<br>{}", escaped(says))
        }
        (None, ItemState::NotRun) => "niet gedaan <span class=\"en\" lang=\"en\">not done</span>".to_owned(),
        (None, _) => format!(
            "{} beelden, in {} iemand gevonden, {} geheel afgedekt, bron {} \
             <span class=\"en\" lang=\"en\">{} frames, somebody found in {}, {} covered whole, source {}</span>\
             <br><code>{}</code>",
            row.frames,
            row.frames_with_people,
            row.covered,
            escaped(row.completeness.as_deref().unwrap_or_default()),
            row.frames,
            row.frames_with_people,
            row.covered,
            escaped(row.completeness.as_deref().unwrap_or_default()),
            row.output_sha256.map(|sum| sum.to_string()).unwrap_or_default(),
        ),
    };
    let class = if row.failure.is_some() { " class=\"failed\"" } else { "" };
    let strip: String = match pictures {
        Some(pictures) => pictures.iter().map(|jpeg| picture(jpeg)).collect(),
        None => row.output.iter().map(|output| strip(output, row.frames)).collect(),
    };
    format!("<tr{class}><td>{}</td><td>{outcome}</td><td>{strip}</td></tr>\n", escaped(&row.clip))
}

/// A picture within the page itself (RFC 2397).
fn picture(jpeg: &[u8]) -> String {
    format!("<img alt=\"\" src=\"data:image/jpeg;base64,{}\">", base64(jpeg))
}

/// RFC 4648, 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0u32, |word, i| word << 8 | u32::from(chunk.get(i).copied().unwrap_or(0)));
        for i in 0..4 {
            let letter = char::from(LETTERS[(word >> (18 - 6 * i) & 63) as usize]);
            text.push(if i <= chunk.len() { letter } else { '=' });
        }
    }
    text
}

fn strip(output: &str, frames: u64) -> String {
    let length = frames as f64 / FRAMES_A_SECOND;
    let moment = |share: f64| {
        format!(
            "<video muted preload=\"metadata\" src=\"{}#t={:.2}\"></video>",
            escaped(&in_address(output)),
            share * length
        )
    };
    MOMENTS.into_iter().map(moment).collect()
}

/// A file's name as it stands in an address (RFC 3986): everything but plain letters, digits, `-`, `.` and `_` by its
/// number.
fn in_address(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let piece = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    format!("./{}", name.bytes().map(piece).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_written_as_the_standard_has_it() {
        let cases = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (plain, wanted) in cases {
            assert_eq!(base64(plain.as_bytes()), wanted);
        }
    }

    #[test]
    fn a_name_stays_a_name() {
        assert_eq!(in_address("hal 3.mp4"), "./hal%203.mp4");
        assert_eq!(in_address("\"><script>"), "./%22%3E%3Cscript%3E");
        assert_eq!(in_address("javascript:x"), "./javascript%3Ax");
    }
}
