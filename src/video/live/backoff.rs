//! How long to wait before a camera is tried again: longer each time, and never in step with others.

use std::time::Duration;

/// First and longest wait.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// Waits of one camera.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The camera is there.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// The next wait: twice the one before, of which a random half is left out.
    pub(super) fn next_wait(&mut self) -> Duration {
        let whole = LONGEST.min(FIRST * 2u32.saturating_pow(self.failures.min(16)));
        self.failures += 1;
        let mut random = [0u8; 2];
        // Without randomness all of it is waited.
        let share =
            getrandom::fill(&mut random).map_or(1.0, |()| f64::from(u16::from_le_bytes(random)) / 65536.0);
        whole.mul_f64(0.5 + 0.5 * share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_begin_anew() {
        let mut backoff = Backoff::default();
        for most in [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0] {
            let wait = backoff.next_wait().as_secs_f64();
            assert!(wait <= most && wait >= most / 2.0 - 1e-6, "{wait} of {most}");
        }
        backoff.reset();
        assert!(backoff.next_wait() <= FIRST);
    }
}
