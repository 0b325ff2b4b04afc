//! Every route on one screen, then the layers.

pub(crate) mod api;
mod assets;
mod compat;
mod error;
mod extract;
mod form;
pub mod listen;
mod object;
mod openapi;
mod pace;
mod pages;
mod render;
mod safety;
mod session;

use crate::app::App;
use axum::Router;
use utoipa_axum::router::OpenApiRouter;

/// What programs may ask, described by the same lines that route it: `/api/v1` and the `.php` addresses.
fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::about()).merge(api::routes()).merge(compat::routes())
}

/// All that the server answers.
pub fn router(app: App) -> Router {
    let (programs, _description) = described().split_for_parts();
    let routes = Router::new()
        .merge(pages::routes())
        .merge(assets::routes())
        .merge(programs)
        .fallback(error::nothing_here)
        .method_not_allowed_fallback(error::not_this_way);
    safety::layers(routes, &app).with_state(app)
}

/// What is answered on `http.metrics_listen`.
pub fn metrics_router(app: App) -> Router {
    api::metrics::router(app)
}

/// The description of the interface for programs, OpenAPI 3.1, as JSON.
///
/// # Errors
/// Only if what describes itself is not JSON.
pub fn description() -> serde_json::Result<String> {
    described().into_openapi().to_pretty_json()
}
