//! Whether somebody under a mask can be told from others: the attack of `melkglas::video::attack`, clip by clip.
//!
//! `cargo bench --bench irrecoverable`: on the clips with ground truth in the folder `MELKGLAS_EVAL_DATA` (NAME.mp4
//! beside NAME.gt.txt, MOTChallenge rows; folders within it too), otherwise on the sample, where the program's own tracks stand in for truth.
//! Prints how often each attack is right, in percent, frame by frame and pooled over a person's frames, beside chance:
//! each clip is a gallery of its own, and a guess among its n people is right once in n times. Exits with 1 where a
//! content attack on a mask is right more than 1.5 times as often as a guess.

use melkglas::casework::{HideEveryone, Truth};
use melkglas::config::{Site, Style};
use melkglas::geometry::BoxPx;
use melkglas::interrupt::Interrupt;
use melkglas::share::ShareDirs;
use melkglas::video::attack::{Attack, Gallery, Matcher, Region, Shown, Sighted, Trial, attack_clip};
use melkglas::video::detect::OnnxFactory;
use melkglas::video::pipeline::{FrameRecord, Job, Observer, rehearse_clip};
use melkglas::video::plan::{Planner, Target};
use melkglas::video::sink::Container;
use melkglas::video::source::{Clip, Declared, Window, init_media};
use melkglas::video::track::Origin;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Right so many times as often as a guess is too often.
const BOUND: f64 = 1.5;
/// Draws of the greys of masks.
const DRAWS: u64 = 24;
/// Draws of the bootstrap.
const RESAMPLED: usize = 2000;

fn main() -> Result<ExitCode> {
    if !std::env::args().any(|arg| arg == "--bench") {
        // `cargo test --all-targets` starts benches as well; there is nothing to test here.
        return Ok(ExitCode::SUCCESS);
    }
    init_media()?;
    let site = Site::default();
    let planners = [Style::Fill, Style::Blur, Style::Pixelate]
        .map(|style| (style, HideEveryone::new(None, site.mask.clone(), Some(style))));
    let planners = planners.each_ref().map(|(style, planner)| (*style, planner as &dyn Planner));
    let interrupt = Interrupt::default();
    let (mut trials, mut clips) = (Vec::new(), 0);
    for (path, people) in footage(&site)? {
        let attack = Attack {
            people: &people,
            planners: &planners,
            mask: &site.mask,
            draws: DRAWS,
            limits: &site.limits,
            interrupt: &interrupt,
        };
        let found = attack_clip(&Clip::open(&path)?, &attack)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        match found.first() {
            Some(trial) => println!("{name}: {} people", trial.among),
            None => println!("{name}: left out, not two people for long enough"),
        }
        clips += usize::from(!found.is_empty());
        trials.extend(found);
    }
    if trials.is_empty() {
        return Err("no clip has two people for long enough".into());
    }
    Ok(if table(&trials, clips) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The clips, with everybody whose place is known.
fn footage(site: &Site) -> Result<Vec<(PathBuf, Vec<Sighted>)>> {
    let Some(folder) = std::env::var_os("MELKGLAS_EVAL_DATA") else {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/courtyard.mp4");
        println!("MELKGLAS_EVAL_DATA not set: the sample, and the program's own tracks for truth");
        let people = followed(&sample, site)?;
        return Ok(vec![(sample, people)]);
    };
    let (mut found, mut paths) = (Vec::new(), Vec::new());
    files_under(Path::new(&folder), &mut paths)?;
    paths.sort();
    for truth in paths {
        let Some(name) = truth.to_string_lossy().strip_suffix(".gt.txt").map(str::to_owned) else { continue };
        let clip = ["mp4", "avi", "mkv"].map(|end| PathBuf::from(format!("{name}.{end}")));
        let Some(clip) = clip.into_iter().find(|clip| clip.is_file()) else { continue };
        let rows = Truth::read(&truth)?;
        let sighted = |frame: u64, p: &melkglas::casework::Person| {
            let [x0, y0, x1, y1] =
                [p.left, p.top, p.left + p.width, p.top + p.height].map(|edge| edge as f32);
            Sighted { frame: frame - 1, identity: p.identity, area: BoxPx::new(x0, y0, x1, y1) }
        };
        let people =
            rows.frames.iter().flat_map(|(frame, all)| all.iter().map(move |p| sighted(*frame, p))).collect();
        found.push((clip, people));
    }
    Ok(found)
}

fn files_under(folder: &Path, into: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()? {
            kind if kind.is_dir() => files_under(&entry.path(), into)?,
            _ => into.push(entry.path()),
        }
    }
    Ok(())
}

/// Where the program itself sees people go.
fn followed(path: &Path, site: &Site) -> Result<Vec<Sighted>> {
    let job = Job {
        clip: Arc::new(Clip::open(path)?),
        window: Window::WHOLE,
        site: site.clone(),
        planner: Arc::new(HideEveryone::new(None, site.mask.clone(), None)),
        detectors: Arc::new(OnnxFactory::open(&ShareDirs::find(None)?, &site.detect)?),
        scene: None,
        container: Container::Mp4,
        accept_damaged: false,
        interrupt: Interrupt::default(),
    };
    let mut tracks = Tracks::default();
    rehearse_clip(&job, &mut tracks)?;
    Ok(tracks.0)
}

/// Tracks of people who went somewhere, where they were found.
#[derive(Default)]
struct Tracks(Vec<Sighted>);

impl Observer for Tracks {
    fn begin(&mut self, _: &Declared) {}

    fn frame(&mut self, record: &FrameRecord<'_>) -> std::io::Result<()> {
        let people = record
            .seen
            .tracked
            .iter()
            .filter(|b| b.target == Target::Person && b.moved && b.origin == Origin::Seen);
        let sighted =
            people.map(|b| Sighted { frame: record.stamp.index, identity: i64::from(b.track), area: b.core });
        self.0.extend(sighted);
        Ok(())
    }
}

/// How often one attack is right.
#[derive(Clone, Copy)]
struct Score {
    right: f64,
    chance: f64,
}

/// Frame by frame, or one answer for all frames of a person.
type Of = fn(&Trial) -> f64;
const BY_FRAME: Of = |t| t.right;
const POOLED: Of = |t| t.right_pooled;

fn scores(trials: &[&Trial], of: Of) -> Vec<Score> {
    trials.iter().map(|t| Score { right: of(t), chance: 1.0 / t.among as f64 }).collect()
}

fn percent(scores: &[Score]) -> f64 {
    100.0 * scores.iter().map(|s| s.right).sum::<f64>() / scores.len().max(1) as f64
}

/// How many times as often as a guess.
fn times(scores: &[Score]) -> f64 {
    scores.iter().map(|s| s.right).sum::<f64>() / scores.iter().map(|s| s.chance).sum::<f64>()
}

/// Of several matchers the best: chosen on every other person and counted on the rest, and the other way round. The
/// best of seven on the very people that it is counted on would look good by luck.
fn best(rows: &[Vec<&Trial>], of: Of) -> Vec<Score> {
    let every_other =
        |row: &[Score], odd: usize| row.iter().copied().skip(odd).step_by(2).collect::<Vec<_>>();
    let rows: Vec<Vec<Score>> = rows.iter().map(|row| scores(row, of)).collect();
    let told = |odd: usize| {
        let by = |row: &&Vec<Score>| times(&every_other(row, 1 - odd));
        let row = rows.iter().max_by(|a, b| by(a).total_cmp(&by(b)));
        row.map(|row| every_other(row, odd)).unwrap_or_default()
    };
    [told(0), told(1)].concat()
}

/// 95 % of the bootstrap's draws of people lie between these many times as often as a guess.
fn interval(scores: &[Score]) -> (f64, f64) {
    let mut state = 1u64;
    let mut draw = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as usize) % below
    };
    let mut again = || scores.iter().map(|_| scores[draw(scores.len())]).collect::<Vec<_>>();
    let mut all: Vec<f64> = (0..RESAMPLED).map(|_| times(&again())).collect();
    all.sort_by(f64::total_cmp);
    (all[RESAMPLED / 40], all[RESAMPLED - 1 - RESAMPLED / 40])
}

fn with_interval(scores: &[Score]) -> String {
    let (low, high) = interval(scores);
    format!("{:.2} ({low:.2} to {high:.2})", times(scores))
}

/// Prints everything; false where a content attack on a mask is right too often.
fn table(trials: &[Trial], clips: usize) -> bool {
    let of = |region, shown, gallery, matcher| -> Vec<&Trial> {
        let same =
            |t: &&Trial| (t.region, t.shown, t.gallery, t.matcher) == (region, shown, gallery, matcher);
        trials.iter().filter(same).collect()
    };
    let size = of(Region::Body, Shown::Masked(Style::Fill), Gallery::Same, Matcher::Size);
    let chance: Vec<Score> =
        scores(&size, BY_FRAME).iter().map(|s| Score { right: s.chance, ..*s }).collect();
    println!(
        "\n{} people of {clips} clips, asked after {} times; a guess is right in {:.1} %. Each matcher: percent right frame \
         by frame / pooled.\n",
        size.len(),
        size.iter().map(|t| t.frames).sum::<usize>(),
        percent(&chance)
    );
    print!("| part | shown | gallery |");
    Matcher::OF_CONTENT.iter().for_each(|m| print!(" {} |", name(*m)));
    println!(" best, times a guess | best pooled, times a guess |");
    println!("| --- | --- | --- |{}", " ---: |".repeat(Matcher::OF_CONTENT.len() + 2));
    let masks = [Style::Pixelate, Style::Blur, Style::Fill].map(Shown::Masked);
    let mut within = true;
    for region in [Region::Body, Region::Head, Region::HeadAlone] {
        let controls = [Shown::Clear, Shown::Mosaic, Shown::Levelled(6, 12), Shown::Levelled(1, 2)];
        for shown in controls.into_iter().chain(masks) {
            for gallery in [Gallery::Clear, Gallery::Same] {
                let rows = Matcher::OF_CONTENT.map(|matcher| of(region, shown, gallery, matcher));
                if rows[0].is_empty() {
                    continue;
                }
                print!("| {} | {} | {} |", part(region), look(shown), known(gallery));
                for row in &rows {
                    print!(
                        " {:.0} / {:.0} |",
                        percent(&scores(row, BY_FRAME)),
                        percent(&scores(row, POOLED))
                    );
                }
                let (frame, pooled) = (best(&rows, BY_FRAME), best(&rows, POOLED));
                println!(" {} | {} |", with_interval(&frame), with_interval(&pooled));
                let told = times(&frame) > BOUND || times(&pooled) > BOUND;
                within &= !masks.contains(&shown) || !told;
            }
        }
    }
    let (frame, pooled) = (scores(&size, BY_FRAME), scores(&size, POOLED));
    println!(
        "| - | any mask's width and height | the same |{} {:.0} / {:.0} | {} | {} |",
        " - |".repeat(Matcher::OF_CONTENT.len() - 1),
        percent(&frame),
        percent(&pooled),
        with_interval(&frame),
        with_interval(&pooled)
    );
    within
}

fn part(region: Region) -> &'static str {
    match region {
        Region::Body => "body",
        Region::Head => "head",
        Region::HeadAlone => "head, masked alone",
    }
}

fn known(gallery: Gallery) -> &'static str {
    match gallery {
        Gallery::Clear => "clear",
        Gallery::Same => "the same",
    }
}

fn name(matcher: Matcher) -> &'static str {
    match matcher {
        Matcher::Colour => "colour",
        Matcher::Brightness => "brightness",
        Matcher::Thumbnail => "correlation",
        Matcher::Edges => "edges",
        Matcher::Texture => "texture",
        Matcher::All => "all",
        Matcher::Trained => "trained",
        Matcher::Size => "size",
    }
}

fn look(shown: Shown) -> String {
    match shown {
        Shown::Clear => "clear".into(),
        Shown::Mosaic => "6x12 cells in colour".into(),
        Shown::Levelled(across, down) => format!("{across}x{down} levelled greys"),
        Shown::Masked(Style::Fill) => "**fill**".into(),
        Shown::Masked(Style::Blur) => "**blur**".into(),
        Shown::Masked(Style::Pixelate) => "**pixelate**".into(),
    }
}
