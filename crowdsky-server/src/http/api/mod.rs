//! The interface for programs, under `/api/v1`.

mod body;
mod description;
mod events;
mod health;
mod jobs;
pub(super) mod metrics;
pub(super) mod stacks;
pub(super) mod uploads;
pub(crate) mod work;

pub(super) use body::{Part, Wanted, content_digest, content_length, digest_header, range};

use crate::app::App;
use utoipa_axum::router::OpenApiRouter;

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(health::routes())
        .merge(uploads::routes())
        .merge(jobs::routes())
        .merge(stacks::routes())
        .merge(events::routes())
        .merge(work::routes())
        .merge(metrics::routes())
        .merge(description::routes())
}
