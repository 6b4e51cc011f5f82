//! Stopping on request: one flag that signals set and every wait looks at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Tells running work that it has to stop. Cheap to clone; all clones share one flag.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    raised: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl Interrupt {
    /// A flag that SIGINT and SIGTERM raise from now on; a second one of either ends the process at once.
    ///
    /// # Errors
    /// The operating system refused to register a handler.
    pub fn on_signals() -> std::io::Result<Self> {
        use signal_hook::consts::{SIGINT, SIGTERM};
        let flag = Self::default();
        for signal in [SIGTERM, SIGINT] {
            // Order matters: the second signal must find the flag already raised by the first.
            signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&flag.raised))?;
            signal_hook::flag::register(signal, Arc::clone(&flag.raised))?;
            signal_hook::flag::register_usize(signal, Arc::clone(&flag.signal), signal as usize)?;
        }
        Ok(flag)
    }

    /// Asks for a stop.
    pub fn raise(&self) {
        self.raised.store(true, Ordering::Release);
    }

    /// True once a stop was asked for.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Acquire)
    }

    /// The number of the signal that asked, if one did.
    #[must_use]
    pub fn signal(&self) -> Option<u8> {
        match self.signal.load(Ordering::Acquire) {
            0 => None,
            n => u8::try_from(n).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_the_flag() {
        let first = Interrupt::default();
        let second = first.clone();
        assert!(!second.is_raised());
        first.raise();
        assert!(second.is_raised());
        assert_eq!(second.signal(), None);
    }
}
