//! Files of stacks, through the server: the storage's credentials stay here.

use crate::app::App;
use crate::http::api::stacks::{send_fits, send_thumbnail};
use crate::http::error::PageError;
use crate::http::extract::PageUser;
use crate::services;
use crate::store::StackId;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

/// Their routes.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/download.php", get(download))
        .route("/download", get(download))
        .route("/thumbnail.php", get(thumbnail))
        .route("/thumbnail", get(thumbnail))
}

#[derive(Debug, Deserialize)]
struct Which {
    #[serde(default)]
    id: String,
}

impl Which {
    fn id(&self) -> Option<StackId> {
        self.id.trim().parse().ok().filter(|id| *id > 0).map(StackId)
    }
}

fn missing() -> Response {
    (StatusCode::BAD_REQUEST, "Missing stack ID.").into_response()
}

fn refused(error: services::Error) -> Response {
    match error {
        services::Error::NotFound(_) => (StatusCode::NOT_FOUND, "Stack not found.").into_response(),
        error => PageError::from(error).into_response(),
    }
}

async fn download(
    PageUser(user): PageUser,
    State(app): State<App>,
    Query(which): Query<Which>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let stack = app.stacks.one(user.user.id, which.id().ok_or_else(missing)?).await.map_err(refused)?;
    send_fits(&app, &stack, &headers).await.map_err(refused)
}

async fn thumbnail(
    PageUser(user): PageUser,
    State(app): State<App>,
    Query(which): Query<Which>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let stack = app.stacks.one(user.user.id, which.id().ok_or_else(missing)?).await.map_err(refused)?;
    send_thumbnail(&app, &stack, &headers).await.map_err(refused)
}
