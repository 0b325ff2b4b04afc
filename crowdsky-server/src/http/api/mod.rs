//! The interface for programs, under `/api/v1`.

use crate::app::App;
use axum::Router;

/// Its routes.
pub(super) fn routes() -> Router<App> {
    Router::new()
}
