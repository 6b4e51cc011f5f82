//! Which kind of zone a label of another tool means: Dutch and English words, also inside compounds.

use crate::config::zone::ZoneKind::{self, *};

/// Words and their kinds. The first line that fits a label counts, so `doorbell` and `garage door` stand before `door`.
const WORDS: [(ZoneKind, &[&str]); 10] = [
    (
        BellPanel,
        &[
            "bell",
            "bells",
            "doorbell",
            "doorbells",
            "bel",
            "bellen",
            "deurbel",
            "bellenbord",
            "belpaneel",
            "bellentableau",
            "intercom",
        ],
    ),
    (
        NamePlate,
        &[
            "nameplate",
            "nameplates",
            "name",
            "names",
            "letterbox",
            "letterboxes",
            "mailbox",
            "naambord",
            "naambordje",
            "naambordjes",
            "naamplaat",
            "brievenbus",
            "brievenbussen",
            "postvak",
            "postvakken",
        ],
    ),
    (NoticeBoard, &["notice", "noticeboard", "prikbord", "mededelingenbord", "mededelingen"]),
    (
        Parking,
        &[
            "parking",
            "carpark",
            "garage",
            "parkeren",
            "parkeerplaats",
            "parkeerplaatsen",
            "parkeervak",
            "parkeervakken",
            "parkeerterrein",
        ],
    ),
    (Mirror, &["mirror", "mirrors", "spiegel", "spiegels"]),
    (
        Screen,
        &[
            "screen",
            "screens",
            "monitor",
            "monitors",
            "television",
            "tv",
            "scherm",
            "schermen",
            "beeldscherm",
        ],
    ),
    (Window, &["window", "windows", "raam", "ramen", "venster", "vensters", "ruit", "ruiten"]),
    (Door, &["door", "doors", "entrance", "deur", "deuren", "ingang", "entree"]),
    (
        Garden,
        &[
            "garden",
            "gardens",
            "yard",
            "backyard",
            "balcony",
            "balconies",
            "tuin",
            "tuinen",
            "balkon",
            "balkons",
            "terras",
        ],
    ),
    (
        Street,
        &[
            "street", "streets", "road", "sidewalk", "pavement", "footpath", "straat", "straten", "weg",
            "stoep", "trottoir", "fietspad", "voetpad",
        ],
    ),
];

/// From how many letters on a word also counts at the end of a compound, as `deur` in `voordeur`.
const COMPOUND: usize = 4;

/// The kind that a label means, if it means one.
pub(super) fn kind_of(label: &str) -> Option<ZoneKind> {
    let label = label.to_lowercase();
    let words: Vec<&str> =
        label.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).collect();
    let fits = |known: &&str| {
        words.iter().any(|word| word == known || (known.len() >= COMPOUND && word.ends_with(known)))
    };
    WORDS.iter().find(|(_, known)| known.iter().any(&fits)).map(|(kind, _)| *kind)
}

/// Whether a label speaks of the clock that a camera burns into its picture.
pub(super) fn is_clock(label: &str) -> bool {
    let label = label.to_lowercase();
    ["timestamp", "time stamp", "clock", "osd", "datum", "tijd", "klok"]
        .iter()
        .any(|word| label.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn labels_find_their_kind() {
        for (label, kind) in [
            ("voordeur 12", Some(Door)),
            ("Front_Door-3", Some(Door)),
            ("doorbell", Some(BellPanel)),
            ("deurbel", Some(BellPanel)),
            ("slaapkamerraam", Some(Window)),
            ("ramen overkant", Some(Window)),
            ("naambordjes", Some(NamePlate)),
            ("mededelingenbord", Some(NoticeBoard)),
            ("achtertuin", Some(Garden)),
            ("Dorpsstraat", Some(Street)),
            ("stoep", Some(Street)),
            ("spiegel in de lift", Some(Mirror)),
            ("TV", Some(Screen)),
            ("parkeervakken", Some(Parking)),
            ("car", None),
            ("overweg", None),
            ("tree", None),
            ("", None),
        ] {
            assert_eq!(kind_of(label), kind, "{label}");
        }
        assert!(is_clock("Camera timestamp") && !is_clock("door"));
    }

    #[test]
    fn every_kind_finds_itself() {
        for kind in ZoneKind::value_variants().iter().filter(|kind| **kind != Other) {
            let words = kind.to_possible_value().expect("not hidden");
            for word in words.get_name_and_aliases() {
                assert_eq!(kind_of(word), Some(*kind), "{word}");
            }
        }
    }
}
