//! `melkglas live`: cameras in, masked streams out, as a service.

mod cameras;
mod http;
mod placement;

use super::acts::ActArgs;
use super::common::Installation;
use super::desk::{actor, case_failure};
use super::set_up::NOT_RELEASED;
use super::talk;
use crate::casework::audit::CaseNumber;
use crate::casework::case::{CaseAct, allowed};
use crate::config::{BurnIn, Credentials, LivePolicy, MarkPlace, Rgb, Site, Style, read_secret};
use crate::error::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::video::detect::DetectorFactory;
use crate::video::live::{Checked, Live, LiveCamera, LiveError, LiveSettings, check_camera, for_live};
use crate::video::sink::{
    Identity, Overwrite, PartialFile, PublishError, StillFormat, Watch, sweep, write_still,
};
use cameras::Allowed;
use clap::Args as ClapArgs;
use placement::{Placement, Went};
use sd_notify::NotifyState;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the service looks after itself.
const ROUND: Duration = Duration::from_millis(200);
/// Longest file with a certificate and its key, bytes.
const LONGEST_PEM: u64 = 64 << 10;

/// Flags of `melkglas live`.
#[derive(Debug, ClapArgs)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Camera files. Each says whether its camera may be watched live, and where its stream is.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    camera: Vec<PathBuf>,
    /// Where viewers connect; each camera is found there by its id. An address that others can reach needs --viewers.
    /// With rtsps:// and --certificate it is encrypted.
    #[arg(long, value_name = "URL", default_value = "rtsp://127.0.0.1:8554")]
    publish: Publish,
    /// PEM file with the certificate and the private key of rtsps://, readable by the service alone; or the name of a
    /// systemd credential.
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// File with user:password of viewers, readable by the service alone; or the name of a systemd credential.
    #[arg(long, value_name = "FILE")]
    viewers: Option<PathBuf>,
    /// Folder for masked recordings, in segments that are erased after the camera's time of retention.
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// The case that a recording is for, where the site's policy allows recording; under those that ship cameras are
    /// placed at most, and a placement is not recorded.
    #[arg(long, value_name = "NUMBER")]
    case: Option<CaseNumber>,
    /// Length of a segment, seconds.
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(2..=3600))]
    segment_secs: u64,
    /// How long a frame waits for what is found in those after it, milliseconds. Longer finds more.
    #[arg(long, value_name = "MS", default_value_t = 400, value_parser = clap::value_parser!(u64).range(100..=5000))]
    delay_ms: u64,
    /// A frame farther than this from the nearest look is covered, milliseconds. From a quarter of a second on (half a
    /// second for faces) all that has changed since that look is hidden as well.
    #[arg(long, value_name = "MS", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(40..=2000))]
    mask_age_ms: u64,
    /// Address of counts for Prometheus, such as 127.0.0.1:9464; at /metrics.
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<SocketAddr>,
    /// Look at each camera once, say what would be shown, and end.
    #[arg(long)]
    check: bool,
    /// With --check: folder for a masked still of each camera, called ID.jpg.
    #[arg(long, value_name = "DIR", requires = "check")]
    stills: Option<PathBuf>,

    /// How everything is hidden, also zones that name a style of their own.
    #[arg(long, value_name = "STYLE")]
    style: Option<Style>,
    /// Colour of `fill` and of covered frames, six hexadecimal digits.
    #[arg(long, value_name = "RRGGBB")]
    fill_colour: Option<Rgb>,

    #[command(flatten)]
    act: ActArgs,
    #[command(flatten)]
    installation: Installation,
}

const EXAMPLES: &str = "Everybody and every private region is hidden, as in clips; live reveals nobody. What cannot be \
masked in time is covered. User and password of a camera stand in a file that its camera file names, never here.

Examples:
  melkglas live --check --camera pipelines/cameras/entrance-3.toml
  melkglas live --camera entrance-3.toml garage.toml --metrics 127.0.0.1:9464
  melkglas live --camera entrance-3.toml --publish rtsp://10.0.0.5:8554 --viewers viewers.secret
  melkglas live --camera entrance-3.toml --publish rtsps://10.0.0.5:8322 --certificate live.pem --viewers viewers.secret
  melkglas live --camera entrance-3.toml --record /var/lib/melkglas/footage
  melkglas live --camera new-camera.toml --by 'A. Jansen' --reason 'placing the camera at the bicycle shed'";

/// Where viewers connect.
#[derive(Debug, Clone, Copy)]
struct Publish {
    address: SocketAddr,
    encrypted: bool,
}

impl Publish {
    fn scheme(self) -> &'static str {
        if self.encrypted { "rtsps" } else { "rtsp" }
    }
}

impl FromStr for Publish {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (encrypted, rest) = match text.strip_prefix("rtsps://") {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix("rtsp://").unwrap_or(text)),
        };
        let wrong =
            |_| "write rtsp://ADDRESS:PORT or rtsps://ADDRESS:PORT, with the address in numbers".to_owned();
        let address = rest.trim_end_matches('/').parse().map_err(wrong)?;
        Ok(Self { address, encrypted })
    }
}

/// Runs until it is stopped, a placement's hour is over, or something breaks.
pub(super) fn run(args: &Args, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let mut site = settings(args)?;
    let (allowed, policy) = cameras::allowed(args, &site)?;
    let act = whoever_acts(args, &mut site)?;
    let login = args.viewers.as_deref().map(|file| Credentials::read(file, Path::new(""))).transpose();
    let login = login.map_err(|e| Failure::new(Exit::Settings, e))?;
    let address = args.publish.address;
    if login.is_none() && !address.ip().is_loopback() {
        return Err(Failure::with_cure(
            Exit::Usage,
            format!("others can reach {address}, and nothing asks who they are"),
            "name a file with user:password of viewers: --viewers FILE; or publish on 127.0.0.1",
        ));
    }
    let identity = identity(args)?;
    // Under a policy a dry run is a placement too: it shows what a camera sees.
    let is_placement = policy == LivePolicy::Placement && (!args.check || site.office.is_some());
    if is_placement {
        // Before anything is loaded: who forgets the reason need not wait.
        act.required()?;
    }
    let detectors = args.installation.detectors(&site)?;
    if let Some(folder) = &args.record {
        let made = std::fs::create_dir_all(folder);
        made.map_err(|e| Failure::new(Exit::Usage, format!("{} cannot be made: {e}", folder.display())))?;
        sweep(folder);
    }
    let open = |allowed: &Allowed| cameras::open(allowed, args, &site, &detectors);
    let opened = allowed.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let mut checker = args.check.then(|| detectors.make()).transpose();
    let checker = checker.as_mut().map_err(|e| Failure::new(Exit::Settings, &*e))?;
    let folders: Vec<&Path> = args.record.iter().chain(&args.stills).map(PathBuf::as_path).collect();
    let begin = || Placement::begin(&allowed, &act, &folders, &detectors);
    let placement = is_placement.then(begin).transpose()?;
    if let Some(detector) = checker {
        let mut well = Vec::new();
        let checked = check(args, &opened, &site, detector.as_mut(), interrupt, &mut well);
        if let Some(placement) = placement {
            let stopped = matches!(checked, Ok(Exit::Signal(_)));
            placement.end(&if stopped { Went::StoppedAfter(well) } else { Went::Only(well) });
        }
        return checked;
    }
    let watch: Watch = placement.as_ref().map_or_else(|| Arc::new(|_: &_| true) as Watch, Placement::watch);
    let settings = LiveSettings {
        site,
        delay: Duration::from_millis(args.delay_ms),
        mask_age: Duration::from_millis(args.mask_age_ms),
        address,
        login,
        identity,
        watch,
    };
    let served = serve(args, opened, settings, detectors.as_ref(), placement.as_ref(), interrupt);
    if let Some(placement) = placement {
        placement.end(&if served.is_ok() { Went::Well } else { Went::Only(Vec::new()) });
    }
    served
}

/// Who acts. Under a policy that is a member of staff who may place cameras, known by the account; and every picture says
/// that it was released to nobody.
fn whoever_acts(args: &Args, site: &mut Site) -> Result<ActArgs, Failure> {
    let mut act = args.act.clone();
    if let Some(office) = &site.office {
        let actor = actor(office)?;
        let standing = allowed(&office.policy, None, &CaseAct::WatchLive, &actor);
        standing.map_err(|refusal| case_failure(refusal.into()))?;
        act.by_the_account(&actor.name)?;
        site.mask.burn_in = Some(BurnIn { words: NOT_RELEASED.to_owned(), place: MarkPlace::Edges });
    }
    Ok(act)
}

/// What TLS towards viewers is spoken with, where it is asked for.
fn identity(args: &Args) -> Result<Option<Identity>, Failure> {
    let file = match (args.publish.encrypted, &args.certificate) {
        (false, None) => return Ok(None),
        (true, Some(file)) => file,
        (true, None) => {
            let sentence = "rtsps:// needs a certificate";
            let cure = "name a PEM file with the certificate and its private key: --certificate FILE";
            return Err(Failure::with_cure(Exit::Usage, sentence, cure));
        }
        (false, Some(_)) => {
            let sentence = "a certificate is for an encrypted stream, and --publish asks for a plain one";
            return Err(Failure::with_cure(Exit::Usage, sentence, "write --publish rtsps://ADDRESS:PORT"));
        }
    };
    let (path, pem) =
        read_secret(file, Path::new(""), LONGEST_PEM).map_err(|e| Failure::new(Exit::Settings, e))?;
    let identity = Identity::of_pem(&pem).map_err(|reason| {
        let sentence = format!("the certificate {} cannot be used: {reason}", path.display());
        let cure =
            "it must be a PEM file with the certificate, then those that vouch for it, and the private key";
        Failure::with_cure(Exit::Settings, sentence, cure)
    });
    identity.map(Some)
}

/// The settings as live streams need them.
fn settings(args: &Args) -> Result<Site, Failure> {
    let mut site = for_live(&args.installation.settings()?);
    if let Some(style) = args.style {
        site.mask.style = style;
    }
    if let Some(colour) = args.fill_colour {
        site.mask.fill_colour = colour;
    }
    Ok(site)
}

fn serve(
    args: &Args,
    opened: Vec<LiveCamera>,
    settings: LiveSettings,
    detectors: &dyn DetectorFactory,
    placement: Option<&Placement>,
    interrupt: &Interrupt,
) -> Result<Exit, Failure> {
    keep_pages_small();
    let live = Live::start(opened, settings, detectors, interrupt).map_err(failure)?;
    if let Some(address) = args.metrics {
        let shown =
            live.cameras().map(|(id, counts, mount)| (id.to_owned(), Arc::clone(counts), mount.clone()));
        let bound = http::serve(address, shown.collect()).map_err(|e| {
            Failure::new(
                Exit::Usage,
                format!("{address} cannot be listened on: {e}; choose another --metrics"),
            )
        })?;
        talk::say(format_args!("counts: http://{bound}/metrics"));
    }
    for (id, ..) in live.cameras() {
        talk::say(format_args!("{id}: {}://{}/{id}", args.publish.scheme(), live.address()));
    }
    notify(&[NotifyState::Ready, NotifyState::Status("masking")]);
    let watchdog = sd_notify::watchdog_enabled().map(|time| time / 2);
    let mut told = Instant::now();
    let ended = loop {
        if interrupt.is_raised() {
            break Ok(Exit::Signal(interrupt.signal().unwrap_or(15)));
        }
        if placement.is_some_and(Placement::is_over) {
            talk::say("the hour of the placement is over");
            break Ok(Exit::Ok);
        }
        if let Err(fault) = live.check() {
            break Err(failure(fault));
        }
        if watchdog.is_some_and(|every| told.elapsed() >= every) {
            notify(&[NotifyState::Watchdog]);
            told = Instant::now();
        }
        std::thread::sleep(ROUND);
    };
    notify(&[NotifyState::Stopping]);
    live.stop();
    ended
}

/// In the large pages that serve a clip well a service grew for minutes; in small ones it does not (docs/performance.md,
/// *Live*).
fn keep_pages_small() {
    if let Err(fault) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!(%fault, "pages are as large as the system likes");
    }
}

/// Tells systemd, where it started us.
fn notify(state: &[NotifyState<'_>]) {
    if let Err(fault) = sd_notify::notify(state) {
        tracing::warn!(%fault, "systemd could not be told");
    }
}

fn failure(fault: LiveError) -> Failure {
    let exit = match &fault {
        LiveError::Detect(_) | LiveError::Publish(PublishError::Media(_) | PublishError::SetUp(_)) => {
            Exit::Settings
        }
        LiveError::Publish(PublishError::Listen { .. }) => Exit::Usage,
        LiveError::Thread(_) => Exit::Bug,
        LiveError::Broken(_) => Exit::Pipeline,
    };
    Failure::new(exit, fault)
}

/// One look at every camera.
fn check(
    args: &Args,
    opened: &[LiveCamera],
    site: &Site,
    detector: &mut dyn crate::video::detect::Detector,
    interrupt: &Interrupt,
    well: &mut Vec<String>,
) -> Result<Exit, Failure> {
    let mut exit = Exit::Ok;
    for camera in opened {
        match check_camera(camera, site, detector, interrupt) {
            Ok(Checked { size, persons, still }) => {
                talk::data(format_args!("ok      {:<20} {size}, {persons} person(s) hidden", camera.id));
                if let Some(folder) = &args.stills {
                    write(&folder.join(format!("{}.jpg", camera.id)), &still, site)?;
                }
                well.push(camera.id.clone());
            }
            Err(_) if interrupt.is_raised() => return Ok(Exit::Signal(interrupt.signal().unwrap_or(15))),
            Err(fault) => {
                talk::data(format_args!("FAILED  {:<20} {fault}", camera.id));
                exit = Exit::Input;
            }
        }
    }
    Ok(exit)
}

fn write(path: &Path, still: &crate::video::frame::RedactedFrame, site: &Site) -> Result<(), Failure> {
    let cannot = |e: &dyn std::fmt::Display| {
        Failure::new(Exit::Pipeline, format!("{} cannot be written: {e}", path.display()))
    };
    let file = PartialFile::create(path, Overwrite::Replace).map_err(|e| cannot(&e))?;
    let checked = write_still(still, StillFormat::Jpeg, site.encode.jpeg_quality, &file);
    checked.map_err(|e| cannot(&e))?.map_err(|e| cannot(&e))?;
    file.commit().map_err(|e| cannot(&e))
}
