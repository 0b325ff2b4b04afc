//! Upload sessions: start, check, file, finalise.

use super::{content_digest, content_length};
use crate::app::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, ApiPath, ApiQuery, CurrentUser};
use crate::http::openapi::{Changing, Problems, Reading};
use crate::secret::unhex;
use crate::services::{Group, Incoming, Known};
use crate::storage::ByteStream;
use crate::store::{Finalised, Micros, RawFile, Upload};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use futures_util::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(start))
        .routes(routes!(status, abandon))
        .routes(routes!(check))
        .routes(routes!(put_file, drop_file))
        .routes(routes!(finalise))
}

/// A session to be.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct Start {
    /// What the user calls it. 200 characters are kept.
    label: Option<String>,
    /// Leave SITELAT and SITELONG out of everything.
    scrub_location: bool,
}

/// What a client may send.
#[derive(Debug, Serialize, ToSchema)]
struct Limits {
    /// Bytes of one file.
    max_file_bytes: u64,
    /// Files of one session.
    max_files: i64,
    /// Files at once.
    parallel: usize,
}

impl Limits {
    fn of(app: &App) -> Limits {
        let limits = app.uploads.limits();
        Limits {
            max_file_bytes: limits.max_file_bytes,
            max_files: limits.max_files,
            parallel: limits.parallel_per_user.min(4),
        }
    }
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
struct Started {
    /// By which it is named.
    token: String,
    /// If it is not finalised by then, it expires; each frame that comes moves it on. `YYYY-MM-DD HH:MM:SS`, UTC.
    expires_at: String,
    limits: Limits,
}

/// Opens an upload session.
#[utoipa::path(post, path = "/api/v1/uploads", operation_id = "start_upload", tag = "uploads", request_body = Option<Start>,
    security(("session" = [], "csrf" = [])),
    params(("Idempotency-Key" = Option<String>, Header, max_length = 128,
        description = "The same key gives the same session again.")),
    responses(
        (status = 201, description = "Opened", body = Started, links(
            ("check" = (operation_id = "check_files", parameters(("token" = "$response.body#/token")))),
            ("send" = (operation_id = "put_file", parameters(("token" = "$response.body#/token")))),
            ("status" = (operation_id = "get_upload", parameters(("token" = "$response.body#/token")))),
            ("finalise" = (operation_id = "finalise_upload", parameters(("token" = "$response.body#/token")))),
            ("abandon" = (operation_id = "abandon_upload", parameters(("token" = "$response.body#/token")))),
        )),
        Changing, Problems<400>, Problems<409>, Problems<413>, Problems<422>, Problems<507>,
    ))]
async fn start(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    headers: HeaderMap,
    ApiJson(wish): ApiJson<Start>,
) -> Result<(StatusCode, Json<Started>), ApiError> {
    let key = headers.get("idempotency-key").map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned());
    let upload = app.uploads.open(&user.user, wish.label, wish.scrub_location, key).await?;
    let (expires_at, limits) = (upload.expires_at.to_datetime(), Limits::of(&app));
    let started = Started { token: upload.token, expires_at, limits };
    Ok((StatusCode::CREATED, Json(started)))
}

/// A file that a client has.
#[derive(Debug, Deserialize, ToSchema)]
struct Asked {
    /// For people; not used.
    #[serde(default)]
    #[allow(dead_code, reason = "clients send it, so it is described")]
    name: Option<String>,
    /// Bytes; not used.
    #[serde(default)]
    #[allow(dead_code, reason = "clients send it, so it is described")]
    size: u64,
    /// 64 hexadecimal digits.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-fA-F]{64}$")]
    sha256: String,
}

/// The same file, as the session knows it.
#[derive(Debug, Serialize, ToSchema)]
struct Answered {
    sha256: String,
    /// `missing`: send it. `have`: done. `earlier`: it was sent in a session that was finalised, and is in a stack or in a job
    /// that waits or runs; it can be sent again.
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chunk_key: Option<String>,
    /// With `earlier`: the token of that session.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    /// With `earlier`: the stack of its job, once there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    stack_id: Option<i64>,
}

impl From<Known> for Answered {
    fn from(Known { sha256, file, earlier }: Known) -> Answered {
        let status = match (&file, &earlier) {
            (Some(_), _) => "have",
            (None, Some(_)) => "earlier",
            (None, None) => "missing",
        };
        Answered {
            sha256,
            status,
            raw_id: file.as_ref().map(|file| file.id.0),
            chunk_key: file.and_then(|file| file.chunk_key),
            stack_id: earlier.as_ref().and_then(|earlier| earlier.stack).map(|stack| stack.0),
            session: earlier.map(|earlier| earlier.session),
        }
    }
}

/// Says which of these files the session has, and which an earlier one had: what is there need not be sent again.
#[utoipa::path(post, path = "/api/v1/uploads/{token}/check", operation_id = "check_files", tag = "uploads",
    request_body = Vec<Asked>, security(("session" = [], "csrf" = [])),
    params(("token" = String, Path, description = "The session.")),
    responses((status = 200, description = "Each file, as asked", body = Vec<Answered>), Changing, Problems<400>, Problems<404>,
        Problems<413>, Problems<422>))]
async fn check(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    ApiPath(token): ApiPath<String>,
    ApiJson(asked): ApiJson<Vec<Asked>>,
) -> Result<Json<Vec<Answered>>, ApiError> {
    let hashes = asked.iter().map(|file| unhex::<32>(&file.sha256)).collect::<Option<Vec<_>>>();
    let hashes = hashes.ok_or_else(|| {
        let detail = "Ask for each file by the 64 hexadecimal digits of its SHA-256.";
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_question", detail)
    })?;
    let known = app.uploads.check(&user.user, &token, &hashes).await?;
    Ok(Json(known.into_iter().map(Answered::from).collect()))
}

/// What a file is called.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Name {
    /// File name, ending in .fit or .fits.
    name: String,
}

/// A frame that is stored.
#[derive(Debug, Serialize, ToSchema)]
struct File {
    raw_id: i64,
    filename: String,
    size: i64,
    sha256: String,
    /// `YYYYMMDD.CC_RRR.R_sDD.D`
    chunk_key: Option<String>,
    healpix_key: Option<String>,
    object: Option<String>,
    /// DATE-OBS, UTC.
    date_obs: Option<String>,
}

impl From<RawFile> for File {
    fn from(file: RawFile) -> File {
        File {
            raw_id: file.id.0,
            filename: file.filename,
            size: file.size,
            sha256: file.sha256,
            chunk_key: file.chunk_key,
            healpix_key: file.healpix_key,
            object: file.meta.object,
            date_obs: file.meta.date_obs.map(|time| Micros::from(time).to_iso()),
        }
    }
}

/// A request's body as a storage takes it.
pub(in crate::http) fn stream(body: Body) -> ByteStream {
    body.into_data_stream().map_err(std::io::Error::other).boxed()
}

/// Takes a raw frame. 201 when it is new, 200 when the session has it already; either way it is safe.
#[utoipa::path(put, path = "/api/v1/uploads/{token}/files/{sha256}", operation_id = "put_file", tag = "uploads",
    security(("session" = [], "csrf" = [])),
    params(("token" = String, Path, description = "The session."),
        ("sha256" = String, Path, pattern = "^[0-9a-fA-F]{64}$", description = "Hexadecimal SHA-256 of the file."),
        Name,
        ("Content-Digest" = Option<String>, Header, description = "`sha-256=:BASE64:`, compared with the address.")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "The session had it already", body = File),
        (status = 201, description = "Stored", body = File, links(("drop" = (operation_id = "drop_file",
            parameters(("token" = "$request.path.token"), ("sha256" = "$response.body#/sha256")))))),
        Changing, Problems<400>, Problems<404>, Problems<408>, Problems<409>, Problems<413>, Problems<422>, Problems<429>,
        Problems<507>,
    ))]
async fn put_file(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    ApiPath((token, sha256)): ApiPath<(String, String)>,
    ApiQuery(name): ApiQuery<Name>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<File>), ApiError> {
    let bad = |detail| ApiError::new(StatusCode::BAD_REQUEST, "bad_digest", detail);
    let hash = unhex::<32>(&sha256)
        .ok_or_else(|| bad("The address ends in the 64 hexadecimal digits of the SHA-256."))?;
    if content_digest(&headers)?.is_some_and(|announced| announced != hash) {
        return Err(bad("Content-Digest and the address name different hashes."));
    }
    if headers.contains_key("content-encoding") {
        return Err(bad("Files are sent as they are, without Content-Encoding."));
    }
    let incoming = Incoming { name: name.name, length: content_length(&headers), sha256: Some(hash) };
    let accepted = app.uploads.accept(&user.user, &token, incoming, stream(body)).await?;
    let status = if accepted.new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(accepted.file.into())))
}

/// Takes a file out of an open session.
#[utoipa::path(delete, path = "/api/v1/uploads/{token}/files/{sha256}", operation_id = "drop_file", tag = "uploads",
    security(("session" = [], "csrf" = [])),
    params(("token" = String, Path, description = "The session."),
        ("sha256" = String, Path, pattern = "^[0-9a-fA-F]{64}$", description = "Hexadecimal SHA-256 of the file.")),
    responses((status = 204, description = "Taken out"), Changing, Problems<404>, Problems<409>))]
async fn drop_file(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    ApiPath((token, sha256)): ApiPath<(String, String)>,
) -> Result<StatusCode, ApiError> {
    app.uploads.drop_file(&user.user, &token, &sha256.to_ascii_lowercase()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A chunk to be.
#[derive(Debug, Serialize, ToSchema)]
struct GroupOf {
    chunk_key: String,
    object: Option<String>,
    filter: Option<String>,
    telescope: Option<String>,
    /// Seconds of one exposure.
    exptime: Option<f64>,
    frames: usize,
}

impl From<Group> for GroupOf {
    fn from(group: Group) -> GroupOf {
        let Group { chunk_key, object, filter, telescope, exptime, frames } = group;
        GroupOf { chunk_key, object, filter, telescope, exptime, frames }
    }
}

/// Where a session stands.
#[derive(Debug, Serialize, ToSchema)]
struct Overview {
    token: String,
    /// `uploading`, `complete`, `expired`.
    state: String,
    label: Option<String>,
    /// Each frame that comes moves it on: `YYYY-MM-DD HH:MM:SS`, UTC.
    expires_at: String,
    limits: Limits,
    file_count: i64,
    total_bytes: i64,
    files: Vec<File>,
    /// What would be made of the files.
    groups: Vec<GroupOf>,
}

/// Says where a session stands.
#[utoipa::path(get, path = "/api/v1/uploads/{token}", operation_id = "get_upload", tag = "uploads", security(("session" = [])),
    params(("token" = String, Path, description = "The session.")),
    responses((status = 200, description = "The session", body = Overview), Reading, Problems<404>))]
async fn status(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    ApiPath(token): ApiPath<String>,
) -> Result<Json<Overview>, ApiError> {
    let overview = app.uploads.overview(&user.user, &token).await?;
    let Upload { token, state, label, expires_at, file_count, total_bytes, .. } = overview.upload;
    Ok(Json(Overview {
        token,
        state: state.as_str().to_owned(),
        label,
        expires_at: expires_at.to_datetime(),
        limits: Limits::of(&app),
        file_count,
        total_bytes,
        files: overview.files.into_iter().map(File::from).collect(),
        groups: overview.groups.into_iter().map(GroupOf::from).collect(),
    }))
}

/// Takes an open session back, with all its files.
#[utoipa::path(delete, path = "/api/v1/uploads/{token}", operation_id = "abandon_upload", tag = "uploads",
    security(("session" = [], "csrf" = [])), params(("token" = String, Path, description = "The session.")),
    responses((status = 204, description = "Taken back"), Changing, Problems<404>, Problems<409>))]
async fn abandon(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    ApiPath(token): ApiPath<String>,
) -> Result<StatusCode, ApiError> {
    app.uploads.abandon(&user.user, &token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A job that was queued.
#[derive(Debug, Serialize, ToSchema)]
struct QueuedJob {
    id: i64,
    chunk_key: String,
}

/// A file that is in no job.
#[derive(Debug, Serialize, ToSchema)]
struct RejectedFile {
    filename: String,
    reason: String,
}

/// What finalising made.
#[derive(Debug, Serialize, ToSchema)]
struct FinalisedSession {
    jobs: Vec<QueuedJob>,
    rejected: Vec<RejectedFile>,
}

impl From<Finalised> for FinalisedSession {
    fn from(done: Finalised) -> FinalisedSession {
        FinalisedSession {
            jobs: done.jobs.into_iter().map(|(id, chunk_key)| QueuedJob { id: id.0, chunk_key }).collect(),
            rejected: done
                .rejected
                .into_iter()
                .map(|(filename, reason)| RejectedFile { filename, reason })
                .collect(),
        }
    }
}

/// Closes a session and queues one job for each chunk. Repeated, it gives the same answer.
#[utoipa::path(post, path = "/api/v1/uploads/{token}/finalize", operation_id = "finalise_upload", tag = "uploads",
    security(("session" = [], "csrf" = [])), params(("token" = String, Path, description = "The session.")),
    responses((status = 200, description = "Its jobs", body = FinalisedSession), Changing, Problems<404>, Problems<409>,
        Problems<422>))]
async fn finalise(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    ApiPath(token): ApiPath<String>,
) -> Result<Json<FinalisedSession>, ApiError> {
    Ok(Json(app.uploads.finalise(&user.user, &token).await?.into()))
}
