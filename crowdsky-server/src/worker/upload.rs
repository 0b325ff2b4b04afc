//! A body on its way out, and whoever watches it: a slow line may take an hour, a dead one is given up.

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Bytes of a piece: small enough that a slow line shows that it moves.
pub(super) const PIECE: usize = 64 << 10;

/// When a piece was last asked for.
#[derive(Debug)]
pub(super) struct Upload(Mutex<Instant>);

impl Upload {
    /// Ends when nothing has moved for `limit`.
    pub(super) async fn stalled(&self, limit: Duration) {
        loop {
            let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let left = limit.saturating_sub(last.elapsed());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }
}

/// The same pieces, and who knows when one was last asked for.
pub(super) fn watched(
    pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> (impl Stream<Item = io::Result<Bytes>> + Send + 'static, Arc<Upload>) {
    let upload = Arc::new(Upload(Mutex::new(Instant::now())));
    let seen = upload.clone();
    let pieces =
        pieces.inspect(move |_| *seen.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now());
    (pieces, upload)
}
