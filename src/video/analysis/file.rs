//! An analysis on disk: gzip, which checks itself by CRC-32 (RFC 1952), around two lines of JSON. The first says the
//! form's version and what the analysis was made of and with, so that `zcat A | head -1` shows it; the second is the
//! analysis.

use super::basis::{Basis, Mismatch};
use super::body::Body;
use super::knowledge::Analysis;
use crate::config::TrackSettings;
use crate::digest::sha256_hex;
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

/// Version of the form. Another one is refused: what it leaves out might be somebody.
pub const FORM: u32 = 2;

/// Largest file that is read, bytes.
const LARGEST_FILE: u64 = 128 << 20;
/// Most bytes that it may hold when inflated: some hours of a busy clip.
const LARGEST_BODY: u64 = 256 << 20;
/// Longest first line, bytes.
const LARGEST_HEADER: u64 = 1 << 20;

/// Why an analysis cannot be used or written.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// The file cannot be read.
    #[error("it cannot be read: {0}; name the file that `melkglas analyse` wrote")]
    Read(#[from] io::Error),
    /// It is none, or not as it was written.
    #[error("it is no analysis, or a damaged one ({0}); make it anew with `melkglas analyse`")]
    Damaged(&'static str),
    /// It is of another form.
    #[error(
        "it is an analysis of form {0}, and this program reads form {FORM}; make it anew with `melkglas analyse`"
    )]
    Form(u32),
    /// It would be larger than what is read again.
    #[error("the analysis is too large to be read again; analyse the clip in parts, with --from and --to")]
    TooLarge,
    /// It belongs to something else.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    analysis: u32,
    program: String,
    basis: Basis,
}

/// As much of a first line as every form has.
#[derive(Debug, Deserialize)]
struct AnyHeader {
    analysis: u32,
}

/// An analysis that was read, and what it was made of and with.
#[derive(Debug)]
pub struct AnalysisFile {
    /// What it was made of and with.
    pub basis: Basis,
    /// SHA-256 of the file.
    pub sha256: String,
    body: Body,
}

impl AnalysisFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`AnalysisError`], where it is not one that this program wrote whole.
    pub fn read(path: &Path) -> Result<Self, AnalysisError> {
        // A pipe would wait for ever.
        if !std::fs::metadata(path)?.is_file() {
            return Err(AnalysisError::Damaged("not a file"));
        }
        let mut bytes = Vec::new();
        File::open(path)?.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LARGEST_FILE {
            return Err(AnalysisError::Damaged("too large"));
        }
        Self::parse(&bytes)
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(bytes: &[u8]) -> Result<Self, AnalysisError> {
        Self::parse_within(bytes, LARGEST_BODY)
    }

    /// Reads what inflates to no more than this.
    pub(super) fn parse_within(bytes: &[u8], largest_body: u64) -> Result<Self, AnalysisError> {
        let cut = |_| AnalysisError::Damaged("its checksum is wrong, or it is cut short");
        let mut plain = BufReader::new(GzDecoder::new(bytes).take(LARGEST_HEADER + largest_body));
        let mut first = Vec::new();
        (&mut plain).take(LARGEST_HEADER).read_until(b'\n', &mut first).map_err(cut)?;
        let fault = |_| AnalysisError::Damaged("its first line");
        let AnyHeader { analysis } = serde_json::from_slice(&first).map_err(fault)?;
        if analysis != FORM {
            return Err(AnalysisError::Form(analysis));
        }
        let Header { basis, .. } = serde_json::from_slice(&first).map_err(fault)?;
        let mut second = Vec::new();
        plain.read_to_end(&mut second).map_err(cut)?;
        let rest = plain.into_inner();
        // At its limit it was not read to the end, so nothing was checked either.
        if rest.limit() == 0 || !rest.into_inner().into_inner().is_empty() {
            return Err(AnalysisError::Damaged("longer than it should be"));
        }
        let body = serde_json::from_slice(&second).map_err(|_| AnalysisError::Damaged("its second line"))?;
        Ok(Self { basis, sha256: sha256_hex(bytes), body })
    }

    /// The analysis, for a call with this basis and these settings.
    ///
    /// # Errors
    /// [`AnalysisError::Mismatch`], or [`AnalysisError::Damaged`] where it holds numbers that cannot be.
    pub fn open(self, here: &Basis, settings: &TrackSettings) -> Result<Analysis, AnalysisError> {
        self.basis.check(here)?;
        self.body
            .analysis(self.basis.source_sha256, settings.clone())
            .map_err(|_| AnalysisError::Damaged("it holds numbers that cannot be"))
    }
}

/// Writes an analysis. The file's mode and name are the caller's affair.
///
/// # Errors
/// [`AnalysisError::Read`] where writing fails, and [`AnalysisError::TooLarge`].
pub fn write_analysis(out: impl Write, basis: &Basis, analysis: &Analysis) -> Result<(), AnalysisError> {
    let program = concat!("melkglas ", env!("CARGO_PKG_VERSION")).to_owned();
    let header = Header { analysis: FORM, program, basis: basis.clone() };
    let body = serde_json::to_vec(&Body::of(analysis)).map_err(io::Error::from)?;
    if body.len() as u64 >= LARGEST_BODY {
        return Err(AnalysisError::TooLarge);
    }
    let mut zipped = GzEncoder::new(out, Compression::best());
    serde_json::to_writer(&mut zipped, &header).map_err(io::Error::from)?;
    zipped.write_all(b"\n")?;
    zipped.write_all(&body)?;
    zipped.finish()?.flush()?;
    Ok(())
}
