//! Finished stacks: the gallery with its table, and one of them.

use crate::app::App;
use crate::http::error::PageError;
use crate::http::extract::PageUser;
use crate::http::form::Form;
use crate::http::render::{self, Frame, bytes};
use crate::store::{Micros, Stack, StackId};
use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use url::form_urlencoded;

/// Stacks on a page: four rows of four.
const PAGE: i64 = 16;

/// Its routes.
pub(super) fn routes() -> Router<App> {
    let page = || get(stacks).post(delete);
    Router::new().route("/stacks.php", page()).route("/stacks", page())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    object: String,
    page: String,
    id: String,
}

/// A button of the filter.
#[derive(Debug)]
struct Object {
    name: String,
    count: i64,
    address: String,
    here: bool,
}

#[derive(Debug, Template)]
#[template(path = "stacks.html")]
struct StacksPage {
    frame: Frame,
    objects: Vec<Object>,
    all: i64,
    object: String,
    stacks: Vec<Stack>,
    total: i64,
    page: i64,
    pages: i64,
}

impl StacksPage {
    fn address(&self, page: &i64) -> String {
        address(&self.object, *page)
    }
}

#[derive(Debug, Template)]
#[template(path = "stack.html")]
struct StackPage {
    frame: Frame,
    stack: Stack,
    back: String,
}

fn address(object: &str, page: i64) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if !object.is_empty() {
        query.append_pair("object", object);
    }
    if page > 1 {
        query.append_pair("page", &page.to_string());
    }
    let query = query.finish();
    if query.is_empty() { "/stacks.php".to_owned() } else { format!("/stacks.php?{query}") }
}

fn named(object: &Option<String>) -> &str {
    object.as_deref().unwrap_or("No name")
}

fn date(at: &Option<Micros>) -> String {
    at.map(|at| at.to_datetime().chars().take(16).collect()).unwrap_or_else(|| "-".to_owned())
}

/// Exposure for people: `45 s`, `12.5 min`.
fn exposure(seconds: &Option<f64>) -> String {
    match *seconds {
        None => "-".to_owned(),
        Some(seconds) if seconds < 120.0 => format!("{seconds:.0} s"),
        Some(seconds) => format!("{:.1} min", seconds / 60.0),
    }
}

/// `16h 34m 12s`.
fn right_ascension(degrees: &Option<f64>) -> String {
    let Some(degrees) = *degrees else { return "-".to_owned() };
    let seconds = (degrees.rem_euclid(360.0) * 240.0).round() as i64 % 86_400;
    format!("{:02}h {:02}m {:02}s", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// `+41° 16′ 09″`.
fn declination(degrees: &Option<f64>) -> String {
    let Some(degrees) = *degrees else { return "-".to_owned() };
    let sign = if degrees < 0.0 { '\u{2212}' } else { '+' };
    let seconds = (degrees.abs() * 3600.0).round() as i64;
    format!("{sign}{:02}\u{b0} {:02}\u{2032} {:02}\u{2033}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

fn count(n: &Option<i64>) -> String {
    n.map(|n| n.to_string()).unwrap_or_else(|| "-".to_owned())
}

async fn stacks(
    PageUser(user): PageUser,
    State(app): State<App>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let id = user.user.id;
    if !asked.id.is_empty() {
        let number = asked.id.parse().map(StackId).unwrap_or(StackId(0));
        let stack = app.stacks.one(id, number).await?;
        let back = address(&asked.object, 1);
        return Ok(render::page(&StackPage { frame: Frame::of(&user, "stacks"), stack, back }));
    }
    let page = asked.page.parse().unwrap_or(1).clamp(1, i64::from(u32::MAX));
    let object = (!asked.object.is_empty()).then_some(asked.object.as_str());
    let found = app.stacks.list(id, object, PAGE, (page - 1) * PAGE).await?;
    let objects = app.stacks.objects(id).await?;
    let all = app.stacks.list(id, None, 1, 0).await?.total;
    let objects = objects.into_iter().map(|(name, count)| Object {
        address: address(&name, 1),
        here: name.eq_ignore_ascii_case(&asked.object),
        name,
        count,
    });
    Ok(render::page(&StacksPage {
        frame: Frame::of(&user, "stacks"),
        objects: objects.collect(),
        all,
        stacks: found.stacks,
        total: found.total,
        page,
        pages: (found.total + PAGE - 1) / PAGE,
        object: asked.object,
    }))
}

async fn delete(PageUser(user): PageUser, State(app): State<App>, form: Form) -> Result<Response, PageError> {
    if !form.is_of(&user) {
        let sentence = "Invalid CSRF token. Please load the page again.";
        return Err(PageError::new(StatusCode::FORBIDDEN, sentence));
    }
    let nothing = || PageError::new(StatusCode::BAD_REQUEST, "Nothing was asked for.");
    let stack = form.id("id").map(StackId).filter(|_| form.get("action") == "delete").ok_or_else(nothing)?;
    app.stacks.delete(user.user.id, stack).await?;
    Ok(Redirect::to("/stacks.php").into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_for_people() {
        assert_eq!(right_ascension(&Some(10.684_708)), "00h 42m 44s");
        assert_eq!(right_ascension(&Some(359.999_99)), "00h 00m 00s");
        assert_eq!(declination(&Some(41.268_75)), "+41\u{b0} 16\u{2032} 08\u{2033}");
        assert_eq!(declination(&Some(-0.5)), "\u{2212}00\u{b0} 30\u{2032} 00\u{2033}");
        assert_eq!(
            (exposure(&Some(90.0)), exposure(&Some(750.0))),
            ("90 s".to_owned(), "12.5 min".to_owned())
        );
    }

    #[test]
    fn addresses_of_pages() {
        assert_eq!(address("", 1), "/stacks.php");
        assert_eq!(address("M 42&x", 2), "/stacks.php?object=M+42%26x&page=2");
    }
}
