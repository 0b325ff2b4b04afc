//! Users, passwords, sessions, rate limits, quotas.

use super::Seconds;
use serde::{Deserialize, Serialize};

/// Settings of accounts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Accounts {
    /// Whether strangers may register.
    pub open_registration: bool,
    /// Cost of bcrypt: 12 takes about 0.3 s.
    pub bcrypt_cost: u32,
    /// A session ends when nothing is heard for so long.
    pub session_idle_s: Seconds,
    /// A session ends after this in any case.
    pub session_lifetime_s: Seconds,
    /// Sign-ins that failed, for one account, within [`Accounts::login_window_s`]; then each waits longer.
    pub login_failures_per_account: u32,
    /// See above.
    pub login_window_s: Seconds,
    /// Sign-ins for one address in a minute.
    pub logins_per_minute_per_ip: u32,
    /// Registrations for one address in an hour.
    pub registrations_per_hour_per_ip: u32,
    /// Quota of tier `free`, bytes.
    pub quota_free_bytes: i64,
    /// Quota of tier `pro`, bytes.
    pub quota_pro_bytes: i64,
    /// Quota of tier `raw`, bytes.
    pub quota_raw_bytes: i64,
}

impl Default for Accounts {
    fn default() -> Accounts {
        Accounts {
            open_registration: true,
            bcrypt_cost: 12,
            session_idle_s: Seconds::new(3600),
            session_lifetime_s: Seconds::new(12 * 3600),
            login_failures_per_account: 5,
            login_window_s: Seconds::new(900),
            logins_per_minute_per_ip: 10,
            registrations_per_hour_per_ip: 5,
            // A night of one telescope is about 2 GB of raws, which go when they are stacked.
            quota_free_bytes: 10 << 30,
            quota_pro_bytes: 100 << 30,
            quota_raw_bytes: 1 << 40,
        }
    }
}
