//! Every route on one screen, then the layers.

mod api;
mod compat;
mod pages;

use crate::app::App;
use axum::Router;

/// All that the server answers.
pub fn router(app: App) -> Router {
    Router::new().merge(pages::routes()).merge(api::routes()).merge(compat::routes()).with_state(app)
}
