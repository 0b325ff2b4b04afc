//! Leasing jobs.

use crate::app::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, WorkerKey};
use crate::http::openapi::{Changing, Problems};
use crate::services::{MAX_CLAIM, WorkerName};
use crate::store::{Job, Micros};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(claim))
}

/// A wish for jobs.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ClaimWish {
    /// What the worker calls itself; the name of its token if empty. 64 characters are kept.
    pub(crate) worker: String,
    /// How many jobs at most: 1 to 16, whatever is asked.
    pub(crate) n: i64,
    /// Seconds to wait for the first: 0 to 30, whatever is asked.
    pub(crate) wait_s: f64,
}

/// A leased job.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ClaimedJob {
    pub(crate) job_id: i64,
    /// `stack` or `noop`.
    pub(crate) kind: String,
    pub(crate) chunk_key: String,
    pub(crate) object_name: Option<String>,
    pub(crate) frame_count: i64,
    pub(crate) attempt: i64,
    /// Claims of this job so far: part of the keys it stages under.
    pub(crate) epoch: i64,
    pub(crate) lease_token: String,
    /// `YYYY-MM-DD HH:MM:SS`, UTC.
    pub(crate) lease_expires_at: String,
    pub(crate) heartbeat_interval_s: f64,
}

impl ClaimedJob {
    fn of(job: Job, every: Duration) -> ClaimedJob {
        let (token, expires) =
            job.lease.map(|lease| (lease.token, lease.expires_at)).unwrap_or((String::new(), Micros(0)));
        ClaimedJob {
            job_id: job.id.0,
            kind: job.kind.as_str().to_owned(),
            chunk_key: job.chunk_key,
            object_name: job.object_name,
            frame_count: job.frame_count,
            attempt: job.attempt,
            epoch: job.epoch,
            lease_token: token,
            lease_expires_at: expires.to_datetime(),
            heartbeat_interval_s: every.as_secs_f64(),
        }
    }
}

/// Leases jobs; waits for the first if it is told to. 204 when there are none.
#[utoipa::path(post, path = "/api/v1/worker/claim", operation_id = "claim_jobs", tag = "work", request_body = Option<ClaimWish>,
    security(("worker" = [])),
    responses(
        (status = 200, description = "Jobs, each under a lease of its own", body = Vec<ClaimedJob>, links(
            ("heartbeat" = (operation_id = "heartbeat", parameters(("id" = "$response.body#/0/job_id"),
                ("X-Lease-Token" = "$response.body#/0/lease_token")))),
            ("files" = (operation_id = "list_frames", parameters(("id" = "$response.body#/0/job_id"),
                ("X-Lease-Token" = "$response.body#/0/lease_token")))),
            ("stage" = (operation_id = "put_artifact", parameters(("id" = "$response.body#/0/job_id"),
                ("X-Lease-Token" = "$response.body#/0/lease_token")))),
            ("complete" = (operation_id = "complete_job", parameters(("id" = "$response.body#/0/job_id"),
                ("X-Lease-Token" = "$response.body#/0/lease_token")))),
            ("fail" = (operation_id = "fail_job", parameters(("id" = "$response.body#/0/job_id"),
                ("X-Lease-Token" = "$response.body#/0/lease_token")))),
            ("release" = (operation_id = "release_job", parameters(("id" = "$response.body#/0/job_id"),
                ("X-Lease-Token" = "$response.body#/0/lease_token")))),
        )),
        (status = 204, description = "Nothing to do"),
        Changing, Problems<400>, Problems<413>,
    ))]
async fn claim(
    State(app): State<App>,
    WorkerKey(key): WorkerKey,
    ApiJson(wish): ApiJson<ClaimWish>,
) -> Result<Response, ApiError> {
    let name =
        if wish.worker.trim().is_empty() { key.name } else { wish.worker.trim().chars().take(64).collect() };
    let worker = WorkerName { name, id: key.id };
    let wait = Duration::try_from_secs_f64(wish.wait_s.clamp(0.0, 30.0)).unwrap_or_default();
    let jobs = app.work.claim(&worker, wish.n.clamp(1, MAX_CLAIM), wait).await?;
    metrics::counter!("crowdsky_claims_total", "result" => if jobs.is_empty() { "none" } else { "some" })
        .increment(1);
    if jobs.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let every = app.work.heartbeat_every();
    let jobs: Vec<ClaimedJob> = jobs.into_iter().map(|job| ClaimedJob::of(job, every)).collect();
    Ok(Json(jobs).into_response())
}
