//! `melkglas doctor`: is everything here that the work needs?

use super::common::Installation;
use super::talk;
use crate::config::{Codecs, SITE_FILE};
use crate::error::{Exit, Failure};
use crate::video::sink::encoder_here;
use crate::video::source::{decoders_here, init_media, library_version, missing_elements, missing_for_live};
use clap::Args as ClapArgs;
use serde::Serialize;
use std::path::Path;

/// Flags of `melkglas doctor`.
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// Print the findings as JSON on stdout.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    installation: Installation,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    ok: bool,
    found: String,
    cure: Option<String>,
}

/// Looks at everything and ends with 3 where something is missing.
pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let findings =
        [settings(args), gstreamer(), elements(), hardware(args), live(), networks(args), memory()];
    for finding in &findings {
        if args.json {
            continue;
        }
        let mark = if finding.ok { "ok     " } else { "MISSING" };
        talk::data(format_args!("{mark} {:<20} {}", finding.what, finding.found));
        if let Some(cure) = &finding.cure {
            talk::data(format_args!("        {:<20} cure: {cure}", ""));
        }
    }
    if args.json {
        talk::data(serde_json::to_string(&findings).unwrap_or_default());
    }
    Ok(if findings.iter().all(|finding| finding.ok) { Exit::Ok } else { Exit::Settings })
}

fn finding(what: &'static str, outcome: Result<String, (String, &str)>) -> Finding {
    match outcome {
        Ok(found) => Finding { what, ok: true, found, cure: None },
        Err((found, cure)) => Finding { what, ok: false, found, cure: Some(cure.to_owned()) },
    }
}

fn settings(args: &Args) -> Finding {
    let outcome = match (&args.installation.site, args.installation.settings()) {
        (_, Err(failure)) => Err((format!("{:?}", failure.report), "mend the file as shown")),
        (Some(path), Ok(_)) => Ok(path.display().to_string()),
        (None, Ok(_)) if Path::new(SITE_FILE).exists() => Ok(SITE_FILE.to_owned()),
        (None, Ok(_)) => Ok("built-in".to_owned()),
    };
    finding("settings", outcome)
}

fn gstreamer() -> Finding {
    let outcome = init_media().map(|()| library_version());
    finding("GStreamer", outcome.map_err(|e| (e.to_string(), "run scripts/setup")))
}

fn elements() -> Finding {
    let missing = missing_elements();
    let outcome = if missing.is_empty() {
        Ok("all that decoding and encoding need".to_owned())
    } else {
        Err((
            missing.join(", "),
            "run scripts/setup, or install GStreamer's good, bad, ugly and libav plugins",
        ))
    };
    finding("GStreamer elements", outcome)
}

/// What graphics cards offer here. Not having any is no fault; settings that ask for what is not there are one.
fn hardware(args: &Args) -> Finding {
    let found = Codecs::HARDWARE.map(|codecs| {
        let names: Vec<_> = decoders_here(codecs).into_iter().chain(encoder_here(codecs)).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join(" ") };
        format!("{}: {names}", codecs.word())
    });
    let found = format!("{} (untested)", found.join("; "));
    let asked = args.installation.settings().map(|site| site.encode.elements);
    finding(
        "hardware codecs",
        match asked {
            Ok(codecs) if encoder_here(codecs).is_none() => Err((
                found,
                "install the driver of the encoder that `encode.elements` names, or write \"software\"",
            )),
            _ => Ok(found),
        },
    )
}

fn live() -> Finding {
    let missing = missing_for_live();
    let outcome = if missing.is_empty() {
        Ok("all that `melkglas live` needs".to_owned())
    } else {
        Err((
            missing.join(", "),
            "run scripts/setup, or install GStreamer's good plugins and glib-networking",
        ))
    };
    finding("live cameras", outcome)
}

fn networks(args: &Args) -> Finding {
    let outcome = args
        .installation
        .settings()
        .and_then(|site| args.installation.detectors(&site))
        .map(|detectors| {
            let about = detectors.describe();
            let models: Vec<_> = about.models.iter().map(|model| model.id.as_str()).collect();
            format!("{} with {} ({:?})", models.join(" and "), about.library.display(), about.provider_used)
        })
        .map_err(|failure| (failure.report.to_string(), "run scripts/setup, or point --models at them"));
    finding("networks", outcome)
}

fn memory() -> Finding {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Core);
    let closed = limit.current == Some(0)
        && rustix::process::dumpable_behavior()
            .is_ok_and(|b| b == rustix::process::DumpableBehavior::NotDumpable);
    let outcome = if closed {
        Ok("no core dumps, memory closed to others".to_owned())
    } else {
        Err(("the process can be dumped".to_owned(), "report this as a fault"))
    };
    finding("process", outcome)
}
