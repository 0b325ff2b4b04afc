//! The upload page, and what works without scripts.

use crate::support::app::{TestApp, frame};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};

/// Without scripts: one file, another, the end (U-30 leaves nobody without a way).
#[tokio::test(flavor = "multi_thread")]
async fn u30_frames_are_uploaded_without_scripts() {
    let server = TestApp::start().await;
    let (_, browser) = server.user("owner").await;
    let page = browser.text("/upload.php").await;
    assert!(page.contains("enctype=\"multipart/form-data\"") && page.contains("name=\"file\""));
    let mut session = String::new();
    for (name, object) in [("Light_1.fit", "M 42"), ("Light_2.fit", "M 43")] {
        let form = Form::new()
            .text("csrf_token", browser.csrf.clone())
            .text("action", "single")
            .text("session_token", session.clone())
            .part("file", Part::bytes(frame(object)).file_name(name));
        let answer = browser.bare(Method::POST, "/upload.php").multipart(form).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let to = answer.headers()["location"].to_str().unwrap().to_owned();
        session = to.split("session=").nth(1).unwrap().to_owned();
    }
    let page = browser.text(&format!("/upload.php?session={session}")).await;
    assert!(page.contains("2 files") && page.contains("M 42") && page.contains("M 43"), "{page}");
    let form = Form::new()
        .text("csrf_token", browser.csrf.clone())
        .text("action", "finish")
        .text("session_token", session.clone());
    let answer = browser.bare(Method::POST, "/upload.php").multipart(form).send().await.unwrap();
    assert_eq!(answer.headers()["location"], format!("/status.php?session={session}"));
    assert_eq!(browser.text(&format!("/status.php?session={session}")).await.matches("data-job=").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_frame_is_refused_with_a_sentence() {
    let server = TestApp::start().await;
    let (_, browser) = server.user("owner").await;
    for (name, bytes, said) in [
        ("a.fit", b"GIF89a".repeat(600), "not a FITS file"),
        ("a.jpg", frame("M 42"), "Only .fit and .fits files are accepted."),
        ("", frame("M 42"), "Choose a file first."),
    ] {
        let form = Form::new()
            .text("csrf_token", browser.csrf.clone())
            .text("action", "single")
            .part("file", Part::bytes(bytes).file_name(name));
        let answer = browser.bare(Method::POST, "/upload").multipart(form).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        let page = answer.text().await.unwrap();
        assert!(page.contains(said), "{said} is not in {page}");
    }
}
