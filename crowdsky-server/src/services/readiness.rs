//! Whether the server can serve: the database has its schema, the storages can be written to and have room.

use crate::config::Settings;
use crate::storage::{self, BlobStore, Blobs};
use crate::store::Store;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long an answer is good: whoever asks, and however often, the database and the storages are asked four times a minute.
const GOOD_FOR: Duration = Duration::from_secs(15);

/// How one part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// As it should be.
    Good,
    /// It does not answer, or not as it should; the log has the cause, which is nobody else's business.
    Unavailable,
    /// It takes no more.
    Full,
}

/// How all parts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// The database.
    pub database: Part,
    /// The storage of raw frames.
    pub raws: Part,
    /// The storage of stacks.
    pub stacks: Part,
}

impl Parts {
    /// Whether all is as it should be.
    pub fn are_good(&self) -> bool {
        [self.database, self.raws, self.stacks].iter().all(|part| *part == Part::Good)
    }
}

/// Whether the server can serve.
#[derive(Debug, Clone)]
pub struct Readiness {
    store: Arc<dyn Store>,
    blobs: Blobs,
    settings: Arc<Settings>,
    last: Arc<Mutex<Option<(Instant, Parts)>>>,
}

impl Readiness {
    /// The service over these rows and bytes.
    pub fn new(store: Arc<dyn Store>, blobs: Blobs, settings: Arc<Settings>) -> Readiness {
        Readiness { store, blobs, settings, last: Arc::default() }
    }

    /// How all parts are, or were at most 15 s ago.
    pub async fn parts(&self) -> Parts {
        let mut last = self.last.lock().await;
        if let Some((when, parts)) = *last
            && when.elapsed() < GOOD_FOR
        {
            return parts;
        }
        let database = match self.store.ready().await {
            Ok(()) => Part::Good,
            Err(error) => {
                tracing::warn!(%error, "the database is not ready");
                Part::Unavailable
            }
        };
        let places = &self.settings.storage;
        let (raws, stacks) = tokio::join!(
            storage_part(&*self.blobs.raws, places.raws.reserve_bytes),
            storage_part(&*self.blobs.stacks, 0)
        );
        let parts = Parts { database, raws, stacks };
        *last = Some((Instant::now(), parts));
        parts
    }
}

async fn storage_part(blobs: &dyn BlobStore, reserve: u64) -> Part {
    let told = async {
        blobs.probe().await?;
        blobs.free().await
    };
    match told.await {
        Ok(Some(free)) if free <= reserve => Part::Full,
        Ok(_) => Part::Good,
        Err(storage::Error::Full { .. }) => Part::Full,
        Err(error) => {
            tracing::warn!(role = %blobs.role(), %error, "a storage is not ready");
            Part::Unavailable
        }
    }
}
