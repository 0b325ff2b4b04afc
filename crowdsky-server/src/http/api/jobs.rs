//! A user's jobs, for programs.

use crate::app::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, ApiQuery, CurrentUser};
use crate::http::openapi::{Changing, Problems, Reading};
use crate::store::{Attempt, Job, JobId, Micros, StackId, Upload};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(one, delete)).routes(routes!(retry))
}

/// A job.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct JobView {
    id: JobId,
    chunk_key: String,
    object_name: Option<String>,
    filter_name: Option<String>,
    telescope_id: Option<String>,
    frame_count: i64,
    /// `pending`, `processing`, `retry`, `completed` or `failed`.
    status: &'static str,
    /// Attempts begun.
    attempt: i64,
    max_attempts: i64,
    /// What the worker calls itself, while it works.
    worker: Option<String>,
    /// 0 to 1.
    progress: f64,
    error_code: Option<String>,
    error_message: Option<String>,
    /// The stack it has made.
    stack_id: Option<StackId>,
    /// UTC.
    created_at: String,
    /// UTC.
    started_at: Option<String>,
    /// UTC.
    completed_at: Option<String>,
    /// UTC, of the last change.
    updated_at: String,
}

impl JobView {
    /// The job as it is, with what it has made.
    pub(in crate::http) async fn of(app: &App, job: &Job) -> crate::services::Result<JobView> {
        let stack_id = app.jobs.stack_of(job).await?;
        Ok(JobView::new(job, stack_id))
    }

    fn new(job: &Job, stack_id: Option<StackId>) -> JobView {
        JobView {
            id: job.id,
            chunk_key: job.chunk_key.clone(),
            object_name: job.object_name.clone(),
            filter_name: job.filter_name.clone(),
            telescope_id: job.telescope_id.clone(),
            frame_count: job.frame_count,
            status: job.legacy_status(),
            attempt: job.attempt,
            max_attempts: job.max_attempts,
            worker: job.lease.as_ref().map(|lease| lease.worker.clone()),
            progress: job.progress,
            error_code: job.error_code.clone(),
            error_message: job.error_message.clone(),
            stack_id,
            created_at: job.created_at.to_iso(),
            started_at: job.started_at.map(Micros::to_iso),
            completed_at: job.completed_at.map(Micros::to_iso),
            updated_at: job.updated_at.to_iso(),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Token of the upload session.
    session: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct SessionView {
    /// Token of the session.
    token: String,
    /// `uploading`, `complete` or `expired`.
    status: &'static str,
    object_name: Option<String>,
    file_count: i64,
    total_bytes: i64,
    /// UTC.
    created_at: String,
}

impl From<Upload> for SessionView {
    fn from(upload: Upload) -> SessionView {
        SessionView {
            token: upload.token,
            status: upload.state.as_str(),
            object_name: upload.object_name,
            file_count: upload.file_count,
            total_bytes: upload.total_bytes,
            created_at: upload.created_at.to_iso(),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct JobList {
    session: SessionView,
    jobs: Vec<JobView>,
}

/// The jobs of an upload session, by chunk key.
#[utoipa::path(get, path = "/api/v1/jobs", operation_id = "list_jobs", tag = "jobs", security(("session" = [])),
    params(ListQuery),
    responses(
        (status = 200, description = "The jobs", body = JobList),
        Reading, Problems<400>, Problems<404>,
    ))]
async fn list(
    CurrentUser(user): CurrentUser,
    ApiQuery(query): ApiQuery<ListQuery>,
    State(app): State<App>,
) -> Result<Json<JobList>, ApiError> {
    let session = app.jobs.session(user.user.id, &query.session).await?;
    let mut jobs = Vec::with_capacity(session.jobs.len());
    for job in &session.jobs {
        jobs.push(JobView::of(&app, job).await?);
    }
    Ok(Json(JobList { session: session.upload.into(), jobs }))
}

#[derive(Debug, Serialize, ToSchema)]
struct AttemptView {
    attempt: i64,
    worker: String,
    /// UTC.
    started_at: String,
    /// UTC.
    ended_at: Option<String>,
    /// `completed`, `failed`, `lease_expired`, `released` or `cancelled`.
    outcome: Option<String>,
    error_code: Option<String>,
    error_message: Option<String>,
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> AttemptView {
        AttemptView {
            attempt: attempt.attempt,
            worker: attempt.worker,
            started_at: attempt.started_at.to_iso(),
            ended_at: attempt.ended_at.map(Micros::to_iso),
            outcome: attempt.outcome,
            error_code: attempt.error_code,
            error_message: attempt.error_message,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct JobStoryView {
    job: JobView,
    attempts: Vec<AttemptView>,
}

/// One job with its attempts.
#[utoipa::path(get, path = "/api/v1/jobs/{id}", operation_id = "get_job", tag = "jobs",
    security(("session" = [])), params(("id" = i64, Path, description = "The job.")),
    responses((status = 200, description = "The job", body = JobStoryView), Reading, Problems<404>))]
async fn one(
    CurrentUser(user): CurrentUser,
    ApiPath(id): ApiPath<JobId>,
    State(app): State<App>,
) -> Result<Json<JobStoryView>, ApiError> {
    let story = app.jobs.story(user.user.id, id).await?;
    let attempts = story.attempts.into_iter().map(AttemptView::from).collect();
    Ok(Json(JobStoryView { job: JobView::new(&story.job, story.stack), attempts }))
}

/// Deletes a job; one that runs is stopped.
#[utoipa::path(delete, path = "/api/v1/jobs/{id}", operation_id = "delete_job", tag = "jobs",
    security(("session" = [], "csrf" = [])), params(("id" = i64, Path, description = "The job.")),
    responses((status = 204, description = "Deleted"), Changing, Problems<404>))]
async fn delete(
    CurrentUser(user): CurrentUser,
    ApiPath(id): ApiPath<JobId>,
    State(app): State<App>,
) -> Result<StatusCode, ApiError> {
    app.jobs.delete(user.user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Queues a failed job again.
#[utoipa::path(post, path = "/api/v1/jobs/{id}/retry", operation_id = "retry_job", tag = "jobs",
    security(("session" = [], "csrf" = [])), params(("id" = i64, Path, description = "The job.")),
    responses((status = 204, description = "Queued"), Changing, Problems<404>, Problems<409>))]
async fn retry(
    CurrentUser(user): CurrentUser,
    ApiPath(id): ApiPath<JobId>,
    State(app): State<App>,
) -> Result<StatusCode, ApiError> {
    app.jobs.retry(user.user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
