//! The whole pipeline beside a plain transcode of the same clip with the same encoder settings, at three sizes, on a
//! busy clip and on one in which nobody appears.
//!
//! `cargo bench --bench pipeline [-- RUNS]`, 3 runs by default. All take turns in one process, so that a busy or a hot
//! machine slows all of them; what counts is the ratio, not the milliseconds, which are true of one machine on one day.
//!
//! The busy clip is the sample, the empty one what most of the sample shows, with the noise of a sensor; both are
//! scaled. Of ours a run is one job: sessions for all workers but the first, the clip's own empty scene, decode, detect,
//! mask, encode, fsync, hash, read back. Loading and checking models and library happens once, before. Processor time is
//! that of the whole process, all its threads, in the kernel's ticks of 10 ms; memory is that of the whole process, some
//! 130 MiB of it the bench's own pictures.

mod rig;

use melkglas::video::pipeline::StageTimes;
use rig::{Bench, Cost, Noise, Pictures, Result, Told, film, median, pictures};
use std::path::Path;

/// Sizes of the clips.
const SIZES: [(u32, u32); 3] = [(640, 360), (1280, 720), (1920, 1080)];
/// Frames of each clip, and how many a second.
const FRAMES: (u64, u64) = (200, 25);

fn main() -> Result<()> {
    let Some(runs) = rig::runs(3) else { return Ok(()) };
    let bench = Bench::new()?;
    println!("{runs} runs of each in turn, {} workers; medians\n", bench.workers());
    println!(
        "| clip | ours, frames/s | plain, frames/s | ours, CPU ms/frame | plain, CPU ms/frame | ratio of wall time | ratio of CPU | persons surely followed a frame | first frame written after, ms | memory, MiB | of ours: decode | networks | mask | encode | check |"
    );
    println!("|{}", [" --- |"].iter().chain([" ---: |"; 14].iter()).copied().collect::<String>());
    let pictures = pictures()?;
    let empty = pictures.middle();
    for size in SIZES {
        for name in ["busy", "empty"] {
            let clip = bench.folder.path().join(format!("{name}-{}x{}.mp4", size.0, size.1));
            film_one(&clip, size, &pictures, (name == "empty").then_some(&empty))?;
            row(&bench, &format!("{name}, {}x{}", size.0, size.1), &clip, runs)?;
            std::fs::remove_file(&clip)?;
        }
    }
    Ok(())
}

/// The sample, or the same place empty.
fn film_one(clip: &Path, size: (u32, u32), pictures: &Pictures, empty: Option<&Vec<u8>>) -> Result<()> {
    let mut noise = Noise::new();
    film(clip, pictures.size, size, FRAMES, |n| match empty {
        Some(empty) => noise.on(empty),
        None => pictures.all[n as usize % pictures.all.len()].clone(),
    })
}

/// Both ways in turn, and a row of the table.
fn row(bench: &Bench, name: &str, clip: &Path, runs: usize) -> Result<()> {
    let turns = bench.both(clip, runs)?;
    let of = |value: &dyn Fn(&(Cost, Cost, Told)) -> f64| median(turns.iter().map(value));
    let stage = |secs: fn(&StageTimes) -> f64| of(&|(_, _, told)| 1e3 * secs(&told.stages) / FRAMES.0 as f64);
    println!(
        "| {name} | {:.0} | {:.0} | {:.1} | {:.1} | {:.2} | {:.2} | {:.1} | {:.0} | {:.0} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} |",
        of(&|(ours, ..)| 1e3 / ours.wall_ms),
        of(&|(_, plain, _)| 1e3 / plain.wall_ms),
        of(&|(ours, ..)| ours.cpu_ms),
        of(&|(_, plain, _)| plain.cpu_ms),
        of(&|(ours, plain, _)| ours.wall_ms / plain.wall_ms),
        of(&|(ours, plain, _)| ours.cpu_ms / plain.cpu_ms),
        of(&|(.., told)| told.found),
        of(&|(.., told)| told.first_ms),
        of(&|(.., told)| told.peak_mib),
        stage(|t| t.decode_secs),
        stage(|t| t.detect_secs),
        stage(|t| t.mask_secs),
        stage(|t| t.encode_secs),
        stage(|t| t.check_secs),
    );
    Ok(())
}
