//! A stored object as an answer: its status is sent when the storage has answered, never before (U-27).

use super::api::{Wanted, range};
use crate::app::App;
use crate::objects::StoredObject;
use crate::services;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa::IntoParams;

/// How an object is sent.
#[derive(Debug)]
pub(super) struct Sending<'a> {
    /// Which.
    pub(super) object: &'a StoredObject,
    /// Its media type.
    pub(super) kind: &'static str,
    /// The name it is saved under; shown in the page if there is none.
    pub(super) save_as: Option<String>,
}

/// For the description only; [`Sending::answer`] reads it.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "describes headers")]
pub(super) struct Known {
    /// `ETag` of what you have.
    #[param(rename = "If-None-Match")]
    if_none_match: Option<String>,
    /// `ETag` of what you have a part of: `Range` counts only if it is still that.
    #[param(rename = "If-Range")]
    if_range: Option<String>,
}

impl Sending<'_> {
    /// The answer to a request with these headers: 200, 206, 304 or 416.
    pub(super) async fn answer(self, app: &App, asking: &HeaderMap) -> services::Result<Response> {
        let size = u64::try_from(self.object.size).unwrap_or(0);
        let etag = format!("\"{}\"", self.object.sha256);
        if matches(asking, &header::IF_NONE_MATCH, &etag) {
            return Ok(self.with_headers(StatusCode::NOT_MODIFIED.into_response(), &etag));
        }
        let range = match asked(asking, &etag, size) {
            Wanted::All => None,
            Wanted::Part(range) => Some(range),
            Wanted::Nothing => {
                let whole = [(header::CONTENT_RANGE, format!("bytes */{size}"))];
                return Ok((StatusCode::RANGE_NOT_SATISFIABLE, whole).into_response());
            }
        };
        let blob = app.stacks.open(self.object, range.clone()).await?;
        let length = blob.range.end - blob.range.start;
        let mut response = Response::new(Body::from_stream(blob.stream));
        if let Some(range) = range {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let part = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            set(response.headers_mut(), header::CONTENT_RANGE, &part);
        }
        set(response.headers_mut(), header::CONTENT_LENGTH, &length.to_string());
        set(response.headers_mut(), header::CONTENT_TYPE, self.kind);
        if let Some(name) = &self.save_as {
            // The last parameter, quoted, and no filename*: clients of the original cut it out by hand.
            set(
                response.headers_mut(),
                header::CONTENT_DISPOSITION,
                &format!("attachment; filename=\"{name}\""),
            );
        }
        Ok(self.with_headers(response, &etag))
    }

    fn with_headers(&self, mut response: Response, etag: &str) -> Response {
        let headers = response.headers_mut();
        set(headers, header::ETAG, etag);
        set(headers, header::ACCEPT_RANGES, "bytes");
        // An object never changes under its number.
        set(headers, header::CACHE_CONTROL, "private, max-age=31536000, immutable");
        response
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Whether one of the tags of a header is this one.
fn matches(headers: &HeaderMap, name: &HeaderName, etag: &str) -> bool {
    let tags = text(headers, name).unwrap_or_default().split(',').map(str::trim);
    tags.into_iter().any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}

/// The part that is asked for; the whole where the part would be of another object than the client has.
fn asked(headers: &HeaderMap, etag: &str, size: u64) -> Wanted {
    if headers.contains_key(header::IF_RANGE) && !matches(headers, &header::IF_RANGE, etag) {
        return Wanted::All;
    }
    range(headers, size)
}

/// A name for a file of a user: what is not in `[a-zA-Z0-9._+-]` becomes `_` (U-19).
pub(super) fn safe_name(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "._+-".contains(c) { c } else { '_' };
    name.chars().map(safe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u27_a_part_of_another_object_is_not_sent() {
        let asked = |if_range: Option<&'static str>| {
            let mut headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static("bytes=0-9"))]);
            headers.extend(if_range.map(|tag| (header::IF_RANGE, HeaderValue::from_static(tag))));
            asked(&headers, "\"tag\"", 100)
        };
        assert_eq!((asked(None), asked(Some("\"tag\""))), (Wanted::Part(0..10), Wanted::Part(0..10)));
        assert_eq!(asked(Some("\"other\"")), Wanted::All);
    }

    #[test]
    fn u19_names_are_plain() {
        assert_eq!(safe_name("M 42\"; filename*=x/../\r\n\u{e9}.fits"), "M_42___filename__x_..____.fits");
        assert_eq!(safe_name("NGC7023_20250115.78_83.6_+22.0.fits"), "NGC7023_20250115.78_83.6_+22.0.fits");
    }
}
