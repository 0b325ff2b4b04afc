//! Figures for Prometheus.

use crate::support::app::{TestApp, frame};
use crowdsky_server::config::Settings;
use reqwest::Method;

/// Value of the line that begins so.
fn figure(text: &str, begin: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(begin));
    let line = line.unwrap_or_else(|| panic!("no {begin} in\n{text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_counted() {
    let server = TestApp::start().await;
    let (user, browser) = server.user("owner").await;
    server.queued(&user, "M 31").await;
    let text = browser.text("/metrics").await;
    for (begin, least) in [
        ("http_requests_total{route=\"/upload\",method=\"GET\",status=\"200\"}", 1.0),
        ("http_request_seconds_count{route=\"/upload\"", 1.0),
        ("crowdsky_jobs{state=\"ready\"}", 1.0),
        ("crowdsky_jobs{state=\"failed\"}", 0.0),
        ("crowdsky_oldest_ready_job_seconds", 0.0),
        ("crowdsky_outbox_pending", 0.0),
        ("crowdsky_free_bytes{storage=\"raws\"}", 1e6),
        ("crowdsky_upload_bytes_total", frame("M 31").len() as f64),
        ("crowdsky_uploads_in_flight", 0.0),
    ] {
        assert!(figure(&text, begin) >= least, "{begin}: {text}");
    }
    let refused = browser.request(Method::from_bytes(b"AAAA1").unwrap(), "/upload").send().await.unwrap();
    assert_eq!(refused.status(), 405);
    let text = browser.text("/metrics").await;
    assert!(text.contains("method=\"other\"") && !text.contains("AAAA1"), "any word is a method");
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_for_this_machine_alone() {
    let server = TestApp::start().await;
    let passed_on =
        server.visitor().request(Method::GET, "/metrics").header("x-forwarded-for", "203.0.113.1");
    assert_eq!(passed_on.send().await.unwrap().status(), 404, "a proxy has passed it on");
    let mut settings = Settings::default();
    settings.http.metrics_listen = Some("127.0.0.1:0".parse().unwrap());
    let server = TestApp::start_with(settings).await;
    assert_eq!(server.visitor().get("/metrics").await.status(), 404, "they have a listener of their own");
}
