//! What a job is made of.

use super::{Lease, lease};
use crate::app::App;
use crate::http::api::{Part, Wanted, digest_header, range};
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, WorkerKey};
use crate::http::openapi::{Problems, Reading};
use crate::services::WorkerName;
use crate::store::{JobId, RawFile, RawId};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(files)).routes(routes!(raw))
}

/// A frame of a job.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct FrameTold {
    pub(crate) id: i64,
    /// Unique within the job.
    pub(crate) filename: String,
    pub(crate) size: u64,
    pub(crate) sha256: String,
}

impl From<RawFile> for FrameTold {
    fn from(file: RawFile) -> FrameTold {
        let size = u64::try_from(file.size).unwrap_or(0);
        FrameTold { id: file.id.0, filename: file.filename, size, sha256: file.sha256 }
    }
}

/// The frames of a leased job, by time.
#[utoipa::path(get, path = "/api/v1/jobs/{id}/files", operation_id = "list_frames", tag = "work", security(("worker" = [])),
    params(("id" = i64, Path, description = "The job."), Lease),
    responses((status = 200, description = "The frames", body = Vec<FrameTold>, links(
            ("frame" = (operation_id = "get_frame", parameters(("id" = "$response.body#/0/id")))))),
        Reading, Problems<400>, Problems<404>, Problems<409>))]
async fn files(
    State(app): State<App>,
    WorkerKey(_): WorkerKey,
    ApiPath(id): ApiPath<i64>,
    headers: HeaderMap,
) -> Result<Json<Vec<FrameTold>>, ApiError> {
    let files = app.work.files(JobId(id), lease(&headers)?).await?;
    Ok(Json(files.into_iter().map(FrameTold::from).collect()))
}

/// The bytes of a frame, for the worker that leases its job now.
#[utoipa::path(get, path = "/api/v1/raws/{id}", operation_id = "get_frame", tag = "work", security(("worker" = [])),
    params(("id" = i64, Path, description = "The frame."), Part),
    responses(
        (status = 200, description = "The frame", content_type = "application/octet-stream", body = Vec<u8>,
            headers(("ETag" = String), ("Content-Digest" = String))),
        (status = 206, description = "The part that was asked for", content_type = "application/octet-stream", body = Vec<u8>,
            headers(("ETag" = String), ("Content-Range" = String))),
        Reading, Problems<404>, Problems<416>,
    ))]
async fn raw(
    State(app): State<App>,
    WorkerKey(key): WorkerKey,
    ApiPath(id): ApiPath<i64>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    frame(&app, &key, RawId(id), &headers).await
}

/// A frame as an answer; `download_raw.php` gives the same.
pub(in crate::http) async fn frame<E>(
    app: &App,
    key: &WorkerName,
    id: RawId,
    headers: &HeaderMap,
) -> Result<Response, E>
where
    E: From<crate::services::Error> + From<ApiError>,
{
    let row = app.store.leased_file(key.id, id).await.map_err(crate::services::Error::from)?;
    let row = row.ok_or(crate::services::Error::NotFound("frame of a job you lease"))?;
    let size = u64::try_from(row.size).unwrap_or(0);
    let part = match range(headers, size) {
        Wanted::All => None,
        Wanted::Part(range) => Some(range),
        Wanted::Nothing => {
            let detail = format!("The frame has {size} bytes.");
            return Err(ApiError::new(StatusCode::RANGE_NOT_SATISFIABLE, "bad_range", detail).into());
        }
    };
    let (row, blob) = app.work.raw(key.id, id, part.clone()).await?;
    let name = crate::storage::slug(&row.filename);
    let mut answer = Response::builder()
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(header::CONTENT_LENGTH, blob.range.end - blob.range.start)
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::ETAG, format!("\"{}\"", row.sha256))
        .header(header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""));
    if part.is_some() {
        let range = format!("bytes {}-{}/{}", blob.range.start, blob.range.end.saturating_sub(1), blob.size);
        answer = answer.status(StatusCode::PARTIAL_CONTENT).header(header::CONTENT_RANGE, range);
    } else if let Some(digest) = digest_header(&row.sha256) {
        answer = answer.header("content-digest", digest);
    }
    let failed = |error: axum::http::Error| crate::services::Error::Internal(error.to_string());
    Ok(answer.body(Body::from_stream(blob.stream)).map_err(failed)?)
}
