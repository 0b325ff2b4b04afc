//! A body as it comes.

use crate::storage::ByteStream;
use bytes::Bytes;
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

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
}
