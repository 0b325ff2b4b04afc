//! Finished stacks, for programs.

use crate::app::App;
use crate::http::error::{ApiError, Problem};
use crate::http::extract::{ApiPath, ApiQuery, CurrentUser};
use crate::http::object::{Sending, safe_name};
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
struct ListQuery {
    /// Only this object, compared without case.
    object: Option<String>,
    /// At most so many, 200 at most; 200 if not given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// After so many.
    #[param(minimum = 0)]
    offset: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct StackList {
    stacks: Vec<StackView>,
    /// How many there are, whatever the limit.
    total: i64,
}

/// The stacks of the user, latest observation first.
#[utoipa::path(get, path = "/api/v1/stacks", tag = "stacks", params(ListQuery),
    responses(
        (status = 200, description = "Some of the stacks", body = StackList),
        (status = "4XX", description = "Not given, and why", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not now", body = Problem, content_type = "application/problem+json"),
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
#[utoipa::path(get, path = "/api/v1/stacks/{id}", tag = "stacks", params(("id" = i64, Path)),
    responses(
        (status = 200, description = "The stack", body = StackView),
        (status = "4XX", description = "Not given, and why", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not now", body = Problem, content_type = "application/problem+json"),
    ))]
async fn one(
    CurrentUser(user): CurrentUser,
    ApiPath(id): ApiPath<StackId>,
    State(app): State<App>,
) -> Result<Json<StackView>, ApiError> {
    Ok(Json(app.stacks.one(user.user.id, id).await?.into()))
}

/// Deletes a stack.
#[utoipa::path(delete, path = "/api/v1/stacks/{id}", tag = "stacks", params(("id" = i64, Path)),
    responses(
        (status = 204, description = "Deleted"),
        (status = "4XX", description = "Not done, and why", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not now", body = Problem, content_type = "application/problem+json"),
    ))]
async fn delete(
    CurrentUser(user): CurrentUser,
    ApiPath(id): ApiPath<StackId>,
    State(app): State<App>,
) -> Result<StatusCode, ApiError> {
    app.stacks.delete(user.user.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The FITS file of a stack; `Range` and `If-None-Match` are understood.
#[utoipa::path(get, path = "/api/v1/stacks/{id}/fits", tag = "stacks", params(("id" = i64, Path)),
    responses(
        (status = 200, description = "The file", body = Vec<u8>, content_type = "application/fits"),
        (status = 206, description = "A part of it", body = Vec<u8>, content_type = "application/fits"),
        (status = 304, description = "It is the one you have"),
        (status = "4XX", description = "Not given, and why", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not now", body = Problem, content_type = "application/problem+json"),
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
#[utoipa::path(get, path = "/api/v1/stacks/{id}/thumbnail", tag = "stacks", params(("id" = i64, Path)),
    responses(
        (status = 200, description = "The picture", body = Vec<u8>, content_type = "image/png"),
        (status = 206, description = "A part of it", body = Vec<u8>, content_type = "image/png"),
        (status = 304, description = "It is the one you have"),
        (status = "4XX", description = "Not given, and why", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", description = "Not now", body = Problem, content_type = "application/problem+json"),
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
