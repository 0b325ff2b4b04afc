//! What handlers ask for: who it is, and input that is checked. A handler that asks for a user cannot be called without one.

use super::error::{ApiError, LegacyError, PageError};
use super::session::Token;
use crate::app::App;
use crate::services::{Client, WorkerName};
use crate::store::{Session, User};
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::de::DeserializeOwned;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Header of the form token.
pub(super) const CSRF_HEADER: &str = "x-csrf-token";
/// Bytes of a JSON body: a question about 1,000 files has 200 kB.
const JSON_BYTES: usize = 1 << 20;

/// A signed-in user.
#[derive(Debug, Clone)]
pub(super) struct SignedIn {
    pub(super) user: User,
    pub(super) session: Session,
    pub(super) token: Token,
}

async fn signed_in(parts: &Parts, app: &App) -> crate::services::Result<Option<SignedIn>> {
    let Some(token) = Token::of(&parts.headers, &app.settings) else { return Ok(None) };
    let found = app.accounts.session(token.as_str()).await?;
    Ok(found.map(|(session, user)| SignedIn { user, session, token }))
}

/// Somebody: signed in or not. Pages with forms need a token for both.
#[derive(Debug, Clone)]
pub(super) struct Visitor {
    pub(super) signed_in: Option<SignedIn>,
    /// That of the cookie, or a new one.
    pub(super) token: Token,
}

impl FromRequestParts<App> for Visitor {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Visitor, PageError> {
        let signed_in = signed_in(parts, app).await?;
        let token = Token::of(&parts.headers, &app.settings).unwrap_or_else(Token::random);
        Ok(Visitor { signed_in, token })
    }
}

/// A user of a page; others are sent to the form.
#[derive(Debug, Clone)]
pub(super) struct PageUser(pub(super) SignedIn);

impl FromRequestParts<App> for PageUser {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<PageUser, Response> {
        match signed_in(parts, app).await {
            Ok(Some(user)) => Ok(PageUser(user)),
            Ok(None) => Err(found("/login.php?msg=login_required")),
            Err(error) => Err(PageError::from(error).into_response()),
        }
    }
}

/// 302, as the original sent it.
pub(super) fn found(to: &str) -> Response {
    let mut response = Redirect::to(to).into_response();
    *response.status_mut() = StatusCode::FOUND;
    response
}

/// A user of the native interface. Requests that change something carry the form token in `X-CSRF-Token`.
#[derive(Debug, Clone)]
pub(super) struct CurrentUser(pub(super) SignedIn);

impl FromRequestParts<App> for CurrentUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<CurrentUser, ApiError> {
        let unknown = || ApiError::new(StatusCode::UNAUTHORIZED, "unauthorised", "Sign in first.");
        let user = signed_in(parts, app).await?.ok_or_else(unknown)?;
        if !is_safe(&parts.method) && !user.token.allows(csrf_header(&parts.headers)) {
            let detail = "The form token is missing or belongs to another session; reload the page.";
            return Err(ApiError::new(StatusCode::FORBIDDEN, "csrf", detail));
        }
        Ok(CurrentUser(user))
    }
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// The form token in the header; empty without one.
pub(super) fn csrf_header(headers: &HeaderMap) -> &str {
    headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// A worker with a good token.
#[derive(Debug, Clone)]
pub(super) struct WorkerKey(pub(super) WorkerName);

impl WorkerKey {
    async fn of(parts: &Parts, app: &App) -> crate::services::Result<Option<WorkerName>> {
        let Some(token) = bearer(&parts.headers) else { return Ok(None) };
        let worker = app.accounts.worker(token).await?;
        Ok(worker.map(|worker| WorkerName { name: worker.name, id: Some(worker.id) }))
    }
}

/// The token of `Authorization: Bearer ...`, whatever the case of the scheme; never that of a query (U-10).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

impl FromRequestParts<App> for WorkerKey {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<WorkerKey, ApiError> {
        let unknown =
            || ApiError::new(StatusCode::UNAUTHORIZED, "unauthorised", "This needs a worker's token.");
        Ok(WorkerKey(WorkerKey::of(parts, app).await?.ok_or_else(unknown)?))
    }
}

/// The same for the `.php` addresses, with their words.
#[derive(Debug, Clone)]
pub(super) struct LegacyWorker(pub(super) WorkerName);

impl FromRequestParts<App> for LegacyWorker {
    type Rejection = LegacyError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<LegacyWorker, LegacyError> {
        let unknown = || LegacyError::new(StatusCode::UNAUTHORIZED, "Unauthorized.");
        Ok(LegacyWorker(WorkerKey::of(parts, app).await?.ok_or_else(unknown)?))
    }
}

/// Where the request comes from, for limits and the audit log.
#[derive(Debug, Clone)]
pub(super) struct Caller(pub(super) Client);

impl FromRequestParts<App> for Caller {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Caller, std::convert::Infallible> {
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let ip = client_address(peer, &parts.headers, &app.settings.http.trusted_proxies);
        let agent = text("user-agent").unwrap_or("unknown").to_owned();
        Ok(Caller(Client { ip, agent }))
    }
}

/// The last address that a proxy of ours has seen is the client; what is before it anybody can write.
///
/// Proxies add to the last line of `X-Forwarded-For`, or a line of their own.
fn client_address(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    let trusted = |ip: &IpAddr| proxies.iter().any(|proxy| proxy.to_canonical() == *ip);
    let lines = headers.get_all("x-forwarded-for").iter().rev().map(|line| line.to_str().unwrap_or_default());
    let mut addresses =
        lines.flat_map(|line| line.rsplit(',')).map(|address| address.trim().parse::<IpAddr>());
    // A listener on [::] sees IPv4 callers as ::ffff:a.b.c.d.
    let mut ip = peer.to_canonical();
    while trusted(&ip) {
        let Some(Ok(before)) = addresses.next() else { break };
        ip = before.to_canonical();
    }
    ip
}

/// A JSON body, whatever its content type says.
#[derive(Debug)]
pub(super) struct ApiJson<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for ApiJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &App) -> Result<ApiJson<T>, ApiError> {
        let bytes = axum::body::to_bytes(request.into_body(), JSON_BYTES).await.map_err(|_| {
            let detail = format!("A body has at most {JSON_BYTES} bytes.");
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
        })?;
        // No body at all, or nothing in it, is one without fields.
        let bytes: &[u8] = if bytes.is_empty() || bytes == "null" { b"{}" } else { &bytes };
        serde_json::from_slice(bytes).map(ApiJson).map_err(|error| {
            ApiError::new(
                StatusCode::BAD_REQUEST,
                "bad_json",
                format!("The body is not the JSON expected: {error}."),
            )
        })
    }
}

/// A query that has been read.
#[derive(Debug)]
pub(super) struct ApiQuery<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<App> for ApiQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<ApiQuery<T>, ApiError> {
        let query = Query::<T>::from_request_parts(parts, app).await;
        query.map(|query| ApiQuery(query.0)).map_err(|error| {
            ApiError::new(
                StatusCode::BAD_REQUEST,
                "bad_query",
                format!("The query cannot be read: {}.", error.body_text()),
            )
        })
    }
}

/// Parts of the path; what cannot be read names nothing.
#[derive(Debug)]
pub(super) struct ApiPath<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for ApiPath<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<ApiPath<T>, ApiError> {
        let path = Path::<T>::from_request_parts(parts, app).await;
        let nothing =
            |_| ApiError::new(StatusCode::NOT_FOUND, "not_found", "There is nothing at this address.");
        path.map(|path| ApiPath(path.0)).map_err(nothing)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_client_is_whom_our_proxy_has_seen() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let asked = |peer: &str, lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", line.parse().unwrap());
            }
            client_address(ip(peer), &headers, &[ip("127.0.0.1"), ip("10.0.0.2")])
        };
        assert_eq!(asked("192.0.2.7", &["203.0.113.1"]), ip("192.0.2.7"), "no proxy of ours");
        assert_eq!(asked("127.0.0.1", &["198.51.100.9, 203.0.113.1"]), ip("203.0.113.1"));
        assert_eq!(asked("::ffff:127.0.0.1", &["203.0.113.1, 10.0.0.2"]), ip("203.0.113.1"), "two of ours");
        assert_eq!(
            asked("127.0.0.1", &["198.51.100.9", "203.0.113.1"]),
            ip("203.0.113.1"),
            "a line of its own"
        );
        assert_eq!(asked("127.0.0.1", &["nonsense"]), ip("127.0.0.1"));
        assert_eq!(asked("::ffff:192.0.2.7", &[]), ip("192.0.2.7"));
    }
}
