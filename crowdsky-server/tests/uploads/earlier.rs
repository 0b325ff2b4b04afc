//! What a client is told of files that were sent before: nothing is sent twice unless its user wants it.

use super::{Session, answered};
use crate::support::app::{TestApp, frame};
use crowdsky_server::secret::{hex, sha256};
use reqwest::Method;
use serde_json::{Value, json};

impl Session<'_> {
    /// `POST .../check` of these files.
    async fn check(&self, files: &[&[u8]]) -> Value {
        let asked: Vec<Value> =
            files.iter().map(|bytes| json!({"size": bytes.len(), "sha256": hex(&sha256(bytes))})).collect();
        let path = format!("/api/v1/uploads/{}/check", self.token);
        let (status, json) = answered(self.browser.request(Method::POST, &path).json(&asked)).await;
        assert_eq!(status, 200, "{json}");
        json
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_of_an_earlier_session_is_told_with_its_stack() {
    let server = TestApp::start().await;
    let ((owner, browser), (_, other)) = (server.user("owner").await, server.user("other").await);
    let made = server.stacked(&owner, "M 42").await;
    let (waits, _) = server.queued(&owner, "M 43").await;
    let frames = ["M 42", "M 43", "M 44"].map(frame);
    let [stacked, waiting, new] = frames.each_ref().map(Vec::as_slice);
    let hash = |bytes: &[u8]| hex(&sha256(bytes));

    let session = Session::open(&browser).await;
    let earlier = json!({"sha256": hash(stacked), "status": "earlier", "session": made.session, "stack_id": made.stack.0});
    let told = session.check(&[stacked, waiting, new]).await;
    assert_eq!(
        told,
        json!([
            earlier,
            {"sha256": hash(waiting), "status": "earlier", "session": waits},
            {"sha256": hash(new), "status": "missing"},
        ])
    );

    // It may be sent again, and then it is here.
    let (status, file) = session.put("again.fit", stacked).await;
    assert_eq!(status, 201, "{file}");
    let told = session.check(&[stacked]).await;
    let here = json!({"sha256": hash(stacked), "status": "have", "raw_id": file["raw_id"], "chunk_key": file["chunk_key"]});
    assert_eq!(told, json!([here]));

    // Nobody learns what others have sent.
    let told = Session::open(&other).await.check(&[stacked]).await;
    assert_eq!(told, json!([{"sha256": hash(stacked), "status": "missing"}]));

    // Once the stack is deleted, the frame is in none.
    let gone =
        browser.request(Method::DELETE, &format!("/api/v1/stacks/{}", made.stack)).send().await.unwrap();
    assert_eq!(gone.status(), 204);
    let told = Session::open(&browser).await.check(&[stacked]).await;
    assert_eq!(told, json!([{"sha256": hash(stacked), "status": "missing"}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_has_its_limits() {
    let server = TestApp::start().await;
    let (_, browser) = server.user("owner").await;
    let session = Session::open(&browser).await;
    let path = format!("/api/v1/uploads/{}", session.token);
    let asked = |hash: &str, times| vec![json!({"sha256": hash}); times];
    for (wrong, word) in [(asked(&"0".repeat(64), 1001), "1000"), (asked("no hash", 1), "hexadecimal")] {
        let request = browser.request(Method::POST, &format!("{path}/check")).json(&wrong);
        let (status, problem) = answered(request).await;
        assert_eq!((status, problem["code"].as_str()), (422, Some("bad_question")), "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(word), "{problem}");
    }
    // Who goes on with a session knows what it takes, as who opens one.
    let (_, overview) = answered(browser.request(Method::GET, &path)).await;
    let limits = json!({"max_file_bytes": 50 << 20, "max_files": 5000, "parallel": 4});
    assert_eq!(overview["limits"], limits);
}
