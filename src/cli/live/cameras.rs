//! Camera files to cameras of the service: what each of them allows comes first.

use super::Args;
use crate::casework::HideEveryone;
use crate::casework::case::{Watching, may_watch};
use crate::cli::common::{empty_scene, open_clip, read_camera};
use crate::cli::desk::{case_failure, no_policy};
use crate::cli::talk;
use crate::config::{
    Camera, Credentials, LivePolicy, Site, Stream, StreamSource, Transport, moving_with_zones,
};
use crate::error::{Exit, Failure};
use crate::video::detect::OnnxFactory;
use crate::video::live::{LiveCamera, LiveSource, RecordTo};
use crate::video::source::StreamFeed;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A camera file that allows what was asked.
pub(super) struct Allowed {
    pub(super) path: PathBuf,
    pub(super) camera: Camera,
    stream: Stream,
}

impl Allowed {
    /// What the source is called: its address or its file, without user and password.
    pub(super) fn source_name(&self) -> String {
        match &self.stream.source {
            StreamSource::Url(url) => url.clone(),
            StreamSource::Clip(path) => path.display().to_string(),
        }
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}

/// Reads every camera file and refuses what one of them, or the site's policy, forbids; says whether it is for placement.
pub(super) fn allowed(args: &Args, site: &Site) -> Result<(Vec<Allowed>, LivePolicy), Failure> {
    let rules = site.office.as_ref().map(|office| office.policy.as_ref());
    let watched = |live, transport| {
        let wanted = Watching {
            live,
            transport,
            recorded: args.record.is_some(),
            in_case: args.case.is_some(),
            sent_in_the_clear: !args.publish.encrypted && !args.publish.address.ip().is_loopback(),
        };
        may_watch(rules, wanted).map_err(|refusal| case_failure(refusal.into()))
    };
    // What the protocol forbids is forbidden before a camera file is looked for.
    watched(LivePolicy::default(), Transport::default())?;
    if args.case.is_some() && rules.is_none() {
        return Err(no_policy());
    }
    let mut cameras: Vec<Allowed> = Vec::new();
    let mut ids = BTreeSet::new();
    for path in &args.camera {
        let mut camera = read_camera(path)?;
        if let Some(warning) = moving_with_zones(&camera) {
            talk::say(warning);
        }
        if !ids.insert(camera.id.clone()) {
            let twice = format!("camera {} is named twice", camera.id);
            return Err(Failure::with_cure(Exit::Usage, twice, "name each camera once"));
        }
        let transport = camera.stream.as_ref().map_or(Transport::default(), |stream| stream.transport);
        camera.live = watched(camera.live, transport)?;
        if camera.live == LivePolicy::Forbidden {
            return Err(Failure::with_cure(
                Exit::Refused,
                format!(
                    "camera {} may not be watched live: the protocols forbid it (Leystromen), or allow it only with \
                     cause, and its file does not say otherwise",
                    camera.id
                ),
                "where the protocol in force allows it, write live = \"placement\" (to place the camera, for an hour, \
                 recorded) or live = \"masked\" into the camera file",
            ));
        }
        let Some(stream) = camera.stream.clone() else {
            return Err(Failure::with_cure(
                Exit::Settings,
                format!("camera {}'s file does not say where its stream is", camera.id),
                "add to it: [stream] and url = \"rtsps://HOST/PATH\"",
            ));
        };
        cameras.push(Allowed { path: path.clone(), camera, stream });
    }
    let policy = cameras.first().map_or(LivePolicy::Forbidden, |first| first.camera.live);
    if cameras.iter().any(|other| other.camera.live != policy) {
        return Err(Failure::with_cure(
            Exit::Usage,
            "some of these cameras are for placement only and others are not",
            "place a camera in a call of its own",
        ));
    }
    Ok((cameras, policy))
}

/// Opens everything that a camera needs.
pub(super) fn open(
    allowed: &Allowed,
    args: &Args,
    site: &Site,
    detectors: &OnnxFactory,
) -> Result<LiveCamera, Failure> {
    let Allowed { path, camera, stream } = allowed;
    let settings = |e: &dyn std::fmt::Display| Failure::new(Exit::Settings, e);
    let source = match &stream.source {
        StreamSource::Clip(clip) => LiveSource::Clip(Arc::new(open_clip(&allowed.folder().join(clip))?)),
        StreamSource::Url(url) => {
            let read = |name: &PathBuf| Credentials::read(name, allowed.folder()).map_err(|e| settings(&e));
            let feed = StreamFeed {
                url: url.clone(),
                delivery: stream.delivery,
                ca: stream.ca.as_ref().map(|ca| allowed.folder().join(ca)),
                credentials: stream.credentials.as_ref().map(read).transpose()?,
            };
            feed.check_ca().map_err(|e| settings(&e))?;
            LiveSource::Stream(feed)
        }
    };
    let planner = HideEveryone::new(Some(camera), site.mask.clone(), args.style);
    Ok(LiveCamera {
        id: camera.id.clone(),
        source,
        frame: camera.frame,
        planner: Arc::new(planner.with_unexplained(site.scene.unexplained)),
        scene: empty_scene(Some((path, camera)), site, detectors)?,
        own_scene: (site.scene.own_clip && camera.fixed).then(|| {
            let overlays = camera.overlays.iter().map(|overlay| &overlay.polygon);
            overlays.chain(camera.zones.iter().map(|zone| &zone.polygon)).map(Arc::clone).collect()
        }),
        record: record_to(allowed, args)?,
    })
}

/// Where a camera is recorded; nowhere where its file does not allow it.
fn record_to(allowed: &Allowed, args: &Args) -> Result<Option<RecordTo>, Failure> {
    let Allowed { camera, stream, .. } = allowed;
    let Some(folder) = &args.record else { return Ok(None) };
    if !stream.record || camera.live != LivePolicy::Masked {
        return Err(Failure::with_cure(
            Exit::Refused,
            format!("camera {} may not be recorded: its file does not allow it", camera.id),
            "leave --record out, or, where the protocol in force allows it, write record = true under [stream] and \
             live = \"masked\" into the camera file",
        ));
    }
    let Some(days) = camera.register.retention_days else {
        return Err(Failure::with_cure(
            Exit::Settings,
            format!("camera {}'s file does not say for how long its footage may be kept", camera.id),
            "write retention_days under [register] into it",
        ));
    };
    let segment = Duration::from_secs(args.segment_secs);
    Ok(Some(RecordTo { folder: folder.clone(), days, segment }))
}
