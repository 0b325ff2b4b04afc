//! Staging what was made.

use super::{Lease, lease};
use crate::app::App;
use crate::http::api::{content_digest, content_length, uploads};
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, WorkerKey};
use crate::http::openapi::{Changing, Problems};
use crate::storage::Artefact;
use crate::store::JobId;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(put_artefact))
}

/// Stages an artefact: streamed, with its length and its hash.
#[utoipa::path(put, path = "/api/v1/jobs/{id}/artifacts/{artifact}", operation_id = "put_artifact", tag = "work",
    security(("worker" = [])),
    params(("id" = i64, Path, description = "The job."),
        ("artifact" = String, Path, pattern = "^(stack|thumbnail|stars)$", description = "`stack`, `thumbnail` or `stars`."),
        Lease, ("Content-Digest" = String, Header, min_length = 1, description = "`sha-256=:BASE64:` of the body (RFC 9530).")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 204, description = "Staged"), Changing, Problems<400>, Problems<404>, Problems<408>, Problems<409>,
        Problems<411>, Problems<413>, Problems<422>, Problems<507>))]
async fn put_artefact(
    State(app): State<App>,
    WorkerKey(_): WorkerKey,
    ApiPath((id, artefact)): ApiPath<(i64, String)>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let nothing =
        || ApiError::new(StatusCode::NOT_FOUND, "not_found", "Artefacts are stack, thumbnail and stars.");
    let artefact = Artefact::parse(&artefact).ok_or_else(nothing)?;
    let token = lease(&headers)?;
    let no_length =
        || ApiError::new(StatusCode::LENGTH_REQUIRED, "no_length", "An artefact needs a Content-Length.");
    let length = content_length(&headers).ok_or_else(no_length)?;
    let no_digest =
        || ApiError::new(StatusCode::BAD_REQUEST, "bad_digest", "An artefact needs a Content-Digest.");
    let sha256 = content_digest(&headers)?.ok_or_else(no_digest)?;
    let body = uploads::stream(body);
    app.work.put_artefact(JobId(id), token, artefact, length, Some(sha256), body).await?;
    Ok(StatusCode::NO_CONTENT)
}
