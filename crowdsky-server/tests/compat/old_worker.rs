//! A worker of the original, call by call, against a server in this process.

use crate::support::app::{Browser, TestApp, body};
use crowdsky_server::storage::BlobKey;
use crowdsky_server::store::{JobId, JobState};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// A worker with a token of its own.
#[derive(Debug)]
pub(super) struct OldWorker {
    browser: Browser,
    pub(super) token: String,
}

/// Status and JSON body; null where there is none.
pub(super) async fn answered(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
    if text.is_empty() {
        return (status, Value::Null);
    }
    (status, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{status}: {error} in {text:?}")))
}

/// A failure of the original.
pub(super) fn error(status: u16, sentence: &str) -> (u16, Value) {
    (status, json!({ "error": sentence }))
}

/// What is said of a job that this worker does not hold.
pub(super) fn not_yours() -> (u16, Value) {
    error(404, "Job not found or not in processing state.")
}

impl OldWorker {
    pub(super) async fn new(server: &TestApp, name: &str) -> OldWorker {
        OldWorker { browser: server.visitor(), token: server.app.accounts.new_worker(name).await.unwrap() }
    }

    pub(super) fn get(&self, path: &str) -> RequestBuilder {
        self.browser.bare(Method::GET, path).bearer_auth(&self.token)
    }

    pub(super) fn post(&self, path: &str, told: &Value) -> RequestBuilder {
        self.browser.bare(Method::POST, path).bearer_auth(&self.token).json(told)
    }

    /// The next job, which must be there.
    pub(super) async fn next(&self) -> Value {
        let (status, job) = answered(self.get("/api/next_job.php?worker_id=worker-01")).await;
        assert_eq!(status, 200, "{job}");
        job
    }

    pub(super) async fn fail(&self, job: JobId) -> (u16, Value) {
        answered(self.post("/api/fail_job.php", &json!({"job_id": job, "error_message": "no darks"}))).await
    }

    pub(super) async fn complete(&self, told: &Value) -> (u16, Value) {
        answered(self.post("/api/complete_job.php", told)).await
    }
}

/// Where the original's worker puts the stack of a job, by its own rule.
pub(super) fn path_of(job: &Value) -> String {
    let object = job["object_name"].as_str().unwrap_or("unknown").replace(['/', ' '], "_");
    let key = job["chunk_key"].as_str().unwrap();
    format!("stacks/user_{}/{object}/stack_{key}_{}.fits", job["user_id"], job["job_id"])
}

/// Puts bytes where a worker would, past the server.
pub(super) async fn put(server: &TestApp, path: &str, bytes: &[u8]) {
    let key = BlobKey::parse(path).unwrap();
    server.app.blobs.stacks.put(&key, bytes.len() as u64, body(bytes.to_vec())).await.unwrap();
}

/// Every frame of the job has its row, which does not wait for its end, and its bytes.
pub(super) async fn frames_are_there(server: &TestApp, job: JobId) {
    let files = server.app.store.job_files(job).await.unwrap();
    let frames = server.app.store.job(job).await.unwrap().unwrap().frame_count;
    assert_eq!(files.len() as i64, frames);
    for file in files {
        let size = server.app.blobs.raws.size(&BlobKey::parse(&file.key).unwrap()).await.unwrap();
        assert_eq!(size, Some(file.size as u64));
    }
}

pub(super) async fn state(server: &TestApp, job: JobId) -> JobState {
    server.app.store.job(job).await.unwrap().unwrap().state
}
