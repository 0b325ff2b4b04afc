//! Forms as browsers send them: a few short fields, and at most one file, which is never held whole.

use super::extract::{SignedIn, csrf_header};
use crate::storage::ByteStream;
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, ready};

/// Bytes of a form without a file, and of a field beside one.
const FIELDS_BYTES: usize = 64 << 10;
const FIELD_BYTES: u64 = 4 << 10;
/// Fields of a form: ours have six.
const FIELDS: usize = 32;

/// A form that was sent.
pub(super) struct Form {
    fields: BTreeMap<String, String>,
    headers: HeaderMap,
    /// The part called `file`, with what the browser calls it. Fields after it are not read.
    pub(super) file: Option<FilePart>,
}

/// A file on its way.
pub(super) struct FilePart {
    /// As the browser calls it; empty if none was chosen.
    pub(super) name: String,
    /// Its bytes.
    pub(super) body: ByteStream,
}

impl Form {
    /// A field; empty if there is none. An array-typed field (`name[]`) is another field.
    pub(super) fn get(&self, name: &str) -> &str {
        self.fields.get(name).map(String::as_str).unwrap_or_default()
    }

    /// A field that is a number of a row.
    pub(super) fn id(&self, name: &str) -> Option<i64> {
        self.get(name).parse().ok().filter(|id| *id > 0)
    }

    /// Whether the form token is there, in the header or in a field, and belongs to the cookie (U-15).
    pub(super) fn is_of(&self, user: &SignedIn) -> bool {
        user.token.allows(csrf_header(&self.headers)) || user.token.allows(self.get("csrf_token"))
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = std::convert::Infallible;

    // What cannot be read is a form without fields: it fails where its token is asked for.
    async fn from_request(request: Request, _: &S) -> Result<Form, std::convert::Infallible> {
        let (parts, body) = request.into_parts();
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let mut form = Form { fields: BTreeMap::new(), headers: parts.headers.clone(), file: None };
        match kind.map(multer::parse_boundary) {
            Some(Ok(boundary)) => form.read_parts(body, boundary).await,
            _ => {
                if let Ok(bytes) = axum::body::to_bytes(body, FIELDS_BYTES).await {
                    form.fields.extend(url::form_urlencoded::parse(&bytes).into_owned());
                }
            }
        }
        Ok(form)
    }
}

impl Form {
    async fn read_parts(&mut self, body: Body, boundary: String) {
        // The file's size is the business of who takes it.
        let sizes = multer::SizeLimit::new().per_field(FIELD_BYTES).for_field("file", u64::MAX);
        let limits = multer::Constraints::new().size_limit(sizes);
        let (body, all_of_it) = piecewise(body);
        let mut parts = multer::Multipart::with_constraints(body, boundary, limits);
        for _ in 0..FIELDS {
            let Ok(Some(part)) = parts.next_field().await else { return };
            let Some(field) = part.name().map(str::to_owned) else { continue };
            if field == "file" {
                all_of_it.store(true, Ordering::Relaxed);
                let name = part.file_name().unwrap_or_default().to_owned();
                let body = part.map(|bytes| bytes.map_err(io::Error::other)).boxed();
                self.file = Some(FilePart { name, body });
                return;
            }
            let Ok(text) = part.text().await else { return };
            self.fields.insert(field, text);
        }
    }
}

/// The body, a piece each time it is asked, and an error after `FIELDS_BYTES` until the flag is set.
///
/// The parser asks again and again until nothing is there, and keeps all it gets: a part's head without end, or a thousand
/// million fields, would lie in memory before anybody has signed in. With a pause after each piece it looks at that one first.
fn piecewise(body: Body) -> (impl Stream<Item = io::Result<Bytes>> + Send + Unpin, Arc<AtomicBool>) {
    let all_of_it = Arc::new(AtomicBool::new(false));
    let (unlimited, mut body) = (all_of_it.clone(), body.into_data_stream());
    let (mut seen, mut rests) = (0, false);
    let pieces = futures_util::stream::poll_fn(move |context| {
        if std::mem::take(&mut rests) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let piece = ready!(body.poll_next_unpin(context));
        rests = true;
        if seen > FIELDS_BYTES && !unlimited.load(Ordering::Relaxed) {
            return Poll::Ready(Some(Err(io::Error::other("the form is too long"))));
        }
        let piece = piece.map(|piece| piece.map_err(io::Error::other));
        seen += piece.as_ref().and_then(|piece| piece.as_ref().ok()).map_or(0, Bytes::len);
        Poll::Ready(piece)
    });
    (pieces, all_of_it)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::storage::checked::collect;

    async fn read(pieces: impl Stream<Item = &'static [u8]> + Send + 'static) -> Form {
        let body = Body::from_stream(pieces.map(|piece| Ok::<_, io::Error>(Bytes::from_static(piece))));
        let request = Request::builder().header("content-type", "multipart/form-data; boundary=X").body(body);
        let Ok(form) = Form::from_request(request.unwrap(), &()).await;
        form
    }

    #[tokio::test]
    async fn fields_and_a_file_of_any_length() {
        let head = b"--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--X\r\nContent-Disposition: form-data; \
            name=\"file\"; filename=\"b.fit\"\r\n\r\n";
        static LONG: [u8; 50_000] = [7; 50_000];
        let pieces =
            [&head[..]].into_iter().chain(std::iter::repeat_n(&LONG[..], 9)).chain([&b"\r\n--X--"[..]]);
        let mut form = read(futures_util::stream::iter(pieces)).await;
        let file = form.file.take().unwrap();
        assert_eq!((form.get("a"), file.name.as_str()), ("1", "b.fit"));
        assert_eq!(collect(file.body, 1 << 20).await.unwrap().len(), 9 * LONG.len());
    }

    #[tokio::test]
    async fn u21_heads_and_fields_without_end_are_not_kept() {
        static SPACES: [u8; 30_000] = [b' '; 30_000];
        let begin = [&b"--X\r\nContent-Disposition: form-data; name=\"a\"\r\nx: "[..]];
        let endless = begin.into_iter().chain(std::iter::repeat(&SPACES[..]));
        assert!(read(futures_util::stream::iter(endless)).await.fields.is_empty());
        let field = &b"--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"[..];
        assert_eq!(read(futures_util::stream::iter(std::iter::repeat(field))).await.fields.len(), 1);
    }
}
