//! The pages for people.

mod account;
mod check;
mod download;
mod home;
mod stacks;
mod status;
pub(super) mod upload;

use crate::app::App;
use axum::Router;

/// Its routes: every page at its name, with and without `.php`.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .merge(home::routes())
        .merge(check::routes())
        .merge(account::routes())
        .merge(upload::routes())
        .merge(status::routes())
        .merge(stacks::routes())
        .merge(download::routes())
}
