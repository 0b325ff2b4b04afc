//! Sessions and jobs: what is shown, and what the buttons do.

use crate::support::app::TestApp;
use crowdsky_server::store::{Claim, Failure, JobState};
use reqwest::{Method, StatusCode};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn sessions_and_their_jobs() {
    let server = TestApp::start().await;
    let (user, browser) = server.user("owner").await;
    assert!(browser.text("/status").await.contains("Nothing has been uploaded yet"));
    let (session, job) = server.queued(&user, "M 42").await;
    let list = browser.text("/status.php").await;
    assert!(list.contains(&format!("/status.php?session={session}")) && list.contains("complete"), "{list}");
    let page = browser.text(&format!("/status?session={session}")).await;
    for fact in ["M 42", "20250115.78_83.6_+22.0", "pending", "0/4", &format!("data-job=\"{job}\"")] {
        assert!(page.contains(fact), "{fact} is not in {page}");
    }
    let json: serde_json::Value =
        browser.get(&format!("/api/v1/jobs?session={session}")).await.json().await.unwrap();
    assert_eq!(json["jobs"][0]["status"], "pending");
    assert_eq!(json["jobs"][0]["frame_count"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_job_tells_why_and_can_be_tried_again() {
    let server = TestApp::start().await;
    let (user, browser) = server.user("owner").await;
    let (session, job) = server.queued(&user, "M 42").await;
    let backoff = server.app.settings.jobs.backoff();
    let lease = Duration::from_secs(60);
    let claim = Claim { worker: "dome-3".to_owned(), worker_id: None, n: 1, lease, legacy: false, backoff };
    let claimed = server.app.store.claim(&claim).await.unwrap().remove(0);
    let page = browser.text(&format!("/status?session={session}")).await;
    assert!(page.contains("dome-3") && page.contains("processing") && page.contains("1/4"), "{page}");
    let why = Failure {
        code: "too_few_aligned".to_owned(),
        message: "Clouds <all> night.".to_owned(),
        retry: false,
    };
    server.app.store.fail(job, &claimed.lease.unwrap().token, &why, &backoff).await.unwrap();
    let page = browser.text(&format!("/status?session={session}")).await;
    assert!(page.contains("Clouds &#60;all&#62; night.") && page.contains("Try again"), "{page}");
    let story: serde_json::Value = browser.get(&format!("/api/v1/jobs/{job}")).await.json().await.unwrap();
    assert_eq!(story["attempts"][0]["error_code"], "too_few_aligned");
    let form = [
        ("action", "retry"),
        ("job_id", &job.to_string()),
        ("session", &session),
        ("csrf_token", &browser.csrf),
    ];
    let answer = browser.bare(Method::POST, "/status.php").form(&form).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()["location"], format!("/status.php?session={session}"));
    let now = server.app.store.job(job).await.unwrap().unwrap();
    assert_eq!((now.state, now.attempt), (JobState::Ready, 0));
    let again = browser.request(Method::POST, &format!("/api/v1/jobs/{job}/retry")).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::CONFLICT);
}

/// A job is deleted while it runs: its worker hears of it, and its objects wait in the outbox, not in a transaction (U-26).
#[tokio::test(flavor = "multi_thread")]
async fn u26_a_job_that_runs_can_be_deleted() {
    let server = TestApp::start().await;
    let (user, browser) = server.user("owner").await;
    let (session, job) = server.queued(&user, "M 42").await;
    let backoff = server.app.settings.jobs.backoff();
    let lease = Duration::from_secs(60);
    let claim = Claim { worker: "w".to_owned(), worker_id: None, n: 1, lease, legacy: false, backoff };
    let token = server.app.store.claim(&claim).await.unwrap().remove(0).lease.unwrap().token;
    let answer = browser.request(Method::DELETE, &format!("/api/v1/jobs/{job}")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let again = browser.request(Method::DELETE, &format!("/api/v1/jobs/{job}")).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NO_CONTENT, "I6");
    let heard = server.app.store.heartbeat(job, &token, lease, None).await;
    assert!(heard.is_err() || heard.unwrap().cancel);
    let page = browser.text(&format!("/status?session={session}")).await;
    assert!(!page.contains("data-job="), "{page}");
}
