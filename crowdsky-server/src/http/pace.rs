//! Bodies come in time or not at all: one byte an hour would hold a connection for ever.

use crate::config;
use crate::storage::ByteStream;
use futures_util::StreamExt;
use std::io;
use std::time::{Duration, Instant};

/// How long a body may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Nothing for so long ends it.
    pub(super) idle: Duration,
    /// Slower than this in the mean, from the tenth second on, ends it.
    pub(super) bytes_per_second: u64,
}

impl Pace {
    /// As the settings of uploads want it.
    pub(super) fn of(limits: &config::Uploads) -> Pace {
        Pace { idle: limits.idle_timeout_s.duration(), bytes_per_second: limits.min_bytes_per_second }
    }
}

/// Time before the mean speed counts.
const RUN_UP: Duration = Duration::from_secs(10);

/// The same bytes, with an error when they come too slowly.
pub(super) fn paced(body: ByteStream, pace: Pace) -> ByteStream {
    let state = (body, Duration::ZERO, 0u64, false);
    futures_util::stream::unfold(state, move |(mut body, mut waited, mut seen, ended)| async move {
        if ended {
            return None;
        }
        // Only the time that the sender takes: a slow storage is not their fault.
        let begin = Instant::now();
        let too_slow = |why: &str| Err(io::Error::new(io::ErrorKind::TimedOut, why));
        let item = match tokio::time::timeout(pace.idle, body.next()).await {
            Err(_) => too_slow("nothing came for too long"),
            Ok(None) => return None,
            Ok(Some(item)) => item,
        };
        waited += begin.elapsed();
        if let Ok(bytes) = &item {
            seen += bytes.len() as u64;
            if waited > RUN_UP && (seen as f64) < pace.bytes_per_second as f64 * waited.as_secs_f64() {
                return Some((too_slow("it came too slowly"), (body, waited, seen, true)));
            }
        }
        let ended = item.is_err();
        Some((item, (body, waited, seen, ended)))
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::storage::checked::{collect, once};
    use bytes::Bytes;

    #[tokio::test]
    async fn a_body_that_stops_is_broken_off() {
        let pace = Pace { idle: Duration::from_millis(20), bytes_per_second: 1 };
        let stopped = once(Bytes::from_static(b"a")).chain(futures_util::stream::pending()).boxed();
        let error = collect(paced(stopped, pace), 9).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
