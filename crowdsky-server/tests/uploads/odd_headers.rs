//! Headers that made the original stumble after it had stored the file (U-25).

use super::{Session, stored_raws};
use crate::support::app::{TestApp, frame};
use crate::support::frames::frame_with;
use serde_json::{Value, json};

/// Text where a number belongs, a number where a text belongs, bytes that are no UTF-8: the answer is JSON, and each file that
/// is stored has its row.
#[tokio::test(flavor = "multi_thread")]
async fn u25_odd_cards_leave_no_orphans() {
    let server = TestApp::start().await;
    let (_, browser) = server.user("owner").await;
    let session = Session::open(&browser).await;
    let mut latin1 = frame_with(&[("OBJECT", "'Caf@ M 42'")]);
    let at = latin1.iter().position(|byte| *byte == b'@').unwrap();
    latin1[at] = 0xe9;
    let mut no_text = frame_with(&[("OBJECT", "'@@@@@@@@'")]);
    no_text.iter_mut().filter(|byte| **byte == b'@').for_each(|byte| *byte = 0xff);
    let odd = [
        ("an object in Latin-1", latin1),
        ("an object of no letters", no_text),
        ("a text as EXPTIME", frame_with(&[("EXPTIME", "'ten'")])),
        ("a number as OBJECT", frame_with(&[("OBJECT", "7023")])),
        ("a quote in OBJECT", frame_with(&[("OBJECT", "'O''Neil / 1'")])),
        ("markup in OBJECT", frame_with(&[("OBJECT", "'<b>\"&amp;'")])),
        ("a text as GAIN", frame_with(&[("GAIN", "'high'")])),
        ("a huge EXPTIME", frame_with(&[("EXPTIME", "1E400")])),
    ];
    let mut objects = Vec::new();
    for (k, (what, bytes)) in odd.iter().enumerate() {
        let (status, file) = session.post(&format!("{k}.fit"), bytes).await;
        assert_eq!((status, &file["ok"]), (200, &json!(true)), "{what}: {file}");
        assert!(file["object"].is_string(), "{what}: {file}");
        objects.push(file["object"].as_str().unwrap().to_owned());
        assert_eq!(stored_raws(&server).await, k + 1, "{what}");
    }
    assert!(objects[0].starts_with("Caf") && objects[0].ends_with(" M 42"), "{objects:?}");
    assert_eq!((objects[3].as_str(), objects[4].as_str()), ("7023", "O'Neil / 1"));
    let overview = session.overview().await;
    assert_eq!(overview["files"].as_array().unwrap().len(), odd.len());
    let (status, done) = session.finalise().await;
    assert_eq!((status, &done["rejected"]), (200, &json!([])), "{done}");
    assert!(!session.jobs().await.is_empty());
    let page = browser.text(&format!("/status?session={}", session.token)).await;
    assert!(page.contains("O&#39;Neil / 1") && !page.contains("<b>"), "{page}");
}

/// The bytes are stored and the row is refused: the bytes go.
#[tokio::test(flavor = "multi_thread")]
async fn u25_bytes_without_a_row_are_taken_back() {
    let mut settings = TestApp::settings();
    settings.uploads.max_files = 1;
    let server = TestApp::start_with(settings).await;
    let (_, browser) = server.user("owner").await;
    let session = Session::open(&browser).await;
    assert_eq!(session.put("a.fit", &frame("M 42")).await.0, 201);
    let (status, problem): (u16, Value) = session.put("b.fit", &frame("M 43")).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("limit")), "{problem}");
    let (status, error) = session.post("b.fit", &frame("M 43")).await;
    assert!(status == 409 && error["error"].is_string(), "{status} {error}");
    assert_eq!(stored_raws(&server).await, 1);
}
