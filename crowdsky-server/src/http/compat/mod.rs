//! The addresses of the original, `.php` and all.
//!
//! | File | Who calls it |
//! |---|---|
//! | `web.rs` | scripts of the pages, by cookie and form token |

pub(super) mod web;

use crate::app::App;
use utoipa_axum::router::OpenApiRouter;

/// Its routes.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().merge(web::routes())
}
