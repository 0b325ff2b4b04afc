//! Ctrl-C and SIGTERM while a stack is made: it ends at the next frame or tile, and nothing half-written is left.

use super::exit::Failure;
use super::serve::signalled;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Whether the user wants no stack any more.
#[derive(Debug, Clone, Default)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Looks out for signals from now on. A second one is no faster than the first.
    pub(super) fn watch() -> Result<Interrupt, Failure> {
        let interrupt = Interrupt::default();
        let seen = interrupt.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| Failure::Failed(format!("cannot wait for Ctrl-C: {e}")))?;
        let wait = move || {
            runtime.block_on(signalled());
            seen.0.store(true, Ordering::Relaxed);
        };
        // The thread ends with the process.
        let started = thread::Builder::new().name("signals".to_owned()).spawn(wait);
        started.map_err(|e| Failure::Failed(format!("cannot wait for Ctrl-C: {e}")))?;
        Ok(interrupt)
    }

    pub(super) fn seen(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
