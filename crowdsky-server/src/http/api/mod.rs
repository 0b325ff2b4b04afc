//! The interface for programs, under `/api/v1`.

use crate::app::App;
use utoipa_axum::router::OpenApiRouter;

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
}
