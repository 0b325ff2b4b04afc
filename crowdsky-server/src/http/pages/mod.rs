//! The pages for people.

use crate::app::App;
use axum::Router;

/// Its routes.
pub(super) fn routes() -> Router<App> {
    Router::new()
}
