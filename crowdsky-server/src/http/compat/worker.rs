//! What the original's worker asks: `next_job`, `job_files`, `download_raw`, `complete_job`, `fail_job`, `cleanup`.
//!
//! The order of the checks is the original's: method, token, parameters, existence, action.

use crate::app::App;
use crate::http::error::{ApiError, LegacyError};
use crate::http::extract::LegacyWorker;
use crate::services::{self, Facts, LegacyDelivery, WorkerName};
use crate::storage::{Artefact, Names};
use crate::store::{self, JobId, JobState, Micros, RawFile, RawId};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use crowdsky_core::UtcTime;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json_;
use std::collections::HashMap;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(next_job))
        .routes(routes!(job_files))
        .routes(routes!(download_raw))
        .routes(routes!(complete_job))
        .routes(routes!(fail_job))
        .routes(routes!(cleanup))
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
#[allow(dead_code, reason = "describes the body that LegacyError writes")]
pub(super) struct ErrorTold {
    /// One English sentence.
    error: String,
}

/// A query as the original read it: text, whatever it is.
type Parameters = Query<HashMap<String, String>>;

fn number(parameters: &HashMap<String, String>, name: &str) -> Option<i64> {
    parameters.get(name)?.trim().parse().ok().filter(|number| *number > 0)
}

/// A job to be done.
#[derive(Debug, Serialize, ToSchema)]
struct NextJob {
    job_id: i64,
    user_id: i64,
    upload_session_id: i64,
    chunk_key: String,
    object_name: Option<String>,
    frame_count: i64,
    /// Always null: paths are the server's.
    session_ucloud_path: Option<String>,
    /// Which attempt this is.
    attempt: i64,
    /// The lease: workers that know it may use `/api/v1`.
    lease_token: String,
    /// `YYYY-MM-DD HH:MM:SS`, UTC.
    lease_expires_at: String,
    heartbeat_interval_s: f64,
    /// Where the stack is to be put, below the storage's root.
    ucloud_path: String,
    /// Where the thumbnail is to be put.
    thumbnail_path: String,
}

/// Leases the next job. 204 when there is none.
#[utoipa::path(get, path = "/api/next_job.php", tag = "worker of the original", security(("worker" = [])),
    params(("worker_id" = Option<String>, Query, description = "What the worker calls itself.")),
    responses((status = 200, body = NextJob), (status = 204, description = "Nothing to do."),
        (status = 401, body = ErrorTold), (status = 503, body = ErrorTold)))]
async fn next_job(
    State(app): State<App>,
    LegacyWorker(key): LegacyWorker,
    Query(parameters): Parameters,
) -> Result<Response, LegacyError> {
    let name = parameters.get("worker_id").map(|name| name.trim()).filter(|name| !name.is_empty());
    let name = name.unwrap_or("default").chars().take(64).collect();
    let Some(job) = app.work.legacy_claim(&WorkerName { name, id: key.id }).await? else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let path = |artefact| services::Work::legacy_key(&job, artefact).to_string();
    let (ucloud_path, thumbnail_path) = (path(Artefact::Stack), path(Artefact::Thumbnail));
    let (token, expires) =
        job.lease.map(|lease| (lease.token, lease.expires_at)).unwrap_or((String::new(), Micros(0)));
    let next = NextJob {
        job_id: job.id.0,
        user_id: job.user_id.0,
        upload_session_id: job.upload_id.0,
        chunk_key: job.chunk_key,
        object_name: job.object_name,
        frame_count: job.frame_count,
        session_ucloud_path: None,
        attempt: job.attempt,
        lease_token: token,
        lease_expires_at: expires.to_datetime(),
        heartbeat_interval_s: app.work.heartbeat_every().as_secs_f64(),
        ucloud_path,
        thumbnail_path,
    };
    Ok(Json(next).into_response())
}

/// A frame of a job.
#[derive(Debug, Serialize, ToSchema)]
struct JobFile {
    id: i64,
    /// Safe as a file name, unique within the job.
    filename: String,
    /// Opaque.
    ucloud_path: String,
    file_size_bytes: i64,
    fits_date_obs: Option<String>,
    fits_exptime: Option<f64>,
    fits_ra: Option<f64>,
    fits_dec: Option<f64>,
    /// Hexadecimal SHA-256.
    sha256: String,
}

/// The frames of a job.
#[derive(Debug, Serialize, ToSchema)]
struct JobFiles {
    job_id: i64,
    chunk_key: String,
    files: Vec<JobFile>,
}

fn job_file(file: RawFile, names: &mut Names) -> JobFile {
    let filename = names.unique(&file.filename);
    JobFile {
        id: file.id.0,
        filename,
        ucloud_path: format!("raw/{}", file.id),
        file_size_bytes: file.size,
        fits_date_obs: file.meta.date_obs.map(|time| Micros::from(time).to_datetime()),
        fits_exptime: file.meta.exptime,
        fits_ra: file.meta.pointing.map(|pointing| pointing.ra()),
        fits_dec: file.meta.pointing.map(|pointing| pointing.dec()),
        sha256: file.sha256,
    }
}

/// The frames of a job, by time.
#[utoipa::path(get, path = "/api/job_files.php", tag = "worker of the original", security(("worker" = [])),
    params(("job_id" = i64, Query)),
    responses((status = 200, body = JobFiles), (status = 400, body = ErrorTold), (status = 401, body = ErrorTold),
        (status = 404, body = ErrorTold), (status = 503, body = ErrorTold)))]
async fn job_files(
    State(app): State<App>,
    LegacyWorker(_): LegacyWorker,
    Query(parameters): Parameters,
) -> Result<Json<JobFiles>, LegacyError> {
    let id = number(&parameters, "job_id").ok_or_else(|| LegacyError::bad("Missing or invalid job_id."))?;
    let found = app.work.legacy_files(JobId(id)).await;
    let (job, files) = found.map_err(|error| named(error, "Job not found."))?;
    let mut names = Names::default();
    let files = files.into_iter().map(|file| job_file(file, &mut names)).collect();
    Ok(Json(JobFiles { job_id: id, chunk_key: job.chunk_key, files }))
}

/// The same failure, with the original's words where nothing is found.
fn named(error: services::Error, sentence: &str) -> LegacyError {
    match error {
        services::Error::NotFound(_)
        | services::Error::Store(store::Error::NotFound(_) | store::Error::LeaseLost) => {
            LegacyError::not_found(sentence)
        }
        other => other.into(),
    }
}

/// A failure of either shape, told in this one.
enum Either {
    Service(services::Error),
    Api,
}

impl From<services::Error> for Either {
    fn from(error: services::Error) -> Either {
        Either::Service(error)
    }
}

impl From<ApiError> for Either {
    fn from(_: ApiError) -> Either {
        Either::Api
    }
}

/// The bytes of a frame, for the worker that leases its job.
#[utoipa::path(get, path = "/api/download_raw.php", tag = "worker of the original", security(("worker" = [])),
    params(("file_id" = i64, Query), ("Range" = Option<String>, Header)),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, content_type = "application/octet-stream", body = Vec<u8>),
        (status = 400, body = ErrorTold), (status = 401, body = ErrorTold), (status = 404, body = ErrorTold),
        (status = 416, body = ErrorTold), (status = 503, body = ErrorTold)))]
async fn download_raw(
    State(app): State<App>,
    LegacyWorker(key): LegacyWorker,
    Query(parameters): Parameters,
    headers: HeaderMap,
) -> Result<Response, LegacyError> {
    let id = number(&parameters, "file_id").ok_or_else(|| LegacyError::bad("Missing or invalid file_id."))?;
    match crate::http::api::work::frame::<Either>(&app, &key, RawId(id), &headers).await {
        Ok(answer) => Ok(answer),
        Err(Either::Service(error)) => Err(named(error, "File not found.")),
        Err(Either::Api) => {
            Err(LegacyError::new(StatusCode::RANGE_NOT_SATISFIABLE, "The file has no such bytes."))
        }
    }
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Done {
    ok: bool,
}

/// A JSON object, after the original's check.
fn object(body: &Bytes) -> Result<Json_, LegacyError> {
    let parsed: Option<Json_> = serde_json::from_slice(body).ok();
    parsed.filter(Json_::is_object).ok_or_else(|| LegacyError::bad("Invalid JSON body."))
}

fn job_id(told: &Json_) -> Result<JobId, LegacyError> {
    let id = told["job_id"].as_i64().or_else(|| told["job_id"].as_str()?.trim().parse().ok());
    id.filter(|id| *id > 0).map(JobId).ok_or_else(|| LegacyError::bad("Missing job_id."))
}

/// What a worker says when its stack is stored.
#[derive(Debug, Deserialize, ToSchema)]
#[allow(dead_code, reason = "describes the body, which is read as the original read it")]
struct CompleteTold {
    #[schema(minimum = 1)]
    job_id: i64,
    /// Where the stack was put, as `next_job` said.
    ucloud_path: String,
    thumbnail_path: Option<String>,
    n_frames_input: Option<i64>,
    n_frames_aligned: Option<i64>,
    total_exptime: Option<f64>,
    ra_deg: Option<f64>,
    dec_deg: Option<f64>,
    date_obs_start: Option<String>,
    date_obs_end: Option<String>,
    file_size_bytes: Option<i64>,
    n_stars_detected: Option<i64>,
}

/// Completes a job whose stack the worker has put on the storage. The server reads it back before any frame goes.
#[utoipa::path(post, path = "/api/complete_job.php", tag = "worker of the original", request_body = CompleteTold,
    security(("worker" = [])),
    responses((status = 200, body = Done), (status = 400, body = ErrorTold), (status = 401, body = ErrorTold),
        (status = 404, body = ErrorTold), (status = 413, body = ErrorTold), (status = 503, body = ErrorTold)))]
async fn complete_job(
    State(app): State<App>,
    LegacyWorker(key): LegacyWorker,
    body: Bytes,
) -> Result<Json<Done>, LegacyError> {
    let told = object(&body)?;
    let id = job_id(&told)?;
    let instant = |name: &str| {
        let text = told[name].as_str()?;
        UtcTime::parse_date_obs(text).ok().map(Micros::from)
    };
    let count = |name: &str| told[name].as_i64().filter(|count| (0..=1_000_000_000).contains(count));
    let delivery = LegacyDelivery {
        stack: told["ucloud_path"].as_str().unwrap_or_default().to_owned(),
        thumbnail: told["thumbnail_path"].as_str().map(str::to_owned),
        size: count("file_size_bytes").and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
        facts: Facts {
            n_frames_input: count("n_frames_input").unwrap_or(0),
            n_frames_aligned: count("n_frames_aligned").unwrap_or(0),
            total_exptime: told["total_exptime"].as_f64(),
            date_obs_start: instant("date_obs_start"),
            date_obs_end: instant("date_obs_end"),
            ra_deg: told["ra_deg"].as_f64(),
            dec_deg: told["dec_deg"].as_f64(),
            n_stars: count("n_stars_detected"),
            fwhm_px: None,
            eq_mode: None,
        },
    };
    let done = app.work.legacy_complete(&key, id, &delivery).await;
    done.map_err(|error| named(error, "Job not found or not in processing state."))?;
    Ok(Json(Done { ok: true }))
}

/// Why an attempt failed.
#[derive(Debug, Deserialize, ToSchema)]
#[allow(dead_code, reason = "describes the body, which is read as the original read it")]
struct FailTold {
    #[schema(minimum = 1)]
    job_id: i64,
    error_message: Option<String>,
}

/// What became of the job.
#[derive(Debug, Serialize, ToSchema)]
struct FailDone {
    ok: bool,
    /// `retry` or `failed`.
    status: &'static str,
}

/// Ends an attempt without success.
#[utoipa::path(post, path = "/api/fail_job.php", tag = "worker of the original", request_body = FailTold,
    security(("worker" = [])),
    responses((status = 200, body = FailDone), (status = 400, body = ErrorTold), (status = 401, body = ErrorTold),
        (status = 404, body = ErrorTold), (status = 413, body = ErrorTold), (status = 503, body = ErrorTold)))]
async fn fail_job(
    State(app): State<App>,
    LegacyWorker(key): LegacyWorker,
    body: Bytes,
) -> Result<Json<FailDone>, LegacyError> {
    let told = object(&body)?;
    let id = job_id(&told)?;
    let message = told["error_message"].as_str().unwrap_or("Unknown error");
    let state = app.work.legacy_fail(&key, id, message).await;
    let state = state.map_err(|error| named(error, "Job not found or not in processing state."))?;
    Ok(Json(FailDone { ok: true, status: if state == JobState::Failed { "failed" } else { "retry" } }))
}

/// One round of the janitor; it comes by itself as well.
#[utoipa::path(get, path = "/api/cleanup.php", tag = "worker of the original", security(("worker" = [])),
    responses((status = 200, body = String, content_type = "text/plain"),
        (status = 401, body = String, content_type = "text/plain"),
        (status = 503, body = String, content_type = "text/plain")))]
async fn cleanup(State(app): State<App>, key: Result<LegacyWorker, LegacyError>) -> Response {
    if key.is_err() {
        let basic = [(axum::http::header::WWW_AUTHENTICATE, "Bearer")];
        return (StatusCode::UNAUTHORIZED, basic, "Unauthorized").into_response();
    }
    match app.upkeep.round().await {
        Ok(round) => {
            let told =
                format!("Cleanup done: {} expired sessions, {} files deleted.", round.expired, round.deleted);
            told.into_response()
        }
        Err(error) => {
            tracing::error!(%error, "upkeep failed");
            (StatusCode::SERVICE_UNAVAILABLE, "The cleanup failed; it will be tried again.").into_response()
        }
    }
}
