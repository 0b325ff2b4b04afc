//! What an upload may be.

use super::Seconds;
use serde::{Deserialize, Serialize};

/// Limits of uploads.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Uploads {
    /// Bytes of one file.
    pub max_file_bytes: u64,
    /// Files of one session.
    pub max_files: i64,
    /// Open sessions of one user.
    pub max_open_sessions: i64,
    /// Files on their way at once, of one user.
    pub parallel_per_user: usize,
    /// Files on their way at once, in all.
    pub parallel: usize,
    /// Nothing comes for so long: the upload is broken off.
    pub idle_timeout_s: Seconds,
    /// Slower than this, averaged from the tenth second on: the upload is broken off.
    pub min_bytes_per_second: u64,
    /// 2880-byte blocks of a header.
    pub max_header_blocks: usize,
    /// An open session expires so long after it was opened, or after its last frame came.
    pub session_lifetime_s: Seconds,
}

impl Default for Uploads {
    fn default() -> Uploads {
        Uploads {
            max_file_bytes: 50 << 20,
            max_files: 5000,
            max_open_sessions: 20,
            parallel_per_user: 8,
            parallel: 64,
            idle_timeout_s: Seconds::new(30),
            min_bytes_per_second: 8 << 10,
            max_header_blocks: crowdsky_fits::Refusal::HEADER_BLOCKS,
            session_lifetime_s: Seconds::new(24 * 3600),
        }
    }
}
