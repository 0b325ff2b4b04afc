//! Whether the server lives, and whether it can serve.

use crate::app::App;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz))
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", operation_id = "healthz", tag = "operation",
    responses((status = 200, description = "`ok`", body = String, content_type = "text/plain")))]
async fn healthz() -> &'static str {
    "ok\n"
}

/// What is ready.
#[derive(Debug, Serialize, ToSchema)]
struct Ready {
    /// `ok`, or what is wrong.
    database: String,
    /// `ok`, or what is wrong.
    raws: String,
    /// `ok`, or what is wrong.
    stacks: String,
    /// `no`, or `yes` when the server is on its way down.
    ending: String,
}

/// The database has its schema, the storages answer, the server is not about to end.
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", tag = "operation",
    responses((status = 200, description = "All is ready", body = Ready),
        (status = 503, description = "Something is not, or the server is about to end", body = Ready)))]
async fn readyz(State(app): State<App>) -> (StatusCode, axum::Json<Ready>) {
    let told = |result: Result<(), String>| result.err().unwrap_or_else(|| "ok".to_owned());
    let storage = async |blobs: &dyn crate::storage::BlobStore| {
        // Asking for something small; whether it can be written is asked at the start.
        blobs.free().await.map(drop).map_err(|error| error.to_string())
    };
    let ready = Ready {
        database: told(app.store.ready().await.map_err(|error| error.to_string())),
        raws: told(storage(&*app.blobs.raws).await),
        stacks: told(storage(&*app.blobs.stacks).await),
        ending: if app.shutdown.is_cancelled() { "yes" } else { "no" }.to_owned(),
    };
    let good = [&ready.database, &ready.raws, &ready.stacks].into_iter().all(|part| part == "ok")
        && ready.ending == "no";
    let status = if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(ready))
}
