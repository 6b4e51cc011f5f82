//! Counts for Prometheus: text exposition format 0.0.4 over the plainest HTTP there is. No pictures, no names of people.

use crate::video::live::{Counts, Timings};
use crate::video::sink::Mount;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Longest request that is read, bytes, and longest wait for it.
const LONGEST_REQUEST: usize = 4096;
const PATIENCE: Duration = Duration::from_secs(2);

/// One camera, as it is shown.
pub(super) type Shown = (String, Arc<Counts>, Mount);

/// Answers until the program ends.
pub(super) fn serve(address: SocketAddr, cameras: Vec<Shown>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(address)?;
    let bound = listener.local_addr()?;
    let work = move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            // Who hangs up, or sends no request, gets no answer.
            let _ = answer(stream, &cameras);
        }
    };
    std::thread::Builder::new().name("metrics".into()).spawn(work)?;
    Ok(bound)
}

fn answer(mut stream: TcpStream, cameras: &[Shown]) -> io::Result<()> {
    let until = Instant::now() + PATIENCE;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut request = Vec::new();
    let mut chunk = [0; 512];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") && request.len() < LONGEST_REQUEST {
        // In all, not for each byte: there is one thread for everybody.
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut chunk)? {
            0 => return Ok(()),
            n => request.extend_from_slice(&chunk[..n]),
        }
    }
    let (status, body) = if request.starts_with(b"GET /metrics ") || request.starts_with(b"GET /metrics?") {
        ("200 OK", text(cameras))
    } else {
        ("404 Not Found", "the counts are at /metrics\n".to_owned())
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
}

/// All counts.
pub(super) fn text(cameras: &[Shown]) -> String {
    let mut out = String::new();
    type Read = fn(&Counts) -> &AtomicU64;
    let counters: [(&str, &str, Read); 10] = [
        ("frames_in_total", "Frames that the camera sent.", |c| &c.frames_in),
        ("frames_masked_total", "Frames shown with masks.", |c| &c.masked),
        ("frames_covered_total", "Frames of which nothing was shown.", |c| &c.covered),
        ("frames_overloaded_total", "Of these, because no look was near enough.", |c| &c.overloaded),
        (
            "frames_hurried_total",
            "Frames in which all that had changed was hidden, for want of a look.",
            |c| &c.hurried,
        ),
        ("frames_dropped_total", "Frames that came or went too late.", |c| &c.dropped),
        ("placards_total", "Pictures of words while the camera was gone.", |c| &c.placards),
        ("looks_total", "Frames that the detectors looked at.", |c| &c.looks),
        ("reconnects_total", "Connections to the camera that failed.", |c| &c.reconnects),
        ("record_faults_total", "Packets and segments that were not recorded.", |c| &c.record_faults),
    ];
    let mut family = |name: &str, help: &str, kind: &str, value: &dyn Fn(&Shown) -> String| {
        let _ = writeln!(out, "# HELP melkglas_{name} {help}\n# TYPE melkglas_{name} {kind}");
        cameras.iter().for_each(|camera| out.push_str(&value(camera)));
    };
    for (name, help, read) in counters {
        family(name, help, "counter", &|(id, counts, _)| {
            format!("melkglas_{name}{{camera=\"{id}\"}} {}\n", read(counts).load(Ordering::Relaxed))
        });
    }
    type Flag = fn(&Counts) -> &AtomicBool;
    let flags: [(&str, &str, Flag); 2] = [
        ("camera_connected", "Whether the camera sends.", |c| &c.connected),
        ("camera_moved", "Whether the camera was turned away from its references.", |c| &c.moved),
    ];
    for (name, help, read) in flags {
        family(name, help, "gauge", &|(id, counts, _)| {
            format!("melkglas_{name}{{camera=\"{id}\"}} {}\n", u8::from(read(counts).load(Ordering::Relaxed)))
        });
    }
    family("persons", "Persons hidden in the latest frame.", "gauge", &|(id, counts, _)| {
        format!("melkglas_persons{{camera=\"{id}\"}} {}\n", counts.persons.load(Ordering::Relaxed))
    });
    family("viewers", "Viewers connected.", "gauge", &|(id, _, mount)| {
        format!("melkglas_viewers{{camera=\"{id}\"}} {}\n", mount.viewers())
    });
    type Times = fn(&Counts) -> &Timings;
    let timings: [(&str, &str, Times); 2] = [
        ("delay_seconds", "From a frame's arrival to its way to viewers; quantiles are of late.", |c| {
            &c.delay
        }),
        ("detector_seconds", "A detector's work on one frame; quantiles are of late.", |c| &c.detector),
    ];
    for (name, help, read) in timings {
        family(name, help, "summary", &|(id, counts, _)| {
            let times = read(counts);
            let quantile = |share: &str, at: f64| {
                let value = times.quantile(at).map_or("NaN".to_owned(), |secs| format!("{secs:.4}"));
                format!("melkglas_{name}{{camera=\"{id}\",quantile=\"{share}\"}} {value}\n")
            };
            let (count, secs) = times.total();
            quantile("0.5", 0.5)
                + &quantile("0.99", 0.99)
                + &format!("melkglas_{name}_sum{{camera=\"{id}\"}} {secs:.4}\n")
                + &format!("melkglas_{name}_count{{camera=\"{id}\"}} {count}\n")
        });
    }
    out
}
