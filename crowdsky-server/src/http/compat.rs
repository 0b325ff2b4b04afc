//! The addresses of the original, `.php` and all, answered by the handlers of `api/` and `pages/`.

use crate::app::App;
use axum::Router;

/// Its routes.
pub(super) fn routes() -> Router<App> {
    Router::new()
}
