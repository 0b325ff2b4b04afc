//! Work in the server's own process, over its services.

use crate::jobs::{Frame, Made, SourceError, Task, WorkSource};
use crate::services::{self, Delivery, Work, WorkerName};
use crate::storage::{self, ByteStream};
use crate::store::{self, Failure, Job};
use async_trait::async_trait;
use futures_util::StreamExt;
use std::time::Duration;
use tokio_util::io::ReaderStream;

/// The services of this process as a source of work.
#[derive(Debug)]
pub struct Direct {
    work: Work,
    worker: WorkerName,
}

impl Direct {
    /// For an embedded worker of this name.
    pub fn new(work: Work, name: String) -> Direct {
        Direct { work, worker: WorkerName { name, id: None } }
    }
}

impl From<services::Error> for SourceError {
    fn from(error: services::Error) -> SourceError {
        use services::Error as Service;
        match error {
            Service::Store(store::Error::LeaseLost | store::Error::NotFound(_)) => SourceError::LeaseLost,
            Service::Storage(storage::Error::Full { .. }) => SourceError::NoRoom { what: error.to_string() },
            Service::BadInput { message, .. } => SourceError::Refused(message),
            Service::Store(store::Error::Unavailable { retry_after, .. })
            | Service::Storage(storage::Error::Unavailable { retry_after, .. })
            | Service::Busy { retry_after } => {
                SourceError::Unavailable { what: error.to_string(), retry_after: Some(retry_after) }
            }
            other => SourceError::Unavailable { what: other.to_string(), retry_after: None },
        }
    }
}

/// A leased job as a task.
pub(crate) fn task(job: Job, heartbeat_every: Duration) -> Task {
    Task {
        id: job.id,
        kind: job.kind,
        token: job.lease.map(|lease| lease.token).unwrap_or_default(),
        epoch: job.epoch,
        attempt: job.attempt,
        chunk_key: job.chunk_key,
        object: job.object_name,
        heartbeat_every,
    }
}

#[async_trait]
impl WorkSource for Direct {
    async fn claim(&self, n: usize, wait: Duration) -> Result<Vec<Task>, SourceError> {
        let jobs = self.work.claim(&self.worker, i64::try_from(n).unwrap_or(1), wait).await?;
        let every = self.work.heartbeat_every();
        Ok(jobs.into_iter().map(|job| task(job, every)).collect())
    }

    async fn frames(&self, it: &Task) -> Result<Vec<Frame>, SourceError> {
        let files = self.work.files(it.id, &it.token).await?;
        let frame = |file: store::RawFile| Frame {
            id: file.id,
            name: file.filename,
            size: u64::try_from(file.size).unwrap_or(0),
            sha256: file.sha256,
        };
        Ok(files.into_iter().map(frame).collect())
    }

    async fn frame(&self, _: &Task, frame: &Frame) -> Result<ByteStream, SourceError> {
        Ok(self.work.raw(None, frame.id, None).await?.1.stream)
    }

    async fn heartbeat(&self, it: &Task, progress: f64) -> Result<bool, SourceError> {
        Ok(self.work.heartbeat(it.id, &it.token, Some(progress)).await?.cancel)
    }

    async fn deliver(&self, it: &Task, made: &Made) -> Result<(), SourceError> {
        let unavailable =
            |error: std::io::Error| SourceError::Unavailable { what: error.to_string(), retry_after: None };
        let file = tokio::fs::File::open(&made.file).await.map_err(unavailable)?;
        let body = ReaderStream::with_capacity(file, 128 << 10).boxed();
        let sha256 = Some(made.sha256);
        Ok(self.work.put_artefact(it.id, &it.token, made.artefact, made.size, sha256, body).await?)
    }

    async fn complete(&self, it: &Task, delivery: &Delivery) -> Result<(), SourceError> {
        self.work.complete(it.id, &it.token, delivery).await?;
        Ok(())
    }

    async fn fail(&self, it: &Task, failure: &Failure) -> Result<(), SourceError> {
        self.work.fail(it.id, &it.token, failure).await?;
        Ok(())
    }

    async fn release(&self, it: &Task) -> Result<(), SourceError> {
        Ok(self.work.release(it.id, &it.token).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::Role;

    #[test]
    fn a_full_storage_is_no_fault_of_the_job() {
        let full = services::Error::from(storage::Error::Full { role: Role::Stacks });
        assert!(matches!(SourceError::from(full), SourceError::NoRoom { .. }));
    }
}
