//! What a clip costs against its length and against the number of people in it, as two tables and a picture.
//!
//! `cargo bench --bench growth [-- RUNS]`, 1 run by default, about a quarter of an hour; draws `docs/growth.svg`.
//!
//! Lengths: 640x360 at 10 frames a second, as recorders keep it; the first quarter of every minute is the sample, with
//! people, the rest the same place empty. People: 1280x720, the empty place with none, 1, 5 and 20 copies of one man cut
//! out of the sample, who walk to and fro.

mod rig;

use rig::{Bench, Cost, Noise, Pictures, Result, Told, film, median, pictures};
use std::fmt::Write;
use std::path::Path;

const MINUTES: [u64; 3] = [1, 10, 60];
const LENGTH_SIZE: (u32, u32) = (640, 360);
const LENGTH_FPS: u64 = 10;
const PEOPLE: [usize; 4] = [0, 1, 5, 20];
const PEOPLE_SIZE: (u32, u32) = (1280, 720);
const PEOPLE_FRAMES: (u64, u64) = (200, 25);
/// The man: which picture of the sample, and where in it, left, top, width and height, pixels, all even.
const MAN: (usize, [usize; 4]) = (20, [430, 226, 58, 100]);
/// Difference from the empty place from which a pixel is his, grey levels.
const HIS: u8 = 14;

fn main() -> Result<()> {
    let Some(runs) = rig::runs(1) else { return Ok(()) };
    let bench = Bench::new()?;
    let pictures = pictures()?;
    let empty = pictures.middle();
    println!("{runs} runs of each in turn, {} workers; medians\n", bench.workers());
    head("people");
    let mut people = Vec::new();
    for number in PEOPLE {
        let clip = bench.folder.path().join("people.mp4");
        let mut noise = Noise::new();
        film(&clip, pictures.size, PEOPLE_SIZE, PEOPLE_FRAMES, |n| {
            noise.on(&with_people(&pictures, &empty, number, n))
        })?;
        people.push(row(&bench, number as f64, &clip, runs)?);
    }
    println!();
    head("minutes");
    let mut lengths = Vec::new();
    for minutes in MINUTES {
        let clip = bench.folder.path().join("length.mp4");
        // Drawing noise for an hour takes longer than redacting it; a few pictures of it serve in turn.
        let mut noise = Noise::new();
        let noisy: Vec<Vec<u8>> = (0..16).map(|_| noise.on(&empty)).collect();
        film(&clip, pictures.size, LENGTH_SIZE, (60 * LENGTH_FPS * minutes, LENGTH_FPS), |n| {
            let in_minute = (n % (60 * LENGTH_FPS)) as usize;
            match in_minute < 15 * LENGTH_FPS as usize {
                true => pictures.all[in_minute % pictures.all.len()].clone(),
                false => noisy[in_minute * 7 % noisy.len()].clone(),
            }
        })?;
        lengths.push(row(&bench, minutes as f64, &clip, runs)?);
    }
    let to = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/growth.svg");
    std::fs::write(&to, drawn(&people, &lengths))?;
    println!("\ndrawn: {}", to.display());
    Ok(())
}

/// A point of a curve.
struct Point {
    at: f64,
    cpu_ms: f64,
    plain_cpu_ms: f64,
    peak_mib: f64,
}

fn head(of: &str) {
    println!(
        "| {of} | ours, frames/s | ours, CPU ms/frame | plain, CPU ms/frame | ratio of CPU | persons surely followed a frame | first frame written after, ms | memory, MiB | of ours: networks, ms |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
}

fn row(bench: &Bench, at: f64, clip: &Path, runs: usize) -> Result<Point> {
    let turns = bench.both(clip, runs)?;
    let of = |value: &dyn Fn(&(Cost, Cost, Told)) -> f64| median(turns.iter().map(value));
    let point = Point {
        at,
        cpu_ms: of(&|(ours, ..)| ours.cpu_ms),
        plain_cpu_ms: of(&|(_, plain, _)| plain.cpu_ms),
        peak_mib: of(&|(.., told)| told.peak_mib),
    };
    let fps = of(&|(ours, ..)| 1e3 / ours.wall_ms);
    println!(
        "| {at} | {fps:.0} | {:.1} | {:.1} | {:.2} | {:.1} | {:.0} | {:.0} | {:.0} |",
        point.cpu_ms,
        point.plain_cpu_ms,
        point.cpu_ms / point.plain_cpu_ms,
        of(&|(.., told)| told.found),
        of(&|(.., told)| told.first_ms),
        point.peak_mib,
        of(&|(.., told)| 1e3 * told.stages.detect_secs),
    );
    std::fs::remove_file(clip)?;
    Ok(point)
}

/// The empty place with so many copies of one man, each a little further on in every frame.
fn with_people(pictures: &Pictures, empty: &[u8], number: usize, n: u64) -> Vec<u8> {
    let (width, height) = (pictures.size.0 as usize, pictures.size.1 as usize);
    let (from, [left, top, across, down]) = (&pictures.all[MAN.0], MAN.1);
    let mut picture = empty.to_vec();
    for copy in 0..number {
        // Seven beside each other, three rows, each walking 40 pixels to and fro.
        let (column, line) = (copy % 7, copy / 7);
        let phase = (n as usize * 2 + copy * 11) % 80;
        let x = (20 + column * 100 + phase.min(80 - phase)) / 2 * 2;
        let y = (150 + line * 130) / 2 * 2;
        let is_his = |i: usize| from[i].abs_diff(empty[i]) >= HIS;
        for row in 0..down.min(height - y) {
            for col in 0..across.min(width - x) {
                let (there, here) = ((top + row) * width + left + col, (y + row) * width + x + col);
                if is_his(there) {
                    picture[here] = from[there];
                    for plane in 0..2 {
                        let offset = width * height * (4 + plane) / 4;
                        let sample = |row: usize, col: usize| offset + row / 2 * (width / 2) + col / 2;
                        picture[sample(y + row, x + col)] = from[sample(top + row, left + col)];
                    }
                }
            }
        }
    }
    picture
}

/// Side of a panel, and what is left around it, pixels.
const PANEL: (f64, f64) = (300.0, 220.0);
const AROUND: f64 = 56.0;

/// Both curves side by side.
fn drawn(people: &[Point], lengths: &[Point]) -> String {
    let width = 2.0 * (PANEL.0 + 2.0 * AROUND);
    let height = PANEL.1 + 2.0 * AROUND;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n"
    );
    panel(&mut svg, AROUND, "people in the picture, 1280x720", people, |at| at / 20.0);
    let longest = MINUTES[MINUTES.len() - 1] as f64;
    panel(&mut svg, 3.0 * AROUND + PANEL.0, "minutes (scale of powers), 640x360", lengths, |at| {
        at.ln() / longest.ln()
    });
    svg.push_str("</svg>\n");
    svg
}

/// One curve: processor time a frame, ours and plain, and memory written at each point.
fn panel(svg: &mut String, left: f64, title: &str, points: &[Point], place: impl Fn(f64) -> f64) {
    let most = points.iter().map(|point| point.cpu_ms).fold(1.0, f64::max) * 1.15;
    let x = |point: &Point| left + PANEL.0 * place(point.at);
    let y = |ms: f64| AROUND + PANEL.1 * (1.0 - ms / most);
    let (bottom, right) = (AROUND + PANEL.1, left + PANEL.0);
    let mut line = |words: std::fmt::Arguments<'_>| {
        // Writing into a String cannot fail.
        let _ = writeln!(svg, "{words}");
    };
    line(format_args!("<text x=\"{left}\" y=\"24\" font-weight=\"bold\">{title}</text>"));
    line(format_args!(
        "<text x=\"{left}\" y=\"42\" fill=\"#555\">CPU ms a frame; memory in MiB at each point</text>"
    ));
    line(format_args!("<path d=\"M{left} {AROUND} V{bottom} H{right}\" fill=\"none\" stroke=\"#888\"/>"));
    for tick in 0..=4 {
        let ms = most * f64::from(tick) / 4.0;
        line(format_args!(
            "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{ms:.0}</text>",
            left - 6.0,
            y(ms) + 4.0
        ));
    }
    let cost = |point: &Point, is_ours: bool| if is_ours { point.cpu_ms } else { point.plain_cpu_ms };
    for (name, colour, is_ours) in [("ours", "#0a5", true), ("plain transcode", "#888", false)] {
        let value = |point: &Point| cost(point, is_ours);
        let path: Vec<String> =
            points.iter().map(|point| format!("{:.1},{:.1}", x(point), y(value(point)))).collect();
        line(format_args!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            path.join(" ")
        ));
        for point in points {
            let (cx, cy) = (x(point), y(value(point)));
            line(format_args!("<circle cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"3\" fill=\"{colour}\"/>"));
        }
        if let Some(last) = points.last() {
            line(format_args!(
                "<text x=\"{right}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"{colour}\">{name}</text>",
                y(value(last)) - 22.0
            ));
        }
    }
    for point in points {
        line(format_args!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            x(point),
            bottom + 18.0,
            point.at
        ));
        line(format_args!(
            "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"#555\" font-size=\"10\">{:.0} MiB</text>",
            x(point) + 6.0,
            y(point.cpu_ms) + 14.0,
            point.peak_mib
        ));
    }
}
