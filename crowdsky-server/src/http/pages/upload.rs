//! Frames in: the page where they are dropped, and the same without scripts, file by file.

use crate::app::App;
use crate::http::compat::Parameters;
use crate::http::compat::web::{SessionStatus, session_status};
use crate::http::error::PageError;
use crate::http::extract::{PageUser, SignedIn};
use crate::http::form::Form;
use crate::http::openapi::Pages;
use crate::http::render::{self, Frame, bytes};
use crate::services::{self, Group, Incoming};
use crate::store::UploadState;
use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Its route without `.php`; what is posted here comes to `compat::web`.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/upload", get(upload))
}

/// The other one, which scripts ask too.
pub(in crate::http) fn described() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(upload))
}

/// An open session, as it is shown without scripts.
#[derive(Debug)]
struct Open {
    token: String,
    files: i64,
    bytes: i64,
    groups: Vec<Group>,
}

#[derive(Debug, Template)]
#[template(path = "upload.html")]
struct UploadPage {
    frame: Frame,
    open: Option<Open>,
    max_file_bytes: i64,
    max_files: i64,
    max_header_blocks: usize,
    used: i64,
    quota: i64,
}

/// The page; with `action=status`, where a session stands.
#[utoipa::path(get, path = "/upload.php", operation_id = "legacy_upload_status", tag = "scripts of the original",
    security(("session" = [])),
    params(("action" = Option<String>, Query, description = "`status` for scripts."),
        ("session_token" = Option<String>, Query, description = "With `action=status`: the session."),
        ("session" = Option<String>, Query, description = "For the page: the session that goes on.")),
    responses(
        (status = 200, description = "Where the session stands, or the page", content(
            (SessionStatus = "application/json"), (String = "text/html"))),
        (status = 302, description = "Sign in first", headers(("Location" = String))),
        Pages<400>, Pages<404>, Pages<500>, Pages<503>,
    ))]
async fn upload(
    PageUser(user): PageUser,
    State(app): State<App>,
    Query(asked): Query<Parameters>,
) -> Result<Response, PageError> {
    let asked = |name| asked.get(name).map(String::as_str).unwrap_or_default();
    if asked("action") == "status" {
        return Ok(session_status(&app, &user, asked("session_token")).await.into_response());
    }
    let open = match asked("session") {
        "" => None,
        token => {
            let overview = app.uploads.overview(&user.user, token).await?;
            let upload = overview.upload;
            (upload.state == UploadState::Uploading).then_some(Open {
                token: upload.token,
                files: upload.file_count,
                bytes: upload.total_bytes,
                groups: overview.groups,
            })
        }
    };
    let limits = app.uploads.limits();
    Ok(render::page(&UploadPage {
        frame: Frame::of(&user, "upload"),
        open,
        max_file_bytes: i64::try_from(limits.max_file_bytes).unwrap_or(i64::MAX),
        max_files: limits.max_files,
        max_header_blocks: limits.max_header_blocks,
        used: user.user.storage_used,
        quota: user.user.storage_limit,
    }))
}

/// The forms of a browser without scripts: one file (`single`), the end of the session (`finish`), or none of it (`discard`).
pub(in crate::http) async fn without_scripts(
    app: &App,
    user: &SignedIn,
    action: &str,
    mut form: Form,
) -> Response {
    if !form.is_of(user) {
        let sentence = "Invalid CSRF token. Please load the page again.";
        return PageError::new(StatusCode::FORBIDDEN, sentence).into_response();
    }
    let token = form.get("session_token").to_owned();
    let done = match action {
        "finish" => {
            app.uploads.finalise(&user.user, &token).await.map(|_| format!("/status.php?session={token}"))
        }
        "discard" => app.uploads.abandon(&user.user, &token).await.map(|()| "/upload.php".to_owned()),
        _ => single(app, user, token, &mut form).await.map(|token| format!("/upload.php?session={token}")),
    };
    match done {
        Ok(to) => Redirect::to(&to).into_response(),
        Err(error) => PageError::from(error).into_response(),
    }
}

/// Takes one file into the session, which is opened if there is none. Its token.
async fn single(app: &App, user: &SignedIn, token: String, form: &mut Form) -> services::Result<String> {
    let chosen = form.file.take().filter(|file| !file.name.is_empty());
    let Some(file) = chosen else {
        let message = "Choose a file first.".to_owned();
        return Err(services::Error::BadInput { code: "no_file", message });
    };
    let incoming = Incoming { name: file.name, length: None, sha256: None };
    if !token.is_empty() {
        app.uploads.accept(&user.user, &token, incoming, file.body).await?;
        return Ok(token);
    }
    let token = app.uploads.open(&user.user, None, false, None).await?.token;
    let taken = app.uploads.accept(&user.user, &token, incoming, file.body).await;
    if taken.is_err() {
        // Nobody knows of the session yet, and open ones are counted.
        app.uploads.abandon(&user.user, &token).await?;
    }
    taken.map(|_| token)
}
