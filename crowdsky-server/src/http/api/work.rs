//! Workers: claim, frames, artefacts, completion. Every request about a job carries its lease's token.

use super::{Wanted, content_digest, content_length, digest_header, range};
use crate::app::App;
use crate::http::error::{ApiError, Problem};
use crate::http::extract::{ApiJson, ApiPath, WorkerKey};
use crate::services::{Delivered, Delivery, Facts, MAX_CLAIM, WorkerName};
use crate::storage::Artefact;
use crate::store::{Failure, Job, JobId, JobState, Micros, RawFile, RawId};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use crowdsky_core::UtcTime;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Header with the token of a lease.
pub(crate) const LEASE: &str = "x-lease-token";

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(claim))
        .routes(routes!(heartbeat))
        .routes(routes!(release))
        .routes(routes!(fail))
        .routes(routes!(complete))
        .routes(routes!(put_artefact))
        .routes(routes!(files))
        .routes(routes!(raw))
}

fn lease(headers: &HeaderMap) -> Result<&str, ApiError> {
    let token = headers.get(LEASE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if token.is_empty() {
        let detail = "This needs the header X-Lease-Token with the token that the claim has given.";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "no_lease", detail));
    }
    Ok(token)
}

/// A wish for jobs.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ClaimWish {
    /// What the worker calls itself; the name of its token if empty.
    #[schema(max_length = 64)]
    pub(crate) worker: String,
    /// How many jobs at most, 1 to 16.
    #[schema(minimum = 0, maximum = 16)]
    pub(crate) n: i64,
    /// Seconds to wait for the first, 30 at most.
    #[schema(minimum = 0, maximum = 30)]
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
#[utoipa::path(post, path = "/api/v1/worker/claim", tag = "work", request_body = ClaimWish, security(("worker" = [])),
    responses((status = 200, body = Vec<ClaimedJob>), (status = 204, description = "Nothing to do."),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
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
#[utoipa::path(post, path = "/api/v1/jobs/{id}/heartbeat", tag = "work", request_body = Sign, security(("worker" = [])),
    params(("id" = i64, Path), ("X-Lease-Token" = String, Header)),
    responses((status = 200, body = Heard), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
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
#[utoipa::path(post, path = "/api/v1/jobs/{id}/release", tag = "work", security(("worker" = [])),
    params(("id" = i64, Path), ("X-Lease-Token" = String, Header)),
    responses((status = 204), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
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
    /// `bad_input`, `too_few_aligned` and `no_files` are not tried again.
    #[schema(max_length = 40)]
    pub(crate) code: String,
    /// For people.
    #[schema(max_length = 2000)]
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
#[utoipa::path(post, path = "/api/v1/jobs/{id}/fail", tag = "work", request_body = FailureTold, security(("worker" = [])),
    params(("id" = i64, Path), ("X-Lease-Token" = String, Header)),
    responses((status = 200, body = Outcome), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
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

/// An artefact that is staged.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ArtefactTold {
    /// `stack`, `thumbnail` or `stars`.
    pub(crate) name: String,
    /// Bytes.
    pub(crate) size: u64,
    /// 64 hexadecimal digits.
    pub(crate) sha256: String,
}

/// What a worker says of its stack.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DeliveryTold {
    /// What is staged: the stack at least, but nothing for a no-op.
    pub(crate) artifacts: Vec<ArtefactTold>,
    pub(crate) n_frames_input: i64,
    pub(crate) n_frames_aligned: i64,
    /// Seconds.
    pub(crate) total_exptime: Option<f64>,
    /// UTC, ISO 8601.
    pub(crate) date_obs_start: Option<String>,
    /// UTC, ISO 8601.
    pub(crate) date_obs_end: Option<String>,
    /// Degrees.
    pub(crate) ra_deg: Option<f64>,
    /// Degrees.
    pub(crate) dec_deg: Option<f64>,
    pub(crate) n_stars_detected: Option<i64>,
    /// Pixels.
    pub(crate) fwhm_px: Option<f64>,
    pub(crate) eq_mode: Option<bool>,
}

/// The stack that was made.
#[derive(Debug, Serialize, ToSchema)]
struct CompletedJob {
    /// `null` for a no-op.
    stack_id: Option<i64>,
}

fn instant(text: Option<&String>) -> Result<Option<Micros>, ApiError> {
    let bad = |error: crowdsky_core::Error| {
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_date", error.to_string())
    };
    text.map(|text| UtcTime::parse_date_obs(text).map(Micros::from)).transpose().map_err(bad)
}

impl DeliveryTold {
    fn delivery(self) -> Result<Delivery, ApiError> {
        let bad = |detail: &str| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_delivery", detail);
        let mut artefacts = Vec::new();
        for told in self.artifacts {
            let artefact = Artefact::parse(&told.name)
                .ok_or_else(|| bad("Artefacts are stack, thumbnail and stars."))?;
            crate::secret::unhex::<32>(&told.sha256)
                .ok_or_else(|| bad("A SHA-256 has 64 hexadecimal digits."))?;
            artefacts.push(Delivered {
                artefact,
                size: told.size,
                sha256: Some(told.sha256.to_ascii_lowercase()),
            });
        }
        let counts = [self.n_frames_input, self.n_frames_aligned, self.n_stars_detected.unwrap_or(0)];
        if counts.iter().any(|count| !(0..=1_000_000_000).contains(count)) {
            return Err(bad("Counts are from 0 to a thousand million."));
        }
        let facts = Facts {
            n_frames_input: self.n_frames_input,
            n_frames_aligned: self.n_frames_aligned,
            total_exptime: self.total_exptime,
            date_obs_start: instant(self.date_obs_start.as_ref())?,
            date_obs_end: instant(self.date_obs_end.as_ref())?,
            ra_deg: self.ra_deg,
            dec_deg: self.dec_deg,
            n_stars: self.n_stars_detected,
            fwhm_px: self.fwhm_px,
            eq_mode: self.eq_mode,
        };
        Ok(Delivery { facts, artefacts })
    }
}

/// Verifies what is staged and completes the job. Repeated under the same lease, it gives the same answer.
#[utoipa::path(post, path = "/api/v1/jobs/{id}/complete", tag = "work", request_body = DeliveryTold,
    security(("worker" = [])), params(("id" = i64, Path), ("X-Lease-Token" = String, Header)),
    responses((status = 200, body = CompletedJob),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
        (status = 507, body = Problem, content_type = "application/problem+json")))]
async fn complete(
    State(app): State<App>,
    WorkerKey(_): WorkerKey,
    ApiPath(id): ApiPath<i64>,
    headers: HeaderMap,
    ApiJson(told): ApiJson<DeliveryTold>,
) -> Result<Json<CompletedJob>, ApiError> {
    let token = lease(&headers)?;
    let stack = app.work.complete(JobId(id), token, &told.delivery()?).await?;
    Ok(Json(CompletedJob { stack_id: stack.map(|stack| stack.0) }))
}

/// Stages an artefact: streamed, with its length and its hash.
#[utoipa::path(put, path = "/api/v1/jobs/{id}/artifacts/{artifact}", tag = "work", security(("worker" = [])),
    params(("id" = i64, Path), ("artifact" = String, Path, description = "`stack`, `thumbnail` or `stars`."),
        ("X-Lease-Token" = String, Header), ("Content-Digest" = String, Header, description = "sha-256=:BASE64:")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 204), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 408, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 411, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
        (status = 507, body = Problem, content_type = "application/problem+json")))]
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
    let body = super::uploads::stream(body);
    app.work.put_artefact(JobId(id), token, artefact, length, Some(sha256), body).await?;
    Ok(StatusCode::NO_CONTENT)
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
#[utoipa::path(get, path = "/api/v1/jobs/{id}/files", tag = "work", security(("worker" = [])),
    params(("id" = i64, Path), ("X-Lease-Token" = String, Header)),
    responses((status = 200, body = Vec<FrameTold>),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
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
#[utoipa::path(get, path = "/api/v1/raws/{id}", tag = "work", security(("worker" = [])),
    params(("id" = i64, Path), ("Range" = Option<String>, Header)),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, content_type = "application/octet-stream", body = Vec<u8>),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 416, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json")))]
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
