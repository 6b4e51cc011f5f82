//! What leaves the house: one masked clip with its papers, locked for its recipient, signed, and checked by anybody.
//!
//! ```text
//! PACKAGE.zip  (AES-256, by a passphrase)     PACKAGE.age  (to a recipient's key, holds the same as a zip)
//!   footage.mp4      the masked clip
//!   ...              papers
//!   manifest.json    what it is: hashes, models, settings, counts
//!   manifest.sig     Ed25519 over the manifest's bytes
//!   [comment]        the seal: Ed25519 over every byte before it
//! ```
//!
//! The manifest holds no box, path, polygon or name of staff ([`Manifest`]). The zip's seal stands in its comment, so
//! that whoever has no passphrase can still tell that not a bit was changed; an age file needs none, since age refuses
//! what was changed anywhere. This room reads reports and finished files; it touches no pixel, decides nothing, and
//! whoever calls it has recorded the release before.

mod envelope;
mod manifest;
mod medium;
mod pack;
mod passphrase;
mod verify;
mod words;

#[cfg(test)]
mod tests;

pub use manifest::{Chain, Counts, FileFacts, Label, MANIFEST_VERSION, Manifest, Redaction, Shown};
pub use medium::{MediumError, Written, check_empty, device_of, write_there};
pub use pack::{Content, FOOTAGE, Lock, PackageError, Packed, Paper, Parcel, Recipient, pack};
pub use passphrase::Passphrase;
pub use verify::{Container, Fault, Opening, Verified, verify_package};
