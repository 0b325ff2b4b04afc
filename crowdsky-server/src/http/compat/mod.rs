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
use crate::http::pages;
use axum::http::{HeaderName, StatusCode, header};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// A query as the original read it: text, whatever it is, and the last of two values.
pub(super) type Parameters = HashMap<String, String>;

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
#[allow(dead_code, reason = "describes the body that LegacyError writes")]
pub(super) struct ErrorTold {
    /// One English sentence.
    error: String,
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
struct Done {
    ok: bool,
}

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().merge(pages::upload::described()).merge(web::routes()).merge(worker::routes())
}

/// What the original said first of all, before it looked at who asks.
async fn post_required() -> ([(HeaderName, &'static str); 1], LegacyError) {
    ([(header::ALLOW, "POST")], LegacyError::new(StatusCode::METHOD_NOT_ALLOWED, "POST required."))
}
