//! What scripts of the pages called in the original, with its order of checks and its words.

use super::{Done, Parameters, post_required};
use crate::app::App;
use crate::http::error::{LegacyError, PageError};
use crate::http::extract::{PageUser, SignedIn, Visitor};
use crate::http::form::Form;
use crate::http::openapi::{Errors, LegacyChanging, LegacyReading, Pages};
use crate::http::pages;
use crate::services::{self, Incoming};
use crate::storage;
use crate::store::{self, JobId, Micros, Stack, UploadId, UploadState};
use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Bytes of a JSON body.
const JSON_BYTES: usize = 64 << 10;

type Answer<T> = Result<T, LegacyError>;

/// Its routes. `/upload` and `/upload.php` are one, as all pages are.
pub(super) fn routes() -> OpenApiRouter<App> {
    // The body of an upload is read as it comes; how long it may be is the service's business.
    let bodies = DefaultBodyLimit::disable;
    OpenApiRouter::new()
        .merge(OpenApiRouter::new().routes(routes!(upload)).layer(bodies()))
        .route("/upload", post(upload).layer(bodies()))
        .routes(routes!(finalize))
        .route("/finalize", post(finalize))
        .route("/finalize.php", any(post_required))
        .routes(routes!(delete_job))
        .route("/api/delete_job.php", any(post_required))
        .routes(routes!(stacks_data))
}

fn csrf() -> LegacyError {
    LegacyError::new(StatusCode::FORBIDDEN, "Invalid CSRF token.")
}

/// For the description only; [`Form`] reads it.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "describes a header")]
struct Csrf {
    /// The form token, unless it is in the field `csrf_token`.
    #[param(rename = "X-CSRF-Token")]
    csrf: Option<String>,
}

/// A form as it is sent: for the description only, [`Form`] reads it.
#[derive(Debug, ToSchema)]
#[allow(dead_code)]
struct UploadForm {
    /// `start` or `file`; that of the query comes first.
    action: Option<String>,
    /// The form token, unless it is in the header `X-CSRF-Token`.
    csrf_token: Option<String>,
    /// The session, with `file`.
    session_token: Option<String>,
    /// The frame, after all other fields.
    #[schema(format = Binary)]
    file: Option<String>,
}

/// What was taken.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum Taken {
    /// A session was opened.
    Session { session_id: UploadId, session_token: String },
    /// A frame was stored.
    Frame {
        ok: bool,
        filename: String,
        /// DATE-OBS, UTC.
        date_obs: Option<String>,
        object: Option<String>,
        chunk_key: Option<String>,
    },
}

/// Opens an upload session (`start`) or takes a frame into one (`file`).
#[utoipa::path(post, path = "/upload.php", operation_id = "legacy_upload", tag = "scripts of the original",
    security(("session" = [])),
    params(("action" = Option<String>, Query, description = "`start` or `file`."), Csrf),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "Opened, or stored", body = Taken),
        (status = 302, description = "Sign in first", headers(("Location" = String))),
        (status = 303, description = "A form without scripts was taken", headers(("Location" = String))),
        Pages<400>, Pages<403>, Pages<404>, Pages<408>, Pages<409>, Pages<413>, Pages<422>, Pages<429>, Pages<500>, Pages<503>,
        Pages<507>,
    ))]
async fn upload(
    PageUser(user): PageUser,
    State(app): State<App>,
    Query(mut query): Query<Parameters>,
    form: Form,
) -> Response {
    let action = query.remove("action").unwrap_or_else(|| form.get("action").to_owned());
    let answer = match action.as_str() {
        "single" | "finish" | "discard" => {
            return pages::upload::without_scripts(&app, &user, &action, form).await;
        }
        _ if !form.is_of(&user) => Err(csrf()),
        "start" => start(&app, &user).await,
        "file" => file(&app, &user, form).await,
        _ => Err(LegacyError::bad("Unknown action.")),
    };
    answer.into_response()
}

async fn start(app: &App, user: &SignedIn) -> Answer<Json<Taken>> {
    let upload = app.uploads.open(&user.user, None, false, None).await?;
    Ok(Json(Taken::Session { session_id: upload.id, session_token: upload.token }))
}

async fn file(app: &App, user: &SignedIn, mut form: Form) -> Answer<Json<Taken>> {
    let token = form.get("session_token").to_owned();
    if token.is_empty() {
        return Err(LegacyError::bad("Missing session_token."));
    }
    let unknown = || LegacyError::not_found("Upload session not found or expired.");
    match app.uploads.find(&user.user, &token).await {
        Ok(upload) if upload.state == UploadState::Uploading => {}
        Ok(_) | Err(services::Error::NotFound(_)) => return Err(unknown()),
        Err(error) => return Err(error.into()),
    }
    let Some(file) = form.file.take() else {
        return Err(LegacyError::bad("File upload error (code: missing)."));
    };
    if file.name.is_empty() {
        // PHP's number for a file field without a file.
        return Err(LegacyError::bad("File upload error (code: 4)."));
    }
    let incoming = Incoming { name: file.name, length: None, sha256: None };
    let file = match app.uploads.accept(&user.user, &token, incoming, file.body).await {
        Ok(accepted) => accepted.file,
        Err(services::Error::TooLarge { limit }) => {
            return Err(LegacyError::bad(format!("File exceeds {} MB limit.", limit >> 20)));
        }
        Err(services::Error::BadInput { code: "not_fits", .. }) => {
            return Err(LegacyError::bad("Invalid FITS file (bad header)."));
        }
        Err(services::Error::Store(store::Error::WrongState { .. })) => return Err(unknown()),
        Err(services::Error::Storage(error @ storage::Error::Refused { .. })) => {
            tracing::error!(%error, "a frame could not be stored");
            let sentence = "Failed to save file to disk.";
            return Err(LegacyError::new(StatusCode::INTERNAL_SERVER_ERROR, sentence));
        }
        Err(error) => return Err(error.into()),
    };
    let date_obs = file.meta.date_obs.map(|time| {
        let text = time.to_iso_micros();
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    });
    let (filename, object, chunk_key) = (file.filename, file.meta.object, file.chunk_key);
    Ok(Json(Taken::Frame { ok: true, filename, date_obs, object, chunk_key }))
}

/// Where a session stands.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SessionStatus {
    /// `uploading`, `complete`, `expired` or `not_found`, which stands alone.
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_count: Option<i64>,
    /// While it is `uploading`.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<SessionFile>>,
}

/// A frame of an open session.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SessionFile {
    filename: String,
    chunk_key: Option<String>,
    file_size_bytes: i64,
}

/// `GET /upload.php?action=status`.
pub(in crate::http) async fn session_status(
    app: &App,
    user: &SignedIn,
    token: &str,
) -> Answer<Json<SessionStatus>> {
    if token.is_empty() {
        return Err(LegacyError::bad("Missing session_token."));
    }
    let overview = match app.uploads.overview(&user.user, token).await {
        Ok(overview) => overview,
        Err(services::Error::NotFound(_)) => {
            return Ok(Json(SessionStatus { status: "not_found", file_count: None, files: None }));
        }
        Err(error) => return Err(error.into()),
    };
    let open = overview.upload.state == UploadState::Uploading;
    let files = overview.files.into_iter().filter(|_| open).map(|file| SessionFile {
        filename: file.filename,
        chunk_key: file.chunk_key,
        file_size_bytes: file.size,
    });
    Ok(Json(SessionStatus {
        status: overview.upload.state.as_str(),
        file_count: Some(overview.upload.file_count),
        files: Some(files.collect()),
    }))
}

#[derive(Debug, ToSchema)]
#[allow(dead_code)]
struct FinalizeForm {
    /// The session.
    session_token: String,
    /// The form token, unless it is in the header `X-CSRF-Token`.
    csrf_token: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct FinalizedJson {
    ok: bool,
    jobs: usize,
    job_ids: Vec<JobId>,
    chunks: Vec<String>,
}

/// Closes an upload session and queues its jobs.
#[utoipa::path(post, path = "/finalize.php", operation_id = "legacy_finalize", tag = "scripts of the original",
    security(("session" = [])),
    params(Csrf),
    request_body(content = FinalizeForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Its jobs", body = FinalizedJson),
        (status = 302, description = "Sign in first", headers(("Location" = String))),
        Pages<400>, Pages<403>, Pages<404>, Pages<500>, Pages<503>,
    ))]
async fn finalize(
    PageUser(user): PageUser,
    State(app): State<App>,
    form: Form,
) -> Answer<Json<FinalizedJson>> {
    if !form.is_of(&user) {
        return Err(csrf());
    }
    let token = form.get("session_token");
    if token.is_empty() {
        return Err(LegacyError::bad("Missing session_token."));
    }
    let unknown = || LegacyError::not_found("Session not found or already finalized.");
    match app.uploads.find(&user.user, token).await {
        Ok(upload) if upload.state == UploadState::Uploading => {}
        Ok(_) | Err(services::Error::NotFound(_)) => return Err(unknown()),
        Err(error) => return Err(error.into()),
    }
    let done = match app.uploads.finalise(&user.user, token).await {
        Err(services::Error::BadInput { code: "no_files", .. }) => {
            return Err(LegacyError::bad("No files in this session."));
        }
        Err(services::Error::Store(store::Error::WrongState { .. })) => return Err(unknown()),
        other => other?,
    };
    let (job_ids, chunks): (Vec<_>, Vec<_>) = done.jobs.into_iter().unzip();
    Ok(Json(FinalizedJson { ok: true, jobs: job_ids.len(), job_ids, chunks }))
}

#[derive(Debug, ToSchema)]
#[allow(dead_code)]
struct DeleteJob {
    #[schema(minimum = 1)]
    job_id: i64,
    /// The form token.
    csrf_token: String,
}

/// Deletes a job.
#[utoipa::path(post, path = "/api/delete_job.php", operation_id = "legacy_delete_job", tag = "scripts of the original",
    security(("session" = [])), request_body = DeleteJob,
    responses((status = 200, description = "Deleted", body = Done), LegacyChanging, Errors<400>, Errors<404>))]
async fn delete_job(
    visitor: Result<Visitor, PageError>,
    State(app): State<App>,
    body: Body,
) -> Answer<Json<Done>> {
    let user = visitor?.signed_in.ok_or_else(login_required)?;
    let bytes = to_bytes(body, JSON_BYTES).await.unwrap_or_default();
    let Ok(Value::Object(asked)) = serde_json::from_slice::<Value>(&bytes) else {
        return Err(LegacyError::bad("Invalid JSON body."));
    };
    // Numbers in quotes are numbers, as they were in PHP.
    let number = |value: &Value| value.as_i64().or_else(|| value.as_str()?.parse().ok());
    let Some(id) = asked.get("job_id").and_then(number).filter(|id| *id > 0) else {
        return Err(LegacyError::bad("Missing job_id."));
    };
    let token = asked.get("csrf_token").and_then(Value::as_str).unwrap_or_default();
    if !user.token.allows(token) {
        return Err(csrf());
    }
    match app.jobs.delete(user.user.id, JobId(id)).await {
        Ok(()) => Ok(Json(Done { ok: true })),
        Err(services::Error::NotFound(_) | services::Error::Store(store::Error::NotFound(_))) => {
            Err(LegacyError::not_found("Job not found."))
        }
        Err(error) => Err(error.into()),
    }
}

fn login_required() -> LegacyError {
    LegacyError::new(StatusCode::UNAUTHORIZED, "Login required.")
}

/// A stack, as the original's list of them.
#[derive(Debug, Serialize, ToSchema)]
struct StackRow {
    id: i64,
    ra_deg: Option<f64>,
    dec_deg: Option<f64>,
    object_name: Option<String>,
    chunk_key: String,
    date_obs_start: Option<String>,
    n_frames_input: i64,
    n_frames_aligned: i64,
    total_exptime: Option<f64>,
    file_size_bytes: i64,
}

impl From<Stack> for StackRow {
    fn from(stack: Stack) -> StackRow {
        let made = stack.made;
        StackRow {
            id: stack.id.0,
            ra_deg: made.ra_deg,
            dec_deg: made.dec_deg,
            object_name: stack.object_name,
            chunk_key: stack.chunk_key,
            date_obs_start: made.date_obs_start.map(Micros::to_datetime),
            n_frames_input: made.n_frames_input,
            n_frames_aligned: made.n_frames_aligned,
            total_exptime: made.total_exptime,
            file_size_bytes: made.fits.size,
        }
    }
}

/// All stacks of the user, latest observation first.
#[utoipa::path(get, path = "/api/stacks_data.php", operation_id = "legacy_stacks_data", tag = "scripts of the original",
    security(("session" = [])),
    responses((status = 200, description = "The stacks", body = Vec<StackRow>), LegacyReading))]
async fn stacks_data(
    visitor: Result<Visitor, PageError>,
    State(app): State<App>,
) -> Answer<Json<Vec<StackRow>>> {
    let user = visitor?.signed_in.ok_or_else(login_required)?;
    let stacks = app.stacks.list(user.user.id, None, 0, 0).await?.stacks;
    Ok(Json(stacks.into_iter().map(StackRow::from).collect()))
}
