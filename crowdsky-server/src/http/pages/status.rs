//! Sessions and their jobs.

use crate::app::App;
use crate::http::error::PageError;
use crate::http::extract::PageUser;
use crate::http::form::Form;
use crate::http::render::{self, Frame, bytes};
use crate::store::{Job, JobId, JobState, Micros, StackId, Upload, UploadState};
use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;

/// Its routes.
pub(super) fn routes() -> Router<App> {
    let page = || get(status).post(change);
    Router::new().route("/status.php", page()).route("/status", page())
}

#[derive(Debug, Deserialize)]
struct Asked {
    #[serde(default)]
    session: String,
}

#[derive(Debug, Template)]
#[template(path = "sessions.html")]
struct SessionsPage {
    frame: Frame,
    sessions: Vec<Upload>,
}

/// A job and what it has made.
#[derive(Debug)]
struct Shown {
    job: Job,
    stack: Option<StackId>,
}

impl Shown {
    fn percent(&self) -> i64 {
        (self.job.progress.clamp(0.0, 1.0) * 100.0) as i64
    }

    fn worker(&self) -> &str {
        self.job.lease.as_ref().map(|lease| lease.worker.as_str()).unwrap_or_default()
    }

    fn failed(&self) -> bool {
        self.job.state == JobState::Failed
    }
}

#[derive(Debug, Template)]
#[template(path = "status.html")]
struct StatusPage {
    frame: Frame,
    session: Upload,
    jobs: Vec<Shown>,
}

impl StatusPage {
    fn ended(&self) -> usize {
        self.jobs.iter().filter(|shown| shown.job.state.is_final()).count()
    }
}

fn is_open(session: &Upload) -> bool {
    session.state == UploadState::Uploading
}

fn minute(at: &Micros) -> String {
    at.to_datetime().chars().take(16).collect()
}

async fn status(
    PageUser(user): PageUser,
    State(app): State<App>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let frame = Frame::of(&user, "status");
    if asked.session.is_empty() {
        let sessions = app.jobs.sessions(user.user.id).await?;
        return Ok(render::page(&SessionsPage { frame, sessions }));
    }
    let session = app.jobs.session(user.user.id, &asked.session).await?;
    let mut jobs = Vec::with_capacity(session.jobs.len());
    for job in session.jobs {
        let stack = app.jobs.stack_of(&job).await?;
        jobs.push(Shown { job, stack });
    }
    Ok(render::page(&StatusPage { frame, session: session.upload, jobs }))
}

/// The buttons of a job.
async fn change(PageUser(user): PageUser, State(app): State<App>, form: Form) -> Result<Response, PageError> {
    if !form.is_of(&user) {
        let sentence = "Invalid CSRF token. Please load the page again.";
        return Err(PageError::new(StatusCode::FORBIDDEN, sentence));
    }
    let nothing = || PageError::new(StatusCode::BAD_REQUEST, "Nothing was asked for.");
    let job = form.id("job_id").map(JobId).ok_or_else(nothing)?;
    match form.get("action") {
        "delete" => app.jobs.delete(user.user.id, job).await?,
        "retry" => app.jobs.retry(user.user.id, job).await?,
        _ => return Err(nothing()),
    }
    // Hexadecimal digits are a token; nothing else becomes part of an address.
    let session: String = form.get("session").chars().filter(char::is_ascii_hexdigit).collect();
    Ok(Redirect::to(&format!("/status.php?session={session}")).into_response())
}
