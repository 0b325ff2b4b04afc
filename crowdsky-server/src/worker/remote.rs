//! Work over HTTP, for volunteers' machines: one address, one token, no access to the storage (unless the operator wants that).

use super::upload::{PIECE, watched};
use crate::config::redacted;
use crate::http::api::work::{
    ArtefactTold, ClaimWish, ClaimedJob, DeliveryTold, FailureTold, FrameTold, Heard, LEASE, Sign,
};
use crate::jobs::{Frame, Made, SourceError, Task, WorkSource};
use crate::services::Delivery;
use crate::storage::{self, BlobKey, BlobStore, ByteStream};
use crate::store::{Failure, JobId, JobKind, RawId};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{StreamExt, TryStreamExt};
use reqwest::header::RETRY_AFTER;
use reqwest::{Body, Client, Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::io::ReaderStream;

/// A connection must be there within this.
const CONNECT: Duration = Duration::from_secs(15);

/// How long to wait for what.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Nothing for so long ends a request. A claim waits 20 s for a job.
    pub idle: Duration,
    /// An upload is broken off when nothing of it has gone out for so long. The end of it counts too: the last megabytes wait in
    /// the system's buffers, 40 s on a line of 100 kB/s, and then the server writes them to its storage.
    pub upload: Duration,
    /// The server reads back all that was delivered before it says that the job is completed. Heartbeats go on meanwhile and
    /// tell whether it is there at all.
    pub complete: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        let [idle, upload, complete] = [60, 180, 900].map(Duration::from_secs);
        Patience { idle, upload, complete }
    }
}

/// How a worker deals with its server.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// The storage of stacks, if the worker is to store what it makes itself; through the server if none.
    pub direct: Option<Arc<dyn BlobStore>>,
    /// Whether the token may be sent unencrypted to another machine.
    pub allow_http: bool,
    /// How long to wait for what.
    pub patience: Patience,
}

/// A server's `/api/v1` as a source of work.
#[derive(Debug)]
pub struct Remote {
    http: Client,
    /// The same without a limit on silence, which would run from the start of a request, however long its body takes.
    patient: Client,
    url: String,
    token: SecretString,
    name: String,
    terms: Terms,
}

impl Remote {
    /// For the server at `url`.
    ///
    /// # Errors
    /// [`SourceError::Refused`] if the address is none, or one that the token must not be sent to.
    pub fn new(url: &str, token: SecretString, name: String, terms: Terms) -> Result<Remote, SourceError> {
        let refused = |why: String| {
            SourceError::Refused(format!("the address of the server, {}: {why}", redacted(url)))
        };
        let parsed = url::Url::parse(url).map_err(|error| refused(error.to_string()))?;
        match parsed.scheme() {
            "https" => {}
            "http" if terms.allow_http || is_loopback(&parsed) => {}
            "http" => {
                let why = "the token would cross the network for everybody to read: use https://, or say worker.allow_http = true";
                return Err(refused(why.to_owned()));
            }
            _ => return Err(refused("it begins with https:// (or http:// on this machine)".to_owned())),
        }
        crate::tls::install();
        let client = || {
            Client::builder()
                .connect_timeout(CONNECT)
                // A token is for the server it was made for.
                .redirect(reqwest::redirect::Policy::none())
                .user_agent(concat!("crowdsky/", env!("CARGO_PKG_VERSION")))
        };
        let built =
            |builder: reqwest::ClientBuilder| builder.build().map_err(|error| refused(error.to_string()));
        Ok(Remote {
            http: built(client().read_timeout(terms.patience.idle))?,
            patient: built(client())?,
            url: url.trim_end_matches('/').to_owned(),
            token,
            name,
            terms,
        })
    }

    fn request(&self, http: &Client, method: Method, path: &str) -> RequestBuilder {
        http.request(method, format!("{}{path}", self.url)).bearer_auth(self.token.expose_secret())
    }

    fn about(&self, http: &Client, task: &Task, method: Method, what: &str) -> RequestBuilder {
        self.request(http, method, &format!("/api/v1/jobs/{}/{what}", task.id)).header(LEASE, &task.token)
    }

    async fn post<T: DeserializeOwned>(
        &self,
        task: &Task,
        what: &str,
        body: &impl Serialize,
    ) -> Result<T, SourceError> {
        read(answered(self.about(&self.http, task, Method::POST, what).json(body)).await?).await
    }
}

/// Whether what is sent there stays on this machine.
fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn unavailable(error: &reqwest::Error) -> SourceError {
    // Addresses say nothing that a volunteer does not know; causes say what is wrong.
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    SourceError::Unavailable { what: format!("{error}{cause}"), retry_after: None }
}

/// A 2xx answer, or what the other one means.
async fn answered(request: RequestBuilder) -> Result<Response, SourceError> {
    let answer = request.send().await.map_err(|error| unavailable(&error))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let retry_after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let text = answer.text().await.unwrap_or_default();
    let problem: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let said = problem["detail"].as_str().unwrap_or("without a reason");
    let what = format!("the server says {status}: {said}");
    Err(match status {
        StatusCode::CONFLICT => SourceError::LeaseLost,
        StatusCode::NOT_FOUND if problem["code"] == "not_found" => SourceError::LeaseLost,
        StatusCode::INSUFFICIENT_STORAGE => SourceError::NoRoom { what },
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            SourceError::Unavailable { what, retry_after: retry_after.map(Duration::from_secs) }
        }
        _ if status.is_server_error() => {
            SourceError::Unavailable { what, retry_after: retry_after.map(Duration::from_secs) }
        }
        StatusCode::UNAUTHORIZED => SourceError::Refused(format!("{what} Ask the operator for a new token.")),
        _ => SourceError::Refused(what),
    })
}

async fn read<T: DeserializeOwned>(answer: Response) -> Result<T, SourceError> {
    answer.json().await.map_err(|error| unavailable(&error))
}

fn task(job: ClaimedJob) -> Result<Task, SourceError> {
    let unknown = || SourceError::Refused(format!("jobs of kind {:?} are for a newer worker", job.kind));
    Ok(Task {
        id: JobId(job.job_id),
        kind: JobKind::parse(&job.kind).ok_or_else(unknown)?,
        token: job.lease_token,
        epoch: job.epoch,
        attempt: job.attempt,
        chunk_key: job.chunk_key,
        object: job.object_name,
        heartbeat_every: Duration::try_from_secs_f64(job.heartbeat_interval_s)
            .unwrap_or(Duration::from_secs(30)),
    })
}

#[async_trait]
impl WorkSource for Remote {
    async fn claim(&self, n: usize, wait: Duration) -> Result<Vec<Task>, SourceError> {
        let wish = ClaimWish {
            worker: self.name.clone(),
            n: i64::try_from(n).unwrap_or(1).min(crate::services::MAX_CLAIM),
            wait_s: wait.as_secs_f64(),
        };
        let answer =
            answered(self.request(&self.http, Method::POST, "/api/v1/worker/claim").json(&wish)).await?;
        if answer.status() == StatusCode::NO_CONTENT {
            return Ok(Vec::new());
        }
        read::<Vec<ClaimedJob>>(answer).await?.into_iter().map(task).collect()
    }

    async fn frames(&self, it: &Task) -> Result<Vec<Frame>, SourceError> {
        let files: Vec<FrameTold> =
            read(answered(self.about(&self.http, it, Method::GET, "files")).await?).await?;
        let frame = |file: FrameTold| Frame {
            id: RawId(file.id),
            name: file.filename,
            size: file.size,
            sha256: file.sha256,
        };
        Ok(files.into_iter().map(frame).collect())
    }

    async fn frame(&self, _: &Task, frame: &Frame) -> Result<ByteStream, SourceError> {
        let answer =
            answered(self.request(&self.http, Method::GET, &format!("/api/v1/raws/{}", frame.id))).await?;
        Ok(answer.bytes_stream().map_err(std::io::Error::other).boxed())
    }

    async fn heartbeat(&self, it: &Task, progress: f64) -> Result<bool, SourceError> {
        let heard: Heard = self.post(it, "heartbeat", &Sign { progress: Some(progress) }).await?;
        Ok(heard.cancel)
    }

    async fn deliver(&self, it: &Task, made: &Made) -> Result<(), SourceError> {
        if let Some(store) = &self.terms.direct {
            let key = BlobKey::staged(it.id, it.epoch, made.artefact);
            let stored = store.put_file(&key, &made.file).await;
            return stored.map_err(|error| match error {
                storage::Error::Full { .. } => SourceError::NoRoom { what: error.to_string() },
                error => SourceError::Unavailable { what: error.to_string(), retry_after: None },
            });
        }
        let disk =
            |error: std::io::Error| SourceError::Unavailable { what: error.to_string(), retry_after: None };
        let file = tokio::fs::File::open(&made.file).await.map_err(disk)?;
        let limit = self.terms.patience.upload;
        let (body, upload) = watched(ReaderStream::with_capacity(file, PIECE));
        let request = self
            .about(&self.patient, it, Method::PUT, &format!("artifacts/{}", made.artefact.as_str()))
            .header("content-length", made.size)
            .header("content-digest", format!("sha-256=:{}:", STANDARD.encode(made.sha256)))
            .body(Body::wrap_stream(body));
        tokio::select! {
            answer = answered(request) => answer.map(drop),
            () = upload.stalled(limit) => {
                let what = format!("nothing of the {} has gone out for {} s", made.artefact.as_str(), limit.as_secs());
                Err(SourceError::Unavailable { what, retry_after: None })
            }
        }
    }

    async fn complete(&self, it: &Task, delivery: &Delivery) -> Result<(), SourceError> {
        let facts = &delivery.facts;
        let artefact = |made: &crate::services::Delivered| ArtefactTold {
            name: made.artefact.as_str().to_owned(),
            size: made.size,
            sha256: made.sha256.clone().unwrap_or_default(),
        };
        let told = DeliveryTold {
            artifacts: delivery.artefacts.iter().map(artefact).collect(),
            n_frames_input: facts.n_frames_input,
            n_frames_aligned: facts.n_frames_aligned,
            total_exptime: facts.total_exptime,
            date_obs_start: facts.date_obs_start.map(crate::store::Micros::to_iso),
            date_obs_end: facts.date_obs_end.map(crate::store::Micros::to_iso),
            ra_deg: facts.ra_deg,
            dec_deg: facts.dec_deg,
            n_stars_detected: facts.n_stars,
            fwhm_px: facts.fwhm_px,
            eq_mode: facts.eq_mode,
        };
        let request = self
            .about(&self.patient, it, Method::POST, "complete")
            .json(&told)
            .timeout(self.terms.patience.complete);
        answered(request).await.map(drop)
    }

    async fn fail(&self, it: &Task, failure: &Failure) -> Result<(), SourceError> {
        let told = FailureTold {
            code: failure.code.clone(),
            message: failure.message.clone(),
            retry: failure.retry,
        };
        let _: serde_json::Value = self.post(it, "fail", &told).await?;
        Ok(())
    }

    async fn release(&self, it: &Task) -> Result<(), SourceError> {
        answered(self.about(&self.http, it, Method::POST, "release")).await.map(drop)
    }
}
