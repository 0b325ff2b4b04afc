//! "Check my FITS": what a file's header says, told by scripts in the browser. It needs no account and sets no cookie.

use crate::app::App;
use crate::http::extract::Visitor;
use crate::http::render::{self, Frame};
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;

/// Its routes.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/check", get(check)).route("/check.php", get(check))
}

#[derive(Debug, Template)]
#[template(path = "check.html")]
struct CheckPage {
    frame: Frame,
    max_header_blocks: usize,
}

async fn check(State(app): State<App>, visitor: Visitor) -> Response {
    let here = "check";
    let frame = match &visitor.signed_in {
        Some(user) => Frame::of(user, here),
        None => Frame { here, ..Frame::default() },
    };
    render::page(&CheckPage { frame, max_header_blocks: app.uploads.limits().max_header_blocks })
}
