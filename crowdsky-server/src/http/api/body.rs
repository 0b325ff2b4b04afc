//! What requests and answers say of a body: its hash, its part.

use crate::http::error::ApiError;
use crate::secret::unhex;
use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::ops::Range;
use utoipa::IntoParams;

/// The SHA-256 in `Content-Digest` (RFC 9530), if it has one.
pub(in crate::http) fn content_digest(headers: &HeaderMap) -> Result<Option<[u8; 32]>, ApiError> {
    let Some(value) = headers.get("content-digest") else { return Ok(None) };
    let bad = || {
        let detail = "Content-Digest is to be sha-256=:BASE64: with the hash of the body.";
        ApiError::new(StatusCode::BAD_REQUEST, "bad_digest", detail)
    };
    let text = value.to_str().map_err(|_| bad())?;
    let mut fields = text.split(',').filter_map(|field| field.trim().strip_prefix("sha-256="));
    // Another algorithm alone says nothing that we check.
    let Some(field) = fields.next() else { return Ok(None) };
    let base64 = field.strip_prefix(':').and_then(|field| field.strip_suffix(':')).ok_or_else(bad)?;
    let bytes = STANDARD.decode(base64).map_err(|_| bad())?;
    bytes.try_into().map(Some).map_err(|_| bad())
}

/// `sha-256=:BASE64:` of a hexadecimal hash.
pub(in crate::http) fn digest_header(sha256: &str) -> Option<String> {
    unhex::<32>(sha256).map(|bytes| format!("sha-256=:{}:", STANDARD.encode(bytes)))
}

/// `Content-Length`, if it is there and a number.
pub(in crate::http) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// A part that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) enum Wanted {
    /// All of it.
    All,
    /// These bytes.
    Part(Range<u64>),
    /// Bytes that are not there: 416.
    Nothing,
}

/// For the description only; [`range`] reads it.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "describes a header")]
pub(in crate::http) struct Part {
    /// `bytes=FIRST-LAST`; what is not understood is answered whole.
    #[param(rename = "Range")]
    range: Option<String>,
}

/// The single range of `Range: bytes=...` for an object of `size` bytes. What is not understood is answered whole, as RFC 9110
/// wants it.
pub(in crate::http) fn range(headers: &HeaderMap, size: u64) -> Wanted {
    let text = headers.get(header::RANGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Wanted::All;
    };
    let range = match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Ok(first), Err(_)) if last.trim().is_empty() => first..size,
        (Err(_), Ok(length)) if first.trim().is_empty() => size.saturating_sub(length)..size,
        _ => return Wanted::All,
    };
    if range.start >= range.end { Wanted::Nothing } else { Wanted::Part(range) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use axum::http::HeaderValue;

    fn asked(text: &'static str) -> Wanted {
        range(&HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static(text))]), 100)
    }

    #[test]
    fn ranges() {
        assert_eq!(range(&HeaderMap::new(), 100), Wanted::All);
        assert_eq!((asked("bytes=0-9"), asked("bytes=90-")), (Wanted::Part(0..10), Wanted::Part(90..100)));
        assert_eq!(
            (asked("bytes=-5"), asked("bytes=50-999")),
            (Wanted::Part(95..100), Wanted::Part(50..100))
        );
        assert_eq!((asked("bytes=100-"), asked("bytes=-0")), (Wanted::Nothing, Wanted::Nothing));
        let odd = ["bytes=9-1", "lines=1-2", "bytes=1-2,4-5", "bytes=a-b"];
        assert!(odd.into_iter().all(|text| asked(text) == Wanted::All));
    }

    #[test]
    fn digests_there_and_back() {
        let sha256 = crate::secret::sha256(b"abc");
        let header = digest_header(&crate::secret::hex(&sha256)).unwrap();
        let headers =
            |text: &str| HeaderMap::from_iter([("content-digest".parse().unwrap(), text.parse().unwrap())]);
        assert_eq!(content_digest(&headers(&header)).unwrap(), Some(sha256));
        assert_eq!(content_digest(&headers(&format!("md5=:AA==:, {header}"))).unwrap(), Some(sha256));
        assert_eq!(content_digest(&headers("md5=:AA==:")).unwrap(), None);
        assert!(content_digest(&headers("sha-256=:AA==:")).is_err());
        assert!(content_digest(&headers("sha-256=nonsense")).is_err());
    }
}
