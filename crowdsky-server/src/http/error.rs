//! The only place where a failure becomes a status: as a problem for programs (RFC 9457), as `{"error": ...}` for the `.php`
//! addresses, as a page for people.

use super::render;
use crate::secret::random_hex;
use crate::{services, storage, store};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use std::time::Duration;
use utoipa::ToSchema;

/// A problem (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Problem {
    /// The status again.
    pub(super) status: u16,
    /// Stable, for programs.
    pub(super) code: String,
    /// What it is, in a few words.
    pub(super) title: String,
    /// One sentence for people: what is wrong, and what to do.
    pub(super) detail: String,
}

/// What is told of a failure.
#[derive(Debug, Clone)]
struct Told {
    status: StatusCode,
    code: &'static str,
    detail: String,
    retry_after: Option<Duration>,
}

impl Told {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Told {
        Told { status, code, detail: detail.into(), retry_after: None }
    }

    fn again(mut self, after: Duration) -> Told {
        self.retry_after = Some(after);
        self
    }
}

fn told(error: &services::Error) -> Told {
    use services::Error as Service;
    let detail = error.to_string();
    match error {
        Service::NotFound(_) => Told::new(StatusCode::NOT_FOUND, "not_found", detail),
        Service::BadInput { code, .. } => Told::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail),
        Service::TooLarge { .. } => Told::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail),
        Service::Unauthorised(_) => Told::new(StatusCode::UNAUTHORIZED, "unauthorised", detail),
        Service::Forbidden(_) => Told::new(StatusCode::FORBIDDEN, "forbidden", detail),
        Service::TooMany { retry_after } => {
            Told::new(StatusCode::TOO_MANY_REQUESTS, "too_many", detail).again(*retry_after)
        }
        Service::Busy { retry_after } => {
            Told::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail).again(*retry_after)
        }
        Service::BrokenOff(_) => Told::new(StatusCode::REQUEST_TIMEOUT, "broken_off", detail),
        Service::Store(error) => told_by_rows(error),
        Service::Storage(error) => told_by_storage(error),
        Service::Internal(_) => internal(error),
    }
}

fn told_by_rows(error: &store::Error) -> Told {
    use store::Error as Rows;
    let sentence = capitalised(&error.to_string());
    match error {
        Rows::NotFound(_) => Told::new(StatusCode::NOT_FOUND, "not_found", sentence),
        Rows::Conflict(_) => Told::new(StatusCode::CONFLICT, "conflict", sentence),
        Rows::WrongState { .. } => Told::new(StatusCode::CONFLICT, "wrong_state", sentence),
        Rows::Changed => Told::new(StatusCode::CONFLICT, "changed", sentence),
        Rows::LeaseLost => Told::new(StatusCode::CONFLICT, "lease_lost", sentence),
        Rows::Limit { .. } => Told::new(StatusCode::CONFLICT, "limit", sentence),
        Rows::OutOfQuota { used, limit, .. } => {
            let mb = |bytes: &i64| bytes / 1_000_000;
            let detail = format!(
                "Your storage is full: {} of {} MB are used. Delete stacks you do not need, or wait until raws are stacked.",
                mb(used),
                mb(limit)
            );
            Told::new(StatusCode::INSUFFICIENT_STORAGE, "quota_exceeded", detail)
        }
        Rows::Unavailable { retry_after, .. } => {
            tracing::error!(error = %chain(error), "the database is not available");
            Told::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", sentence).again(*retry_after)
        }
        _ => internal(error),
    }
}

fn told_by_storage(error: &storage::Error) -> Told {
    use storage::Error as Storage;
    match error {
        Storage::Full { .. } => {
            tracing::error!(%error, "no room");
            let detail = "The server has no room for more at the moment. Please try again later.";
            Told::new(StatusCode::INSUFFICIENT_STORAGE, "storage_full", detail)
                .again(Duration::from_secs(600))
        }
        Storage::Unavailable { retry_after, .. } => {
            tracing::error!(error = %chain(error), "a storage is not available");
            let detail = format!(
                "The storage does not answer. Please try again in {} s.",
                retry_after.as_secs().max(1)
            );
            Told::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).again(*retry_after)
        }
        Storage::Source { .. } => {
            Told::new(StatusCode::REQUEST_TIMEOUT, "broken_off", capitalised(&error.to_string()))
        }
        _ => internal(error),
    }
}

/// A fault of ours: the log has the cause, the user a number by which it is found there.
fn internal(error: &dyn std::error::Error) -> Told {
    let number = random_hex::<6>();
    tracing::error!(number, error = %chain(error), "an internal error");
    let detail = format!("Something went wrong on the server. Tell its operator this number: {number}.");
    Told::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first: String = letters.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

fn with_headers(told: &Told, mut response: Response) -> Response {
    let headers = response.headers_mut();
    if let Some(after) = told.retry_after
        && let Ok(seconds) = HeaderValue::from_str(&after.as_secs_f64().ceil().max(1.0).to_string())
    {
        headers.insert(header::RETRY_AFTER, seconds);
    }
    if told.status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A failure as a problem, for `/api/v1`.
#[derive(Debug)]
pub(super) struct ApiError(Told);

impl ApiError {
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> ApiError {
        ApiError(Told::new(status, code, detail))
    }
}

impl<E: Into<services::Error>> From<E> for ApiError {
    fn from(error: E) -> ApiError {
        ApiError(told(&error.into()))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let told = self.0;
        let problem = Problem {
            status: told.status.as_u16(),
            code: told.code.to_owned(),
            title: told.status.canonical_reason().unwrap_or("Error").to_owned(),
            detail: told.detail.clone(),
        };
        let mut response = (told.status, axum::Json(problem)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        with_headers(&told, response)
    }
}

/// A failure as the original told it: `{"error": "<sentence>"}`.
#[derive(Debug)]
pub(super) struct LegacyError(Told);

impl LegacyError {
    pub(super) fn new(status: StatusCode, sentence: impl Into<String>) -> LegacyError {
        LegacyError(Told::new(status, "error", sentence))
    }

    /// 400, as most of the original's failures are.
    pub(super) fn bad(sentence: impl Into<String>) -> LegacyError {
        LegacyError::new(StatusCode::BAD_REQUEST, sentence)
    }

    /// What it will be answered with.
    pub(super) fn status(&self) -> StatusCode {
        self.0.status
    }

    /// 404.
    pub(super) fn not_found(sentence: impl Into<String>) -> LegacyError {
        LegacyError::new(StatusCode::NOT_FOUND, sentence)
    }
}

impl<E: Into<services::Error>> From<E> for LegacyError {
    fn from(error: E) -> LegacyError {
        let mut told = told(&error.into());
        // The original knew no 422.
        if told.status == StatusCode::UNPROCESSABLE_ENTITY {
            told.status = StatusCode::BAD_REQUEST;
        }
        LegacyError(told)
    }
}

/// The same failure, told to a script.
impl From<PageError> for LegacyError {
    fn from(error: PageError) -> LegacyError {
        LegacyError(error.0)
    }
}

impl IntoResponse for LegacyError {
    fn into_response(self) -> Response {
        let told = self.0;
        let body = serde_json::json!({ "error": told.detail });
        with_headers(&told, (told.status, axum::Json(body)).into_response())
    }
}

/// A failure as a page.
#[derive(Debug)]
pub(super) struct PageError(Told);

impl PageError {
    pub(super) fn new(status: StatusCode, sentence: impl Into<String>) -> PageError {
        PageError(Told::new(status, "error", sentence))
    }
}

impl<E: Into<services::Error>> From<E> for PageError {
    fn from(error: E) -> PageError {
        PageError(told(&error.into()))
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let told = self.0;
        let page = render::error_page(told.status, &told.detail);
        with_headers(&told, (told.status, page).into_response())
    }
}

/// The sentence for a form that is shown again, and whether it is one: faults of ours are pages of their own.
pub(super) fn for_form(error: services::Error) -> Result<String, PageError> {
    let told = told(&error);
    if told.status.is_server_error() { Err(PageError(told)) } else { Ok(told.detail) }
}

/// An answer of no handler, in the shape of those that are at such addresses: pages for people, problems for programs, and
/// `{"error": ...}` for those of the original.
fn in_shape(path: &str, told: Told) -> Response {
    match path.strip_prefix("/api/") {
        Some(call) if call.ends_with(".php") => LegacyError(told).into_response(),
        Some(_) => ApiError(told).into_response(),
        None => PageError(told).into_response(),
    }
}

/// A browser sends this from a page of another site.
pub(super) fn from_elsewhere(path: &str) -> Response {
    let sentence = "This request comes from another site. Open the page here and try again.";
    in_shape(path, Told::new(StatusCode::FORBIDDEN, "cross_site", sentence))
}

/// Nothing is at this address.
pub(super) async fn nothing_here(uri: axum::http::Uri) -> Response {
    let sentence = "There is nothing at this address.";
    in_shape(uri.path(), Told::new(StatusCode::NOT_FOUND, "not_found", sentence))
}

/// The address is right, the method is not. The router adds `Allow`.
pub(super) async fn not_this_way(uri: axum::http::Uri) -> Response {
    let sentence = "This address takes other methods; see the header Allow.";
    in_shape(uri.path(), Told::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", sentence))
}

/// A handler has panicked: the log has the message, the user a page.
pub(super) fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    ApiError(internal(&services::Error::Internal("a handler panicked".to_owned()))).into_response()
}
