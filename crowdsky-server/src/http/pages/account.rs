//! The user's own page: password, sessions, storage, the end of it all.

use crate::app::App;
use crate::http::error::{PageError, for_form};
use crate::http::extract::{Caller, PageUser, SignedIn, found};
use crate::http::form::Form;
use crate::http::render::{self, Frame, bytes};
use crate::http::session::{Token, clear_cookie};
use crate::services;
use crate::store::{Session, SessionId};
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::Response;
use axum::routing::get;

/// Its routes.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/account", get(account).post(change))
        .route("/account.php", get(account).post(change))
}

#[derive(Debug, Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
    name: String,
    email: String,
    tier: &'static str,
    used: i64,
    limit: i64,
    sessions: Vec<Session>,
    here: SessionId,
    message: String,
    is_error: bool,
}

async fn account(PageUser(user): PageUser, State(app): State<App>) -> Result<Response, PageError> {
    page(&app, &user, "", false).await
}

async fn page(app: &App, user: &SignedIn, message: &str, is_error: bool) -> Result<Response, PageError> {
    let page = AccountPage {
        frame: Frame::of(user, "account"),
        name: user.user.username.clone(),
        email: user.user.email.clone(),
        tier: user.user.tier.as_str(),
        used: user.user.storage_used,
        limit: user.user.storage_limit,
        sessions: app.accounts.sessions(&user.user).await?,
        here: user.session.id,
        message: message.to_owned(),
        is_error,
    };
    Ok(render::page(&page))
}

async fn change(
    PageUser(user): PageUser,
    State(app): State<App>,
    Caller(client): Caller,
    form: Form,
) -> Result<Response, PageError> {
    if !form.is_of(&user) {
        return page(&app, &user, "Invalid form submission.", true).await;
    }
    match form.get("action") {
        "password" => {
            let changed =
                app.accounts.change_password(&user.user, form.get("current"), form.get("new"), &client).await;
            let token = match changed {
                Ok(token) => Token::from_session(token),
                Err(error) => return sorry(&app, &user, error).await,
            };
            // The page is drawn for the new session: its forms carry the new token.
            let Some((session, user)) = app.accounts.session(token.as_str()).await? else {
                return Ok(found("/login.php?msg=login_required"));
            };
            let cookie = token.set_cookie(&app.settings);
            let user = SignedIn { user, session, token };
            let mut response =
                page(&app, &user, "The password is changed. All other sessions have ended.", false).await?;
            response.headers_mut().insert(header::SET_COOKIE, cookie);
            Ok(response)
        }
        "end_session" => {
            let id = SessionId(form.id("session_id").unwrap_or(0));
            match app.accounts.end_session(&user.user, id).await {
                Ok(()) => page(&app, &user, "The session has ended.", false).await,
                Err(error) => sorry(&app, &user, error).await,
            }
        }
        "delete" => match app.accounts.delete_account(&user.user, form.get("current"), &client).await {
            Ok(()) => {
                let mut response = found("/index.php");
                response.headers_mut().insert(header::SET_COOKIE, clear_cookie(&app.settings));
                Ok(response)
            }
            Err(error) => sorry(&app, &user, error).await,
        },
        _ => page(&app, &user, "Invalid form submission.", true).await,
    }
}

async fn sorry(app: &App, user: &SignedIn, error: services::Error) -> Result<Response, PageError> {
    let message = for_form(error)?;
    page(app, user, &message, true).await
}
