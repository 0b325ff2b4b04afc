//! The description of this interface.

use crate::app::App;
use crate::http::description;
use crate::http::error::ApiError;
use crate::http::openapi::Problems;
use crate::services::Error;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::sync::OnceLock;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// It never changes while the program runs.
static TEXT: OnceLock<String> = OnceLock::new();

/// Its route.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(openapi))
}

/// What you are reading: OpenAPI 3.1.
#[utoipa::path(get, path = "/api/openapi.json", operation_id = "openapi", tag = "operation",
    responses((status = 200, description = "The description", body = Object), Problems<500>))]
async fn openapi() -> Result<Response, ApiError> {
    let text = match TEXT.get() {
        Some(text) => text.as_str(),
        None => {
            let text = description().map_err(|error| Error::Internal(error.to_string()))?;
            TEXT.get_or_init(|| text)
        }
    };
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}
