//! The layers around every route: who asked what, what browsers may do with the answer, and what no route may do.

use super::api::uploads::stream;
use super::error::{from_elsewhere, panicked};
use super::pace::{Pace, paced};
use super::session::is_https;
use crate::app::App;
use crate::secret::random_hex;
use crate::services;
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use std::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::csrf::{CsrfLayer, ProtectionError};
use tower_http::set_header::SetResponseHeaderLayer;
use tracing::Instrument;

/// Bytes of a body where a route says nothing else; uploads do.
const BODY: usize = 2 << 20;
/// Nothing from elsewhere, no inline script, no inline style (U-16). `wasm-unsafe-eval` lets pages compile WebAssembly, and nothing else.
const CSP: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; \
                   font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Puts them around.
pub(super) fn layers(routes: Router<App>, app: &App) -> Router<App> {
    let compress = SizeAbove::new(1000)
        .and(NotForContentType::new("application/fits"))
        .and(NotForContentType::new("application/octet-stream"))
        .and(NotForContentType::IMAGES)
        .and(NotForContentType::SSE);
    let mut routes = routes
        .layer(DefaultBodyLimit::max(BODY))
        .layer(middleware::from_fn_with_state(app.clone(), in_time))
        .layer(CompressionLayer::new().gzip(true).compress_when(compress))
        .layer(CatchPanicLayer::custom(panicked))
        // Browsers say where a request comes from; what comes from another site changes nothing here (U-15).
        .layer(CsrfLayer::new())
        .layer(middleware::from_fn(forbidden_shape));
    for (name, value) in fixed_headers(is_https(&app.settings)) {
        routes = routes.layer(SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value)));
    }
    routes.layer(middleware::from_fn(told))
}

fn fixed_headers(https: bool) -> Vec<(HeaderName, &'static str)> {
    let mut headers = vec![
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        // What a user sees is nobody else's; pictures and styles say otherwise themselves.
        (header::CACHE_CONTROL, "no-store"),
    ];
    if https {
        headers.push((header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"));
    }
    headers
}

/// Every body is paced, whatever it is for.
async fn in_time(State(app): State<App>, request: Request, next: Next) -> Response {
    let pace = Pace::of(&app.settings.uploads);
    next.run(request.map(|body| Body::from_stream(paced(stream(body), pace)))).await
}

/// The layer's own 403 has no body; ours says why.
async fn forbidden_shape(request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    let response = next.run(request).await;
    if response.extensions().get::<ProtectionError>().is_some() {
        return from_elsewhere(uri.path());
    }
    response
}

/// One line in the log and one count for each request: its route, never its query, which may hold names.
async fn told(request: Request, next: Next) -> Response {
    let id = random_hex::<8>();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", |path| path.as_str()).to_owned();
    let span = tracing::info_span!("request", id, %method, route);
    let begin = Instant::now();
    let answer = next.run(request).instrument(span.clone());
    let mut response = services::audit::within(id.clone(), answer).await;
    let (status, seconds) = (response.status(), begin.elapsed().as_secs_f64());
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    span.in_scope(|| tracing::debug!(status = status.as_u16(), seconds, "answered"));
    let labels =
        [("route", route), ("method", known(&method).to_owned()), ("status", status.as_str().to_owned())];
    metrics::counter!("http_requests_total", &labels).increment(1);
    metrics::histogram!("http_request_seconds", &labels[..2]).record(seconds);
    response
}

/// The method as a label: any word is a method, and each new label is kept for ever.
fn known(method: &Method) -> &str {
    let known = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
        Method::PATCH,
    ];
    if known.contains(method) { method.as_str() } else { "other" }
}
