//! Packing: a finished clip, its report and papers in; one locked, signed file out.

use super::super::audit::{AuditLog, Hash256, Head, Sealed};
use super::super::plain::is_plain;
use super::super::report_read::{ReportFault, ReportRead};
use super::envelope;
use super::manifest::{FileFacts, Label, Manifest};
use super::passphrase::Passphrase;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::str::FromStr;
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{AesMode, CompressionMethod, DateTime};

/// Name of the masked clip in a package.
pub const FOOTAGE: &str = "footage.mp4";
/// Name of the manifest.
pub(super) const MANIFEST: &str = "manifest.json";
/// Name of the manifest's signature: 128 hexadecimal digits and the end of the line.
pub(super) const SIGNATURE: &str = "manifest.sig";
/// Most files in a package.
pub(super) const MOST_FILES: usize = 16;

/// A paper that goes along.
#[derive(Debug, Clone)]
pub struct Paper {
    /// Its name in the package: letters, digits, hyphens and one dot.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What kind of footage is packed.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// A masked clip, mp4, with the bytes of its report; that stays in the house, and what others may know of it goes
    /// into the manifest.
    Masked {
        /// The report.
        report: &'a [u8],
    },
    /// A clip as it was recorded, for the police and justice: bit by bit what was secured.
    Original {
        /// The ending of its name, such as `mp4`.
        extension: &'a str,
    },
}

/// What is to be packed.
pub struct Parcel<'a> {
    /// The clip, finished and checked.
    pub footage: &'a File,
    /// What it is.
    pub content: Content<'a>,
    /// The case.
    pub case: Label,
    /// For whom.
    pub recipient: Label,
    /// What kind of release.
    pub kind: Label,
    /// What goes along, such as the form to sign for receipt.
    pub papers: &'a [Paper],
    /// Where the audit log stands, with the release recorded in it: the same as on the receipt form.
    pub head: &'a Head,
}

/// A recipient's age key, `age1...`.
#[derive(Debug, Clone)]
pub struct Recipient(age::x25519::Recipient);

impl FromStr for Recipient {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.trim().parse().map(Self)
    }
}

/// Who can open a package.
#[derive(Debug)]
pub enum Lock<'a> {
    /// Whoever has the passphrase: a zip with AES-256, which 7-Zip opens.
    Passphrase(&'a Passphrase),
    /// Whoever has the key to this: an age file.
    Recipient(&'a Recipient),
}

/// Why nothing was packed.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The report cannot be used.
    #[error(transparent)]
    Report(#[from] ReportFault),
    /// The report is of something else.
    #[error("the report is of another file than this clip: it names {wanted}, the clip is {found}")]
    OtherFootage {
        /// In the report.
        wanted: Hash256,
        /// Of the file.
        found: Hash256,
    },
    /// The report is of a still.
    #[error("only clips are packed, and this report is of a {0}")]
    NotAClip(String),
    /// The clip is not an mp4.
    #[error("the clip is no mp4, which is the one form that plays everywhere; redact it into .mp4")]
    NotMp4,
    /// A paper's name could be taken for something else.
    #[error("{0:?} cannot be a file's name in a package")]
    Name(String),
    /// The head of the log was signed by another key than the one that signs the package.
    #[error("the head of the audit log is of another log than the one that signs the package")]
    OtherLog,
    /// Locking failed.
    #[error("the package cannot be locked: {0}")]
    Lock(String),
    /// Reading or writing failed.
    #[error("the package cannot be written: {0}")]
    Io(#[from] io::Error),
}

impl From<zip::result::ZipError> for PackageError {
    fn from(e: zip::result::ZipError) -> Self {
        match e {
            zip::result::ZipError::Io(e) => Self::Io(e),
            other => Self::Lock(other.to_string()),
        }
    }
}

/// A package that was written.
#[derive(Debug, Clone)]
pub struct Packed {
    /// What it says of itself.
    pub manifest: Manifest,
    /// SHA-256 of all of it.
    pub sha256: Hash256,
    /// Its size.
    pub bytes: u64,
}

/// Packs into `out`, which is empty and can be read again; the caller syncs it and gives it its name.
///
/// # Errors
/// [`PackageError`]; what stands in `out` then is no package.
pub fn pack(parcel: Parcel<'_>, lock: &Lock<'_>, log: &AuditLog, out: &File) -> Result<Packed, PackageError> {
    if parcel.head.public_key != log.public_key() {
        return Err(PackageError::OtherLog);
    }
    let report = match parcel.content {
        Content::Masked { report } => Some(ReportRead::parse(report)?),
        Content::Original { .. } => None,
    };
    let footage = match (&report, parcel.content) {
        (Some(report), _) => masked(parcel.footage, report)?,
        (None, Content::Original { extension }) => original(parcel.footage, extension)?,
        (None, Content::Masked { .. }) => return Err(PackageError::NotMp4),
    };
    let name = footage.name.clone();
    let mut files = vec![footage];
    for paper in parcel.papers {
        let taken = files.iter().any(|file| file.name == paper.name);
        if taken || !is_name(&paper.name) || files.len() + 2 >= MOST_FILES {
            return Err(PackageError::Name(paper.name.clone()));
        }
        files.push(FileFacts {
            name: paper.name.clone(),
            bytes: paper.bytes.len() as u64,
            sha256: Hash256::of(&paper.bytes),
        });
    }
    let labels = (parcel.case, parcel.recipient, parcel.kind);
    let manifest = match &report {
        Some(report) => Manifest::new(labels, files, report, parcel.head),
        None => Manifest::of_original(labels, files, parcel.head),
    };
    let bytes = manifest.to_bytes();
    let signature = log.seal(Sealed::Manifest, &bytes) + "\n";
    let contents = Contents {
        name: &name,
        footage: parcel.footage,
        papers: parcel.papers,
        manifest: &bytes,
        signature: signature.as_bytes(),
    };
    match lock {
        Lock::Passphrase(passphrase) => {
            let mut zip = ZipWriter::new(out);
            zip.set_comment(envelope::placeholder())?;
            let locked = plain_options().with_aes_encryption(AesMode::Aes256, passphrase.reveal());
            contents.write(&mut zip, locked)?;
            zip.finish()?;
            envelope::seal(out, log)?;
        }
        Lock::Recipient(recipient) => {
            let fault = |e: age::EncryptError| PackageError::Lock(e.to_string());
            let locked =
                age::Encryptor::with_recipients(std::iter::once(&recipient.0 as &dyn age::Recipient));
            let mut zip = ZipWriter::new_stream(locked.map_err(fault)?.wrap_output(out)?);
            contents.write(&mut zip, plain_options())?;
            zip.finish()?.into_inner().finish()?;
        }
    }
    let written = hashed(out)?;
    Ok(Packed { manifest, sha256: written.0, bytes: written.1 })
}

/// Stored, for footage does not get smaller; of no day, for the manifest says when.
fn plain_options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o600)
}

/// Everything in a package.
struct Contents<'a> {
    name: &'a str,
    footage: &'a File,
    papers: &'a [Paper],
    manifest: &'a [u8],
    signature: &'a [u8],
}

impl Contents<'_> {
    fn write<W: Write + Seek>(
        &self,
        zip: &mut ZipWriter<W>,
        options: zip::write::FileOptions<'_, '_, ()>,
    ) -> Result<(), PackageError> {
        let mut footage = self.footage;
        let long = footage.metadata()?.len() >= u64::from(u32::MAX);
        footage.seek(SeekFrom::Start(0))?;
        zip.start_file(self.name, options.large_file(long))?;
        io::copy(&mut footage, zip)?;
        for paper in self.papers {
            zip.start_file(&paper.name, options)?;
            zip.write_all(&paper.bytes)?;
        }
        for (name, bytes) in [(MANIFEST, self.manifest), (SIGNATURE, self.signature)] {
            zip.start_file(name, options)?;
            zip.write_all(bytes)?;
        }
        Ok(())
    }
}

/// A masked clip, which is what its report is of.
fn masked(footage: &File, report: &ReportRead) -> Result<FileFacts, PackageError> {
    if report.source.kind != "clip" {
        return Err(PackageError::NotAClip(report.source.kind.clone()));
    }
    let mut head = [0; 12];
    let mut reader = footage;
    reader.seek(SeekFrom::Start(0))?;
    // ISO/IEC 14496-12, 4.3: the file type box stands first.
    if reader.read_exact(&mut head).is_err() || &head[4..8] != b"ftyp" {
        return Err(PackageError::NotMp4);
    }
    let (sha256, bytes) = hashed(footage)?;
    if sha256 != report.output.sha256 {
        return Err(PackageError::OtherFootage { wanted: report.output.sha256, found: sha256 });
    }
    Ok(FileFacts { name: FOOTAGE.to_owned(), bytes, sha256 })
}

/// A clip as it was recorded.
fn original(footage: &File, extension: &str) -> Result<FileFacts, PackageError> {
    let name = format!("original.{extension}");
    if !is_name(&name) {
        return Err(PackageError::Name(name));
    }
    let (sha256, bytes) = hashed(footage)?;
    Ok(FileFacts { name, bytes, sha256 })
}

fn hashed(mut file: &File) -> io::Result<(Hash256, u64)> {
    file.seek(SeekFrom::Start(0))?;
    hash_to_end(&mut file)
}

/// SHA-256 and length of all that a reader still gives.
pub(super) fn hash_to_end(reader: &mut impl Read) -> io::Result<(Hash256, u64)> {
    let mut hasher = Sha256::new();
    let bytes = io::copy(reader, &mut HashWriter(&mut hasher))?;
    Ok((Hash256::from_bytes(hasher.finalize().into()), bytes))
}

struct HashWriter<'a>(&'a mut Sha256);

impl Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A name that every system takes for a plain file, and that is none of ours.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |c: char| is_plain(c) && (c.is_ascii_alphanumeric() || c == '-' || c == '.');
    let dots = name.matches('.').count();
    let ours = [FOOTAGE, MANIFEST, SIGNATURE].contains(&name);
    (3..=64).contains(&name.len())
        && name.chars().all(plain)
        && dots == 1
        && !name.starts_with(['.', '-'])
        && !ours
}
