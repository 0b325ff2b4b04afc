//! Wakes those who wait for a job in this process. Other servers' workers look at the database every second.

use std::sync::Arc;
use tokio::sync::Notify;

/// Rung when there may be a new job. All clones are one bell.
#[derive(Debug, Clone, Default)]
pub struct Doorbell(Arc<Notify>);

impl Doorbell {
    /// Wakes all who wait.
    pub fn ring(&self) {
        self.0.notify_waiters();
    }

    /// Waits for the next ring.
    pub async fn wait(&self) {
        self.0.notified().await;
    }
}
