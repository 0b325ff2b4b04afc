//! Server-sent events.

use crate::support::app::{Browser, TestApp};
use crowdsky_server::store::Claim;
use serde_json::Value;
use std::time::Duration;

/// The events of a stream, as they come.
struct Stream {
    answer: reqwest::Response,
    buffer: String,
}

impl Stream {
    async fn open(browser: &Browser, path: &str, last: Option<&str>) -> Stream {
        let mut request = browser.request(reqwest::Method::GET, path);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Stream { answer, buffer: String::new() }
    }

    /// The next event that is a job: its number and the job. `None` at the end of the stream.
    async fn job(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.buffer.split_once("\n\n") {
                let field =
                    |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                let (id, data) = (field("id: "), field("data: "));
                self.buffer = rest.to_owned();
                if let (Some(id), Some(data)) = (id, data) {
                    return Some((id, serde_json::from_str(&data).unwrap()));
                }
                continue;
            }
            let chunk = tokio::time::timeout(Duration::from_secs(20), self.answer.chunk()).await.unwrap();
            self.buffer += &String::from_utf8_lossy(&chunk.unwrap()?);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_told_as_they_change_to_their_user_alone() {
    let server = TestApp::start().await;
    let ((user, browser), (stranger, other)) = (server.user("owner").await, server.user("other").await);
    let (session, job) = server.queued(&user, "M 42").await;
    let mut stream = Stream::open(&browser, &format!("/api/v1/events?session={session}"), None).await;
    let mut others = Stream::open(&other, "/api/v1/events", None).await;
    let (_, first) = stream.job().await.unwrap();
    assert_eq!((first["id"].as_i64(), first["status"].as_str()), (Some(job.0), Some("pending")));
    let backoff = server.app.settings.jobs.backoff();
    let lease = Duration::from_secs(60);
    let claim = Claim { worker: "w".to_owned(), worker_id: None, n: 1, lease, legacy: false, backoff };
    server.app.store.claim(&claim).await.unwrap();
    let (id, next) = loop {
        let (id, next) = stream.job().await.unwrap();
        if next["status"] != "pending" {
            break (id, next);
        }
    };
    assert_eq!((next["status"].as_str(), next["worker"].as_str()), (Some("processing"), Some("w")));
    // The other user hears of their own job first and last.
    let (_, theirs) = server.queued(&stranger, "M 1").await;
    assert_eq!(others.job().await.unwrap().1["id"].as_i64(), Some(theirs.0));
    // A connection that broke off goes on where it was.
    let mut again = Stream::open(&browser, "/api/v1/events", Some(&id)).await;
    assert_eq!(again.job().await.unwrap().1["status"], "processing");
    // The server ends, and so do the streams.
    server.app.shutdown.cancel();
    while let Some((_, job)) = stream.job().await {
        assert_eq!(job["status"], "processing");
    }
}
