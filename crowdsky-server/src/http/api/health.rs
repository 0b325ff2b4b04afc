//! Whether the server lives, and whether it can serve.

use crate::app::App;
use crate::services::Part;
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
    /// `ok` or `unavailable`.
    database: &'static str,
    /// `ok`, `unavailable` or `full`.
    raws: &'static str,
    /// `ok`, `unavailable` or `full`.
    stacks: &'static str,
    /// Whether the server is on its way down.
    ending: bool,
}

/// The database has its schema, the storages can be written to and have room, the server is not about to end. Looked at four times
/// a minute at most.
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", tag = "operation",
    responses((status = 200, description = "All is ready", body = Ready),
        (status = 503, description = "Something is not, or the server is about to end", body = Ready)))]
async fn readyz(State(app): State<App>) -> (StatusCode, axum::Json<Ready>) {
    let word = |part| match part {
        Part::Good => "ok",
        Part::Unavailable => "unavailable",
        Part::Full => "full",
    };
    let (parts, ending) = (app.readiness.parts().await, app.shutdown.is_cancelled());
    let good = parts.are_good() && !ending;
    let status = if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let (database, raws, stacks) = (word(parts.database), word(parts.raws), word(parts.stacks));
    (status, axum::Json(Ready { database, raws, stacks, ending }))
}
