//! A body as it comes.

use crate::config;
use crate::storage::ByteStream;
use bytes::Bytes;
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a body may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Nothing for so long ends it.
    pub(crate) idle: Duration,
    /// Slower than this in the mean, from the tenth second on, ends it.
    pub(crate) bytes_per_second: u64,
}

impl Pace {
    /// As the settings of uploads want it.
    pub(crate) fn of(limits: &config::Uploads) -> Pace {
        Pace { idle: limits.idle_timeout_s.duration(), bytes_per_second: limits.min_bytes_per_second }
    }
}

/// Time before the mean speed counts.
const RUN_UP: Duration = Duration::from_secs(10);

/// The same bytes, with an error when they come too slowly.
pub(crate) fn paced(body: ByteStream, pace: Pace) -> ByteStream {
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
    // What is left over is read by `drain`, which may come after the end.
    .fuse()
    .boxed()
}

/// The hash of what has passed by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Passed(Arc<Mutex<Sha256>>);

impl Passed {
    /// The hash; of everything, once the body has ended.
    pub(crate) fn sha256(&self) -> [u8; 32] {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone().finalize().into()
    }
}

/// The same bytes, hashed on their way.
pub(crate) fn hashed(body: ByteStream) -> (ByteStream, Passed) {
    let passed = Passed::default();
    let hash = passed.clone();
    let body = body.map(move |item| {
        if let Ok(bytes) = &item {
            hash.0.lock().unwrap_or_else(PoisonError::into_inner).update(bytes);
        }
        item
    });
    (body.boxed(), passed)
}

/// Time for what nobody needs any more.
const DRAIN: Duration = Duration::from_secs(30);

/// Reads what the client still sends, up to `limit` bytes and half a minute, so that it can read the answer.
pub(crate) async fn drain(mut body: ByteStream, limit: u64) {
    let read = async {
        let mut seen = 0;
        while let Some(Ok(bytes)) = body.next().await {
            seen += bytes.len() as u64;
            if seen > limit {
                return;
            }
        }
    };
    // Whoever has not sent it by then gets the answer with the connection's end.
    let _ = tokio::time::timeout(DRAIN, read).await;
}

/// First some bytes, then the rest.
pub(crate) fn chained(first: Bytes, rest: ByteStream) -> ByteStream {
    crate::storage::checked::once(first).chain(rest).boxed()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::storage::checked::{collect, once};

    #[tokio::test]
    async fn what_passes_is_hashed() {
        let (body, passed) = hashed(chained(Bytes::from_static(b"a"), once(Bytes::from_static(b"bc"))));
        assert_eq!(collect(body, 9).await.unwrap(), b"abc");
        assert_eq!(passed.sha256(), crate::secret::sha256(b"abc"));
    }

    #[tokio::test]
    async fn a_body_that_stops_is_broken_off() {
        let pace = Pace { idle: Duration::from_millis(20), bytes_per_second: 1 };
        let stopped = once(Bytes::from_static(b"a")).chain(futures_util::stream::pending()).boxed();
        let error = collect(paced(stopped, pace), 9).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
