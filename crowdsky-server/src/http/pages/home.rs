//! The start, sign in, register, sign out.

use crate::app::App;
use crate::http::error::{PageError, for_form};
use crate::http::extract::{Caller, Visitor, found};
use crate::http::form::Form;
use crate::http::render::{self, Frame};
use crate::http::session::{Token, clear_cookie};
use crate::services::Registration;
use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

/// Its routes.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(home))
        .route("/index", get(home))
        .route("/index.php", get(home))
        .route("/login", get(login).post(enter))
        .route("/login.php", get(login).post(enter))
        .route("/logout", post(sign_out))
        .route("/logout.php", post(sign_out))
}

/// What was typed into the form that is shown again; never a password.
#[derive(Debug, Default)]
struct Typed {
    sign_in: String,
    register: String,
    email: String,
}

impl Typed {
    fn of(form: &Form) -> Typed {
        let (name, email) = (form.get("username").trim().to_owned(), form.get("email").trim().to_owned());
        match form.get("form_action") {
            "register" => Typed { register: name, email, ..Typed::default() },
            _ => Typed { sign_in: name, ..Typed::default() },
        }
    }
}

#[derive(Debug, Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
    typed: Typed,
    open_registration: bool,
}

#[derive(Debug, Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    typed: Typed,
    open_registration: bool,
    message: String,
    is_error: bool,
}

#[derive(Debug, Template)]
#[template(path = "logout.html")]
struct LogoutPage {
    frame: Frame,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    msg: String,
    action: String,
}

/// A page for somebody without an account: it sets the cookie that its forms need.
fn for_visitor(app: &App, visitor: &Visitor, page: Response) -> Response {
    let mut page = page;
    page.headers_mut().append(header::SET_COOKIE, visitor.token.set_cookie(&app.settings));
    page
}

/// The original signed out by GET, so that any picture on any page could do it; here it asks first (U-15).
fn sign_out_page(visitor: &Visitor) -> Option<Response> {
    let user = visitor.signed_in.as_ref()?;
    Some(render::page(&LogoutPage { frame: Frame::of(user, "") }))
}

async fn home(visitor: Visitor, State(app): State<App>, Query(asked): Query<Asked>) -> Response {
    if asked.action == "logout" {
        return sign_out_page(&visitor).unwrap_or_else(|| found("/index.php"));
    }
    if visitor.signed_in.is_some() {
        return found("/upload.php");
    }
    let page = HomePage {
        frame: Frame::visitor(&visitor.token),
        typed: Typed::default(),
        open_registration: app.settings.accounts.open_registration,
    };
    for_visitor(&app, &visitor, render::page(&page))
}

async fn login(visitor: Visitor, State(app): State<App>, Query(asked): Query<Asked>) -> Response {
    if asked.action == "logout" {
        return sign_out_page(&visitor).unwrap_or_else(|| found("/login.php"));
    }
    if visitor.signed_in.is_some() {
        return found("/upload.php");
    }
    let message = if asked.msg == "login_required" { "Please log in to continue." } else { "" };
    login_page(&app, &visitor, Typed::default(), message.to_owned(), false)
}

fn login_page(app: &App, visitor: &Visitor, typed: Typed, message: String, is_error: bool) -> Response {
    let page = LoginPage {
        frame: Frame::visitor(&visitor.token),
        typed,
        open_registration: app.settings.accounts.open_registration,
        message,
        is_error,
    };
    for_visitor(app, visitor, render::page(&page))
}

async fn enter(
    visitor: Visitor,
    State(app): State<App>,
    Caller(client): Caller,
    form: Form,
) -> Result<Response, PageError> {
    let typed = Typed::of(&form);
    if !visitor.token.allows(form.get("csrf_token")) {
        return Ok(login_page(&app, &visitor, typed, "Invalid form submission.".to_owned(), true));
    }
    let entered = match form.get("form_action") {
        "login" => app.accounts.sign_in(form.get("username"), form.get("password"), &client).await,
        "register" => {
            let wish = Registration {
                username: form.get("username").to_owned(),
                email: form.get("email").to_owned(),
                password: form.get("password").to_owned(),
            };
            app.accounts.register(&wish, &client).await
        }
        _ => return Ok(login_page(&app, &visitor, typed, "Invalid form submission.".to_owned(), true)),
    };
    match entered {
        Ok((_, token)) => {
            // Never the token the visitor came with: somebody else may have given it to them (U-11).
            let mut response = found("/upload.php");
            let cookie = Token::from_session(token).set_cookie(&app.settings);
            response.headers_mut().insert(header::SET_COOKIE, cookie);
            Ok(response)
        }
        Err(error) => {
            let message = for_form(error)?;
            Ok(login_page(&app, &visitor, typed, message, true))
        }
    }
}

async fn sign_out(visitor: Visitor, State(app): State<App>, form: Form) -> Result<Response, PageError> {
    if let Some(user) = &visitor.signed_in {
        if !form.is_of(user) {
            return Ok(sign_out_page(&visitor).unwrap_or_else(|| found("/index.php")));
        }
        app.accounts.sign_out(&user.user, user.token.as_str()).await?;
    }
    let mut response = found("/index.php").into_response();
    response.headers_mut().insert(header::SET_COOKIE, clear_cookie(&app.settings));
    Ok(response)
}
