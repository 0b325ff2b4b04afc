//! A source whose answers are written down before, and which writes down what it is told.

use async_trait::async_trait;
use bytes::Bytes;
use crowdsky_server::jobs::{Frame, Made, SourceError, Task, WorkSource};
use crowdsky_server::secret::{hex, sha256};
use crowdsky_server::services::{Delivery, Facts};
use crowdsky_server::storage::ByteStream;
use crowdsky_server::store::{Failure, RawId};
use futures_util::StreamExt;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

type Answer = Result<(), SourceError>;

/// Gives its tasks one by one, then none.
#[derive(Debug, Default)]
pub(super) struct Scripted {
    pub(super) tasks: Mutex<VecDeque<Task>>,
    /// How long a claim takes.
    pub(super) claim_takes: Duration,
    /// Name and content of every frame.
    pub(super) frames: Vec<(String, Vec<u8>)>,
    /// What `deliver` and `complete` answer first; then all is well.
    pub(super) deliver: Mutex<VecDeque<Answer>>,
    pub(super) complete: Mutex<VecDeque<Answer>>,
    pub(super) told: Mutex<Vec<String>>,
    pub(super) facts: Mutex<Option<Facts>>,
}

impl Scripted {
    fn note(&self, what: &str, task: &Task) {
        self.told.lock().unwrap().push(format!("{what} {}", task.id));
    }

    /// All it was told so far.
    pub(super) fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }
}

/// Away for a moment.
pub(super) fn away() -> Answer {
    Err(SourceError::Unavailable {
        what: "it starts anew".to_owned(),
        retry_after: Some(Duration::from_millis(20)),
    })
}

pub(super) fn full() -> Answer {
    Err(SourceError::NoRoom { what: "the storage of stacks is full".to_owned() })
}

#[async_trait]
impl WorkSource for Scripted {
    async fn claim(&self, _: usize, wait: Duration) -> Result<Vec<Task>, SourceError> {
        tokio::time::sleep(self.claim_takes).await;
        let task = self.tasks.lock().unwrap().pop_front();
        if task.is_none() {
            tokio::time::sleep(wait).await;
        }
        self.told.lock().unwrap().push("claim".to_owned());
        Ok(task.into_iter().collect())
    }

    async fn frames(&self, _: &Task) -> Result<Vec<Frame>, SourceError> {
        let frame = |(k, (name, bytes)): (usize, &(String, Vec<u8>))| Frame {
            id: RawId(k as i64),
            name: name.clone(),
            size: bytes.len() as u64,
            sha256: hex(&sha256(bytes)),
        };
        Ok(self.frames.iter().enumerate().map(frame).collect())
    }

    async fn frame(&self, _: &Task, frame: &Frame) -> Result<ByteStream, SourceError> {
        let bytes = Bytes::from(self.frames[frame.id.0 as usize].1.clone());
        Ok(futures_util::stream::once(async { Ok(bytes) }).boxed())
    }

    async fn heartbeat(&self, _: &Task, _: f64) -> Result<bool, SourceError> {
        Ok(false)
    }

    async fn deliver(&self, task: &Task, made: &Made) -> Answer {
        self.note(&format!("deliver {}", made.artefact.as_str()), task);
        self.deliver.lock().unwrap().pop_front().unwrap_or(Ok(()))
    }

    async fn complete(&self, task: &Task, delivery: &Delivery) -> Answer {
        self.note("complete", task);
        *self.facts.lock().unwrap() = Some(delivery.facts.clone());
        self.complete.lock().unwrap().pop_front().unwrap_or(Ok(()))
    }

    async fn fail(&self, task: &Task, failure: &Failure) -> Answer {
        self.note(&format!("fail {}", failure.code), task);
        Ok(())
    }

    async fn release(&self, task: &Task) -> Answer {
        self.note("release", task);
        Ok(())
    }
}
