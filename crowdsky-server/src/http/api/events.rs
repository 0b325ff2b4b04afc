//! What changes, as it changes: server-sent events.

use super::jobs::JobView;
use crate::app::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiQuery, CurrentUser};
use crate::http::openapi::{Problems, Reading};
use crate::services;
use crate::store::Micros;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::{Stream, StreamExt};
use serde::Deserialize;
use std::convert::Infallible;
use std::time::Duration;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A sign of life, so that proxies do not end what is quiet.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long a stream lasts. Browsers come back by themselves, with `Last-Event-ID`, and whoever has been signed out meanwhile
/// does not get in again.
const AGAIN: Duration = Duration::from_secs(300);

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(events))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EventsQuery {
    /// Token of an upload session: its jobs only, first as they are. All jobs of the user if not given.
    session: Option<String>,
}

/// The user's jobs as they change: `job` with the job as JSON, `resync` when too much has changed to be told. The number of an
/// event is the time of the change, so `Last-Event-ID` goes on where a connection broke off.
#[utoipa::path(get, path = "/api/v1/events", operation_id = "watch_jobs", tag = "jobs", security(("session" = [])),
    params(EventsQuery, ("Last-Event-ID" = Option<String>, Header, description = "The number of the last event heard.")),
    responses(
        (status = 200, description = "Events without end", body = String, content_type = "text/event-stream"),
        Reading, Problems<400>, Problems<404>,
    ))]
async fn events(
    CurrentUser(user): CurrentUser,
    ApiQuery(query): ApiQuery<EventsQuery>,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let upload = match query.session {
        Some(token) => Some(app.jobs.session(user.user.id, &token).await?.upload.id),
        None => None,
    };
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok()).map(Micros);
    let changes = app.events.watch(user.user.id, upload, last).await?;
    let end = app.shutdown.clone().cancelled_owned();
    let stream = changes
        .then(move |event| {
            let app = app.clone();
            async move { Ok(told(&app, event).await) }
        })
        .take_until(end)
        .take_until(tokio::time::sleep(AGAIN));
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("still here")))
}

async fn told(app: &App, event: services::Event) -> Event {
    let resync = || Event::default().event("resync").data("look again");
    let services::Event::Job(job) = event else { return resync() };
    let view = JobView::of(app, &job).await;
    let event = Event::default().event("job").id(job.updated_at.0.to_string());
    match view.map(|view| event.json_data(view)) {
        Ok(Ok(event)) => event,
        // The listener asks for the whole, and is told there what is wrong.
        Ok(Err(_)) | Err(_) => resync(),
    }
}
