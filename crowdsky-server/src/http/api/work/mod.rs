//! Workers: claim, frames, artefacts, completion. Every request about a job carries its lease's token.
//!
//! | File | What it knows |
//! |---|---|
//! | `claim.rs` | leasing jobs |
//! | `lease.rs` | keeping a lease, and ending it without a stack |
//! | `frames.rs` | what a job is made of |
//! | `artefact.rs` | staging what was made |
//! | `delivery.rs` | completing the job with it |

mod artefact;
mod claim;
mod delivery;
mod frames;
mod lease;

pub(crate) use claim::{ClaimWish, ClaimedJob};
pub(crate) use delivery::{ArtefactTold, DeliveryTold};
pub(crate) use frames::FrameTold;
pub(in crate::http) use frames::frame;
pub(crate) use lease::{FailureTold, Heard, Sign};

use crate::app::App;
use crate::http::error::ApiError;
use axum::http::{HeaderMap, StatusCode};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;

/// Header with the token of a lease.
pub(crate) const LEASE: &str = "x-lease-token";

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(claim::routes())
        .merge(lease::routes())
        .merge(frames::routes())
        .merge(artefact::routes())
        .merge(delivery::routes())
}

/// For the description only; [`lease`] reads it.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "describes a header")]
struct Lease {
    /// The token that the claim has given.
    #[param(rename = "X-Lease-Token", min_length = 1)]
    lease: String,
}

fn lease(headers: &HeaderMap) -> Result<&str, ApiError> {
    let token = headers.get(LEASE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if token.is_empty() {
        let detail = "This needs the header X-Lease-Token with the token that the claim has given.";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "no_lease", detail));
    }
    Ok(token)
}
