//! Ctrl-C and SIGTERM while a stack is made: it ends at the next frame or tile, and nothing half-written is left.

use super::exit::Failure;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{SigId, flag, low_level};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the user wants no stack any more.
#[derive(Debug, Clone, Default)]
pub(super) struct Interrupt {
    seen: Arc<AtomicBool>,
    /// Held for as long as somebody may ask.
    _watch: Option<Arc<Watch>>,
}

/// Signals that are looked out for, until it is dropped.
#[derive(Debug, Default)]
struct Watch(Vec<SigId>);

impl Interrupt {
    /// Looks out for signals from now on. A second one is no faster than the first. Whoever else has asked for these signals,
    /// Python for instance, is told as well.
    pub(super) fn watch() -> Result<Interrupt, Failure> {
        let seen = Arc::default();
        let mut watch = Watch::default();
        for signal in [SIGINT, SIGTERM] {
            let id = flag::register(signal, Arc::clone(&seen));
            watch.0.push(id.map_err(|e| Failure::Failed(format!("cannot wait for Ctrl-C: {e}")))?);
        }
        Ok(Interrupt { seen, _watch: Some(Arc::new(watch)) })
    }

    pub(super) fn seen(&self) -> bool {
        self.seen.load(Ordering::Relaxed)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        for &id in &self.0 {
            low_level::unregister(id);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_watch_sees_its_own_signals() {
        let first = Interrupt::watch().unwrap();
        assert!(!first.seen());
        low_level::raise(SIGTERM).unwrap();
        assert!(first.seen());
        drop(first);
        // One program may make several stacks: what ended the first does not end the second.
        let second = Interrupt::watch().unwrap();
        assert!(!second.seen());
        low_level::raise(SIGINT).unwrap();
        assert!(second.clone().seen());
    }
}
