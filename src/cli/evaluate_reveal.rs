//! What rehearsed reveals came to, as a table or as JSON.

use super::talk;
use crate::casework::RevealPair;
use serde_json::json;

/// Prints what reveals in a clip would show.
pub(super) fn tell(name: &str, pairs: &[RevealPair], as_json: bool) {
    if as_json {
        talk::data(json!({ "file": name, "reveals": pairs }));
        return;
    }
    let head = [
        "person",
        "clicked (s)",
        "others' heads added",
        "longest run",
        "visible",
        "doubts",
        "visible, settled",
        "clicks",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(pairs.iter().map(|RevealPair { once, settled }| {
        let percent =
            |share: Option<f64>| share.map_or("never alone".into(), |s| format!("{:.0} %", 100.0 * s));
        let added = once.added_percent().max(settled.added_percent());
        [
            once.identity.to_string(),
            format!("{:.2}", once.clicks_s.first().copied().unwrap_or_default()),
            format!("{added:.2} %"),
            once.longest_added_run.max(settled.longest_added_run).to_string(),
            if once.refused.is_some() { "refused".to_owned() } else { percent(once.visible) },
            once.doubts.to_string(),
            percent(settled.visible),
            settled.clicks_s.len().to_string(),
        ]
    }));
    talk::table(&rows);
    let mean = |of: fn(&RevealPair) -> Option<f64>| {
        let known: Vec<f64> = pairs.iter().filter_map(of).collect();
        known.iter().sum::<f64>() / known.len().max(1) as f64
    };
    talk::data(format_args!(
        "{} reveals: visible {:.0} % with one click, {:.0} % when every doubt is settled; at worst {:.2} % of others' \
         heads added, for {} frames in a row",
        pairs.len(),
        100.0 * mean(|pair| pair.once.visible),
        100.0 * mean(|pair| pair.settled.visible),
        pairs.iter().map(|p| p.once.added_percent().max(p.settled.added_percent())).fold(0.0, f64::max),
        pairs.iter().map(|p| p.once.longest_added_run.max(p.settled.longest_added_run)).max().unwrap_or(0),
    ));
}
