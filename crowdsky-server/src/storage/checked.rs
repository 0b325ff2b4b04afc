//! Streams that must have a certain length.

use super::ByteStream;
use bytes::Bytes;
use futures_util::StreamExt;
use std::io;

/// The same bytes, with an error where there are fewer or more than `length` of them.
pub(crate) fn exactly(length: u64, body: ByteStream) -> ByteStream {
    let state = (body, length, false);
    futures_util::stream::unfold(state, |(mut body, left, done)| async move {
        if done {
            return None;
        }
        let item = match body.next().await {
            Some(Ok(bytes)) if bytes.len() as u64 <= left => {
                let left = left - bytes.len() as u64;
                return Some((Ok(bytes), (body, left, false)));
            }
            Some(Ok(_)) => Err(io::Error::new(io::ErrorKind::InvalidData, "more bytes than announced")),
            Some(Err(error)) => Err(error),
            None if left == 0 => return None,
            None => Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("{left} bytes are missing"))),
        };
        Some((item, (body, left, true)))
    })
    .boxed()
}

/// A body of one piece.
pub(crate) fn once(bytes: Bytes) -> ByteStream {
    futures_util::stream::once(async move { Ok(bytes) }).boxed()
}

/// The whole body, if it is not longer than `limit`.
pub(crate) async fn collect(mut body: ByteStream, limit: usize) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    while let Some(bytes) = body.next().await {
        let bytes = bytes?;
        if all.len() + bytes.len() > limit {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("more than {limit} bytes")));
        }
        all.extend_from_slice(&bytes);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn body(parts: &[&'static str]) -> ByteStream {
        let parts: Vec<io::Result<Bytes>> =
            parts.iter().map(|part| Ok(Bytes::from_static(part.as_bytes()))).collect();
        futures_util::stream::iter(parts).boxed()
    }

    #[tokio::test]
    async fn a_body_of_the_right_length_passes_and_others_do_not() {
        assert_eq!(collect(exactly(5, body(&["abc", "de"])), 9).await.unwrap(), b"abcde");
        assert_eq!(collect(exactly(0, body(&[])), 9).await.unwrap(), b"");
        let short = collect(exactly(6, body(&["abc", "de"])), 9).await.unwrap_err();
        assert_eq!(short.kind(), io::ErrorKind::UnexpectedEof);
        let long = collect(exactly(4, body(&["abc", "de"])), 9).await.unwrap_err();
        assert_eq!(long.kind(), io::ErrorKind::InvalidData);
        assert!(collect(body(&["abc", "de"]), 4).await.is_err());
    }
}
