//! What a clip shows, by our own reading of its container.

use super::clip::Clip;
use super::declared::Declared;
use super::edits::{Edits, Unheard};
use super::view::View;
use super::{avi, matroska, mp4};
use crate::geometry::FrameSize;
use std::fmt;
use std::io;

/// Two tracks of which neither lasts longer than this share of the other, or is larger, are alike.
const ALIKE: f64 = 0.9;

/// What is read of a clip before anybody decodes it.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// What the tables promise.
    pub(super) declared: Declared,
    /// What the demuxer is to read in place of the file.
    pub(super) view: Option<View>,
    /// What is shown of the media, and the media time of the picture that is decoded first, nanoseconds.
    pub(super) edits: Option<(Edits, i64)>,
    /// How its pictures are to be turned, where the demuxer does not get to know it.
    pub(super) turn: Option<Turn>,
    /// Why the clip cannot be taken.
    pub(super) refusal: Option<Refusal>,
}

impl Reading {
    /// Reads the tables of whatever container `clip` is, by its content.
    ///
    /// # Errors
    /// Reading the file failed. Nonsense in the tables is not an error: it declares nothing.
    pub(super) fn of(clip: &Clip) -> io::Result<Self> {
        let mut head = [0; 12];
        let n = clip.read_at(0, &mut head)?;
        let head = &head[..n];
        let declared = |declared| Self { declared, ..Self::default() };
        if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"AVI ") {
            avi::declared(clip).map(declared)
        } else if head.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]) {
            matroska::read(clip)
        } else if n >= 8 && head[4..8].iter().all(u8::is_ascii_graphic) {
            mp4::read(clip)
        } else {
            Ok(Self::default())
        }
    }
}

/// A plain turn or flip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Clockwise,
    HalfWay,
    Counterclockwise,
    LeftRight,
    TopBottom,
    /// About the diagonal from the upper left to the lower right.
    Falling,
    /// About the other one.
    Rising,
}

impl Turn {
    /// As `videoflip` calls it.
    pub(super) fn direction(self) -> &'static str {
        match self {
            Self::Clockwise => "90r",
            Self::HalfWay => "180",
            Self::Counterclockwise => "90l",
            Self::LeftRight => "horiz",
            Self::TopBottom => "vert",
            Self::Falling => "ul-lr",
            Self::Rising => "ur-ll",
        }
    }
}

/// What tells one video track from another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TrackFacts {
    /// Its place among the file's video tracks, from 1.
    pub(super) number: u32,
    /// It is meant to be shown.
    pub(super) enabled: bool,
    /// How long its media is, seconds; 0 where nothing says.
    pub(super) secs: f64,
    /// Size of its pictures as coded.
    pub(super) size: FrameSize,
}

impl TrackFacts {
    fn pixels(&self) -> f64 {
        f64::from(self.size.width) * f64::from(self.size.height)
    }
}

impl fmt::Display for TrackFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.number, self.size)?;
        if self.secs > 0.0 {
            write!(f, ", {:.1} s", self.secs)?;
        }
        if self.enabled { Ok(()) } else { write!(f, ", switched off") }
    }
}

/// A clip that is not taken, and why.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Refusal {
    /// Several clips lie in it, one behind the other.
    Joined,
    /// Its edit list asks for what is not done.
    Edits(Unheard),
    /// Nobody can tell which of its video tracks is meant.
    WhichTrack(Vec<TrackFacts>),
    /// There is no such track.
    NoTrack(u32, Vec<TrackFacts>),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed =
            |tracks: &[TrackFacts]| tracks.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        match self {
            Self::Joined => f.write_str(
                "several clips lie in this file, joined end to end; give them one by one, as the recorder exported them",
            ),
            Self::Edits(Unheard::Speed) => f.write_str(
                "the clip's edit list shows parts of it slower, faster or as a standing picture; export it again, \
                 unedited",
            ),
            Self::Edits(Unheard::Order) => f.write_str(
                "the clip's edit list shows a part of it twice or out of order; export it again, unedited",
            ),
            Self::WhichTrack(tracks) => write!(
                f,
                "the clip holds {} video tracks, and nothing says which is meant; choose one with --track N ({})",
                tracks.len(),
                listed(tracks)
            ),
            Self::NoTrack(asked, tracks) if tracks.is_empty() => {
                write!(f, "the clip has no video track that could be track {asked}; leave --track out")
            }
            Self::NoTrack(asked, tracks) => {
                write!(f, "the clip has no video track {asked}; it holds {}", listed(tracks))
            }
        }
    }
}

/// The track that players show: one that is switched on, then the longest, then the largest. `None` where there is none.
///
/// # Errors
/// Two that are alike, or no track of the number that was asked for.
pub(super) fn choose(tracks: &[TrackFacts], asked: Option<u32>) -> Result<Option<usize>, Refusal> {
    if let Some(asked) = asked {
        let found = tracks.iter().position(|track| track.number == asked);
        return found.map(Some).ok_or_else(|| Refusal::NoTrack(asked, tracks.to_vec()));
    }
    let any_enabled = tracks.iter().any(|track| track.enabled);
    let mut left: Vec<usize> = (0..tracks.len()).filter(|&i| tracks[i].enabled || !any_enabled).collect();
    for of in [|track: &TrackFacts| track.secs, TrackFacts::pixels] {
        let most = left.iter().map(|&i| of(&tracks[i])).fold(0.0, f64::max);
        left.retain(|&i| of(&tracks[i]) >= most * ALIKE);
    }
    match left[..] {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        _ => Err(Refusal::WhichTrack(tracks.to_vec())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(number: u32, enabled: bool, secs: f64, width: u32) -> TrackFacts {
        TrackFacts { number, enabled, secs, size: FrameSize { width, height: width / 2 } }
    }

    #[test]
    fn the_track_that_players_show_is_chosen() {
        let preview = track(1, true, 9.9, 160);
        let main = track(2, true, 10.0, 1280);
        assert_eq!(choose(&[], None), Ok(None));
        assert_eq!(choose(&[preview], None), Ok(Some(0)));
        assert_eq!(choose(&[preview, main], None), Ok(Some(1)), "the larger of two that last as long");
        assert_eq!(choose(&[track(1, true, 60.0, 320), main], None), Ok(Some(0)), "the longer one");
        assert_eq!(choose(&[track(1, false, 60.0, 1280), preview], None), Ok(Some(1)), "the one switched on");
        assert_eq!(choose(&[track(1, false, 60.0, 1280), track(2, false, 1.0, 320)], None), Ok(Some(0)));
        assert_eq!(choose(&[preview, main], Some(1)), Ok(Some(0)));
    }

    #[test]
    fn two_alike_are_a_question() {
        let both = [track(1, true, 10.0, 1280), track(2, true, 10.04, 1280)];
        let refusal = choose(&both, None).expect_err("a question");
        assert!(
            refusal.to_string().contains("--track N (1: 1280x640, 10.0 s; 2: 1280x640, 10.0 s)"),
            "{refusal}"
        );
        assert_eq!(choose(&both, Some(2)), Ok(Some(1)));
        let none = choose(&both, Some(3)).expect_err("no such track");
        assert!(none.to_string().contains("no video track 3"), "{none}");
        assert!(choose(&[], Some(1)).is_err());
    }
}
