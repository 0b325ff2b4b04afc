//! What the original's worker asks: `next_job`, `job_files`, `download_raw`, `complete_job`, `fail_job`, `cleanup`.
//!
//! The order of the checks is the original's: method, token, parameters, existence, action.

use super::{Done, Parameters, post_required};
use crate::app::App;
use crate::http::api::Part;
use crate::http::error::{ApiError, LegacyError};
use crate::http::extract::LegacyWorker;
use crate::http::openapi::{Errors, LegacyChanging, LegacyReading};
use crate::services::{self, Facts, LegacyDelivery, WorkerName};
use crate::storage::{Artefact, Names, slug};
use crate::store::{self, JobId, JobState, Micros, RawFile, RawId};
use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use crowdsky_core::UtcTime;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json_;
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
        .route("/api/complete_job.php", any(post_required))
        .routes(routes!(fail_job))
        .route("/api/fail_job.php", any(post_required))
        .routes(routes!(cleanup))
}

fn number(parameters: &Parameters, name: &str) -> Option<i64> {
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

/// A worker of the original makes its path itself, with `_` for `/` and blanks. Where that is not the path expected, the name is
/// sent as the path has it (U-18): `Barnard's Loop` would be put where nobody looks.
fn for_a_path(object: String) -> String {
    let ours = slug(&object);
    if object.replace(['/', ' '], "_") == ours { object } else { ours }
}

/// Leases the next job. 204 when there is none.
#[utoipa::path(get, path = "/api/next_job.php", operation_id = "legacy_next_job",
    tag = "worker of the original", security(("worker" = [])),
    params(("worker_id" = Option<String>, Query, description = "What the worker calls itself.")),
    responses((status = 200, description = "A job, leased", body = NextJob, links(
            ("files" = (operation_id = "legacy_job_files", parameters(("job_id" = "$response.body#/job_id")))))), (status = 204, description = "Nothing to do"),
        LegacyReading))]
async fn next_job(
    State(app): State<App>,
    LegacyWorker(key): LegacyWorker,
    Query(parameters): Query<Parameters>,
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
        object_name: job.object_name.map(for_a_path),
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
#[utoipa::path(get, path = "/api/job_files.php", operation_id = "legacy_job_files",
    tag = "worker of the original", security(("worker" = [])), params(("job_id" = i64, Query, minimum = 1)),
    responses((status = 200, description = "The frames", body = JobFiles), LegacyReading, Errors<400>, Errors<404>))]
async fn job_files(
    State(app): State<App>,
    LegacyWorker(_): LegacyWorker,
    Query(parameters): Query<Parameters>,
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
#[utoipa::path(get, path = "/api/download_raw.php", operation_id = "legacy_download_raw",
    tag = "worker of the original", security(("worker" = [])), params(("file_id" = i64, Query, minimum = 1), Part),
    responses(
        (status = 200, description = "The frame", content_type = "application/octet-stream", body = Vec<u8>,
            headers(("ETag" = String), ("Content-Digest" = String))),
        (status = 206, description = "The part that was asked for", content_type = "application/octet-stream", body = Vec<u8>,
            headers(("ETag" = String), ("Content-Range" = String))),
        LegacyReading, Errors<400>, Errors<404>, Errors<416>,
    ))]
async fn download_raw(
    State(app): State<App>,
    LegacyWorker(key): LegacyWorker,
    Query(parameters): Query<Parameters>,
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

/// A body as it came, or why it did not.
type Body = Result<Bytes, BytesRejection>;

/// A JSON object, after the original's check.
fn object(body: Body) -> Result<Json_, LegacyError> {
    let body = body.map_err(|refused| LegacyError::new(refused.status(), refused.body_text()))?;
    let parsed: Option<Json_> = serde_json::from_slice(&body).ok();
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
#[utoipa::path(post, path = "/api/complete_job.php", operation_id = "legacy_complete_job", request_body = CompleteTold,
    tag = "worker of the original", security(("worker" = [])),
    responses((status = 200, description = "Completed", body = Done), LegacyChanging, Errors<400>, Errors<404>, Errors<409>,
        Errors<413>, Errors<507>))]
async fn complete_job(
    State(app): State<App>,
    LegacyWorker(key): LegacyWorker,
    body: Body,
) -> Result<Json<Done>, LegacyError> {
    let told = object(body)?;
    let id = job_id(&told)?;
    // As a header has it, or as `job_files` has told it: with a blank for the T.
    let instant = |name: &str| {
        let text = told[name].as_str()?.replacen(' ', "T", 1);
        UtcTime::parse_date_obs(&text).ok().map(Micros::from)
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
#[utoipa::path(post, path = "/api/fail_job.php", operation_id = "legacy_fail_job", request_body = FailTold,
    tag = "worker of the original", security(("worker" = [])),
    responses((status = 200, description = "Noted", body = FailDone), LegacyChanging, Errors<400>, Errors<404>, Errors<413>))]
async fn fail_job(
    State(app): State<App>,
    LegacyWorker(key): LegacyWorker,
    body: Body,
) -> Result<Json<FailDone>, LegacyError> {
    let told = object(body)?;
    let id = job_id(&told)?;
    let message = told["error_message"].as_str().unwrap_or("Unknown error");
    let state = app.work.legacy_fail(&key, id, message).await;
    let state = state.map_err(|error| named(error, "Job not found or not in processing state."))?;
    Ok(Json(FailDone { ok: true, status: if state == JobState::Failed { "failed" } else { "retry" } }))
}

/// One round of the janitor; it comes by itself as well.
#[utoipa::path(get, path = "/api/cleanup.php", operation_id = "legacy_cleanup",
    tag = "worker of the original", security(("worker" = [])),
    responses((status = 200, description = "What was done", body = String, content_type = "text/plain"),
        (status = 401, description = "No worker's token", body = String, content_type = "text/plain",
            headers(("WWW-Authenticate" = String))),
        (status = 503, description = "Not now", body = String, content_type = "text/plain")))]
async fn cleanup(State(app): State<App>, key: Result<LegacyWorker, LegacyError>) -> Response {
    match key {
        Ok(_) => {}
        Err(error) if error.status() == StatusCode::UNAUTHORIZED => {
            let bearer = [(axum::http::header::WWW_AUTHENTICATE, "Bearer")];
            return (StatusCode::UNAUTHORIZED, bearer, "Unauthorized").into_response();
        }
        // The token may be good: nobody can say.
        Err(error) => return (error.status(), "The token cannot be checked now.").into_response(),
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
