//! The addresses of the original, `.php` and all, answered by the handlers of `api/` and `pages/`.

use crate::app::App;
use utoipa_axum::router::OpenApiRouter;

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
}
