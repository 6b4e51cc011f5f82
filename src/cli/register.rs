//! `melkglas register`: all cameras in one table. `melkglas incident report`: what moves a camera's term.

use super::common::Installation;
use super::outputs::{cannot_write, check_files};
use super::register_extract::extract;
use super::talk;
use crate::casework::case::today;
use crate::casework::{Readers, RegisterRow, csv, heads};
use crate::config::{Camera, Incidents};
use crate::error::{Exit, Failure};
use crate::lang::Lang;
use crate::video::sink::{Overwrite, PartialFile};
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use jiff::civil::Date;
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Flags of `melkglas register`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
A row for each camera file, and at its end what is missing or late: notices, agreements, checks (every 92 days, or as \
check_every_days says), evaluations (a year after it was installed, then every three), and cameras before which nothing \
happened for a year and a half since the last reported incident. Dummies look like cameras unless you say --dummies; \
such a table stays in the house. --extract makes the paper for whoever asks about one camera; it never tells a dummy, and \
says how long footage is kept by the protocol.

Examples:
  melkglas register pipelines/cameras --lang nl
  melkglas register pipelines/cameras --format csv -o register.csv
  melkglas register pipelines/cameras/entrance-3.toml --extract entrance-3.pdf --lang nl")]
pub(super) struct Args {
    /// Folders of camera files, or camera files.
    #[arg(value_name = "PATH", default_value = "pipelines/cameras")]
    paths: Vec<PathBuf>,
    /// How it is written. CSV is parted by commas, in Dutch by semicolons, and no cell of it is taken for a formula.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write to this file instead of stdout.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Instead of a table, an extract of one camera as PDF, for whoever asks about it.
    #[arg(long, value_name = "FILE.pdf", conflicts_with_all = ["output", "format", "dummies"])]
    extract: Option<PathBuf>,
    /// Replace a file that exists.
    #[arg(long)]
    force: bool,
    /// Tell dummies apart: for staff who may know.
    #[arg(long)]
    dummies: bool,
    /// The day to reckon with, instead of today.
    #[arg(long, value_name = "DAY")]
    today: Option<Date>,
    /// Language of heads and remarks.
    #[arg(long, value_enum, default_value_t, env = "MELKGLAS_LANG")]
    lang: Lang,
    #[command(flatten)]
    installation: Installation,
}

/// How a register is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Format {
    /// Columns, for a terminal.
    #[default]
    Table,
    /// For a spreadsheet.
    Csv,
    /// For a script.
    Json,
}

/// Subcommands of `melkglas incident`.
#[derive(Debug, Subcommand)]
pub(super) enum IncidentCommand {
    /// Note that something happened before a camera: from that day it stays at least a year, at most one and a half.
    Report(ReportArgs),
}

/// Flags of `melkglas incident report`.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
The day goes into CAMERA.incidents.txt beside the camera file, and nothing else: what happened belongs in a case.

Example:
  melkglas incident report pipelines/cameras/entrance-3.toml --on 2026-10-28")]
pub(super) struct ReportArgs {
    /// The camera file.
    camera: PathBuf,
    /// The day on which it happened; today where it is left out.
    #[arg(long, value_name = "DAY")]
    on: Option<Date>,
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let readers = if args.dummies { Readers::InTheHouse } else { Readers::Anybody };
    let day = args.today.unwrap_or_else(today);
    let files = camera_files(&args.paths)?;
    let mut rows = Vec::new();
    let mut failed = 0;
    for file in &files {
        match read(file) {
            Ok((camera, incidents)) => {
                let row = RegisterRow::of(&camera, &incidents, day, readers);
                rows.push((camera, row));
            }
            Err(failure) => {
                talk::failure(Some(file), &failure);
                failed += 1;
            }
        }
    }
    if let Some(out) = &args.extract {
        if failed > 0 {
            return Ok(Exit::Settings);
        }
        extract(&rows, &args.installation, args.lang, (out, args.force))?;
        return Ok(Exit::Ok);
    }
    let rows: Vec<RegisterRow> = rows.into_iter().map(|(_, row)| row).collect();
    let text = written(&rows, args.format, args.lang, readers);
    match &args.output {
        Some(path) => {
            let inputs: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
            check_files(&[path], &inputs, args.force)?;
            write(path, &text, if args.force { Overwrite::Replace } else { Overwrite::Refuse })?;
        }
        None => talk::data(text.trim_end()),
    }
    match failed {
        0 => Ok(Exit::Ok),
        // A register that leaves a camera out is not the register.
        _ => {
            talk::say(format_args!(
                "{failed} of {} camera files could not be read and are left out",
                files.len()
            ));
            Ok(Exit::Settings)
        }
    }
}

fn read(file: &Path) -> Result<(Camera, Incidents), Failure> {
    let camera = Camera::read(file)?;
    let incidents = Incidents::of(file).map_err(|e| Failure::new(Exit::Settings, e))?;
    Ok((camera, incidents))
}

/// The camera files among paths, in order of their names.
fn camera_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        let fault =
            |e: std::io::Error| Failure::new(Exit::Usage, format!("{} cannot be read: {e}", path.display()));
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        for entry in path.read_dir().map_err(fault)? {
            let file = entry.map_err(fault)?.path();
            if file.extension().is_some_and(|e| e == "toml") {
                files.push(file);
            }
        }
    }
    files.sort();
    files.dedup();
    if files.is_empty() {
        let cure = "name the folder of your camera files, as in melkglas register pipelines/cameras";
        return Err(Failure::with_cure(Exit::Usage, "there is no camera file", cure));
    }
    Ok(files)
}

fn written(rows: &[RegisterRow], format: Format, lang: Lang, readers: Readers) -> String {
    let heads: Vec<String> = heads(lang, readers).into_iter().map(str::to_owned).collect();
    let cells: Vec<Vec<String>> =
        std::iter::once(heads).chain(rows.iter().map(|row| row.cells(lang))).collect();
    match format {
        Format::Json => format!("{:#}\n", json!(rows)),
        Format::Csv => csv(&cells, lang.of(';', ',')),
        Format::Table => columns(&cells),
    }
}

/// Longest cell of a table for a terminal, characters.
const WIDEST: usize = 36;

/// As columns; one in which nothing is on record for any camera is left out, and what is missing stands in the last.
fn columns(rows: &[Vec<String>]) -> String {
    let filled = |i: usize| rows.len() < 2 || rows.iter().skip(1).any(|row| !row[i].is_empty());
    let rows: Vec<Vec<&String>> = rows
        .iter()
        .map(|row| row.iter().enumerate().filter(|(i, _)| filled(*i)).map(|(_, cell)| cell).collect())
        .collect();
    let short = |cell: &str, last: bool| -> String {
        // What a file says goes to a terminal.
        let cell: String = cell.chars().filter(|c| !c.is_control()).collect();
        if last || cell.chars().count() <= WIDEST {
            return cell;
        }
        cell.chars().take(WIDEST - 1).chain(['…']).collect()
    };
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().enumerate().map(|(i, cell)| short(cell.as_str(), i + 1 == row.len())).collect())
        .collect();
    let width = |i: usize| rows.iter().map(|row| row[i].chars().count()).max().unwrap_or(0);
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(i, cell)| format!("{cell:<width$}", width = width(i)));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

fn write(path: &Path, text: &str, overwrite: Overwrite) -> Result<(), Failure> {
    let write = || {
        let partial = PartialFile::create(path, overwrite)?;
        partial.file().write_all(text.as_bytes())?;
        partial.commit()
    };
    write().map_err(|e| cannot_write(path, &e))
}

pub(super) fn incident(command: &IncidentCommand) -> Result<Exit, Failure> {
    let IncidentCommand::Report(args) = command;
    let day = args.on.unwrap_or_else(today);
    if day > today() {
        let cure = "name the day on which it happened: --on 2026-01-31";
        return Err(Failure::with_cure(Exit::Usage, format!("{day} is yet to come"), cure));
    }
    let (camera, mut incidents) = read(&args.camera)?;
    if incidents.add(day) {
        write(&Incidents::path_of(&args.camera), &incidents.text(), Overwrite::Replace)?;
    } else {
        talk::say(format_args!("an incident on {day} was reported before"));
    }
    let row = RegisterRow::of(&camera, &incidents, today(), Readers::Anybody);
    if let (Some(stays), Some(goes)) = (row.stays_until, row.remove_by) {
        talk::say(format_args!(
            "camera {} stays until {stays} at least and goes by {goes}, unless it is evaluated and kept with reasons \
             (Heuvelrug Wonen art. 14)",
            camera.id
        ));
    }
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_leaves_empty_columns_out() {
        let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
        let rows =
            [row(["camera", "plaats", "doel", "ontbreekt"]), row(["hal", "", "inbraak", "plaats ontbreekt"])];
        assert_eq!(columns(&rows), "camera  doel     ontbreekt\nhal     inbraak  plaats ontbreekt\n");
        assert_eq!(columns(&rows[..1]), "camera  plaats  doel  ontbreekt\n");
    }
}
