//! Which failures deserve a second try, and when.

use crate::config::Retry;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use std::time::{Duration, SystemTime};

/// Busy, locked, broken for the moment: 500 is what nginx and PHP say to much that passes.
pub(crate) fn is_passing(status: u16) -> bool {
    matches!(status, 423 | 429 | 500 | 502 | 503 | 504)
}

/// The wait that the server asks for: seconds, or a date.
pub(crate) fn asked_wait(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// How long to wait before try `attempt + 1`. Full jitter: many workers that failed together do not come back together.
pub(crate) fn wait(retry: &Retry, attempt: u32, asked: Option<Duration>) -> Duration {
    let most = retry.base.saturating_mul(1 << attempt.min(16)).min(retry.cap);
    // Without a random number, the longest wait serves as well.
    let share = getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX));
    asked.map_or(most.mul_f64(share), |asked| asked.min(retry.cap))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(RETRY_AFTER, value.parse().expect("a header"))])
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH;
        assert_eq!(asked_wait(&headers("7"), now), Some(Duration::from_secs(7)));
        assert_eq!(asked_wait(&headers("Thu, 01 Jan 1970 00:01:00 GMT"), now), Some(Duration::from_secs(60)));
        assert_eq!(asked_wait(&headers("soon"), now), None);
    }

    #[test]
    fn no_wait_is_longer_than_the_cap() {
        let retry = Retry { attempts: 9, base: Duration::from_secs(1), cap: Duration::from_secs(3) };
        assert_eq!(wait(&retry, 0, Some(Duration::from_secs(999))), retry.cap);
        assert!((0..100).all(|attempt| wait(&retry, attempt, None) <= retry.cap));
    }
}
