//! The addresses of the original, `.php` and all, answered by the same services as `/api/v1`.
//!
//! | File | Who calls it |
//! |---|---|
//! | `web.rs` | scripts of the pages, by cookie and form token |
//! | `worker.rs` | the original's worker, by token |

pub(super) mod web;
mod worker;

use crate::app::App;
use crate::http::error::LegacyError;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().merge(web::routes()).merge(worker::routes())
}

/// What the original said first of all, before it looked at who asks.
async fn post_required() -> LegacyError {
    LegacyError::new(StatusCode::METHOD_NOT_ALLOWED, "POST required.")
}
