//! How long a worker waits after the server has failed.

use std::time::Duration;

/// Doubles with every failure, from half a second to a cap; half of it by chance, so that a hundred workers do not come back
/// together (U-29).
#[derive(Debug)]
pub(super) struct Backoff {
    failures: u32,
    cap: Duration,
}

impl Backoff {
    pub(super) fn new(cap: Duration) -> Backoff {
        Backoff { failures: 0, cap }
    }

    /// It worked.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// It did not: how long to wait. `asked` is what the other side wishes; `chance` is from 0 to 1.
    pub(super) fn next(&mut self, asked: Option<Duration>, chance: f64) -> Duration {
        let grown = Duration::from_millis(500).saturating_mul(1 << self.failures.min(16)).min(self.cap);
        self.failures = self.failures.saturating_add(1);
        grown.mul_f64(0.5 + 0.5 * chance).max(asked.unwrap_or_default().min(self.cap))
    }
}

/// A random number from 0 to 1.
pub(super) fn chance() -> f64 {
    let mut bytes = [0; 4];
    // Without randomness there is no spread, and nothing worse.
    let _ = getrandom::fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u29_pauses_grow_to_their_cap_and_start_anew() {
        let mut backoff = Backoff::new(Duration::from_secs(60));
        let pauses: Vec<_> = (0..9).map(|_| backoff.next(None, 1.0).as_millis()).collect();
        assert_eq!(pauses, [500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
        backoff.reset();
        assert_eq!(backoff.next(None, 0.0), Duration::from_millis(250));
        assert_eq!(backoff.next(Some(Duration::from_secs(7)), 0.0), Duration::from_secs(7));
        assert_eq!(backoff.next(Some(Duration::from_secs(900)), 0.0), Duration::from_secs(60));
    }
}
