//! A stored object as an answer: its status is sent when the storage has answered, never before (U-27).

use crate::app::App;
use crate::objects::StoredObject;
use crate::services;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::ops::Range;

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

/// What the request asks for.
enum Asked {
    Whole,
    Part(Range<u64>),
    Nothing,
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
            Asked::Whole => None,
            Asked::Part(range) => Some(range),
            Asked::Nothing => {
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

/// One part, or the whole: several parts at once are answered with the whole, as is what cannot be read.
fn asked(headers: &HeaderMap, etag: &str, size: u64) -> Asked {
    if headers.contains_key(header::IF_RANGE) && !matches(headers, &header::IF_RANGE, etag) {
        return Asked::Whole;
    }
    let Some(spec) = text(headers, &header::RANGE).and_then(|range| range.trim().strip_prefix("bytes="))
    else {
        return Asked::Whole;
    };
    let Some((first, last)) = spec.split_once('-') else { return Asked::Whole };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Some(first), None) if last.trim().is_empty() => first..size,
        (None, Some(last)) if first.trim().is_empty() => size.saturating_sub(last)..size,
        _ => return Asked::Whole,
    };
    if range.start >= range.end { Asked::Nothing } else { Asked::Part(range) }
}

/// A name for a file of a user: what is not in `[a-zA-Z0-9._+-]` becomes `_` (U-19).
pub(super) fn safe_name(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "._+-".contains(c) { c } else { '_' };
    name.chars().map(safe).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn part(range: &str, more: &[(HeaderName, &'static str)]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, HeaderValue::from_str(range).unwrap());
        for (name, value) in more {
            headers.insert(name, HeaderValue::from_static(value));
        }
        match asked(&headers, "\"tag\"", 100) {
            Asked::Whole => "whole".to_owned(),
            Asked::Part(range) => format!("{range:?}"),
            Asked::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn u27_parts_of_a_file() {
        let asked = ["bytes=0-9", "bytes=90-", "bytes=-10", "bytes=95-200", "bytes=100-", "bytes=-0"];
        let given = ["0..10", "90..100", "90..100", "95..100", "nothing", "nothing"];
        assert_eq!(asked.map(|range| part(range, &[])), given);
        for odd in ["bytes=0-9,20-29", "bytes=9-0", "lines=1-2", "bytes=a-b", "bytes=5", "bytes=--5"] {
            assert_eq!(part(odd, &[]), "whole", "{odd}");
        }
        assert_eq!(part("bytes=0-9", &[(header::IF_RANGE, "\"tag\"")]), "0..10");
        assert_eq!(part("bytes=0-9", &[(header::IF_RANGE, "\"other\"")]), "whole");
    }

    #[test]
    fn u19_names_are_plain() {
        assert_eq!(safe_name("M 42\"; filename*=x/../\r\n\u{e9}.fits"), "M_42___filename__x_.._____.fits");
        assert_eq!(safe_name("NGC7023_20250115.78_83.6_+22.0.fits"), "NGC7023_20250115.78_83.6_+22.0.fits");
    }
}
