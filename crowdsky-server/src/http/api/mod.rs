//! The interface for programs, under `/api/v1`.

mod body;
mod health;
mod uploads;

pub(super) use body::{Wanted, content_digest, content_length, digest_header, range};

use crate::app::App;
use utoipa_axum::router::OpenApiRouter;

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().merge(health::routes()).merge(uploads::routes())
}
