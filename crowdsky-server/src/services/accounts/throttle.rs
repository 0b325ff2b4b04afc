//! How often one may try.

use super::super::{Error, Result};
use crate::config;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Addresses kept before those that have rested are forgotten.
const MANY: usize = 10_000;
/// Not more often than this: it looks at all of them.
const FORGET_EVERY: Duration = Duration::from_secs(10);

/// Tries for each address, in this process; failures for each account are in the database, for all servers.
#[derive(Debug)]
pub(super) struct Throttle {
    sign_ins: Limiter,
    registrations: Limiter,
}

/// Tries of one kind.
#[derive(Debug)]
struct Limiter {
    tries: DefaultKeyedRateLimiter<IpAddr>,
    forgot: Mutex<Instant>,
}

impl Throttle {
    pub(super) fn new(settings: &config::Accounts) -> Throttle {
        let some = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        Throttle {
            sign_ins: Limiter::new(Quota::per_minute(some(settings.logins_per_minute_per_ip))),
            registrations: Limiter::new(Quota::per_hour(some(settings.registrations_per_hour_per_ip))),
        }
    }

    pub(super) fn sign_in(&self, ip: IpAddr) -> Result<()> {
        self.sign_ins.check(ip)
    }

    pub(super) fn registration(&self, ip: IpAddr) -> Result<()> {
        self.registrations.check(ip)
    }
}

impl Limiter {
    fn new(quota: Quota) -> Limiter {
        Limiter { tries: RateLimiter::keyed(quota), forgot: Mutex::new(Instant::now()) }
    }

    fn check(&self, ip: IpAddr) -> Result<()> {
        if self.tries.len() > MANY {
            let mut forgot = self.forgot.lock().unwrap_or_else(PoisonError::into_inner);
            if forgot.elapsed() > FORGET_EVERY {
                *forgot = Instant::now();
                self.tries.retain_recent();
            }
        }
        // One IPv6 customer has 2^64 addresses: they count as one.
        let ip = match ip {
            IpAddr::V6(ip) => IpAddr::V6((u128::from(ip) & !u128::from(u64::MAX)).into()),
            v4 => v4,
        };
        self.tries.check_key(&ip).map_err(|not_until| {
            metrics::counter!("crowdsky_rate_limited_total").increment(1);
            Error::TooMany { retry_after: not_until.wait_time_from(DefaultClock::default().now()) }
        })
    }
}

/// After `free` failures, the next try has to wait since the last one: 2 s, 4 s, ... a minute. Nobody is locked out for good,
/// for then anybody could lock out anybody.
pub(super) fn after_failures(failures: i64, since: Option<Duration>, free: u32) -> Result<()> {
    let over = failures - i64::from(free);
    let Some(since) = since.filter(|_| over >= 0) else { return Ok(()) };
    let wait = Duration::from_secs(1 << (over + 1).min(6)).min(Duration::from_secs(60));
    match wait.checked_sub(since) {
        Some(left) if !left.is_zero() => Err(Error::TooMany { retry_after: left }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u12_failures_make_the_next_try_wait() {
        let just_now = Some(Duration::ZERO);
        assert!(after_failures(4, just_now, 5).is_ok());
        assert!(
            matches!(after_failures(5, just_now, 5), Err(Error::TooMany { retry_after }) if retry_after.as_secs() == 2)
        );
        assert!(after_failures(5, Some(Duration::from_secs(3)), 5).is_ok());
        assert!(
            matches!(after_failures(99, just_now, 5), Err(Error::TooMany { retry_after }) if retry_after.as_secs() == 60)
        );
    }
}
