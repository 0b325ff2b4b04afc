//! What an upload may be, and what becomes of it: the same through the pages' scripts of the original and through `/api/v1`.

mod earlier;
mod groups;
mod keys;
mod odd_headers;
mod refused;
mod times;

use crate::support::app::{Browser, TestApp};
use crowdsky_server::secret::{hex, sha256};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::path::Path;

/// An open session of a browser.
struct Session<'a> {
    browser: &'a Browser,
    token: String,
}

/// Status and body. That the body is no JSON is a failure.
async fn answered(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
    (status, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{status}: {error} in {text:?}")))
}

impl Session<'_> {
    async fn open(browser: &Browser) -> Session<'_> {
        let (status, json) =
            answered(browser.request(Method::POST, "/api/v1/uploads").json(&json!({}))).await;
        assert_eq!(status, 201, "{json}");
        Session { browser, token: json["token"].as_str().unwrap().to_owned() }
    }

    /// `PUT /api/v1/...` of these bytes under the hash of others.
    fn put_as(&self, name: &str, hash_of: &[u8], bytes: &[u8]) -> RequestBuilder {
        let path = format!("/api/v1/uploads/{}/files/{}?name={name}", self.token, hex(&sha256(hash_of)));
        self.browser.request(Method::PUT, &path).body(bytes.to_vec())
    }

    async fn put(&self, name: &str, bytes: &[u8]) -> (u16, Value) {
        answered(self.put_as(name, bytes, bytes)).await
    }

    /// `POST /upload.php`, whose file has no length and no hash.
    async fn post(&self, name: &str, bytes: &[u8]) -> (u16, Value) {
        let part = Part::bytes(bytes.to_vec()).file_name(name.to_owned());
        let form = Form::new().text("action", "file").text("session_token", self.token.clone());
        answered(self.browser.request(Method::POST, "/upload.php").multipart(form.part("file", part))).await
    }

    async fn overview(&self) -> Value {
        let (status, json) =
            answered(self.browser.request(Method::GET, &format!("/api/v1/uploads/{}", self.token))).await;
        assert_eq!(status, 200, "{json}");
        json
    }

    async fn finalise(&self) -> (u16, Value) {
        let path = format!("/api/v1/uploads/{}/finalize", self.token);
        answered(self.browser.request(Method::POST, &path)).await
    }

    /// Each job's row, by chunk key.
    async fn jobs(&self) -> Vec<Value> {
        let path = format!("/api/v1/jobs?session={}", self.token);
        let (status, json) = answered(self.browser.request(Method::GET, &path)).await;
        assert_eq!(status, 200, "{json}");
        json["jobs"].as_array().unwrap().clone()
    }
}

/// Objects of raw frames on the disk, once the janitor has been there.
async fn stored_raws(server: &TestApp) -> usize {
    server.app.upkeep.round().await.unwrap();
    files_below(&server.folder.path().join("raws"))
}

fn files_below(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files_below(&path) } else { 1 }).sum()
}
