//! What the original's pages called: statuses, bodies, order of checks, word for word.

use crate::support::app::{Browser, TestApp, frame};
use crowdsky_server::config::Settings;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

async fn answered(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn error(status: u16, sentence: &str) -> (u16, Value) {
    (status, json!({ "error": sentence }))
}

async fn start(browser: &Browser) -> String {
    let form = [("action", "start"), ("csrf_token", &browser.csrf)];
    let (status, json) = answered(browser.bare(Method::POST, "/upload.php").form(&form)).await;
    assert_eq!(status, 200, "{json}");
    assert!(json["session_id"].is_i64());
    let token = json["session_token"].as_str().unwrap();
    assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit()));
    token.to_owned()
}

fn file(browser: &Browser, token: &str, part: Option<Part>) -> reqwest::RequestBuilder {
    let form = Form::new().text("action", "file").text("session_token", token.to_owned());
    let form = match part {
        Some(part) => form.part("file", part),
        None => form,
    };
    browser.request(Method::POST, "/upload.php").multipart(form)
}

fn named(bytes: Vec<u8>, name: &'static str) -> Option<Part> {
    Some(Part::bytes(bytes).file_name(name))
}

#[tokio::test(flavor = "multi_thread")]
async fn from_start_to_stack() {
    let server = TestApp::start().await;
    let (_, browser) = server.user("owner").await;
    let token = start(&browser).await;
    let (status, json) = answered(file(&browser, &token, named(frame("M 42"), "Light_1.fit"))).await;
    let expected = json!({"ok": true, "filename": "Light_1.fit", "date_obs": "2025-01-15T19:30:00.123",
        "object": "M 42", "chunk_key": "20250115.78_83.6_+22.0"});
    assert_eq!((status, json), (200, expected));
    let (_, json) =
        answered(browser.request(Method::GET, &format!("/upload.php?action=status&session_token={token}")))
            .await;
    assert_eq!(
        json,
        json!({"status": "uploading", "file_count": 1, "files": [
        {"filename": "Light_1.fit", "chunk_key": "20250115.78_83.6_+22.0", "file_size_bytes": 5760}]})
    );
    let form = [("session_token", token.as_str()), ("csrf_token", &browser.csrf)];
    let (status, json) = answered(browser.bare(Method::POST, "/finalize.php").form(&form)).await;
    assert_eq!(status, 200, "{json}");
    assert_eq!((json["ok"].as_bool(), json["jobs"].as_i64()), (Some(true), Some(1)));
    assert_eq!(json["chunks"], json!(["20250115.78_83.6_+22.0"]));
    let job = json["job_ids"][0].as_i64().unwrap();
    let again = answered(browser.bare(Method::POST, "/finalize.php").form(&form)).await;
    assert_eq!(again, error(404, "Session not found or already finalized."));
    let (_, json) =
        answered(browser.request(Method::GET, &format!("/upload.php?action=status&session_token={token}")))
            .await;
    assert_eq!(json, json!({"status": "complete", "file_count": 1, "files": []}));
    let body = json!({"job_id": job, "csrf_token": browser.csrf});
    let delete = || browser.bare(Method::POST, "/api/delete_job.php").json(&body);
    assert_eq!(answered(delete()).await, (200, json!({"ok": true})));
    assert_eq!(answered(delete()).await, (200, json!({"ok": true})), "I6");
}

/// http-api 1.2.1: the checks of `action=file`, in order.
#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_refused() {
    let server = TestApp::start().await;
    let ((_, browser), (_, other)) = (server.user("owner").await, server.user("other").await);
    let token = start(&browser).await;
    let gone = error(404, "Upload session not found or expired.");
    let good = || named(frame("M 42"), "a.fit");
    assert_eq!(answered(file(&browser, "", good())).await, error(400, "Missing session_token."));
    assert_eq!(answered(file(&browser, &"0".repeat(32), good())).await, gone);
    assert_eq!(answered(file(&other, &token, good())).await, gone);
    let missing = error(400, "File upload error (code: missing).");
    assert_eq!(answered(file(&browser, &token, None)).await, missing);
    let none = answered(file(&browser, &token, named(Vec::new(), ""))).await;
    assert_eq!(none, error(400, "File upload error (code: 4)."));
    let jpg = answered(file(&browser, &token, named(frame("M 42"), "a.jpg"))).await;
    assert_eq!(jpg, error(400, "Only .fit and .fits files are accepted."));
    let gif = answered(file(&browser, &token, named(b"GIF89a".repeat(600), "a.fit"))).await;
    assert_eq!(gif, error(400, "Invalid FITS file (bad header)."));
    // 30 bytes with the right beginning were enough for the original.
    let (status, json) = answered(file(&browser, &token, named(frame("M 42")[..30].to_vec(), "a.fit"))).await;
    assert!(status == 400 && json["error"].as_str().unwrap().contains("cut off"), "{status} {json}");
    let csrf = file(&browser, &token, good()).header("x-csrf-token", "x");
    assert_eq!(csrf.send().await.unwrap().status(), StatusCode::OK, "one good token is enough");
}

/// A frame of more bytes than are allowed is refused by its header, before its pixels have come.
#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_too_large() {
    let mut settings = Settings::default();
    settings.uploads.max_file_bytes = 1 << 20;
    let server = TestApp::start_with(settings).await;
    let (_, browser) = server.user("owner").await;
    let token = start(&browser).await;
    let huge = String::from_utf8(frame("M 42")).unwrap();
    let huge = huge.replace("                   4", "                1000").into_bytes();
    let answer = answered(file(&browser, &token, named(huge, "a.fit"))).await;
    assert_eq!(answer, error(400, "File exceeds 1 MB limit."));
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_the_original() {
    let server = TestApp::start().await;
    let ((_, browser), visitor) = (server.user("owner").await, server.visitor());
    let csrf = browser.csrf.as_str();
    let session = start(&browser).await;
    let delete = |body: Value| browser.bare(Method::POST, "/api/delete_job.php").json(&body);
    let finalize = |form: &[(&str, &str)]| browser.bare(Method::POST, "/finalize.php").form(form);
    let get = |path: &str| browser.bare(Method::GET, path);
    for (request, status, sentence) in [
        (visitor.bare(Method::GET, "/finalize.php"), 405, "POST required."),
        (visitor.bare(Method::GET, "/api/delete_job.php"), 405, "POST required."),
        (visitor.bare(Method::POST, "/api/delete_job.php"), 401, "Login required."),
        (visitor.bare(Method::GET, "/api/stacks_data.php"), 401, "Login required."),
        (get("/upload.php?action=status"), 400, "Missing session_token."),
        (browser.bare(Method::POST, "/upload.php").form(&[("action", "start")]), 403, "Invalid CSRF token."),
        (finalize(&[("session_token", &session)]), 403, "Invalid CSRF token."),
        (finalize(&[("csrf_token", csrf)]), 400, "Missing session_token."),
        (
            finalize(&[("csrf_token", csrf), ("session_token", "x")]),
            404,
            "Session not found or already finalized.",
        ),
        (finalize(&[("csrf_token", csrf), ("session_token", &session)]), 400, "No files in this session."),
        (browser.bare(Method::POST, "/api/delete_job.php").body("{"), 400, "Invalid JSON body."),
        (delete(json!([])), 400, "Invalid JSON body."),
        (delete(json!({"csrf_token": csrf})), 400, "Missing job_id."),
        (delete(json!({"job_id": 1})), 403, "Invalid CSRF token."),
        (delete(json!({"job_id": 1, "csrf_token": ["a"]})), 403, "Invalid CSRF token."),
        (delete(json!({"job_id": 999, "csrf_token": csrf})), 404, "Job not found."),
    ] {
        assert_eq!(answered(request).await, error(status, sentence));
    }
    let (status, json) = answered(get("/upload.php?action=status&session_token=x")).await;
    assert_eq!((status, json), (200, json!({"status": "not_found"})));
    for path in ["/upload.php?action=start", "/finalize.php"] {
        let answer = visitor.bare(Method::POST, path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FOUND, "{path}");
        assert!(answer.headers()["location"].to_str().unwrap().ends_with("login.php?msg=login_required"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_stacks() {
    let server = TestApp::start().await;
    let (user, browser) = server.user("owner").await;
    let made = server.stacked(&user, "M 42").await;
    let (_, json) = answered(browser.bare(Method::GET, "/api/stacks_data.php")).await;
    let expected = json!([{"id": made.stack, "ra_deg": 83.6, "dec_deg": 22.0, "object_name": "M 42",
        "chunk_key": "20250115.78_83.6_+22.0", "date_obs_start": "2025-01-15 19:30:00", "n_frames_input": 1,
        "n_frames_aligned": 1, "total_exptime": 10.0, "file_size_bytes": 5760}]);
    assert_eq!(json, expected);
}
