//! Completing a job with what is staged.

use super::{Lease, lease};
use crate::app::App;
use crate::http::error::ApiError;
use crate::http::extract::{ApiJson, ApiPath, WorkerKey};
use crate::http::openapi::{Changing, Problems};
use crate::services::{Delivered, Delivery, Facts};
use crate::storage::Artefact;
use crate::store::{JobId, Micros};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use crowdsky_core::UtcTime;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(complete))
}

/// An artefact that is staged.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ArtefactTold {
    /// `stack`, `thumbnail` or `stars`.
    #[schema(pattern = "^(stack|thumbnail|stars)$")]
    pub(crate) name: String,
    /// Bytes.
    pub(crate) size: u64,
    /// 64 hexadecimal digits.
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    pub(crate) sha256: String,
}

/// What a worker says of its stack.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DeliveryTold {
    /// What is staged: the stack at least, but nothing for a no-op.
    pub(crate) artifacts: Vec<ArtefactTold>,
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    pub(crate) n_frames_input: i64,
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    pub(crate) n_frames_aligned: i64,
    /// Seconds.
    pub(crate) total_exptime: Option<f64>,
    /// UTC, ISO 8601.
    pub(crate) date_obs_start: Option<String>,
    /// UTC, ISO 8601.
    pub(crate) date_obs_end: Option<String>,
    /// Degrees.
    pub(crate) ra_deg: Option<f64>,
    /// Degrees.
    pub(crate) dec_deg: Option<f64>,
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    pub(crate) n_stars_detected: Option<i64>,
    /// Pixels.
    pub(crate) fwhm_px: Option<f64>,
    pub(crate) eq_mode: Option<bool>,
}

/// The stack that was made.
#[derive(Debug, Serialize, ToSchema)]
struct CompletedJob {
    /// `null` for a no-op.
    stack_id: Option<i64>,
}

fn instant(text: Option<&String>) -> Result<Option<Micros>, ApiError> {
    let bad = |error: crowdsky_core::Error| {
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_date", error.to_string())
    };
    text.map(|text| UtcTime::parse_date_obs(text).map(Micros::from)).transpose().map_err(bad)
}

impl DeliveryTold {
    fn delivery(self) -> Result<Delivery, ApiError> {
        let bad = |detail: &str| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_delivery", detail);
        let mut artefacts = Vec::new();
        for told in self.artifacts {
            let artefact = Artefact::parse(&told.name)
                .ok_or_else(|| bad("Artefacts are stack, thumbnail and stars."))?;
            crate::secret::unhex::<32>(&told.sha256)
                .ok_or_else(|| bad("A SHA-256 has 64 hexadecimal digits."))?;
            artefacts.push(Delivered {
                artefact,
                size: told.size,
                sha256: Some(told.sha256.to_ascii_lowercase()),
            });
        }
        let counts = [self.n_frames_input, self.n_frames_aligned, self.n_stars_detected.unwrap_or(0)];
        if counts.iter().any(|count| !(0..=1_000_000_000).contains(count)) {
            return Err(bad("Counts are from 0 to a thousand million."));
        }
        let facts = Facts {
            n_frames_input: self.n_frames_input,
            n_frames_aligned: self.n_frames_aligned,
            total_exptime: self.total_exptime,
            date_obs_start: instant(self.date_obs_start.as_ref())?,
            date_obs_end: instant(self.date_obs_end.as_ref())?,
            ra_deg: self.ra_deg,
            dec_deg: self.dec_deg,
            n_stars: self.n_stars_detected,
            fwhm_px: self.fwhm_px,
            eq_mode: self.eq_mode,
        };
        Ok(Delivery { facts, artefacts })
    }
}

/// Verifies what is staged and completes the job. Repeated under the same lease, it gives the same answer.
#[utoipa::path(post, path = "/api/v1/jobs/{id}/complete", operation_id = "complete_job", tag = "work",
    request_body = Option<DeliveryTold>, security(("worker" = [])), params(("id" = i64, Path, description = "The job."), Lease),
    responses((status = 200, description = "Completed", body = CompletedJob), Changing, Problems<400>, Problems<404>,
        Problems<409>, Problems<413>, Problems<422>, Problems<507>))]
async fn complete(
    State(app): State<App>,
    WorkerKey(_): WorkerKey,
    ApiPath(id): ApiPath<i64>,
    headers: HeaderMap,
    ApiJson(told): ApiJson<DeliveryTold>,
) -> Result<Json<CompletedJob>, ApiError> {
    let token = lease(&headers)?;
    let stack = app.work.complete(JobId(id), token, &told.delivery()?).await?;
    Ok(Json(CompletedJob { stack_id: stack.map(|stack| stack.0) }))
}
