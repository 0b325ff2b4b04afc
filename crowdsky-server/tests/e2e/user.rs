//! A user with a browser, as the pages' scripts speak: cookie, form token, the native upload protocol.

use base64::Engine as _;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};

/// One browser.
#[derive(Debug, Clone)]
pub(super) struct User {
    http: Client,
    url: String,
    cookie: String,
    csrf: String,
}

/// Lower-case hexadecimal SHA-256.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl User {
    /// Registers at the server of this address; the password is the name twice.
    pub(super) async fn register(url: &str, name: &str) -> User {
        crowdsky_server::tls::install();
        let http = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(120))
            .build()
            .unwrap();
        let page = http.get(format!("{url}/login.php")).send().await.unwrap();
        let mut user =
            User { http, url: url.to_owned(), cookie: cookie(&page).unwrap(), csrf: String::new() };
        user.csrf = form_token(&page.text().await.unwrap());
        let password = format!("{name}-{name}-long");
        let email = format!("{name}@example.org");
        let form = [
            ("csrf_token", user.csrf.as_str()),
            ("form_action", "register"),
            ("username", name),
            ("email", &email),
            ("password", &password),
        ];
        let answer = user.request(Method::POST, "/login.php").form(&form).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FOUND, "{name}");
        user.cookie = cookie(&answer).unwrap();
        user.csrf = form_token(&user.get("/account.php").await.text().await.unwrap());
        user
    }

    /// What nobody but this browser and its user may know: cookie, form token, password.
    pub(super) fn secrets(&self, name: &str) -> [String; 3] {
        let (_, cookie) = self.cookie.split_once('=').unwrap();
        [cookie.to_owned(), self.csrf.clone(), format!("{name}-{name}-long")]
    }

    /// The same browser after the server has come back at another address.
    pub(super) fn at(&self, url: &str) -> User {
        User { url: url.to_owned(), ..self.clone() }
    }

    /// A request with the cookie and, where it changes something, the form token.
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request =
            self.http.request(method.clone(), format!("{}{path}", self.url)).header("cookie", &self.cookie);
        if method.is_safe() || self.csrf.is_empty() {
            request
        } else {
            request.header("x-csrf-token", &self.csrf)
        }
    }

    /// An answer, whatever it is.
    pub(super) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    /// An answer of 2xx as JSON.
    pub(super) async fn get_json(&self, path: &str) -> Json {
        good(self.get(path).await).await
    }

    /// Opens an upload session; its token.
    pub(super) async fn open(&self) -> String {
        let answer = self.request(Method::POST, "/api/v1/uploads").json(&json!({})).send().await.unwrap();
        good(answer).await["token"].as_str().unwrap().to_owned()
    }

    /// Sends a file. The status, or what kept the answer away.
    pub(super) async fn put(
        &self,
        session: &str,
        name: &str,
        bytes: &[u8],
    ) -> Result<StatusCode, reqwest::Error> {
        let digest = Sha256::digest(bytes);
        let base64 = base64::engine::general_purpose::STANDARD.encode(digest);
        let answer = self
            .request(Method::PUT, &format!("/api/v1/uploads/{session}/files/{}", hex(&digest)))
            .query(&[("name", name)])
            .header("content-digest", format!("sha-256=:{base64}:"))
            .body(bytes.to_vec())
            .send()
            .await?;
        let status = answer.status();
        let text = answer.text().await?;
        assert!(status.is_success() || status.is_server_error() || status == 429, "{name}: {status} {text}");
        Ok(status)
    }

    /// Finalises; `None` if no answer came.
    pub(super) async fn finalise(&self, session: &str) -> Result<Json, reqwest::Error> {
        let path = format!("/api/v1/uploads/{session}/finalize");
        Ok(good(self.request(Method::POST, &path).send().await?).await)
    }

    /// Waits until every job of the session has come to an end; fails when one failed.
    pub(super) async fn wait_for_stacks(&self, jobs: usize, limit: Duration) -> Vec<Json> {
        let begin = Instant::now();
        loop {
            let stacks = self.get_json("/api/stacks_data.php").await;
            let stacks = stacks.as_array().unwrap().clone();
            if stacks.len() >= jobs {
                return stacks;
            }
            assert!(begin.elapsed() < limit, "{} of {jobs} stacks after {limit:?}", stacks.len());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// A 2xx answer as JSON.
pub(super) async fn good(answer: Response) -> Json {
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text:?}"))
}

fn cookie(answer: &Response) -> Option<String> {
    let set = answer.headers().get_all("set-cookie").iter().next_back()?.to_str().unwrap();
    Some(set.split(';').next().unwrap().to_owned())
}

fn form_token(page: &str) -> String {
    let after = page.split("name=\"csrf_token\"").nth(1).unwrap_or_else(|| panic!("no form token in {page}"));
    after.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}
