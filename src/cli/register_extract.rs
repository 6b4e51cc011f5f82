//! `melkglas register --extract`: what the register says of one camera, as a paper for whoever asks.
//!
//! Of a dummy it says what it would say of a camera (Mozaiek Wonen art. 3.3).

use super::case_paper::{heading, write};
use super::common::Installation;
use super::desk::office;
use super::talk;
use crate::casework::RegisterRow;
use crate::casework::paper::RegisterExtract;
use crate::config::{Attested, Camera};
use crate::error::{Exit, Failure};
use crate::lang::Lang;
use std::path::Path;

/// Writes the extract of the only camera among those that were read.
pub(super) fn extract(
    read: &[(Camera, RegisterRow)],
    installation: &Installation,
    lang: Lang,
    (out, force): (&Path, bool),
) -> Result<(), Failure> {
    let [(camera, row)] = read else {
        return Err(Failure::with_cure(
            Exit::Usage,
            format!("an extract is about one camera, and {} are named", read.len()),
            "name the file of one, as in melkglas register pipelines/cameras/entrance-3.toml --extract out.pdf",
        ));
    };
    let office = office(installation)?;
    let notice = !matches!(camera.register.notice_placed, None | Some(Attested::No));
    let extract = RegisterExtract {
        heading: heading(&office, camera.id.clone(), lang),
        camera: camera.id.clone(),
        place: row.location.clone(),
        purposes: row.purpose.clone(),
        responsible: row.responsible.clone(),
        access: row.access.clone(),
        retention_days: office.policy.retention.days.value,
        installed: row.installed,
        evaluate_by: row.evaluate_by,
        notice,
    };
    write(&extract.pdf(), out, force)?;
    talk::say(format_args!("wrote {}", out.display()));
    Ok(())
}
