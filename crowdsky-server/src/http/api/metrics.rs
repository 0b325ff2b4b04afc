//! Figures for Prometheus, for the machine itself or on a listener of their own: they tell how much there is to do here.

use crate::app::App;
use crate::http::error::ApiError;
use crate::http::openapi::Problems;
use crate::telemetry;
use axum::Router;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::net::SocketAddr;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What Prometheus calls its text format.
const KIND: &str = "text/plain; version=0.0.4; charset=utf-8";
/// By these a proxy shows itself: what it passes on comes from elsewhere, whatever the address says.
const FORWARDED: [&str; 3] = ["forwarded", "x-forwarded-for", "x-real-ip"];

/// Its route on the main listener.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(metrics))
}

/// All there is on `http.metrics_listen`.
pub(in crate::http) fn router(app: App) -> Router {
    Router::new().route("/metrics", get(async |State(app): State<App>| told(&app).await)).with_state(app)
}

/// Figures in Prometheus' text format. Only for callers on the same machine, and only where no other listener has them.
#[utoipa::path(get, path = "/metrics", operation_id = "metrics", tag = "operation",
    responses((status = 200, description = "The figures", body = String, content_type = "text/plain"), Problems<404>))]
async fn metrics(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let near =
        peer.ip().to_canonical().is_loopback() && !FORWARDED.iter().any(|name| headers.contains_key(*name));
    if app.settings.http.metrics_listen.is_some() || !near {
        let detail = "There is nothing at this address.";
        return Err(ApiError::new(StatusCode::NOT_FOUND, "not_found", detail));
    }
    Ok(told(&app).await)
}

async fn told(app: &App) -> Response {
    ([(header::CONTENT_TYPE, KIND)], telemetry::render(app).await).into_response()
}
