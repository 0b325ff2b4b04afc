//! Every route on one screen, then the layers.

mod api;
mod compat;
mod openapi;
mod pages;

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
    Router::new().merge(pages::routes()).merge(programs).with_state(app)
}
