//! Forms as browsers send them: a few short fields, and at most one file, which is never held whole.

use super::extract::{SignedIn, csrf_header};
use crate::storage::ByteStream;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use futures_util::StreamExt;
use std::collections::BTreeMap;
use std::io;

/// Bytes of a form without a file, and of a field beside one.
const FIELDS_BYTES: usize = 64 << 10;
const FIELD_BYTES: u64 = 4 << 10;

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
    async fn read_parts(&mut self, body: axum::body::Body, boundary: String) {
        // The file's size is the business of who takes it.
        let sizes = multer::SizeLimit::new().per_field(FIELD_BYTES).for_field("file", u64::MAX);
        let limits = multer::Constraints::new().size_limit(sizes);
        let mut parts = multer::Multipart::with_constraints(body.into_data_stream(), boundary, limits);
        while let Ok(Some(part)) = parts.next_field().await {
            let Some(field) = part.name().map(str::to_owned) else { continue };
            if field == "file" {
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
