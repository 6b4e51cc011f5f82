//! Stored clips and cameras' streams in, raw frames out.
//!
//! The file is opened once, read-only, and everything (decoder, container tables, hash) reads that one open file,
//! whatever happens to its name meanwhile. Nothing but decoded pictures and their times leaves this room: no
//! tags, no audio, no subtitles, no container metadata.
//!
//! * [`Clip`]: the opened file: size, hash, what its container declares.
//! * [`Source`]: the decoder, a frame at a time, with a limit on every wait.
//! * [`StreamFeed`]: a camera's stream, which the same decoder takes.
//! * [`read_still`]: one JPEG, PNG or WebP picture as a frame.
//! * [`Declared`]: how many frames the container's own tables promise.
//! * [`FrameRate`]: what somebody states for a raw stream, which does not say when its pictures are shown.
//! * `foreign`: files that nobody can decode, and what to do about them.
//! * `concealment`: the ear on the decoder's log, because libav conceals errors without flagging the frame.
//! * `hardware`: decoders of graphics cards, where the settings ask for them.
//! * `keyframe`: which coded pictures make a decoder clean.

mod avi;
mod chain;
mod clip;
mod concealment;
mod declared;
mod decode;
mod edits;
mod foreign;
mod hardware;
mod inband;
mod keyframe;
mod matroska;
mod media;
mod mp4;
mod picture;
mod rate;
mod reading;
mod still;
mod stream;
mod times;
mod view;
mod window;

pub use crate::moment::ClipTime;
pub use clip::{Clip, ClipError};
pub use declared::{Declared, HiddenMedia};
pub use decode::{Decoded, SizeChange, Source, SourceError};
pub use hardware::{decoders_here, use_decoders};
pub use media::{MediaError, init as init_media, library_version, missing_elements, missing_for_live};
pub(in crate::video) use picture::Taker;
pub use rate::{FrameRate, NotARate};
pub(in crate::video) use still::decode_still;
pub use still::{StillFault, StillKind, read_still};
pub use stream::{CaError, StreamFeed};
pub use window::{Window, WindowError};
