//! Keeping a lease, and ending it without a stack.

use super::{Lease, lease};
use crate::app::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, ApiPath, WorkerKey};
use crate::http::openapi::{Changing, Problems};
use crate::store::{Failure, JobId, JobState};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(heartbeat)).routes(routes!(release)).routes(routes!(fail))
}

/// A sign of life.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Sign {
    /// 0 to 1.
    pub(crate) progress: Option<f64>,
}

/// The answer to it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Heard {
    /// The lease runs until then, `YYYY-MM-DD HH:MM:SS`, UTC.
    pub(crate) lease_expires_at: String,
    /// The user has deleted the job: stop.
    pub(crate) cancel: bool,
}

/// Renews a lease.
#[utoipa::path(post, path = "/api/v1/jobs/{id}/heartbeat", operation_id = "heartbeat", tag = "work", request_body = Option<Sign>,
    security(("worker" = [])), params(("id" = i64, Path, description = "The job."), Lease),
    responses((status = 200, description = "Renewed", body = Heard), Changing, Problems<400>, Problems<404>, Problems<409>,
        Problems<413>))]
async fn heartbeat(
    State(app): State<App>,
    WorkerKey(_): WorkerKey,
    ApiPath(id): ApiPath<i64>,
    headers: HeaderMap,
    ApiJson(sign): ApiJson<Sign>,
) -> Result<Json<Heard>, ApiError> {
    let beat = app.work.heartbeat(JobId(id), lease(&headers)?, sign.progress).await?;
    Ok(Json(Heard { lease_expires_at: beat.expires_at.to_datetime(), cancel: beat.cancel }))
}

/// Hands a job back; the attempt does not count.
#[utoipa::path(post, path = "/api/v1/jobs/{id}/release", operation_id = "release_job", tag = "work",
    security(("worker" = [])), params(("id" = i64, Path, description = "The job."), Lease),
    responses((status = 204, description = "Handed back"), Changing, Problems<400>, Problems<404>, Problems<409>))]
async fn release(
    State(app): State<App>,
    WorkerKey(_): WorkerKey,
    ApiPath(id): ApiPath<i64>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    app.work.release(JobId(id), lease(&headers)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Why an attempt failed.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FailureTold {
    /// `bad_input`, `too_few_aligned` and `no_files` are not tried again. 40 characters are kept.
    pub(crate) code: String,
    /// For people. 2000 characters are kept.
    pub(crate) message: String,
    /// False: not worth another attempt.
    #[serde(default = "yes")]
    pub(crate) retry: bool,
}

fn yes() -> bool {
    true
}

/// What became of the job.
#[derive(Debug, Serialize, ToSchema)]
struct Outcome {
    /// `retry` or `failed`.
    status: &'static str,
}

fn outcome(state: JobState) -> Outcome {
    Outcome { status: if state == JobState::Failed { "failed" } else { "retry" } }
}

/// Ends an attempt without success.
#[utoipa::path(post, path = "/api/v1/jobs/{id}/fail", operation_id = "fail_job", tag = "work", request_body = FailureTold,
    security(("worker" = [])), params(("id" = i64, Path, description = "The job."), Lease),
    responses((status = 200, description = "Noted", body = Outcome), Changing, Problems<400>, Problems<404>, Problems<409>,
        Problems<413>))]
async fn fail(
    State(app): State<App>,
    WorkerKey(_): WorkerKey,
    ApiPath(id): ApiPath<i64>,
    headers: HeaderMap,
    ApiJson(told): ApiJson<FailureTold>,
) -> Result<Json<Outcome>, ApiError> {
    let hopeless = matches!(told.code.as_str(), "bad_input" | "too_few_aligned" | "no_files");
    let failure = Failure { retry: told.retry && !hopeless, code: told.code, message: told.message };
    Ok(Json(outcome(app.work.fail(JobId(id), lease(&headers)?, &failure).await?)))
}
