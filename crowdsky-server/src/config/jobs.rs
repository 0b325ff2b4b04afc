//! Leases, attempts, delays.

use super::Seconds;
use crate::store::Backoff;
use serde::{Deserialize, Serialize};

/// Rules of the queue.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Jobs {
    /// How long a lease lasts without a heartbeat. Jobs take 5 to 120 s.
    pub lease_s: Seconds,
    /// How often workers are asked to give a sign.
    pub heartbeat_s: Seconds,
    /// How long a lease lasts for workers that give no sign (`next_job.php`).
    pub legacy_lease_s: Seconds,
    /// Attempts before a job is given up: one and three more.
    pub max_attempts: i64,
    /// Delay after the first failed attempt.
    pub backoff_first_s: Seconds,
    /// Growth of the delay.
    pub backoff_factor: f64,
    /// Longest delay.
    pub backoff_cap_s: Seconds,
    /// How often leases that are over are looked for.
    pub reap_every_s: Seconds,
    /// How long a claim may wait for a job.
    pub long_poll_s: Seconds,
}

impl Jobs {
    /// The delay rule.
    pub fn backoff(&self) -> Backoff {
        Backoff {
            first: self.backoff_first_s.duration(),
            factor: self.backoff_factor,
            cap: self.backoff_cap_s.duration(),
            jitter: 0.2,
        }
    }
}

impl Default for Jobs {
    fn default() -> Jobs {
        Jobs {
            lease_s: Seconds::new(120),
            heartbeat_s: Seconds::new(30),
            legacy_lease_s: Seconds::new(1800),
            max_attempts: 4,
            backoff_first_s: Seconds::new(30),
            backoff_factor: 4.0,
            backoff_cap_s: Seconds::new(3600),
            reap_every_s: Seconds::new(15),
            long_poll_s: Seconds::new(30),
        }
    }
}
