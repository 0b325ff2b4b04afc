//! Templates to pages.

use super::extract::SignedIn;
use super::session::Token;
use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

/// What every page shows around its content.
#[derive(Debug, Clone, Default)]
pub(super) struct Frame {
    /// Name of the user, if there is one.
    pub(super) user: Option<String>,
    /// Token for forms and scripts.
    pub(super) csrf: String,
    /// Which entry of the menu it is.
    pub(super) here: &'static str,
}

impl Frame {
    pub(super) fn of(user: &SignedIn, here: &'static str) -> Frame {
        Frame { user: Some(user.user.username.clone()), csrf: user.token.csrf(), here }
    }

    pub(super) fn visitor(token: &Token) -> Frame {
        Frame { user: None, csrf: token.csrf(), here: "" }
    }
}

/// A template as a page.
pub(super) fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            // Templates are checked when they are compiled; only a Display that fails comes here.
            tracing::error!(%error, "a page could not be made");
            (StatusCode::INTERNAL_SERVER_ERROR, "The page could not be made.").into_response()
        }
    }
}

#[derive(Debug, Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    frame: Frame,
    title: &'a str,
    sentence: &'a str,
}

/// A page that says what went wrong.
pub(super) fn error_page(status: StatusCode, sentence: &str) -> Response {
    let title = status.canonical_reason().unwrap_or("Error");
    page(&ErrorPage { frame: Frame::default(), title, sentence })
}

/// Bytes for people.
pub(super) fn bytes(n: i64) -> String {
    let n = n as f64;
    match n {
        _ if n < 1e3 => format!("{n} B"),
        _ if n < 1e6 => format!("{:.0} kB", n / 1e3),
        _ if n < 1e9 => format!("{:.1} MB", n / 1e6),
        _ => format!("{:.2} GB", n / 1e9),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn bytes_for_people() {
        let told = [0, 999, 4_152_960, 10 << 30].map(super::bytes);
        assert_eq!(told, ["0 B", "999 B", "4.2 MB", "10.74 GB"]);
    }
}
