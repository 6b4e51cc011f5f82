//! Redacted frames in, a finished file out, or no file at all.
//!
//! * [`PartialFile`]: hidden, mode 0600, locked; renamed to the final name when everything is written and checked.
//! * [`Encoder`]: H.264 in MP4 or Matroska. Takes [`super::frame::RedactedFrame`] and nothing else.
//! * [`write_still`]: a still as PNG or JPEG.
//! * [`PacketEncoder`], [`Publisher`], [`Recorder`]: the same for live streams: one encoder, an RTSP server, and
//!   segments on the disk.
//! * `readback`: opens the written file again and counts.

mod coder;
mod encode;
mod packets;
mod partial;
mod picture;
mod publish;
mod readback;
mod record;
mod seal;
mod viewers;

pub use coder::{encoder_here, encoder_threads, x264_preset};
pub use encode::{Container, Encoder, SinkError};
pub use packets::{Packet, PacketEncoder, Taken};
pub use partial::{Overwrite, PartialFile, Placed, sweep};
pub use picture::{StillFormat, write_still};
pub use publish::{Login, Mount, PublishError, Publisher};
pub use readback::{ReadBack, ReadBackError};
pub use record::{Recorder, erase_older, segment_name};
pub use seal::Identity;
pub use viewers::{Viewer, Watch};
