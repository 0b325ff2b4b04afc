//! What is deleted when.

use super::Seconds;
use serde::{Deserialize, Serialize};

/// Settings of the janitor.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Upkeep {
    /// Raws, stacks and jobs are deleted so long after they could be: a backup younger than this is consistent.
    pub grace_s: Seconds,
    /// How often the janitor comes.
    pub every_s: Seconds,
    /// Deletes at once.
    pub batch: i64,
    /// Longest pause after a delete that failed.
    pub retry_cap_s: Seconds,
    /// Ended sessions, failures and cancelled jobs are forgotten after this.
    pub keep_records_s: Seconds,
    /// Objects no row knows are orphans when they are older than this.
    pub orphan_age_s: Seconds,
}

impl Default for Upkeep {
    fn default() -> Upkeep {
        Upkeep {
            grace_s: Seconds::new(24 * 3600),
            every_s: Seconds::new(15),
            batch: 200,
            retry_cap_s: Seconds::new(3600),
            keep_records_s: Seconds::new(30 * 24 * 3600),
            orphan_age_s: Seconds::new(2 * 24 * 3600),
        }
    }
}
