//! Finished stacks, for programs.

use super::Part;
use crate::app::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiPath, ApiQuery, CurrentUser};
use crate::http::object::{Known, Sending, safe_name};
use crate::http::openapi::{Changing, Problems, Reading};
use crate::store::{Micros, Stack, StackId};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Stacks on a page of the list, at most.
const PAGE: i64 = 200;

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(one, delete))
        .routes(routes!(fits))
        .routes(routes!(thumbnail))
}

/// A stack.
#[derive(Debug, Serialize, ToSchema)]
struct StackView {
    id: StackId,
    chunk_key: String,
    healpix_key: Option<String>,
    object_name: Option<String>,
    telescope_id: Option<String>,
    filter_name: Option<String>,
    /// UTC.
    date_obs_start: Option<String>,
    /// UTC.
    date_obs_end: Option<String>,
    n_frames_input: i64,
    n_frames_aligned: i64,
    n_stars_detected: Option<i64>,
    fwhm_px: Option<f64>,
    /// Seconds.
    total_exptime: Option<f64>,
    ra_deg: Option<f64>,
    dec_deg: Option<f64>,
    eq_mode: Option<bool>,
    file_size_bytes: i64,
    sha256: String,
    has_thumbnail: bool,
    /// UTC.
    created_at: String,
}

impl From<Stack> for StackView {
    fn from(stack: Stack) -> StackView {
        let made = stack.made;
        StackView {
            id: stack.id,
            chunk_key: stack.chunk_key,
            healpix_key: stack.healpix_key,
            object_name: stack.object_name,
            telescope_id: stack.telescope_id,
            filter_name: stack.filter_name,
            date_obs_start: made.date_obs_start.map(Micros::to_iso),
            date_obs_end: made.date_obs_end.map(Micros::to_iso),
            n_frames_input: made.n_frames_input,
            n_frames_aligned: made.n_frames_aligned,
            n_stars_detected: made.n_stars,
            fwhm_px: made.fwhm_px,
            total_exptime: made.total_exptime,
            ra_deg: made.ra_deg,
            dec_deg: made.dec_deg,
            eq_mode: made.eq_mode,
            file_size_bytes: made.fits.size,
            sha256: made.fits.sha256,
            has_thumbnail: made.thumbnail.is_some(),
            created_at: stack.created_at.to_iso(),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Only this object, compared without case.
    object: Option<String>,
    /// At most so many: 1 to 200, whatever is asked; 200 if not given.
    limit: Option<i64>,
    /// After so many; those below 0 are 0.
    offset: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct StackList {
    stacks: Vec<StackView>,
    /// How many there are, whatever the limit.
    total: i64,
}

/// The stacks of the user, latest observation first.
#[utoipa::path(get, path = "/api/v1/stacks", operation_id = "list_stacks", tag = "stacks", security(("session" = [])),
    params(ListQuery),
    responses(
        (status = 200, description = "Some of the stacks", body = StackList),
        Reading, Problems<400>,
    ))]
async fn list(
    CurrentUser(user): CurrentUser,
    ApiQuery(query): ApiQuery<ListQuery>,
    State(app): State<App>,
) -> Result<Json<StackList>, ApiError> {
    let limit = query.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let offset = query.offset.unwrap_or(0).max(0);
    let page = app.stacks.list(user.user.id, query.object.as_deref(), limit, offset).await?;
    Ok(Json(StackList { stacks: page.stacks.into_iter().map(StackView::from).collect(), total: page.total }))
}

/// One stack.
#[utoipa::path(get, path = "/api/v1/stacks/{id}", operation_id = "get_stack", tag = "stacks", security(("session" = [])),
    params(("id" = i64, Path, description = "The stack.")),
    responses((status = 200, description = "The stack", body = StackView), Reading, Problems<404>))]
async fn one(
    CurrentUser(user): CurrentUser,
    ApiPath(id): ApiPath<StackId>,
    State(app): State<App>,
) -> Result<Json<StackView>, ApiError> {
    Ok(Json(app.stacks.one(user.user.id, id).await?.into()))
}

/// Deletes a stack.
#[utoipa::path(delete, path = "/api/v1/stacks/{id}", operation_id = "delete_stack", tag = "stacks",
    security(("session" = [], "csrf" = [])), params(("id" = i64, Path, description = "The stack.")),
    responses((status = 204, description = "Deleted"), Changing, Problems<404>))]
async fn delete(
    CurrentUser(user): CurrentUser,
    ApiPath(id): ApiPath<StackId>,
    State(app): State<App>,
) -> Result<StatusCode, ApiError> {
    app.stacks.delete(user.user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The FITS file of a stack; `Range` and `If-None-Match` are understood.
#[utoipa::path(get, path = "/api/v1/stacks/{id}/fits", operation_id = "get_stack_fits", tag = "stacks",
    security(("session" = [])), params(("id" = i64, Path, description = "The stack."), Part, Known),
    responses(
        (status = 200, description = "All of it", body = Vec<u8>, content_type = "application/fits",
            headers(("ETag" = String, description = "Its SHA-256, quoted."))),
        (status = 206, description = "The part that was asked for", body = Vec<u8>, content_type = "application/fits",
            headers(("ETag" = String), ("Content-Range" = String))),
        (status = 304, description = "It is the one you have", headers(("ETag" = String))),
        (status = 416, description = "There are no such bytes", headers(("Content-Range" = String))),
        Reading, Problems<404>,
    ))]
async fn fits(
    CurrentUser(user): CurrentUser,
    ApiPath(id): ApiPath<StackId>,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let stack = app.stacks.one(user.user.id, id).await?;
    Ok(send_fits(&app, &stack, &headers).await?)
}

/// The thumbnail of a stack, a PNG.
#[utoipa::path(get, path = "/api/v1/stacks/{id}/thumbnail", operation_id = "get_stack_thumbnail", tag = "stacks",
    security(("session" = [])), params(("id" = i64, Path, description = "The stack."), Part, Known),
    responses(
        (status = 200, description = "All of it", body = Vec<u8>, content_type = "image/png",
            headers(("ETag" = String, description = "Its SHA-256, quoted."))),
        (status = 206, description = "The part that was asked for", body = Vec<u8>, content_type = "image/png",
            headers(("ETag" = String), ("Content-Range" = String))),
        (status = 304, description = "It is the one you have", headers(("ETag" = String))),
        (status = 416, description = "There are no such bytes", headers(("Content-Range" = String))),
        Reading, Problems<404>,
    ))]
async fn thumbnail(
    CurrentUser(user): CurrentUser,
    ApiPath(id): ApiPath<StackId>,
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let stack = app.stacks.one(user.user.id, id).await?;
    Ok(send_thumbnail(&app, &stack, &headers).await?)
}

/// The FITS file, to be saved under the object's name and the chunk's key.
pub(in crate::http) async fn send_fits(
    app: &App,
    stack: &Stack,
    asking: &HeaderMap,
) -> crate::services::Result<Response> {
    let object = stack.object_name.as_deref().unwrap_or("stack");
    let save_as = Some(safe_name(&format!("{object}_{}.fits", stack.chunk_key)));
    Sending { object: &stack.made.fits, kind: "application/fits", save_as }.answer(app, asking).await
}

/// The thumbnail, if the stack has one.
pub(in crate::http) async fn send_thumbnail(
    app: &App,
    stack: &Stack,
    asking: &HeaderMap,
) -> crate::services::Result<Response> {
    let object = stack.made.thumbnail.as_ref().ok_or(crate::services::Error::NotFound("thumbnail"))?;
    Sending { object, kind: "image/png", save_as: None }.answer(app, asking).await
}
