//! The addresses of the original, `.php` and all, answered by the same services as `/api/v1`.
//!
//! | File | Who calls it |
//! |---|---|
//! | `web.rs` | scripts of the pages, by cookie and form token |
//! | `worker.rs` | the original's worker, by token |

pub(super) mod web;
mod worker;

use crate::app::App;
use utoipa_axum::router::OpenApiRouter;

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().merge(web::routes()).merge(worker::routes())
}
